-- revenue_items.sql
--		Properties of revenue by item over random histories: causes add up to
--		movements and movements to the waterfall, and both equal an oracle in
--		plain SQL.
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

\set seed items
\getenv seed NM_SEED
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

-- Base units for one unit of a currency, from a month on.
CREATE TABLE rates AS
SELECT c.currency, m::date AS month, round(c.about * (80 + pick('rate' || c.currency || m, 40)) / 100, 6) AS rate
FROM (VALUES ('EUR', 1.1), ('JPY', 0.0067), ('KWD', 3.25)) c(currency, about),
	generate_series(timestamp '2023-01-01', '2024-12-01', '1 month') m;

-- 120 customers with one to four items, each in one to five versions that
-- follow each other at once or after a gap, or stop.
CREATE TABLE versions (customer bigint, item text, currency text, f date, t date, plan text, q numeric, u numeric, d numeric, why text);

DO $$
DECLARE
	at date;
	until date;
	id text;
	quantity numeric;
	price numeric;
	quantities constant numeric[] := '{1,1,2,3,10,0.5,0}';
	prices constant numeric[] := '{0,10,10,9.99,33.333333333333,120,0.0000004}';
BEGIN
	FOR c IN 1 .. 120 LOOP
		FOR i IN 1 .. 1 + pick('items' || c, 4) LOOP
			at := date '2023-01-01' + pick('first' || c || '.' || i, 300);
			quantity := quantities[1 + pick('q' || c || '.' || i, 7)];
			price := prices[1 + pick('u' || c || '.' || i, 7)];
			FOR v IN 1 .. 1 + pick('versions' || c || '.' || i, 5) LOOP
				id := c || '.' || i || '.' || v;
				until := at + 1 + pick('len' || id, 150);
				IF pick('newq' || id, 3) = 0 THEN
					quantity := quantities[1 + pick('q' || id, 7)];
				END IF;
				IF pick('newu' || id, 3) = 0 THEN
					price := prices[1 + pick('u' || id, 7)];
				END IF;
				INSERT INTO versions VALUES (c * 7919 - 100000, 'item ' || i,
					-- some customers pay in two currencies, and some items change theirs
					(ARRAY['EUR', 'JPY', 'KWD', NULL])[1 + (c + CASE WHEN c % 9 = 0 THEN i ELSE 0 END + CASE WHEN c % 11 = 0 THEN v ELSE 0 END) % 4],
					at, CASE WHEN pick('open' || id, 10) > 0 THEN until END,
					(ARRAY['basic', 'pro', NULL])[1 + pick('plan' || id, 3)], quantity, price,
					round(quantity * price * (ARRAY[0, 0, 0, 0.1, 0.25, 1])[1 + pick('d' || id, 6)], 6),
					(ARRAY['voluntary', 'involuntary', NULL])[1 + pick('why' || id, 3)]);
				EXIT WHEN pick('open' || id, 10) = 0;
				at := until + CASE WHEN pick('gap' || id, 3) = 0 THEN pick('days' || id, 90) ELSE 0 END;
			END LOOP;
		END LOOP;
	END LOOP;
END
$$;

-- One row for each rate that applies to a version.
CREATE TABLE days AS
SELECT v.customer, v.item, v.currency, greatest(v.f, r.month) AS f,
	CASE WHEN v.t <= r.month + interval '1 month' THEN v.t WHEN r.month = '2024-12-01' THEN NULL ELSE (r.month + interval '1 month')::date END AS t,
	v.plan, v.q, v.u, v.d, r.rate, CASE WHEN v.t <= r.month + interval '1 month' THEN v.why END AS why
FROM versions v JOIN rates r ON r.currency = v.currency AND r.month < coalesce(v.t, 'infinity') AND r.month + interval '1 month' > v.f
UNION ALL
SELECT customer, item, currency, f, t, plan, q, u, d, NULL, why FROM versions WHERE currency IS NULL;
ALTER TABLE days ADD segment integer;
UPDATE days SET segment = customer % 5;

SELECT diag(format('%s rows of %s customers in %s currencies', count(*), count(DISTINCT customer), count(DISTINCT coalesce(currency, ''))))
FROM days;

CREATE TABLE states AS
SELECT 'days' AS name, mrr_item_agg(customer, item, f, t, plan, q, u, d, currency, rate, why) AS s FROM days
UNION ALL
SELECT 'instants', mrr_item_agg(customer::text, item, f::timestamp + make_interval(secs => customer % 80000), t::timestamp + make_interval(secs => customer % 80000),
	plan, q, u, d, currency, rate, why) FROM days
