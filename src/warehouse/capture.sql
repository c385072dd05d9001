/*
 * capture.sql
 *		Change capture: which keys of a source have changed, written down by
 *		triggers in the transaction of the writer.
 *
 * Rules: doc/capture.md.
 */

-- The log -----------------------------------------------------------------

-- It has no key and no index: each change must have a row of its own, or one
-- that comes while the last is being worked on would be lost.
CREATE TABLE nudge.change_log (
	source text NOT NULL,
	key_column text,
	key text,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0,
	autovacuum_vacuum_insert_threshold = 100000, autovacuum_vacuum_cost_delay = 0);
SELECT pg_catalog.pg_extension_config_dump('nudge.change_log', '');
-- where all tables are published, what is worked on could not be taken out
ALTER TABLE nudge.change_log REPLICA IDENTITY FULL;
COMMENT ON TABLE nudge.change_log IS 'Which keys of sources have changed and are not yet refreshed; triggers of track_source() write it';
COMMENT ON COLUMN nudge.change_log.source IS 'Source whose rows have changed';
COMMENT ON COLUMN nudge.change_log.key_column IS 'Column of the input that the key is of; NULL: everything of the source may have changed';
COMMENT ON COLUMN nudge.change_log.key IS 'Value of the column in a row before or after the change; NULL for a row that has no key, and for everything';
COMMENT ON COLUMN nudge.change_log.at IS 'When it was written down, in the transaction that made the change';

CREATE TABLE nudge.trackings (
	source text PRIMARY KEY,
	relation text,
	keys jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(keys) = 'object'),
	capture text NOT NULL CHECK (capture IN ('statement', 'row', 'append_only', 'lookback', 'none')),
	tracked_by name NOT NULL DEFAULT current_user,
	tracked_at timestamptz NOT NULL DEFAULT now(),
	triggers_seen text,
	CHECK (relation IS NOT NULL OR capture IN ('lookback', 'none'))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.trackings', '');
GRANT SELECT ON nudge.trackings TO PUBLIC;
COMMENT ON TABLE nudge.trackings IS 'How changes of sources are captured; track_source() and untrack_source() keep it';
COMMENT ON COLUMN nudge.trackings.source IS 'Name of the source';
COMMENT ON COLUMN nudge.trackings.relation IS 'Table with the triggers, with its schema; NULL for a query';
COMMENT ON COLUMN nudge.trackings.keys IS 'Columns of the input whose values are written down, each with the column of the table that it is';
COMMENT ON COLUMN nudge.trackings.capture IS 'statement: a trigger for each statement; row: one for each row; append_only and lookback: a refresh looks for changes; none: nothing is captured';
COMMENT ON COLUMN nudge.trackings.tracked_by IS 'Who has called track_source()';
COMMENT ON COLUMN nudge.trackings.tracked_at IS 'When it was tracked last';
COMMENT ON COLUMN nudge.trackings.triggers_seen IS 'Hash of its triggers as they were when nudge.change_log was read last';

-- The trigger -------------------------------------------------------------

CREATE FUNCTION nudge.capture_changes() RETURNS trigger
	AS 'MODULE_PATHNAME', 'nm_capture_changes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION nudge.capture_changes() IS
	'Trigger of track_source(): writes the keys of changed rows to nudge.change_log. Arguments: the source, pairs of a column of the input and a column of the table, an empty text, the columns whose change counts (none: all), an empty text, the numbers of the table and of these columns. Not STRICT: triggers take no arguments';

-- Whoever may make such triggers can fill the log.
REVOKE EXECUTE ON FUNCTION nudge.capture_changes() FROM PUBLIC;
DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.change_log, nudge.trackings TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.capture_changes() TO %s WITH GRANT OPTION', owner);
END
$$;

CREATE FUNCTION nudge.view_reads(view_name oid, relation oid, OUT columns text[], OUT others text[], OUT singles text[])
	AS 'MODULE_PATHNAME', 'nm_view_reads' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.view_reads(oid, oid) IS
	'Works for track_source: the columns of a relation that a view reads, NULL for all as a whole, and the other relations that it reads, among them the relation itself if it is read twice, and for each column of the view the column that alone it is made of';

