-- The envelope of a state: equal contents have equal bytes, whatever the way
-- they were put together, shipped and stored.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'
\set VERBOSITY default
\set SHOW_CONTEXT never

-- 60 customers with 1 to 4 periods each, by arithmetic
CREATE TABLE history AS
SELECT row_number() OVER (ORDER BY c, p)::integer AS id, c::bigint AS customer, (date '2023-01-01' + c * 7 % 300 + p * 60) AS f,
	CASE WHEN (c + p) % 11 > 0 THEN date '2023-01-01' + c * 7 % 300 + p * 60 + 10 + c * p % 80 END AS t, ((c * 37 + p * 11) % 200)::numeric / 4 AS mrr
FROM generate_series(1, 60) c, generate_series(1, 4) p WHERE p <= 1 + c % 4;
SELECT count(*), count(DISTINCT customer) FROM history;
CREATE TABLE one_pass AS
SELECT 'bigint, days' AS what, mrr_agg(customer, f, t, mrr) AS s FROM history
UNION ALL SELECT 'bigint, instants', mrr_agg(customer, f::timestamptz + interval '3 hours', t::timestamptz + interval '3 hours', mrr) FROM history
UNION ALL SELECT 'uuid, days', mrr_agg(md5(customer::text)::uuid, f, t, mrr) FROM history
UNION ALL SELECT 'uuid, instants', mrr_agg(md5(customer::text)::uuid, f::timestamp, t::timestamp, mrr) FROM history
UNION ALL SELECT 'text, days', mrr_agg('customer ' || customer, f, t, mrr) FROM history
UNION ALL SELECT 'text, instants', mrr_agg('customer ' || customer, f::timestamptz, t::timestamptz, mrr) FROM history
UNION ALL SELECT 'text, days, EUR', mrr_currency_agg('customer ' || customer, f, t, mrr, 'EUR') FROM history;

--
-- Text form
--
SELECT what, s::text::mrr_state = s AS equal, mrr_state_send(s::text::mrr_state) = mrr_state_send(s) AS same_bytes, s::text ~ '^[A-Za-z0-9+/]+$' AS one_word FROM one_pass;
-- stable between versions and machines
SELECT mrr_agg(k, date '2024-01-01', t, 12.5)::text FROM (VALUES (1, date '2024-02-01'), (-2, NULL)) v(k, t);
SELECT encode(mrr_state_send(mrr_agg(k, date '2024-01-01', t, 12.5)), 'hex') FROM (VALUES (1, date '2024-02-01'), (-2, NULL)) v(k, t);
SELECT encode(mrr_state_send(mrr_agg(k, timestamptz '2024-01-01', NULL::timestamptz, 12.5)), 'hex') FROM (VALUES ('b'), ('a')) v(k);

--
-- Operators and their classes
--
SELECT a.what AS a, b.what AS b, a.s = b.s AS eq, a.s <> b.s AS ne, (a.s < b.s) <> (a.s > b.s) AS ordered, (a.s <= b.s) = NOT (a.s > b.s) AS le, (a.s >= b.s) = NOT (a.s < b.s) AS ge
FROM one_pass a JOIN one_pass b ON a.what <= b.what WHERE a.what LIKE 'bigint%' OR b.what LIKE 'bigint%' ORDER BY a.what, b.what;
SELECT bool_and(mrr_state_hash(s) = mrr_state_hash(s::text::mrr_state)) AS hash, bool_and(mrr_state_hash_extended(s, 42) = mrr_state_hash_extended(s::text::mrr_state, 42)) AS seeded,
	bool_and(mrr_state_hash_extended(s, 0) <> mrr_state_hash_extended(s, 1)) AS by_seed,
	bool_and(mrr_state_cmp(s, s::text::mrr_state) = 0) AS cmp FROM one_pass;
