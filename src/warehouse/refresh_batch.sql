/*
 * refresh_batch.sql
 *		What has changed is led to keys, and all rows of a key are computed anew, in
 *		one transaction for each batch of keys.
 *
 * Rules: doc/refresh.md.
 */

-- C -----------------------------------------------------------------------

CREATE FUNCTION nudge.run_as_owner(relation regclass, statement text, keys text[], after timestamptz, until timestamptz, OUT rows_written bigint, OUT rows_deleted bigint, OUT changed jsonb)
	AS 'MODULE_PATHNAME', 'nm_run_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION nudge.run_as_owner(regclass, text, text[], timestamptz, timestamptz) IS
	'Works for the refresh: runs a statement with the rights of the owner of a relation, as REFRESH MATERIALIZED VIEW does. Not STRICT: a statement may take no keys and no times';

CREATE FUNCTION nudge.compute_as_owner(relation regclass, statement text, keys text[], OUT rows_written bigint, OUT rows_deleted bigint, OUT changed jsonb)
	AS 'MODULE_PATHNAME', 'nm_compute_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION nudge.compute_as_owner(regclass, text, text[]) IS
	'Works for the refresh: as run_as_owner, of a batch: nudge.batch_keys() are its keys. Not STRICT: NULL keys are all';

CREATE PROCEDURE nudge.check_may_commit()
	AS 'MODULE_PATHNAME', 'nm_check_may_commit' LANGUAGE C;
COMMENT ON PROCEDURE nudge.check_may_commit() IS 'Works for the refresh: an error where a procedure cannot commit';

-- The statement of a batch ------------------------------------------------

-- All rows of some keys, or of all: those that differ are written, those that
-- are no more are deleted.  What others depend on is told, old values and new.
CREATE FUNCTION nudge.batch_statement(name text, by_keys boolean, is_empty boolean) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.materialisations;
	key_type text;
	columns text;
	others text[];
	same_row text;
	watched text;
	scope text;
