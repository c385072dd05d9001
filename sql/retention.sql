-- Retention: curves, cohorts, their trend, a summary, and survival.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
SET extra_float_digits = 0;
\pset null '(null)'
\set SHOW_CONTEXT never

-- ann comes on days 0, 1, 3 and 8 of her own, ben on 0, 1 and 2, cleo on 0 and
-- 3; dora comes on 14 March for the first time.  Nothing is known after that.
CREATE TEMP TABLE visits (user_id bigint, name text, day date, actions bigint);
INSERT INTO visits VALUES
	(1, 'ann', '2024-03-04', 2), (1, 'ann', '2024-03-05', 1), (1, 'ann', '2024-03-07', 3), (1, 'ann', '2024-03-12', 2),
	(2, 'ben', '2024-03-05', 1), (2, 'ben', '2024-03-06', 7), (2, 'ben', '2024-03-07', 1),
	(3, 'cleo', '2024-03-11', 1), (3, 'cleo', '2024-03-14', 2),
	(4, 'dora', '2024-03-14', 9);
CREATE TEMP TABLE st AS
SELECT activity_agg(user_id, day) AS plain, activity_count_agg(user_id, day, actions) AS counted, activity_count_agg(name, day, actions) AS named FROM visits;

--
-- The curve: who is old enough, and who came back on, after or before a day
--
SELECT c.day, eligible, retained, churned, round(rate, 4) AS rate, rate_low, rate_high, last_day FROM st, retention_curve(plain, 11) c;
SELECT c.day, eligible, retained, churned, round(rate, 4) AS rate FROM st, retention_curve(plain, 11, mode => 'on_or_after') c;
SELECT c.day, eligible, retained, churned, round(rate, 4) AS rate FROM st, retention_curve(plain, 11, mode => 'on_or_before') c;
SELECT c.day, eligible, retained, churned, round(rate, 4) AS rate FROM st, retention_curve(plain, 11, mode => 'streak') c;
SELECT c.day, last_day, eligible, retained, churned, round(rate, 4) AS rate FROM st, retention_curve(plain, mode => 'bracket', edges => '{0,1,4,9,20}') c;
-- a bracket is looked at when it is over: edges that begin later, and one day wide
SELECT c.day, last_day, eligible, retained FROM st, retention_curve(plain, 0, mode => 'Bracket', edges => '{1,3,4,5}') c;
SELECT c.day, last_day, eligible, retained FROM st, retention_curve(plain, mode => 'bracket', edges => '{0,11}') c;
SELECT c.day, last_day, eligible, retained FROM st, retention_curve(plain, mode => 'bracket', edges => '{0,2147483647}') c;
-- the default horizon; a NULL argument is as good as none
SELECT count(*), max(c.day) FROM st, retention_curve(plain) c;
SELECT count(*), sum(retained) = (SELECT sum(retained) FROM st, retention_curve(plain)) AS same FROM st, retention_curve(plain, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) c;
-- as of a day: nobody's future is looked into, and days that nobody reached are NULL
SELECT c.day, eligible, retained, churned, rate, rate_low, last_day FROM st, retention_curve(plain, 3, '2024-03-07') c;
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 3, '2024-03-07', 'on_or_after') c;
SELECT c.day, eligible, retained, rate FROM st, retention_curve(plain, 1, '2024-03-04') c;
-- as of later: all are old enough
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 4, '2025-01-01', 'on_or_after') c;
-- the interval is as wide as is asked for
SELECT confidence, rate_low, rate_high FROM st, (VALUES (0.5::float8), (0.9), (0.99)) v(confidence), retention_curve(plain, 1, confidence => v.confidence) c WHERE c.day = 1;

