-- Health of accounts: factors from inputs, and the score of each customer.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The customers of the manual.  As of Monday, April 1, the last twelve complete weeks are those of January 8 to March 25.
CREATE TEMP TABLE customers (customer text, created_at timestamptz, name text, segment text, owner text, internal boolean);
INSERT INTO customers VALUES ('acme', '2023-03-01Z', 'Acme', 'Enterprise', 'ann', NULL), ('idle', '2023-03-01Z', 'Idle', 'SMB', 'ann', false), ('silent', '2023-03-01Z', 'Silent', 'SMB', 'bob', NULL),
	('young', '2024-03-13Z', 'Young', 'SMB', NULL, NULL), ('ours', '2023-03-01Z', 'Ours', NULL, 'ann', true), ('future', '2024-04-01Z', 'Future', 'SMB', 'bob', NULL);
CREATE TEMP TABLE users ("user" text, customer text, signed_up_at timestamptz, internal boolean);
INSERT INTO users VALUES ('u1', 'acme', '2023-03-01Z', NULL), ('u2', 'acme', '2023-03-01Z', NULL), ('u3', 'acme', '2023-06-01Z', NULL), ('u4', 'acme', '2024-01-01Z', false),
	('staff', 'acme', '2023-03-01Z', true), ('late', 'acme', '2024-04-01Z', NULL), ('y1', 'young', '2024-03-14Z', NULL);
CREATE TEMP TABLE features (feature text, released_at timestamptz);
INSERT INTO features VALUES ('api', NULL), ('export', '2023-01-01Z'), ('search', '2024-03-31 23:59Z'), ('share', '2023-01-01Z'), ('coming', '2024-04-01Z');
CREATE TEMP TABLE events ("user" text, anonymous_id text, customer text, at timestamptz, name text, feature text);
-- acme: seven uses a week by two of four users, on five days and on three in turn, with three of four features
INSERT INTO events SELECT 'u' || 1 + n % 2, NULL, CASE WHEN n < 3 THEN 'acme' END, timestamptz '2024-01-08 12:00Z' + make_interval(hours => 168 * w + 24 * (n % (5 - 2 * (w % 2)))),
	'opened', (ARRAY['export', 'search', 'share'])[1 + n % 3]
FROM generate_series(0, 11) w, generate_series(0, 6) n;
-- what does not count: before and after the weeks, staff, nobody's customer, what is not known yet
INSERT INTO events VALUES ('u1', NULL, NULL, '2024-01-07 23:59:59Z', 'opened', 'api'), ('u1', NULL, NULL, '2024-04-01Z', 'opened', 'api'), ('u1', NULL, NULL, '2024-05-01Z', NULL, 'api'),
	('staff', NULL, 'acme', '2024-02-01Z', 'opened', 'api'), ('stranger', NULL, NULL, '2024-02-01Z', 'opened', 'api'), (NULL, 'v1', 'ours', '2024-02-01Z', 'opened', 'export'),
	-- idle: used before, and not since
	(NULL, 'v2', 'idle', '2023-12-20Z', 'opened', 'export'),
	-- young: from the week of March 18 on, two uses on a day, then four on two; not the week in which it came
	('y1', NULL, NULL, '2024-03-14Z', 'opened', 'export'), ('y1', NULL, NULL, '2024-03-18Z', 'opened', 'export'), ('y1', NULL, NULL, '2024-03-18 01:00Z', 'login', NULL),
	('y1', NULL, NULL, '2024-03-25Z', 'opened', 'export'), ('y1', NULL, NULL, '2024-03-25 01:00Z', 'opened', 'coming'), ('y1', NULL, NULL, '2024-03-31Z', 'opened', 'unlisted'), ('y1', NULL, NULL, '2024-03-31 23:59:59.999Z', 'login', NULL);

-- acme: 4 active days of 5 is 80, three of four features 75, no trend 50: 32 + 22.5 + 15 = 69.5; days 5 and 3 in turn have mean 4 and deviation 1: 0.75;
-- two of four users 0.5: engagement 62.5.  young: 1.5 days 30, one feature 25, ln 3 to ln 5 is more than 5 % a week 100: 12 + 7.5 + 30 = 49.5;
-- 1 and 2 days: mean 1.5, deviation 0.5: 2 / 3, of one user: 83.33.  idle: known to use nothing.  silent: not known
SELECT customer, known_weeks AS weeks, uses, round(active_days_per_week, 2) AS days, login_factor AS login, features_used AS used, features_available AS of, breadth_factor AS breadth, trend_factor AS trend,
	round(consistency_factor::numeric, 4) AS consistency, account_users AS users, round(weekly_active_users, 2) AS active, round(engagement_factor::numeric, 4) AS engagement, factor
