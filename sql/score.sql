-- Dated scores: drops, falls, runs, trends, baselines, triggers.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- A state from scores on days 0, 1, ... of 2024; NULL is a day without one.
CREATE FUNCTION pg_temp.daily(VARIADIC scores numeric[]) RETURNS score_state LANGUAGE sql STABLE AS
	$$ SELECT nudge.score_agg(date '2024-01-01' + o::integer - 1, s::double precision) FROM unnest(scores) WITH ORDINALITY u(s, o) WHERE s IS NOT NULL $$;

-- The table of the doc page: 82 on day 0, 71 on day 14, 66 on day 20, 61 on day 25.
CREATE TEMP TABLE acme (at timestamptz, score double precision);
INSERT INTO acme VALUES ('2024-01-21Z', 66), ('2024-01-01Z', 82), ('2024-01-26Z', 61), ('2024-01-15Z', 71);
CREATE TEMP TABLE s AS SELECT score_agg(at, score) AS state FROM acme;
SELECT r.* FROM s, score_rows(state) r;
-- drops: on day 14 82 - 71, on day 20 82 - 66, on day 25 82 - 61; within 14 days of day 25 71 is the peak
SELECT day, score_at(state, as_of) AS score, score_drop(state, '30 days', as_of) AS in_30, score_drop(state, '14 days', as_of) AS in_14
FROM s, unnest('{-1,0,13,14,20,25,29,30,38,39,44,45,55}'::integer[]) day, LATERAL (SELECT timestamptz '2024-01-01Z' + day * interval '1 day' AS as_of) d;
SELECT r.* FROM s, score_drops(state, '30 days') r;
SELECT r.* FROM s, score_drops(state, '14 days') r;
-- the triggers: medium from day 14, high from day 20, critical never; below 65 on day 25
SELECT day, t.trigger, t.severity, t.fired, t.value, t.threshold, t.since
FROM s, unnest('{0,14,20,25}'::integer[]) day, LATERAL score_triggers(state, timestamptz '2024-01-01Z' + day * interval '1 day') t;
-- the trend: mean day 14.75, mean score 70; slope -291 / 350.75, r squared 291^2 / (350.75 * 242)
SELECT readings, first_at, last_at, round(slope_per_day::numeric, 8) AS per_day, round(slope_per_30_days::numeric, 6) AS per_30, round(fitted_start::numeric, 4) AS fitted_start,
	round(fitted_end::numeric, 4) AS fitted_end, round(change::numeric, 4) AS change, round(r_squared::numeric, 8) AS r2, round(standard_error::numeric, 8) AS error, round(p_value::numeric, 8) AS p, significant, direction
FROM s, score_trend(state);
-- the largest fall, in all and within 14 days; the baseline of 15 days is (82 + 71) / 2
SELECT r.* FROM s, score_max_fall(state) r;
SELECT r.* FROM s, score_max_fall(state, '14 days') r;
SELECT r.* FROM s, score_baseline(state, '15 days') r;
SELECT r.* FROM s, score_summary(state, '2024-01-31 12:00Z') r \gx

-- What goes in ------------------------------------------------------------