BEGIN
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = batch_statement.name;
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attname <> ALL (m.row_key)),
		max(format_type(a.atttypid, a.atttypmod)) FILTER (WHERE a.attname = m.key_column)
	INTO columns, others, key_type FROM pg_attribute a WHERE a.attrelid = nudge.definition_view(name)::regclass AND a.attnum > 0;
	IF is_empty THEN
		RETURN format('WITH written AS (INSERT INTO %s AS w (%s) SELECT %s FROM %s AS f WHERE f.%I IS NOT NULL RETURNING %s) SELECT count(*), 0::bigint, NULL::jsonb FROM written',
			nudge.mart_table(name), columns, columns, nudge.definition_view(name), m.key_column, coalesce(nudge.number_check(name), '1'));
	END IF;
	-- record_eq compares by the type, in whatever schema its operators are
	same_row := format('a.%1$I = b.%1$I', m.key_column) || coalesce((SELECT format(' AND record_eq(ROW(%s), ROW(%s))', string_agg('a.' || quote_ident(k), ', ' ORDER BY n), string_agg('b.' || quote_ident(k), ', ' ORDER BY n))
		FROM unnest(m.row_key) WITH ORDINALITY u(k, n) WHERE k <> m.key_column HAVING count(*) > 0), '');
	-- many rows of one key are found by a hash of the rest, where its types have one
	IF cardinality(m.row_key) > 1 AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = nudge.definition_view(name)::regclass AND a.attname = ANY (m.row_key)
		AND a.atttypid <> ALL ('{text,varchar,int2,int4,int8,numeric,bool,date,timestamp,timestamptz,uuid}'::regtype[])) THEN
		same_row := same_row || (SELECT format(' AND hash_record(ROW(%s)) = hash_record(ROW(%s))', string_agg('a.' || quote_ident(k), ', ' ORDER BY n), string_agg('b.' || quote_ident(k), ', ' ORDER BY n))
			FROM unnest(m.row_key) WITH ORDINALITY u(k, n));
	END IF;
	SELECT string_agg(format(
			'%1$L, (SELECT jsonb_agg(v.v) FROM (SELECT c.%1$I::text AS v FROM changed c UNION SELECT g.%1$I::text FROM gone g%2$s) v WHERE v.v IS NOT NULL)', d.key_column,
			CASE WHEN d.key_column = ANY (m.row_key) THEN '' ELSE format(' UNION SELECT a.%I::text FROM stored a JOIN changed b ON %s', d.key_column, same_row) END), ', ' ORDER BY d.key_column)
	INTO watched FROM (SELECT DISTINCT e.key_column FROM nudge.dependencies e WHERE e.upstream = nudge.mart_table(batch_statement.name) AND e.key_column IS NOT NULL) d;
	scope := CASE WHEN by_keys THEN format('%I = ANY ($1::%s[])', m.key_column, key_type) ELSE format('%I IS NOT NULL', m.key_column) END;
	RETURN concat_ws(E'\n',
		format('WITH fresh AS MATERIALIZED (SELECT %s FROM %s AS f WHERE f.%s),', columns, nudge.definition_view(name), scope),
		format('stored AS MATERIALIZED (SELECT %s FROM %s AS s WHERE s.%s),', columns, nudge.mart_table(name), scope),
		format('changed AS MATERIALIZED (SELECT * FROM fresh a WHERE NOT EXISTS (SELECT FROM stored b WHERE %s%s)),', same_row,
			coalesce((SELECT format(' AND record_image_eq(ROW(%s), ROW(%s))', string_agg('a.' || o, ', '), string_agg('b.' || o, ', ')) FROM unnest(others) o HAVING count(*) > 0), '')),
		format('gone AS MATERIALIZED (SELECT * FROM stored a WHERE NOT EXISTS (SELECT FROM fresh b WHERE %s)),', same_row),
		format('deleted AS (DELETE FROM %s AS a USING gone b WHERE %s RETURNING 1),', nudge.mart_table(name), same_row),
		-- a row that is nothing but its key does not change; twice the same key is an error
		format('written AS (INSERT INTO %s AS w (%s) SELECT * FROM changed%s RETURNING xmax = 0 AS is_new%s)', nudge.mart_table(name), columns,
			format(' ON CONFLICT (%s) DO UPDATE SET ', (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(m.row_key) WITH ORDINALITY u(k, n)))
				|| (SELECT string_agg(format('%1$s = excluded.%1$s', o), ', ') FROM unnest(others) o), ', ' || nudge.number_check(name)),
		-- even if one of the two is as stored: then there are more rows than are stored now, which is told by a negative number
		format('SELECT (SELECT CASE WHEN (SELECT count(*) FROM fresh) = (SELECT count(*) FROM stored) - (SELECT count(*) FROM gone) + count(*) FILTER (WHERE w.is_new) THEN count(*) ELSE -1 END FROM written w), (SELECT count(*) FROM deleted), %s',
			coalesce(CASE WHEN by_keys THEN format('jsonb_build_object(%s)', watched)
				ELSE format('CASE WHEN (SELECT count(*) FROM changed) + (SELECT count(*) FROM gone) <= 100000 THEN jsonb_build_object(%s) END', watched) END, 'NULL::jsonb')));
END
$$;
COMMENT ON FUNCTION nudge.batch_statement(text, boolean, boolean) IS 'Works for the refresh: the statement that makes rows of some keys, or of all, what the query says';

-- From what has changed to keys -------------------------------------------

CREATE FUNCTION nudge.mark_everything(name text, reason text, at timestamptz DEFAULT clock_timestamp()) RETURNS void
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO nudge.pending (materialisation, reason, at)
	SELECT mark_everything.name, mark_everything.reason, mark_everything.at
	WHERE EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = mark_everything.name);
END;
COMMENT ON FUNCTION nudge.mark_everything(text, text, timestamptz) IS 'Works for the refresh: lets all keys of a materialisation be computed anew';

