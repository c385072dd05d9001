/*
 * freshness.sql
 *		How fresh materialisations are, what has been done and what would be, and
 *		whether their rows are what their queries say.
 *
 * Rules: doc/freshness.md.
 */

-- What is waiting ---------------------------------------------------------

-- The log is read by whoever asks, but not its keys.
CREATE FUNCTION nudge.waiting() RETURNS TABLE (materialisation text, pending_keys bigint, everything boolean, log_rows bigint, oldest_at timestamptz, quarantined bigint)
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 30 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH logged AS (
		SELECT CASE WHEN l.source LIKE '%.%' THEN l.source ELSE nudge.staging_name((SELECT s.input FROM nudge.sources s WHERE s.source = l.source)) END AS upstream,
			l.source, l.key_column, l.n, l.at
		FROM (SELECT c.source, c.key_column, count(*) AS n, min(c.at) AS at FROM nudge.change_log c GROUP BY c.source, c.key_column) l
	), unread AS (
		SELECT o.materialisation, sum(o.n) AS n, min(o.at) AS at
		-- once, by however many columns of an upstream
		FROM (SELECT DISTINCT d.materialisation, l.source, l.key_column, l.n, l.at
			FROM nudge.dependencies d JOIN logged l ON l.upstream = d.upstream AND (l.key_column IS NULL OR d.key_column IS NULL OR l.key_column = d.key_column
				-- a change of which this column is not written down may be of any key
				OR l.source NOT LIKE '%.%' AND NOT nudge.is_key_written(l.source, d))) o
		GROUP BY o.materialisation
	), pending AS (
		SELECT p.materialisation, count(DISTINCT p.key) AS n, bool_or(p.key IS NULL) AS everything, min(p.at) AS at FROM nudge.pending p GROUP BY p.materialisation
	)
	SELECT m.name, coalesce(p.n, 0), coalesce(p.everything, false), coalesce(u.n, 0)::bigint, least(p.at, u.at),
		(SELECT count(*) FROM nudge.quarantine q WHERE q.materialisation = m.name)
	FROM nudge.materialisations m LEFT JOIN pending p ON p.materialisation = m.name LEFT JOIN unread u ON u.materialisation = m.name
	ORDER BY m.name COLLATE "C";
END;
COMMENT ON FUNCTION nudge.waiting() IS 'How much is to be computed for each materialisation: keys that are pending, and rows of the log that are not yet led to keys. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.last_runs() RETURNS TABLE (materialisation text, run_id bigint, kind text, status text, started_at timestamptz, ended_at timestamptz, batches bigint, keys bigint,
		rows_written bigint, rows_deleted bigint, quarantined bigint, sqlstate text, error text, run_by name, is_running boolean)
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT r.materialisation, r.run_id, r.kind, r.status, r.started_at, r.ended_at, r.batches, r.keys, r.rows_written, r.rows_deleted, r.quarantined, r.sqlstate, r.error, r.run_by,
		r.status = 'running' AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = r.pid AND a.backend_start = r.backend_start)
	FROM nudge.runs r;
END;
COMMENT ON FUNCTION nudge.last_runs() IS 'Works for the views: the runs, and whether the session of one that has not ended is still there. Not STRICT: it has no arguments';

-- What people look at -----------------------------------------------------

CREATE VIEW nudge.lag AS
	SELECT w.materialisation AS name, w.pending_keys, w.everything AS everything_pending, w.log_rows, w.oldest_at AS oldest_unprocessed_at,
		extract(epoch FROM clock_timestamp() - w.oldest_at)::numeric AS lag_seconds
	FROM nudge.waiting() w;
COMMENT ON VIEW nudge.lag IS 'What waits to be computed for each materialisation';
COMMENT ON COLUMN nudge.lag.name IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.lag.pending_keys IS 'Keys that are to be computed anew';
COMMENT ON COLUMN nudge.lag.everything_pending IS 'Whether all keys are to be computed anew';
COMMENT ON COLUMN nudge.lag.log_rows IS 'Rows of nudge.change_log that concern it and are not yet led to keys';
COMMENT ON COLUMN nudge.lag.oldest_unprocessed_at IS 'When the oldest change was made that is not in it; NULL if all are';
COMMENT ON COLUMN nudge.lag.lag_seconds IS 'Seconds since then';