UNION ALL
SELECT 'one rate', mrr_item_agg(customer, item, f, t, plan, q, u, d, CASE WHEN currency IS NOT NULL THEN 'USD' END, 1, why) FROM days
UNION ALL
SELECT 'one rate at instants', mrr_item_agg(md5(customer::text)::uuid, item, f::timestamptz + make_interval(secs => customer % 80000 / 7.0),
	t::timestamptz + make_interval(secs => customer % 80000 / 7.0), plan, q, u, d, 'EUR', 1, why) FROM days
UNION ALL
-- the rate of each item is that of its start
SELECT 'rates by item', mrr_item_agg(customer, item, f, t, plan, q, u, d, currency,
	(SELECT r.rate FROM rates r WHERE r.currency = v.currency AND r.month <= v.f ORDER BY r.month DESC LIMIT 1), why) FROM versions v;

-- What is counted, for each state.
CREATE TABLE choices (n serial, grain text, zone text, as_of timestamptz, mode text, max_gap interval, tolerance interval, free text, event_window interval);
INSERT INTO choices (grain, zone, as_of, mode, max_gap, tolerance, free, event_window) VALUES
	('month', 'UTC', NULL, 'snapshot', NULL, NULL, NULL, NULL),
	('week', 'UTC', NULL, 'snapshot', NULL, NULL, NULL, NULL),
	('month', 'UTC', '2024-02-10 12:00', 'snapshot', NULL, NULL, 'contraction', NULL),
	('quarter', 'UTC', NULL, 'snapshot', '30 days', '10 days', NULL, NULL),
	('month', 'UTC', NULL, 'snapshot', NULL, '45 days', 'contraction', NULL),
	('month', 'UTC', NULL, 'event', NULL, NULL, NULL, NULL),
	('month', 'UTC', NULL, 'event', '20 days', '5 days', 'contraction', '20 hours'),
	('month', 'UTC', '2024-03-05', 'chartmogul', NULL, NULL, NULL, NULL),
	('month', 'UTC', NULL, 'period_start', NULL, NULL, NULL, NULL),
	('week', 'UTC', '2024-01-20', 'period_start', NULL, '14 days', 'contraction', NULL),
	('year', 'UTC', NULL, 'stripe', NULL, NULL, NULL, NULL),
	('month', 'America/New_York', NULL, 'snapshot', NULL, NULL, NULL, NULL),
	('month', 'Asia/Kolkata', '2024-02-10 12:00', 'event', NULL, '3 days', NULL, '6 hours');
CREATE TABLE cases AS SELECT s.name, s.s, c.* FROM states s, choices c WHERE s.name LIKE '%instants' OR c.zone = 'UTC';

CREATE TABLE falls AS SELECT c.name, c.n, w.* FROM cases c, mrr_waterfall(s, grain, zone, as_of, mode, NULL, NULL, max_gap, tolerance, free, event_window) w;
CREATE TABLE plains AS SELECT c.name, c.n, w.* FROM cases c, mrr_waterfall(as_mrr_state(s), grain, zone, as_of, mode, NULL, NULL, max_gap, tolerance, free, event_window) w;
CREATE TABLE causes AS SELECT c.name, c.n, w.* FROM cases c, mrr_causes(s, grain, zone, as_of, mode, NULL, NULL, max_gap, tolerance, free, event_window) w;
CREATE TABLE parts AS SELECT c.name, c.n, w.* FROM cases c, mrr_cause_movements(s, grain, zone, as_of, mode, NULL, NULL, max_gap, tolerance, free, event_window) w;

-- Sums --------------------------------------------------------------------

