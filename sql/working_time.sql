-- Time within working hours.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set VERBOSITY default
\set SHOW_CONTEXT never

-- By hand: Monday to Thursday 9:00 to 12:00 and 13:00 to 17:00 in Berlin, Friday to 13:00; May 1 is a holiday, December 24 is worked from 9:00 to 13:00
INSERT INTO working_calendars (calendar, zone) VALUES ('office', 'Europe/Berlin');
INSERT INTO working_hours (calendar, weekday, opens, closes)
	SELECT 'office', d, opens, closes FROM generate_series(1, 4) d, (VALUES (time '09:00', time '12:00'), ('13:00', '17:00')) s(opens, closes)
	UNION ALL VALUES ('office', 5, time '09:00', time '13:00');
INSERT INTO holidays (calendar, day, name, opens, closes) VALUES
	('office', '2024-05-01', 'Labour Day', NULL, NULL), ('office', '2024-12-24', 'Christmas Eve', '09:00', '13:00'), ('office', '2024-12-25', NULL, NULL, NULL);
SELECT what, working_minutes(started_at, ended_at, 'office') AS minutes, working_seconds(started_at, ended_at, 'office') AS seconds, expected FROM (VALUES
	('within a span', timestamptz '2024-04-29 10:00+02', timestamptz '2024-04-29 10:45+02', 45::numeric),
	('over lunch', '2024-04-29 11:30+02', '2024-04-29 13:15+02', 45),
	('lunch alone', '2024-04-29 12:00+02', '2024-04-29 13:00+02', 0),
	('a day', '2024-04-29 00:00+02', '2024-04-30 00:00+02', 420),
	('over a holiday', '2024-04-30 16:00+02', '2024-05-02 10:00+02', 120),
	('over a weekend', '2024-05-03 12:00+02', '2024-05-06 09:30+02', 90),
	('a week', '2024-05-06 00:00+02', '2024-05-13 00:00+02', 4 * 420 + 240),
	('before opening', '2024-05-06 03:00+02', '2024-05-06 09:00+02', 0),
	('opening is within', '2024-05-06 09:00+02', '2024-05-06 09:00:00.000001+02', 0.00000001666666666667),
	('closing is not', '2024-05-06 17:00+02', '2024-05-06 17:00:01+02', 0),
	('a short day', '2024-12-24 00:00+01', '2024-12-26 00:00+01', 240),
	('half a minute', '2024-05-06 10:00+02', '2024-05-06 10:00:30+02', 0.5),
	('ten seconds', '2024-05-06 10:00+02', '2024-05-06 10:00:10+02', 0.1666666666666667),
	('nothing', '2024-05-06 10:00+02', '2024-05-06 10:00+02', 0),
	('reversed', '2024-05-06 10:00+02', '2024-05-06 09:15+02', -45)) v(what, started_at, ended_at, expected);
-- a year: 2024 has 52 of each of Monday to Thursday and Friday, and one Monday and Tuesday more; May 1 and December 25 are Wednesdays, December 24 is a Tuesday that lacks 180 minutes
SELECT working_minutes('2024-01-01 00:00+01', '2025-01-01 00:00+01', 'office') AS minutes, (52 * 4 + 2 - 2) * 420 + 52 * 240 - 180 AS expected;
-- the whole reach adds up
SELECT working_minutes('1900-01-01Z', '2024-05-06 10:00+02', 'office') + working_minutes('2024-05-06 10:00+02', '2199-12-31 23:59:59.999999Z', 'office')
	= working_minutes('1900-01-01Z', '2199-12-31 23:59:59.999999Z', 'office') AS adds_up;

