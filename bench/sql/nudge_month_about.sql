/*
 * nudge_month_about.sql
 *		The same in this extension, within one per cent, in the columns of
 *		month_usual.sql.
 */
SELECT 0 AS hour, p.p50, p.p95, p.p99
FROM (SELECT nudge.percentile_agg(duration_ms, 0.01) AS state FROM samples) s, nudge.percentile_summary(state) p;
