/*
 * targets_acquisition.sql
 *		Example targets about channels and costs, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('cac', 'target', 450),
('content_to_lead_rate', 'target', 0.05),
('active_partners', 'target', 50),
('partner_sourced_revenue', 'target', 100000),
('partner_influenced_revenue', 'target', 300000),
('budget_variance_rate', 'minimum', 0.10);
