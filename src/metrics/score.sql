/*
 * score.sql
 *		Dated scores of an entity: score_state, drops, trends, runs, triggers.
 *
 * The definitions are in doc/score.md.
 */

--@ include src/kernel/state_type.sql type=score_state prefix=score

COMMENT ON TYPE nudge.score_state IS
	'Dated scores of one entity, or after rollup of several, mergeable by rollup() and combine()';

--@ for time=timestamptz,timestamp,date t=instant,instant,day
CREATE FUNCTION nudge.score_trans(state nudge.score_state, at @time@, score double precision) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_trans_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_trans(nudge.score_state, @time@, double precision) IS
	'Transition function of score_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.score_agg(at @time@, score double precision) (
	SFUNC = nudge.score_trans, STYPE = nudge.score_state, FINALFUNC = nudge.score_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.score_agg(@time@, double precision) IS
	'State of the dated scores of one entity, to six decimals; group by the entity. A timestamp is read as UTC, a date as its midnight in UTC.';
--@ end

-- What a state holds --------------------------------------------------------

CREATE FUNCTION nudge.score_rows(state nudge.score_state) RETURNS TABLE (at timestamptz, score double precision)
	AS 'MODULE_PATHNAME', 'nm_score_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 365 COST 1000;
COMMENT ON FUNCTION nudge.score_rows(nudge.score_state) IS
	'The scores that a state holds, in order of time';

CREATE FUNCTION nudge.score_readings(state nudge.score_state) RETURNS TABLE (at timestamptz, score double precision, scores bigint)
	AS 'MODULE_PATHNAME', 'nm_score_readings' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 365 COST 1000;
COMMENT ON FUNCTION nudge.score_readings(nudge.score_state) IS
	'The readings of a state: for each instant the mean of its scores, and how many there are';

-- The score, and how far below its peak it is -------------------------------

