-- What it costs to win a customer, and what a customer is worth.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- Ads of March stand in both: 900 in spend, 1000 in the books
CREATE TEMP TABLE spend (day date, channel text, amount numeric, currency text);
INSERT INTO spend VALUES
	('2024-02-29', 'paid_search', 70, 'EUR'), ('2024-03-01', 'paid_search', 400, 'EUR'), ('2024-03-31', 'paid_search', 200, 'EUR'),
	('2024-03-15', 'paid_social', 300, 'EUR'), ('2024-04-01', 'paid_search', 80, 'EUR');
CREATE TEMP TABLE costs (period date, category text, amount numeric, currency text, variable boolean);
INSERT INTO costs VALUES
	('2024-03-01', 'customer_acquisition/marketing/paid_advertising', 1000, 'EUR', true),
	('2024-03-01', 'customer_acquisition/marketing/content_creation', 300, 'EUR', false),
	('2024-03-01', 'customer_acquisition/marketing/events', 500, 'EUR', true),
	('2024-03-01', 'customer_acquisition/marketing/tools', 200, 'EUR', false),
	('2024-03-01', 'customer_acquisition/sales/salaries', 3000, 'EUR', false),
	('2024-03-01', 'customer_acquisition/sales/commissions', 1000, 'EUR', true),
	('2024-03-01', 'customer_acquisition/sales/tools', 300, 'EUR', false),
	('2024-03-01', 'customer_acquisition/legal', 100, 'EUR', false),
	('2024-02-01', 'customer_acquisition/marketing/paid_advertising/paid_search', 60, 'EUR', true),
	('2024-02-01', 'customer_acquisition/sales/salaries', 2930, 'EUR', true),
	('2024-03-01', 'customer_acquisition_other', 4444, 'EUR', false),
	('2024-03-01', 'product_delivery/support/tools', 5555, 'EUR', false);
-- marketing 900 + 300 + 500, sales 3000 + 1000, tools 200 + 300, other 100, overhead a fifth of 6300
SELECT component, amount, round(share, 4) AS share, cost_per_customer, not_counted, currency_code
FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', 3);
-- the books count: 1800, and a fifth of 6400
SELECT component, amount, not_counted FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', ad_spend => 'costs');
-- each is its own: 2700; no overhead
SELECT component, amount, not_counted FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', ad_spend => 'both', overhead_rate => 0);
-- without spend the books count; a fifth of a pool of 10000
SELECT component, amount, not_counted FROM acquisition_cost(NULL, 'costs', '2024-03-01', '2024-04-01', overhead_pool => 10000);
-- without costs; other categories of acquisition; another category of ads, which has those below it
SELECT component, amount, not_counted FROM acquisition_cost('spend', NULL, '2024-03-01', '2024-04-01');
BEGIN;
INSERT INTO nudge.cost_roles VALUES ('product_delivery', 'sales_and_marketing', NULL), ('customer_acquisition_other', 'sales_and_marketing', 'sales'), ('customer_acquisition', 'other', NULL);
SELECT component, amount, not_counted FROM acquisition_cost(NULL, 'costs', '2024-03-01', '2024-04-01');
ROLLBACK;
SELECT component, amount, not_counted FROM acquisition_cost('spend', 'costs', '2024-02-01', '2024-03-01');
SELECT component, amount, not_counted FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', ad_categories => '{customer_acquisition/marketing/events,customer_acquisition/marketing/content}');
-- the lines behind it
SELECT day, component, source, category, amount, counted, currency FROM acquisition_lines('spend', 'costs', '2024-03-01', '2024-04-01') ORDER BY source, day, category;
SELECT day, channel, campaign, amount, currency, impressions, clicks, partner FROM spend_lines('spend', '2024-03-01', '2024-04-01') ORDER BY day;
-- nothing
SELECT component, amount, share, cost_per_customer, currency_code FROM acquisition_cost(NULL, NULL, '2024-03-01', '2024-04-01', 0, currency => 'eur');

-- The published example: 630,000 and 180 customers
CREATE TEMP VIEW books AS
	SELECT date '2024-03-01' AS period, 'customer_acquisition/' || v.category AS category, v.amount, 'USD' AS currency, false AS variable
	FROM (VALUES ('marketing/paid_advertising', 100000), ('marketing/content_creation', 30000), ('marketing/events', 50000), ('marketing/tools', 20000),
		('sales/salaries', 300000), ('sales/commissions', 100000), ('sales/tools', 30000)) v(category, amount);