FROM usage_factor('events', '2024-04-01Z', 'customers', 'users', 'features');
SELECT customer, login_direction, round(login_growth_rate::numeric, 4) AS login_growth, usage_direction, round(usage_growth_rate::numeric, 4) AS usage_growth, round(usage_p_value::numeric, 4) AS p_value,
	round(adoption_breadth, 2) AS breadth, round(engagement_consistency::numeric, 4) AS consistency, round(active_user_share, 2) AS user_share
FROM usage_factor('events', '2024-04-01Z', 'customers', 'users', 'features');
SELECT * FROM usage_weeks('events', '2024-04-01Z', 'customers', 'users', weeks => 3);
SELECT * FROM usage_features('events', 'features', '2024-04-01Z', 'users');
-- without customers those of the events, and from their first event on; without users, features
SELECT customer, known_weeks, uses, round(active_days_per_week, 2) AS days, features_used, breadth_factor, account_users, weekly_active_users, engagement_factor, factor FROM usage_factor('events', '2024-04-01Z', users => 'users');
SELECT customer, known_weeks, uses, round(active_days_per_week, 2) AS days, features_used, breadth_factor, account_users, round(weekly_active_users, 2) AS active, round(engagement_factor::numeric, 4) AS engagement, factor FROM usage_factor('events', '2024-04-01Z', weeks => 4);
-- only logins are active days, one a week: 25 of 4, and even; ln(5/3) of ln 2 a week is 50 + 36.85: (0.5 * 25 + 0.25 * 86.85 + 0.25 * 100) = 59.21
SELECT customer, uses, active_days_per_week::numeric(5, 2) AS days, login_factor, trend_factor, consistency_factor, factor, engagement_factor
FROM usage_factor('events', '2024-04-01Z', 'customers', 'users', login_events => '{login}', target_active_days => 4, full_growth_rate => 1, weights => '{0.5,0,0.25,0.25}', engagement_weights => '{1,0}') WHERE customer = 'young';
-- a week later the last week is one without use; a second before Monday it is not over yet
SELECT week, uses, active_days FROM usage_weeks('events', '2024-04-08Z', 'customers', 'users', weeks => 2) WHERE customer = 'acme';
SELECT week, uses, active_days FROM usage_weeks('events', '2024-03-31 23:59:59Z', 'customers', 'users', weeks => 2) WHERE customer = 'acme';
-- in New York the week ends at 04:00, and events of the night are of the day before: young's of March 18 is of Sunday, March 17
SELECT week, uses, active_days FROM usage_weeks('events', '2024-04-01 04:00Z', 'customers', 'users', 'America/New_York', 3) WHERE customer = 'young';
SELECT week, uses FROM usage_weeks('events', '2024-04-01 03:59:59Z', 'customers', 'users', 'America/New_York', 2) WHERE customer = 'acme';
-- an event of the first instant of the weeks
SELECT week, uses FROM usage_weeks('events', '2024-04-01Z', 'customers', 'users', weeks => 2) WHERE customer = 'young';
-- NULL relations: not known
SELECT customer, known_weeks, uses, login_factor, factor FROM usage_factor(NULL, '2024-04-01Z', 'customers') WHERE customer <> 'young';
SELECT count(*) FROM usage_factor(NULL, '2024-04-01Z');
-- who signed up and never came is idle, and not unknown
SELECT customer, known_weeks, uses, account_users, factor, engagement_factor FROM usage_factor(NULL, '2024-04-01Z', 'customers', 'users') WHERE customer IN ('acme', 'silent');

-- Support, 90 days: from January 2.  Three tickets are one a month: 90.  Two are resolved, in 240 and 2280 minutes, on average 1260, (1260 - 4320) / (240 - 4320) = 75 %: (66.67 + 75) / 2 = 70.83;
-- csat 4.5 of 1 to 5 is 87.5: 27 + 28.33 + 26.25 = 81.58
CREATE TEMP TABLE tickets (ticket text, customer text, opened_at timestamptz, resolved_at timestamptz, reopened_at timestamptz, priority text, csat numeric);
INSERT INTO tickets VALUES ('t1', 'acme', '2024-01-02Z', '2024-01-02 04:00Z', NULL, 'low', 4), ('t2', 'acme', '2024-02-01Z', '2024-02-02 14:00Z', '2024-02-01 12:00Z', 'high', NULL), ('t3', 'acme', '2024-03-01Z', '2024-03-02Z', '2024-03-02 00:00:00.000001Z', 'high', 5),
	-- not in the window, or not known yet
	('t0', 'acme', '2024-01-01 23:59:59.999Z', '2024-01-02Z', NULL, 'low', 1), ('t4', 'acme', '2024-04-01Z', NULL, NULL, 'low', 1), ('t5', 'idle', '2023-12-01Z', '2023-12-01Z', NULL, 'low', 1),
	-- resolved later; opened again later; sixteen in 90 days
	('t6', 'silent', '2024-03-31Z', '2024-04-01Z', NULL, 'low', NULL), ('t7', 'silent', '2024-03-30Z', '2024-03-30 02:00Z', '2024-04-01Z', 'low', NULL);
