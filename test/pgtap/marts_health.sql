--
-- marts_health.sql
--		The mart of health by a model: after random changes of rows, only those
--		customers are computed anew whose rows have changed, and all of them are
--		what the report says of the tables themselves.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_health
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
CREATE TABLE customers (customer text, created_at timestamptz, name text, internal boolean);
CREATE TABLE users (id text, customer text, signed_up_at timestamptz, internal boolean);
CREATE TABLE features (id bigint DEFAULT nextval('ids'), feature text, released_at timestamptz);
-- what a user does is that of an account of its own row, or else of the user's
CREATE TABLE events (id bigint DEFAULT nextval('ids'), person text, visitor text, customer text, at timestamptz, name text, feature text);
CREATE TABLE tickets (id bigint DEFAULT nextval('ids'), ticket text DEFAULT currval('shop.ids'), customer text, opened_at timestamptz, resolved_at timestamptz, reopened_at timestamptz, priority text, csat numeric);
CREATE TABLE surveys (id bigint DEFAULT nextval('ids'), customer text, "user" text, kind text, score numeric, sent_at timestamptz, answered_at timestamptz);
CREATE TABLE account_facts (id bigint DEFAULT nextval('ids'), customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz);
CREATE TABLE subscriptions (id bigint DEFAULT nextval('ids'), customer text, item text DEFAULT currval('shop.ids'), plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, seats numeric);
CREATE TABLE usage (id bigint DEFAULT nextval('ids'), customer text, meter text, period date, volume numeric);

-- Some are dated in the days to come, many within today, the end of a window or a week
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() < 0.07 THEN now() + random() * interval '20 days' WHEN random() < 0.15 THEN now() - random() * interval '20 hours'
		WHEN random() < 0.2 THEN ((now() AT TIME ZONE 'Europe/Berlin')::date - pg_temp.below(200))::timestamp AT TIME ZONE 'Europe/Berlin' ELSE now() - random() * interval '200 days' END;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	c constant text := 'c' || pg_temp.below(40);
	u constant text := 'u' || pg_temp.below(60);
