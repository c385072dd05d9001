-- Attribution: models that follow rules, and credits that add up.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- A state of one path to a conversion, a touch an hour, the last an hour before it.
CREATE FUNCTION pg_temp.path(revenue numeric, VARIADIC channels text[]) RETURNS journey_state LANGUAGE sql STABLE AS $$
	SELECT nudge.journey_agg('c'::text, timestamptz '2024-05-01 00:00Z' + n * interval '1 hour', channel, CASE WHEN channel IS NULL THEN $1 END)
	FROM unnest(channels || NULL::text) WITH ORDINALITY c(channel, n) $$;
-- The credits of a path in order of its touches.
CREATE FUNCTION pg_temp.credits(state journey_state, model text, weights numeric[] DEFAULT NULL, minor_unit integer DEFAULT NULL) RETURNS numeric[] LANGUAGE sql STABLE AS $$
	SELECT array_agg(credit ORDER BY touch) FROM nudge.attribution_credits(state, model, weights => weights, minor_unit => minor_unit, half_life => '1 hour') $$;

-- Published examples ----------------------------------------------------------------

-- DP6, test_heuristics: A > B > C and A > C, a conversion each
CREATE TEMP TABLE dp6 AS SELECT combine(journey_agg(c, at, channel, NULL), (SELECT journey_agg(c::bigint, date '2024-05-09', NULL, 1) FROM generate_series(1, 2) c)) AS s
FROM (VALUES (1::bigint, date '2024-05-01', 'A'), (1, '2024-05-02', 'B'), (1, '2024-05-03', 'C'), (2, '2024-05-01', 'A'), (2, '2024-05-02', 'C')) v(c, at, channel);
SELECT m AS model, string_agg(channel || ' ' || round(conversions, 6), ', ' ORDER BY channel) AS conversions
FROM dp6, unnest('{last_touch,first_touch,linear,position_based}'::text[]) WITH ORDINALITY x(m, n), attribution(s, m) GROUP BY n, m ORDER BY n;
-- DP6, time decay with a half-life of an hour, touches 2, 1 and 0 hours before: 1/7, 2/7, 4/7
SELECT pg_temp.credits(pg_temp.path(7, 'a', 'b', 'c'), 'time_decay');
-- Mixpanel, six touches: position based .40 .05 x 4 .40, J .20 .05 x 4 .60, inverse J .60 .05 x 4 .20
SELECT m AS model, pg_temp.credits(pg_temp.path(1, 'a', 'b', 'c', 'd', 'e', 'f'), m) AS credits FROM unnest('{position_based,j_shaped,inverse_j}'::text[]) m;
-- W3C, multi-touch-divides-evenly: credit 2, 1, 1 from the newest, value 8; and 5 by 1, 1 and by 2, 1, 1
SELECT pg_temp.credits(pg_temp.path(8, 'a', 'b', 'c'), 'custom', '{0.25,0.25,0.5}', 0) AS of_8, pg_temp.credits(pg_temp.path(5, 'a', 'b'), 'linear', NULL, 0) AS of_5,
	pg_temp.credits(pg_temp.path(5, 'a', 'b', 'c'), 'custom', '{0.5,0.25,0.25}', 0) AS of_5_by_2_1_1;
-- Snowplow keeps 140 / 3 as 46.666666666667 three times
SELECT pg_temp.credits(pg_temp.path(140, 'a', 'b', 'c'), 'linear') AS of_140;

-- Models by the length of the path ---------------------------------------------------

SELECT m AS model, pg_temp.credits(pg_temp.path(100, 'a'), m) AS one, pg_temp.credits(pg_temp.path(100, 'a', 'b'), m) AS two, pg_temp.credits(pg_temp.path(100, 'a', 'b', 'c'), m) AS three,
	pg_temp.credits(pg_temp.path(100, 'a', 'b', 'c', 'd'), m) AS four, pg_temp.credits(pg_temp.path(100, 'a', 'b', 'c', 'd', 'e'), m) AS five