INSERT INTO tickets SELECT 'y' || n, 'young', '2024-03-20Z', '2024-03-23Z', NULL, 'low', 1 FROM generate_series(1, 40) n;
SELECT customer, opened_tickets AS tickets, round(tickets_per_month, 2) AS a_month, round(volume_factor::numeric, 4) AS volume, resolved_tickets AS resolved, round(resolution_rate, 4) AS rate, round(resolution_minutes, 2) AS minutes,
	round(resolution_factor::numeric, 4) AS resolution, rated_tickets AS rated, round(csat, 2) AS csat, csat_factor, round(factor::numeric, 4) AS factor
FROM support_factor('tickets', '2024-04-01Z', 'customers');
SELECT customer, ticket, opened_at, status, resolved_at, round(resolution_minutes, 2) AS minutes, csat FROM support_tickets('tickets', '2024-04-01Z') WHERE customer <> 'young';
-- what a ticket was rated is not known before it is resolved
SELECT opened_tickets, rated_tickets, csat FROM support_factor('tickets', '2024-03-22Z') WHERE customer = 'young';
SELECT opened_tickets, rated_tickets, round(csat, 2) AS csat FROM support_factor('tickets', '2024-03-23 00:00:00.000001Z') WHERE customer = 'young';
-- a resolution before the opening was at once, as in support_report; a relation without such times does not say that nothing was resolved
CREATE TEMP VIEW early_tickets AS SELECT ticket, customer, opened_at, opened_at - interval '1 day' AS resolved_at, priority FROM tickets WHERE ticket = 't1';
SELECT status, resolved_at, resolution_minutes FROM support_tickets('early_tickets', '2024-04-01Z');
CREATE TEMP VIEW unresolved_tickets AS SELECT ticket, customer, opened_at, priority, csat FROM tickets;
SELECT customer, opened_tickets, resolved_tickets, resolution_rate, resolution_factor, csat_factor, factor FROM support_factor('unresolved_tickets', '2024-04-01Z', 'customers') WHERE customer = 'acme';
-- all options; what having no tickets says; a NULL relation
SELECT customer, opened_tickets, volume_factor, round(resolution_factor::numeric, 4) AS resolution, csat_factor, round(factor::numeric, 4) AS factor
FROM support_factor('tickets', '2024-04-01Z', days => 30, max_monthly_tickets => 4, fast_minutes => 0, slow_minutes => 1440, csat_low => 0, csat_high => 10, weights => '{0.2,0.3,0.5}');
SELECT customer, opened_tickets, tickets_per_month, factor FROM support_factor('tickets', '2024-04-01Z', 'customers', without_tickets => 100) WHERE customer = 'idle';
SELECT customer, opened_tickets, factor FROM support_factor(NULL, '2024-04-01Z', 'customers', without_tickets => 100) WHERE customer = 'idle';

