--
-- usage_dimensions.sql
--		What users do by what they and their accounts are, and activation: after
--		random changes the marts are what plain SQL says of the tables themselves, each
--		dimension adds up to the total, a change computes no more than its bucket, and
--		time alone brings what it should.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed usage_dimensions
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
CREATE TABLE customers (customer text PRIMARY KEY, created_at timestamptz, segment text, industry text, company_size text, region text, growth_tier text, sales_channel text);
CREATE TABLE users (id text PRIMARY KEY, customer text, signed_up_at timestamptz, plan text, role text, internal boolean);
CREATE TABLE events (id bigint DEFAULT nextval('ids'), person text, at timestamptz, name text, feature text);
CREATE TABLE subscriptions (id bigint DEFAULT nextval('ids'), customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text);

CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql STABLE RETURN (now() AT TIME ZONE 'Europe/Berlin')::date;
CREATE FUNCTION pg_temp.midnight(day date) RETURNS timestamptz LANGUAGE sql STABLE RETURN day::timestamp AT TIME ZONE 'Europe/Berlin';
CREATE FUNCTION pg_temp.week(day date) RETURNS date LANGUAGE sql IMMUTABLE RETURN day - extract(dow FROM day)::integer;
-- Some are dated in the days to come, some a moment ago, some at midnight, and a few more than 13 months ago
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() < 0.05 THEN now() + random() * interval '20 days' WHEN random() < 0.15 THEN now() - random() * random() * interval '6 hours' WHEN random() < 0.03 THEN now() - interval '420 days' - random() * interval '40 days'
		WHEN random() < 0.2 THEN pg_temp.midnight(pg_temp.today() - pg_temp.below(70)) ELSE now() - random() * interval '110 days' END;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	c constant text := 'c' || pg_temp.below(9);
	u constant text := 'u' || pg_temp.below(24);
BEGIN
	CASE name
		WHEN 'customers' THEN INSERT INTO customers VALUES (c, at - interval '60 days', pg_temp.one_of('{small,large, small ,ALL,"",NULL}'), pg_temp.one_of('{a,b}'), pg_temp.one_of('{1,2,NULL}'), pg_temp.one_of('{north,south}'), pg_temp.one_of('{low,high}'), pg_temp.one_of('{self,sales}'))
			ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment, company_size = excluded.company_size;
		-- some of an account that is not there, or of none
		WHEN 'users' THEN INSERT INTO users VALUES (u, pg_temp.one_of(ARRAY[c, c, c, 'nowhere', NULL]), at - random() * interval '5 days', pg_temp.one_of('{pro,free,NULL}'), pg_temp.one_of('{admin,member}'), random() < 0.15)
			ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, customer = excluded.customer, internal = excluded.internal, signed_up_at = CASE WHEN random() < 0.3 THEN excluded.signed_up_at ELSE users.signed_up_at END;
		-- of users that are there and of some that are not; at times as they sign up, a day or a week after it to the second
		WHEN 'events' THEN INSERT INTO events (person, at, name, feature) SELECT CASE WHEN random() < 0.95 THEN u END,
				CASE WHEN random() < 0.25 THEN coalesce((SELECT s.signed_up_at FROM users s WHERE s.id = u), at) + pg_temp.one_of('{0,24 hours,168 hours,3 hours,-1 hour,24:00:01,3 days}')::interval ELSE at + make_interval(mins => i * pg_temp.below(90)) END,
				pg_temp.one_of('{send,send,import,viewed,completed,open}'), pg_temp.one_of('{editor,search,NULL}') FROM generate_series(0, pg_temp.below(7)) i;
		WHEN 'subscriptions' THEN INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status)
			SELECT c, nextval('ids'), pg_temp.one_of('{pro,mini}'), at - pg_temp.one_of('{0,80 days,370 days}')::interval, e, 50 + pg_temp.below(900), 'month', 1, pg_temp.one_of('{EUR,EUR,USD}'), CASE WHEN e IS NULL THEN 'active' ELSE 'ended' END FROM (SELECT CASE WHEN random() < 0.4 THEN at + random() * interval '50 days' END AS e) e;
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()) || '{events,events,users,customers,action_sets}');
	pick constant integer := pg_temp.below(12);