-- When is it due?
SELECT what, working_time_add(started_at, minutes, 'office') AT TIME ZONE 'Europe/Berlin' AS due_in_berlin FROM (VALUES
	('in a span', timestamptz '2024-04-30 10:00+02', 30::numeric), ('to its end, not to the next', '2024-04-30 16:00+02', 60), ('over a holiday', '2024-04-30 16:00+02', 61),
	('over lunch', '2024-04-30 11:00+02', 90), ('on a weekend', '2024-05-04 12:00+02', 1), ('a week', '2024-05-06 09:00+02', 1920), ('none, at night', '2024-05-04 03:00+02', 0),
	('half a minute', '2024-05-06 09:00+02', 0.5), ('a microsecond', '2024-05-06 09:00+02', 0.0000000167), ('fractions of one are rounded', '2024-05-06 09:00+02', 0.000000024),
	('many years', '2024-05-06 09:00+02', 1000000)) v(what, started_at, minutes);
SELECT at, is_working_time(at::timestamptz, 'office') FROM (VALUES ('2024-05-06 08:59:59.999999+02'), ('2024-05-06 09:00+02'), ('2024-05-06 11:59:59.999999+02'), ('2024-05-06 12:00+02'),
	('2024-05-06 13:00+02'), ('2024-05-06 17:00+02'), ('2024-05-01 10:00+02'), ('2024-05-04 10:00+02'), ('2024-12-24 13:00+01')) v(at);
SELECT day, to_char(day, 'Dy') AS weekday, opens_at, closes_at, working_minutes FROM working_spans('office', '2024-04-30', '2024-05-06');

-- Nights in which clocks are changed: a day has 23 and 25 hours
INSERT INTO working_calendars (calendar, zone) VALUES ('always', 'Europe/Berlin'), ('new_york', 'America/New_York'), ('howe', 'Australia/Lord_Howe'), ('sao_paulo', 'America/Sao_Paulo'),
	('beirut', 'Asia/Beirut'), ('havana', 'America/Havana'), ('apia', 'Pacific/Apia');
INSERT INTO working_hours SELECT c, d, '00:00', '24:00' FROM unnest('{always,new_york,howe,sao_paulo,beirut,havana,apia}'::text[]) c, generate_series(1, 7) d;
SELECT calendar, day, opens_at, closes_at, working_minutes FROM (VALUES ('always', date '2024-03-31'), ('always', '2024-10-27'), ('new_york', '2024-03-10'), ('new_york', '2024-11-03'), ('howe', '2024-04-07'), ('howe', '2024-10-06'),
	('sao_paulo', '2017-10-15'), ('sao_paulo', '2018-02-17'), ('beirut', '2024-03-31'), ('beirut', '2024-10-26'), ('havana', '2024-03-10'), ('havana', '2024-11-03'), ('apia', '2011-12-29'), ('apia', '2011-12-31')) v(calendar, start_day),
	LATERAL working_spans(v.calendar, v.start_day, v.start_day + 1);
-- a day that a zone left out has no work
SELECT count(*) FROM working_spans('apia', '2011-12-30', '2011-12-31');
-- all of the time, whatever clocks show
SELECT calendar, working_seconds('2011-01-01Z', '2025-01-01Z', calendar) = extract(epoch FROM timestamptz '2025-01-01Z' - '2011-01-01Z') AS is_all
FROM working_calendars WHERE calendar <> 'office' ORDER BY calendar COLLATE "C";
-- the night shift of Berlin, of two rows: Sunday 2024-03-31 from 0:00 to 6:00 is five hours
INSERT INTO working_calendars VALUES ('night', 'Europe/Berlin', 'Somebody is there while others sleep');
INSERT INTO working_hours SELECT 'night', d, opens, closes FROM generate_series(1, 7) d, (VALUES (time '22:00', time '24:00'), ('00:00', '06:00')) s(opens, closes);
SELECT working_minutes('2024-03-30 22:00+01', '2024-03-31 06:00+02', 'night') AS spring, working_minutes('2024-10-26 22:00+02', '2024-10-27 06:00+01', 'night') AS autumn,
	working_minutes('2024-06-01 22:00+02', '2024-06-02 06:00+02', 'night') AS summer;
