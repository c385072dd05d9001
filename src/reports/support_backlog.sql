/*
 * support_backlog.sql
 *		Support: which tickets are open at the end of each period, and since when.
 *
 * Definitions: doc/support.md.
 */

-- A ticket comes into the backlog when it is opened, leaves it when it is
-- resolved, and comes back when it is reopened after that.
CREATE FUNCTION nudge.backlog_lines(
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
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF "by" = 'segment' THEN
		RAISE EXCEPTION 'the backlog has no segments' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It can be grouped by priority, complexity, category and agent.',
			HINT = 'Pass a view of the tickets that has the segment as category.';
	END IF;
	PERFORM nudge.check_support_options("by", 'opened');
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
COMMENT ON FUNCTION nudge.backlog_lines(regclass, date, date, text, text, timestamptz, text) IS
	'Each ticket with the periods in which it came into the backlog, left it and came back, -infinity for before the window: the drill-down of backlog and backlog_ages. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

CREATE FUNCTION nudge.open_ticket_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (period date, ticket text, value text, opened_at timestamptz, age_seconds numeric, age_days numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.period, least(s.end_at, as_of) AS at, row_number() OVER (ORDER BY s.period)::integer AS no
			FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s
			WHERE as_of IS NULL OR s.start_at < as_of
		), numbered AS (
			-- 0 is before the window; a ticket is open at the ends of the periods from one event to before the next
			SELECT l.ticket, l.value, l.opened_at, coalesce(o.no, 0) AS opened, CASE WHEN l.resolved_period IS NOT NULL THEN coalesce(c.no, 0) END AS resolved,
				CASE WHEN l.reopened_period IS NOT NULL THEN coalesce(a.no, 0) END AS reopened
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by") l
			LEFT JOIN span o ON o.period = l.opened_period
			LEFT JOIN span c ON c.period = l.resolved_period
			LEFT JOIN span a ON a.period = l.reopened_period
		)
		SELECT s.period, n.ticket, n.value, n.opened_at, g.age_seconds, trim_scale(g.age_seconds / 86400)
		FROM numbered n, (SELECT count(*)::integer AS last FROM span) z,
			LATERAL (SELECT generate_series(greatest(n.opened, 1), coalesce(n.resolved - 1, z.last)) UNION ALL
				SELECT generate_series(greatest(n.reopened, 1), z.last) WHERE n.reopened IS NOT NULL) k(no)
		JOIN span s ON s.no = k.no, LATERAL (SELECT trim_scale(extract(epoch FROM s.at - n.opened_at)) AS age_seconds) g;
END
$$;
COMMENT ON FUNCTION nudge.open_ticket_ages(regclass, date, date, text, text, timestamptz, text) IS
	'Each ticket that is open at the end of a period, with its age in days since it was opened: the drill-down of backlog_ages. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

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
	complete boolean,
	opening bigint,
	opened bigint,
	reopened bigint,
	resolved bigint,
	closing bigint,
	mean_age_days numeric,
	oldest_age_days numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
BEGIN
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.* FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s WHERE as_of IS NULL OR s.start_at < as_of
		), n AS MATERIALIZED (
			SELECT e.period, l.value, grouping(l.value) = 1 AS is_total, sum(e.opened) AS opened, sum(e.resolved) AS resolved, sum(e.reopened) AS reopened
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by") l,
				LATERAL (VALUES (l.opened_period, 1, 0, 0), (l.resolved_period, 0, 1, 0), (l.reopened_period, 0, 0, 1)) e(period, opened, resolved, reopened)
			WHERE e.period IS NOT NULL
			GROUP BY GROUPING SETS ((e.period, l.value), (e.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		), age AS MATERIALIZED (
			SELECT a.period, a.value, grouping(a.value) = 1 AS is_total, avg(a.age_seconds) / 86400 AS mean, max(a.age_days) AS oldest
			FROM nudge.open_ticket_ages(tickets, start_day, end_day, grain, zone, as_of, "by") a
			GROUP BY GROUPING SETS ((a.period, a.value), (a.period))
		), moved AS (
			SELECT s.period, s.complete, g.value, g.is_total, coalesce(n.opened, 0) AS opened, coalesce(n.resolved, 0) AS resolved, coalesce(n.reopened, 0) AS reopened
			FROM (SELECT s.period, s.complete FROM span s UNION ALL SELECT '-infinity', NULL) s CROSS JOIN grouped g
			LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		), summed AS (
			SELECT m.*, sum(m.opened + m.reopened - m.resolved) OVER (PARTITION BY m.is_total, m.value ORDER BY m.period) AS closing
			FROM moved m
		)
		SELECT m.period, m.value, m.is_total, m.complete,
			CASE WHEN knows_resolution THEN (m.closing - m.opened - m.reopened + m.resolved)::bigint END, m.opened::bigint,
			CASE WHEN knows_resolution THEN m.reopened::bigint END, CASE WHEN knows_resolution THEN m.resolved::bigint END,
			CASE WHEN knows_resolution THEN m.closing::bigint END, CASE WHEN knows_resolution THEN a.mean END, CASE WHEN knows_resolution THEN a.oldest END
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
	complete boolean,
	from_days numeric,
	to_days numeric,
	open_tickets bigint,
	open_share numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
BEGIN
	IF NOT coalesce(array_ndims(edges) = 1 AND array_position(edges, NULL) IS NULL
		AND edges = ARRAY(SELECT DISTINCT e.edge FROM unnest(edges) e(edge) WHERE e.edge > 0 AND e.edge < 'Infinity' ORDER BY e.edge), false) THEN
		RAISE EXCEPTION 'edges of ages must be days above 0 that ascend' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A class of ages is from one edge to before the next; the first begins at 0, the last has no end.',
			HINT = 'Pass an array such as {1,3,7,30}.';
	END IF;
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.* FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s WHERE as_of IS NULL OR s.start_at < as_of
		), n AS MATERIALIZED (
			SELECT a.period, a.value, grouping(a.value) = 1 AS is_total, width_bucket(a.age_days, edges) AS class, count(*) AS n
			FROM nudge.open_ticket_ages(tickets, start_day, end_day, grain, zone, as_of, "by") a
			GROUP BY GROUPING SETS ((a.period, a.value, width_bucket(a.age_days, edges)), (a.period, width_bucket(a.age_days, edges)))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		)
		SELECT s.period, g.value, g.is_total, s.complete, coalesce(edges[array_lower(edges, 1) + k.class - 1], 0), edges[array_lower(edges, 1) + k.class],
			CASE WHEN knows_resolution THEN coalesce(n.n, 0) END,
			CASE WHEN knows_resolution THEN coalesce(n.n, 0) / sum(n.n) OVER (PARTITION BY s.period, g.is_total, g.value) END
		FROM span s CROSS JOIN grouped g CROSS JOIN generate_series(0, cardinality(edges)) k(class)
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value AND n.class = k.class
		ORDER BY s.period, g.is_total, g.value COLLATE "C", k.class;
END
$$;
COMMENT ON FUNCTION nudge.backlog_ages(regclass, date, date, text, text, timestamptz, text, numeric[]) IS
	'Open tickets at the ends of periods, or at as_of, by how long ago they were opened, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';
