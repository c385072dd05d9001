/*
 * refresh.sql
 *		A run of one materialisation, from its begin to its end, and who calls it:
 *		refresh(), rebuild() and run_due().
 *
 * Rules: doc/refresh.md.
 */

CREATE TABLE nudge.runs (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	materialisation text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('due', 'refresh', 'rebuild')),
	status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'ok', 'failed', 'cancelled', 'skipped', 'stopped', 'abandoned')),
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	batches bigint NOT NULL DEFAULT 0,
	keys bigint NOT NULL DEFAULT 0,
	rows_written bigint NOT NULL DEFAULT 0,
	rows_deleted bigint NOT NULL DEFAULT 0,
	quarantined bigint NOT NULL DEFAULT 0,
	data_as_of timestamptz,
	sqlstate text,
	error text,
	run_by name NOT NULL DEFAULT session_user,
	pid integer NOT NULL DEFAULT pg_backend_pid(),
	backend_start timestamptz
);
CREATE INDEX runs_materialisation ON nudge.runs (materialisation, run_id);
-- each run looks for those that were broken off
CREATE INDEX runs_running ON nudge.runs (pid) WHERE status = 'running';
SELECT pg_catalog.pg_extension_config_dump('nudge.runs', '');
SELECT pg_catalog.pg_extension_config_dump('nudge.runs_run_id_seq', '');
COMMENT ON SEQUENCE nudge.runs_run_id_seq IS 'Numbers of runs';
COMMENT ON TABLE nudge.runs IS 'Refreshes of materialisations, those at work included';
COMMENT ON COLUMN nudge.runs.run_id IS 'Number of the run; numbers may be left out';
COMMENT ON COLUMN nudge.runs.materialisation IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.runs.kind IS 'due: by run_due(); refresh or rebuild: by that procedure';
COMMENT ON COLUMN nudge.runs.status IS 'running, ok, failed, cancelled, skipped (another run was at work), stopped (its time was over), abandoned (its session is gone)';
COMMENT ON COLUMN nudge.runs.started_at IS 'When it began';
COMMENT ON COLUMN nudge.runs.ended_at IS 'When it ended; NULL while it runs';
COMMENT ON COLUMN nudge.runs.batches IS 'Transactions committed';
COMMENT ON COLUMN nudge.runs.keys IS 'Keys computed; NULL keys of a batch of everything are not counted';
COMMENT ON COLUMN nudge.runs.rows_written IS 'Rows inserted or updated';
COMMENT ON COLUMN nudge.runs.rows_deleted IS 'Rows deleted';
COMMENT ON COLUMN nudge.runs.quarantined IS 'Keys put into quarantine';
COMMENT ON COLUMN nudge.runs.data_as_of IS 'All that was committed before this instant is in the materialisation if the run ends well';
COMMENT ON COLUMN nudge.runs.sqlstate IS 'SQLSTATE of the error that ended it';
COMMENT ON COLUMN nudge.runs.error IS 'The error that ended it';
COMMENT ON COLUMN nudge.runs.run_by IS 'Who ran it';
COMMENT ON COLUMN nudge.runs.pid IS 'Process of its session';
COMMENT ON COLUMN nudge.runs.backend_start IS 'When this process started';

CREATE TABLE nudge.heartbeats (
	process text PRIMARY KEY,
	seen_at timestamptz,
	expected_every interval,
	scheduled_at timestamptz
);
SELECT pg_catalog.pg_extension_config_dump('nudge.heartbeats', '');
GRANT SELECT ON nudge.heartbeats TO PUBLIC;
COMMENT ON TABLE nudge.heartbeats IS 'When run_due() was called last: what says whether the scheduler is alive';
COMMENT ON COLUMN nudge.heartbeats.process IS 'run_due; prune: what deletes old runs, once a day';
COMMENT ON COLUMN nudge.heartbeats.seen_at IS 'When it was called last; NULL if it was not yet';
COMMENT ON COLUMN nudge.heartbeats.expected_every IS 'How often it is to be called; NULL if nothing is scheduled';
COMMENT ON COLUMN nudge.heartbeats.scheduled_at IS 'Since when it is expected so often';

