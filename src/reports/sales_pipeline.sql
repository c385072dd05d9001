/*
 * sales_pipeline.sql
 *		The open pipeline: what is in it, whether it covers the quota, when it
 *		should close, and how deals move from stage to stage.
 *
 * Definitions: doc/sales_pipeline.md.
 */

-- What is open ------------------------------------------------------------

CREATE FUNCTION nudge.pipeline_deals(
	deals regclass,
	deal_stages regclass DEFAULT NULL,
	activities regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	deal text,
	customer text,
	owner text,
	team text,
	segment text,
	created_at timestamptz,
	stage text,
	stage_position integer,
	stage_entered_at timestamptz,
	qualified boolean,
	amount numeric,
	win_probability numeric,
	weighted_amount numeric,
	expected_close date,
	overdue boolean,
	age_days numeric,
	stage_days numeric,
	activity_count bigint,
	last_activity_at timestamptz,
	idle_days numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	-- nothing is infinitely old: at the end of time all is known
	known_at constant timestamptz := nullif(as_of, 'infinity');
BEGIN
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		-- not closed before known_at, which is to say open then
		SELECT d.*, CASE WHEN l.deal IS NULL THEN d.stage ELSE l.stage END AS stage_then, l.entered_at
		FROM nudge.deal_lines(deals, coalesce(known_at, 'infinity'), NULL, known_at, true, pipeline_deals.currency) d
		LEFT JOIN (SELECT i.deal, i.stage, i.entered_at FROM nudge.deal_stage_lines(deal_stages, known_at) i WHERE i.left_at IS NULL) l ON l.deal = d.deal
	), touched AS MATERIALIZED (
		SELECT a.deal, count(*) AS n, max(a.at) AS last_at FROM nudge.activity_lines(activities, NULL, known_at) a WHERE a.deal IS NOT NULL GROUP BY a.deal
	)
	SELECT d.deal, d.customer, d.owner, d.team, d.segment, d.created_at, d.stage_then, g.position, d.entered_at, g.qualified, d.amount, g.win_probability,
		d.amount * g.win_probability, d.expected_close, d.expected_close < nudge.civil_date(known_at, coalesce(zone, 'UTC')),
		extract(epoch FROM known_at - d.created_at) / 86400, extract(epoch FROM known_at - d.entered_at) / 86400,
		CASE WHEN activities IS NOT NULL THEN coalesce(t.n, 0) END, t.last_at,
		CASE WHEN activities IS NOT NULL THEN extract(epoch FROM known_at - coalesce(t.last_at, d.created_at)) / 86400 END, d.currency
	FROM deal d
	LEFT JOIN nudge.sales_stages g ON g.stage = d.stage_then
	LEFT JOIN touched t ON t.deal = d.deal
	ORDER BY d.deal COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.pipeline_deals(regclass, regclass, regclass, text, timestamptz, text) IS
	'The deals that are open at as_of, with stage, weighted amount, age and activity: what the functions of the pipeline add up. Not STRICT: NULL relations have no rows, a NULL as_of is all that is known, and leaves ages NULL';

-- In all, where the dimension is NULL, and by each dimension, in one pass over the deals.
CREATE FUNCTION nudge.pipeline_groups(
	deals regclass,
	deal_stages regclass,
	activities regclass,
	zone text,
	as_of timestamptz,
	dimensions text[],
	stale_days numeric DEFAULT 30,
	currency text DEFAULT NULL
) RETURNS TABLE (
	dimension text,
	value text,
	stage_position integer,
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
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		SELECT d.* FROM nudge.pipeline_deals(deals, deal_stages, activities, zone, as_of, pipeline_groups.currency) d
	), n AS (
		SELECT g.dimension, v.value, CASE WHEN g.dimension = 'stage' THEN min(d.stage_position) END AS place,
			count(d.deal) AS deals, coalesce(sum(d.amount), 0) AS amount, count(d.deal) FILTER (WHERE d.win_probability IS NULL) AS unweighted, coalesce(sum(d.weighted_amount), 0) AS weighted,
			count(*) FILTER (WHERE d.qualified) AS qualified, count(d.deal) FILTER (WHERE d.qualified IS NULL) AS unknown,
			count(*) FILTER (WHERE d.overdue) + dated AS overdue, coalesce(sum(d.amount) FILTER (WHERE d.overdue), 0) + dated AS overdue_amount,
			avg(d.age_days) AS age, avg(d.stage_days) AS stage_age, sum(d.activity_count) AS done, count(*) FILTER (WHERE d.idle_days >= stale_days) AS stale,
			coalesce(sum(d.amount) FILTER (WHERE d.idle_days >= stale_days), 0) AS stale_amount, min(d.currency_code) AS currency
		-- the total is there without a deal
		FROM (SELECT NULL AS dimension UNION ALL SELECT u FROM unnest(dimensions) u) g LEFT JOIN deal d ON true,
			LATERAL (SELECT CASE g.dimension WHEN 'stage' THEN d.stage WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value) v
		WHERE g.dimension IS NULL OR d.deal IS NOT NULL
		GROUP BY g.dimension, v.value
	)
	SELECT n.dimension, n.value, n.place, n.deals, n.amount, n.unweighted, CASE WHEN n.unweighted = 0 THEN n.weighted END, CASE WHEN n.unknown = 0 THEN n.qualified END,
		n.overdue, n.overdue_amount, n.age, n.stage_age, v.done, v.done / nullif(n.deals, 0)::numeric,
		CASE WHEN v.timed THEN n.stale END, CASE WHEN v.timed THEN n.stale_amount END, coalesce(n.currency, upper(pipeline_groups.currency))
	FROM n, LATERAL (SELECT CASE WHEN activities IS NOT NULL THEN coalesce(n.done, 0)::bigint END AS done,
		activities IS NOT NULL AND dated = 0 AND stale_days IS NOT NULL AS timed) v;
