/*
 * presets.sql
 *		Presets: how the tables that known systems and loaders make are read as
 *		canonical inputs, and the call that maps a schema of them.
 *
 * Rules: doc/presets.md.  The presets themselves: presets_*.sql.
 */

-- What a preset is ----------------------------------------------------------

CREATE FUNCTION nudge.valid_preset_tables(tables jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN tables <> '{}' AND jsonb_typeof(tables) = 'object'
		AND NOT EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(tables) WHEN 'object' THEN tables ELSE '{}' END) t
			WHERE t.key = '' OR jsonb_typeof(t.value) <> 'object'
				OR EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(t.value) WHEN 'object' THEN t.value ELSE '{}' END) c
					WHERE c.key = '' OR jsonb_typeof(c.value) <> 'string' OR c.value #>> '{}' !~ '^(any|text|numeric|boolean|date|timestamptz|epoch|jsonb)!?$'));
COMMENT ON FUNCTION nudge.valid_preset_tables(jsonb) IS
	'Whether a preset can name its tables so: {"table": {"column": "type"}}, the type being text, numeric, boolean, date, timestamptz, epoch (an instant, or seconds since 1970), jsonb or any (as it is), with ! behind it if the column must be there';

CREATE TABLE nudge.presets (
	preset text NOT NULL CHECK (preset ~ '^[a-z][a-z0-9_]*$'),
	source text NOT NULL CHECK (source ~ '^[a-z][a-z0-9_]*$'),
	variant integer NOT NULL DEFAULT 1,
	input text NOT NULL,
	tables jsonb NOT NULL CHECK (nudge.valid_preset_tables(tables)),
	query text,
	columns jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(columns) = 'object'),
	filter text,
	zone text,
	amount_scale jsonb,
	words jsonb,
	end_rule text CHECK (end_rule IN ('exclusive', 'inclusive')),
	note text,
	PRIMARY KEY (preset, source, variant)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.presets', '');
GRANT SELECT ON nudge.presets TO PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.presets TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.presets IS 'Your own presets of map_preset; rows of one preset and source take the place of shipped ones';
COMMENT ON COLUMN nudge.presets.preset IS 'Name of the preset';
COMMENT ON COLUMN nudge.presets.source IS 'Name of the source behind the prefix, as a rule that of its input';
COMMENT ON COLUMN nudge.presets.variant IS 'Of several ways to map a source the first is taken whose tables and columns are there';
COMMENT ON COLUMN nudge.presets.input IS 'Canonical input that it is read as';
COMMENT ON COLUMN nudge.presets.tables IS 'Tables and their columns with type, and ! behind it if the source cannot be mapped without';
COMMENT ON COLUMN nudge.presets.query IS 'Query, with {{table}} for a table, {{zone}} for the zone of days and {{currency}} for the currency given; NULL maps the only table as it is';
COMMENT ON COLUMN nudge.presets.columns IS 'Expressions over r, as map_source takes them';
COMMENT ON COLUMN nudge.presets.filter IS 'Condition on r that the rows meet; NULL is all of them';
COMMENT ON COLUMN nudge.presets.zone IS 'Zone of timestamps without one, where the system has one of its own';
COMMENT ON COLUMN nudge.presets.amount_scale IS 'Decimals that amounts are in, as map_source takes them';
COMMENT ON COLUMN nudge.presets.words IS 'For columns of text: which word of the system is which of the input';
COMMENT ON COLUMN nudge.presets.end_rule IS 'exclusive or inclusive, as map_source takes it';
COMMENT ON COLUMN nudge.presets.note IS 'What it is read from and what it cannot know';

-- Shipped with the extension and not edited, so that pg_dump leaves them out:
-- an update may change them, and never meets a row of a user.
CREATE TABLE nudge.shipped_presets (LIKE nudge.presets INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING COMMENTS);
GRANT SELECT ON nudge.shipped_presets TO PUBLIC;
COMMENT ON TABLE nudge.shipped_presets IS 'The presets of map_preset that come with the extension, but for plain, which follows nudge.input_columns';

