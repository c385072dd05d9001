--
-- history.sql
--		The history of a table under random changes against a log that the test
--		keeps itself, and who may do what.
--
-- Changes are many transactions: unlike other files this one commits, and drops
-- what it has made.  They follow from the seed alone; NM_SEED in the environment
-- replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed history
\getenv seed NM_SEED
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SELECT plan(38);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

DROP SCHEMA IF EXISTS history_test CASCADE;
CREATE SCHEMA history_test;
SET search_path = history_test, public;
CREATE TABLE live (region integer NOT NULL, id integer NOT NULL, amount integer, note json, seen integer, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE live_0 PARTITION OF live FOR VALUES IN (0);
CREATE TABLE live_1 (seen integer, note json, id integer NOT NULL, region integer NOT NULL, amount integer);
ALTER TABLE live ATTACH PARTITION live_1 FOR VALUES IN (1);
INSERT INTO live SELECT g % 2, g, g, NULL, 0 FROM generate_series(1, 15) g;

-- Changes a row once more, so that events come in another order than changes.
CREATE FUNCTION once_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE history_test.live l SET amount = CASE NEW.amount % 3 WHEN 0 THEN OLD.amount ELSE NEW.amount / 2 END WHERE NEW.amount % 5 = 0 AND NEW.amount > 10 AND l.region = NEW.region AND l.id IN (NEW.id, NEW.id + 2);
	RETURN NULL;
END
$$;
CREATE TRIGGER a_once_more AFTER UPDATE ON live FOR EACH ROW WHEN (pg_trigger_depth() < 2) EXECUTE FUNCTION once_more();

CREATE PROCEDURE change_at_random() LANGUAGE plpgsql AS $$
DECLARE
	a integer;
	b integer;
BEGIN
	FOR i IN 1 .. 1 + floor(random() * 5)::integer LOOP
		a := 1 + floor(random() * 15);
		b := 1 + floor(random() * 15);
		CASE floor(random() * 13)::integer
			WHEN 0, 1 THEN INSERT INTO history_test.live VALUES (a % 2, a, b, CASE WHEN b > 7 THEN '{"a": 1}' END::json, 0) ON CONFLICT (id, region) DO UPDATE SET amount = excluded.amount;
			WHEN 2 THEN UPDATE history_test.live SET amount = floor(random() * 40) WHERE id = a;
			WHEN 3 THEN UPDATE history_test.live SET amount = amount + (random() < 0.7)::integer, seen = i WHERE id BETWEEN a AND b;
			WHEN 4 THEN UPDATE history_test.live SET note = CASE WHEN a > 5 THEN '{"a":2}' END::json WHERE id > b;
			WHEN 5 THEN UPDATE history_test.live SET seen = a;
			WHEN 6 THEN DELETE FROM history_test.live WHERE id = a;
			WHEN 7 THEN DELETE FROM history_test.live WHERE id = a; INSERT INTO history_test.live VALUES (a % 2, a, b, NULL, 0) ON CONFLICT DO NOTHING;
			WHEN 8 THEN UPDATE history_test.live l SET id = b WHERE id = a AND NOT EXISTS (SELECT FROM history_test.live o WHERE o.id = b);
			WHEN 9 THEN UPDATE history_test.live l SET region = 1 - region WHERE id BETWEEN a AND b AND NOT EXISTS (SELECT FROM history_test.live o WHERE o.id = l.id AND o.region <> l.region);
			-- keys move round, through some that nobody else sees
			WHEN 10 THEN UPDATE history_test.live SET id = -id WHERE id <= a; UPDATE history_test.live SET id = 1 + (-id) % a WHERE id < 0;
			WHEN 11 THEN
				BEGIN
					DELETE FROM history_test.live WHERE id >= a;
					UPDATE history_test.live SET amount = -1;
					RAISE division_by_zero;
				EXCEPTION WHEN division_by_zero THEN NULL;
				END;
			WHEN 12 THEN
				IF random() < 0.4 THEN
					CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE history_test.live;
					IF random() < 0.5 THEN TRUNCATE history_test.live; ELSE TRUNCATE history_test.live_1; DELETE FROM history_test.live; END IF;
					INSERT INTO history_test.live SELECT * FROM kept WHERE random() < 0.9;
					DROP TABLE kept;
				END IF;
		END CASE;
	END LOOP;
END
$$;

-- After each transaction: when, and the rows that there are
CREATE TABLE log (n serial, at timestamptz, rows jsonb);
CREATE PROCEDURE run(transactions integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. transactions LOOP
		CALL history_test.change_at_random();
		IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
		INSERT INTO history_test.log (at, rows) SELECT clock_timestamp(), coalesce(jsonb_agg(jsonb_build_object('region', l.region, 'id', l.id, 'amount', l.amount, 'note', l.note::text) ORDER BY l.id, l.region), '[]') FROM history_test.live l;
		COMMIT;
	END LOOP;
END
$$;
SELECT is(nudge.track_history('live', columns => '{amount,note}', history => 'history_test.kept'), 'history_test.kept', 'the history is named');
INSERT INTO log (at, rows) SELECT clock_timestamp(), jsonb_agg(jsonb_build_object('region', l.region, 'id', l.id, 'amount', l.amount, 'note', l.note::text) ORDER BY l.id, l.region) FROM live l;
CALL run(400);

SELECT is_empty($$ SELECT * FROM nudge.check_history('live') $$, 'nothing is wrong after random changes');
SELECT cmp_ok((SELECT count(*) FROM kept), '>', 500::bigint, 'there is a history');
SELECT is_empty($$
	SELECT l.n FROM log l WHERE l.rows <> (SELECT coalesce(jsonb_agg(jsonb_build_object('region', h.region, 'id', h.id, 'amount', h.amount, 'note', h.note::text) ORDER BY h.id, h.region), '[]')
		FROM kept h WHERE h.valid_from <= l.at AND (h.valid_to > l.at OR h.valid_to IS NULL)) $$, 'the state after every transaction is there');
-- What was known then is what there was, with no end in sight, and nothing that came later
SELECT is_empty($$
	SELECT l.n FROM log l WHERE l.rows <> (SELECT coalesce(jsonb_agg(jsonb_build_object('region', h.region, 'id', h.id, 'amount', h.amount, 'note', h.note::text) ORDER BY h.id, h.region), '[]')
		FROM kept h WHERE h.recorded_at <= l.at AND CASE WHEN h.valid_to <= l.at THEN h.valid_to END IS NULL) $$, 'so is what was known after every transaction');
SELECT is_empty($$
	SELECT l.n, u.n FROM log l JOIN log u ON u.n IN (l.n - 1, l.n - 7, l.n / 2) WHERE u.rows <> (SELECT coalesce(jsonb_agg(jsonb_build_object('region', h.region, 'id', h.id, 'amount', h.amount, 'note', h.note::text) ORDER BY h.id, h.region), '[]')
		FROM kept h WHERE h.recorded_at <= l.at AND h.valid_from <= u.at AND (h.valid_to > u.at OR CASE WHEN h.valid_to <= l.at THEN h.valid_to END IS NULL)) $$, 'and of the time before it');
-- No more intervals than changes: a row begins with the transaction after which it is new or other
CREATE TEMP TABLE state AS SELECT l.n, l.at, (r ->> 'id')::integer AS id, (r ->> 'region')::integer AS region, r - 'id' - 'region' AS rest FROM log l, jsonb_array_elements(l.rows) r;
ANALYZE state;
SELECT bag_eq($$ SELECT h.id, h.region, jsonb_build_object('amount', h.amount, 'note', h.note::text), (SELECT count(*) FROM log l WHERE l.at < h.valid_from) AS begins, CASE WHEN h.valid_to IS NOT NULL THEN (SELECT count(*) FROM log l WHERE l.at < h.valid_to) END AS ends FROM kept h $$,
	$$ SELECT s.id, s.region, s.rest, s.n::bigint - 1 AS begins, nullif(min(e.n), 2147483647)::bigint - 1 AS ends
		FROM (SELECT s.*, lag(s.n) OVER w IS DISTINCT FROM s.n - 1 OR lag(s.rest) OVER w <> s.rest AS begins FROM state s WINDOW w AS (PARTITION BY s.id, s.region ORDER BY s.n)) s
		JOIN (SELECT s.id, s.region, s.n + 1 AS n FROM state s
				WHERE NOT EXISTS (SELECT FROM state o WHERE o.id = s.id AND o.region = s.region AND o.n = s.n + 1 AND o.rest = s.rest) AND s.n < (SELECT max(l.n) FROM log l)
			UNION ALL SELECT DISTINCT s.id, s.region, 2147483647 FROM state s) e ON e.id = s.id AND e.region = s.region AND e.n > s.n
		WHERE s.begins GROUP BY s.id, s.region, s.rest, s.n $$, 'intervals are the changes of the log, and no others');
SELECT is_empty($$ SELECT * FROM kept h WHERE h.valid_to <= h.valid_from OR h.recorded_at < h.valid_from $$, 'intervals end after they begin, and are recorded when they have begun');

-- Once more what was written elsewhere; then again without tracking meanwhile
SELECT is(nudge.untrack_history('live'), true, 'it can be ended');
CREATE TEMP TABLE before AS TABLE kept;
CALL run(20);
SELECT is_empty($$ (SELECT b::text FROM before b EXCEPT ALL SELECT k::text FROM kept k) UNION ALL (SELECT k::text FROM kept k EXCEPT ALL SELECT b::text FROM before b) $$, 'then nothing is kept');
SELECT lives_ok($$ SELECT nudge.track_history('live', columns => '{amount,note}', history => 'history_test.kept') $$, 'it goes on');
SELECT is_empty($$ SELECT * FROM nudge.check_history('live') $$, 'and nothing is wrong');
SELECT is_empty($$ SELECT id, region, amount, valid_from FROM before EXCEPT SELECT id, region, amount, valid_from FROM kept $$, 'the past stays');
CALL run(50);
SELECT is_empty($$ SELECT * FROM nudge.check_history('live') $$, 'and nothing is wrong after more changes');
-- Asked for again, with nothing changed, it changes nothing
CREATE TEMP TABLE before_again AS TABLE kept;
SELECT lives_ok($$ SELECT nudge.track_history('live', columns => '{amount,note}', since => '''2020-01-01Z''::timestamptz') $$, 'it can be asked for again');
SELECT is_empty($$ (SELECT (k)::text FROM before_again k EXCEPT ALL SELECT (k)::text FROM kept k) UNION ALL (SELECT (k)::text FROM kept k EXCEPT ALL SELECT (k)::text FROM before_again k) $$, 'which changes nothing');
-- As an input: one item is never twice in force
SELECT lives_ok($$ SELECT nudge.map_source('subscriptions', 'history_test.kept', '{"item": "r.region || ''/'' || r.id", "customer": "id", "plan": "''a''", "amount": "coalesce(abs(r.amount), 0)", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}', source => 'random_history') $$, 'it can be mapped');
SELECT is_empty($$ SELECT problem FROM nudge.check_source('random_history') WHERE severity = 'error' $$, 'and is an input without errors');
SELECT lives_ok($$ SELECT nudge.unmap_source('random_history') $$, 'and be unmapped');

-- Who may do what: the owner of a table begins it, writers and readers need nothing of it
BEGIN;
CREATE ROLE history_owner;
CREATE ROLE history_writer;
CREATE ROLE history_group;
GRANT history_group TO history_owner;
GRANT USAGE ON SCHEMA nudge, history_test TO history_owner, history_writer;
GRANT CREATE ON SCHEMA history_test TO history_owner;
GRANT INSERT, UPDATE, DELETE ON nudge.histories TO history_owner;
CREATE TABLE owned (id integer PRIMARY KEY, amount integer);
ALTER TABLE owned OWNER TO history_group;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON owned TO history_writer;
-- by default the writer may do everything, and somebody else keeps a history where we may not look
ALTER DEFAULT PRIVILEGES FOR ROLE history_owner GRANT ALL ON TABLES TO history_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE history_owner GRANT EXECUTE ON FUNCTIONS TO history_writer, PUBLIC;
CREATE SCHEMA closed_to_all;
CREATE TABLE closed_to_all.other (id integer PRIMARY KEY);
SELECT nudge.track_history('closed_to_all.other', history => 'closed_to_all.other_kept') \gset
CREATE FUNCTION hijack(integer, integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''hijacked''; END';
SET LOCAL ROLE history_writer;
SELECT throws_ok($$ SELECT nudge.track_history('owned', history => 'history_test.owned_kept') $$, '42501', 'must be owner of table history_test.owned', 'who is not the owner may not');
SET LOCAL ROLE history_owner;
SELECT is(nudge.track_history('owned', history => 'history_test.owned_kept'), 'history_test.owned_kept', 'a member of the role that owns it may');
SELECT is((SELECT h.tracked_by FROM nudge.histories h WHERE h.history = 'history_test.owned_kept'), 'history_owner', 'and is named');
SET LOCAL ROLE history_writer;
CREATE TEMP TABLE owned_kept (id integer);
SET LOCAL search_path = pg_temp, history_test, pg_catalog;
CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''-infinity''::timestamptz';
INSERT INTO history_test.owned VALUES (1, 1), (2, 2);
UPDATE history_test.owned SET amount = 3 WHERE id = 1;
TRUNCATE history_test.owned;
INSERT INTO history_test.owned VALUES (1, 4);
SET LOCAL search_path = history_test, public;
SELECT is((SELECT has_table_privilege('history_test.owned_kept', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER') OR has_table_privilege('history_test.owned_kept_now', 'INSERT, UPDATE, DELETE, TRIGGER') OR has_function_privilege('history_test.owned_kept_keep()', 'EXECUTE')), false, 'a writer cannot forge it, not even with privileges by default');
SELECT ok(has_table_privilege('history_test.owned_kept', 'SELECT'), 'which may let somebody read it');
SELECT throws_ok('DELETE FROM history_test.owned_kept', '42501', NULL, 'not write it');
RESET ROLE;
SET LOCAL ROLE history_owner;
REVOKE SELECT ON history_test.owned_kept FROM history_writer;
SET LOCAL ROLE history_writer;
SELECT throws_ok('TABLE history_test.owned_kept', '42501', NULL, 'without them a writer may not read it');
RESET ROLE;
SELECT results_eq($$ SELECT id, amount FROM history_test.owned_kept WHERE valid_to IS NULL AND isfinite(valid_from) $$, 'VALUES (1, 4)', 'yet what it writes is kept');
SELECT is((SELECT p.prosecdef AND p.proconfig::text LIKE '%search_path=pg_catalog, pg_temp%' FROM pg_proc p WHERE p.oid = 'history_test.owned_kept_keep()'::regprocedure), true, 'the function of the triggers is pinned');
ALTER TABLE owned OWNER TO history_writer;
SELECT results_eq($$ SELECT problem, sample FROM nudge.check_history('owned') $$, $$ VALUES ('no rights', '["history_owner"]'::jsonb) $$, 'an owner without rights shows');
ALTER TABLE owned OWNER TO history_owner;
ALTER TABLE history_test.owned_kept OWNER TO history_writer;
SET LOCAL ROLE history_owner;
SELECT throws_ok($$ SELECT nudge.track_history('owned', history => 'history_test.owned_kept') $$, '42P07', 'table history_test.owned_kept is there, and cannot be the history of history_test.owned', 'the table of another is no history');
RESET ROLE;
ALTER TABLE history_test.owned_kept OWNER TO history_owner;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
ALTER TABLE owned FORCE ROW LEVEL SECURITY;
SET LOCAL ROLE history_owner;
SELECT throws_ok($$ SELECT nudge.track_history('owned') $$, '42809', 'the history of history_test.owned cannot be kept', 'nor of a table that hides rows from its owner');
SELECT results_eq($$ SELECT problem, sample FROM nudge.check_history('owned') LIMIT 1 $$, $$ VALUES ('row security', '["history_test.owned"]'::jsonb) $$, 'row security that came later shows');
SELECT is(nudge.untrack_history('owned', true), true, 'who began it may end it');
RESET ROLE;
SELECT is((SELECT count(*) FROM pg_class WHERE relname LIKE 'owned\_kept%' AND relnamespace = 'history_test'::regnamespace), 0::bigint, 'and drop it');
ROLLBACK;

-- DDL and data in one transaction; a savepoint that takes back the tracking itself
BEGIN;
CREATE TABLE of_one (id integer PRIMARY KEY, amount integer);
INSERT INTO of_one VALUES (1, 1);
SELECT lives_ok($$ SELECT nudge.track_history('of_one', since => '''2024-01-01Z''::timestamptz', history => 'history_test.of_one_kept') $$, 'in the transaction that made the table');
UPDATE of_one SET amount = 2;
UPDATE of_one SET amount = 3;
SELECT results_eq('SELECT amount, valid_from = ''2024-01-01Z'', valid_to IS NULL FROM of_one_kept ORDER BY valid_from', 'VALUES (1, true, false), (3, false, true)', 'what was there before is not thought over');
SAVEPOINT s;
SELECT nudge.untrack_history('of_one', true) \gset
ROLLBACK TO s;
DELETE FROM of_one;
SELECT is_empty($$ SELECT * FROM nudge.check_history('of_one') $$, 'an end that is rolled back is none');
ROLLBACK;
SELECT is((SELECT array_agg(h.history) FROM nudge.histories h), '{history_test.kept}', 'what was rolled back is not there');

SELECT nudge.untrack_history('live', true) \gset
SELECT * FROM finish();
DROP SCHEMA history_test CASCADE;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('nudge_staging')) THEN DROP SCHEMA IF EXISTS nudge_staging; END IF; END $$;