BEGIN
	CASE name
		WHEN 'customers' THEN INSERT INTO customers SELECT c, at - interval '60 days', 'name of ' || c, random() < 0.1 WHERE NOT EXISTS (SELECT FROM customers k WHERE k.customer = c);
		WHEN 'users' THEN INSERT INTO users SELECT u, c, at - interval '20 days', random() < 0.1 WHERE NOT EXISTS (SELECT FROM users k WHERE k.id = u);
		WHEN 'features' THEN INSERT INTO features (feature, released_at) VALUES (pg_temp.one_of('{f1,f2,f3,f4,f5}'), at);
		WHEN 'events' THEN INSERT INTO events (person, visitor, customer, at, name, feature)
			SELECT CASE WHEN random() < 0.9 THEN u END, CASE WHEN random() < 0.2 THEN 'v' || pg_temp.below(5) END, CASE WHEN random() < 0.3 THEN c END, at + i * interval '3 days', pg_temp.one_of('{login,open,save}'), pg_temp.one_of('{f1,f2,f3,f9,NULL}')
			FROM generate_series(0, pg_temp.below(8)) i;
		WHEN 'tickets' THEN INSERT INTO tickets (customer, opened_at, resolved_at, reopened_at, priority, csat)
			VALUES (c, at, CASE WHEN random() < 0.7 THEN at + random() * interval '3 days' END, CASE WHEN random() < 0.2 THEN at + random() * interval '9 days' END, 'low', CASE WHEN random() < 0.6 THEN 1 + pg_temp.below(5) END);
		WHEN 'surveys' THEN INSERT INTO surveys (customer, "user", kind, score, sent_at, answered_at)
			SELECT c, u, k, CASE WHEN random() < 0.8 THEN CASE k WHEN 'nps' THEN pg_temp.below(11) ELSE 1 + pg_temp.below(5) END END, at, CASE WHEN random() < 0.7 THEN at + random() * interval '5 days' END FROM pg_temp.one_of('{nps,csat,ces}') k;
		WHEN 'account_facts' THEN INSERT INTO account_facts (customer, fact, value, agreed_at, valid_from, valid_to)
			SELECT c, f, CASE f WHEN 'sentiment' THEN pg_temp.one_of('{negative,neutral,positive}') WHEN 'sponsor_status' THEN pg_temp.one_of('{weak,strong,champion}') WHEN 'contact_level' THEN pg_temp.one_of('{executive,manager,user}')
					WHEN 'documented_roi' THEN pg_temp.below(3)::text ELSE pg_temp.one_of('{true,false}') END, at - interval '1 day', at, CASE WHEN random() < 0.3 THEN at + random() * interval '90 days' END
			FROM pg_temp.one_of('{sentiment,sponsor_status,contact_level,criterion_met,documented_roi,referenceable,review}') f;
		WHEN 'subscriptions' THEN INSERT INTO subscriptions (customer, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status, seats)
			SELECT c, 'pro', at, e, pg_temp.below(90), 'month', 1, 'EUR', CASE WHEN e IS NULL THEN 'active' ELSE 'ended' END, CASE WHEN random() < 0.9 THEN pg_temp.below(9) END FROM (SELECT CASE WHEN random() < 0.4 THEN at + random() * interval '150 days' END AS e) e;
		WHEN 'usage' THEN INSERT INTO usage (customer, meter, period, volume) VALUES (c, pg_temp.one_of('{calls,storage}'), (date_trunc('month', now()) - make_interval(months => pg_temp.below(8)))::date, pg_temp.below(100));
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
SELECT pg_temp.add('customers') FROM generate_series(1, 80) \g /dev/null
SELECT pg_temp.add('users') FROM generate_series(1, 120) \g /dev/null
SELECT pg_temp.add(i) FROM pg_temp.inputs() i, generate_series(1, 120) WHERE i NOT IN ('customers', 'users') \g /dev/null
-- whose rows are changed below
INSERT INTO customers SELECT c, now() - interval '300 days', c, false FROM unnest('{c1,c2,c3,c13}'::text[]) c WHERE NOT EXISTS (SELECT FROM customers k WHERE k.customer = c);
INSERT INTO tickets (customer, opened_at, resolved_at, priority) SELECT c, now() - interval '40 days', now() - interval '39 days', 'low' FROM unnest('{c2,c3}'::text[]) c;
INSERT INTO surveys (customer, kind, score, sent_at) VALUES ('c4', 'nps', 9, now() - interval '40 days');
INSERT INTO account_facts (customer, fact, value, valid_from) VALUES ('c10', 'sentiment', 'neutral', now() - interval '40 days');
INSERT INTO subscriptions (customer, plan, valid_from, amount, interval_unit, interval_count, currency, status, seats) VALUES ('c11', 'pro', now() - interval '200 days', 10, 'month', 1, 'EUR', 'active', 4);
INSERT INTO usage (customer, meter, period, volume) VALUES ('c12', 'calls', date_trunc('month', now()) - interval '1 month', 7);

-- The tables as they are, in the mapping of the inputs
CREATE VIEW pg_temp.people AS SELECT u.id AS "user", u.customer, u.signed_up_at, u.internal FROM shop.users u;
CREATE VIEW pg_temp.actions AS SELECT e.person AS "user", e.visitor AS anonymous_id, e.customer, e.at, e.name, e.feature FROM shop.events e;
CREATE FUNCTION pg_temp.expected() RETURNS TABLE (customer text, factors double precision[], score double precision, coverage double precision, band text, weakest text) LANGUAGE sql STABLE AS $$
	SELECT h.customer, ARRAY[h.usage_factor, h.engagement_factor, h.outcome_factor, h.relationship_factor, h.support_factor, h.satisfaction_factor, h.growth_factor, h.advocacy_factor], h.score, h.coverage, h.band, h.weakest_factor
	FROM nudge.account_health('shop.customers', (now() AT TIME ZONE 'Europe/Berlin')::date::timestamp AT TIME ZONE 'Europe/Berlin', 'pg_temp.actions', 'pg_temp.people', 'shop.features', 'shop.tickets', 'shop.surveys', 'shop.account_facts', 'shop.subscriptions', 'shop.usage', zone => 'Europe/Berlin') h $$;
