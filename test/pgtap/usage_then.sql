--
-- usage_then.sql
--		Active users by what their accounts were then: after random changes of events,
--		users, accounts, prices and histories the marts are what plain SQL says of the
--		tables themselves, each dimension adds up to the users of the month, a change
--		computes the months of its bucket alone, and time alone brings what it should.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed usage_then
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
CREATE TABLE customers (customer text PRIMARY KEY, created_at timestamptz, segment text, industry text, region text);
CREATE TABLE users (id text PRIMARY KEY, customer text, signed_up_at timestamptz, internal boolean);
CREATE TABLE events (id bigint DEFAULT nextval('ids'), person text, at timestamptz, name text);
CREATE TABLE subscriptions (id bigint DEFAULT nextval('ids'), customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text);
CREATE TABLE dimension_history (id bigint DEFAULT nextval('ids'), customer text, dimension text, value text, valid_from timestamptz, valid_to timestamptz);

CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql STABLE RETURN (now() AT TIME ZONE 'Europe/Berlin')::date;
CREATE FUNCTION pg_temp.midnight(day date) RETURNS timestamptz LANGUAGE sql STABLE RETURN day::timestamp AT TIME ZONE 'Europe/Berlin';
CREATE FUNCTION pg_temp.month(back integer) RETURNS date LANGUAGE sql STABLE RETURN (date_trunc('month', pg_temp.today()) - make_interval(months => back))::date;
-- Some are dated in the days to come, some a moment ago, some at midnight, some just as a month begins, and a few long ago
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(8) WHEN 0 THEN now() + random() * interval '40 days' WHEN 1 THEN now() - random() * random() * interval '6 hours' WHEN 2 THEN now() - interval '400 days' - random() * interval '60 days'
		WHEN 3 THEN pg_temp.midnight(pg_temp.today() - pg_temp.below(70)) WHEN 4 THEN pg_temp.midnight(pg_temp.month(pg_temp.below(5))) + make_interval(secs => (pg_temp.below(3) - 1) / 1000.0) ELSE now() - random() * interval '150 days' END;
CREATE FUNCTION pg_temp.later(at timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.6 THEN at + pg_temp.below(90) * interval '17 hours' + interval '1 minute' END;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	ends constant timestamptz := pg_temp.later(at);
	c constant text := 'c' || pg_temp.below(9);
	u constant text := 'u' || pg_temp.below(20);
BEGIN
	CASE name
		WHEN 'customers' THEN INSERT INTO customers VALUES (c, at - interval '60 days', pg_temp.one_of('{small,large, small ,ALL,"",NULL}'), pg_temp.one_of('{a,b}'), pg_temp.one_of('{north,south,NULL}'))
			ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment, region = excluded.region;
		-- some of an account that is not there, or of none
		WHEN 'users' THEN INSERT INTO users VALUES (u, pg_temp.one_of(ARRAY[c, c, c, 'nowhere', NULL]), at, random() < 0.15) ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, internal = excluded.internal;
		WHEN 'events' THEN INSERT INTO events (person, at, name) SELECT CASE WHEN random() < 0.95 THEN u END, at + i * pg_temp.below(60) * interval '1 hour', pg_temp.one_of('{send,open}') FROM generate_series(0, pg_temp.below(7)) i;
		WHEN 'subscriptions' THEN INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status)
			SELECT c, nextval('ids'), pg_temp.one_of('{pro,mini," seat"}'), f, pg_temp.later(f), 50 + pg_temp.below(3) * 100, 'month', 1, pg_temp.one_of('{EUR,EUR,USD}'), pg_temp.one_of('{active,ended,trialing}') FROM (SELECT at - pg_temp.one_of('{0,80 days,370 days}')::interval AS f) f;
		WHEN 'dimension_history' THEN INSERT INTO dimension_history (customer, dimension, value, valid_from, valid_to)
			VALUES (pg_temp.one_of(ARRAY[c, c, c, 'nowhere']), pg_temp.one_of('{segment,segment,region,company_size,owner}'), pg_temp.one_of('{small,large," mid",all,""}'), at, ends);
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()) || '{events,events,users,users,dimension_history,subscriptions,entities}');
	pick constant integer := pg_temp.below(12);
