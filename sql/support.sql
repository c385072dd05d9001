-- Support: volume, rates, times, service levels, backlog.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The table of the page
CREATE TEMP TABLE tickets (ticket integer, customer text, opened_at timestamptz, first_response_at timestamptz, resolved_at timestamptz, reopened_at timestamptz,
	priority text, complexity text, category text, agent text, csat integer, escalated boolean, contacts integer);
INSERT INTO tickets VALUES
	(1, 'a', '2024-03-01 10:00Z', '2024-03-01 10:20Z', '2024-03-01 11:00Z', NULL, 'critical', 'simple', 'billing', 'ann', 5, false, 1),
	(2, 'b', '2024-03-01 16:30Z', '2024-03-04 09:45Z', '2024-03-04 17:00Z', NULL, ' Normal', 'Moderate', 'technical', 'bob ', 4, false, 3),
	(3, 'b', '2024-03-02 12:00Z', '2024-03-02 13:00Z', '2024-03-03 12:00Z', NULL, 'high', 'complex', 'technical', 'ann', NULL, true, 2),
	(4, 'a', '2024-03-04 09:00Z', '2024-03-04 11:00Z', '2024-03-04 14:00Z', NULL, 'low', 'simple', 'billing', 'bob', 3, false, 1),
	(5, 'c', '2024-03-04 22:00Z', '2024-03-04 22:45Z', '2024-03-05 10:00Z', '2024-03-06 09:00Z', 'critical', 'moderate', 'technical', 'ann', 1, true, 4),
	(6, 'c', '2024-03-05 10:00Z', NULL, NULL, NULL, 'normal', '', 'other', NULL, NULL, false, 1),
	(7, 'a', '2024-03-06 16:00Z', '2024-03-06 16:30Z', NULL, NULL, 'normal', 'simple', 'other', 'bob', NULL, false, 2),
	(8, 'd', '2024-03-06 12:00Z', '2024-03-06 11:00Z', '2024-03-06 13:00Z', NULL, 'high', 'moderate', 'billing', 'ann', 5, false, 1);

-- Without targets nothing is promised
SELECT DISTINCT first_response_target, first_response_sla, first_response_ratio, resolution_target, resolution_sla, first_response_working_minutes FROM ticket_lines('tickets', as_of => '2024-03-07 12:00Z');
SELECT measure, tickets_done, sla_met, sla_breached, sla_pending, attainment_rate, tickets_exceeding, exceeding_rate, mean_working_minutes, p90_working_minutes FROM support_times('tickets', '2024-03-01', '2024-03-08');

INSERT INTO working_calendars (calendar, zone) VALUES ('office', 'UTC');
INSERT INTO working_hours SELECT 'office', d, '09:00', '17:00' FROM generate_series(1, 5) d;
INSERT INTO sla_targets (measure, priority, complexity, target_minutes, calendar) VALUES
	('first_response', 'critical', '*', 30, NULL), ('first_response', '*', '*', 120, 'office'), ('resolution', '*', 'simple', 240, 'office'), ('resolution', '*', '*', 1440, NULL);
-- By hand.  First responses: 20 of 30; 3915, of which 30 + 45 are working, of 120; 60, none of them working; 120 of 120; 45 of 30; ticket 6 waits 420 + 480 + 180 working minutes; 30; 8 was answered before it came
SELECT ticket, counted_on, status, problem, first_response_minutes AS minutes, first_response_working_minutes AS working, first_response_target AS target, first_response_sla AS sla, round(first_response_ratio, 4) AS ratio
FROM ticket_lines('tickets', as_of => '2024-03-07 12:00Z', calendar => 'office');
-- Resolutions: 60 of 240; 4350 of 1440; 1440 of 1440; 300 of 240; open again since the opening 62 hours ago; 50 hours; 240 working minutes of 240, which is within; 60
SELECT ticket, priority, complexity, agent, resolution_minutes AS minutes, resolution_working_minutes AS working, age_minutes AS age, resolution_target AS target, resolution_sla AS sla, round(resolution_ratio, 4) AS ratio
FROM ticket_lines('tickets', as_of => '2024-03-07 12:00Z', calendar => 'office');
-- a minute later ticket 7 is over its target
SELECT ticket, resolution_sla AS sla, round(resolution_ratio, 4) AS ratio FROM ticket_lines('tickets', as_of => '2024-03-07 12:01Z') WHERE ticket = '7';
-- without as_of what waits is pending, and has no age; working minutes only where a target has a calendar
SELECT ticket, status, age_minutes AS age, first_response_sla AS response, round(first_response_ratio, 2) AS ratio, resolution_sla AS resolution, round(resolution_ratio, 2) AS ratio, first_response_working_minutes AS w_response, resolution_working_minutes AS w_resolution
FROM ticket_lines('tickets');

