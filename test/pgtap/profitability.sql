-- profitability.sql
--		Properties of costs, budgets, profit and loss, margins by plan and burn
--		over random companies: what adds up does so exactly, and the numbers
--		equal an oracle in plain SQL.
--
-- The companies follow from the seed alone; NM_SEED in the environment
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

\set seed profit
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

-- A company ---------------------------------------------------------------

-- 60 customers with one to three periods of one to three items; two of the six plans are add-ons, one item has no plan
CREATE TABLE items AS
SELECT c AS customer, 'item ' || i AS item, (ARRAY['a', 'b', 'c', 'd', 'plus', 'extra', NULL])[1 + pick('plan' || c || i || v, 7)] AS plan,
	f, CASE WHEN pick('open' || c || i || v, 4) > 0 THEN f + 1 + pick('days' || c || i || v, 120) END AS t,
	(ARRAY[29, 149, 0, 33.333333, 1200, 0.01])[1 + pick('price' || c || i || v, 6)]::numeric AS amount
FROM generate_series(1, 60) c, generate_series(1, 3) i, generate_series(1, 3) v,
	LATERAL (SELECT date '2024-01-01' + pick('start' || c || i || v, 420) AS f) d
WHERE i <= 1 + pick('items' || c, 3) AND v <= 1 + pick('versions' || c || i, 3);
CREATE TABLE plans AS SELECT plan, CASE WHEN plan IN ('plus', 'extra') THEN 'addon' ELSE 'plan' END AS kind FROM unnest('{a,b,c,d,plus,extra}'::text[]) plan;
CREATE TABLE charges AS
SELECT 1 + pick('who' || g, 70) AS customer, timestamptz '2024-01-01 00:00Z' + pick('at' || g, 540) * interval '1 day' + pick('hour' || g, 24) * interval '1 hour' AS at,
	(ARRAY['overage', 'service', 'setup', 'other'])[1 + pick('kind' || g, 4)] AS kind, pick('units' || g, 500)::numeric AS units,
	(ARRAY[0.0001, 0.01, 1.5])[1 + pick('rate' || g, 3)]::numeric AS rate, CASE WHEN pick('computed' || g, 3) > 0 THEN (pick('amount' || g, 100000) - 20000) / 100.0 END AS amount, 'EUR' AS currency
FROM generate_series(1, 300) g;
CREATE TABLE usage AS
SELECT c AS customer, meter, m::date AS period, pick('volume' || c || meter || m, 2000)::numeric AS volume,
	CASE WHEN pick('limited' || c || meter, 4) > 0 THEN 1000::numeric END AS plan_limit, CASE WHEN pick('priced' || c || meter, 4) > 0 THEN 0.0123 END AS rate
FROM generate_series(1, 65) c, unnest('{emails,contacts}'::text[]) meter, generate_series(timestamp '2024-01-01', '2025-06-01', '1 month') m;
CREATE TABLE costs AS
SELECT (date '2024-01-01' + pick('booked' || g, 540)) AS period,
	(ARRAY['customer_acquisition', 'customer_acquisition/marketing/events', 'customer_acquisition/ marketing//ads/', '/customer_acquisition/sales/salaries', 'product_delivery/infrastructure',
		'product_delivery/infrastructure/hosting/eu', 'product_delivery/support', 'product_delivery/other', 'product_development/engineering/salaries', 'product_development', 'office/rent', 'general_and_administrative', NULL])[1 + pick('category' || g, 13)] AS category,
	(pick('cost' || g, 200000) - 20000) / 100.0 AS amount, 'EUR' AS currency, pick('variable' || g, 3) = 0 AS variable,
	(ARRAY['a', 'b', 'unsold', NULL, NULL, NULL])[1 + pick('for' || g, 6)] AS plan
