/*
 * metrics_sales.sql
 *		Shipped metrics about sales.
 *
 * Rules: doc/reporting.md; definitions: doc/sales.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('pipeline_value', 'sales', 350, 'Pipeline value', 'currency', 'up', 'balance', 'month', 'open_amount', 'Amount of the deals that are open as the period closes.'),
('weighted_pipeline_value', 'sales', 351, 'Weighted pipeline value', 'currency', 'up', 'balance', 'month', 'weighted_amount', 'The same times the probability of the stage of each; NULL without stages.'),
('open_deals', 'sales', 352, 'Open deals', 'count', 'up', 'balance', 'month', 'open_deals', 'Deals that are open as the period closes.'),
('deals_created', 'sales', 353, 'Deals created', 'count', 'up', 'additive', 'month', 'deals_created', 'Deals that were created.'),
('deals_closed', 'sales', 354, 'Deals closed', 'count', 'up', 'additive', 'month', 'deals_closed', 'Deals that were closed, with whatever outcome.'),
('deals_won', 'sales', 355, 'Deals won', 'count', 'up', 'additive', 'month', 'won', 'Deals that were won.'),
('closed_won_amount', 'sales', 356, 'Closed-won amount', 'currency', 'up', 'additive', 'month', 'won_amount', 'Amount of the deals that were won.'),
('average_deal_size', 'sales', 357, 'Average deal size', 'currency', 'up', 'not additive', 'month', 'won_amount / won', 'Mean amount of the deals that were won.'),
('win_rate', 'sales', 358, 'Win rate', 'rate', 'up', 'not additive', 'month', 'won / (won + lost + no_decision)', 'Share of the deals closed in the period that were won; closed without a decision is lost, without an outcome is left out.'),
('win_rate_by_amount', 'sales', 359, 'Win rate by amount', 'rate', 'up', 'not additive', 'month', 'won_amount / (won_amount + lost_amount)', 'The same by amount.'),
('sales_cycle_days', 'sales', 360, 'Sales cycle', 'days', 'down', 'not additive', 'month', 'mean_cycle_days', 'Mean days from creation to close of the deals that were won.'),
('median_sales_cycle_days', 'sales', 361, 'Sales cycle, median', 'days', 'down', 'not additive', 'month', 'median_cycle_days', 'Median days from creation to close of the deals that were won.'),
('sales_velocity', 'sales', 362, 'Sales velocity', 'currency', 'up', 'not additive', 'month', 'qualified_deals * average_deal_size * win_rate / mean_cycle_days', 'Amount a day that the qualified open deals promise.'),
('quota_attainment_rate', 'sales', 363, 'Quota attainment', 'rate', 'up', 'not additive', 'month', 'won_amount / quota', 'Amount won over the quota of the period.'),
('pipeline_coverage', 'sales', 364, 'Pipeline coverage', 'ratio', 'up', 'not additive', 'month', 'open_amount / quota', 'Pipeline value over the quota of the period.'),
('sales_activities', 'sales', 365, 'Sales activities', 'count', 'up', 'additive', 'month', 'activities_done', 'Calls, meetings and other activities of sales.'),
('activities_per_deal_won', 'sales', 366, 'Activities per deal won', 'ratio', 'down', 'not additive', 'month', 'activities_done / deals_won', 'Sales activities of the period over the deals won in it.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'sales_performance', m.value, m.numerator, m.denominator, CASE (SELECT k.unit FROM nudge.shipped_metrics k WHERE k.metric = m.metric) WHEN 'currency' THEN 'currency' ELSE 'NULL' END, d.condition
FROM (VALUES
	('pipeline_value', 'open_amount', NULL, NULL),
	('weighted_pipeline_value', 'weighted_amount', NULL, NULL),
	('open_deals', 'open_deals', NULL, NULL),
	('deals_created', 'deals_created', NULL, NULL),
	('deals_closed', 'deals_closed', NULL, NULL),
	('deals_won', 'won', NULL, NULL),
	('closed_won_amount', 'won_amount', NULL, NULL),
	('average_deal_size', NULL, 'won_amount', 'won'),
	('win_rate', NULL, 'won', 'won + lost + no_decision'),
	('win_rate_by_amount', NULL, 'won_amount', 'won_amount + lost_amount'),
	('sales_cycle_days', 'mean_cycle_days', 'mean_cycle_days * cycle_deals', 'cycle_deals'),
	('median_sales_cycle_days', 'median_cycle_days', NULL, NULL),
	('sales_velocity', 'sales_velocity', NULL, NULL),
	('quota_attainment_rate', NULL, 'won_amount', 'quota'),
	('pipeline_coverage', NULL, 'open_amount', 'quota')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'sales_activity', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES ('sales_activities', 'activities_done', NULL, NULL), ('activities_per_deal_won', NULL, 'activities_done', 'deals_won')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'' AND kind = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all'' AND kind = ''all'''), ('''kind''', 'kind', 'dimension = ''all'' AND kind <> ''all''')) d(dimension, dimension_value, condition);
