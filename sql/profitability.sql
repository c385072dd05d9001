-- Revenue by stream, profit and loss, margins by plan, burn, efficiency.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- 1 pays 300 for pro, and from February 100 for an add-on; 2 pays 31 for starter on 16 days of January and all of February; 3
-- pays 58 for starter from February, and for 14 of the 31 days of March another 62 for pro; 4 never pays for a plan.
CREATE TEMP TABLE items (customer bigint, item text, plan text, f date, t date, amount numeric);
INSERT INTO items VALUES (1, 'base', 'pro', '2024-01-01', NULL, 300), (1, 'ip', 'ip', '2024-02-01', NULL, 100), (2, 'base', 'starter', '2024-01-16', '2024-03-01', 31),
	(3, 'base', 'starter', '2024-02-01', NULL, 58), (3, 'more', 'pro', '2024-03-10', '2024-03-24', 62);
CREATE TEMP TABLE company AS
	SELECT mrr_item_agg(customer, item, f, t, plan, NULL, amount, NULL, NULL, NULL, NULL) AS items, mrr_currency_agg(customer, f, t, amount, 'EUR') AS mrr,
		mrr_item_agg(customer, item, f::timestamp AT TIME ZONE 'Asia/Tokyo', t::timestamp AT TIME ZONE 'Asia/Tokyo', plan, NULL, amount, NULL, NULL, NULL, NULL) AS instants
	FROM items;
CREATE TEMP TABLE plans (plan text, kind text);
INSERT INTO plans VALUES ('pro', 'plan'), ('starter', NULL), ('ip', 'AddOn');
CREATE TEMP TABLE charges (customer bigint, at timestamptz, kind text, units numeric, rate numeric, amount numeric, currency text);
INSERT INTO charges VALUES (1, '2024-01-31 23:30Z', 'overage', 1000, 0.01, 10, 'EUR'), (2, '2024-02-10Z', 'Overage', 500, 0.01, NULL, 'EUR'), (2, '2024-02-12Z', 'overage', 33, 0.0001, NULL, 'EUR'),
	(3, '2024-02-10Z', 'service', NULL, NULL, 99, 'EUR'), (4, '2024-02-11Z', 'setup', NULL, NULL, 20, 'EUR'), (1, '2024-02-12Z', 'other', NULL, NULL, -5, 'EUR'), (3, '2024-03-20Z', 'overage', 7, 1, 7, 'EUR');
CREATE TEMP TABLE usage (customer bigint, meter text, period date, volume numeric, plan_limit numeric, rate numeric);
INSERT INTO usage VALUES (1, 'emails', '2024-01-01', 61500, 50000, 0.0001), (1, 'contacts', '2024-01-01', 900, 1000, 0.01), (2, 'contacts', '2024-01-01', 130, 100, 0.01),
	(2, 'emails', '2024-02-01', 900, NULL, 0.01), (3, 'emails', '2024-02-01', 900, 0, NULL), (4, 'contacts', '2024-02-01', 5, 0, 2);
CREATE TEMP TABLE costs (period date, category text, amount numeric, currency text, variable boolean, plan text);
INSERT INTO costs VALUES
	('2024-01-01', 'customer_acquisition/marketing/events', 60, 'EUR', true, NULL), ('2024-01-01', 'customer_acquisition/sales/salaries', 90, 'EUR', false, NULL),
	('2024-01-01', 'customer_acquisition/sales/commissions', 20, 'EUR', true, 'pro'), ('2024-01-01', 'customer_acquisition', 5, 'EUR', false, NULL),
	('2024-01-01', 'product_delivery/infrastructure', 50, 'EUR', true, NULL), ('2024-01-01', 'product_delivery/support', 30, 'EUR', false, 'pro'), ('2024-01-01', 'product_delivery', 3, 'EUR', false, 'old'),
	('2024-01-01', 'product_development', 200, 'EUR', false, NULL), ('2024-01-01', 'general_and_administrative/rent', 40, 'EUR', false, NULL), ('2024-01-01', NULL, 2, 'EUR', false, NULL),
	('2024-02-01', 'product_delivery/infrastructure', 100, 'EUR', true, NULL), ('2024-02-01', 'product_delivery/infrastructure', -0.01, 'EUR', true, NULL),
	('2024-03-01', 'product_development', 800, 'EUR', false, NULL);

