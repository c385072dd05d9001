/*
 * targets_acquisition.sql
 *		Example targets about channels and costs, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('cac', 'target', 450),
('budget_variance_rate', 'minimum', 0.10);
