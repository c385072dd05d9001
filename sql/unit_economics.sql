-- Monthly amounts, lifetime value, payback and projected MRR.

SET timezone = 'UTC';

-- Monthly amounts ----------------------------------------------------------

-- each unit, singular and plural, any case
SELECT u AS unit, nudge.monthly_amount(1200, u) AS monthly
FROM unnest(ARRAY['day', 'Days', 'week', 'weeks', 'month', 'MONTHS', 'quarter', 'quarters', 'year', 'years', 'none']) WITH ORDINALITY t(u, n)
ORDER BY n;

-- every second week, every third month, half-yearly; three seats
SELECT nudge.monthly_amount(10, 'week', 2) AS every_2_weeks,
	nudge.monthly_amount(30, 'day', 30) AS every_30_days,
	nudge.monthly_amount(90, 'month', 3) AS every_3_months,
	nudge.monthly_amount(300, 'month', interval_count => 6, quantity => 3) AS half_yearly_3_seats,
	nudge.monthly_amount(500, 'year', 2) AS every_2_years;

-- the factors of others: 4 weeks a month, 4.33, and not at all
SELECT nudge.monthly_amount(10, 'week', weeks_per_month => 4) AS four,
	nudge.monthly_amount(10, 'week', weeks_per_month => 4.33) AS four_33,
	nudge.monthly_amount(10, 'week', weeks_per_month => 0) AS not_at_all,
	nudge.monthly_amount(10, 'day', days_per_month => 30) AS thirty,
	nudge.monthly_amount(10, 'month', weeks_per_month => 4, days_per_month => 30) AS month_has_none;

-- published examples: 100 subscribers at 100 monthly and 50 at 600 yearly
SELECT sum(n * nudge.monthly_amount(amount, unit)) AS mrr
FROM (VALUES (100, 100, 'month'), (50, 600, 'year')) v(n, amount, unit);
SELECT nudge.monthly_amount(1200, 'year') AS yearly, nudge.monthly_amount(1200 * 0.5, 'year') AS half_price_for_ever;

-- published examples: prices to MRR at four decimals
SELECT amount, unit, round(nudge.monthly_amount(amount, unit), 4) AS mrr
FROM (VALUES (18.29, 'year'), (149.95, 'year'), (599.95, 'year'), (2299, 'year'), (5499, 'year'), (549, 'month'), (999.95, 'none')) v(amount, unit);

-- four yearly plans at 500 each; 12 times the monthly amount gives the price back
SELECT nudge.monthly_amount(500, 'year', quantity => 4) AS monthly, round(12 * nudge.monthly_amount(100, 'year'), 2) AS arr;

-- at least 16 decimals, at any size; tiny unit prices are multiplied first
SELECT nudge.monthly_amount(1000000000000, 'year') AS large,
	nudge.monthly_amount(0.0000012345, 'year', quantity => 12000000) AS tiny,
	nudge.monthly_amount(1e-30, 'month') AS below_micro;

-- one division: never further than the last decimal from the exact quotient
SELECT count(*) AS wrong
FROM generate_series(1, 400) i, (VALUES ('day', 365, 12), ('week', 52, 12), ('month', 1, 1), ('quarter', 1, 3), ('year', 1, 12)) u(unit, times, months), generate_series(1, 5) c
WHERE abs(nudge.monthly_amount(i * 1.37, unit, c, i) * (months * c) - i * 1.37 * i * times) > 1e-13;

-- negative amounts are discounts; NULL is unknown and stays so
SELECT nudge.monthly_amount(-120, 'year') AS discount, nudge.monthly_amount(100, 'month', quantity => 0) AS no_seats;
SELECT nudge.monthly_amount(NULL, 'month') AS amount, nudge.monthly_amount(1, NULL) AS unit,
	nudge.monthly_amount(1, 'month', NULL) AS count, nudge.monthly_amount(1, 'month', 1, NULL) AS quantity;

