/*
 * activity.sql
 *		Activity: activity_state, its aggregates, its users and their days.
 *
 * The numbers are defined in doc/activity.md.
 */

--@ include src/kernel/state_type.sql type=activity_state prefix=activity

COMMENT ON TYPE nudge.activity_state IS
	'Which users were active on which civil days, and if asked for with how many actions: mergeable by rollup() and combine()';

--@ for key=bigint,uuid,text k=int8,uuid,text
CREATE FUNCTION nudge.activity_trans(state nudge.activity_state, user_id @key@, day date) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_trans_@k@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_trans(nudge.activity_state, @key@, date) IS 'Transition function of activity_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_agg(user_id @key@, day date) (
	SFUNC = nudge.activity_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_agg(@key@, date) IS
	'State of activity from a row for each user and civil day; rows of one user and day count once';

--@ for time=timestamptz,timestamp read=instants,UTC
CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id @key@, at @time@, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_@k@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, @key@, @time@, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id @key@, at @time@, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(@key@, @time@, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as @read@.';
--@ end

CREATE FUNCTION nudge.activity_count_trans(state nudge.activity_state, user_id @key@, day date, actions bigint) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_count_trans_@k@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_count_trans(nudge.activity_state, @key@, date, bigint) IS 'Transition function of activity_count_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_count_agg(user_id @key@, day date, actions bigint) (
	SFUNC = nudge.activity_count_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_count_agg(@key@, date, bigint) IS
	'State of activity that counts actions by user and civil day: rows add up, 0 actions are no activity';

--@ end
CREATE FUNCTION nudge.activity_users(state nudge.activity_state, as_of date DEFAULT NULL)
	RETURNS TABLE (user_id text, first_day date, last_day date, active_days bigint, actions bigint)
	AS 'MODULE_PATHNAME', 'nm_activity_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10000 COST 10000;
COMMENT ON FUNCTION nudge.activity_users(nudge.activity_state, date) IS
	'A row per user active before as_of; actions is NULL in a state without counts. Not STRICT: a NULL as_of means all that is recorded';

CREATE FUNCTION nudge.activity_days(state nudge.activity_state)
	RETURNS TABLE (user_id text, day date, actions bigint)
	AS 'MODULE_PATHNAME', 'nm_activity_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100000 COST 10000;
COMMENT ON FUNCTION nudge.activity_days(nudge.activity_state) IS
	'A row per user and active day; actions is NULL in a state without counts';

CREATE FUNCTION nudge.activity_exclude(state nudge.activity_state, users text[]) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_exclude_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION nudge.activity_exclude(nudge.activity_state, text[]) IS
	'The state without some users, given as text whatever the type of their keys; NULL if nobody is left. Not STRICT: NULL users exclude nobody';

CREATE FUNCTION nudge.activity_excluded(state nudge.activity_state, users text[])
	RETURNS TABLE (users bigint, active_days bigint, actions bigint)
	AS 'MODULE_PATHNAME', 'nm_activity_excluded' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 1000;
COMMENT ON FUNCTION nudge.activity_excluded(nudge.activity_state, text[]) IS
	'What activity_exclude takes away from a state: users of it, their active days and their actions. Not STRICT: NULL users exclude nobody';