--
-- At least so many actions; the first action of day 0 is always enough
--
SELECT k, array_agg(c.retained ORDER BY c.day) AS "on", array_agg(a.retained ORDER BY c.day) AS on_or_after, array_agg(b.retained ORDER BY c.day) AS on_or_before, array_agg(s.retained ORDER BY c.day) AS streak
FROM st, (VALUES (1), (2), (3), (8)) v(k), retention_curve(counted, 8, min_actions => k) c, LATERAL retention_curve(counted, 8, min_actions => k, mode => 'on_or_after') a,
	LATERAL retention_curve(counted, 8, min_actions => k, mode => 'on_or_before') b, LATERAL retention_curve(counted, 8, min_actions => k, mode => 'streak') s
WHERE a.day = c.day AND b.day = c.day AND s.day = c.day GROUP BY k ORDER BY k;
SELECT k, array_agg(retained ORDER BY c.day) AS brackets FROM st, (VALUES (1), (2), (3), (4), (8), (9)) v(k), retention_curve(counted, mode => 'bracket', edges => '{0,1,3,8}', min_actions => k) c GROUP BY k ORDER BY k;

--
-- Who enters when
--
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 3, start_day => '2024-03-05', end_day => '2024-03-12') c;
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 3, start_day => '2024-03-05', end_day => '2024-03-12', entry => 'first_in_range') c;
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 3, start_day => '2024-03-05', end_day => '2024-03-12', entry => 'EVERY_PERIOD') c;
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 3, start_day => '2024-03-15') c;
SELECT c.day, eligible, retained FROM st, retention_curve(plain, 3, end_day => '2024-03-05', entry => 'every_period') c;

--
-- Two states: who enters by the one comes back by the other
--
CREATE TEMP TABLE orders (name text, day date, n bigint);
INSERT INTO orders VALUES ('ann', '2024-03-04', 1), ('ann', '2024-03-06', 2), ('ben', '2024-03-04', 1), ('ben', '2024-03-06', 1), ('cleo', '2024-03-13', 5), ('eve', '2024-03-13', 1);
SELECT c.day, c.eligible, c.retained, r.retained AS twice FROM st, (SELECT activity_count_agg(name, day, n) AS s FROM orders) o, LATERAL retention_curve(named, 3, return_state => s) c, LATERAL retention_curve(named, 3, return_state => s, min_actions => 2) r WHERE r.day = c.day;
SELECT mode, array_agg(c.retained ORDER BY c.day) FROM st, (SELECT activity_agg(name, day) AS s FROM orders) o, unnest(ARRAY['on', 'on_or_after', 'on_or_before', 'streak']) mode, LATERAL retention_curve(named, 3, mode => mode, return_state => s) c GROUP BY mode ORDER BY mode;
-- time has gone on as far as the later of the two
SELECT c.day, eligible, retained FROM (SELECT activity_agg(9, date '2024-03-15') AS s) o, st, retention_curve(plain, 2, return_state => s) c;

