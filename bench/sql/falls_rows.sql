/*
 * falls_rows.sql
 *		falls_usual.sql with a frame of rows, which is right only if no customer
 *		lacks a day.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT customer, max(peak - score) AS fall
	FROM (
		SELECT customer, score, max(score) OVER (
			PARTITION BY customer ORDER BY day ROWS BETWEEN 29 PRECEDING AND CURRENT ROW) AS peak
		FROM daily_scores
	) w
	GROUP BY customer
) f
GROUP BY 1
ORDER BY 1;
