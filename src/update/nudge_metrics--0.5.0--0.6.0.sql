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

COMMENT ON COLUMN nudge.change_log.key IS 'Value of the column in a row before or after the change; NULL for everything';

COMMENT ON COLUMN nudge.change_log.at IS 'When it was written down, in the transaction that made the change';

CREATE TABLE nudge.trackings (
	source text PRIMARY KEY,
	relation text,
	keys jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(keys) = 'object'),
	capture text NOT NULL CHECK (capture IN ('statement', 'row', 'none')),
	tracked_by name NOT NULL DEFAULT current_user,
	tracked_at timestamptz NOT NULL DEFAULT now(),
	CHECK (relation IS NOT NULL OR capture = 'none')
);

SELECT pg_catalog.pg_extension_config_dump('nudge.trackings', '');

GRANT SELECT ON nudge.trackings TO PUBLIC;

COMMENT ON TABLE nudge.trackings IS 'How changes of sources are captured; track_source() and untrack_source() keep it';

COMMENT ON COLUMN nudge.trackings.source IS 'Name of the source';

COMMENT ON COLUMN nudge.trackings.relation IS 'Table with the triggers, with its schema; NULL for a query';

COMMENT ON COLUMN nudge.trackings.keys IS 'Columns of the input whose values are written down, each with the column of the table that it is';

COMMENT ON COLUMN nudge.trackings.capture IS 'statement: a trigger for each statement; row: one for each row; none: nothing is captured';

COMMENT ON COLUMN nudge.trackings.tracked_by IS 'Who has called track_source()';

COMMENT ON COLUMN nudge.trackings.tracked_at IS 'When it was tracked last';

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
CREATE FUNCTION nudge.tables_of(relation oid) RETURNS TABLE (table_id oid, kind "char", has_other_parent boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	WITH RECURSIVE tree(id) AS (
		SELECT tables_of.relation
		UNION
		SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.id AND NOT i.inhdetachpending
	)
	SELECT c.oid, c.relkind, EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending AND i.inhparent NOT IN (SELECT t.id FROM tree t))
	FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.id
	ORDER BY c.oid;
END;

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
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	WITH words AS (
		SELECT ARRAY[capture_triggers.source]
			|| ARRAY(SELECT w.word FROM jsonb_each_text(capture_triggers.keys) WITH ORDINALITY k(key, value, n), LATERAL (VALUES (1, k.key), (2, k.value)) w(half, word) ORDER BY k.n, w.half) AS pairs,
			CASE WHEN r.columns IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
					WHERE a.attrelid = capture_triggers.relation AND a.attnum > 0 AND a.attname::text = ANY (r.columns) AND a.attgenerated NOT IN ('', 's')) THEN '{}'
				ELSE r.columns END AS watched,
			ARRAY(SELECT k.value FROM jsonb_each_text(capture_triggers.keys) WITH ORDINALITY k(key, value, n) ORDER BY k.n) AS taken
		FROM nudge.sources s, LATERAL nudge.view_reads(to_regclass(nudge.source_view(s.input, s.source))::oid, capture_triggers.relation) r
		WHERE s.source = capture_triggers.source
	), arguments(names, numbers) AS (
		SELECT w.pairs || ''::text || w.watched || ''::text,
			-- a column keeps its number when it is renamed
			concat_ws(' ', capture_triggers.relation, (SELECT string_agg(coalesce(a.attnum, 0)::text, ' ' ORDER BY c.n)
				FROM unnest(w.taken || w.watched) WITH ORDINALITY c(name, n) LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = capture_triggers.relation AND a.attname::text = c.name))
		FROM words w
	), events(letter, event, events, each) AS (
		VALUES ('i', 'statement', 'INSERT', 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'),
			('u', 'statement', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT'),
			('d', 'statement', 'DELETE', 'REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'),
			('r', 'row', 'INSERT OR UPDATE OR DELETE', 'FOR EACH ROW'),
			('t', NULL, 'TRUNCATE', 'FOR EACH STATEMENT')
	)
	SELECT t.table_id, n.name, (SELECT string_agg(convert_to(a, getdatabaseencoding()) || '\x00', '' ORDER BY o) FROM unnest(w.names) WITH ORDINALITY u(a, o)),
		CASE WHEN e.letter <> 'r' OR t.table_id = capture_triggers.relation OR c.relkind <> 'p' THEN
			format('CREATE TRIGGER %1$I AFTER %2$s ON %3$s %4$s EXECUTE FUNCTION nudge.capture_changes(%5$s); ALTER TABLE %6$s%3$s ENABLE ALWAYS TRIGGER %1$I',
				n.name, e.events, t.table_id::regclass, e.each, (SELECT string_agg(quote_literal(a), ', ' ORDER BY o) FROM unnest(w.names || w.numbers) WITH ORDINALITY u(a, o)),
				CASE WHEN e.letter = 'r' THEN '' ELSE 'ONLY ' END) END
	FROM arguments w, events e, nudge.tables_of(capture_triggers.relation) t, pg_catalog.pg_class c,
		LATERAL (SELECT format('nudge_%s_%s', e.letter, CASE WHEN length(capture_triggers.source) <= 40 THEN capture_triggers.source ELSE left(capture_triggers.source, 31) || '_' || left(md5(capture_triggers.source), 8) END) AS name) n
	WHERE c.oid = capture_triggers.relation AND coalesce(e.event, capture_triggers.capture) = capture_triggers.capture AND capture_triggers.capture <> 'none'
	ORDER BY t.table_id, e.letter COLLATE "C";
END;

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
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN nudge.is_subscribed(relation) THEN 'Logical replication writes to it, and fires no triggers for statements.'
		WHEN EXISTS (SELECT FROM nudge.tables_of(relation) t WHERE t.has_other_parent) THEN 'Its rows are also written through another table, of which it is a partition or child.'
		WHEN EXISTS (SELECT FROM nudge.tables_of(relation) t WHERE t.kind = 'p') THEN 'It is partitioned, and of rows that MERGE moves between partitions triggers for statements see nothing.' END;

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
		EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation::regclass);
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
	LANGUAGE sql STABLE STRICT PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
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
END;

COMMENT ON FUNCTION nudge.trigger_problems(text, oid, jsonb, text) IS 'Works for check_tracking: what differs between the triggers that a source has and those that it must have';

CREATE FUNCTION nudge.check_tracking(source text DEFAULT NULL) RETURNS TABLE (source_name text, problem text, severity text, table_name text, description text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
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
		ELSIF one.capture = 'none' THEN
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
		WHERE left(regexp_replace(k.line, '^ *(SELECT)? *', ''), length(quote_ident(k.name)) + 3) NOT IN ('r.' || quote_ident(k.name), 'r.' || quote_ident(k.name) || ',', 'r.' || quote_ident(k.name) || ':')
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
