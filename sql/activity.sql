-- Activity: states of active days, their users, and leaving some out.
SET client_encoding = 'UTF8';
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

--
-- The example: ann is active on three days, ben on two, cleo on one
--
CREATE TEMP TABLE visits (user_id bigint, name text, day date, actions bigint);
INSERT INTO visits VALUES
	(1, 'ann', '2024-03-04', 2), (1, 'ann', '2024-03-04', 3), (1, 'ann', '2024-03-05', 1), (1, 'ann', '2024-03-11', 4),
	(2, 'ben', '2024-03-05', 1), (2, 'ben', '2024-03-06', 7),
	(3, 'cleo', '2024-03-10', 1);
CREATE TEMP TABLE st AS
SELECT activity_agg(user_id, day) AS plain, activity_count_agg(user_id, day, actions) AS counted,
	activity_agg(name, day) AS plain_text, activity_count_agg(name, day, actions) AS counted_text,
	activity_agg(md5(name)::uuid, day) AS plain_uuid, activity_count_agg(md5(name)::uuid, day, actions) AS counted_uuid
FROM visits;
SELECT u.* FROM st, activity_users(plain) u;
SELECT u.* FROM st, activity_users(counted) u;
SELECT d.* FROM st, activity_days(plain) d;
SELECT d.* FROM st, activity_days(counted) d;
-- as of a day: what lies on it or later is not seen
SELECT u.* FROM st, activity_users(counted, '2024-03-06') u;
SELECT u.* FROM st, activity_users(counted, as_of => '2024-03-05') u;
SELECT count(*) FROM st, activity_users(plain, '2024-03-04') u;
-- users of the three types of key
SELECT u.user_id, u.active_days, u.actions FROM st, activity_users(counted_text) u;
SELECT v.name, u.active_days, u.actions FROM st, activity_users(counted_uuid) u JOIN (SELECT DISTINCT name FROM visits) v ON md5(v.name)::uuid::text = u.user_id ORDER BY 1;
SELECT count(*) FROM (SELECT user_id, day FROM st, activity_days(plain_text) INTERSECT SELECT user_id, day FROM st, activity_days(counted_text)) x;

--
-- Any order of rows, any split into parts, the same bytes
--
SELECT activity_agg(user_id, day ORDER BY day DESC, user_id) = plain AS backwards, activity_count_agg(user_id, day, actions ORDER BY actions, day DESC) = counted AS by_actions,
	activity_agg(user_id, day) FILTER (WHERE actions > 0) = plain AS filtered
FROM st, visits GROUP BY plain, counted;
SELECT combine(a.s, b.s) = st.plain AS split, combine(b.s, a.s) = st.plain AS swapped, combine(st.plain, a.s) = st.plain AS twice_is_once
FROM st, (SELECT activity_agg(user_id, day) AS s FROM visits WHERE day < '2024-03-06') a, (SELECT activity_agg(user_id, day) AS s FROM visits WHERE day >= '2024-03-05') b;
SELECT rollup(s) = counted AS by_row, (SELECT rollup(s) FROM (SELECT activity_count_agg(name, day, actions) AS s FROM visits GROUP BY day) x) = counted_text AS by_day
FROM st, (SELECT activity_count_agg(user_id, day, actions) AS s FROM visits GROUP BY visits.ctid) x GROUP BY counted, counted_text;
SELECT plain::text::activity_state = plain AS plain, counted_text::text::activity_state = counted_text AS counted, plain = counted AS differ FROM st;
-- stable between versions and machines
SELECT encode(activity_state_send(activity_agg(k, d)), 'hex') FROM (VALUES (-2, date '2000-01-01'), (7, '2000-05-07'), (7, '2000-05-08'), (7, '1999-12-31')) v(k, d);
SELECT encode(activity_state_send(activity_count_agg(k, d, n)), 'hex') FROM (VALUES ('b', date '2000-01-01', 1), ('b', '2000-01-04', 258), ('a', '1999-12-31', 4294967295)) v(k, d, n);

