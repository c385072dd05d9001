-- journey_properties.sql
--		Paths, credits and the chains that are fitted to paths over random
--		histories, against their definitions in plain SQL, which share no code
--		with the extension.
--
-- The histories follow from the seed alone; NM_SEED in the environment
-- replaces it, and NM_QUERIES says how many ways to ask are tried.

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
\set queries 480
\getenv queries NM_QUERIES
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

-- A number 0 .. n-1 that depends on the seed and on what it is for.
SELECT set_config('nm_test.seed', :'seed', true) \g /dev/null
CREATE FUNCTION pick(what text, n integer) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (('x' || substr(md5(current_setting('nm_test.seed') || '/' || what), 1, 8))::bit(32)::bigint % n)::integer;

-- Rows of one query and not of the other, marked.
CREATE FUNCTION differs(have text, want text) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY EXECUTE format('
		WITH got_rows AS MATERIALIZED (%s), want_rows AS MATERIALIZED (%s)
		SELECT ''got '' || x::text FROM (SELECT * FROM got_rows EXCEPT ALL SELECT * FROM want_rows) x
		UNION ALL
		SELECT ''want '' || x::text FROM (SELECT * FROM want_rows EXCEPT ALL SELECT * FROM got_rows) x
		ORDER BY 1 LIMIT 8', have, want);
END
$$;

-- Histories ---------------------------------------------------------------

-- plain: ties are in order of channels; ranked: a tie_break comes first; yen
-- and dinar have 0 and 3 decimals.  A grid of 1, 6 or 24 hours, some a
-- microsecond off, makes touches meet each other, conversions and lookbacks.
CREATE TABLE ev (h text, u bigint, n integer, at timestamptz, tie_break integer, channel text, revenue numeric);
INSERT INTO ev
WITH person AS (
	SELECT h, u, CASE WHEN pick(h || 'none' || u, 9) = 0 THEN 0 WHEN u % 2 = 0 THEN 1 + pick(h || 'few' || u, 4) ELSE 1 + pick(h || 'touches' || u, 25) END AS touches,
		(ARRAY[0, 1, 1, 2, 3, 4])[1 + pick(h || 'conversions' || u, 6)] AS conversions,
		(ARRAY[1, 6, 6, 24])[1 + pick(h || 'grid' || u, 4)] AS hours, pick(h || 'start' || u, 240) AS start
	FROM unnest('{plain,ranked,yen,dinar}'::text[]) h, generate_series(1, 36) u
), r AS (
	SELECT p.*, n, n > touches AS converts, h || '/' || u || '/' || n AS k FROM person p, generate_series(1, touches + conversions) n
)
SELECT h, u * 7919 - 100000, n, timestamptz '2024-02-20 05:00Z' + make_interval(hours => start + hours * pick('slot' || k, (ARRAY[8, 30, 60])[1 + (u % 3)::integer]),
		secs => CASE pick('off' || k, 12) WHEN 0 THEN 0.000001 WHEN 1 THEN -0.000001 ELSE 0 END),
	CASE WHEN h = 'ranked' THEN pick('rank' || k, 3) - 1 ELSE 0 END,
	CASE WHEN NOT converts OR pick('both' || k, 4) = 0 THEN (ARRAY['direct', 'direct', 'email', 'paid_search', 'organic_search', 'Zeitung', 'référence', 'e', 'social'])
		[1 + pick('channel' || k, CASE u % 5 WHEN 0 THEN 3 ELSE 9 END)] END,
	CASE WHEN converts THEN round(CASE pick('size' || k, 8) WHEN 0 THEN 0 WHEN 1 THEN 0.01 WHEN 2 THEN 0.000001 * pick('micro' || k, 9999) WHEN 3 THEN 100
		ELSE pick('revenue' || k, 100000000) / 10 ^ (2 + pick('decimals' || k, 5))::numeric END, CASE h WHEN 'yen' THEN 0 ELSE 6 END) END
FROM r;
CREATE INDEX ON ev (h, u);
ANALYZE ev;

SELECT diag(format('%s touches and %s conversions, %s of them touches, of %s customers; %s rows tied in time', count(channel), count(revenue), count(channel || revenue),
	count(DISTINCT (h, u)), count(*) FILTER (WHERE tied > 1))) FROM (SELECT *, count(*) OVER (PARTITION BY h, u, at) AS tied FROM ev) t;

-- The state of rows of one history.
CREATE TABLE s AS
SELECT h, journey_agg(u, at, channel, revenue) AS st FROM ev WHERE h = 'plain' GROUP BY h
UNION ALL SELECT h, journey_ranked_agg(u, at, channel, revenue, tie_break) FROM ev WHERE h = 'ranked' GROUP BY h
UNION ALL SELECT h, journey_currency_agg(u, at, channel, revenue, CASE h WHEN 'yen' THEN 'JPY' ELSE 'KWD' END) FROM ev WHERE h IN ('yen', 'dinar') GROUP BY h;

SELECT is_empty($$ SELECT * FROM differs('SELECT s.h, r.customer, r.at, r.tie_break, r.channel, trim_scale(r.revenue) FROM s, journey_rows(st) r',
	'SELECT h, u::text, at, tie_break, channel, trim_scale(revenue) FROM ev') $$, 'journey_rows gives the rows back');

-- Ways to ask: every option by itself and with all others.
CREATE TABLE q AS
SELECT id, (ARRAY['plain', 'plain', 'ranked', 'ranked', 'yen', 'dinar'])[1 + pick('h' || id, 6)] AS h,
	(ARRAY['first_touch', 'last_touch', 'last_non_direct', 'linear', 'time_decay', 'position_based', 'j_shaped', 'inverse_j', 'w_shaped', 'custom', 'blended', 'participation'])[1 + id % 12] AS model,
	(ARRAY['30 days', '30 days', NULL, '7 days', '1 day', '6 hours', '45 days', '1 microsecond'])[1 + pick('lookback' || id, 8)]::interval AS lookback,
	CASE WHEN pick('starts' || id, 3) = 0 THEN date '2024-02-20' + pick('start' || id, 40) END AS start_day,
	CASE WHEN pick('ends' || id, 3) = 0 THEN date '2024-03-01' + pick('end' || id, 40) END AS end_day,
	(ARRAY['UTC', 'America/New_York', 'Pacific/Kiritimati'])[1 + pick('zone' || id, 3)] AS zone,
	(ARRAY['none', 'none', 'consecutive', 'distinct'])[1 + pick('collapse' || id, 4)] AS collapse,
	(ARRAY['all', 'since_last_conversion'])[1 + pick('reuse' || id, 2)] AS touch_reuse,
	(ARRAY['all', 'all', 'first', 'last'])[1 + pick('counting' || id, 4)] AS counting,
	pick('instant' || id, 3) > 0 AS at_conversion,
	(ARRAY[NULL, NULL, NULL, '{email}', '{direct,référence,nothing}', '{}'])[1 + pick('exclude' || id, 6)]::text[] AS exclude_channels,
	(ARRAY['keep', 'remove_unless_alone', 'remove_trailing'])[1 + pick('direct' || id, 3)] AS direct,
	(ARRAY['direct', 'direct', 'email', 'nothing'])[1 + pick('direct channel' || id, 4)] AS direct_channel,
	CASE WHEN pick('firsts' || id, 4) = 0 THEN 1 + pick('first' || id, 4) END AS first_touches,
	CASE WHEN pick('lasts' || id, 4) = 0 THEN 1 + pick('last' || id, 4) END AS last_touches,
	(ARRAY[NULL, NULL, NULL, 0, 2, 3])[1 + pick('unit' || id, 6)] AS minor_unit,
	(ARRAY['7 days', '1 hour', '30 days', '90 minutes'])[1 + pick('half life' || id, 4)]::interval AS half_life,
	CASE id % 12 WHEN 9 THEN (ARRAY['{0.5,0.3,0.2}', '{0,1,0}', '{1,0,0}', '{0.333,0.334,0.333}', '{0.125,0,0.875}'])[1 + pick('weights' || id, 5)]
		WHEN 10 THEN (ARRAY[NULL, '{0.3,0.3}', '{0,1}', '{0.07,0.11}', '{0,0}'])[1 + pick('weights' || id, 5)] END::numeric[] AS weights,
	(ARRAY['order', 'share'])[1 + pick('ties' || id, 2)] AS ties
FROM generate_series(1, :queries) id;

-- and some about few channels, of which all sets can be looked at
INSERT INTO q SELECT :queries + id, h, 'linear', CASE WHEN id % 3 > 0 THEN interval '30 days' END, NULL, NULL, zone, CASE WHEN id % 2 = 0 THEN 'distinct' ELSE collapse END, touch_reuse,
	CASE WHEN id % 4 = 0 THEN counting ELSE 'all' END, at_conversion, (ARRAY['{Zeitung,référence,e}', '{Zeitung,référence,e,direct}', '{email,social,e,nothing}', '{e,email,paid_search,référence}'])[1 + pick('few' || id, 4)]::text[],
	CASE WHEN id % 4 = 1 THEN direct ELSE 'keep' END, direct_channel, NULL, NULL, minor_unit, half_life, NULL, 'order'
FROM q WHERE id <= 24;

-- Paths -------------------------------------------------------------------

-- The paths of a way to ask, a row for each touch, or one without a channel;
-- conversion is NULL on a path that has not converted.  A touch that does not
-- count for the conversion of its instant comes after it.
CREATE FUNCTION paths(q q) RETURNS TABLE (u bigint, conversion bigint, at timestamptz, revenue numeric, touch_at timestamptz, channel text, i bigint, n bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH conv AS MATERIALIZED (
		SELECT e.u, e.at, e.revenue, row_number() OVER w AS conversion, count(*) OVER (PARTITION BY e.u) AS last,
			max(e.at) OVER (PARTITION BY e.u ORDER BY e.at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous
		FROM ev e WHERE e.h = (q).h AND e.revenue IS NOT NULL
		WINDOW w AS (PARTITION BY e.u ORDER BY e.at, e.tie_break, e.channel COLLATE "C" NULLS FIRST, e.revenue)
	), t AS MATERIALIZED (
		SELECT e.u, e.at, e.channel, row_number() OVER (ORDER BY e.at, e.tie_break, e.channel COLLATE "C") AS o
		FROM ev e WHERE e.h = (q).h AND e.channel IS NOT NULL AND e.channel <> ALL (coalesce((q).exclude_channels, '{}'))
	), target AS (
		SELECT c.u, c.conversion, c.at, c.revenue, c.previous FROM conv c
		WHERE CASE (q).counting WHEN 'first' THEN c.conversion = 1 WHEN 'last' THEN c.conversion = c.last ELSE true END
		UNION ALL
		SELECT t.u, NULL, max(t.at), NULL, l.at FROM t LEFT JOIN (SELECT c.u, max(c.at) AS at FROM conv c GROUP BY c.u) l USING (u)
		WHERE l.at IS NULL OR (t.at > l.at AND (q).counting <> 'first') GROUP BY t.u, l.at
	), seen AS (
		SELECT g.u, g.conversion, g.at, g.revenue, t.at AS touch_at, t.channel, t.o,
			max(t.o) FILTER (WHERE t.channel <> (q).direct_channel) OVER (PARTITION BY g.u, g.conversion) AS last_other
		FROM target g LEFT JOIN t ON t.u = g.u AND t.at <= g.at AND (t.at < g.at OR (q).at_conversion OR g.conversion IS NULL)
			AND ((q).lookback IS NULL OR t.at > g.at - (q).lookback)
			AND CASE WHEN g.previous IS NULL OR (g.conversion IS NOT NULL AND (q).touch_reuse = 'all') THEN true
				WHEN (q).at_conversion OR g.conversion IS NULL THEN t.at > g.previous ELSE t.at >= g.previous END
		WHERE ((q).start_day IS NULL OR g.at >= (q).start_day::timestamp AT TIME ZONE (q).zone)
			AND ((q).end_day IS NULL OR g.at < (q).end_day::timestamp AT TIME ZONE (q).zone)
	), directed AS (
		SELECT s.*, lag(s.channel) OVER w AS before, row_number() OVER (PARTITION BY s.u, s.conversion, s.channel ORDER BY s.o) AS of_channel FROM seen s
		WHERE s.channel IS NULL OR (q).direct = 'keep' OR s.last_other IS NULL
			OR CASE (q).direct WHEN 'remove_trailing' THEN s.o <= s.last_other ELSE s.channel <> (q).direct_channel END
		WINDOW w AS (PARTITION BY s.u, s.conversion ORDER BY s.o)
	), collapsed AS (
		SELECT d.*, row_number() OVER w AS i, count(*) OVER (PARTITION BY d.u, d.conversion) AS n FROM directed d
		WHERE CASE (q).collapse WHEN 'consecutive' THEN d.before IS DISTINCT FROM d.channel OR d.channel IS NULL WHEN 'distinct' THEN d.of_channel = 1 ELSE true END
		WINDOW w AS (PARTITION BY d.u, d.conversion ORDER BY d.o)
	)
	SELECT c.u, c.conversion, c.at, c.revenue, c.touch_at, c.channel, CASE WHEN c.channel IS NOT NULL THEN row_number() OVER (PARTITION BY c.u, c.conversion ORDER BY c.o) END,
		count(c.channel) OVER (PARTITION BY c.u, c.conversion)
	FROM collapsed c
	WHERE ((q).first_touches IS NULL AND (q).last_touches IS NULL) OR c.i <= (q).first_touches OR c.i > c.n - (q).last_touches;
END;

CREATE TABLE path AS SELECT q.id, p.* FROM q, paths(q) p;
CREATE INDEX ON path (id, u, conversion);
ANALYZE path;

-- Credits -----------------------------------------------------------------

-- What each touch weighs, in whole numbers that only have a meaning beside each
-- other: any group of up to 30 that share divides the factor.  A direct touch is
-- no candidate for the place of the last that is not direct, so it shares none.
CREATE TABLE weighed AS
SELECT p.*, q.model, coalesce(q.minor_unit, CASE q.h WHEN 'yen' THEN 0 WHEN 'dinar' THEN 3 ELSE 2 END) AS unit,
	CASE WHEN q.ties = 'share' AND q.model <> 'participation' THEN avg(x.w * 2329089562800) OVER (PARTITION BY p.id, p.u, p.conversion, p.touch_at,
		q.model = 'last_non_direct' AND p.last_other IS NOT NULL AND p.channel = q.direct_channel) ELSE x.w * 2329089562800 END AS w
FROM (SELECT p.*, max(i) FILTER (WHERE channel <> q.direct_channel) OVER w AS last_other, max(touch_at) OVER w AS last_at,
		row_number() OVER (PARTITION BY id, u, conversion, channel ORDER BY i) AS of_channel
	FROM path p JOIN q USING (id) WHERE conversion IS NOT NULL WINDOW w AS (PARTITION BY id, u, conversion)) p
	JOIN q USING (id),
	LATERAL (SELECT CASE q.model WHEN 'position_based' THEN '{40,20,40}' WHEN 'j_shaped' THEN '{20,20,60}' WHEN 'inverse_j' THEN '{60,20,20}' WHEN 'custom' THEN q.weights END::numeric[] AS c,
		CASE WHEN q.model = 'blended' THEN coalesce(q.weights, '{0.40,0.20}') END AS b) v,
	LATERAL (SELECT CASE
		WHEN n <= 1 THEN 1
		WHEN q.model = 'first_touch' THEN (i = 1)::integer
		WHEN q.model = 'last_touch' THEN (i = n)::integer
		WHEN q.model = 'last_non_direct' THEN (i = coalesce(last_other, n))::integer
		WHEN q.model = 'linear' THEN 1
		WHEN q.model = 'time_decay' AND extract(epoch FROM last_at - touch_at) > 44 * extract(epoch FROM q.half_life) THEN 0
		WHEN q.model = 'time_decay' THEN power(2::numeric(60, 40), -(extract(epoch FROM last_at - touch_at)::numeric(60, 40) / extract(epoch FROM q.half_life)))
		WHEN q.model = 'participation' THEN (of_channel = 1)::integer
		WHEN q.model = 'blended' THEN b[1] * n * (n - 1) * (i = 1)::integer + b[2] * n * (i > 1)::integer + (1 - b[1] - b[2]) * (n - 1)
		WHEN q.model = 'w_shaped' THEN CASE WHEN n <= 3 THEN 1 WHEN i IN (1, (n + 1) / 2, n) THEN 30 * (n - 3) ELSE 10 END
		WHEN n = 2 THEN CASE WHEN c[1] + c[3] = 0 THEN 1 WHEN i = 1 THEN c[1] ELSE c[3] END
		ELSE CASE WHEN i = 1 THEN c[1] * (n - 2) WHEN i = n THEN c[3] * (n - 2) ELSE c[2] END END AS w) x;

-- The largest remainder: amounts in units of which floors are given, then one by
-- one to the largest remainders, the earliest first, and the rest to the next.
CREATE TABLE divided AS
WITH amounts AS (
	SELECT id, u, conversion, i, w, 'credit' AS what, revenue * 10 ^ unit::numeric AS a, model FROM weighed
	UNION ALL SELECT id, u, conversion, i, w, 'weight', 1e9, model FROM weighed
), quota AS (
	SELECT *, sum(w) OVER (PARTITION BY id, what, u, conversion) AS total FROM amounts
), parts AS (
	SELECT id, u, conversion, i, what, a, model, total, a * w / total AS exact, div(a * w, total) AS whole, mod(a * w, total) AS rest,
		CASE model WHEN 'time_decay' THEN round(mod(a * w, total) / total, 15) ELSE mod(a * w, total) END AS rank FROM quota
), ranked AS (
	SELECT *, row_number() OVER (PARTITION BY id, what, u, conversion ORDER BY rank DESC, i) AS r, sum(rest) OVER (PARTITION BY id, what, u, conversion) AS rests,
		rank - lag(rank) OVER (PARTITION BY id, what, u, conversion ORDER BY rank) AS gap FROM parts
)
SELECT id, u, conversion, i, what, exact, whole + (r <= div(rests, total))::integer + CASE WHEN r = div(rests, total) + 1 THEN a - trunc(a) ELSE 0 END AS units,
	-- two remainders of time_decay, or one and a whole unit, that are nearly the same
	model = 'time_decay' AND (least(rank, 1 - rank) BETWEEN 1e-15 AND near OR gap BETWEEN 1e-15 AND near) AS near
FROM ranked, LATERAL (SELECT greatest(1e-6, a * 1e-12) AS near) x;

CREATE TABLE want AS
SELECT w.id, w.u::text AS customer, w.at AS conversion_at, w.conversion::integer AS conversion, w.revenue, w.touch_at, w.channel, w.i::integer AS touch, w.n::integer AS touches,
	CASE w.model WHEN 'participation' THEN (w.w > 0)::integer ELSE g.units / 1e9 END AS weight,
	CASE w.model WHEN 'participation' THEN w.revenue * (w.w > 0)::integer ELSE c.units / 10 ^ w.unit::numeric END AS credit,
	g.near AS weight_near, c.near AS credit_near, c.exact AS exact, w.model, w.unit
FROM weighed w JOIN divided g ON (g.id, g.u, g.conversion, g.what) = (w.id, w.u, w.conversion, 'weight') AND g.i IS NOT DISTINCT FROM w.i
	JOIN divided c ON (c.id, c.u, c.conversion, c.what) = (w.id, w.u, w.conversion, 'credit') AND c.i IS NOT DISTINCT FROM w.i;
UPDATE want w SET weight_near = x.weight_near, credit_near = x.credit_near
FROM (SELECT id, customer, conversion, bool_or(weight_near) AS weight_near, bool_or(credit_near) AS credit_near FROM want WHERE model = 'time_decay' GROUP BY 1, 2, 3) x
WHERE (x.id, x.customer, x.conversion) = (w.id, w.customer, w.conversion) AND (x.weight_near OR x.credit_near);

CREATE TABLE have AS
SELECT q.id, c.* FROM q JOIN s USING (h), attribution_credits(st, model, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit, half_life, weights, ties) c;
CREATE INDEX ON have (id, customer, conversion);
ANALYZE have;
ANALYZE want;

SELECT diag(format('%s ways to ask, %s credits, %s of them near a tie', (SELECT count(*) FROM q), count(*), count(*) FILTER (WHERE weight_near OR credit_near))) FROM want;

-- The paths first, then what the touches have.
SELECT is_empty(format($$
	WITH h AS (SELECT id, customer, conversion_at, conversion, revenue, touch_at, channel, touch, touches FROM have JOIN q USING (id) WHERE model = %1$L),
		w AS (SELECT id, customer, conversion_at, conversion, revenue, touch_at, channel, touch, touches FROM want WHERE model = %1$L)
	(SELECT 'extension', * FROM h EXCEPT ALL SELECT 'extension', * FROM w) UNION ALL (SELECT 'definition', * FROM w EXCEPT ALL SELECT 'definition', * FROM h)
	ORDER BY 2, 3, 5, 9 LIMIT 6 $$, model), model || ': paths of attribution_credits') FROM q WHERE id <= 12 ORDER BY id;
SELECT is_empty(format($$
	SELECT h.*, w.weight AS want_weight, w.credit AS want_credit FROM have h JOIN want w USING (id, customer, conversion)
	WHERE w.model = %1$L AND w.touch IS NOT DISTINCT FROM h.touch
		AND ((h.weight <> w.weight AND w.weight_near IS NOT TRUE) OR (h.credit <> w.credit AND w.credit_near IS NOT TRUE) OR abs(h.weight - w.weight) > 1e-9 OR abs(h.credit - w.credit) > 10 ^ -w.unit::numeric)
	ORDER BY h.touches, 1, 2, 4, h.touch LIMIT 6 $$, model), model || ': weights and credits') FROM q WHERE id <= 12 ORDER BY id;
SELECT is_empty($$ SELECT id, customer, conversion, min(h.revenue), sum(credit), sum(weight) FROM have h JOIN q USING (id) WHERE model <> 'participation'
	GROUP BY 1, 2, 3 HAVING sum(credit) <> min(h.revenue) OR sum(weight) <> 1 ORDER BY 1, 2, 3 LIMIT 5 $$, 'credits of a conversion add up to its revenue, weights to 1');
SELECT is_empty($$ SELECT h.*, w.exact / 10 ^ w.unit::numeric AS exact FROM have h JOIN want w USING (id, customer, conversion)
	WHERE w.touch IS NOT DISTINCT FROM h.touch AND w.model <> 'participation' AND abs(h.credit * 10 ^ w.unit::numeric - w.exact) >= 1.000001 ORDER BY h.touches, 1 LIMIT 5 $$, 'no credit is more than a unit away from its exact share');

-- Sums by channel -----------------------------------------------------------

CREATE TABLE sums AS
SELECT q.id, a.* FROM q JOIN s USING (h), LATERAL attribution(st, model, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit, half_life, weights, ties) WITH ORDINALITY a(channel, conversions, revenue, share, assisted_conversions, assisted_revenue, o);
SELECT is_empty($$ SELECT * FROM differs(
	'SELECT id, channel, trim_scale(conversions), trim_scale(revenue), trim_scale(round(share, 12)), assisted_conversions, trim_scale(assisted_revenue) FROM sums',
	'WITH whole AS (SELECT id, sum(revenue) AS revenue FROM path WHERE conversion IS NOT NULL AND coalesce(i, 1) = 1 GROUP BY 1),
		assisted AS (SELECT id, channel, count(*) AS n, sum(revenue) AS revenue FROM (SELECT DISTINCT id, u, conversion, channel, revenue FROM path WHERE conversion IS NOT NULL AND i < n) x GROUP BY 1, 2)
	SELECT h.id, h.channel, trim_scale(sum(h.weight)), trim_scale(sum(h.credit)), trim_scale(round(sum(h.credit) / nullif(w.revenue, 0), 12)), coalesce(a.n, 0), trim_scale(coalesce(a.revenue, 0))
	FROM have h JOIN whole w USING (id) LEFT JOIN assisted a ON a.id = h.id AND a.channel = h.channel GROUP BY h.id, h.channel, w.revenue, a.n, a.revenue') $$,
	'attribution: sums of the credits, and the assists');
SELECT is_empty($$ SELECT * FROM (SELECT id, o, row_number() OVER (PARTITION BY id ORDER BY channel IS NULL, revenue DESC, conversions DESC, channel COLLATE "C") AS want FROM sums) x WHERE o <> want LIMIT 5 $$,
	'attribution: by revenue, conversions and name, NULL last');
SELECT is_empty($$ SELECT a.* FROM s, linear_attribution(st, '7 days') a EXCEPT SELECT a.* FROM s, attribution(st, 'linear', '7 days') a $$, 'linear_attribution is attribution by linear');

CREATE TABLE models AS
SELECT q.id, row_number() OVER () AS o, to_jsonb(a) AS wide, a.channel, a.first_touch_revenue, a.assisted_conversions, a.assisted_revenue
FROM q JOIN s USING (h), attribution_models(st, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit, half_life, CASE model WHEN 'blended' THEN weights END, ties) a WHERE q.id <= 60;
SELECT is_empty($$ SELECT * FROM differs(
	'SELECT id, m.model, channel, (wide ->> (m.model || ''_conversions''))::numeric, (wide ->> (m.model || ''_revenue''))::numeric, assisted_conversions, assisted_revenue
	FROM models, (SELECT DISTINCT model FROM q WHERE model <> ''custom'') m',
	'SELECT q.id, m.model, a.channel, a.conversions, a.revenue, a.assisted_conversions, a.assisted_revenue
	FROM q JOIN s USING (h) CROSS JOIN (SELECT DISTINCT model FROM q WHERE model <> ''custom'') m,
		attribution(st, m.model, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels, direct, direct_channel, first_touches, last_touches,
			minor_unit, half_life, CASE WHEN q.model = ''blended'' AND m.model = ''blended'' THEN weights END, ties) a WHERE q.id <= 60') $$, 'attribution_models is attribution by each model');
SELECT is_empty($$ SELECT * FROM (SELECT id, o - min(o) OVER (PARTITION BY id) + 1 AS o, row_number() OVER (PARTITION BY id ORDER BY channel IS NULL, first_touch_revenue DESC, (wide ->> 'first_touch_conversions')::numeric DESC, channel COLLATE "C") AS want FROM models) x WHERE o <> want LIMIT 5 $$,
	'attribution_models: by first_touch_revenue, then its conversions and name, NULL last');

-- States --------------------------------------------------------------------

CREATE FUNCTION state_of(h text, at timestamptz[], u bigint[], channel text[], revenue numeric[], tie_break integer[]) RETURNS journey_state LANGUAGE sql STABLE
	RETURN CASE h WHEN 'plain' THEN (SELECT journey_agg(x.u, x.at, x.c, x.r) FROM unnest(u, at, channel, revenue) x(u, at, c, r))
		WHEN 'ranked' THEN (SELECT journey_ranked_agg(x.u, x.at, x.c, x.r, x.t) FROM unnest(u, at, channel, revenue, tie_break) x(u, at, c, r, t))
		ELSE (SELECT journey_currency_agg(x.u, x.at, x.c, x.r, CASE h WHEN 'yen' THEN 'JPY' ELSE 'KWD' END) FROM unnest(u, at, channel, revenue) x(u, at, c, r)) END;
-- The rows in another order, and in parts: by row, by customer, by time, by bucket.
CREATE TABLE parts AS
SELECT k.kind, k.part, ev.h, state_of(ev.h, array_agg(ev.at ORDER BY md5(ev.n::text || ev.u || :'seed')), array_agg(ev.u ORDER BY md5(ev.n::text || ev.u || :'seed')),
	array_agg(ev.channel ORDER BY md5(ev.n::text || ev.u || :'seed')), array_agg(ev.revenue ORDER BY md5(ev.n::text || ev.u || :'seed')), array_agg(ev.tie_break ORDER BY md5(ev.n::text || ev.u || :'seed'))) AS st
FROM ev, LATERAL (VALUES ('whole', 0), ('rows', pick('part' || h || u || n, 2)), ('many rows', pick('many' || h || u || n, 9)), ('customers', (u % 7)::integer),
	('times', extract(week FROM at)::integer), ('buckets', bucket(u, 4))) k(kind, part) GROUP BY 1, 2, 3;
SELECT is_empty($$ SELECT h FROM s JOIN parts p USING (h) WHERE kind = 'whole' AND journey_state_send(s.st) <> journey_state_send(p.st) $$, 'the same bytes whatever the order of the rows');
SELECT is_empty($$ SELECT h FROM s JOIN parts a USING (h) JOIN parts b USING (h) WHERE a.kind = 'rows' AND b.kind = 'rows' AND a.part = 0 AND b.part = 1
	AND (journey_state_send(s.st) <> journey_state_send(combine(a.st::text::journey_state, b.st::text::journey_state))
		OR journey_state_send(s.st) <> journey_state_send(combine(b.st::text::journey_state, a.st::text::journey_state))) $$, 'two halves through text make the whole, either way round');
SELECT is_empty($$ SELECT h, kind FROM s JOIN (SELECT h, kind, rollup(st ORDER BY part DESC) AS st FROM parts GROUP BY 1, 2) p USING (h)
	WHERE journey_state_send(s.st) <> journey_state_send(p.st) $$, 'parts by row, customer, time and bucket roll up to the whole');
SELECT is_empty($$ SELECT * FROM differs(
	'SELECT q.id, a.channel, trim_scale(sum(a.conversions)), trim_scale(sum(a.revenue)), sum(a.assisted_conversions), trim_scale(sum(a.assisted_revenue)) FROM q JOIN parts p USING (h),
		attribution(st, model, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels, direct, direct_channel, first_touches, last_touches,
			minor_unit, half_life, weights, ties) a WHERE p.kind = ''buckets'' AND q.id <= 120 GROUP BY 1, 2',
	'SELECT id, channel, trim_scale(conversions), trim_scale(revenue), assisted_conversions, trim_scale(assisted_revenue) FROM sums WHERE id <= 120') $$, 'attribution: the sums of buckets of customers are the whole');

-- Which paths convert ---------------------------------------------------------

CREATE TABLE route AS
SELECT id, u, conversion, min(at) AS at, min(revenue) AS revenue, coalesce(array_agg(channel ORDER BY i) FILTER (WHERE channel IS NOT NULL), '{}') AS channels, min(touch_at) AS first_at
FROM path GROUP BY 1, 2, 3;
CREATE TABLE have_paths AS
SELECT q.id, p.* FROM q JOIN s USING (h), LATERAL conversion_paths(st, NULL, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit) WITH ORDINALITY p(path, touches, conversions, revenue, share, unconverted, conversion_rate, average_seconds, median_seconds, o);
SELECT is_empty($$ SELECT * FROM differs(
	'SELECT id, path, touches, conversions, trim_scale(revenue), trim_scale(round(share, 12)), unconverted, trim_scale(round(conversion_rate, 12)), round(average_seconds::numeric, 5), round(median_seconds::numeric, 5) FROM have_paths',
	'SELECT id, channels, cardinality(channels), count(conversion), trim_scale(coalesce(sum(revenue), 0)),
		trim_scale(round(coalesce(sum(revenue), 0) / nullif(sum(sum(revenue)) OVER (PARTITION BY id), 0), 12)), count(*) - count(conversion),
		CASE WHEN channels <> ''{}'' THEN trim_scale(round(count(conversion)::numeric / count(*), 12)) END,
		round((avg(extract(epoch FROM at - first_at)) FILTER (WHERE conversion IS NOT NULL)), 5),
		round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - first_at)::float8) FILTER (WHERE conversion IS NOT NULL))::numeric, 5)
	FROM route GROUP BY id, channels HAVING count(conversion) > 0') $$, 'conversion_paths is a GROUP BY of the paths, those that ever converted');
SELECT is_empty($$ SELECT * FROM (SELECT id, o, path, row_number() OVER (PARTITION BY id ORDER BY conversions DESC, revenue DESC, path COLLATE "C") AS want FROM have_paths) x WHERE o <> want LIMIT 5 $$,
	'conversion_paths: by conversions, revenue, channels');

-- Markov chains ---------------------------------------------------------------

CREATE TABLE chains AS SELECT id, h, 1 + row_number() OVER (ORDER BY id) % 3 AS k FROM q WHERE id BETWEEN :queries - 8 AND :queries + 6;
CREATE TABLE transitions AS
SELECT r.id, channels[greatest(1, i - k + 1):i] AS from_channels, channels[i + 1] AS to_channel,
	CASE WHEN i < cardinality(channels) THEN 'touch' WHEN conversion IS NULL THEN 'none' ELSE 'conversion' END AS outcome, count(*) AS transitions,
	channels[greatest(1, i - k + 2):i + 1] AS to_channels
FROM route r JOIN chains USING (id), generate_series(0, cardinality(channels)) i WHERE channels <> '{}' GROUP BY 1, 2, 3, 4, 6;
CREATE TABLE have_transitions AS
SELECT q.id, t.* FROM q JOIN s USING (h) JOIN chains c USING (id), markov_transitions(st, k::integer, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit) t;
SELECT is_empty($$ SELECT * FROM differs('SELECT id, from_channels, to_channel, outcome, transitions, round(probability::numeric, 12) FROM have_transitions',
	'SELECT id, from_channels, to_channel, outcome, transitions, round((transitions / sum(transitions) OVER (PARTITION BY id, from_channels))::numeric, 12) FROM transitions') $$,
	'markov_transitions counts what follows what on paths');

-- From the start until hardly anybody is still on the way, over all of the chain
-- and without each channel ('').
CREATE TABLE solved (id integer, removed text, converts double precision);
CREATE FUNCTION walk() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	step integer := 0;
	most double precision := 1;
BEGIN
	CREATE TABLE node AS SELECT id, from_channels, (row_number() OVER ())::integer AS node FROM (SELECT DISTINCT id, from_channels FROM nm_test.transitions) x;
	CREATE TABLE edge AS
	SELECT t.id, r.removed, a.node AS a, b.node AS b, t.transitions / (sum(t.transitions) OVER (PARTITION BY t.id, r.removed, a.node))::double precision AS p, t.outcome, t.to_channel
	FROM nm_test.transitions t JOIN (SELECT id, '' AS removed FROM nm_test.transitions UNION SELECT id, to_channel FROM nm_test.transitions WHERE to_channel IS NOT NULL) r USING (id)
		JOIN node a USING (id, from_channels) LEFT JOIN node b ON b.id = t.id AND b.from_channels = t.to_channels AND t.outcome = 'touch';
	DELETE FROM edge WHERE to_channel = removed OR outcome = 'none';
	CREATE INDEX ON edge (a, removed);
	CREATE TABLE here AS SELECT DISTINCT e.id, e.removed, n.node, 1::double precision AS mass FROM edge e JOIN node n ON n.id = e.id AND n.from_channels = '{}';
	ANALYZE edge;
	INSERT INTO nm_test.solved SELECT DISTINCT id, removed, 0 FROM edge;
	WHILE most > 1e-13 AND step < 5000 LOOP
		CREATE TABLE next AS SELECT e.id, e.removed, e.b AS node, sum(h.mass * e.p) AS mass, e.outcome FROM here h JOIN edge e ON e.a = h.node AND e.removed = h.removed GROUP BY e.id, e.removed, e.b, e.outcome;
		UPDATE nm_test.solved s SET converts = s.converts + n.mass FROM next n WHERE n.id = s.id AND n.removed = s.removed AND n.outcome = 'conversion';
		DROP TABLE here;
		DELETE FROM next WHERE outcome = 'conversion';
		ALTER TABLE next RENAME TO here;
		SELECT coalesce(max(mass), 0) INTO most FROM here;
		step := step + 1;
	END LOOP;
	RETURN step;
END
$$;
SELECT diag(format('%s steps of %s chains', walk(), (SELECT count(*) FROM chains)));
SELECT is_empty($$ SELECT r.id, r.rate, s.converts FROM (SELECT id, count(conversion) / count(*)::float8 AS rate FROM route WHERE channels <> '{}' GROUP BY 1) r JOIN solved s USING (id)
	WHERE s.removed = '' AND abs(r.rate - s.converts) > 1e-10 $$, 'the chain converts as often as the paths');
CREATE TABLE removal AS
SELECT q.id, m.*, coalesce(q.minor_unit, CASE q.h WHEN 'yen' THEN 0 WHEN 'dinar' THEN 3 ELSE 2 END) AS unit
FROM q JOIN s USING (h) JOIN chains c USING (id), markov_attribution(st, k::integer, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit) m;
SELECT is_empty($$
	SELECT c.id, c.k, w.channel, m.channel, m.removal_effect, 1 - x.converts / p.converts
	FROM (SELECT DISTINCT id, to_channel AS channel FROM transitions WHERE outcome = 'touch') w FULL JOIN (SELECT * FROM removal WHERE channel IS NOT NULL) m USING (id, channel) JOIN chains c USING (id)
		LEFT JOIN solved p ON p.id = c.id AND p.removed = '' LEFT JOIN solved x ON x.id = c.id AND x.removed = channel
	WHERE w.channel IS NULL OR m.channel IS NULL
		OR abs(m.removal_effect - CASE WHEN coalesce(p.converts, 0) = 0 THEN 0 ELSE 1 - coalesce(x.converts, 0) / p.converts END) > 1e-9
		OR m.removal_effect IS NULL OR m.removal_effect NOT BETWEEN 0 AND 1 LIMIT 5 $$, 'removal effects of orders 1 to 3 are those of a walk to the end');
SELECT is_empty($$
	WITH whole AS (SELECT id, channels = '{}' AS alone, count(conversion) AS conversions, coalesce(sum(revenue), 0) AS revenue FROM route GROUP BY 1, 2)
	SELECT * FROM (SELECT id, channel IS NULL AS alone, sum(conversions) AS conversions, sum(revenue) AS revenue FROM removal GROUP BY 1, 2) m FULL JOIN whole w USING (id, alone) JOIN chains USING (id)
	WHERE (m.conversions, m.revenue) IS DISTINCT FROM (w.conversions::numeric, w.revenue) LIMIT 5 $$, 'markov_attribution: conversions and revenue add up exactly');
SELECT is_empty($$
	SELECT * FROM (SELECT *, removal_effect / nullif(sum(removal_effect) OVER w, 0) AS part, sum(conversions) OVER w AS c, sum(revenue) OVER w AS r, sum(revenue) OVER (PARTITION BY id) AS all_revenue
		FROM removal WINDOW w AS (PARTITION BY id, channel IS NULL)) x
	WHERE (channel IS NOT NULL AND (abs(conversions - c * part::numeric) > 1.001e-9 OR abs(revenue - r * part::numeric) > 1.001 * 10 ^ -unit::numeric))
		OR round(share, 12) IS DISTINCT FROM round(revenue / nullif(all_revenue, 0), 12) LIMIT 5 $$, 'markov_attribution: in proportion to the removal effects');
SELECT is_empty($$
	WITH other AS (SELECT q.id, m.* FROM q JOIN parts p USING (h) JOIN chains c USING (id), markov_attribution(p.st, k::integer, lookback, start_day, end_day, zone, collapse, touch_reuse, counting,
		at_conversion, exclude_channels, direct, direct_channel, first_touches, last_touches, minor_unit) m WHERE p.kind = 'whole')
	SELECT id, channel, removal_effect::text, conversions::text, revenue::text FROM other EXCEPT SELECT id, channel, removal_effect::text, conversions::text, revenue::text FROM removal $$, 'the same digits whatever the order of the rows');
SELECT is_empty($$ SELECT h, channel, a.removal_effect, b.removal_effect FROM s, markov_attribution(st) a FULL JOIN markov_attribution(st, collapse => 'consecutive') b USING (channel)
	WHERE abs(a.removal_effect - b.removal_effect) > 1e-12 OR (channel IS NOT NULL AND a.removal_effect IS NULL OR b.removal_effect IS NULL AND channel IS NOT NULL) $$, 'order 1: repeated touches change nothing');

CREATE TABLE chain_credits AS
SELECT q.id, m.* FROM q JOIN s USING (h) JOIN chains c USING (id), markov_credits(st, k::integer, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels,
	direct, direct_channel, first_touches, last_touches, minor_unit) m;
SELECT is_empty($$ SELECT * FROM differs('SELECT id, customer, conversion_at, conversion, trim_scale(revenue), touch_at, channel, touch, touches FROM chain_credits',
	'SELECT id, u::text, at, conversion, trim_scale(revenue), touch_at, channel, i, n FROM path JOIN chains USING (id) WHERE conversion IS NOT NULL') $$, 'markov_credits: the paths');
SELECT is_empty($$ SELECT id, customer, conversion FROM chain_credits GROUP BY 1, 2, 3 HAVING sum(credit) <> min(revenue) OR sum(weight) <> 1 $$, 'markov_credits add up to the revenue of each conversion');
SELECT is_empty($$
	SELECT * FROM (SELECT x.*, coalesce(x.e / nullif(sum(x.e) OVER (PARTITION BY id, customer, conversion), 0), 1)::numeric AS part FROM
		(SELECT c.*, m.unit, CASE WHEN c.channel IS NULL THEN 1 WHEN row_number() OVER (PARTITION BY c.id, customer, conversion, c.channel ORDER BY touch) = 1 THEN m.removal_effect ELSE 0 END AS e
		FROM chain_credits c JOIN removal m ON m.id = c.id AND m.channel IS NOT DISTINCT FROM c.channel) x) y
	WHERE abs(weight - part) > 1.001e-9 OR abs(credit - revenue * part) > 1.001 * 10 ^ -unit::numeric ORDER BY touches LIMIT 5 $$, 'markov_credits: by the removal effects of distinct channels, at their first touches');

-- Shapley values ----------------------------------------------------------------

CREATE TABLE few AS SELECT id, array_agg(channel ORDER BY channel) AS channels FROM (SELECT DISTINCT id, channel FROM path WHERE channel IS NOT NULL) x GROUP BY id HAVING count(*) <= 5;
-- What each set of channels is worth: bit i - 1 stands for channel i.
CREATE TABLE worth AS
WITH m AS (
	SELECT r.id, r.conversion, r.revenue, (SELECT bit_or(1 << (array_position(f.channels, c) - 1)) FROM unnest(r.channels) c) AS mask FROM route r JOIN few f USING (id) WHERE r.channels <> '{}'
)
SELECT f.id, set, count(m.conversion)::numeric AS conversions, coalesce(sum(m.revenue), 0) AS revenue, coalesce(round(count(m.conversion)::numeric / nullif(count(m.mask), 0), 40), 0) AS rate
FROM few f CROSS JOIN LATERAL generate_series(0, (1 << cardinality(f.channels)) - 1) set LEFT JOIN m ON m.id = f.id AND m.mask & ~set = 0 GROUP BY 1, 2;
CREATE TABLE phi AS
SELECT f.id, channel, sum((b.conversions - a.conversions) * x.f) / factorial(n) AS conversions, sum((b.revenue - a.revenue) * x.f) / factorial(n) AS revenue, sum((b.rate - a.rate) * x.f) / factorial(n) AS rate
FROM few f, LATERAL (SELECT cardinality(f.channels) AS n) c, unnest(f.channels) WITH ORDINALITY p(channel, i), worth a, worth b,
	LATERAL (SELECT factorial(size) * factorial(n - size - 1) AS f FROM (SELECT length(replace(a.set::bit(5)::text, '0', '')) AS size) y) x
WHERE a.id = f.id AND b.id = f.id AND a.set & (1 << (i - 1)::integer) = 0 AND b.set = a.set | (1 << (i - 1)::integer) GROUP BY f.id, channel, n;
CREATE TABLE values_of AS
SELECT q.id, v.value, a.*, coalesce(q.minor_unit, CASE q.h WHEN 'yen' THEN 0 WHEN 'dinar' THEN 3 ELSE 2 END) AS unit FROM q JOIN s USING (h), (VALUES ('conversions'), ('conversion_rate')) v(value),
	LATERAL shapley_attribution(st, v.value, lookback, start_day, end_day, zone, collapse, touch_reuse, counting, at_conversion, exclude_channels, direct, direct_channel, first_touches, last_touches, minor_unit) a;
SELECT diag(format('%s ways to ask about up to 5 channels, %s about 4 or 5', count(*), count(*) FILTER (WHERE cardinality(channels) > 3))) FROM few;
SELECT is_empty($$
	WITH whole AS (SELECT id, value, channels = '{}' AS alone, count(conversion) AS conversions, coalesce(sum(revenue), 0) AS revenue FROM route, (VALUES ('conversions'), ('conversion_rate')) v(value) GROUP BY 1, 2, 3)
	SELECT * FROM (SELECT id, value, channel IS NULL AS alone, sum(conversions) AS conversions, sum(revenue) AS revenue FROM values_of GROUP BY 1, 2, 3) m FULL JOIN whole w USING (id, value, alone)
	WHERE (m.conversions, m.revenue) IS DISTINCT FROM (w.conversions::numeric, w.revenue) LIMIT 5 $$, 'Shapley values add up exactly');
SELECT is_empty($$
	SELECT id, channel, p.*, v.* FROM phi p FULL JOIN (SELECT v.* FROM values_of v JOIN few USING (id) WHERE value = 'conversions' AND channel IS NOT NULL) v USING (id, channel),
		LATERAL (SELECT count(*) AS n FROM route r WHERE r.id = coalesce(p.id, v.id) AND conversion IS NOT NULL) c
	WHERE p.id IS NULL OR v.id IS NULL OR abs(p.conversions - v.conversions) > 1e-9 * c.n OR abs(p.revenue - v.revenue) > c.n * 10 ^ -unit::numeric LIMIT 5 $$, 'conversions: the value over all sets of channels');
SELECT is_empty($$
	SELECT * FROM (SELECT p.id AS p_id, v.id AS v_id, p.rate, v.channel, v.conversions, v.revenue, v.unit, p.rate / nullif(sum(p.rate) OVER w, 0) AS part, sum(v.conversions) OVER w AS c, sum(v.revenue) OVER w AS r
		FROM phi p FULL JOIN (SELECT v.* FROM values_of v JOIN few USING (id) WHERE value = 'conversion_rate' AND channel IS NOT NULL) v USING (id, channel) WINDOW w AS (PARTITION BY id)) x
	WHERE p_id IS NULL OR v_id IS NULL OR abs(conversions - c * coalesce(part, 0)) >= 1.001e-9 OR abs(revenue - r * coalesce(part, 0)) >= 1.001 * 10 ^ -unit::numeric LIMIT 5 $$, 'conversion_rate: the value over all sets of channels');
SELECT is_empty($$ SELECT * FROM differs(
	'SELECT v.id, v.channel, trim_scale(v.conversions), trim_scale(v.revenue) FROM values_of v JOIN q USING (id) WHERE value = ''conversions'' AND q.id > (SELECT max(id) - 24 FROM q) AND collapse = ''distinct''
		AND EXISTS (SELECT FROM sums s WHERE s.id = v.id AND s.channel IS NOT DISTINCT FROM v.channel)',
	'SELECT id, channel, trim_scale(conversions), trim_scale(revenue) FROM sums JOIN q USING (id) WHERE id > (SELECT max(id) - 24 FROM q) AND collapse = ''distinct''') $$,
	'conversions: each is shared equally by the distinct channels on its path');

-- A twin comes with every email: both add the same.  A channel on paths that do
-- not convert adds no conversion.
CREATE TABLE twins AS SELECT h, journey_agg(u, at, channel, revenue) AS st FROM (SELECT h, u, at, channel, revenue FROM ev
	UNION ALL SELECT h, u, at, 'twin', NULL FROM ev WHERE channel = 'email') x GROUP BY h;
SELECT is_empty($$ SELECT h, value FROM twins, (VALUES ('conversions'), ('conversion_rate')) v(value), LATERAL (SELECT max(conversions) - min(conversions) AS apart, count(*) AS n, max(abs(conversions)) AS most
		FROM shapley_attribution(st, value) a WHERE channel IN ('email', 'twin')) x WHERE n <> 2 OR apart > CASE value WHEN 'conversions' THEN 200 ELSE 1 END * 1e-9 $$, 'channels that do the same have the same');
CREATE TABLE idle AS SELECT h, journey_agg(u, at, channel, revenue) AS st FROM (SELECT h, u, at, channel, revenue FROM ev
	UNION ALL SELECT h, 10000000 + u, at, 'idle', NULL FROM ev WHERE n = 1) x GROUP BY h;
CREATE TABLE busy AS SELECT h, journey_agg(u, at, channel, revenue) AS st FROM ev GROUP BY h;
SELECT is_empty($$ (SELECT h, a.channel, a.conversions, a.revenue FROM idle, shapley_attribution(st) a WHERE channel <> 'idle' OR conversions <> 0 OR channel IS NULL)
	EXCEPT (SELECT h, a.channel, a.conversions, a.revenue FROM busy, shapley_attribution(st) a) $$, 'a channel that adds nothing has nothing, and takes nothing');

SELECT * FROM finish();
ROLLBACK;
