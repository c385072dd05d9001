-- Which keys of a source have changed: the triggers that write them down.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA captured;
SET search_path = captured, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The triggers of tables are looked at alone; what ALTER TABLE brings by itself comes last
ALTER EVENT TRIGGER nudge_note_alterations DISABLE;

-- What is in the log of sources, in order, and is then taken out as a refresh would
CREATE FUNCTION taken() RETURNS TABLE (source text, key_column text, key text, n bigint) LANGUAGE sql VOLATILE AS $$
	WITH gone AS (DELETE FROM nudge.change_log c RETURNING c.*)
	SELECT g.source, g.key_column, g.key, count(*) FROM gone g WHERE g.source !~ '^nudge_staging' GROUP BY 1, 2, 3
	ORDER BY g.source COLLATE "C", g.key_column COLLATE "C", g.key COLLATE "C"
$$;

-- By hand (doc/capture.md): of each statement, each key once; before and after an update; nothing where no column that the source reads has changed
CREATE TABLE billing (id integer PRIMARY KEY, account integer, product text, begins timestamptz, cents integer, cur text, state text, remark text);
SELECT map_source('subscriptions', 'billing', '{"customer": "account", "item": "id", "plan": "product", "valid_from": "begins", "valid_to": null, "amount": "r.cents / 100.0",
	"currency": "cur", "interval_unit": "''month''", "interval_count": "1", "status": "state"}', filter => 'r.product <> ''test''');
SELECT track_source('subscriptions', '{customer}');
SELECT source, relation, keys, capture, tracked_by = current_user AS mine FROM trackings;
SELECT * FROM taken();
INSERT INTO billing VALUES (1, 7, 'pro', '2024-03-01', 1999, 'EUR', 'active', 'a'), (2, 7, 'pro', '2024-03-01', 500, 'EUR', 'active', 'b'), (3, 8, 'mini', '2024-04-01', 100, 'EUR', 'active', 'c');
SELECT * FROM taken();
UPDATE billing SET remark = 'seen';
SELECT * FROM taken();
UPDATE billing SET cents = 2000 WHERE id = 1;
SELECT * FROM taken();
UPDATE billing SET account = 9 WHERE id = 3;
SELECT * FROM taken();
UPDATE billing SET account = NULL WHERE id = 2;
SELECT * FROM taken();
DELETE FROM billing WHERE id IN (1, 2);
SELECT * FROM taken();
TRUNCATE billing;
SELECT * FROM taken();
-- Nothing is written, and no transaction number used, where there are no rows
BEGIN;
INSERT INTO billing SELECT * FROM billing;
UPDATE billing SET cents = 0;
DELETE FROM billing;
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_number;
COMMIT;
SELECT * FROM taken();

-- The triggers, of which there is one for each event; all fire always
SELECT tgname, tgenabled, tgtype, tgoldtable, tgnewtable, regexp_replace(encode(tgargs, 'escape'), '\\000\d+(( \d+)*\\000)$', '\000TABLE\1') AS arguments FROM pg_trigger WHERE tgrelid = 'billing'::regclass ORDER BY tgname COLLATE "C";
SELECT * FROM check_tracking();

-- Other statements
INSERT INTO billing VALUES (1, 1, 'pro', '2024-03-01', 1, 'EUR', 'active'), (2, 2, 'pro', '2024-03-01', 1, 'EUR', 'active');
SELECT * FROM taken();
INSERT INTO billing VALUES (1, 3, 'pro', '2024-03-01', 1, 'EUR', 'active'), (4, 4, 'pro', '2024-03-01', 1, 'EUR', 'active')
	ON CONFLICT (id) DO UPDATE SET account = excluded.account;
SELECT * FROM taken();
INSERT INTO billing VALUES (1, 99, 'pro', '2024-03-01', 1, 'EUR', 'active') ON CONFLICT DO NOTHING;
SELECT * FROM taken();
MERGE INTO billing b USING (VALUES (1, 11), (2, 12), (4, 13), (5, 14)) v(id, account) ON b.id = v.id
	WHEN MATCHED AND v.id = 2 THEN DELETE
	WHEN MATCHED AND v.id = 4 THEN DO NOTHING
	WHEN MATCHED THEN UPDATE SET account = v.account
	WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.account, 'pro', '2024-03-01', 1, 'EUR', 'active');
SELECT * FROM taken();
COPY billing FROM stdin;
6	20	pro	2024-03-01	1	EUR	active	\N
7	21	pro	2024-03-01	1	EUR	active	\N
8	21	pro	2024-03-01	1	EUR	active	\N
9	\N	pro	2024-03-01	1	EUR	active	\N
\.
SELECT * FROM taken();
WITH a AS (UPDATE billing SET cents = 5 WHERE id = 6 RETURNING 1), b AS (UPDATE billing SET cents = 5 WHERE id = 7 RETURNING 1), c AS (DELETE FROM billing WHERE id = 1 RETURNING 1)
INSERT INTO billing SELECT 10, 30, 'pro', '2024-03-01', 1, 'EUR', 'active';
SELECT * FROM taken();
SET session_replication_role = replica;
UPDATE billing SET cents = 6 WHERE id = 6;
RESET session_replication_role;
SELECT * FROM taken();
-- Cascades, in which the writer names another table
CREATE TABLE account (id integer PRIMARY KEY);
INSERT INTO account SELECT DISTINCT account FROM billing WHERE account IS NOT NULL;
ALTER TABLE billing ADD FOREIGN KEY (account) REFERENCES account ON UPDATE CASCADE ON DELETE CASCADE;
UPDATE account SET id = 31 WHERE id = 30;
SELECT * FROM taken();
DELETE FROM account WHERE id IN (20, 21);
SELECT * FROM taken();
ALTER TABLE billing DROP CONSTRAINT billing_account_fkey;

-- What is undone is not in the log, and what is undone in part is in part
BEGIN;
INSERT INTO billing VALUES (50, 50, 'pro', '2024-03-01', 1, 'EUR', 'active');
ROLLBACK;
SELECT * FROM taken();
BEGIN;
INSERT INTO billing VALUES (50, 50, 'pro', '2024-03-01', 1, 'EUR', 'active');
SAVEPOINT a;
INSERT INTO billing VALUES (51, 51, 'pro', '2024-03-01', 1, 'EUR', 'active');
ROLLBACK TO a;
INSERT INTO billing VALUES (52, 52, 'pro', '2024-03-01', 1, 'EUR', 'active');
SAVEPOINT b;
INSERT INTO billing VALUES (53, 53, 'pro', '2024-03-01', 1, 'EUR', 'active');
RELEASE b;
COMMIT;
SELECT * FROM taken();

-- By row: each key once in a command of one subtransaction
SELECT track_source('subscriptions', '{customer}', 'row');
SELECT tgname, tgenabled, tgtype FROM pg_trigger WHERE tgrelid = 'billing'::regclass ORDER BY tgname COLLATE "C";
SELECT * FROM taken();
UPDATE billing SET account = 60, remark = 'x' WHERE id >= 50;
SELECT * FROM taken();
UPDATE billing SET remark = 'y';
SELECT * FROM taken();
UPDATE billing SET cents = 60;
SELECT * FROM taken();
DELETE FROM billing WHERE id >= 50;
SELECT * FROM taken();
TRUNCATE billing;
SELECT * FROM taken();
BEGIN;
INSERT INTO billing VALUES (1, 1, 'pro', '2024-03-01', 1, 'EUR', 'active');
SAVEPOINT a;
UPDATE billing SET cents = 2;
ROLLBACK TO a;
UPDATE billing SET cents = 3;
SELECT * FROM taken();
UPDATE billing SET cents = 4;
COMMIT;
SELECT * FROM taken();
-- a trigger of the user takes what this statement has written so far: the key comes again
CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM nudge.change_log; RETURN NULL; END $$;
CREATE TRIGGER zz AFTER INSERT ON billing FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION take();
INSERT INTO billing VALUES (2, 1, 'pro', '2024-03-01', 1, 'EUR', 'active'), (3, 1, 'pro', '2024-03-01', 1, 'EUR', 'active');
SELECT * FROM taken();
DROP TRIGGER zz ON billing;
SELECT untrack_source('subscriptions'), untrack_source('subscriptions') AS again;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'billing'::regclass AND NOT tgisinternal;
INSERT INTO billing VALUES (60, 1, 'pro', '2024-03-01', 1, 'EUR', 'active');
SELECT * FROM taken();
TRUNCATE billing;

-- Keys as the staging view has them: padded, boolean, of a domain, generated, long, empty, and of columns with odd names and gaps
CREATE DOMAIN code AS char(6);
CREATE TYPE shade AS ENUM ('light blue', 'red');
CREATE TABLE odd (gone integer, "user" varchar(10), "Cust ""omer" code, flag boolean, uid uuid, num numeric, col shade, long text, half integer, twice integer GENERATED ALWAYS AS (half * 2) STORED, extra text);
ALTER TABLE odd DROP COLUMN gone;
SELECT map_source('touches', 'odd', '{"touch": "r.uid::text", "user": "user", "customer": "Cust \"omer", "anonymous_id": "r.flag", "at": "timestamptz ''2024-01-01Z''", "channel": "''x''", "campaign": "num", "partner": "col", "utm_source": "twice", "referrer": "long"}');
SELECT track_source('touches', '{touch,user,customer,anonymous_id,campaign,partner,utm_source,referrer}');
SELECT keys FROM trackings;
SELECT * FROM taken();
INSERT INTO odd VALUES ('u  ', 'ab', true, '11111111-1111-1111-1111-111111111111', 1.50, 'light blue', '', 3), ('', NULL, false, NULL, 'NaN', NULL, repeat('0123456789', 1000), 4);
SELECT source, key_column, CASE WHEN length(key) > 50 THEN length(key) || ' characters' ELSE '"' || key || '"' END AS key, n FROM taken();
INSERT INTO change_log SELECT 'touches', 'x', c, now() FROM nudge_staging.touches t, unnest(ARRAY[touch, t."user", customer, anonymous_id, campaign, partner, utm_source, referrer]) c;
UPDATE odd SET extra = 'not read';
UPDATE odd SET half = half;
SELECT count(*) AS as_staged, count(*) FILTER (WHERE key_column <> 'x') AS more FROM taken();
UPDATE odd SET half = 5 WHERE long = '';
SELECT key_column, key FROM taken() WHERE key_column IN ('utm_source', 'user');
-- a toasted value that stays is not a change, one that is written anew is compared
ALTER TABLE odd ALTER COLUMN long SET STORAGE EXTERNAL;
UPDATE odd SET long = repeat('abcdefghij', 1000) WHERE half = 4;
SELECT count(*) FROM taken() WHERE key_column = 'referrer';
UPDATE odd SET extra = 'still not read';
UPDATE odd SET long = repeat('abcdefghij', 1000) WHERE half = 4;
SELECT count(*) FROM taken();
UPDATE odd SET long = repeat('abcdefghij', 999) || 'abcdefghiJ' WHERE half = 4;
SELECT key_column, length(key), right(key, 1) FROM taken() WHERE key_column = 'referrer';
SELECT track_source('touches', '{touch,user,customer,anonymous_id,campaign,partner,utm_source,referrer}', 'row');
DELETE FROM change_log;
UPDATE odd SET extra = 'not read by row either';
SELECT count(*) FROM taken();
UPDATE odd SET long = repeat('abcdefghij', 1000) WHERE half = 4;
SELECT key_column, length(key), right(key, 1) FROM taken() WHERE key_column = 'referrer';
SELECT unmap_source('touches');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'odd'::regclass;
SELECT count(*) AS trackings FROM trackings;

-- Partitions: rows written to a partition, moved, in a partition made later, and of another layout
CREATE TABLE parts (id integer, customer text, day date, amount numeric) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE parts_2 (amount numeric, gone text, day date, customer text, id integer) PARTITION BY LIST (id);
CREATE TABLE parts_2a (gone integer, id integer, amount numeric, customer text, day date);
ALTER TABLE parts_2a DROP COLUMN gone;
ALTER TABLE parts_2 DROP COLUMN gone;
ALTER TABLE parts_2 ATTACH PARTITION parts_2a DEFAULT;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
SELECT map_source('charges', 'parts', '{"at": "day", "kind": "''setup''", "currency": "''EUR''"}', zone => 'UTC');
SELECT track_source('charges');
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
SELECT tgrelid::regclass AS on_table, tgname, tgenabled FROM pg_trigger WHERE tgrelid::regclass::text ~ '^parts' ORDER BY 1, 2;
SELECT * FROM check_tracking('charges');
SELECT track_source('charges');
SELECT * FROM check_tracking('charges');
SELECT * FROM taken();
INSERT INTO parts VALUES (1, 'a', '2024-01-01', 1), (2, 'b', '2024-02-01', 1), (3, 'c', '2024-03-01', 1);
SELECT * FROM taken();
INSERT INTO parts_1 VALUES (4, 'd', '2024-01-01', 1);
INSERT INTO parts_2a (id, customer, day, amount) VALUES (5, 'e', '2024-02-01', 1);
INSERT INTO parts_2 (id, customer, day, amount) VALUES (6, 'f', '2024-02-01', 1);
SELECT * FROM taken();
UPDATE parts SET day = day + 31, customer = customer || '2' WHERE id IN (1, 2);
SELECT * FROM taken();
UPDATE parts_2a SET id = id + 100;
SELECT * FROM taken();
DELETE FROM parts_1;
SELECT * FROM taken();
TRUNCATE parts_2a;
SELECT * FROM taken();
-- MERGE that only updates moves rows: triggers for statements would not see them
INSERT INTO parts VALUES (30, 'moved', '2024-01-01', 1);
DELETE FROM change_log;
MERGE INTO parts p USING (VALUES ('moved', 31), ('c', 0)) v(customer, days) ON p.customer = v.customer WHEN MATCHED THEN UPDATE SET day = day + v.days, customer = p.customer || '!';
SELECT * FROM taken();
SELECT track_source('charges', '{customer}', 'statement');
-- a trigger on a partition made later, disabled triggers, one that is gone
CREATE TABLE parts_4 PARTITION OF parts FOR VALUES FROM ('2024-04-01') TO ('2024-05-01');
ALTER TABLE parts_1 DISABLE TRIGGER nudge_r_charges;
ALTER TABLE parts_3 ENABLE TRIGGER nudge_r_charges;
DROP TRIGGER nudge_t_charges ON parts_2;
SELECT problem, severity, table_name, description FROM check_tracking('charges');
SELECT track_source('charges');
SELECT * FROM check_tracking('charges');
SELECT untrack_source('charges');
SELECT count(*) FROM pg_trigger WHERE tgfoid = 'capture_changes'::regproc;
DELETE FROM change_log;
-- triggers for statements made by hand: where a partition refuses a row there are no pairs, and all rows are written
CREATE TRIGGER by_hand AFTER UPDATE ON parts REFERENCING OLD TABLE AS o NEW TABLE AS n EXECUTE FUNCTION capture_changes('hand', 'customer', 'customer', '', 'customer');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON parts_3 FOR EACH ROW EXECUTE FUNCTION refuse();
INSERT INTO parts VALUES (20, 'moves', '2024-01-01', 1), (21, 'stays', '2024-02-01', 1), (22, 'is the same', '2024-01-01', 1);
UPDATE parts SET day = day + 1, customer = CASE id WHEN 21 THEN 'stays!' ELSE customer END WHERE id IN (21, 22);
SELECT * FROM taken();
UPDATE parts SET day = day + CASE id WHEN 20 THEN 61 ELSE 0 END WHERE id IN (20, 21, 22);
SELECT * FROM taken();
DROP TRIGGER by_hand ON parts;
-- a partition as a source: rows come through the partitioned table too, and by row is chosen
SELECT map_source('charges', 'parts_1', '{"at": "day", "kind": "''setup''", "currency": "''EUR''"}', source => 'first', zone => 'UTC');
SELECT track_source('first', capture => 'statement');
SELECT track_source('first');
DELETE FROM change_log;
INSERT INTO parts VALUES (1, 'a', '2024-01-01', 1), (2, 'b', '2024-02-01', 1);
SELECT * FROM taken();
SELECT unmap_source('first'), unmap_source('charges');
-- inheritance
CREATE TABLE base (customer text, created_at timestamptz);
CREATE TABLE child (more text) INHERITS (base);
SELECT map_source('customers', 'base', source => 'heirs');
SELECT track_source('heirs');
DELETE FROM change_log;
INSERT INTO child VALUES ('c', '2024-01-01', 'x');
UPDATE base SET customer = customer || '!';
SELECT * FROM taken();
CREATE TABLE mother (most text);
ALTER TABLE child ADD COLUMN most text, INHERIT mother;
SELECT problem, severity, table_name FROM check_tracking('heirs');
SELECT track_source('heirs');
DELETE FROM change_log;
UPDATE mother SET most = 'y';
DELETE FROM mother;
SELECT * FROM taken();
SELECT unmap_source('heirs');

-- A table that changes under its triggers
CREATE TABLE people (who text, since timestamptz, note text);
SELECT map_source('customers', 'people', '{"customer": "who", "created_at": "since"}');
SELECT track_source('customers', '{customer}');
DELETE FROM change_log;
ALTER TABLE people RENAME COLUMN who TO who_is_it;
INSERT INTO people VALUES ('a', '2024-01-01'), ('b', '2024-01-01');
UPDATE people SET note = 'x';
SELECT * FROM taken();
SELECT problem, severity, table_name, description FROM check_tracking('customers');
ALTER TABLE people ADD COLUMN who text;
INSERT INTO people VALUES ('c', '2024-01-01', NULL, 'wrong');
SELECT * FROM taken();
SELECT problem, severity, table_name, description FROM check_tracking('customers');
ALTER TABLE people DROP COLUMN who;
ALTER TABLE people RENAME COLUMN who_is_it TO who;
SELECT * FROM check_tracking('customers');
ALTER TABLE people RENAME TO persons;
UPDATE persons SET who = who || '2';
SELECT * FROM taken();
SELECT problem, severity, table_name, description FROM check_tracking('customers');
ALTER TABLE persons RENAME TO people;
-- mapped anew, it is tracked anew: the new columns count, and everything may have changed
SELECT map_source('customers', 'people', '{"customer": "who", "created_at": "since", "segment": "note"}');
SELECT * FROM check_tracking('customers');
SELECT * FROM taken();
UPDATE people SET note = 'y' WHERE who = 'a2';
SELECT * FROM taken();
CREATE TABLE others (who text, since timestamptz, name text);
SELECT map_source('customers', 'others', '{"customer": "who", "created_at": "since"}');
SELECT relation FROM trackings WHERE source = 'customers';
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid IN ('people'::regclass, 'others'::regclass) ORDER BY 2;
-- the whole row is read: every column counts
SELECT map_source('customers', 'others', '{"customer": "who", "created_at": "since", "attributes": "to_jsonb(r)"}');
SELECT DISTINCT regexp_replace(encode(tgargs, 'escape'), '\\000\d+(( \d+)*\\000)$', '\000TABLE\1') FROM pg_trigger WHERE tgrelid = 'others'::regclass;
DELETE FROM change_log;
INSERT INTO others VALUES ('a', '2024-01-01', 'x');
UPDATE others SET name = 'y';
SELECT * FROM taken();
-- a source without keys: everything, once a statement
SELECT track_source('customers', '{}');
DELETE FROM change_log;
INSERT INTO others VALUES ('a', '2024-01-01', 'x'), ('b', '2024-01-01', 'x');
UPDATE others SET name = name;
SELECT * FROM taken();
SELECT untrack_source('customers');
-- a long name
SELECT map_source('customers', 'others', '{"customer": "who", "created_at": "since"}', source => 'a_source_whose_name_is_as_long_as_names_may_be_at_m');
SELECT track_source('a_source_whose_name_is_as_long_as_names_may_be_at_m');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'others'::regclass ORDER BY 1;
SELECT * FROM check_tracking('a_source_whose_name_is_as_long_as_names_may_be_at_m');
SELECT unmap_source('a_source_whose_name_is_as_long_as_names_may_be_at_m');
DELETE FROM change_log;

-- Columns that exchange their names: the triggers do not take one for the other
CREATE TABLE pairs (a text, b text, since timestamptz, rest text);
SELECT map_source('customers', 'pairs', '{"customer": "a", "segment": "b", "created_at": "since"}', source => 'pairs');
SELECT track_source('pairs', '{customer}');
DELETE FROM change_log;
INSERT INTO pairs VALUES ('a1', 'b1', '2024-01-01');
UPDATE pairs SET rest = 'not read';
SELECT * FROM taken();
ALTER TABLE pairs RENAME a TO x;
ALTER TABLE pairs RENAME b TO a;
ALTER TABLE pairs RENAME x TO b;
INSERT INTO pairs VALUES ('a2', 'b2', '2024-01-01');
SELECT * FROM taken();
UPDATE pairs SET rest = 'not read, but who knows';
SELECT * FROM taken();
SELECT problem, severity, description FROM check_tracking('pairs');
SELECT map_source('customers', 'pairs', '{"customer": "b", "segment": "a", "created_at": "since", "attributes": "to_jsonb(r)"}', source => 'pairs');
SELECT * FROM check_tracking('pairs');
DELETE FROM change_log;
INSERT INTO pairs VALUES ('a3', 'b3', '2024-01-01');
SELECT * FROM taken();
ALTER TABLE pairs RENAME a TO x;
ALTER TABLE pairs RENAME b TO a;
ALTER TABLE pairs RENAME x TO b;
INSERT INTO pairs VALUES ('a4', 'b4', '2024-01-01');
SELECT * FROM taken();
SELECT problem, severity, description FROM check_tracking('pairs');
SELECT unmap_source('pairs');
-- of a partitioned table and of one with children, where the number of the table is not that of the row
CREATE TABLE pairs_p (a text, b text, since timestamptz) PARTITION BY RANGE (since);
CREATE TABLE pairs_p1 (since timestamptz, gone text, b text, a text);
ALTER TABLE pairs_p1 DROP COLUMN gone;
ALTER TABLE pairs_p ATTACH PARTITION pairs_p1 DEFAULT;
CREATE TABLE pairs_i (a text, b text, since timestamptz);
CREATE TABLE pairs_i1 (c text) INHERITS (pairs_i);
SELECT map_source('customers', t, '{"customer": "a", "segment": "b", "created_at": "since"}', source => t::text), track_source(t::text, '{customer}', CASE t::text WHEN 'pairs_i' THEN 'row' ELSE 'auto' END) FROM unnest('{pairs_p,pairs_i}'::regclass[]) t;
DELETE FROM change_log;
INSERT INTO pairs_p1 (a, b, since) VALUES ('a1', 'b1', '2024-01-01');
INSERT INTO pairs_i1 (a, b, since) VALUES ('a1', 'b1', '2024-01-01');
SELECT * FROM taken();
ALTER TABLE pairs_p RENAME a TO x;
ALTER TABLE pairs_p RENAME b TO a;
ALTER TABLE pairs_i RENAME a TO x;
ALTER TABLE pairs_i RENAME b TO a;
INSERT INTO pairs_p1 (x, a, since) VALUES ('a2', 'b2', '2024-01-01');
INSERT INTO pairs_i1 (x, a, since) VALUES ('a2', 'b2', '2024-01-01');
SELECT * FROM taken();
SELECT unmap_source('pairs_p'), unmap_source('pairs_i');
-- numbers of another table, as after a dump was restored: the names are right
CREATE TRIGGER by_hand AFTER INSERT ON pairs FOR EACH ROW EXECUTE FUNCTION capture_changes('restored', 'customer', 'a', '', '', '1259 9');
CREATE TRIGGER by_hand_2 AFTER INSERT ON pairs FOR EACH ROW EXECUTE FUNCTION capture_changes('of no table', 'customer', 'a', '', 'since', '', '1 2 3');
INSERT INTO pairs VALUES ('b5', 'a5', '2024-01-01');
SELECT * FROM taken();
DROP TABLE pairs;

-- A publication of all tables: what is worked on can still be taken out
SET client_min_messages = error;
CREATE PUBLICATION captured_all FOR ALL TABLES;
RESET client_min_messages;
SET client_min_messages = warning;
INSERT INTO change_log (source) VALUES ('published');
SELECT * FROM taken();
DROP PUBLICATION captured_all;

-- Long keys, of which few are kept at once
CREATE TABLE wide (who text, since timestamptz);
SELECT map_source('customers', 'wide', '{"customer": "who", "created_at": "since"}', source => 'wide');
SELECT track_source('wide', '{customer}');
DELETE FROM change_log;
SET work_mem = '64MB';
INSERT INTO wide SELECT repeat('x', 20000) || g FROM generate_series(1, 300) g, generate_series(1, 2);
SELECT count(*), count(DISTINCT key), bool_and(key IN (SELECT who FROM wide)) FROM change_log;
RESET work_mem;
SELECT unmap_source('wide');
DROP TABLE wide;
DELETE FROM change_log;

-- The log with a column of the DBA, and with a rule that he must know about
SELECT track_source('customers', '{customer}');
BEGIN;
DELETE FROM change_log;
SAVEPOINT a;
\set VERBOSITY terse
ALTER TABLE change_log ALTER COLUMN key SET NOT NULL;
INSERT INTO others VALUES ('d', '2024-01-01', 'x');
TRUNCATE others;
ROLLBACK TO a;
\set VERBOSITY default
ALTER TABLE change_log ADD COLUMN more integer;
INSERT INTO others VALUES ('a', '2024-01-01', 'x'), ('b', '2024-01-01', 'x');
SELECT key, more FROM change_log ORDER BY key COLLATE "C";
ALTER TABLE change_log DROP COLUMN more;
INSERT INTO others VALUES ('c', '2024-01-01', 'x');
SELECT key FROM change_log ORDER BY key COLLATE "C";
\set VERBOSITY terse
ALTER TABLE change_log ADD COLUMN must integer NOT NULL DEFAULT 1;
INSERT INTO others VALUES ('e', '2024-01-01', 'x');
\set VERBOSITY default
ROLLBACK;
-- Keys that are numbers are told apart where their hashes are equal, as some of so many are
CREATE TABLE numbered (who bigint, since timestamptz);
SELECT map_source('customers', 'numbered', '{"customer": "who", "created_at": "since"}', source => 'numbered');
SELECT track_source('numbered', '{customer}');
SET work_mem = '64MB';
INSERT INTO numbered SELECT g * 4294967311 FROM generate_series(1, 300000) g, generate_series(1, 2);
RESET work_mem;
SELECT count(DISTINCT key) FROM change_log WHERE source = 'numbered';
SELECT unmap_source('numbered');
DROP TABLE numbered;
DELETE FROM change_log;
-- The log with an index and a constraint of the DBA
CREATE INDEX log_index ON change_log (source, key);
ALTER TABLE change_log ADD CONSTRAINT short CHECK (length(key) < 20);
SELECT track_source('customers', '{customer}');
SET enable_seqscan = off;
INSERT INTO others SELECT 'k' || g, '2024-01-01', 'x' FROM generate_series(1, 1000) g;
SELECT count(*), count(DISTINCT key) FROM change_log WHERE source = 'customers' AND key > '';
\set VERBOSITY terse
INSERT INTO others VALUES ('k12345678901234567890', '2024-01-01', 'x');
\set VERBOSITY default
RESET enable_seqscan;
DROP INDEX log_index;
ALTER TABLE change_log DROP CONSTRAINT short;
-- Many keys in little memory: each at least once
DELETE FROM change_log;
SET work_mem = '64kB';
INSERT INTO others SELECT 'k' || g % 3000, '2024-01-01', 'x' FROM generate_series(1, 9000) g;
RESET work_mem;
SELECT count(DISTINCT key), count(*) > 3000 AS some_twice FROM change_log;
DELETE FROM change_log;

-- Writers need no rights on the log, and whoever may not cannot make triggers
CREATE ROLE nudge_writer;
CREATE ROLE nudge_tracker;
GRANT INSERT, UPDATE, SELECT ON others TO nudge_writer;
GRANT USAGE ON SCHEMA nudge TO nudge_writer, nudge_tracker;
GRANT USAGE, CREATE ON SCHEMA captured TO nudge_writer;
SET ROLE nudge_writer;
SET search_path = '';
INSERT INTO captured.others VALUES ('w', '2024-01-01', 'x');
SELECT count(*) FROM nudge.change_log;
CREATE TABLE captured.mine (a text);
CREATE TRIGGER t AFTER INSERT ON captured.mine FOR EACH ROW EXECUTE FUNCTION nudge.capture_changes('customers');
SELECT nudge.track_source('customers');
SET search_path = captured, nudge;
RESET ROLE;
SELECT * FROM taken();
GRANT SELECT, INSERT, UPDATE, DELETE ON trackings, sources, change_log TO nudge_tracker;
GRANT USAGE ON SCHEMA nudge_staging, captured TO nudge_tracker;
SET ROLE nudge_tracker;
SELECT track_source('customers');
RESET ROLE;
ALTER TABLE others OWNER TO nudge_tracker;
GRANT EXECUTE ON FUNCTION capture_changes() TO nudge_tracker;
SET ROLE nudge_tracker;
SELECT track_source('customers', '{customer}');
RESET ROLE;
SELECT tracked_by FROM trackings WHERE source = 'customers';
-- who makes partitions makes their triggers: he must be allowed to, or nobody could make one
CREATE TABLE split (who text, since timestamptz) PARTITION BY RANGE (since);
ALTER TABLE split OWNER TO nudge_writer;
SELECT map_source('customers', 'split', '{"customer": "who", "created_at": "since"}', source => 'split');
SELECT track_source('split');
GRANT EXECUTE ON FUNCTION capture_changes() TO nudge_writer;
GRANT CREATE ON SCHEMA captured TO nudge_writer;
SELECT track_source('split');
SELECT * FROM check_tracking('split');
SET ROLE nudge_writer;
CREATE TABLE captured.split_1 PARTITION OF captured.split DEFAULT;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION capture_changes() FROM nudge_writer;
SELECT problem, severity, table_name, description FROM check_tracking('split') WHERE problem <> 'trigger missing';
SELECT unmap_source('split');

-- Errors
SELECT track_source('nothing');
SELECT track_source(NULL);
SELECT track_source('customers', capture => 'logical');
SELECT track_source('customers', '{customer,colour}');
SELECT track_source('customers', '{created_at}');
SELECT track_source('customers', '{segment}');
SELECT track_source('customers', '{customer,NULL}');
SELECT check_tracking('nothing');
SELECT map_source('customers', 'others', '{"customer": "lower(r.who)", "created_at": "since"}', source => 'lowered');
SELECT track_source('lowered');
SELECT map_source('customers', 'others', '{"customer": "who", "created_at": "since"}', source => 'lowered', words => '{"customer": {"a": "b"}}');
SELECT track_source('lowered');
SELECT map_source('customers', 'others', '{"customer": "who", "created_at": "since"}', source => 'lowered', filter => 'r.since < (SELECT max(o.since) FROM captured.others o)');
SELECT track_source('lowered');
SELECT map_source('customers', 'others', '{"customer": "who", "created_at": "since"}', source => 'lowered', filter => 'EXISTS (SELECT FROM captured.account a WHERE a.id::text = r.who)');
SELECT track_source('lowered');
SELECT map_source('customers', source => 'asked', query => 'SELECT who AS customer, since AS created_at FROM captured.others');
SELECT track_source('asked');
SELECT track_source('asked', capture => 'none');
CREATE VIEW seen AS TABLE others;
SELECT map_source('customers', 'seen', '{"customer": "who", "created_at": "since"}', source => 'viewed');
SELECT track_source('viewed');
SELECT track_source('viewed', '{customer}', 'none');
SELECT source, relation, keys, capture FROM trackings ORDER BY 1;
SELECT source_name, problem, severity, table_name, description FROM check_tracking() ORDER BY 1;
-- what is tracked cannot be mapped so that it cannot be tracked
SELECT map_source('customers', 'others', '{"customer": "upper(r.who)", "created_at": "since"}');
SELECT capture_changes();
SELECT view_reads('others'::regclass, 'others'::regclass);
SELECT view_reads('seen'::regclass, 'others'::regclass) AS all_columns, view_reads('nudge_staging.customers__customers'::regclass, 'others'::regclass) AS some, view_reads('seen'::regclass, 'billing'::regclass) AS another, view_reads(0, 'others'::regclass) IS NULL AS none, view_reads('seen'::regclass, 0) IS NULL AS none_either;
CREATE TRIGGER wrong BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION capture_changes('x', 'customer', 'id');
INSERT INTO account VALUES (1);
DROP TRIGGER wrong ON account;
CREATE TRIGGER wrong AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION capture_changes();
INSERT INTO account VALUES (1);
DROP TRIGGER wrong ON account;
-- made by hand, without transition tables or with half a pair: everything, and no error
DELETE FROM change_log;
CREATE TRIGGER by_hand AFTER INSERT OR UPDATE OR DELETE ON account EXECUTE FUNCTION capture_changes('x', 'customer', 'id');
INSERT INTO account VALUES (1);
DROP TRIGGER by_hand ON account;
CREATE TRIGGER by_hand AFTER UPDATE ON account REFERENCING NEW TABLE AS n EXECUTE FUNCTION capture_changes('y', 'customer', 'id');
UPDATE account SET id = 101 WHERE id = 1;
DROP TRIGGER by_hand ON account;
CREATE TRIGGER by_hand AFTER UPDATE ON account REFERENCING OLD TABLE AS o NEW TABLE AS n EXECUTE FUNCTION capture_changes('z', 'customer');
UPDATE account SET id = 102 WHERE id = 101;
DROP TRIGGER by_hand ON account;
CREATE TRIGGER by_hand AFTER UPDATE ON account REFERENCING OLD TABLE AS o NEW TABLE AS n EXECUTE FUNCTION capture_changes('zz', 'customer', 'id', '', 'id', 'gone');
UPDATE account SET id = 102 WHERE id = 102;
UPDATE account SET id = 103 WHERE id = 102;
SELECT * FROM taken();

-- Altered tables: partitions that come and go bring no row to a trigger
ALTER EVENT TRIGGER nudge_note_alterations ENABLE ALWAYS;
CREATE TABLE visits (visitor text, at timestamptz, channel text) PARTITION BY RANGE (at);
CREATE TABLE visits_new (LIKE visits);
INSERT INTO visits_new VALUES ('z', '2025-05-01Z', 'mail');
SELECT map_source('touches', 'visits', '{"customer": "visitor"}', source => 'visits');
SELECT track_source('visits', '{customer}');
DELETE FROM change_log;
ALTER TABLE visits ATTACH PARTITION visits_new FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
SELECT * FROM taken();
SELECT source_name, problem FROM check_tracking('visits');
ALTER TABLE visits DETACH PARTITION visits_new;
ALTER TABLE visits ADD COLUMN remark text DEFAULT 'none';
ALTER TABLE visits_new ADD COLUMN remark text;
SELECT * FROM taken();
-- words of an enum, and where other triggers do not fire
CREATE TYPE medium AS ENUM ('mail', 'paid');
ALTER TABLE visits ADD COLUMN medium medium;
DELETE FROM change_log;
ALTER TYPE medium RENAME VALUE 'mail' TO 'letter';
SELECT * FROM taken();
SET session_replication_role = replica;
ALTER TABLE visits ADD COLUMN unseen integer DEFAULT 1;
RESET session_replication_role;
SELECT * FROM taken();
-- a command of the user goes on whatever happens
REVOKE ALL ON change_log FROM PUBLIC;
ALTER TABLE change_log ADD CONSTRAINT nothing_more CHECK (false) NOT VALID;
SET client_min_messages = warning;
ALTER TABLE visits ADD COLUMN another text;
ALTER TABLE change_log DROP CONSTRAINT nothing_more;

SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgfoid = 'capture_changes'::regproc AND tgrelid <> 'account'::regclass;
SELECT count(*) AS trackings FROM trackings;
DELETE FROM change_log;
DROP SCHEMA nudge_staging;
DROP SCHEMA captured CASCADE;
DROP OWNED BY nudge_writer, nudge_tracker;
DROP ROLE nudge_writer, nudge_tracker;
