--
-- account_health.sql
--		Factors of accounts against plain SQL on random events, tickets, answers,
--		facts and seats, and what must not matter.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed account_health
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(18);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';
-- a Tuesday: the last complete week ended on Monday, June 10
\set as_of '2024-06-11 15:30Z'

CREATE FUNCTION pg_temp.some_time(days integer) RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN timestamptz '2024-06-21Z' - floor(random() * days * 86400) * interval '1 second';
CREATE TEMP TABLE customers AS SELECT g AS customer, pg_temp.some_time(300) AS created_at, (ARRAY['SMB', 'Enterprise'])[1 + g % 2] AS segment, g % 17 = 0 AS internal FROM generate_series(1, 60) g;
CREATE TEMP TABLE users AS SELECT g AS "user", CASE WHEN g % 20 > 0 THEN 1 + g % 58 END AS customer, pg_temp.some_time(300) AS signed_up_at, g % 23 = 0 AS internal FROM generate_series(1, 150) g;
CREATE TEMP TABLE features AS SELECT 'f' || g AS feature, CASE WHEN g > 2 THEN pg_temp.some_time(100) END AS released_at FROM generate_series(1, 8) g;
CREATE TEMP TABLE events AS
SELECT CASE WHEN random() < 0.9 THEN 1 + floor(random() * 160)::integer END AS "user", CASE WHEN random() < 0.3 THEN 1 + floor(random() * 50)::integer END AS customer, pg_temp.some_time(120) AS at,
	(ARRAY['login', 'opened', 'saved'])[1 + floor(random() * 3)::integer] AS name, CASE WHEN random() < 0.7 THEN 'f' || floor(random() * 10) END AS feature
FROM generate_series(1, 6000);
CREATE TEMP TABLE tickets AS
SELECT g AS ticket, t.customer, t.opened_at, r.resolved_at, CASE WHEN random() < 0.3 THEN r.resolved_at + random() * interval '20 days' END AS reopened_at, 'low' AS priority, CASE WHEN random() < 0.5 THEN 1 + floor(random() * 5) END AS csat
FROM generate_series(1, 400) g, LATERAL (SELECT g AS n, 1 + floor(random() * 50)::integer AS customer, pg_temp.some_time(150) AS opened_at) t, LATERAL (SELECT CASE WHEN t.n % 4 > 0 THEN t.opened_at + random() * interval '6 days' END AS resolved_at) r;
CREATE TEMP TABLE surveys AS
SELECT t.customer, g AS "user", k.kind, CASE WHEN random() < 0.8 THEN CASE k.kind WHEN 'nps' THEN floor(random() * 11) ELSE 1 + floor(random() * 5) END END AS score, t.sent_at, CASE WHEN random() < 0.7 THEN t.sent_at + random() * interval '10 days' END AS answered_at
FROM generate_series(1, 400) g, LATERAL (SELECT g AS n, 1 + floor(random() * 55)::integer AS customer, pg_temp.some_time(400) AS sent_at) t, LATERAL (SELECT (ARRAY['nps', 'csat', 'nps', 'ces'])[1 + t.n % 4] AS kind) k;
CREATE TEMP TABLE account_facts AS
SELECT t.customer, t.fact, CASE WHEN t.fact IN ('criterion_met', 'referenceable') THEN (ARRAY['true', 'false', 'Yes', '0'])[1 + floor(random() * 4)::integer] WHEN t.fact = 'documented_roi' THEN round(random()::numeric * 3 - 0.5, 2)::text
		WHEN t.fact = 'contact_level' THEN (ARRAY['executive', 'manager', 'user', 'legal'])[1 + floor(random() * 4)::integer] WHEN t.fact = 'sponsor_status' THEN (ARRAY['none', 'weak', 'neutral', 'strong', 'Champion'])[1 + floor(random() * 5)::integer]
		WHEN t.fact = 'sentiment' THEN (ARRAY['negative', 'neutral', 'positive'])[1 + floor(random() * 3)::integer] ELSE 'x' END AS value,
	CASE WHEN random() < 0.8 THEN t.valid_from - (random() - 0.2) * interval '30 days' END AS agreed_at, t.valid_from, CASE WHEN random() < 0.4 THEN t.valid_from + random() * interval '300 days' END AS valid_to
