-- Health scores, their models, and factors from 0 to 100.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The five customers of the manual, by hand, with weights .30 .25 .25 .20:
--	north 90 80 70 85: 27 + 20 + 17.5 + 17 = 81.5
--	south 60 60 60 60: 60
--	east  40 70 - 50: 12 + 17.5 + 10 = 39.5 of .75 known: 52.666667
--	west  79.5 four times: 79.5, above 79 and below 80
--	lost  nothing is known
CREATE TEMP TABLE accounts (customer text, usage double precision, outcome double precision, relationship double precision, support double precision);
INSERT INTO accounts VALUES ('north', 90, 80, 70, 85), ('south', 60, 60, 60, 60), ('east', 40, 70, NULL, 50), ('west', 79.5, 79.5, 79.5, 79.5), ('lost', NULL, NULL, NULL, NULL);
SELECT customer, health_score(f, w) AS score, health_score(f, w, 'null') AS all_known, health_coverage(f, w) AS coverage, health_band(health_score(f, w)) AS band
FROM accounts, LATERAL (SELECT ARRAY[usage, outcome, relationship, support] AS f, '{0.3,0.25,0.25,0.2}'::double precision[] AS w) a;
SELECT customer, f.* FROM accounts, health_factors(ARRAY[usage, outcome, relationship, support], '{0.3,0.25,0.25,0.2}', '{usage,outcome,relationship,support}') f
WHERE customer IN ('north', 'east', 'lost');
-- a score that is NULL has no parts; factors without names
SELECT position, factor, value, weight, effective_weight, contribution, points_lost FROM health_factors('{40,70,NULL,50}'::double precision[], '{0.3,0.25,0.25,0.2}', NULL, 'null');
SELECT position, factor, contribution FROM health_factors('{40,70}'::double precision[], '{0.5,0.5}', missing => NULL);

-- The same by name
CREATE TEMP TABLE named AS SELECT customer, jsonb_strip_nulls(to_jsonb(a) - 'customer') AS factors FROM accounts a;
SELECT customer, health_score(factors, 'retention_health') AS score, health_score(factors, 'retention_health', 'null') AS all_known, health_coverage(factors, 'retention_health') AS coverage FROM named;
SELECT customer, f.* FROM named, health_factors(factors, 'retention_health') f WHERE customer = 'east';
SELECT * FROM health_factors('{"usage": 50, "growth": null}'::jsonb, 'customer_health', 'null');
-- 0.3 * 80 + 0.25 * 60 + 0.2 * 70 + 0.15 * 40 + 0.1 * 100 = 24 + 15 + 14 + 6 + 10 = 69
SELECT health_score('{"usage": 80, "engagement": 60, "satisfaction": 70, "growth": 40, "advocacy": 100}'::jsonb, 'customer_health');
-- several models in one query, each again
SELECT m, health_score('{"usage": 80}'::jsonb, m), health_coverage('{"usage": 80}'::jsonb, m)
FROM unnest('{retention_health,customer_health,retention_health,retention_health,customer_health}'::text[]) WITH ORDINALITY v(m, n) ORDER BY n;

-- Edges: what is a whole number, or half of one, stays it whatever the weights
SELECT bool_and(health_score(array_fill(v::double precision, ARRAY[cardinality(w)]), w) = v) AS exact
FROM generate_series(0, 100, 0.5) v, (VALUES ('{0.3,0.25,0.2,0.15,0.1}'::double precision[]), ('{0.1,0.2,0.3,0.4}'), ('{0.7,0.1,0.1,0.1}'), ('{0.333333333,0.333333333,0.333333334}'), ('{1}')) x(w);
SELECT s, health_band(s) AS band, health_band(s, 50) AS yellow_from_50, health_band(s, 40, 40) AS no_yellow
FROM unnest('{0,39.999999999,40,49.999999999,50,59.999999999,60,79,79.5,79.999999999,80,100}'::double precision[]) s;
-- weights that miss 1 by no more than 1e-9; a factor of weight 0 counts for nothing, and is not missed
SELECT health_score('{80,40}', '{0.5,0.5000000009}'::double precision[]) AS near, health_score('{80,40}'::double precision[], '{1,0}') AS no_weight,
	health_score('{80,NULL}'::double precision[], '{1,0}', 'null') AS not_missed, health_coverage('{80,NULL}'::double precision[], '{1,0}') AS coverage;
