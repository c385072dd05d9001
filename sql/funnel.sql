-- Funnels: how a state is made, what it keeps, and every complaint.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
SET extra_float_digits = 0;
\pset null '(null)'

-- a: all steps in an hour each; b: two, then late for the third; c: cancels
-- after the first step and goes on; d: only the second step; e: enters twice
CREATE TEMP TABLE happened (who text, at timestamptz, event text, plan text);
INSERT INTO happened VALUES
	('a', '2024-01-01 10:00', 'signup', 'pro'), ('a', '2024-01-01 11:00', 'import', 'pro'), ('a', '2024-01-01 12:00', 'send', 'pro'),
	('b', '2024-01-01 10:00', 'signup', 'pro'), ('b', '2024-01-02 10:00', 'import', 'free'), ('b', '2024-01-09 00:00', 'send', 'free'),
	('c', '2024-01-01 10:00', 'signup', 'free'), ('c', '2024-01-01 10:30', 'cancel', 'free'), ('c', '2024-01-01 11:00', 'import', 'free'),
	('d', '2024-01-01 10:00', 'import', 'pro'), ('d', '2024-01-01 10:01', 'page', 'pro'),
	('e', '2024-01-01 10:00', 'signup', 'pro'), ('e', '2024-01-06 10:00', 'signup', 'free'), ('e', '2024-01-06 10:05', 'page', 'free'),
	('e', '2024-01-06 11:00', 'import', 'free');
CREATE TEMP TABLE st AS
	SELECT funnel_agg(who, at, event, '{signup,import,send}') AS s,
		funnel_agg(who, at, event, '{signup,import,send,cancel}') AS with_cancel,
		funnel_agg(who, at, event, '{signup,import,send,*}') AS with_others,
		funnel_property_agg(who, at, event, '{signup,import,send}', plan) AS with_plan
	FROM happened;
SELECT step, event, users, round(step_rate, 4) AS step_rate, round(overall_rate, 4) AS overall_rate, drop_off, median_seconds, average_seconds,
	open_window_users AS open, excluded_users AS excluded
FROM st, funnel(s, '3 days');
SELECT u.* FROM st, funnel_users(s, '3 days') u ORDER BY user_id;
-- as of an instant: who can still go on
SELECT step, event, users, open_window_users FROM st, funnel(s, '3 days', as_of => '2024-01-02');
SELECT user_id, step, completed, open_window FROM st, funnel_users(s, '3 days', as_of => '2024-01-02') ORDER BY user_id;
SELECT step, users, open_window_users FROM st, funnel(s, as_of => '2024-01-02');
-- without a window
SELECT step, event, users FROM st, funnel(s);
-- other steps of the same state, and fewer
SELECT step, event, users FROM st, funnel(s, steps => '{import,send}');
SELECT step, event, users FROM st, funnel(s, steps => '{signup,send}');
SELECT step, event, users FROM st, funnel(s, steps => '{signup}');
-- exclusions
SELECT step, event, users, excluded_users FROM st, funnel(with_cancel, '3 days', exclusions => '{cancel}');
SELECT step, event, users, excluded_users FROM st, funnel(with_cancel, '3 days', exclusions => '{cancel}', exclusion => 'drop_user');
SELECT user_id, step FROM st, funnel_users(with_cancel, '3 days', exclusions => '{cancel}', exclusion => 'drop_user') ORDER BY user_id;
-- strict order: nothing in between
SELECT step, event, users FROM st, funnel(with_others, '3 days', step_order => 'strict');
-- any order: step k is the k-th different step
SELECT step, event, users FROM st, funnel(s, '3 days', step_order => 'any', steps => '{import,signup}');
-- the same plan all the way
SELECT step, event, users FROM st, funnel(with_plan, '7 days', hold_constant => true);
SELECT user_id, property, step FROM st, funnel_users(with_plan, '7 days', hold_constant => true) ORDER BY user_id;
-- an optional step is shown and holds nobody up
SELECT step, event, users, round(step_rate, 4) AS step_rate, drop_off FROM st, funnel(s, '9 days', optional => '{import}');
-- gaps from step to step in place of a window
SELECT step, event, users FROM st, funnel(s, max_gaps => '{NULL,2 days,1 day}');
SELECT step, event, users FROM st, funnel(s, min_gaps => '{NULL,2 hours,NULL}');
-- against another segment
SELECT step, users, round(p_value::numeric, 6) AS p_value, significant
FROM (SELECT funnel_agg(g, timestamptz '2024-01-01' + g * interval '1 second', e, '{A,B}') FILTER (WHERE g <= 83 AND (e = 'A' OR g <= 5)) AS test,
			 funnel_agg(g, timestamptz '2024-01-01' + g * interval '1 second', e, '{A,B}') FILTER (WHERE g <= 99 AND (e = 'A' OR g <= 12)) AS base
	  FROM generate_series(1, 99) g, unnest('{A,B}'::text[]) e) x, funnel(test, baseline => base);
