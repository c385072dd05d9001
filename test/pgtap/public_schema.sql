--
-- public_schema.sql
--		What BI tools have stored stays true: a column of nudge_reporting that was
--		released keeps its view, place, name and type.  Others come after it.
--
-- public_schema.psql has the columns that are released: lines are added to it,
-- never changed.  This test prints those that are not in it yet.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
BEGIN;
SET client_min_messages = warning;
SELECT no_plan();
CREATE TEMP TABLE released (view_name text, position integer, column_name text, type text, PRIMARY KEY (view_name, position));
\ir public_schema.psql

CREATE SCHEMA raw;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.input, string_agg(format('%I %s', c.column_name, c.data_type), ', ' ORDER BY c.position) AS columns FROM nudge.input_columns c GROUP BY c.input LOOP
		EXECUTE format('CREATE TABLE raw.%I (%s)', 'raw_' || one.input, one.columns);
		PERFORM nudge.map_source(one.input, format('raw.%I', 'raw_' || one.input)::regclass, zone => 'UTC');
	END LOOP;
END
$$;
SELECT count(*) FROM nudge.deploy() \g /dev/null
CREATE TEMP VIEW present AS SELECT c.relname::text AS view_name, a.attnum::integer AS position, a.attname::text AS column_name, format_type(a.atttypid, a.atttypmod) AS type
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relnamespace = 'nudge_reporting'::regnamespace AND c.relname IN (SELECT name FROM nudge.shipped_views);

SELECT cmp_ok((SELECT count(*) FROM released), '>', 100::bigint, 'columns are released');
SELECT is_empty($$ SELECT r.* FROM released r WHERE NOT EXISTS (SELECT FROM present p WHERE p.view_name = r.view_name) $$, 'no view is gone');
SELECT is_empty($$ SELECT r.*, p.column_name, p.type FROM released r LEFT JOIN present p USING (view_name, position) WHERE (p.column_name, p.type) IS DISTINCT FROM (r.column_name, r.type) AND EXISTS (SELECT FROM present o WHERE o.view_name = r.view_name) $$, 'no column is gone, moved, renamed or of another type');
SELECT is_empty($$ SELECT p.* FROM present p JOIN (SELECT view_name, max(position) AS last FROM released GROUP BY view_name) r USING (view_name) WHERE p.position <= r.last AND NOT EXISTS (SELECT FROM released o WHERE o.view_name = p.view_name AND o.position = p.position) $$, 'what is new is at the end');
SELECT diag('not released yet: ' || concat_ws(E'\t', p.view_name, p.position, p.column_name, p.type)) FROM present p WHERE NOT EXISTS (SELECT FROM released r WHERE r.view_name = p.view_name AND r.position = p.position) ORDER BY p.view_name COLLATE "C", p.position;
-- it would notice
UPDATE released SET type = 'text' WHERE view_name = 'mrr_monthly' AND column_name = 'closing_mrr';
SELECT is((SELECT count(*) FROM released r LEFT JOIN present p USING (view_name, position) WHERE (p.column_name, p.type) IS DISTINCT FROM (r.column_name, r.type)), 1::bigint, 'a change is noticed');

SELECT * FROM finish();
ROLLBACK;
