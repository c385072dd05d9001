/*
 * sales.sql
 *		Sales by period, rep, team and segment: deals created, won and lost,
 *		win rate, deal size, cycle, velocity, quotas, activities, contracts.
 *
 * Definitions: doc/sales.md.
 */

-- Configuration -----------------------------------------------------------

CREATE TABLE nudge.sales_stages (
	stage text PRIMARY KEY CHECK (stage <> ''),
	position integer NOT NULL,
	win_probability numeric CHECK (win_probability BETWEEN 0 AND 1),
	qualified boolean NOT NULL DEFAULT true
);
SELECT pg_catalog.pg_extension_config_dump('nudge.sales_stages', '');
GRANT SELECT ON nudge.sales_stages TO PUBLIC;

-- as cost_roles: whoever created the extension fills the table, and restores it
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sales_stages TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.sales_stages IS 'The stages of the pipeline, in order, with the probability of winning a deal that is in one: filled by the user';
COMMENT ON COLUMN nudge.sales_stages.stage IS 'Stage, as the input deal_stages or deals writes it';
COMMENT ON COLUMN nudge.sales_stages.position IS 'Place in the order: a stage with a higher one is later; stages with the same one are alternatives, as of two pipelines';
COMMENT ON COLUMN nudge.sales_stages.win_probability IS 'Share of the amount of a deal in the stage that counts in the weighted pipeline, 0 to 1; NULL if it is not known';
COMMENT ON COLUMN nudge.sales_stages.qualified IS 'Whether a deal in the stage is a qualified one, which counts in the sales velocity';

-- Reading deals -----------------------------------------------------------

CREATE FUNCTION nudge.deal_lines(
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
COMMENT ON FUNCTION nudge.deal_lines(regclass, timestamptz, timestamptz, timestamptz, boolean, text) IS
	'The deals that began before end_at and were not closed before start_at, as known before as_of: one closed later is open. Without amounts, currencies may be mixed. Not STRICT: NULL deals are none, NULL instants no bounds, a NULL expected_currency is any one';

CREATE FUNCTION nudge.deal_stage_lines(deal_stages regclass, as_of timestamptz DEFAULT NULL) RETURNS TABLE (
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
COMMENT ON FUNCTION nudge.deal_stage_lines(regclass, timestamptz) IS
	'The stages that deals entered before as_of, when each was left for the next, and its position in sales_stages. Not STRICT: NULL deal_stages are none, a NULL as_of is no bound';

-- Quotas ------------------------------------------------------------------

CREATE FUNCTION nudge.check_quotas(overlapping text, quota_grain text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF quota_grain IS NULL OR quota_grain NOT IN ('month', 'quarter', 'year') THEN
		RAISE EXCEPTION 'quotas have no grain "%"', left(quota_grain, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is the length of the period of each quota.',
				HINT = 'The grains are month, quarter and year.';
	ELSIF overlapping IS NOT NULL THEN
		RAISE EXCEPTION 'quotas of "%" overlap', left(overlapping, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('Each is taken to last a %s, and the next one begins before it is over.', quota_grain),
				HINT = 'Pass their length as quota_grain, or a view with quotas of one length.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_quotas(text, text) IS
	'An error unless quotas have a known length and do not overlap. Not STRICT: a NULL name is nobody, a NULL grain an error';

CREATE FUNCTION nudge.quota_lines(
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
COMMENT ON FUNCTION nudge.quota_lines(regclass, regclass, date, date, text, text, timestamptz, text) IS
	'The quotas whose periods overlap [start_day, end_day), and whether each is that of an owner, of a team or of the company. Not STRICT: NULL relations have no rows, a NULL company has no quota of its own, NULL options have a meaning';

CREATE FUNCTION nudge.quota_periods(
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
COMMENT ON FUNCTION nudge.quota_periods(regclass, regclass, date, date, text, timestamptz, text, text, text, text) IS
	'The quota of each period, in all and by owner or team: the sum of the quotas that fill it, else NULL. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- The report --------------------------------------------------------------

CREATE FUNCTION nudge.sales_flows(
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
COMMENT ON FUNCTION nudge.sales_flows(regclass, date, date, regclass, text, text, timestamptz, text, text) IS
	'Works for sales_report: counts and sums by period and group. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE FUNCTION nudge.sales_report(
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
COMMENT ON FUNCTION nudge.sales_report(regclass, date, date, regclass, regclass, text, text, timestamptz, text, text, text, text) IS
	'Deals created, closed and open, win rate, deal size, cycle, velocity and quota attainment by period, in all and by owner, team or segment. Not STRICT: NULL relations have no rows, a NULL grain is one period, a NULL "by" the total alone, a NULL as_of all that is known';

-- Activities --------------------------------------------------------------

CREATE FUNCTION nudge.activity_lines(
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
COMMENT ON FUNCTION nudge.activity_lines(regclass, timestamptz, timestamptz) IS
	'The activities of [start_at, end_at), checked. Not STRICT: NULL activities are none, NULL instants no bounds';

CREATE FUNCTION nudge.sales_activities(
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
COMMENT ON FUNCTION nudge.sales_activities(regclass, regclass, date, date, text, text, timestamptz, text) IS
	'Activities by period and kind, in all and by owner, team or segment, over the deals won in the period, and those that were for these very deals. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- Contracts ---------------------------------------------------------------

CREATE FUNCTION nudge.contract_lines(
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
COMMENT ON FUNCTION nudge.contract_lines(regclass, regclass, timestamptz, text) IS
	'The contracts signed before as_of, each with its number among those of its customer, the amount of a year of it and that of the first. Not STRICT: NULL relations have no rows, a NULL as_of is no bound, a NULL expected_currency any one';

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