CREATE VIEW nudge.presets_in_force AS
	SELECT p.preset, p.source, p.variant, p.input, p.tables, p.query, p.columns, p.filter, p.zone, p.amount_scale, p.words, p.end_rule, p.note, false AS shipped
	FROM nudge.presets p
	UNION ALL
	SELECT s.preset, s.source, s.variant, s.input, s.tables, s.query, s.columns, s.filter, s.zone, s.amount_scale, s.words, s.end_rule, s.note, true
	FROM (
		SELECT k.* FROM nudge.shipped_presets k
		UNION ALL
		SELECT 'plain', c.input, 1, c.input, jsonb_build_object(c.input, jsonb_object_agg(c.column_name, CASE WHEN c.required THEN 'any!' ELSE 'any' END)),
			NULL, '{}', NULL, NULL, NULL, NULL, NULL, 'A table of the name of the input, with its columns'
		FROM nudge.input_columns c GROUP BY c.input
	) s
	WHERE NOT EXISTS (SELECT FROM nudge.presets p WHERE p.preset = s.preset AND p.source = s.source);
GRANT SELECT ON nudge.presets_in_force TO PUBLIC;
COMMENT ON VIEW nudge.presets_in_force IS 'The presets that map_preset applies: your own, and those shipped that none of yours replaces';
COMMENT ON COLUMN nudge.presets_in_force.preset IS 'Name of the preset';
COMMENT ON COLUMN nudge.presets_in_force.source IS 'Name of the source behind the prefix';
COMMENT ON COLUMN nudge.presets_in_force.variant IS 'Of several ways to map a source the first is taken whose tables and columns are there';
COMMENT ON COLUMN nudge.presets_in_force.input IS 'Canonical input that it is read as';
COMMENT ON COLUMN nudge.presets_in_force.tables IS 'Tables and their columns with type, and ! behind it if the source cannot be mapped without';
COMMENT ON COLUMN nudge.presets_in_force.query IS 'Query, with {{table}} for a table, {{zone}} for the zone of days and {{currency}} for the currency given; NULL maps the only table as it is';
COMMENT ON COLUMN nudge.presets_in_force.columns IS 'Expressions over r, as map_source takes them';
COMMENT ON COLUMN nudge.presets_in_force.filter IS 'Condition on r that the rows meet';
COMMENT ON COLUMN nudge.presets_in_force.zone IS 'Zone of timestamps without one, where the system has one of its own';
COMMENT ON COLUMN nudge.presets_in_force.amount_scale IS 'Decimals that amounts are in';
COMMENT ON COLUMN nudge.presets_in_force.words IS 'Which word of the system is which of the input';
COMMENT ON COLUMN nudge.presets_in_force.end_rule IS 'exclusive or inclusive';
COMMENT ON COLUMN nudge.presets_in_force.note IS 'What it is read from and what it cannot know';
COMMENT ON COLUMN nudge.presets_in_force.shipped IS 'Whether it came with the extension';

CREATE VIEW nudge.preset_list AS
	SELECT p.preset, p.input, p.source, p.variant,
		(SELECT string_agg(t.key || coalesce(' (' || k.needed || ')', ''), '; ' ORDER BY t.key COLLATE "C")
			FROM jsonb_each(p.tables) t, LATERAL (SELECT string_agg(c.key, ', ' ORDER BY c.key COLLATE "C") AS needed FROM jsonb_each_text(t.value) c WHERE c.value LIKE '%!') k
			WHERE k.needed IS NOT NULL) AS needs,
		(SELECT string_agg(t.key || ' (' || k.used || ')', '; ' ORDER BY t.key COLLATE "C")
			FROM jsonb_each(p.tables) t, LATERAL (SELECT string_agg(c.key, ', ' ORDER BY c.key COLLATE "C") AS used FROM jsonb_each_text(t.value) c WHERE c.value NOT LIKE '%!') k
			WHERE k.used IS NOT NULL) AS uses,
		p.note, p.shipped
	FROM nudge.presets_in_force p;
