/*
 * marts.sql
 *		What is shipped: materialisations that deploy() adds where their inputs
 *		are mapped.  Files marts_*.sql have them, each of a subject.
 *
 * Rules: doc/marts.md.
 */

-- Queries are texts, since the inputs that they read are only there once they
-- are mapped.  {zone}, {buckets}, {week_start} and {fiscal_year_start} stand for
-- the settings of deploy(), as literals; {customers?} for an optional input, as
-- a regclass that is NULL unless it is mapped, {customers!} for whether it is, and
-- {customers*} for its rows, which are none then.  {deals$} is the name of an
-- input with its amounts in one currency, {budgets$?} an optional one as a
-- regclass, {budgets$*} its rows; {base} that currency, NULL if nothing is
-- converted, and {rates} the rates to it, by currency.  {nudge_analytics.lead_origins*}
-- are the rows of another mart, none if its inputs are not mapped.
CREATE TABLE nudge.shipped_marts (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
	subject text NOT NULL,
	place integer NOT NULL UNIQUE,
	layer text NOT NULL CHECK (layer IN ('staging', 'mart', 'metric', 'headline')),
	inputs text[] NOT NULL,
	optional_inputs text[] NOT NULL DEFAULT '{}',
	key_column text NOT NULL,
	row_key text[] NOT NULL CHECK (row_key[1] = key_column),
	query text NOT NULL,
	clock_query text,
	key_maps jsonb,
	description text NOT NULL,
	columns jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object'),
	indexes text[] NOT NULL DEFAULT '{}',
	scopes jsonb CHECK (jsonb_typeof(scopes) = 'object')
);
GRANT SELECT ON nudge.shipped_marts TO PUBLIC;
COMMENT ON TABLE nudge.shipped_marts IS 'The materialisations that are shipped; deploy() adds those whose inputs are mapped';
COMMENT ON COLUMN nudge.shipped_marts.name IS 'Name of the table in nudge_analytics';
COMMENT ON COLUMN nudge.shipped_marts.subject IS 'What it is about: revenue, customers and others';
COMMENT ON COLUMN nudge.shipped_marts.place IS 'Order in which they are added: after what they read';
COMMENT ON COLUMN nudge.shipped_marts.layer IS 'staging, mart, metric or headline';
COMMENT ON COLUMN nudge.shipped_marts.inputs IS 'Inputs that must be mapped for it';
COMMENT ON COLUMN nudge.shipped_marts.optional_inputs IS 'Inputs that it reads if they are mapped';
COMMENT ON COLUMN nudge.shipped_marts.key_column IS 'Column that says whose rows they are';
COMMENT ON COLUMN nudge.shipped_marts.row_key IS 'Columns that no two rows share, the key first';
COMMENT ON COLUMN nudge.shipped_marts.query IS 'Its query, with {zone}, {buckets}, {week_start} and {fiscal_year_start} for settings of deploy(), {customers?} for an input that may be missing, {customers!} for whether it is mapped, {customers*} for its rows, {deals$} for an input in one currency, {budgets$?} for one that may be missing, {budgets$*} for its rows, {base} for that currency and {rates} for the rates to it, {nudge_analytics.lead_origins*} for the rows of a mart whose inputs may be missing';
COMMENT ON COLUMN nudge.shipped_marts.clock_query IS 'Keys, and when rows of theirs change by time alone; NULL if they do not';
COMMENT ON COLUMN nudge.shipped_marts.key_maps IS 'How changes of an upstream lead to keys, where a column of the name of the key does not; NULL if nowhere';
COMMENT ON COLUMN nudge.shipped_marts.description IS 'Comment on the table, with its grain';
COMMENT ON COLUMN nudge.shipped_marts.columns IS 'Comments on its columns';
COMMENT ON COLUMN nudge.shipped_marts.scopes IS 'For inputs that a report of the query is given as {customers@}, or {deals$@} in one currency: a query for the rows of some keys, those of nudge.batch_keys()';
COMMENT ON COLUMN nudge.shipped_marts.indexes IS 'Further indexes, by which people drill down, as CREATE INDEX has them after the name of the table';