BEGIN
	IF name = 'action_sets' THEN
		DELETE FROM nudge.action_sets WHERE random() < 0.5;
		INSERT INTO nudge.action_sets VALUES (pg_temp.one_of('{activation,activation,core}'), pg_temp.one_of('{send,import,open}')) ON CONFLICT DO NOTHING;
	ELSIF pick = 0 THEN
		EXECUTE format('DELETE FROM %I WHERE ctid IN (SELECT ctid FROM %1$I ORDER BY random() LIMIT 5)', name);
	ELSIF pick = 1 AND name = 'events' THEN
		UPDATE events SET person = 'u' || pg_temp.below(24) WHERE ctid IN (SELECT ctid FROM events ORDER BY random() LIMIT 5);
	ELSIF pick = 2 AND name = 'events' THEN
		UPDATE events SET at = at - pg_temp.one_of('{1 month,7 days}')::interval WHERE id % 6 = 0;
	ELSIF pick = 1 AND name IN ('users', 'subscriptions') THEN
		EXECUTE format('UPDATE %I SET customer = %L WHERE ctid IN (SELECT ctid FROM %1$I ORDER BY random() LIMIT 4)', name, 'c' || pg_temp.below(9));
	ELSIF pick = 2 AND name = 'users' THEN
		UPDATE users SET signed_up_at = signed_up_at - pg_temp.one_of('{1 month,2 months,8 days}')::interval WHERE random() < 0.2;
	ELSIF pick = 3 AND random() < 0.1 THEN
		EXECUTE format('TRUNCATE %I', name);
	ELSE
		PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END IF;
	RETURN name;
END
$$;

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 25)) i \g /dev/null
SELECT pg_temp.add('events') FROM generate_series(1, 160) \g /dev/null
-- one who did a lot in a week, one who comes each week, and one whose account nobody knows
INSERT INTO events (person, at, name, feature) SELECT 'u1', now() - interval '16 days' - make_interval(mins => m), 'open', NULL FROM generate_series(1, 14) m;
INSERT INTO events (person, at, name, feature) SELECT 'u2', now() - make_interval(days => d), 'open', 'editor' FROM generate_series(1, 50) d;
INSERT INTO users VALUES ('u2', 'nowhere', now() - interval '60 days', NULL, 'admin', false) ON CONFLICT (id) DO UPDATE SET internal = false, signed_up_at = excluded.signed_up_at, customer = 'nowhere';
-- and what each comparison needs: who is activated soon, later, in the last week that is over, one of long ago, and one of a segment that is called all
INSERT INTO customers (customer, created_at, segment) VALUES ('every', now() - interval '1 year', 'ALL');
INSERT INTO users VALUES ('sure 1', 'every', now() - interval '20 days', NULL, 'admin', false), ('sure 2', 'every', now() - interval '20 days', NULL, 'admin', false), ('sure 3', 'every', now() - interval '7 days', NULL, 'admin', false), ('never', 'every', 'infinity', NULL, 'admin', false);
INSERT INTO events (person, at, name, feature) VALUES ('sure 1', now() - interval '20 days' + interval '1 hour', 'send', NULL), ('sure 2', now() - interval '17 days', 'send', NULL), ('sure 2', now() - interval '430 days', 'open', NULL), ('stranger', now() - interval '9 days', 'open', NULL);
INSERT INTO nudge.action_sets VALUES ('activation', 'send'), ('core', 'open');

-- marts of other subjects have tests of their own
DELETE FROM nudge.shipped_marts m WHERE NOT (m.place BETWEEN 1100 AND 1149 OR m.name IN ('customer_mrr', 'dim_customers', 'dim_users', 'customer_products', 'customer_dimensions', 'fact_sessions', 'user_activity_states', 'activity_buckets', 'active_users', 'lifecycle', 'cohort_retention', 'user_retention', 'user_classes',
	'feature_user_states', 'feature_buckets', 'feature_adoption'));
SELECT nudge.map_source(i, i, CASE i WHEN 'events' THEN '{"user": "person"}' WHEN 'users' THEN '{"user": "id"}' ELSE '{}' END::jsonb) FROM pg_temp.inputs() i \g /dev/null
SELECT count(*) FROM nudge.deploy(zone => 'Europe/Berlin', buckets => 4, week_start => 'sunday', fiscal_year_start => 4) \gset
SELECT is(count(*), 27::bigint, 'all are there') FROM nudge.materialisations;
-- some keys at a time
UPDATE nudge.materialisations SET batch_keys = 3 WHERE name IN ('user_dimensions', 'activity_dimension_buckets', 'lifecycle_by_dimension', 'user_activation', 'activation');

-- What the tables say, at the instant of the refresh ------------------------

