-- journey_properties.sql
--		Paths, credits, Markov chains and Shapley values over random journeys,
--		against their definitions in plain SQL and PL/pgSQL, which share no code
--		with the extension.
--
-- The journeys follow from the seed alone; NM_SEED in the environment replaces
-- it.

\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nudge_metrics;
CREATE EXTENSION IF NOT EXISTS pgtap;

BEGIN;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL jit = off;

\set seed journey
\getenv seed NM_SEED
\set customers 90
\getenv customers NM_USERS
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

CREATE TABLE settings AS SELECT :'seed'::text AS seed;

-- A number 0 .. n-1 that depends on the seed and on what it is for.
CREATE FUNCTION pick(what text, n integer) RETURNS integer
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT (('x' || substr(md5(s.seed || '/' || what), 1, 8))::bit(32)::bigint % n)::integer FROM settings s);
CREATE FUNCTION choice(what text, VARIADIC words text[]) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN words[1 + pick(what, cardinality(words))];

-- Journeys ----------------------------------------------------------------

-- Up to 25 rows a customer, hours apart or at the same instant; a fifth are
-- conversions, some of them touches too.
CREATE TABLE j AS
SELECT c, n, timestamptz '2024-01-01 00:00Z' + pick('t' || c || '/' || n, (ARRAY[6, 60, 400, 2000])[1 + c % 4]) * interval '7 hours' AS at,
	pick('b' || c || '/' || n, 2) AS tie_break,
	CASE WHEN pick('k' || c || '/' || n, 10) < 8 THEN choice('ch' || c || '/' || n, VARIADIC (ARRAY['direct', 'a', 'b', 'é', 'c > d', 'f', 'direct', 'a'])[:(2 + c % 7)]) END AS channel,
	CASE WHEN pick('k' || c || '/' || n, 10) >= 7 THEN
		round(pick('r' || c || '/' || n, 100000)::numeric / (ARRAY[1, 100, 100, 1000, 1000000])[1 + pick('d' || c || '/' || n, 5)] * pick('z' || c || '/' || n, 8), 6) END AS revenue
FROM generate_series(1, :customers) c, generate_series(1, 1 + pick('rows' || c, 25)) n;
SELECT diag(format('%s rows of %s customers, %s conversions, %s touches tied in time with another', count(*), count(DISTINCT c),
	count(revenue), count(*) FILTER (WHERE channel IS NOT NULL AND tied > 1))) FROM (SELECT *, count(channel) OVER (PARTITION BY c, at) AS tied FROM j) t;

CREATE TABLE s AS SELECT journey_ranked_agg(c, at, channel, revenue, tie_break) AS st FROM j;

SELECT is_empty($$
	(SELECT r.* FROM s, journey_rows(st) r EXCEPT ALL SELECT c::text, at, tie_break, channel, revenue FROM j)
	UNION ALL (SELECT c::text, at, tie_break, channel, revenue FROM j EXCEPT ALL SELECT r.* FROM s, journey_rows(st) r) $$, 'journey_rows gives the rows back');
SELECT ok((SELECT journey_ranked_agg(c, at, channel, revenue, tie_break ORDER BY md5(n::text || c)) OPERATOR(nudge.=) (SELECT st FROM s) FROM j), 'any order of rows gives the same bytes');
SELECT ok((SELECT rollup(p) OPERATOR(nudge.=) (SELECT st FROM s) FROM (SELECT journey_ranked_agg(c, at, channel, revenue, tie_break)::text::journey_state AS p FROM j GROUP BY n % 7, c % 3) x), 'parts through text and merged are the whole');

-- The oracle: paths -----------------------------------------------------------

-- A configuration is a set of options by name, as text; NULL where left out.
CREATE TYPE config AS (no integer, model text, lookback interval, start_day date, end_day date, zone text, collapse text, touch_reuse text, counting text,
	at_conversion boolean, exclude_channels text[], direct text, direct_channel text, first_touches integer, last_touches integer, minor_unit integer,
	half_life interval, weights numeric[], ties text);

CREATE FUNCTION tidy(channels text[], ats timestamptz[], o config, OUT c text[], OUT t timestamptz[]) LANGUAGE plpgsql AS $$
DECLARE
	n integer;
	keep boolean[];
