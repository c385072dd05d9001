/*
 * latency_about.sql
 *		Percentiles of each hour by t-digests: see sql/latency_usual.sql.
 */
SELECT epoch(hour)::BIGINT AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (SELECT date_trunc('hour', "at") AS hour, approx_quantile(duration_ms, [0.5, 0.95, 0.99]) AS p FROM samples GROUP BY 1) h
ORDER BY 1