--
-- Cohorts
--
SELECT c.cohort, age, period, cohort_users, eligible, retained, round(rate, 4) AS rate FROM st, retention_cohorts(plain, 'week', 2) c;
SELECT c.cohort, age, period, cohort_users, eligible, retained FROM st, retention_cohorts(plain, 'week', 1, '2024-03-18') c;
-- weeks from Sunday, months, fiscal quarters
SELECT c.cohort, age, period, cohort_users, eligible, retained FROM st, retention_cohorts(plain, 'week', 1, '2024-03-18', week_start => 'sunday') c;
SELECT c.cohort, age, period, cohort_users, eligible, retained FROM st, retention_cohorts(plain, as_of => '2024-04-01', periods => 1) c;
SELECT c.cohort, age, period, cohort_users, eligible, retained FROM st, retention_cohorts(plain, 'quarter', 0, '2024-06-01', fiscal_year_start => 3) c;
-- cohorts by day: those of nobody are there too
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(plain, 'day', 8) c GROUP BY 1, 2 ORDER BY 1;
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(plain, 'day', 8, mode => 'on_or_after') c GROUP BY 1, 2 ORDER BY 1;
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(plain, 'day', 8, mode => 'on_or_before') c GROUP BY 1, 2 ORDER BY 1;
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(plain, 'day', 8, mode => 'streak') c GROUP BY 1, 2 ORDER BY 1;
-- at least two actions in a period
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(counted, 'day', 8, min_actions => 2, mode => 'on_or_after') c GROUP BY 1, 2 ORDER BY 1;
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(counted, 'week', 1, '2024-03-18', min_actions => 3) c GROUP BY 1, 2 ORDER BY 1;
-- a range that is asked for is filled, as far as time has gone on
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(plain, 'day', 2, start_day => '2024-03-02', end_day => '2024-04-01') c GROUP BY 1, 2 ORDER BY 1;
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained FROM st, retention_cohorts(plain, 'week', 1, start_day => '2024-03-06', end_day => '2024-03-12', entry => 'first_in_range') c GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) FROM st, retention_cohorts(plain, 'day', 2, start_day => '2024-03-20', end_day => '2024-04-01') c;
SELECT count(*) FROM st, retention_cohorts(plain, 'day', 2, as_of => '2024-03-01') c;
-- returns by another state, over all of which time goes on
SELECT c.cohort, age, cohort_users, eligible, retained FROM st, (SELECT activity_agg(name, day) AS s FROM orders) o, LATERAL retention_cohorts(named, 'week', 1, '2024-03-18', return_state => s) c;
-- every period: one user in many cohorts (day by day, 11 days; published by PostHog)
SELECT c.cohort, cohort_users, array_agg(retained ORDER BY age) AS retained
FROM (SELECT activity_agg(p, date '2020-06-10' + n) AS s FROM (VALUES (1, '{0,1,2,5,5,6}'::int[]), (2, '{1,2,3,6}')) v(p, ns), unnest(ns) n) x,
	LATERAL retention_cohorts(s, 'day', 10, '2020-06-21', 'every_period', start_day => '2020-06-10', end_day => '2020-06-21') c WHERE cohort IS NOT NULL GROUP BY 1, 2 ORDER BY 1;
-- the mean is weighted: 10 users at 20 % and 100 at 0 % make 2 of 110
SELECT c.cohort, eligible, retained, round(rate, 4) AS rate
FROM (SELECT activity_agg(u, d) AS s FROM (SELECT u, date '2024-01-01' + (u > 10)::integer * 31 FROM generate_series(1, 110) u UNION ALL SELECT u, date '2024-02-10' FROM generate_series(1, 2) u) v(u, d)) x, LATERAL retention_cohorts(s, as_of => '2024-04-01') c WHERE age = 1;

--
-- The trend of one age
--
SELECT c.* FROM st, retention_trend(plain, 1, 'day') c;
SELECT c.cohort, eligible, retained, round(rate, 4) AS rate, round(change, 4) AS change FROM st, retention_trend(plain, 0, 'week', '2024-03-18', 'every_period') c;
SELECT c.cohort, eligible, retained, round(rate, 4) AS rate, round(change, 4) AS change FROM st, retention_trend(plain, 2, 'day', mode => 'on_or_after', entry => 'every_period') c;
SELECT count(*) FROM st, retention_trend(plain, 3) c;

--
-- The summary
--
SELECT s.* FROM st, retention_summary(plain) s;
SELECT users, round(day_1, 4) AS day_1, round(day_7, 4) AS day_7, eligible_1, eligible_7, eligible_30 FROM st, retention_summary(plain, '2024-03-20', 'on_or_after') s;
SELECT users, round(day_1, 4) AS day_1, round(day_7, 4) AS day_7, eligible_1, eligible_7, excluded_users, excluded_days FROM st, retention_summary(named, excluded => '{dora,ben,nobody}') s;
SELECT users, day_1, eligible_1, excluded_users, excluded_days FROM st, retention_summary(plain, excluded => '{1,2,3,4}') s;
-- without those who came last, less time has gone on
SELECT users, round(day_7, 4) AS day_7, eligible_7, excluded_users, excluded_days FROM st, retention_summary(plain, excluded => '{3,4}') s;