CREATE VIEW pg_temp.attributes_now AS
	SELECT w.person, d.dimension, coalesce(CASE WHEN d.dimension = 'segment' AND lower(btrim(d.value)) = 'all' THEN 'all (segment)' ELSE nullif(btrim(d.value), '') END, '(none)') AS value
	FROM (SELECT id AS person FROM users UNION SELECT person FROM events WHERE person IS NOT NULL) w
		LEFT JOIN users u ON u.id = w.person LEFT JOIN customers c ON c.customer = u.customer LEFT JOIN nudge_analytics.customer_products p ON p.customer = u.customer,
		LATERAL (VALUES ('segment', c.segment), ('industry', c.industry), ('company_size', c.company_size), ('region', c.region), ('growth_tier', c.growth_tier), ('sales_channel', c.sales_channel), ('plan', p.plan), ('product_mix', p.product_mix),
			('tenure', p.tenure), ('initial_contract_size', p.initial_contract_size), ('user_plan', u.plan), ('role', u.role)) d(dimension, value);
CREATE TEMP TABLE attributes AS SELECT * FROM pg_temp.attributes_now WITH NO DATA;
CREATE INDEX ON pg_temp.attributes (person);
CREATE VIEW pg_temp.acts_now AS
	SELECT e.person, (e.at AT TIME ZONE 'Europe/Berlin')::date AS day, count(*) AS n FROM events e WHERE e.person IS NOT NULL AND e.at < pg_temp.midnight(pg_temp.today()) GROUP BY 1, 2;
CREATE TEMP TABLE acts AS SELECT * FROM pg_temp.acts_now WITH NO DATA;
CREATE INDEX ON pg_temp.acts (person, day);
CREATE VIEW pg_temp.firsts_now AS SELECT a.person, min(a.day) AS day FROM pg_temp.acts a GROUP BY 1;
CREATE TEMP TABLE firsts AS SELECT * FROM pg_temp.firsts_now WITH NO DATA;
CREATE INDEX ON pg_temp.firsts (person);
CREATE VIEW pg_temp.slices_now AS SELECT a.dimension, a.value, min(f.day) AS first FROM pg_temp.attributes a JOIN pg_temp.firsts f USING (person) GROUP BY 1, 2;
CREATE TEMP TABLE slices AS SELECT * FROM pg_temp.slices_now WITH NO DATA;
-- periods in which somebody was active, with what was before and what is after
CREATE VIEW pg_temp.presence_now AS
	SELECT DISTINCT g.grain, CASE g.grain WHEN 'week' THEN pg_temp.week(a.day) ELSE date_trunc('month', a.day)::date END AS period, a.person FROM pg_temp.acts a, (VALUES ('week'), ('month')) g(grain);
CREATE TEMP TABLE presence AS SELECT * FROM pg_temp.presence_now WITH NO DATA;
CREATE INDEX ON pg_temp.presence (grain, person, period);
CREATE VIEW pg_temp.used_now AS
	SELECT e.person, e.feature, count(*) FILTER (WHERE e.name NOT IN ('viewed', 'completed')) AS uses,
		count(DISTINCT pg_temp.week((e.at AT TIME ZONE 'Europe/Berlin')::date)) FILTER (WHERE e.name NOT IN ('viewed', 'completed') AND (e.at AT TIME ZONE 'Europe/Berlin')::date >= pg_temp.week(pg_temp.today()) - 28 AND (e.at AT TIME ZONE 'Europe/Berlin')::date < pg_temp.week(pg_temp.today())) AS weeks
	FROM events e JOIN users u ON u.id = e.person AND u.internal IS NOT TRUE WHERE e.feature IS NOT NULL AND e.at < now() GROUP BY 1, 2;
CREATE TEMP TABLE used AS SELECT * FROM pg_temp.used_now WITH NO DATA;
CREATE VIEW pg_temp.sign_ups_now AS
	SELECT u.id AS person, u.signed_up_at, (SELECT min(e.at) FROM events e WHERE e.person = u.id AND e.at >= u.signed_up_at AND e.name IN (SELECT s.event FROM nudge.action_sets s WHERE s.name = 'activation')) - u.signed_up_at AS took,
		pg_temp.midnight(pg_temp.today()) - u.signed_up_at AS known, (u.signed_up_at AT TIME ZONE 'Europe/Berlin')::date AS day
	FROM users u WHERE u.internal IS NOT TRUE AND u.signed_up_at < pg_temp.midnight(pg_temp.today());
CREATE TEMP TABLE sign_ups AS SELECT * FROM pg_temp.sign_ups_now WITH NO DATA;

