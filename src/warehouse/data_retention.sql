/*
 * data_retention.sql
 *		How long what nudge_metrics has written down is kept.
 *
 * Rules: doc/data_retention.md.
 */

CREATE TABLE nudge.data_retentions (
	object text PRIMARY KEY,
	keep interval NOT NULL CHECK (keep >= interval '1 day'),
	set_by name NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	purged_at timestamptz,
	purged_rows bigint NOT NULL DEFAULT 0
);
SELECT pg_catalog.pg_extension_config_dump('nudge.data_retentions', '');
GRANT SELECT ON nudge.data_retentions TO PUBLIC;
COMMENT ON TABLE nudge.data_retentions IS 'How long rows of logs, histories and closed periods are kept; set_data_retention() keeps it. What has no row here is kept, but for the logs of runs';
COMMENT ON COLUMN nudge.data_retentions.object IS 'Table, with its schema';
COMMENT ON COLUMN nudge.data_retentions.keep IS 'How long its rows are kept';
COMMENT ON COLUMN nudge.data_retentions.set_by IS 'Who said so';
COMMENT ON COLUMN nudge.data_retentions.set_at IS 'When';
COMMENT ON COLUMN nudge.data_retentions.purged_at IS 'When older rows were deleted last';
COMMENT ON COLUMN nudge.data_retentions.purged_rows IS 'How many have been deleted in all';

-- What may be purged, and for how long it is kept if nobody says so.
CREATE FUNCTION nudge.data_retention_objects() RETURNS TABLE (object text, default_keep interval)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT 'nudge.runs', interval '90 days'
	UNION ALL SELECT 'cron.job_run_details', interval '30 days'
	UNION ALL SELECT 'nudge.closed_period_rows', NULL
	UNION ALL SELECT h.history, NULL FROM nudge.histories h;
END;
COMMENT ON FUNCTION nudge.data_retention_objects() IS 'Tables of which set_data_retention() can say how long rows are kept, and for how long they are if it does not; NULL: for ever. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.keep_of(object text) RETURNS interval
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT coalesce(r.keep, o.default_keep) FROM nudge.data_retention_objects() o LEFT JOIN nudge.data_retentions r ON r.object = o.object WHERE o.object = keep_of.object);
COMMENT ON FUNCTION nudge.keep_of(text) IS 'How long rows of a table are kept; NULL: for ever';

CREATE FUNCTION nudge.set_data_retention(object text, keep interval) RETURNS interval
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reader text;
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.data_retention_objects() o WHERE o.object = set_data_retention.object) THEN
		RAISE EXCEPTION 'rows of "%" are not for set_data_retention()', left(coalesce(object, ''), 130) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = (SELECT format('It is one of %s.', string_agg(o.object, ', ' ORDER BY o.object COLLATE "C")) FROM nudge.data_retention_objects() o),
			HINT = 'Your own tables are yours to delete from, and marts follow them.';
	ELSIF keep < interval '1 day' THEN
		RAISE EXCEPTION 'rows must be kept for a day at least' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', keep),
			HINT = 'Pass an interval such as 365 days, or NULL for what it is without.';
	END IF;
	SELECT min(s.source COLLATE "C") INTO reader FROM nudge.sources s WHERE s.relation = object;
	IF keep IS NOT NULL AND reader IS NOT NULL THEN
		RAISE EXCEPTION 'the history % is read as source "%"', object, reader USING ERRCODE = 'object_in_use',
			DETAIL = 'What is computed from it would change as rows go, months that were reported too.',
			HINT = 'Keep it, or unmap the source first.';
	END IF;
	DELETE FROM nudge.data_retentions r WHERE r.object = set_data_retention.object AND set_data_retention.keep IS NULL;
	INSERT INTO nudge.data_retentions AS r (object, keep) SELECT set_data_retention.object, set_data_retention.keep WHERE set_data_retention.keep IS NOT NULL
	ON CONFLICT ON CONSTRAINT data_retentions_pkey DO UPDATE SET keep = excluded.keep, set_by = session_user, set_at = now();
	RETURN nudge.keep_of(object);
END
$$;
COMMENT ON FUNCTION nudge.set_data_retention(text, interval) IS
	'Says how long rows of a log, of a history that is no source, or of closed periods are kept; tells how long that is now. Not STRICT: a NULL time is what it is without';

CREATE FUNCTION nudge.purge_object(object text, keep interval) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	purged bigint := 0;
BEGIN
	IF object = 'nudge.runs' THEN
		purged := nudge.prune_runs(keep);
	ELSIF object = 'cron.job_run_details' THEN
		purged := nudge.prune_job_runs(keep);
	ELSIF object = 'nudge.closed_period_rows' THEN
		-- sums of closed periods stay
		DELETE FROM nudge.closed_period_rows c WHERE c.period < now() - keep;
		GET DIAGNOSTICS purged = ROW_COUNT;
	-- a history, made as such by its owner, that no source reads
	ELSIF (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass(object)) = (SELECT p.proowner FROM pg_proc p WHERE p.oid = to_regprocedure(nudge.history_object(object, '_keep') || '()'))
		AND NOT EXISTS (SELECT FROM nudge.sources s WHERE s.relation = purge_object.object) THEN
		SELECT r.rows_written INTO purged FROM nudge.run_as_owner(to_regclass(object),
			format('WITH gone AS (DELETE FROM %s h WHERE h.valid_to < $3 RETURNING 1) SELECT count(*), 0::bigint, NULL::jsonb FROM gone', to_regclass(object)), NULL, NULL, now() - keep) r;
	END IF;
	RETURN purged;
END
$$;
COMMENT ON FUNCTION nudge.purge_object(text, interval) IS 'Works for purge_expired: deletes older rows of one table; tells how many';

CREATE FUNCTION nudge.purge_expired() RETURNS TABLE (purged_object text, rows_deleted bigint)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	FOR purged_object IN SELECT o.object FROM nudge.data_retention_objects() o WHERE nudge.keep_of(o.object) IS NOT NULL ORDER BY o.object COLLATE "C" LOOP
		rows_deleted := coalesce(nudge.purge_object(purged_object, nudge.keep_of(purged_object)), 0);
		UPDATE nudge.data_retentions r SET purged_at = now(), purged_rows = r.purged_rows + rows_deleted WHERE r.object = purged_object;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.purge_expired() IS 'Deletes rows that are older than what set_data_retention() says; run_due() calls it once a day. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	REVOKE EXECUTE ON FUNCTION nudge.set_data_retention(text, interval), nudge.purge_object(text, interval), nudge.purge_expired() FROM PUBLIC;
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.set_data_retention(text, interval), nudge.purge_object(text, interval), nudge.purge_expired() TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.data_retentions TO %s WITH GRANT OPTION', owner);
END
$$;
