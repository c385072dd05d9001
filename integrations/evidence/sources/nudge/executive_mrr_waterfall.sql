SELECT s.step_order, s.step, s.value
FROM (SELECT m.* FROM nudge_reporting.mrr_monthly_consolidated m WHERE m.complete AND m.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), (SELECT min(o.currency) FROM nudge_reporting.mrr_monthly_consolidated o HAVING min(o.currency) = max(o.currency))) AND m.period_start <= coalesce(NULL::date, m.period_start) ORDER BY m.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Opening', m.opening_mrr), (2, 'New', m.new_mrr), (3, 'Reactivation', m.reactivation_mrr), (4, 'Expansion', m.expansion_mrr),
	(5, 'Contraction', m.contraction_mrr), (6, 'Churn', m.churn_mrr), (7, 'Exchange rates', m.fx_mrr)) s(step_order, step, value)
ORDER BY 1