-- Facts.  Of four criteria one is met but was agreed afterwards, and one is not met: 2 of 3; a return of 0.9 is 90: 46.67 + 27 = 73.67.
-- Executive and user are two of three levels, strong is the fourth of five, positive the best: 26.67 + 22.5 + 30 = 79.17
CREATE TEMP TABLE account_facts (customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz);
INSERT INTO account_facts VALUES ('acme', 'criterion_met', 'true', '2023-04-01Z', '2023-09-01Z', NULL), ('acme', 'criterion_met', 'False', '2023-04-01Z', '2023-04-01Z', '2023-09-01Z'), ('acme', 'Criterion_met ', ' yes', '2023-04-01Z', '2023-04-01Z', NULL),
	('acme', 'criterion_met', 'false', '2023-04-01Z', '2023-05-01Z', '2024-04-01Z'), ('acme', 'criterion_met', 'true', '2023-12-02Z', '2023-12-01Z', NULL),
	('acme', 'documented_roi', '0.9', NULL, '2024-01-01Z', NULL), ('acme', 'documented_roi', '3', NULL, '2023-01-01Z', '2024-01-01Z'), ('acme', 'documented_roi', 'three', NULL, '2024-04-01Z', NULL),
	('acme', 'contact_level', 'executive', NULL, '2023-03-01Z', NULL), ('acme', 'contact_level', 'User', NULL, '2023-03-01Z', NULL), ('acme', 'contact_level', 'user', NULL, '2023-03-01Z', '2024-06-01Z'),
	('acme', 'contact_level', 'manager', NULL, '2023-03-01Z', '2024-03-31 23:59Z'), ('acme', 'sponsor_status', 'Strong', NULL, '2023-03-01Z', NULL), ('acme', 'sponsor_status', 'none', NULL, '2023-01-01Z', '2023-03-01Z'),
	('acme', 'sentiment', 'positive', NULL, '2024-03-01Z', NULL), ('acme', 'referenceable', 'true', NULL, '2023-06-01Z', NULL), ('acme', 'case_study', 'https://example.com/acme', NULL, '2023-04-02Z', '2023-05-01Z'), ('acme', 'review', 'No', NULL, '2024-01-01Z', NULL),
	('acme', 'reference', 'call', NULL, '2023-04-01Z', NULL), ('idle', 'criterion_met', 'true', NULL, '2023-04-01Z', NULL), ('idle', 'sponsor_status', 'champion', NULL, '2023-04-01Z', NULL), ('idle', 'sponsor_status', 'weak', NULL, '2023-05-01Z', NULL),
	('idle', 'referenceable', 'false', NULL, '2023-06-01Z', NULL), ('young', 'documented_roi', '-1.5', NULL, '2024-03-20Z', NULL), ('young', 'qbr_held', 'anything', NULL, '2024-03-20Z', NULL);
SELECT customer, criteria, criteria_met AS met, criteria_not_agreed AS not_agreed, round(criteria_met_share, 4) AS share, round(criteria_factor::numeric, 4) AS criteria_factor, round(documented_roi, 2) AS roi, roi_factor, round(factor::numeric, 4) AS factor
FROM outcome_factor('account_facts', '2024-04-01Z', 'customers');
SELECT customer, contact_levels AS levels, round(breadth_factor::numeric, 4) AS breadth, sponsors, strength_factor AS strength, sentiments, sentiment_factor AS sentiment, round(factor::numeric, 4) AS factor FROM relationship_factor('account_facts', '2024-04-01Z', 'customers');
SELECT fact, value, agreed_at, valid_from, valid_to, in_force FROM account_fact_rows('account_facts', '{criterion_met,contact_level}', '2024-04-01Z') WHERE customer = 'acme';
-- a year before there were other facts
SELECT customer, criteria, criteria_met, criteria_not_agreed, documented_roi, factor FROM outcome_factor('account_facts', '2023-06-01Z');
-- of several returns the one that began last, of those that began together the first
CREATE TEMP TABLE returns (customer text, fact text, value text, valid_from timestamptz, valid_to timestamptz);
INSERT INTO returns VALUES ('a', 'documented_roi', '0.5', '2023-01-01Z', NULL), ('a', 'documented_roi', '0.8', '2023-06-01Z', NULL), ('a', 'documented_roi', '0.7', '2024-01-01Z', '2024-03-01Z'),
	('b', 'documented_roi', '0.4', '2023-01-01Z', NULL), ('b', 'documented_roi', '0.3', '2023-01-01Z', NULL);
SELECT customer, documented_roi, roi_factor FROM outcome_factor('returns', '2024-04-01Z');
-- options: a return of 0.9 of 3; two levels are enough; other words
SELECT customer, roi_factor, factor FROM outcome_factor('account_facts', '2024-04-01Z', 'customers', 3, '{0,1}') WHERE customer = 'acme';
SELECT customer, breadth_factor, strength_factor, sentiment_factor, factor FROM relationship_factor('account_facts', '2024-04-01Z', target_levels => 2, sponsor_levels => '{weak,strong,champion}', weights => '{0.5,0.5,0}');
SELECT v, scale_level(v, '{negative,neutral,positive}') FROM unnest('{negative," Neutral",POSITIVE,NULL}'::text[]) v;

