-- Funnels: the results that other products publish in their tests and
-- documentation, and the cases of their trackers.  Every query prints what is
-- expected beside what is got; where we give another result on purpose, the
-- comment says so.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET search_path = nudge, public;
\pset null '(null)'

-- The furthest step of the only user of a state, 0 for none.
CREATE FUNCTION pg_temp.level(s funnel_state, within interval, steps text[], modes text[] DEFAULT NULL, entry text DEFAULT 'any') RETURNS integer
	LANGUAGE sql RETURN coalesce((SELECT max(f.step) FROM funnel_users(s, within, steps, entry, clickhouse_modes => modes) f), 0);
-- An instant so many seconds after an arbitrary one.
CREATE FUNCTION pg_temp.at(seconds double precision) RETURNS timestamptz
	LANGUAGE sql RETURN timestamptz '2024-03-01 00:00:00+00' + make_interval(secs => seconds);
-- A history of one user from events and their seconds.
CREATE FUNCTION pg_temp.history(events text[], seconds double precision[], steps text[]) RETURNS funnel_state
	LANGUAGE sql RETURN (SELECT funnel_agg('u'::text, pg_temp.at(t), e, steps) FROM unnest(events, seconds) x(e, t));

--
-- ClickHouse, tests/queries/0_stateless/00632_aggregation_window_funnel
--

-- V1: nine events in order, one a second; both by our rules and by ClickHouse's
CREATE TEMP TABLE v1 AS
SELECT funnel_agg(1, pg_temp.at(n), (1000 + n)::text, '{1000,1001,1002,1003,1004,1005,1006,1007,1008}') AS s,
	funnel_agg(1, pg_temp.at(n), (1000 + n)::text, '{1001,1002,1003,1004,1005,1006,1007,1008}') FILTER (WHERE n > 0) AS later,
	funnel_match_agg(1, pg_temp.at(n), ARRAY[n <= 7, n >= 2, n <= 6, n >= 4], '{up to 1007,from 1002,up to 1006,from 1004}') AS ranges
FROM generate_series(0, 8) n;
SELECT steps, within, expected, pg_temp.level(s, within, steps) AS ours, pg_temp.level(s, within, steps, '{}') AS clickhouse
FROM v1, (VALUES (1, '{1000}'::text[], interval '10000 s', 1), (2, '{1000,1001}', '10000 s', 2), (3, '{1000,1001,1002}', '10000 s', 3),
	(4, '{1000,1001,1002,1008}', '10000 s', 4), (5, '{1003,1004,1005,1006,1007}', '2 s', 3),
	(6, '{1003,1004,1005,1006,1007}', '3 s', 4), (7, '{1003,1004,1005,1006,1007}', '4 s', 5)) v(n, steps, within, expected) ORDER BY n;
SELECT 1 AS expected, pg_temp.level(later, '10000 s', '{1008,1001}') AS ours, pg_temp.level(later, '10000 s', '{1008,1001}', '{}') AS clickhouse FROM v1;
SELECT 4 AS expected, pg_temp.level(ranges, '4 s', NULL) AS ours, pg_temp.level(ranges, '4 s', NULL, '{}') AS clickhouse FROM v1;

-- V2: a repeated step
SELECT modes, expected, pg_temp.level(pg_temp.history('{1000,1001,1002,1003,1004,1005,1005,1006,1007,1008}', '{0,10,20,30,40,50,51,60,70,80}',
	'{1000,1001,1002,1003,1004,1005,1006}'), '10000 s', NULL, modes) AS got
FROM (VALUES (1, '{}'::text[], 7), (2, '{strict_deduplication}', 6), (3, NULL, 7)) v(n, modes, expected) ORDER BY n;

-- V4 (and its issue 27469): a b c b d; the pull request 6548 that brought the mode
SELECT 3 AS expected, pg_temp.level(pg_temp.history('{a,b,c,b,d}', '{0,1,2,3,4}', '{a,b,c,d}'), '10000 s', NULL, '{strict_deduplication}') AS got;
SELECT 2 AS expected, pg_temp.level(pg_temp.history('{1000,1001,1001,1002}', '{0,10,11,20}', '{1000,1001,1002}'), '10000 s', NULL, '{strict_deduplication}') AS got;

