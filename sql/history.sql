-- The history of a table that only has the present.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET search_path = public;
SET client_min_messages = warning;
\pset null '(null)'
\set SHOW_CONTEXT never

-- Times are those of the run.  A row is shown with where its interval begins: at the given time, or with the end of the one before (after), or later.
CREATE TABLE subs (id integer PRIMARY KEY, customer text, amount numeric(10,2), note json, seen integer, created_at timestamptz);
INSERT INTO subs VALUES (1, 'ann', 10, '{"a": 1}', 0, '2024-01-05Z'), (2, 'ben', 20, NULL, 0, '2024-02-01Z'), (3, 'cat', 30, NULL, 0, NULL);
SELECT nudge.track_history('subs', columns => '{customer,amount,note}', since => 'created_at');
CREATE VIEW shown AS
	SELECT h.id, h.customer, h.amount, h.note::text, CASE WHEN h.valid_from < '2025-01-01' THEN (h.valid_from AT TIME ZONE 'UTC')::text WHEN h.valid_from = lag(h.valid_to) OVER (PARTITION BY h.id ORDER BY h.valid_from) THEN 'after' ELSE 'later' END AS begins,
		CASE WHEN h.valid_to IS NULL THEN 'still' WHEN h.valid_to > h.valid_from THEN 'ended' ELSE 'WRONG' END AS ends
	FROM nudge_staging.subs_history h ORDER BY h.id, h.valid_from;
TABLE shown;
-- A change, one of a column that is not kept, and one to the same
UPDATE subs SET amount = 11 WHERE id = 1;
UPDATE subs SET seen = 1, amount = amount;
DELETE FROM subs WHERE id = 3;
INSERT INTO subs VALUES (4, 'dan', 40);
TABLE shown;
-- A deleted row that comes back has been gone; a key that changes ends one row and begins another
INSERT INTO subs VALUES (3, 'cat', 30);
UPDATE subs SET id = 5 WHERE id = 4;
TABLE shown;
-- Within a transaction the end counts: nothing, nothing, one change, one row, and no gap
BEGIN; UPDATE subs SET amount = 99 WHERE id = 1; UPDATE subs SET amount = 11 WHERE id = 1; COMMIT;
BEGIN; DELETE FROM subs WHERE id = 1; INSERT INTO subs VALUES (1, 'ann', 11, '{"a": 1}'); COMMIT;
BEGIN; INSERT INTO subs VALUES (6, 'eve', 1); UPDATE subs SET amount = 2 WHERE id = 6; DELETE FROM subs WHERE id = 6; COMMIT;
BEGIN; INSERT INTO subs VALUES (7, 'fay', 1); UPDATE subs SET amount = 2 WHERE id = 7; COMMIT;
BEGIN; UPDATE subs SET amount = 97 WHERE id = 1; UPDATE subs SET amount = 12 WHERE id = 1; COMMIT;
BEGIN; DELETE FROM subs WHERE id = 2; INSERT INTO subs VALUES (2, 'ben', 21); COMMIT;
BEGIN; DELETE FROM subs WHERE id = 5; INSERT INTO subs VALUES (5, 'dan', 40); DELETE FROM subs WHERE id = 5; INSERT INTO subs VALUES (5, 'dan', 41); UPDATE subs SET amount = 40 WHERE id = 5; COMMIT;
BEGIN; UPDATE subs SET amount = 0; ROLLBACK;
BEGIN; SAVEPOINT a; UPDATE subs SET amount = 0; DELETE FROM subs WHERE id = 1; ROLLBACK TO a; SAVEPOINT b; UPDATE subs SET note = '[]' WHERE id = 7; RELEASE b; COMMIT;
BEGIN; SAVEPOINT a; UPDATE subs SET amount = 50 WHERE id = 3; RELEASE a; SAVEPOINT b; UPDATE subs SET amount = 51 WHERE id = 3; ROLLBACK TO b; UPDATE subs SET amount = 30 WHERE id = 3; COMMIT;
TABLE shown;
SELECT * FROM nudge.check_history('subs');
-- A load of everything anew is what has changed: ann is gone, cat costs 31
BEGIN;
CREATE TEMP TABLE loaded ON COMMIT DROP AS SELECT * FROM subs;
TRUNCATE subs;
INSERT INTO subs SELECT id, customer, CASE id WHEN 3 THEN 31 ELSE amount END, note FROM loaded WHERE id <> 1;
COMMIT;
SELECT * FROM shown WHERE id IN (1, 2, 3);
-- Keys that move on, MERGE, ON CONFLICT
UPDATE subs SET id = CASE id WHEN 2 THEN 300 WHEN 3 THEN 2 END WHERE id IN (2, 3);
MERGE INTO subs s USING (VALUES (2, 60), (8, 80), (7, NULL)) v(id, amount) ON s.id = v.id WHEN MATCHED AND v.amount IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET amount = v.amount WHEN NOT MATCHED THEN INSERT (id, amount) VALUES (v.id, v.amount);
INSERT INTO subs (id, amount) VALUES (8, 81), (9, 90) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount;
SELECT * FROM shown WHERE ends = 'still';
SELECT * FROM nudge.check_history('subs');
-- A trigger that changes the row again makes events in another order than the changes; the last one back to what it was
CREATE FUNCTION changes_again() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE public.subs SET amount = CASE NEW.amount WHEN 1000 THEN 1001 WHEN 1001 THEN 1002 WHEN 2000 THEN OLD.amount WHEN 3000 THEN 3001 ELSE NEW.amount END WHERE id = CASE WHEN NEW.amount >= 3000 THEN 9 ELSE NEW.id END AND NEW.amount IN (1000, 1001, 2000, 3000); RETURN NULL; END';
CREATE TRIGGER a_first AFTER UPDATE ON subs FOR EACH ROW EXECUTE FUNCTION changes_again();
UPDATE subs SET amount = 1000 WHERE id = 8;
UPDATE subs SET amount = 2000 WHERE id = 2;
UPDATE subs SET amount = CASE id WHEN 300 THEN 3000 ELSE 4000 END WHERE id IN (300, 9);
DROP TRIGGER a_first ON subs;
SELECT s.id, s.amount, h.amount AS in_history, h.begins FROM subs s JOIN shown h USING (id) WHERE h.ends = 'still' ORDER BY 1;
SELECT * FROM nudge.check_history('subs');

