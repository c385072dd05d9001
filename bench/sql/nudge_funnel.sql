/*
 * nudge_funnel.sql
 *		The same in this extension, in the columns of funnel_usual.sql.
 */
SELECT step, users
FROM (SELECT nudge.funnel_agg(user_id, at, event, '{report_opened,report_edited,report_shared,teammate_invited}') AS state FROM events) s,
	 nudge.funnel(state, '7 days')
ORDER BY step;
