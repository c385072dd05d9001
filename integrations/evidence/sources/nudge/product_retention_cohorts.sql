SELECT c.cohort_start AS cohort, c.age, c.retention_rate AS value
FROM nudge_reporting.user_retention_cohorts c
WHERE c.grain = 'month' AND c.retention_rate IS NOT NULL AND c.age <= 12 AND c.period_start <= coalesce(NULL::date, c.period_start)
	AND c.cohort_start > least(date_trunc('month', current_date), NULL::date) - interval '1 month' * (12 + 1)
ORDER BY 1, 2
