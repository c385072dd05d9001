/*
 * health.sql
 *		Health scores, their models, and factors from 0 to 100.
 *
 * Definitions: doc/health.md.
 */

-- The score of factors and weights ------------------------------------------

CREATE FUNCTION nudge.health_score(factors double precision[], weights double precision[], missing text DEFAULT 'reweight') RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.health_score(double precision[], double precision[], text) IS
	'The weighted mean of factors from 0 to 100, to 9 decimals; of a NULL factor the weight goes to the others, or the score is NULL with missing => null. Not STRICT: NULL factors have no score, NULL weights are an error, a NULL missing is the default';

CREATE FUNCTION nudge.health_coverage(factors double precision[], weights double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_coverage' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.health_coverage(double precision[], double precision[]) IS
	'The share of the weight of a health score whose factors are known';

CREATE FUNCTION nudge.health_factors(
	factors double precision[],
	weights double precision[],
	names text[] DEFAULT NULL,
	missing text DEFAULT 'reweight'
) RETURNS TABLE (
	"position" integer,
	factor text,
	value double precision,
	weight double precision,
	effective_weight double precision,
	contribution double precision,
	points_lost double precision
)
	AS 'MODULE_PATHNAME', 'nm_health_factors' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 COST 10;
COMMENT ON FUNCTION nudge.health_factors(double precision[], double precision[], text[], text) IS
	'What each factor adds to a health score, and what it keeps the score from 100: the drill-down of health_score. Not STRICT: NULL factors have no rows, NULL weights are an error, NULL names are none, a NULL missing is the default';

CREATE FUNCTION nudge.health_band(
	score double precision,
	yellow_from double precision DEFAULT 60,
	green_from double precision DEFAULT 80
) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_health_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.health_band(double precision, double precision, double precision) IS
	'The band of a score: red below yellow_from, yellow from there, green from green_from';

-- Models by name ------------------------------------------------------------

CREATE TABLE nudge.health_models (
	model text NOT NULL CHECK (model <> ''),
	factor text NOT NULL CHECK (factor <> ''),
	position integer NOT NULL DEFAULT 100,
	weight numeric NOT NULL CHECK (weight >= 0 AND weight <= 1),
	PRIMARY KEY (model, factor)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.health_models', '');
GRANT SELECT ON nudge.health_models TO PUBLIC;

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.health_models TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.health_models IS 'Your own models of health_score, a row per factor; one named like a shipped model takes its place as a whole';
COMMENT ON COLUMN nudge.health_models.model IS 'Name of the model';
COMMENT ON COLUMN nudge.health_models.factor IS 'Name of the factor';
COMMENT ON COLUMN nudge.health_models.position IS 'Order in which factors are shown, of equal ones by name';
COMMENT ON COLUMN nudge.health_models.weight IS 'Share of the factor in the score; those of a model sum to 1';

CREATE FUNCTION nudge.health_model_factors(model text DEFAULT NULL)
	RETURNS TABLE (model text, "position" integer, factor text, weight numeric, shipped boolean)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	WITH factor AS (
		SELECT m.model, m.position, m.factor, m.weight, false AS shipped FROM nudge.health_models m
		UNION ALL
		SELECT d.model, d.position, d.factor, d.weight, true
		FROM (VALUES
			('customer_health', 1, 'usage', 0.30),
			('customer_health', 2, 'engagement', 0.25),
			('customer_health', 3, 'satisfaction', 0.20),
			('customer_health', 4, 'growth', 0.15),
			('customer_health', 5, 'advocacy', 0.10),
			('retention_health', 1, 'usage', 0.30),
			('retention_health', 2, 'outcome', 0.25),
			('retention_health', 3, 'relationship', 0.25),
			('retention_health', 4, 'support', 0.20)
		) d(model, position, factor, weight)
		WHERE NOT EXISTS (SELECT FROM nudge.health_models m WHERE m.model = d.model)
	)
	SELECT f.model, row_number() OVER (PARTITION BY f.model ORDER BY f.position, f.factor COLLATE "C")::integer, f.factor, f.weight, f.shipped
	FROM factor f
	WHERE f.model = health_model_factors.model OR health_model_factors.model IS NULL
	ORDER BY f.model COLLATE "C", 2;
END;
COMMENT ON FUNCTION nudge.health_model_factors(text) IS
	'The factors of a health model with their weights: the rows of health_models, or those shipped. Not STRICT: NULL is all models';

CREATE FUNCTION nudge.health_model(model text, OUT names text[], OUT weights double precision[])
	LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	total numeric;
BEGIN
	SELECT array_agg(f.factor ORDER BY f.position), array_agg(f.weight::double precision ORDER BY f.position), sum(f.weight)
	INTO names, weights, total
	FROM nudge.health_model_factors(health_model.model) f
	WHERE health_model.model IS NOT NULL;
	IF total IS NULL THEN
		RAISE EXCEPTION 'unknown health model "%"', left(model, 64) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = (SELECT format('The models are %s.', string_agg(DISTINCT f.model, ', ' ORDER BY f.model)) FROM nudge.health_model_factors() f),
			HINT = 'Name one of them, or insert the factors of yours into nudge.health_models.';
	ELSIF abs(total - 1) > 1e-9 THEN
		RAISE EXCEPTION 'weights of health model "%" must sum to 1', left(model, 64) USING ERRCODE = 'check_violation',
			DETAIL = format('They sum to %s.', total),
			HINT = 'Correct its rows in nudge.health_models; all rows of a model are yours or all are shipped.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.health_model(text) IS
	'The names and weights of the factors of a health model, checked, as arrays for health_score. Not STRICT: a NULL model is an error';

CREATE FUNCTION nudge.health_score(factors jsonb, model text, missing text DEFAULT 'reweight') RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_score_model' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.health_score(jsonb, text, text) IS
	'The score of a health model, of factors by name: one that is absent or null is missing. Not STRICT: NULL factors have no score, a NULL model is an error, a NULL missing is the default';

CREATE FUNCTION nudge.health_coverage(factors jsonb, model text) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_coverage_model' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.health_coverage(jsonb, text) IS
	'The share of the weight of a health model whose factors are known';

CREATE FUNCTION nudge.health_factors(factors jsonb, model text, missing text DEFAULT 'reweight') RETURNS TABLE (
	"position" integer,
	factor text,
	value double precision,
	weight double precision,
	effective_weight double precision,
	contribution double precision,
	points_lost double precision
)
	AS 'MODULE_PATHNAME', 'nm_health_factors_model' LANGUAGE C STABLE PARALLEL SAFE ROWS 5 COST 10;
COMMENT ON FUNCTION nudge.health_factors(jsonb, text, text) IS
	'What each factor of a health model adds to the score: the drill-down of health_score. Not STRICT: NULL factors have no rows, a NULL model is an error, a NULL missing is the default';

-- Raw numbers as factors ----------------------------------------------------

CREATE FUNCTION nudge.scale_min_max(value double precision, low double precision, high double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_min_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.scale_min_max(double precision, double precision, double precision) IS
	'A value as a factor: low gives 0, high gives 100, what is between them in proportion, what is beyond them no more; low is the larger one where less is better';

CREATE FUNCTION nudge.scale_target(value double precision, target double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_target' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.scale_target(double precision, double precision) IS
	'A value as a factor: its share of a target, at most 100';

CREATE FUNCTION nudge.scale_log(value double precision, target double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_log' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.scale_log(double precision, double precision) IS
	'A value as a factor on a logarithmic scale: 100 ln(1 + value) / ln(1 + target), at most 100';

CREATE FUNCTION nudge.scale_percentile(value double precision, peers double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_percentile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.scale_percentile(double precision, double precision[]) IS
	'A value as a factor: the share of its peers that are below it, equal ones counted half';

-- Trends over weeks ---------------------------------------------------------

CREATE FUNCTION nudge.usage_trend(
	weekly double precision[],
	full_growth_rate double precision DEFAULT 0.05,
	alpha double precision DEFAULT 0.05,
	OUT weeks integer,
	OUT slope double precision,
	OUT weekly_growth_rate double precision,
	OUT p_value double precision,
	OUT direction text,
	OUT factor double precision
)
	AS 'MODULE_PATHNAME', 'nm_usage_trend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.usage_trend(double precision[], double precision, double precision) IS
	'Direction and velocity of use over weeks, oldest first: the slope of ln(1 + uses) a week, whether it is more than chance, and as a factor, 50 where nothing changes';

CREATE FUNCTION nudge.engagement_consistency(weekly double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_engagement_consistency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.engagement_consistency(double precision[]) IS
	'How even use is over weeks: 1 less the coefficient of variation (population standard deviation over mean), at least 0; NULL of fewer than two known weeks or without any use';

CREATE FUNCTION nudge.adoption_breadth(used bigint, available bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_adoption_breadth' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.adoption_breadth(bigint, bigint) IS
	'The share of what is available that is used, such as features; NULL if nothing is available';
