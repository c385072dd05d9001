/*
 * accounts.sql
 *		The factors of health that every contestant is asked about.
 *
 * psql variable: customers.  The same number gives the same rows on every
 * machine: chance comes from a hash of (customer, what).
 *
 * Five factors from 0 to 100 for each customer, of which every tenth value is
 * not known.  They have many decimals, so that no score lies on the edge of a
 * band, where the last digit of a sum would decide.
 */
\set ON_ERROR_STOP on

CREATE FUNCTION pg_temp.factor(customer bigint, what int) RETURNS double precision
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN (hashint8extended(customer, what + 8) & 2147483647) % 10 > 0
		THEN (hashint8extended(customer, what) & 2147483647) * 100.0 / 2147483648 END;

CREATE UNLOGGED TABLE accounts AS
SELECT g AS customer, pg_temp.factor(g, 0) AS usage, pg_temp.factor(g, 1) AS engagement,
	   pg_temp.factor(g, 2) AS satisfaction, pg_temp.factor(g, 3) AS growth, pg_temp.factor(g, 4) AS advocacy
FROM generate_series(1::bigint, :customers) g
ORDER BY hashint8(g);

VACUUM (ANALYZE) accounts;