FROM unnest('{first_touch,last_touch,last_non_direct,linear,time_decay,position_based,j_shaped,inverse_j,w_shaped,blended,participation}'::text[]) m;
SELECT w AS weights, pg_temp.credits(pg_temp.path(100, 'a'), 'custom', w) AS one, pg_temp.credits(pg_temp.path(100, 'a', 'b'), 'custom', w) AS two, pg_temp.credits(pg_temp.path(100, 'a', 'b', 'c', 'd'), 'custom', w) AS four
FROM (VALUES ('{0.3,0.4,0.3}'::numeric[]), ('{0,1,0}'), ('{1,0,0}'), ('{0.5,0,0.5}'), ('{0.333333,0.333333,0.333334}'), (ARRAY[1.0/3, 1.0/3, 1.0/3]), (ARRAY[1.0/6, 2.0/3, 1.0/6])) v(w);
SELECT w AS weights, pg_temp.credits(pg_temp.path(100, 'a'), 'blended', w) AS one, pg_temp.credits(pg_temp.path(100, 'a', 'b'), 'blended', w) AS two, pg_temp.credits(pg_temp.path(100, 'a', 'b', 'c', 'd'), 'blended', w) AS four
FROM (VALUES (NULL::numeric[]), ('{0.4,0.2}'), ('{0,0}'), ('{1,0}'), ('{0,1}'), ('{0.5,0.5}')) v(w);
-- the last that is not direct
SELECT d AS path, pg_temp.credits(pg_temp.path(10, VARIADIC d), 'last_non_direct') AS credits FROM (VALUES ('{a,b,direct}'::text[]), ('{a,direct,direct}'), ('{direct,direct}'), ('{direct,a}')) v(d);
SELECT a.channel, a.revenue FROM attribution(pg_temp.path(10, 'a', 'b', 'c'), 'last_non_direct', direct_channel => 'c') a WHERE revenue > 0;
-- a half-life, and touches that are too old to count
SELECT h AS half_life, string_agg(credit::text, ' ' ORDER BY touch) AS credits FROM (VALUES (interval '2 hours'), ('1 day'), ('1 minute'), ('1000 days')) v(h),
	attribution_credits(pg_temp.path(100, 'a', 'b', 'c'), 'time_decay', half_life => h) GROUP BY h ORDER BY h;

-- Ties -----------------------------------------------------------------------------

CREATE TEMP TABLE tied AS SELECT journey_agg(1::bigint, at, channel, revenue) AS s FROM (VALUES (date '2024-05-01', 'b', NULL), ('2024-05-01', 'a', NULL), ('2024-05-02', 'c', NULL), ('2024-05-03', 'd', NULL),
	('2024-05-03', 'direct', NULL), ('2024-05-04', NULL, 100)) v(at, channel, revenue);
SELECT m AS model, string_agg(channel || ' ' || o.credit, ', ' ORDER BY o.touch) AS in_order, string_agg(channel || ' ' || t.credit, ', ' ORDER BY o.touch) AS shared
FROM tied, unnest('{first_touch,last_touch,last_non_direct,linear,time_decay,position_based,w_shaped,blended}'::text[]) WITH ORDINALITY x(m, n),
	LATERAL attribution_credits(s, m) o JOIN LATERAL attribution_credits(s, m, ties => 'share') t USING (channel) GROUP BY n, m ORDER BY n;
SELECT a.channel, a.revenue FROM (SELECT journey_ranked_agg(1::bigint, date '2024-05-01', c, CASE WHEN c IS NULL THEN 9 END, t) AS s FROM (VALUES ('a', 3), ('b', 1), (NULL, 7)) v(c, t)) x, attribution(s, 'first_touch') a;

-- To the last unit -------------------------------------------------------------------

-- remainders: the largest first, the earliest among equals; what is below the unit goes to the next in line
SELECT revenue, minor_unit, pg_temp.credits(pg_temp.path(revenue, 'a', 'b', 'c'), 'linear', NULL, minor_unit) AS credits
FROM (VALUES (100, 2), (0.01, 2), (0.02, 2), (0.005, 2), (10.005, 2), (0.000001, 2), (100, 0), (1.5, 0), (100, 3), (100, 6), (0, 2), (9223372036854.775807, 2)) v(revenue, minor_unit);
SELECT pg_temp.credits(pg_temp.path(0.05, 'a', 'b', 'c', 'd', 'e', 'f'), 'position_based') AS position, pg_temp.credits(pg_temp.path(0.07, 'a', 'b', 'c'), 'j_shaped') AS j,
	pg_temp.credits(pg_temp.path(1, 'a', 'b', 'c', 'd', 'e', 'f', 'g'), 'w_shaped') AS w;
-- the minor unit is that of the currency
SELECT c AS currency, a.* FROM unnest('{JPY,EUR,KWD,XAU}'::text[]) c, LATERAL (SELECT journey_currency_agg(1::bigint, date '2024-05-01' + n, ch, CASE WHEN n = 2 THEN 100 END, c) AS s FROM (VALUES (0, 'a'), (1, 'b'), (2, 'c')) v(n, ch)) x,
	LATERAL (SELECT string_agg(credit::text, ' ' ORDER BY touch) AS credits FROM attribution_credits(s, 'linear')) a;