SELECT cmp_ok(count(*), '>', 5000::bigint, 'there are rows to compare') FROM parts;
SELECT is_empty($$
	SELECT name, n, period FROM falls
	WHERE opening_mrr + new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr <> closing_mrr
		OR opening_mrr + net_new_mrr <> closing_mrr
		OR opening_customers + new_customers + reactivated_customers - churned_customers <> closing_customers
$$, 'opening and movements and fx are closing');
SELECT is_empty($$
	SELECT f.name, f.n, f.period, c.* FROM falls f LEFT JOIN LATERAL (
		SELECT coalesce(sum(amount) FILTER (WHERE movement = 'new'), 0) AS new, coalesce(sum(amount) FILTER (WHERE movement = 'reactivation'), 0) AS reactivation,
			coalesce(sum(amount) FILTER (WHERE movement = 'expansion'), 0) AS expansion, coalesce(sum(amount) FILTER (WHERE movement = 'contraction'), 0) AS contraction,
			coalesce(sum(amount) FILTER (WHERE movement = 'churn'), 0) AS churn, coalesce(sum(amount) FILTER (WHERE movement = 'fx'), 0) AS fx
		FROM causes c WHERE c.name = f.name AND c.n = f.n AND c.period = f.period) c ON true
	WHERE (f.new_mrr, f.reactivation_mrr, f.expansion_mrr, f.contraction_mrr, f.churn_mrr, f.fx_mrr)
		IS DISTINCT FROM (c.new, c.reactivation, c.expansion, c.contraction, c.churn, c.fx)
$$, 'causes add up to the movements of the waterfall');
SELECT is_empty($$
	SELECT * FROM (SELECT name, n, period, movement, cause, amount FROM causes) c
	FULL JOIN (SELECT name, n, period, movement, cause, sum(amount) AS sum FROM parts GROUP BY 1, 2, 3, 4, 5) p USING (name, n, period, movement, cause)
	WHERE coalesce(amount, 0) <> coalesce(sum, 0)
$$, 'rows by customer and item add up to the causes');
SELECT is_empty($$
	SELECT name, n, f.period FROM falls f
	WHERE (f.churned_customers, f.new_customers, f.reactivated_customers) <> (SELECT coalesce(sum(customers) FILTER (WHERE movement = 'churn'), 0),
			coalesce(sum(customers) FILTER (WHERE movement = 'new'), 0), coalesce(sum(customers) FILTER (WHERE movement = 'reactivation'), 0)
		FROM causes c WHERE c.name = f.name AND c.n = f.n AND c.period = f.period)
$$, 'every customer who comes or goes has one cause');
SELECT is_empty($$
	SELECT p.name, p.n, p.period, p.customer, p.movement FROM parts p JOIN choices c USING (n)
	WHERE p.movement IN ('expansion', 'contraction') AND c.mode = 'snapshot'
	GROUP BY 1, 2, 3, 4, 5
	HAVING sign(sum(p.amount)) <> CASE p.movement WHEN 'expansion' THEN 1 ELSE -1 END
$$, 'the parts of an expansion add up to more than nothing, of a contraction to less');
SELECT is_empty($$
	SELECT * FROM falls f JOIN (SELECT period, sum(fx_mrr) AS fx, sum(expansion_mrr) AS e
		FROM (SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, currency, rate, why) AS s FROM days GROUP BY segment) x, mrr_waterfall(s) GROUP BY 1) p USING (period)
	WHERE f.name = 'days' AND f.n = 1 AND (f.fx_mrr, f.expansion_mrr) <> (p.fx, p.e)
$$, 'segments add up to the total');

-- Against a state without items --------------------------------------------

SELECT is_empty($$
	SELECT * FROM (TABLE falls EXCEPT TABLE plains) x WHERE name LIKE 'one rate%'
$$, 'at one rate of 1 the waterfall is that of a state without items, in every mode');
SELECT is_empty($$
	SELECT f.name, f.n, f.period FROM falls f FULL JOIN plains p USING (name, n, period)
	WHERE (f.opening_mrr, f.new_mrr, f.reactivation_mrr, f.churn_mrr, f.closing_mrr, f.net_new_mrr, f.expansion_mrr + f.contraction_mrr + f.fx_mrr,
			f.opening_customers, f.new_customers, f.reactivated_customers, f.churned_customers, f.closing_customers, f.complete)
		IS DISTINCT FROM (p.opening_mrr, p.new_mrr, p.reactivation_mrr, p.churn_mrr, p.closing_mrr, p.net_new_mrr, p.expansion_mrr + p.contraction_mrr,
			p.opening_customers, p.new_customers, p.reactivated_customers, p.churned_customers, p.closing_customers, p.complete)
$$, 'at any rates it differs only in what is expansion, contraction and fx');
SELECT is_empty($$ SELECT * FROM causes WHERE movement = 'fx' AND name LIKE 'one rate%' $$, 'no fx without rates');
SELECT isnt_empty($$ SELECT * FROM causes WHERE movement = 'fx' AND amount > 0 AND name = 'days' $$, 'fx with rates');
SELECT results_eq($$ SELECT DISTINCT cause COLLATE "C" FROM causes ORDER BY 1 $$,
	$$ VALUES ('addon'::text COLLATE "C"), ('churn_involuntary'), ('churn_to_free'), ('churn_unknown'), ('churn_voluntary'), ('currency'), ('discount'), ('discount_end'), ('new'), ('plan'), ('price'), ('quantity'), ('reactivation') $$,
	'the histories have every cause');

