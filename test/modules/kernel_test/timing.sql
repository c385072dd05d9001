-- Times by hand, of the keyed store on 10 million rows of 500,000 users:
--
--	psql -f timing.sql DATABASE
--
-- A table without its ring takes more than twice as long; to see that, compile
-- with NM_KEYED_RING_SLOTS beyond any table.
CREATE EXTENSION IF NOT EXISTS kernel_test;
CREATE UNLOGGED TABLE timing_rows AS
SELECT (random() * 500000)::bigint AS key, (random() * 365)::integer AS day FROM generate_series(1, 10000000);
VACUUM ANALYZE timing_rows;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
\timing on
SELECT count(*), sum(key) FROM timing_rows;
SELECT keyed_totals((SELECT keyed_agg(key, 0, 1) FROM timing_rows)) AS by_user;
SELECT keyed_totals((SELECT keyed_agg(key, day / 128, 1::bigint << day % 64) FROM timing_rows)) AS by_user_and_block;
SELECT sum(rows) FROM (SELECT key, bit_or(1::bigint << day % 64), count(*) AS rows FROM timing_rows GROUP BY key) s;
SELECT keyed_totals(rollup(state)) AS of_256_states
FROM (SELECT keyed_agg(key, day / 128, 1::bigint << day % 64) AS state FROM timing_rows GROUP BY key & 255) s;
\timing off
DROP TABLE timing_rows;
