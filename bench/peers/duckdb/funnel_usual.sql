/*
 * funnel_usual.sql
 *		../../sql/funnel_usual.sql in the words of DuckDB.
 */
WITH chain AS (
	SELECT a.user_id AS entered, b.user_id AS edited, c.user_id AS shared, d.user_id AS invited
	FROM events a
	LEFT JOIN events b
		ON b.user_id = a.user_id AND b.event = 'report_edited'
		AND b."at" > a."at" AND b."at" <= a."at" + interval '168 hours'
	LEFT JOIN events c
		ON c.user_id = b.user_id AND c.event = 'report_shared'
		AND c."at" > b."at" AND c."at" <= a."at" + interval '168 hours'
	LEFT JOIN events d
		ON d.user_id = c.user_id AND d.event = 'teammate_invited'
		AND d."at" > c."at" AND d."at" <= a."at" + interval '168 hours'
	WHERE a.event = 'report_opened'
), reached AS (
	SELECT [count(DISTINCT entered), count(DISTINCT edited),
				 count(DISTINCT shared), count(DISTINCT invited)] AS users
	FROM chain
)
SELECT step, users[step] AS users
FROM reached, range(1, 5) s(step)
ORDER BY step;