-- Whatever is renamed is followed; what would break the triggers is refused where it is done
ALTER TABLE subs RENAME amount TO price;
ALTER TABLE subs RENAME id TO number;
ALTER TABLE subs RENAME TO contracts;
ALTER TABLE contracts SET SCHEMA nudge_staging;
UPDATE nudge_staging.contracts SET price = 61 WHERE number = 2;
UPDATE nudge_staging.contracts SET number = 301 WHERE number = 300;
DELETE FROM nudge_staging.contracts WHERE number = 5;
SELECT * FROM shown WHERE ends = 'still';
SELECT * FROM nudge.check_history('nudge_staging.contracts');
\set VERBOSITY terse
ALTER TABLE nudge_staging.contracts DROP COLUMN price;
ALTER TABLE nudge_staging.contracts ALTER COLUMN price TYPE double precision;
DROP TABLE nudge_staging.contracts;
DROP VIEW shown;
DROP TABLE nudge_staging.subs_history;
DROP FUNCTION nudge_staging.subs_history_keep();
\set VERBOSITY default
ALTER TABLE nudge_staging.contracts SET SCHEMA public;
ALTER TABLE contracts RENAME TO subs;
ALTER TABLE subs RENAME price TO amount;
ALTER TABLE subs RENAME number TO id;
-- New columns are kept when it is called again, which takes what has changed meanwhile; a disabled trigger shows
SELECT nudge.track_history('subs');
SELECT nudge.check_history('subs') IS NULL AS wrong;
ALTER TABLE subs ADD COLUMN plan text DEFAULT 'pro';
ALTER TABLE subs DISABLE TRIGGER nudge_history;
INSERT INTO subs (id, amount) VALUES (10, 100), (11, 110);
DELETE FROM subs WHERE id = 9;
ALTER TABLE subs ENABLE TRIGGER nudge_history;
UPDATE nudge_staging.subs_history SET amount = 1 WHERE id = 8 AND valid_to IS NULL;
INSERT INTO nudge_staging.subs_history (id, amount, valid_from, valid_to, recorded_at) VALUES (1, 1, '2023-01-01Z', '2024-03-01Z', now()), (1, 1, '2022-01-01Z', '2021-01-01Z', now()), (1, 1, '2020-01-01Z', '2020-01-01Z', now());
SELECT problem, bad_rows, (SELECT jsonb_agg(s - 'valid_from' - 'valid_to') FROM jsonb_array_elements(sample) s WHERE jsonb_typeof(s) = 'object') AS sample, description FROM nudge.check_history('subs');
SELECT problem, bad_rows, jsonb_array_length(sample) FROM nudge.check_history('subs', 1) WHERE problem = 'not in history';
DELETE FROM nudge_staging.subs_history WHERE id = 1 AND valid_from < '2024-01-01';
SELECT nudge.track_history('subs');
SELECT * FROM nudge.check_history('subs');
SELECT id, amount, plan, valid_to IS NULL AS still FROM nudge_staging.subs_history WHERE id IN (8, 9, 10) ORDER BY id, valid_from;
-- What is dropped with CASCADE stops the history, and not the writers
ALTER TABLE subs DROP COLUMN plan CASCADE;
INSERT INTO subs (id) VALUES (12);
SELECT problem, bad_rows FROM nudge.check_history('subs');
SELECT nudge.track_history('subs', columns => '{amount}');
DROP TABLE nudge_staging.subs_history CASCADE;
INSERT INTO subs (id) VALUES (13);
SELECT problem, bad_rows FROM nudge.check_history('subs');
SELECT nudge.track_history('subs', columns => '{}', history => 'presence');
SELECT nudge.untrack_history('subs'), nudge.untrack_history('subs');
UPDATE subs SET id = 14 WHERE id = 13;
-- one that was kept before goes on
SELECT nudge.track_history('subs', columns => '{}', history => 'nudge_staging.presence');
SELECT id, valid_to IS NULL AS still, lead(valid_from) OVER (ORDER BY id) = valid_to AS no_gap FROM nudge_staging.presence WHERE id >= 12 ORDER BY id;
SELECT history, relation, key, columns, every_column FROM nudge.histories;
SELECT nudge.untrack_history('subs', drop_history => true), to_regclass('nudge_staging.presence'), to_regclass('nudge_staging.presence_now'), to_regproc('nudge_staging.presence_keep');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'subs'::regclass;

