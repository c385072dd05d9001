-- performance.sql
--		Latency, throughput, utilisation and scaling over random rows, against
--		their definitions in plain SQL.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.

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
\set seed performance
\getenv seed NM_SEED
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
CREATE TABLE settings AS SELECT :'seed'::text AS seed;
CREATE FUNCTION pick(what text, n bigint) RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT ('x' || substr(md5(s.seed || '/' || what), 1, 15))::bit(60)::bigint % n FROM settings s);

-- Three days of March in which Berlin has one of 23 hours; many rows lie at the edge of an hour, a minute or a day
CREATE TABLE r AS
SELECT CASE pick('edge' || n, 4) WHEN 0 THEN date_trunc('hour', at) WHEN 1 THEN date_trunc('hour', at) - interval '1 microsecond' WHEN 2 THEN date_trunc('minute', at) ELSE at END AS at,
	(pick('ms' || n, 1000000) * (pick('ms2' || n, 1000)) / 1000000.0)::numeric(12, 3) AS duration_ms,
	(ARRAY[NULL, NULL, 0, 1, 7])[1 + pick('count' || n, 5)::integer]::bigint AS count,
	(ARRAY['/a', '/b', 'Ü', NULL])[1 + pick('end' || n, 4)::integer] AS endpoint,
	(ARRAY[true, false, false, NULL])[1 + pick('err' || n, 4)::integer] AS error,
	CASE WHEN pick('part' || n, 4) = 0 THEN (ARRAY['server', 'Dom', 'render'])[1 + pick('which' || n, 3)::integer] END AS part
FROM generate_series(1, 4000) n, LATERAL (SELECT timestamptz '2024-03-29 20:00Z' + make_interval(secs => pick('at' || n, 96 * 3600) + pick('us' || n, 1000000) / 1e6) AS at) t;
-- each row as often as it stands for
CREATE VIEW each AS SELECT r.* FROM r, generate_series(1, coalesce(count, 1));

CREATE TABLE ask (id integer GENERATED ALWAYS AS IDENTITY, grain text, zone text, as_of timestamptz, "by" text);
INSERT INTO ask (grain, zone, as_of, "by") VALUES ('day', 'UTC', NULL, NULL), ('day', 'Europe/Berlin', NULL, 'endpoint'), (NULL, 'Asia/Kathmandu', NULL, 'endpoint'), ('week', 'America/New_York', NULL, 'part'),
	('hour', 'UTC', NULL, NULL), ('hour', 'Europe/Berlin', '2024-03-31 01:30Z', 'endpoint'), ('hour', 'Asia/Kathmandu', '2024-04-01 00:00Z', NULL), ('day', 'Asia/Kathmandu', '2024-03-31 18:15Z', 'endpoint'),
	('hour', 'Australia/Lord_Howe', NULL, 'endpoint'), ('day', 'Australia/Lord_Howe', '2024-04-01 13:00Z', 'part'), ('day', 'Europe/Berlin', '2024-03-31 22:00Z', NULL), ('day', 'Europe/Berlin', '2024-03-31 21:59:59.999999Z', 'part'), ('month', 'Pacific/Apia', '2024-03-31 11:00Z', 'endpoint');

-- Periods in plain SQL: civil days, and the hours since their midnight
CREATE FUNCTION key_of(at timestamptz, grain text, zone text) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE grain WHEN 'hour' THEN to_char(at AT TIME ZONE zone, 'YYYY-MM-DD ') || floor(extract(epoch FROM at - ((at AT TIME ZONE zone)::date::timestamp AT TIME ZONE zone)) / 3600)
		WHEN 'day' THEN to_char(at AT TIME ZONE zone, 'YYYY-MM-DD') WHEN 'week' THEN greatest(date_trunc('week', at AT TIME ZONE zone), '2024-03-30')::date::text
		WHEN 'month' THEN greatest(date_trunc('month', at AT TIME ZONE zone), '2024-03-30')::date::text ELSE '2024-03-30' END;
CREATE FUNCTION span_of(start_at timestamptz, grain text, zone text) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE grain WHEN 'hour' THEN key_of(start_at, grain, zone) ELSE to_char(start_at AT TIME ZONE zone, 'YYYY-MM-DD') END;
CREATE FUNCTION known(zone text, as_of timestamptz, "by" text) RETURNS TABLE (at timestamptz, duration_ms numeric, error boolean, value text) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT e.at, e.duration_ms, e.error, CASE known."by" WHEN 'endpoint' THEN e.endpoint WHEN 'part' THEN lower(e.part) END FROM each e
	WHERE (e.at AT TIME ZONE zone)::date >= '2024-03-30' AND (e.at AT TIME ZONE zone)::date < '2024-04-02' AND (as_of IS NULL OR e.at < as_of) AND (e.part IS NOT NULL) = (known."by" IS NOT DISTINCT FROM 'part');
