/*
 * month_about.sql
 *		Percentiles of all 30 days by a t-digest: see sql/month_usual.sql.
 */
SELECT 0 AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (SELECT approx_quantile(duration_ms, [0.5, 0.95, 0.99]) AS p FROM samples) m