-- as_of: what came later is not known.  At 10:00 on March 5 ticket 6 is not there, and 5 not resolved yet; a microsecond later both are
SELECT ticket, status, first_response_at IS NOT NULL AS answered, resolved_at IS NOT NULL AS was_resolved, reopened_at IS NOT NULL AS reopened, csat FROM ticket_lines('tickets', as_of => '2024-03-05 10:00Z') WHERE ticket IN ('5', '6');
SELECT ticket, status, first_response_at IS NOT NULL AS answered, resolved_at IS NOT NULL AS was_resolved, reopened_at IS NOT NULL AS reopened, csat FROM ticket_lines('tickets', as_of => '2024-03-05 10:00:00.000001Z') WHERE ticket IN ('5', '6');
SELECT ticket, first_response_at IS NOT NULL AS answered FROM ticket_lines('tickets', as_of => '2024-03-04 22:45Z') WHERE ticket = '5';
SELECT ticket, first_response_at IS NOT NULL AS answered FROM ticket_lines('tickets', as_of => '2024-03-04 22:45:00.000001Z') WHERE ticket = '5';
-- a period that begins at as_of has nothing yet
SELECT max(period) AS report, (SELECT max(period) FROM support_times('tickets', '2024-03-01', '2024-03-10', 'day', as_of => '2024-03-07Z')) AS times, (SELECT max(period) FROM backlog('tickets', '2024-03-01', '2024-03-10', 'day', as_of => '2024-03-07Z')) AS backlog,
	(SELECT max(period) FROM backlog_ages('tickets', '2024-03-01', '2024-03-10', 'day', as_of => '2024-03-07Z')) AS ages FROM support_report('tickets', '2024-03-01', '2024-03-10', 'day', as_of => '2024-03-07Z');
-- windows: by opening, by resolution, in a zone.  Ticket 5 was opened on March 5 in Berlin
SELECT ticket, counted_on FROM ticket_lines('tickets', '2024-03-04', '2024-03-05');
SELECT ticket, counted_on FROM ticket_lines('tickets', '2024-03-04', '2024-03-05', counting => 'resolved');
SELECT ticket, counted_on FROM ticket_lines('tickets', '2024-03-05', '2024-03-06', 'Europe/Berlin');
SELECT ticket, counted_on FROM ticket_lines('tickets', NULL, '2024-03-02');
SELECT ticket, counted_on FROM ticket_lines('tickets', '2024-03-06', NULL, counting => 'resolved');
SELECT count(*) FROM ticket_lines('tickets', counting => 'resolved');

-- Reports by hand: resolved are 1, 2, 3, 4, 8; once resolved 5 too, which was reopened; one touch 1, 4, 8 of six
CREATE TEMP TABLE accounts (customer text, created_at timestamptz, segment text, internal boolean);
INSERT INTO accounts VALUES ('a', '2023-01-01Z', 'smb'), ('b', '2023-01-01Z', 'smb'), ('c', '2023-01-01Z', 'enterprise'), ('d', '2024-03-05Z', NULL), ('e', '2024-03-06Z', 'smb'), ('f', '2024-03-08Z', 'smb'), ('g', '2023-01-01Z', 'mid');
\x on
SELECT * FROM support_report('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', customers => 'accounts');
\x off
SELECT value, is_total AS total, tickets_total AS n, round(ticket_share, 4) AS share, customers_total AS customers, round(tickets_per_customer, 4) AS each, tickets_resolved AS resolved, round(resolution_rate, 4) AS rate, tickets_reopened AS reopened,
	tickets_once_resolved AS once, round(reopen_rate, 4) AS rate, tickets_escalated AS escalated, round(escalation_rate, 4) AS rate, tickets_one_touch AS touch, contacts_known AS known, round(one_touch_rate, 4) AS rate, round(mean_csat, 4) AS csat, csat_answers AS answers