-- Recurring revenue by hand: January 300 + 31 x 16/31; February 300 + 100 + 31 + 58; March 300 + 100 + 58 + 62 x 14/31
SELECT month, customer, plan, mrr_days FROM company, recurring_days(items, '2024-01-01', '2024-04-01') ORDER BY month, customer, plan;
SELECT month, sum(mrr_days) FROM company, recurring_days(mrr, '2024-01-01', '2024-04-01') GROUP BY month ORDER BY month;
SELECT round(avg(mrr_at(mrr, day::date)), 2) AS mean_of_march FROM company, generate_series(timestamp '2024-03-01', '2024-03-31', '1 day') day;
SELECT r.* FROM company, revenue_streams(items, '2024-01-01', '2024-04-01', 'charges', NULL, 'plans') r;
-- overage from usage, and none from charges: 11,500 x 0.0001, 30 x 0.01, 5 x 2; without plans add-ons are subscriptions
SELECT r.stream, r.plan, r.detail, r.volume, r.rate, r.amount FROM company, revenue_streams(items, '2024-01-01', '2024-03-01', 'charges', 'usage', grain => 'quarter') r;
SELECT r.period, r.stream, r.plan, r.detail, r.amount FROM company, revenue_streams(mrr, '2024-01-01', '2024-03-01', 'charges', NULL, 'plans') r;
-- to date: the 10 of 29 days of February that have closed, and charges before noon of the 11th in UTC
SELECT r.period, r.stream, r.detail, r.amount, r.complete FROM company, revenue_streams(mrr, '2024-02-01', '2024-04-01', 'charges', as_of => '2024-02-11 12:00Z') r;
-- without the optional columns: no overage, and charges need their amount
CREATE TEMP VIEW bare_usage AS SELECT customer, meter, period, volume FROM usage;
CREATE TEMP VIEW bare_charges AS SELECT customer, at, kind, amount, currency FROM charges WHERE amount IS NOT NULL;
SELECT period, volume, overage_volume, rate, amount FROM usage_lines('bare_usage', '2024-01-01', '2024-02-01') ORDER BY volume;
SELECT day, customer, stream, units, rate, amount FROM charge_lines('bare_charges', '2024-02-01', '2024-03-01') ORDER BY day, amount;
-- in a zone: the instants of the state are midnights in Tokyo, where the charge of 23:30 falls on 1 February
SELECT r.period, r.stream, r.plan, r.amount FROM company, revenue_streams(instants, '2024-01-01', '2024-03-01', 'charges', NULL, 'plans', zone => 'Asia/Tokyo') r WHERE r.stream IN ('subscriptions', 'usage');
SELECT r.period, r.stream, r.plan, r.amount FROM company, revenue_streams(instants, '2024-01-01', '2024-02-01', 'charges', NULL, 'plans') r;
-- parts of a month sum to its rounded total: thirds of 100 on 30 days, and yen
CREATE TEMP TABLE thirds AS SELECT mrr_item_agg(c, 'a', '2024-04-01'::date, '2024-04-11'::date, 'plan ' || c, NULL, 100, NULL, NULL, NULL, NULL) AS s FROM generate_series(1, 3) c;
SELECT r.plan, r.amount, sum(r.amount) OVER () FROM thirds, revenue_streams(s, '2024-04-01', '2024-05-01') r;
SELECT r.plan, r.amount FROM thirds, revenue_streams(s, '2024-04-01', '2024-05-01', currency => 'JPY') r;
SELECT r.plan, r.amount FROM thirds, revenue_streams(s, '2024-04-01', '2024-05-01', as_of => '2024-04-06Z') r;

-- Profit and loss.  February: 300 + 89 + 100, usage 5.0033, services 99, one-off 15; 99.99 of cost of revenue
\x
SELECT p.* FROM company, pnl(items, 'costs', '2024-01-01', '2024-05-01', 'charges', NULL, 'plans', as_of => '2024-03-11Z') p;
SELECT p.* FROM company, pnl(mrr, NULL, '2024-02-01', '2024-03-01') p;
SELECT p.* FROM pnl(NULL::mrr_state, 'costs', '2024-01-01', '2024-02-01') p;
\x
SELECT p.period, p.recurring_revenue, p.revenue, p.total_cost, p.operating_result, p.complete FROM company, pnl(mrr, 'costs', '2024-01-01', '2024-06-01', 'charges', grain => 'quarter', as_of => '2024-04-01Z') p;
SELECT p.period, p.revenue, p.total_cost, p.complete FROM company, pnl(mrr, 'costs', '2024-01-01', '2024-06-01', 'charges', grain => 'year', fiscal_year_start => 3) p;
-- nothing happened: no revenue, nothing booked; zero revenue has no rates
SELECT p.period, p.revenue, p.total_cost, p.gross_profit, p.operating_result FROM company, pnl(items, 'costs', '2023-01-01', '2023-02-01') p;
SELECT p.period, p.revenue, p.gross_profit, p.gross_margin_rate, p.contribution_margin_rate, p.operating_result, p.operating_margin_rate
FROM pnl((SELECT mrr_agg(1::bigint, '2025-01-01'::date, NULL, 10)), 'costs', '2024-01-01', '2024-02-01') p;
SELECT count(*) FROM company, pnl(items, 'costs', '2024-01-01', '2024-02-01', as_of => '2024-01-01Z');
-- no day has closed yet
SELECT p.revenue, p.total_cost, p.operating_result, p.complete FROM company, pnl(items, 'costs', '2024-01-01', '2024-02-01', as_of => '2024-01-01 20:00Z') p;
-- an empty state is no state
SELECT p.recurring_revenue, p.revenue FROM pnl((SELECT mrr_agg(customer, f, t, amount) FROM items WHERE false), 'costs', '2024-01-01', '2024-02-01', 'charges') p;

