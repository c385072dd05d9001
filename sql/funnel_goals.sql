-- Funnels as rows, with their targets, and what their stages are worth.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'

-- A visitor signs up, activates within 24 hours, sends three campaigns, and pays within 14 days.
INSERT INTO funnel_definitions (funnel, step_no, event, target_volume, target_rate, max_gap, min_count, friction) VALUES
	('growth', 10, 'visit', 8, NULL, NULL, 1, NULL),
	('growth', 20, 'signup', 4, 0.75, NULL, 1, '{verify,import,visit}'),
	('growth', 30, 'activate', 3, 0.6, '24 hours', 1, '{import,template,NULL}'),
	('growth', 40, 'campaign', 1, 0.4, NULL, 3, NULL),
	('growth', 50, 'pay', 0, 0.25, '14 days', 1, NULL),
	('short', 1, 'signup', NULL, NULL, NULL, 1, NULL),
	('short', 2, 'pay', NULL, 0.1, NULL, 1, NULL);
SELECT funnel_steps('growth') AS growth, funnel_steps('short') AS short, funnel_steps('unknown') AS unknown;

-- 1 goes all the way.  2 verifies the address but activates after 30 hours, too late.  3 does nothing after signing up, 4
-- verifies and imports only, 5 leaves at once.  6 activates, chooses a template and sends two campaigns.
CREATE TEMP TABLE events (user_id bigint, at timestamptz, event text);
INSERT INTO events VALUES
	(1, '2024-01-01 00:00', 'visit'), (1, '2024-01-01 01:00', 'signup'), (1, '2024-01-01 01:10', 'verify'), (1, '2024-01-01 01:20', 'import'), (1, '2024-01-01 05:00', 'activate'),
	(1, '2024-01-02 00:00', 'campaign'), (1, '2024-01-03 00:00', 'campaign'), (1, '2024-01-04 00:00', 'campaign'), (1, '2024-01-10 00:00', 'pay'),
	(2, '2024-01-01 00:00', 'visit'), (2, '2024-01-01 01:00', 'signup'), (2, '2024-01-01 01:30', 'verify'), (2, '2024-01-02 07:00', 'activate'),
	(3, '2024-01-01 00:00', 'visit'), (3, '2024-01-01 02:00', 'signup'), (3, '2024-01-01 02:00', 'other'),
	(4, '2024-01-01 00:00', 'visit'), (4, '2024-01-01 03:00', 'signup'), (4, '2024-01-01 03:05', 'verify'), (4, '2024-01-01 03:10', 'import'),
	(5, '2024-01-01 00:00', 'visit'),
	(6, '2024-01-01 00:00', 'visit'), (6, '2024-01-01 06:00', 'signup'), (6, '2024-01-01 08:00', 'activate'), (6, '2024-01-01 09:00', 'template'), (6, '2024-01-02 00:00', 'campaign'), (6, '2024-01-03 00:00', 'campaign');
CREATE TEMP TABLE st AS SELECT funnel_agg(user_id, at, event, funnel_steps('growth')) AS s FROM events;

SELECT step, event, users, target_volume, round(volume_attainment, 4) AS attainment, round(step_rate, 4) AS rate, target_rate, round(rate_gap, 4) AS gap, median_seconds
FROM st, funnel_report(s, 'growth');
-- of another funnel that the state tracks too; with a window of the whole chain; of none
SELECT step, event, users, round(step_rate, 4) AS rate, target_rate, round(rate_gap, 4) AS gap, median_seconds FROM st, funnel_report(s, 'short');
SELECT step, event, users FROM st, funnel_report(s, 'growth', '4 hours');
SELECT step, event, users FROM st, funnel_report(s, 'growth', as_of => '2024-01-01 05:00');
SELECT count(*) FROM st, funnel_report(s, 'unknown');
SELECT count(*) FROM st, funnel_report(s, NULL);
SELECT count(*) FROM funnel_report(NULL, 'growth');

