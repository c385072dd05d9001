/* the same of the customers of one segment */
SELECT month::date AS period_start, sum(sum(delta)) OVER (ORDER BY month) AS mrr
FROM (
	SELECT customer, date_trunc('month', valid_from::timestamp) AS month, mrr AS delta FROM subscriptions
	UNION ALL
	SELECT customer, date_trunc('month', valid_to::timestamp), - mrr FROM subscriptions WHERE valid_to IS NOT NULL) e
JOIN accounts a USING (customer)
WHERE a.segment = 'Mid-market'
GROUP BY month
ORDER BY month;