FROM generate_series(1, 500) g;
CREATE TABLE budgets AS
SELECT (date '2024-01-01' + pick('planned' || g, 540)) AS period, (ARRAY['customer_acquisition', 'customer_acquisition/marketing', 'customer_acquisition/marketing/events', 'product_delivery/support', 'office', 'only/planned', ''])[1 + pick('plan category' || g, 7)] AS category,
	pick('budget' || g, 100000) / 100.0 AS amount, 'EUR' AS currency
FROM generate_series(1, 80) g;
CREATE TABLE cash AS SELECT (date '2024-01-01' + pick('cash day' || g, 540)) AS day, (pick('balance' || g, 9000000) / 100.0) AS balance, 'EUR' AS currency FROM generate_series(1, 60) g;
CREATE TABLE payments AS
SELECT 1 + pick('payer' || g, 60) AS customer, timestamptz '2024-01-01 00:00Z' + pick('paid' || g, 540 * 24) * interval '1 hour' AS at, pick('payment' || g, 300000) / 100.0 AS amount, 'EUR' AS currency,
	(ARRAY['paid', 'paid', 'failed', 'refunded'])[1 + pick('outcome' || g, 4)] AS outcome
FROM generate_series(1, 300) g;
CREATE TABLE company AS
	SELECT mrr_item_agg(customer, item, f, t, plan, NULL, amount, NULL, NULL, NULL, NULL) AS items, mrr_currency_agg(customer, f, t, amount, 'EUR') AS mrr FROM items;

-- Oracles -----------------------------------------------------------------

-- every item on every day
CREATE TABLE item_days AS
	SELECT d::date AS day, i.* FROM generate_series(timestamp '2024-01-01', '2025-06-30', '1 day') d, items i WHERE i.f <= d AND (i.t > d OR i.t IS NULL);
CREATE TABLE months AS SELECT m::date AS month, (m + interval '1 month')::date AS next, (m + interval '1 month')::date - m::date AS days FROM generate_series(timestamp '2024-01-01', '2025-06-01', '1 month') m;
CREATE TABLE recurring AS
	SELECT m.month, round(coalesce(sum(d.amount), 0) / m.days, 2) AS amount,
		coalesce(sum(d.amount) FILTER (WHERE d.plan IN ('plus', 'extra')), 0) / m.days AS add_ons
	FROM months m LEFT JOIN item_days d ON d.day >= m.month AND d.day < m.next GROUP BY m.month, m.days;
CREATE TABLE clean_costs AS
	SELECT date_trunc('month', c.period::timestamp)::date AS month, c.*, replace(replace(trim(both '/' from coalesce(c.category, '')), ' ', ''), '//', '/') AS path FROM costs c;
CREATE TABLE charged AS
	SELECT m.month, coalesce(sum(coalesce(c.amount, c.units * c.rate)) FILTER (WHERE c.kind = 'overage'), 0) AS usage,
		coalesce(sum(coalesce(c.amount, c.units * c.rate)) FILTER (WHERE c.kind = 'service'), 0) AS services,
		coalesce(sum(coalesce(c.amount, c.units * c.rate)) FILTER (WHERE c.kind IN ('setup', 'other')), 0) AS one_off
	FROM months m LEFT JOIN charges c ON c.at >= m.month AND c.at < m.next GROUP BY m.month;
CREATE TABLE spent AS
	SELECT m.month, sum(amount) AS total, coalesce(sum(amount) FILTER (WHERE path ~ '^product_delivery'), 0) AS cogs,
		coalesce(sum(amount) FILTER (WHERE path ~ '^product_delivery/support'), 0) AS support, coalesce(sum(amount) FILTER (WHERE path ~ '^product_delivery/infrastructure'), 0) AS infrastructure,
		coalesce(sum(amount) FILTER (WHERE path ~ '^customer_acquisition'), 0) AS acquisition, coalesce(sum(amount) FILTER (WHERE path ~ '^customer_acquisition' AND variable), 0) AS variable,
		coalesce(sum(amount) FILTER (WHERE path ~ '^customer_acquisition/marketing'), 0) AS marketing, coalesce(sum(amount) FILTER (WHERE path ~ '^customer_acquisition/sales'), 0) AS sales,
		coalesce(sum(amount) FILTER (WHERE path ~ '^product_development'), 0) AS development, coalesce(sum(amount) FILTER (WHERE path ~ '^general'), 0) AS administration,
		coalesce(sum(amount) FILTER (WHERE path ~ '^office' OR path = ''), 0) AS other
	FROM months m JOIN clean_costs c USING (month) GROUP BY m.month;

