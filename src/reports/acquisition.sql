/*
 * acquisition.sql
 *		What it costs to win a customer, and what a customer is worth.
 *
 * Definitions: doc/acquisition.md.
 */

-- What it costs -----------------------------------------------------------

CREATE FUNCTION nudge.spend_lines(spend regclass, start_day date, end_day date, expected_currency text DEFAULT NULL)
	RETURNS TABLE (day date, channel text, campaign text, amount numeric, currency text, impressions bigint, clicks bigint, partner text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.day IS NULL OR i.day >= $1 AND i.day < $2
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('spend', count(*) FILTER (WHERE NOT coalesce(isfinite(l.day) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		)
		SELECT l.day, l.channel, l.campaign, l.amount, one.currency, l.impressions, l.clicks, l.partner FROM one, line l
	$query$, nudge.input_query('spend', spend)) USING start_day, end_day, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.spend_lines(regclass, date, date, text) IS
	'The spend of [start_day, end_day): the drill-down of cost by channel and campaign. Not STRICT: NULL spend is none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.acquisition_lines(
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	expected_currency text DEFAULT NULL
) RETURNS TABLE (day date, component text, source text, category text, amount numeric, counted boolean, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counted_source constant text := coalesce(ad_spend, CASE WHEN spend IS NULL THEN 'costs' ELSE 'spend' END);
BEGIN
	IF counted_source NOT IN ('spend', 'costs', 'both') THEN
		RAISE EXCEPTION 'unknown value "%" of "ad_spend"', left(counted_source, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It says which relation has the money spent on ads: spend, costs, or both, each its own.',
				HINT = 'Leave it out for spend, or, without such a relation, for costs.';
	END IF;
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT s.day, 'marketing' AS component, 'spend' AS source, s.channel AS category, s.amount, counted_source <> 'costs' AS counted, s.currency
			FROM nudge.spend_lines(spend, start_day, end_day, expected_currency) s
			UNION ALL
			SELECT c.period, CASE WHEN '/' || c.category || '/' LIKE '%/tools/%' THEN 'tools' ELSE coalesce(c.part, 'other') END, 'costs', c.category, c.amount,
				counted_source <> 'spend' OR NOT EXISTS (SELECT FROM unnest(ad_categories) a WHERE c.category = a OR starts_with(c.category, a || '/')), c.currency
			FROM nudge.cost_lines(costs, start_day, end_day, expected_currency) c
			WHERE c.role = 'sales_and_marketing'
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), expected_currency) AS currency FROM line l
		)
		SELECT l.day, l.component, l.source, l.category, l.amount, l.counted, one.currency FROM one, line l;
END
$$;
COMMENT ON FUNCTION nudge.acquisition_lines(regclass, regclass, date, date, text, text[], text) IS
	'The spend and the costs of acquisition of [start_day, end_day), each with its component, and whether it counts or stands in the other relation too: the drill-down of acquisition_cost. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.acquisition_cost(
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	new_customers numeric DEFAULT NULL,
	overhead_rate numeric DEFAULT 0.20,
	overhead_pool numeric DEFAULT NULL,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	currency text DEFAULT NULL
) RETURNS TABLE (
	component text,
	amount numeric,
	share numeric,
	cost_per_customer numeric,
	not_counted numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 6 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_overhead(overhead_rate, overhead_pool);
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT l.component, sum(l.amount) FILTER (WHERE l.counted) AS amount, sum(l.amount) FILTER (WHERE NOT l.counted) AS not_counted, min(l.currency) AS currency
			FROM nudge.acquisition_lines(spend, costs, start_day, end_day, ad_spend, ad_categories, acquisition_cost.currency) l
			GROUP BY l.component
		), direct AS (
			SELECT o.place, o.component, coalesce(l.amount, 0) AS amount, coalesce(l.not_counted, 0) AS not_counted
			FROM unnest(ARRAY['marketing', 'sales', 'tools', 'other']) WITH ORDINALITY o(component, place)
			LEFT JOIN line l ON l.component = o.component
		), loaded AS (
			SELECT d.* FROM direct d
			UNION ALL
			SELECT 5, 'overhead', coalesce(overhead_rate, 0) * coalesce(overhead_pool, sum(d.amount)), 0 FROM direct d
		), total AS (
			SELECT sum(l.amount) AS amount, sum(l.not_counted) AS not_counted FROM loaded l
		)
		SELECT l.component, l.amount, l.amount / nullif(t.amount, 0), l.amount / nullif(new_customers, 0), l.not_counted,
			coalesce((SELECT min(k.currency) FROM line k), upper(acquisition_cost.currency))
		FROM (SELECT a.* FROM loaded a UNION ALL SELECT 6, 'total', b.amount, b.not_counted FROM total b) l, total t
		ORDER BY l.place;
