-- Dictionaries of text and uuid keys: growth, keys that wait for their number,
-- long and short strings, and states that are read before all keys have one.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE rows AS
SELECT i,
	CASE WHEN k % 7 = 0 THEN repeat('long ', (k % 13)::int) || k WHEN k = 5 THEN '' ELSE 'c' || k END AS t,
	md5(k::text)::uuid AS u,
	date '2024-01-01' + (i % 700)::int AS f,
	CASE WHEN i % 3 > 0 THEN date '2024-01-02' + (i % 700 + i % 41)::int END AS e,
	((i * 31) % 500)::numeric / 4 AS m
FROM (SELECT i, (i * 7919) % 20011 AS k FROM generate_series(1::bigint, 60000) i) x;

-- what goes in comes out
CREATE TEMP TABLE s AS
SELECT nudge.mrr_agg(t, f, e, m) AS t, nudge.mrr_agg(u, f, e, m) AS u FROM (SELECT * FROM rows ORDER BY i) x;
SELECT count(*) FROM ((SELECT customer, valid_from::date, valid_to::date, mrr FROM s, nudge.mrr_periods(s.t) EXCEPT ALL SELECT t, f, e, m FROM rows)
	UNION ALL (SELECT t, f, e, m FROM rows EXCEPT ALL SELECT customer, valid_from::date, valid_to::date, mrr FROM s, nudge.mrr_periods(s.t))) d;
SELECT count(*) FROM ((SELECT customer::uuid, valid_from::date, valid_to::date, mrr FROM s, nudge.mrr_periods(s.u) EXCEPT ALL SELECT u, f, e, m FROM rows)
	UNION ALL (SELECT u, f, e, m FROM rows EXCEPT ALL SELECT customer::uuid, valid_from::date, valid_to::date, mrr FROM s, nudge.mrr_periods(s.u))) d;

-- any order, any split
SELECT t OPERATOR(nudge.=) (SELECT nudge.mrr_agg(t, f, e, m) FROM (SELECT * FROM rows ORDER BY m, i DESC) x),
	u OPERATOR(nudge.=) (SELECT nudge.mrr_agg(u, f, e, m) FROM (SELECT * FROM rows ORDER BY m, i DESC) x) FROM s;
SELECT t OPERATOR(nudge.=) (SELECT nudge.rollup(p::text::nudge.mrr_state) FROM (SELECT nudge.mrr_agg(t, f, e, m) AS p FROM rows GROUP BY i % 5) x),
	u OPERATOR(nudge.=) (SELECT nudge.rollup(p) FROM (SELECT nudge.mrr_agg(u, f, e, m) AS p FROM rows GROUP BY i % 5) x) FROM s;
BEGIN;
CREATE TABLE dictionary_rows AS TABLE rows;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT s.t OPERATOR(nudge.=) p.t, s.u OPERATOR(nudge.=) p.u
FROM s, (SELECT nudge.mrr_agg(t, f, e, m) AS t, nudge.mrr_agg(u, f, e, m) AS u FROM dictionary_rows) p;
ROLLBACK;

-- a state that is read while it grows goes on unharmed
SELECT part, w OPERATOR(nudge.=) (SELECT nudge.mrr_agg(t, f, e, m) FROM rows r WHERE r.i / 9000 <= part) AS same
FROM (SELECT i, i / 9000 AS part, nudge.mrr_agg(t, f, e, m) OVER (ORDER BY i / 9000) AS w FROM rows) x WHERE i % 9000 = 17 ORDER BY part;

-- keys of one hash bucket or another, empty and very long keys
SELECT customer = '' AS empty, left(customer, 4), length(customer), mrr
FROM nudge.customer_mrr((SELECT nudge.mrr_agg(k, date '2024-01-01', NULL, 1) FROM
	(SELECT repeat('x', n) FROM (VALUES (0), (1), (35), (36), (37), (100000)) v(n) UNION ALL SELECT 'k' || i FROM generate_series(1, 9000) i) x(k)), date '2024-01-01')
WHERE customer !~ '^k';