-- issue 37177: what was reached before the repeated step
SELECT 3 AS expected, pg_temp.level(pg_temp.history('{install,start,login,install,start,install,start,login,end}', '{0,5,10,15,20,25,30,35,40}', '{install,start,login,end}'), '60 s', NULL, '{strict_deduplication}') AS got;

-- V5: three events in one second, and one row that meets three equal steps
SELECT modes, expected, pg_temp.level(pg_temp.history('{1000,1001,1002,1003,1004}', '{0,1,1,1,2}', '{1000,1001,1002,1003,1004}'), '10000 s', NULL, modes) AS got
FROM (VALUES (1, '{}'::text[], 5), (2, '{strict_increase}', 2), (3, NULL, 5)) v(n, modes, expected) ORDER BY n;
SELECT modes, expected, pg_temp.level(pg_temp.history('{1000,1001,1002,1003,1004}', '{0,1,1,1,2}', '{1004}'), '10000 s', '{1004,1004,1004}', modes) AS got
FROM (VALUES (1, '{}'::text[], 3), (2, '{strict_once}', 1), (3, '{strict_increase}', 1), (4, NULL, 1)) v(n, modes, expected) ORDER BY n;

-- V6: the same step twice
CREATE TEMP TABLE v6 (uid integer, t integer, event text, expected integer);
INSERT INTO v6 VALUES (123, 180, 'failure', 3), (123, 220, 'failure', 3), (123, 250, 'success', 3), (234, 100, 'failure', 2), (234, 250, 'failure', 2),
	(345, 200, 'success', 1), (345, 210, 'failure', 1), (345, 230, 'success', 1);
SELECT v.uid, modes, expected, pg_temp.level(s, '200 s', '{failure,failure,success}', modes) AS got
FROM (SELECT uid, expected, funnel_agg(uid, pg_temp.at(t), event, '{failure,success}') AS s FROM v6 GROUP BY 1, 2) v,
	(VALUES (1, '{strict_once}'::text[]), (2, '{strict_once,strict_increase}'), (3, '{strict_once,strict_deduplication}'), (4, NULL)) m(n, modes) ORDER BY m.n, uid;

-- V7: conditions that are NULL are not met
CREATE TEMP TABLE v7 (u integer, t integer, a text, b text);
INSERT INTO v7 VALUES (1, 1, 'a1', 'b1'), (1, 2, 'a2', 'b2'), (2, 1, 'a1', NULL), (2, 2, 'a2', NULL), (3, 1, NULL, NULL),
	(4, 1, NULL, 'b1'), (4, 2, 'a2', NULL), (4, 3, NULL, 'b3');
SELECT what, u, expected, got
FROM (SELECT u, funnel_match_agg(u, pg_temp.at(t), ARRAY[a = 'a1', a = 'a2'], '{a1,a2}') AS aa,
		funnel_match_agg(u, pg_temp.at(t), ARRAY[a = 'a1', b = 'b2'], '{a1,b2}') AS ab,
		funnel_match_agg(u, pg_temp.at(t), ARRAY[a IS NULL AND b IS NULL], '{both null}') AS nn,
		funnel_match_agg(u, pg_temp.at(t), ARRAY[a IS NULL, b = 'b3'], '{a is null,b3,*}') AS nb
	FROM v7 GROUP BY u) s, LATERAL (VALUES
	(1, 'a = a1, a = a2', '{2,2,0,0}'::integer[], pg_temp.level(aa, '10 s', NULL)), (2, 'a = a1, b = b2', '{2,1,0,0}', pg_temp.level(ab, '10 s', NULL)),
	(3, 'a and b null', '{0,0,1,0}', pg_temp.level(nn, '10 s', NULL)), (4, 'a null, b = b3', '{0,0,1,2}', pg_temp.level(nb, '10 s', '{a is null,b3}', '{}')),
	(5, 'a null, b = b3, strict_order', '{0,0,1,1}', pg_temp.level(nb, '10 s', '{a is null,b3}', '{strict_order}'))) v(n, what, per_user, got),
	LATERAL (SELECT per_user[u] AS expected) e ORDER BY n, u;

-- ClickHouse, documentation of strict_order, and its mode over histories that
-- have nothing between
SELECT events, expected, pg_temp.level(pg_temp.history(events, '{0,1,2,3}', '{A,B,C,*}'), '10000 s', '{A,B,C}', '{strict_order}') AS got
FROM (VALUES (1, '{A,B,D,C}'::text[], 2), (2, '{A,D,B,C}', 1), (3, '{D,A,B,C}', 3), (4, '{A,B,C,D}', 3)) v(n, events, expected) ORDER BY n;