BEGIN
	IF name = 'entities' THEN
		CASE pick % 4
			WHEN 0 THEN PERFORM nudge.exclude('customer', ARRAY['c' || pg_temp.below(9)], 'own'), nudge.exclude('user', ARRAY['u' || pg_temp.below(20)], 'own');
			WHEN 1 THEN PERFORM nudge.include(e.entity, ARRAY[e.key]) FROM nudge.exclusions e;
			WHEN 2 THEN PERFORM nudge.merge_entity('customer', 'c8', 'c1'), nudge.merge_entity('user', 'u19', 'u1');
			ELSE PERFORM nudge.unmerge_entity('customer', 'c8'), nudge.unmerge_entity('user', 'u19');
		END CASE;
	ELSIF pick = 0 THEN
		EXECUTE format('DELETE FROM %I WHERE ctid IN (SELECT ctid FROM %1$I ORDER BY random() LIMIT 5)', name);
	ELSIF pick = 1 AND name = 'events' THEN
		UPDATE events SET person = 'u' || pg_temp.below(20) WHERE ctid IN (SELECT ctid FROM events ORDER BY random() LIMIT 5);
	ELSIF pick = 2 AND name = 'events' THEN
		UPDATE events SET at = at - pg_temp.one_of('{1 month,7 days}')::interval WHERE id % 6 = 0;
	ELSIF pick IN (1, 2) AND name IN ('users', 'subscriptions', 'dimension_history') THEN
		EXECUTE format('UPDATE %I SET customer = %L WHERE ctid IN (SELECT ctid FROM %1$I ORDER BY random() LIMIT 4)', name, 'c' || pg_temp.below(9));
	ELSIF pick IN (3, 4) AND name IN ('subscriptions', 'dimension_history') THEN
		EXECUTE format('UPDATE %I SET valid_to = valid_from + make_interval(days => pg_temp.below(40), secs => %s) WHERE id %% 4 = %s', name, CASE name WHEN 'subscriptions' THEN 1 ELSE 0 END, pg_temp.below(4));
	ELSIF pick = 5 AND name = 'dimension_history' THEN
		UPDATE dimension_history SET value = 'huge' WHERE id % 5 = 0;
	ELSIF pick = 6 AND random() < 0.1 THEN
		EXECUTE format('TRUNCATE %I', name);
	ELSE
		PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END IF;
	RETURN name;
END
$$;

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 20)) i \g /dev/null
SELECT pg_temp.add('events') FROM generate_series(1, 120) \g /dev/null
-- One account that was small, large from the first instant of this month on, and huge from tomorrow; one whose history begins after its first users; a price that ends a month with it
INSERT INTO customers VALUES ('grown', now() - interval '1 year', 'huge', 'a', 'north'), ('late', now() - interval '1 year', 'large', 'a', 'north');
INSERT INTO dimension_history (customer, dimension, value, valid_from, valid_to) VALUES ('grown', 'segment', 'small', now() - interval '1 year', pg_temp.midnight(pg_temp.month(0))), ('grown', 'segment', 'large', pg_temp.midnight(pg_temp.month(0)), now() + interval '1 day'),
	('grown', 'segment', 'huge', now() + interval '1 day', NULL), ('late', 'segment', 'large', pg_temp.midnight(pg_temp.month(1)) - interval '1 millisecond', NULL);
INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status) VALUES ('grown', 'g1', 'mini', pg_temp.midnight(pg_temp.month(3)), pg_temp.midnight(pg_temp.month(1)), 20, 'month', 1, 'EUR', 'ended'), ('grown', 'g2', 'pro', pg_temp.midnight(pg_temp.month(1)), NULL, 50, 'month', 1, 'EUR', 'active');
INSERT INTO users VALUES ('g', 'grown', now() - interval '300 days', false), ('l', 'late', now() - interval '300 days', false);
INSERT INTO events (person, at, name) SELECT p, pg_temp.midnight(pg_temp.month(m)) + interval '1 hour', 'open' FROM unnest('{g,l}'::text[]) p, generate_series(1, 4) m;

