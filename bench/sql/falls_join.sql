/*
 * falls_join.sql
 *		falls_usual.sql by a self-join: each day with the 30 days up to it.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT n.customer, max(b.score - n.score) AS fall
	FROM daily_scores n
	JOIN daily_scores b ON b.customer = n.customer AND b.day > n.day - 30 AND b.day <= n.day
	GROUP BY n.customer
) f
GROUP BY 1
ORDER BY 1;
