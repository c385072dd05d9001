/*
 * funnel_window.sql
 *		The funnel by windows over one sort: each row looks for the latest entry
 *		from which its step can be reached.  The latest is enough, since its
 *		seven days end last.
 *
 * Tried as well: step by step with the first time of each, the tracked rows
 * materialized and joined, windows over all tracked rows instead of those that
 * are left at each step, user, second and step packed into one integer (each
 * window then sorts again).
 */
WITH tracked AS (
	SELECT user_id, at,
		   CASE event WHEN 'report_opened' THEN 1 WHEN 'report_edited' THEN 2
					  WHEN 'report_shared' THEN 3 ELSE 4 END AS step
	FROM events
	WHERE event IN ('report_opened', 'report_edited', 'report_shared', 'teammate_invited')
), entered AS (
	SELECT user_id, at, step, max(at) FILTER (WHERE step = 1) OVER w AS entered
	FROM tracked
	WINDOW w AS (PARTITION BY user_id ORDER BY at ROWS UNBOUNDED PRECEDING)
), edited AS (
	SELECT user_id, at, step,
		   max(entered) FILTER (WHERE step = 2 AND at - interval '168 hours' <= entered) OVER w AS edited
	FROM entered
	WHERE step > 1 AND entered IS NOT NULL
	WINDOW w AS (PARTITION BY user_id ORDER BY at ROWS UNBOUNDED PRECEDING)
), shared AS (
	SELECT user_id, at, step,
		   max(edited) FILTER (WHERE step = 3 AND at - interval '168 hours' <= edited) OVER w AS shared
	FROM edited
	WHERE edited IS NOT NULL
	WINDOW w AS (PARTITION BY user_id ORDER BY at ROWS UNBOUNDED PRECEDING)
), reached AS (
	SELECT ARRAY[(SELECT count(DISTINCT user_id) FROM events WHERE event = 'report_opened'),
				 count(DISTINCT user_id),
				 count(DISTINCT user_id) FILTER (WHERE shared IS NOT NULL),
				 count(DISTINCT user_id) FILTER (WHERE step = 4 AND at - interval '168 hours' <= shared)] AS users
	FROM shared
)
SELECT step, users[step] AS users
FROM reached, generate_series(1, 4) step
ORDER BY step;
