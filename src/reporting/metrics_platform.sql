/*
 * metrics_platform.sql
 *		Shipped metrics about the platform.
 *
 * Rules: doc/reporting.md; definitions: doc/reliability.md, doc/performance.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('uptime_rate', 'platform', 400, 'Uptime', 'rate', 'up', 'not additive', 'month', '(considered_minutes - downtime_minutes) / considered_minutes', 'Share of the time without planned maintenance that was not down; marts and uptime() call this fraction uptime_share. All services together are down if one is.'),
('downtime_minutes', 'platform', 401, 'Downtime', 'minutes', 'down', 'not additive', 'month', 'downtime_minutes', 'Minutes down, outside planned maintenance.'),
('outages', 'platform', 402, 'Outages', 'count', 'down', 'not additive', 'month', 'outages', 'Stretches of downtime.'),
('incidents', 'platform', 403, 'Incidents', 'count', 'down', 'additive', 'month', 'incidents_started', 'Incidents that began.'),
('mttr', 'platform', 404, 'MTTR', 'minutes', 'down', 'not additive', 'month', 'mttr_minutes', 'Mean time to resolve: from beginning to end, of the incidents that began in the period and are over.'),
('mttd', 'platform', 405, 'MTTD', 'minutes', 'down', 'not additive', 'month', 'mttd_minutes', 'Mean time to detect: from beginning to detection.'),
('mtbf', 'platform', 406, 'MTBF', 'minutes', 'up', 'not additive', 'month', '(total_minutes - incident_minutes) / failures', 'Mean time between failures: minutes without an incident over stretches of incidents that began.'),
('requests', 'platform', 410, 'Requests', 'count', 'neutral', 'additive', 'month', 'request_count', 'Requests.'),
('requests_per_second', 'platform', 411, 'Throughput', 'ratio', 'up', 'not additive', 'month', 'request_count / seconds', 'Requests a second, on average over the period so far.'),
('p50_latency', 'platform', 412, 'Latency, median', 'milliseconds', 'down', 'not additive', 'month', 'p50_ms', 'Median duration of requests, to within 1%.'),
('p95_latency', 'platform', 413, 'Latency, p95', 'milliseconds', 'down', 'not additive', 'month', 'p95_ms', 'Duration that 95% of requests do not exceed, to within 1%.'),
('p99_latency', 'platform', 414, 'Latency, p99', 'milliseconds', 'down', 'not additive', 'month', 'p99_ms', 'Duration that 99% of requests do not exceed, to within 1%.'),
('error_rate', 'platform', 415, 'Error rate', 'rate', 'down', 'not additive', 'month', 'errors / requests_with_outcome', 'Share of requests that failed, of those of which it is known.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'platform_uptime', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('uptime_rate', NULL, 'considered_minutes - downtime_minutes', 'considered_minutes'),
	('downtime_minutes', 'downtime_minutes', NULL, NULL),
	('outages', 'outages', NULL, NULL)
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'incident_summary', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('incidents', 'incidents_started', NULL, NULL),
	('mttr', 'mttr_minutes', NULL, NULL),
	('mttd', 'mttd_minutes', 'mttd_minutes * detected_incidents', 'detected_incidents'),
	('mtbf', 'mtbf_minutes', 'total_minutes - incident_minutes', 'failures')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'platform_performance', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('requests', 'request_count', NULL, NULL),
	('requests_per_second', 'requests_per_second', NULL, NULL),
	('p50_latency', 'p50_ms', NULL, NULL),
	('p95_latency', 'p95_ms', NULL, NULL),
	('p99_latency', 'p99_ms', NULL, NULL),
	('error_rate', NULL, 'errors', 'requests_with_outcome')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
