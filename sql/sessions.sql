-- Sessions: the window function, and what users do in them.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET search_path = nudge, public;
\pset null '(null)'

-- duckdb-behavioral, sessionize.test, and its documentation: 30 minutes
SELECT t::time, sessionize(t, '30 minutes') OVER (ORDER BY t) FROM (VALUES (timestamptz '2024-01-01 00:00+00'), ('2024-01-01 00:05+00'), ('2024-01-01 00:10+00'), ('2024-01-01 02:00+00'), ('2024-01-01 02:05+00'), (NULL)) v(t);
SELECT t::time, sessionize(t, '30 minutes') OVER (ORDER BY t) FROM (VALUES (timestamp '2024-01-01 10:00'), ('2024-01-01 10:15'), ('2024-01-01 10:25'), ('2024-01-01 11:30'), ('2024-01-01 11:45'), ('2024-01-01 13:00')) v(t);
-- MADlib, sessionize.sql_in: a gap of exactly three minutes stays
CREATE TEMP TABLE visits (u bigint, t timestamp);
INSERT INTO visits SELECT 100821, timestamp '2015-04-15 00:00' + x::interval FROM unnest('{01:03,01:04,01:05,02:06,02:09}'::text[]) x;
INSERT INTO visits SELECT 102201, timestamp '2015-04-15 00:00' + x::interval FROM unnest('{01:05,01:06,01:09,02:15,02:16,02:17}'::text[]) x;
SELECT u, array_agg(s ORDER BY t) FROM (SELECT u, t, sessionize(t, interval '3 minutes') OVER (PARTITION BY u ORDER BY t) AS s FROM visits) x GROUP BY u ORDER BY u;
-- one microsecond more does not; a longest length from the first row, itself included
SELECT s, sessionize(timestamptz '1969-12-31 00:00+00' + s * interval '1 microsecond', interval '3 microseconds') OVER w AS gap, sessionize(timestamptz '1969-12-31 00:00+00' + s * interval '1 microsecond', '3 microseconds', '4 microseconds') OVER w AS gap_and_length,
	sessionize(timestamptz '1969-12-31 00:00+00' + s * interval '1 microsecond', '3 microseconds', NULL) OVER w AS no_length, sessionize(timestamptz '1969-12-31 00:00+00' + s * interval '1 microsecond', '0') OVER w AS zero
FROM unnest('{0,0,3,4,5,8,12,12}'::int[]) s WINDOW w AS (ORDER BY s);
-- no time, no session: the rows around are of one
SELECT t, sessionize(t::timestamptz, '1 day') OVER (ORDER BY o) FROM unnest('{NULL,2024-01-01,NULL,2024-01-02,2024-01-03 00:00:00.000001}'::text[]) WITH ORDINALITY u(t, o);
SELECT sessionize(t, '1 day') OVER () FROM (SELECT NULL::timestamptz AS t) x;
-- errors
SELECT sessionize(t, '1 day') OVER (ORDER BY t DESC) FROM (VALUES (timestamptz '2024-01-01'), ('2024-01-02')) v(t);
SELECT sessionize(t, '1 day') OVER (ORDER BY t) FROM (VALUES (timestamptz '2024-01-01'), ('infinity')) v(t);
SELECT sessionize(t, NULL) OVER (ORDER BY t) FROM (VALUES (timestamptz '2024-01-01')) v(t);
SELECT sessionize(t, '1 month') OVER (ORDER BY t) FROM (VALUES (timestamptz '2024-01-01')) v(t);
SELECT sessionize(t, '-1 second') OVER (ORDER BY t) FROM (VALUES (timestamptz '2024-01-01')) v(t);
SELECT sessionize(t, '1 day', '1 year') OVER (ORDER BY t) FROM (VALUES (timestamptz '2024-01-01')) v(t);
-- an operator calls it without a window
CREATE OPERATOR pg_temp.@@ (FUNCTION = nudge.sessionize, LEFTARG = timestamptz, RIGHTARG = interval);
SELECT timestamptz '2024-01-01' OPERATOR(pg_temp.@@) interval '1 day';