END
$$;
COMMENT ON FUNCTION nudge.pipeline_groups(regclass, regclass, regclass, text, timestamptz, text[], numeric, text) IS
	'Works for pipeline_value and sales_pipeline: the open pipeline in all, of which the dimension is NULL, and by each of stage, owner, team and segment that is asked for. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE FUNCTION nudge.pipeline_value(
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
BEGIN
	PERFORM nudge.check_by(by, '{stage,owner,team,segment}');
	RETURN QUERY
	SELECT g.value, g.dimension IS NULL, g.open_deals, g.open_amount, g.unweighted_deals, g.weighted_amount, g.qualified_deals, g.overdue_deals, g.overdue_amount, g.mean_age_days, g.mean_stage_days,
		g.activity_count, g.activities_per_open_deal, g.stale_deals, g.stale_amount, g.currency_code
	FROM nudge.pipeline_groups(deals, deal_stages, activities, zone, as_of, array_remove(ARRAY[by], NULL), stale_days, pipeline_value.currency) g
	ORDER BY g.dimension IS NULL, g.stage_position, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.pipeline_value(regclass, regclass, regclass, text, timestamptz, text, numeric, text) IS
	'The open pipeline at as_of: deals, amount, weighted amount, age, activities and stale deals, in all and by stage, owner, team or segment. Not STRICT: NULL relations have no rows, a NULL "by" is the total alone, a NULL as_of leaves ages NULL';

-- Does it cover the quota? ------------------------------------------------

