--
-- refresh.sql
--		Random statements, and refreshes between them: marts that are refreshed by key
--		are those that are computed at once, and what is written is what differs.
--
-- CALL nudge.refresh() commits, which nothing here may: pg_temp.refresh() does what
-- it does in one transaction.  test/isolation, test/crash and test/property have the
-- rest.  All follows from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed refresh
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Tables and marts --------------------------------------------------------

CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, customer text, plan text, amount numeric, starts timestamptz, ends timestamptz);
CREATE TABLE shop.account (customer text PRIMARY KEY, segment text);
CREATE TABLE shop.plan (plan text PRIMARY KEY, family text, price numeric);
CREATE TEMP SEQUENCE ids;
SELECT nudge.map_source('subscriptions', 'shop.item', '{"customer": "customer", "item": "id", "plan": "plan", "valid_from": "starts", "valid_to": "ends", "amount": "amount",
	"currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}') \gset
SELECT nudge.map_source('customers', 'shop.account', '{"customer": "customer", "created_at": "timestamptz ''2024-01-01 00:00:00Z''", "segment": "segment"}') \gset
SELECT nudge.map_source('plans', 'shop.plan', '{"plan": "plan", "family": "family", "list_price": "price"}') \gset
SELECT nudge.track_source('subscriptions', '{customer,plan}'), nudge.track_source('customers'), nudge.track_source('plans') \gset

-- three of each: refreshed after each statement, now and then, and only at the end
CREATE TABLE pg_temp.marts (name text, key_column text, row_key text[], key_maps jsonb, query text);
INSERT INTO pg_temp.marts VALUES
	('accounts', 'customer', NULL, NULL, $$SELECT s.customer, max(c.segment) AS segment, nullif(max(s.plan), 'p3') AS plan, to_char(min(s.valid_from) AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS items,
		sum(s.amount) AS total, nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, s.amount) AS mrr FROM nudge_staging.subscriptions s LEFT JOIN nudge_staging.customers c USING (customer) GROUP BY s.customer$$),
	('plan_totals', 'plan', NULL, NULL, $$SELECT a.plan, max(p.family) AS family, count(*) AS customers, sum(a.total) AS total, nudge.rollup(a.mrr) AS mrr
		FROM nudge_analytics.ACCOUNTS a LEFT JOIN nudge_staging.plans p USING (plan) GROUP BY a.plan$$),
	('months', 'month', '{month,plan}', NULL, $$SELECT month, plan, count(*) AS customers, sum(total) AS total FROM nudge_analytics.ACCOUNTS GROUP BY month, plan$$),
	('lists', 'plan', '{plan,segment,customer}', NULL, $$SELECT plan, segment, customer FROM nudge_analytics.ACCOUNTS$$),
	('segments', 'name', NULL, NULL, $$SELECT coalesce(segment, '') AS name, count(*) AS customers, sum(total) AS total FROM nudge_analytics.ACCOUNTS GROUP BY 1$$),
	('bought', 'customer', NULL, '{"plans": {"column": "plan", "query": "SELECT plan, customer FROM nudge_staging.subscriptions"}}', $$SELECT s.customer, string_agg(DISTINCT p.family, ',' ORDER BY p.family) AS families, max(p.list_price) AS dearest
		FROM nudge_staging.subscriptions s JOIN nudge_staging.plans p USING (plan) GROUP BY s.customer$$);
SELECT nudge.add_materialisation(m.name || v.suffix, replace(m.query, 'ACCOUNTS', 'accounts' || v.suffix), m.key_column, m.row_key, key_maps => m.key_maps, batch_keys => v.size)
FROM pg_temp.marts m, (VALUES ('', 1), ('_now_and_then', 3), ('_at_the_end', 1000)) v(suffix, size) ORDER BY m.name <> 'accounts' \g /dev/null

-- As nudge.run_refresh(), without COMMIT; tells what it has done
CREATE FUNCTION pg_temp.refresh(wanted text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	run bigint;
	size integer := (SELECT batch_keys FROM nudge.materialisations WHERE name = wanted);
	step record;
	after text;
	found text;
BEGIN
	WHILE nudge.fan_out(7) = 7 LOOP
	END LOOP;
	run := nudge.begin_run(wanted, 'refresh');
	PERFORM nudge.mark_run(wanted);
	LOOP
		step := nudge.next_keys(wanted, after, size);
		EXIT WHEN NOT step.everything AND step.keys = '{}';
		BEGIN
			PERFORM nudge.refresh_batch(wanted, run, CASE WHEN NOT step.everything THEN step.keys END);
			after := CASE WHEN step.everything THEN after ELSE step.keys[cardinality(step.keys)] END;
		EXCEPTION WHEN OTHERS OR assert_failure THEN
			found := nudge.after_error(step.everything, step.keys, SQLSTATE);
			IF found = 'enumerate' THEN
				PERFORM nudge.enumerate_keys(wanted);
			ELSIF found = 'halve' THEN
				size := cardinality(step.keys) / 2;
			ELSE
				RAISE;
			END IF;
		END;
	END LOOP;
	PERFORM nudge.end_run(wanted, run, 'ok', NULL, NULL);
	RETURN (SELECT format('%s written, %s deleted, %s put aside', rows_written, rows_deleted, quarantined) FROM nudge.runs WHERE run_id = run);
END
$$;

CREATE FUNCTION pg_temp.refresh_all(pattern text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT o.name FROM nudge.refresh_order() o WHERE o.name ~ pattern ORDER BY o.depth, random() LOOP
		RETURN NEXT one || ': ' || pg_temp.refresh(one);
	END LOOP;
END
$$;

CREATE FUNCTION pg_temp.wrong(pattern text) RETURNS SETOF text LANGUAGE sql VOLATILE
	AS $$ SELECT m.name || ' ' || v.difference || ' ' || v.row_data FROM nudge.materialisations m, nudge.verify(m.name) v WHERE m.name ~ pattern $$;

CREATE FUNCTION pg_temp.rows_of(name text) RETURNS SETOF text LANGUAGE plpgsql STABLE
	AS $$ BEGIN RETURN QUERY EXECUTE format('SELECT t::text FROM nudge_analytics.%I t', name); END $$;

-- Random statements -------------------------------------------------------

CREATE FUNCTION pg_temp.below(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN floor(random() * n)::integer;
CREATE FUNCTION pg_temp.customer() RETURNS text LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.08 THEN 'NULL' ELSE quote_literal('c' || pg_temp.below(12)) END;
CREATE FUNCTION pg_temp.plan() RETURNS text LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.08 THEN 'NULL' ELSE quote_literal('p' || pg_temp.below(6)) END;
CREATE FUNCTION pg_temp.day() RETURNS text LANGUAGE sql VOLATILE RETURN format('timestamptz ''2024-01-01 00:00:00Z'' + interval ''%s days''', pg_temp.below(200));
CREATE FUNCTION pg_temp.some() RETURNS text LANGUAGE sql VOLATILE RETURN format('id %% %s = %s', 2 + pg_temp.below(7), pg_temp.below(2));
CREATE FUNCTION pg_temp.statement() RETURNS text LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(16)
		WHEN 0 THEN format('UPDATE shop.item SET amount = amount + %s WHERE %s', pg_temp.below(3), pg_temp.some())
		WHEN 1 THEN format('UPDATE shop.item SET customer = %s WHERE %s', pg_temp.customer(), pg_temp.some())
		WHEN 2 THEN format('UPDATE shop.item SET plan = %s, customer = %s WHERE %s', pg_temp.plan(), pg_temp.customer(), pg_temp.some())
		WHEN 3 THEN format('UPDATE shop.item SET starts = starts - interval ''%s days'', ends = NULL WHERE %s', pg_temp.below(60), pg_temp.some())
		WHEN 4 THEN format('UPDATE shop.item SET ends = starts + interval ''%s days'' WHERE %s', 1 + pg_temp.below(90), pg_temp.some())
		WHEN 5 THEN format('DELETE FROM shop.item WHERE %s', pg_temp.some())
		WHEN 6 THEN format('DELETE FROM shop.item WHERE customer = %s', pg_temp.customer())
		WHEN 7 THEN CASE WHEN random() < 0.2 THEN 'TRUNCATE shop.item' ELSE 'UPDATE shop.item SET amount = amount' END
		WHEN 8 THEN format('INSERT INTO shop.account VALUES (''c%s'', ''s%s'') ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment', pg_temp.below(12), pg_temp.below(3))
		WHEN 9 THEN format('DELETE FROM shop.account WHERE customer = %s', pg_temp.customer())
		WHEN 10 THEN format('INSERT INTO shop.plan VALUES (''p%s'', ''f%s'', %s) ON CONFLICT (plan) DO UPDATE SET family = excluded.family', pg_temp.below(6), pg_temp.below(3), pg_temp.below(50))
		WHEN 11 THEN format('UPDATE shop.plan SET price = %s WHERE plan = %s', pg_temp.below(50), pg_temp.plan())
		WHEN 12 THEN format('UPDATE shop.plan SET plan = plan || nextval(''ids'') WHERE plan = %s', pg_temp.plan())
		ELSE format('INSERT INTO shop.item SELECT nextval(''ids''), %s, %s, %s, %s, NULL FROM generate_series(0, %s)', pg_temp.customer(), pg_temp.plan(), pg_temp.below(90), pg_temp.day(), pg_temp.below(4)) END;

-- What is wrong after a number of rounds, as text; none is right
CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	statement text;
	problem text;
BEGIN
	FOR round IN 1 .. n LOOP
		statement := pg_temp.statement();
		EXECUTE statement;
		IF random() < 0.5 THEN
			CONTINUE;
		END IF;
		PERFORM pg_temp.refresh_all('^(accounts|plan_totals|months|lists|segments|bought)$');
		FOR problem IN SELECT pg_temp.wrong('^(accounts|plan_totals|months|lists|segments|bought)$') LOOP
			RETURN NEXT format('%s. %s: %s', round, statement, problem);
		END LOOP;
		IF random() < 0.1 THEN
			PERFORM pg_temp.refresh_all('_now_and_then$');
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT pg_temp.rounds(120)', 'after each of a hundred statements all marts are as their queries say');
SELECT ok((SELECT count(*) FROM nudge.runs WHERE rows_written > 0) > 50 AND (SELECT count(*) FROM nudge.runs WHERE rows_deleted > 0) > 10, 'and rows were written and deleted');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'those that were refreshed rarely are, too');
SELECT set_eq(format($$SELECT r FROM pg_temp.refresh_all('.') r WHERE r !~ ': 0 written, 0 deleted, 0 put aside$'$$), ARRAY[]::text[], 'a second refresh writes nothing');
SELECT set_eq(format('SELECT pg_temp.rows_of(%L)', name || suffix), format('SELECT pg_temp.rows_of(%L)', name), name || suffix || ' has the same rows, byte by byte')
FROM pg_temp.marts, (VALUES ('_now_and_then'), ('_at_the_end')) v(suffix);
SELECT set_eq(format('SELECT pg_temp.rows_of(%L)', name), format('SELECT t::text FROM (%s) t WHERE %I IS NOT NULL', replace(query, 'ACCOUNTS', 'accounts'), key_column), name || ' is what its query gives at once') FROM pg_temp.marts;
SELECT ok(NOT EXISTS (SELECT FROM nudge.pending) AND NOT EXISTS (SELECT FROM nudge.change_log), 'nothing waits');

-- What is led to which keys -----------------------------------------------

SELECT nudge.drop_materialisation(name || suffix) FROM pg_temp.marts, (VALUES ('_now_and_then'), ('_at_the_end')) v(suffix) ORDER BY name = 'accounts' \g /dev/null
CREATE FUNCTION pg_temp.led(statement text) RETURNS text[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	EXECUTE statement;
	PERFORM nudge.fan_out();
	RETURN (SELECT array_agg(DISTINCT materialisation || ' ' || coalesce(key, 'everything') ORDER BY materialisation || ' ' || coalesce(key, 'everything')) FROM nudge.pending);
END
$$;
TRUNCATE shop.item, shop.account, shop.plan;
INSERT INTO shop.plan VALUES ('p1', 'f1', 10), ('p2', 'f2', 20);
INSERT INTO shop.item VALUES (1, 'a', 'p1', 10, '2024-01-05', NULL), (2, 'b', 'p2', 20, '2024-02-05', NULL), (3, 'b', 'p2', 5, '2024-02-05', NULL), (4, 'c', NULL, 1, '2024-03-05', NULL);
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led($$UPDATE shop.item SET customer = 'd' WHERE id = 3$$), '{accounts b,accounts d,bought b,bought d}', 'a row that moves is one of the old key and of the new');
SELECT pg_temp.refresh('accounts') \g /dev/null
SELECT set_eq('SELECT DISTINCT source, key_column, key FROM nudge.change_log', $$VALUES ('nudge_analytics.accounts', 'month', '2024-02'), ('nudge_analytics.accounts', 'plan', 'p2'), ('nudge_analytics.accounts', '', NULL)$$,
	'what has changed is told by the columns that others are kept by, and to those that are kept by none');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led($$UPDATE shop.item SET plan = 'p1' WHERE id = 2$$), '{accounts b,bought b}', 'a plan that changes is one of its customer');
SELECT pg_temp.refresh('accounts') \g /dev/null
SELECT set_eq($$SELECT key FROM nudge.change_log WHERE key_column = 'plan'$$, '{p1,p2}'::text[], 'and above it, of both plans');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led($$UPDATE shop.plan SET family = 'f9' WHERE plan = 'p1'$$), '{"bought a","bought b","plan_totals p1"}', 'a map leads from plans to customers');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led($$UPDATE shop.item SET amount = 2 WHERE customer = 'c'$$), '{"accounts c","bought c"}', 'a row without a plan has a customer');
SELECT pg_temp.refresh('accounts') \g /dev/null
SELECT is(pg_temp.led('SELECT'), '{"bought c","months 2024-03","segments everything"}', 'and counts for those who are kept by no column of it');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led('TRUNCATE shop.plan'), '{"bought everything","plan_totals everything"}', 'all rows are all keys');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'all of it is right');

