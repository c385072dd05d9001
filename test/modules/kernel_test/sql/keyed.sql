-- The keyed store: entities that are found by identity and updated.
\set VERBOSITY terse
SET datestyle = 'ISO';
SET max_parallel_workers_per_gather = 0;
SET jit = off;

-- Rows in an order that looks random and is the same on every machine: 60,000
-- keys of either sign, seven blocks, one bit each.
CREATE UNLOGGED TABLE hits AS
SELECT n, hashint8extended(n, 1) % 30000 AS key,
	(hashint8extended(n, 2) % 4)::integer AS block,
	1::bigint << (hashint8extended(n, 3) & 63)::integer AS mask
FROM generate_series(1, 400000) n;
CREATE INDEX ON hits (n);
ANALYZE hits;

-- what plain SQL says
CREATE UNLOGGED TABLE truth AS
SELECT key, block, bit_or(mask) AS mask, count(*) AS rows FROM hits GROUP BY 1, 2;
CREATE UNLOGGED TABLE whole AS
SELECT keyed_agg(key, block, mask) AS state FROM hits;

CREATE FUNCTION differences(state keyed_state) RETURNS bigint LANGUAGE sql AS $$
	SELECT (SELECT count(*) FROM (SELECT key::text, block, mask, rows FROM truth
		EXCEPT ALL SELECT * FROM keyed_rows(state)) a)
	+ (SELECT count(*) FROM (SELECT * FROM keyed_rows(state)
		EXCEPT ALL SELECT key::text, block, mask, rows FROM truth) b)
$$;

SELECT (SELECT count(*) FROM truth) > 100000 AS large, keyed_totals(state), differences(state) FROM whole;

-- entities come out in the order of their identity
SELECT count(*) AS out_of_order FROM (
	SELECT key::bigint, block, lag((key::bigint, block)) OVER (ORDER BY n) AS before
	FROM whole, keyed_rows(state) WITH ORDINALITY r (key, block, mask, rows, n)) s
WHERE (key, block) <= before;

-- in any order the same bytes
SELECT (SELECT keyed_agg(key, block, mask ORDER BY n DESC) FROM hits) = state AS backwards,
	(SELECT keyed_agg(key, block, mask ORDER BY key, block) FROM hits) = state AS by_key,
	(SELECT keyed_agg(key, block, mask ORDER BY mask, n) FROM hits) = state AS by_mask
FROM whole;

-- Growth: every size around the steps 1, 2, 4, 8, 16, 32 (24 entities at load
-- 3/4), 64 (48), 4096 (3072, where the ring begins), 8192 (6144) and beyond.
SELECT count(*) AS sizes, count(*) FILTER (WHERE ok) AS as_expected FROM (
	SELECT n, bool_and(keyed_totals(up) = format('%s entities, %s rows, %s bits', n, n + n / 2, n))
		AND bool_and(up = down) AND bool_and(up::text::keyed_state = up) AS ok
	FROM (SELECT generate_series(1, 70) UNION ALL SELECT generate_series(1530, 1545, 5)
		UNION ALL SELECT generate_series(3065, 3115, 3) UNION ALL SELECT generate_series(6130, 6190, 7)
		UNION ALL VALUES (12288), (12289), (50000)) s (n),
	LATERAL (SELECT keyed_agg(k % n, 0, 1) AS up, keyed_agg(k % n, 0, 1 ORDER BY k DESC) AS down
		FROM generate_series(0, n + n / 2 - 1) k) t
	GROUP BY n) u;

-- one entity takes 64 bytes, a header and a record
SELECT pg_column_size(keyed_agg(7::bigint, 1, 1)) AS bytes,
	pg_column_size(keyed_agg(7::bigint, n, 1)) AS bytes_of_ten FROM generate_series(1, 10) n;

-- Partial states: of any rows, over the text form, with empty parts and NULLs.
CREATE UNLOGGED TABLE parts AS
SELECT hashint8extended(n, 9) & 15 AS part, keyed_agg(key, block, mask)::text AS state
FROM hits GROUP BY 1 UNION ALL VALUES (98, NULL), (99, NULL);
SELECT rollup(state::keyed_state) = (SELECT state FROM whole) AS rollup_of_parts,
	rollup(state::keyed_state ORDER BY part DESC) = (SELECT state FROM whole) AS backwards,
	keyed_totals(rollup(state::keyed_state)) FROM parts;
SELECT combine(a, b) = combine(b, a) AS commutes,
	combine(a, combine(b, c)) = combine(combine(a, b), c) AS associates,
	combine(a, NULL) = a AND combine(NULL, a) = a AS null_is_empty,
	combine(NULL::keyed_state, NULL) IS NULL AS both_null