CREATE TABLE result AS SELECT p.* FROM company, pnl(items, 'costs', '2024-01-01', '2025-07-01', 'charges', NULL, 'plans') p;
CREATE TABLE streams AS SELECT r.* FROM company, revenue_streams(items, '2024-01-01', '2025-07-01', 'charges', NULL, 'plans') r;

-- Revenue and profit ------------------------------------------------------

SELECT is((SELECT count(*) FROM result), 18::bigint, 'a row a month');
SELECT results_eq('SELECT period, recurring_revenue FROM result ORDER BY 1', 'SELECT month, amount FROM recurring ORDER BY 1', 'recurring revenue is the mean of MRR of the days');
SELECT results_eq('SELECT r.period, r.recurring_revenue FROM result r ORDER BY 1',
	$$ SELECT m.month, round(avg(mrr_at(c.mrr, d::date)), 2) FROM company c, months m, generate_series(m.month::timestamp, m.next - 1, interval '1 day') d GROUP BY m.month ORDER BY 1 $$, 'which mrr_at says too');
SELECT is_empty('SELECT r.period FROM result r JOIN recurring o ON o.month = r.period WHERE abs(r.add_on_revenue - o.add_ons) > 0.025', 'add-ons are their part, to a cent for each of the two and half a one for the total');
SELECT is_empty('SELECT period FROM result WHERE recurring_revenue <> subscription_revenue + add_on_revenue OR revenue <> recurring_revenue + usage_revenue + services_revenue + one_off_revenue', 'streams sum to revenue');
SELECT results_eq('SELECT period, usage_revenue, services_revenue, one_off_revenue FROM result ORDER BY 1', 'SELECT month, usage, services, one_off FROM charged ORDER BY 1', 'charges by kind');
SELECT results_eq('SELECT period, sum(amount) FROM streams GROUP BY 1 ORDER BY 1', 'SELECT period, revenue FROM result ORDER BY 1', 'the rows of revenue_streams sum to the revenue of pnl');
SELECT results_eq('SELECT period, total_cost, cost_of_revenue, support_cost, infrastructure_cost, sales_and_marketing, variable_acquisition_cost, marketing_cost, sales_cost, research_and_development, general_and_administrative, other_cost FROM result WHERE total_cost IS NOT NULL ORDER BY 1',
	'SELECT month, total, cogs, support, infrastructure, acquisition, variable, marketing, sales, development, administration, other FROM spent ORDER BY 1', 'costs by role');
SELECT is_empty('SELECT r.period FROM result r JOIN (SELECT month, coalesce(sum(amount) FILTER (WHERE variable), 0) AS variable FROM clean_costs GROUP BY 1) c ON c.month = r.period WHERE r.variable_cost <> c.variable OR r.fixed_cost + r.variable_cost <> r.total_cost', 'fixed and variable cost sum to it too');
SELECT is_empty('SELECT period FROM result WHERE total_cost <> cost_of_revenue + sales_and_marketing + research_and_development + general_and_administrative + other_cost', 'roles sum to total cost');
SELECT is_empty('SELECT period FROM result WHERE operating_result IS DISTINCT FROM revenue - total_cost OR gross_profit IS DISTINCT FROM revenue - cost_of_revenue OR contribution_margin IS DISTINCT FROM gross_profit - variable_acquisition_cost', 'profit is revenue less cost');
SELECT results_eq($$ SELECT p.period, p.revenue, p.recurring_revenue, p.total_cost, p.operating_result FROM company, pnl(items, 'costs', '2024-01-01', '2025-07-01', 'charges', grain => 'quarter') p $$,
	$$ SELECT period_start(period, 'quarter'), sum(revenue), sum(recurring_revenue), sum(total_cost), sum(operating_result) FROM result GROUP BY 1 ORDER BY 1 $$, 'quarters are the sums of their months');
