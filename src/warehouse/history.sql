/*
 * history.sql
 *		The history of a table that only has the present: its rows as intervals,
 *		kept by triggers.
 *
 * Rules: doc/history.md.
 */

-- The registry ------------------------------------------------------------

CREATE TABLE nudge.histories (
	history text PRIMARY KEY,
	relation text NOT NULL,
	key text[] NOT NULL CHECK (cardinality(key) > 0),
	columns text[] NOT NULL,
	every_column boolean NOT NULL,
	tracked_by name NOT NULL DEFAULT current_user,
	tracked_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('nudge.histories', '');
GRANT SELECT ON nudge.histories TO PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.histories TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.histories IS 'Tables whose history is kept; track_history() and untrack_history() keep it';
COMMENT ON COLUMN nudge.histories.history IS 'Table of the history, with its schema';
COMMENT ON COLUMN nudge.histories.relation IS 'Table whose history it is, with its schema';
COMMENT ON COLUMN nudge.histories.key IS 'Columns that say which row is which';
COMMENT ON COLUMN nudge.histories.columns IS 'Other columns that are kept: a change of one ends an interval';
COMMENT ON COLUMN nudge.histories.every_column IS 'Whether all columns were asked for';
COMMENT ON COLUMN nudge.histories.tracked_by IS 'Who asked for it, and with whose rights the triggers work';
COMMENT ON COLUMN nudge.histories.tracked_at IS 'When it was asked for last';

-- Names -------------------------------------------------------------------

CREATE FUNCTION nudge.relation_name(relation regclass) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
END
$$;
COMMENT ON FUNCTION nudge.relation_name(regclass) IS 'Name of a relation with its schema, quoted where needed';

CREATE FUNCTION nudge.history_object(history text, suffix text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('%I.%I', p.parts[1], p.parts[2] || suffix) FROM parse_ident(history) p(parts);
END;
COMMENT ON FUNCTION nudge.history_object(text, text) IS 'Name of what belongs to a history: _now (view of the table), _keep (function of its triggers)';

-- Tables may be renamed, the function of a trigger stays.  Names are compared
-- and not looked up: others may keep histories in schemas that are closed to us.
CREATE FUNCTION nudge.history_of(relation regclass) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT h.history FROM nudge.histories h
		LEFT JOIN (
			SELECT format('%I.%I', n.nspname, left(p.proname, -5)) AS history FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
			WHERE t.tgrelid = history_of.relation AND right(p.proname, 5) = '_keep'
		) k ON k.history = h.history
		WHERE k.history IS NOT NULL OR h.relation = nudge.relation_name(history_of.relation)
		ORDER BY k.history IS NULL, h.history COLLATE "C" LIMIT 1);
END
$$;
COMMENT ON FUNCTION nudge.history_of(regclass) IS 'Name of the history of a table; NULL if none is kept';

-- "history" as a name with a schema.
CREATE FUNCTION nudge.history_name(relation regclass, history text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parts text[];
BEGIN
	parts := CASE WHEN history IS NULL THEN ARRAY[(SELECT c.relname || '_history' FROM pg_class c WHERE c.oid = relation)] ELSE parse_ident(history) END;
	parts := CASE WHEN cardinality(parts) = 1 THEN ARRAY['nudge_staging'] || parts ELSE parts END;
	IF cardinality(parts) <> 2 OR octet_length(parts[2]) > 56 THEN
		RAISE EXCEPTION 'a history cannot be called "%"', left(array_to_string(parts, '.'), 130) USING ERRCODE = 'invalid_name',
			DETAIL = 'It is a table, beside which lie a view and functions whose names begin with its name.',
			HINT = 'Pass a name of at most 56 bytes, with or without a schema: history => ''...''.';
	END IF;
	RETURN format('%I.%I', parts[1], parts[2]);
END
$$;
COMMENT ON FUNCTION nudge.history_name(regclass, text) IS 'Works for track_history: the name of a history with its schema. Not STRICT: a NULL history is called by its table';

-- What is kept ------------------------------------------------------------

CREATE FUNCTION nudge.check_history_table(relation regclass) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	owner oid;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'no table is given' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'The argument "relation" is NULL.',
			HINT = 'Pass the name of a table.';
	END IF;
	SELECT c.relowner, CASE
			WHEN c.relkind NOT IN ('r', 'p') THEN format('It is a %s.', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'relation of another kind' END)
			WHEN c.relpersistence <> 'p' THEN format('It is %s.', CASE c.relpersistence WHEN 't' THEN 'temporary' ELSE 'unlogged, and empty after a crash' END)
			WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) THEN 'Others inherit from it, whose rows are its own but for triggers.'
			WHEN c.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) THEN 'It is a table of the system.'
			WHEN c.relrowsecurity AND c.relforcerowsecurity AND NOT EXISTS (SELECT FROM pg_roles o WHERE o.rolname = current_user AND (o.rolsuper OR o.rolbypassrls))
				THEN 'Row security is forced, and hides rows from its owner.' END
	INTO owner, problem FROM pg_class c WHERE c.oid = relation;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'the history of % cannot be kept', relation USING ERRCODE = 'wrong_object_type',
			DETAIL = problem,
			HINT = 'It can be of a table, also a partitioned one, that is permanent, has no children and shows its owner all rows.';
	END IF;
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of table %', nudge.relation_name(relation) USING ERRCODE = 'insufficient_privilege',
			DETAIL = 'A history is kept by triggers on it.',
			HINT = 'Let its owner call this function.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_history_table(regclass) IS 'Works for track_history: an error unless the history of a table can be kept, by who calls. Not STRICT: it says that a table is missing';

