/*
 * funnel.sql
 *		Funnels: funnel_state, its aggregates and its accessors.
 *
 * The numbers are defined in doc/funnel.md.
 */

--@ include src/kernel/state_type.sql type=funnel_state prefix=funnel

COMMENT ON TYPE nudge.funnel_state IS
	'What users did of the steps of a funnel, and when; mergeable by rollup() and combine()';

-- Aggregates --------------------------------------------------------------

--@ for key=bigint,uuid,text k=int8,uuid,text
--@ for time=timestamptz,timestamp,date t=instant,instant,day
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id @key@, at @time@, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, @key@, @time@, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id @key@, at @time@, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(@key@, @time@, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id @key@, at @time@, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, @key@, @time@, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id @key@, at @time@, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(@key@, @time@, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id @key@, at @time@, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, @key@, @time@, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id @key@, at @time@, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(@key@, @time@, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
--@ end
--@ end

CREATE FUNCTION nudge.as_funnel_state(state nudge.sequence_state, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_as_funnel_state' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.as_funnel_state(nudge.sequence_state, text[]) IS
	'The funnel state that funnel_agg would make of the events of a sequence state. Not STRICT: NULL steps are an error';

-- Accessors ---------------------------------------------------------------

CREATE FUNCTION nudge.funnel(
	state nudge.funnel_state,
	within interval DEFAULT NULL,
	steps text[] DEFAULT NULL,
	entry text DEFAULT 'any',
	step_order text DEFAULT 'ordered',
	counting text DEFAULT 'uniques',
	exclusions text[] DEFAULT NULL,
	exclusion text DEFAULT 'drop_off',
	optional text[] DEFAULT NULL,
	max_gaps interval[] DEFAULT NULL,
	min_gaps interval[] DEFAULT NULL,
	min_counts integer[] DEFAULT NULL,
	grace interval DEFAULT NULL,
	hold_constant boolean DEFAULT false,
	session_gap interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	clickhouse_modes text[] DEFAULT NULL,
	baseline nudge.funnel_state DEFAULT NULL,
	alpha double precision DEFAULT 0.05
) RETURNS TABLE (
	step integer,
	event text,
	users bigint,
	step_rate numeric,
	overall_rate numeric,
	drop_off bigint,
	median_seconds double precision,
	average_seconds double precision,
	p_value double precision,
	significant boolean,
	open_window_users bigint,
	excluded_users bigint
)
	AS 'MODULE_PATHNAME', 'nm_funnel' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10 COST 10000;
COMMENT ON FUNCTION nudge.funnel(nudge.funnel_state, interval, text[], text, text, text, text[], text, text[], interval[], interval[], integer[], interval, boolean, interval, timestamptz, text[], nudge.funnel_state, double precision) IS
	'A row per step: users who reached it, rates, drop-off, time from the step before, and a test against a baseline. Not STRICT: most arguments may be NULL';

CREATE FUNCTION nudge.funnel_users(
	state nudge.funnel_state,
	within interval DEFAULT NULL,
	steps text[] DEFAULT NULL,
	entry text DEFAULT 'any',
	step_order text DEFAULT 'ordered',
	counting text DEFAULT 'uniques',
	exclusions text[] DEFAULT NULL,
	exclusion text DEFAULT 'drop_off',
	optional text[] DEFAULT NULL,
	max_gaps interval[] DEFAULT NULL,
	min_gaps interval[] DEFAULT NULL,
	min_counts integer[] DEFAULT NULL,
	grace interval DEFAULT NULL,
	hold_constant boolean DEFAULT false,
	session_gap interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	clickhouse_modes text[] DEFAULT NULL
) RETURNS TABLE (
	user_id text,
	property text,
	step integer,
	event text,
	completed boolean,
	step_times timestamptz[],
	open_window boolean
)
	AS 'MODULE_PATHNAME', 'nm_funnel_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.funnel_users(nudge.funnel_state, interval, text[], text, text, text, text[], text, text[], interval[], interval[], integer[], interval, boolean, interval, timestamptz, text[]) IS
	'A row per user (attempt, session) that entered: the furthest step and the time of each. Not STRICT: most arguments may be NULL';
