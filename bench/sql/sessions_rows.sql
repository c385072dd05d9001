/*
 * sessions_rows.sql
 *		sessions_usual.sql with frames of rows, which spare the search for peers,
 *		and a count in place of a sum.
 */
WITH stepped AS (
	SELECT user_id, at,
		   CASE WHEN at - interval '30 minutes' > lag(at) OVER w THEN true END AS begins
	FROM events
	WINDOW w AS (PARTITION BY user_id ORDER BY at)
), numbered AS (
	SELECT user_id, 1 + count(begins) OVER w AS session
	FROM stepped
	WINDOW w AS (PARTITION BY user_id ORDER BY at ROWS UNBOUNDED PRECEDING)
)
SELECT session, count(*) AS events, sum(user_id) AS users
FROM numbered
GROUP BY session
ORDER BY session;
