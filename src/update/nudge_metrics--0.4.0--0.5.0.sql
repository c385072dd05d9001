\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.5.0'" to load this file. \quit

-- replaces: CREATE FUNCTION nudge.check_input(input text, incomplete bigint, column_name text DEFAULT NULL, unknown text DEFAULT NULL, known text DEFAULT NULL) RETURNS boolean
CREATE OR REPLACE FUNCTION nudge.check_input(input text, incomplete bigint, column_name text DEFAULT NULL, unknown text DEFAULT NULL, known text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF incomplete > 0 THEN
		RAISE EXCEPTION 'a row of % lacks a value that it needs', input USING ERRCODE = 'null_value_not_allowed',
			DETAIL = format('Of %s rows a required column is NULL, or not a finite number.', incomplete),
			HINT = 'Pass a view that leaves them out knowingly.';
	ELSIF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'unknown % "%" of %', column_name, left(unknown, 40), input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is one of %s.', known),
			HINT = 'Pass a view that maps it to one of them.';
	END IF;
	RETURN true;
END
$$;

CREATE FUNCTION nudge.window_spans(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, period_end date, start_at timestamptz, end_at timestamptz, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT p.period, p.period_end, b.start_at, b.end_at, b.end_at <= as_of
	FROM nudge.window_periods(start_day, end_day, grain) p,
		LATERAL (SELECT p.period::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS start_at, p.period_end::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS end_at) b
	ORDER BY p.period;
END;

COMMENT ON FUNCTION nudge.window_spans(date, date, text, text, timestamptz) IS
	'The periods of a window with the instants at which they begin and end in a zone, and whether they are over by as_of. Not STRICT: a NULL grain is one period, a NULL as_of leaves complete NULL, NULL days are errors';