-- of all that deploy() does only what this is about
CREATE FUNCTION pg_temp.deploy_it() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM nudge.track_source(s.source) FROM nudge.sources s WHERE NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source);
	PERFORM nudge.add_shipped_mart('account_health', nudge.deploy_settings('Europe/Berlin', 3, NULL, NULL, NULL));
END
$$;
SELECT nudge.map_source(i, ('shop.' || i)::regclass, CASE i WHEN 'events' THEN '{"user": "person", "anonymous_id": "visitor"}' WHEN 'users' THEN '{"user": "id"}' ELSE '{}' END::jsonb) FROM pg_temp.inputs() i \g /dev/null
SELECT pg_temp.deploy_it() \g /dev/null
CREATE VIEW pg_temp.actual AS SELECT customer, ARRAY[usage_factor, engagement_factor, outcome_factor, relationship_factor, support_factor, satisfaction_factor, growth_factor, advocacy_factor] AS factors, score, coverage_share AS coverage, band, weakest_factor AS weakest
	FROM nudge_analytics.account_health;
CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
	SELECT side || x FROM ((SELECT 'has ' AS side, x::text FROM (SELECT * FROM pg_temp.actual EXCEPT ALL SELECT * FROM pg_temp.expected()) x) UNION ALL (SELECT 'lacks ', x::text FROM (SELECT * FROM pg_temp.expected() EXCEPT ALL SELECT * FROM pg_temp.actual) x)) d $$;

SELECT isnt(pg_temp.refresh('account_health'), NULL, 'the first refresh writes');
SELECT cmp_ok(count(*), '>', 20::bigint, 'there are customers') FROM pg_temp.actual;
SELECT is_empty(format('SELECT FROM pg_temp.actual HAVING count(factors[%s]) < 3', n), format('factor %s is known of some', n)) FROM generate_series(1, 8) n;
SELECT is_empty('SELECT pg_temp.otherwise()', 'they are as the report says');
SELECT is(pg_temp.refresh('account_health'), NULL, 'a second refresh writes nothing');

-- Whom a change is about ------------------------------------------------------

CREATE FUNCTION pg_temp.led_to() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM nudge.fan_out(1000000), nudge.mark_run('account_health');
	RETURN QUERY SELECT DISTINCT coalesce(p.key, 'everything') FROM nudge.pending p WHERE p.materialisation = 'account_health';
	PERFORM pg_temp.refresh('account_health');
