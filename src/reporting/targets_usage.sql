/*
 * targets_usage.sql
 *		Example targets about what users do, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('daily_active_rate', 'target', 0.20),
('engaged_user_rate', 'target', 0.65),
('activation_rate', 'target', 0.60);
