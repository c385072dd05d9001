-- Costs by role, budget against actual, shares that add up.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- A year's cost structure by month, each category on budget but for three: events 20 % over, advertising 10 % over, tools of
-- support 5,000 under.  Acquisition 630,000 planned, delivery 320,000, development 980,000.
CREATE TEMP TABLE budgets (period date, category text, amount numeric, currency text);
INSERT INTO budgets SELECT '2024-03-01', category, amount, 'USD' FROM (VALUES
	('customer_acquisition/marketing/paid_advertising', 100000), ('customer_acquisition/marketing/content_creation', 30000),
	('customer_acquisition/marketing/events', 50000), ('customer_acquisition/marketing/tools', 20000),
	('customer_acquisition/sales/salaries', 300000), ('customer_acquisition/sales/commissions', 100000), ('customer_acquisition/sales/tools', 30000),
	('product_delivery/infrastructure/hosting', 50000), ('product_delivery/infrastructure/email_delivery', 30000), ('product_delivery/infrastructure/monitoring', 10000),
	('product_delivery/support/salaries', 200000), ('product_delivery/support/tools', 20000), ('product_delivery/support/training', 10000),
	('product_development/engineering/salaries', 600000), ('product_development/engineering/contractors', 100000), ('product_development/engineering/tools', 50000),
	('product_development/product/salaries', 200000), ('product_development/product/research', 20000), ('product_development/product/tools', 10000)) v(category, amount);
CREATE TEMP TABLE costs AS
	SELECT period, category, amount + CASE category WHEN 'customer_acquisition/marketing/paid_advertising' THEN 10000
			WHEN 'customer_acquisition/marketing/events' THEN 10000 WHEN 'product_delivery/support/tools' THEN -5000 ELSE 0 END AS amount, currency,
		category ~ '/(paid_advertising|events|commissions|hosting|email_delivery|contractors|research)$' AS variable
	FROM budgets;
SELECT depth, category, budget, actual, fixed_actual AS fixed, variable_actual AS variable, variance, round(variance_rate, 4) AS rate, outcome, over_threshold AS over
FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-04-01');
-- the threshold is passed, not reached
SELECT category, round(variance_rate, 4) AS rate, over_threshold FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-04-01', threshold => 0.0999)
WHERE category IN ('', 'customer_acquisition/marketing/paid_advertising', 'customer_acquisition/marketing');
-- by role
SELECT role, part, sum(amount), sum(amount) FILTER (WHERE variable) AS variable FROM cost_lines('costs', '2024-03-01', '2024-04-01') GROUP BY role, part ORDER BY role, part;

-- Paths: blanks and slashes that say nothing, the root, depth, case; a credit note; nothing said about variable
CREATE TEMP TABLE odd_costs (category text, period date, amount numeric, currency text, variable boolean, note text, plan text);
INSERT INTO odd_costs VALUES
	('a/b', '2024-03-01', 10, 'EUR', true), ('/a / b/', '2024-03-31', 5, 'eur', false), ('a//b', '2024-03-05', -2, 'EUR', NULL), ('A/b', '2024-03-01', 1, 'EUR', false),
	('a', '2024-03-01', 3, 'EUR', false), (NULL, '2024-03-01', 4, 'EUR', false), (' / ', '2024-03-01', 6, 'EUR', true),
	('1/2/3/4/5/6/7/8/9/10', '2024-03-01', 100, 'EUR', false), ('after', '2024-04-01', 1000, 'EUR', false), ('before', '2024-02-29', 1000, 'EUR', false);
SELECT depth, category, budget, actual, fixed_actual AS fixed, variable_actual AS variable, own_actual AS own, variance, variance_rate, outcome, over_threshold
FROM budget_variance('odd_costs', NULL, '2024-03-01', '2024-04-01');
SELECT period, category, role, variable, plan, amount, currency FROM cost_lines('odd_costs', '2024-03-01', '2024-04-01') WHERE category IN ('', 'a/b') ORDER BY category, amount;

-- Budgets at inner categories: of marketing beside its children; of delivery above all that is spent there; only budget, only actual
CREATE TEMP TABLE inner_budgets (period date, category text, amount numeric, currency text);
INSERT INTO inner_budgets VALUES ('2024-03-01', 'm', 100, 'EUR'), ('2024-03-01', 'm/events', 40, 'EUR'), ('2024-03-01', 'd', 50, 'EUR'), ('2024-03-01', 'only/budget', 7, 'EUR'), ('2024-03-01', 'zero', 0, 'EUR');
CREATE TEMP TABLE inner_costs (period date, category text, amount numeric, currency text, variable boolean);
INSERT INTO inner_costs VALUES ('2024-03-01', 'm/events', 44, 'EUR', true), ('2024-03-01', 'm/ads/search', 90, 'EUR', true), ('2024-03-01', 'd/x/y', 50, 'EUR', false), ('2024-03-01', 'only/actual', 8, 'EUR', false);
SELECT depth, category, budget, actual, own_budget, own_actual, variance, round(variance_rate, 4) AS rate, outcome, over_threshold
FROM budget_variance('inner_costs', 'inner_budgets', '2024-03-01', '2024-04-01');