FROM (SELECT max(state) FILTER (WHERE part = 0)::keyed_state AS a, max(state) FILTER (WHERE part = 1)::keyed_state AS b,
	max(state) FILTER (WHERE part = 2)::keyed_state AS c FROM parts) p;
-- a combined value is a new one: its argument is as before
SELECT keyed_totals(combine(a, b)) AS both, keyed_totals(a) AS a, keyed_totals(b) AS b
FROM (SELECT keyed_agg(n, 0, 1) AS a, keyed_agg(n + 5, 0, 2) AS b FROM generate_series(1, 10) n) s;
SELECT rollup(state) IS NULL AS no_states FROM whole WHERE false;

-- Parallel workers ship working states, with rows in their rings.
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
DO $$
DECLARE
	line text;
	partial boolean := false;
BEGIN
	FOR line IN EXPLAIN SELECT keyed_agg(key, block, mask) FROM hits LOOP
		partial := partial OR line LIKE '%Partial Aggregate%';
	END LOOP;
	RAISE NOTICE 'partial aggregate: %', partial;
END $$;
SELECT (SELECT keyed_agg(key, block, mask) FROM hits) = state AS parallel FROM whole;
SET parallel_leader_participation = off;
SELECT (SELECT keyed_agg(key, block, mask) FROM hits) = state AS workers_alone FROM whole;
SELECT count(*) AS groups, bool_and(a.state = b.state) AS equal
FROM (SELECT n % 100 AS g, keyed_agg(key, block, mask) AS state FROM hits GROUP BY 1) a
JOIN (SELECT n % 100 AS g, keyed_agg(key, block, mask ORDER BY n) AS state FROM hits GROUP BY 1) b USING (g);
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;

-- Many tiny groups: less than 100 bytes each beyond count(*).
SET work_mem = '256MB';
SET enable_sort = off;
DO $$
DECLARE
	plan json;
	plain bigint;
	states bigint;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) SELECT n, count(*) FROM hits WHERE n <= 200000 GROUP BY 1' INTO plan;
	plain := (plan->0->'Plan'->>'Peak Memory Usage')::bigint;
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) SELECT n, keyed_agg(key, block, mask) FROM hits WHERE n <= 200000 GROUP BY 1' INTO plan;
	states := (plan->0->'Plan'->>'Peak Memory Usage')::bigint;
	RAISE NOTICE 'less than 100 bytes a group: %', (states - plain) * 1024 / 200000.0 BETWEEN 0 AND 100;
END $$;
RESET enable_sort;

-- Plans: hashed, hashed with spilling, sorted, grouping sets.
CREATE UNLOGGED TABLE by_group AS
SELECT n % 300 AS g, keyed_agg(key, block, mask ORDER BY n) AS state FROM hits WHERE n <= 100000 GROUP BY 1;
SET enable_sort = off;
SELECT bool_and(a.state = b.state) AS hashed FROM by_group a
JOIN (SELECT n % 300 AS g, keyed_agg(key, block, mask) AS state FROM hits WHERE n <= 100000 GROUP BY 1) b USING (g);
SET work_mem = '64kB';
SELECT bool_and(a.state = b.state) AS spilled FROM by_group a
JOIN (SELECT n % 300 AS g, keyed_agg(key, block, mask) AS state FROM hits WHERE n <= 100000 GROUP BY 1) b USING (g);
RESET enable_sort;
SET enable_hashagg = off;
SELECT bool_and(a.state = b.state) AS sorted FROM by_group a
JOIN (SELECT n % 300 AS g, keyed_agg(key, block, mask) AS state FROM hits WHERE n <= 100000 GROUP BY 1) b USING (g);
RESET enable_hashagg;
RESET work_mem;
SELECT g IS NULL AS total, count(*), keyed_totals(rollup(state)) = keyed_totals((SELECT rollup(state) FROM by_group)) AS equal
FROM (SELECT n % 3 AS g, keyed_agg(key, block, mask) AS state FROM hits WHERE n <= 100000
	GROUP BY GROUPING SETS ((n % 3), ())) s GROUP BY 1 ORDER BY 1;

-- Results are asked for more than once: window frames and shared states.
SELECT count(*) AS frames, count(DISTINCT totals) AS different,
	bool_and(totals = (SELECT keyed_totals(keyed_agg(key, block, mask)) FROM hits h WHERE h.n <= s.n)) AS as_expected
FROM (SELECT n, row_number() OVER (PARTITION BY n / 700 ORDER BY n DESC) AS last,
	keyed_totals(keyed_agg(key, block, mask) OVER (ORDER BY n / 700)) AS totals FROM hits WHERE n < 8400) s WHERE last = 1;