-- 2, 3 and 4 stopped after signing up: two of three verified, one imported; 6 stopped after activating
SELECT step, event, friction, users, round(share, 4) AS share FROM st, funnel_friction(s, 'growth');
-- Who has still time has not stopped: behind 2 January 02:00 the 24 hours of 2 and 3 are over, those of 4 are not
SELECT step, event, friction, users, round(share, 4) AS share FROM st, funnel_friction(s, 'growth', as_of => '2024-01-02 02:00:01');
-- the same with a window of the whole chain: its end is in it, so at 11 hours after the visits nobody has stopped, and then all have
SELECT step, event, friction, users, round(share, 4) AS share FROM st, funnel_friction(s, 'growth', '11 hours', '2024-01-01 11:00:01');
SELECT sum(users) AS users FROM st, funnel_friction(s, 'growth', '11 hours', '2024-01-01 11:00');
SELECT count(*) FROM st, funnel_friction(s, 'short');
SELECT count(*) FROM st, funnel_friction(s, 'unknown');

-- Any two steps, here by the names that the state tracks: visit, signup, activate, campaign, pay
SELECT a, b, round(funnel_conversion(s, a, b), 4) AS rate FROM st, (VALUES (1, 2), (1, 3), (2, 3), (2, 5), (3, 3), (3, 1), (1, 99)) v(a, b);
SELECT round(funnel_conversion(s, 1, 3, '5 hours'), 4) AS within, round(funnel_conversion(s, 1, 2, as_of => '2024-01-01 02:00'), 4) AS as_of FROM st;
SELECT funnel_conversion(NULL, 1, 2) AS none;

-- Time to activate: five signed up.  1 needs 4 hours, 6 needs 2, 2 needs 30: median 4 hours = 14,400 s
CREATE TEMP TABLE act AS SELECT funnel_agg(user_id, at, event, '{signup,activate}') AS s FROM events;
SELECT users, activated, activated_within, eligible, round(activation_rate, 4) AS rate, median_seconds FROM act, activation_summary(s);
-- as of 2 January 02:00 the 24 hours of those who signed up at 1:00 and 2:00 are over: 1, 2 and 3, of whom 1 activated
SELECT users, activated, activated_within, eligible, round(activation_rate, 4) AS rate, median_seconds FROM act, activation_summary(s, as_of => '2024-01-02 02:00');
SELECT w, users, activated, activated_within, eligible, round(activation_rate, 4) AS rate FROM act, (VALUES (interval '30 hours'), ('29:59:59'), ('1 day 6 hours'), ('0'), (NULL)) v(w), LATERAL activation_summary(s, w);
-- the first sign-up counts, and what came before it does not; a day has 24 hours where clocks change too
SELECT users, activated, activated_within, median_seconds FROM (SELECT funnel_agg(1, at, e, '{signup,activate}') AS s
	FROM (VALUES (timestamptz '2024-01-01 00:00', 'activate'), ('2024-01-02 00:00', 'signup'), ('2024-01-04 00:00', 'signup'), ('2024-01-04 01:00', 'activate')) v(at, e)) x, activation_summary(s);
SET timezone = 'Europe/Berlin';
SELECT activated_within, eligible FROM (SELECT funnel_agg(1, at, e, '{signup,activate}') AS s
	FROM (VALUES (timestamptz '2024-03-30 12:00+00', 'signup'), ('2024-03-31 12:00+00', 'activate')) v(at, e)) x, activation_summary(s, '1 day', '2024-03-31 12:00+00');
SELECT activated_within, eligible FROM (SELECT funnel_agg(1, at, e, '{signup,activate}') AS s
	FROM (VALUES (timestamptz '2024-03-30 12:00+00', 'signup'), ('2024-03-31 12:00+00', 'activate')) v(at, e)) x, activation_summary(s, '1 day', '2024-03-31 12:00:00.000001+00');
SET timezone = 'UTC';
-- only one step; nobody; no state
SELECT users, activated, eligible, activation_rate, median_seconds FROM (SELECT funnel_agg(1, date '2024-01-01', 'signup', '{signup}') AS s) x, activation_summary(s);
SELECT users, activated, eligible, activation_rate, median_seconds FROM (SELECT funnel_agg(1, date '2024-01-01', 'activate', '{signup,activate}') AS s) x, activation_summary(s);
SELECT count(*) FROM activation_summary(NULL);

