/*
 * by_month.sql
 *		../../sql/by_month.sql in the words of ClickHouse, which has no join on a
 *		range worth its time: each period is unrolled into its months instead.
 */
WITH toDate('2022-12-01') AS origin,
unrolled AS (
	SELECT customer, mrr,
		   arrayJoin(range(dateDiff('month', origin, valid_from),
						   if(valid_to IS NULL, 37, dateDiff('month', origin, assumeNotNull(valid_to))))) AS k
	FROM subscriptions
), balance AS (
	SELECT customer, k, sum(mrr) AS total
	FROM unrolled
	GROUP BY customer, k
	HAVING total > 0
), first_paid AS (
	SELECT customer, min(dateDiff('month', origin, valid_from)) AS first_k
	FROM subscriptions
	WHERE mrr > 0
	GROUP BY customer
), beside AS (
	SELECT k, total, first_k,
		   if(lagInFrame(k) OVER w = k - 1, lagInFrame(total) OVER w, 0) AS mrr_before,
		   leadInFrame(k) OVER w != k + 1 AS leaves
	FROM balance INNER JOIN first_paid USING (customer)
	WINDOW w AS (PARTITION BY customer ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), summed AS (
	SELECT k,
		   sumIf(total, mrr_before = 0 AND first_k = k) AS new,
		   sumIf(total, mrr_before = 0 AND first_k < k) AS reactivation,
		   sumIf(total - mrr_before, mrr_before > 0 AND total > mrr_before) AS expansion,
		   sumIf(total - mrr_before, total < mrr_before) AS contraction,
		   sumIf(total, leaves) AS leaving,
		   sum(total) AS closing,
		   countIf(mrr_before = 0 AND first_k = k) AS new_n,
		   countIf(mrr_before = 0 AND first_k < k) AS reactivation_n,
		   countIf(mrr_before > 0 AND total > mrr_before) AS expansion_n,
		   countIf(total < mrr_before) AS contraction_n,
		   countIf(leaves) AS leaving_n,
		   count() AS closing_n
	FROM beside
	GROUP BY k
)
SELECT toDate(addMonths(origin, k)) AS month,
	   lagInFrame(closing) OVER m AS opening_mrr,
	   new, reactivation, expansion, contraction,
	   - lagInFrame(leaving) OVER m AS churn_mrr,
	   closing,
	   lagInFrame(closing_n) OVER m AS opening_customers,
	   new_n, reactivation_n, expansion_n, contraction_n,
	   lagInFrame(leaving_n) OVER m AS churned_customers,
	   closing_n
FROM summed
WINDOW m AS (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
ORDER BY month