SELECT count(*) AS frames, bool_and(totals = (SELECT keyed_totals(keyed_agg(key % 30, block, mask)) FROM hits h
	WHERE h.n BETWEEN s.n - 40 AND s.n + 1 AND h.n < 200)) AS as_expected
FROM (SELECT n, keyed_totals(keyed_agg(key % 30, block, mask) OVER (ORDER BY n ROWS BETWEEN 40 PRECEDING AND 1 FOLLOWING)) AS totals
	FROM hits WHERE n < 200) s;
CREATE AGGREGATE totals_agg(bigint, integer, bigint) (
	SFUNC = keyed_trans, STYPE = keyed_state, FINALFUNC = keyed_totals, COMBINEFUNC = combine, PARALLEL = SAFE);
SELECT a = c AND b = keyed_totals(a) AS shared FROM (SELECT keyed_agg(key, block, mask) AS a,
	totals_agg(key, block, mask) AS b, keyed_agg(key, block, mask) AS c FROM hits WHERE n <= 20000) s;

-- A user's aggregate over a STRICT wrapper starts with a stored state, short
-- or toasted, which is not ours to change.
CREATE FUNCTION strict_combine(keyed_state, keyed_state) RETURNS keyed_state
	AS '$libdir/kernel_test', 'nm_keyed_test_combine' LANGUAGE C IMMUTABLE STRICT;
CREATE AGGREGATE strict_rollup(keyed_state) (SFUNC = strict_combine, STYPE = keyed_state, FINALFUNC = keyed_state_final);
SELECT keyed_totals(strict_rollup(state)) = keyed_totals(rollup(state)) AS same, count(*) FROM by_group;
CREATE AGGREGATE started_agg(bigint, integer, bigint) (SFUNC = keyed_trans, STYPE = keyed_state, FINALFUNC = keyed_state_final,
	INITCOND = 'TvoBAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAABwAAAAAAAAABAAAAAAAAAAEAAAAAAAAAAQ');
SELECT r.* FROM (SELECT started_agg(n, 1, 2) AS state FROM generate_series(6, 8) n) s, keyed_rows(state) r;

-- Keys made to collide: equal low bits, equal high bits, multiples, extremes
-- and the identity of zero bytes.
SELECT what, count(*) AS sets, bool_and(keyed_totals(state) = format('%s entities, %s rows, %s bits', n, 2 * n, n)) AS as_expected
FROM (SELECT what, n, keyed_agg(key, 0, 1) AS state
	FROM (VALUES (20), (3000), (40000)) v (n), LATERAL generate_series(1, n) k,
	LATERAL (VALUES ('low bits', k::bigint << 40), ('high bits', k::bigint), ('multiples', k * 4096::bigint),
		('falling', -k::bigint), ('top', 9223372036854775807 - k), ('bottom', -9223372036854775807 + k - 2)) a (what, key),
	generate_series(1, 2) GROUP BY 1, 2) s
GROUP BY 1 ORDER BY 1;
SELECT keyed_totals(keyed_agg(k, b, 1)) AS with_zero, keyed_totals(rollup(s)) AS rolled_up
FROM (SELECT k, b, keyed_agg(k, b, 1) AS s FROM generate_series(-9, 9) k, generate_series(-9, 9) b GROUP BY 1, 2) t;
SELECT keyed_totals(keyed_agg(k, b, 1)) AS with_zero, count(*) FROM generate_series(-59, 59) k, generate_series(-59, 59) b, generate_series(1, 2);

-- Text keys are numbers of a dictionary, which differ from part to part.
SELECT (SELECT count(*) FROM (SELECT 'user ' || key, block, mask, rows FROM truth
		EXCEPT ALL SELECT * FROM keyed_rows(state)) a) AS differences, keyed_totals(state)
FROM (SELECT keyed_agg('user ' || key, block, mask) AS state FROM hits) s;
CREATE UNLOGGED TABLE text_whole AS SELECT keyed_agg('user ' || key, block, mask) AS state FROM hits WHERE n <= 100000;
SELECT rollup(state::text::keyed_state) = (SELECT state FROM text_whole) AS parts FROM
	(SELECT n % 7 AS part, keyed_agg('user ' || key, block, mask) AS state FROM hits WHERE n <= 100000 GROUP BY 1) p;
