SELECT c.campaign, c.channel, c.cost, c.new_leads, c.acquired_customers, c.attributed_revenue, c.campaign_roi
FROM nudge_reporting.campaigns_monthly c
WHERE c.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), (SELECT min(o.currency) FROM nudge_reporting.campaigns_monthly o HAVING min(o.currency) = max(o.currency))) AND c.period_start = (SELECT max(l.period_start) FROM nudge_reporting.campaigns_monthly l WHERE l.complete AND l.period_start <= coalesce(NULL::date, l.period_start))
ORDER BY 6 DESC NULLS LAST, 1 LIMIT 20