-- scores are exact to six decimals, half away from zero
SELECT r.score FROM score_rows((SELECT score_agg(now(), x) FROM unnest('{79.3,0.1,1e9,-1e9,0.00000049,0.0000005,-0.0000005,1e-300,-0.0,123456789.123456}'::float8[]) x)) r;
SELECT score_drop(pg_temp.daily(79.3, 69.3), '30 days') = 10 AS ten, score_drop(pg_temp.daily(0.3, 0.1), '30 days') = 0.2 AS two_tenths;
SELECT t.fired, t.value FROM score_triggers(pg_temp.daily(79.3, 69.3)) t WHERE trigger = 'medium_drop';
-- a timestamp is UTC, a date its midnight there, whatever the session's zone; integers and numerics are read too
SET timezone = 'America/New_York';
SELECT score_agg(timestamp '2024-01-01 12:00', 5) = score_agg(timestamptz '2024-01-01 12:00+00', 5.0) AS same, score_agg(date '2024-01-01', 5::numeric) = score_agg(timestamptz '2024-01-01 00:00+00', 5::real) AS same_day;
SET timezone = 'UTC';
-- any order, before 2000 and before Christ, up to the ends of time
CREATE TEMP TABLE far AS SELECT at, n FROM (VALUES (1, timestamptz '4714-11-24 00:00 BC'), (2, '0001-01-01 BC'), (3, '1969-12-31 23:59:59.999999Z'), (4, '1999-12-31 23:59:59.999999Z'), (5, '2000-01-01Z'), (6, '2000-01-01 00:00:00.000001Z'), (7, '294276-12-31 23:59:59.999999Z')) v(n, at);
SELECT score_agg(at, n ORDER BY n) = score_agg(at, n ORDER BY n DESC) AS same, score_agg(at, n ORDER BY n) = score_agg(at, n ORDER BY md5(n::text)) AS same_again FROM far;
SELECT r.* FROM score_rows((SELECT score_agg(at, n ORDER BY -n) FROM far)) r;
SELECT n, score_at(state, at) AS at, score_at(state, at - interval '1 microsecond') AS before, score_drop(state, '3660000 days', at) AS fall
FROM (SELECT score_agg(at, n) AS state FROM far) x, far WHERE n BETWEEN 2 AND 7 ORDER BY n;
-- many, mostly before 2000
SELECT count(*), bool_and(at >= lag) AS ascending, bool_and(score = expected) AS whole
FROM (SELECT r.at, r.score, lag(r.at) OVER (ORDER BY o) AS lag, extract(epoch FROM r.at - timestamptz '1990-01-01Z') / 3600 AS expected
	FROM score_rows((SELECT score_agg(timestamptz '1990-01-01Z' + make_interval(hours => i * 7919 % 100003), i * 7919 % 100003) FROM generate_series(1, 100000) i)) WITH ORDINALITY r(at, score, o)) x;

-- Several scores at one instant: the reading is their mean
SELECT r.* FROM score_readings((SELECT score_agg(at, s) FROM (VALUES (timestamptz '2024-01-01Z', 60), ('2024-01-01Z', 70), ('2024-01-02Z', 80), ('2024-01-02Z', 81), ('2024-01-02Z', 81), ('2024-01-03Z', 5)) v(at, s))) r;
-- of millionths 1 and 2 it is 2, of -1 and -2 it is -2, of 1, 1, 2 it is 1, of 1, -1 it is 0
SELECT x, r.score * 1000000 AS millionths, r.scores FROM (VALUES ('{1,2}'::float8[]), ('{-1,-2}'), ('{1,1,2}'), ('{-1,-1,-2}'), ('{1,-1}'), ('{1000000000000000,1000000000000000}'), ('{-3,1,1,0}')) v(x),
	LATERAL score_readings((SELECT score_agg(timestamptz '2024-01-01Z', e / 1000000) FROM unnest(x) e)) r;
-- so a rollup of customers is the series of their mean: 60, 70 and 80 fall to 50, 70 and 60
CREATE TEMP TABLE three AS SELECT customer, score_agg(date '2024-01-01' + day, score) AS state
	FROM (VALUES ('a', 0, 60), ('b', 0, 70), ('c', 0, 80), ('a', 7, 50), ('b', 7, 70), ('c', 7, 60)) v(customer, day, score) GROUP BY customer;
SELECT r.* FROM (SELECT rollup(state) AS state FROM three) x, score_readings(state) r;
SELECT score_at(state), score_drop(state, '30 days'), score_drop(combine(state, NULL), '7 days') FROM (SELECT rollup(state) AS state FROM three) x;
SELECT (SELECT rollup(state) FROM three) = score_agg(r.at, r.score) AS same FROM three, score_rows(state) r;

-- The score, and how old it may be
SELECT age, score_at(state, '2024-02-05Z', age) AS score FROM s, unnest('{9 days 23:59:59.999999,10 days,11 days,NULL}'::interval[]) age;
SELECT score_at(state, '2023-12-31 23:59:59.999999Z'), score_at(state, '2024-01-01Z'), score_at(state, '2024-01-14 23:59:59.999999Z'), score_at(state, max_age => '0'), score_at(state) FROM s;

-- Falls -------------------------------------------------------------------