--
-- ClickHouse's tracker: the right results, which its releases do not all give
--

-- 52844: page_visit0 at 1, 1 at 2, 2 at 3, 3 at 4; ClickHouse says 2
SELECT 4 AS expected, pg_temp.level(pg_temp.history('{v0,v1,v2,v3,v1,v2,v3,v1,v2,v3}', '{1,2,2,2,3,3,3,4,4,4}', '{v0,v1,v2,v3}'), '100000 s', NULL, '{strict_increase}') AS got;
-- the smallest case of the same: A at 1, A and B at 2; ClickHouse says 1
SELECT 2 AS expected, pg_temp.level(pg_temp.history('{A,A,B}', '{1,2,2}', '{A,B}'), '10 s', NULL, '{strict_increase}') AS got;
-- 21835: events 1 and 2 at the same instant are two steps unless times must increase
CREATE TEMP TABLE t21835 (event text, t integer, uid integer);
INSERT INTO t21835 VALUES ('1', 100, 123), ('1', 200, 345), ('1', 210, 345), ('2', 100, 123), ('2', 250, 234), ('2', 230, 345), ('2', 240, 345);
SELECT uid, modes, expected, pg_temp.level(s, '50 s', NULL, modes) AS got
FROM (SELECT uid, funnel_agg(uid, pg_temp.at(t), event, '{1,2}') AS s FROM t21835 GROUP BY uid) x,
	LATERAL (VALUES (1, '{}'::text[], CASE uid WHEN 234 THEN 0 ELSE 2 END), (2, '{strict_increase}', CASE uid WHEN 234 THEN 0 WHEN 123 THEN 1 ELSE 2 END)) v(n, modes, expected)
ORDER BY n, uid;
-- 36256: a later step without the one before it does not count
SELECT modes, 2 AS expected, pg_temp.level(pg_temp.history('{look,click,pay,click}', '{0,600,1800,2400}', '{look,click,order,pay}'), '1800 s', NULL, modes) AS got
FROM (VALUES (1, '{}'::text[]), (2, NULL)) v(n, modes) ORDER BY n;

--
-- duckdb-behavioral, test/sql
--

-- V9: window_funnel.test, every mode, 1 hour and 30 minutes
CREATE TEMP TABLE v9 (u integer, t interval, event text);
INSERT INTO v9 VALUES (1, '0:00', 'view'), (1, '0:05', 'cart'), (1, '0:10', 'purchase'), (2, '0:00', 'view'), (2, '0:05', 'cart'), (3, '0:00', 'view'), (3, '5:00', 'cart');
SELECT within, modes, array_agg(pg_temp.level(s, within, '{view,cart,purchase}', modes) ORDER BY u) AS "got 3, 2, 1"
FROM (SELECT u, funnel_agg(u, timestamp '2024-01-01' + t, event, '{view,cart,purchase,*}') AS s FROM v9 GROUP BY u) x,
	(VALUES (1, '{}'::text[]), (2, '{strict_deduplication}'), (3, '{strict_order}'), (4, '{strict_increase}'), (5, '{strict_once}'),
		(6, '{strict_deduplication,strict_order,strict_increase,strict_once}'), (7, NULL)) m(n, modes), unnest('{1 hour,30 minutes}'::interval[]) within
GROUP BY within, n, modes ORDER BY within DESC, n;
-- an unknown first step; no row at all
SELECT 0 AS expected, pg_temp.level(funnel_agg(u, timestamp '2024-01-01' + t, event, '{signup,view,cart}'), '1 hour', NULL) AS got FROM v9;
SELECT 0 AS expected, count(*) AS got FROM funnel_users((SELECT funnel_agg(u, timestamp '2024-01-01' + t, event, '{view,cart}') FROM v9 WHERE u = 4), '1 hour');

-- V10: git_mining.test
CREATE TEMP TABLE v10 (author text, at timestamp, event text);
INSERT INTO v10 VALUES ('alice', '2024-01-15 10:00', 'opened'), ('alice', '2024-01-15 11:30', 'first_review'), ('alice', '2024-01-16 10:00', 'merged'),
	('bob', '2024-01-15 11:00', 'opened'), ('bob', '2024-01-15 12:15', 'merged'), ('bob', '2024-01-15 14:30', 'first_review'),
	('carol', '2024-01-15 12:00', 'approved'), ('carol', '2024-01-16 09:00', 'approved'), ('carol', '2024-01-17 08:00', 'opened');
