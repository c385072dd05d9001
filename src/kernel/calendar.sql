/*
 * calendar.sql
 *		Civil days of instants, periods of days, buckets of keys.
 */

CREATE FUNCTION nudge.civil_date(at timestamptz, zone text) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_civil_date' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.civil_date(timestamptz, text) IS 'The civil day of an instant in a named zone';

CREATE FUNCTION nudge.period_start(day date, grain text, week_start text DEFAULT 'monday', fiscal_year_start integer DEFAULT 1) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_period_start_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.period_start(date, text, text, integer) IS
	'First day of the period that holds a day; grain is day, week, month, quarter, year, 4-4-5, 4-5-4 or 5-4-4';
CREATE FUNCTION nudge.period_end(day date, grain text, week_start text DEFAULT 'monday', fiscal_year_start integer DEFAULT 1) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_period_end_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.period_end(date, text, text, integer) IS
	'The day after the last of the period that holds a day; grains as in period_start';

CREATE FUNCTION nudge.bucket(key bigint, n integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_bucket_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.bucket(bigint, integer) IS 'Hash bucket 0 .. n-1 of a key, the same on every machine and version';
CREATE FUNCTION nudge.bucket(key uuid, n integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_bucket_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.bucket(uuid, integer) IS 'Hash bucket 0 .. n-1 of a key, the same on every machine and version';
CREATE FUNCTION nudge.bucket(key text, n integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_bucket_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.bucket(text, integer) IS 'Hash bucket 0 .. n-1 of a key, the same on every machine and version';
