--
-- working_time.sql
--		Working time against counting minutes by the clock, on random calendars.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed working_time
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(14);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

-- Five days around nights in which clocks are changed, and others, minute by minute
CREATE TEMP TABLE night AS
SELECT row_number() OVER ()::integer AS night, zone, first_day::timestamp AT TIME ZONE zone AS from_at, (first_day + 5)::timestamp AT TIME ZONE zone AS to_at, first_day
FROM (VALUES ('Europe/Berlin', date '2024-03-29'), ('Europe/Berlin', '2024-10-25'), ('America/New_York', '2024-03-08'), ('America/New_York', '2024-11-01'),
	('America/Sao_Paulo', '2017-10-13'), ('America/Sao_Paulo', '2018-02-15'), ('Asia/Beirut', '2024-03-29'), ('Asia/Beirut', '2024-10-24'), ('Australia/Lord_Howe', '2024-04-05'),
	('Australia/Lord_Howe', '2024-10-04'), ('America/Havana', '2024-03-08'), ('America/Havana', '2024-11-01'), ('Pacific/Apia', '2011-12-28'), ('Africa/Casablanca', '2024-03-08'),
	('Africa/Casablanca', '2024-04-12'), ('Asia/Kathmandu', '2024-06-01'), ('UTC', '2024-02-27')) v(zone, first_day);
CREATE TEMP TABLE clock AS
SELECT n.night, m, m AT TIME ZONE n.zone AS shows
FROM night n, generate_series(n.from_at - interval '2 hours', n.to_at + interval '2 hours', interval '1 minute') m;
CREATE INDEX ON clock (night, shows);
ANALYZE clock;

-- For each four calendars: none to four spans a day, often at night, which may overlap; holidays; and one of the whole day
CREATE TEMP TABLE cal AS SELECT n.night, n.zone, n.first_day, n.from_at, n.to_at, k, format('%s.%s', n.night, k) AS calendar FROM night n, generate_series(0, 3) k;
INSERT INTO nudge.working_calendars (calendar, zone) SELECT calendar, zone FROM cal;
CREATE FUNCTION pg_temp.any_time() RETURNS integer LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() < 0.5 THEN floor(random() * 290) WHEN random() < 0.3 THEN 1440 - floor(random() * 130) ELSE floor(random() * 289) * 5 END;
INSERT INTO nudge.working_hours (calendar, weekday, opens, closes)
SELECT DISTINCT ON (calendar, d, least(a, b)) calendar, d, time '00:00' + least(a, b) * interval '1 minute', CASE greatest(a, b) WHEN 1440 THEN time '24:00' ELSE time '00:00' + greatest(a, b) * interval '1 minute' END
FROM (SELECT c.calendar, d, pg_temp.any_time() AS a, pg_temp.any_time() AS b FROM cal c, generate_series(1, 7) d, generate_series(1, 4) s WHERE k > 0 AND random() < 0.6) r
WHERE a <> b AND least(a, b) < 1440
ORDER BY calendar, d, least(a, b);
INSERT INTO nudge.working_hours SELECT calendar, d, '00:00', '24:00' FROM cal, generate_series(1, 7) d WHERE k = 0;
INSERT INTO nudge.holidays (calendar, day, opens, closes)
SELECT calendar, first_day + d, CASE WHEN short THEN time '01:45' END, CASE WHEN short THEN time '24:00' END
FROM (SELECT calendar, first_day, d, random() < 0.5 AS short FROM cal, generate_series(0, 4) d WHERE k > 0 AND random() < 0.15) r;

-- When a clock comes to a time: the last instant at which it shows it, the first at which it shows more if it never does, and for midnight the first of the day
CREATE FUNCTION pg_temp.comes_to(n integer, day date, at time) RETURNS timestamptz LANGUAGE sql STABLE
	RETURN CASE WHEN at IN ('00:00', '24:00') THEN (SELECT min(m) FROM clock WHERE night = n AND shows >= day + CASE at WHEN '24:00' THEN interval '1 day' ELSE interval '0' END)
		ELSE coalesce((SELECT max(m) FROM clock WHERE night = n AND shows = day + at), (SELECT min(m) FROM clock WHERE night = n AND shows > day + at)) END;
CREATE TEMP TABLE span AS
SELECT c.night, c.calendar, d.day::date, pg_temp.comes_to(c.night, d.day::date, s.opens) AS opens_at, pg_temp.comes_to(c.night, d.day::date, s.closes) AS closes_at
FROM cal c, generate_series(c.first_day, c.first_day + 4, interval '1 day') d(day),
	LATERAL (SELECT h.opens, h.closes FROM nudge.working_hours h WHERE h.calendar = c.calendar AND h.weekday = extract(isodow FROM d.day)
			AND NOT EXISTS (SELECT FROM nudge.holidays f WHERE f.calendar = c.calendar AND f.day = d.day::date)
		UNION ALL SELECT f.opens, f.closes FROM nudge.holidays f WHERE f.calendar = c.calendar AND f.day = d.day::date AND f.opens IS NOT NULL) s;
CREATE TEMP TABLE worked AS
SELECT c.calendar, k.m FROM cal c JOIN clock k USING (night)
WHERE k.m >= c.from_at AND k.m < c.to_at AND EXISTS (SELECT FROM span s WHERE s.calendar = c.calendar AND s.opens_at <= k.m AND k.m < s.closes_at);
CREATE INDEX ON worked (calendar, m);
ANALYZE worked;

