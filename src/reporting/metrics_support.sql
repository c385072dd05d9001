/*
 * metrics_support.sql
 *		Shipped metrics about support.
 *
 * Rules: doc/reporting.md; definitions: doc/support.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('tickets_opened', 'support', 300, 'Tickets opened', 'count', 'down', 'additive', 'month', 'tickets_total', 'Tickets that were opened.'),
('tickets_resolved', 'support', 301, 'Tickets resolved', 'count', 'up', 'additive', 'month', 'tickets_resolved', 'Tickets that were resolved, whenever they were opened.'),
('ticket_backlog', 'support', 302, 'Ticket backlog', 'count', 'down', 'balance', 'month', 'closing_tickets', 'Tickets that are open as the period closes.'),
('backlog_age_days', 'support', 303, 'Age of the backlog', 'days', 'down', 'not additive', 'month', 'mean_age_days', 'Mean age of the tickets that are open as the period closes.'),
('tickets_per_customer', 'support', 304, 'Tickets per customer', 'ratio', 'down', 'not additive', 'month', 'tickets_total / customers_total', 'Tickets that were opened over the customers at the end of the period; needs customers.'),
('first_response_time', 'support', 305, 'First response time', 'minutes', 'down', 'not additive', 'month', 'median_first_response_minutes', 'Median of the minutes from opening to the first response, of the tickets opened in the period.'),
('resolution_time', 'support', 306, 'Resolution time', 'minutes', 'down', 'not additive', 'month', 'median_resolution_minutes', 'Median of the minutes from opening to the resolution, of the tickets opened in the period.'),
('first_response_sla_rate', 'support', 307, 'First response within SLA', 'rate', 'up', 'not additive', 'month', 'first_response_sla_met / (first_response_sla_met + first_response_sla_breached)', 'Share of first responses, due or given, that met their target; tickets that wait within it do not count yet.'),
('resolution_sla_rate', 'support', 308, 'Resolution within SLA', 'rate', 'up', 'not additive', 'month', 'resolution_sla_met / (resolution_sla_met + resolution_sla_breached)', 'Share of resolutions, due or given, that met their target; tickets that are open within it do not count yet.'),
('csat', 'support', 309, 'CSAT', 'score', 'up', 'not additive', 'month', 'mean_csat', 'Mean score of the tickets with one, on its own scale.'),
('ticket_resolution_rate', 'support', 310, 'Ticket resolution', 'rate', 'up', 'not additive', 'month', 'tickets_resolved / tickets_total', 'Share of the tickets opened in the period that are resolved.'),
('ticket_reopen_rate', 'support', 311, 'Ticket reopening', 'rate', 'down', 'not additive', 'month', 'tickets_reopened / tickets_once_resolved', 'Share of the tickets that were resolved once that were opened again.'),
('ticket_escalation_rate', 'support', 312, 'Ticket escalation', 'rate', 'down', 'not additive', 'month', 'tickets_escalated / escalation_known', 'Share of tickets that were escalated, of those of which it is known.'),
('one_touch_resolution_rate', 'support', 313, 'One-touch resolution', 'rate', 'up', 'not additive', 'month', 'tickets_one_touch / contacts_known', 'Share of resolved tickets with one contact that stayed closed, of those with a number of contacts.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'support_performance', m.value, m.numerator, m.denominator, CASE d.dimension WHEN 'dimension' THEN coalesce(m.slices, 'dimension <> ''all''') ELSE 'dimension = ''all''' END
FROM (VALUES
	('tickets_opened', 'tickets_total', NULL, NULL, NULL),
	('tickets_per_customer', NULL, 'tickets_total', 'customers_total', 'dimension = ''segment'''),
	('first_response_time', 'median_first_response_minutes', NULL, NULL, NULL),
	('resolution_time', 'median_resolution_minutes', NULL, NULL, NULL),
	('first_response_sla_rate', NULL, 'first_response_sla_met', 'first_response_sla_met + first_response_sla_breached', NULL),
	('resolution_sla_rate', NULL, 'resolution_sla_met', 'resolution_sla_met + resolution_sla_breached', NULL),
	('csat', 'mean_csat', 'mean_csat * csat_answers', 'csat_answers', NULL),
	('ticket_resolution_rate', NULL, 'tickets_resolved', 'tickets_total', NULL),
	('ticket_reopen_rate', NULL, 'tickets_reopened', 'tickets_once_resolved', NULL),
	('ticket_escalation_rate', NULL, 'tickets_escalated', 'escalation_known', NULL),
	('one_touch_resolution_rate', NULL, 'tickets_one_touch', 'contacts_known', NULL)
) m(metric, value, numerator, denominator, slices),
	(VALUES ('''all''', '''all'''), ('dimension', 'coalesce(value, ''(none)'')')) d(dimension, dimension_value)
-- what has no slices
WHERE d.dimension <> 'dimension' OR m.slices IS DISTINCT FROM 'false';
-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'support_backlog', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('tickets_resolved', 'tickets_resolved', NULL, NULL),
	('ticket_backlog', 'closing_tickets', NULL, NULL),
	('backlog_age_days', 'mean_age_days', NULL, NULL)
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
