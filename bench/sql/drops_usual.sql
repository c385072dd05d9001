/*
 * drops_usual.sql
 *		How far customers have fallen from their best of the last 30 days, in
 *		steps of five points: the latest score by a window, as usually written.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (
	SELECT customer, max(score) - max(score) FILTER (WHERE place = 1) AS fall
	FROM (
		SELECT customer, score, row_number() OVER (PARTITION BY customer ORDER BY day DESC) AS place
		FROM daily_scores
		WHERE day > date '2025-12-31' - 30
	) w
	GROUP BY customer
) f
GROUP BY 1
ORDER BY 1;
