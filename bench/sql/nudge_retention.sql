/*
 * nudge_retention.sql
 *		The same in this extension, in the columns of retention_usual.sql.
 */
SELECT day, eligible, retained, churned
FROM (SELECT nudge.activity_agg(user_id, day) AS state FROM events) s,
	 nudge.retention_curve(state)
ORDER BY day;