CREATE VIEW nudge.run_history AS
	SELECT r.run_id, r.materialisation AS name, r.kind, CASE WHEN r.status = 'running' AND NOT r.is_running THEN 'abandoned' ELSE r.status END AS status, r.started_at, r.ended_at,
		extract(epoch FROM coalesce(r.ended_at, CASE WHEN r.is_running THEN clock_timestamp() END) - r.started_at)::numeric AS duration_seconds,
		r.batches, r.keys, r.rows_written, r.rows_deleted, r.quarantined, r.sqlstate, r.error, r.run_by::text AS run_by
	FROM nudge.last_runs() r ORDER BY r.run_id DESC;
COMMENT ON VIEW nudge.run_history IS 'Refreshes, the newest first, those at work included';
COMMENT ON COLUMN nudge.run_history.run_id IS 'Number of the run; numbers may be left out';
COMMENT ON COLUMN nudge.run_history.name IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.run_history.kind IS 'due: by run_due(); refresh or rebuild: by that procedure';
COMMENT ON COLUMN nudge.run_history.status IS 'running, ok, failed, cancelled, skipped (another run was at work), stopped (its time was over), abandoned (its session is gone)';
COMMENT ON COLUMN nudge.run_history.started_at IS 'When it began';
COMMENT ON COLUMN nudge.run_history.ended_at IS 'When it ended; NULL while it runs';
COMMENT ON COLUMN nudge.run_history.duration_seconds IS 'Seconds that it took, or takes so far';
COMMENT ON COLUMN nudge.run_history.batches IS 'Transactions committed';
COMMENT ON COLUMN nudge.run_history.keys IS 'Keys computed one by one; a batch of everything counts none';
COMMENT ON COLUMN nudge.run_history.rows_written IS 'Rows inserted or updated';
COMMENT ON COLUMN nudge.run_history.rows_deleted IS 'Rows deleted';
COMMENT ON COLUMN nudge.run_history.quarantined IS 'Keys put into quarantine';
COMMENT ON COLUMN nudge.run_history.sqlstate IS 'SQLSTATE of the error that ended it';
COMMENT ON COLUMN nudge.run_history.error IS 'The error that ended it';
COMMENT ON COLUMN nudge.run_history.run_by IS 'Who ran it';

CREATE VIEW nudge.freshness AS
	SELECT m.name, m.layer,
		CASE WHEN NOT nudge.is_adopted() THEN 'not adopted'
			WHEN nudge.is_broken(m.name) THEN 'broken'
			WHEN NOT m.enabled THEN 'disabled'
			WHEN m.last_success_at IS NULL AND m.consecutive_failures = 0 THEN 'never'
			WHEN m.consecutive_failures > 0 THEN 'failed'
			WHEN m.definition_hash <> nudge.definition_hash(m.name) THEN 'stale definition'
			WHEN m.next_due_at + m.cadence < clock_timestamp() OR w.oldest_at + 2 * m.cadence < clock_timestamp() THEN 'late'
			WHEN w.quarantined > 0 THEN 'quarantined'
			ELSE 'fresh' END AS status,
		m.cadence, m.last_success_at, m.data_as_of, w.oldest_at AS oldest_unprocessed_at, w.pending_keys, w.everything AS everything_pending, w.quarantined, m.next_due_at,
		CASE WHEN m.enabled AND m.next_due_at < clock_timestamp() THEN extract(epoch FROM clock_timestamp() - m.next_due_at)::numeric END AS overdue_seconds,
		m.next_attempt_at, m.consecutive_failures, m.last_error,
		(SELECT h.seen_at FROM nudge.heartbeats h WHERE h.process = 'run_due') AS scheduler_seen_at
	FROM nudge.materialisations m JOIN nudge.waiting() w ON w.materialisation = m.name
	ORDER BY m.name COLLATE "C";
COMMENT ON VIEW nudge.freshness IS 'How fresh each materialisation is, and why it is not';
COMMENT ON COLUMN nudge.freshness.name IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.freshness.layer IS 'staging, mart, metric or headline';
COMMENT ON COLUMN nudge.freshness.status IS 'fresh, or the first that is true of: not adopted (the database is a copy), broken (its table or query is gone), disabled, never (not refreshed yet), failed, stale definition, late (a whole cadence over its time, or changes older than two are not in it), quarantined';
COMMENT ON COLUMN nudge.freshness.cadence IS 'How often it is refreshed';
COMMENT ON COLUMN nudge.freshness.last_success_at IS 'When a refresh ended well';
COMMENT ON COLUMN nudge.freshness.data_as_of IS 'All that was committed before this instant is in it, but for keys in quarantine, and for changes of rows that are older than the lookback of track_lookback()';
COMMENT ON COLUMN nudge.freshness.oldest_unprocessed_at IS 'When the oldest change was made that is not in it; NULL if all are';
COMMENT ON COLUMN nudge.freshness.pending_keys IS 'Keys that are to be computed anew';
COMMENT ON COLUMN nudge.freshness.everything_pending IS 'Whether all keys are to be computed anew';
COMMENT ON COLUMN nudge.freshness.quarantined IS 'Keys that could not be computed';
COMMENT ON COLUMN nudge.freshness.next_due_at IS 'When it is to be refreshed next';
COMMENT ON COLUMN nudge.freshness.overdue_seconds IS 'Seconds since then; NULL if its time has not come';
COMMENT ON COLUMN nudge.freshness.next_attempt_at IS 'Not before this instant, after a failure';
COMMENT ON COLUMN nudge.freshness.consecutive_failures IS 'Refreshes that have failed since the last that went well';
COMMENT ON COLUMN nudge.freshness.last_error IS 'Why the last refresh failed';
COMMENT ON COLUMN nudge.freshness.scheduler_seen_at IS 'When run_due() was called last';
GRANT SELECT ON nudge.lag, nudge.run_history, nudge.freshness TO PUBLIC;

