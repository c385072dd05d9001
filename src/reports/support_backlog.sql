/*
 * support_backlog.sql
 *		Support: which tickets are open at the end of each period, and since when.
 *
 * Definitions: doc/support.md.
 */

-- A ticket comes into the backlog when it is opened, leaves it when it is
-- resolved, and comes back when it is reopened after that.
CREATE FUNCTION nudge.backlog_rows(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	only_open boolean DEFAULT false
) RETURNS TABLE (
	ticket text,
	priority text,
	complexity text,
	category text,
	agent text,
	opened_at timestamptz,
	opened_period date,
	resolved_period date,
	reopened_period date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH internal AS MATERIALIZED (
			SELECT DISTINCT k.customer FROM (SELECT DISTINCT ON (c.customer) c.customer, c.internal FROM (%s) c WHERE c.customer IS NOT NULL ORDER BY c.customer, c.created_at, nullif(btrim(c.segment), '') COLLATE "C") k WHERE k.internal
		)
		-- what comes after the window has no period, what was before it has -infinity
		SELECT d.ticket, d.priority, d.complexity, d.category, d.agent, d.opened_at,
			CASE WHEN d.opened IS NULL OR d.opened >= $3 THEN NULL WHEN d.opened < $2 THEN date '-infinity'
				WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(d.opened, $4), $2) END,
			CASE WHEN d.resolved IS NULL OR d.resolved >= $3 THEN NULL WHEN d.resolved < $2 THEN date '-infinity'
				WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(d.resolved, $4), $2) END,
			CASE WHEN d.reopened IS NULL OR d.reopened >= $3 THEN NULL WHEN d.reopened < $2 THEN date '-infinity'
				WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(d.reopened, $4), $2) END
		FROM (
			SELECT r.ticket, r.priority, r.complexity, r.category, r.agent, r.opened_at, nudge.civil_date(r.opened_at, $5) AS opened, nudge.civil_date(r.resolved_at, $5) AS resolved,
				CASE WHEN r.reopened_at > r.resolved_at THEN nudge.civil_date(r.reopened_at, $5) END AS reopened
			-- no zone is two days from UTC
			FROM nudge.ticket_rows($1, NULL, ($3 + 2)::timestamp AT TIME ZONE 'UTC', $6, open_since => CASE WHEN $7 THEN ($2 - 2)::timestamp AT TIME ZONE 'UTC' END) r
			WHERE r.customer IS NULL OR r.customer NOT IN (SELECT i.customer FROM internal i)
			OFFSET 0
		) d
		WHERE d.opened < $3
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, coalesce(zone, 'UTC'), as_of, only_open;
END
$$;
COMMENT ON FUNCTION nudge.backlog_rows(regclass, date, date, text, text, timestamptz, regclass, boolean) IS
	'Works for backlog_lines and backlog_slices: each ticket with what it is counted by and the periods in which it came into the backlog, left it and came back, -infinity for before the window; with only_open not those that left it for good before. Not STRICT: a NULL grain is one period, a NULL as_of knows all, and without customers none is internal';

