/*
 * features.sql
 *		Feature adoption: feature_state, its aggregate and its accessors.
 *
 * The numbers are defined in doc/features.md.
 */

--@ include src/kernel/state_type.sql type=feature_state prefix=feature

COMMENT ON TYPE nudge.feature_state IS
	'What any number of users did with features, mergeable by rollup() and combine()';

--@ for key=bigint,uuid,text k=int8,uuid,text
--@ for time=timestamptz,timestamp,date t=instant,instant,day
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id @key@, at @time@, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, @key@, @time@, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id @key@, at @time@, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(@key@, @time@, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a @time@ (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
--@ end
--@ end

CREATE FUNCTION nudge.feature_users(
	state nudge.feature_state,
	as_of timestamptz DEFAULT NULL,
	zone text DEFAULT 'UTC',
	adopted_uses integer DEFAULT 3,
	habit_weeks integer DEFAULT 4,
	week_start text DEFAULT 'monday'
) RETURNS TABLE (
	user_id text,
	feature text,
	stage text,
	first_viewed timestamptz,
	first_used timestamptz,
	adopted_at timestamptz,
	last_used timestamptz,
	uses bigint,
	successes bigint,
	completions bigint,
	seconds_to_first_use double precision,
	seconds_to_adopt double precision
)
	AS 'MODULE_PATHNAME', 'nm_feature_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.feature_users(nudge.feature_state, timestamptz, text, integer, integer, text) IS
	'A row per user and feature: how far it was adopted (discovered, tried, adopted or habitual), when, and how often it was used. Not STRICT: a NULL as_of has a meaning';

CREATE FUNCTION nudge.feature_adoption(
	state nudge.feature_state,
	total_users bigint DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	zone text DEFAULT 'UTC',
	adopted_uses integer DEFAULT 3,
	habit_weeks integer DEFAULT 4,
	week_start text DEFAULT 'monday',
	premium text[] DEFAULT NULL,
	default_on text[] DEFAULT NULL
) RETURNS TABLE (
	feature text,
	premium boolean,
	default_on boolean,
	users bigint,
	discovered_users bigint,
	tried_users bigint,
	adopted_users bigint,
	habitual_users bigint,
	adoption_rate numeric,
	uses bigint,
	usage_frequency numeric,
	success_rate numeric,
	completions bigint,
	completion_rate numeric,
	median_duration_seconds double precision,
	median_seconds_to_first_use double precision,
	median_seconds_to_adopt double precision,
	value_created numeric
)
	AS 'MODULE_PATHNAME', 'nm_feature_adoption' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 50 COST 10000;
COMMENT ON FUNCTION nudge.feature_adoption(nudge.feature_state, bigint, timestamptz, text, integer, integer, text, text[], text[]) IS
	'A row per feature: how many users discovered, tried and adopted it, how often, how long, with what success and value. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.feature_value_score(
	adoption numeric,
	uses_per_user numeric,
	target_uses numeric,
	success numeric,
	retention_lift numeric,
	weights numeric[] DEFAULT '{0.25,0.25,0.25,0.25}',
	bands numeric[] DEFAULT '{0.25,0.5,0.75}',
	OUT frequency numeric,
	OUT raw_score numeric,
	OUT weighted_score numeric,
	OUT category text
)
	AS 'MODULE_PATHNAME', 'nm_feature_value_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_value_score(numeric, numeric, numeric, numeric, numeric, numeric[], numeric[]) IS
	'The value of a feature from adoption, frequency (uses per user over the target, at most 1), success and retention lift: their product, their weighted sum, and the band of the latter';

CREATE FUNCTION nudge.feature_retention(
	state nudge.feature_state,
	activity nudge.activity_state,
	feature text,
	day integer DEFAULT 30,
	adoption_days integer DEFAULT 7,
	as_of date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	users_with bigint,
	retained_with bigint,
	rate_with numeric,
	users_without bigint,
	retained_without bigint,
	rate_without numeric,
	lift numeric,
	lift_low double precision,
	lift_high double precision,
	p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_feature_retention' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.feature_retention(nudge.feature_state, nudge.activity_state, text, integer, integer, date, text, double precision) IS
	'Whether users of a feature stay longer: of the users old enough, those active on or after a day, by whether they used the feature in their first adoption_days days. Not STRICT: a NULL as_of has a meaning';
