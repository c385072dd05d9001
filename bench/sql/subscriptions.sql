/*
 * subscriptions.sql
 *		The company that every contestant is asked about.
 *
 * psql variable: customers.  The same number gives the same rows in the same
 * order on every machine: chance comes from a hash of (customer, period, what).
 *
 * 36 months, 2023-01 to 2025-12.  A customer has 1 to 4 periods, 2.5 on
 * average.  The next period starts when the last one ends (upgrade, downgrade
 * or free plan), 1 to 90 days later (gap) or 1 to 40 days earlier (overlap, as
 * with an add-on).  Half of the customers are still there at the end.
 */
\set ON_ERROR_STOP on

CREATE FUNCTION pg_temp.chance(customer bigint, period int, what int, n int) RETURNS int
	LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(customer, period * 16 + what) & 2147483647) % n;

CREATE UNLOGGED TABLE subscriptions AS
WITH person AS (
	SELECT g AS customer,
		   date '2023-01-01' + pg_temp.chance(g, 0, 0, 1000) AS first_day,
		   1 + pg_temp.chance(g, 0, 1, 4) AS periods,
		   CASE WHEN pg_temp.chance(g, 0, 2, 100) < 50
				THEN 1000000 END AS stays
	FROM generate_series(1::bigint, :customers) g
), step AS (
	/* the length of a period: what is left to the horizon, in fair parts */
	SELECT person.*, p,
		   1 + (date '2025-12-31' - first_day) * (40 + pg_temp.chance(customer, p, 3, 60)) / (100 * periods) AS days,
		   CASE WHEN p = 1 THEN 0
				WHEN pg_temp.chance(customer, p, 4, 100) < 70 THEN 0
				WHEN pg_temp.chance(customer, p, 4, 100) < 85 THEN 1 + pg_temp.chance(customer, p, 5, 90)
				ELSE - 1 - pg_temp.chance(customer, p, 5, 40) END AS shift,
		   CASE WHEN pg_temp.chance(customer, p, 6, 100) < 2 THEN 0
				ELSE 500 + pg_temp.chance(customer, p, 7, 50000) END AS cents
	FROM person, generate_series(1, periods) p
), laid AS (
	SELECT step.*,
		   first_day + coalesce(sum(days) OVER before, 0)::int
		   + sum(shift) OVER (PARTITION BY customer ORDER BY p)::int AS starts
	FROM step
	WINDOW before AS (PARTITION BY customer ORDER BY p ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT customer,
	   greatest(starts, first_day) AS valid_from,
	   CASE WHEN p = periods AND stays IS NOT NULL
				 OR greatest(starts, first_day) + days > date '2025-12-31' THEN NULL
			ELSE greatest(starts, first_day) + days END AS valid_to,
	   (cents / 100.0)::numeric(12, 2) AS mrr
FROM laid
WHERE greatest(starts, first_day) <= date '2025-12-31'
ORDER BY hashint8extended(customer, p);

VACUUM (ANALYZE) subscriptions;