BEGIN
	c := coalesce(channels, '{}');
	t := coalesce(ats, '{}');
	n := cardinality(c);
	IF o.direct = 'remove_unless_alone' AND EXISTS (SELECT FROM unnest(c) x WHERE x <> o.direct_channel) THEN
		SELECT array_agg(x ORDER BY i), array_agg(y ORDER BY i) INTO c, t FROM unnest(c, t) WITH ORDINALITY u(x, y, i) WHERE x <> o.direct_channel;
	ELSIF o.direct = 'remove_trailing' AND EXISTS (SELECT FROM unnest(c) x WHERE x <> o.direct_channel) THEN
		SELECT max(i) INTO n FROM unnest(c) WITH ORDINALITY u(x, i) WHERE x <> o.direct_channel;
		c := c[:n];
		t := t[:n];
	END IF;
	IF o.collapse = 'consecutive' THEN
		SELECT array_agg(x ORDER BY i), array_agg(y ORDER BY i) INTO c, t
		FROM (SELECT *, lag(x) OVER (ORDER BY i) AS before FROM unnest(c, t) WITH ORDINALITY u(x, y, i)) z WHERE x IS DISTINCT FROM before;
	ELSIF o.collapse = 'distinct' THEN
		SELECT array_agg(x ORDER BY i), array_agg(y ORDER BY i) INTO c, t
		FROM (SELECT DISTINCT ON (x) * FROM unnest(c, t) WITH ORDINALITY u(x, y, i) ORDER BY x, i) z;
	END IF;
	c := coalesce(c, '{}');
	t := coalesce(t, '{}');
	n := cardinality(c);
	IF o.first_touches IS NOT NULL OR o.last_touches IS NOT NULL THEN
		SELECT coalesce(array_agg(x ORDER BY i), '{}'), coalesce(array_agg(y ORDER BY i), '{}') INTO c, t FROM unnest(c, t) WITH ORDINALITY u(x, y, i)
		WHERE i <= coalesce(o.first_touches, 0) OR i > n - coalesce(o.last_touches, 0);
	END IF;
END $$;

CREATE VIEW touch AS SELECT * FROM j WHERE channel IS NOT NULL;
CREATE VIEW conv AS
	SELECT c, at, revenue, row_number() OVER (PARTITION BY c ORDER BY at, tie_break, coalesce(channel, '') COLLATE "C", revenue) AS conversion, count(*) OVER (PARTITION BY c) AS conversions
	FROM j WHERE revenue IS NOT NULL;

-- The paths to all conversions that count, and those that have none (conversion NULL).
CREATE FUNCTION paths_of(o config) RETURNS TABLE (c bigint, conversion bigint, at timestamptz, revenue numeric, channels text[], ats timestamptz[]) LANGUAGE sql STABLE AS $$
	WITH t AS (
		SELECT * FROM touch WHERE channel <> ALL (coalesce(o.exclude_channels, '{}'))
	), path AS (
		SELECT v.c, v.conversion, v.at, v.revenue,
			array_agg(t.channel ORDER BY t.at, t.tie_break, t.channel COLLATE "C") FILTER (WHERE t.c IS NOT NULL) AS channels,
			array_agg(t.at ORDER BY t.at, t.tie_break, t.channel COLLATE "C") FILTER (WHERE t.c IS NOT NULL) AS ats
		FROM conv v
		LEFT JOIN t ON t.c = v.c AND (t.at < v.at OR t.at = v.at AND o.at_conversion) AND (o.lookback IS NULL OR t.at > v.at - o.lookback)
			AND (o.touch_reuse = 'all' OR NOT EXISTS (SELECT FROM conv e WHERE e.c = v.c AND e.at < v.at AND (t.at < e.at OR t.at = e.at AND o.at_conversion)))
		WHERE CASE o.counting WHEN 'first' THEN v.conversion = 1 WHEN 'last' THEN v.conversion = v.conversions ELSE true END
			AND (o.start_day IS NULL OR v.at >= o.start_day::timestamp AT TIME ZONE o.zone) AND (o.end_day IS NULL OR v.at < o.end_day::timestamp AT TIME ZONE o.zone)
		GROUP BY v.c, v.conversion, v.at, v.revenue
		UNION ALL
		SELECT t.c, NULL, max(l.last), NULL, array_agg(t.channel ORDER BY t.at, t.tie_break, t.channel COLLATE "C"), array_agg(t.at ORDER BY t.at, t.tie_break, t.channel COLLATE "C")
		FROM t
		LEFT JOIN LATERAL (SELECT max(v.at) AS converted FROM conv v WHERE v.c = t.c) m ON true
		JOIN LATERAL (SELECT max(x.at) AS last FROM t x WHERE x.c = t.c) l ON true
		WHERE (m.converted IS NULL OR t.at > m.converted) AND (m.converted IS NULL OR o.counting <> 'first')
			AND (o.lookback IS NULL OR t.at > l.last - o.lookback OR t.at = l.last AND NOT EXISTS (SELECT FROM t x WHERE x.c = t.c AND x.at = t.at
				AND (x.tie_break, x.channel COLLATE "C", x.n) > (t.tie_break, t.channel COLLATE "C", t.n)))
			AND (o.start_day IS NULL OR l.last >= o.start_day::timestamp AT TIME ZONE o.zone) AND (o.end_day IS NULL OR l.last < o.end_day::timestamp AT TIME ZONE o.zone)
		GROUP BY t.c
	)
	SELECT p.c, p.conversion, p.at, p.revenue, y.c, y.t FROM path p, tidy(p.channels, p.ats, o) y;
