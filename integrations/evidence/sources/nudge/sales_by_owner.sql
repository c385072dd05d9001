SELECT v.dimension_value AS owner, max(v.value) FILTER (WHERE v.metric = 'closed_won_amount') AS closed_won_amount, max(v.value) FILTER (WHERE v.metric = 'deals_won') AS deals_won, max(v.value) FILTER (WHERE v.metric = 'win_rate') AS win_rate, max(v.value) FILTER (WHERE v.metric = 'quota_attainment_rate') AS quota_attainment_rate, max(v.value) FILTER (WHERE v.metric = 'pipeline_value') AS pipeline_value, max(v.value) FILTER (WHERE v.metric = 'open_deals') AS open_deals
FROM (
	SELECT v.*, c.title, c.unit, max(v.period_start) FILTER (WHERE v.complete) OVER of_metric AS last_start, min(v.currency) OVER of_metric AS first_currency, max(v.currency) OVER of_metric AS last_currency
	FROM nudge_reporting.metric_values v JOIN nudge_reporting.metric_catalog c ON c.metric = v.metric
	WHERE v.metric IN ('closed_won_amount', 'deals_won', 'win_rate', 'quota_attainment_rate', 'pipeline_value', 'open_deals') AND v.grain = 'month' AND v.dimension = 'owner' AND (v.currency IS NULL OR v.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), v.currency))
	WINDOW of_metric AS (PARTITION BY v.metric)
) v
WHERE v.complete AND v.first_currency IS NOT DISTINCT FROM v.last_currency AND v.period_start > v.last_start - interval '1 month'
GROUP BY 1
ORDER BY 2 DESC NULLS LAST, 1 LIMIT 50