FROM generate_series(1, 900) g, LATERAL (SELECT g AS n, 1 + floor(random() * 55)::integer AS customer, pg_temp.some_time(500) AS valid_from,
	(ARRAY['criterion_met', 'criterion_met', 'documented_roi', 'contact_level', 'contact_level', 'sponsor_status', 'sentiment', 'referenceable', 'review', 'qbr_held'])[1 + g % 10] AS fact) t;
CREATE TEMP TABLE subscriptions AS
SELECT t.customer, g AS item, 'p' AS plan, t.valid_from, CASE WHEN random() < 0.5 THEN t.valid_from + random() * interval '300 days' END AS valid_to, 1 AS amount, 'month' AS interval_unit, 1 AS interval_count, 'EUR' AS currency, 'active' AS status,
	CASE WHEN random() < 0.9 THEN floor(random() * 20) END AS seats
FROM generate_series(1, 200) g, LATERAL (SELECT g AS n, 1 + floor(random() * 55)::integer AS customer, pg_temp.some_time(400) AS valid_from) t;
CREATE TEMP TABLE usage AS SELECT c AS customer, m AS meter, (date '2023-10-01' + make_interval(months => p))::date AS period, floor(random() * 100) AS volume
FROM generate_series(1, 50) c, unnest('{calls,storage}'::text[]) m, generate_series(0, 8) p WHERE random() < 0.8;

-- Use: a second way to the same numbers
CREATE TEMP VIEW use AS
	SELECT coalesce(e.customer, u.customer)::text AS customer, e."user", e.at, e.at::date AS day, date_trunc('week', e.at)::date AS week, e.name, e.feature
	FROM events e LEFT JOIN users u ON u."user" = e."user" AND u.signed_up_at < :'as_of'
	WHERE e.at < :'as_of' AND u.internal IS NOT TRUE AND coalesce(e.customer, u.customer) IS NOT NULL;
CREATE TEMP TABLE known AS
	SELECT c.customer::text, least(c.created_at, (SELECT min(at) FROM use WHERE use.customer = c.customer::text), (SELECT min(signed_up_at) FROM users u WHERE u.customer = c.customer AND NOT u.internal AND signed_up_at < :'as_of')) AS since
	FROM customers c WHERE NOT internal AND created_at < :'as_of';
CREATE TEMP TABLE expected_weeks AS
	SELECT k.customer, w.week, CASE WHEN is_known THEN (SELECT count(*) FROM use u WHERE u.customer = k.customer AND u.week = w.week) END AS uses,
		CASE WHEN is_known THEN (SELECT count(DISTINCT u.day) FROM use u WHERE u.customer = k.customer AND u.week = w.week AND u.name = 'login') END AS active_days,
		CASE WHEN is_known THEN (SELECT count(DISTINCT u."user") FROM use u WHERE u.customer = k.customer AND u.week = w.week) END AS active_users
	FROM known k, (SELECT date '2024-06-10' - 7 * g AS week FROM generate_series(1, 8) g) w,
		LATERAL (SELECT w.week >= k.since::date AND (EXISTS (SELECT FROM use u WHERE u.customer = k.customer) OR EXISTS (SELECT FROM users u WHERE u.customer::text = k.customer AND NOT u.internal AND u.signed_up_at < :'as_of')) AS is_known) i;
CREATE TEMP TABLE weeks AS SELECT * FROM nudge.usage_weeks('events', :'as_of', 'customers', 'users', weeks => 8, login_events => '{login}');
SELECT set_eq('SELECT customer, week, uses, active_days, active_users FROM weeks', 'SELECT customer, week, uses, active_days, active_users FROM expected_weeks', 'uses, days and users by week');
SELECT set_eq(format($$ SELECT customer, feature, uses FROM nudge.usage_features('events', 'features', %L, 'users', weeks => 8) $$, :'as_of'),
	format($$ SELECT customer, feature, count(*) FROM use WHERE week BETWEEN '2024-04-15' AND '2024-06-03' AND feature IN (SELECT feature FROM features WHERE coalesce(released_at < %L, true)) GROUP BY 1, 2 $$, :'as_of'), 'features used');