END;

CREATE FUNCTION want(grain text, zone text, as_of timestamptz, "by" text) RETURNS TABLE (key text, value text, is_total boolean, n bigint, mean numeric, p50 float8, p95 float8, p99 float8, highest float8,
	with_outcome bigint, errors bigint, peak bigint, peak_at timestamptz, satisfied bigint, tolerating bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH k AS MATERIALIZED (SELECT *, key_of(k.at, grain, zone) AS key FROM known(zone, as_of, want."by") k),
	m AS (SELECT k.key, k.value, grouping(k.value) = 1 AS is_total, date_trunc('minute', k.at) AS minute, count(*) AS n FROM k GROUP BY GROUPING SETS ((k.key, date_trunc('minute', k.at)), (k.key, k.value, date_trunc('minute', k.at))))
	SELECT k.key, k.value, grouping(k.value) = 1, count(*), avg(k.duration_ms), percentile_disc(0.5) WITHIN GROUP (ORDER BY k.duration_ms), percentile_disc(0.95) WITHIN GROUP (ORDER BY k.duration_ms),
		percentile_disc(0.99) WITHIN GROUP (ORDER BY k.duration_ms), max(k.duration_ms), count(k.error), CASE WHEN count(k.error) > 0 THEN count(*) FILTER (WHERE k.error) END,
		(SELECT max(m.n) FROM m WHERE m.key = k.key AND m.is_total = (grouping(k.value) = 1) AND m.value IS NOT DISTINCT FROM k.value),
		(SELECT min(m.minute) FROM m WHERE m.key = k.key AND m.is_total = (grouping(k.value) = 1) AND m.value IS NOT DISTINCT FROM k.value
			AND m.n = (SELECT max(o.n) FROM m o WHERE o.key = k.key AND o.is_total = m.is_total AND o.value IS NOT DISTINCT FROM k.value)),
		count(*) FILTER (WHERE k.duration_ms <= 100 AND k.error IS NOT TRUE), count(*) FILTER (WHERE k.duration_ms > 100 AND k.duration_ms <= 400 AND k.error IS NOT TRUE)
	FROM k GROUP BY GROUPING SETS ((k.key), (k.key, k.value)) HAVING grouping(k.value) = 1 OR want."by" IS NOT NULL;
END;

SELECT is_empty(format($$
	WITH have AS (SELECT span_of(start_at, %1$L, %2$L) AS key, value, is_total, request_count, round(mean_ms, 9), p50_ms, p95_ms, p99_ms, highest_ms, requests_with_outcome, errors, round(error_rate, 9), round(peak_requests_per_second * 60)
			FROM latency_report('r', '2024-03-30', '2024-04-02', %1$L, %2$L, %3$L, %4$L, 0) WHERE request_count > 0),
		want AS (SELECT key, value, is_total, n, round(mean, 9), p50, p95, p99, highest, with_outcome, errors, round(errors::numeric / nullif(with_outcome, 0), 9), peak FROM want(%1$L, %2$L, %3$L, %4$L))
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have) ORDER BY 2, 3 LIMIT 5 $$,
	grain, zone, as_of, "by"), format('latency by %s in %s as of %s, by %s', grain, zone, as_of, "by")) FROM ask ORDER BY id;
SELECT is_empty(format($$
	WITH have AS (SELECT span_of(start_at, %1$L, %2$L) AS key, value, is_total, request_count, satisfied, tolerating, frustrated, round(apdex, 9) FROM apdex('r', 100, '2024-03-30', '2024-04-02', %1$L, %2$L, %3$L, %4$L) WHERE request_count > 0),
		want AS (SELECT key, value, is_total, n, satisfied, tolerating, n - satisfied - tolerating, round((2 * satisfied + tolerating) / (2.0 * n), 9) FROM want(%1$L, %2$L, %3$L, %4$L))
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have) ORDER BY 2, 3 LIMIT 5 $$,
	grain, zone, as_of, "by"), format('Apdex by %s in %s as of %s, by %s', grain, zone, as_of, "by")) FROM ask ORDER BY id;
