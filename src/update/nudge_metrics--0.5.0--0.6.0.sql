\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.6.0'" to load this file. \quit

-- replaces: CREATE FUNCTION nudge.check_sales_by(by text) RETURNS void
DROP FUNCTION nudge.check_sales_by(text);

-- replaces: CREATE FUNCTION nudge.contract_values(
DROP FUNCTION nudge.contract_values(regclass, date, date, regclass, text, text, timestamptz, text);

-- replaces: CREATE FUNCTION nudge.check_support_options("by" text, counting text, tolerance numeric DEFAULT 0.25) RETURNS void
DROP FUNCTION nudge.check_support_options(text, text, numeric);

-- replaces: CREATE FUNCTION nudge.support_report(
DROP FUNCTION nudge.support_report(regclass, date, date, text, text, timestamptz, text, regclass, text);

-- replaces: CREATE FUNCTION nudge.support_times(
DROP FUNCTION nudge.support_times(regclass, date, date, text, text, timestamptz, text, regclass, text, text, numeric);

-- replaces: CREATE FUNCTION nudge.backlog(
DROP FUNCTION nudge.backlog(regclass, date, date, text, text, timestamptz, text);

-- replaces: CREATE FUNCTION nudge.backlog_ages(
DROP FUNCTION nudge.backlog_ages(regclass, date, date, text, text, timestamptz, text, numeric[]);

-- replaces: CREATE FUNCTION nudge.check_by(by text, allowed text) RETURNS void
DROP FUNCTION nudge.check_by(text, text);

-- replaces: CREATE FUNCTION nudge.uptime(
DROP FUNCTION nudge.uptime(regclass, regclass, date, date, text, text, timestamptz, text, text[], text[]);

-- replaces: CREATE FUNCTION nudge.downtime_intervals(
DROP FUNCTION nudge.downtime_intervals(regclass, regclass, date, date, text, timestamptz, text, text[], text[]);

-- replaces: CREATE FUNCTION nudge.request_query(requests regclass) RETURNS text
DROP FUNCTION nudge.request_query(regclass);

-- replaces: CREATE FUNCTION nudge.error_rates(
DROP FUNCTION nudge.error_rates(regclass, date, date, text, text, timestamptz, text, numeric, text[]);

-- replaces: CREATE FUNCTION nudge.uptime_error_budget(
DROP FUNCTION nudge.uptime_error_budget(regclass, regclass, numeric, date, date, text, text, timestamptz, text, text[], text[]);

-- replaces: CREATE FUNCTION nudge.request_error_budget(
DROP FUNCTION nudge.request_error_budget(regclass, numeric, date, date, text, text, timestamptz, text, numeric, text[]);

-- replaces: CREATE FUNCTION nudge.check_coverage(outside bigint) RETURNS boolean
DROP FUNCTION nudge.check_coverage(bigint);

-- replaces: CREATE FUNCTION nudge.delivery_performance(
DROP FUNCTION nudge.delivery_performance(regclass, date, date, text, text, timestamptz, text);

-- replaces: CREATE FUNCTION nudge.bug_report(
DROP FUNCTION nudge.bug_report(regclass, date, date, text, text, timestamptz);

-- replaces: CREATE FUNCTION nudge.bug_ages(
DROP FUNCTION nudge.bug_ages(regclass, date, date, text, text, timestamptz, integer[]);

-- replaces: CREATE FUNCTION nudge.request_group("by" text) RETURNS text
DROP FUNCTION nudge.request_group(text);

-- replaces: CREATE FUNCTION nudge.throughput(
DROP FUNCTION nudge.throughput(regclass, date, date, text, text, timestamptz, boolean);

-- replaces: CREATE FUNCTION nudge.send_throughput(
DROP FUNCTION nudge.send_throughput(regclass, date, date, text, text, timestamptz, boolean);

-- replaces: CREATE FUNCTION nudge.apdex(
DROP FUNCTION nudge.apdex(regclass, date, date, numeric, text, text, timestamptz, text);

-- replaces: CREATE FUNCTION nudge.page_load(
DROP FUNCTION nudge.page_load(regclass, date, date, text, text, timestamptz, double precision);

-- replaces: COMMENT ON FUNCTION nudge.check_sales_by(text) IS
-- replaces: COMMENT ON FUNCTION nudge.sales_flows(regclass, date, date, regclass, text, text, timestamptz, text, text) IS
-- replaces: COMMENT ON FUNCTION nudge.check_support_options(text, text, numeric) IS
-- replaces: COMMENT ON FUNCTION nudge.check_by(text, text) IS
-- replaces: COMMENT ON FUNCTION nudge.request_query(regclass) IS
-- replaces: COMMENT ON FUNCTION nudge.check_coverage(bigint) IS 'An error if there are samples of coverage that are no share';
-- replaces: COMMENT ON FUNCTION nudge.bug_ages(regclass, date, date, text, text, timestamptz, integer[]) IS
-- replaces: COMMENT ON FUNCTION nudge.request_group(text) IS
-- replaces: COMMENT ON FUNCTION nudge.throughput(regclass, date, date, text, text, timestamptz, boolean) IS
-- replaces: COMMENT ON FUNCTION nudge.send_throughput(regclass, date, date, text, text, timestamptz, boolean) IS
-- replaces: COMMENT ON FUNCTION nudge.apdex(regclass, date, date, numeric, text, text, timestamptz, text) IS

-- replaces: CREATE FUNCTION nudge.window_spans(
CREATE OR REPLACE FUNCTION nudge.window_spans(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, period_end date, start_at timestamptz, end_at timestamptz, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT p.period, p.period_end, b.start_at, b.end_at, b.end_at <= as_of
	FROM nudge.window_periods(start_day, end_day, grain) p,
		LATERAL (SELECT p.period::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS start_at, p.period_end::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS end_at) b
	-- an error for a name that civil_date and AT TIME ZONE do not read alike
	WHERE nudge.civil_date('epoch', coalesce(zone, 'UTC')) IS NOT NULL
	ORDER BY p.period;
END;

-- replaces: CREATE FUNCTION nudge.make_input_view(input text) RETURNS void
CREATE OR REPLACE FUNCTION nudge.make_input_view(input text) RETURNS void
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

-- replaces: CREATE FUNCTION nudge.set_checks(input text, gap_days integer) RETURNS TABLE (place integer, problem text, severity text, column_name text, checked_rows text, condition text, description text)
CREATE OR REPLACE FUNCTION nudge.set_checks(input text, gap_days integer) RETURNS TABLE (place integer, problem text, severity text, column_name text, checked_rows text, condition text, description text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT 7, CASE r.rule WHEN 'key' THEN 'duplicate' WHEN 'overlap' THEN 'overlap' WHEN 'gap' THEN 'short gap' ELSE 'orphan' END,
		CASE WHEN r.rule IN ('key', 'overlap') THEN 'error' ELSE 'warning' END,
		CASE WHEN r.rule IN ('overlap', 'gap') THEN r.columns[1] ELSE array_to_string(r.columns, ', ') END,
		CASE r.rule
			WHEN 'key' THEN format('(SELECT w.*, count(*) OVER (PARTITION BY %s) AS rows_of_key FROM %s w WHERE %s)', k.names, n.view_name, k.given)
			WHEN 'reference' THEN n.view_name
			ELSE format('(SELECT w.*, max(coalesce(w.%2$I, ''infinity'')) OVER (PARTITION BY %3$s ORDER BY w.%1$I, w.%2$I ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended_before FROM %4$s w WHERE w.%1$I < coalesce(w.%2$I, ''infinity''))',
				r.columns[1], r.columns[2], k.others, n.view_name) END,
		CASE r.rule
			WHEN 'key' THEN 'v.rows_of_key > 1'
			WHEN 'overlap' THEN format('v.ended_before > v.%I', r.columns[1])
			-- in hours: days would be those of the session's zone
			WHEN 'gap' THEN format('v.ended_before < v.%1$I AND v.%1$I < v.ended_before + interval ''%2$s hours''', r.columns[1], gap_days * 24)
			ELSE format('v.%1$I IS NOT NULL AND NOT EXISTS (SELECT FROM nudge_staging.%2$I f WHERE f.%3$I = v.%1$I)', r.columns[1], r.words[1], f.columns[1])
				-- an account that was merged into another is no more
				|| CASE WHEN r.words[1] = 'customers' AND to_regclass('nudge_staging.customer_merges') IS NOT NULL
					THEN format(' AND NOT EXISTS (SELECT FROM nudge_staging.customer_merges m WHERE m.customer = v.%I)', r.columns[1]) ELSE '' END END,
		CASE r.rule
			WHEN 'key' THEN 'rows have the same key'
			WHEN 'overlap' THEN format('intervals of one %s overlap', r.columns[cardinality(r.columns)])
			WHEN 'gap' THEN format('less than %s days are missing between intervals of one %s', gap_days, r.columns[cardinality(r.columns)])
			ELSE format('the input %s does not have it', r.words[1]) END
	FROM (SELECT format('nudge_staging.%I', set_checks.input) AS view_name) n, nudge.input_rules() r
		LEFT JOIN nudge.input_rules() f ON f.rule = 'key' AND f.input = r.words[1],
		LATERAL (SELECT string_agg(format('w.%I', c.name), ', ') AS names, string_agg(format('w.%I', c.name), ', ') FILTER (WHERE c.place > 2) AS others,
			string_agg(format('w.%I IS NOT NULL', c.name), ' OR ') AS given FROM unnest(r.columns) WITH ORDINALITY c(name, place)) k
	WHERE r.input = set_checks.input AND (r.rule IN ('key', 'overlap') OR r.rule = 'gap' AND gap_days > 0
		OR r.rule = 'reference' AND to_regclass(format('nudge_staging.%I', r.words[1])) IS NOT NULL)
	UNION ALL
	SELECT 8, 'merged in a circle', 'error', 'customer, merged_into',
		format('(SELECT w.*, e.counted_as FROM %1$s w LEFT JOIN nudge.merge_ends((SELECT array_agg(''customer''::text) FROM %1$s a), (SELECT array_agg(a.customer) FROM %1$s a), (SELECT array_agg(a.merged_into) FROM %1$s a)) e ON e.key = w.customer)', format('nudge_staging.%I', set_checks.input)),
		'v.customer IS NOT NULL AND v.merged_into IS NOT NULL AND v.counted_as IS NULL',
		'nobody is left as whom the rows count, so they are not merged'
	WHERE set_checks.input = 'customer_merges'
	UNION ALL
	SELECT 5, 'missing exchange rate', 'warning', 'currency', format('nudge_staging.%I', set_checks.input),
		'upper(v.currency) <> ALL (ARRAY(SELECT upper(e.currency) FROM nudge_staging.exchange_rates e UNION SELECT upper(e.base) FROM nudge_staging.exchange_rates e WHERE e.base IS NOT NULL))',
		'amounts are in a currency that exchange_rates does not have'
	FROM nudge.input_columns c
	WHERE c.input = set_checks.input AND c.input <> 'exchange_rates' AND c.column_name = 'currency' AND to_regclass('nudge_staging.exchange_rates') IS NOT NULL;
END;

-- replaces: CREATE FUNCTION nudge.newest_row(source text, input text, as_of timestamptz, zone text) RETURNS timestamptz
CREATE OR REPLACE FUNCTION nudge.newest_row(source text, input text, as_of timestamptz, zone text) RETURNS timestamptz
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	newest timestamptz;
	newest_day date;
	timed record;
	-- by an index if there is one, also of those whose rows do not count
	of_source constant text := nudge.source_view(input, source);
	view_name constant text := CASE WHEN to_regclass(format('nudge_staging.%I', input)) IS NOT NULL AND has_table_privilege(of_source, 'SELECT') THEN of_source ELSE format('nudge_staging.%I', input) END;
BEGIN
	SELECT k.column_name, k.data_type INTO timed FROM nudge.input_columns k
	WHERE k.input = newest_row.input AND k.required AND k.data_type IN ('timestamptz', 'date') ORDER BY k.position LIMIT 1;
	IF timed.data_type = 'date' THEN
		EXECUTE format('SELECT max(v.%1$I) FROM %2$s v WHERE v.source_name = %3$L AND v.%1$I <= $1 AND v.%1$I > ''-infinity''', timed.column_name, view_name, source)
			INTO newest_day USING nudge.civil_date(as_of, coalesce(zone, 'UTC'));
		newest := newest_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	ELSIF timed.data_type = 'timestamptz' THEN
		EXECUTE format('SELECT max(v.%1$I) FROM %2$s v WHERE v.source_name = %3$L AND v.%1$I <= $1 AND v.%1$I > ''-infinity''', timed.column_name, view_name, source)
			INTO newest USING as_of;
	END IF;
	RETURN newest;
END
$$;

-- replaces: CREATE FUNCTION nudge.day_close(day date, zone text DEFAULT 'UTC') RETURNS timestamptz
CREATE OR REPLACE FUNCTION nudge.day_close(day date, zone text DEFAULT 'UTC') RETURNS timestamptz
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF day IS NULL OR NOT isfinite(day) THEN
		RAISE EXCEPTION 'as_of must be a finite day'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'What is known is what was known at the close of that day.',
				HINT = 'Pass the day, such as the last of a month.';
	END IF;
	-- an error for a name that civil_date and AT TIME ZONE do not read alike
	RETURN CASE WHEN nudge.civil_date('epoch', coalesce(zone, 'UTC')) IS NOT NULL THEN (day + 1)::timestamp AT TIME ZONE coalesce(zone, 'UTC') END;
END
$$;

-- replaces: CREATE FUNCTION nudge.deal_lines(
CREATE OR REPLACE FUNCTION nudge.deal_lines(
	deals regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	with_amounts boolean DEFAULT true,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (
	deal text,
	customer text,
	created_at timestamptz,
	closed_at timestamptz,
	outcome text,
	cycle_seconds numeric,
	stage text,
	owner text,
	team text,
	segment text,
	amount numeric,
	currency text,
	expected_close date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.deal, i.customer, least(i.created_at, i.closed_at) AS created_at, i.created_at AS recorded_at,
				CASE WHEN i.closed_at < coalesce($3, 'infinity') THEN i.closed_at END AS closed_at, i.closed_at AS ever_closed_at,
				lower(btrim(i.outcome)) AS outcome, i.stage, i.owner, i.team, i.segment, i.amount, i.currency, i.expected_close
			FROM (%s) i
			WHERE i.created_at IS NULL
				OR least(i.created_at, i.closed_at) < least($2, coalesce($3, 'infinity'))
				AND (i.closed_at IS NULL OR $1 IS NULL OR i.closed_at >= least($1, $3))
		), one AS MATERIALIZED (
			SELECT CASE WHEN $4 THEN nudge.single_currency(array_agg(DISTINCT l.currency), $5) END AS currency,
				nudge.check_input('deals', count(*) FILTER (WHERE NOT coalesce(l.deal IS NOT NULL AND isfinite(l.created_at) AND isfinite(l.recorded_at)
					AND (NOT $4 OR abs(l.amount) < 'Infinity') AND (l.ever_closed_at IS NOT NULL OR l.outcome IS NULL), false))),
				nudge.check_outcome(min(l.outcome) FILTER (WHERE l.outcome NOT IN ('won', 'lost', 'no_decision')))
			FROM line l
		), again AS MATERIALIZED (
			SELECT nudge.check_unique_key('deals', min(k.deal)) AS checked
			FROM (SELECT l.deal FROM line l GROUP BY l.deal HAVING count(*) > 1) k
		)
		SELECT l.deal, l.customer, l.created_at, l.closed_at, CASE WHEN l.closed_at IS NOT NULL THEN l.outcome END,
			CASE WHEN l.closed_at >= l.recorded_at THEN extract(epoch FROM l.closed_at - l.recorded_at) END,
			-- the stage of today says nothing about another day
			CASE WHEN $3 IS NULL AND l.closed_at IS NULL THEN l.stage END,
			l.owner, l.team, l.segment, CASE WHEN $4 THEN l.amount END, one.currency, l.expected_close
		FROM one, again, line l
		$query$, nudge.input_query('deals', deals))
		USING start_at, end_at, as_of, coalesce(with_amounts, true), expected_currency;
END
$$;

-- replaces: CREATE FUNCTION nudge.deal_stage_lines(deal_stages regclass, as_of timestamptz DEFAULT NULL) RETURNS TABLE (
CREATE OR REPLACE FUNCTION nudge.deal_stage_lines(deal_stages regclass, as_of timestamptz DEFAULT NULL) RETURNS TABLE (
	deal text,
	stage text,
	entered_at timestamptz,
	left_at timestamptz,
	"position" integer
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.deal, i.stage, i.at FROM (%s) i WHERE i.at IS NULL OR coalesce(i.at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('deal_stages', count(*) FILTER (WHERE NOT coalesce(l.deal IS NOT NULL AND l.stage IS NOT NULL AND isfinite(l.at), false))) AS checked
			FROM line l
		)
		SELECT l.deal, l.stage, l.at,
			-- of stages entered at one instant the last in order is the one it is in
			lead(l.at) OVER (PARTITION BY l.deal ORDER BY l.at, s.position NULLS FIRST, l.stage COLLATE "C"), s.position
		FROM one, line l LEFT JOIN nudge.sales_stages s ON s.stage = l.stage
		$query$, nudge.input_query('deal_stages', deal_stages)) USING as_of;
END
$$;

-- replaces: CREATE FUNCTION nudge.quota_lines(
CREATE OR REPLACE FUNCTION nudge.quota_lines(
	quotas regclass,
	deals regclass,
	start_day date,
	end_day date,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (owner text, kind text, period date, period_end date, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	unit constant text := lower(coalesce(quota_grain, 'month'));
	length constant interval := CASE unit WHEN 'month' THEN '1 month' WHEN 'quarter' THEN '3 months' WHEN 'year' THEN '1 year' END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_quotas(NULL, unit);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.owner, i.period, CASE WHEN isfinite(i.period) THEN (i.period + $3)::date END AS period_end, i.amount, i.currency
			FROM (%s) i
			WHERE i.period IS NULL OR NOT isfinite(i.period) OR i.period < $2 AND (i.period + $3)::date > $1
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $6) AS currency,
				nudge.check_input('quotas', count(*) FILTER (WHERE NOT coalesce(l.owner IS NOT NULL AND isfinite(l.period) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		), apart AS MATERIALIZED (
			SELECT nudge.check_quotas(min(k.owner) FILTER (WHERE k.next_period < k.period_end), $7) AS checked
			FROM (SELECT l.owner, l.period_end, lead(l.period) OVER (PARTITION BY l.owner ORDER BY l.period) AS next_period
				FROM line l GROUP BY l.owner, l.period, l.period_end) k
		), name AS MATERIALIZED (
			SELECT DISTINCT d.owner, d.team FROM (%s) d WHERE coalesce(d.created_at < $5, true)
		)
		SELECT l.owner, CASE WHEN l.owner = $4 THEN 'company'
				WHEN EXISTS (SELECT FROM name n WHERE n.team = l.owner) AND NOT EXISTS (SELECT FROM name n WHERE n.owner = l.owner) THEN 'team'
				ELSE 'owner' END,
			l.period, l.period_end, sum(l.amount), one.currency
		FROM one, apart, line l
		GROUP BY l.owner, l.period, l.period_end, one.currency
		$query$, nudge.input_query('quotas', quotas), nudge.input_query('deals', deals))
		USING start_day, end_day, length, company, as_of, expected_currency, unit;
END
$$;

-- replaces: CREATE FUNCTION nudge.quota_periods(
CREATE OR REPLACE FUNCTION nudge.quota_periods(
	quotas regclass,
	deals regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (period date, value text, is_total boolean, quota numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_by(by, '{owner,team,segment}');
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT w.period AS span, w.period_end AS span_end, q.*,
			CASE WHEN company IS NOT NULL THEN 'company' WHEN bool_or(q.kind = 'owner') OVER (PARTITION BY w.period) THEN 'owner' ELSE 'team' END AS total_kind
		FROM nudge.window_periods(start_day, end_day, grain) w
		JOIN nudge.quota_lines(quotas, deals, start_day, end_day, quota_grain, company, as_of, expected_currency) q
			ON q.period < w.period_end AND q.period_end > w.period
	), part AS (
		SELECT l.span, l.span_end, l.owner AS value, false AS is_total, l.period, l.period_end, l.amount, l.currency
		FROM line l WHERE l.kind = by
		UNION ALL
		SELECT l.span, l.span_end, NULL, true, l.period, l.period_end, sum(l.amount), l.currency
		FROM line l WHERE l.kind = l.total_kind
		GROUP BY l.span, l.span_end, l.period, l.period_end, l.currency
	)
	-- quotas are not cut: they must fill the period, or it has none
	SELECT a.span, a.value, a.is_total,
		CASE WHEN isfinite(a.span) AND isfinite(a.span_end) THEN
			CASE WHEN bool_and(a.period >= a.span AND a.period_end <= a.span_end) AND sum(a.period_end - a.period) = a.span_end - a.span THEN sum(a.amount) END END, a.currency
	FROM part a
	GROUP BY a.span, a.span_end, a.value, a.is_total, a.currency;
END
$$;

-- replaces: CREATE FUNCTION nudge.sales_flows(
CREATE OR REPLACE FUNCTION nudge.sales_flows(
	deals regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	opening_deals bigint,
	opening_amount numeric,
	deals_created bigint,
	created_amount numeric,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	won_amount numeric,
	lost_amount numeric,
	not_recorded_amount numeric,
	open_deals bigint,
	open_amount numeric,
	unknown_stage_deals bigint,
	unweighted_deals bigint,
	weighted_amount numeric,
	qualified_deals bigint,
	cycle_deals bigint,
	mean_cycle_seconds numeric,
	median_cycle_seconds numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_by(by, '{owner,team,segment}');
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
	), bound AS MATERIALIZED (
		SELECT x.bounds, cardinality(x.bounds) - 1 AS last_no FROM nudge.begun_bounds(start_day, end_day, grain, zone, as_of) x(bounds) WHERE x.bounds IS NOT NULL
	), line AS MATERIALIZED (
		SELECT l.deal, l.stage, width_bucket(l.entered_at, b.bounds) AS from_no, coalesce(width_bucket(l.left_at, b.bounds), b.last_no + 1) AS to_no
		FROM bound b, LATERAL nudge.deal_stage_lines(deal_stages, as_of) l
	), deal AS MATERIALIZED (
		SELECT d.*, width_bucket(d.created_at, b.bounds) AS from_no, coalesce(width_bucket(d.closed_at, b.bounds), b.last_no + 1) AS to_no, h.deal IS NOT NULL AS has_history,
			CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value
		FROM bound b, LATERAL nudge.deal_lines(deals, b.bounds[1], b.bounds[b.last_no + 1], as_of, true, sales_flows.currency) d
		LEFT JOIN (SELECT DISTINCT l.deal FROM line l) h ON h.deal = d.deal
	), flow AS MATERIALIZED (
		-- 0 is before the window: what is open as it begins comes in there
		SELECT e.no, d.value, grouping(d.value) = 1 AS is_total, sum(e.step) AS opened, sum(e.step * d.amount) AS opened_amount,
			count(*) FILTER (WHERE e.step > 0) AS created, coalesce(sum(d.amount) FILTER (WHERE e.step > 0), 0) AS created_amount,
			count(*) FILTER (WHERE e.outcome = 'won') AS won, count(*) FILTER (WHERE e.outcome = 'lost') AS lost,
			count(*) FILTER (WHERE e.outcome = 'no_decision') AS no_decision, count(*) FILTER (WHERE e.outcome = '') AS not_recorded,
			coalesce(sum(d.amount) FILTER (WHERE e.outcome = 'won'), 0) AS won_amount,
			coalesce(sum(d.amount) FILTER (WHERE e.outcome IN ('lost', 'no_decision')), 0) AS lost_amount,
			coalesce(sum(d.amount) FILTER (WHERE e.outcome = ''), 0) AS not_recorded_amount,
			count(d.cycle_seconds) FILTER (WHERE e.outcome = 'won') AS cycles, avg(d.cycle_seconds) FILTER (WHERE e.outcome = 'won') AS mean_cycle,
			-- of an even number the mean of the two in the middle
			(percentile_disc(0.5) WITHIN GROUP (ORDER BY d.cycle_seconds) FILTER (WHERE e.outcome = 'won')
				+ percentile_disc(0.5) WITHIN GROUP (ORDER BY d.cycle_seconds DESC) FILTER (WHERE e.outcome = 'won')) / 2 AS median_cycle
		FROM deal d, LATERAL (VALUES (d.from_no, 1, NULL), (d.to_no, -1, coalesce(d.outcome, ''))) e(no, step, outcome)
		GROUP BY GROUPING SETS ((e.no, d.value), (e.no))
	), stay AS (
		-- the stage of today stands in where there is no history
		SELECT d.value, d.amount, d.stage, d.from_no, d.to_no FROM deal d WHERE NOT d.has_history
		UNION ALL
		SELECT d.value, d.amount, l.stage, greatest(l.from_no, d.from_no), least(l.to_no, d.to_no) FROM deal d JOIN line l ON l.deal = d.deal
	), staged AS MATERIALIZED (
		SELECT e.no, s.value, grouping(s.value) = 1 AS is_total, sum(e.step) AS known, count(g.win_probability) FILTER (WHERE e.step > 0) - count(g.win_probability) FILTER (WHERE e.step < 0) AS weighted,
			sum(e.step * s.amount * g.win_probability) AS weighted_amount, sum(e.step) FILTER (WHERE g.qualified) AS qualified
		FROM stay s JOIN nudge.sales_stages g ON g.stage = s.stage, LATERAL (VALUES (s.from_no, 1), (s.to_no, -1)) e(no, step)
		WHERE s.from_no < s.to_no
		GROUP BY GROUPING SETS ((e.no, s.value), (e.no))
	), running AS (
		SELECT n.no, g.value, g.is_total, f.created, f.created_amount, f.opened, f.opened_amount, f.won, f.lost, f.no_decision, f.not_recorded, f.won_amount, f.lost_amount, f.not_recorded_amount,
			f.cycles, f.mean_cycle, f.median_cycle, coalesce(sum(f.opened) OVER upto, 0)::bigint AS open_deals, coalesce(sum(f.opened_amount) OVER upto, 0) AS open_amount,
			coalesce(sum(t.known) OVER upto, 0)::bigint AS known, coalesce(sum(t.weighted) OVER upto, 0)::bigint AS weighted, coalesce(sum(t.weighted_amount) OVER upto, 0) AS weighted_amount,
			coalesce(sum(t.qualified) OVER upto, 0)::bigint AS qualified
		FROM bound b, LATERAL generate_series(0, b.last_no) n(no) CROSS JOIN (SELECT DISTINCT f.value, f.is_total FROM flow f) g
		LEFT JOIN flow f ON f.no = n.no AND f.is_total = g.is_total AND f.value IS NOT DISTINCT FROM g.value
		LEFT JOIN staged t ON t.no = n.no AND t.is_total = g.is_total AND t.value IS NOT DISTINCT FROM g.value
		WINDOW upto AS (PARTITION BY g.is_total, g.value ORDER BY n.no)
	)
	SELECT s.period, r.value, r.is_total, r.open_deals - coalesce(r.opened, 0), r.open_amount - coalesce(r.opened_amount, 0), coalesce(r.created, 0), coalesce(r.created_amount, 0),
		coalesce(r.won, 0), coalesce(r.lost, 0), coalesce(r.no_decision, 0), coalesce(r.not_recorded, 0), coalesce(r.won_amount, 0), coalesce(r.lost_amount, 0), coalesce(r.not_recorded_amount, 0),
		r.open_deals, r.open_amount, r.open_deals - r.known, r.open_deals - r.weighted, r.weighted_amount, r.qualified, coalesce(r.cycles, 0), r.mean_cycle, r.median_cycle,
		(SELECT min(d.currency) FROM deal d)
	FROM running r JOIN span s ON s.no = r.no;
END
$$;

-- replaces: CREATE FUNCTION nudge.sales_report(
CREATE OR REPLACE FUNCTION nudge.sales_report(
	deals regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	quotas regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	opening_deals bigint,
	opening_amount numeric,
	deals_created bigint,
	created_amount numeric,
	deals_closed bigint,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	won_amount numeric,
	lost_amount numeric,
	not_recorded_amount numeric,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	average_deal_size numeric,
	win_rate numeric,
	win_rate_by_amount numeric,
	cycle_deals bigint,
	mean_cycle_days numeric,
	median_cycle_days numeric,
	qualified_deals bigint,
	sales_velocity numeric,
	quota numeric,
	quota_attainment numeric,
	quota_remaining numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_by(by, '{owner,team,segment}');
	RETURN QUERY
	WITH span AS MATERIALIZED (
		-- of a period that has not begun nothing is known
		SELECT w.period, w.complete, CASE WHEN as_of <= w.start_at THEN NULL ELSE 0 END AS zero
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), flow AS MATERIALIZED (
		SELECT * FROM nudge.sales_flows(deals, start_day, end_day, deal_stages, grain, zone, as_of, by, sales_report.currency)
	), target AS MATERIALIZED (
		SELECT q.* FROM nudge.quota_periods(quotas, deals, start_day, end_day, grain, as_of, by, quota_grain, company, sales_report.currency) q
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT c.currency) FILTER (WHERE c.currency IS NOT NULL), sales_report.currency) AS currency
		FROM (SELECT f.currency_code AS currency FROM flow f UNION SELECT t.currency FROM target t) c
	), cell AS (
		SELECT s.*, g.value, g.is_total
		FROM span s CROSS JOIN (SELECT NULL AS value, true AS is_total UNION SELECT f.value, f.is_total FROM flow f WHERE by IS NOT NULL
			UNION SELECT t.value, t.is_total FROM target t) g
	), filled AS (
		SELECT c.period, c.value, c.is_total, c.complete, coalesce(f.opening_deals, c.zero) AS opening_deals, coalesce(f.opening_amount, c.zero) AS opening_amount,
			coalesce(f.deals_created, c.zero) AS created, coalesce(f.created_amount, c.zero) AS created_amount, coalesce(f.won, c.zero) AS won,
			coalesce(f.lost, c.zero) AS lost, coalesce(f.no_decision, c.zero) AS no_decision, coalesce(f.not_recorded, c.zero) AS not_recorded,
			coalesce(f.won_amount, c.zero) AS won_amount, coalesce(f.lost_amount, c.zero) AS lost_amount, coalesce(f.not_recorded_amount, c.zero) AS not_recorded_amount,
			coalesce(f.open_deals, c.zero) AS open_deals, coalesce(f.open_amount, c.zero) AS open_amount, coalesce(f.unweighted_deals, c.zero) AS unweighted,
			CASE WHEN f.unweighted_deals > 0 THEN NULL ELSE coalesce(f.weighted_amount, c.zero) END AS weighted_amount,
			CASE WHEN f.unknown_stage_deals > 0 THEN NULL ELSE coalesce(f.qualified_deals, c.zero) END AS qualified,
			coalesce(f.cycle_deals, c.zero) AS cycle_deals, f.mean_cycle_seconds / 86400 AS mean_cycle, f.median_cycle_seconds / 86400 AS median_cycle, t.quota
		FROM cell c
		LEFT JOIN flow f ON f.period = c.period AND f.is_total = c.is_total AND f.value IS NOT DISTINCT FROM c.value
		LEFT JOIN target t ON t.period = c.period AND t.is_total = c.is_total AND t.value IS NOT DISTINCT FROM c.value
	)
	SELECT f.period, f.value, f.is_total, f.opening_deals, f.opening_amount, f.created, f.created_amount,
		f.won + f.lost + f.no_decision + f.not_recorded, f.won, f.lost, f.no_decision, f.not_recorded, f.won_amount, f.lost_amount, f.not_recorded_amount,
		f.open_deals, f.open_amount, f.unweighted, f.weighted_amount, f.won_amount / nullif(f.won, 0), f.won::numeric / nullif(r.decided, 0),
		f.won_amount / nullif(f.won_amount + f.lost_amount, 0),
		f.cycle_deals, f.mean_cycle, f.median_cycle, f.qualified,
		-- deals x (won amount / won) x (won / decided) / days
		f.qualified * f.won_amount / nullif(r.decided * f.mean_cycle, 0),
		f.quota, f.won_amount / nullif(f.quota, 0), f.quota - coalesce(f.won_amount, 0), one.currency, f.complete
	FROM one, filled f, LATERAL (SELECT f.won + f.lost + f.no_decision AS decided) r
	ORDER BY f.period, f.is_total, f.value COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.activity_lines(
CREATE OR REPLACE FUNCTION nudge.activity_lines(
	activities regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL
) RETURNS TABLE (owner text, at timestamptz, kind text, deal text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.owner, i.at, lower(btrim(i.kind)) AS kind, i.deal FROM (%s) i
			WHERE i.at IS NULL OR coalesce(i.at >= $1, true) AND coalesce(i.at < $2, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('activities', count(*) FILTER (WHERE NOT coalesce(isfinite(l.at), false))) AS checked FROM line l
		)
		SELECT l.owner, l.at, l.kind, l.deal FROM one, line l
		$query$, nudge.input_query('activities', activities)) USING start_at, end_at;
END
$$;

-- replaces: CREATE FUNCTION nudge.sales_activities(
CREATE OR REPLACE FUNCTION nudge.sales_activities(
	activities regclass,
	deals regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	kind text,
	all_kinds boolean,
	activities_done bigint,
	deals_won bigint,
	activities_per_deal_won numeric,
	direct_activities bigint,
	direct_activities_per_deal_won numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_by(by, '{owner,team,segment}');
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT w.*, s.no FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w LEFT JOIN nudge.begun_spans(start_day, end_day, grain, zone, as_of) s ON s.period = w.period
	), bound AS MATERIALIZED (
		SELECT x.bounds, cardinality(x.bounds) - 1 AS last_no FROM nudge.begun_bounds(start_day, end_day, grain, zone, as_of) x(bounds) WHERE x.bounds IS NOT NULL
	), activity AS MATERIALIZED (
		SELECT a.*, width_bucket(a.at, b.bounds) AS no FROM bound b, LATERAL nudge.activity_lines(activities, NULL, b.bounds[b.last_no + 1]) a
	), deal AS MATERIALIZED (
		SELECT d.deal, d.closed_at, CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value,
			CASE WHEN d.outcome = 'won' AND d.closed_at < b.bounds[b.last_no + 1] THEN nullif(width_bucket(d.closed_at, b.bounds), 0) END AS won_no
		FROM bound b, LATERAL nudge.deal_lines(deals, NULL, NULL, as_of, false) d
	), fact AS (
		-- what somebody did, for whatever deal
		SELECT a.no, CASE by WHEN 'owner' THEN a.owner ELSE d.value END AS value, a.kind, 1 AS done, 0 AS direct
		FROM activity a
		LEFT JOIN deal d ON d.deal = a.deal
		WHERE a.no > 0
		UNION ALL
		-- what was done for a deal that was won, until the day of that
		SELECT d.won_no, d.value, a.kind, 0, 1
		FROM deal d
		JOIN activity a ON a.deal = d.deal AND nudge.civil_date(a.at, named_zone) <= nudge.civil_date(d.closed_at, named_zone)
		WHERE d.won_no IS NOT NULL
	), n AS MATERIALIZED (
		SELECT f.no, f.value, grouping(f.value) = 1 AS is_total, f.kind, grouping(f.kind) = 1 AS all_kinds, sum(f.done) AS done, sum(f.direct) AS direct
		FROM fact f
		GROUP BY GROUPING SETS ((f.no, f.value, f.kind), (f.no, f.value), (f.no, f.kind), (f.no))
	), w AS MATERIALIZED (
		SELECT d.won_no AS no, d.value, grouping(d.value) = 1 AS is_total, count(*) AS won
		FROM deal d
		WHERE d.won_no IS NOT NULL
		GROUP BY GROUPING SETS ((d.won_no, d.value), (d.won_no))
	), known AS MATERIALIZED (
		SELECT bool_or(a.deal IS NOT NULL) AS has_deals FROM activity a
	), cell AS (
		SELECT s.period, s.no, s.complete, CASE WHEN s.no IS NOT NULL THEN 0 END AS zero, g.value, g.is_total, k.kind, k.all_kinds
		FROM span s
		CROSS JOIN (SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE by IS NOT NULL
			UNION SELECT w.value, w.is_total FROM w WHERE by IS NOT NULL) g
		CROSS JOIN (SELECT NULL AS kind, true AS all_kinds UNION SELECT n.kind, n.all_kinds FROM n) k
	)
	SELECT c.period, c.value, c.is_total, c.kind, c.all_kinds, v.done, v.won, v.done / nullif(v.won, 0)::numeric, v.direct, v.direct / nullif(v.won, 0)::numeric, c.complete
	FROM known, cell c
	LEFT JOIN n ON n.no = c.no AND n.is_total = c.is_total AND n.all_kinds = c.all_kinds AND n.value IS NOT DISTINCT FROM c.value AND n.kind IS NOT DISTINCT FROM c.kind
	LEFT JOIN w ON w.no = c.no AND w.is_total = c.is_total AND w.value IS NOT DISTINCT FROM c.value,
		LATERAL (SELECT coalesce(n.done, c.zero) AS done, coalesce(w.won, c.zero) AS won, CASE WHEN known.has_deals THEN coalesce(n.direct, c.zero) END AS direct) v
	ORDER BY c.period, c.is_total, c.value COLLATE "C", c.all_kinds, c.kind COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.contract_lines(
CREATE OR REPLACE FUNCTION nudge.contract_lines(
	contracts regclass,
	customers regclass DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	contract text,
	number bigint,
	segment text,
	signed_at timestamptz,
	starts_at timestamptz,
	ends_at timestamptz,
	amount numeric,
	annual_amount numeric,
	first_annual_amount numeric,
	currency text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.customer, i.contract, i.signed_at, coalesce(i.starts_at, i.signed_at) AS starts_at, i.ends_at, i.term_months, i.amount, i.currency,
				i.amount * 12 / nullif(i.term_months, 0) AS annual_amount
			FROM (%s) i
			WHERE i.signed_at IS NULL OR coalesce(i.signed_at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $2) AS currency,
				nudge.check_input('contracts', count(*) FILTER (WHERE NOT coalesce(l.customer IS NOT NULL AND isfinite(l.signed_at) AND abs(l.amount) < 'Infinity'
					AND coalesce(l.term_months >= 0 AND l.term_months < 'Infinity', true), false)))
			FROM line l
		), segment AS MATERIALIZED (
			SELECT c.customer, min(c.segment COLLATE "C") AS segment FROM (%s) c GROUP BY c.customer
		)
		SELECT l.customer, l.contract, row_number() OVER first, s.segment, l.signed_at, l.starts_at, l.ends_at, l.amount, l.annual_amount,
			first_value(l.annual_amount) OVER first, one.currency
		FROM one, line l LEFT JOIN segment s ON s.customer = l.customer
		WINDOW first AS (PARTITION BY l.customer ORDER BY l.signed_at, l.starts_at, l.contract COLLATE "C", l.amount)
		$query$, nudge.input_query('contracts', contracts), nudge.input_query('customers', customers))
		USING as_of, expected_currency;
END
$$;

-- replaces: CREATE FUNCTION nudge.pipeline_value(
CREATE OR REPLACE FUNCTION nudge.pipeline_value(
	deals regclass,
	deal_stages regclass DEFAULT NULL,
	activities regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT 'stage',
	stale_days numeric DEFAULT 30,
	currency text DEFAULT NULL
) RETURNS TABLE (
	value text,
	is_total boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	qualified_deals bigint,
	overdue_deals bigint,
	overdue_amount numeric,
	mean_age_days numeric,
	mean_stage_days numeric,
	activity_count bigint,
	activities_per_open_deal numeric,
	stale_deals bigint,
	stale_amount numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	dated constant integer := CASE WHEN as_of < 'infinity' THEN 0 END;
BEGIN
	PERFORM nudge.check_by(by, '{stage,owner,team,segment}');
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		SELECT d.*, CASE by WHEN 'stage' THEN d.stage WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value
		FROM nudge.pipeline_deals(deals, deal_stages, activities, zone, as_of, pipeline_value.currency) d
	), n AS (
		SELECT d.value, grouping(d.value) = 1 AS is_total, CASE WHEN by = 'stage' AND grouping(d.value) = 0 THEN min(d.stage_position) END AS place,
			count(*) AS deals, coalesce(sum(d.amount), 0) AS amount, count(*) FILTER (WHERE d.win_probability IS NULL) AS unweighted, coalesce(sum(d.weighted_amount), 0) AS weighted,
			count(*) FILTER (WHERE d.qualified) AS qualified, count(*) FILTER (WHERE d.qualified IS NULL) AS unknown,
			count(*) FILTER (WHERE d.overdue) + dated AS overdue, coalesce(sum(d.amount) FILTER (WHERE d.overdue), 0) + dated AS overdue_amount,
			avg(d.age_days) AS age, avg(d.stage_days) AS stage_age, sum(d.activity_count) AS done, count(*) FILTER (WHERE d.idle_days >= stale_days) AS stale,
			coalesce(sum(d.amount) FILTER (WHERE d.idle_days >= stale_days), 0) AS stale_amount, count(d.idle_days) AS timed, min(d.currency_code) AS currency
		FROM deal d
		GROUP BY GROUPING SETS ((d.value), ())
	)
	SELECT n.value, n.is_total, n.deals, n.amount, n.unweighted, CASE WHEN n.unweighted = 0 THEN n.weighted END, CASE WHEN n.unknown = 0 THEN n.qualified END,
		n.overdue, n.overdue_amount, n.age, n.stage_age, v.done, v.done / nullif(n.deals, 0)::numeric,
		CASE WHEN v.timed THEN n.stale END, CASE WHEN v.timed THEN n.stale_amount END, coalesce(n.currency, upper(pipeline_value.currency))
	FROM n, LATERAL (SELECT CASE WHEN activities IS NOT NULL THEN coalesce(n.done, 0)::bigint END AS done,
		activities IS NOT NULL AND dated = 0 AND stale_days IS NOT NULL AS timed) v
	WHERE n.is_total OR by IS NOT NULL
	ORDER BY n.is_total, n.place, n.value COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.sales_forecast(
CREATE OR REPLACE FUNCTION nudge.sales_forecast(
	deals regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	commit_probability numeric DEFAULT 0.8,
	best_case_probability numeric DEFAULT 0.5,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	timing text,
	value text,
	is_total boolean,
	stage text,
	all_stages boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	commit_amount numeric,
	best_case_amount numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_by(by, '{owner,team,segment}'), nudge.check_forecast_levels(commit_probability, best_case_probability);
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		SELECT p.period, CASE WHEN d.expected_close IS NULL THEN 'no_date' WHEN d.expected_close < b.today THEN 'overdue'
				WHEN d.expected_close < end_day THEN 'expected' ELSE 'later' END AS timing,
			CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value,
			d.stage, d.stage_position, d.amount, d.win_probability, d.weighted_amount, d.currency_code
		FROM nudge.pipeline_deals(deals, deal_stages, NULL, zone, as_of, sales_forecast.currency) d
		CROSS JOIN (SELECT coalesce(nudge.civil_date(nullif(as_of, 'infinity'), coalesce(zone, 'UTC')), start_day) AS today) b
		LEFT JOIN nudge.window_periods(start_day, end_day, grain) p ON d.expected_close >= p.period AND d.expected_close < p.period_end
	), n AS (
		SELECT d.period, d.timing, d.value, grouping(d.value) = 1 AS is_total, d.stage, grouping(d.stage) = 1 AS all_stages, min(d.stage_position) AS place,
			count(*) AS deals, sum(d.amount) AS amount, count(*) FILTER (WHERE d.win_probability IS NULL) AS unweighted, sum(d.weighted_amount) AS weighted,
			coalesce(sum(d.amount) FILTER (WHERE d.win_probability >= commit_probability), 0) AS commit,
			coalesce(sum(d.amount) FILTER (WHERE d.win_probability >= best_case_probability), 0) AS best_case, min(d.currency_code) AS currency
		FROM deal d
		GROUP BY GROUPING SETS ((d.period, d.timing, d.value, d.stage), (d.period, d.timing, d.value), (d.period, d.timing, d.stage), (d.period, d.timing))
	)
	SELECT n.period, n.timing, n.value, n.is_total, n.stage, n.all_stages, n.deals, n.amount, n.unweighted,
		CASE WHEN n.unweighted = 0 THEN n.weighted END, CASE WHEN n.unweighted = 0 THEN n.commit END, CASE WHEN n.unweighted = 0 THEN n.best_case END, n.currency
	FROM n
	WHERE n.is_total OR by IS NOT NULL
	ORDER BY array_position(ARRAY['overdue', 'expected', 'later', 'no_date'], n.timing), n.period, n.is_total, n.value COLLATE "C", n.all_stages, n.place, n.stage COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.stage_conversion(
CREATE OR REPLACE FUNCTION nudge.stage_conversion(
	deals regclass,
	deal_stages regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	stages text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	stage text,
	stage_position integer,
	entered bigint,
	reached_next bigint,
	advanced bigint,
	dropped bigint,
	waiting bigint,
	returned bigint,
	won bigint,
	next_rate numeric,
	advance_rate numeric,
	decided_advance_rate numeric,
	win_rate numeric,
	mean_days numeric,
	median_days numeric,
	mean_waiting_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_by(by, '{owner,team,segment}');
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
	), fact AS (
		SELECT s.period, s.complete, p.*, CASE by WHEN 'owner' THEN p.owner WHEN 'team' THEN p.team WHEN 'segment' THEN p.segment END AS value
		FROM nudge.begun_bounds(start_day, end_day, grain, zone, as_of) b(bounds)
		CROSS JOIN nudge.stage_passages(deals, deal_stages, as_of, stages) p
		JOIN span s ON s.no = width_bucket(p.entered_at, b.bounds)
	), n AS (
		SELECT f.period, f.complete, f.value, grouping(f.value) = 1 AS is_total, f.stage, f.stage_position, count(*) AS entered, CASE WHEN NOT bool_or(f.is_last) THEN count(f.next_stage_at) END AS reached_next,
			count(*) FILTER (WHERE f.status = 'advanced') AS advanced, count(*) FILTER (WHERE f.status = 'dropped') AS dropped,
			count(*) FILTER (WHERE f.status = 'waiting') AS waiting, count(f.returned_at) AS returned, count(*) FILTER (WHERE f.outcome = 'won') AS won,
			count(*) FILTER (WHERE f.outcome IS NOT NULL) AS decided, avg(f.days) FILTER (WHERE f.status = 'advanced') AS mean_days,
			(percentile_disc(0.5) WITHIN GROUP (ORDER BY f.days) FILTER (WHERE f.status = 'advanced')
				+ percentile_disc(0.5) WITHIN GROUP (ORDER BY f.days DESC) FILTER (WHERE f.status = 'advanced')) / 2 AS median_days,
			avg(f.days) FILTER (WHERE f.status = 'waiting') AS waiting_days, CASE WHEN f.stage_position IS NOT NULL THEN 1 END AS ordered
		FROM fact f
		GROUP BY GROUPING SETS ((f.period, f.complete, f.stage, f.stage_position, f.value), (f.period, f.complete, f.stage, f.stage_position))
	)
	SELECT n.period, n.value, n.is_total, n.stage, n.stage_position, n.entered, n.reached_next * n.ordered, n.advanced * n.ordered, n.dropped * n.ordered, n.waiting * n.ordered,
		n.returned * n.ordered, n.won, n.reached_next * n.ordered / n.entered::numeric, n.advanced * n.ordered / n.entered::numeric,
		n.advanced * n.ordered / nullif(n.advanced + n.dropped, 0)::numeric, n.won / nullif(n.decided, 0)::numeric,
		n.mean_days, n.median_days, n.waiting_days, n.complete
	FROM n
	WHERE n.is_total OR by IS NOT NULL
	ORDER BY n.period, n.is_total, n.value COLLATE "C", n.stage_position, n.stage COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.ticket_rows(
CREATE OR REPLACE FUNCTION nudge.ticket_rows(
	tickets regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened'
) RETURNS TABLE (
	ticket text,
	customer text,
	opened_at timestamptz,
	first_response_at timestamptz,
	resolved_at timestamptz,
	reopened_at timestamptz,
	status text,
	problem text,
	priority text,
	complexity text,
	category text,
	agent text,
	csat numeric,
	escalated boolean,
	contacts integer
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			-- what came at or after as_of is not known
			SELECT i.ticket, i.customer, i.opened_at,
				CASE WHEN $3 IS NULL OR i.first_response_at < $3 THEN i.first_response_at END AS first_response_at,
				CASE WHEN $3 IS NULL OR i.resolved_at < $3 THEN i.resolved_at END AS resolved_at,
				CASE WHEN $3 IS NULL OR i.reopened_at < $3 THEN i.reopened_at END AS reopened_at,
				lower(btrim(i.priority)) AS priority, nullif(lower(btrim(i.complexity)), '') AS complexity,
				nullif(btrim(i.category), '') AS category, nullif(btrim(i.agent), '') AS agent,
				CASE WHEN $3 IS NULL OR coalesce(i.resolved_at < $3, true) THEN i.csat END AS csat, i.escalated, i.contacts
			FROM (%1$s) i
			WHERE i.opened_at IS NULL OR ($1 IS NULL OR %2$s >= $1) AND ($2 IS NULL OR %2$s < $2) AND ($3 IS NULL OR i.opened_at < $3)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('tickets', count(*) FILTER (WHERE NOT coalesce(l.ticket IS NOT NULL AND l.customer IS NOT NULL
				AND l.priority <> '' AND isfinite(l.opened_at) AND coalesce(isfinite(l.first_response_at), true)
				AND coalesce(isfinite(l.resolved_at), true) AND coalesce(isfinite(l.reopened_at), true)
				AND coalesce(abs(l.csat) < 'Infinity', true), false))) AS checked
			FROM line l
		), single AS MATERIALIZED (
			SELECT nudge.check_unique_key('tickets', (SELECT l.ticket FROM line l GROUP BY l.ticket HAVING count(*) > 1 ORDER BY l.ticket COLLATE "C" LIMIT 1)) AS checked
		), sound AS (
			-- what was before the opening is no duration: an answer is not known then, a resolution was at once
			SELECT l.*, CASE WHEN l.first_response_at >= l.opened_at THEN l.first_response_at END AS answered_at,
				greatest(l.resolved_at, CASE WHEN l.resolved_at IS NOT NULL THEN l.opened_at END) AS done_at,
				CASE WHEN l.reopened_at >= l.opened_at THEN l.reopened_at END AS again_at
			FROM one, single, line l
		)
		SELECT s.ticket, s.customer, s.opened_at, s.answered_at, s.done_at, s.again_at,
			CASE WHEN NOT $4 THEN NULL WHEN s.done_at IS NULL OR s.again_at > s.done_at THEN 'open' ELSE 'resolved' END,
			nullif(concat_ws(', ', CASE WHEN s.first_response_at < s.opened_at THEN 'response_before_opening' END,
				CASE WHEN s.resolved_at < s.opened_at THEN 'resolution_before_opening' END,
				CASE WHEN s.reopened_at < s.opened_at THEN 'reopening_before_opening' END), ''),
			s.priority, s.complexity, s.category, s.agent, s.csat, s.escalated, s.contacts
		FROM sound s
	$query$, nudge.input_query('tickets', tickets), CASE counting WHEN 'resolved' THEN 'CASE WHEN i.resolved_at IS NOT NULL THEN greatest(i.resolved_at, i.opened_at) END' ELSE 'i.opened_at' END)
	USING start_at, end_at, as_of, nudge.relation_has_column(tickets, 'resolved_at');
END
$$;

-- replaces: CREATE FUNCTION nudge.ticket_lines(
CREATE OR REPLACE FUNCTION nudge.ticket_lines(
	tickets regclass,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	customer text,
	counted_on date,
	status text,
	problem text,
	priority text,
	complexity text,
	category text,
	agent text,
	opened_at timestamptz,
	first_response_at timestamptz,
	resolved_at timestamptz,
	reopened_at timestamptz,
	csat numeric,
	escalated boolean,
	contacts integer,
	age_minutes numeric,
	first_response_minutes numeric,
	first_response_working_minutes numeric,
	first_response_target numeric,
	first_response_sla text,
	first_response_ratio numeric,
	resolution_minutes numeric,
	resolution_working_minutes numeric,
	resolution_target numeric,
	resolution_sla text,
	resolution_ratio numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	knows_responses constant boolean := nudge.relation_has_column(tickets, 'first_response_at');
BEGIN
	PERFORM nudge.check_support_options(counting);
	IF start_day IS NOT NULL AND end_day IS NOT NULL THEN
		PERFORM nudge.check_window(start_day, end_day);
	END IF;
	RETURN QUERY
		WITH r AS MATERIALIZED (
			-- no zone is two days from UTC
			SELECT t.*, nudge.civil_date(CASE counting WHEN 'resolved' THEN t.resolved_at ELSE t.opened_at END, named_zone) AS day
			FROM nudge.ticket_rows(tickets, (start_day - 2)::timestamp AT TIME ZONE 'UTC', (end_day + 2)::timestamp AT TIME ZONE 'UTC', as_of, counting) t
		), target AS MATERIALIZED (
			SELECT k.priority, k.complexity, f.target_minutes AS response_target, f.calendar AS response_calendar,
				s.target_minutes AS solution_target, s.calendar AS solution_calendar
			FROM (SELECT DISTINCT r.priority, coalesce(r.complexity, '') AS complexity FROM r) k
			LEFT JOIN LATERAL nudge.sla_target_of('first_response', k.priority, k.complexity) f ON true
			LEFT JOIN LATERAL nudge.sla_target_of('resolution', k.priority, k.complexity) s ON true
		), timed AS (
			SELECT r.*, t.response_target, t.solution_target, t.response_calendar, t.solution_calendar,
				r.first_response_at IS NULL AND r.status = 'open' AND knows_responses AND strpos(coalesce(r.problem, ''), 'response_before') = 0 AS waits_for_response,
				r.status = 'open' AND strpos(coalesce(r.problem, ''), 'resolution_before') = 0 AS waits_for_solution,
				CASE WHEN r.status = 'resolved' AND strpos(coalesce(r.problem, ''), 'resolution_before') = 0 THEN r.resolved_at END AS solved_at
			FROM r JOIN target t ON t.priority = r.priority AND t.complexity = coalesce(r.complexity, '')
			WHERE r.day IS NOT NULL AND (start_day IS NULL OR r.day >= start_day) AND (end_day IS NULL OR r.day < end_day)
		), used AS MATERIALIZED (
			SELECT t.*, nudge.minutes_between(t.opened_at, t.first_response_at) AS response_minutes, nudge.minutes_between(t.opened_at, t.solved_at) AS solution_minutes,
				-- of what still waits, up to as_of
				CASE WHEN t.response_calendar IS NULL THEN nudge.minutes_between(t.opened_at, response.until)
					ELSE nudge.working_minutes(t.opened_at, response.until, t.response_calendar) END AS response_used,
				CASE WHEN t.solution_calendar IS NULL THEN nudge.minutes_between(t.opened_at, solution.until)
					ELSE nudge.working_minutes(t.opened_at, solution.until, t.solution_calendar) END AS solution_used
			FROM timed t, LATERAL (SELECT coalesce(t.first_response_at, CASE WHEN t.waits_for_response THEN as_of END)) response(until),
				LATERAL (SELECT coalesce(t.solved_at, CASE WHEN t.waits_for_solution THEN as_of END)) solution(until)
		)
		SELECT u.ticket, u.customer, u.day, u.status, u.problem, u.priority, u.complexity, u.category, u.agent,
			u.opened_at, u.first_response_at, u.resolved_at, u.reopened_at, u.csat, u.escalated, u.contacts,
			CASE WHEN u.status = 'open' THEN nudge.minutes_between(u.opened_at, as_of) END,
			u.response_minutes, nudge.working_minutes(u.opened_at, u.first_response_at, coalesce(u.response_calendar, ticket_lines.calendar)),
			u.response_target, nudge.sla_state(u.response_used, u.response_target, u.waits_for_response), u.response_used / u.response_target,
			u.solution_minutes, nudge.working_minutes(u.opened_at, u.solved_at, coalesce(u.solution_calendar, ticket_lines.calendar)),
			u.solution_target, nudge.sla_state(u.solution_used, u.solution_target, u.waits_for_solution), u.solution_used / u.solution_target
		FROM used u
		ORDER BY u.opened_at, u.ticket COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.support_lines(
CREATE OR REPLACE FUNCTION nudge.support_lines(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	ticket text,
	status text,
	was_reopened boolean,
	was_resolved boolean,
	csat numeric,
	escalated boolean,
	contacts integer,
	problem text,
	minutes numeric[],
	working_minutes numeric[],
	sla text[],
	ratio numeric[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_by("by", '{priority,complexity,category,agent,segment}'), nudge.check_support_options(counting);
	IF "by" = 'segment' AND customers IS NULL THEN
		RAISE EXCEPTION 'segments of tickets need the relation customers' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The segment is that of the customer whose ticket it is.',
			HINT = 'Pass customers.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%s) c
			WHERE c.customer IS NOT NULL
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		)
		SELECT CASE WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(l.counted_on, $4), $2) END,
			CASE $7 WHEN 'priority' THEN l.priority WHEN 'complexity' THEN l.complexity WHEN 'category' THEN l.category WHEN 'agent' THEN l.agent WHEN 'segment' THEN c.segment END,
			l.ticket, l.status, l.reopened_at IS NOT NULL, l.resolved_at IS NOT NULL OR l.reopened_at IS NOT NULL, l.csat, l.escalated, l.contacts, l.problem,
			ARRAY[l.first_response_minutes, l.resolution_minutes], ARRAY[l.first_response_working_minutes, l.resolution_working_minutes],
			ARRAY[l.first_response_sla, l.resolution_sla], ARRAY[l.first_response_ratio, l.resolution_ratio]
		FROM nudge.ticket_lines($1, $2, $3, $5, $6, $8, $9) l
		LEFT JOIN customer c ON c.customer = l.customer
		WHERE c.internal IS NOT TRUE
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, zone, as_of, "by", counting, calendar;
END
$$;

-- replaces: CREATE FUNCTION nudge.backlog_lines(
CREATE OR REPLACE FUNCTION nudge.backlog_lines(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	value text,
	opened_at timestamptz,
	opened_period date,
	resolved_period date,
	reopened_period date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by("by", '{priority,complexity,category,agent}');
	RETURN QUERY
		-- what comes after the window has no period, what was before it has -infinity
		SELECT d.ticket, d.value, d.opened_at,
			CASE WHEN d.opened IS NULL OR d.opened >= end_day THEN NULL WHEN d.opened < start_day THEN date '-infinity'
				WHEN grain IS NULL THEN start_day ELSE greatest(nudge.period_start(d.opened, grain), start_day) END,
			CASE WHEN d.resolved IS NULL OR d.resolved >= end_day THEN NULL WHEN d.resolved < start_day THEN date '-infinity'
				WHEN grain IS NULL THEN start_day ELSE greatest(nudge.period_start(d.resolved, grain), start_day) END,
			CASE WHEN d.reopened IS NULL OR d.reopened >= end_day THEN NULL WHEN d.reopened < start_day THEN date '-infinity'
				WHEN grain IS NULL THEN start_day ELSE greatest(nudge.period_start(d.reopened, grain), start_day) END
		FROM (
			SELECT r.ticket, r.opened_at, nudge.civil_date(r.opened_at, named_zone) AS opened, nudge.civil_date(r.resolved_at, named_zone) AS resolved,
				CASE WHEN r.reopened_at > r.resolved_at THEN nudge.civil_date(r.reopened_at, named_zone) END AS reopened,
				CASE "by" WHEN 'priority' THEN r.priority WHEN 'complexity' THEN r.complexity WHEN 'category' THEN r.category WHEN 'agent' THEN r.agent END AS value
			FROM nudge.ticket_rows(tickets, NULL, (end_day + 2)::timestamp AT TIME ZONE 'UTC', as_of) r
			OFFSET 0
		) d
		WHERE d.opened < end_day;
END
$$;

-- replaces: CREATE FUNCTION nudge.open_ticket_ages(
CREATE OR REPLACE FUNCTION nudge.open_ticket_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (period date, ticket text, value text, opened_at timestamptz, age_seconds numeric, age_days numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY
		SELECT s.period, l.ticket, l.value, l.opened_at, g.age_seconds, trim_scale(g.age_seconds / 86400)
		FROM nudge.backlog_stays(tickets, start_day, end_day, grain, zone, as_of, "by") l
		JOIN nudge.begun_spans(start_day, end_day, grain, zone, as_of) s ON s.no BETWEEN l.from_no AND l.to_no,
			LATERAL (SELECT trim_scale(extract(epoch FROM s.known_at - l.opened_at)) AS age_seconds) g;
END
$$;

-- replaces: CREATE FUNCTION nudge.incident_lines(
CREATE OR REPLACE FUNCTION nudge.incident_lines(
	incidents regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	incident text,
	service text,
	severity text,
	is_outage boolean,
	started_at timestamptz,
	detected_at timestamptz,
	ended_at timestamptz,
	is_open boolean,
	minutes numeric,
	minutes_in_window numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.incident, nullif(btrim(i.service), '') AS service, lower(btrim(i.severity)) AS severity, i.outage,
				i.started_at, i.detected_at, nullif(i.ended_at, 'infinity') AS ended_at,
				-- an end that is not known yet is none
				CASE WHEN i.ended_at < coalesce($3, 'infinity') THEN i.ended_at END AS known_end
			FROM (%s) i
			WHERE i.started_at IS NULL OR i.started_at < $2 AND i.started_at < coalesce($3, 'infinity')
		), mine AS MATERIALIZED (
			-- those that end as the window begins are in it, so that what follows them at once is seen to
			SELECT l.* FROM line l
			WHERE ($4 IS NULL OR l.service IS NULL OR l.service = ANY ($4))
				AND coalesce(l.known_end >= $1 OR l.ended_at < l.started_at OR l.started_at IS NULL, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('incidents', count(*) FILTER (WHERE NOT coalesce(isfinite(m.started_at) AND isfinite(coalesce(m.ended_at, m.started_at))
					AND isfinite(coalesce(m.detected_at, m.started_at)) AND m.severity <> '', false)))
				AND nudge.check_intervals('incidents', count(*) FILTER (WHERE m.ended_at < m.started_at OR m.detected_at < m.started_at)) AS checked
			FROM mine m
		)
		SELECT m.incident, m.service, m.severity, coalesce(m.outage, m.severity = ANY ($5), false), m.started_at,
			CASE WHEN m.detected_at < coalesce($3, 'infinity') THEN m.detected_at END, m.known_end, m.known_end IS NULL,
			trim_scale(extract(epoch FROM m.known_end - m.started_at) / 60),
			trim_scale(greatest(extract(epoch FROM least(coalesce(m.known_end, $2), $2) - greatest(m.started_at, $1)), 0) / 60)
		FROM one, mine m
		WHERE one.checked
		ORDER BY m.started_at, m.known_end, m.incident COLLATE "C", m.service COLLATE "C"
	$query$, nudge.input_query('incidents', incidents))
	USING from_at, until_at, as_of, nudge.clean_words(services, 'services'), ARRAY(SELECT lower(btrim(s)) FROM unnest(outage_severities) s);
END
$$;

-- replaces: CREATE FUNCTION nudge.maintenance_lines(
CREATE OR REPLACE FUNCTION nudge.maintenance_lines(
	maintenance regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL
) RETURNS TABLE (service text, started_at timestamptz, ended_at timestamptz, minutes numeric, minutes_in_window numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nullif(btrim(i.service), '') AS service, i.started_at, i.ended_at
			FROM (%s) i
			WHERE i.started_at IS NULL OR i.started_at < $2 AND coalesce(i.ended_at > $1 OR i.ended_at < i.started_at, true)
		), mine AS MATERIALIZED (
			SELECT l.* FROM line l WHERE $3 IS NULL OR l.service IS NULL OR l.service = ANY ($3)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('maintenance', count(*) FILTER (WHERE NOT coalesce(isfinite(m.started_at) AND isfinite(m.ended_at), false)))
				AND nudge.check_intervals('maintenance', count(*) FILTER (WHERE m.ended_at < m.started_at)) AS checked
			FROM mine m
		)
		SELECT m.service, m.started_at, m.ended_at, trim_scale(extract(epoch FROM m.ended_at - m.started_at) / 60),
			trim_scale(greatest(extract(epoch FROM least(m.ended_at, $2) - greatest(m.started_at, $1)), 0) / 60)
		FROM one, mine m
		WHERE one.checked
		ORDER BY m.started_at, m.ended_at, m.service COLLATE "C"
	$query$, nudge.input_query('maintenance', maintenance))
	USING from_at, until_at, nudge.clean_words(services, 'services');
END
$$;

-- replaces: CREATE FUNCTION nudge.service_names(incidents regclass, maintenance regclass, until_at timestamptz) RETURNS TABLE (service text)
CREATE OR REPLACE FUNCTION nudge.service_names(incidents regclass, maintenance regclass, until_at timestamptz) RETURNS TABLE (service text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT DISTINCT btrim(n.service)
		FROM (SELECT i.service, i.started_at FROM (%s) i UNION ALL SELECT m.service, m.started_at FROM (%s) m) n
		WHERE btrim(n.service) <> '' AND n.started_at < $1
	$query$, nudge.input_query('incidents', incidents), nudge.input_query('maintenance', maintenance)) USING until_at;
END
$$;

-- replaces: CREATE FUNCTION nudge.service_downtime(
CREATE OR REPLACE FUNCTION nudge.service_downtime(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (service text, all_services boolean, maintained tstzmultirange, down tstzmultirange)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY
		WITH hit AS MATERIALIZED (
			-- what is open lasts until the end of what is known
			SELECT i.service, range_agg(tstzrange(greatest(i.started_at, from_at), least(i.ended_at, until_at))) AS spans
			FROM nudge.incident_lines(incidents, start_day, end_day, zone, as_of, services, outage_severities) i
			WHERE i.is_outage AND i.started_at < until_at
			GROUP BY i.service
		), pause AS MATERIALIZED (
			SELECT m.service, range_agg(tstzrange(greatest(m.started_at, from_at), least(m.ended_at, until_at))) AS spans
			FROM nudge.maintenance_lines(maintenance, start_day, end_day, zone, as_of, services) m
			GROUP BY m.service
		), named AS MATERIALIZED (
			SELECT n.service FROM unnest(nudge.clean_words(services, 'services')) n(service)
			UNION ALL
			SELECT n.service FROM nudge.service_names(incidents, maintenance, until_at) n WHERE services IS NULL
		), one AS MATERIALIZED (
			SELECT n.service, p.maintained, coalesce(mine.spans, '{}') + coalesce(every.spans, '{}') - p.maintained AS down
			-- without any names there is one service, which has none
			FROM (SELECT n.service FROM named n UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT FROM named)) n
			LEFT JOIN hit mine ON mine.service = n.service
			LEFT JOIN hit every ON every.service IS NULL
			LEFT JOIN pause paused ON paused.service = n.service
			LEFT JOIN pause all_paused ON all_paused.service IS NULL,
				LATERAL (SELECT coalesce(paused.spans, '{}') + coalesce(all_paused.spans, '{}') AS maintained) p
		)
		SELECT o.service, false, o.maintained, o.down FROM one o WHERE o.service IS NOT NULL
		UNION ALL
		SELECT NULL, true, range_intersect_agg(o.maintained), range_agg(o.down) FROM one o;
END
$$;

-- replaces: CREATE FUNCTION nudge.downtime_by_period(
CREATE OR REPLACE FUNCTION nudge.downtime_by_period(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	grain text,
	zone text,
	as_of timestamptz,
	by text,
	services text[],
	outage_severities text[]
) RETURNS TABLE (
	period date,
	period_end date,
	start_at timestamptz,
	end_at timestamptz,
	service text,
	all_services boolean,
	total_seconds numeric,
	maintenance_seconds numeric,
	down_seconds numeric,
	down tstzmultirange,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by(by, '{service}');
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), cell AS MATERIALIZED (
			SELECT d.service, d.all_services, x.is_down, c.no, c.spans, c.seconds
			FROM nudge.service_downtime(incidents, maintenance, start_day, end_day, zone, as_of, services, outage_severities) d
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) || max(w.end_at) AS bounds FROM span w) b,
				LATERAL (VALUES (d.maintained, false), (d.down, true)) x(spans, is_down),
				LATERAL (SELECT NULL::bigint AS no, NULL::tstzmultirange AS spans, NULL::numeric AS seconds
					UNION ALL SELECT p.no, p.spans, p.seconds FROM nudge.spans_by_period(x.spans, b.bounds) p) c
			WHERE d.all_services OR by IS NOT NULL
		)
		SELECT w.period, w.period_end, w.start_at, w.end_at, g.service, g.all_services, extract(epoch FROM w.known_at - w.start_at),
			coalesce(m.seconds, 0), coalesce(c.seconds, 0), coalesce(c.spans, '{}'), w.complete
		FROM span w
		-- the rows without a period
		CROSS JOIN (SELECT DISTINCT c.service, c.all_services FROM cell c) g
		LEFT JOIN cell m ON m.no = w.no AND NOT m.is_down AND m.all_services = g.all_services AND m.service IS NOT DISTINCT FROM g.service
		LEFT JOIN cell c ON c.no = w.no AND c.is_down AND c.all_services = g.all_services AND c.service IS NOT DISTINCT FROM g.service;
END
$$;

-- replaces: CREATE FUNCTION nudge.incident_report(
CREATE OR REPLACE FUNCTION nudge.incident_report(
	incidents regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	severity text,
	all_severities boolean,
	incidents_started bigint,
	incident_share numeric,
	open_incidents bigint,
	mttr_minutes numeric,
	median_ttr_minutes numeric,
	detected_incidents bigint,
	mttd_minutes numeric,
	detection_to_end_minutes numeric,
	longest_minutes numeric,
	total_minutes numeric,
	incident_minutes numeric,
	failures bigint,
	mtbf_minutes numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	until_at timestamptz;
BEGIN
	SELECT w.until_at INTO until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), line AS MATERIALIZED (
			SELECT g.severity, g.all_severities, i.started_at, i.ended_at, width_bucket(i.started_at, s.starts) AS no,
				extract(epoch FROM i.ended_at - i.started_at) AS repair, extract(epoch FROM i.detected_at - i.started_at) AS detection,
				CASE WHEN i.detected_at <= i.ended_at THEN extract(epoch FROM i.ended_at - i.detected_at) END AS reaction,
				extract(epoch FROM coalesce(i.ended_at, until_at) - i.started_at) AS so_far,
				-- an incident is a failure unless another of the group is running, or ends, as it begins
				coalesce(i.started_at > max(coalesce(i.ended_at, 'infinity')) OVER (PARTITION BY g.all_severities, g.severity ORDER BY i.started_at
					ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS is_failure
			FROM nudge.incident_lines(incidents, start_day, end_day, zone, as_of, services) i
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) AS starts FROM span w) s,
				LATERAL (VALUES (i.severity, false), (NULL, true)) g(severity, all_severities)
		), running AS MATERIALIZED (
			SELECT r.severity, r.all_severities, p.no, p.seconds
			FROM (SELECT l.severity, l.all_severities, range_agg(tstzrange(l.started_at, least(l.ended_at, until_at))) AS spans
				FROM line l
				WHERE l.started_at < until_at
				GROUP BY l.severity, l.all_severities) r
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) || max(w.end_at) AS bounds FROM span w) b,
				LATERAL nudge.spans_by_period(r.spans, b.bounds) p
		), begun AS MATERIALIZED (
			SELECT l.no, l.severity, l.all_severities, count(*) AS started, count(*) FILTER (WHERE l.ended_at IS NULL) AS still_open,
				count(l.detection) AS detected, count(*) FILTER (WHERE l.is_failure) AS failures, max(l.so_far) AS longest,
				avg(l.repair) AS mean_repair, avg(l.detection) AS mean_detection, avg(l.reaction) AS mean_reaction,
				nudge.exact_percentile(array_agg(l.repair ORDER BY l.repair) FILTER (WHERE l.repair IS NOT NULL), 0.5) AS median_repair
			FROM line l
			GROUP BY l.no, l.severity, l.all_severities
		), counted AS (
			SELECT w.period, w.period_end, w.complete, g.severity, g.all_severities, coalesce(b.started, 0) AS started, coalesce(b.still_open, 0) AS still_open,
				coalesce(b.detected, 0) AS detected, coalesce(b.failures, 0) AS failures, b.longest, b.mean_repair, b.mean_detection, b.mean_reaction, b.median_repair,
				extract(epoch FROM w.known_at - w.start_at) AS total, coalesce(r.seconds, 0) AS running
			FROM span w
			CROSS JOIN (SELECT l.severity, l.all_severities FROM line l UNION SELECT NULL, true) g
			LEFT JOIN running r ON r.no = w.no AND r.all_severities = g.all_severities AND r.severity IS NOT DISTINCT FROM g.severity
			LEFT JOIN begun b ON b.no = w.no AND b.all_severities = g.all_severities AND b.severity IS NOT DISTINCT FROM g.severity
		)
		SELECT c.period, c.period_end, c.severity, c.all_severities, c.started,
			c.started::numeric / nullif(max(c.started) FILTER (WHERE c.all_severities) OVER (PARTITION BY c.period), 0), c.still_open,
			trim_scale(c.mean_repair / 60), trim_scale(c.median_repair / 60), c.detected, trim_scale(c.mean_detection / 60), trim_scale(c.mean_reaction / 60),
			trim_scale(c.longest / 60), trim_scale(c.total / 60), trim_scale(c.running / 60), c.failures,
			trim_scale((c.total - c.running) / nullif(c.failures, 0) / 60), c.complete
		FROM counted c
		ORDER BY c.period, c.all_severities, nudge.severity_rank(c.severity), c.severity COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.check_requests(latency_threshold_ms numeric, incomplete bigint, negative bigint) RETURNS boolean
CREATE OR REPLACE FUNCTION nudge.check_requests(latency_threshold_ms numeric, incomplete bigint, negative bigint) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (latency_threshold_ms >= 0 AND latency_threshold_ms < 'Infinity') THEN
		RAISE EXCEPTION 'latency_threshold_ms must be a number that is not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', latency_threshold_ms),
				HINT = 'Requests that take longer are bad; pass null to count errors alone.';
	END IF;
	RETURN nudge.check_input('requests', incomplete) AND nudge.check_values('requests', negative, 'A duration or a count is negative.');
END
$$;

-- replaces: CREATE FUNCTION nudge.request_lines(
CREATE OR REPLACE FUNCTION nudge.request_lines(
	requests regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (at timestamptz, endpoint text, duration_ms numeric, count bigint, error boolean, is_bad boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (%s), one AS MATERIALIZED (
			SELECT nudge.check_requests($3, count(*) FILTER (WHERE l.is_incomplete), count(*) FILTER (WHERE l.is_negative)) AS checked FROM line l
		)
		SELECT l.at, l.endpoint, l.duration_ms, l.count, l.error, l.is_bad FROM one, line l WHERE one.checked
		ORDER BY l.at, l.endpoint COLLATE "C", l.duration_ms, l.count
	$query$, nudge.judged_request_query(requests))
	USING from_at, until_at, latency_threshold_ms, nudge.clean_words(endpoints, 'endpoints');
END
$$;

-- replaces: CREATE FUNCTION nudge.request_counts(
CREATE OR REPLACE FUNCTION nudge.request_counts(
	requests regclass,
	starts timestamptz[],
	until_at timestamptz,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (no integer, endpoint text, events numeric, bad_events numeric, unknown_events numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH cell AS MATERIALIZED (
			SELECT width_bucket(l.at, $5) AS no, l.endpoint, coalesce(sum(l.count) FILTER (WHERE l.is_bad IS NOT NULL), 0) AS events,
				coalesce(sum(l.count) FILTER (WHERE l.is_bad), 0) AS bad, coalesce(sum(l.count) FILTER (WHERE l.is_bad IS NULL), 0) AS unknown,
				count(*) FILTER (WHERE l.is_incomplete) AS incomplete, count(*) FILTER (WHERE l.is_negative) AS negative
			FROM (%s) l
			GROUP BY 1, 2
		), one AS MATERIALIZED (
			SELECT nudge.check_requests($3, coalesce(sum(c.incomplete), 0)::bigint, coalesce(sum(c.negative), 0)::bigint) AS checked FROM cell c
		)
		SELECT c.no, c.endpoint, c.events, c.bad, c.unknown FROM one, cell c WHERE one.checked
	$query$, nudge.judged_request_query(requests))
	USING starts[1], until_at, latency_threshold_ms, nudge.clean_words(endpoints, 'endpoints'), starts;
END
$$;

-- replaces: CREATE FUNCTION nudge.burn_rates(
CREATE OR REPLACE FUNCTION nudge.burn_rates(
	requests regclass,
	objective numeric,
	as_of timestamptz,
	hours integer[] DEFAULT '{1,6,24,72}',
	budget_shares numeric[] DEFAULT NULL,
	period_days integer DEFAULT 30,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (
	window_hours integer,
	start_at timestamptz,
	events numeric,
	bad_events numeric,
	error_rate numeric,
	burn_rate numeric,
	spent_share numeric,
	short_start_at timestamptz,
	short_events numeric,
	short_burn_rate numeric,
	alert_burn_rate numeric,
	is_alert boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_objective(objective), nudge.check_burn_windows(as_of, hours, budget_shares, period_days);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT h.hours, h.place, as_of - make_interval(hours => h.hours) AS start_at, as_of - make_interval(mins => 5 * h.hours) AS short_start_at,
				-- without shares those of the Site Reliability Workbook
				trim_scale(CASE WHEN budget_shares IS NOT NULL THEN budget_shares[h.place]
					ELSE CASE h.hours WHEN 1 THEN 0.02 WHEN 6 THEN 0.05 WHEN 24 THEN 0.10 WHEN 72 THEN 0.10 END END * period_days * 24 / h.hours) AS threshold
			FROM unnest(hours) WITH ORDINALITY h(hours, place)
		), bound AS MATERIALIZED (
			SELECT b.at, row_number() OVER (ORDER BY b.at) AS no
			FROM (SELECT s.start_at AS at FROM span s UNION SELECT s.short_start_at FROM span s) b
		), cell AS MATERIALIZED (
			SELECT b.at, c.events, c.bad_events
			FROM nudge.request_counts(requests, (SELECT array_agg(b.at ORDER BY b.at) FROM bound b), as_of, latency_threshold_ms, endpoints) c
			JOIN bound b ON b.no = c.no
		)
		SELECT s.hours, s.start_at, coalesce(l.events, 0), coalesce(l.bad, 0), l.bad / nullif(l.events, 0), l.rate,
			l.bad * s.hours / nullif(l.events * (1 - objective) * 24 * period_days, 0), s.short_start_at, coalesce(b.events, 0), b.rate,
			s.threshold, l.rate > s.threshold AND b.rate > s.threshold
		FROM span s,
			LATERAL (SELECT sum(c.events) AS events, sum(c.bad_events) AS bad, sum(c.bad_events) / nullif(sum(c.events) * (1 - objective), 0) AS rate FROM cell c WHERE c.at >= s.start_at) l,
			LATERAL (SELECT sum(c.events) AS events, sum(c.bad_events) / nullif(sum(c.events) * (1 - objective), 0) AS rate FROM cell c WHERE c.at >= s.short_start_at) b
		ORDER BY s.place;
END
$$;

-- replaces: CREATE FUNCTION nudge.deployment_lines(
CREATE OR REPLACE FUNCTION nudge.deployment_lines(
	deployments regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	at timestamptz,
	service text,
	change_created_at timestamptz,
	lead_time_hours numeric,
	failed boolean,
	restored_at timestamptz,
	recovery_hours numeric,
	is_unrestored boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.at, nullif(btrim(i.service), '') AS service, i.change_created_at, i.failed, nullif(i.restored_at, 'infinity') AS restored_at,
				-- a repair that is not known yet is none
				CASE WHEN i.failed AND i.restored_at < coalesce($3, 'infinity') THEN i.restored_at END AS known_restored_at
			FROM (%s) i
			WHERE i.at IS NULL OR i.at >= $1 AND i.at < $2
		), one AS MATERIALIZED (
			SELECT nudge.check_input('deployments', count(*) FILTER (WHERE NOT coalesce(isfinite(l.at) AND isfinite(coalesce(l.change_created_at, l.at))
					AND isfinite(coalesce(l.restored_at, l.at)), false)))
				AND nudge.check_intervals('deployments', count(*) FILTER (WHERE l.change_created_at > l.at OR l.restored_at < l.at)) AS checked
			FROM line l
		)
		SELECT l.at, l.service, l.change_created_at, trim_scale(extract(epoch FROM l.at - l.change_created_at) / 3600), l.failed, l.known_restored_at,
			trim_scale(extract(epoch FROM l.known_restored_at - l.at) / 3600), coalesce(l.failed, false) AND l.known_restored_at IS NULL
		FROM one, line l
		WHERE one.checked
		ORDER BY l.at, l.service COLLATE "C", l.change_created_at, l.known_restored_at
	$query$, nudge.input_query('deployments', deployments))
	USING from_at, until_at, as_of;
END
$$;

-- replaces: CREATE FUNCTION nudge.bug_lines(
CREATE OR REPLACE FUNCTION nudge.bug_lines(
	bugs regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	bug text,
	severity text,
	opened_at timestamptz,
	closed_at timestamptz,
	escaped boolean,
	days_to_close numeric,
	age_days numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.bug, lower(btrim(i.severity)) AS severity, i.opened_at, nullif(i.closed_at, 'infinity') AS closed_at,
				CASE WHEN i.closed_at < coalesce($3, 'infinity') THEN i.closed_at END AS known_closed_at, i.escaped
			FROM (%s) i
			WHERE i.opened_at IS NULL OR i.opened_at < $2 AND i.opened_at < coalesce($3, 'infinity')
		), mine AS MATERIALIZED (
			SELECT l.* FROM line l WHERE coalesce(l.known_closed_at >= $1 OR l.closed_at < l.opened_at OR l.opened_at IS NULL, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('bugs', count(*) FILTER (WHERE NOT coalesce(isfinite(m.opened_at) AND isfinite(coalesce(m.closed_at, m.opened_at)) AND m.severity <> '', false)))
				AND nudge.check_intervals('bugs', count(*) FILTER (WHERE m.closed_at < m.opened_at)) AS checked
			FROM mine m
		)
		SELECT m.bug, m.severity, m.opened_at, m.known_closed_at, m.escaped, trim_scale(extract(epoch FROM m.known_closed_at - m.opened_at) / 86400),
			-- of what is open at the end of what is known
			CASE WHEN m.opened_at < $2 AND coalesce(m.known_closed_at >= $2, true) THEN trim_scale(extract(epoch FROM $2 - m.opened_at) / 86400) END
		FROM one, mine m
		WHERE one.checked
		ORDER BY m.opened_at, m.known_closed_at, m.bug COLLATE "C"
	$query$, nudge.input_query('bugs', bugs))
	USING from_at, until_at, as_of;
END
$$;

-- replaces: CREATE FUNCTION nudge.coverage_lines(
CREATE OR REPLACE FUNCTION nudge.coverage_lines(
	coverage_samples regclass,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (repository text, at timestamptz, coverage numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nullif(btrim(i.repository), '') AS repository, i.at, i.coverage
			FROM (%s) i
			WHERE coalesce(i.at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('coverage_samples', count(*) FILTER (WHERE NOT coalesce(isfinite(l.at) AND abs(l.coverage) < 'Infinity', false)))
				AND nudge.check_values('coverage_samples', count(*) FILTER (WHERE l.coverage < 0 OR l.coverage > 1), 'A coverage is no share from 0 to 1: divide percents by 100.') AS checked
			FROM line l
		)
		SELECT l.repository, l.at, l.coverage FROM one, line l WHERE one.checked
		ORDER BY l.repository COLLATE "C", l.at, l.coverage
	$query$, nudge.input_query('coverage_samples', coverage_samples))
	USING least(end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC'), as_of);
END
$$;

-- replaces: CREATE FUNCTION nudge.code_coverage(
CREATE OR REPLACE FUNCTION nudge.code_coverage(
	coverage_samples regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	repository text,
	all_repositories boolean,
	repositories bigint,
	coverage numeric,
	coverage_change numeric,
	measured_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	RETURN QUERY
		WITH line AS MATERIALIZED (
			-- in force until the next of its repository; of several at one instant the highest
			SELECT l.repository, l.coverage, l.at, lead(l.at) OVER (PARTITION BY l.repository ORDER BY l.at, l.coverage) AS replaced_at
			FROM nudge.coverage_lines(coverage_samples, end_day, zone, as_of) l
		), span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), held AS MATERIALIZED (
			-- what is in force at the beginnings and the ends of periods
			SELECT b.is_end, n.no, l.repository, l.coverage, l.at
			FROM (SELECT array_agg(w.start_at ORDER BY w.no) AS at, false AS is_end FROM span w UNION ALL SELECT array_agg(w.known_at ORDER BY w.no), true FROM span w) b, line l,
				LATERAL generate_series(width_bucket(l.at, b.at) + 1, coalesce(width_bucket(l.replaced_at, b.at), cardinality(b.at))) n(no)
		), reading AS MATERIALIZED (
			SELECT w.period, w.period_end, w.complete, n.repository, later.coverage, later.at, earlier.coverage AS previous
			FROM span w
			CROSS JOIN (SELECT DISTINCT l.repository FROM line l) n
			LEFT JOIN held later ON later.is_end AND later.no = w.no AND later.repository IS NOT DISTINCT FROM n.repository
			LEFT JOIN held earlier ON NOT earlier.is_end AND earlier.no = w.no AND earlier.repository IS NOT DISTINCT FROM n.repository
		), mean AS (
			SELECT r.period, count(r.coverage) AS n, avg(r.coverage) AS coverage, avg(r.previous) AS previous, max(r.at) AS at FROM reading r GROUP BY r.period
		)
		SELECT a.period, a.period_end, a.repository, a.all_repositories, a.n, a.coverage, a.coverage - a.previous, a.at, a.complete
		FROM (SELECT r.period, r.period_end, r.repository, false AS all_repositories, count(r.coverage) OVER (PARTITION BY r.period, r.repository) AS n,
				r.coverage, r.previous, r.at, r.complete FROM reading r
			UNION ALL
			SELECT w.period, w.period_end, NULL, true, coalesce(m.n, 0), m.coverage, m.previous, m.at, w.complete
			FROM span w LEFT JOIN mean m ON m.period = w.period) a
		ORDER BY a.period, a.all_repositories, a.repository COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.request_query(requests regclass, "by" text) RETURNS text
CREATE OR REPLACE FUNCTION nudge.request_query(requests regclass, "by" text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grouping_column constant text := lower("by");
	source text := nudge.input_query('requests', requests);
BEGIN
	PERFORM nudge.check_by(grouping_column, '{endpoint,part}');
	IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = requests AND a.attname = 'duration_ms' AND a.atttypid IN ('float8'::regtype, 'float4'::regtype)) THEN
		-- as numeric it would take three times as long
		source := replace(source, '(r.duration_ms)::numeric AS duration_ms', '(r.duration_ms)::double precision AS duration_ms');
	END IF;
	RETURN format($query$
		SELECT i.at, i.duration_ms, coalesce(i.count, 1) AS count, i.error, %s AS value
		FROM (%s) i
		WHERE %s AND (i.at IS NULL OR i.at >= $1 AND i.at < $2 AND coalesce(i.at < $4, true))
	$query$, CASE grouping_column WHEN 'endpoint' THEN 'i.endpoint' WHEN 'part' THEN 'lower(i.part)' ELSE 'NULL::text' END, source,
		-- parts of page loads are no requests
		CASE grouping_column WHEN 'part' THEN 'i.part IS NOT NULL' ELSE 'i.part IS NULL' END);
END
$$;

-- replaces: CREATE FUNCTION nudge.minute_counts(
CREATE OR REPLACE FUNCTION nudge.minute_counts(
	input text,
	relation regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (day date, minute_at timestamptz, value text, count bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	source text;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF lower(input) = 'requests' THEN
		source := nudge.request_query(relation, "by");
	ELSIF lower(input) = 'sends' THEN
		PERFORM nudge.check_by(lower("by"), '{campaign}');
		source := format($query$SELECT i.at, i.count, %s AS value
			FROM (%s) i WHERE i.at IS NULL OR i.at >= $1 AND i.at < $2 AND coalesce(i.at < $4, true)$query$,
			CASE WHEN "by" IS NULL THEN 'NULL::text' ELSE 'i.campaign' END, nudge.input_query('sends', relation));
	ELSE
		RAISE EXCEPTION 'input "%" has no throughput', left(input, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Requests and sends are counted by minute.',
			HINT = 'Pass requests or sends.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT date_bin('1 minute', i.at, 'epoch') AS minute_at, i.value, sum(i.count)::bigint AS count,
				count(*) FILTER (WHERE i.at IS NULL OR i.count IS NULL) AS missing, count(*) FILTER (WHERE i.count < 0) AS wrong
			FROM (%s) i
			GROUP BY 1, i.value
		), checked AS MATERIALIZED (
			SELECT nudge.check_input($5, sum(l.missing)::bigint) AND nudge.check_values($5, sum(l.wrong)::bigint, 'A count is negative.') AS is_fine FROM line l
		)
		SELECT nudge.civil_date(greatest(l.minute_at, $1), $3), l.minute_at, l.value, l.count
		FROM checked, line l
		WHERE l.count > 0
		ORDER BY l.minute_at, l.value COLLATE "C"
	$query$, source)
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of, lower(input);
END
$$;

-- replaces: CREATE FUNCTION nudge.throughput_lines(
CREATE OR REPLACE FUNCTION nudge.throughput_lines(
	input text,
	relation regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	total bigint,
	seconds numeric,
	per_second numeric,
	peak_per_minute bigint,
	peak_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	is_grouped constant boolean := "by" IS NOT NULL;
BEGIN
	RETURN QUERY
	WITH p AS MATERIALIZED (
		SELECT * FROM nudge.performance_spans(start_day, end_day, grain, zone, as_of)
	), m AS MATERIALIZED (
		SELECT d.start_at, c.value, grouping(c.value) = 1 AS is_total, c.minute_at, sum(c.count)::bigint AS count
		FROM nudge.minute_counts(input, relation, start_day, end_day, zone, as_of, "by") c
		JOIN nudge.performance_days(start_day, end_day, grain, zone, as_of) d
			ON d.day = c.day AND greatest(c.minute_at, d.start_at) < d.end_at AND c.minute_at > d.start_at - interval '1 minute'
		GROUP BY GROUPING SETS ((d.start_at, c.minute_at), (d.start_at, c.minute_at, c.value))
	), t AS (
		SELECT DISTINCT ON (m.start_at, m.is_total, m.value) m.start_at, m.is_total, m.value, m.count AS peak, m.minute_at AS peak_at,
			sum(m.count) OVER (PARTITION BY m.start_at, m.is_total, m.value)::bigint AS total
		FROM m
		WHERE m.is_total OR is_grouped
		ORDER BY m.start_at, m.is_total, m.value, m.count DESC, m.minute_at
	)
	SELECT p.period, p.start_at, t.value, coalesce(t.is_total, true), coalesce(t.total, 0), p.seconds, coalesce(t.total, 0) / p.seconds,
		coalesce(t.peak, 0), coalesce(t.peak, 0) / 60.0, t.peak_at, p.complete
	FROM p LEFT JOIN t ON t.start_at = p.start_at
	ORDER BY p.start_at, coalesce(t.is_total, true), t.value COLLATE "C";
END
$$;

-- replaces: CREATE FUNCTION nudge.latency_report(
CREATE OR REPLACE FUNCTION nudge.latency_report(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	request_count bigint,
	mean_ms numeric,
	p50_ms double precision,
	p95_ms double precision,
	p99_ms double precision,
	highest_ms double precision,
	requests_with_outcome bigint,
	errors bigint,
	error_rate numeric,
	requests_per_second numeric,
	peak_requests_per_second numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	is_grouped constant boolean := "by" IS NOT NULL;
BEGIN
	RETURN QUERY
	WITH t AS MATERIALIZED (
		SELECT d.start_at, l.value, grouping(l.value) = 1 AS is_total, nudge.rollup(l.state) AS state,
			sum(l.requests_with_outcome)::bigint AS requests_with_outcome, sum(l.errors)::bigint AS errors
		FROM nudge.latency_states(latency_report.requests, start_day, end_day, zone, as_of, "by", relative_error) l
		JOIN nudge.performance_days(start_day, end_day, grain, zone, as_of) d ON d.day = l.day AND l.start_at >= d.start_at AND l.start_at < d.end_at
		GROUP BY GROUPING SETS ((d.start_at), (d.start_at, l.value))
	)
	SELECT c.period, c.start_at, c.value, c.is_total, c.total, s.mean, s.p50, s.p95, s.p99, s.highest,
		coalesce(t.requests_with_outcome, 0), CASE WHEN t.requests_with_outcome > 0 THEN t.errors END, t.errors::numeric / nullif(t.requests_with_outcome, 0),
		c.per_second, c.peak_per_second, c.complete
	FROM nudge.throughput_lines('requests', latency_report.requests, start_day, end_day, grain, zone, as_of, "by") c
	LEFT JOIN t ON t.start_at = c.start_at AND t.is_total = c.is_total AND t.value IS NOT DISTINCT FROM c.value AND (t.is_total OR is_grouped)
	LEFT JOIN LATERAL nudge.percentile_summary(t.state) s ON true
	ORDER BY c.start_at, c.is_total, c.value COLLATE "C";
END
$$;

-- The place of an instant among begun_bounds is the number of its period, 0
-- before the first, and one more than the last for what is not before known_at.
CREATE FUNCTION nudge.begun_spans(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (no integer, period date, period_end date, start_at timestamptz, end_at timestamptz, known_at timestamptz, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT row_number() OVER (ORDER BY w.period)::integer, w.period, w.period_end, w.start_at, w.end_at, least(w.end_at, as_of), w.complete
	FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	WHERE as_of IS NULL OR w.start_at < as_of
	ORDER BY w.period;
END;

COMMENT ON FUNCTION nudge.begun_spans(date, date, text, text, timestamptz) IS
	'The periods of a window that have begun before as_of, numbered from 1, and up to when they are known. Not STRICT: a NULL grain is one period, a NULL as_of knows all of them, NULL days are errors';

CREATE FUNCTION nudge.begun_bounds(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS timestamptz[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN count(*) > 0 THEN array_agg(b.start_at ORDER BY b.no) || max(b.known_at) END
	FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of) b;
END;

COMMENT ON FUNCTION nudge.begun_bounds(date, date, text, text, timestamptz) IS
	'The instants at which the periods of begun_spans begin, and that up to which the last is known; NULL if none has begun. Not STRICT, as begun_spans is not';

CREATE FUNCTION nudge.check_age_edges(edges numeric[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(cardinality(edges) = 0 OR array_ndims(edges) = 1 AND array_position(edges, NULL) IS NULL
		AND edges = ARRAY(SELECT DISTINCT e.edge FROM unnest(edges) e(edge) WHERE e.edge > 0 AND e.edge < 'Infinity' ORDER BY e.edge), false) THEN
		RAISE EXCEPTION 'edges of ages must be days above 0 that ascend' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A class of ages is from one edge to before the next; the first begins at 0, the last has no end.',
			HINT = 'Pass an array such as {1,3,7,30}.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_age_edges(numeric[]) IS
	'An error unless classes of ages, in days, ascend from above 0. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.check_by("by" text, allowed text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF "by" <> ALL (allowed) THEN
		RAISE EXCEPTION 'unknown value "%" of "by"', left("by", 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is one of %s.', array_to_string(allowed, ', ')),
				HINT = 'Pass one of these, or a view that has yours as one of them; null is the total alone.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_by(text, text[]) IS
	'An error unless a report can have rows by this. Not STRICT: NULL is the total alone';

-- src/inputs/entities.sql

/*
 * entities.sql
 *		Whose rows count, and as whose: one list of customers, users, visitors,
 *		leads and deals that are left out, and one of those that are somebody
 *		else's.  The staging views of all inputs read both.
 *
 * Rules: doc/entities.md.
 */

-- Which columns are about whom --------------------------------------------

CREATE FUNCTION nudge.entity_columns(input text) RETURNS TABLE (place integer, entity text, column_name text, is_key boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	SELECT e.place, e.entity, c.column_name, (c.input, e.entity) IN (('customers', 'customer'), ('users', 'user'))
	FROM nudge.input_columns c JOIN (VALUES
		(1, 'customer', 'customer'), (1, 'customer', 'entity'), (2, 'user', 'user'), (3, 'visitor', 'anonymous_id'), (4, 'lead', 'lead'), (5, 'deal', 'deal')) e(place, entity, column_name)
		ON e.column_name = c.column_name
	-- what says who was merged is not itself about those who remain
	WHERE c.input = entity_columns.input AND c.input <> 'customer_merges' AND (c.column_name <> 'entity' OR c.input = 'scores')
	ORDER BY e.place;
END;

COMMENT ON FUNCTION nudge.entity_columns(text) IS
	'The columns of an input that are keys of customers, users, visitors, leads or deals, and whether a row is the one of that key';

CREATE FUNCTION nudge.check_entity(entity text, merges boolean) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant text[] := CASE WHEN merges THEN '{customer,user}' ELSE '{customer,user,visitor,lead,deal}' END;
BEGIN
	IF NOT coalesce(entity = ANY (known), false) THEN
		RAISE EXCEPTION 'unknown entity "%"', left(coalesce(entity, 'null'), 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It says what the keys are of: %s.', array_to_string(known, ', ')),
			HINT = 'Visitors have their key in anonymous_id, the others in the column of that name.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_entity(text, boolean) IS 'An error unless an entity is one that can be excluded, or merged. Not STRICT: NULL is an error';

-- Who is left out ---------------------------------------------------------

CREATE TABLE nudge.exclusions (
	entity text NOT NULL CHECK (entity IN ('customer', 'user', 'visitor', 'lead', 'deal')),
	key text NOT NULL,
	reason text NOT NULL CHECK (reason ~ '\S'),
	origin text NOT NULL DEFAULT 'hand' CHECK (origin IN ('hand', 'rule', 'linked')),
	through text CHECK ((through IS NULL) = (origin = 'hand')),
	added_by name NOT NULL DEFAULT current_user,
	added_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (entity, key)
);

SELECT pg_catalog.pg_extension_config_dump('nudge.exclusions', '');

COMMENT ON TABLE nudge.exclusions IS 'Whose rows are left out of all inputs; exclude(), include() and refresh_entities() keep it';

COMMENT ON COLUMN nudge.exclusions.entity IS 'customer, user, visitor, lead or deal';

COMMENT ON COLUMN nudge.exclusions.key IS 'Its key';

COMMENT ON COLUMN nudge.exclusions.reason IS 'Why, such as own staff, test account or bot';

COMMENT ON COLUMN nudge.exclusions.origin IS 'hand: by exclude(); rule: by a rule of exclude_where(); linked: it belongs to one that is left out';

COMMENT ON COLUMN nudge.exclusions.through IS 'Name of the rule, or what it belongs to; NULL by hand';

COMMENT ON COLUMN nudge.exclusions.added_by IS 'Who has put it here';

COMMENT ON COLUMN nudge.exclusions.added_at IS 'When';

CREATE TABLE nudge.exclusion_rules (
	rule text PRIMARY KEY CHECK (rule ~ '\S'),
	input text NOT NULL,
	entity text NOT NULL,
	condition text NOT NULL,
	reason text NOT NULL CHECK (reason ~ '\S'),
	added_by name NOT NULL DEFAULT current_user,
	added_at timestamptz NOT NULL DEFAULT now()
);

SELECT pg_catalog.pg_extension_config_dump('nudge.exclusion_rules', '');

COMMENT ON TABLE nudge.exclusion_rules IS 'Conditions on rows of an input whose entities are left out of all inputs; exclude_where() and drop_exclusion_rule() keep it';

COMMENT ON COLUMN nudge.exclusion_rules.rule IS 'Name of the rule';

COMMENT ON COLUMN nudge.exclusion_rules.input IS 'Input whose rows it looks at';

COMMENT ON COLUMN nudge.exclusion_rules.entity IS 'Whose key is taken from rows that meet it';

COMMENT ON COLUMN nudge.exclusion_rules.condition IS 'Condition on r, a row of the input';

COMMENT ON COLUMN nudge.exclusion_rules.reason IS 'Why they are left out';

COMMENT ON COLUMN nudge.exclusion_rules.added_by IS 'Who has made it';

COMMENT ON COLUMN nudge.exclusion_rules.added_at IS 'When';

-- Who is somebody else ----------------------------------------------------

CREATE TABLE nudge.entity_merges (
	entity text NOT NULL CHECK (entity IN ('customer', 'user')),
	key text NOT NULL,
	merged_into text NOT NULL,
	counted_as text NOT NULL DEFAULT '',
	merged_at timestamptz NOT NULL DEFAULT now() CHECK (isfinite(merged_at)),
	reason text,
	origin text NOT NULL DEFAULT 'hand' CHECK (origin IN ('hand', 'input')),
	added_by name NOT NULL DEFAULT current_user,
	added_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (entity, key)
);

SELECT pg_catalog.pg_extension_config_dump('nudge.entity_merges', '');

COMMENT ON TABLE nudge.entity_merges IS 'Whose rows count as those of another; merge_entity(), unmerge_entity() and refresh_entities() keep it';

COMMENT ON COLUMN nudge.entity_merges.entity IS 'customer or user';

COMMENT ON COLUMN nudge.entity_merges.key IS 'Key that is no more';

COMMENT ON COLUMN nudge.entity_merges.merged_into IS 'Key that took its place';

COMMENT ON COLUMN nudge.entity_merges.counted_as IS 'Key at the end of the chain, as which rows count; a trigger fills it';

COMMENT ON COLUMN nudge.entity_merges.merged_at IS 'When they were merged: attributes of the key end then';

COMMENT ON COLUMN nudge.entity_merges.reason IS 'Why';

COMMENT ON COLUMN nudge.entity_merges.origin IS 'hand: by merge_entity(); input: a row of the input customer_merges';

COMMENT ON COLUMN nudge.entity_merges.added_by IS 'Who has put it here';

COMMENT ON COLUMN nudge.entity_merges.added_at IS 'When';

-- What a row must not have to be read as it is.
CREATE VIEW nudge.entity_keys AS
	SELECT x.entity, x.key FROM nudge.exclusions x
	UNION ALL
	SELECT m.entity, m.key FROM nudge.entity_merges m;

COMMENT ON VIEW nudge.entity_keys IS 'The keys whose rows are left out, or count as those of another';

COMMENT ON COLUMN nudge.entity_keys.entity IS 'customer, user, visitor, lead or deal';

COMMENT ON COLUMN nudge.entity_keys.key IS 'Its key';

-- Reasons and keys are not for everybody to read.
DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT SELECT ON nudge.entity_keys TO %s WITH GRANT OPTION', owner);
END
$$;

-- From each merge to the end of its chain.
CREATE FUNCTION nudge.merge_ends(entities text[], keys text[], targets text[]) RETURNS TABLE (entity text, key text, counted_as text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	WITH RECURSIVE step AS (
		SELECT s.entity, s.key, s.target FROM unnest(merge_ends.entities, merge_ends.keys, merge_ends.targets) s(entity, key, target)
	), walk(entity, key, target) AS (
		SELECT s.entity, s.key, s.target FROM step s
		UNION
		SELECT w.entity, w.key, s.target FROM walk w JOIN step s ON s.entity = w.entity AND s.key = w.target
	)
	-- who comes by itself, or by one who does, has no end
	SELECT w.entity, w.key, min(w.target) FILTER (WHERE NOT EXISTS (SELECT FROM step s WHERE s.entity = w.entity AND s.key = w.target))
	FROM walk w GROUP BY w.entity, w.key;
END;

COMMENT ON FUNCTION nudge.merge_ends(text[], text[], text[]) IS
	'Works for merge_entity: as whom each key counts that is merged into a target; NULL if the chain runs in a circle';

CREATE FUNCTION nudge.resolve_merges() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	entities text[];
	keys text[];
	ends text[];
	wrong integer;
BEGIN
	SELECT array_agg(e.entity ORDER BY e.entity COLLATE "C", e.key COLLATE "C"), array_agg(e.key ORDER BY e.entity COLLATE "C", e.key COLLATE "C"),
		array_agg(e.counted_as ORDER BY e.entity COLLATE "C", e.key COLLATE "C")
	INTO entities, keys, ends
	FROM (SELECT array_agg(m.entity) AS entities, array_agg(m.key) AS keys, array_agg(m.merged_into) AS targets FROM nudge.entity_merges m) a,
		LATERAL nudge.merge_ends(a.entities, a.keys, a.targets) e;
	wrong := array_position(ends, NULL);
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION '% "%" would be merged into itself', entities[wrong], left(keys[wrong], 70) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Merges that run in a circle leave nobody as whom the rows count.',
			HINT = 'Undo one of them with unmerge_entity() first.';
	END IF;
	-- the update comes here once more, and finds nothing to do
	IF EXISTS (SELECT FROM unnest(entities, keys, ends) e(entity, key, counted_as) JOIN nudge.entity_merges m ON m.entity = e.entity AND m.key = e.key AND m.counted_as <> e.counted_as) THEN
		UPDATE nudge.entity_merges m SET counted_as = e.counted_as
		FROM unnest(entities, keys, ends) e(entity, key, counted_as) WHERE m.entity = e.entity AND m.key = e.key AND m.counted_as <> e.counted_as;
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION nudge.resolve_merges() IS 'Trigger of nudge.entity_merges: fills counted_as, and refuses merges in a circle. Not STRICT: triggers take no arguments';

CREATE TRIGGER resolve_merges AFTER INSERT OR UPDATE OR DELETE ON nudge.entity_merges FOR EACH STATEMENT EXECUTE FUNCTION nudge.resolve_merges();

COMMENT ON TRIGGER resolve_merges ON nudge.entity_merges IS 'Keeps counted_as';

-- What the views say ------------------------------------------------------

CREATE FUNCTION nudge.is_excluded(entity text, key text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.exclusions x WHERE x.entity = is_excluded.entity AND x.key = is_excluded.key);

COMMENT ON FUNCTION nudge.is_excluded(text, text) IS 'Whether the rows of a key are left out. Not STRICT, so that it costs no call: a NULL key is not';

CREATE FUNCTION nudge.counted_as(entity text, key text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce((SELECT m.counted_as FROM nudge.entity_merges m WHERE m.entity = counted_as.entity AND m.key = counted_as.key), key);

COMMENT ON FUNCTION nudge.counted_as(text, text) IS 'The key as which the rows of a key count: itself if it is not merged. Not STRICT, so that it costs no call: a NULL key is NULL';

-- Inputs of attributes: those of a key that is merged end with it.
CREATE FUNCTION nudge.is_attribute_input(input text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN input IN ('dimension_history', 'account_facts');

COMMENT ON FUNCTION nudge.is_attribute_input(text) IS 'Works for map_source: whether rows of an input say what an account is, and not what it does';

-- The rows of a source that are nobody's who is left out or merged.  While both
-- lists are empty the second half is not run; else the first is not.
CREATE FUNCTION nudge.plain_rows(input text, select_list text, view_name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN count(*) = 0 THEN format('SELECT v.source_name, %s FROM %s v', plain_rows.select_list, plain_rows.view_name)
		ELSE format(E'SELECT v.source_name, %1$s FROM %2$s v\nWHERE (SELECT NOT EXISTS (SELECT FROM nudge.entity_keys k))\nUNION ALL\nSELECT v.source_name, %1$s FROM %2$s v\nWHERE (SELECT EXISTS (SELECT FROM nudge.entity_keys k))',
				plain_rows.select_list, plain_rows.view_name)
			|| string_agg(format(' AND NOT EXISTS (SELECT FROM nudge.entity_keys k WHERE k.entity = %L AND k.key = v.%I)', c.entity, c.column_name), '' ORDER BY c.place) END
	FROM nudge.entity_columns(plain_rows.input) c;
END;

COMMENT ON FUNCTION nudge.plain_rows(text, text, text) IS 'Works for map_source: the query of the rows of a source that count as they are';

-- The rows of a source whose key in one column is merged: they begin at the
-- merges, so that those of one key are found by an index on it.
CREATE FUNCTION nudge.merged_rows_query(input text, column_name text, select_list text, view_name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(E'SELECT v.source_name, %s FROM nudge.entity_merges m1 JOIN %s v ON v.%I = m1.key', merged_rows_query.select_list, merged_rows_query.view_name, merged_rows_query.column_name)
		|| coalesce(string_agg(format(' LEFT JOIN nudge.entity_merges m2 ON m2.entity = %L AND m2.key = v.%I', c.entity, c.column_name), '') FILTER (WHERE c.is_later), '')
		|| format(E'\nWHERE (SELECT EXISTS (SELECT FROM nudge.entity_merges k)) AND m1.entity = %L', min(c.entity) FILTER (WHERE c.is_this))
		-- a row that other merges find, or that is the one of a key that is no more
		|| coalesce(string_agg(format(' AND NOT EXISTS (SELECT FROM nudge.entity_merges k WHERE k.entity = %L AND k.key = v.%I)', c.entity, c.column_name), '' ORDER BY c.place) FILTER (WHERE c.is_earlier), '')
		|| string_agg(format(' AND NOT EXISTS (SELECT FROM nudge.exclusions k WHERE k.entity = %L AND k.key = v.%I)', c.entity, c.column_name)
			|| CASE WHEN c.is_this OR c.is_later THEN format(' AND NOT EXISTS (SELECT FROM nudge.exclusions k WHERE k.entity = %L AND k.key = m%s.counted_as)', c.entity, CASE WHEN c.is_this THEN 1 ELSE 2 END) ELSE '' END, '' ORDER BY c.place)
		|| CASE WHEN nudge.is_attribute_input(merged_rows_query.input) THEN ' AND v.valid_from < m1.merged_at' ELSE '' END
	FROM (SELECT e.place, e.entity, e.column_name, e.column_name = merged_rows_query.column_name AS is_this,
			e.entity = 'user' AND NOT e.is_key AND merged_rows_query.column_name <> 'user' AS is_later,
			e.is_key OR e.entity = 'customer' AND merged_rows_query.column_name = 'user' AS is_earlier
		FROM nudge.entity_columns(merged_rows_query.input) e) c;
END;

COMMENT ON FUNCTION nudge.merged_rows_query(text, text, text, text) IS 'Works for map_source: the query of the rows of a source whose key in a column is merged';

-- The query of a source in the view of its input: the columns that the view
-- has, in its order.
CREATE FUNCTION nudge.counted_query(input text, source_view text, input_view text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH item AS (
		SELECT c.place, c.column_name, e.entity, e.is_key, CASE WHEN h.in_view THEN format('v.%I', c.column_name) ELSE format('NULL::%s', c.data_type) END AS expression
		FROM nudge.view_columns(counted_query.input, counted_query.input_view) c
		LEFT JOIN nudge.view_columns(counted_query.input, counted_query.source_view) h ON h.column_name = c.column_name
		LEFT JOIN nudge.entity_columns(counted_query.input) e ON e.column_name = c.column_name
	)
	SELECT nudge.plain_rows(counted_query.input, string_agg(i.expression || ' AS ' || quote_ident(i.column_name), ', ' ORDER BY i.place), counted_query.source_view)
		|| coalesce((SELECT string_agg(E'\nUNION ALL\n' || nudge.merged_rows_query(counted_query.input, t.column_name, (
				SELECT string_agg(CASE
						WHEN j.column_name = t.column_name THEN 'm1.counted_as'
						WHEN j.entity = 'user' AND t.entity = 'customer' AND NOT j.is_key THEN format('coalesce(m2.counted_as, %s)', j.expression)
						WHEN j.column_name = 'valid_to' AND nudge.is_attribute_input(counted_query.input) THEN format('least(%s, m1.merged_at)', j.expression)
						ELSE j.expression END || ' AS ' || quote_ident(j.column_name), ', ' ORDER BY j.place)
				FROM item j), counted_query.source_view), '' ORDER BY t.entity)
			FROM item t WHERE t.entity IN ('customer', 'user') AND NOT t.is_key), '')
	FROM item i;
END;

COMMENT ON FUNCTION nudge.counted_query(text, text, text) IS
	'Works for map_source: the query by which the view of an input reads a source, without those who are left out, and those who are merged under the key as which they count';

-- All rows of an input, as its sources have them.
CREATE FUNCTION nudge.source_rows(input text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(format('SELECT v.source_name, %s FROM %s v', (
			SELECT string_agg(CASE WHEN h.in_view THEN format('v.%I', h.column_name) ELSE format('NULL::%s AS %I', h.data_type, h.column_name) END, ', ' ORDER BY c.position)
			FROM nudge.input_columns c JOIN nudge.view_columns(s.input, n.name) h ON h.column_name = c.column_name WHERE c.input = s.input), n.name),
		E'\nUNION ALL\n' ORDER BY s.source COLLATE "C")
	FROM nudge.sources s, nudge.source_view(s.input, s.source) n(name) WHERE s.input = source_rows.input AND to_regclass(n.name) IS NOT NULL;
END;

COMMENT ON FUNCTION nudge.source_rows(text) IS 'The query of all rows of an input, of whomever they are; NULL if it has no source';

-- src/inputs/entity_lists.sql

/*
 * entity_lists.sql
 *		Who is left out and who is merged: what users call, what rules and other
 *		inputs say, and how many rows that is.
 *
 * Rules: doc/entities.md.
 */

-- What rules and inputs say -----------------------------------------------

-- A rule is text that whoever may write the table wrote, and runs with the
-- rights of who brings the lists up to date.
CREATE FUNCTION nudge.check_rule_writers() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	writer text;
BEGIN
	SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END INTO writer
	FROM pg_class c, LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
	WHERE c.oid = 'nudge.exclusion_rules'::regclass AND a.privilege_type IN ('INSERT', 'UPDATE')
		AND (a.grantee = 0 OR NOT pg_has_role(a.grantee, current_user, 'USAGE')) ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'exclusion rules may not be run with the rights of role "%"', current_user USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('Role "%s" may write them.', writer),
			HINT = format('SET ROLE %I, or another role whose rights all have that may write nudge.exclusion_rules.', writer);
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_rule_writers() IS 'Works for refresh_entities: an error unless all who may write rules have the rights of who runs them. Not STRICT: it takes no arguments';

-- Functions in a view run as whoever reads it.
CREATE FUNCTION nudge.check_list_reader() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	untrusted record;
BEGIN
	IF (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
		SELECT c.relname, pg_get_userbyid(c.relowner) AS owner INTO untrusted FROM nudge.sources s JOIN pg_class c ON c.oid = to_regclass(nudge.source_view(s.input, s.source))
		WHERE NOT pg_has_role(c.relowner, current_user, 'USAGE') ORDER BY c.relname COLLATE "C" LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'sources of role "%" may not be read with the rights of role "%"', untrusted.owner, current_user USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('View %s may call functions, which would run with them.', nudge.staging_name(untrusted.relname)),
				HINT = format('SET ROLE %I first.', untrusted.owner);
		END IF;
		PERFORM nudge.check_trust(nudge.source_view(s.input, s.source)) FROM nudge.sources s;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_list_reader() IS 'Works for refresh_entities: an error if a superuser would run what others have mapped. Not STRICT: it takes no arguments';

CREATE FUNCTION nudge.rule_keys(rule text) RETURNS SETOF text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one nudge.exclusion_rules;
	key_column text;
	source_rows text;
	problem text;
BEGIN
	SELECT e.* INTO one FROM nudge.exclusion_rules e WHERE e.rule = rule_keys.rule;
	SELECT c.column_name INTO key_column FROM nudge.entity_columns(one.input) c WHERE c.entity = one.entity;
	source_rows := nudge.source_rows(one.input);
	IF source_rows IS NULL OR key_column IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format(E'SELECT DISTINCT r.%1$I FROM (%2$s) r WHERE (%3$s\n) AND r.%1$I IS NOT NULL', key_column, source_rows, one.condition);
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'the exclusion rule "%" does not work', left(rule, 70) USING ERRCODE = SQLSTATE,
		DETAIL = format('%s: %s.', left(one.condition, 200), problem),
		HINT = 'Make it anew with exclude_where(), or drop it with drop_exclusion_rule().';
END
$$;

COMMENT ON FUNCTION nudge.rule_keys(text) IS 'Works for refresh_entities: the keys that a rule finds now';

-- Keys of one column that stand beside keys of another.
CREATE FUNCTION nudge.linked_keys(input text, column_name text, keys text[], linked_column text) RETURNS TABLE (key text, through text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source_rows constant text := CASE WHEN keys <> '{}' THEN nudge.source_rows(input) END;
BEGIN
	IF source_rows IS NOT NULL THEN
		RETURN QUERY EXECUTE format('SELECT r.%1$I, min(r.%2$I COLLATE "C") FROM (%3$s) r JOIN unnest($1) k ON k = r.%2$I WHERE r.%1$I IS NOT NULL GROUP BY r.%1$I',
			linked_column, column_name, source_rows) USING keys;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.linked_keys(text, text, text[], text) IS 'Works for refresh_entities: the keys of a column in rows whose other column is one of some keys';

-- Keys together with those that are merged into them.
CREATE FUNCTION nudge.with_merged(entity text, keys text[]) RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	-- joined, since = ANY of a parameter compares each with each
	RETURN ARRAY(SELECT k FROM unnest(keys) k UNION SELECT m.key FROM unnest(keys) k JOIN nudge.entity_merges m ON m.counted_as = k WHERE m.entity = with_merged.entity);

COMMENT ON FUNCTION nudge.with_merged(text, text[]) IS 'Works for refresh_entities: keys, and those whose rows count as theirs';

CREATE FUNCTION nudge.wanted_exclusions() RETURNS TABLE (entity text, key text, reason text, origin text, through text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 1000 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	found nudge.exclusions[] := ARRAY(SELECT x FROM nudge.exclusions x WHERE x.origin = 'hand');
	link record;
BEGIN
	IF EXISTS (SELECT FROM nudge.exclusion_rules) THEN
		PERFORM nudge.check_rule_writers();
	END IF;
	found := found || ARRAY(
		SELECT ROW(e.entity, k, e.reason, 'rule', e.rule, current_user, now())::nudge.exclusions
		FROM nudge.exclusion_rules e, LATERAL nudge.rule_keys(e.rule) k ORDER BY e.rule COLLATE "C");
	-- in an order in which nothing comes too late
	FOR link IN SELECT * FROM (VALUES
		('users', 'customer', 'customer', 'user', 'user'), ('identities', 'customer', 'customer', 'user', 'user'),
		('identities', 'customer', 'customer', 'visitor', 'anonymous_id'), ('identities', 'user', 'user', 'visitor', 'anonymous_id'),
		('leads', 'customer', 'customer', 'lead', 'lead'), ('deals', 'customer', 'customer', 'deal', 'deal')) l(input, entity, column_name, linked_entity, linked_column)
	LOOP
		found := found || ARRAY(
			SELECT ROW(link.linked_entity, k.key, format('of an excluded %s', link.entity), 'linked', link.entity || ' ' || k.through, current_user, now())::nudge.exclusions
			FROM nudge.linked_keys(link.input, link.column_name, nudge.with_merged(link.entity, ARRAY(SELECT f.key FROM unnest(found) f WHERE f.entity = link.entity)), link.linked_column) k);
	END LOOP;
	RETURN QUERY
		SELECT DISTINCT ON (f.entity, f.key) f.entity, f.key, f.reason, f.origin, f.through
		FROM unnest(found) WITH ORDINALITY f(entity, key, reason, origin, through, added_by, added_at, n) ORDER BY f.entity, f.key, f.n;
END
$$;

COMMENT ON FUNCTION nudge.wanted_exclusions() IS
	'Works for refresh_entities: who is left out by hand, by rules, and because of whom it belongs to. Not STRICT: it takes no arguments';

CREATE FUNCTION nudge.wanted_merges() RETURNS TABLE (key text, merged_into text, counted_as text, merged_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	source_rows constant text := nudge.source_rows('customer_merges');
BEGIN
	IF source_rows IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH said AS (
			-- what was said last, and by hand nothing else
			SELECT DISTINCT ON (r.customer) r.customer AS key, r.merged_into, r.at
			FROM (%s) r
			WHERE r.customer IS NOT NULL AND r.merged_into IS NOT NULL AND isfinite(r.at) AND NOT EXISTS (SELECT FROM nudge.entity_merges m WHERE m.entity = 'customer' AND m.origin = 'hand' AND m.key = r.customer)
			ORDER BY r.customer, r.at DESC, r.merged_into COLLATE "C"
		), together AS (
			SELECT array_agg('customer'::text) AS entities, array_agg(a.key) AS keys, array_agg(a.merged_into) AS targets
			FROM (SELECT s.key, s.merged_into FROM said s UNION ALL SELECT m.key, m.merged_into FROM nudge.entity_merges m WHERE m.entity = 'customer' AND m.origin = 'hand') a
		)
		SELECT s.key, s.merged_into, e.counted_as, s.at FROM said s, together t, LATERAL nudge.merge_ends(t.entities, t.keys, t.targets) e
		WHERE e.key = s.key AND e.counted_as IS NOT NULL
		$query$, source_rows);
END
$$;

COMMENT ON FUNCTION nudge.wanted_merges() IS
	'Works for refresh_entities: the merges of the input customer_merges, without those that run in a circle. Not STRICT: it takes no arguments';

CREATE FUNCTION nudge.refresh_entities() RETURNS TABLE (list text, added bigint, removed bigint)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_list_reader();
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	list := 'entity_merges';
	WITH wanted AS MATERIALIZED (SELECT w.* FROM nudge.wanted_merges() w),
	gone AS (
		DELETE FROM nudge.entity_merges m WHERE m.origin = 'input' AND NOT EXISTS (SELECT FROM wanted w WHERE m.entity = 'customer' AND w.key = m.key) RETURNING m.key
	), said AS (
		INSERT INTO nudge.entity_merges AS m (entity, key, merged_into, counted_as, merged_at, origin) SELECT 'customer', w.key, w.merged_into, w.counted_as, w.merged_at, 'input' FROM wanted w
		WHERE NOT EXISTS (SELECT FROM nudge.entity_merges o WHERE o.entity = 'customer' AND o.key = w.key AND o.merged_into = w.merged_into AND o.merged_at = w.merged_at)
		ON CONFLICT ON CONSTRAINT entity_merges_pkey DO UPDATE SET merged_into = excluded.merged_into, counted_as = excluded.counted_as, merged_at = excluded.merged_at RETURNING m.xmax::text = '0' AS is_new
	)
	SELECT (SELECT count(*) FROM said s WHERE s.is_new), (SELECT count(*) FROM gone) INTO added, removed;
	RETURN NEXT;
	list := 'exclusions';
	WITH wanted AS MATERIALIZED (SELECT w.* FROM nudge.wanted_exclusions() w),
	gone AS (
		DELETE FROM nudge.exclusions x WHERE x.origin <> 'hand' AND NOT EXISTS (SELECT FROM wanted w WHERE w.entity = x.entity AND w.key = x.key) RETURNING x.key
	), said AS (
		INSERT INTO nudge.exclusions AS x (entity, key, reason, origin, through) SELECT w.entity, w.key, w.reason, w.origin, w.through FROM wanted w
		WHERE w.origin <> 'hand' AND NOT EXISTS (SELECT FROM nudge.exclusions o WHERE o.entity = w.entity AND o.key = w.key AND (o.reason, o.origin, o.through) = (w.reason, w.origin, w.through))
		ON CONFLICT ON CONSTRAINT exclusions_pkey DO UPDATE SET reason = excluded.reason, origin = excluded.origin, through = excluded.through RETURNING x.xmax::text = '0' AS is_new
	)
	SELECT (SELECT count(*) FROM said s WHERE s.is_new), (SELECT count(*) FROM gone) INTO added, removed;
	RETURN NEXT;
END
$$;

COMMENT ON FUNCTION nudge.refresh_entities() IS
	'Brings both lists up to date with rules, with the input customer_merges, and with the users, visitors, leads and deals of customers that are left out; tells how many keys came and went. Not STRICT: it takes no arguments';

-- What users call ---------------------------------------------------------

CREATE FUNCTION nudge.check_keys(entity text, keys text[], merges boolean) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_entity(entity, merges);
	IF keys IS NULL OR array_position(keys, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'a key must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Keys are texts, as the inputs have them.',
			HINT = 'Pass such as {acme,17}.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_keys(text, text[], boolean) IS 'An error unless keys are of an entity that can be excluded, or merged. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.check_reason(reason text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(reason ~ '\S', false) THEN
		RAISE EXCEPTION 'an exclusion needs a reason' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Rows that are left out are counted by it.',
			HINT = 'Pass such as own staff, test account or bot.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_reason(text) IS 'An error unless a reason says something. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.exclude(entity text, keys text[], reason text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint;
BEGIN
	PERFORM nudge.check_keys(entity, keys, false);
	PERFORM nudge.check_reason(reason);
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	WITH said AS (
		INSERT INTO nudge.exclusions AS x (entity, key, reason) SELECT DISTINCT exclude.entity, k, exclude.reason FROM unnest(keys) k
		ON CONFLICT ON CONSTRAINT exclusions_pkey DO UPDATE SET reason = excluded.reason, origin = 'hand', through = NULL RETURNING x.xmax::text = '0' AS is_new
	)
	SELECT count(*) FILTER (WHERE s.is_new) INTO changed FROM said s;
	PERFORM nudge.refresh_entities();
	RETURN changed;
END
$$;

COMMENT ON FUNCTION nudge.exclude(text, text[], text) IS
	'Leaves the rows of customers, users, visitors, leads or deals out of all inputs, and with a customer its users, leads and deals; tells how many of them were counted before. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.include(entity text, keys text[]) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint;
	still nudge.exclusions;
BEGIN
	PERFORM nudge.check_keys(entity, keys, false);
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.exclusions x WHERE x.entity = include.entity AND x.key = ANY (keys) AND x.origin = 'hand';
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM nudge.refresh_entities();
	SELECT x.* INTO still FROM nudge.exclusions x WHERE x.entity = include.entity AND x.key = ANY (keys) ORDER BY x.key COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% "%" stays excluded', entity, left(still.key, 70) USING ERRCODE = 'object_in_use',
			DETAIL = CASE still.origin WHEN 'rule' THEN format('The rule "%s" finds it.', still.through) ELSE format('It belongs to %s.', still.through) END,
			HINT = CASE still.origin WHEN 'rule' THEN 'Make the rule anew with exclude_where(), with a condition that spares it.' ELSE 'Include that, or correct whom it belongs to.' END;
	END IF;
	RETURN changed;
END
$$;

COMMENT ON FUNCTION nudge.include(text, text[]) IS
	'Counts the rows of keys again that exclude() has left out, and tells how many keys were; an error if a rule, or what they belong to, leaves them out. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.exclude_where(rule text, input text, condition text, reason text, entity text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source_rows text;
	of_input text[];
BEGIN
	PERFORM nudge.check_reason(reason);
	of_input := ARRAY(SELECT c.entity FROM nudge.entity_columns(input) c);
	IF NOT coalesce(rule ~ '\S', false) OR condition IS NULL OR NOT coalesce(coalesce(entity, of_input[1]) = ANY (of_input), false) THEN
		RAISE EXCEPTION 'the exclusion rule is not complete' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = CASE WHEN of_input = '{}' OR input IS NULL THEN format('Rows of "%s" have no key of a customer, user, visitor, lead or deal.', coalesce(input, 'null'))
				WHEN entity <> ALL (of_input) THEN format('Rows of "%s" have no key of a "%s".', input, left(entity, 40)) ELSE 'Its name or its condition is missing.' END,
			HINT = 'Pass a name, an input with such keys, a condition on r, a row of it, and whose key is taken if there are several.';
	END IF;
	source_rows := nudge.source_rows(input);
	IF source_rows IS NULL THEN
		RAISE EXCEPTION 'input "%" has no source', input USING ERRCODE = 'undefined_object',
			DETAIL = 'A rule looks at the rows of an input as its sources have them.',
			HINT = 'Map one with map_source() first.';
	END IF;
	PERFORM nudge.check_filter(condition, '(' || source_rows || ') AS r');
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO nudge.exclusion_rules AS e (rule, input, entity, condition, reason)
	VALUES (exclude_where.rule, exclude_where.input, coalesce(exclude_where.entity, of_input[1]), exclude_where.condition, exclude_where.reason)
	ON CONFLICT ON CONSTRAINT exclusion_rules_pkey DO UPDATE SET input = excluded.input, entity = excluded.entity, condition = excluded.condition, reason = excluded.reason,
		added_by = current_user, added_at = now();
	PERFORM nudge.refresh_entities();
	RETURN (SELECT count(*) FROM nudge.exclusions x WHERE x.origin = 'rule' AND x.through = exclude_where.rule);
END
$$;

COMMENT ON FUNCTION nudge.exclude_where(text, text, text, text, text) IS
	'Leaves out whomever the rows of an input are about that meet a condition on r, now and at each refresh_entities(); tells how many it leaves out that nothing else does. The same name replaces a rule. Not STRICT: a NULL entity is the first of the input, other NULLs are errors';

CREATE FUNCTION nudge.drop_exclusion_rule(rule text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.exclusion_rules e WHERE e.rule = drop_exclusion_rule.rule;
	IF FOUND THEN
		PERFORM nudge.refresh_entities();
		RETURN true;
	END IF;
	RETURN false;
END
$$;

COMMENT ON FUNCTION nudge.drop_exclusion_rule(text) IS 'Drops a rule, and counts again whom only it has left out: false if there is none of that name';

CREATE FUNCTION nudge.merge_entity(entity text, key text, merged_into text, reason text DEFAULT NULL, merged_at timestamptz DEFAULT now()) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_keys(entity, ARRAY[key, merged_into], true);
	IF NOT coalesce(isfinite(merged_at), false) THEN
		RAISE EXCEPTION 'merged_at must be a time' USING ERRCODE = 'datetime_field_overflow',
			DETAIL = format('It is %s. Attributes of the key end then.', coalesce(merged_at::text, 'null')),
			HINT = 'Leave it out for now.';
	END IF;
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO nudge.entity_merges (entity, key, merged_into, counted_as, merged_at, reason)
	VALUES (merge_entity.entity, merge_entity.key, merge_entity.merged_into, nudge.counted_as(entity, merged_into), merge_entity.merged_at, merge_entity.reason)
	ON CONFLICT ON CONSTRAINT entity_merges_pkey DO UPDATE SET merged_into = excluded.merged_into, counted_as = excluded.counted_as, merged_at = excluded.merged_at, reason = excluded.reason,
		origin = 'hand', added_by = current_user, added_at = now();
	PERFORM nudge.refresh_entities();
	RETURN nudge.counted_as(entity, key);
END
$$;

COMMENT ON FUNCTION nudge.merge_entity(text, text, text, text, timestamptz) IS
	'Counts the rows of a customer or user as those of another, of all times, and returns the key as which they count. Not STRICT: a NULL reason is none, other NULLs are errors';

CREATE FUNCTION nudge.unmerge_entity(entity text, key text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	undone boolean;
BEGIN
	PERFORM nudge.check_keys(entity, ARRAY[key], true);
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.entity_merges m WHERE m.entity = unmerge_entity.entity AND m.key = unmerge_entity.key AND m.origin = 'hand';
	undone := FOUND;
	PERFORM nudge.refresh_entities();
	IF NOT undone AND EXISTS (SELECT FROM nudge.entity_merges m WHERE m.entity = unmerge_entity.entity AND m.key = unmerge_entity.key) THEN
		RAISE EXCEPTION '% "%" stays merged', entity, left(key, 70) USING ERRCODE = 'object_in_use',
			DETAIL = 'The input customer_merges says so.',
			HINT = 'Correct it there, or map its source with a filter that leaves the row out.';
	END IF;
	RETURN undone;
END
$$;

COMMENT ON FUNCTION nudge.unmerge_entity(text, text) IS
	'Undoes merge_entity(): false if the key was not merged; what the input customer_merges says of it holds again, and is an error if nothing else did. Not STRICT: NULLs are errors';

-- How many rows that is ---------------------------------------------------

-- Each row with what it is about: for each entity its key, as whom it counts,
-- and why it is left out.
CREATE FUNCTION nudge.traced_rows(input text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'SELECT v.source_name'
		|| string_agg(format(', v.%1$I AS %2$s_key, m%3$s.counted_as AS %2$s_counted, m%3$s.merged_at AS %2$s_merged_at, coalesce(x%3$s.reason, y%3$s.reason) AS %2$s_reason', c.column_name, c.entity, c.place), '' ORDER BY c.place)
		|| CASE WHEN nudge.is_attribute_input(traced_rows.input) THEN ', coalesce(v.valid_from < m1.merged_at, true) AS is_kept' ELSE format(', NOT coalesce(%s, false) AS is_kept',
			coalesce(min(format('m%s.counted_as IS NOT NULL', c.place)) FILTER (WHERE c.is_key), 'false')) END
		|| ' FROM (' || nudge.source_rows(traced_rows.input) || ') v'
		|| string_agg(format(' LEFT JOIN nudge.entity_merges m%1$s ON m%1$s.entity = %2$L AND m%1$s.key = v.%3$I LEFT JOIN nudge.exclusions x%1$s ON x%1$s.entity = %2$L AND x%1$s.key = v.%3$I'
			|| ' LEFT JOIN nudge.exclusions y%1$s ON y%1$s.entity = %2$L AND y%1$s.key = m%1$s.counted_as', c.place, c.entity, c.column_name), '' ORDER BY c.place)
	FROM nudge.entity_columns(traced_rows.input) c;
END;

COMMENT ON FUNCTION nudge.traced_rows(text) IS 'Works for excluded_rows and merged_rows: the query of all rows of an input with what the lists say of their keys';

CREATE FUNCTION nudge.excluded_rows(input text DEFAULT NULL) RETURNS TABLE (input_name text, source_name text, entity text, reason text, excluded_rows bigint)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.input_query(input, NULL) WHERE input IS NOT NULL;
	FOR input_name IN SELECT DISTINCT s.input FROM nudge.sources s
		WHERE (excluded_rows.input IS NULL OR s.input = excluded_rows.input) AND EXISTS (SELECT FROM nudge.entity_columns(s.input)) ORDER BY 1
	LOOP
		RETURN QUERY EXECUTE (
			SELECT format('SELECT %L::text, t.source_name, w.entity, w.reason, count(*) FROM (%s) t, LATERAL (SELECT CASE %s END AS entity, coalesce(%s) AS reason) w WHERE w.reason IS NOT NULL GROUP BY t.source_name, w.entity, w.reason ORDER BY t.source_name COLLATE "C", w.entity COLLATE "C", w.reason COLLATE "C"',
				input_name, nudge.traced_rows(input_name),
				string_agg(format('WHEN t.%1$s_reason IS NOT NULL THEN %1$L', c.entity), ' ' ORDER BY c.place), string_agg(format('t.%s_reason', c.entity), ', ' ORDER BY c.place))
			FROM nudge.entity_columns(input_name) c);
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.excluded_rows(text) IS
	'How many rows of an input, or of all, are left out, by source, by whom they are about and by the reason; a row is counted once. Not STRICT: a NULL input is all';

CREATE FUNCTION nudge.merged_rows(input text DEFAULT NULL) RETURNS TABLE (input_name text, source_name text, entity text, key text, counted_as text, moved_rows bigint, dropped_rows bigint)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.input_query(merged_rows.input, NULL) WHERE merged_rows.input IS NOT NULL;
	FOR input_name, merged_rows.entity IN SELECT DISTINCT s.input, c.entity FROM nudge.sources s, LATERAL nudge.entity_columns(s.input) c
		WHERE (merged_rows.input IS NULL OR s.input = merged_rows.input) AND c.entity IN ('customer', 'user') ORDER BY 1, 2
	LOOP
		RETURN QUERY EXECUTE (
			SELECT format('SELECT %1$L::text, t.source_name, %2$L::text, t.%2$s_key, t.%2$s_counted, count(*) FILTER (WHERE t.is_kept), count(*) FILTER (WHERE NOT t.is_kept) FROM (%3$s) t WHERE t.%2$s_counted IS NOT NULL AND coalesce(%4$s) IS NULL GROUP BY t.source_name, t.%2$s_key, t.%2$s_counted ORDER BY t.source_name COLLATE "C", t.%2$s_key COLLATE "C"',
				input_name, merged_rows.entity, nudge.traced_rows(input_name), string_agg(format('t.%s_reason', c.entity), ', ' ORDER BY c.place))
			FROM nudge.entity_columns(input_name) c);
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.merged_rows(text) IS
	'How many rows of an input, or of all, count as those of another key, by source and key, and how many are dropped since they say what the key is itself; without rows that are left out. Not STRICT: a NULL input is all';

-- src/inputs/dimensions.sql

/*
 * dimensions.sql
 *		Attributes of customers as they were at a time, or as they are now.
 *
 * Rules: doc/dimensions.md.
 */

-- The rows of one attribute, or of all, known before as_of.
CREATE FUNCTION nudge.dimension_rows(dimension_history regclass, dimension text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, dimension_name text, value text, valid_from timestamptz, valid_to timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT h.customer, h.dimension, h.value, h.valid_from, h.valid_to
			FROM (%s) h
			WHERE ($1 IS NULL OR h.dimension IS NULL OR h.dimension = $1) AND (h.valid_from IS NULL OR coalesce(h.valid_from < $2, true))
		), one AS MATERIALIZED (
			SELECT nudge.check_input('dimension_history', count(*) FILTER (WHERE l.customer IS NULL OR l.dimension IS NULL OR l.value IS NULL OR l.valid_from IS NULL)),
				nudge.check_intervals('dimension_history', count(*) FILTER (WHERE l.valid_to < l.valid_from)) AS checked
			FROM line l
		)
		-- an end that is not before as_of is not known then
		SELECT l.customer, l.dimension, l.value, l.valid_from, CASE WHEN coalesce(l.valid_to < $2, true) THEN l.valid_to END
		FROM one, line l
		ORDER BY l.customer COLLATE "C", l.dimension COLLATE "C", l.valid_from, l.value COLLATE "C", l.valid_to
		$query$, nudge.input_query('dimension_history', dimension_history)) USING dimension, as_of;
END
$$;

COMMENT ON FUNCTION nudge.dimension_rows(regclass, text, timestamptz) IS
	'The rows of dimension_history known before an instant, checked. Not STRICT: a NULL relation has no rows, a NULL dimension is all, a NULL as_of no bound';

CREATE FUNCTION nudge.dimension_spans(dimension_history regclass, dimension text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, dimension_name text, value text, valid_from timestamptz, valid_to timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT r.customer, r.dimension_name, r.value, r.valid_from, coalesce(r.valid_to, 'infinity') AS valid_to
			FROM nudge.dimension_rows(dimension_history, dimension_spans.dimension, as_of) r WHERE coalesce(r.valid_from < r.valid_to, true)
		), edge AS (
			SELECT e.customer, e.dimension_name, e.at AS valid_from, lead(e.at) OVER (PARTITION BY e.customer, e.dimension_name ORDER BY e.at) AS valid_to
			FROM (SELECT l.customer, l.dimension_name, l.valid_from AS at FROM line l UNION SELECT l.customer, l.dimension_name, l.valid_to FROM line l) e
		), piece AS (
			SELECT DISTINCT ON (e.customer, e.dimension_name, e.valid_from) e.customer, e.dimension_name, l.value, e.valid_from, e.valid_to
			FROM edge e JOIN line l ON l.customer = e.customer AND l.dimension_name = e.dimension_name AND l.valid_from <= e.valid_from AND e.valid_from < l.valid_to
			-- of several in force what began last
			ORDER BY e.customer, e.dimension_name, e.valid_from, l.valid_from DESC, l.value COLLATE "C", l.valid_to
		), run AS (
			SELECT p.*, count(*) FILTER (WHERE p.is_new) OVER (PARTITION BY p.customer, p.dimension_name ORDER BY p.valid_from) AS n
			FROM (SELECT q.*, (lag(q.value) OVER same, lag(q.valid_to) OVER same) IS DISTINCT FROM (q.value, q.valid_from) AS is_new
				FROM piece q WINDOW same AS (PARTITION BY q.customer, q.dimension_name ORDER BY q.valid_from)) p
		)
		SELECT r.customer, r.dimension_name, min(r.value), min(r.valid_from), nullif(max(r.valid_to), 'infinity')
		FROM run r GROUP BY r.customer, r.dimension_name, r.n
		ORDER BY r.customer COLLATE "C", r.dimension_name COLLATE "C", min(r.valid_from);
END
$$;

COMMENT ON FUNCTION nudge.dimension_spans(regclass, text, timestamptz) IS
	'The values of an attribute, or of all, as spans that do not overlap: of several in force at once that which began last. What happened at a time is joined to at most one. Not STRICT: a NULL relation has no rows, a NULL dimension is all, a NULL as_of no bound';

CREATE FUNCTION nudge.dimension_at(dimension_history regclass, at timestamptz, dimension text DEFAULT 'segment')
	RETURNS TABLE (customer text, value text, valid_from timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF dimension_at.at IS NULL OR dimension_at.dimension IS NULL THEN
		RAISE EXCEPTION 'at and dimension must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A value is of one attribute, and of one time.',
			HINT = 'Pass now() for the values of now.';
	END IF;
	RETURN QUERY
		SELECT DISTINCT ON (r.customer COLLATE "C") r.customer, r.value, r.valid_from
		FROM nudge.dimension_rows(dimension_history, dimension_at.dimension) r
		WHERE r.valid_from <= dimension_at.at AND coalesce(dimension_at.at < r.valid_to, true)
		ORDER BY r.customer COLLATE "C", r.valid_from DESC, r.value COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.dimension_at(regclass, timestamptz, text) IS
	'The value of an attribute of each customer that has one at an instant. Not STRICT: a NULL relation has no rows, other NULLs are errors';

CREATE FUNCTION nudge.customers_then(customers regclass, dimension_history regclass, at timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, created_at timestamptz, name text, segment text, industry text, company_size text, region text, growth_tier text,
		sales_channel text, owner text, currency text, initial_amount numeric, internal boolean, attributes jsonb)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH known AS (
			-- of each attribute with a history its value then, NULL if it had none
			SELECT s.customer, jsonb_object_agg(s.dimension_name, s.value) AS value
			FROM (SELECT h.customer, h.dimension_name,
					(array_agg(h.value ORDER BY h.valid_from DESC, h.value COLLATE "C") FILTER (WHERE h.valid_from <= $1 AND coalesce($1 < h.valid_to, true)))[1] AS value
				FROM nudge.dimension_rows($2) h GROUP BY h.customer, h.dimension_name) s
			WHERE $1 IS NOT NULL
			GROUP BY s.customer
		)
		SELECT c.customer, c.created_at, c.name, %s, c.currency, c.initial_amount, c.internal,
			CASE WHEN o.value IS NULL THEN c.attributes ELSE nullif(coalesce(c.attributes, '{}') || o.value, '{}') END
		FROM (%s) c LEFT JOIN known t ON t.customer = c.customer
			LEFT JOIN LATERAL (SELECT t.value - '{segment,industry,company_size,region,growth_tier,sales_channel,owner}'::text[] AS value) o ON o.value <> '{}'
		ORDER BY c.customer COLLATE "C"
		$query$,
		(SELECT string_agg(format('CASE WHEN t.value ? %1$L THEN t.value ->> %1$L ELSE c.%1$I END', d), ', ' ORDER BY n)
			FROM unnest('{segment,industry,company_size,region,growth_tier,sales_channel,owner}'::text[]) WITH ORDINALITY u(d, n)),
		nudge.input_query('customers', customers)) USING at, dimension_history;
END
$$;

COMMENT ON FUNCTION nudge.customers_then(regclass, regclass, timestamptz) IS
	'The input customers with attributes as they were at an instant: a view of it gives any report the segments then. An attribute without any history stays as it is. Not STRICT: a NULL relation has no rows, a NULL time is now, as customers has it';

-- src/inputs/presets.sql

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

-- src/inputs/presets_stripe.sql

/*
 * presets_stripe.sql
 *		The presets of Stripe: by the sync engine, and by Fivetran.
 *
 * Rules: doc/presets.md.
 */

-- The decimals that amounts of the API are in.  They are not those of ISO 4217:
-- ISK and UGX have two there, MGA none.

INSERT INTO nudge.shipped_presets (preset, source, input, amount_scale, note, tables, query)
SELECT 'stripe_sync', v.source, v.source, v.scale, v.note, v.tables, v.query
FROM (SELECT jsonb '{"*": 2, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "MGA": 0, "PYG": 0, "RWF": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}' AS stripe) c, LATERAL (VALUES
('customers', NULL::jsonb, 'Stripe by the sync engine. Names and addresses of e-mail are not read', jsonb '{
	"customers": {"id": "text!", "created": "epoch!", "currency": "text", "address": "jsonb", "metadata": "jsonb", "livemode": "boolean"}
}', $query$
SELECT c.id AS customer, c.created AS created_at, upper(c.currency) AS currency, c.address ->> 'country' AS region,
	CASE jsonb_typeof(c.metadata) WHEN 'object' THEN nullif(c.metadata, '{}') END AS attributes
FROM {{customers}} AS c
-- what was deleted before it was copied has nothing but its key
WHERE coalesce(c.livemode, true) AND c.created IS NOT NULL
$query$),
('plans', NULL, 'Recurring prices of Stripe by the sync engine, with their products', '{
	"prices": {"id": "text!", "currency": "text!", "recurring": "jsonb!", "unit_amount": "numeric", "unit_amount_decimal": "text", "product": "text", "nickname": "text", "livemode": "boolean"},
	"products": {"id": "text", "name": "text"}
}', $query$
SELECT p.id AS plan, coalesce(g.name, p.product) AS family, u.unit AS interval_unit, 'plan' AS kind,
	trim_scale(coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount) / u.units *
		CASE WHEN upper(p.currency) IN ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1
			WHEN upper(p.currency) IN ('BHD', 'JOD', 'KWD', 'OMR', 'TND') THEN 0.001 ELSE 0.01 END
	) AS list_price,
	nullif(jsonb_strip_nulls(jsonb_build_object('nickname', p.nickname, 'currency', upper(p.currency))), '{}') AS attributes
FROM {{prices}} AS p
CROSS JOIN LATERAL (SELECT p.recurring ->> 'interval' AS every, coalesce((p.recurring ->> 'interval_count')::integer, 1) AS times) AS r
CROSS JOIN LATERAL (SELECT CASE WHEN r.every = 'month' AND r.times = 3 THEN 'quarter' WHEN r.every = 'month' AND r.times = 12 THEN 'year' ELSE r.every END AS unit,
	CASE WHEN r.every = 'month' AND r.times IN (3, 12) THEN 1 ELSE r.times END AS units) AS u
LEFT JOIN {{products}} AS g ON g.id = p.product
WHERE coalesce(p.livemode, true) AND r.every IS NOT NULL
$query$),
('subscriptions', c.stripe, 'Stripe by the sync engine: what each subscription is now. Earlier prices, quantities and statuses are not there, but for phases of schedules', '{
	"subscriptions": {"id": "text!", "customer": "text!", "status": "text!", "created": "epoch!", "start_date": "epoch", "cancel_at": "epoch", "canceled_at": "epoch", "ended_at": "epoch",
		"cancel_at_period_end": "boolean", "current_period_end": "epoch", "trial_start": "epoch", "trial_end": "epoch", "discount": "jsonb", "pause_collection": "jsonb",
		"default_tax_rates": "jsonb", "livemode": "boolean"},
	"subscription_items": {"id": "text!", "subscription": "text!", "price": "text!", "quantity": "numeric", "created": "epoch", "deleted": "boolean", "current_period_end": "epoch", "tax_rates": "jsonb"},
	"prices": {"id": "text!", "currency": "text!", "recurring": "jsonb!", "unit_amount": "numeric", "unit_amount_decimal": "text", "transform_quantity": "jsonb"},
	"customers": {"id": "text", "discount": "jsonb"},
	"coupons": {"id": "text", "percent_off": "numeric", "amount_off": "numeric", "duration": "text", "duration_in_months": "numeric"},
	"invoices": {"subscription": "text", "status": "text", "created": "epoch"},
	"subscription_schedules": {"subscription": "text", "status": "text", "phases": "jsonb", "current_phase": "jsonb", "end_behavior": "text"}
}', $query$
WITH subs AS NOT MATERIALIZED (
	SELECT s.*, coalesce(s.start_date, s.created) AS begins,
		-- a period that ends is no end of what is renewed
		coalesce(s.ended_at, CASE s.status WHEN 'canceled' THEN s.canceled_at END, s.cancel_at, CASE WHEN s.cancel_at_period_end THEN coalesce(s.current_period_end, e.current_period_end) END) AS ends
	FROM {{subscriptions}} AS s
	LEFT JOIN (SELECT i.subscription, max(i.current_period_end) AS current_period_end FROM {{subscription_items}} AS i WHERE NOT coalesce(i.deleted, false) GROUP BY 1) AS e ON e.subscription = s.id
	WHERE coalesce(s.livemode, true)
), schedules AS NOT MATERIALIZED (
	SELECT h.subscription, h.end_behavior, f.phase, f.place, to_timestamp((f.phase ->> 'start_date')::double precision) AS starts, to_timestamp((f.phase ->> 'end_date')::double precision) AS stops,
		to_timestamp((h.current_phase ->> 'start_date')::double precision) AS present, f.place = jsonb_array_length(h.phases) AS is_last
	FROM {{subscription_schedules}} AS h, jsonb_array_elements(h.phases) WITH ORDINALITY AS f(phase, place)
	WHERE h.status = 'active'
), held AS NOT MATERIALIZED (
	-- what is held now, since the phase of its schedule began and until the next one does
	SELECT s.id AS subscription, i.id AS item, i.price, i.quantity, i.tax_rates,
		greatest(CASE WHEN i.created > s.created + interval '1 hour' THEN i.created ELSE s.begins END, h.begins) AS begins, least(s.ends, h.ends) AS ends,
		s.trial_start AS trial_from, CASE WHEN s.status <> 'trialing' THEN s.trial_end END AS trial_to, true AS present
	FROM subs AS s
	JOIN {{subscription_items}} AS i ON i.subscription = s.id
	LEFT JOIN (SELECT k.subscription, max(k.present) FILTER (WHERE k.starts < k.present) AS begins, min(k.starts) FILTER (WHERE k.starts > k.present) AS ends FROM schedules AS k GROUP BY 1) AS h ON h.subscription = s.id
	WHERE NOT coalesce(i.deleted, false)
	UNION ALL
	-- what was held and will be in the other phases
	SELECT s.id, coalesce(a.id, CASE WHEN b.items = 1 AND jsonb_array_length(h.phase -> 'items') = 1 THEN b.id END, s.id || ':' || x.price),
		x.price, (x.line ->> 'quantity')::numeric, x.line -> 'tax_rates',
		h.starts, least(s.ends, CASE WHEN NOT h.is_last OR h.end_behavior = 'cancel' THEN h.stops END),
		h.starts, to_timestamp((h.phase ->> 'trial_end')::double precision), false
	FROM subs AS s
	JOIN schedules AS h ON h.subscription = s.id
	CROSS JOIN LATERAL (SELECT e.line, CASE jsonb_typeof(e.line -> 'price') WHEN 'object' THEN e.line #>> '{price,id}' ELSE e.line ->> 'price' END AS price FROM jsonb_array_elements(h.phase -> 'items') AS e(line)) AS x
	LEFT JOIN (SELECT k.subscription, k.price, min(k.id) AS id FROM {{subscription_items}} AS k WHERE NOT coalesce(k.deleted, false) GROUP BY 1, 2) AS a ON a.subscription = s.id AND a.price = x.price
	LEFT JOIN (SELECT k.subscription, count(*) AS items, min(k.id) AS id FROM {{subscription_items}} AS k WHERE NOT coalesce(k.deleted, false) GROUP BY 1) AS b ON b.subscription = s.id
	WHERE h.starts <> h.present AND (s.ends IS NULL OR h.starts < s.ends)
), items AS MATERIALIZED (
	SELECT s.customer, h.subscription, h.item, h.price AS plan, h.begins, h.ends, h.trial_from, h.trial_to, h.present,
		CASE WHEN t.percent > 0 THEN a.amount / (1 + t.percent / 100) ELSE a.amount END AS amount,
		p.recurring ->> 'interval' AS interval_unit, coalesce((p.recurring ->> 'interval_count')::integer, 1) AS interval_count,
		CASE WHEN (p.transform_quantity ->> 'divide_by')::numeric > 0 THEN CASE p.transform_quantity ->> 'round'
			WHEN 'up' THEN ceil(h.quantity / (p.transform_quantity ->> 'divide_by')::numeric) ELSE floor(h.quantity / (p.transform_quantity ->> 'divide_by')::numeric) END
			ELSE h.quantity END AS quantity,
		upper(p.currency) AS currency, coalesce(p.recurring ->> 'usage_type' = 'metered', false) AS usage, s.created AS booked_at, NULL AS end_reason
	FROM held AS h
	JOIN subs AS s ON s.id = h.subscription
	LEFT JOIN {{prices}} AS p ON p.id = h.price
	-- what is metered has no amount of its own; another price without one is not known
	CROSS JOIN LATERAL (SELECT coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount, CASE p.recurring ->> 'usage_type' WHEN 'metered' THEN 0 END) AS amount) AS a
	-- tax within the price
	CROSS JOIN LATERAL (
		SELECT sum((e.rate ->> 'percentage')::numeric) AS percent
		FROM jsonb_array_elements(CASE WHEN jsonb_typeof(h.tax_rates) = 'array' AND h.tax_rates <> '[]' THEN h.tax_rates WHEN jsonb_typeof(s.default_tax_rates) = 'array' THEN s.default_tax_rates ELSE '[]' END) AS e(rate)
		WHERE e.rate ->> 'inclusive' = 'true'
	) AS t
), totals AS MATERIALIZED (
	SELECT i.subscription, max(i.interval_count * ('1 ' || i.interval_unit)::interval) AS period, sum(i.amount * coalesce(i.quantity, 1)) FILTER (WHERE NOT i.usage) AS amount
	FROM items AS i WHERE i.present GROUP BY i.subscription
), discounts AS MATERIALIZED (
	SELECT s.id AS subscription, f.starts, coalesce(f.ends, (f.starts AT TIME ZONE 'UTC' + CASE n.duration
			WHEN 'once' THEN t.period
			WHEN 'repeating' THEN n.months * interval '1 month' END) AT TIME ZONE 'UTC') AS ends,
		coalesce(n.percent_off / 100, n.amount_off / nullif(t.amount, 0)) AS share,
		n.duration AS kind
	FROM subs AS s
	LEFT JOIN totals AS t ON t.subscription = s.id
	LEFT JOIN {{customers}} AS c ON c.id = s.customer
	-- one of the subscription takes the place of that of the customer
	CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(s.discount) = 'object' THEN s.discount WHEN jsonb_typeof(c.discount) = 'object' THEN c.discount END AS body) AS b
	CROSS JOIN LATERAL (SELECT to_timestamp((b.body ->> 'start')::double precision) AS starts, to_timestamp((b.body ->> 'end')::double precision) AS ends,
		coalesce(b.body -> 'coupon', b.body #> '{source,coupon}') AS coupon) AS f
	LEFT JOIN {{coupons}} AS k ON k.id = f.coupon #>> '{}'
	CROSS JOIN LATERAL (SELECT coalesce((f.coupon ->> 'percent_off')::numeric, k.percent_off) AS percent_off, coalesce((f.coupon ->> 'amount_off')::numeric, k.amount_off) AS amount_off,
		coalesce(f.coupon ->> 'duration', k.duration) AS duration, coalesce((f.coupon ->> 'duration_in_months')::numeric, k.duration_in_months)::double precision AS months) AS n
	WHERE b.body IS NOT NULL
), statuses AS MATERIALIZED (
	SELECT s.id AS subscription,
		-- of what is owed, since the first invoice that is open after the last that was paid
		CASE WHEN s.status IN ('past_due', 'unpaid') THEN coalesce((SELECT min(o.created) FROM {{invoices}} AS o WHERE o.subscription = s.id AND o.status IN ('open', 'uncollectible')
			AND o.created > coalesce((SELECT max(l.created) FROM {{invoices}} AS l WHERE l.subscription = s.id AND l.status = 'paid'), '-infinity')), '-infinity') ELSE '-infinity' END AS since,
		CASE WHEN s.status IN ('incomplete', 'incomplete_expired', 'unpaid') THEN 'excluded' WHEN s.status = 'past_due' THEN 'at_risk'
			WHEN s.status = 'active' AND jsonb_typeof(s.pause_collection) = 'object' THEN 'paused' WHEN s.status = 'canceled' THEN 'active' ELSE s.status END AS status
	FROM subs AS s
)
, numbered AS MATERIALIZED (
	SELECT row_number() OVER () AS n, i.* FROM items AS i
), pieces AS MATERIALIZED (
	-- an interval for each time at which a trial, a discount or a status begins or ends
	SELECT c.n, c.at AS valid_from, lead(c.at) OVER (PARTITION BY c.n ORDER BY c.at) AS next_at
	FROM (
		SELECT i.n, i.begins AS at FROM numbered AS i
		UNION
		SELECT i.n, i.trial_from FROM numbered AS i WHERE i.trial_from > i.begins AND (i.ends IS NULL OR i.trial_from < i.ends)
		UNION
		SELECT i.n, i.trial_to FROM numbered AS i WHERE i.trial_to > i.begins AND (i.ends IS NULL OR i.trial_to < i.ends)
		UNION
		SELECT i.n, k.at
		FROM numbered AS i
		JOIN (SELECT x.subscription, x.starts AS at FROM discounts AS x UNION SELECT x.subscription, x.ends FROM discounts AS x UNION SELECT x.subscription, x.since FROM statuses AS x) AS k ON k.subscription = i.subscription
		WHERE k.at > i.begins AND (i.ends IS NULL OR k.at < i.ends)
	) AS c
)
SELECT i.customer, i.subscription, i.item, i.plan, p.valid_from, coalesce(p.next_at, i.ends) AS valid_to, i.amount, i.interval_unit, i.interval_count, i.quantity, i.currency,
	d.discount, d.discount_kind,
	CASE WHEN st.status = 'excluded' THEN 'excluded'
		WHEN p.valid_from < i.trial_to AND p.valid_from >= coalesce(i.trial_from, i.begins) THEN 'trialing'
		ELSE coalesce(st.status, 'active') END AS status,
	i.usage, i.booked_at, CASE WHEN p.next_at IS NULL THEN i.end_reason END AS end_reason
FROM numbered AS i
JOIN pieces AS p ON p.n = i.n
-- discounts at one time apply one after the other; the first to end says which kind
LEFT JOIN (
	SELECT x.n, x.valid_from, CASE WHEN bool_or(k.share >= 1) THEN 1 ELSE trim_scale(round(1 - exp(sum(ln(CASE WHEN k.share < 1 THEN 1 - k.share END))), 10)) END AS discount,
		CASE WHEN bool_or(k.kind = 'once') THEN 'once' WHEN bool_or(k.kind = 'repeating') THEN 'repeating' ELSE max(k.kind) END AS discount_kind
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN discounts AS k ON k.subscription = y.subscription
	WHERE x.valid_from >= k.starts AND (k.ends IS NULL OR x.valid_from < k.ends)
	GROUP BY x.n, x.valid_from
) AS d ON d.n = p.n AND d.valid_from = p.valid_from
LEFT JOIN (
	SELECT DISTINCT ON (x.n, x.valid_from) x.n, x.valid_from, k.status
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN statuses AS k ON k.subscription = y.subscription AND k.since <= x.valid_from
	ORDER BY x.n, x.valid_from, k.since DESC
) AS st ON st.n = p.n AND st.valid_from = p.valid_from
$query$),
('payments', c.stripe, 'Charges and refunds of Stripe by the sync engine. What belongs to no customer is not read', '{
	"charges": {"id": "text!", "customer": "text!", "created": "epoch!", "amount": "numeric!", "currency": "text!", "status": "text!", "captured": "boolean", "failure_code": "text",
		"payment_method_details": "jsonb", "livemode": "boolean"},
	"refunds": {"charge": "text", "amount": "numeric", "currency": "text", "created": "epoch", "status": "text"}
}', $query$
SELECT c.customer, c.created AS at, c.amount, upper(c.currency) AS currency, CASE c.status WHEN 'succeeded' THEN 'paid' ELSE 'failed' END AS outcome,
	c.payment_method_details ->> 'type' AS method, CASE c.status WHEN 'failed' THEN c.failure_code END AS failure
FROM {{charges}} AS c
WHERE coalesce(c.livemode, true) AND c.customer IS NOT NULL AND (c.status = 'failed' OR c.status = 'succeeded' AND coalesce(c.captured, true))
UNION ALL
SELECT c.customer, f.created, f.amount, upper(f.currency), 'refunded', c.payment_method_details ->> 'type', NULL
FROM {{refunds}} AS f JOIN {{charges}} AS c ON c.id = f.charge
WHERE coalesce(c.livemode, true) AND c.customer IS NOT NULL AND coalesce(f.status, 'succeeded') = 'succeeded'
$query$)
) v(source, scale, note, tables, query);

-- A connection has subscriptions with their history or, of before 2022, without,
-- and prices or, of before prices, plans.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, amount_scale, note, tables, query)
SELECT 'stripe_fivetran', v.source, n.variant, v.source, 'UTC', v.scale, v.note,
	v.tables || CASE WHEN v.source NOT IN ('subscriptions', 'plans') THEN '{}' WHEN n.variant IN (1, 3) THEN n.price ELSE n.plan END
		|| CASE WHEN v.source <> 'subscriptions' THEN '{}' WHEN n.variant <= 2 THEN jsonb_build_object('subscription_history', n.subscription) ELSE jsonb_build_object('subscription', n.subscription) END,
	CASE WHEN n.variant <= 2 THEN v.query ELSE replace(v.query, '{{subscription_history}}', '{{subscription}}') END
FROM (SELECT s.amount_scale AS stripe FROM nudge.shipped_presets s WHERE s.preset = 'stripe_sync' AND s.source = 'subscriptions') c, LATERAL (VALUES
('customers', 1, NULL::jsonb, 'Stripe by Fivetran. Names and addresses of e-mail are not read', jsonb '{
	"customer": {"id": "text!", "created": "timestamptz!", "currency": "text", "address_country": "text", "metadata": "jsonb", "livemode": "boolean"}
}', $query$
SELECT c.id AS customer, c.created AS created_at, upper(c.currency) AS currency, c.address_country AS region, CASE jsonb_typeof(c.metadata) WHEN 'object' THEN nullif(c.metadata, '{}') END AS attributes
FROM {{customer}} AS c
WHERE coalesce(c.livemode, true) AND c.created IS NOT NULL
$query$),
('plans', 2, NULL, 'Recurring prices or plans of Stripe by Fivetran, with their products', '{
	"product": {"id": "text", "name": "text"}
}', $query$
SELECT p.id AS plan, coalesce(g.name, p.product_id) AS family, u.unit AS interval_unit, 'plan' AS kind, trim_scale(p.amount / u.units *
		CASE WHEN upper(p.currency) IN ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1
			WHEN upper(p.currency) IN ('BHD', 'JOD', 'KWD', 'OMR', 'TND') THEN 0.001 ELSE 0.01 END
	) AS list_price,
	nullif(jsonb_strip_nulls(jsonb_build_object('nickname', p.nickname, 'currency', upper(p.currency))), '{}') AS attributes
FROM (
	SELECT p.id, p.product_id, p.nickname, p.currency, coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount) AS amount, p.recurring_interval AS every, coalesce(p.recurring_interval_count, 1) AS times
	FROM {{price}} AS p WHERE coalesce(p.livemode, true)
	UNION ALL
	SELECT p.id, p.product_id, p.nickname, p.currency, p.amount, p.interval, coalesce(p.interval_count, 1)
	FROM {{plan}} AS p WHERE coalesce(p.livemode, true) AND NOT EXISTS (SELECT FROM {{price}} AS k WHERE k.id = p.id)
) AS p
CROSS JOIN LATERAL (SELECT CASE WHEN p.every = 'month' AND p.times = 3 THEN 'quarter' WHEN p.every = 'month' AND p.times = 12 THEN 'year' ELSE p.every END AS unit,
	CASE WHEN p.every = 'month' AND p.times IN (3, 12) THEN 1 ELSE p.times END AS units) AS u
LEFT JOIN {{product}} AS g ON g.id = p.product_id
WHERE p.every IS NOT NULL
$query$),
('subscriptions', 4, c.stripe, 'Stripe by Fivetran: statuses over time where there is subscription_history, since the connection began; items, prices and quantities as they are now', '{
	"subscription_item": {"id": "text!", "subscription_id": "text!", "plan_id": "text!", "quantity": "numeric", "created": "timestamptz", "current_period_end": "timestamptz", "_fivetran_deleted": "boolean"},
	"coupon": {"id": "text", "percent_off": "numeric", "amount_off": "numeric", "duration": "text", "duration_in_months": "numeric"},
	"discount": {"subscription_id": "text", "coupon_id": "text", "start": "timestamptz", "end": "timestamptz"},
	"subscription_discount": {"subscription_id": "text", "coupon_id": "text", "start": "timestamptz", "end": "timestamptz"},
	"invoice_line_item": {"subscription_item_id": "text", "price_id": "text", "period_start": "timestamptz", "proration": "boolean", "unit_amount_excluding_tax": "text"}
}', $query$
WITH subs AS NOT MATERIALIZED (
	-- the last version; what the system does not have any more ended with it
	SELECT s.*, coalesce(s.start_date, s.created) AS begins,
		coalesce(s.ended_at, CASE s.status WHEN 'canceled' THEN s.canceled_at END, s.cancel_at, CASE WHEN s.cancel_at_period_end THEN coalesce(s.current_period_end, e.current_period_end) END,
			CASE WHEN NOT s._fivetran_active THEN s._fivetran_end + interval '1 millisecond' END) AS ends
	FROM {{subscription_history}} AS s
	LEFT JOIN (SELECT i.subscription_id, max(i.current_period_end) AS current_period_end FROM {{subscription_item}} AS i WHERE NOT coalesce(i._fivetran_deleted, false) GROUP BY 1) AS e ON e.subscription_id = s.id
	WHERE coalesce(s.livemode, true) AND (s._fivetran_start IS NOT NULL OR coalesce(s._fivetran_active, true))
		AND NOT EXISTS (SELECT FROM {{subscription_history}} AS l WHERE l.id = s.id AND l._fivetran_start > s._fivetran_start)
), prices AS NOT MATERIALIZED (
	SELECT p.id, upper(p.currency) AS currency, coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount) AS amount, p.recurring_interval AS interval_unit, coalesce(p.recurring_interval_count, 1)::integer AS interval_count,
		p.recurring_usage_type AS usage_type, p.tax_behavior, p.transform_quantity_divide_by AS divide_by, p.transform_quantity_round AS rounds
	FROM {{price}} AS p
	UNION ALL
	SELECT p.id, upper(p.currency), p.amount, p.interval, coalesce(p.interval_count, 1)::integer, p.usage_type, NULL, p.transform_usage_divide_by, p.transform_usage_round
	FROM {{plan}} AS p WHERE NOT EXISTS (SELECT FROM {{price}} AS k WHERE k.id = p.id)
), items AS MATERIALIZED (
	SELECT s.customer_id AS customer, s.id AS subscription, i.id AS item, i.plan_id AS plan, CASE WHEN i.created > s.created + interval '1 hour' THEN i.created ELSE s.begins END AS begins, s.ends,
		s.trial_start AS trial_from, CASE WHEN s.status <> 'trialing' THEN s.trial_end END AS trial_to,
		-- the tax within a price is known from its invoices only; what is metered has no amount of its own
		CASE WHEN p.tax_behavior = 'inclusive' THEN l.net ELSE coalesce(p.amount, CASE p.usage_type WHEN 'metered' THEN 0 END) END AS amount,
		p.interval_unit, p.interval_count,
		CASE WHEN p.divide_by > 0 THEN CASE p.rounds WHEN 'up' THEN ceil(i.quantity / p.divide_by) ELSE floor(i.quantity / p.divide_by) END ELSE i.quantity END AS quantity,
		p.currency, coalesce(p.usage_type = 'metered', false) AS usage, s.created AS booked_at, NULL AS end_reason
	FROM subs AS s
	JOIN {{subscription_item}} AS i ON i.subscription_id = s.id
	LEFT JOIN prices AS p ON p.id = i.plan_id
	LEFT JOIN (
		SELECT DISTINCT ON (k.subscription_item_id, k.price_id) k.subscription_item_id, k.price_id, k.unit_amount_excluding_tax::numeric AS net
		FROM {{invoice_line_item}} AS k WHERE NOT coalesce(k.proration, false) AND k.unit_amount_excluding_tax <> ''
		ORDER BY k.subscription_item_id, k.price_id, k.period_start DESC, k.unit_amount_excluding_tax
	) AS l ON l.subscription_item_id = i.id AND l.price_id = i.plan_id
	WHERE NOT coalesce(i._fivetran_deleted, false)
), totals AS MATERIALIZED (
	SELECT i.subscription, max(i.interval_count * ('1 ' || i.interval_unit)::interval) AS period, sum(i.amount * coalesce(i.quantity, 1)) FILTER (WHERE NOT i.usage) AS amount
	FROM items AS i GROUP BY i.subscription
), discounts AS MATERIALIZED (
	-- one may stand there for each invoice that it is on, and in the older table too
	SELECT d.subscription_id AS subscription, d.start AS starts, coalesce(d.end_at, (d.start AT TIME ZONE 'UTC' + CASE k.duration
			WHEN 'once' THEN t.period
			WHEN 'repeating' THEN k.duration_in_months::double precision * interval '1 month' END) AT TIME ZONE 'UTC') AS ends,
		coalesce(k.percent_off / 100, k.amount_off / nullif(t.amount, 0)) AS share,
		k.duration AS kind
	FROM (
		SELECT u.subscription_id, u.coupon_id, u.start, max(u."end") AS end_at
		FROM (SELECT a.subscription_id, a.coupon_id, a.start, a."end" FROM {{discount}} AS a UNION ALL SELECT b.subscription_id, b.coupon_id, b.start, b."end" FROM {{subscription_discount}} AS b) AS u
		WHERE u.subscription_id IS NOT NULL AND u.start IS NOT NULL GROUP BY 1, 2, 3
	) AS d
	JOIN {{coupon}} AS k ON k.id = d.coupon_id
	LEFT JOIN totals AS t ON t.subscription = d.subscription_id
), statuses AS MATERIALIZED (
	-- what is first known of a subscription stands for all of its time before
	SELECT v.subscription, CASE WHEN v.before IS NULL THEN '-infinity' ELSE v.since END AS since, v.status
	FROM (
		SELECT m.subscription, m.since, m.status, lag(m.status) OVER (PARTITION BY m.subscription ORDER BY m.since) AS before
		FROM (
			SELECT h.id AS subscription, coalesce(h._fivetran_start, '-infinity') AS since,
				CASE WHEN h.status IN ('incomplete', 'incomplete_expired', 'unpaid') THEN 'excluded' WHEN h.status = 'past_due' THEN 'at_risk'
					WHEN h.status = 'active' AND h.pause_collection_behavior <> '' THEN 'paused' WHEN h.status = 'canceled' THEN 'active' ELSE h.status END AS status
			FROM {{subscription_history}} AS h WHERE h._fivetran_start IS NOT NULL OR coalesce(h._fivetran_active, true)
		) AS m
	) AS v
	WHERE v.status IS DISTINCT FROM v.before
)
, numbered AS MATERIALIZED (
	SELECT row_number() OVER () AS n, i.* FROM items AS i
), pieces AS MATERIALIZED (
	-- an interval for each time at which a trial, a discount or a status begins or ends
	SELECT c.n, c.at AS valid_from, lead(c.at) OVER (PARTITION BY c.n ORDER BY c.at) AS next_at
	FROM (
		SELECT i.n, i.begins AS at FROM numbered AS i
		UNION
		SELECT i.n, i.trial_from FROM numbered AS i WHERE i.trial_from > i.begins AND (i.ends IS NULL OR i.trial_from < i.ends)
		UNION
		SELECT i.n, i.trial_to FROM numbered AS i WHERE i.trial_to > i.begins AND (i.ends IS NULL OR i.trial_to < i.ends)
		UNION
		SELECT i.n, k.at
		FROM numbered AS i
		JOIN (SELECT x.subscription, x.starts AS at FROM discounts AS x UNION SELECT x.subscription, x.ends FROM discounts AS x UNION SELECT x.subscription, x.since FROM statuses AS x) AS k ON k.subscription = i.subscription
		WHERE k.at > i.begins AND (i.ends IS NULL OR k.at < i.ends)
	) AS c
)
SELECT i.customer, i.subscription, i.item, i.plan, p.valid_from, coalesce(p.next_at, i.ends) AS valid_to, i.amount, i.interval_unit, i.interval_count, i.quantity, i.currency,
	d.discount, d.discount_kind,
	CASE WHEN st.status = 'excluded' THEN 'excluded'
		WHEN p.valid_from < i.trial_to AND p.valid_from >= coalesce(i.trial_from, i.begins) THEN 'trialing'
		ELSE coalesce(st.status, 'active') END AS status,
	i.usage, i.booked_at, CASE WHEN p.next_at IS NULL THEN i.end_reason END AS end_reason
FROM numbered AS i
JOIN pieces AS p ON p.n = i.n
-- discounts at one time apply one after the other; the first to end says which kind
LEFT JOIN (
	SELECT x.n, x.valid_from, CASE WHEN bool_or(k.share >= 1) THEN 1 ELSE trim_scale(round(1 - exp(sum(ln(CASE WHEN k.share < 1 THEN 1 - k.share END))), 10)) END AS discount,
		CASE WHEN bool_or(k.kind = 'once') THEN 'once' WHEN bool_or(k.kind = 'repeating') THEN 'repeating' ELSE max(k.kind) END AS discount_kind
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN discounts AS k ON k.subscription = y.subscription
	WHERE x.valid_from >= k.starts AND (k.ends IS NULL OR x.valid_from < k.ends)
	GROUP BY x.n, x.valid_from
) AS d ON d.n = p.n AND d.valid_from = p.valid_from
LEFT JOIN (
	SELECT DISTINCT ON (x.n, x.valid_from) x.n, x.valid_from, k.status
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN statuses AS k ON k.subscription = y.subscription AND k.since <= x.valid_from
	ORDER BY x.n, x.valid_from, k.since DESC
) AS st ON st.n = p.n AND st.valid_from = p.valid_from
$query$),
('payments', 1, c.stripe, 'Charges and refunds of Stripe by Fivetran. What belongs to no customer is not read', '{
	"charge": {"id": "text!", "customer_id": "text!", "created": "timestamptz!", "amount": "numeric!", "currency": "text!", "status": "text!", "captured": "boolean", "failure_code": "text", "payment_method_id": "text", "livemode": "boolean"},
	"payment_method": {"id": "text", "type": "text"},
	"refund": {"charge_id": "text", "amount": "numeric", "currency": "text", "created": "timestamptz", "status": "text"}
}', $query$
SELECT c.customer_id AS customer, c.created AS at, c.amount, upper(c.currency) AS currency, CASE c.status WHEN 'succeeded' THEN 'paid' ELSE 'failed' END AS outcome,
	m.type AS method, CASE c.status WHEN 'failed' THEN c.failure_code END AS failure
FROM {{charge}} AS c LEFT JOIN {{payment_method}} AS m ON m.id = c.payment_method_id
WHERE coalesce(c.livemode, true) AND c.customer_id IS NOT NULL AND (c.status = 'failed' OR c.status = 'succeeded' AND coalesce(c.captured, true))
UNION ALL
SELECT c.customer_id, f.created, f.amount, upper(f.currency), 'refunded', m.type, NULL
FROM {{refund}} AS f JOIN {{charge}} AS c ON c.id = f.charge_id LEFT JOIN {{payment_method}} AS m ON m.id = c.payment_method_id
WHERE coalesce(c.livemode, true) AND c.customer_id IS NOT NULL AND coalesce(f.status, 'succeeded') = 'succeeded'
$query$)
) v(source, variants, scale, note, tables, query)
JOIN (SELECT g AS variant, jsonb '{
		"price": {"id": "text!", "currency": "text!", "recurring_interval": "text!", "recurring_interval_count": "numeric", "recurring_usage_type": "text", "unit_amount": "numeric!", "unit_amount_decimal": "text",
			"tax_behavior": "text", "transform_quantity_divide_by": "numeric", "transform_quantity_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"},
		"plan": {"id": "text", "currency": "text", "interval": "text", "interval_count": "numeric", "usage_type": "text", "amount": "numeric",
			"transform_usage_divide_by": "numeric", "transform_usage_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"}
	}' AS price, jsonb '{
		"price": {"id": "text", "currency": "text", "recurring_interval": "text", "recurring_interval_count": "numeric", "recurring_usage_type": "text", "unit_amount": "numeric", "unit_amount_decimal": "text",
			"tax_behavior": "text", "transform_quantity_divide_by": "numeric", "transform_quantity_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"},
		"plan": {"id": "text!", "currency": "text!", "interval": "text!", "interval_count": "numeric", "usage_type": "text", "amount": "numeric!",
			"transform_usage_divide_by": "numeric", "transform_usage_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"}
	}' AS plan, jsonb '{"id": "text!", "customer_id": "text!", "status": "text!", "created": "timestamptz!", "start_date": "timestamptz", "cancel_at": "timestamptz", "canceled_at": "timestamptz", "ended_at": "timestamptz",
		"cancel_at_period_end": "boolean", "current_period_end": "timestamptz", "trial_start": "timestamptz", "trial_end": "timestamptz", "pause_collection_behavior": "text", "livemode": "boolean",
		"_fivetran_active": "boolean", "_fivetran_start": "timestamptz", "_fivetran_end": "timestamptz"}' AS subscription
	FROM generate_series(1, 4) g) n ON n.variant <= v.variants;

-- src/inputs/presets_billing.sql

/*
 * presets_billing.sql
 *		The presets of other billing systems: Chargebee, Recurly, Kill Bill.
 *
 * Rules: doc/presets.md.
 */

-- Chargebee, whose loaders agree on the columns of the API: those that keep its
-- names have tables in the plural with lists as JSON, Fivetran in the singular.
-- Of the first product catalogue a subscription has one plan and no list.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, amount_scale, note, tables, query)
SELECT 'chargebee', v.source, n.variant, v.source, 'UTC', v.scale, v.note,
	(SELECT jsonb_object_agg(t.key || CASE n.variant WHEN 1 THEN 's' ELSE '' END, t.value) FROM jsonb_each(v.tables) t),
	CASE n.variant WHEN 1 THEN regexp_replace(v.query, '\{\{(\w+)\}\}', '{{\1s}}', 'g') ELSE v.query END
FROM (VALUES
('customers', NULL::jsonb, 'Chargebee, as the loaders that keep the names of its API write it. Names and addresses of e-mail are not read', jsonb '{
	"customer": {"id": "text!", "created_at": "epoch!", "preferred_currency_code": "text", "billing_address": "jsonb", "billing_address_country": "text"}
}', $query$
SELECT c.id AS customer, c.created_at, upper(c.preferred_currency_code) AS currency, coalesce(c.billing_address_country, c.billing_address ->> 'country') AS region
FROM {{customer}} AS c
$query$),
('plans', NULL, 'Item prices of Chargebee of plans and add-ons; of the first product catalogue there are none', '{
	"item_price": {"id": "text!", "item_id": "text", "item_type": "text!", "price": "numeric!", "currency_code": "text!", "period": "numeric!", "period_unit": "text!"}
}', $query$
SELECT p.id AS plan, p.item_id AS family, u.unit AS interval_unit, p.item_type AS kind, nullif(jsonb_strip_nulls(jsonb_build_object('currency', upper(p.currency_code))), '{}') AS attributes,
	trim_scale(p.price / u.units * CASE nudge.source_minor_unit(p.currency_code) WHEN 0 THEN 1 WHEN 3 THEN 0.001 WHEN 4 THEN 0.0001 ELSE 0.01 END) AS list_price
FROM {{item_price}} AS p
CROSS JOIN LATERAL (SELECT CASE WHEN p.period_unit = 'month' AND p.period = 3 THEN 'quarter' WHEN p.period_unit = 'month' AND p.period = 12 THEN 'year' ELSE p.period_unit END AS unit,
	CASE WHEN p.period_unit = 'month' AND p.period IN (3, 12) THEN 1 ELSE p.period END AS units) AS u
WHERE p.item_type IN ('plan', 'addon')
$query$),
('subscriptions', '"iso"', 'Chargebee: what each subscription is now. Earlier plans, quantities, pauses and trials are not there, and neither are taxes within prices', '{
	"subscription": {"id": "text!", "customer_id": "text!", "status": "text!", "currency_code": "text!", "billing_period": "numeric!", "billing_period_unit": "text!", "created_at": "epoch", "start_date": "epoch", "started_at": "epoch",
		"trial_start": "epoch", "trial_end": "epoch", "cancelled_at": "epoch", "cancel_reason": "text", "current_term_end": "epoch", "pause_date": "epoch", "resume_date": "epoch", "due_since": "epoch", "due_invoices_count": "numeric",
		"updated_at": "epoch", "deleted": "boolean", "_fivetran_deleted": "boolean", "subscription_items": "jsonb", "addons": "jsonb", "coupons": "jsonb", "plan_id": "text", "plan_quantity": "numeric", "plan_free_quantity": "numeric", "plan_unit_price": "numeric", "plan_amount": "numeric"},
	"coupon": {"id": "text", "discount_type": "text", "discount_percentage": "numeric", "discount_amount": "numeric", "duration_type": "text", "apply_on": "text"}
}', $query$
WITH subs AS NOT MATERIALIZED (
	SELECT s.*, coalesce(s.started_at, s.start_date, s.created_at) AS begins,
		-- when it is to be cancelled is there before it is; what was deleted ended at the latest with that
		coalesce(s.cancelled_at, CASE s.status WHEN 'non_renewing' THEN s.current_term_end END, CASE WHEN s.deleted OR s._fivetran_deleted THEN s.updated_at END) AS ends
	FROM {{subscription}} AS s
), lines AS MATERIALIZED (
	SELECT s.id AS subscription, e.line ->> 'item_price_id' AS plan, coalesce(e.line ->> 'item_type', 'plan') AS kind, (e.line ->> 'quantity')::numeric AS quantity, (e.line ->> 'free_quantity')::numeric AS free_quantity,
		(e.line ->> 'unit_price')::numeric AS unit_price, (e.line ->> 'amount')::numeric AS amount, e.line ->> 'trial_end' AS trial_end, e.line ->> 'metered_quantity' IS NOT NULL AS metered, (e.line ->> 'billing_period')::numeric AS period, e.line ->> 'billing_period_unit' AS unit
	FROM subs AS s, jsonb_array_elements(CASE jsonb_typeof(s.subscription_items) WHEN 'array' THEN s.subscription_items ELSE '[]' END) AS e(line)
	UNION ALL
	SELECT s.id, s.plan_id, 'plan', s.plan_quantity, s.plan_free_quantity, s.plan_unit_price, s.plan_amount, NULL, false, NULL, NULL
	FROM subs AS s WHERE s.plan_id IS NOT NULL AND (s.subscription_items IS NULL OR s.subscription_items IN ('[]', 'null'))
	UNION ALL
	SELECT s.id, e.line ->> 'id', 'addon', (e.line ->> 'quantity')::numeric, NULL, (e.line ->> 'unit_price')::numeric, (e.line ->> 'amount')::numeric, NULL, false, NULL, NULL
	FROM subs AS s, jsonb_array_elements(CASE jsonb_typeof(s.addons) WHEN 'array' THEN s.addons ELSE '[]' END) AS e(line)
), items AS MATERIALIZED (
	-- an amount that is not quantity times price, as of tiers, stands for all of the quantity
	SELECT s.customer_id AS customer, s.id AS subscription, s.id || ':' || CASE l.kind WHEN 'plan' THEN 'plan' ELSE l.plan END AS item, l.plan, s.begins, s.ends, s.trial_start AS trial_from,
		CASE WHEN s.status <> 'in_trial' THEN coalesce(s.trial_end, CASE WHEN l.trial_end ~ '^[0-9.]+$' THEN to_timestamp(l.trial_end::double precision) ELSE l.trial_end::timestamptz END) END AS trial_to,
		CASE WHEN l.metered THEN coalesce(l.unit_price, 0) WHEN l.amount IS NULL OR l.unit_price * u.units = l.amount THEN l.unit_price ELSE l.amount END AS amount,
		lower(coalesce(l.unit, s.billing_period_unit)) AS interval_unit, coalesce(l.period, s.billing_period, 1)::integer AS interval_count,
		CASE WHEN l.metered THEN NULL WHEN l.amount IS NULL OR l.unit_price * u.units = l.amount THEN u.units ELSE 1 END AS quantity,
		upper(s.currency_code) AS currency, l.metered AS usage, s.created_at AS booked_at,
		CASE WHEN s.cancelled_at IS NOT NULL THEN CASE WHEN s.cancel_reason <> '' THEN 'involuntary' ELSE 'voluntary' END END AS end_reason
	FROM subs AS s
	JOIN lines AS l ON l.subscription = s.id
	CROSS JOIN LATERAL (SELECT greatest(coalesce(l.quantity, 1) - coalesce(l.free_quantity, 0), 0) AS units) AS u
	WHERE l.kind <> 'charge'
), totals AS MATERIALIZED (
	SELECT i.subscription, max(i.interval_count * ('1 ' || i.interval_unit)::interval) AS period, sum(i.amount * coalesce(i.quantity, 1)) FILTER (WHERE NOT i.usage) AS amount
	FROM items AS i GROUP BY i.subscription
), discounts AS MATERIALIZED (
	SELECT s.id AS subscription, s.begins AS starts, coalesce(CASE WHEN e.line ->> 'apply_till' ~ '^[0-9.]+$' THEN to_timestamp((e.line ->> 'apply_till')::double precision) ELSE (e.line ->> 'apply_till')::timestamptz END,
			CASE k.duration_type WHEN 'one_time' THEN (s.begins AT TIME ZONE 'UTC' + s.billing_period::double precision * ('1 ' || s.billing_period_unit)::interval) AT TIME ZONE 'UTC' END) AS ends,
		CASE k.discount_type WHEN 'percentage' THEN k.discount_percentage / 100
			ELSE k.discount_amount / nullif(t.amount, 0) END AS share,
		CASE k.duration_type WHEN 'one_time' THEN 'once' WHEN 'forever' THEN 'forever' ELSE 'repeating' END AS kind
	FROM subs AS s
	LEFT JOIN totals AS t ON t.subscription = s.id
	CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(s.coupons) WHEN 'array' THEN s.coupons ELSE '[]' END) AS e(line)
	JOIN {{coupon}} AS k ON k.id = e.line ->> 'coupon_id'
	WHERE coalesce(k.apply_on, 'invoice_amount') = 'invoice_amount'
), statuses AS MATERIALIZED (
	SELECT s.id AS subscription, '-infinity'::timestamptz AS since, CASE WHEN s.status = 'in_trial' THEN 'trialing' WHEN s.status = 'paused' AND s.pause_date IS NULL THEN 'paused' WHEN s.status = 'transferred' THEN 'excluded'
		WHEN s.status IN ('future', 'active', 'non_renewing', 'cancelled', 'paused') THEN 'active' ELSE s.status END AS status
	FROM subs AS s
	UNION ALL
	SELECT s.id, s.pause_date, 'paused' FROM subs AS s WHERE s.pause_date IS NOT NULL AND s.status IN ('paused', 'active', 'non_renewing')
	UNION ALL
	SELECT s.id, s.resume_date, 'active' FROM subs AS s WHERE s.resume_date > s.pause_date AND s.status IN ('paused', 'active', 'non_renewing')
	UNION ALL
	SELECT s.id, s.due_since, 'at_risk' FROM subs AS s WHERE s.due_since IS NOT NULL AND coalesce(s.due_invoices_count, 1) > 0 AND s.status IN ('active', 'non_renewing')
)
, numbered AS MATERIALIZED (
	SELECT row_number() OVER () AS n, i.* FROM items AS i
), pieces AS MATERIALIZED (
	-- an interval for each time at which a trial, a discount or a status begins or ends
	SELECT c.n, c.at AS valid_from, lead(c.at) OVER (PARTITION BY c.n ORDER BY c.at) AS next_at
	FROM (
		SELECT i.n, i.begins AS at FROM numbered AS i
		UNION
		SELECT i.n, i.trial_from FROM numbered AS i WHERE i.trial_from > i.begins AND (i.ends IS NULL OR i.trial_from < i.ends)
		UNION
		SELECT i.n, i.trial_to FROM numbered AS i WHERE i.trial_to > i.begins AND (i.ends IS NULL OR i.trial_to < i.ends)
		UNION
		SELECT i.n, k.at
		FROM numbered AS i
		JOIN (SELECT x.subscription, x.starts AS at FROM discounts AS x UNION SELECT x.subscription, x.ends FROM discounts AS x UNION SELECT x.subscription, x.since FROM statuses AS x) AS k ON k.subscription = i.subscription
		WHERE k.at > i.begins AND (i.ends IS NULL OR k.at < i.ends)
	) AS c
)
SELECT i.customer, i.subscription, i.item, i.plan, p.valid_from, coalesce(p.next_at, i.ends) AS valid_to, i.amount, i.interval_unit, i.interval_count, i.quantity, i.currency,
	d.discount, d.discount_kind,
	CASE WHEN st.status = 'excluded' THEN 'excluded'
		WHEN p.valid_from < i.trial_to AND p.valid_from >= coalesce(i.trial_from, i.begins) THEN 'trialing'
		ELSE coalesce(st.status, 'active') END AS status,
	i.usage, i.booked_at, CASE WHEN p.next_at IS NULL THEN i.end_reason END AS end_reason
FROM numbered AS i
JOIN pieces AS p ON p.n = i.n
-- discounts at one time apply one after the other; the first to end says which kind
LEFT JOIN (
	SELECT x.n, x.valid_from, CASE WHEN bool_or(k.share >= 1) THEN 1 ELSE trim_scale(round(1 - exp(sum(ln(CASE WHEN k.share < 1 THEN 1 - k.share END))), 10)) END AS discount,
		CASE WHEN bool_or(k.kind = 'once') THEN 'once' WHEN bool_or(k.kind = 'repeating') THEN 'repeating' ELSE max(k.kind) END AS discount_kind
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN discounts AS k ON k.subscription = y.subscription
	WHERE x.valid_from >= k.starts AND (k.ends IS NULL OR x.valid_from < k.ends)
	GROUP BY x.n, x.valid_from
) AS d ON d.n = p.n AND d.valid_from = p.valid_from
LEFT JOIN (
	SELECT DISTINCT ON (x.n, x.valid_from) x.n, x.valid_from, k.status
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN statuses AS k ON k.subscription = y.subscription AND k.since <= x.valid_from
	ORDER BY x.n, x.valid_from, k.since DESC
) AS st ON st.n = p.n AND st.valid_from = p.valid_from
$query$),
('payments', '"iso"', 'Transactions of Chargebee: payments and refunds', '{
	"transaction": {"customer_id": "text!", "date": "epoch!", "amount": "numeric!", "currency_code": "text!", "type": "text!", "status": "text!", "payment_method": "text", "error_code": "text", "deleted": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT t.customer_id AS customer, t.date AS at, t.amount, upper(t.currency_code) AS currency, CASE WHEN t.status <> 'success' THEN 'failed' WHEN t.type = 'refund' THEN 'refunded' ELSE 'paid' END AS outcome,
	t.payment_method AS method, CASE WHEN t.status <> 'success' THEN t.error_code END AS failure
FROM {{transaction}} AS t
WHERE t.customer_id IS NOT NULL AND NOT coalesce(t.deleted, false) AND NOT coalesce(t._fivetran_deleted, false)
	AND (t.type = 'payment' AND t.status IN ('success', 'failure', 'timeout') OR t.type = 'refund' AND t.status = 'success')
$query$)
) v(source, scale, note, tables, query), (VALUES (1), (2)) n(variant);

-- Recurly by Fivetran keeps a row for each change, dated by updated_at, so that
-- prices, quantities and states have a history since the connection began.
INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT 'recurly', v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('customers', 'Accounts of Recurly by Fivetran. Names and addresses of e-mail are not read', jsonb '{
	"account_history": {"id": "text!", "created_at": "timestamptz!", "updated_at": "timestamptz!", "account_country": "text"}
}', $query$
SELECT a.id AS customer, a.created_at, a.account_country AS region
FROM {{account_history}} AS a
WHERE NOT EXISTS (SELECT FROM {{account_history}} AS l WHERE l.id = a.id AND l.updated_at > a.updated_at)
$query$),
('plans', 'Plans of Recurly by Fivetran, with the price in their only currency; without one if they have several', '{
	"plan_history": {"id": "text!", "updated_at": "timestamptz!", "code": "text", "name": "text", "interval_unit": "text!", "interval_length": "numeric!"},
	"plan_currency_history": {"plan_id": "text", "plan_updated_at": "timestamptz", "unit_amount": "numeric"}
}', $query$
SELECT p.id AS plan, coalesce(p.name, p.code) AS family, u.unit AS interval_unit, 'plan' AS kind,
	(SELECT CASE WHEN count(*) = 1 THEN trim_scale(max(c.unit_amount) / u.units) END FROM {{plan_currency_history}} AS c WHERE c.plan_id = p.id AND c.plan_updated_at = p.updated_at) AS list_price,
	nullif(jsonb_strip_nulls(jsonb_build_object('code', p.code)), '{}') AS attributes
FROM {{plan_history}} AS p
CROSS JOIN LATERAL (SELECT CASE WHEN p.interval_unit LIKE 'month%' AND p.interval_length = 3 THEN 'quarter' WHEN p.interval_unit LIKE 'month%' AND p.interval_length = 12 THEN 'year' ELSE rtrim(lower(p.interval_unit), 's') END AS unit,
	CASE WHEN p.interval_unit LIKE 'month%' AND p.interval_length IN (3, 12) THEN 1 ELSE p.interval_length END AS units) AS u
WHERE NOT EXISTS (SELECT FROM {{plan_history}} AS l WHERE l.id = p.id AND l.updated_at > p.updated_at)
$query$),
('subscriptions', 'Recurly by Fivetran: plans, quantities, prices and states over time, since the connection began. Taxes within prices and usage are not there', '{
	"subscription_history": {"id": "text!", "account_id": "text!", "plan_id": "text!", "state": "text!", "created_at": "timestamptz!", "updated_at": "timestamptz!", "activated_at": "timestamptz", "canceled_at": "timestamptz", "expires_at": "timestamptz",
		"trial_started_at": "timestamptz", "trial_ends_at": "timestamptz", "currency": "text!", "unit_amount": "numeric!", "quantity": "numeric", "expiration_reason": "text"},
	"subscription_add_on_history": {"id": "text", "subscription_id": "text", "plan_add_on_id": "text", "quantity": "numeric", "unit_amount": "numeric", "created_at": "timestamptz", "updated_at": "timestamptz", "expired_at": "timestamptz"},
	"plan_history": {"id": "text!", "updated_at": "timestamptz!", "interval_unit": "text!", "interval_length": "numeric!"},
	"coupon_redemption_history": {"id": "text", "account_id": "text", "coupon_id": "text", "created_at": "timestamptz", "updated_at": "timestamptz", "removed_at": "timestamptz"},
	"coupon_discount": {"coupon_id": "text", "type": "text", "percentage": "text", "currency": "text", "amount": "numeric"}
}', $query$
WITH versions AS MATERIALIZED (
	-- what is first known stands for the time before
	SELECT h.*, lag(h.updated_at) OVER w IS NULL AS is_first, lead(h.updated_at) OVER w AS until
	FROM {{subscription_history}} AS h WINDOW w AS (PARTITION BY h.id ORDER BY h.updated_at)
), subs AS MATERIALIZED (
	SELECT v.*, coalesce(v.activated_at, v.created_at) AS begins, v.expires_at AS ends FROM versions AS v WHERE v.until IS NULL
), plans AS MATERIALIZED (
	SELECT p.id, rtrim(lower(p.interval_unit), 's') AS interval_unit, p.interval_length::integer AS interval_count
	FROM {{plan_history}} AS p WHERE NOT EXISTS (SELECT FROM {{plan_history}} AS l WHERE l.id = p.id AND l.updated_at > p.updated_at)
), parts AS MATERIALIZED (
	SELECT v.id AS subscription, v.id AS item, v.plan_id AS plan, v.plan_id AS billed_as, CASE WHEN NOT v.is_first THEN v.updated_at END AS since, v.until, v.unit_amount, v.quantity
	FROM versions AS v
	UNION ALL
	SELECT a.subscription_id, a.id, coalesce(a.plan_add_on_id, a.id), s.plan_id, CASE WHEN lag(a.updated_at) OVER w IS NULL THEN a.created_at ELSE a.updated_at END, least(lead(a.updated_at) OVER w, a.expired_at), a.unit_amount, a.quantity
	FROM {{subscription_add_on_history}} AS a JOIN subs AS s ON s.id = a.subscription_id WINDOW w AS (PARTITION BY a.id ORDER BY a.updated_at)
), items AS MATERIALIZED (
	SELECT s.account_id AS customer, k.subscription, k.item, k.plan, greatest(s.begins, k.since) AS begins, least(s.ends, k.until) AS ends, s.trial_started_at AS trial_from, s.trial_ends_at AS trial_to,
		k.unit_amount AS amount, p.interval_unit, p.interval_count, k.quantity, upper(s.currency) AS currency, false AS usage, s.created_at AS booked_at, k.until IS NULL AS is_last,
		CASE WHEN k.until IS NULL OR k.until >= s.ends THEN CASE WHEN s.expiration_reason LIKE 'nonpayment%' THEN 'involuntary' WHEN s.canceled_at IS NOT NULL OR s.expiration_reason = 'canceled' THEN 'voluntary' END END AS end_reason
	FROM subs AS s
	JOIN parts AS k ON k.subscription = s.id
	LEFT JOIN plans AS p ON p.id = k.billed_as
	WHERE (s.ends IS NULL OR greatest(s.begins, k.since) < s.ends) AND (k.until IS NULL OR k.until > s.begins)
), discounts AS MATERIALIZED (
	SELECT s.id AS subscription, r.created_at AS starts, r.removed_at AS ends,
		CASE d.type WHEN 'percent' THEN nullif(d.percentage, '')::numeric / 100
			ELSE d.amount / nullif(t.amount, 0) END AS share,
		CASE WHEN r.removed_at IS NULL THEN 'forever' ELSE 'repeating' END AS kind
	FROM subs AS s
	LEFT JOIN (SELECT i.customer, i.currency, sum(i.amount * coalesce(i.quantity, 1)) AS amount FROM items AS i WHERE i.is_last GROUP BY 1, 2) AS t ON t.customer = s.account_id AND t.currency = upper(s.currency)
	JOIN {{coupon_redemption_history}} AS r ON r.account_id = s.account_id
	JOIN {{coupon_discount}} AS d ON d.coupon_id = r.coupon_id AND d.type IN ('percent', 'fixed') AND (d.type = 'percent' OR upper(d.currency) = upper(s.currency))
	WHERE NOT EXISTS (SELECT FROM {{coupon_redemption_history}} AS l WHERE l.id = r.id AND l.updated_at > r.updated_at)
), statuses AS MATERIALIZED (
	SELECT v.id AS subscription, CASE WHEN v.is_first THEN '-infinity' ELSE v.updated_at END AS since,
		CASE WHEN v.state IN ('failed', 'pending') THEN 'excluded' WHEN v.state IN ('active', 'canceled', 'expired', 'future') THEN 'active' ELSE v.state END AS status
	FROM versions AS v
)
, numbered AS MATERIALIZED (
	SELECT row_number() OVER () AS n, i.* FROM items AS i
), pieces AS MATERIALIZED (
	-- an interval for each time at which a trial, a discount or a status begins or ends
	SELECT c.n, c.at AS valid_from, lead(c.at) OVER (PARTITION BY c.n ORDER BY c.at) AS next_at
	FROM (
		SELECT i.n, i.begins AS at FROM numbered AS i
		UNION
		SELECT i.n, i.trial_from FROM numbered AS i WHERE i.trial_from > i.begins AND (i.ends IS NULL OR i.trial_from < i.ends)
		UNION
		SELECT i.n, i.trial_to FROM numbered AS i WHERE i.trial_to > i.begins AND (i.ends IS NULL OR i.trial_to < i.ends)
		UNION
		SELECT i.n, k.at
		FROM numbered AS i
		JOIN (SELECT x.subscription, x.starts AS at FROM discounts AS x UNION SELECT x.subscription, x.ends FROM discounts AS x UNION SELECT x.subscription, x.since FROM statuses AS x) AS k ON k.subscription = i.subscription
		WHERE k.at > i.begins AND (i.ends IS NULL OR k.at < i.ends)
	) AS c
)
SELECT i.customer, i.subscription, i.item, i.plan, p.valid_from, coalesce(p.next_at, i.ends) AS valid_to, i.amount, i.interval_unit, i.interval_count, i.quantity, i.currency,
	d.discount, d.discount_kind,
	CASE WHEN st.status = 'excluded' THEN 'excluded'
		WHEN p.valid_from < i.trial_to AND p.valid_from >= coalesce(i.trial_from, i.begins) THEN 'trialing'
		ELSE coalesce(st.status, 'active') END AS status,
	i.usage, i.booked_at, CASE WHEN p.next_at IS NULL THEN i.end_reason END AS end_reason
FROM numbered AS i
JOIN pieces AS p ON p.n = i.n
-- discounts at one time apply one after the other; the first to end says which kind
LEFT JOIN (
	SELECT x.n, x.valid_from, CASE WHEN bool_or(k.share >= 1) THEN 1 ELSE trim_scale(round(1 - exp(sum(ln(CASE WHEN k.share < 1 THEN 1 - k.share END))), 10)) END AS discount,
		CASE WHEN bool_or(k.kind = 'once') THEN 'once' WHEN bool_or(k.kind = 'repeating') THEN 'repeating' ELSE max(k.kind) END AS discount_kind
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN discounts AS k ON k.subscription = y.subscription
	WHERE x.valid_from >= k.starts AND (k.ends IS NULL OR x.valid_from < k.ends)
	GROUP BY x.n, x.valid_from
) AS d ON d.n = p.n AND d.valid_from = p.valid_from
LEFT JOIN (
	SELECT DISTINCT ON (x.n, x.valid_from) x.n, x.valid_from, k.status
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN statuses AS k ON k.subscription = y.subscription AND k.since <= x.valid_from
	ORDER BY x.n, x.valid_from, k.since DESC
) AS st ON st.n = p.n AND st.valid_from = p.valid_from
$query$),
('payments', 'Transactions of Recurly by Fivetran', '{
	"transaction": {"account_id": "text!", "created_at": "timestamptz!", "amount": "numeric!", "currency": "text!", "type": "text!", "success": "boolean!", "voided_at": "timestamptz", "payment_method_object": "text", "status_code": "text"}
}', $query$
SELECT t.account_id AS customer, t.created_at AS at, abs(t.amount) AS amount, upper(t.currency) AS currency, CASE WHEN NOT t.success THEN 'failed' WHEN t.type = 'refund' THEN 'refunded' ELSE 'paid' END AS outcome,
	t.payment_method_object AS method, CASE WHEN NOT t.success THEN t.status_code END AS failure
FROM {{transaction}} AS t
WHERE t.account_id IS NOT NULL AND (t.type IN ('purchase', 'capture') OR t.type = 'refund' AND t.success) AND (t.voided_at IS NULL OR NOT t.success)
$query$)
) v(source, note, tables, query);

-- Kill Bill writes intervals itself.  Its MRR is 0 for what is billed by days or
-- weeks, and rounded to four decimals: the price and the period say it exactly.
INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT 'killbill', v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('customers', 'Accounts of the analytics plugin of Kill Bill; those of the report group test are internal', jsonb '{
	"analytics_accounts": {"account_id": "text!", "created_date": "timestamptz!", "currency": "text", "country": "text", "report_group": "text"}
}', $query$
SELECT a.account_id AS customer, a.created_date AS created_at, upper(a.currency) AS currency, a.country AS region, a.report_group = 'test' AS internal
FROM {{analytics_accounts}} AS a
$query$),
('subscriptions', 'Transitions of the analytics plugin of Kill Bill: plans, phases and prices over time. Discounts are in the price of their phase, what is overdue is not there', '{
	"analytics_subscription_transitions": {"subscription_id": "text!", "account_id": "text!", "bundle_id": "text", "event": "text!", "next_service": "text!", "next_start_date": "timestamptz!", "next_end_date": "timestamptz", "next_slug": "text", "next_product_name": "text!",
		"next_phase": "text", "next_billing_period": "text!", "next_price": "numeric!", "next_currency": "text!", "next_state": "text", "requested_timestamp": "timestamptz", "report_group": "text"}
}', $query$
SELECT t.account_id AS customer, coalesce(t.bundle_id, t.subscription_id) AS subscription, t.subscription_id AS item, coalesce(regexp_replace(t.next_slug, '-(trial|discount|fixedterm|evergreen)$', '', 'i'), t.next_product_name) AS plan,
	t.next_start_date AS valid_from, t.next_end_date AS valid_to, coalesce(t.next_price, 0) AS amount,
	CASE WHEN b.period IN ('DAILY', 'THIRTY_DAYS', 'THIRTY_ONE_DAYS', 'SIXTY_DAYS', 'NINETY_DAYS') THEN 'day' WHEN b.period IN ('WEEKLY', 'BIWEEKLY') THEN 'week'
		WHEN b.period IN ('MONTHLY', 'BIMESTRIAL', 'QUARTERLY', 'TRIANNUAL', 'BIANNUAL', 'SESQUIENNIAL') THEN 'month' WHEN b.period IN ('ANNUAL', 'BIENNIAL', 'TRIENNIAL') THEN 'year'
		WHEN b.period IN ('', 'NO_BILLING_PERIOD') THEN 'none' ELSE lower(b.period) END AS interval_unit,
	CASE b.period WHEN 'THIRTY_DAYS' THEN 30 WHEN 'THIRTY_ONE_DAYS' THEN 31 WHEN 'SIXTY_DAYS' THEN 60 WHEN 'NINETY_DAYS' THEN 90 WHEN 'BIWEEKLY' THEN 2 WHEN 'BIMESTRIAL' THEN 2 WHEN 'QUARTERLY' THEN 3
		WHEN 'TRIANNUAL' THEN 4 WHEN 'BIANNUAL' THEN 6 WHEN 'SESQUIENNIAL' THEN 18 WHEN 'BIENNIAL' THEN 2 WHEN 'TRIENNIAL' THEN 3 ELSE 1 END AS interval_count,
	upper(t.next_currency) AS currency, CASE WHEN t.next_phase = 'TRIAL' THEN 'trialing' WHEN t.next_state = 'BLOCKED' THEN 'excluded' ELSE 'active' END AS status, t.requested_timestamp AS booked_at
FROM {{analytics_subscription_transitions}} AS t
CROSS JOIN LATERAL (SELECT upper(coalesce(t.next_billing_period, '')) AS period) AS b
-- each transition stands there for billing and for blocking too, and reports of its account may be apart
WHERE t.next_service = 'entitlement-service' AND coalesce(t.report_group, 'default') = 'default' AND t.event NOT LIKE 'STOP%' AND t.next_product_name IS NOT NULL AND t.next_start_date IS NOT NULL
$query$),
('payments', 'Purchases and refunds of the analytics plugin of Kill Bill', '{
	"analytics_payment_purchases": {"account_id": "text!", "created_date": "timestamptz!", "amount": "numeric!", "currency": "text!", "payment_transaction_status": "text!", "plugin_pm_type": "text", "plugin_gateway_error_code": "text", "report_group": "text"},
	"analytics_payment_refunds": {"account_id": "text", "created_date": "timestamptz", "amount": "numeric", "currency": "text", "payment_transaction_status": "text", "plugin_pm_type": "text", "report_group": "text"}
}', $query$
SELECT p.account_id AS customer, p.created_date AS at, p.amount, upper(p.currency) AS currency, CASE p.payment_transaction_status WHEN 'SUCCESS' THEN 'paid' ELSE 'failed' END AS outcome, p.plugin_pm_type AS method,
	CASE WHEN p.payment_transaction_status <> 'SUCCESS' THEN p.plugin_gateway_error_code END AS failure
FROM {{analytics_payment_purchases}} AS p
WHERE coalesce(p.report_group, 'default') = 'default' AND p.payment_transaction_status IN ('SUCCESS', 'PAYMENT_FAILURE')
UNION ALL
SELECT r.account_id, r.created_date, r.amount, upper(r.currency), 'refunded', r.plugin_pm_type, NULL
FROM {{analytics_payment_refunds}} AS r
WHERE coalesce(r.report_group, 'default') = 'default' AND r.payment_transaction_status = 'SUCCESS'
$query$)
) v(source, note, tables, query);

-- src/inputs/presets_marketing.sql

/*
 * presets_marketing.sql
 *		The presets of web analytics and of ads: Google Analytics, Google, Facebook
 *		and LinkedIn ads.
 *
 * Rules: doc/presets.md.
 */

-- Google Analytics: as BigQuery exports it, with its lists as JSON, or as the
-- connector of that export flattens it.  One query over either.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, note, tables, query)
SELECT 'google_analytics', v.source, n.variant, v.source, 'UTC', v.note, n.tables, 'WITH hits AS NOT MATERIALIZED (' || n.hits || ')' || v.query
FROM (VALUES
	(1, jsonb '{
		"events": {"event_timestamp": "numeric!", "event_name": "text!", "user_pseudo_id": "text!", "user_id": "text", "event_params": "jsonb!", "collected_traffic_source": "jsonb", "event_value_in_usd": "numeric", "batch_event_index": "numeric"}
	}', $query$
	SELECT timestamptz '1970-01-01 00:00:00+00' + e.event_timestamp::double precision * interval '1 microsecond' AS at, e.event_name AS name, nullif(e.user_id, '') AS user_id, e.user_pseudo_id AS visitor, e.batch_event_index::integer AS place,
		e.event_value_in_usd AS value, p.all_of ->> 'ga_session_id' AS session, p.all_of ->> 'page_location' AS page, p.all_of ->> 'page_referrer' AS referrer, (p.all_of ->> 'engagement_time_msec')::numeric AS engaged,
		coalesce(e.collected_traffic_source ->> 'manual_source', p.all_of ->> 'source') AS source, coalesce(e.collected_traffic_source ->> 'manual_medium', p.all_of ->> 'medium') AS medium,
		coalesce(e.collected_traffic_source ->> 'manual_campaign_name', p.all_of ->> 'campaign') AS campaign, coalesce(e.collected_traffic_source ->> 'gclid', p.all_of ->> 'gclid') AS gclid, p.all_of AS properties
	FROM {{events}} AS e
	CROSS JOIN LATERAL (
		SELECT jsonb_object_agg(k.pair ->> 'key', coalesce(k.pair #>> '{value,string_value}', k.pair #>> '{value,int_value}', k.pair #>> '{value,double_value}', k.pair #>> '{value,float_value}')) AS all_of
		FROM jsonb_array_elements(CASE jsonb_typeof(e.event_params) WHEN 'array' THEN e.event_params ELSE '[]' END) AS k(pair) WHERE k.pair ->> 'key' IS NOT NULL
	) AS p
	$query$),
	(2, '{
		"event": {"timestamp": "timestamptz!", "name": "text!", "user_pseudo_id": "text!", "user_id": "text", "batch_event_index": "numeric", "value_in_usd": "numeric", "param_ga_session_id": "text!", "param_page_location": "text", "param_page_referrer": "text", "param_engagement_time_msec": "numeric",
			"collected_traffic_source_manual_source": "text", "collected_traffic_source_manual_medium": "text", "collected_traffic_source_manual_campaign_name": "text", "collected_traffic_source_gclid": "text", "param_source": "text", "param_medium": "text", "param_campaign": "text", "param_gclid": "text"}
	}', $query$
	SELECT e.timestamp AS at, e.name, nullif(e.user_id, '') AS user_id, e.user_pseudo_id AS visitor, e.batch_event_index::integer AS place, e.value_in_usd AS value, e.param_ga_session_id AS session, e.param_page_location AS page, e.param_page_referrer AS referrer,
		e.param_engagement_time_msec AS engaged, coalesce(e.collected_traffic_source_manual_source, e.param_source) AS source, coalesce(e.collected_traffic_source_manual_medium, e.param_medium) AS medium,
		coalesce(e.collected_traffic_source_manual_campaign_name, e.param_campaign) AS campaign, coalesce(e.collected_traffic_source_gclid, e.param_gclid) AS gclid, NULL::jsonb AS properties
	FROM {{event}} AS e
	$query$)
) n(variant, tables, hits), (VALUES
('events', 'Google Analytics 4, by the export to BigQuery or its connector of Fivetran. What visitors without consent did is not there', $query$
SELECT h.user_id AS "user", h.visitor AS anonymous_id, h.at, h.name, h.engaged::double precision * interval '1 millisecond' AS duration, h.value, h.page, h.visitor || '.' || h.session AS session, h.properties, h.place AS tie_break
FROM hits AS h
$query$),
('touches', 'Sessions of Google Analytics 4: the first source of each, its channel by channel_of', $query$
SELECT s.user_id AS "user", s.visitor AS anonymous_id, s.at, nudge.channel_of(s.source, s.medium, s.campaign, s.referrer, CASE WHEN s.gclid <> '' THEN 'gclid' END) AS channel, s.campaign,
	s.source AS utm_source, s.medium AS utm_medium, s.campaign AS utm_campaign, s.referrer, s.gclid AS click_id, s.visitor || '.' || s.session AS touch
FROM (
	-- what of source, medium and campaign belongs together is of one hit
	SELECT k.visitor, k.session, k.at, k.user_id, k.head ->> 0 AS source, k.head ->> 1 AS medium, k.head ->> 2 AS campaign, k.head ->> 3 AS gclid, k.referrer
	FROM (
		SELECT h.visitor, h.session, min(h.at) AS at, max(h.user_id) AS user_id, (array_agg(h.referrer ORDER BY h.at, h.place))[1] AS referrer,
			(array_agg(jsonb_build_array(h.source, h.medium, h.campaign, h.gclid) ORDER BY h.at, h.place) FILTER (WHERE coalesce(h.source, h.medium, h.campaign, h.gclid) IS NOT NULL))[1] AS head
		FROM hits AS h WHERE h.session IS NOT NULL GROUP BY h.visitor, h.session
	) AS k
) AS s
$query$),
('identities', 'Visitors and users of Google Analytics 4, since the first event that has both', $query$
SELECT h.visitor AS anonymous_id, h.user_id AS "user", min(h.at) AS valid_from
FROM hits AS h WHERE h.user_id IS NOT NULL GROUP BY h.visitor, h.user_id
$query$)
) v(source, note, query);

-- Ads by Fivetran.  Their history tables have a row for each change of a campaign
-- or an account: a join with all of them multiplies the spend.
INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT v.preset, v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('google_ads', 'spend', 'Google Ads by Fivetran, by day of the account, campaign, device and network', jsonb '{
	"campaign_stats": {"id": "text!", "customer_id": "text!", "date": "date!", "cost_micros": "numeric!", "impressions": "numeric", "clicks": "numeric"},
	"campaign_history": {"id": "text!", "name": "text", "advertising_channel_type": "text", "updated_at": "timestamptz!"},
	"account_history": {"id": "text", "currency_code": "text", "updated_at": "timestamptz"}
}', $query$
SELECT s.date AS day, CASE upper(c.advertising_channel_type) WHEN 'DISPLAY' THEN 'display' WHEN 'VIDEO' THEN 'paid_video' WHEN 'SHOPPING' THEN 'paid_shopping' WHEN 'PERFORMANCE_MAX' THEN 'cross_network' WHEN 'DEMAND_GEN' THEN 'cross_network'
		ELSE 'paid_search' END AS channel, s.cost_micros * 0.000001 AS amount, coalesce(a.currency_code, {{currency}}) AS currency, coalesce(c.name, s.id) AS campaign, s.impressions::bigint AS impressions, s.clicks::bigint AS clicks
FROM {{campaign_stats}} AS s
LEFT JOIN LATERAL (SELECT h.name, h.advertising_channel_type FROM {{campaign_history}} AS h WHERE h.id = s.id ORDER BY h.updated_at DESC LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT h.currency_code FROM {{account_history}} AS h WHERE h.id = s.customer_id ORDER BY h.updated_at DESC LIMIT 1) AS a ON true
$query$),
('google_ads', 'campaigns', 'Campaigns of Google Ads by Fivetran, by name', '{
	"campaign_history": {"id": "text!", "name": "text!", "advertising_channel_type": "text", "start_date": "text", "updated_at": "timestamptz!"}
}', $query$
SELECT c.name AS campaign, min(CASE upper(c.advertising_channel_type) WHEN 'DISPLAY' THEN 'display' WHEN 'VIDEO' THEN 'paid_video' WHEN 'SHOPPING' THEN 'paid_shopping' WHEN 'PERFORMANCE_MAX' THEN 'cross_network' WHEN 'DEMAND_GEN' THEN 'cross_network' ELSE 'paid_search' END) AS channel,
	min(to_date(left(c.start_date, 10), 'YYYY-MM-DD')::timestamp) AS started_at
FROM {{campaign_history}} AS c
WHERE c.name IS NOT NULL AND NOT EXISTS (SELECT FROM {{campaign_history}} AS l WHERE l.id = c.id AND l.updated_at > c.updated_at)
GROUP BY c.name
$query$),
('facebook_ads', 'spend', 'Facebook Ads by Fivetran, by day of the account and ad; clicks are those on links', '{
	"basic_ad": {"ad_id": "text!", "date": "date!", "account_id": "text!", "spend": "numeric!", "impressions": "numeric", "inline_link_clicks": "numeric"},
	"ad_history": {"id": "text!", "campaign_id": "text!", "updated_time": "timestamptz!"},
	"campaign_history": {"id": "text!", "name": "text", "updated_time": "timestamptz!"},
	"account_history": {"id": "text", "currency": "text", "_fivetran_synced": "timestamptz"}
}', $query$
SELECT s.date AS day, 'paid_social' AS channel, s.spend AS amount, coalesce(a.currency, {{currency}}) AS currency, coalesce(c.name, d.campaign_id) AS campaign, s.impressions::bigint AS impressions, s.inline_link_clicks::bigint AS clicks
FROM {{basic_ad}} AS s
LEFT JOIN LATERAL (SELECT h.campaign_id FROM {{ad_history}} AS h WHERE h.id = s.ad_id ORDER BY h.updated_time DESC LIMIT 1) AS d ON true
LEFT JOIN LATERAL (SELECT h.name FROM {{campaign_history}} AS h WHERE h.id = d.campaign_id ORDER BY h.updated_time DESC LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT h.currency FROM {{account_history}} AS h WHERE h.id = s.account_id ORDER BY h._fivetran_synced DESC LIMIT 1) AS a ON true
$query$),
('facebook_ads', 'campaigns', 'Campaigns of Facebook Ads by Fivetran, by name', '{
	"campaign_history": {"id": "text!", "name": "text!", "start_time": "timestamptz", "stop_time": "timestamptz", "updated_time": "timestamptz!"}
}', $query$
SELECT c.name AS campaign, 'paid_social' AS channel, min(c.start_time) AS started_at, CASE WHEN count(c.stop_time) = count(*) THEN max(c.stop_time) END AS ended_at
FROM {{campaign_history}} AS c
WHERE c.name IS NOT NULL AND NOT EXISTS (SELECT FROM {{campaign_history}} AS l WHERE l.id = c.id AND l.updated_time > c.updated_time)
GROUP BY c.name
$query$),
('linkedin_ads', 'spend', 'LinkedIn Ads by Fivetran, by day and campaign, in the currency of the account', '{
	"ad_analytics_by_campaign": {"campaign_id": "text!", "day": "date!", "cost_in_local_currency": "numeric!", "impressions": "numeric", "clicks": "numeric"},
	"campaign_history": {"id": "text!", "account_id": "text!", "name": "text", "last_modified_time": "timestamptz!"},
	"account_history": {"id": "text", "currency": "text", "last_modified_time": "timestamptz"}
}', $query$
SELECT s.day, 'paid_social' AS channel, s.cost_in_local_currency AS amount, coalesce(a.currency, {{currency}}) AS currency, coalesce(c.name, s.campaign_id) AS campaign, s.impressions::bigint AS impressions, s.clicks::bigint AS clicks
FROM {{ad_analytics_by_campaign}} AS s
LEFT JOIN LATERAL (SELECT h.name, h.account_id FROM {{campaign_history}} AS h WHERE h.id = s.campaign_id ORDER BY h.last_modified_time DESC LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT h.currency FROM {{account_history}} AS h WHERE h.id = c.account_id ORDER BY h.last_modified_time DESC LIMIT 1) AS a ON true
$query$),
('linkedin_ads', 'campaigns', 'Campaigns of LinkedIn Ads by Fivetran, by name', '{
	"campaign_history": {"id": "text!", "name": "text!", "run_schedule_start": "timestamptz", "run_schedule_end": "timestamptz", "last_modified_time": "timestamptz!"}
}', $query$
SELECT c.name AS campaign, 'paid_social' AS channel, min(c.run_schedule_start) AS started_at, CASE WHEN count(c.run_schedule_end) = count(*) THEN max(c.run_schedule_end) END AS ended_at
FROM {{campaign_history}} AS c
WHERE c.name IS NOT NULL AND NOT EXISTS (SELECT FROM {{campaign_history}} AS l WHERE l.id = c.id AND l.last_modified_time > c.last_modified_time)
GROUP BY c.name
$query$)
) v(preset, source, note, tables, query);

-- src/inputs/presets_accounts.sql

/*
 * presets_accounts.sql
 *		The presets of sales and support: HubSpot, Salesforce, Intercom, Zendesk.
 *
 * Rules: doc/presets.md.
 */

INSERT INTO nudge.shipped_presets (preset, source, input, zone, words, note, tables, query)
SELECT v.preset, v.source, v.source, 'UTC', v.words, v.note, v.tables, v.query
FROM (VALUES
('hubspot', 'customers', NULL::jsonb, 'Companies of HubSpot by Fivetran whose stage of life is customer, or that have none', jsonb '{
	"company": {"id": "text!", "property_createdate": "timestamptz!", "property_name": "text", "property_industry": "text", "property_country": "text", "property_numberofemployees": "text", "property_lifecyclestage": "text",
		"property_hs_lifecyclestage_customer_date": "timestamptz", "property_hubspot_owner_id": "text", "is_deleted": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT c.id AS customer, coalesce(c.property_hs_lifecyclestage_customer_date, c.property_createdate) AS created_at, c.property_name AS name, c.property_industry AS industry, c.property_numberofemployees AS company_size, c.property_country AS region, c.property_hubspot_owner_id AS owner
FROM {{company}} AS c
WHERE NOT coalesce(c.is_deleted, false) AND NOT coalesce(c._fivetran_deleted, false) AND coalesce(lower(c.property_lifecyclestage), 'customer') IN ('customer', 'evangelist')
$query$),
('hubspot', 'deals', NULL, 'Deals of HubSpot by Fivetran. The currency is that of the deal, else the one passed', '{
	"deal": {"deal_id": "text!", "deal_pipeline_stage_id": "text!", "property_createdate": "timestamptz!", "property_amount": "numeric!", "property_closedate": "timestamptz", "property_deal_currency_code": "text", "owner_id": "text", "deal_pipeline_id": "text",
		"property_closed_lost_reason": "text", "property_closed_won_reason": "text", "is_deleted": "boolean", "_fivetran_deleted": "boolean"},
	"deal_pipeline_stage": {"stage_id": "text!", "label": "text", "is_closed": "boolean", "closed_won": "boolean!"},
	"deal_company": {"deal_id": "text", "company_id": "text", "type_id": "numeric"},
	"merged_deal": {"deal_id": "text", "merged_deal_id": "text"}
}', $query$
SELECT d.deal_id AS deal, (SELECT k.company_id FROM {{deal_company}} AS k WHERE k.deal_id = d.deal_id ORDER BY k.type_id IS DISTINCT FROM 5, k.company_id LIMIT 1) AS customer, d.property_createdate AS created_at, coalesce(d.property_amount, 0) AS amount,
	upper(coalesce(d.property_deal_currency_code, {{currency}})) AS currency, coalesce(s.label, d.deal_pipeline_stage_id) AS stage,
	-- the close date of an open deal is when it is expected to close
	CASE WHEN o.is_over THEN greatest(d.property_closedate, d.property_createdate) END AS closed_at, CASE WHEN s.closed_won THEN 'won' WHEN o.is_over THEN 'lost' END AS outcome, d.owner_id AS owner, d.deal_pipeline_id AS team,
	CASE WHEN s.closed_won THEN d.property_closed_won_reason WHEN o.is_over THEN d.property_closed_lost_reason END AS reason, CASE WHEN NOT o.is_over THEN (d.property_closedate AT TIME ZONE {{zone}})::date END AS expected_close
FROM {{deal}} AS d
LEFT JOIN {{deal_pipeline_stage}} AS s ON s.stage_id = d.deal_pipeline_stage_id
CROSS JOIN LATERAL (SELECT coalesce(s.is_closed OR s.closed_won, false) AS is_over) AS o
WHERE NOT coalesce(d.is_deleted, false) AND NOT coalesce(d._fivetran_deleted, false) AND NOT EXISTS (SELECT FROM {{merged_deal}} AS m WHERE m.merged_deal_id = d.deal_id AND m.deal_id <> d.deal_id)
$query$),
('hubspot', 'deal_stages', NULL, 'Stages that deals of HubSpot entered, by Fivetran', '{
	"deal_stage": {"deal_id": "text!", "value": "text!", "date_entered": "timestamptz!"},
	"deal_pipeline_stage": {"stage_id": "text!", "label": "text"}
}', $query$
SELECT DISTINCT h.deal_id AS deal, coalesce(s.label, h.value) AS stage, h.date_entered AS at
FROM {{deal_stage}} AS h LEFT JOIN {{deal_pipeline_stage}} AS s ON s.stage_id = h.value
WHERE h.date_entered IS NOT NULL
$query$),
('hubspot', 'activities', NULL, 'Engagements of HubSpot by Fivetran: calls, mails, meetings, notes and tasks; without an owner they are not read', '{
	"engagement": {"id": "text!", "type": "text!", "timestamp": "timestamptz!", "owner_id": "text!", "active": "boolean", "_fivetran_deleted": "boolean"},
	"engagement_deal": {"engagement_id": "text", "deal_id": "text"}
}', $query$
SELECT e.owner_id AS owner, e.timestamp AS at, lower(e.type) AS kind, (SELECT min(k.deal_id) FROM {{engagement_deal}} AS k WHERE k.engagement_id = e.id) AS deal
FROM {{engagement}} AS e WHERE coalesce(e.active, true) AND NOT coalesce(e._fivetran_deleted, false) AND e.owner_id IS NOT NULL
$query$),
('hubspot', 'leads', NULL, 'Stages of life that contacts of HubSpot entered, by Fivetran', '{
	"contact_property_history": {"contact_id": "text!", "name": "text!", "value": "text!", "timestamp": "timestamptz!"},
	"contact": {"id": "text", "property_hs_analytics_source": "text", "property_associatedcompanyid": "text", "_fivetran_deleted": "boolean"}
}', $query$
SELECT h.contact_id AS lead, CASE WHEN lower(h.value) IN ('customer', 'evangelist') THEN c.property_associatedcompanyid END AS customer, lower(h.value) AS stage, min(h.timestamp) AS at, lower(c.property_hs_analytics_source) AS source
FROM {{contact_property_history}} AS h LEFT JOIN {{contact}} AS c ON c.id = h.contact_id
WHERE h.name = 'lifecyclestage' AND h.value <> '' AND NOT coalesce(c._fivetran_deleted, false)
GROUP BY 1, 2, 3, 5
$query$),
('hubspot', 'tickets', NULL, 'Tickets of HubSpot by Fivetran that belong to a company', '{
	"ticket": {"id": "text!", "property_createdate": "timestamptz!", "property_first_agent_reply_date": "timestamptz", "property_closed_date": "timestamptz", "property_hs_ticket_priority": "text", "property_hs_ticket_category": "text", "property_hubspot_owner_id": "text",
		"is_deleted": "boolean", "_fivetran_deleted": "boolean"},
	"ticket_company": {"ticket_id": "text!", "company_id": "text!"}
}', $query$
SELECT t.id AS ticket, c.company_id AS customer, t.property_createdate AS opened_at, t.property_first_agent_reply_date AS first_response_at, t.property_closed_date AS resolved_at, lower(coalesce(nullif(t.property_hs_ticket_priority, ''), 'none')) AS priority,
	t.property_hs_ticket_category AS category, t.property_hubspot_owner_id AS agent
FROM {{ticket}} AS t CROSS JOIN LATERAL (SELECT min(k.company_id) AS company_id FROM {{ticket_company}} AS k WHERE k.ticket_id = t.id) AS c
WHERE NOT coalesce(t.is_deleted, false) AND NOT coalesce(t._fivetran_deleted, false) AND c.company_id IS NOT NULL
$query$),
('salesforce', 'customers', NULL, 'Accounts of Salesforce by Fivetran whose type says customer, or that have none', '{
	"account": {"id": "text!", "created_date": "timestamptz!", "name": "text", "industry": "text", "type": "text", "number_of_employees": "text", "billing_country": "text", "owner_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT a.id AS customer, a.created_date AS created_at, a.name, a.industry, a.number_of_employees AS company_size, a.billing_country AS region, a.owner_id AS owner
FROM {{account}} AS a
WHERE coalesce(a._fivetran_active, true) AND NOT coalesce(a.is_deleted, false) AND NOT coalesce(a._fivetran_deleted, false) AND coalesce(a.type, 'customer') ILIKE '%customer%'
$query$),
('salesforce', 'deals', NULL, 'Opportunities of Salesforce by Fivetran. The currency is that of the opportunity, else the one passed; one closes at the beginning of its close date', '{
	"opportunity": {"id": "text!", "account_id": "text", "created_date": "timestamptz!", "amount": "numeric!", "currency_iso_code": "text", "stage_name": "text!", "close_date": "date!", "is_closed": "boolean!", "is_won": "boolean!", "owner_id": "text",
		"is_deleted": "boolean", "_fivetran_active": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT o.id AS deal, o.account_id AS customer, o.created_date AS created_at, coalesce(o.amount, 0) AS amount, upper(coalesce(o.currency_iso_code, {{currency}})) AS currency, o.stage_name AS stage,
	CASE WHEN o.is_closed THEN greatest(o.close_date::timestamp AT TIME ZONE {{zone}}, o.created_date) END AS closed_at, CASE WHEN o.is_won THEN 'won' WHEN o.is_closed THEN 'lost' END AS outcome, o.owner_id AS owner,
	CASE WHEN NOT o.is_closed THEN o.close_date END AS expected_close
FROM {{opportunity}} AS o
WHERE coalesce(o._fivetran_active, true) AND NOT coalesce(o.is_deleted, false) AND NOT coalesce(o._fivetran_deleted, false)
$query$),
('salesforce', 'deal_stages', NULL, 'Stages that opportunities of Salesforce entered, by the history object', '{
	"opportunity_history": {"id": "text!", "opportunity_id": "text!", "stage_name": "text!", "created_date": "timestamptz!", "is_deleted": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
-- there is a row for a change of the amount or the close date too
SELECT h.opportunity_id AS deal, h.stage_name AS stage, h.created_date AS at
FROM (SELECT k.*, lag(k.stage_name) OVER (PARTITION BY k.opportunity_id ORDER BY k.created_date, k.id) AS before FROM {{opportunity_history}} AS k WHERE NOT coalesce(k.is_deleted, false) AND NOT coalesce(k._fivetran_deleted, false)) AS h
WHERE h.stage_name IS DISTINCT FROM h.before
$query$),
('salesforce', 'activities', NULL, 'Tasks that are done and events of Salesforce by Fivetran', '{
	"task": {"owner_id": "text!", "created_date": "timestamptz!", "completed_date_time": "timestamptz", "is_closed": "boolean!", "task_subtype": "text", "type": "text", "what_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean"},
	"event": {"owner_id": "text", "created_date": "timestamptz", "start_date_time": "timestamptz", "what_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean"}
}', $query$
SELECT t.owner_id AS owner, coalesce(t.completed_date_time, t.created_date) AS at, lower(coalesce(t.task_subtype, t.type, 'task')) AS kind, CASE WHEN t.what_id LIKE '006%' THEN t.what_id END AS deal
FROM {{task}} AS t WHERE t.is_closed AND coalesce(t._fivetran_active, true) AND NOT coalesce(t.is_deleted, false)
UNION ALL
SELECT e.owner_id, coalesce(e.start_date_time, e.created_date), 'meeting', CASE WHEN e.what_id LIKE '006%' THEN e.what_id END
FROM {{event}} AS e WHERE coalesce(e._fivetran_active, true) AND NOT coalesce(e.is_deleted, false)
$query$),
('salesforce', 'leads', NULL, 'Leads of Salesforce by Fivetran: when they were made and when they were converted; the stages between are not there', '{
	"lead": {"id": "text!", "created_date": "timestamptz!", "lead_source": "text", "is_converted": "boolean!", "converted_date": "timestamptz!", "converted_account_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean"}
}', $query$
SELECT l.id AS lead, CASE s.stage WHEN 'converted' THEN l.converted_account_id END AS customer, s.stage, s.at, l.lead_source AS source
FROM {{lead}} AS l
-- the day of a conversion is not before the lead was made
CROSS JOIN LATERAL (VALUES ('lead', l.created_date), ('converted', CASE WHEN l.is_converted THEN greatest(l.converted_date, l.created_date) END)) AS s(stage, at)
WHERE s.at IS NOT NULL AND coalesce(l._fivetran_active, true) AND NOT coalesce(l.is_deleted, false)
$query$),
('intercom', 'customers', NULL, 'Companies of Intercom by Fivetran, as they are now', '{
	"company_history": {"id": "text!", "created_at": "timestamptz!", "name": "text", "industry": "text", "plan_name": "text", "_fivetran_active": "boolean"}
}', $query$
SELECT c.id AS customer, c.created_at, c.name, c.plan_name AS segment, c.industry
FROM {{company_history}} AS c WHERE coalesce(c._fivetran_active, true)
$query$),
('intercom', 'users', NULL, 'Contacts of Intercom by Fivetran that are users, with one of their companies', '{
	"contact_history": {"id": "text!", "role": "text", "signed_up_at": "timestamptz", "created_at": "timestamptz!", "_fivetran_active": "boolean"},
	"contact_company_history": {"contact_id": "text", "company_id": "text", "_fivetran_active": "boolean"}
}', $query$
SELECT c.id AS "user", (SELECT min(k.company_id) FROM {{contact_company_history}} AS k WHERE k.contact_id = c.id AND coalesce(k._fivetran_active, true)) AS customer, coalesce(c.signed_up_at, c.created_at) AS signed_up_at
FROM {{contact_history}} AS c WHERE coalesce(c._fivetran_active, true) AND coalesce(c.role, 'user') = 'user'
$query$),
('intercom', 'tickets', NULL, 'Conversations of Intercom by Fivetran with contacts of a company. Answers by bots are no answers', '{
	"conversation_history": {"id": "text!", "created_at": "timestamptz!", "state": "text!", "updated_at": "timestamptz", "priority": "text", "source_type": "text", "assignee_id": "text", "conversation_rating_value": "numeric", "_fivetran_active": "boolean"},
	"conversation_contact_history": {"conversation_id": "text!", "contact_id": "text!", "_fivetran_active": "boolean"},
	"contact_company_history": {"contact_id": "text!", "company_id": "text!", "_fivetran_active": "boolean"},
	"conversation_part_history": {"conversation_id": "text!", "author_type": "text!", "part_type": "text!", "created_at": "timestamptz!", "body": "text", "_fivetran_active": "boolean"}
}', $query$
SELECT c.id AS ticket, k.company_id AS customer, c.created_at AS opened_at, p.first_answer AS first_response_at, CASE c.state WHEN 'closed' THEN coalesce(p.last_close, c.updated_at) END AS resolved_at,
	CASE WHEN p.last_open > p.first_close THEN p.last_open END AS reopened_at, lower(coalesce(nullif(c.priority, ''), 'none')) AS priority, c.source_type AS category, c.conversation_rating_value AS csat, (1 + coalesce(p.contacts, 0))::integer AS contacts, c.assignee_id AS agent
FROM {{conversation_history}} AS c
LEFT JOIN (
	SELECT x.conversation_id, min(y.company_id) AS company_id FROM {{conversation_contact_history}} AS x JOIN {{contact_company_history}} AS y ON y.contact_id = x.contact_id
	WHERE coalesce(x._fivetran_active, true) AND coalesce(y._fivetran_active, true) GROUP BY x.conversation_id
) AS k ON k.conversation_id = c.id
LEFT JOIN (
	SELECT h.conversation_id, min(h.created_at) FILTER (WHERE h.author_type = 'admin' AND h.part_type IN ('comment', 'close', 'open') AND coalesce(h.body, '-') <> '') AS first_answer, min(h.created_at) FILTER (WHERE h.part_type = 'close') AS first_close,
		max(h.created_at) FILTER (WHERE h.part_type = 'close') AS last_close, max(h.created_at) FILTER (WHERE h.part_type = 'open') AS last_open,
		count(*) FILTER (WHERE h.author_type IN ('user', 'lead', 'contact') AND h.part_type IN ('comment', 'open')) AS contacts
	FROM {{conversation_part_history}} AS h WHERE coalesce(h._fivetran_active, true) GROUP BY h.conversation_id
) AS p ON p.conversation_id = c.id
WHERE coalesce(c._fivetran_active, true) AND k.company_id IS NOT NULL
$query$),
('zendesk', 'customers', NULL, 'Organizations of Zendesk by Fivetran', '{
	"organization": {"id": "text!", "created_at": "timestamptz!", "name": "text", "_fivetran_deleted": "boolean"}
}', $query$
SELECT o.id AS customer, o.created_at, o.name FROM {{organization}} AS o WHERE NOT coalesce(o._fivetran_deleted, false)
$query$),
('zendesk', 'tickets', NULL, 'Tickets of Zendesk by Fivetran that belong to an organization, of its own or by who asked. The first answer is the first public comment of an agent', '{
	"ticket": {"id": "text!", "requester_id": "text!", "organization_id": "text", "created_at": "timestamptz!", "status": "text!", "priority": "text", "type": "text", "assignee_id": "text", "_fivetran_deleted": "boolean"},
	"user": {"id": "text!", "role": "text!", "organization_id": "text"},
	"ticket_comment": {"ticket_id": "text", "user_id": "text", "created": "timestamptz", "public": "boolean", "_fivetran_deleted": "boolean"},
	"ticket_field_history": {"ticket_id": "text", "field_name": "text", "value": "text", "updated": "timestamptz"}
}', $query$
SELECT t.id AS ticket, coalesce(t.organization_id, r.organization_id) AS customer, t.created_at AS opened_at, c.first_answer AS first_response_at,
	CASE WHEN t.status IN ('solved', 'closed') THEN h.last_solved END AS resolved_at, h.reopened_at, lower(coalesce(nullif(t.priority, ''), 'none')) AS priority, t.type AS category, coalesce(c.contacts, 0)::integer AS contacts, t.assignee_id AS agent
FROM {{ticket}} AS t
LEFT JOIN {{user}} AS r ON r.id = t.requester_id
LEFT JOIN (
	SELECT k.ticket_id, min(k.created) FILTER (WHERE a.role IN ('agent', 'admin') AND k.user_id <> o.requester_id) AS first_answer, count(*) FILTER (WHERE a.role NOT IN ('agent', 'admin')) AS contacts
	FROM {{ticket_comment}} AS k JOIN {{ticket}} AS o ON o.id = k.ticket_id LEFT JOIN {{user}} AS a ON a.id = k.user_id WHERE coalesce(k.public, true) AND NOT coalesce(k._fivetran_deleted, false) GROUP BY k.ticket_id
) AS c ON c.ticket_id = t.id
CROSS JOIN LATERAL (
	-- since it was last not solved: that it is closed after some days is not when it was solved
	SELECT min(s.updated) FILTER (WHERE s.value IN ('solved', 'closed') AND s.updated > coalesce(s.last_other, '-infinity')) AS last_solved, max(s.updated) FILTER (WHERE s.before IN ('solved', 'closed') AND s.value NOT IN ('solved', 'closed', 'deleted')) AS reopened_at
	FROM (SELECT f.value, f.updated, lag(f.value) OVER (ORDER BY f.updated) AS before, max(f.updated) FILTER (WHERE f.value NOT IN ('solved', 'closed')) OVER () AS last_other
		FROM {{ticket_field_history}} AS f WHERE f.ticket_id = t.id AND f.field_name = 'status') AS s
) AS h
WHERE NOT coalesce(t._fivetran_deleted, false) AND t.status <> 'deleted' AND coalesce(t.organization_id, r.organization_id) IS NOT NULL
$query$)
) v(preset, source, words, note, tables, query);

-- src/inputs/presets_product.sql

/*
 * presets_product.sql
 *		The presets of events in the product and of engineering: Segment,
 *		Amplitude, GitHub, PagerDuty.
 *
 * Rules: doc/presets.md.
 */

INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT v.preset, v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('segment', 'events', 'Calls of track of a warehouse of Segment; the time is that corrected for the clock of the device', jsonb '{
	"tracks": {"event": "text!", "event_text": "text", "timestamp": "timestamptz!", "user_id": "text!", "anonymous_id": "text", "context_group_id": "text", "context_page_path": "text", "context_page_url": "text"}
}', $query$
SELECT nullif(t.user_id, '') AS "user", t.anonymous_id, t.context_group_id AS customer, t.timestamp AS at, coalesce(t.event_text, t.event) AS name, coalesce(t.context_page_path, t.context_page_url) AS page
FROM {{tracks}} AS t
$query$),
('segment', 'touches', 'Pages of a warehouse of Segment that were reached from a campaign or from outside; the channel by channel_of', '{
	"pages": {"id": "text!", "timestamp": "timestamptz!", "anonymous_id": "text!", "user_id": "text", "url": "text", "referrer": "text", "context_page_referrer": "text", "context_campaign_source": "text", "context_campaign_medium": "text", "context_campaign_name": "text"}
}', $query$
SELECT nullif(p.user_id, '') AS "user", p.anonymous_id, p.timestamp AS at, nudge.channel_of(p.context_campaign_source, p.context_campaign_medium, p.context_campaign_name, r.referrer, r.click) AS channel, p.context_campaign_name AS campaign,
	p.context_campaign_source AS utm_source, p.context_campaign_medium AS utm_medium, p.context_campaign_name AS utm_campaign, r.referrer, r.click AS click_id, p.id AS touch
FROM {{pages}} AS p
CROSS JOIN LATERAL (SELECT coalesce(p.referrer, p.context_page_referrer) AS referrer, substring(p.url FROM '[?&](gclid|fbclid|msclkid|li_fat_id|ttclid|dclid)=') AS click) AS r
-- a page reached from another of the same host is no contact
WHERE coalesce(p.context_campaign_source, p.context_campaign_medium, p.context_campaign_name, r.click) IS NOT NULL
	OR coalesce(substring(r.referrer FROM '^[a-z]+://([^/:?#]+)'), '-') IS DISTINCT FROM coalesce(substring(p.url FROM '^[a-z]+://([^/:?#]+)'), '')
$query$),
('segment', 'users', 'Users of a warehouse of Segment, since they were first identified', '{
	"identifies": {"user_id": "text!", "timestamp": "timestamptz!"},
	"groups": {"user_id": "text", "group_id": "text", "timestamp": "timestamptz"}
}', $query$
SELECT i.user_id AS "user", (SELECT g.group_id FROM {{groups}} AS g WHERE g.user_id = i.user_id AND g.group_id <> '' ORDER BY g.timestamp DESC, g.group_id LIMIT 1) AS customer, min(i.timestamp) AS signed_up_at
FROM {{identifies}} AS i WHERE i.user_id <> '' GROUP BY i.user_id
$query$),
('segment', 'identities', 'Visitors and users of a warehouse of Segment', '{
	"identifies": {"user_id": "text!", "anonymous_id": "text!", "timestamp": "timestamptz!"}
}', $query$
SELECT i.anonymous_id, i.user_id AS "user", min(i.timestamp) AS valid_from FROM {{identifies}} AS i WHERE i.user_id <> '' AND i.anonymous_id <> '' GROUP BY 1, 2
$query$),
('amplitude', 'events', 'Events of Amplitude by Fivetran; what was sent twice is read once', '{
	"event": {"event_type": "text!", "event_time": "timestamptz!", "user_id": "text", "amplitude_id": "text!", "device_id": "text", "session_id": "text", "event_properties": "jsonb", "_insert_id": "text", "id": "numeric", "server_upload_time": "timestamptz"}
}', $query$
SELECT nullif(e.user_id, '') AS "user", e.amplitude_id AS anonymous_id, e.event_time AS at, e.event_type AS name, CASE WHEN e.session_id <> '-1' THEN e.amplitude_id || '.' || e.session_id END AS session, e.event_properties AS properties
FROM (SELECT k.*, row_number() OVER (PARTITION BY k.amplitude_id, k._insert_id ORDER BY k.server_upload_time, k.event_time) AS place FROM {{event}} AS k) AS e
WHERE e.place = 1 OR e._insert_id IS NULL
$query$),
('amplitude', 'identities', 'Visitors and users of Amplitude by Fivetran', '{
	"event": {"event_time": "timestamptz!", "user_id": "text!", "amplitude_id": "text!"}
}', $query$
SELECT e.amplitude_id AS anonymous_id, e.user_id AS "user", min(e.event_time) AS valid_from FROM {{event}} AS e WHERE e.user_id <> '' GROUP BY 1, 2
$query$),
('github', 'bugs', 'Issues of GitHub by Fivetran with a label that says bug; the severity is that of a label such as severity: high, sev1, P2 or critical', '{
	"issue": {"id": "text!", "created_at": "timestamptz!", "closed_at": "timestamptz", "pull_request": "boolean"},
	"issue_label": {"issue_id": "text!", "label_id": "text!"},
	"label": {"id": "text!", "name": "text!"}
}', $query$
SELECT i.id AS bug, i.created_at AS opened_at, i.closed_at, coalesce(l.severity, 'none') AS severity
FROM {{issue}} AS i
CROSS JOIN LATERAL (
	SELECT bool_or(n.name ~* '(^|[^a-z])(bug|defect)([^a-z]|$)') AS is_bug, min(lower(coalesce(substring(n.name FROM '(?i)^(?:severity|sev|priority|prio)[ :/=_-]+([a-z0-9]+)$'), substring(n.name FROM '(?i)^(sev-?[0-9]|p[0-9]|critical|major|minor|blocker)$')))) AS severity
	FROM {{issue_label}} AS k JOIN {{label}} AS n ON n.id = k.label_id WHERE k.issue_id = i.id
) AS l
WHERE NOT coalesce(i.pull_request, false) AND l.is_bug
$query$),
('github', 'deployments', 'Pull requests of GitHub by Fivetran that were merged into the default branch: a merge is read as a deployment, and that it failed is not known. Leave it out where that is not so', '{
	"issue": {"id": "text!", "created_at": "timestamptz!", "repository_id": "text!"},
	"issue_merged": {"issue_id": "text!", "merged_at": "timestamptz!"},
	"pull_request": {"issue_id": "text!", "base_ref": "text!"},
	"repository": {"id": "text!", "full_name": "text!", "default_branch": "text!"}
}', $query$
SELECT m.merged_at AS at, i.created_at AS change_created_at, r.full_name AS service
FROM {{issue_merged}} AS m
JOIN {{issue}} AS i ON i.id = m.issue_id
JOIN {{pull_request}} AS p ON p.issue_id = i.id
JOIN {{repository}} AS r ON r.id = i.repository_id
WHERE p.base_ref = r.default_branch
$query$)
) v(preset, source, note, tables, query);

-- PagerDuty, by the names of its API: incidents, or with the name of the system.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, note, tables, query)
SELECT 'pagerduty', v.source, n.variant, v.source, 'UTC', v.note, (SELECT jsonb_object_agg(n.prefix || t.key, t.value) FROM jsonb_each(v.tables) t), replace(v.query, '{{', '{{' || n.prefix)
FROM (VALUES
('incidents', 'Incidents of PagerDuty. One begins when it was triggered; the severity is its priority, else its urgency. Whether the service was down is not known: see outage_severities', jsonb '{
	"incidents": {"id": "text!", "created_at": "timestamptz!", "status": "text!", "urgency": "text!", "resolved_at": "timestamptz", "last_status_change_at": "timestamptz", "priority": "jsonb", "service": "jsonb"}
}', $query$
SELECT i.id AS incident, i.created_at AS started_at, CASE i.status WHEN 'resolved' THEN coalesce(i.resolved_at, i.last_status_change_at) END AS ended_at, lower(coalesce(i.priority ->> 'summary', i.priority ->> 'name', i.urgency)) AS severity,
	i.created_at AS detected_at, i.service ->> 'summary' AS service
FROM {{incidents}} AS i
$query$),
('maintenance', 'Maintenance windows of PagerDuty, by service', '{
	"maintenance_windows": {"start_time": "timestamptz!", "end_time": "timestamptz!", "services": "jsonb"}
}', $query$
SELECT w.start_time AS started_at, w.end_time AS ended_at, s.service ->> 'summary' AS service
FROM {{maintenance_windows}} AS w
LEFT JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(w.services) WHEN 'array' THEN w.services ELSE '[]' END) AS s(service) ON true
$query$)
) v(source, note, tables, query), (VALUES (1, ''), (2, 'pagerduty_')) n(variant, prefix);

COMMENT ON FUNCTION nudge.sales_flows(regclass, date, date, regclass, text, text, timestamptz, text, text) IS
	'Works for sales_report: counts and sums by period and group. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE FUNCTION nudge.contract_values(
	contracts regclass,
	start_day date,
	end_day date,
	customers regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	segment text,
	all_segments boolean,
	initial_contracts bigint,
	initial_amount numeric,
	average_initial_value numeric,
	later_contracts bigint,
	later_amount numeric,
	average_later_value numeric,
	customers_in_force bigint,
	initial_annual_amount numeric,
	annual_amount numeric,
	average_initial_annual_value numeric,
	average_annual_value numeric,
	expansion_ratio numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT w.*, s.no, CASE WHEN s.no IS NOT NULL THEN 0 END AS zero
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w LEFT JOIN nudge.begun_spans(start_day, end_day, grain, zone, as_of) s ON s.period = w.period
	), bound AS MATERIALIZED (
		SELECT x.bounds, cardinality(x.bounds) - 1 AS last_no FROM nudge.begun_bounds(start_day, end_day, grain, zone, as_of) x(bounds) WHERE x.bounds IS NOT NULL
	), line AS MATERIALIZED (
		SELECT * FROM nudge.contract_lines(contracts, customers, as_of, contract_values.currency)
	), signed AS (
		SELECT k.no, l.segment, grouping(l.segment) = 1 AS is_total,
			count(*) FILTER (WHERE l.number = 1) AS initials, coalesce(sum(l.amount) FILTER (WHERE l.number = 1), 0) AS initial_amount,
			count(*) FILTER (WHERE l.number > 1) AS laters, coalesce(sum(l.amount) FILTER (WHERE l.number > 1), 0) AS later_amount
		FROM bound b, line l, LATERAL (SELECT width_bucket(l.signed_at, b.bounds) AS no) k
		GROUP BY GROUPING SETS ((k.no, l.segment), (k.no))
	), change AS (
		-- a contract is in force at the ends of the periods from from_no to before to_no
		SELECT l.customer, l.segment, min(l.first_annual_amount) AS initial, e.no, sum(e.step) AS n,
			coalesce(sum(e.step) FILTER (WHERE l.annual_amount IS NULL), 0) AS unknown, coalesce(sum(e.step * l.annual_amount), 0) AS annual
		FROM bound b, line l, LATERAL (SELECT greatest(width_bucket(greatest(l.signed_at, l.starts_at), b.bounds), 1) AS from_no,
				coalesce(width_bucket(l.ends_at, b.bounds), b.last_no + 1) AS to_no) k,
			LATERAL (VALUES (k.from_no, 1), (k.to_no, -1)) e(no, step)
		WHERE k.from_no < k.to_no
		GROUP BY l.customer, l.segment, e.no
	), account AS (
		-- and so is what its customer has, until the next change
		SELECT c.segment, c.initial, c.no, lead(c.no) OVER upto AS next_no, sum(c.n) OVER upto AS n, sum(c.unknown) OVER upto AS unknown, sum(c.annual) OVER upto AS annual
		FROM change c
		WINDOW upto AS (PARTITION BY c.customer ORDER BY c.no)
	), move AS MATERIALIZED (
		SELECT e.no, a.segment, grouping(a.segment) = 1 AS is_total, sum(e.step) AS n, sum(e.step) FILTER (WHERE a.initial IS NULL) AS no_initial, sum(e.step * a.initial) AS initial,
			sum(e.step) FILTER (WHERE a.unknown > 0) AS no_annual, sum(e.step * a.annual) AS annual
		FROM account a, LATERAL (VALUES (a.no, 1), (a.next_no, -1)) e(no, step)
		WHERE a.n > 0
		GROUP BY GROUPING SETS ((e.no, a.segment), (e.no))
	), running AS (
		SELECT s.no, g.segment, g.is_total, sum(m.n) OVER upto AS n, sum(m.no_initial) OVER upto AS no_initial, sum(m.initial) OVER upto AS initial,
			sum(m.no_annual) OVER upto AS no_annual, sum(m.annual) OVER upto AS annual
		FROM span s CROSS JOIN (SELECT DISTINCT m.segment, m.is_total FROM move m) g
		LEFT JOIN move m ON m.no = s.no AND m.is_total = g.is_total AND m.segment IS NOT DISTINCT FROM g.segment
		WHERE s.no IS NOT NULL
		WINDOW upto AS (PARTITION BY g.is_total, g.segment ORDER BY s.no)
	), held AS (
		SELECT r.no, r.segment, r.is_total, r.n::bigint AS n, CASE WHEN coalesce(r.no_initial, 0) = 0 THEN r.initial END AS initial, CASE WHEN coalesce(r.no_annual, 0) = 0 THEN r.annual END AS annual
		FROM running r
		WHERE r.n > 0
	)
	SELECT s.period, g.segment, g.is_total, coalesce(n.initials, s.zero), coalesce(n.initial_amount, s.zero), n.initial_amount / nullif(n.initials, 0),
		coalesce(n.laters, s.zero), coalesce(n.later_amount, s.zero), n.later_amount / nullif(n.laters, 0), coalesce(h.n, s.zero),
		CASE WHEN h.n > 0 THEN h.initial ELSE s.zero END, CASE WHEN h.n > 0 THEN h.annual ELSE s.zero END,
		h.initial / h.n, h.annual / h.n, h.annual / nullif(h.initial, 0), nudge.single_currency(ARRAY(SELECT DISTINCT l.currency FROM line l), contract_values.currency), s.complete
	FROM span s
	CROSS JOIN (SELECT NULL AS segment, true AS is_total UNION SELECT l.segment, false FROM line l WHERE customers IS NOT NULL) g
	LEFT JOIN signed n ON n.no = s.no AND n.is_total = g.is_total AND n.segment IS NOT DISTINCT FROM g.segment
	LEFT JOIN held h ON h.no = s.no AND h.is_total = g.is_total AND h.segment IS NOT DISTINCT FROM g.segment
	ORDER BY s.period, g.is_total, g.segment COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.contract_values(regclass, date, date, regclass, text, text, timestamptz, text) IS
	'First and later contracts signed by period, and what the customers in force at its end pay for a year against their first contract, in all and, with customers, by segment. Not STRICT: NULL customers give the total alone, NULL options have a meaning';

CREATE FUNCTION nudge.check_support_options(counting text, tolerance numeric DEFAULT 0.25) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(counting IN ('opened', 'resolved'), false) THEN
		RAISE EXCEPTION 'tickets cannot be counted as "%"', left(counting, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A ticket counts in the period in which it was opened, or in that in which it was resolved.',
			HINT = 'Pass opened or resolved.';
	ELSIF NOT coalesce(tolerance >= 0 AND tolerance < 'Infinity', false) THEN
		RAISE EXCEPTION 'tolerance must be a number from 0 on' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is how far above its target a ticket may be, as a fraction of it.',
			HINT = 'Pass 0.25 for tickets that exceed it by 25 %.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_support_options(text, numeric) IS
	'An error for options that reports on tickets do not know. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.support_report(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened'
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	tickets_total bigint,
	ticket_share numeric,
	customers_total bigint,
	tickets_per_customer numeric,
	tickets_resolved bigint,
	resolution_rate numeric,
	tickets_reopened bigint,
	tickets_once_resolved bigint,
	reopen_rate numeric,
	tickets_escalated bigint,
	escalation_known bigint,
	escalation_rate numeric,
	tickets_one_touch bigint,
	contacts_known bigint,
	one_touch_rate numeric,
	mean_csat numeric,
	csat_answers bigint,
	tickets_with_problem bigint,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
	knows_reopening constant boolean := nudge.relation_has_column(tickets, 'reopened_at');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans($2, $3, $4, $5, $6)
		), line AS MATERIALIZED (
			SELECT l.* FROM nudge.support_lines($1, $2, $3, $4, $5, $6, $7, $8, $9) l
		), n AS MATERIALIZED (
			SELECT l.period, l.value, grouping(l.value) = 1 AS is_total, count(*) AS total, count(*) FILTER (WHERE l.status = 'resolved') AS resolved,
				count(*) FILTER (WHERE l.was_reopened) AS reopened, count(*) FILTER (WHERE l.was_resolved) AS once_resolved,
				count(*) FILTER (WHERE l.escalated) AS escalated, count(l.escalated) AS escalation_known,
				count(*) FILTER (WHERE l.contacts = 1 AND l.status = 'resolved' AND NOT l.was_reopened) AS one_touch,
				count(l.contacts) FILTER (WHERE l.was_resolved) AS contacts_known, avg(l.csat) AS csat, count(l.csat) AS answers, count(l.problem) AS problems
			FROM line l
			GROUP BY GROUPING SETS ((l.period, l.value), (l.period))
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, c.created_at, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%s) c
			WHERE c.customer IS NOT NULL
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		), joined AS MATERIALIZED (
			SELECT width_bucket(c.created_at, b.bounds) AS no, c.segment, count(*) AS n
			FROM nudge.begun_bounds($2, $3, $4, $5, $6) b(bounds), customer c
			WHERE c.internal IS NOT TRUE AND b.bounds IS NOT NULL
			GROUP BY 1, 2
		), base AS MATERIALIZED (
			-- who is there at the end of each period: whoever has come so far
			SELECT s.period, g.segment, grouping(g.segment) = 1 AS is_total, sum(j.n)::bigint AS n
			FROM span s CROSS JOIN (SELECT DISTINCT j.segment FROM joined j) g
			JOIN joined j ON j.no <= s.no AND j.segment IS NOT DISTINCT FROM g.segment
			GROUP BY GROUPING SETS ((s.period, g.segment), (s.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total
			UNION SELECT n.value, n.is_total FROM n WHERE $7 IS NOT NULL
			UNION SELECT b.segment, b.is_total FROM base b WHERE $7 = 'segment'
		)
		SELECT s.period, g.value, g.is_total, coalesce(n.total, 0), n.total::numeric / w.total, b.n, coalesce(n.total, 0)::numeric / nullif(b.n, 0),
			CASE WHEN $10 THEN coalesce(n.resolved, 0) END, CASE WHEN $10 THEN n.resolved::numeric / n.total END,
			CASE WHEN $11 THEN coalesce(n.reopened, 0) END, CASE WHEN $10 THEN coalesce(n.once_resolved, 0) END,
			CASE WHEN $10 AND $11 THEN n.reopened::numeric / nullif(n.once_resolved, 0) END,
			CASE WHEN $12 THEN coalesce(n.escalated, 0) END, coalesce(n.escalation_known, 0), n.escalated::numeric / nullif(n.escalation_known, 0),
			CASE WHEN $10 AND $13 THEN coalesce(n.one_touch, 0) END, CASE WHEN $10 THEN coalesce(n.contacts_known, 0) END,
			CASE WHEN $10 THEN n.one_touch::numeric / nullif(n.contacts_known, 0) END,
			n.csat, coalesce(n.answers, 0), coalesce(n.problems, 0), s.complete
		FROM span s CROSS JOIN grouped g
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		LEFT JOIN n w ON w.period = s.period AND w.is_total
		LEFT JOIN LATERAL (
			SELECT coalesce(max(b.n), 0) AS n FROM base b
			WHERE b.period = s.period AND b.is_total = ($7 IS DISTINCT FROM 'segment' OR g.is_total) AND (b.is_total OR b.segment IS NOT DISTINCT FROM g.value)
		) b ON $8 IS NOT NULL
		ORDER BY s.period, g.is_total, coalesce(n.total, 0) DESC, g.value COLLATE "C"
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, zone, as_of, "by", customers, counting, knows_resolution, knows_reopening,
			nudge.relation_has_column(tickets, 'escalated'), nudge.relation_has_column(tickets, 'contacts');
END
$$;

COMMENT ON FUNCTION nudge.support_report(regclass, date, date, text, text, timestamptz, text, regclass, text) IS
	'Tickets by period, in all and by a group: how many, per customer, resolved, reopened, escalated, done with one contact, and satisfaction. Not STRICT: a NULL grain is one period, a NULL as_of leaves complete NULL, a NULL by is the total alone, without customers there is no number per customer';

CREATE FUNCTION nudge.support_times(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL,
	tolerance numeric DEFAULT 0.25
) RETURNS TABLE (
	measure text,
	period date,
	value text,
	is_total boolean,
	tickets_done bigint,
	mean_minutes numeric,
	median_minutes numeric,
	p90_minutes numeric,
	mean_working_minutes numeric,
	median_working_minutes numeric,
	p90_working_minutes numeric,
	sla_met bigint,
	sla_breached bigint,
	sla_pending bigint,
	attainment_rate numeric,
	tickets_exceeding bigint,
	exceeding_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 40 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_support_options(counting, tolerance);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), line AS MATERIALIZED (
			SELECT m.no, l.period, l.value, l.minutes[m.no] AS minutes, l.working_minutes[m.no] AS working_minutes, l.sla[m.no] AS sla, l.ratio[m.no] AS ratio
			FROM nudge.support_lines(tickets, start_day, end_day, grain, zone, as_of, "by", customers, counting, support_times.calendar) l, (VALUES (1), (2)) m(no)
		), n AS MATERIALIZED (
			SELECT l.no, l.period, l.value, grouping(l.value) = 1 AS is_total, count(l.minutes) AS done,
				avg(l.minutes) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.minutes::double precision) AS median,
				percentile_cont(0.9) WITHIN GROUP (ORDER BY l.minutes::double precision) AS p90,
				avg(l.working_minutes) AS working_mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.working_minutes::double precision) AS working_median,
				percentile_cont(0.9) WITHIN GROUP (ORDER BY l.working_minutes::double precision) AS working_p90,
				count(*) FILTER (WHERE l.sla = 'met') AS met, count(*) FILTER (WHERE l.sla = 'breached') AS breached, count(*) FILTER (WHERE l.sla = 'pending') AS pending,
				count(*) FILTER (WHERE l.ratio > 1 + tolerance) AS exceeding
			FROM line l
			GROUP BY GROUPING SETS ((l.no, l.period, l.value), (l.no, l.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		)
		SELECT m.measure, s.period, g.value, g.is_total, CASE WHEN m.is_known THEN coalesce(n.done, 0) END, n.mean, n.median::numeric, n.p90::numeric,
			n.working_mean, n.working_median::numeric, n.working_p90::numeric, CASE WHEN m.is_known THEN coalesce(n.met, 0) END, CASE WHEN m.is_known THEN coalesce(n.breached, 0) END,
			CASE WHEN m.is_known THEN coalesce(n.pending, 0) END, n.met::numeric / nullif(n.met + n.breached, 0), CASE WHEN m.is_known THEN coalesce(n.exceeding, 0) END, n.exceeding::numeric / nullif(n.met + n.breached, 0), s.complete
		FROM (VALUES (1, 'first_response', nudge.relation_has_column(tickets, 'first_response_at')),
			(2, 'resolution', nudge.relation_has_column(tickets, 'resolved_at'))) m(no, measure, is_known) CROSS JOIN span s CROSS JOIN grouped g
		LEFT JOIN n ON n.no = m.no AND n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		ORDER BY m.no, s.period, g.is_total, g.value COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.support_times(regclass, date, date, text, text, timestamptz, text, regclass, text, text, numeric) IS
	'How long first responses and resolutions took, in all and in working minutes, and how many met their targets, by period, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of leaves what still waits undecided, a NULL by is the total alone';

CREATE FUNCTION nudge.backlog_stays(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (ticket text, value text, opened_at timestamptz, is_return boolean, from_no integer, to_no integer)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), last AS MATERIALIZED (
			SELECT count(*)::integer AS no FROM span
		), numbered AS (
			-- before the window is 0
			SELECT l.ticket, l.value, l.opened_at, l.reopened_period IS NOT NULL AS returns, coalesce(o.no, 0) AS opened, CASE WHEN l.resolved_period IS NOT NULL THEN coalesce(c.no, 0) END AS resolved,
				coalesce(a.no, 0) AS reopened
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by") l
			LEFT JOIN span o ON o.period = l.opened_period
			LEFT JOIN span c ON c.period = l.resolved_period
			LEFT JOIN span a ON a.period = l.reopened_period
		)
		SELECT n.ticket, n.value, n.opened_at, k.is_return, k.from_no, k.to_no
		FROM last z, numbered n,
			-- it is open at the ends of the periods from one event to before the next
			LATERAL (SELECT false AS is_return, greatest(n.opened, 1) AS from_no, coalesce(n.resolved - 1, z.no) AS to_no
				UNION ALL SELECT true, greatest(n.reopened, 1), z.no WHERE n.returns) k
		WHERE k.from_no <= k.to_no;
END
$$;

COMMENT ON FUNCTION nudge.backlog_stays(regclass, date, date, text, text, timestamptz, text) IS
	'Works for backlog and backlog_ages: at the ends of which periods of begun_spans, by their numbers, each ticket is open. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

CREATE FUNCTION nudge.backlog(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	opening bigint,
	opened bigint,
	reopened bigint,
	resolved bigint,
	closing bigint,
	mean_age_days numeric,
	oldest_age_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
BEGIN
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), n AS MATERIALIZED (
			SELECT e.period, l.value, grouping(l.value) = 1 AS is_total, sum(e.opened) AS opened, sum(e.resolved) AS resolved, sum(e.reopened) AS reopened
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by") l,
				LATERAL (VALUES (l.opened_period, 1, 0, 0), (l.resolved_period, 0, 1, 0), (l.reopened_period, 0, 0, 1)) e(period, opened, resolved, reopened)
			WHERE e.period IS NOT NULL
			GROUP BY GROUPING SETS ((e.period, l.value), (e.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		), stay AS MATERIALIZED (
			SELECT * FROM nudge.backlog_stays(tickets, start_day, end_day, grain, zone, as_of, "by")
		), opening AS MATERIALIZED (
			-- the instants at which those that are open were opened: how many, and their sum
			SELECT e.no, l.value, sum(e.step) AS n, sum(e.step * extract(epoch FROM l.opened_at)) AS opened, min(l.opened_at) FILTER (WHERE e.step > 0 AND l.is_return) AS returned
			FROM stay l, LATERAL (VALUES (l.from_no, 1), (l.to_no + 1, -1)) e(no, step)
			GROUP BY e.no, l.value
		), oldest AS MATERIALIZED (
			-- who comes later was opened later: the oldest is who stays beyond all that came before
			SELECT o.value, k.no, o.opened_at
			FROM (SELECT l.*, coalesce(max(l.to_no) OVER (PARTITION BY l.value ORDER BY l.opened_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS covered
				FROM stay l WHERE NOT l.is_return) o,
				LATERAL generate_series(greatest(o.from_no, o.covered + 1), o.to_no) k(no)
		), cell AS (
			SELECT s.no, g.value, sum(d.n) OVER upto AS n, sum(d.opened) OVER upto AS opened,
				-- those that come back are open ever after
				least(o.opened_at, min(d.returned) OVER upto) AS oldest
			FROM span s CROSS JOIN (SELECT DISTINCT l.value FROM stay l) g
			LEFT JOIN opening d ON d.no = s.no AND d.value IS NOT DISTINCT FROM g.value
			LEFT JOIN oldest o ON o.no = s.no AND o.value IS NOT DISTINCT FROM g.value
			WINDOW upto AS (PARTITION BY g.value ORDER BY s.no)
		), age AS MATERIALIZED (
			SELECT s.period, c.value, grouping(c.value) = 1 AS is_total, (extract(epoch FROM s.known_at) - sum(c.opened) / nullif(sum(c.n), 0)) / 86400 AS mean,
				trim_scale(extract(epoch FROM s.known_at - min(c.oldest)) / 86400) AS oldest
			FROM cell c JOIN span s ON s.no = c.no
			GROUP BY GROUPING SETS ((s.period, s.known_at, c.value), (s.period, s.known_at))
		), moved AS (
			SELECT s.period, s.complete, g.value, g.is_total, coalesce(n.opened, 0) AS opened, coalesce(n.resolved, 0) AS resolved, coalesce(n.reopened, 0) AS reopened
			FROM (SELECT s.period, s.complete FROM span s UNION ALL SELECT '-infinity', NULL) s CROSS JOIN grouped g
			LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		), summed AS (
			SELECT m.*, sum(m.opened + m.reopened - m.resolved) OVER (PARTITION BY m.is_total, m.value ORDER BY m.period) AS closing
			FROM moved m
		)
		SELECT m.period, m.value, m.is_total,
			CASE WHEN knows_resolution THEN (m.closing - m.opened - m.reopened + m.resolved)::bigint END, m.opened::bigint,
			CASE WHEN knows_resolution THEN m.reopened::bigint END, CASE WHEN knows_resolution THEN m.resolved::bigint END,
			CASE WHEN knows_resolution THEN m.closing::bigint END, CASE WHEN knows_resolution THEN a.mean END, CASE WHEN knows_resolution THEN a.oldest END, m.complete
		FROM summed m
		LEFT JOIN age a ON a.period = m.period AND a.is_total = m.is_total AND a.value IS NOT DISTINCT FROM m.value
		WHERE isfinite(m.period)
		ORDER BY m.period, m.is_total, m.value COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.backlog(regclass, date, date, text, text, timestamptz, text) IS
	'Open tickets at the ends of periods, or at as_of: opening + opened + reopened - resolved = closing, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';

CREATE FUNCTION nudge.backlog_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	edges numeric[] DEFAULT '{1,3,7,30}'
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	from_days numeric,
	to_days numeric,
	open_tickets bigint,
	open_share numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
	bounds constant numeric[] := 0 || ARRAY(SELECT e.edge FROM unnest(edges) e(edge));
BEGIN
	PERFORM nudge.check_age_edges(edges);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), class AS MATERIALIZED (
			SELECT b.place, b.day AS from_days, bounds[b.place + 1] AS to_days FROM unnest(bounds) WITH ORDINALITY b(day, place)
		), stay AS MATERIALIZED (
			-- a ticket is in a class at the ends of consecutive periods
			SELECT k.value, k.place, k.from_no, k.to_no FROM (
				SELECT l.value, c.place, greatest(l.from_no, 1 + width_bucket(l.opened_at + make_interval(secs => c.from_days::double precision * 86400) - interval '1 microsecond', e.ends)) AS from_no,
					least(l.to_no, CASE WHEN c.to_days < 1e6 THEN
						width_bucket(l.opened_at + make_interval(secs => c.to_days::double precision * 86400) - interval '1 microsecond', e.ends) END) AS to_no
				FROM (SELECT array_agg(s.known_at ORDER BY s.no) AS ends FROM span s) e,
					nudge.backlog_stays(tickets, start_day, end_day, grain, zone, as_of, "by") l, class c
				WHERE c.from_days < 1e6) k
			WHERE k.from_no <= k.to_no
		), move AS MATERIALIZED (
			SELECT e.no, l.value, grouping(l.value) = 1 AS is_total, l.place, sum(e.step) AS step
			FROM stay l, LATERAL (VALUES (l.from_no, 1), (l.to_no + 1, -1)) e(no, step)
			GROUP BY GROUPING SETS ((e.no, l.value, l.place), (e.no, l.place))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT m.value, m.is_total FROM move m WHERE "by" IS NOT NULL
		), cell AS (
			SELECT s.no, s.period, s.complete, g.value, g.is_total, c.place, c.from_days, c.to_days,
				coalesce(sum(m.step) OVER (PARTITION BY g.is_total, g.value, c.place ORDER BY s.no), 0)::bigint AS n
			FROM span s CROSS JOIN grouped g CROSS JOIN class c
			LEFT JOIN move m ON m.no = s.no AND m.is_total = g.is_total AND m.value IS NOT DISTINCT FROM g.value AND m.place = c.place
		)
		SELECT c.period, c.value, c.is_total, c.from_days, c.to_days, CASE WHEN knows_resolution THEN c.n END,
			CASE WHEN knows_resolution THEN c.n / nullif(sum(c.n) OVER (PARTITION BY c.no, c.is_total, c.value), 0) END, c.complete
		FROM cell c
		ORDER BY c.period, c.is_total, c.value COLLATE "C", c.place;
END
$$;

COMMENT ON FUNCTION nudge.backlog_ages(regclass, date, date, text, text, timestamptz, text, numeric[]) IS
	'Open tickets at the ends of periods, or at as_of, by how long ago they were opened, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';

CREATE FUNCTION nudge.uptime(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	period date,
	period_end date,
	value text,
	is_total boolean,
	total_minutes numeric,
	maintenance_minutes numeric,
	considered_minutes numeric,
	downtime_minutes numeric,
	uptime_share numeric,
	outages bigint,
	longest_outage_minutes numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY
		SELECT t.period, t.period_end, t.service, t.all_services, trim_scale(t.total_seconds / 60), trim_scale(t.maintenance_seconds / 60),
			trim_scale((t.total_seconds - t.maintenance_seconds) / 60), trim_scale(t.down_seconds / 60),
			(t.total_seconds - t.maintenance_seconds - t.down_seconds) / nullif(t.total_seconds - t.maintenance_seconds, 0), o.stretches, trim_scale(o.longest / 60), t.complete
		FROM nudge.downtime_by_period(incidents, maintenance, start_day, end_day, grain, zone, as_of, by, services, outage_severities) t,
			LATERAL (SELECT count(*) AS stretches, max(extract(epoch FROM upper(u.span) - lower(u.span))) AS longest FROM unnest(t.down) u(span)) o
		ORDER BY t.period, t.all_services, t.service COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.uptime(regclass, regclass, date, date, text, text, timestamptz, text, text[], text[]) IS
	'The share of time without an outage, maintenance left out, by period: of all services together, which are down if one is, and with by service of each. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.downtime_intervals(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	value text,
	is_total boolean,
	started_at timestamptz,
	ended_at timestamptz,
	minutes numeric,
	is_open boolean,
	incident_keys text[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	until_at timestamptz;
BEGIN
	SELECT w.until_at INTO until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	PERFORM nudge.check_by(by, '{service}');
	RETURN QUERY
		WITH d AS MATERIALIZED (
			SELECT * FROM nudge.service_downtime(incidents, maintenance, start_day, end_day, zone, as_of, services, outage_severities)
		), stretch AS MATERIALIZED (
			SELECT d.service, d.all_services, u.span, row_number() OVER (PARTITION BY d.all_services, d.service ORDER BY lower(u.span)) AS no
			FROM d, unnest(d.down) u(span)
		), edge AS MATERIALIZED (
			SELECT s.service, s.all_services, array_agg(lower(s.span) ORDER BY s.no) AS lowers, array_agg(upper(s.span) ORDER BY s.no) AS uppers
			FROM stretch s
			GROUP BY s.service, s.all_services
		), line AS MATERIALIZED (
			SELECT i.incident, i.service, i.is_open, i.started_at, least(i.ended_at, until_at) AS ended_at
			FROM nudge.incident_lines(incidents, start_day, end_day, zone, as_of, services, outage_severities) i
			WHERE i.is_outage
		), piece AS MATERIALIZED (
			-- the stretches of a service, and of all for what hit all, with which an incident overlaps
			SELECT e.service, e.all_services, n.no, e.lowers[n.no] AS began_at, l.incident, l.is_open AND e.uppers[n.no] = until_at AS is_open
			FROM edge e
			-- OFFSET 0 has the few long arrays outside of the loop, where they are not copied for each row
			CROSS JOIN LATERAL (SELECT * FROM line l WHERE (l.service IS NULL OR l.service = e.service) AND l.started_at < l.ended_at OFFSET 0) l,
				LATERAL generate_series(width_bucket(l.started_at, e.uppers)::bigint + 1, width_bucket(l.ended_at, e.lowers)::bigint) n(no)
			WHERE e.lowers[n.no] < l.ended_at
		), mine AS (
			SELECT p.service, p.all_services, p.no, p.incident, p.is_open FROM piece p
			UNION ALL
			-- each stretch of a service lies in one of all
			SELECT NULL, true, width_bucket(p.began_at, e.lowers), p.incident, p.is_open
			FROM edge e CROSS JOIN LATERAL (SELECT * FROM piece p WHERE NOT p.all_services AND e.all_services OFFSET 0) p
		), behind AS (
			SELECT p.service, p.all_services, p.no, bool_or(p.is_open) AS is_open,
				array_agg(DISTINCT p.incident COLLATE "C" ORDER BY p.incident COLLATE "C") FILTER (WHERE p.incident IS NOT NULL) AS incident_keys
			FROM mine p
			GROUP BY p.service, p.all_services, p.no
		)
		SELECT s.service, s.all_services, lower(s.span), upper(s.span), trim_scale(extract(epoch FROM upper(s.span) - lower(s.span)) / 60), b.is_open, b.incident_keys
		FROM stretch s
		JOIN behind b ON b.all_services = s.all_services AND b.service IS NOT DISTINCT FROM s.service AND b.no = s.no
		WHERE s.all_services OR by IS NOT NULL
		ORDER BY s.all_services, s.service COLLATE "C", lower(s.span);
END
$$;

COMMENT ON FUNCTION nudge.downtime_intervals(regclass, regclass, date, date, text, timestamptz, text, text[], text[]) IS
	'The stretches of downtime that uptime adds up, each with the incidents behind it. Not STRICT: NULL options have a meaning';

-- The query of both functions below: $1 and $2 are the window, $3 the threshold
-- of latency, $4 the endpoints.
CREATE FUNCTION nudge.judged_request_query(requests regclass) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format($query$
		SELECT i.at, i.endpoint, i.duration_ms, coalesce(i.count, 1) AS count, i.error,
			CASE WHEN i.error THEN true WHEN $3 IS NOT NULL THEN i.duration_ms > $3 ELSE i.error END AS is_bad,
			NOT coalesce(isfinite(i.at) AND abs(i.duration_ms) < 'Infinity', false) AS is_incomplete,
			coalesce(i.duration_ms < 0 OR i.count < 0, false) AS is_negative
		FROM (%s) i
		-- parts of page loads are no requests, as in latency_report
		WHERE (i.at IS NULL OR i.at >= $1 AND i.at < $2) AND ($4 IS NULL OR i.endpoint = ANY ($4)) AND i.part IS NULL
	$query$, nudge.input_query('requests', requests));
END
$$;

COMMENT ON FUNCTION nudge.judged_request_query(regclass) IS
	'Works for request_lines and request_counts: the query over requests. Not STRICT: NULL requests are none';

CREATE FUNCTION nudge.error_rates(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	value text,
	is_total boolean,
	events numeric,
	bad_events numeric,
	unknown_events numeric,
	error_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	until_at timestamptz;
BEGIN
	SELECT w.until_at INTO until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	PERFORM nudge.check_by(by, '{endpoint}');
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), cell AS MATERIALIZED (
			SELECT c.no, c.endpoint, grouping(c.endpoint) = 1 AS all_endpoints, sum(c.events) AS events, sum(c.bad_events) AS bad, sum(c.unknown_events) AS unknown
			FROM nudge.request_counts(requests, (SELECT array_agg(w.start_at ORDER BY w.no) FROM span w), until_at, latency_threshold_ms, endpoints) c
			GROUP BY GROUPING SETS ((c.no, c.endpoint), (c.no))
		)
		SELECT w.period, w.period_end, g.endpoint, g.all_endpoints, coalesce(c.events, 0),
			-- of what is not known there is no number
			CASE WHEN c.events > 0 OR coalesce(c.unknown, 0) = 0 THEN coalesce(c.bad, 0) END,
			coalesce(c.unknown, 0), c.bad / nullif(c.events, 0), w.complete
		FROM span w
		CROSS JOIN (SELECT NULL AS endpoint, true AS all_endpoints UNION SELECT c.endpoint, c.all_endpoints FROM cell c WHERE by IS NOT NULL) g
		LEFT JOIN cell c ON c.no = w.no AND c.all_endpoints = g.all_endpoints AND c.endpoint IS NOT DISTINCT FROM g.endpoint
		ORDER BY w.period, g.all_endpoints, g.endpoint COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.error_rates(regclass, date, date, text, text, timestamptz, text, numeric, text[]) IS
	'Bad requests over those of which it is known, by period: errors, and with a threshold of latency what is slower; with by endpoint for each. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.uptime_error_budget(
	incidents regclass,
	maintenance regclass,
	objective numeric,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	period date,
	period_end date,
	value text,
	is_total boolean,
	budget_minutes numeric,
	spent_minutes numeric,
	remaining_minutes numeric,
	spent_share numeric,
	burn_rate numeric,
	exhausted_at timestamptz,
	forecast_exhausted_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_objective(objective);
	RETURN QUERY
		SELECT t.period, t.period_end, t.service, t.all_services, trim_scale(b.budget / 60), trim_scale(t.down_seconds / 60), trim_scale((b.budget - t.down_seconds) / 60),
			t.down_seconds / nullif(b.budget, 0), t.down_seconds / nullif(b.considered * (1 - objective), 0),
			-- within the stretch that has used up the last of it
			(SELECT min(upper(u.span) - make_interval(secs => (u.so_far - b.budget)::double precision))
				FROM (SELECT u.span, sum(extract(epoch FROM upper(u.span) - lower(u.span))) OVER (ORDER BY lower(u.span)) AS so_far FROM unnest(t.down) u(span)) u
				WHERE u.so_far >= b.budget),
			CASE WHEN f.seconds IS NULL THEN NULL WHEN f.seconds < extract(epoch FROM t.end_at - as_of) THEN as_of + make_interval(secs => f.seconds::double precision) END, t.complete
		FROM nudge.downtime_by_period(incidents, maintenance, start_day, end_day, grain, zone, as_of, by, services, outage_severities) t,
			-- the budget is that of the whole period, over or not
			LATERAL (SELECT t.total_seconds - t.maintenance_seconds AS considered,
				(extract(epoch FROM t.end_at - t.start_at) - t.maintenance_seconds) * (1 - objective) AS budget) b,
			-- how long it lasts at the rate so far, if anything is left and the period goes on
			LATERAL (SELECT CASE WHEN t.down_seconds < b.budget AND as_of < t.end_at
				THEN (b.budget - t.down_seconds) * b.considered / nullif(t.down_seconds, 0) END AS seconds) f
		ORDER BY t.period, t.all_services, t.service COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.uptime_error_budget(regclass, regclass, numeric, date, date, text, text, timestamptz, text, text[], text[]) IS
	'The downtime that an objective for uptime allows in each period, what of it is spent, how fast, and when it is used up. Not STRICT: NULL options have a meaning, a NULL objective is an error';

CREATE FUNCTION nudge.request_error_budget(
	requests regclass,
	objective numeric,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	value text,
	is_total boolean,
	events numeric,
	bad_events numeric,
	error_rate numeric,
	elapsed_share numeric,
	budget_events numeric,
	remaining_events numeric,
	spent_share numeric,
	burn_rate numeric,
	forecast_exhausted_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_objective(objective);
	RETURN QUERY
		SELECT r.period, r.period_end, r.value, r.is_total, r.events, r.bad_events, r.error_rate, t.elapsed / nullif(t.whole, 0), trim_scale(b.budget),
			trim_scale(b.budget - r.bad_events), r.bad_events * t.elapsed / nullif(r.events * (1 - objective) * t.whole, 0), r.bad_events / nullif(r.events * (1 - objective), 0),
			-- both only before the period is over
			CASE WHEN r.bad_events < b.budget AND r.error_rate > 1 - objective
				THEN w.start_at + make_interval(secs => (t.whole * r.events * (1 - objective) / r.bad_events)::double precision) END,
			r.complete
		FROM nudge.error_rates(requests, start_day, end_day, grain, zone, as_of, by, latency_threshold_ms, endpoints) r
		JOIN nudge.begun_spans(start_day, end_day, grain, zone, as_of) w ON w.period = r.period,
			LATERAL (SELECT extract(epoch FROM w.end_at - w.start_at) AS whole, extract(epoch FROM w.known_at - w.start_at) AS elapsed) t,
			-- of the requests of the whole period, if they come on as so far
			LATERAL (SELECT r.events * (1 - objective) * t.whole / nullif(t.elapsed, 0) AS budget) b
		ORDER BY r.period, r.is_total, r.value COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.request_error_budget(regclass, numeric, date, date, text, text, timestamptz, text, numeric, text[]) IS
	'The bad requests that an objective allows in each period, what of it is spent, how fast, and when it will be used up. Not STRICT: NULL options have a meaning, a NULL objective is an error';

-- Deployments ---------------------------------------------------------------

CREATE FUNCTION nudge.delivery_performance(
	deployments regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	value text,
	is_total boolean,
	deployment_count bigint,
	elapsed_days integer,
	deployment_days bigint,
	deployments_per_day numeric,
	deployments_per_week numeric,
	lead_time_count bigint,
	median_lead_time_hours numeric,
	mean_lead_time_hours numeric,
	p90_lead_time_hours numeric,
	outcome_count bigint,
	failed_deployments bigint,
	change_failure_rate numeric,
	restored_deployments bigint,
	unrestored_deployments bigint,
	median_recovery_hours numeric,
	mean_recovery_hours numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by(by, '{service}');
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT w.*,
				-- days that have begun
				CASE WHEN as_of < w.end_at THEN nudge.civil_date(as_of - interval '1 microsecond', coalesce(zone, 'UTC')) + 1 - w.period ELSE w.period_end - w.period END AS days
			FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of) w
		), line AS MATERIALIZED (
			SELECT l.*, width_bucket(l.at, s.starts) AS no, nudge.civil_date(l.at, coalesce(zone, 'UTC')) AS day
			FROM nudge.deployment_lines(deployments, start_day, end_day, zone, as_of) l
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) AS starts FROM span w) s
		), cell AS MATERIALIZED (
			SELECT l.no, l.service, grouping(l.service) = 1 AS all_services, count(*) AS n, count(DISTINCT l.day) AS days,
				array_agg(l.lead_time_hours ORDER BY l.lead_time_hours) FILTER (WHERE l.lead_time_hours IS NOT NULL) AS leads, avg(l.lead_time_hours) AS mean_lead,
				count(l.failed) AS known, count(*) FILTER (WHERE l.failed) AS failed, count(*) FILTER (WHERE l.is_unrestored) AS unrestored,
				array_agg(l.recovery_hours ORDER BY l.recovery_hours) FILTER (WHERE l.recovery_hours IS NOT NULL) AS recoveries, avg(l.recovery_hours) AS mean_recovery
			FROM line l
			GROUP BY GROUPING SETS ((l.no, l.service), (l.no))
		)
		SELECT w.period, w.period_end, g.service, g.all_services, coalesce(c.n, 0), w.days, coalesce(c.days, 0),
			coalesce(c.n, 0)::numeric / nullif(w.days, 0), 7 * coalesce(c.n, 0)::numeric / nullif(w.days, 0),
			coalesce(cardinality(c.leads), 0)::bigint, trim_scale(nudge.exact_percentile(c.leads, 0.5)), trim_scale(c.mean_lead), trim_scale(nudge.exact_percentile(c.leads, 0.9)),
			coalesce(c.known, 0),
			-- of what is not known there is no number
			CASE WHEN c.known > 0 OR c.n IS NULL THEN coalesce(c.failed, 0) END, c.failed::numeric / nullif(c.known, 0),
			CASE WHEN c.known > 0 OR c.n IS NULL THEN coalesce(cardinality(c.recoveries), 0)::bigint END, CASE WHEN c.known > 0 OR c.n IS NULL THEN coalesce(c.unrestored, 0) END,
			trim_scale(nudge.exact_percentile(c.recoveries, 0.5)), trim_scale(c.mean_recovery), w.complete
		FROM span w
		CROSS JOIN (SELECT NULL AS service, true AS all_services UNION SELECT c.service, c.all_services FROM cell c WHERE by IS NOT NULL) g
		LEFT JOIN cell c ON c.no = w.no AND c.all_services = g.all_services AND c.service IS NOT DISTINCT FROM g.service
		ORDER BY w.period, g.all_services, g.service COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.delivery_performance(regclass, date, date, text, text, timestamptz, text) IS
	'The four DORA metrics by period: how often is deployed, how old changes are then, how many deployments fail, and how soon they are restored; with by service for each. Not STRICT: NULL options have a meaning';

-- Bugs ----------------------------------------------------------------------

CREATE FUNCTION nudge.bug_report(
	bugs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	severity text,
	all_severities boolean,
	opening bigint,
	opened bigint,
	closed bigint,
	closing bigint,
	median_days_to_close numeric,
	mean_days_to_close numeric,
	escape_known bigint,
	escaped bigint,
	escape_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), line AS MATERIALIZED (
			-- periods by their place: 0 is before the window, and one place more is after it
			SELECT g.severity, g.all_severities, l.escaped, l.days_to_close, width_bucket(l.opened_at, s.starts) AS opened_no, width_bucket(l.closed_at, s.bounds) AS closed_no
			FROM nudge.bug_lines(bugs, start_day, end_day, zone, as_of) l
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) AS starts, array_agg(w.start_at ORDER BY w.no) || max(w.end_at) AS bounds FROM span w) s,
				LATERAL (VALUES (l.severity, false), (NULL, true)) g(severity, all_severities)
		), born AS MATERIALIZED (
			SELECT l.opened_no AS no, l.severity, l.all_severities, count(*) AS n, count(l.escaped) AS known, count(*) FILTER (WHERE l.escaped) AS escaped
			FROM line l
			GROUP BY 1, 2, 3
		), gone AS MATERIALIZED (
			SELECT l.closed_no AS no, l.severity, l.all_severities, count(*) AS n, avg(l.days_to_close) AS mean_days,
				nudge.exact_percentile(array_agg(l.days_to_close ORDER BY l.days_to_close), 0.5) AS median_days
			FROM line l
			WHERE l.closed_no <= (SELECT count(*) FROM span)
			GROUP BY 1, 2, 3
		), counted AS (
			SELECT w.period, w.period_end, w.complete, g.severity, g.all_severities, coalesce(g.opening, 0) AS opening, coalesce(b.n, 0) AS opened, coalesce(e.n, 0) AS closed,
				e.median_days, e.mean_days, coalesce(b.known, 0) AS known, b.n AS born, b.escaped
			FROM span w
			CROSS JOIN (SELECT l.severity, l.all_severities, count(*) FILTER (WHERE l.opened_no = 0) AS opening FROM line l GROUP BY 1, 2
				UNION ALL SELECT NULL, true, 0 WHERE NOT EXISTS (SELECT FROM line)) g
			LEFT JOIN born b ON b.no = w.no AND b.all_severities = g.all_severities AND b.severity IS NOT DISTINCT FROM g.severity
			LEFT JOIN gone e ON e.no = w.no AND e.all_severities = g.all_severities AND e.severity IS NOT DISTINCT FROM g.severity
		), running AS (
			SELECT c.*, c.opening + (sum(c.opened - c.closed) OVER (PARTITION BY c.all_severities, c.severity ORDER BY c.period))::bigint AS closing FROM counted c
		)
		SELECT r.period, r.period_end, r.severity, r.all_severities, r.closing - r.opened + r.closed, r.opened, r.closed, r.closing,
			trim_scale(r.median_days), trim_scale(r.mean_days), r.known, CASE WHEN r.known > 0 OR r.born IS NULL THEN coalesce(r.escaped, 0) END,
			r.escaped::numeric / nullif(r.known, 0), r.complete
		FROM running r
		ORDER BY r.period, r.all_severities, nudge.severity_rank(r.severity), r.severity COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.bug_report(regclass, date, date, text, text, timestamptz) IS
	'Bugs by period, by severity and in all: open before, opened, closed, open after, how long closing took, and how many had reached customers. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.bug_ages(
	bugs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	edges numeric[] DEFAULT '{7,30,90}'
) RETURNS TABLE (
	period date,
	period_end date,
	severity text,
	all_severities boolean,
	from_days numeric,
	to_days numeric,
	open_bugs bigint,
	open_share numeric,
	oldest_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 20000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	bounds constant numeric[] := 0 || ARRAY(SELECT e.edge FROM unnest(edges) e(edge));
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day), nudge.check_age_edges(edges);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), line AS MATERIALIZED (
			SELECT * FROM nudge.bug_lines(bugs, start_day, end_day, zone, as_of)
		), class AS MATERIALIZED (
			SELECT b.place, b.day AS from_days, bounds[b.place + 1] AS to_days FROM unnest(bounds) WITH ORDINALITY b(day, place)
		), stay AS MATERIALIZED (
			-- a bug is in a class at the ends of consecutive periods: at those after it was opened and not after it was closed
			SELECT n.* FROM (
				SELECT l.severity, c.place, l.opened_at, 1 + greatest(width_bucket(l.opened_at, e.ends), width_bucket(l.opened_at + make_interval(secs => c.from_days::double precision * 86400) - interval '1 microsecond', e.ends)) AS from_no,
					least(cardinality(e.ends), width_bucket(l.closed_at, e.ends), CASE WHEN c.to_days < 1e6 THEN
						width_bucket(l.opened_at + make_interval(secs => c.to_days::double precision * 86400) - interval '1 microsecond', e.ends) END) AS to_no
				FROM (SELECT array_agg(w.known_at ORDER BY w.no) AS ends FROM span w) e, line l, class c
				WHERE c.from_days < 1e6) n
			WHERE n.from_no <= n.to_no
		), move AS MATERIALIZED (
			SELECT s.severity, s.place, e.no, sum(e.step) AS step
			FROM stay s, LATERAL (VALUES (s.from_no, 1), (s.to_no + 1, -1)) e(no, step)
			GROUP BY s.severity, s.place, e.no
		), oldest AS MATERIALIZED (
			-- who comes into a class later is younger: the oldest is who stays beyond all that came before
			SELECT o.severity, o.place, k.no, o.opened_at
			FROM (SELECT s.*, coalesce(max(s.to_no) OVER (PARTITION BY s.severity, s.place ORDER BY s.opened_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS covered
				FROM stay s) o,
				LATERAL generate_series(greatest(o.from_no, o.covered + 1), o.to_no) k(no)
		), cell AS (
			SELECT w.no, c.place, g.severity, sum(m.step) OVER (PARTITION BY g.severity, c.place ORDER BY w.no) AS n, extract(epoch FROM w.known_at - o.opened_at) / 86400 AS oldest
			FROM span w CROSS JOIN class c CROSS JOIN (SELECT DISTINCT l.severity FROM line l) g
			LEFT JOIN move m ON m.no = w.no AND m.place = c.place AND m.severity = g.severity
			LEFT JOIN oldest o ON o.no = w.no AND o.place = c.place AND o.severity = g.severity
		), summed AS (
			SELECT c.no, c.place, c.severity, grouping(c.severity) = 1 AS all_severities, sum(c.n) AS n, max(c.oldest) AS oldest
			FROM cell c
			GROUP BY GROUPING SETS ((c.no, c.place, c.severity), (c.no, c.place))
		)
		SELECT w.period, w.period_end, g.severity, g.all_severities, c.from_days, c.to_days, coalesce(a.n, 0)::bigint,
			coalesce(a.n, 0) / nullif(sum(a.n) OVER (PARTITION BY w.no, g.all_severities, g.severity), 0), trim_scale(a.oldest), w.complete
		FROM span w CROSS JOIN class c
		CROSS JOIN (SELECT NULL AS severity, true AS all_severities UNION SELECT l.severity, false FROM line l) g
		LEFT JOIN summed a ON a.no = w.no AND a.place = c.place AND a.all_severities = g.all_severities AND a.severity IS NOT DISTINCT FROM g.severity
		ORDER BY w.no, g.all_severities, nudge.severity_rank(g.severity), g.severity COLLATE "C", c.place;
END
$$;

COMMENT ON FUNCTION nudge.bug_ages(regclass, date, date, text, text, timestamptz, numeric[]) IS
	'The bugs open at the end of each period by classes of age, by severity and in all. Not STRICT: NULL options have a meaning, NULL edges are an error';

CREATE FUNCTION nudge.throughput(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	request_count bigint,
	seconds numeric,
	requests_per_second numeric,
	peak_requests_per_minute bigint,
	peak_requests_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY SELECT * FROM nudge.throughput_lines('requests', throughput.requests, start_day, end_day, grain, zone, as_of, "by");
END
$$;

COMMENT ON FUNCTION nudge.throughput(regclass, date, date, text, text, timestamptz, text) IS
	'How many requests there were in each period, a second on average and in the busiest minute, in all and by endpoint. Not STRICT: NULL requests are none, NULL options have a meaning';

CREATE FUNCTION nudge.send_throughput(
	sends regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	send_count bigint,
	seconds numeric,
	sends_per_second numeric,
	peak_sends_per_minute bigint,
	peak_sends_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY SELECT * FROM nudge.throughput_lines('sends', send_throughput.sends, start_day, end_day, grain, zone, as_of, "by");
END
$$;

COMMENT ON FUNCTION nudge.send_throughput(regclass, date, date, text, text, timestamptz, text) IS
	'How many sends there were in each period, a second on average and in the busiest minute, in all and by campaign. Not STRICT: NULL sends are none, NULL options have a meaning';

CREATE FUNCTION nudge.apdex(
	requests regclass,
	threshold_ms numeric,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	request_count bigint,
	satisfied bigint,
	tolerating bigint,
	frustrated bigint,
	apdex numeric,
	satisfied_share numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	is_grouped constant boolean := "by" IS NOT NULL;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF threshold_ms IS NULL OR threshold_ms <= 0 OR threshold_ms >= 9e12 THEN
		RAISE EXCEPTION 'threshold_ms must be a number of milliseconds above 0' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s. Whom a request up to it serves is satisfied.', coalesce(threshold_ms::text, 'null')),
			HINT = 'Pass what you promise, such as 500.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT %s AS start_at, i.value, sum(i.count) AS requests,
				sum(i.count) FILTER (WHERE i.error IS NOT TRUE AND i.duration_ms <= $5) AS satisfied,
				sum(i.count) FILTER (WHERE i.error IS NOT TRUE AND i.duration_ms > $5 AND i.duration_ms <= 4 * $5) AS tolerating,
				count(*) FILTER (WHERE i.at IS NULL OR i.duration_ms IS NULL) AS missing,
				count(*) FILTER (WHERE i.count < 0 OR NOT (i.duration_ms >= 0 AND i.duration_ms < 9e12)) AS wrong
			FROM (%s) i
			GROUP BY 1, i.value
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('requests', sum(l.missing)::bigint, 'part', min(nudge.unknown_part(l.value, $10)), 'server, dom and render') AND
				nudge.check_values('requests', sum(l.wrong)::bigint, 'A duration or a count is negative, or a duration is no number below 9e12.') AS is_fine
			FROM line l
		), t AS (
			SELECT d.start_at, l.value, grouping(l.value) = 1 AS is_total, sum(l.requests)::bigint AS requests,
				coalesce(sum(l.satisfied), 0)::bigint AS satisfied, coalesce(sum(l.tolerating), 0)::bigint AS tolerating
			FROM checked, line l
			JOIN nudge.performance_days($6, $7, $8, $3, $4) d ON d.day = nudge.civil_date(l.start_at, $3)
				AND l.start_at >= d.start_at AND l.start_at < d.end_at
			WHERE l.requests > 0
			GROUP BY GROUPING SETS ((d.start_at), (d.start_at, l.value))
		)
		SELECT p.period, p.start_at, t.value, coalesce(t.is_total, true), n.requests, n.satisfied, n.tolerating, n.requests - n.satisfied - n.tolerating,
			(n.satisfied + n.tolerating / 2.0) / nullif(n.requests, 0), n.satisfied::numeric / nullif(n.requests, 0), p.complete
		FROM checked, nudge.performance_spans($6, $7, $8, $3, $4) p
		LEFT JOIN t ON t.start_at = p.start_at AND (t.is_total OR $9),
			LATERAL (SELECT coalesce(t.requests, 0) AS requests, coalesce(t.satisfied, 0) AS satisfied, coalesce(t.tolerating, 0) AS tolerating) n
		ORDER BY p.start_at, coalesce(t.is_total, true), t.value COLLATE "C"
	$query$, nudge.hour_expression(start_day, end_day, named_zone), nudge.request_query(apdex.requests, "by"))
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of,
		threshold_ms, start_day, end_day, grain, is_grouped, "by";
END
$$;

COMMENT ON FUNCTION nudge.apdex(regclass, numeric, date, date, text, text, timestamptz, text) IS
	'Requests within a threshold, within four times of it, and beyond it or failed, and the Apdex score of them. Not STRICT: NULL requests are none, a NULL threshold is an error, NULL options have a meaning';

CREATE FUNCTION nudge.page_load(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	part text,
	all_parts boolean,
	page_loads bigint,
	mean_ms numeric,
	share numeric,
	p50_ms double precision,
	p95_ms double precision,
	p99_ms double precision,
	highest_ms double precision,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH s AS MATERIALIZED (
		SELECT r.start_at, r.value AS part, s.*
		FROM (
			SELECT d.start_at, l.value, nudge.rollup(l.state) AS state
			FROM nudge.latency_states(page_load.requests, start_day, end_day, zone, as_of, 'part', relative_error) l
			JOIN nudge.performance_days(start_day, end_day, grain, zone, as_of) d ON d.day = l.day AND l.start_at >= d.start_at AND l.start_at < d.end_at
			GROUP BY d.start_at, l.value
		) r, LATERAL nudge.percentile_summary(r.state) s
	), t AS (
		-- parts that are not measured equally often are not those of the same loads
		SELECT s.start_at, sum(s.mean) AS mean, CASE WHEN min(s.samples) = max(s.samples) THEN min(s.samples) END AS page_loads
		FROM s GROUP BY s.start_at
	), row AS (
		SELECT t.start_at, NULL AS part, true AS is_total, t.page_loads, t.mean, t.mean / nullif(t.mean, 0) AS share,
			NULL::double precision AS p50, NULL::double precision AS p95, NULL::double precision AS p99, NULL::double precision AS highest FROM t
		UNION ALL
		SELECT s.start_at, s.part, false, s.samples, s.mean, s.mean / nullif(t.mean, 0), s.p50, s.p95, s.p99, s.highest FROM s JOIN t ON t.start_at = s.start_at
	)
	SELECT p.period, p.start_at, r.part, coalesce(r.is_total, true), CASE WHEN r.start_at IS NULL THEN 0 ELSE r.page_loads END, r.mean, r.share,
		r.p50, r.p95, r.p99, r.highest, p.complete
	FROM nudge.performance_spans(start_day, end_day, grain, zone, as_of) p
	LEFT JOIN row r ON r.start_at = p.start_at
	ORDER BY p.start_at, coalesce(r.is_total, true), array_position('{server,dom,render}', r.part);
END
$$;

COMMENT ON FUNCTION nudge.page_load(regclass, date, date, text, text, timestamptz, double precision) IS
	'How long pages take to load: mean, percentiles and share of each part, and the total, which is the sum of the means. Not STRICT: NULL requests are none, NULL options have a meaning';

-- src/warehouse/capture.sql

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

-- src/warehouse/entity_changes.sql

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

CREATE TRIGGER note_insert AFTER INSERT ON nudge.exclusions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_exclusions();

COMMENT ON TRIGGER note_insert ON nudge.exclusions IS 'Whose rows count otherwise is computed anew';

CREATE TRIGGER note_update AFTER UPDATE ON nudge.exclusions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_exclusions();

COMMENT ON TRIGGER note_update ON nudge.exclusions IS 'Whose rows count otherwise is computed anew';

CREATE TRIGGER note_delete AFTER DELETE ON nudge.exclusions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_exclusions();

COMMENT ON TRIGGER note_delete ON nudge.exclusions IS 'Whose rows count otherwise is computed anew';

CREATE TRIGGER note_truncate AFTER TRUNCATE ON nudge.exclusions FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_everything();

COMMENT ON TRIGGER note_truncate ON nudge.exclusions IS 'All sources are computed anew';

CREATE TRIGGER note_insert AFTER INSERT ON nudge.entity_merges REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_merges();

COMMENT ON TRIGGER note_insert ON nudge.entity_merges IS 'Whose rows count otherwise is computed anew';

CREATE TRIGGER note_update AFTER UPDATE ON nudge.entity_merges REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_merges();

COMMENT ON TRIGGER note_update ON nudge.entity_merges IS 'Whose rows count otherwise is computed anew';

CREATE TRIGGER note_delete AFTER DELETE ON nudge.entity_merges REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_merges();

COMMENT ON TRIGGER note_delete ON nudge.entity_merges IS 'Whose rows count otherwise is computed anew';

CREATE TRIGGER note_truncate AFTER TRUNCATE ON nudge.entity_merges FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_everything();

COMMENT ON TRIGGER note_truncate ON nudge.entity_merges IS 'All sources are computed anew';

-- src/warehouse/history.sql

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

-- src/warehouse/closed_periods.sql

/*
 * closed_periods.sql
 *		Reported months that stay as they were reported, and what has moved since.
 *
 * Rules: doc/closed_periods.md.
 */

CREATE TABLE nudge.closed_periods (
	period date NOT NULL,
	grain text NOT NULL,
	zone text NOT NULL,
	currency text NOT NULL,
	version integer NOT NULL CHECK (version > 0),
	opening_mrr numeric NOT NULL,
	closing_mrr numeric NOT NULL,
	customers bigint NOT NULL,
	closed_by name NOT NULL DEFAULT current_user,
	closed_at timestamptz NOT NULL DEFAULT statement_timestamp(),
	reopened_by name,
	reopened_at timestamptz,
	reason text,
	PRIMARY KEY (period, grain, zone, currency, version),
	CHECK ((reopened_at IS NULL) = (reopened_by IS NULL) AND (reopened_at IS NULL) = (reason IS NULL))
);

CREATE UNIQUE INDEX closed_periods_closed ON nudge.closed_periods (period, grain, lower(zone), currency) WHERE reopened_at IS NULL;

CREATE TABLE nudge.closed_period_rows (
	period date NOT NULL,
	grain text NOT NULL,
	zone text NOT NULL,
	currency text NOT NULL,
	version integer NOT NULL,
	customer text NOT NULL,
	opening_mrr numeric NOT NULL,
	closing_mrr numeric NOT NULL,
	movement text,
	PRIMARY KEY (period, grain, zone, currency, version, customer)
);

SELECT pg_catalog.pg_extension_config_dump('nudge.closed_periods', '');

SELECT pg_catalog.pg_extension_config_dump('nudge.closed_period_rows', '');

GRANT SELECT ON nudge.closed_periods TO PUBLIC;

DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.closed_periods, nudge.closed_period_rows TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

COMMENT ON TABLE nudge.closed_periods IS 'Periods as they were reported; close_period() and reopen_period() keep it';

COMMENT ON COLUMN nudge.closed_periods.period IS 'First day';

COMMENT ON COLUMN nudge.closed_periods.grain IS 'How long it is';

COMMENT ON COLUMN nudge.closed_periods.zone IS 'Time zone of its days';

COMMENT ON COLUMN nudge.closed_periods.currency IS 'Currency of the state; empty if it has none';

COMMENT ON COLUMN nudge.closed_periods.version IS '1, and one more each time that it is closed again';

COMMENT ON COLUMN nudge.closed_periods.opening_mrr IS 'MRR as it opened';

COMMENT ON COLUMN nudge.closed_periods.closing_mrr IS 'MRR as it closed';

COMMENT ON COLUMN nudge.closed_periods.customers IS 'Customers at its close';

COMMENT ON COLUMN nudge.closed_periods.closed_by IS 'Who closed it';

COMMENT ON COLUMN nudge.closed_periods.closed_at IS 'When it was closed: when the statement began, whose rows are what was known';

COMMENT ON COLUMN nudge.closed_periods.reopened_by IS 'Who reopened it; NULL if it is closed';

COMMENT ON COLUMN nudge.closed_periods.reopened_at IS 'When it was reopened; NULL if it is closed';

COMMENT ON COLUMN nudge.closed_periods.reason IS 'Why it was reopened';

COMMENT ON TABLE nudge.closed_period_rows IS 'Customers of closed periods, as they were reported';

COMMENT ON COLUMN nudge.closed_period_rows.period IS 'First day';

COMMENT ON COLUMN nudge.closed_period_rows.grain IS 'How long the period is';

COMMENT ON COLUMN nudge.closed_period_rows.zone IS 'Time zone of its days';

COMMENT ON COLUMN nudge.closed_period_rows.currency IS 'Currency of the state; empty if it has none';

COMMENT ON COLUMN nudge.closed_period_rows.version IS 'Which time that it was closed';

COMMENT ON COLUMN nudge.closed_period_rows.customer IS 'Customer';

COMMENT ON COLUMN nudge.closed_period_rows.opening_mrr IS 'MRR as the period opened';

COMMENT ON COLUMN nudge.closed_period_rows.closing_mrr IS 'MRR as it closed';

COMMENT ON COLUMN nudge.closed_period_rows.movement IS 'new, reactivation, expansion, contraction, churn; NULL if nothing moved';

-- A customer of a period, by the same functions as every report.
CREATE FUNCTION nudge.period_customers(period date, state nudge.mrr_state, zone text, grain text) RETURNS TABLE (customer text, opening_mrr numeric, closing_mrr numeric, movement text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 30000
BEGIN ATOMIC
	SELECT coalesce(o.customer, c.customer), coalesce(o.mrr, 0), coalesce(c.mrr, 0), m.movement
	FROM nudge.customer_mrr(state, period - 1, zone) o
	FULL JOIN nudge.customer_mrr(state, nudge.period_end(period, grain) - 1, zone) c ON c.customer = o.customer
	LEFT JOIN (
		SELECT m.customer, string_agg(m.movement, ', ' ORDER BY m.movement COLLATE "C") AS movement
		FROM nudge.mrr_movements(state, grain, zone, start_day => period, end_day => nudge.period_end(period, grain)) m GROUP BY m.customer
	) m ON m.customer = coalesce(o.customer, c.customer);
END;

COMMENT ON FUNCTION nudge.period_customers(date, nudge.mrr_state, text, text) IS 'MRR of each customer as a period opens and as it closes, and what moved';

CREATE FUNCTION nudge.check_period(period date, state nudge.mrr_state, zone text, grain text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF period IS NULL OR state IS NULL OR zone IS NULL OR grain IS NULL THEN
		RAISE EXCEPTION 'period, state, zone and grain must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A closed period is of one state, in one zone.',
			HINT = 'Pass all.';
	END IF;
	IF nudge.period_start(period, grain) <> period THEN
		RAISE EXCEPTION '% does not begin a %', to_char(period, 'YYYY-MM-DD'), grain USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A period is named by its first day.',
			HINT = format('Pass %s.', to_char(nudge.period_start(period, grain), 'YYYY-MM-DD'));
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_period(date, nudge.mrr_state, text, text) IS 'Works for close_period: an error unless a day begins a period. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.close_period(period date, state nudge.mrr_state, zone text DEFAULT 'UTC', grain text DEFAULT 'month') RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	over_at timestamptz;
	before nudge.closed_periods;
	made nudge.closed_periods;
BEGIN
	PERFORM nudge.check_period(period, state, zone, grain);
	grain := lower(grain);
	over_at := nudge.period_end(period, grain)::timestamp AT TIME ZONE zone;
	IF over_at > now() THEN
		RAISE EXCEPTION 'the % of % is not over', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('It ends at %s in %s.', to_char(nudge.period_end(period, grain), 'YYYY-MM-DD 00:00'), zone),
			HINT = 'Close it then.';
	END IF;
	-- one at a time, so that versions follow each other; a lock of the table would
	-- need the right to change what is closed
	PERFORM pg_advisory_xact_lock(hashtextextended('nudge.closed_periods', 0));
	SELECT c.* INTO before FROM nudge.closed_periods c
	WHERE c.period = close_period.period AND c.grain = close_period.grain AND lower(c.zone) = lower(close_period.zone) AND c.currency = coalesce(nudge.mrr_currency(state), '') ORDER BY c.version DESC LIMIT 1;
	IF before.version IS NOT NULL AND before.reopened_at IS NULL THEN
		RAISE EXCEPTION 'the % of % is closed already', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('It was closed by %s with an MRR of %s.', before.closed_by, before.closing_mrr),
			HINT = 'Reopen it with reopen_period(), which keeps what was reported.';
	END IF;
	WITH kept AS (
		INSERT INTO nudge.closed_period_rows
		SELECT close_period.period, close_period.grain, coalesce(before.zone, close_period.zone), coalesce(nudge.mrr_currency(state), ''), coalesce(before.version, 0) + 1, c.* FROM nudge.period_customers(close_period.period, close_period.state, close_period.zone, close_period.grain) c
		RETURNING *
	)
	INSERT INTO nudge.closed_periods (period, grain, zone, currency, version, opening_mrr, closing_mrr, customers)
	SELECT close_period.period, close_period.grain, coalesce(before.zone, close_period.zone), coalesce(nudge.mrr_currency(state), ''), coalesce(before.version, 0) + 1,
		coalesce(sum(k.opening_mrr), 0), coalesce(sum(k.closing_mrr), 0), count(*) FILTER (WHERE k.closing_mrr > 0)
	FROM kept k
	RETURNING * INTO made;
	RETURN (SELECT count(*) FROM nudge.closed_period_rows r WHERE r.period = made.period AND r.grain = made.grain AND r.zone = made.zone AND r.currency = made.currency AND r.version = made.version);
END
$$;

COMMENT ON FUNCTION nudge.close_period(date, nudge.mrr_state, text, text) IS
	'Keeps what is reported for a period: MRR of each customer as it opens and closes, and the movements; returns how many customers. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.reopen_period(period date, reason text, zone text DEFAULT 'UTC', grain text DEFAULT 'month', currency text DEFAULT '') RETURNS integer
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reopened integer;
BEGIN
	IF coalesce(btrim(reason), '') = '' THEN
		RAISE EXCEPTION 'a reason must be given' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Whoever finds another number in a report will ask for it.',
			HINT = 'Pass it as the second argument.';
	END IF;
	UPDATE nudge.closed_periods c SET reopened_by = current_user, reopened_at = clock_timestamp(), reason = reopen_period.reason
	WHERE c.period = reopen_period.period AND lower(c.zone) = lower(reopen_period.zone) AND c.grain = lower(reopen_period.grain) AND c.currency = coalesce(reopen_period.currency, '') AND c.reopened_at IS NULL
	RETURNING c.version INTO reopened;
	IF reopened IS NULL THEN
		RAISE EXCEPTION 'the % of % is not closed', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('In %s, for %s.', zone, coalesce(nullif(currency, ''), 'a state without a currency')),
			HINT = 'See nudge.closed_periods.';
	END IF;
	RETURN reopened;
END
$$;

COMMENT ON FUNCTION nudge.reopen_period(date, text, text, text, text) IS
	'Lets a closed period be closed again; what was reported stays, with the reason. Returns the version that was reopened. Not STRICT: NULL is an error';

-- A row that begins after the period has not changed it, unless its customer has
-- no other.
CREATE FUNCTION nudge.recorded_since(subscriptions regclass, since timestamptz, over_at timestamptz) RETURNS TABLE (customer text, has_later boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT s.customer, coalesce(bool_or(s.recorded_at > $1) FILTER (WHERE s.valid_from < $2), bool_or(s.recorded_at > $1), false) FROM (%s) s GROUP BY s.customer
		$query$, nudge.input_query('subscriptions', subscriptions)) USING since, over_at;
END
$$;

COMMENT ON FUNCTION nudge.recorded_since(regclass, timestamptz, timestamptz) IS
	'Works for restatements: which customers have subscriptions, and whether one of a period was recorded after a time. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.merged_customers(merges regclass, vanished text[]) RETURNS TABLE (customer text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH RECURSIVE m AS MATERIALIZED (SELECT s.customer, s.merged_into FROM (%s) s), chain AS (
			SELECT m.customer, m.merged_into FROM m WHERE m.customer = ANY ($1)
			UNION SELECT m.customer, m.merged_into FROM chain c JOIN m ON m.customer = c.merged_into
		)
		SELECT c.customer FROM chain c UNION SELECT c.merged_into FROM chain c
		$query$, nudge.input_query('customer_merges', merges)) USING vanished;
END
$$;

COMMENT ON FUNCTION nudge.merged_customers(regclass, text[]) IS
	'Works for restatements: which of the given customers were merged into others, and into which, also over several merges. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.restatements(period date, state nudge.mrr_state, subscriptions regclass DEFAULT NULL, zone text DEFAULT 'UTC', grain text DEFAULT 'month', merges regclass DEFAULT NULL) RETURNS TABLE (
	customer text,
	reported_opening numeric,
	opening_now numeric,
	reported_closing numeric,
	closing_now numeric,
	difference numeric,
	reported_movement text,
	movement_now text,
	change text,
	cause text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	closed nudge.closed_periods;
	over_at timestamptz;
	has_times constant boolean := subscriptions IS NOT NULL AND nudge.relation_has_column(subscriptions, 'recorded_at');
BEGIN
	PERFORM nudge.check_period(restatements.period, state, restatements.zone, restatements.grain);
	SELECT c.* INTO closed FROM nudge.closed_periods c
	WHERE c.period = restatements.period AND c.grain = lower(restatements.grain) AND lower(c.zone) = lower(restatements.zone) AND c.currency = coalesce(nudge.mrr_currency(state), '')
	ORDER BY c.version DESC LIMIT 1;
	IF closed.version IS NULL THEN
		RAISE EXCEPTION 'the % of % is not closed', restatements.grain, to_char(restatements.period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('In %s, for %s.', restatements.zone, coalesce(nudge.mrr_currency(state), 'a state without a currency')),
			HINT = 'See nudge.closed_periods.';
	END IF;
	over_at := nudge.period_end(closed.period, closed.grain)::timestamp AT TIME ZONE closed.zone;
	RETURN QUERY
		WITH moved AS MATERIALIZED (
			SELECT coalesce(r.customer, n.customer) AS customer, r.customer IS NOT NULL AS reported, n.customer IS NOT NULL AS there,
				coalesce(r.opening_mrr, 0) AS old_opening, coalesce(n.opening_mrr, 0) AS new_opening, coalesce(r.closing_mrr, 0) AS old_closing, coalesce(n.closing_mrr, 0) AS new_closing,
				r.movement AS old_movement, n.movement AS new_movement
			FROM (SELECT p.* FROM nudge.closed_period_rows p
				WHERE p.period = closed.period AND p.grain = closed.grain AND p.zone = closed.zone AND p.currency = closed.currency AND p.version = closed.version) r
			FULL JOIN nudge.period_customers(closed.period, restatements.state, closed.zone, closed.grain) n ON n.customer = r.customer
			WHERE (r.opening_mrr, r.closing_mrr, r.movement) IS DISTINCT FROM (n.opening_mrr, n.closing_mrr, n.movement)
		), merged AS MATERIALIZED (
			SELECT g.customer FROM nudge.merged_customers(merges, (SELECT array_agg(m.customer) FROM moved m WHERE m.reported AND NOT m.there)) g
		)
		SELECT m.customer, m.old_opening, m.new_opening, m.old_closing, m.new_closing, m.new_closing - m.old_closing, m.old_movement, m.new_movement,
			CASE WHEN NOT m.reported THEN 'appeared' WHEN NOT m.there THEN 'vanished' WHEN m.old_closing <> m.new_closing THEN 'changed' WHEN m.old_opening <> m.new_opening THEN 'moved' ELSE 'reclassified' END,
			CASE WHEN m.customer IN (SELECT g.customer FROM merged g) THEN 'merge'
				WHEN NOT has_times THEN NULL
				WHEN s.has_later THEN CASE WHEN m.reported THEN 'correction' ELSE 'late row' END
				WHEN s.customer IS NOT NULL THEN 'unrecorded'
				WHEN m.reported THEN 'deleted' END
		FROM moved m LEFT JOIN nudge.recorded_since(subscriptions, closed.closed_at, over_at) s ON s.customer = m.customer
		ORDER BY abs(m.new_closing - m.old_closing) DESC, m.customer COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.restatements(date, nudge.mrr_state, regclass, text, text, regclass) IS
	'What has moved since a period was closed, by customer: appeared, vanished, changed, moved to another period, or reclassified, and by what cause: merge, late row, correction, unrecorded, deleted. Not STRICT: without subscriptions that say when they were recorded only merges are a cause';

-- src/warehouse/polling.sql

/*
 * polling.sql
 *		Changes that are looked for, where no trigger can write them down: rows
 *		that are only ever added, and rows of recent time.
 *
 * Rules: doc/polling.md.
 */

CREATE TABLE nudge.polls (
	source text PRIMARY KEY REFERENCES nudge.trackings ON DELETE CASCADE,
	xid_column text,
	horizon xid8,
	system_identifier bigint,
	lookback interval CHECK (lookback > interval '0'),
	everything_every interval CHECK (everything_every > interval '0'),
	everything_at timestamptz,
	polled_at timestamptz,
	complete_to timestamptz,
	CHECK ((xid_column IS NULL) <> (lookback IS NULL))
);

SELECT pg_catalog.pg_extension_config_dump('nudge.polls', '');

GRANT SELECT ON nudge.polls TO PUBLIC;

COMMENT ON TABLE nudge.polls IS 'Sources whose changes a refresh looks for; track_appends() and track_lookback() keep it';

COMMENT ON COLUMN nudge.polls.source IS 'Name of the source';

COMMENT ON COLUMN nudge.polls.xid_column IS 'Column of the table with the transaction that added a row; NULL for a lookback';

COMMENT ON COLUMN nudge.polls.horizon IS 'Rows of transactions before this one have been seen';

COMMENT ON COLUMN nudge.polls.system_identifier IS 'Cluster whose transactions these are';

COMMENT ON COLUMN nudge.polls.lookback IS 'Rows of this much time up to now are looked at each time; NULL for appends';

COMMENT ON COLUMN nudge.polls.everything_every IS 'How often all rows count as changed, which finds what the lookback has missed';

COMMENT ON COLUMN nudge.polls.everything_at IS 'When they did last';

COMMENT ON COLUMN nudge.polls.polled_at IS 'When changes were looked for last';

COMMENT ON COLUMN nudge.polls.complete_to IS 'What was committed before this instant has been seen';

-- Tracking ----------------------------------------------------------------

CREATE FUNCTION nudge.start_polling(source text, keys jsonb, capture text, xid_column text, lookback interval, everything_every interval) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.trackings AS t (source, relation, keys, capture)
	SELECT start_polling.source, s.relation, start_polling.keys, start_polling.capture FROM nudge.sources s WHERE s.source = start_polling.source
	ON CONFLICT ON CONSTRAINT trackings_pkey DO UPDATE SET relation = excluded.relation, keys = excluded.keys, capture = excluded.capture, tracked_by = current_user, tracked_at = now();
	INSERT INTO nudge.polls (source, xid_column, horizon, system_identifier, lookback, everything_every, everything_at)
	VALUES (start_polling.source, start_polling.xid_column, CASE WHEN xid_column IS NOT NULL THEN pg_snapshot_xmin(pg_current_snapshot()) END,
		(SELECT c.system_identifier FROM pg_control_system() c), start_polling.lookback, start_polling.everything_every, now())
	ON CONFLICT ON CONSTRAINT polls_pkey DO UPDATE SET xid_column = excluded.xid_column, horizon = excluded.horizon, system_identifier = excluded.system_identifier,
		lookback = excluded.lookback, everything_every = excluded.everything_every, everything_at = excluded.everything_at, polled_at = NULL, complete_to = NULL;
	-- what has changed before nobody knows
	INSERT INTO nudge.change_log (source) VALUES (start_polling.source);
	RETURN capture;
END
$$;

COMMENT ON FUNCTION nudge.start_polling(text, jsonb, text, text, interval, interval) IS
	'Works for track_appends and track_lookback: writes down how changes of a source are looked for. Not STRICT: appends have no lookback, and a lookback no column';

CREATE FUNCTION nudge.track_appends(source text, xid_column text, keys text[] DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mapped nudge.sources;
	relation oid;
	kind oid;
BEGIN
	PERFORM nudge.check_source_name(coalesce(source, ''));
	LOCK TABLE nudge.sources, nudge.trackings IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = track_appends.source;
	relation := nudge.check_trackable(mapped);
	SELECT a.atttypid INTO kind FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = xid_column AND a.attnum > 0 AND NOT a.attisdropped;
	IF kind IS DISTINCT FROM 'xid8'::regtype THEN
		RAISE EXCEPTION 'table of source "%" has no column "%" of transactions', source, coalesce(xid_column, '') USING ERRCODE = 'undefined_column',
			DETAIL = 'It must be of type xid8 and say which transaction added a row. Numbers of rows and times do not: a row may be committed after one with a later number.',
			HINT = format('ALTER TABLE %s ADD COLUMN added_by xid8 DEFAULT pg_current_xact_id(); and an index on it.', relation::regclass);
	END IF;
	PERFORM nudge.drop_capture(source);
	RETURN nudge.start_polling(source, nudge.capture_keys(mapped, relation, keys), 'append_only', xid_column, NULL, NULL);
END
$$;

COMMENT ON FUNCTION nudge.track_appends(text, text, text[]) IS
	'Looks for added rows of a source by the transaction that added them, without triggers: updates and deletes are not seen. Not STRICT: NULL keys are those of the input and of what it refers to';

-- The column of an input by which its rows have a time.
CREATE FUNCTION nudge.input_time(input text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT c.column_name FROM nudge.input_columns c WHERE c.input = input_time.input AND c.data_type IN ('timestamptz', 'date') ORDER BY c.required DESC, c.position LIMIT 1);

COMMENT ON FUNCTION nudge.input_time(text) IS 'The first time that an input requires, or else has';

CREATE FUNCTION nudge.track_lookback(source text, lookback interval, everything_every interval DEFAULT '1 day', keys text[] DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mapped nudge.sources;
	key_columns text[];
	wrong text;
BEGIN
	PERFORM nudge.check_source_name(coalesce(source, ''));
	IF NOT coalesce(lookback > interval '0' AND everything_every > interval '0', false) THEN
		RAISE EXCEPTION 'lookback and everything_every must be longer than 0' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Rows of the lookback count as changed at each refresh, and all rows once in everything_every.',
			HINT = 'Pass intervals such as 3 days and 1 day.';
	END IF;
	LOCK TABLE nudge.sources, nudge.trackings IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = track_lookback.source;
	IF nudge.input_time(mapped.input) IS NULL THEN
		RAISE EXCEPTION 'input "%" has no time', mapped.input USING ERRCODE = 'feature_not_supported',
			DETAIL = 'Which of its rows are recent cannot be told.',
			HINT = 'Leave it untracked: each refresh computes everything.';
	END IF;
	key_columns := coalesce(keys, nudge.default_keys(mapped.input, mapped.columns, ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(nudge.source_view(mapped.input, source)) AND a.attnum > 0)));
	SELECT k INTO wrong FROM unnest(key_columns) k WHERE NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = mapped.input AND c.column_name = k AND c.data_type = 'text') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'source "%" has no key "%"', source, wrong USING ERRCODE = 'undefined_column',
			DETAIL = 'A key is a column of text of its input that it has.',
			HINT = 'Leave keys out for those of the input and of what it refers to.';
	END IF;
	PERFORM nudge.drop_capture(source);
	RETURN nudge.start_polling(source, (SELECT coalesce(jsonb_object_agg(k, k), '{}') FROM unnest(key_columns) k), 'lookback', NULL, lookback, everything_every);
END
$$;

COMMENT ON FUNCTION nudge.track_lookback(text, interval, interval, text[]) IS
	'Takes recent rows of a source as changed at each refresh, and all rows once in everything_every: for what can have no triggers. Not STRICT: NULL keys are those of the input and of what it refers to';

-- Looking -----------------------------------------------------------------

-- The keys of some rows of a source, as rows of the log; a row without one is
-- a change all the same.
CREATE FUNCTION nudge.log_found_keys(source nudge.sources, statement_from text, keys jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found jsonb;
BEGIN
	SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.source_view(source.input, source.source)::regclass,
		(SELECT format('SELECT 0::bigint, 0::bigint, jsonb_build_object(%s) FROM %s', string_agg(format('%L, jsonb_agg(DISTINCT r.%I::text)', k.key, k.value), ', '), statement_from)
			FROM jsonb_each_text(keys) k), NULL, NULL, NULL) r;
	INSERT INTO nudge.change_log (source, key_column, key)
	SELECT source.source, c.key, k FROM jsonb_each(found) c, jsonb_array_elements_text(CASE jsonb_typeof(c.value) WHEN 'array' THEN c.value ELSE '[]' END) k;
END
$$;

COMMENT ON FUNCTION nudge.log_found_keys(nudge.sources, text, jsonb) IS 'Works for poll_sources: writes the keys of some rows of a source to nudge.change_log';

-- What is looked at must be what the view of the source reads, whose owner
-- looks: whoever writes the registry could name another table, or one with
-- casts of his own.
CREATE FUNCTION nudge.is_pollable(source nudge.sources, xid_column text, keys jsonb) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM pg_catalog.pg_class c, LATERAL nudge.view_reads(to_regclass(nudge.source_view((source).input, (source).source))::oid, c.oid) r
		WHERE c.oid = to_regclass((source).relation) AND c.relkind IN ('r', 'p')
			AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = xid_column::name AND a.atttypid = 'pg_catalog.xid8'::regtype)
			AND NOT EXISTS (SELECT FROM jsonb_each_text(keys) k LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = to_regclass(nudge.source_view((source).input, (source).source)) AND v.attname = k.key::name
				LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = k.value::name
				WHERE r.singles[v.attnum] IS DISTINCT FROM k.value
					OR NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid AND t.typnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'pg_catalog'))));

COMMENT ON FUNCTION nudge.is_pollable(nudge.sources, text, jsonb) IS 'Works for poll_sources: whether the columns that are looked at are those that the view of the source reads, of types that are the server''s. Not STRICT: without a column of transactions it is false';

CREATE FUNCTION nudge.poll_source(source nudge.sources, poll nudge.polls, keys jsonb, oldest timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	next_horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
	is_other constant boolean := poll.system_identifier IS DISTINCT FROM (SELECT c.system_identifier FROM pg_control_system() c);
BEGIN
	-- transactions of another cluster say nothing here
	IF keys = '{}' OR poll.xid_column IS NOT NULL AND (is_other OR NOT nudge.is_pollable(source, poll.xid_column, keys)) OR poll.everything_at + poll.everything_every <= now() THEN
		INSERT INTO nudge.change_log (source) VALUES (source.source);
		UPDATE nudge.polls p SET everything_at = now() WHERE p.source = poll.source;
	ELSIF poll.xid_column IS NOT NULL THEN
		-- rows of transactions that are still at work are left for the next time
		IF next_horizon > poll.horizon THEN
			PERFORM nudge.log_found_keys(source, format('%s r WHERE r.%I >= %L::xid8 AND r.%I < %L::xid8', to_regclass(source.relation), poll.xid_column, poll.horizon, poll.xid_column, next_horizon), keys);
		END IF;
	ELSE
		PERFORM nudge.check_trust(nudge.source_view(source.input, source.source));
		PERFORM nudge.log_found_keys(source, format('%s r WHERE r.%I >= now() - %L::interval', nudge.source_view(source.input, source.source), nudge.input_time(source.input), poll.lookback), keys);
	END IF;
	UPDATE nudge.polls p SET horizon = CASE WHEN poll.xid_column IS NOT NULL THEN next_horizon END, system_identifier = (SELECT c.system_identifier FROM pg_control_system() c), polled_at = now(),
		complete_to = CASE WHEN poll.xid_column IS NULL THEN now() ELSE greatest(p.complete_to, least(now(), oldest)) END WHERE p.source = poll.source;
EXCEPTION WHEN OTHERS THEN
	-- what cannot be looked at may have changed; who reads it will say what is wrong, and who does not goes on
	INSERT INTO nudge.change_log (source) VALUES (source.source);
END
$$;

COMMENT ON FUNCTION nudge.poll_source(nudge.sources, nudge.polls, jsonb, timestamptz) IS 'Works for poll_sources: looks for changes of one source. Horizon and keys found are one transaction. Not STRICT: a lookback asks for no oldest transaction';

CREATE FUNCTION nudge.poll_sources() RETURNS bigint
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	poll nudge.polls;
	mapped nudge.sources;
	polled bigint := 0;
	oldest timestamptz;
BEGIN
	-- Read before the horizon is: rows of transactions that are not before it were
	-- committed after the oldest of those at work began, or after now().  When one began that
	-- is prepared nobody knows.
	IF EXISTS (SELECT FROM nudge.polls p WHERE p.xid_column IS NOT NULL) THEN
		SELECT CASE WHEN EXISTS (SELECT FROM pg_prepared_xacts) THEN '-infinity' ELSE coalesce(min(coalesce(a.xact_start, '-infinity')), 'infinity') END
		INTO oldest FROM pg_stat_activity a WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid();
	END IF;
	FOR poll IN SELECT p.* FROM nudge.polls p ORDER BY p.source COLLATE "C" FOR UPDATE LOOP
		SELECT s.* INTO mapped FROM nudge.sources s WHERE s.source = poll.source;
		PERFORM nudge.poll_source(mapped, poll, t.keys, oldest) FROM nudge.trackings t WHERE t.source = poll.source AND t.capture IN ('append_only', 'lookback');
		polled := polled + 1;
	END LOOP;
	RETURN polled;
END
$$;

COMMENT ON FUNCTION nudge.poll_sources() IS 'Works for the refresh: looks for changes of the sources of track_appends() and track_lookback(); tells how many sources these are. Not STRICT: it has no arguments';

-- src/warehouse/materialisations.sql

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
	PRIMARY KEY (materialisation, upstream)
);

SELECT pg_catalog.pg_extension_config_dump('nudge.dependencies', '');

GRANT SELECT ON nudge.dependencies TO PUBLIC;

COMMENT ON TABLE nudge.dependencies IS 'What each materialisation is computed from';

COMMENT ON COLUMN nudge.dependencies.materialisation IS 'Name of the materialisation';

COMMENT ON COLUMN nudge.dependencies.upstream IS 'Input, as nudge_staging.subscriptions, other materialisation, as nudge_analytics.customer_mrr, or any other relation, each change of which is one of everything';

COMMENT ON COLUMN nudge.dependencies.key_column IS 'Column of the upstream whose values say which keys have changed; NULL: every key may have';

COMMENT ON COLUMN nudge.dependencies.has_map IS 'Whether a view leads from values of this column to keys; otherwise they are the keys';

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
			UNION ALL SELECT 3, d.upstream, to_regclass(nudge.map_view(definition_hash.name, d.upstream))::oid FROM nudge.dependencies d WHERE d.materialisation = definition_hash.name
		), all_views AS (
			SELECT v.* FROM views v WHERE v.id IS NOT NULL
			-- views of users in between
			UNION ALL SELECT 4, r.name, r.id FROM nudge.relations_read(ARRAY(SELECT v.id FROM views v WHERE v.id IS NOT NULL)) r WHERE NOT r.is_end
		)
		SELECT md5(concat_ws(E'\n', (SELECT string_agg(pg_catalog.pg_get_viewdef(v.id, false), E'\n' ORDER BY v.place, v.upstream COLLATE "C") FROM all_views v),
			(SELECT string_agg(format('%s %s %s', d.upstream, d.key_column, d.has_map), E'\n' ORDER BY d.upstream COLLATE "C") FROM nudge.dependencies d WHERE d.materialisation = definition_hash.name))));
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
			HINT = 'Write {"plans": {"column": "plan", "query": "SELECT plan, customer FROM nudge_staging.subscriptions"}}, or {"customers": "parent"} where the column has the keys themselves, or null for any change of it to be one of everything.';
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
	DELETE FROM nudge.dependencies d WHERE d.materialisation = name;
	-- A batch of an upstream that is at work would not write down what those that
	-- are added now need to know; it is waited for.
	PERFORM pg_advisory_xact_lock('nudge.pending'::regclass::oid::integer, hashtext(u.name)) FROM (SELECT m.name FROM nudge.view_upstreams(nudge.definition_view(record_dependencies.name)) v
		JOIN nudge.materialisations m ON nudge.mart_table(m.name) = v ORDER BY m.name COLLATE "C") u;
	FOR one IN SELECT u.upstream, nudge.upstream_key(u.upstream, record_dependencies.key_column, maps -> u.upstream) AS key_column
		FROM (SELECT v AS upstream FROM nudge.view_upstreams(nudge.definition_view(name)) v UNION SELECT nudge.upstream_name(d) FROM unnest(depends_on) d) u ORDER BY u.upstream COLLATE "C" LOOP
		INSERT INTO nudge.dependencies (materialisation, upstream, key_column, has_map)
		VALUES (name, one.upstream, one.key_column, nudge.make_map(name, one.upstream, CASE WHEN one.key_column IS NOT NULL THEN maps -> one.upstream END));
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
			AND (c.relname IN (name || '__definition', name || '__clock') OR c.relname ~ ('^' || name || '__by_[0-9a-f]{8}$')) LOOP
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

-- src/warehouse/installation.sql

/*
 * installation.sql
 *		Which database of which server this is: a copy of one that is scheduled
 *		has jobs that point to the original.
 *
 * Rules: doc/schedule.md.
 */

CREATE TABLE nudge.installation (
	only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
	system_identifier bigint NOT NULL,
	database_name name NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now(),
	recorded_by name NOT NULL DEFAULT session_user
);

SELECT pg_catalog.pg_extension_config_dump('nudge.installation', '');

GRANT SELECT ON nudge.installation TO PUBLIC;

COMMENT ON TABLE nudge.installation IS 'The server and database that schedule() or adopt() was called in last: one row, none before that';

COMMENT ON COLUMN nudge.installation.only_one IS 'true: there is one row at most';

COMMENT ON COLUMN nudge.installation.system_identifier IS 'System identifier of the server, as pg_control_system() tells it';

COMMENT ON COLUMN nudge.installation.database_name IS 'Name of the database';

COMMENT ON COLUMN nudge.installation.recorded_at IS 'When it was written down';

COMMENT ON COLUMN nudge.installation.recorded_by IS 'Who called it';

CREATE FUNCTION nudge.is_adopted() RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN NOT EXISTS (SELECT FROM nudge.installation i, pg_catalog.pg_control_system() c WHERE i.system_identifier <> c.system_identifier OR i.database_name <> current_database());

COMMENT ON FUNCTION nudge.is_adopted() IS 'False in a copy of a database that is scheduled, until adopt() is called there. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.check_adopted() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT nudge.is_adopted() THEN
		RAISE EXCEPTION 'this database is a copy that is not adopted' USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = (SELECT format('It was scheduled as database "%s"%s.', i.database_name, CASE WHEN i.database_name = current_database() THEN ' of another server' ELSE '' END) FROM nudge.installation i),
			HINT = 'Call nudge.adopt() if it is to be refreshed on its own; the original goes on as it is.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_adopted() IS 'Works for run_due: an error in a copy of a database that is scheduled. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.record_installation() RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.installation AS i (system_identifier, database_name) SELECT c.system_identifier, current_database() FROM pg_control_system() c
	ON CONFLICT (only_one) DO UPDATE SET system_identifier = excluded.system_identifier, database_name = excluded.database_name, recorded_at = excluded.recorded_at, recorded_by = excluded.recorded_by
	WHERE (i.system_identifier, i.database_name) <> (excluded.system_identifier, excluded.database_name);
END
$$;

COMMENT ON FUNCTION nudge.record_installation() IS 'Works for schedule and adopt: writes down which database this is. Not STRICT: it has no arguments';

REVOKE EXECUTE ON FUNCTION nudge.record_installation() FROM PUBLIC;

-- src/warehouse/refresh_batch.sql

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
		RETURN format('WITH written AS (INSERT INTO %s (%s) SELECT %s FROM %s AS f WHERE f.%I IS NOT NULL RETURNING 1) SELECT count(*), 0::bigint, NULL::jsonb FROM written',
			nudge.mart_table(name), columns, columns, nudge.definition_view(name), m.key_column);
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
		format('written AS (INSERT INTO %s (%s) SELECT * FROM changed%s RETURNING xmax = 0 AS is_new)', nudge.mart_table(name), columns,
			format(' ON CONFLICT (%s) DO UPDATE SET ', (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(m.row_key) WITH ORDINALITY u(k, n)))
				|| (SELECT string_agg(format('%1$s = excluded.%1$s', o), ', ') FROM unnest(others) o)),
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
	RETURN NOT EXISTS (SELECT FROM nudge.view_upstreams(nudge.map_view(materialisation, upstream)) u WHERE u = upstream OR EXISTS (SELECT FROM nudge.sources s WHERE nudge.staging_name(s.input) = upstream AND s.relation = u))
		OR NOT starts_with(upstream, 'nudge_analytics.') AND NOT EXISTS (SELECT FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
			WHERE nudge.staging_name(s.input) = upstream AND t.capture IS DISTINCT FROM 'append_only');

COMMENT ON FUNCTION nudge.is_map_certain(text, text) IS 'Works for the refresh: whether a map leads to all keys that a change belongs to, those that a row has left included';

-- Keys that a change of an upstream belongs to; NULL: all may have changed.
CREATE FUNCTION nudge.mapped_keys(dependency nudge.dependencies, keys text[]) RETURNS text[]
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := nudge.map_view(dependency.materialisation, dependency.upstream);
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

CREATE FUNCTION nudge.add_pending(dependency nudge.dependencies, source text, key_column text, keys text[], at timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	IF key_column IS NOT NULL AND dependency.key_column IS NOT NULL THEN
		IF key_column = dependency.key_column THEN
			found := nudge.mapped_keys(dependency, keys);
		ELSIF source ~ '[.]' OR EXISTS (SELECT FROM nudge.trackings t WHERE t.source = add_pending.source AND t.keys ? dependency.key_column) THEN
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
	SELECT r.* INTO done FROM nudge.run_as_owner(nudge.definition_view(name)::regclass, nudge.batch_statement(name, keys IS NOT NULL, is_empty), keys, NULL, NULL) r;
	PERFORM set_config('nudge.as_of', '', true);
	IF done.rows_written < 0 THEN
		RAISE EXCEPTION 'the query gives two rows of one row key' USING ERRCODE = 'cardinality_violation',
			HINT = 'Aggregate, or add the column that tells them apart to row_key.';
	END IF;
	IF done.rows_written + done.rows_deleted > 0 THEN
		PERFORM nudge.note_changes(name, done.changed);
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

-- src/warehouse/refresh.sql

/*
 * refresh.sql
 *		A run of one materialisation, from its begin to its end, and who calls it:
 *		refresh(), rebuild() and run_due().
 *
 * Rules: doc/refresh.md.
 */

CREATE TABLE nudge.runs (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	materialisation text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('due', 'refresh', 'rebuild')),
	status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'ok', 'failed', 'cancelled', 'skipped', 'stopped', 'abandoned')),
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	batches bigint NOT NULL DEFAULT 0,
	keys bigint NOT NULL DEFAULT 0,
	rows_written bigint NOT NULL DEFAULT 0,
	rows_deleted bigint NOT NULL DEFAULT 0,
	quarantined bigint NOT NULL DEFAULT 0,
	data_as_of timestamptz,
	sqlstate text,
	error text,
	run_by name NOT NULL DEFAULT session_user,
	pid integer NOT NULL DEFAULT pg_backend_pid(),
	backend_start timestamptz
);

CREATE INDEX runs_materialisation ON nudge.runs (materialisation, run_id);

-- each run looks for those that were broken off
CREATE INDEX runs_running ON nudge.runs (pid) WHERE status = 'running';

SELECT pg_catalog.pg_extension_config_dump('nudge.runs', '');

SELECT pg_catalog.pg_extension_config_dump('nudge.runs_run_id_seq', '');

COMMENT ON SEQUENCE nudge.runs_run_id_seq IS 'Numbers of runs';

COMMENT ON TABLE nudge.runs IS 'Refreshes of materialisations, those at work included';

COMMENT ON COLUMN nudge.runs.run_id IS 'Number of the run; numbers may be left out';

COMMENT ON COLUMN nudge.runs.materialisation IS 'Name of the materialisation';

COMMENT ON COLUMN nudge.runs.kind IS 'due: by run_due(); refresh or rebuild: by that procedure';

COMMENT ON COLUMN nudge.runs.status IS 'running, ok, failed, cancelled, skipped (another run was at work), stopped (its time was over), abandoned (its session is gone)';

COMMENT ON COLUMN nudge.runs.started_at IS 'When it began';

COMMENT ON COLUMN nudge.runs.ended_at IS 'When it ended; NULL while it runs';

COMMENT ON COLUMN nudge.runs.batches IS 'Transactions committed';

COMMENT ON COLUMN nudge.runs.keys IS 'Keys computed; NULL keys of a batch of everything are not counted';

COMMENT ON COLUMN nudge.runs.rows_written IS 'Rows inserted or updated';

COMMENT ON COLUMN nudge.runs.rows_deleted IS 'Rows deleted';

COMMENT ON COLUMN nudge.runs.quarantined IS 'Keys put into quarantine';

COMMENT ON COLUMN nudge.runs.data_as_of IS 'All that was committed before this instant is in the materialisation if the run ends well';

COMMENT ON COLUMN nudge.runs.sqlstate IS 'SQLSTATE of the error that ended it';

COMMENT ON COLUMN nudge.runs.error IS 'The error that ended it';

COMMENT ON COLUMN nudge.runs.run_by IS 'Who ran it';

COMMENT ON COLUMN nudge.runs.pid IS 'Process of its session';

COMMENT ON COLUMN nudge.runs.backend_start IS 'When this process started';

CREATE TABLE nudge.heartbeats (
	process text PRIMARY KEY,
	seen_at timestamptz,
	expected_every interval,
	scheduled_at timestamptz
);

SELECT pg_catalog.pg_extension_config_dump('nudge.heartbeats', '');

GRANT SELECT ON nudge.heartbeats TO PUBLIC;

COMMENT ON TABLE nudge.heartbeats IS 'When run_due() was called last: what says whether the scheduler is alive';

COMMENT ON COLUMN nudge.heartbeats.process IS 'run_due; prune: what deletes old runs, once a day';

COMMENT ON COLUMN nudge.heartbeats.seen_at IS 'When it was called last; NULL if it was not yet';

COMMENT ON COLUMN nudge.heartbeats.expected_every IS 'How often it is to be called; NULL if nothing is scheduled';

COMMENT ON COLUMN nudge.heartbeats.scheduled_at IS 'Since when it is expected so often';

-- Beginning and end -------------------------------------------------------

-- Whoever asks need not be allowed to look at the tables.
CREATE FUNCTION nudge.is_source_seen(source text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN EXISTS (SELECT FROM nudge.trackings t WHERE t.source = is_source_seen.source AND t.capture <> 'none')
		AND NOT EXISTS (SELECT FROM nudge.check_tracking(is_source_seen.source) c WHERE c.severity = 'error');
END
$$;

COMMENT ON FUNCTION nudge.is_source_seen(text) IS 'Works for the refresh: whether all changes of a source are captured, as far as check_tracking() can tell';

-- An upstream of which it is not known what changes.
CREATE FUNCTION nudge.is_upstream_tracked(upstream text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	RETURN CASE
		WHEN upstream LIKE 'nudge\_analytics.%' THEN EXISTS (SELECT FROM nudge.materialisations m WHERE nudge.mart_table(m.name) = upstream)
		WHEN EXISTS (SELECT FROM nudge.inputs i WHERE nudge.staging_name(i.input) = upstream) THEN NOT EXISTS (SELECT FROM nudge.sources s WHERE nudge.staging_name(s.input) = upstream AND NOT nudge.is_source_seen(s.source))
		ELSE false END;

COMMENT ON FUNCTION nudge.is_upstream_tracked(text) IS 'Works for the refresh: whether all changes of an upstream are captured';

CREATE FUNCTION nudge.untracked_upstream(name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT min(d.upstream COLLATE "C") FROM nudge.dependencies d WHERE d.materialisation = untracked_upstream.name AND NOT nudge.is_upstream_tracked(d.upstream);
END;

COMMENT ON FUNCTION nudge.untracked_upstream(text) IS 'Works for the refresh: an upstream of a materialisation whose changes are not captured, or not all of them; NULL if there is none';

-- A clock without keys is one of everything.
CREATE FUNCTION nudge.clock_statement(name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
	RETURN format(CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(nudge.clock_view(name)) AND a.attname = 'key')
			THEN 'SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(DISTINCT c.key), ''[]'') FROM %s c WHERE c.at > $2 AND c.at <= $3 AND c.key IS NOT NULL'
			ELSE 'SELECT 0::bigint, 0::bigint, CASE WHEN EXISTS (SELECT FROM %s c WHERE c.at > $2 AND c.at <= $3) THEN ''[null]''::jsonb ELSE ''[]'' END' END,
		nudge.clock_view(name));

COMMENT ON FUNCTION nudge.clock_statement(text) IS 'Works for the refresh: the statement that finds the keys whose time has come; a null is all of them';

-- Keys whose time has come since the last refresh.
CREATE FUNCTION nudge.tick(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.materialisations;
	found jsonb;
BEGIN
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = tick.name FOR UPDATE;
	IF m.has_clock AND (m.clock_at IS NULL OR m.clock_at < now()) THEN
		IF m.clock_at IS NOT NULL THEN
			PERFORM nudge.check_trust(nudge.clock_view(name));
			SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.clock_view(name)::regclass, nudge.clock_statement(name), NULL, m.clock_at, now()) r;
			INSERT INTO nudge.pending (materialisation, key, reason) SELECT tick.name, k, 'time' FROM jsonb_array_elements_text(found) k;
		END IF;
		UPDATE nudge.materialisations r SET clock_at = now() WHERE r.name = tick.name;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.tick(text) IS 'Works for the refresh: moves the instant that a materialisation is computed for to now, and writes down the keys that change by it';

CREATE FUNCTION nudge.sweep_runs() RETURNS bigint
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	WITH swept AS (
		UPDATE nudge.runs r SET status = 'abandoned', ended_at = clock_timestamp(), error = 'its session broke it off'
		-- a session has one at a time: one of this session that has not ended was broken off
		WHERE r.status = 'running' AND (r.pid = pg_catalog.pg_backend_pid()
			OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = r.pid AND a.backend_start = r.backend_start)) RETURNING 1
	)
	SELECT count(*) FROM swept;
END;

COMMENT ON FUNCTION nudge.sweep_runs() IS 'Works for the refresh: ends runs whose session is gone; tells how many';

CREATE FUNCTION nudge.begin_run(name text, kind text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run bigint;
BEGIN
	PERFORM nudge.sweep_runs();
	-- What it will be as of is known before it takes any change: what is
	-- committed later, here or in what it reads, may be missed.
	INSERT INTO nudge.runs (materialisation, kind, backend_start, data_as_of)
	SELECT begin_run.name, begin_run.kind, (SELECT a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()),
		CASE WHEN count(*) = count(u.data_as_of) THEN least(clock_timestamp(), min(u.data_as_of)) END
	FROM nudge.dependencies d JOIN nudge.materialisations u ON nudge.mart_table(u.name) = d.upstream WHERE d.materialisation = begin_run.name
	RETURNING run_id INTO run;
	RETURN run;
END
$$;

COMMENT ON FUNCTION nudge.begin_run(text, text) IS 'Works for the refresh: writes down that a run begins';

-- What is looked for is seen later than it is committed.  Called before the log is
-- read, so that all that was found until then is taken.
CREATE FUNCTION nudge.note_polls(name text, run bigint) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE nudge.runs r SET data_as_of = CASE WHEN p.all_seen THEN least(r.data_as_of, p.complete_to) END
	FROM (SELECT min(p.complete_to) AS complete_to, every(p.complete_to IS NOT NULL) AS all_seen
		FROM nudge.dependencies d JOIN nudge.sources s ON nudge.staging_name(s.input) = d.upstream JOIN nudge.polls p ON p.source = s.source WHERE d.materialisation = name) p
	WHERE r.run_id = run AND r.data_as_of IS NOT NULL AND p.all_seen IS NOT NULL;
END
$$;

COMMENT ON FUNCTION nudge.note_polls(text, bigint) IS 'Works for the refresh: a run is as of no later time than what was looked for in its sources';

CREATE FUNCTION nudge.mark_run(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	m nudge.materialisations;
	hash constant text := nudge.definition_hash(name);
	untracked text;
BEGIN
	PERFORM nudge.check_read_committed();
	-- a table that is gone is not fresh because nothing has changed
	PERFORM nudge.check_mart(name);
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = mark_run.name;
	untracked := nudge.untracked_upstream(name);
	IF m.definition_hash IS DISTINCT FROM hash THEN
		UPDATE nudge.materialisations r SET definition_hash = hash WHERE r.name = mark_run.name;
		PERFORM nudge.mark_everything(name, 'definition');
	ELSIF untracked IS NOT NULL THEN
		PERFORM nudge.mark_everything(name, untracked || ' is not tracked');
	END IF;
	PERFORM nudge.tick(name);
END
$$;

COMMENT ON FUNCTION nudge.mark_run(text) IS 'Works for the refresh: writes down what must be computed whatever has changed';

CREATE FUNCTION nudge.next_slot(cadence interval, after timestamptz) RETURNS timestamptz
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN date_bin(cadence, after, timestamptz '2000-01-01 00:00:00Z') + cadence;

COMMENT ON FUNCTION nudge.next_slot(interval, timestamptz) IS 'The next time at which something of a cadence is due: whole cadences since 2000-01-01 UTC';

CREATE FUNCTION nudge.end_run(name text, run bigint, status text, sqlstate text, error text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of timestamptz;
BEGIN
	UPDATE nudge.runs r SET status = end_run.status, ended_at = clock_timestamp(), sqlstate = end_run.sqlstate, error = end_run.error WHERE r.run_id = run RETURNING r.data_as_of INTO as_of;
	IF status = 'ok' THEN
		UPDATE nudge.materialisations m SET last_success_at = clock_timestamp(), consecutive_failures = 0, last_error = NULL, next_attempt_at = NULL, next_due_at = nudge.next_slot(m.cadence, now()),
			data_as_of = greatest(m.data_as_of, as_of)
		WHERE m.name = end_run.name;
	ELSIF status IN ('failed', 'cancelled') THEN
		-- later and later, but not all at the same time
		UPDATE nudge.materialisations m SET consecutive_failures = m.consecutive_failures + 1, last_error = end_run.error,
			next_attempt_at = clock_timestamp() + least(m.cadence, interval '30 seconds' * 2 ^ least(m.consecutive_failures, 20)) * (0.9 + 0.2 * random())
		WHERE m.name = end_run.name;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.end_run(text, bigint, text, text, text) IS 'Works for the refresh: writes down how a run has ended, and when the next may begin. Not STRICT: a run that ends well has no error';

-- What an error means: is the key to blame, or would any other do the same?
CREATE FUNCTION nudge.is_error_of_key(sqlstate text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN left(sqlstate, 2) IN ('21', '22', '23', '54', 'P0', 'XX') AND sqlstate NOT IN ('54001');

COMMENT ON FUNCTION nudge.is_error_of_key(text) IS 'Works for the refresh: whether an error comes from the rows of a key, so that others may go on';

CREATE FUNCTION nudge.outcome_of(sqlstate text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE sqlstate WHEN '57014' THEN 'cancelled' ELSE 'failed' END;

COMMENT ON FUNCTION nudge.outcome_of(text) IS 'Works for the refresh: how a run ends by an error';

-- The run -----------------------------------------------------------------

-- The procedures below neither SET anything nor are SECURITY DEFINER: with
-- either they could not commit.  Each transaction of theirs begins with these
-- two lines.
CREATE FUNCTION nudge.pin_search_path() RETURNS void
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('quote_all_identifiers', 'off', true), pg_catalog.set_config('standard_conforming_strings', 'on', true);
END;

COMMENT ON FUNCTION nudge.pin_search_path() IS 'Works for the refresh: names and strings mean what they say until the transaction ends. Not STRICT: it has no arguments';

-- What is done about a batch that does not work.
CREATE FUNCTION nudge.after_error(everything boolean, keys text[], sqlstate text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	-- which key is to blame is found among keys; what is left of one alone is a run with too many such keys
	RETURN CASE WHEN NOT nudge.is_error_of_key(sqlstate) THEN nudge.outcome_of(sqlstate) WHEN everything THEN 'enumerate' WHEN cardinality(keys) > 1 THEN 'halve' ELSE 'failed' END;

COMMENT ON FUNCTION nudge.after_error(boolean, text[], text) IS 'Works for the refresh: what is done after an error: cancelled and failed end the run';

-- Each turn of the loop is a transaction.  All that may fail is done in its
-- block, so that the run ends as failed and others go on.
CREATE PROCEDURE nudge.run_refresh(name text, kind text, poll boolean, deadline timestamptz, batch integer, pause interval, INOUT outcome text)
	LANGUAGE plpgsql
AS $$
DECLARE
	run bigint;
	full_size integer;
	size integer;
	turn integer := 0;
	after pg_catalog.text;
	phase pg_catalog.text := CASE WHEN poll THEN 'poll' ELSE 'fan out' END;
	next record;
	done pg_catalog.text;
	problem pg_catalog.text;
	problem_state pg_catalog.text;
BEGIN
	-- where sessions begin in another one, it is set before anything is read, be it to evaluate a condition
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.pin_search_path();
	run := nudge.begin_run(name, kind);
	full_size := coalesce(batch, (SELECT m.batch_keys FROM nudge.materialisations m WHERE m.name = run_refresh.name));
	size := full_size;
	outcome := NULL;
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	LOOP
		PERFORM nudge.pin_search_path();
		problem_state := NULL;
		turn := turn + 1;
		next := nudge.next_keys(name, after, size);
		BEGIN
			PERFORM set_config('lock_timeout', '5s', true), set_config('application_name', left(format('nudge %s %s, %s %s', kind, name, phase, turn), 63), true);
			-- what has nothing left to do ends well, however late it is
			IF clock_timestamp() >= deadline AND (phase <> 'compute' OR next.everything OR next.keys <> '{}') THEN
				outcome := 'stopped';
			ELSIF phase = 'poll' THEN
				PERFORM nudge.poll_sources();
				phase := 'fan out';
			ELSIF phase = 'fan out' THEN
				PERFORM nudge.note_polls(name, run);
				phase := CASE WHEN nudge.fan_out(100000) < 100000 THEN 'mark' ELSE phase END;
			ELSIF phase = 'mark' THEN
				PERFORM nudge.mark_run(name);
				phase := 'compute';
			ELSIF phase = 'pause' THEN
				PERFORM pg_sleep(extract(epoch FROM pause));
				phase := 'compute';
			ELSIF phase = 'enumerate' OR next.everything AND kind = 'rebuild' AND batch IS NOT NULL THEN
				outcome := CASE WHEN nudge.enumerate_keys(name) IS NULL THEN 'skipped' END;
				after := NULL;
				phase := 'compute';
			ELSIF next.everything OR next.keys <> '{}' THEN
				done := nudge.refresh_batch(name, run, CASE WHEN NOT next.everything THEN next.keys END);
				IF done = 'busy' THEN
					outcome := 'skipped';
				ELSIF NOT next.everything THEN
					after := next.keys[cardinality(next.keys)];
					size := CASE done WHEN 'put aside' THEN 1 ELSE least(size * 2, full_size) END;
				END IF;
				phase := CASE WHEN pause > '0' THEN 'pause' ELSE phase END;
			ELSE
				outcome := 'ok';
			END IF;
		EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
			GET STACKED DIAGNOSTICS problem_state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT;
		END;
		IF problem_state IS NOT NULL THEN
			outcome := nudge.after_error(next.everything, next.keys, problem_state);
			IF phase <> 'compute' AND outcome <> 'cancelled' THEN
				outcome := 'failed';
			ELSIF outcome = 'enumerate' THEN
				phase := outcome;
				outcome := NULL;
			ELSIF outcome = 'halve' THEN
				size := cardinality(next.keys) / 2;
				outcome := NULL;
			END IF;
		END IF;
		IF outcome IS NOT NULL THEN
			PERFORM nudge.end_run(name, run, outcome, problem_state, CASE outcome WHEN 'skipped' THEN 'another session is refreshing it' WHEN 'stopped' THEN 'its time was over' WHEN 'ok' THEN NULL ELSE problem END);
			outcome := CASE WHEN outcome IN ('failed', 'cancelled') THEN outcome || ': ' || problem ELSE outcome END;
		END IF;
		COMMIT;
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		EXIT WHEN outcome IS NOT NULL;
	END LOOP;
END
$$;

COMMENT ON PROCEDURE nudge.run_refresh(text, text, boolean, timestamptz, integer, interval, text) IS 'Works for refresh, rebuild and run_due: one run of one materialisation';

-- Materialisations in an order in which none comes before what it reads.
CREATE FUNCTION nudge.refresh_order() RETURNS TABLE (name text, depth integer)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
	WITH RECURSIVE below(name, depth) AS (
		SELECT m.name, 0 FROM nudge.materialisations m
		UNION
		SELECT d.materialisation, b.depth + 1 FROM below b JOIN nudge.dependencies d ON d.upstream = nudge.mart_table(b.name)
	)
	SELECT b.name, max(b.depth) FROM below b GROUP BY b.name ORDER BY max(b.depth), b.name COLLATE "C";
END;

COMMENT ON FUNCTION nudge.refresh_order() IS 'The materialisations, each after all that it depends on; depth is how many refreshes lie before it. Not STRICT: it has no arguments';

-- A materialisation with all that it depends on, these first.
CREATE FUNCTION nudge.with_upstreams(name text) RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE above(name) AS (
		SELECT with_upstreams.name
		UNION
		SELECT m.name FROM above a JOIN nudge.dependencies d ON d.materialisation = a.name JOIN nudge.materialisations m ON nudge.mart_table(m.name) = d.upstream
	)
	SELECT array_agg(o.name ORDER BY o.depth, o.name COLLATE "C") FROM nudge.refresh_order() o JOIN above a ON a.name = o.name;
END;

COMMENT ON FUNCTION nudge.with_upstreams(text) IS 'A materialisation and those that it depends on, in the order of their refresh';

-- What is said after all that was done has been committed.
CREATE FUNCTION nudge.report_outcome(name text, outcome text, is_one_of_many boolean DEFAULT false) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF outcome = 'skipped' THEN
		RAISE WARNING 'materialisation "%" is not refreshed', name USING DETAIL = 'Another session is refreshing it.';
	ELSIF outcome ~ '^cancelled: ' THEN
		RAISE EXCEPTION 'the refresh of materialisation "%" is cancelled', name USING ERRCODE = 'query_canceled',
			DETAIL = substr(outcome, 12) || '.',
			HINT = 'What was committed stays, and the next refresh goes on.';
	ELSIF outcome ~ '^failed: ' AND is_one_of_many THEN
		RAISE WARNING 'the refresh of materialisation "%" failed', name USING DETAIL = substr(outcome, 9) || '.';
	ELSIF outcome ~ '^failed: ' THEN
		RAISE EXCEPTION 'the refresh of materialisation "%" failed', name USING ERRCODE = 'external_routine_exception',
			DETAIL = substr(outcome, 9) || '.',
			HINT = 'What was committed stays. See nudge.run_history.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.report_outcome(text, text, boolean) IS 'Works for refresh, rebuild and run_due: raises what has gone wrong';

CREATE FUNCTION nudge.heartbeat(process text) RETURNS void
	LANGUAGE sql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO nudge.heartbeats (process, seen_at) VALUES (heartbeat.process, clock_timestamp())
	ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at;
END;

COMMENT ON FUNCTION nudge.heartbeat(text) IS 'Works for run_due: writes down that it is alive';

CREATE FUNCTION nudge.due_materialisations() RETURNS text[]
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(o.name ORDER BY o.depth, o.name COLLATE "C"), '{}')
	FROM nudge.refresh_order() o JOIN nudge.materialisations m ON m.name = o.name
	WHERE m.enabled AND m.next_due_at <= clock_timestamp() AND coalesce(m.next_attempt_at <= clock_timestamp(), true);
END;

COMMENT ON FUNCTION nudge.due_materialisations() IS 'The materialisations that run_due() would refresh now, in its order. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.prune_runs(keep interval DEFAULT '90 days') RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pruned bigint;
BEGIN
	-- freshness reads the last run of each, however old it is
	DELETE FROM nudge.runs r WHERE r.ended_at < now() - keep AND EXISTS (SELECT FROM nudge.runs l WHERE l.materialisation = r.materialisation AND l.run_id > r.run_id);
	GET DIAGNOSTICS pruned = ROW_COUNT;
	RETURN pruned;
END
$$;

COMMENT ON FUNCTION nudge.prune_runs(interval) IS 'Deletes runs that ended longer ago, but for the last of each materialisation; tells how many';

CREATE FUNCTION nudge.check_rebuild(name text, batch_keys integer) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	IF batch_keys NOT BETWEEN 1 AND 1000000 THEN
		RAISE EXCEPTION 'batch_keys must be between 1 and 1000000' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', batch_keys),
			HINT = 'Leave it out to rebuild in one transaction.';
	END IF;
	PERFORM nudge.mark_everything(name, 'rebuild');
END
$$;

COMMENT ON FUNCTION nudge.check_rebuild(text, integer) IS 'Works for rebuild: lets all keys of a materialisation be computed anew. Not STRICT: without batch_keys it is one transaction';

CREATE FUNCTION nudge.retry_quarantined(name text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	marked bigint;
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	INSERT INTO nudge.pending (materialisation, key, reason) SELECT q.materialisation, q.key, 'quarantined'
	FROM nudge.quarantine q WHERE retry_quarantined.name IS NULL OR q.materialisation = retry_quarantined.name;
	GET DIAGNOSTICS marked = ROW_COUNT;
	RETURN marked;
END
$$;

COMMENT ON FUNCTION nudge.retry_quarantined(text) IS 'Lets the next refresh try the keys in quarantine again, of one materialisation or of all; tells how many. Not STRICT: NULL is all';

-- Rules and links of the lists of entities look at rows, which change.
CREATE FUNCTION nudge.has_entity_rules() RETURNS boolean
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN EXISTS (SELECT FROM nudge.exclusion_rules r) OR EXISTS (SELECT FROM nudge.exclusions x) OR EXISTS (SELECT FROM nudge.sources s WHERE s.input = 'customer_merges');

COMMENT ON FUNCTION nudge.has_entity_rules() IS 'Works for the refresh: whether the lists of entities may have to follow what sources say. Not STRICT: it has no arguments';

-- Rules and inputs are read with the rights of a role to whom these inputs
-- belong, whoever refreshes; of several, all must have its rights.
CREATE FUNCTION nudge.follow_entities() RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s'
AS $$
DECLARE
	reader record;
	other record;
BEGIN
	IF nudge.has_entity_rules() THEN
		SELECT c.oid::regclass AS id, c.relowner AS owner INTO reader FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
		WHERE n.nspname = 'nudge_staging' AND c.relkind = 'v' AND c.relname IN (SELECT s.input FROM nudge.sources s) ORDER BY r.rolsuper, c.relname COLLATE "C" LIMIT 1;
		SELECT c.relname, pg_get_userbyid(c.relowner) AS owner INTO other FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'nudge_staging' AND c.relkind = 'v' AND (c.relname IN (SELECT s.input FROM nudge.sources s) OR c.relname IN (SELECT (s.input || '__' || s.source)::name FROM nudge.sources s))
			AND NOT pg_has_role(c.relowner, reader.owner, 'USAGE') ORDER BY c.relname COLLATE "C" LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'view % may not be read with the rights of role "%"', nudge.staging_name(other.relname), pg_get_userbyid(reader.owner) USING ERRCODE = 'insufficient_privilege';
		END IF;
		PERFORM FROM nudge.run_as_owner(reader.id, 'SELECT sum(e.added)::bigint, sum(e.removed)::bigint, NULL::jsonb FROM nudge.refresh_entities() e', NULL, NULL, NULL) r WHERE reader.id IS NOT NULL;
	END IF;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'the lists of entities are not brought up to date' USING DETAIL = SQLERRM || '.',
		HINT = 'See refresh_entities(). The owner of the inputs needs its rights, or somebody else calls it.';
END
$$;

COMMENT ON FUNCTION nudge.follow_entities() IS 'Works for refresh and run_due: brings the lists of entities up to date, with the rights of the owner of the inputs. Not STRICT: it has no arguments';

CREATE PROCEDURE nudge.refresh(name text, upstreams boolean DEFAULT true)
	LANGUAGE plpgsql
AS $$
DECLARE
	one pg_catalog.text;
	first boolean := true;
	outcome pg_catalog.text;
BEGIN
	CALL nudge.check_may_commit();
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	PERFORM nudge.follow_entities();
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	FOREACH one IN ARRAY CASE WHEN upstreams THEN nudge.with_upstreams(name) ELSE ARRAY[name] END LOOP
		CALL nudge.run_refresh(one, 'refresh', first, 'infinity', NULL, NULL, outcome);
		first := false;
		PERFORM nudge.report_outcome(one, outcome);
		COMMIT;
	END LOOP;
END
$$;

COMMENT ON PROCEDURE nudge.refresh(text, boolean) IS 'Refreshes a materialisation and, unless told otherwise, those that it depends on: computes the keys that have changed, in batches that are committed one by one';

CREATE PROCEDURE nudge.rebuild(name text, batch_keys integer DEFAULT NULL, pause interval DEFAULT NULL)
	LANGUAGE plpgsql
AS $$
DECLARE
	outcome pg_catalog.text;
BEGIN
	CALL nudge.check_may_commit();
	PERFORM nudge.check_rebuild(name, batch_keys);
	COMMIT;
	CALL nudge.run_refresh(name, 'rebuild', true, 'infinity', batch_keys, pause, outcome);
	PERFORM nudge.report_outcome(name, outcome);
END
$$;

COMMENT ON PROCEDURE nudge.rebuild(text, integer, interval) IS 'Computes all rows of a materialisation anew and writes those that differ: in one transaction, or in batches of so many keys with a pause after each; what is not done when it stops, the next refresh does';

CREATE PROCEDURE nudge.run_due(budget interval DEFAULT NULL)
	LANGUAGE plpgsql
AS $$
DECLARE
	deadline pg_catalog.timestamptz;
	due pg_catalog.text[];
	one pg_catalog.text;
	first boolean := true;
	outcome pg_catalog.text;
BEGIN
	CALL nudge.check_may_commit();
	-- a standby does nothing, and its scheduler need not know
	IF pg_catalog.pg_is_in_recovery() THEN
		RETURN;
	END IF;
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM nudge.pin_search_path();
	PERFORM nudge.check_adopted();
	deadline := CASE WHEN budget IS NULL THEN 'infinity' ELSE clock_timestamp() + budget END;
	PERFORM nudge.heartbeat('run_due'), nudge.prune_daily();
	due := nudge.due_materialisations();
	COMMIT;
	IF due OPERATOR(pg_catalog.<>) '{}' THEN
		COMMIT;
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		PERFORM nudge.follow_entities();
		COMMIT;
	END IF;
	FOREACH one IN ARRAY due LOOP
		CALL nudge.run_refresh(one, 'due', first, deadline, NULL, NULL, outcome);
		first := false;
		PERFORM nudge.report_outcome(one, outcome, true);
		EXIT WHEN outcome OPERATOR(pg_catalog.=) 'stopped';
		COMMIT;
	END LOOP;
END
$$;

COMMENT ON PROCEDURE nudge.run_due(interval) IS 'Refreshes the materialisations whose time has come, each after those that it reads; begins none after its budget is over. What the scheduler calls';

-- Who may -----------------------------------------------------------------

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace AND p.proname OPERATOR(pg_catalog.=) ANY ('{run_as_owner,poll_sources,note_triggers,fan_out,mark_everything,next_keys,take_pending,refresh_batch,compute_batch,quarantine_key,enumerate_keys,begin_run,note_polls,mark_run,end_run,
			heartbeat,prune_runs,check_rebuild,retry_quarantined,follow_entities,run_refresh,refresh,rebuild,run_due,add_materialisation,drop_materialisation,enable_materialisation,note_mapping,track_appends,track_lookback}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	-- whose the extension is need not be whose this function is
	EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION nudge.run_as_owner(pg_catalog.regclass, text, text[], timestamptz, timestamptz) FROM %s', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.materialisations, nudge.dependencies, nudge.pending, nudge.quarantine, nudge.runs, nudge.heartbeats, nudge.polls TO %s WITH GRANT OPTION', owner);
END
$$;

-- src/warehouse/freshness.sql

/*
 * freshness.sql
 *		How fresh materialisations are, what has been done and what would be, and
 *		whether their rows are what their queries say.
 *
 * Rules: doc/freshness.md.
 */

-- What is waiting ---------------------------------------------------------

-- The log is read by whoever asks, but not its keys.
CREATE FUNCTION nudge.waiting() RETURNS TABLE (materialisation text, pending_keys bigint, everything boolean, log_rows bigint, oldest_at timestamptz, quarantined bigint)
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 30 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH logged AS (
		SELECT CASE WHEN l.source LIKE '%.%' THEN l.source ELSE nudge.staging_name((SELECT s.input FROM nudge.sources s WHERE s.source = l.source)) END AS upstream,
			l.source, l.key_column, l.n, l.at
		FROM (SELECT c.source, c.key_column, count(*) AS n, min(c.at) AS at FROM nudge.change_log c GROUP BY c.source, c.key_column) l
	), unread AS (
		SELECT d.materialisation, sum(l.n) AS n, min(l.at) AS at
		FROM nudge.dependencies d JOIN logged l ON l.upstream = d.upstream AND (l.key_column IS NULL OR d.key_column IS NULL OR l.key_column = d.key_column
			-- a change of which this column is not written down may be of any key
			OR l.source NOT LIKE '%.%' AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = l.source AND t.keys ? d.key_column))
		GROUP BY d.materialisation
	), pending AS (
		SELECT p.materialisation, count(DISTINCT p.key) AS n, bool_or(p.key IS NULL) AS everything, min(p.at) AS at FROM nudge.pending p GROUP BY p.materialisation
	)
	SELECT m.name, coalesce(p.n, 0), coalesce(p.everything, false), coalesce(u.n, 0)::bigint, least(p.at, u.at),
		(SELECT count(*) FROM nudge.quarantine q WHERE q.materialisation = m.name)
	FROM nudge.materialisations m LEFT JOIN pending p ON p.materialisation = m.name LEFT JOIN unread u ON u.materialisation = m.name
	ORDER BY m.name COLLATE "C";
END;

COMMENT ON FUNCTION nudge.waiting() IS 'How much is to be computed for each materialisation: keys that are pending, and rows of the log that are not yet led to keys. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.last_runs() RETURNS TABLE (materialisation text, run_id bigint, kind text, status text, started_at timestamptz, ended_at timestamptz, batches bigint, keys bigint,
		rows_written bigint, rows_deleted bigint, quarantined bigint, sqlstate text, error text, run_by name, is_running boolean)
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT r.materialisation, r.run_id, r.kind, r.status, r.started_at, r.ended_at, r.batches, r.keys, r.rows_written, r.rows_deleted, r.quarantined, r.sqlstate, r.error, r.run_by,
		r.status = 'running' AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = r.pid AND a.backend_start = r.backend_start)
	FROM nudge.runs r;
END;

COMMENT ON FUNCTION nudge.last_runs() IS 'Works for the views: the runs, and whether the session of one that has not ended is still there. Not STRICT: it has no arguments';

-- What people look at -----------------------------------------------------

CREATE VIEW nudge.lag AS
	SELECT w.materialisation AS name, w.pending_keys, w.everything AS everything_pending, w.log_rows, w.oldest_at AS oldest_unprocessed_at,
		extract(epoch FROM clock_timestamp() - w.oldest_at)::numeric AS lag_seconds
	FROM nudge.waiting() w;

COMMENT ON VIEW nudge.lag IS 'What waits to be computed for each materialisation';

COMMENT ON COLUMN nudge.lag.name IS 'Name of the materialisation';

COMMENT ON COLUMN nudge.lag.pending_keys IS 'Keys that are to be computed anew';

COMMENT ON COLUMN nudge.lag.everything_pending IS 'Whether all keys are to be computed anew';

COMMENT ON COLUMN nudge.lag.log_rows IS 'Rows of nudge.change_log that concern it and are not yet led to keys';

COMMENT ON COLUMN nudge.lag.oldest_unprocessed_at IS 'When the oldest change was made that is not in it; NULL if all are';

COMMENT ON COLUMN nudge.lag.lag_seconds IS 'Seconds since then';

CREATE VIEW nudge.run_history AS
	SELECT r.run_id, r.materialisation AS name, r.kind, CASE WHEN r.status = 'running' AND NOT r.is_running THEN 'abandoned' ELSE r.status END AS status, r.started_at, r.ended_at,
		extract(epoch FROM coalesce(r.ended_at, CASE WHEN r.is_running THEN clock_timestamp() END) - r.started_at)::numeric AS duration_seconds,
		r.batches, r.keys, r.rows_written, r.rows_deleted, r.quarantined, r.sqlstate, r.error, r.run_by::text AS run_by
	FROM nudge.last_runs() r ORDER BY r.run_id DESC;

COMMENT ON VIEW nudge.run_history IS 'Refreshes, the newest first, those at work included';

COMMENT ON COLUMN nudge.run_history.run_id IS 'Number of the run; numbers may be left out';

COMMENT ON COLUMN nudge.run_history.name IS 'Name of the materialisation';

COMMENT ON COLUMN nudge.run_history.kind IS 'due: by run_due(); refresh or rebuild: by that procedure';

COMMENT ON COLUMN nudge.run_history.status IS 'running, ok, failed, cancelled, skipped (another run was at work), stopped (its time was over), abandoned (its session is gone)';

COMMENT ON COLUMN nudge.run_history.started_at IS 'When it began';

COMMENT ON COLUMN nudge.run_history.ended_at IS 'When it ended; NULL while it runs';

COMMENT ON COLUMN nudge.run_history.duration_seconds IS 'Seconds that it took, or takes so far';

COMMENT ON COLUMN nudge.run_history.batches IS 'Transactions committed';

COMMENT ON COLUMN nudge.run_history.keys IS 'Keys computed one by one; a batch of everything counts none';

COMMENT ON COLUMN nudge.run_history.rows_written IS 'Rows inserted or updated';

COMMENT ON COLUMN nudge.run_history.rows_deleted IS 'Rows deleted';

COMMENT ON COLUMN nudge.run_history.quarantined IS 'Keys put into quarantine';

COMMENT ON COLUMN nudge.run_history.sqlstate IS 'SQLSTATE of the error that ended it';

COMMENT ON COLUMN nudge.run_history.error IS 'The error that ended it';

COMMENT ON COLUMN nudge.run_history.run_by IS 'Who ran it';

CREATE VIEW nudge.freshness AS
	SELECT m.name, m.layer,
		CASE WHEN NOT nudge.is_adopted() THEN 'not adopted'
			WHEN nudge.is_broken(m.name) THEN 'broken'
			WHEN NOT m.enabled THEN 'disabled'
			WHEN m.last_success_at IS NULL AND m.consecutive_failures = 0 THEN 'never'
			WHEN m.consecutive_failures > 0 THEN 'failed'
			WHEN m.definition_hash <> nudge.definition_hash(m.name) THEN 'stale definition'
			WHEN m.next_due_at + m.cadence < clock_timestamp() OR w.oldest_at + 2 * m.cadence < clock_timestamp() THEN 'late'
			WHEN w.quarantined > 0 THEN 'quarantined'
			ELSE 'fresh' END AS status,
		m.cadence, m.last_success_at, m.data_as_of, w.oldest_at AS oldest_unprocessed_at, w.pending_keys, w.everything AS everything_pending, w.quarantined, m.next_due_at,
		CASE WHEN m.enabled AND m.next_due_at < clock_timestamp() THEN extract(epoch FROM clock_timestamp() - m.next_due_at)::numeric END AS overdue_seconds,
		m.next_attempt_at, m.consecutive_failures, m.last_error,
		(SELECT h.seen_at FROM nudge.heartbeats h WHERE h.process = 'run_due') AS scheduler_seen_at
	FROM nudge.materialisations m JOIN nudge.waiting() w ON w.materialisation = m.name
	ORDER BY m.name COLLATE "C";

COMMENT ON VIEW nudge.freshness IS 'How fresh each materialisation is, and why it is not';

COMMENT ON COLUMN nudge.freshness.name IS 'Name of the materialisation';

COMMENT ON COLUMN nudge.freshness.layer IS 'staging, mart, metric or headline';

COMMENT ON COLUMN nudge.freshness.status IS 'fresh, or the first that is true of: not adopted (the database is a copy), broken (its table or query is gone), disabled, never (not refreshed yet), failed, stale definition, late (a whole cadence over its time, or changes older than two are not in it), quarantined';

COMMENT ON COLUMN nudge.freshness.cadence IS 'How often it is refreshed';

COMMENT ON COLUMN nudge.freshness.last_success_at IS 'When a refresh ended well';

COMMENT ON COLUMN nudge.freshness.data_as_of IS 'All that was committed before this instant is in it, but for keys in quarantine, and for changes of rows that are older than the lookback of track_lookback()';

COMMENT ON COLUMN nudge.freshness.oldest_unprocessed_at IS 'When the oldest change was made that is not in it; NULL if all are';

COMMENT ON COLUMN nudge.freshness.pending_keys IS 'Keys that are to be computed anew';

COMMENT ON COLUMN nudge.freshness.everything_pending IS 'Whether all keys are to be computed anew';

COMMENT ON COLUMN nudge.freshness.quarantined IS 'Keys that could not be computed';

COMMENT ON COLUMN nudge.freshness.next_due_at IS 'When it is to be refreshed next';

COMMENT ON COLUMN nudge.freshness.overdue_seconds IS 'Seconds since then; NULL if its time has not come';

COMMENT ON COLUMN nudge.freshness.next_attempt_at IS 'Not before this instant, after a failure';

COMMENT ON COLUMN nudge.freshness.consecutive_failures IS 'Refreshes that have failed since the last that went well';

COMMENT ON COLUMN nudge.freshness.last_error IS 'Why the last refresh failed';

COMMENT ON COLUMN nudge.freshness.scheduler_seen_at IS 'When run_due() was called last';

GRANT SELECT ON nudge.lag, nudge.run_history, nudge.freshness TO PUBLIC;

-- One row for monitoring --------------------------------------------------

CREATE FUNCTION nudge.healthcheck(OUT status text, OUT message text, OUT materialisations bigint, OUT fresh bigint, OUT late bigint, OUT failed bigint, OUT quarantined_keys bigint,
		OUT late_sources bigint, OUT untracked_sources bigint, OUT oldest_unprocessed_at timestamptz, OUT scheduler_seen_at timestamptz, OUT scheduler_alive boolean)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	heartbeat nudge.heartbeats;
	names text;
BEGIN
	SELECT count(*), count(*) FILTER (WHERE f.status IN ('fresh', 'quarantined')), count(*) FILTER (WHERE f.status IN ('late', 'never', 'stale definition')),
		count(*) FILTER (WHERE f.status IN ('failed', 'broken', 'not adopted')), coalesce(sum(f.quarantined), 0), min(f.oldest_unprocessed_at),
		string_agg(f.name || ': ' || f.status, ', ' ORDER BY f.name COLLATE "C") FILTER (WHERE f.status NOT IN ('fresh', 'disabled', 'not adopted'))
	INTO materialisations, fresh, late, failed, quarantined_keys, oldest_unprocessed_at, names FROM nudge.freshness f;
	SELECT count(*) FILTER (WHERE s.late) INTO late_sources FROM nudge.source_freshness() s;
	SELECT count(*) INTO untracked_sources FROM nudge.sources s
	WHERE NOT nudge.is_source_seen(s.source) AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source AND t.capture = 'none');
	SELECT h.* INTO heartbeat FROM nudge.heartbeats h WHERE h.process = 'run_due';
	scheduler_seen_at := heartbeat.seen_at;
	-- three ticks without a sign of life
	scheduler_alive := greatest(heartbeat.seen_at, heartbeat.scheduled_at) > clock_timestamp() - 3 * heartbeat.expected_every;
	status := CASE WHEN failed > 0 OR scheduler_alive IS FALSE OR NOT nudge.is_adopted() THEN 'critical' WHEN late > 0 OR quarantined_keys > 0 OR late_sources > 0 THEN 'warning' ELSE 'ok' END;
	message := concat_ws('; ', CASE WHEN NOT nudge.is_adopted() THEN 'this database is a copy that is not adopted' END, CASE WHEN scheduler_alive IS FALSE THEN 'the scheduler is silent' END, names,
		CASE WHEN late_sources > 0 THEN 'late sources: ' || late_sources END);
END
$$;

COMMENT ON FUNCTION nudge.healthcheck() IS 'One row for monitoring: ok, warning or critical, why, and the counts behind it. Not STRICT: it has no arguments';

-- Is it right? ------------------------------------------------------------

-- Both ways, each row as often as it is there, all of one snapshot; with the
-- rights of the owner of the query, since it may call functions of his.
CREATE FUNCTION nudge.verify(name text) RETURNS TABLE (difference text, key text, row_data jsonb)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	m nudge.materialisations;
	columns text;
	found jsonb;
BEGIN
	PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	PERFORM nudge.check_mart(name);
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = verify.name;
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute a WHERE a.attrelid = nudge.definition_view(name)::regclass AND a.attnum > 0;
	PERFORM set_config('nudge.as_of', coalesce(m.clock_at::text, ''), true);
	SELECT r.changed INTO found FROM nudge.run_as_owner(nudge.definition_view(name)::regclass, format($query$
		WITH fresh AS (SELECT %2$s FROM %3$s AS f WHERE f.%1$I IS NOT NULL AND f.%1$I::text <> ALL ($1)),
		stored AS (SELECT %2$s FROM %4$s AS s WHERE s.%1$I::text <> ALL ($1)),
		differences AS (
			SELECT 'missing' AS difference, to_jsonb(a.*) AS row_data FROM (SELECT * FROM fresh EXCEPT ALL SELECT * FROM stored) a
			UNION ALL
			SELECT 'surplus', to_jsonb(b.*) FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM fresh) b
			LIMIT 100000
		)
		SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(to_jsonb(d.*)), '[]') FROM differences d
		$query$, m.key_column, columns, nudge.definition_view(name), nudge.mart_table(name)),
		ARRAY(SELECT q.key FROM nudge.quarantine q WHERE q.materialisation = verify.name), NULL, NULL) r;
	PERFORM set_config('nudge.as_of', '', true);
	RETURN QUERY SELECT d.difference, d.row_data ->> m.key_column, d.row_data FROM jsonb_to_recordset(found) d(difference text, row_data jsonb)
		ORDER BY d.row_data ->> m.key_column COLLATE "C", d.difference COLLATE "C", d.row_data;
END
$$;

COMMENT ON FUNCTION nudge.verify(text) IS
	'Rows in which a materialisation differs from its query, 100000 at most: missing, or surplus (a row that differs is both). Keys in quarantine are left out. None after a refresh without concurrent changes. Not STRICT: a NULL name is an error';

-- Its rows are for whoever may see all of them.
REVOKE EXECUTE ON FUNCTION nudge.verify(text) FROM PUBLIC;

DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.verify(text) TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- What would happen -------------------------------------------------------

CREATE FUNCTION nudge.explain_refresh(name text DEFAULT NULL) RETURNS TABLE (place bigint, materialisation text, due boolean, pending_keys bigint, everything boolean, upstream text, changes_known text, advice text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	RETURN QUERY
		SELECT row_number() OVER (ORDER BY o.depth, o.name COLLATE "C", d.upstream COLLATE "C"), o.name, o.name = ANY (nudge.due_materialisations()), w.pending_keys + w.log_rows,
			w.everything OR m.definition_hash IS NULL OR m.definition_hash <> nudge.definition_hash(m.name) OR k.known = 'not at all', d.upstream, k.known,
			CASE k.known
				WHEN 'not at all' THEN 'Each refresh computes everything. ' || CASE WHEN NOT starts_with(d.upstream, 'nudge_staging.') THEN 'Map it as a source and track it.'
					ELSE coalesce((SELECT format('Call track_source() for: %s.', string_agg(s.source, ', ' ORDER BY s.source COLLATE "C")) FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
						WHERE nudge.staging_name(s.input) = d.upstream AND (t.source IS NULL OR t.capture = 'none') HAVING count(*) > 0), 'See check_tracking().') END
				WHEN 'all at once' THEN 'Each change computes everything. ' || CASE WHEN d.key_column IS NULL THEN 'Give a map for it in key_maps.'
					WHEN k.without IS NOT NULL THEN format('Let track_source() write down the key "%s" for: %s.', d.key_column, k.without)
					ELSE 'Its map reads what has changed, so that keys which a row has left are not found: name the column that has the key.' END END
		FROM nudge.refresh_order() o
		JOIN nudge.materialisations m ON m.name = o.name
		JOIN nudge.waiting() w ON w.materialisation = o.name
		LEFT JOIN nudge.dependencies d ON d.materialisation = o.name
		CROSS JOIN LATERAL (SELECT string_agg(s.source, ', ' ORDER BY s.source COLLATE "C") AS without FROM nudge.sources s JOIN nudge.trackings t ON t.source = s.source
			WHERE nudge.staging_name(s.input) = d.upstream AND NOT t.keys ? d.key_column) n
		CROSS JOIN LATERAL (SELECT n.without, CASE WHEN d.upstream IS NULL THEN NULL WHEN NOT nudge.is_upstream_tracked(d.upstream) THEN 'not at all' WHEN d.key_column IS NULL OR n.without IS NOT NULL OR d.has_map AND NOT nudge.is_map_certain(d.materialisation, d.upstream) THEN 'all at once'
			WHEN d.has_map THEN 'by a map' ELSE 'by key' END AS known) k
		WHERE explain_refresh.name IS NULL OR o.name = ANY (nudge.with_upstreams(explain_refresh.name))
		ORDER BY 1;
END
$$;

COMMENT ON FUNCTION nudge.explain_refresh(text) IS
	'What a refresh would do, in which order, and how well it knows what has changed in each upstream. Not STRICT: without a name it is all materialisations';

-- src/warehouse/marts.sql

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
-- a regclass that is NULL unless it is mapped, and {customers*} for its rows,
-- which are none then.
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
	columns jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object')
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

COMMENT ON COLUMN nudge.shipped_marts.query IS 'Its query, with {zone}, {buckets}, {week_start} and {fiscal_year_start} for settings of deploy(), and {customers?} for an input that may be missing, {customers*} for its rows';

COMMENT ON COLUMN nudge.shipped_marts.clock_query IS 'Keys, and when rows of theirs change by time alone; NULL if they do not';

COMMENT ON COLUMN nudge.shipped_marts.key_maps IS 'How changes of an upstream lead to keys, where a column of the name of the key does not; NULL if nowhere';

COMMENT ON COLUMN nudge.shipped_marts.description IS 'Comment on the table, with its grain';

COMMENT ON COLUMN nudge.shipped_marts.columns IS 'Comments on its columns';

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

CREATE FUNCTION nudge.fill_in_inputs(query text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	filled text := query;
	one text;
BEGIN
	FOR one IN SELECT DISTINCT m.words[1] FROM regexp_matches(query, '[{]([a-z_]+)[?*][}]', 'g') m(words) LOOP
		filled := replace(filled, '{' || one || '?}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.staging_name(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '*}', '(' || nudge.input_query(one, to_regclass(nudge.staging_name(one))) || ')');
	END LOOP;
	RETURN filled;
END
$$;

COMMENT ON FUNCTION nudge.fill_in_inputs(text) IS 'Works for deploy: a shipped query with the optional inputs in it, those that are mapped';

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

-- What deploy would do, in its order.
CREATE FUNCTION nudge.deploy_plan() RETURNS TABLE (place bigint, action text, name text, object text, lock text, estimate text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH shipped AS (
			SELECT m.*, (SELECT string_agg(i, ', ' ORDER BY i COLLATE "C") FROM unnest(m.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL) AS missing
			FROM nudge.shipped_marts m
		), steps AS (
			SELECT 1 AS part, s.source AS detail, 0 AS n, CASE WHEN p.problem IS NOT NULL THEN 'cannot track' ELSE 'track source' END AS action, s.source AS name, s.source AS object,
				CASE WHEN p.problem IS NULL THEN format('SHARE ROW EXCLUSIVE on %s until the end of the transaction: writers wait, readers do not', s.relation) END AS lock,
				coalesce(p.problem, CASE WHEN c.reltuples < 0 THEN 'rows not known: never analyzed' ELSE format('about %s rows', c.reltuples::bigint) END) AS estimate
			FROM nudge.sources s LEFT JOIN pg_class c ON c.oid = to_regclass(s.relation), LATERAL (SELECT nudge.tracking_problem(s.source) AS problem OFFSET 0) p
			WHERE s.input IN (SELECT unnest(m.inputs || m.optional_inputs) FROM shipped m WHERE m.missing IS NULL)
				-- how it is tracked somebody has chosen, even if that is not at all
				AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source)
			UNION ALL
			SELECT 2, NULL, m.place, CASE WHEN m.missing IS NOT NULL THEN 'leave out' WHEN r.name IS NULL THEN 'add materialisation' ELSE 'change materialisation' END, m.name, nudge.mart_table(m.name),
				CASE WHEN m.missing IS NULL AND r.name IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, for moments', nudge.definition_view(m.name)) END,
				CASE WHEN m.missing IS NOT NULL THEN format('not mapped: %s', m.missing) WHEN r.name IS NULL THEN 'computed wholly by its next refresh' ELSE 'computed wholly by its next refresh if its query is another' END
			FROM shipped m LEFT JOIN nudge.materialisations r ON r.name = m.name
			UNION ALL
			SELECT 3, NULL, v.place, v.action, v.name, v.object, v.lock, v.estimate FROM nudge.view_plan() v
		)
		SELECT row_number() OVER (ORDER BY s.part, s.n, s.detail COLLATE "C"), s.action, s.name, s.object, s.lock, s.estimate FROM steps s ORDER BY 1;
END
$$;

COMMENT ON FUNCTION nudge.deploy_plan() IS 'Works for deploy: what it would do. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.add_shipped_mart(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.shipped_marts;
	one record;
BEGIN
	SELECT s.* INTO m FROM nudge.shipped_marts s WHERE s.name = add_shipped_mart.name;
	PERFORM nudge.add_materialisation(m.name, nudge.fill_in_inputs(nudge.fill_in(m.query, settings)), m.key_column, m.row_key, m.layer,
		key_maps => m.key_maps, clock_query => nudge.fill_in_inputs(nudge.fill_in(m.clock_query, settings)), description => m.description);
	FOR one IN SELECT c.key, c.value FROM jsonb_each_text(m.columns) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', nudge.mart_table(m.name), one.key, one.value);
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.add_shipped_mart(text, nudge.deployment) IS 'Works for deploy: adds or changes one materialisation that is shipped, with its comments';

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
	RETURN settings;
END
$$;

COMMENT ON FUNCTION nudge.deploy_settings(text, integer, text, integer, text) IS 'Works for deploy: its settings, those not given as they were. Not STRICT: NULL is as it was';

CREATE FUNCTION nudge.deploy(dry_run boolean DEFAULT false, zone text DEFAULT NULL, buckets integer DEFAULT NULL, week_start text DEFAULT NULL, fiscal_year_start integer DEFAULT NULL, currency text DEFAULT NULL)
	RETURNS TABLE (place bigint, action text, object text, lock text, estimate text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plan record;
	settings constant nudge.deployment := nudge.deploy_settings(zone, buckets, week_start, fiscal_year_start, currency);
BEGIN
	IF dry_run IS NOT TRUE THEN
		INSERT INTO nudge.deployment AS d (zone, buckets, week_start, fiscal_year_start, currency) VALUES ((settings).zone, (settings).buckets, (settings).week_start, (settings).fiscal_year_start, (settings).currency)
		ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE SET zone = excluded.zone, buckets = excluded.buckets, week_start = excluded.week_start,
			fiscal_year_start = excluded.fiscal_year_start, currency = excluded.currency, deployed_by = session_user, deployed_at = now();
	END IF;
	FOR plan IN SELECT p.* FROM nudge.deploy_plan() p ORDER BY p.place LOOP
		IF dry_run IS NOT TRUE AND plan.action = 'track source' THEN
			PERFORM nudge.track_source(plan.name);
		ELSIF dry_run IS NOT TRUE AND plan.action ~ ' materialisation$' THEN
			PERFORM nudge.add_shipped_mart(plan.name, settings);
		ELSIF dry_run IS NOT TRUE AND plan.action ~ ' view$' THEN
			PERFORM nudge.make_reporting_view(plan.name, settings);
		END IF;
		place := plan.place;
		action := plan.action;
		object := plan.object;
		lock := plan.lock;
		estimate := plan.estimate;
		RETURN NEXT;
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.deploy(boolean, text, integer, text, integer, text) IS
	'Tracks the sources, adds the materialisations that are shipped, as far as their inputs are mapped, and makes the views that BI tools read; tells what it does, or with dry_run only what it would do. Nothing is computed before the next refresh. Not STRICT: NULL settings are as they were, at first UTC, 256, monday, January and no currency';

CREATE FUNCTION nudge.undeploy(dry_run boolean DEFAULT false) RETURNS TABLE (place bigint, action text, object text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN
		SELECT row_number() OVER (ORDER BY s.part, s.depth DESC, s.name COLLATE "C") AS place, s.action, s.name FROM (
			SELECT 0 AS part, v.place AS depth, 'drop view' AS action, v.name FROM nudge.shipped_views v WHERE to_regclass(nudge.reporting_view(v.name)) IS NOT NULL
			UNION ALL
			SELECT 1, o.depth, 'drop materialisation', o.name FROM nudge.refresh_order() o WHERE o.name IN (SELECT m.name FROM nudge.shipped_marts m)
			UNION ALL
			-- others may still need to know what changes
			SELECT 2, 0, 'untrack source', t.source FROM nudge.trackings t JOIN nudge.sources s ON s.source = t.source
			WHERE NOT EXISTS (SELECT FROM nudge.dependencies d WHERE d.upstream = nudge.staging_name(s.input)
				AND d.materialisation NOT IN (SELECT m.name FROM nudge.shipped_marts m))
		) s ORDER BY 1 LOOP
		IF NOT dry_run AND one.action = 'drop view' THEN
			EXECUTE format('DROP VIEW %s', nudge.reporting_view(one.name));
		ELSIF NOT dry_run AND one.action = 'drop materialisation' THEN
			PERFORM nudge.drop_materialisation(one.name);
		ELSIF NOT dry_run THEN
			PERFORM nudge.untrack_source(one.name);
		END IF;
		place := one.place;
		action := one.action;
		object := CASE one.action WHEN 'untrack source' THEN one.name WHEN 'drop view' THEN nudge.reporting_view(one.name) ELSE nudge.mart_table(one.name) END;
		RETURN NEXT;
	END LOOP;
	IF NOT dry_run THEN
		DELETE FROM nudge.deployment;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.undeploy(boolean) IS
	'Drops the views and the materialisations that are shipped, and the triggers of sources that no other materialisation reads; mappings and your own tables stay as they are';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	REVOKE EXECUTE ON FUNCTION nudge.deploy(boolean, text, integer, text, integer, text), nudge.undeploy(boolean) FROM PUBLIC;
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.deploy(boolean, text, integer, text, integer, text), nudge.undeploy(boolean) TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.deployment TO %s WITH GRANT OPTION', owner);
END
$$;

-- src/warehouse/marts_revenue.sql

/*
 * marts_revenue.sql
 *		Shipped materialisations about revenue.
 *
 * Rules: doc/marts.md.
 */

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr', 'revenue', 100, 'mart', '{subscriptions}', 'customer', '{customer,currency}', $query$
SELECT s.customer, upper(btrim(s.currency)) AS currency, nudge.bucket(s.customer, {buckets}) AS bucket,
	nudge.mrr_agg(s.customer, s.valid_from, s.valid_to,
		nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, coalesce(s.quantity, 1))
			* (1 - CASE WHEN lower(btrim(s.discount_kind)) = 'once' THEN 0 ELSE coalesce(s.discount, 0) END)) AS state
FROM nudge_staging.subscriptions s
WHERE s.usage IS NOT TRUE AND lower(btrim(s.interval_unit)) <> 'none'
	AND (lower(btrim(s.status)) IN ('active', 'at_risk') OR lower(btrim(s.status)) = 'ended' AND s.valid_to IS NOT NULL)
GROUP BY s.customer, upper(btrim(s.currency))$query$, NULL,
	'MRR over time of each customer, by currency: a state for functions such as mrr_waterfall. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the prices", "bucket": "Hash bucket of the customer", "state": "MRR over time, as mrr_state"}'),
('mrr_buckets', 'revenue', 110, 'mart', '{subscriptions}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c
GROUP BY c.bucket, c.currency$query$, NULL,
	'MRR over time of customers by hash bucket, by currency: totals roll up a few states instead of one of each customer. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the prices", "customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_summary', 'revenue', 120, 'metric', '{subscriptions}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'MRR waterfall by month and currency: opening, movements, closing. Grain: currency and month of the zone of deploy()',
	'{"currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- What is behind mrr_summary, to the cent.  A month is one of a customer if it
-- opens or closes with MRR: what comes and goes within one is no movement.
-- Time adds a row as a month begins, and counts a start or an end once it is over.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_revenue', 'revenue', 130, 'mart', '{subscriptions}', 'customer', '{customer,currency,period}', $query$
SELECT c.customer, c.currency, w.period,
	CASE WHEN w.new_customers > 0 THEN 'new' WHEN w.reactivated_customers > 0 THEN 'reactivation' WHEN w.churned_customers > 0 THEN 'churn'
		WHEN w.expansion_mrr <> 0 THEN 'expansion' WHEN w.contraction_mrr <> 0 THEN 'contraction' ELSE 'none' END AS movement,
	w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.net_new_mrr, w.closing_mrr, w.complete
FROM nudge_analytics.customer_mrr c, LATERAL nudge.mrr_waterfall(c.state, 'month', {zone}, nudge.as_of()) w
WHERE w.opening_mrr <> 0 OR w.closing_mrr <> 0$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT c.customer, b.at FROM nudge_analytics.customer_mrr c,
	(SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AT TIME ZONE {zone} + d.d AS at FROM (VALUES (interval '0'), (interval '1 microsecond')) d(d)) b$clock$,
	'Revenue of each customer by month: opening MRR, its movement, closing MRR. Grain: customer, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"customer": "Customer", "currency": "Currency of the amounts", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened",
	"new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened", "expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative",
	"churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('revenue_cohorts', 'revenue', 140, 'metric', '{subscriptions}', 'currency', '{currency,cohort,age}', $query$
SELECT b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'What became of customers by the month of their first revenue. Grain: currency, cohort and age in months, in the zone of deploy()',
	'{"currency": "Currency of the amounts", "cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- Totals by segment: a customer counts in its segment of now, also in the past.
-- What changes a segment is a row of dim_customers, whose bucket says where.
-- Each change is one of the segment and of all: hence no key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_segment_buckets', 'revenue', 160, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,segment,currency}', $query$
SELECT c.bucket, CASE lower(btrim(d.segment)) WHEN 'all' THEN 'all (segment)' ELSE coalesce(nullif(btrim(d.segment), ''), '(none)') END AS segment, c.currency,
	count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and segment of now, by currency. Grain: bucket, segment and currency',
	'{"bucket": "Hash bucket of customers", "segment": "Segment of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_segment', 'revenue', 170, 'metric', '{customers,subscriptions}', 'segment', '{segment,currency,period}', $query$
SELECT b.segment, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.segment, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT s.segment, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT 'all', s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s) m
		GROUP BY m.segment, m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w$query$,
	$clock$SELECT DISTINCT m.segment, nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION ALL SELECT 'all', nudge.as_of()$clock$, '{"mrr_segment_buckets": null}',
	'MRR waterfall by month, currency and segment of the customers now, with a segment all for all of them. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now, (none) for those without, all for all customers: do not add it to the others", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
-- as by segment, for the other dimensions of customers
('mrr_dimension_buckets', 'revenue', 180, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency}', $query$
SELECT c.bucket, a.dimension, coalesce(nullif(btrim(a.value), ''), '(none)') AS value, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer,
	LATERAL (VALUES ('industry'::text, d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and value of a dimension now, by currency. Grain: bucket, dimension, value and currency',
	'{"bucket": "Hash bucket of customers", "dimension": "industry, company_size, region, growth_tier or sales_channel", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_dimension', 'revenue', 190, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_dimension_buckets m GROUP BY m.dimension, m.value, m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w$query$,
	'SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m', NULL,
	'MRR waterfall by month, currency and value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy()',
	'{"dimension": "industry, company_size, region, growth_tier or sales_channel: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- src/warehouse/marts_customers.sql

/*
 * marts_customers.sql
 *		Shipped materialisations about who there is: customers, users, plans.
 *
 * Rules: doc/marts.md.
 */

-- Every customer of fact_revenue is in dim_customers, even one that customers
-- does not have.  What is in force is what is just before as_of(), as in
-- mrr_waterfall, so that the sums are its closing MRR: hence the microsecond.
-- Two rows of a key are an error, as in the reports, and put that key aside: in
-- a column and not in WHERE, so that the other keys can still be listed.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('dim_customers', 'customers', 150, 'mart', '{customers,subscriptions}', 'customer', '{customer}', $query$
SELECT k.customer, c.name, c.created_at, c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.owner, c.initial_amount, coalesce(c.internal, false) AS internal,
	CASE WHEN r.first_at IS NULL THEN 'never_paid' WHEN r.currencies > 0 THEN 'active' ELSE 'churned' END AS status,
	nudge.civil_date(r.first_at, {zone}) AS first_revenue_day,
	CASE WHEN r.currencies = 0 THEN nudge.civil_date(r.last_at - interval '1 microsecond', {zone}) END AS last_revenue_day,
	CASE WHEN r.first_at IS NULL THEN upper(btrim(c.currency)) WHEN r.currencies <= 1 THEN r.currency END AS currency,
	CASE WHEN r.currencies > 1 THEN NULL ELSE coalesce(r.mrr, 0.00) END AS current_mrr,
	CASE WHEN nudge.check_unique_key('customers', CASE WHEN k.n > 1 THEN k.customer END) THEN nudge.bucket(k.customer, {buckets}) END AS bucket
FROM (SELECT u.customer, sum(u.n) AS n FROM (SELECT a.customer, 1 AS n FROM nudge_staging.customers a UNION ALL SELECT m.customer, 0 FROM nudge_analytics.customer_mrr m) u GROUP BY u.customer) k
LEFT JOIN nudge_staging.customers c ON c.customer = k.customer
LEFT JOIN LATERAL (
	SELECT min(m.first_at) AS first_at, max(m.last_at) AS last_at, count(m.mrr) AS currencies, sum(m.mrr) AS mrr,
		CASE WHEN count(m.mrr) = 1 THEN max(m.currency) FILTER (WHERE m.mrr IS NOT NULL) WHEN count(m.mrr) = 0 AND count(*) = 1 THEN max(m.currency) END AS currency
	FROM (
		SELECT s.currency, min(p.valid_from) AS first_at, max(p.valid_to) AS last_at,
			sum(p.mrr) FILTER (WHERE p.valid_to IS NULL OR p.valid_to >= nudge.as_of()) AS mrr
		FROM nudge_analytics.customer_mrr s, LATERAL nudge.mrr_periods(s.state) p
		WHERE s.customer = k.customer AND p.mrr > 0 AND p.valid_from < nudge.as_of()
		GROUP BY s.currency) m) r ON true$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s$clock$, NULL,
	'Customers, with what they pay now. Grain: customer of customers or subscriptions; days are those of the zone of deploy()',
	'{"customer": "Customer", "name": "What it is called", "created_at": "When it came to be", "segment": "Segment now", "industry": "Industry", "company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth",
	"sales_channel": "How it is sold to", "owner": "Who looks after it", "initial_amount": "First recurring amount agreed", "internal": "Own staff or a test account", "status": "active with MRR now, churned without but with some before, never_paid",
	"first_revenue_day": "First day with MRR; NULL if never", "last_revenue_day": "Last day with MRR; NULL if it has some now, or never had", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies: fact_revenue has each", "bucket": "Hash bucket of the customer"}'),
('dim_users', 'customers', 151, 'mart', '{users}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.signed_up_at, nudge.civil_date(u.signed_up_at, {zone}) AS signed_up_day, u.plan, u.role, coalesce(u.internal, false) AS internal,
	CASE WHEN nudge.check_unique_key('users', CASE WHEN u.n > 1 THEN u."user" END) THEN nudge.bucket(u."user", {buckets}) END AS bucket
FROM (SELECT a.*, count(*) OVER (PARTITION BY a."user") AS n FROM nudge_staging.users a) u$query$, NULL, NULL,
	'Users. Grain: user; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs, as in dim_customers", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it", "plan": "Plan of the user", "role": "Role in the account",
	"internal": "Own staff or a test user", "bucket": "Hash bucket of the user"}'),
('dim_plans', 'customers', 152, 'mart', '{plans}', 'plan', '{plan}', $query$
SELECT p.plan, CASE WHEN nudge.check_unique_key('plans', CASE WHEN p.n > 1 THEN p.plan END) THEN p.family END AS family, p.tier, p.kind, p.list_price, p.interval_unit FROM (SELECT a.*, count(*) OVER (PARTITION BY a.plan) AS n FROM nudge_staging.plans a) p$query$, NULL, NULL,
	'Plans and add-ons. Grain: plan',
	'{"plan": "Plan or add-on", "family": "Plans of which it is one", "tier": "Its rank among them", "kind": "plan or addon", "list_price": "Price without any discount; NULL if agreed one by one", "interval_unit": "What the price is for: day, week, month, quarter or year"}');

-- src/warehouse/marts_usage.sql

/*
 * marts_usage.sql
 *		Shipped materialisations about what users do: activity, retention,
 *		features.
 *
 * Rules: doc/marts.md.
 */

-- Days are over once they are in a total: as_of is the present day.  Totals
-- are one key, scope or grain, since the log of changes knows users and no days.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activity_states', 'usage', 300, 'mart', '{events}', 'user', '{user}', $query$
SELECT e."user", nudge.bucket(e."user", {buckets}) AS bucket, nudge.activity_count_agg(e."user", nudge.civil_date(e.at, {zone}), 1) AS state
FROM nudge_staging.events e
WHERE e."user" IS NOT NULL
GROUP BY e."user"$query$, NULL, NULL,
	'Days on which each user was active, and events of each: a state for functions such as active_users. Grain: user',
	'{"user": "User", "bucket": "Hash bucket of the user", "state": "Active days in the zone of deploy(), as activity_state"}'),
('activity_buckets', 'usage', 310, 'mart', '{events}', 'bucket', '{bucket}', $query$
SELECT u.bucket, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.user_activity_states u GROUP BY u.bucket$query$, NULL, NULL,
	'Active days of users by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket',
	'{"bucket": "Hash bucket of users", "users": "Users that were ever active", "state": "Active days, as activity_state"}'),
('active_users', 'usage', 320, 'metric', '{events}', 'scope', '{scope,day}', $query$
SELECT b.scope, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, s.dau_wau AS dau_wau_rate, s.dau_mau AS dau_mau_rate, s.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Active users by day, from the first day with any to yesterday. Grain: day of the zone of deploy()',
	'{"scope": "all: whose activity it is", "day": "Day", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data go back the 30 days"}'),
('lifecycle', 'usage', 330, 'metric', '{events}', 'grain', '{grain,period}', $query$
SELECT g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'Where active users come from and go, by week and by month, from the first with any, up to yesterday. Grain: grain and period of the zone of deploy()',
	'{"grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention', 'usage', 340, 'metric', '{events}', 'grain', '{grain,cohort,age}', $query$
SELECT g.grain, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, g.grain, 12, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'How many users of a cohort, by the period of their first active day, come back 1 to 12 weeks or months later. Grain: grain, cohort and age, in the zone of deploy()',
	'{"grain": "week or month: do not add both", "cohort": "First day of the period of the first active day", "age": "Periods since", "period": "First day of the period that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the period is over: the denominator", "retained_users": "Those active in the period; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the period is not over"}'),

-- Features, of users that are known and not internal.
('feature_user_states', 'usage', 350, 'mart', '{events,users}', 'user', '{user,feature}', $query$
SELECT r."user", r.feature, nudge.bucket(r."user", {buckets}) AS bucket, nudge.feature_agg(r."user", r.at, r.feature, r.action, r.success, r.duration, r.value) AS state
FROM (SELECT e."user", e.feature, e.at, CASE WHEN lower(btrim(e.name)) IN ('viewed', 'completed') THEN lower(btrim(e.name)) ELSE 'used' END AS action, e.success, e.duration, e.value
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL
		UNION ALL
		SELECT DISTINCT e."user", e.feature, u.signed_up_at, 'signed_up', NULL::boolean, NULL::interval, NULL::numeric
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL) r
GROUP BY r."user", r.feature$query$, NULL, NULL,
	'What each user did with each feature: a state for functions such as feature_users. Grain: user and feature',
	'{"user": "User", "feature": "Feature", "bucket": "Hash bucket of the user", "state": "Uses of the feature, and the sign-up, as feature_state"}'),
('feature_buckets', 'usage', 360, 'mart', '{events,users}', 'bucket', '{bucket,feature}', $query$
SELECT u.bucket, u.feature, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.feature_user_states u GROUP BY u.bucket, u.feature$query$, NULL, NULL,
	'What users did with each feature, by hash bucket. Grain: bucket and feature',
	'{"bucket": "Hash bucket of users", "feature": "Feature", "users": "Users with any event of the feature", "state": "Uses of the feature, as feature_state"}'),
('feature_adoption', 'usage', 370, 'metric', '{events,users}', 'feature', '{feature}', $query$
SELECT f.feature, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, a.usage_frequency, a.success_rate, a.completions, a.completion_rate,
	a.median_duration_seconds, a.median_seconds_to_first_use, a.median_seconds_to_adopt, a.value_created
FROM (SELECT m.feature, nudge.rollup(m.state) AS state FROM nudge_analytics.feature_buckets m GROUP BY m.feature) f
	CROSS JOIN (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < nudge.as_of()) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, nudge.as_of(), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users have come with each feature. Grain: feature',
	'{"feature": "Feature", "users": "Users that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users", "success_rate": "Successful uses over those whose outcome is known, a fraction",
	"completions": "Completions", "completion_rate": "completions over uses, a fraction", "median_duration_seconds": "Median duration of a use", "median_seconds_to_first_use": "Median time from signing up to the first use",
	"median_seconds_to_adopt": "Median time from signing up to the third use", "value_created": "Sum of the values of events"}');

-- src/warehouse/marts_operations.sql

/*
 * marts_operations.sql
 *		Shipped materialisations about support, surveys, sales, platform and
 *		engineering: reports over whole inputs.
 *
 * Rules: doc/marts_operations.md.
 */

-- Any change of an input is one of everything: the key is no column of theirs.
-- What time alone changes is said by clocks without keys.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('support_performance', 'support', 700, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.tickets_total, r.ticket_share, r.customers_total, r.tickets_per_customer, r.tickets_resolved, r.resolution_rate,
	r.tickets_once_resolved, r.tickets_reopened, r.reopen_rate, r.escalation_known, r.tickets_escalated, r.escalation_rate, r.contacts_known, r.tickets_one_touch, r.one_touch_rate,
	r.csat_answers, r.mean_csat, r.tickets_with_problem,
	f.tickets_done AS tickets_answered, f.mean_minutes AS mean_first_response_minutes, f.median_minutes AS median_first_response_minutes, f.p90_minutes AS p90_first_response_minutes,
	f.sla_met AS first_response_sla_met, f.sla_breached AS first_response_sla_breached, f.sla_pending AS first_response_sla_pending, f.attainment_rate AS first_response_attainment_rate,
	t.mean_minutes AS mean_resolution_minutes, t.median_minutes AS median_resolution_minutes, t.p90_minutes AS p90_resolution_minutes,
	t.sla_met AS resolution_sla_met, t.sla_breached AS resolution_sla_breached, t.sla_pending AS resolution_sla_pending, t.attainment_rate AS resolution_attainment_rate, r.complete
FROM (SELECT nudge.civil_date(min(i.opened_at) FILTER (WHERE isfinite(i.opened_at)), {zone}) AS day FROM nudge_staging.tickets i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('priority', 'priority'), ('complexity', 'complexity'), ('category', 'category'), ('agent', 'agent'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.support_report('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) r
	LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) f
		ON f.measure = 'first_response' AND f.period = r.period AND f.is_total = r.is_total AND f.value IS NOT DISTINCT FROM r.value
	LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) t
		ON t.measure = 'resolution' AND t.period = r.period AND t.is_total = r.is_total AND t.value IS NOT DISTINCT FROM r.value
WHERE r.is_total = (d.by IS NULL) AND (d.dimension <> 'segment' OR {customers?} IS NOT NULL)$query$,
	'SELECT nudge.as_of()',
	'Tickets of support by the month in which they were opened, in all and by a dimension: volume, resolution, satisfaction, times and targets. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total",
	"tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met", "complete": "Whether the month is over"}'),
('support_backlog', 'support', 710, 'metric', '{tickets}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening AS opening_tickets, r.opened AS tickets_opened, r.reopened AS tickets_reopened, r.resolved AS tickets_resolved, r.closing AS closing_tickets,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.oldest_age_days, 1) AS oldest_age_days, r.complete
FROM (SELECT nudge.civil_date(min(i.opened_at) FILTER (WHERE isfinite(i.opened_at)), {zone}) AS day FROM nudge_staging.tickets i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('priority', 'priority'), ('complexity', 'complexity'), ('category', 'category'), ('agent', 'agent')) d(dimension, by),
	LATERAL nudge.backlog('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Open tickets by month, in all and by a dimension: opening, opened, reopened, resolved, closing, and how old they are. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_tickets": "Open as the month began",
	"tickets_opened": "Opened in the month", "tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth", "oldest_age_days": "Age of the oldest, in days, to a tenth",
	"complete": "Whether the month is over"}'),
('nps', 'customers', 720, 'metric', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.asked, r.answered, r.response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors,
	r.score, r.score_low, r.score_high, r.band, r.action, r.score_change, r.p_value, r.complete
FROM (SELECT nudge.civil_date(min(i.sent_at) FILTER (WHERE isfinite(i.sent_at)), {zone}) AS day FROM nudge_staging.surveys i WHERE lower(btrim(i.kind)) = 'nps') b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('segment', 'segment'), ('industry', 'industry'), ('company_size', 'company_size'), ('region', 'region')) d(dimension, by),
	LATERAL nudge.nps_report('nudge_staging.surveys'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), {customers?}, d.by) r
WHERE r.is_total = (d.by IS NULL) AND (d.by IS NULL OR {customers?} IS NOT NULL)$query$, $clock$
SELECT t FROM nudge.period_ticks('month', {zone}) t
UNION ALL
-- what is dated in the future comes to be, and what was asked is waited for no more
SELECT v.at FROM nudge_staging.surveys i, LATERAL (VALUES (i.sent_at + interval '1 microsecond'), (i.answered_at + interval '1 microsecond'), (i.sent_at + make_interval(hours => 24 * 14))) v(at)
UNION ALL SELECT c.created_at + interval '1 microsecond' FROM {customers*} c$clock$,
	'Net promoter score by the month in which was asked, in all and by a dimension of customers. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "answered": "Surveys that were answered",
	"response_rate": "answered over asked", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered", "customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6",
	"score": "Net promoter score, -100 to 100", "score_low": "Lower end of its 95% interval", "score_high": "Upper end of its 95% interval", "band": "Band of the score", "action": "What the band asks for", "score_change": "Change against the month before", "p_value": "Probability of such a change by chance",
	"complete": "Whether the month is over"}'),
('sales_pipeline', 'sales', 730, 'metric', '{deals}', '{deal_stages,activities}', 'dimension', '{dimension,value}', $query$
SELECT d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
FROM (VALUES ('all', 'stage', true), ('stage', 'stage', false), ('owner', 'owner', false), ('team', 'team', false), ('segment', 'segment', false)) d(dimension, by, is_total),
	LATERAL nudge.pipeline_value('nudge_staging.deals'::regclass, {deal_stages?}, {activities?}, {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = d.is_total$query$,
	'SELECT nudge.as_of()',
	'Open deals now, in all and by a dimension: amount, weighted amount, age, activity. Grain: dimension and value',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "open_deals": "Open deals", "open_amount": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_amount": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth", "mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals",
	"activities_per_open_deal": "activity_count over open_deals", "stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "currency": "Currency of all amounts"}'),
('sales_performance', 'sales', 740, 'metric', '{deals}', '{deal_stages,quotas}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening_deals, r.opening_amount, r.deals_created, r.created_amount, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded,
	r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, r.weighted_amount, r.average_deal_size, r.win_rate, r.win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days,
	r.qualified_deals, r.sales_velocity, r.quota, r.quota_attainment, r.quota_remaining, r.currency_code AS currency, r.complete
FROM (SELECT nudge.civil_date(min(i.created_at) FILTER (WHERE isfinite(i.created_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('owner', 'owner'), ('team', 'team'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.sales_report('nudge_staging.deals'::regclass, w.start_day, w.end_day, {deal_stages?}, {quotas?}, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deals by month, in all and by a dimension: created, won and lost, win rate, cycle, velocity and quota. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome",
	"open_deals": "Open as the month ended, or now", "open_amount": "Their amount", "weighted_amount": "Amount times probability of its stage", "average_deal_size": "won_amount over won", "win_rate": "Fraction of decided deals that were won", "win_rate_by_amount": "Fraction of their amount that was won",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages", "sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment": "won_amount over quota",
	"quota_remaining": "Quota that is left", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
-- Time goes on in what is not over: up to the last full hour, so that an hour is computed once.
('platform_uptime', 'platform', 750, 'metric', '{incidents}', '{maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.total_minutes, r.maintenance_minutes, r.considered_minutes, r.downtime_minutes, r.uptime_share, r.outages, r.longest_outage_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.uptime('nudge_staging.incidents'::regclass, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Uptime by month, in all and by service, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all", "total_minutes": "Minutes of the month so far", "maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes",
	"downtime_minutes": "Minutes down, outside maintenance", "uptime_share": "Fraction of considered_minutes that was not down", "outages": "Stretches of downtime", "longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}'),
('incident_summary', 'platform', 755, 'metric', '{incidents}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, CASE WHEN r.all_severities THEN 'all' ELSE 'severity' END AS dimension, CASE WHEN r.all_severities THEN 'all' ELSE r.severity END AS value, r.incidents_started, r.incident_share, r.open_incidents, r.mttr_minutes, r.median_ttr_minutes, r.detected_incidents, r.mttd_minutes, r.detection_to_end_minutes,
	r.longest_minutes, r.total_minutes, r.incident_minutes, r.failures, r.mtbf_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.incident_report('nudge_staging.incidents'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) r$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Incidents by month, in all and by severity: how many, time to detect, to repair and between failures, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or severity", "value": "Severity; all for dimension all", "incidents_started": "Incidents that began", "incident_share": "Share of the incidents of the month, 0 to 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end", "median_ttr_minutes": "Median of these",
	"detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection", "detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far", "incident_minutes": "Minutes with an incident",
	"failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}'),
('platform_performance', 'platform', 760, 'metric', '{requests}', '{incidents,maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.request_count, r.mean_ms, r.p50_ms, r.p95_ms, r.p99_ms, r.highest_ms, r.requests_with_outcome, r.errors, r.error_rate,
	r.requests_per_second, r.peak_requests_per_second, u.considered_minutes, u.downtime_minutes, u.uptime_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.requests i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('endpoint', 'endpoint')) d(dimension, by),
	LATERAL nudge.latency_report('nudge_staging.requests'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.uptime({incidents?}, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) f WHERE d.by IS NULL AND {incidents?} IS NOT NULL) u
		ON u.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Latency, throughput and errors of requests by month, in all and by endpoint, and uptime in all, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or endpoint", "value": "Endpoint; all for dimension all, NULL if it is not known", "request_count": "Requests", "mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%",
	"highest_ms": "The longest", "requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome", "requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute",
	"considered_minutes": "Minutes of the month so far without maintenance; of dimension all, if incidents are mapped", "downtime_minutes": "Minutes down of these", "uptime_share": "Fraction of considered_minutes that was not down", "complete": "Whether the month is over"}'),
('engineering_delivery', 'engineering', 770, 'metric', '{deployments}', '{bugs,coverage_samples}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deployment_count, r.elapsed_days, r.deployment_days, r.deployments_per_day, r.deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours, r.mean_lead_time_hours, r.p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate, r.restored_deployments, r.unrestored_deployments, r.median_recovery_hours, r.mean_recovery_hours,
	g.opened AS bugs_opened, g.closed AS bugs_closed, g.closing AS open_bugs, g.median_days_to_close AS median_days_to_close_bugs, g.escape_known AS bug_escape_known, g.escaped AS bugs_escaped, g.escape_rate AS bug_escape_rate,
	c.coverage AS coverage_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.deployments i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.delivery_performance('nudge_staging.deployments'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.bug_report({bugs?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_severities AND d.by IS NULL AND {bugs?} IS NOT NULL) g ON g.period = r.period
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.code_coverage({coverage_samples?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_repositories AND d.by IS NULL AND {coverage_samples?} IS NOT NULL) c ON c.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deployments by month, in all and by service: frequency, lead time, failures and recovery; and bugs and coverage of code in all. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all, NULL if it is not known", "deployment_count": "Deployments", "elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days",
	"deployments_per_week": "Seven times that", "lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these", "p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm",
	"failed_deployments": "Those that did", "change_failure_rate": "failed_deployments over outcome_count", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not", "median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these",
	"bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed", "open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known", "coverage_share": "Share of code that tests cover, of dimension all", "complete": "Whether the month is over"}');

-- src/warehouse/marts_acquisition.sql

/*
 * marts_acquisition.sql
 *		Shipped materialisations about channels, costs, cash and competition.
 *
 * Rules: doc/marts_acquisition.md.
 */

-- From journeys of customers to credits of buckets, which are added up: credits
-- of rules are each conversion's own.  What paths say together is computed from
-- all of them.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_journeys', 'acquisition', 800, 'mart', '{touches,conversions}', 'customer', '{customer,currency}', $query$
SELECT g.customer, g.currency, nudge.bucket(g.customer, {buckets}) AS bucket, g.first_conversion_at, g.last_conversion_at, CASE WHEN g.currency IS NULL THEN g.state ELSE nudge.combine(g.state, g.touches) END AS state
FROM (
	-- touches are of no currency: they lead to conversions of any
	SELECT a.*, nudge.rollup(a.state) FILTER (WHERE a.currency IS NULL) OVER one AS touches, count(a.currency) OVER one AS currencies
	FROM (
		SELECT r.customer, r.currency, min(r.at) FILTER (WHERE r.currency IS NOT NULL) AS first_conversion_at, max(r.at) FILTER (WHERE r.currency IS NOT NULL) AS last_conversion_at, nudge.journey_agg(r.customer, r.at, r.channel, r.revenue) AS state
		FROM (SELECT c.customer, coalesce(upper(btrim(c.currency)), 'XXX') AS currency, c.at, NULL AS channel, c.revenue FROM nudge_staging.conversions c
			UNION ALL SELECT t.customer, NULL, t.at, t.channel, NULL FROM nudge_staging.touches t) r
		GROUP BY r.customer, r.currency
	) a
	WINDOW one AS (PARTITION BY a.customer)
) g
WHERE g.currency IS NOT NULL OR g.currencies = 0$query$, NULL, NULL,
	'Touches and conversions of each customer, by currency of the conversions: a state for functions such as attribution. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the conversions; NULL for customers without any", "bucket": "Hash bucket of the customer", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('journey_buckets', 'acquisition', 810, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency}', $query$
SELECT j.bucket, j.currency, count(*) AS customers, min(j.first_conversion_at) AS first_conversion_at, max(j.last_conversion_at) AS last_conversion_at, nudge.rollup(j.state) AS state
FROM nudge_analytics.customer_journeys j
GROUP BY j.bucket, j.currency$query$, NULL, NULL,
	'Touches and conversions of customers by hash bucket, by currency of the conversions. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the conversions; NULL for customers without any", "customers": "Customers with a touch or a conversion", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('attribution_buckets', 'acquisition', 820, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency,period,channel}', $query$
SELECT b.bucket, b.currency, m.period::date AS period, a.*
FROM nudge_analytics.journey_buckets b,
	LATERAL nudge.report_window(nudge.civil_date(b.first_conversion_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	-- what is dated in the days to come is not known
	LATERAL nudge.attribution_models(b.state, start_day => m.period::date, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(b.currency)) a$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''month'', {zone}) t', NULL,
	'Credits of channels under each model that follows rules, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and channel',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}'),
('attribution_paths', 'acquisition', 825, 'mart', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT m.period::date AS period, c.currency, a.model, a.channel, a.conversions, a.revenue
FROM (
	-- paths that do not convert are of no currency
	SELECT k.currency, min(b.first_conversion_at) AS first_at, nudge.rollup(b.state) AS state
	FROM (SELECT DISTINCT d.currency FROM nudge_analytics.journey_buckets d WHERE d.currency IS NOT NULL) k JOIN nudge_analytics.journey_buckets b ON b.currency = k.currency OR b.currency IS NULL
	GROUP BY k.currency
) c,
	LATERAL nudge.report_window(nudge.civil_date(c.first_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day, nudge.currency_minor_unit(c.currency) AS minor_unit) o,
	LATERAL (
		SELECT 'markov' AS model, x.channel, x.conversions, x.revenue FROM nudge.markov_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
		UNION ALL
		SELECT 'shapley', x.channel, x.conversions, x.revenue FROM nudge.shapley_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
	) a$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"journey_buckets": null}',
	'Credits of channels under the models that are fitted to all paths of a month. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited", "revenue": "Revenue credited"}'),
('channel_attribution', 'acquisition', 830, 'metric', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT c.period, c.currency, c.model, c.channel, c.conversions, c.revenue, sum(c.revenue) OVER one AS total_revenue, c.revenue / nullif(sum(c.revenue) OVER one, 0) AS revenue_share, c.assisted_conversions, c.assisted_revenue,
	(c.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (
	SELECT s.currency, s.period, v.model, s.channel, v.conversions, v.revenue, s.assisted_conversions, s.assisted_revenue
	FROM (
		SELECT b.currency, b.period, b.channel, sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
			sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
			sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
			sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
			sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
		FROM nudge_analytics.attribution_buckets b
		GROUP BY b.currency, b.period, b.channel
	) s, LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
		('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) v(model, conversions, revenue)
	UNION ALL
	SELECT p.currency, p.period, p.model, p.channel, p.conversions, p.revenue, NULL, NULL
	FROM nudge_analytics.attribution_paths p
) c
WINDOW one AS (PARTITION BY c.currency, c.period, c.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', NULL,
	'Conversions and revenue credited to channels, under each model of attribution, by the month of the conversion. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution: that of a rule, markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch; NULL of markov and shapley", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- Reports over whole inputs: any change of an input is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('channel_performance', 'acquisition', 840, 'metric', '{spend,touches,conversions}', '{leads,budgets}', 'period', '{period,channel}', $query$
SELECT m.period::date AS period, r.channel, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.click_through_rate, r.cost_per_click, r.cost_per_lead, r.visitor_to_lead_rate, r.lead_to_customer_rate, r.click_to_customer_rate,
	r.cac, r.roas, r.roi, r.cost_share, r.planned_cost, r.planned_share, r.currency_code AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT b.currency, nudge.civil_date(min(b.first_conversion_at), {zone}) AS day FROM nudge_analytics.journey_buckets b WHERE b.currency IS NOT NULL GROUP BY b.currency
			UNION ALL SELECT upper(btrim(i.currency)), min(i.day) FILTER (WHERE isfinite(i.day)) FROM nudge_staging.spend i GROUP BY upper(btrim(i.currency))) k) c,
	-- once, and not for each month
	(SELECT nudge.rollup(b.state) AS state FROM nudge_analytics.journey_buckets b OFFSET 0) j,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.channel_performance(nudge.channel_credits(j.state, 'linear', o.start_day, o.end_day, {zone}), 'nudge_staging.spend'::regclass, o.start_day, o.end_day, {zone},
		leads => {leads?}, touches => 'nudge_staging.touches'::regclass, budgets => {budgets?}, currency => c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What each channel cost, brought and earned by month, under the linear model of attribution. Grain: month of the zone of deploy() and channel',
	'{"period": "First day of the month", "channel": "Channel; NULL is what no channel has earned", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it",
	"new_customers": "First conversions credited to it", "revenue": "Revenue credited to it", "click_through_rate": "Clicks over impressions", "cost_per_click": "Cost over clicks", "cost_per_lead": "Cost over leads", "visitor_to_lead_rate": "Leads over visitors", "lead_to_customer_rate": "New customers over leads",
	"click_to_customer_rate": "New customers over clicks", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "cost_share": "Share in the cost of all channels", "planned_cost": "Cost planned", "planned_share": "Share in the cost planned",
	"currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('cost_structure', 'finance', 850, 'metric', '{costs}', '{budgets}', 'period', '{period,category}', $query$
SELECT r.period, r.category, r.depth, r.actual, r.fixed_actual, r.variable_actual, r.own_actual, r.actual / nullif(t.actual, 0) AS cost_share, r.budget, r.own_budget, r.variance, r.variance_rate, r.outcome, r.over_threshold, r.currency_code AS currency, r.complete
FROM (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM nudge_staging.costs i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL (SELECT v.*, max(v.actual) FILTER (WHERE v.depth = 0) OVER (PARTITION BY v.period) AS total FROM nudge.budget_variance('nudge_staging.costs'::regclass, {budgets?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) v) r,
	LATERAL (SELECT r.total AS actual) t$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs by month and category, with all categories below it: fixed, variable, share, and against the budget. Grain: month and category; the category of all is empty',
	'{"period": "First day of the month", "category": "Path of the category; empty for all costs", "depth": "How deep the category is; 0 is all costs", "actual": "Costs of the category and those below it", "fixed_actual": "Those that are fixed", "variable_actual": "Those that grow with volume",
	"own_actual": "Costs of the category itself", "cost_share": "actual over all costs of the month", "budget": "Budget of the category and those below it", "own_budget": "Budget of the category itself", "variance": "actual less budget", "variance_rate": "variance over budget",
	"outcome": "Whether costs are over, under or at the budget", "over_threshold": "Whether they are away from it by more than 10%", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('burn_and_runway', 'finance', 860, 'metric', '{costs,cash,subscriptions}', '{payments,charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.receipts, r.gross_burn, r.net_burn, r.mean_net_burn, r.cash_day, r.cash_balance, r.runway_months, r.profitable, r.net_new_arr, r.burn_multiple, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT upper(btrim(i.currency)) AS currency, min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM nudge_staging.costs i GROUP BY upper(btrim(i.currency))
			UNION ALL SELECT DISTINCT b.currency, NULL::date FROM nudge_analytics.mrr_buckets b) k) c,
	(SELECT nudge.rollup(b.state) AS state FROM nudge_analytics.mrr_buckets b OFFSET 0) m,
	LATERAL nudge.report_window(c.day, {zone}) w,
	LATERAL nudge.burn(m.state, 'nudge_staging.costs'::regclass, w.start_day, w.end_day, 'nudge_staging.cash'::regclass, {payments?}, {charges?}, {usage?}, {zone}, nudge.as_of(), c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Cash that is burnt by month, and for how many months it lasts. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "receipts": "Cash received: payments if they are mapped, else revenue", "gross_burn": "Costs", "net_burn": "Costs less receipts", "mean_net_burn": "Mean of the last three months that are over", "cash_day": "Last day with a balance", "cash_balance": "Cash on that day",
	"runway_months": "cash_balance over mean_net_burn; NULL if nothing is burnt", "profitable": "Whether nothing is burnt", "net_new_arr": "Growth of ARR in the month", "burn_multiple": "net_burn over net_new_arr; NULL if that is not above 0", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('competitive', 'market', 870, 'metric', '{competitor_facts}', '{}', 'period', '{period,channel,all_channels,competitor}', $query$
SELECT r.period, r.channel, r.all_channels, r.competitor, r.voice AS mentions, r.total_voice AS total_mentions, r.share AS mention_share, r.share_change AS mention_share_change, r.recorded_share, r.recorded_share_change,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.competitor_facts i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.share_of_voice('nudge_staging.competitor_facts'::regclass, w.start_day, w.end_day, 'month', {zone}) r$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Share of voice of competitors by month, in all and by channel. Grain: month of the zone of deploy(), channel and competitor',
	'{"period": "First day of the month", "channel": "Channel; NULL if it is not known, or of all", "all_channels": "Whether the row is of all channels together", "competitor": "Competitor, or oneself", "mentions": "Mentions", "total_mentions": "Mentions of all", "mention_share": "mentions over total_mentions",
	"mention_share_change": "Change against the month before", "recorded_share": "Share of voice as it was recorded", "recorded_share_change": "Change of that against the month before", "complete": "Whether the month is over"}'),
('competitive_wins', 'market', 875, 'metric', '{deals}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded, r.win_rate, r.rate_low, r.rate_high, r.win_rate_change, r.p_value,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.closed_at) FILTER (WHERE isfinite(i.closed_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('competitor', 'competitor')) d(dimension, by),
	LATERAL nudge.win_rates('nudge_staging.deals'::regclass, w.start_day, w.end_day, d.by, 'month', {zone}) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Deals won and lost by the month of their close, in all and by competitor. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month of the close", "dimension": "all or competitor", "value": "Competitor; all for dimension all, NULL if there was none", "deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome",
	"win_rate": "Fraction of closed deals with an outcome that were won", "rate_low": "Lower end of its 95% interval", "rate_high": "Upper end of its 95% interval", "win_rate_change": "Change against the month before", "p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}');

-- src/warehouse/schedule.sql

/*
 * schedule.sql
 *		Who calls run_due(): a job of pg_cron if that is there, otherwise what the
 *		administrator must do.  Nothing else needs pg_cron.
 *
 * Rules: doc/schedule.md.
 */

-- pg_cron -----------------------------------------------------------------

-- A schema "cron" may be anybody's: only what belongs to the extension counts.
-- Names are compared and not looked up, since the schema may be closed to us.
CREATE FUNCTION nudge.cron_place(OUT place text, OUT database_name text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	is_made constant boolean := EXISTS (SELECT FROM pg_extension e
		JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
		JOIN pg_class c ON c.oid = d.objid AND c.relname = 'job' JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'cron' WHERE e.extname = 'pg_cron');
BEGIN
	database_name := (SELECT s.setting FROM pg_settings s WHERE s.name = 'cron.database_name');
	place := CASE WHEN is_made AND coalesce(database_name = current_database(), true) THEN 'here'
		WHEN database_name <> current_database() THEN 'elsewhere'
		WHEN database_name IS NOT NULL THEN 'not made'
		WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN 'not loaded'
		ELSE 'not known' END;
	database_name := CASE WHEN place = 'here' THEN current_database() ELSE database_name END;
END
$$;

COMMENT ON FUNCTION nudge.cron_place() IS 'Where pg_cron keeps its jobs: here, elsewhere, not made (it is loaded, but there is no extension), not loaded, not known (who asks may not see its settings); and in which database. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.job_name(database_name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN octet_length(database_name) <= 49 THEN 'nudge_run_due ' || database_name ELSE 'nudge_run_due ' || md5(database_name) END;

COMMENT ON FUNCTION nudge.job_name(text) IS 'Name of the job of a database';

-- The pattern of what schedule() makes, which no user writes.
CREATE FUNCTION nudge.job_pattern() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '^CALL nudge[.]run_due[(](''[0-9]+ seconds'')?[)]$';

COMMENT ON FUNCTION nudge.job_pattern() IS 'Regular expression that tells our jobs by their command. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.job_command(budget interval) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF budget < interval '1 second' OR budget > interval '7 days' THEN
		RAISE EXCEPTION 'the budget must be between 1 second and 7 days' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', budget),
			HINT = 'It is how long after its start run_due() may begin another materialisation; leave it out for no limit.';
	END IF;
	RETURN format('CALL nudge.run_due(%s)', quote_literal(ceil(extract(epoch FROM budget))::bigint || ' seconds'));
END
$$;

COMMENT ON FUNCTION nudge.job_command(interval) IS 'The command of the job. Not STRICT: NULL is no budget';

CREATE FUNCTION nudge.cron_expression(every interval) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	minutes constant numeric := extract(epoch FROM every) / 60;
BEGIN
	IF minutes IN (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30) THEN
		RETURN CASE minutes WHEN 1 THEN '*' ELSE '*/' || minutes::integer END || ' * * * *';
	ELSIF minutes IN (60, 120, 180, 240, 360, 480, 720) THEN
		RETURN '0 ' || CASE minutes WHEN 60 THEN '*' ELSE '*/' || (minutes / 60)::integer END || ' * * *';
	ELSIF minutes = 1440 THEN
		RETURN '0 0 * * *';
	END IF;
	RAISE EXCEPTION 'a job cannot run every %', coalesce(every::text, 'null') USING ERRCODE = 'invalid_parameter_value',
		DETAIL = 'It runs at the same minutes of each hour, at the same hours of each day, or once a day.',
		HINT = 'Pass minutes that divide an hour, hours that divide a day, or 1 day.';
END
$$;

COMMENT ON FUNCTION nudge.cron_expression(interval) IS 'How cron writes an interval. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.our_jobs(database_names text[]) RETURNS TABLE (jobid bigint, schedule text, command text, nodename text, nodeport integer, database text, username text, active boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- who may not look has no jobs
	IF (SELECT p.place FROM nudge.cron_place() p) = 'here' AND has_schema_privilege((SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'cron'), 'USAGE') THEN
		RETURN QUERY EXECUTE 'SELECT j.jobid, j.schedule, j.command, j.nodename, j.nodeport, j.database, j.username, j.active FROM cron.job j WHERE j.command ~ $1 AND j.database = ANY ($2) ORDER BY j.jobid'
			USING nudge.job_pattern(), database_names;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.our_jobs(text[]) IS 'Jobs of pg_cron that call run_due() in a database, as far as who asks may see them';

-- A statement that is tried, since pg_cron may refuse it.
CREATE FUNCTION nudge.try_statement(statement text, OUT done boolean, OUT problem text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE statement;
	done := true;
EXCEPTION WHEN OTHERS THEN
	done := false;
	problem := SQLERRM;
END
$$;

COMMENT ON FUNCTION nudge.try_statement(text) IS 'Works for schedule: runs a statement with the rights of its caller, and tells why it does not work';

-- Who the job is ----------------------------------------------------------

CREATE FUNCTION nudge.check_job_role(role_name name) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	r pg_roles;
	lacks text;
BEGIN
	SELECT p.* INTO r FROM pg_roles p WHERE p.rolname = role_name;
	IF r.oid IS NULL THEN
		RAISE EXCEPTION 'role "%" does not exist', role_name USING ERRCODE = 'undefined_object',
			DETAIL = 'A job runs with the rights of a role.',
			HINT = 'Call nudge.create_roles(), which makes nudge_job.';
	ELSIF NOT r.rolcanlogin THEN
		RAISE EXCEPTION 'role "%" cannot log in', role_name USING ERRCODE = 'invalid_authorization_specification',
			DETAIL = 'A job is a session of its role.',
			HINT = 'Pass a role that can, such as nudge_job of nudge.create_roles().';
	END IF;
	lacks := CASE WHEN NOT has_database_privilege(r.oid, current_database(), 'CONNECT') THEN format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name)
		WHEN NOT has_schema_privilege(r.oid, 'nudge', 'USAGE') OR NOT has_function_privilege(r.oid, 'nudge.run_due(interval)', 'EXECUTE')
			THEN format('SELECT * FROM nudge.grant_roles(job => %L)', role_name) END;
	IF lacks IS NOT NULL THEN
		RAISE EXCEPTION 'role "%" may not call run_due()', role_name USING ERRCODE = 'insufficient_privilege',
			DETAIL = 'A job runs with the rights of its role.',
			HINT = format('Call %s.', lacks);
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_job_role(name) IS 'Works for schedule: an error unless a role can run the job';

CREATE FUNCTION nudge.default_job_role() RETURNS name
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce((SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolname = 'nudge_job'), current_user);

COMMENT ON FUNCTION nudge.default_job_role() IS 'The role whose job it is if nobody says: nudge_job if there is one, otherwise who asks. Not STRICT: it has no arguments';

-- What is to be done ------------------------------------------------------

-- Statements that make a job, or what makes it possible.  Whether they can be
-- run here by who asks, and why not.
CREATE FUNCTION nudge.job_statements(expression text, command text, role_name name) RETURNS TABLE (action text, in_database text, statement text, possible boolean, detail text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cron record;
	is_superuser constant boolean := (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user);
	-- a named job that is there keeps its database and stays as active as it is
	elsewhere constant text := format('SELECT cron.alter_job(cron.schedule_in_database(%L, %L, %L, %L, %L), database => %4$L, active => true)',
		nudge.job_name(current_database()), expression, command, current_database(), role_name);
	local_host constant text := (SELECT s.setting FROM pg_settings s WHERE s.name = 'cron.host');
	one record;
	kept bigint;
	can_alter boolean;
BEGIN
	SELECT p.* INTO cron FROM nudge.cron_place() p;
	IF cron.place = 'elsewhere' THEN
		RETURN QUERY SELECT 'make job', cron.database_name, elsewhere, false, format('pg_cron keeps its jobs in database "%s": a superuser runs this there', cron.database_name);
	ELSIF cron.place = 'not made' THEN
		RETURN QUERY SELECT 'make extension', current_database()::text, 'CREATE EXTENSION pg_cron', false, 'pg_cron is loaded but not there: a superuser runs this, and then schedule() is called again';
	ELSIF cron.place <> 'here' THEN
		RETURN QUERY SELECT 'load pg_cron', NULL, NULL, false, CASE cron.place WHEN 'not loaded' THEN format('pg_cron is not loaded: add it to shared_preload_libraries and cron.database_name = ''%s'' to postgresql.conf, restart the server, and call schedule() again', current_database())
			ELSE 'pg_cron is not in this database, and only members of pg_read_all_settings see whether it is in another: let one of them call schedule()' END;
	ELSIF NOT has_schema_privilege((SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'cron'), 'USAGE') THEN
		RETURN QUERY SELECT 'grant usage', current_database()::text, format('GRANT USAGE ON SCHEMA cron TO %I', current_user), false, 'pg_cron is closed to you: a superuser runs this, and then schedule() is called again';
	ELSIF role_name <> current_user AND NOT is_superuser THEN
		RETURN QUERY SELECT 'make job', current_database()::text, elsewhere, false, format('only a superuser can make a job of role "%s"', role_name);
	ELSE
		can_alter := is_superuser OR has_function_privilege('cron.alter_job(bigint,text,text,text,text,boolean)', 'EXECUTE');
		FOR one IN SELECT j.*, j.username = role_name AND j.nodeport = current_setting('port')::integer AND coalesce(j.nodename = local_host, true) AS fits,
				(j.schedule, j.command, j.active) = (job_statements.expression, job_statements.command, true) AS is_same
			FROM nudge.our_jobs(ARRAY[current_database()::text]) j ORDER BY fits DESC, is_same DESC, j.jobid LOOP
			IF kept IS NULL AND one.fits AND (one.is_same OR can_alter) THEN
				kept := one.jobid;
				RETURN QUERY SELECT CASE WHEN one.is_same THEN 'keep job' ELSE 'change job' END, current_database()::text,
					CASE WHEN NOT one.is_same THEN format('SELECT cron.alter_job(%s, schedule => %L, command => %L, active => true)', one.jobid, expression, command) END, true, format('job %s of role "%s"', one.jobid, role_name);
			ELSE
				RETURN QUERY SELECT 'remove job', current_database()::text, format('SELECT cron.unschedule(%s)', one.jobid), true, format('job %s of role "%s"%s', one.jobid, one.username,
					CASE WHEN one.fits THEN '' WHEN one.username = role_name THEN format(', which calls %s:%s', one.nodename, one.nodeport) ELSE ', which is not the one' END);
			END IF;
		END LOOP;
		IF kept IS NULL THEN
			RETURN QUERY SELECT 'make job', current_database()::text,
				CASE WHEN role_name = current_user THEN format('SELECT cron.schedule(%L, %L, %L)', nudge.job_name(current_database()), expression, command)
					ELSE format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L)', nudge.job_name(current_database()), expression, command, current_database(), role_name) END,
				true, format('of role "%s"', role_name);
		END IF;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.job_statements(text, text, name) IS 'Works for schedule: the statements that make the job as it shall be, and whether who asks can run them here';

CREATE FUNCTION nudge.record_schedule(every interval) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO nudge.heartbeats (process, expected_every, scheduled_at) VALUES ('run_due', every, clock_timestamp())
	ON CONFLICT (process) DO UPDATE SET expected_every = excluded.expected_every, scheduled_at = CASE WHEN heartbeats.expected_every = excluded.expected_every THEN heartbeats.scheduled_at ELSE excluded.scheduled_at END;
END
$$;

COMMENT ON FUNCTION nudge.record_schedule(interval) IS 'Works for schedule: writes down how often run_due() is to be called. Not STRICT: NULL is not at all';

-- What administrators call ------------------------------------------------

CREATE FUNCTION nudge.schedule(every interval DEFAULT '5 minutes', budget interval DEFAULT NULL, run_as name DEFAULT NULL)
	RETURNS TABLE (action text, done boolean, in_database text, statement text, detail text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	expression text;
	command text;
	role_name constant name := coalesce(run_as, nudge.default_job_role());
	plan record;
	tried record;
	missing boolean := false;
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN QUERY SELECT 'nothing', false, NULL::text, NULL::text, 'this is a standby: what is scheduled on the primary goes on here once it is promoted';
		RETURN;
	END IF;
	expression := nudge.cron_expression(every);
	command := nudge.job_command(budget);
	PERFORM nudge.check_job_role(role_name);
	PERFORM nudge.check_adopted();
	PERFORM nudge.record_installation(), nudge.record_schedule(every);
	RETURN QUERY SELECT 'expect', true, current_database()::text, NULL::text, format('run_due() is to be called every %s: healthcheck() says if it is not', every);
	FOR plan IN SELECT s.* FROM nudge.job_statements(expression, command, role_name) s LOOP
		IF plan.possible AND plan.statement IS NOT NULL THEN
			SELECT t.done, t.problem INTO tried FROM nudge.try_statement(plan.statement) t;
		ELSE
			SELECT plan.possible AS done, NULL::text AS problem INTO tried;
		END IF;
		missing := missing OR NOT tried.done;
		RETURN QUERY SELECT plan.action, tried.done, plan.in_database, plan.statement, concat_ws(': ', plan.detail, tried.problem);
	END LOOP;
	IF missing THEN
		RETURN QUERY SELECT 'call', false, current_database()::text, command, format('or call it by other means every %s, as the role "%s"', every, role_name);
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.schedule(interval, interval, name) IS
	'Lets run_due() be called regularly: makes one job of pg_cron, or changes it; tells what it has done, and what an administrator must do where it cannot. Not STRICT: NULL arguments take their defaults';

CREATE FUNCTION nudge.unschedule() RETURNS TABLE (action text, done boolean, in_database text, statement text, detail text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cron record;
	one record;
	tried record;
	n integer := 0;
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN QUERY SELECT 'nothing', false, NULL::text, NULL::text, 'this is a standby: call it on the primary';
		RETURN;
	END IF;
	PERFORM nudge.record_schedule(NULL);
	RETURN QUERY SELECT 'expect', true, current_database()::text, NULL::text, 'nobody has to call run_due()';
	SELECT p.* INTO cron FROM nudge.cron_place() p;
	FOR one IN SELECT j.* FROM nudge.our_jobs(ARRAY[current_database()::text]) j LOOP
		n := n + 1;
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(format('SELECT cron.unschedule(%s)', one.jobid)) t;
		RETURN QUERY SELECT 'remove job', tried.done, current_database()::text, format('SELECT cron.unschedule(%s)', one.jobid), concat_ws(': ', format('job %s of role "%s"', one.jobid, one.username), tried.problem);
	END LOOP;
	IF cron.place = 'elsewhere' THEN
		RETURN QUERY SELECT 'remove job', false, cron.database_name, format('SELECT cron.unschedule(j.jobid) FROM cron.job j WHERE j.database = %L AND j.command ~ %L', current_database(), nudge.job_pattern()),
			format('pg_cron keeps its jobs in database "%s": a superuser runs this there', cron.database_name);
	ELSIF n = 0 THEN
		RETURN QUERY SELECT 'nothing', true, current_database()::text, NULL::text, 'there is no job that you may see';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.unschedule() IS 'Takes away the job that schedule() has made; tells what it has done, and what an administrator must do where it cannot. Not STRICT: it has no arguments';

-- After a copy ------------------------------------------------------------

CREATE FUNCTION nudge.take_over(recompute boolean, OUT swept bigint, OUT marked bigint, OUT old_name text, OUT every interval)
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	swept := nudge.sweep_runs();
	marked := 0;
	IF recompute THEN
		INSERT INTO nudge.pending (materialisation, reason) SELECT m.name, 'adopted' FROM nudge.materialisations m;
		GET DIAGNOSTICS marked = ROW_COUNT;
	END IF;
	old_name := (SELECT i.database_name FROM nudge.installation i);
	every := (SELECT h.expected_every FROM nudge.heartbeats h WHERE h.process = 'run_due');
	PERFORM nudge.record_installation();
	-- what the original was called for is not our sign of life
	UPDATE nudge.heartbeats h SET seen_at = NULL, scheduled_at = clock_timestamp() WHERE h.process = 'run_due';
END
$$;

COMMENT ON FUNCTION nudge.take_over(boolean) IS 'Works for adopt: makes the tables of a copy its own';

CREATE FUNCTION nudge.adopt(recompute boolean DEFAULT true) RETURNS TABLE (action text, done boolean, in_database text, statement text, detail text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	taken record;
	one record;
	tried record;
	job_role name;
	budget interval;
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN QUERY SELECT 'nothing', false, NULL::text, NULL::text, 'this is a standby: call it once it is promoted';
		RETURN;
	END IF;
	SELECT t.* INTO taken FROM nudge.take_over(coalesce(recompute, true)) t;
	RETURN QUERY SELECT 'adopt', true, current_database()::text, NULL::text, format('runs that ended with the original: %s; materialisations to be computed anew: %s', taken.swept, taken.marked);
	-- of a database that is called otherwise now they are ours, of one that is still there not
	FOR one IN SELECT j.* FROM nudge.our_jobs(ARRAY[current_database()::text] || ARRAY(SELECT taken.old_name WHERE NOT EXISTS (SELECT FROM pg_database d WHERE d.datname = taken.old_name))) j LOOP
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(format('SELECT cron.unschedule(%s)', one.jobid)) t;
		RETURN QUERY SELECT 'remove job', tried.done, current_database()::text, format('SELECT cron.unschedule(%s)', one.jobid),
			concat_ws(': ', format('job %s of role "%s", which calls %s:%s', one.jobid, one.username, one.nodename, one.nodeport), tried.problem);
		job_role := coalesce(job_role, (SELECT r.rolname FROM pg_roles r WHERE r.rolname = one.username AND r.rolcanlogin));
		budget := coalesce(budget, substring(one.command FROM '''([0-9]+ seconds)''')::interval);
	END LOOP;
	IF taken.every IS NOT NULL THEN
		RETURN QUERY SELECT s.* FROM nudge.schedule(taken.every, budget, job_role) s;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.adopt(boolean) IS
	'Makes a copy of a database, after a restore or clone, one that is refreshed on its own: its jobs call it and not the original, runs of the original are ended, and everything is computed anew unless told otherwise. Not STRICT: NULL is the default';

-- How often ---------------------------------------------------------------

CREATE FUNCTION nudge.set_cadence(name text, cadence interval) RETURNS TABLE (materialisation text, cadence_now interval, next_due_at timestamptz)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	is_one constant boolean := EXISTS (SELECT FROM nudge.materialisations m WHERE m.name = set_cadence.name);
BEGIN
	IF cadence < interval '1 minute' OR extract(month FROM cadence) <> 0 OR extract(year FROM cadence) <> 0 THEN
		RAISE EXCEPTION 'a cadence must be at least a minute and without months' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', cadence),
			HINT = 'Pass an interval such as 15 minutes, 1 hour or 1 day, or NULL for that of the layer.';
	ELSIF NOT is_one AND nudge.layer_cadence(name) IS NULL THEN
		PERFORM nudge.check_materialisation_name(coalesce(name, ''));
	END IF;
	RETURN QUERY
		WITH changed AS (
			UPDATE nudge.materialisations m SET cadence = coalesce(set_cadence.cadence, nudge.layer_cadence(m.layer)),
				next_due_at = coalesce(nudge.next_slot(coalesce(set_cadence.cadence, nudge.layer_cadence(m.layer)), m.last_success_at), m.next_due_at)
			WHERE CASE WHEN is_one THEN m.name ELSE m.layer END = set_cadence.name RETURNING m.name, m.cadence, m.next_due_at
		)
		SELECT c.name, c.cadence, c.next_due_at FROM changed c ORDER BY c.name COLLATE "C";
END
$$;

COMMENT ON FUNCTION nudge.set_cadence(text, interval) IS
	'Sets how often a materialisation is refreshed, or all of a layer: staging, mart, metric or headline. Not STRICT: a NULL cadence is that of the layer';

-- Retention ---------------------------------------------------------------

CREATE FUNCTION nudge.prune_job_runs(keep interval DEFAULT '30 days') RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pruned bigint := 0;
BEGIN
	IF (SELECT p.place FROM nudge.cron_place() p) = 'here' THEN
		EXECUTE 'DELETE FROM cron.job_run_details d WHERE d.command ~ $1 AND d.database = current_database() AND coalesce(d.end_time, d.start_time) < now() - $2' USING nudge.job_pattern(), keep;
		GET DIAGNOSTICS pruned = ROW_COUNT;
	END IF;
	RETURN pruned;
EXCEPTION WHEN insufficient_privilege OR undefined_table OR undefined_column THEN
	RETURN 0;
END
$$;

COMMENT ON FUNCTION nudge.prune_job_runs(interval) IS 'Deletes what pg_cron has written down about runs of our jobs that ended longer ago; tells how many';

-- The log of pg_cron has no index by time: once a day is enough.
CREATE FUNCTION nudge.prune_daily() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.heartbeats h WHERE h.process = 'prune' AND h.seen_at > clock_timestamp() - interval '1 day') THEN
		PERFORM nudge.heartbeat('prune');
		PERFORM FROM nudge.purge_expired() p;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.prune_daily() IS 'Works for run_due: deletes what is kept no longer, once a day. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace
			AND p.proname OPERATOR(pg_catalog.=) ANY ('{record_installation,record_schedule,schedule,unschedule,take_over,adopt,set_cadence,prune_job_runs,prune_daily}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.installation TO %s WITH GRANT OPTION', owner);
END
$$;

-- src/warehouse/data_retention.sql

/*
 * data_retention.sql
 *		How long what nudge_metrics has written down is kept.
 *
 * Rules: doc/data_retention.md.
 */

CREATE TABLE nudge.data_retentions (
	object text PRIMARY KEY,
	keep interval NOT NULL CHECK (keep >= interval '1 day'),
	set_by name NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	purged_at timestamptz,
	purged_rows bigint NOT NULL DEFAULT 0
);

SELECT pg_catalog.pg_extension_config_dump('nudge.data_retentions', '');

GRANT SELECT ON nudge.data_retentions TO PUBLIC;

COMMENT ON TABLE nudge.data_retentions IS 'How long rows of logs, histories and closed periods are kept; set_data_retention() keeps it. What has no row here is kept, but for the logs of runs';

COMMENT ON COLUMN nudge.data_retentions.object IS 'Table, with its schema';

COMMENT ON COLUMN nudge.data_retentions.keep IS 'How long its rows are kept';

COMMENT ON COLUMN nudge.data_retentions.set_by IS 'Who said so';

COMMENT ON COLUMN nudge.data_retentions.set_at IS 'When';

COMMENT ON COLUMN nudge.data_retentions.purged_at IS 'When older rows were deleted last';

COMMENT ON COLUMN nudge.data_retentions.purged_rows IS 'How many have been deleted in all';

-- What may be purged, and for how long it is kept if nobody says so.
CREATE FUNCTION nudge.data_retention_objects() RETURNS TABLE (object text, default_keep interval)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT 'nudge.runs', interval '90 days'
	UNION ALL SELECT 'cron.job_run_details', interval '30 days'
	UNION ALL SELECT 'nudge.closed_period_rows', NULL
	UNION ALL SELECT h.history, NULL FROM nudge.histories h;
END;

COMMENT ON FUNCTION nudge.data_retention_objects() IS 'Tables of which set_data_retention() can say how long rows are kept, and for how long they are if it does not; NULL: for ever. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.keep_of(object text) RETURNS interval
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT coalesce(r.keep, o.default_keep) FROM nudge.data_retention_objects() o LEFT JOIN nudge.data_retentions r ON r.object = o.object WHERE o.object = keep_of.object);

COMMENT ON FUNCTION nudge.keep_of(text) IS 'How long rows of a table are kept; NULL: for ever';

CREATE FUNCTION nudge.set_data_retention(object text, keep interval) RETURNS interval
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reader text;
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.data_retention_objects() o WHERE o.object = set_data_retention.object) THEN
		RAISE EXCEPTION 'rows of "%" are not for set_data_retention()', left(coalesce(object, ''), 130) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = (SELECT format('It is one of %s.', string_agg(o.object, ', ' ORDER BY o.object COLLATE "C")) FROM nudge.data_retention_objects() o),
			HINT = 'Your own tables are yours to delete from, and marts follow them.';
	ELSIF keep < interval '1 day' THEN
		RAISE EXCEPTION 'rows must be kept for a day at least' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', keep),
			HINT = 'Pass an interval such as 365 days, or NULL for what it is without.';
	END IF;
	SELECT min(s.source COLLATE "C") INTO reader FROM nudge.sources s WHERE s.relation = object;
	IF keep IS NOT NULL AND reader IS NOT NULL THEN
		RAISE EXCEPTION 'the history % is read as source "%"', object, reader USING ERRCODE = 'object_in_use',
			DETAIL = 'What is computed from it would change as rows go, months that were reported too.',
			HINT = 'Keep it, or unmap the source first.';
	END IF;
	DELETE FROM nudge.data_retentions r WHERE r.object = set_data_retention.object AND set_data_retention.keep IS NULL;
	INSERT INTO nudge.data_retentions AS r (object, keep) SELECT set_data_retention.object, set_data_retention.keep WHERE set_data_retention.keep IS NOT NULL
	ON CONFLICT ON CONSTRAINT data_retentions_pkey DO UPDATE SET keep = excluded.keep, set_by = session_user, set_at = now();
	RETURN nudge.keep_of(object);
END
$$;

COMMENT ON FUNCTION nudge.set_data_retention(text, interval) IS
	'Says how long rows of a log, of a history that is no source, or of closed periods are kept; tells how long that is now. Not STRICT: a NULL time is what it is without';

CREATE FUNCTION nudge.purge_object(object text, keep interval) RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	purged bigint := 0;
BEGIN
	IF object = 'nudge.runs' THEN
		purged := nudge.prune_runs(keep);
	ELSIF object = 'cron.job_run_details' THEN
		purged := nudge.prune_job_runs(keep);
	ELSIF object = 'nudge.closed_period_rows' THEN
		-- sums of closed periods stay
		DELETE FROM nudge.closed_period_rows c WHERE c.period < now() - keep;
		GET DIAGNOSTICS purged = ROW_COUNT;
	-- a history, made as such by its owner, that no source reads
	ELSIF (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass(object)) = (SELECT p.proowner FROM pg_proc p WHERE p.oid = to_regprocedure(nudge.history_object(object, '_keep') || '()'))
		AND NOT EXISTS (SELECT FROM nudge.sources s WHERE s.relation = purge_object.object) THEN
		SELECT r.rows_written INTO purged FROM nudge.run_as_owner(to_regclass(object),
			format('WITH gone AS (DELETE FROM %s h WHERE h.valid_to < $3 RETURNING 1) SELECT count(*), 0::bigint, NULL::jsonb FROM gone', to_regclass(object)), NULL, NULL, now() - keep) r;
	END IF;
	RETURN purged;
END
$$;

COMMENT ON FUNCTION nudge.purge_object(text, interval) IS 'Works for purge_expired: deletes older rows of one table; tells how many';

CREATE FUNCTION nudge.purge_expired() RETURNS TABLE (purged_object text, rows_deleted bigint)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	FOR purged_object IN SELECT o.object FROM nudge.data_retention_objects() o WHERE nudge.keep_of(o.object) IS NOT NULL ORDER BY o.object COLLATE "C" LOOP
		rows_deleted := coalesce(nudge.purge_object(purged_object, nudge.keep_of(purged_object)), 0);
		UPDATE nudge.data_retentions r SET purged_at = now(), purged_rows = r.purged_rows + rows_deleted WHERE r.object = purged_object;
		RETURN NEXT;
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.purge_expired() IS 'Deletes rows that are older than what set_data_retention() says; run_due() calls it once a day. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	REVOKE EXECUTE ON FUNCTION nudge.set_data_retention(text, interval), nudge.purge_object(text, interval), nudge.purge_expired() FROM PUBLIC;
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.set_data_retention(text, interval), nudge.purge_object(text, interval), nudge.purge_expired() TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.data_retentions TO %s WITH GRANT OPTION', owner);
END
$$;

-- src/warehouse/roles.sql

/*
 * roles.sql
 *		Five roles, and what each may do.
 *
 * Rules: doc/roles.md.
 */

-- What each kind may call, beyond what everybody may who has USAGE on the schema.
CREATE FUNCTION nudge.role_routines(kind text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE kind
		WHEN 'owner' THEN '{add_materialisation,drop_materialisation,enable_materialisation,deploy,undeploy,capture_changes,track_appends,track_lookback,verify,set_cadence}'
		-- procedures run with the rights of their caller, and so do their steps
		WHEN 'operator' THEN '{run_due,refresh,rebuild,run_refresh,begin_run,note_polls,follow_entities,poll_sources,fan_out,mark_run,next_keys,enumerate_keys,refresh_batch,end_run,heartbeat,check_rebuild,prune_runs,prune_job_runs,prune_daily,purge_expired,
			retry_quarantined,verify,schedule,unschedule,adopt,take_over,record_schedule,record_installation,set_cadence}'
		WHEN 'analyst' THEN '{verify}'
		ELSE '{}' END::text[];

COMMENT ON FUNCTION nudge.role_routines(text) IS 'Works for grant_roles: names of the functions and procedures of nudge that a kind of role may call and others not';

-- What each kind may do with a table of nudge.
CREATE FUNCTION nudge.role_privileges(kind text, table_name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE kind
		WHEN 'owner' THEN CASE
			WHEN table_name IN ('runs', 'heartbeats', 'installation', 'erasures', 'entity_keys') THEN 'SELECT'
			WHEN table_name = 'closed_period_rows' THEN 'SELECT, INSERT'
			WHEN table_name = 'closed_periods' THEN 'SELECT, INSERT, UPDATE'
			ELSE 'SELECT, INSERT, UPDATE, DELETE' END
		WHEN 'operator' THEN CASE
			WHEN table_name IN ('sources', 'trackings', 'polls', 'change_log', 'materialisations', 'dependencies', 'pending', 'quarantine', 'runs', 'heartbeats', 'installation') THEN 'SELECT' END END;

COMMENT ON FUNCTION nudge.role_privileges(text, text) IS 'Works for grant_roles: the privileges of a kind of role on a table of nudge that pg_dump keeps, or on entity_keys; NULL for none';

CREATE FUNCTION nudge.can_set_role(role_name name) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	-- from version 16 on a member may be one that cannot act as the role
	RETURN pg_has_role(role_name, CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END);

COMMENT ON FUNCTION nudge.can_set_role(name) IS 'Works for grant_roles: whether who asks can SET ROLE to a role';

-- Privileges within the extension.
CREATE FUNCTION nudge.engine_grants(kind text, role_name name) RETURNS TABLE (statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 30
BEGIN ATOMIC
	SELECT g.statement, g.is_there FROM (
		SELECT 1 AS part, '' AS object, format('GRANT USAGE ON SCHEMA nudge TO %I', engine_grants.role_name) AS statement, has_schema_privilege(engine_grants.role_name, 'nudge', 'USAGE') AS is_there
		WHERE engine_grants.kind <> 'viewer'
		UNION ALL
		SELECT 2, p.oid::regprocedure::text, format('GRANT EXECUTE ON ROUTINE nudge.%I(%s) TO %I', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), engine_grants.role_name), has_function_privilege(engine_grants.role_name, p.oid, 'EXECUTE')
		FROM pg_catalog.pg_proc p WHERE p.pronamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge') AND p.proname = ANY (nudge.role_routines(engine_grants.kind)::name[])
		UNION ALL
		SELECT 3, c.relname::text, format('GRANT %s ON nudge.%I TO %I', nudge.role_privileges(engine_grants.kind, c.relname::text), c.relname, engine_grants.role_name),
			(SELECT bool_and(has_table_privilege(engine_grants.role_name, c.oid, w)) FROM string_to_table(nudge.role_privileges(engine_grants.kind, c.relname::text), ', ') w)
		FROM pg_catalog.pg_class c
		WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge') AND (c.relname = 'entity_keys' OR c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'nudge_metrics' AND c.oid = ANY (e.extconfig)))
			AND nudge.role_privileges(engine_grants.kind, c.relname::text) IS NOT NULL
	) g ORDER BY g.part, g.object COLLATE "C";
END;

COMMENT ON FUNCTION nudge.engine_grants(text, name) IS 'Works for grant_roles: what a kind of role is granted on objects of the extension, and whether it has it';

CREATE FUNCTION nudge.has_default(maker oid, schema_id oid, role_id oid) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
	RETURN EXISTS (SELECT FROM pg_catalog.pg_default_acl d, LATERAL aclexplode(d.defaclacl) a
		WHERE d.defaclrole = maker AND d.defaclnamespace = schema_id AND d.defaclobjtype = 'r' AND a.grantee = role_id AND a.privilege_type = 'SELECT');

COMMENT ON FUNCTION nudge.has_default(oid, oid, oid) IS 'Works for grant_roles: whether a role may read the tables that another makes in a schema';

-- Privileges on materialisations and inputs: those that are there, and those
-- that the given roles will make.
CREATE FUNCTION nudge.warehouse_grants(kind text, role_name name, makers name[]) RETURNS TABLE (statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 30
BEGIN ATOMIC
	WITH spaces AS (
		SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
		WHERE warehouse_grants.kind IN ('owner', 'analyst') AND n.nspname IN ('nudge_staging', 'nudge_analytics') OR warehouse_grants.kind IN ('owner', 'analyst', 'viewer') AND n.nspname = 'nudge_reporting'
	), relations AS (
		SELECT s.nspname, c.oid, c.relname, c.relowner FROM spaces s JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid
		WHERE warehouse_grants.kind = 'analyst' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') OR warehouse_grants.kind = 'viewer' AND c.relkind = 'v'
	)
	SELECT g.statement, g.is_there FROM (
		SELECT 1 AS part, s.nspname::text AS object, format('GRANT %s ON SCHEMA %I TO %I', w.words, s.nspname, warehouse_grants.role_name) AS statement,
			(SELECT bool_and(has_schema_privilege(warehouse_grants.role_name, s.oid, p)) FROM string_to_table(w.words, ', ') p) AS is_there
		FROM spaces s, LATERAL (SELECT CASE warehouse_grants.kind WHEN 'owner' THEN 'USAGE, CREATE' ELSE 'USAGE' END AS words) w
		UNION ALL
		SELECT 2, format('%I.%I', r.nspname, r.relname), format('GRANT SELECT ON %I.%I TO %I', r.nspname, r.relname, warehouse_grants.role_name), has_table_privilege(warehouse_grants.role_name, r.oid, 'SELECT') FROM relations r
		UNION ALL
		SELECT 3, format('%I %I', s.nspname, m.rolname), format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I', m.rolname, s.nspname, warehouse_grants.role_name),
			nudge.has_default(m.oid, s.oid, (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname = warehouse_grants.role_name))
		FROM spaces s, pg_catalog.pg_roles m
		WHERE warehouse_grants.kind IN ('analyst', 'viewer') AND (m.rolname = ANY (warehouse_grants.makers) OR m.oid IN (SELECT r.relowner FROM relations r))
	) g ORDER BY g.part, g.object COLLATE "C";
END;

COMMENT ON FUNCTION nudge.warehouse_grants(text, name, name[]) IS 'Works for grant_roles: what a kind of role is granted on inputs, materialisations and views for BI tools, and whether it has it';

CREATE FUNCTION nudge.job_settings(role_name name) RETURNS TABLE (statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 3
BEGIN ATOMIC
	SELECT format('ALTER ROLE %I SET %s = %L', job_settings.role_name, s.name, s.value),
		EXISTS (SELECT FROM pg_catalog.pg_db_role_setting d, unnest(d.setconfig) c WHERE d.setrole = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = job_settings.role_name) AND c LIKE s.name || '=%')
	FROM (VALUES ('idle_in_transaction_session_timeout', '5min'), ('lock_timeout', '10s'), ('statement_timeout', '4h')) s(name, value);
END;

COMMENT ON FUNCTION nudge.job_settings(name) IS 'Works for grant_roles: settings that the role of a job needs, and whether it has some';

-- All statements for all roles, in their order.
CREATE FUNCTION nudge.role_statements(roles jsonb) RETURNS TABLE (role_name name, statement text, is_there boolean)
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	WITH given AS (
		SELECT k.place, k.kind, (role_statements.roles ->> k.kind)::name AS role_name
		FROM (VALUES (1, 'owner'), (2, 'operator'), (3, 'job'), (4, 'analyst'), (5, 'viewer')) k(place, kind) WHERE role_statements.roles ->> k.kind IS NOT NULL
	), makers AS (
		SELECT ARRAY[current_user]::name[] || array_remove(ARRAY[(role_statements.roles ->> 'owner')::name], NULL) AS names
	)
	SELECT s.role_name, s.statement, s.is_there FROM (
		SELECT g.place, 1 AS part, g.role_name, e.statement, e.is_there FROM given g, nudge.engine_grants(CASE WHEN g.kind = 'job' THEN 'operator' ELSE g.kind END, g.role_name) e
		WHERE g.kind <> 'job' OR role_statements.roles ->> 'operator' IS NULL
		UNION ALL
		SELECT g.place, 2, g.role_name, format('GRANT %I TO %I', role_statements.roles ->> 'operator', g.role_name), pg_has_role(g.role_name, (role_statements.roles ->> 'operator')::name, 'USAGE')
		FROM given g WHERE g.kind = 'job' AND role_statements.roles ->> 'operator' IS NOT NULL
		UNION ALL
		SELECT g.place, 3, g.role_name, j.statement, j.is_there FROM given g, nudge.job_settings(g.role_name) j WHERE g.kind = 'job'
		UNION ALL
		SELECT g.place, 4, g.role_name, w.statement, w.is_there FROM given g, makers m, nudge.warehouse_grants(g.kind, g.role_name, m.names) w
	) s ORDER BY s.place, s.part, s.statement COLLATE "C";
END;

COMMENT ON FUNCTION nudge.role_statements(jsonb) IS 'Works for grant_roles: the statements that give roles what they need, and whether they have it';

CREATE FUNCTION nudge.check_roles(roles jsonb) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	IF NOT EXISTS (SELECT FROM jsonb_each_text(roles) r WHERE r.value IS NOT NULL) THEN
		RAISE EXCEPTION 'no role is given' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Roles are named by what they are for.',
			HINT = 'Write grant_roles(analyst => ''reporting''), or call create_roles().';
	END IF;
	SELECT r.value INTO missing FROM jsonb_each_text(roles) r WHERE r.value IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r.value) ORDER BY r.value COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'role "%" does not exist', missing USING ERRCODE = 'undefined_object',
			DETAIL = 'Privileges are granted to roles that are there.',
			HINT = 'Make it, or call nudge.create_roles(), which makes those that are missing.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_roles(jsonb) IS 'Works for grant_roles: an error unless all roles are there';

-- The schemas belong to the owner's role if they are not there yet.
CREATE FUNCTION nudge.make_schemas(owner name) RETURNS TABLE (statement text, done boolean, problem text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT s.name, s.description FROM (VALUES (1, 'nudge_staging', 'The sources of nudge_metrics as canonical inputs: views that map_source() makes'),
		(2, 'nudge_analytics', 'Materialisations of nudge_metrics: tables that the refresh engine keeps'), (3, 'nudge_reporting', 'Views of nudge_metrics that BI tools read')) s(place, name, description)
		WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = s.name) ORDER BY s.place LOOP
		statement := format('CREATE SCHEMA %I AUTHORIZATION %I', one.name, owner);
		SELECT t.done, t.problem INTO done, problem FROM nudge.try_statement(statement || format('; COMMENT ON SCHEMA %I IS %L', one.name, one.description)) t;
		RETURN NEXT;
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.make_schemas(name) IS 'Works for grant_roles: makes the schemas of inputs, materialisations and views for BI tools';

CREATE FUNCTION nudge.grant_roles(owner name DEFAULT NULL, operator name DEFAULT NULL, job name DEFAULT NULL, analyst name DEFAULT NULL, viewer name DEFAULT NULL)
	RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	roles constant jsonb := jsonb_build_object('owner', owner, 'operator', operator, 'job', job, 'analyst', analyst, 'viewer', viewer);
	plan record;
	tried record;
	refused text[] := '{}';
BEGIN
	PERFORM nudge.check_roles(roles);
	RETURN QUERY SELECT owner, m.done, m.statement, m.problem FROM nudge.make_schemas(owner) m;
	FOR plan IN SELECT s.* FROM nudge.role_statements(roles) s WHERE NOT s.is_there LOOP
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(plan.statement) t;
		refused := refused || CASE WHEN NOT tried.done THEN plan.statement END;
		RETURN QUERY SELECT plan.role_name, tried.done, plan.statement, tried.problem;
	END LOOP;
	-- a GRANT of what is not one's own to grant is a warning only
	RETURN QUERY SELECT s.role_name, false, s.statement, 'it is not yours to grant: its owner or a superuser runs this' FROM nudge.role_statements(roles) s WHERE NOT s.is_there AND s.statement <> ALL (array_remove(refused, NULL));
END
$$;

COMMENT ON FUNCTION nudge.grant_roles(name, name, name, name, name) IS
	'Gives roles that are there what an owner, operator, job, analyst or viewer of nudge needs, and tells what was missing and is done. Not STRICT: a NULL role is left out';

CREATE FUNCTION nudge.create_roles(owner name DEFAULT 'nudge_owner', operator name DEFAULT 'nudge_operator', job name DEFAULT 'nudge_job', analyst name DEFAULT 'nudge_analyst', viewer name DEFAULT 'nudge_viewer')
	RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT k.kind, k.name, k.description FROM (VALUES
			(1, 'owner', owner, 'nudge_metrics: maps sources and adds materialisations, which belong to it'),
			(2, 'operator', operator, 'nudge_metrics: refreshes materialisations and schedules that'),
			(3, 'job', job, 'nudge_metrics: the sessions that call nudge.run_due(); not to be renamed while a job runs as it'),
			(4, 'analyst', analyst, 'nudge_metrics: reads inputs, materialisations and views for BI tools'),
			(5, 'viewer', viewer, 'nudge_metrics: reads the views for BI tools, nudge_reporting, and nothing else')) k(place, kind, name, description)
		WHERE k.name IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = k.name) ORDER BY k.place LOOP
		IF NOT (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles r WHERE r.rolname = current_user) THEN
			RAISE EXCEPTION 'role "%" cannot be made', one.name USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('Role "%s" may make no roles.', current_user),
				HINT = 'Let somebody with CREATEROLE call it, or pass roles that are there to nudge.grant_roles().';
		END IF;
		role_name := one.name;
		statement := format('CREATE ROLE %I %s', one.name, CASE one.kind WHEN 'job' THEN 'LOGIN' ELSE 'NOLOGIN' END);
		EXECUTE statement;
		EXECUTE format('COMMENT ON ROLE %I IS %L', one.name, one.description);
		done := true;
		RETURN NEXT;
	END LOOP;
	-- what belongs to the owner's role is made as that role
	IF owner IS NOT NULL AND NOT nudge.can_set_role(owner) THEN
		role_name := owner;
		statement := format('GRANT %I TO %I', owner, current_user);
		SELECT t.done, t.problem INTO done, problem FROM nudge.try_statement(statement) t;
		RETURN NEXT;
	END IF;
	RETURN QUERY SELECT g.* FROM nudge.grant_roles(owner, operator, job, analyst, viewer) g;
END
$$;

COMMENT ON FUNCTION nudge.create_roles(name, name, name, name, name) IS
	'Makes the roles that are missing, and gives all what they need: owner, operator, job (which logs in, and is a member of operator), analyst and viewer; tells what it has done. Not STRICT: a NULL role is left out';

REVOKE EXECUTE ON FUNCTION nudge.grant_roles(name, name, name, name, name), nudge.create_roles(name, name, name, name, name) FROM PUBLIC;

DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.grant_roles(name, name, name, name, name), nudge.create_roles(name, name, name, name, name) TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- src/warehouse/erasure.sql

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

-- src/reporting/metrics.sql

/*
 * metrics.sql
 *		The metrics that are shipped, and where each is read from: files
 *		metrics_*.sql have the rows, each of a subject.
 *
 * Rules: doc/reporting.md.
 */

CREATE TABLE nudge.shipped_metrics (
	metric text PRIMARY KEY CHECK (metric ~ '^[a-z][a-z0-9_]{0,62}$'),
	subject text NOT NULL,
	place integer NOT NULL UNIQUE,
	title text NOT NULL,
	unit text NOT NULL CHECK (unit IN ('count', 'currency', 'rate', 'ratio', 'score', 'months', 'days', 'hours', 'minutes', 'seconds', 'milliseconds')),
	direction text NOT NULL CHECK (direction IN ('up', 'down', 'neutral')),
	additivity text NOT NULL CHECK (additivity IN ('additive', 'balance', 'not additive')),
	grain text NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year')),
	formula text NOT NULL,
	description text NOT NULL
);

GRANT SELECT ON nudge.shipped_metrics TO PUBLIC;

COMMENT ON TABLE nudge.shipped_metrics IS 'The metrics that are shipped';

COMMENT ON COLUMN nudge.shipped_metrics.metric IS 'Name of the metric';

COMMENT ON COLUMN nudge.shipped_metrics.subject IS 'What it is about: revenue, customers and others';

COMMENT ON COLUMN nudge.shipped_metrics.place IS 'Order in which they are listed';

COMMENT ON COLUMN nudge.shipped_metrics.title IS 'Name for people';

COMMENT ON COLUMN nudge.shipped_metrics.unit IS 'count, currency, rate (a fraction of 1), ratio, score, or a time';

COMMENT ON COLUMN nudge.shipped_metrics.direction IS 'up if more is better, down if less is, otherwise neutral';

COMMENT ON COLUMN nudge.shipped_metrics.additivity IS 'additive: may be added over anything; balance: not over time; not additive: add numerators and denominators instead';

COMMENT ON COLUMN nudge.shipped_metrics.grain IS 'Length of the periods that kpi_current compares';

COMMENT ON COLUMN nudge.shipped_metrics.formula IS 'How it is computed';

COMMENT ON COLUMN nudge.shipped_metrics.description IS 'What it tells, and what it leaves out';

-- Expressions are of columns of the mart.
CREATE TABLE nudge.shipped_metric_sources (
	metric text NOT NULL REFERENCES nudge.shipped_metrics,
	grain text NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year')),
	dimension text NOT NULL DEFAULT '''all''',
	mart text NOT NULL,
	value text,
	numerator text,
	denominator text,
	period text NOT NULL DEFAULT 'period',
	currency text NOT NULL DEFAULT 'NULL',
	complete text NOT NULL DEFAULT 'complete',
	dimension_value text NOT NULL DEFAULT '''all''',
	condition text NOT NULL DEFAULT 'true',
	PRIMARY KEY (metric, grain, dimension),
	CHECK (value IS NOT NULL OR numerator IS NOT NULL AND denominator IS NOT NULL),
	CHECK ((dimension = '''all''') = (dimension_value = '''all'''))
);

GRANT SELECT ON nudge.shipped_metric_sources TO PUBLIC;

COMMENT ON TABLE nudge.shipped_metric_sources IS 'Where values of the metrics that are shipped are read from: one row for each length of periods and dimension, one of all for what kpi_current shows';

COMMENT ON COLUMN nudge.shipped_metric_sources.metric IS 'Name of the metric';

COMMENT ON COLUMN nudge.shipped_metric_sources.grain IS 'Length of the periods';

COMMENT ON COLUMN nudge.shipped_metric_sources.dimension IS 'Name of the dimension, as an SQL expression: ''all'' in quotes, or ''segment'', or a column with the name';

COMMENT ON COLUMN nudge.shipped_metric_sources.mart IS 'Name of the mart';

COMMENT ON COLUMN nudge.shipped_metric_sources.value IS 'Expression of the value; NULL: numerator over denominator';

COMMENT ON COLUMN nudge.shipped_metric_sources.numerator IS 'Expression of the numerator; NULL if it has none';

COMMENT ON COLUMN nudge.shipped_metric_sources.denominator IS 'Expression of the denominator; NULL if it has none';

COMMENT ON COLUMN nudge.shipped_metric_sources.period IS 'Expression of the first day of the period';

COMMENT ON COLUMN nudge.shipped_metric_sources.currency IS 'Expression of the currency; NULL if the mart knows none';

COMMENT ON COLUMN nudge.shipped_metric_sources.complete IS 'Expression that says whether the period is over';

COMMENT ON COLUMN nudge.shipped_metric_sources.dimension_value IS 'Expression of the value of the dimension';

COMMENT ON COLUMN nudge.shipped_metric_sources.condition IS 'Which rows of the mart count';

-- Clients fail on NaN and infinity.  Inlined, so not STRICT.
CREATE FUNCTION nudge.finite(value numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN value NOT IN ('NaN', 'Infinity', '-Infinity') THEN value END;

COMMENT ON FUNCTION nudge.finite(numeric) IS 'Works for nudge_reporting: a number, or NULL if it is NaN or infinite. Not STRICT: NULL is NULL';

-- One scan of a mart gives all its metrics.
CREATE FUNCTION nudge.metric_values_query() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH source AS (
		SELECT s.*, m.place, coalesce(s.value, format('(%s)::numeric / nullif((%s)::numeric, 0)', s.numerator, s.denominator)) AS expression
		FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m ON m.metric = s.metric JOIN nudge.materialisations t ON t.name = s.mart
	), scan AS (
		SELECT min(s.place) AS place, min(s.dimension COLLATE "C") AS dimension, min(s.grain COLLATE "C") AS grain,
			format('SELECT (%s)::date AS period_start, %L::text AS grain, v.metric_name AS metric, (%s)::text AS dimension, (%s)::text AS dimension_value, (%s)::text AS currency,'
				' v.metric_value::numeric(24,6) AS value, v.metric_numerator::numeric(24,6) AS numerator, v.metric_denominator::numeric(24,6) AS denominator, (%s) IS TRUE AS complete'
				' FROM %s r CROSS JOIN LATERAL (VALUES %s) v(metric_name, metric_value, metric_numerator, metric_denominator) WHERE %s',
				s.period, s.grain, s.dimension, s.dimension_value, s.currency, s.complete, nudge.mart_table(s.mart),
				string_agg(format('(%L::text, nudge.finite((%s)::numeric), nudge.finite((%s)::numeric), nudge.finite((%s)::numeric))', s.metric, s.expression, coalesce(s.numerator, 'NULL'), coalesce(s.denominator, 'NULL')), ', ' ORDER BY s.place),
				s.condition) AS query
		FROM source s GROUP BY s.mart, s.grain, s.dimension, s.dimension_value, s.period, s.currency, s.complete, s.condition
	)
	SELECT coalesce(string_agg(s.query, E'\nUNION ALL\n' ORDER BY s.place, s.grain, s.dimension),
		'SELECT NULL::date AS period_start, NULL::text AS grain, NULL::text AS metric, NULL::text AS dimension, NULL::text AS dimension_value, NULL::text AS currency, NULL::numeric(24,6) AS value, NULL::numeric(24,6) AS numerator, NULL::numeric(24,6) AS denominator, NULL::boolean AS complete WHERE false')
	FROM scan s;
END;

COMMENT ON FUNCTION nudge.metric_values_query() IS 'Works for deploy: the query of nudge_reporting.metric_values, of the marts that are there. Not STRICT: it has no arguments';

-- src/reporting/metrics_revenue.sql

/*
 * metrics_revenue.sql
 *		Shipped metrics about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('mrr', 'revenue', 100, 'MRR', 'currency', 'up', 'balance', 'month', 'closing_mrr', 'Monthly recurring revenue as the period closes.'),
('arr', 'revenue', 101, 'ARR', 'currency', 'up', 'balance', 'month', '12 * closing_mrr', 'Annual recurring revenue as the period closes: 12 times MRR.'),
('new_mrr', 'revenue', 102, 'New MRR', 'currency', 'up', 'additive', 'month', 'new_mrr', 'MRR of customers that had none before.'),
('reactivation_mrr', 'revenue', 103, 'Reactivation MRR', 'currency', 'up', 'additive', 'month', 'reactivation_mrr', 'MRR of customers that had had some, and none as the period opened.'),
('expansion_mrr', 'revenue', 104, 'Expansion MRR', 'currency', 'up', 'additive', 'month', 'expansion_mrr', 'MRR that customers have more than as the period opened.'),
('contraction_mrr', 'revenue', 105, 'Contraction MRR', 'currency', 'up', 'additive', 'month', 'contraction_mrr', 'MRR that customers have less than as the period opened: 0 or negative.'),
('churn_mrr', 'revenue', 106, 'Churned MRR', 'currency', 'up', 'additive', 'month', 'churn_mrr', 'MRR of customers that have none any more: 0 or negative.'),
('net_new_mrr', 'revenue', 107, 'Net new MRR', 'currency', 'up', 'additive', 'month', 'new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr', 'All movements of MRR: closing less opening.'),
('mrr_growth_rate', 'revenue', 108, 'MRR growth', 'rate', 'up', 'not additive', 'month', 'net_new_mrr / opening_mrr', 'Growth of MRR over one period, as a fraction.'),
('churned_mrr_rate', 'revenue', 109, 'Churned MRR rate', 'rate', 'down', 'not additive', 'month', '-churn_mrr / opening_mrr', 'MRR of customers that left over opening MRR, contraction not counted.'),
('gross_mrr_churn_rate', 'revenue', 110, 'Gross MRR churn', 'rate', 'down', 'not additive', 'month', '-(churn_mrr + contraction_mrr) / opening_mrr', 'MRR lost by churn and contraction over opening MRR.'),
('expansion_rate', 'revenue', 111, 'Expansion rate', 'rate', 'up', 'not additive', 'month', 'expansion_mrr / opening_mrr', 'Expansion MRR over opening MRR.'),
('contraction_rate', 'revenue', 112, 'Contraction rate', 'rate', 'down', 'not additive', 'month', '-contraction_mrr / opening_mrr', 'Contraction MRR over opening MRR.'),
('monthly_net_revenue_retention_rate', 'revenue', 113, 'Net revenue retention, one month', 'rate', 'up', 'not additive', 'month', '(opening_mrr + expansion_mrr + contraction_mrr + churn_mrr) / opening_mrr',
	'MRR of the customers of a month before over what it was then. Of one month: thresholds for twelve months do not fit it.'),
('monthly_gross_revenue_retention_rate', 'revenue', 114, 'Gross revenue retention, one month', 'rate', 'up', 'not additive', 'month', '(opening_mrr + contraction_mrr + churn_mrr) / opening_mrr',
	'The same without expansion: never above 1. Of one month: thresholds for twelve months do not fit it.'),
('quick_ratio', 'revenue', 115, 'Quick ratio', 'ratio', 'up', 'not additive', 'month', '(new_mrr + expansion_mrr) / -(contraction_mrr + churn_mrr)', 'MRR won over MRR lost; none if nothing was lost.'),
('arpa', 'revenue', 116, 'ARPA', 'currency', 'up', 'not additive', 'month', 'closing_mrr / closing_customers', 'MRR per customer that has some, as the period closes.'),
('paying_customers', 'customers', 120, 'Paying customers', 'count', 'up', 'balance', 'month', 'closing_customers', 'Customers with MRR as the period closes, in one currency.'),
('new_customers', 'customers', 121, 'New customers', 'count', 'up', 'additive', 'month', 'new_customers', 'Customers that had no MRR before, in one currency; reactivated ones are not new.'),
('churned_customers', 'customers', 122, 'Churned customers', 'count', 'down', 'additive', 'month', 'churned_customers', 'Customers that have no MRR any more, in one currency.'),
('logo_churn_rate', 'customers', 123, 'Customer churn rate', 'rate', 'down', 'not additive', 'month', 'churned_customers / opening_customers', 'Share of the opening customers that left.');

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, currency, value, numerator, denominator) VALUES
('mrr', 'month', 'mrr_summary', 'currency', 'closing_mrr', NULL, NULL),
('arr', 'month', 'mrr_summary', 'currency', '12 * closing_mrr', NULL, NULL),
('new_mrr', 'month', 'mrr_summary', 'currency', 'new_mrr', NULL, NULL),
('reactivation_mrr', 'month', 'mrr_summary', 'currency', 'reactivation_mrr', NULL, NULL),
('expansion_mrr', 'month', 'mrr_summary', 'currency', 'expansion_mrr', NULL, NULL),
('contraction_mrr', 'month', 'mrr_summary', 'currency', 'contraction_mrr', NULL, NULL),
('churn_mrr', 'month', 'mrr_summary', 'currency', 'churn_mrr', NULL, NULL),
('net_new_mrr', 'month', 'mrr_summary', 'currency', 'net_new_mrr', NULL, NULL),
('mrr_growth_rate', 'month', 'mrr_summary', 'currency', NULL, 'net_new_mrr', 'opening_mrr'),
('churned_mrr_rate', 'month', 'mrr_summary', 'currency', NULL, '-churn_mrr', 'opening_mrr'),
('gross_mrr_churn_rate', 'month', 'mrr_summary', 'currency', NULL, '-(churn_mrr + contraction_mrr)', 'opening_mrr'),
('expansion_rate', 'month', 'mrr_summary', 'currency', NULL, 'expansion_mrr', 'opening_mrr'),
('contraction_rate', 'month', 'mrr_summary', 'currency', NULL, '-contraction_mrr', 'opening_mrr'),
('monthly_net_revenue_retention_rate', 'month', 'mrr_summary', 'currency', NULL, 'opening_mrr + expansion_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
('monthly_gross_revenue_retention_rate', 'month', 'mrr_summary', 'currency', NULL, 'opening_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
('quick_ratio', 'month', 'mrr_summary', 'currency', NULL, 'new_mrr + expansion_mrr', '-(contraction_mrr + churn_mrr)'),
('arpa', 'month', 'mrr_summary', 'currency', NULL, 'closing_mrr', 'closing_customers'),
('paying_customers', 'month', 'mrr_summary', 'currency', 'closing_customers', NULL, NULL),
('new_customers', 'month', 'mrr_summary', 'currency', 'new_customers', NULL, NULL),
('churned_customers', 'month', 'mrr_summary', 'currency', 'churned_customers', NULL, NULL),
('logo_churn_rate', 'month', 'mrr_summary', 'currency', NULL, 'churned_customers', 'opening_customers');

-- src/reporting/targets.sql

/*
 * targets.sql
 *		What metrics ought to be, and what happened on a day: shown beside the
 *		values in nudge_reporting.
 *
 * Rules: doc/targets.md.
 */

-- A row holds from its period on, until the next of the same metric, kind,
-- grain, slice and currency: two can never hold at once.
CREATE TABLE nudge.targets (
	metric text NOT NULL,
	kind text NOT NULL DEFAULT 'target' CHECK (kind IN ('target', 'minimum', 'benchmark', 'plan')),
	grain text NOT NULL DEFAULT 'month' CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year')),
	dimension text NOT NULL DEFAULT 'all',
	dimension_value text NOT NULL DEFAULT 'all',
	currency text NOT NULL DEFAULT '' CHECK (currency = upper(btrim(currency))),
	period_start date NOT NULL CHECK (isfinite(period_start)),
	value numeric(24,6) CHECK (value <> 'NaN'),
	provenance text NOT NULL DEFAULT 'agreed' CHECK (provenance IN ('agreed', 'imported', 'derived', 'placeholder')),
	note text,
	set_by name NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (metric, kind, grain, dimension, dimension_value, currency, period_start),
	CHECK ((dimension = 'all') = (dimension_value = 'all'))
);

SELECT pg_catalog.pg_extension_config_dump('nudge.targets', '');

GRANT SELECT ON nudge.targets TO PUBLIC;

COMMENT ON TABLE nudge.targets IS 'Targets of metrics: each holds from its period on, until the next row of the same metric, kind, grain, slice and currency';

COMMENT ON COLUMN nudge.targets.metric IS 'Name of the metric';

COMMENT ON COLUMN nudge.targets.kind IS 'target: what is aimed at; minimum: the worst that is accepted, which is the highest value if less is better; benchmark: of others; plan: of the budget';

COMMENT ON COLUMN nudge.targets.grain IS 'Length of the periods whose values it is for';

COMMENT ON COLUMN nudge.targets.dimension IS 'Dimension of the slice that it is for; all: the total';

COMMENT ON COLUMN nudge.targets.dimension_value IS 'Value of this dimension; all: the total';

COMMENT ON COLUMN nudge.targets.currency IS 'Currency of an amount; empty for other metrics';

COMMENT ON COLUMN nudge.targets.period_start IS 'First day of the first period that it holds for';

COMMENT ON COLUMN nudge.targets.value IS 'The target, with the sign of the metric; NULL: none from this period on';

COMMENT ON COLUMN nudge.targets.provenance IS 'agreed, imported, derived (computed from others), or placeholder (an example, not to be acted on)';

COMMENT ON COLUMN nudge.targets.note IS 'Who agreed, where, and why';

COMMENT ON COLUMN nudge.targets.set_by IS 'Who has set it';

COMMENT ON COLUMN nudge.targets.set_at IS 'When';

CREATE TABLE nudge.annotations (
	annotation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	day date NOT NULL CHECK (isfinite(day)),
	kind text NOT NULL CHECK (kind IN ('launch', 'price change', 'campaign', 'outage', 'policy', 'data', 'market', 'other')),
	text text NOT NULL CHECK (btrim(text) <> ''),
	metric text,
	annotated_by name NOT NULL DEFAULT session_user,
	annotated_at timestamptz NOT NULL DEFAULT now()
);

SELECT pg_catalog.pg_extension_config_dump('nudge.annotations', '');

SELECT pg_catalog.pg_extension_config_dump('nudge.annotations_annotation_id_seq', '');

GRANT SELECT ON nudge.annotations TO PUBLIC;

COMMENT ON SEQUENCE nudge.annotations_annotation_id_seq IS 'Numbers of annotations';

COMMENT ON TABLE nudge.annotations IS 'What happened on a day, for charts';

COMMENT ON COLUMN nudge.annotations.annotation_id IS 'Number';

COMMENT ON COLUMN nudge.annotations.day IS 'When it happened';

COMMENT ON COLUMN nudge.annotations.kind IS 'launch, price change, campaign, outage, policy, data (of what is measured, not of the business), market or other';

COMMENT ON COLUMN nudge.annotations.text IS 'What happened';

COMMENT ON COLUMN nudge.annotations.metric IS 'Metric whose charts show it; NULL: all';

COMMENT ON COLUMN nudge.annotations.annotated_by IS 'Who has written it';

COMMENT ON COLUMN nudge.annotations.annotated_at IS 'When';

-- Shipped, and loaded only on request.
CREATE TABLE nudge.example_targets (
	metric text NOT NULL REFERENCES nudge.shipped_metrics,
	kind text NOT NULL CHECK (kind IN ('target', 'minimum', 'benchmark', 'plan')),
	value numeric(24,6) NOT NULL,
	PRIMARY KEY (metric, kind)
);

GRANT SELECT ON nudge.example_targets TO PUBLIC;

COMMENT ON TABLE nudge.example_targets IS 'Targets of an example company, which load_example_targets() loads';

COMMENT ON COLUMN nudge.example_targets.metric IS 'Name of the metric';

COMMENT ON COLUMN nudge.example_targets.kind IS 'target, minimum, benchmark or plan';

COMMENT ON COLUMN nudge.example_targets.value IS 'Its value for one period of the grain of the metric';

CREATE FUNCTION nudge.check_metric(metric text) RETURNS nudge.shipped_metrics
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found nudge.shipped_metrics;
BEGIN
	SELECT m.* INTO found FROM nudge.shipped_metrics m WHERE m.metric = check_metric.metric;
	IF found.metric IS NULL THEN
		RAISE EXCEPTION 'there is no metric "%"', left(coalesce(metric, ''), 70) USING ERRCODE = 'undefined_object',
			DETAIL = (SELECT format('They are %s.', string_agg(m.metric, ', ' ORDER BY m.metric COLLATE "C")) FROM nudge.shipped_metrics m),
			HINT = 'See nudge_reporting.metric_catalog for what each is.';
	END IF;
	RETURN found;
END
$$;

COMMENT ON FUNCTION nudge.check_metric(text) IS 'Works for set_target: what is known of a metric, or an error if there is none of that name. Not STRICT: NULL is the name of none';

CREATE FUNCTION nudge.set_target(metric text, value numeric, kind text DEFAULT 'target', period_start date DEFAULT NULL, currency text DEFAULT NULL, grain text DEFAULT NULL,
		dimension text DEFAULT 'all', dimension_value text DEFAULT 'all', provenance text DEFAULT 'agreed', note text DEFAULT NULL) RETURNS date
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant nudge.shipped_metrics := nudge.check_metric(metric);
	settings constant nudge.deployment := nudge.deploy_settings(NULL, NULL, NULL, NULL, NULL);
	made nudge.targets;
BEGIN
	made.grain := coalesce(lower(grain), known.grain);
	made.currency := coalesce(upper(btrim(currency)), CASE WHEN known.unit = 'currency' THEN (settings).currency END, '');
	made.kind := coalesce(lower(kind), 'target');
	made.provenance := coalesce(lower(provenance), 'agreed');
	made.dimension := coalesce(dimension, 'all');
	made.dimension_value := coalesce(dimension_value, 'all');
	made.period_start := coalesce(period_start, nudge.period_start(nudge.civil_date(now(), (settings).zone), made.grain, (settings).week_start, (settings).fiscal_year_start));
	IF made.kind NOT IN ('target', 'minimum', 'benchmark', 'plan') THEN
		RAISE EXCEPTION 'unknown kind of target "%"', left(kind, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what the value is for.',
			HINT = 'It is target, minimum, benchmark or plan.';
	ELSIF made.provenance NOT IN ('agreed', 'imported', 'derived', 'placeholder') THEN
		RAISE EXCEPTION 'unknown provenance "%"', left(provenance, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says where a target comes from.',
			HINT = 'It is agreed, imported, derived or placeholder.';
	ELSIF value IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'a target of "%" must be a number', metric USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', value),
			HINT = 'Pass NULL to end the one before.';
	ELSIF (made.dimension = 'all') <> (made.dimension_value = 'all') THEN
		RAISE EXCEPTION 'a target of a slice must have a dimension and its value' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('They are "%s" and "%s".', made.dimension, made.dimension_value),
			HINT = 'Pass both, as dimension => ''segment'', dimension_value => ''smb'', or neither for the total.';
	ELSIF (made.currency <> '') <> (known.unit = 'currency') THEN
		RAISE EXCEPTION 'a target of "%" must have % currency', metric, CASE WHEN known.unit = 'currency' THEN 'a' ELSE 'no' END USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('Its unit is %s.', known.unit),
			HINT = CASE WHEN known.unit = 'currency' THEN 'Pass currency, or let deploy(currency => ...) say which one stands for all.' ELSE 'Leave currency out.' END;
	ELSIF nudge.period_start(made.period_start, made.grain, (settings).week_start, (settings).fiscal_year_start) <> made.period_start THEN
		RAISE EXCEPTION '% begins no % of the targets', to_char(made.period_start, 'YYYY-MM-DD'), made.grain USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A target holds from the first day of a period on.',
			HINT = format('Pass %s.', to_char(nudge.period_start(made.period_start, made.grain, (settings).week_start, (settings).fiscal_year_start), 'YYYY-MM-DD'));
	END IF;
	INSERT INTO nudge.targets AS t (metric, kind, grain, dimension, dimension_value, currency, period_start, value, provenance, note)
	VALUES (set_target.metric, made.kind, made.grain, made.dimension, made.dimension_value, made.currency, made.period_start, set_target.value, made.provenance, set_target.note)
	ON CONFLICT ON CONSTRAINT targets_pkey DO UPDATE SET value = excluded.value, provenance = excluded.provenance, note = excluded.note, set_by = session_user, set_at = now();
	RETURN made.period_start;
END
$$;

COMMENT ON FUNCTION nudge.set_target(text, numeric, text, date, text, text, text, text, text, text) IS
	'Sets a target, minimum, benchmark or plan of a metric from a period on, the present one if none is given; returns the first day of it. Not STRICT: a NULL value ends it, other NULLs are defaults';

CREATE FUNCTION nudge.annotate(day date, kind text, text text, metric text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made bigint;
BEGIN
	IF kind IS NULL OR lower(kind) NOT IN ('launch', 'price change', 'campaign', 'outage', 'policy', 'data', 'market', 'other') THEN
		RAISE EXCEPTION 'unknown kind of annotation "%"', left(coalesce(kind, ''), 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Charts tell kinds apart by colour.',
			HINT = 'It is launch, price change, campaign, outage, policy, data, market or other.';
	ELSIF NOT coalesce(isfinite(day), false) OR coalesce(btrim(text), '') = '' THEN
		RAISE EXCEPTION 'an annotation needs a day and a text' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A chart shows the text at the day.',
			HINT = 'Pass both.';
	END IF;
	IF metric IS NOT NULL THEN
		PERFORM nudge.check_metric(metric);
	END IF;
	INSERT INTO nudge.annotations (day, kind, text, metric) VALUES (annotate.day, lower(annotate.kind), annotate.text, annotate.metric) RETURNING annotation_id INTO made;
	RETURN made;
END
$$;

COMMENT ON FUNCTION nudge.annotate(date, text, text, text) IS 'Writes down what happened on a day, for charts of a metric or of all; returns its number. Not STRICT: without a metric it is all';

CREATE FUNCTION nudge.load_example_targets(currency text DEFAULT 'USD') RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	loaded bigint;
BEGIN
	INSERT INTO nudge.targets (metric, kind, grain, currency, period_start, value, provenance, note)
	SELECT e.metric, e.kind, m.grain, CASE WHEN m.unit = 'currency' THEN upper(btrim(load_example_targets.currency)) ELSE '' END, date '2000-01-01', e.value, 'placeholder', 'an example, of a company that does not exist'
	FROM nudge.example_targets e JOIN nudge.shipped_metrics m ON m.metric = e.metric
	-- what is agreed stays, for all periods
	WHERE NOT EXISTS (SELECT FROM nudge.targets t WHERE t.metric = e.metric AND t.kind = e.kind AND t.provenance <> 'placeholder')
	ON CONFLICT ON CONSTRAINT targets_pkey DO NOTHING;
	GET DIAGNOSTICS loaded = ROW_COUNT;
	RETURN loaded;
END
$$;

COMMENT ON FUNCTION nudge.load_example_targets(text) IS 'Loads targets of an example company, marked as placeholders, for metrics that have none of their own; returns how many';

-- Targets in force, each of its periods: until the day before the next begins.
CREATE FUNCTION nudge.check_targets() RETURNS TABLE (metric text, kind text, period_start date, problem text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT p.metric, p.kind, p.period_start, p.problem FROM (
		SELECT t.metric, t.kind, t.period_start, 'there is no such metric' AS problem FROM nudge.targets t WHERE NOT EXISTS (SELECT FROM nudge.shipped_metrics m WHERE m.metric = t.metric)
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, 'it is a placeholder' FROM nudge.targets t WHERE t.provenance = 'placeholder' AND t.value IS NOT NULL
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, CASE WHEN m.unit = 'currency' THEN 'it has no currency' ELSE format('it has a currency, and the unit is %s', m.unit) END
		FROM nudge.targets t JOIN nudge.shipped_metrics m ON m.metric = t.metric WHERE (t.currency <> '') <> (m.unit = 'currency')
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, format('it begins no %s', t.grain)
		FROM nudge.targets t, nudge.deploy_settings(NULL, NULL, NULL, NULL, NULL) s WHERE nudge.period_start(t.period_start, t.grain, s.week_start, s.fiscal_year_start) <> t.period_start AND t.period_start <> '2000-01-01'
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, format('it is worse than the minimum, %s', n.value)
		FROM nudge.targets t JOIN nudge.shipped_metrics m ON m.metric = t.metric
		CROSS JOIN LATERAL (SELECT o.value FROM nudge.targets o WHERE o.metric = t.metric AND o.kind = 'minimum' AND o.grain = t.grain AND o.dimension = t.dimension AND o.dimension_value = t.dimension_value
			AND o.currency = t.currency AND o.period_start <= t.period_start ORDER BY o.period_start DESC LIMIT 1) n
		WHERE t.kind IN ('target', 'plan') AND (m.direction = 'up' AND t.value < n.value OR m.direction = 'down' AND t.value > n.value)
	) p ORDER BY p.metric COLLATE "C", p.kind COLLATE "C", p.period_start, p.problem COLLATE "C";
END;

COMMENT ON FUNCTION nudge.check_targets() IS
	'What is wrong with targets: of metrics that are not there, placeholders, without the currency or with one, from a day that begins no period, worse than the minimum. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.targets, nudge.annotations TO %s WITH GRANT OPTION', owner);
END
$$;

-- src/reporting/targets_revenue.sql

/*
 * targets_revenue.sql
 *		Example targets about revenue, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('new_mrr', 'target', 150000),
('expansion_mrr', 'target', 30000),
('contraction_mrr', 'minimum', -5000),
('churn_mrr', 'minimum', -10000),
('net_new_mrr', 'target', 165000),
('expansion_rate', 'target', 0.10),
('contraction_rate', 'minimum', 0.02),
('churned_mrr_rate', 'minimum', 0.03),
('new_customers', 'target', 180);

-- src/reporting/views.sql

/*
 * views.sql
 *		The views of nudge_reporting that are shipped, and what makes them: files
 *		views_*.sql have the rows, each of a subject.
 *
 * Rules: doc/reporting.md.
 */

-- Queries are texts, since what they read is only there once it is deployed.
-- {metric_values} stands for the scans of marts that metrics are read from, the
-- other braces for settings of deploy(), as in nudge.shipped_marts.
CREATE TABLE nudge.shipped_views (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$' OR name = '_metabase_metadata'),
	subject text NOT NULL,
	place integer NOT NULL UNIQUE,
	marts text[] NOT NULL DEFAULT '{}',
	query text NOT NULL,
	display_name text NOT NULL,
	description text NOT NULL CHECK (description ~ '^One row per [^.]+[.]'),
	caveats text,
	columns jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object'),
	semantic_types jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(semantic_types) = 'object'),
	display_names jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(display_names) = 'object')
);

GRANT SELECT ON nudge.shipped_views TO PUBLIC;

COMMENT ON TABLE nudge.shipped_views IS 'The views of nudge_reporting that are shipped; deploy() makes those whose marts are there';

COMMENT ON COLUMN nudge.shipped_views.name IS 'Name of the view; no other relation of the database should have it';

COMMENT ON COLUMN nudge.shipped_views.subject IS 'What it is about: general, revenue and others';

COMMENT ON COLUMN nudge.shipped_views.place IS 'Order in which they are made: after what they read';

COMMENT ON COLUMN nudge.shipped_views.marts IS 'Marts that must be there for it';

COMMENT ON COLUMN nudge.shipped_views.query IS 'Its query, with {zone}, {week_start}, {fiscal_year_start} and {currency} for settings of deploy(), and {metric_values} for the scans of marts';

COMMENT ON COLUMN nudge.shipped_views.display_name IS 'Name for people';

COMMENT ON COLUMN nudge.shipped_views.description IS 'Comment on the view: what one row is, then what it tells';

COMMENT ON COLUMN nudge.shipped_views.caveats IS 'What to take care of, as Metabase shows it; NULL if nothing';

COMMENT ON COLUMN nudge.shipped_views.columns IS 'Comments on its columns, by name';

COMMENT ON COLUMN nudge.shipped_views.semantic_types IS 'What columns mean to Metabase, by name: type/Currency, type/Percentage and others';

COMMENT ON COLUMN nudge.shipped_views.display_names IS 'Names of columns for people, by name, where theirs does not read well';

CREATE FUNCTION nudge.reporting_view(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN format('nudge_reporting.%I', name);

COMMENT ON FUNCTION nudge.reporting_view(text) IS 'Works for deploy: name of a view that BI tools read, with its schema';

-- What deploy() would do with the views, once it has done what it does with marts.
CREATE FUNCTION nudge.view_plan() RETURNS TABLE (place integer, action text, name text, object text, lock text, estimate text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 20
BEGIN ATOMIC
	SELECT v.place, CASE WHEN to_regclass(nudge.reporting_view(v.name)) IS NOT NULL THEN 'change view' WHEN m.missing IS NOT NULL THEN 'leave out' ELSE 'make view' END, v.name, nudge.reporting_view(v.name),
		CASE WHEN m.missing IS NULL AND to_regclass(nudge.reporting_view(v.name)) IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, until the end of the transaction', nudge.reporting_view(v.name)) END,
		CASE WHEN m.missing IS NOT NULL THEN format('not there: %s', m.missing) ELSE 'a view: nothing is computed' END
	FROM nudge.shipped_views v, LATERAL (
		SELECT string_agg(w, ', ' ORDER BY w COLLATE "C") AS missing FROM unnest(v.marts) w
		WHERE NOT EXISTS (SELECT FROM nudge.materialisations t WHERE t.name = w)
			AND NOT EXISTS (SELECT FROM nudge.shipped_marts s WHERE s.name = w AND NOT EXISTS (SELECT FROM unnest(s.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL))
	) m
	WHERE m.missing IS NULL OR to_regclass(nudge.reporting_view(v.name)) IS NULL
	ORDER BY v.place;
END;

COMMENT ON FUNCTION nudge.view_plan() IS 'Works for deploy: which views of nudge_reporting it would make. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.make_reporting_view(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v nudge.shipped_views;
	view_name constant text := nudge.reporting_view(name);
	one record;
	problem text;
BEGIN
	SELECT s.* INTO v FROM nudge.shipped_views s WHERE s.name = make_reporting_view.name;
	IF to_regnamespace('nudge_reporting') IS NULL THEN
		CREATE SCHEMA nudge_reporting;
		COMMENT ON SCHEMA nudge_reporting IS 'Views of nudge_metrics that BI tools read';
	END IF;
	PERFORM nudge.check_view_owner(view_name);
	BEGIN
		EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, replace(nudge.fill_in(v.query, settings), '{metric_values}', nudge.metric_values_query()));
	EXCEPTION WHEN invalid_table_definition OR wrong_object_type THEN
		GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
		RAISE EXCEPTION 'view % cannot be replaced', view_name USING ERRCODE = SQLSTATE,
			DETAIL = problem || '.',
			HINT = 'Something else has its name. Rename or drop that, and call deploy() again.';
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, v.description);
	FOR one IN SELECT c.key, c.value FROM jsonb_each_text(v.columns) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_name, one.key, one.value);
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.make_reporting_view(text, nudge.deployment) IS 'Works for deploy: makes or replaces a view of nudge_reporting, with its comments';

-- Rules of what BI tools read -------------------------------------------------

CREATE FUNCTION nudge.reporting_problems(relation regclass) RETURNS TABLE (column_name text, problem text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	WITH it AS (
		SELECT c.oid, c.relname::text AS name, c.relkind, obj_description(c.oid, 'pg_class') AS description FROM pg_catalog.pg_class c WHERE c.oid = reporting_problems.relation
	), field AS (
		SELECT a.attname::text AS name, a.attnum, a.atttypid, a.atttypmod, col_description(a.attrelid, a.attnum) AS description FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = reporting_problems.relation AND a.attnum > 0 AND NOT a.attisdropped
	)
	SELECT p.column_name, p.problem FROM (
		SELECT 0 AS n, NULL AS column_name, 'it is no view: others are not seen, or not whole' AS problem FROM it WHERE it.relkind <> 'v'
		UNION ALL SELECT 0, NULL, 'its name is not of small letters, digits and underscores' FROM it WHERE it.name !~ '^[a-z][a-z0-9_]*$' AND it.name <> '_metabase_metadata'
		UNION ALL SELECT 0, NULL, 'its name is hidden by Metabase as that of a technical table' FROM it WHERE it.name ~ '(^cache|_cache$|^config$|^queue$|^batch$|^sessions$|^registry|_revision$)'
		UNION ALL SELECT 0, NULL, format('%s.%s has its name as well', n.nspname, o.relname) FROM it
			JOIN pg_catalog.pg_class o ON o.relname::text = it.name AND o.oid <> it.oid AND o.relkind IN ('r', 'p', 'v', 'm', 'f')
			JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
		UNION ALL SELECT 0, NULL, 'its comment does not begin with what one row is: One row per ...' FROM it WHERE it.description !~ '^One row per ' OR it.description IS NULL
		UNION ALL SELECT f.attnum, f.name, 'its name is not of small letters, digits and underscores' FROM field f WHERE f.name !~ '^[a-z][a-z0-9_]*$'
		UNION ALL SELECT f.attnum, f.name, 'it has no comment' FROM field f WHERE f.description IS NULL
		UNION ALL SELECT f.attnum, f.name, format('it is of type %s', format_type(f.atttypid, f.atttypmod)) FROM field f
			WHERE f.atttypid <> ALL ('{date,timestamptz,numeric,integer,bigint,double precision,text,boolean}'::regtype[])
		UNION ALL SELECT f.attnum, f.name, 'it is numeric without precision and scale' FROM field f WHERE f.atttypid = 'numeric'::regtype AND f.atttypmod = -1
		UNION ALL SELECT f.attnum, f.name, 'cents are shown as if they were whole' FROM field f WHERE f.name ~ '_cents$'
	) p ORDER BY p.n, p.column_name COLLATE "C", p.problem COLLATE "C";
END;

COMMENT ON FUNCTION nudge.reporting_problems(regclass) IS 'Works for check_reporting: what about a relation, and its columns, BI tools stumble over';

-- Values that clients fail on, by one scan.
CREATE FUNCTION nudge.reporting_values(relation regclass) RETURNS TABLE (column_name text, problem text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	counts text;
BEGIN
	SELECT array_agg(a.attname::text ORDER BY a.attnum),
		string_agg(format('count(*) FILTER (WHERE %s)', CASE WHEN a.atttypid IN ('date'::regtype, 'timestamptz'::regtype) THEN format('NOT isfinite(r.%I)', a.attname)
			ELSE format('r.%I IN (''NaN'', ''Infinity'', ''-Infinity'')', a.attname) END), ', ' ORDER BY a.attnum)
	INTO names, counts FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = ANY ('{date,timestamptz,numeric,double precision}'::regtype[]);
	IF names IS NOT NULL THEN
		RETURN QUERY EXECUTE format('SELECT c.name, format(''it is NaN or infinite in %%s rows'', c.n) FROM (SELECT ARRAY[%s]::bigint[] AS counts FROM %s r) s, unnest($1, s.counts) c(name, n) WHERE c.n > 0', counts, relation) USING names;
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.reporting_values(regclass) IS 'Works for check_reporting: columns of a relation that hold what clients fail on';

CREATE FUNCTION nudge.check_reporting(with_values boolean DEFAULT false) RETURNS TABLE (view_name text, column_name text, problem text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.oid::regclass AS id, c.relname::text AS name FROM pg_class c WHERE c.relnamespace = to_regnamespace('nudge_reporting') AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname::text COLLATE "C" LOOP
		RETURN QUERY SELECT one.name, p.column_name, p.problem FROM nudge.reporting_problems(one.id) p;
		IF with_values THEN
			RETURN QUERY SELECT one.name, p.column_name, p.problem FROM nudge.reporting_values(one.id) p;
		END IF;
	END LOOP;
END
$$;

COMMENT ON FUNCTION nudge.check_reporting(boolean) IS
	'What BI tools would stumble over in nudge_reporting, views of your own included: types, names, comments, and with_values also NaN and infinity, by a scan of each. Not STRICT: NULL is false';

-- src/reporting/views_general.sql

/*
 * views_general.sql
 *		Shipped views about all metrics, the calendar and the marts themselves.
 *
 * Rules: doc/reporting.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('calendar_days', 'general', 10, $query$
SELECT d.day, nudge.period_start(d.day, 'week', {week_start}) AS week_start, nudge.period_start(d.day, 'month') AS month_start, nudge.period_start(d.day, 'quarter') AS quarter_start, nudge.period_start(d.day, 'year') AS year_start,
	extract(year FROM d.day)::integer AS calendar_year, extract(quarter FROM d.day)::integer AS calendar_quarter, extract(month FROM d.day)::integer AS calendar_month, extract(day FROM d.day)::integer AS day_of_month,
	(d.day - nudge.period_start(d.day, 'week', {week_start}) + 1)::integer AS day_of_week,
	(ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[extract(isodow FROM d.day)::integer]::text AS weekday,
	extract(isodow FROM d.day) >= 6 AS is_weekend,
	nudge.period_start(d.day, 'year', fiscal_year_start => {fiscal_year_start}) AS fiscal_year_start,
	nudge.period_start(d.day, 'quarter', fiscal_year_start => {fiscal_year_start}) AS fiscal_quarter_start,
	extract(year FROM nudge.period_end(d.day, 'year', fiscal_year_start => {fiscal_year_start}) - 1)::integer AS fiscal_year,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 / 3 + 1)::integer AS fiscal_quarter,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 + 1)::integer AS fiscal_month,
	d.day < t.today AS is_past, d.day = t.today AS is_today
FROM (SELECT nudge.civil_date(now(), {zone}) AS today) t,
	LATERAL (SELECT nudge.period_start(t.today, 'year') - make_interval(years => 15) + make_interval(days => n) AS at FROM generate_series(0, 18 * 366) n) s,
	LATERAL (SELECT s.at::date AS day) d
WHERE d.day < nudge.period_start(t.today, 'year') + make_interval(years => 3)$query$,
	'Calendar', 'One row per day. From 15 years before the present year to two after it, for axes without holes and for fiscal periods; today is that of the zone of deploy().', NULL,
	'{"day": "Day", "week_start": "First day of its week, by the week_start of deploy()", "month_start": "First day of its month", "quarter_start": "First day of its calendar quarter", "year_start": "First day of its calendar year",
	"calendar_year": "Calendar year", "calendar_quarter": "Calendar quarter, 1 to 4", "calendar_month": "Month, 1 to 12", "day_of_month": "Day of the month, 1 to 31", "day_of_week": "Day of the week, 1 is the first one by the week_start of deploy()",
	"weekday": "Name of the day of the week, in English", "is_weekend": "Whether it is a Saturday or Sunday", "fiscal_year_start": "First day of its fiscal year, by the fiscal_year_start of deploy()",
	"fiscal_quarter_start": "First day of its fiscal quarter", "fiscal_year": "Fiscal year, named by the calendar year in which it ends", "fiscal_quarter": "Fiscal quarter, 1 to 4", "fiscal_month": "Month of the fiscal year, 1 to 12",
	"is_past": "Whether the day is over", "is_today": "Whether it is today"}',
	'{"weekday": "type/Category", "calendar_year": "type/Category", "calendar_quarter": "type/Category", "calendar_month": "type/Category", "fiscal_year": "type/Category", "fiscal_quarter": "type/Category", "fiscal_month": "type/Category"}', '{}'),

('metric_values', 'general', 20, '{metric_values}',
	'Metric values', 'One row per metric, period, slice and currency. All metrics in one long table, for charts of any of them and for rules; periods begin at midnight in the zone of deploy().',
	'Do not add values of different metrics, currencies or dimensions, nor of one whose additivity in metric_catalog is balance over time; rates are added by their numerators and denominators.',
	'{"period_start": "First day of the period", "grain": "Length of the period: day, week, month, quarter or year", "metric": "Name of the metric: metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total",
	"dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric; rates are fractions of 1; NULL: not defined, as by a denominator of 0",
	"numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio", "complete": "Whether the period is over; an open one still changes"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category"}', '{}'),

('metric_catalog', 'general', 30, $query$
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.additivity, m.grain, m.formula, m.description,
	(SELECT string_agg(DISTINCT s.mart, ', ' ORDER BY s.mart) FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric) AS marts,
	EXISTS (SELECT FROM nudge.shipped_metric_sources s JOIN nudge.materialisations t ON t.name = s.mart WHERE s.metric = m.metric AND s.grain = m.grain) AS is_deployed,
	m.place AS sort_order
FROM nudge.shipped_metrics m$query$,
	'Metric catalogue', 'One row per metric. What each metric means, and how it may be added.', NULL,
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"additivity": "additive: may be added over anything; balance: not over time; not additive: add numerators and denominators instead", "grain": "Length of the periods that kpi_current compares", "formula": "How it is computed",
	"description": "What it tells, and what it leaves out", "marts": "Marts that it is read from", "is_deployed": "Whether they are there", "sort_order": "Order in which metrics are listed"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "additivity": "type/Category", "grain": "type/Category"}', '{}'),

('kpi_current', 'general', 40, $query$
WITH listed AS MATERIALIZED (
	SELECT v.* FROM nudge_reporting.metric_values v JOIN nudge.shipped_metrics m ON m.metric = v.metric AND m.grain = v.grain WHERE v.dimension = 'all'
), chosen AS (
	-- one currency stands for all: the one of deploy(), or the only one
	SELECT l.metric, count(DISTINCT l.currency) > 1 AND {currency}::text IS NULL AS several, CASE WHEN count(l.currency) > 0 THEN coalesce({currency}::text, min(l.currency)) END AS currency
	FROM listed l GROUP BY l.metric
), ends AS (
	SELECT c.metric, c.currency, c.several, max(l.period_start) FILTER (WHERE l.complete) AS last_start, max(l.period_start) FILTER (WHERE NOT l.complete) AS open_start
	FROM chosen c LEFT JOIN listed l ON l.metric = c.metric AND l.currency IS NOT DISTINCT FROM c.currency AND NOT c.several GROUP BY c.metric, c.currency, c.several
), source AS (
	SELECT DISTINCT ON (s.metric) s.metric, t.name, t.last_success_at, t.data_as_of
	FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m ON m.metric = s.metric AND m.grain = s.grain JOIN nudge.materialisations t ON t.name = s.mart
	ORDER BY s.metric, s.dimension <> '''all''', t.data_as_of
)
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.grain, CASE WHEN NOT e.several THEN e.currency END AS currency, e.last_start AS period_start,
	v.value, p.value AS previous, (v.value - p.value)::numeric(24,6) AS change, ((v.value - p.value) / nullif(abs(p.value), 0))::numeric(24,6) AS change_rate,
	g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met,
	o.value AS value_to_date, v.numerator, v.denominator, s.data_as_of AS as_of,
	CASE WHEN v.value IS NOT NULL THEN NULL WHEN s.name IS NULL THEN 'not deployed' WHEN s.last_success_at IS NULL THEN 'never refreshed' WHEN e.metric IS NULL THEN 'no data' WHEN e.several THEN 'several currencies'
		WHEN e.last_start IS NULL AND e.open_start IS NULL THEN 'no data in this currency' WHEN e.last_start IS NULL THEN 'no complete period' WHEN v.denominator = 0 THEN 'denominator is 0' ELSE 'not known' END AS null_reason,
	m.place AS sort_order
FROM nudge.shipped_metrics m
LEFT JOIN source s ON s.metric = m.metric
LEFT JOIN ends e ON e.metric = m.metric
LEFT JOIN listed v ON v.metric = m.metric AND v.period_start = e.last_start AND v.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed p ON p.metric = m.metric AND p.period_start = nudge.period_start(e.last_start - 1, m.grain, {week_start}, {fiscal_year_start}) AND p.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed o ON o.metric = m.metric AND o.period_start = e.open_start AND o.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN LATERAL (
	SELECT max(k.value) FILTER (WHERE k.kind = 'target') AS target, max(k.value) FILTER (WHERE k.kind = 'minimum') AS minimum, max(k.value) FILTER (WHERE k.kind = 'benchmark') AS benchmark, max(k.value) FILTER (WHERE k.kind = 'plan') AS plan
	FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
		WHERE t.metric = m.metric AND t.grain = m.grain AND t.dimension = 'all' AND t.currency = CASE WHEN m.unit = 'currency' THEN coalesce(e.currency, '') ELSE '' END AND t.period_start <= e.last_start
		ORDER BY t.kind, t.period_start DESC) k
) g ON true$query$,
	'Key figures', 'One row per metric. Its value in the last period that is over, beside the one before and what it ought to be; a NULL value has its reason.',
	'Amounts are of one currency: the one of deploy(), or the only one there is. Metrics have different units: do not add them.',
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"grain": "Length of the period", "currency": "Currency of what is counted; NULL: the metric has none, or several do", "period_start": "First day of the last period that is over, in the zone of deploy()", "value": "Value in this period",
	"previous": "Value in the period before", "change": "Value less previous", "change_rate": "Change over previous, as a fraction of 1", "target": "What is aimed at, as nudge.targets has it for the period", "minimum": "The worst that is accepted; the highest value if less is better",
	"benchmark": "Value of others", "plan": "Value in the budget", "target_met": "Whether the value is the target or better; NULL without one", "minimum_met": "Whether the value is the minimum or better; NULL without one",
	"value_to_date": "Value in the period that is open, which still changes; of a balance, the value now", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio",
	"as_of": "All that was committed before this instant is in it", "null_reason": "Why there is no value: not deployed, never refreshed, no data, no data in this currency, several currencies, no complete period, denominator is 0, not known", "sort_order": "Order in which metrics are listed"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "grain": "type/Category", "currency": "type/Category", "change_rate": "type/Percentage", "null_reason": "type/Category"}', '{}'),

('metric_progress', 'general', 50, $query$
SELECT v.period_start, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, v.value, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	(v.value - g.target)::numeric(24,6) AS target_gap, CASE WHEN m.direction = 'up' AND g.target > 0 THEN v.value / g.target END::numeric(24,6) AS attainment_rate,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met, v.complete
FROM nudge_reporting.metric_values v
JOIN nudge.shipped_metrics m ON m.metric = v.metric
CROSS JOIN LATERAL (
	SELECT max(k.value) FILTER (WHERE k.kind = 'target') AS target, max(k.value) FILTER (WHERE k.kind = 'minimum') AS minimum, max(k.value) FILTER (WHERE k.kind = 'benchmark') AS benchmark, max(k.value) FILTER (WHERE k.kind = 'plan') AS plan,
		count(*) AS n
	FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
		WHERE t.metric = v.metric AND t.grain = v.grain AND t.dimension = v.dimension AND t.dimension_value = v.dimension_value AND t.currency = CASE WHEN m.unit = 'currency' THEN coalesce(v.currency, '') ELSE '' END
			AND t.period_start <= v.period_start
		ORDER BY t.kind, t.period_start DESC) k
) g
WHERE g.n > 0$query$,
	'Metrics and targets', 'One row per metric, period, slice and currency that has a target. Values beside their target, minimum, benchmark and plan, for charts of both.', 'An open period is compared with the target of a whole one.',
	'{"period_start": "First day of the period, in the zone of deploy()", "grain": "Length of the period", "metric": "Name of the metric", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric", "target": "What is aimed at", "minimum": "The worst that is accepted; the highest value if less is better", "benchmark": "Value of others", "plan": "Value in the budget",
	"target_gap": "Value less target", "attainment_rate": "Value over target, as a fraction of 1; NULL if less is better or the target is not above 0", "target_met": "Whether the value is the target or better", "minimum_met": "Whether the value is the minimum or better",
	"complete": "Whether the period is over"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "attainment_rate": "type/Percentage"}', '{}'),

('metric_targets', 'general', 60, $query$
SELECT t.period_start, t.metric, t.kind AS target_kind, t.grain, t.dimension, t.dimension_value, nullif(t.currency, '') AS currency, t.value,
	lead(t.period_start) OVER (PARTITION BY t.metric, t.kind, t.grain, t.dimension, t.dimension_value, t.currency ORDER BY t.period_start) AS next_period_start, t.provenance, t.note, t.set_by::text AS set_by, t.set_at
FROM nudge.targets t$query$,
	'Targets', 'One row per target. Each holds from its period on, until the next of the same metric, kind, grain, slice and currency.', 'Placeholders are examples, not to be acted on.',
	'{"period_start": "First day of the first period that it holds for", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan", "grain": "Length of the periods", "dimension": "Dimension of the slice; all: the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of an amount; NULL for other metrics", "value": "The target; NULL: none from this period on", "next_period_start": "First day of the first period that it does not hold for any more; NULL: it holds on", "provenance": "agreed, imported, derived or placeholder",
	"note": "Who agreed, where, and why", "set_by": "Who has set it", "set_at": "When"}',
	'{"metric": "type/Category", "target_kind": "type/Category", "grain": "type/Category", "dimension": "type/Category", "provenance": "type/Category", "currency": "type/Category"}', '{}'),

('chart_annotations', 'general', 70, $query$
SELECT a.day, a.kind AS annotation_kind, a.text AS annotation_text, a.metric, nudge.period_start(a.day, 'week', {week_start}) AS week_start, nudge.period_start(a.day, 'month') AS month_start, a.annotated_by::text AS annotated_by, a.annotated_at
FROM nudge.annotations a$query$,
	'Annotations', 'One row per annotation. What happened on a day, to be drawn on charts.', NULL,
	'{"day": "When it happened", "annotation_kind": "launch, price change, campaign, outage, policy, data, market or other", "annotation_text": "What happened", "metric": "Metric whose charts show it; NULL: all", "week_start": "First day of the week, by the week_start of deploy()",
	"month_start": "First day of the month", "annotated_by": "Who has written it", "annotated_at": "When it was written"}',
	'{"annotation_kind": "type/Category", "metric": "type/Category"}', '{}'),

('data_freshness', 'general', 80, $query$
SELECT f.name AS mart, f.layer, f.status AS freshness_status, f.data_as_of AS as_of, f.last_success_at, f.next_due_at, (extract(epoch FROM f.cadence) / 60)::numeric(12,2) AS cadence_minutes,
	greatest(extract(epoch FROM now() - f.data_as_of) / 60, 0)::numeric(18,2) AS age_minutes, f.quarantined AS quarantined_keys
FROM nudge.freshness f$query$,
	'Data freshness', 'One row per mart. How fresh the numbers are that are read from it.', NULL,
	'{"mart": "Name of the mart", "layer": "staging, mart, metric or headline", "freshness_status": "fresh, or why not: not adopted, broken, disabled, never, failed, stale definition, late, quarantined", "as_of": "All that was committed before this instant is in it",
	"last_success_at": "When it was refreshed last", "next_due_at": "When it is to be refreshed next", "cadence_minutes": "Minutes between two refreshes", "age_minutes": "Minutes since as_of", "quarantined_keys": "Keys that could not be computed: their rows are older"}',
	'{"layer": "type/Category", "freshness_status": "type/Category"}', '{}'),

('reporting_settings', 'general', 90, $query$
SELECT s.setting, s.value AS setting_value, s.meaning
FROM (SELECT d.zone, d.week_start, d.fiscal_year_start::text AS fiscal_year_start, d.currency, to_char(d.deployed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS deployed_at,
		(SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'nudge_metrics') AS version FROM nudge.deployment d) o,
	LATERAL (VALUES ('zone', o.zone, 'Time zone of days, weeks and months'), ('week_start', o.week_start, 'First day of a week'), ('fiscal_year_start', o.fiscal_year_start, 'First month of a fiscal year'),
		('currency', o.currency, 'Currency of amounts that stand for all, where there are several'), ('deployed_at', o.deployed_at, 'When deploy() was called last'), ('version', o.version, 'Version of nudge_metrics')) s(setting, value, meaning)$query$,
	'Settings', 'One row per setting. By what days, weeks, fiscal years and amounts are reported.', NULL,
	'{"setting": "Name of the setting", "setting_value": "Its value; NULL: not set", "meaning": "What it is for"}', '{}', '{}'),

('_metabase_metadata', 'general', 100, $query$
SELECT k.keypath, k.value
FROM nudge.shipped_views v, LATERAL (
	SELECT v.name || '.display_name' AS keypath, v.display_name AS value WHERE v.name <> '_metabase_metadata'
	UNION ALL SELECT v.name || '.caveats', v.caveats WHERE v.caveats IS NOT NULL
	UNION ALL SELECT format('%s.%s.semantic_type', v.name, t.key), t.value FROM jsonb_each_text(v.semantic_types) t
	UNION ALL SELECT format('%s.%s.display_name', v.name, d.key), d.value FROM jsonb_each_text(v.display_names) d
) k
WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relname::text = v.name AND c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge_reporting'))$query$,
	'Metadata for Metabase', 'One row per property of a view or column. Metabase takes display names, semantic types and caveats from it.', NULL,
	'{"keypath": "View or view.column, then the property: display_name, semantic_type or caveats", "value": "Value of the property"}', '{}', '{}');

-- src/reporting/views_revenue.sql

/*
 * views_revenue.sql
 *		Shipped views about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly', 'revenue', 1000, '{mrr_summary}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete,
	(s.net_new_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS mrr_growth_rate, (-s.churn_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate,
	(-(s.churn_mrr + s.contraction_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS gross_mrr_churn_rate, (s.churned_customers::numeric / nullif(s.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	((s.opening_mrr + s.expansion_mrr + s.contraction_mrr + s.churn_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS net_revenue_retention_rate, (s.closing_mrr / nullif(s.closing_customers, 0))::numeric(24,6) AS arpa
FROM nudge_analytics.mrr_summary s$query$,
	'MRR by month', 'One row per month and currency. The MRR waterfall: opening MRR, its movements and closing MRR; months are those of the zone of deploy().',
	'opening_, closing_ and all rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"mrr_growth_rate": "net_new_mrr over opening_mrr, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "gross_mrr_churn_rate": "Churned and contracted MRR over opening_mrr, as a fraction of 1",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "net_revenue_retention_rate": "Opening MRR with expansion, contraction and churn, over opening_mrr, as a fraction of 1; of one month", "arpa": "closing_mrr over closing_customers"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "arpa": "type/Currency", "mrr_growth_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage", "gross_mrr_churn_rate": "type/Percentage", "logo_churn_rate": "type/Percentage",
	"net_revenue_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR",
	"closing_mrr": "Closing MRR", "mrr_growth_rate": "MRR growth", "churned_mrr_rate": "Churned MRR rate", "gross_mrr_churn_rate": "Gross MRR churn rate", "arpa": "ARPA"}'),

('customer_mrr_periods', 'revenue', 1010, '{customer_mrr}', $query$
SELECT p.valid_from AS started_at, p.valid_to AS ended_at, c.customer, c.currency, p.mrr::numeric(24,6) AS mrr, nudge.civil_date(p.valid_from, {zone}) AS first_day, nudge.civil_date(p.valid_to, {zone}) AS end_day
FROM nudge_analytics.customer_mrr c, LATERAL nudge.mrr_periods(c.state) p$query$,
	'MRR of customers over time', 'One row per customer, currency and period of time with a price. The rows behind every MRR: that of an instant is the sum of the rows that began before it and have not ended before it.',
	'Rows of different times are not to be added: choose an instant.',
	'{"started_at": "Instant from which the price counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "customer": "Customer", "currency": "Currency of the price", "mrr": "MRR of the price",
	"first_day": "Day of started_at, in the zone of deploy()", "end_day": "Day of ended_at, in the zone of deploy(); NULL: it has no end yet"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('customer_mrr_now', 'revenue', 1020, '{customer_mrr,mrr_summary}', $query$
SELECT c.customer, c.currency, p.mrr::numeric(24,6) AS mrr, nudge.civil_date(p.customer_since, {zone}) AS customer_since, nudge.civil_date(p.ends_at, {zone}) AS end_day, nudge.civil_date(k.clock_at, {zone}) AS as_of_day
FROM (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary') k, nudge_analytics.customer_mrr c,
	LATERAL (
		SELECT sum(q.mrr) FILTER (WHERE q.valid_from < k.clock_at AND (q.valid_to IS NULL OR q.valid_to >= k.clock_at)) AS mrr, min(q.valid_from) AS customer_since,
			CASE WHEN bool_and(q.valid_to IS NOT NULL) THEN max(q.valid_to) END AS ends_at
		FROM nudge.mrr_periods(c.state) q
	) p
WHERE p.mrr > 0$query$,
	'Customers with MRR now', 'One row per customer and currency with MRR now. The customers behind closing_mrr and closing_customers of the open month of mrr_monthly.', 'Amounts of different currencies are not to be added.',
	'{"customer": "Customer", "currency": "Currency of the MRR", "mrr": "MRR at the instant that mrr_monthly was computed for", "customer_since": "Day of the first price ever, in the zone of deploy()", "end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on",
	"as_of_day": "Day of this instant, in the zone of deploy()"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('metric_revisions', 'revenue', 1030, '{mrr_summary}', $query$
SELECT c.period AS period_start, coalesce(nullif(c.currency, ''), s.currency) AS currency, c.version AS report_version, c.closing_mrr::numeric(24,6) AS reported_mrr, s.closing_mrr::numeric(24,6) AS mrr_now, (s.closing_mrr - c.closing_mrr)::numeric(24,6) AS mrr_difference,
	c.customers AS reported_customers, s.closing_customers AS customers_now, c.closed_at AS reported_at, c.reopened_at, c.reason AS reopening_reason
FROM nudge.closed_periods c LEFT JOIN nudge_analytics.mrr_summary s ON s.period = c.period
	-- a state without currency is of the only one
	AND (s.currency = c.currency OR c.currency = '' AND NOT EXISTS (SELECT FROM nudge_analytics.mrr_summary o WHERE o.currency <> s.currency))
WHERE c.grain = 'month' AND lower(c.zone) = lower({zone})$query$,
	'MRR as it was reported', 'One row per month that was closed, currency and version. What was reported as closing MRR, what it would be now, and why it was opened again.', 'Months closed in another zone than that of deploy() are left out; one closed without a currency is compared only if there is one currency.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "report_version": "1, and one more each time that the month was closed again", "reported_mrr": "Closing MRR as it was reported", "mrr_now": "Closing MRR as it is computed now; NULL: there is none",
	"mrr_difference": "mrr_now less reported_mrr", "reported_customers": "Customers as they were reported", "customers_now": "Customers as they are counted now", "reported_at": "When the month was closed", "reopened_at": "When it was opened again; NULL: this is the version in force",
	"reopening_reason": "Why it was opened again"}',
	'{"currency": "type/Category", "reported_mrr": "type/Currency", "mrr_now": "type/Currency", "mrr_difference": "type/Currency"}', '{"reported_mrr": "Reported MRR", "mrr_now": "MRR now", "mrr_difference": "Difference of MRR"}');
