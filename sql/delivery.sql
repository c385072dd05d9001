-- Deployments, bugs and test coverage.  The first tables are those of doc/delivery.md.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TEMP TABLE deployments (at timestamptz, change_created_at timestamptz, failed boolean, restored_at timestamptz, service text);
INSERT INTO deployments VALUES
	('2024-03-04 10:00Z', '2024-03-04 06:00Z', false, NULL,                'api'),
	('2024-03-04 15:00Z', '2024-03-03 15:00Z', true,  '2024-03-04 16:30Z', 'api'),
	('2024-03-06 09:00Z', '2024-03-01 09:00Z', false, NULL,                'web'),
	('2024-03-08 09:00Z', NULL,                NULL,  NULL,                'web'),
	('2024-03-12 09:00Z', '2024-03-12 08:00Z', true,  NULL,                'web'),
	('2024-03-13 09:00Z', '2024-03-12 21:00Z', false, NULL,                NULL);
SELECT period, deployment_count AS n, elapsed_days AS elapsed, deployment_days AS days, round(deployments_per_day, 3) AS per_day, round(deployments_per_week, 2) AS per_week,
	lead_time_count AS leads, median_lead_time_hours AS median, round(mean_lead_time_hours, 2) AS mean, p90_lead_time_hours AS p90, complete FROM delivery_performance('deployments', '2024-03-04', '2024-03-18', 'week');
SELECT period, outcome_count AS known, failed_deployments AS failed, round(change_failure_rate, 3) AS rate, restored_deployments AS restored,
	unrestored_deployments AS unrestored, median_recovery_hours AS median, mean_recovery_hours AS mean FROM delivery_performance('deployments', '2024-03-04', '2024-03-18', 'week');
-- web: 3 deployments, of which two are known and one failed; without a name: one
SELECT value, is_total AS al, deployment_count AS n, deployment_days AS days, median_lead_time_hours AS median, outcome_count AS known, change_failure_rate::numeric(4, 2) AS rate FROM delivery_performance('deployments', '2024-03-04', '2024-03-18', by => 'service');
SELECT * FROM deployment_lines('deployments', '2024-03-04', '2024-03-18');
-- as known at an instant: a repair to come, days that have begun, a week to come
SELECT as_of, deployment_count AS n, elapsed_days AS elapsed, deployments_per_day::numeric(6, 4) AS per_day, failed_deployments AS failed, restored_deployments AS restored, unrestored_deployments AS unrestored, complete
FROM unnest(ARRAY[NULL, '-infinity', '2024-03-04 00:00Z', '2024-03-04 00:00:00.000001Z', '2024-03-04 16:30Z', '2024-03-04 16:30:00.000001Z', '2024-03-05 00:00Z', '2024-03-06 12:00Z', '2024-03-11 00:00Z', 'infinity']::timestamptz[]) as_of, delivery_performance('deployments', '2024-03-04', '2024-03-11', as_of => as_of);
-- outcomes of which nothing is known; some without any failure
CREATE TEMP VIEW silent AS SELECT at FROM deployments;
SELECT deployment_count AS n, lead_time_count AS leads, median_lead_time_hours AS median, outcome_count AS known, failed_deployments AS failed, change_failure_rate AS rate, restored_deployments AS restored, unrestored_deployments AS unrestored FROM delivery_performance('silent', '2024-03-04', '2024-03-11');
CREATE TEMP VIEW flawless AS SELECT at, false AS failed, at AS restored_at, at AS change_created_at FROM deployments;
SELECT median_lead_time_hours AS median, p90_lead_time_hours AS p90, failed_deployments AS failed, change_failure_rate AS rate, restored_deployments AS restored, median_recovery_hours AS recovery FROM delivery_performance('flawless', '2024-03-04', '2024-03-11');
-- days of a zone; a night when clocks change is a day, and 23 hours
CREATE TEMP VIEW nights AS SELECT timestamptz '2024-03-30 23:30Z' AS at, timestamptz '2024-03-30 22:30Z' AS change_created_at, true AS failed, timestamptz '2024-03-31 22:30Z' AS restored_at UNION ALL SELECT '2024-03-31 22:30Z', '2024-03-30 22:30Z', true, 'infinity';
SELECT period, deployment_count AS n, median_lead_time_hours AS lead, median_recovery_hours AS recovery, unrestored_deployments AS unrestored FROM delivery_performance('nights', '2024-03-30', '2024-04-02', 'day', zone => 'Europe/Berlin');

-- the first instant of a window is in it, the one after its last is not
CREATE TEMP VIEW at_ends AS SELECT at FROM unnest('{2024-03-03 23:59:59.999999Z,2024-03-04 00:00Z,2024-03-05 00:00Z}'::timestamptz[]) at;
SELECT deployment_count AS n, deployment_days AS days FROM delivery_performance('at_ends', '2024-03-04', '2024-03-05');

