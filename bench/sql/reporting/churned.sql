/* who left in the last month that is over: the ten of them that paid most */
WITH bounds AS (SELECT date_trunc('month', now()) - interval '1 month' AS opens, date_trunc('month', now()) AS closes)
SELECT customer, opening AS opening_mrr FROM (
	SELECT s.customer, sum(s.mrr) FILTER (WHERE s.valid_from < b.opens AND (s.valid_to IS NULL OR s.valid_to >= b.opens)) AS opening,
		sum(s.mrr) FILTER (WHERE s.valid_from < b.closes AND (s.valid_to IS NULL OR s.valid_to >= b.closes)) AS closing
	FROM subscriptions s, bounds b GROUP BY s.customer) c
WHERE opening > 0 AND coalesce(closing, 0) = 0
ORDER BY opening DESC, customer COLLATE "C" LIMIT 10;
