/*
 * roles.sql
 *		Five roles, and what each may do.
 *
 * Rules: doc/roles.md.
 */

-- What each kind may call, beyond what everybody may who has USAGE on the schema.
CREATE FUNCTION nudge.role_routines(kind text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE kind
		WHEN 'owner' THEN '{add_materialisation,drop_materialisation,enable_materialisation,deploy,undeploy,capture_changes,track_appends,track_lookback,verify,set_cadence}'
		-- procedures run with the rights of their caller, and so do their steps
		WHEN 'operator' THEN '{run_due,refresh,rebuild,run_refresh,begin_run,note_polls,follow_entities,poll_sources,fan_out,mark_run,next_keys,enumerate_keys,refresh_batch,end_run,heartbeat,check_rebuild,prune_runs,prune_job_runs,prune_daily,purge_expired,
			retry_quarantined,verify,schedule,unschedule,adopt,take_over,record_schedule,record_installation,set_cadence}'
		WHEN 'analyst' THEN '{verify}'
		ELSE '{}' END::text[];
COMMENT ON FUNCTION nudge.role_routines(text) IS 'Works for grant_roles: names of the functions and procedures of nudge that a kind of role may call and others not';

-- What each kind may do with a table of nudge.
CREATE FUNCTION nudge.role_privileges(kind text, table_name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE kind
		WHEN 'owner' THEN CASE
			WHEN table_name IN ('runs', 'heartbeats', 'installation', 'erasures', 'entity_keys') THEN 'SELECT'
			WHEN table_name = 'closed_period_rows' THEN 'SELECT, INSERT'
			WHEN table_name = 'closed_periods' THEN 'SELECT, INSERT, UPDATE'
			ELSE 'SELECT, INSERT, UPDATE, DELETE' END
		WHEN 'operator' THEN CASE
			WHEN table_name IN ('sources', 'trackings', 'polls', 'change_log', 'materialisations', 'dependencies', 'pending', 'quarantine', 'runs', 'heartbeats', 'installation') THEN 'SELECT' END END;
COMMENT ON FUNCTION nudge.role_privileges(text, text) IS 'Works for grant_roles: the privileges of a kind of role on a table of nudge that pg_dump keeps, or on entity_keys; NULL for none';

CREATE FUNCTION nudge.can_set_role(role_name name) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	-- from version 16 on a member may be one that cannot act as the role
	RETURN pg_has_role(role_name, CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END);
COMMENT ON FUNCTION nudge.can_set_role(name) IS 'Works for grant_roles: whether who asks can SET ROLE to a role';

-- Privileges within the extension.
CREATE FUNCTION nudge.engine_grants(kind text, role_name name) RETURNS TABLE (statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 30
BEGIN ATOMIC
	SELECT g.statement, g.is_there FROM (
		SELECT 1 AS part, '' AS object, format('GRANT USAGE ON SCHEMA nudge TO %I', engine_grants.role_name) AS statement, has_schema_privilege(engine_grants.role_name, 'nudge', 'USAGE') AS is_there
		WHERE engine_grants.kind <> 'viewer'
		UNION ALL
		SELECT 2, p.oid::regprocedure::text, format('GRANT EXECUTE ON ROUTINE nudge.%I(%s) TO %I', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), engine_grants.role_name), has_function_privilege(engine_grants.role_name, p.oid, 'EXECUTE')
		FROM pg_catalog.pg_proc p WHERE p.pronamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge') AND p.proname = ANY (nudge.role_routines(engine_grants.kind)::name[])
		UNION ALL
		SELECT 3, c.relname::text, format('GRANT %s ON nudge.%I TO %I', nudge.role_privileges(engine_grants.kind, c.relname::text), c.relname, engine_grants.role_name),
			(SELECT bool_and(has_table_privilege(engine_grants.role_name, c.oid, w)) FROM string_to_table(nudge.role_privileges(engine_grants.kind, c.relname::text), ', ') w)
		FROM pg_catalog.pg_class c
		WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge') AND (c.relname = 'entity_keys' OR c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'nudge_metrics' AND c.oid = ANY (e.extconfig)))
			AND nudge.role_privileges(engine_grants.kind, c.relname::text) IS NOT NULL
	) g ORDER BY g.part, g.object COLLATE "C";
END;
COMMENT ON FUNCTION nudge.engine_grants(text, name) IS 'Works for grant_roles: what a kind of role is granted on objects of the extension, and whether it has it';

CREATE FUNCTION nudge.has_default(maker oid, schema_id oid, role_id oid) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	RETURN EXISTS (SELECT FROM pg_catalog.pg_default_acl d, LATERAL aclexplode(d.defaclacl) a
		WHERE d.defaclrole = maker AND d.defaclnamespace = schema_id AND d.defaclobjtype = 'r' AND a.grantee = role_id AND a.privilege_type = 'SELECT');
COMMENT ON FUNCTION nudge.has_default(oid, oid, oid) IS 'Works for grant_roles: whether a role may read the tables that another makes in a schema';

-- Privileges on materialisations and inputs: those that are there, and those
-- that the given roles will make.
CREATE FUNCTION nudge.warehouse_grants(kind text, role_name name, makers name[]) RETURNS TABLE (statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 30
BEGIN ATOMIC
	WITH spaces AS (
		SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
		WHERE warehouse_grants.kind IN ('owner', 'analyst') AND n.nspname IN ('nudge_staging', 'nudge_analytics') OR warehouse_grants.kind IN ('owner', 'analyst', 'viewer') AND n.nspname = 'nudge_reporting'
	), relations AS (
		SELECT s.nspname, c.oid, c.relname, c.relowner FROM spaces s JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
		WHERE warehouse_grants.kind = 'analyst' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') OR warehouse_grants.kind = 'viewer' AND c.relkind = 'v'
	)
	SELECT g.statement, g.is_there FROM (
		SELECT 1 AS part, s.nspname::text AS object, format('GRANT %s ON SCHEMA %I TO %I', w.words, s.nspname, warehouse_grants.role_name) AS statement,
			(SELECT bool_and(has_schema_privilege(warehouse_grants.role_name, s.oid, p)) FROM string_to_table(w.words, ', ') p) AS is_there
		FROM spaces s, LATERAL (SELECT CASE warehouse_grants.kind WHEN 'owner' THEN 'USAGE, CREATE' ELSE 'USAGE' END AS words) w
		UNION ALL
		SELECT 2, format('%I.%I', r.nspname, r.relname), format('GRANT SELECT ON %I.%I TO %I', r.nspname, r.relname, warehouse_grants.role_name), has_table_privilege(warehouse_grants.role_name, r.oid, 'SELECT') FROM relations r
		UNION ALL
		SELECT 3, format('%I %I', s.nspname, m.rolname), format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I', m.rolname, s.nspname, warehouse_grants.role_name),
			nudge.has_default(m.oid, s.oid, (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname = warehouse_grants.role_name))
		FROM spaces s, pg_catalog.pg_roles m
		WHERE warehouse_grants.kind IN ('analyst', 'viewer') AND (m.rolname = ANY (warehouse_grants.makers) OR m.oid IN (SELECT r.relowner FROM relations r))
	) g ORDER BY g.part, g.object COLLATE "C";
END;
COMMENT ON FUNCTION nudge.warehouse_grants(text, name, name[]) IS 'Works for grant_roles: what a kind of role is granted on inputs, materialisations and views for BI tools, and whether it has it';

CREATE FUNCTION nudge.job_settings(role_name name) RETURNS TABLE (statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 3
BEGIN ATOMIC
	SELECT format('ALTER ROLE %I SET %s = %L', job_settings.role_name, s.name, s.value),
		EXISTS (SELECT FROM pg_catalog.pg_db_role_setting d, unnest(d.setconfig) c WHERE d.setrole = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = job_settings.role_name) AND c LIKE s.name || '=%')
	FROM (VALUES ('idle_in_transaction_session_timeout', '5min'), ('lock_timeout', '10s'), ('statement_timeout', '4h')) s(name, value);
END;
COMMENT ON FUNCTION nudge.job_settings(name) IS 'Works for grant_roles: settings that the role of a job needs, and whether it has some';

-- All statements for all roles, in their order.
CREATE FUNCTION nudge.role_statements(roles jsonb) RETURNS TABLE (role_name name, statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	WITH given AS (
		SELECT k.place, k.kind, (role_statements.roles ->> k.kind)::name AS role_name
		FROM (VALUES (1, 'owner'), (2, 'operator'), (3, 'job'), (4, 'analyst'), (5, 'viewer')) k(place, kind) WHERE role_statements.roles ->> k.kind IS NOT NULL
	), makers AS (
		SELECT ARRAY[current_user]::name[] || array_remove(ARRAY[(role_statements.roles ->> 'owner')::name], NULL) AS names
	)
	SELECT s.role_name, s.statement, s.is_there FROM (
		SELECT g.place, 1 AS part, g.role_name, e.statement, e.is_there FROM given g, nudge.engine_grants(CASE WHEN g.kind = 'job' THEN 'operator' ELSE g.kind END, g.role_name) e
		WHERE g.kind <> 'job' OR role_statements.roles ->> 'operator' IS NULL
		UNION ALL
		SELECT g.place, 2, g.role_name, format('GRANT %I TO %I', role_statements.roles ->> 'operator', g.role_name), pg_has_role(g.role_name, (role_statements.roles ->> 'operator')::name, 'USAGE')
		FROM given g WHERE g.kind = 'job' AND role_statements.roles ->> 'operator' IS NOT NULL
		UNION ALL
		SELECT g.place, 3, g.role_name, j.statement, j.is_there FROM given g, nudge.job_settings(g.role_name) j WHERE g.kind = 'job'
		UNION ALL
		SELECT g.place, 4, g.role_name, w.statement, w.is_there FROM given g, makers m, nudge.warehouse_grants(g.kind, g.role_name, m.names) w
	) s ORDER BY s.place, s.part, s.statement COLLATE "C";
END;
COMMENT ON FUNCTION nudge.role_statements(jsonb) IS 'Works for grant_roles: the statements that give roles what they need, and whether they have it';

CREATE FUNCTION nudge.check_roles(roles jsonb) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	IF NOT EXISTS (SELECT FROM jsonb_each_text(roles) r WHERE r.value IS NOT NULL) THEN
		RAISE EXCEPTION 'no role is given' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Roles are named by what they are for.',
			HINT = 'Write grant_roles(analyst => ''reporting''), or call create_roles().';
	END IF;
	SELECT r.value INTO missing FROM jsonb_each_text(roles) r WHERE r.value IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r.value) ORDER BY r.value COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'role "%" does not exist', missing USING ERRCODE = 'undefined_object',
			DETAIL = 'Privileges are granted to roles that are there.',
			HINT = 'Make it, or call nudge.create_roles(), which makes those that are missing.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_roles(jsonb) IS 'Works for grant_roles: an error unless all roles are there';

-- The schemas belong to the owner's role if they are not there yet.
CREATE FUNCTION nudge.make_schemas(owner name) RETURNS TABLE (statement text, done boolean, problem text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT s.name, s.description FROM (VALUES (1, 'nudge_staging', 'The sources of nudge_metrics as canonical inputs: views that map_source() makes'),
		(2, 'nudge_analytics', 'Materialisations of nudge_metrics: tables that the refresh engine keeps'), (3, 'nudge_reporting', 'Views of nudge_metrics that BI tools read')) s(place, name, description)
		WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = s.name) ORDER BY s.place LOOP
		statement := format('CREATE SCHEMA %I AUTHORIZATION %I', one.name, owner);
		SELECT t.done, t.problem INTO done, problem FROM nudge.try_statement(statement || format('; COMMENT ON SCHEMA %I IS %L', one.name, one.description)) t;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_schemas(name) IS 'Works for grant_roles: makes the schemas of inputs, materialisations and views for BI tools';

CREATE FUNCTION nudge.grant_roles(owner name DEFAULT NULL, operator name DEFAULT NULL, job name DEFAULT NULL, analyst name DEFAULT NULL, viewer name DEFAULT NULL)
	RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	roles constant jsonb := jsonb_build_object('owner', owner, 'operator', operator, 'job', job, 'analyst', analyst, 'viewer', viewer);
	plan record;
	tried record;
	refused text[] := '{}';
BEGIN
	PERFORM nudge.check_roles(roles);
	RETURN QUERY SELECT owner, m.done, m.statement, m.problem FROM nudge.make_schemas(owner) m;
	FOR plan IN SELECT s.* FROM nudge.role_statements(roles) s WHERE NOT s.is_there LOOP
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(plan.statement) t;
		refused := refused || CASE WHEN NOT tried.done THEN plan.statement END;
		RETURN QUERY SELECT plan.role_name, tried.done, plan.statement, tried.problem;
	END LOOP;
	-- a GRANT of what is not one's own to grant is a warning only
	RETURN QUERY SELECT s.role_name, false, s.statement, 'it is not yours to grant: its owner or a superuser runs this' FROM nudge.role_statements(roles) s WHERE NOT s.is_there AND s.statement <> ALL (array_remove(refused, NULL));
END
$$;
COMMENT ON FUNCTION nudge.grant_roles(name, name, name, name, name) IS
	'Gives roles that are there what an owner, operator, job, analyst or viewer of nudge needs, and tells what was missing and is done. Not STRICT: a NULL role is left out';

CREATE FUNCTION nudge.create_roles(owner name DEFAULT 'nudge_owner', operator name DEFAULT 'nudge_operator', job name DEFAULT 'nudge_job', analyst name DEFAULT 'nudge_analyst', viewer name DEFAULT 'nudge_viewer')
	RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT k.kind, k.name, k.description FROM (VALUES
			(1, 'owner', owner, 'nudge_metrics: maps sources and adds materialisations, which belong to it'),
			(2, 'operator', operator, 'nudge_metrics: refreshes materialisations and schedules that'),
			(3, 'job', job, 'nudge_metrics: the sessions that call nudge.run_due(); not to be renamed while a job runs as it'),
			(4, 'analyst', analyst, 'nudge_metrics: reads inputs, materialisations and views for BI tools'),
			(5, 'viewer', viewer, 'nudge_metrics: reads the views for BI tools, nudge_reporting, and nothing else')) k(place, kind, name, description)
		WHERE k.name IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = k.name) ORDER BY k.place LOOP
		IF NOT (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles r WHERE r.rolname = current_user) THEN
			RAISE EXCEPTION 'role "%" cannot be made', one.name USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('Role "%s" may make no roles.', current_user),
				HINT = 'Let somebody with CREATEROLE call it, or pass roles that are there to nudge.grant_roles().';
		END IF;
		role_name := one.name;
		statement := format('CREATE ROLE %I %s', one.name, CASE one.kind WHEN 'job' THEN 'LOGIN' ELSE 'NOLOGIN' END);
		EXECUTE statement;
		EXECUTE format('COMMENT ON ROLE %I IS %L', one.name, one.description);
		done := true;
		RETURN NEXT;
	END LOOP;
	-- what belongs to the owner's role is made as that role
	IF owner IS NOT NULL AND NOT nudge.can_set_role(owner) THEN
		role_name := owner;
		statement := format('GRANT %I TO %I', owner, current_user);
		SELECT t.done, t.problem INTO done, problem FROM nudge.try_statement(statement) t;
		RETURN NEXT;
	END IF;
	RETURN QUERY SELECT g.* FROM nudge.grant_roles(owner, operator, job, analyst, viewer) g;
END
$$;
COMMENT ON FUNCTION nudge.create_roles(name, name, name, name, name) IS
	'Makes the roles that are missing, and gives all what they need: owner, operator, job (which logs in, and is a member of operator), analyst and viewer; tells what it has done. Not STRICT: a NULL role is left out';
REVOKE EXECUTE ON FUNCTION nudge.grant_roles(name, name, name, name, name), nudge.create_roles(name, name, name, name, name) FROM PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.grant_roles(name, name, name, name, name), nudge.create_roles(name, name, name, name, name) TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
