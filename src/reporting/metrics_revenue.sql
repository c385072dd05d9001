/*
 * metrics_revenue.sql
 *		Shipped metrics about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('mrr', 'revenue', 100, 'MRR', 'currency', 'up', 'balance', 'month', 'closing_mrr', 'Monthly recurring revenue as the period closes.'),
('arr', 'revenue', 101, 'ARR', 'currency', 'up', 'balance', 'month', '12 * closing_mrr', 'Annual recurring revenue as the period closes: 12 times MRR.'),
('new_mrr', 'revenue', 102, 'New MRR', 'currency', 'up', 'additive', 'month', 'new_mrr', 'MRR of customers that had none before.'),
('reactivation_mrr', 'revenue', 103, 'Reactivation MRR', 'currency', 'up', 'additive', 'month', 'reactivation_mrr', 'MRR of customers that had had some, and none as the period opened.'),
('expansion_mrr', 'revenue', 104, 'Expansion MRR', 'currency', 'up', 'additive', 'month', 'expansion_mrr', 'MRR that customers have more than as the period opened.'),
('contraction_mrr', 'revenue', 105, 'Contraction MRR', 'currency', 'up', 'additive', 'month', 'contraction_mrr', 'MRR that customers have less than as the period opened: 0 or negative.'),
('churn_mrr', 'revenue', 106, 'Churned MRR', 'currency', 'up', 'additive', 'month', 'churn_mrr', 'MRR of customers that have none any more: 0 or negative.'),
('net_new_mrr', 'revenue', 107, 'Net new MRR', 'currency', 'up', 'additive', 'month', 'new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr', 'All movements of MRR: closing less opening.'),
('mrr_growth_rate', 'revenue', 108, 'MRR growth', 'rate', 'up', 'not additive', 'month', 'net_new_mrr / opening_mrr', 'Growth of MRR over one period, as a fraction.'),
('churned_mrr_rate', 'revenue', 109, 'Churned MRR rate', 'rate', 'down', 'not additive', 'month', '-churn_mrr / opening_mrr', 'MRR of customers that left over opening MRR, contraction not counted.'),
('gross_mrr_churn_rate', 'revenue', 110, 'Gross MRR churn', 'rate', 'down', 'not additive', 'month', '-(churn_mrr + contraction_mrr) / opening_mrr', 'MRR lost by churn and contraction over opening MRR.'),
('expansion_rate', 'revenue', 111, 'Expansion rate', 'rate', 'up', 'not additive', 'month', 'expansion_mrr / opening_mrr', 'Expansion MRR over opening MRR.'),
('contraction_rate', 'revenue', 112, 'Contraction rate', 'rate', 'down', 'not additive', 'month', '-contraction_mrr / opening_mrr', 'Contraction MRR over opening MRR.'),
('monthly_net_revenue_retention_rate', 'revenue', 113, 'Net revenue retention, one month', 'rate', 'up', 'not additive', 'month', '(opening_mrr + expansion_mrr + contraction_mrr + churn_mrr) / opening_mrr',
	'MRR of the customers of a month before over what it was then. Of one month: thresholds for twelve months do not fit it.'),
('monthly_gross_revenue_retention_rate', 'revenue', 114, 'Gross revenue retention, one month', 'rate', 'up', 'not additive', 'month', '(opening_mrr + contraction_mrr + churn_mrr) / opening_mrr',
	'The same without expansion: never above 1. Of one month: thresholds for twelve months do not fit it.'),
('quick_ratio', 'revenue', 115, 'Quick ratio', 'ratio', 'up', 'not additive', 'month', '(new_mrr + expansion_mrr) / -(contraction_mrr + churn_mrr)', 'MRR won over MRR lost; none if nothing was lost.'),
('arpa', 'revenue', 116, 'ARPA', 'currency', 'up', 'not additive', 'month', 'closing_mrr / closing_customers', 'MRR per customer that has some, as the period closes.'),
('net_revenue_retention_rate', 'revenue', 117, 'Net revenue retention', 'rate', 'up', 'not additive', 'month', '(opening_mrr + expansion_mrr + contraction_mrr + churn_mrr) / opening_mrr', 'MRR of the customers of 12 months before, as the period closes, over what it was then (NRR).'),
('gross_revenue_retention_rate', 'revenue', 118, 'Gross revenue retention', 'rate', 'up', 'not additive', 'month', '(opening_mrr + contraction_mrr + churn_mrr) / opening_mrr', 'The same with each customer counted at no more than it paid 12 months before (GRR): never above 1.'),
('paying_customers', 'customers', 120, 'Paying customers', 'count', 'up', 'balance', 'month', 'closing_customers', 'Customers with MRR as the period closes.'),
('new_customers', 'customers', 121, 'New customers', 'count', 'up', 'additive', 'month', 'new_customers', 'Customers that had no MRR before; reactivated ones are not new.'),
('churned_customers', 'customers', 122, 'Churned customers', 'count', 'down', 'additive', 'month', 'churned_customers', 'Customers that have no MRR any more.'),
('logo_churn_rate', 'customers', 123, 'Customer churn rate', 'rate', 'down', 'not additive', 'month', 'churned_customers / opening_customers', 'Share of the opening customers that left.'),
('logo_retention_rate', 'customers', 124, 'Customer retention', 'rate', 'up', 'not additive', 'month', '(opening_customers - churned_customers) / opening_customers', 'Share of the customers of 12 months before that have MRR as the period closes.');

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, currency, value, numerator, denominator) VALUES
('mrr', 'month', 'mrr_consolidated', 'currency', 'closing_mrr', NULL, NULL),
('arr', 'month', 'mrr_consolidated', 'currency', '12 * closing_mrr', NULL, NULL),
('new_mrr', 'month', 'mrr_consolidated', 'currency', 'new_mrr', NULL, NULL),
('reactivation_mrr', 'month', 'mrr_consolidated', 'currency', 'reactivation_mrr', NULL, NULL),
('expansion_mrr', 'month', 'mrr_consolidated', 'currency', 'expansion_mrr', NULL, NULL),
('contraction_mrr', 'month', 'mrr_consolidated', 'currency', 'contraction_mrr', NULL, NULL),
('churn_mrr', 'month', 'mrr_consolidated', 'currency', 'churn_mrr', NULL, NULL),
('net_new_mrr', 'month', 'mrr_consolidated', 'currency', 'net_new_mrr', NULL, NULL),
('mrr_growth_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'net_new_mrr', 'opening_mrr'),
('churned_mrr_rate', 'month', 'mrr_consolidated', 'currency', NULL, '-churn_mrr', 'opening_mrr'),
('gross_mrr_churn_rate', 'month', 'mrr_consolidated', 'currency', NULL, '-(churn_mrr + contraction_mrr)', 'opening_mrr'),
('expansion_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'expansion_mrr', 'opening_mrr'),
('contraction_rate', 'month', 'mrr_consolidated', 'currency', NULL, '-contraction_mrr', 'opening_mrr'),
('monthly_net_revenue_retention_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'opening_mrr + expansion_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
('monthly_gross_revenue_retention_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'opening_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
('quick_ratio', 'month', 'mrr_consolidated', 'currency', NULL, 'new_mrr + expansion_mrr', '-(contraction_mrr + churn_mrr)'),
('arpa', 'month', 'mrr_consolidated', 'currency', NULL, 'closing_mrr', 'closing_customers'),
('paying_customers', 'month', 'mrr_consolidated', 'currency', 'closing_customers', NULL, NULL),
('new_customers', 'month', 'mrr_consolidated', 'currency', 'new_customers', NULL, NULL),
('churned_customers', 'month', 'mrr_consolidated', 'currency', 'churned_customers', NULL, NULL),
('logo_churn_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'churned_customers', 'opening_customers');

-- the same by currency, and by what is known of the customers now: converted as the
-- total is, what was there at the rate before, what is at that of now
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator)
SELECT s.metric, s.grain, '''currency''', 'currency', 'mrr_summary', s.currency, s.value, s.numerator, s.denominator FROM nudge.shipped_metric_sources s WHERE s.mart = 'mrr_consolidated';
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator, condition, aggregated)
SELECT s.metric, s.grain, d.dimension, d.dimension_value, d.mart, 'base_currency', e.value, e.numerator, e.denominator, d.condition, true
FROM nudge.shipped_metric_sources s, (VALUES ('''segment''', 'segment', 'mrr_by_segment', 'segment <> ''all'''), ('dimension', 'value', 'mrr_by_dimension', 'true')) d(dimension, dimension_value, mart, condition),
	LATERAL (SELECT max(c.converted) FILTER (WHERE c.part = 1) AS value, max(c.converted) FILTER (WHERE c.part = 2) AS numerator, max(c.converted) FILTER (WHERE c.part = 3) AS denominator
		FROM (SELECT p.part, 'sum(' || regexp_replace(regexp_replace(replace(p.expression, 'net_new_mrr', '(closing_mrr - opening_mrr)'), '\m(opening|churn)_mrr\M', 'coalesce(round(\1_mrr * opening_rate, 6), 0)', 'g'),
				'\m(closing|new|reactivation|expansion|contraction)_mrr\M', 'round(\1_mrr * closing_rate, 6)', 'g') || ')' AS converted
			FROM unnest(ARRAY[s.value, s.numerator, s.denominator]) WITH ORDINALITY p(expression, part)) c) e
WHERE s.mart = 'mrr_consolidated';

-- Retention of 12 months as each month closes, and as each quarter does.
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, numerator, denominator, period, condition)
SELECT m.metric, g.grain, d.dimension, d.dimension_value, d.mart, 'currency', m.numerator, m.denominator, g.period, g.condition
FROM (VALUES ('net_revenue_retention_rate', 'opening_mrr + expansion_mrr + contraction_mrr + churn_mrr', 'opening_mrr'), ('gross_revenue_retention_rate', 'opening_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
		('logo_retention_rate', 'opening_customers - churned_customers', 'opening_customers')) m(metric, numerator, denominator),
	(VALUES ('month', 'period', 'true'), ('quarter', 'nudge.period_start(period, ''quarter'', fiscal_year_start => {fiscal_year_start})', 'nudge.period_end(period, ''quarter'', fiscal_year_start => {fiscal_year_start}) = nudge.period_end(period, ''month'')')) g(grain, period, condition),
	(VALUES ('''all''', '''all''', 'revenue_retention'), ('dimension', 'value', 'revenue_retention_by_dimension')) d(dimension, dimension_value, mart);