-- Longer budgets: 100 a quarter is 33.34, 33.33, 33.33, 100 yen 34, 33, 33; a year of 1200 is 100 a month; a credit; the period holds the date
CREATE TEMP TABLE long_budgets (period date, category text, amount numeric, currency text);
INSERT INTO long_budgets VALUES ('2024-01-01', 'q', 100, 'EUR'), ('2024-05-17', 'q', -1, 'EUR');
SELECT period, category, amount FROM budget_lines('long_budgets', '2024-02-01', '2024-08-01', 'quarter') ORDER BY period;
SELECT period, amount FROM budget_lines('long_budgets', '2024-01-01', '2024-02-01', 'year') ORDER BY amount;
SELECT period, amount FROM budget_lines('long_budgets', '2024-01-01', '2024-12-31', 'month') ORDER BY period;
SELECT period, budget, complete FROM budget_variance(NULL, 'long_budgets', '2024-01-01', '2024-12-31', 'year', budget_grain => 'quarter', as_of => '2025-01-01Z') WHERE depth = 0;
-- fiscal quarters of a year that begins in February: January belongs to the quarter before
SELECT period, category, amount FROM budget_lines('long_budgets', '2024-01-01', '2024-08-01', 'quarter', fiscal_year_start => 2) ORDER BY period;
UPDATE long_budgets SET currency = 'JPY';
SELECT array_agg(amount ORDER BY period) FROM budget_lines('long_budgets', '2024-01-01', '2024-04-01', 'quarter');
SELECT sum(budget) FILTER (WHERE depth = 0) AS root FROM budget_variance(NULL, 'long_budgets', '2024-01-01', '2024-04-01', budget_grain => 'quarter');

-- Time: a period that is not complete has no variance; one that is not booked has no actual; a day in a zone
CREATE TEMP TABLE rent AS SELECT m::date AS period, 'rent' AS category, 100 AS amount, 'EUR' AS currency, false AS variable FROM unnest('{2024-01-01,2024-03-01,2024-04-01}'::date[]) m;
CREATE TEMP TABLE rent_budgets AS SELECT m::date AS period, 'rent' AS category, 90 AS amount, 'EUR' AS currency FROM generate_series(timestamp '2024-01-01', '2024-06-01', '1 month') m;
SELECT period, budget, actual, variance, outcome, over_threshold, complete FROM budget_variance('rent', 'rent_budgets', '2024-01-20', '2024-05-02', as_of => '2024-03-31 23:00Z') WHERE depth = 0;
SELECT period, actual, variance, complete FROM budget_variance('rent', 'rent_budgets', '2024-01-20', '2024-05-02', as_of => '2024-03-31 23:00Z', zone => 'Europe/Berlin') WHERE depth = 0;
SELECT period, actual, variance, complete FROM budget_variance('rent', 'rent_budgets', '2024-01-20', '2024-05-02') WHERE depth = 0;
SELECT period, budget, actual, complete FROM budget_variance('rent', 'rent_budgets', '2024-01-20', '2024-05-02', 'quarter', as_of => '2024-05-01Z') WHERE depth = 0;
SELECT * FROM report_periods('2024-01-31', '2024-03-02');
SELECT * FROM report_periods('2024-01-31', '2024-03-02', 'QUARTER', as_of => '2024-04-01Z');
SELECT * FROM report_periods('2024-01-31', '2024-03-02', 'year', fiscal_year_start => 7, as_of => '2024-03-01Z');
-- the last instant before as_of is in February, and in Tokyo it is March
SELECT * FROM report_periods('2024-02-01', '2024-06-01', as_of => '2024-02-29 16:00Z');
SELECT * FROM report_periods('2024-02-01', '2024-06-01', as_of => '2024-02-29 16:00Z', zone => 'Asia/Tokyo');
SELECT count(*) FROM report_periods('2024-02-01', '2024-06-01', as_of => '2024-02-01Z');
SELECT * FROM report_periods('2024-02-01', '2024-02-02', NULL, NULL, NULL, NULL);

-- Empty: no rows, no relation, nothing in the window, before as_of
SELECT count(*) FROM budget_variance(NULL, NULL, '2024-01-01', '2024-02-01');
SELECT count(*) FROM budget_variance('costs', 'budgets', '2023-01-01', '2024-03-01');
SELECT count(*) FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-04-01', as_of => '2024-03-01Z');
SELECT count(*) FROM cost_lines('costs', '2024-03-02', '2024-04-01');