-- the currency of the costs says how many decimals a state without a currency has
CREATE TEMP TABLE yen AS SELECT period, category, amount, 'JPY' AS currency, variable FROM costs;
SELECT p.recurring_revenue, p.total_cost, p.currency_code FROM company, pnl(items, 'yen', '2024-03-01', '2024-04-01', as_of => '2024-03-05Z') p;

-- Margins by plan.  January: 50 of infrastructure and 60 of events are shared; pro earned 310, starter 16, old nothing
SELECT m.plan, m.customer_months AS months, m.revenue, m.direct_cost_of_revenue AS direct, m.shared_cost_of_revenue AS shared, m.cost_of_revenue AS cogs, m.gross_profit AS gross,
	round(m.gross_margin_rate, 4) AS rate, m.direct_acquisition_cost AS direct_a, m.shared_acquisition_cost AS shared_a, m.contribution_margin AS contribution
FROM company, plan_margins(items, 'costs', '2024-01-01', '2024-02-01', 'charges', NULL, 'plans') m;
SELECT m.plan, m.shared_cost_of_revenue AS shared, m.shared_acquisition_cost AS shared_a FROM company, plan_margins(items, 'costs', '2024-01-01', '2024-02-01', 'charges', NULL, 'plans', 'equal') m;
SELECT m.period, m.plan, m.customer_months, m.shared_cost_of_revenue AS shared FROM company, plan_margins(items, 'costs', '2024-01-01', '2024-03-01', 'charges', NULL, 'plans', 'customers', grain => 'quarter') m;
SELECT m.plan, m.revenue, m.shared_cost_of_revenue AS shared FROM company, plan_margins(items, 'costs', '2024-02-01', '2024-03-01', NULL, 'usage', 'plans', 'usage', 'emails') m;
SELECT m.plan, m.revenue, m.shared_cost_of_revenue AS shared FROM company, plan_margins(items, 'costs', '2024-02-01', '2024-03-01', NULL, 'usage', 'plans', 'usage', 'contacts') m;
-- no weight at all: the shared cost belongs to no plan; charges of who pays for no plan do not either
SELECT m.plan, m.revenue, m.cost_of_revenue, m.gross_profit FROM company, plan_margins(items, 'costs', '2024-02-01', '2024-03-01', 'charges', 'usage', 'plans', 'usage', 'calls') m;
SELECT m.period, m.plan, m.revenue, m.cost_of_revenue, m.gross_profit, m.complete FROM company, plan_margins(items, 'costs', '2024-03-01', '2024-05-01', as_of => '2024-04-10Z') m;
SELECT m.* FROM plan_margins(NULL, 'costs', '2024-02-01', '2024-03-01') m;
SELECT count(*) FROM plan_margins(NULL, NULL, '2024-02-01', '2024-03-01');

