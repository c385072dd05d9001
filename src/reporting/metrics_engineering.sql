/*
 * metrics_engineering.sql
 *		Shipped metrics about engineering.
 *
 * Rules: doc/reporting.md; definitions: doc/delivery.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('deployments', 'engineering', 430, 'Deployments', 'count', 'up', 'additive', 'month', 'deployment_count', 'Deployments.'),
('deployment_frequency', 'engineering', 431, 'Deployment frequency', 'ratio', 'up', 'not additive', 'month', 'deployment_count / elapsed_days', 'Deployments a day.'),
('lead_time_for_changes', 'engineering', 432, 'Lead time for changes', 'hours', 'down', 'not additive', 'month', 'median_lead_time_hours', 'Median hours from change to deployment.'),
('change_failure_rate', 'engineering', 433, 'Change failure rate', 'rate', 'down', 'not additive', 'month', 'failed_deployments / outcome_count', 'Share of deployments that did harm, of those of which it is known.'),
('time_to_restore', 'engineering', 434, 'Time to restore', 'hours', 'down', 'not additive', 'month', 'median_recovery_hours', 'Median hours until a failed deployment was made good.'),
('bugs_opened', 'engineering', 435, 'Bugs opened', 'count', 'down', 'additive', 'month', 'bugs_opened', 'Bugs that were reported.'),
('bugs_closed', 'engineering', 436, 'Bugs closed', 'count', 'up', 'additive', 'month', 'bugs_closed', 'Bugs that were closed.'),
('open_bugs', 'engineering', 437, 'Open bugs', 'count', 'down', 'balance', 'month', 'open_bugs', 'Bugs that are open as the period closes.'),
('bug_escape_rate', 'engineering', 438, 'Bug escape rate', 'rate', 'down', 'not additive', 'month', 'bugs_escaped / bug_escape_known', 'Share of the bugs reported that had reached customers, of those of which it is known.'),
('code_coverage_rate', 'engineering', 439, 'Code coverage', 'rate', 'up', 'not additive', 'month', 'coverage_share', 'Share of code that tests cover, as the period closes.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'engineering_delivery', m.value, m.numerator, m.denominator, CASE d.dimension WHEN 'dimension' THEN coalesce(m.slices, 'dimension <> ''all''') ELSE 'dimension = ''all''' END
FROM (VALUES
	('deployments', 'deployment_count', NULL, NULL, NULL),
	('deployment_frequency', NULL, 'deployment_count', 'elapsed_days', NULL),
	('lead_time_for_changes', 'median_lead_time_hours', NULL, NULL, NULL),
	('change_failure_rate', NULL, 'failed_deployments', 'outcome_count', NULL),
	('time_to_restore', 'median_recovery_hours', NULL, NULL, NULL),
	('bugs_opened', 'bugs_opened', NULL, NULL, 'false'),
	('bugs_closed', 'bugs_closed', NULL, NULL, 'false'),
	('open_bugs', 'open_bugs', NULL, NULL, 'false'),
	('bug_escape_rate', NULL, 'bugs_escaped', 'bug_escape_known', 'false'),
	('code_coverage_rate', 'coverage_share', NULL, NULL, 'false')
) m(metric, value, numerator, denominator, slices),
	(VALUES ('''all''', '''all'''), ('dimension', 'coalesce(value, ''(none)'')')) d(dimension, dimension_value)
-- what has no slices
WHERE d.dimension <> 'dimension' OR m.slices IS DISTINCT FROM 'false';