-- A map that reads what has changed leads to no key that a row has left
SELECT nudge.add_materialisation('self', 'SELECT plan, count(*) AS items FROM nudge_staging.subscriptions GROUP BY plan', 'plan',
	key_maps => '{"subscriptions": {"column": "customer", "query": "SELECT customer, plan FROM nudge_staging.subscriptions"}}') \g /dev/null
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led('UPDATE shop.item SET plan = ''p2'' WHERE id = 1'), '{"accounts a","bought a","self everything"}', 'so that all are computed');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'and none is wrong');
SELECT nudge.drop_materialisation('self') \g /dev/null

-- Rows of nobody: no key has changed, but who counts all has
SELECT nudge.add_materialisation('whole', 'SELECT 1 AS one, count(*) AS items, sum(amount) AS amount FROM nudge_staging.subscriptions', 'one'),
	nudge.add_materialisation('unplanned', 'SELECT 1 AS one, count(*) FILTER (WHERE plan IS NULL) AS customers FROM nudge_analytics.accounts', 'one'),
	nudge.add_materialisation('by_plan', 'SELECT plan, count(*) AS customers FROM nudge_analytics.accounts GROUP BY plan', 'plan') \g /dev/null
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led('INSERT INTO shop.item VALUES (5, NULL, NULL, 3, ''2024-03-05'', NULL)'), '{"whole everything"}', 'a row without any key');
SELECT nudge.drop_materialisation('months'), nudge.drop_materialisation('segments'), nudge.drop_materialisation('lists'), nudge.drop_materialisation('plan_totals') \g /dev/null
INSERT INTO shop.item VALUES (6, 'e', NULL, 3, '2024-03-05', NULL);
SELECT pg_temp.refresh('accounts') \g /dev/null
SELECT is(pg_temp.led('SELECT'), '{"bought e","unplanned everything","whole everything"}', 'and one whose watched column is NULL');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'all of it is right');

