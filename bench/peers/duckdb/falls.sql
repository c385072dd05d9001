/*
 * falls.sql
 *		How far customers fell within 30 days at their worst: see
 *		sql/falls_usual.sql.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT customer, max(peak - score) AS fall
	FROM (
		SELECT customer, score, max(score) OVER (
			PARTITION BY customer ORDER BY day RANGE BETWEEN INTERVAL 29 DAYS PRECEDING AND CURRENT ROW) AS peak
		FROM daily_scores
	) w
	GROUP BY customer
) f
GROUP BY 1
ORDER BY 1
