-- state_properties.sql
--		The same bytes of a state for any order of rows, any split, any plan.

\ir histories.psql

-- 1. Same bytes whatever the way ------------------------------------------

CREATE TABLE kind AS SELECT * FROM (VALUES
	('bigint, days', 'days', 'customer', 'f', 't', 'd'),
	('uuid, days', 'days', 'md5(customer::text)::uuid', 'f', 't', 'd_uuid'),
	('text, days', 'days', '(''customer '' || customer)', 'f', 't', 'd_text'),
	('bigint, instants', 'instants', 'customer', 'f', 't', 'i'),
	('uuid, instants', 'instants', 'md5(customer::text)::uuid', 'f', 't', 'i_uuid'),
	('text, instants', 'instants', '(''customer '' || customer)', 'f', 't', 'i_text')) v(what, tab, k, f, t, col);

SELECT results_eq(format('SELECT DISTINCT bytes(mrr_agg(%1$s, %2$s, %3$s, mrr ORDER BY md5(n || %4$L || id))) FROM %5$s, generate_series(1, 4) n GROUP BY n', k, f, t, :'seed', tab),
	format('SELECT bytes(%s) FROM s', col), what || ': any row order gives the same bytes') FROM kind;
SELECT results_eq(format('SELECT bytes(mrr_agg(%1$s, %2$s, %3$s, mrr ORDER BY %1$s DESC, %2$s DESC)) FROM %4$s', k, f, t, tab),
	format('SELECT bytes(%s) FROM s', col), what || ': descending order gives the same bytes') FROM kind;

-- k parts by hash, one of them empty, merged through the text form in an order
-- of their own
SELECT results_eq(format($$
	SELECT bytes(rollup(part ORDER BY md5(%6$L || p)))
	FROM (SELECT p, (SELECT mrr_agg(%1$s, %2$s, %3$s, mrr) FROM %4$s WHERE abs(hashint4(id)) %% %5$s = p)::text::mrr_state AS part
		FROM generate_series(0, %5$s) p OFFSET 0) q $$, k, f, t, tab, parts, :'seed'),
	format('SELECT bytes(%s) FROM s', col), format('%s: %s parts, merged as text, give the same bytes', what, parts))
FROM kind, unnest('{1,2,7,64}'::integer[]) parts;
SELECT results_eq(format($$ SELECT bytes(rollup(part)) FROM (SELECT mrr_agg(%1$s, %2$s, %3$s, mrr)::text::mrr_state AS part FROM %4$s GROUP BY id) q $$, k, f, t, tab),
	format('SELECT bytes(%s) FROM s', col), what || ': one row a part gives the same bytes') FROM kind;
SELECT results_eq(format($$ SELECT bytes(rollup(part)) FROM (SELECT rollup(one) AS part FROM
		(SELECT id, mrr_agg(%1$s, %2$s, %3$s, mrr) AS one FROM %4$s GROUP BY id) q GROUP BY id %% 9) r $$, k, f, t, tab),
	format('SELECT bytes(%s) FROM s', col), what || ': a rollup of rollups gives the same bytes') FROM kind;

-- combine: neutral element, commutative, associative
CREATE TABLE p AS SELECT segment, mrr_agg('customer ' || customer, f, t, mrr) AS st FROM instants GROUP BY segment;
SELECT ok(bool_and(bytes(combine(x.st, y.st)) = bytes(combine(y.st, x.st))
		AND bytes(combine(combine(x.st, y.st), z.st)) = bytes(combine(x.st, combine(y.st, z.st)))
		AND bytes(combine(x.st, NULL)) = bytes(x.st) AND bytes(combine(NULL, x.st)) = bytes(x.st)),
	'combine is commutative and associative to the byte, and NULL is neutral')
FROM p x, p y, p z;

