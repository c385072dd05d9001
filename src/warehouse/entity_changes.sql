/*
 * entity_changes.sql
 *		Which keys of which sources must be computed anew when somebody is left
 *		out, counted again, merged or not merged any more.
 *
 * Rules: doc/entities.md.
 */

-- The other keys in rows of those that have changed.
CREATE FUNCTION nudge.keys_beside(source nudge.sources, column_name text, keys text[], others text[]) RETURNS TABLE (key_column text, key text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT DISTINCT o.key_column, o.key FROM %s v, LATERAL (VALUES %s) o(key_column, key) WHERE v.%I = ANY ($1) AND o.key IS NOT NULL',
		nudge.source_view(source.input, source.source), (SELECT string_agg(format('(%1$L::text, v.%1$I::text)', o), ', ') FROM unnest(others) o), column_name) USING keys;
EXCEPTION WHEN OTHERS THEN
	-- what cannot be read may be anything
	key_column := NULL;
	key := NULL;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION nudge.keys_beside(nudge.sources, text, text[], text[]) IS
	'Works for note_entities: the keys in other columns of the rows of some keys of a source; a row of NULLs if the caller cannot read it';

-- As capture would if all rows of the keys had changed.
CREATE FUNCTION nudge.note_entities(entity text, keys text[], targets text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- The log is led to keys before the rows are read here, or after the lists are
	-- committed: else a row that comes between counted as before, and would go on so.
	PERFORM pg_advisory_xact_lock('nudge.change_log'::regclass::oid::integer, 0);
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		-- what has been committed since the transaction began is not to be seen
		INSERT INTO nudge.change_log (source) SELECT s.source FROM nudge.sources s, LATERAL nudge.entity_columns(s.input) c WHERE c.entity = note_entities.entity ORDER BY s.source COLLATE "C";
		RETURN;
	END IF;
	INSERT INTO nudge.change_log (source, key_column, key)
	SELECT s.source, n.key_column, n.key
	FROM nudge.sources s JOIN LATERAL nudge.entity_columns(s.input) c ON c.entity = note_entities.entity LEFT JOIN nudge.trackings t ON t.source = s.source,
		LATERAL (SELECT ARRAY(SELECT jsonb_object_keys(t.keys) UNION SELECT e.column_name FROM nudge.entity_columns(s.input) e WHERE t.source IS NULL EXCEPT SELECT c.column_name)) o(others),
		LATERAL (SELECT c.column_name AS key_column, k AS key FROM unnest(note_entities.keys || note_entities.targets) k
			UNION SELECT b.key_column, b.key FROM nudge.keys_beside(s, c.column_name, note_entities.keys, o.others) b WHERE o.others <> '{}') n
	ORDER BY s.source COLLATE "C", n.key_column COLLATE "C", n.key COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.note_entities(text, text[], text[]) IS
	'Works for the triggers of nudge.exclusions and nudge.entity_merges: writes to nudge.change_log that the rows of keys count otherwise, for these keys, those as which they count or counted, and all keys in the same rows';

CREATE FUNCTION nudge.note_exclusions() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	entities text[];
	keys text[];
	one record;
BEGIN
	IF TG_OP = 'INSERT' THEN
		SELECT array_agg(n.entity), array_agg(n.key) INTO entities, keys FROM new_rows n;
	ELSIF TG_OP = 'DELETE' THEN
		SELECT array_agg(o.entity), array_agg(o.key) INTO entities, keys FROM old_rows o;
	ELSE
		-- a reason changes nothing
		SELECT array_agg(d.entity), array_agg(d.key) INTO entities, keys
		FROM (SELECT d.entity, d.key FROM (SELECT n.entity, n.key FROM new_rows n UNION ALL SELECT o.entity, o.key FROM old_rows o) d GROUP BY d.entity, d.key HAVING count(*) = 1) d;
	END IF;
	FOR one IN SELECT u.entity, array_agg(u.key ORDER BY u.key COLLATE "C") AS keys FROM unnest(entities, keys) u(entity, key) GROUP BY u.entity ORDER BY u.entity COLLATE "C" LOOP
		-- with those that count as them, and those as which they count
		PERFORM nudge.note_entities(one.entity, nudge.with_merged(one.entity, one.keys), ARRAY(SELECT m.counted_as FROM nudge.entity_merges m WHERE m.entity = one.entity AND m.key = ANY (one.keys)));
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.note_exclusions() IS 'Trigger of nudge.exclusions: writes to nudge.change_log whose rows count no more, or again. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.note_merges() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed nudge.entity_merges[];
	one record;
BEGIN
	IF TG_OP = 'INSERT' THEN
		changed := ARRAY(SELECT n FROM new_rows n);
	ELSIF TG_OP = 'DELETE' THEN
		changed := ARRAY(SELECT o FROM old_rows o);
	ELSE
		changed := ARRAY(SELECT n FROM new_rows n UNION ALL SELECT o FROM old_rows o);
	END IF;
	FOR one IN
		SELECT d.entity, array_agg(DISTINCT d.key) AS keys, array_agg(DISTINCT d.merged_into) || array_agg(DISTINCT d.counted_as) FILTER (WHERE d.counted_as <> '') AS targets
		FROM (SELECT u.entity, u.key, u.merged_into, u.counted_as FROM unnest(changed) u GROUP BY u.entity, u.key, u.merged_into, u.counted_as, u.merged_at HAVING TG_OP <> 'UPDATE' OR count(*) = 1) d
		GROUP BY d.entity ORDER BY d.entity COLLATE "C"
	LOOP
		PERFORM nudge.note_entities(one.entity, one.keys, one.targets);
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.note_merges() IS 'Trigger of nudge.entity_merges: writes to nudge.change_log whose rows count as those of another, or no more. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.note_everything() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.change_log (source) SELECT s.source FROM nudge.sources s WHERE EXISTS (SELECT FROM nudge.entity_columns(s.input)) ORDER BY s.source COLLATE "C";
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.note_everything() IS 'Trigger of nudge.exclusions and nudge.entity_merges: after TRUNCATE everything may have changed. Not STRICT: triggers take no arguments';

--@ for table=exclusions,entity_merges f=note_exclusions,note_merges
CREATE TRIGGER note_insert AFTER INSERT ON nudge.@table@ REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.@f@();
COMMENT ON TRIGGER note_insert ON nudge.@table@ IS 'Whose rows count otherwise is computed anew';
CREATE TRIGGER note_update AFTER UPDATE ON nudge.@table@ REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.@f@();
COMMENT ON TRIGGER note_update ON nudge.@table@ IS 'Whose rows count otherwise is computed anew';
CREATE TRIGGER note_delete AFTER DELETE ON nudge.@table@ REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.@f@();
COMMENT ON TRIGGER note_delete ON nudge.@table@ IS 'Whose rows count otherwise is computed anew';
CREATE TRIGGER note_truncate AFTER TRUNCATE ON nudge.@table@ FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_everything();
COMMENT ON TRIGGER note_truncate ON nudge.@table@ IS 'All sources are computed anew';
--@ end
