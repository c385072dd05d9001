/*
 * profitability.sql
 *		Revenue by stream, profit and loss, margins by plan, burn and runway,
 *		efficiency of what is spent.
 *
 * Definitions: doc/profitability.md.
 */

-- Reading revenue ---------------------------------------------------------

CREATE FUNCTION nudge.charge_lines(
	charges regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (day date, customer text, stream text, kind text, units numeric, rate numeric, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	-- the first condition lets an index be used: no zone is two days from UTC
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nudge.civil_date(i.at, $3) AS day, i.customer, lower(i.kind) AS kind, i.units, i.rate,
				coalesce(i.amount, i.units * i.rate) AS amount, i.currency
			FROM (%s) i
			WHERE i.at IS NULL
				OR i.at >= ($1 - 2)::timestamp AT TIME ZONE 'UTC' AND i.at < ($2 + 2)::timestamp AT TIME ZONE 'UTC'
				AND nudge.civil_date(i.at, $3) >= $1 AND nudge.civil_date(i.at, $3) < $2
				AND coalesce(i.at < $4, true)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $5) AS currency,
				nudge.check_input('charges', count(*) FILTER (WHERE NOT coalesce(l.day IS NOT NULL AND abs(l.amount) < 'Infinity', false)),
					'kind', min(coalesce(l.kind, '')) FILTER (WHERE coalesce(l.kind, '') NOT IN ('overage', 'service', 'setup', 'other')),
					'overage, service, setup and other')
			FROM line l
		)
		SELECT l.day, l.customer, CASE l.kind WHEN 'overage' THEN 'usage' WHEN 'service' THEN 'services' ELSE 'one_off' END,
			l.kind, l.units, l.rate, l.amount, one.currency
		FROM one, line l
	$query$, nudge.input_query('charges', charges))
	USING start_day, end_day, coalesce(zone, 'UTC'), as_of, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.charge_lines(regclass, date, date, text, timestamptz, text) IS
	'The charges of the days [start_day, end_day) of a zone before as_of, each with its stream of revenue: usage, services or one_off. Not STRICT: NULL charges are none, NULL options have a meaning';

CREATE FUNCTION nudge.usage_lines(usage regclass, start_day date, end_day date)
	RETURNS TABLE (period date, customer text, meter text, volume numeric, overage_volume numeric, rate numeric, amount numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.period IS NULL OR i.period >= $1 AND i.period < $2
		), one AS MATERIALIZED (
			SELECT nudge.check_input('usage', count(*) FILTER (WHERE NOT coalesce(isfinite(l.period) AND abs(l.volume) < 'Infinity'
				AND coalesce(abs(l.rate) < 'Infinity', true), false))) AS checked
			FROM line l
		)
		SELECT l.period, l.customer, l.meter, l.volume, o.volume, l.rate, o.volume * coalesce(l.rate, 0)
		FROM one, line l, LATERAL (SELECT coalesce(greatest(l.volume - l.plan_limit, 0), 0) AS volume) o
	$query$, nudge.input_query('usage', usage)) USING start_day, end_day;
END
$$;
COMMENT ON FUNCTION nudge.usage_lines(regclass, date, date) IS
	'Metered volume of the periods of [start_day, end_day), what of it is above the limit of the plan, and that times the rate: a NULL limit is no limit, a NULL rate is free. Not STRICT: NULL usage is none';

CREATE FUNCTION nudge.receipt_lines(
	payments regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (day date, customer text, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nudge.civil_date(i.at, $3) AS day, i.customer, lower(i.outcome) AS outcome, i.amount, i.currency
			FROM (%s) i
			WHERE i.at IS NULL
				OR i.at >= ($1 - 2)::timestamp AT TIME ZONE 'UTC' AND i.at < ($2 + 2)::timestamp AT TIME ZONE 'UTC'
				AND nudge.civil_date(i.at, $3) >= $1 AND nudge.civil_date(i.at, $3) < $2
				AND coalesce(i.at < $4, true)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $5) AS currency,
				nudge.check_input('payments', count(*) FILTER (WHERE NOT coalesce(l.day IS NOT NULL AND abs(l.amount) < 'Infinity', false)),
					'outcome', min(coalesce(l.outcome, '')) FILTER (WHERE coalesce(l.outcome, '') NOT IN ('paid', 'failed', 'refunded')),
					'paid, failed and refunded')
			FROM line l
		)
		SELECT l.day, l.customer, l.amount, one.currency FROM one, line l WHERE l.outcome = 'paid'
	$query$, nudge.input_query('payments', payments))
	USING start_day, end_day, coalesce(zone, 'UTC'), as_of, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.receipt_lines(regclass, date, date, text, timestamptz, text) IS
	'The payments of the days [start_day, end_day) of a zone before as_of that were collected and kept. Not STRICT: NULL payments are none, NULL options have a meaning';