-- a time that clocks leave out is when they leap, of one that they show twice it is the second: in spring 1:00 to 2:00, and 3:00 to 3:40 and 3:50 to 4:00,
-- in autumn 1:00 to the second 2:15, the second 2:30 to 2:45, ...
INSERT INTO working_calendars VALUES ('odd', 'Europe/Berlin');
INSERT INTO working_hours SELECT 'odd', 7, opens, closes FROM (VALUES (time '01:00', time '02:15'), ('02:30', '02:45'), ('02:50', '03:00'), ('03:00', '03:40'), ('03:50', '04:00')) s(opens, closes);
SELECT day, opens_at, closes_at, working_minutes FROM working_spans('odd', '2024-03-30', '2024-04-01') UNION ALL SELECT day, opens_at, closes_at, working_minutes FROM working_spans('odd', '2024-10-27', '2024-10-28');
-- by half an hour on Lord Howe, at midnight in Sao Paulo and Beirut
UPDATE working_hours SET opens = '00:20', closes = '02:10:00.25' WHERE opens = '00:00' AND weekday = 7 AND calendar IN ('howe', 'sao_paulo', 'beirut');
SELECT s.day, s.opens_at AT TIME ZONE c.zone AS opens, s.closes_at AT TIME ZONE c.zone AS closes, s.working_minutes FROM (VALUES ('howe', date '2024-10-06'), ('howe', '2024-04-07'), ('sao_paulo', '2017-10-15'), ('beirut', '2024-03-31')) v(calendar, start_day)
	JOIN working_calendars c USING (calendar), LATERAL working_spans(v.calendar, v.start_day, v.start_day + 1) s;

-- Spans that overlap or touch count once; holidays that nobody works on anyway change nothing; one with hours is worked on any weekday
INSERT INTO working_calendars VALUES ('twice', 'UTC');
INSERT INTO working_hours VALUES ('twice', 1, '09:00', '12:00'), ('twice', 1, '10:00', '11:00'), ('twice', 1, '11:30', '13:00'), ('twice', 1, '13:00', '14:00'), ('twice', 1, '14:00:00.5', '14:00:01');
INSERT INTO holidays VALUES ('twice', '2024-05-05', 'a Sunday', NULL, NULL), ('twice', '2024-05-12', 'open on Sunday', '10:00', '24:00'), ('twice', '4714-11-24 BC', NULL, NULL, NULL), ('twice', '5874897-12-31', NULL, NULL, NULL);
SELECT * FROM working_spans('twice', '2024-05-01', '2024-05-15');
-- no hours at all
INSERT INTO working_calendars VALUES ('never', 'UTC');
SELECT working_minutes('2024-01-01Z', '2025-01-01Z', 'never') AS minutes, is_working_time('2024-01-01Z', 'never'), working_time_add('2024-01-01Z', 0, 'never') AS at_once;
SELECT count(*) FROM working_spans('never', '2024-01-01', '2025-01-01');

-- NULL is not known
SELECT working_minutes('2024-01-01Z', NULL, 'office') AS open_end, working_minutes(NULL, '2024-01-01Z', 'office') AS no_start, working_minutes('2024-01-01Z', '2024-01-02Z', NULL) AS no_calendar,
	working_time_add('2024-01-01Z', NULL, 'office') AS no_minutes, is_working_time(NULL, 'office') AS no_time;
SELECT count(*) FROM working_spans('office', NULL, '2024-01-01');

-- Many calendars in one query, in any order
SELECT calendar, count(*), sum(working_minutes('2024-01-01Z', '2024-01-01Z'::timestamptz + d * interval '1 day', calendar)) AS minutes
FROM working_calendars, generate_series(1, 30) d GROUP BY calendar ORDER BY calendar COLLATE "C";

-- What is written counts from the next statement on, and what was rolled back does not
DO $$
DECLARE
	minutes numeric[];
BEGIN
	FOR i IN 1..3 LOOP
		minutes := minutes || nudge.working_minutes('2024-05-06Z', '2024-05-13Z', 'twice');
		INSERT INTO nudge.working_hours VALUES ('twice', 1 + i, '09:00', '10:00');
	END LOOP;
	BEGIN
		DELETE FROM nudge.working_hours WHERE calendar = 'twice';
		minutes := minutes || nudge.working_minutes('2024-05-06Z', '2024-05-13Z', 'twice');
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN
		minutes := minutes || nudge.working_minutes('2024-05-06Z', '2024-05-13Z', 'twice');
	END;
	RAISE NOTICE '%', minutes;