-- peaks that are reached again, that leave the window, and that a later one hides
SELECT r.* FROM score_drops(pg_temp.daily(5, 9, 9, 3, 4, 2, 9, 9, 1), '4 days') r;
-- rows of a window, whose peaks may lie before it
SELECT r.* FROM score_drops(pg_temp.daily(5, 9, 9, 3, 4, 2, 9, 9, 1), '4 days', '2024-01-04Z', '2024-01-06Z') r;
SELECT count(*) FROM score_drops(pg_temp.daily(5, 9, 9), '4 days', '2024-01-03 00:00:00.000001Z') r;
SELECT count(*) FROM score_drops(pg_temp.daily(5, 9, 9), '4 days', end_at => '2024-01-01Z') r;
-- a fall of many readings, with more candidates than fit at first
SELECT count(*), max(score_drop), min(score_drop), sum(peak) FROM score_drops((SELECT score_agg(date '2024-01-01' + i, 1000 - i) FROM generate_series(1, 999) i), '100 days');
SELECT count(*), max(score_drop), min(peak_at), max(peak_at) FROM score_drops((SELECT score_agg(date '2024-01-01' + i, 1000 - i) FROM generate_series(1, 999) i), '300 days');
-- the same by plain SQL, where most rows leave the peak where it was
CREATE TEMP TABLE falling AS SELECT score_agg(timestamptz '2024-01-01Z' + make_interval(hours => i * 5 + i * 7919 % 7 * (i * 104729 % 11)), 5000 - i + i * 7919 % 3) AS state FROM generate_series(1, 1000) i;
CREATE TEMP TABLE falling_readings AS SELECT r.* FROM falling, score_readings(state) r;
SELECT w, count(*) AS readings, count(*) FILTER (WHERE d.peak <> (SELECT max(r.score) FROM falling_readings r WHERE r.at > d.at - w AND r.at <= d.at)) AS wrong, count(DISTINCT d.peak_at) AS peaks, max(d.score_drop) AS drop
FROM falling, unnest('{3 days,30 days,90 days,900 days}'::interval[]) w, score_drops(state, w) d GROUP BY w ORDER BY w;
-- the largest of all: the first of equals, from when the peak was last reached; a rise has none
SELECT r.* FROM unnest(ARRAY[pg_temp.daily(9, 9, 5, 9, 5), pg_temp.daily(1, 2, 3), pg_temp.daily(7), pg_temp.daily(9, 1, 8, 2)]) state, score_max_fall(state) r;
SELECT w, r.* FROM unnest('{1 day,1 day 00:00:00.000001,2 days 00:00:00.000001,NULL}'::interval[]) w, score_max_fall(pg_temp.daily(9, 5, 0, 8, 4), w) r;
SELECT r.* FROM score_max_fall(pg_temp.daily(9, 5, 0, 8, 4), as_of => '2024-01-02 12:00Z') r;

-- Runs --------------------------------------------------------------------

-- above 85: days 0 to 2 (broken on day 3), and 5 to 8, which goes on
CREATE TEMP TABLE runs AS SELECT pg_temp.daily(90, 86, 85.000001, 85, 84, 90, 90, 90, 90) AS state;
SELECT d, r.* FROM runs, unnest('{above,at_least,below,at_most}'::text[]) d, score_sustained(state, 85, d) r;
-- as of later days the current run goes on, as of day 8 it is only as long as the other, as of day 4 there is none
SELECT as_of, r.* FROM runs, unnest('{2024-01-04Z,2024-01-05Z,2024-01-09Z,2024-01-09 00:00:00.000001Z,2024-02-01Z}'::timestamptz[]) as_of, score_sustained(state, 85, as_of => as_of) r;
-- a gap ends a run at the reading before it, whatever comes behind, and so does silence up to as_of
CREATE TEMP TABLE gaps AS SELECT pg_temp.daily(90, 90, NULL, NULL, 90, 90, 90, NULL, NULL, 10) AS state;
SELECT g, a, r.* FROM gaps, unnest('{2 days,3 days,NULL}'::interval[]) g, unnest('{2024-01-07Z,2024-01-09Z,2024-01-09 00:00:00.000001Z,2024-01-10Z}'::timestamptz[]) a, score_sustained(state, 85, max_gap => g, as_of => a) r ORDER BY g, a;
-- no run, and one that never ends
SELECT r.* FROM runs, score_sustained(state, 99) r;
SELECT r.* FROM runs, score_sustained(state, 1, 'AT_LEAST') r;
-- thresholds are as exact as scores
SELECT r.readings FROM score_sustained(pg_temp.daily(0.3, 0.3), 0.1::float8 + 0.2::float8, 'at_least') r;