-- Against a baseline of 1,000: signup to activate fell from 50 to 40 %, more than chance and by 20 %; activate to pay
-- fell from 10 to 9.5 %
CREATE TEMP TABLE bulk AS
	SELECT (SELECT funnel_agg(g, date '2024-01-01', e, '{signup,activate,pay}')
			FROM generate_series(1, 1000) g, LATERAL (VALUES ('signup', 1000), ('activate', 400), ('pay', 38)) v(e, n) WHERE g <= n) AS now,
		(SELECT funnel_agg(g, date '2023-01-01', e, '{signup,activate,pay}')
			FROM generate_series(1, 1000) g, LATERAL (VALUES ('signup', 1000), ('activate', 500), ('pay', 50)) v(e, n) WHERE g <= n) AS before;
SELECT step, event, round(step_rate, 4) AS rate, round(baseline_rate, 4) AS baseline, round(relative_change, 4) AS change, round(p_value::numeric, 10) AS p, significant, intervene
FROM bulk, funnel_interventions(now, before);
SELECT step, round(relative_change, 4) AS change, significant, intervene FROM bulk, funnel_interventions(now, before, alpha => 0.9, threshold => 0.05);
-- nothing to compare with
SELECT step, event, step_rate, baseline_rate, significant, intervene FROM bulk, funnel_interventions(now, NULL);
SELECT count(*) FROM bulk, funnel_interventions(NULL, before);

-- What a user of each stage is worth, worked backwards: 149 of the paying stage times the rates of the stages before it.
-- The expansion adds 149 * (1.5 - 1); with include_expansion a fifth of that is part of what a paying user is worth.
CREATE TEMP TABLE stages AS SELECT '{visitor,signup,activated,trial,paid,expanded}'::text[] AS s, '{0.03,0.60,0.40,0.25,0.20}'::numeric[] AS r;
SELECT stage_no, stage, revenue_impact FROM stages, stage_revenue_impact(s, r, 149, 1.5);
SELECT stage_no, stage, revenue_impact FROM stages, stage_revenue_impact(s, r, 149, 1.5, true);
SELECT stage_no, stage, revenue_impact FROM stages, stage_revenue_impact(s[1:5], r[1:4], 149);
-- a rate that is not known; a rate for the last stage is ignored
SELECT stage_no, stage, revenue_impact FROM stage_revenue_impact('{a,b,c,d}', '{0.5,NULL,0.25,0.1}', 100);
SELECT stage_no, stage, revenue_impact FROM stage_revenue_impact('{a,b,c}', '{0.5,NULL}', 100, 1.5, true);
SELECT stage_no, stage, revenue_impact FROM stage_revenue_impact('{paid}', '{}', 100);

-- Opportunities, by hand: of 1,000 visitors 20 sign up, at 3 % it would be 30: 10 missed, each worth 0.6 * 0.4 * 0.25 * 149
-- = 8.94.  Of 20 who signed up 10 activate, at 60 % 12: 2 missed at 14.90.  Of 10 activated 6 try, at 40 % 4: 2 too many, at
-- 37.25.  Of 6 who try 1 pays, at 25 % 1.5: half a user missed, at 149.
SELECT rank, stage, users, round(rate, 4) AS rate, target_rate, missed_users, downstream_value, opportunity
FROM funnel_opportunities('{visitor,signup,activated,trial,paid}', '{1000,20,10,6,1}', '{0.03,0.60,0.40,0.25}', 149);
-- nobody; not known; equal opportunities stay in order
SELECT rank, stage, users, rate, target_rate, missed_users, downstream_value, opportunity
FROM funnel_opportunities('{a,b,c,d,e}', '{0,0,10,NULL,5}', '{0.5,0.5,0.5,0.5}', 100);
SELECT rank, stage, missed_users, downstream_value, opportunity FROM funnel_opportunities('{a,b,c}', '{10,5,2}', '{0.5,NULL,1}', 100);
SELECT count(*) FROM funnel_opportunities('{a}', '{10}', '{}', 100);
-- of a funnel as it is
SELECT rank, stage, missed_users, downstream_value, opportunity
FROM (SELECT array_agg(event ORDER BY step) AS stages, array_agg(users ORDER BY step) AS users, array_agg(target_rate ORDER BY step) AS rates FROM st, funnel_report(s, 'growth')) r,
	LATERAL funnel_opportunities(stages, users, rates[2:], 149);