-- Keys and columns of all kinds: two columns in another order, quoted names, a domain with a check, a generated column; 1.0 to 1 is a change, of what is stored
CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
CREATE DOMAIN more_positive AS positive CHECK (VALUE > 1);
CREATE TABLE "Odd ""table" ("a b" text COLLATE "C", org uuid, level char(3), amount more_positive, bits bit(3), tags text[], at timestamp(0), twice numeric GENERATED ALWAYS AS (amount * 2) STORED, "order" xml, PRIMARY KEY (org, "a b"));
INSERT INTO "Odd ""table" VALUES ('x', '00000000-0000-0000-0000-000000000001', 'ab', 2.0, B'101', '{a,NULL}', '2024-01-01 00:00:01', DEFAULT, '<a/>');
SELECT nudge.track_history('"Odd ""table"', key => '{a b,org}', history => '"Odd"');
SELECT attname, format_type(atttypid, atttypmod), (SELECT collname FROM pg_collation WHERE oid = attcollation) FROM pg_attribute WHERE attrelid = 'nudge_staging."Odd"'::regclass AND attnum > 0 ORDER BY attnum;
UPDATE "Odd ""table" SET amount = 2, level = 'ab ';
UPDATE "Odd ""table" SET "order" = '<b/>';
INSERT INTO "Odd ""table" ("a b", org) VALUES ('x', '00000000-0000-0000-0000-000000000002'), ('y', '00000000-0000-0000-0000-000000000001');
UPDATE "Odd ""table" SET "a b" = 'z' WHERE "a b" = 'y';
ALTER TABLE "Odd ""table" RENAME "a b" TO "c' FROM";
DELETE FROM "Odd ""table" WHERE "c' FROM" = 'z';
ALTER TABLE "Odd ""table" RENAME "c' FROM" TO "a b";
SELECT "a b", right(org::text, 1) AS org, level, amount, bits, tags, at, "order", valid_to IS NULL AS still FROM nudge_staging."Odd" ORDER BY org, "a b", valid_from;
SELECT * FROM nudge.check_history('"Odd ""table"');
SELECT nudge.untrack_history('"Odd ""table"', true);
DROP TABLE "Odd ""table";