-- Trend -------------------------------------------------------------------

-- one reading, two, three; all equal; a perfect line; noise around 50
SELECT n, t.readings, round(t.slope_per_day::numeric, 6) AS slope, t.fitted_start, round(t.fitted_end::numeric, 6) AS fitted_end, t.change, round(t.r_squared::numeric, 6) AS r2, round(t.standard_error::numeric, 6) AS error, round(t.p_value::numeric, 6) AS p, t.significant, t.direction
FROM (VALUES (1, pg_temp.daily(50)), (2, pg_temp.daily(50, 52)), (3, pg_temp.daily(50, 52, 54)), (4, pg_temp.daily(79.3, 79.3, 79.3, 79.3, 79.3, 79.3, 79.3)), (5, pg_temp.daily(54, 50)), (6, pg_temp.daily(9, 8, 7, 6))) v(n, state), score_trend(state) t ORDER BY n;
-- 50, 51, 49, 50: mean 50, Sxy = -1.5 * 0 - 0.5 * 1 + 0.5 * -1 + 0 = -1, slope -1 / 5, Syy 2, r squared 1 / 10, error sqrt(1.8 / 2 / 5), t -0.4714, p = 1 - 0.4714 / sqrt(2.2222)
SELECT round(t.slope_per_day::numeric, 6) AS slope, round(t.r_squared::numeric, 6) AS r2, round(t.standard_error::numeric, 6) AS error, round(t.p_value::numeric, 6) AS p, t.significant, t.direction, u.direction AS at_70_percent
FROM (SELECT pg_temp.daily(50, 51, 49, 50) AS state) x, score_trend(state) t, score_trend(state, alpha => 0.7) u;
-- the window: (as_of - within, as_of]
SELECT w, a, t.readings, t.first_at, t.last_at, t.slope_per_day, t.direction FROM s, unnest('{12 days,12 days 00:00:00.000001,NULL}'::interval[]) w, unnest('{2024-01-26Z,2024-02-07Z,NULL}'::timestamptz[]) a,
	LATERAL (SELECT t.readings, t.first_at, t.last_at, round(t.slope_per_day::numeric, 4) AS slope_per_day, t.direction FROM score_trend(state, w, a) t) t ORDER BY w, a;

-- Baseline ----------------------------------------------------------------

-- half-open: the reading on day 14 is not within 14 days; complete once that time is over
SELECT w, a, b.* FROM s, unnest('{14 days,14 days 00:00:00.000001,30 days}'::interval[]) w, unnest('{2024-01-14 23:59:59.999999Z,2024-01-15Z,2024-01-31Z,NULL}'::timestamptz[]) a, score_baseline(state, w, a) b ORDER BY w, a;
SELECT b.* FROM (SELECT score_agg(timestamptz '294276-12-31Z', 1) AS state) x, score_baseline(state, '30 days') b;

-- History -----------------------------------------------------------------

-- 80 on Jan 10, 70 on Jan 31 in UTC, which in Berlin is February, 60 in March, 90 and 75 in May
CREATE TEMP TABLE h AS SELECT score_agg(at, score) AS state FROM (VALUES (timestamptz '2024-01-10 12:00Z', 80), ('2024-01-31 23:30Z', 70), ('2024-03-05Z', 60), ('2024-05-01Z', 90), ('2024-05-31 23:59Z', 75)) v(at, score);
SELECT r.* FROM h, score_history(state) r;
SELECT r.* FROM h, score_history(state, zone => 'Europe/Berlin') r;
SELECT r.* FROM h, score_history(state, '2023-12-15', '2024-07-01', as_of => '2024-05-01Z') r;
SELECT r.* FROM h, score_history(state, '2023-12-15', '2024-07-01', as_of => '2024-04-30 23:59:59.999999Z') r;
SELECT r.* FROM h, score_history(state, '2024-03-04', '2024-03-12', 'week', week_start => 'tuesday', as_of => '2024-03-12Z') r;
SELECT r.* FROM h, score_history(state, grain => 'quarter', fiscal_year_start => 2) r;
-- the day on which clocks change has 23 hours
SELECT r.* FROM score_history((SELECT score_agg(at, s) FROM (VALUES (timestamptz '2024-03-30 23:00Z', 1), ('2024-03-31 21:59:59Z', 2), ('2024-03-31 22:00Z', 3)) v(at, s)), grain => 'day', zone => 'Europe/Berlin') r;
-- what closes a period opens the next
SELECT count(*), count(*) FILTER (WHERE opening IS DISTINCT FROM before) AS broken FROM (SELECT r.*, lag(closing) OVER (ORDER BY period) AS before FROM h, score_history(state, grain => 'week') r) x;
SELECT count(*) FROM h, score_history(state, as_of => '2024-01-01Z');
SELECT count(*), count(closing) FROM h, score_history(state, '2024-01-01', '2024-02-01', 'day', as_of => '2024-01-01Z');
SELECT count(*) FROM h, score_history(state, '2024-07-01');
SELECT count(*) FROM h, score_history(state, end_day => '2024-01-01');

