--
-- delivery.sql
--		Deployments, bugs and test coverage against plain SQL on random rows.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed delivery
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(20);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

CREATE TEMP TABLE deployments AS
SELECT d.at, CASE WHEN random() < 0.85 THEN d.at - floor(random() * random() * 40000) * interval '1 second' END AS change_created_at,
	CASE WHEN random() < 0.8 THEN random() < 0.3 END AS failed, CASE WHEN random() < 0.8 THEN d.at + floor(random() * random() * 900000) * interval '1 second' END AS restored_at,
	(ARRAY['api', 'web', NULL])[1 + floor(random() * 3)::integer] AS service
FROM generate_series(1, 400) g, LATERAL (SELECT timestamptz '2024-02-15 00:00Z' + floor(random() * 80 * 86400 + g * 0) * interval '1 second' AS at) d;
CREATE TEMP TABLE bugs AS
SELECT g AS bug, b.at AS opened_at, CASE WHEN random() < 0.8 THEN b.at + floor(random() * random() * 80 * 24) * interval '1 hour' END AS closed_at,
	(ARRAY['critical', 'Major', 'minor', 'other'])[1 + floor(random() * 4)::integer] AS severity, CASE WHEN random() < 0.8 THEN random() < 0.4 END AS escaped
FROM generate_series(1, 500) g, LATERAL (SELECT timestamptz '2024-01-15 00:00Z' + floor(random() * 110 * 24 + g * 0) * interval '1 hour' AS at) b;
-- at the edges of periods of Berlin
INSERT INTO bugs VALUES (501, '2024-03-03 23:00Z', '2024-03-10 23:00Z', 'major', true), (502, '2024-03-10 23:00Z', '2024-03-10 23:00Z', 'major', true), (503, '2024-03-31 22:00Z', NULL, 'minor', NULL), (504, '2024-02-01Z', '2024-03-03 23:00Z', 'minor', NULL);
CREATE TEMP TABLE coverage_samples AS
SELECT timestamptz '2024-02-01 00:00Z' + floor(random() * 90 * 24 + g * 0) * interval '1 hour' AS at, round(random()::numeric, 3) AS coverage, (ARRAY['core', 'web', 'app', NULL])[1 + floor(random() * 4)::integer] AS repository
FROM generate_series(1, 150) g;
DELETE FROM coverage_samples WHERE repository = 'app' AND at < '2024-03-20Z';
INSERT INTO coverage_samples VALUES ('2024-03-10 23:00Z', 0.5, 'core'), ('2024-03-10 23:00Z', 0.75, 'core'), ('2024-03-10 22:59Z', 0.25, 'web');
CREATE TEMP TABLE week AS SELECT w::date AS period, (w + interval '1 week')::date AS period_end, w::timestamp AT TIME ZONE 'Europe/Berlin' AS start_at, (w + interval '1 week')::timestamp AT TIME ZONE 'Europe/Berlin' AS end_at
FROM generate_series(timestamp '2024-03-04', timestamp '2024-04-22', interval '1 week') w;

-- Deployments
CREATE TEMP TABLE delivered AS SELECT * FROM nudge.delivery_performance('deployments', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', by => 'service');
CREATE TEMP VIEW deployed AS SELECT w.period, s.service, s.al, d.at, d.failed, (d.at AT TIME ZONE 'Europe/Berlin')::date AS day, extract(epoch FROM d.at - d.change_created_at) / 3600 AS lead,
	CASE WHEN d.failed THEN extract(epoch FROM d.restored_at - d.at) / 3600 END AS recovery
FROM week w JOIN deployments d ON d.at >= w.start_at AND d.at < w.end_at, LATERAL (VALUES (d.service, false), (NULL, true)) s(service, al);
SELECT set_eq($$ SELECT period, value, is_total, deployment_count, deployment_days, lead_time_count, round(median_lead_time_hours, 9) AS m, round(mean_lead_time_hours, 9) AS a, round(p90_lead_time_hours, 9) AS p FROM delivered WHERE deployment_count > 0 $$,
	$$ SELECT period, service, al, count(*) AS n, count(DISTINCT day) AS days, count(lead) AS leads, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY lead::double precision))::numeric, 9) AS m, round(avg(lead), 9) AS a,
		round((percentile_cont(0.9) WITHIN GROUP (ORDER BY lead::double precision))::numeric, 9) AS p FROM deployed GROUP BY 1, 2, 3 $$, 'deployments and lead times by week and service');