-- Roles: rules of one's own, before and beside the built-in ones
BEGIN;
INSERT INTO cost_roles VALUES ('product_delivery', 'other', NULL), ('a', 'sales_and_marketing', 'sales'), ('a/b/c', 'cost_of_revenue', NULL);
SELECT * FROM cost_role_rules() WHERE NOT built_in OR category ~ 'product';
CREATE TEMP TABLE roles AS SELECT date '2024-01-01' AS period, category, 1 AS amount, 'EUR' AS currency, false AS variable
	FROM unnest('{a,a/b,ab,a/b/c,a/b/c/d,a/b/cd,product_delivery,product_delivery/support,product_delivery/support/x,product_deliveries,customer_acquisition/x,sales_and_marketing/sales,general_and_administrative/rent,x}'::text[]) category;
SELECT category, role, part FROM cost_lines('roles', '2024-01-01', '2024-01-02') ORDER BY category COLLATE "C";
ROLLBACK;
INSERT INTO cost_roles VALUES ('a/', 'other');
INSERT INTO cost_roles VALUES ('a/ b', 'other');
INSERT INTO cost_roles VALUES ('', 'other');
INSERT INTO cost_roles VALUES ('a', 'rent');
INSERT INTO cost_roles VALUES ('a', 'other', 'sales');
INSERT INTO cost_roles VALUES ('a', 'cost_of_revenue', 'sales');

-- Shares
SELECT apportion(100, '{1,1,1}') AS thirds, apportion(0.01, '{1,1}') AS one_cent, apportion(-100, '{1,1,1}') AS credit, apportion(7, '{0,2,1}', 0) AS none_for_0, apportion(1000, '{1,2,3}', 3) AS dinar;
SELECT apportion(1.005, '{1,1}') AS below_a_cent, apportion(0.001, '{0,1}') AS only_below, apportion(-0.001, '{1,2}') AS credit_below, apportion(0, '{1,2}') AS nothing;
SELECT apportion(10, '{0,0}') AS no_weight, apportion(10, '{}') AS nobody, apportion(10, '{NULL,1}') AS unknown, apportion(NULL, '{1}') AS no_amount;
-- two thirds in 64 digits are not rounded up
SELECT apportion(1, array_fill(1::numeric, ARRAY[3]), 18) AS thirds, apportion(999999999999999999999.99, '{0.0000000001,0.0000000002}') AS large;
SELECT apportion(1, '{1}', 19);
SELECT apportion(1, '{1}', -1);
SELECT apportion(1, '{1,-1}');
SELECT apportion('NaN', '{1}');
SELECT apportion(1, '{Infinity}');

-- Errors
SELECT * FROM budget_variance('costs', 'odd_costs', '2024-03-01', '2024-04-01');
SELECT count(*) FROM cost_lines('costs', '2024-03-01', '2024-04-01', 'EUR');
SELECT count(*) FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-04-01', currency => 'usd');
SELECT * FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-03-01');
SELECT * FROM budget_variance('costs', 'budgets', NULL, '2024-03-01');
SELECT * FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-04-01', 'week');
SELECT * FROM budget_variance('costs', 'budgets', '2024-03-01', '2024-04-01', budget_grain => 'week');
SELECT * FROM budget_variance('costs', 'budgets', '2024-03-01', 'infinity');
SELECT * FROM budget_variance('costs', 'budgets', '0024-03-01', '2024-04-01');
SELECT * FROM report_periods('2024-03-01', '2024-04-01', zone => 'Nowhere');
CREATE TEMP TABLE no_variable AS SELECT period, category, amount, currency FROM costs;
SELECT * FROM cost_lines('no_variable', '2024-03-01', '2024-04-01');
BEGIN;
INSERT INTO costs VALUES ('2024-03-01', 'x', NULL, 'USD', true), (NULL, 'x', 1, 'USD', true);
SELECT * FROM cost_lines('costs', '2024-03-01', '2024-04-01');
ROLLBACK;
BEGIN;
INSERT INTO costs VALUES ('2024-03-01', 'x', 'NaN', 'USD', true);
SELECT * FROM cost_lines('costs', '2024-03-01', '2024-04-01');
ROLLBACK;
BEGIN;
INSERT INTO budgets VALUES (NULL, 'x', 1, 'USD');
SELECT * FROM budget_lines('budgets', '2024-03-01', '2024-04-01');
ROLLBACK;
BEGIN;
INSERT INTO costs VALUES ('2024-03-01', 'x', 1, NULL, true);
SELECT * FROM cost_lines('costs', '2024-03-01', '2024-04-01');
ROLLBACK;