-- Comparison --------------------------------------------------------------

-- a has 50 on day 7, where the mean of a, b and c is 60; a day later nothing
SELECT customer, c.* FROM three, (SELECT rollup(state) AS peers FROM three) p, score_compare(state, peers) c ORDER BY customer;
-- scored at different hours of a day each counts once; within 8 days each twice; a score after as_of not at all
CREATE TEMP TABLE hours AS SELECT customer, score_agg(at, score) AS state FROM (VALUES ('a', timestamptz '2024-01-07 09:00Z', 10), ('a', '2024-01-08 09:00Z', 50), ('b', '2024-01-07 08:00Z', 20), ('b', '2024-01-08 08:00Z', 70), ('c', '2024-01-07 12:00Z', 60), ('c', '2024-01-08 12:00Z', 0)) v(customer, at, score) GROUP BY customer;
SELECT w, a, c.* FROM hours, (SELECT rollup(state) AS peers FROM hours) p, unnest('{1 day,8 days}'::interval[]) w, unnest('{2024-01-08 09:00Z,2024-01-08 12:00Z,2024-01-09 08:59:59.999999Z,2024-01-09 09:00Z}'::timestamptz[]) a, score_compare(state, peers, w, a) c WHERE customer = 'a' ORDER BY w, a;
SELECT c.* FROM s, score_compare(state, NULL) c;
SELECT c.* FROM s, score_compare(state, pg_temp.daily(1)) c;

-- Triggers ----------------------------------------------------------------

-- at the edges: 20 in 14 days is not critical, 15 is high, 10 is medium; 65 is not below 65
SELECT now, string_agg(t.trigger || CASE WHEN t.fired THEN '!' ELSE '' END || ' ' || t.value, ', ' ORDER BY t.threshold DESC) FROM unnest('{80,79.999999,85,84.999999,90,90.000001}'::numeric[]) peak, LATERAL (SELECT peak - 70 AS drop, pg_temp.daily(peak, 70) AS state) x, score_triggers(state) t, LATERAL (SELECT peak AS now) n WHERE t.trigger ~ 'drop' GROUP BY now ORDER BY now;
SELECT score, t.fired, t.since FROM unnest('{65,64.999999}'::numeric[]) score, score_triggers(pg_temp.daily(64, 70, score, score), '2024-02-01Z') t WHERE trigger = 'low_score';
-- above 85 from January 1: 90 days later it fires, and has since
SELECT a, t.* FROM (SELECT pg_temp.daily(85.1, 86, 99) AS state) x, unnest('{2024-03-30 23:59:59.999999Z,2024-03-31Z,2024-05-01Z}'::timestamptz[]) a, score_triggers(state, a) t WHERE trigger = 'sustained_high_score';
SELECT t.* FROM score_triggers(pg_temp.daily(85, 86, 99), '2024-03-31Z') t WHERE trigger = 'sustained_high_score';
-- since when a drop fires: a break begins it anew; silence makes it unknown, as a gap does the others
SELECT t.* FROM score_triggers(pg_temp.daily(80, 60, 80, 65, 64), '2024-01-20Z') t;
SELECT t.* FROM score_triggers(pg_temp.daily(80, 60, 80, 65, 64), '2024-02-10Z', max_gap => '7 days') t;
SELECT t.* FROM score_triggers(pg_temp.daily(80, 60, 80, 65, 64), '2024-02-10Z', max_gap => '36 days') t WHERE trigger !~ 'drop';
-- other rules, and rules left out
SELECT t.* FROM s, score_triggers(state, critical_drop => 10, critical_within => '2 weeks', high_drop => NULL, medium_drop => NULL, below => 61, above => 60, above_for => '25 days') t;
SELECT t.* FROM s, score_triggers(state, critical_drop => 9.999999, high_drop => NULL, medium_drop => NULL, below => NULL, above => NULL) t;
SELECT count(*) FROM s, score_triggers(state, critical_drop => NULL, high_drop => NULL, medium_drop => NULL, below => NULL, above => NULL);
SELECT t.* FROM s, score_triggers(state, '2023-12-31Z') t;

