/*
 * scaling.sql
 *		How costs grow with volume.
 *
 * Definitions: doc/performance.md.
 */

CREATE FUNCTION nudge.scaling_coefficient(
	volumes double precision[],
	costs double precision[],
	OUT points bigint,
	OUT left_out bigint,
	OUT coefficient double precision,
	OUT cost_at_one double precision,
	OUT standard_error double precision,
	OUT r_squared double precision,
	OUT p_value double precision,
	OUT p_value_linear double precision,
	OUT scaling text
)
	AS 'MODULE_PATHNAME', 'nm_scaling_coefficient' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.scaling_coefficient(double precision[], double precision[]) IS
	'The exponent b of cost = a * volume^b by least squares of the logarithms: below 1 costs grow less than volume; points without a logarithm are left out and counted';
