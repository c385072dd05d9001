--
-- capture.sql
--		Random statements against what changed: every key of a row that a source
--		has differently afterwards is in the log.
--
-- The statements follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed capture
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SELECT plan(14);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Tables of four kinds: plain by statement and by row, partitioned with generated columns and in two levels; with dropped columns and partitions of another layout
CREATE SCHEMA shop;
CREATE TABLE shop.plain (gone text, id integer, customer text, amount numeric, day date, note text, plan text GENERATED ALWAYS AS ('p' || coalesce(amount, 0)) STORED, PRIMARY KEY (id, day));
ALTER TABLE shop.plain DROP COLUMN gone;
CREATE TABLE shop.byrow (LIKE shop.plain INCLUDING ALL);
CREATE TABLE shop.parts (LIKE shop.plain INCLUDING ALL) PARTITION BY RANGE (day);
CREATE TABLE shop.parts_a PARTITION OF shop.parts FOR VALUES FROM (MINVALUE) TO ('2024-01-11');
CREATE TABLE shop.parts_b (note text, gone integer, day date NOT NULL, gone2 text, amount numeric, customer text, id integer NOT NULL, plan text GENERATED ALWAYS AS ('p' || coalesce(amount, 0)) STORED);
ALTER TABLE shop.parts_b DROP COLUMN gone, DROP COLUMN gone2;
ALTER TABLE shop.parts ATTACH PARTITION shop.parts_b DEFAULT;
CREATE TABLE shop.deep (LIKE shop.plain INCLUDING ALL EXCLUDING GENERATED) PARTITION BY RANGE (day);
CREATE TABLE shop.deep_a (note text, gone integer, day date NOT NULL, plan text, amount numeric, customer text, id integer NOT NULL) PARTITION BY LIST (id);
ALTER TABLE shop.deep_a DROP COLUMN gone;
CREATE TABLE shop.deep_a_a PARTITION OF shop.deep_a DEFAULT;
ALTER TABLE shop.deep ATTACH PARTITION shop.deep_a FOR VALUES FROM (MINVALUE) TO ('2024-01-11');
CREATE TABLE shop.deep_b PARTITION OF shop.deep DEFAULT;
CREATE TABLE pg_temp.kinds AS SELECT * FROM (VALUES ('plain', 'statement', '{shop.plain}'::text[]), ('byrow', 'row', '{shop.byrow}'), ('parts', 'row', '{shop.parts,shop.parts,shop.parts_a,shop.parts_b}'),
	('deep', 'row', '{shop.deep,shop.deep,shop.deep_a,shop.deep_a_a,shop.deep_b}')) k(name, capture, tables);
SELECT lives_ok(format($$ SELECT nudge.map_source('subscriptions', 'shop.%1$s', '{"item": "id", "valid_from": "day", "currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}',
	source => '%1$s', zone => 'UTC', filter => 'r.amount IS DISTINCT FROM 3') $$, name), name || ' is mapped') FROM pg_temp.kinds;
SELECT is(nudge.track_source(name, '{customer,item,plan}', capture), capture, name || ' is tracked') FROM pg_temp.kinds;

