--
-- support.sql
--		Tickets against plain SQL on random rows.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed support
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(21);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

-- Tickets of three months: times that follow one another, and some that cannot
CREATE TEMP TABLE tickets AS
SELECT g AS ticket, floor(random() * 60)::integer AS customer, opened_at,
	CASE WHEN random() < 0.8 THEN opened_at + (random() - 0.02) * interval '10 hours' END AS first_response_at,
	CASE WHEN random() < 0.8 THEN opened_at + (random() * random() - 0.005) * interval '20 days' END AS resolved_at,
	CASE WHEN random() < 0.2 THEN opened_at + (random() - 0.02) * interval '20 days' END AS reopened_at,
	(ARRAY['critical', 'High', ' normal ', 'low'])[1 + floor(random() * 4)::integer] AS priority, (ARRAY['simple', 'Moderate', 'complex', NULL])[1 + floor(random() * 4)::integer] AS complexity,
	(ARRAY['billing', 'technical', NULL])[1 + floor(random() * 3)::integer] AS category, (ARRAY['ann', 'bob', NULL, 'eve'])[1 + floor(random() * 4)::integer] AS agent,
	CASE WHEN random() < 0.5 THEN 1 + floor(random() * 5) END AS csat, CASE WHEN random() < 0.9 THEN random() < 0.1 END AS escalated, CASE WHEN random() < 0.9 THEN 1 + floor(random() * 3)::integer END AS contacts
FROM (SELECT g, date_trunc('minute', timestamptz '2023-12-15Z' + random() * interval '110 days') AS opened_at FROM generate_series(1, 1500) g) o;
-- some on the bar, and some at the edge of a day
UPDATE tickets SET first_response_at = opened_at + interval '30 minutes' WHERE ticket % 40 = 0;
UPDATE tickets SET resolved_at = opened_at + interval '1440 minutes' WHERE ticket % 40 = 1;
UPDATE tickets SET opened_at = date_trunc('day', opened_at), resolved_at = date_trunc('day', opened_at) + interval '2 days', first_response_at = NULL, reopened_at = NULL WHERE ticket % 40 = 2;
CREATE TEMP TABLE customers AS SELECT g AS customer, timestamptz '2023-12-20Z' + g * interval '2 days' AS created_at, (ARRAY['smb', 'enterprise', NULL])[1 + g % 3] AS segment, g % 20 = 7 AS internal FROM generate_series(0, 55) g;
INSERT INTO nudge.working_calendars VALUES ('office', 'America/New_York'), ('always', 'UTC');
INSERT INTO nudge.working_hours SELECT 'office', d, time '08:30', time '17:15' FROM generate_series(1, 5) d UNION ALL SELECT 'always', d, time '00:00', time '24:00' FROM generate_series(1, 7) d;
INSERT INTO nudge.holidays VALUES ('office', '2024-01-01', 'New Year', NULL, NULL);
INSERT INTO nudge.sla_targets (measure, priority, complexity, target_minutes, calendar) VALUES ('first_response', 'critical', '*', 30, NULL), ('first_response', 'high', '*', 60, 'office'), ('first_response', 'normal', 'simple', 90, 'always'),
	('first_response', '*', '*', 240, 'office'), ('resolution', '*', 'simple', 240, NULL), ('resolution', 'low', '*', 2880, 'office'), ('resolution', 'critical', 'complex', 1440, NULL), ('resolution', 'high', '*', 1440, NULL);
\set as_of '2024-03-20 09:17:00Z'

-- What plain SQL says of each, as of then
CREATE TEMP TABLE told AS
SELECT t.*, CASE WHEN r IS NOT NULL THEN greatest(r, opened_at) END AS done, f >= opened_at AS answered, r >= opened_at AS solvable,
	CASE WHEN r IS NULL OR (a >= opened_at AND a > greatest(r, opened_at)) THEN 'open' ELSE 'resolved' END AS state, a >= opened_at IS TRUE AS again
FROM (SELECT ticket, customer, opened_at, CASE WHEN first_response_at < :'as_of' THEN first_response_at END AS f, CASE WHEN resolved_at < :'as_of' THEN resolved_at END AS r, CASE WHEN reopened_at < :'as_of' THEN reopened_at END AS a,
	trim(lower(priority)) AS priority, lower(complexity) AS complexity, category, agent, CASE WHEN resolved_at >= :'as_of' THEN NULL ELSE csat END AS csat, escalated, contacts FROM tickets WHERE opened_at < :'as_of') t;
