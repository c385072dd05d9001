/*
 * statistics.sql
 *		Tests and intervals for rates: which difference is more than chance.
 *
 * Definitions: doc/statistics.md.
 */

CREATE FUNCTION nudge.two_proportion_test(
	successes_a bigint,
	trials_a bigint,
	successes_b bigint,
	trials_b bigint,
	OUT rate_a numeric,
	OUT rate_b numeric,
	OUT difference numeric,
	OUT z double precision,
	OUT p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_two_proportion_test' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.two_proportion_test(bigint, bigint, bigint, bigint) IS
	'Whether two rates differ by more than chance: pooled two-sided z test, z and p_value NULL where a group is empty or both are all or none';

CREATE FUNCTION nudge.proportions_test(
	successes bigint[],
	trials bigint[],
	OUT chi_squared double precision,
	OUT degrees_of_freedom integer,
	OUT p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_proportions_test' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.proportions_test(bigint[], bigint[]) IS
	'Whether the rates of several groups differ by more than chance: Pearson''s chi-squared test, without the groups that have no trials';

CREATE FUNCTION nudge.wilson_interval(
	successes bigint,
	trials bigint,
	confidence double precision DEFAULT 0.95,
	OUT rate numeric,
	OUT rate_low double precision,
	OUT rate_high double precision
)
	AS 'MODULE_PATHNAME', 'nm_wilson_interval' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.wilson_interval(bigint, bigint, double precision) IS
	'A rate and its Wilson score interval; NULLs without trials';

CREATE FUNCTION nudge.drop_off_test(
	successes bigint,
	trials bigint,
	baseline_successes bigint,
	baseline_trials bigint,
	alpha double precision DEFAULT 0.05,
	threshold double precision DEFAULT 0.20,
	OUT rate numeric,
	OUT baseline_rate numeric,
	OUT relative_change numeric,
	OUT z double precision,
	OUT p_value double precision,
	OUT significant boolean,
	OUT intervene boolean
)
	AS 'MODULE_PATHNAME', 'nm_drop_off_test' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.drop_off_test(bigint, bigint, bigint, bigint, double precision, double precision) IS
	'Whether a rate fell below its baseline by at least the threshold, relative to the baseline, and by more than chance: then intervene';