END
$$;
COMMENT ON FUNCTION nudge.acquisition_cost(regclass, regclass, date, date, numeric, numeric, numeric, text, text[], text) IS
	'Fully loaded cost of acquisition in a window, a row per component (marketing, sales, tools, other, overhead, total), and per new customer if their number is given. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.check_overhead(overhead_rate numeric, overhead_pool numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (coalesce(overhead_rate, 0) >= 0 AND coalesce(overhead_rate, 0) < 'Infinity' AND coalesce(overhead_pool, 0) >= 0 AND coalesce(overhead_pool, 0) < 'Infinity') THEN
		RAISE EXCEPTION 'overhead must be a number that is not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('The rate is %s, the pool %s.', overhead_rate, coalesce(overhead_pool::text, 'not given')),
				HINT = 'Pass a rate of 0 to do without it.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_overhead(numeric, numeric) IS
	'An error if a rate or a pool of overhead is no amount. Not STRICT: NULL is none';

CREATE FUNCTION nudge.customer_acquisition_cost(
	state nudge.mrr_state,
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	cost_lag interval DEFAULT '0',
	gross_margin numeric DEFAULT 1,
	overhead_rate numeric DEFAULT 0.20,
	overhead_pool numeric DEFAULT NULL,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	marketing_cost numeric,
	sales_cost numeric,
	tools_cost numeric,
	other_cost numeric,
	overhead_cost numeric,
	total_cost numeric,
	new_customers bigint,
	new_mrr numeric,
	cac numeric,
	arpa numeric,
	payback_months numeric,
	revenue_payback_months numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	code constant text := nudge.single_currency(array_remove(ARRAY[nudge.mrr_currency(state)], NULL), currency);
	first_day date;
	last_day date;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day), nudge.check_overhead(overhead_rate, overhead_pool);
	IF NOT coalesce(start_day - cost_lag BETWEEN '4000-01-01 BC' AND start_day, false) THEN
		RAISE EXCEPTION 'cost_lag must not be negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is how long before its customers money is spent.',
				HINT = 'Leave it out to set the cost of a period against the customers of the same.';
	END IF;
	-- with a grain whole periods, without one the window as it is
	SELECT (min(p.period) - cost_lag)::date, (max(p.known_end) - cost_lag)::date INTO first_day, last_day
	FROM nudge.acquisition_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT l.day, l.component, sum(l.amount) AS amount, min(l.currency) AS currency
			FROM nudge.acquisition_lines(spend, costs, first_day, last_day, ad_spend, ad_categories, code) l
			WHERE l.counted GROUP BY l.day, l.component
		), cost AS (
			SELECT p.period, p.known_end, p.complete, coalesce(sum(l.amount) FILTER (WHERE l.component = 'marketing'), 0) AS marketing,
				coalesce(sum(l.amount) FILTER (WHERE l.component = 'sales'), 0) AS sales, coalesce(sum(l.amount) FILTER (WHERE l.component = 'tools'), 0) AS tools,
				coalesce(sum(l.amount) FILTER (WHERE l.component = 'other'), 0) AS other, coalesce(sum(l.amount), 0) AS direct
			FROM nudge.acquisition_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p
			LEFT JOIN line l ON l.day >= (p.period - cost_lag)::date AND l.day < (p.known_end - cost_lag)::date
			GROUP BY p.period, p.known_end, p.complete
		)
		SELECT c.period, c.marketing, c.sales, c.tools, c.other, o.overhead, c.direct + o.overhead, n.new_customers, n.new_mrr, u.cac, u.arpa,
			CASE WHEN u.cac >= 0 THEN nudge.cac_payback_months(u.cac, u.arpa, gross_margin) END,
			CASE WHEN u.cac >= 0 THEN nudge.cac_payback_months(u.cac, u.arpa) END,
			coalesce(code, (SELECT min(l.currency) FROM line l)), c.complete
		FROM cost c
		LEFT JOIN LATERAL nudge.mrr_summary(state, c.period, c.known_end, coalesce(zone, 'UTC'), 'event') n ON true,
			LATERAL (SELECT coalesce(overhead_rate, 0) * coalesce(overhead_pool, c.direct) AS overhead) o,
			LATERAL (SELECT (c.direct + o.overhead) / nullif(n.new_customers, 0) AS cac, n.closing_mrr / nullif(n.closing_customers, 0) AS arpa) u
		ORDER BY c.period;
