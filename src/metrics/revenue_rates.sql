/*
 * revenue_rates.sql
 *		Rates over a window [start_day, end_day): one line each over mrr_summary.
 *
 * Every rate is NULL where its denominator is 0.  Definitions: doc/revenue_rates.md.
 */

CREATE FUNCTION nudge.net_revenue_retention(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.net_revenue_retention(nudge.mrr_state, date, date, text) IS
	'Closing MRR of the customers that had MRR when the window opened, over what they had then';

CREATE FUNCTION nudge.gross_revenue_retention(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.opening_mrr + r.contraction_mrr + r.churn_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.gross_revenue_retention(nudge.mrr_state, date, date, text) IS
	'The same with each customer counted at no more than its opening MRR: never above 1';

CREATE FUNCTION nudge.logo_retention(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.opening_customers - r.churned_customers)::numeric / nullif(r.opening_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.logo_retention(nudge.mrr_state, date, date, text) IS
	'Share of the opening customers that still have MRR when the window closes';

CREATE FUNCTION nudge.gross_mrr_churn_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -(r.churn_mrr + r.contraction_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.gross_mrr_churn_rate(nudge.mrr_state, date, date, text) IS
	'Churned and contracted MRR over opening MRR';

CREATE FUNCTION nudge.net_mrr_churn_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -(r.churn_mrr + r.contraction_mrr + r.expansion_mrr + r.reactivation_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.net_mrr_churn_rate(nudge.mrr_state, date, date, text) IS
	'Churned and contracted less expanded and reactivated MRR over opening MRR; below 0 when the base grows';

CREATE FUNCTION nudge.expansion_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.expansion_mrr / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.expansion_rate(nudge.mrr_state, date, date, text) IS
	'Expansion MRR over opening MRR';

CREATE FUNCTION nudge.contraction_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -r.contraction_mrr / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.contraction_rate(nudge.mrr_state, date, date, text) IS
	'Contraction MRR over opening MRR, as a positive rate';

CREATE FUNCTION nudge.churned_mrr_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -r.churn_mrr / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.churned_mrr_rate(nudge.mrr_state, date, date, text) IS
	'Churned MRR over opening MRR, without contraction, as a positive rate';

CREATE FUNCTION nudge.account_expansion_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.expanded_customers::numeric / nullif(r.opening_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.account_expansion_rate(nudge.mrr_state, date, date, text) IS
	'Share of the opening customers whose MRR is higher when the window closes';

CREATE FUNCTION nudge.average_expansion(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.expansion_mrr / nullif(r.expanded_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.average_expansion(nudge.mrr_state, date, date, text) IS
	'Expansion MRR per expanded customer';

CREATE FUNCTION nudge.average_sale_price(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.new_mrr / nullif(r.new_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.average_sale_price(nudge.mrr_state, date, date, text) IS
	'New MRR per new customer';

CREATE FUNCTION nudge.logo_churn_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC', include_joiners boolean DEFAULT false) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN include_joiners
		THEN (SELECT r.churned_customers::numeric / nullif(r.opening_customers + r.new_customers + r.reactivated_customers, 0)
			  FROM nudge.mrr_summary(state, start_day, end_day, zone, 'event') r)
		ELSE (SELECT r.churned_customers::numeric / nullif(r.opening_customers, 0)
			  FROM nudge.mrr_summary(state, start_day, end_day, zone) r)
		END;
COMMENT ON FUNCTION nudge.logo_churn_rate(nudge.mrr_state, date, date, text, boolean) IS
	'Share of the opening customers that have no MRR when the window closes; include_joiners counts every churn in the window over opening, new and reactivated customers';

CREATE FUNCTION nudge.quick_ratio(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC', include_reactivation boolean DEFAULT false) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.new_mrr + r.expansion_mrr + CASE WHEN include_reactivation THEN r.reactivation_mrr ELSE 0 END)
				/ nullif(-(r.contraction_mrr + r.churn_mrr), 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.quick_ratio(nudge.mrr_state, date, date, text, boolean) IS
	'New and expansion MRR (and reactivation, if asked for) over contracted and churned MRR';

CREATE FUNCTION nudge.arpa(state nudge.mrr_state, at date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN nudge.mrr_at(state, at, zone) / nullif(nudge.customers_at(state, at, zone), 0);
COMMENT ON FUNCTION nudge.arpa(nudge.mrr_state, date, text) IS
	'Average revenue per account: MRR per customer with MRR above 0, at the close of a day';

CREATE FUNCTION nudge.mrr_growth_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC', component text DEFAULT 'total') RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_mrr_growth_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.mrr_growth_rate(nudge.mrr_state, date, date, text, text) IS
	'Growth of MRR over a window, or of one component against the window of the same length before it';

CREATE FUNCTION nudge.mrr_period_to_date(
	state nudge.mrr_state,
	as_of date,
	grain text DEFAULT 'month',
	periods_back integer DEFAULT 1,
	zone text DEFAULT 'UTC',
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	elapsed_days integer,
	opening_mrr numeric,
	new_mrr numeric,
	reactivation_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	fx_mrr numeric,
	net_new_mrr numeric,
	closing_mrr numeric
)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	WITH RECURSIVE starts(n, first_day) AS (
		SELECT 0, nudge.period_start(as_of, grain, week_start, fiscal_year_start)
		UNION ALL
		SELECT s.n + 1, nudge.period_start(s.first_day - 1, grain, week_start, fiscal_year_start)
		FROM starts s WHERE s.n < periods_back
	), windows AS (
		SELECT s.n, s.first_day, least(s.first_day + (as_of - c.first_day) + 1,
			nudge.period_end(s.first_day, grain, week_start, fiscal_year_start)) AS end_day
		FROM starts s, starts c WHERE c.n = 0
	)
	SELECT w.first_day, w.end_day - w.first_day, r.opening_mrr, r.new_mrr, r.reactivation_mrr, r.expansion_mrr,
		r.contraction_mrr, r.churn_mrr, r.fx_mrr, r.net_new_mrr, r.closing_mrr
	FROM windows w, LATERAL nudge.mrr_summary(state, w.first_day, w.end_day, zone) r
	WHERE w.n IN (0, periods_back)
	ORDER BY w.first_day DESC;
END;
COMMENT ON FUNCTION nudge.mrr_period_to_date(nudge.mrr_state, date, text, integer, text, text, integer) IS
	'The running period through the close of as_of, and the same number of days of an earlier period';