FROM support_report('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', "by" => 'category', customers => 'accounts');
-- segments, one of them without tickets: customers at the end of the period
SELECT period, value, is_total AS total, complete, tickets_total AS n, customers_total AS customers, round(tickets_per_customer, 4) AS each
FROM support_report('tickets', '2024-02-26', '2024-03-18', 'week', as_of => '2024-03-07 12:00Z', "by" => 'segment', customers => 'accounts');
-- by the week of the resolution: 1 and 3, then 2, 4, 5, 8
SELECT period, complete, tickets_total AS n, tickets_resolved AS resolved, round(resolution_rate, 4) AS rate, round(reopen_rate, 4) AS reopen, round(one_touch_rate, 4) AS touch, round(mean_csat, 4) AS csat
FROM support_report('tickets', '2024-02-26', '2024-03-11', 'week', counting => 'resolved');
-- tickets of our own staff are left out, and so are they
UPDATE accounts SET internal = true WHERE customer = 'a';
SELECT tickets_total AS n, customers_total AS customers FROM support_report('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', customers => 'accounts');
SELECT measure, tickets_done AS done, sla_met AS met FROM support_times('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', customers => 'accounts');

-- Times by hand.  Responses 20, 30, 45, 60, 120, 3915: median 52.5, 90 % at 120 + 0.5 * 3795; working 0, 0, 20, 30, 75, 120; met 1, 2, 3, 4, 7; breached and exceeding 5 and 6.
-- Resolutions 60, 60, 300, 1440, 4350: 90 % at 1440 + 0.6 * 2910; working 0, 60, 60, 300, 510; met 1, 3, 8; breached 2, 4, 5, 6, of which 4 does not exceed by more than 25 %; pending 7
SELECT measure, tickets_done AS done, round(mean_minutes, 4) AS mean, median_minutes AS median, p90_minutes AS p90, round(mean_working_minutes, 4) AS w_mean, median_working_minutes AS w_median, p90_working_minutes AS w_p90,
	sla_met AS met, sla_breached AS breached, sla_pending AS pending, round(attainment_rate, 4) AS attained, tickets_exceeding AS exceeding, round(exceeding_rate, 4) AS rate