-- Burn by hand: spent 500, 99.99, 800, received 326, 608.0033, 486 + 7: 174, -508.0133, 307, on average -9.0044; new ARR 12 x 331, 12 x 158, 12 x -31
CREATE TEMP TABLE cash (day date, balance numeric, currency text);
INSERT INTO cash VALUES ('2024-01-31', 100, 'EUR'), ('2024-02-28', 1, 'EUR'), ('2024-02-29', 900, 'EUR'), ('2024-02-29', 100, 'EUR'), ('2024-03-31', 1000, 'EUR'), ('2024-04-03', -10, 'EUR');
CREATE TEMP TABLE payments (customer bigint, at timestamptz, amount numeric, currency text, outcome text);
INSERT INTO payments VALUES (1, '2024-01-05Z', 300, 'EUR', 'paid'), (1, '2024-01-06Z', 300, 'EUR', 'failed'), (2, '2024-02-05Z', 200, 'EUR', 'Paid'), (2, '2024-02-06Z', 70, 'EUR', 'refunded'), (2, '2024-02-29 23:00Z', -20, 'EUR', 'paid'), (2, '2024-03-31 23:59Z', 119.99, 'EUR', 'paid');
SELECT period, receipts, gross_burn, net_burn, round(mean_net_burn, 4) AS mean, cash_day, cash_balance, round(runway_months, 2) AS runway, profitable, net_new_arr, round(burn_multiple, 4) AS multiple, complete
FROM company, burn(items, 'costs', '2024-01-01', '2024-05-01', 'cash', NULL, 'charges', as_of => '2024-04-10Z');
-- payments: 300, 180, 119.99, so 200, -80.01, 680.01 of burn, on average 266.67, of which 1000 last 3.75 months; a debt lasts none
SELECT period, receipts, gross_burn, net_burn, round(mean_net_burn, 4) AS mean, cash_balance, round(runway_months, 2) AS runway, profitable, currency_code, complete
FROM company, burn(mrr, 'costs', '2024-03-01', '2024-05-01', 'cash', 'payments', as_of => '2024-04-10Z');
SELECT period, receipts, cash_balance, runway_months, profitable FROM burn(NULL::mrr_state, 'costs', '2024-03-01', '2024-04-01', NULL, 'payments');
SELECT period, receipts, gross_burn, net_burn, mean_net_burn, profitable FROM burn(NULL::mrr_state, 'costs', '2024-03-01', '2024-04-01');
-- a month that was not booked breaks the three
CREATE TEMP TABLE gap_costs AS SELECT m::date AS period, 'rent' AS category, 10 AS amount, 'EUR' AS currency, false AS variable FROM unnest('{2024-01-01,2024-03-01,2024-04-01,2024-05-01}'::date[]) m;
SELECT period, gross_burn, net_burn, mean_net_burn, profitable FROM burn(NULL::mrr_state, 'gap_costs', '2024-01-01', '2024-07-01', NULL, 'payments');
-- a balance below 0; a surplus has no end
CREATE TEMP TABLE debt AS SELECT date '2024-05-31' AS day, -5 AS balance, 'EUR' AS currency;
SELECT period, mean_net_burn, cash_balance, runway_months, profitable FROM burn(NULL::mrr_state, 'gap_costs', '2024-05-01', '2024-06-01', 'debt', 'payments');
SELECT count(*) FROM burn(NULL::mrr_state, 'costs', '2024-01-01', '2024-02-01', as_of => '2023-12-31Z');

-- The published example: 5,000 customers, 750,000 a month; acquisition 630,000, of which marketing 200,000 and sales 430,000,
-- delivery 320,000, of which support 230,000, development 980,000.  Per customer 126, 64 and 386.
CREATE TEMP TABLE large AS SELECT mrr_agg(c::bigint, '2024-01-01'::date, NULL, 140) AS s FROM generate_series(1, 5000) c;
UPDATE large SET s = (SELECT mrr_agg(c::bigint, m.f, m.t, m.a) FROM generate_series(1, 5000) c, (VALUES ('2024-01-01'::date, '2024-04-01'::date, 140), ('2024-04-01', NULL, 150)) m(f, t, a));
CREATE TEMP TABLE large_costs AS SELECT m::date AS period, category, amount, 'USD' AS currency, false AS variable
	FROM (VALUES ('customer_acquisition/marketing', 200000), ('customer_acquisition/sales', 430000), ('product_delivery/infrastructure', 90000), ('product_delivery/support', 230000), ('product_development', 980000)) v(category, amount),
		generate_series(timestamp '2024-01-01', '2024-09-01', '1 month') m;
