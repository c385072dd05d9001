-- funnel_properties.sql
--		The funnel against its definition: on thousands of small random histories
--		every chain of rows is written down by recursive SQL, which shares no
--		code with the extension, and the longest one decides.
--
-- The histories follow from the seed alone; NM_SEED in the environment
-- replaces it.

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
SET LOCAL check_function_bodies = off;

\set seed funnel
\getenv seed NM_SEED
\set users 500
\getenv users NM_USERS
\set questions 30
\getenv questions NM_QUESTIONS
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

CREATE TABLE settings AS SELECT :'seed'::text AS seed;

-- A number 0 .. n-1 that depends on the seed and on what it is for.
CREATE FUNCTION pick(what text, n integer) RETURNS integer
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT (('x' || substr(md5(s.seed || '/' || what), 1, 8))::bit(32)::bigint % n)::integer FROM settings s);

-- Histories ---------------------------------------------------------------

-- Up to eight rows a user, within 4, 10 or 40 seconds, so that many are tied;
-- the events A, B, C, D make the funnels, X ends them, Z is in none.  Half of
-- the users have rows that meet several conditions at once, or none.
CREATE TABLE ev AS
SELECT u, n, timestamptz '2024-02-28 23:59:57+00' + make_interval(secs => pick(u || 'at' || n, span)) AS at,
	CASE WHEN many THEN ARRAY(SELECT e FROM unnest('{A,B,C,D,X}'::text[]) e WHERE pick(u || e || n, CASE e WHEN 'X' THEN 12 ELSE 3 END) = 0)
		ELSE ARRAY[(CASE u % 3 WHEN 0 THEN '{A,B,C}' WHEN 1 THEN '{A,A,B,B,B,C,C,C,D,X,Z}' ELSE '{A,B,C,D,D,X,Z}' END::text[])
			[1 + pick(u || 'e' || n, CASE u % 3 WHEN 0 THEN 3 WHEN 1 THEN 11 ELSE 7 END)]] END AS names,
	(ARRAY['red', 'red', '', 'blå'])[1 + pick(u || 'p' || n, 4)] AS property,
	many
FROM generate_series(1, :users) u,
	LATERAL (SELECT (ARRAY[4, 10, 40])[1 + pick('span' || u, 3)] AS span, u % 2 = 0 AS many) k,
	generate_series(1, 1 + pick('rows' || u, 8)) n;
CREATE INDEX ON ev (u);
ANALYZE ev;

SELECT diag(format('%s rows of %s users, %s tied in time with another', count(*), count(DISTINCT u),
	sum(CASE WHEN tied > 1 THEN 1 ELSE 0 END))) FROM (SELECT *, count(*) OVER (PARTITION BY u, at) AS tied FROM ev) t;

-- one = a row is one event; star = the events of no step as well; many = rows
-- by conditions; prop = one event and a property
CREATE TABLE s AS SELECT
	(SELECT funnel_agg(u, at, names[1], '{A,B,C,D,X}') FROM ev WHERE NOT many) AS one,
	(SELECT funnel_agg(u, at, names[1], '{A,B,C,D,X,*}') FROM ev WHERE NOT many) AS star,
	(SELECT funnel_property_agg(u, at, names[1], '{A,B,C,D,X}', property) FROM ev WHERE NOT many) AS prop,
	(SELECT funnel_match_agg(u, at, ARRAY['A' = ANY (names), 'B' = ANY (names), 'C' = ANY (names), 'D' = ANY (names), 'X' = ANY (names)],
		'{A,B,C,D,X}') FROM ev WHERE many) AS many;

-- Questions ---------------------------------------------------------------

-- What funnel() is asked; a NULL is the default.
CREATE TABLE q (
	id integer GENERATED ALWAYS AS IDENTITY,
	state text DEFAULT 'one',
	steps text[],
	within interval,
	entry text DEFAULT 'any',
	step_order text DEFAULT 'ordered',
	counting text DEFAULT 'uniques',
	exclusions text[],
	exclusion text DEFAULT 'drop_off',
	max_gaps interval[],
	min_gaps interval[],
	min_counts integer[],
	grace interval,
	hold_constant boolean DEFAULT false,
	session_gap interval,
	as_of timestamptz,
	clickhouse_modes text[]
);
INSERT INTO q (state, steps, within) VALUES
	('one', '{A,B}', NULL), ('one', '{A,B,C}', '5 seconds'), ('one', '{A,B,C,D}', '3 seconds'), ('one', '{A,A,B}', NULL),
	('one', '{A,B,A,B}', '6 seconds'), ('one', '{B,B,B,B}', '2 seconds'), ('one', '{C,A,B}', '0 seconds'), ('one', '{X}', NULL),
	('many', '{A,B,C}', '4 seconds'), ('many', '{A,B,C,D}', NULL), ('many', '{A,A,B}', '3 seconds'), ('many', '{B,A,B,A}', '2 seconds'),
	('star', '{A,B,C}', '5 seconds'), ('prop', '{A,B,C}', '5 seconds');
INSERT INTO q (state, steps, within, entry) VALUES
	('one', '{A,B,C}', '5 seconds', 'first'), ('one', '{A,A,B}', '4 seconds', 'first'), ('one', '{B,C,D,A}', NULL, 'first'), ('many', '{A,B,C}', '2 seconds', 'first');
INSERT INTO q (state, steps, within, entry, step_order) VALUES
	('star', '{A,B,C}', '5 seconds', 'any', 'strict'), ('star', '{A,B,C}', NULL, 'any', 'strict'), ('star', '{A,B,B}', '3 seconds', 'any', 'strict'),
	('star', '{C,A}', NULL, 'any', 'strict');
INSERT INTO q (state, steps, within, entry, step_order) VALUES
	('one', '{A,B,C}', '3 seconds', 'any', 'any'), ('one', '{A,B,C,D}', NULL, 'any', 'any'), ('one', '{A,B}', '0 seconds', 'any', 'any'),
	('many', '{A,B,C}', '2 seconds', 'any', 'any'), ('one', '{A,B,C}', '3 seconds', 'first', 'any');