CREATE FUNCTION nudge.backlog_lines(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL
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
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by("by", '{priority,complexity,category,agent}');
	RETURN QUERY
		SELECT r.ticket, CASE "by" WHEN 'priority' THEN r.priority WHEN 'complexity' THEN r.complexity WHEN 'category' THEN r.category WHEN 'agent' THEN r.agent END,
			r.opened_at, r.opened_period, r.resolved_period, r.reopened_period
		FROM nudge.backlog_rows(tickets, start_day, end_day, grain, zone, as_of, customers) r;
END
$$;
COMMENT ON FUNCTION nudge.backlog_lines(regclass, date, date, text, text, timestamptz, text, regclass) IS
	'Each ticket with the periods in which it came into the backlog, left it and came back, -infinity for before the window: the drill-down of backlog and backlog_ages. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups, and without customers none is internal';

CREATE FUNCTION nudge.backlog_stays(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL
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
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by", customers) l
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
COMMENT ON FUNCTION nudge.backlog_stays(regclass, date, date, text, text, timestamptz, text, regclass) IS
	'Works for open_ticket_ages and backlog_ages: at the ends of which periods of begun_spans, by their numbers, each ticket is open. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

CREATE FUNCTION nudge.open_ticket_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL
) RETURNS TABLE (period date, ticket text, value text, opened_at timestamptz, age_seconds numeric, age_days numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY
		SELECT s.period, l.ticket, l.value, l.opened_at, g.age_seconds, trim_scale(g.age_seconds / 86400)
		FROM nudge.backlog_stays(tickets, start_day, end_day, grain, zone, as_of, "by", customers) l
		JOIN nudge.begun_spans(start_day, end_day, grain, zone, as_of) s ON s.no BETWEEN l.from_no AND l.to_no,
			LATERAL (SELECT trim_scale(extract(epoch FROM s.known_at - l.opened_at)) AS age_seconds) g;
END
$$;
COMMENT ON FUNCTION nudge.open_ticket_ages(regclass, date, date, text, text, timestamptz, text, regclass) IS
	'Each ticket that is open at the end of a period, with its age in days since it was opened: the drill-down of backlog_ages. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

-- By several dimensions at once, so that the tickets are read once.
CREATE FUNCTION nudge.backlog_slices(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	dimensions text[] DEFAULT '{}',
	customers regclass DEFAULT NULL,
	only_open boolean DEFAULT false
) RETURNS TABLE (
	period date,
	dimension text,
	value text,
	opening bigint,
	opened bigint,
	reopened bigint,
	resolved bigint,
	closing bigint,
	mean_age_days numeric,
	oldest_age_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	names constant text[] := ARRAY(SELECT d FROM unnest(dimensions) d WHERE d IS NOT NULL);
BEGIN
	PERFORM nudge.check_by(d, '{priority,complexity,category,agent}') FROM unnest(names) d;
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans($2, $3, $4, $5, $6)
		), line AS MATERIALIZED (
			-- before the window is 0
			SELECT l.*, coalesce(o.no, CASE WHEN l.opened_period = '-infinity' THEN 0 END) AS opened, coalesce(c.no, CASE WHEN l.resolved_period = '-infinity' THEN 0 END) AS resolved,
				coalesce(a.no, CASE WHEN l.reopened_period = '-infinity' THEN 0 END) AS reopened
			FROM nudge.backlog_rows($1, $2, $3, $4, $5, $6, $7, $8) l
			LEFT JOIN span o ON o.period = l.opened_period
			LEFT JOIN span c ON c.period = l.resolved_period
			LEFT JOIN span a ON a.period = l.reopened_period
		), n AS MATERIALIZED (
			-- and of those that are open the instants at which they were opened: their sum
			SELECT l.no, %1$s AS dimension, %2$s AS value, sum(l.opened) AS opened, sum(l.reopened) AS reopened, sum(l.resolved) AS resolved, sum((l.opened + l.reopened - l.resolved) * l.epoch) AS epochs
			FROM (SELECT e.*, i.priority, i.complexity, i.category, i.agent, extract(epoch FROM i.opened_at) AS epoch
				FROM line i, LATERAL (VALUES (i.opened, 1, 0, 0), (i.resolved, 0, 0, 1), (i.reopened, 0, 1, 0)) e(no, opened, reopened, resolved)
				WHERE e.no IS NOT NULL) l
			GROUP BY GROUPING SETS (%3$s)
		), stay AS MATERIALIZED (
			-- it is open at the ends of the periods from one event to before the next
			SELECT d.dimension, d.value, l.opened_at, k.is_return, k.from_no, k.to_no
			FROM (SELECT count(*)::integer AS no FROM span) z, line l,
				LATERAL (SELECT false AS is_return, greatest(l.opened, 1) AS from_no, coalesce(l.resolved - 1, z.no) AS to_no
					UNION ALL SELECT true, greatest(l.reopened, 1), z.no WHERE l.reopened IS NOT NULL) k,
				LATERAL (VALUES (NULL, NULL::text)%4$s) d(dimension, value)
			WHERE k.from_no <= k.to_no
		), oldest AS MATERIALIZED (
			-- who comes later was opened later: the oldest is who stays beyond all that came before
			SELECT k.no, o.dimension, o.value, o.opened_at
			FROM (SELECT l.*, coalesce(max(l.to_no) OVER (PARTITION BY l.dimension, l.value ORDER BY l.opened_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS covered
				FROM stay l WHERE NOT l.is_return) o,
				LATERAL generate_series(greatest(o.from_no, o.covered + 1), o.to_no) k(no)
		), returned AS MATERIALIZED (
			SELECT l.from_no AS no, l.dimension, l.value, min(l.opened_at) AS opened_at FROM stay l WHERE l.is_return GROUP BY l.from_no, l.dimension, l.value
		), summed AS (
			SELECT s.no, s.period, s.known_at, s.complete, g.dimension, g.value, coalesce(n.opened, 0) AS opened, coalesce(n.reopened, 0) AS reopened, coalesce(n.resolved, 0) AS resolved,
				sum(coalesce(n.opened + n.reopened - n.resolved, 0)) OVER upto AS closing, sum(n.epochs) OVER upto AS epochs,
				-- those that come back are open ever after
				min(r.opened_at) OVER upto AS returned_at
			FROM (SELECT s.no, s.period, s.known_at, s.complete FROM span s UNION ALL SELECT 0, NULL, NULL, NULL) s
			CROSS JOIN (SELECT NULL AS dimension, NULL AS value UNION SELECT n.dimension, n.value FROM n) g
			LEFT JOIN n ON n.no = s.no AND n.dimension IS NOT DISTINCT FROM g.dimension AND n.value IS NOT DISTINCT FROM g.value
			LEFT JOIN returned r ON r.no = s.no AND r.dimension IS NOT DISTINCT FROM g.dimension AND r.value IS NOT DISTINCT FROM g.value
			WINDOW upto AS (PARTITION BY g.dimension, g.value ORDER BY s.no)
		)
		SELECT m.period, m.dimension, m.value, (m.closing - m.opened - m.reopened + m.resolved)::bigint, m.opened::bigint, m.reopened::bigint, m.resolved::bigint, m.closing::bigint,
			(extract(epoch FROM m.known_at) - m.epochs / nullif(m.closing, 0)) / 86400, trim_scale(extract(epoch FROM m.known_at - least(o.opened_at, m.returned_at)) / 86400), m.complete
		FROM summed m
		LEFT JOIN oldest o ON o.no = m.no AND o.dimension IS NOT DISTINCT FROM m.dimension AND o.value IS NOT DISTINCT FROM m.value
		WHERE m.no > 0
		$query$,
			coalesce('CASE ' || (SELECT string_agg(format('WHEN grouping(l.%1$I) = 0 THEN %1$L', d), ' ') FROM unnest(names) d) || ' END', 'NULL::text'),
			-- of the others it is NULL
			coalesce('coalesce(' || (SELECT string_agg(format('l.%I', d), ', ') FROM unnest(names) d) || ')', 'NULL::text'),
			concat_ws(', ', '(l.no)', (SELECT string_agg(format('(l.no, l.%I)', d), ', ') FROM unnest(names) d)),
			(SELECT string_agg(format(', (%1$L, l.%1$I)', d), '') FROM unnest(names) d))
		USING tickets, start_day, end_day, grain, zone, as_of, customers, only_open;
END
$$;
COMMENT ON FUNCTION nudge.backlog_slices(regclass, date, date, text, text, timestamptz, text[], regclass, boolean) IS
	'Works for backlog and the mart of it: open tickets at the ends of periods, in all (dimension NULL) and by each of several dimensions; with only_open values of tickets that were all closed before the window are left out. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL';

CREATE FUNCTION nudge.backlog(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL
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
		SELECT m.period, m.value, m.dimension IS NULL, CASE WHEN knows_resolution THEN m.opening END, m.opened,
			CASE WHEN knows_resolution THEN m.reopened END, CASE WHEN knows_resolution THEN m.resolved END,
			CASE WHEN knows_resolution THEN m.closing END, CASE WHEN knows_resolution THEN m.mean_age_days END, CASE WHEN knows_resolution THEN m.oldest_age_days END, m.complete
		FROM nudge.backlog_slices(tickets, start_day, end_day, grain, zone, as_of, array_remove(ARRAY["by"], NULL), customers) m
		ORDER BY m.period, m.dimension IS NULL, m.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.backlog(regclass, date, date, text, text, timestamptz, text, regclass) IS
	'Open tickets at the ends of periods, or at as_of: opening + opened + reopened - resolved = closing, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';

CREATE FUNCTION nudge.backlog_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	edges numeric[] DEFAULT '{1,3,7,30}',
	customers regclass DEFAULT NULL
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
					nudge.backlog_stays(tickets, start_day, end_day, grain, zone, as_of, "by", customers) l, class c
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
COMMENT ON FUNCTION nudge.backlog_ages(regclass, date, date, text, text, timestamptz, text, numeric[], regclass) IS
	'Open tickets at the ends of periods, or at as_of, by how long ago they were opened, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';
