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
	('metric_revisions', '{period_start,currency,report_version}')
) k(name, row_key)
WHERE v.name = k.name;