END
$$;
INSERT INTO users VALUES ('one', 'c1', now() - interval '100 days', false), ('two', 'c2', now() - interval '100 days', false);
SELECT set_eq('SELECT pg_temp.led_to()', '{c1,c2}'::text[], 'users: their customers');
INSERT INTO events (person, customer, at, name) VALUES ('one', NULL, now() - interval '30 days', 'login'), ('one', 'c5', now() - interval '30 days', 'login'), (NULL, 'c6', now() - interval '30 days', 'login'), (NULL, NULL, now() - interval '30 days', 'login');
SELECT set_eq('SELECT pg_temp.led_to()', '{c1,c5,c6}'::text[], 'events: their customer, or that of their user');
UPDATE events SET customer = 'c7' WHERE person = 'one' AND customer IS NULL;
SELECT set_eq('SELECT pg_temp.led_to()', '{c1,c7}'::text[], 'an event that is no longer that of the customer of its user');
UPDATE users SET internal = true WHERE id = 'one';
SELECT set_eq('SELECT pg_temp.led_to()', '{c1,c5,c7}'::text[], 'a user that is internal: all customers with events of it');
SELECT is_empty('SELECT pg_temp.otherwise()', 'which counts');
UPDATE events SET customer = NULL WHERE person = 'one' AND customer = 'c7';
UPDATE users SET customer = 'c8', internal = false WHERE id = 'one';
SELECT set_eq('SELECT pg_temp.led_to()', '{c1,c5,c7,c8}'::text[], 'a user that moves: from one to the other');
SELECT is_empty('SELECT pg_temp.otherwise()', 'with its events');
UPDATE tickets SET customer = 'c9' WHERE id = (SELECT min(id) FROM tickets WHERE customer = 'c3');
SELECT set_eq('SELECT pg_temp.led_to()', '{c3,c9}'::text[], 'a ticket that is another''s');
DELETE FROM surveys WHERE customer = 'c4';
DELETE FROM account_facts WHERE customer = 'c10';
UPDATE subscriptions SET seats = seats + 1 WHERE customer = 'c11';
UPDATE usage SET volume = volume + 1 WHERE customer = 'c12';
UPDATE customers SET created_at = created_at - interval '1 day' WHERE customer = 'c13';
SELECT set_eq('SELECT pg_temp.led_to()', ARRAY(SELECT DISTINCT c FROM (VALUES ('c4'), ('c10'), ('c11'), ('c12'), ('c13')) v(c)), 'what else is known of customers');
UPDATE features SET released_at = now() - interval '1 year';
SELECT set_eq('SELECT pg_temp.led_to()', '{everything}'::text[], 'how many features there are is the same for all');
SELECT is_empty('SELECT pg_temp.otherwise()', 'all is as the report says');
SELECT set_eq($$ SELECT DISTINCT changes_known FROM nudge.explain_refresh('account_health') WHERE materialisation = 'account_health' AND upstream <> 'nudge_staging.features' $$, '{by key,by a map}'::text[], 'and explain_refresh knows it');
SELECT nudge.map_source('events', columns => '{"user": "person", "anonymous_id": "visitor"}', query => 'SELECT e.* FROM shop.events e WHERE false', source => 'asked') \g /dev/null
SELECT nudge.track_source('asked', '{user}', 'none') \g /dev/null
SELECT set_eq($$ SELECT d.key_column, nudge.is_key_written('asked', d) FROM nudge.dependencies d WHERE d.materialisation = 'account_health' AND d.upstream = 'nudge_staging.events' $$,
	$$ VALUES ('user', true), ('customer', false) $$, 'a query may have the column that nobody writes down');
SELECT nudge.unmap_source('asked'), nudge.fan_out(1000000), pg_temp.refresh('account_health') \g /dev/null
INSERT INTO nudge.change_log (source) SELECT source FROM nudge.sources WHERE input = 'events';
SELECT is(w.log_rows, (SELECT count(*) FROM nudge.sources WHERE input = 'events'), 'a change is counted once, by however many columns it may lead to keys') FROM nudge.waiting() w WHERE w.materialisation = 'account_health';
SELECT pg_temp.refresh('account_health') \g /dev/null

-- Rounds ------------------------------------------------------------------

CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT i FROM pg_temp.inputs() i WHERE i <> 'features' OR random() < 0.3) || '{events,events,users}');
	pick constant integer := pg_temp.below(6);
	at_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass('shop.' || name) AND a.attname IN ('at', 'opened_at', 'sent_at', 'valid_from', 'signed_up_at', 'created_at') ORDER BY a.attnum LIMIT 1);
	few constant text := format('ctid IN (SELECT ctid FROM %I ORDER BY random() LIMIT 3)', name);
BEGIN
	IF pick = 0 THEN
		EXECUTE format('DELETE FROM %I WHERE %s', name, few);
	ELSIF pick = 1 AND name NOT IN ('customers', 'features') THEN
		EXECUTE format('UPDATE %I SET customer = %s WHERE %s', name, CASE WHEN name IN ('events', 'users') AND random() < 0.4 THEN 'NULL' ELSE quote_literal('c' || pg_temp.below(40)) END, few);
	ELSIF pick = 2 AND at_column IS NOT NULL THEN
		EXECUTE format('UPDATE %I SET %I = %2$I - interval ''%s'' WHERE %s', name, at_column, pg_temp.one_of('{1 day,40 days}'), few);
	ELSIF pick = 3 AND name = 'events' THEN
		UPDATE events SET person = 'u' || pg_temp.below(60), feature = 'f' || pg_temp.below(6) WHERE ctid IN (SELECT ctid FROM events ORDER BY random() LIMIT 3);
	ELSIF pick <= 4 AND name IN ('users', 'customers') THEN
		EXECUTE format('UPDATE %I SET internal = NOT internal WHERE %s', name, few);
	ELSE
		PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END IF;
	RETURN name;