INSERT INTO q (state, steps, within, entry, max_gaps, min_gaps) VALUES
	('one', '{A,B,C}', NULL, 'any', '{NULL,3 s,2 s}', NULL), ('one', '{A,B,C}', '9 s', 'any', NULL, '{NULL,1 s,2 s}'),
	('one', '{A,B,C}', '9 s', 'any', '{NULL,4 s,NULL}', '{NULL,1 s,NULL}'), ('one', '{A,A,B}', NULL, 'any', '{NULL,3 s,2 s}', '{NULL,1 s,1 s}'),
	('one', '{A,B,C}', NULL, 'first', '{NULL,3 s,2 s}', '{NULL,NULL,1 s}'), ('many', '{A,B,C}', '6 s', 'any', '{NULL,3 s,2 s}', '{NULL,1 s,1 s}'),
	('one', '{B,C,B,C}', NULL, 'any', '{NULL,0 s,2 s,1 s}', NULL);
INSERT INTO q (state, steps, within, entry, exclusions, exclusion) VALUES
	('one', '{A,B,C}', '6 s', 'any', '{X}', 'drop_off'), ('one', '{A,B}', NULL, 'any', '{X,D}', 'drop_off'), ('one', '{A,A,B}', '6 s', 'first', '{X}', 'drop_off'),
	('many', '{A,B,C}', '6 s', 'any', '{X}', 'drop_off'),
	('one', '{A,B,C}', '6 s', 'any', '{X}', 'drop_user'), ('one', '{A,B}', NULL, 'any', '{X,D}', 'drop_user'), ('one', '{A,B,C}', '3 s', 'first', '{X}', 'drop_user');
INSERT INTO q (state, steps, within, hold_constant, exclusions) VALUES
	('prop', '{A,B,C}', '5 s', true, NULL), ('prop', '{A,A,B}', NULL, true, NULL), ('prop', '{A,B,C}', '20 s', true, '{X}');
INSERT INTO q (state, steps, within, counting, session_gap) VALUES
	('one', '{A,B,C}', NULL, 'sessions', '2 s'), ('star', '{A,B,C}', '4 s', 'sessions', '1 s'), ('one', '{B,C}', NULL, 'sessions', '0 s');
INSERT INTO q (state, steps, within, counting, session_gap, hold_constant) VALUES
	('prop', '{A,B}', NULL, 'sessions', '3 s', true);
INSERT INTO q (state, steps, within, min_counts) VALUES
	('one', '{A,B,C}', '8 s', '{1,2,1}'), ('one', '{A,B,C}', NULL, '{1,3,2}');
INSERT INTO q (state, steps, within, entry, grace) VALUES
	('one', '{A,B}', '5 s', 'any', '1 s'), ('one', '{A,B,C}', '5 s', 'any', '1 s'), ('one', '{A,B,C}', NULL, 'any', '2 s'), ('one', '{A,B,C,D}', '9 s', 'any', '3 s'), ('one', '{C,A,B}', '3 s', 'any', '0 s');
INSERT INTO q (state, steps, within, as_of, entry, max_gaps, exclusions) VALUES
	('one', '{A,B,C}', '3 s', '2024-02-29 00:00:03+00', 'any', NULL, NULL), ('many', '{A,B,C}', '3 s', '2024-02-29 00:00:00+00', 'any', NULL, NULL),
	('one', '{A,B}', NULL, '2024-02-29 00:00:01+00', 'any', NULL, NULL), ('one', '{A,B,C}', '12 s', '2024-02-29 00:00:07+00', 'first', NULL, NULL),
	('one', '{A,B,C}', '20 s', '2024-02-29 00:00:06+00', 'any', '{NULL,4 s,2 s}', '{X}');
INSERT INTO q (state, steps, within, clickhouse_modes) VALUES
	('one', '{A,B,C}', '4 s', '{}'), ('one', '{A,B,A}', NULL, '{}'), ('many', '{A,B,C,D}', '2 s', '{}'), ('many', '{A,A,B}', '3 s', '{}'),
	('one', '{A,B,C}', '4 s', '{strict_increase}'), ('one', '{A,B,B,C}', NULL, '{strict_increase}'), ('many', '{A,B,C,D}', '5 s', '{strict_increase}'),
	('many', '{A,A,B}', NULL, '{strict_increase}'), ('one', '{A,B,C}', '4 s', '{strict_once}'), ('many', '{A,B,C}', '4 s', '{strict_once}'),
	('many', '{A,A,B}', '2 s', '{strict_once}'), ('many', '{A,B,C}', '4 s', '{strict_once,strict_increase}');

-- and some at random, of what goes together
INSERT INTO q (state, steps, within, entry, step_order, counting, exclusions, exclusion, max_gaps, min_gaps, min_counts, grace, hold_constant, session_gap, as_of)
SELECT kind, CASE WHEN single THEN '{A,B,C,D}'::text[] ELSE steps END, (ARRAY[NULL, '2 s', '5 s', '15 s'])[1 + pick(k || 'within', 4)]::interval,
	CASE WHEN pick(k || 'entry', 3) = 0 AND feature <> 5 THEN 'first' ELSE 'any' END, step_order, CASE WHEN cut THEN 'sessions' ELSE 'uniques' END,
	CASE WHEN feature <> 5 AND pick(k || 'excluded', 3) = 0 THEN '{X}'::text[] END, CASE WHEN step_order = 'ordered' AND feature > 1 AND NOT cut AND pick(k || 'user', 3) = 0 THEN 'drop_user' ELSE 'drop_off' END,
	CASE WHEN feature IN (0, 1) THEN ARRAY(SELECT CASE WHEN i > 1 AND pick(k || 'max' || i, 3) > 0 THEN make_interval(secs => pick(k || 'longest' || i, 6)) END FROM generate_subscripts(steps, 1) i) END,
	CASE WHEN feature IN (1, 2) THEN ARRAY(SELECT CASE WHEN i > 1 AND pick(k || 'min' || i, 3) > 0 THEN make_interval(secs => pick(k || 'shortest' || i, 3)) END FROM generate_subscripts(steps, 1) i) END,
	CASE WHEN feature = 4 THEN ARRAY[1, 1 + pick(k || 'b', 2), 1 + pick(k || 'c', 3), 1 + pick(k || 'd', 2)] END,
	CASE WHEN feature = 5 THEN make_interval(secs => 1 + pick(k || 'grace', 3)) END,
	kind = 'prop' AND pick(k || 'hold', 2) = 0, CASE WHEN cut THEN make_interval(secs => pick(k || 'pause', 5)) END,
	CASE WHEN NOT cut AND feature IN (0, 3) AND step_order = 'ordered' THEN timestamptz '2024-02-29 00:00:00+00' + make_interval(secs => pick(k || 'as_of', 10)) END