--
-- Survival
--
-- inactive for more than 3 days is gone.  On 14 March that is known up to the
-- 11th: ann lapsed after day 3, ben after day 2, cleo came on the 11th and was
-- there, dora came later and tells nothing.
SELECT c.* FROM st, activity_survival(plain, 3) c;
-- known up to the 10th: cleo too came later
SELECT c.* FROM st, activity_survival(plain, 4) c;
-- more than 5 days: ann is back in time, and there on the 9th
SELECT c.* FROM st, activity_survival(plain, 5) c;
SELECT count(*) FROM st, activity_survival(plain) c;
SELECT c.* FROM st, activity_survival(plain, 2, '2024-03-09') c;
SELECT n, median_lifetime(plain, n) AS median, median_lifetime(plain, n, '2024-05-01') AS later FROM st, generate_series(1, 8) n;
-- the 6-MP group of Freireich and others (1963), in weeks: lapsed at n, or n+ censored
CREATE TEMP TABLE freireich AS SELECT t, n, n::integer AS u FROM unnest(ARRAY[6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]) WITH ORDINALITY x(t, n);
CREATE TEMP TABLE six_mp AS SELECT activity_agg(u, CASE WHEN t > 0 THEN date '2000-01-01' ELSE date '2001-01-01' + t END + g) AS s FROM freireich, generate_series(0, CASE WHEN t > 0 THEN t ELSE 7 - t END) g;
SELECT c.day, at_risk, lapsed, censored, round(survival::numeric, 4) AS survival, round(survival_low::numeric, 4) AS low, round(survival_high::numeric, 4) AS high FROM six_mp, activity_survival(s, 7) c;
SELECT c.day, round(survival_low::numeric, 4) AS low, round(survival_high::numeric, 4) AS high FROM six_mp, activity_survival(s, 7, confidence => 0.5) c WHERE lapsed > 0 LIMIT 2;
SELECT median_lifetime(s, 7), median_lifetime(s, 7, '2002-01-01') AS all_lapsed FROM six_mp;
-- exactly half survive: no rounding in the way
SELECT n, median_lifetime(s, 1, '2024-01-01') FROM (SELECT n, activity_agg(u, date '2000-01-01' + d) AS s FROM unnest(ARRAY[2, 6, 10, 14, 98]) n, generate_series(1, n) u, generate_series(0, u) d GROUP BY n) x ORDER BY n;

--
-- At the ends of time, and without users
--
SELECT c.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '4714-11-24 BC'), ('4714-11-26 BC'), ('5874897-12-30')) v(d)) x, LATERAL retention_curve(s, 2) c;
SELECT c.day, eligible, retained FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '4714-11-24 BC'), ('4714-11-26 BC'), ('5874897-12-31')) v(d)) x, LATERAL retention_curve(s, mode => 'on_or_after', edges => NULL, entry => 'every_period') c WHERE c.day IN (0, 1, 2, 3, 90);
SELECT c.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)) x, LATERAL activity_survival(s, 20000) c;
SELECT c.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '1969-12-31'), ('1970-01-01'), ('1999-12-31')) v(d)) x, LATERAL retention_cohorts(s, 'year', 1, '2000-01-01', 'every_period', start_day => '1999-01-01') c;
SELECT c.cohort, age, period, cohort_users, retained FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '0001-12-31 BC'), ('0001-01-01')) v(d)) x, LATERAL retention_cohorts(s, 'year', 1) c;
SELECT (SELECT count(*) FROM retention_curve(NULL)) AS curve, (SELECT count(*) FROM retention_cohorts(NULL)) AS cohorts, (SELECT count(*) FROM retention_trend(NULL, 1)) AS trend,
	(SELECT count(*) FROM retention_summary(NULL)) AS summary, (SELECT count(*) FROM activity_survival(NULL)) AS survival, median_lifetime(NULL) AS median;
