/*
 * metrics_finance.sql
 *		Shipped metrics about costs and cash.
 *
 * Rules: doc/reporting.md; definitions: doc/costs.md, doc/profitability.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('total_costs', 'finance', 460, 'Total costs', 'currency', 'down', 'additive', 'month', 'actual', 'Costs of all categories.'),
('fixed_costs', 'finance', 461, 'Fixed costs', 'currency', 'down', 'additive', 'month', 'fixed_actual', 'Costs that do not grow with volume.'),
('variable_costs', 'finance', 462, 'Variable costs', 'currency', 'down', 'additive', 'month', 'variable_actual', 'Costs that grow with volume.'),
('cost_budget', 'finance', 463, 'Budget', 'currency', 'neutral', 'additive', 'month', 'budget', 'Costs that are planned.'),
('budget_variance_rate', 'finance', 464, 'Budget variance', 'rate', 'down', 'not additive', 'month', '(actual - budget) / budget', 'Costs over the budget, over the budget: below 0 if less was spent.'),
('cash_receipts', 'finance', 470, 'Cash receipts', 'currency', 'up', 'additive', 'month', 'receipts', 'Cash received: payments if they are mapped, else revenue.'),
('gross_burn', 'finance', 471, 'Gross burn', 'currency', 'down', 'additive', 'month', 'gross_burn', 'Costs of the period.'),
('net_burn', 'finance', 472, 'Net burn', 'currency', 'down', 'additive', 'month', 'net_burn', 'Costs less receipts: below 0 if cash was earned.'),
('burn_multiple', 'finance', 473, 'Burn multiple', 'ratio', 'down', 'not additive', 'month', 'net_burn / net_new_arr', 'Cash burnt for each unit of ARR that was added; NULL if none was.'),
('cash_balance', 'finance', 474, 'Cash', 'currency', 'up', 'balance', 'month', 'cash_balance', 'Cash on the last day with a balance.'),
('runway_months', 'finance', 475, 'Runway', 'months', 'up', 'not additive', 'month', 'cash_balance / mean_net_burn', 'For how many months cash lasts at the mean net burn of the last three; NULL if nothing is burnt.'),
('revenue', 'finance', 450, 'Revenue', 'currency', 'up', 'additive', 'month', 'amount', 'Revenue of the period, of subscriptions, usage and services.'),
('cost_per_customer', 'finance', 465, 'Cost per customer', 'currency', 'down', 'not additive', 'month', 'total_cost / customers', 'All costs over the customers as the period closes.'),
('delivery_cost_per_customer', 'finance', 466, 'Delivery cost per customer', 'currency', 'down', 'not additive', 'month', 'delivery_cost_per_customer', 'Cost of revenue over the customers as the period closes.'),
('support_cost_rate', 'finance', 467, 'Support cost ratio', 'rate', 'down', 'not additive', 'month', 'support cost / revenue', 'Cost of support over revenue.'),
('sales_and_marketing_rate', 'finance', 468, 'Sales and marketing, of revenue', 'rate', 'down', 'not additive', 'month', 'sales and marketing cost / revenue', 'Cost of sales and marketing over revenue.'),
('research_and_development_rate', 'finance', 469, 'R&D, of revenue', 'rate', 'neutral', 'not additive', 'month', 'research and development cost / revenue', 'Cost of research and development over revenue.'),
('sales_efficiency', 'finance', 480, 'Sales efficiency', 'ratio', 'up', 'not additive', 'month', 'revenue / sales cost', 'Revenue over the cost of sales.'),
('marketing_efficiency', 'finance', 481, 'Marketing efficiency', 'ratio', 'up', 'not additive', 'month', 'revenue / marketing cost', 'Revenue over the cost of marketing.'),
('magic_number', 'finance', 482, 'Magic number', 'ratio', 'up', 'not additive', 'quarter', '4 * (revenue - previous_revenue) / previous_sales_and_marketing', 'Growth of revenue over the quarter before, annualised, over the cost of sales and marketing of the quarter before.');

-- categories hold those below them: by the first and by the second level of their paths
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'cost_structure', m.value, m.numerator, m.denominator, CASE (SELECT k.unit FROM nudge.shipped_metrics k WHERE k.metric = m.metric) WHEN 'currency' THEN 'currency' ELSE 'NULL' END, d.condition
FROM (VALUES ('total_costs', 'actual', NULL, NULL), ('fixed_costs', 'fixed_actual', NULL, NULL), ('variable_costs', 'variable_actual', NULL, NULL), ('cost_budget', 'budget', NULL, NULL), ('budget_variance_rate', NULL, 'variance', 'budget')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'depth = 0'), ('''category''', 'category', 'depth = 1'), ('''subcategory''', 'category', 'depth = 2')) d(dimension, dimension_value, condition);
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, currency) VALUES
('cash_receipts', 'month', 'burn_and_runway', 'receipts', NULL, NULL, 'currency'),
('gross_burn', 'month', 'burn_and_runway', 'gross_burn', NULL, NULL, 'currency'),
('net_burn', 'month', 'burn_and_runway', 'net_burn', NULL, NULL, 'currency'),
('burn_multiple', 'month', 'burn_and_runway', 'burn_multiple', 'net_burn', 'net_new_arr', 'NULL'),
('cash_balance', 'month', 'burn_and_runway', 'cash_balance', NULL, NULL, 'currency'),
('runway_months', 'month', 'burn_and_runway', 'runway_months', 'cash_balance', 'mean_net_burn', 'NULL');

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, currency, aggregated) VALUES
('revenue', 'month', '''all''', '''all''', 'revenue_by_stream', 'sum(amount)', 'currency', true),
('revenue', 'month', '''stream''', 'stream', 'revenue_by_stream', 'amount', 'currency', false);
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, currency) VALUES
('cost_per_customer', 'month', 'costs_per_customer', 'total_cost_per_customer', 'total_cost', 'customers', 'currency'),
('delivery_cost_per_customer', 'month', 'costs_per_customer', 'delivery_cost_per_customer', NULL, NULL, 'currency'),
('support_cost_rate', 'month', 'costs_per_customer', 'support_cost_rate', NULL, NULL, 'NULL'),
('sales_and_marketing_rate', 'month', 'costs_per_customer', 'sales_and_marketing_rate', NULL, NULL, 'NULL'),
('research_and_development_rate', 'month', 'costs_per_customer', 'research_and_development_rate', NULL, NULL, 'NULL'),
('sales_efficiency', 'month', 'costs_per_customer', 'sales_efficiency', NULL, NULL, 'NULL'),
('marketing_efficiency', 'month', 'costs_per_customer', 'marketing_efficiency', NULL, NULL, 'NULL'),
('magic_number', 'quarter', 'growth_efficiency', 'magic_number', '4 * (revenue - previous_revenue)', 'previous_sales_and_marketing', 'NULL');