SELECT results_eq($$ SELECT p.period, p.revenue, p.recurring_revenue, p.operating_result FROM company, pnl(mrr, 'costs', '2024-01-01', '2025-07-01', 'charges') p $$,
	'SELECT period, revenue, recurring_revenue, operating_result FROM result ORDER BY 1', 'a state without items says the same');
CREATE TABLE costs_backwards AS SELECT * FROM costs ORDER BY md5(costs::text);
SELECT results_eq($$ SELECT p::text FROM company, pnl((SELECT mrr_item_agg(customer, item, f, t, plan, NULL, amount, NULL, NULL, NULL, NULL ORDER BY md5(i::text)) FROM items i), 'costs_backwards', '2024-01-01', '2025-07-01', 'charges', NULL, 'plans') p $$,
	'SELECT r::text FROM result r ORDER BY period', 'the order of rows does not matter');
-- a period once complete stays what it is
-- months of customers against changes of plans
SELECT set_eq(format('SELECT %L, r.* FROM company, nudge.recurring_plan_days(%s, %L, %L) r', w, w.state, w.first_day, w.end_day),
	format('SELECT %L, r.month, r.plan, sum(r.mrr_days) FROM company, nudge.recurring_days(%s, %L, %L) r GROUP BY r.month, r.plan', w, w.state, w.first_day, w.end_day), 'by plan it is the sum over customers: ' || w::text)
FROM (SELECT s.state, w.first_day, w.end_day FROM unnest('{items,mrr}'::text[]) s(state), (VALUES (date '2024-01-01', date '2025-07-01'), ('2024-02-29', '2024-03-01'), ('2024-05-17', '2025-02-11'), ('2023-11-15', '2024-01-02'), ('2030-01-31', '2030-03-02')) w(first_day, end_day)) w;
SELECT is_empty($$ SELECT a.day, p.period FROM company, unnest('{2024-02-01,2024-07-16,2025-03-31}'::date[]) a(day), pnl(items, 'costs', '2024-01-01', '2025-07-01', 'charges', NULL, 'plans', as_of => a.day::timestamp AT TIME ZONE 'UTC') p
	JOIN result r ON r.period = p.period WHERE p.complete AND (p.revenue, p.total_cost, p.operating_result) IS DISTINCT FROM (r.revenue, r.total_cost, r.operating_result) OR NOT p.complete AND p.operating_result IS NOT NULL $$, 'as_of does not change what is complete');
SELECT results_eq($$ SELECT p.period, p.recurring_revenue FROM company, pnl(mrr, NULL, '2025-02-01', '2025-07-01', as_of => '2025-02-11 15:00Z') p $$,
	$$ SELECT '2025-02-01'::date, round(sum(amount) / 28, 2) FROM item_days WHERE day BETWEEN '2025-02-01' AND '2025-02-10' $$, 'to date are the days that have closed');
SELECT results_eq($$ SELECT r.period, r.detail, sum(r.volume), sum(r.amount) FROM company, revenue_streams(items, '2024-01-01', '2025-07-01', 'charges', 'usage') r WHERE r.stream = 'usage' GROUP BY 1, 2 ORDER BY 1, 2 $$,
	$$ SELECT period, meter, sum(volume - plan_limit), sum((volume - plan_limit) * coalesce(rate, 0)) FROM usage WHERE volume > plan_limit GROUP BY 1, 2 ORDER BY 1, 2 $$, 'overage from usage');
