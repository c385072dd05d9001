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
('pipeline_coverage', 'sales', 364, 'Pipeline coverage', 'ratio', 'up', 'not additive', 'month', 'open_amount / quota', 'Pipeline value over the quota of the period.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'sales_performance', m.value, m.numerator, m.denominator, 'currency', CASE d.dimension WHEN 'dimension' THEN coalesce(m.slices, 'dimension <> ''all''') ELSE 'dimension = ''all''' END
FROM (VALUES
	('pipeline_value', 'open_amount', NULL::text, NULL::text, NULL::text),
	('weighted_pipeline_value', 'weighted_amount', NULL::text, NULL::text, NULL::text),
	('open_deals', 'open_deals', NULL::text, NULL::text, NULL::text),
	('deals_created', 'deals_created', NULL::text, NULL::text, NULL::text),
	('deals_closed', 'deals_closed', NULL::text, NULL::text, NULL::text),
	('deals_won', 'won', NULL::text, NULL::text, NULL::text),
	('closed_won_amount', 'won_amount', NULL::text, NULL::text, NULL::text),
	('average_deal_size', NULL::text, 'won_amount', 'won', NULL::text),
	('win_rate', NULL::text, 'won', 'won + lost + no_decision', NULL::text),
	('win_rate_by_amount', NULL::text, 'won_amount', 'won_amount + lost_amount', NULL::text),
	('sales_cycle_days', 'mean_cycle_days', 'mean_cycle_days * cycle_deals', 'cycle_deals', NULL::text),
	('median_sales_cycle_days', 'median_cycle_days', NULL::text, NULL::text, NULL::text),
	('sales_velocity', 'sales_velocity', NULL::text, NULL::text, NULL::text),
	('quota_attainment_rate', NULL::text, 'won_amount', 'quota', NULL::text),
	('pipeline_coverage', NULL::text, 'open_amount', 'quota', NULL::text)
) m(metric, value, numerator, denominator, slices),
	(VALUES ('''all''', '''all'''), ('dimension', 'coalesce(value, ''(none)'')')) d(dimension, dimension_value)
WHERE d.dimension <> 'dimension' OR m.slices IS DISTINCT FROM 'false';