CREATE TEMP TABLE usage_factors AS SELECT * FROM nudge.usage_factor('events', :'as_of', 'customers', 'users', 'features', weeks => 8, login_events => '{login}', weights => '{0.25,0.25,0.25,0.25}');
SELECT is_empty(format($$
	SELECT f.customer FROM usage_factors f JOIN (
		SELECT customer, count(uses) AS known, sum(uses) AS uses, avg(active_days) AS days, 1 - stddev_pop(active_days) / nullif(avg(active_days), 0) AS even, regr_slope(ln(1 + uses), week - date '2024-06-03') * 7 AS slope,
			avg(active_users) FILTER (WHERE week >= '2024-05-13') AS active
		FROM expected_weeks GROUP BY customer) e USING (customer),
	LATERAL (SELECT count(DISTINCT feature) FILTER (WHERE feature IN (SELECT feature FROM features WHERE coalesce(released_at < %1$L, true))) AS used FROM use u WHERE u.customer = e.customer AND week BETWEEN '2024-04-15' AND '2024-06-03') u,
	LATERAL (SELECT count(*) AS available FROM features WHERE coalesce(released_at < %1$L, true)) a, LATERAL (SELECT nullif(count(*), 0) AS people FROM users p WHERE p.customer::text = e.customer AND NOT p.internal AND p.signed_up_at < %1$L) p
	WHERE f.known_weeks <> e.known OR f.uses IS DISTINCT FROM e.uses OR abs(f.login_factor - least(100, 20 * e.days)) > 1e-6 OR f.features_used IS DISTINCT FROM CASE WHEN e.known > 0 THEN u.used END
		OR abs(f.breadth_factor - 100.0 * u.used / a.available) > 1e-6 OR abs(f.engagement_consistency - greatest(0, e.even)) > 1e-6
		OR abs(f.trend_factor - greatest(0, least(100, 50 + 50 * e.slope / ln(1.05::double precision)))) > 1e-4 OR (f.trend_factor IS NULL) <> (e.uses IS NULL OR e.uses = 0 OR e.known < 2)
		OR abs(f.active_user_share - least(1, e.active / p.people)) > 1e-9 OR (f.active_user_share IS NULL) <> (e.active IS NULL OR p.people IS NULL) OR f.consistency_factor IS DISTINCT FROM CASE WHEN e.uses = 0 THEN 0 ELSE round(greatest(0, e.even) * 100, 6)::double precision END AND abs(f.consistency_factor - greatest(0, e.even) * 100) > 1e-6
$$, :'as_of'), 'measures of use');
SELECT is_empty($$ SELECT customer FROM usage_factors WHERE factor IS DISTINCT FROM nudge.health_score(ARRAY[login_factor, breadth_factor, trend_factor, consistency_factor], '{0.25,0.25,0.25,0.25}')
	OR (factor IS NULL) <> (known_weeks = 0) OR engagement_factor IS DISTINCT FROM nudge.health_score(ARRAY[consistency_factor, 100 * active_user_share], '{0.5,0.5}') $$, 'the factor of use is the weighted mean of what it shows');

-- Support
SELECT is_empty(format($$
	SELECT f.* FROM nudge.support_factor('tickets', %1$L, 'customers') f LEFT JOIN (
		SELECT customer::text, count(*) AS n, count(*) FILTER (WHERE is_resolved) AS resolved, avg(extract(epoch FROM resolved_at - opened_at) / 60) FILTER (WHERE is_resolved) AS minutes, avg(csat) FILTER (WHERE resolved_at IS NULL OR resolved_at < %1$L) AS csat
		FROM tickets, LATERAL (SELECT resolved_at < %1$L AND (reopened_at IS NULL OR reopened_at >= %1$L) AS is_resolved) r
		WHERE opened_at >= timestamptz %1$L - interval '2160 hours' AND opened_at < %1$L GROUP BY 1) e USING (customer)
	WHERE f.opened_tickets <> coalesce(e.n, 0) OR f.resolved_tickets <> e.resolved OR abs(f.resolution_minutes - e.minutes) > 1e-6 OR abs(f.csat::double precision - e.csat) > 1e-9 OR (f.factor IS NULL) <> (e.n IS NULL)
		OR abs(f.factor - (SELECT sum(w * v) / sum(w) FILTER (WHERE v IS NOT NULL) FROM (VALUES (0.3, 100 * greatest(0, 1 - e.n / 30.0)), (0.4, CASE WHEN e.resolved = 0 THEN 0 ELSE (100.0 * e.resolved / e.n + 100 * greatest(0, least(1, (4320 - e.minutes) / 4080))) / 2 END),
			(0.3, (25 * (e.csat - 1))::numeric)) x(w, v))) > 1e-6
$$, :'as_of'), 'measures of support');
SELECT is((SELECT sum(opened_tickets) FROM nudge.support_factor('tickets', :'as_of')), (SELECT count(*) FROM nudge.support_tickets('tickets', :'as_of'))::numeric, 'tickets by customer add up to all');