-- charges belong to the plan that the customer pays most for, unless it is an add-on
SELECT results_eq($$ SELECT period, plan, sum(amount) FROM streams WHERE stream NOT IN ('subscriptions', 'add_ons') GROUP BY 1, 2 ORDER BY 1, 2 $$,
	$$ SELECT m.month, (SELECT d.plan FROM item_days d WHERE d.customer = c.customer AND d.day >= m.month AND d.day < m.next AND d.amount > 0 AND coalesce(d.plan, '') NOT IN ('plus', 'extra')
			GROUP BY d.plan ORDER BY sum(d.amount) DESC, d.plan LIMIT 1) AS plan, sum(coalesce(c.amount, c.units * c.rate))
		FROM charges c JOIN months m ON c.at >= m.month AND c.at < m.next GROUP BY 1, 2 ORDER BY 1, 2 $$, 'charges by main plan');

-- Margins by plan ---------------------------------------------------------

CREATE TABLE margins AS
	SELECT s.spread, m.* FROM company, unnest('{revenue,customers,usage,equal}'::text[]) s(spread), plan_margins(items, 'costs', '2024-01-01', '2025-07-01', 'charges', 'usage', 'plans', s.spread, 'emails') m;
SELECT is_empty($$ SELECT s.spread, p.period FROM company, unnest('{revenue,customers,usage,equal}'::text[]) s(spread), pnl(items, 'costs', '2024-01-01', '2025-07-01', 'charges', 'usage', 'plans') p
	LEFT JOIN LATERAL (SELECT sum(m.revenue) AS revenue, sum(m.cost_of_revenue) AS cogs, sum(m.variable_acquisition_cost) AS variable, sum(m.contribution_margin) AS contribution FROM margins m WHERE m.spread = s.spread AND m.period = p.period) m ON true
	WHERE (m.revenue, m.cogs, m.variable, m.contribution) IS DISTINCT FROM (p.revenue, p.cost_of_revenue, p.variable_acquisition_cost, p.contribution_margin) $$, 'plans sum to the whole, however shared cost is spread');
SELECT results_eq($$ SELECT period, plan, sum(direct_cost_of_revenue) FROM margins WHERE spread = 'equal' GROUP BY 1, 2 HAVING sum(direct_cost_of_revenue) <> 0 ORDER BY 1, 2 $$,
	$$ SELECT month, plan, sum(amount) FROM clean_costs WHERE plan IS NOT NULL AND path ~ '^product_delivery' GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2 $$, 'direct costs are those of the plan');
SELECT is_empty($$ SELECT * FROM (SELECT m.*, greatest(m.revenue, 0) / sum(greatest(m.revenue, 0)) OVER w * sum(m.shared_cost_of_revenue) OVER w AS exact FROM margins m WHERE m.spread = 'revenue' WINDOW w AS (PARTITION BY m.period)) s
	WHERE abs(s.shared_cost_of_revenue - s.exact) >= 0.01 $$, 'each share is within a cent of the exact one');
SELECT results_eq($$ SELECT period, plan, customer_months FROM margins WHERE spread = 'equal' AND customer_months > 0 ORDER BY 1, 2 $$,
	$$ SELECT month, plan, count(*) FROM (SELECT DISTINCT ON (m.month, d.customer) m.month, d.customer, d.plan FROM months m JOIN item_days d ON d.day >= m.month AND d.day < m.next
			WHERE d.amount > 0 AND coalesce(d.plan, '') NOT IN ('plus', 'extra') GROUP BY 1, 2, 3 ORDER BY 1, 2, sum(d.amount) DESC, 3) s GROUP BY 1, 2 ORDER BY 1, 2 $$, 'customers by main plan');

-- Burn --------------------------------------------------------------------

