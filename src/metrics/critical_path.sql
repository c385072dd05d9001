/*
 * critical_path.sql
 *		How far users come on a path that they should take.
 */

CREATE FUNCTION nudge.critical_path(
	state nudge.sequence_state,
	path text[],
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	step integer,
	event text,
	users bigint,
	drop_off bigint,
	drop_off_rate numeric,
	overall_rate numeric
)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT f.step, f.event, f.users, f.drop_off, 1 - f.step_rate, f.overall_rate
	FROM nudge.funnel(nudge.as_funnel_state(critical_path.state, critical_path.path), within => critical_path.within, as_of => critical_path.as_of) f;
END;
COMMENT ON FUNCTION nudge.critical_path(nudge.sequence_state, text[], interval, timestamptz) IS
	'The funnel of a path: users who reach each step in order, others allowed in between, and the share of those before who do not. Not STRICT: a NULL within or as_of has a meaning';
