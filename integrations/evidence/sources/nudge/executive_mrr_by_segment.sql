SELECT v.dimension_value AS series, v.value
FROM nudge_reporting.kpi_current k
JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.currency IS NOT DISTINCT FROM k.currency
WHERE k.metric IN ('mrr') AND v.grain = 'month' AND v.complete AND v.dimension = 'segment' AND v.period_start <= k.period_start AND v.period_start > k.period_start - interval '1 month'
ORDER BY 2 DESC NULLS LAST, 1 LIMIT 20