SELECT count(*) AS rows, count(DISTINCT s) AS distinct_states FROM (SELECT s FROM one_pass UNION ALL SELECT s::text::mrr_state FROM one_pass) x;
SELECT count(*) FROM (SELECT s FROM one_pass UNION SELECT s::text::mrr_state FROM one_pass) x;
SELECT count(*) FROM (SELECT s FROM one_pass EXCEPT SELECT s::text::mrr_state FROM one_pass) x;
SELECT count(*) FROM (SELECT s FROM one_pass INTERSECT SELECT s::text::mrr_state FROM one_pass) x;
SELECT count(*) FROM one_pass a, one_pass b WHERE a.s IS NOT DISTINCT FROM b.s;
-- by hash, by merge, by sort
SET enable_mergejoin = off; SET enable_nestloop = off; SET enable_sort = off;
SELECT count(*) FROM one_pass a JOIN one_pass b ON a.s = b.s;
SELECT sum(n) FROM (SELECT s, count(*) AS n FROM one_pass GROUP BY s) x;
RESET enable_mergejoin; SET enable_hashjoin = off; SET enable_hashagg = off; RESET enable_sort;
SELECT count(*) FROM one_pass a JOIN one_pass b ON a.s = b.s;
SELECT sum(n) FROM (SELECT s, count(*) AS n FROM one_pass GROUP BY s) x;
RESET enable_nestloop; RESET enable_hashjoin; RESET enable_hashagg;
-- an index on small states; the order is total
CREATE TABLE small AS SELECT id, mrr_agg(customer, f, t, mrr) AS s FROM history GROUP BY id;
CREATE UNIQUE INDEX ON small (s, id);
CREATE INDEX ON small USING hash (s);
SET enable_seqscan = off;
SELECT count(*) FROM small WHERE s = (SELECT mrr_agg(customer, f, t, mrr) FROM history WHERE id = 7);
RESET enable_seqscan;
SELECT count(*) FROM (SELECT s, lag(s) OVER (ORDER BY s) AS p FROM small) x WHERE p > s;

--
-- Merging: NULL is neutral, order and grouping do not matter
--
SELECT combine(NULL::mrr_state, NULL) IS NULL AS both_null, bool_and(combine(s, NULL) = s) AS right_null, bool_and(combine(NULL, s) = s) AS left_null FROM one_pass;
SELECT combine(a.s, b.s) = combine(b.s, a.s) AS commutes, combine(combine(a.s, b.s), c.s) = combine(a.s, combine(b.s, c.s)) AS associates,
	combine(combine(a.s, b.s), c.s) = (SELECT mrr_agg(customer, f, t, mrr) FROM history WHERE id IN (1, 2, 3)) AS as_one_pass
FROM small a, small b, small c WHERE a.id = 1 AND b.id = 2 AND c.id = 3;
-- a state merged with itself holds every period twice: it is a bag, not a set
SELECT mrr_at(s, date '2023-06-30') * 2 = mrr_at(combine(s, s), date '2023-06-30') AS doubled FROM one_pass WHERE what = 'bigint, days';
SELECT (SELECT rollup(s) FROM small) = s AS of_rows, (SELECT rollup(s ORDER BY id DESC) FROM small) = s AS backwards,
	(SELECT rollup(r) FROM (SELECT rollup(s) AS r FROM small GROUP BY id % 7) x) = s AS of_rollups,
	(SELECT rollup(r) FROM (SELECT s AS r FROM small UNION ALL SELECT NULL) x) = s AS with_null FROM one_pass WHERE what = 'bigint, days';
-- a rollup of one state is that state
SELECT bool_and(r = s) FROM (SELECT s, rollup(s) AS r FROM one_pass GROUP BY s) x;

--
-- As a cluster of machines does it: each shard ships its state as text, the
-- coordinator combines.  Shards without rows ship NULL, one has one row.
--
CREATE FUNCTION shard(id integer, parts integer) RETURNS integer LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN id = 1 THEN 0 ELSE 2 + id * 7919 % (parts - 2) END;
SELECT parts, count(*) AS shards, count(shipped) AS with_rows, rollup(shipped::mrr_state ORDER BY md5(shipped)) = (SELECT s FROM one_pass WHERE what = 'bigint, days') AS same,
	mrr_state_send(rollup(shipped::mrr_state)) = (SELECT mrr_state_send(s) FROM one_pass WHERE what = 'bigint, days') AS same_bytes