END
$$;
CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	changed text[];
BEGIN
	FOR i IN 1 .. n LOOP
		changed := ARRAY(SELECT pg_temp.change() FROM generate_series(0, pg_temp.below(5)));
		PERFORM pg_temp.refresh('account_health');
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('round %s: as the report says after changes of %s', i, changed));
		RETURN NEXT is_empty($q$ SELECT * FROM nudge.verify('account_health') $q$, format('round %s: verify', i));
		RETURN NEXT is(pg_temp.refresh('account_health'), NULL, format('round %s: a second refresh writes nothing', i));
	END LOOP;
END
$$;
SELECT pg_temp.rounds(20);
SELECT is_empty($$ SELECT FROM nudge.runs WHERE materialisation = 'account_health' HAVING count(*) FILTER (WHERE keys > 0) < 8 $$, 'most rounds computed some keys, not all');

-- Time --------------------------------------------------------------------

SELECT is_empty($$ SELECT pg_temp.led_to() $$, 'within a day time changes nothing');
CREATE TEMP TABLE now_there AS SELECT * FROM pg_temp.actual;
UPDATE nudge.materialisations SET clock_at = now() - interval '40 days' WHERE name = 'account_health';
SELECT nudge.refresh_batch('account_health', 0, NULL) \g /dev/null
SELECT isnt_empty('SELECT * FROM now_there EXCEPT SELECT * FROM pg_temp.actual', 'it was otherwise 40 days ago');
SELECT is_empty($$ SELECT * FROM nudge.verify('account_health') $$, 'as verify says of that day');
SELECT set_eq('SELECT pg_temp.led_to()', '{everything}'::text[], 'a new day is one of all');
SELECT set_eq('SELECT * FROM pg_temp.actual', 'SELECT * FROM now_there', 'and brings what is now');

-- What one customer has wrong is put aside with it ------------------------------

DELETE FROM customers WHERE customer IN ('c1', 'c2');
INSERT INTO customers SELECT c, now() - interval '300 days', c, false FROM unnest('{c1,c2}'::text[]) c;
SELECT pg_temp.refresh('account_health') \g /dev/null
INSERT INTO account_facts (customer, fact, value, valid_from) VALUES ('c1', 'sentiment', 'splendid', now() - interval '30 days');
INSERT INTO tickets (customer, opened_at, priority) VALUES ('c2', now() - interval '3 days', 'low');
CREATE FUNCTION pg_temp.by_one() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	run bigint := nudge.begin_run('account_health', 'refresh');
	one text;
BEGIN
	PERFORM nudge.fan_out(1000000), nudge.mark_run('account_health');
	FOR one IN SELECT DISTINCT p.key FROM nudge.pending p WHERE p.materialisation = 'account_health' ORDER BY 1 LOOP
		RETURN NEXT one || ' ' || nudge.refresh_batch('account_health', run, ARRAY[one]);
	END LOOP;
	PERFORM nudge.end_run('account_health', run, 'ok', NULL, NULL);
END
$$;
SELECT set_eq('SELECT pg_temp.by_one()', ARRAY(SELECT DISTINCT c FROM (VALUES ('c1 put aside'), ('c2 done')) v(c)), 'a value that cannot be read is that of one customer');
DELETE FROM account_facts WHERE value = 'splendid';
SELECT is(pg_temp.refresh('account_health'), NULL, 'which is as it was once it is gone');
SELECT is_empty('SELECT pg_temp.otherwise() UNION ALL SELECT key FROM nudge.quarantine', 'and aside no longer');