SELECT results_eq($$ SELECT b.period, b.receipts, b.gross_burn, b.net_burn, round(b.mean_net_burn, 6), b.cash_day, b.cash_balance, round(b.runway_months, 6), b.profitable, b.net_new_arr
		FROM company, burn(mrr, 'costs', '2024-05-01', '2025-07-01', 'cash', 'payments') b $$,
	$$ WITH flow AS (
			SELECT m.month, coalesce((SELECT sum(p.amount) FROM payments p WHERE p.outcome = 'paid' AND p.at >= m.month AND p.at < m.next), 0) AS receipts, s.total
			FROM months m LEFT JOIN spent s USING (month)
		), net AS (
			SELECT f.*, total - receipts AS net, CASE WHEN count(total) OVER w = 3 THEN sum(total - receipts) OVER w / 3 END AS mean FROM flow f WINDOW w AS (ORDER BY month ROWS 2 PRECEDING)
		)
		SELECT n.month, n.receipts, n.total, n.net, round(n.mean, 6), c.day, c.balance, CASE WHEN n.mean > 0 THEN round(c.balance / n.mean, 6) END, n.mean <= 0,
			12 * (coalesce((SELECT sum(amount) FROM item_days d WHERE d.day = (n.month + interval '1 month')::date - 1), 0) - coalesce((SELECT sum(amount) FROM item_days d WHERE d.day = n.month - 1), 0))
		FROM net n LEFT JOIN LATERAL (SELECT day, sum(balance) AS balance FROM cash WHERE date_trunc('month', day::timestamp) = n.month GROUP BY day ORDER BY day DESC LIMIT 1) c ON true
		WHERE n.month >= '2024-05-01' ORDER BY 1 $$, 'burn and runway');
SELECT results_eq($$ SELECT m.period, round(m.magic_number, 8), round(m.revenue_growth_to_acquisition_cost, 8) FROM company, magic_number(mrr, 'costs', '2024-04-01', '2025-07-01', 'charges') m $$,
	$$ WITH q AS (SELECT period_start(period, 'quarter') AS quarter, sum(revenue) AS revenue, sum(sales_and_marketing) AS cost FROM result GROUP BY 1)
		SELECT * FROM (SELECT quarter, round((revenue - lag(revenue) OVER w) * 4 / nullif(lag(cost) OVER w, 0), 8), round((revenue - lag(revenue) OVER w) / nullif(cost, 0), 8) FROM q WINDOW w AS (ORDER BY quarter)) s
		WHERE quarter > '2024-01-01' ORDER BY 1 $$, 'the magic number');
SELECT results_eq($$ SELECT u.period, u.customers, round(u.total_cost_per_customer, 6) FROM company, unit_costs(items, 'costs', '2024-01-01', '2025-07-01') u $$,
	$$ SELECT m.month, n.customers, round(s.total / nullif(n.customers, 0), 6) FROM months m LEFT JOIN spent s USING (month),
		LATERAL (SELECT count(DISTINCT d.customer) AS customers FROM item_days d WHERE d.day = m.next - 1 AND d.amount > 0) n ORDER BY 1 $$, 'cost per customer');

-- Budgets -----------------------------------------------------------------

CREATE TABLE variance AS SELECT g.grain, g.length, v.* FROM (VALUES ('month', 'month'), ('quarter', 'month'), ('month', 'quarter'), ('year', 'quarter'), ('month', 'year')) g(grain, length),
	budget_variance('costs', 'budgets', '2024-01-01', '2026-01-01', g.grain, budget_grain => g.length) v;
SELECT is_empty($$ SELECT v.grain, v.length, v.period, v.category FROM variance v
	LEFT JOIN LATERAL (SELECT sum(c.budget) AS budget, sum(c.actual) AS actual FROM variance c
		WHERE c.grain = v.grain AND c.length = v.length AND c.period = v.period AND c.depth = v.depth + 1 AND (v.category = '' OR starts_with(c.category, v.category || '/'))) c ON true
	WHERE v.budget <> v.own_budget + coalesce(c.budget, 0) OR v.actual <> v.own_actual + coalesce(c.actual, 0) OR (v.actual IS NULL) <> (v.own_actual IS NULL) $$,
	'every level is its own amount and the sum of its children');