FROM (VALUES (3), (5), (32), (1000)) v(parts), LATERAL (SELECT (SELECT mrr_agg(customer, f, t, mrr) FROM history WHERE shard(id, parts) = n)::text AS shipped FROM generate_series(0, parts - 1) n OFFSET 0) x
GROUP BY parts ORDER BY parts;
SELECT parts, rollup(shipped::mrr_state) = (SELECT s FROM one_pass WHERE what = 'text, days, EUR') AS same
FROM (VALUES (3), (5), (32), (1000)) v(parts), LATERAL (SELECT (SELECT mrr_currency_agg('customer ' || customer, f, t, mrr, 'EUR') FROM history WHERE shard(id, parts) = n)::text AS shipped FROM generate_series(0, parts - 1) n OFFSET 0) x
GROUP BY parts ORDER BY parts;
SELECT parts, rollup(shipped::mrr_state) = (SELECT s FROM one_pass WHERE what = 'uuid, days') AS same
FROM (VALUES (3), (32)) v(parts), LATERAL (SELECT (SELECT mrr_agg(md5(customer::text)::uuid, f, t, mrr) FROM history WHERE shard(id, parts) = n)::text AS shipped FROM generate_series(0, parts - 1) n OFFSET 0) x
GROUP BY parts ORDER BY parts;

--
-- Stored: inline and short, compressed, out of line
--
CREATE TABLE stored (what text, s mrr_state);
INSERT INTO stored SELECT * FROM one_pass;
INSERT INTO stored SELECT 'one row', s FROM small WHERE id = 1;
INSERT INTO stored SELECT 'large', mrr_agg(md5(k::text), date '2023-01-01' + k % 300, NULL::date, k) FROM generate_series(1, 20000) k;
SELECT what, count(*), sum(w.closing_mrr) FROM stored, mrr_waterfall(s) w WHERE what IN ('one row', 'bigint, days', 'large') GROUP BY what ORDER BY what;
SELECT bool_and(st.s = o.s) FROM stored st JOIN one_pass o USING (what);
ALTER TABLE stored ALTER COLUMN s SET STORAGE external;
CREATE TABLE external (LIKE stored INCLUDING STORAGE);
INSERT INTO external SELECT what, s::text::mrr_state FROM stored;
ALTER TABLE stored ALTER COLUMN s SET STORAGE main;
CREATE TABLE main (LIKE stored INCLUDING STORAGE);
INSERT INTO main SELECT what, s::text::mrr_state FROM stored WHERE what <> 'large';
SELECT bool_and(e.s = s.s) FROM stored s JOIN external e USING (what);
SELECT bool_and(m.s = s.s) FROM stored s JOIN main m USING (what);
SELECT rollup(s ORDER BY what) = (SELECT s FROM one_pass WHERE what = 'bigint, days') FROM (SELECT 'x' AS what, s FROM stored WHERE what = 'bigint, days' UNION ALL SELECT 'n', NULL) x;
-- merging stored states does not change them
SELECT rollup(s) IS NOT NULL AS merged FROM external WHERE what IN ('text, days', 'large');
SELECT combine(a.s, b.s) IS NOT NULL AS merged FROM external a, external b WHERE a.what = 'text, days' AND b.what = 'large';
SELECT bool_and(e.s = s.s) AS unchanged FROM stored s JOIN external e USING (what);
UPDATE stored SET s = combine(s, (SELECT s FROM small WHERE id = 2)) WHERE what = 'one row';
SELECT s = (SELECT mrr_agg(customer, f, t, mrr) FROM history WHERE id IN (1, 2)) AS updated FROM stored WHERE what = 'one row';

