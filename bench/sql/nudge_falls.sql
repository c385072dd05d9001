/*
 * nudge_falls.sql
 *		The same in this extension, in the columns of falls_usual.sql.
 */
SELECT floor(fall / 5) * 5 AS at_least, count(*) AS customers
FROM (SELECT nudge.score_agg(day, score) AS state FROM daily_scores GROUP BY customer) s,
	 nudge.score_max_fall(state, '30 days')
GROUP BY 1
ORDER BY 1;
