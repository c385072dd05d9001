/*
 * daily_scores.sql
 *		The scores over time that every contestant is asked about.
 *
 * psql variable: customers.  The same number gives the same rows on every
 * machine: chance comes from a hash of (customer, day).
 *
 * A score for each customer and day of a year, a walk in steps of a quarter
 * between 0 and 100, in which falls of 10 to 30 points within a month are
 * common.  Quarters are exact in binary, so that nobody's answer depends on
 * how a difference is rounded.  Rows are in order of the day, as a daily job
 * appends them.
 */
\set ON_ERROR_STOP on

CREATE UNLOGGED TABLE daily_scores AS
SELECT customer, day, greatest(0, least(100, 70 + walk / 4.0))::double precision AS score
FROM (
	SELECT g AS customer, date '2025-01-01' + d AS day,
		   sum((hashint8extended(g, d) & 2147483647) % 15 - 7) OVER (PARTITION BY g ORDER BY d) AS walk
	FROM generate_series(1::bigint, :customers) g, generate_series(0, 364) d
) w
ORDER BY day, hashint8(customer);

VACUUM (ANALYZE) daily_scores;