-- in arrays, rows and variables
SELECT bool_and(u.s = o.s) AS arrays FROM (SELECT array_agg(s ORDER BY what) AS states FROM stored WHERE what <> 'one row') x, unnest(states) WITH ORDINALITY u(s, n)
	JOIN (SELECT s, row_number() OVER (ORDER BY what) AS n FROM stored WHERE what <> 'one row') o ON o.n = u.n;
SELECT bool_and((r).s = s AND r = ROW(what, s)::stored) AS rows FROM (SELECT stored AS r, what, s FROM stored) x;
DO $$
DECLARE
	total mrr_state;
	one mrr_state;
BEGIN
	FOR one IN SELECT s FROM small ORDER BY id DESC LOOP
		total := combine(total, one);
	END LOOP;
	ASSERT total = (SELECT s FROM one_pass WHERE what = 'bigint, days');
END
$$;

--
-- A copy through COPY, text and binary
--
\getenv abs_builddir PG_ABS_BUILDDIR
\if :{?abs_builddir}
\cd :abs_builddir
\endif
CREATE TABLE copied (LIKE stored);
\copy stored TO 'results/state_copy.txt'
\copy copied FROM 'results/state_copy.txt'
\copy stored TO 'results/state_copy.bin' WITH (FORMAT binary)
\copy copied FROM 'results/state_copy.bin' WITH (FORMAT binary)
SELECT count(*), bool_and(c.s = s.s) FROM stored s JOIN copied c USING (what);

--
-- Another TimeZone, another DateStyle: the same bytes
--
CREATE TABLE moments (customer text, f timestamptz, t timestamptz, fs timestamp, ts timestamp, mrr numeric);
INSERT INTO moments VALUES ('a', '2024-03-10 06:59:59+00', '2024-11-03 06:00+00', '2024-03-10 02:30', '2024-11-03 01:30', 10), ('b', '2024-03-31 00:59+00', NULL, '2024-03-31 02:30', NULL, 20);
CREATE TABLE in_utc AS SELECT mrr_agg(customer, f, t, mrr) AS z, mrr_agg(customer, fs, ts, mrr) AS s, mrr_agg(customer, f::date, NULL::date, mrr) AS d FROM moments;
SET timezone = 'America/New_York';
SET datestyle = 'German';
SELECT mrr_agg(customer, f, t, mrr) = z AS timestamptz, mrr_agg(customer, fs, ts, mrr) = s AS timestamp, mrr_state_send(mrr_agg(customer, fs, ts, mrr)) = mrr_state_send(s) AS bytes, z::text::mrr_state = z AS text
FROM moments, in_utc GROUP BY z, s;
SELECT closing_mrr FROM in_utc, mrr_waterfall(s, zone => 'UTC') WHERE period = make_date(2024, 3, 1);
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

--
-- States of another shape
--
SELECT combine((SELECT s FROM one_pass WHERE what = 'bigint, days'), (SELECT s FROM one_pass WHERE what = 'bigint, instants'));
SELECT combine((SELECT s FROM one_pass WHERE what = 'bigint, days'), (SELECT s FROM one_pass WHERE what = 'uuid, days'));
SELECT combine((SELECT s FROM one_pass WHERE what = 'uuid, days'), (SELECT s FROM one_pass WHERE what = 'text, days'));
SELECT combine((SELECT s FROM one_pass WHERE what = 'text, days'), (SELECT s FROM one_pass WHERE what = 'text, days, EUR'));
SELECT combine((SELECT s FROM one_pass WHERE what = 'text, days, EUR'), (SELECT mrr_currency_agg('a', date '2024-01-01', NULL::date, 1, 'USD')));
SELECT rollup(s) FROM one_pass;
-- the wrong kind of time
SELECT mrr_at_instant(s, timestamptz '2024-01-01') FROM one_pass WHERE what = 'bigint, days';
SELECT customers_at_instant(s, timestamptz '2024-01-01') FROM one_pass WHERE what = 'bigint, days';
SELECT count(*) FROM one_pass, mrr_waterfall(s, zone => 'Europe/Berlin') WHERE what = 'bigint, days';
SELECT mrr_at(s, date '2024-01-01', 'Europe/Berlin') FROM one_pass WHERE what = 'bigint, days';
-- UTC by another name of it is UTC
SELECT mrr_at(s, date '2023-06-30', 'utc') = mrr_at(s, date '2023-06-30') AS same FROM one_pass WHERE what = 'bigint, days';

