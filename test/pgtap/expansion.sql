--
-- expansion.sql
--		Expansion against plain SQL on random usage, seats and events.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed expansion
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(9);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

CREATE TEMP TABLE usage AS SELECT 'c' || (g % 40) AS customer, (ARRAY['calls', 'mails'])[1 + floor(random() * 2)::integer] AS meter, (date '2024-01-01' + make_interval(months => floor(random() * 8)::integer))::date AS period,
	floor(random() * 120)::numeric AS volume, (ARRAY[100, 50, NULL, 0])[1 + floor(random() * 4)::integer]::numeric AS plan_limit FROM generate_series(1, 400) g;
CREATE TEMP TABLE subscriptions AS SELECT 'c' || (g % 40) AS customer, 'i' || g AS item, (ARRAY['basic', 'pro', 'odd'])[1 + floor(random() * 3)::integer] AS plan, timestamptz '2023-10-01Z' + floor(random() * 300) * interval '1 day' AS valid_from, NULL::timestamptz AS valid_to,
	1 AS amount, 'month' AS interval_unit, 1 AS interval_count, 'EUR' AS currency, 'active' AS status, CASE WHEN random() < 0.7 THEN floor(random() * 9) END::numeric AS seats FROM generate_series(1, 90) g;
UPDATE subscriptions SET valid_to = valid_from + floor(random() * 200) * interval '1 day' WHERE random() < 0.5;
CREATE TEMP TABLE users AS SELECT 'u' || g AS "user", 'c' || (g % 45) AS customer, timestamptz '2023-12-01Z' + floor(random() * 250) * interval '1 day' AS signed_up_at, random() < 0.1 AS internal FROM generate_series(1, 200) g;
CREATE TEMP TABLE features AS SELECT * FROM (VALUES ('export', 'basic'), ('sso', 'pro'), ('audit', 'top'), ('search', NULL)) v(feature, tier);
CREATE TEMP TABLE plans AS SELECT * FROM (VALUES ('basic', 'basic'), ('pro', 'pro'), ('odd', NULL)) v(plan, tier);
CREATE TEMP TABLE events AS SELECT 'c' || (g % 45) AS customer, timestamptz '2024-01-01Z' + floor(random() * 220 * 24) * interval '1 hour' AS at, 'use' AS name, (ARRAY['export', 'sso', 'audit', 'search', 'other', NULL])[1 + floor(random() * 6)::integer] AS feature FROM generate_series(1, 600) g;
CREATE TEMP TABLE scores AS SELECT 'c' || (g % 30) AS entity, timestamptz '2024-01-01Z' + floor(random() * 220) * interval '1 day' AS at, floor(random() * 101)::numeric AS score FROM generate_series(1, 120) g;
CREATE TEMP TABLE facts AS SELECT 'c' || (g % 45) AS customer, (ARRAY['sponsor_status', 'unmet_need'])[1 + g % 2] AS fact, CASE g % 2 WHEN 0 THEN (ARRAY['none', 'weak', 'neutral', 'strong', 'champion'])[1 + floor(random() * 5)::integer] ELSE (random() < 0.5)::text END AS value,
	timestamptz '2024-01-01Z' + floor(random() * 220) * interval '1 day' AS valid_from FROM generate_series(1, 120) g;
CREATE TEMP TABLE company AS SELECT nudge.mrr_agg('c' || c, date '2024-01-01', NULL::date, 100) AS state FROM generate_series(0, 37) c;

SELECT set_eq($$ SELECT period, customer, usage_meter, volume, plan_limit, round(usage_ratio, 12) FROM nudge.usage_ratio('usage', '2024-01-01', '2024-09-01', as_of => '2024-06-15Z') $$, $$
	SELECT period, customer, meter, sum(volume) AS volume, CASE WHEN bool_and(plan_limit IS NOT NULL) THEN sum(plan_limit) END AS plan_limit, round(CASE WHEN bool_and(plan_limit IS NOT NULL) THEN sum(volume) / nullif(sum(plan_limit), 0) END, 12)
	FROM usage WHERE period < '2024-06-15' GROUP BY 1, 2, 3 $$, 'usage ratios');
SELECT set_eq($$ SELECT customer, source, seats, seats_before FROM nudge.seat_growth('subscriptions', 'users', '2024-06-15', 60) $$, $$
	WITH n AS (SELECT c.customer, d.day, (SELECT sum(s.seats) FROM subscriptions s WHERE s.customer = c.customer AND s.valid_from < d.day + 1 AND (s.valid_to IS NULL OR s.valid_to >= d.day + 1)) AS seats,
			(SELECT nullif(count(*), 0)::numeric FROM users u WHERE u.customer = c.customer AND NOT u.internal AND u.signed_up_at < d.day + 1) AS users
		FROM (SELECT customer FROM users UNION SELECT customer FROM subscriptions) c, (VALUES (date '2024-06-15'), ('2024-04-16')) d(day))
	SELECT a.customer, CASE WHEN a.seats IS NOT NULL THEN 'seats' ELSE 'users' END, coalesce(a.seats, a.users), CASE WHEN a.seats IS NOT NULL THEN b.seats ELSE b.users END
	FROM n a JOIN n b ON b.customer = a.customer AND b.day = '2024-04-16' WHERE a.day = '2024-06-15' AND coalesce(a.seats, a.users) IS NOT NULL $$, 'seats, or else users, and those before');