-- serial and parallel, hashed and sorted
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END
$$;
-- many rows, so that several workers have something to do
CREATE TABLE many AS
SELECT n * 300000 + id AS id, customer + n AS customer, f, t, mrr, segment FROM days, generate_series(0, 19) n;
CREATE TABLE many_text AS SELECT id, 'customer ' || customer AS customer, f::timestamptz AS f, t::timestamptz AS t, mrr, segment FROM many;
ANALYZE many;
ANALYZE many_text;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE serial_result AS
SELECT 'many' AS tab, 'all' AS segment, bytes(mrr_agg(customer, f, t, mrr)) AS b FROM many
UNION ALL SELECT 'many', segment, bytes(mrr_agg(customer, f, t, mrr)) FROM many GROUP BY segment
UNION ALL SELECT 'many_text', 'all', bytes(mrr_agg(customer, f, t, mrr)) FROM many_text
UNION ALL SELECT 'many_text', segment, bytes(mrr_agg(customer, f, t, mrr)) FROM many_text GROUP BY segment;

SET LOCAL enable_hashagg = off;
SELECT results_eq(format('SELECT segment, bytes(mrr_agg(customer, f, t, mrr)) FROM %s GROUP BY segment ORDER BY 1', tab),
	format('SELECT segment, b FROM serial_result WHERE tab = %L AND segment <> ''all'' ORDER BY 1', tab), tab || ': sorted grouping gives the same bytes')
FROM unnest('{many,many_text}'::text[]) tab;
SET LOCAL enable_hashagg = on;
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64kB';
SELECT results_eq(format('SELECT bytes(rollup(one)) FROM (SELECT mrr_agg(customer, f, t, mrr) AS one FROM %s GROUP BY customer, id) q', tab),
	format('SELECT b FROM serial_result WHERE tab = %L AND segment = ''all''', tab), tab || ': hashed grouping that spills gives the same bytes')
FROM unnest('{many,many_text}'::text[]) tab;
RESET work_mem;
SET LOCAL enable_sort = on;

SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL max_parallel_workers = 4;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(plan_of(format('SELECT mrr_agg(customer, f, t, mrr) FROM %s', tab)), 'Partial Aggregate', tab || ': the plan is parallel')
FROM unnest('{many,many_text}'::text[]) tab;
SELECT results_eq(format('SELECT bytes(mrr_agg(customer, f, t, mrr)) FROM %s', tab),
	format('SELECT b FROM serial_result WHERE tab = %L AND segment = ''all''', tab), tab || ': a parallel plan gives the same bytes')
FROM unnest('{many,many_text}'::text[]) tab;
SELECT results_eq(format('SELECT segment, bytes(mrr_agg(customer, f, t, mrr)) FROM %s GROUP BY segment ORDER BY 1', tab),
	format('SELECT segment, b FROM serial_result WHERE tab = %L AND segment <> ''all'' ORDER BY 1', tab), tab || ': a parallel plan with groups gives the same bytes')
FROM unnest('{many,many_text}'::text[]) tab;
CREATE TABLE stored AS SELECT id % 500 AS id, mrr_agg(customer, f, t, mrr) AS st FROM many_text GROUP BY 1;
ANALYZE stored;
SELECT matches(plan_of('SELECT rollup(st) FROM stored'), 'Partial Aggregate', 'rollup: the plan is parallel');
SELECT results_eq('SELECT bytes(rollup(st)) FROM stored',
	'SELECT b FROM serial_result WHERE tab = ''many_text'' AND segment = ''all''', 'rollup: a parallel plan gives the same bytes');
-- every plan through a worker, accessors included
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'on', true) \g /dev/null
SELECT is_empty($$
	WITH st AS (SELECT mrr_agg(customer, f, t, mrr) AS x FROM instants)
	(SELECT w.* FROM st, mrr_waterfall(st.x, 'week', 'America/New_York') w EXCEPT ALL SELECT w.* FROM s, mrr_waterfall(s.i, 'week', 'America/New_York') w)
	UNION ALL
	(SELECT w.* FROM s, mrr_waterfall(s.i, 'week', 'America/New_York') w EXCEPT ALL SELECT w.* FROM st, mrr_waterfall(st.x, 'week', 'America/New_York') w) $$,
	'everything in a worker: same rows');
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'off', true) \g /dev/null
SET LOCAL max_parallel_workers_per_gather = 0;

-- FILTER and grouping sets
SELECT results_eq($$ SELECT bytes(mrr_agg(customer, f, t, mrr) FILTER (WHERE segment = 'segment 1')) FROM many $$,
	$$ SELECT b FROM serial_result WHERE tab = 'many' AND segment = 'segment 1' $$, 'FILTER equals WHERE');