CREATE FUNCTION nudge.pipeline_coverage(
	deals regclass,
	quotas regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
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
	stage text,
	all_stages boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	overdue_amount numeric,
	won_amount numeric,
	quota numeric,
	quota_remaining numeric,
	coverage numeric,
	coverage_of_quota numeric,
	weighted_coverage numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	dated constant integer := CASE WHEN as_of < 'infinity' THEN 0 END;
BEGIN
	RETURN QUERY
	WITH report AS MATERIALIZED (
		SELECT r.* FROM nudge.sales_report(deals, start_day, end_day, NULL, quotas, grain, zone, as_of, by, quota_grain, company, pipeline_coverage.currency) r
	), due AS MATERIALIZED (
		SELECT p.period, CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value,
			d.stage, d.stage_position, d.amount, d.win_probability, d.weighted_amount, d.overdue, d.currency_code
		FROM nudge.pipeline_deals(deals, deal_stages, NULL, zone, as_of, pipeline_coverage.currency) d
		JOIN nudge.window_periods(start_day, end_day, grain) p ON d.expected_close >= p.period AND d.expected_close < p.period_end
	), n AS MATERIALIZED (
		SELECT d.period, d.value, grouping(d.value) = 1 AS is_total, d.stage, grouping(d.stage) = 1 AS all_stages, min(d.stage_position) AS place, count(*) AS deals,
			sum(d.amount) AS amount, count(*) FILTER (WHERE d.win_probability IS NULL) AS unweighted, coalesce(sum(d.weighted_amount), 0) AS weighted,
			coalesce(sum(d.amount) FILTER (WHERE d.overdue), 0) AS overdue, min(d.currency_code) AS currency
		FROM due d
		GROUP BY GROUPING SETS ((d.period, d.value, d.stage), (d.period, d.value), (d.period, d.stage), (d.period))
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT c.currency) FILTER (WHERE c.currency IS NOT NULL), pipeline_coverage.currency) AS currency
		FROM (SELECT r.currency_code AS currency FROM report r UNION SELECT n.currency FROM n) c
	), cell AS (
		SELECT p.period, g.value, g.is_total, NULL AS stage, true AS all_stages, NULL::integer AS place
		FROM (SELECT DISTINCT r.period FROM report r) p,
			(SELECT r.value, r.is_total FROM report r UNION SELECT n.value, n.is_total FROM n WHERE n.is_total OR by IS NOT NULL) g
		UNION ALL
		SELECT n.period, n.value, n.is_total, n.stage, false, n.place FROM n WHERE NOT n.all_stages AND (n.is_total OR by IS NOT NULL)
	)
	SELECT c.period, c.value, c.is_total, c.stage, c.all_stages, v.deals, v.amount, coalesce(n.unweighted, 0), v.weighted, coalesce(n.overdue, 0) + dated,
		r.won_amount, r.quota, r.quota_remaining, v.amount / v.gap, v.amount / nullif(r.quota, 0), v.weighted / v.gap, one.currency,
		bool_or(r.complete) OVER (PARTITION BY c.period)
	FROM one, cell c
	LEFT JOIN report r ON r.period = c.period AND r.is_total = c.is_total AND r.value IS NOT DISTINCT FROM c.value
	LEFT JOIN n ON n.period = c.period AND n.is_total = c.is_total AND n.all_stages = c.all_stages AND n.value IS NOT DISTINCT FROM c.value AND n.stage IS NOT DISTINCT FROM c.stage,
		LATERAL (SELECT coalesce(n.deals, 0) AS deals, coalesce(n.amount, 0) AS amount,
			CASE WHEN n.unweighted > 0 THEN NULL ELSE coalesce(n.weighted, 0) END AS weighted,
			-- a quota that is met needs no cover
			CASE WHEN r.quota_remaining > 0 THEN r.quota_remaining END AS gap) v
	ORDER BY c.period, c.is_total, c.value COLLATE "C", c.all_stages, c.place, c.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.pipeline_coverage(regclass, regclass, date, date, regclass, text, text, timestamptz, text, text, text, text) IS
	'The open deals that should close in each period over what is left of its quota, and over all of it, by stage and in all, in all and by owner or team. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- When should it close? ---------------------------------------------------