--
-- Days: before 2000 and 1970, at both ends of the calendar, far apart
--
SELECT d.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '1969-12-31'), ('1970-01-01'), ('1999-12-31'), ('2000-01-01'), ('4714-11-24 BC'), ('5874897-12-31'), ('0001-01-01')) v(d)) x, activity_days(s) d;
SELECT d.* FROM (SELECT activity_count_agg('x', d, 2) AS s FROM (VALUES (date '1969-12-31'), ('1999-12-31'), ('4714-11-24 BC'), ('5874897-12-31')) v(d)) x, activity_days(s) d;
SELECT u.* FROM (SELECT activity_agg(1, d) AS s FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)) x, activity_users(s) u;
-- every offset within a block, with counts and without
SELECT count(*) AS days, count(*) FILTER (WHERE p.day = c.day AND p.day = date '1999-06-01' + n::integer AND c.actions = n + 1) AS right
FROM (SELECT activity_agg(1, date '1999-06-01' + n) AS p, activity_count_agg(1, date '1999-06-01' + n, n + 1) AS c FROM generate_series(0, 400) n) x,
	LATERAL ROWS FROM (activity_days(p), activity_days(c)) WITH ORDINALITY y(user_id, day, nothing, user_id2, day2, actions, n1),
	LATERAL (SELECT y.day) p, LATERAL (SELECT y.day2 AS day, y.actions) c, LATERAL (SELECT n1 - 1 AS n) z;

--
-- Instants: the day is that of a zone, row by row, whatever TimeZone says
--
SELECT d.user_id, d.day FROM (SELECT activity_at_agg(k, at, zone) AS s FROM (VALUES
	('utc', timestamptz '2024-03-10 23:30+00', 'UTC'), ('berlin', '2024-03-10 23:30+00', 'Europe/Berlin'), ('new york', '2024-03-11 03:59:59.999999+00', 'America/New_York'),
	('new york later', '2024-03-11 04:00+00', 'America/New_York'), ('before 1970', '1969-12-31 23:30+00', 'UTC'), ('again', '2024-03-10 23:30+00', 'Europe/Berlin')) v(k, at, zone)) x, activity_days(s) d;
SELECT activity_at_agg(1, timestamp '2024-03-10 23:30', 'Europe/Berlin') = activity_agg(1, date '2024-03-11') AS timestamp_is_utc,
	activity_at_agg('a', timestamp '2024-03-10 23:30', 'UTC') = activity_agg('a', date '2024-03-10') AS text_key,
	activity_at_agg(md5('a')::uuid, timestamptz '2024-03-10 23:30+00', 'Asia/Kolkata') = activity_agg(md5('a')::uuid, date '2024-03-11') AS uuid_key,
	activity_at_agg(md5('a')::uuid, timestamp '2024-03-10 23:30', 'Asia/Kolkata') = activity_agg(md5('a')::uuid, date '2024-03-11') AS uuid_timestamp;
-- more zones than a call site remembers, in turn: as civil_date has it
SELECT activity_at_agg(n, at, name) = activity_agg(n, (at AT TIME ZONE name)::date) AS same, count(DISTINCT name) > 100 AS many
FROM (SELECT row_number() OVER (ORDER BY n, name) AS n, timestamptz '1969-03-10 12:00+00' + n * interval '1237 hours' AS at, name FROM pg_timezone_names, generate_series(1, 10) n WHERE name NOT LIKE 'posix%' AND upper(name) NOT IN (SELECT abbrev FROM pg_timezone_abbrevs)) x;

