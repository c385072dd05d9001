-- activity_properties.sql
--		Properties of the activity family: published vectors, random and real
--		histories against an oracle in plain SQL, identities, same bytes of a
--		state whatever the way to it.

\ir activity_histories.psql

-- 1. Published vectors and tables worked by hand --------------------------

-- Each history as a state and, where the oracle can say it, from the oracle.
CREATE FUNCTION vector(history text) RETURNS activity_state LANGUAGE sql STABLE
	RETURN (SELECT activity_count_agg(d.u, d.day, d.n) FROM days d WHERE d.history = $1);
CREATE FUNCTION agree(have text, want text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT is_empty(format('SELECT * FROM differs(%L, %L)', have, want), what);
END
$$;

-- ClickHouse, 00688_aggregation_retention: users 0-79, 0-49 and 0-59 on three days
INSERT INTO days SELECT 'clickhouse', u::text, date '2018-08-06' + d, 1 FROM (VALUES (0, 79), (1, 49), (2, 59)) v(d, last), generate_series(0, last) u;
SELECT results_eq($$ SELECT day, eligible, retained FROM retention_curve(vector('clickhouse'), 2) ORDER BY day $$,
	$$ VALUES (0, 80::bigint, 80::bigint), (1, 80, 50), (2, 80, 60) $$, 'ClickHouse: 80 50 60');
-- its documentation: users 0-4, 0-9 and 0-14; only those of the first day are asked
INSERT INTO days SELECT 'clickhouse doc', u::text, date '2020-01-01' + d, 1 FROM (VALUES (0, 4), (1, 9), (2, 14)) v(d, last), generate_series(0, last) u;
SELECT results_eq($$ SELECT day, eligible, retained FROM retention_curve(vector('clickhouse doc'), 2, start_day => '2020-01-01', end_day => '2020-01-02') ORDER BY day $$,
	$$ VALUES (0, 5::bigint, 5::bigint), (1, 5, 5), (2, 5, 5) $$, 'ClickHouse: the example of its documentation');
-- duckdb-behavioral, retention.test: days 1, 2, 3; 1, 3; 1
INSERT INTO days SELECT 'duckdb', u, date '2024-01-01' + d - 1, 1 FROM (VALUES ('u1', 1), ('u1', 2), ('u1', 3), ('u2', 1), ('u2', 3), ('u3', 1)) v(u, d);
SELECT results_eq($$ SELECT u, string_agg(CASE retained WHEN 1 THEN 't' WHEN 0 THEN 'f' END, '' ORDER BY c.day)
		FROM (SELECT u, activity_agg(u, day) AS x FROM days WHERE history = 'duckdb' GROUP BY u) q, LATERAL retention_curve(x, 2, '2024-01-04') c GROUP BY u ORDER BY u $$,
	$$ VALUES ('u1', 'ttt'), ('u2', 'tft'), ('u3', 'tff') $$, 'duckdb-behavioral: ttt, tft, tff');
SELECT is_empty($$ SELECT * FROM retention_curve((SELECT activity_agg(u, day) FROM days WHERE false)) $$, 'duckdb-behavioral: no rows, no result');

-- PostHog, test_day_interval: every day a cohort of its own, 11 days
INSERT INTO days SELECT 'posthog', u, date '2020-06-10' + d, n FROM (VALUES ('p1', 0, 1), ('p1', 1, 1), ('p1', 2, 1), ('p1', 5, 2), ('p1', 6, 1),
	('p2', 1, 1), ('p2', 2, 1), ('p2', 3, 1), ('p2', 6, 1)) v(u, d, n);
CREATE TABLE posthog AS SELECT date '2020-06-10' + c AS cohort, a::integer - 1 AS age, x::bigint AS retained
FROM (VALUES (0, '1 1 1 0 0 1 1 0 0 0 0'), (1, '2 2 1 0 1 2 0 0 0 0'), (2, '2 1 0 1 2 0 0 0 0'), (3, '1 0 0 1 0 0 0 0'),
	(4, '0 0 0 0 0 0 0'), (5, '1 1 0 0 0 0'), (6, '2 0 0 0 0')) v(c, cells), LATERAL regexp_split_to_table(cells, ' ') WITH ORDINALITY s(x, a);
SELECT agree($$ SELECT cohort, age, retained FROM retention_cohorts(vector('posthog'), 'day', 10, '2020-06-21', 'every_period') WHERE cohort IS NOT NULL AND retained IS NOT NULL $$,
	'TABLE posthog', 'PostHog: days as cohorts');
SELECT is_empty($$ SELECT * FROM retention_cohorts(vector('posthog'), 'day', 10, '2020-06-21', 'every_period')
	WHERE cohort IS NOT NULL AND (retained IS NULL) IS DISTINCT FROM (period >= date '2020-06-21') $$, 'PostHog: what has not elapsed is NULL, and only that');

-- PostHog, test_stickiness: one user on 9 days, one on every second of them
INSERT INTO days SELECT 'stickiness', u, day, 1 FROM (SELECT 'p1' AS u, date '2020-01-11' + n AS day FROM generate_series(0, 8) n
	UNION ALL SELECT 'p2', date '2020-01-11' + n FROM generate_series(0, 8, 2) n) x;
SELECT results_eq($$ SELECT active_periods, users, users_at_least FROM stickiness_histogram(vector('stickiness'), '2020-01-11', '2020-01-20') ORDER BY 1 $$,
	$$ SELECT n, (n IN (5, 9))::integer::bigint, CASE WHEN n <= 5 THEN 2 ELSE 1 END::bigint FROM generate_series(1, 9) n $$, 'PostHog: one user on 5 days and one on 9, 9 rows for 9 days');
SELECT results_eq(format($$ SELECT active_periods, users FROM stickiness_histogram(vector('stickiness'), '2020-01-11', '2020-01-20', %L, %L) ORDER BY 1 $$, g, w), want,
	format('PostHog: by %s from %s', g, w))
FROM (VALUES ('week', 'sunday', 'VALUES (1, 0::bigint), (2, 0), (3, 2)'), ('week', 'monday', 'VALUES (1, 0::bigint), (2, 2)'),
	('month', 'monday', 'VALUES (1, 2::bigint)')) v(g, w, want);

-- PostHog#25998: 10 users of whom 2 return and 100 of whom none does; a month
-- without cohort lies between (#26217, #30624)
INSERT INTO days SELECT 'weighted', u::text, day, 1 FROM (SELECT u, date '2024-01-05' AS day FROM generate_series(1, 10) u
	UNION ALL SELECT u, '2024-02-10' FROM generate_series(1, 2) u UNION ALL SELECT u, '2024-03-15' FROM generate_series(101, 200) u) x;
SELECT agree($$ SELECT cohort, age, cohort_users, eligible, retained, round(rate, 12) FROM retention_cohorts(vector('weighted'), 'month', 2, '2024-05-01')
	WHERE cohort IS NULL OR cohort_users > 0 $$,
	$$ SELECT cohort, age, users, eligible, retained, round(rate, 12) FROM (VALUES
		(date '2024-01-01', 0, 10::bigint, 10::bigint, 10::bigint, 1), ('2024-01-01', 1, 10, 10, 2, 0.2), ('2024-01-01', 2, 10, 10, 0, 0),
		('2024-03-01', 0, 100, 100, 100, 1), ('2024-03-01', 1, 100, 100, 0, 0), ('2024-03-01', 2, 100, 0, NULL, NULL),
		(NULL, 0, 110, 110, 110, 1), (NULL, 1, 110, 110, 2, 0.018181818182), (NULL, 2, 110, 10, 0, 0)) v(cohort, age, users, eligible, retained, rate) $$,
	'PostHog: the mean over cohorts is weighted, 2 of 110');
SELECT results_eq($$ SELECT cohort, retained, round(rate, 3), round(change, 3) FROM retention_trend(vector('weighted'), 1, 'month', '2024-05-01') ORDER BY cohort $$,
	$$ VALUES (date '2024-01-01', 2::bigint, 0.200, NULL::numeric), ('2024-03-01', 0, 0.000, -0.200) $$, 'a trend has no row for a month without cohort');

-- Kaplan-Meier by hand, 10 days without activity are a lapse, so lapses are
-- known up to February 7, day 37.  a: leaves on day 0; b: on its day 4, back too
-- late; c: came on day 33, there up to its day 4 for all that is known; d: gaps
-- of exactly 10, leaves on its day 20; e: came on day 22, still there on its day
-- 15; f: still there on day 37; g: came too late to say anything.
INSERT INTO days SELECT 'survival', u, date '2024-01-01' + d, 1 FROM (VALUES ('a', 0), ('b', 0), ('b', 4), ('b', 15), ('c', 33), ('c', 41),
	('d', 0), ('d', 10), ('d', 20), ('e', 22), ('e', 30), ('e', 40), ('e', 47), ('f', 0), ('f', 10), ('f', 20), ('f', 30), ('f', 40), ('g', 38), ('g', 45)) v(u, d);
SELECT results_eq($$ SELECT day, at_risk, lapsed, censored, round(survival::numeric, 4) FROM activity_survival(vector('survival'), 10, '2024-02-18') ORDER BY day $$,
	$$ VALUES (0, 6::bigint, 1::bigint, 0::bigint, 0.8333), (4, 5, 1, 1, 0.6667), (15, 3, 0, 1, 0.6667), (20, 2, 1, 0, 0.3333), (37, 1, 0, 1, 0.3333) $$,
	'Kaplan-Meier: the table worked by hand');
SELECT is(median_lifetime(vector('survival'), 10, '2024-02-18'), 20, 'median lifetime: the first day on which half are left at most');
SELECT is(median_lifetime(vector('stickiness'), 3, '2020-01-21'), NULL::integer, 'median lifetime: none while more than half are left');
-- everybody leaves, one a day: half are left exactly when half have left
SELECT is_empty($$ SELECT m, median_lifetime(st, 30, '2021-01-01') FROM (SELECT m, activity_agg(u::bigint, date '2020-01-01' + d) AS st
		FROM generate_series(1, 50) m, generate_series(1, 2 * m) u, generate_series(0, u - 1) d GROUP BY m) x
	WHERE median_lifetime(st, 30, '2021-01-01') IS DISTINCT FROM m - 1 $$, 'median lifetime: exactly half is half');

-- Classes by hand: 11, 10, 3, 2 and 1 actions in a week of 8 people.
INSERT INTO days SELECT 'classes', u, date '2024-01-01' + d, n FROM (VALUES
	('a', 0, 5), ('a', 6, 6), ('b', 3, 10), ('c', 1, 1), ('c', 2, 2), ('d', 4, 2), ('e', 0, 1), ('e', 7, 9)) v(u, d, n);
SELECT results_eq($$ SELECT period, power_users, regular_users, low_users, dormant_users, active_users, qualified_users, round(qualified_rate, 4), round(active_rate, 4), complete
		FROM active_user_classes(vector('classes'), 'week', '2024-01-10', population => 8) ORDER BY period $$,
	$$ VALUES (date '2024-01-01', 1::bigint, 2::bigint, 2::bigint, 3::bigint, 5::bigint, 3::bigint, 0.3750, 0.6250, true), ('2024-01-08', 0, 1, 0, 7, 1, 1, 0.1250, 0.1250, false) $$,
	'classes: the table worked by hand');
SELECT results_eq($$ SELECT dormant_users, round(qualified_rate, 4), active_rate FROM active_user_classes(vector('classes'), 'week', '2024-01-10') ORDER BY period $$,
	$$ VALUES (NULL::bigint, 0.6000, NULL::numeric), (NULL, 1.0000, NULL) $$, 'classes: without population the active users are the whole');

-- Lifecycle by hand, over weeks: a every week, b pauses, c leaves.
INSERT INTO days SELECT 'lifecycle', u, date '2024-01-01' + 7 * w, 1 FROM (VALUES ('a', 0), ('a', 1), ('a', 2), ('a', 3), ('b', 0), ('b', 2), ('b', 3), ('c', 1)) v(u, w);
SELECT results_eq($$ SELECT period, active_users, new_users, returning_users, resurrecting_users, dormant_users, complete FROM lifecycle(vector('lifecycle')) ORDER BY period $$,
	$$ VALUES (date '2024-01-01', 2::bigint, 2::bigint, 0::bigint, 0::bigint, 0::bigint, true),
		('2024-01-08', 2, 1, 1, 0, 1, true), ('2024-01-15', 2, 0, 1, 1, 1, true), ('2024-01-22', 2, 0, 2, 0, 0, false) $$,
	'lifecycle: the table worked by hand');
SELECT results_eq($$ SELECT user_id, status FROM lifecycle_users(vector('lifecycle'), '2024-01-15') ORDER BY user_id $$,
	$$ VALUES ('a', 'returning'), ('b', 'resurrecting'), ('c', 'dormant') $$, 'lifecycle: the users behind a row');

-- the oracle says the same of all of them
CREATE FUNCTION oracle_of(history text, query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM use_history(history);
	RETURN QUERY EXECUTE format('SELECT x::text FROM (%s) x', query);
END
$$;
SELECT results_eq(format('SELECT * FROM oracle_of(%L, %L)', history, query), want, format('oracle: %s', history))
FROM (VALUES
	('clickhouse', 'SELECT day, retained FROM expected_curve(2, NULL, ''on'') ORDER BY 1', '{"(0,80)","(1,50)","(2,60)"}'::text[]),
	('weighted', 'SELECT round(rate, 4) FROM expected_cohorts(''month'', 2, ''2024-05-01'') WHERE cohort IS NULL ORDER BY age', '{(1.0000),(0.0182),(0.0000)}'),
	('survival', 'SELECT day, at_risk, lapsed, censored, round(survival::numeric, 2) FROM expected_survival(10, ''2024-02-18'') ORDER BY 1',
		'{"(0,6,1,0,0.83)","(4,5,1,1,0.67)","(15,3,0,1,0.67)","(20,2,1,0,0.33)","(37,1,0,1,0.33)"}'),
	('stickiness', 'SELECT active_periods, users FROM expected_histogram(NULL, NULL, ''week'', ''sunday'') ORDER BY 1', '{"(1,0)","(2,0)","(3,2)"}'),
	('lifecycle', 'SELECT active_users, new_users, returning_users, resurrecting_users, dormant_users FROM expected_lifecycle(''week'', NULL) ORDER BY period',
		'{"(2,2,0,0,0)","(2,1,1,0,1)","(2,0,1,1,1)","(2,0,2,0,0)"}'),
	('classes', 'SELECT power_users, regular_users, low_users, dormant_users FROM expected_classes(''week'', NULL, population => 8) ORDER BY period', '{"(1,2,2,3)","(0,1,0,7)"}')
	) v(history, query, want);
SELECT is_empty($$ SELECT * FROM oracle_of('posthog', $q$ SELECT cohort, age, retained FROM expected_cohorts('day', 10, '2020-06-21', 'every_period')
		WHERE cohort IS NOT NULL AND retained IS NOT NULL $q$)
	EXCEPT ALL SELECT p::text FROM posthog p $$, 'oracle: posthog');

-- 2. Equality with the oracle ---------------------------------------------

-- The days as of which each history is asked: by default, in its middle, on
-- its second day, before it, and long after it.
CREATE TABLE asked AS
SELECT x.history, a.n, a.as_of, x.middle - 30 AS start_day, x.middle + 40 AS end_day
FROM (SELECT history, min(day) AS first_day, max(day) AS last_day, percentile_disc(0.5) WITHIN GROUP (ORDER BY day) AS middle FROM days
		WHERE history IN ('people', 'all', 'commits') GROUP BY 1) x,
	LATERAL (VALUES (1, NULL::date), (2, middle + 3), (3, first_day + 1), (4, first_day), (5, last_day + 401)) a(n, as_of);

-- the same numbers with and without counts, and by each type of key
CREATE TABLE keyed AS
SELECT 'bigint' AS what, activity_agg(u, day) AS st, activity_count_agg(u, day, actions) AS counts FROM events WHERE history = 'people' AND actions > 0
UNION ALL
SELECT 'uuid', activity_agg(md5(u::text)::uuid, day), activity_count_agg(md5(u::text)::uuid, day, actions) FROM events WHERE history = 'people' AND actions > 0
UNION ALL
SELECT 'text', activity_agg('user ' || u, day), activity_count_agg('user ' || u, day, actions) FROM events WHERE history = 'people' AND actions > 0;

-- retention curve: every mode, entry, range, bound of actions and day of
-- asking; each seed takes a part of what there is
CREATE TABLE curve AS
SELECT row_number() OVER () AS number, a.history, ret AS returns, w.*, e.entry, b.start_day, b.end_day, a.as_of, k.min_actions
FROM asked a, (VALUES (NULL), ('merges'), ('other')) r(ret),
	(VALUES ('on', NULL::integer[], 8), ('on', NULL, 100), ('on_or_after', NULL, 8), ('on_or_after', NULL, 100), ('on_or_before', NULL, 8), ('on_or_before', NULL, 100),
		('streak', NULL, 12), ('bracket', '{0,1,2,8,29,60}', 5), ('bracket', '{3,10,400}', 5)) w(mode, edges, horizon),
	unnest('{first_ever,first_in_range,every_period}'::text[]) e(entry),
	LATERAL (VALUES (NULL::date, NULL::date), (a.start_day, a.end_day), (a.start_day, NULL), (NULL, a.end_day)) b(start_day, end_day),
	unnest('{1,3}'::integer[]) k(min_actions)
WHERE (ret IS NULL OR (a.history, ret) IN (('commits', 'merges'), ('people', 'other')))
	AND (e.entry <> 'every_period' OR a.history = 'people' AND b.start_day IS NOT NULL AND b.end_day IS NOT NULL AND horizon < 20)
	AND (horizon < 20 OR a.history = 'people');
DELETE FROM curve WHERE pick('curve' || number, 100) >= current_setting('nm_test.percent')::integer;
CREATE FUNCTION curve_of(c curve, state text, columns text) RETURNS text LANGUAGE sql
	RETURN format('SELECT %s FROM retention_curve(%s(%L), %L, %L, %L, %L, %L, %L, %L, %L, %s)', columns, state, c.history,
		c.horizon, c.as_of, c.mode, c.edges, c.min_actions, c.entry, c.start_day, c.end_day,
		CASE WHEN c.returns IS NULL THEN 'NULL' ELSE format('%s(%L)', state, c.returns) END);
CREATE FUNCTION curves_differ(history text, returns text) RETURNS TABLE (way text, difference text) LANGUAGE plpgsql AS $$
DECLARE
	c curve;
BEGIN
	PERFORM use_history(history, returns);
	FOR c IN SELECT * FROM curve x WHERE x.history = curves_differ.history AND x.returns IS NOT DISTINCT FROM curves_differ.returns LOOP
		RETURN QUERY SELECT c::text, d FROM differs(curve_of(c, 'counts', 'day, eligible, retained, churned, round(rate, 12), last_day'),
			format('SELECT * FROM expected_curve(%L, %L, %L, %L, %L, %L, %L, %L)', c.horizon, c.as_of, c.mode, c.edges, c.min_actions, c.entry, c.start_day, c.end_day)) d;
		RETURN QUERY SELECT c::text || ' without counts', d FROM differs(curve_of(c, 'st', '*'), curve_of(c, 'counts', '*')) d WHERE c.min_actions = 1;
	END LOOP;
END
$$;
SELECT diag(format('%s curves', (SELECT count(*) FROM curve)));
SELECT is_empty(format('SELECT * FROM curves_differ(%L, %L) LIMIT 10', h, ret), format('%s%s: every curve equals the oracle', h, ', return by ' || ret))
FROM (VALUES ('people', NULL), ('people', 'other'), ('all', NULL), ('commits', NULL), ('commits', 'merges')) v(h, ret);

-- the interval around a rate
SELECT is_empty(format($$ SELECT c.* FROM retention_curve(st('people'), 60, confidence => %s) c
	WHERE abs(rate_low - nm_test.wilson(retained, eligible, %2$s, -1)) > 1e-9
		OR abs(rate_high - nm_test.wilson(retained, eligible, %2$s, 1)) > 1e-9
		OR (rate_low IS NULL) <> (rate IS NULL) OR (rate_high IS NULL) <> (rate IS NULL) $$, confidence, z),
	format('curve: Wilson''s interval, confidence %s', confidence))
FROM (VALUES (0.95, 1.9599639845400545), (0.9, 1.6448536269514722), (0.99, 2.5758293035489004)) v(confidence, z);

-- cohorts, in the same way
CREATE TABLE cohorts AS
SELECT row_number() OVER () AS number, a.history, ret AS returns, g.*, e.entry, m.mode, b.start_day, b.end_day, a.as_of, k.min_actions
FROM asked a, (VALUES (NULL), ('merges'), ('other')) r(ret),
	(VALUES ('day', 9, 'monday', 1), ('week', 6, 'monday', 1), ('week', 4, 'sunday', 1), ('month', 5, 'monday', 1), ('quarter', 3, 'monday', 2),
		('year', 2, 'monday', 1), ('4-4-5', 3, 'sunday', 2)) g(grain, periods, week_start, fiscal),
	unnest('{first_ever,first_in_range,every_period}'::text[]) e(entry), unnest('{on,on_or_after,on_or_before,streak}'::text[]) m(mode),
	LATERAL (VALUES (NULL::date, NULL::date), (a.start_day, a.end_day), (a.start_day, NULL), (NULL, a.end_day)) b(start_day, end_day),
	unnest('{1,3}'::integer[]) k(min_actions)
WHERE (ret IS NULL OR (a.history, ret) IN (('commits', 'merges'), ('people', 'other')))
	AND (a.history = 'people' OR g.grain NOT IN ('day', 'week', '4-4-5'))
	AND (g.grain <> 'day' OR b.start_day IS NOT NULL AND b.end_day IS NOT NULL);
DELETE FROM cohorts WHERE pick('cohorts' || number, 400) >= current_setting('nm_test.percent')::integer;
CREATE FUNCTION cohorts_of(c cohorts, state text, columns text) RETURNS text LANGUAGE sql
	RETURN format('SELECT %s FROM retention_cohorts(%s(%L), %L, %L, %L, %L, %L, %L, %L, %L, %s, %L, %L)', columns, state, c.history,
		c.grain, c.periods, c.as_of, c.entry, c.mode, c.min_actions, c.start_day, c.end_day,
		CASE WHEN c.returns IS NULL THEN 'NULL' ELSE format('%s(%L)', state, c.returns) END, c.week_start, c.fiscal);
CREATE FUNCTION cohorts_differ(history text, returns text) RETURNS TABLE (way text, difference text) LANGUAGE plpgsql AS $$
DECLARE
	c cohorts;
BEGIN
	PERFORM use_history(history, returns);
	FOR c IN SELECT * FROM cohorts x WHERE x.history = cohorts_differ.history AND x.returns IS NOT DISTINCT FROM cohorts_differ.returns LOOP
		RETURN QUERY SELECT c::text, d FROM differs(cohorts_of(c, 'counts', 'cohort, age, period, cohort_users, eligible, retained, round(rate, 12)'),
			format('SELECT * FROM expected_cohorts(%L, %L, %L, %L, %L, %L, %L, %L, %L, %L)',
				c.grain, c.periods, c.as_of, c.entry, c.mode, c.min_actions, c.start_day, c.end_day, c.week_start, c.fiscal)) d;
		RETURN QUERY SELECT c::text || ' without counts', d FROM differs(cohorts_of(c, 'st', '*'), cohorts_of(c, 'counts', '*')) d WHERE c.min_actions = 1;
	END LOOP;
END
$$;
SELECT diag(format('%s tables of cohorts', (SELECT count(*) FROM cohorts)));
SELECT is_empty(format('SELECT * FROM cohorts_differ(%L, %L) LIMIT 10', h, ret), format('%s%s: every table of cohorts equals the oracle', h, ', return by ' || ret))
FROM (VALUES ('people', NULL), ('people', 'other'), ('all', NULL), ('commits', NULL), ('commits', 'merges')) v(h, ret);

-- every other accessor: {st} and {counts} are the states of a history, {as_of}
-- the day of asking, {lo} and {hi} a range; people and commits as of now, and
-- what the seed picks of the rest
CREATE FUNCTION equals_oracle(query text, want text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	a asked;
	found text[] := '{}';
	q text[];
BEGIN
	FOR a IN SELECT * FROM asked x WHERE x.n = 1 AND x.history IN ('people', 'commits')
		OR pick(what || x.history || x.n, 100) < current_setting('nm_test.percent')::integer AND (x.n = 1 OR strpos(query, '{as_of}') > 0)
	LOOP
		PERFORM use_history(a.history);
		SELECT array_agg(replace(replace(replace(replace(replace(x, '{st}', format('st(%L)', a.history)), '{counts}', format('counts(%L)', a.history)),
			'{as_of}', format('%L::date', a.as_of)), '{lo}', quote_literal(a.start_day)), '{hi}', quote_literal(a.end_day)) ORDER BY n) INTO q
			FROM unnest(ARRAY[query, want]) WITH ORDINALITY u(x, n);
		found := found || ARRAY(SELECT format('%s as of %s: %s', a.history, a.as_of, d) FROM differs(q[1], q[2]) d LIMIT 4);
	END LOOP;
	RETURN NEXT is(found[1:8], '{}', what || ' equals the oracle');
END
$$;

SELECT equals_oracle(format('SELECT cohort, eligible, retained, round(rate, 12), round(change, 12) FROM retention_trend({st}, %s, %L, {as_of}, %L, %L, %L, %s)', age, g, entry, mode, w, f),
	format('SELECT * FROM expected_trend(%s, %L, {as_of}, %L, %L, %L, %s)', age, g, entry, mode, w, f), format('trend of age %s by %s, %s, %s', age, g, entry, mode))
FROM (VALUES (1, 'month', 'first_ever', 'on', 'monday', 1), (0, 'quarter', 'first_ever', 'on', 'monday', 3), (2, 'quarter', 'every_period', 'on_or_after', 'monday', 1),
	(3, 'week', 'first_ever', 'streak', 'friday', 1), (1, 'year', 'every_period', 'on_or_before', 'monday', 1)) v(age, g, entry, mode, w, f);

SELECT equals_oracle(format($$ SELECT users, round(day_1, 12), round(day_7, 12), round(day_30, 12), round(day_90, 12),
			eligible_1, eligible_7, eligible_30, eligible_90, excluded_users, excluded_days
		FROM retention_summary({st}, {as_of}, %L) $$, m),
	format($$ SELECT (SELECT count(DISTINCT u) FROM h WHERE day < known_until({as_of})), max(rate) FILTER (WHERE day = 1), max(rate) FILTER (WHERE day = 7),
			max(rate) FILTER (WHERE day = 30), max(rate) FILTER (WHERE day = 90),
		max(eligible) FILTER (WHERE day = 1), max(eligible) FILTER (WHERE day = 7),
			max(eligible) FILTER (WHERE day = 30), max(eligible) FILTER (WHERE day = 90), 0::bigint, 0::bigint
		FROM expected_curve(90, {as_of}, %L) $$, m), 'summary, ' || m)
FROM unnest('{on,on_or_after}'::text[]) m;

SELECT equals_oracle(format('SELECT day, at_risk, lapsed, censored, round(survival::numeric, 12) FROM activity_survival({st}, %s, {as_of})', g),
	format('SELECT day, at_risk, lapsed, censored, round(survival::numeric, 12) FROM expected_survival(%s, {as_of})', g), format('survival, %s days', g))
FROM unnest('{1,7,30,365}'::integer[]) g;
SELECT equals_oracle(format('SELECT median_lifetime({counts}, %s, {as_of})', g),
	format('SELECT min(day) FROM expected_survival(%s, {as_of}) WHERE survival <= 0.5 + 1e-12', g), format('median lifetime, %s days', g)) FROM unnest('{1,7,30,365}'::integer[]) g;
SELECT equals_oracle('SELECT day, survival_low IS NULL, survival_high IS NULL FROM activity_survival({st}, 7, {as_of})',
	'SELECT day, survival NOT BETWEEN 1e-12 AND 1 - 1e-12, survival NOT BETWEEN 1e-12 AND 1 - 1e-12 FROM expected_survival(7, {as_of})', 'no interval at 1 and 0');
-- Greenwood's interval on the scale log(-log)
SELECT equals_oracle(format($$ SELECT day, round(survival_low::numeric, 8), round(survival_high::numeric, 8) FROM activity_survival({st}, %s, {as_of})
		WHERE survival > 0 AND survival < 1 $$, g),
	format($$ SELECT day, round(power(survival, exp(-1.9599639845400545 * sqrt(greenwood) / ln(survival)))::numeric, 8),
			round(power(survival, exp(1.9599639845400545 * sqrt(greenwood) / ln(survival)))::numeric, 8)
		FROM expected_survival(%s, {as_of}) WHERE survival > 0 AND survival < 1 $$, g), format('interval of survival, %s days', g)) FROM unnest('{7,30}'::integer[]) g;

SELECT equals_oracle(format('SELECT day, active_users, new_users, total_users, round(share, 12), complete FROM active_users({st}, %s, {as_of}, %s, %s, %s)', w, lo, hi, population),
	format('SELECT * FROM expected_active(%s, {as_of}, %s, %s, %s)', w, lo, hi, population), format('active users of %s days, range %s, population %s', w, lo <> 'NULL', population))
FROM (VALUES (1, 'NULL', 'NULL', 'NULL'), (7, 'NULL', 'NULL', '1000'), (30, 'NULL', '{hi}', 'NULL'), (128, '{lo}', 'NULL', 'NULL'), (365, '{lo}', '{hi}', 'NULL')) v(w, lo, hi, population);
SELECT equals_oracle(format('SELECT day, dau, wau, mau, round(dau_wau, 12), round(dau_mau, 12), complete FROM stickiness({st}, {as_of}, %s, %s)', lo, hi),
	format('SELECT * FROM expected_stickiness({as_of}, %s, %s)', lo, hi), 'stickiness, range ' || (lo <> 'NULL')) FROM (VALUES ('NULL', 'NULL'), ('{lo}', '{hi}')) v(lo, hi);
SELECT equals_oracle(format('SELECT active_periods, users, users_at_least, round(share, 12) FROM stickiness_histogram({st}, %s, %s, %L, %L, %s)', lo, hi, g, w, f),
	format('SELECT * FROM expected_histogram(%s, %s, %L, %L, %s)', lo, hi, g, w, f), format('histogram by %s from %s, range %s', g, w, lo <> 'NULL'))
FROM (VALUES ('day', 'monday', 1), ('week', 'monday', 1), ('week', 'thursday', 1), ('month', 'monday', 1), ('quarter', 'monday', 2), ('year', 'monday', 4),
		('5-4-4', 'sunday', 2)) g(g, w, f),
	(VALUES ('NULL', 'NULL'), ('{lo}', '{hi}'), ('NULL', '{hi}')) r(lo, hi)
WHERE g <> 'day' OR lo <> 'NULL';

SELECT equals_oracle(format('SELECT period, active_users, new_users, returning_users, resurrecting_users, dormant_users, complete
		FROM lifecycle({st}, %L, {as_of}, %s, %s, %L, %s)', g, lo, hi, w, f),
	format('SELECT * FROM expected_lifecycle(%L, {as_of}, %s, %s, %L, %s)', g, lo, hi, w, f), format('lifecycle by %s from %s, range %s', g, w, lo <> 'NULL'))
FROM (VALUES ('day', 'monday', 1), ('week', 'monday', 1), ('week', 'wednesday', 1), ('month', 'monday', 1), ('quarter', 'monday', 3), ('year', 'monday', 1),
		('4-5-4', 'sunday', 2)) g(g, w, f),
	(VALUES ('NULL', 'NULL'), ('{lo}', '{hi}'), ('NULL', '{hi}')) r(lo, hi);
-- the users behind a row, for every period from the first to the last
SELECT equals_oracle(format('SELECT p.period, x.user_id, x.status FROM (SELECT DISTINCT period FROM statuses(%1$L, {as_of}, %2$L, %3$s)) p,
		LATERAL lifecycle_users({st}, p.period, %1$L, {as_of}, %2$L, %3$s) x', g, w, f),
	format('SELECT * FROM statuses(%L, {as_of}, %L, %s)', g, w, f), format('lifecycle_users by %s from %s', g, w))
FROM (VALUES ('week', 'sunday', 1), ('month', 'monday', 1), ('quarter', 'monday', 2)) g(g, w, f);

SELECT equals_oracle(format('SELECT period, power_users, regular_users, low_users, dormant_users, active_users, qualified_users,
		round(qualified_rate, 12), round(active_rate, 12), complete FROM active_user_classes({counts}, %L, {as_of}, %s, %s, %s, %s, %s, %L)',
		g, lo, hi, population, power, regular, w),
	format('SELECT * FROM expected_classes(%L, {as_of}, %s, %s, %s, %s, %s, %L)', g, lo, hi, population, power, regular, w),
	format('classes by %s from %s, above %s, from %s, population %s', g, w, power, regular, population))
FROM (VALUES ('week', 'monday', 'NULL', 'NULL', '2000', 10, 3), ('week', 'sunday', '{lo}', '{hi}', 'NULL', 5, 2),
		('day', 'monday', 'NULL', 'NULL', '2000', 10, 3), ('day', 'monday', '{lo}', '{hi}', 'NULL', 3, 3)) v(g, w, lo, hi, population, power, regular);

SELECT lives_ok($$ SELECT * FROM active_user_classes(counts('people'), power_above => 2) $$, 'classes: power_above alone may be low');
SELECT throws_ok($$ SELECT * FROM active_users(st('people'), 7, population => 3) $$, '22023', NULL, 'a population is not less than its active users');
SELECT throws_ok($$ SELECT * FROM active_user_classes(counts('people'), population => 3) $$, '22023', NULL, 'nor in classes');

SELECT equals_oracle('SELECT user_id, first_day, last_day, active_days, actions FROM activity_users({counts}, {as_of})',
	'SELECT u, min(day), max(day), count(*), sum(n)::bigint FROM h WHERE day < known_until({as_of}) GROUP BY 1', 'users with counts');
SELECT equals_oracle('SELECT user_id, first_day, last_day, active_days, actions FROM activity_users({st}, {as_of})',
	'SELECT u, min(day), max(day), count(*), NULL::bigint FROM h WHERE day < known_until({as_of}) GROUP BY 1', 'users without counts');
SELECT equals_oracle('SELECT user_id, day, actions FROM activity_days({counts})', 'SELECT u, day, n FROM h', 'days with counts');
SELECT equals_oracle('SELECT user_id, day FROM activity_days({st})', 'SELECT u, day FROM h', 'days without counts');

-- 3. Identities -----------------------------------------------------------

SELECT is_empty(format($$ SELECT * FROM (SELECT *, active_users - lag(active_users, 1, 0::bigint) OVER (ORDER BY period) AS growth FROM lifecycle(st(%L), %L)) x
	WHERE active_users <> new_users + returning_users + resurrecting_users OR growth <> new_users + resurrecting_users - dormant_users $$, h, g),
	format('lifecycle of %s by %s: both identities', h, g))
FROM unnest('{people,all,commits}'::text[]) h, unnest('{day,week,month,quarter,year,4-4-5}'::text[]) g WHERE (h, g) <> ('all', 'day');
SELECT is_empty(format($$ SELECT 1 FROM lifecycle(st(%1$L), %2$L) HAVING sum(new_users) <> (SELECT count(*) FROM activity_users(st(%1$L)))
	UNION ALL SELECT 1 FROM active_users(st(%1$L)) HAVING sum(new_users) <> (SELECT count(*) FROM activity_users(st(%1$L)))
	UNION ALL SELECT 2 FROM active_users(st(%1$L)) HAVING sum(active_users) <> (SELECT sum(active_days) FROM activity_users(st(%1$L)))
	UNION ALL SELECT 3 FROM stickiness_histogram(st(%1$L), grain => %2$L) HAVING sum(users) <> (SELECT count(*) FROM activity_users(st(%1$L)))
	UNION ALL SELECT 4 FROM stickiness_histogram(st(%1$L), grain => %2$L) HAVING sum(users * active_periods) <> (SELECT sum(active_users) FROM lifecycle(st(%1$L), %2$L))
	UNION ALL SELECT 5 FROM retention_cohorts(st(%1$L), %2$L, 3) WHERE cohort IS NOT NULL AND age = 0 HAVING sum(cohort_users) <> (SELECT count(*) FROM activity_users(st(%1$L)))
	UNION ALL SELECT 6 FROM activity_survival(st(%1$L)) HAVING sum(lapsed + censored) <> (SELECT count(*) FROM activity_users(st(%1$L)) WHERE first_day <= (SELECT max(last_day) FROM activity_users(st(%1$L))) - 30) $$, h, g),
	format('%s by %s: sums over rows are the whole', h, g))
FROM unnest('{people,all,commits}'::text[]) h, unnest('{week,month,year}'::text[]) g;
-- cohorts of the whole history, each with every later period: what is active
SELECT is_empty(format($$ SELECT * FROM (SELECT period, sum(retained) AS n FROM retention_cohorts(st(%1$L), %2$L, 90) WHERE cohort IS NOT NULL GROUP BY 1) c
		JOIN lifecycle(st(%1$L), %2$L) l USING (period)
	WHERE l.complete AND c.n <> l.active_users $$, h, g), format('%s: cohorts by %s add up to the active users', h, g))
FROM (VALUES ('people', 'week'), ('people', 'month'), ('commits', 'year')) v(h, g);
SELECT is_empty(format($$ SELECT * FROM retention_curve(counts(%1$L), 60, NULL, 'on') a JOIN retention_curve(counts(%1$L), 60, NULL, 'on_or_after') b USING (day)
		JOIN retention_curve(counts(%1$L), 60, NULL, 'on_or_before') c USING (day) JOIN retention_curve(counts(%1$L), 60, NULL, 'streak') d USING (day)
	WHERE d.retained > a.retained OR a.retained > b.retained OR a.retained > c.retained OR a.eligible <> b.eligible OR a.eligible <> c.eligible OR a.eligible <> d.eligible $$, h),
	format('%s: streak <= on <= on or after, on <= on or before', h)) FROM unnest('{people,commits}'::text[]) h;
-- brackets of one day are days, a bracket from day 1 is on or before
SELECT agree(format('SELECT day, eligible, retained, churned, rate, rate_low, rate_high, last_day FROM retention_curve(st(%L), 0, NULL, %L, ARRAY(SELECT generate_series(0, 91)))', h, 'bracket'),
	format('SELECT * FROM retention_curve(st(%L), 90)', h), h || ': brackets of one day are the days') FROM unnest('{people,commits}'::text[]) h;
SELECT agree(format('SELECT eligible, retained FROM retention_curve(st(%L), 0, NULL, %L, ARRAY[1, %s])', h, 'bracket', n + 1),
	format('SELECT eligible, retained FROM retention_curve(st(%L), %s, NULL, %L) WHERE day = %s', h, n, 'on_or_before', n), format('%s: a bracket from 1 to %s is on or before', h, n))
FROM unnest('{people,commits}'::text[]) h, unnest('{1,7,30}'::integer[]) n;
SELECT agree(format('SELECT day, d.active_users, w.active_users, m.active_users FROM active_users(st(%1$L), 1) d
		JOIN active_users(st(%1$L), 7) w USING (day) JOIN active_users(st(%1$L), 30) m USING (day)', h),
	format('SELECT day, dau, wau, mau FROM stickiness(st(%L))', h), h || ': stickiness is the windows of 1, 7 and 30 days') FROM unnest('{people,commits}'::text[]) h;
SELECT agree(format('SELECT active_users, power_users + regular_users + low_users FROM active_user_classes(counts(%L), %L)', h, 'day'),
	format('SELECT active_users, active_users FROM active_users(st(%L), 7)', h), h || ': classes of rolling weeks are the active users of 7 days') FROM unnest('{people,commits}'::text[]) h;

-- 4. As of ----------------------------------------------------------------

-- what lies on or after the day is as if it were not there
CREATE FUNCTION before(history text, as_of date) RETURNS activity_state LANGUAGE sql STABLE
	RETURN (SELECT activity_count_agg(d.u::bigint, d.day, d.n) FROM days d WHERE d.history = $1 AND d.day < as_of);
SELECT agree(format(query, format('counts(%L)', 'people'), format('%L::date', a)), format(query, format('before(%L, %L)', 'people', a), format('%L::date', a)),
	format('as of %s: the rows known then give the same %s', a, substring(query, 'FROM (\w+)')))
FROM unnest('{1999-12-31,2000-01-01,2000-05-08}'::date[]) a, unnest(ARRAY['SELECT * FROM retention_curve(%s, 40, %s, ''on_or_after'', min_actions => 3)',
	'SELECT * FROM retention_cohorts(%s, ''week'', 6, %s, ''every_period'', ''on_or_after'')', 'SELECT * FROM activity_survival(%s, 7, %s)', 'SELECT * FROM active_users(%s, 30, %s)',
	'SELECT * FROM lifecycle(%s, ''month'', %s)', 'SELECT * FROM active_user_classes(%s, ''week'', %s)', 'SELECT * FROM activity_users(%s, %s)', 'SELECT * FROM retention_summary(%s, %s)']) query;

-- 5. Same numbers ---------------------------------------------------------

-- with and without counts, by each type of key
CREATE TABLE numbers AS SELECT * FROM (VALUES
	('SELECT * FROM retention_curve({}, 60)'), ('SELECT * FROM retention_curve({}, 60, mode => ''streak'', entry => ''every_period'')'), ('SELECT * FROM retention_cohorts({}, ''week'', 8)'),
	('SELECT * FROM retention_summary({})'),
	('SELECT * FROM activity_survival({}, 14)'), ('SELECT * FROM active_users({}, 7)'), ('SELECT * FROM stickiness({})'),
	('SELECT * FROM stickiness_histogram({}, grain => ''week'')'), ('SELECT * FROM lifecycle({})')) v(query);
SELECT agree(replace(query, '{}', format('(SELECT st FROM keyed WHERE what = %L)', what)), replace(query, '{}', '(SELECT counts FROM keyed WHERE what = ''bigint'')'),
	format('%s keys without counts, bigint with counts: the same %s', what, substring(query, 'FROM (\w+)')))
FROM numbers, unnest('{bigint,uuid,text}'::text[]) what;
SELECT agree(replace(query, '{}', format('(SELECT counts FROM keyed WHERE what = %L)', what)), replace(query, '{}', '(SELECT counts FROM keyed WHERE what = ''bigint'')'),
	format('%s and bigint keys: the same %s', what, substring(query, 'FROM (\w+)')))
FROM (VALUES ('SELECT * FROM retention_curve({}, 60, mode => ''on_or_after'', min_actions => 5)'), ('SELECT * FROM active_user_classes({})'),
	('SELECT first_day, last_day, active_days, actions FROM activity_users({})')) n(query), unnest('{uuid,text}'::text[]) what;

-- exclusion is a filter before the aggregate
CREATE TABLE left_out AS SELECT array_agg(u::text) || '{0,-1,9223372036854775807}'::text[] AS users FROM events WHERE history = 'people' AND u % 3 = 0;
SELECT results_eq(format('SELECT bytes(activity_exclude(%s(%L), users)) FROM left_out', f, 'people'),
	format('SELECT bytes(%s) FROM events WHERE history = %L AND actions > 0 AND u %% 3 <> 0', agg, 'people'),
	f || ': exclusion is a filter before the aggregate')
FROM (VALUES ('st', 'activity_agg(u, day)'), ('counts', 'activity_count_agg(u, day, actions)')) v(f, agg);
SELECT results_eq(format('SELECT x.users, x.active_days, x.actions FROM left_out, activity_excluded(%s(%L), left_out.users) x', f, 'people'),
	format('SELECT count(DISTINCT u), count(*), %s FROM days WHERE history = %L AND u::bigint %% 3 = 0', actions, 'people'), f || ': activity_excluded counts what is taken away')
FROM (VALUES ('st', 'NULL::bigint'), ('counts', 'sum(n)::bigint')) v(f, actions);
SELECT results_eq('SELECT x.* FROM left_out, retention_summary(st(''people''), NULL, ''on'', users) x',
	'SELECT x.users, x.day_1, x.day_7, x.day_30, x.day_90, x.eligible_1, x.eligible_7, x.eligible_30, x.eligible_90, e.users, e.active_days
	FROM left_out, activity_excluded(st(''people''), left_out.users) e, retention_summary(activity_exclude(st(''people''), left_out.users)) x',
	'the summary with users left out is that of the state without them');
SELECT results_eq($$ SELECT bytes(activity_exclude(st, ARRAY(SELECT md5(u)::uuid::text FROM left_out, unnest(users) u))) FROM keyed WHERE what = 'uuid' $$,
	$$ SELECT bytes(activity_agg(md5(u::text)::uuid, day)) FROM events WHERE history = 'people' AND actions > 0 AND u % 3 <> 0 $$, 'exclusion by uuid');
SELECT results_eq($$ SELECT bytes(activity_exclude(st, ARRAY(SELECT 'user ' || u FROM left_out, unnest(users) u))) FROM keyed WHERE what = 'text' $$,
	$$ SELECT bytes(activity_agg('user ' || u, day)) FROM events WHERE history = 'people' AND actions > 0 AND u % 3 <> 0 $$, 'exclusion by text');
SELECT results_eq($$ SELECT bytes(activity_exclude(st('people'), '{}')) $$, $$ SELECT bytes(st('people')) $$, 'nobody excluded: same bytes');

-- 6. Same bytes -----------------------------------------------------------

CREATE TABLE sample AS SELECT * FROM events WHERE history IN ('people', 'borders') OR u % 10 = 3;
ANALYZE sample;

-- every way to build a state
CREATE TABLE kind AS
SELECT k || ', ' || what AS what, agg, format(args, k) AS args, NULL::text AS b
FROM unnest('{u,u::text,md5(u::text)::uuid}'::text[]) k,
	(VALUES ('days', 'activity_agg', '%s, day'), ('instants', 'activity_at_agg', '%s, at, zone'), ('counts', 'activity_count_agg', '%s, day, actions')) a(what, agg, args);
CREATE FUNCTION bytes_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE query INTO result;
	RETURN result;
END
$$;
UPDATE kind SET b = bytes_of(format('SELECT bytes(%s(%s)) FROM sample', agg, args));
SELECT is(bytes_of(format('SELECT bytes(%s(%s ORDER BY %s)) FROM sample', agg, args, o)), b, format('%s: order by %s gives the same bytes', what, o))
FROM kind, unnest(ARRAY['day DESC, u DESC', 'u, day DESC', format('md5(id || %L)', :'seed'), format('md5(%L || id)', :'seed')]) o;
SELECT is(bytes_of(format('SELECT bytes(rollup(part ORDER BY p DESC)) FROM (SELECT p,
		(SELECT %s(%s) FROM sample WHERE abs(hashint4(id)) %% %s = p)::text::activity_state AS part FROM generate_series(0, %3$s) p OFFSET 0) q', agg, args, parts)),
	b, format('%s: %s parts, merged as text, give the same bytes', what, parts))
FROM kind, unnest('{1,2,7}'::integer[]) parts;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT rollup(one) AS part FROM (SELECT id, %s(%s) AS one FROM sample GROUP BY id) q GROUP BY id %% 9) r', agg, args)),
	b, format('%s: a rollup of rollups of one row each gives the same bytes', what)) FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT %s(%s) AS part FROM sample GROUP BY day) q', agg, args)), b,
	format('%s: a state a day, merged, gives the same bytes', what)) FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT %s(%s) AS part FROM sample GROUP BY u) q', agg, args)), b,
	format('%s: a state a user, merged, gives the same bytes', what)) FROM kind;
SELECT is(bytes_of(format('SELECT bytes(x::text::activity_state) FROM (SELECT %s(%s) AS x FROM sample) q', agg, args)), b,
	format('%s: the text form gives the same bytes', what)) FROM kind;

-- days that come twice change nothing without counts, and count twice with them
SELECT is(bytes(combine(st, st)), bytes(st), history || ': a state and itself is itself') FROM s;
SELECT is_empty(format('SELECT * FROM differs(%L, %L)', format('SELECT user_id, day, actions FROM activity_days(combine(counts(%1$L), counts(%1$L)))', history),
	format('SELECT user_id, day, 2 * actions FROM activity_days(counts(%L))', history)), history || ': with counts, actions add up') FROM s;

-- combine: commutative, associative, NULL is neutral
CREATE TABLE p AS
SELECT history, 'days' AS what, st FROM s UNION ALL SELECT history, 'counts', counts FROM s;
SELECT ok(bool_and(bytes(combine(x.st, y.st)) = bytes(combine(y.st, x.st)) AND bytes(combine(combine(x.st, y.st), z.st)) = bytes(combine(x.st, combine(y.st, z.st)))
		AND bytes(combine(x.st, NULL)) = bytes(x.st) AND bytes(combine(NULL, x.st)) = bytes(x.st)), 'combine is commutative and associative to the byte, and NULL is neutral')
FROM p x, p y, p z WHERE x.what = y.what AND y.what = z.what AND (x.history || y.history || z.history) !~ 'all|commits';
SELECT ok(bool_and((x.st = y.st) = (bytes(x.st) = bytes(y.st)) AND (x.st < y.st) = (y.st > x.st) AND (x.st <> y.st) = NOT (x.st = y.st)), 'comparison is that of the bytes')
FROM p x, p y WHERE (x.history || y.history) !~ 'all|commits';

-- the binary form, through a file
CREATE TABLE copied (history text, what text, st activity_state);
\set file `mktemp`
\setenv NM_FILE :file
\set out '\\copy p TO ' :'file' ' (FORMAT binary)'
\set in '\\copy copied FROM ' :'file' ' (FORMAT binary)'
:out
:in
\! rm -f "$NM_FILE"
SELECT results_eq('SELECT history, what, bytes(st) FROM copied ORDER BY 1, 2', 'SELECT history, what, bytes(st) FROM p ORDER BY 1, 2', 'the binary form gives the same bytes');

-- serial and parallel, hashed and sorted
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END
$$;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL max_parallel_workers = 4;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(plan_of(format('SELECT %s(%s) FROM sample', agg, args)), 'Partial Aggregate', what || ': the plan is parallel') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(%s(%s)) FROM sample', agg, args)), b, what || ': a parallel plan gives the same bytes') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(x)) FROM (SELECT %s(%s) AS x FROM sample GROUP BY history, zone) q', agg, args)), b,
	what || ': a parallel plan with groups gives the same bytes') FROM kind;
