/*
 * latency_exact.sql
 *		Percentiles of each hour, exactly: see sql/latency_usual.sql.
 */
SELECT toUnixTimestamp(toStartOfHour(at)) AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (SELECT toStartOfHour(at) AS at, quantilesExact(0.5, 0.95, 0.99)(duration_ms) AS p FROM samples GROUP BY at)
ORDER BY hour
