SELECT v.period_start, v.value, max(v.value) OVER earlier AS previous, ((v.value - max(v.value) OVER earlier) / nullif(abs(max(v.value) OVER earlier), 0))::numeric(24,6) AS change_rate, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan, v.currency
FROM (
	SELECT v.*, c.title, c.unit, max(v.period_start) FILTER (WHERE v.complete) OVER of_metric AS last_start, min(v.currency) OVER of_metric AS first_currency, max(v.currency) OVER of_metric AS last_currency
	FROM nudge_reporting.metric_values v JOIN nudge_reporting.metric_catalog c ON c.metric = v.metric
	WHERE v.metric IN ('sales_activities') AND v.grain = 'month' AND v.dimension = 'all' AND (v.currency IS NULL OR v.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), v.currency))
	WINDOW of_metric AS (PARTITION BY v.metric)
) v
LEFT JOIN LATERAL (SELECT max(t.value) FILTER (WHERE t.target_kind = 'target') AS target, max(t.value) FILTER (WHERE t.target_kind = 'minimum') AS minimum, max(t.value) FILTER (WHERE t.target_kind = 'benchmark') AS benchmark, max(t.value) FILTER (WHERE t.target_kind = 'plan') AS plan
	FROM nudge_reporting.metric_targets t WHERE t.metric = v.metric AND t.grain = v.grain AND t.dimension = v.dimension AND t.dimension_value = v.dimension_value AND t.currency IS NOT DISTINCT FROM CASE v.unit WHEN 'currency' THEN v.currency END AND t.period_start <= v.period_start AND (t.next_period_start > v.period_start OR t.next_period_start IS NULL)) g ON true
WHERE v.complete AND v.first_currency IS NOT DISTINCT FROM v.last_currency AND v.period_start > v.last_start - interval '1 month' * 13
WINDOW earlier AS (ORDER BY v.period_start RANGE BETWEEN interval '1 month' PRECEDING AND interval '1 month' PRECEDING)
ORDER BY v.period_start