-- only what has no weight is known; one factor; NULLs of all kinds
SELECT health_score('{NULL,40}'::double precision[], '{1,0}') AS nothing, health_coverage('{NULL,40}'::double precision[], '{1,0}') AS coverage, health_score(ARRAY[12.5], '{1}') AS one,
	health_score(ARRAY[70, NULL, 90]::integer[], '{0.2,0.3,0.5}') AS integers, health_score(ARRAY[70.5, 90]::numeric[], '{0.5,0.5}') AS numerics;
SELECT health_score(NULL::double precision[], '{1}'), health_score(NULL::jsonb, 'customer_health'), health_score('{60}'::double precision[], '{1}', NULL), health_score('{"usage": 60}'::jsonb, 'customer_health', NULL),
	health_score('{}'::jsonb, 'customer_health'), health_coverage('{}'::jsonb, 'customer_health'), health_coverage(NULL::double precision[], '{1}'), health_coverage('{60}'::double precision[], NULL), health_coverage(NULL::jsonb, 'customer_health');
SELECT count(*) FROM health_factors(NULL::double precision[], '{1}');
SELECT count(*) FROM health_factors(NULL::jsonb, 'customer_health');
SELECT health_band(NULL), health_band(50, NULL), health_band(50, 60, NULL);
-- weights and words that change from row to row
SELECT n, health_score(f, w, m) FROM (VALUES (1, '{80,NULL}'::double precision[], '{0.5,0.5}'::double precision[], 'reweight'), (2, '{80,NULL}', '{0.5,0.5}', 'NULL'), (3, '{80,40}', '{0.25,0.75}', 'null'),
	(4, '{80,40,20}', '{0.25,0.25,0.5}', 'Reweight'), (5, '{80,NULL}', '{0.5,0.5}', NULL), (6, '{80,40}', '{0.75,0.25}', 'null'), (7, '{80,40}', '{0.25,0.75}', NULL), (8, NULL, '{1}', 'null')) v(n, f, w, m) ORDER BY n;

-- Models: those shipped, and your own
SELECT * FROM health_model_factors();
SELECT * FROM health_model('retention_health');
SELECT count(*) FROM health_model_factors('none');
INSERT INTO health_models (model, factor, position, weight) VALUES ('renewal', 'usage', 2, 0.6), ('renewal', 'sponsor', 1, 0.4), ('customer_health', 'usage', 1, 0.5), ('customer_health', 'payment', 1, 0.5);
SELECT * FROM health_model_factors() WHERE NOT shipped;
SELECT health_score('{"usage": 50, "sponsor": 100}'::jsonb, 'renewal') AS renewal, health_score('{"usage": 50, "payment": 100}'::jsonb, 'customer_health') AS replaced;
-- a change is seen by the next query, and by the next call in a function
CREATE FUNCTION pg_temp.after_a_change() RETURNS SETOF double precision LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..4 LOOP
		RETURN NEXT nudge.health_score('{"usage": 50, "sponsor": 100}'::jsonb, 'renewal');
		IF i = 1 THEN
			UPDATE nudge.health_models SET weight = 0.5 WHERE model = 'renewal';
		ELSIF i = 2 THEN
			BEGIN
				UPDATE nudge.health_models SET weight = CASE factor WHEN 'usage' THEN 0.1 ELSE 0.9 END WHERE model = 'renewal';
				RETURN NEXT nudge.health_score('{"usage": 50, "sponsor": 100}'::jsonb, 'renewal');
				RAISE 'undone';
			EXCEPTION WHEN raise_exception THEN NULL;
			END;
		END IF;
	END LOOP;
END
$$;
SELECT pg_temp.after_a_change();
-- what is rolled back is gone, whatever was asked while it was there
BEGIN ISOLATION LEVEL REPEATABLE READ;
DO $$
DECLARE
	score double precision;
BEGIN
	FOR i IN 1..2 LOOP
		BEGIN
			IF i = 1 THEN
				UPDATE nudge.health_models SET weight = CASE factor WHEN 'usage' THEN 0.1 ELSE 0.9 END WHERE model = 'renewal';
			END IF;
			score := nudge.health_score('{"usage": 50, "sponsor": 100}'::jsonb, 'renewal');
			RAISE NOTICE '% %', i, score;
			IF i = 1 THEN
				RAISE EXCEPTION 'back';
			END IF;
		EXCEPTION WHEN raise_exception THEN NULL;
		END;
	END LOOP;
END
$$;
COMMIT;