-- Summary -----------------------------------------------------------------

-- over 400 days from 2023-01-01: 40 + day / 10 with a hole of 5 points on day 200; as of day 399
SELECT r.score, r.scored_at, r.change_30_days, r.change_90_days, r.drop_14_days, r.drop_30_days, r.max_fall_365_days AS fall, r.lowest_365_days AS low, r.highest_365_days AS high, r.mean_365_days AS mean,
	round(r.slope_per_30_days::numeric, 6) AS slope, r.direction, r.baseline, r.change_from_baseline AS change, r.baseline_complete AS complete
FROM (SELECT score_agg(date '2023-01-01' + i, 40 + i / 10.0 - CASE WHEN i = 200 THEN 5 ELSE 0 END) AS state FROM generate_series(0, 399) i) x, score_summary(state) r \gx
-- long silent: no change or drop is known, and a year's range not either
SELECT r.* FROM s, score_summary(state, '2026-01-01Z') r \gx
-- a change is known from the reading in force at its beginning, if one came since
SELECT a, r.score, r.change_30_days, r.change_90_days FROM s, unnest('{2024-01-30 23:59:59.999999Z,2024-01-31Z,2024-02-14Z,2024-02-24 23:59:59.999999Z,2024-02-25Z}'::timestamptz[]) a, score_summary(state, a) r;

-- Over tables -------------------------------------------------------------

CREATE TEMP TABLE scored (entity text, at timestamp, score numeric, model text);
INSERT INTO scored SELECT e, timestamp '2024-01-01' + d * interval '1 day', 50 + e::integer * 10 + d * (e::integer - 2) * 0.1, 'health' FROM unnest('{1,2,3,4}'::text[]) e, generate_series(0, 40) d WHERE e < '4' OR d = 0;
-- another model goes on for longer
INSERT INTO scored VALUES ('1', '2024-03-09', 0, 'risk'), ('9', '2024-01-01', 0, 'risk');
CREATE TEMP TABLE clients (customer integer, created_at timestamptz, segment text);
INSERT INTO clients VALUES (1, '2023-01-01Z', 'SMB'), (2, '2023-01-01Z', 'SMB'), (3, '2023-01-01Z', NULL), (4, '2023-01-01Z', 'SMB'), (5, '2023-01-01Z', 'SMB');
SELECT entity, score_at(state), score_drop(state, '30 days') FROM score_states('scored', model => 'health');
SELECT entity, score_at(state), score_drop(state, '30 days') FROM score_states('scored', '2024-01-11Z', 'health');
SELECT entity FROM score_states('scored', model => 'risk');
SELECT count(*) FROM score_states('scored', model => 'nothing');
SELECT count(*) FROM score_states(NULL);
-- one model among the rows that are known is enough
SELECT count(*) FROM score_states('scored', as_of => '2023-12-31Z');
SELECT * FROM score_states('scored');
-- the mean of the segment is of 56, 70 and the old 90; with a bound on age without it
SELECT entity, segment, score, scored_at, change_30_days AS change, drop_14_days AS d14, drop_30_days AS d30, round(slope_per_30_days::numeric, 6) AS slope, direction, baseline, change_from_baseline AS from_base, baseline_complete AS complete, segment_entities AS n, segment_mean AS mean, difference_from_segment AS difference
FROM score_report('scored', 'clients', model => 'health');
SELECT entity, segment, score, scored_at, segment_entities AS n, segment_mean AS mean, difference_from_segment AS difference FROM score_report('scored', 'clients', model => 'health', max_age => '30 days');
SELECT entity, segment, score, segment_entities AS n, segment_mean AS mean FROM score_report('scored', 'clients', '2024-01-01Z', 'health');
SELECT entity, segment, score, segment_entities AS n, segment_mean AS mean FROM score_report('scored', model => 'health');
-- own accounts are no peers, and have no row: of 70 and 90 the mean is 80
CREATE TEMP VIEW own_clients AS SELECT *, customer = 1 AS internal FROM clients;
SELECT entity, segment, score, segment_entities AS n, segment_mean AS mean FROM score_report('scored', 'own_clients', model => 'health');
SELECT count(*) FROM score_report('scored', 'clients', '2023-12-31Z');
SELECT count(*) FROM score_report(NULL, 'clients');
SELECT count(*) FROM score_report('scored', 'clients');
-- keys of other types, a view without a model
CREATE TEMP VIEW by_uuid AS SELECT md5(entity)::uuid AS entity, at::date AS at, score FROM scored WHERE model = 'health' AND entity < '3';
CREATE TEMP VIEW uuid_clients AS SELECT md5(customer::text)::uuid AS customer, created_at, segment FROM clients;
SELECT entity, segment, score, segment_mean FROM score_report('by_uuid', 'uuid_clients');
-- a row that lacks something is not left out in silence
INSERT INTO scored VALUES (NULL, '2024-01-01', 5, 'no entity'), ('1', NULL, 5, 'no time'), ('1', '2024-01-01', NULL, 'no score'), ('1', '2024-01-01', 'NaN', 'no number'), ('1', 'infinity', 5, 'no day');
SELECT * FROM score_states('scored', model => 'no entity');
SELECT * FROM score_states('scored', '2024-01-01Z', 'no time');
SELECT * FROM score_states('scored', model => 'no score');
SELECT * FROM score_states('scored', model => 'no number');
SELECT * FROM score_states('scored', model => 'no day');
INSERT INTO scored VALUES ('1', '2024-01-01', 5, NULL);
CREATE TEMP VIEW some_models AS SELECT * FROM scored WHERE model IS NULL OR model = 'health';
SELECT * FROM score_states('some_models');
INSERT INTO clients VALUES (3, '2023-01-01Z', 'Enterprise');
SELECT * FROM score_report('scored', 'clients', model => 'health');
INSERT INTO clients VALUES (NULL, '2023-01-01Z', 'Enterprise');
SELECT * FROM score_report('scored', 'clients', model => 'health');
SELECT * FROM score_states('clients');