SELECT is_empty($$ SELECT grain, length, period, category FROM variance WHERE actual <> fixed_actual + variable_actual OR variance <> actual - budget $$, 'fixed and variable sum to actual');
SELECT results_eq($$ SELECT period, category, own_actual FROM variance WHERE grain = 'month' AND length = 'month' AND own_actual <> 0 ORDER BY 1, 2 $$,
	$$ SELECT month, path, sum(amount) FROM clean_costs GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2 $$, 'own actuals are those booked on the category');
SELECT results_eq($$ SELECT period, category, own_budget FROM variance WHERE grain = 'quarter' AND length = 'month' AND own_budget <> 0 ORDER BY 1, 2 $$,
	$$ SELECT date_trunc('quarter', period::timestamp)::date, category, sum(amount) FROM budgets GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2 $$, 'budgets by month held against quarters');
SELECT results_eq($$ SELECT date_trunc('quarter', period::timestamp)::date, category, sum(own_budget) FROM variance WHERE grain = 'month' AND length = 'quarter' GROUP BY 1, 2 HAVING sum(own_budget) <> 0 ORDER BY 1, 2 $$,
	$$ SELECT date_trunc('quarter', period::timestamp)::date, category, sum(amount) FROM budgets GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2 $$, 'shares of a quarter sum to it');
SELECT results_eq($$ SELECT date_trunc('year', period::timestamp)::date, sum(budget) FROM variance WHERE grain = 'month' AND length = 'year' AND depth = 0 GROUP BY 1 ORDER BY 1 $$,
	$$ SELECT date_trunc('year', period::timestamp)::date, sum(amount) FROM budgets GROUP BY 1 ORDER BY 1 $$, 'shares of a year sum to it');
SELECT is_empty($$ SELECT v.period, v.category FROM variance v WHERE (v.outcome = 'budgeted_above') IS DISTINCT FROM (v.budget = 0 AND v.variance IS NULL AND v.actual IS NOT NULL) AND v.actual IS NOT NULL $$, 'only what has no budget of its own is budgeted above');

-- Shares ------------------------------------------------------------------

CREATE TABLE shares AS
	SELECT g, a.amount, w.weights, a.unit, apportion(a.amount, w.weights, a.unit) AS parts
	FROM generate_series(1, 400) g, LATERAL (SELECT (pick('amount' || g, 2000000) - 1000000) / (ARRAY[1, 100, 1000, 100000])[1 + pick('decimals' || g, 4)]::numeric AS amount, (ARRAY[0, 2, 3])[1 + pick('unit' || g, 3)] AS unit) a,
		LATERAL (SELECT array_agg(pick('weight' || g || i, 5) * (1 + pick('more' || g || i, 1000)) / 7.0) AS weights FROM generate_series(1, 1 + pick('parts' || g, 12)) i) w;
SELECT is_empty($$ SELECT g FROM shares WHERE parts IS NOT NULL AND (SELECT sum(p) FROM unnest(parts) p) <> amount $$, 'shares sum to the amount');
SELECT is_empty($$ SELECT g FROM shares WHERE (parts IS NULL) <> ((SELECT sum(w) FROM unnest(weights) w) = 0) $$, 'there are shares if there is a weight');
SELECT is_empty($$ SELECT s.g FROM shares s, unnest(s.parts, s.weights) p(part, weight) WHERE abs(p.part - s.amount * p.weight / nullif((SELECT sum(w) FROM unnest(s.weights) w), 0)) > 2 * ('1e-' || s.unit)::numeric OR p.weight = 0 AND p.part <> 0 $$, 'near the exact share, none for no weight');
SELECT is_empty($$ SELECT s.g FROM shares s, unnest(s.parts, s.weights) p(part, weight), unnest(s.parts, s.weights) q(part, weight) WHERE p.weight > q.weight AND abs(p.part) < abs(q.part) $$, 'a larger weight never has less');
SELECT is_empty($$ SELECT s.g FROM shares s WHERE s.amount = trunc(s.amount, s.unit) AND EXISTS (SELECT FROM unnest(s.parts) p WHERE p <> trunc(p, s.unit)) $$, 'whole units make whole shares');

SELECT * FROM finish();
ROLLBACK;