CREATE TEMP TABLE bugs (bug integer, opened_at timestamptz, closed_at timestamptz, severity text, escaped boolean);
INSERT INTO bugs VALUES
	(1, '2024-01-10Z', '2024-03-05Z',       'major',    true),
	(2, '2024-02-20Z', NULL,                'minor',    NULL),
	(3, '2024-03-02Z', '2024-03-04Z',       'major',    false),
	(4, '2024-03-10Z', '2024-04-02Z',       'critical', true),
	(5, '2024-04-01Z', '2024-04-01 12:00Z', ' Minor',   false);
SELECT period, severity, opening, opened, closed, closing, median_days_to_close AS median, mean_days_to_close AS mean, escape_known AS known, escaped, escape_rate::numeric(4, 2), complete
FROM bug_report('bugs', '2024-03-01', '2024-05-01', 'month', as_of => '2024-04-15 00:00Z');
SELECT period, severity, from_days, to_days, open_bugs AS open, open_share::numeric(4, 2), oldest_days AS oldest FROM bug_ages('bugs', '2024-03-01', '2024-05-01', 'month') WHERE all_severities OR severity = 'minor';
SELECT * FROM bug_lines('bugs', '2024-03-04', '2024-04-01');
-- as known at an instant
SELECT as_of, opening, opened, closed, closing, escaped, complete
FROM unnest(ARRAY[NULL, '-infinity', '2024-03-01 00:00Z', '2024-03-02 00:00Z', '2024-03-04 00:00Z', '2024-03-04 00:00:00.000001Z', '2024-04-01 00:00Z', 'infinity']::timestamptz[]) as_of, bug_report('bugs', '2024-03-01', '2024-04-01', as_of => as_of) WHERE all_severities;
SELECT as_of, from_days, open_bugs AS open, oldest_days AS oldest FROM unnest('{2024-03-09 12:00Z,2024-03-10 00:00Z,2024-01-01 00:00Z}'::timestamptz[]) as_of, bug_ages('bugs', '2024-03-01', '2024-04-01', as_of => as_of) WHERE all_severities;
-- opened and closed at the edges of a period, or at one instant
CREATE TEMP VIEW edges AS SELECT n AS bug, o AS opened_at, c AS closed_at, 'x' AS severity FROM (VALUES (1, timestamptz '2024-03-01 00:00Z', timestamptz '2024-03-01 00:00Z'), (2, '2024-02-01Z', '2024-03-01 00:00Z'), (3, '2024-03-01 00:00Z', '2024-04-01 00:00Z'),
	(4, '2024-02-01 00:00Z', '2024-02-29 23:59:59Z'), (5, '2024-04-01 00:00Z', NULL), (6, '2024-03-31 23:59:59Z', 'infinity')) v(n, o, c);
SELECT opening, opened, closed, closing FROM bug_report('edges', '2024-03-01', '2024-04-01') WHERE all_severities;
-- an age of exactly 7 and 30 days is in the class that begins there; other classes, and one alone
CREATE TEMP VIEW ages AS SELECT n AS bug, timestamptz '2024-04-01Z' - n * interval '1 hour' AS opened_at, NULL::timestamptz AS closed_at, 'x' AS severity FROM unnest('{1,167,168,719,720,2160}'::integer[]) n;
SELECT from_days, to_days, open_bugs AS open, round(open_share, 4) AS share, round(oldest_days, 4) AS oldest FROM bug_ages('ages', '2024-03-31', '2024-04-01') WHERE all_severities;
SELECT from_days, to_days, open_bugs AS open FROM bug_ages('ages', '2024-03-31', '2024-04-01', edges => '{1}') WHERE all_severities;
SELECT from_days, to_days, open_bugs AS open FROM bug_ages('ages', '2024-03-31', '2024-04-01', edges => '{}') WHERE all_severities;

CREATE TEMP TABLE coverage_samples (at timestamptz, coverage numeric, repository text);
INSERT INTO coverage_samples VALUES
	('2024-02-10Z', 0.80, 'core'), ('2024-03-10Z', 0.84, 'core'), ('2024-03-20Z', 0.60, 'web'), ('2024-04-20Z', 0.70, 'web');
SELECT period, repository, repositories AS n, round(coverage, 2) AS coverage, round(coverage_change, 2) AS change, measured_at, complete FROM code_coverage('coverage_samples', '2024-02-01', '2024-05-01', 'month', as_of => '2024-05-01 00:00Z');
SELECT period, repository, round(coverage, 2) AS coverage, round(coverage_change, 2) AS change FROM code_coverage('coverage_samples', '2024-03-01', '2024-05-01', 'month', as_of => '2024-03-20 00:00Z');
SELECT * FROM coverage_lines('coverage_samples', '2024-03-20');
-- edges: a sample at the end is of the next period; the highest of one instant; no name; 0 and 1
CREATE TEMP VIEW samples AS SELECT at, coverage, ' ' AS repository FROM (VALUES (timestamptz '2024-03-01 00:00Z', 0::numeric), ('2024-04-01 00:00Z', 0.5), ('2024-04-01 00:00Z', 1), ('2024-04-01 00:00Z', 0.7)) v(at, coverage);
SELECT period, repository, all_repositories AS al, coverage::numeric(3, 1), coverage_change::numeric(3, 1) AS change FROM code_coverage('samples', '2024-02-01', '2024-05-01', 'month');