-- Facts
CREATE TEMP VIEW fact AS SELECT customer::text, fact, lower(value) AS value, agreed_at, valid_from FROM account_facts WHERE valid_from < :'as_of' AND (valid_to IS NULL OR valid_to >= :'as_of');
SELECT is_empty(format($$
	SELECT f.* FROM nudge.outcome_factor('account_facts', %L, 'customers') f LEFT JOIN (
		SELECT customer, count(*) FILTER (WHERE fact = 'criterion_met' AND agreed_at <= valid_from) AS n, count(*) FILTER (WHERE fact = 'criterion_met' AND agreed_at <= valid_from AND value IN ('true', 'yes')) AS met,
			count(*) FILTER (WHERE fact = 'criterion_met') AS all_criteria, (SELECT r.value::numeric FROM fact r WHERE r.customer = q.customer AND r.fact = 'documented_roi' ORDER BY r.valid_from DESC LIMIT 1) AS roi FROM (SELECT * FROM fact WHERE fact IN ('criterion_met', 'documented_roi') OFFSET 0) q GROUP BY 1) e USING (customer)
	WHERE f.criteria IS DISTINCT FROM e.n OR f.criteria_met IS DISTINCT FROM e.met OR f.criteria_not_agreed IS DISTINCT FROM e.all_criteria - e.n OR f.documented_roi IS DISTINCT FROM e.roi
		OR abs(f.factor - CASE WHEN e.roi IS NULL THEN 100.0 * e.met / nullif(e.n, 0) WHEN e.n = 0 THEN greatest(0, least(100, 100 * e.roi)) ELSE 70.0 * e.met / e.n + 0.3 * greatest(0, least(100, 100 * e.roi)) END) > 1e-6 OR (f.factor IS NULL) <> (coalesce(e.n, 0) = 0 AND e.roi IS NULL)
$$, :'as_of'), 'measures of outcome');
SELECT is_empty(format($$
	SELECT f.* FROM nudge.relationship_factor('account_facts', %L, 'customers') f LEFT JOIN (
		SELECT customer, count(DISTINCT value) FILTER (WHERE fact = 'contact_level') AS levels, avg(CASE value WHEN 'none' THEN 0 WHEN 'weak' THEN 25 WHEN 'neutral' THEN 50 WHEN 'strong' THEN 75 ELSE 100 END) FILTER (WHERE fact = 'sponsor_status') AS strength,
			avg(CASE value WHEN 'negative' THEN 0 WHEN 'neutral' THEN 50 ELSE 100 END) FILTER (WHERE fact = 'sentiment') AS sentiment FROM fact GROUP BY 1) e USING (customer),
		LATERAL (SELECT 100 * least(1, nullif(e.levels, 0) / 3.0) AS breadth) b
	WHERE abs(f.breadth_factor - CASE WHEN e.levels > 0 THEN b.breadth END) > 1e-6 OR abs(f.strength_factor - e.strength) > 1e-9 OR abs(f.sentiment_factor - e.sentiment) > 1e-9
		OR (f.breadth_factor IS NULL) <> (coalesce(e.levels, 0) = 0) OR (f.strength_factor IS NULL) <> (e.strength IS NULL) OR (f.sentiment_factor IS NULL) <> (e.sentiment IS NULL)
		OR f.factor IS DISTINCT FROM nudge.health_score(ARRAY[f.breadth_factor, f.strength_factor, f.sentiment_factor], '{0.4,0.3,0.3}')
$$, :'as_of'), 'measures of the relationship');
CREATE TEMP VIEW answer AS SELECT *, coalesce(answered_at, sent_at) AS at FROM surveys WHERE score IS NOT NULL AND kind <> 'ces' AND coalesce(answered_at, sent_at) < :'as_of';
SELECT is_empty(format($$
	SELECT f.* FROM nudge.satisfaction_factor('surveys', %1$L, 'customers') f LEFT JOIN (
		SELECT customer::text, count(*) FILTER (WHERE kind = 'nps') AS n, avg(CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END) FILTER (WHERE kind = 'nps') AS nps, avg(score) FILTER (WHERE kind = 'csat') AS csat
		FROM answer WHERE at >= timestamptz %1$L - interval '4320 hours' GROUP BY 1) e USING (customer)
	WHERE f.nps_answers <> e.n OR (f.nps IS NULL) <> (e.nps IS NULL) OR abs(f.nps - e.nps) > 1e-9 OR abs(f.nps_factor - (e.nps + 100) / 2) > 1e-6 OR abs(f.csat_factor - (e.csat - 1) * 25) > 1e-6 OR (f.csat_factor IS NULL) <> (e.csat IS NULL)
		OR f.factor IS DISTINCT FROM nudge.health_score(ARRAY[f.nps_factor, f.csat_factor], '{0.5,0.5}')
$$, :'as_of'), 'measures of satisfaction');
SELECT is_empty(format($$
	SELECT f.* FROM nudge.advocacy_factor('account_facts', %1$L, 'customers', 'surveys') f
	LEFT JOIN (SELECT customer::text, avg((score >= 9)::integer) AS share FROM answer WHERE kind = 'nps' AND at >= timestamptz %1$L - interval '8760 hours' GROUP BY 1) s USING (customer)
	LEFT JOIN (SELECT DISTINCT ON (customer) customer, value IN ('true', 'yes') AS referenceable FROM fact WHERE fact = 'referenceable' ORDER BY customer, valid_from DESC, value COLLATE "C") r USING (customer)
	LEFT JOIN (SELECT customer::text, count(*) AS acts FROM account_facts WHERE fact = 'review' AND valid_from < %1$L AND valid_from >= timestamptz %1$L - interval '8760 hours' GROUP BY 1) a USING (customer)
	WHERE f.referenceable IS DISTINCT FROM r.referenceable OR coalesce(f.acts, 0) <> coalesce(a.acts, 0) OR abs(f.promoter_share - s.share) > 1e-9 OR (f.promoter_share IS NULL) <> (s.share IS NULL)
		OR f.act_factor IS DISTINCT FROM CASE WHEN a.acts > 0 THEN least(100, 50 * a.acts) WHEN r.referenceable IS NOT NULL THEN 0 END
		OR f.factor IS DISTINCT FROM nudge.health_score(ARRAY[100 * f.referenceable::integer, f.act_factor, 100 * f.promoter_share], '{0.4,0.3,0.3}')
$$, :'as_of'), 'measures of advocacy');