-- Surveys of 180 days: 10, 9, 7 and 3: 25 is 62.5 of 100; csat 4 is 75: 68.75
CREATE TEMP TABLE surveys (customer text, "user" text, kind text, score numeric, sent_at timestamptz, answered_at timestamptz);
INSERT INTO surveys VALUES ('acme', 'u1', 'nps', 10, '2024-01-01Z', '2024-01-02Z'), ('acme', 'u2', 'NPS ', 9, '2024-01-01Z', NULL), ('acme', 'u3', 'nps', 7, '2023-10-01Z', '2023-10-04Z'), ('acme', 'u4', 'nps', 3, '2024-01-01Z', '2024-03-31 23:59Z'),
	('acme', 'u1', 'csat', 4, '2024-02-01Z', '2024-02-01Z'), ('acme', 'u5', 'nps', NULL, '2024-02-01Z', NULL), ('acme', 'u2', 'ces', 90, '2024-02-01Z', '2024-02-01Z'), ('acme', 'u2', 'nps', 0, '2024-03-01Z', '2024-04-01Z'), ('acme', 'u2', 'nps', 0, '2023-01-01Z', '2023-10-03 23:59Z'),
	('idle', 'i1', 'nps', 6, '2024-02-01Z', NULL), ('idle', 'i2', 'nps', 8, '2024-02-01Z', NULL), ('young', 'y1', 'csat', 1, '2024-03-20Z', NULL);
SELECT customer, nps_answers AS answers, promoters, detractors, round(nps, 2) AS nps, nps_factor, csat_answers AS rated, round(csat, 2) AS csat, csat_factor, factor FROM satisfaction_factor('surveys', '2024-04-01Z', 'customers');
SELECT * FROM satisfaction_answers('surveys', '2024-04-01Z', 90);
SELECT customer, csat_factor, factor FROM satisfaction_factor('surveys', '2024-04-01Z', csat_low => 0, csat_high => 10, weights => '{0,1}');
-- Advocacy of a year: referenceable 100, one act of two 50, of the answers of a year 10, 9, 7, 3 and 0 two promoters of five 40: 40 + 15 + 12 = 67
SELECT customer, referenceable, acts, act_factor, nps_answers AS answers, promoters, round(promoter_share, 2) AS share, factor FROM advocacy_factor('account_facts', '2024-04-01Z', 'customers', 'surveys');
SELECT customer, referenceable, acts, act_factor, nps_answers, factor FROM advocacy_factor('account_facts', '2024-04-01Z', days => 366, act_facts => '{reference,review}', target_acts => 1, weights => '{0,1,0}');
SELECT customer, referenceable, acts, act_factor, factor FROM advocacy_factor('account_facts', '2023-05-01Z');

-- Growth over three months: 20 seats on January 1, 22 now, 10 %: (0.1 + 0.25) / 0.5 = 70; calls 400 in October to December, 300 in January to March, -25 %: 0; storage 10 and 12, 20 %: of both -2.5 %: 45; (70 + 45) / 2 = 57.5
CREATE TEMP TABLE subscriptions (customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, seats numeric);
INSERT INTO subscriptions SELECT customer, item, 'p', valid_from::timestamptz, valid_to::timestamptz, 1, 'month', 1, 'EUR', 'active', seats FROM (VALUES
	('acme', 'a', '2023-03-01Z', '2024-01-01Z', 15), ('acme', 'b', '2024-01-01Z', NULL, 17), ('acme', 'c', '2023-03-01Z', '2024-04-01Z', 5), ('acme', 'd', '2023-03-01Z', NULL, NULL), ('acme', 'e', '2024-04-01Z', NULL, 100),
	('idle', 'a', '2023-03-01Z', '2024-03-01Z', 4), ('young', 'a', '2024-03-13Z', NULL, 3), ('silent', 'a', '2023-03-01Z', NULL, 0)) v(customer, item, valid_from, valid_to, seats);
CREATE TEMP TABLE usage (customer text, meter text, period date, volume numeric);
INSERT INTO usage VALUES ('acme', 'calls', '2023-09-01', 999), ('acme', 'calls', '2023-10-01', 200), ('acme', 'calls', '2023-12-01', 200), ('acme', 'calls', '2024-01-01', 200), ('acme', 'calls', '2024-03-01', 100), ('acme', 'calls', '2024-04-01', 999),
	('acme', 'storage', '2023-10-01', 10), ('acme', 'storage', '2024-02-01', 12), ('idle', 'calls', '2023-10-01', 5), ('young', 'calls', '2023-11-01', 5), ('young', 'calls', '2024-01-01', 50), ('silent', 'calls', '2023-10-01', 0), ('silent', 'calls', '2024-01-01', 7);