SELECT significant FROM (SELECT funnel_agg(g, timestamptz '2024-01-01', e, '{A,B}') FILTER (WHERE e = 'A' OR g <= 40) AS test, funnel_agg(g, timestamptz '2024-01-01', e, '{A,B}') FILTER (WHERE e = 'A' OR g <= 60) AS base
	FROM generate_series(1, 100) g, unnest('{A,B}'::text[]) e) x, funnel(test, baseline => base, alpha => 0.01) WHERE step = 2;

-- keys and times of all types
SELECT t.name, array(SELECT users FROM funnel(t.s, '3 days')) AS users, array(SELECT min(user_id) FROM funnel_users(t.s)) AS first_user FROM (
	SELECT 'bigint' AS name, funnel_agg(ascii(who), at, event, '{signup,import,send}') AS s FROM happened
	UNION ALL SELECT 'uuid', funnel_agg(md5(who)::uuid, at, event, '{signup,import,send}') FROM happened
	UNION ALL SELECT 'timestamp', funnel_agg(who, at AT TIME ZONE 'UTC', event, '{signup,import,send}') FROM happened
	UNION ALL SELECT 'date', funnel_agg(who, at::date, event, '{signup,import,send}') FROM happened) t;
SELECT as_funnel_state(sequence_agg(who, at, event), '{signup,import,send,*}') OPERATOR(nudge.=) funnel_agg(who, at, event, '{signup,import,send,*}') AS same FROM happened;
SELECT as_funnel_state(sequence_agg(md5(who)::uuid, at, event), '{signup,import}') OPERATOR(nudge.=) funnel_agg(md5(who)::uuid, at, event, '{signup,import}') AS same FROM happened;
SELECT as_funnel_state(sequence_agg(who, at, event), '{nothing}') IS NULL AS empty, as_funnel_state(NULL::sequence_state, '{a}') IS NULL AS nothing FROM happened;