SELECT set_eq($$ SELECT period, value, is_total, outcome_count, failed_deployments, change_failure_rate, restored_deployments, unrestored_deployments, round(median_recovery_hours, 9) AS m, round(mean_recovery_hours, 9) AS a FROM delivered WHERE deployment_count > 0 $$,
	$$ SELECT period, service, al, count(failed) AS known, CASE WHEN count(failed) > 0 THEN count(*) FILTER (WHERE failed) END AS failed, count(*) FILTER (WHERE failed)::numeric / nullif(count(failed), 0) AS rate,
		CASE WHEN count(failed) > 0 THEN count(recovery) END AS restored, CASE WHEN count(failed) > 0 THEN count(*) FILTER (WHERE failed) - count(recovery) END AS open,
		round((percentile_cont(0.5) WITHIN GROUP (ORDER BY recovery::double precision))::numeric, 9) AS m, round(avg(recovery), 9) AS a FROM deployed GROUP BY 1, 2, 3 $$, 'failures and recoveries');
SELECT is_empty($$ SELECT * FROM delivered WHERE elapsed_days <> 7 OR round(deployments_per_day, 12) <> round(deployment_count / 7.0, 12) OR deployments_per_week <> deployment_count $$, 'frequencies are of all days');
SELECT is_empty($$ SELECT period FROM delivered GROUP BY period HAVING sum(deployment_count) FILTER (WHERE is_total) <> coalesce(sum(deployment_count) FILTER (WHERE NOT is_total), 0)
	OR sum(failed_deployments) FILTER (WHERE is_total) <> coalesce(sum(failed_deployments) FILTER (WHERE NOT is_total), 0) $$, 'services add up to all');
SELECT set_eq($$ SELECT deployment_count, failed_deployments, lead_time_count, deployment_days FROM nudge.delivery_performance('deployments', '2024-03-04', '2024-04-29', NULL, 'Europe/Berlin') $$,
	$$ SELECT sum(deployment_count)::bigint AS n, sum(failed_deployments)::bigint AS f, sum(lead_time_count)::bigint AS l, sum(deployment_days)::bigint AS d FROM delivered WHERE is_total $$, 'weeks add up to the window');
SELECT set_eq($$ SELECT period, deployment_count, restored_deployments, unrestored_deployments, elapsed_days FROM nudge.delivery_performance('deployments', '2024-03-04', '2024-04-01', 'week', 'Europe/Berlin', '2024-03-20 23:30Z') $$,
	$$ SELECT w.period, count(d.at), count(*) FILTER (WHERE d.failed AND d.restored_at < '2024-03-20 23:30Z') AS r, count(*) FILTER (WHERE d.failed AND coalesce(d.restored_at >= '2024-03-20 23:30Z', true)) AS u,
			CASE w.period WHEN '2024-03-18' THEN 4 ELSE 7 END FROM week w LEFT JOIN deployments d ON d.at >= w.start_at AND d.at < w.end_at AND d.at < '2024-03-20 23:30Z' WHERE w.start_at < '2024-03-20 23:30Z' GROUP BY w.period $$, 'what is known at an instant');