$$;

-- The oracle: credits ----------------------------------------------------------

-- Exact weights of a path of at least one touch, which sum to 1.
CREATE FUNCTION weights_of(channels text[], ats timestamptz[], o config) RETURNS numeric[] LANGUAGE plpgsql AS $$
DECLARE
	n constant integer := cardinality(channels);
	w numeric[] := array_fill(0::numeric, ARRAY[n]);
	ends numeric[] := CASE o.model WHEN 'position_based' THEN '{0.4,0.2,0.4}' WHEN 'j_shaped' THEN '{0.2,0.2,0.6}' WHEN 'inverse_j' THEN '{0.6,0.2,0.2}' WHEN 'custom' THEN o.weights END;
	f constant numeric := coalesce(o.weights[1], 0.4);
	a constant numeric := coalesce(o.weights[2], 0.2);
	last integer := n;
	total numeric := 0;
BEGIN
	IF o.model = 'first_touch' THEN
		w[1] := 1;
	ELSIF o.model = 'last_touch' THEN
		w[n] := 1;
	ELSIF o.model = 'last_non_direct' THEN
		last := coalesce((SELECT max(i) FROM unnest(channels) WITH ORDINALITY u(x, i) WHERE x IS DISTINCT FROM o.direct_channel), n);
		w[last] := 1;
		IF o.ties = 'share' THEN
			-- with the touches of its instant that are not direct either, unless all are
			FOR i IN 1 .. n LOOP
				w[i] := (ats[i] = ats[last] AND (channels[i] IS DISTINCT FROM o.direct_channel OR channels[last] IS NOT DISTINCT FROM o.direct_channel))::integer;
			END LOOP;
			total := (SELECT sum(x) FROM unnest(w) x);
			RETURN (SELECT array_agg(x / total ORDER BY i) FROM unnest(w) WITH ORDINALITY u(x, i));
		END IF;
		RETURN w;
	ELSIF o.model = 'linear' THEN
		w := array_fill(1::numeric / n, ARRAY[n]);
	ELSIF o.model = 'time_decay' THEN
		FOR i IN 1 .. n LOOP
			-- beyond 44 half-lives nothing is left
			w[i] := CASE WHEN ats[n] - ats[i] <= 44 * o.half_life THEN
				power(0.5::numeric(40, 30), (extract(epoch FROM ats[n] - ats[i]) / extract(epoch FROM o.half_life))::numeric(40, 25)) ELSE 0 END;
			total := total + w[i];
		END LOOP;
		RETURN (SELECT array_agg(x / total ORDER BY i) FROM unnest(w) WITH ORDINALITY u(x, i));
	ELSIF ends IS NOT NULL THEN
		IF n = 1 OR n = 2 AND ends[1] + ends[3] = 0 THEN
			w := array_fill(1::numeric / n, ARRAY[n]);
		ELSIF n = 2 THEN
			w := ARRAY[ends[1] / (ends[1] + ends[3]), ends[3] / (ends[1] + ends[3])];
		ELSE
			w := ARRAY[ends[1]] || array_fill(ends[2] / (n - 2), ARRAY[n - 2]) || ends[3];
		END IF;
	ELSIF o.model = 'w_shaped' THEN
		IF n <= 3 THEN
			w := array_fill(1::numeric / n, ARRAY[n]);
		ELSE
			FOR i IN 1 .. n LOOP
				w[i] := CASE WHEN i IN (1, (n + 1) / 2, n) THEN 0.3 ELSE 0.1 / (n - 3) END;
			END LOOP;
		END IF;
	ELSIF o.model = 'blended' THEN
		FOR i IN 1 .. n LOOP
			w[i] := (1 - f - a) / n + CASE WHEN n = 1 THEN f + a WHEN i = 1 THEN f ELSE a / (n - 1) END;
		END LOOP;
	END IF;
	IF o.ties = 'share' THEN
		SELECT array_agg(avg ORDER BY i) INTO w FROM (SELECT i, avg(x) OVER (PARTITION BY y) AS avg FROM unnest(w, ats) WITH ORDINALITY u(x, y, i)) z;
	END IF;
	RETURN w;
