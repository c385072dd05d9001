--
-- marts_product.sql
--		Marts of funnels, sessions, unit economics and health: after random changes of
--		rows and of settings they are what plain SQL and the functions say of the tables
--		themselves, they follow time, and what has not changed is not written.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_product
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
\ir refreshes.psql

-- Tables ------------------------------------------------------------------

CREATE SCHEMA shop;
SET search_path = shop, public;
CREATE SEQUENCE ids;
CREATE TABLE customers (customer text PRIMARY KEY, created_at timestamptz, segment text, internal boolean);
CREATE TABLE users (id text PRIMARY KEY, customer text, signed_up_at timestamptz, plan text);
CREATE TABLE events (id bigint DEFAULT nextval('ids'), person text, at timestamptz, name text, feature text);
CREATE TABLE subscriptions (id bigint DEFAULT nextval('ids'), customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, seats numeric);
CREATE TABLE costs (id bigint DEFAULT nextval('ids'), period date, category text, amount numeric, currency text, variable boolean);
CREATE TABLE spend (id bigint DEFAULT nextval('ids'), day date, channel text, amount numeric, currency text);
CREATE TABLE charges (id bigint DEFAULT nextval('ids'), customer text, at timestamptz, kind text, amount numeric, currency text);
CREATE TABLE scores (id bigint DEFAULT nextval('ids'), entity text, at timestamptz, score numeric, factors jsonb);
CREATE TABLE tickets (id bigint DEFAULT nextval('ids'), ticket text, customer text, opened_at timestamptz, resolved_at timestamptz, priority text, csat numeric);
CREATE TABLE account_facts (id bigint DEFAULT nextval('ids'), customer text, fact text, value text, valid_from timestamptz);

-- Random rows: some are dated in the days to come, and some a moment ago
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() < 0.07 THEN now() + random() * interval '20 days' WHEN random() < 0.2 THEN now() - random() * random() * interval '6 hours'
		WHEN random() < 0.2 THEN ((now() AT TIME ZONE 'Europe/Berlin')::date - pg_temp.below(90))::timestamp AT TIME ZONE 'Europe/Berlin' ELSE now() - random() * interval '130 days' END;
CREATE FUNCTION pg_temp.month() RETURNS date LANGUAGE sql VOLATILE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => pg_temp.below(6)))::date;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	c constant text := 'c' || pg_temp.below(12);
	u constant text := 'u' || pg_temp.below(18);
BEGIN
	CASE name
		WHEN 'customers' THEN INSERT INTO customers VALUES (c, at - interval '60 days', pg_temp.one_of('{small,large,NULL}'), random() < 0.1) ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment;
		WHEN 'users' THEN INSERT INTO users VALUES (u, c, at - interval '90 days', pg_temp.one_of('{pro,free,NULL}')) ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, customer = excluded.customer;
		-- some minutes apart, now and then exactly half an hour
		WHEN 'events' THEN INSERT INTO events (person, at, name, feature) SELECT CASE WHEN random() < 0.97 THEN u END, at + CASE WHEN random() < 0.2 THEN interval '30 minutes' * i ELSE make_interval(mins => i * pg_temp.below(50)) END, pg_temp.one_of('{visit,signup,activate,paid,help,other}'), 'f'
			FROM generate_series(0, pg_temp.below(4)) i;
		WHEN 'subscriptions' THEN INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status, seats)
			SELECT c, nextval('ids'), 'pro', at, e, CASE WHEN random() < 0.1 THEN 0 ELSE pg_temp.below(90) END, 'month', 1, 'EUR', CASE WHEN e IS NULL THEN 'active' ELSE 'ended' END, pg_temp.below(9) FROM (SELECT CASE WHEN random() < 0.4 THEN at + random() * interval '50 days' END AS e) e;
		WHEN 'costs' THEN INSERT INTO costs (period, category, amount, currency, variable)
			VALUES (pg_temp.month(), pg_temp.one_of('{product_development/pay,product_delivery/infrastructure,customer_acquisition/marketing/events,customer_acquisition/marketing/paid_advertising,customer_acquisition/sales/tools}'), pg_temp.below(500), 'EUR', random() < 0.5);
		WHEN 'spend' THEN INSERT INTO spend (day, channel, amount, currency) VALUES (at::date, pg_temp.one_of('{email,search}'), pg_temp.below(90), 'EUR');
		WHEN 'charges' THEN INSERT INTO charges (customer, at, kind, amount, currency) VALUES (c, at, pg_temp.one_of('{setup,service}'), pg_temp.below(90), 'EUR');
		WHEN 'scores' THEN INSERT INTO scores (entity, at, score, factors) VALUES (c, at, pg_temp.below(1001) / 10.0, CASE WHEN random() < 0.7 THEN jsonb_build_object('usage', pg_temp.below(101), 'support', pg_temp.below(101), 'note', 'x') END);
		WHEN 'tickets' THEN INSERT INTO tickets (ticket, customer, opened_at, resolved_at, priority, csat) VALUES (nextval('ids'), c, at, CASE WHEN random() < 0.7 THEN at + random() * interval '3 days' END, 'low', 1 + pg_temp.below(5));
		WHEN 'account_facts' THEN INSERT INTO account_facts (customer, fact, value, valid_from) VALUES (c, 'sentiment', pg_temp.one_of('{negative,neutral,positive}'), at);
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()) || '{events,events,events,scores,subscriptions,funnel_definitions,health_models}');
	pick constant integer := pg_temp.below(12);
	at_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass('shop.' || name) AND a.attname IN ('at', 'day', 'period') LIMIT 1);
	customer_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass('shop.' || name) AND a.attname IN ('customer', 'entity', 'person'));