-- Only what differs is written --------------------------------------------

CREATE TABLE pg_temp.places AS SELECT customer, ctid AS place FROM nudge_analytics.accounts;
UPDATE shop.item SET amount = amount + 1 WHERE customer = 'a';
UPDATE shop.item SET ends = ends WHERE customer = 'b';
UPDATE shop.item SET amount = amount WHERE customer = 'd';
SELECT nudge.mark_everything('accounts', 'test') \g /dev/null
SELECT is(pg_temp.refresh('accounts'), '1 written, 0 deleted, 0 put aside', 'one of all rows has changed');
SELECT set_eq('SELECT customer FROM nudge_analytics.accounts a WHERE NOT EXISTS (SELECT FROM pg_temp.places p WHERE p.place = a.ctid)', '{a}'::text[], 'and the others are where they were');
SELECT pg_temp.refresh_all('.') \g /dev/null
UPDATE shop.item SET amount = amount + 1 WHERE customer = 'b';
UPDATE shop.item SET amount = amount - 1 WHERE customer = 'b';
SELECT is(pg_temp.refresh('accounts'), '0 written, 0 deleted, 0 put aside', 'what is as before is not written');
SELECT ok(NOT EXISTS (SELECT FROM nudge.change_log), 'and nobody is told');
-- equal, but not the same
UPDATE shop.item SET amount = amount + 0.00 WHERE customer = 'a';
SELECT is(pg_temp.refresh('accounts'), '1 written, 0 deleted, 0 put aside', '1.00 is written over 1');
SELECT set_eq('SELECT pg_temp.rows_of(''accounts'')', format('SELECT t::text FROM (%s) t WHERE customer IS NOT NULL', (SELECT query FROM pg_temp.marts WHERE name = 'accounts')), 'so that all is as the query says');
SELECT pg_temp.refresh_all('.') \g /dev/null