END $$;

-- An amount by weights in whole units: the largest remainder, rounded to so many
-- digits, so that quotients do not part what is equal; the earliest among equals; what is below a unit goes to the next in line.  Touches without weight
-- have no part.
CREATE FUNCTION shares_of(amount numeric, weights numeric[], decimals integer, digits integer) RETURNS numeric[] LANGUAGE sql AS $$
	WITH q AS (
		SELECT i, w, round(trunc(amount * 10::numeric ^ decimals) * w, digits) AS quota FROM unnest(weights) WITH ORDINALITY u(w, i)
	), f AS (
		SELECT *, floor(quota) AS whole, row_number() OVER (ORDER BY w > 0 DESC, quota - floor(quota) DESC, i) AS rank,
			trunc(amount * 10::numeric ^ decimals) - sum(floor(quota)) OVER () AS spare FROM q
	)
	SELECT array_agg((whole + (rank <= spare)::integer) / 10::numeric ^ decimals
		+ CASE WHEN rank = spare + 1 THEN amount - trunc(amount * 10::numeric ^ decimals) / 10::numeric ^ decimals ELSE 0 END ORDER BY i) FROM f;
$$;

CREATE FUNCTION credits_of(o config) RETURNS TABLE (customer text, conversion_at timestamptz, conversion integer, revenue numeric, touch_at timestamptz, channel text, touch integer, touches integer,
	weight numeric, credit numeric) LANGUAGE sql STABLE AS $$
	SELECT p.c::text, p.at, p.conversion::integer, p.revenue, u.y, u.x, u.i::integer, cardinality(p.channels), u.w, u.m
	FROM paths_of(o) p,
		LATERAL (SELECT CASE WHEN cardinality(p.channels) > 0 AND o.model <> 'participation' THEN weights_of(p.channels, p.ats, o) END AS w) w,
		LATERAL (SELECT CASE WHEN o.model = 'participation' THEN (SELECT array_agg((i = first)::integer::numeric ORDER BY i) FROM (SELECT i, min(i) OVER (PARTITION BY x) AS first FROM unnest(p.channels) WITH ORDINALITY u(x, i)) z)
			ELSE shares_of(1, w.w, 9, CASE o.model WHEN 'time_decay' THEN 3 ELSE 8 END) END AS w) w9,
		LATERAL (SELECT CASE WHEN o.model = 'participation' THEN (SELECT array_agg(p.revenue * x ORDER BY i) FROM unnest(w9.w) WITH ORDINALITY u(x, i))
			ELSE shares_of(p.revenue, w.w, coalesce(o.minor_unit, 2), CASE o.model WHEN 'time_decay' THEN 12 ELSE 8 END) END AS m) m,
		unnest(p.channels, p.ats, w9.w, m.m) WITH ORDINALITY u(x, y, w, m, i)
	WHERE p.conversion IS NOT NULL
	UNION ALL
	SELECT p.c::text, p.at, p.conversion::integer, p.revenue, NULL, NULL, NULL, 0, 1, p.revenue
	FROM paths_of(o) p WHERE p.conversion IS NOT NULL AND cardinality(p.channels) = 0;
$$;

-- The configurations ---------------------------------------------------------------

CREATE TABLE configs OF config;
INSERT INTO configs
SELECT i, m.model, (ARRAY['30 days', '30 days', NULL, '3 days', '0', '100 days 1 hour']::interval[])[1 + pick('lookback' || i, 6)],
	CASE WHEN pick('start' || i, 4) = 0 THEN date '2024-01-01' + pick('day' || i, 300) END, CASE WHEN pick('end' || i, 4) = 0 THEN date '2024-02-01' + pick('day' || i, 500) END,
	choice('zone' || i, 'UTC', 'Asia/Kolkata', 'America/New_York'),
	choice('collapse' || i, 'none', 'none', 'consecutive', 'distinct'), choice('reuse' || i, 'all', 'since_last_conversion'), choice('counting' || i, 'all', 'all', 'first', 'last'),
	pick('at' || i, 4) > 0, (ARRAY[NULL, NULL, '{a}', '{direct,nothing}', '{}']::text[])[1 + pick('exclude' || i, 5)]::text[],
	choice('direct' || i, 'keep', 'keep', 'remove_unless_alone', 'remove_trailing'), choice('channel' || i, 'direct', 'direct', 'a', 'nothing'),
	CASE WHEN pick('first' || i, 6) = 0 THEN 1 + pick('n' || i, 4) END, CASE WHEN pick('last' || i, 6) = 0 THEN 1 + pick('m' || i, 4) END,
	(ARRAY[NULL, 2, 0, 3, 6])[1 + pick('unit' || i, 5)], (ARRAY['7 days', '7 hours', '1 day', '40 days']::interval[])[1 + pick('half' || i, 4)],
	CASE m.model WHEN 'custom' THEN (ARRAY['{0.3,0.4,0.3}', '{0,1,0}', '{0.25,0.25,0.5}', '{0.123456,0.654321,0.222223}']::text[])[1 + pick('w' || i, 4)]::numeric[]
		WHEN 'blended' THEN (ARRAY[NULL, '{0.4,0.2}', '{0,0}', '{0.5,0.5}', '{0,1}', '{0.1,0.333333}']::text[])[1 + pick('w' || i, 6)]::numeric[] END,
	choice('ties' || i, 'order', 'order', 'share')
