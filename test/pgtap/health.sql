--
-- health.sql
--		Health scores, scales and trends against plain SQL on random numbers.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed health
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(18);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Scores: up to eight factors, some not known, of random weights in hundredths that sum to 1
CREATE TEMP TABLE part AS
SELECT g AS id, i AS place, CASE WHEN random() < 0.75 THEN round((random() * 100)::numeric, (g % 4)::integer) END AS value, floor(random() * 4) AS raw
FROM generate_series(1, 2000) g, generate_series(1, 1 + g % 8) i;
CREATE TEMP TABLE weighted AS
SELECT p.id, p.place, p.value, CASE WHEN p.place = 1 THEN 1 - coalesce(sum(w.weight) OVER (PARTITION BY p.id) - w.weight, 0) ELSE w.weight END AS weight
FROM part p, LATERAL (SELECT round(p.raw::numeric / 32, 2) AS weight) w;
CREATE TEMP TABLE scored AS
SELECT w.id, array_agg(w.value::double precision ORDER BY w.place) AS factors, array_agg(w.weight::double precision ORDER BY w.place) AS weights,
	array_agg('f' || w.place ORDER BY w.place) AS names, jsonb_object_agg('f' || w.place, w.value) AS named,
	round(sum(w.value * w.weight) / nullif(sum(w.weight) FILTER (WHERE w.value IS NOT NULL), 0), 9) AS score,
	coalesce(sum(w.weight) FILTER (WHERE w.value IS NOT NULL), 0) AS coverage, bool_or(w.value IS NULL AND w.weight > 0) AS misses
FROM weighted w GROUP BY w.id;

-- a tie at the tenth decimal may go either way in binary
SELECT is_empty($$ SELECT id, score, nudge.health_score(factors, weights) FROM scored
	WHERE (score IS NULL) <> (nudge.health_score(factors, weights) IS NULL) OR abs(score - nudge.health_score(factors, weights)::numeric) > 1e-9 $$, 'scores are weighted means of what is known');
SELECT is_empty($$ SELECT id FROM scored WHERE nudge.health_score(factors, weights, 'null') IS DISTINCT FROM CASE WHEN NOT misses THEN nudge.health_score(factors, weights) END $$, 'or NULL if something is missing');
SELECT is_empty($$ SELECT id FROM scored WHERE nudge.health_coverage(factors, weights)::numeric <> coverage $$, 'coverage is the weight that is known');
SELECT cmp_ok((SELECT count(*) FROM scored WHERE score IS NULL), '>', 10::bigint, 'some are not known at all');
SELECT cmp_ok((SELECT count(*) FROM scored WHERE NOT misses AND coverage = 1), '>', 100::bigint, 'many are known in full');

CREATE TEMP TABLE factor AS SELECT s.id, s.score, f.* FROM scored s, nudge.health_factors(s.factors, s.weights, s.names) f;
SELECT is_empty($$ SELECT f.id FROM factor f JOIN scored s USING (id) GROUP BY f.id, s.factors, s.weights
	HAVING sum(f.contribution::numeric) IS DISTINCT FROM nudge.health_score(s.factors, s.weights)::numeric OR abs(sum(f.points_lost::numeric) - 100 + nudge.health_score(s.factors, s.weights)::numeric) > 1e-9
		OR sum(f.effective_weight::numeric) <> 1 $$, 'contributions add up to the score, what is lost to the rest, effective weights to 1');
SELECT is_empty($$ SELECT f.* FROM factor f JOIN weighted w ON w.id = f.id AND w.place = f.position
	WHERE f.value::numeric IS DISTINCT FROM w.value OR f.weight::numeric <> w.weight OR f.factor <> 'f' || w.place
		OR f.contribution IS NOT NULL AND (abs(f.contribution - f.value * f.effective_weight) > 2e-7 OR abs(f.points_lost - (100 - f.value) * f.effective_weight) > 2e-7 OR f.contribution < 0 OR f.points_lost < 0)
		OR (f.contribution IS NULL) <> (w.value IS NULL OR f.score IS NULL) $$, 'a row per factor, as it was passed');
SELECT is((SELECT count(*) FROM factor), (SELECT count(*) FROM weighted), 'of all factors');

-- Models: the same by name
INSERT INTO nudge.health_models (model, factor, position, weight) SELECT 'm' || id, 'f' || place, place, weight FROM weighted WHERE id <= 300;
SELECT is_empty($$ SELECT id FROM scored WHERE id <= 300 AND (nudge.health_score(named, 'm' || id) IS DISTINCT FROM nudge.health_score(factors, weights) OR nudge.health_coverage(named, 'm' || id) <> nudge.health_coverage(factors, weights)
	OR nudge.health_score(named, 'm' || id, 'null') IS DISTINCT FROM nudge.health_score(factors, weights, 'null')) $$, 'factors by name score as in arrays');