GRANT SELECT ON nudge.preset_list TO PUBLIC;
COMMENT ON VIEW nudge.preset_list IS 'What each preset reads: the tables and columns that must be there, and those that are used if they are';
COMMENT ON COLUMN nudge.preset_list.preset IS 'Name of the preset';
COMMENT ON COLUMN nudge.preset_list.input IS 'Canonical input that it maps';
COMMENT ON COLUMN nudge.preset_list.source IS 'Name of the source behind the prefix';
COMMENT ON COLUMN nudge.preset_list.variant IS 'The first variant is taken whose tables and columns are there';
COMMENT ON COLUMN nudge.preset_list.needs IS 'Tables and columns that must be there';
COMMENT ON COLUMN nudge.preset_list.uses IS 'Tables and columns that are used if they are there';
COMMENT ON COLUMN nudge.preset_list.note IS 'What it is read from and what it cannot know';
COMMENT ON COLUMN nudge.preset_list.shipped IS 'Whether it came with the extension';

-- Reading a table as a preset says ------------------------------------------

-- How a column of some type is read as one of a preset.  Loaders agree on names
-- more than on types; what cannot be misread is cast, the rest is refused.
CREATE FUNCTION nudge.preset_cast(value text, type_id oid, data_type text, system_zone text, zone text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN preset_cast.data_type = 'any' THEN preset_cast.value
		WHEN preset_cast.data_type = 'text' AND (t.typcategory IN ('S', 'E') OR f.name IN ('bigint', 'integer', 'smallint', 'numeric', 'uuid', 'boolean')) THEN format('%s::text', preset_cast.value)
		WHEN preset_cast.data_type = 'numeric' AND t.typcategory = 'N' AND f.name <> 'money' AND f.name !~ '^reg|^oid' THEN format('%s::numeric', preset_cast.value)
		WHEN preset_cast.data_type = 'boolean' AND f.name = 'boolean' THEN preset_cast.value
		WHEN preset_cast.data_type = 'jsonb' AND f.name IN ('jsonb', 'json') THEN format('%s::jsonb', preset_cast.value)
		WHEN preset_cast.data_type = 'jsonb' AND t.typcategory = 'S' THEN format('nullif(%s::text, '''')::jsonb', preset_cast.value)
		WHEN preset_cast.data_type = 'date' AND f.name IN ('date', 'timestamp without time zone') THEN format('%s::date', preset_cast.value)
		WHEN preset_cast.data_type = 'date' AND f.name = 'timestamp with time zone'
			THEN format('(%s AT TIME ZONE %L)::date', preset_cast.value, coalesce(preset_cast.zone, preset_cast.system_zone, 'UTC'))
		WHEN preset_cast.data_type IN ('timestamptz', 'epoch') AND f.name = 'timestamp with time zone' THEN preset_cast.value
		-- a timestamp is the system's, a day that of the user
		WHEN preset_cast.data_type IN ('timestamptz', 'epoch') AND f.name = 'timestamp without time zone' AND coalesce(preset_cast.system_zone, preset_cast.zone) IS NOT NULL
			THEN format('%s AT TIME ZONE %L', preset_cast.value, coalesce(preset_cast.system_zone, preset_cast.zone))
		WHEN preset_cast.data_type IN ('timestamptz', 'epoch') AND f.name = 'date' AND coalesce(preset_cast.zone, preset_cast.system_zone) IS NOT NULL
			THEN format('%s::timestamp AT TIME ZONE %L', preset_cast.value, coalesce(preset_cast.zone, preset_cast.system_zone))
		WHEN preset_cast.data_type = 'epoch' AND f.name IN ('bigint', 'integer', 'numeric', 'double precision') THEN format('to_timestamp(%s)', preset_cast.value)
		WHEN preset_cast.data_type = 'epoch' AND f.name = 'jsonb' THEN format('to_timestamp((%s #>> ''{}'')::double precision)', preset_cast.value) END
	FROM pg_type t, LATERAL (SELECT format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS name) f
	WHERE t.oid = preset_cast.type_id;
END;
COMMENT ON FUNCTION nudge.preset_cast(text, oid, text, text, text) IS
	'Works for map_preset: an expression that reads a column of a type as one of a preset; NULL if it cannot be read so. Not STRICT: a NULL zone is not known';

-- The FROM item of a table of a preset.  Columns that are not there, and of which
-- the preset does not say that they must be, are NULL, and so are all of a table.
CREATE FUNCTION nudge.preset_table(schema_name text, table_name text, columns jsonb, system_zone text, zone text,
	OUT from_item text, OUT missing text, OUT left_out text)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH relation AS (
		SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = preset_table.schema_name AND c.relname = preset_table.table_name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	), wanted AS (
		SELECT k.key AS name, rtrim(k.value, '!') AS data_type, CASE rtrim(k.value, '!') WHEN 'epoch' THEN 'timestamptz' WHEN 'any' THEN 'text' ELSE rtrim(k.value, '!') END AS sql_type,
			k.value LIKE '%!' AS required, a.atttypid, nudge.preset_cast('t.' || quote_ident(k.key), a.atttypid, rtrim(k.value, '!'), preset_table.system_zone, preset_table.zone) AS expression
		FROM jsonb_each_text(preset_table.columns) k
		LEFT JOIN pg_attribute a ON a.attrelid = (SELECT r.oid FROM relation r) AND a.attname = k.key AND a.attnum > 0 AND NOT a.attisdropped
	), problem AS (
		SELECT w.*, preset_table.table_name || '.' || w.name
			|| CASE WHEN w.atttypid IS NULL THEN '' ELSE format(' (%s, and not %s)', format_type(w.atttypid, NULL), CASE w.data_type WHEN 'epoch' THEN 'a time' ELSE w.data_type END) END AS text
		FROM wanted w WHERE w.expression IS NULL
	)
	SELECT format('(SELECT %s%s)', string_agg(format('%s AS %I', coalesce(w.expression, 'NULL::' || w.sql_type), w.name), ', ' ORDER BY w.name COLLATE "C"),
			coalesce((SELECT format(' FROM %s AS t', r.name) FROM relation r), ' WHERE false')),
		CASE WHEN EXISTS (SELECT FROM relation) THEN (SELECT 'column ' || string_agg(p.text, ', ' ORDER BY p.name COLLATE "C") FROM problem p WHERE p.required)
			WHEN bool_or(w.required) THEN 'table ' || preset_table.table_name END,
		CASE WHEN EXISTS (SELECT FROM relation) THEN (SELECT string_agg(p.text, ', ' ORDER BY p.name COLLATE "C") FROM problem p WHERE NOT p.required)
			ELSE preset_table.table_name END
	FROM wanted w;
END;
COMMENT ON FUNCTION nudge.preset_table(text, text, jsonb, text, text) IS
	'Works for map_preset: the FROM item of a table of a preset, what it must have and lacks, and what is NULL because it is not there. Not STRICT: a NULL zone is not known';

CREATE FUNCTION nudge.preset_query(schema_name text, tables jsonb, query text, system_zone text, zone text, currency text,
	OUT mapped_query text, OUT missing text, OUT left_out text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	mapped_query := replace(replace(query, '{{zone}}', quote_literal(coalesce(zone, system_zone, 'UTC'))), '{{currency}}', format('%L::text', upper(currency)));
	FOR one IN SELECT t.key, p.* FROM jsonb_each(tables) t, LATERAL nudge.preset_table(schema_name, t.key, t.value, system_zone, zone) p ORDER BY t.key COLLATE "C" LOOP
		mapped_query := replace(mapped_query, format('{{%s}}', one.key), one.from_item);
		missing := nullif(concat_ws(', ', missing, one.missing), '');
		left_out := nullif(concat_ws(', ', left_out, one.left_out), '');
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.preset_query(text, jsonb, text, text, text, text) IS
	'Works for map_preset: a query of a preset with the tables of a schema. Not STRICT: a NULL query is that of none, a NULL zone or currency is not known';

CREATE FUNCTION nudge.check_preset(preset text, schema_name text, inputs text[], zone text, currency text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.presets_in_force p WHERE p.preset = check_preset.preset) THEN
		RAISE EXCEPTION 'unknown preset "%"', left(preset, 60) USING ERRCODE = 'undefined_object',
			DETAIL = (SELECT 'The presets are ' || string_agg(DISTINCT p.preset COLLATE "C", ', ') || '.' FROM nudge.presets_in_force p),
			HINT = 'See the view nudge.preset_list, or add one of your own to nudge.presets.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = schema_name) THEN
		RAISE EXCEPTION 'there is no schema "%"', left(schema_name, 63) USING ERRCODE = 'invalid_schema_name',
			DETAIL = 'The tables of a preset are looked for in one schema.',
			HINT = 'Pass the name of the schema that the loader writes to, without quotes.';
	END IF;
	SELECT i INTO wrong FROM unnest(inputs) i WHERE NOT EXISTS (SELECT FROM nudge.presets_in_force p WHERE p.preset = check_preset.preset AND p.input = i) ORDER BY i COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'preset "%" has no input "%"', preset, left(wrong, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = (SELECT 'It maps ' || string_agg(DISTINCT p.input COLLATE "C", ', ') || '.' FROM nudge.presets_in_force p WHERE p.preset = check_preset.preset),
			HINT = 'Name some of these, or leave inputs out for all.';
	END IF;
	IF currency !~* '^[a-z]{3}$' THEN
		RAISE EXCEPTION 'currency "%" is no code of three letters', left(currency, 20) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is that of amounts of which the system does not say one.',
			HINT = 'Pass a code such as EUR, or leave it out.';
	END IF;
	-- an error unless it is one
	PERFORM nudge.civil_date(now(), zone);
END
$$;
COMMENT ON FUNCTION nudge.check_preset(text, text, text[], text, text) IS
	'Works for map_preset: an error unless its arguments make sense. Not STRICT: NULL inputs are all, a NULL zone or currency is not known';

-- The call of map_source that a source of a preset comes to, as text.
CREATE FUNCTION nudge.preset_statement(source text, input text, relation text, query text, columns jsonb, filter text, zone text, amount_scale jsonb, words jsonb, end_rule text, expected_every interval)
	RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN 'SELECT nudge.map_source(' || concat_ws(', ', quote_literal(input), 'relation => ' || quote_literal(relation), 'query => ' || quote_literal(query),
		'columns => ' || quote_literal(nullif(columns, '{}')), 'source => ' || quote_literal(source), 'filter => ' || quote_literal(filter), 'zone => ' || quote_literal(zone),
		'amount_scale => ' || quote_literal(amount_scale), 'words => ' || quote_literal(words), 'end_rule => ' || quote_literal(end_rule),
		'expected_every => ' || quote_literal(expected_every)) || ');';
COMMENT ON FUNCTION nudge.preset_statement(text, text, text, text, jsonb, text, text, jsonb, jsonb, text, interval) IS
	'Works for map_preset: the call of map_source that maps a source. Not STRICT: a NULL argument is left out';

-- Each source of a preset, by the first variant whose tables and columns are
-- there; if that is none, by the first, with what it lacks.
CREATE FUNCTION nudge.preset_sources(preset text, schema_name text, zone text, inputs text[], currency text)
	RETURNS TABLE (source text, input text, relation text, mapped_query text, columns jsonb, filter text, zone_used text, amount_scale jsonb, words jsonb, end_rule text, missing text, left_out text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	WITH chosen AS (
		SELECT DISTINCT ON (p.source) p.source, p.input, p.query, p.columns, p.filter, coalesce(preset_sources.zone, p.zone) AS zone_used, p.amount_scale, p.words, p.end_rule, q.mapped_query, q.missing, q.left_out,
			(SELECT min(t.name) FROM jsonb_object_keys(p.tables) t(name)) AS table_name
		FROM nudge.presets_in_force p, LATERAL nudge.preset_query(preset_sources.schema_name, p.tables, p.query, p.zone, preset_sources.zone, preset_sources.currency) q
		WHERE p.preset = preset_sources.preset AND (preset_sources.inputs IS NULL OR p.input = ANY (preset_sources.inputs))
		ORDER BY p.source, q.missing IS NOT NULL, p.variant
	)
	SELECT c.source, c.input, CASE WHEN c.query IS NULL THEN format('%I.%I', preset_sources.schema_name, c.table_name) END, c.mapped_query,
		-- what a table that is mapped as it is does not have
		(SELECT coalesce(jsonb_object_agg(k.key, CASE WHEN c.query IS NULL AND c.table_name || '.' || (k.value #>> '{}') = ANY (string_to_array(c.left_out, ', ')) THEN 'null' ELSE k.value END), '{}') FROM jsonb_each(c.columns) k),
		c.filter, c.zone_used, c.amount_scale, c.words, c.end_rule, c.missing, c.left_out
	FROM chosen c ORDER BY c.input COLLATE "C", c.source COLLATE "C";
END;
COMMENT ON FUNCTION nudge.preset_sources(text, text, text, text[], text) IS
	'Works for map_preset: how each source of a preset is read from the tables of a schema, or what is missing. Not STRICT: a NULL zone or currency is not known, NULL inputs are all';

-- What users call -----------------------------------------------------------

CREATE FUNCTION nudge.map_preset(
	preset text,
	schema_name text,
	zone text DEFAULT NULL,
	prefix text DEFAULT NULL,
	inputs text[] DEFAULT NULL,
	currency text DEFAULT NULL,
	expected_every interval DEFAULT NULL,
	dry_run boolean DEFAULT false
) RETURNS TABLE (
	source_name text,
	input text,
	staging_view text,
	skipped_because text,
	left_out text,
	statement text
)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 10 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
	works boolean := coalesce(dry_run, false);
	missing text;
BEGIN
	PERFORM nudge.check_preset(preset, schema_name, inputs, zone, currency);
	FOR one IN SELECT s.* FROM nudge.preset_sources(preset, schema_name, zone, inputs, currency) s LOOP
		source_name := coalesce(prefix, preset) || '_' || one.source;
		input := one.input;
		skipped_because := 'there is no ' || one.missing;
		left_out := NULL;
		statement := NULL;
		staging_view := NULL;
		IF one.missing IS NULL THEN
			left_out := one.left_out;
			statement := nudge.preset_statement(source_name, one.input, one.relation, one.mapped_query, one.columns, one.filter, one.zone_used, one.amount_scale, one.words, one.end_rule, expected_every);
			works := true;
			IF NOT coalesce(dry_run, false) THEN
				staging_view := nudge.map_source(one.input, one.relation::regclass, one.columns, source_name, one.mapped_query, one.filter, one.zone_used, one.amount_scale, one.words, one.end_rule, expected_every);
			END IF;
		END IF;
		missing := concat_ws(' ', missing, format('For %s there is no %s.', one.source, one.missing));
		RETURN NEXT;
	END LOOP;
	IF NOT works THEN
		RAISE EXCEPTION 'nothing of preset "%" is in schema "%"', preset, schema_name USING ERRCODE = 'undefined_table',
			DETAIL = left(missing, 1000),
			HINT = 'Pass the schema that the loader writes to. What the preset reads is in nudge.preset_list.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.map_preset(text, text, text, text, text[], text, interval, boolean) IS
	'Maps what a known system or loader has written to a schema as canonical inputs: a row for each source with its view, or why it is skipped, what is NULL because it is not there, and the call of map_source that was made. Not STRICT: NULL arguments have a meaning';
