/*
 * funnel_usual.sql
 *		The funnel of four steps within seven days of any entry in plain SQL, as
 *		it is usually written: the table joined with itself, step by step.
 *
 * The truth that every contestant must equal.
 */
WITH chain AS (
	SELECT a.user_id AS entered, b.user_id AS edited, c.user_id AS shared, d.user_id AS invited
	FROM events a
	LEFT JOIN events b
		ON b.user_id = a.user_id AND b.event = 'report_edited'
		AND b.at > a.at AND b.at <= a.at + interval '168 hours'
	LEFT JOIN events c
		ON c.user_id = b.user_id AND c.event = 'report_shared'
		AND c.at > b.at AND c.at <= a.at + interval '168 hours'
	LEFT JOIN events d
		ON d.user_id = c.user_id AND d.event = 'teammate_invited'
		AND d.at > c.at AND d.at <= a.at + interval '168 hours'
	WHERE a.event = 'report_opened'
), reached AS (
	SELECT ARRAY[count(DISTINCT entered), count(DISTINCT edited),
				 count(DISTINCT shared), count(DISTINCT invited)] AS users
	FROM chain
)
SELECT step, users[step] AS users
FROM reached, generate_series(1, 4) step
ORDER BY step;
