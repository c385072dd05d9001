/*
 * nudge_retention_buckets.sql
 *		nudge_retention.sql by hash bucket, for more users than one state may
 *		hold: a state for every 16th of them, and the rows of the curves summed.
 *		Each bucket has its own last day, so as_of is given.
 */
SELECT day, sum(eligible), sum(retained), sum(churned)
FROM (
	SELECT nudge.activity_agg(user_id, day) AS state
	FROM events
	GROUP BY nudge.bucket(user_id, 16)
) b, nudge.retention_curve(state, as_of => '2025-06-30')
GROUP BY day
ORDER BY day;
