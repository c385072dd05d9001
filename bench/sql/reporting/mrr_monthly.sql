/*
 * The waterfall by month, as changes.sql has it, of any months: a running sum of
 * each customer over the months in which prices start or end.
 */
WITH event AS (
	SELECT customer, date_trunc('month', valid_from::timestamp) AS month, mrr AS delta, mrr > 0 AS paid FROM subscriptions
	UNION ALL
	SELECT customer, date_trunc('month', valid_to::timestamp), - mrr, false FROM subscriptions WHERE valid_to IS NOT NULL
), change AS (
	SELECT customer, month, sum(delta) AS delta, bool_or(paid) AS paid FROM event GROUP BY customer, month
), running AS (
	SELECT month, delta, sum(delta) OVER w AS m1, bool_or(paid) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ever
	FROM change WINDOW w AS (PARTITION BY customer ORDER BY month)
), moved AS (
	SELECT month, delta, CASE WHEN delta = 0 THEN NULL WHEN m1 = delta AND ever THEN 'reactivation' WHEN m1 = delta THEN 'new' WHEN m1 = 0 THEN 'churn'
			WHEN delta > 0 THEN 'expansion' ELSE 'contraction' END AS movement
	FROM running
), summed AS (
	SELECT month, sum(delta) FILTER (WHERE movement = 'new') AS new, sum(delta) FILTER (WHERE movement = 'reactivation') AS reactivation,
		sum(delta) FILTER (WHERE movement = 'expansion') AS expansion, sum(delta) FILTER (WHERE movement = 'contraction') AS contraction, sum(delta) FILTER (WHERE movement = 'churn') AS churn, sum(delta) AS net,
		count(*) FILTER (WHERE movement = 'new') AS new_n, count(*) FILTER (WHERE movement = 'reactivation') AS reactivation_n, count(*) FILTER (WHERE movement = 'expansion') AS expansion_n,
		count(*) FILTER (WHERE movement = 'contraction') AS contraction_n, count(*) FILTER (WHERE movement = 'churn') AS churn_n
	FROM moved GROUP BY month
), closed AS (
	SELECT m, new, reactivation, expansion, contraction, churn, new_n, reactivation_n, expansion_n, contraction_n, churn_n, coalesce(sum(net) OVER o, 0) AS closing, coalesce(sum(new_n + reactivation_n - churn_n) OVER o, 0) AS closing_n
	FROM generate_series((SELECT min(month) FROM summed), now()::timestamp, interval '1 month') m LEFT JOIN summed ON summed.month = m
	WINDOW o AS (ORDER BY m)
)
SELECT c.m::date AS period_start, lag(c.closing, 1, 0) OVER o, coalesce(c.new, 0), coalesce(c.reactivation, 0), coalesce(c.expansion, 0), coalesce(c.contraction, 0), coalesce(c.churn, 0), c.closing,
	lag(c.closing_n, 1, 0) OVER o, coalesce(c.new_n, 0), coalesce(c.reactivation_n, 0), coalesce(c.expansion_n, 0), coalesce(c.contraction_n, 0), coalesce(c.churn_n, 0), c.closing_n
FROM closed c
WINDOW o AS (ORDER BY c.m)
ORDER BY c.m;