SELECT count(*) FROM st, activity_survival(plain, as_of => '2024-03-01') c;
SELECT median_lifetime(plain, as_of => '2024-03-01') FROM st;

--
-- Wrong arguments
--
\set VERBOSITY default
SELECT retention_curve(plain, mode => 'daily') FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, entry => 'second') FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, min_actions => 2) FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, 20001) FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, mode => 'bracket') FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, mode => 'bracket', edges => '{0}') FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, return_state => named) FROM st;
\echo :SQLSTATE
SELECT retention_cohorts(plain, mode => 'bracket') FROM st;
\echo :SQLSTATE
SELECT retention_summary(plain, mode => 'bracket') FROM st;
\echo :SQLSTATE
SELECT retention_cohorts(plain, 'day', 20000) FROM st;
\echo :SQLSTATE
SELECT retention_cohorts(plain, 'day', 999, start_day => '2020-01-01', end_day => '2024-01-01') FROM st;
\echo :SQLSTATE
SELECT retention_curve(plain, confidence => 1) FROM st;
\echo :SQLSTATE
\set VERBOSITY terse
SELECT retention_curve(plain, -1) FROM st;
SELECT retention_curve(plain, min_actions => 0) FROM st;
SELECT retention_curve(plain, as_of => 'infinity') FROM st;
SELECT retention_curve(plain, start_day => '-infinity') FROM st;
SELECT retention_curve(plain, end_day => 'infinity') FROM st;
SELECT retention_curve(plain, start_day => '2024-03-05', end_day => '2024-03-05') FROM st;
SELECT retention_curve(plain, edges => '{0,1}') FROM st;
\set VERBOSITY default
SELECT retention_curve(plain, mode => 'bracket', edges => '{}') FROM st;
SELECT retention_curve(plain, mode => 'bracket', edges => '{{0,1},{2,3}}') FROM st;
SELECT retention_curve(plain, mode => 'bracket', edges => '{0,NULL}') FROM st;
SELECT retention_curve(plain, mode => 'bracket', edges => '{-1,3}') FROM st;
SELECT retention_curve(plain, mode => 'bracket', edges => '{0,3,3}') FROM st;
SELECT retention_curve(plain, mode => 'bracket', edges => ARRAY(SELECT generate_series(0, 20001))) FROM st;
\set VERBOSITY terse
SELECT retention_curve(plain, confidence => 0) FROM st;
SELECT retention_curve(plain, confidence => 'NaN') FROM st;
SELECT retention_cohorts(plain, 'fortnight') FROM st;
SELECT retention_cohorts(plain, 'week', week_start => 'someday') FROM st;
SELECT retention_cohorts(plain, 'year', fiscal_year_start => 13) FROM st;
SELECT retention_cohorts(plain, periods => -1) FROM st;
SELECT retention_cohorts(plain, periods => 20001) FROM st;
SELECT retention_trend(plain, NULL) FROM st;
SELECT retention_trend(plain, -1) FROM st;
SELECT retention_cohorts(s, 'day') FROM (SELECT activity_agg(u, d) AS s FROM (VALUES (1, date '1900-01-01'), (2, '2000-01-01')) v(u, d)) x;
SELECT activity_survival(plain, 0) FROM st;
SELECT activity_survival(plain, confidence => 2) FROM st;
SELECT median_lifetime(plain, 20001) FROM st;