CREATE TEMP TABLE judged AS
SELECT j.*, CASE WHEN measure = 'first_response' AND f < opened_at OR measure = 'resolution' AND r < opened_at THEN NULL
	WHEN target IS NULL THEN NULL WHEN used > target THEN 'breached' WHEN ended IS NOT NULL THEN 'met' WHEN waiting THEN 'pending' END AS sla
FROM (
	SELECT e.*, CASE WHEN calendar = 'office' THEN nudge.working_minutes(opened_at, until, 'office') ELSE extract(epoch FROM until - opened_at) / 60 END AS used
	FROM (
		SELECT d.*, coalesce(ended, CASE WHEN waiting THEN timestamptz :'as_of' END) AS until
		FROM (
			SELECT t.*, 'first_response' AS measure, CASE WHEN answered THEN f END AS ended, f IS NULL AND state = 'open' AS waiting,
				CASE WHEN priority = 'critical' THEN 30 WHEN priority = 'high' THEN 60 WHEN priority = 'normal' AND complexity = 'simple' THEN 90 ELSE 240 END AS target,
				CASE WHEN priority = 'critical' OR priority = 'normal' AND complexity = 'simple' THEN NULL ELSE 'office' END AS calendar FROM told t
			UNION ALL
			SELECT t.*, 'resolution', CASE WHEN solvable AND state = 'resolved' THEN r END, state = 'open' AND (r < opened_at) IS NOT TRUE,
				CASE WHEN priority = 'low' THEN 2880 WHEN priority = 'high' THEN 1440 WHEN priority = 'critical' AND complexity = 'complex' THEN 1440 WHEN complexity = 'simple' THEN 240 END,
				CASE WHEN priority = 'low' THEN 'office' END FROM told t
		) d
	) e
) j;

CREATE TEMP TABLE line AS SELECT * FROM nudge.ticket_lines('tickets', as_of => :'as_of');
SELECT cmp_ok((SELECT count(DISTINCT first_response_sla || resolution_sla || (problem IS NULL)::text || status) FROM line), '>=', 8::bigint, 'there is much variety');
SELECT set_eq($$ SELECT ticket::integer, status, resolved_at, reopened_at, first_response_at, csat::double precision FROM line $$, $$ SELECT ticket, state, done, CASE WHEN again THEN a END AS again, CASE WHEN answered THEN f END AS answered, csat FROM told $$, 'what is known of each ticket');
SELECT set_eq($$ SELECT ticket::integer, 'first_response', first_response_sla, first_response_target, round(first_response_minutes, 6) AS minutes, round(first_response_ratio, 9) AS ratio FROM line
		UNION ALL SELECT ticket::integer, 'resolution', resolution_sla, resolution_target, round(resolution_minutes, 6), round(resolution_ratio, 9) FROM line $$,
	$$ SELECT ticket, measure, sla, target::numeric, round(extract(epoch FROM ended - opened_at) / 60, 6) AS minutes, round(used / target, 9) AS ratio FROM judged $$, 'times and service levels');
SELECT is_empty($$ SELECT * FROM line WHERE first_response_sla = 'met' AND first_response_ratio > 1 OR first_response_sla = 'breached' AND first_response_ratio <= 1 OR (age_minutes IS NULL) <> (status = 'resolved') $$, 'ratios agree with states');

-- as_of is the same as deleting what came later
CREATE TEMP TABLE earlier AS SELECT * FROM tickets WHERE opened_at < :'as_of';
UPDATE earlier SET csat = CASE WHEN resolved_at >= :'as_of' THEN NULL ELSE csat END, first_response_at = CASE WHEN first_response_at < :'as_of' THEN first_response_at END,
	resolved_at = CASE WHEN resolved_at < :'as_of' THEN resolved_at END, reopened_at = CASE WHEN reopened_at < :'as_of' THEN reopened_at END;
SELECT is_empty($$ (SELECT * FROM line EXCEPT SELECT * FROM nudge.ticket_lines('earlier', as_of => '2024-03-20 09:17:00Z')) UNION ALL (SELECT * FROM nudge.ticket_lines('earlier', as_of => '2024-03-20 09:17:00Z') EXCEPT SELECT * FROM line) $$,
	'lines as of then are those of the rows then');