-- no rows, no tracked event, no state
SELECT funnel_agg(who, at, event, '{signup}') IS NULL AS empty FROM happened WHERE false;
SELECT funnel_agg(who, at, event, '{nothing}') IS NULL AS untracked FROM happened;
SELECT funnel_agg(who, at, NULL, '{nothing}') IS NULL AS unnamed, funnel_match_agg(who, at, NULL, '{nothing}') IS NULL AS unmatched FROM happened;
SELECT count(*) FROM funnel(NULL::funnel_state);
SELECT count(*) FROM funnel_users(NULL::funnel_state);
-- an event without a name is another event
SELECT step, users FROM funnel((SELECT funnel_agg(1, timestamptz '2024-01-01' + i * interval '1 second', e, '{A,B,*}') FROM unnest('{A,NULL,B}'::text[]) WITH ORDINALITY x(e, i)), step_order => 'strict');
-- a null property is the empty one
SELECT user_id, property, step FROM funnel_users((SELECT funnel_property_agg(1, timestamptz '2024-01-01' + i * interval '1 second', e, '{A,B}', NULL) FROM unnest('{A,B}'::text[]) WITH ORDINALITY x(e, i)), hold_constant => true);
-- long ago, and in 64 steps
SELECT step_times FROM funnel_users((SELECT funnel_agg(1, at, e, '{A,B}') FROM (VALUES (timestamptz '4713-11-24 00:00 BC', 'A'), ('1969-07-20 20:17', 'B')) v(at, e)));
SELECT count(*) AS steps, min(users), max(step) FROM funnel((SELECT funnel_agg(1, timestamptz '2024-01-01' + i * interval '1 second', 's' || i, (SELECT array_agg('s' || j ORDER BY j) FROM generate_series(1, 64) j)) FROM generate_series(1, 64) i));
SELECT count(*) AS steps, min(users), max(step) FROM funnel((SELECT funnel_match_agg(1, timestamptz '2024-01-01', array(SELECT j = i OR j = 64 FROM generate_series(1, 64) j), (SELECT array_agg('s' || j ORDER BY j) FROM generate_series(1, 64) j)) FROM generate_series(1, 64) i));
-- 10,000 events in one instant; a user with many; sorted or not, the same bytes
SELECT step, users FROM funnel((SELECT funnel_agg(1, timestamptz '2024-01-01', (ARRAY['A', 'B'])[1 + i % 2], '{A,B,A,B}') FROM generate_series(1, 10000) i), '1 hour');
SELECT step, users FROM funnel((SELECT funnel_match_agg(1, timestamptz '2024-01-01', ARRAY[i % 2 = 0, i % 3 = 0, i % 5 = 0], '{A,B,C}') FROM generate_series(1, 10000) i), '1 hour', counting => 'totals');
SELECT step, users FROM funnel((SELECT funnel_agg(1, timestamptz '2024-01-01' + i * interval '1 second', (ARRAY['A', 'B', 'C'])[1 + i % 3], '{A,B,C}') FROM generate_series(0, 99999) i), '1 hour', counting => 'totals');
SELECT step, users FROM funnel((SELECT funnel_agg(1, timestamptz '2024-01-01' + i * interval '1 second', (ARRAY['A', 'B', 'C'])[1 + i % 3], '{A,B,C}') FROM generate_series(0, 99999) i), '1 hour', min_gaps => '{NULL,30 minutes,10 minutes}', max_gaps => '{NULL,50 minutes,20 minutes}');
SELECT count(DISTINCT s::text) AS different FROM (SELECT funnel_agg(who, at, event, '{signup,import,send,*}' ORDER BY o) AS s FROM happened, LATERAL (VALUES (1, at::text), (2, who || event), (3, event || at)) v(n, o) GROUP BY n) x;