CREATE TABLE stored AS SELECT id % 200 AS id, activity_count_agg(u, day, actions) AS st FROM sample GROUP BY 1;
ANALYZE stored;
SELECT matches(plan_of('SELECT rollup(st) FROM stored'), 'Partial Aggregate', 'rollup: the plan is parallel');
SELECT results_eq('SELECT bytes(rollup(st)) FROM stored', 'SELECT b FROM kind WHERE what = ''u, counts''', 'rollup: a parallel plan gives the same bytes');
-- every plan through a worker, accessors included
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'on', true) \g /dev/null
SELECT agree(replace(query, '{}', '(SELECT activity_agg(u, day) FROM events WHERE history = ''people'' AND actions > 0)'), replace(query, '{}', 'st(''people'')'),
	'in a worker: the same ' || substring(query, 'FROM (\w+)')) FROM numbers;
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'off', true) \g /dev/null
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT results_eq($$ SELECT history, bytes(activity_agg(u, day) FILTER (WHERE actions > 0)) FROM events GROUP BY GROUPING SETS ((history), (history)) ORDER BY 1 $$,
	$$ SELECT history, bytes(st) FROM s, generate_series(1, 2) WHERE history <> 'all' ORDER BY 1 $$,
	'grouping sets equal their queries');
SELECT results_eq($$ SELECT id, bytes(activity_count_agg(u, day, actions) OVER (ORDER BY id)) FROM sample WHERE history = 'people' AND id <= 80 ORDER BY id $$,
	$$ SELECT a.id, (SELECT bytes(activity_count_agg(b.u, b.day, b.actions)) FROM sample b WHERE b.id <= a.id AND b.history = 'people')
		FROM sample a WHERE a.history = 'people' AND a.id <= 80 ORDER BY 1 $$,
	'a growing window frame equals its queries');
