/*
 * changes_packed.sql
 *		changes.sql with every trick that we found to pay: customer and month
 *		packed into one integer key, amounts as integer cents, months by
 *		width_bucket, sorted aggregation.
 *
 * The fastest of the SQL contestants, but good only for keys below 2^57, two
 * decimals and single amounts below 21 million.
 *
 * Tried and slower: hash aggregation of the packed key (1.1 times), numeric
 * amounts (1.8 times), a row per customer and month (10 times).
 */
WITH calendar AS MATERIALIZED (
	SELECT array_agg(m::date ORDER BY m) AS starts
	FROM generate_series(timestamp '2023-01-01', timestamp '2025-12-01', interval '1 month') m
), event AS (
	SELECT customer * 64 + width_bucket(valid_from, (SELECT starts FROM calendar)) AS ck,
		   (mrr * 100)::int AS delta, (mrr > 0)::int AS paid
	FROM subscriptions
	UNION ALL
	SELECT customer * 64 + width_bucket(valid_to, (SELECT starts FROM calendar)),
		   - (mrr * 100)::int, 0
	FROM subscriptions
	WHERE valid_to IS NOT NULL
), change AS (
	SELECT ck, sum(delta) AS delta, max(paid) AS paid
	FROM (SELECT * FROM event ORDER BY ck) e
	GROUP BY ck
), running AS (
	SELECT (ck & 63)::int AS k, delta, (sum(delta) OVER w)::bigint AS m1,
		   max(paid) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ever
	FROM change
	WINDOW w AS (PARTITION BY ck >> 6 ORDER BY ck)
), moved AS (
	SELECT k, delta,
		   CASE WHEN delta = 0 THEN 0
				WHEN m1 = delta AND ever = 1 THEN 2
				WHEN m1 = delta THEN 1
				WHEN m1 = 0 THEN 5
				WHEN delta > 0 THEN 3
				ELSE 4 END AS movement
	FROM running
), summed AS (
	SELECT k,
		   sum(delta) FILTER (WHERE movement = 1) / 100 AS new,
		   sum(delta) FILTER (WHERE movement = 2) / 100 AS reactivation,
		   sum(delta) FILTER (WHERE movement = 3) / 100 AS expansion,
		   sum(delta) FILTER (WHERE movement = 4) / 100 AS contraction,
		   sum(delta) FILTER (WHERE movement = 5) / 100 AS churn,
		   sum(delta) / 100 AS net,
		   sum(n) FILTER (WHERE movement = 1) AS new_n,
		   sum(n) FILTER (WHERE movement = 2) AS reactivation_n,
		   sum(n) FILTER (WHERE movement = 3) AS expansion_n,
		   sum(n) FILTER (WHERE movement = 4) AS contraction_n,
		   sum(n) FILTER (WHERE movement = 5) AS churn_n
	FROM (SELECT k, movement, sum(delta) AS delta, count(*) AS n FROM moved GROUP BY k, movement) g
	GROUP BY k
), closed AS (
	SELECT (date '2023-01-01' + (k - 1) * interval '1 month')::date AS month, summed.*,
		   coalesce(sum(net) OVER m, 0) AS closing,
		   coalesce(sum(coalesce(new_n, 0) + coalesce(reactivation_n, 0) - coalesce(churn_n, 0)) OVER m, 0) AS closing_n
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