-- errors
SELECT nudge.monthly_amount(1, 'fortnight');
\echo :SQLSTATE
SELECT nudge.monthly_amount(1, '');
SELECT nudge.monthly_amount(1, 'monthss');
SELECT nudge.monthly_amount(1, 'nones');
SELECT nudge.monthly_amount(1, 'month', 0);
\echo :SQLSTATE
SELECT nudge.monthly_amount(1, 'month', -3);
SELECT nudge.monthly_amount('NaN', 'month');
\echo :SQLSTATE
SELECT nudge.monthly_amount('Infinity', 'month');
SELECT nudge.monthly_amount(1, 'month', 1, 'NaN');
SELECT nudge.monthly_amount(1, 'month', 1, -1);
\echo :SQLSTATE
SELECT nudge.monthly_amount(1, 'week', weeks_per_month => -4);
SELECT nudge.monthly_amount(1, 'week', weeks_per_month => 'NaN');
SELECT nudge.monthly_amount(1, 'day', days_per_month => 'Infinity');
SELECT nudge.monthly_amount(1, 'day', days_per_month => -1);
SELECT nudge.monthly_amount(1, 'year', weeks_per_month => 4, days_per_month => -1);

-- Lifetime value and payback -----------------------------------------------

SELECT nudge.ltv(100, 1, 0.05) AS published, nudge.ltv(149, 1, 0.03) AS three_percent, nudge.ltv(149, 0.8, 0.03) AS with_margin,
	nudge.ltv(100, 0.8, 1) AS all_leave;
SELECT nudge.ltv(100, 1, 0) AS no_churn, nudge.ltv(0, 1, 0.05) AS free, nudge.ltv(100, 0, 0.05) AS no_margin, nudge.ltv(100, -0.2, 0.05) AS below_cost,
	nudge.ltv(NULL, 1, 0.05) AS unknown;
SELECT nudge.cac_payback_months(400, 100) AS months, nudge.cac_payback_months(450, 149) AS arpa_149, nudge.cac_payback_months(400, 100, 0.8) AS with_margin,
	nudge.cac_payback_months(0, 100) AS gift;
SELECT nudge.cac_payback_months(400, 0) AS free, nudge.cac_payback_months(400, 100, 0) AS no_margin, nudge.cac_payback_months(400, 100, -0.2) AS below_cost,
	nudge.cac_payback_months(NULL, 100) AS unknown;

SELECT nudge.ltv(100, 1, 5);
\echo :SQLSTATE
SELECT nudge.ltv(100, 1, -0.05);
SELECT nudge.ltv(100, 80, 0.05);
\echo :SQLSTATE
SELECT nudge.ltv(-100, 1, 0.05);
\echo :SQLSTATE
SELECT nudge.ltv('NaN', 1, 0.05);
SELECT nudge.ltv(100, 'NaN', 0.05);
SELECT nudge.ltv(100, 1, 'NaN');
\echo :SQLSTATE
SELECT nudge.cac_payback_months(-1, 100);
SELECT nudge.cac_payback_months(400, -100);
SELECT nudge.cac_payback_months(400, 100, 1.5);
SELECT nudge.cac_payback_months('Infinity', 100);

-- Projection ---------------------------------------------------------------

-- by hand: 10000 - 3 % - 1 % + 2 % + 500 = 10300, 10300 - 2 % + 550 = 10644, ...
SELECT * FROM nudge.project_mrr(10000, 3, new_mrr => 500, new_growth_rate => 0.1, churn_rate => 0.03, contraction_rate => 0.01, expansion_rate => 0.02);

-- nothing happens; all leave; new business shrinks; new business ends
SELECT * FROM nudge.project_mrr(100, 2);
SELECT * FROM nudge.project_mrr(100, 2, churn_rate => 1);
SELECT month, new_mrr, closing_mrr FROM nudge.project_mrr(0, 4, 100, new_growth_rate => -0.5);
SELECT month, new_mrr, closing_mrr FROM nudge.project_mrr(0, 3, 100, new_growth_rate => -1);

-- the yen has no decimals, the dinar three
SELECT month, opening_mrr, churn_mrr, closing_mrr FROM nudge.project_mrr(10001, 3, churn_rate => 0.0333, minor_unit => 0);
SELECT month, opening_mrr, churn_mrr, closing_mrr FROM nudge.project_mrr(10001, 3, churn_rate => 0.0333, minor_unit => 3);

-- rounding leftovers go to a part of their sign, never to one that is nothing
SELECT * FROM nudge.project_mrr(10.0052, 2, new_mrr => 0.004, churn_rate => 0.00045);
SELECT * FROM nudge.project_mrr(0.005, 2, new_mrr => 0.005, new_growth_rate => -1);

