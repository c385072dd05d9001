/*
 * metrics_success.sql
 *		Shipped metrics about what becomes of customers.
 *
 * Rules: doc/reporting.md; definitions: doc/account_shares.md,
 * doc/customer_success.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description)
SELECT v.metric, 'customers', 600 + a.place, v.title, CASE a.unit WHEN 'share' THEN 'rate' WHEN 'multiple' THEN 'ratio' ELSE a.unit END, v.direction, 'not additive', 'month', 'numerator / denominator, of ' || a.source, a.description || '; as the period closes.'
FROM nudge.account_share_metrics() a JOIN (VALUES
	('qbr_completion_rate', 'QBR completion', 'up'), ('success_plan_achievement_rate', 'Success plan achievement', 'up'), ('sponsor_health_rate', 'Sponsor health', 'up'), ('sponsor_coverage_rate', 'Sponsor coverage', 'up'), ('roi_realization_rate', 'ROI realization', 'up'),
	('expansion_opportunity_coverage', 'Expansion opportunity coverage', 'up'), ('solution_gap_identification_rate', 'Solution gap identification', 'up'), ('executive_relationship_rate', 'Executive relationships', 'up'), ('strategic_account_planning_rate', 'Strategic account planning', 'up'),
	('wallet_share', 'Wallet share', 'up'), ('account_expansion_rate', 'Account expansion', 'up'), ('multi_year_contract_rate', 'Multi-year contracts', 'up'), ('implementation_success_rate', 'Implementation success', 'up'), ('implementation_days', 'Implementation time', 'down'),
	('requirement_readiness_rate', 'Requirement readiness', 'up'), ('feature_completion_rate', 'Feature completion', 'up'), ('reference_customer_rate', 'Reference customers', 'up'), ('solution_fit_score', 'Solution fit', 'up'), ('revenue_contribution', 'Revenue contribution', 'up'),
	('customer_growth_multiple', 'Customer growth multiple', 'up'), ('customer_count_growth', 'Customer count growth', 'up'), ('use_case_implementation_rate', 'Use case implementation', 'up')) v(metric, title, direction) ON v.metric = a.metric;
INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('value_realization_rate', 'customers', 630, 'Value realization rate', 'rate', 'up', 'not additive', 'month', 'realized_customers / scored_customers', 'Share of the customers with agreed criteria that have more than 80% of them met as the period closes.'),
('value_realization_score', 'customers', 631, 'Value realization score', 'rate', 'up', 'not additive', 'month', 'mean_score', 'Mean share of agreed criteria that are met as the period closes, of the customers that have some.'),
('value_realization_index', 'customers', 632, 'Value realization index', 'ratio', 'up', 'not additive', 'month', 'mean_index', 'Mean of the score joined with usage; needs usage.'),
('risk_adjusted_retention_rate', 'customers', 633, 'Risk-adjusted retention (RARR)', 'rate', 'up', 'not additive', 'month', 'retained_mrr / known_mrr', 'Share of the MRR that is to be expected in 12 months, by the health of customers as the period closes.'),
('interventions', 'customers', 634, 'Interventions', 'count', 'neutral', 'additive', 'month', 'interventions_made', 'Interventions at customers that were made.'),
('intervention_success_rate', 'customers', 635, 'Intervention success', 'rate', 'up', 'not additive', 'month', 'succeeded / counted', 'Share of the interventions at customers at risk after which the customer was healthy again within 90 days; the month is over once those of all are.');

-- one scan: a row of the mart is one metric
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'account_success', format('max(result) FILTER (WHERE metric = %L)', m.metric), format('max(numerator) FILTER (WHERE metric = %L)', m.metric), format('max(denominator) FILTER (WHERE metric = %L)', m.metric), d.condition, true
FROM nudge.account_share_metrics() m, (VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'value', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'value_realization', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES ('value_realization_rate', NULL, 'realized_customers', 'scored_customers'), ('value_realization_score', 'mean_score', 'mean_score * scored_customers', 'scored_customers'), ('value_realization_index', 'mean_index', NULL, NULL)) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'value', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
-- interventions are known once the month is over, what came of them 90 days later
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition, complete) VALUES
('risk_adjusted_retention_rate', 'month', '''all''', '''all''', 'risk_adjusted_retention', NULL, 'retained_mrr', 'known_mrr', 'band = ''all''', 'complete'),
('risk_adjusted_retention_rate', 'month', '''band''', 'band', 'risk_adjusted_retention', NULL, 'retained_mrr', 'known_mrr', 'band <> ''all''', 'complete'),
('interventions', 'month', '''all''', '''all''', 'intervention_results', 'interventions_made', NULL, NULL, 'true', 'month_over'),
('intervention_success_rate', 'month', '''all''', '''all''', 'intervention_results', NULL, 'succeeded', 'counted', 'true', 'complete');
