/*
 * sessions.sql
 *		../../sql/sessions_rows.sql in the words of ClickHouse.
 */
WITH stepped AS (
	SELECT user_id, at,
		   at - lagInFrame(at, 1, at) OVER (PARTITION BY user_id ORDER BY at
											ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800 AS begins
	FROM events
), numbered AS (
	SELECT user_id, 1 + sum(begins) OVER (PARTITION BY user_id ORDER BY at
										  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session
	FROM stepped
)
SELECT session, count() AS events, sum(user_id) AS users
FROM numbered
GROUP BY session
ORDER BY session