-- One row for monitoring --------------------------------------------------

CREATE FUNCTION nudge.healthcheck(OUT status text, OUT message text, OUT materialisations bigint, OUT fresh bigint, OUT late bigint, OUT failed bigint, OUT quarantined_keys bigint,
		OUT late_sources bigint, OUT untracked_sources bigint, OUT oldest_unprocessed_at timestamptz, OUT scheduler_seen_at timestamptz, OUT scheduler_alive boolean)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	heartbeat nudge.heartbeats;
	names text;
BEGIN
	SELECT count(*), count(*) FILTER (WHERE f.status IN ('fresh', 'quarantined')), count(*) FILTER (WHERE f.status IN ('late', 'never', 'stale definition')),
		count(*) FILTER (WHERE f.status IN ('failed', 'broken', 'not adopted')), coalesce(sum(f.quarantined), 0), min(f.oldest_unprocessed_at),
		string_agg(f.name || ': ' || f.status, ', ' ORDER BY f.name COLLATE "C") FILTER (WHERE f.status NOT IN ('fresh', 'disabled', 'not adopted'))
	INTO materialisations, fresh, late, failed, quarantined_keys, oldest_unprocessed_at, names FROM nudge.freshness f;
	SELECT count(*) FILTER (WHERE s.late) INTO late_sources FROM nudge.source_freshness() s;
	SELECT count(*) INTO untracked_sources FROM nudge.sources s
	WHERE NOT nudge.is_source_seen(s.source) AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source AND t.capture = 'none');
	SELECT h.* INTO heartbeat FROM nudge.heartbeats h WHERE h.process = 'run_due';
	scheduler_seen_at := heartbeat.seen_at;
	-- three ticks without a sign of life
	scheduler_alive := greatest(heartbeat.seen_at, heartbeat.scheduled_at) > clock_timestamp() - 3 * heartbeat.expected_every;
	status := CASE WHEN failed > 0 OR scheduler_alive IS FALSE OR NOT nudge.is_adopted() THEN 'critical' WHEN late > 0 OR quarantined_keys > 0 OR late_sources > 0 THEN 'warning' ELSE 'ok' END;
	message := concat_ws('; ', CASE WHEN NOT nudge.is_adopted() THEN 'this database is a copy that is not adopted' END, CASE WHEN scheduler_alive IS FALSE THEN 'the scheduler is silent' END, names,
		CASE WHEN late_sources > 0 THEN 'late sources: ' || late_sources END);
END
$$;
COMMENT ON FUNCTION nudge.healthcheck() IS 'One row for monitoring: ok, warning or critical, why, and the counts behind it. Not STRICT: it has no arguments';

-- Is it right? ------------------------------------------------------------

-- Both ways, each row as often as it is there, all of one snapshot; with the
-- rights of the owner of the query, since it may call functions of his.
CREATE FUNCTION nudge.verify(name text) RETURNS TABLE (difference text, key text, row_data jsonb)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	m nudge.materialisations;
	columns text;
	found jsonb;