CREATE SEQUENCE pg_temp.ids;
CREATE FUNCTION pg_temp.below(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN floor(random() * n)::integer;
CREATE FUNCTION pg_temp.some_customer() RETURNS text LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() < 0.1 THEN 'NULL' WHEN random() < 0.03 THEN 'repeat(''long'', 2000)' ELSE quote_literal('c' || pg_temp.below(12)) END;
-- a day that the table takes: the first partition has ten, the others the rest
CREATE FUNCTION pg_temp.some_day(t text) RETURNS text LANGUAGE sql VOLATILE
	RETURN quote_literal(date '2024-01-01' + CASE WHEN t ~ '_a' THEN pg_temp.below(10) WHEN t ~ '_b' THEN 10 + pg_temp.below(10) ELSE pg_temp.below(20) END);
CREATE FUNCTION pg_temp.some_values(t text) RETURNS text LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT 'VALUES ' || string_agg(format('(%s, %s, %s::date, %s, ''n'')', nextval('pg_temp.ids'), pg_temp.some_customer(), pg_temp.some_day(some_values.t), pg_temp.below(5)), ', ')
	FROM generate_series(0, pg_temp.below(4));
END;
CREATE FUNCTION pg_temp.statement(t text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	chosen constant text := format('id %% %s = %s', 2 + pg_temp.below(7), pg_temp.below(2));
	new_rows constant text := pg_temp.some_values(t);
BEGIN
	RETURN CASE pg_temp.below(15)
		WHEN 0 THEN format('INSERT INTO %s (id, customer, day, amount, note) %s', t, new_rows)
		WHEN 1 THEN format('INSERT INTO %s (id, customer, day, amount, note) SELECT * FROM (%s) v UNION ALL SELECT id, customer || ''x'', day, amount, note FROM %s WHERE %s ON CONFLICT (id, day) DO UPDATE SET customer = excluded.customer', t, new_rows, t, chosen)
		WHEN 2 THEN format('INSERT INTO %s (id, customer, day, amount, note) SELECT id, ''no'', day, amount, note FROM %s WHERE %s ON CONFLICT DO NOTHING', t, t, chosen)
		WHEN 3 THEN format('UPDATE %s SET amount = %s WHERE %s', t, pg_temp.below(5), chosen)
		WHEN 4 THEN format('UPDATE %s SET customer = %s WHERE %s', t, pg_temp.some_customer(), chosen)
		WHEN 5 THEN format('UPDATE %s SET day = %s WHERE %s', t, pg_temp.some_day(t), chosen)
		WHEN 6 THEN format('UPDATE %s SET day = %s, customer = %s, amount = amount + 1 WHERE %s', t, pg_temp.some_day(t), pg_temp.some_customer(), chosen)
		WHEN 7 THEN format('UPDATE %s SET note = note || ''n''', t)
		WHEN 8 THEN format('UPDATE %s SET amount = amount, id = id, customer = customer, day = day', t)
		WHEN 9 THEN format('UPDATE %s SET id = id + 1000000 WHERE %s', t, chosen)
		WHEN 10 THEN format('DELETE FROM %s WHERE %s AND %s', t, chosen, 'id % 5 < 2')
		WHEN 11 THEN format('MERGE INTO %1$s m USING (%2$s UNION ALL SELECT id, customer || ''y'', day, amount, note FROM %1$s WHERE %3$s) v(id, customer, day, amount, note) ON m.id = v.id AND m.day = v.day
			WHEN MATCHED AND m.id %% 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET customer = v.customer, day = %4$s WHEN NOT MATCHED THEN INSERT (id, customer, day, amount, note) VALUES (v.id, v.customer, v.day, v.amount, v.note)', t, new_rows, chosen, pg_temp.some_day(t))
		WHEN 12 THEN format('WITH u AS (UPDATE %1$s SET amount = 4 WHERE id %% 4 = 0 RETURNING id), d AS (DELETE FROM %1$s WHERE id %% 4 = 1 AND %3$s RETURNING id)
			INSERT INTO %1$s (id, customer, day, amount, note) %2$s', t, new_rows, chosen)
		WHEN 13 THEN CASE WHEN random() < 0.2 THEN format('TRUNCATE %s', t) ELSE format('DELETE FROM %s WHERE false', t) END
		ELSE format('UPDATE %s SET amount = %s WHERE customer = (SELECT min(customer) FROM %s)', t, pg_temp.below(5), t) END;
END
$$;

-- Rows of a table as the source has them; id tells them apart
CREATE FUNCTION pg_temp.rows_of(kind text) RETURNS TABLE (id integer, r jsonb) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT t.id, to_jsonb(t) - ''note'' FROM shop.%s t', kind);
END
$$;
CREATE TABLE pg_temp.before (id integer, r jsonb);
CREATE TABLE pg_temp.staged (key_column text, key text, n bigint);
CREATE TABLE pg_temp.result (kind text, statement text, trouble text, key_column text, key text);
CREATE FUNCTION pg_temp.staged_rows(kind text) RETURNS TABLE (key_column text, key text, n bigint) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	-- a key with all that the source says of it
	RETURN QUERY EXECUTE format('SELECT c, v, hash_array_extended(array_agg(md5(s::text) ORDER BY md5(s::text)), 0) FROM nudge_staging.subscriptions__%s s, LATERAL (VALUES (''customer'', s.customer), (''item'', s.item), (''plan'', s.plan)) k(c, v) WHERE v IS NOT NULL GROUP BY 1, 2', kind);
END
$$;
CREATE FUNCTION pg_temp.begin(kind text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	DELETE FROM nudge.change_log;
	DELETE FROM pg_temp.before;
	DELETE FROM pg_temp.staged;
	INSERT INTO pg_temp.before SELECT * FROM pg_temp.rows_of(kind);
	INSERT INTO pg_temp.staged SELECT * FROM pg_temp.staged_rows(kind);
END
$$;
-- What the log lacks, and if it was one statement, what it has too much
CREATE FUNCTION pg_temp.check(kind text, statement text, single boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	everything constant boolean := EXISTS (SELECT FROM nudge.change_log c WHERE c.source = kind AND c.key_column IS NULL);
BEGIN
	INSERT INTO pg_temp.result
	SELECT kind, statement, 'missing', d.key_column, left(d.key, 30)
	FROM (SELECT coalesce(s.key_column, a.key_column) AS key_column, coalesce(s.key, a.key) AS key FROM pg_temp.staged s FULL JOIN pg_temp.staged_rows(kind) a USING (key_column, key) WHERE s.n IS DISTINCT FROM a.n) d
	WHERE NOT everything AND NOT EXISTS (SELECT FROM nudge.change_log c WHERE c.source = kind AND c.key_column = d.key_column AND c.key = d.key);
	IF NOT single THEN
		RETURN;
	END IF;
	INSERT INTO pg_temp.result SELECT kind, statement, 'everything', NULL, NULL WHERE everything <> (statement ~ '^TRUNCATE');
	INSERT INTO pg_temp.result
	SELECT kind, statement, CASE WHEN l.n IS NULL THEN 'changed' WHEN r.k IS NULL THEN 'too much' ELSE 'twice' END, coalesce(l.key_column, r.c), left(coalesce(l.key, r.k), 30)
	FROM (SELECT c.key_column, c.key, count(*) AS n FROM nudge.change_log c GROUP BY 1, 2) l
	FULL JOIN (SELECT DISTINCT v.c, v.k FROM (SELECT b.r AS old, a.r AS new FROM pg_temp.before b FULL JOIN pg_temp.rows_of(kind) a USING (id) WHERE a.r IS DISTINCT FROM b.r) d, unnest(ARRAY[d.old, d.new]) x,
			LATERAL (VALUES ('customer', x ->> 'customer'), ('item', x ->> 'id'), ('plan', x ->> 'plan')) v(c, k) WHERE v.k IS NOT NULL) r
		ON r.c = l.key_column AND r.k = l.key
	-- by row a partition does not know what another has written, nor one command of a statement the others
	WHERE NOT everything AND (l.n IS NULL OR r.k IS NULL OR l.n > 1 AND kind = 'plain' AND statement ~ '^(UPDATE|DELETE)');
END
$$;

-- One statement at a time, and as many kinds of session
DO $$
DECLARE
	k record;
	statement text;
BEGIN
	FOR k IN SELECT * FROM pg_temp.kinds LOOP
		FOR i IN 1 .. 120 LOOP
			statement := pg_temp.statement(k.tables[1 + pg_temp.below(cardinality(k.tables))]);
			PERFORM set_config('session_replication_role', CASE pg_temp.below(4) WHEN 0 THEN 'replica' WHEN 1 THEN 'local' ELSE 'origin' END, true);
			PERFORM set_config('work_mem', CASE pg_temp.below(4) WHEN 0 THEN '64kB' ELSE '4MB' END, true);
			PERFORM pg_temp.begin(k.name);
			EXECUTE statement;
			PERFORM pg_temp.check(k.name, statement, true);
		END LOOP;
	END LOOP;
	PERFORM set_config('session_replication_role', 'origin', true);
END
$$;
SELECT is_empty('TABLE pg_temp.result', 'after each statement the log has the keys of the rows that changed, and no others');
-- Several statements, of which some are undone
DO $$
DECLARE
	k record;
	statement text;
	said text;
BEGIN
	FOR k IN SELECT * FROM pg_temp.kinds LOOP
		FOR i IN 1 .. 40 LOOP
			PERFORM pg_temp.begin(k.name);
			said := '';
			FOR j IN 0 .. pg_temp.below(5) LOOP
				statement := pg_temp.statement(k.tables[1 + pg_temp.below(cardinality(k.tables))]);
				BEGIN
					EXECUTE statement;
					IF random() < 0.4 THEN
						said := said || 'undone: ';
						RAISE EXCEPTION 'undone';
					END IF;
				EXCEPTION WHEN raise_exception THEN
					NULL;
				END;
				said := said || statement || '; ';
			END LOOP;
			PERFORM pg_temp.check(k.name, said, false);
		END LOOP;
	END LOOP;
END
$$;
SELECT is_empty('TABLE pg_temp.result', 'and after several of which some are undone');
-- What is undone leaves nothing
DELETE FROM nudge.change_log;
SAVEPOINT a;
INSERT INTO shop.plain (id, customer, day, amount) VALUES (-1, 'undone', '2024-01-01', 1);
INSERT INTO shop.byrow (id, customer, day, amount) VALUES (-1, 'undone', '2024-01-01', 1);
ROLLBACK TO a;
SELECT is_empty($$SELECT FROM nudge.change_log l WHERE l.source !~ '^nudge_staging'$$, 'what is undone is not in the log');
SELECT is_empty('SELECT * FROM nudge.check_tracking()', 'all is tracked as it must be');

-- Where logical replication writes, statements are not seen
SET LOCAL allow_system_table_mods = on;
INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) VALUES (1, 'shop.plain'::regclass, 'r');
SELECT set_eq('SELECT source_name, problem FROM nudge.check_tracking()', $$ VALUES ('plain', 'changes not seen') $$, 'triggers for statements are a problem where logical replication writes');
SELECT throws_ok($$ SELECT nudge.track_source('plain', capture => 'statement') $$, '0A000', 'source "plain" cannot be captured by statement', 'and are refused');
SELECT * FROM finish();
ROLLBACK;