SELECT is_empty(format($$
	WITH have AS (SELECT span_of(start_at, %1$L, %2$L) AS key, value, is_total, request_count, peak_requests_per_minute, peak_at, round(requests_per_second * seconds) FROM throughput('r', '2024-03-30', '2024-04-02', %1$L, %2$L, %3$L, 'endpoint') WHERE request_count > 0),
		want AS (SELECT key, value, is_total, n, peak, peak_at, n FROM want(%1$L, %2$L, %3$L, 'endpoint'))
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have) ORDER BY 2, 3 LIMIT 5 $$,
	grain, zone, as_of), format('throughput by %s in %s as of %s', grain, zone, as_of)) FROM ask ORDER BY id;
SELECT is_empty(format($$
	WITH have AS (SELECT span_of(start_at, %1$L, %2$L) AS key, part, page_loads, round(mean_ms, 9), p50_ms, p95_ms, p99_ms, highest_ms FROM page_load('r', '2024-03-30', '2024-04-02', %1$L, %2$L, %3$L, 0) WHERE NOT all_parts),
		want AS (SELECT key, value, n, round(mean, 9), p50, p95, p99, highest FROM want(%1$L, %2$L, %3$L, 'part') WHERE NOT is_total)
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have) ORDER BY 2, 3 LIMIT 5 $$,
	grain, zone, as_of), format('page loads by %s in %s as of %s', grain, zone, as_of)) FROM ask ORDER BY id;
SELECT is_empty($$ SELECT a.id, p.start_at FROM ask a, page_load('r', '2024-03-30', '2024-04-02', a.grain, a.zone, a.as_of) p WHERE p.mean_ms > 0 GROUP BY a.id, p.start_at
	HAVING round(sum(p.share) FILTER (WHERE NOT all_parts), 9) <> 1 OR round(sum(p.mean_ms) FILTER (WHERE NOT all_parts) - sum(p.mean_ms) FILTER (WHERE all_parts), 9) <> 0 $$, 'parts of page loads add up');

-- Periods -----------------------------------------------------------------

SELECT is_empty($$ SELECT a.id, s.* FROM ask a, performance_spans('2024-03-30', '2024-04-02', a.grain, a.zone, a.as_of) s
	WHERE s.seconds <> extract(epoch FROM least(s.end_at, a.as_of) - s.start_at) OR s.seconds <= 0 OR s.complete IS DISTINCT FROM s.end_at <= a.as_of OR s.start_at >= a.as_of
		OR (s.start_at AT TIME ZONE a.zone)::date NOT BETWEEN s.period AND s.period_end - 1 OR a.grain = 'hour' AND (s.end_at > s.start_at + interval '1 hour' OR s.period_end <> s.period + 1) $$, 'spans have the seconds that have passed');
SELECT is_empty($$ SELECT a.id FROM ask a, performance_spans('2024-03-30', '2024-04-02', a.grain, a.zone) s GROUP BY a.id, a.zone
	HAVING sum(s.seconds) <> extract(epoch FROM '2024-04-02'::timestamp AT TIME ZONE a.zone - '2024-03-30'::timestamp AT TIME ZONE a.zone) $$, 'spans fill the window');

-- as_of, parts and merging ------------------------------------------------

CREATE VIEW cut AS SELECT * FROM r WHERE at < '2024-03-31 01:30Z';
SELECT results_eq($$ SELECT start_at, value, request_count, p95_ms, errors, requests_per_second, peak_requests_per_second FROM latency_report('r', '2024-03-30', '2024-04-02', 'hour', 'Europe/Berlin', '2024-03-31 01:30Z', 'endpoint') $$,
	$$ SELECT start_at, value, request_count, p95_ms, errors, requests_per_second, peak_requests_per_second FROM latency_report('cut', '2024-03-30', '2024-04-02', 'hour', 'Europe/Berlin', '2024-03-31 01:30Z', 'endpoint') $$, 'as_of: what lies at or after it might not be there');
CREATE TABLE hourly AS SELECT * FROM latency_states('r', '2024-03-30', '2024-04-02', 'Europe/Berlin', "by" => 'endpoint');
SELECT is((SELECT rollup(state)::text FROM hourly), (SELECT percentile_agg(duration_ms, 0.01)::text FROM known('Europe/Berlin', NULL, NULL)), 'stored hours merge to the state of all');
SELECT is_empty($$ SELECT * FROM hourly WHERE request_count <> (percentile_summary(state)).samples OR errors > requests_with_outcome OR requests_with_outcome > request_count $$, 'counts are those of the states');
SELECT results_eq($$ SELECT day, sum(request_count), percentile(rollup(state), 0.99), sum(errors) FROM hourly GROUP BY day ORDER BY day $$,
	$$ SELECT period, request_count::numeric, p99_ms, errors::numeric FROM latency_report('r', '2024-03-30', '2024-04-02', zone => 'Europe/Berlin') $$, 'days from stored hours are the report');