SELECT results_eq($$ SELECT coalesce(segment, 'all'), bytes(mrr_agg(customer, f, t, mrr)) FROM many GROUP BY GROUPING SETS ((segment), ()) ORDER BY 1 $$,
	$$ SELECT segment, b FROM serial_result WHERE tab = 'many' ORDER BY 1 $$, 'grouping sets equal their queries');
SELECT results_eq($$ SELECT coalesce(segment, 'all'), bytes(mrr_agg(customer, f, t, mrr)) FROM many_text GROUP BY CUBE (segment) ORDER BY 1 $$,
	$$ SELECT segment, b FROM serial_result WHERE tab = 'many_text' ORDER BY 1 $$, 'a cube equals its queries');
SELECT results_eq($$ SELECT bytes(mrr_agg(customer, f, t, mrr)), count(*), bytes(mrr_agg(customer, f, t, mrr)) FROM many $$,
	$$ SELECT b, (SELECT count(*) FROM many), b FROM serial_result WHERE tab = 'many' AND segment = 'all' $$, 'one transition state for two calls');

-- window frames: growing, sliding, whole partition; the state is read at each
-- row and grows on
SELECT results_eq($$ SELECT id, bytes(mrr_agg(customer, f, t, mrr) OVER (ORDER BY id)) FROM instants WHERE id <= 120 ORDER BY id $$,
	$$ SELECT a.id, (SELECT bytes(mrr_agg(b.customer, b.f, b.t, b.mrr)) FROM instants b WHERE b.id <= a.id) FROM instants a WHERE a.id <= 120 ORDER BY 1 $$,
	'a growing window frame equals its queries');
SELECT results_eq($$ SELECT id, bytes(mrr_agg('c' || customer, f, t, mrr) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING)) FROM instants WHERE id <= 120 ORDER BY id $$,
	$$ SELECT a.id, (SELECT bytes(mrr_agg('c' || b.customer, b.f, b.t, b.mrr)) FROM instants b WHERE b.id BETWEEN a.id - 3 AND least(a.id + 2, 120)) FROM instants a WHERE a.id <= 120 ORDER BY 1 $$,
	'a sliding window frame equals its queries');
SELECT results_eq($$ SELECT id, bytes(rollup(st) OVER (ORDER BY id)) FROM stored WHERE id < 40 ORDER BY id $$,
	$$ SELECT a.id, (SELECT bytes(rollup(b.st)) FROM stored b WHERE b.id <= a.id) FROM stored a WHERE a.id < 40 ORDER BY 1 $$,
	'rollup over a growing window frame equals its queries');

-- keys and kinds of time do not matter for the numbers
SELECT is_empty(format($$
	(SELECT w.* FROM s, mrr_waterfall(%1$s, 'month', 'UTC', NULL, %3$L) w EXCEPT ALL SELECT w.* FROM s, mrr_waterfall(%2$s, 'month', 'UTC', NULL, %3$L) w)
	UNION ALL
	(SELECT w.* FROM s, mrr_waterfall(%2$s, 'month', 'UTC', NULL, %3$L) w EXCEPT ALL SELECT w.* FROM s, mrr_waterfall(%1$s, 'month', 'UTC', NULL, %3$L) w) $$, a, b, m),
	format('%s: state %s and state %s give the same rows', m, a, b))
FROM (VALUES ('d', 'd_uuid'), ('d', 'd_text'), ('i', 'i_uuid'), ('i', 'i_text')) v(a, b), unnest('{snapshot,event}'::text[]) m;
SELECT results_eq('SELECT bytes(i_utc) FROM s', 'SELECT bytes(i) FROM s', 'a timestamp is read as UTC');
SELECT is_empty($$
	WITH midnight AS (SELECT mrr_agg(customer, f::timestamp, t::timestamp, mrr) AS x FROM days)
	(SELECT w.* FROM s, mrr_waterfall(d) w EXCEPT ALL SELECT w.* FROM midnight, mrr_waterfall(x) w)
	UNION ALL
	(SELECT w.* FROM midnight, mrr_waterfall(x) w EXCEPT ALL SELECT w.* FROM s, mrr_waterfall(d) w) $$, 'days are the same as their midnights in UTC');

