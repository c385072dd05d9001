/*
 * funnel_best.sql
 *		The funnel by ClickHouse's own function.
 *
 * Tried as well: without WHERE, aggregation in the order of the table.
 */
WITH reached AS (
	SELECT windowFunnel(604800)(at, event = 'report_opened', event = 'report_edited',
								event = 'report_shared', event = 'teammate_invited') AS level
	FROM events
	WHERE event IN ('report_opened', 'report_edited', 'report_shared', 'teammate_invited')
	GROUP BY user_id
)
SELECT step, sumIf(n, level >= step) AS users
FROM (SELECT level, count() AS n FROM reached GROUP BY level)
ARRAY JOIN [1, 2, 3, 4] AS step
GROUP BY step
ORDER BY step
