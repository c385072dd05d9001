SELECT s.step_order, s.step, s.value
FROM (SELECT sum(c.visitors) AS visitors, sum(c.new_leads) AS leads, sum(c.acquired_customers) AS customers FROM nudge_reporting.channels_monthly c WHERE c.complete AND c.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), (SELECT min(o.currency) FROM nudge_reporting.channels_monthly o HAVING min(o.currency) = max(o.currency)))
	AND c.period_start <= coalesce(NULL::date, c.period_start) GROUP BY c.period_start ORDER BY c.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Visitors', m.visitors), (2, 'Leads', m.leads), (3, 'Customers', m.customers)) s(step_order, step, value)
ORDER BY 1
