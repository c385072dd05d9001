/*
 * percentile.sql
 *		Percentiles with a guaranteed error: percentile_state, its aggregates
 *		and its accessors.
 *
 * The numbers are defined in doc/percentile.md.
 */

--@ include src/kernel/state_type.sql type=percentile_state prefix=percentile

COMMENT ON TYPE nudge.percentile_state IS
	'The distribution of any number of samples, to a given relative error or exactly, mergeable by rollup() and combine()';

--@ for type=float8,numeric
CREATE FUNCTION nudge.percentile_trans(state nudge.percentile_state, value @type@, relative_error double precision) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_trans_@type@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_trans(nudge.percentile_state, @type@, double precision) IS
	'Transition function of percentile_agg; not STRICT: a NULL value is no sample';
CREATE AGGREGATE nudge.percentile_agg(value @type@, relative_error double precision) (
	SFUNC = nudge.percentile_trans, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.percentile_agg(@type@, double precision) IS
	'State of the distribution of values: percentiles are off by at most relative_error of themselves, and not at all if it is 0; NULL values are skipped';

CREATE FUNCTION nudge.percentile_count_trans(state nudge.percentile_state, value @type@, count bigint, relative_error double precision) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_count_trans_@type@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_count_trans(nudge.percentile_state, @type@, bigint, double precision) IS
	'Transition function of percentile_count_agg; not STRICT: a NULL value is no sample';
CREATE AGGREGATE nudge.percentile_count_agg(value @type@, count bigint, relative_error double precision) (
	SFUNC = nudge.percentile_count_trans, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.percentile_count_agg(@type@, bigint, double precision) IS
	'The same, of rows that stand for count samples each';
--@ end

CREATE FUNCTION nudge.percentile(state nudge.percentile_state, fraction double precision, method text DEFAULT 'disc') RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_percentile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.percentile(nudge.percentile_state, double precision, text) IS
	'The value that a fraction of the samples does not exceed, to the relative error of the state: by nearest rank (disc), or interpolated between two ranks (cont)';

CREATE FUNCTION nudge.percentiles(state nudge.percentile_state, fractions double precision[], method text DEFAULT 'disc')
	RETURNS TABLE (fraction double precision, value double precision)
	AS 'MODULE_PATHNAME', 'nm_percentiles' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5 COST 100;
COMMENT ON FUNCTION nudge.percentiles(nudge.percentile_state, double precision[], text) IS
	'A row per fraction with its percentile';

CREATE FUNCTION nudge.percentile_rank(state nudge.percentile_state, value double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_percentile_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.percentile_rank(nudge.percentile_state, double precision) IS
	'The share of samples up to a value: the middle between the bounds of share_within';

CREATE FUNCTION nudge.share_within(
	state nudge.percentile_state,
	threshold double precision,
	OUT samples bigint,
	OUT samples_within_low bigint,
	OUT samples_within_high bigint,
	OUT share_low numeric,
	OUT share_high numeric
)
	AS 'MODULE_PATHNAME', 'nm_share_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.share_within(nudge.percentile_state, double precision) IS
	'How many samples, and which share of them, are at most a threshold: bounds, equal where the state tells it exactly';

CREATE FUNCTION nudge.percentile_summary(
	state nudge.percentile_state,
	OUT samples bigint,
	OUT sum numeric,
	OUT mean numeric,
	OUT lowest double precision,
	OUT highest double precision,
	OUT p50 double precision,
	OUT p90 double precision,
	OUT p95 double precision,
	OUT p99 double precision,
	OUT relative_error double precision
)
	AS 'MODULE_PATHNAME', 'nm_percentile_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.percentile_summary(nudge.percentile_state) IS
	'Number, sum, mean, lowest and highest of the samples, all exact, the usual percentiles, and the relative error that these may have';

CREATE FUNCTION nudge.percentile_histogram(state nudge.percentile_state)
	RETURNS TABLE (low double precision, high double precision, samples bigint, sum numeric, share numeric, cumulative_share numeric)
	AS 'MODULE_PATHNAME', 'nm_percentile_histogram' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 500 COST 1000;
COMMENT ON FUNCTION nudge.percentile_histogram(nudge.percentile_state) IS
	'A row per bucket of values: the lowest and highest that it may have, how many there are, their exact sum, their share and that of all up to it';