-- filled in this order before they are compared with anything
CREATE FUNCTION pg_temp.look() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{attributes,acts,firsts,slices,presence,used,sign_ups}'::text[] LOOP
		EXECUTE format('TRUNCATE pg_temp.%I; INSERT INTO pg_temp.%1$I SELECT * FROM pg_temp.%I; ANALYZE pg_temp.%1$I', name, name || '_now');
	END LOOP;
END
$$;
CREATE TABLE pg_temp.oracles (mart text PRIMARY KEY, actual text, expected text);
INSERT INTO pg_temp.oracles VALUES
	('active_users_by_dimension', 'SELECT dimension, value, day, dau, wau, mau, new_users, total_users, complete, every_day FROM nudge_analytics.active_users_by_dimension',
		$$SELECT s.dimension, s.value, d.day, p.dau, p.wau, p.mau, p.new, p.total, d.day >= (SELECT min(f.day) FROM pg_temp.firsts f) + 29, d.recent
		FROM pg_temp.slices s, LATERAL (SELECT g::date AS day, g >= date_trunc('month', pg_temp.today()::timestamp) - interval '12 months' AS recent FROM generate_series(s.first::timestamp, pg_temp.today() - interval '1 day', interval '1 day') g) d,
			LATERAL (SELECT count(DISTINCT a.person) FILTER (WHERE a.day = d.day) AS dau, count(DISTINCT a.person) FILTER (WHERE a.day > d.day - 7) AS wau, count(DISTINCT a.person) FILTER (WHERE a.day > d.day - 30) AS mau,
					count(DISTINCT a.person) AS total, count(DISTINCT a.person) FILTER (WHERE f.day = d.day) AS new
				FROM pg_temp.acts a JOIN pg_temp.firsts f USING (person) JOIN pg_temp.attributes t ON t.person = a.person AND t.dimension = s.dimension AND t.value = s.value WHERE a.day <= d.day) p
		WHERE d.recent OR extract(dow FROM d.day) = 6 OR extract(day FROM d.day + 1) = 1$$),
	('lifecycle_by_dimension', 'SELECT dimension, value, grain, period, active_users, new_users, returning_users, resurrecting_users, dormant_users, complete FROM nudge_analytics.lifecycle_by_dimension',
		$$SELECT s.dimension, s.value, g.grain, p::date, count(n.person), count(n.person) FILTER (WHERE n.first = n.period), count(n.person) FILTER (WHERE n.again), count(n.person) FILTER (WHERE NOT n.again AND n.first < n.period),
			(SELECT count(*) FROM pg_temp.presence o JOIN pg_temp.attributes t ON (t.person, t.dimension, t.value) = (o.person, s.dimension, s.value) WHERE o.grain = g.grain AND o.period = p - g.length AND NOT EXISTS (SELECT FROM pg_temp.presence i WHERE (i.grain, i.period, i.person) = (o.grain, p::date, o.person))),
			p + g.length <= pg_temp.today()
		FROM pg_temp.slices s, (VALUES ('week', interval '7 days'), ('month', interval '1 month')) g(grain, length),
			LATERAL generate_series(CASE g.grain WHEN 'week' THEN pg_temp.week(s.first) ELSE date_trunc('month', s.first) END::timestamp, pg_temp.today() - interval '1 day', g.length) p
			LEFT JOIN LATERAL (SELECT o.*, (SELECT min(i.period) FROM pg_temp.presence i WHERE (i.grain, i.person) = (o.grain, o.person)) AS first, EXISTS (SELECT FROM pg_temp.presence i WHERE (i.grain, i.period, i.person) = (o.grain, (p - g.length)::date, o.person)) AS again
				FROM pg_temp.presence o JOIN pg_temp.attributes t ON (t.person, t.dimension, t.value) = (o.person, s.dimension, s.value) WHERE o.grain = g.grain AND o.period = p::date) n ON true
		GROUP BY s.dimension, s.value, g.grain, g.length, p$$),
	('cohort_retention_by_dimension', 'SELECT dimension, value, cohort, age, cohort_users, eligible_users, retained_users FROM nudge_analytics.cohort_retention_by_dimension WHERE cohort_users > 0 AND eligible_users > 0',
		$$SELECT t.dimension, t.value, c.cohort, g.age, count(*), count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM pg_temp.presence o WHERE (o.grain, o.person, o.period) = ('month', c.person, (c.cohort + make_interval(months => g.age))::date)))
		FROM (SELECT f.person, date_trunc('month', f.day)::date AS cohort FROM pg_temp.firsts f) c JOIN pg_temp.attributes t USING (person), generate_series(0, 12) g(age) WHERE c.cohort + make_interval(months => g.age + 1) <= pg_temp.today() GROUP BY 1, 2, 3, 4$$),
	('user_retention_by_dimension', 'SELECT dimension, value, age, period, cohort_users, eligible_users, retained_users, complete FROM nudge_analytics.user_retention_by_dimension WHERE cohort_users > 0',
		$$SELECT t.dimension, t.value, n.age, date_trunc('month', f.day)::date, count(*), count(*) FILTER (WHERE f.day + n.age < pg_temp.today()), count(*) FILTER (WHERE EXISTS (SELECT FROM pg_temp.acts a WHERE a.person = f.person AND a.day = f.day + n.age)),
			(date_trunc('month', f.day) + interval '1 month' - interval '1 day')::date + n.age < pg_temp.today()
		FROM pg_temp.firsts f JOIN pg_temp.attributes t USING (person), (VALUES (1), (7), (30), (90)) n(age) GROUP BY 1, 2, 3, date_trunc('month', f.day)$$),
	('user_classes_by_dimension', 'SELECT dimension, value, period, power_users, regular_users, low_users, dormant_users, active_users, qualified_users, total_users, complete FROM nudge_analytics.user_classes_by_dimension',
		$$SELECT s.dimension, s.value, w::date, count(*) FILTER (WHERE b.n > 10), count(*) FILTER (WHERE b.n BETWEEN 3 AND 10), count(*) FILTER (WHERE b.n BETWEEN 1 AND 2), count(*) FILTER (WHERE b.n IS NULL), count(b.n), count(*) FILTER (WHERE b.n >= 3), count(*), w + interval '7 days' <= pg_temp.today()
		FROM pg_temp.slices s, LATERAL generate_series(pg_temp.week(s.first)::timestamp, pg_temp.today() - interval '1 day', interval '7 days') w,
			LATERAL (SELECT f.person, (SELECT sum(a.n) FROM pg_temp.acts a WHERE a.person = f.person AND a.day >= w AND a.day < w + interval '7 days') AS n FROM pg_temp.firsts f JOIN pg_temp.attributes t ON (t.person, t.dimension, t.value) = (f.person, s.dimension, s.value) WHERE f.day < w + interval '7 days') b
		GROUP BY s.dimension, s.value, w$$),
	('feature_adoption_by_dimension', 'SELECT feature, dimension, value, users, discovered_users, tried_users, adopted_users, habitual_users, uses FROM nudge_analytics.feature_adoption_by_dimension WHERE discovered_users > 0 OR users > 0',
		$$SELECT f.feature, t.dimension, t.value, count(*) FILTER (WHERE u.signed_up_at < now()), count(d.person), count(*) FILTER (WHERE d.uses > 0), count(*) FILTER (WHERE d.uses >= 3), count(*) FILTER (WHERE d.weeks = 4), coalesce(sum(d.uses), 0)::bigint
		FROM (SELECT DISTINCT e.feature FROM events e JOIN users u ON u.id = e.person AND u.internal IS NOT TRUE WHERE e.feature IS NOT NULL) f CROSS JOIN users u JOIN pg_temp.attributes t ON t.person = u.id
			LEFT JOIN pg_temp.used d ON d.person = u.id AND d.feature = f.feature WHERE u.internal IS NOT TRUE GROUP BY 1, 2, 3 HAVING count(d.person) > 0 OR count(*) FILTER (WHERE u.signed_up_at < now()) > 0$$),
	('activation', 'SELECT grain, period, dimension, value, sign_ups, eligible_users, activated_users, week_eligible_users, week_activated_users, round(median_seconds_to_activate::numeric, 3), period_complete, complete, week_complete, null_reason IS NULL FROM nudge_analytics.activation',
		$$SELECT p.grain, p.period, t.dimension, t.value, count(*), count(*) FILTER (WHERE s.known > '24 hours'), CASE WHEN k.defined THEN count(*) FILTER (WHERE s.known > '24 hours' AND s.took <= '24 hours') END, count(*) FILTER (WHERE s.known > '7 days'),
			CASE WHEN k.defined THEN count(*) FILTER (WHERE s.known > '7 days' AND s.took <= '168 hours') END, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.took)::float8) FILTER (WHERE s.known > '7 days' AND s.took <= '168 hours'))::numeric, 3),
			p.ends <= m.midnight, p.ends + interval '24 hours' <= m.midnight, p.ends + interval '168 hours' <= m.midnight, k.defined
		FROM (SELECT pg_temp.midnight(pg_temp.today()) AS midnight) m, (SELECT EXISTS (SELECT FROM nudge.action_sets a WHERE a.name = 'activation') AS defined) k, pg_temp.sign_ups s JOIN (SELECT * FROM pg_temp.attributes UNION ALL SELECT u.id, 'all', 'all' FROM users u) t USING (person),
			LATERAL (VALUES ('week', pg_temp.week(s.day), pg_temp.midnight(pg_temp.week(s.day) + 7)), ('month', date_trunc('month', s.day)::date, pg_temp.midnight((date_trunc('month', s.day) + interval '1 month')::date))) p(grain, period, ends)
		GROUP BY 1, 2, 3, 4, p.ends, m.midnight, k.defined$$),
	-- the family's function, of sign-ups and actions as events
	('activation: summary', $$SELECT sum(eligible_users), sum(activated_users), sum(week_eligible_users), sum(week_activated_users) FROM nudge_analytics.activation WHERE grain = 'month' AND dimension = 'all' AND null_reason IS NULL HAVING count(*) > 0$$,
		$$SELECT d.eligible, d.activated_within, w.eligible, w.activated_within
		FROM (SELECT nudge.funnel_agg(e.person, e.at, e.name, '{sign up,activate}') AS state FROM (SELECT s.person, s.signed_up_at AS at, 'sign up' AS name FROM pg_temp.sign_ups s
				UNION ALL SELECT e.person, e.at, 'activate' FROM events e JOIN pg_temp.sign_ups s USING (person) WHERE e.at >= s.signed_up_at AND e.name IN (SELECT a.event FROM nudge.action_sets a WHERE a.name = 'activation')) e) f,
			nudge.activation_summary(f.state, '24 hours', pg_temp.midnight(pg_temp.today())) d, nudge.activation_summary(f.state, '168 hours', pg_temp.midnight(pg_temp.today())) w
		WHERE EXISTS (SELECT FROM nudge.action_sets a WHERE a.name = 'activation') AND EXISTS (SELECT FROM pg_temp.sign_ups)$$),
	-- each dimension has all that the totals have
	('sums: active_users', 'SELECT dimension, day, sum(dau), sum(wau), sum(mau), sum(new_users), sum(total_users) FROM nudge_analytics.active_users_by_dimension GROUP BY 1, 2',
		$$SELECT d.dimension, a.day, a.dau, a.wau, a.mau, a.new_users, a.total_users FROM nudge_analytics.active_users a, (SELECT DISTINCT dimension FROM pg_temp.slices) d WHERE a.day IN (SELECT b.day FROM nudge_analytics.active_users_by_dimension b)$$),
	('sums: lifecycle', 'SELECT dimension, grain, period, sum(active_users), sum(new_users), sum(returning_users), sum(resurrecting_users), sum(dormant_users) FROM nudge_analytics.lifecycle_by_dimension GROUP BY 1, 2, 3',
		$$SELECT d.dimension, l.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users FROM nudge_analytics.lifecycle l, (SELECT DISTINCT dimension FROM pg_temp.slices) d$$),
	('sums: cohort_retention', 'SELECT dimension, cohort, age, sum(cohort_users), sum(eligible_users), sum(retained_users) FROM nudge_analytics.cohort_retention_by_dimension WHERE eligible_users > 0 GROUP BY 1, 2, 3',
		$$SELECT d.dimension, c.cohort, c.age, c.cohort_users, c.eligible_users, c.retained_users FROM nudge_analytics.cohort_retention c, (SELECT DISTINCT dimension FROM pg_temp.slices) d WHERE c.grain = 'month' AND c.eligible_users > 0$$),
	('sums: user_retention', 'SELECT dimension, age, period, sum(cohort_users), sum(eligible_users), sum(retained_users) FROM nudge_analytics.user_retention_by_dimension GROUP BY 1, 2, 3',
		$$SELECT d.dimension, r.age, r.period, r.cohort_users, r.eligible_users, r.retained_users FROM nudge_analytics.user_retention r, (SELECT DISTINCT dimension FROM pg_temp.slices) d$$),
	('session_metrics_by_dimension', 'SELECT dimension, value, month, sessions, users, events, bounces, returning_users, trim_scale(duration_seconds) FROM nudge_analytics.session_metrics_by_dimension',
		$$SELECT a.dimension, a.value, n.month, sum(n.sessions)::bigint, count(*), sum(n.events)::bigint, sum(n.bounces)::bigint, count(*) FILTER (WHERE n.sessions > 1), trim_scale(sum(n.seconds)) FROM (
			SELECT s.person, date_trunc('month', s.day)::date AS month, count(*) AS sessions, sum(s.n) AS events, count(*) FILTER (WHERE s.n = 1) AS bounces, sum(s.seconds) AS seconds FROM (
				SELECT e.person, min((e.at AT TIME ZONE 'Europe/Berlin')::date) AS day, count(*) AS n, extract(epoch FROM max(e.at) - min(e.at)) AS seconds FROM (
					SELECT g.person, g.at, count(*) FILTER (WHERE g.is_first) OVER (PARTITION BY g.person ORDER BY g.at) AS nr FROM (
						SELECT e.person, e.at, coalesce(e.at - lag(e.at) OVER (PARTITION BY e.person ORDER BY e.at) > interval '30 minutes', true) AS is_first FROM events e WHERE e.person IS NOT NULL) g) e
				GROUP BY e.person, e.nr) s
			WHERE s.day < pg_temp.today() GROUP BY 1, 2) n JOIN pg_temp.attributes a ON a.person = n.person GROUP BY 1, 2, 3$$),
	('sums: user_classes', 'SELECT dimension, period, sum(power_users), sum(regular_users), sum(low_users), sum(dormant_users), sum(total_users) FROM nudge_analytics.user_classes_by_dimension GROUP BY 1, 2',
		$$SELECT d.dimension, c.period, c.power_users, c.regular_users, c.low_users, c.dormant_users, c.total_users FROM nudge_analytics.user_classes c, (SELECT DISTINCT dimension FROM pg_temp.slices) d$$),
	('sums: feature_adoption', 'SELECT dimension, feature, sum(users), sum(discovered_users), sum(tried_users), sum(adopted_users), sum(habitual_users), sum(uses) FROM nudge_analytics.feature_adoption_by_dimension GROUP BY 1, 2',
		$$SELECT d.dimension, f.feature, f.users, f.discovered_users, f.tried_users, f.adopted_users, f.habitual_users, f.uses FROM nudge_analytics.feature_adoption f, (SELECT DISTINCT dimension FROM pg_temp.attributes) d$$),
	('sums: activation', $$SELECT dimension, grain, period, sum(sign_ups), sum(eligible_users), sum(activated_users), sum(week_activated_users) FROM nudge_analytics.activation WHERE dimension <> 'all' GROUP BY 1, 2, 3$$,
		$$SELECT d.dimension, a.grain, a.period, a.sign_ups, a.eligible_users, a.activated_users, a.week_activated_users FROM nudge_analytics.activation a, (SELECT DISTINCT dimension FROM pg_temp.attributes) d WHERE a.dimension = 'all'$$);

CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	o record;
BEGIN
	PERFORM pg_temp.look();
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
SELECT isnt_empty('SELECT FROM nudge_analytics.' || w.what, w.what) FROM unnest('{user_classes_by_dimension WHERE power_users > 0,feature_adoption_by_dimension WHERE habitual_users > 0,activation WHERE activated_users > 0,activation WHERE complete AND week_activated_users > activated_users,
	active_users_by_dimension WHERE NOT every_day,"activity_dimension_buckets WHERE dimension = ''role'' AND value = ''(none)''",lifecycle_by_dimension WHERE value = ''all (segment)'',activation WHERE period_complete AND NOT week_complete}'::text[]) w(what);
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
SELECT pg_temp.rounds(8);

-- Users behind the numbers ------------------------------------------------

SELECT set_eq($$SELECT period_start, dimension_value, sign_ups FROM nudge_reporting.activation_by_period WHERE grain = 'month' AND dimension = 'segment'$$,
	$$SELECT signed_up_month, segment, count(*) FROM nudge_reporting.activation_users WHERE signed_up_at < pg_temp.midnight(pg_temp.today()) GROUP BY 1, 2$$, 'those who signed up are there one by one');
SELECT set_eq($$SELECT period_start, week_activated_users FROM nudge_reporting.activation_by_period WHERE grain = 'week' AND dimension = 'all' AND week_complete AND null_reason IS NULL$$,
	$$SELECT w.period_start, (SELECT count(*) FROM nudge_reporting.activation_users u WHERE u.signed_up_week = w.period_start AND u.is_activated_in_a_week) FROM nudge_reporting.activation_by_period w WHERE w.grain = 'week' AND w.dimension = 'all' AND w.week_complete AND w.null_reason IS NULL$$, 'and those who are activated');

