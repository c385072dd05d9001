/*
 * polling.sql
 *		Changes that are looked for, where no trigger can write them down: rows
 *		that are only ever added, and rows of recent time.
 *
 * Rules: doc/polling.md.
 */

CREATE TABLE nudge.polls (
	source text PRIMARY KEY REFERENCES nudge.trackings ON DELETE CASCADE,
	xid_column text,
	horizon xid8,
	system_identifier bigint,
	lookback interval CHECK (lookback > interval '0'),
	everything_every interval CHECK (everything_every > interval '0'),
	everything_at timestamptz,
	polled_at timestamptz,
	complete_to timestamptz,
	CHECK ((xid_column IS NULL) <> (lookback IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.polls', '');
GRANT SELECT ON nudge.polls TO PUBLIC;
COMMENT ON TABLE nudge.polls IS 'Sources whose changes a refresh looks for; track_appends() and track_lookback() keep it';
COMMENT ON COLUMN nudge.polls.source IS 'Name of the source';
COMMENT ON COLUMN nudge.polls.xid_column IS 'Column of the table with the transaction that added a row; NULL for a lookback';
COMMENT ON COLUMN nudge.polls.horizon IS 'Rows of transactions before this one have been seen';
COMMENT ON COLUMN nudge.polls.system_identifier IS 'Cluster whose transactions these are';
COMMENT ON COLUMN nudge.polls.lookback IS 'Rows of this much time up to now are looked at each time; NULL for appends';
COMMENT ON COLUMN nudge.polls.everything_every IS 'How often all rows count as changed, which finds what the lookback has missed';
COMMENT ON COLUMN nudge.polls.everything_at IS 'When they did last';
COMMENT ON COLUMN nudge.polls.polled_at IS 'When changes were looked for last';
COMMENT ON COLUMN nudge.polls.complete_to IS 'What was committed before this instant has been seen';

-- Tracking ----------------------------------------------------------------

CREATE FUNCTION nudge.start_polling(source text, keys jsonb, capture text, xid_column text, lookback interval, everything_every interval) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.trackings AS t (source, relation, keys, capture)
	SELECT start_polling.source, s.relation, start_polling.keys, start_polling.capture FROM nudge.sources s WHERE s.source = start_polling.source
	ON CONFLICT ON CONSTRAINT trackings_pkey DO UPDATE SET relation = excluded.relation, keys = excluded.keys, capture = excluded.capture, tracked_by = current_user, tracked_at = now();
	INSERT INTO nudge.polls (source, xid_column, horizon, system_identifier, lookback, everything_every, everything_at)
	VALUES (start_polling.source, start_polling.xid_column, CASE WHEN xid_column IS NOT NULL THEN pg_snapshot_xmin(pg_current_snapshot()) END,
		(SELECT c.system_identifier FROM pg_control_system() c), start_polling.lookback, start_polling.everything_every, now())
	ON CONFLICT ON CONSTRAINT polls_pkey DO UPDATE SET xid_column = excluded.xid_column, horizon = excluded.horizon, system_identifier = excluded.system_identifier,
		lookback = excluded.lookback, everything_every = excluded.everything_every, everything_at = excluded.everything_at, polled_at = NULL, complete_to = NULL;
	-- what has changed before nobody knows
	INSERT INTO nudge.change_log (source) VALUES (start_polling.source);
	RETURN capture;
END
$$;
COMMENT ON FUNCTION nudge.start_polling(text, jsonb, text, text, interval, interval) IS
	'Works for track_appends and track_lookback: writes down how changes of a source are looked for. Not STRICT: appends have no lookback, and a lookback no column';

CREATE FUNCTION nudge.track_appends(source text, xid_column text, keys text[] DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mapped nudge.sources;
	relation oid;
	kind oid;
BEGIN
	PERFORM nudge.check_source_name(coalesce(source, ''));
	LOCK TABLE nudge.sources, nudge.trackings IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = track_appends.source;
	relation := nudge.check_trackable(mapped);
	SELECT a.atttypid INTO kind FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = xid_column AND a.attnum > 0 AND NOT a.attisdropped;
	IF kind IS DISTINCT FROM 'xid8'::regtype THEN
		RAISE EXCEPTION 'table of source "%" has no column "%" of transactions', source, coalesce(xid_column, '') USING ERRCODE = 'undefined_column',
			DETAIL = 'It must be of type xid8 and say which transaction added a row. Numbers of rows and times do not: a row may be committed after one with a later number.',
			HINT = format('ALTER TABLE %s ADD COLUMN added_by xid8 DEFAULT pg_current_xact_id(); and an index on it.', relation::regclass);
	END IF;
	PERFORM nudge.drop_capture(source);
	RETURN nudge.start_polling(source, nudge.capture_keys(mapped, relation, keys), 'append_only', xid_column, NULL, NULL);
END
$$;
COMMENT ON FUNCTION nudge.track_appends(text, text, text[]) IS
	'Looks for added rows of a source by the transaction that added them, without triggers: updates and deletes are not seen. Not STRICT: NULL keys are those of the input and of what it refers to';

-- The column of an input by which its rows have a time.
CREATE FUNCTION nudge.input_time(input text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT c.column_name FROM nudge.input_columns c WHERE c.input = input_time.input AND c.data_type IN ('timestamptz', 'date') ORDER BY c.required DESC, c.position LIMIT 1);
COMMENT ON FUNCTION nudge.input_time(text) IS 'The first time that an input requires, or else has';

CREATE FUNCTION nudge.track_lookback(source text, lookback interval, everything_every interval DEFAULT '1 day', keys text[] DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mapped nudge.sources;
	key_columns text[];
	wrong text;
BEGIN
	PERFORM nudge.check_source_name(coalesce(source, ''));
	IF NOT coalesce(lookback > interval '0' AND everything_every > interval '0', false) THEN
		RAISE EXCEPTION 'lookback and everything_every must be longer than 0' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Rows of the lookback count as changed at each refresh, and all rows once in everything_every.',
			HINT = 'Pass intervals such as 3 days and 1 day.';
	END IF;
	LOCK TABLE nudge.sources, nudge.trackings IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = track_lookback.source;
	IF nudge.input_time(mapped.input) IS NULL THEN
		RAISE EXCEPTION 'input "%" has no time', mapped.input USING ERRCODE = 'feature_not_supported',
			DETAIL = 'Which of its rows are recent cannot be told.',
			HINT = 'Leave it untracked: each refresh computes everything.';
	END IF;
	key_columns := coalesce(keys, nudge.default_keys(mapped.input, mapped.columns, ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(nudge.source_view(mapped.input, source)) AND a.attnum > 0)));
	SELECT k INTO wrong FROM unnest(key_columns) k WHERE NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = mapped.input AND c.column_name = k AND c.data_type = 'text') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'source "%" has no key "%"', source, wrong USING ERRCODE = 'undefined_column',
			DETAIL = 'A key is a column of text of its input that it has.',
			HINT = 'Leave keys out for those of the input and of what it refers to.';
	END IF;
	PERFORM nudge.drop_capture(source);
	RETURN nudge.start_polling(source, (SELECT coalesce(jsonb_object_agg(k, k), '{}') FROM unnest(key_columns) k), 'lookback', NULL, lookback, everything_every);
END
$$;
COMMENT ON FUNCTION nudge.track_lookback(text, interval, interval, text[]) IS
	'Takes recent rows of a source as changed at each refresh, and all rows once in everything_every: for what can have no triggers. Not STRICT: NULL keys are those of the input and of what it refers to';

-- Looking -----------------------------------------------------------------

-- The keys of some rows of a source, as rows of the log; a row without one is
-- a change all the same.
CREATE FUNCTION nudge.log_found_keys(source nudge.sources, statement_from text, keys jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found jsonb;
BEGIN
	SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.source_view(source.input, source.source)::regclass,
		(SELECT format('SELECT 0::bigint, 0::bigint, jsonb_build_object(%s) FROM %s', string_agg(format('%L, jsonb_agg(DISTINCT r.%I::text)', k.key, k.value), ', '), statement_from)
			FROM jsonb_each_text(keys) k), NULL, NULL, NULL) r;
	INSERT INTO nudge.change_log (source, key_column, key)
	SELECT source.source, c.key, k FROM jsonb_each(found) c, jsonb_array_elements_text(CASE jsonb_typeof(c.value) WHEN 'array' THEN c.value ELSE '[]' END) k;
END
$$;
COMMENT ON FUNCTION nudge.log_found_keys(nudge.sources, text, jsonb) IS 'Works for poll_sources: writes the keys of some rows of a source to nudge.change_log';

-- What is looked at must be what the view of the source reads, whose owner
-- looks: whoever writes the registry could name another table, or one with
-- casts of his own.
CREATE FUNCTION nudge.is_pollable(source nudge.sources, xid_column text, keys jsonb) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM pg_catalog.pg_class c, LATERAL nudge.view_reads(to_regclass(nudge.source_view((source).input, (source).source))::oid, c.oid) r
		WHERE c.oid = to_regclass((source).relation) AND c.relkind IN ('r', 'p')
			AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = xid_column::name AND a.atttypid = 'pg_catalog.xid8'::regtype)
			AND NOT EXISTS (SELECT FROM jsonb_each_text(keys) k LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = to_regclass(nudge.source_view((source).input, (source).source)) AND v.attname = k.key::name
				LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = k.value::name
				WHERE r.singles[v.attnum] IS DISTINCT FROM k.value
					OR NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid AND t.typnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'pg_catalog'))));