-- Complaints about rows
SELECT funnel_agg(NULL::bigint, timestamptz '2024-01-01', 'A', '{A}');
SELECT funnel_agg(1, NULL::timestamptz, 'A', '{A}');
SELECT funnel_agg(1, timestamptz 'infinity', 'A', '{A}');
SELECT funnel_agg(1, date '-infinity', 'A', '{A}');
SELECT funnel_agg(1, date '5874897-12-31', 'A', '{A}');
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', NULL);
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', '{}');
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', '{*}');
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', '{A,NULL}');
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', '{{A,B},{C,D}}');
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', (SELECT array_agg('s' || j) FROM generate_series(1, 65) j));
SELECT funnel_agg(1, timestamptz '2024-01-01', 'A', steps) FROM (VALUES ('{A,B}'::text[]), ('{A,C}')) v(steps);
SELECT funnel_match_agg(1, timestamptz '2024-01-01', '{true}', '{A,B}');
SELECT combine(funnel_agg(1, timestamptz '2024-01-01', 'A', '{A}'), funnel_agg(1, timestamptz '2024-01-01', 'A', '{A,B}'));
SELECT combine(funnel_agg(1, timestamptz '2024-01-01', 'A', '{A}'), funnel_match_agg(1, timestamptz '2024-01-01', '{true}', '{A}'));
SELECT combine(funnel_agg(1, timestamptz '2024-01-01', 'A', '{A}'), funnel_agg('1'::text, timestamptz '2024-01-01', 'A', '{A}'));
-- Complaints about arguments
SELECT f.* FROM st, funnel(s, '1 month') f;
SELECT f.* FROM st, funnel(s, '-1 day') f;
SELECT f.* FROM st, funnel(s, '3660001 days') f;
SELECT f.* FROM st, funnel(s, steps => '{signup,pay}') f;
SELECT f.* FROM st, funnel(s, steps => '{}') f;
SELECT f.* FROM st, funnel(s, steps => '{signup,NULL}') f;
SELECT f.* FROM st, funnel(s, steps => '{{signup,import}}') f;
SELECT f.* FROM st, funnel(s, steps => array_fill('signup'::text, '{65}')) f;
SELECT f.* FROM st, funnel(s, entry => 'every') f;
SELECT f.* FROM st, funnel(s, step_order => 'loose') f;
SELECT f.* FROM st, funnel(s, step_order => 'strict') f;
SELECT f.* FROM st, funnel(s, counting => 'sessions') f;
SELECT f.* FROM st, funnel(s, session_gap => '1 hour') f;
SELECT f.* FROM st, funnel(s, exclusions => '{signup}', steps => '{signup,send}') f;
SELECT f.* FROM st, funnel(s, exclusion => 'drop') f;
SELECT f.* FROM st, funnel(s, optional => '{signup}') f;
SELECT f.* FROM st, funnel(s, optional => '{import}', steps => '{signup,send}') f;
SELECT f.* FROM st, funnel(s, optional => '{send}') f;
SELECT f.* FROM st, funnel(s, as_of => 'infinity') f;
SELECT f.* FROM st, funnel(s, max_gaps => '{1 day}') f;
SELECT f.* FROM st, funnel(s, max_gaps => '{1 day,1 day,1 day}') f;
SELECT f.* FROM st, funnel(s, max_gaps => '{NULL,1 day,1 month}') f;
SELECT f.* FROM st, funnel(s, min_counts => '{1,0,1}') f;
SELECT f.* FROM st, funnel(s, min_counts => '{2,1,1}') f;
SELECT f.* FROM st, funnel(s, grace => '2 days') f;
SELECT f.* FROM st, funnel(s, hold_constant => true) f;
SELECT f.* FROM st, funnel(s, clickhouse_modes => '{strict}') f;
SELECT f.* FROM st, funnel(s, clickhouse_modes => '{strict_order}') f;
SELECT f.* FROM st, funnel(s, clickhouse_modes => '{}', entry => 'first') f;
SELECT f.* FROM st, funnel(s, step_order => 'any', optional => '{import}') f;
SELECT f.* FROM st, funnel(s, step_order => 'any', min_counts => '{1,2,1}') f;
SELECT f.* FROM st, funnel(s, step_order => 'any', grace => '1 second') f;
SELECT f.* FROM st, funnel(s, entry => 'first', grace => '1 second') f;
SELECT f.* FROM st, funnel(s, step_order => 'any', max_gaps => '{NULL,1 day,1 day}') f;
SELECT f.* FROM st, funnel(s, steps => '{signup,signup}', grace => '1 second') f;
SELECT f.* FROM st, funnel(s, steps => '{signup,import,import}', min_counts => '{1,2,1}') f;
SELECT f.* FROM st, funnel(s, alpha => 1) f;
SELECT f.step FROM st, funnel(s, baseline => with_others, steps => '{signup,import}') f;

