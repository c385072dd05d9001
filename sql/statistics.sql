-- Tests and intervals for rates.
SET search_path = nudge, public;
\pset null '(null)'

-- 5 of 83 against 12 of 99: z -1.4078304151258787, p 0.15918129181156992 (statsmodels, test_proportion)
SELECT rate_a, rate_b, difference, round(z::numeric, 13) AS z, round(p_value::numeric, 13) AS p FROM two_proportion_test(5, 83, 12, 99);
-- by hand: 30 of 100 against 50 of 100; pooled 0.4, z = -0.2 / sqrt(0.4 * 0.6 * 0.02) = -2.88675134594813
SELECT rate_a, rate_b, difference, round(z::numeric, 12) AS z, round(p_value::numeric, 12) AS p FROM two_proportion_test(30, 100, 50, 100);
-- the other way round only z changes its sign
SELECT round(a.z::numeric, 12) = -round(b.z::numeric, 12) AS z, round(a.p_value::numeric, 12) = round(b.p_value::numeric, 12) AS p
FROM two_proportion_test(30, 100, 50, 100) a, two_proportion_test(50, 100, 30, 100) b;
-- equal rates; an empty group; none and all of both; NULL
SELECT * FROM two_proportion_test(10, 20, 20, 40);
SELECT * FROM two_proportion_test(0, 0, 20, 40);
SELECT * FROM two_proportion_test(0, 10, 0, 20);
SELECT * FROM two_proportion_test(10, 10, 20, 20);
SELECT * FROM two_proportion_test(NULL, 10, 20, 20);
-- as large as counts can be
SELECT rate_a, rate_b, difference, round(z::numeric, 3) AS z, p_value
FROM two_proportion_test(9223372036854775806, 9223372036854775807, 1, 9223372036854775807);

-- smokers among patients of four hospitals: X-squared 12.60041, df 3, p 0.005585477 (R, prop.test)
SELECT round(chi_squared::numeric, 5) AS chi_squared, degrees_of_freedom, round(p_value::numeric, 9) AS p_value
FROM proportions_test('{83,90,129,70}', '{86,93,136,82}');
-- of two groups it is the square of z, with the same p
SELECT round(c.chi_squared::numeric, 10) = round((t.z * t.z)::numeric, 10) AS x, round(c.p_value::numeric, 12) = round(t.p_value::numeric, 12) AS p
FROM proportions_test('{5,12}', '{83,99}') c, two_proportion_test(5, 83, 12, 99) t;
-- a group without trials says nothing and is left out
SELECT round(chi_squared::numeric, 5) AS chi_squared, degrees_of_freedom FROM proportions_test('{83,0,90,129,70}', '{86,0,93,136,82}');
-- one group, none, only such without trials, all or none
SELECT * FROM proportions_test('{5}', '{83}');
SELECT * FROM proportions_test('{}', '{}');
SELECT * FROM proportions_test('{0,0}', '{0,0}');
SELECT * FROM proportions_test('{0,0,0}', '{10,20,30}');
SELECT * FROM proportions_test('{10,20,30}', '{10,20,30}');
SELECT chi_squared, degrees_of_freedom, p_value FROM proportions_test('{10,20,30}', '{20,40,60}');
-- one group with 30 of 100 beside k with 50 of 100; p of 1, 6 and 101 degrees of freedom
SELECT degrees_of_freedom, round(chi_squared::numeric, 6) AS chi_squared, round(p_value::numeric, 12) AS p_value
FROM (VALUES (1), (6), (101)) v(k),
	LATERAL proportions_test(array_fill(50::bigint, ARRAY[k]) || 30::bigint, array_fill(100::bigint, ARRAY[k]) || 100::bigint);