-- Bugs
CREATE TEMP TABLE report AS SELECT * FROM nudge.bug_report('bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin');
CREATE TEMP VIEW graded AS SELECT b.bug, b.opened_at, b.closed_at, b.escaped, s.severity FROM bugs b, LATERAL (VALUES (lower(b.severity)), (NULL)) s(severity);
SELECT set_eq($$ SELECT period, severity, opening, opened, closed, closing FROM report $$,
	$$ SELECT w.period, g.severity, count(*) FILTER (WHERE g.opened_at < w.start_at AND coalesce(g.closed_at >= w.start_at, true)) AS a, count(*) FILTER (WHERE g.opened_at >= w.start_at AND g.opened_at < w.end_at) AS b,
		count(*) FILTER (WHERE g.closed_at >= w.start_at AND g.closed_at < w.end_at) AS c, count(*) FILTER (WHERE g.opened_at < w.end_at AND coalesce(g.closed_at >= w.end_at, true)) AS d FROM week w, graded g GROUP BY 1, 2 $$, 'bugs open, opened and closed by week');
SELECT set_eq($$ SELECT period, severity, round(median_days_to_close, 9) AS m, round(mean_days_to_close, 9) AS a FROM report WHERE closed > 0 $$,
	$$ SELECT w.period, g.severity, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM g.closed_at - g.opened_at)::double precision / 86400))::numeric, 9) AS m, round(avg(extract(epoch FROM g.closed_at - g.opened_at) / 86400), 9) AS a
		FROM week w JOIN graded g ON g.closed_at >= w.start_at AND g.closed_at < w.end_at GROUP BY 1, 2 $$, 'days to close');
SELECT set_eq($$ SELECT period, severity, escape_known, escaped, escape_rate FROM report WHERE opened > 0 $$,
	$$ SELECT w.period, g.severity, count(g.escaped) AS k, CASE WHEN count(g.escaped) > 0 THEN count(*) FILTER (WHERE g.escaped) END AS e, count(*) FILTER (WHERE g.escaped)::numeric / nullif(count(g.escaped), 0) AS r
		FROM week w JOIN graded g ON g.opened_at >= w.start_at AND g.opened_at < w.end_at GROUP BY 1, 2 $$, 'bugs that escaped');
SELECT is_empty($$ SELECT * FROM report WHERE opening + opened - closed <> closing $$, 'opening + opened - closed = closing');
SELECT is_empty($$ SELECT * FROM report a JOIN report b ON b.period = a.period_end AND b.severity IS NOT DISTINCT FROM a.severity WHERE a.closing <> b.opening $$, 'a week opens as the one before closes');
SELECT is_empty($$ SELECT period FROM report GROUP BY period HAVING (sum(closing) FILTER (WHERE all_severities), sum(opened) FILTER (WHERE all_severities), sum(closed) FILTER (WHERE all_severities))
	IS DISTINCT FROM (sum(closing) FILTER (WHERE NOT all_severities), sum(opened) FILTER (WHERE NOT all_severities), sum(closed) FILTER (WHERE NOT all_severities)) $$, 'severities add up to all');
CREATE TEMP TABLE ages AS SELECT * FROM nudge.bug_ages('bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', edges => '{1,14,40}');
SELECT set_eq($$ SELECT period, severity, sum(open_bugs)::bigint AS n FROM ages GROUP BY 1, 2 $$, $$ SELECT period, severity, closing FROM report $$, 'ages add up to all that are open');
SELECT set_eq($$ SELECT period, severity, from_days, open_bugs, round(oldest_days, 9) AS o FROM ages WHERE open_bugs > 0 $$,
	$$ SELECT w.period, g.severity, c.lower, count(*), round(max(extract(epoch FROM w.end_at - g.opened_at) / 86400), 9) FROM week w JOIN graded g ON g.opened_at < w.end_at AND coalesce(g.closed_at >= w.end_at, true)
		JOIN (VALUES (0, 1), (1, 14), (14, 40), (40, 99999)) c(lower, upper) ON w.end_at - g.opened_at >= c.lower * interval '24 hours' AND w.end_at - g.opened_at < c.upper * interval '24 hours' GROUP BY 1, 2, 3 $$, 'classes of age');
