-- Rates over a window [start_day, end_day), on numbers checked by hand.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- February 2024: a stays at 100, b grows from 50 to 80, c shrinks from 200 to
-- 150, d leaves with 40, e returns with 30, f joins with 25, g joins and leaves
-- inside the month, h joins and grows inside the month from 10 to 15.
CREATE TEMP TABLE book (customer text, valid_from date, valid_to date, mrr numeric);
INSERT INTO book VALUES
	('a', '2023-01-01', NULL, 100),
	('b', '2023-06-01', '2024-02-10', 50), ('b', '2024-02-10', NULL, 80),
	('c', '2023-01-01', '2024-02-15', 200), ('c', '2024-02-15', NULL, 150),
	('d', '2023-03-01', '2024-02-20', 40),
	('e', '2023-01-01', '2023-05-01', 10), ('e', '2024-02-05', NULL, 30),
	('f', '2024-02-25', NULL, 25),
	('g', '2024-02-03', '2024-02-13', 60),
	('h', '2024-02-01', '2024-02-11', 10), ('h', '2024-02-11', NULL, 15);
CREATE TEMP TABLE st AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS s FROM book;

-- opening 390; new 25 + 15, reactivation 30, expansion 30, contraction -50, churn -40; closing 400
SELECT opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr, opening_customers AS o, new_customers AS n,
	reactivated_customers AS r, expanded_customers AS e, contracted_customers AS c, churned_customers AS x, closing_customers AS closing
FROM st, mrr_summary(s, '2024-02-01', '2024-03-01');

CREATE TEMP VIEW rates AS
SELECT w.what, w.a, w.b,
	round(net_revenue_retention(s, a, b), 6) AS nrr,				-- (100 + 80 + 150) / 390
	round(gross_revenue_retention(s, a, b), 6) AS grr,				-- (100 + 50 + 150) / 390
	round(logo_retention(s, a, b), 6) AS logos,						-- 3 / 4
	round(logo_churn_rate(s, a, b), 6) AS logo_churn,				-- 1 / 4
	round(logo_churn_rate(s, a, b, include_joiners => true), 6) AS logo_churn_joiners,	-- (d, g) / (4 + f, g, h and the one that returned)
	round(gross_mrr_churn_rate(s, a, b), 6) AS gross_churn,			-- 90 / 390
	round(net_mrr_churn_rate(s, a, b), 6) AS net_churn,				-- (90 - 30 - 30) / 390
	round(expansion_rate(s, a, b), 6) AS expansion,					-- 30 / 390
	round(contraction_rate(s, a, b), 6) AS contraction,				-- 50 / 390
	round(churned_mrr_rate(s, a, b), 6) AS churned,					-- 40 / 390
	round(account_expansion_rate(s, a, b), 6) AS accounts_expanded,	-- 1 / 4
	round(average_expansion(s, a, b), 6) AS average_expansion,		-- 30 / 1
	round(average_sale_price(s, a, b), 6) AS asp,					-- 40 / 2
	round(quick_ratio(s, a, b), 6) AS quick,						-- (40 + 30) / 90
	round(quick_ratio(s, a, b, include_reactivation => true), 6) AS quick_with_return,	-- (40 + 30 + 30) / 90
	round(arpa(s, (b - 1)), 6) AS arpa								-- 400 / 6
FROM st, (VALUES ('one month', date '2024-02-01', date '2024-03-01'), ('one year', '2023-02-01', '2024-02-01'),
	('nothing lost', '2023-06-01', '2024-02-01'), ('before all', '2020-01-01', '2021-01-01'), ('everything new', '2022-01-01', '2023-02-01')) w(what, a, b);
\x on
SELECT * FROM rates;
\x off

-- in a longer window a joiner's later growth is new, not expansion: the cohort
-- form and a sum of monthly movements differ, and the cohort form is right
SELECT round(net_revenue_retention(s, '2024-01-01', '2024-03-01'), 6) AS cohort_form,
	(SELECT round((max(opening_mrr) FILTER (WHERE period = '2024-01-01') + sum(expansion_mrr + contraction_mrr + churn_mrr))
		/ max(opening_mrr) FILTER (WHERE period = '2024-01-01'), 6)
	 FROM mrr_waterfall(s, mode => 'event') WHERE period IN ('2024-01-01', '2024-02-01')) AS movement_sum