-- Growth: three months before is March 11, the last complete month May
SELECT is_empty(format($$
	SELECT f.* FROM nudge.growth_factor('subscriptions', %1$L, 'customers', 'usage') f LEFT JOIN (
		SELECT customer::text, sum(seats) FILTER (WHERE valid_from < '2024-03-11 15:30Z' AND coalesce(valid_to, 'infinity') >= '2024-03-11 15:30Z') AS before,
			coalesce(sum(seats) FILTER (WHERE valid_from < %1$L AND coalesce(valid_to, 'infinity') >= %1$L), 0) AS now FROM subscriptions GROUP BY 1) s USING (customer)
	LEFT JOIN (SELECT customer, avg((now - before) / nullif(before, 0)) AS growth FROM (
			SELECT customer::text, sum(volume) FILTER (WHERE period BETWEEN '2023-12-01' AND '2024-02-29') AS before, sum(volume) FILTER (WHERE period BETWEEN '2024-03-01' AND '2024-05-31') AS now FROM usage GROUP BY customer, meter HAVING min(period) <= '2023-12-01') m GROUP BY 1) u USING (customer)
	WHERE f.seats_before::double precision IS DISTINCT FROM s.before OR s.before IS NOT NULL AND f.seats <> s.now OR abs(f.seat_growth_rate::double precision - (s.now - s.before) / nullif(s.before, 0)) > 1e-9 OR abs(f.usage_growth_rate::double precision - u.growth) > 1e-9
		OR (f.usage_growth_rate IS NULL) <> (u.growth IS NULL) OR abs(f.seat_factor - greatest(0, least(100, 50 + 200 * f.seat_growth_rate))) > 1e-6 OR abs(f.usage_factor - greatest(0, least(100, 50 + 200 * f.usage_growth_rate))) > 1e-6
		OR f.factor IS DISTINCT FROM nudge.health_score(ARRAY[f.seat_factor, f.usage_factor], '{0.5,0.5}')
$$, :'as_of'), 'measures of growth');