CREATE FUNCTION nudge.check_forecast_levels(commit_probability numeric, best_case_probability numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(commit_probability <= 1 AND best_case_probability >= 0 AND best_case_probability <= commit_probability, false) THEN
		RAISE EXCEPTION 'commit_probability and best_case_probability must be shares from 0 to 1, the second not above the first'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('They are %s and %s.', coalesce(commit_probability::text, 'null'), coalesce(best_case_probability::text, 'null')),
				HINT = 'Leave them out for 0.8 and 0.5.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_forecast_levels(numeric, numeric) IS
	'An error unless the levels of a forecast are shares in order. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.sales_forecast(
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
COMMENT ON FUNCTION nudge.sales_forecast(regclass, date, date, regclass, text, text, timestamptz, text, numeric, numeric, text) IS
	'The open pipeline by the period in which it should close and by stage: amount, weighted amount, and what is probable enough for commit and best case. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- From stage to stage -----------------------------------------------------

CREATE FUNCTION nudge.stage_win_rates(
	deals regclass,
	deal_stages regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	stage text,
	stage_position integer,
	deals_closed bigint,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	win_rate numeric,
	rate_low double precision,
	rate_high double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT * FROM nudge.window_spans(start_day, end_day, NULL, zone, as_of)
	), entry AS (
		SELECT DISTINCT l.deal, l.stage, l.position FROM nudge.deal_stage_lines(deal_stages, as_of) l
	), n AS (
		SELECT e.stage, e.position AS place, count(*) AS closed, count(*) FILTER (WHERE d.outcome = 'won') AS won, count(*) FILTER (WHERE d.outcome = 'lost') AS lost,
			count(*) FILTER (WHERE d.outcome = 'no_decision') AS undecided, count(*) FILTER (WHERE d.outcome IS NULL) AS unknown
		FROM span s, LATERAL nudge.deal_lines(deals, s.start_at, s.end_at, as_of, false) d
		JOIN entry e ON e.deal = d.deal
		WHERE d.closed_at >= s.start_at AND d.closed_at < s.end_at
		GROUP BY e.stage, e.position
	)
	SELECT n.stage, n.place, n.closed, n.won, n.lost, n.undecided, n.unknown, i.rate, i.rate_low, i.rate_high
	FROM n, LATERAL nudge.wilson_interval(n.won, n.won + n.lost + n.undecided, confidence) i
	ORDER BY n.place, n.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.stage_win_rates(regclass, regclass, date, date, text, timestamptz, double precision) IS
	'Of the deals closed in a window that ever entered a stage, those won over those decided, with Wilson interval: what a win_probability can be set to. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE FUNCTION nudge.stage_passages(
	deals regclass,
	deal_stages regclass,
	as_of timestamptz DEFAULT NULL,
	stages text[] DEFAULT NULL
) RETURNS TABLE (
	deal text,
	stage text,
	stage_position integer,
	is_last boolean,
	entered_at timestamptz,
	next_stage_at timestamptz,
	advanced_at timestamptz,
	advanced_to text,
	returned_at timestamptz,
	closed_at timestamptz,
	outcome text,
	status text,
	days numeric,
	owner text,
	team text,
	segment text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nullif(as_of, 'infinity');
BEGIN
	IF array_ndims(stages) > 1 OR array_position(stages, NULL) IS NOT NULL OR cardinality(stages) = 0
		OR cardinality(stages) > (SELECT count(DISTINCT s) FROM unnest(stages) s) THEN
		RAISE EXCEPTION '"stages" must name each stage of the pipeline once, in order'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Whether a deal has gone on or back is known from the order of the stages.',
				HINT = 'Leave it out for the order of the table nudge.sales_stages.';
	END IF;
	RETURN QUERY
	WITH ordered AS MATERIALIZED (
		SELECT g.stage, g.position, min(g.position) OVER (ORDER BY g.position GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next_position
		FROM (SELECT s.stage, s.no::integer AS position FROM unnest(stages) WITH ORDINALITY s(stage, no)
			UNION ALL SELECT c.stage, c.position FROM nudge.sales_stages c WHERE stages IS NULL) g
	), line AS MATERIALIZED (
		SELECT l.deal, l.stage, l.entered_at AS at, o.position, o.next_position FROM nudge.deal_stage_lines(deal_stages, known_at) l LEFT JOIN ordered o ON o.stage = l.stage
	), entry AS MATERIALIZED (
		-- a stage is entered once: when it was for the first time
		SELECT DISTINCT ON (l.deal, l.stage) l.* FROM line l ORDER BY l.deal, l.stage, l.at
	), onward AS (
		SELECT e.deal, e.stage, min(l.at) FILTER (WHERE l.position = e.next_position) AS next_at,
			min(l.at) FILTER (WHERE l.position > e.position) AS later_at,
			(array_agg(l.stage ORDER BY l.at, l.position, l.stage COLLATE "C") FILTER (WHERE l.position > e.position))[1] AS later_stage,
			min(l.at) FILTER (WHERE l.position < e.position AND l.at > e.at) AS back_at
		FROM entry e JOIN line l ON l.deal = e.deal AND l.at >= e.at
		GROUP BY e.deal, e.stage
	)
	SELECT e.deal, e.stage, e.position, e.position IS NOT NULL AND e.next_position IS NULL, e.at, n.next_at, v.at, CASE WHEN n.later_at IS NOT NULL THEN n.later_stage WHEN d.outcome = 'won' THEN 'won' END, n.back_at,
		d.closed_at, d.outcome,
		CASE WHEN e.position IS NULL THEN NULL WHEN n.later_at IS NOT NULL OR d.outcome = 'won' THEN 'advanced' WHEN d.closed_at IS NULL THEN 'waiting' ELSE 'dropped' END,
		CASE WHEN v.at >= e.at THEN extract(epoch FROM v.at - e.at) / 86400 WHEN n.later_at IS NULL AND d.closed_at IS NULL THEN extract(epoch FROM known_at - e.at) / 86400 END,
		d.owner, d.team, d.segment
	FROM entry e
	JOIN nudge.deal_lines(deals, NULL, NULL, known_at, false) d ON d.deal = e.deal
	JOIN onward n ON n.deal = e.deal AND n.stage = e.stage,
		-- a deal that was won has passed whatever stages it left out
		LATERAL (SELECT coalesce(n.later_at, CASE WHEN d.outcome = 'won' AND e.position IS NOT NULL THEN d.closed_at END) AS at) v
	ORDER BY e.deal COLLATE "C", e.at, e.position, e.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.stage_passages(regclass, regclass, timestamptz, text[]) IS
	'Each stage that each deal entered, when first, and whether and when it went on from there: what stage_conversion counts. Not STRICT: NULL relations have no rows, a NULL as_of is all that is known, NULL stages are those of sales_stages';

CREATE FUNCTION nudge.stage_conversion(
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
COMMENT ON FUNCTION nudge.stage_conversion(regclass, regclass, date, date, text, text, timestamptz, text, text[]) IS
	'The deals that entered each stage in a period, how many have gone on, dropped out or are still there, and how long it took. Not STRICT: NULL relations have no rows, NULL options have a meaning';
