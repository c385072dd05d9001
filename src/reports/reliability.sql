/*
 * reliability.sql
 *		Uptime, downtime and incidents: time to notice, to repair and between
 *		failures.
 *
 * Definitions: doc/reliability.md.
 */

-- What is shared ------------------------------------------------------------

CREATE FUNCTION nudge.clean_words(words text[], argument text) RETURNS text[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cleaned constant text[] := ARRAY(SELECT DISTINCT nullif(btrim(w), '') COLLATE "C" FROM unnest(words) w ORDER BY 1);
BEGIN
	IF words IS NULL THEN
		RETURN NULL;
	END IF;
	IF cleaned = '{}' OR array_position(cleaned, NULL) IS NOT NULL THEN
		RAISE EXCEPTION '"%" must have elements, and none that is null or blank', argument
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It has %s.', cardinality(words)),
				HINT = 'Pass null for all.';
	END IF;
	RETURN cleaned;
END
$$;
COMMENT ON FUNCTION nudge.clean_words(text[], text) IS
	'The distinct elements of an argument in order, trimmed; none, or one that is NULL or blank, is an error. Not STRICT: NULL is all';

CREATE FUNCTION nudge.severity_rank(severity text) RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(array_position('{critical,major,minor,cosmetic}'::text[], severity), 5);
COMMENT ON FUNCTION nudge.severity_rank(text) IS
	'The order in which severities are shown: critical, major, minor, cosmetic, others. Not STRICT: NULL is after them';

CREATE FUNCTION nudge.known_window(start_day date, end_day date, zone text DEFAULT 'UTC', as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (from_at timestamptz, until_at timestamptz)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	from_at := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	until_at := greatest(from_at, least(end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC'), as_of));
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION nudge.known_window(date, date, text, timestamptz) IS
	'The instants at which a window begins, and ends or as_of cuts it off. Not STRICT: a NULL as_of cuts nothing off, NULL days are errors';

-- Not the intersection with each period, which would read all of the intervals
-- once for each.
CREATE FUNCTION nudge.spans_by_period(spans tstzmultirange, bounds timestamptz[]) RETURNS TABLE (no bigint, spans tstzmultirange, seconds numeric)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT n.no, range_agg(p.piece), sum(extract(epoch FROM upper(p.piece) - lower(p.piece)))
	FROM unnest(spans_by_period.spans) u(span),
		LATERAL generate_series(greatest(width_bucket(lower(u.span), bounds), 1)::bigint, least(width_bucket(upper(u.span), bounds), cardinality(bounds) - 1)::bigint) n(no),
		LATERAL (SELECT u.span * tstzrange(bounds[n.no], bounds[n.no + 1]) AS piece) p
	WHERE NOT isempty(p.piece)
	GROUP BY n.no;
END;
COMMENT ON FUNCTION nudge.spans_by_period(tstzmultirange, timestamptz[]) IS
	'Intervals cut up by periods, of which bounds has the beginnings and the last end: what each that has some has of them, and for how long';

CREATE FUNCTION nudge.exact_percentile(sorted numeric[], fraction numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
	SELECT CASE WHEN p.place = floor(p.place) THEN sorted[floor(p.place)::integer]
		ELSE sorted[floor(p.place)::integer] + (p.place - floor(p.place)) * (sorted[ceil(p.place)::integer] - sorted[floor(p.place)::integer]) END
	FROM (SELECT 1 + fraction * (cardinality(sorted) - 1) AS place) p);
COMMENT ON FUNCTION nudge.exact_percentile(numeric[], numeric) IS
	'The percentile of values in ascending order, exactly: between two values in proportion, as percentile_cont has it; 0.5 is the median';

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.incident_lines(
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
COMMENT ON FUNCTION nudge.incident_lines(regclass, date, date, text, timestamptz, text[], text[]) IS
	'The incidents that were running in a window, as known at as_of, and whether each was an outage: flagged, or else of a severity in outage_severities. Not STRICT: NULL incidents are none, NULL services all, NULL outage_severities none';

CREATE FUNCTION nudge.maintenance_lines(
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
COMMENT ON FUNCTION nudge.maintenance_lines(regclass, date, date, text, timestamptz, text[]) IS
	'The maintenance that had begun by as_of and fell into a window. Not STRICT: NULL maintenance is none, NULL services are all';

CREATE FUNCTION nudge.service_names(incidents regclass, maintenance regclass, until_at timestamptz) RETURNS TABLE (service text)
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
COMMENT ON FUNCTION nudge.service_names(regclass, regclass, timestamptz) IS
	'The services that incidents or maintenance before an instant name. Not STRICT: NULL relations are inputs without rows';

-- Uptime --------------------------------------------------------------------

-- A service is down, or maintained, also while everything is (service NULL).
-- All together are down if one is, and maintained if all are.
CREATE FUNCTION nudge.service_downtime(
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
COMMENT ON FUNCTION nudge.service_downtime(regclass, regclass, date, date, text, timestamptz, text[], text[]) IS
	'Works for uptime: when each service, and when all of them, were maintained and were down. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.downtime_by_period(
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
COMMENT ON FUNCTION nudge.downtime_by_period(regclass, regclass, date, date, text, text, timestamptz, text, text[], text[]) IS
	'Works for uptime and uptime_error_budget: the time, the maintenance and the downtime of each period, of each service and of all. Not STRICT: NULL options have a meaning';

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

CREATE FUNCTION nudge.availability(mtbf_minutes numeric, mttr_minutes numeric) RETURNS numeric
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (mtbf_minutes >= 0 AND mtbf_minutes < 'Infinity' AND mttr_minutes >= 0 AND mttr_minutes < 'Infinity') THEN
		RAISE EXCEPTION 'times between failures and to repair must be numbers that are not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('They are %s and %s.', mtbf_minutes, mttr_minutes),
				HINT = 'Pass both in one unit.';
	END IF;
	RETURN mtbf_minutes / nullif(mtbf_minutes + mttr_minutes, 0);
END
$$;
COMMENT ON FUNCTION nudge.availability(numeric, numeric) IS
	'The uptime that a mean time between failures and a mean time to repair amount to: MTBF / (MTBF + MTTR)';

-- Incidents -----------------------------------------------------------------

CREATE FUNCTION nudge.incident_report(
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
COMMENT ON FUNCTION nudge.incident_report(regclass, date, date, text, text, timestamptz, text[]) IS
	'The incidents that began in each period, by severity and in all: how many, how long to notice and to repair them, and the time between failures. Not STRICT: NULL options have a meaning';