-- Beginning and end -------------------------------------------------------

-- Whoever asks need not be allowed to look at the tables.
CREATE FUNCTION nudge.is_source_seen(source text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN EXISTS (SELECT FROM nudge.trackings t WHERE t.source = is_source_seen.source AND t.capture <> 'none')
		AND NOT EXISTS (SELECT FROM nudge.check_tracking(is_source_seen.source) c WHERE c.severity = 'error');
END
$$;
COMMENT ON FUNCTION nudge.is_source_seen(text) IS 'Works for the refresh: whether all changes of a source are captured, as far as check_tracking() can tell';

-- An upstream of which it is not known what changes.
CREATE FUNCTION nudge.is_upstream_tracked(upstream text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	RETURN CASE
		WHEN upstream LIKE 'nudge\_analytics.%' THEN EXISTS (SELECT FROM nudge.materialisations m WHERE nudge.mart_table(m.name) = upstream)
		WHEN EXISTS (SELECT FROM nudge.inputs i WHERE nudge.staging_name(i.input) = upstream) THEN NOT EXISTS (SELECT FROM nudge.sources s WHERE nudge.staging_name(s.input) = upstream AND NOT nudge.is_source_seen(s.source))
		ELSE false END;
COMMENT ON FUNCTION nudge.is_upstream_tracked(text) IS 'Works for the refresh: whether all changes of an upstream are captured';

CREATE FUNCTION nudge.untracked_upstream(name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT min(d.upstream COLLATE "C") FROM nudge.dependencies d WHERE d.materialisation = untracked_upstream.name AND NOT nudge.is_upstream_tracked(d.upstream);
END;
COMMENT ON FUNCTION nudge.untracked_upstream(text) IS 'Works for the refresh: an upstream of a materialisation whose changes are not captured, or not all of them; NULL if there is none';

-- A clock without keys is one of everything.
CREATE FUNCTION nudge.clock_statement(name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
	RETURN format(CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(nudge.clock_view(name)) AND a.attname = 'key')
			THEN 'SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(DISTINCT c.key), ''[]'') FROM %s c WHERE c.at > $2 AND c.at <= $3 AND c.key IS NOT NULL'
			ELSE 'SELECT 0::bigint, 0::bigint, CASE WHEN EXISTS (SELECT FROM %s c WHERE c.at > $2 AND c.at <= $3) THEN ''[null]''::jsonb ELSE ''[]'' END' END,
		nudge.clock_view(name));
COMMENT ON FUNCTION nudge.clock_statement(text) IS 'Works for the refresh: the statement that finds the keys whose time has come; a null is all of them';

-- Keys whose time has come since the last refresh.
CREATE FUNCTION nudge.tick(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.materialisations;
	found jsonb;
BEGIN
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = tick.name FOR UPDATE;
	IF m.has_clock AND (m.clock_at IS NULL OR m.clock_at < now()) THEN
		IF m.clock_at IS NOT NULL THEN
			PERFORM nudge.check_trust(nudge.clock_view(name));
			SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.clock_view(name)::regclass, nudge.clock_statement(name), NULL, m.clock_at, now()) r;
			INSERT INTO nudge.pending (materialisation, key, reason) SELECT tick.name, k, 'time' FROM jsonb_array_elements_text(found) k;
		END IF;
		UPDATE nudge.materialisations r SET clock_at = now() WHERE r.name = tick.name;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.tick(text) IS 'Works for the refresh: moves the instant that a materialisation is computed for to now, and writes down the keys that change by it';

CREATE FUNCTION nudge.sweep_runs() RETURNS bigint
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	WITH swept AS (
		UPDATE nudge.runs r SET status = 'abandoned', ended_at = clock_timestamp(), error = 'its session broke it off'
		-- a session has one at a time: one of this session that has not ended was broken off
		WHERE r.status = 'running' AND (r.pid = pg_catalog.pg_backend_pid()
			OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = r.pid AND a.backend_start = r.backend_start)) RETURNING 1
	)
	SELECT count(*) FROM swept;
END;
COMMENT ON FUNCTION nudge.sweep_runs() IS 'Works for the refresh: ends runs whose session is gone; tells how many';

CREATE FUNCTION nudge.begin_run(name text, kind text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run bigint;
BEGIN
	PERFORM nudge.sweep_runs();
	-- What it will be as of is known before it takes any change: what is
	-- committed later, here or in what it reads, may be missed.
	INSERT INTO nudge.runs (materialisation, kind, backend_start, data_as_of)
	SELECT begin_run.name, begin_run.kind, (SELECT a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()),
		CASE WHEN count(*) = count(u.data_as_of) THEN least(clock_timestamp(), min(u.data_as_of)) END
	FROM nudge.dependencies d JOIN nudge.materialisations u ON nudge.mart_table(u.name) = d.upstream WHERE d.materialisation = begin_run.name
	RETURNING run_id INTO run;
	RETURN run;
END
$$;
COMMENT ON FUNCTION nudge.begin_run(text, text) IS 'Works for the refresh: writes down that a run begins';

-- What is looked for is seen later than it is committed.  Called before the log is
-- read, so that all that was found until then is taken.
CREATE FUNCTION nudge.note_polls(name text, run bigint) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE nudge.runs r SET data_as_of = CASE WHEN p.all_seen THEN least(r.data_as_of, p.complete_to) END
	FROM (SELECT min(p.complete_to) AS complete_to, every(p.complete_to IS NOT NULL) AS all_seen
		FROM nudge.dependencies d JOIN nudge.sources s ON nudge.staging_name(s.input) = d.upstream JOIN nudge.polls p ON p.source = s.source WHERE d.materialisation = name) p
	WHERE r.run_id = run AND r.data_as_of IS NOT NULL AND p.all_seen IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.note_polls(text, bigint) IS 'Works for the refresh: a run is as of no later time than what was looked for in its sources';

CREATE FUNCTION nudge.mark_run(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	m nudge.materialisations;
	hash constant text := nudge.definition_hash(name);
	untracked text;
BEGIN
	PERFORM nudge.check_read_committed();
	-- a table that is gone is not fresh because nothing has changed
	PERFORM nudge.check_mart(name);
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = mark_run.name;
	untracked := nudge.untracked_upstream(name);
	IF m.definition_hash IS DISTINCT FROM hash THEN
		UPDATE nudge.materialisations r SET definition_hash = hash WHERE r.name = mark_run.name;
		PERFORM nudge.mark_everything(name, 'definition');
	ELSIF untracked IS NOT NULL THEN
		PERFORM nudge.mark_everything(name, untracked || ' is not tracked');
	END IF;
	PERFORM nudge.tick(name);
END
$$;
COMMENT ON FUNCTION nudge.mark_run(text) IS 'Works for the refresh: writes down what must be computed whatever has changed';

CREATE FUNCTION nudge.next_slot(cadence interval, after timestamptz) RETURNS timestamptz
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN date_bin(cadence, after, timestamptz '2000-01-01 00:00:00Z') + cadence;
COMMENT ON FUNCTION nudge.next_slot(interval, timestamptz) IS 'The next time at which something of a cadence is due: whole cadences since 2000-01-01 UTC';

CREATE FUNCTION nudge.end_run(name text, run bigint, status text, sqlstate text, error text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of timestamptz;
BEGIN
	UPDATE nudge.runs r SET status = end_run.status, ended_at = clock_timestamp(), sqlstate = end_run.sqlstate, error = end_run.error WHERE r.run_id = run RETURNING r.data_as_of INTO as_of;
	IF status = 'ok' THEN
		UPDATE nudge.materialisations m SET last_success_at = clock_timestamp(), consecutive_failures = 0, last_error = NULL, next_attempt_at = NULL, next_due_at = nudge.next_slot(m.cadence, now()),
			data_as_of = greatest(m.data_as_of, as_of)
		WHERE m.name = end_run.name;
	ELSIF status IN ('failed', 'cancelled') THEN
		-- later and later, but not all at the same time
		UPDATE nudge.materialisations m SET consecutive_failures = m.consecutive_failures + 1, last_error = end_run.error,
			next_attempt_at = clock_timestamp() + least(m.cadence, interval '30 seconds' * 2 ^ least(m.consecutive_failures, 20)) * (0.9 + 0.2 * random())
		WHERE m.name = end_run.name;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.end_run(text, bigint, text, text, text) IS 'Works for the refresh: writes down how a run has ended, and when the next may begin. Not STRICT: a run that ends well has no error';

-- What an error means: is the key to blame, or would any other do the same?
CREATE FUNCTION nudge.is_error_of_key(sqlstate text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN left(sqlstate, 2) IN ('21', '22', '23', '54', 'P0', 'XX') AND sqlstate NOT IN ('54001');
COMMENT ON FUNCTION nudge.is_error_of_key(text) IS 'Works for the refresh: whether an error comes from the rows of a key, so that others may go on';

CREATE FUNCTION nudge.outcome_of(sqlstate text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE sqlstate WHEN '57014' THEN 'cancelled' ELSE 'failed' END;
COMMENT ON FUNCTION nudge.outcome_of(text) IS 'Works for the refresh: how a run ends by an error';

-- The run -----------------------------------------------------------------

-- The procedures below neither SET anything nor are SECURITY DEFINER: with
-- either they could not commit.  Each transaction of theirs begins with these
-- two lines.
CREATE FUNCTION nudge.pin_search_path() RETURNS void
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('quote_all_identifiers', 'off', true), pg_catalog.set_config('standard_conforming_strings', 'on', true);
END;
COMMENT ON FUNCTION nudge.pin_search_path() IS 'Works for the refresh: names and strings mean what they say until the transaction ends. Not STRICT: it has no arguments';

-- What is done about a batch that does not work.
CREATE FUNCTION nudge.after_error(everything boolean, keys text[], sqlstate text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	-- which key is to blame is found among keys; what is left of one alone is a run with too many such keys
	RETURN CASE WHEN NOT nudge.is_error_of_key(sqlstate) THEN nudge.outcome_of(sqlstate) WHEN everything THEN 'enumerate' WHEN cardinality(keys) > 1 THEN 'halve' ELSE 'failed' END;
COMMENT ON FUNCTION nudge.after_error(boolean, text[], text) IS 'Works for the refresh: what is done after an error: cancelled and failed end the run';

-- Each turn of the loop is a transaction.  All that may fail is done in its
-- block, so that the run ends as failed and others go on.
CREATE PROCEDURE nudge.run_refresh(name text, kind text, poll boolean, deadline timestamptz, batch integer, pause interval, INOUT outcome text)
	LANGUAGE plpgsql
AS $$
DECLARE
	run bigint;
	full_size integer;
	size integer;
	turn integer := 0;
	after pg_catalog.text;
	phase pg_catalog.text := CASE WHEN poll THEN 'poll' ELSE 'fan out' END;
	next record;
	done pg_catalog.text;
	problem pg_catalog.text;
	problem_state pg_catalog.text;
BEGIN
	-- where sessions begin in another one, it is set before anything is read, be it to evaluate a condition
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.pin_search_path();
	run := nudge.begin_run(name, kind);
	full_size := coalesce(batch, (SELECT m.batch_keys FROM nudge.materialisations m WHERE m.name = run_refresh.name));
	size := full_size;
	outcome := NULL;
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	LOOP
		PERFORM nudge.pin_search_path();
		problem_state := NULL;
		turn := turn + 1;
		next := nudge.next_keys(name, after, size);
		BEGIN
			PERFORM set_config('lock_timeout', '5s', true), set_config('application_name', left(format('nudge %s %s, %s %s', kind, name, phase, turn), 63), true);
			-- what has nothing left to do ends well, however late it is
			IF clock_timestamp() >= deadline AND (phase <> 'compute' OR next.everything OR next.keys <> '{}') THEN
				outcome := 'stopped';
			ELSIF phase = 'poll' THEN
				PERFORM nudge.poll_sources();
				phase := 'fan out';
			ELSIF phase = 'fan out' THEN
				PERFORM nudge.note_polls(name, run);
				phase := CASE WHEN nudge.fan_out(100000) < 100000 THEN 'mark' ELSE phase END;
			ELSIF phase = 'mark' THEN
				PERFORM nudge.mark_run(name);
				phase := 'compute';
			ELSIF phase = 'pause' THEN
				PERFORM pg_sleep(extract(epoch FROM pause));
				phase := 'compute';
			ELSIF phase = 'enumerate' OR next.everything AND kind = 'rebuild' AND batch IS NOT NULL THEN
				outcome := CASE WHEN nudge.enumerate_keys(name) IS NULL THEN 'skipped' END;
				after := NULL;
				phase := 'compute';
			ELSIF next.everything OR next.keys <> '{}' THEN
				done := nudge.refresh_batch(name, run, CASE WHEN NOT next.everything THEN next.keys END);
				IF done = 'busy' THEN
					outcome := 'skipped';
				ELSIF NOT next.everything THEN
					after := next.keys[cardinality(next.keys)];
					size := CASE done WHEN 'put aside' THEN 1 ELSE least(size * 2, full_size) END;
				END IF;
				phase := CASE WHEN pause > '0' THEN 'pause' ELSE phase END;
			ELSE
				outcome := 'ok';
			END IF;
		EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
			GET STACKED DIAGNOSTICS problem_state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT;
		END;
		IF problem_state IS NOT NULL THEN
			outcome := nudge.after_error(next.everything, next.keys, problem_state);
			IF phase <> 'compute' AND outcome <> 'cancelled' THEN
				outcome := 'failed';
			ELSIF outcome = 'enumerate' THEN
				phase := outcome;
				outcome := NULL;
			ELSIF outcome = 'halve' THEN
				size := cardinality(next.keys) / 2;
				outcome := NULL;
			END IF;
		END IF;
		IF outcome IS NOT NULL THEN
			PERFORM nudge.end_run(name, run, outcome, problem_state, CASE outcome WHEN 'skipped' THEN 'another session is refreshing it' WHEN 'stopped' THEN 'its time was over' WHEN 'ok' THEN NULL ELSE problem END);
			outcome := CASE WHEN outcome IN ('failed', 'cancelled') THEN outcome || ': ' || problem ELSE outcome END;
		END IF;
		COMMIT;
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		EXIT WHEN outcome IS NOT NULL;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE nudge.run_refresh(text, text, boolean, timestamptz, integer, interval, text) IS 'Works for refresh, rebuild and run_due: one run of one materialisation';

-- Materialisations in an order in which none comes before what it reads.
CREATE FUNCTION nudge.refresh_order() RETURNS TABLE (name text, depth integer)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
	WITH RECURSIVE below(name, depth) AS (
		SELECT m.name, 0 FROM nudge.materialisations m
		UNION
		SELECT d.materialisation, b.depth + 1 FROM below b JOIN nudge.dependencies d ON d.upstream = nudge.mart_table(b.name)
	)
	SELECT b.name, max(b.depth) FROM below b GROUP BY b.name ORDER BY max(b.depth), b.name COLLATE "C";
END;
COMMENT ON FUNCTION nudge.refresh_order() IS 'The materialisations, each after all that it depends on; depth is how many refreshes lie before it. Not STRICT: it has no arguments';

-- A materialisation with all that it depends on, these first.
CREATE FUNCTION nudge.with_upstreams(name text) RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE above(name) AS (
		SELECT with_upstreams.name
		UNION
		SELECT m.name FROM above a JOIN nudge.dependencies d ON d.materialisation = a.name JOIN nudge.materialisations m ON nudge.mart_table(m.name) = d.upstream
	)
	SELECT array_agg(o.name ORDER BY o.depth, o.name COLLATE "C") FROM nudge.refresh_order() o JOIN above a ON a.name = o.name;
END;
COMMENT ON FUNCTION nudge.with_upstreams(text) IS 'A materialisation and those that it depends on, in the order of their refresh';

-- What is said after all that was done has been committed.
CREATE FUNCTION nudge.report_outcome(name text, outcome text, is_one_of_many boolean DEFAULT false) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF outcome = 'skipped' THEN
		RAISE WARNING 'materialisation "%" is not refreshed', name USING DETAIL = 'Another session is refreshing it.';
	ELSIF outcome ~ '^cancelled: ' THEN
		RAISE EXCEPTION 'the refresh of materialisation "%" is cancelled', name USING ERRCODE = 'query_canceled',
			DETAIL = substr(outcome, 12) || '.',
			HINT = 'What was committed stays, and the next refresh goes on.';
	ELSIF outcome ~ '^failed: ' AND is_one_of_many THEN
		RAISE WARNING 'the refresh of materialisation "%" failed', name USING DETAIL = substr(outcome, 9) || '.';
	ELSIF outcome ~ '^failed: ' THEN
		RAISE EXCEPTION 'the refresh of materialisation "%" failed', name USING ERRCODE = 'external_routine_exception',
			DETAIL = substr(outcome, 9) || '.',
			HINT = 'What was committed stays. See nudge.run_history.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.report_outcome(text, text, boolean) IS 'Works for refresh, rebuild and run_due: raises what has gone wrong';

CREATE FUNCTION nudge.heartbeat(process text) RETURNS void
	LANGUAGE sql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO nudge.heartbeats (process, seen_at) VALUES (heartbeat.process, clock_timestamp())
	ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at;
END;
COMMENT ON FUNCTION nudge.heartbeat(text) IS 'Works for run_due: writes down that it is alive';

CREATE FUNCTION nudge.due_materialisations() RETURNS text[]
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(o.name ORDER BY o.depth, o.name COLLATE "C"), '{}')
	FROM nudge.refresh_order() o JOIN nudge.materialisations m ON m.name = o.name
	WHERE m.enabled AND m.next_due_at <= clock_timestamp() AND coalesce(m.next_attempt_at <= clock_timestamp(), true);
END;
COMMENT ON FUNCTION nudge.due_materialisations() IS 'The materialisations that run_due() would refresh now, in its order. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.prune_runs(keep interval DEFAULT '90 days') RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pruned bigint;
BEGIN
	-- freshness reads the last run of each, however old it is
	DELETE FROM nudge.runs r WHERE r.ended_at < now() - keep AND EXISTS (SELECT FROM nudge.runs l WHERE l.materialisation = r.materialisation AND l.run_id > r.run_id);
	GET DIAGNOSTICS pruned = ROW_COUNT;
	RETURN pruned;
END
$$;
COMMENT ON FUNCTION nudge.prune_runs(interval) IS 'Deletes runs that ended longer ago, but for the last of each materialisation; tells how many';

CREATE FUNCTION nudge.check_rebuild(name text, batch_keys integer) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	IF batch_keys NOT BETWEEN 1 AND 1000000 THEN
		RAISE EXCEPTION 'batch_keys must be between 1 and 1000000' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', batch_keys),
			HINT = 'Leave it out to rebuild in one transaction.';
	END IF;
	PERFORM nudge.mark_everything(name, 'rebuild');
END
$$;
COMMENT ON FUNCTION nudge.check_rebuild(text, integer) IS 'Works for rebuild: lets all keys of a materialisation be computed anew. Not STRICT: without batch_keys it is one transaction';

CREATE FUNCTION nudge.retry_quarantined(name text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	marked bigint;
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	INSERT INTO nudge.pending (materialisation, key, reason) SELECT q.materialisation, q.key, 'quarantined'
	FROM nudge.quarantine q WHERE retry_quarantined.name IS NULL OR q.materialisation = retry_quarantined.name;
	GET DIAGNOSTICS marked = ROW_COUNT;
	RETURN marked;
END
$$;
COMMENT ON FUNCTION nudge.retry_quarantined(text) IS 'Lets the next refresh try the keys in quarantine again, of one materialisation or of all; tells how many. Not STRICT: NULL is all';

-- Rules and links of the lists of entities look at rows, which change.
CREATE FUNCTION nudge.has_entity_rules() RETURNS boolean
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN EXISTS (SELECT FROM nudge.exclusion_rules r) OR EXISTS (SELECT FROM nudge.exclusions x) OR EXISTS (SELECT FROM nudge.sources s WHERE s.input = 'customer_merges');
COMMENT ON FUNCTION nudge.has_entity_rules() IS 'Works for the refresh: whether the lists of entities may have to follow what sources say. Not STRICT: it has no arguments';

-- Rules and inputs are read with the rights of a role to whom these inputs
-- belong, whoever refreshes; of several, all must have its rights.
CREATE FUNCTION nudge.follow_entities() RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s'
AS $$
DECLARE
	reader record;
	other record;
BEGIN
	IF nudge.has_entity_rules() THEN
		SELECT c.oid::regclass AS id, c.relowner AS owner INTO reader FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
		WHERE n.nspname = 'nudge_staging' AND c.relkind = 'v' AND c.relname IN (SELECT s.input FROM nudge.sources s) ORDER BY r.rolsuper, c.relname COLLATE "C" LIMIT 1;
		SELECT c.relname, pg_get_userbyid(c.relowner) AS owner INTO other FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'nudge_staging' AND c.relkind = 'v' AND (c.relname IN (SELECT s.input FROM nudge.sources s) OR c.relname IN (SELECT (s.input || '__' || s.source)::name FROM nudge.sources s))
			AND NOT pg_has_role(c.relowner, reader.owner, 'USAGE') ORDER BY c.relname COLLATE "C" LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'view % may not be read with the rights of role "%"', nudge.staging_name(other.relname), pg_get_userbyid(reader.owner) USING ERRCODE = 'insufficient_privilege';
		END IF;
		PERFORM FROM nudge.run_as_owner(reader.id, 'SELECT sum(e.added)::bigint, sum(e.removed)::bigint, NULL::jsonb FROM nudge.refresh_entities() e', NULL, NULL, NULL) r WHERE reader.id IS NOT NULL;
	END IF;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'the lists of entities are not brought up to date' USING DETAIL = SQLERRM || '.',
		HINT = 'See refresh_entities(). The owner of the inputs needs its rights, or somebody else calls it.';
END
$$;
COMMENT ON FUNCTION nudge.follow_entities() IS 'Works for refresh and run_due: brings the lists of entities up to date, with the rights of the owner of the inputs. Not STRICT: it has no arguments';

CREATE PROCEDURE nudge.refresh(name text, upstreams boolean DEFAULT true)
	LANGUAGE plpgsql
AS $$
DECLARE
	one pg_catalog.text;
	first boolean := true;
	outcome pg_catalog.text;
BEGIN
	CALL nudge.check_may_commit();
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	PERFORM nudge.follow_entities();
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	FOREACH one IN ARRAY CASE WHEN upstreams THEN nudge.with_upstreams(name) ELSE ARRAY[name] END LOOP
		CALL nudge.run_refresh(one, 'refresh', first, 'infinity', NULL, NULL, outcome);
		first := false;
		PERFORM nudge.report_outcome(one, outcome);
		COMMIT;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE nudge.refresh(text, boolean) IS 'Refreshes a materialisation and, unless told otherwise, those that it depends on: computes the keys that have changed, in batches that are committed one by one';

CREATE PROCEDURE nudge.rebuild(name text, batch_keys integer DEFAULT NULL, pause interval DEFAULT NULL)
	LANGUAGE plpgsql
AS $$
DECLARE
	outcome pg_catalog.text;
BEGIN
	CALL nudge.check_may_commit();
	PERFORM nudge.check_rebuild(name, batch_keys);
	COMMIT;
	CALL nudge.run_refresh(name, 'rebuild', true, 'infinity', batch_keys, pause, outcome);
	PERFORM nudge.report_outcome(name, outcome);
END
$$;
COMMENT ON PROCEDURE nudge.rebuild(text, integer, interval) IS 'Computes all rows of a materialisation anew and writes those that differ: in one transaction, or in batches of so many keys with a pause after each; what is not done when it stops, the next refresh does';

CREATE PROCEDURE nudge.run_due(budget interval DEFAULT NULL)
	LANGUAGE plpgsql
AS $$
DECLARE
	deadline pg_catalog.timestamptz;
	due pg_catalog.text[];
	one pg_catalog.text;
	first boolean := true;
	outcome pg_catalog.text;
BEGIN
	CALL nudge.check_may_commit();
	-- a standby does nothing, and its scheduler need not know
	IF pg_catalog.pg_is_in_recovery() THEN
		RETURN;
	END IF;
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.pin_search_path();
	PERFORM nudge.check_adopted();
	deadline := CASE WHEN budget IS NULL THEN 'infinity' ELSE clock_timestamp() + budget END;
	PERFORM nudge.heartbeat('run_due'), nudge.prune_daily();
	due := nudge.due_materialisations();
	COMMIT;
	IF due OPERATOR(pg_catalog.<>) '{}' THEN
		COMMIT;
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		PERFORM nudge.follow_entities();
		COMMIT;
	END IF;
	FOREACH one IN ARRAY due LOOP
		CALL nudge.run_refresh(one, 'due', first, deadline, NULL, NULL, outcome);
		first := false;
		PERFORM nudge.report_outcome(one, outcome, true);
		EXIT WHEN outcome OPERATOR(pg_catalog.=) 'stopped';
		COMMIT;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE nudge.run_due(interval) IS 'Refreshes the materialisations whose time has come, each after those that it reads; begins none after its budget is over. What the scheduler calls';

-- Who may -----------------------------------------------------------------

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace AND p.proname OPERATOR(pg_catalog.=) ANY ('{run_as_owner,compute_as_owner,poll_sources,note_triggers,fan_out,mark_everything,next_keys,take_pending,refresh_batch,compute_batch,quarantine_key,enumerate_keys,begin_run,note_polls,mark_run,end_run,
			heartbeat,prune_runs,check_rebuild,retry_quarantined,follow_entities,run_refresh,refresh,rebuild,run_due,add_materialisation,drop_materialisation,enable_materialisation,note_mapping,track_appends,track_lookback}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	-- whose the extension is need not be whose this function is
	EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION nudge.run_as_owner(pg_catalog.regclass, text, text[], timestamptz, timestamptz), nudge.compute_as_owner(pg_catalog.regclass, text, text[]) FROM %s', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.materialisations, nudge.dependencies, nudge.pending, nudge.quarantine, nudge.runs, nudge.heartbeats, nudge.polls TO %s WITH GRANT OPTION', owner);
END
$$;