-- Views that BI tools read show numbers as numeric(24,6).  One that is larger would
-- be an error of the whole view, so it is one of its key.
CREATE FUNCTION nudge.refuse_number(mart text, row_key text, numbers jsonb) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	large record;
BEGIN
	SELECT n.key, n.value INTO large FROM jsonb_each_text(numbers) n WHERE n.value <> 'NaN' AND abs(n.value::numeric) >= 999999999999999999.5 ORDER BY n.key COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '"%" of (%) in % is %', large.key, left(row_key, 200), nudge.mart_table(mart), left(large.value, 60) USING ERRCODE = 'numeric_value_out_of_range',
			DETAIL = 'Views of nudge_reporting show numbers below 1e18.',
			HINT = 'nudge.check_source() finds rows of inputs that are too large. Correct them, or leave them out by the filter of the source.';
	END IF;
	RETURN false;
END
$$;
COMMENT ON FUNCTION nudge.refuse_number(text, text, jsonb) IS 'Works for the refresh: an error if a number of a row is larger than a reporting view can show';

-- Of a row w that is written, of a mart that is shipped.
CREATE FUNCTION nudge.number_check(name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN (
		SELECT format('CASE WHEN %s THEN nudge.refuse_number(%L, concat_ws('', '', %s), jsonb_build_object(%s)) END', string_agg(c.condition, ' OR ' ORDER BY c.type),
			number_check.name, (SELECT string_agg(format('w.%I', k), ', ' ORDER BY n) FROM unnest(m.row_key) WITH ORDINALITY u(k, n)), string_agg(c.members, ', ' ORDER BY c.type))
		FROM nudge.materialisations m, LATERAL (
			-- nothing is greater than NaN, which is told apart there; what is nearer to 1e18 would be rounded to it
			SELECT a.atttypid AS type, format('greatest(%1$s) >= ''999999999999999999.5'' OR least(%1$s) <= ''-999999999999999999.5''', string_agg(format('w.%I', a.attname), ', ' ORDER BY a.attnum)) AS condition,
				string_agg(format('%1$L, w.%1$I', a.attname), ', ' ORDER BY a.attnum) AS members
			FROM pg_catalog.pg_attribute a WHERE a.attrelid = nudge.definition_view(number_check.name)::pg_catalog.regclass AND a.attnum > 0 AND a.atttypid IN ('numeric'::pg_catalog.regtype, 'float8'::pg_catalog.regtype)
			GROUP BY a.atttypid
		) c
		WHERE m.name = number_check.name AND EXISTS (SELECT FROM nudge.shipped_marts s WHERE s.name = number_check.name)
		GROUP BY m.row_key
	);
COMMENT ON FUNCTION nudge.number_check(text) IS 'Works for the refresh: an expression that is an error if a number of a row w is larger than a reporting view can show; NULL for marts that are not shipped';

-- What deploy was told last: marts are made by it, and reports show it.
CREATE TABLE nudge.deployment (
	single boolean PRIMARY KEY DEFAULT true CHECK (single),
	zone text NOT NULL,
	buckets integer NOT NULL CHECK (buckets BETWEEN 1 AND 65536),
	week_start text NOT NULL CHECK (week_start IN ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')),
	fiscal_year_start integer NOT NULL CHECK (fiscal_year_start BETWEEN 1 AND 12),
	currency text CHECK (currency = upper(btrim(currency)) AND currency <> ''),
	deployed_by name NOT NULL DEFAULT session_user,
	deployed_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('nudge.deployment', '');
GRANT SELECT ON nudge.deployment TO PUBLIC;
COMMENT ON TABLE nudge.deployment IS 'The settings of deploy(): one row once it was called';
COMMENT ON COLUMN nudge.deployment.single IS 'True: there is one row';
COMMENT ON COLUMN nudge.deployment.zone IS 'Time zone of days, weeks and months';
COMMENT ON COLUMN nudge.deployment.buckets IS 'Hash buckets of customers';
COMMENT ON COLUMN nudge.deployment.week_start IS 'First day of a week';
COMMENT ON COLUMN nudge.deployment.fiscal_year_start IS 'First month of a fiscal year';
COMMENT ON COLUMN nudge.deployment.currency IS 'Currency of amounts that stand for all, where there are several; NULL: none of them does';
COMMENT ON COLUMN nudge.deployment.deployed_by IS 'Who called deploy() last';
COMMENT ON COLUMN nudge.deployment.deployed_at IS 'When';

CREATE FUNCTION nudge.fill_in(query text, settings nudge.deployment) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN replace(replace(replace(replace(replace(query, '{zone}', quote_literal((settings).zone)), '{buckets}', (settings).buckets::text),
		'{week_start}', quote_literal((settings).week_start)), '{fiscal_year_start}', (settings).fiscal_year_start::text), '{currency}', quote_nullable((settings).currency));
COMMENT ON FUNCTION nudge.fill_in(text, nudge.deployment) IS 'Works for deploy: a shipped query with the settings in it';

-- track_source would say the same, but deploy does what else can be done.
CREATE FUNCTION nudge.tracking_problem(source text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mapped nudge.sources;
	relation oid;
	problem text;
	advice text;
BEGIN
	SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = tracking_problem.source;
	IF mapped.relation IS NULL OR (SELECT c.relkind NOT IN ('r', 'p') FROM pg_class c WHERE c.oid = to_regclass(mapped.relation)) THEN
		RETURN 'a query, view or foreign table: each refresh computes everything that reads it';
	END IF;
	relation := nudge.check_trackable(mapped);
	PERFORM nudge.choose_capture(source, relation, 'auto'), nudge.capture_keys(mapped, relation, NULL);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RETURN format('%s: each refresh computes everything that reads it. %s', problem, advice);
END
$$;
COMMENT ON FUNCTION nudge.tracking_problem(text) IS 'Works for deploy: why a source cannot be tracked by who asks, NULL if it can';

CREATE FUNCTION nudge.fill_in_inputs(query text, settings nudge.deployment) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	base constant text := CASE WHEN to_regclass(nudge.staging_name('exchange_rates')) IS NOT NULL THEN settings.currency END;
	filled text := replace(replace(query, '{base}', quote_nullable(base) || '::text'), '{rates}', format('(%s)', nudge.rates_query(base)));
	one text;
	mart nudge.shipped_marts;
BEGIN
	-- one that is not there has the columns of its query all the same
	FOR mart IN SELECT s.* FROM nudge.shipped_marts s WHERE strpos(fill_in_inputs.query, format('{nudge_analytics.%s*}', s.name)) > 0 LOOP
		filled := replace(filled, format('{nudge_analytics.%s*}', mart.name), CASE WHEN NOT EXISTS (SELECT FROM unnest(mart.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL) THEN nudge.mart_table(mart.name)
			ELSE format('(SELECT q.* FROM (%s) q WHERE false)', nudge.fill_in_scopes(nudge.fill_in_inputs(nudge.fill_in(mart.query, settings), settings), mart)) END);
	END LOOP;
	FOR one IN SELECT DISTINCT m.words[1] FROM regexp_matches(query, '[{]([a-z_]+)(?:[?*!$]|[$][?*])[}]', 'g') m(words) LOOP
		filled := replace(filled, '{' || one || '$}', nudge.converted_view(one));
		filled := replace(filled, '{' || one || '$*}', CASE WHEN to_regclass(nudge.converted_view(one)) IS NULL THEN '(' || nudge.input_query(one, NULL) || ')' ELSE nudge.converted_view(one) END);
		filled := replace(filled, '{' || one || '$?}', CASE WHEN to_regclass(nudge.converted_view(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.converted_view(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '?}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.staging_name(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '!}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'false' ELSE 'true' END);
		filled := replace(filled, '{' || one || '*}', '(' || nudge.input_query(one, to_regclass(nudge.staging_name(one))) || ')');
	END LOOP;
	RETURN filled;
END
$$;
COMMENT ON FUNCTION nudge.fill_in_inputs(text, nudge.deployment) IS 'Works for deploy: a shipped query with the optional inputs in it, those that are mapped';

-- Time in reports that are marts -------------------------------------------

-- From the month of the first day of data to the present one: never more
-- months than a wrong date may ask for, and none without data.
CREATE FUNCTION nudge.report_window(first_day date, zone text, months integer DEFAULT 120) RETURNS TABLE (start_day date, end_day date)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT greatest(least(nudge.period_start(first_day, 'month'), m.month), (m.month - make_interval(months => report_window.months - 1))::date), (m.month + interval '1 month')::date
	FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), zone), 'month') AS month) m
	WHERE first_day IS NOT NULL AND isfinite(first_day);
END;
COMMENT ON FUNCTION nudge.report_window(date, text, integer) IS
	'The window of a report that is a mart: from the month of the first day of data, but for so many months at most, to the end of the month of nudge.as_of()';

-- A report is asked for the months of a batch alone: those that follow each other as
-- one window, so that it reads its rows once.
CREATE FUNCTION nudge.report_windows(first_day date, zone text, months integer DEFAULT 120) RETURNS TABLE (start_day date, end_day date)
	LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 2
BEGIN ATOMIC
	SELECT w.start_day, w.end_day FROM nudge.report_window(first_day, zone, report_windows.months) w WHERE nudge.batch_keys() IS NULL
	UNION ALL
	SELECT min(r.month), (max(r.month) + interval '1 month')::date
	FROM (
		SELECT k.month, (k.month - make_interval(months => row_number() OVER (ORDER BY k.month)::integer))::date AS run
		FROM (SELECT DISTINCT b.key::date AS month FROM unnest(nudge.batch_keys()) b(key)) k JOIN nudge.report_window(first_day, zone, report_windows.months) w ON k.month >= w.start_day AND k.month < w.end_day
	) r
	GROUP BY r.run;
END;
COMMENT ON FUNCTION nudge.report_windows(date, text, integer) IS
	'The windows of a report that is a mart by month: report_window, or those of its months that a batch computes, a row for each run of months';

-- A month of a report changes by time alone as it begins, with each day of it, as
-- it ends, and as it falls out of the window; months that were slept through too.
CREATE FUNCTION nudge.report_ticks(zone text, months integer DEFAULT 120) RETURNS TABLE (period date, at timestamptz)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 500
BEGIN ATOMIC
	SELECT (s.month - make_interval(months => k.ago))::date, s.month AT TIME ZONE zone
	FROM (SELECT nudge.civil_date(nudge.as_of(), zone) AS day) t,
		LATERAL (SELECT nudge.period_start(t.day, 'month') - make_interval(months => g) AS month FROM generate_series(0, 2 * least(report_ticks.months, 1200)) g) s,
		LATERAL (VALUES (0), (1), (report_ticks.months)) k(ago)
	UNION ALL
	SELECT nudge.period_start(t.day, 'month'), t.day::timestamp AT TIME ZONE zone FROM (SELECT nudge.civil_date(nudge.as_of(), zone) AS day) t;
END;
COMMENT ON FUNCTION nudge.report_ticks(text, integer) IS
	'When months of a report that is a mart change by time alone, for its clock query: as a month begins, with each day of the present one, as a month ends, and as it falls out of a window of so many months';

CREATE FUNCTION nudge.batch_buckets(buckets integer) RETURNS integer[]
	LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
	RETURN coalesce(nudge.batch_keys()::integer[], ARRAY(SELECT pg_catalog.generate_series(0, least(batch_buckets.buckets, 65536) - 1)));
COMMENT ON FUNCTION nudge.batch_buckets(integer) IS 'The hash buckets that a batch of a mart with this key computes, all if all are';

-- What is known as a month closes, and of the present one as yesterday did.
CREATE FUNCTION nudge.month_closes(zone text, months integer DEFAULT 13) RETURNS date[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT array_agg(c.day ORDER BY c.day)
		FROM (SELECT nudge.civil_date(nudge.as_of(), zone) AS day) t, generate_series(0, month_closes.months - 1) g(ago),
			LATERAL (SELECT (nudge.period_start(t.day, 'month') - make_interval(months => g.ago))::date AS month) m,
			LATERAL (SELECT least((m.month + interval '1 month')::date, t.day) - 1 AS day) c
		WHERE c.day >= m.month);
COMMENT ON FUNCTION nudge.month_closes(text, integer) IS 'The last days of the months before that of nudge.as_of(), and the day before it, if that is in its month';

-- What begins at an instant is over, or dated, from it on; what is dated before
-- as_of is known, so that it takes the first instant after it too.
CREATE FUNCTION nudge.period_ticks(grain text, zone text) RETURNS SETOF timestamptz
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	SELECT (nudge.period_start(nudge.civil_date(nudge.as_of(), zone), grain)::timestamp AT TIME ZONE zone) + u.later
	FROM (VALUES (interval '0'), (interval '1 microsecond')) u(later);
END;
COMMENT ON FUNCTION nudge.period_ticks(text, text) IS
	'When the period of nudge.as_of() began: for clock queries of what changes as a day, or a month, begins';

-- A report reads whole relations.  One that is computed for some keys is given
-- views of theirs: no row of others, whatever it does with them.
CREATE FUNCTION nudge.fill_in_scopes(query text, mart nudge.shipped_marts) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	filled text := query;
	input text;
BEGIN
	FOR input IN SELECT k FROM jsonb_object_keys(mart.scopes) k LOOP
		filled := replace(filled, format('{%s@}', input), CASE WHEN to_regclass(nudge.staging_name(input)) IS NULL THEN 'NULL::regclass'
			ELSE format('CASE WHEN nudge.batch_keys() IS NULL THEN %L::regclass ELSE %L::regclass END', nudge.staging_name(input), nudge.scope_view(mart.name, input)) END);
		filled := replace(filled, format('{%s$@}', input), CASE WHEN to_regclass(nudge.converted_view(input)) IS NULL THEN 'NULL::regclass'
			ELSE format('CASE WHEN nudge.batch_keys() IS NULL THEN %L::regclass ELSE %L::regclass END', nudge.converted_view(input), nudge.scope_view(mart.name, input)) END);
	END LOOP;
	RETURN filled;
END
$$;
COMMENT ON FUNCTION nudge.fill_in_scopes(text, nudge.shipped_marts) IS 'Works for deploy: a shipped query with the inputs of a batch of keys in it, those that are mapped';

-- Its rows stay, found by another of the columns that tell them apart.
CREATE FUNCTION nudge.change_shipped_key(mart nudge.shipped_marts) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_old_key regclass;
BEGIN
	SELECT i.indexrelid INTO of_old_key FROM nudge.materialisations m JOIN pg_index i ON i.indrelid = nudge.mart_table(m.name)::regclass AND i.indisunique
	WHERE m.name = mart.name AND m.row_key <> mart.row_key
		AND m.row_key = (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) LIMIT 1;
	UPDATE nudge.materialisations m SET key_column = mart.key_column, row_key = mart.row_key, definition_hash = NULL
	WHERE m.name = mart.name AND m.row_key <> mart.row_key AND m.row_key @> mart.row_key AND m.row_key <@ mart.row_key;
	IF FOUND THEN
		IF of_old_key IS NOT NULL THEN
			EXECUTE format('DROP INDEX %s', of_old_key);
		END IF;
		-- those that are pending are of the other key
		DELETE FROM nudge.pending p WHERE p.materialisation = mart.name;
		DELETE FROM nudge.quarantine q WHERE q.materialisation = mart.name;
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', nudge.mart_table(mart.name), mart.key_column);
		EXECUTE format('CREATE UNIQUE INDEX ON %s (%s) NULLS NOT DISTINCT', nudge.mart_table(mart.name), (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(mart.row_key) WITH ORDINALITY u(k, n)));
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.change_shipped_key(nudge.shipped_marts) IS 'Works for deploy: gives the table of a shipped materialisation another key of the same columns, if it has one of a version before';

CREATE FUNCTION nudge.add_shipped_mart(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.shipped_marts;
	one record;
	query text;
	maps jsonb;
BEGIN
	SELECT s.* INTO m FROM nudge.shipped_marts s WHERE s.name = add_shipped_mart.name;
	PERFORM nudge.change_shipped_key(m);
	query := nudge.fill_in_inputs(nudge.fill_in(m.query, settings), settings);
	FOR one IN SELECT s.key AS input, s.value AS query FROM jsonb_each_text(m.scopes) s WHERE to_regclass(nudge.staging_name(s.key)) IS NOT NULL LOOP
		PERFORM nudge.make_engine_view(nudge.scope_view(m.name, one.input), nudge.fill_in_inputs(one.query, settings), format('Rows of %s for the keys of materialisation "%s" that are computed', one.input, m.name));
	END LOOP;
	-- of inputs that are there and read, and by those
	SELECT jsonb_object_agg(k.key, CASE jsonb_typeof(k.value) WHEN 'array' THEN (SELECT jsonb_agg(CASE jsonb_typeof(e.one) WHEN 'object' THEN jsonb_set(e.one, '{query}', to_jsonb(nudge.fill_in_inputs(e.one ->> 'query', settings))) ELSE e.one END ORDER BY e.n)
		FROM jsonb_array_elements(k.value) WITH ORDINALITY e(one, n)) ELSE k.value END)
	INTO maps FROM jsonb_each(m.key_maps) k WHERE k.key <> ALL (m.optional_inputs) OR to_regclass(nudge.staging_name(k.key)) IS NOT NULL AND (m.scopes ? k.key OR strpos(query, nudge.staging_name(k.key)) > 0);
	PERFORM nudge.add_materialisation(m.name, nudge.fill_in_scopes(query, m), m.key_column, m.row_key, m.layer,
		key_maps => maps, clock_query => nudge.fill_in_inputs(nudge.fill_in(m.clock_query, settings), settings), description => m.description);
	FOR one IN SELECT c.key, c.value FROM jsonb_each_text(m.columns) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', nudge.mart_table(m.name), one.key, one.value);
	END LOOP;
	FOR one IN SELECT m.name || '_' || left(md5(i), 8) AS index_name, i AS definition FROM unnest(m.indexes) i WHERE to_regclass(nudge.mart_table(m.name || '_' || left(md5(i), 8))) IS NULL LOOP
		EXECUTE format('CREATE INDEX %I ON %s %s', one.index_name, nudge.mart_table(m.name), one.definition);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.add_shipped_mart(text, nudge.deployment) IS 'Works for deploy: adds or changes one materialisation that is shipped, with its comments and indexes';

-- NULL is what was said before, or the default of the table's first row.
CREATE FUNCTION nudge.deploy_settings(zone text, buckets integer, week_start text, fiscal_year_start integer, currency text) RETURNS nudge.deployment
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	settings nudge.deployment;
BEGIN
	SELECT d.* INTO settings FROM nudge.deployment d;
	settings.single := true;
	settings.zone := coalesce(zone, settings.zone, 'UTC');
	settings.buckets := coalesce(buckets, settings.buckets, 256);
	settings.week_start := coalesce(lower(week_start), settings.week_start, 'monday');
	settings.fiscal_year_start := coalesce(fiscal_year_start, settings.fiscal_year_start, 1);
	-- '' takes it back
	settings.currency := nullif(coalesce(upper(btrim(currency)), settings.currency), '');
	-- errors unless they are what they should be
	PERFORM nudge.civil_date(now(), settings.zone);
	PERFORM nudge.period_start(current_date, 'week', settings.week_start, settings.fiscal_year_start);
	IF settings.buckets NOT BETWEEN 1 AND 65536 THEN
		RAISE EXCEPTION 'buckets must be between 1 and 65536' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', buckets),
			HINT = 'A bucket for every 4,000 customers is best.';
	END IF;
	IF settings.currency !~ '^[A-Z]{3}$' THEN
		RAISE EXCEPTION '"%" is not a currency code', left(settings.currency, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A currency code is three letters; case does not matter.',
			HINT = 'Use the three letters of ISO 4217, such as EUR.';
	-- a zone may be words of POSIX, but they are put into queries with braces
	ELSIF settings.zone ~ '[{}]' THEN
		RAISE EXCEPTION 'unknown time zone "%"', left(settings.zone, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Midnight of this zone is where periods begin.',
			HINT = 'Use a full name of pg_timezone_names, such as Europe/Berlin.';
	END IF;
	RETURN settings;
END
$$;
COMMENT ON FUNCTION nudge.deploy_settings(text, integer, text, integer, text) IS 'Works for deploy: its settings, those not given as they were. Not STRICT: NULL is as it was';

DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.deployment TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