-- Wilson: 8 of 10 at 95 % is 0.490162 to 0.943318; none of 10 ends at 0.277533 = z^2 / (10 + z^2)
SELECT rate, round(rate_low::numeric, 6) AS low, round(rate_high::numeric, 6) AS high
FROM (VALUES (1, 8), (2, 0), (3, 10), (4, 5)) v(i, s), LATERAL wilson_interval(s, 10) ORDER BY i;
SELECT c, round(rate_low::numeric, 10) AS low, round(rate_high::numeric, 10) AS high
FROM (VALUES (0.5), (0.8), (0.9), (0.99), (0.999999)) v(c), LATERAL wilson_interval(263, 1000, c) ORDER BY c;
-- the bounds solve (rate - p)^2 = z^2 p (1 - p) / n, here with z = 1.95996398454005
SELECT s, n, round(((s::float8 / n - b) ^ 2 * n / (b * (1 - b)))::numeric, 8) AS z_squared
FROM (VALUES (1, 3), (5, 83), (500000, 1000000)) v(s, n), LATERAL wilson_interval(s, n), unnest(ARRAY[rate_low, rate_high]) b;
SELECT * FROM wilson_interval(0, 0);
-- a confidence that rounds to none at all; counts that no double precision can tell apart
SELECT * FROM wilson_interval(0, 10, 1e-17);
SELECT round(z::numeric, 4) AS z, round(p_value::numeric, 4) AS p FROM two_proportion_test(9223372036854775806, 9223372036854775807, 9223372036854775797, 9223372036854775807);
SELECT round(chi_squared::numeric, 4) AS chi_squared, round(p_value::numeric, 4) AS p FROM proportions_test('{9223372036854775806,9223372036854775797}', '{9223372036854775807,9223372036854775807}');
SELECT * FROM wilson_interval(1, NULL);

-- A step converted 40 of 100, 50 of 100 before: a fall of exactly 20 %, but by chance (p 0.155); with ten times as
-- many users it is none (p 0.0000069); a fall of 19.8 % is below the threshold, a rise is no fall.
SELECT rate, baseline_rate, relative_change, round(z::numeric, 6) AS z, round(p_value::numeric, 10) AS p, significant, intervene
FROM (VALUES (1, 40, 100, 50, 100), (2, 400, 1000, 500, 1000), (3, 401, 1000, 500, 1000), (4, 600, 1000, 500, 1000)) v(i, s, n, bs, bn),
	LATERAL drop_off_test(s, n, bs, bn) ORDER BY i;
-- alpha and threshold
SELECT alpha, threshold, significant, intervene
FROM (VALUES (0.05, 0.1), (0.2, 0.2), (0.2, 0.21)) v(alpha, threshold), LATERAL drop_off_test(40, 100, 50, 100, alpha, threshold);
-- nobody now; nobody before; nobody converted before, or ever
SELECT * FROM drop_off_test(0, 0, 50, 100);
SELECT * FROM drop_off_test(40, 100, 0, 0);
SELECT rate, baseline_rate, relative_change, round(z::numeric, 6) AS z, significant, intervene FROM drop_off_test(40, 100, 0, 100);
SELECT * FROM drop_off_test(0, 100, 0, 100);
SELECT * FROM drop_off_test(NULL, 100, 0, 100);

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
SELECT pg_temp.refused($$SELECT two_proportion_test(11, 10, 5, 10)$$);
SELECT pg_temp.refused($$SELECT two_proportion_test(5, 10, -1, 10)$$);
SELECT pg_temp.refused($$SELECT proportions_test('{5,-1}', '{10,-1}')$$);
SELECT pg_temp.refused($$SELECT proportions_test('{5,6}', '{10}')$$);
SELECT pg_temp.refused($$SELECT proportions_test('{5,NULL}', '{10,10}')$$);
SELECT pg_temp.refused($$SELECT proportions_test('{5,6}', '{10,NULL}')$$);
SELECT pg_temp.refused($$SELECT proportions_test('{{5,6}}', '{{10,10}}')$$);
SELECT pg_temp.refused($$SELECT wilson_interval(5, 10, 0)$$);
SELECT pg_temp.refused($$SELECT wilson_interval(5, 10, 1)$$);
SELECT pg_temp.refused($$SELECT wilson_interval(5, 10, 'NaN')$$);
SELECT pg_temp.refused($$SELECT drop_off_test(5, 10, 5, 10, alpha => 95)$$);
SELECT pg_temp.refused($$SELECT drop_off_test(5, 10, 5, 10, threshold => 0)$$);
