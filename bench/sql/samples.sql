/*
 * samples.sql
 *		The latencies that every contestant is asked about.
 *
 * psql variable: samples.  The same number gives the same rows on every
 * machine: chance comes from a hash of (sample, what).
 *
 * Requests of 30 days in order of time, more by day than by night.  A latency is
 * about log-normal around 40 ms, with a tail of some seconds: a product of four
 * hashes, in whole microseconds.
 */
\set ON_ERROR_STOP on

CREATE FUNCTION pg_temp.share(sample bigint, what int) RETURNS double precision
	LANGUAGE sql IMMUTABLE
	RETURN ((hashint8extended(sample, what) & 2147483647) + 0.5) / 2147483648;

CREATE UNLOGGED TABLE samples AS
SELECT timestamptz '2025-06-01 00:00Z' + (g * (30 * 86400.0 / :samples) - 3600 * sin(g * (60 * pi() / :samples))) * interval '1 second' AS at,
	   round((40 * exp(0.55 * (ln(pg_temp.share(g, 0) / (1 - pg_temp.share(g, 0)))
			 + ln(pg_temp.share(g, 1) / (1 - pg_temp.share(g, 1)))) / 1.8))::numeric, 3)::double precision AS duration_ms
FROM generate_series(0::bigint, :samples - 1) g
ORDER BY 1;

VACUUM (ANALYZE) samples;
