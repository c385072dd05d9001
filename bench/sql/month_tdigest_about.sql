/*
 * month_tdigest_about.sql
 *		month_usual.sql by the extension tdigest, about.
 */
SELECT 0 AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (SELECT tdigest_percentile(duration_ms, 100, '{0.5,0.95,0.99}'::float8[]) AS p FROM samples) m;
