/*
 * schedule.sql
 *		Who calls run_due(): a job of pg_cron if that is there, otherwise what the
 *		administrator must do.  Nothing else needs pg_cron.
 *
 * Rules: doc/schedule.md.
 */

-- pg_cron -----------------------------------------------------------------

-- A schema "cron" may be anybody's: only what belongs to the extension counts.
-- Names are compared and not looked up, since the schema may be closed to us.
CREATE FUNCTION nudge.cron_place(OUT place text, OUT database_name text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	is_made constant boolean := EXISTS (SELECT FROM pg_extension e
		JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
		JOIN pg_class c ON c.oid = d.objid AND c.relname = 'job' JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'cron' WHERE e.extname = 'pg_cron');
BEGIN
	database_name := (SELECT s.setting FROM pg_settings s WHERE s.name = 'cron.database_name');
	place := CASE WHEN is_made AND coalesce(database_name = current_database(), true) THEN 'here'
		WHEN database_name <> current_database() THEN 'elsewhere'
		WHEN database_name IS NOT NULL THEN 'not made'
		WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN 'not loaded'
		ELSE 'not known' END;
	database_name := CASE WHEN place = 'here' THEN current_database() ELSE database_name END;
END
$$;
COMMENT ON FUNCTION nudge.cron_place() IS 'Where pg_cron keeps its jobs: here, elsewhere, not made (it is loaded, but there is no extension), not loaded, not known (who asks may not see its settings); and in which database. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.job_name(database_name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN octet_length(database_name) <= 49 THEN 'nudge_run_due ' || database_name ELSE 'nudge_run_due ' || md5(database_name) END;
COMMENT ON FUNCTION nudge.job_name(text) IS 'Name of the job of a database';

-- The pattern of what schedule() makes, which no user writes.
CREATE FUNCTION nudge.job_pattern() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '^CALL nudge[.]run_due[(](''[0-9]+ seconds'')?[)]$';
COMMENT ON FUNCTION nudge.job_pattern() IS 'Regular expression that tells our jobs by their command. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.job_command(budget interval) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF budget < interval '1 second' OR budget > interval '7 days' THEN
		RAISE EXCEPTION 'the budget must be between 1 second and 7 days' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', budget),
			HINT = 'It is how long after its start run_due() may begin another materialisation; leave it out for no limit.';
	END IF;
	RETURN format('CALL nudge.run_due(%s)', quote_literal(ceil(extract(epoch FROM budget))::bigint || ' seconds'));
END
$$;
COMMENT ON FUNCTION nudge.job_command(interval) IS 'The command of the job. Not STRICT: NULL is no budget';

CREATE FUNCTION nudge.cron_expression(every interval) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	minutes constant numeric := extract(epoch FROM every) / 60;
BEGIN
	IF minutes IN (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30) THEN
		RETURN CASE minutes WHEN 1 THEN '*' ELSE '*/' || minutes::integer END || ' * * * *';
	ELSIF minutes IN (60, 120, 180, 240, 360, 480, 720) THEN
		RETURN '0 ' || CASE minutes WHEN 60 THEN '*' ELSE '*/' || (minutes / 60)::integer END || ' * * *';
	ELSIF minutes = 1440 THEN
		RETURN '0 0 * * *';
	END IF;
	RAISE EXCEPTION 'a job cannot run every %', coalesce(every::text, 'null') USING ERRCODE = 'invalid_parameter_value',
		DETAIL = 'It runs at the same minutes of each hour, at the same hours of each day, or once a day.',
		HINT = 'Pass minutes that divide an hour, hours that divide a day, or 1 day.';
END
$$;
COMMENT ON FUNCTION nudge.cron_expression(interval) IS 'How cron writes an interval. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.our_jobs(database_names text[]) RETURNS TABLE (jobid bigint, schedule text, command text, nodename text, nodeport integer, database text, username text, active boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- who may not look has no jobs
	IF (SELECT p.place FROM nudge.cron_place() p) = 'here' AND has_schema_privilege((SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'cron'), 'USAGE') THEN
		RETURN QUERY EXECUTE 'SELECT j.jobid, j.schedule, j.command, j.nodename, j.nodeport, j.database, j.username, j.active FROM cron.job j WHERE j.command ~ $1 AND j.database = ANY ($2) ORDER BY j.jobid'
			USING nudge.job_pattern(), database_names;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.our_jobs(text[]) IS 'Jobs of pg_cron that call run_due() in a database, as far as who asks may see them';

-- A statement that is tried, since pg_cron may refuse it.
CREATE FUNCTION nudge.try_statement(statement text, OUT done boolean, OUT problem text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE statement;
	done := true;
EXCEPTION WHEN OTHERS THEN
	done := false;
	problem := SQLERRM;
END
$$;
COMMENT ON FUNCTION nudge.try_statement(text) IS 'Works for schedule: runs a statement with the rights of its caller, and tells why it does not work';

-- Who the job is ----------------------------------------------------------

CREATE FUNCTION nudge.check_job_role(role_name name) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	r pg_roles;
	lacks text;
BEGIN
	SELECT p.* INTO r FROM pg_roles p WHERE p.rolname = role_name;
	IF r.oid IS NULL THEN
		RAISE EXCEPTION 'role "%" does not exist', role_name USING ERRCODE = 'undefined_object',
			DETAIL = 'A job runs with the rights of a role.',
			HINT = 'Call nudge.create_roles(), which makes nudge_job.';
	ELSIF NOT r.rolcanlogin THEN
		RAISE EXCEPTION 'role "%" cannot log in', role_name USING ERRCODE = 'invalid_authorization_specification',
			DETAIL = 'A job is a session of its role.',
			HINT = 'Pass a role that can, such as nudge_job of nudge.create_roles().';
	END IF;
	lacks := CASE WHEN NOT has_database_privilege(r.oid, current_database(), 'CONNECT') THEN format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name)
		WHEN NOT has_schema_privilege(r.oid, 'nudge', 'USAGE') OR NOT has_function_privilege(r.oid, 'nudge.run_due(interval)', 'EXECUTE')
			THEN format('SELECT * FROM nudge.grant_roles(job => %L)', role_name) END;
	IF lacks IS NOT NULL THEN
		RAISE EXCEPTION 'role "%" may not call run_due()', role_name USING ERRCODE = 'insufficient_privilege',
			DETAIL = 'A job runs with the rights of its role.',
			HINT = format('Call %s.', lacks);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_job_role(name) IS 'Works for schedule: an error unless a role can run the job';

CREATE FUNCTION nudge.default_job_role() RETURNS name
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce((SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolname = 'nudge_job'), current_user);
COMMENT ON FUNCTION nudge.default_job_role() IS 'The role whose job it is if nobody says: nudge_job if there is one, otherwise who asks. Not STRICT: it has no arguments';

-- What is to be done ------------------------------------------------------

-- Statements that make a job, or what makes it possible.  Whether they can be
-- run here by who asks, and why not.
CREATE FUNCTION nudge.job_statements(expression text, command text, role_name name) RETURNS TABLE (action text, in_database text, statement text, possible boolean, detail text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cron record;
	is_superuser constant boolean := (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user);
	-- a named job that is there keeps its database and stays as active as it is
	elsewhere constant text := format('SELECT cron.alter_job(cron.schedule_in_database(%L, %L, %L, %L, %L), database => %4$L, active => true)',
		nudge.job_name(current_database()), expression, command, current_database(), role_name);
	local_host constant text := (SELECT s.setting FROM pg_settings s WHERE s.name = 'cron.host');
	one record;
	kept bigint;
	can_alter boolean;
BEGIN
	SELECT p.* INTO cron FROM nudge.cron_place() p;
	IF cron.place = 'elsewhere' THEN
		RETURN QUERY SELECT 'make job', cron.database_name, elsewhere, false, format('pg_cron keeps its jobs in database "%s": a superuser runs this there', cron.database_name);
	ELSIF cron.place = 'not made' THEN
		RETURN QUERY SELECT 'make extension', current_database()::text, 'CREATE EXTENSION pg_cron', false, 'pg_cron is loaded but not there: a superuser runs this, and then schedule() is called again';
	ELSIF cron.place <> 'here' THEN
		RETURN QUERY SELECT 'load pg_cron', NULL, NULL, false, CASE cron.place WHEN 'not loaded' THEN format('pg_cron is not loaded: add it to shared_preload_libraries and cron.database_name = ''%s'' to postgresql.conf, restart the server, and call schedule() again', current_database())
			ELSE 'pg_cron is not in this database, and only members of pg_read_all_settings see whether it is in another: let one of them call schedule()' END;
	ELSIF NOT has_schema_privilege((SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'cron'), 'USAGE') THEN
		RETURN QUERY SELECT 'grant usage', current_database()::text, format('GRANT USAGE ON SCHEMA cron TO %I', current_user), false, 'pg_cron is closed to you: a superuser runs this, and then schedule() is called again';
	ELSIF role_name <> current_user AND NOT is_superuser THEN
		RETURN QUERY SELECT 'make job', current_database()::text, elsewhere, false, format('only a superuser can make a job of role "%s"', role_name);
	ELSE
		can_alter := is_superuser OR has_function_privilege('cron.alter_job(bigint,text,text,text,text,boolean)', 'EXECUTE');
		FOR one IN SELECT j.*, j.username = role_name AND j.nodeport = current_setting('port')::integer AND coalesce(j.nodename = local_host, true) AS fits,
				(j.schedule, j.command, j.active) = (job_statements.expression, job_statements.command, true) AS is_same
			FROM nudge.our_jobs(ARRAY[current_database()::text]) j ORDER BY fits DESC, is_same DESC, j.jobid LOOP
			IF kept IS NULL AND one.fits AND (one.is_same OR can_alter) THEN
				kept := one.jobid;
				RETURN QUERY SELECT CASE WHEN one.is_same THEN 'keep job' ELSE 'change job' END, current_database()::text,
					CASE WHEN NOT one.is_same THEN format('SELECT cron.alter_job(%s, schedule => %L, command => %L, active => true)', one.jobid, expression, command) END, true, format('job %s of role "%s"', one.jobid, role_name);
			ELSE
				RETURN QUERY SELECT 'remove job', current_database()::text, format('SELECT cron.unschedule(%s)', one.jobid), true, format('job %s of role "%s"%s', one.jobid, one.username,
					CASE WHEN one.fits THEN '' WHEN one.username = role_name THEN format(', which calls %s:%s', one.nodename, one.nodeport) ELSE ', which is not the one' END);
			END IF;
		END LOOP;
		IF kept IS NULL THEN
			RETURN QUERY SELECT 'make job', current_database()::text,
				CASE WHEN role_name = current_user THEN format('SELECT cron.schedule(%L, %L, %L)', nudge.job_name(current_database()), expression, command)
					ELSE format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L)', nudge.job_name(current_database()), expression, command, current_database(), role_name) END,
				true, format('of role "%s"', role_name);
		END IF;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.job_statements(text, text, name) IS 'Works for schedule: the statements that make the job as it shall be, and whether who asks can run them here';

CREATE FUNCTION nudge.record_schedule(every interval) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.heartbeats (process, expected_every, scheduled_at) VALUES ('run_due', every, clock_timestamp())
	ON CONFLICT (process) DO UPDATE SET expected_every = excluded.expected_every, scheduled_at = CASE WHEN heartbeats.expected_every = excluded.expected_every THEN heartbeats.scheduled_at ELSE excluded.scheduled_at END;
END
$$;
COMMENT ON FUNCTION nudge.record_schedule(interval) IS 'Works for schedule: writes down how often run_due() is to be called. Not STRICT: NULL is not at all';

-- What administrators call ------------------------------------------------

CREATE FUNCTION nudge.schedule(every interval DEFAULT '5 minutes', budget interval DEFAULT NULL, run_as name DEFAULT NULL)
	RETURNS TABLE (action text, done boolean, in_database text, statement text, detail text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	expression text;
	command text;
	role_name constant name := coalesce(run_as, nudge.default_job_role());
	plan record;
	tried record;
	missing boolean := false;
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN QUERY SELECT 'nothing', false, NULL::text, NULL::text, 'this is a standby: what is scheduled on the primary goes on here once it is promoted';
		RETURN;
	END IF;
	expression := nudge.cron_expression(every);
	command := nudge.job_command(budget);
	PERFORM nudge.check_job_role(role_name);
	PERFORM nudge.check_adopted();
	PERFORM nudge.record_installation(), nudge.record_schedule(every);
	RETURN QUERY SELECT 'expect', true, current_database()::text, NULL::text, format('run_due() is to be called every %s: healthcheck() says if it is not', every);
	FOR plan IN SELECT s.* FROM nudge.job_statements(expression, command, role_name) s LOOP
		IF plan.possible AND plan.statement IS NOT NULL THEN
			SELECT t.done, t.problem INTO tried FROM nudge.try_statement(plan.statement) t;
		ELSE
			SELECT plan.possible AS done, NULL::text AS problem INTO tried;
		END IF;
		missing := missing OR NOT tried.done;
		RETURN QUERY SELECT plan.action, tried.done, plan.in_database, plan.statement, concat_ws(': ', plan.detail, tried.problem);
	END LOOP;
	IF missing THEN
		RETURN QUERY SELECT 'call', false, current_database()::text, command, format('or call it by other means every %s, as the role "%s"', every, role_name);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.schedule(interval, interval, name) IS
	'Lets run_due() be called regularly: makes one job of pg_cron, or changes it; tells what it has done, and what an administrator must do where it cannot. Not STRICT: NULL arguments take their defaults';

CREATE FUNCTION nudge.unschedule() RETURNS TABLE (action text, done boolean, in_database text, statement text, detail text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cron record;
	one record;
	tried record;
	n integer := 0;
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN QUERY SELECT 'nothing', false, NULL::text, NULL::text, 'this is a standby: call it on the primary';
		RETURN;
	END IF;
	PERFORM nudge.record_schedule(NULL);
	RETURN QUERY SELECT 'expect', true, current_database()::text, NULL::text, 'nobody has to call run_due()';
	SELECT p.* INTO cron FROM nudge.cron_place() p;
	FOR one IN SELECT j.* FROM nudge.our_jobs(ARRAY[current_database()::text]) j LOOP
		n := n + 1;
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(format('SELECT cron.unschedule(%s)', one.jobid)) t;
		RETURN QUERY SELECT 'remove job', tried.done, current_database()::text, format('SELECT cron.unschedule(%s)', one.jobid), concat_ws(': ', format('job %s of role "%s"', one.jobid, one.username), tried.problem);
	END LOOP;
	IF cron.place = 'elsewhere' THEN
		RETURN QUERY SELECT 'remove job', false, cron.database_name, format('SELECT cron.unschedule(j.jobid) FROM cron.job j WHERE j.database = %L AND j.command ~ %L', current_database(), nudge.job_pattern()),
			format('pg_cron keeps its jobs in database "%s": a superuser runs this there', cron.database_name);
	ELSIF n = 0 THEN
		RETURN QUERY SELECT 'nothing', true, current_database()::text, NULL::text, 'there is no job that you may see';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.unschedule() IS 'Takes away the job that schedule() has made; tells what it has done, and what an administrator must do where it cannot. Not STRICT: it has no arguments';

-- After a copy ------------------------------------------------------------

CREATE FUNCTION nudge.take_over(recompute boolean, OUT swept bigint, OUT marked bigint, OUT old_name text, OUT every interval)
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	swept := nudge.sweep_runs();
	marked := 0;
	IF recompute THEN
		INSERT INTO nudge.pending (materialisation, reason) SELECT m.name, 'adopted' FROM nudge.materialisations m;
		GET DIAGNOSTICS marked = ROW_COUNT;
	END IF;
	old_name := (SELECT i.database_name FROM nudge.installation i);
	every := (SELECT h.expected_every FROM nudge.heartbeats h WHERE h.process = 'run_due');
	PERFORM nudge.record_installation();
	-- what the original was called for is not our sign of life
	UPDATE nudge.heartbeats h SET seen_at = NULL, scheduled_at = clock_timestamp() WHERE h.process = 'run_due';
END
$$;
COMMENT ON FUNCTION nudge.take_over(boolean) IS 'Works for adopt: makes the tables of a copy its own';

CREATE FUNCTION nudge.adopt(recompute boolean DEFAULT true) RETURNS TABLE (action text, done boolean, in_database text, statement text, detail text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	taken record;
	one record;
	tried record;
	job_role name;
	budget interval;
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN QUERY SELECT 'nothing', false, NULL::text, NULL::text, 'this is a standby: call it once it is promoted';
		RETURN;
	END IF;
	SELECT t.* INTO taken FROM nudge.take_over(coalesce(recompute, true)) t;
	RETURN QUERY SELECT 'adopt', true, current_database()::text, NULL::text, format('runs that ended with the original: %s; materialisations to be computed anew: %s', taken.swept, taken.marked);
	-- of a database that is called otherwise now they are ours, of one that is still there not
	FOR one IN SELECT j.* FROM nudge.our_jobs(ARRAY[current_database()::text] || ARRAY(SELECT taken.old_name WHERE NOT EXISTS (SELECT FROM pg_database d WHERE d.datname = taken.old_name))) j LOOP
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(format('SELECT cron.unschedule(%s)', one.jobid)) t;
		RETURN QUERY SELECT 'remove job', tried.done, current_database()::text, format('SELECT cron.unschedule(%s)', one.jobid),
			concat_ws(': ', format('job %s of role "%s", which calls %s:%s', one.jobid, one.username, one.nodename, one.nodeport), tried.problem);
		job_role := coalesce(job_role, (SELECT r.rolname FROM pg_roles r WHERE r.rolname = one.username AND r.rolcanlogin));
		budget := coalesce(budget, substring(one.command FROM '''([0-9]+ seconds)''')::interval);
	END LOOP;
	IF taken.every IS NOT NULL THEN
		RETURN QUERY SELECT s.* FROM nudge.schedule(taken.every, budget, job_role) s;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.adopt(boolean) IS
	'Makes a copy of a database, after a restore or clone, one that is refreshed on its own: its jobs call it and not the original, runs of the original are ended, and everything is computed anew unless told otherwise. Not STRICT: NULL is the default';

-- How often ---------------------------------------------------------------

CREATE FUNCTION nudge.set_cadence(name text, cadence interval) RETURNS TABLE (materialisation text, cadence_now interval, next_due_at timestamptz)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	is_one constant boolean := EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = set_cadence.name);
BEGIN
	IF cadence < interval '1 minute' OR extract(month FROM cadence) <> 0 OR extract(year FROM cadence) <> 0 THEN
		RAISE EXCEPTION 'a cadence must be at least a minute and without months' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', cadence),
			HINT = 'Pass an interval such as 15 minutes, 1 hour or 1 day, or NULL for that of the layer.';
	ELSIF NOT is_one AND nudge.layer_cadence(name) IS NULL THEN
		PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	END IF;
	RETURN QUERY
		WITH changed AS (
			UPDATE nudge.materialisations m SET cadence = coalesce(set_cadence.cadence, nudge.layer_cadence(m.layer)),
				next_due_at = coalesce(nudge.next_slot(coalesce(set_cadence.cadence, nudge.layer_cadence(m.layer)), m.last_success_at), m.next_due_at)
			WHERE CASE WHEN is_one THEN m.name ELSE m.layer END = set_cadence.name RETURNING m.name, m.cadence, m.next_due_at
		)
		SELECT c.name, c.cadence, c.next_due_at FROM changed c ORDER BY c.name COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.set_cadence(text, interval) IS
	'Sets how often a materialisation is refreshed, or all of a layer: staging, mart, metric or headline. Not STRICT: a NULL cadence is that of the layer';

-- Retention ---------------------------------------------------------------

CREATE FUNCTION nudge.prune_job_runs(keep interval DEFAULT '30 days') RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pruned bigint := 0;
BEGIN
	IF (SELECT p.place FROM nudge.cron_place() p) = 'here' THEN
		EXECUTE 'DELETE FROM cron.job_run_details d WHERE d.command ~ $1 AND d.database = current_database() AND coalesce(d.end_time, d.start_time) < now() - $2' USING nudge.job_pattern(), keep;
		GET DIAGNOSTICS pruned = ROW_COUNT;
	END IF;
	RETURN pruned;
EXCEPTION WHEN insufficient_privilege OR undefined_table OR undefined_column THEN
	RETURN 0;
END
$$;
COMMENT ON FUNCTION nudge.prune_job_runs(interval) IS 'Deletes what pg_cron has written down about runs of our jobs that ended longer ago; tells how many';

-- The log of pg_cron has no index by time: once a day is enough.
CREATE FUNCTION nudge.prune_daily() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.heartbeats h WHERE h.process = 'prune' AND h.seen_at > clock_timestamp() - interval '1 day') THEN
		PERFORM nudge.heartbeat('prune');
		PERFORM FROM nudge.purge_expired() p;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.prune_daily() IS 'Works for run_due: deletes what is kept no longer, once a day. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace
			AND p.proname OPERATOR(pg_catalog.=) ANY ('{record_installation,record_schedule,schedule,unschedule,take_over,adopt,set_cadence,prune_job_runs,prune_daily}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.installation TO %s WITH GRANT OPTION', owner);
END
$$;
