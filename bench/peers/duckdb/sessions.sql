/*
 * sessions.sql
 *		../../sql/sessions_rows.sql in the words of DuckDB.
 */
WITH stepped AS (
	SELECT user_id, "at",
		   ("at" - interval '30 minutes' > lag("at") OVER w)::int AS begins
	FROM events
	WINDOW w AS (PARTITION BY user_id ORDER BY "at")
), numbered AS (
	SELECT user_id, 1 + coalesce(sum(begins) OVER w, 0) AS session
	FROM stepped
	WINDOW w AS (PARTITION BY user_id ORDER BY "at" ROWS UNBOUNDED PRECEDING)
)
SELECT session, count(*) AS events, sum(user_id) AS users
FROM numbered
GROUP BY session
ORDER BY session;