-- The oracle: months, both ends ---------------------------------------------

CREATE TABLE lines AS
SELECT m.s AS period, d.customer, coalesce(d.currency, '') AS currency, d.item,
	sum(d.q) FILTER (WHERE f < m.s AND (t IS NULL OR t >= m.s)) AS q0, sum(d.q) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)) AS q1,
	sum(d.u) FILTER (WHERE f < m.s AND (t IS NULL OR t >= m.s)) AS u0, sum(d.u) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)) AS u1,
	sum(d.d) FILTER (WHERE f < m.s AND (t IS NULL OR t >= m.s)) AS d0, sum(d.d) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)) AS d1,
	max(d.plan) FILTER (WHERE f < m.s AND (t IS NULL OR t >= m.s)) AS p0, max(d.plan) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)) AS p1,
	coalesce(sum(round(d.q * d.u, 6) - d.d) FILTER (WHERE f < m.s AND (t IS NULL OR t >= m.s)), 0) AS own0,
	coalesce(sum(round(d.q * d.u, 6) - d.d) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)), 0) AS own1,
	coalesce(sum(round((round(d.q * d.u, 6) - d.d) * coalesce(d.rate, 1), 6)) FILTER (WHERE f < m.s AND (t IS NULL OR t >= m.s)), 0) AS base0,
	coalesce(sum(round((round(d.q * d.u, 6) - d.d) * coalesce(d.rate, 1), 6)) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)), 0) AS base1,
	max(coalesce(d.rate, 1)) FILTER (WHERE f < m.e AND (t IS NULL OR t >= m.e)) AS rate1
FROM days d, LATERAL (SELECT g::date AS s, (g + interval '1 month')::date AS e FROM generate_series(timestamp '2023-01-01', '2024-12-01', '1 month') g) m
GROUP BY 1, 2, 3, 4;
CREATE TABLE currencies AS
SELECT period, customer, currency, sum(own0) AS own0, sum(own1) AS own1, sum(base0) AS base0, sum(base1) AS base1,
	-- the opening amount at the closing rate, if there is one
	CASE WHEN sum(own0) = sum(own1) THEN sum(base1) WHEN sum(own1) > 0 THEN round(sum(own0) * max(rate1) FILTER (WHERE own1 > 0), 6) ELSE sum(base0) END AS opening
FROM lines GROUP BY 1, 2, 3;
CREATE TABLE customers AS
SELECT period, customer, sum(base0) AS m0, sum(base1) AS m1,
	sum(base1 - opening) AS movement, sum(opening - base0) AS fx
FROM currencies GROUP BY 1, 2;

SELECT results_eq(
	$$ SELECT period, sum(movement) FILTER (WHERE m0 > 0 AND m1 > 0 AND movement > 0), sum(movement) FILTER (WHERE m0 > 0 AND m1 > 0 AND movement < 0),
		coalesce(sum(fx) FILTER (WHERE m0 > 0 AND m1 > 0), 0), coalesce(-sum(m0) FILTER (WHERE m1 = 0), 0), sum(m1),
		count(*) FILTER (WHERE m0 > 0 AND m1 > 0 AND movement > 0), count(*) FILTER (WHERE m0 > 0 AND m1 > 0 AND movement < 0), count(*) FILTER (WHERE m0 > 0 AND m1 = 0)
	FROM customers GROUP BY 1 HAVING sum(m0) > 0 ORDER BY 1 $$,
	$$ SELECT period, nullif(expansion_mrr, 0), nullif(contraction_mrr, 0), fx_mrr, churn_mrr, closing_mrr, expanded_customers, contracted_customers, churned_customers
	FROM falls f WHERE name = 'days' AND n = 1 AND opening_mrr > 0 AND period < '2025-01-01' ORDER BY 1 $$,
	'expansion, contraction, fx and churn by month are those of the oracle');

-- what each cause did to each item, in its own currency and then at the closing rate
CREATE TABLE expected AS
SELECT l.period, l.customer, l.item, l.currency, x.cause, x.own * coalesce(r.rate, 1) AS amount
FROM lines l JOIN customers c USING (period, customer) JOIN currencies k USING (period, customer, currency)
	LEFT JOIN rates r ON r.currency = l.currency
		AND r.month = CASE WHEN k.own1 > 0 THEN l.period ELSE (l.period - interval '1 month')::date END,
	LATERAL (VALUES
		-- nothing of something has no price to compare with
		('quantity', CASE WHEN q0 IS NOT NULL AND q1 IS NOT NULL THEN (q1 - q0) * CASE q0 WHEN 0 THEN u1 ELSE u0 END END),
		(CASE WHEN p0 IS DISTINCT FROM p1 THEN 'plan' ELSE 'price' END, CASE WHEN q0 > 0 AND q1 IS NOT NULL THEN (u1 - u0) * q1 END),
		(CASE WHEN d1 > d0 THEN 'discount' ELSE 'discount_end' END, CASE WHEN q0 IS NOT NULL AND q1 IS NOT NULL THEN d0 - d1 END),
		('addon', CASE WHEN (q0 IS NULL) <> (q1 IS NULL) THEN l.own1 - l.own0 END)) x(cause, own)
