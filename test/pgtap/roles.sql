--
-- roles.sql
--		Five roles times every function, procedure, table and view of the engine:
--		who may, by lists of its own, and that the others are refused.
--
-- What CALL does as each of them is in sql/roles.sql, since it commits.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
BEGIN;
SET client_min_messages = warning;
SELECT plan(20);
SELECT is_empty($$ SELECT * FROM nudge.create_roles('tap_owner', 'tap_operator', 'tap_job', 'tap_analyst', 'tap_viewer') WHERE NOT done $$, 'the roles are made');
SELECT is_empty($$ SELECT * FROM nudge.create_roles('tap_owner', 'tap_operator', 'tap_job', 'tap_analyst', 'tap_viewer') $$, 'and nothing is left to do');
CREATE TEMP TABLE role AS SELECT * FROM (VALUES ('owner', 'tap_owner'), ('operator', 'tap_operator'), ('job', 'tap_job'), ('analyst', 'tap_analyst'), ('viewer', 'tap_viewer')) r(kind, name);
CREATE TEMP VIEW routine AS
	SELECT p.oid, p.proname::text AS name, p.prokind, p.proargtypes, p.prosecdef, p.provolatile, p.proisstrict, p.prorettype, p.proretset, p.proconfig, p.proowner, p.prosqlbody IS NOT NULL AS is_parsed,
		p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0) AS is_public
	FROM pg_proc p WHERE p.pronamespace = 'nudge'::regnamespace;

-- Functions and procedures that act -----------------------------------------
CREATE TEMP TABLE acting AS SELECT name, string_to_array(kinds, ' ') AS kinds FROM (VALUES
	('add_materialisation', 'owner'), ('drop_materialisation', 'owner'), ('enable_materialisation', 'owner'), ('deploy', 'owner'), ('undeploy', 'owner'), ('capture_changes', 'owner'), ('track_appends', 'owner'), ('track_lookback', 'owner'),
	('set_cadence', 'owner operator job'), ('verify', 'owner operator job analyst'),
	('run_due', 'operator job'), ('refresh', 'operator job'), ('rebuild', 'operator job'), ('run_refresh', 'operator job'), ('follow_entities', 'operator job'), ('poll_sources', 'operator job'), ('note_polls', 'operator job'), ('mark_run', 'operator job'), ('fan_out', 'operator job'),
	('next_keys', 'operator job'), ('refresh_batch', 'operator job'), ('begin_run', 'operator job'), ('end_run', 'operator job'), ('enumerate_keys', 'operator job'),
	('heartbeat', 'operator job'), ('check_rebuild', 'operator job'), ('prune_runs', 'operator job'), ('prune_job_runs', 'operator job'), ('prune_daily', 'operator job'), ('purge_expired', 'operator job'), ('retry_quarantined', 'operator job'),
	('schedule', 'operator job'), ('unschedule', 'operator job'), ('adopt', 'operator job'), ('take_over', 'operator job'), ('record_schedule', 'operator job'), ('record_installation', 'operator job'),
	('note_mapping', ''), ('note_settings', ''), ('refuse_own_target', ''), ('check_own_target', ''), ('refuse_own_annotation', ''), ('check_own_annotation', ''), ('mark_everything', ''), ('quarantine_key', ''), ('run_as_owner', ''), ('compute_as_owner', ''), ('take_pending', ''), ('compute_batch', ''), ('note_triggers', ''),
	('set_data_retention', ''), ('purge_object', ''), ('find_keys', ''), ('find_entity', ''), ('erase_history', ''), ('begin_erasure', ''), ('end_erasure', ''), ('forget', ''), ('create_roles', ''), ('grant_roles', ''), ('create_audiences', '')) a(name, kinds);
SELECT set_eq('SELECT DISTINCT name FROM routine WHERE NOT is_public', 'SELECT name FROM acting', 'what is not for everybody is in one of the lists, and all of these are');
SELECT is_empty($$
	SELECT r.kind, f.oid::regprocedure FROM role r, routine f LEFT JOIN acting a ON a.name = f.name
	WHERE (has_schema_privilege(r.name, 'nudge', 'USAGE') AND has_function_privilege(r.name, f.oid, 'EXECUTE')) <> (r.kind <> 'viewer' AND (a.name IS NULL OR r.kind = ANY (a.kinds)))
	$$, 'nobody may call more, nor less');