\x
SELECT u.* FROM large, unit_costs(s, 'large_costs', '2024-04-01', '2024-05-01') u;
\x
-- growth of 3 x 50,000 a quarter, annualised 600,000, to 1,890,000 of the quarter before; not annualised a fourth of it
SELECT period, revenue, previous_revenue, sales_and_marketing, previous_sales_and_marketing, round(magic_number, 6) AS magic_number, round(revenue_growth_to_acquisition_cost, 6) AS not_annualised, currency_code, complete
FROM large, magic_number(s, 'large_costs', '2024-02-15', '2024-12-01', as_of => '2024-08-15Z');
SELECT period, previous_revenue, magic_number FROM large, magic_number(s, NULL, '2024-04-01', '2024-05-01');
SELECT period, revenue, previous_revenue FROM large, magic_number(s, 'large_costs', '2024-04-01', '2024-05-01', fiscal_year_start => 3);
-- no customers, no revenue, a period that is not complete
SELECT u.customers, u.revenue, u.total_cost_per_customer, u.support_cost_ratio, u.sales_efficiency FROM large, unit_costs(s, 'costs', '2023-01-01', '2023-02-01') u;
SELECT u.period, u.customers, u.total_cost, u.total_cost_per_customer, u.support_cost_ratio, u.sales_efficiency, u.complete FROM large, unit_costs(s, 'large_costs', '2024-05-01', '2024-07-01', as_of => '2024-06-15Z') u;
SELECT u.period, u.customers, u.acquisition_cost_per_active_customer FROM company, unit_costs(items, 'costs', '2024-01-01', '2024-02-01', grain => 'year') u;

-- Errors: currencies, words, what a row lacks, windows, a state of days in a zone
CREATE TEMP TABLE dollars AS SELECT period, category, amount, 'USD' AS currency, variable FROM costs;
SELECT p.* FROM company, pnl(mrr, 'dollars', '2024-01-01', '2024-02-01') p;
SELECT p.* FROM company, pnl(items, 'dollars', '2024-01-01', '2024-02-01', 'charges') p;
SELECT r.* FROM company, revenue_streams(mrr, '2024-01-01', '2024-02-01', currency => 'USD') r;
SELECT m.* FROM company, plan_margins(items, 'dollars', '2024-01-01', '2024-02-01', 'charges') m;
SELECT b.* FROM company, burn(mrr, 'dollars', '2024-01-01', '2024-02-01') b;
SELECT b.* FROM burn(NULL::mrr_state, 'dollars', '2024-01-01', '2024-02-01', 'cash') b;
SELECT b.* FROM burn(NULL::mrr_state, 'dollars', '2024-01-01', '2024-02-01', NULL, 'payments') b;
SELECT m.* FROM company, magic_number(mrr, 'dollars', '2024-01-01', '2024-02-01') m;
SELECT r.* FROM company, revenue_streams(mrr, '2024-01-01', '2024-02-01', zone => 'Asia/Tokyo') r;
SELECT * FROM company, recurring_days(items, '2024-01-01', '2024-02-01', 'Asia/Tokyo');
SELECT * FROM company, recurring_days(items, '2024-01-01', '4024-02-01');
SELECT p.* FROM company, pnl(items, 'costs', '2024-01-01', '2024-01-01') p;
SELECT p.* FROM company, pnl(items, 'costs', NULL, '2024-01-01') p;
SELECT p.* FROM company, pnl(items, 'costs', '2024-01-01', '2024-02-01', grain => 'week') p;
SELECT m.* FROM company, plan_margins(items, 'costs', '2024-01-01', '2024-02-01', spread => 'luck') m;
SELECT m.* FROM company, plan_margins(items, 'costs', '2024-01-01', '2024-02-01', spread => 'usage') m;
SELECT m.* FROM company, plan_margins(items, 'costs', '2024-01-01', '2024-02-01', NULL, 'usage', spread => 'usage') m;
SELECT * FROM charge_lines('usage', '2024-01-01', '2024-02-01');
BEGIN;
INSERT INTO charges VALUES (1, '2024-01-05Z', 'gift', NULL, NULL, 1, 'EUR');
SELECT * FROM charge_lines('charges', '2024-01-01', '2024-02-01');
ROLLBACK;
BEGIN;
INSERT INTO charges VALUES (1, '2024-01-05Z', 'overage', 10, NULL, NULL, 'EUR');
SELECT * FROM charge_lines('charges', '2024-01-01', '2024-02-01');
ROLLBACK;
BEGIN;
INSERT INTO payments VALUES (1, '2024-01-05Z', 1, 'EUR', 'lost');
SELECT * FROM receipt_lines('payments', '2024-01-01', '2024-02-01');
ROLLBACK;
BEGIN;
INSERT INTO cash VALUES ('2024-01-05', NULL, 'EUR');
SELECT * FROM cash_lines('cash', '2024-01-01', '2024-02-01');
ROLLBACK;
BEGIN;
INSERT INTO usage VALUES (1, 'emails', '2024-01-01', 'NaN', 1, 1);
SELECT * FROM usage_lines('usage', '2024-01-01', '2024-02-01');
ROLLBACK;
