/*
 * materialisations.sql
 *		Materialisations: tables that hold the result of a query and are kept
 *		fresh, with what they depend on.
 *
 * Rules: doc/materialisations.md.
 */

-- The registry ------------------------------------------------------------

CREATE TABLE nudge.materialisations (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
	layer text NOT NULL CHECK (layer IN ('staging', 'mart', 'metric', 'headline')),
	key_column text NOT NULL,
	row_key text[] NOT NULL CHECK (row_key[1] = key_column),
	has_clock boolean NOT NULL DEFAULT false,
	cadence interval NOT NULL CHECK (cadence > interval '0' AND extract(month FROM cadence) = 0 AND extract(year FROM cadence) = 0),
	batch_keys integer NOT NULL CHECK (batch_keys BETWEEN 1 AND 1000000),
	enabled boolean NOT NULL DEFAULT true,
	definition_hash text,
	clock_at timestamptz,
	data_as_of timestamptz,
	last_success_at timestamptz,
	next_due_at timestamptz NOT NULL DEFAULT now(),
	next_attempt_at timestamptz,
	consecutive_failures integer NOT NULL DEFAULT 0,
	last_error text,
	registered_by name NOT NULL DEFAULT current_user,
	registered_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('nudge.materialisations', '');
GRANT SELECT ON nudge.materialisations TO PUBLIC;
COMMENT ON TABLE nudge.materialisations IS 'Tables of nudge_analytics that hold the result of a query and are kept fresh; add_materialisation() and drop_materialisation() keep it';
COMMENT ON COLUMN nudge.materialisations.name IS 'Name of the table in nudge_analytics';
COMMENT ON COLUMN nudge.materialisations.layer IS 'staging, mart, metric or headline';
COMMENT ON COLUMN nudge.materialisations.key_column IS 'Column that says whose rows they are: all rows of a key are computed together';
COMMENT ON COLUMN nudge.materialisations.row_key IS 'Columns that no two rows share, the key first';
COMMENT ON COLUMN nudge.materialisations.has_clock IS 'Whether rows change by time alone, as its clock query says';
COMMENT ON COLUMN nudge.materialisations.cadence IS 'How often it is refreshed';
COMMENT ON COLUMN nudge.materialisations.batch_keys IS 'How many keys are computed in one transaction';
COMMENT ON COLUMN nudge.materialisations.enabled IS 'Whether run_due() refreshes it';
COMMENT ON COLUMN nudge.materialisations.definition_hash IS 'Hash of the query by which its rows were computed; NULL before the first refresh';
COMMENT ON COLUMN nudge.materialisations.clock_at IS 'Instant that its rows are computed for; nudge.as_of() in its query';
COMMENT ON COLUMN nudge.materialisations.data_as_of IS 'All that was committed before this instant is in it';
COMMENT ON COLUMN nudge.materialisations.last_success_at IS 'When a refresh ended well';
COMMENT ON COLUMN nudge.materialisations.next_due_at IS 'When it is to be refreshed next';
COMMENT ON COLUMN nudge.materialisations.next_attempt_at IS 'Not before this instant, after a failure; NULL if the last refresh went well';
COMMENT ON COLUMN nudge.materialisations.consecutive_failures IS 'How many refreshes have failed since the last that went well';
COMMENT ON COLUMN nudge.materialisations.last_error IS 'Why the last refresh failed; NULL if it went well';
COMMENT ON COLUMN nudge.materialisations.registered_by IS 'Who has added or changed it last; it is computed with the rights of the owner of its views';
COMMENT ON COLUMN nudge.materialisations.registered_at IS 'When it was added or changed last';

CREATE TABLE nudge.dependencies (
	materialisation text NOT NULL REFERENCES nudge.materialisations ON DELETE CASCADE,
	upstream text NOT NULL,
	key_column text,
	has_map boolean NOT NULL DEFAULT false,
	place integer NOT NULL DEFAULT 0,
	PRIMARY KEY (materialisation, upstream, place)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.dependencies', '');
GRANT SELECT ON nudge.dependencies TO PUBLIC;
COMMENT ON TABLE nudge.dependencies IS 'What each materialisation is computed from; an upstream of which several columns lead to keys is there once for each';
COMMENT ON COLUMN nudge.dependencies.materialisation IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.dependencies.upstream IS 'Input, as nudge_staging.subscriptions, other materialisation, as nudge_analytics.customer_mrr, or any other relation, each change of which is one of everything';
COMMENT ON COLUMN nudge.dependencies.key_column IS 'Column of the upstream whose values say which keys have changed; NULL: every key may have';
COMMENT ON COLUMN nudge.dependencies.has_map IS 'Whether a view leads from values of this column to keys; otherwise they are the keys';
COMMENT ON COLUMN nudge.dependencies.place IS '0, or which of several columns of the upstream it is, from 1';

-- No key of its own: see doc/refresh.md.
CREATE TABLE nudge.pending (
	materialisation text NOT NULL,
	key text COLLATE "C",
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	reason text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX pending_key ON nudge.pending (materialisation, key);
SELECT pg_catalog.pg_extension_config_dump('nudge.pending', '');
-- as that of nudge.change_log
ALTER TABLE nudge.pending REPLICA IDENTITY FULL;
COMMENT ON TABLE nudge.pending IS 'Keys of materialisations that have to be computed anew; a key may be here several times';
COMMENT ON COLUMN nudge.pending.materialisation IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.pending.key IS 'Key; NULL: all of them';
COMMENT ON COLUMN nudge.pending.at IS 'When what it depends on had changed';
COMMENT ON COLUMN nudge.pending.reason IS 'What had changed';

CREATE TABLE nudge.quarantine (
	materialisation text NOT NULL REFERENCES nudge.materialisations ON DELETE CASCADE,
	key text NOT NULL,
	since timestamptz NOT NULL DEFAULT now(),
	attempts integer NOT NULL DEFAULT 1,
	sqlstate text NOT NULL,
	error text NOT NULL,
	PRIMARY KEY (materialisation, key)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.quarantine', '');
COMMENT ON TABLE nudge.quarantine IS 'Keys that could not be computed; their rows are as they were before. They are tried again when they change, and by retry_quarantined()';
COMMENT ON COLUMN nudge.quarantine.materialisation IS 'Name of the materialisation';
COMMENT ON COLUMN nudge.quarantine.key IS 'Key';
COMMENT ON COLUMN nudge.quarantine.since IS 'When it failed first';
COMMENT ON COLUMN nudge.quarantine.attempts IS 'How often it has failed';
COMMENT ON COLUMN nudge.quarantine.sqlstate IS 'SQLSTATE of the last error';
COMMENT ON COLUMN nudge.quarantine.error IS 'The last error';

CREATE FUNCTION nudge.as_of() RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'nm_as_of' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.as_of() IS 'The instant that a refresh computes for, otherwise now(): what a query of a materialisation that depends on time takes for now';

CREATE FUNCTION nudge.batch_keys() RETURNS text[]
	AS 'MODULE_PATHNAME', 'nm_batch_keys' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION nudge.batch_keys() IS 'The keys whose rows a refresh computes just now, NULL if it computes all or there is none: for a query that cannot be asked for some keys from outside. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.batch_keys_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'nm_batch_keys_support' LANGUAGE C STRICT;
COMMENT ON FUNCTION nudge.batch_keys_support(internal) IS 'Works for batch_keys: lets the planner know what it finds';

-- Its plans are of one batch: after it those that are kept are made anew.
CREATE FUNCTION nudge.batch_keys(query text) RETURNS text[]
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SUPPORT nudge.batch_keys_support SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT array_agg(DISTINCT q.found) FROM (%s) q(found)', nudge.single_select(query)) INTO found USING nudge.batch_keys();
	RETURN found;
END
$$;
COMMENT ON FUNCTION nudge.batch_keys(text) IS 'What a query of one column finds for the keys whose rows a refresh computes just now, which are its $1, as a constant of the plan, so that an index or a hash table finds rows by it';

-- Names -------------------------------------------------------------------

-- Names are written down and compared, so a setting must not say how they are
-- quoted.
CREATE FUNCTION nudge.staging_name(input text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN format('nudge_staging.%I', input);
COMMENT ON FUNCTION nudge.staging_name(text) IS 'Name of the view of an input, as nudge.dependencies has it';

CREATE FUNCTION nudge.definition_view(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', name || '__definition');
COMMENT ON FUNCTION nudge.definition_view(text) IS 'Name of the view with the query of a materialisation';

CREATE FUNCTION nudge.clock_view(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', name || '__clock');
COMMENT ON FUNCTION nudge.clock_view(text) IS 'Name of the view that says when rows of a materialisation change by time alone';

CREATE FUNCTION nudge.map_view(name text, upstream text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', name || '__by_' || left(md5(upstream), 8));
COMMENT ON FUNCTION nudge.map_view(text, text) IS 'Name of the view that leads from what has changed in an upstream to keys of a materialisation';

CREATE FUNCTION nudge.dependency_map(dependency nudge.dependencies) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN nudge.map_view((dependency).materialisation, CASE (dependency).place WHEN 0 THEN (dependency).upstream ELSE concat_ws('.', (dependency).upstream, (dependency).key_column) END);
COMMENT ON FUNCTION nudge.dependency_map(nudge.dependencies) IS 'Name of the view of the map of a dependency: one of several of its upstream is called by its column too';

CREATE FUNCTION nudge.scope_view(name text, input text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', concat_ws('__of_', name, input));
COMMENT ON FUNCTION nudge.scope_view(text, text) IS 'Name of the view with the rows of an input for the keys of a materialisation that are computed';

CREATE FUNCTION nudge.mart_table(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN format('nudge_analytics.%I', name);
COMMENT ON FUNCTION nudge.mart_table(text) IS 'Name of the table of a materialisation';

CREATE FUNCTION nudge.check_materialisation_name(name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = check_materialisation_name.name) THEN
		RAISE EXCEPTION 'there is no materialisation "%"', left(name, 70) USING ERRCODE = 'undefined_object',
			DETAIL = coalesce((SELECT 'They are ' || string_agg(m.name, ', ' ORDER BY m.name COLLATE "C") || '.' FROM nudge.materialisations m), 'None is added.'),
			HINT = 'Add it with add_materialisation(), or deploy() those that are shipped.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_materialisation_name(text) IS 'An error unless there is a materialisation of that name';

-- What views read: views that are looked through, and what ends the way: inputs and tables, but
-- for those of the extension.
CREATE FUNCTION nudge.relations_read(view_ids oid[]) RETURNS TABLE (id oid, name text, is_end boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 5 SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		WITH RECURSIVE reads(id, is_end) AS (
			SELECT v, false FROM unnest(relations_read.view_ids) v
			UNION
			SELECT c.oid, c.relkind <> 'v' OR n.nspname = 'nudge_staging' AND EXISTS (SELECT FROM nudge.inputs i WHERE i.input = c.relname::text)
			FROM reads r
			JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.id AND NOT r.is_end
			JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.id
			JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('nudge', 'pg_catalog', 'information_schema')
		)
		SELECT e.id, format('%I.%I', n.nspname, c.relname), e.is_end
		FROM reads e
		JOIN pg_catalog.pg_class c ON c.oid = e.id
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE e.id <> ALL (relations_read.view_ids);
END
$$;
COMMENT ON FUNCTION nudge.relations_read(oid[]) IS 'Works for add_materialisation: the views, inputs and tables that some views read; is_end: not looked through';

-- All that says how rows are computed and which changes lead to them, in words
-- that depend on nobody's settings or rights.
CREATE FUNCTION nudge.definition_hash(name text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET quote_all_identifiers = off
	SET standard_conforming_strings = on SET bytea_output = 'hex' SET extra_float_digits = 1 SET xmlbinary = 'base64' SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
	RETURN (
		WITH views AS MATERIALIZED (
			SELECT 1 AS place, '' AS upstream, to_regclass(nudge.definition_view(definition_hash.name))::oid AS id
			UNION ALL SELECT 2, '', to_regclass(nudge.clock_view(definition_hash.name))::oid
			UNION ALL SELECT 3, concat_ws('.', d.upstream, d.key_column), to_regclass(nudge.dependency_map(d))::oid FROM nudge.dependencies d WHERE d.materialisation = definition_hash.name AND d.has_map
		), all_views AS (
			SELECT v.* FROM views v WHERE v.id IS NOT NULL
			-- views of users in between
			UNION ALL SELECT 4, r.name, r.id FROM nudge.relations_read(ARRAY(SELECT v.id FROM views v WHERE v.id IS NOT NULL)) r WHERE NOT r.is_end
		)
		SELECT md5(concat_ws(E'\n', (SELECT string_agg(pg_catalog.pg_get_viewdef(v.id, false), E'\n' ORDER BY v.place, v.upstream COLLATE "C") FROM all_views v),
			(SELECT string_agg(format('%s %s %s', d.upstream, d.key_column, d.has_map), E'\n' ORDER BY d.upstream COLLATE "C", d.key_column COLLATE "C") FROM nudge.dependencies d WHERE d.materialisation = definition_hash.name))));
END
$$;
COMMENT ON FUNCTION nudge.definition_hash(text) IS 'Hash of the queries of a materialisation and of what it depends on';

CREATE FUNCTION nudge.is_broken(name text) RETURNS boolean
	LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN to_regclass(nudge.definition_view(name)) IS NULL OR to_regclass(nudge.mart_table(name)) IS NULL;
COMMENT ON FUNCTION nudge.is_broken(text) IS 'Works for the views: whether the table or the query of a materialisation is gone';

-- What a materialisation is made of ---------------------------------------

CREATE FUNCTION nudge.layer_cadence(layer text) RETURNS interval
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE layer WHEN 'headline' THEN interval '5 minutes' WHEN 'staging' THEN interval '15 minutes' WHEN 'mart' THEN interval '1 hour' WHEN 'metric' THEN interval '4 hours' END;
COMMENT ON FUNCTION nudge.layer_cadence(text) IS 'How often materialisations of a layer are refreshed if nobody says otherwise';

CREATE FUNCTION nudge.view_upstreams(view_name text) RETURNS SETOF text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT r.name FROM nudge.relations_read(ARRAY[to_regclass(view_upstreams.view_name)::oid]) r WHERE r.is_end ORDER BY r.name COLLATE "C";
END;
COMMENT ON FUNCTION nudge.view_upstreams(text) IS 'Works for add_materialisation: the inputs and tables that a view reads';

CREATE FUNCTION nudge.upstream_name(name text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
	IF EXISTS (SELECT FROM nudge.inputs i WHERE i.input = name) THEN
		RETURN nudge.staging_name(name);
	ELSIF EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = upstream_name.name) THEN
		RETURN nudge.mart_table(name);
	ELSIF to_regclass(name) IS NULL THEN
		RAISE EXCEPTION 'there is no "%" to depend on', left(name, 130) USING ERRCODE = 'undefined_table',
			DETAIL = 'It is the name of an input, of a materialisation, or of another relation with its schema.',
			HINT = 'Leave "depends_on" out: what the query reads is found by itself.';
	END IF;
	RETURN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(name));
END
$$;
COMMENT ON FUNCTION nudge.upstream_name(text) IS 'Works for add_materialisation: an upstream with its schema, from its short name';

CREATE FUNCTION nudge.check_query(what text, query text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	PERFORM FROM nudge.query_columns(nudge.single_select(query)) c;
	RETURN nudge.single_select(query);
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the % does not work', what USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = coalesce(nullif(advice, ''), 'It is one SELECT. Names of tables, functions and operators need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.check_query(text, text) IS 'Works for add_materialisation: a query without the semicolon at its end, or an error if it is none';

-- Whether rows with a column of this type can be compared, as a refresh does it.
CREATE FUNCTION nudge.is_comparable(type_name text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT record_eq(ROW(NULL::%1$s), ROW(NULL::%1$s))', type_name);
	RETURN true;
EXCEPTION WHEN undefined_function THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION nudge.is_comparable(text) IS 'Works for add_materialisation: whether values of a type, and of what it is made of, can be told apart';

-- A column of a query must be comparable, and a key must have one text.
CREATE FUNCTION nudge.check_definition(name text, query text, key_column text, row_key text[]) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	wrong text;
	wrong_type text;
BEGIN
	SELECT array_agg(c.column_name) INTO names FROM nudge.query_columns(query) c;
	SELECT k INTO wrong FROM unnest(row_key) k WHERE k <> ALL (names) OR k IS NULL LIMIT 1;
	IF FOUND OR row_key[1] IS DISTINCT FROM key_column THEN
		RAISE EXCEPTION 'materialisation "%" has no key "%"', name, coalesce(wrong, key_column) USING ERRCODE = 'undefined_column',
			DETAIL = format('The columns of its query are %s.', array_to_string(names, ', ')),
			HINT = 'The key is one of them, and the first of "row_key".';
	END IF;
	FOR wrong, wrong_type IN SELECT c.column_name, format_type(c.type_id, NULL) FROM nudge.query_columns(query) c LOOP
		CONTINUE WHEN nudge.is_comparable(wrong_type);
		RAISE EXCEPTION 'column "%" of materialisation "%" is of type %', wrong, name, wrong_type USING ERRCODE = 'datatype_mismatch',
			DETAIL = 'Its values cannot be compared, so nobody could tell whether a row has changed.',
			HINT = 'Cast it, as to text or jsonb.';
	END LOOP;
	SELECT format_type(c.type_id, NULL) INTO wrong_type FROM nudge.query_columns(query) c
	WHERE c.column_name = key_column AND c.type_id <> ALL ('{text,int2,int4,int8,uuid,date,bool}'::regtype[]);
	IF FOUND THEN
		RAISE EXCEPTION 'key "%" of materialisation "%" is of type %', key_column, name, wrong_type USING ERRCODE = 'datatype_mismatch',
			DETAIL = 'A key is text, a whole number, a uuid, a date or a boolean.',
			HINT = 'Cast it to text.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_definition(text, text, text, text[]) IS 'Works for add_materialisation: an error unless rows of a query can be kept by their key';

-- Making it ---------------------------------------------------------------

-- A view reads tables with the rights of its owner, but functions in it run
-- with those of who reads it: here of the owner of the materialisation.
CREATE FUNCTION nudge.check_trust(view_name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
	reader pg_roles;
BEGIN
	SELECT r.* INTO reader FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = to_regclass(view_name);
	WITH RECURSIVE reads(id) AS (
		SELECT to_regclass(view_name)::oid
		UNION
		SELECT c.oid FROM reads r
		JOIN pg_rewrite w ON w.ev_class = r.id
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_class c ON c.oid = d.refobjid AND c.relkind = 'v'
	)
	SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_get_userbyid(c.relowner) AS owner INTO one
	FROM reads r JOIN pg_class c ON c.oid = r.id JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE (n.nspname = 'nudge_staging' OR reader.rolsuper) AND NOT pg_has_role(c.relowner, reader.oid, 'USAGE')
	ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'view % may not be read with the rights of role "%"', one.name, reader.rolname USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('It belongs to role "%s", whose functions would run as role "%s".', one.owner, reader.rolname),
			HINT = CASE WHEN reader.rolsuper THEN 'Let a role that is no superuser add it, by SET ROLE.' ELSE format('Map and add as one role, by SET ROLE, or GRANT %I TO %I.', reader.rolname, one.owner) END;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_trust(text) IS 'Works for the refresh: an error if a view reads an input of a role that has not the rights of its owner; for a superuser, any view of such';

CREATE FUNCTION nudge.make_engine_view(view_name text, query text, description text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	PERFORM nudge.check_view_owner(view_name);
	EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, query);
	PERFORM nudge.check_trust(view_name);
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, description);
EXCEPTION WHEN invalid_table_definition OR wrong_object_type THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'view % cannot be made', view_name USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = 'A query in the place of another keeps its columns, and new ones come last. Otherwise call drop_materialisation() first.';
END
$$;
COMMENT ON FUNCTION nudge.make_engine_view(text, text, text) IS 'Works for add_materialisation: makes or replaces one of its views';

-- States are best stored by lz4, where the server has it.
CREATE FUNCTION nudge.compress_columns(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	column_name text;
BEGIN
	IF 'lz4' = ANY ((SELECT s.enumvals FROM pg_settings s WHERE s.name = 'default_toast_compression')::text[]) THEN
		FOR column_name IN SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
			WHERE a.attrelid = to_regclass(nudge.mart_table(name)) AND a.attnum > 0 AND NOT a.attisdropped AND t.typnamespace = 'nudge'::regnamespace AND a.attcompression = '' AND a.attstorage = 'x' LOOP
			EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION lz4', nudge.mart_table(name), column_name);
		END LOOP;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.compress_columns(text) IS 'Works for add_materialisation: lets states be compressed by lz4 if the server can';

CREATE FUNCTION nudge.make_mart_table(name text, row_key text[], description text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mart constant text := nudge.mart_table(name);
	is_new boolean := to_regclass(nudge.mart_table(name)) IS NULL;
	one record;
BEGIN
	IF to_regnamespace('nudge_analytics') IS NULL THEN
		CREATE SCHEMA nudge_analytics;
		COMMENT ON SCHEMA nudge_analytics IS 'Materialisations of nudge_metrics: tables that the refresh engine keeps';
	END IF;
	IF is_new THEN
		EXECUTE format('CREATE TABLE %s WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05) AS SELECT * FROM %s WITH NO DATA', mart, nudge.definition_view(name));
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', mart, row_key[1]);
		EXECUTE format('CREATE UNIQUE INDEX ON %s (%s) NULLS NOT DISTINCT', mart, (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(row_key) WITH ORDINALITY u(k, n)));
		-- where all tables are published, rows could not be written otherwise; other columns of the key may be NULL
		EXECUTE format('ALTER TABLE %s REPLICA IDENTITY %s', mart, CASE WHEN cardinality(row_key) > 1 THEN 'FULL'
			ELSE (SELECT format('USING INDEX %I', c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = mart::regclass AND i.indisunique) END);
	ELSE
		FOR one IN SELECT d.attname, format_type(d.atttypid, d.atttypmod) AS type FROM pg_attribute d
			WHERE d.attrelid = nudge.definition_view(name)::regclass AND d.attnum > 0
				AND NOT EXISTS (SELECT FROM pg_attribute m WHERE m.attrelid = mart::regclass AND m.attname = d.attname AND NOT m.attisdropped) ORDER BY d.attnum LOOP
			EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', mart, one.attname, one.type);
			is_new := true;
		END LOOP;
	END IF;
	-- what has a new place is computed whatever the query is
	IF is_new THEN
		UPDATE nudge.materialisations m SET definition_hash = NULL WHERE m.name = make_mart_table.name;
	END IF;
	PERFORM nudge.compress_columns(name);
	IF description IS NOT NULL THEN
		EXECUTE format('COMMENT ON TABLE %s IS %L', mart, description);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.make_mart_table(text, text[], text) IS 'Works for add_materialisation: makes its table, or adds columns that it lacks. Not STRICT: it may have no description';

-- Which column of an upstream says whose rows change: the one that is given,
-- or that is called as the key.
CREATE FUNCTION nudge.upstream_key(upstream text, key_column text, given jsonb) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wanted constant text := CASE WHEN given IS NULL THEN key_column WHEN jsonb_typeof(given) = 'string' THEN given #>> '{}' WHEN jsonb_typeof(given) = 'object' THEN given ->> 'column' END;
	is_other constant boolean := upstream !~ '^nudge_(staging|analytics)[.]';
	exists_there boolean;
	problem text;
BEGIN
	exists_there := CASE WHEN is_other THEN false
		WHEN upstream ~ '^nudge_staging[.]' THEN EXISTS (SELECT FROM nudge.input_columns c WHERE upstream = nudge.staging_name(c.input) AND c.column_name = wanted AND c.data_type = 'text')
		ELSE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(upstream) AND a.attname = wanted AND a.attnum > 0 AND NOT a.attisdropped) END;
	problem := CASE WHEN given IS NULL OR jsonb_typeof(given) = 'null' THEN NULL
		WHEN is_other THEN 'Nobody writes down what changes in it. Map it as a source.'
		WHEN jsonb_typeof(given) NOT IN ('string', 'object') OR jsonb_typeof(given) = 'object' AND NOT (given ?& '{column,query}' AND given - '{column,query}'::text[] = '{}')
			THEN 'It is neither a column, nor a column with a query.'
		WHEN NOT exists_there THEN format('It has no column "%s" that could be a key.', coalesce(wanted, '')) END;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'key_maps of "%" is not understood', upstream USING ERRCODE = 'invalid_parameter_value',
			DETAIL = problem,
			HINT = 'Write {"plans": {"column": "plan", "query": "SELECT plan, customer FROM nudge_staging.subscriptions"}}, or {"customers": "parent"} where the column has the keys themselves, or an array of these for several columns, or null for any change of it to be one of everything.';
	END IF;
	RETURN CASE WHEN exists_there THEN wanted END;
END
$$;
COMMENT ON FUNCTION nudge.upstream_key(text, text, jsonb) IS
	'Works for add_materialisation: the column of an upstream whose values are written down for it. Not STRICT: without a map it is the one called as the key';

CREATE FUNCTION nudge.make_map(name text, upstream text, given jsonb) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query constant text := CASE jsonb_typeof(given) WHEN 'object' THEN given ->> 'query' END;
	columns integer;
BEGIN
	IF to_regclass(nudge.map_view(name, upstream)) IS NOT NULL THEN
		EXECUTE format('DROP VIEW %s', nudge.map_view(name, upstream));
	END IF;
	IF query IS NULL THEN
		RETURN false;
	END IF;
	SELECT count(*) INTO columns FROM nudge.query_columns(nudge.check_query(format('map of "%s"', upstream), query)) c;
	IF columns <> 2 THEN
		RAISE EXCEPTION 'the map of "%" has % columns', upstream, columns USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The first column is what changes in the upstream, the second the key that it belongs to.',
			HINT = 'Write a query of two columns, such as SELECT plan, customer FROM nudge_staging.subscriptions.';
	END IF;
	PERFORM nudge.make_engine_view(nudge.map_view(name, upstream), format(E'SELECT m.changed::text AS changed, m.key::text AS key FROM (%s\n) AS m(changed, key)', nudge.single_select(query)),
		format('Which keys of materialisation "%s" change with which value of %s', name, upstream));
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.make_map(text, text, jsonb) IS 'Works for add_materialisation: makes the view of a map, and tells whether there is one. Not STRICT: a map may be missing';

-- A table that is read by a column must find rows by it.
CREATE FUNCTION nudge.index_upstream(upstream text, key_column text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF upstream ~ '^nudge_analytics[.]' AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indrelid = to_regclass(upstream) AND a.attname = key_column AND i.indpred IS NULL)
		-- of somebody else's table only he can make one
		AND (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = to_regclass(upstream)) THEN
		EXECUTE format('CREATE INDEX ON %s (%I)', upstream, key_column);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.index_upstream(text, text) IS 'Works for add_materialisation: makes an index on the column by which another materialisation is read';

CREATE FUNCTION nudge.record_dependencies(name text, key_column text, depends_on text[], key_maps jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
	maps jsonb;
	wrong text;
BEGIN
	IF array_position(depends_on, NULL) IS NOT NULL OR jsonb_typeof(key_maps) <> 'object' THEN
		RAISE EXCEPTION 'what materialisation "%" depends on is not understood', name USING ERRCODE = 'invalid_parameter_value',
			DETAIL = '"depends_on" is an array of names, "key_maps" a JSON object with a key for each upstream.',
			HINT = 'Leave both out: what the query reads is found by itself.';
	END IF;
	SELECT coalesce(jsonb_object_agg(nudge.upstream_name(k.key), k.value), '{}') INTO maps FROM jsonb_each(coalesce(key_maps, '{}')) k;
	-- A batch of an upstream that is at work would not write down what those that
	-- are added now need to know; it is waited for.
	PERFORM pg_advisory_xact_lock('nudge.pending'::regclass::oid::integer, hashtext(u.name)) FROM (SELECT m.name FROM nudge.view_upstreams(nudge.definition_view(record_dependencies.name)) v
		JOIN nudge.materialisations m ON nudge.mart_table(m.name) = v ORDER BY m.name COLLATE "C") u;
	-- maps may be fewer than before
	PERFORM nudge.make_map(name, CASE d.place WHEN 0 THEN d.upstream ELSE concat_ws('.', d.upstream, d.key_column) END, NULL) FROM nudge.dependencies d WHERE d.materialisation = name;
	DELETE FROM nudge.dependencies d WHERE d.materialisation = name;
	FOR one IN SELECT u.upstream, w.given, nudge.upstream_key(u.upstream, record_dependencies.key_column, w.given) AS key_column, w.n
		FROM (SELECT v AS upstream FROM nudge.view_upstreams(nudge.definition_view(name)) v UNION SELECT nudge.upstream_name(d) FROM unnest(depends_on) d) u,
			LATERAL (SELECT e.value AS given, e.n FROM jsonb_array_elements(CASE jsonb_typeof(maps -> u.upstream) WHEN 'array' THEN maps -> u.upstream END) WITH ORDINALITY e(value, n)
				UNION ALL SELECT maps -> u.upstream, 0 WHERE coalesce(jsonb_typeof(maps -> u.upstream) <> 'array' OR maps -> u.upstream = '[]', true)) w
		ORDER BY u.upstream COLLATE "C", w.n LOOP
		IF EXISTS (SELECT FROM nudge.dependencies d WHERE d.materialisation = name AND d.upstream = one.upstream AND d.key_column IS NOT DISTINCT FROM one.key_column) THEN
			RAISE EXCEPTION 'key_maps of "%" is not understood', one.upstream USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It has two maps of column "%s".', one.key_column),
				HINT = 'A column leads to keys in one way: write one query with UNION.';
		END IF;
		INSERT INTO nudge.dependencies (materialisation, upstream, key_column, has_map, place)
		VALUES (name, one.upstream, one.key_column, nudge.make_map(name, CASE one.n WHEN 0 THEN one.upstream ELSE concat_ws('.', one.upstream, one.key_column) END, CASE WHEN one.key_column IS NOT NULL THEN one.given END), one.n);
		PERFORM nudge.index_upstream(one.upstream, one.key_column);
	END LOOP;
	SELECT k INTO wrong FROM jsonb_object_keys(maps) k WHERE NOT EXISTS (SELECT FROM nudge.dependencies d WHERE d.materialisation = name AND d.upstream = k) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'materialisation "%" does not read "%"', name, wrong USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'key_maps says how its changes lead to keys.',
			HINT = 'Leave it out, or name it in "depends_on".';
	END IF;
	IF EXISTS (WITH RECURSIVE above(upstream) AS (
			SELECT d.upstream FROM nudge.dependencies d WHERE d.materialisation = name
			UNION SELECT d.upstream FROM above a JOIN nudge.dependencies d ON nudge.mart_table(d.materialisation) = a.upstream
		) SELECT FROM above a WHERE a.upstream = nudge.mart_table(name)) THEN
		RAISE EXCEPTION 'materialisation "%" would depend on itself', name USING ERRCODE = 'invalid_object_definition',
			DETAIL = 'What it reads is computed from it.',
			HINT = 'Read the inputs in one of the two.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.record_dependencies(text, text, text[], jsonb) IS 'Works for add_materialisation: writes down what it depends on. Not STRICT: nothing but what its query reads may be given';

CREATE FUNCTION nudge.make_clock(name text, clock_query text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	types oid[];
BEGIN
	IF to_regclass(nudge.clock_view(name)) IS NOT NULL THEN
		EXECUTE format('DROP VIEW %s', nudge.clock_view(name));
	END IF;
	IF clock_query IS NULL THEN
		RETURN false;
	END IF;
	SELECT array_agg(c.type_id) INTO types FROM nudge.query_columns(nudge.check_query('clock query', clock_query)) c;
	IF cardinality(types) NOT IN (1, 2) OR types[cardinality(types)] <> 'timestamptz'::regtype THEN
		RAISE EXCEPTION 'the clock query of materialisation "%" is not understood', name USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Its first column is a key, its second the instant (timestamptz) from which rows of the key are others; or it has instants alone, from which rows of any key may be.',
			HINT = 'Write a query such as SELECT customer, trial_end FROM nudge_staging.subscriptions.';
	END IF;
	PERFORM nudge.make_engine_view(nudge.clock_view(name), format(CASE cardinality(types) WHEN 1 THEN E'SELECT c.at FROM (%s\n) AS c(at)' ELSE E'SELECT c.key::text AS key, c.at FROM (%s\n) AS c(key, at)' END,
		nudge.single_select(clock_query)), format('When rows of materialisation "%s" change by time alone', name));
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.make_clock(text, text) IS 'Works for add_materialisation: makes the view of its clock query, and tells whether there is one. Not STRICT: there may be none';

CREATE FUNCTION nudge.check_materialisation(name text, query text, key_column text, layer text, cadence interval, batch_keys integer) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF name IS NULL OR name !~ '^[a-z][a-z0-9_]{0,39}$' OR EXISTS (SELECT FROM nudge.inputs i WHERE i.input = name OR starts_with(name, i.input || '__')) THEN
		RAISE EXCEPTION 'a materialisation cannot be called "%"', left(coalesce(name, ''), 70) USING ERRCODE = 'invalid_name',
			DETAIL = 'Its table, and its views, are called by its name.',
			HINT = 'Take at most 40 small letters, digits and underscores, and not the name of an input, or one with two underscores after it.';
	ELSIF query IS NULL OR key_column IS NULL THEN
		RAISE EXCEPTION 'a materialisation needs a query and a key' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'The key is the column that says whose rows they are.',
			HINT = 'Pass both.';
	ELSIF layer NOT IN ('staging', 'mart', 'metric', 'headline') THEN
		RAISE EXCEPTION 'unknown layer "%"', left(layer, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says how often a materialisation is refreshed if no cadence is given.',
			HINT = 'It is staging, mart, metric or headline.';
	ELSIF cadence <= interval '0' OR extract(month FROM cadence) <> 0 OR extract(year FROM cadence) <> 0 THEN
		RAISE EXCEPTION 'the cadence of materialisation "%" must be a positive time without months', name USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', cadence),
			HINT = 'Pass an interval such as 15 minutes, 1 hour or 1 day.';
	ELSIF batch_keys NOT BETWEEN 1 AND 1000000 THEN
		RAISE EXCEPTION 'batch_keys must be between 1 and 1000000' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', batch_keys),
			HINT = 'It is how many keys are computed in one transaction; leave it out for 5000.';
	ELSIF to_regclass(nudge.mart_table(name)) IS NOT NULL AND NOT EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = check_materialisation.name) THEN
		RAISE EXCEPTION 'relation % exists already', nudge.mart_table(name) USING ERRCODE = 'duplicate_table',
			DETAIL = 'It is no materialisation.',
			HINT = 'Take another name, or drop it first.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_materialisation(text, text, text, text, interval, integer) IS 'Works for add_materialisation: an error unless its arguments make sense. Not STRICT: NULL arguments have a meaning';

-- Views have the rights of their owner: what that owner may not read shows now.
CREATE FUNCTION nudge.check_engine_view(name text, view_name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	EXECUTE format('SELECT FROM %s LIMIT 0', view_name);
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'materialisation "%" cannot be computed', name USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = format('It is computed with the rights of role "%s", to whom %s belongs.', (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = to_regclass(view_name)), view_name);
END
$$;
COMMENT ON FUNCTION nudge.check_engine_view(text, text) IS 'Works for add_materialisation: an error if the owner of a view may not read what it is made of';

-- What users call ---------------------------------------------------------

CREATE FUNCTION nudge.add_materialisation(
	name text,
	query text,
	key_column text,
	row_key text[] DEFAULT NULL,
	layer text DEFAULT 'mart',
	cadence interval DEFAULT NULL,
	key_maps jsonb DEFAULT NULL,
	clock_query text DEFAULT NULL,
	depends_on text[] DEFAULT NULL,
	batch_keys integer DEFAULT 5000,
	description text DEFAULT NULL
) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keys constant text[] := coalesce(row_key, ARRAY[key_column]);
	statement text;
	hash text;
BEGIN
	PERFORM nudge.check_materialisation(name, query, key_column, layer, cadence, batch_keys);
	statement := nudge.check_query('query of the materialisation', query);
	PERFORM nudge.check_definition(name, statement, key_column, keys);
	-- one at a time: what depends on what is the business of all
	LOCK TABLE nudge.materialisations IN SHARE ROW EXCLUSIVE MODE;
	hash := nudge.definition_hash(name);
	IF EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = add_materialisation.name AND m.row_key <> keys) THEN
		RAISE EXCEPTION 'materialisation "%" has another key', name USING ERRCODE = 'duplicate_object',
			DETAIL = (SELECT format('It is %s.', array_to_string(m.row_key, ', ')) FROM nudge.materialisations m WHERE m.name = add_materialisation.name),
			HINT = 'Call drop_materialisation() first.';
	END IF;
	IF to_regnamespace('nudge_staging') IS NULL THEN
		CREATE SCHEMA nudge_staging;
		COMMENT ON SCHEMA nudge_staging IS 'The sources of nudge_metrics as canonical inputs: views that map_source() makes';
	END IF;
	PERFORM nudge.make_engine_view(nudge.definition_view(name), statement, format('Query of materialisation "%s": what its table holds when it is fresh', name));
	PERFORM nudge.check_engine_view(name, nudge.definition_view(name));
	PERFORM nudge.make_mart_table(name, keys, description);
	INSERT INTO nudge.materialisations AS m (name, layer, key_column, row_key, has_clock, cadence, batch_keys)
	VALUES (add_materialisation.name, coalesce(add_materialisation.layer, 'mart'), add_materialisation.key_column, keys, nudge.make_clock(name, clock_query),
		coalesce(add_materialisation.cadence, nudge.layer_cadence(coalesce(add_materialisation.layer, 'mart'))), coalesce(add_materialisation.batch_keys, 5000))
	ON CONFLICT ON CONSTRAINT materialisations_pkey DO UPDATE SET layer = excluded.layer, has_clock = excluded.has_clock, cadence = excluded.cadence, batch_keys = excluded.batch_keys,
		clock_at = CASE WHEN excluded.has_clock THEN m.clock_at END, registered_by = current_user, registered_at = now(), next_due_at = now(), next_attempt_at = NULL;
	PERFORM nudge.record_dependencies(name, key_column, depends_on, key_maps);
	-- even if it is changed back before it is refreshed: changes may have been led to keys meanwhile
	INSERT INTO nudge.pending (materialisation, reason) SELECT add_materialisation.name, 'definition' WHERE hash <> nudge.definition_hash(name);
	RETURN nudge.mart_table(name);
END
$$;
COMMENT ON FUNCTION nudge.add_materialisation(text, text, text, text[], text, interval, jsonb, text, text[], integer, text) IS
	'Adds a table to nudge_analytics that holds the result of a query and is kept fresh, or changes one; tells its name. It is empty until its first refresh. Not STRICT: NULL arguments take their defaults';

CREATE FUNCTION nudge.drop_materialisation(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dependants text;
	view_name text;
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	LOCK TABLE nudge.materialisations IN SHARE ROW EXCLUSIVE MODE;
	-- what is led to keys now would stay in nudge.pending
	PERFORM pg_advisory_xact_lock('nudge.change_log'::regclass::oid::integer, 0);
	SELECT string_agg(d.materialisation, ', ' ORDER BY d.materialisation COLLATE "C") INTO dependants FROM nudge.dependencies d WHERE d.upstream = nudge.mart_table(name);
	IF dependants IS NOT NULL THEN
		RAISE EXCEPTION 'materialisation "%" is read by others', name USING ERRCODE = 'dependent_objects_still_exist',
			DETAIL = format('They are %s.', dependants),
			HINT = 'Drop those first.';
	END IF;
	IF to_regclass(nudge.mart_table(name)) IS NOT NULL THEN
		EXECUTE format('DROP TABLE %s', nudge.mart_table(name));
	END IF;
	FOR view_name IN SELECT format('nudge_staging.%I', c.relname) FROM pg_class c
		WHERE c.relnamespace = to_regnamespace('nudge_staging') AND c.relkind = 'v'
			AND (c.relname IN (name || '__definition', name || '__clock') OR c.relname ~ ('^' || name || '__by_[0-9a-f]{8}$')
				OR EXISTS (SELECT FROM nudge.inputs i WHERE c.relname = concat_ws('__of_', name, i.input)))
		-- the definition may read those of some keys
		ORDER BY c.relname COLLATE "C" LOOP
		EXECUTE format('DROP VIEW %s', view_name);
	END LOOP;
	DELETE FROM nudge.materialisations m WHERE m.name = drop_materialisation.name;
	DELETE FROM nudge.pending p WHERE p.materialisation = name;
END
$$;
COMMENT ON FUNCTION nudge.drop_materialisation(text) IS 'Drops a materialisation: its table, its query and its place in the registry. An error if others read it';

CREATE FUNCTION nudge.enable_materialisation(name text, enabled boolean DEFAULT true) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	UPDATE nudge.materialisations m SET enabled = enable_materialisation.enabled, next_attempt_at = NULL WHERE m.name = enable_materialisation.name;
END
$$;
COMMENT ON FUNCTION nudge.enable_materialisation(text, boolean) IS 'Lets run_due() refresh a materialisation, or leave it alone; what changes meanwhile is not forgotten';

-- A source that comes or goes changes its input without a trigger.
CREATE FUNCTION nudge.note_mapping() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.change_log (source) SELECT DISTINCT nudge.staging_name(i)
	FROM unnest(ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN OLD.input END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.input END]) i WHERE i IS NOT NULL;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.note_mapping() IS 'Trigger of nudge.sources: everything of an input may have changed when what is read as it has. Not STRICT: triggers take no arguments';
-- Whoever may make such triggers can fill the log.
REVOKE EXECUTE ON FUNCTION nudge.note_mapping() FROM PUBLIC;
CREATE TRIGGER note_mapping AFTER INSERT OR UPDATE OR DELETE ON nudge.sources FOR EACH ROW EXECUTE FUNCTION nudge.note_mapping();
COMMENT ON TRIGGER note_mapping ON nudge.sources IS 'Lets materialisations of an input be computed anew when its sources change';
