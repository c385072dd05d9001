SELECT p.dimension_value AS owner, p.open_deals, p.pipeline_value, p.activity_count, p.activities_per_open_deal, p.overdue_deals, p.stale_deals, p.mean_age_days
FROM nudge_reporting.sales_pipeline_now p
WHERE p.dimension = 'owner' AND p.currency = coalesce((SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = 'currency'), (SELECT min(o.currency) FROM nudge_reporting.sales_pipeline_now o HAVING min(o.currency) = max(o.currency)))
ORDER BY 3 DESC NULLS LAST, 1 LIMIT 50
