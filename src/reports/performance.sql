/*
 * performance.sql
 *		Latency, throughput, errors, page loads, utilisation, and how costs
 *		grow with volume.
 *
 * Definitions: doc/performance.md.
 */

-- Periods -------------------------------------------------------------------

CREATE FUNCTION nudge.performance_spans(
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, period_end date, start_at timestamptz, end_at timestamptz, seconds numeric, complete boolean)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 24 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	by_hour constant boolean := lower(grain) IS NOT DISTINCT FROM 'hour';
	max_days constant integer := 366;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF by_hour AND end_day - start_day > max_days THEN
		RAISE EXCEPTION 'a report by hour spans at most % days', max_days USING ERRCODE = 'program_limit_exceeded',
			DETAIL = format('The window is from %s to %s.', start_day, end_day),
			HINT = 'Pass a shorter window or a longer grain.';
	END IF;
	RETURN QUERY
	SELECT w.period, w.period_end, h.start_at, h.end_at, extract(epoch FROM least(h.end_at, as_of) - h.start_at), h.end_at <= as_of
	FROM nudge.window_spans(start_day, end_day, CASE WHEN by_hour THEN 'day' ELSE grain END, zone) w,
		LATERAL (
			SELECT w.start_at, w.end_at WHERE NOT by_hour
			UNION ALL
			-- counted from midnight
			SELECT g.at, least(g.at + interval '1 hour', w.end_at)
			FROM generate_series(w.start_at, w.end_at - interval '1 microsecond', interval '1 hour') g(at)
			WHERE by_hour
		) h
	-- what has not begun has no numbers yet
	WHERE as_of IS NULL OR h.start_at < as_of
	ORDER BY h.start_at;
END
$$;
COMMENT ON FUNCTION nudge.performance_spans(date, date, text, text, timestamptz) IS
	'The periods of a window, which may be hours, that have begun before as_of, and how many seconds of them are over by then. Not STRICT: a NULL grain is one period, a NULL as_of no limit, NULL days are errors';