-- each call that must be refused is made, with NULL for all arguments
CREATE FUNCTION pg_temp.refusal(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text := 'done';
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	BEGIN
		EXECUTE statement;
	EXCEPTION WHEN OTHERS THEN
		answer := SQLSTATE || ' ' || SQLERRM;
	END;
	RESET ROLE;
	RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.call_of(f routine) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN f.prokind = 'p' THEN format('CALL nudge.%I(%s)', f.name, string_agg(format('NULL::%s', t::regtype), ', ' ORDER BY n) FILTER (WHERE n > 0))
		ELSE format('SELECT nudge.%I(%s) FROM (SELECT 1%s OFFSET 0) a', f.name, string_agg('a.a' || n, ', ' ORDER BY n), string_agg(format(', NULL::%s AS a%s', t::regtype, n), '' ORDER BY n) FILTER (WHERE n > 0)) END
	FROM (SELECT) one LEFT JOIN unnest(f.proargtypes::oid[]) WITH ORDINALITY u(t, n) ON true WHERE f.prorettype <> 'trigger'::regtype
$$;
CREATE TEMP TABLE refused AS
	SELECT r.kind, f.name, pg_temp.refusal(r.name, pg_temp.call_of(f)) AS answer
	FROM role r, routine f JOIN acting a ON a.name = f.name WHERE r.kind <> ALL (a.kinds) AND pg_temp.call_of(f) IS NOT NULL;
SELECT cmp_ok((SELECT count(*) FROM refused), '>', 100::bigint, 'many calls are to be refused');
SELECT is_empty($$ SELECT * FROM refused WHERE answer !~ '^42501 permission denied for (function|procedure|schema) ' $$, 'and each is');
SELECT is_empty($$
	SELECT f.name, pg_temp.refusal('tap_viewer', pg_temp.call_of(f)) FROM routine f WHERE f.name IN (SELECT name FROM acting UNION VALUES ('waiting'), ('last_runs'), ('healthcheck'), ('explain_refresh'), ('check_tracking'), ('map_source'), ('track_source'))
		AND pg_temp.call_of(f) IS NOT NULL AND pg_temp.refusal('tap_viewer', pg_temp.call_of(f)) !~ '^42501 permission denied for schema nudge'
	$$, 'a viewer calls nothing at all');

-- Tables and views ------------------------------------------------------------
CREATE TEMP TABLE may AS SELECT t.name, k.kind, CASE k.kind WHEN 'owner' THEN t.owner WHEN 'operator' THEN t.operator WHEN 'job' THEN t.operator WHEN 'analyst' THEN t.analyst ELSE '' END AS letters FROM (VALUES
	('materialisations', 'SIUD', 'S', 'S'), ('dependencies', 'SIUD', 'S', 'S'), ('sources', 'SIUD', 'S', 'S'), ('trackings', 'SIUD', 'S', 'S'), ('histories', 'SIUD', 'S', 'S'), ('polls', 'SIUD', 'S', 'S'), ('exclusions', 'SIUD', '', ''), ('exclusion_rules', 'SIUD', '', ''), ('entity_merges', 'SIUD', '', ''), ('entity_keys', 'S', '', ''), ('erasures', 'S', '', ''),
	('pending', 'SIUD', 'S', ''), ('change_log', 'SIUD', 'S', ''), ('quarantine', 'SIUD', 'S', ''), ('runs', 'S', 'S', ''), ('heartbeats', 'S', 'S', 'S'), ('installation', 'S', 'S', 'S'),
	('closed_periods', 'SIU', 'S', 'S'), ('closed_period_rows', 'SI', '', ''), ('freshness', 'S', 'S', 'S'), ('lag', 'S', 'S', 'S'), ('run_history', 'S', 'S', 'S')) t(name, owner, operator, analyst),
	(VALUES ('owner'), ('operator'), ('job'), ('analyst'), ('viewer')) k(kind);
CREATE TEMP VIEW verb AS SELECT * FROM (VALUES ('S', 'SELECT', 'SELECT FROM nudge.%I LIMIT 0'), ('I', 'INSERT', 'INSERT INTO nudge.%I DEFAULT VALUES'), ('U', 'UPDATE', NULL), ('D', 'DELETE', 'DELETE FROM nudge.%I WHERE false'),
	('T', 'TRUNCATE', 'TRUNCATE nudge.%I'), ('R', 'REFERENCES', NULL), ('G', 'TRIGGER', NULL)) v(letter, word, statement);
SELECT is_empty($$
	SELECT m.kind, m.name, v.word FROM may m JOIN role r ON r.kind = m.kind, verb v
	WHERE (has_schema_privilege(r.name, 'nudge', 'USAGE') AND has_table_privilege(r.name, format('nudge.%I', m.name), v.word)) <> (position(v.letter IN m.letters) > 0)
	$$, 'tables and views: neither more nor less');
SELECT is_empty($$
	SELECT m.kind, m.name, v.word, pg_temp.refusal(r.name, format(v.statement, m.name)) FROM may m JOIN role r ON r.kind = m.kind, verb v
	WHERE position(v.letter IN m.letters) = 0 AND v.statement IS NOT NULL AND m.name NOT IN ('freshness', 'lag', 'run_history', 'entity_keys') AND pg_temp.refusal(r.name, format(v.statement, m.name)) !~ '^42501 permission denied'
	$$, 'what is not granted is refused');
SELECT set_eq($$ SELECT c.relname::text FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig) AND c.relkind = 'r' WHERE e.extname = 'nudge_metrics'
		AND NOT has_table_privilege('tap_owner', c.oid, 'INSERT, UPDATE, DELETE') UNION SELECT 'nothing' $$,
	$$ VALUES ('runs'), ('heartbeats'), ('installation'), ('erasures'), ('nothing') $$, 'the owner writes all of the configuration, and no log of what was done');