-- Nothing in, nothing out -------------------------------------------------

SELECT score_agg(at, score) IS NULL AS no_state FROM acme WHERE false;
SELECT score_at(NULL), score_drop(NULL, '1 day'), (SELECT count(*) FROM score_rows(NULL)) + (SELECT count(*) FROM score_readings(NULL)) + (SELECT count(*) FROM score_drops(NULL, '1 day')) + (SELECT count(*) FROM score_history(NULL)) + (SELECT count(*) FROM score_triggers(NULL)) AS rows;
SELECT f IS NULL AS f, c IS NULL AS c, r IS NULL AS r, t IS NULL AS t, b IS NULL AS b, m IS NULL AS m FROM score_max_fall(NULL) f, score_compare(NULL, NULL) c, score_sustained(NULL, 1) r, score_trend(NULL) t, score_baseline(NULL) b, score_summary(NULL) m;
SELECT f IS NULL AS f, c IS NULL AS c, r IS NULL AS r, t IS NULL AS t, b IS NULL AS b, m IS NULL AS m FROM s, LATERAL (SELECT timestamptz '2023-12-31Z' AS early) e, score_max_fall(state, NULL, early) f, score_compare(state, state, as_of => early) c, score_sustained(state, 1, as_of => early) r, score_trend(state, as_of => early) t, score_baseline(state, as_of => early) b, score_summary(state, early) m;
SELECT score_agg(at, score) FILTER (WHERE score IS NOT NULL) = score_agg(at, 1) FILTER (WHERE score IS NOT NULL) AS same FROM (VALUES (timestamptz '2024-01-01Z', 1.0), (NULL, NULL)) v(at, score);

-- from the first instant to the last
SELECT r.fitted_start, r.fitted_end, r.change FROM score_trend((SELECT score_agg(at, score) FROM (VALUES (timestamptz '4713-01-01Z BC', 10), ('294276-12-31Z', 20)) v(at, score)), NULL) r;

-- Errors ------------------------------------------------------------------

