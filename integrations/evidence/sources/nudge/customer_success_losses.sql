SELECT c.period_start, c.customer, c.movement, c.opening_mrr, c.movement_mrr, c.closing_mrr
FROM nudge_reporting.customer_mrr_movements c
WHERE c.complete AND c.movement_mrr < 0 AND c.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), (SELECT min(o.currency) FROM nudge_reporting.customer_mrr_movements o HAVING min(o.currency) = max(o.currency))) AND c.period_start <= coalesce(NULL::date, c.period_start)
	AND c.period_start > least(date_trunc('month', current_date), NULL::date) - interval '1 month' * (3 + 1)
ORDER BY 5, 1, 2 LIMIT 20