FROM generate_series(1, 84) i,
	LATERAL (SELECT (ARRAY['first_touch', 'last_touch', 'last_non_direct', 'linear', 'time_decay', 'position_based', 'j_shaped', 'inverse_j', 'w_shaped', 'blended', 'participation', 'custom'])[1 + i % 12] AS model) m;

-- Credits: row by row, and summed ----------------------------------------------------

CREATE TABLE got AS SELECT o.no, o.model, a.* FROM configs o, s, attribution_credits(st, o.model, o.lookback, o.start_day, o.end_day, o.zone, o.collapse, o.touch_reuse, o.counting, o.at_conversion,
	o.exclude_channels, o.direct, o.direct_channel, o.first_touches, o.last_touches, o.minor_unit, o.half_life, o.weights, o.ties) a;
CREATE TABLE expected AS SELECT o.no, o.model, a.* FROM configs o, credits_of(o) a;
SELECT diag(format('%s credits of %s conversions', count(*), count(DISTINCT (no, customer, conversion)))) FROM got;
SELECT is((SELECT count(*) FROM (SELECT no, customer, conversion_at, conversion, revenue, touch_at, channel, touch, touches FROM got EXCEPT ALL SELECT no, customer, conversion_at, conversion, revenue, touch_at, channel, touch, touches FROM expected) x), 0::bigint, 'no path that the definition does not have');
SELECT is((SELECT count(*) FROM (SELECT no, customer, conversion_at, conversion, revenue, touch_at, channel, touch, touches FROM expected EXCEPT ALL SELECT no, customer, conversion_at, conversion, revenue, touch_at, channel, touch, touches FROM got) x), 0::bigint, 'every path that the definition has');
SELECT is_empty(format($$ SELECT g.*, e.credit, e.weight FROM got g JOIN expected e USING (no, customer, conversion, touches) WHERE g.touch IS NOT DISTINCT FROM e.touch AND g.model = %L
	AND (g.credit <> e.credit OR abs(g.weight - e.weight) > CASE g.model WHEN 'time_decay' THEN 1e-9 ELSE 0 END) ORDER BY touches LIMIT 5 $$, model), 'credits by the model ' || model)
FROM (SELECT DISTINCT model FROM configs) m ORDER BY model;
SELECT is_empty($$ SELECT no, customer, conversion FROM got WHERE model <> 'participation' GROUP BY no, customer, conversion, revenue HAVING sum(credit) <> revenue OR sum(weight) <> 1 $$, 'credits of every conversion add up to it');

CREATE TABLE summed AS SELECT o.no, o.model, a.* FROM configs o, s, attribution(st, o.model, o.lookback, o.start_day, o.end_day, o.zone, o.collapse, o.touch_reuse, o.counting, o.at_conversion,
	o.exclude_channels, o.direct, o.direct_channel, o.first_touches, o.last_touches, o.minor_unit, o.half_life, o.weights, o.ties) a;