--
-- Traps
--
-- A strict wrapper of combine: the executor keeps the first input, short,
-- compressed or out of line as it is stored, as the state.
CREATE FUNCTION strict_combine(mrr_state, mrr_state) RETURNS mrr_state AS '$libdir/nudge_metrics', 'nm_mrr_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE AGGREGATE strict_rollup(mrr_state) (SFUNC = strict_combine, STYPE = mrr_state, FINALFUNC = mrr_state_final, COMBINEFUNC = strict_combine, PARALLEL = SAFE);
CREATE AGGREGATE bare_rollup(mrr_state) (SFUNC = strict_combine, STYPE = mrr_state);
SELECT strict_rollup(s) = (SELECT s FROM one_pass WHERE what = 'bigint, days') AS short_headers FROM small;
SELECT strict_rollup(s) = (SELECT combine(a.s, b.s) FROM external a, external b WHERE a.what = 'text, days' AND b.what = 'large') AS out_of_line FROM external WHERE what IN ('text, days', 'large');
SELECT strict_rollup(s ORDER BY what) = (SELECT combine(a.s, b.s) FROM stored a, stored b WHERE a.what = 'text, days' AND b.what = 'large') AS compressed FROM stored WHERE what IN ('text, days', 'large');
SELECT strict_rollup(s ORDER BY what DESC) = (SELECT combine(a.s, b.s) FROM stored a, stored b WHERE a.what = 'text, days' AND b.what = 'large') AS compressed FROM stored WHERE what IN ('text, days', 'large');
SELECT strict_rollup(s) = (SELECT s FROM small WHERE id = 5) AS one_input FROM small WHERE id = 5;
SELECT strict_rollup(s) IS NULL AS nothing FROM small WHERE false;
SELECT count(*) AS groups, bool_and(r = q) AS same FROM (SELECT strict_rollup(s) AS r, rollup(s) AS q FROM small GROUP BY id % 50) x;
-- and without the final function, what comes out is still a state that can be read
SELECT mrr_at(bare_rollup(s), date '2023-06-30') = (SELECT mrr_at(s, date '2023-06-30') FROM one_pass WHERE what = 'bigint, days') AS readable FROM small;
SELECT bare_rollup(s)::text::mrr_state = (SELECT s FROM one_pass WHERE what = 'bigint, days') AS as_text FROM small;
CREATE TABLE worked AS SELECT id % 10 AS id, bare_rollup(s) AS s FROM small GROUP BY 1;
SELECT rollup(s) = (SELECT s FROM one_pass WHERE what = 'bigint, days') AS stored_and_merged FROM worked;
SELECT strict_rollup(s) = (SELECT s FROM one_pass WHERE what = 'bigint, days') AS stored_and_kept FROM worked;
DROP TABLE worked;
SELECT bool_and(e.s = s.s) AS unchanged FROM stored s JOIN external e USING (what) WHERE what <> 'one row';
DROP AGGREGATE strict_rollup(mrr_state);
DROP AGGREGATE bare_rollup(mrr_state);
DROP FUNCTION strict_combine(mrr_state, mrr_state);

