/*
 * support.sql
 *		Support: how many tickets, how fast they are answered and resolved, and
 *		whether that was promised.
 *
 * Definitions: doc/support.md.
 */

-- What was promised ---------------------------------------------------------

CREATE TABLE nudge.sla_targets (
	measure text NOT NULL CHECK (measure IN ('first_response', 'resolution')),
	priority text NOT NULL DEFAULT '*' CHECK (priority <> '' AND priority = lower(btrim(priority))),
	complexity text NOT NULL DEFAULT '*' CHECK (complexity <> '' AND complexity = lower(btrim(complexity))),
	target_minutes numeric NOT NULL CHECK (target_minutes > 0 AND target_minutes < 'Infinity'),
	calendar text REFERENCES nudge.working_calendars ON UPDATE CASCADE,
	provenance text NOT NULL DEFAULT 'agreed' CHECK (provenance IN ('agreed', 'imported', 'derived', 'placeholder')),
	PRIMARY KEY (measure, priority, complexity)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.sla_targets', '');
GRANT SELECT ON nudge.sla_targets TO PUBLIC;
COMMENT ON TABLE nudge.sla_targets IS 'Service levels: within how many minutes tickets are answered and resolved';
COMMENT ON COLUMN nudge.sla_targets.measure IS 'first_response or resolution';
COMMENT ON COLUMN nudge.sla_targets.priority IS 'Priority of the tickets, in lower case; * is any';
COMMENT ON COLUMN nudge.sla_targets.complexity IS 'Complexity of the tickets, in lower case; * is any';
COMMENT ON COLUMN nudge.sla_targets.target_minutes IS 'Minutes within which it is done';
COMMENT ON COLUMN nudge.sla_targets.calendar IS 'Calendar of working hours in which the minutes are counted; NULL counts all minutes';
COMMENT ON COLUMN nudge.sla_targets.provenance IS 'Where the number is from: agreed, imported, derived or placeholder';

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sla_targets TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

CREATE FUNCTION nudge.load_example_sla_targets() RETURNS bigint
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	WITH loaded AS (
		INSERT INTO nudge.sla_targets (measure, priority, complexity, target_minutes, provenance) VALUES
			('first_response', '*', '*', 120, 'placeholder'), ('first_response', 'critical', '*', 30, 'placeholder'),
			('first_response', 'high', '*', 60, 'placeholder'), ('first_response', 'normal', '*', 120, 'placeholder'),
			('first_response', 'low', '*', 480, 'placeholder'), ('resolution', '*', '*', 1440, 'placeholder'),
			('resolution', '*', 'simple', 120, 'placeholder'), ('resolution', '*', 'moderate', 480, 'placeholder'),
			('resolution', '*', 'complex', 1440, 'placeholder')
		ON CONFLICT DO NOTHING
		RETURNING 1
	)
	SELECT count(*) FROM loaded;
END;
COMMENT ON FUNCTION nudge.load_example_sla_targets() IS
	'Writes example targets into sla_targets, marked placeholder; those that are there stay. Returns how many it wrote';

-- Tickets, each checked once ------------------------------------------------

CREATE FUNCTION nudge.relation_has_column(relation regclass, column_name text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN relation IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped);
COMMENT ON FUNCTION nudge.relation_has_column(regclass, text) IS
	'Whether an input has an optional column, so that what it lacks is not taken for what did not happen. Not STRICT: a NULL relation is an input without rows, which lacks nothing';

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

CREATE FUNCTION nudge.ticket_rows(
	tickets regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened',
	open_since timestamptz DEFAULT NULL
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
DECLARE
	-- the mart of tickets has corrected times, and remembers what was wrong with them
	is_mart constant boolean := tickets = to_regclass('nudge_analytics.fact_tickets') AND nudge.relation_has_column(tickets, 'problem');
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
				CASE WHEN $3 IS NULL OR coalesce(i.resolved_at < $3, true) THEN i.csat END AS csat, i.escalated, i.contacts, i.problem
			FROM (%1$s) i
			WHERE (i.opened_at IS NULL OR ($1 IS NULL OR %2$s >= $1) AND ($2 IS NULL OR %2$s < $2) AND ($3 IS NULL OR i.opened_at < $3))
				AND ($5 IS NULL OR i.resolved_at IS NULL OR i.resolved_at >= $5 OR i.reopened_at IS NOT NULL)
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
				CASE WHEN s.reopened_at < s.opened_at THEN 'reopening_before_opening' END, s.problem), ''),
			s.priority, s.complexity, s.category, s.agent, s.csat, s.escalated, s.contacts
		FROM sound s
	$query$, CASE WHEN is_mart THEN 'SELECT t.* FROM nudge_analytics.fact_tickets t' ELSE format('SELECT t.*, NULL::text AS problem FROM (%s) t', nudge.input_query('tickets', tickets)) END,
		CASE counting WHEN 'resolved' THEN 'CASE WHEN i.resolved_at IS NOT NULL THEN greatest(i.resolved_at, i.opened_at) END' ELSE 'i.opened_at' END)
	USING start_at, end_at, as_of, nudge.relation_has_column(tickets, 'resolved_at'), open_since;