END
$$;
COMMENT ON FUNCTION nudge.customer_acquisition_cost(nudge.mrr_state, regclass, regclass, date, date, text, text, timestamptz, interval, numeric, numeric, numeric, text, text[], text, integer) IS
	'Blended, fully loaded CAC of a window or of each period in it: cost of acquisition over the customers whose first MRR began, and the months until ARPA has paid it back. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.acquisition_periods(start_day date, end_day date, grain text, zone text, as_of timestamptz, fiscal_year_start integer)
	RETURNS TABLE (period date, known_end date, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT p.period, p.known_end, p.complete
	FROM nudge.report_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p
	WHERE grain IS NOT NULL
	UNION ALL
	SELECT start_day, least(end_day, k.known), end_day <= nudge.civil_date(as_of, coalesce(zone, 'UTC'))
	FROM (SELECT nudge.civil_date(as_of - interval '1 microsecond', coalesce(zone, 'UTC')) + 1 AS known) k
	WHERE grain IS NULL AND start_day < coalesce(k.known, end_day);
END;
COMMENT ON FUNCTION nudge.acquisition_periods(date, date, text, text, timestamptz, integer) IS
	'Works for customer_acquisition_cost: its periods, or the window itself. Not STRICT: a NULL grain is the window, NULL options have a meaning';

-- What it is worth --------------------------------------------------------

CREATE FUNCTION nudge.ltv_to_cac(ltv numeric, cac numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN ltv / nullif(cac, 0);
COMMENT ON FUNCTION nudge.ltv_to_cac(numeric, numeric) IS 'Lifetime value over the cost of acquisition of a customer';

CREATE FUNCTION nudge.cac_to_ltv(cac numeric, ltv numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN cac / nullif(ltv, 0);
COMMENT ON FUNCTION nudge.cac_to_ltv(numeric, numeric) IS 'Cost of acquisition over the lifetime value of a customer';

CREATE FUNCTION nudge.acquisition_cost_to_annual_revenue(acquisition_cost numeric, monthly_revenue numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN acquisition_cost / nullif(12 * monthly_revenue, 0);
COMMENT ON FUNCTION nudge.acquisition_cost_to_annual_revenue(numeric, numeric) IS
	'Cost of acquisition over twelve times the revenue of a month: a cost ratio, which is neither CAC nor LTV';

CREATE FUNCTION nudge.acquisition_cost_per_active_customer(acquisition_cost numeric, customers bigint) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN acquisition_cost / nullif(customers, 0);
COMMENT ON FUNCTION nudge.acquisition_cost_per_active_customer(numeric, bigint) IS
	'Cost of acquisition over all customers, old and new: a cost ratio, which is not CAC';

CREATE FUNCTION nudge.unit_economics(
	state nudge.mrr_state,
	start_day date,
	end_day date,
	cac numeric DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	months integer,
	customer_months bigint,
	churned_customers bigint,
	churn_rate numeric,
	customers bigint,
	arpa numeric,
	ltv numeric,
	ltv_to_cac numeric,
	cac_to_ltv numeric,
	payback_months numeric,
	revenue_payback_months numeric
)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 1 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	whole integer;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	whole := 12 * (extract(year FROM end_day) - extract(year FROM start_day)) + extract(month FROM end_day) - extract(month FROM start_day);
	IF (start_day + make_interval(months => whole))::date <> end_day THEN
		RAISE EXCEPTION 'the window is not one of whole months'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The churn rate is that of a month, over the months of the window.',
				HINT = 'Begin and end on the same day of a month, such as the first.';
	END IF;
	RETURN QUERY
		SELECT whole, c.at_risk, c.churned, r.rate, n.customers, n.arpa, v.ltv, nudge.ltv_to_cac(v.ltv, cac), nudge.cac_to_ltv(cac, v.ltv),
			nudge.cac_payback_months(cac, n.arpa, gross_margin), nudge.cac_payback_months(cac, n.arpa)
		FROM (SELECT sum(s.opening_customers)::bigint AS at_risk, sum(s.churned_customers)::bigint AS churned
				FROM generate_series(0, whole - 1) m,
					LATERAL nudge.mrr_summary(state, (start_day + make_interval(months => m))::date, (start_day + make_interval(months => m + 1))::date, coalesce(zone, 'UTC')) s) c,
			LATERAL (SELECT c.churned::numeric / nullif(c.at_risk, 0) AS rate) r,
			LATERAL (SELECT nudge.customers_at(state, end_day - 1, coalesce(zone, 'UTC')) AS customers, nudge.arpa(state, end_day - 1, coalesce(zone, 'UTC')) AS arpa) n,
			LATERAL (SELECT nudge.ltv(n.arpa, gross_margin, r.rate) AS ltv) v
		WHERE state IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.unit_economics(nudge.mrr_state, date, date, numeric, numeric, text) IS
	'Lifetime value from what customers really paid and how many really left in a window of months, against CAC. Not STRICT: a NULL cac is not known, and without a state there are no rows';