SELECT results_eq($$ SELECT id, bytes(activity_agg('u' || u, day) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING)) FROM sample WHERE history = 'people' AND id <= 80 ORDER BY id $$,
	$$ SELECT a.id, (SELECT bytes(activity_agg('u' || b.u, b.day)) FROM sample b WHERE b.id BETWEEN a.id - 3 AND least(a.id + 2, 80) AND b.history = 'people')
		FROM sample a WHERE a.history = 'people' AND a.id <= 80 ORDER BY 1 $$,
	'a sliding window frame equals its queries');

-- the session's zone and date style do not matter; instants in zones that
-- differ by row are their civil days; a timestamp is read as UTC
CREATE FUNCTION digest(query text) RETURNS text LANGUAGE sql SET datestyle = 'ISO, YMD'
	RETURN bytes_of(format('SELECT md5(string_agg(x::text, %L ORDER BY x::text)) FROM (%s) x', ',', replace(query, '{}', 'st(''people'')')));
CREATE TABLE digests AS SELECT query, digest(query) AS d FROM numbers;
SET LOCAL timezone = 'Australia/Lord_Howe';
SET LOCAL datestyle = 'SQL, DMY';
SELECT is(digest(query), d, 'another TimeZone: the same ' || substring(query, 'FROM (\w+)')) FROM digests;
SELECT is(bytes_of(format('SELECT bytes(activity_at_agg(%s, at, zone)) FROM sample', k)),
	bytes_of(format('SELECT bytes(activity_agg(%s, %s)) FROM sample', k, d)), format('%s: instants and zones = %s', k, d))
FROM unnest('{u,u::text,md5(u::text)::uuid}'::text[]) k, unnest('{"civil_date(at, zone)","(at AT TIME ZONE zone)::date"}'::text[]) d;
SELECT is(bytes_of(format('SELECT bytes(activity_at_agg(%s, at AT TIME ZONE ''UTC'', zone)) FROM sample', k)),
	bytes_of(format('SELECT bytes(activity_at_agg(%s, at, zone)) FROM sample', k)), k || ': a timestamp is read as UTC')
FROM unnest('{u,u::text,md5(u::text)::uuid}'::text[]) k;
SELECT is(bytes_of(format('SELECT bytes(%s(%s)) FROM sample', agg, args)), b, what || ': another TimeZone, the same bytes') FROM kind;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';

SELECT * FROM finish();
ROLLBACK;
