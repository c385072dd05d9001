/*
 * nudge_latency_about.sql
 *		The same in this extension, within one per cent, in the columns of
 *		latency_usual.sql.
 */
SELECT extract(epoch FROM hour)::bigint AS hour, p.p50, p.p95, p.p99
FROM (SELECT date_trunc('hour', at) AS hour, nudge.percentile_agg(duration_ms, 0.01) AS state FROM samples GROUP BY 1) s,
	 nudge.percentile_summary(state) p
ORDER BY 1;