-- Scales
SELECT v, scale_min_max(v, 20, 70) AS more_is_better, scale_min_max(v, 70, 20) AS less_is_better, scale_target(v, 50) AS of_50, scale_log(v, 50) AS log_of_50
FROM unnest('{-10,0,20,30,45,50,70,1000}'::double precision[]) v;
-- ln 10 / ln 100 is a half
SELECT scale_log(9, 99), scale_log(99, 99), scale_target(1e308, 1e-308), scale_min_max(0, -1.7e308, 1.7e308), scale_min_max(1.7e308, 1, 2), scale_min_max(5e-324, 0, 1e-323), scale_log(1.7e308, 1e-308);
-- below 5 one of four, equal to it two: (1 + 1) / 4
SELECT scale_percentile(5, '{1,5,5,9}') AS tie, scale_percentile(1, '{1,5,5,9}') AS least, scale_percentile(9, '{1,5,5,9}') AS most, scale_percentile(0, '{1,5}') AS below_all, scale_percentile(6, '{1,NULL,5,NULL}') AS above_all,
	scale_percentile(5, '{}') AS no_peers, scale_percentile(5, '{NULL}') AS unknown_peers, scale_percentile(2, '{1,2,3}') AS of_three;
-- the same of a whole table
SELECT v, 100 * (rank() OVER (ORDER BY v) - 1 + count(*) OVER (PARTITION BY v) / 2.0) / count(*) OVER () AS by_window, scale_percentile(v, array_agg(v) OVER ()) AS by_function
FROM unnest('{1,5,5,9}'::double precision[]) v;
SELECT scale_min_max(NULL, 1, 2), scale_target(1, NULL), scale_log(NULL, 1), scale_percentile(NULL, '{1}'), scale_percentile(1, NULL);

-- Trends: 1 + uses is 10, 20, 40, 80: it doubles, so the slope is ln 2, without any scatter
SELECT weeks, round(slope::numeric, 12) AS slope, round(weekly_growth_rate::numeric, 12) AS growth, round(p_value::numeric, 12) AS p, direction, factor FROM usage_trend('{9,19,39,79}');
-- as fast down; half of it missing; with what doubling gives 100
SELECT n, weeks, round(slope::numeric, 12) AS slope, round(weekly_growth_rate::numeric, 12) AS growth, direction, factor
FROM (VALUES (1, '{79,39,19,9}'::double precision[], 0.05), (2, '{9,NULL,39,NULL,NULL,NULL}', 0.05), (3, '{9,19,39,79}', 1), (4, '{NULL,9,NULL,39,NULL,159}', 3), (5, '{79,39,19,9}', 3)) v(n, w, g), LATERAL usage_trend(w, g) ORDER BY n;
-- y = 0, ln 2, ln 2, 0 + 3 ln 2: Sxy = 1.5 * 3 ln 2 = 4.5 ln 2, over Sxx = 5: 0.9 ln 2; residuals in ln 2: 0.1, 0.2, -0.7, 0.4, squares 0.7;
-- t = 0.9 / sqrt(0.7 / 2 / 5) = 3.401681, with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2) = 0.076619
SELECT round((slope / ln(2::float8))::numeric, 12) AS slope_in_ln_2, round(p_value::numeric, 6) AS p, direction FROM usage_trend('{0,1,1,7}');
SELECT direction FROM usage_trend('{0,1,1,7}', alpha => 0.1);
SELECT direction FROM usage_trend('{7,1,1,0}', alpha => 0.1);
-- nothing changes; nothing is used; two weeks, one, none
SELECT n, t.* FROM (VALUES (1, '{5,5,5,5}'::double precision[]), (2, '{0,0,0}'), (3, '{5,5}'), (4, '{5}'), (5, '{}'), (6, '{NULL,NULL}')) v(n, w), LATERAL usage_trend(w) t ORDER BY n;
SELECT * FROM usage_trend(NULL);

-- Consistency: mean 5, population standard deviation 2: 1 - 2 / 5.  Sample standard deviation would be 2.138
SELECT engagement_consistency('{2,4,4,4,5,5,7,9}') AS textbook, engagement_consistency('{3,3,3}') AS even, engagement_consistency('{6,0}') AS half, engagement_consistency('{9,0,0}') AS floored,
	engagement_consistency('{2,4,4,4,NULL,5,5,7,9,NULL}') AS unknown_weeks, engagement_consistency('{0,0}') AS no_use, engagement_consistency('{4}') AS one_week, engagement_consistency('{}') AS none, engagement_consistency(NULL);
SELECT engagement_consistency('{1e308,1e308,1e308}') AS large;
SELECT round(adoption_breadth(3, 4), 4) AS breadth, round(adoption_breadth(0, 4), 4) AS none, adoption_breadth(0, 0) AS nothing_there, adoption_breadth(NULL, 4);

