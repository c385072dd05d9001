-- Active users: rolling windows, stickiness, lifecycle, classes of use.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- ann comes on Monday 4, Tuesday 5, Thursday 7 and Tuesday 12 March, ben on
-- 5, 6 and 25, cleo on 11 and 18
CREATE TEMP TABLE visits (name text, day date, actions bigint);
INSERT INTO visits VALUES ('ann', '2024-03-04', 5), ('ann', '2024-03-05', 1), ('ann', '2024-03-07', 5), ('ann', '2024-03-12', 2),
	('ben', '2024-03-05', 1), ('ben', '2024-03-06', 1), ('ben', '2024-03-25', 3), ('cleo', '2024-03-11', 10), ('cleo', '2024-03-18', 12);
CREATE TEMP TABLE st AS SELECT activity_agg(name, day) AS plain, activity_count_agg(name, day, actions) AS counted FROM visits;

--
-- By day
--
SELECT day, u.active_users, new_users, total_users, round(share, 4) AS share, complete FROM st, active_users(plain, as_of => '2024-03-14') u;
SELECT day, u.active_users, new_users, total_users, round(share, 4) AS share, complete FROM st, active_users(plain, 3, '2024-03-14') u;
SELECT count(*) AS days, min(day), max(day), sum(u.active_users) AS active, sum(new_users) AS new FROM st, active_users(plain) u;
SELECT count(*) AS days, sum(u.active_users) AS active FROM st, active_users(plain, NULL, NULL, NULL, NULL, NULL) u;
-- weeks and months of rolling days
SELECT day, u.active_users, complete FROM st, active_users(plain, 7, start_day => '2024-03-09', end_day => '2024-03-13') u;
SELECT day, u.active_users, complete FROM st, active_users(plain, 20000, start_day => '2024-03-24', end_day => '2024-04-13') u;
-- windows reach back before start_day; the range may begin before the first active day
SELECT day, u.active_users, new_users, total_users, complete FROM st, active_users(plain, 2, start_day => '2024-03-06', end_day => '2024-03-08') u;
SELECT day, u.active_users, new_users, total_users, share, complete FROM st, active_users(plain, start_day => '2024-03-02', end_day => '2024-03-05') u;
-- the share of a population
SELECT day, u.active_users, total_users, share FROM st, active_users(plain, start_day => '2024-03-05', end_day => '2024-03-07', population => 10) u;
SELECT day, u.active_users, total_users, share FROM st, active_users(plain, start_day => '2024-03-08', end_day => '2024-03-09', population => 0) u;
-- what lies at or after as_of is not there
SELECT day, u.active_users FROM st, active_users(plain, as_of => '2024-03-05', end_day => '2024-03-10') u;
SELECT count(*) FROM st, active_users(plain, as_of => '2024-03-04') u;
SELECT count(*) FROM st, active_users(plain, start_day => '2024-03-26') u;
SELECT count(*), min(u.active_users), max(u.active_users) FROM st, active_users(plain, as_of => '2024-06-01', start_day => '2024-05-01') u;

--
-- Stickiness
--
SELECT day, dau, wau, mau, round(dau_wau, 4) AS dau_wau, round(dau_mau, 4) AS dau_mau, complete FROM st, stickiness(plain, start_day => '2024-03-10', end_day => '2024-03-14') u;
SELECT day, dau, wau, mau, dau_wau, dau_mau, complete FROM st, stickiness(plain, as_of => '2024-05-15', start_day => '2024-04-01') u WHERE day IN ('2024-04-01', '2024-04-02', '2024-04-23', '2024-04-24', '2024-04-25', '2024-05-14');
SELECT count(*), sum(dau) FROM st, stickiness(plain) u;
SELECT bool_and(s.dau = d.active_users AND s.wau = w.active_users AND s.mau = m.active_users) AS same, count(*)
FROM st, LATERAL stickiness(plain) s JOIN LATERAL active_users((SELECT plain FROM st)) d ON d.day = s.day JOIN LATERAL active_users((SELECT plain FROM st), 7) w ON w.day = s.day JOIN LATERAL active_users((SELECT plain FROM st), 30) m ON m.day = s.day;

