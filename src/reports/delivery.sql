/*
 * delivery.sql
 *		Deployments, bugs and test coverage: how often, how fast and how safely
 *		software is changed.
 *
 * Definitions: doc/delivery.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.deployment_lines(
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
COMMENT ON FUNCTION nudge.deployment_lines(regclass, date, date, text, timestamptz) IS
	'The deployments of a window, as known at as_of, each with how old its change was and how long its harm lasted. Not STRICT: NULL deployments are none';

CREATE FUNCTION nudge.bug_lines(
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
COMMENT ON FUNCTION nudge.bug_lines(regclass, date, date, text, timestamptz) IS
	'The bugs that were open in a window, as known at as_of, with the age of those still open at its end. Not STRICT: NULL bugs are none';

CREATE FUNCTION nudge.coverage_lines(
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
COMMENT ON FUNCTION nudge.coverage_lines(regclass, date, text, timestamptz) IS
	'The samples of test coverage before a day, and before as_of. Not STRICT: NULL coverage_samples are none';

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

-- Test coverage -------------------------------------------------------------

CREATE FUNCTION nudge.code_coverage(
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
COMMENT ON FUNCTION nudge.code_coverage(regclass, date, date, text, text, timestamptz) IS
	'Test coverage at the end of each period, of each repository as last measured, and the plain mean of them, with the change since its start. Not STRICT: NULL options have a meaning';