-- What a change computes ----------------------------------------------------

TRUNCATE customers, users, events, subscriptions;
INSERT INTO customers (customer, created_at, segment) SELECT 'c' || n, now() - interval '1 year', 'small' FROM generate_series(1, 9) n;
INSERT INTO users SELECT 'u' || n, 'c' || 1 + n % 9, now() - make_interval(days => n), NULL, 'member', false FROM generate_series(1, 90) n;
INSERT INTO events (person, at, name, feature) SELECT 'u' || n, now() - make_interval(days => n % 40), 'open', 'editor' FROM generate_series(1, 90) n;
INSERT INTO subscriptions (customer, item, plan, valid_from, amount, interval_unit, interval_count, currency, status) SELECT 'c' || n, n, 'pro', now() - interval '100 days', 60, 'month', 1, 'EUR', 'active' FROM generate_series(1, 9) n;
SELECT pg_temp.refresh_all() \g /dev/null
CREATE FUNCTION pg_temp.computed(change text) RETURNS TABLE (name text, keys bigint, wrote boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	before constant bigint := (SELECT max(r.run_id) FROM nudge.run_history r);
BEGIN
	EXECUTE change;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT h.name::text, h.keys::bigint, h.rows_written + h.rows_deleted > 0 FROM nudge.run_history h WHERE h.run_id > before AND h.name IN ('customer_dimensions', 'user_dimensions', 'activity_dimension_buckets', 'user_activation', 'activation', 'lifecycle_by_dimension') AND h.keys > 0;
END
$$;
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE users SET role = ''admin'' WHERE id = ''u50''')$$, $$VALUES ('user_dimensions', 1::bigint, true), ('activity_dimension_buckets', 1, true), ('user_activation', 1, false), ('activation', 2, true), ('lifecycle_by_dimension', 1, true)$$,
	'another role is one of its user, bucket and months, and of one dimension');
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE subscriptions SET amount = 70 WHERE customer = ''c3''')$$, $$VALUES ('customer_dimensions', 1::bigint, false)$$, 'another price that changes no class is one of its customer, writes nothing, and comes to no user');
SELECT set_eq($$SELECT c.name, c.keys <= 4, c.wrote FROM pg_temp.computed('UPDATE customers SET segment = ''large'' WHERE customer = ''c3''') c WHERE c.name IN ('activity_dimension_buckets', 'lifecycle_by_dimension')$$,
	$$VALUES ('activity_dimension_buckets', true, true), ('lifecycle_by_dimension', true, true)$$, 'another segment is one of the buckets of its users');