-- An initial condition: a state that was not made by the transition function
-- that is to change it, of the same and of another shape.
SELECT quote_literal(mrr_agg(0, date '2024-01-01', NULL::date, 5)) AS init, quote_literal(mrr_agg('zero', timestamptz '2024-01-01', NULL::timestamptz, 5)) AS other \gset
CREATE AGGREGATE from_init(bigint, date, date, numeric) (SFUNC = mrr_trans, STYPE = mrr_state, FINALFUNC = mrr_state_final, INITCOND = :init);
CREATE AGGREGATE from_other(bigint, date, date, numeric) (SFUNC = mrr_trans, STYPE = mrr_state, FINALFUNC = mrr_state_final, INITCOND = :other);
CREATE AGGREGATE merge_from_init(mrr_state) (SFUNC = combine, STYPE = mrr_state, FINALFUNC = mrr_state_final, INITCOND = :init);
SELECT mrr_at(from_init(k, date '2024-01-01', NULL, 1), date '2024-01-31') FROM generate_series(1::bigint, 10000) k;
SELECT mrr_at(from_other(k, date '2024-01-01', NULL, 1), date '2024-01-31') FROM generate_series(1::bigint, 10000) k;
SELECT mrr_at(merge_from_init(s), date '2023-06-30') = mrr_at(rollup(s), date '2023-06-30') AS before, mrr_at(merge_from_init(s), date '2024-01-31') - mrr_at(rollup(s), date '2024-01-31') AS after FROM small;
DROP AGGREGATE from_init(bigint, date, date, numeric);
DROP AGGREGATE from_other(bigint, date, date, numeric);
DROP AGGREGATE merge_from_init(mrr_state);
-- A transition function is not a scalar function.
SELECT mrr_trans(NULL, 1::bigint, date '2024-01-01', NULL::date, 1::numeric);
-- A final function changes nothing: a window calls it at every row.
SELECT count(*) AS frames, bool_and(grown = whole) AS same FROM (
	SELECT rollup(s) OVER (ORDER BY id) AS grown, (SELECT rollup(b.s) FROM small b WHERE b.id <= a.id) AS whole FROM small a WHERE id <= 60) x;
-- One scan, two results from one transition state.
SELECT rollup(s) = rollup(s) AS shared, mrr_at(rollup(s), date '2023-06-30') = mrr_at((SELECT rollup(s) FROM small), date '2023-06-30') AS same FROM small;

--
-- The limit on the size of a state
--
SELECT current_setting('nudge.max_state_size') AS default_limit;
SET nudge.max_state_size = '1MB';
-- 32 bytes and 24 for a period: the last that fits, and one more
SELECT mrr_at(mrr_agg(k, date '2024-01-01', NULL::date, 1), date '2024-01-01') AS fits FROM generate_series(1, 43689) k;
SELECT mrr_at(mrr_agg(k, date '2024-01-01', NULL::date, 1), date '2024-01-01') AS too_large FROM generate_series(1, 43690) k;
-- the way out that the hint names
SELECT sum(mrr) AS by_bucket FROM (SELECT mrr_at(mrr_agg(k, date '2024-01-01', NULL::date, 1), date '2024-01-01') AS mrr FROM generate_series(1, 100000) k GROUP BY bucket(k, 4)) x;
-- merging, and reading text
SELECT rollup(s) FROM (SELECT mrr_agg(k, date '2024-01-01', NULL::date, 1) AS s FROM generate_series(1, 60000) k GROUP BY k % 4) x;
SELECT combine(mrr_agg(k, date '2024-01-01', NULL::date, 1), mrr_agg(-k, date '2024-01-01', NULL::date, 1)) FROM generate_series(1, 30000) k;
RESET nudge.max_state_size;
CREATE TABLE big AS SELECT mrr_agg(k, date '2024-01-01', NULL::date, 1) AS s FROM generate_series(1, 60000) k;
SET nudge.max_state_size = '1MB';
SELECT s::text::mrr_state FROM big;
-- what is stored can still be read
SELECT mrr_at(s, date '2024-01-01') FROM big;
RESET nudge.max_state_size;
-- a setting of superusers, within bounds
\set VERBOSITY sqlstate
SET nudge.max_state_size = '1GB';
SET nudge.max_state_size = 0;
CREATE ROLE regress_nudge_user;
SET ROLE regress_nudge_user;
SET nudge.max_state_size = '1MB';
\set VERBOSITY default
RESET ROLE;
DROP ROLE regress_nudge_user;

DROP TABLE history, one_pass, small, stored, external, main, copied, moments, in_utc, big;
DROP FUNCTION shard(integer, integer);