-- Refused calls, each with SQLSTATE, message, detail, hint
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.refused(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN NEXT 'ACCEPTED: ' || query;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT state || ': ' || message;
	RETURN NEXT '  detail: ' || detail;
	RETURN NEXT '  hint: ' || hint;
END
$$;
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{0.5,0.4}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{0.5,0.500000002}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{1.5,-0.5}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{1,NaN}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{Infinity,0}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{1,NULL}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], NULL)$$);
SELECT pg_temp.refused($$SELECT health_score('{80,40}'::double precision[], '{1}')$$);
SELECT pg_temp.refused($$SELECT health_score('{}'::double precision[], '{}')$$);
SELECT pg_temp.refused($$SELECT health_score('{{80,40}}'::double precision[], '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT health_score(array_fill(50::double precision, ARRAY[1001]), array_fill(1 / 1001::double precision, ARRAY[1001]))$$);
SELECT pg_temp.refused($$SELECT health_score('{80,100.1}'::double precision[], '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT health_score('{-1,40}'::double precision[], '{0,1}')$$);
SELECT pg_temp.refused($$SELECT health_score('{NULL,NaN}'::double precision[], '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT health_coverage('{80,101}'::double precision[], '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT health_score('{80}'::double precision[], '{1}', 'zero')$$);
SELECT pg_temp.refused($$SELECT * FROM health_factors('{80,40}'::double precision[], '{0.5,0.5}', '{a}')$$);
SELECT pg_temp.refused($$SELECT * FROM health_factors('{80,40}'::double precision[], '{0.5,0.5}', '{a,NULL}')$$);
SELECT pg_temp.refused($$SELECT * FROM health_factors('{80,400}'::double precision[], '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT health_score('{"usage": 80, "outcome": 1, "sponsors": 1}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('{"usage": "80"}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('{"usage": true}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_coverage('{"usage": [80]}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT * FROM health_factors('{"usage": {"x": 80}}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('{"usage": 100.5}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('{"usage": 1e400}'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('[80]'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('80'::jsonb, 'renewal')$$);
SELECT pg_temp.refused($$SELECT health_score('{}'::jsonb, 'nobody')$$);
SELECT pg_temp.refused($$SELECT health_score('{}'::jsonb, NULL)$$);
SELECT pg_temp.refused($$SELECT health_score('{}'::jsonb, 'renewal', 'zero')$$);
SELECT pg_temp.refused($$SELECT health_model(NULL)$$);
INSERT INTO health_models VALUES ('half', 'usage', 1, 0.5);
SELECT pg_temp.refused($$SELECT health_score('{}'::jsonb, 'half')$$);
SELECT pg_temp.refused($$INSERT INTO nudge.health_models VALUES ('half', 'usage', 2, 0.5)$$);
SELECT pg_temp.refused($$INSERT INTO nudge.health_models VALUES ('half', 'outcome', 2, 'NaN')$$);
SELECT pg_temp.refused($$INSERT INTO nudge.health_models VALUES ('', 'outcome', 2, 1)$$);
SELECT pg_temp.refused($$SELECT health_band('NaN')$$);
SELECT pg_temp.refused($$SELECT health_band(50, 80, 60)$$);
SELECT pg_temp.refused($$SELECT health_band(50, 'Infinity', 'Infinity')$$);
SELECT pg_temp.refused($$SELECT scale_min_max(5, 3, 3)$$);
SELECT pg_temp.refused($$SELECT scale_min_max('NaN', 3, 4)$$);
SELECT pg_temp.refused($$SELECT scale_target(5, 0)$$);
SELECT pg_temp.refused($$SELECT scale_log(5, -1)$$);
SELECT pg_temp.refused($$SELECT scale_log('Infinity', 1)$$);
SELECT pg_temp.refused($$SELECT scale_percentile(5, '{1,Infinity}')$$);
SELECT pg_temp.refused($$SELECT scale_percentile(5, '{{1},{2}}')$$);
SELECT pg_temp.refused($$SELECT usage_trend('{1,-1}')$$);
SELECT pg_temp.refused($$SELECT usage_trend('{NULL,NaN}')$$);
SELECT pg_temp.refused($$SELECT usage_trend('{1,2,3}', full_growth_rate => 0)$$);
SELECT pg_temp.refused($$SELECT usage_trend('{1,2,3}', alpha => 1)$$);
SELECT pg_temp.refused($$SELECT engagement_consistency('{1,Infinity}')$$);
SELECT pg_temp.refused($$SELECT adoption_breadth(5, 4)$$);
SELECT pg_temp.refused($$SELECT adoption_breadth(-1, 4)$$);
DELETE FROM nudge.health_models;