SELECT customer, seats_before AS before, seats, round(seat_growth_rate, 4) AS seat_growth, seat_factor, meters, round(usage_growth_rate, 4) AS usage_growth, usage_factor, factor FROM growth_factor('subscriptions', '2024-04-01Z', 'customers', 'usage');
SELECT customer, measure, meter, amount_before AS before, amount, round(growth_rate, 4) AS growth_rate FROM growth_lines('subscriptions', '2024-04-01Z', 'usage');
-- seats that have ended are 0; of an item that does not say nothing is known, unless another says; one that says nothing counts for nothing
CREATE TEMP TABLE unseated AS SELECT customer, item, 'p' AS plan, valid_from::timestamptz, valid_to::timestamptz, 1 AS amount, 'month' AS interval_unit, 1 AS interval_count, 'EUR' AS currency, 'active' AS status, seats FROM (VALUES
	('ended', 'a', '2023-03-01Z', '2024-03-01Z', 4), ('silent', 'a', '2023-03-01Z', '2024-03-01Z', 4), ('silent', 'b', '2024-03-01Z', NULL, NULL),
	('partly', 'a', '2023-03-01Z', '2024-03-01Z', 4), ('partly', 'b', '2024-03-01Z', NULL, NULL), ('partly', 'c', '2024-03-01Z', NULL, 5)) v(customer, item, valid_from, valid_to, seats);
SELECT customer, seats_before AS before, seats, round(seat_growth_rate, 2) AS seat_growth, seat_factor, factor FROM growth_factor('unseated', '2024-04-01Z');
SELECT customer, seat_factor, usage_factor, factor FROM growth_factor('subscriptions', '2024-04-01 03:59Z', NULL, 'usage', 2, 'America/New_York', 0.5, '{0.25,0.75}');

-- In one call: 0.3 * 69.5 + 0.25 * 73.67 + 0.25 * 79.17 + 0.2 * 81.58 = 20.85 + 18.42 + 19.79 + 16.32 = 75.375; usage costs 9.15 points.
-- idle: 0.3 * 0 + 0.25 * 62.5 (champion and weak: 100 and 25) of 0.55 = 28.41.  young: 0.3 * 49.5 + 0.25 * 0 + 0.2 * 20 = 18.85 of 0.75 = 25.13
SELECT customer, name, segment, owner, round(usage_factor::numeric, 2) AS usage, round(engagement_factor::numeric, 2) AS engagement, round(outcome_factor::numeric, 2) AS outcome, round(relationship_factor::numeric, 2) AS relationship,
	round(support_factor::numeric, 2) AS support, round(satisfaction_factor::numeric, 2) AS satisfaction, round(growth_factor::numeric, 2) AS growth, round(advocacy_factor::numeric, 2) AS advocacy