-- marts of other subjects have tests of their own
DELETE FROM nudge.shipped_marts m WHERE NOT (m.place BETWEEN 1280 AND 1289 OR m.name IN ('customer_mrr', 'dim_customers', 'dim_users', 'customer_products', 'customer_dimensions', 'customer_attributes_then', 'customer_products_then', 'user_dimensions', 'user_activity_states', 'activity_buckets', 'lifecycle'));
SELECT nudge.map_source(i, i, CASE i WHEN 'events' THEN '{"user": "person"}' WHEN 'users' THEN '{"user": "id"}' ELSE '{}' END::jsonb) FROM pg_temp.inputs() i WHERE i <> 'dimension_history' \g /dev/null
SELECT count(*) FROM nudge.deploy(zone => 'Europe/Berlin', buckets => 4) \gset
SELECT is(count(*), 14::bigint, 'all are there') FROM nudge.materialisations;
-- without a history there is what follows from prices
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'the first refresh writes');
SELECT set_eq('SELECT DISTINCT dimension FROM nudge_analytics.active_users_by_dimension_then', '{plan,product_mix,tenure}'::text[], 'without a history there is what follows from prices');
SELECT set_eq('SELECT period, sum(active_users) FROM nudge_analytics.active_users_by_dimension_then GROUP BY period, dimension', $$SELECT period, active_users::numeric FROM nudge_analytics.lifecycle WHERE grain = 'month' AND active_users > 0$$, 'of all users');
SELECT is_empty('SELECT pg_temp.wrong()', 'and verify finds nothing');
SELECT nudge.map_source('dimension_history', 'dimension_history') \g /dev/null
SELECT count(*) FROM nudge.deploy() \gset
-- some keys at a time
UPDATE nudge.materialisations SET batch_keys = 3 WHERE name IN ('customer_attributes_then', 'user_activity_months', 'activity_then_buckets', 'active_users_by_dimension_then');

-- What the tables say, at the instant of the refresh ------------------------

-- as whom a key counts; NULL if it is left out
CREATE FUNCTION pg_temp.counted(what text, k text) RETURNS text LANGUAGE sql STABLE
	RETURN (SELECT c.as_whom FROM (SELECT coalesce((SELECT m.counted_as FROM nudge.entity_merges m WHERE m.entity = what AND m.key = k), k) AS as_whom) c
		WHERE NOT EXISTS (SELECT FROM nudge.exclusions e WHERE e.entity = what AND e.key IN (k, c.as_whom)));
CREATE VIEW pg_temp.acts_now AS
	SELECT DISTINCT pg_temp.counted('user', e.person) AS person, (e.at AT TIME ZONE 'Europe/Berlin')::date AS day FROM events e WHERE pg_temp.counted('user', e.person) IS NOT NULL AND e.at < pg_temp.midnight(pg_temp.today());
CREATE TEMP TABLE acts AS SELECT * FROM pg_temp.acts_now WITH NO DATA;
CREATE VIEW pg_temp.prices_now AS
	SELECT pg_temp.counted('customer', s.customer) AS customer, btrim(s.plan) AS plan, s.amount, s.valid_from, s.valid_to FROM subscriptions s WHERE pg_temp.counted('customer', s.customer) IS NOT NULL AND (s.status = 'active' OR s.status = 'ended' AND s.valid_to IS NOT NULL);
