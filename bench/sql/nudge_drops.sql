/*
 * nudge_drops.sql
 *		The same in this extension, in the columns of drops_usual.sql.
 */
SELECT floor(nudge.score_drop(state, '30 days') / 5) * 5 AS at_least, count(*) AS customers
FROM (SELECT nudge.score_agg(day, score) AS state FROM daily_scores GROUP BY customer) s
GROUP BY 1
ORDER BY 1;