WHERE c.m0 > 0 AND c.m1 > 0 AND c.movement <> 0 AND x.own <> 0;
SELECT cmp_ok(count(*), '>', 100::bigint, 'the oracle has causes') FROM expected;
SELECT is_empty($$
	SELECT * FROM (SELECT period, customer::text, item, currency, cause, amount FROM expected) e
	FULL JOIN (SELECT period, customer, item, coalesce(currency, '') AS currency, CASE cause WHEN 'currency' THEN 'addon' ELSE cause END AS cause, amount AS found
		FROM parts WHERE name = 'days' AND n = 1 AND movement IN ('expansion', 'contraction') AND period < '2025-01-01') p USING (period, customer, item, currency, cause)
	WHERE abs(coalesce(amount, 0) - coalesce(found, 0)) > 0.0005
$$, 'the parts by item and cause are those of the oracle');
SELECT is_empty($$
	SELECT c.period, c.customer FROM customers c JOIN parts p ON p.name = 'days' AND p.n = 1 AND p.period = c.period AND p.customer = c.customer::text
	WHERE p.movement <> 'fx' AND c.m0 > 0
		AND NOT EXISTS (SELECT FROM currencies k WHERE k.period = c.period AND k.customer = c.customer AND k.own0 <> k.own1)
$$, 'who pays the same amounts as before has nothing but fx');

-- Products -----------------------------------------------------------------

CREATE TABLE ends AS SELECT s, d::date AS d, k FROM states, generate_series(timestamp '2023-03-15', '2024-12-15', '3 months') d, (VALUES ('item'), ('plan')) k(k) WHERE name IN ('days', 'rates by item');
SELECT is_empty($$
	SELECT d, k FROM ends
	WHERE (SELECT coalesce(sum(mrr), 0) FROM product_attachment(s, d, count_by => k)) <> mrr_at(as_mrr_state(s), d)
		OR (SELECT coalesce(sum(mrr), 0) FROM products_per_customer(s, d, count_by => k)) <> mrr_at(as_mrr_state(s), d)
		OR (SELECT coalesce(sum(customers), 0) FROM products_per_customer(s, d, count_by => k)) <> customers_at(as_mrr_state(s), d)
		OR (SELECT coalesce(sum(customers), 0) FROM product_attachment(s, d, count_by => k)) <> (SELECT coalesce(sum(customers * products), 0) FROM products_per_customer(s, d, count_by => k))
		OR (SELECT count(*) FROM customer_products(s, d, count_by => k)) <> (SELECT coalesce(sum(customers * products), 0) FROM products_per_customer(s, d, count_by => k))
		OR EXISTS (SELECT customer, sum(mrr) FROM customer_products(s, d, count_by => k) GROUP BY 1 EXCEPT SELECT * FROM customer_mrr(as_mrr_state(s), d))
$$, 'products add up to MRR and customers');

-- The same bytes ------------------------------------------------------------

SELECT is((SELECT rollup(x::text::mrr_item_state ORDER BY x) FROM (SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, currency, rate, why ORDER BY pick(f::text || item, 1000)) AS x
	FROM days GROUP BY pick('part' || customer || f, 7)) p), s, 'any split, combined through the text form') FROM states WHERE name = 'days';
SELECT is((SELECT rollup(x ORDER BY x DESC) FROM (SELECT mrr_item_agg(customer::text, item, f::timestamp + make_interval(secs => customer % 80000), t::timestamp + make_interval(secs => customer % 80000),
		plan, q, u, d, currency, rate, why) AS x FROM days GROUP BY customer) p), s, 'one state a customer, rolled up') FROM states WHERE name = 'instants';
SELECT is(count(*), 0::bigint, 'send and receive of the text form') FROM states WHERE s::text::mrr_item_state <> s OR mrr_item_state_send(s) IS NULL;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is((SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, currency, rate, why) FROM days), s, 'parallel workers') FROM states WHERE name = 'days';

SELECT * FROM finish();
ROLLBACK;
