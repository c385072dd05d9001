/*
 * nudge_retention_at.sql
 *		The same from instants, whose civil day in Berlin is found on the way.
 */
SELECT day, eligible, retained, churned
FROM (SELECT nudge.activity_at_agg(user_id, at, 'Europe/Berlin') AS state FROM events) s,
	 nudge.retention_curve(state)
ORDER BY day;
