/*
 * latency_usual.sql
 *		Median, 95th and 99th percentile of the latency of each hour, exactly.
 */
SELECT extract(epoch FROM hour)::bigint AS hour, p[1] AS p50, p[2] AS p95, p[3] AS p99
FROM (
	SELECT date_trunc('hour', at) AS hour, percentile_disc('{0.5,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY duration_ms) AS p
	FROM samples
	GROUP BY 1
) h
ORDER BY 1;