-- The table of a version before, whose key was the model ------------------------

UPDATE nudge.shipped_marts SET key_column = 'model', row_key = '{model,customer}' WHERE name = 'account_health';
SELECT pg_temp.deploy_it() \g /dev/null
SELECT is((SELECT row_key FROM nudge.materialisations WHERE name = 'account_health'), '{model,customer}'::text[], 'a mart that is found by its model');
SELECT pg_temp.refresh('account_health') \g /dev/null
INSERT INTO nudge.pending (materialisation, key, reason) VALUES ('account_health', 'retention_health', 'test');
CREATE VIEW shop.of_mine AS SELECT * FROM nudge_analytics.account_health;
UPDATE nudge.shipped_marts SET key_column = 'customer', row_key = '{customer,model}' WHERE name = 'account_health';
SELECT pg_temp.deploy_it() \g /dev/null
SELECT is((SELECT row_key FROM nudge.materialisations WHERE name = 'account_health'), '{customer,model}'::text[], 'has the new key once it is deployed, and the views on it stay');
SELECT results_eq($$ SELECT pg_get_indexdef(i.indexrelid) ~ '[(]customer, model[)]' FROM pg_index i WHERE i.indrelid = 'nudge_analytics.account_health'::regclass AND i.indisunique $$, 'VALUES (true)', 'and the index of the old one is gone');
SELECT is(pg_temp.refresh('account_health'), NULL, 'its rows are as they were');
INSERT INTO tickets (customer, opened_at, priority) VALUES ('c3', now() - interval '3 days', 'low');
SELECT set_eq('SELECT pg_temp.led_to()', '{c3}'::text[], 'and are computed by customer');
SELECT is_empty('SELECT pg_temp.otherwise()', 'rightly');

-- With less mapped --------------------------------------------------------------

DROP VIEW shop.of_mine, pg_temp.actual CASCADE;
SELECT nudge.drop_materialisation('account_health') \g /dev/null
SELECT is_empty($$ SELECT relname FROM pg_class WHERE relnamespace = 'nudge_staging'::regnamespace AND relname ~ '^account_health' $$, 'once it is dropped there are no views of it');
SELECT nudge.unmap_source(i) FROM pg_temp.inputs() i WHERE i IN ('users', 'features', 'surveys') \g /dev/null
SELECT nudge.map_source('events', 'shop.events', '{"user": "person", "anonymous_id": "visitor"}') \g /dev/null
SELECT pg_temp.deploy_it() \g /dev/null
SELECT pg_temp.refresh('account_health') \g /dev/null
INSERT INTO events (person, customer, at, name) VALUES ('one', 'c5', now() - interval '30 days', 'login'), ('two', NULL, now() - interval '30 days', 'login');
SELECT set_eq('SELECT pg_temp.led_to()', '{c5}'::text[], 'without users events are those of their customer');
SELECT is_empty($$ SELECT * FROM nudge.verify('account_health') $$, 'and verify finds nothing');
-- a table that has no customers, and users that have
SELECT nudge.drop_materialisation('account_health') \g /dev/null
SELECT nudge.unmap_source('events') \g /dev/null
ALTER TABLE events DROP COLUMN customer CASCADE;
SELECT nudge.map_source('events', 'shop.events', '{"user": "person"}'), nudge.map_source('users', 'shop.users', '{"user": "id"}') \g /dev/null
INSERT INTO users VALUES ('three', 'c2', now() - interval '100 days', false);
SELECT pg_temp.deploy_it() \g /dev/null
SELECT pg_temp.refresh('account_health') \g /dev/null
INSERT INTO events (person, at, name) VALUES ('three', now() - interval '30 days', 'login'), (NULL, now() - interval '30 days', 'login');
SELECT set_eq('SELECT pg_temp.led_to()', '{c2}'::text[], 'events that are not said to have a customer are those of their user');
SELECT is_empty($$ SELECT * FROM nudge.verify('account_health') $$, 'and verify finds nothing there');

SELECT * FROM finish();
ROLLBACK;