FROM generate_series(1, :questions) k,
	LATERAL (SELECT (ARRAY['one', 'star', 'prop', 'many'])[1 + pick(k || 'kind', 4)] AS kind, pick(k || 'cut', 5) = 0 AS cut,
		ARRAY(SELECT (ARRAY['A', 'B', 'C', 'D'])[1 + pick(k || 'step' || i, 4)] FROM generate_series(1, 2 + pick(k || 'steps', 3)) i) AS steps) a,
	LATERAL (SELECT CASE WHEN kind = 'star' AND pick(k || 'strict', 2) = 0 THEN 'strict' WHEN pick(k || 'free', 5) = 0 THEN 'any' ELSE 'ordered' END AS step_order) b,
	LATERAL (SELECT CASE WHEN step_order = 'ordered' THEN pick(k || 'feature', CASE kind WHEN 'many' THEN 4 ELSE 6 END) WHEN step_order = 'strict' THEN pick(k || 'feature', 4) ELSE 3 END AS feature) c,
	LATERAL (SELECT feature > 3 AS single) d;

-- The definition ----------------------------------------------------------

-- The rows a question sees; who = the user, or the user's session; property =
-- what a chain must keep.
CREATE FUNCTION rows_of(q q) RETURNS TABLE (who text, n integer, at timestamptz, names text[], property text) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT r.u || CASE WHEN (q).counting = 'sessions' THEN '.' || r.value
			|| count(*) FILTER (WHERE r.cut) OVER (PARTITION BY r.u, r.value ORDER BY r.at) ELSE '' END,
		r.n, r.at, r.names, r.value
	FROM (
		SELECT e.*, coalesce(e.at - lag(e.at) OVER (PARTITION BY e.u, e.value ORDER BY e.at, e.n) > (q).session_gap, false) AS cut
		FROM (SELECT *, CASE WHEN (q).hold_constant THEN property ELSE '' END AS value FROM ev) e
		WHERE e.many = ((q).state = 'many') AND ((q).as_of IS NULL OR e.at < (q).as_of)
			AND ((q).state = 'star' OR e.names && '{A,B,C,D,X}')
	) r;
END;

-- A step that needs k rows is k steps.
CREATE FUNCTION single_steps(q q) RETURNS text[] LANGUAGE sql IMMUTABLE
	RETURN ARRAY(SELECT step FROM unnest((q).steps) WITH ORDINALITY s(step, i), generate_series(1, coalesce((q).min_counts[i], 1)) k ORDER BY i, k);
CREATE FUNCTION steps_done(q q, k integer) RETURNS integer LANGUAGE sql IMMUTABLE
	RETURN (SELECT count(*) FROM (SELECT sum(coalesce((q).min_counts[i], 1)) OVER (ORDER BY i) AS needs FROM generate_subscripts((q).steps, 1) i) s WHERE s.needs <= k)::integer;

-- Where the attempts of entry 'first' begin: at the first row that can, and then
-- at the first one behind the attempt before.  An attempt is over when none of
-- its chains can go on, be it for the window, for a gap, for an exclusion or,
-- in strict order, for the next row.  Each value held constant has its own.
CREATE FUNCTION attempts(q q) RETURNS TABLE (who text, at timestamptz, property text) LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF q.entry = 'any' THEN
		RETURN;
	END IF;
	q.entry := 'any';
	RETURN QUERY
	WITH RECURSIVE c AS MATERIALIZED (
		SELECT c.who, c.k, c.times, c.property, c.stuck FROM chains(q) c WHERE q.step_order <> 'any'
		UNION ALL SELECT c.who, c.k, c.times, c.property, false FROM unordered_chains(q) c WHERE q.step_order = 'any'
	), nexts AS MATERIALIZED (
		SELECT r.who, r.at FROM rows_of(q) r WHERE q.step_order = 'strict'
	), stop AS (
		SELECT r.who, r.at, r.property FROM rows_of(q) r WHERE r.names && q.exclusions
	), opened AS (
		SELECT c.who, c.property, c.times[1] AS at, max(CASE WHEN c.stuck THEN c.times[c.k] ELSE least(coalesce(c.times[c.k] + q.max_gaps[c.k + 1], 'infinity'), b.at) END) AS until
		FROM c LEFT JOIN LATERAL (SELECT min(r.at) AS at FROM nexts r WHERE q.step_order = 'strict' AND r.who = c.who AND r.at > c.times[c.k]) b ON true WHERE c.k < cardinality(single_steps(q)) GROUP BY c.who, c.property, c.times[1]
	), e AS MATERIALIZED (
		SELECT o.who, o.property, o.at, least(o.until, o.at + q.within, (SELECT min(x.at) FROM stop x WHERE x.who = o.who AND (x.property = o.property OR NOT q.hold_constant) AND x.at >= o.at)) AS until FROM opened o
	), a AS (
		(SELECT DISTINCT ON (e.who, e.property) e.who, e.property, e.at, e.until FROM e ORDER BY e.who, e.property, e.at)
		UNION ALL
		SELECT n.* FROM a, LATERAL (SELECT e.who, e.property, e.at, e.until FROM e WHERE e.who = a.who AND e.property = a.property AND e.at > a.until ORDER BY e.at LIMIT 1) n
	)
	SELECT a.who, a.at, a.property FROM a;
END
$$;

