/*
 * error_budgets.sql
 *		Error rates of requests, error budgets of uptime and of requests, and
 *		how fast they are spent.
 *
 * Definitions: doc/error_budgets.md.
 */

-- Requests ------------------------------------------------------------------

CREATE FUNCTION nudge.check_requests(latency_threshold_ms numeric, incomplete bigint, negative bigint) RETURNS boolean
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
COMMENT ON FUNCTION nudge.check_requests(numeric, bigint, bigint) IS
	'An error if a threshold of latency is impossible, or rows of requests lack what they need or are negative. Not STRICT: a NULL threshold is none';

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

CREATE FUNCTION nudge.request_lines(
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
COMMENT ON FUNCTION nudge.request_lines(regclass, date, date, text, timestamptz, numeric, text[]) IS
	'The requests of a window before as_of, each with whether it was bad: an error, or slower than the threshold. Not STRICT: NULL requests are none, a NULL threshold counts errors alone, NULL endpoints are all';

CREATE FUNCTION nudge.request_counts(
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
COMMENT ON FUNCTION nudge.request_counts(regclass, timestamptz[], timestamptz, numeric, text[]) IS
	'Works for error_rates and burn_rates: requests counted between instants in ascending order, by the place of the one before them. Not STRICT: NULL options have a meaning';

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

-- Error budgets -------------------------------------------------------------

CREATE FUNCTION nudge.check_objective(objective numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(objective BETWEEN 0 AND 1, false) THEN
		RAISE EXCEPTION 'objective must be from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(objective::text, 'null')),
				HINT = 'Pass 99.9 % as 0.999.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_objective(numeric) IS 'An error unless an objective is a share. Not STRICT: NULL is an error';

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

CREATE FUNCTION nudge.check_burn_windows(as_of timestamptz, hours integer[], budget_shares numeric[], period_days integer) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(isfinite(as_of), false) THEN
		RAISE EXCEPTION 'as_of must be an instant'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is the end of all windows.',
				HINT = 'Pass now() for the present.';
	END IF;
	IF hours IS NULL OR cardinality(hours) NOT BETWEEN 1 AND 100 OR array_ndims(hours) > 1 OR EXISTS (SELECT FROM unnest(hours) h WHERE coalesce(h NOT BETWEEN 1 AND 87840, true)) THEN
		RAISE EXCEPTION '"hours" must have 1 to 100 lengths of 1 to 87840 hours'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Each is the length of a window.',
				HINT = 'Leave it out for 1, 6, 24 and 72 hours.';
	END IF;
	IF cardinality(budget_shares) <> cardinality(hours) OR EXISTS (SELECT FROM unnest(budget_shares) s WHERE NOT (s > 0 AND s <= 1)) THEN
		RAISE EXCEPTION '"budget_shares" must have a share above 0 for each of "hours"'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A window that spends more than its share of the budget of the period is an alert.',
				HINT = 'Pass null elements for windows without an alert, or leave it out.';
	END IF;
	IF coalesce(period_days NOT BETWEEN 1 AND 3660, true) THEN
		RAISE EXCEPTION 'period_days must be from 1 to 3660'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is the length of the period that the objective is for.',
				HINT = 'Leave it out for 30 days.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_burn_windows(timestamptz, integer[], numeric[], integer) IS
	'An error unless the options of burn_rates make sense. Not STRICT: NULLs are errors, but for budget_shares';

CREATE FUNCTION nudge.burn_rates(
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
COMMENT ON FUNCTION nudge.burn_rates(regclass, numeric, timestamptz, integer[], numeric[], integer, numeric, text[]) IS
	'How fast requests spend an error budget in windows that end with as_of, each beside one of a twelfth of its length, and whether both are fast enough for an alert. Not STRICT: NULL requests are none, NULL budget_shares the usual ones, a NULL objective or as_of is an error';