SELECT is_empty($$ SELECT a.id, l.start_at FROM ask a, latency_report('r', '2024-03-30', '2024-04-02', a.grain, a.zone, a.as_of, 'endpoint') l GROUP BY a.id, l.start_at
	HAVING sum(request_count) FILTER (WHERE is_total) <> coalesce(sum(request_count) FILTER (WHERE NOT is_total), 0) OR coalesce(sum(errors) FILTER (WHERE is_total), 0) <> coalesce(sum(errors) FILTER (WHERE NOT is_total), 0)
		OR max(highest_ms) FILTER (WHERE is_total) <> max(highest_ms) FILTER (WHERE NOT is_total) OR count(*) FILTER (WHERE is_total) <> 1 $$, 'endpoints add up to the total');

-- Sends, utilisation ------------------------------------------------------

CREATE TABLE sent AS SELECT at, coalesce(count, 1) AS count, endpoint AS campaign FROM r;
CREATE VIEW whole AS SELECT at, duration_ms, count, endpoint FROM r;
SELECT results_eq($$ SELECT start_at, value, is_total, send_count, sends_per_second, peak_sends_per_minute, peak_at FROM send_throughput('sent', '2024-03-30', '2024-04-02', 'hour', 'Asia/Kathmandu', NULL, 'campaign') $$,
	$$ SELECT start_at, value, is_total, request_count, requests_per_second, peak_requests_per_minute, peak_at FROM throughput('whole', '2024-03-30', '2024-04-02', 'hour', 'Asia/Kathmandu', NULL, 'endpoint') $$, 'sends are counted as requests are');
CREATE TABLE u AS SELECT at, coalesce(endpoint, 'none') AS resource, pick(at::text || duration_ms, 101) / 100.0 AS utilisation FROM r;
SELECT is_empty(format($$
	WITH have AS (SELECT span_of(start_at, %1$L, %2$L) AS key, resource, samples, round(mean_utilisation, 9), p95_utilisation, highest_utilisation, samples_above, round(above_rate, 9)
			FROM utilisation('u', '2024-03-30', '2024-04-02', %1$L, %2$L, %3$L, '{/a,Ü}', '{0.7,0.85}', 0)),
		want AS (SELECT key_of(at, %1$L, %2$L), resource, count(*), round(avg(utilisation), 9), percentile_disc(0.95) WITHIN GROUP (ORDER BY utilisation)::float8, max(utilisation)::float8,
			CASE resource WHEN '/a' THEN count(*) FILTER (WHERE utilisation > 0.7) WHEN 'Ü' THEN count(*) FILTER (WHERE utilisation > 0.85) END,
			CASE resource WHEN '/a' THEN round(avg((utilisation > 0.7)::integer), 9) WHEN 'Ü' THEN round(avg((utilisation > 0.85)::integer), 9) END
			FROM u WHERE (at AT TIME ZONE %2$L)::date >= '2024-03-30' AND (at AT TIME ZONE %2$L)::date < '2024-04-02' AND coalesce(at < %3$L, true) GROUP BY 1, 2)
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have) ORDER BY 2, 3 LIMIT 5 $$,
	grain, zone, as_of), format('utilisation by %s in %s as of %s', grain, zone, as_of)) FROM ask ORDER BY id;

-- Scaling -----------------------------------------------------------------