--
-- In how many days or periods: exactly as many rows as there are
--
SELECT h.* FROM st, stickiness_histogram(plain, '2024-03-04', '2024-03-08') h;
SELECT active_periods, users, users_at_least, round(share, 4) AS share FROM st, stickiness_histogram(plain, grain => 'week') h;
SELECT active_periods, users, users_at_least FROM st, stickiness_histogram(plain, '2024-02-28', '2024-05-02', 'month') h;
SELECT count(*), sum(users) FROM st, stickiness_histogram(plain) h;
SELECT h.* FROM st, stickiness_histogram(plain, '2024-03-13', '2024-03-15') h;
SELECT count(*) FROM st, stickiness_histogram(plain, '2024-03-26') h;
-- nine days of daily use and five of every second day (published by PostHog):
-- weeks from Sunday, from Monday, months
SELECT g, w, array_agg(users ORDER BY active_periods) AS users
FROM (SELECT activity_agg(p, d) AS s FROM (SELECT 1, date '2020-01-11' + n FROM generate_series(0, 8) n UNION ALL SELECT 2, date '2020-01-11' + 2 * n FROM generate_series(0, 4) n) v(p, d)) x,
	(VALUES ('day', 'monday'), ('week', 'sunday'), ('week', 'monday'), ('month', 'monday')) v(g, w), LATERAL stickiness_histogram(s, '2020-01-11', '2020-01-20', g, w) h GROUP BY g, w ORDER BY g, w;

--
-- Lifecycle
--
SELECT l.* FROM st, lifecycle(plain) l;
SELECT l.* FROM st, lifecycle(plain, as_of => '2024-04-08') l;
SELECT l.* FROM st, lifecycle(plain, 'day', end_day => '2024-03-09') l;
-- a range is of whole periods, and knows what was before
SELECT l.* FROM st, lifecycle(plain, 'week', start_day => '2024-03-13', end_day => '2024-03-19') l;
SELECT l.* FROM st, lifecycle(plain, 'week', start_day => '2024-02-20', end_day => '2024-03-06') l;
SELECT l.* FROM st, lifecycle(plain, 'week', '2024-03-13', start_day => '2024-03-13') l;
SELECT l.* FROM st, lifecycle(plain, 'week', week_start => 'sunday', end_day => '2024-03-13') l;
SELECT l.* FROM st, lifecycle(plain, 'month', '2024-05-01') l;
SELECT l.* FROM st, lifecycle(plain, 'quarter', fiscal_year_start => 3) l;
-- the users behind each row
SELECT l.period, u.user_id, status FROM st, lifecycle(plain, as_of => '2024-04-08') l, lifecycle_users(plain, l.period, as_of => '2024-04-08') u ORDER BY 1, 2;
SELECT u.* FROM st, lifecycle_users(plain, '2024-03-07') u;
SELECT u.* FROM st, lifecycle_users(plain, '2024-03-07', 'day') u;
SELECT u.* FROM st, lifecycle_users(plain, '2024-03-11', 'week', '2024-03-12') u;
SELECT u.* FROM st, lifecycle_users(plain, '2024-03-10', week_start => 'sunday') u;
SELECT count(*) FROM st, lifecycle_users(plain, '2024-02-01') u;
SELECT count(*) FROM st, lifecycle_users(plain, '2024-04-01') u;

