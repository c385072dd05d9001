SELECT v.dimension_value AS owner, max(v.value) FILTER (WHERE v.metric = 'closed_won_amount') AS closed_won_amount, max(v.value) FILTER (WHERE v.metric = 'deals_won') AS deals_won, max(v.value) FILTER (WHERE v.metric = 'win_rate') AS win_rate, max(v.value) FILTER (WHERE v.metric = 'quota_attainment_rate') AS quota_attainment_rate, max(v.value) FILTER (WHERE v.metric = 'pipeline_value') AS pipeline_value, max(v.value) FILTER (WHERE v.metric = 'open_deals') AS open_deals
FROM nudge_reporting.kpi_current k
JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.currency IS NOT DISTINCT FROM k.currency
WHERE k.metric IN ('closed_won_amount', 'deals_won', 'win_rate', 'quota_attainment_rate', 'pipeline_value', 'open_deals') AND v.grain = 'month' AND v.complete AND v.dimension = 'owner' AND v.period_start <= k.period_start AND v.period_start > k.period_start - interval '1 month'
GROUP BY 1
ORDER BY 2 DESC NULLS LAST, 1 LIMIT 50
