/*
 * sequence.sql
 *		Events in order: sequence_state, patterns, transitions and paths.
 *
 * The definitions are in doc/sequence.md.
 */

--@ include src/kernel/state_type.sql type=sequence_state prefix=sequence

COMMENT ON TYPE nudge.sequence_state IS
	'Events of any number of users in order, mergeable by rollup() and combine()';

--@ for key=bigint,uuid,text k=int8,uuid,text
--@ for time=timestamptz,timestamp,date t=instant,instant,day
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id @key@, at @time@, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, @key@, @time@, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id @key@, at @time@, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(@key@, @time@, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id @key@, at @time@, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, @key@, @time@, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id @key@, at @time@, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(@key@, @time@, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
--@ end
--@ end

CREATE FUNCTION nudge.sequence_rows(state nudge.sequence_state)
	RETURNS TABLE (user_id text, at timestamptz, tie_break integer, event text)
	AS 'MODULE_PATHNAME', 'nm_sequence_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_rows(nudge.sequence_state) IS 'The events that a state holds, in order';

CREATE FUNCTION nudge.sequence_next(
	state nudge.sequence_state,
	chain text[],
	direction text DEFAULT 'forward',
	base text DEFAULT 'first_match'
) RETURNS TABLE (user_id text, event text)
	AS 'MODULE_PATHNAME', 'nm_sequence_next' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_next(nudge.sequence_state, text[], text, text) IS
	'For each user the event beside a chain of adjacent events that begins at the base (head, tail, first_match or last_match of its first event), NULL if there is none; an empty chain gives the event at the head or tail itself. Not STRICT: a NULL argument is an error';

-- Patterns ----------------------------------------------------------------

CREATE FUNCTION nudge.sequence_match(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sequence_match' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.sequence_match(nudge.sequence_state, text, text[], interval) IS
	'Users whose events match a pattern: (?N) the Nth condition, . any row, .* any rows, (?t<=60) seconds, (?!N) not the Nth, (?!N)* rows without it; within bounds the whole chain. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.sequence_count(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sequence_count' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.sequence_count(nudge.sequence_state, text, text[], interval) IS
	'Matches of a pattern of all users, found from the first event on and without overlap; see sequence_match. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.sequence_users(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL)
	RETURNS TABLE (user_id text, matched boolean, matches bigint, times timestamptz[])
	AS 'MODULE_PATHNAME', 'nm_sequence_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_users(nudge.sequence_state, text, text[], interval) IS
	'For each user whether and how often a pattern matches, and the times of the (?N) of the first match or of the longest part of the pattern from its beginning; see sequence_match. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.sequence_events(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL)
	RETURNS TABLE (user_id text, match integer, times timestamptz[])
	AS 'MODULE_PATHNAME', 'nm_sequence_events' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_events(nudge.sequence_state, text, text[], interval) IS
	'Each match of a pattern with the times of its (?N); see sequence_match. Not STRICT: a NULL within has a meaning';

-- Transitions and paths ---------------------------------------------------

CREATE FUNCTION nudge.event_transitions(state nudge.sequence_state, session_gap interval DEFAULT NULL)
	RETURNS TABLE (event text, next_event text, transitions bigint, users bigint, share numeric, median_seconds double precision)
	AS 'MODULE_PATHNAME', 'nm_event_transitions' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.event_transitions(nudge.sequence_state, interval) IS
	'How often which event follows which in a user''s events, by how many users, and the share of all that follows the first; a pair more than session_gap apart is none. Not STRICT: a NULL session_gap has a meaning';

CREATE FUNCTION nudge.paths(
	state nudge.sequence_state,
	max_length integer DEFAULT 5,
	start_event text DEFAULT NULL,
	end_event text DEFAULT NULL,
	session_gap interval DEFAULT NULL,
	collapse_repeats boolean DEFAULT true,
	top integer DEFAULT 20
) RETURNS TABLE (path text[], occurrences bigint, users bigint, share numeric)
	AS 'MODULE_PATHNAME', 'nm_paths' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 10000;
COMMENT ON FUNCTION nudge.paths(nudge.sequence_state, integer, text, text, interval, boolean, integer) IS
	'The most frequent paths: one for each user, or session if session_gap is given, from its first event or first start_event over max_length events, or up to the first end_event behind that. From a start to an end longer paths are counted in the share only. Not STRICT: NULL bounds have a meaning';
