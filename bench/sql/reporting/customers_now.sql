SELECT count(*), sum(mrr) FROM (
	SELECT customer, sum(mrr) AS mrr FROM subscriptions WHERE valid_to IS NULL GROUP BY customer HAVING sum(mrr) > 0) c;