-- A map that reads the upstream itself, or a table of it, no longer leads to the key that a row has left,
-- unless rows are only ever added.
CREATE FUNCTION nudge.is_map_certain(materialisation text, upstream text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN NOT EXISTS (SELECT FROM nudge.dependencies d, nudge.view_upstreams(nudge.dependency_map(d)) u WHERE d.materialisation = is_map_certain.materialisation AND d.upstream = is_map_certain.upstream AND d.has_map
			AND (u = d.upstream OR EXISTS (SELECT FROM nudge.sources s WHERE nudge.staging_name(s.input) = d.upstream AND s.relation = u)))
		OR NOT starts_with(upstream, 'nudge_analytics.') AND NOT EXISTS (SELECT FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
			WHERE nudge.staging_name(s.input) = upstream AND t.capture IS DISTINCT FROM 'append_only');
COMMENT ON FUNCTION nudge.is_map_certain(text, text) IS 'Works for the refresh: whether a map leads to all keys that a change belongs to, those that a row has left included';

-- Keys that a change of an upstream belongs to; NULL: all may have changed.
CREATE FUNCTION nudge.mapped_keys(dependency nudge.dependencies, keys text[]) RETURNS text[]
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := nudge.dependency_map(dependency);
	found jsonb;
BEGIN
	IF NOT dependency.has_map THEN
		RETURN keys;
	ELSIF NOT nudge.is_map_certain(dependency.materialisation, dependency.upstream) THEN
		RETURN NULL;
	END IF;
	PERFORM nudge.check_trust(view_name);
	SELECT r.changed INTO found FROM nudge.run_as_owner(view_name::regclass,
		format('SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(DISTINCT v.key), ''[]'') FROM %s v WHERE v.changed = ANY ($1) AND v.key IS NOT NULL', view_name), keys, NULL, NULL) r;
	RETURN ARRAY(SELECT k FROM jsonb_array_elements_text(found) k);
EXCEPTION WHEN OTHERS THEN
	-- what cannot be told apart may be all
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.mapped_keys(nudge.dependencies, text[]) IS 'Works for the refresh: the keys of a materialisation that belong to what has changed in an upstream; NULL if that cannot be told';

-- Where an upstream leads to keys by several columns, a source that is not said to
-- have one of them leads by the others.
CREATE FUNCTION nudge.is_key_written(source text, dependency nudge.dependencies) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.trackings t JOIN nudge.sources s ON s.source = t.source WHERE t.source = is_key_written.source AND (t.keys ? (dependency).key_column
		OR s.columns ->> (dependency).key_column IS NULL
			-- what a query has is not looked up here: it may have the column
			AND (s.columns ? (dependency).key_column OR to_regclass(s.relation) IS NOT NULL
				AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = to_regclass(s.relation) AND a.attname = (dependency).key_column AND a.attnum > 0 AND NOT a.attisdropped))
			AND EXISTS (SELECT FROM nudge.dependencies d WHERE d.materialisation = (dependency).materialisation AND d.upstream = (dependency).upstream AND t.keys ? d.key_column)));
COMMENT ON FUNCTION nudge.is_key_written(text, nudge.dependencies) IS 'Works for the refresh: whether all changes of a source that may lead to keys of a materialisation by a column are written down with it';