SELECT is_empty($$ (SELECT s.id, f.* FROM scored s, nudge.health_factors(s.named, 'm' || s.id) f WHERE s.id <= 300 EXCEPT SELECT s.id, f.* FROM scored s, nudge.health_factors(s.factors, s.weights, s.names) f) $$, 'and have the same parts');
SELECT is_empty($$ SELECT id FROM scored WHERE id <= 300 AND nudge.health_score(jsonb_strip_nulls(named), 'm' || id) IS DISTINCT FROM nudge.health_score(named, 'm' || id) $$, 'a factor that is absent is as one that is null');

-- Bands partition the scale
SELECT is_empty($$ SELECT v FROM generate_series(0, 1000) g, LATERAL (SELECT g / 10.0::double precision AS v) x
	WHERE nudge.health_band(v, 33.3, 66.6) <> CASE WHEN v < 33.3 THEN 'red' WHEN v < 66.6 THEN 'yellow' ELSE 'green' END $$, 'bands are half-open');

-- Scales
CREATE TEMP TABLE raw AS SELECT g AS id, floor(random() * 60)::double precision - 5 AS v, floor(random() * 40)::double precision - 5 AS low, floor(random() * 40)::double precision + 1 AS high FROM generate_series(1, 1000) g;
SELECT is_empty($$ SELECT * FROM raw WHERE low <> high AND abs(nudge.scale_min_max(v, low, high) - greatest(0, least(1, (v - low) / (high - low))) * 100) > 1e-9
	OR abs(nudge.scale_target(v, high) - greatest(0, least(1, v / high)) * 100) > 1e-9
	OR abs(nudge.scale_log(v, high) - CASE WHEN v > 0 THEN least(1, ln(1 + v) / ln(1 + high)) ELSE 0 END * 100) > 1e-9 $$, 'scales are their formulas');
SELECT is_empty($$ SELECT * FROM (SELECT nudge.scale_percentile(v, array_agg(v) OVER ()) AS found,
		100 * (rank() OVER (ORDER BY v) - 1 + count(*) OVER (PARTITION BY v) / 2.0) / count(*) OVER () AS expected FROM raw) q WHERE abs(found - expected) > 1e-9 $$, 'percentiles are mid-ranks');

-- Trends of 2 to 13 weeks, some not known
CREATE TEMP TABLE weekly AS SELECT g AS id, i AS week, CASE WHEN random() < 0.85 THEN floor(exp(random() * 3 + (g % 5 - 2) * i * 0.1)) END AS uses FROM generate_series(1, 600) g, generate_series(1, 2 + g % 12) i;
CREATE TEMP TABLE trend AS
SELECT w.id, w.weekly, t.*, w.known, w.slope AS expected, w.r2, w.cv
FROM (SELECT id, array_agg(uses ORDER BY week) AS weekly, count(uses) AS known, regr_slope(ln(1 + uses), week) AS slope, regr_r2(ln(1 + uses), week) AS r2, stddev_pop(uses) / nullif(avg(uses), 0) AS cv FROM weekly GROUP BY id) w,
	LATERAL nudge.usage_trend(w.weekly) t;
SELECT is_empty($$ SELECT * FROM trend WHERE weeks <> known OR (slope IS NULL) <> (expected IS NULL) OR abs(slope - expected) > 1e-9 OR abs(weekly_growth_rate - (exp(expected) - 1)) > 1e-9
	OR abs(factor - greatest(0, least(100, 50 + 50 * expected / ln(1.05::double precision)))) > 1e-8 $$, 'slopes are those of regr_slope');
-- with two degrees of freedom p = 1 - |t| / sqrt(t^2 + 2), with one 1 - 2 atan(|t|) / pi, where t^2 = r2 df / (1 - r2)
SELECT is_empty($$ SELECT weekly, p_value, r2 FROM trend WHERE known IN (3, 4) AND r2 < 1 - 1e-12
	AND abs(p_value - CASE known WHEN 4 THEN 1 - sqrt(r2) ELSE 1 - 2 * atan(sqrt(r2 / (1 - r2))) / pi() END) > 1e-9 $$, 'p values are those of Student');
SELECT is_empty($$ SELECT * FROM trend WHERE direction IS DISTINCT FROM CASE WHEN p_value < 0.05 AND slope > 0 THEN 'rising' WHEN p_value < 0.05 THEN 'falling' WHEN p_value IS NOT NULL THEN 'flat' END
	OR (known > 2) <> (p_value IS NOT NULL) $$, 'a direction is what is more than chance');
SELECT is_empty($$ SELECT weekly FROM trend WHERE (nudge.engagement_consistency(weekly) IS NULL) <> (known < 2 OR cv IS NULL) OR abs(nudge.engagement_consistency(weekly) - greatest(0, 1 - cv)) > 1e-9 $$, 'consistency is that of stddev_pop');

SELECT * FROM finish();
ROLLBACK;