CREATE FUNCTION nudge.score_at(state nudge.score_state, as_of timestamptz DEFAULT NULL, max_age interval DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_score_at' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.score_at(nudge.score_state, timestamptz, interval) IS
	'The latest reading at or before as_of, NULL if there is none or it is older than max_age. Not STRICT: a NULL as_of is the last reading, a NULL max_age no bound';

CREATE FUNCTION nudge.score_drop(state nudge.score_state, within interval, as_of timestamptz DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_score_drop' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.score_drop(nudge.score_state, interval, timestamptz) IS
	'How far the score is below its highest reading in (as_of - within, as_of], NULL without a reading there. Not STRICT: a NULL as_of is the last reading, a NULL within an error';

CREATE FUNCTION nudge.score_drops(
	state nudge.score_state,
	within interval,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL
) RETURNS TABLE (at timestamptz, score double precision, peak double precision, peak_at timestamptz, score_drop double precision)
	AS 'MODULE_PATHNAME', 'nm_score_drops' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365 COST 1000;
COMMENT ON FUNCTION nudge.score_drops(nudge.score_state, interval, timestamptz, timestamptz) IS
	'What score_drop is at each reading of [start_at, end_at), with the peak and when it was last reached. Not STRICT: NULL bounds are none, a NULL within is an error';

CREATE FUNCTION nudge.score_max_fall(
	state nudge.score_state,
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	OUT fall double precision,
	OUT peak double precision,
	OUT peak_at timestamptz,
	OUT trough double precision,
	OUT trough_at timestamptz
)
	AS 'MODULE_PATHNAME', 'nm_score_max_fall' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_max_fall(nudge.score_state, interval, timestamptz) IS
	'The largest fall up to as_of from a reading to a later one less than within after it, the first of equals; a fall of 0 has no dates. Not STRICT: a NULL within is any span, a NULL as_of the last reading';

CREATE FUNCTION nudge.score_compare(
	state nudge.score_state,
	peers nudge.score_state,
	within interval DEFAULT '1 day',
	as_of timestamptz DEFAULT NULL,
	OUT score double precision,
	OUT scored_at timestamptz,
	OUT peer_mean double precision,
	OUT difference double precision,
	OUT peer_scores bigint
)
	AS 'MODULE_PATHNAME', 'nm_score_compare' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_compare(nudge.score_state, nudge.score_state, interval, timestamptz) IS
	'The latest reading of (as_of - within, as_of] beside the mean of all scores of the peers, a rollup, in the same window. Not STRICT: NULL peers have no scores, a NULL as_of is the last reading of state';

-- How long, and where to ----------------------------------------------------

CREATE FUNCTION nudge.score_sustained(
	state nudge.score_state,
	threshold double precision,
	direction text DEFAULT 'above',
	max_gap interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	OUT started_at timestamptz,
	OUT ended_at timestamptz,
	OUT days double precision,
	OUT readings bigint,
	OUT is_current boolean,
	OUT current_since timestamptz,
	OUT current_days double precision
)
	AS 'MODULE_PATHNAME', 'nm_score_sustained' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_sustained(nudge.score_state, double precision, text, interval, timestamptz) IS
	'The longest run of readings above, at_least, below or at_most a threshold, whose end is NULL while it goes on, and the run that goes on at as_of. Not STRICT: a NULL max_gap is no bound, a NULL as_of the last reading';

CREATE FUNCTION nudge.score_trend(
	state nudge.score_state,
	within interval DEFAULT '90 days',
	as_of timestamptz DEFAULT NULL,
	alpha double precision DEFAULT 0.05,
	OUT readings bigint,
	OUT first_at timestamptz,
	OUT last_at timestamptz,
	OUT slope_per_day double precision,
	OUT slope_per_30_days double precision,
	OUT fitted_start double precision,
	OUT fitted_end double precision,
	OUT change double precision,
	OUT r_squared double precision,
	OUT standard_error double precision,
	OUT p_value double precision,
	OUT significant boolean,
	OUT direction text
)
	AS 'MODULE_PATHNAME', 'nm_score_trend_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_trend(nudge.score_state, interval, timestamptz, double precision) IS
	'The least-squares line through the readings of (as_of - within, as_of]: rising or falling if its slope is significant, else flat; NULL of fewer than three readings. Not STRICT: a NULL within is all readings, a NULL as_of the last';

CREATE FUNCTION nudge.score_baseline(
	state nudge.score_state,
	within interval DEFAULT '30 days',
	as_of timestamptz DEFAULT NULL,
	OUT baseline double precision,
	OUT readings bigint,
	OUT since timestamptz,
	OUT until timestamptz,
	OUT complete boolean,
	OUT score double precision,
	OUT change double precision
)
	AS 'MODULE_PATHNAME', 'nm_score_baseline_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_baseline(nudge.score_state, interval, timestamptz) IS
	'The mean of the readings from the first one on for a time, whether that is over, and the change since. Not STRICT: a NULL as_of is the last reading, a NULL within an error';

CREATE FUNCTION nudge.score_history(
	state nudge.score_state,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	period_end date,
	opening double precision,
	closing double precision,
	mean double precision,
	lowest double precision,
	highest double precision,
	readings bigint,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_score_history' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 12 COST 1000;
COMMENT ON FUNCTION nudge.score_history(nudge.score_state, date, date, text, text, timestamptz, text, integer) IS
	'A row per period that a window overlaps: the score in force when it begins and when it ends, and its readings. Not STRICT: NULL days are the first reading and as_of, a NULL as_of the last reading';

CREATE FUNCTION nudge.score_triggers(
	state nudge.score_state,
	as_of timestamptz DEFAULT NULL,
	critical_drop double precision DEFAULT 20,
	critical_within interval DEFAULT '14 days',
	high_drop double precision DEFAULT 15,
	high_within interval DEFAULT '30 days',
	medium_drop double precision DEFAULT 10,
	medium_within interval DEFAULT '30 days',
	below double precision DEFAULT 65,
	above double precision DEFAULT 85,
	above_for interval DEFAULT '90 days',
	max_gap interval DEFAULT NULL
) RETURNS TABLE (
	trigger text,
	severity text,
	fired boolean,
	value double precision,
	threshold double precision,
	since timestamptz
)
	AS 'MODULE_PATHNAME', 'nm_score_triggers' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 COST 1000;
COMMENT ON FUNCTION nudge.score_triggers(nudge.score_state, timestamptz, double precision, interval, double precision, interval, double precision, interval, double precision, double precision, interval, interval) IS
	'A row per rule: drops of more than critical_drop, of at least high_drop and medium_drop, a score below a bound, and one above a bound for some time; whether it holds at as_of and since when. Not STRICT: a rule whose threshold is NULL has no row, a NULL as_of is the last reading';

CREATE FUNCTION nudge.score_summary(
	state nudge.score_state,
	as_of timestamptz DEFAULT NULL,
	OUT score double precision,
	OUT scored_at timestamptz,
	OUT change_30_days double precision,
	OUT change_90_days double precision,
	OUT drop_14_days double precision,
	OUT drop_30_days double precision,
	OUT max_fall_365_days double precision,
	OUT lowest_365_days double precision,
	OUT highest_365_days double precision,
	OUT mean_365_days double precision,
	OUT slope_per_30_days double precision,
	OUT direction text,
	OUT baseline double precision,
	OUT change_from_baseline double precision,
	OUT baseline_complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_score_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION nudge.score_summary(nudge.score_state, timestamptz) IS
	'One row for the page of a customer: score, changes, drops, the range of a year, trend of 90 days and baseline of the first 30. Not STRICT: a NULL as_of is the last reading';