-- a thousand paths of every length, every model: sums
CREATE TEMP TABLE many AS SELECT journey_agg(c::bigint, at, channel, revenue) AS s FROM (
	SELECT hashint4(i) % 400 AS c, timestamptz '2024-01-01 00:00Z' + abs(hashint4(i + 7)::bigint) % 180 * interval '1 day' AS at,
		CASE WHEN i % 10 > 0 THEN 'ch' || abs(hashint4(i + 3)) % 9 END AS channel, CASE WHEN i % 10 = 0 OR i % 97 = 0 THEN abs(hashint4(i + 5)::bigint) / 1000.0 END AS revenue
	FROM generate_series(1, 12000) i) r;
SELECT m AS model, sum(a.revenue) AS revenue, sum(a.conversions) AS conversions, sum(a.share) > 0.999999 AS share FROM many, unnest('{first_touch,last_touch,last_non_direct,linear,time_decay,position_based,j_shaped,inverse_j,w_shaped,blended}'::text[]) m, attribution(s, m) a GROUP BY m ORDER BY m;
SELECT m AS model, count(*) FILTER (WHERE c.sum <> c.revenue OR c.weight <> 1 OR c.wrong > 0) AS wrong, count(*) FROM many, unnest('{linear,time_decay,position_based,w_shaped,blended}'::text[]) m,
	LATERAL (SELECT customer, conversion, revenue, sum(credit) AS sum, sum(weight) AS weight, count(*) FILTER (WHERE abs(credit - revenue * weight) >= 0.0101) AS wrong FROM attribution_credits(s, m) GROUP BY 1, 2, 3) c GROUP BY m ORDER BY m;
-- all models in one walk are the models one by one
SELECT count(*) AS channels, bool_and((first_touch_conversions, first_touch_revenue) = (a.conversions, a.revenue)) AS first, bool_and((time_decay_conversions, time_decay_revenue) = (b.conversions, b.revenue)) AS decay,
	bool_and((blended_conversions, blended_revenue) = (c.conversions, c.revenue)) AS blended, bool_and((participation_conversions, participation_revenue) = (d.conversions, d.revenue)) AS participation,
	bool_and((m.assisted_conversions, m.assisted_revenue) = (d.assisted_conversions, d.assisted_revenue)) AS assists
