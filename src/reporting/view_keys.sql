/*
 * view_keys.sql
 *		Columns that tell the rows of shipped views apart: tests and semantic
 *		layers want them, since views have no primary keys.
 *
 * Rules: doc/reporting.md.
 */

UPDATE nudge.shipped_views v SET row_key = k.row_key
FROM (VALUES
	('calendar_days', '{day}'::text[]),
	('metric_values', '{period_start,grain,metric,dimension,dimension_value,currency}'),
	('metric_catalog', '{metric}'),
	('kpi_current', '{metric}'),
	('metric_progress', '{period_start,grain,metric,dimension,dimension_value,currency}'),
	('metric_targets', '{period_start,metric,target_kind,grain,dimension,dimension_value,currency}'),
	('data_freshness', '{mart}'),
	('reporting_settings', '{setting}'),
	('_metabase_metadata', '{keypath}'),
	('mrr_monthly', '{period_start,currency}'),
	('customer_mrr_now', '{customer,currency}'),
	('metric_revisions', '{period_start,currency,report_version}'),
	('revenue_retention_monthly', '{period_start,currency}'),
	('revenue_retention_monthly_by_dimension', '{period_start,currency,dimension,dimension_value}'),
	('mrr_monthly_by_dimension', '{period_start,currency,dimension,dimension_value}'),
	('mrr_monthly_then', '{period_start,dimension,dimension_value,currency}'),
	('revenue_cohort_months', '{cohort_start,age_months,currency}'),
	('customer_revenue_monthly', '{period_start,customer,currency}'),
	('customer_mrr_movements', '{period_start,customer,currency}'),
	('customer_transfers', '{period_start,customer,dimension,currency}'),
	('customer_subscriptions', '{started_at,customer,subscription,item,sequence_no}'),
	('customer_details', '{customer}'),
	('user_details', '{user_id}'),
	('plan_details', '{plan}'),
	('active_users_daily', '{day}'),
	('user_lifecycle', '{period_start,grain}'),
	('user_retention_cohorts', '{cohort_start,grain,age}'),
	('user_retention_by_day', '{period_start,age_days}'),
	('user_classes_weekly', '{period_start}'),
	('feature_adoption_monthly', '{period_start,feature}'),
	('feature_adoption_now', '{feature}'),
	('product_events_daily', '{day,event_name,feature}'),
	('user_events_daily', '{day,user_key,event_name,feature}'),
	('support_monthly', '{period_start,dimension,dimension_value}'),
	('support_backlog_monthly', '{period_start,dimension,dimension_value}'),
	('support_tickets', '{ticket}'),
	('nps_monthly', '{period_start,dimension,dimension_value}'),
	('sales_monthly', '{period_start,dimension,dimension_value}'),
	('sales_pipeline_now', '{dimension,dimension_value}'),
	('uptime_monthly', '{period_start,dimension,dimension_value}'),
	('incidents_monthly', '{period_start,dimension,dimension_value}'),
	('platform_incidents', '{incident}'),
	('latency_monthly', '{period_start,dimension,dimension_value}'),
	('delivery_monthly', '{period_start,dimension,dimension_value}'),
	('channels_monthly', '{period_start,channel}'),
	('channel_attribution_monthly', '{period_start,channel,attribution_model,currency}'),
	('channel_overview', '{channel}'),
	('channel_spend_daily', '{day,channel,campaign,partner,currency}'),
	('campaign_sends_daily', '{day,campaign}'),
	('campaign_results', '{campaign}'),
	('customer_touches_daily', '{day,customer,channel,campaign,partner}'),
	('customer_conversions_daily', '{day,customer,conversion_kind,currency}'),
	('costs_monthly', '{period_start,category}'),
	('burn_monthly', '{period_start}'),
	('share_of_voice_monthly', '{period_start,channel,competitor}'),
	('competitive_wins_monthly', '{period_start,dimension,dimension_value}')
) k(name, row_key)
WHERE v.name = k.name;
