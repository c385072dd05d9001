/*
 * dashboards_shipped.sql
 *		The dashboards that are shipped, with their widgets.
 *
 * Rules: doc/dashboards.md.
 */

INSERT INTO nudge.shipped_dashboards (dashboard, place, title, audience, description) VALUES
('executive', 10, 'Executive', 'executive', 'How is the company doing, and where does growth come from?'),
('sales', 20, 'Sales', 'sales', 'Will we make the quarter, and who needs help?'),
('marketing', 30, 'Marketing', 'marketing', 'Which channels bring customers, and at what cost?'),
('product', 40, 'Product', 'product', 'Do people come back, and what do they use?'),
('customer_success', 50, 'Customer success', 'customer success', 'Who may leave, who grows, and are they content?'),
('engineering', 60, 'Engineering', 'engineering', 'How often do we deliver, how well, and does it run?');

INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, span, comparison, dimension, periods, detail_view, description) VALUES
('executive', 'mrr', 'MRR', 'number_with_trend', 1, 1, 1, 'previous', NULL, 13, 'customer_mrr_now', 'Monthly recurring revenue as the month closed, beside the month before.'),
('executive', 'new_mrr', 'New MRR and its target', 'gauge', 1, 2, 1, 'target', NULL, 1, NULL, 'MRR of new customers, as a fraction of the target.'),
('executive', 'churn', 'Churn', 'percentage', 1, 3, 1, 'benchmark', NULL, 13, NULL, 'Share of the opening customers that left in the month.'),
('executive', 'revenue_growth', 'Revenue growth', 'stacked_bar', 2, 1, 2, NULL, NULL, 12, 'customer_mrr_periods', 'Movements of MRR of each month.');

INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, span, periods, view_name, unit, detail_view, description, query) VALUES
('executive', 'mrr_waterfall', 'MRR waterfall', 'waterfall', 4, 1, 2, 1, 'mrr_monthly', 'currency', 'customer_mrr_periods', 'From opening to closing MRR of the last month that is over: steps add up to the closing MRR.', $query$
SELECT s.step_order, s.step, s.value
FROM (SELECT m.* FROM nudge_reporting.mrr_monthly m WHERE m.complete AND m.currency = {currency} AND m.period_start <= coalesce({until}, m.period_start) ORDER BY m.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Opening', m.opening_mrr), (2, 'New', m.new_mrr), (3, 'Reactivation', m.reactivation_mrr), (4, 'Expansion', m.expansion_mrr),
	(5, 'Contraction', m.contraction_mrr), (6, 'Churn', m.churn_mrr), (7, 'Exchange rates', m.fx_mrr)) s(step_order, step, value)
ORDER BY 1
$query$);

INSERT INTO nudge.shipped_widget_metrics (dashboard, widget, place, metric)
SELECT v.dashboard, v.widget, m.place, m.metric
FROM (VALUES
	('executive', 'mrr', '{mrr}'),
	('executive', 'new_mrr', '{new_mrr}'),
	('executive', 'churn', '{logo_churn_rate}'),
	('executive', 'revenue_growth', '{new_mrr,reactivation_mrr,expansion_mrr,contraction_mrr,churn_mrr}')
) v(dashboard, widget, metrics), unnest(v.metrics::text[]) WITH ORDINALITY m(metric, place);
