/*
 * month_exact.sql
 *		Percentiles of all 30 days, exactly: see sql/month_usual.sql.
 */
SELECT 0 AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (SELECT quantilesExact(0.5, 0.95, 0.99)(duration_ms) AS p FROM samples)
