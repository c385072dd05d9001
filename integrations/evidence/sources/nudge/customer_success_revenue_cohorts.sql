SELECT c.cohort_start AS cohort, c.age_months AS age, c.net_revenue_retention_rate AS value
FROM nudge_reporting.revenue_cohort_months c
WHERE c.complete AND c.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), (SELECT min(o.currency) FROM nudge_reporting.revenue_cohort_months o HAVING min(o.currency) = max(o.currency))) AND c.age_months <= 12 AND c.period_start <= coalesce(NULL::date, c.period_start)
	AND c.cohort_start > least(date_trunc('month', current_date), NULL::date) - interval '1 month' * (12 + 1)
ORDER BY 1, 2