-- property: rows add up as printed, are chained, and follow the closed form
CREATE TEMP TABLE scenario AS
SELECT i, i * 7919 % 1000003 / 7.0 AS opening, i * 6101 % 65537 / 9.0 AS new_mrr,
	(i * 383 % 257 - 128) / 1280.0 AS growth, i * 911 % 257 / 2000.0 AS churn,
	i * 523 % 257 / 3000.0 AS contraction, i * 691 % 257 / 2000.0 AS expansion, i % 7 AS minor_unit
FROM generate_series(1, 200) i;

SELECT count(*) AS rows,
	count(*) FILTER (WHERE p.opening_mrr + p.new_mrr + p.expansion_mrr + p.contraction_mrr + p.churn_mrr <> p.closing_mrr) AS parts_do_not_add_up,
	count(*) FILTER (WHERE p.net_new_mrr <> p.closing_mrr - p.opening_mrr) AS net_new_wrong,
	count(*) FILTER (WHERE p.cumulative_net_new_mrr <> p.closing_mrr - round(s.opening, s.minor_unit)) AS cumulative_wrong,
	count(*) FILTER (WHERE p.new_mrr < 0 OR p.expansion_mrr < 0 OR p.contraction_mrr > 0 OR p.churn_mrr > 0) AS sign_wrong,
	count(*) FILTER (WHERE p.closing_mrr < 0) AS negative
FROM scenario s, nudge.project_mrr(s.opening, 36, s.new_mrr, s.growth, s.churn, s.contraction, s.expansion, s.minor_unit) p;

SELECT count(*) AS broken_chains
FROM (SELECT p.opening_mrr, lag(p.closing_mrr) OVER (PARTITION BY s.i ORDER BY p.month) AS before
	  FROM scenario s, nudge.project_mrr(s.opening, 36, s.new_mrr, s.growth, s.churn, s.contraction, s.expansion, s.minor_unit) p) x
WHERE before <> opening_mrr;

WITH RECURSIVE oracle AS (
	SELECT i, 0 AS month, opening AS mrr, new_mrr AS new_next FROM scenario
	UNION ALL
	SELECT o.i, o.month + 1, round(o.mrr * (1 - s.churn - s.contraction + s.expansion) + o.new_next, 40), round(o.new_next * (1 + s.growth), 40)
	FROM oracle o JOIN scenario s USING (i)
	WHERE o.month < 36
)
SELECT count(*) AS rows, count(*) FILTER (WHERE p.closing_mrr <> round(o.mrr, s.minor_unit)) AS off_the_path
FROM scenario s
	CROSS JOIN LATERAL nudge.project_mrr(s.opening, 36, s.new_mrr, s.growth, s.churn, s.contraction, s.expansion, s.minor_unit) p
	JOIN oracle o ON o.i = s.i AND o.month = p.month;

-- NULL gives no rows; the longest projection
SELECT count(*) FROM nudge.project_mrr(NULL, 12);
SELECT count(*) FROM nudge.project_mrr(100, 12, churn_rate => NULL);
SELECT count(*), max(closing_mrr) FROM nudge.project_mrr(100, 1200, new_mrr => 10, churn_rate => 0.02);

-- errors
SELECT * FROM nudge.project_mrr(100, 0);
\echo :SQLSTATE
SELECT * FROM nudge.project_mrr(100, 1201);
SELECT * FROM nudge.project_mrr(-100, 12);
\echo :SQLSTATE
SELECT * FROM nudge.project_mrr(100, 12, new_mrr => -1);
SELECT * FROM nudge.project_mrr('NaN', 12);
\echo :SQLSTATE
SELECT * FROM nudge.project_mrr(100, 12, new_mrr => 'Infinity');
SELECT * FROM nudge.project_mrr(100, 12, new_growth_rate => 5);
SELECT * FROM nudge.project_mrr(100, 12, new_growth_rate => -1.1);
SELECT * FROM nudge.project_mrr(100, 12, churn_rate => 3);
\echo :SQLSTATE
SELECT * FROM nudge.project_mrr(100, 12, contraction_rate => -0.01);
SELECT * FROM nudge.project_mrr(100, 12, expansion_rate => 1.01);
SELECT * FROM nudge.project_mrr(100, 12, churn_rate => 0.7, contraction_rate => 0.4);
\echo :SQLSTATE
SELECT * FROM nudge.project_mrr(100, 12, minor_unit => 7);
\echo :SQLSTATE
SELECT * FROM nudge.project_mrr(100, 12, minor_unit => -1);
SELECT * FROM nudge.project_mrr(100, 1200, new_mrr => 1, new_growth_rate => 1);
\echo :SQLSTATE