-- What is captured --------------------------------------------------------

-- The columns of a table as an expression may call them.
CREATE FUNCTION nudge.key_column_of(expression text, relation oid) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT a.attname::text
	FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid,
		LATERAL (SELECT regexp_replace(btrim(key_column_of.expression, E' \t\n'), '\s*::\s*text$', '') AS plain) e
	WHERE a.attrelid = key_column_of.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated IN ('', 's')
		AND (a.attname::text = key_column_of.expression OR e.plain IN (quote_ident(a.attname), 'r.' || quote_ident(a.attname))
			OR a.attname ~ '^[a-z_][a-z0-9_]*$' AND e.plain = 'r.' || a.attname)
		-- types whose text depends on no setting, as source_cast has them
		AND (t.typcategory IN ('S', 'E') OR coalesce(nullif(t.typbasetype, 0), t.oid) = ANY ('{int2,int4,int8,numeric,bool,uuid}'::regtype[]));
END;
COMMENT ON FUNCTION nudge.key_column_of(text, oid) IS
	'Works for track_source: the column that an expression of a mapping is, NULL if it computes something or has no text of its own';

-- Keys that a mart may be kept by, if nobody says which.
CREATE FUNCTION nudge.default_keys(input text, columns jsonb, available text[]) RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(c.column_name ORDER BY c.place), '{}')
	FROM nudge.source_columns(default_keys.input, default_keys.columns, default_keys.available) c
	WHERE c.expression IS NOT NULL AND c.data_type = 'text'
		AND EXISTS (SELECT FROM nudge.input_rules() r WHERE r.input = default_keys.input AND c.column_name = ANY (r.columns)
			AND (r.rule IN ('reference', 'some') OR r.rule = 'key' AND cardinality(r.columns) = 1));
END;
COMMENT ON FUNCTION nudge.default_keys(text, jsonb, text[]) IS
	'Works for track_source: the columns of a source that are keys of its input or of another';

-- Which column of the table each key is.
CREATE FUNCTION nudge.capture_keys(source nudge.sources, relation oid, keys text[]) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	available constant text[] := nudge.source_has(relation::regclass || ' AS r');
	found jsonb;
	wrong text;
	expression text;
BEGIN
	IF array_position(keys, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'keys must not contain null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'They are names of columns of the input.',
			HINT = 'Leave it out for the keys of the input and those that refer to other inputs.';
	END IF;
	SELECT jsonb_object_agg(k.key, nudge.key_column_of(c.expression, relation)), min(k.key COLLATE "C") FILTER (WHERE c.column_name IS NULL OR c.data_type <> 'text')
	INTO found, wrong
	FROM unnest(coalesce(keys, nudge.default_keys(source.input, source.columns, available))) k(key)
	LEFT JOIN nudge.source_columns(source.input, source.columns, available) c ON c.column_name = k.key AND c.expression IS NOT NULL;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'source "%" has no key "%"', source.source, wrong USING ERRCODE = 'undefined_column',
			DETAIL = 'A key is a column of text of its input that it has.',
			HINT = format('Pass such as %L.', nudge.default_keys(source.input, source.columns, available));
	END IF;
	SELECT min(k.key COLLATE "C") INTO wrong FROM jsonb_each_text(found) k WHERE k.value IS NULL OR source.words ? k.key;
	IF wrong IS NOT NULL THEN
		SELECT c.expression INTO expression FROM nudge.source_columns(source.input, source.columns, available) c WHERE c.column_name = wrong;
		RAISE EXCEPTION 'key "%" of source "%" is not a column of its table', wrong, source.source USING ERRCODE = 'feature_not_supported',
			DETAIL = format('It is %s%s. The trigger takes keys from the row as they are.', left(expression, 200), CASE WHEN source.words ? wrong THEN ' by words' ELSE '' END),
			HINT = format('Give the table a column GENERATED ALWAYS AS ... STORED and map that, or pass "keys" without "%s", or capture => ''none''.', wrong);
	END IF;
	RETURN coalesce(found, '{}');
END
$$;
COMMENT ON FUNCTION nudge.capture_keys(nudge.sources, oid, text[]) IS
	'Works for track_source: the keys of a source with the columns of the table that they are, or an error. Not STRICT: NULL keys are those of the input';

-- The tables whose rows are rows of a table: itself, partitions, children.
-- This and what checks triggers is plpgsql, which keeps plans: each refresh asks for each source.
CREATE FUNCTION nudge.tables_of(relation oid) RETURNS TABLE (table_id oid, kind "char", has_other_parent boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		WITH RECURSIVE tree(id) AS (
			SELECT tables_of.relation
			UNION
			SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.id AND NOT i.inhdetachpending
		)
		SELECT c.oid, c.relkind, EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending AND i.inhparent NOT IN (SELECT t.id FROM tree t))
		FROM tree t JOIN pg_class c ON c.oid = t.id
		ORDER BY c.oid;
END
$$;
COMMENT ON FUNCTION nudge.tables_of(oid) IS
	'Works for track_source: a table, its partitions and children, their kind, and whether they are partitions or children of another table too';

CREATE FUNCTION nudge.is_subscribed(relation oid) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.tables_of(relation) t JOIN pg_catalog.pg_subscription_rel s ON s.srrelid = t.table_id);
COMMENT ON FUNCTION nudge.is_subscribed(oid) IS 'Works for track_source: whether logical replication writes to a table';