FROM account_health('customers', '2024-04-01Z', 'events', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage');
SELECT customer, round(score::numeric, 4) AS score, coverage, band, weakest_factor FROM account_health('customers', '2024-04-01Z', 'events', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage');
-- 0.3 * 69.5 + 0.25 * 62.5 + 0.2 * 68.75 + 0.15 * 57.5 + 0.1 * 67 = 20.85 + 15.625 + 13.75 + 8.625 + 6.7 = 65.55
SELECT customer, score, coverage, band, weakest_factor FROM account_health('customers', '2024-04-01Z', 'events', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage', 'customer_health');
SELECT customer, score, coverage, band, weakest_factor FROM account_health('customers', '2024-04-01Z', 'events', 'users', 'features', 'tickets', 'surveys', 'account_facts', 'subscriptions', 'usage', 'customer_health', missing => 'null', min_coverage => 0.25, yellow_from => 40, green_from => 65);
-- NULL bounds are the usual ones
SELECT count(*) FROM account_health('customers', '2024-04-01Z', 'events', yellow_from => NULL, green_from => NULL) a JOIN account_health('customers', '2024-04-01Z', 'events') b ON b.customer = a.customer AND b.* IS NOT DISTINCT FROM a.* WHERE b.band IS NOT NULL;
SELECT customer, score, coverage, band FROM account_health('customers', '2024-04-01Z', tickets => 'tickets', min_coverage => NULL) WHERE customer IN ('acme', 'silent');
-- a third of a score is enough to be red, and not to be green
SELECT customer, score, coverage, band FROM account_health('customers', '2024-04-01Z', 'events', tickets => 'tickets', min_coverage => 0.6) WHERE customer IN ('idle', 'silent');
SELECT customer, coverage, band FROM account_health('customers', '2024-04-01Z', tickets => 'tickets', min_coverage => 0.2) WHERE customer = 'silent';
-- nothing but customers: nothing is known
SELECT customer, usage_factor, outcome_factor, relationship_factor, support_factor, score, coverage, band, weakest_factor FROM account_health('customers', '2024-04-01Z');
-- a model of one's own, of other factors
INSERT INTO health_models VALUES ('voice', 'satisfaction', 2, 0.5), ('voice', 'advocacy', 1, 0.5);
SELECT customer, score, coverage, weakest_factor FROM account_health('customers', '2024-04-01Z', surveys => 'surveys', account_facts => 'account_facts', model => 'voice');
-- nobody; keys that are numbers or uuids
SELECT count(*) FROM account_health(NULL, '2024-04-01Z', 'events');
CREATE TEMP TABLE numbered AS SELECT 1::bigint AS customer, date '2023-01-01' AS created_at;
CREATE TEMP TABLE numbered_events AS SELECT 1::bigint AS customer, '00000000-0000-0000-0000-000000000001'::uuid AS "user", timestamp '2024-03-26' AS at, 'opened' AS name;
SELECT customer, usage_factor, score FROM account_health('numbered', '2024-04-01Z', 'numbered_events');
-- created on a Monday: that week counts
UPDATE numbered SET created_at = '2024-03-18';
SELECT * FROM usage_weeks('numbered_events', '2024-04-01Z', 'numbered', weeks => 3);

-- Refused calls, each with SQLSTATE, message, detail, hint
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.refused(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN NEXT 'ACCEPTED: ' || query;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT state || ': ' || message;
	RETURN NEXT '  detail: ' || detail;
	RETURN NEXT '  hint: ' || hint;
END
$$;
SELECT pg_temp.refused($$SELECT * FROM account_health('customers', NULL)$$);
SELECT pg_temp.refused($$SELECT * FROM usage_weeks('events', 'infinity')$$);
SELECT pg_temp.refused($$SELECT * FROM usage_factor('events', '2024-04-01Z', weeks => 1)$$);
SELECT pg_temp.refused($$SELECT * FROM usage_features('events', 'features', '2024-04-01Z', weeks => NULL)$$);
SELECT pg_temp.refused($$SELECT * FROM support_factor('tickets', '2024-04-01Z', days => 0)$$);
SELECT pg_temp.refused($$SELECT * FROM satisfaction_factor('surveys', '2024-04-01Z', days => 3651)$$);
SELECT pg_temp.refused($$SELECT * FROM growth_lines('subscriptions', '2024-04-01Z', months => 0)$$);
SELECT pg_temp.refused($$SELECT * FROM account_health('customers', '2024-04-01Z', model => 'nobody')$$);
SELECT pg_temp.refused($$SELECT * FROM account_health('customers', '2024-04-01Z', min_coverage => 50)$$);
SELECT pg_temp.refused($$SELECT * FROM account_health('customers', '2024-04-01Z', min_coverage => 'NaN')$$);
INSERT INTO health_models VALUES ('tea', 'usage', 1, 0.5), ('tea', 'tea', 2, 0.5);
SELECT pg_temp.refused($$SELECT * FROM account_health('customers', '2024-04-01Z', model => 'tea')$$);
SELECT pg_temp.refused($$SELECT * FROM usage_factor('events', '2024-04-01Z', weights => '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT * FROM support_factor('tickets', '2024-04-01Z', 'customers', without_tickets => 101)$$);
SELECT pg_temp.refused($$SELECT * FROM support_factor('tickets', '2024-04-01Z', csat_high => 4)$$);
SELECT pg_temp.refused($$SELECT * FROM satisfaction_factor('surveys', '2024-04-01Z', csat_high => 3)$$);
SELECT pg_temp.refused($$SELECT * FROM relationship_factor('account_facts', '2024-04-01Z', sponsor_levels => '{none,champion}')$$);
SELECT pg_temp.refused($$SELECT * FROM relationship_factor('account_facts', '2024-04-01Z', sentiment_levels => '{good}')$$);
SELECT pg_temp.refused($$SELECT scale_level('a', '{a,a,b}')$$);
SELECT pg_temp.refused($$SELECT scale_level('a', NULL)$$);
SELECT pg_temp.refused($$SELECT scale_level('a', '{{a,b}}')$$);
SELECT pg_temp.refused($$SELECT scale_level('a', '{A,b}')$$);
SELECT pg_temp.refused($$SELECT scale_level('a', '{NULL,a}')$$);
SELECT pg_temp.refused($$SELECT * FROM usage_factor('customers', '2024-04-01Z')$$);
CREATE TEMP TABLE bad_customers AS SELECT * FROM customers;
INSERT INTO bad_customers VALUES ('acme', '2023-01-01Z');
SELECT pg_temp.refused($$SELECT * FROM customer_rows('bad_customers', '2024-04-01Z')$$);
UPDATE bad_customers SET customer = NULL WHERE created_at = '2023-01-01Z';
SELECT pg_temp.refused($$SELECT * FROM support_factor('tickets', '2024-04-01Z', 'bad_customers')$$);
CREATE TEMP TABLE bad_users AS SELECT * FROM users;
INSERT INTO bad_users VALUES ('u1', 'idle', '2023-01-01Z');
SELECT pg_temp.refused($$SELECT * FROM usage_weeks('events', '2024-04-01Z', 'customers', 'bad_users')$$);
UPDATE bad_users SET signed_up_at = NULL WHERE customer = 'idle';
SELECT pg_temp.refused($$SELECT * FROM usage_weeks('events', '2024-04-01Z', 'customers', 'bad_users')$$);
CREATE TEMP TABLE bad_events AS SELECT * FROM events;
SELECT pg_temp.refused($$SELECT * FROM usage_weeks('bad_events', '2024-05-02Z', 'customers', 'users')$$);
UPDATE bad_events SET at = NULL, name = 'x' WHERE name IS NULL;
SELECT pg_temp.refused($$SELECT * FROM usage_weeks('bad_events', '2024-04-01Z', 'customers', 'users')$$);
CREATE TEMP TABLE bad_tickets AS SELECT * FROM tickets;
INSERT INTO bad_tickets VALUES ('t3', 'acme', '2024-03-01Z', NULL, NULL, 'low', NULL);
SELECT pg_temp.refused($$SELECT * FROM support_tickets('bad_tickets', '2024-04-01Z')$$);
UPDATE bad_tickets SET ticket = 't9' WHERE resolved_at IS NULL AND ticket = 't3';
UPDATE bad_tickets SET opened_at = NULL WHERE ticket = 't9';
SELECT pg_temp.refused($$SELECT * FROM support_tickets('bad_tickets', '2024-04-01Z')$$);
SELECT pg_temp.refused($$SELECT * FROM outcome_factor('account_facts', '2024-04-02Z')$$);
CREATE TEMP TABLE bad_facts AS SELECT * FROM account_facts WHERE false;
INSERT INTO bad_facts VALUES ('acme', 'criterion_met', 'perhaps', '2023-01-01Z', '2023-01-01Z', NULL), ('acme', 'sentiment', 'furious', NULL, '2023-01-01Z', NULL), ('acme', 'referenceable', 'maybe', NULL, '2023-01-01Z', '2024-05-01Z'),
	('acme', 'sponsor_status', 'weak', NULL, '2023-02-01Z', '2023-01-01Z'), ('idle', 'documented_roi', NULL, NULL, '2023-02-01Z', NULL);
SELECT pg_temp.refused($$SELECT * FROM outcome_factor('bad_facts', '2024-04-01Z')$$);
DELETE FROM bad_facts WHERE fact = 'documented_roi';
SELECT pg_temp.refused($$SELECT * FROM outcome_factor('bad_facts', '2024-04-01Z')$$);
SELECT pg_temp.refused($$SELECT * FROM relationship_factor('bad_facts', '2024-04-01Z')$$);
DELETE FROM bad_facts WHERE fact = 'sponsor_status';
SELECT pg_temp.refused($$SELECT * FROM relationship_factor('bad_facts', '2024-04-01Z')$$);
SELECT pg_temp.refused($$SELECT * FROM advocacy_factor('bad_facts', '2024-04-01Z')$$);
CREATE TEMP TABLE bad_surveys AS SELECT * FROM surveys WHERE false;
INSERT INTO bad_surveys VALUES ('acme', 'u1', 'nps', 9.5, '2024-03-01Z', NULL);
SELECT pg_temp.refused($$SELECT * FROM satisfaction_factor('bad_surveys', '2024-04-01Z')$$);
UPDATE bad_surveys SET score = 'NaN';
SELECT pg_temp.refused($$SELECT * FROM advocacy_factor(NULL, '2024-04-01Z', surveys => 'bad_surveys')$$);
UPDATE bad_surveys SET kind = NULL;
SELECT pg_temp.refused($$SELECT * FROM satisfaction_factor('bad_surveys', '2024-04-01Z')$$);
CREATE TEMP TABLE bad_subscriptions AS SELECT * FROM subscriptions;
UPDATE bad_subscriptions SET seats = -1 WHERE customer = 'young';
SELECT pg_temp.refused($$SELECT * FROM growth_factor('bad_subscriptions', '2024-04-01Z')$$);
CREATE TEMP TABLE bad_usage AS SELECT * FROM usage;
UPDATE bad_usage SET volume = 'Infinity' WHERE customer = 'young';
SELECT pg_temp.refused($$SELECT * FROM growth_factor(NULL, '2024-04-01Z', usage => 'bad_usage')$$);
DELETE FROM nudge.health_models;