-- the session's zone and date style do not matter
SET LOCAL timezone = 'Australia/Lord_Howe';
SET LOCAL datestyle = 'SQL, DMY';
SELECT results_eq($$ SELECT bytes(mrr_agg(customer, f, t, mrr)) FROM instants $$, 'SELECT bytes(i) FROM s', 'another TimeZone: same bytes of instants');
SELECT results_eq($$ SELECT bytes(mrr_agg(customer, f AT TIME ZONE 'UTC', t AT TIME ZONE 'UTC', mrr)) FROM instants $$, 'SELECT bytes(i) FROM s', 'another TimeZone: same bytes of timestamps');
SELECT results_eq($$ SELECT bytes(mrr_agg(customer, f, t, mrr)) FROM days $$, 'SELECT bytes(d) FROM s', 'another TimeZone: same bytes of days');
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';

-- the text form round-trips
SELECT ok(bytes(st::text::mrr_state) = bytes(st), 'text of ' || what || ' round-trips')
FROM s, LATERAL (VALUES ('d', d), ('i', i), ('d_uuid', d_uuid), ('i_uuid', i_uuid), ('d_text', d_text), ('i_text', i_text)) v(what, st);

-- 2. Many tiny groups -----------------------------------------------------

-- Memory of the hash table of 200,000 groups, beyond that of count(*). A first
-- state that leaks, or that keeps slack, shows here.
CREATE FUNCTION hash_memory(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON) ' || query INTO plan;
	IF (jsonb_path_query_first(plan, '$.**."HashAgg Batches"'))::integer IS DISTINCT FROM 0 AND
		(jsonb_path_query_first(plan, '$.**."HashAgg Batches"'))::integer IS DISTINCT FROM 1 THEN
		RAISE EXCEPTION 'the hash table spilled: %', plan;
	END IF;
	RETURN (jsonb_path_query_first(plan, '$.**."Peak Memory Usage"'))::bigint * 1024;
END
$$;
SET LOCAL work_mem = '1GB';
SET LOCAL hash_mem_multiplier = 1;
SET LOCAL enable_sort = off;
SELECT cmp_ok((hash_memory(format('SELECT g, nudge.%s FROM generate_series(1, 200000) g GROUP BY g', call))
		- hash_memory('SELECT g, count(*) FROM generate_series(1, 200000) g GROUP BY g')) / 200000, '<', most::bigint,
	format('200,000 groups of one row, %s: under %s bytes each beyond count(*)', what, most))
FROM (VALUES ('revenue, bigint and days', 'mrr_agg(g::bigint, date ''2020-01-01'', NULL::date, 10.0)', 100),
	('revenue, bigint and instants', 'mrr_agg(g::bigint, timestamptz ''2020-01-01'', NULL::timestamptz, 10.0)', 100),
	('revenue, uuid and days', 'mrr_agg(md5(g::text)::uuid, date ''2020-01-01'', NULL::date, 10.0)', 200),
	('revenue, text and days', 'mrr_agg(g::text, date ''2020-01-01'', NULL::date, 10.0)', 200),
	('activity, bigint', 'activity_agg(g::bigint, date ''2020-01-01'')', 100),
	('activity, bigint with counts', 'activity_count_agg(g::bigint, date ''2020-01-01'', 7)', 100),
	('activity, text', 'activity_agg(g::text, date ''2020-01-01'')', 200),
	('sequence, bigint', 'sequence_agg(g::bigint, timestamptz ''2020-01-01'', ''a'')', 200),
	('sequence, uuid', 'sequence_agg(md5(g::text)::uuid, timestamptz ''2020-01-01'', ''a'')', 300),
	('funnel, bigint', 'funnel_agg(g::bigint, timestamptz ''2020-01-01'', ''a'', ''{a,b,c}'')', 200),
	('funnel, text', 'funnel_agg(g::text, timestamptz ''2020-01-01'', ''a'', ''{a,b,c}'')', 300),
	('features, bigint', 'feature_agg(g::bigint, timestamptz ''2020-01-01'', ''a'', ''used'', true, NULL, 1)', 200),
	('features, text', 'feature_agg(g::text, timestamptz ''2020-01-01'', ''a'', ''used'', true, NULL, 1)', 300),
	('percentiles', 'percentile_agg(g, 0.01)', 200)) v(what, call, most);

SELECT * FROM finish();
ROLLBACK;