CREATE TABLE v AS SELECT k, n, (1 + pick('volume' || k || n, 1000000))::float8 AS volume, ((1 + pick('cost' || k || n, 1000)) * sqrt(1 + pick('volume' || k || n, 1000000)))::float8 AS cost FROM generate_series(1, 20) k, generate_series(1, 2 + k) n;
SELECT is_empty($$
	SELECT k, s.*, w.* FROM (SELECT k, array_agg(volume ORDER BY n) AS volumes, array_agg(cost ORDER BY n) AS costs FROM v GROUP BY k) a, scaling_coefficient(volumes, costs) s,
		LATERAL (SELECT count(*) AS n, regr_slope(ln(cost), ln(volume)) AS slope, exp(regr_intercept(ln(cost), ln(volume))) AS one, regr_r2(ln(cost), ln(volume)) AS r2,
			sqrt((regr_syy(ln(cost), ln(volume)) - regr_sxy(ln(cost), ln(volume)) ^ 2 / regr_sxx(ln(cost), ln(volume))) / (count(*) - 2) / regr_sxx(ln(cost), ln(volume))) AS error FROM v WHERE v.k = a.k) w
	WHERE s.points <> w.n OR s.left_out <> 0 OR abs(s.coefficient - w.slope) > 1e-9 OR abs(s.cost_at_one / w.one - 1) > 1e-7 OR abs(s.r_squared - w.r2) > 1e-9 OR abs(s.standard_error - w.error) > 1e-7
		OR s.scaling <> CASE WHEN w.slope < 1 THEN 'sublinear' ELSE 'superlinear' END OR s.p_value NOT BETWEEN 0 AND 1 OR s.p_value_linear NOT BETWEEN 0 AND 1 $$, 'coefficients are those of regr_slope');
CREATE TABLE cost AS SELECT ('2024-01-01'::date + make_interval(months => n))::date AS period, (ARRAY['a/b', 'a', 'a/bc', 'c'])[1 + pick('cat' || n || m, 4)::integer] AS category, pick('amount' || n || m, 1000)::numeric AS amount, 'EUR' AS currency, true AS variable
	FROM generate_series(0, 17) n, generate_series(1, 3) m WHERE pick('gap' || n, 6) > 0;
CREATE TABLE used AS SELECT n % 5 AS customer, (ARRAY['x', 'y'])[1 + pick('meter' || n, 2)::integer] AS meter, '2024-01-01'::date + pick('day' || n, 540)::integer AS period, pick('vol' || n, 500)::numeric AS volume FROM generate_series(1, 60) n;
SELECT results_eq(format($$ SELECT period, cost, volume, cost_per_unit FROM cost_per_unit('cost', 'used', '2024-01-01', '2025-07-01', 'x', %2$L, %1$L) $$, grain, category),
	format($$ SELECT p.p::date, CASE WHEN count(c.amount) > 0 THEN coalesce(sum(c.amount) FILTER (WHERE %2$L IS NULL OR c.category = %2$L OR c.category LIKE %2$L || '/%%'), 0) END, v.volume,
			CASE WHEN count(c.amount) > 0 THEN coalesce(sum(c.amount) FILTER (WHERE %2$L IS NULL OR c.category = %2$L OR c.category LIKE %2$L || '/%%'), 0) END / nullif(v.volume, 0)
		FROM generate_series(timestamp '2024-01-01', '2025-06-30', interval '%3$s months') p(p) LEFT JOIN cost c ON c.period >= p.p AND c.period < p.p + interval '%3$s months',
			LATERAL (SELECT sum(volume) AS volume FROM used u WHERE u.meter = 'x' AND u.period >= p.p AND u.period < p.p + interval '%3$s months') v
		GROUP BY p.p, v.volume ORDER BY 1 $$, grain, category, months), format('cost per unit of %s by %s', category, grain))
FROM (VALUES ('month', 1), ('quarter', 3)) g(grain, months), unnest('{a,a/b,NULL,nothing}'::text[]) category;

-- The session's zone
CREATE TABLE before AS SELECT * FROM latency_report('r', '2024-03-30', '2024-04-02', 'hour', 'Europe/Berlin', "by" => 'endpoint');
SET LOCAL timezone = 'Asia/Kathmandu';
SELECT is_empty($$ (SELECT * FROM latency_report('r', '2024-03-30', '2024-04-02', 'hour', 'Europe/Berlin', "by" => 'endpoint') EXCEPT SELECT * FROM before) $$, 'nothing depends on the time zone of the session');

SELECT set_eq($$ SELECT period, value, is_total, requests_with_outcome::numeric, errors::numeric, round(error_rate, 9) AS x FROM latency_report('r', '2024-03-30', '2024-04-02', 'day', 'Europe/Berlin', "by" => 'endpoint') WHERE requests_with_outcome > 0 $$,
	$$ SELECT period, value, is_total, events, bad_events, round(error_rate, 9) AS x FROM error_rates('r', '2024-03-30', '2024-04-02', 'day', 'Europe/Berlin', by => 'endpoint') WHERE events > 0 $$, 'errors are those of error_rates');

SELECT * FROM finish();
ROLLBACK;