CREATE FUNCTION nudge.add_pending(dependency nudge.dependencies, source text, key_column text, keys text[], at timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	IF key_column IS NOT NULL AND dependency.key_column IS NOT NULL THEN
		IF key_column = dependency.key_column THEN
			found := nudge.mapped_keys(dependency, keys);
		ELSIF source ~ '[.]' OR nudge.is_key_written(source, dependency) THEN
			-- the column that matters is written down by rows of its own
			RETURN;
		END IF;
	END IF;
	IF found IS NULL THEN
		PERFORM nudge.mark_everything(dependency.materialisation, source, at);
	ELSE
		INSERT INTO nudge.pending (materialisation, key, at, reason) SELECT dependency.materialisation, k, add_pending.at, source FROM unnest(found) k;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.add_pending(nudge.dependencies, text, text, text[], timestamptz) IS
	'Works for the refresh: writes down which keys of a materialisation are to be computed after changes of a source. Not STRICT: a NULL key column is everything';

-- Rows of a key that is merged count as those of another: both have changed.
CREATE FUNCTION nudge.counted_keys(upstream text, key_column text, keys text[]) RETURNS text[]
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN CASE WHEN cardinality(keys) = 0 OR NOT EXISTS (SELECT FROM nudge.entity_merges m) THEN keys ELSE ARRAY(
		SELECT k FROM unnest(keys) k
		UNION
		SELECT m.counted_as FROM nudge.inputs i JOIN LATERAL nudge.entity_columns(i.input) e ON e.column_name = counted_keys.key_column
			JOIN nudge.entity_merges m ON m.entity = e.entity JOIN unnest(counted_keys.keys) k ON k = m.key
		WHERE nudge.staging_name(i.input) = counted_keys.upstream) END;
COMMENT ON FUNCTION nudge.counted_keys(text, text, text[]) IS 'Works for the refresh: keys of an input that have changed, and those as which they count. Not STRICT: a NULL key column is everything';

CREATE FUNCTION nudge.fan_out(max_rows integer DEFAULT 100000) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	taken bigint := 0;
	one record;
	dependency nudge.dependencies;
BEGIN
	PERFORM nudge.check_read_committed();
	-- one at a time, so that two do not wait for each other's rows
	PERFORM pg_advisory_xact_lock('nudge.change_log'::regclass::oid::integer, 0);
	PERFORM nudge.note_triggers();
	FOR one IN
		WITH taken AS (
			DELETE FROM nudge.change_log l WHERE l.ctid = ANY (ARRAY(SELECT c.ctid FROM nudge.change_log c LIMIT max_rows)) RETURNING l.source, l.key_column, l.key, l.at
		)
		SELECT t.source, t.key_column, array_agg(DISTINCT t.key) FILTER (WHERE t.key IS NOT NULL) AS keys, min(t.at) AS at, count(*) AS n
		FROM taken t GROUP BY t.source, t.key_column ORDER BY t.source COLLATE "C", t.key_column COLLATE "C" LOOP
		taken := taken + one.n;
		FOR dependency IN SELECT d.* FROM nudge.dependencies d
			WHERE d.upstream = CASE WHEN one.source ~ '[.]' THEN one.source ELSE (SELECT nudge.staging_name(s.input) FROM nudge.sources s WHERE s.source = one.source) END
			ORDER BY d.materialisation COLLATE "C" LOOP
			PERFORM nudge.add_pending(dependency, one.source, one.key_column, nudge.counted_keys(dependency.upstream, one.key_column, coalesce(one.keys, '{}')), one.at);
		END LOOP;
	END LOOP;
	RETURN taken;
END
$$;
COMMENT ON FUNCTION nudge.fan_out(integer) IS 'Takes rows of nudge.change_log and writes the keys of materialisations that they lead to into nudge.pending; tells how many rows it took';

CREATE FUNCTION nudge.check_read_committed() RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- what has changed is taken before it is read, by a snapshot of its own
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'a refresh needs isolation level read committed' USING ERRCODE = 'invalid_transaction_state',
			DETAIL = format('It is %s: a change that comes while it reads would be lost.', current_setting('transaction_isolation')),
			HINT = 'CALL nudge.refresh() and nudge.run_due() see to it by themselves.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_read_committed() IS 'Works for the refresh: an error unless each statement sees what was committed before it';

-- One batch ---------------------------------------------------------------

-- Both by the index, in its order: a table that was empty a moment ago is large
-- now, and the planner knows nothing of that.
CREATE FUNCTION nudge.next_keys(name text, after text, size integer, OUT everything boolean, OUT keys text[])
	LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
	SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashagg = off SET jit = off
AS $$
BEGIN
	everything := EXISTS (SELECT FROM nudge.pending p WHERE p.materialisation = name AND p.key IS NULL);
	keys := ARRAY(SELECT DISTINCT p.key FROM nudge.pending p
		WHERE NOT everything AND p.materialisation = name AND (after IS NULL OR p.key > after) AND p.key IS NOT NULL ORDER BY p.key LIMIT size);
END
$$;
COMMENT ON FUNCTION nudge.next_keys(text, text, integer) IS 'Works for the refresh: whether all keys are pending, otherwise the next ones that are. Not STRICT: NULL begins with the first';

CREATE FUNCTION nudge.take_pending(name text, keys text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
BEGIN
	IF keys IS NULL THEN
		DELETE FROM nudge.pending p WHERE p.materialisation = name;
	ELSE
		-- planned with the keys as they are: each is found by the index, or in its range by a hash table
		EXECUTE 'DELETE FROM nudge.pending p WHERE p.materialisation = $1 AND p.key = ANY ($2) AND p.key >= $3 AND p.key <= $4'
		USING name, keys, (SELECT min(k COLLATE "C") FROM unnest(keys) k), (SELECT max(k COLLATE "C") FROM unnest(keys) k);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.take_pending(text, text[]) IS 'Works for the refresh: takes some keys of a materialisation out of nudge.pending, to be computed. Not STRICT: NULL keys are all that is there';

CREATE FUNCTION nudge.note_changes(name text, changed jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF changed IS NULL THEN
		INSERT INTO nudge.change_log (source) SELECT nudge.mart_table(name) WHERE EXISTS (SELECT FROM nudge.dependencies d WHERE d.upstream = nudge.mart_table(name));
	ELSE
		-- rows without a key are of no key, but they are changes
		INSERT INTO nudge.change_log (source, key_column, key)
		SELECT nudge.mart_table(name), c.key, k FROM jsonb_each(changed) c, jsonb_array_elements_text(CASE jsonb_typeof(c.value) WHEN 'array' THEN c.value ELSE '[null]' END) k
		-- of no column: for those that only know that something has changed
		UNION ALL SELECT nudge.mart_table(name), '', NULL WHERE EXISTS (SELECT FROM nudge.dependencies d WHERE d.upstream = nudge.mart_table(name) AND d.key_column IS NULL);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.note_changes(text, jsonb) IS 'Works for the refresh: writes down which rows of a materialisation have changed, for those that depend on it. Not STRICT: NULL is everything';

-- A key that cannot be computed is put aside, and the others go on.
CREATE FUNCTION nudge.quarantine_key(name text, run bigint, key text, sqlstate text, error text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.quarantine AS q (materialisation, key, sqlstate, error) VALUES (name, quarantine_key.key, quarantine_key.sqlstate, quarantine_key.error)
	ON CONFLICT ON CONSTRAINT quarantine_pkey DO UPDATE SET attempts = q.attempts + 1, sqlstate = excluded.sqlstate, error = excluded.error;
	UPDATE nudge.runs r SET quarantined = r.quarantined + 1 WHERE r.run_id = run;
END
$$;
COMMENT ON FUNCTION nudge.quarantine_key(text, bigint, text, text, text) IS 'Works for the refresh: puts aside a key that cannot be computed';

-- What is written has triggers and checks, which run as the owner of the query.
CREATE FUNCTION nudge.check_mart(name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mart pg_class;
	query pg_class;
BEGIN
	SELECT c.* INTO mart FROM pg_class c WHERE c.oid = nudge.mart_table(name)::regclass;
	SELECT c.* INTO query FROM pg_class c WHERE c.oid = nudge.definition_view(name)::regclass;
	IF mart.relowner <> query.relowner OR mart.relkind NOT IN ('r', 'p') OR query.relkind <> 'v' THEN
		RAISE EXCEPTION '% is not a table of the owner of its query', nudge.mart_table(name) USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('It belongs to role "%s", and %s to role "%s".', pg_get_userbyid(mart.relowner), nudge.definition_view(name), pg_get_userbyid(query.relowner)),
			HINT = 'Give both to one role, or call drop_materialisation() and add it anew.';
	END IF;
	PERFORM nudge.check_trust(nudge.definition_view(name));
END
$$;
COMMENT ON FUNCTION nudge.check_mart(text) IS 'Works for the refresh: an error if somebody else could have what runs with the rights of the owner of a query';

-- The rows of a batch, after what is pending of it has been taken.
CREATE FUNCTION nudge.compute_batch(name text, run bigint, keys text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET jit = off
AS $$
DECLARE
	clock_at timestamptz;
	is_empty boolean := false;
	done record;
BEGIN
	PERFORM nudge.check_mart(name);
	IF keys IS NOT NULL THEN
		-- a few rows of many: an index is better than the planner thinks
		PERFORM set_config('random_page_cost', least(current_setting('random_page_cost')::double precision, 1.1)::text, true);
	ELSE
		-- with no other rights than its owner's: who knows what is there under its name
		SELECT r.rows_written = 0 INTO is_empty
		FROM nudge.run_as_owner(nudge.definition_view(name)::regclass, format('SELECT count(*), 0::bigint, NULL::jsonb FROM (SELECT FROM %s LIMIT 1) m', nudge.mart_table(name)), NULL, NULL, NULL) r;
	END IF;
	-- the clock is read after the keys are taken, which may be by a later time
	SELECT m.clock_at INTO clock_at FROM nudge.materialisations m WHERE m.name = compute_batch.name;
	PERFORM set_config('nudge.as_of', coalesce(clock_at, now())::text, true);
	SELECT r.* INTO done FROM nudge.compute_as_owner(nudge.definition_view(name)::regclass, nudge.batch_statement(name, keys IS NOT NULL, is_empty), keys) r;
	PERFORM set_config('nudge.as_of', '', true);
	IF done.rows_written < 0 THEN
		RAISE EXCEPTION 'the query gives two rows of one row key' USING ERRCODE = 'cardinality_violation',
			HINT = 'Aggregate, or add the column that tells them apart to row_key.';
	END IF;
	IF done.rows_written + done.rows_deleted > 0 THEN
		PERFORM nudge.note_changes(name, done.changed);
	END IF;
	-- what reads it next is planned before autovacuum comes by
	IF is_empty AND done.rows_written > 0 AND (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = nudge.mart_table(name)::regclass) THEN
		EXECUTE format('ANALYZE %s', nudge.mart_table(name));
	END IF;
	DELETE FROM nudge.quarantine q WHERE q.materialisation = name AND (keys IS NULL OR q.key = ANY (keys));
	UPDATE nudge.runs r SET batches = r.batches + 1, keys = r.keys + coalesce(cardinality(compute_batch.keys), 0),
		rows_written = r.rows_written + done.rows_written, rows_deleted = r.rows_deleted + done.rows_deleted
	WHERE r.run_id = run;
END
$$;
COMMENT ON FUNCTION nudge.compute_batch(text, bigint, text[]) IS 'Works for refresh_batch: makes the rows of some keys what the query says. Not STRICT: NULL keys are all';

CREATE FUNCTION nudge.refresh_batch(name text, run bigint, keys text[]) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	PERFORM nudge.check_read_committed();
	IF NOT pg_try_advisory_xact_lock('nudge.pending'::regclass::oid::integer, hashtext(name)) THEN
		RETURN 'busy';
	END IF;
	-- first what is to be done is taken, then the sources are read: whatever
	-- comes later leaves a row of its own
	PERFORM nudge.take_pending(name, keys);
	BEGIN
		PERFORM nudge.compute_batch(name, run, keys);
	EXCEPTION WHEN OTHERS OR assert_failure THEN
		-- Put aside in the transaction that took it: were it given back and taken
		-- once more, a repair that came between would go with it.
		IF cardinality(keys) = 1 AND nudge.is_error_of_key(SQLSTATE) AND (SELECT r.quarantined < 100 FROM nudge.runs r WHERE r.run_id = run) THEN
			GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
			PERFORM nudge.quarantine_key(name, run, keys[1], SQLSTATE, problem);
			RETURN 'put aside';
		END IF;
		RAISE;
	END;
	RETURN 'done';
END
$$;
COMMENT ON FUNCTION nudge.refresh_batch(text, bigint, text[]) IS
	'Works for the refresh: takes keys that are pending and computes their rows anew: done, busy (another session is at it), or put aside (the only key, which cannot be computed). Not STRICT: NULL keys are all';

-- Everything, as a list of keys.
CREATE FUNCTION nudge.enumerate_keys(name text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	m nudge.materialisations;
	found jsonb;
	since timestamptz;
BEGIN
	PERFORM nudge.check_read_committed();
	IF NOT pg_try_advisory_xact_lock('nudge.pending'::regclass::oid::integer, hashtext(name)) THEN
		RETURN NULL;
	END IF;
	PERFORM nudge.check_mart(name);
	WITH taken AS (DELETE FROM nudge.pending p WHERE p.materialisation = enumerate_keys.name AND p.key IS NULL RETURNING p.at)
	SELECT min(t.at) INTO since FROM taken t;
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = enumerate_keys.name;
	PERFORM set_config('nudge.as_of', coalesce(m.clock_at, now())::text, true);
	SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.definition_view(name)::regclass,
		format('SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(k.k), ''[]'') FROM (SELECT f.%1$I::text AS k FROM %2$s f UNION SELECT s.%1$I::text FROM %3$s s) k WHERE k.k IS NOT NULL',
			m.key_column, nudge.definition_view(name), nudge.mart_table(name)), NULL, NULL, NULL) r;
	PERFORM set_config('nudge.as_of', '', true);
	INSERT INTO nudge.pending (materialisation, key, at, reason) SELECT enumerate_keys.name, k, coalesce(since, clock_timestamp()), 'everything' FROM jsonb_array_elements_text(found) k;
	RETURN jsonb_array_length(found);
END
$$;
COMMENT ON FUNCTION nudge.enumerate_keys(text) IS 'Works for the refresh: writes all keys of a materialisation into nudge.pending, in place of one row for all; tells how many they are, NULL if another session is refreshing it';