--
-- Classes of use: power above 10 actions in seven days, regular from 3
--
SELECT c.* FROM st, active_user_classes(counted) c;
SELECT period, power_users, regular_users, low_users, dormant_users, c.active_users, qualified_users, round(qualified_rate, 4) AS qualified_rate, round(active_rate, 4) AS active_rate, complete FROM st, active_user_classes(counted, as_of => '2024-04-08', population => 5) c;
SELECT period, power_users, regular_users, low_users, dormant_users, c.active_users, complete FROM st, active_user_classes(counted, 'day', population => 3) c;
SELECT period, power_users, regular_users, low_users, c.active_users, complete FROM st, active_user_classes(counted, 'day', start_day => '2024-03-10', end_day => '2024-03-13') c;
SELECT period, power_users, regular_users, low_users, qualified_users, qualified_rate FROM st, active_user_classes(counted, 'week', start_day => '2024-03-12', end_day => '2024-03-19', power_above => 11, regular_from => 10, week_start => 'tuesday') c;
SELECT period, power_users, regular_users, low_users FROM st, active_user_classes(counted, power_above => 2, end_day => '2024-03-05') c;
-- a week in which nobody is active
SELECT period, c.active_users, qualified_rate, active_rate, dormant_users FROM st, active_user_classes(counted, as_of => '2024-04-08', start_day => '2024-04-01', population => 0) c;

--
-- Identities on random histories, for each grain: active = new + returning +
-- resurrecting, and its change = new + resurrecting - dormant
--
CREATE TEMP TABLE days AS
SELECT u, date '1999-11-01' + d AS d, 1 + (hashint8extended(u * 1000 + d, 2) & 3) AS a FROM generate_series(1, 60) u, generate_series(0, 130) d
WHERE d >= u AND (hashint8extended(u * 1000 + d, 1) & 127) < CASE u % 3 WHEN 0 THEN 64 WHEN 1 THEN 20 ELSE 3 END;
CREATE TEMP TABLE random_st AS SELECT activity_count_agg(u, d, a) AS s FROM days;
SELECT g, count(*) AS periods, bool_and(l.active_users = new_users + returning_users + resurrecting_users) AS parts, bool_and(l.active_users - before = new_users + resurrecting_users - dormant_users) AS change, sum(new_users) AS new
FROM random_st, (VALUES ('day'), ('week'), ('month'), ('4-4-5')) v(g), LATERAL (SELECT *, lag(x.active_users, 1, 0::bigint) OVER (ORDER BY period) AS before FROM lifecycle(s, g) x) l GROUP BY g ORDER BY g;
SELECT g, count(*) AS rows, count(*) FILTER (WHERE l.users = l.expected) AS equal FROM (VALUES ('day'), ('week'), ('month')) v(g), LATERAL (
	SELECT ARRAY[new_users, returning_users, resurrecting_users, dormant_users] AS users, (SELECT ARRAY[count(*) FILTER (WHERE status = 'new'), count(*) FILTER (WHERE status = 'returning'), count(*) FILTER (WHERE status = 'resurrecting'), count(*) FILTER (WHERE status = 'dormant')] FROM lifecycle_users(s, period, g)) AS expected
	FROM random_st, lifecycle(s, g, start_day => '1999-12-15')) l GROUP BY g ORDER BY g;
-- against plain SQL
SELECT w, count(*) AS days, count(*) FILTER (WHERE u.active_users = (SELECT count(DISTINCT days.u) FROM days WHERE d > day - w AND d <= day) AND new_users = (SELECT count(*) FROM (SELECT min(d) AS f FROM days GROUP BY days.u) x WHERE f = day)) AS equal
FROM random_st, (VALUES (1), (7), (30)) v(w), LATERAL active_users(s, w, start_day => '1999-12-20', end_day => '2000-01-20') u GROUP BY w ORDER BY w;
SELECT count(*) AS days, count(*) FILTER (WHERE power_users = p AND regular_users = r AND low_users = l) AS equal
FROM random_st, active_user_classes(s, 'day') c, LATERAL (SELECT count(*) FILTER (WHERE n > 10) AS p, count(*) FILTER (WHERE n BETWEEN 3 AND 10) AS r, count(*) FILTER (WHERE n < 3) AS l FROM (SELECT sum(a) AS n FROM days WHERE d > period - 7 AND d <= period GROUP BY u) x) e;
SELECT count(*) AS rows, sum(users) AS users, count(*) FILTER (WHERE users_at_least = (SELECT count(*) FROM (SELECT FROM days WHERE d >= '1999-12-15' AND d < '2000-02-10' GROUP BY u HAVING count(DISTINCT period_start(d, 'week')) >= active_periods) x)) AS equal
FROM random_st, stickiness_histogram(s, '1999-12-15', '2000-02-10', 'week') h;

