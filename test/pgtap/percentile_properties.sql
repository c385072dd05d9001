-- percentile_properties.sql
--		Percentiles of random samples, against the server's own aggregates and
--		the definitions in plain SQL.
--
-- The samples follow from the seed alone; NM_SEED in the environment replaces
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
SET LOCAL jit = off;

\set seed percentiles
\getenv seed NM_SEED
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

CREATE TABLE settings AS SELECT :'seed'::text AS seed;

-- A number 0 .. n-1 that depends on the seed and on what it is for.
CREATE FUNCTION pick(what text, n bigint) RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT ('x' || substr(md5(s.seed || '/' || what), 1, 15))::bit(60)::bigint % n FROM settings s);

-- Samples -----------------------------------------------------------------

-- Sets of different kind: latencies, both signs, few values, values at and
-- beside powers of two, one value, huge ones, and ones with a gap.
CREATE TABLE r AS
SELECT row_number() OVER () AS id, kind, v::numeric(20, 6) AS v, 1 + pick(kind || 'group' || n, 5) AS part
FROM (
	SELECT 'latency' AS kind, n, exp(3 + (pick('a' || n, 1000) + pick('b' || n, 1000) + pick('c' || n, 1000)) / 500.0)::numeric AS v FROM generate_series(1, 900) n
	UNION ALL SELECT 'signs', n, (pick('d' || n, 2000000) - 1000000) / (ARRAY[1.0, 1000, 1000000])[1 + pick('e' || n, 3)::integer] FROM generate_series(1, 700) n
	UNION ALL SELECT 'few', n, (ARRAY[0, 0, 0.25, 99.999999, 100, -3])[1 + pick('f' || n, 6)::integer] FROM generate_series(1, 300) n
	UNION ALL SELECT 'powers', n, ((1::bigint << pick('g' || n, 50)::integer) + pick('h' || n, 3) - 1) / 1000000.0 * (1 - 2 * pick('i' || n, 2)) FROM generate_series(1, 500) n
	UNION ALL SELECT 'one', n, 123.456789 FROM generate_series(1, 77) n
	UNION ALL SELECT 'single', 1, pick('j', 1000000) / 7.0
	UNION ALL SELECT 'huge', n, 8e12 + pick('k' || n, 1000000000000) FROM generate_series(1, 12) n
	UNION ALL SELECT 'gap', n, CASE pick('l' || n, 3) WHEN 0 THEN 1000 + pick('m' || n, 50) WHEN 1 THEN 1 ELSE -1000 END FROM generate_series(1, 400) n
	UNION ALL SELECT 'narrow', n, 100 + pick('n' || n, 600000) / 1000000.0 FROM generate_series(1, 300) n
	UNION ALL SELECT 'wide', n, pick('o' || n, 1000000000000) / 1000000.0 FROM generate_series(1, 6000) n
) x;
CREATE INDEX ON r (kind, v);
CREATE TABLE e AS SELECT unnest('{0,0.000001,0.0001,0.001,0.0078125,0.01,0.05,0.1}'::float8[]) AS error;
CREATE TABLE s AS SELECT kind, error, percentile_agg(v, error) AS st FROM r, e GROUP BY kind, error;
SELECT is_empty($$ SELECT kind, error FROM s JOIN (SELECT kind, error, percentile_agg(v::float8, error) AS st FROM r, e GROUP BY kind, error) f USING (kind, error) WHERE s.st <> f.st $$, 'double precision gives what numeric gives');
CREATE TABLE f AS
	SELECT unnest('{0,1,0.5,0.25,0.9,0.95,0.99,0.999,0.01}'::float8[]) AS fraction
	UNION SELECT pick('fraction' || n, 100001) / 100000.0 FROM generate_series(1, 40) n;

-- Exactly -----------------------------------------------------------------

CREATE TABLE have AS SELECT s.kind, s.error, p.fraction, p.value AS disc, q.value AS cont
	FROM s, (SELECT array_agg(fraction ORDER BY fraction) AS fractions FROM f) f, percentiles(st, fractions) p, percentiles(st, fractions, 'cont') q WHERE q.fraction = p.fraction;
CREATE TABLE want AS SELECT kind, f.fraction,
		percentile_disc(f.fraction) WITHIN GROUP (ORDER BY v)::float8 AS disc, percentile_cont(f.fraction) WITHIN GROUP (ORDER BY v::float8) AS cont
	FROM r, f GROUP BY kind, f.fraction;
SELECT cmp_ok(count(*), '>', 3000::bigint, 'there is something to compare') FROM have;
SELECT is_empty($$ SELECT * FROM have h JOIN want w USING (kind, fraction) WHERE h.error = 0 AND (h.disc <> w.disc OR h.cont <> w.cont) $$,
	'with an error of 0 all is as percentile_disc and percentile_cont have it');
