/*
 * month_usual.sql
 *		Median, 95th and 99th percentile of the latency of all 30 days, exactly.
 */
SELECT 0 AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (SELECT percentile_disc('{0.5,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY duration_ms) AS p FROM samples) m;