-- Keys that cannot be computed --------------------------------------------

CREATE TABLE shop.rule (factor integer);
INSERT INTO shop.rule VALUES (100);
CREATE FUNCTION shop.factor() RETURNS integer LANGUAGE sql STABLE RETURN (SELECT factor FROM shop.rule);
CREATE FUNCTION shop.strict(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN ASSERT n < 3, 'three of them'; RETURN n; END $$;
SELECT nudge.add_materialisation('shares', 'SELECT customer, sum(shop.factor() / amount) AS shares FROM nudge_staging.subscriptions GROUP BY customer', 'customer', batch_keys => 4),
	nudge.add_materialisation('once', 'SELECT customer, plan, amount FROM nudge_staging.subscriptions', 'customer', '{customer,plan}'),
	nudge.add_materialisation('asserted', 'SELECT customer, shop.strict(count(*)) AS n FROM nudge_staging.subscriptions GROUP BY customer', 'customer') \g /dev/null
DELETE FROM shop.item;
INSERT INTO shop.item SELECT nextval('ids'), 'c' || k, 'p' || n, CASE WHEN k % 5 = 2 THEN 0 ELSE k END, '2024-01-05', NULL FROM generate_series(1, 20) k, generate_series(1, 2) n;
SELECT is(pg_temp.refresh('shares'), '16 written, 0 deleted, 4 put aside', 'all but those that cannot be are computed');
SELECT set_eq('SELECT key, sqlstate, attempts FROM nudge.quarantine', $$VALUES ('c2', '22012', 1), ('c7', '22012', 1), ('c12', '22012', 1), ('c17', '22012', 1)$$, 'and these are in quarantine');
SELECT is(pg_temp.refresh('shares'), '0 written, 0 deleted, 0 put aside', 'where they are left alone');
SELECT is_empty($$SELECT pg_temp.wrong('^shares$')$$, 'verify() leaves them out');
UPDATE shop.item SET amount = 5 WHERE customer = 'c2';
UPDATE shop.item SET plan = 'p9' WHERE customer = 'c7' AND plan = 'p1';
SELECT is(pg_temp.refresh('shares'), '1 written, 0 deleted, 1 put aside', 'those that change are tried again');
SELECT set_eq('SELECT key, attempts FROM nudge.quarantine', $$VALUES ('c7', 2), ('c12', 1), ('c17', 1)$$, 'one is mended');
DELETE FROM shop.item WHERE customer = 'c12';
SELECT is(pg_temp.refresh('shares'), '0 written, 0 deleted, 0 put aside', 'a key that is no more is none that fails');
SELECT set_eq('SELECT key FROM nudge.quarantine', '{c7,c17}'::text[], 'and not in quarantine');
CREATE OR REPLACE FUNCTION shop.factor() RETURNS integer LANGUAGE sql STABLE RETURN NULL::integer;
SELECT is(nudge.retry_quarantined('shares'), 2::bigint, 'what nobody saw change is tried when asked');
SELECT is(pg_temp.refresh('shares'), '2 written, 0 deleted, 0 put aside', 'and computed');
CREATE OR REPLACE FUNCTION shop.factor() RETURNS integer LANGUAGE sql STABLE RETURN (SELECT factor FROM shop.rule);
SELECT nudge.mark_everything('shares', 'test') \g /dev/null
SELECT is(pg_temp.refresh('shares'), '0 written, 0 deleted, 2 put aside', 'everything at once finds those that fail by themselves');
SELECT is((SELECT count(*) FROM nudge_analytics.shares WHERE customer IN ('c7', 'c17')), 2::bigint, 'whose rows stay as they were');
UPDATE shop.item SET plan = 'p1' WHERE customer = 'c3';
INSERT INTO shop.item VALUES (nextval('ids'), 'c4', 'p3', 1, '2024-01-05', NULL);
SELECT is(pg_temp.refresh('once'), '37 written, 0 deleted, 1 put aside', 'two rows of one row key are an error of the key');
SELECT set_eq($$SELECT key, sqlstate FROM nudge.quarantine WHERE materialisation = 'once'$$, $$VALUES ('c3', '21000')$$, 'of this key');
SELECT is(pg_temp.refresh('asserted'), '18 written, 0 deleted, 1 put aside', 'an assertion that fails, too');
SELECT set_eq($$SELECT key, sqlstate, error FROM nudge.quarantine WHERE materialisation = 'asserted'$$, $$VALUES ('c4', 'P0004', 'three of them')$$, 'of another');
DELETE FROM shop.item WHERE customer IN ('c3', 'c4', 'c7', 'c17');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT ok(NOT EXISTS (SELECT FROM nudge.quarantine), 'what is mended is out of quarantine');
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'all of it is right');

