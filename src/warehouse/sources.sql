/*
 * sources.sql
 *		Sources: which table or query of the user is which canonical input, and
 *		the staging view that reads it so.
 *
 * Rules: doc/sources.md.
 */

-- The registry ------------------------------------------------------------

CREATE TABLE nudge.sources (
	source text PRIMARY KEY CHECK (source ~ '^[a-z][a-z0-9_]*$'),
	input text NOT NULL,
	relation text,
	query text,
	columns jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(columns) = 'object'),
	filter text,
	zone text,
	amount_scale jsonb,
	words jsonb,
	end_rule text NOT NULL DEFAULT 'exclusive' CHECK (end_rule IN ('exclusive', 'inclusive')),
	expected_every interval,
	mapped_by name NOT NULL DEFAULT current_user,
	mapped_at timestamptz NOT NULL DEFAULT now(),
	CHECK ((relation IS NULL) <> (query IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.sources', '');
GRANT SELECT ON nudge.sources TO PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sources TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.sources IS 'Which tables and queries are read as which canonical input; map_source() and unmap_source() keep it';
COMMENT ON COLUMN nudge.sources.source IS 'Name of the source';
COMMENT ON COLUMN nudge.sources.input IS 'Canonical input that it is read as';
COMMENT ON COLUMN nudge.sources.relation IS 'Table or view, with its schema; NULL where a query stands in its place';
COMMENT ON COLUMN nudge.sources.query IS 'Query; NULL where a relation stands in its place';
COMMENT ON COLUMN nudge.sources.columns IS 'Expression over r, a row of the relation, for each column of the input that is not simply one of the same name; null for one that the source does not have';
COMMENT ON COLUMN nudge.sources.filter IS 'Condition on r that the rows meet; NULL is all of them';
COMMENT ON COLUMN nudge.sources.zone IS 'Time zone in which days and timestamps without a zone are read';
COMMENT ON COLUMN nudge.sources.amount_scale IS 'Decimals that amounts are in, by currency with * for all others, or "iso" for those of each currency; NULL is major units';
COMMENT ON COLUMN nudge.sources.words IS 'For columns of text: which word of the source is which of the input';
COMMENT ON COLUMN nudge.sources.end_rule IS 'exclusive: an end is the first time no longer in force; inclusive: it is the last day in force';
COMMENT ON COLUMN nudge.sources.expected_every IS 'How often at least a new row should come; NULL if that is not known';
COMMENT ON COLUMN nudge.sources.mapped_by IS 'Who mapped it last, with whose rights it is read';
COMMENT ON COLUMN nudge.sources.mapped_at IS 'When it was mapped last';

-- What inputs mean --------------------------------------------------------

CREATE FUNCTION nudge.input_money(input text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE input
		WHEN 'customers' THEN '{initial_amount}' WHEN 'plans' THEN '{list_price}' WHEN 'competitors' THEN '{starter_price}'
		WHEN 'subscriptions' THEN '{amount}' WHEN 'contracts' THEN '{amount}' WHEN 'charges' THEN '{amount,rate}'
		WHEN 'payments' THEN '{amount}' WHEN 'usage' THEN '{rate}' WHEN 'spend' THEN '{amount}' WHEN 'costs' THEN '{amount}'
		WHEN 'budgets' THEN '{amount}' WHEN 'cash' THEN '{balance}' WHEN 'conversions' THEN '{revenue}' WHEN 'deals' THEN '{amount}'
		WHEN 'quotas' THEN '{amount}' ELSE '{}' END::text[];
COMMENT ON FUNCTION nudge.input_money(text) IS 'The columns of an input that are money';

CREATE FUNCTION nudge.input_ends(input text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE input
		WHEN 'identities' THEN '{valid_to}' WHEN 'dimension_history' THEN '{valid_to}' WHEN 'subscriptions' THEN '{valid_to}'
		WHEN 'account_facts' THEN '{valid_to}' WHEN 'contracts' THEN '{ends_at}' WHEN 'campaigns' THEN '{ended_at}'
		WHEN 'partners' THEN '{left_at}' ELSE '{}' END::text[];
COMMENT ON FUNCTION nudge.input_ends(text) IS 'The columns of an input that end an interval';

-- Building a view ---------------------------------------------------------

-- What a source can be read from, with r as the name of a row.
CREATE FUNCTION nudge.source_from(relation text, query text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(relation || ' AS r', '(' || query || E'\n) AS r');
COMMENT ON FUNCTION nudge.source_from(text, text) IS
	'Works for map_source: the FROM item of a source. Not STRICT: one of relation and query is NULL';

-- The names and types of the columns of a query, without running it: of a view
-- that is made and, by the exception, gone again.
CREATE FUNCTION nudge.query_columns(query text) RETURNS TABLE (column_name text, type_id oid)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	types oid[];
BEGIN
	BEGIN
		EXECUTE 'CREATE VIEW pg_temp.nudge_query_columns AS ' || query;
		SELECT array_agg(a.attname::text ORDER BY a.attnum), array_agg(coalesce(nullif(t.typbasetype, 0), t.oid) ORDER BY a.attnum)
		INTO names, types
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = 'pg_temp.nudge_query_columns'::regclass AND a.attnum > 0;
		RAISE EXCEPTION USING ERRCODE = 'NM000';
	EXCEPTION WHEN SQLSTATE 'NM000' THEN
		NULL;
	END;
	RETURN QUERY SELECT u.name, u.type FROM unnest(names, types) u(name, type);
END
$$;
COMMENT ON FUNCTION nudge.query_columns(text) IS 'Works for map_source: names and types of the columns of a query, which is not run';

-- An expression of each column of the input, NULL for those that the source
-- lacks.
CREATE FUNCTION nudge.source_columns(input text, columns jsonb, source_from text)
	RETURNS TABLE (place integer, column_name text, data_type text, expression text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	available constant text[] := ARRAY(SELECT q.column_name FROM nudge.query_columns('SELECT * FROM ' || source_from) q);
	wrong text;
	meaning text;
BEGIN
	SELECT k.key INTO wrong FROM jsonb_object_keys(columns) k(key)
	WHERE NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = source_columns.input AND c.column_name = k.key) ORDER BY 1 LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'input "%" has no column "%"', input, wrong
			USING ERRCODE = 'undefined_column',
				DETAIL = (SELECT 'Its columns are ' || string_agg(c.column_name, ', ' ORDER BY c.position) || '.' FROM nudge.input_columns c WHERE c.input = source_columns.input),
				HINT = 'The keys of "columns" are names of columns of the input, the values expressions over r.';
	END IF;
	SELECT k.key INTO wrong FROM jsonb_each(columns) k WHERE jsonb_typeof(k.value) NOT IN ('string', 'null') ORDER BY 1 LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'the expression of column "%" must be a string or null', wrong
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', columns -> wrong),
				HINT = 'Write a constant as an expression too, such as "1" or "''month''".';
	END IF;
	SELECT c.column_name, c.description INTO wrong, meaning FROM nudge.input_columns c
	WHERE c.input = source_columns.input AND c.required AND columns ->> c.column_name IS NULL
		AND (columns ? c.column_name OR c.column_name <> ALL (available)) ORDER BY c.position LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'a source of "%" must have column "%"', input, wrong
			USING ERRCODE = 'undefined_column',
				DETAIL = format('The column means: %s. The source has %s.', meaning, coalesce(nullif(array_to_string(available, ', '), ''), 'no columns')),
				HINT = format('Say how to make it: columns => ''{"%s": "an expression over r"}''.', wrong);
	END IF;
	RETURN QUERY
		SELECT c.position, c.column_name, c.data_type,
			CASE WHEN columns ? c.column_name THEN columns ->> c.column_name WHEN c.column_name = ANY (available) THEN 'r.' || quote_ident(c.column_name) END
		FROM nudge.input_columns c WHERE c.input = source_columns.input ORDER BY c.position;
END
$$;
COMMENT ON FUNCTION nudge.source_columns(text, jsonb, text) IS 'Works for map_source: the expression of each column of an input, checked for what is missing and what is too much';

-- The types of expressions.  All at once, and only if that fails one by one,
-- to name the one that does not work.
CREATE FUNCTION nudge.expression_types(names text[], expressions text[], source_from text) RETURNS oid[]
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found oid[];
	problem text;
BEGIN
	BEGIN
		RETURN ARRAY(SELECT q.type_id FROM nudge.query_columns((SELECT 'SELECT ' || string_agg(format(E'(%s\n) AS %I', u.expression, u.name), ', ' ORDER BY u.place)
			FROM unnest(names, expressions) WITH ORDINALITY u(name, expression, place)) || ' FROM ' || source_from) q);
	EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value THEN
		NULL;
	END;
	FOR i IN 1 .. cardinality(names) LOOP
		BEGIN
			found := found || ARRAY(SELECT q.type_id FROM nudge.query_columns(format(E'SELECT (%s\n) AS %I FROM %s', expressions[i], names[i], source_from)) q);
		EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value THEN
			GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
			RAISE EXCEPTION 'the expression of column "%" does not work', names[i]
				USING ERRCODE = SQLSTATE,
					DETAIL = format('%s: %s.', expressions[i], problem),
					HINT = 'It is an SQL expression over r, a row of the source. Names of functions and tables of yours need their schema.';
		END;
	END LOOP;
	RETURN found;
END
$$;
COMMENT ON FUNCTION nudge.expression_types(text[], text[], text) IS 'Works for map_source: the types of expressions, or an error that names the column of the first that does not work';

-- How a column s.NAME of some type is read as a type of the inputs.
CREATE FUNCTION nudge.source_cast(column_name text, data_type text, type_id oid, zone text, inclusive_end boolean) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	value constant text := 's.' || quote_ident(column_name);
	kind constant "char" := (SELECT t.typcategory FROM pg_type t WHERE t.oid = type_id);
	is_time constant boolean := data_type IN ('timestamptz', 'date');
	civil constant text := CASE WHEN inclusive_end THEN format('(%s + interval ''1 day'')', value) ELSE format('(%s)', value) END;
BEGIN
	IF is_time AND zone IS NULL AND (data_type = 'timestamptz' AND type_id IN ('timestamp'::regtype, 'date'::regtype) OR data_type = 'date' AND type_id = 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'column "%" needs a time zone', column_name
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is of type %s, and read as %s.', format_type(type_id, NULL), CASE data_type WHEN 'date' THEN 'a day' ELSE 'an instant' END),
				HINT = 'Pass the zone in which it is meant: zone => ''Europe/Berlin'', or ''UTC''.';
	END IF;
	IF inclusive_end AND NOT (type_id = 'date'::regtype OR type_id = 'timestamp'::regtype) THEN
		RAISE EXCEPTION 'column "%" cannot be an inclusive end', column_name
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is of type %s. The last day in force is a day.', format_type(type_id, NULL)),
				HINT = 'Make it a date in its expression, or leave out end_rule.';
	END IF;
	IF data_type = 'timestamptz' THEN
		IF type_id = 'timestamptz'::regtype THEN
			RETURN value;
		ELSIF type_id IN ('timestamp'::regtype, 'date'::regtype) THEN
			RETURN format('%s::timestamp AT TIME ZONE %L', civil, zone);
		END IF;
	ELSIF data_type = 'date' THEN
		IF type_id IN ('timestamp'::regtype, 'date'::regtype) THEN
			RETURN format('%s::date', civil);
		ELSIF type_id = 'timestamptz'::regtype THEN
			RETURN format('nudge.civil_date(%s, %L)', value, zone);
		END IF;
	-- money follows a setting, and text says times and numbers in many ways
	ELSIF data_type = 'text' AND (kind IN ('S', 'E', 'B', 'U') OR kind = 'N' AND type_id <> 'money'::regtype)
		OR data_type = 'numeric' AND kind = 'N' AND type_id <> 'money'::regtype
		OR data_type IN ('integer', 'bigint') AND type_id IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
		OR data_type = 'jsonb' AND type_id IN ('json'::regtype, 'jsonb'::regtype)
		OR data_type NOT IN ('text', 'numeric', 'integer', 'bigint', 'jsonb') AND type_id = data_type::regtype THEN
		RETURN format('%s::%s', value, data_type);
	END IF;
	RAISE EXCEPTION 'column "%" is of type %, and not %', column_name, format_type(type_id, NULL), data_type
		USING ERRCODE = 'datatype_mismatch',
			DETAIL = 'It cannot be read as that without a choice which only you can make.',
			HINT = CASE WHEN is_time AND kind = 'N' THEN 'Seconds since 1970 become an instant by to_timestamp(r.column), milliseconds by to_timestamp(r.column / 1000.0).'
				ELSE format('Write a cast in its expression, such as "r.column::%s".', data_type) END;
END
$$;
COMMENT ON FUNCTION nudge.source_cast(text, text, oid, text, boolean) IS
	'Works for map_source: how a column is read as a type, or an error if that depends on what nobody has said. Not STRICT: a NULL zone is none';

-- A column of text by the words of the input.
CREATE FUNCTION nudge.source_words(expression text, words jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((SELECT format('CASE lower(btrim(%1$s)) %2$s ELSE %1$s END', source_words.expression,
			string_agg(format('WHEN %L THEN %L', lower(btrim(w.key)), w.value), ' ' ORDER BY w.key COLLATE "C"))
		FROM jsonb_each_text(source_words.words) w HAVING count(*) > 0), source_words.expression);
END;
COMMENT ON FUNCTION nudge.source_words(text, jsonb) IS
	'Works for map_source: an expression with the words of a source replaced by those of the input. Not STRICT: without words it stays as it is';

-- A column of money in major units.
CREATE FUNCTION nudge.source_money(expression text, currency text, amount_scale jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN source_money.amount_scale IS NULL THEN source_money.expression
		WHEN source_money.amount_scale = '"iso"' THEN format('%s * CASE nudge.currency_minor_unit(%s) WHEN 0 THEN 1 WHEN 2 THEN 0.01 WHEN 3 THEN 0.001 WHEN 4 THEN 0.0001 END', source_money.expression, source_money.currency)
		WHEN source_money.currency IS NULL OR NOT EXISTS (SELECT FROM jsonb_object_keys(source_money.amount_scale) k(key) WHERE k.key <> '*')
			THEN format('%s * %s', source_money.expression, trim_scale(10::numeric ^ -(source_money.amount_scale ->> '*')::integer))
		ELSE (SELECT format('%s * CASE upper(btrim(%s)) %s%s END', source_money.expression, source_money.currency,
				string_agg(format('WHEN %L THEN %s', upper(btrim(k.key)), trim_scale(10::numeric ^ -k.value::integer)), ' ' ORDER BY k.key COLLATE "C") FILTER (WHERE k.key <> '*'),
				coalesce(' ELSE ' || trim_scale(10::numeric ^ -(source_money.amount_scale ->> '*')::integer), ''))
			FROM jsonb_each_text(source_money.amount_scale) k) END;
END;
COMMENT ON FUNCTION nudge.source_money(text, text, jsonb) IS
	'Works for map_source: an amount in major units; that of a currency without a scale is NULL. Not STRICT: without a scale it is in major units, an input may have no currency';

CREATE FUNCTION nudge.check_mapping(input text, source text, relation regclass, query text, zone text, amount_scale jsonb, words jsonb, end_rule text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.inputs i WHERE i.input = check_mapping.input) THEN
		PERFORM nudge.input_query(input, relation);
	END IF;
	IF source !~ '^[a-z][a-z0-9_]*$' OR octet_length(input || '__' || source) > 63 THEN
		RAISE EXCEPTION 'a source cannot be called "%"', left(source, 70) USING ERRCODE = 'invalid_name',
			DETAIL = 'Its view is called by the input and by its name.',
			HINT = format('Take small letters, digits and underscores, at most %s.', 61 - octet_length(input));
	END IF;
	IF (relation IS NULL) = (query IS NULL) THEN
		RAISE EXCEPTION 'a source is either a relation or a query' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = CASE WHEN query IS NULL THEN 'Neither is given.' ELSE 'Both are given.' END,
			HINT = 'Pass the name of a table or view, or query => ''SELECT ...''.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE lower(z.name) = lower(zone)) AND zone IS NOT NULL THEN
		RAISE EXCEPTION 'time zone "%" not recognized', left(zone, 60) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is not a name of a time zone.',
			HINT = 'See the view pg_timezone_names.';
	END IF;
	IF coalesce(end_rule, 'exclusive') NOT IN ('exclusive', 'inclusive') THEN
		RAISE EXCEPTION 'unknown end_rule "%"', left(end_rule, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what the end of an interval is.',
			HINT = 'It is exclusive, the first time no longer in force, or inclusive, the last day in force.';
	END IF;
	IF amount_scale IS NOT NULL AND amount_scale IS DISTINCT FROM '"iso"' AND (jsonb_typeof(amount_scale) <> 'object' OR amount_scale = '{}'
		OR EXISTS (SELECT FROM jsonb_each_text(CASE jsonb_typeof(amount_scale) WHEN 'object' THEN amount_scale ELSE '{}' END) k WHERE k.value !~ '^[0-6]$' OR k.value IS NULL)) THEN
		RAISE EXCEPTION 'amount_scale is not understood' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', left(amount_scale::text, 60)),
			HINT = 'It is "iso", or how many decimals (0 to 6) amounts are in by currency, such as {"*": 2, "JPY": 0, "KWD": 3}.';
	END IF;
	IF amount_scale IS NOT NULL AND amount_scale IS DISTINCT FROM jsonb_build_object('*', amount_scale -> '*')
		AND NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = check_mapping.input AND c.column_name = 'currency') THEN
		RAISE EXCEPTION 'input "%" has no currency', input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The scale of its amounts cannot go by currency.',
			HINT = 'Pass one scale for all: {"*": 2}.';
	END IF;
	SELECT k.key INTO wrong FROM jsonb_each(CASE jsonb_typeof(words) WHEN 'object' THEN words ELSE '{"?": 0}' END) k
	WHERE jsonb_typeof(k.value) <> 'object' OR NOT EXISTS (SELECT FROM nudge.input_columns c
		WHERE c.input = check_mapping.input AND c.column_name = k.key AND c.data_type = 'text') ORDER BY 1 LIMIT 1;
	IF wrong IS NOT NULL AND words IS NOT NULL THEN
		RAISE EXCEPTION 'words of "%" are not understood', wrong USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It must be a column of text of the input "%s", with an object of words.', input),
			HINT = 'Write {"status": {"past_due": "active", "incomplete": "excluded"}}.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_mapping(text, text, regclass, text, text, jsonb, jsonb, text) IS
	'Works for map_source: an error unless its arguments make sense. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.check_filter(filter text, source_from text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	IF (SELECT q.type_id FROM nudge.query_columns(format(E'SELECT (%s\n) AS filter FROM %s', filter, source_from)) q) <> 'boolean'::regtype THEN
		RAISE EXCEPTION 'it is not a condition' USING ERRCODE = 'datatype_mismatch';
	END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'the filter of the source does not work'
		USING ERRCODE = SQLSTATE,
			DETAIL = format('%s: %s.', filter, problem),
			HINT = 'It is a condition on r, a row of the source. Names of functions and tables of yours need their schema.';
END
$$;
COMMENT ON FUNCTION nudge.check_filter(text, text) IS 'Works for map_source: an error unless a filter is a condition on a row of the source';

-- The query of a source, in the columns of its input.
CREATE FUNCTION nudge.source_query(source text, input text, source_from text, columns jsonb, filter text, zone text, amount_scale jsonb, words jsonb, end_rule text) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	expressions text[];
	outer_columns text;
BEGIN
	SELECT array_agg(c.column_name ORDER BY c.place), array_agg(c.expression ORDER BY c.place) INTO names, expressions
	FROM nudge.source_columns(input, columns, source_from) c WHERE c.expression IS NOT NULL;
	WITH typed AS MATERIALIZED (
		SELECT c.position, c.column_name, c.data_type,
			CASE WHEN u.name IS NULL THEN 'NULL::' || c.data_type ELSE nudge.source_words(
				nudge.source_cast(c.column_name, c.data_type, u.type, zone, coalesce(end_rule = 'inclusive', false) AND c.column_name = ANY (nudge.input_ends(source_query.input))),
				words -> c.column_name) END AS expression
		FROM nudge.input_columns c
		LEFT JOIN unnest(names, nudge.expression_types(names, expressions, source_from)) u(name, type) ON u.name = c.column_name
		WHERE c.input = source_query.input
	)
	SELECT string_agg(CASE WHEN t.column_name = ANY (nudge.input_money(source_query.input))
			THEN nudge.source_money(t.expression, (SELECT m.expression FROM typed m WHERE m.column_name = 'currency'), amount_scale)
			ELSE t.expression END || ' AS ' || quote_ident(t.column_name), E',\n\t' ORDER BY t.position)
	INTO outer_columns FROM typed t;
	IF filter IS NOT NULL THEN
		PERFORM nudge.check_filter(filter, source_from);
	END IF;
	RETURN format(E'SELECT %L::text AS source,\n\t%s\nFROM (SELECT %s FROM %s%s) AS s', source, outer_columns,
		(SELECT string_agg(format(E'(%s\n) AS %I', u.expression, u.name), ', ' ORDER BY u.place) FROM unnest(names, expressions) WITH ORDINALITY u(name, expression, place)),
		source_from, coalesce(E' WHERE (' || filter || E'\n)', ''));
END
$$;
COMMENT ON FUNCTION nudge.source_query(text, text, text, jsonb, text, text, jsonb, jsonb, text) IS
	'Works for map_source: the query of a staging view. Not STRICT: NULL arguments have a meaning';

-- The view of an input: all its sources, one after the other.  Columns stand in
-- the order of the input, which only grows, so that views of users on it last.
CREATE FUNCTION nudge.make_input_view(input text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	union_all text;
	word record;
BEGIN
	SELECT string_agg(format('SELECT * FROM nudge_staging.%I', s.input || '__' || s.source), E'\nUNION ALL\n' ORDER BY s.source)
	INTO union_all FROM nudge.sources s WHERE s.input = make_input_view.input;
	IF union_all IS NULL THEN
		EXECUTE format('DROP VIEW IF EXISTS nudge_staging.%I', input);
		RETURN;
	END IF;
	EXECUTE format('CREATE OR REPLACE VIEW nudge_staging.%I AS %s', input, union_all);
	EXECUTE format('COMMENT ON VIEW nudge_staging.%I IS %L', input, (SELECT i.description || ', of all sources that are mapped to it' FROM nudge.inputs i WHERE i.input = make_input_view.input));
	EXECUTE format('COMMENT ON COLUMN nudge_staging.%I.source IS %L', input, 'Source of the row');
	FOR word IN SELECT c.column_name, c.description FROM nudge.input_columns c WHERE c.input = make_input_view.input LOOP
		EXECUTE format('COMMENT ON COLUMN nudge_staging.%I.%I IS %L', input, word.column_name, word.description);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_input_view(text) IS 'Works for map_source: makes the view of an input anew, or drops it with its last source';

CREATE FUNCTION nudge.map_source(
	input text,
	relation regclass DEFAULT NULL,
	columns jsonb DEFAULT '{}',
	source text DEFAULT NULL,
	query text DEFAULT NULL,
	filter text DEFAULT NULL,
	zone text DEFAULT NULL,
	amount_scale jsonb DEFAULT NULL,
	words jsonb DEFAULT NULL,
	end_rule text DEFAULT 'exclusive',
	expected_every interval DEFAULT NULL
) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named constant text := coalesce(source, input);
	view_name constant text := format('nudge_staging.%I', input || '__' || named);
	relation_name constant text := (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
	given_columns constant jsonb := coalesce(columns, '{}');
	statement text;
BEGIN
	PERFORM nudge.check_mapping(input, named, relation, query, zone, amount_scale, words, end_rule);
	IF EXISTS (SELECT FROM nudge.sources s WHERE s.source = named AND s.input <> map_source.input) THEN
		RAISE EXCEPTION 'source "%" is mapped already, to another input', named USING ERRCODE = 'duplicate_object',
			DETAIL = (SELECT format('It is read as %s.', s.input) FROM nudge.sources s WHERE s.source = named),
			HINT = 'Call this one by another name: source => ''...''; or unmap the other one first.';
	END IF;
	statement := nudge.source_query(named, input, nudge.source_from(relation_name, query), given_columns, filter, zone, amount_scale, words, end_rule);
	IF to_regnamespace('nudge_staging') IS NULL THEN
		CREATE SCHEMA nudge_staging;
		COMMENT ON SCHEMA nudge_staging IS 'The sources of nudge_metrics as canonical inputs: views that map_source() makes';
	END IF;
	EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, statement);
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, format('Source "%s" as %s, made by map_source()', named, input));
	INSERT INTO nudge.sources AS s (source, input, relation, query, columns, filter, zone, amount_scale, words, end_rule, expected_every)
	VALUES (named, map_source.input, relation_name, map_source.query, given_columns, map_source.filter, map_source.zone, map_source.amount_scale, map_source.words,
		coalesce(map_source.end_rule, 'exclusive'), map_source.expected_every)
	ON CONFLICT ON CONSTRAINT sources_pkey DO UPDATE SET relation = excluded.relation, query = excluded.query, columns = excluded.columns, filter = excluded.filter,
		zone = excluded.zone, amount_scale = excluded.amount_scale, words = excluded.words, end_rule = excluded.end_rule, expected_every = excluded.expected_every,
		mapped_by = current_user, mapped_at = now();
	PERFORM nudge.make_input_view(input);
	RETURN format('nudge_staging.%I', input);
END
$$;
COMMENT ON FUNCTION nudge.map_source(text, regclass, jsonb, text, text, text, text, jsonb, jsonb, text, interval) IS
	'Reads a table, a view or a query as a canonical input: checks the expression and type of every column and makes the view nudge_staging.INPUT of all sources of the input, whose name is returned. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.unmap_source(source text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unmapped text;
BEGIN
	DELETE FROM nudge.sources s WHERE s.source = unmap_source.source RETURNING s.input INTO unmapped;
	IF unmapped IS NULL THEN
		RETURN false;
	END IF;
	PERFORM nudge.make_input_view(unmapped);
	EXECUTE format('DROP VIEW IF EXISTS nudge_staging.%I', unmapped || '__' || source);
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.unmap_source(text) IS
	'Takes a source out of its input: false if there is none of that name. What the user has built on the view of an input must go before its last source does';
