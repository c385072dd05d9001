SELECT v.period_start, v.value, max(v.value) OVER earlier AS previous, ((v.value - max(v.value) OVER earlier) / nullif(abs(max(v.value) OVER earlier), 0))::numeric(24,6) AS change_rate, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan, v.currency
FROM nudge_reporting.kpi_current k
JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.currency IS NOT DISTINCT FROM k.currency
LEFT JOIN LATERAL (SELECT max(t.value) FILTER (WHERE t.target_kind = 'target') AS target, max(t.value) FILTER (WHERE t.target_kind = 'minimum') AS minimum, max(t.value) FILTER (WHERE t.target_kind = 'benchmark') AS benchmark, max(t.value) FILTER (WHERE t.target_kind = 'plan') AS plan
	FROM nudge_reporting.metric_targets t WHERE t.metric = v.metric AND t.grain = v.grain AND t.dimension = v.dimension AND t.dimension_value = v.dimension_value AND t.currency IS NOT DISTINCT FROM CASE k.unit WHEN 'currency' THEN v.currency END AND t.period_start <= v.period_start AND (t.next_period_start > v.period_start OR t.next_period_start IS NULL)) g ON true
WHERE k.metric IN ('csat') AND v.grain = 'month' AND v.complete AND v.dimension = 'all' AND v.period_start <= k.period_start AND v.period_start > k.period_start - interval '1 month' * 13
WINDOW earlier AS (ORDER BY v.period_start RANGE BETWEEN interval '1 month' PRECEDING AND interval '1 month' PRECEDING)
ORDER BY v.period_start