-- Everything, because nobody knows ----------------------------------------

CREATE TABLE shop.more (LIKE shop.item INCLUDING ALL);
INSERT INTO shop.more VALUES (1, 'm', 'p1', 3, '2024-01-05', NULL);
SELECT is(pg_temp.led($$SELECT nudge.map_source('subscriptions', 'shop.more', '{"customer": "customer", "item": "id", "plan": "plan", "valid_from": "starts", "valid_to": "ends", "amount": "amount",
	"currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}', source => 'more')$$),
	ARRAY(SELECT materialisation || ' everything' FROM nudge.dependencies WHERE upstream = 'nudge_staging.subscriptions' ORDER BY 1), 'a source that comes is everything of all that read its input');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is((SELECT total FROM nudge_analytics.accounts WHERE customer = 'm'), 3::numeric, 'and is read');
UPDATE shop.more SET amount = 4;
SELECT is(pg_temp.refresh('accounts'), '1 written, 0 deleted, 0 put aside', 'what is not tracked is read whenever it is refreshed');
SELECT is((SELECT nudge.untracked_upstream('accounts')), 'nudge_staging.subscriptions', 'as long as it is not');
SELECT nudge.track_source('more') \g /dev/null
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is(pg_temp.led('UPDATE shop.more SET amount = 5'), '{"accounts m","asserted m","bought m","once m","shares m","whole everything"}', 'then by key');
ALTER TABLE shop.more DISABLE TRIGGER nudge_u_more;
UPDATE shop.more SET amount = 6;
ALTER TABLE shop.more ENABLE ALWAYS TRIGGER nudge_u_more;
SELECT is((SELECT count(*) FROM nudge.check_tracking()), 0::bigint, 'triggers that were off are as they should be');
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is((SELECT total FROM nudge_analytics.accounts WHERE customer = 'm'), 6::numeric, 'but what they missed is there');
SELECT nudge.unmap_source('more') \g /dev/null
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT ok(NOT EXISTS (SELECT FROM nudge_analytics.accounts WHERE customer = 'm'), 'a source that goes takes its rows along');
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'all of it is right');

-- a query that is changed and changed back, and keys that were led to by the other meanwhile
SELECT nudge.add_materialisation('whole', 'SELECT 1 AS one, count(*) AS items, 0::numeric AS amount FROM nudge_staging.customers', 'one') \g /dev/null
SELECT is(pg_temp.led('UPDATE shop.item SET amount = 9 WHERE customer = ''c1'''), '{"accounts c1","asserted c1","bought c1","once c1","shares c1","whole everything"}', 'a change that is of no other query');
SELECT nudge.add_materialisation('whole', 'SELECT 1 AS one, count(*) AS items, sum(amount) AS amount FROM nudge_staging.subscriptions', 'one') \g /dev/null
SELECT pg_temp.refresh_all('.') \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong('.')$$, 'and counts when the query is back');
SELECT nudge.add_materialisation('whole', 'SELECT 1 AS one, count(*) AS items, sum(amount) AS amount FROM nudge_staging.subscriptions', 'one') \g /dev/null
SELECT is(pg_temp.led('SELECT'), NULL, 'the same query once more is no change');