CREATE FUNCTION nudge.cash_lines(cash regclass, start_day date, end_day date, expected_currency text DEFAULT NULL)
	RETURNS TABLE (day date, balance numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.day IS NULL OR i.day >= $1 AND i.day < $2
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('cash', count(*) FILTER (WHERE NOT coalesce(isfinite(l.day) AND abs(l.balance) < 'Infinity', false)))
			FROM line l
		)
		SELECT l.day, sum(l.balance), one.currency FROM one, line l GROUP BY l.day, one.currency
	$query$, nudge.input_query('cash', cash)) USING start_day, end_day, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.cash_lines(regclass, date, date, text) IS
	'Cash at the close of the days of [start_day, end_day) that have a balance, all accounts together. Not STRICT: NULL cash is none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.check_spread(spread text, usage regclass, meter text, start_day date, end_day date) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF spread NOT IN ('revenue', 'customers', 'usage', 'equal') THEN
		RAISE EXCEPTION 'unknown value "%" of spread', left(spread, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says how costs without a plan are spread over the plans.',
			HINT = 'It is one of revenue, customers, usage and equal.';
	ELSIF spread = 'usage' AND usage IS NULL THEN
		RAISE EXCEPTION 'spread by usage needs usage' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Costs are spread in proportion to the metered volume of the customers of a plan.',
			HINT = 'Pass the relation as usage.';
	ELSIF spread = 'usage' AND meter IS NULL AND (SELECT count(DISTINCT u.meter) FROM nudge.usage_lines(usage, start_day, end_day) u) > 1 THEN
		RAISE EXCEPTION 'volumes of different meters cannot be added up' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The usage of the window has more than one meter.',
			HINT = 'Name one as meter.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_spread(text, regclass, text, date, date) IS
	'An error unless costs can be spread over plans in this way. Not STRICT: NULLs have a meaning';

CREATE FUNCTION nudge.add_on_plans(plans regclass) RETURNS text[]
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT array_agg(i.plan) FROM (%s) i WHERE lower(i.kind) = ''addon''', nudge.input_query('plans', plans)) INTO found;
	RETURN coalesce(found, '{}');
END
$$;
COMMENT ON FUNCTION nudge.add_on_plans(regclass) IS 'The plans of kind addon. Not STRICT: NULL plans are none';

--@ for state=mrr_state,mrr_item_state totals=state,nudge.as_mrr_state(state) periods=mrr_periods,mrr_item_periods plan=NULL::text,i.plan items=false,true known=nudge.mrr_currency(state),NULL::text
CREATE FUNCTION nudge.recurring_days(state nudge.@state@, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (month date, customer text, plan text, mrr_days numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	-- which refuses a zone that the state does not take
	PERFORM nudge.mrr_at(@totals@, start_day, zone);
	RETURN QUERY
	SELECT m.month::date, i.customer, i.plan,
		sum(i.mrr * (least(i.valid_to, (m.month + interval '1 month')::date) - greatest(i.valid_from, m.month::date)))
	FROM (
		-- a day counts if the amount is in force at its close
		SELECT i.customer, @plan@ AS plan, i.mrr, greatest(nudge.civil_date(i.valid_from, zone), start_day) AS valid_from,
			coalesce(least(nudge.civil_date(i.valid_to, zone), end_day), end_day) AS valid_to
		FROM nudge.@periods@(state) i
		WHERE i.mrr > 0
	) i, LATERAL generate_series(nudge.period_start(i.valid_from, 'month')::timestamp, (i.valid_to - 1)::timestamp, interval '1 month') m(month)
	WHERE i.valid_from < i.valid_to
	GROUP BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION nudge.recurring_days(nudge.@state@, date, date, text) IS
	'MRR times the days on which it was in force, by month, customer and plan, within [start_day, end_day): over the days of the month it is recurring revenue';

CREATE FUNCTION nudge.recurring_plan_days(state nudge.@state@, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (month date, plan text, mrr_days numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 COST 10000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.mrr_at(@totals@, start_day, zone);
	-- by starts and ends, which are far fewer than the months between them
	RETURN QUERY
	WITH change AS MATERIALIZED (
		SELECT i.plan, c.day, sum(c.mrr) AS mrr
		FROM (
			SELECT @plan@ AS plan, i.mrr, greatest(nudge.civil_date(i.valid_from, zone), start_day) AS valid_from,
				coalesce(least(nudge.civil_date(i.valid_to, zone), end_day), end_day) AS valid_to
			FROM nudge.@periods@(state) i
			WHERE i.mrr > 0
		) i, LATERAL (VALUES (i.valid_from, i.mrr), (i.valid_to, -i.mrr)) c(day, mrr)
		WHERE i.valid_from < i.valid_to
		GROUP BY i.plan, c.day
	), level AS (
		SELECT d.plan, d.day, sum(sum(d.mrr)) OVER days AS mrr, lead(d.day, 1, end_day) OVER days AS until_day
		FROM (
			SELECT c.plan, c.day, c.mrr FROM change c
			UNION ALL
			-- a new month
			SELECT p.plan, m.month::date, 0 FROM (SELECT DISTINCT c.plan FROM change c) p,
				generate_series(nudge.period_end(start_day, 'month')::timestamp, (end_day - 1)::timestamp, interval '1 month') m(month)
		) d
		GROUP BY d.plan, d.day
		WINDOW days AS (PARTITION BY d.plan ORDER BY d.day)
	)
	SELECT nudge.period_start(l.day, 'month'), l.plan, sum(l.mrr * (l.until_day - l.day))
	FROM level l
	WHERE l.day < end_day
	GROUP BY 1, 2
	HAVING sum(l.mrr * (l.until_day - l.day)) > 0;
END
$$;
COMMENT ON FUNCTION nudge.recurring_plan_days(nudge.@state@, date, date, text) IS
	'Works for revenue_streams: the sum of recurring_days over customers';

CREATE FUNCTION nudge.revenue_streams(
	state nudge.@state@,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	stream text,
	plan text,
	detail text,
	volume numeric,
	rate numeric,
	amount numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	base constant text := nudge.single_currency(array_remove(ARRAY[@known@], NULL), currency);
	first_day date;
	known_day date;
	closed_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	-- MRR of a day is that of its close
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	RETURN QUERY
	WITH charge AS MATERIALIZED (
		SELECT * FROM nudge.charge_lines(charges, first_day, known_day, zone, as_of, base)
	), one AS MATERIALIZED (
		SELECT coalesce(base, min(c.currency)) AS currency, coalesce(nudge.currency_minor_unit(coalesce(base, min(c.currency))), 2) AS minor_unit
		FROM charge c
	), cell AS (
		SELECT r.month, r.plan, r.mrr_days FROM nudge.recurring_plan_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
	), main AS (
		-- charges and usage belong to the plan that the customer pays most for in the month
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM nudge.recurring_days(CASE WHEN closed_day > first_day AND (charges IS NOT NULL OR usage IS NOT NULL) THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), billed AS (
		SELECT nudge.period_start(c.day, 'month') AS month, c.customer, c.stream, c.kind AS detail, c.units AS volume, c.rate, c.amount
		FROM charge c
		WHERE usage IS NULL OR c.stream <> 'usage'
		UNION ALL
		SELECT nudge.period_start(u.period, 'month'), u.customer, 'usage', u.meter, u.overage_volume, u.rate, u.amount
		FROM nudge.usage_lines(usage, first_day, known_day) u
		WHERE u.overage_volume > 0
	), line AS (
		-- the parts of a month sum to its rounded total
		SELECT t.month, CASE WHEN s.plan = ANY (add_ons) THEN 'add_ons' ELSE 'subscriptions' END AS stream, s.plan,
			NULL AS detail, NULL::numeric AS volume, NULL::numeric AS rate, s.amount
		FROM (SELECT c.month, array_agg(c.plan ORDER BY c.plan COLLATE "C") AS plans,
				nudge.apportion(round(sum(c.mrr_days) / (nudge.period_end(c.month, 'month') - c.month), one.minor_unit),
					array_agg(c.mrr_days ORDER BY c.plan COLLATE "C"), one.minor_unit) AS amounts
			FROM cell c, one GROUP BY c.month, one.minor_unit) t, LATERAL unnest(t.plans, t.amounts) s(plan, amount)
		UNION ALL
		SELECT b.month, b.stream, m.plan, b.detail, sum(b.volume), b.rate, sum(b.amount)
		FROM billed b LEFT JOIN main m ON m.month = b.month AND m.customer = b.customer
		GROUP BY b.month, b.stream, m.plan, b.detail, b.rate
	)
	SELECT p.period, l.stream, l.plan, l.detail, sum(l.volume), l.rate, sum(l.amount), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN line l ON l.month >= p.period AND l.month < p.period_end
	GROUP BY p.period, l.stream, l.plan, l.detail, l.rate, one.currency, p.complete
	ORDER BY p.period, array_position('{subscriptions,add_ons,usage,services,one_off}', l.stream), l.plan COLLATE "C", l.detail COLLATE "C", l.rate;
END
$$;
COMMENT ON FUNCTION nudge.revenue_streams(nudge.@state@, date, date, regclass, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Revenue by period, stream, plan, detail and rate: subscriptions and add_ons from MRR by day, usage, services and one_off as charged; with usage given, overage is computed from it and not read from charges. Not STRICT: NULL inputs are none, NULL options have a meaning';

CREATE FUNCTION nudge.pnl(
	state nudge.@state@,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	subscription_revenue numeric,
	add_on_revenue numeric,
	recurring_revenue numeric,
	usage_revenue numeric,
	services_revenue numeric,
	one_off_revenue numeric,
	revenue numeric,
	infrastructure_cost numeric,
	support_cost numeric,
	cost_of_revenue numeric,
	gross_profit numeric,
	gross_margin_rate numeric,
	variable_acquisition_cost numeric,
	contribution_margin numeric,
	contribution_margin_rate numeric,
	marketing_cost numeric,
	sales_cost numeric,
	sales_and_marketing numeric,
	research_and_development numeric,
	general_and_administrative numeric,
	other_cost numeric,
	total_cost numeric,
	fixed_cost numeric,
	variable_cost numeric,
	operating_result numeric,
	operating_margin_rate numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	first_day date;
	known_day date;
	-- what was not given is unknown, and not 0
	subscribed constant numeric := CASE WHEN state IS NOT NULL THEN 0 END;
	added constant numeric := CASE WHEN state IS NOT NULL AND plans IS NOT NULL AND @items@ THEN 0 END;
	used constant numeric := CASE WHEN charges IS NOT NULL OR usage IS NOT NULL THEN 0 END;
	charged constant numeric := CASE WHEN charges IS NOT NULL THEN 0 END;
	earned constant numeric := coalesce(subscribed, used);
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, pnl.currency)
	), stream AS MATERIALIZED (
		SELECT s.* FROM (SELECT coalesce(pnl.currency, min(c.currency)) AS currency FROM cost c) k,
			LATERAL nudge.revenue_streams(state, start_day, end_day, charges, usage, plans, unit, zone, as_of, k.currency, first_month) s
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency) FILTER (WHERE l.currency IS NOT NULL), pnl.currency) AS currency
		FROM (SELECT s.currency_code AS currency FROM stream s UNION SELECT c.currency FROM cost c) l
	), earning AS (
		SELECT s.period, sum(s.amount) AS revenue,
			sum(s.amount) FILTER (WHERE s.stream IN ('subscriptions', 'add_ons')) AS recurring,
			sum(s.amount) FILTER (WHERE s.stream = 'subscriptions') AS subscriptions,
			sum(s.amount) FILTER (WHERE s.stream = 'add_ons') AS add_ons,
			sum(s.amount) FILTER (WHERE s.stream = 'usage') AS usage,
			sum(s.amount) FILTER (WHERE s.stream = 'services') AS services,
			sum(s.amount) FILTER (WHERE s.stream = 'one_off') AS one_off
		FROM stream s GROUP BY s.period
	), spending AS (
		SELECT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, sum(c.amount) AS cost,
			sum(c.amount) FILTER (WHERE c.part = 'infrastructure') AS infrastructure,
			sum(c.amount) FILTER (WHERE c.part = 'support') AS support,
			sum(c.amount) FILTER (WHERE c.role = 'cost_of_revenue') AS delivery,
			sum(c.amount) FILTER (WHERE c.role = 'sales_and_marketing' AND c.variable) AS variable_acquisition,
			sum(c.amount) FILTER (WHERE c.part = 'marketing') AS marketing,
			sum(c.amount) FILTER (WHERE c.part = 'sales') AS sales,
			sum(c.amount) FILTER (WHERE c.role = 'sales_and_marketing') AS acquisition,
			sum(c.amount) FILTER (WHERE c.role = 'research_and_development') AS development,
			sum(c.amount) FILTER (WHERE c.role = 'general_and_administrative') AS administration,
			sum(c.amount) FILTER (WHERE c.role = 'other') AS other,
			sum(c.amount) FILTER (WHERE NOT c.variable) AS fixed, sum(c.amount) FILTER (WHERE c.variable) AS variable
		FROM cost c GROUP BY 1
	)
	SELECT p.period, coalesce(e.subscriptions, subscribed), coalesce(e.add_ons, added), coalesce(e.recurring, subscribed),
		coalesce(e.usage, used), coalesce(e.services, charged), coalesce(e.one_off, charged), v.revenue,
		coalesce(c.infrastructure, v.spent), coalesce(c.support, v.spent), v.delivery,
		g.gross_profit, g.gross_profit / nullif(v.revenue, 0), v.variable_acquisition,
		g.gross_profit - v.variable_acquisition, (g.gross_profit - v.variable_acquisition) / nullif(v.revenue, 0),
		coalesce(c.marketing, v.spent), coalesce(c.sales, v.spent), coalesce(c.acquisition, v.spent), coalesce(c.development, v.spent),
		coalesce(c.administration, v.spent), coalesce(c.other, v.spent), v.cost,
		coalesce(c.fixed, v.spent), coalesce(c.variable, v.spent),
		g.operating_result, g.operating_result / nullif(v.revenue, 0), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	LEFT JOIN earning e ON e.period = p.period
	LEFT JOIN spending c ON c.period = p.period,
		-- a period without any cost has not been booked
		LATERAL (SELECT CASE WHEN c.period IS NOT NULL THEN 0 END AS spent) b,
		LATERAL (SELECT b.spent, coalesce(e.revenue, earned) AS revenue, coalesce(c.cost, b.spent) AS cost,
			coalesce(c.delivery, b.spent) AS delivery, coalesce(c.variable_acquisition, b.spent) AS variable_acquisition) v,
		-- revenue of some days less costs of the whole period would say nothing
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN v.revenue - v.delivery END AS gross_profit,
			CASE WHEN p.complete IS DISTINCT FROM false THEN v.revenue - v.cost END AS operating_result) g
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.pnl(nudge.@state@, regclass, date, date, regclass, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Management profit and loss by period: streams of revenue, roles of cost, gross profit, contribution margin and operating result; costs of a period that has none are NULL, as is the profit of one that is not complete. Not STRICT: a NULL input is not known, NULL options have a meaning';
CREATE FUNCTION nudge.burn(
	state nudge.@state@,
	costs regclass,
	start_day date,
	end_day date,
	cash regclass DEFAULT NULL,
	payments regclass DEFAULT NULL,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	receipts numeric,
	gross_burn numeric,
	net_burn numeric,
	mean_net_burn numeric,
	cash_day date,
	cash_balance numeric,
	runway_months numeric,
	profitable boolean,
	net_new_arr numeric,
	burn_multiple numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	first_day date;
	known_day date;
BEGIN
	-- the three months before the first one matter too
	SELECT (min(p.period) - interval '3 months')::date, max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, 'month', zone, as_of) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT nudge.period_start(c.period, 'month') AS month, sum(c.amount) AS amount, c.currency
		FROM nudge.cost_lines(costs, first_day, known_day, burn.currency) c GROUP BY 1, 3
	), payment AS MATERIALIZED (
		SELECT nudge.period_start(y.day, 'month') AS month, sum(y.amount) AS amount, y.currency
		FROM nudge.receipt_lines(payments, first_day, known_day, zone, as_of, burn.currency) y GROUP BY 1, 3
	), stream AS MATERIALIZED (
		SELECT s.period AS month, sum(s.amount) AS amount, s.currency_code AS currency
		FROM (SELECT coalesce(burn.currency, min(c.currency)) AS currency FROM cost c) k,
			LATERAL nudge.revenue_streams(CASE WHEN payments IS NULL THEN state END, first_day, end_day, CASE WHEN payments IS NULL THEN charges END,
				CASE WHEN payments IS NULL THEN usage END, NULL, 'month', zone, as_of, k.currency) s
		GROUP BY 1, 3
	), balance AS MATERIALIZED (
		SELECT * FROM nudge.cash_lines(cash, first_day, known_day, burn.currency)
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency) FILTER (WHERE l.currency IS NOT NULL), burn.currency) AS currency
		FROM (SELECT c.currency FROM cost c UNION SELECT y.currency FROM payment y UNION SELECT s.currency FROM stream s
			UNION SELECT b.currency FROM balance b UNION SELECT @known@) l
	), flow AS MATERIALIZED (
		SELECT p.period, p.period_end, p.known_end, p.complete, c.amount AS spent, r.received,
			CASE WHEN p.complete IS DISTINCT FROM false THEN c.amount - r.received END AS net
		FROM nudge.report_periods(first_day, end_day, 'month', zone, as_of) p
		LEFT JOIN cost c ON c.month = p.period
		LEFT JOIN payment y ON y.month = p.period
		LEFT JOIN stream s ON s.month = p.period,
			LATERAL (SELECT coalesce(y.amount, s.amount,
				CASE WHEN payments IS NOT NULL OR state IS NOT NULL OR charges IS NOT NULL OR usage IS NOT NULL THEN 0 END) AS received) r
	)
	SELECT f.period, f.received, f.spent, f.net, m.net, b.day, b.balance,
		CASE WHEN m.net > 0 THEN CASE WHEN b.balance < 0 THEN 0 ELSE b.balance / m.net END END, m.net <= 0,
		a.arr, f.net / nullif(greatest(a.arr, 0), 0), one.currency, f.complete
	FROM one, flow f
	LEFT JOIN LATERAL (
		SELECT l.day, sum(l.balance) AS balance FROM balance l
		WHERE l.day >= f.period AND l.day < f.known_end
		GROUP BY l.day ORDER BY l.day DESC LIMIT 1
	) b ON true
	LEFT JOIN LATERAL (
		-- the last three months that are complete: this one, or those before it
		SELECT sum(n.net) / 3 AS net FROM flow n
		WHERE n.period <= CASE WHEN f.complete IS DISTINCT FROM false THEN f.period ELSE (f.period - interval '1 month')::date END
			AND n.period > (f.period - CASE WHEN f.complete IS DISTINCT FROM false THEN interval '3 months' ELSE interval '4 months' END)::date
		HAVING count(n.net) = 3
	) m ON true,
		LATERAL (SELECT CASE WHEN f.complete IS DISTINCT FROM false
			THEN 12 * (nudge.mrr_at(@totals@, f.period_end - 1, coalesce(zone, 'UTC')) - nudge.mrr_at(@totals@, f.period - 1, coalesce(zone, 'UTC'))) END AS arr) a
	WHERE f.period >= nudge.period_start(start_day, 'month')
	ORDER BY f.period;
END
$$;
COMMENT ON FUNCTION nudge.burn(nudge.@state@, regclass, date, date, regclass, regclass, regclass, regclass, text, timestamptz, text) IS
	'Burn by month: costs, receipts from payments or else revenue, net burn, and how many months cash lasts at the mean net burn of the last three complete months. Not STRICT: a NULL input is not known, NULL options have a meaning';

CREATE FUNCTION nudge.magic_number(
	state nudge.@state@,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	revenue numeric,
	previous_revenue numeric,
	sales_and_marketing numeric,
	previous_sales_and_marketing numeric,
	magic_number numeric,
	revenue_growth_to_acquisition_cost numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	first_day constant date := nudge.period_start(start_day, 'quarter', fiscal_year_start => coalesce(fiscal_year_start, 1));
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	SELECT q.period, q.revenue, q.revenue_before, q.sales_and_marketing, q.cost_before,
		g.growth * 4 / nullif(q.cost_before, 0), g.growth / nullif(q.sales_and_marketing, 0), q.currency_code, q.complete
	FROM (SELECT p.period, p.revenue, p.sales_and_marketing, p.currency_code, p.complete,
			lag(p.revenue) OVER (ORDER BY p.period) AS revenue_before, lag(p.sales_and_marketing) OVER (ORDER BY p.period) AS cost_before
		FROM nudge.pnl(state, costs, (first_day - interval '3 months')::date, end_day, charges, usage, NULL, 'quarter', zone, as_of,
			magic_number.currency, coalesce(fiscal_year_start, 1)) p) q,
		LATERAL (SELECT CASE WHEN q.complete IS DISTINCT FROM false THEN q.revenue - q.revenue_before END AS growth) g
	WHERE q.period >= first_day
	ORDER BY q.period;
END
$$;
COMMENT ON FUNCTION nudge.magic_number(nudge.@state@, regclass, date, date, regclass, regclass, text, timestamptz, text, integer) IS
	'Magic number by quarter: four times the growth of revenue over the quarter before, to the sales and marketing cost of the quarter before; beside it growth to the cost of the same quarter, not annualised. Not STRICT: a NULL input is not known, NULL options have a meaning';

CREATE FUNCTION nudge.unit_costs(
	state nudge.@state@,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	customers bigint,
	revenue numeric,
	total_cost numeric,
	acquisition_cost_per_active_customer numeric,
	delivery_cost_per_customer numeric,
	total_cost_per_customer numeric,
	delivery_cost_ratio numeric,
	support_cost_ratio numeric,
	sales_and_marketing_ratio numeric,
	research_and_development_ratio numeric,
	general_and_administrative_ratio numeric,
	sales_efficiency numeric,
	marketing_efficiency numeric,
	sales_and_marketing_efficiency numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT p.period, n.customers, p.revenue, p.total_cost,
		d.whole * p.sales_and_marketing / nullif(n.customers, 0), d.whole * p.cost_of_revenue / nullif(n.customers, 0),
		d.whole * p.total_cost / nullif(n.customers, 0),
		p.cost_of_revenue / nullif(d.revenue, 0), p.support_cost / nullif(d.revenue, 0), p.sales_and_marketing / nullif(d.revenue, 0),
		p.research_and_development / nullif(d.revenue, 0), p.general_and_administrative / nullif(d.revenue, 0),
		d.revenue / nullif(p.sales_cost, 0), d.revenue / nullif(p.marketing_cost, 0), d.revenue / nullif(p.sales_and_marketing, 0),
		p.currency_code, p.complete
	FROM nudge.pnl(state, costs, start_day, end_day, charges, usage, NULL, grain, zone, as_of, unit_costs.currency, fiscal_year_start) p,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false
			THEN nudge.customers_at(@totals@, nudge.period_end(p.period, lower(coalesce(grain, 'month')),
				fiscal_year_start => coalesce(fiscal_year_start, 1)) - 1, coalesce(zone, 'UTC')) END AS customers) n,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN 1 END AS whole,
			CASE WHEN p.complete IS DISTINCT FROM false THEN p.revenue END AS revenue) d
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.unit_costs(nudge.@state@, regclass, date, date, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Cost per customer, costs as shares of revenue, and revenue to what is spent on sales and marketing; NULL for a period that is not complete. Not STRICT: a NULL input is not known, NULL options have a meaning';
--@ end

-- By plan -----------------------------------------------------------------

CREATE FUNCTION nudge.plan_margins(
	state nudge.mrr_item_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	spread text DEFAULT 'revenue',
	meter text DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	plan text,
	customer_months bigint,
	revenue numeric,
	direct_cost_of_revenue numeric,
	shared_cost_of_revenue numeric,
	cost_of_revenue numeric,
	gross_profit numeric,
	gross_margin_rate numeric,
	direct_acquisition_cost numeric,
	shared_acquisition_cost numeric,
	variable_acquisition_cost numeric,
	contribution_margin numeric,
	contribution_margin_rate numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	by_what constant text := lower(coalesce(spread, 'revenue'));
	first_day date;
	known_day date;
	closed_day date;
	-- what was not given is unknown, and not 0
	earned constant numeric := CASE WHEN state IS NOT NULL OR charges IS NOT NULL OR usage IS NOT NULL THEN 0 END;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	PERFORM nudge.check_spread(by_what, usage, meter, first_day, known_day);
	RETURN QUERY
	WITH cost_line AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, plan_margins.currency)
	), stream AS MATERIALIZED (
		SELECT s.* FROM (SELECT coalesce(plan_margins.currency, min(c.currency)) AS currency FROM cost_line c) k,
			LATERAL nudge.revenue_streams(state, start_day, end_day, charges, usage, plans, unit, zone, as_of, k.currency, first_month) s
	), booked AS (
		-- a period without any cost has not been booked
		SELECT DISTINCT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, 0 AS zero FROM cost_line c
	), cost AS (
		SELECT * FROM cost_line c
		WHERE c.role = 'cost_of_revenue' OR c.role = 'sales_and_marketing' AND c.variable
	), one AS MATERIALIZED (
		SELECT l.currency, coalesce(nudge.currency_minor_unit(l.currency), 2) AS minor_unit
		FROM (SELECT nudge.single_currency(array_agg(DISTINCT c.currency) FILTER (WHERE c.currency IS NOT NULL), plan_margins.currency) AS currency
			FROM (SELECT s.currency_code AS currency FROM stream s
				UNION SELECT c.currency FROM cost_line c) c) l
	), main AS MATERIALIZED (
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM nudge.recurring_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), metered AS (
		SELECT nudge.period_start(u.period, 'month') AS month, m.plan, sum(u.volume) AS volume
		FROM nudge.usage_lines(CASE by_what WHEN 'usage' THEN usage END, first_day, known_day) u
		LEFT JOIN main m ON m.month = nudge.period_start(u.period, 'month') AND m.customer = u.customer
		WHERE u.meter = plan_margins.meter OR plan_margins.meter IS NULL
		GROUP BY 1, 2
	), part AS (
		SELECT s.period AS month, s.plan, s.amount AS revenue, 0 AS delivery, 0 AS acquisition, 0 AS customers, 0 AS volume, false AS shared FROM stream s
		UNION ALL
		SELECT nudge.period_start(c.period, 'month'), c.plan, 0, coalesce(sum(c.amount) FILTER (WHERE c.role = 'cost_of_revenue'), 0),
			coalesce(sum(c.amount) FILTER (WHERE c.role <> 'cost_of_revenue'), 0), 0, 0, c.plan IS NULL
		FROM cost c GROUP BY 1, 2
		UNION ALL
		SELECT m.month, m.plan, 0, 0, 0, count(*), 0, false FROM main m GROUP BY 1, 2
		UNION ALL
		SELECT u.month, u.plan, 0, 0, 0, 0, u.volume, false FROM metered u
	), cell AS (
		SELECT p.period, a.plan, sum(a.revenue) AS revenue, sum(a.customers) AS customers, sum(a.volume) AS volume,
			coalesce(sum(a.delivery) FILTER (WHERE NOT a.shared), 0) AS delivery,
			coalesce(sum(a.acquisition) FILTER (WHERE NOT a.shared), 0) AS acquisition,
			bool_and(a.shared) AS only_shared
		FROM part a JOIN nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p ON a.month >= p.period AND a.month < p.period_end
		GROUP BY p.period, a.plan
	), pool AS (
		SELECT p.period, sum(a.delivery) AS delivery, sum(a.acquisition) AS acquisition
		FROM part a JOIN nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p ON a.month >= p.period AND a.month < p.period_end
		WHERE a.shared GROUP BY p.period
	), weighed AS (
		SELECT c.*, greatest(CASE by_what WHEN 'revenue' THEN c.revenue WHEN 'customers' THEN c.customers WHEN 'usage' THEN c.volume
			ELSE (c.plan IS NOT NULL)::integer END, 0) AS weight
		FROM cell c
	), spreading AS (
		SELECT w.period, array_agg(w.plan ORDER BY w.plan COLLATE "C") AS plans,
			nudge.apportion(l.delivery, array_agg(w.weight ORDER BY w.plan COLLATE "C"), one.minor_unit) AS delivery,
			nudge.apportion(l.acquisition, array_agg(w.weight ORDER BY w.plan COLLATE "C"), one.minor_unit) AS acquisition,
			sum(w.weight) AS weight
		FROM one, weighed w JOIN pool l ON l.period = w.period
		GROUP BY w.period, l.delivery, l.acquisition, one.minor_unit
	), share AS (
		SELECT s.period, t.plan, t.delivery, t.acquisition
		FROM spreading s, LATERAL unnest(s.plans, s.delivery, s.acquisition) t(plan, delivery, acquisition)
		WHERE s.weight > 0
		UNION ALL
		-- nothing to go by: it stays with no plan
		SELECT s.period, NULL, l.delivery, l.acquisition
		FROM spreading s JOIN pool l ON l.period = s.period WHERE s.weight = 0
	)
	SELECT w.period, w.plan, w.customers::bigint, w.revenue + earned, w.delivery + b.zero, v.shared_delivery, v.delivery,
		g.profit, g.profit / nullif(w.revenue, 0), w.acquisition + b.zero, v.shared_acquisition, v.acquisition,
		g.profit - v.acquisition, (g.profit - v.acquisition) / nullif(w.revenue, 0), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN weighed w ON w.period = p.period
	LEFT JOIN share h ON h.period = w.period AND h.plan IS NOT DISTINCT FROM w.plan
	LEFT JOIN booked b ON b.period = p.period,
		LATERAL (SELECT coalesce(h.delivery, b.zero) AS shared_delivery, coalesce(h.acquisition, b.zero) AS shared_acquisition) u,
		LATERAL (SELECT u.shared_delivery, w.delivery + u.shared_delivery AS delivery,
			u.shared_acquisition, w.acquisition + u.shared_acquisition AS acquisition) v,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN w.revenue + earned - v.delivery END AS profit) g
	WHERE NOT (w.only_shared AND v.shared_delivery = 0 AND v.shared_acquisition = 0)
	ORDER BY w.period, w.plan COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.plan_margins(nudge.mrr_item_state, regclass, date, date, regclass, regclass, regclass, text, text, text, text, timestamptz, text, integer) IS
	'Gross and contribution margin by period and plan: costs with a plan are its own, the others are spread by revenue, customers, usage or equally, and sum exactly. Not STRICT: a NULL input is not known, NULL options have a meaning';