CREATE TEMP TABLE prices AS SELECT * FROM pg_temp.prices_now WITH NO DATA;
-- what was in force just before an instant; whoever has a history of it, has no other value
CREATE FUNCTION pg_temp.had(who text, dimension text, t timestamptz) RETURNS text LANGUAGE sql STABLE
	RETURN CASE dimension
		WHEN 'plan' THEN (SELECT p.plan FROM pg_temp.prices p WHERE p.customer = who AND p.valid_from < t AND (p.valid_to IS NULL OR p.valid_to >= t) ORDER BY p.amount DESC, p.valid_from DESC, p.plan LIMIT 1)
		WHEN 'product_mix' THEN (SELECT string_agg(b.plan, ' + ' ORDER BY b.plan) FROM (SELECT DISTINCT p.plan FROM pg_temp.prices p WHERE p.customer = who AND p.valid_from < t AND (p.valid_to IS NULL OR p.valid_to >= t)) b)
		WHEN 'tenure' THEN (SELECT CASE (SELECT count(*) FROM unnest('{3 months,1 year,2 years}'::interval[]) i WHERE ((t - interval '1 microsecond') AT TIME ZONE 'Europe/Berlin')::date >= ((min(p.valid_from) AT TIME ZONE 'Europe/Berlin')::date + i)::date)
			WHEN 0 THEN 'under 3 months' WHEN 1 THEN '3 to 12 months' WHEN 2 THEN '1 to 2 years' ELSE '2 years or more' END FROM pg_temp.prices p WHERE p.customer = who HAVING bool_or(p.valid_from < t AND (p.valid_to IS NULL OR p.valid_to >= t)))
		ELSE (SELECT CASE WHEN EXISTS (SELECT FROM nudge_staging.dimension_history h WHERE h.customer = who AND h.dimension = had.dimension)
			THEN (SELECT h.value FROM nudge_staging.dimension_history h WHERE h.customer = who AND h.dimension = had.dimension AND h.valid_from < t AND (h.valid_to IS NULL OR h.valid_to >= t) ORDER BY h.valid_from DESC, h.value COLLATE "C" LIMIT 1)
			ELSE (SELECT CASE had.dimension WHEN 'segment' THEN c.segment WHEN 'industry' THEN c.industry WHEN 'region' THEN c.region END FROM nudge_staging.customers c WHERE c.customer = who) END) END;
CREATE VIEW pg_temp.months_now AS
	SELECT m.person, m.month, m.days, m.month = min(m.month) OVER (PARTITION BY m.person) AS is_new, lag(m.month) OVER (PARTITION BY m.person ORDER BY m.month) = (m.month - interval '1 month')::date AS is_returning, u.customer
	FROM (SELECT a.person, date_trunc('month', a.day)::date AS month, count(*) AS days FROM pg_temp.acts a GROUP BY 1, 2) m LEFT JOIN nudge_staging.users u ON u."user" = m.person;
CREATE TEMP TABLE months AS SELECT * FROM pg_temp.months_now WITH NO DATA;
CREATE VIEW pg_temp.slices_now AS
	SELECT m.*, d.dimension, CASE WHEN d.dimension = 'segment' AND lower(btrim(h.value)) = 'all' THEN 'all (segment)' ELSE coalesce(nullif(btrim(h.value), ''), '(none)') END AS value, m.month < pg_temp.month(0) AS complete
	FROM pg_temp.months m CROSS JOIN unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure}'::text[]) d(dimension),
		LATERAL (SELECT pg_temp.had(m.customer, d.dimension, least((m.month + interval '1 month') AT TIME ZONE 'Europe/Berlin', now())) AS value) h;
CREATE TEMP TABLE slices AS SELECT * FROM pg_temp.slices_now WITH NO DATA;

CREATE FUNCTION pg_temp.look() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{acts,prices,months,slices}'::text[] LOOP
		EXECUTE format('TRUNCATE pg_temp.%I; INSERT INTO pg_temp.%1$I SELECT * FROM pg_temp.%I; ANALYZE pg_temp.%1$I', name, name || '_now');
	END LOOP;
