-- The log and the dictionary: records that are appended and sorted once.
\set VERBOSITY terse
SET datestyle = 'ISO';
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
SET jit = off;

-- Keys of every kind that the sort treats in a way of its own.
CREATE UNLOGGED TABLE logged AS
SELECT what, n, CASE what
		WHEN 'wide' THEN hashint8extended(n, 1)
		WHEN 'narrow' THEN hashint8extended(n, 1) % 50
		WHEN 'one key' THEN 42
		WHEN 'rising' THEN n / 3
		WHEN 'falling' THEN -n / 3
		WHEN 'extremes' THEN (ARRAY[9223372036854775807, -9223372036854775808, 0, -1])[1 + (hashint8extended(n, 1) & 3)]
		WHEN 'two heaps' THEN (hashint8extended(n, 1) & 1) * 4611686018427387904 + (hashint8extended(n, 2) & 1023)
	END AS key,
	'2024-01-01'::date + (hashint8extended(n, 3) % 400)::integer AS t1,
	'2024-01-01'::date + (hashint8extended(n, 4) % 1000000)::integer AS t2,
	hashint8extended(n, 5) >> (n % 60)::integer AS number,
	(ARRAY['', 'a', 'b', 'prefix of eight', 'prefix of nine', 'prefix o', 'é', 'z'])[1 + (hashint8extended(n, 6) & 7)] AS word,
	(hashint8extended(n, 7) % 3)::integer AS small
FROM unnest(ARRAY['wide', 'narrow', 'one key', 'rising', 'falling', 'extremes', 'two heaps']) what, generate_series(1, 20000) n;

WITH given AS (SELECT *, row_number() OVER (PARTITION BY what ORDER BY key, t1, t2, number, word COLLATE "C", small) AS position FROM logged),
sorted AS (SELECT what, r.* FROM (SELECT what, log_agg(key, t1, t2, number, word, small) AS state FROM logged GROUP BY 1) s,
	LATERAL log_rows(state) WITH ORDINALITY r (key, t1, t2, number, word, small, position))
SELECT what, count(*) AS records, count(*) FILTER (WHERE (s.key, s.t1, s.t2, s.number, s.word, s.small) =
	(g.key::text, g.t1 - '2000-01-01', g.t2 - '2000-01-01', g.number, g.word, g.small)) AS as_expected
FROM given g JOIN sorted s USING (what, position) GROUP BY 1 ORDER BY 1;

-- every small size
SELECT count(*) AS sizes, count(*) FILTER (WHERE as_expected) AS as_expected FROM (
	SELECT size, array_agg((r.key, r.number)::text ORDER BY position) =
		(SELECT array_agg((key::text, number)::text ORDER BY key, t1, t2, number) FROM logged WHERE what = 'wide' AND n <= size) AS as_expected
	FROM generate_series(1, 80) size,
		LATERAL (SELECT log_agg(key, t1, t2, number, word, small) AS state FROM logged WHERE what = 'wide' AND n <= size) s,
		LATERAL log_rows(state) WITH ORDINALITY r (key, t1, t2, number, word, small, position)
	GROUP BY size) t;

-- any order, any parts
SELECT what, log_agg(key, t1, t2, number, word, small) = log_agg(key, t1, t2, number, word, small ORDER BY n DESC) AS backwards,
	log_agg(key, t1, t2, number, word, small) = log_agg(key, t1, t2, number, word, small ORDER BY hashint8(n)) AS shuffled
FROM logged GROUP BY 1 ORDER BY 1;
SELECT what, rollup(part) = (SELECT log_agg(key, t1, t2, number, word, small) FROM logged l WHERE l.what = p.what) AS parts
FROM (SELECT what, n % 9 AS i, log_agg(key, t1, t2, number, word, small)::text::log_state AS part FROM logged GROUP BY 1, 2) p
GROUP BY 1 ORDER BY 1;

-- Text keys and instants: many strings, alike in their first bytes, whose hash
-- ends in the same bits, empty, and long.
CREATE UNLOGGED TABLE words AS
SELECT n, word, timestamptz '2024-01-01' + (n % 1000) * interval '1 s' AS t1 FROM (
	SELECT n, 'the same first bytes ' || n AS word FROM generate_series(1, 20000) n
	UNION ALL SELECT n, 'x' || n FROM generate_series(1, 200000) n WHERE hashtext('x' || n) & 255 = 0
	UNION ALL SELECT n, repeat('y', n) FROM generate_series(0, 300) n
	UNION ALL SELECT n, chr(n) FROM generate_series(1, 55000, 7) n
	UNION ALL VALUES (1, repeat('long', 100000))) w;
SELECT count(*) AS records, count(*) FILTER (WHERE as_expected) AS as_expected FROM (
	SELECT (r.key, r.number, r.word) = (o.key, o.n, o.word) AS as_expected
	FROM (SELECT log_agg(word, t1, t1, n, reverse(word), 0) AS state FROM words) s,
		LATERAL log_rows(state) WITH ORDINALITY r (key, t1, t2, number, word, small, position)
	JOIN (SELECT word AS key, n, reverse(word) AS word, row_number() OVER (ORDER BY word COLLATE "C", t1, n) AS position
		FROM words) o USING (position)) c;
SELECT rollup(part) = (SELECT log_agg(word, t1, t1, n, reverse(word), 0) FROM words) AS parts,
	rollup(part ORDER BY i DESC) = rollup(part) AS backwards
FROM (SELECT n % 5 AS i, log_agg(word, t1, t1, n, reverse(word), 0)::text::log_state AS part FROM words GROUP BY 1) p;

DROP TABLE logged, words;