SET max_parallel_workers_per_gather = 2;
SELECT (SELECT keyed_agg('user ' || key, block, mask) FROM hits WHERE n <= 100000) = state AS parallel FROM text_whole;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS frames, bool_and(totals = (SELECT keyed_totals(keyed_agg('user ' || key, block, mask)) FROM hits h WHERE h.n <= s.n)) AS as_expected
FROM (SELECT n, row_number() OVER (PARTITION BY n / 900 ORDER BY n DESC) AS last,
	keyed_totals(keyed_agg('user ' || key, block, mask) OVER (ORDER BY n / 900)) AS totals FROM hits WHERE n < 7200) s WHERE last = 1;
SELECT * FROM keyed_rows((SELECT keyed_agg(k, 1, 1) FROM (VALUES ('b'), (''), ('é'), ('a'), ('B'), ('b')) v (k)));
SELECT combine(keyed_agg(1::bigint, 1, 1), keyed_agg('1'::text, 1, 1));

-- Keys that all have one hash in the dictionary.
SELECT count(DISTINCT key) AS keys, count(DISTINCT uuid_hash(key)) AS hashes, keyed_totals(keyed_agg(key, n % 2, 1)) AS totals
FROM generate_series(1, 4000) n, LATERAL colliding_uuid(n / 2) key;

-- Two string fields in an identity of 12 bytes.
WITH words AS (SELECT 'k' || key % 2000 AS key, (ARRAY['mail', 'phone', 'web', ''])[1 + (mask::numeric % 4)::integer % 4] AS channel, n
	FROM hits WHERE mask > 0 AND n <= 120000),
state AS (SELECT count_agg(key, channel) AS s FROM words),
oracle AS (SELECT key, channel, count(*)::integer AS rows FROM words GROUP BY 1, 2)
SELECT (SELECT count(*) FROM oracle) AS entities,
	(SELECT count(*) FROM (SELECT * FROM oracle EXCEPT ALL SELECT * FROM count_rows((SELECT s FROM state))) d) AS missing,
	(SELECT count(*) FROM (SELECT * FROM count_rows((SELECT s FROM state)) EXCEPT ALL SELECT * FROM oracle) d) AS invented,
	(SELECT rollup(p) FROM (SELECT count_agg(key, channel)::text::count_state AS p FROM words GROUP BY n % 11) q) = s AS parts,
	(SELECT count_agg(key, channel ORDER BY n DESC) FROM words) = s AS backwards
FROM state;

-- Limits and damage.
SET kernel_test.max_state_size = '1MB';
SELECT keyed_totals(keyed_agg(n, 0, 1)) FROM generate_series(1, 32000) n;
SELECT keyed_totals(keyed_agg(n, 0, 1)) FROM generate_series(1, 32768) n;
SELECT keyed_totals(keyed_agg(n, 0, 1)) FROM generate_series(1, 1000000) n;
-- only what the result will take counts, not the slack of a table
SELECT length(count_agg(rpad(n::text, 30, 'x'), 'a')::text) AS length FROM generate_series(1, 20000) n;
SELECT length(count_agg(rpad(n::text, 30, 'x'), 'a')::text) AS length FROM generate_series(1, 21000) n;
-- nor what the planner expects of states that will follow
SELECT keyed_totals(rollup(state)) FROM generate_series(0, 319) g, LATERAL (SELECT keyed_agg(g * 100::bigint + k, 0, 1) AS state FROM generate_series(1, 100 + g * 0) k GROUP BY k) s;
SELECT keyed_totals(rollup(state)) FROM generate_series(0, 329) g, LATERAL (SELECT keyed_agg(g * 100::bigint + k, 0, 1) AS state FROM generate_series(1, 100 + g * 0) k GROUP BY k) s;
RESET kernel_test.max_state_size;
SELECT keyed_double(keyed_agg(n, 0, 1))::text::keyed_state FROM generate_series(1, 3) n;
SELECT keyed_double(keyed_agg(n, 0, 1)) IS NULL AS as_value FROM generate_series(1, 3) n;
SELECT keyed_trans(NULL, 1::bigint, 1, 1);

-- A long run ends when it is told to: in the rows, in a merge, in the result.
SELECT clock_timestamp() AS started \gset
SET statement_timeout = '300ms';
SELECT keyed_totals(keyed_agg(n % 300000, 0, 1)) FROM generate_series(1, 1000000000) n;
SELECT keyed_totals(rollup(state)) FROM whole, generate_series(1, 1000000);
SELECT count(keyed_totals(combine(state, state))) FROM whole, generate_series(1, 1000000);
RESET statement_timeout;
SELECT clock_timestamp() - :'started' < interval '10 s' AS in_time;

DROP TABLE hits, truth, whole, parts, by_group, text_whole;
DROP FUNCTION differences;
DROP AGGREGATE totals_agg(bigint, integer, bigint), started_agg(bigint, integer, bigint), strict_rollup(keyed_state);
DROP FUNCTION strict_combine;