END
$$;
CREATE TABLE pg_temp.oracles (what text PRIMARY KEY, actual text, expected text);
INSERT INTO pg_temp.oracles VALUES
	('active_users_by_dimension_then', 'SELECT period, dimension, value, active_users, new_users, returning_users, resurrecting_users, active_days, complete FROM nudge_analytics.active_users_by_dimension_then',
		$$SELECT s.month, s.dimension, s.value, count(*), count(*) FILTER (WHERE s.is_new), count(*) FILTER (WHERE s.is_returning), count(*) FILTER (WHERE NOT s.is_new AND NOT s.is_returning), sum(s.days)::bigint, s.complete FROM pg_temp.slices s GROUP BY s.month, s.dimension, s.value, s.complete$$),
	-- each dimension has all users of the calendar month, as the function of the family counts them
	('sums: lifecycle', 'SELECT dimension, period, sum(active_users), sum(new_users), sum(returning_users), sum(resurrecting_users), bool_and(complete), bool_or(complete) FROM nudge_analytics.active_users_by_dimension_then GROUP BY 1, 2',
		$$SELECT d.dimension, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.complete, l.complete FROM nudge_analytics.lifecycle l, (SELECT DISTINCT dimension FROM pg_temp.slices) d WHERE l.grain = 'month' AND l.active_users > 0$$),
	-- the users behind the totals, one by one
	('user_activity_monthly', $$SELECT v.period_start, v.user_id, v.customer, v.lifecycle_status, v.active_days, v.segment, v.industry, v.company_size, v.region, v.growth_tier, v.sales_channel, v.plan, v.product_mix, v.tenure FROM nudge_reporting.user_activity_monthly v$$,
		$$SELECT s.month, s.person, s.customer, CASE WHEN s.is_new THEN 'new' WHEN s.is_returning THEN 'returning' ELSE 'resurrected' END, s.days::integer, min(s.value) FILTER (WHERE s.dimension = 'segment'), min(s.value) FILTER (WHERE s.dimension = 'industry'), min(s.value) FILTER (WHERE s.dimension = 'company_size'),
			min(s.value) FILTER (WHERE s.dimension = 'region'), min(s.value) FILTER (WHERE s.dimension = 'growth_tier'), min(s.value) FILTER (WHERE s.dimension = 'sales_channel'), min(s.value) FILTER (WHERE s.dimension = 'plan'), min(s.value) FILTER (WHERE s.dimension = 'product_mix'), min(s.value) FILTER (WHERE s.dimension = 'tenure')
		FROM pg_temp.slices s GROUP BY 1, 2, 3, 4, 5$$),
	-- spans of a customer have all months, each once
	('customer_attributes_then', $$SELECT t.customer, m::date, count(*), min(t.segment) FROM nudge_analytics.customer_attributes_then t, generate_series(pg_temp.month(30)::timestamp, pg_temp.month(0), interval '1 month') m WHERE coalesce(t.from_period <= m, true) AND coalesce(t.until_period > m, true) AND t.segment IS NOT NULL GROUP BY 1, 2$$,
		$$SELECT h.customer, m::date, 1, nudge.attribute_label('segment', pg_temp.had(h.customer, 'segment', least((m + interval '1 month') AT TIME ZONE 'Europe/Berlin', now()))) FROM (SELECT DISTINCT customer FROM nudge_staging.dimension_history WHERE dimension = 'segment') h, generate_series(pg_temp.month(30)::timestamp, pg_temp.month(0), interval '1 month') m$$);

CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	o record;
BEGIN
	PERFORM pg_temp.look();
	FOR o IN SELECT * FROM pg_temp.oracles ORDER BY what LOOP
		RETURN QUERY EXECUTE format('SELECT %L || d::text FROM ((SELECT ''has '' AS side, x::text FROM (%s EXCEPT ALL (%s)) x) UNION ALL (SELECT ''lacks '', x::text FROM ((%3$s) EXCEPT ALL %2$s) x)) d', o.what || ' ', o.actual, o.expected);
	END LOOP;
END
$$;

-- Rounds ------------------------------------------------------------------

SELECT isnt(pg_temp.refresh_all(), 'nothing', 'a history');
SELECT is_empty('SELECT name FROM nudge.materialisations WHERE last_error IS NOT NULL UNION ALL SELECT materialisation || key FROM nudge.quarantine', 'nothing is put aside');
SELECT is_empty('SELECT pg_temp.wrong()', 'verify finds nothing');
SELECT is_empty('SELECT pg_temp.otherwise()', 'all is as the tables say');
SELECT is(pg_temp.refresh_all(), 'nothing', 'a second refresh writes nothing');
SELECT is_empty(format('SELECT FROM (%s) q HAVING count(*) = 0', o.actual), o.what || ' has rows') FROM pg_temp.oracles o;
SELECT results_eq($$SELECT period_start, segment, plan, tenure FROM nudge_reporting.user_activity_monthly WHERE user_id = 'g' ORDER BY 1 DESC LIMIT 4$$,
	$$VALUES (pg_temp.month(1), 'small', 'pro', 'under 3 months'), (pg_temp.month(2), 'small', 'mini', 'under 3 months'), (pg_temp.month(3), 'small', 'mini', 'under 3 months'), (pg_temp.month(4), 'small', '(none)', '(none)')$$, 'what begins with a month is none of the month before');
