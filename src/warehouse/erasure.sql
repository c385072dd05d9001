/*
 * erasure.sql
 *		Where somebody is, and how they are forgotten: in lists, histories,
 *		closed periods, logs and materialisations.
 *
 * Rules: doc/erasure.md.
 */

CREATE TABLE nudge.erasures (
	erasure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	entity text NOT NULL,
	key_hash text NOT NULL,
	begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	erased_by name NOT NULL DEFAULT session_user,
	objects jsonb NOT NULL DEFAULT '{}'
);
SELECT pg_catalog.pg_extension_config_dump('nudge.erasures', '');
SELECT pg_catalog.pg_extension_config_dump('nudge.erasures_erasure_id_seq', '');
COMMENT ON SEQUENCE nudge.erasures_erasure_id_seq IS 'Numbers of erasures';
COMMENT ON TABLE nudge.erasures IS 'Who was forgotten: the proof, without the key';
COMMENT ON COLUMN nudge.erasures.erasure_id IS 'Number; in closed periods it stands in place of the key';
COMMENT ON COLUMN nudge.erasures.entity IS 'customer, user, visitor, lead or deal';
COMMENT ON COLUMN nudge.erasures.key_hash IS 'SHA-256 of the entity, a colon and the key, in hexadecimal: who knows the key can tell that it was forgotten';
COMMENT ON COLUMN nudge.erasures.begun_at IS 'When it began';
COMMENT ON COLUMN nudge.erasures.ended_at IS 'When nothing was left; NULL while it is at work, or after it failed';
COMMENT ON COLUMN nudge.erasures.erased_by IS 'Who asked for it';
COMMENT ON COLUMN nudge.erasures.objects IS 'Rows that were erased, by table';

-- The key and those that were merged into it.
CREATE FUNCTION nudge.keys_of_entity(entity text, key text) RETURNS text[]
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN ARRAY[key] || ARRAY(SELECT k FROM unnest(nudge.with_merged(entity, ARRAY[key])) k WHERE k <> key ORDER BY k COLLATE "C");
COMMENT ON FUNCTION nudge.keys_of_entity(text, text) IS 'A key, and the keys that were merged into it. Not STRICT: NULL is a key that nobody has';

-- Tables with the column of an entity: where to look, and how.
CREATE FUNCTION nudge.entity_places(entity text) RETURNS TABLE (kind text, object text, condition text)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 30
BEGIN ATOMIC
	SELECT 'source', nudge.source_view(s.input, s.source), string_agg(format('%I = ANY ($1)', c.column_name), ' OR ' ORDER BY c.place)
	FROM nudge.sources s JOIN LATERAL nudge.entity_columns(s.input) c ON c.entity = entity_places.entity
	WHERE to_regclass(nudge.source_view(s.input, s.source)) IS NOT NULL GROUP BY s.input, s.source
	UNION ALL
	SELECT 'materialisation', nudge.mart_table(m.name), string_agg(format('%I::text = ANY ($1)', a.attname), ' OR ' ORDER BY a.attnum)
	FROM nudge.materialisations m JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass(nudge.mart_table(m.name)) AND a.attnum > 0 AND NOT a.attisdropped
	WHERE a.attname::text = CASE entity_places.entity WHEN 'visitor' THEN 'anonymous_id' ELSE entity_places.entity END GROUP BY m.name
	UNION ALL
	SELECT 'closed period', 'nudge.closed_period_rows', 'customer = ANY ($1)' WHERE entity_places.entity = 'customer'
	UNION ALL
	SELECT 'list', 'nudge.external_customers', 'customer = ANY ($1)' WHERE entity_places.entity = 'customer'
	UNION ALL
	SELECT 'list', l.object, l.condition
	FROM (VALUES ('nudge.exclusions', format('(entity = %1$L AND key = ANY ($1) OR through = ANY (SELECT concat(%1$L, '' '', k) FROM unnest($1) k))', entity_places.entity)), ('nudge.entity_merges', format('entity = %L AND (key = ANY ($1) OR merged_into = ANY ($1) OR counted_as = ANY ($1))', entity_places.entity))) l(object, condition)
	UNION ALL
	SELECT 'log', l.object, l.condition FROM (VALUES
		('nudge.change_log', format('key = ANY ($1) AND key_column IN (SELECT c.column_name FROM nudge.inputs i, LATERAL nudge.entity_columns(i.input) c WHERE c.entity = %L)', entity_places.entity)),
		('nudge.pending', format('key = ANY ($1) AND materialisation IN (SELECT m.name FROM nudge.materialisations m WHERE m.key_column = %L)', entity_places.entity)),
		('nudge.quarantine', format('key = ANY ($1) AND materialisation IN (SELECT m.name FROM nudge.materialisations m WHERE m.key_column = %L)', entity_places.entity))) l(object, condition)
	ORDER BY 1, 2;