-- The columns of an index by which a row is found, if there is one over the
-- key: unique at every moment, of all rows.
CREATE FUNCTION nudge.history_key(relation regclass, key text[]) RETURNS TABLE (column_name text, equal_sign text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen oid;
BEGIN
	SELECT i.indexrelid INTO chosen FROM pg_index i
	WHERE i.indrelid = relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
		AND CASE WHEN key IS NULL THEN i.indisprimary
			ELSE ARRAY(SELECT a.attname::text COLLATE "C" FROM pg_attribute a WHERE a.attrelid = relation AND a.attnotnull AND a.attnum = ANY ((i.indkey::smallint[])[0 : i.indnkeyatts - 1]) ORDER BY 1)
				= ARRAY(SELECT DISTINCT k COLLATE "C" FROM unnest(key) k ORDER BY 1) END
	ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1;
	IF chosen IS NULL THEN
		RAISE EXCEPTION 'the rows of % cannot be told apart', nudge.relation_name(relation) USING ERRCODE = 'invalid_table_definition',
			DETAIL = CASE WHEN key IS NULL THEN 'It has no primary key that is checked at once.'
				ELSE format('There is no unique index on (%s) that is checked at once, of all rows and on columns that are NOT NULL.', array_to_string(key, ', ')) END,
			HINT = 'Add a primary key that is not DEFERRABLE, or pass the columns of such a unique index: key => ''{...}''.';
	END IF;
	RETURN QUERY
		SELECT a.attname::text, format('OPERATOR(%I.%s)', n.nspname, o.oprname)
		FROM pg_index i
		CROSS JOIN LATERAL unnest((i.indkey::smallint[])[0 : i.indnkeyatts - 1], (i.indclass::oid[])[0 : i.indnkeyatts - 1]) WITH ORDINALITY u(attnum, opclass, place)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
		JOIN pg_opclass c ON c.oid = u.opclass
		JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype AND m.amopstrategy = 3
		JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
		WHERE i.indexrelid = chosen ORDER BY u.place;
END
$$;
COMMENT ON FUNCTION nudge.history_key(regclass, text[]) IS 'Works for track_history: the columns of the key of a table and what compares them. Not STRICT: a NULL key is the primary key';

-- The columns of a history, the key first.  Domains are kept as what they are
-- of: a CHECK of a domain is run by nobody but writers of the table.
CREATE FUNCTION nudge.history_columns(relation regclass, key text[], columns text[]) RETURNS TABLE (place bigint, column_name text, data_type text, collated text, equal_sign text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	wrong text;
BEGIN
	SELECT u.name INTO wrong FROM unnest(key || columns) WITH ORDINALITY u(name, n)
	WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = u.name) ORDER BY u.n LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'table % has no column "%"', nudge.relation_name(relation), wrong USING ERRCODE = 'undefined_column',
			DETAIL = (SELECT 'Its columns are ' || string_agg(a.attname, ', ' ORDER BY a.attnum) || '.' FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped),
			HINT = 'Names are written as they are, without quotes.';
	END IF;
	RETURN QUERY
		WITH RECURSIVE chosen AS MATERIALIZED (
			SELECT row_number() OVER (ORDER BY k.place, CASE WHEN columns IS NOT NULL THEN array_position(columns, a.attname::text) END, a.attnum) AS place, a.attname::text AS name, a.atttypid, a.attcollation, k.equal_sign
			FROM pg_attribute a
			LEFT JOIN (SELECT h.*, row_number() OVER () AS place FROM nudge.history_key(relation, key) h) k ON k.column_name = a.attname
			WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND (k.place IS NOT NULL OR CASE WHEN columns IS NULL THEN a.attgenerated = '' ELSE a.attname = ANY (columns) END)
		), base AS (
			SELECT c.place, c.atttypid AS type_id, 0 AS depth FROM chosen c
			UNION ALL
			SELECT b.place, t.typbasetype, b.depth + 1 FROM base b JOIN pg_type t ON t.oid = b.type_id WHERE t.typtype = 'd'
		)
		SELECT c.place, c.name, format_type(t.oid, -1),
			CASE WHEN c.attcollation <> 0 AND c.attcollation <> t.typcollation THEN (SELECT format(' COLLATE %I.%I', n.nspname, l.collname) FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = c.attcollation) ELSE '' END,
			c.equal_sign
		FROM chosen c JOIN (SELECT DISTINCT ON (b.place) b.place, b.type_id FROM base b ORDER BY b.place, b.depth DESC) b ON b.place = c.place JOIN pg_type t ON t.oid = b.type_id
		ORDER BY c.place;
END
$$;
COMMENT ON FUNCTION nudge.history_columns(regclass, text[], text[]) IS 'Works for track_history: the columns that a history keeps, those of the key first. Not STRICT: a NULL key is the primary key, NULL columns are all that are not generated';

-- Conditions and lists of columns, as text ---------------------------------

CREATE FUNCTION nudge.column_list(names text[], prefix text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(string_agg(prefix || quote_ident(u.name), ', ' ORDER BY u.place), '') FROM unnest(names) WITH ORDINALITY u(name, place);
END;
COMMENT ON FUNCTION nudge.column_list(text[], text) IS 'Works for track_history: names of columns after one another, each with a prefix';

-- Values are compared as they are stored: every change shows, and types without
-- an equality are compared too.
CREATE FUNCTION nudge.same_row(names text[], one text, other text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('record_image_eq(ROW(%s), ROW(%s))', nudge.column_list(names, one), nudge.column_list(names, other));
COMMENT ON FUNCTION nudge.same_row(text[], text, text) IS 'Works for track_history: the condition that two rows have the same values';

CREATE FUNCTION nudge.same_key(key text[], equal_signs text[], one text, other text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(format('%s%I %s %s%I', one, u.name, u.sign, other, u.name), ' AND ' ORDER BY u.place) FROM unnest(key, equal_signs) WITH ORDINALITY u(name, sign, place);
END;
COMMENT ON FUNCTION nudge.same_key(text[], text[], text, text) IS 'Works for track_history: the condition that two rows have the same key';

-- The trigger -------------------------------------------------------------

-- The body of the trigger function: SQL about its own columns only, so that
-- plans are kept.
--
-- What the row is now is read from the table, and not from NEW: triggers that
-- change the row again make events that come in another order than the changes.
-- The writer has the row locked, so that nobody else changes it meanwhile, and
-- the clock is read under that lock; an interval ends after it begins even if
-- the clock goes back.
--
-- changed_by is the transaction that began an open interval, or ended one that
-- is not.  Of an interval that it began, the transaction may think again, since
-- nobody else has seen it.  A number from before a restore may come again:
-- hence the look at the times.
--
-- Columns are written with their table, so that names of variables may be
-- names of columns too.
--
-- The view follows columns that are renamed.  Of the row that has changed only
-- the key is read; if that fails, the text of the view says by what name now.
CREATE FUNCTION nudge.history_body(history text, key text[], types text[], equal_signs text[], columns text[]) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format($body$
#variable_conflict use_variable
DECLARE
	this constant xid8 := pg_current_xact_id();
	seen_at constant timestamptz := clock_timestamp();
	place record;
%3$s
	truth record;
	there boolean;
	last record;
	begins timestamptz;
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		DELETE FROM %1$s h WHERE h.valid_to IS NULL AND h.changed_by = this AND h.recorded_at >= transaction_timestamp() AND NOT EXISTS (SELECT FROM %2$s n WHERE %4$s);
		UPDATE %1$s h SET valid_to = greatest(seen_at, h.valid_from + interval '1 microsecond'), changed_by = this WHERE h.valid_to IS NULL AND NOT EXISTS (SELECT FROM %2$s n WHERE %4$s);
		RETURN NULL;
	END IF;
	-- a key that changes is two: the new one, and the old
	FOR turn IN 1 .. TG_NARGS + 1 LOOP
		IF TG_OP = 'DELETE' OR turn = 2 THEN
			place := OLD;
		ELSE
			place := NEW;
		END IF;
		BEGIN
%5$s
		EXCEPTION WHEN undefined_column THEN
			EXECUTE %7$L || regexp_replace(pg_get_viewdef(%6$L::regclass), E'\n *FROM .*$', ' FROM (SELECT ($1).*) r) q') INTO %8$s USING place;
		END;
		SELECT n.* INTO truth FROM %2$s n WHERE %9$s;
		there := FOUND;
		LOOP
			SELECT h.valid_from, h.valid_to, coalesce(h.changed_by = this AND coalesce(h.valid_to, h.recorded_at) >= transaction_timestamp(), false) AS ours, there AND %10$s AS same
			INTO last FROM %1$s h WHERE %11$s ORDER BY h.valid_from DESC LIMIT 1;
			EXIT WHEN last.valid_to IS NOT NULL OR NOT last.ours OR last.same OR last.valid_from IS NULL;
			DELETE FROM %1$s h WHERE %11$s AND h.valid_from = last.valid_from;
		END LOOP;
		-- of a snapshot older than the lock on the row, an error if it has changed since
		IF current_setting('transaction_isolation') <> 'read committed' THEN
			PERFORM FROM %1$s h WHERE %11$s AND h.valid_from = last.valid_from FOR UPDATE;
		END IF;
		begins := CASE WHEN last.ours THEN last.valid_to ELSE greatest(seen_at, last.valid_to, last.valid_from + interval '1 microsecond') END;
		IF last.same AND last.valid_to IS NULL THEN
			there := false;
		ELSIF last.same AND last.ours THEN
			UPDATE %1$s h SET valid_to = NULL, changed_by = NULL WHERE %11$s AND h.valid_from = last.valid_from;
			there := false;
		ELSIF last.valid_from IS NOT NULL AND last.valid_to IS NULL THEN
			UPDATE %1$s h SET valid_to = begins, changed_by = this WHERE %11$s AND h.valid_from = last.valid_from;
		END IF;
		IF there THEN
			INSERT INTO %1$s (%12$s, valid_from, recorded_at, changed_by) VALUES (%13$s, begins, seen_at, this);
		END IF;
	END LOOP;
	RETURN NULL;
END
$body$, history, nudge.history_object(history, '_now'), k.declared, nudge.same_key(key, equal_signs, 'n.', 'h.'), k.assigned,
		nudge.history_object(history, '_now'), format('SELECT %s FROM (', nudge.column_list(key, 'q.')), k.names, k.same_n, nudge.same_row(key || columns, 'h.', 'truth.'), k.same_h,
		nudge.column_list(key || columns, ''), nudge.column_list(key || columns, 'truth.'))
	FROM (SELECT string_agg(format(E'\tkey_%s %s;', u.place, u.type), E'\n' ORDER BY u.place) AS declared, string_agg(format(E'\t\t\tkey_%s := place.%I;', u.place, u.name), E'\n' ORDER BY u.place) AS assigned,
			string_agg('key_' || u.place, ', ' ORDER BY u.place) AS names,
			string_agg(format('n.%I %s key_%s', u.name, u.sign, u.place), ' AND ' ORDER BY u.place) AS same_n, string_agg(format('h.%I %s key_%s', u.name, u.sign, u.place), ' AND ' ORDER BY u.place) AS same_h
		FROM unnest(key, types[: cardinality(key)], equal_signs) WITH ORDINALITY u(name, type, sign, place)) k;
END;
COMMENT ON FUNCTION nudge.history_body(text, text[], text[], text[], text[]) IS 'Works for track_history: the body of the function of its triggers';

-- Making it ---------------------------------------------------------------

-- Privileges by default are not for what keeps a history: who writes it, or
-- makes triggers of its function, could forge it.
CREATE FUNCTION nudge.revoke_writing(object text, kind text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT DISTINCT format('REVOKE %s ON %s %s FROM %s', CASE kind WHEN 'FUNCTION' THEN 'ALL' ELSE 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER' END, kind, object, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
		FROM (SELECT p.proacl AS acl, p.proowner AS owner FROM pg_proc p WHERE kind = 'FUNCTION' AND p.oid = to_regprocedure(object)
			UNION ALL SELECT c.relacl, c.relowner FROM pg_class c WHERE kind = 'TABLE' AND c.oid = to_regclass(object)) o
		CROSS JOIN LATERAL aclexplode(coalesce(o.acl, CASE kind WHEN 'FUNCTION' THEN acldefault('f', o.owner) END)) a WHERE a.grantee <> o.owner
	LOOP
		EXECUTE statement;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.revoke_writing(text, text) IS 'Works for track_history: takes from all but its owner what is granted by default on a function or, but for reading, on a table';

-- The table of a history, or that of one which was kept before.
CREATE FUNCTION nudge.make_history_table(relation regclass, history text, names text[], types text[], collated text[], key_size integer) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found regclass := to_regclass(history);
	wrong text;
BEGIN
	IF found IS NULL THEN
		IF history LIKE 'nudge\_staging.%' AND to_regnamespace('nudge_staging') IS NULL THEN
			CREATE SCHEMA nudge_staging;
			COMMENT ON SCHEMA nudge_staging IS 'What nudge_metrics reads: views that map_source() makes, tables that track_history() keeps';
		END IF;
		EXECUTE format('CREATE TABLE %s (%s, valid_from timestamptz NOT NULL, valid_to timestamptz, recorded_at timestamptz NOT NULL, changed_by xid8, PRIMARY KEY (%s, valid_from)) WITH (fillfactor = 80)', history,
			(SELECT string_agg(format('%I %s%s', u.name, u.type, u.collated), ', ' ORDER BY u.place) FROM unnest(names, types, collated) WITH ORDINALITY u(name, type, collated, place)),
			nudge.column_list(names[1 : key_size], ''));
		PERFORM nudge.revoke_writing(history, 'TABLE');
		EXECUTE format('COMMENT ON TABLE %s IS %L', history, format('History of %s, kept by track_history(): its rows as they were in [valid_from, valid_to)', nudge.relation_name(relation)));
		EXECUTE format('COMMENT ON COLUMN %s.valid_from IS %L', history, 'When the row became so');
		EXECUTE format('COMMENT ON COLUMN %s.valid_to IS %L', history, 'When it was so no more; NULL if it is still');
		EXECUTE format('COMMENT ON COLUMN %s.recorded_at IS %L', history, 'When that was written here');
		EXECUTE format('COMMENT ON COLUMN %s.changed_by IS %L', history, 'Transaction that began an open interval, or ended one; of use to the trigger only');
		RETURN;
	END IF;
	SELECT CASE WHEN a.attname IS NULL THEN format('It has no column "%s".', u.name) ELSE format('Its column "%s" is of type %s, and not %s.', u.name, format_type(a.atttypid, -1), u.type) END INTO wrong
	FROM (SELECT * FROM unnest(names, types) WITH ORDINALITY n(name, type, place)
		UNION ALL VALUES ('valid_from', 'timestamp with time zone', 0), ('valid_to', 'timestamp with time zone', 0), ('recorded_at', 'timestamp with time zone', 0), ('changed_by', 'xid8', 0)) u(name, type, place)
	LEFT JOIN pg_attribute a ON a.attrelid = found AND a.attname = u.name AND a.attnum > 0 AND NOT a.attisdropped
	WHERE format_type(a.atttypid, -1) IS DISTINCT FROM u.type AND (a.attname IS NOT NULL OR u.place <= key_size) ORDER BY u.place LIMIT 1;
	IF wrong IS NOT NULL OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = found AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')) THEN
		RAISE EXCEPTION 'table % is there, and cannot be the history of %', history, nudge.relation_name(relation) USING ERRCODE = 'duplicate_table',
			DETAIL = coalesce(wrong, 'It is not a table of yours.'),
			HINT = 'Change its column, or call the new one by another name: history => ''...''.';
	END IF;
	PERFORM nudge.history_key(found, names[1 : key_size] || '{valid_from}'::text[]);
	FOR wrong IN SELECT format('ALTER TABLE %s ADD COLUMN %I %s%s', history, u.name, u.type, u.collated) FROM unnest(names, types, collated) WITH ORDINALITY u(name, type, collated, place)
		WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = found AND a.attname = u.name AND NOT a.attisdropped) ORDER BY u.place
	LOOP
		EXECUTE wrong;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_history_table(regclass, text, text[], text[], text[], integer) IS 'Works for track_history: makes the table of a history, or adds columns to it';

-- Tables whose truncation is told to nobody else: a partitioned one, and each
-- of its partitions.
CREATE FUNCTION nudge.truncated_tables(relation regclass) RETURNS TABLE (part regclass)
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT relation UNION SELECT t.relid FROM pg_partition_tree(relation) t;
END
$$;
COMMENT ON FUNCTION nudge.truncated_tables(regclass) IS 'Works for track_history: a table with all its partitions';

CREATE FUNCTION nudge.drop_history_objects(history text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trigger record;
	keeper constant regprocedure := to_regprocedure(nudge.history_object(history, '_keep') || '()');
BEGIN
	FOR trigger IN SELECT t.tgname, t.tgrelid FROM pg_trigger t WHERE t.tgfoid = keeper AND t.tgparentid = 0 LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', trigger.tgname, nudge.relation_name(trigger.tgrelid));
	END LOOP;
	IF keeper IS NOT NULL THEN
		EXECUTE format('DROP FUNCTION %s()', nudge.history_object(history, '_keep'));
	END IF;
	IF to_regclass(nudge.history_object(history, '_now')) IS NOT NULL THEN
		EXECUTE format('DROP VIEW %s', nudge.history_object(history, '_now'));
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.drop_history_objects(text) IS 'Works for track_history: drops the triggers of a history, and what they use; not the history';

-- What the triggers use, and the triggers.  Their condition names the types of
-- the history and of the view, so that these cannot be dropped under them: a
-- trigger that fails would stop the writers of the table.
CREATE FUNCTION nudge.make_history_triggers(relation regclass, history text, names text[], types text[], equal_signs text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keeper constant text := nudge.history_object(history, '_keep');
	table_name constant text := nudge.relation_name(relation);
	key_size constant integer := cardinality(equal_signs);
	needs constant text := format('NULL::%s IS NULL AND NULL::%s IS NULL', history, nudge.history_object(history, '_now'));
	part regclass;
	made text;
BEGIN
	EXECUTE format('CREATE VIEW %s AS SELECT %s FROM %s r', nudge.history_object(history, '_now'),
		(SELECT string_agg(format('r.%1$I::%2$s AS %1$I', u.name, u.type), ', ' ORDER BY u.place) FROM unnest(names, types) WITH ORDINALITY u(name, type, place)), table_name);
	EXECUTE format('COMMENT ON VIEW %s IS %L', nudge.history_object(history, '_now'), format('What %s has now, as its history keeps it', table_name));
	EXECUTE format('CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS %L', keeper,
		nudge.history_body(history, names[: key_size], types, equal_signs, names[key_size + 1 :]));
	EXECUTE format('COMMENT ON FUNCTION %s() IS %L', keeper, format('Function of the triggers that keep the history of %s', table_name));
	PERFORM nudge.revoke_writing(keeper || '()', 'FUNCTION');
	PERFORM nudge.revoke_writing(nudge.history_object(history, '_now'), 'TABLE');
	EXECUTE format('CREATE TRIGGER nudge_history AFTER INSERT OR DELETE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %s()', table_name, needs, keeper);
	EXECUTE format('CREATE TRIGGER nudge_history_key AFTER UPDATE ON %s FOR EACH ROW WHEN (NOT %s AND %s) EXECUTE FUNCTION %s(''key'')', table_name, nudge.same_row(names[: key_size], 'OLD.', 'NEW.'), needs, keeper);
	EXECUTE format('CREATE TRIGGER nudge_history_update AFTER UPDATE ON %s FOR EACH ROW WHEN (%s AND NOT %s AND %s) EXECUTE FUNCTION %s()', table_name,
		nudge.same_row(names[: key_size], 'OLD.', 'NEW.'), nudge.same_row(names, 'OLD.', 'NEW.'), needs, keeper);
	EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER nudge_history, ENABLE ALWAYS TRIGGER nudge_history_key, ENABLE ALWAYS TRIGGER nudge_history_update', table_name);
	FOR part IN SELECT t.part FROM nudge.truncated_tables(relation) t LOOP
		made := nudge.relation_name(part);
		EXECUTE format('CREATE TRIGGER nudge_history_truncate AFTER TRUNCATE ON %s WHEN (%s) EXECUTE FUNCTION %s()', made, needs, keeper);
		EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER nudge_history_truncate', made);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_history_triggers(regclass, text, text[], text[], text[]) IS 'Works for track_history: makes the triggers of a history, and what they use';

-- What differs between the history and the table changes now.
CREATE FUNCTION nudge.take_history(relation regclass, history text, names text[], types text[], equal_signs text[], since text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key constant text[] := names[: cardinality(equal_signs)];
	seen_at constant timestamptz := clock_timestamp();
BEGIN
	EXECUTE format('UPDATE %1$s h SET valid_to = greatest($1, h.valid_from + interval ''1 microsecond''), changed_by = pg_current_xact_id() WHERE h.valid_to IS NULL AND NOT EXISTS (SELECT FROM %2$s n WHERE %3$s AND %4$s)',
		history, nudge.history_object(history, '_now'), nudge.same_key(key, equal_signs, 'n.', 'h.'), nudge.same_row(names, 'h.', 'n.'))
	USING seen_at;
	EXECUTE format('INSERT INTO %1$s (%2$s, valid_from, recorded_at) '
		'SELECT %3$s, CASE WHEN l.ended_at IS NOT NULL THEN greatest(l.ended_at, $1) WHEN isfinite(b.began_at) THEN least(b.began_at, $1) ELSE $1 END, $1 '
		'FROM %4$s r CROSS JOIN LATERAL (SELECT (%5$s) AS began_at) b '
		'CROSS JOIN LATERAL (SELECT max(h.valid_to) AS ended_at, coalesce(bool_or(h.valid_to IS NULL), false) AS goes_on FROM %1$s h WHERE %6$s) l WHERE NOT l.goes_on',
		history, nudge.column_list(names, ''),
		(SELECT string_agg(format('r.%I::%s', u.name, u.type), ', ' ORDER BY u.place) FROM unnest(names, types) WITH ORDINALITY u(name, type, place)),
		nudge.relation_name(relation), coalesce(since || E'\n', 'NULL::timestamptz'), nudge.same_key(key, equal_signs, 'h.', 'r.'))
	USING seen_at;
END
$$;
COMMENT ON FUNCTION nudge.take_history(regclass, text, text[], text[], text[], text) IS 'Works for track_history: takes over what a table has now. Not STRICT: without "since" rows begin now';

CREATE FUNCTION nudge.check_new_history(relation regclass, history text, names text[], since text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
	since_type oid;
BEGIN
	SELECT u.name INTO wrong FROM unnest(names) u(name) WHERE u.name IN ('valid_from', 'valid_to', 'recorded_at', 'changed_by') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'column "%" cannot be kept', wrong USING ERRCODE = 'duplicate_column',
			DETAIL = 'The history has a column of that name, of its own.',
			HINT = 'Leave it out: columns => ''{...}''. A table that has the times of its rows may be mapped as it is.';
	END IF;
	SELECT h.relation INTO wrong FROM nudge.histories h
	WHERE h.history = check_new_history.history AND to_regclass(h.relation) <> check_new_history.relation AND nudge.history_of(check_new_history.relation) IS DISTINCT FROM h.history;
	IF FOUND THEN
		RAISE EXCEPTION 'table % is the history of another table', history USING ERRCODE = 'duplicate_object',
			DETAIL = format('It is that of %s.', wrong),
			HINT = 'Call this one by another name: history => ''...''.';
	END IF;
	IF since IS NULL THEN
		RETURN;
	END IF;
	SELECT t.type_id INTO since_type FROM nudge.expression_types('{since}', ARRAY[since], nudge.relation_name(relation) || ' AS r') t;
	IF since_type <> 'timestamptz'::regtype THEN
		RAISE EXCEPTION 'since is of type %, and not timestamptz', format_type(since_type, NULL) USING ERRCODE = 'datatype_mismatch',
			DETAIL = 'It says since when a row that is there is as it is.',
			HINT = 'Say in which zone it is meant: since => ''r.created_at AT TIME ZONE ''''UTC''''''.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_new_history(regclass, text, text[], text) IS 'Works for track_history: an error unless its arguments make sense together. Not STRICT: "since" may be NULL';

CREATE FUNCTION nudge.track_history(relation regclass, key text[] DEFAULT NULL, columns text[] DEFAULT NULL, since text DEFAULT NULL, history text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	named text;
	before nudge.histories;
	names text[];
	types text[];
	collations text[];
	signs text[];
BEGIN
	PERFORM nudge.check_history_table(relation);
	SELECT h.* INTO before FROM nudge.histories h WHERE h.history = nudge.history_of(relation);
	-- no change slips between the triggers and the rows that are there
	EXECUTE format('LOCK TABLE %s IN %s MODE', nudge.relation_name(relation), CASE WHEN before.history IS NULL THEN 'SHARE ROW EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END);
	named := coalesce(CASE WHEN history IS NULL THEN before.history END, nudge.history_name(relation, history));
	SELECT array_agg(c.column_name ORDER BY c.place), array_agg(c.data_type ORDER BY c.place), array_agg(c.collated ORDER BY c.place), array_agg(c.equal_sign ORDER BY c.place) FILTER (WHERE c.equal_sign IS NOT NULL)
	INTO names, types, collations, signs FROM nudge.history_columns(relation, key, columns) c;
	PERFORM nudge.check_new_history(relation, named, names, since);
	PERFORM nudge.make_history_table(relation, named, names, types, collations, cardinality(signs));
	IF before.history IS NOT NULL THEN
		PERFORM nudge.drop_history_objects(before.history);
		DELETE FROM nudge.histories h WHERE h.history = before.history;
	END IF;
	PERFORM nudge.drop_history_objects(named);
	PERFORM nudge.make_history_triggers(relation, named, names, types, signs);
	PERFORM nudge.take_history(relation, named, names, types, signs, since);
	DELETE FROM nudge.histories h WHERE h.history = named;
	INSERT INTO nudge.histories (history, relation, key, columns, every_column)
	VALUES (named, nudge.relation_name(relation), names[: cardinality(signs)], names[cardinality(signs) + 1 :], columns IS NULL);
	RETURN named;
END
$$;
COMMENT ON FUNCTION nudge.track_history(regclass, text[], text[], text, text) IS
	'Keeps the history of a table from now on: triggers end and begin intervals in a table, whose name is returned, with each change of a kept column. Called again, it takes over what has changed meanwhile. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.untrack_history(relation regclass, drop_history boolean DEFAULT false) RETURNS boolean
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kept nudge.histories;
BEGIN
	SELECT h.* INTO kept FROM nudge.histories h WHERE h.history = nudge.history_of(untrack_history.relation);
	IF kept.history IS NULL THEN
		RETURN false;
	END IF;
	PERFORM nudge.drop_history_objects(kept.history);
	DELETE FROM nudge.histories h WHERE h.history = kept.history;
	IF drop_history AND to_regclass(kept.history) IS NOT NULL THEN
		EXECUTE format('DROP TABLE %s', kept.history);
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.untrack_history(regclass, boolean) IS 'Keeps the history of a table no longer: false if there is none. Its table stays, with intervals that never end, unless drop_history';

-- Is it right? --------------------------------------------------------------

-- The triggers that a history needs, and those that it has.
CREATE FUNCTION nudge.history_triggers(relation regclass, history text) RETURNS TABLE (part regclass, trigger_name text, is_there boolean, always boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT p.part, n.name, t.oid IS NOT NULL, coalesce(t.tgenabled = 'A', false)
		FROM nudge.truncated_tables(relation) p CROSS JOIN unnest('{nudge_history,nudge_history_key,nudge_history_update,nudge_history_truncate}'::text[]) n(name)
		LEFT JOIN pg_trigger t ON t.tgrelid = p.part AND t.tgname = n.name AND t.tgfoid = to_regprocedure(nudge.history_object(history, '_keep') || '()')
		ORDER BY nudge.relation_name(p.part) COLLATE "C", n.name COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.history_triggers(regclass, text) IS 'Works for check_history: the triggers that a history needs, whether they are there, and work for every writer';

-- The rows that fail a check of a history, by problem.
CREATE FUNCTION nudge.history_checks(history text, key text[], equal_signs text[], columns text[]) RETURNS TABLE (place integer, problem text, bad_rows text, description text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT c.* FROM (SELECT nudge.history_object(history, '_now') AS now, nudge.same_key(key, equal_signs, 'n.', 'h.') AS same_key, nudge.column_list(key, 'h.') AS h_key) o
	CROSS JOIN LATERAL (VALUES
		(1, 'not in history', format('SELECT %s FROM %s n WHERE NOT EXISTS (SELECT FROM %s h WHERE %s AND h.valid_to IS NULL)', nudge.column_list(key, 'n.'), o.now, history, o.same_key), 'rows of the table have no open interval'),
		(2, 'not in table', format('SELECT %s, h.valid_from FROM %s h WHERE h.valid_to IS NULL AND NOT EXISTS (SELECT FROM %s n WHERE %s)', o.h_key, history, o.now, o.same_key), 'open intervals are of rows that are gone'),
		(3, 'other values', format('SELECT %s, h.valid_from FROM %s h JOIN %s n ON %s WHERE h.valid_to IS NULL AND NOT %s', o.h_key, history, o.now, o.same_key, nudge.same_row(key || columns, 'h.', 'n.')), 'open intervals have other values than the table'),
		(4, 'overlap', format('SELECT %1$s, h.valid_from FROM (SELECT %1$s, h.valid_from, max(coalesce(h.valid_to, ''infinity'')) OVER (PARTITION BY %1$s ORDER BY h.valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended_before FROM %2$s h) h WHERE h.ended_before > h.valid_from', o.h_key, history), 'intervals of one key overlap'),
		(5, 'negative span', format('SELECT %s, h.valid_from, h.valid_to FROM %s h WHERE h.valid_from >= h.valid_to', o.h_key, history), 'intervals do not end after they begin')
	) c(place, problem, bad_rows, description);
END;
COMMENT ON FUNCTION nudge.history_checks(text, text[], text[], text[]) IS 'Works for check_history: the checks of a history, each with the query of the rows that fail it';

-- What stands between a table and the triggers of its history.
CREATE FUNCTION nudge.history_setup(relation regclass, kept nudge.histories) RETURNS TABLE (problem text, bad_rows bigint, sample jsonb, description text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT 'missing trigger', count(*), jsonb_agg(jsonb_build_object('table', nudge.relation_name(t.part), 'trigger', t.trigger_name)), 'changes of the table are not seen'
		FROM nudge.history_triggers(relation, kept.history) t WHERE NOT t.is_there HAVING count(*) > 0;
	RETURN QUERY
		SELECT 'trigger not always', count(*), jsonb_agg(jsonb_build_object('table', nudge.relation_name(t.part), 'trigger', t.trigger_name)), 'a trigger is disabled, or does not work for replication: it must be ENABLE ALWAYS'
		FROM nudge.history_triggers(relation, kept.history) t WHERE t.is_there AND NOT t.always HAVING count(*) > 0;
	RETURN QUERY
		SELECT 'column not kept', count(*), jsonb_agg(a.attname ORDER BY a.attnum), 'all columns were asked for, and the table has got more'
		FROM pg_attribute a WHERE kept.every_column AND to_regclass(nudge.history_object(kept.history, '_now')) IS NOT NULL AND a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
			AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
				WHERE w.ev_class = to_regclass(nudge.history_object(kept.history, '_now')) AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND d.refobjsubid = a.attnum)
		HAVING count(*) > 0;
	RETURN QUERY
		SELECT 'row security', 1::bigint, jsonb_build_array(nudge.relation_name(relation)), 'row security hides rows from the owner of the triggers: they seem to be gone'
		FROM pg_class c JOIN pg_proc p ON p.oid = to_regprocedure(nudge.history_object(kept.history, '_keep') || '()') JOIN pg_roles o ON o.oid = p.proowner
		WHERE c.oid = relation AND c.relrowsecurity AND NOT o.rolsuper AND NOT o.rolbypassrls AND (c.relforcerowsecurity OR NOT pg_has_role(o.oid, c.relowner, 'USAGE'));
	RETURN QUERY
		SELECT 'key renamed', count(*), jsonb_agg(k.name ORDER BY k.place), 'a column of the key was renamed, and another has its name: the triggers take that for the key'
		FROM (SELECT string_to_array(pg_get_viewdef(to_regclass(nudge.history_object(kept.history, '_now')), 0), E'\n') AS lines) v
		CROSS JOIN LATERAL unnest(kept.key, v.lines[: cardinality(kept.key)]) WITH ORDINALITY k(name, line, place)
		JOIN pg_attribute a ON a.attrelid = relation AND a.attname = k.name AND a.attnum > 0 AND NOT a.attisdropped
		-- "r.id", "r.id::text" or "id", but not "r.old AS id": later servers leave out the name of a single table
		WHERE left(regexp_replace(k.line, '^ *(SELECT)? *(r[.])?', ''), length(quote_ident(k.name)) + 1) NOT IN (quote_ident(k.name), quote_ident(k.name) || ',', quote_ident(k.name) || ':')
		HAVING count(*) > 0;
	RETURN QUERY
		SELECT 'no rights', 1::bigint, jsonb_build_array(pg_get_userbyid(p.proowner)), 'the owner of the triggers may not read the table: writers fail'
		FROM pg_proc p WHERE p.oid = to_regprocedure(nudge.history_object(kept.history, '_keep') || '()') AND NOT has_table_privilege(p.proowner, relation, 'SELECT');
END
$$;
COMMENT ON FUNCTION nudge.history_setup(regclass, nudge.histories) IS 'Works for check_history: triggers, columns and rights that are missing';

CREATE FUNCTION nudge.check_history(relation regclass, samples integer DEFAULT 5) RETURNS TABLE (problem text, bad_rows bigint, sample jsonb, description text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED ROWS 5 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kept nudge.histories;
	one record;
BEGIN
	SELECT h.* INTO kept FROM nudge.histories h WHERE h.history = nudge.history_of(check_history.relation);
	IF kept.history IS NULL THEN
		RAISE EXCEPTION 'the history of % is not kept', nudge.relation_name(relation) USING ERRCODE = 'undefined_object',
			DETAIL = coalesce((SELECT 'Kept are those of ' || string_agg(h.relation, ', ' ORDER BY h.relation COLLATE "C") || '.' FROM nudge.histories h), 'No history is kept.'),
			HINT = 'Begin it with track_history().';
	END IF;
	RETURN QUERY SELECT s.* FROM nudge.history_setup(relation, kept) s;
	IF to_regclass(kept.history) IS NULL OR to_regclass(nudge.history_object(kept.history, '_now')) IS NULL THEN
		RETURN QUERY SELECT 'missing history', 1::bigint, jsonb_build_array(kept.history), 'the history or its view of the table is gone: call track_history()';
		RETURN;
	END IF;
	IF NOT (SELECT has_table_privilege(c.relowner, check_history.relation, 'SELECT') FROM pg_class c WHERE c.oid = to_regclass(nudge.history_object(kept.history, '_now'))) THEN
		RETURN;
	END IF;
	FOR one IN
		SELECT c.* FROM nudge.history_checks(kept.history, kept.key,
			(SELECT array_agg(k.equal_sign ORDER BY array_position(kept.key, k.column_name)) FROM nudge.history_key(to_regclass(kept.history), kept.key || '{valid_from}'::text[]) k WHERE k.column_name <> 'valid_from'),
			kept.columns) c ORDER BY c.place
	LOOP
		EXECUTE format('WITH bad AS MATERIALIZED (%s) SELECT %L, (SELECT count(*) FROM bad), (SELECT jsonb_agg(to_jsonb(b)) FROM (SELECT * FROM bad LIMIT $1) b), %L', one.bad_rows, one.problem, one.description)
			INTO problem, bad_rows, sample, description USING samples;
		IF bad_rows > 0 THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.check_history(regclass, integer) IS 'What is wrong with the history of a table: open intervals that are not the rows of the table, overlaps, missing triggers and columns, with how many rows and samples of them';