SELECT component, amount, round(cost_per_customer, 2) AS cost_per_customer FROM acquisition_cost(NULL, 'books', '2024-03-01', '2024-04-01', 180, overhead_rate => 0);
SELECT round(acquisition_cost_to_annual_revenue(630000, 750000), 4) AS to_annual_revenue, acquisition_cost_per_active_customer(630000, 5000) AS per_active_customer;

-- 1 is new in March.  2 is new and leaves in March.  3 comes back: not new.  4 is new on the last day, 5 in April, 6 always there.
CREATE TEMP TABLE company AS
SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS state
FROM (VALUES (1, date '2024-03-05', NULL::date, 100), (2, '2024-03-10', '2024-03-20', 50), (3, '2024-01-10', '2024-02-10', 70), (3, '2024-03-15', NULL, 70),
	(4, '2024-03-31', NULL, 130), (5, '2024-04-01', NULL, 30), (6, '2024-01-01', NULL, 300), (7, '2024-02-02', NULL, 200)) v(customer, valid_from, valid_to, mrr);
-- 7560 and three customers; MRR at the end 100 + 70 + 130 + 300 + 200 of five
SELECT period, total_cost, new_customers, new_mrr, cac, arpa, round(payback_months, 4) AS payback, round(revenue_payback_months, 4) AS revenue_payback, currency_code
FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01', gross_margin => 0.75);
-- by month: one customer in February and in April
SELECT period, marketing_cost, sales_cost, tools_cost, other_cost, overhead_cost, total_cost, new_customers, cac
FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-02-01', '2024-05-01', 'month');
-- what was spent a month before; periods are whole; the window is as it is
SELECT period, total_cost, new_customers, cac FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-05-01', 'month', cost_lag => '1 month');
SELECT period, total_cost, new_customers, cac FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-02-15', '2024-03-11', 'month');
SELECT period, total_cost, new_customers, cac FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-02-15', '2024-03-11');
-- as of noon of 14 March: spend of 1 March and no customer of the 31st; the period is not over, April has not begun
SELECT period, marketing_cost, new_customers, complete FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-02-01', '2024-05-01', 'month', as_of => '2024-03-14 12:00Z');
SELECT period, marketing_cost, new_customers, complete FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-02-01', '2024-05-01', as_of => '2024-03-14 12:00Z');
SELECT period, marketing_cost, new_customers, complete FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01', as_of => '2024-04-01 00:00Z');
SELECT count(*) FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01', as_of => '2024-03-01 00:00Z');
SELECT count(*) FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01', 'month', as_of => '2024-03-01 00:00Z');
-- fiscal quarters from February
SELECT period, total_cost, new_customers, complete FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-02-01', '2024-05-01', 'quarter', fiscal_year_start => 2);
-- no state: costs without customers
SELECT period, total_cost, new_customers, cac, arpa FROM customer_acquisition_cost(NULL, 'spend', 'costs', '2024-03-01', '2024-04-01');

-- January to June of 6 customers at 100, of whom one leaves in March and one in May:
-- 6 + 6 + 6 + 5 + 5 + 4 = 32 customer months, 2 left: 1/16; LTV = 100 x 0.8 x 16
CREATE TEMP TABLE churning AS
SELECT mrr_agg(customer, date '2023-06-01', CASE customer WHEN 1 THEN date '2024-03-31' WHEN 2 THEN '2024-05-02' END, 100) AS state FROM generate_series(1, 6) customer;
SELECT months, customer_months, churned_customers, churn_rate, customers, arpa, round(ltv, 4) AS ltv, round(ltv_to_cac, 4) AS ltv_to_cac, round(cac_to_ltv, 4) AS cac_to_ltv,
	payback_months AS payback, revenue_payback_months AS revenue_payback
FROM churning, unit_economics(state, '2024-01-01', '2024-07-01', 320, 0.8);
-- one quiet month has no churn, and so no LTV; without CAC; from the 15th to the 15th; to the end of February
SELECT months, churn_rate, ltv, ltv_to_cac, payback_months FROM churning, unit_economics(state, '2024-01-01', '2024-02-01', 320);
SELECT months, round(churn_rate, 6) AS churn_rate, round(ltv, 2) AS ltv, ltv_to_cac, cac_to_ltv, payback_months FROM churning, unit_economics(state, '2024-01-15', '2024-06-15');
SELECT months, customer_months FROM churning, unit_economics(state, '2023-12-31', '2024-02-29');
SELECT (SELECT u FROM unit_economics(state, '2024-01-01', '2024-07-01', 320, zone => NULL) u) = (SELECT u FROM unit_economics(state, '2024-01-01', '2024-07-01', 320) u) AS utc_if_null FROM churning;
-- nobody there, nobody left, none at all
SELECT u.* FROM churning, unit_economics(state, '2020-01-01', '2020-03-01', 100) u \gx
SELECT count(*) FROM unit_economics(NULL, '2020-01-01', '2020-03-01');
SELECT ltv_to_cac(1600, 400), cac_to_ltv(400, 1600), ltv_to_cac(1, 0), cac_to_ltv(1, 0), acquisition_cost_to_annual_revenue(1, 0), acquisition_cost_per_active_customer(1, 0), ltv_to_cac(NULL, 1);

