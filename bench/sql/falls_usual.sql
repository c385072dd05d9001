/*
 * falls_usual.sql
 *		How far customers fell within 30 days at their worst, in steps of five
 *		points: by a window frame, as usually written.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT customer, max(peak - score) AS fall
	FROM (
		SELECT customer, score, max(score) OVER (
			PARTITION BY customer ORDER BY day RANGE BETWEEN INTERVAL '29 days' PRECEDING AND CURRENT ROW) AS peak
		FROM daily_scores
	) w
	GROUP BY customer
) f
GROUP BY 1
ORDER BY 1;
