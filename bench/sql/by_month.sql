/*
 * by_month.sql
 *		The waterfall in plain SQL, as it is usually written: each customer's MRR
 *		at the close of each month, compared with the month before.
 *
 * The truth that every contestant must equal.  It takes its months from the
 * table subscriptions (customer, valid_from, valid_to, mrr) and nothing for
 * granted: any key, any amounts, overlaps, gaps, free periods, open ends.
 */
WITH span AS (
	SELECT date_trunc('month', min(valid_from)::timestamp) AS low,
		   date_trunc('month', greatest(max(valid_from), max(valid_to))::timestamp) AS high
	FROM subscriptions
), months AS (
	SELECT (row_number() OVER (ORDER BY m))::int AS k, m::date AS month, (m + interval '1 month')::date AS ends
	FROM span, generate_series(low, high, interval '1 month') m
), balance AS (
	/* in force at the last instant of the month */
	SELECT customer, k, month, sum(mrr) AS mrr
	FROM subscriptions JOIN months ON valid_from < ends AND (valid_to IS NULL OR valid_to >= ends)
	GROUP BY customer, k, month
	HAVING sum(mrr) > 0
), first_paid AS (
	SELECT customer, min(valid_from) AS first_day
	FROM subscriptions
	WHERE mrr > 0
	GROUP BY customer
), beside AS (
	/* with what the customer had a month before, if anything */
	SELECT k, month, mrr, first_day,
		   CASE WHEN lag(k) OVER w = k - 1 THEN lag(mrr) OVER w ELSE 0 END AS mrr_before,
		   lead(k) OVER w IS DISTINCT FROM k + 1 AS leaves
	FROM balance JOIN first_paid USING (customer)
	WINDOW w AS (PARTITION BY customer ORDER BY k)
), summed AS (
	SELECT k,
		   sum(mrr) FILTER (WHERE mrr_before = 0 AND first_day >= month) AS new,
		   sum(mrr) FILTER (WHERE mrr_before = 0 AND first_day < month) AS reactivation,
		   sum(mrr - mrr_before) FILTER (WHERE mrr_before > 0 AND mrr > mrr_before) AS expansion,
		   sum(mrr - mrr_before) FILTER (WHERE mrr < mrr_before) AS contraction,
		   sum(mrr) FILTER (WHERE leaves) AS leaving,
		   sum(mrr) AS closing,
		   count(*) FILTER (WHERE mrr_before = 0 AND first_day >= month) AS new_n,
		   count(*) FILTER (WHERE mrr_before = 0 AND first_day < month) AS reactivation_n,
		   count(*) FILTER (WHERE mrr_before > 0 AND mrr > mrr_before) AS expansion_n,
		   count(*) FILTER (WHERE mrr < mrr_before) AS contraction_n,
		   count(*) FILTER (WHERE leaves) AS leaving_n,
		   count(*) AS closing_n
	FROM beside
	GROUP BY k
)
SELECT month,
	   coalesce(lag(closing) OVER m, 0) AS opening_mrr,
	   coalesce(new, 0) AS new_mrr,
	   coalesce(reactivation, 0) AS reactivation_mrr,
	   coalesce(expansion, 0) AS expansion_mrr,
	   coalesce(contraction, 0) AS contraction_mrr,
	   - coalesce(lag(leaving) OVER m, 0) AS churn_mrr,
	   coalesce(closing, 0) AS closing_mrr,
	   coalesce(lag(closing_n) OVER m, 0) AS opening_customers,
	   coalesce(new_n, 0) AS new_customers,
	   coalesce(reactivation_n, 0) AS reactivated_customers,
	   coalesce(expansion_n, 0) AS expanded_customers,
	   coalesce(contraction_n, 0) AS contracted_customers,
	   coalesce(lag(leaving_n) OVER m, 0) AS churned_customers,
	   coalesce(closing_n, 0) AS closing_customers
FROM months LEFT JOIN summed USING (k)
WINDOW m AS (ORDER BY month)
ORDER BY month;