-- Partitions: written through the table and directly, moved between, truncated one by one; detached ones show
CREATE TABLE parts (id integer, region text, amount numeric, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parts_eu (amount numeric, region text NOT NULL, id integer NOT NULL);
ALTER TABLE parts ATTACH PARTITION parts_eu FOR VALUES IN ('eu');
CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us');
INSERT INTO parts VALUES (1, 'eu', 1), (2, 'us', 2), (3, 'us', 3);
SELECT nudge.track_history('parts', since => '''-infinity''::timestamptz');
CREATE TABLE parts_apac PARTITION OF parts FOR VALUES IN ('apac');
INSERT INTO parts_eu VALUES (4, 'eu', 4);
UPDATE parts SET region = 'apac' WHERE id = 1;
UPDATE parts_us SET amount = 20 WHERE id = 2;
SELECT id, region, amount, valid_to IS NULL AS still FROM nudge_staging.parts_history ORDER BY id, region, valid_from;
TRUNCATE parts_us;
SELECT problem, bad_rows, sample FROM nudge.check_history('parts');
SELECT nudge.track_history('parts', since => '''-infinity''::timestamptz');
TRUNCATE parts_apac;
SELECT * FROM nudge.check_history('parts');
ALTER TABLE parts DETACH PARTITION parts_eu;
INSERT INTO parts_eu VALUES (5, 'eu', 5);
SELECT problem, bad_rows FROM nudge.check_history('parts');
ALTER TABLE parts ATTACH PARTITION parts_eu FOR VALUES IN ('eu');
SELECT problem, bad_rows FROM nudge.check_history('parts');
SELECT nudge.track_history('parts');
TRUNCATE parts;
SELECT * FROM nudge.check_history('parts');
SELECT count(*) FILTER (WHERE valid_to IS NULL) AS open, count(*) FROM nudge_staging.parts_history;
SELECT nudge.untrack_history('parts', true);

-- Columns called as variables of the triggers are
CREATE TABLE named (key_1 integer, this integer, seen_at integer, begins integer, there boolean, last text, truth text, turn integer, place text, h text, n text, ours text, same text, now text, r text, PRIMARY KEY (key_1, this));
SELECT nudge.track_history('named');
INSERT INTO named (key_1, this, seen_at) VALUES (1, 1, 5), (2, 2, 6);
UPDATE named SET seen_at = 7, begins = 3 WHERE key_1 = 1;
UPDATE named SET this = 3 WHERE key_1 = 2;
BEGIN; DELETE FROM named; INSERT INTO named (key_1, this, seen_at, begins) VALUES (1, 1, 7, 3); COMMIT;
SELECT key_1, this, seen_at, begins, valid_to IS NULL AS still FROM nudge_staging.named_history ORDER BY key_1, valid_from;
TRUNCATE named;
SELECT * FROM nudge.check_history('named');
SELECT nudge.untrack_history('named', true);
DROP TABLE named;

-- Keys of other kinds, compared as their index does; a value that is stored otherwise is another
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN code AS varchar(10) CHECK (VALUE <> 'zz');
CREATE TABLE keys (e mood, a integer[], r int4range, d code, n numeric, f double precision, amount integer, PRIMARY KEY (e, a, r, d, n, f));
SELECT nudge.track_history('keys');
INSERT INTO keys VALUES ('a', '{1}', '[1,2)', 'd', 1.0, 0, 1);
UPDATE keys SET amount = 2;
UPDATE keys SET n = 1.00, f = '-0';
UPDATE keys SET e = 'b';
SELECT e, a, r, d, n, f, amount, valid_to IS NULL AS still, valid_from IS NOT DISTINCT FROM lag(valid_to) OVER (ORDER BY valid_from) AS no_gap FROM nudge_staging.keys_history ORDER BY valid_from;
SELECT * FROM nudge.check_history('keys');
SELECT nudge.untrack_history('keys', true);
DROP TABLE keys;
DROP DOMAIN code;
DROP TYPE mood;

-- A column of the key whose name another column has got: the triggers would look for the wrong row
CREATE TABLE moved (id integer PRIMARY KEY, big_id bigint NOT NULL UNIQUE, amount integer);
INSERT INTO moved VALUES (1, 100, 10), (2, 1, 20);
SELECT nudge.track_history('moved');
ALTER TABLE moved RENAME id TO old_id;
SELECT * FROM nudge.check_history('moved');
ALTER TABLE moved RENAME big_id TO id;
SELECT problem, bad_rows, sample, description FROM nudge.check_history('moved');
-- a history has the key that it began with
SELECT nudge.track_history('moved', key => '{id}');
SELECT nudge.track_history('moved', key => '{id}', history => 'moved_by_big_id');
SELECT nudge.track_history('moved', key => '{old_id}');
UPDATE moved SET amount = 11 WHERE id = 100;
SELECT id, old_id, amount, valid_to IS NULL AS still FROM nudge_staging.moved_by_big_id ORDER BY id, valid_from;
SELECT * FROM nudge.check_history('moved');
SELECT nudge.untrack_history('moved', true);
DROP TABLE moved, nudge_staging.moved_history;

-- For every writer: also where triggers are off
CREATE TABLE copied (id integer PRIMARY KEY, amount numeric);
SELECT nudge.track_history('copied');
SET session_replication_role = replica;
INSERT INTO copied VALUES (1, 1), (2, 2);
UPDATE copied SET amount = 3 WHERE id = 1;
TRUNCATE copied;
RESET session_replication_role;
SELECT id, amount, valid_to IS NULL AS still FROM nudge_staging.copied_history ORDER BY id, valid_from;
-- A number of a transaction that comes again after a restore: what it ended stays ended, what it began is not thought over
INSERT INTO copied VALUES (7, 7), (8, 8);
BEGIN;
UPDATE nudge_staging.copied_history SET changed_by = pg_current_xact_id(), recorded_at = '2024-01-01Z', valid_from = '2024-01-01Z', valid_to = CASE WHEN id = 2 THEN timestamptz '2024-01-02Z' END WHERE id IN (2, 7);
INSERT INTO copied VALUES (2, 2);
UPDATE copied SET amount = 70 WHERE id = 7;
DELETE FROM copied WHERE id = 8;
COMMIT;
SELECT id, amount, valid_from < '2025-01-01' AS old, valid_to IS NULL AS still FROM nudge_staging.copied_history WHERE id IN (2, 7, 8) ORDER BY id, valid_from;
-- The clock goes back: an interval that begins later than now ends after it
UPDATE nudge_staging.copied_history SET valid_from = '2100-01-01Z' WHERE id = 7 AND valid_to IS NULL;
UPDATE copied SET amount = 71 WHERE id = 7;
DELETE FROM copied WHERE id = 7;
INSERT INTO copied VALUES (7, 72);
SELECT amount, valid_from - '2100-01-01Z' AS begins, valid_to - '2100-01-01Z' AS ends FROM nudge_staging.copied_history WHERE id = 7 AND valid_from >= '2100-01-01Z' ORDER BY valid_from;
DELETE FROM copied;
UPDATE nudge_staging.copied_history SET valid_from = CASE id WHEN 7 THEN valid_from WHEN 8 THEN '2099-01-01Z' ELSE '2098-01-01Z' END, valid_to = CASE WHEN id <> 7 THEN timestamptz '2100-01-01Z' ELSE valid_to END WHERE valid_from IN (SELECT max(h.valid_from) FROM nudge_staging.copied_history h GROUP BY h.id);
INSERT INTO copied VALUES (8, 80);
ALTER TABLE copied DISABLE TRIGGER nudge_history;
INSERT INTO copied VALUES (2, 200);
UPDATE nudge_staging.copied_history SET amount = 0 WHERE id = 8 AND valid_to IS NULL;
SELECT nudge.track_history('copied');
SELECT id, amount, valid_from - '2100-01-01Z' AS begins, valid_to - '2100-01-01Z' AS ends FROM nudge_staging.copied_history WHERE valid_from >= '2100-01-01Z' AND id <> 7 ORDER BY id, valid_from;
-- and with TRUNCATE, of what a transaction of the same number began before the restore
BEGIN;
UPDATE nudge_staging.copied_history SET changed_by = pg_current_xact_id(), recorded_at = '2024-01-01Z' WHERE valid_to IS NULL;
TRUNCATE copied;
COMMIT;
SELECT id, amount, valid_from - '2100-01-01Z' AS begins, valid_to - valid_from AS lasts FROM nudge_staging.copied_history WHERE valid_from >= '2100-01-01Z' AND id <> 7 ORDER BY id, valid_from;
-- Times are not those of the transaction's begin
DELETE FROM nudge_staging.copied_history;
BEGIN;
SELECT pg_sleep(0.01) IS NULL AS slept;
INSERT INTO copied VALUES (1, 1);
SELECT valid_from >= transaction_timestamp() + interval '10 ms' AS later, recorded_at = valid_from AS at_once FROM nudge_staging.copied_history;
COMMIT;
SELECT nudge.untrack_history('copied', true);
-- Since when: a time to come and one that never was are the time of the call
TRUNCATE copied;
INSERT INTO copied VALUES (1, 1), (2, 2), (3, 3), (4, 4);
SELECT nudge.track_history('copied', since => $$ CASE r.id WHEN 1 THEN timestamptz '2999-01-01Z' WHEN 2 THEN '-infinity' WHEN 3 THEN '2024-01-01Z' END $$);
SELECT id, valid_from = recorded_at AS of_the_call, valid_from BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' AS now FROM nudge_staging.copied_history ORDER BY id;
SELECT nudge.untrack_history('copied', true);

-- Wrong arguments
CREATE VIEW a_view AS SELECT 1 AS id;
CREATE UNLOGGED TABLE a_fast_one (id integer PRIMARY KEY);
CREATE TEMP TABLE a_temporary_one (id integer PRIMARY KEY);
CREATE TABLE a_parent (id integer PRIMARY KEY);
CREATE TABLE a_child () INHERITS (a_parent);
CREATE TABLE no_key (id integer, amount numeric, valid_from date, UNIQUE (id));
CREATE TABLE late_key (id integer PRIMARY KEY DEFERRABLE, amount numeric NOT NULL);
CREATE UNIQUE INDEX ON late_key (amount) WHERE amount > 0;
CREATE UNIQUE INDEX ON late_key (amount, (id + 1));
SELECT nudge.track_history('a_view');
SELECT nudge.track_history('a_fast_one');
SELECT nudge.track_history('a_temporary_one');
SELECT nudge.track_history('a_parent');
SELECT nudge.track_history('pg_class');
SELECT nudge.track_history('no_key');
SELECT nudge.track_history('no_key', key => '{id}');
SELECT nudge.track_history('late_key');
SELECT nudge.track_history('late_key', key => '{amount}');
SELECT nudge.track_history('subs', key => '{id,customer}');
SELECT nudge.track_history('subs', key => '{}');
SELECT nudge.track_history('subs', key => '{number}');
SELECT nudge.track_history('subs', columns => '{amount,prize}');
SELECT nudge.track_history('subs', history => 'a.b.c');
SELECT nudge.track_history('subs', history => repeat('x', 57));
SELECT nudge.track_history('subs', history => 'no_schema.x');
SELECT nudge.track_history('subs', since => 'created');
SELECT nudge.track_history('subs', since => 'created_at::timestamp');
SELECT nudge.track_history('subs', since => 'seen');
SELECT nudge.track_history('subs', since => 'created_at, 1');
SELECT nudge.track_history('subs', history => 'public.no_key');
SELECT nudge.track_history('subs', history => 'public.a_view');
SELECT nudge.track_history(NULL);
SELECT nudge.check_history('subs');
ALTER TABLE no_key ALTER id SET NOT NULL;
SELECT nudge.track_history('no_key', key => '{id}');
SELECT nudge.track_history('no_key', key => '{id}', columns => '{amount}');
SELECT nudge.check_history('subs');
SELECT nudge.track_history('subs', history => 'no_key_history');
SELECT nudge.untrack_history('no_key');
ALTER TABLE no_key ALTER amount TYPE double precision;
SELECT nudge.track_history('no_key', key => '{id}', columns => '{amount}');
DROP TABLE nudge_staging.no_key_history;
SELECT * FROM nudge.histories;
SELECT nudge.untrack_history(NULL), nudge.untrack_history('a_view');
SELECT nudge.check_history(NULL);

-- Read as an input: MRR of what was in force
SELECT nudge.track_history('subs', columns => '{customer,amount}', since => '''2024-01-05Z''::timestamptz');
SELECT nudge.map_source('subscriptions', 'nudge_staging.subs_history', '{"item": "id", "plan": "''pro''", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}', filter => 'r.customer IS NOT NULL', source => 'subs');
UPDATE subs SET amount = amount + 1 WHERE customer = 'ben';
SELECT customer, item, amount, valid_to IS NULL AS still, recorded_at IS NOT NULL AS recorded FROM nudge_staging.subscriptions ORDER BY item, valid_from;
SELECT nudge.unmap_source('subs'), nudge.untrack_history('subs', true);
DROP TABLE subs, no_key, late_key, a_child, a_parent, a_fast_one, copied, parts CASCADE;
DROP VIEW a_view;
DROP DOMAIN more_positive, positive;
DROP FUNCTION changes_again();
DROP SCHEMA nudge_staging;