-- Currencies: two, one that is not the given one, one that is not that of the state, one in each month
CREATE TEMP TABLE dollars AS SELECT * FROM costs;
UPDATE dollars SET currency = 'USD' WHERE period = '2024-03-01' AND starts_with(category, 'customer_acquisition/');
SELECT component, amount FROM acquisition_cost('spend', 'dollars', '2024-03-01', '2024-04-01');
SELECT component, amount FROM acquisition_cost(NULL, 'costs', '2024-03-01', '2024-04-01', currency => 'USD');
SELECT period, total_cost FROM company, customer_acquisition_cost(state, NULL, 'dollars', '2024-02-01', '2024-04-01', 'month');
SELECT cac FROM (SELECT mrr_currency_agg(1, '2024-03-01'::date, NULL, 10, 'USD') AS state) s, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01');
SELECT cac, currency_code FROM (SELECT mrr_currency_agg(1, '2024-03-01'::date, NULL, 10, 'EUR') AS state) s, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01');
-- rows outside of the window may be in any
SELECT amount FROM acquisition_cost(NULL, 'dollars', '2024-02-01', '2024-03-01') WHERE component = 'total';
UPDATE dollars SET currency = NULL WHERE period = '2024-02-01';
SELECT amount FROM acquisition_cost(NULL, 'dollars', '2024-02-01', '2024-03-01');
-- rows without a day or an amount
CREATE TEMP VIEW unknown_amount AS SELECT day, channel, CASE WHEN amount < 400 THEN amount END AS amount, currency FROM spend;
SELECT * FROM acquisition_cost('unknown_amount', NULL, '2024-03-01', '2024-04-01');
SELECT count(*) FROM acquisition_cost('unknown_amount', NULL, '2024-04-01', '2024-05-01');
CREATE TEMP VIEW unknown_day AS SELECT CASE WHEN amount < 400 THEN day END AS day, channel, amount, currency FROM spend;
SELECT * FROM spend_lines('unknown_day', '2024-04-01', '2024-05-01');
CREATE TEMP VIEW no_number AS SELECT day, channel, 'NaN'::numeric AS amount, currency FROM spend;
SELECT * FROM spend_lines('no_number', '2024-03-01', '2024-04-01');
-- wrong arguments
SELECT * FROM acquisition_cost('spend', 'costs', '2024-04-01', '2024-03-01');
SELECT * FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', ad_spend => 'neither');
SELECT * FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', overhead_rate => -0.2);
SELECT * FROM acquisition_cost('spend', 'costs', '2024-03-01', '2024-04-01', overhead_pool => 'NaN');
SELECT * FROM customer_acquisition_cost(NULL, 'spend', 'costs', '2024-03-01', '2024-04-01', overhead_rate => 'Infinity');
SELECT * FROM acquisition_cost('costs', 'costs', '2024-03-01', '2024-04-01');
SELECT * FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01', cost_lag => '-1 month');
SELECT * FROM company, customer_acquisition_cost(state, 'spend', 'costs', '2024-03-01', '2024-04-01', 'decade');
SELECT * FROM churning, unit_economics(state, '2024-01-01', '2024-02-02');
SELECT * FROM churning, unit_economics(state, '-infinity', '2024-02-01');

-- relations are read with the privileges of the caller
CREATE ROLE regress_nudge_reader;
GRANT USAGE ON SCHEMA nudge TO regress_nudge_reader;
SET ROLE regress_nudge_reader;
SELECT component, amount FROM acquisition_cost('spend', NULL, '2024-03-01', '2024-04-01');
RESET ROLE;
GRANT SELECT ON spend TO regress_nudge_reader;
SET ROLE regress_nudge_reader;
SELECT component, amount FROM acquisition_cost('spend', NULL, '2024-03-01', '2024-04-01') WHERE component = 'total';
RESET ROLE;
REVOKE ALL ON spend FROM regress_nudge_reader;
REVOKE ALL ON SCHEMA nudge FROM regress_nudge_reader;
DROP ROLE regress_nudge_reader;
