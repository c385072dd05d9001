/*
 * nudge_sessions.sql
 *		The same in this extension, in the columns of sessions_usual.sql.
 */
WITH numbered AS (
	SELECT user_id, nudge.sessionize(at, '30 minutes') OVER (PARTITION BY user_id ORDER BY at) AS session
	FROM events
)
SELECT session, count(*) AS events, sum(user_id) AS users
FROM numbered
GROUP BY session
ORDER BY session;