FROM support_times('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', calendar => 'office');
SELECT measure, tickets_exceeding AS exceeding FROM support_times('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', tolerance => 0.2499);
SELECT measure, tickets_exceeding AS exceeding FROM support_times('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', tolerance => 0);
SELECT measure, value, is_total AS total, tickets_done AS done, sla_met AS met, sla_breached AS breached, sla_pending AS pending, round(attainment_rate, 4) AS attained
FROM support_times('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', "by" => 'priority');
SELECT measure, value, is_total AS total, tickets_done AS done, sla_breached AS breached FROM support_times('tickets', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z', "by" => 'complexity') WHERE measure = 'resolution';
SELECT measure, value, is_total AS total, tickets_done AS done FROM support_times('tickets', '2024-03-01', '2024-03-08', "by" => 'agent') WHERE measure = 'resolution';
SELECT measure, period, complete, tickets_done AS done, sla_met AS met, sla_breached AS breached, sla_pending AS pending FROM support_times('tickets', '2024-02-26', '2024-03-18', 'week', as_of => '2024-03-07 12:00Z');

-- The most specific target: priority and complexity, priority, complexity, any
CREATE TEMP TABLE specific AS SELECT ticket, customer, opened_at, priority, complexity FROM (VALUES (1, 'a', timestamptz '2024-03-01 10:00Z', 'critical', 'simple'), (2, 'a', '2024-03-01 10:00Z', 'critical', 'complex'), (3, 'a', '2024-03-01 10:00Z', 'critical', NULL),
	(4, 'a', '2024-03-01 10:00Z', 'low', 'simple'), (5, 'a', '2024-03-01 10:00Z', 'low', 'complex'), (6, 'a', '2024-03-01 10:00Z', '*', '*')) v(ticket, customer, opened_at, priority, complexity);
BEGIN;
INSERT INTO sla_targets (measure, priority, complexity, target_minutes) VALUES ('resolution', 'critical', 'simple', 1), ('resolution', 'critical', '*', 2);
SELECT ticket, priority, complexity, resolution_target FROM ticket_lines('specific');
ROLLBACK;
-- the examples come when they are asked for, and replace nothing
SELECT load_example_sla_targets() AS written, (SELECT count(*) FROM sla_targets WHERE provenance = 'placeholder') AS seen_before;
SELECT load_example_sla_targets() AS written;
SELECT measure, priority, complexity, target_minutes, calendar, provenance FROM sla_targets ORDER BY measure, priority COLLATE "C", complexity COLLATE "C";
DELETE FROM sla_targets WHERE provenance = 'placeholder';

-- Backlog by hand: 2; 2, 3; 2; then 5; 6; 5, 6, 7
SELECT * FROM backlog('tickets', '2024-03-01', '2024-03-10', 'day', as_of => '2024-03-07 12:00Z');
-- from March 4, 9 o'clock of which ticket 4 is opened, with what was there before; by priority
SELECT period, value, is_total AS total, complete, opening, opened, reopened, resolved, closing, round(oldest_age_days, 4) AS oldest FROM backlog('tickets', '2024-03-04', '2024-03-07', as_of => '2024-03-07 12:00Z', "by" => 'priority');
SELECT period, complete, opening, opened, reopened, resolved, closing FROM backlog('tickets', '2024-03-04', '2024-03-07');
SELECT period, from_days, to_days, open_tickets AS n, round(open_share, 4) AS share FROM backlog_ages('tickets', '2024-03-06', '2024-03-08', 'day', as_of => '2024-03-07 12:00Z');
SELECT period, value, is_total AS total, from_days, to_days, open_tickets AS n, open_share AS share FROM backlog_ages('tickets', '2024-03-07', '2024-03-08', as_of => '2024-03-07 12:00Z', "by" => 'category', edges => '{2.5}');
SELECT period, ticket, value, age_seconds, round(age_days, 4) AS days FROM open_ticket_ages('tickets', '2024-03-05', '2024-03-08', 'day', as_of => '2024-03-07 12:00Z', "by" => 'agent') ORDER BY 1, 2;
SELECT * FROM backlog_lines('tickets', '2024-03-04', '2024-03-07', 'day') ORDER BY ticket;
-- without those of internal accounts: c has 5 and 6
CREATE TEMP TABLE staff AS SELECT c AS customer, timestamptz '2024-01-01Z' AS created_at, c = 'c' AS internal FROM unnest('{a,b,c}'::text[]) c;
SELECT period, opening, opened, resolved, closing FROM backlog('tickets', '2024-03-04', '2024-03-07', customers => 'staff');
SELECT from_days, to_days, open_tickets AS n FROM backlog_ages('tickets', '2024-03-07', '2024-03-08', as_of => '2024-03-07 12:00Z', edges => '{1}', customers => 'staff');
SELECT ticket FROM open_ticket_ages('tickets', '2024-03-07', '2024-03-08', as_of => '2024-03-07 12:00Z', customers => 'staff');
-- an edge is of the class that begins there, and an event at the end of a day of the next
CREATE TEMP TABLE edge AS SELECT n AS ticket, 'a' AS customer, timestamptz '2024-03-05Z' - days * interval '1 day' AS opened_at, CASE n WHEN 5 THEN timestamptz '2024-03-05Z' END AS resolved_at, 'x' AS priority FROM (VALUES (1, 1), (2, 3), (3, 0.999), (4, 0), (5, 7)) v(n, days);
SELECT period, from_days, to_days, open_tickets AS n FROM backlog_ages('edge', '2024-03-04', '2024-03-05');
SELECT period, opening, opened, resolved, closing FROM backlog('edge', '2024-03-04', '2024-03-06', 'day');
-- another zone: in New York it is still March 4
SELECT period, opening, opened, resolved, closing FROM backlog('edge', '2024-03-04', '2024-03-06', 'day', 'America/New_York');

-- Reopened and resolved in every order, and times before the opening
CREATE TEMP TABLE odd (ticket integer, customer bigint, opened_at timestamp, first_response_at timestamp, resolved_at timestamp, reopened_at timestamp, priority text);
INSERT INTO odd VALUES
	(1, 1, '2024-03-01 10:00', '2024-03-01 10:10', '2024-03-03 10:00', '2024-03-02 10:00', 'x'), -- resolved for good after it was reopened
	(2, 1, '2024-03-01 10:00', NULL, NULL, '2024-03-02 10:00', 'x'), -- reopened, and its resolution is gone
	(3, 1, '2024-03-01 10:00', '2024-03-01 10:10', '2024-03-02 10:00', '2024-03-02 10:00', 'x'), -- at one instant: resolved
	(4, 1, '2024-03-01 10:00', NULL, '2024-03-02 10:00', NULL, 'x'), -- no response recorded
	(5, 1, '2024-03-02 10:00', '2024-03-01 10:10', '2024-03-01 10:00', NULL, 'x'), -- resolved a day before it came
	(6, 1, '2024-03-02 10:00', NULL, '2024-03-03 10:00', '2024-03-01 10:00', 'x'), -- reopened before it came
	(7, 1, '2024-03-01 10:00', '2024-03-01 10:00', '2024-03-01 10:00', NULL, 'x'); -- at once
SELECT ticket, status, problem, first_response_minutes AS response, first_response_sla AS sla, resolution_minutes AS resolution, resolution_sla AS sla, age_minutes AS age, resolved_at AT TIME ZONE 'UTC' AS resolved, reopened_at AT TIME ZONE 'UTC' AS reopened
FROM ticket_lines('odd', as_of => '2024-03-05Z');
SELECT tickets_total AS n, tickets_resolved AS resolved, tickets_once_resolved AS once, tickets_reopened AS reopened, round(reopen_rate, 4) AS rate, tickets_with_problem AS problems, escalation_rate, one_touch_rate, mean_csat, customers_total, tickets_per_customer
FROM support_report('odd', '2024-03-01', '2024-03-05', as_of => '2024-03-05Z');
SELECT period, opening, opened, reopened, resolved, closing FROM backlog('odd', '2024-03-01', '2024-03-05', 'day');
SELECT counted_on, ticket FROM ticket_lines('odd', '2024-03-02', '2024-03-03', counting => 'resolved');
INSERT INTO odd VALUES (8, 1, '2024-03-02 11:00', NULL, '2024-02-02 10:00', NULL, 'x'); -- a month before
SELECT counted_on, ticket FROM ticket_lines('odd', '2024-03-02', '2024-03-03', counting => 'resolved') WHERE ticket = '8';
-- before ticket 1 was resolved for good it was open
SELECT ticket, status FROM ticket_lines('odd', as_of => '2024-03-03 09:00Z') WHERE ticket = '1';

-- Columns that a table lacks: not known is not "did not happen"
CREATE TEMP VIEW bare AS SELECT gen_random_uuid() AS ticket, customer, opened_at, priority FROM tickets;
SELECT DISTINCT status, age_minutes, first_response_sla, resolution_sla, resolution_ratio FROM ticket_lines('bare', as_of => '2024-03-07 12:00Z');
\x on
SELECT * FROM support_report('bare', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z');
\x off
SELECT measure, tickets_done, mean_minutes, sla_met, sla_breached, sla_pending, attainment_rate FROM support_times('bare', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z');
SELECT * FROM backlog('bare', '2024-03-01', '2024-03-08', as_of => '2024-03-07 12:00Z');
SELECT open_tickets, open_share FROM backlog_ages('bare', '2024-03-01', '2024-03-08', edges => '{1}');
CREATE TEMP VIEW unanswered AS SELECT ticket, customer, opened_at, priority, resolved_at FROM tickets;
SELECT DISTINCT status, first_response_sla FROM ticket_lines('unanswered', as_of => '2024-03-07 12:00Z') ORDER BY 1;
SELECT tickets_resolved, tickets_reopened, reopen_rate, resolution_rate FROM support_report('unanswered', '2024-03-01', '2024-03-08');

-- Nothing at all
SELECT count(*) FROM ticket_lines(NULL);
SELECT period, value, is_total, complete, tickets_total, ticket_share, resolution_rate, tickets_resolved, customers_total, tickets_per_customer FROM support_report(NULL, '2024-03-01', '2024-03-15', 'week', "by" => 'priority', customers => 'accounts');
SELECT measure, tickets_done, mean_minutes, median_minutes, sla_met, attainment_rate, exceeding_rate FROM support_times(NULL, '2024-03-01', '2024-03-08');
SELECT * FROM backlog(NULL, '2024-03-01', '2024-03-08');
SELECT from_days, to_days, open_tickets, open_share FROM backlog_ages(NULL, '2024-03-01', '2024-03-08');
SELECT count(*) FROM support_report('tickets', '2024-03-08', '2024-03-15', as_of => '2024-03-07 12:00Z');
SELECT count(*) FROM backlog('tickets', '2024-03-08', '2024-03-15', as_of => '2024-03-07 12:00Z');

-- Refused
CREATE TEMP TABLE bad AS SELECT * FROM tickets WHERE ticket = 1;
UPDATE bad SET priority = NULL; SELECT count(*) FROM ticket_lines('bad');
UPDATE bad SET priority = ' '; SELECT count(*) FROM ticket_lines('bad');
UPDATE bad SET priority = 'x', customer = NULL; SELECT count(*) FROM backlog('bad', '2024-03-01', '2024-03-08');
UPDATE bad SET customer = 'x', opened_at = NULL; SELECT count(*) FROM support_report('bad', '2024-03-01', '2024-03-08');
UPDATE bad SET opened_at = '2024-03-01', resolved_at = 'infinity'; SELECT count(*) FROM support_times('bad', '2024-03-01', '2024-03-08');
UPDATE bad SET resolved_at = NULL; INSERT INTO bad SELECT * FROM bad; SELECT count(*) FROM ticket_lines('bad');
SELECT * FROM ticket_lines('tickets', '2024-03-08', '2024-03-01');
SELECT * FROM ticket_lines('tickets', counting => 'closed');
SELECT * FROM ticket_lines('tickets', counting => NULL);
SELECT * FROM ticket_lines('tickets', zone => 'Nowhere');
SELECT * FROM ticket_lines('tickets', calendar => 'nobody');
SELECT * FROM ticket_lines('accounts');
SELECT * FROM support_report('tickets', '2024-03-08', '2024-03-01');
SELECT * FROM support_report('tickets', NULL, '2024-03-01');
SELECT * FROM support_report('tickets', '2024-03-01', '2024-03-08', "by" => 'colour');
SELECT * FROM support_report('tickets', '2024-03-01', '2024-03-08', "by" => 'segment');
SELECT * FROM support_report('tickets', '2024-03-01', '2024-03-08', 'fortnight');
SELECT * FROM support_times('tickets', '2024-03-01', '2024-03-08', tolerance => -1);
SELECT * FROM support_times('tickets', '2024-03-01', '2024-03-08', tolerance => 'NaN');
SELECT * FROM backlog('tickets', '2024-03-01', '2024-03-08', "by" => 'segment');
SELECT * FROM backlog('tickets', '2024-03-01', '2024-03-08', "by" => 'colour');
SELECT * FROM backlog('tickets', '2024-03-08', '2024-03-01');
SELECT * FROM backlog('tickets', '-infinity', 'infinity');
SELECT * FROM backlog_ages('tickets', '2024-03-01', '2024-03-08', edges => '{3,1}');
SELECT * FROM backlog_ages('tickets', '2024-03-01', '2024-03-08', edges => '{0,1}');
SELECT * FROM backlog_ages('tickets', '2024-03-01', '2024-03-08', edges => '{1,NULL}');
SELECT * FROM backlog_ages('tickets', '2024-03-01', '2024-03-08', edges => '{{1,2}}');
SELECT * FROM backlog_ages('tickets', '2024-03-01', '2024-03-08', edges => NULL);
SELECT open_tickets FROM backlog_ages('tickets', '2024-03-07', '2024-03-08', as_of => '2024-03-07 12:00Z', edges => '[5:6]={1,3}');
INSERT INTO sla_targets (measure, priority, target_minutes) VALUES ('first_response', 'High', 1);
INSERT INTO sla_targets (measure, priority, target_minutes) VALUES ('first_response', 'high', 0);
INSERT INTO sla_targets (measure, priority, target_minutes) VALUES ('answer', 'high', 1);
INSERT INTO sla_targets (measure, priority, target_minutes, calendar) VALUES ('resolution', 'high', 1, 'nobody');
DELETE FROM working_calendars WHERE calendar = 'office';

-- The owner of the extension writes targets, others read them
CREATE ROLE regress_nudge_visitor;
GRANT USAGE ON SCHEMA nudge TO regress_nudge_visitor;
GRANT SELECT ON tickets TO regress_nudge_visitor;
SET ROLE regress_nudge_visitor;
SELECT sum(sla_met) FROM support_times('tickets', '2024-03-01', '2024-03-08');
SELECT load_example_sla_targets();
RESET ROLE;
REVOKE USAGE ON SCHEMA nudge FROM regress_nudge_visitor;
REVOKE SELECT ON tickets FROM regress_nudge_visitor;
DROP ROLE regress_nudge_visitor;
DELETE FROM sla_targets;
DELETE FROM working_calendars;
