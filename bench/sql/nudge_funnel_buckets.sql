/*
 * nudge_funnel_buckets.sql
 *		nudge_funnel.sql by hash bucket, for more events than one state may hold:
 *		a state for every 16th of the users, and the users of the steps summed.
 */
SELECT step, sum(users)
FROM (
	SELECT nudge.funnel_agg(user_id, at, event, '{report_opened,report_edited,report_shared,teammate_invited}') AS state
	FROM events
	GROUP BY nudge.bucket(user_id, 16)
) b, nudge.funnel(state, '7 days')
GROUP BY step
ORDER BY step;