FROM many, attribution_models(s) m, attribution(s, 'first_touch') a, attribution(s, 'time_decay') b, attribution(s, 'blended') c, attribution(s, 'participation') d
WHERE (a.channel, b.channel, c.channel, d.channel) IS NOT DISTINCT FROM (m.channel, m.channel, m.channel, m.channel);
SELECT count(*) AS rows, count(*) FILTER (WHERE l IS DISTINCT FROM a) AS wrong FROM many, linear_attribution(s, NULL) l LEFT JOIN LATERAL attribution((SELECT s FROM many), 'linear', NULL) a ON l.channel IS NOT DISTINCT FROM a.channel;
SELECT m.* FROM attribution_models(pg_temp.path(100, 'a', 'b', 'a'), weights => '{1,0}') m;
-- participation: every channel all
SELECT a.* FROM attribution(pg_temp.path(100, 'a', 'b', 'a'), 'participation') a;
SELECT c.channel, c.touch, c.weight, c.credit FROM attribution_credits(pg_temp.path(100, 'a', 'b', 'a'), 'participation') c;
-- no conversion, conversions of revenue 0, no touch
SELECT count(*) FROM attribution((SELECT journey_agg(1::bigint, date '2024-05-01', 'a', NULL)), 'linear');
SELECT a.* FROM attribution(pg_temp.path(0, 'a', 'b'), 'linear') a;
SELECT a.channel, a.conversions FROM attribution(pg_temp.path(0, 'a', 'b', 'b'), 'linear') a;
-- what is below a unit goes by the shares of the whole amount
SELECT pg_temp.credits(pg_temp.path(0.005598, 'a', 'b'), 'j_shaped') AS below_a_cent, pg_temp.credits(pg_temp.path(0.189, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'), 'custom', '{0.0445,0.356,0.5995}') AS mills;
SELECT a.* FROM attribution((SELECT journey_agg(1::bigint, date '2024-05-01', NULL, 5)), 'linear') a;
SELECT c.* FROM attribution_credits((SELECT journey_agg(1::bigint, date '2024-05-01', NULL, 5)), 'first_touch') c;
SELECT count(*) FROM attribution(NULL, 'linear');
SELECT count(*) FROM attribution_models(NULL);
-- one path of 200,000 touches
SELECT m AS model, count(*) FILTER (WHERE credit > 0) AS credited, sum(credit) FROM (SELECT journey_agg(1::bigint, timestamptz '2024-05-01 00:00Z' + i * interval '1 second', 'ch' || i % 3, CASE WHEN i = 200000 THEN 5000 END) AS s FROM generate_series(1, 200000) i) x,
	unnest('{linear,time_decay,position_based,w_shaped,blended}'::text[]) m, attribution_credits(s, m) GROUP BY m ORDER BY m;
SELECT m AS model, count(*) FILTER (WHERE credit > 0) AS credited, sum(credit) FROM (SELECT journey_agg(1::bigint, timestamptz '2024-05-01 00:00Z' + i / 7 * interval '1 second', 'ch' || i % 3, CASE WHEN i = 20000 THEN 5000 END) AS s FROM generate_series(1, 20000) i) x,
	unnest('{time_decay,position_based,w_shaped,blended}'::text[]) m, attribution_credits(s, m, ties => 'share') GROUP BY m ORDER BY m;
-- shares of a very long path without ties are those in its order
WITH long AS (SELECT journey_agg(1::bigint, timestamptz '2024-05-01 00:00Z' + i * interval '1 second', 'ch' || i % 3, CASE WHEN i = 530000 THEN 100 END) AS s FROM generate_series(1, 530000) i)
SELECT m AS model, count(*) AS channels, count(*) FILTER (WHERE (o.conversions, o.revenue) IS DISTINCT FROM (t.conversions, t.revenue)) AS differ
FROM long, unnest('{linear,position_based,blended,w_shaped}'::text[]) m, LATERAL attribution(s, m) o JOIN LATERAL attribution(s, m, ties => 'share') t USING (channel) GROUP BY m ORDER BY m;
-- a half-life of ten thousand years, an age that is it but for a microsecond
SELECT string_agg(weight::text, ' ' ORDER BY touch) AS weights FROM (SELECT journey_agg(1::bigint, at, ch, CASE WHEN ch IS NULL THEN 1 END) AS s
	FROM (VALUES (timestamptz '2024-05-01 00:00Z', 'a'), (timestamptz '2024-05-01 00:00Z' + interval '3660000 days' - interval '1 microsecond', 'b'), (timestamptz '2024-05-01 00:00Z' + interval '3660000 days', NULL)) v(at, ch)) x,
	attribution_credits(s, 'time_decay', lookback => NULL, half_life => '3660000 days');
-- no bound is none, from the first to the last year
SELECT a.channel FROM (SELECT journey_agg(1::bigint, at, ch, CASE WHEN ch IS NULL THEN 1 END) AS s FROM (VALUES (timestamptz '4713-01-01 00:00Z BC', 'a'), ('294270-01-01 00:00Z', NULL)) v(at, ch)) x, attribution(s, 'linear', lookback => NULL) a;

-- Errors -------------------------------------------------------------------------------

SELECT count(*) FROM tied, attribution(s, NULL);
SELECT count(*) FROM tied, attribution(s, 'best');
SELECT count(*) FROM tied, attribution(s, 'custom');
SELECT count(*) FROM tied, attribution(s, 'custom', weights => '{0.5,0.5}');
SELECT count(*) FROM tied, attribution(s, 'custom', weights => '{0.5,0.5,0.1}');
SELECT count(*) FROM tied, attribution(s, 'custom', weights => '{-0.5,1,0.5}');
SELECT count(*) FROM tied, attribution(s, 'custom', weights => '{0.5,NULL,0.5}');
SELECT count(*) FROM tied, attribution(s, 'custom', weights => '{NaN,0.5,0.5}');
SELECT count(*) FROM tied, attribution(s, 'blended', weights => '{0.7,0.4}');
SELECT count(*) FROM tied, attribution(s, 'linear', weights => '{0.7,0.3}');
SELECT count(*) FROM tied, attribution(s, 'time_decay', half_life => '0');
SELECT count(*) FROM tied, attribution(s, 'time_decay', half_life => '1 month');
SELECT count(*) FROM tied, attribution(s, 'linear', ties => 'random');
SELECT count(*) FROM tied, attribution_models(s, weights => '{1,1}');
