/* MRR as each month closed, or is now: what has started less what has ended */
SELECT month::date AS period_start, sum(sum(delta)) OVER (ORDER BY month) AS mrr
FROM (
	SELECT date_trunc('month', valid_from::timestamp) AS month, mrr AS delta FROM subscriptions
	UNION ALL
	SELECT date_trunc('month', valid_to::timestamp), - mrr FROM subscriptions WHERE valid_to IS NOT NULL) e
GROUP BY month
ORDER BY month;