SELECT is_empty($$ SELECT * FROM have h JOIN want w USING (kind, fraction) WHERE abs(h.disc - w.disc) > h.error * abs(w.disc) * (1 + 1e-15) $$, 'no percentile is off by more than its error');
SELECT is_empty($$ SELECT * FROM have h JOIN want w USING (kind, fraction) WHERE kind NOT IN ('signs', 'gap', 'few', 'powers') AND abs(h.cont - w.cont) > h.error * abs(w.cont) * (1 + 1e-15) $$,
	'nor is an interpolated one, of values of one sign');
SELECT is_empty($$ SELECT * FROM have h JOIN want w USING (kind, fraction) WHERE kind IN ('one', 'single') AND (h.disc <> w.disc OR h.cont <> w.cont) $$, 'of equal values all are exact');
SELECT is_empty($$ SELECT * FROM have h JOIN want w USING (kind, fraction) WHERE fraction IN (0, 1) AND h.disc <> w.disc $$, 'the lowest and the highest are exact');
SELECT is_empty($$ SELECT * FROM (SELECT *, lag(disc) OVER o AS d, lag(cont) OVER o AS c FROM have WINDOW o AS (PARTITION BY kind, error ORDER BY fraction)) t WHERE disc < d OR cont < c $$,
	'a larger fraction has no smaller percentile');
-- the errors of coarse states are there to be seen
SELECT cmp_ok(max(abs(h.disc - w.disc) / nullif(abs(w.disc), 0)), '>', 0.02::float8, 'coarse states are off') FROM have h JOIN want w USING (kind, fraction) WHERE h.error = 0.1;

SELECT is_empty($$
	SELECT s.kind, s.error, p.* FROM s, percentile_summary(st) p, LATERAL (SELECT count(*) AS n, sum(v) AS sum, avg(v) AS mean, min(v) AS lowest, max(v) AS highest FROM r WHERE r.kind = s.kind) w
	WHERE (p.samples, p.sum, p.lowest, p.highest) IS DISTINCT FROM (w.n, w.sum, w.lowest::float8, w.highest::float8) OR abs(p.mean - w.mean) > 1e-12 * abs(w.mean) + 1e-12
		OR (p.p50, p.p90, p.p95, p.p99) IS DISTINCT FROM (percentile(st, 0.5), percentile(st, 0.9), percentile(st, 0.95), percentile(st, 0.99))
		OR p.relative_error > s.error OR 2 * p.relative_error < s.error AND s.error < 0.1 OR p.relative_error > 0.0625 $$,
	'number, sum, mean, lowest and highest are exact at any error');

-- Buckets -----------------------------------------------------------------

CREATE TABLE b AS SELECT s.kind, s.error, h.* FROM s, percentile_histogram(st) WITH ORDINALITY h(low, high, samples, sum, share, cumulative_share, i);
ANALYZE r;
-- the bounds of huge values are no doubles
SELECT is_empty($$ SELECT * FROM b, LATERAL (SELECT count(*) AS n, sum(v) AS v FROM r WHERE r.kind = b.kind AND r.v BETWEEN b.low::text::numeric AND b.high::text::numeric) w
	WHERE b.kind <> 'huge' AND (b.samples, b.sum) IS DISTINCT FROM (w.n, w.v) $$, 'a bucket has the samples between its bounds, and their sum');
SELECT is_empty($$ SELECT * FROM (SELECT *, lag(high) OVER o AS before, sum(samples) OVER o AS upto, sum(samples) OVER (PARTITION BY kind, error) AS total FROM b WINDOW o AS (PARTITION BY kind, error ORDER BY i)) t
	WHERE low < before OR low = before AND kind <> 'huge' OR low > high OR share <> samples / total OR cumulative_share <> upto / total $$, 'buckets ascend, and their shares add up');
SELECT is_empty($$ SELECT * FROM b WHERE high - low > 2 * error * least(abs(low), abs(high)) $$, 'a bucket is at most two errors wide');
SELECT is(count(*), (SELECT count(DISTINCT (kind, v)) FROM r), 'with an error of 0 each value has a bucket') FROM b WHERE error = 0;

-- Up to a value -----------------------------------------------------------

CREATE TABLE t AS SELECT DISTINCT kind, (v + d)::float8 AS t FROM r, unnest('{0,0.000001,-0.000001,0.3}'::numeric[]) d WHERE id % 23 = 0 AND kind <> 'huge';
INSERT INTO t SELECT DISTINCT kind, x FROM b, unnest(ARRAY[low, high]) x WHERE i % 11 = 1 AND kind <> 'huge';
CREATE TABLE w AS SELECT t.*, s.error, s.st, x.*, (SELECT count(*) FROM r WHERE r.kind = t.kind AND r.v <= t.t::text::numeric) AS truth FROM t JOIN s USING (kind), share_within(st, t) x WHERE s.error IN (0, 0.01, 0.1);
SELECT cmp_ok(count(*) FILTER (WHERE samples_within_low < samples_within_high), '>', 100::bigint, 'some bounds are apart') FROM w;
SELECT is_empty($$ SELECT kind, t, error, samples_within_low, samples_within_high, truth FROM w WHERE NOT truth BETWEEN samples_within_low AND samples_within_high $$, 'the truth is within the bounds');
SELECT is_empty($$ SELECT kind, t, error FROM w WHERE error = 0 AND samples_within_low < samples_within_high $$, 'with an error of 0 there is nothing between them');
SELECT is_empty($$ SELECT kind, t, error FROM w WHERE share_low <> samples_within_low::numeric / samples OR share_high <> samples_within_high::numeric / samples
	OR abs(percentile_rank(st, t) - (share_low + share_high)::float8 / 2) > 1e-15 $$, 'shares and ranks are those of the counts');