--
-- Counts
--
SELECT activity_count_agg(1, date '2024-01-01', 0) IS NULL AS nothing_done, activity_count_agg(1, date '2024-01-01', n) FILTER (WHERE n > 100) IS NULL AS no_rows FROM generate_series(0, 0) n;
SELECT d.* FROM (SELECT activity_count_agg(1, date '2024-01-01' + n % 2, n % 2) AS s FROM generate_series(0, 9) n) x, activity_days(s) d;
SELECT d.* FROM (SELECT activity_count_agg(1, date '2024-01-01' + (n % 4)::integer, n) AS s FROM (VALUES (4294967295), (4294967290), (1), (2), (4), (5)) v(n)) x, activity_days(s) d;
SELECT u.* FROM (SELECT activity_count_agg(1, date '2024-01-01' + n, 4294967295) AS s FROM generate_series(1, 1000) n) x, activity_users(s) u;
SELECT activity_count_agg(1, date '2024-01-01', n) FROM (VALUES (4294967295), (1)) v(n);
\echo :SQLSTATE
SELECT activity_count_agg(1, date '2024-01-03', n) FROM (VALUES (4294967295), (1)) v(n);
SELECT activity_count_agg(1, date '2024-01-01', 4294967296);
\echo :SQLSTATE
SELECT combine(activity_count_agg(1, date '2024-01-02', 4294967295), activity_count_agg(1, date '2024-01-02', 1));
\echo :SQLSTATE
SELECT activity_count_agg(1, date '2024-01-01', -1);
\echo :SQLSTATE

--
-- Rows that cannot be counted
--
\set VERBOSITY default
SELECT activity_agg(NULL::bigint, date '2024-01-01');
\echo :SQLSTATE
SELECT activity_agg(1, NULL::date);
\echo :SQLSTATE
SELECT activity_agg('a', date 'infinity');
\echo :SQLSTATE
SELECT activity_agg(md5('a')::uuid, date '-infinity');
\set VERBOSITY terse
SELECT activity_at_agg(NULL::text, timestamptz '2024-01-01', 'UTC');
SELECT activity_at_agg(1, NULL::timestamptz, 'UTC');
SELECT activity_at_agg(1, timestamptz '2024-01-01', NULL);
SELECT activity_at_agg(1, timestamptz 'infinity', 'UTC');
SELECT activity_at_agg(1, timestamp '-infinity', 'UTC');
SELECT activity_at_agg(1, timestamptz '2024-01-01', 'Mars/Olympus');
SELECT activity_at_agg(1, timestamptz '4714-11-24 00:00:00+00 BC', 'America/New_York');
SELECT activity_count_agg(NULL::uuid, date '2024-01-01', 1);
SELECT activity_count_agg(1, NULL::date, 1);
SELECT activity_count_agg(1, date '2024-01-01', NULL);
SELECT activity_count_agg(1, date 'infinity', 0);
-- left out, they are
SELECT u.user_id FROM (SELECT activity_agg(k, d) FILTER (WHERE k IS NOT NULL AND isfinite(d)) AS s FROM (VALUES (NULL, date '2024-01-01'), ('a', 'infinity'), ('b', '2024-01-01')) v(k, d)) x, activity_users(s) u;

--
-- States that do not go together
--
\set VERBOSITY default
SELECT combine(plain, counted) FROM st;
\echo :SQLSTATE
\set VERBOSITY terse
SELECT rollup(s) FROM st, LATERAL (VALUES (counted), (plain)) v(s);
SELECT combine(plain, plain_text) FROM st;
\echo :SQLSTATE
SELECT activity_trans(plain, 1, date '2024-01-01') FROM st;
SELECT combine(plain, NULL) = plain AS null_right, combine(NULL, counted) = counted AS null_left, combine(NULL::activity_state, NULL) IS NULL AS both FROM st;
-- an aggregate of one's own that begins with a state of the other kind
DO $$ BEGIN
	EXECUTE format('CREATE AGGREGATE pg_temp.goes_on(bigint, date) (SFUNC = nudge.activity_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final, INITCOND = %L)', (SELECT counted FROM st));
END $$;
SELECT pg_temp.goes_on(user_id, day) FROM visits;

