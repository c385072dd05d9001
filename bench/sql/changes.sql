/*
 * changes.sql
 *		The waterfall in SQL that looks at changes only: a period adds its amount
 *		in the month it starts and takes it off in the month it ends, a running
 *		sum per customer is the MRR at each close.
 *
 * A month without a change of a customer has no movement, so months in between
 * need no rows.  Much faster than by_month.sql, and much harder to get right.
 * It knows that the data are of 36 months from 2023 on.
 */
WITH event AS (
	SELECT customer,
		   (extract(year FROM valid_from)::int - 2023) * 12 + extract(month FROM valid_from)::int AS k,
		   mrr AS delta, mrr > 0 AS paid
	FROM subscriptions
	UNION ALL
	SELECT customer,
		   (extract(year FROM valid_to)::int - 2023) * 12 + extract(month FROM valid_to)::int,
		   - mrr, false
	FROM subscriptions
	WHERE valid_to IS NOT NULL
), change AS (
	SELECT customer, k, sum(delta) AS delta, bool_or(paid) AS paid
	FROM event
	GROUP BY customer, k
), running AS (
	SELECT k, delta, sum(delta) OVER w AS m1,
		   bool_or(paid) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ever
	FROM change
	WINDOW w AS (PARTITION BY customer ORDER BY k)
), moved AS (
	SELECT k, delta,
		   CASE WHEN delta = 0 THEN NULL
				WHEN m1 = delta AND ever THEN 'reactivation'
				WHEN m1 = delta THEN 'new'
				WHEN m1 = 0 THEN 'churn'
				WHEN delta > 0 THEN 'expansion'
				ELSE 'contraction' END AS movement
	FROM running
), summed AS (
	SELECT k,
		   sum(delta) FILTER (WHERE movement = 'new') AS new,
		   sum(delta) FILTER (WHERE movement = 'reactivation') AS reactivation,
		   sum(delta) FILTER (WHERE movement = 'expansion') AS expansion,
		   sum(delta) FILTER (WHERE movement = 'contraction') AS contraction,
		   sum(delta) FILTER (WHERE movement = 'churn') AS churn,
		   sum(delta) AS net,
		   count(*) FILTER (WHERE movement = 'new') AS new_n,
		   count(*) FILTER (WHERE movement = 'reactivation') AS reactivation_n,
		   count(*) FILTER (WHERE movement = 'expansion') AS expansion_n,
		   count(*) FILTER (WHERE movement = 'contraction') AS contraction_n,
		   count(*) FILTER (WHERE movement = 'churn') AS churn_n
	FROM moved
	GROUP BY k
), closed AS (
	SELECT (date '2023-01-01' + (k - 1) * interval '1 month')::date AS month, summed.*,
		   coalesce(sum(net) OVER m, 0) AS closing,
		   coalesce(sum(new_n + reactivation_n - churn_n) OVER m, 0) AS closing_n
	FROM generate_series(1, 36) k LEFT JOIN summed USING (k)
	WINDOW m AS (ORDER BY k)
)
SELECT month, lag(closing, 1, 0) OVER m AS opening_mrr,
	   coalesce(new, 0) AS new_mrr, coalesce(reactivation, 0) AS reactivation_mrr,
	   coalesce(expansion, 0) AS expansion_mrr, coalesce(contraction, 0) AS contraction_mrr,
	   coalesce(churn, 0) AS churn_mrr, closing AS closing_mrr,
	   lag(closing_n, 1, 0) OVER m AS opening_customers,
	   coalesce(new_n, 0) AS new_customers, coalesce(reactivation_n, 0) AS reactivated_customers,
	   coalesce(expansion_n, 0) AS expanded_customers, coalesce(contraction_n, 0) AS contracted_customers,
	   coalesce(churn_n, 0) AS churned_customers, closing_n AS closing_customers
FROM closed
WINDOW m AS (ORDER BY month)
ORDER BY month;