SELECT cmp_ok((SELECT count(*) FROM worked), '>', 50000::bigint, 'there is work');
SELECT is_empty($$ (SELECT c.calendar, k.m FROM cal c JOIN clock k USING (night) WHERE k.m >= c.from_at AND k.m < c.to_at AND nudge.is_working_time(k.m, c.calendar)
		EXCEPT SELECT * FROM worked)
	UNION ALL (SELECT * FROM worked EXCEPT SELECT c.calendar, k.m FROM cal c JOIN clock k USING (night) WHERE nudge.is_working_time(k.m, c.calendar)) $$, 'the minutes of work');
CREATE TEMP TABLE pair AS
SELECT calendar, c.from_at + floor(random() * minutes) * interval '1 minute' AS a, c.from_at + floor(random() * minutes) * interval '1 minute' AS b
FROM (SELECT *, extract(epoch FROM to_at - from_at) / 60 AS minutes FROM cal) c, generate_series(1, 30);
SELECT is_empty($$ SELECT p.*, nudge.working_minutes(a, b, calendar), n FROM pair p,
		LATERAL (SELECT sign(extract(epoch FROM b - a)) * count(*) FROM worked w WHERE w.calendar = p.calendar AND w.m >= least(a, b) AND w.m < greatest(a, b)) c(n)
	WHERE nudge.working_minutes(a, b, calendar) IS DISTINCT FROM n $$, 'minutes between two instants, counted by the clock');
SELECT is_empty($$ SELECT * FROM pair WHERE nudge.working_seconds(a, b, calendar) <> nudge.working_minutes(a, b, calendar) * 60 OR nudge.working_minutes(a, b, calendar) <> -nudge.working_minutes(b, a, calendar) $$,
	'seconds are minutes, and reversed is negative');
SELECT is_empty($$ SELECT calendar FROM pair JOIN cal USING (calendar) WHERE k = 0 AND nudge.working_seconds(a, b, calendar) <> extract(epoch FROM b - a) $$, 'whole days are all of the time');

-- Spans: apart, in order, within their day
CREATE TEMP TABLE spans AS SELECT c.night, c.calendar, s.* FROM cal c, nudge.working_spans(c.calendar, c.first_day, c.first_day + 5) s;
SELECT is_empty($$ SELECT calendar, sum(working_minutes) FROM spans GROUP BY calendar EXCEPT SELECT calendar, count(*) FROM worked GROUP BY calendar $$, 'spans add up to the minutes');
SELECT is_empty($$ SELECT * FROM spans WHERE opens_at >= closes_at OR working_minutes <> extract(epoch FROM closes_at - opens_at) / 60 $$, 'spans have length');
SELECT is_empty($$ SELECT * FROM spans a JOIN spans b USING (calendar) WHERE a.opens_at < b.opens_at AND a.closes_at > b.opens_at $$, 'spans do not overlap');
SELECT is_empty($$ SELECT * FROM spans s JOIN cal c USING (calendar) WHERE nudge.civil_date(opens_at, zone) <> day OR nudge.civil_date(closes_at - interval '1 microsecond', zone) <> day $$, 'spans lie in their day');

-- To the microsecond, from the spans
CREATE TEMP TABLE moment AS
SELECT calendar, a + random() * interval '1 minute' AS a, b + random() * interval '1 hour' AS b, round((random() * 3000)::numeric, 5) AS minutes FROM pair;
SELECT is_empty($$ SELECT * FROM moment p,
		LATERAL (SELECT coalesce(sum(extract(epoch FROM least(s.closes_at, b) - greatest(s.opens_at, a))), 0) FROM nudge.working_spans(calendar, (a - interval '1 day')::date, (b + interval '2 days')::date) s
			WHERE s.opens_at < b AND s.closes_at > a) c(n)
	WHERE a < b AND nudge.working_seconds(a, b, calendar) IS DISTINCT FROM n $$, 'microseconds of the spans');

-- Due: so much later, and no earlier
CREATE TEMP TABLE due AS SELECT calendar, a, minutes, nudge.working_time_add(a, minutes, calendar) AS due FROM moment
WHERE EXISTS (SELECT FROM nudge.working_hours h WHERE h.calendar = moment.calendar);
SELECT is_empty($$ SELECT * FROM due WHERE round(nudge.working_seconds(a, due, calendar), 6) <> round(minutes * 60, 6) $$, 'so much is worked by then');
SELECT is_empty($$ SELECT * FROM due WHERE minutes > 0 AND nudge.working_seconds(a, due - interval '1 microsecond', calendar) >= round(minutes * 60, 6) $$, 'and no earlier');

-- Years apart, in any order of rows; all of these calendars are more than is kept at once
CREATE TEMP TABLE far AS
SELECT calendar, timestamptz '1900-01-01Z' + random() * interval '109570 days' AS a, timestamptz '2000-01-01Z' + random() * interval '9000 days' AS b, timestamptz '1900-01-01Z' + random() * interval '109570 days' AS c
FROM cal, generate_series(1, 4) WHERE night <= 9;
SELECT is_empty($$ SELECT * FROM far WHERE nudge.working_seconds(a, b, calendar) + nudge.working_seconds(b, c, calendar) <> nudge.working_seconds(a, c, calendar) $$, 'what is between adds up');
SELECT is((SELECT md5(string_agg(s::text, ',' ORDER BY a, calendar)) FROM (SELECT a, calendar, nudge.working_seconds(a, b, calendar) AS s FROM (SELECT * FROM far ORDER BY random() OFFSET 0) f) g),
	(SELECT md5(string_agg(s::text, ',' ORDER BY a, calendar)) FROM (SELECT a, calendar, nudge.working_seconds(a, b, calendar) AS s FROM (SELECT * FROM far ORDER BY calendar, b DESC OFFSET 0) f) g), 'the order of rows does not matter');

SELECT * FROM finish();
ROLLBACK;