END
$$;
-- another zone, another name
UPDATE working_calendars SET calendar = 'renamed', zone = 'Asia/Tokyo' WHERE calendar = 'twice';
SELECT DISTINCT closes_at FROM working_spans('renamed', '2024-05-07', '2024-05-08');
DELETE FROM working_calendars WHERE calendar = 'renamed';
SELECT (SELECT count(*) FROM working_hours WHERE calendar IN ('twice', 'renamed')) AS hours, (SELECT count(*) FROM holidays WHERE calendar IN ('twice', 'renamed')) AS holidays;

-- Nothing depends on the zone of the session
SET timezone = 'Australia/Lord_Howe';
SELECT working_minutes('2024-05-06 00:00+02', '2024-05-13 00:00+02', 'office') AS week;
SET timezone = 'UTC';

-- Refused
SELECT working_minutes('2024-01-01Z', '2024-01-02Z', 'nobody');
SELECT working_minutes('2024-01-01Z', 'infinity', 'office');
SELECT working_minutes('-infinity', '2024-01-02Z', 'office');
SELECT working_minutes('1899-12-31 23:59:59.999999Z', '2024-01-02Z', 'office');
SELECT working_minutes('2024-01-02Z', '2200-01-01Z', 'office');
SELECT working_seconds('4714-11-24 00:00:00Z BC', '294276-12-31Z', 'office');
SELECT is_working_time('9999-12-31Z', 'office');
SELECT working_time_add('2024-01-01Z', -1, 'office');
SELECT working_time_add('2024-01-01Z', 'NaN', 'office');
SELECT working_time_add('2024-01-01Z', 'Infinity', 'office');
SELECT working_time_add('2024-01-01Z', 1e30, 'office');
SELECT working_time_add('2024-01-01Z', 90000000, 'office');
SELECT working_time_add('2024-01-01Z', 1, 'never');
SELECT * FROM working_spans('office', '2024-01-02', '2024-01-01');
SELECT * FROM working_spans('office', '2024-01-01', 'infinity');
SELECT * FROM working_spans('office', '1899-12-31', '1900-01-02');
SELECT count(*) FROM working_spans('office', '2199-12-30', '2200-01-02');
SELECT count(*) FROM working_spans('office', '2024-01-01', '5874897-12-31');
SELECT count(*) FROM working_spans('office', '1900-01-01', '2200-01-01');
INSERT INTO working_calendars VALUES ('x', 'Europe/Nowhere');
INSERT INTO working_calendars VALUES ('', 'UTC');
INSERT INTO working_hours VALUES ('office', 0, '09:00', '10:00');
INSERT INTO working_hours VALUES ('office', 1, '22:00', '06:00');
INSERT INTO working_hours VALUES ('nobody', 1, '09:00', '10:00');
INSERT INTO holidays VALUES ('office', 'infinity');
INSERT INTO holidays VALUES ('office', '2024-08-01', 'half', '09:00');
INSERT INTO holidays VALUES ('office', '2024-08-01', 'reversed', '10:00', '09:00');
SELECT conname FROM pg_constraint WHERE conrelid IN ('working_hours'::regclass, 'holidays'::regclass, 'working_calendars'::regclass) AND contype IN ('c', 'f') ORDER BY conname COLLATE "C";

-- The owner of the extension fills the tables, others read them
CREATE ROLE regress_nudge_visitor;
GRANT USAGE ON SCHEMA nudge TO regress_nudge_visitor;
SET ROLE regress_nudge_visitor;
SELECT working_minutes('2024-04-30 16:00+02', '2024-05-02 10:00+02', 'office') AS minutes;
INSERT INTO working_calendars VALUES ('mine', 'UTC');
INSERT INTO holidays VALUES ('office', '2024-08-01');
DELETE FROM working_hours;
RESET ROLE;
REVOKE USAGE ON SCHEMA nudge FROM regress_nudge_visitor;
DROP ROLE regress_nudge_visitor;
DELETE FROM working_calendars;