BEGIN
	IF name = 'funnel_definitions' THEN
		CASE pick % 6
			WHEN 0 THEN UPDATE nudge.funnel_definitions SET max_gap = make_interval(hours => pg_temp.below(400)) WHERE step_no > 1 AND random() < 0.5;
			WHEN 1 THEN UPDATE nudge.funnel_definitions SET event = pg_temp.one_of('{signup,activate,paid,other}') WHERE step_no = 2;
			WHEN 2 THEN DELETE FROM nudge.funnel_definitions WHERE funnel = 'short';
			WHEN 3 THEN INSERT INTO nudge.funnel_definitions (funnel, step_no, event) VALUES ('short', 5, 'signup'), ('short', 7, 'paid') ON CONFLICT DO NOTHING;
			WHEN 4 THEN UPDATE nudge.funnel_definitions SET target_rate = pg_temp.below(100) / 100.0, target_volume = pg_temp.below(99);
			ELSE UPDATE nudge.funnel_definitions SET min_count = 1 + pg_temp.below(2) WHERE step_no = 3;
		END CASE;
	ELSIF name = 'health_models' THEN
		DELETE FROM nudge.health_models;
		IF pick % 2 = 0 THEN
			INSERT INTO nudge.health_models (model, factor, weight) VALUES ('retention_health', 'usage', 0.7), ('retention_health', 'support', 0.3);
		END IF;
	ELSIF pick = 0 THEN
		EXECUTE format('DELETE FROM %I WHERE ctid IN (SELECT ctid FROM %1$I ORDER BY random() LIMIT 6)', name);
	ELSIF pick = 1 AND customer_column IS NOT NULL AND name NOT IN ('customers') THEN
		EXECUTE format('UPDATE %I SET %I = %L WHERE ctid IN (SELECT ctid FROM %1$I ORDER BY random() LIMIT 5)', name, customer_column, CASE WHEN name = 'events' THEN 'u' ELSE 'c' END || pg_temp.below(12));
	ELSIF pick = 2 AND at_column IS NOT NULL THEN
		EXECUTE format('UPDATE %I SET %I = (%2$I - interval ''%s'') WHERE id %% 6 = 0', name, at_column, pg_temp.one_of('{1 month,2 months}'));
	ELSIF pick = 3 AND random() < 0.15 THEN
		EXECUTE format('TRUNCATE %I', name);
	ELSE
		PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END IF;
	RETURN name;
END
$$;

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 45)) i \g /dev/null
-- one who is through, and one that is gone, of each segment
INSERT INTO events (person, at, name) SELECT 'sure', now() - make_interval(days => 50 - n::integer), e FROM unnest('{visit,signup,paid}'::text[]) WITH ORDINALITY u(e, n);
INSERT INTO customers SELECT 'gone ' || g, now() - interval '1 year', g FROM unnest('{small,large}'::text[]) g;
INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status) SELECT 'gone ' || g, g, 'pro', now() - interval '125 days', now() - interval '70 days', 20, 'month', 1, 'EUR', 'ended' FROM unnest('{small,large}'::text[]) g;
INSERT INTO nudge.funnel_definitions (funnel, step_no, event, target_volume, target_rate, max_gap, min_count, friction) VALUES
	('app', 1, 'visit', 30, NULL, NULL, 1, '{help}'), ('app', 2, 'signup', 20, 0.5, '20 days', 1, NULL), ('app', 3, 'paid', 5, 0.3, NULL, 1, NULL), ('short', 5, 'signup', NULL, NULL, NULL, 1, NULL), ('short', 7, 'paid', NULL, NULL, NULL, 1, NULL);

