/*
 * working_time.sql
 *		Time within working hours: calendars of hours and holidays in a zone.
 *
 * Definitions: doc/working_time.md.
 */

-- Calendars -----------------------------------------------------------------

CREATE TABLE nudge.working_calendars (
	calendar text PRIMARY KEY CHECK (calendar <> ''),
	-- civil_date knows what a zone is, and says so
	zone text NOT NULL CHECK (nudge.civil_date(timestamptz '2000-01-01 00:00:00Z', zone) IS NOT NULL),
	comment text
);
SELECT pg_catalog.pg_extension_config_dump('nudge.working_calendars', '');
GRANT SELECT ON nudge.working_calendars TO PUBLIC;
COMMENT ON TABLE nudge.working_calendars IS 'Calendars of working hours';
COMMENT ON COLUMN nudge.working_calendars.calendar IS 'Name of the calendar';
COMMENT ON COLUMN nudge.working_calendars.zone IS 'Time zone whose clocks its hours and days are of';
COMMENT ON COLUMN nudge.working_calendars.comment IS 'Whose hours they are';

CREATE TABLE nudge.working_hours (
	calendar text NOT NULL REFERENCES nudge.working_calendars ON UPDATE CASCADE ON DELETE CASCADE,
	weekday integer NOT NULL CHECK (weekday BETWEEN 1 AND 7),
	opens time NOT NULL,
	closes time NOT NULL,
	PRIMARY KEY (calendar, weekday, opens),
	CONSTRAINT working_hours_order CHECK (opens < closes)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.working_hours', '');
GRANT SELECT ON nudge.working_hours TO PUBLIC;
COMMENT ON TABLE nudge.working_hours IS 'Working hours of the week: a row per span, several a day';
COMMENT ON COLUMN nudge.working_hours.calendar IS 'Name of the calendar';
COMMENT ON COLUMN nudge.working_hours.weekday IS '1 is Monday, 7 is Sunday';
COMMENT ON COLUMN nudge.working_hours.opens IS 'Time at which work begins';
COMMENT ON COLUMN nudge.working_hours.closes IS 'Time at which it ends; 24:00 is the end of the day';

CREATE TABLE nudge.holidays (
	calendar text NOT NULL REFERENCES nudge.working_calendars ON UPDATE CASCADE ON DELETE CASCADE,
	day date NOT NULL CHECK (isfinite(day)),
	name text,
	opens time,
	closes time,
	PRIMARY KEY (calendar, day),
	CONSTRAINT holidays_order CHECK ((opens IS NULL) = (closes IS NULL) AND coalesce(opens < closes, true))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.holidays', '');
GRANT SELECT ON nudge.holidays TO PUBLIC;
COMMENT ON TABLE nudge.holidays IS 'Days on which nobody works, or other hours than on the weekday';
COMMENT ON COLUMN nudge.holidays.calendar IS 'Name of the calendar';
COMMENT ON COLUMN nudge.holidays.day IS 'The whole civil day in the zone of the calendar';
COMMENT ON COLUMN nudge.holidays.name IS 'What it is called';
COMMENT ON COLUMN nudge.holidays.opens IS 'Time at which work begins on that day; NULL is no work';
COMMENT ON COLUMN nudge.holidays.closes IS 'Time at which it ends';

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.working_calendars, nudge.working_hours, nudge.holidays TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- Working time --------------------------------------------------------------

CREATE FUNCTION nudge.working_seconds(started_at timestamptz, ended_at timestamptz, calendar text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_working_seconds' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.working_seconds(timestamptz, timestamptz, text) IS
	'Seconds of [started_at, ended_at) within the working hours of a calendar; negative if it ends before it starts';

CREATE FUNCTION nudge.working_minutes(started_at timestamptz, ended_at timestamptz, calendar text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_working_minutes' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.working_minutes(timestamptz, timestamptz, text) IS
	'Minutes of [started_at, ended_at) within the working hours of a calendar; negative if it ends before it starts';

CREATE FUNCTION nudge.working_time_add(started_at timestamptz, minutes numeric, calendar text) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'nm_working_time_add' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.working_time_add(timestamptz, numeric, text) IS
	'The first instant by which so many minutes within the working hours of a calendar have passed: when something is due';

CREATE FUNCTION nudge.is_working_time(at timestamptz, calendar text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_is_working_time' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.is_working_time(timestamptz, text) IS
	'Whether an instant is within the working hours of a calendar';

CREATE FUNCTION nudge.working_spans(calendar text, start_day date, end_day date)
	RETURNS TABLE (day date, opens_at timestamptz, closes_at timestamptz, working_minutes numeric)
	AS 'MODULE_PATHNAME', 'nm_working_spans' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100 COST 1000;
COMMENT ON FUNCTION nudge.working_spans(text, date, date) IS
	'The spans of work of the days [start_day, end_day) of a calendar, with the instants at which they begin and end';
