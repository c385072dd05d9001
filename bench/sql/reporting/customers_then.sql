SELECT count(*), sum(mrr) FROM (
	SELECT customer, sum(mrr) AS mrr FROM subscriptions WHERE valid_from < current_date - 365 AND (valid_to IS NULL OR valid_to >= current_date - 365)
	GROUP BY customer HAVING sum(mrr) > 0) c;