SELECT is_empty($$ SELECT w.kind, w.t, w.error FROM w JOIN b USING (kind, error) WHERE (w.t = b.high OR w.t = b.low - 0.000001) AND samples_within_low < samples_within_high $$, 'at the end of a bucket the bounds are equal');
-- the tightest: a bucket whose values all lie at one of two ends
SELECT is_empty($$
	SELECT n, m, x.* FROM generate_series(0, 12) n, generate_series(0, 12) m,
		LATERAL (SELECT percentile_agg(q.v, 0.1) AS s FROM (SELECT 11.534336 AS v FROM generate_series(1, n) UNION ALL SELECT 12.582911 FROM generate_series(1, m) UNION ALL SELECT 1 UNION ALL SELECT 1000) q) y,
		LATERAL share_within(s, 12) x, percentiles(s, '{0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1}') p
	WHERE NOT n + 1 BETWEEN samples_within_low AND samples_within_high
		OR m = 0 AND samples_within_low < n + 1 OR n = 0 AND samples_within_high > 1
		OR abs(p.value - (SELECT percentile_disc(p.fraction) WITHIN GROUP (ORDER BY q.v) FROM (SELECT 11.534336 AS v FROM generate_series(1, n) UNION ALL SELECT 12.582911 FROM generate_series(1, m) UNION ALL SELECT 1 UNION ALL SELECT 1000) q)) > 1.048575 / 2 + 1e-9 $$,
	'values at the ends of a bucket');

-- Order, parts, counts ----------------------------------------------------

SELECT is_empty($$ SELECT kind, error FROM s WHERE st::text <> (SELECT percentile_agg(v, error ORDER BY v)::text FROM r WHERE r.kind = s.kind)
	OR st::text <> (SELECT percentile_agg(v, error ORDER BY md5(id::text))::text FROM r WHERE r.kind = s.kind) $$, 'any order of rows gives the same bytes');
CREATE TABLE p AS SELECT kind, error, part, percentile_agg(v, error) AS st FROM r, e GROUP BY kind, error, part;
SELECT is_empty($$ SELECT kind, error FROM s WHERE st::text <> (SELECT rollup(p.st ORDER BY part)::text FROM p WHERE (p.kind, p.error) = (s.kind, s.error))
	OR st::text <> (SELECT rollup(p.st ORDER BY part DESC)::text FROM p WHERE (p.kind, p.error) = (s.kind, s.error)) $$, 'parts give the bytes of the whole, in any order');
SELECT is_empty($$ SELECT a.kind FROM p a, p b, p c WHERE (a.kind, a.error) = (b.kind, b.error) AND (a.kind, a.error) = (c.kind, c.error) AND (a.part, b.part, c.part) = (1, 2, 3)
	AND (combine(combine(a.st, b.st), c.st)::text <> combine(a.st, combine(b.st, c.st))::text OR combine(a.st, b.st)::text <> combine(b.st, a.st)::text) $$, 'combine is associative and commutative');
SELECT is_empty($$ SELECT kind, error FROM s WHERE st::text::percentile_state::text <> st::text $$, 'the text form round-trips');
SELECT is_empty($$
	WITH counted AS (SELECT kind, v, pick('n' || id, 5) AS n FROM r WHERE id % 3 = 0)
	SELECT kind, error FROM (SELECT kind, error, percentile_count_agg(v, n, error)::text AS st FROM counted, e GROUP BY 1, 2) a
	FULL JOIN (SELECT kind, error, percentile_agg(v, error)::text AS st FROM counted, e, generate_series(1, n) GROUP BY 1, 2) b USING (kind, error)
	WHERE a.st IS DISTINCT FROM b.st $$, 'a count of n is n rows');

-- parallel workers
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
SELECT is_empty($$ SELECT kind FROM s JOIN (SELECT kind, percentile_agg(v, 0.01) AS st FROM r GROUP BY kind) q USING (kind) WHERE s.error = 0.01 AND q.st::text <> s.st::text $$, 'workers give the same bytes');
SELECT is((SELECT percentile_agg(v, 0.000001)::text FROM r WHERE kind <> 'huge'), (SELECT rollup(st)::text FROM s WHERE error = 0.000001 AND kind <> 'huge'), 'nor does it show who merged many buckets');

SELECT * FROM finish();
ROLLBACK;