END;
COMMENT ON FUNCTION nudge.entity_places(text) IS 'Works for find_entity and forget: the relations that hold keys of an entity, with a condition on $1, the keys';

-- What others own is read as they, since views and types may call functions.
CREATE FUNCTION nudge.find_keys(entity text, keys text[]) RETURNS TABLE (kind text, object text, row_count bigint)
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	place record;
BEGIN
	PERFORM nudge.check_entity(entity, false);
	FOR place IN SELECT p.* FROM nudge.entity_places(entity) p LOOP
		IF place.kind IN ('source', 'materialisation') THEN
			PERFORM nudge.check_trust(place.object);
			SELECT r.rows_written INTO row_count FROM nudge.run_as_owner(place.object::regclass, format('SELECT count(*), 0::bigint, NULL::jsonb FROM %s WHERE %s', place.object, place.condition), keys, NULL, NULL) r;
		ELSE
			EXECUTE format('SELECT count(*) FROM %s WHERE %s', place.object, place.condition) INTO row_count USING keys;
		END IF;
		kind := place.kind;
		object := place.object;
		IF row_count > 0 THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.find_keys(text, text[]) IS 'Works for find_entity and forget: where rows of some keys are';

CREATE FUNCTION nudge.find_entity(entity text, key text) RETURNS TABLE (kind text, object text, row_count bigint)
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	SELECT f.kind, f.object, f.row_count FROM nudge.find_keys(find_entity.entity, nudge.keys_of_entity(find_entity.entity, find_entity.key)) f;
END;
COMMENT ON FUNCTION nudge.find_entity(text, text) IS
	'Where rows of a customer, user, visitor, lead or deal are, and how many: in sources, materialisations, closed periods, lists and logs; with the keys that were merged into it';

-- Histories ---------------------------------------------------------------

-- Rows of a history that is a source, by the column that is the key.
CREATE FUNCTION nudge.erase_history(source nudge.sources, entity text, keys text[]) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	history constant oid := to_regclass(source.relation);
	column_name text;
	erased bigint := 0;
BEGIN
	FOR column_name IN SELECT nudge.key_column_of(c.expression, history) FROM nudge.source_columns(source.input, source.columns, nudge.source_has(history::regclass || ' AS r')) c
		JOIN nudge.entity_columns(source.input) e ON e.column_name = c.column_name AND e.entity = erase_history.entity WHERE c.expression IS NOT NULL LOOP
		erased := erased + (SELECT coalesce(sum(r.rows_written), 0) FROM nudge.run_as_owner(history::regclass,
			format('WITH gone AS (DELETE FROM %s WHERE %I::text = ANY ($1) RETURNING 1) SELECT count(*), 0::bigint, NULL::jsonb FROM gone', history::regclass, column_name), keys, NULL, NULL) r WHERE column_name IS NOT NULL);
	END LOOP;
	RETURN erased;
END
$$;
COMMENT ON FUNCTION nudge.erase_history(nudge.sources, text, text[]) IS 'Works for forget: deletes the rows of an entity from a history that is a source, as its owner; tells how many';

-- Forgetting --------------------------------------------------------------

CREATE FUNCTION nudge.begin_erasure(entity text, all_keys text[]) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	erasure bigint;
	source nudge.sources;
	erased bigint;
	counts jsonb := '{}';
	left_over text;
	place record;