SELECT is_empty($$ SELECT period FROM ages GROUP BY period, severity HAVING round(sum(open_share), 12) <> 1 $$, 'shares of classes add up to 1');

-- Coverage
CREATE TEMP TABLE covered AS SELECT * FROM nudge.code_coverage('coverage_samples', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin');
CREATE TEMP VIEW latest AS SELECT w.period, r.repository, l.coverage, l.at, e.coverage AS before
	FROM week w CROSS JOIN (SELECT DISTINCT repository FROM coverage_samples) r
	LEFT JOIN LATERAL (SELECT c.coverage, c.at FROM coverage_samples c WHERE c.repository IS NOT DISTINCT FROM r.repository AND c.at < w.end_at ORDER BY c.at DESC, c.coverage DESC LIMIT 1) l ON true
	LEFT JOIN LATERAL (SELECT c.coverage FROM coverage_samples c WHERE c.repository IS NOT DISTINCT FROM r.repository AND c.at < w.start_at ORDER BY c.at DESC, c.coverage DESC LIMIT 1) e ON true;
SELECT set_eq($$ SELECT period, repository, coverage, coverage_change, measured_at, repositories FROM covered WHERE NOT all_repositories $$,
	$$ SELECT period, repository, coverage, coverage - before AS change, at, (coverage IS NOT NULL)::integer::bigint AS n FROM latest $$, 'the latest sample of each repository');
SELECT set_eq($$ SELECT period, repositories, round(coverage, 12) AS c, round(coverage_change, 12) AS d, measured_at FROM covered WHERE all_repositories $$,
	$$ SELECT period, count(coverage) AS n, round(avg(coverage), 12) AS c, round(avg(coverage) - avg(before), 12) AS d, max(at) AS at FROM latest GROUP BY period $$, 'and their mean');

-- What was not known is not there, nothing depends on order or zone
CREATE TEMP TABLE then_deployments AS SELECT at, change_created_at, failed, CASE WHEN restored_at < '2024-04-03 15:00Z' THEN restored_at END AS restored_at, service FROM deployments WHERE at < '2024-04-03 15:00Z' ORDER BY random();
CREATE TEMP TABLE then_bugs AS SELECT bug, opened_at, CASE WHEN closed_at < '2024-04-03 15:00Z' THEN closed_at END AS closed_at, severity, escaped FROM bugs WHERE opened_at < '2024-04-03 15:00Z' ORDER BY random();
CREATE TEMP TABLE then_samples AS SELECT * FROM coverage_samples WHERE at < '2024-04-03 15:00Z' ORDER BY random();
SET timezone = 'Pacific/Auckland';
SELECT set_eq($$ SELECT r::text FROM nudge.delivery_performance('deployments', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z', 'service') r $$,
	$$ SELECT r::text FROM nudge.delivery_performance('then_deployments', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z', 'service') r $$, 'deployments as of an instant are those without later rows');
SELECT set_eq($$ SELECT r::text FROM nudge.bug_report('bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z') r UNION ALL SELECT r::text FROM nudge.bug_ages('bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z') r $$,
	$$ SELECT r::text FROM nudge.bug_report('then_bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z') r UNION ALL SELECT r::text FROM nudge.bug_ages('then_bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z') r $$, 'and so are bugs');
SELECT set_eq($$ SELECT r::text FROM nudge.code_coverage('coverage_samples', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z') r UNION ALL SELECT r::text FROM report r UNION ALL SELECT r::text FROM delivered r $$,
	$$ SELECT r::text FROM nudge.code_coverage('then_samples', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', '2024-04-03 15:00Z') r
		UNION ALL SELECT r::text FROM nudge.bug_report('bugs', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin') r
		UNION ALL SELECT r::text FROM nudge.delivery_performance('deployments', '2024-03-04', '2024-04-29', 'week', 'Europe/Berlin', by => 'service') r $$, 'and coverage; nothing depends on the time zone of the session');

SELECT * FROM finish();
ROLLBACK;
