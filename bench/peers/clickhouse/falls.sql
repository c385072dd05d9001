/*
 * falls.sql
 *		How far customers fell within 30 days at their worst: see
 *		sql/falls_usual.sql.
 */
SELECT floor(fall / 5) * 5 AS at_least, count() AS customers
FROM (
	SELECT customer, max(peak - score) AS fall
	FROM (
		SELECT customer, score, max(score) OVER (
			PARTITION BY customer ORDER BY toUInt16(day) RANGE BETWEEN 29 PRECEDING AND CURRENT ROW) AS peak
		FROM daily_scores
	)
	GROUP BY customer
)
GROUP BY at_least
ORDER BY at_least