COMMENT ON FUNCTION nudge.is_pollable(nudge.sources, text, jsonb) IS 'Works for poll_sources: whether the columns that are looked at are those that the view of the source reads, of types that are the server''s. Not STRICT: without a column of transactions it is false';

CREATE FUNCTION nudge.poll_source(source nudge.sources, poll nudge.polls, keys jsonb, oldest timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	next_horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
	is_other constant boolean := poll.system_identifier IS DISTINCT FROM (SELECT c.system_identifier FROM pg_control_system() c);
BEGIN
	-- transactions of another cluster say nothing here
	IF keys = '{}' OR poll.xid_column IS NOT NULL AND (is_other OR NOT nudge.is_pollable(source, poll.xid_column, keys)) OR poll.everything_at + poll.everything_every <= now() THEN
		INSERT INTO nudge.change_log (source) VALUES (source.source);
		UPDATE nudge.polls p SET everything_at = now() WHERE p.source = poll.source;
	ELSIF poll.xid_column IS NOT NULL THEN
		-- rows of transactions that are still at work are left for the next time
		IF next_horizon > poll.horizon THEN
			PERFORM nudge.log_found_keys(source, format('%s r WHERE r.%I >= %L::xid8 AND r.%I < %L::xid8', to_regclass(source.relation), poll.xid_column, poll.horizon, poll.xid_column, next_horizon), keys);
		END IF;
	ELSE
		PERFORM nudge.check_trust(nudge.source_view(source.input, source.source));
		PERFORM nudge.log_found_keys(source, format('%s r WHERE r.%I >= now() - %L::interval', nudge.source_view(source.input, source.source), nudge.input_time(source.input), poll.lookback), keys);
	END IF;
	UPDATE nudge.polls p SET horizon = CASE WHEN poll.xid_column IS NOT NULL THEN next_horizon END, system_identifier = (SELECT c.system_identifier FROM pg_control_system() c), polled_at = now(),
		complete_to = CASE WHEN poll.xid_column IS NULL THEN now() ELSE greatest(p.complete_to, least(now(), oldest)) END WHERE p.source = poll.source;
EXCEPTION WHEN OTHERS THEN
	-- what cannot be looked at may have changed; who reads it will say what is wrong, and who does not goes on
	INSERT INTO nudge.change_log (source) VALUES (source.source);
END
$$;
COMMENT ON FUNCTION nudge.poll_source(nudge.sources, nudge.polls, jsonb, timestamptz) IS 'Works for poll_sources: looks for changes of one source. Horizon and keys found are one transaction. Not STRICT: a lookback asks for no oldest transaction';

CREATE FUNCTION nudge.poll_sources() RETURNS bigint
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	poll nudge.polls;
	mapped nudge.sources;
	polled bigint := 0;
	oldest timestamptz;
BEGIN
	-- Read before the horizon is: rows of transactions that are not before it were
	-- committed after the oldest of those at work began, or after now().  When one began that
	-- is prepared nobody knows.
	IF EXISTS (SELECT FROM nudge.polls p WHERE p.xid_column IS NOT NULL) THEN
		SELECT CASE WHEN EXISTS (SELECT FROM pg_prepared_xacts) THEN '-infinity' ELSE coalesce(min(coalesce(a.xact_start, '-infinity')), 'infinity') END
		INTO oldest FROM pg_stat_activity a WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid();
	END IF;
	FOR poll IN SELECT p.* FROM nudge.polls p ORDER BY p.source COLLATE "C" FOR UPDATE LOOP
		SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = poll.source;
		PERFORM nudge.poll_source(mapped, poll, t.keys, oldest) FROM nudge.trackings t WHERE t.source = poll.source AND t.capture IN ('append_only', 'lookback');
		polled := polled + 1;
	END LOOP;
	RETURN polled;
END
$$;
COMMENT ON FUNCTION nudge.poll_sources() IS 'Works for the refresh: looks for changes of the sources of track_appends() and track_lookback(); tells how many sources these are. Not STRICT: it has no arguments';