END
$$;
COMMENT ON FUNCTION nudge.ticket_rows(regclass, timestamptz, timestamptz, timestamptz, text, timestamptz) IS
	'Tickets as they were known by as_of, checked, with their status: what ticket_lines and backlog read; with open_since not those that were resolved before for good. Not STRICT: NULL bounds are none, a NULL as_of knows all, a NULL relation has no rows';

-- Times and what was promised, ticket by ticket -----------------------------

CREATE FUNCTION nudge.minutes_between(started_at timestamptz, ended_at timestamptz) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN trim_scale(extract(epoch FROM ended_at - started_at) / 60);
COMMENT ON FUNCTION nudge.minutes_between(timestamptz, timestamptz) IS
	'All minutes between two instants; working_minutes has those within working hours';

CREATE FUNCTION nudge.minutes_used(started_at timestamptz, ended_at timestamptz, calendar text) RETURNS numeric
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN CASE WHEN calendar IS NULL THEN nudge.minutes_between(started_at, ended_at) ELSE nudge.working_minutes(started_at, ended_at, calendar) END;
COMMENT ON FUNCTION nudge.minutes_used(timestamptz, timestamptz, text) IS
	'Minutes of a target that are used up: those of its calendar. Not STRICT: without a calendar all minutes count';

CREATE FUNCTION nudge.sla_state(minutes numeric, target_minutes numeric, is_waiting boolean) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN target_minutes IS NULL THEN NULL WHEN minutes > target_minutes THEN 'breached' WHEN is_waiting THEN 'pending'
		WHEN minutes <= target_minutes THEN 'met' END;
COMMENT ON FUNCTION nudge.sla_state(numeric, numeric, boolean) IS
	'met, breached, or pending for what still waits within its target. Not STRICT: without a target, or without minutes, nothing is promised or known';