FROM st;

-- growth: total, and components against the window before
SELECT c, round(mrr_growth_rate(s, '2024-02-01', '2024-03-01', 'UTC', c), 6) AS rate
FROM st, (VALUES ('total'), ('new'), ('reactivation'), ('expansion'), ('contraction'), ('churn'), ('net_new')) v(c);
-- total: 400 / 390 - 1; quarters: 2023-04 .. 2023-07 had new 50 (b) and churn -10 (e), 2023-01 .. 2023-04 new 350 and no churn
SELECT c, round(mrr_growth_rate(s, '2023-04-01', '2023-07-01', 'UTC', c), 6) AS rate FROM st, (VALUES ('total'), ('new'), ('churn'), ('net_new')) v(c);
-- a window that is not of whole months has as many days before it
SELECT round(mrr_growth_rate(s, '2024-02-10', '2024-02-15', 'UTC', 'expansion'), 6) AS no_expansion_before FROM st;

-- instants: the window opens and closes at local midnights
CREATE TEMP TABLE ti AS SELECT mrr_agg(customer, f, t, mrr) AS s FROM (VALUES
	(1, timestamptz '2024-01-01 00:00+00', timestamptz '2024-02-01 04:00+00', 100.0), (1, '2024-02-01 04:00+00', NULL, 120),
	(2, '2024-01-01 00:00+00', '2024-03-01 04:30+00', 50)) v(customer, f, t, mrr);
SELECT z, round(net_revenue_retention(s, '2024-02-01', '2024-03-01', z), 6) AS nrr, round(logo_retention(s, '2024-02-01', '2024-03-01', z), 6) AS logos,
	round(expansion_rate(s, '2024-02-01', '2024-03-01', z), 6) AS expansion, round(arpa(s, '2024-02-29', z), 6) AS arpa
FROM ti, (VALUES ('UTC'), ('America/New_York'), ('Europe/Berlin')) v(z);

-- the running period against the same elapsed days of an earlier one
SELECT period, elapsed_days, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr FROM st, mrr_period_to_date(s, '2024-02-12');
SELECT period, elapsed_days, opening_mrr, net_new_mrr, closing_mrr FROM st, mrr_period_to_date(s, '2024-02-12', 'quarter');
SELECT period, elapsed_days, opening_mrr, net_new_mrr, closing_mrr FROM st, mrr_period_to_date(s, '2024-02-12', 'year', 1);
SELECT period, elapsed_days, opening_mrr, net_new_mrr, closing_mrr FROM st, mrr_period_to_date(s, '2024-02-12', 'month', 12);
-- 31 elapsed days do not fit into February
SELECT period, elapsed_days, opening_mrr, closing_mrr FROM st, mrr_period_to_date(s, '2024-03-31');
SELECT period, elapsed_days, closing_mrr FROM st, mrr_period_to_date(s, '2024-02-12', 'week', week_start => 'sunday');
SELECT period, elapsed_days, closing_mrr FROM st, mrr_period_to_date(s, '2024-02-12', 'quarter', fiscal_year_start => 2);

-- NULL where there is nothing to divide by, and for a NULL state
SELECT net_revenue_retention(s, '2024-02-01', '2024-03-01') IS NULL AS nrr, gross_revenue_retention(s, '2024-02-01', '2024-03-01') IS NULL AS grr,
	logo_retention(s, '2024-02-01', '2024-03-01') IS NULL AS logos, logo_churn_rate(s, '2024-02-01', '2024-03-01') IS NULL AS logo_churn,
	quick_ratio(s, '2024-02-01', '2024-03-01') IS NULL AS quick, arpa(s, '2024-02-01') IS NULL AS arpa,
	mrr_growth_rate(s, '2024-02-01', '2024-03-01') IS NULL AS growth
FROM (VALUES (NULL::mrr_state)) v(s);