-- Sessions of a state. a: three events within 20 minutes, one after 45 more.
-- b: one event, the next day four.  c: an event every 20 minutes of three hours.
CREATE TEMP TABLE clicks AS
	SELECT 'a' AS u, timestamptz '2024-01-01 10:00+00' + m * interval '1 minute' AS at, e FROM (VALUES (0, 'home'), (8, 'click'), (20, 'pricing'), (65, 'home')) v(m, e)
	UNION ALL SELECT 'b', timestamptz '2024-01-01 10:10+00' + m * interval '1 minute', e FROM (VALUES (0, 'pricing'), (1440, 'home'), (1441, 'click'), (1441, 'click'), (1446, 'signup')) v(m, e)
	UNION ALL SELECT 'c', timestamptz '2024-01-01 22:30+00' + m * interval '20 minutes', 'home' FROM generate_series(0, 9) m;
CREATE TEMP TABLE st AS SELECT sequence_agg(u, at, e) AS s FROM clicks;
SELECT x.* FROM st, sessions(s) x ORDER BY user_id, session;
SELECT user_id, session, started_at, ended_at, events, pages, bounced, complete FROM st, sessions(s, max_length => '1 hour', page_events => '{home,pricing,nobody}', as_of => '2024-01-02 01:20+00') x ORDER BY user_id, session;
SELECT user_id, session, events, pages FROM st, sessions(s, gap => '1 day', page_events => '{}') x ORDER BY user_id, session;
-- complete: nothing from as_of on can belong to it
SELECT m AS minutes_after, complete FROM st, generate_series(29, 31) m, LATERAL sessions(s, as_of => '2024-01-02 10:16+00'::timestamptz + m * interval '1 minute') x WHERE user_id = 'b' AND session = 2;
SELECT m AS minutes_after, complete FROM st, generate_series(29, 31) m, LATERAL sessions(s, '1 hour', '36 minutes', as_of => '2024-01-02 10:16+00'::timestamptz + m * interval '1 minute') x WHERE user_id = 'b' AND session = 2;
SELECT * FROM (SELECT m.* FROM st, session_metrics(s) m) x \gx
SELECT * FROM (SELECT m.* FROM st, session_metrics(s, '30 minutes', '1 hour', '{home,pricing}', '2024-01-02 00:00+00') m) x \gx
-- nothing before as_of, and no state
SELECT * FROM (SELECT m.* FROM st, session_metrics(s, as_of => '2024-01-01 10:00+00') m) x \gx
SELECT count(*) FROM st, sessions(s, as_of => '2024-01-01 10:00+00');
SELECT (SELECT count(*) FROM sessions(NULL)) AS sessions, (SELECT count(*) FROM session_metrics(NULL)) AS metrics, (SELECT count(*) FROM concurrent_users(NULL)) AS users;

-- Present at once: c is there from 22:30 to 1:30, over midnight.
SELECT c.* FROM st, concurrent_users(s) c;
SELECT c.* FROM st, concurrent_users(s, as_of => '2024-01-02 00:40+00') c;
SELECT c.* FROM st, concurrent_users(s, zone => 'Asia/Tokyo', gap => '5 minutes') c;
SELECT c.* FROM st, concurrent_users(s, 'month', max_length => '0') c;
SELECT c.* FROM st, concurrent_users(s, as_of => '2024-01-01 10:00+00') c;
-- both ends are included; a day between without anybody
SELECT c.* FROM concurrent_users((SELECT sequence_agg(u, at, 'x') FROM (VALUES (1::bigint, timestamptz '2024-01-01 23:50+00'), (1, '2024-01-02 00:00+00'), (2, '2024-01-02 00:00+00'), (2, '2024-01-02 00:10+00'), (3, '2024-01-04 12:00+00')) v(u, at))) c;

-- The same from plain SQL, by the window function and without it.
CREATE TEMP TABLE walks AS SELECT (hashint4(i) & 3)::bigint AS u, timestamptz '2024-01-01 00:00+00' + (i * 7919 % 1009) * interval '611 seconds' AS at, 'e' || i % 7 % 4 AS e FROM generate_series(1, 1000) i;
CREATE TEMP TABLE by_rows AS
	SELECT u, at, e, sessionize(at, interval '45 minutes') OVER w AS session, sessionize(at, interval '45 minutes', interval '90 minutes') OVER w AS short, sum(new) OVER w AS usual
	FROM (SELECT *, (coalesce(at - lag(at) OVER (PARTITION BY u ORDER BY at) > '45 minutes', true))::int AS new FROM walks) x WINDOW w AS (PARTITION BY u ORDER BY at);