--
-- No rows, no state
--
SELECT activity_agg(user_id, day) IS NULL AS plain, activity_count_agg(user_id, day, actions) IS NULL AS counted, rollup(NULL::activity_state) IS NULL AS rolled FROM visits WHERE false;
SELECT (SELECT count(*) FROM activity_users(NULL)) AS users, (SELECT count(*) FROM activity_days(NULL)) AS days, (SELECT count(*) FROM activity_excluded(NULL, '{1}')) AS excluded, activity_exclude(NULL, '{1}') IS NULL AS state;
SELECT activity_users(plain, 'infinity') FROM st;
\echo :SQLSTATE

--
-- Leaving users out
--
SELECT e.*, activity_exclude(counted, ARRAY['2', '7', '+2', NULL, ' 2']) = (SELECT activity_count_agg(user_id, day, actions) FROM visits WHERE user_id <> 2) AS rest FROM st, activity_excluded(counted, ARRAY['2', '7', '+2', NULL, ' 2']) e;
SELECT e.*, activity_exclude(plain_text, '{ann,cleo,nobody,Ben}') = (SELECT activity_agg(name, day) FROM visits WHERE name = 'ben') AS rest FROM st, activity_excluded(plain_text, '{ann,cleo,nobody,Ben}') e;
SELECT e.*, activity_exclude(counted_uuid, ARRAY[upper(md5('ben'))]) = (SELECT activity_count_agg(md5(name)::uuid, day, actions) FROM visits WHERE name <> 'ben') AS rest FROM st, activity_excluded(counted_uuid, ARRAY[upper(md5('ben'))]) e;
SELECT e.*, activity_exclude(counted_text, '{ann,ben,cleo}') IS NULL AS nobody_left FROM st, activity_excluded(counted_text, '{ann,ben,cleo}') e;
SELECT e.*, activity_exclude(plain, '{}') = plain AS nobody, activity_exclude(plain, NULL) = plain AS null_list, activity_exclude(plain, '{9}') = plain AS unknown FROM st, activity_excluded(plain, NULL) e;
SELECT activity_exclude(plain, '{ann}') FROM st;
\echo :SQLSTATE
SELECT activity_exclude(plain_uuid, '{ann}') FROM st;
-- many of many
SELECT bool_and(activity_exclude(s, users) = rest) AS same, bool_and(activity_exclude(s, users)::text::activity_state = rest) AS sound FROM (
	SELECT activity_agg('user ' || n, date '2020-01-01' + n % 1000) AS s, array_agg('user ' || n) FILTER (WHERE n % 3 = 0) AS users, activity_agg('user ' || n, date '2020-01-01' + n % 1000) FILTER (WHERE n % 3 <> 0) AS rest FROM generate_series(1, 9000) n
	UNION ALL SELECT activity_agg(n % 500, date '2020-01-01' + n), array_agg((n % 500)::text) FILTER (WHERE n % 7 = 0 AND n % 500 < 250), activity_agg(n % 500, date '2020-01-01' + n) FILTER (WHERE NOT EXISTS (SELECT FROM generate_series(1, 9000) m WHERE m % 500 = n % 500 AND m % 7 = 0 AND m % 500 < 250)) FROM generate_series(1, 9000) n) x;

--
-- Large groups: 100,000 rows of 16,000 users against the server's own DISTINCT
--
CREATE TEMP TABLE many AS
SELECT (hashint8extended(n, 1) & 16383) - 8000 AS user_id, date '1995-01-01' + (hashint8extended(n, 2) & 4095)::integer AS day, hashint8extended(n, 3) & 7 AS actions FROM generate_series(1, 100000) n;
CREATE TEMP TABLE large AS SELECT activity_agg(user_id, day) AS s, activity_count_agg(user_id, day, actions) AS c, activity_agg('user ' || user_id, day) AS t FROM many;
SELECT count(*) AS days, (SELECT count(*) FROM (SELECT DISTINCT user_id, day FROM many) m) AS expected FROM (
	SELECT d.user_id, d.day FROM large, activity_days(s) d INTERSECT SELECT user_id::text, day FROM many) x;