SELECT score_agg(now(), NULL::float8);
SELECT score_agg(NULL::date, 1);
SELECT score_agg(timestamptz 'infinity', 1);
SELECT score_agg(date '5874897-12-31', 1);
SELECT score_agg(now(), 'NaN');
SELECT score_agg(now(), '-infinity');
SELECT score_agg(now(), 1000000000.000001);
SELECT score_trans(NULL, now(), 1);
SELECT score_at(state, 'infinity') FROM s;
SELECT score_at(state, max_age => '1 month') FROM s;
SELECT score_drop(state, NULL) FROM s;
SELECT score_drop(state, '0') FROM s;
SELECT score_drop(state, '1 month') FROM s;
SELECT score_drop(state, '-1 day') FROM s;
SELECT count(*) FROM s, score_drops(state, NULL);
SELECT count(*) FROM s, score_drops(state, '1 day', '2024-01-01Z', '2024-01-01Z');
SELECT count(*) FROM s, score_drops(state, '1 day', '-infinity');
SELECT r.* FROM s, score_max_fall(state, '0') r;
SELECT r.* FROM s, score_sustained(state, NULL) r;
SELECT r.* FROM s, score_sustained(state, 'NaN') r;
SELECT r.* FROM s, score_sustained(state, 1, 'up') r;
SELECT r.* FROM s, score_trend(state, alpha => 1) r;
SELECT r.* FROM s, score_trend(state, alpha => NULL) r;
SELECT r.* FROM s, score_baseline(state, NULL) r;
SELECT r.* FROM s, score_compare(state, state, NULL) r;
SELECT r.* FROM s, score_history(state, grain => 'decade') r;
SELECT r.* FROM s, score_history(state, '2024-01-01', '2024-01-01') r;
SELECT r.* FROM s, score_history(state, '1900-01-01', '2024-01-01', 'day') r;
SELECT r.* FROM s, score_history(state, fiscal_year_start => 13) r;
SELECT count(*) FROM s, score_triggers(state, critical_within => NULL);
SELECT count(*) FROM s, score_triggers(state, above_for => NULL);
SELECT count(*) FROM s, score_triggers(state, below => '1e10');

-- Stored forms ------------------------------------------------------------

SELECT score_agg(at, score)::text, encode(score_state_send(score_agg(at, score)), 'hex') FROM acme WHERE score > 70;
SELECT state::text::score_state = state AS same FROM s;
-- what no aggregate makes: a score or a time out of range, rows out of order, days, other keys, a param, a string
CREATE FUNCTION pg_temp.refused(hex text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	d text;
BEGIN
	PERFORM rtrim(translate(encode(decode(replace(hex, ' ', ''), 'hex'), 'base64'), E'\n', ''), '=')::nudge.score_state;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || ': ' || d;
END $$;
SELECT what, pg_temp.refused(hex) FROM (VALUES
	(1, 'sound', '4e080104 00000002 00000000 00000000 00000000 0000000000000000 0000000000000001 0000000000000000 0000000000000002'),
	(2, 'largest', '4e080104 00000001 00000000 00000000 00000000 0000000000000000 00038d7ea4c68000'),
	(3, 'too large', '4e080104 00000001 00000000 00000000 00000000 0000000000000000 00038d7ea4c68001'),
	(4, 'too small', '4e080104 00000001 00000000 00000000 00000000 0000000000000000 fffc72815b397fff'),
	(5, 'no time', '4e080104 00000001 00000000 00000000 00000000 7fffffffffffffff 0000000000000000'),
	(6, 'out of order', '4e080104 00000002 00000000 00000000 00000000 0000000000000000 0000000000000001 ffffffffffffffff 0000000000000002'),
	(7, 'scores out of order', '4e080104 00000002 00000000 00000000 00000000 0000000000000000 0000000000000001 0000000000000000 0000000000000000'),
	(8, 'days', '4e080100 00000001 00000000 00000000 00000000 0000000000000000 0000000000000001'),
	(9, 'param', '4e080104 00000001 00000001 00000000 00000000 0000000000000000 0000000000000001'),
	(10, 'text keys', '4e080106 00000001 00000000 00000001 00000001 0000000000000000 0000000000000001 00000000 00000001 78'),
	(11, 'cut off', '4e080104 00000001 00000000 00000000 00000000 0000000000000000'),
	(12, 'another kind', '4e050104 00000001 00000000 00000000 00000000 0000000000000000 0000000000000001'),
	(13, 'empty', '4e080104 00000000 00000000 00000000 00000000')) v(n, what, hex) ORDER BY n;
