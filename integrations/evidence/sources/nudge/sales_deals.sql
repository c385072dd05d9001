SELECT v.period_start, k.title AS series, v.value
FROM nudge_reporting.kpi_current k
JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.currency IS NOT DISTINCT FROM k.currency
WHERE k.metric IN ('deals_created', 'deals_closed', 'deals_won') AND v.grain = 'month' AND v.complete AND v.dimension = 'all' AND v.period_start <= k.period_start AND v.period_start > k.period_start - interval '1 month' * 12
ORDER BY 1, array_position(ARRAY['deals_created', 'deals_closed', 'deals_won'], v.metric)