-- A state for short histories: events and their seconds
CREATE FUNCTION pg_temp.h(events text, seconds text, steps text[] DEFAULT '{A,B,C,X,*}') RETURNS funnel_state LANGUAGE sql RETURN (
	SELECT funnel_agg(1, timestamptz '2024-01-01 00:00+00' + make_interval(secs => s::float), e, steps)
	FROM unnest(string_to_array(events, ' '), string_to_array(seconds, ' ')) x(e, s));
-- strict order: behind the window a row enters again, and an exclusion ends nothing
SELECT f.step, f.event, f.step_times FROM pg_temp.h('A A B', '0 100 101') s, funnel_users(s, '10 s', '{A,B}', 'first', 'strict') f;
SELECT f.step, f.step_times FROM pg_temp.h('A A', '0 100') s, funnel_users(s, '10 s', '{A,B}', step_order => 'strict', counting => 'totals') f;
SELECT f.step, f.users, f.excluded_users FROM pg_temp.h('A X', '0 100') s, funnel(s, '10 s', '{A,B}', step_order => 'strict', exclusions => '{X}', exclusion => 'drop_user') f;
-- a window that ends before the shortest gap is not open; nor is that of one entry longer for another one
SELECT f.step, f.users, f.open_window_users FROM pg_temp.h('A B', '0 8') s, funnel(s, '10 s', '{A,B,C}', max_gaps => '{NULL,8 s,NULL}', min_gaps => '{NULL,NULL,5 s}', as_of => '2024-01-01 00:00:09+00') f;
SELECT f.step, f.users, f.open_window_users FROM pg_temp.h('A B A', '0 1 9') s, funnel(s, '10 s', '{A,B,C}', max_gaps => '{NULL,2 s,NULL}', min_gaps => '{NULL,NULL,5 s}', as_of => '2024-01-01 00:00:12+00') f;
-- with a grace a row may yet come that counts for an earlier time
SELECT f.step, f.step_times FROM pg_temp.h('A B C B', '0 1 5 7') s, funnel_users(s, '5 s', '{A,B,C}', counting => 'totals', grace => '2 s') f;
-- of the ways to one row the latest is reported, also with rows of one instant
SELECT f.step_times FROM pg_temp.h('A A A A', '1 1 8 8') s, funnel_users(s, steps => '{A,A,A}') f;
-- one step by conditions: each row is an attempt, as it is by name
SELECT count(*) FROM (SELECT funnel_match_agg(1, timestamptz '2024-01-01 00:00+00', '{t}', '{A}') AS s FROM generate_series(1, 3)) s, funnel_users(s, counting => 'totals') f;
-- groups with steps of their own
SELECT array_agg(f.event ORDER BY g, f.step) FROM (SELECT n % 2 AS g, funnel_agg(n, date '2024-01-01', 'A', CASE n % 2 WHEN 0 THEN '{A,B}'::text[] ELSE '{A,C,D}' END) AS s
	FROM generate_series(1, 10) n GROUP BY 1) s, funnel(s) f;
SELECT funnel_agg(n, date '2024-01-01', 'A', CASE n % 2 WHEN 0 THEN '{A,B}'::text[] ELSE '{A,C,D}' END) FROM generate_series(1, 10) n;
-- a baseline has the same steps
SELECT f.step FROM funnel(pg_temp.h('A B', '0 1', '{A,B}'), baseline => pg_temp.h('A B', '0 1', '{A,C}')) f;
SELECT f.step FROM funnel(pg_temp.h('A B', '0 1', '{A,B}'), baseline => pg_temp.h('A B', '0 1', '{A,B,C}')) f;
SELECT f.step, f.p_value FROM funnel(pg_temp.h('A B', '0 1', '{A,B}'), steps => '{A,B}', baseline => pg_temp.h('A B', '0 1', '{B,A,C}')) f;
