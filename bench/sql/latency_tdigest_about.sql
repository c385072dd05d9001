/*
 * latency_tdigest_about.sql
 *		latency_usual.sql by the extension tdigest, about, with its usual
 *		compression.
 */
SELECT extract(epoch FROM hour)::bigint AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (
	SELECT date_trunc('hour', at) AS hour, tdigest_percentile(duration_ms, 100, '{0.5,0.95,0.99}'::float8[]) AS p
	FROM samples
	GROUP BY 1
) h
ORDER BY 1;
