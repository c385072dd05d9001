SELECT v.period_start, v.dimension_value AS series, v.value
FROM (
	SELECT v.*, c.title, c.unit, max(v.period_start) FILTER (WHERE v.complete) OVER of_metric AS last_start, min(v.currency) OVER of_metric AS first_currency, max(v.currency) OVER of_metric AS last_currency
	FROM nudge_reporting.metric_values v JOIN nudge_reporting.metric_catalog c ON c.metric = v.metric
	WHERE v.metric IN ('attributed_revenue') AND v.grain = 'month' AND v.dimension = 'channel' AND (v.currency IS NULL OR v.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), v.currency))
	WINDOW of_metric AS (PARTITION BY v.metric)
) v
WHERE v.complete AND v.first_currency IS NOT DISTINCT FROM v.last_currency AND v.period_start > v.last_start - interval '1 month' * 12
ORDER BY 1, 2
