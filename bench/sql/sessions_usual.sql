/*
 * sessions_usual.sql
 *		Sessions with a gap of 30 minutes in plain SQL, as it is usually written:
 *		lag, and a running sum of the rows that begin one.
 *
 * The truth that every contestant must equal.  Each event gets the number of
 * its session; so that only a few rows travel, the numbers are counted.
 */
WITH stepped AS (
	SELECT user_id, at,
		   (at - lag(at) OVER w > interval '30 minutes')::int AS begins
	FROM events
	WINDOW w AS (PARTITION BY user_id ORDER BY at)
), numbered AS (
	SELECT user_id, 1 + coalesce(sum(begins) OVER w, 0) AS session
	FROM stepped
	WINDOW w AS (PARTITION BY user_id ORDER BY at)
)
SELECT session, count(*) AS events, sum(user_id) AS users
FROM numbered
GROUP BY session
ORDER BY session;