CREATE FUNCTION pg_temp.contents() RETURNS TABLE (name text, row_text text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	FOR name IN SELECT m.name FROM nudge.materialisations m LOOP
		RETURN QUERY EXECUTE format('SELECT %L, t::text FROM nudge_analytics.%I t', name, name);
	END LOOP;
END
$$;

-- marts of other subjects have tests of their own
DELETE FROM nudge.shipped_marts m WHERE NOT (m.place BETWEEN 880 AND 989 OR m.name IN ('customer_mrr', 'mrr_buckets', 'mrr_summary', 'customer_mrr_items', 'mrr_item_buckets', 'mrr_consolidated', 'fact_revenue', 'dim_customers', 'dim_users', 'mrr_segment_buckets', 'mrr_by_segment'));
SELECT nudge.map_source(i, i, CASE i WHEN 'events' THEN '{"user": "person"}' WHEN 'users' THEN '{"user": "id"}' ELSE '{}' END::jsonb) FROM pg_temp.inputs() i \g /dev/null
SELECT count(*) FROM nudge.deploy(zone => 'Europe/Berlin', buckets => 3, week_start => 'sunday') \gset
SELECT is(count(*), 29::bigint, 'all are there') FROM nudge.materialisations;
-- some keys at a time
UPDATE nudge.materialisations SET batch_keys = 3 WHERE name IN ('funnel_user_states', 'fact_sessions', 'session_metrics', 'customer_health', 'customer_health_months', 'customer_health_by_band');

-- What the tables say, at the instant of the refresh ------------------------

CREATE VIEW pg_temp.definitions AS
	SELECT f.funnel, array_agg(f.event ORDER BY f.step_no) AS events, array_agg(f.max_gap ORDER BY f.step_no) AS gaps, array_agg(f.min_count ORDER BY f.step_no) AS counts, array_agg(f.target_rate ORDER BY f.step_no) AS rates FROM nudge.funnel_definitions f GROUP BY f.funnel;
CREATE VIEW pg_temp.cohorts AS
	SELECT d.funnel, e.person, date_trunc('month', min(e.at) AT TIME ZONE 'Europe/Berlin')::date AS period FROM pg_temp.definitions d JOIN shop.events e ON e.name = d.events[1] WHERE e.person IS NOT NULL AND e.at < now() GROUP BY d.funnel, e.person;
CREATE VIEW pg_temp.priced AS SELECT s.customer, s.valid_from, s.valid_to, s.amount AS mrr, coalesce(nullif(btrim(c.segment), ''), '(none)') AS segment FROM shop.subscriptions s LEFT JOIN shop.customers c USING (customer);
CREATE VIEW pg_temp.company AS SELECT nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state FROM pg_temp.priced p;
CREATE VIEW pg_temp.months AS
	SELECT m::date AS period, (m + interval '1 month')::date AS next FROM (SELECT date_trunc('month', min(w.period::timestamp)) AS first FROM pg_temp.company c, nudge.mrr_waterfall(c.state, 'month', 'Europe/Berlin', now()) w) f, generate_series(f.first, date_trunc('month', now() AT TIME ZONE 'Europe/Berlin'), interval '1 month') m;
CREATE VIEW pg_temp.visits AS
	SELECT r.person, min(r.at) AS started_at, max(r.at) AS ended_at, count(*) AS events, (min(r.at) AT TIME ZONE 'Europe/Berlin')::date AS day
	FROM (SELECT q.*, sum(q.starts) OVER (PARTITION BY q.person ORDER BY q.at, q.id) AS n FROM (
			SELECT e.*, CASE WHEN (e.at - lag(e.at) OVER (PARTITION BY e.person ORDER BY e.at, e.id) > interval '30 minutes') IS NOT FALSE THEN 1 ELSE 0 END AS starts
			FROM shop.events e WHERE e.person IS NOT NULL) q) r
	GROUP BY r.person, r.n;
CREATE VIEW pg_temp.closed_months AS SELECT m.*, least(m.next, (now() AT TIME ZONE 'Europe/Berlin')::date + 1) AS known FROM pg_temp.months m;

CREATE TABLE pg_temp.oracles (mart text PRIMARY KEY, actual text, expected text);
INSERT INTO pg_temp.oracles VALUES
	-- the family's function, of those who first entered in the month
	('conversion_funnel', 'SELECT funnel, period, step, event, people, step_rate, overall_rate, dropped_people, open_people, round(median_seconds::numeric, 3), target_rate FROM nudge_analytics.conversion_funnel WHERE entered_people > 0',
		$$SELECT d.funnel, s.period, r.step, r.event, r.users, r.step_rate, r.overall_rate, r.drop_off, r.open_window_users, round(r.median_seconds::numeric, 3), d.rates[r.step]
		FROM pg_temp.definitions d JOIN (SELECT c.funnel, c.period, nudge.funnel_agg(e.person, e.at, e.name, '{visit,signup,activate,paid,help,other}') AS state FROM pg_temp.cohorts c JOIN shop.events e USING (person) GROUP BY 1, 2) s USING (funnel),
			nudge.funnel(s.state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => now()) r$$),
	('conversion_funnel: all months', 'SELECT funnel, step, sum(people) FROM nudge_analytics.conversion_funnel GROUP BY funnel, step',
		$$SELECT d.funnel, r.step, r.users FROM pg_temp.definitions d, (SELECT nudge.funnel_agg(e.person, e.at, e.name, '{visit,signup,activate,paid,help,other}') AS state FROM shop.events e WHERE e.person IS NOT NULL) s,
			nudge.funnel_report(s.state, d.funnel, as_of => now()) r WHERE r.users IS NOT NULL AND EXISTS (SELECT FROM pg_temp.cohorts c WHERE c.funnel = d.funnel)$$),
	-- two steps by joins: some entry, and the second step not too long after it
	('conversion_funnel: plain', 'SELECT funnel, period, entered_people, people FROM nudge_analytics.conversion_funnel WHERE step = 2 AND entered_people > 0',
		$$SELECT c.funnel, c.period, count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM shop.events a JOIN shop.events b ON b.person = a.person AND b.name = d.events[2] AND b.id <> a.id AND b.at >= a.at AND b.at < now() AND (d.gaps[2] IS NULL OR b.at - a.at <= d.gaps[2])
				WHERE a.person = c.person AND a.name = d.events[1] AND a.at < now()))
		FROM pg_temp.cohorts c JOIN pg_temp.definitions d USING (funnel) GROUP BY c.funnel, c.period$$),
	('conversion_funnel_by_dimension', $$SELECT funnel, dimension, value, period, step, people, open_people, round(median_seconds::numeric, 3) FROM nudge_analytics.conversion_funnel_by_dimension WHERE dimension IN ('plan', 'segment') AND entered_people > 0$$,
		$$SELECT d.funnel, s.dimension, s.value, s.period, r.step, r.users, r.open_window_users, round(r.median_seconds::numeric, 3)
		FROM pg_temp.definitions d JOIN (SELECT c.funnel, v.dimension, coalesce(v.value, '(none)') AS value, c.period, nudge.funnel_agg(e.person, e.at, e.name, '{visit,signup,activate,paid,help,other}') AS state
			FROM pg_temp.cohorts c JOIN shop.events e USING (person) LEFT JOIN shop.users u ON u.id = c.person LEFT JOIN shop.customers k ON k.customer = u.customer, LATERAL (VALUES ('plan', u.plan), ('segment', k.segment)) v(dimension, value) GROUP BY 1, 2, 3, 4) s USING (funnel),
			nudge.funnel(s.state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => now()) r$$),
	('conversion_funnel_by_dimension: adds up', 'SELECT funnel, dimension, period, step, sum(people) FROM nudge_analytics.conversion_funnel_by_dimension GROUP BY 1, 2, 3, 4 HAVING sum(entered_people) > 0',
		$$SELECT f.funnel, d, f.period, f.step, f.people FROM nudge_analytics.conversion_funnel f, unnest('{plan,role,segment,industry,company_size,region,growth_tier,sales_channel}'::text[]) d WHERE f.entered_people > 0$$),
	('fact_sessions', 'SELECT "user", started_at, ended_at, day, month, events, duration_seconds, bounced FROM nudge_analytics.fact_sessions',
		$$SELECT v.person, v.started_at, v.ended_at, v.day, date_trunc('month', v.day)::date, v.events, extract(epoch FROM v.ended_at - v.started_at), v.events = 1 FROM pg_temp.visits v$$),
	('session_metrics', 'SELECT grain, period, sessions, users, events, bounces, returning_users, bounce_rate, return_rate, sessions_per_user, mean_duration_seconds, median_duration_seconds FROM nudge_analytics.session_metrics WHERE sessions > 0',
		$$SELECT p.g, p.start, a.n, a.users, a.events, a.bounces, r.users, a.bounces::numeric / a.n, r.users::numeric / a.users, a.n::numeric / a.users, a.seconds / a.n, a.median
		FROM (SELECT DISTINCT g, date_trunc(g, v.day)::date AS start FROM pg_temp.visits v, unnest('{day,month}'::text[]) g WHERE v.day < (now() AT TIME ZONE 'Europe/Berlin')::date) p,
			LATERAL (SELECT count(*) AS n, count(DISTINCT v.person) AS users, sum(v.events)::bigint AS events, count(*) FILTER (WHERE v.events = 1) AS bounces, sum(extract(epoch FROM v.ended_at - v.started_at)) AS seconds,
					percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM v.ended_at - v.started_at)::double precision) AS median
				FROM pg_temp.visits v WHERE date_trunc(p.g, v.day)::date = p.start AND v.day < (now() AT TIME ZONE 'Europe/Berlin')::date) a,
			LATERAL (SELECT count(*) AS users FROM (SELECT FROM pg_temp.visits v WHERE date_trunc(p.g, v.day)::date = p.start AND v.day < (now() AT TIME ZONE 'Europe/Berlin')::date GROUP BY v.person HAVING count(*) > 1) q) r$$),
	('session_metrics: periods', 'SELECT grain, period, complete FROM nudge_analytics.session_metrics',
		$$SELECT g, p::date, g = 'day' OR p + interval '1 month' <= t.today FROM (SELECT (now() AT TIME ZONE 'Europe/Berlin')::date AS today) t, LATERAL (SELECT date_trunc('month', min(v.day))::timestamp AS first FROM pg_temp.visits v WHERE v.day <= t.today) f,
			unnest('{day,month}'::text[]) g, LATERAL generate_series(f.first, t.today - interval '1 day', ('1 ' || g)::interval) p$$),
	-- the functions, month by month; what is NULL in an open month, or without costs, has a reason
	('unit_economics', 'SELECT period, customers, round(arpa, 6), churn_months, customer_months, churned_customers, round(churn_rate, 9), round(lifetime_revenue, 6) FROM nudge_analytics.unit_economics',
		$$SELECT m.period, e.customers, round(e.arpa, 6), e.months, e.customer_months, e.churned_customers, round(e.churn_rate, 9), round(e.ltv, 6)
		FROM pg_temp.company c, pg_temp.months m, LATERAL (SELECT greatest((m.period - interval '11 months')::date, (SELECT min(period) FROM pg_temp.months)) AS first) f, nudge.unit_economics(c.state, f.first, m.next, zone => 'Europe/Berlin') e WHERE m.next <= (now() AT TIME ZONE 'Europe/Berlin')::date
		UNION ALL SELECT u.period, u.customers, round(u.arpa, 6), u.churn_months, u.customer_months, u.churned_customers, round(u.churn_rate, 9), round(u.lifetime_revenue, 6) FROM nudge_analytics.unit_economics u WHERE NOT u.complete$$),
	('unit_economics: cost', 'SELECT period, round(acquisition_cost, 4), new_customers, round(cac, 4), complete FROM nudge_analytics.unit_economics',
		$$SELECT m.period, round(k.cost, 4), n.new, CASE WHEN m.next = m.known AND m.next <= (now() AT TIME ZONE 'Europe/Berlin')::date AND k.cost > 0 AND n.new > 0 THEN round(k.cost / n.new, 4) END, m.next <= (now() AT TIME ZONE 'Europe/Berlin')::date
		FROM pg_temp.closed_months m, LATERAL (SELECT 1.2 * coalesce(sum(x.amount), 0) AS cost FROM (
				SELECT s.amount FROM shop.spend s WHERE s.day >= m.period AND s.day < m.known
				UNION ALL SELECT c.amount FROM shop.costs c WHERE c.period = m.period AND c.category ~ '^customer_acquisition' AND c.category !~ 'paid_advertising') x) k,
			LATERAL (SELECT count(*) AS new FROM (SELECT p.customer FROM pg_temp.priced p WHERE p.mrr > 0 GROUP BY p.customer HAVING date_trunc('month', min(p.valid_from) AT TIME ZONE 'Europe/Berlin')::date = m.period AND (min(p.valid_from) AT TIME ZONE 'Europe/Berlin')::date < m.known) f) n$$),
	('unit_economics: margin', 'SELECT period, revenue, gross_profit, gross_margin_rate, contribution_margin, round(ltv, 6), round(cac_payback_months, 6), cac_null_reason IS NULL, ltv_null_reason IS NULL FROM nudge_analytics.unit_economics',
		$$SELECT p.period, p.revenue, p.gross_profit, p.gross_margin_rate, p.contribution_margin, CASE WHEN p.complete AND p.gross_margin_rate <= 1 THEN round(u.arpa * p.gross_margin_rate / nullif(u.churn_rate, 0), 6) END,
			CASE WHEN u.arpa * p.gross_margin_rate > 0 THEN round(u.cac / (u.arpa * p.gross_margin_rate), 6) END, u.cac IS NOT NULL, u.ltv IS NOT NULL
		FROM pg_temp.company c, (SELECT min(period) AS first, max(next) AS next FROM pg_temp.months) m, nudge.pnl(c.state, 'shop.costs', m.first, m.next, 'shop.charges', NULL, NULL, 'month', 'Europe/Berlin', now(), 'EUR') p JOIN nudge_analytics.unit_economics u ON u.period = p.period$$),
	('unit_economics_by_segment', 'SELECT segment, period, customers, round(arpa, 6), churn_months, customer_months, churned_customers, round(ltv, 6) FROM nudge_analytics.unit_economics_by_segment WHERE complete',
		$$SELECT c.segment, m.period, e.customers, round(e.arpa, 6), e.months, e.customer_months, e.churned_customers, CASE WHEN u.gross_margin_rate <= 1 THEN round(e.ltv * u.gross_margin_rate, 6) END
		FROM (SELECT p.segment, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state FROM pg_temp.priced p GROUP BY p.segment) c, LATERAL (SELECT min(w.period) AS first FROM nudge.mrr_waterfall(c.state, 'month', 'Europe/Berlin', now()) w) b,
			pg_temp.months m, LATERAL (SELECT greatest((m.period - interval '11 months')::date, b.first) AS first) f, nudge.unit_economics(c.state, f.first, m.next, zone => 'Europe/Berlin') e, nudge_analytics.unit_economics u
		WHERE m.next <= (now() AT TIME ZONE 'Europe/Berlin')::date AND m.period >= b.first AND u.period = m.period$$),
	('customer_health', 'SELECT customer, score, scored_at, change_30_days, change_90_days, drop_30_days, slope_per_30_days, trend, baseline_score FROM nudge_analytics.customer_health',
		$$SELECT r.entity, r.score, r.scored_at, r.change_30_days, r.change_90_days, r.drop_30_days, r.slope_per_30_days, r.direction, r.baseline FROM nudge.score_report('shop.scores', as_of => (((now() AT TIME ZONE 'Europe/Berlin')::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin') - interval '1 microsecond') r$$),
	('customer_health: plain', 'SELECT customer, score, band, at_risk, drop_90_days, lowest_factor_score FROM nudge_analytics.customer_health',
		$$SELECT l.entity, l.score::double precision, CASE WHEN l.score < 60 THEN 'red' WHEN l.score < 80 THEN 'yellow' ELSE 'green' END, l.score < 65,
			(SELECT (max(h.score) - l.score)::double precision FROM shop.scores h WHERE h.entity = l.entity AND h.at > k.at - interval '2160 hours' AND h.at <= k.at), least((l.factors ->> 'usage')::numeric, (l.factors ->> 'support')::numeric)
		FROM (SELECT (((now() AT TIME ZONE 'Europe/Berlin')::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin') - interval '1 microsecond' AS at) k, LATERAL (SELECT DISTINCT ON (s.entity) s.* FROM shop.scores s WHERE s.at <= k.at ORDER BY s.entity, s.at DESC) l$$),
	('customer_health_factors', 'SELECT customer, factor, factor_score FROM nudge_analytics.customer_health_factors',
		$$SELECT l.entity, f, (l.factors ->> f)::numeric FROM unnest('{usage,support}'::text[]) f, (SELECT DISTINCT ON (s.entity) s.* FROM shop.scores s WHERE s.at < ((now() AT TIME ZONE 'Europe/Berlin')::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin' ORDER BY s.entity, s.at DESC) l WHERE l.factors IS NOT NULL$$),
	('customer_health_by_band', 'SELECT period, band, customers, mrr, at_risk_customers, at_risk_mrr FROM nudge_analytics.customer_health_by_band WHERE complete',
		$$SELECT m.period, CASE WHEN r.is_total THEN 'all' ELSE coalesce(r.band, '(none)') END, r.customers, r.mrr, r.at_risk_customers, r.at_risk_mrr
		FROM pg_temp.company c, pg_temp.months m, nudge.at_risk_revenue(c.state, 'shop.scores', m.next - 1, zone => 'Europe/Berlin') r WHERE m.next <= (now() AT TIME ZONE 'Europe/Berlin')::date AND r.customers > 0$$),
	('account_health', 'SELECT customer, usage_factor, relationship_factor, support_factor, growth_factor, score, coverage_share, band, weakest_factor FROM nudge_analytics.account_health',
		$$SELECT h.customer, h.usage_factor, h.relationship_factor, h.support_factor, h.growth_factor, h.score, h.coverage, h.band, h.weakest_factor
		FROM nudge.account_health('nudge_staging.customers', (now() AT TIME ZONE 'Europe/Berlin')::date::timestamp AT TIME ZONE 'Europe/Berlin', 'nudge_staging.events', 'nudge_staging.users', NULL, 'nudge_staging.tickets', NULL, 'nudge_staging.account_facts', 'nudge_staging.subscriptions', NULL, zone => 'Europe/Berlin') h$$);

CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	o record;
BEGIN
	FOR o IN SELECT * FROM pg_temp.oracles ORDER BY mart LOOP
		RETURN QUERY EXECUTE format('SELECT %L || d::text FROM ((SELECT ''has '' AS side, x::text FROM (%s EXCEPT ALL (%s)) x) UNION ALL (SELECT ''lacks '', x::text FROM ((%3$s) EXCEPT ALL %2$s) x)) d', o.mart || ' ', o.actual, o.expected);
	END LOOP;
END
$$;

-- Rounds ------------------------------------------------------------------

SELECT isnt(pg_temp.refresh_all(), 'nothing', 'the first refresh writes');
SELECT is_empty('SELECT name FROM nudge.materialisations WHERE last_error IS NOT NULL UNION ALL SELECT materialisation || key FROM nudge.quarantine', 'nothing is put aside');
SELECT is_empty('SELECT pg_temp.wrong()', 'and verify finds nothing');
SELECT is_empty('SELECT pg_temp.otherwise()', 'all is as the tables say');
SELECT is(pg_temp.refresh_all(), 'nothing', 'a second refresh writes nothing');
-- or nothing is compared
SELECT is_empty(format('SELECT FROM (%s) q HAVING count(*) = 0', o.actual), o.mart || ' has rows') FROM pg_temp.oracles o;
SELECT cmp_ok(count(*), '>', 0::bigint, 'somebody is through') FROM nudge_analytics.conversion_funnel WHERE step = last_step AND people > 0;
SELECT cmp_ok(count(*), '>', 0::bigint, 'somebody has left') FROM nudge_analytics.unit_economics WHERE churned_customers > 0;
SELECT is_empty('SELECT * FROM nudge.check_reporting(true)', 'and the views keep the rules');

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	changed text[];
BEGIN
	FOR i IN 1 .. n LOOP
		changed := ARRAY(SELECT pg_temp.change() FROM generate_series(0, pg_temp.below(5)));
		PERFORM pg_temp.refresh_all();
		RETURN NEXT is_empty('SELECT pg_temp.wrong()', format('round %s: verify after changes of %s', i, changed));
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('round %s: as the tables say after changes of %s', i, changed));
		RETURN NEXT is(pg_temp.refresh_all(), 'nothing', format('round %s: a second refresh writes nothing', i));
	END LOOP;
END
$$;
SELECT pg_temp.rounds(12);

-- People behind a step ----------------------------------------------------

SELECT set_eq('SELECT period_start, funnel, step_number, people FROM nudge_reporting.funnel_steps_monthly WHERE people > 0',
	'SELECT p.period_start, p.funnel, s, count(*) FROM nudge_reporting.funnel_people p, generate_series(1, p.step_number) s GROUP BY 1, 2, 3', 'people are those of the steps');
SELECT set_eq('SELECT period_start, sessions FROM nudge_reporting.sessions_daily WHERE sessions > 0', $$SELECT session_day, count(*) FROM nudge_reporting.user_sessions WHERE session_day < (now() AT TIME ZONE 'Europe/Berlin')::date GROUP BY 1$$, 'and sessions those of the days');

-- Time --------------------------------------------------------------------

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 25)) i \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.refresh_all(), 'nothing', 'nothing is left to be done');
CREATE TEMP TABLE now_there AS SELECT * FROM pg_temp.contents();
CREATE FUNCTION pg_temp.after_a_pause(pause interval) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	UPDATE nudge.materialisations SET clock_at = now() - pause WHERE has_clock;
	FOR one IN SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth, o.name LOOP
		PERFORM nudge.refresh_batch(one, 0, NULL);
	END LOOP;
	RETURN QUERY SELECT 'then: ' || w FROM pg_temp.wrong() w;
	-- what was written then is told to those that read it: time alone must do
	DELETE FROM nudge.change_log;
	DELETE FROM nudge.pending;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT 'now: ' || w FROM pg_temp.wrong() w;
	RETURN QUERY SELECT 'not there: ' || t::text FROM (SELECT * FROM now_there EXCEPT ALL SELECT * FROM pg_temp.contents()) t;
END
$$;
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', p), 'after ' || p || ' without a change time brings what it should') FROM unnest('{125 months,75 days,3 days,1 day,5 hours,1 second,1 microsecond}'::interval[]) p;
UPDATE nudge.materialisations SET clock_at = now() - interval '1 microsecond' WHERE has_clock;
SELECT nudge.mark_run(m.name) FROM nudge.materialisations m \g /dev/null
SELECT set_eq($$SELECT DISTINCT p.materialisation FROM nudge.pending p$$, '{conversion_funnel,conversion_funnel_by_dimension,mrr_summary,mrr_consolidated,mrr_by_segment}'::text[], 'within a day time alone computes only what may change at any instant');
SELECT pg_temp.refresh_all() \g /dev/null

-- Settings ----------------------------------------------------------------

DELETE FROM nudge.pending;
UPDATE nudge.funnel_definitions SET target_rate = 0.5 WHERE funnel = 'app';
SELECT set_eq('SELECT DISTINCT materialisation FROM nudge.pending', '{conversion_funnel,conversion_funnel_by_dimension}'::text[], 'a target changes no state');
UPDATE nudge.funnel_definitions SET event = 'signup' WHERE funnel = 'app' AND step_no = 2;
SELECT set_eq('SELECT DISTINCT materialisation FROM nudge.pending', '{funnel_user_states,conversion_funnel,conversion_funnel_by_dimension}'::text[], 'another step does');
TRUNCATE nudge.health_models, nudge.funnel_definitions;
SELECT set_eq('SELECT DISTINCT materialisation FROM nudge.pending', '{account_health,funnel_user_states,conversion_funnel,conversion_funnel_by_dimension}'::text[], 'and a model its scores');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT FROM nudge_analytics.conversion_funnel UNION ALL SELECT FROM nudge_analytics.funnel_user_states', 'without a funnel there are no steps');
-- whoever may write settings need not know of marts
CREATE ROLE nudge_analyst_probe;
GRANT USAGE ON SCHEMA nudge TO nudge_analyst_probe;
GRANT INSERT ON nudge.funnel_definitions TO nudge_analyst_probe;
SET LOCAL ROLE nudge_analyst_probe;
SELECT lives_ok($$INSERT INTO nudge.funnel_definitions (funnel, step_no, event) VALUES ('new', 1, 'visit'), ('new', 2, 'paid')$$, 'a funnel that somebody else defines');
RESET ROLE;
SELECT is_empty($$SELECT pg_temp.refresh_all() INTERSECT SELECT 'nothing'$$, 'is counted');
SELECT is_empty('SELECT pg_temp.otherwise()', 'rightly');
-- a definition that cannot be is refused, whichever statement makes it so
SELECT throws_ok(format('INSERT INTO nudge.funnel_definitions (funnel, step_no, event, min_count, max_gap) VALUES %s', v), '22023', e, e) FROM (VALUES
	($$('wrong', 1, 'visit', 1, NULL), ('wrong', 2, 'paid', 20000, NULL)$$, 'funnel "wrong" cannot be computed: "min_counts" must be from 1 to 10000'),
	($$('wrong', 1, 'visit', 1, NULL), ('wrong', 2, 'paid', 1, '1 month')$$, 'funnel "wrong" cannot be computed: "max_gaps" must not have months or years'),
	($$('wrong', 1, 'visit', 1, '1 day'), ('wrong', 2, 'paid', 1, NULL)$$, 'funnel "wrong" cannot be computed: "max_gaps" must be null for the first and for optional steps'),
	($$('wrong', 1, 'visit', 1, NULL), ('wrong', 2, '*', 1, NULL)$$, 'funnel "wrong" cannot be computed: the state does not track "*"'),
	($$('wrong', 1, 'visit', 1, NULL), ('wrong', 2, 'visit', 2, NULL)$$, 'funnel "wrong" cannot be computed: min_counts and rows that meet several steps do not go together')) v(v, e);
INSERT INTO nudge.funnel_definitions (funnel, step_no, event, max_gap) VALUES ('wide', 1, 'visit', NULL), ('wide', 2, 'signup', '5 days'), ('wide', 3, 'paid', '9 days');
SELECT throws_ok($$UPDATE nudge.funnel_definitions SET max_gap = '1 year' WHERE funnel = 'wide' AND step_no = 2$$, '22023', NULL, 'so is a change');
SELECT throws_ok($$DELETE FROM nudge.funnel_definitions WHERE funnel = 'wide' AND step_no = 1$$, '22023', NULL, 'a step that goes, and leaves a gap before the first');
SELECT throws_ok($$UPDATE nudge.funnel_definitions SET funnel = 'new' WHERE funnel = 'wide' AND step_no = 1$$, '23505', NULL, 'and a step of another funnel');
SELECT throws_ok($$UPDATE nudge.funnel_definitions SET funnel = 'other' WHERE funnel = 'wide' AND step_no = 1$$, '22023', NULL, 'even if that one may be');
SET CONSTRAINTS nudge.check_steps DEFERRED;
DELETE FROM nudge.funnel_definitions WHERE funnel = 'wide' AND step_no = 1;
INSERT INTO nudge.funnel_definitions (funnel, step_no, event) VALUES ('wide', 1, 'signup');
SELECT lives_ok('SET CONSTRAINTS nudge.check_steps IMMEDIATE', 'what is right in the end may be wrong on the way');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'these are counted');
SELECT is_empty('SELECT pg_temp.otherwise()', 'as they are');
-- one that was there before there was a check is an error of that funnel, and of no other
INSERT INTO nudge.funnel_definitions (funnel, step_no, event) VALUES ('wrong', 1, 'visit'), ('wrong', 2, 'paid');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'a right one');
CREATE TABLE pg_temp.before AS SELECT * FROM nudge_analytics.conversion_funnel WHERE funnel = 'wrong';
ALTER TABLE nudge.funnel_definitions DISABLE TRIGGER check_steps;
UPDATE nudge.funnel_definitions SET min_count = 20000, event = 'signup' WHERE funnel = 'wrong' AND step_no = 2;
UPDATE nudge.funnel_definitions SET event = 'activate' WHERE funnel = 'wide' AND step_no = 2;
ALTER TABLE nudge.funnel_definitions ENABLE TRIGGER check_steps;
SELECT results_eq($$SELECT d.funnel, (nudge.funnel_problem(d.funnel)).problem FROM (SELECT DISTINCT f.funnel FROM nudge.funnel_definitions f) d ORDER BY 1$$,
	$$VALUES ('new', NULL), ('wide', NULL), ('wrong', '"min_counts" must be from 1 to 10000')$$, 'funnel_problem finds it');
SELECT is((SELECT string_agg(pg_temp.refresh(m), ', ') FROM unnest('{funnel_user_states,funnel_buckets,funnel_dimension_buckets,conversion_funnel_by_dimension}'::text[]) m) IS NULL, false, 'states of the others are computed');
SELECT isnt_empty($$SELECT FROM nudge_analytics.funnel_user_states WHERE funnel = 'wrong'$$, 'and of it: they have no bounds');
SELECT is_empty($$SELECT FROM nudge_analytics.conversion_funnel_by_dimension WHERE funnel = 'wrong'$$, 'but no report');
SELECT isnt_empty($$SELECT FROM nudge_analytics.conversion_funnel_by_dimension WHERE funnel = 'wide'$$, 'as the others have');
SELECT throws_ok($$SELECT pg_temp.refresh('conversion_funnel')$$, '22023', 'funnel "wrong" cannot be computed: "min_counts" must be from 1 to 10000', 'all at once is an error');
-- as run_refresh goes on after it
SELECT nudge.fan_out(1000000), nudge.begin_run('conversion_funnel', 'refresh') AS run, nudge.mark_run('conversion_funnel') \gset
SELECT is(nudge.enumerate_keys('conversion_funnel'), 3::bigint, 'which leaves its keys');
SELECT results_eq(format('SELECT k, nudge.refresh_batch(%L, %s, ARRAY[k]) FROM unnest(%L::text[]) k', 'conversion_funnel', :run, '{wrong,wide,new}'), $$VALUES ('wrong', 'put aside'), ('wide', 'done'), ('new', 'done')$$, 'one of which cannot be computed');
SELECT nudge.end_run('conversion_funnel', :run, 'ok', NULL, NULL) \g /dev/null
SELECT results_eq('SELECT materialisation, key, sqlstate, error FROM nudge.quarantine', $$VALUES ('conversion_funnel', 'wrong', '22023', 'funnel "wrong" cannot be computed: "min_counts" must be from 1 to 10000')$$, 'and is put aside, with the reason');
SELECT is(f.status, 'quarantined', 'which freshness shows') FROM nudge.freshness f WHERE f.name = 'conversion_funnel';
SELECT results_eq($$SELECT * FROM nudge_analytics.conversion_funnel WHERE funnel = 'wrong' ORDER BY period, step$$, 'SELECT * FROM pg_temp.before ORDER BY period, step', 'its rows are as they were');
SELECT is_empty('SELECT pg_temp.wrong()', 'all others are what the queries say');
SELECT results_eq('SELECT DISTINCT funnel FROM nudge_reporting.funnel_people ORDER BY funnel', $$VALUES ('new'), ('wide')$$, 'people of the others are shown');
CREATE OR REPLACE VIEW pg_temp.definitions AS
	SELECT f.funnel, array_agg(f.event ORDER BY f.step_no) AS events, array_agg(f.max_gap ORDER BY f.step_no) AS gaps, array_agg(f.min_count ORDER BY f.step_no) AS counts, array_agg(f.target_rate ORDER BY f.step_no) AS rates FROM nudge.funnel_definitions f WHERE f.funnel <> 'wrong' GROUP BY f.funnel;
SELECT is_empty($$SELECT * FROM pg_temp.otherwise() o WHERE o !~ 'wrong'$$, 'and what the tables say');
CREATE OR REPLACE VIEW pg_temp.definitions AS
	SELECT f.funnel, array_agg(f.event ORDER BY f.step_no) AS events, array_agg(f.max_gap ORDER BY f.step_no) AS gaps, array_agg(f.min_count ORDER BY f.step_no) AS counts, array_agg(f.target_rate ORDER BY f.step_no) AS rates FROM nudge.funnel_definitions f GROUP BY f.funnel;
UPDATE nudge.funnel_definitions SET min_count = 1 WHERE funnel = 'wrong' AND step_no = 2;
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'once it is put right it is computed');
SELECT is_empty('SELECT FROM nudge.quarantine', 'and nothing is put aside');
SELECT is_empty('SELECT pg_temp.otherwise()', 'or wrong');
-- one that has too many events has no states either
ALTER TABLE nudge.funnel_definitions DISABLE TRIGGER check_steps;
UPDATE nudge.funnel_definitions SET friction = ARRAY(SELECT 'event ' || g FROM generate_series(1, 63) g) WHERE funnel = 'wrong' AND step_no = 2;
ALTER TABLE nudge.funnel_definitions ENABLE TRIGGER check_steps;
SELECT isnt(pg_temp.refresh('funnel_user_states'), NULL, 'states go');
SELECT set_eq('SELECT DISTINCT funnel FROM nudge_analytics.funnel_user_states', '{new,wide}'::text[], 'of that funnel');
DELETE FROM nudge.funnel_definitions WHERE funnel = 'wrong';
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'a funnel that goes');
SELECT is_empty('SELECT pg_temp.otherwise()', 'leaves nothing');

-- Edges -------------------------------------------------------------------

SELECT format('TRUNCATE %I', i) FROM pg_temp.inputs() i \gexec
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rows that are gone');
SELECT is_empty('SELECT c.name FROM pg_temp.contents() c', 'leave nothing behind');
SELECT is_empty('SELECT pg_temp.wrong()', 'which is what the queries say');

SELECT * FROM finish();
ROLLBACK;