-- The triggers that a source must have, with what makes each; those of
-- partitions come with that of the table.
CREATE FUNCTION nudge.capture_triggers(source text, relation oid, keys jsonb, capture text)
	RETURNS TABLE (table_id oid, trigger_name text, arguments bytea, statement text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		WITH words AS (
			SELECT ARRAY[capture_triggers.source]
				|| ARRAY(SELECT w.word FROM jsonb_each_text(capture_triggers.keys) WITH ORDINALITY k(key, value, n), LATERAL (VALUES (1, k.key), (2, k.value)) w(half, word) ORDER BY k.n, w.half) AS pairs,
				CASE WHEN r.columns IS NULL OR EXISTS (SELECT FROM pg_attribute a
						WHERE a.attrelid = capture_triggers.relation AND a.attnum > 0 AND a.attname::text = ANY (r.columns) AND a.attgenerated NOT IN ('', 's')) THEN '{}'
					ELSE r.columns END AS watched,
				ARRAY(SELECT k.value FROM jsonb_each_text(capture_triggers.keys) WITH ORDINALITY k(key, value, n) ORDER BY k.n) AS taken
			FROM nudge.sources s, LATERAL nudge.view_reads(to_regclass(nudge.source_view(s.input, s.source))::oid, capture_triggers.relation) r
			WHERE s.source = capture_triggers.source
		), arguments(names, numbers) AS (
			SELECT w.pairs || ''::text || w.watched || ''::text,
				-- a column keeps its number when it is renamed
				concat_ws(' ', capture_triggers.relation, (SELECT string_agg(coalesce(a.attnum, 0)::text, ' ' ORDER BY c.n)
					FROM unnest(w.taken || w.watched) WITH ORDINALITY c(name, n) LEFT JOIN pg_attribute a ON a.attrelid = capture_triggers.relation AND a.attname::text = c.name))
			FROM words w
		), events(letter, event, events, each) AS (
			VALUES ('i', 'statement', 'INSERT', 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'),
				('u', 'statement', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT'),
				('d', 'statement', 'DELETE', 'REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'),
				('r', 'row', 'INSERT OR UPDATE OR DELETE', 'FOR EACH ROW'),
				('t', NULL, 'TRUNCATE', 'FOR EACH STATEMENT')
		)
		SELECT t.table_id, n.name, (SELECT string_agg(convert_to(a, getdatabaseencoding()) || decode('00', 'hex'), '' ORDER BY o) FROM unnest(w.names) WITH ORDINALITY u(a, o)),
			CASE WHEN e.letter <> 'r' OR t.table_id = capture_triggers.relation OR c.relkind <> 'p' THEN
				format('CREATE TRIGGER %1$I AFTER %2$s ON %3$s %4$s EXECUTE FUNCTION nudge.capture_changes(%5$s); ALTER TABLE %6$s%3$s ENABLE ALWAYS TRIGGER %1$I',
					n.name, e.events, t.table_id::regclass, e.each, (SELECT string_agg(quote_literal(a), ', ' ORDER BY o) FROM unnest(w.names || w.numbers) WITH ORDINALITY u(a, o)),
					CASE WHEN e.letter = 'r' THEN '' ELSE 'ONLY ' END) END
		FROM arguments w, events e, nudge.tables_of(capture_triggers.relation) t, pg_class c,
			LATERAL (SELECT format('nudge_%s_%s', e.letter, CASE WHEN length(capture_triggers.source) <= 40 THEN capture_triggers.source ELSE left(capture_triggers.source, 31) || '_' || left(md5(capture_triggers.source), 8) END) AS name) n
		WHERE c.oid = capture_triggers.relation AND coalesce(e.event, capture_triggers.capture) = capture_triggers.capture AND capture_triggers.capture <> 'none'
		ORDER BY t.table_id, e.letter COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.capture_triggers(text, oid, jsonb, text) IS
	'Works for track_source: the triggers that a source must have, with their arguments but for the numbers at the end as pg_trigger has them, and the statement that makes each; NULL where PostgreSQL makes it with that of the partitioned table';

-- The triggers that a source has, on whatever table.
CREATE FUNCTION nudge.triggers_of(source text) RETURNS TABLE (table_id oid, trigger_name text, arguments bytea, fires "char", is_clone boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT t.tgrelid, t.tgname::text, t.tgargs, t.tgenabled, t.tgparentid <> 0
	FROM pg_catalog.pg_trigger t
	WHERE t.tgfoid = 'nudge.capture_changes()'::regprocedure AND NOT t.tgisinternal
		AND substr(t.tgargs, 1, octet_length(triggers_of.source) + 1) = convert_to(triggers_of.source, getdatabaseencoding()) || '\x00'
	ORDER BY t.tgrelid, t.tgname COLLATE "C";
END;
COMMENT ON FUNCTION nudge.triggers_of(text) IS 'Works for track_source: the triggers by which a source is captured';

-- A partition that was taken out, written and brought back has new triggers, and
-- triggers that were off for a while are other rows of the catalogue: what
-- was changed meanwhile nobody knows.
CREATE FUNCTION nudge.note_triggers() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	-- nothing is locked if nothing has changed: track_source may be waiting for writers
	FOR one IN SELECT s.* FROM (SELECT k.source, k.triggers_seen, (SELECT md5(string_agg(concat_ws(' ', t.oid, t.xmin), ' ' ORDER BY t.oid)) FROM pg_trigger t
			WHERE t.tgfoid = 'nudge.capture_changes()'::regprocedure AND substr(t.tgargs, 1, octet_length(k.source) + 1) = convert_to(k.source, getdatabaseencoding()) || decode('00', 'hex')) AS triggers
			FROM nudge.trackings k) s
		WHERE s.triggers IS DISTINCT FROM s.triggers_seen LOOP
		UPDATE nudge.trackings k SET triggers_seen = one.triggers WHERE k.source = one.source;
		INSERT INTO nudge.change_log (source) VALUES (one.source);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.note_triggers() IS
	'Works for the refresh: writes down that everything of a source may have changed if its triggers are not those that were there when this was called last. Not STRICT: it has no arguments';

-- Tracking ----------------------------------------------------------------

CREATE FUNCTION nudge.check_trackable(source nudge.sources) RETURNS oid
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found constant oid := to_regclass(source.relation);
	what text;
	others text[];
BEGIN
	IF source.relation IS NULL OR found IS NULL OR EXISTS (SELECT FROM nudge.tables_of(found) t WHERE t.kind NOT IN ('r', 'p')) THEN
		SELECT CASE t.kind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' WHEN 'f' THEN 'a foreign table' END
			|| CASE WHEN t.table_id = found THEN '' ELSE ' among its partitions' END INTO what
		FROM nudge.tables_of(found) t WHERE t.kind NOT IN ('r', 'p') LIMIT 1;
		RAISE EXCEPTION 'changes of source "%" cannot be captured', source.source USING ERRCODE = 'wrong_object_type',
			DETAIL = format('It reads %s.', CASE WHEN source.relation IS NULL THEN 'a query' WHEN found IS NULL THEN source.relation || ', which is not there' ELSE source.relation || ', which is or has ' || what END),
			HINT = 'Pass capture => ''none'', or map the tables themselves. Triggers are possible on tables only.';
	END IF;
	SELECT r.others INTO others FROM nudge.view_reads(to_regclass(nudge.source_view(source.input, source.source)), found) r;
	IF others <> '{}' THEN
		RAISE EXCEPTION 'source "%" reads other rows too', source.source USING ERRCODE = 'feature_not_supported',
			DETAIL = format('A row of it depends on others, in %s, whose changes do not tell its key.', array_to_string(others, ', ')),
			HINT = 'Bring the columns into its own table, or pass capture => ''none''.';
	END IF;
	SELECT min(t.table_id::regclass::text COLLATE "C") INTO what FROM nudge.tables_of(found) t JOIN pg_class c ON c.oid = t.table_id WHERE NOT pg_has_role(c.relowner, 'USAGE');
	IF what IS NOT NULL THEN
		RAISE EXCEPTION 'triggers on % are for its owner to make', what USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('It belongs to role "%s".', (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = what::regclass)),
			HINT = 'Call track_source() as a member of that role, with rights on nudge.trackings and nudge.change_log and on nudge.capture_changes().';
	END IF;
	RETURN found;
END
$$;
COMMENT ON FUNCTION nudge.check_trackable(nudge.sources) IS 'Works for track_source: the table of a source, or an error if triggers would not see its changes';

-- MERGE that moves a row to another partition fires none but its triggers for
-- UPDATE, yet shows them nothing of it.  Nor do they see generated columns of
-- rows put into partitions.
CREATE FUNCTION nudge.unseen_by_statement(relation oid) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE
		WHEN nudge.is_subscribed(relation) THEN 'Logical replication writes to it, and fires no triggers for statements.'
		WHEN EXISTS (SELECT FROM nudge.tables_of(relation) t WHERE t.has_other_parent) THEN 'Its rows are also written through another table, of which it is a partition or child.'
		WHEN EXISTS (SELECT FROM nudge.tables_of(relation) t WHERE t.kind = 'p') THEN 'It is partitioned, and of rows that MERGE moves between partitions triggers for statements see nothing.' END;
END
$$;
COMMENT ON FUNCTION nudge.unseen_by_statement(oid) IS 'Works for track_source: why triggers for statements would miss changes of a table; NULL if they do not';

-- With a partition come the triggers for rows of its table, made by whoever
-- makes the partition: he must be allowed to.
CREATE FUNCTION nudge.refused_owner(relation oid) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT min(pg_get_userbyid(c.relowner)::text COLLATE "C")
	FROM nudge.tables_of(refused_owner.relation) t JOIN pg_catalog.pg_class c ON c.oid = t.table_id
	WHERE t.kind = 'p' AND NOT has_function_privilege(c.relowner, 'nudge.capture_changes()'::regprocedure, 'EXECUTE');
END;
COMMENT ON FUNCTION nudge.refused_owner(oid) IS 'Works for track_source: the owner of a partitioned table who could make no partition of it if it had triggers for rows; NULL if each could';

CREATE FUNCTION nudge.choose_capture(source text, relation oid, capture text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reason constant text := nudge.unseen_by_statement(relation);
	chosen constant text := CASE WHEN capture <> 'auto' THEN capture WHEN reason IS NOT NULL THEN 'row' ELSE 'statement' END;
	refused constant text := CASE chosen WHEN 'row' THEN nudge.refused_owner(relation) END;
BEGIN
	IF capture = 'statement' AND reason IS NOT NULL THEN
		RAISE EXCEPTION 'source "%" cannot be captured by statement', source USING ERRCODE = 'feature_not_supported',
			DETAIL = reason,
			HINT = 'Pass capture => ''row'', or leave it out.';
	END IF;
	IF refused IS NOT NULL THEN
		RAISE EXCEPTION 'role "%" could make no more partitions of source "%"', refused, source USING ERRCODE = 'insufficient_privilege',
			DETAIL = 'Each new partition gets a trigger, which the role that makes it must be allowed to make.',
			HINT = format('Call GRANT EXECUTE ON FUNCTION nudge.capture_changes() TO %I, or pass capture => ''none''.', refused);
	END IF;
	RETURN chosen;
END
$$;
COMMENT ON FUNCTION nudge.choose_capture(text, oid, text) IS 'Works for track_source: statement or row, or an error if what is asked for would miss changes or forbid partitions';

CREATE FUNCTION nudge.drop_capture(source text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT t.trigger_name, t.table_id FROM nudge.triggers_of(source) t WHERE NOT t.is_clone LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', one.trigger_name, one.table_id::regclass);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.drop_capture(text) IS 'Works for track_source: drops the triggers of a source';

CREATE FUNCTION nudge.track_source(source text, keys text[] DEFAULT NULL, capture text DEFAULT 'auto') RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mapped nudge.sources;
	relation oid;
	chosen text := coalesce(capture, 'auto');
	found_keys jsonb;
	statement text;
BEGIN
	PERFORM nudge.check_source_name(coalesce(source, ''));
	IF chosen NOT IN ('auto', 'statement', 'row', 'none') THEN
		RAISE EXCEPTION 'unknown capture "%"', left(chosen, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is how changes are seen.',
			HINT = 'It is auto, statement, row or none.';
	END IF;
	-- mappings stay as they are until the triggers fit them
	LOCK TABLE nudge.sources, nudge.trackings IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = track_source.source;
	IF chosen = 'none' THEN
		SELECT coalesce(jsonb_object_agg(k, k), '{}') INTO found_keys FROM unnest(keys) k;
		PERFORM nudge.drop_capture(source);
	ELSE
		relation := nudge.check_trackable(mapped);
		-- from here on every change is seen: writers in progress are waited for
		-- (and readers, if there are triggers to drop: who reads and then writes would be in the way of a lock that is raised later)
		EXECUTE format('LOCK TABLE %s IN %s MODE', relation::regclass, CASE WHEN EXISTS (SELECT FROM nudge.triggers_of(source)) THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE ROW EXCLUSIVE' END);
		relation := nudge.check_trackable(mapped);
		chosen := nudge.choose_capture(source, relation, chosen);
		found_keys := nudge.capture_keys(mapped, relation, keys);
		PERFORM nudge.drop_capture(source);
		FOR statement IN SELECT t.statement FROM nudge.capture_triggers(source, relation, found_keys, chosen) t WHERE t.statement IS NOT NULL LOOP
			EXECUTE statement;
		END LOOP;
	END IF;
	INSERT INTO nudge.trackings AS t (source, relation, keys, capture) VALUES (track_source.source, mapped.relation, found_keys, chosen)
	ON CONFLICT ON CONSTRAINT trackings_pkey DO UPDATE SET relation = excluded.relation, keys = excluded.keys, capture = excluded.capture, tracked_by = current_user, tracked_at = now();
	-- what has changed before nobody knows
	INSERT INTO nudge.change_log (source) VALUES (track_source.source);
	RETURN chosen;
END
$$;
COMMENT ON FUNCTION nudge.track_source(text, text[], text) IS
	'Captures the changes of a source: makes triggers that write the keys of changed rows to nudge.change_log, and tells whether by statement or by row. Not STRICT: NULL keys are those of the input and of what it refers to';

CREATE FUNCTION nudge.untrack_source(source text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	LOCK TABLE nudge.trackings IN SHARE ROW EXCLUSIVE MODE;
	PERFORM nudge.drop_capture(source);
	DELETE FROM nudge.trackings t WHERE t.source = untrack_source.source;
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION nudge.untrack_source(text) IS
	'Captures the changes of a source no longer: false if it was not tracked. What is in nudge.change_log stays';

-- Whether it is as it must be ---------------------------------------------

CREATE FUNCTION nudge.trigger_problems(source text, relation oid, keys jsonb, capture text) RETURNS TABLE (problem text, table_name text, description text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		SELECT CASE WHEN h.table_id IS NULL THEN 'trigger missing' WHEN m.table_id IS NULL THEN 'trigger left over'
				WHEN h.fires <> 'A' THEN 'trigger disabled' ELSE 'trigger outdated' END,
			coalesce(h.table_id, m.table_id)::regclass::text,
			CASE WHEN h.table_id IS NULL THEN format('Changes that %s would write down are missed.', m.trigger_name)
				WHEN m.table_id IS NULL THEN format('%s is not one that the source should have.', h.trigger_name)
				WHEN h.fires <> 'A' THEN format('%s does not always fire.', h.trigger_name)
				ELSE format('%s watches other columns than the source reads.', h.trigger_name) END
		FROM nudge.capture_triggers(trigger_problems.source, trigger_problems.relation, trigger_problems.keys, trigger_problems.capture) m
		FULL JOIN nudge.triggers_of(trigger_problems.source) h ON h.table_id = m.table_id AND h.trigger_name = m.trigger_name
		WHERE h.table_id IS NULL OR m.table_id IS NULL OR h.fires <> 'A' OR substr(h.arguments, 1, octet_length(m.arguments)) <> m.arguments;
END
$$;
COMMENT ON FUNCTION nudge.trigger_problems(text, oid, jsonb, text) IS 'Works for check_tracking: what differs between the triggers that a source has and those that it must have';

CREATE FUNCTION nudge.check_tracking(source text DEFAULT NULL) RETURNS TABLE (source_name text, problem text, severity text, table_name text, description text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	one record;
BEGIN
	PERFORM nudge.check_source_name(source);
	FOR one IN SELECT s.source, s.relation, to_regclass(s.relation)::oid AS relation_id, t.keys, t.capture, t.relation AS tracked, to_regclass(nudge.source_view(s.input, s.source))::oid AS view_id
		FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
		WHERE check_tracking.source IS NULL OR s.source = check_tracking.source ORDER BY s.source COLLATE "C" LOOP
		source_name := one.source;
		table_name := one.relation;
		severity := 'error';
		IF one.capture IS NULL THEN
			problem := 'not tracked';
			severity := 'warning';
			description := 'Nothing is known of its changes. Call track_source().';
			RETURN NEXT;
		ELSIF one.capture IN ('append_only', 'lookback', 'none') THEN
			CONTINUE;
		ELSIF one.relation_id IS NULL OR one.view_id IS NULL OR one.tracked IS DISTINCT FROM one.relation THEN
			problem := 'table missing';
			description := format('%s, or the view of the source, is not there, or not what is tracked. Map and track it again.', one.tracked);
			RETURN NEXT;
		ELSE
			RETURN QUERY SELECT one.source, p.problem, 'error', p.table_name, p.description || ' Call track_source().'
				FROM nudge.trigger_problems(one.source, one.relation_id, one.keys, one.capture) p ORDER BY p.table_name COLLATE "C", p.problem COLLATE "C", p.description COLLATE "C";
			RETURN QUERY SELECT one.source, 'key renamed', 'error', one.relation, format('The source reads %s no more as key "%s". Map and track it again.', k.value, k.key)
				FROM jsonb_each_text(one.keys) k, nudge.view_reads(one.view_id, one.relation_id) r
				WHERE k.value IS DISTINCT FROM (SELECT r.singles[a.attnum] FROM pg_attribute a WHERE a.attrelid = one.view_id AND a.attname = k.key) ORDER BY k.key COLLATE "C";
			RETURN QUERY SELECT one.source, 'changes not seen', 'error', one.relation, u.reason || ' Call track_source().'
				FROM nudge.unseen_by_statement(one.relation_id) u(reason) WHERE one.capture = 'statement' AND u.reason IS NOT NULL;
			RETURN QUERY SELECT one.source, 'partitions refused', 'error', one.relation, format('Role "%s" can make no partitions of it, since it may not execute nudge.capture_changes().', o.name)
				FROM nudge.refused_owner(one.relation_id) o(name) WHERE one.capture = 'row' AND o.name IS NOT NULL;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.check_tracking(text) IS
	'What is wrong with the capture of the changes of a source, or of all: triggers that are missing, disabled or outdated, tables that are gone. Not STRICT: a NULL source is all';

-- Mapping anew ------------------------------------------------------------

CREATE FUNCTION nudge.follow_mapping() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tracking nudge.trackings;
BEGIN
	SELECT t.* INTO tracking FROM nudge.trackings t WHERE t.source = OLD.source;
	IF NOT FOUND THEN
		RETURN NULL;
	ELSIF TG_OP = 'DELETE' OR NEW.source <> OLD.source THEN
		PERFORM nudge.untrack_source(OLD.source);
	ELSIF tracking.capture IN ('append_only', 'lookback') THEN
		PERFORM CASE WHEN p.xid_column IS NOT NULL THEN nudge.track_appends(NEW.source, p.xid_column, ARRAY(SELECT jsonb_object_keys(tracking.keys)))
			ELSE nudge.track_lookback(NEW.source, p.lookback, p.everything_every, ARRAY(SELECT jsonb_object_keys(tracking.keys))) END
		FROM nudge.polls p WHERE p.source = NEW.source;
	ELSE
		PERFORM nudge.track_source(NEW.source, ARRAY(SELECT jsonb_object_keys(tracking.keys)), CASE tracking.capture WHEN 'statement' THEN 'auto' ELSE tracking.capture END);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.follow_mapping() IS
	'Trigger of nudge.sources: a source that is mapped anew is tracked anew, one that is unmapped no longer. Not STRICT: triggers take no arguments';
CREATE TRIGGER follow_mapping AFTER UPDATE OR DELETE ON nudge.sources FOR EACH ROW EXECUTE FUNCTION nudge.follow_mapping();
COMMENT ON TRIGGER follow_mapping ON nudge.sources IS 'Keeps the triggers of a tracked source as its mapping needs them';

-- Tables that change ------------------------------------------------------

-- Partitions that come or go, columns that are dropped or get values bring no
-- row to a trigger.  Whatever happens here, the command of the user goes on.
CREATE FUNCTION nudge.note_alterations() RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM nudge.trackings t WHERE t.capture <> 'none') THEN
		INSERT INTO nudge.change_log (source)
		SELECT t.source FROM nudge.trackings t
		WHERE t.capture <> 'none' AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
			WHERE c.classid = 'pg_class'::regclass AND c.objid IN (SELECT r.table_id FROM nudge.tables_of(to_regclass(t.relation)) r)
				-- words of an enum may be called otherwise
				OR c.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(t.relation) AND a.attnum > 0 AND a.atttypid = c.objid));
	END IF;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'nudge_metrics does not know what this command has changed' USING DETAIL = SQLERRM || '.', HINT = 'Call track_source() for sources that read the table.';
END
$$;
COMMENT ON FUNCTION nudge.note_alterations() IS
	'Event trigger: after ALTER TABLE of a tracked table, or ALTER TYPE of one of its columns, everything of its source may have changed. Not STRICT: triggers take no arguments';
CREATE EVENT TRIGGER nudge_note_alterations ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'ALTER TYPE') EXECUTE FUNCTION nudge.note_alterations();
-- as the triggers of tables
ALTER EVENT TRIGGER nudge_note_alterations ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER nudge_note_alterations IS 'Notes which tracked tables were altered; it never refuses a command';
