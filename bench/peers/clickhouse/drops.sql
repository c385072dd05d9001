/*
 * drops.sql
 *		How far customers have fallen in the last 30 days: see
 *		sql/drops_usual.sql.
 */
SELECT floor(fall / 5) * 5 AS at_least, count() AS customers
FROM (
	SELECT customer, max(score) - argMax(score, day) AS fall
	FROM daily_scores
	WHERE day > toDate('2025-12-31') - 30
	GROUP BY customer
)
GROUP BY at_least
ORDER BY at_least
