/*
 * drops_join.sql
 *		drops_usual.sql by a self-join of the latest day.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT n.customer, max(b.score) - n.score AS fall
	FROM daily_scores n
	JOIN daily_scores b ON b.customer = n.customer AND b.day > n.day - 30 AND b.day <= n.day
	WHERE n.day = date '2025-12-31'
	GROUP BY n.customer, n.score
) f
GROUP BY 1
ORDER BY 1;