SELECT results_eq($$SELECT period_start, segment, industry FROM nudge_reporting.user_activity_monthly WHERE user_id = 'l' ORDER BY 1 DESC LIMIT 3$$, $$VALUES (pg_temp.month(1), 'large', 'a'), (pg_temp.month(2), 'large', 'a'), (pg_temp.month(3), '(none)', 'a')$$, 'before its history there is no value, and without one it is as now');
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
SELECT pg_temp.rounds(15);

-- Time --------------------------------------------------------------------

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 15)) i \g /dev/null
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
CREATE FUNCTION pg_temp.since(instant timestamptz) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	UPDATE nudge.materialisations SET clock_at = instant WHERE has_clock;
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
SELECT is_empty(format('SELECT pg_temp.since(%L)', i), 'since ' || i || ' time brings what it should')
FROM unnest(ARRAY[now() - interval '75 days', now() - interval '3 days', now() - interval '1 day', now() - interval '5 hours', now() - interval '1 microsecond', pg_temp.midnight(pg_temp.today()), pg_temp.midnight(pg_temp.today()) - interval '1 microsecond', pg_temp.midnight(pg_temp.month(0)), pg_temp.midnight(pg_temp.month(0)) - interval '1 microsecond',
	pg_temp.midnight(pg_temp.month(0)) + interval '1 microsecond', pg_temp.midnight(pg_temp.month(1) + 1), pg_temp.midnight(pg_temp.month(5)) - interval '10 hours']) i;

-- What a change computes ----------------------------------------------------

SELECT nudge.include(e.entity, ARRAY[e.key]) FROM nudge.exclusions e \g /dev/null
SELECT nudge.unmerge_entity(m.entity, m.key) FROM nudge.entity_merges m \g /dev/null
TRUNCATE customers, users, events, subscriptions, dimension_history;
INSERT INTO customers (customer, created_at, segment) SELECT 'c' || n, now() - interval '1 year', 'small' FROM generate_series(1, 9) n;
INSERT INTO users SELECT 'u' || n, 'c' || 1 + n % 9, now() - interval '1 year', false FROM generate_series(1, 90) n;
INSERT INTO events (person, at, name) SELECT 'u' || n, pg_temp.midnight(pg_temp.month(m)) + interval '30 hours', 'open' FROM generate_series(1, 90) n, generate_series(1, 12) m;
INSERT INTO subscriptions (customer, item, plan, valid_from, amount, interval_unit, interval_count, currency, status) SELECT 'c' || n, n, 'pro', now() - interval '3 years', 60, 'month', 1, 'EUR', 'active' FROM generate_series(1, 9) n;
INSERT INTO dimension_history (customer, dimension, value, valid_from) SELECT 'c' || n, 'segment', 'small', now() - interval '2 years' FROM generate_series(1, 8) n;
SELECT pg_temp.refresh_all() \g /dev/null
CREATE FUNCTION pg_temp.computed(change text) RETURNS TABLE (name text, keys bigint, wrote bigint) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	before constant bigint := (SELECT max(r.run_id) FROM nudge.run_history r);
BEGIN
	EXECUTE change;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT h.name::text, h.keys::bigint, h.rows_written + h.rows_deleted FROM nudge.run_history h WHERE h.run_id > before AND h.name IN ('customer_attributes_then', 'user_activity_months', 'activity_then_buckets', 'active_users_by_dimension_then') AND h.keys > 0;
END
$$;
SELECT set_eq($$SELECT c.name, c.keys FROM pg_temp.computed(format('INSERT INTO events (person, at, name) VALUES (''u50'', %L, ''open'')', pg_temp.midnight(pg_temp.month(7)) + interval '10 days')) c$$,
	$$VALUES ('user_activity_months', 1::bigint), ('activity_then_buckets', 1), ('active_users_by_dimension_then', 1)$$, 'a late event computes its user, the month in its bucket, and the month');
SELECT set_eq($$SELECT c.name, c.keys, c.wrote FROM pg_temp.computed(format('INSERT INTO events (person, at, name) VALUES (''u50'', %L, ''close'')', pg_temp.midnight(pg_temp.month(7)) + interval '10 days')) c$$,
	$$VALUES ('user_activity_months', 1::bigint, 0::bigint)$$, 'one more of an active day writes nothing, and comes to no bucket');
