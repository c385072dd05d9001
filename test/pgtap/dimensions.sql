--
-- dimensions.sql
--		Random attributes, overlapping and with gaps, against plain SQL.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed dimensions
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SELECT plan(12);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

CREATE TABLE changes AS
	SELECT 'c' || floor(random() * 30) AS customer, (ARRAY['segment', 'region', 'size'])[1 + floor(random() * 3)::integer] AS dimension, (ARRAY['a', 'b', 'C'])[1 + floor(random() * 3)::integer] AS value, at AS valid_from,
		CASE WHEN random() < 0.7 THEN at + floor(random() * 60) * interval '1 day' END AS valid_to
	FROM generate_series(1, 400) g, LATERAL (SELECT timestamptz '2024-01-01Z' + floor(random() * 200) * interval '1 day' + g * interval '0') a(at);
CREATE TABLE accounts AS SELECT 'c' || g AS customer, timestamptz '2023-01-01Z' AS created_at, 'n' || g % 3 AS segment, 'r' AS region, CASE WHEN g % 2 = 0 THEN '{"size": "s"}'::jsonb END AS attributes, g AS mrr FROM generate_series(0, 39) g;
CREATE FUNCTION pg_temp.value_at(of_customer text, of_dimension text, t timestamptz) RETURNS text LANGUAGE sql STABLE
	RETURN (SELECT value FROM changes WHERE customer = of_customer AND dimension = of_dimension AND valid_from <= t AND (valid_to IS NULL OR valid_to > t) ORDER BY valid_from DESC, value COLLATE "C" LIMIT 1);
CREATE TABLE moments AS SELECT timestamptz '2023-12-30Z' + g * interval '12 hours' AS t FROM generate_series(0, 600, 7) g;

SELECT is_empty($$ SELECT * FROM moments, LATERAL nudge.dimension_at('changes', t, 'segment') a WHERE a.value IS DISTINCT FROM pg_temp.value_at(a.customer, 'segment', t) $$, 'dimension_at is what holds then');
SELECT is((SELECT count(*) FROM moments, LATERAL nudge.dimension_at('changes', t, 'segment')), (SELECT count(pg_temp.value_at('c' || g, 'segment', t)) FROM moments, generate_series(0, 29) g), 'of all who have one');
CREATE TABLE spans AS SELECT * FROM nudge.dimension_spans('changes');
SELECT is_empty($$ SELECT * FROM moments, (SELECT DISTINCT customer, dimension FROM changes) c WHERE pg_temp.value_at(customer, dimension, t) IS DISTINCT FROM
	(SELECT s.value FROM spans s WHERE s.customer = c.customer AND s.dimension_name = c.dimension AND s.valid_from <= t AND (s.valid_to IS NULL OR t < s.valid_to)) $$, 'dimension_spans are what holds at each time, once');
SELECT is_empty($$ SELECT FROM spans a JOIN spans b ON a.customer = b.customer AND a.dimension_name = b.dimension_name AND a.valid_from < b.valid_from AND (a.valid_to IS NULL OR a.valid_to > b.valid_from OR a.valid_to = b.valid_from AND a.value = b.value) $$, 'spans do not overlap, and those that touch differ');
SELECT is_empty($$ SELECT * FROM spans WHERE valid_to <= valid_from $$, 'each has a length');
SELECT is_empty($$ SELECT * FROM nudge.dimension_spans('changes', 'size') EXCEPT SELECT * FROM spans WHERE dimension_name = 'size' $$, 'those of one attribute are a part');
SELECT is_empty($$ SELECT m.t, c.customer FROM moments m, LATERAL nudge.customers_then('accounts', 'changes', m.t) c JOIN accounts a USING (customer)
	WHERE (c.segment, c.region, c.attributes ->> 'size') IS DISTINCT FROM (
		CASE WHEN EXISTS (SELECT FROM changes h WHERE h.customer = a.customer AND h.dimension = 'segment') THEN pg_temp.value_at(a.customer, 'segment', m.t) ELSE a.segment END,
		CASE WHEN EXISTS (SELECT FROM changes h WHERE h.customer = a.customer AND h.dimension = 'region') THEN pg_temp.value_at(a.customer, 'region', m.t) ELSE a.region END,
		CASE WHEN EXISTS (SELECT FROM changes h WHERE h.customer = a.customer AND h.dimension = 'size') THEN pg_temp.value_at(a.customer, 'size', m.t) ELSE a.attributes ->> 'size' END) $$, 'customers_then has the attributes then');
SELECT is_empty($$ SELECT t FROM moments, LATERAL nudge.customers_then('accounts', 'changes', t) c JOIN accounts a USING (customer) GROUP BY t HAVING sum(mrr) <> (SELECT sum(mrr) FROM accounts) OR count(*) <> 40 $$, 'segments then sum to the total of now');
SELECT is_empty($$ SELECT customer, segment, region, attributes FROM nudge.customers_then('accounts', 'changes') EXCEPT SELECT customer, segment, region, attributes FROM accounts $$, 'now is as customers has it');
SELECT is_empty($$ SELECT m.t FROM moments m, LATERAL (SELECT count(*) AS n FROM accounts a LEFT JOIN spans s ON s.customer = a.customer AND s.dimension_name = 'segment' AND s.valid_from <= m.t AND (s.valid_to IS NULL OR m.t < s.valid_to)) x WHERE x.n <> 40 $$,
	'a join to spans makes no row more');
-- As of a time later rows are not known, and later ends are open
CREATE VIEW known AS SELECT customer, dimension, value, valid_from, CASE WHEN valid_to < '2024-04-01Z' THEN valid_to END AS valid_to FROM changes WHERE valid_from < '2024-04-01Z';
SELECT is_empty($$ (SELECT * FROM nudge.dimension_spans('changes', NULL, '2024-04-01Z') EXCEPT SELECT * FROM nudge.dimension_spans('known')) UNION (SELECT * FROM nudge.dimension_spans('known') EXCEPT SELECT * FROM nudge.dimension_spans('changes', NULL, '2024-04-01Z')) $$, 'as_of is what was known then');
CREATE TABLE backwards AS SELECT * FROM changes ORDER BY random();
SELECT results_eq($$ SELECT * FROM nudge.dimension_spans('changes') $$, $$ SELECT * FROM nudge.dimension_spans('backwards') $$, 'in whatever order rows come');

SELECT * FROM finish();
ROLLBACK;