SELECT set_eq($$ SELECT customer, feature, attempts FROM nudge.feature_attempts('events', 'features', 'plans', 'subscriptions', '2024-06-15', '{basic,pro,top}', days => 60) $$, $$
	SELECT e.customer, e.feature, count(*) FROM events e
	JOIN (SELECT s.customer, max(CASE s.plan WHEN 'basic' THEN 1 WHEN 'pro' THEN 2 END) AS own FROM subscriptions s WHERE s.valid_from < '2024-06-16Z' AND (s.valid_to IS NULL OR s.valid_to >= '2024-06-16Z') AND s.plan <> 'odd' GROUP BY 1) o USING (customer)
	WHERE e.at >= '2024-04-17Z' AND e.at < '2024-06-16Z' AND CASE e.feature WHEN 'export' THEN 1 WHEN 'sso' THEN 2 WHEN 'audit' THEN 3 END > o.own GROUP BY 1, 2 $$, 'attempts above the tier');

CREATE TEMP TABLE fired AS SELECT t.* FROM company, nudge.expansion_triggers(state, '2024-06-15', 'usage', 'subscriptions', 'users', 'facts', 'events', 'features', 'plans', '{basic,pro,top}') t;
SELECT is_empty($$ SELECT * FROM fired WHERE fired IS DISTINCT FROM (value >= threshold) OR customer IN ('c38', 'c39', 'c40', 'c41', 'c42', 'c43', 'c44') $$, 'from the threshold on, of those that pay');
SELECT set_eq($$ SELECT customer, detail, round(value, 12) FROM fired WHERE trigger_kind = 'limit_hit' AND value IS NOT NULL $$, $$
	SELECT customer, usage_meter, round(max(usage_ratio), 12) FROM nudge.usage_ratio('usage', '2024-05-01', '2024-07-01') WHERE usage_ratio IS NOT NULL AND customer NOT IN ('c38', 'c39') GROUP BY 1, 2 $$, 'the higher of the last month and the running one');

CREATE TEMP TABLE factor AS SELECT f.* FROM company, nudge.expansion_factors(state, '2024-06-15', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts', weights => '{0.3,0.25,0.2,0.15,0.1}') f;
SELECT set_eq('SELECT customer, round(usage_factor, 8) AS u, round(seat_factor, 8) AS s, round(adoption_factor, 8) AS a, health_factor AS h, round(sponsor_factor, 8) AS p FROM factor', $$
	SELECT c.customer, round((SELECT 100 * least(max(u.usage_ratio), 1) FROM nudge.usage_ratio('usage', '2024-05-01', '2024-06-01') u WHERE u.customer = c.customer HAVING max(u.usage_ratio) IS NOT NULL), 8) AS u,
		round((SELECT 100 * least(greatest(g.growth_rate / 0.2, 0), 1) FROM nudge.seat_growth('subscriptions', 'users', '2024-06-15') g WHERE g.customer = c.customer AND g.growth_rate IS NOT NULL), 8) AS s,
		round((SELECT 100 * least(count(*) FILTER (WHERE f.at >= '2024-03-18Z') / 3.0, 1) FROM (SELECT min(e.at) AS at FROM events e WHERE e.customer = c.customer AND e.at < '2024-06-16Z' AND e.feature IS NOT NULL GROUP BY e.feature) f HAVING count(*) > 0), 8) AS a,
		(SELECT s.score FROM scores s WHERE s.entity = c.customer AND s.at < '2024-06-16Z' ORDER BY s.at DESC, s.score LIMIT 1) AS h,
		round((SELECT 25.0 * (avg(array_position('{none,weak,neutral,strong,champion}', f.value)) - 1) FROM facts f WHERE f.customer = c.customer AND f.fact = 'sponsor_status' AND f.valid_from < '2024-06-16Z'), 8) AS p
	FROM (SELECT 'c' || g AS customer FROM generate_series(0, 37) g) c $$, 'factors');
SELECT is_empty($$ SELECT * FROM factor f, LATERAL (SELECT CASE WHEN usage_factor IS NOT NULL THEN 0.3 ELSE 0 END + CASE WHEN seat_factor IS NOT NULL THEN 0.25 ELSE 0 END + CASE WHEN adoption_factor IS NOT NULL THEN 0.2 ELSE 0 END
		+ CASE WHEN health_factor IS NOT NULL THEN 0.15 ELSE 0 END + CASE WHEN sponsor_factor IS NOT NULL THEN 0.1 ELSE 0 END AS w) k
	WHERE coverage <> k.w OR abs(readiness - (coalesce(0.3 * usage_factor, 0) + coalesce(0.25 * seat_factor, 0) + coalesce(0.2 * adoption_factor, 0) + coalesce(0.15 * health_factor, 0) + coalesce(0.1 * sponsor_factor, 0)) / nullif(k.w, 0)) > 1e-12
		OR (readiness IS NULL) <> (k.w = 0) $$, 'readiness is the weighted mean of what is known');
SELECT set_eq($$ SELECT r.customer, r.readiness, r.previous_readiness, r.has_crossed FROM company, nudge.expansion_readiness(state, '2024-06-15', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts', threshold => 60, compare_days => 20) r $$, $$
	SELECT n.customer, n.readiness, b.readiness AS previous, n.readiness >= 60 AND b.readiness < 60 AS crossed FROM company, nudge.expansion_factors(state, '2024-06-15', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts') n
	LEFT JOIN nudge.expansion_factors(state, '2024-05-26', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts') b ON b.customer = n.customer $$, 'readiness before, and what has crossed');
-- The session's zone
SET timezone = 'Pacific/Auckland';
SELECT is_empty($$ SELECT t.* FROM company, nudge.expansion_triggers(state, '2024-06-15', 'usage', 'subscriptions', 'users', 'facts', 'events', 'features', 'plans', '{basic,pro,top}') t EXCEPT SELECT * FROM fired $$, 'nothing depends on the time zone of the session');

SELECT * FROM finish();
ROLLBACK;