SELECT author, expected, pg_temp.level(s, '24 hours', NULL) AS ours, pg_temp.level(s, '24 hours', NULL, '{}') AS clickhouse
FROM (SELECT author, funnel_agg(author, at, event, '{opened,first_review,approved,merged}') AS s FROM v10 GROUP BY 1) x
	JOIN (VALUES ('alice', 2), ('bob', 2), ('carol', 1)) e(author, expected) USING (author) ORDER BY author;

--
-- PostHog, funnels/test/conversion_time_cases.py
--

-- V11: step 2 takes 6000 s on average, 7200 s in the median; step 3 takes 5400 s both
CREATE TEMP TABLE v11 (person text, at timestamptz, event text);
INSERT INTO v11 VALUES ('p1', '2020-01-01 12:00+00', 'signup'), ('p1', '2020-01-01 13:00+00', 'play'), ('p1', '2020-01-01 15:00+00', 'buy'),
	('p2', '2020-01-01 14:00+00', 'signup'), ('p2', '2020-01-01 16:00+00', 'play'),
	('p3', '2020-01-01 14:00+00', 'signup'), ('p3', '2020-01-01 16:00+00', 'play'), ('p3', '2020-01-01 17:00+00', 'buy');
SELECT step, event, users, average_seconds, median_seconds FROM funnel((SELECT funnel_agg(person, at, event, '{signup,play,buy}') FROM v11), '7 days') ORDER BY step;
SELECT user_id, step, event, completed, step_times FROM funnel_users((SELECT funnel_agg(person, at, event, '{signup,play,buy}') FROM v11), '7 days') ORDER BY user_id;

-- V12: 3, 2 and 600 s within 14 days; 3, 1 and 300 s within 5 minutes
CREATE TEMP TABLE v12 (person text, at timestamptz, event text);
INSERT INTO v12 VALUES ('s1', '2020-01-01 14:00+00', 'signup'), ('s1', '2020-01-01 14:05+00', 'view'), ('s2', '2020-01-01 14:03+00', 'signup'),
	('s3', '2020-01-01 12:00+00', 'signup'), ('s3', '2020-01-01 12:15+00', 'view');
SELECT within, f.step, f.event, f.users, f.average_seconds, f.median_seconds
FROM (SELECT funnel_agg(person, at, event, '{signup,view}') AS s FROM v12) x, unnest('{14 days,5 minutes}'::interval[]) within, funnel(s, within) f ORDER BY within DESC, step;

-- V13: a whole try on the first day, half ones on days 3 and 4: 1 user, step 2 takes 3600 s
CREATE TEMP TABLE v13 (person text, at timestamptz, event text);
INSERT INTO v13 VALUES ('p', '2021-05-01 00:00+00', 'one'), ('p', '2021-05-01 01:00+00', 'two'), ('p', '2021-05-01 02:00+00', 'three'),
	('p', '2021-05-03 04:00+00', 'one'), ('p', '2021-05-03 06:00+00', 'two'), ('p', '2021-05-04 07:00+00', 'one'), ('p', '2021-05-04 10:00+00', 'two');
SELECT step, event, users, average_seconds, median_seconds FROM funnel((SELECT funnel_agg(person, at, event, '{one,two,three}') FROM v13), '1 day') ORDER BY step;

--
-- Retentioneering, tests/tools/funnel_test.py
--