SELECT is_empty($$ SELECT * FROM nudge.backlog('tickets', '2024-01-05', '2024-04-01', 'week', as_of => '2024-03-20 09:17:00Z', "by" => 'category') EXCEPT SELECT * FROM nudge.backlog('earlier', '2024-01-05', '2024-04-01', 'week', as_of => '2024-03-20 09:17:00Z', "by" => 'category') $$,
	'and so is the backlog');
CREATE TEMP TABLE shuffled AS SELECT * FROM tickets ORDER BY random();
SELECT results_eq($$ SELECT * FROM nudge.ticket_lines('shuffled', as_of => '2024-03-20 09:17:00Z') $$, $$ SELECT * FROM line $$, 'the order of rows does not matter');

-- Reports by month and group
CREATE TEMP TABLE grouped AS
SELECT b."by", c.counting, t.*, date_trunc('month', CASE c.counting WHEN 'opened' THEN opened_at ELSE done END) AS month,
	CASE b."by" WHEN 'priority' THEN priority WHEN 'complexity' THEN complexity WHEN 'category' THEN category WHEN 'agent' THEN agent WHEN 'segment' THEN k.segment END AS value
FROM told t CROSS JOIN (VALUES ('priority'), ('complexity'), ('category'), ('agent'), ('segment')) b("by") CROSS JOIN (VALUES ('opened'), ('resolved')) c(counting) LEFT JOIN customers k USING (customer)
WHERE k.internal IS NOT TRUE AND CASE c.counting WHEN 'opened' THEN opened_at ELSE done END >= '2024-01-01' AND CASE c.counting WHEN 'opened' THEN opened_at ELSE done END < '2024-04-01';
CREATE TEMP TABLE report AS
SELECT b."by", c.counting, r.* FROM (VALUES ('priority'), ('complexity'), ('category'), ('agent'), ('segment')) b("by"), (VALUES ('opened'), ('resolved')) c(counting),
	nudge.support_report('tickets', '2024-01-01', '2024-04-01', 'month', as_of => :'as_of', "by" => b."by", counting => c.counting, customers => 'customers') r;
SELECT set_eq($$ SELECT "by", counting, period, value, tickets_total, tickets_resolved, tickets_reopened, tickets_once_resolved, tickets_escalated, escalation_known, tickets_one_touch, contacts_known, csat_answers, round(mean_csat, 9) AS csat, tickets_with_problem
		FROM report WHERE NOT is_total AND tickets_total > 0 $$,
	$$ SELECT "by", counting, month::date, value, count(*), count(*) FILTER (WHERE state = 'resolved') AS resolved, count(*) FILTER (WHERE again) AS reopened, count(*) FILTER (WHERE r IS NOT NULL OR again) AS once,
			count(*) FILTER (WHERE escalated) AS escalated, count(escalated) AS known, count(*) FILTER (WHERE contacts = 1 AND state = 'resolved' AND NOT again) AS touch, count(contacts) FILTER (WHERE r IS NOT NULL OR again) AS contacted,
			count(csat) AS answers, round(avg(csat)::numeric, 9) AS csat, count(*) FILTER (WHERE f < opened_at OR r < opened_at OR a < opened_at) AS odd FROM grouped GROUP BY 1, 2, 3, 4 $$, 'counts by month and group');
SELECT is_empty($$ SELECT "by", counting, period FROM report GROUP BY 1, 2, 3 HAVING sum(tickets_total) FILTER (WHERE is_total) <> sum(tickets_total) FILTER (WHERE NOT is_total) OR sum(tickets_resolved) FILTER (WHERE is_total) <> sum(tickets_resolved) FILTER (WHERE NOT is_total)
	OR round(sum(ticket_share) FILTER (WHERE NOT is_total), 12) <> 1 OR sum(csat_answers) FILTER (WHERE is_total) <> sum(csat_answers) FILTER (WHERE NOT is_total) $$, 'groups add up to the total');
SELECT is_empty($$ SELECT * FROM report WHERE resolution_rate IS DISTINCT FROM tickets_resolved::numeric / nullif(tickets_total, 0) OR reopen_rate IS DISTINCT FROM tickets_reopened::numeric / nullif(tickets_once_resolved, 0)
	OR escalation_rate IS DISTINCT FROM tickets_escalated::numeric / nullif(escalation_known, 0) OR one_touch_rate IS DISTINCT FROM tickets_one_touch::numeric / nullif(contacts_known, 0)
	OR tickets_per_customer IS DISTINCT FROM tickets_total::numeric / nullif(customers_total, 0) OR complete <> (period < '2024-03-01') $$, 'rates are quotients');