-- What counts as an action
INSERT INTO action_sets VALUES ('engaged', 'campaign'), ('engaged', 'activate');
SELECT user_id, actions FROM (SELECT activity_count_agg(user_id, at::date, 1) AS a FROM events WHERE event IN (SELECT event FROM action_sets WHERE name = 'engaged')) x, activity_users(a);
-- anybody may read the tables
SELECT has_table_privilege('public', c, 'SELECT') AS reads, has_table_privilege('public', c, 'INSERT') AS writes FROM (VALUES ('nudge.funnel_definitions'), ('nudge.action_sets')) v(c);

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
SELECT pg_temp.refused($$SELECT stage_revenue_impact(NULL, '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', NULL, 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', '{0.5}', NULL)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{}', '{}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,NULL}', '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{{a,b}}', '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact(array_fill('a'::text, '{65}'), array_fill(0.5, '{64}'), 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b,c}', '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', '{1.01}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', '{NaN}', 100)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', '{0.5}', -1)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', '{0.5}', 'Infinity')$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a,b}', '{0.5}', 100, -1)$$);
SELECT pg_temp.refused($$SELECT stage_revenue_impact('{a}', '{}', 100, 1.5)$$);
SELECT pg_temp.refused($$SELECT funnel_opportunities('{a,b}', NULL, '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT funnel_opportunities('{a,b}', '{10}', '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT funnel_opportunities('{a,b}', '{10,-1}', '{0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT funnel_opportunities('{a,b}', '{10,5}', '{0.5,0.5,0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT funnel_opportunities('{a,b}', '{10,5}', '{-0.5}', 100)$$);
SELECT pg_temp.refused($$SELECT funnel_opportunities('{a,b}', '{10,5}', '{0.5}', NULL)$$);
SELECT pg_temp.refused($$SELECT activation_summary(s, '1 month') FROM act$$);
SELECT pg_temp.refused($$SELECT activation_summary(s, '-1 hour') FROM act$$);
SELECT pg_temp.refused($$SELECT funnel_report(s, 'growth') FROM act$$);
SELECT pg_temp.refused($$SELECT funnel_interventions(now, before, alpha => 5) FROM bulk$$);
-- constraints of the tables, without details
CREATE FUNCTION pg_temp.code(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT v, pg_temp.code('INSERT INTO nudge.funnel_definitions (funnel, step_no, event, target_volume, target_rate, max_gap, min_count) VALUES (' || v || ')')
FROM (VALUES ($$'x', 0, 'e', 1, 0.5, NULL, 1$$), ($$'x', 1, NULL, 1, 0.5, NULL, 1$$), ($$'x', 1, 'e', -1, 0.5, NULL, 1$$), ($$'x', 1, 'e', 1, 1.5, NULL, 1$$),
	($$'x', 1, 'e', 1, 'NaN', NULL, 1$$), ($$'x', 1, 'e', 1, 0.5, '-1 hour', 1$$), ($$'x', 1, 'e', 1, 0.5, NULL, 0$$), ($$'growth', 10, 'e', 1, 0.5, NULL, 1$$)) t(v);
-- a funnel that cannot be computed is not defined, whichever row makes it so
SELECT pg_temp.refused($$INSERT INTO nudge.funnel_definitions (funnel, step_no, event, max_gap) VALUES ('x', 1, 'a', NULL), ('x', 2, 'b', '1 month')$$);
SELECT pg_temp.refused($$INSERT INTO nudge.funnel_definitions (funnel, step_no, event) SELECT 'x', g, 'step ' || g FROM generate_series(1, 65) g$$);
SELECT pg_temp.refused($$DELETE FROM nudge.funnel_definitions WHERE funnel = 'growth' AND step_no < 30$$);
SELECT * FROM nudge.funnel_problem('growth');
SELECT * FROM nudge.funnel_problem('unknown');
-- a dump with one is restored
SET check_function_bodies = off;
INSERT INTO nudge.funnel_definitions (funnel, step_no, event, max_gap) VALUES ('restored', 1, 'a', NULL), ('restored', 2, 'b', '1 month');
RESET check_function_bodies;
SELECT pg_temp.refused($$UPDATE nudge.funnel_definitions SET target_volume = 5 WHERE funnel = 'restored'$$);
DELETE FROM nudge.funnel_definitions WHERE funnel = 'restored';