-- From data to band
CREATE TEMP TABLE health AS SELECT * FROM nudge.account_health('customers', :'as_of', 'events', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage', 'customer_health');
SELECT set_eq('SELECT customer FROM health', 'SELECT customer FROM known', 'a row per customer');
SELECT is_empty($$ SELECT h.customer FROM health h, LATERAL (SELECT jsonb_build_object('usage', usage_factor, 'engagement', engagement_factor, 'satisfaction', satisfaction_factor, 'growth', growth_factor, 'advocacy', advocacy_factor) AS f) j
	WHERE score IS DISTINCT FROM nudge.health_score(f, 'customer_health') OR coverage <> nudge.health_coverage(f, 'customer_health') OR band IS DISTINCT FROM CASE WHEN coverage >= 0.5 OR score < 80 THEN CASE WHEN score < 60 THEN 'red' WHEN score < 80 THEN 'yellow' WHEN score IS NOT NULL THEN 'green' END END
		OR weakest_factor IS DISTINCT FROM (SELECT factor FROM nudge.health_factors(f, 'customer_health') WHERE points_lost > 0 ORDER BY points_lost DESC, position LIMIT 1) $$, 'scores are those of the factors');
SELECT is_empty(format($$
	SELECT h.customer FROM health h LEFT JOIN nudge.usage_factor('events', %1$L, 'customers', 'users', 'features') u USING (customer) LEFT JOIN nudge.support_factor('tickets', %1$L, 'customers') s USING (customer)
		LEFT JOIN nudge.outcome_factor('account_facts', %1$L) o USING (customer) LEFT JOIN nudge.relationship_factor('account_facts', %1$L) r USING (customer) LEFT JOIN nudge.satisfaction_factor('surveys', %1$L) q USING (customer)
		LEFT JOIN nudge.growth_factor('subscriptions', %1$L, NULL, 'usage') g USING (customer) LEFT JOIN nudge.advocacy_factor('account_facts', %1$L, NULL, 'surveys') a USING (customer)
	WHERE (h.usage_factor, h.engagement_factor, h.outcome_factor, h.relationship_factor, h.support_factor, h.satisfaction_factor, h.growth_factor, h.advocacy_factor)
		IS DISTINCT FROM (u.factor, u.engagement_factor, o.factor, r.factor, s.factor, q.factor, g.factor, a.factor) $$, :'as_of'), 'factors are those of the functions that build them, with customers or without');

-- What must not matter: rows of the future, the order of rows, the session's time zone
DELETE FROM events WHERE at >= :'as_of';
DELETE FROM users WHERE signed_up_at >= :'as_of';
DELETE FROM features WHERE released_at >= :'as_of';
DELETE FROM tickets WHERE opened_at >= :'as_of';
UPDATE tickets SET csat = CASE WHEN resolved_at >= :'as_of' THEN NULL ELSE csat END, resolved_at = CASE WHEN resolved_at < :'as_of' THEN resolved_at END, reopened_at = CASE WHEN reopened_at < :'as_of' THEN reopened_at END;
DELETE FROM surveys WHERE coalesce(answered_at, sent_at) >= :'as_of';
DELETE FROM account_facts WHERE valid_from >= :'as_of';
UPDATE account_facts SET valid_to = NULL WHERE valid_to >= :'as_of';
DELETE FROM subscriptions WHERE valid_from >= :'as_of';
UPDATE subscriptions SET valid_to = NULL WHERE valid_to >= :'as_of';
DELETE FROM customers WHERE created_at >= :'as_of';
CREATE TEMP VIEW again AS SELECT * FROM nudge.account_health('customers', :'as_of', 'events', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage', 'customer_health');
SELECT set_eq('SELECT * FROM again', 'SELECT * FROM health', 'as_of is as if later rows were not there');
CREATE TEMP TABLE shuffled AS SELECT * FROM events ORDER BY random();
DROP VIEW again;
CREATE TEMP VIEW again AS SELECT * FROM nudge.account_health('customers', :'as_of', 'shuffled', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage', 'customer_health');
SELECT set_eq('SELECT * FROM again', 'SELECT * FROM health', 'in any order');
SET timezone = 'Pacific/Auckland';
SELECT set_eq('SELECT * FROM again', 'SELECT * FROM health', 'nothing depends on the time zone of the session');
SELECT cmp_ok((SELECT count(*) FROM health WHERE coverage = 1), '>', 10::bigint, 'many customers are known in full');

SELECT * FROM finish();
ROLLBACK;