SELECT count(*), count(*) FILTER (WHERE session <> usual) AS wrong FROM by_rows;
SELECT count(*) AS sessions, count(*) FILTER (WHERE (a.n, a.start, a.stop) IS DISTINCT FROM (b.events, b.started_at, b.ended_at)) AS wrong
FROM (SELECT u::text AS user_id, session, count(*) AS n, min(at) AS start, max(at) AS stop FROM by_rows GROUP BY 1, 2) a
FULL JOIN sessions((SELECT sequence_agg(u, at, e) FROM walks), '45 minutes') b USING (user_id, session);
SELECT count(*) AS sessions, count(*) FILTER (WHERE (a.n, a.start, a.stop) IS DISTINCT FROM (b.events, b.started_at, b.ended_at)) AS wrong, max(ended_at - started_at) AS longest
FROM (SELECT u::text AS user_id, short AS session, count(*) AS n, min(at) AS start, max(at) AS stop FROM by_rows GROUP BY 1, 2) a
FULL JOIN sessions((SELECT sequence_agg(u, at, e) FROM walks), '45 minutes', '90 minutes') b USING (user_id, session);
WITH x AS (SELECT * FROM sessions((SELECT sequence_agg(u, at, e) FROM walks), '45 minutes', NULL, '{e1,e2}')),
	u AS (SELECT user_id, count(*) AS n FROM x GROUP BY 1),
	a AS (SELECT count(*) AS sessions, avg(duration_seconds) AS average, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_seconds) AS median, sum(pages) / count(*) AS pages, count(*) FILTER (WHERE events = 1) AS bounces FROM x),
	m AS (SELECT * FROM session_metrics((SELECT sequence_agg(u, at, e) FROM walks), '45 minutes', NULL, '{e1,e2}'))
SELECT m.sessions = a.sessions AS sessions, abs(average_duration_seconds - average) < 1e-6 AS average, median_duration_seconds = median AS median, abs(pages_per_session - a.pages) < 1e-15 AS pages, m.bounces = a.bounces AS bounces,
	users = (SELECT count(*) FROM u) AS users, returning_users = (SELECT count(*) FROM u WHERE n > 1) AS returning FROM m, a;
-- peaks: the most sessions at any start, or at the beginning of a day
WITH x AS (SELECT * FROM sessions((SELECT sequence_agg(u, at, e) FROM walks), '45 minutes')),
	t AS (SELECT started_at AS t FROM x UNION SELECT generate_series('2024-01-01', '2024-01-08', interval '1 day')),
	p AS (SELECT t, (SELECT count(*) FROM x WHERE t BETWEEN started_at AND ended_at) AS n FROM t),
	d AS (SELECT t::date AS period, max(n) AS peak FROM p GROUP BY 1),
	m AS (SELECT d.day, sum(extract(epoch FROM least(ended_at, d.day + 1) - greatest(started_at, d.day))) / 86400 AS mean FROM x, generate_series(date '2024-01-01', '2024-01-08', interval '1 day') g(g), LATERAL (SELECT g::date AS day) d
		WHERE started_at < d.day + 1 AND ended_at >= d.day GROUP BY 1)
SELECT count(*) AS days, count(*) FILTER (WHERE c.peak_users <> d.peak) AS wrong, count(*) FILTER (WHERE c.peak_at <> (SELECT min(t) FROM p WHERE t::date = d.period AND n = d.peak)) AS wrong_at, count(*) FILTER (WHERE abs(c.average_users - m.mean) > 1e-9) AS wrong_mean
FROM concurrent_users((SELECT sequence_agg(u, at, e) FROM walks), gap => '45 minutes') c LEFT JOIN d USING (period) LEFT JOIN m ON m.day = c.period;

-- errors
SELECT count(*) FROM st, sessions(s, NULL);
SELECT count(*) FROM st, sessions(s, '1 month');
SELECT count(*) FROM st, sessions(s, '-1 hour');
SELECT count(*) FROM st, sessions(s, as_of => 'infinity');
SELECT count(*) FROM st, sessions(s, page_events => '{home,NULL}');
SELECT count(*) FROM st, sessions(s, page_events => '{{home},{cart}}');
SELECT count(*) FROM st, concurrent_users(s, 'hour');
SELECT count(*) FROM st, concurrent_users(s, zone => 'Mars/Olympus');