CREATE FUNCTION nudge.sla_target_of(measure text, priority text, complexity text) RETURNS TABLE (target_minutes numeric, calendar text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT t.target_minutes, t.calendar
	FROM nudge.sla_targets t
	WHERE t.measure = sla_target_of.measure AND t.priority IN (sla_target_of.priority, '*') AND t.complexity IN (sla_target_of.complexity, '*')
	ORDER BY t.priority = '*', t.complexity = '*'
	LIMIT 1;
END;
COMMENT ON FUNCTION nudge.sla_target_of(text, text, text) IS
	'The target of a measure for a priority and complexity: the most specific of sla_targets, where the priority goes before the complexity. Not STRICT: a NULL complexity has targets for any';

CREATE FUNCTION nudge.ticket_lines(
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
				nudge.minutes_used(t.opened_at, response.until, t.response_calendar) AS response_used, nudge.minutes_used(t.opened_at, solution.until, t.solution_calendar) AS solution_used
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
COMMENT ON FUNCTION nudge.ticket_lines(regclass, date, date, text, timestamptz, text, text) IS
	'Each ticket with its times in all and in working minutes, its targets, and whether they were met by as_of: the drill-down of support_report and support_times. Not STRICT: NULL days are no bounds, a NULL as_of leaves what still waits undecided, a NULL calendar leaves working minutes to those of the targets';

-- Reports -------------------------------------------------------------------

CREATE FUNCTION nudge.check_support_dimension("by" text, customers regclass) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_by("by", '{priority,complexity,category,agent,segment}');
	IF "by" = 'segment' AND customers IS NULL THEN
		RAISE EXCEPTION 'segments of tickets need the relation customers' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The segment is that of the customer whose ticket it is.',
			HINT = 'Pass customers.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_support_dimension(text, regclass) IS
	'An error unless reports on tickets can have rows by this. Not STRICT: NULL is the total alone';

-- By several dimensions at once, so that the tickets are read once.
CREATE FUNCTION nudge.support_slices(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	dimensions text[] DEFAULT '{}',
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL,
	tolerance numeric DEFAULT 0.25,
	with_times boolean DEFAULT true,
	with_working_times boolean DEFAULT true
) RETURNS TABLE (
	period date,
	dimension text,
	value text,
	tickets_total bigint,
	ticket_share numeric,
	tickets_resolved bigint,
	resolution_rate numeric,
	tickets_reopened bigint,
	tickets_once_resolved bigint,
	reopen_rate numeric,
	tickets_escalated bigint,
	escalation_rate numeric,
	escalation_known bigint,
	tickets_one_touch bigint,
	contacts_known bigint,
	one_touch_rate numeric,
	mean_csat numeric,
	csat_answers bigint,
	tickets_with_problem bigint,
	tickets_done bigint[],
	mean_minutes numeric[],
	median_minutes numeric[],
	p90_minutes numeric[],
	mean_working_minutes numeric[],
	median_working_minutes numeric[],
	p90_working_minutes numeric[],
	sla_met bigint[],
	sla_breached bigint[],
	sla_pending bigint[],
	attainment_rate numeric[],
	tickets_exceeding bigint[],
	exceeding_rate numeric[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
	names constant text[] := ARRAY(SELECT d FROM unnest(dimensions) d WHERE d IS NOT NULL);
	-- of the first response and of the resolution
	times text := '';
	m text;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_support_dimension(d, customers) FROM unnest(names) d;
	PERFORM nudge.check_support_options(counting, tolerance);
	FOREACH m IN ARRAY CASE WHEN with_times THEN '{first_response,resolution}' ELSE '{}'::text[] END LOOP
		times := times || format(', count(l.%1$s_minutes) AS %1$s_done, avg(l.%1$s_minutes) AS %1$s_mean, percentile_cont(''{0.5,0.9}''::double precision[]) WITHIN GROUP (ORDER BY l.%1$s_minutes::double precision) AS %1$s_percentiles,
			count(*) FILTER (WHERE l.%1$s_sla = ''met'') AS %1$s_met, count(*) FILTER (WHERE l.%1$s_sla = ''breached'') AS %1$s_breached, count(*) FILTER (WHERE l.%1$s_sla = ''pending'') AS %1$s_pending,
			count(*) FILTER (WHERE l.%1$s_ratio > 1 + $8) AS %1$s_exceeding, ', m)
			|| format(CASE WHEN with_working_times THEN 'avg(l.%1$s_working_minutes) AS %1$s_working_mean, percentile_cont(''{0.5,0.9}''::double precision[]) WITHIN GROUP (ORDER BY l.%1$s_working_minutes::double precision) AS %1$s_working_percentiles'
				ELSE 'NULL::numeric AS %1$s_working_mean, NULL::double precision[] AS %1$s_working_percentiles' END, m);
	END LOOP;
	RETURN QUERY EXECUTE format($query$
		WITH ticket AS MATERIALIZED (
			SELECT t.* FROM nudge.ticket_lines($1, $2, $3, $5, $6, $7, $9) t
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%1$s) c
			WHERE c.customer IN (SELECT t.customer FROM ticket t)
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		), line AS (
			SELECT CASE WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(t.counted_on, $4), $2) END AS period, t.*, c.segment,
				t.reopened_at IS NOT NULL AS was_reopened, t.resolved_at IS NOT NULL OR t.reopened_at IS NOT NULL AS was_resolved
			FROM ticket t LEFT JOIN customer c ON c.customer = t.customer
			WHERE c.internal IS NOT TRUE
		), n AS (
			SELECT l.period, %2$s AS dimension, %3$s AS value, count(*) AS total, count(*) FILTER (WHERE l.status = 'resolved') AS resolved,
				count(*) FILTER (WHERE l.was_reopened) AS reopened, count(*) FILTER (WHERE l.was_resolved) AS once_resolved,
				count(*) FILTER (WHERE l.escalated) AS escalated, count(l.escalated) AS escalation_known,
				count(*) FILTER (WHERE l.contacts = 1 AND l.status = 'resolved' AND NOT l.was_reopened) AS one_touch,
				count(l.contacts) FILTER (WHERE l.was_resolved) AS contacts_known, avg(l.csat) AS csat, count(l.csat) AS answers, count(l.problem) AS problems%4$s
			FROM line l
			GROUP BY GROUPING SETS (%5$s)
		)
		-- all tickets of a period are the largest of its groups
		SELECT n.period, n.dimension, n.value, n.total, n.total::numeric / max(n.total) OVER (PARTITION BY n.period),
			CASE WHEN $10 THEN n.resolved END, CASE WHEN $10 THEN n.resolved::numeric / n.total END,
			CASE WHEN $11 THEN n.reopened END, CASE WHEN $10 THEN n.once_resolved END, CASE WHEN $10 AND $11 THEN n.reopened::numeric / nullif(n.once_resolved, 0) END,
			CASE WHEN $12 THEN n.escalated END, n.escalated::numeric / nullif(n.escalation_known, 0), n.escalation_known,
			CASE WHEN $10 AND $13 THEN n.one_touch END, CASE WHEN $10 THEN n.contacts_known END, CASE WHEN $10 THEN n.one_touch::numeric / nullif(n.contacts_known, 0) END,
			n.csat, n.answers, n.problems, %6$s
		FROM n
		$query$, nudge.input_query('customers', customers),
			coalesce('CASE ' || (SELECT string_agg(format('WHEN grouping(l.%1$I) = 0 THEN %1$L', d), ' ') FROM unnest(names) d) || ' END', 'NULL::text'),
			-- of the others it is NULL
			coalesce('coalesce(' || (SELECT string_agg(format('l.%I', d), ', ') FROM unnest(names) d) || ')', 'NULL::text'),
			times, concat_ws(', ', '(l.period)', (SELECT string_agg(format('(l.period, l.%I)', d), ', ') FROM unnest(names) d)),
			CASE WHEN with_times THEN $times$ARRAY[n.first_response_done, n.resolution_done], ARRAY[n.first_response_mean, n.resolution_mean],
			ARRAY[n.first_response_percentiles[1], n.resolution_percentiles[1]]::numeric[], ARRAY[n.first_response_percentiles[2], n.resolution_percentiles[2]]::numeric[],
			ARRAY[n.first_response_working_mean, n.resolution_working_mean],
			ARRAY[n.first_response_working_percentiles[1], n.resolution_working_percentiles[1]]::numeric[], ARRAY[n.first_response_working_percentiles[2], n.resolution_working_percentiles[2]]::numeric[],
			ARRAY[n.first_response_met, n.resolution_met], ARRAY[n.first_response_breached, n.resolution_breached], ARRAY[n.first_response_pending, n.resolution_pending],
			ARRAY[n.first_response_met::numeric / nullif(n.first_response_met + n.first_response_breached, 0), n.resolution_met::numeric / nullif(n.resolution_met + n.resolution_breached, 0)],
			ARRAY[n.first_response_exceeding, n.resolution_exceeding],
			ARRAY[n.first_response_exceeding::numeric / nullif(n.first_response_met + n.first_response_breached, 0), n.resolution_exceeding::numeric / nullif(n.resolution_met + n.resolution_breached, 0)]$times$
			ELSE $times$NULL::bigint[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::bigint[], NULL::bigint[], NULL::bigint[], NULL::numeric[], NULL::bigint[], NULL::numeric[]$times$ END)
		USING tickets, start_day, end_day, grain, zone, as_of, counting, tolerance, calendar, knows_resolution, nudge.relation_has_column(tickets, 'reopened_at'),
			nudge.relation_has_column(tickets, 'escalated'), nudge.relation_has_column(tickets, 'contacts');
END
$$;
COMMENT ON FUNCTION nudge.support_slices(regclass, date, date, text, text, timestamptz, text[], regclass, text, text, numeric, boolean, boolean) IS
	'Works for support_report, support_times and the mart of both: what there is of tickets by period, in all (dimension NULL) and by each of several dimensions, of first responses and resolutions as the first and second element. Not STRICT: NULL options have a meaning, a NULL relation has no rows';

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
		), n AS MATERIALIZED (
			SELECT l.*, l.dimension IS NULL AS is_total
			FROM nudge.support_slices($1, $2, $3, $4, $5, $6, array_remove(ARRAY[$7], NULL), $8, $9, with_times => false) l
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
		SELECT s.period, g.value, g.is_total, coalesce(n.tickets_total, 0), n.ticket_share, b.n, coalesce(n.tickets_total, 0)::numeric / nullif(b.n, 0),
			CASE WHEN $10 THEN coalesce(n.tickets_resolved, 0) END, n.resolution_rate,
			CASE WHEN $11 THEN coalesce(n.tickets_reopened, 0) END, CASE WHEN $10 THEN coalesce(n.tickets_once_resolved, 0) END, n.reopen_rate,
			CASE WHEN $12 THEN coalesce(n.tickets_escalated, 0) END, coalesce(n.escalation_known, 0), n.escalation_rate,
			CASE WHEN $10 AND $13 THEN coalesce(n.tickets_one_touch, 0) END, CASE WHEN $10 THEN coalesce(n.contacts_known, 0) END, n.one_touch_rate,
			n.mean_csat, coalesce(n.csat_answers, 0), coalesce(n.tickets_with_problem, 0), s.complete
		FROM span s CROSS JOIN grouped g
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		LEFT JOIN LATERAL (
			SELECT coalesce(max(b.n), 0) AS n FROM base b
			WHERE b.period = s.period AND b.is_total = ($7 IS DISTINCT FROM 'segment' OR g.is_total) AND (b.is_total OR b.segment IS NOT DISTINCT FROM g.value)
		) b ON $8 IS NOT NULL
		ORDER BY s.period, g.is_total, coalesce(n.tickets_total, 0) DESC, g.value COLLATE "C"
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
		), n AS MATERIALIZED (
			SELECT l.*, l.dimension IS NULL AS is_total
			FROM nudge.support_slices(tickets, start_day, end_day, grain, zone, as_of, array_remove(ARRAY["by"], NULL), customers, counting, support_times.calendar, tolerance) l
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		)
		SELECT m.measure, s.period, g.value, g.is_total, CASE WHEN m.is_known THEN coalesce(n.tickets_done[m.no], 0) END, n.mean_minutes[m.no], n.median_minutes[m.no], n.p90_minutes[m.no],
			n.mean_working_minutes[m.no], n.median_working_minutes[m.no], n.p90_working_minutes[m.no], CASE WHEN m.is_known THEN coalesce(n.sla_met[m.no], 0) END, CASE WHEN m.is_known THEN coalesce(n.sla_breached[m.no], 0) END,
			CASE WHEN m.is_known THEN coalesce(n.sla_pending[m.no], 0) END, n.attainment_rate[m.no], CASE WHEN m.is_known THEN coalesce(n.tickets_exceeding[m.no], 0) END, n.exceeding_rate[m.no], s.complete
		FROM (VALUES (1, 'first_response', nudge.relation_has_column(tickets, 'first_response_at')),
			(2, 'resolution', nudge.relation_has_column(tickets, 'resolved_at'))) m(no, measure, is_known) CROSS JOIN span s CROSS JOIN grouped g
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		ORDER BY m.no, s.period, g.is_total, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.support_times(regclass, date, date, text, text, timestamptz, text, regclass, text, text, numeric) IS
	'How long first responses and resolutions took, in all and in working minutes, and how many met their targets, by period, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of leaves what still waits undecided, a NULL by is the total alone';
