/*
 * targets_revenue.sql
 *		Example targets about revenue, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('new_mrr', 'target', 150000),
('expansion_mrr', 'target', 30000),
('contraction_mrr', 'minimum', -5000),
('churn_mrr', 'minimum', -10000),
('net_new_mrr', 'target', 165000),
('expansion_rate', 'target', 0.10),
('contraction_rate', 'minimum', 0.02),
('churned_mrr_rate', 'minimum', 0.03),
('net_revenue_retention_rate', 'target', 1.10),
('net_revenue_retention_rate', 'minimum', 1.00),
('new_customers', 'target', 180);