CREATE FUNCTION nudge.performance_days(
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (day date, start_at timestamptz, end_at timestamptz)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT (p.period + g.n), p.start_at, p.end_at
	FROM nudge.performance_spans(start_day, end_day, grain, zone, as_of) p, LATERAL generate_series(0, p.period_end - p.period - 1) g(n);
END;
COMMENT ON FUNCTION nudge.performance_days(date, date, text, text, timestamptz) IS
	'The days of the periods of performance_spans: one row each, or one for each hour. Not STRICT: NULLs have a meaning there';

-- Rows, each read and checked once ------------------------------------------

-- There are few groups, but the planner cannot know: without enable_sort = off it
-- sorts all rows by hour or minute.

CREATE FUNCTION nudge.hour_expression(start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	-- one origin does for all days, unless a clock is put forward by half an hour
	IF NOT EXISTS (SELECT FROM nudge.window_spans(start_day, end_day, 'day', zone) w
		WHERE date_bin('1 hour', w.start_at, start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC')) <> w.start_at)
	THEN
		RETURN 'date_bin(''1 hour'', i.at, $1)';
	END IF;
	RETURN 'date_bin(''1 hour'', i.at, nudge.civil_date(i.at, $3)::timestamp AT TIME ZONE $3)';
END
$$;
COMMENT ON FUNCTION nudge.hour_expression(date, date, text) IS
	'Works for what reads samples: the hour of i.at, counted from the midnight that begins its day in the zone $3, in a window from $1. Not STRICT: a NULL zone is UTC, NULL days are errors';

CREATE FUNCTION nudge.request_query(requests regclass, "by" text) RETURNS text
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
COMMENT ON FUNCTION nudge.request_query(regclass, text) IS
	'Works for what reads requests: the query for those from $1 to $2 and before $4. Not STRICT: NULL requests are none, a NULL by is no group';

CREATE FUNCTION nudge.unknown_part(value text, "by" text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN lower("by") = 'part' AND value NOT IN ('server', 'dom', 'render') THEN value END;
COMMENT ON FUNCTION nudge.unknown_part(text, text) IS
	'A part of page loads that is none, if requests are grouped by part. Not STRICT: NULLs are known';

CREATE FUNCTION nudge.latency_states(
	requests regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	day date,
	start_at timestamptz,
	value text,
	request_count bigint,
	requests_with_outcome bigint,
	errors bigint,
	state nudge.percentile_state
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT %s AS start_at, i.value, nudge.percentile_count_agg(i.duration_ms, i.count, $5) AS state,
				coalesce(sum(i.count) FILTER (WHERE i.error IS NOT NULL), 0)::bigint AS requests_with_outcome,
				coalesce(sum(i.count) FILTER (WHERE i.error), 0)::bigint AS errors,
				count(*) FILTER (WHERE i.at IS NULL OR i.duration_ms IS NULL) AS missing
			FROM (%s) i
			GROUP BY 1, i.value
		), hour AS MATERIALIZED (
			SELECT l.*, s.samples, s.lowest FROM line l LEFT JOIN LATERAL nudge.percentile_summary(l.state) s ON true
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('requests', sum(h.missing)::bigint, 'part', min(nudge.unknown_part(h.value, $6)), 'server, dom and render') AND
				nudge.check_values('requests', count(*) FILTER (WHERE h.lowest < 0), 'A duration is negative.') AS is_fine
			FROM hour h
		)
		SELECT nudge.civil_date(h.start_at, $3), h.start_at, h.value, h.samples, h.requests_with_outcome, h.errors, h.state
		FROM checked, hour h
		WHERE h.samples > 0
		ORDER BY h.start_at, h.value COLLATE "C"
	$query$, nudge.hour_expression(start_day, end_day, named_zone), nudge.request_query(requests, "by"))
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of,
		coalesce(relative_error, 0.01), "by";
END
$$;
COMMENT ON FUNCTION nudge.latency_states(regclass, date, date, text, timestamptz, text, double precision) IS
	'The distribution of the durations of requests in each hour, in all or by endpoint, or of page loads by part: to be stored, and merged by rollup(). Not STRICT: NULL requests are none, NULL options have a meaning';

CREATE FUNCTION nudge.minute_counts(
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
COMMENT ON FUNCTION nudge.minute_counts(text, regclass, date, date, text, timestamptz, text) IS
	'How many requests or sends there were in each minute that had any: the drill-down of throughput. Not STRICT: a NULL relation has none, a NULL input is an error, NULL options have a meaning';

-- How many ------------------------------------------------------------------

CREATE FUNCTION nudge.throughput_lines(
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
COMMENT ON FUNCTION nudge.throughput_lines(text, regclass, date, date, text, text, timestamptz, text) IS
	'Works for throughput and send_throughput. Not STRICT: a NULL relation has no rows, NULL options have a meaning';

--@ for input=requests,sends unit=request,send name=throughput,send_throughput group=endpoint,campaign
CREATE FUNCTION nudge.@name@(
	@input@ regclass,
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
	@unit@_count bigint,
	seconds numeric,
	@input@_per_second numeric,
	peak_@input@_per_minute bigint,
	peak_@input@_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY SELECT * FROM nudge.throughput_lines('@input@', @name@.@input@, start_day, end_day, grain, zone, as_of, "by");
END
$$;
COMMENT ON FUNCTION nudge.@name@(regclass, date, date, text, text, timestamptz, text) IS
	'How many @input@ there were in each period, a second on average and in the busiest minute, in all and by @group@. Not STRICT: NULL @input@ are none, NULL options have a meaning';
--@ end

-- How fast ------------------------------------------------------------------

CREATE FUNCTION nudge.latency_report(
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
COMMENT ON FUNCTION nudge.latency_report(regclass, date, date, text, text, timestamptz, text, double precision) IS
	'Mean, percentiles and highest of the durations of requests by period, in all and by endpoint if asked, with errors and throughput. Not STRICT: NULL requests are none, NULL options have a meaning';

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

-- How full ------------------------------------------------------------------

CREATE FUNCTION nudge.utilisation(
	resource_samples regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	resources text[] DEFAULT NULL,
	limits numeric[] DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	resource text,
	samples bigint,
	mean_utilisation numeric,
	p95_utilisation double precision,
	highest_utilisation double precision,
	utilisation_limit numeric,
	samples_above bigint,
	above_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF coalesce(cardinality(resources), 0) <> coalesce(cardinality(limits), 0) THEN
		RAISE EXCEPTION '"resources" and "limits" must have the same length' USING ERRCODE = 'array_subscript_error',
			DETAIL = format('They have %s and %s elements.', coalesce(cardinality(resources), 0), coalesce(cardinality(limits), 0)),
			HINT = 'Pass a limit for each resource that has one, in the same order.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT %s AS start_at, i.resource,
				nudge.percentile_agg(i.utilisation, $5) FILTER (WHERE i.utilisation BETWEEN 0 AND 1) AS state,
				count(*) FILTER (WHERE i.utilisation > l.utilisation_limit) AS above, l.utilisation_limit,
				count(*) FILTER (WHERE i.at IS NULL OR i.resource IS NULL OR i.utilisation IS NULL OR i.utilisation = 'NaN') AS missing,
				count(*) FILTER (WHERE NOT i.utilisation BETWEEN 0 AND 1) AS wrong
			FROM (%s) i
			LEFT JOIN (SELECT u.resource, min(u.utilisation_limit) AS utilisation_limit FROM unnest($9, $10) u(resource, utilisation_limit) GROUP BY 1) l ON l.resource = i.resource
			WHERE i.at IS NULL OR i.at >= $1 AND i.at < $2 AND coalesce(i.at < $4, true)
			GROUP BY 1, i.resource, l.utilisation_limit
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('resource_samples', sum(l.missing)::bigint) AND
				nudge.check_values('resource_samples', sum(l.wrong)::bigint, 'A utilisation is no share from 0 to 1: divide percents by 100.') AS is_fine
			FROM line l
		), t AS MATERIALIZED (
			SELECT d.start_at, l.resource, l.utilisation_limit, nudge.rollup(l.state) AS state, sum(l.above)::bigint AS above
			FROM checked, line l
			JOIN nudge.performance_days($6, $7, $8, $3, $4) d ON d.day = nudge.civil_date(l.start_at, $3)
				AND l.start_at >= d.start_at AND l.start_at < d.end_at
			GROUP BY d.start_at, l.resource, l.utilisation_limit
		)
		SELECT p.period, p.start_at, t.resource, s.samples, s.mean, s.p95, s.highest, t.utilisation_limit, a.above, a.above::numeric / s.samples, p.complete
		FROM nudge.performance_spans($6, $7, $8, $3, $4) p
		JOIN t ON t.start_at = p.start_at, LATERAL nudge.percentile_summary(t.state) s,
			LATERAL (SELECT CASE WHEN t.utilisation_limit IS NOT NULL THEN t.above END AS above) a
		ORDER BY p.start_at, t.resource COLLATE "C"
	$query$, nudge.hour_expression(start_day, end_day, named_zone), nudge.input_query('resource_samples', resource_samples))
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of,
		coalesce(relative_error, 0.01), start_day, end_day, grain, resources, limits;
END
$$;
COMMENT ON FUNCTION nudge.utilisation(regclass, date, date, text, text, timestamptz, text[], numeric[], double precision) IS
	'Mean, 95th percentile and highest utilisation of each resource by period, and how many samples are above its limit. Not STRICT: NULL samples are none, NULL options have a meaning';

-- What it costs as it grows -------------------------------------------------

CREATE FUNCTION nudge.cost_per_unit(
	costs regclass,
	usage regclass,
	start_day date,
	end_day date,
	meter text DEFAULT NULL,
	category text DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (period date, cost numeric, volume numeric, cost_per_unit numeric, currency_code text, complete boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	path constant text := nudge.cost_category(category);
	first_day date;
	known_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	IF usage IS NOT NULL THEN
		PERFORM nudge.check_spread('usage', usage, meter, first_day, known_day);
	END IF;
	RETURN QUERY
	WITH c AS MATERIALIZED (
		SELECT l.* FROM nudge.cost_lines(costs, first_day, known_day, cost_per_unit.currency) l
	), u AS MATERIALIZED (
		SELECT l.* FROM nudge.usage_lines(usage, first_day, known_day) l WHERE cost_per_unit.meter IS NULL OR l.meter = cost_per_unit.meter
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT c.currency), cost_per_unit.currency) AS currency FROM c
	)
	SELECT p.period, n.cost, n.volume, CASE WHEN p.complete IS DISTINCT FROM false THEN n.cost / nullif(n.volume, 0) END, one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p,
		LATERAL (
			SELECT
				-- a period without any cost has not been booked; one without this category had none
				(SELECT coalesce(sum(c.amount) FILTER (WHERE path = '' OR c.category = path OR starts_with(c.category, path || '/')), 0)
					FROM c WHERE c.period >= p.period AND c.period < p.known_end HAVING count(*) > 0) AS cost,
				(SELECT sum(u.volume) FROM u WHERE u.period >= p.period AND u.period < p.known_end) AS volume
		) n
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.cost_per_unit(regclass, regclass, date, date, text, text, text, text, timestamptz, text, integer) IS
	'The costs of a category, with all below it, over the volume of a meter by period; NULL for a period that is not complete. Not STRICT: a NULL category is all costs, a NULL meter the only one, a NULL input is not known';

CREATE FUNCTION nudge.scaling_report(
	costs regclass,
	usage regclass,
	start_day date,
	end_day date,
	meter text DEFAULT NULL,
	category text DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	first_period date,
	last_period date,
	points bigint,
	left_out bigint,
	coefficient double precision,
	cost_at_one double precision,
	standard_error double precision,
	r_squared double precision,
	p_value double precision,
	p_value_linear double precision,
	scaling text,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.first_period, l.last_period, s.points, s.left_out, s.coefficient, s.cost_at_one, s.standard_error, s.r_squared, s.p_value,
		s.p_value_linear, s.scaling, l.currency_code
	FROM (
		SELECT min(c.period) AS first_period, max(c.period) AS last_period, max(c.currency_code) AS currency_code,
			coalesce(array_agg(c.volume::double precision ORDER BY c.period), '{}') AS volumes,
			coalesce(array_agg(c.cost::double precision ORDER BY c.period), '{}') AS costs
		FROM nudge.cost_per_unit(scaling_report.costs, usage, start_day, end_day, meter, category, grain, zone, as_of, scaling_report.currency, fiscal_year_start) c
		WHERE c.complete IS DISTINCT FROM false
	) l, nudge.scaling_coefficient(l.volumes, l.costs) s;
END
$$;
COMMENT ON FUNCTION nudge.scaling_report(regclass, regclass, date, date, text, text, text, text, timestamptz, text, integer) IS
	'How the costs of a category grow with the volume of a meter: scaling_coefficient of the complete periods of cost_per_unit. Not STRICT, as that is not';