SELECT is_empty($$ SELECT c.relname FROM pg_class c JOIN role r ON r.kind <> 'owner' WHERE c.relnamespace = 'nudge'::regnamespace AND c.relkind IN ('r', 'v') AND has_table_privilege(r.name, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') $$, 'nobody else writes a table');
SELECT is_empty($$ SELECT r.kind FROM role r, pg_class c WHERE c.oid = 'nudge.runs_run_id_seq'::regclass AND has_sequence_privilege(r.name, c.oid, 'USAGE, UPDATE') $$, 'nor a sequence');
SELECT is_empty($$ SELECT r.kind, s.nspname FROM role r, pg_namespace s WHERE s.nspname IN ('nudge', 'nudge_staging', 'nudge_analytics', 'nudge_reporting') AND has_schema_privilege(r.name, s.oid, 'CREATE') AND NOT (r.kind = 'owner' AND s.nspname <> 'nudge') $$,
	'only the owner makes objects, and none among those of the extension');

-- SECURITY DEFINER ------------------------------------------------------------
SELECT is_empty($$ SELECT f.oid::regprocedure FROM routine f WHERE f.prosecdef AND f.is_public AND f.name NOT IN ('waiting', 'last_runs', 'definition_hash', 'is_broken', 'is_source_seen', 'has_entity_rules', 'note_alterations') $$, 'what has the rights of another is not for everybody, but for some that count or compare, and an event trigger');
SELECT is_empty($$ SELECT f.oid::regprocedure FROM routine f WHERE f.prosecdef AND NOT f.is_parsed AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(f.proconfig, '{}')) $$, 'it is parsed or has a search_path');
SELECT is_empty($$ SELECT f.oid::regprocedure FROM routine f WHERE f.prokind = 'p' AND (f.prosecdef OR f.proconfig IS NOT NULL) $$, 'procedures have neither, so that they can commit');
GRANT EXECUTE ON FUNCTION nudge.run_as_owner(regclass, text, text[], timestamptz, timestamptz), nudge.compute_as_owner(regclass, text, text[]) TO tap_owner;
SET ROLE tap_owner;
SELECT throws_like($$ SELECT * FROM nudge.compute_as_owner('pg_catalog.pg_class', 'SELECT 1::bigint, 2::bigint, NULL::jsonb', NULL) $$, 'permission denied to act as role "%"', 'nor to compute as another');
SELECT throws_like($$ SELECT * FROM nudge.run_as_owner('pg_catalog.pg_class', 'SELECT 1::bigint, 2::bigint, NULL::jsonb', NULL, NULL, NULL) $$, 'permission denied to act as role "%"', 'even if it is granted, it gives no rights');
RESET ROLE;
-- a superuser computes nothing that others wrote
CREATE SCHEMA loose;
CREATE VIEW loose.theirs AS SELECT 1 AS k;
ALTER VIEW loose.theirs OWNER TO tap_analyst;
SELECT throws_like($$ SELECT nudge.add_materialisation('lent', 'SELECT k FROM loose.theirs', 'k') $$, 'view loose.theirs may not be read with the rights of role "%"', 'a superuser reads no view of others');
GRANT USAGE ON SCHEMA loose TO tap_owner;
GRANT SELECT ON loose.theirs TO tap_owner;
SET ROLE tap_owner;
SELECT lives_ok($$ SELECT nudge.add_materialisation('lent', 'SELECT k FROM loose.theirs', 'k') $$, 'others do as they like');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