BEGIN
	PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	PERFORM nudge.check_mart(name);
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = verify.name;
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute a WHERE a.attrelid = nudge.definition_view(name)::regclass AND a.attnum > 0;
	PERFORM set_config('nudge.as_of', coalesce(m.clock_at::text, ''), true);
	SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.definition_view(name)::regclass, format($query$
		WITH fresh AS (SELECT %2$s FROM %3$s AS f WHERE f.%1$I IS NOT NULL AND f.%1$I::text <> ALL ($1)),
		stored AS (SELECT %2$s FROM %4$s AS s WHERE s.%1$I::text <> ALL ($1)),
		differences AS (
			SELECT 'missing' AS difference, to_jsonb(a.*) AS row_data FROM (SELECT * FROM fresh EXCEPT ALL SELECT * FROM stored) a
			UNION ALL
			SELECT 'surplus', to_jsonb(b.*) FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM fresh) b
			LIMIT 100000
		)
		SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(to_jsonb(d.*)), '[]') FROM differences d
		$query$, m.key_column, columns, nudge.definition_view(name), nudge.mart_table(name)),
		ARRAY(SELECT q.key FROM nudge.quarantine q WHERE q.materialisation = verify.name), NULL, NULL) r;
	PERFORM set_config('nudge.as_of', '', true);
	RETURN QUERY SELECT d.difference, d.row_data ->> m.key_column, d.row_data FROM jsonb_to_recordset(found) d(difference text, row_data jsonb)
		ORDER BY d.row_data ->> m.key_column COLLATE "C", d.difference COLLATE "C", d.row_data;
END
$$;
COMMENT ON FUNCTION nudge.verify(text) IS
	'Rows in which a materialisation differs from its query, 100000 at most: missing, or surplus (a row that differs is both). Keys in quarantine are left out. None after a refresh without concurrent changes. Not STRICT: a NULL name is an error';

-- Its rows are for whoever may see all of them.
REVOKE EXECUTE ON FUNCTION nudge.verify(text) FROM PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.verify(text) TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- What would happen -------------------------------------------------------

CREATE FUNCTION nudge.explain_refresh(name text DEFAULT NULL) RETURNS TABLE (place bigint, materialisation text, due boolean, pending_keys bigint, everything boolean, upstream text, changes_known text, advice text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	RETURN QUERY
		SELECT row_number() OVER (ORDER BY o.depth, o.name COLLATE "C", d.upstream COLLATE "C", d.key_column COLLATE "C"), o.name, o.name = ANY (nudge.due_materialisations()), w.pending_keys + w.log_rows,
			w.everything OR m.definition_hash IS NULL OR m.definition_hash <> nudge.definition_hash(m.name) OR k.known = 'not at all', d.upstream, k.known,
			CASE k.known
				WHEN 'not at all' THEN 'Each refresh computes everything. ' || CASE WHEN NOT starts_with(d.upstream, 'nudge_staging.') THEN 'Map it as a source and track it.'
					ELSE coalesce((SELECT format('Call track_source() for: %s.', string_agg(s.source, ', ' ORDER BY s.source COLLATE "C")) FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
						WHERE nudge.staging_name(s.input) = d.upstream AND (t.source IS NULL OR t.capture = 'none') HAVING count(*) > 0), 'See check_tracking().') END
				WHEN 'all at once' THEN 'Each change computes everything. ' || CASE WHEN d.key_column IS NULL THEN 'Give a map for it in key_maps.'
					WHEN k.without IS NOT NULL THEN format('Let track_source() write down the key "%s" for: %s.', d.key_column, k.without)
					ELSE 'Its map reads what has changed, so that keys which a row has left are not found: name the column that has the key.' END END
		FROM nudge.refresh_order() o
		JOIN nudge.materialisations m ON m.name = o.name
		JOIN nudge.waiting() w ON w.materialisation = o.name
		LEFT JOIN nudge.dependencies d ON d.materialisation = o.name
		CROSS JOIN LATERAL (SELECT string_agg(s.source, ', ' ORDER BY s.source COLLATE "C") AS without FROM nudge.sources s JOIN nudge.trackings t ON t.source = s.source
			WHERE nudge.staging_name(s.input) = d.upstream AND d.key_column IS NOT NULL AND NOT nudge.is_key_written(s.source, d)) n
		CROSS JOIN LATERAL (SELECT n.without, CASE WHEN d.upstream IS NULL THEN NULL WHEN NOT nudge.is_upstream_tracked(d.upstream) THEN 'not at all' WHEN d.key_column IS NULL OR n.without IS NOT NULL OR d.has_map AND NOT nudge.is_map_certain(d.materialisation, d.upstream) THEN 'all at once'
			WHEN d.has_map THEN 'by a map' ELSE 'by key' END AS known) k
		WHERE explain_refresh.name IS NULL OR o.name = ANY (nudge.with_upstreams(explain_refresh.name))
		ORDER BY 1;
END
$$;
COMMENT ON FUNCTION nudge.explain_refresh(text) IS
	'What a refresh would do, in which order, and how well it knows what has changed in each upstream. Not STRICT: without a name it is all materialisations';
