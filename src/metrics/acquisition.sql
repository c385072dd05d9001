/*
 * acquisition.sql
 *		What it costs to win a customer, and what a customer is worth.
 *
 * Definitions: doc/acquisition.md.
 */

-- What it costs -----------------------------------------------------------

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
	root text DEFAULT 'customer_acquisition',
	currency text DEFAULT NULL
) RETURNS TABLE (
	component text,
	amount numeric,
	share numeric,
	cost_per_customer numeric,
	not_counted numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 6 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source constant text := coalesce(ad_spend, CASE WHEN spend IS NULL THEN 'costs' ELSE 'spend' END);
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF source NOT IN ('spend', 'costs', 'both') THEN
		RAISE EXCEPTION 'unknown value "%" of "ad_spend"', source
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It says which relation has the money spent on ads: spend, costs, or both, each its own.',
				HINT = 'Leave it out for spend, or, without such a relation, for costs.';
	END IF;
	IF overhead_rate < 0 OR overhead_rate = 'NaN' OR overhead_pool < 0 OR overhead_pool = 'NaN' THEN
		RAISE EXCEPTION 'overhead must not be negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('The rate is %s, the pool %s.', overhead_rate, coalesce(overhead_pool::text, 'not given')),
				HINT = 'Pass a rate of 0 to do without it.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH amounts AS (
			SELECT 'marketing' AS component, s.amount, s.currency, $5 <> 'costs' AS counted
			FROM (%s) s WHERE s.day >= $1 AND s.day < $2
			UNION ALL
			SELECT CASE
					WHEN c.path[cardinality(c.path)] = 'tools' OR c.path[1] = 'tools' THEN 'tools'
					WHEN c.path[1] IN ('marketing', 'sales') THEN c.path[1]
					ELSE 'other' END,
				c.amount, c.currency,
				$5 <> 'spend' OR NOT EXISTS (SELECT FROM unnest($6) a WHERE c.category = a OR starts_with(c.category, a || '/'))
			FROM (SELECT x.*, string_to_array(substr(x.category, length($7) + 2), '/') AS path
				FROM (%s) x WHERE x.period >= $1 AND x.period < $2 AND (x.category = $7 OR starts_with(x.category, $7 || '/'))) c
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT a.currency), $8) AS currency FROM amounts a
		), direct AS (
			SELECT o.place, o.component,
				coalesce(sum(a.amount) FILTER (WHERE a.counted), 0) AS amount,
				coalesce(sum(a.amount) FILTER (WHERE NOT a.counted), 0) AS not_counted
			FROM unnest(ARRAY['marketing', 'sales', 'tools', 'other']) WITH ORDINALITY o(component, place)
			LEFT JOIN amounts a ON a.component = o.component
			GROUP BY o.place, o.component
		), loaded AS (
			SELECT d.* FROM direct d
			UNION ALL
			SELECT 5, 'overhead', coalesce($3, 0) * coalesce($4, sum(d.amount)), 0 FROM direct d
		), total AS (
			SELECT sum(l.amount) AS amount, sum(l.not_counted) AS not_counted FROM loaded l
		)
		SELECT l.component, l.amount, l.amount / nullif(t.amount, 0), l.amount / nullif($9, 0), l.not_counted, k.currency
		FROM (SELECT a.* FROM loaded a UNION ALL SELECT 6, 'total', b.amount, b.not_counted FROM total b) l, total t, checked k
		ORDER BY l.place
		$query$, nudge.input_query('spend', spend), nudge.input_query('costs', costs))
		USING start_day, end_day, overhead_rate, overhead_pool, source, ad_categories, root, currency, new_customers;
END
$$;
COMMENT ON FUNCTION nudge.acquisition_cost(regclass, regclass, date, date, numeric, numeric, numeric, text, text[], text, text) IS
	'Fully loaded cost of acquisition in a window, a row per component (marketing, sales, tools, other, overhead, total), and per new customer if their number is given. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.customer_acquisition_cost(
	state nudge.mrr_state,
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	cost_lag interval DEFAULT '0',
	gross_margin numeric DEFAULT 1,
	overhead_rate numeric DEFAULT 0.20,
	overhead_pool numeric DEFAULT NULL,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	root text DEFAULT 'customer_acquisition',
	currency text DEFAULT NULL
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
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state_currency constant text := nudge.mrr_currency(state);
	code text := nudge.single_currency(CASE WHEN state_currency IS NOT NULL THEN ARRAY[state_currency] END, currency);
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF cost_lag IS NULL OR start_day - cost_lag > start_day THEN
		RAISE EXCEPTION 'cost_lag must not be negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is how long before its customers money is spent.',
				HINT = 'Leave it out to set the cost of a period against the customers of the same.';
	END IF;
	-- all periods must be in one currency, not each in some
	SELECT a.currency_code INTO code
	FROM nudge.acquisition_cost(spend, costs, (start_day - cost_lag)::date, (end_day - cost_lag)::date, NULL,
		overhead_rate, overhead_pool, ad_spend, ad_categories, root, code) a
	LIMIT 1;
	RETURN QUERY
		SELECT p.period, c.amounts[1], c.amounts[2], c.amounts[3], c.amounts[4], c.amounts[5], c.amounts[6], n.new_customers, n.new_mrr,
			u.cac, v.arpa,
			CASE WHEN u.cac >= 0 THEN nudge.cac_payback_months(u.cac, v.arpa, gross_margin) END,
			CASE WHEN u.cac >= 0 THEN nudge.cac_payback_months(u.cac, v.arpa) END, code
		FROM nudge.window_periods(start_day, end_day, grain) p,
			LATERAL (SELECT array_agg(a.amount) AS amounts
				FROM nudge.acquisition_cost(spend, costs, (p.period - cost_lag)::date, (p.period_end - cost_lag)::date, NULL,
					overhead_rate, overhead_pool, ad_spend, ad_categories, root, code) a) c
			LEFT JOIN LATERAL nudge.mrr_summary(state, p.period, p.period_end, zone, 'event') n ON true,
			LATERAL (SELECT c.amounts[6] / nullif(n.new_customers, 0) AS cac) u,
			LATERAL (SELECT nudge.arpa(state, p.period_end - 1, zone) AS arpa) v
		ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.customer_acquisition_cost(nudge.mrr_state, regclass, regclass, date, date, text, text, interval, numeric, numeric, numeric, text, text[], text, text) IS
	'Blended, fully loaded CAC of a window or of each period in it: cost of acquisition over the customers whose first MRR began, and the months until ARPA has paid it back. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

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
	whole constant integer := 12 * (extract(year FROM end_day) - extract(year FROM start_day)) + extract(month FROM end_day) - extract(month FROM start_day);
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
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
					LATERAL nudge.mrr_summary(state, (start_day + make_interval(months => m))::date, (start_day + make_interval(months => m + 1))::date, zone) s) c,
			LATERAL (SELECT c.churned::numeric / nullif(c.at_risk, 0) AS rate) r,
			LATERAL (SELECT nudge.customers_at(state, end_day - 1, zone) AS customers, nudge.arpa(state, end_day - 1, zone) AS arpa) n,
			LATERAL (SELECT nudge.ltv(n.arpa, gross_margin, r.rate) AS ltv) v
		WHERE state IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.unit_economics(nudge.mrr_state, date, date, numeric, numeric, text) IS
	'Lifetime value from what customers really paid and how many really left in a window of months, against CAC. Not STRICT: a NULL cac is not known, and without a state there are no rows';