-- Time --------------------------------------------------------------------

SELECT nudge.add_materialisation('in_force', $$SELECT customer, count(*) AS items, nudge.as_of() AS computed_at FROM nudge_staging.subscriptions
	WHERE valid_from <= nudge.as_of() AND (valid_to IS NULL OR valid_to > nudge.as_of()) GROUP BY customer$$, 'customer',
	clock_query => 'SELECT customer, valid_from FROM nudge_staging.subscriptions UNION ALL SELECT customer, valid_to FROM nudge_staging.subscriptions') \g /dev/null
DELETE FROM shop.item;
INSERT INTO shop.item VALUES (1, 'past', 'p', 1, now() - interval '9 days', now() - interval '3 days'), (2, 'ends', 'p', 1, now() - interval '9 days', now() - interval '1 day'),
	(3, 'begins', 'p', 1, now() - interval '1 day', NULL), (4, 'now', 'p', 1, now() - interval '9 days', now()), (5, 'edge', 'p', 1, now() - interval '2 days', NULL), (6, 'later', 'p', 1, now() + interval '1 hour', NULL);
SELECT pg_temp.refresh('in_force') \g /dev/null
-- as if the last refresh had been two days ago
UPDATE nudge.materialisations SET clock_at = now() - interval '2 days' WHERE name = 'in_force';
SELECT nudge.refresh_batch('in_force', 0, NULL) \g /dev/null
SELECT set_eq('SELECT customer FROM nudge_analytics.in_force', '{ends,now,edge}'::text[], 'two days ago three were in force');
SELECT is_empty($$SELECT pg_temp.wrong('^in_force$')$$, 'and verify() says so');
SELECT nudge.mark_run('in_force') \g /dev/null
SELECT set_eq($$SELECT key, reason FROM nudge.pending WHERE materialisation = 'in_force'$$, $$VALUES ('ends', 'time'), ('begins', 'time'), ('now', 'time')$$, 'those whose time has come since then change, and no others');
SELECT is((SELECT clock_at FROM nudge.materialisations WHERE name = 'in_force'), now(), 'the clock is at now');
SELECT pg_temp.refresh('in_force') \g /dev/null
SELECT set_eq('SELECT customer FROM nudge_analytics.in_force', '{begins,edge}'::text[], 'two are in force now');
SELECT nudge.mark_run('in_force') \g /dev/null
SELECT ok(NOT EXISTS (SELECT FROM nudge.pending WHERE materialisation = 'in_force'), 'a second look at the clock finds nothing');

