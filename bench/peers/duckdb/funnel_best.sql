/*
 * funnel_best.sql
 *		The funnel by joins to the row before: the latest entry before each second
 *		step, and so on.  The latest is enough, since its seven days end last.
 *
 * Tried as well: self-joins, windows over one sort as in
 * ../../sql/funnel_window.sql.
 */
WITH edited AS (
	SELECT e.user_id, e."at", s."at" AS entered
	FROM (SELECT user_id, "at" FROM events WHERE event = 'report_edited') e
	ASOF JOIN (SELECT user_id, "at" FROM events WHERE event = 'report_opened') s
		ON e.user_id = s.user_id AND e."at" > s."at"
	WHERE e."at" - interval '168 hours' <= s."at"
), shared AS (
	SELECT e.user_id, e."at", entered
	FROM (SELECT user_id, "at" FROM events WHERE event = 'report_shared') e
	ASOF JOIN edited s ON e.user_id = s.user_id AND e."at" > s."at"
	WHERE e."at" - interval '168 hours' <= entered
), invited AS (
	SELECT e.user_id
	FROM (SELECT user_id, "at" FROM events WHERE event = 'teammate_invited') e
	ASOF JOIN shared s ON e.user_id = s.user_id AND e."at" > s."at"
	WHERE e."at" - interval '168 hours' <= entered
)
SELECT 1 AS step, count(DISTINCT user_id) AS users FROM events WHERE event = 'report_opened'
UNION ALL
SELECT 2, count(DISTINCT user_id) FROM edited
UNION ALL
SELECT 3, count(DISTINCT user_id) FROM shared
UNION ALL
SELECT 4, count(DISTINCT user_id) FROM invited
ORDER BY step;
