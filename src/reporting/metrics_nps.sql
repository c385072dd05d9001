/*
 * metrics_nps.sql
 *		Shipped metrics about the net promoter score.
 *
 * Rules: doc/reporting.md; definitions: doc/satisfaction.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('nps', 'customers', 330, 'NPS', 'score', 'up', 'not additive', 'month', '100 * (promoters - detractors) / answered', 'Net promoter score of the surveys sent in the period, -100 to 100.'),
('nps_responses', 'customers', 331, 'NPS responses', 'count', 'up', 'additive', 'month', 'answered', 'Surveys sent in the period that were answered.'),
('nps_response_rate', 'customers', 332, 'NPS response rate', 'rate', 'up', 'not additive', 'month', 'answered / asked', 'Share of the surveys sent in the period that were answered.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'nps', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('nps', 'score', '100 * (promoters - detractors)', 'answered'),
	('nps_responses', 'answered', NULL, NULL),
	('nps_response_rate', NULL, 'answered', 'asked')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);
