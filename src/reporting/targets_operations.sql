/*
 * targets_operations.sql
 *		Example targets about support, surveys and the platform, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('tickets_opened', 'target', 500),
('tickets_per_customer', 'target', 0.10),
('first_response_time', 'target', 120),
('resolution_time', 'target', 1440),
('csat', 'target', 4.5),
('ticket_resolution_rate', 'target', 0.95),
('ticket_escalation_rate', 'target', 0.05),
('one_touch_resolution_rate', 'target', 0.70),
('nps', 'target', 50),
('nps', 'minimum', 20),
('uptime_rate', 'target', 0.999),
('mttr', 'target', 30),
('mtbf', 'target', 10080),
('p50_latency', 'target', 50),
('p95_latency', 'target', 200),
('p95_latency', 'minimum', 500),
('p99_latency', 'target', 500),
('error_rate', 'minimum', 0.02),
('requests_per_second', 'target', 5000);