-- Nothing at all
SELECT deployment_count, deployments_per_day, change_failure_rate, failed_deployments, median_lead_time_hours FROM delivery_performance(NULL, '2024-03-01', '2024-04-01');
SELECT * FROM bug_report(NULL, '2024-03-01', '2024-04-01');
SELECT * FROM bug_ages(NULL, '2024-03-01', '2024-04-01', edges => '{7}');
SELECT * FROM code_coverage(NULL, '2024-03-01', '2024-04-01');
SELECT (SELECT count(*) FROM deployment_lines(NULL, '2024-03-01', '2024-04-01')) + (SELECT count(*) FROM bug_lines(NULL, '2024-03-01', '2024-04-01')) + (SELECT count(*) FROM coverage_lines(NULL, '2024-04-01')) AS rows;
SELECT exact_percentile('{}', 0.5), exact_percentile('{7}', 0.9), exact_percentile('{1,2}', 0.5), exact_percentile('{1,2,4}', 1), exact_percentile('{1,2,4}', 0);

-- Keys of other types
CREATE TEMP VIEW keyed AS SELECT md5(bug::text)::uuid AS bug, opened_at::date AS opened_at, closed_at AT TIME ZONE 'UTC' AS closed_at, severity FROM bugs;
SELECT opening, opened, closed, closing, escape_known AS known, escaped, escape_rate FROM bug_report('keyed', '2024-03-01', '2024-04-01') WHERE all_severities;

-- Refused
CREATE TEMP VIEW later AS SELECT at, at + interval '1 second' AS change_created_at FROM deployments;
SELECT * FROM delivery_performance('later', '2024-03-04', '2024-03-11');
CREATE TEMP VIEW earlier AS SELECT at, at - interval '1 second' AS restored_at FROM deployments;
SELECT * FROM delivery_performance('earlier', '2024-03-04', '2024-03-11');
CREATE TEMP VIEW reversed AS SELECT bug, closed_at AS opened_at, opened_at AS closed_at, severity FROM bugs WHERE closed_at IS NOT NULL;
SELECT * FROM bug_report('reversed', '2024-03-01', '2024-04-01');
SELECT * FROM bug_ages('reversed', '2024-03-01', '2024-04-01');
CREATE TEMP VIEW timeless AS SELECT NULL::timestamptz AS at UNION ALL SELECT at FROM deployments;
SELECT * FROM delivery_performance('timeless', '2024-03-04', '2024-03-11');
CREATE TEMP VIEW unopened AS SELECT bug, NULL::timestamptz AS opened_at, severity FROM bugs;
SELECT * FROM bug_report('unopened', '2024-03-01', '2024-04-01');
CREATE TEMP VIEW ungraded AS SELECT bug, opened_at, ' ' AS severity FROM bugs;
SELECT * FROM bug_report('ungraded', '2024-03-01', '2024-04-01');
CREATE TEMP VIEW percent AS SELECT at, coverage * 100 AS coverage FROM coverage_samples;
SELECT * FROM code_coverage('percent', '2024-03-01', '2024-04-01');
CREATE TEMP VIEW below AS SELECT at, -coverage AS coverage FROM coverage_samples;
SELECT * FROM code_coverage('below', '2024-03-01', '2024-04-01');
CREATE TEMP VIEW unmeasured AS SELECT at, NULL::numeric AS coverage FROM coverage_samples;
SELECT * FROM code_coverage('unmeasured', '2024-03-01', '2024-04-01');
SELECT * FROM delivery_performance('deployments', '2024-03-04', '2024-03-11', by => 'team');
SELECT * FROM bug_ages('bugs', '2024-03-01', '2024-04-01', edges => '{7,7}');
SELECT * FROM bug_ages('bugs', '2024-03-01', '2024-04-01', edges => '{0,7}');
SELECT * FROM bug_ages('bugs', '2024-03-01', '2024-04-01', edges => '{7,NULL}');
SELECT * FROM bug_ages('bugs', '2024-03-01', '2024-04-01', edges => NULL);
SELECT * FROM delivery_performance('deployments', '2024-03-11', '2024-03-04');
SELECT * FROM bug_report('bugs', '-infinity', '2024-03-04');
SELECT * FROM code_coverage('coverage_samples', '2024-03-01', NULL);
SELECT * FROM bug_report('deployments', '2024-03-01', '2024-04-01');
