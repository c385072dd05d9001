SELECT v.dimension_value AS channel, max(v.value) FILTER (WHERE v.metric = 'marketing_spend') AS marketing_spend, max(v.value) FILTER (WHERE v.metric = 'leads') AS leads, max(v.value) FILTER (WHERE v.metric = 'acquired_customers') AS acquired_customers, max(v.value) FILTER (WHERE v.metric = 'cac') AS cac, max(v.value) FILTER (WHERE v.metric = 'attributed_revenue') AS attributed_revenue, max(v.value) FILTER (WHERE v.metric = 'roas') AS roas
FROM nudge_reporting.kpi_current k
JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.currency IS NOT DISTINCT FROM k.currency
WHERE k.metric IN ('marketing_spend', 'leads', 'acquired_customers', 'cac', 'attributed_revenue', 'roas') AND v.grain = 'month' AND v.complete AND v.dimension = 'channel' AND v.period_start <= k.period_start AND v.period_start > k.period_start - interval '1 month'
GROUP BY 1
ORDER BY 2 DESC NULLS LAST, 1 LIMIT 50
