/*
 * nudge_health.sql
 *		The same in this extension, in the columns of health_usual.sql.
 */
SELECT nudge.health_band(score) AS band, count(*) AS customers, round(sum(score)::numeric, 3) AS total
FROM (
	SELECT nudge.health_score(ARRAY[usage, engagement, satisfaction, growth, advocacy], '{0.30,0.25,0.20,0.15,0.10}') AS score
	FROM accounts
) s
GROUP BY 1
ORDER BY 1;