SELECT set_eq($$SELECT c.name, c.keys <= CASE c.name WHEN 'activity_then_buckets' THEN 8 ELSE 10 END FROM pg_temp.computed(format('UPDATE dimension_history SET valid_to = %L WHERE customer = ''c3''', pg_temp.midnight(pg_temp.month(2)) + interval '10 days')) c$$,
	$$VALUES ('customer_attributes_then', true), ('user_activity_months', true), ('activity_then_buckets', true), ('active_users_by_dimension_then', true)$$, 'an end of a value computes the months that it changes, of its users');
SELECT is_empty($$SELECT c.* FROM pg_temp.computed('UPDATE customers SET segment = ''large'' WHERE customer = ''c3''') c WHERE c.wrote > 0$$, 'what has a history is not changed by what is now');
SELECT isnt_empty($$SELECT c.* FROM pg_temp.computed('UPDATE customers SET segment = ''large'' WHERE customer = ''c9''') c WHERE c.wrote > 0$$, 'what has none is as now');
SELECT set_eq($$SELECT c.name, c.keys FROM pg_temp.computed('UPDATE users SET customer = ''c9'' WHERE id = ''u50''') c WHERE c.name <> 'active_users_by_dimension_then'$$, $$VALUES ('user_activity_months', 1::bigint), ('activity_then_buckets', 12)$$, 'a user that goes to another account goes there in all its months');
SELECT set_eq($$SELECT c.name, c.keys FROM pg_temp.computed(format('INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status) VALUES (''c4'', ''old'', ''big'', %L, %L, 900, ''month'', 1, ''EUR'', ''ended'')', pg_temp.midnight(pg_temp.month(8)), pg_temp.midnight(pg_temp.month(6)))) c
	WHERE c.name IN ('user_activity_months', 'active_users_by_dimension_then')$$, $$VALUES ('user_activity_months', 10::bigint), ('active_users_by_dimension_then', 2)$$, 'a price of the past computes the months in which it was in force');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'and all is right');
-- quiet months are over by time alone
TRUNCATE now_there;
INSERT INTO now_there SELECT * FROM pg_temp.contents();
SELECT is_empty(format('SELECT pg_temp.since(%L)', i), 'quiet since ' || i) FROM unnest(ARRAY[pg_temp.midnight(pg_temp.month(0)) - interval '1 microsecond', pg_temp.midnight(pg_temp.month(2)) - interval '3 days']) i;

-- Edges -------------------------------------------------------------------

UPDATE nudge.materialisations SET batch_keys = 1 WHERE name = 'customer_attributes_then';
INSERT INTO dimension_history (customer, dimension, value, valid_from, valid_to) VALUES ('c1', 'segment', 'x', now() - interval '9 days', now() - interval '10 days'), ('c2', 'region', NULL, now() - interval '9 days', NULL), ('c5', 'region', 'ever', '-infinity', 'infinity'), ('c6', 'region', 'soon', now() + interval '1 day', NULL);
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq('SELECT materialisation, key, sqlstate FROM nudge.quarantine', $$VALUES ('customer_attributes_then', 'c1', '22023'), ('customer_attributes_then', 'c2', '22004')$$, 'a history that cannot be right is put aside');
SELECT set_eq($$SELECT DISTINCT customer, region FROM nudge_reporting.user_activity_monthly WHERE customer IN ('c5', 'c6', 'c7')$$, $$VALUES ('c5', 'ever'), ('c6', '(none)'), ('c7', '(none)')$$, 'what was ever, and what comes');
DELETE FROM dimension_history WHERE customer IN ('c1', 'c2');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise() UNION ALL SELECT key FROM nudge.quarantine', 'which is what the tables say, once they are put right');
TRUNCATE users;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq('SELECT DISTINCT value FROM nudge_analytics.active_users_by_dimension_then', $$VALUES ('(none)')$$, 'users that no table knows are of no value');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'which is what the tables say');
SELECT format('TRUNCATE %I', i) FROM pg_temp.inputs() i \gexec
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rows that are gone');
SELECT is_empty('SELECT c.name FROM pg_temp.contents() c', 'leave nothing behind');

SELECT * FROM finish();
ROLLBACK;