--
-- Random histories against plain SQL: 30 users, 60 days, runs and gaps
--
CREATE TEMP TABLE days AS
SELECT u::bigint AS u, date '1999-12-01' + d AS d, 1 + (hashint8extended(u * 1000 + d, 2) & 3) AS a FROM generate_series(1, 30) u, generate_series(0, 59) d
WHERE d >= u AND (hashint8extended(u * 1000 + d, 1) & 127) < CASE u % 3 WHEN 0 THEN 96 WHEN 1 THEN 30 ELSE 6 END;
CREATE TEMP TABLE random_st AS SELECT activity_count_agg(u, d, a) AS s FROM days;
CREATE FUNCTION pg_temp.expected(h integer, as_of_day date, mode text, k integer, entry text) RETURNS TABLE (day integer, eligible bigint, retained bigint) LANGUAGE sql AS $$
	WITH r AS (SELECT u, d, d - date '1999-12-01' AS n, a FROM days WHERE d < as_of_day),
	e AS (SELECT u, min(n) AS n FROM r WHERE entry = 'first_ever' GROUP BY u UNION ALL SELECT u, n FROM r WHERE entry = 'every_period'),
	x AS (SELECT e.u, e.n, age FROM e, generate_series(0, h) age WHERE date '1999-12-01' + e.n + age < as_of_day),
	-- actions at the day, from it on, up to it without day 0, and how many days hold enough
	y AS (SELECT x.u, x.n, age, coalesce(sum(a) FILTER (WHERE r.n = x.n + age), 0) AS on_day, coalesce(sum(a) FILTER (WHERE r.n >= x.n + age), 0) AS after,
			coalesce(sum(a) FILTER (WHERE r.n BETWEEN x.n + 1 AND x.n + age), 0) AS before, count(*) FILTER (WHERE r.n = x.n OR r.n BETWEEN x.n AND x.n + age AND a >= k) AS held
		FROM x LEFT JOIN r ON r.u = x.u GROUP BY 1, 2, 3)
	SELECT age, count(*), count(*) FILTER (WHERE age = 0 OR CASE mode WHEN 'on' THEN on_day >= k WHEN 'on_or_after' THEN after >= k WHEN 'on_or_before' THEN before >= k ELSE held = age + 1 END)
	FROM y GROUP BY age
$$;
SELECT entry, mode, k, count(*) AS days, count(*) FILTER (WHERE (c.eligible, c.retained) = (e.eligible, e.retained)) AS equal
FROM random_st, (VALUES ('first_ever'), ('every_period')) x(entry), (VALUES ('on'), ('on_or_after'), ('on_or_before'), ('streak')) m(mode), (VALUES (1), (3)) v(k),
	LATERAL (SELECT * FROM retention_curve(s, 20, '2000-01-20', mode, entry => entry, min_actions => k) UNION ALL SELECT 0, 0, 0, 0, 0, 0, 0, 0 WHERE false) c JOIN LATERAL (SELECT * FROM pg_temp.expected(20, '2000-01-20', mode, k, entry)) e ON e.day = c.day
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- a state without counts; cohorts hold every active day once
SELECT count(*) AS days, count(*) FILTER (WHERE c = d) AS equal FROM random_st, (SELECT activity_agg(u, d) AS p FROM days) x, LATERAL retention_curve(s, 59) c JOIN LATERAL (SELECT * FROM retention_curve(p, 59)) d ON d.day = c.day;
SELECT sum(eligible) AS users, sum(retained) AS retained, (SELECT count(*) FROM days WHERE d < '2000-02-01') AS days FROM random_st, retention_cohorts(s, 'day', 70, '2000-02-01') c WHERE cohort IS NOT NULL AND cohort + age < '2000-02-01';

-- a placeholder day far ahead does not stretch the calendar of a range
SELECT c.cohort, c.age, c.cohort_users, c.eligible, c.retained FROM (SELECT activity_agg(u, d) AS s
	FROM (VALUES (1, date '2024-01-01'), (1, '2024-01-03'), (2, '2024-01-02'), (2, '2999-12-31')) v(u, d)) x,
	retention_cohorts(s, 'day', 2, start_day => '2024-01-01', end_day => '2024-01-03') c;
