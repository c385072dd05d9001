/*
 * drops.sql
 *		How far customers have fallen in the last 30 days: see
 *		sql/drops_usual.sql.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT customer, max(score) - arg_max(score, day) AS fall
	FROM daily_scores
	WHERE day > DATE '2025-12-31' - 30
	GROUP BY customer
) f
GROUP BY 1
ORDER BY 1
