-- The columns that BI tools read, frozen: they only grow, at the end. What is
-- here and in the expected output may not be changed, only added to.
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE SCHEMA frozen;
SET search_path = frozen, nudge;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.input, string_agg(format('%I %s', c.column_name, c.data_type), ', ' ORDER BY c.position) AS columns FROM nudge.input_columns c GROUP BY c.input LOOP
		EXECUTE format('CREATE TABLE frozen.%I (%s)', 'raw_' || one.input, one.columns);
		PERFORM nudge.map_source(one.input, format('frozen.%I', 'raw_' || one.input)::regclass, zone => 'UTC');
	END LOOP;
END
$$;
SELECT count(*) > 0 AS deployed FROM deploy();
\pset tuples_only on
\pset format unaligned
SELECT E'\n' || v.name || E'\n' || string_agg(format('  %s %s', a.attname, format_type(a.atttypid, a.atttypmod)), E'\n' ORDER BY a.attnum)
FROM shipped_views v JOIN pg_attribute a ON a.attrelid = ('nudge_reporting.' || v.name)::regclass AND a.attnum > 0 GROUP BY v.place, v.name ORDER BY v.place;
SELECT count(*) > 0 AS undeployed FROM undeploy();
SELECT count(unmap_source(source)) > 0 FROM sources;
DELETE FROM change_log;
DROP SCHEMA nudge_reporting, nudge_analytics, nudge_staging;
DROP SCHEMA frozen CASCADE;
