/*
 * nudge_sessions_state.sql
 *		The same by a state of sequences, which sorts the rows itself and gives a
 *		row for each session.
 */
SELECT session, sum(events) AS events, sum(user_id::bigint * events) AS users
FROM (SELECT nudge.sequence_agg(user_id, at, event) AS state FROM events) s,
	 nudge.sessions(state, '30 minutes')
GROUP BY session
ORDER BY session;
