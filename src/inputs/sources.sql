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
	expected_every interval CHECK (expected_every > interval '0'),
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
COMMENT ON COLUMN nudge.sources.mapped_by IS 'Owner of its view, with whose rights it is read';
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

-- What a user has written -------------------------------------------------

CREATE FUNCTION nudge.single_select(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_single_select' LANGUAGE C STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nudge.single_select(text) IS 'Works for map_source: a query without the semicolon at its end, or an error if it is not one SELECT';

CREATE FUNCTION nudge.query_columns(query text) RETURNS TABLE (column_name text, type_id oid)
	AS 'MODULE_PATHNAME', 'nm_query_columns' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nudge.query_columns(text) IS 'Works for map_source: names and types of the columns of a query, which is not run';

CREATE FUNCTION nudge.expression_type(expression text, source_from text, OUT type_id oid, OUT collation_id oid)
	AS 'MODULE_PATHNAME', 'nm_expression_type' LANGUAGE C STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nudge.expression_type(text, text) IS
	'Works for map_source: the type and collation of an expression, which is not run; an error if it is not one value of one row, the same at each reading';

-- Views depend on it.
CREATE FUNCTION nudge.source_minor_unit(currency text) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_source_minor_unit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.source_minor_unit(text) IS 'Works for the views of map_source: as currency_minor_unit, but NULL for what is no currency';

-- Building a view ---------------------------------------------------------

CREATE FUNCTION nudge.source_view(input text, source text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', input || '__' || source);
COMMENT ON FUNCTION nudge.source_view(text, text) IS 'Name of the view of a source';

CREATE FUNCTION nudge.check_source_name(source text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.sources s WHERE s.source = check_source_name.source) THEN
		RAISE EXCEPTION 'there is no source "%"', left(source, 70) USING ERRCODE = 'undefined_object',
			DETAIL = coalesce((SELECT 'The sources are ' || string_agg(s.source, ', ' ORDER BY s.source COLLATE "C") || '.' FROM nudge.sources s), 'No source is mapped.'),
			HINT = 'Map it with map_source(), or leave the name out for all.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_source_name(text) IS 'An error unless there is a source of that name';

-- The FROM item of a source, with r as the name of a row.
CREATE FUNCTION nudge.source_from(input text, relation regclass, query text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind "char";
	persistence "char";
	name text;
	problem text;
	advice text;
BEGIN
	IF relation IS NULL THEN
		RETURN '(' || nudge.single_select(query) || E'\n) AS r';
	END IF;
	SELECT c.relkind, c.relpersistence, format('%I.%I', n.nspname, c.relname) INTO kind, persistence, name
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
	IF kind IS NULL OR kind NOT IN ('r', 'p', 'v', 'm', 'f') OR persistence = 't' THEN
		RAISE EXCEPTION '% cannot be a source of %', relation, input USING ERRCODE = 'wrong_object_type',
			DETAIL = 'A source is a table, a view, a materialized view or a foreign table, and not a temporary one.',
			HINT = 'Pass the name of one.';
	END IF;
	RETURN name || ' AS r';
EXCEPTION WHEN syntax_error THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the query of the source does not work' USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = coalesce(nullif(advice, ''), 'Write one SELECT, without INTO or FOR UPDATE.');
END
$$;
COMMENT ON FUNCTION nudge.source_from(text, regclass, text) IS
	'Works for map_source: the FROM item of a source. Not STRICT: one of relation and query is NULL';

CREATE FUNCTION nudge.source_has(source_from text) RETURNS text[]
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	RETURN ARRAY(SELECT q.column_name FROM nudge.query_columns('SELECT * FROM ' || source_from) q);
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the query of the source does not work' USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = coalesce(nullif(advice, ''), 'Names of tables, functions and operators of yours need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.source_has(text) IS 'Works for map_source: the columns of a source';

-- An expression of each column of the input, NULL for those that the source
-- lacks.
CREATE FUNCTION nudge.source_columns(input text, columns jsonb, available text[])
	RETURNS TABLE (place integer, column_name text, data_type text, expression text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
	meaning text;
BEGIN
	SELECT k.key INTO wrong FROM jsonb_object_keys(columns) k(key)
	WHERE NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = source_columns.input AND c.column_name = k.key) ORDER BY k.key COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'input "%" has no column "%"', input, wrong
			USING ERRCODE = 'undefined_column',
				DETAIL = (SELECT 'Its columns are ' || string_agg(c.column_name, ', ' ORDER BY c.position) || '.' FROM nudge.input_columns c WHERE c.input = source_columns.input),
				HINT = 'The keys of "columns" are names of columns of the input, the values expressions over r.';
	END IF;
	SELECT k.key INTO wrong FROM jsonb_each(columns) k WHERE jsonb_typeof(k.value) NOT IN ('string', 'null') ORDER BY k.key COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'the expression of column "%" must be a string or null', wrong
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', left((columns -> wrong)::text, 60)),
				HINT = 'Write a constant as an expression too, such as "1" or "''month''".';
	END IF;
	SELECT c.column_name, lower(left(c.description, 1)) || substr(c.description, 2) INTO wrong, meaning FROM nudge.input_columns c
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
			-- a name of a column is just that: user is not who asks
			CASE WHEN columns ->> c.column_name = ANY (available) THEN 'r.' || quote_ident(columns ->> c.column_name)
				WHEN columns ? c.column_name THEN columns ->> c.column_name WHEN c.column_name = ANY (available) THEN 'r.' || quote_ident(c.column_name) END
		FROM nudge.input_columns c WHERE c.input = source_columns.input ORDER BY c.position;
END
$$;
COMMENT ON FUNCTION nudge.source_columns(text, jsonb, text[]) IS 'Works for map_source: the expression of each column of an input, checked for what is missing and what is too much';

CREATE FUNCTION nudge.expression_types(names text[], expressions text[], source_from text) RETURNS TABLE (column_name text, expression text, type_id oid, collation_id oid)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	FOR i IN 1 .. cardinality(names) LOOP
		column_name := names[i];
		expression := expressions[i];
		SELECT t.type_id, t.collation_id INTO type_id, collation_id FROM nudge.expression_type(expression, source_from) t;
		RETURN NEXT;
	END LOOP;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the expression of column "%" does not work', column_name
		USING ERRCODE = SQLSTATE,
			DETAIL = format('%s: %s.', left(expression, 200), problem),
			HINT = coalesce(nullif(advice, ''), 'It is an SQL expression over r, a row of the source. Names of functions, operators and tables of yours need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.expression_types(text[], text[], text) IS 'Works for map_source: the types of expressions, or an error that names the column of the first that does not work';

CREATE FUNCTION nudge.check_filter(filter text, source_from text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	IF (SELECT t.type_id FROM nudge.expression_type(filter, source_from) t) <> 'boolean'::regtype THEN
		RAISE EXCEPTION 'it is not a condition' USING ERRCODE = 'datatype_mismatch';
	END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the filter of the source does not work'
		USING ERRCODE = SQLSTATE,
			DETAIL = format('%s: %s.', left(filter, 200), problem),
			HINT = coalesce(nullif(advice, ''), 'It is a condition on r, a row of the source. Names of functions, operators and tables of yours need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.check_filter(text, text) IS 'Works for map_source: an error unless a filter is a condition on a row of the source';

-- What somebody who is refused can do about it.
CREATE FUNCTION nudge.cast_advice(data_type text, type_id oid) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN data_type IN ('timestamptz', 'date') AND type_id IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float8'::regtype)
			THEN 'Seconds since 1970 become an instant by to_timestamp(r.column), milliseconds by to_timestamp(r.column / 1000.0).'
		WHEN data_type = 'timestamptz' AND type_id IN ('text'::regtype, 'varchar'::regtype)
			THEN 'Where each text says its zone write r.column::timestamptz, otherwise r.column::timestamp, and pass "zone".'
		WHEN data_type = 'text' AND type_id IN ('json'::regtype, 'jsonb'::regtype)
			THEN 'Take the text out of it, as by r.column ->> ''key'', or by r.column #>> ''{}'' if all of it is one.'
		WHEN data_type = 'text' AND type_id = 'bytea'::regtype THEN 'Write encode(r.column, ''hex'').'
		WHEN data_type = 'text' AND type_id IN ('float4'::regtype, 'float8'::regtype) THEN 'Write r.column::numeric.'
		WHEN data_type = 'jsonb' THEN 'Write to_jsonb(r.column), or r.column::jsonb if it is a text of JSON.'
		ELSE format('Write a cast in its expression, such as r.column::%s.', data_type) END;
COMMENT ON FUNCTION nudge.cast_advice(text, oid) IS 'Works for map_source: how a column of a type can be made one of another';

-- How a column s.NAME of some type is read as a type of the inputs.  What
-- depends on a setting, or can be read in several ways, is refused.
CREATE FUNCTION nudge.source_cast(column_name text, data_type text, type_id oid, collation_id oid, zone text, inclusive_end boolean) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	value constant text := 's.' || quote_ident(column_name);
	category constant "char" := (SELECT t.typcategory FROM pg_type t WHERE t.oid = type_id);
	whole constant boolean := type_id IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype);
	civil constant boolean := type_id IN ('timestamp'::regtype, 'date'::regtype);
	is_day constant boolean := data_type = 'date';
BEGIN
	IF zone IS NULL AND (data_type = 'timestamptz' AND civil OR is_day AND type_id = 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'column "%" needs a time zone', column_name
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is of type %s, and read as %s.', format_type(type_id, NULL), CASE WHEN is_day THEN 'a day' ELSE 'an instant' END),
				HINT = 'Pass the zone in which it is meant: zone => ''Europe/Berlin'', or ''UTC''.';
	END IF;
	IF inclusive_end AND NOT civil THEN
		RAISE EXCEPTION 'column "%" cannot be an inclusive end', column_name
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is of type %s. The last day in force is a day.', format_type(type_id, NULL)),
				HINT = 'Make it a date in its expression, or leave out end_rule.';
	END IF;
	IF data_type = 'timestamptz' AND civil THEN
		RETURN format(CASE WHEN inclusive_end THEN '(%s::date + 1)::timestamp AT TIME ZONE %L' ELSE '%s::timestamp AT TIME ZONE %L' END, value, zone);
	ELSIF is_day AND type_id = 'timestamptz'::regtype THEN
		RETURN format('nudge.civil_date(%s, %L)', value, zone);
	ELSIF data_type = 'text' AND (category IN ('S', 'E') OR whole OR type_id IN ('numeric'::regtype, 'bool'::regtype, 'uuid'::regtype)) THEN
		-- sources of different collations must fit together
		RETURN format(CASE WHEN collation_id IN (0, 'pg_catalog."default"'::regcollation) THEN '%s::text' ELSE '%s::text COLLATE pg_catalog."default"' END, value);
	ELSIF type_id = data_type::regtype OR is_day AND civil
		OR data_type = 'numeric' AND (whole OR type_id IN ('float4'::regtype, 'float8'::regtype))
		OR data_type IN ('integer', 'bigint') AND whole
		OR data_type = 'jsonb' AND type_id = 'json'::regtype THEN
		RETURN format('%s::%s', value, data_type);
	END IF;
	RAISE EXCEPTION 'column "%" is of type %, and not %', column_name, format_type(type_id, NULL), data_type
		USING ERRCODE = 'datatype_mismatch',
			DETAIL = 'It cannot be read as that without a choice which only you can make.',
			HINT = nudge.cast_advice(data_type, type_id);
END
$$;
COMMENT ON FUNCTION nudge.source_cast(text, text, oid, oid, text, boolean) IS
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

CREATE FUNCTION nudge.scale_by_currency(amount_scale jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN amount_scale <> jsonb_build_object('*', amount_scale -> '*');
COMMENT ON FUNCTION nudge.scale_by_currency(jsonb) IS 'Works for map_source: whether a scale differs by currency. Not STRICT: NULL for no scale';

-- A column of money in major units.
CREATE FUNCTION nudge.source_money(expression text, currency text, amount_scale jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN source_money.amount_scale IS NULL THEN source_money.expression
		WHEN source_money.amount_scale = '"iso"' THEN format('%s * CASE nudge.source_minor_unit(btrim(%s)) WHEN 0 THEN 1 WHEN 2 THEN 0.01 WHEN 3 THEN 0.001 WHEN 4 THEN 0.0001 END', source_money.expression, source_money.currency)
		WHEN NOT nudge.scale_by_currency(source_money.amount_scale)
			THEN format('%s * %s', source_money.expression, trim_scale(10::numeric ^ -(source_money.amount_scale ->> '*')::integer))
		ELSE (SELECT format('%s * CASE upper(btrim(%s)) %s%s END', source_money.expression, source_money.currency,
				string_agg(format('WHEN %L THEN %s', upper(btrim(k.key)), trim_scale(10::numeric ^ -k.value::integer)), ' ' ORDER BY k.key COLLATE "C") FILTER (WHERE k.key <> '*'),
				coalesce(' ELSE ' || trim_scale(10::numeric ^ -(source_money.amount_scale ->> '*')::integer), ''))
			FROM jsonb_each_text(source_money.amount_scale) k) END;
END;
COMMENT ON FUNCTION nudge.source_money(text, text, jsonb) IS
	'Works for map_source: an amount in major units; that of a currency without a scale is NULL. Not STRICT: without a scale it is in major units, an input may have no currency';

-- Checking what is asked for ----------------------------------------------

CREATE FUNCTION nudge.check_amount_scale(input text, amount_scale jsonb) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF amount_scale <> '"iso"' AND (jsonb_typeof(amount_scale) <> 'object' OR amount_scale = '{}'
		OR EXISTS (SELECT FROM jsonb_each_text(CASE jsonb_typeof(amount_scale) WHEN 'object' THEN amount_scale ELSE '{}' END) k
			GROUP BY upper(btrim(k.key)) HAVING count(*) > 1 OR bool_or(k.value IS NULL OR k.value !~ '^[0-6]$' OR k.key <> '*' AND k.key !~* '^[a-z]{3}$'))) THEN
		RAISE EXCEPTION 'amount_scale is not understood' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', left(amount_scale::text, 60)),
			HINT = 'It is "iso", or how many decimals (0 to 6) amounts are in by currency, such as {"*": 2, "JPY": 0, "KWD": 3}.';
	END IF;
	IF nudge.input_money(input) = '{}' THEN
		RAISE EXCEPTION 'input "%" has no amounts', input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'There is nothing that amount_scale could scale.',
			HINT = 'Leave it out.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_amount_scale(text, jsonb) IS 'Works for map_source: an error unless a scale makes sense for an input';

CREATE FUNCTION nudge.check_words(input text, words jsonb) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
BEGIN
	SELECT k.key INTO wrong FROM jsonb_each(CASE jsonb_typeof(words) WHEN 'object' THEN words ELSE '{"?": 0}' END) k
	WHERE jsonb_typeof(k.value) <> 'object'
		OR NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = check_words.input AND c.column_name = k.key AND c.data_type = 'text')
		OR EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(k.value) WHEN 'object' THEN k.value ELSE '{}' END) w
			GROUP BY lower(btrim(w.key)) HAVING count(*) > 1 OR bool_or(jsonb_typeof(w.value) NOT IN ('string', 'null')))
	ORDER BY k.key COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'words of "%" are not understood', wrong USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It must be a column of text of the input "%s", with an object of words, each once whatever its case.', input),
			HINT = 'Write {"status": {"past_due": "active", "incomplete": "excluded"}}.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_words(text, jsonb) IS 'Works for map_source: an error unless words make sense for an input';

CREATE FUNCTION nudge.check_mapping(input text, source text, relation regclass, columns jsonb, query text, end_rule text, expected_every interval) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.inputs i WHERE i.input = check_mapping.input) THEN
		-- it says which there are
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
	IF jsonb_typeof(columns) <> 'object' THEN
		RAISE EXCEPTION 'columns must be an object' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', left(columns::text, 60)),
			HINT = 'Write {"customer": "r.account_id", "segment": null}.';
	END IF;
	IF coalesce(end_rule, 'exclusive') NOT IN ('exclusive', 'inclusive') THEN
		RAISE EXCEPTION 'unknown end_rule "%"', left(end_rule, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what the end of an interval is.',
			HINT = 'It is exclusive, the first time no longer in force, or inclusive, the last day in force.';
	END IF;
	IF end_rule = 'inclusive' AND nudge.input_ends(input) = '{}' THEN
		RAISE EXCEPTION 'input "%" has no ends', input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Its rows are no intervals that end_rule could be about.',
			HINT = 'Leave it out.';
	END IF;
	IF expected_every <= interval '0' THEN
		RAISE EXCEPTION 'expected_every must be longer than 0' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is the longest time between two new rows.',
			HINT = 'Pass an interval such as 1 day.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_mapping(text, text, regclass, jsonb, text, text, interval) IS
	'Works for map_source: an error unless its arguments make sense. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.check_view_owner(view_name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner constant oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass(view_name));
BEGIN
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION 'view % belongs to role "%"', view_name, pg_get_userbyid(owner) USING ERRCODE = 'insufficient_privilege',
			DETAIL = 'It would have to be made anew, which only its owner can do.',
			HINT = 'Map as a member of that role. Who shares inputs needs a role in common, and SET ROLE before mapping.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_view_owner(text) IS 'Works for map_source: an error if a view is there that somebody else must replace';

-- Making views ------------------------------------------------------------

-- The columns of an input in the order of a view that is there, for a view is
-- replaced only by one that has them all and maybe more; columns that the input
-- has since come last, and one that it has no more stays, without values.
CREATE FUNCTION nudge.view_columns(input text, view_name text) RETURNS TABLE (place bigint, column_name text, data_type text, description text, in_view boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT row_number() OVER (ORDER BY a.attnum, c.position), coalesce(c.column_name, a.attname::text), coalesce(c.data_type, format_type(a.atttypid, a.atttypmod)),
		coalesce(c.description, 'The input has it no more'), a.attnum IS NOT NULL
	FROM (SELECT i.* FROM nudge.input_columns i WHERE i.input = view_columns.input) c
	FULL JOIN (SELECT v.* FROM pg_attribute v WHERE v.attrelid = to_regclass(view_columns.view_name) AND v.attnum > 0 AND NOT v.attisdropped AND v.attname <> 'source_name') a
		ON a.attname::text = c.column_name
	ORDER BY 1;
END;
COMMENT ON FUNCTION nudge.view_columns(text, text) IS 'Works for map_source: the columns of an input in the order in which a view must have them, and which of them it has';

-- The query of a source, in the columns of its input.
CREATE FUNCTION nudge.source_query(source text, input text, source_from text, columns jsonb, filter text, zone text, amount_scale jsonb, words jsonb, end_rule text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	expressions text[];
	inner_columns text;
	outer_columns text;
BEGIN
	SELECT array_agg(c.column_name ORDER BY c.place), array_agg(c.expression ORDER BY c.place) INTO names, expressions
	FROM nudge.source_columns(input, columns, nudge.source_has(source_from)) c WHERE c.expression IS NOT NULL;
	IF nudge.scale_by_currency(amount_scale) AND 'currency' <> ALL (names) THEN
		RAISE EXCEPTION 'source "%" has no currency', source USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The scale of its amounts cannot go by currency.',
			HINT = 'Say its currency in "columns", or pass one scale for all: {"*": 2}.';
	END IF;
	WITH typed AS MATERIALIZED (
		SELECT c.place, c.column_name, t.expression AS given,
			CASE WHEN t.column_name IS NULL THEN 'NULL::' || c.data_type ELSE nudge.source_words(
				nudge.source_cast(c.column_name, c.data_type, t.type_id, t.collation_id, zone, coalesce(end_rule = 'inclusive', false) AND c.column_name = ANY (nudge.input_ends(source_query.input))),
				words -> c.column_name) END AS expression
		FROM nudge.view_columns(source_query.input, nudge.source_view(source_query.input, source)) c
		LEFT JOIN nudge.expression_types(names, expressions, source_from) t ON t.column_name = c.column_name
	)
	SELECT string_agg(CASE WHEN t.column_name = ANY (nudge.input_money(source_query.input))
			THEN nudge.source_money(t.expression, (SELECT m.expression FROM typed m WHERE m.column_name = 'currency'), amount_scale)
			ELSE t.expression END || ' AS ' || quote_ident(t.column_name), E',\n\t' ORDER BY t.place),
		string_agg(format(E'(%s\n) AS %I', t.given, t.column_name), ', ' ORDER BY t.place) FILTER (WHERE t.given IS NOT NULL)
	INTO outer_columns, inner_columns FROM typed t;
	PERFORM nudge.check_filter(filter, source_from);
	RETURN format(E'SELECT %L::text AS source_name,\n\t%s\nFROM (SELECT %s FROM %s%s) AS s', source, outer_columns, inner_columns,
		source_from, coalesce(E' WHERE (' || filter || E'\n)', ''));
END
$$;
COMMENT ON FUNCTION nudge.source_query(text, text, text, jsonb, text, text, jsonb, jsonb, text) IS
	'Works for map_source: the query of a staging view. Not STRICT: NULL arguments have a meaning';

-- The view of an input: all its sources, one after the other.  A source that
-- was mapped before its input had some column has none there.
CREATE FUNCTION nudge.make_input_view(input text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := format('nudge_staging.%I', input);
	union_all text;
	one record;
BEGIN
	PERFORM nudge.check_view_owner(view_name);
	SELECT string_agg(nudge.counted_query(s.input, v.name, view_name), E'\nUNION ALL\n' ORDER BY s.source COLLATE "C")
	INTO union_all FROM nudge.sources s, nudge.source_view(s.input, s.source) v(name)
	WHERE s.input = make_input_view.input AND to_regclass(v.name) IS NOT NULL;
	IF union_all IS NULL THEN
		EXECUTE format('DROP VIEW IF EXISTS %s', view_name);
		RETURN;
	END IF;
	EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, union_all);
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, (SELECT i.description || ', of all sources that are mapped to it' FROM nudge.inputs i WHERE i.input = make_input_view.input));
	EXECUTE format('COMMENT ON COLUMN %s.source_name IS %L', view_name, 'Source of the row');
	FOR one IN SELECT c.column_name, c.description FROM nudge.view_columns(input, view_name) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_name, one.column_name, one.description);
	END LOOP;
	-- its owner reads what members of that role have mapped
	FOR one IN SELECT v.name, pg_get_userbyid(u.relowner) AS owner
		FROM nudge.sources s, nudge.source_view(s.input, s.source) v(name), pg_class c, pg_class u
		WHERE s.input = make_input_view.input AND c.oid = to_regclass(v.name) AND u.oid = to_regclass(view_name) AND u.relowner <> c.relowner AND pg_has_role(c.relowner, 'USAGE') LOOP
		EXECUTE format('GRANT SELECT ON %s TO %I', one.name, one.owner);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_input_view(text) IS 'Works for map_source: makes the view of an input anew, or drops it with its last source';

-- Nothing is read, but what is needed to read is looked for.
CREATE FUNCTION nudge.check_readable(source text, view_name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	EXECUTE format('SELECT FROM %s LIMIT 0', view_name);
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'source "%" cannot be read', source USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = format('It is read with the rights of role "%s", to whom its view belongs.', (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = to_regclass(view_name)));
END
$$;
COMMENT ON FUNCTION nudge.check_readable(text, text) IS 'Works for map_source: an error if the owner of a view may not read what it is made of';

CREATE FUNCTION nudge.make_source_view(input text, source text, statement text) RETURNS name
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := nudge.source_view(input, source);
	problem text;
BEGIN
	IF to_regnamespace('nudge_staging') IS NULL THEN
		CREATE SCHEMA nudge_staging;
		COMMENT ON SCHEMA nudge_staging IS 'The sources of nudge_metrics as canonical inputs: views that map_source() makes';
	END IF;
	PERFORM nudge.check_view_owner(view_name);
	BEGIN
		EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, statement);
	EXCEPTION WHEN invalid_table_definition OR wrong_object_type THEN
		GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
		RAISE EXCEPTION 'the view of source "%" cannot be made', source USING ERRCODE = SQLSTATE,
			DETAIL = problem || '.',
			HINT = 'A source reads no temporary tables, and its view is replaced only by one of the same columns.';
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, format('Source "%s" as %s, made by map_source()', source, input));
	PERFORM nudge.check_readable(source, view_name);
	RETURN (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = view_name::regclass);
END
$$;
COMMENT ON FUNCTION nudge.make_source_view(text, text, text) IS 'Works for map_source: makes the view of a source of a query, and tells its owner';

-- What users call ---------------------------------------------------------

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
	end_rule text DEFAULT NULL,
	expected_every interval DEFAULT NULL
) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named constant text := coalesce(source, input);
	given_columns constant jsonb := coalesce(columns, '{}');
	found_from text;
	owner name;
BEGIN
	PERFORM nudge.check_mapping(input, named, relation, given_columns, query, end_rule, expected_every);
	PERFORM nudge.check_amount_scale(input, amount_scale);
	PERFORM nudge.check_words(input, words);
	-- an error unless it is one
	PERFORM nudge.civil_date(now(), zone);
	-- one at a time: the view of the input has the sources of all
	LOCK TABLE nudge.sources IN SHARE ROW EXCLUSIVE MODE;
	IF EXISTS (SELECT FROM nudge.sources s WHERE s.source = named AND s.input <> map_source.input) THEN
		RAISE EXCEPTION 'source "%" is mapped already, to another input', named USING ERRCODE = 'duplicate_object',
			DETAIL = (SELECT format('It is read as %s.', s.input) FROM nudge.sources s WHERE s.source = named),
			HINT = 'Call this one by another name: source => ''...''; or unmap the other one first.';
	END IF;
	found_from := nudge.source_from(input, relation, query);
	owner := nudge.make_source_view(input, named, nudge.source_query(named, input, found_from, given_columns, filter, zone, amount_scale, words, end_rule));
	INSERT INTO nudge.sources AS s (source, input, relation, query, columns, filter, zone, amount_scale, words, end_rule, expected_every, mapped_by)
	VALUES (named, map_source.input, CASE WHEN map_source.query IS NULL THEN left(found_from, -length(' AS r')) END, map_source.query, given_columns, map_source.filter, map_source.zone,
		map_source.amount_scale, map_source.words, coalesce(map_source.end_rule, 'exclusive'), map_source.expected_every, owner)
	ON CONFLICT ON CONSTRAINT sources_pkey DO UPDATE SET relation = excluded.relation, query = excluded.query, columns = excluded.columns, filter = excluded.filter,
		zone = excluded.zone, amount_scale = excluded.amount_scale, words = excluded.words, end_rule = excluded.end_rule, expected_every = excluded.expected_every,
		mapped_by = excluded.mapped_by, mapped_at = now();
	PERFORM nudge.make_input_view(input);
	PERFORM nudge.check_readable(named, format('nudge_staging.%I', input));
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
	view_name text;
BEGIN
	LOCK TABLE nudge.sources IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.sources s WHERE s.source = unmap_source.source RETURNING s.input INTO unmapped;
	IF unmapped IS NULL THEN
		RETURN false;
	END IF;
	view_name := nudge.source_view(unmapped, source);
	PERFORM nudge.check_view_owner(view_name);
	PERFORM nudge.make_input_view(unmapped);
	EXECUTE format('DROP VIEW IF EXISTS %s', view_name);
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.unmap_source(text) IS
	'Takes a source out of its input: false if there is none of that name. What the user has built on the view of an input must go before its last source does';

CREATE FUNCTION nudge.remap_sources(source text DEFAULT NULL) RETURNS TABLE (source_name text, input text, staging_view text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one nudge.sources;
BEGIN
	PERFORM nudge.check_source_name(source);
	FOR one IN SELECT s.* FROM nudge.sources s WHERE remap_sources.source IS NULL OR s.source = remap_sources.source ORDER BY s.input COLLATE "C", s.source COLLATE "C" LOOP
		source_name := one.source;
		input := one.input;
		staging_view := nudge.map_source(one.input, one.relation::regclass, one.columns, one.source, one.query, one.filter, one.zone, one.amount_scale, one.words, one.end_rule, one.expected_every);
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.remap_sources(text) IS
	'Maps a source, or all, once more as nudge.sources has them: after an update that brought columns, or after a table was made anew under its name. Not STRICT: a NULL source is all';