SELECT set_eq($$ SELECT DISTINCT period, value, is_total, customers_total FROM report WHERE "by" = 'segment' AND (is_total OR customers_total > 0) $$,
	$$ SELECT m::date, segment, grouping(segment) = 1 AS total, count(*) FROM generate_series(timestamp '2024-01-01', '2024-03-01', '1 month') m JOIN customers ON created_at < least((m + interval '1 month') AT TIME ZONE 'UTC', '2024-03-20 09:17:00Z') AND NOT internal
		GROUP BY GROUPING SETS ((m, segment), (m)) $$, 'customers at the ends of months');
SELECT set_eq($$ SELECT "by", period, value, customers_total FROM report WHERE "by" <> 'segment' $$, $$ SELECT r."by", r.period, r.value, t.customers_total FROM report r JOIN report t ON t."by" = 'segment' AND t.is_total AND t.period = r.period AND t.counting = r.counting WHERE r."by" <> 'segment' $$, 'all customers for other groups');

-- Times
CREATE TEMP TABLE times AS
SELECT b."by", c.counting, r.* FROM (VALUES ('priority'), ('segment')) b("by"), (VALUES ('opened'), ('resolved')) c(counting),
	nudge.support_times('tickets', '2024-01-01', '2024-04-01', 'month', as_of => :'as_of', "by" => b."by", counting => c.counting, customers => 'customers', calendar => 'office', tolerance => 0.5) r;
SELECT set_eq($$ SELECT "by", counting, measure, period, value, tickets_done, round(mean_minutes, 6) AS mean, round(median_minutes, 6) AS median, round(p90_minutes, 6) AS p90, round(mean_working_minutes, 6) AS w_mean, round(median_working_minutes, 6) AS w_median, round(p90_working_minutes, 6) AS w_p90,
		sla_met, sla_breached, sla_pending, tickets_exceeding FROM times WHERE NOT is_total AND tickets_done + sla_breached + sla_pending > 0 $$,
	$$ SELECT g."by", g.counting, j.measure, month::date, g.value, count(minutes), round(avg(minutes), 6) AS mean, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes::float8)::numeric, 6) AS median, round(percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes::float8)::numeric, 6) AS p90,
			round(avg(working), 6) AS w_mean, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY working::float8)::numeric, 6) AS w_median, round(percentile_cont(0.9) WITHIN GROUP (ORDER BY working::float8)::numeric, 6) AS w_p90,
			count(*) FILTER (WHERE j.sla = 'met') AS met, count(*) FILTER (WHERE j.sla = 'breached') AS breached, count(*) FILTER (WHERE j.sla = 'pending') AS pending, count(*) FILTER (WHERE j.sla = 'breached' AND j.used > 1.5 * j.target) AS exceeding
		FROM grouped g JOIN judged j USING (ticket), LATERAL (SELECT extract(epoch FROM j.ended - j.opened_at) / 60 AS minutes,
			CASE WHEN j.measure = 'first_response' AND j.priority = 'normal' AND j.complexity = 'simple' THEN nudge.working_minutes(j.opened_at, j.ended, 'always') ELSE nudge.working_minutes(j.opened_at, j.ended, 'office') END AS working) m
		WHERE g."by" IN ('priority', 'segment') GROUP BY 1, 2, 3, 4, 5 HAVING count(minutes) + count(*) FILTER (WHERE j.sla IN ('breached', 'pending')) > 0 $$, 'times and counts by month and group');
SELECT is_empty($$ SELECT "by", counting, measure, period FROM times GROUP BY 1, 2, 3, 4 HAVING sum(sla_met) FILTER (WHERE is_total) <> sum(sla_met) FILTER (WHERE NOT is_total) OR sum(sla_breached) FILTER (WHERE is_total) <> sum(sla_breached) FILTER (WHERE NOT is_total)
	OR sum(tickets_done) FILTER (WHERE is_total) <> sum(tickets_done) FILTER (WHERE NOT is_total) OR sum(mean_minutes * tickets_done) FILTER (WHERE is_total) - sum(mean_minutes * tickets_done) FILTER (WHERE NOT is_total) > 1e-9 $$, 'groups of times add up to the total');
SELECT is_empty($$ SELECT * FROM times WHERE attainment_rate IS DISTINCT FROM sla_met::numeric / nullif(sla_met + sla_breached, 0) OR exceeding_rate IS DISTINCT FROM tickets_exceeding::numeric / nullif(sla_met + sla_breached, 0) $$, 'attainment is a quotient');

