SELECT array_position(ARRAY['impressions', 'clicks', 'leads', 'acquired_customers'], v.metric) AS step_order, k.title AS step, v.value
FROM nudge_reporting.kpi_current k
JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.currency IS NOT DISTINCT FROM k.currency
WHERE k.metric IN ('impressions', 'clicks', 'leads', 'acquired_customers') AND v.grain = 'month' AND v.complete AND v.dimension = 'all' AND v.period_start <= k.period_start AND v.period_start > k.period_start - interval '1 month'
ORDER BY 1