-- a clock without keys is one of everything, at the first instant as at the last
SELECT nudge.add_materialisation('everything', 'SELECT customer, nudge.as_of() AS computed_at FROM nudge_staging.subscriptions GROUP BY customer', 'customer',
	clock_query => 'SELECT valid_from FROM nudge_staging.subscriptions') \g /dev/null
SELECT pg_temp.refresh('everything') \g /dev/null
UPDATE nudge.materialisations SET clock_at = now() - interval '1 day' WHERE name = 'everything';
SELECT nudge.mark_run('everything') \g /dev/null
SELECT is_empty($$SELECT key FROM nudge.pending WHERE materialisation = 'everything'$$, 'an instant of the clock before is not counted twice');
UPDATE nudge.materialisations SET clock_at = now() - interval '1 day' - interval '1 microsecond' WHERE name = 'everything';
SELECT nudge.mark_run('everything') \g /dev/null
SELECT set_eq($$SELECT key, reason FROM nudge.pending WHERE materialisation = 'everything'$$, $$VALUES (NULL, 'time')$$, 'an instant that has come is everything');
SELECT nudge.drop_materialisation('everything') \g /dev/null

-- What is claimed ---------------------------------------------------------

SELECT nudge.add_materialisation('above', 'SELECT customer, items FROM nudge_analytics.in_force', 'customer'), nudge.add_materialisation('beside', 'SELECT customer FROM nudge_staging.customers', 'customer') \g /dev/null
UPDATE nudge.materialisations SET data_as_of = NULL WHERE name = 'in_force';
SELECT pg_temp.refresh('above') \g /dev/null
SELECT is((SELECT data_as_of FROM nudge.materialisations WHERE name = 'above'), NULL, 'nobody knows as of when it is if nobody knows it of what it reads');
UPDATE nudge.materialisations SET data_as_of = now() - interval '1 hour' WHERE name = 'in_force';
SELECT pg_temp.refresh('above') \g /dev/null
SELECT is((SELECT data_as_of FROM nudge.materialisations WHERE name = 'above'), now() - interval '1 hour', 'it is as old as what it reads');
SELECT nudge.begin_run('above', 'refresh') AS run \gset
UPDATE nudge.materialisations SET data_as_of = now() WHERE name = 'in_force';
SELECT nudge.end_run('above', :run, 'ok', NULL, NULL) \g /dev/null
SELECT is((SELECT data_as_of FROM nudge.materialisations WHERE name = 'above'), now() - interval '1 hour', 'as it was when the refresh began');
SELECT clock_timestamp() AS before \gset
SELECT pg_temp.refresh('beside') \g /dev/null
SELECT ok((SELECT data_as_of BETWEEN :'before' AND clock_timestamp() FROM nudge.materialisations WHERE name = 'beside'), 'what reads sources is as of its beginning');
SELECT nudge.begin_run('beside', 'refresh') AS run \gset
SELECT nudge.begin_run('beside', 'refresh') AS other \gset
SELECT is((SELECT status FROM nudge.runs WHERE run_id = :run), 'abandoned', 'a session that begins a run has broken off the one before');
SELECT is((SELECT status FROM nudge.runs WHERE run_id = :other), 'running', 'and is at work on the new one');

-- Errors that are not of a key end the run
SELECT is(nudge.after_error(everything, keys, code), said, format('%s of %s', code, coalesce(keys::text, 'everything')))
FROM (VALUES (true, NULL::text[], '22012', NULL), (true, '{}', '22012', 'enumerate'), (false, '{a,b}', '22012', 'halve'), (false, '{a}', '22012', 'failed'), (false, '{a,b}', '40P01', 'failed'),
	(false, '{a,b}', '57014', 'cancelled'), (true, '{}', '55P03', 'failed'), (false, '{a,b}', '54001', 'failed'), (false, '{a,b}', '42P01', 'failed'), (false, '{a,b}', '53100', 'failed')) v(everything, keys, code, said);

SELECT * FROM finish();
ROLLBACK;