-- V16: 3, 2, 1; .75, .5, .25 of all four paths; .75, 2/3, .5 of those before
CREATE TEMP TABLE v16 (u integer, t integer, event text);
INSERT INTO v16 VALUES (1, 1, 'A'), (1, 2, 'B'), (1, 3, 'C'), (2, 1, 'A'), (2, 2, 'B'), (3, 1, 'A'), (4, 1, 'B');
SELECT f.step, f.event, f.users, round(f.users / 4.0, 2) AS of_all, round(CASE f.step WHEN 1 THEN f.users / 4.0 ELSE f.step_rate END, 4) AS of_previous, f.drop_off, round(f.overall_rate, 4) AS overall_rate
FROM funnel((SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B,C}') FROM v16)) f ORDER BY f.step;
-- a single path B A C: 1, 0, 0
SELECT step, users, round(step_rate, 4) AS step_rate, round(overall_rate, 4) AS overall_rate, drop_off FROM funnel(pg_temp.history('{B,A,C}', '{1,2,3}', '{A,B,C}')) ORDER BY step;

--
-- Mixpanel, documentation of advanced funnels
--

-- V17: entered first, the path reaches B only; with any entry it reaches C
SELECT entry, expected, f.step, f.event, f.step_times
FROM (VALUES ('first', 'B'), ('any', 'C')) v(entry, expected),
	funnel_users(pg_temp.history('{A,A,B,C}', '{46800,48600,49500,51300}', '{A,B,C}'), '1 hour', entry => entry) f ORDER BY entry DESC;
-- totals: another attempt begins after the one before has converted or run out
SELECT entry, f.step, f.event, f.users
FROM unnest('{first,any}'::text[]) entry,
	funnel(pg_temp.history('{A,B,A,B,A,A,B,A}', '{0,10,20,30,40,5000,5010,9000}', '{A,B}'), '1 hour', entry => entry, counting => 'totals') f ORDER BY entry, step;
-- sessions, cut where more than 30 minutes pass
SELECT f.step, f.event, f.users
FROM funnel(pg_temp.history('{A,B,A,B,A}', '{0,10,1810,3611,9000}', '{A,B}'), counting => 'sessions', session_gap => '30 minutes') f ORDER BY step;

--
-- Orders, exclusions, gaps and the rest, by hand
--

-- any order and strict order; with the events of no step in the state they stand between
SELECT step_order, events, expected, max(f.step) AS got
FROM (VALUES (1, 'any', '{C,B,A}'::text[], 3), (2, 'any', '{B,B,C}', 2), (3, 'any', '{D,A,D,C}', 2), (4, 'strict', '{A,B,C}', 3), (5, 'strict', '{A,D,B,C}', 1),
	(6, 'strict', '{A,A,B,C}', 3), (7, 'strict', '{A,B,B,C}', 2), (8, 'strict', '{A,B,D,A,B,C}', 3), (9, 'ordered', '{A,D,B,D,C}', 3), (10, 'ordered', '{C,B,A}', 1)) v(n, step_order, events, expected),
	funnel_users(pg_temp.history(events, '{0,1,2,3,4,5}', '{A,B,C,*}'), '1 hour', '{A,B,C}', step_order => step_order) f
GROUP BY n, step_order, events, expected ORDER BY n;

-- one instant: in step order, and each row once
SELECT events, steps, expected, pg_temp.level(pg_temp.history(events, seconds, '{A,B,C}'), '1 hour', steps) AS got
FROM (VALUES (1, '{B,A}'::text[], '{5,5}'::double precision[], '{A,B}'::text[], 2), (2, '{C,B,A}', '{5,5,5}', '{A,B,C}', 3), (3, '{A}', '{5}', '{A,A}', 1), (4, '{A,A}', '{5,5}', '{A,A}', 2),
	(5, '{B,A,B}', '{5,5,5}', '{B,A,B}', 3), (6, '{A,B,A,B}', '{1,2,3,4}', '{A,B,A,B}', 4), (7, '{A,B,B,C}', '{1,2,3,4}', '{A,B,C}', 3), (8, '{B,A}', '{4.999999,5}', '{A,B}', 1)) v(n, events, seconds, steps, expected) ORDER BY n;

-- the window includes its end
SELECT within, expected, pg_temp.level(pg_temp.history('{A,B}', '{0,10}', '{A,B}'), within, NULL) AS got
FROM (VALUES (interval '10 s', 2), ('9.999999 s', 1), ('0 s', 1)) v(within, expected) ORDER BY within DESC;

-- an exclusion between two steps: u1 meets it, u2 before its entry, u3 after the
-- end, u4 at the instant of the last step, u5 in a try that is not its best one,
-- u6 after its window
CREATE TEMP TABLE excluded (u text, t integer, event text);
INSERT INTO excluded VALUES ('u1', 0, 'A'), ('u1', 1, 'X'), ('u1', 2, 'B'), ('u2', 0, 'X'), ('u2', 1, 'A'), ('u2', 2, 'B'), ('u3', 0, 'A'), ('u3', 1, 'B'), ('u3', 2, 'X'),
	('u4', 0, 'A'), ('u4', 2, 'X'), ('u4', 2, 'B'), ('u5', 0, 'A'), ('u5', 1, 'X'), ('u5', 5, 'A'), ('u5', 6, 'B'), ('u6', 0, 'A'), ('u6', 20, 'X'), ('u6', 21, 'B');
SELECT exclusion, f.step, f.event, f.users, f.drop_off, f.excluded_users
FROM (SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B,X}') AS s FROM excluded) x, (VALUES (1, '{}'::text[], 'drop_off'), (2, '{X}', 'drop_off'), (3, '{X}', 'drop_user')) v(n, exclusions, exclusion),
	funnel(s, '10 s', '{A,B}', exclusions => exclusions, exclusion => exclusion) f ORDER BY n, step;
SELECT exclusion, f.user_id, f.step, f.completed
FROM (SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B,X}') AS s FROM excluded) x, (VALUES ('drop_off'), ('drop_user')) v(exclusion),
	funnel_users(s, '10 s', '{A,B}', exclusions => '{X}', exclusion => exclusion) f ORDER BY exclusion, user_id;

-- optional steps: those who leave out B still reach C
SELECT f.step, f.event, f.users, f.drop_off
FROM (SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B,C}') AS s FROM (VALUES (1, 0, 'A'), (1, 1, 'B'), (1, 2, 'C'), (2, 0, 'A'), (2, 1, 'C'), (3, 0, 'A'), (3, 1, 'B'), (4, 0, 'A')) v(u, t, event)) x,
	funnel(s, '1 hour', optional => '{B}') f ORDER BY step;

-- a property held constant: the colours differ, so nobody gets from red to blue
CREATE TEMP TABLE coloured (u text, t integer, event text, colour text);
INSERT INTO coloured VALUES ('u1', 0, 'A', 'red'), ('u1', 1, 'B', 'blue'), ('u1', 2, 'C', 'red'), ('u2', 0, 'A', 'red'), ('u2', 1, 'A', 'blue'), ('u2', 2, 'B', 'blue'), ('u2', 3, 'C', 'blue'),
	('u3', 0, 'A', NULL), ('u3', 1, 'B', ''), ('u3', 2, 'C', 'red');
SELECT hold, f.step, f.event, f.users
FROM (SELECT funnel_property_agg(u, pg_temp.at(t), event, '{A,B,C}', colour) AS s FROM coloured) x, (VALUES (false), (true)) v(hold), funnel(s, hold_constant => hold) f ORDER BY hold, step;
SELECT f.user_id, f.property, f.step, f.step_times
FROM (SELECT funnel_property_agg(u, pg_temp.at(t), event, '{A,B,C}', colour) AS s FROM coloured) x, funnel_users(s, hold_constant => true) f ORDER BY user_id, property;

-- grace: rows so close may count in either order
SELECT grace, seconds, expected, (SELECT max(f.step) FROM funnel_users(pg_temp.history('{B,A}', seconds, '{A,B}'), '1 hour', grace => grace) f) AS got
FROM (VALUES (1, interval '1 s', '{10,11}'::double precision[], 2), (2, '1 s', '{10,11.000001}', 1), (3, '2 s', '{10,12}', 2), (4, '2 s', '{10,12.5}', 1), (5, NULL, '{10,11}', 1)) v(n, grace, seconds, expected) ORDER BY n;

-- gaps between steps: at most, at least, both ends included
SELECT max_gaps, min_gaps, expected, (SELECT max(f.step) FROM funnel_users(pg_temp.history('{A,B,C}', '{0,10,30}', '{A,B,C}'), max_gaps => max_gaps, min_gaps => min_gaps) f) AS got
FROM (VALUES (1, '{NULL,10 s,20 s}'::interval[], NULL::interval[], 3), (2, '{NULL,10 s,19 s}', NULL, 2), (3, '{NULL,9 s,NULL}', NULL, 1), (4, NULL, '{NULL,10 s,20 s}', 3), (5, NULL, '{NULL,11 s,NULL}', 1),
	(6, '{NULL,10 s,NULL}', '{NULL,NULL,21 s}', 2)) v(n, max_gaps, min_gaps, expected) ORDER BY n;
-- a gap that only a later try keeps: the first B comes too late for the first A
SELECT 3 AS expected, step, step_times FROM funnel_users(pg_temp.history('{A,A,B,C}', '{0,8,10,11}', '{A,B,C}'), max_gaps => '{NULL,5 s,NULL}');

-- a trial needs three campaigns within 14 days
CREATE TEMP TABLE campaigns (u text, at date, event text);
INSERT INTO campaigns VALUES ('three', '2024-01-01', 'trial'), ('three', '2024-01-03', 'campaign'), ('three', '2024-01-05', 'campaign'), ('three', '2024-01-15', 'campaign'),
	('two', '2024-01-01', 'trial'), ('two', '2024-01-02', 'campaign'), ('two', '2024-01-03', 'campaign'),
	('late', '2024-01-01', 'trial'), ('late', '2024-01-03', 'campaign'), ('late', '2024-01-05', 'campaign'), ('late', '2024-01-16', 'campaign');
SELECT f.step, f.event, f.users, f.average_seconds / 86400 AS average_days
FROM (SELECT funnel_agg(u, at, event, '{trial,campaign}') AS s FROM campaigns) x, funnel(s, '14 days', min_counts => '{1,3}') f ORDER BY step;
SELECT f.user_id, f.step, f.step_times FROM (SELECT funnel_agg(u, at, event, '{trial,campaign}') AS s FROM campaigns) x, funnel_users(s, '14 days', min_counts => '{1,3}') f ORDER BY user_id;

-- more than 32 steps, and all of the 64
SELECT n AS expected, pg_temp.level(s, NULL, NULL) AS ours, pg_temp.level(s, NULL, NULL, '{}') AS clickhouse
FROM (SELECT n, funnel_agg(1, pg_temp.at(i), 'step ' || i, ARRAY(SELECT 'step ' || k FROM generate_series(1, n) k)) AS s FROM unnest('{32,33,40,64}'::integer[]) n, generate_series(1, n) i GROUP BY n) x ORDER BY n;

-- as of an instant: rows from then on do not exist; whose window is open may still get further
CREATE TEMP TABLE recent (u text, t integer, event text);
INSERT INTO recent VALUES ('done', 0, 'A'), ('done', 5, 'B'), ('old', 0, 'A'), ('open', 15, 'A'), ('later', 12, 'A'), ('later', 20, 'B'), ('again', 0, 'A'), ('again', 14, 'A'), ('future', 21, 'A');
SELECT f.step, f.event, f.users, f.open_window_users FROM (SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B}') AS s FROM recent) x, funnel(s, '10 s', as_of => pg_temp.at(20)) f ORDER BY step;
SELECT f.user_id, f.step, f.open_window, f.step_times FROM (SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B}') AS s FROM recent) x, funnel_users(s, '10 s', as_of => pg_temp.at(20)) f ORDER BY user_id;
SELECT f.step, f.users, f.open_window_users FROM (SELECT funnel_agg(u, pg_temp.at(t), event, '{A,B}') AS s FROM recent) x, funnel(s, '10 s') f ORDER BY step;

--
-- V44: the test against a baseline, by the figures of statsmodels (5 of 83
-- against 12 of 99: z -1.40783, p 0.159181)
--
SELECT f.step, f.users, round(f.step_rate, 6) AS step_rate, round(f.p_value::numeric, 12) AS p_value, f.significant
FROM (SELECT funnel_agg(u, pg_temp.at(0), 'A', '{A,B}') AS a FROM generate_series(1, 83) u) a, (SELECT funnel_agg(u, pg_temp.at(1), 'B', '{A,B}') AS b FROM generate_series(1, 5) u) b,
	(SELECT funnel_agg(u, pg_temp.at(0), 'A', '{A,B}') AS c FROM generate_series(1, 99) u) c, (SELECT funnel_agg(u, pg_temp.at(1), 'B', '{A,B}') AS d FROM generate_series(1, 12) u) d,
	funnel(combine(a, b), '1 hour', baseline => combine(c, d)) f ORDER BY step;
-- a smaller alpha, a larger one
SELECT alpha, f.significant
FROM (SELECT funnel_agg(u, pg_temp.at(k), e, '{A,B}') AS s, funnel_agg(u, pg_temp.at(k), e, '{A,B}') FILTER (WHERE k = 0 OR u <= 30) AS less FROM generate_series(1, 100) u, (VALUES (0, 'A'), (1, 'B')) v(k, e) WHERE k = 0 OR u <= 50) x,
	unnest('{0.001,0.05}'::double precision[]) alpha, funnel(less, '1 hour', baseline => s, alpha => alpha) f WHERE f.step = 2 ORDER BY alpha;
