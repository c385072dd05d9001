/*
 * costs.sql
 *		Costs by role, budgets against actual costs, exact shares of an amount.
 *
 * Definitions: doc/costs.md.
 */

-- Configuration -----------------------------------------------------------

CREATE TABLE nudge.cost_roles (
	category text PRIMARY KEY CHECK (category ~ '^[^/]+(/[^/]+)*$' AND category !~ '(^|/) | (/|$)'),
	role text NOT NULL CHECK (role IN ('cost_of_revenue', 'sales_and_marketing', 'research_and_development',
		'general_and_administrative', 'other')),
	part text CHECK (part IS NULL OR role = 'cost_of_revenue' AND part IN ('infrastructure', 'support')
		OR role = 'sales_and_marketing' AND part IN ('marketing', 'sales'))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.cost_roles', '');
GRANT SELECT ON nudge.cost_roles TO PUBLIC;

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.cost_roles TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.cost_roles IS 'What categories of cost are in the profit and loss: rows here come before the built-in ones of cost_role_rules()';
COMMENT ON COLUMN nudge.cost_roles.category IS 'Category, with all below it: a path such as customer_acquisition/marketing';
COMMENT ON COLUMN nudge.cost_roles.role IS 'cost_of_revenue, sales_and_marketing, research_and_development, general_and_administrative or other';
COMMENT ON COLUMN nudge.cost_roles.part IS 'Part of the role: infrastructure or support of cost_of_revenue, marketing or sales of sales_and_marketing; else NULL';

CREATE FUNCTION nudge.cost_role_rules() RETURNS TABLE (category text, role text, part text, built_in boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT r.category, r.role, r.part, false FROM nudge.cost_roles r
	UNION ALL
	SELECT d.category, d.role, d.part, true
	FROM (VALUES
		('customer_acquisition', 'sales_and_marketing', NULL),
		('customer_acquisition/marketing', 'sales_and_marketing', 'marketing'),
		('customer_acquisition/sales', 'sales_and_marketing', 'sales'),
		('product_delivery', 'cost_of_revenue', NULL),
		('product_delivery/infrastructure', 'cost_of_revenue', 'infrastructure'),
		('product_delivery/support', 'cost_of_revenue', 'support'),
		('product_development', 'research_and_development', NULL),
		('cost_of_revenue', 'cost_of_revenue', NULL),
		('cost_of_revenue/infrastructure', 'cost_of_revenue', 'infrastructure'),
		('cost_of_revenue/support', 'cost_of_revenue', 'support'),
		('sales_and_marketing', 'sales_and_marketing', NULL),
		('sales_and_marketing/marketing', 'sales_and_marketing', 'marketing'),
		('sales_and_marketing/sales', 'sales_and_marketing', 'sales'),
		('research_and_development', 'research_and_development', NULL),
		('general_and_administrative', 'general_and_administrative', NULL)
	) d(category, role, part)
	WHERE NOT EXISTS (SELECT FROM nudge.cost_roles r WHERE r.category = d.category)
	ORDER BY 1;
END;
COMMENT ON FUNCTION nudge.cost_role_rules() IS
	'Which categories of cost have which role: the rows of cost_roles, and the built-in ones that they do not replace. The longest category that holds a cost decides';

-- Periods and shares ------------------------------------------------------

CREATE FUNCTION nudge.report_periods(
	start_day date,
	end_day date,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (period date, period_end date, known_end date, complete boolean)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 12
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	known date := end_day;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF unit NOT IN ('month', 'quarter', 'year') THEN
		RAISE EXCEPTION 'costs have no grain "%"', left(grain, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Costs and budgets are kept by month, or longer.',
			HINT = 'The grains are month, quarter and year.';
	END IF;
	IF as_of IS NOT NULL THEN
		-- the day that holds the last instant before as_of is the last
		known := nudge.civil_date(as_of - interval '1 microsecond', coalesce(zone, 'UTC')) + 1;
	END IF;
	period := nudge.period_start(start_day, unit, fiscal_year_start => first_month);
	WHILE period < least(end_day, known) LOOP
		period_end := nudge.period_end(period, unit, fiscal_year_start => first_month);
		known_end := period_end;
		IF as_of IS NOT NULL THEN
			known_end := least(period_end, known);
			complete := period_end <= nudge.civil_date(as_of, coalesce(zone, 'UTC'));
		END IF;
		RETURN NEXT;
		period := period_end;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.report_periods(date, date, text, text, timestamptz, integer) IS
	'The months, quarters or years that overlap [start_day, end_day), up to the one that holds the last instant before as_of; what is dated before known_end counts. Not STRICT: a NULL day is an error, NULL options have a meaning';

CREATE FUNCTION nudge.apportion(amount numeric, weights numeric[], minor_unit integer DEFAULT 2) RETURNS numeric[]
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	units numeric;
	unit numeric;
	total numeric;
BEGIN
	IF minor_unit NOT BETWEEN 0 AND 18 THEN
		RAISE EXCEPTION 'minor_unit must be between 0 and 18, not %', minor_unit USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Shares of an amount are multiples of a minor unit.',
			HINT = 'It is the number of decimals of the currency, see currency_minor_unit().';
	ELSIF NOT abs(amount) < 1e30 OR EXISTS (SELECT FROM unnest(weights) w(weight) WHERE NOT w.weight BETWEEN 0 AND 1e30) THEN
		RAISE EXCEPTION 'amount or weight is out of range' USING ERRCODE = 'numeric_value_out_of_range',
			DETAIL = 'An amount is apportioned in proportion to its weights, which must not be negative.',
			HINT = 'Give the weight 0 to what shall have no share.';
	END IF;
	total := (SELECT sum(w.weight) FROM unnest(weights) w(weight));
	IF total IS NULL OR total = 0 THEN
		RETURN NULL;
	END IF;
	unit := ('1e' || -minor_unit)::numeric;
	units := trunc(abs(amount) * ('1e' || minor_unit)::numeric);
	-- largest remainder: first the whole units, then one more for those who
	-- miss most; what is below a unit goes to who is next in line
	RETURN (
		SELECT array_agg(sign(amount) * ((s.share + (s.rank <= s.spare)::integer) * unit
			+ CASE s.rank WHEN s.spare + 1 THEN abs(amount) - units * unit ELSE 0 END) ORDER BY s.place)
		FROM (
			SELECT q.place, q.share, units - sum(q.share) OVER () AS spare,
				row_number() OVER (ORDER BY q.missing DESC, q.weight DESC, q.place) AS rank
			FROM (SELECT w.place, coalesce(w.weight, 0) AS weight, div(units * coalesce(w.weight, 0), total) AS share,
					mod(units * coalesce(w.weight, 0), total) AS missing
				FROM unnest(weights) WITH ORDINALITY w(weight, place)) q
		) s
	);
END
$$;
COMMENT ON FUNCTION nudge.apportion(numeric, numeric[], integer) IS
	'Shares of an amount in proportion to weights, in whole minor units, that sum to it exactly: by the largest remainder, ties to the larger weight and then to the first. NULL if no weight is above 0';

-- Reading costs and budgets -----------------------------------------------

CREATE FUNCTION nudge.cost_category(category text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(btrim(regexp_replace(category, '[[:space:]]*/[/[:space:]]*', '/', 'g'), E'/ \t\n'), '');
COMMENT ON FUNCTION nudge.cost_category(text) IS
	'A category without blanks and slashes that say nothing. Not STRICT: NULL is the empty path, the root of all categories';

CREATE FUNCTION nudge.cost_lines(costs regclass, start_day date, end_day date, expected_currency text DEFAULT NULL) RETURNS TABLE (
	period date,
	category text,
	role text,
	part text,
	variable boolean,
	plan text,
	amount numeric,
	currency text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.period, nudge.cost_category(i.category) AS category, coalesce(i.variable, false) AS variable,
				nullif(i.plan, '') AS plan, i.amount, i.currency
			FROM (%s) i
			WHERE i.period IS NULL OR i.period >= $1 AND i.period < $2
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('costs', count(*) FILTER (WHERE NOT coalesce(isfinite(l.period) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		), rule AS MATERIALIZED (
			SELECT DISTINCT ON (l.category) l.category, r.role, r.part
			FROM (SELECT DISTINCT l.category FROM line l) l
			LEFT JOIN nudge.cost_role_rules() r ON l.category = r.category OR starts_with(l.category, r.category || '/')
			ORDER BY l.category, length(r.category) DESC NULLS LAST
		)
		SELECT l.period, l.category, coalesce(r.role, 'other'), r.part, l.variable, l.plan, l.amount, one.currency
		FROM one, line l JOIN rule r ON r.category = l.category
	$query$, nudge.input_query('costs', costs)) USING start_day, end_day, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.cost_lines(regclass, date, date, text) IS
	'The costs of [start_day, end_day), each with its category as a clean path and its role: the drill-down of pnl and budget_variance. Not STRICT: NULL costs are none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.budget_lines(
	budgets regclass,
	start_day date,
	end_day date,
	budget_grain text DEFAULT 'month',
	expected_currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (period date, category text, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unit constant text := lower(coalesce(budget_grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	months constant integer := CASE unit WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF months IS NULL THEN
		RAISE EXCEPTION 'budgets have no grain "%"', left(budget_grain, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is the length of the period of each row of the budget.',
			HINT = 'The grains are month, quarter and year.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.period, nudge.cost_category(i.category) AS category, i.amount, i.currency
			FROM (%s) i
			WHERE i.period IS NULL OR i.period >= nudge.period_start($1, $4, fiscal_year_start => $5)
				AND i.period < nudge.period_end($2 - 1, $4, fiscal_year_start => $5)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('budgets', count(*) FILTER (WHERE NOT coalesce(isfinite(l.period) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		), share AS (
			SELECT (nudge.period_start(l.period, $4, fiscal_year_start => $5) + (s.month - 1) * interval '1 month')::date AS period,
				l.category, s.amount
			FROM line l, one, LATERAL unnest(nudge.apportion(l.amount, array_fill(1::numeric, ARRAY[$6]),
				coalesce(nudge.currency_minor_unit(one.currency), 2))) WITH ORDINALITY s(amount, month)
		)
		SELECT s.period, s.category, s.amount, one.currency
		FROM one, share s
		WHERE s.period >= nudge.period_start($1, 'month') AND s.period < $2
	$query$, nudge.input_query('budgets', budgets))
	USING start_day, end_day, expected_currency, unit, first_month, months;
END
$$;
COMMENT ON FUNCTION nudge.budget_lines(regclass, date, date, text, text, integer) IS
	'The budgets of the months of [start_day, end_day); those of a quarter or a year are shared equally among its months and sum to it exactly. Not STRICT: NULL budgets are none, NULL options have a meaning';

-- Budget against actual ---------------------------------------------------

CREATE FUNCTION nudge.budget_variance(
	costs regclass,
	budgets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	threshold numeric DEFAULT 0.10,
	budget_grain text DEFAULT 'month',
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	category text,
	depth integer,
	budget numeric,
	actual numeric,
	fixed_actual numeric,
	variable_actual numeric,
	own_budget numeric,
	own_actual numeric,
	variance numeric,
	variance_rate numeric,
	outcome text,
	over_threshold boolean,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	first_day date;
	last_day date;
	known_day date;
	-- what was not given is unknown, and not 0
	unplanned constant numeric := CASE WHEN budgets IS NOT NULL THEN 0 END;
BEGIN
	SELECT min(p.period), max(p.period_end), max(p.known_end) INTO first_day, last_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, budget_variance.currency)
	), plan AS MATERIALIZED (
		SELECT * FROM nudge.budget_lines(budgets, first_day, last_day, budget_grain, budget_variance.currency, first_month)
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency), budget_variance.currency) AS currency
		FROM (SELECT c.currency FROM cost c UNION SELECT b.currency FROM plan b) l
	), line AS (
		SELECT nudge.period_start(l.period, unit, fiscal_year_start => first_month) AS period, string_to_array(l.category, '/') AS path,
			sum(l.budget) AS budget, sum(l.fixed) AS fixed, sum(l.variable) AS variable, bool_or(l.planned) AS planned
		FROM (
			SELECT period, category, false AS planned, 0 AS budget, CASE WHEN variable THEN 0 ELSE amount END AS fixed, CASE WHEN variable THEN amount ELSE 0 END AS variable FROM cost
			UNION ALL
			SELECT period, category, true, amount, 0, 0 FROM plan
		) l
		GROUP BY 1, 2
	), booked AS (
		-- a period without any cost has not been booked
		SELECT DISTINCT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, 0 AS zero FROM cost c
	), node AS MATERIALIZED (
		-- a line counts for its own category and for all above it, up to the root
		SELECT l.period, array_to_string(l.path[1:d.depth], '/') AS category, d.depth, sum(l.budget) AS budget,
			sum(l.fixed + l.variable) AS actual, sum(l.fixed) AS fixed, sum(l.variable) AS variable,
			coalesce(sum(l.budget) FILTER (WHERE d.depth = cardinality(l.path)), 0) AS own_budget,
			coalesce(sum(l.fixed + l.variable) FILTER (WHERE d.depth = cardinality(l.path)), 0) AS own_actual,
			bool_or(l.planned) AS planned, coalesce(bool_or(l.planned) FILTER (WHERE d.depth = cardinality(l.path)), false) AS own_planned
		FROM line l, LATERAL generate_series(0, cardinality(l.path)) d(depth)
		GROUP BY 1, 2, 3
	), covered AS (
		SELECT DISTINCT n.period, n.category
		FROM node n, LATERAL generate_series(0, n.depth - 1) d(depth), node o
		WHERE NOT n.planned AND o.own_planned AND o.period = n.period
			AND o.category = array_to_string((string_to_array(n.category, '/'))[1:d.depth], '/')
	)
	SELECT n.period, n.category, n.depth, n.budget + unplanned, n.actual + b.zero, n.fixed + b.zero, n.variable + b.zero, n.own_budget + unplanned, n.own_actual + b.zero,
		v.variance, v.variance / nullif(n.budget, 0),
		CASE WHEN a.category IS NOT NULL THEN 'budgeted_above' WHEN v.variance > 0 THEN 'unfavourable' WHEN v.variance < 0 THEN 'favourable'
			WHEN v.variance = 0 THEN 'on_budget' END,
		abs(v.variance) > coalesce(threshold, 0.10) * abs(n.budget), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN node n ON n.period = p.period
	LEFT JOIN booked b ON b.period = p.period
	LEFT JOIN covered a ON a.period = n.period AND a.category = n.category,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false AND a.category IS NULL THEN n.actual + b.zero - n.budget - unplanned END AS variance) v
	ORDER BY n.period, string_to_array(n.category COLLATE "C", '/');
END
$$;
COMMENT ON FUNCTION nudge.budget_variance(regclass, regclass, date, date, text, text, timestamptz, numeric, text, text, integer) IS
	'Budget and actual cost by period and category, of every level of the tree of categories from the root down; a level is its own amount and all below it. Not STRICT: a NULL relation is not known, NULL options have a meaning';