-- Backlog by day in a zone, counted from what is open then
CREATE TEMP TABLE backlog AS SELECT * FROM nudge.backlog('tickets', '2024-01-05', '2024-04-01', 'day', 'America/New_York', :'as_of', 'priority');
CREATE TEMP TABLE day AS SELECT d::date AS period, least((d + interval '1 day') AT TIME ZONE 'America/New_York', :'as_of') AS at FROM generate_series(timestamp '2024-01-05', '2024-03-20', '1 day') d;
CREATE TEMP TABLE open AS SELECT d.period, d.at, t.ticket, t.priority, t.category, extract(epoch FROM d.at - t.opened_at) / 86400 AS age, extract(epoch FROM d.at - t.opened_at) AS age_seconds FROM day d JOIN told t ON t.opened_at < d.at AND NOT (done < d.at AND NOT (again AND a > done AND a < d.at) IS TRUE) IS TRUE;
SELECT set_eq($$ SELECT period, value, closing, round(oldest_age_days, 9) AS oldest, round(mean_age_days, 9) AS mean FROM backlog WHERE NOT is_total AND closing > 0 $$, $$ SELECT period, priority, count(*), round(max(age), 9) AS oldest, round(avg(age_seconds) / 86400, 9) AS mean FROM open GROUP BY 1, 2 $$, 'open at the end of each day');
SELECT is_empty($$ SELECT * FROM (SELECT *, lag(closing) OVER (PARTITION BY is_total, value ORDER BY period) AS before FROM backlog) b WHERE opening + opened + reopened - resolved <> closing OR before <> opening $$, 'opening + opened + reopened - resolved = closing, which is the next opening');
SELECT is_empty($$ SELECT period FROM backlog GROUP BY period HAVING sum(closing) FILTER (WHERE is_total) <> sum(closing) FILTER (WHERE NOT is_total) OR sum(opened) FILTER (WHERE is_total) <> sum(opened) FILTER (WHERE NOT is_total) $$, 'groups of the backlog add up');
SELECT set_eq($$ SELECT period, value, from_days, to_days, open_tickets FROM nudge.backlog_ages('tickets', '2024-01-05', '2024-04-01', 'day', 'America/New_York', '2024-03-20 09:17:00Z', 'category', '{0.5,2,10}') WHERE NOT is_total AND open_tickets > 0 $$,
	$$ SELECT period, category, CASE WHEN age < 0.5 THEN 0 WHEN age < 2 THEN 0.5 WHEN age < 10 THEN 2 ELSE 10 END AS low, CASE WHEN age < 0.5 THEN 0.5 WHEN age < 2 THEN 2 WHEN age < 10 THEN 10 END AS high, count(*) FROM open GROUP BY 1, 2, 3, 4 $$, 'ages of what is open');
SELECT is_empty($$ SELECT b.period FROM nudge.backlog('tickets', '2024-01-05', '2024-04-01', 'month', as_of => '2024-03-20 09:17:00Z') b JOIN nudge.backlog_ages('tickets', '2024-01-05', '2024-04-01', 'month', as_of => '2024-03-20 09:17:00Z') a ON a.period = b.period AND a.is_total
	GROUP BY b.period, b.closing HAVING sum(a.open_tickets) <> b.closing OR round(sum(a.open_share), 12) <> 1 $$, 'ages add up to the backlog');

-- The session's zone
SET timezone = 'Pacific/Auckland';
SELECT is_empty($$ (SELECT * FROM nudge.backlog('tickets', '2024-01-05', '2024-04-01', 'day', 'America/New_York', '2024-03-20 09:17:00Z', 'priority') EXCEPT SELECT * FROM backlog)
	UNION ALL (SELECT period, value, is_total, tickets_total, tickets_resolved, tickets_reopened, 0, 0, 0, 0, complete FROM nudge.support_report('tickets', '2024-01-01', '2024-04-01', 'month', as_of => '2024-03-20 09:17:00Z', "by" => 'agent', customers => 'customers')
		EXCEPT SELECT period, value, is_total, tickets_total, tickets_resolved, tickets_reopened, 0, 0, 0, 0, complete FROM report WHERE "by" = 'agent' AND counting = 'opened') $$, 'nothing depends on the time zone of the session');

SELECT * FROM finish();
ROLLBACK;