SELECT is_empty($$
	WITH sums AS (SELECT no, channel, sum(weight) AS conversions, sum(credit) AS revenue FROM got GROUP BY 1, 2),
	total AS (SELECT no, sum(revenue) AS revenue FROM (SELECT DISTINCT no, customer, conversion, revenue FROM got) d GROUP BY 1),
	assists AS (SELECT no, channel, count(*) AS n, sum(revenue) AS revenue FROM (SELECT DISTINCT no, customer, conversion, channel, revenue FROM got WHERE touch < touches) d GROUP BY 1, 2)
	SELECT sums.no, sums.channel FROM sums JOIN total t USING (no) LEFT JOIN assists a ON a.no = sums.no AND a.channel = sums.channel
		FULL JOIN (SELECT no, coalesce(channel, '') AS channel, conversions, revenue, share, assisted_conversions, assisted_revenue FROM summed) r ON r.no = sums.no AND r.channel = coalesce(sums.channel, '')
	WHERE sums.conversions IS DISTINCT FROM r.conversions OR sums.revenue IS DISTINCT FROM r.revenue OR coalesce(a.n, 0) IS DISTINCT FROM r.assisted_conversions
		OR coalesce(a.revenue, 0) IS DISTINCT FROM r.assisted_revenue OR abs(r.share - sums.revenue / nullif(t.revenue, 0)) > 1e-15 OR (r.share IS NULL) <> (t.revenue = 0)
$$, 'attribution sums the credits and the assists');

-- all models in one walk
SELECT is_empty(format($$ SELECT m.channel FROM s, attribution_models(st, collapse => 'consecutive', lookback => NULL) m FULL JOIN LATERAL (SELECT * FROM attribution((SELECT st FROM s), %1$L, collapse => 'consecutive', lookback => NULL)) a
	ON coalesce(a.channel, '') = coalesce(m.channel, '') WHERE (m.%1$s_conversions, m.%1$s_revenue, m.assisted_conversions, m.assisted_revenue) IS DISTINCT FROM (a.conversions, a.revenue, a.assisted_conversions, a.assisted_revenue) $$, model),
	'attribution_models has the model ' || model) FROM (SELECT DISTINCT model FROM configs WHERE model <> 'custom') m ORDER BY model;
-- parts of the customers may be summed
SELECT is_empty($$ WITH parts AS (SELECT channel, sum(conversions) AS conversions, sum(revenue) AS revenue, sum(assisted_conversions) AS assisted FROM (SELECT journey_ranked_agg(c, at, channel, revenue, tie_break) AS st FROM j GROUP BY nudge.bucket(c, 5)) b, attribution(st, 'time_decay') GROUP BY 1)
	SELECT channel, conversions, revenue, assisted FROM parts EXCEPT SELECT channel, conversions, revenue, assisted_conversions FROM s, attribution(st, 'time_decay') $$, 'hash buckets sum to the whole');

-- Paths that convert -------------------------------------------------------------------

CREATE FUNCTION default_config() RETURNS config LANGUAGE sql AS $$
	SELECT ROW(0, 'linear', '30 days', NULL, NULL, 'UTC', 'none', 'all', 'all', true, NULL, 'keep', 'direct', NULL, NULL, NULL, '7 days', NULL, 'order')::config $$;
SELECT is_empty(format($$
	WITH o AS (SELECT * FROM configs WHERE no = %1$s), p AS (SELECT p.* FROM configs o, paths_of(o) p WHERE o.no = %1$s),
	wanted AS (SELECT channels, cardinality(channels) AS touches, count(conversion) AS conversions, coalesce(sum(revenue), 0) AS revenue, count(*) FILTER (WHERE conversion IS NULL) AS unconverted,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - ats[1])::float8) FILTER (WHERE conversion IS NOT NULL AND channels <> '{}') AS median FROM p GROUP BY 1 HAVING count(conversion) > 0)
	SELECT * FROM wanted w FULL JOIN (SELECT r.* FROM o, s, conversion_paths(st, NULL, o.lookback, o.start_day, o.end_day, o.zone, o.collapse, o.touch_reuse, o.counting, o.at_conversion, o.exclude_channels, o.direct, o.direct_channel, o.first_touches, o.last_touches) r) r
		ON r.path = w.channels
	WHERE (w.touches, w.conversions, w.revenue, w.unconverted, w.median) IS DISTINCT FROM (r.touches, r.conversions, r.revenue, r.unconverted, r.median_seconds) $$, no), 'paths that convert, options ' || no)
FROM configs WHERE no <= 30;

-- Markov chains ---------------------------------------------------------------------------

-- Steps of all paths: the last touches, and what came then.
CREATE FUNCTION steps_of(o config, k integer) RETURNS TABLE (from_channels text[], to_channel text, outcome text, transitions bigint) LANGUAGE sql STABLE AS $$
	SELECT p.channels[greatest(1, i - k) : i - 1], p.channels[i], CASE WHEN i <= cardinality(p.channels) THEN 'touch' WHEN p.conversion IS NULL THEN 'none' ELSE 'conversion' END, count(*)
	FROM paths_of(o) p, generate_series(1, cardinality(p.channels) + 1) i WHERE cardinality(p.channels) > 0 GROUP BY 1, 2, 3 $$;
