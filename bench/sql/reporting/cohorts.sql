/* customers and MRR of each month's new customers, as each later month closed */
WITH cohort AS (
	SELECT customer, date_trunc('month', min(valid_from)::timestamp) AS month FROM subscriptions WHERE mrr > 0 GROUP BY customer
), balance AS (
	SELECT s.customer, m, sum(s.mrr) AS mrr
	FROM subscriptions s, LATERAL generate_series(date_trunc('month', s.valid_from::timestamp), coalesce(date_trunc('month', s.valid_to::timestamp) - interval '1 month', now()::timestamp), interval '1 month') m
	GROUP BY s.customer, m HAVING sum(s.mrr) > 0
)
SELECT c.month::date AS cohort, b.m::date AS period_start, count(*) AS customers, sum(b.mrr) AS mrr
FROM balance b JOIN cohort c USING (customer)
GROUP BY 1, 2
ORDER BY 1, 2;