-- Every chain: distinct rows that meet the steps from the first one on, in time
-- order.  Rows tied in time may be taken in any order.  Sets of rows are bits.
CREATE FUNCTION chains(q q) RETURNS TABLE (who text, k integer, times timestamptz[], property text, stuck boolean) LANGUAGE sql STABLE
AS $$
	WITH RECURSIVE o AS MATERIALIZED (
		SELECT single_steps(q) AS steps, (q).clickhouse_modes IS NULL OR 'strict_once' = ANY ((q).clickhouse_modes) AS once,
			coalesce('strict_increase' = ANY ((q).clickhouse_modes), false) AS increase
	), r AS MATERIALIZED (
		SELECT r.*, coalesce(bit_or(1 << n) OVER (PARTITION BY who ORDER BY at RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP), 0) AS before,
			bit_or(1 << n) OVER (PARTITION BY who ORDER BY at) AS so_far,
			bit_or(CASE WHEN names && (q).exclusions THEN 1 << n ELSE 0 END) OVER (PARTITION BY who, property) AS stops
		FROM rows_of(q) r
	), entries AS MATERIALIZED (
		SELECT * FROM attempts(q) a WHERE (q).entry = 'first'
	), chain AS (
		SELECT r.who, 1 AS k, ARRAY[r.at] AS times, 1 << r.n AS used, r.property, r.before, r.so_far, r.so_far AS last_so_far
		FROM r, o
		WHERE o.steps[1] = ANY (r.names) AND ((q).entry = 'any' OR (r.who, r.at, r.property) IN (SELECT * FROM entries))
		UNION
		SELECT c.who, c.k + 1, c.times || r.at, CASE WHEN o.once THEN c.used ELSE 0 END | (1 << r.n), c.property, c.before, c.so_far, r.so_far
		FROM chain c JOIN r USING (who) CROSS JOIN o
		WHERE o.steps[c.k + 1] = ANY (r.names)
			-- a row is one step (in ClickHouse's default it may be several)
			AND (NOT o.once OR c.used & (1 << r.n) = 0)
			-- in order, or out of it by grace; within the window, which includes its end
			AND r.at >= c.times[c.k] - coalesce((q).grace, '0') AND (NOT o.increase OR r.at > c.times[c.k])
			AND ((q).within IS NULL OR r.at <= c.times[1] + (q).within)
			AND ((q).max_gaps[c.k + 1] IS NULL OR r.at - c.times[c.k] <= (q).max_gaps[c.k + 1])
			AND ((q).min_gaps[c.k + 1] IS NULL OR r.at - c.times[c.k] >= (q).min_gaps[c.k + 1])
			AND r.property = c.property
			-- no exclusion from the entry on; one comes after the steps of its own instant
			AND r.stops & r.before & ~c.before = 0
			-- strict: nothing that is tracked happens between
			AND ((q).step_order <> 'strict' OR r.before & ~c.so_far & ~c.used = 0)
	)
	-- stuck: in strict order another row of the last instant stands behind it
	SELECT who, k, times, property, (q).step_order = 'strict' AND last_so_far & ~so_far & ~used <> 0 FROM chain
$$;

-- Steps in any order: sets of rows that meet different steps, from the first
-- row's instant on.
CREATE FUNCTION unordered_chains(q q) RETURNS TABLE (who text, k integer, times timestamptz[], property text) LANGUAGE sql STABLE
AS $$
	WITH RECURSIVE r AS MATERIALIZED (
		SELECT *, row_number() OVER (PARTITION BY who ORDER BY at, n) AS i,
			array_agg(at) FILTER (WHERE names && (q).exclusions) OVER (PARTITION BY who, property) AS stops
		FROM rows_of(q)
	), step AS (
		SELECT name, 1 << o::integer AS bit FROM unnest((q).steps) WITH ORDINALITY s(name, o)
	), entries AS MATERIALIZED (
		SELECT * FROM attempts(q) a WHERE (q).entry = 'first'
	), chain AS (
		SELECT r.who, 1 AS k, r.i, ARRAY[r.at] AS times, bit AS done, r.property
		FROM r, step WHERE step.name = ANY (r.names) AND ((q).entry = 'any' OR (r.who, r.at, r.property) IN (SELECT * FROM entries))
		UNION
		SELECT c.who, c.k + 1, r.i, c.times || r.at, c.done | bit, c.property
		FROM chain c JOIN r USING (who), step
		WHERE r.i > c.i AND step.name = ANY (r.names) AND c.done & bit = 0
			AND ((q).within IS NULL OR r.at <= c.times[1] + (q).within)
			AND r.property = c.property
			AND NOT EXISTS (SELECT FROM unnest(r.stops) t WHERE t >= c.times[1] AND t < r.at)
	)
	SELECT who, k, times, property FROM chain
$$;

-- Whom an exclusion stops: no chain completes, and one falls into a window that
-- is open.
CREATE FUNCTION leavers(q q) RETURNS TABLE (who text) LANGUAGE sql STABLE
AS $$
	WITH c AS MATERIALIZED (SELECT * FROM chains(q)), r AS MATERIALIZED (SELECT * FROM rows_of(q))
	SELECT DISTINCT c.who FROM c JOIN r USING (who)
	WHERE c.k = 1 AND r.names && (q).exclusions AND r.at >= c.times[1]
		AND ((q).within IS NULL OR r.at <= c.times[1] + (q).within)
		AND c.who NOT IN (SELECT who FROM c WHERE k = cardinality(single_steps(q)))
$$;

-- The furthest step of everyone, and all the chains that reach it.
CREATE FUNCTION expected(q q) RETURNS TABLE (who text, step integer, ways jsonb) LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY
	WITH c AS MATERIALIZED (
		SELECT c.who, c.k, c.times FROM chains(q) c WHERE q.step_order <> 'any'
		UNION ALL
		SELECT c.who, c.k, c.times FROM unordered_chains(q) c WHERE q.step_order = 'any'
	), furthest AS (
		SELECT c.who, max(steps_done(q, c.k)) AS step FROM c GROUP BY c.who
	)
	SELECT f.who, f.step, jsonb_agg(DISTINCT to_jsonb(c.times))
	FROM (SELECT *, (SELECT min(x) FROM generate_series(1, 9) x WHERE steps_done(q, x) = w.step) AS needs FROM furthest w) f JOIN c ON c.who = f.who AND c.k = f.needs
	WHERE f.step > 0 AND (q.exclusion = 'drop_off' OR f.who NOT IN (SELECT l.who FROM leavers(q) l))
	GROUP BY f.who, f.step;
END
$$;
CREATE TABLE want AS SELECT q.id, split_part(e.who, '.', 1) AS u, e.* FROM q, expected(q) e;
CREATE INDEX ON want (id, u);
ANALYZE want;

-- Equality ----------------------------------------------------------------

CREATE FUNCTION label(q q) RETURNS text LANGUAGE sql STABLE
	RETURN (SELECT string_agg(format('%s %s', key, value), ', ') FROM jsonb_each_text(jsonb_strip_nulls(to_jsonb(q) - 'id')) j
		WHERE (key, value) NOT IN (('entry', 'any'), ('step_order', 'ordered'), ('counting', 'uniques'), ('exclusion', 'drop_off'), ('hold_constant', 'false')));
CREATE FUNCTION state_of(s s, q q) RETURNS funnel_state LANGUAGE sql IMMUTABLE
	RETURN CASE (q).state WHEN 'one' THEN (s).one WHEN 'star' THEN (s).star WHEN 'prop' THEN (s).prop WHEN 'many' THEN (s).many END;

CREATE TABLE have AS
SELECT q.id, f.*
FROM q, s, LATERAL funnel_users(state_of(s, q), q.within, q.steps, entry => q.entry, step_order => q.step_order, counting => q.counting,
	exclusions => q.exclusions, exclusion => q.exclusion, max_gaps => q.max_gaps, min_gaps => q.min_gaps, min_counts => q.min_counts,
	grace => q.grace, hold_constant => q.hold_constant, session_gap => q.session_gap, as_of => q.as_of, clickhouse_modes => q.clickhouse_modes) f
WHERE f.step > 0;
CREATE INDEX ON have (id, user_id);
ANALYZE have;

-- the histories reach every step of every question, so that equality says something
SELECT is_empty($$ SELECT q.id, q.steps FROM q, generate_series(1, cardinality(q.steps)) k WHERE NOT EXISTS (SELECT FROM want w WHERE w.id = q.id AND w.step = k)
		AND cardinality(q.steps) < 4 AND q.clickhouse_modes IS NULL AND q.as_of IS NULL AND q.min_counts IS NULL AND q.id < 60 $$, 'somebody stops at every step of a simple question');
SELECT is_empty(format($$
	WITH want AS (SELECT u, array_agg(step ORDER BY step) AS steps FROM want WHERE id = %1$s GROUP BY u),
		have AS (SELECT user_id AS u, array_agg(step ORDER BY step) AS steps FROM have WHERE id = %1$s GROUP BY user_id)
	SELECT u, want.steps AS want, have.steps AS have FROM want FULL JOIN have USING (u) WHERE want.steps IS DISTINCT FROM have.steps ORDER BY u LIMIT 5 $$, id),
	label(q) || ': the furthest steps equal the definition')
FROM q ORDER BY id;

-- what is reported as the way there is one of the chains
SELECT is_empty(format($$
	WITH have AS (SELECT user_id AS u, step, event, completed, to_jsonb(ARRAY(SELECT t FROM unnest(step_times) WITH ORDINALITY x(t, i) WHERE t IS NOT NULL ORDER BY %2$s)) AS times
		FROM have WHERE id = %1$s)
	SELECT * FROM have h JOIN q ON q.id = %1$s
	WHERE NOT EXISTS (SELECT FROM want w, jsonb_array_elements(w.ways) way
			WHERE w.id = %1$s AND w.u = h.u AND w.step = h.step AND h.times = CASE WHEN q.min_counts IS NULL THEN way
				ELSE (SELECT jsonb_agg(way -> (m - 1)::integer ORDER BY m) FROM (SELECT sum(c) OVER (ORDER BY i) AS m FROM unnest(q.min_counts) WITH ORDINALITY x(c, i)) y WHERE m <= jsonb_array_length(way)) END)
		OR h.completed <> (h.step = cardinality(q.steps)) OR h.event <> q.steps[h.step]
	ORDER BY h.u LIMIT 5 $$, id, CASE step_order WHEN 'any' THEN 't' ELSE 'i' END),
	label(q) || ': the times are a way to that step')
FROM q ORDER BY id;
-- and no way is sooner there
SELECT is_empty(format($$
	WITH best AS (SELECT w.u, w.step, min((way ->> -1)::timestamptz) AS soonest FROM want w, jsonb_array_elements(w.ways) way WHERE id = %1$s GROUP BY w.u, w.step)
	SELECT h.user_id, h.step, h.step_times, soonest FROM have h JOIN best ON best.u = h.user_id
	WHERE h.id = %1$s AND (SELECT max(t) FROM unnest(h.step_times) t) <> soonest LIMIT 5 $$, id), label(q) || ': no way is sooner there')
FROM q WHERE counting = 'uniques' AND min_counts IS NULL AND grace IS NULL ORDER BY id;

-- The table of steps is the sum of its users -------------------------------

CREATE TABLE report AS
SELECT q.id, f.*
FROM q, s, LATERAL funnel(state_of(s, q), q.within, q.steps, entry => q.entry, step_order => q.step_order, counting => q.counting,
	exclusions => q.exclusions, exclusion => q.exclusion, max_gaps => q.max_gaps, min_gaps => q.min_gaps, min_counts => q.min_counts,
	grace => q.grace, hold_constant => q.hold_constant, session_gap => q.session_gap, as_of => q.as_of, clickhouse_modes => q.clickhouse_modes) f;

SELECT is_empty($$
	WITH want AS (SELECT q.id, k AS step, CASE WHEN q.step_order <> 'any' THEN q.steps[k] END AS event, (SELECT count(*) FROM have h WHERE h.id = q.id AND h.step >= k) AS users
		FROM q, generate_subscripts(q.steps, 1) k)
	SELECT * FROM want w FULL JOIN report r USING (id, step)
	WHERE w.event IS DISTINCT FROM r.event OR w.users IS DISTINCT FROM r.users $$, 'every step counts who got there or further');
SELECT is_empty($$
	SELECT * FROM (SELECT *, lag(users) OVER w AS before, first_value(users) OVER w AS entered FROM report WINDOW w AS (PARTITION BY id ORDER BY step)) r
	WHERE drop_off IS DISTINCT FROM coalesce(before - users, 0)
		OR abs(step_rate - CASE WHEN step = 1 THEN 1 ELSE users::numeric / nullif(before, 0) END) > 1e-15
		OR abs(overall_rate - users::numeric / nullif(entered, 0)) > 1e-15
		OR (step_rate IS NULL) <> (coalesce(before, entered) = 0) OR (overall_rate IS NULL) <> (entered = 0) $$,
	'rates and drop-off follow from the counts');
SELECT is_empty($$
	WITH want AS (SELECT h.id, k AS step, count(*) AS n, avg(x.seconds) AS average, percentile_cont(0.5) WITHIN GROUP (ORDER BY x.seconds) AS median
		FROM have h JOIN q USING (id), generate_series(2, h.step) k, LATERAL (SELECT greatest(0, extract(epoch FROM h.step_times[k] - h.step_times[k - 1]))::float8 AS seconds) x
		WHERE q.step_order <> 'any' GROUP BY h.id, k)
	SELECT * FROM want w JOIN report r USING (id, step)
	WHERE abs(r.average_seconds - w.average) > 1e-9 * greatest(1, w.average) OR abs(r.median_seconds - w.median) > 1e-9 * greatest(1, w.median)
		OR r.average_seconds IS NULL OR r.median_seconds IS NULL $$, 'seconds between the steps follow from the times of the users');
SELECT is_empty($$ SELECT * FROM report WHERE p_value IS NOT NULL OR significant IS NOT NULL $$, 'no baseline, no test');
SELECT is_empty($$
	WITH want AS (SELECT q.id, CASE WHEN q.exclusions IS NULL THEN 0 ELSE (SELECT count(*) FROM leavers(q)) END AS stopped FROM q WHERE NOT q.hold_constant AND q.max_gaps IS NULL AND q.step_order = 'ordered' AND q.counting = 'uniques' AND q.min_counts IS NULL)
	SELECT * FROM want w JOIN report r USING (id) WHERE r.excluded_users IS DISTINCT FROM w.stopped $$, 'whom an exclusion stops is counted');

-- a way that may still go on: its window and its gap reach to as_of, and no
-- exclusion has ended it
CREATE TABLE want_open AS
SELECT DISTINCT q.id, c.who FROM q, chains(q) c
WHERE q.as_of IS NOT NULL AND c.k < cardinality(q.steps) AND (q.within IS NULL OR c.times[1] + q.within >= q.as_of)
	AND (q.max_gaps[c.k + 1] IS NULL OR c.times[c.k] + q.max_gaps[c.k + 1] >= q.as_of)
	AND NOT EXISTS (SELECT FROM rows_of(q) x WHERE q.exclusions IS NOT NULL AND x.who = c.who AND x.property = c.property AND x.names && q.exclusions AND x.at >= c.times[1]);
SELECT is_empty($$
	SELECT q.id, q.as_of, h.user_id, h.step, h.open_window FROM have h JOIN q USING (id)
	WHERE h.open_window IS DISTINCT FROM CASE WHEN q.as_of IS NOT NULL THEN NOT h.completed AND EXISTS (SELECT FROM want_open o WHERE o.id = h.id AND o.who = h.user_id) END LIMIT 5 $$,
	'whose window is open at as_of');
SELECT is_empty($$
	WITH want AS (SELECT id, step, count(*) FILTER (WHERE open_window) AS open FROM have GROUP BY 1, 2)
	SELECT * FROM report r JOIN q USING (id) LEFT JOIN want w USING (id, step) WHERE r.open_window_users IS DISTINCT FROM CASE WHEN q.as_of IS NOT NULL THEN coalesce(w.open, 0) END $$,
	'open windows are counted at the furthest step');

-- Totals --------------------------------------------------------------------

-- Attempt by attempt: one is over at its conversion or when none of its chains
-- can go on.  With entry 'any' a first step within an attempt is another chance
-- of it, with 'first' it is nothing.
CREATE FUNCTION totals(q q) RETURNS TABLE (who text, step integer) LANGUAGE plpgsql STABLE AS $$
DECLARE
	r record;
	entry text := q.entry;
	ends timestamptz;
BEGIN
	q.entry := 'any';
	FOR r IN
		WITH c AS MATERIALIZED (SELECT * FROM chains(q)),
			x AS MATERIALIZED (SELECT * FROM rows_of(q) x WHERE q.exclusions IS NOT NULL AND x.names && q.exclusions)
		SELECT c.who, c.times[1] AS at, max(c.k) AS level, min(c.times[c.k]) FILTER (WHERE c.k = cardinality(q.steps)) AS converted,
			least(max(coalesce(c.times[c.k] + q.max_gaps[c.k + 1], 'infinity')) FILTER (WHERE c.k < cardinality(q.steps)), c.times[1] + q.within, min(x.at)) AS until
		FROM c LEFT JOIN x ON x.who = c.who AND x.at >= c.times[1]
		GROUP BY c.who, c.times[1] ORDER BY 1, 2
	LOOP
		IF who = r.who AND r.at <= ends THEN
			IF entry = 'any' THEN
				ends := CASE WHEN step = cardinality(q.steps) THEN least(ends, r.converted) ELSE coalesce(r.converted, greatest(ends, r.until)) END;
				step := greatest(step, r.level);
			END IF;
			CONTINUE;
		END IF;
		IF who IS NOT NULL THEN
			RETURN NEXT;
		END IF;
		who := r.who;
		step := r.level;
		ends := coalesce(r.converted, r.until);
	END LOOP;
	IF who IS NOT NULL THEN
		RETURN NEXT;
	END IF;
END
$$;

-- everybody without rows that are tied in time, since which row of the instant
-- of a conversion is left for the next attempt is open
CREATE TABLE tq AS
SELECT q.id, q.state, q.steps, q.within, e.entry, q.step_order, 'totals' AS counting, q.exclusions, q.exclusion, q.max_gaps, q.min_gaps, q.min_counts, q.grace, q.hold_constant, q.session_gap, q.as_of, q.clickhouse_modes
FROM q, unnest('{any,first}'::text[]) e(entry)
WHERE q.state IN ('one', 'many') AND q.entry = 'any' AND q.step_order = 'ordered' AND q.counting = 'uniques' AND q.exclusion = 'drop_off' AND coalesce(q.min_counts::text, q.grace::text, q.clickhouse_modes::text) IS NULL;
INSERT INTO tq SELECT 1000, state, '{A,B,A}', '9 s', entry FROM (VALUES ('one', 'any'), ('one', 'first'), ('many', 'any')) v(state, entry);
UPDATE tq SET step_order = 'ordered', counting = 'totals', exclusion = 'drop_off', hold_constant = false WHERE id = 1000;
CREATE TABLE untied AS SELECT u::text AS u FROM ev GROUP BY u HAVING count(*) = count(DISTINCT at);
SELECT is_empty($$
	WITH want AS (SELECT tq, t.who AS u, array_agg(t.step ORDER BY t.step) AS steps FROM tq, totals(ROW(tq.*)::q) t GROUP BY 1, 2),
	have AS (SELECT tq, f.user_id AS u, array_agg(f.step ORDER BY f.step) AS steps FROM s, tq, LATERAL funnel_users(state_of(s, ROW(tq.*)::q), tq.within, tq.steps, entry => tq.entry, counting => tq.counting,
		exclusions => tq.exclusions, max_gaps => tq.max_gaps, min_gaps => tq.min_gaps, as_of => tq.as_of) f GROUP BY 1, 2)
	SELECT (tq).id, (tq).state, (tq).entry, (tq).steps, u, w.steps AS want, h.steps AS have FROM want w FULL JOIN have h USING (tq, u) JOIN untied USING (u) WHERE w.steps IS DISTINCT FROM h.steps ORDER BY 1, 2, 3 LIMIT 8 $$, 'totals: every attempt equals the definition');
SELECT is_empty($$
	WITH have AS (SELECT tq, f.step FROM s, tq, LATERAL funnel_users(state_of(s, ROW(tq.*)::q), tq.within, tq.steps, entry => tq.entry, counting => 'totals', exclusions => tq.exclusions, max_gaps => tq.max_gaps, min_gaps => tq.min_gaps, as_of => tq.as_of) f)
	SELECT t, f.step, f.users FROM s, tq t, LATERAL funnel(state_of(s, ROW(t.*)::q), t.within, t.steps, entry => t.entry, counting => 'totals', exclusions => t.exclusions, max_gaps => t.max_gaps, min_gaps => t.min_gaps, as_of => t.as_of) f
	WHERE f.users <> (SELECT count(*) FROM have h WHERE h.tq = t AND h.step >= f.step) $$, 'totals: the steps count the attempts');

-- Steps that may be left out --------------------------------------------------

-- The way through the required steps is that without the others; an optional
-- step has the first row between its neighbours, behind the one before it.
CREATE TABLE oq (id integer GENERATED ALWAYS AS IDENTITY, steps text[], optional text[], within interval, entry text);
INSERT INTO oq (steps, optional, within, entry) VALUES ('{A,B,C}', '{B}', NULL, 'any'), ('{A,B,C}', '{B}', '5 s', 'first'), ('{A,B,C,D}', '{B,C}', '6 s', 'any'), ('{A,B,D,C}', '{B}', '9 s', 'any'),
	('{A,X,B,D,C}', '{X,D}', NULL, 'any'), ('{A,X,B}', '{X}', '4 s', 'first');
CREATE TABLE have_optional AS SELECT o.id, f.* FROM oq o, s, LATERAL funnel_users(one, o.within, o.steps, optional => o.optional, entry => o.entry) f;
CREATE TABLE want_optional AS
WITH RECURSIVE base AS (
	SELECT o.id, o.steps, o.optional, o.within, f.user_id, f.step_times FROM oq o, s, LATERAL funnel_users(one, o.within, ARRAY(SELECT x FROM unnest(o.steps) WITH ORDINALITY y(x, i) WHERE x <> ALL (o.optional) ORDER BY i), entry => o.entry) f
), walk AS (
	SELECT b.*, 0 AS i, 0 AS taken, '{}'::timestamptz[] AS times, NULL::timestamptz AS after FROM base b
	UNION ALL
	SELECT w.id, w.steps, w.optional, w.within, w.user_id, w.step_times, w.i + 1, w.taken + required::integer, w.times || t.at, coalesce(t.at, w.after)
	FROM walk w, LATERAL (SELECT w.steps[w.i + 1] <> ALL (w.optional) AS required) r,
		LATERAL (SELECT CASE WHEN required THEN w.step_times[w.taken + 1] ELSE (SELECT min(e.at) FROM ev e
			WHERE NOT e.many AND e.u::text = w.user_id AND e.names[1] = w.steps[w.i + 1] AND e.at >= w.after
				AND e.at <= coalesce(w.step_times[w.taken + 1], w.step_times[1] + w.within, 'infinity')
				AND (w.taken = 0 OR w.step_times[w.taken] IS NOT NULL)) END AS at) t
	WHERE w.i < cardinality(w.steps)
)
SELECT id, user_id, times FROM walk WHERE i = cardinality(steps);
SELECT is_empty($$ SELECT * FROM want_optional w FULL JOIN have_optional h USING (id, user_id) WHERE w.times IS DISTINCT FROM h.step_times ORDER BY id, user_id LIMIT 8 $$,
	'optional steps have their first row between the required ones, ties included');
SELECT is_empty($$
	SELECT o.*, f.step, f.users FROM oq o, s, LATERAL funnel(one, o.within, o.steps, optional => o.optional, entry => o.entry) f
	WHERE f.users <> (SELECT count(*) FROM have_optional h WHERE h.id = o.id AND h.step_times[f.step] IS NOT NULL) $$, 'optional steps count who has them');

-- Against a baseline ------------------------------------------------------------

SELECT is_empty(format($$
	WITH st AS (SELECT funnel_agg(u, at, names[1], '{A,B,C,D,X,*}') FILTER (WHERE u %% 3 = 1) AS a, funnel_agg(u, at, names[1], '{A,B,C,D,X,*}') FILTER (WHERE u %% 3 <> 1) AS b FROM ev WHERE NOT many),
	f AS (SELECT f.*, lag(f.users) OVER (ORDER BY f.step) AS before FROM st, funnel(a, '6 s', '{A,B,C}', %1$s baseline => b, alpha => 0.3) f),
	g AS (SELECT g.*, lag(g.users) OVER (ORDER BY g.step) AS before FROM st, funnel(b, '6 s', '{A,B,C}', %1$s as_of => NULL) g),
	want AS (SELECT step, t.p_value FROM f JOIN g USING (step) LEFT JOIN LATERAL two_proportion_test(f.users, f.before, g.users, g.before) t ON step > 1)
	SELECT * FROM f JOIN want w USING (step) WHERE abs(f.p_value - w.p_value) > 1e-12 OR (f.p_value IS NULL) <> (w.p_value IS NULL) OR f.significant IS DISTINCT FROM (w.p_value < 0.3)
		OR (step > 1 AND f.p_value IS NULL) $$, arguments), 'the p value of a step is that of two_proportion_test ' || arguments)
FROM unnest(ARRAY['', 'entry => ''first'',', 'step_order => ''strict'',', 'exclusions => ''{X}'',', 'counting => ''totals'',']) arguments;


-- Order of rows, parts and keys -------------------------------------------

CREATE FUNCTION bytes(funnel_state) RETURNS text LANGUAGE sql IMMUTABLE RETURN md5(funnel_state_send($1)) || ' ' || pg_column_size($1::text);

SELECT is_empty(format($$
	WITH shuffled AS (SELECT * FROM ev ORDER BY md5(%1$L || u || '/' || n)),
	t AS (SELECT
		(SELECT funnel_agg(u, at, names[1], '{A,B,C,D,X}') FROM shuffled WHERE NOT many) AS one,
		(SELECT funnel_agg(u, at, names[1], '{A,B,C,D,X,*}') FROM shuffled WHERE NOT many) AS star,
		(SELECT funnel_property_agg(u, at, names[1], '{A,B,C,D,X}', property) FROM shuffled WHERE NOT many) AS prop,
		(SELECT funnel_match_agg(u, at, ARRAY['A' = ANY (names), 'B' = ANY (names), 'C' = ANY (names), 'D' = ANY (names), 'X' = ANY (names)],
			'{A,B,C,D,X}') FROM shuffled WHERE many) AS many)
	SELECT FROM t, s WHERE (bytes(t.one), bytes(t.star), bytes(t.prop), bytes(t.many)) IS DISTINCT FROM (bytes(s.one), bytes(s.star), bytes(s.prop), bytes(s.many)) $$,
	x), format('shuffled (%s): the same bytes', x))
FROM generate_series(1, 3) x;

SELECT is_empty(format($$
	WITH parts AS (SELECT
			funnel_agg(u, at, names[1], '{A,B,C,D,X}') FILTER (WHERE NOT many) AS one, funnel_agg(u, at, names[1], '{A,B,C,D,X,*}') FILTER (WHERE NOT many) AS star,
			funnel_property_agg(u, at, names[1], '{A,B,C,D,X}', property) FILTER (WHERE NOT many) AS prop,
			funnel_match_agg(u, at, ARRAY['A' = ANY (names), 'B' = ANY (names), 'C' = ANY (names), 'D' = ANY (names), 'X' = ANY (names)], '{A,B,C,D,X}') FILTER (WHERE many) AS many
		FROM ev GROUP BY %s),
	t AS (SELECT rollup(one) AS one, rollup(star) AS star, rollup(prop) AS prop, rollup(many) AS many FROM parts)
	SELECT FROM t, s WHERE (bytes(t.one), bytes(t.star), bytes(t.prop), bytes(t.many)) IS DISTINCT FROM (bytes(s.one), bytes(s.star), bytes(s.prop), bytes(s.many)) $$,
	by_what), format('parts by %s roll up to the whole', by_what))
FROM unnest('{u,n,u % 7 || property,at,names}'::text[]) by_what;

SELECT is_empty($$
	SELECT FROM s, LATERAL (VALUES (s.one), (s.star), (s.prop), (s.many)) v(st)
	WHERE bytes(st::text::funnel_state) <> bytes(st) OR st::text::funnel_state <> st $$, 'read back from its text: the same state');

-- three keys, three kinds of time
CREATE TABLE keyed AS SELECT
	(SELECT funnel_agg(md5(u::text)::uuid, at, names[1], '{A,B,C,D,X}') FROM ev WHERE NOT many) AS uuid,
	(SELECT funnel_agg('user ' || u, at, names[1], '{A,B,C,D,X}') FROM ev WHERE NOT many) AS text,
	(SELECT funnel_agg(u, at AT TIME ZONE 'UTC', names[1], '{A,B,C,D,X}') FROM ev WHERE NOT many) AS utc;
SELECT is(bytes(utc), bytes(one), 'timestamp is read as UTC') FROM keyed, s;
SELECT is_empty(format($$
	WITH a AS (SELECT f.* FROM s, funnel_users(one, '5 s', '{A,B,C}') f), b AS (SELECT f.* FROM keyed, funnel_users(%1$s, '5 s', '{A,B,C}') f)
	(SELECT %2$s, step, step_times FROM a EXCEPT ALL SELECT user_id, step, step_times FROM b)
	UNION ALL (SELECT user_id, step, step_times FROM b EXCEPT ALL SELECT %2$s, step, step_times FROM a) $$, k, name), k || ' keys: the same users at the same steps')
FROM (VALUES ('uuid', 'md5(user_id)::uuid::text'), ('text', $$'user ' || user_id$$)) v(k, name);

\set file `mktemp`
\setenv NM_FILE :file
CREATE TEMP TABLE copied (LIKE s);
COPY s TO STDOUT (FORMAT binary) \g :file
\copy copied FROM PROGRAM 'cat "$NM_FILE"' (FORMAT binary)
\! rm -f "$NM_FILE"
SELECT ok(bytes(c.one) = bytes(s.one) AND bytes(c.star) = bytes(s.star) AND bytes(c.prop) = bytes(s.prop) AND bytes(c.many) = bytes(s.many), 'copied in binary form: the same bytes') FROM s, copied c;

CREATE TABLE busy AS SELECT u + 10000 * k AS u, n, at, names, property FROM ev, generate_series(0, 4) k;
ANALYZE busy;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT bytes(funnel_agg(u, at, names[1], '{A,B,C}')) AS a, bytes(funnel_property_agg(u, at, names[1], '{A,B,C}', property)) AS b FROM busy;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT results_eq($$ SELECT bytes(funnel_agg(u, at, names[1], '{A,B,C}')) AS a, bytes(funnel_property_agg(u, at, names[1], '{A,B,C}', property)) AS b FROM busy $$, 'SELECT a, b FROM serial', 'parallel workers give the same bytes');

SELECT * FROM finish();
ROLLBACK;
