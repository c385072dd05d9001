/*
 * funnel_usual.sql
 *		../../sql/funnel_window.sql in the words of ClickHouse: self-joins multiply
 *		rows before it looks at the times.
 */
WITH tracked AS (
	SELECT user_id, toUInt32(at) AS at,
		   indexOf(['report_opened', 'report_edited', 'report_shared', 'teammate_invited'], event) AS step
	FROM events
	WHERE event IN ('report_opened', 'report_edited', 'report_shared', 'teammate_invited')
), entered AS (
	SELECT user_id, at, step,
		   max(if(step = 1, at, 0)) OVER (PARTITION BY user_id ORDER BY at
										  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS entered
	FROM tracked
), edited AS (
	SELECT user_id, at, step, entered,
		   max(if(step = 2 AND at <= entered + 604800, entered, 0)) OVER (PARTITION BY user_id ORDER BY at
				ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS edited
	FROM entered
), shared AS (
	SELECT user_id, at, step, entered, edited,
		   max(if(step = 3 AND at <= edited + 604800, edited, 0)) OVER (PARTITION BY user_id ORDER BY at
				ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS shared
	FROM edited
)
SELECT tupleElement(row, 1) AS step, tupleElement(row, 2) AS users
FROM (
	SELECT arrayJoin([(1, uniqExactIf(user_id, entered > 0)), (2, uniqExactIf(user_id, edited > 0)),
					  (3, uniqExactIf(user_id, shared > 0)),
					  (4, uniqExactIf(user_id, step = 4 AND at <= shared + 604800))]) AS row
	FROM shared
)
ORDER BY step
