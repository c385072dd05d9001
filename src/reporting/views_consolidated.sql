/*
 * views_consolidated.sql
 *		Shipped views about revenue of all currencies in one, and why it moved.
 *
 * Rules: doc/reporting.md; definitions: doc/conversion.md, doc/revenue_items.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly_consolidated', 'revenue', 1002, '{mrr_consolidated}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete
FROM nudge_analytics.mrr_consolidated s$query$,
	'MRR by month, all currencies', 'One row per month and currency converted to. The MRR waterfall of customers of all currencies in the one of deploy(), at the exchange rate of the last day of each month; without rates each currency is one of its own.',
	'opening_ and closing_ are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency that all amounts are in", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "What exchange rates alone have moved", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR"}'),

('mrr_causes_monthly', 'revenue', 1004, '{mrr_causes}', $query$
SELECT k.period AS period_start, k.currency, k.movement, k.cause, k.amount::numeric(24,6) AS mrr, k.customers, k.complete
FROM nudge_analytics.mrr_causes k$query$,
	'Why MRR moved', 'One row per month, currency, movement and cause. Quantity, price, plan, discount, add-on, kind of churn or exchange rate behind each movement of MRR: the causes of a movement add up to it.',
	'customers are not to be added over causes: one customer may have several.',
	'{"period_start": "First day of the month", "currency": "Currency that all amounts are in", "movement": "new, reactivation, expansion, contraction, churn or fx", "cause": "What moved it: quantity, price, plan, discount, discount_end, addon, currency, churn_voluntary, churn_involuntary and others",
	"mrr": "MRR that it moved, negative if it is less", "customers": "Customers that it moved", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "movement": "type/Category", "cause": "type/Category", "mrr": "type/Currency"}', '{"period_start": "Month", "mrr": "MRR"}');