--
-- At the ends of time, and without users
--
SELECT u.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)) x, LATERAL active_users(s, 2, end_day => '4714-11-27 BC') u;
SELECT u.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-30')) v(d)) x, LATERAL active_users(s, 20000, start_day => '5874897-12-30') u;
SELECT l.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '1969-12-31'), ('1970-01-02'), ('1999-12-31'), ('2000-01-01')) v(d)) x, LATERAL lifecycle(s, 'year', start_day => '1998-05-05') l;
SELECT period, regular_users, low_users FROM (SELECT activity_count_agg(1, d, 2) AS s FROM (VALUES (date '1969-12-30'), ('1970-01-02'), ('4714-11-24 BC')) v(d)) x, LATERAL active_user_classes(s, 'day', start_day => '1969-12-29') c;
SELECT (SELECT count(*) FROM active_users(NULL)) AS active_users, (SELECT count(*) FROM stickiness(NULL)) AS stickiness, (SELECT count(*) FROM stickiness_histogram(NULL)) AS histogram,
	(SELECT count(*) FROM lifecycle(NULL)) AS lifecycle, (SELECT count(*) FROM lifecycle_users(NULL, '2024-01-01')) AS lifecycle_users, (SELECT count(*) FROM active_user_classes(NULL)) AS classes;

--
-- Wrong arguments
--
\set VERBOSITY default
SELECT active_users(plain, 0) FROM st;
\echo :SQLSTATE
SELECT active_users(plain, population => -1) FROM st;
\echo :SQLSTATE
SELECT active_users(plain, 3, population => 1) FROM st;
\echo :SQLSTATE
SELECT active_users(plain, start_day => '1900-01-01') FROM st;
\echo :SQLSTATE
SELECT active_user_classes(counted, 'month') FROM st;
\echo :SQLSTATE
SELECT active_user_classes(plain) FROM st;
\echo :SQLSTATE
SELECT active_user_classes(counted, population => 1) FROM st;
\echo :SQLSTATE
SELECT active_user_classes(counted, power_above => 5, regular_from => 6) FROM st;
\echo :SQLSTATE
SELECT lifecycle_users(plain, NULL) FROM st;
\echo :SQLSTATE
\set VERBOSITY terse
SELECT active_users(plain, 20001) FROM st;
SELECT active_users(plain, start_day => '2024-03-05', end_day => '2024-03-05') FROM st;
SELECT active_users(plain, as_of => 'infinity') FROM st;
SELECT active_users(plain, start_day => '-infinity') FROM st;
SELECT stickiness(plain, start_day => '1900-01-01') FROM st;
SELECT stickiness(plain, end_day => 'infinity') FROM st;
SELECT stickiness_histogram(plain, '1900-01-01') FROM st;
SELECT stickiness_histogram(plain, grain => 'hour') FROM st;
SELECT lifecycle(plain, 'fortnight') FROM st;
SELECT lifecycle(plain, 'day', start_day => '1900-01-01') FROM st;
SELECT lifecycle(plain, week_start => 'someday') FROM st;
SELECT lifecycle(plain, 'year', fiscal_year_start => 0) FROM st;
SELECT lifecycle_users(plain, 'infinity') FROM st;
SELECT active_user_classes(counted, 'hour') FROM st;
SELECT active_user_classes(counted, 'day', start_day => '1900-01-01') FROM st;
SELECT active_user_classes(counted, power_above => 0) FROM st;
SELECT active_user_classes(counted, regular_from => 0) FROM st;
SELECT active_user_classes(counted, population => -5) FROM st;
SELECT active_user_classes(counted, week_start => 'someday') FROM st;