SELECT count(*) AS days, (SELECT count(*) FROM (SELECT user_id, day FROM many GROUP BY 1, 2 HAVING sum(actions) > 0) m) AS expected FROM (
	SELECT d.* FROM large, activity_days(c) d INTERSECT SELECT user_id::text, day, sum(actions) FROM many GROUP BY 1, 2) x;
SELECT count(*) AS users, (SELECT count(DISTINCT user_id) FROM many) AS expected FROM (
	SELECT user_id, first_day, last_day, active_days FROM large, activity_users(t) INTERSECT SELECT 'user ' || user_id, min(day), max(day), count(DISTINCT day) FROM many GROUP BY 1) x;
SELECT rollup(p) = (SELECT s FROM large) AS plain, rollup(q) = (SELECT c FROM large) AS counted
FROM (SELECT activity_agg(user_id, day) AS p, activity_count_agg(user_id, day, actions) AS q FROM many GROUP BY (day - date '1995-01-01') % 500) x;
SELECT activity_agg(user_id, day ORDER BY hashint8extended(user_id, 7)) = (SELECT s FROM large) AS shuffled, activity_agg(user_id, day ORDER BY user_id, day) = (SELECT s FROM large) AS sorted FROM many;
-- bytes: 32 for the head, then 32 for each user and 128 days, or with counts for each user and 4 days
SELECT pg_column_size(activity_agg(n, date '2000-01-01')) AS users_1000, pg_column_size(activity_agg(1, date '2000-01-01' + n)) AS days_1000, pg_column_size(activity_count_agg(1, date '2000-01-01' + n, 1)) AS counted_days_1000 FROM generate_series(0, 999) n;

--
-- Made by hand: what no aggregate could have made is refused
--
CREATE FUNCTION pg_temp.by_hand(hex text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM rtrim(translate(encode(decode(replace(hex, ' ', ''), 'hex'), 'base64'), E'\n', ''), '=')::nudge.activity_state;
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN sqlstate || ' ' || sqlerrm || ': ' || detail;
END
$$;
SELECT what, pg_temp.by_hand('4e0301' || flags || ' 00000001 ' || param || ' 00000000 00000000 0000000000000001 ' || rest)
FROM (VALUES
	(1, 'sound', '00', '00000000', '00000000 00000000 0000000000000001 0000000000000000'),
	(2, 'sound, with counts', '00', '00000001', '00000000 00000020 0000000000000001 0000000000000000'),
	(3, 'instants', '04', '00000000', '00000000 00000000 0000000000000001 0000000000000000'),
	(4, 'neither with counts nor without', '00', '00000002', '00000000 00000000 0000000000000001 0000000000000000'),
	(5, 'a mask in a state with counts', '00', '00000001', '00000000 00000000 0000000000000001 0000000000000000'),
	(6, 'counts in a state without', '00', '00000000', '00000000 00000001 0000000000000001 0000000000000000'),
	(7, 'no such part of a block', '00', '00000001', '00000000 00000021 0000000000000001 0000000000000000'),
	(8, 'a negative part', '00', '00000001', '00000000 ffffffff 0000000000000001 0000000000000000'),
	(9, 'no activity', '00', '00000000', '00000000 00000000 0000000000000000 0000000000000000'),
	(10, 'before all days', '00', '00000000', 'ffffb52f 00000000 0000000000000001 0000000000000000'),
	(11, 'after all days', '00', '00000000', '7fffffff 00000000 0000000000000001 0000000000000000')) v(n, what, flags, param, rest) ORDER BY n;

--
-- One user with very many days
--
SELECT u.* FROM (SELECT activity_agg(1, date '2000-01-01' + n) AS s FROM generate_series(0, 999999) n) x, activity_users(s) u;
SELECT activity_users(activity_agg(1, date '2000-01-01' + n)) FROM generate_series(0, 4000200) n;
\echo :SQLSTATE