SELECT is_empty(format($$
	WITH o AS (SELECT * FROM configs WHERE no = %1$s), w AS (SELECT t.* FROM configs o, steps_of(o, %2$s) t WHERE o.no = %1$s),
	g AS (SELECT r.* FROM o, s, markov_transitions(st, %2$s, o.lookback, o.start_day, o.end_day, o.zone, o.collapse, o.touch_reuse, o.counting, o.at_conversion, o.exclude_channels, o.direct, o.direct_channel, o.first_touches, o.last_touches) r)
	(SELECT * FROM w EXCEPT ALL SELECT from_channels, to_channel, outcome, transitions FROM g) UNION ALL (SELECT from_channels, to_channel, outcome, transitions FROM g EXCEPT ALL SELECT * FROM w) $$, no, 1 + no % 3),
	format('transitions of order %s, options %s', 1 + no % 3, no))
FROM configs WHERE no <= 24;

-- The share of paths that convert if touches of a channel end them: mass is
-- moved along the transitions until hardly any is left.
CREATE FUNCTION conversion_without(k integer, without text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	converted float8 := 0;
	moving float8 := 1;
	gain float8;
BEGIN
	DROP TABLE IF EXISTS mass;
	CREATE TEMP TABLE mass AS SELECT '{}'::text[] AS state, 1::float8 AS m;
	WHILE moving > 1e-15 LOOP
		SELECT coalesce(sum(x.m * t.p) FILTER (WHERE t.outcome = 'conversion'), 0) INTO gain FROM mass x JOIN chain t ON t.k = conversion_without.k AND t.from_channels = x.state;
		converted := converted + gain;
		CREATE TEMP TABLE next_mass AS SELECT t.next_state AS state, sum(x.m * t.p) AS m FROM mass x JOIN chain t ON t.k = conversion_without.k AND t.from_channels = x.state
			WHERE t.outcome = 'touch' AND t.to_channel IS DISTINCT FROM without GROUP BY 1;
		DROP TABLE mass;
		ALTER TABLE next_mass RENAME TO mass;
		moving := coalesce((SELECT sum(m) FROM mass), 0);
	END LOOP;
	RETURN converted;
END $$;
CREATE TABLE chain AS
	SELECT k, t.from_channels, t.to_channel, t.outcome, t.transitions / sum(t.transitions) OVER (PARTITION BY k, t.from_channels)::float8 AS p,
		(t.from_channels || t.to_channel)[greatest(1, cardinality(t.from_channels) + 2 - k):] AS next_state
	FROM generate_series(1, 3) k, steps_of((SELECT d FROM default_config() d), k) t;
CREATE INDEX ON chain (k, from_channels);
ANALYZE chain;
CREATE TABLE effects AS
	SELECT k, c.channel, 1 - conversion_without(k, c.channel) / a.all AS effect, a.all
	FROM generate_series(1, 3) k, LATERAL (SELECT conversion_without(k, NULL) AS all) a, (SELECT DISTINCT to_channel AS channel FROM chain WHERE to_channel IS NOT NULL) c;
SELECT is_empty($$ SELECT k, e.all FROM effects e, (SELECT count(conversion)::float8 / count(*) AS share FROM paths_of((SELECT d FROM default_config() d)) WHERE channels <> '{}') p WHERE abs(e.all - p.share) > 1e-12 $$,
	'the fitted chain converts as often as the paths do');
SELECT is_empty($$ SELECT * FROM effects e FULL JOIN (SELECT k, m.* FROM generate_series(1, 3) k, s, markov_attribution(st, k) m WHERE m.channel IS NOT NULL) m USING (k, channel)
	WHERE e.effect IS NULL OR m.removal_effect IS NULL OR abs(e.effect - m.removal_effect) > 1e-12 $$, 'removal effects of orders 1 to 3');
SELECT is_empty($$ SELECT k FROM generate_series(1, 3) k, s, LATERAL (SELECT sum(conversions) AS conversions, sum(revenue) AS revenue, max(abs(conversions - effect_share)) AS off FROM (
		SELECT m.*, count.n * removal_effect / sum(removal_effect) OVER () AS effect_share FROM markov_attribution(st, k) m, (SELECT count(*) AS n FROM paths_of((SELECT d FROM default_config() d)) WHERE conversion IS NOT NULL AND channels <> '{}') count) x) m
	WHERE m.conversions <> (SELECT count(*) FROM conv) OR m.revenue <> (SELECT sum(revenue) FROM conv) OR m.off > 1e-6 $$, 'Markov credits are in proportion to the effects, and add up');
SELECT is_empty($$ SELECT customer, conversion FROM s, markov_credits(st, 2) GROUP BY customer, conversion, revenue HAVING sum(credit) <> revenue OR sum(weight) <> 1 $$, 'Markov credits of every conversion add up to it');
SELECT is_empty($$ SELECT c.* FROM s, markov_credits(st, 1) c JOIN LATERAL (SELECT sum(e.effect) AS all FROM effects e WHERE e.k = 1 AND e.channel IN (SELECT channel FROM markov_credits((SELECT st FROM s), 1) x WHERE (x.customer, x.conversion) = (c.customer, c.conversion))) t ON true
	JOIN effects e ON e.k = 1 AND e.channel = c.channel WHERE c.customer::integer < 20 AND c.weight > 0 AND abs(c.weight - e.effect / t.all) > 1e-8 $$, 'and follow the effects of the channels on its path');
SELECT ok((SELECT array_agg(m::text) FROM s, markov_attribution(st, 2) m) = (SELECT array_agg(m::text) FROM markov_attribution((SELECT journey_ranked_agg(c, at, channel, revenue, tie_break ORDER BY md5(c || '/' || n)) FROM j), 2) m), 'another order of rows, the same digits');

-- Shapley values ------------------------------------------------------------------------

-- By the definition, over all subsets of the channels.
CREATE FUNCTION shapley_of(by_rate boolean) RETURNS TABLE (channel text, value numeric) LANGUAGE sql AS $$
	WITH p AS (SELECT p.* FROM paths_of((SELECT d FROM default_config() d)) p WHERE channels <> '{}'),
	member AS (SELECT channel, (row_number() OVER (ORDER BY channel COLLATE "C") - 1)::integer AS bit, count(*) OVER () AS n FROM (SELECT DISTINCT unnest(channels) AS channel FROM p) c),
	path AS (SELECT (SELECT bit_or(1 << m.bit) FROM member m WHERE m.channel = ANY (p.channels)) AS mask, conversion IS NOT NULL AS converted FROM p),
	v AS (SELECT subset, CASE WHEN by_rate THEN coalesce(count(*) FILTER (WHERE converted) / nullif(count(mask), 0)::numeric, 0) ELSE count(*) FILTER (WHERE converted) END AS worth
		FROM generate_series(0, (SELECT (1 << max(n)::integer) - 1 FROM member)) subset LEFT JOIN path ON path.mask & ~subset = 0 GROUP BY subset)
	SELECT m.channel, sum(factorial(size) * factorial(m.n - size - 1) / factorial(m.n) * (b.worth - a.worth))
	FROM member m JOIN v a ON a.subset & (1 << m.bit) = 0 JOIN v b ON b.subset = a.subset | (1 << m.bit), LATERAL (SELECT length(replace(a.subset::bit(20)::text, '0', '')) AS size) z
	GROUP BY m.channel $$;
SELECT is_empty(format($$ WITH b AS (SELECT channel, value * (SELECT count(*) FROM paths_of((SELECT d FROM default_config() d)) WHERE conversion IS NOT NULL AND channels <> '{}') / sum(value) OVER () AS value FROM shapley_of(%L))
	SELECT * FROM b FULL JOIN (SELECT h.* FROM s, shapley_attribution(st, %L) h WHERE channel IS NOT NULL) h USING (channel) WHERE value IS NULL OR conversions IS NULL OR abs(value - conversions) > 1e-5 $$, r, v), 'Shapley values by ' || v || ', over all subsets')
FROM (VALUES (false, 'conversions'), (true, 'conversion_rate')) x(r, v);
SELECT is((SELECT ARRAY[sum(h.conversions), sum(h.revenue)] FROM s, shapley_attribution(st, v) h), (SELECT ARRAY[count(*), sum(revenue)] FROM conv), 'Shapley values by ' || v || ' add up') FROM unnest('{conversions,conversion_rate}'::text[]) v;
-- two channels that take each other's place everywhere are worth the same
SELECT is_empty($$ WITH m AS (SELECT journey_ranked_agg(c * 2 + swapped, at, CASE WHEN swapped = 1 THEN CASE channel WHEN 'a' THEN 'b' WHEN 'b' THEN 'a' ELSE channel END ELSE channel END, revenue, tie_break) AS st FROM j, generate_series(0, 1) swapped)
	SELECT v FROM m, unnest('{conversions,conversion_rate}'::text[]) v, LATERAL (SELECT max(conversions) - min(conversions) AS apart FROM shapley_attribution(st, v) WHERE channel IN ('a', 'b')) x WHERE apart > 1e-6 $$, 'symmetric channels have the same value');

SELECT * FROM finish();
ROLLBACK;