BEGIN
	PERFORM nudge.check_entity(entity, false);
	IF all_keys[1] IS NULL THEN
		RAISE EXCEPTION 'the key of who is to be forgotten must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Nobody has it.',
			HINT = 'Pass the key as text, as the inputs have it.';
	END IF;
	FOR source IN SELECT s.* FROM nudge.sources s JOIN nudge.histories h ON h.history = s.relation ORDER BY s.source COLLATE "C" LOOP
		erased := nudge.erase_history(source, entity, all_keys);
		counts := counts || CASE WHEN erased > 0 THEN jsonb_build_object(source.relation, erased) ELSE '{}' END;
	END LOOP;
	-- your own tables are yours to delete from
	SELECT string_agg(format('%s (%s)', f.object, f.row_count), ', ' ORDER BY f.object COLLATE "C") INTO left_over FROM nudge.find_keys(entity, all_keys) f WHERE f.kind = 'source';
	IF left_over IS NOT NULL THEN
		RAISE EXCEPTION 'sources still have rows of this %', entity USING ERRCODE = 'object_in_use',
			DETAIL = format('They are in %s.', left_over),
			HINT = 'Delete them from your tables first: what is computed from them would come back.';
	END IF;
	INSERT INTO nudge.erasures (entity, key_hash) VALUES (begin_erasure.entity, encode(sha256(convert_to(begin_erasure.entity || ':' || all_keys[1], 'UTF8')), 'hex')) RETURNING erasure_id INTO erasure;
	-- sums of closed periods stay as they were reported
	IF entity = 'customer' THEN
		UPDATE nudge.closed_period_rows r SET customer = concat('erased ', erasure, CASE WHEN k.n > 1 THEN '.' || k.n END) FROM unnest(all_keys) WITH ORDINALITY k(key, n) WHERE r.customer = k.key;
		GET DIAGNOSTICS erased = ROW_COUNT;
		counts := counts || CASE WHEN erased > 0 THEN jsonb_build_object('nudge.closed_period_rows', erased) ELSE '{}' END;
	END IF;
	FOR place IN SELECT p.* FROM nudge.entity_places(entity) p WHERE p.kind = 'list' LOOP
		EXECUTE format('DELETE FROM %s WHERE %s', place.object, place.condition) USING all_keys;
		GET DIAGNOSTICS erased = ROW_COUNT;
		counts := counts || CASE WHEN erased > 0 THEN jsonb_build_object(place.object, erased) ELSE '{}' END;
	END LOOP;
	-- what is computed is computed anew without them
	counts := counts || coalesce((SELECT jsonb_object_agg(f.object, f.row_count) FROM nudge.find_keys(entity, all_keys) f WHERE f.kind = 'materialisation'), '{}');
	INSERT INTO nudge.change_log (source, key_column, key)
	SELECT DISTINCT nudge.staging_name(s.input), c.column_name, k FROM nudge.sources s JOIN LATERAL nudge.entity_columns(s.input) c ON c.entity = begin_erasure.entity, unnest(all_keys) k;
	-- messages may name them
	UPDATE nudge.runs r SET error = 'erased' WHERE EXISTS (SELECT FROM unnest(all_keys) k WHERE position(k IN r.error) > 0);
	UPDATE nudge.quarantine q SET error = 'erased' WHERE EXISTS (SELECT FROM unnest(all_keys) k WHERE position(k IN q.error) > 0);
	UPDATE nudge.materialisations m SET last_error = 'erased' WHERE EXISTS (SELECT FROM unnest(all_keys) k WHERE position(k IN m.last_error) > 0);
	UPDATE nudge.erasures e SET objects = counts WHERE e.erasure_id = erasure;
	RETURN erasure;
END
$$;
COMMENT ON FUNCTION nudge.begin_erasure(text, text[]) IS 'Works for forget: erases what is kept, and lets what is computed be computed anew. Not STRICT: a NULL key is an error';

CREATE FUNCTION nudge.end_erasure(erasure bigint, entity text, all_keys text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	left_over text;
	place record;
BEGIN
	-- what has been worked on is no longer needed, and what is aside never will be
	FOR place IN SELECT p.* FROM nudge.entity_places(entity) p WHERE p.object = 'nudge.quarantine' LOOP
		EXECUTE format('DELETE FROM %s WHERE %s', place.object, place.condition) USING all_keys;
	END LOOP;
	SELECT string_agg(format('%s (%s)', f.object, f.row_count), ', ' ORDER BY f.object COLLATE "C") INTO left_over FROM nudge.find_keys(entity, all_keys) f;
	IF left_over IS NOT NULL THEN
		RAISE EXCEPTION 'this % is not forgotten yet', entity USING ERRCODE = 'object_in_use',
			DETAIL = format('There are rows in %s.', left_over),
			HINT = 'See nudge.freshness for what could not be refreshed, and call forget() again.';
	END IF;
	UPDATE nudge.erasures e SET ended_at = clock_timestamp() WHERE e.erasure_id = erasure;
END
$$;
COMMENT ON FUNCTION nudge.end_erasure(bigint, text, text[]) IS 'Works for forget: writes down that nothing is left, or an error that says what is';

CREATE PROCEDURE nudge.forget(entity text, key text)
	LANGUAGE plpgsql
AS $$
DECLARE
	erasure bigint;
	all_keys text[];
	one text;
	first boolean := true;
	outcome text;
BEGIN
	CALL nudge.check_may_commit();
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.pin_search_path();
	all_keys := nudge.keys_of_entity(coalesce(entity, ''), key);
	erasure := nudge.begin_erasure(entity, all_keys);
	COMMIT;
	FOREACH one IN ARRAY ARRAY(SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth) LOOP
		CALL nudge.run_refresh(one, 'refresh', first, 'infinity', NULL, NULL, outcome);
		first := false;
		PERFORM nudge.report_outcome(one, outcome, true);
		COMMIT;
	END LOOP;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.pin_search_path();
	PERFORM nudge.end_erasure(erasure, entity, all_keys);
END
$$;
COMMENT ON PROCEDURE nudge.forget(text, text) IS
	'Forgets a customer, user, visitor, lead or deal that the sources have no more: in histories, lists, closed periods, logs and materialisations; a row of nudge.erasures is the proof';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace AND p.proname OPERATOR(pg_catalog.=) ANY ('{find_keys,find_entity,erase_history,begin_erasure,end_erasure,forget}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.erasures TO %s WITH GRANT OPTION', owner);
END
$$;