SELECT set_eq($$SELECT c.name, c.wrote FROM pg_temp.computed('INSERT INTO events (person, at, name) VALUES (''u50'', now() - interval ''3 days'', ''open'')') c WHERE c.keys = 1$$, $$VALUES ('activity_dimension_buckets', true), ('user_activation', false)$$, 'an event is one of the bucket of its user');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'and all is right');

-- Without a definition ------------------------------------------------------

DELETE FROM nudge.action_sets;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq($$SELECT DISTINCT activated_users, activation_rate, median_seconds_to_activate, null_reason FROM nudge_analytics.activation$$, $$VALUES (NULL::bigint, NULL::numeric, NULL::double precision, 'no action set activation')$$, 'nobody can say who is activated');
SELECT results_eq($$SELECT metric, value IS NULL, null_reason FROM nudge_reporting.kpi_current WHERE metric IN ('activation_rate', 'sign_ups') ORDER BY 1$$, $$VALUES ('activation_rate', true, 'not known'), ('sign_ups', false, NULL)$$, 'which the key figure says');
INSERT INTO nudge.action_sets VALUES ('activation', 'open');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'a definition');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'is followed');

-- Time --------------------------------------------------------------------

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 25)) i \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.refresh_all(), 'nothing', 'nothing is left to be done');
CREATE FUNCTION pg_temp.contents() RETURNS TABLE (name text, row_text text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	FOR name IN SELECT m.name FROM nudge.materialisations m LOOP
		RETURN QUERY EXECUTE format('SELECT %L, t::text FROM nudge_analytics.%I t', name, name);
	END LOOP;
END
$$;
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
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', p), 'after ' || p || ' without a change time brings what it should') FROM unnest('{75 days,8 days,3 days,1 day,5 hours,1 second,1 microsecond}'::interval[]) p;

-- Edges -------------------------------------------------------------------

TRUNCATE users;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq('SELECT DISTINCT value FROM nudge_analytics.lifecycle_by_dimension', $$VALUES ('(none)')$$, 'users that no table knows are of no value');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'which is what the tables say');
SELECT format('TRUNCATE %I', i) FROM pg_temp.inputs() i \gexec
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rows that are gone');
SELECT is_empty('SELECT c.name FROM pg_temp.contents() c', 'leave nothing behind');

SELECT * FROM finish();
ROLLBACK;
