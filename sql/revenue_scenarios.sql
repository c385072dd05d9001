-- Public examples with known numbers: a label per scenario, the source's
-- numbers in comments.  Ends are exclusive, losses are negative.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- One row per month: new, expansion, contraction, churn, reactivation, MRR
CREATE FUNCTION pg_temp.waterfall(state mrr_state, mode text DEFAULT 'snapshot')
	RETURNS TABLE (month text, n numeric, e numeric, c numeric, x numeric, r numeric, mrr numeric) LANGUAGE sql
BEGIN ATOMIC
	SELECT to_char(w.period, 'YYYY-MM'), w.new_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.reactivation_mrr, w.closing_mrr
	FROM mrr_waterfall(state, mode => mode) w;
END;

--
-- S1. mrr-playbook: 121 periods of 55 customers
--
CREATE TEMP TABLE subscription_periods (subscription_id integer, customer_id integer, start_date date, end_date date, monthly_amount numeric);
\getenv abs_srcdir PG_ABS_SRCDIR
\if :{?abs_srcdir}
\cd :abs_srcdir
\endif
\copy subscription_periods FROM 'test/data/subscription_periods.csv' WITH (FORMAT csv, HEADER)
SELECT count(*), count(DISTINCT customer_id) FROM subscription_periods;

CREATE TEMP TABLE published (month text, n numeric, e numeric, c numeric, x numeric, r numeric, mrr numeric);
INSERT INTO published VALUES
	('2018-01', 55, 0, 0, 0, 0, 55),
	('2018-02', 0, 15, 0, 0, 0, 70),
	('2018-03', 0, 0, 0, 0, 0, 70),
	('2018-04', 80, 0, 0, 0, 0, 150),
	('2018-05', 120, 0, 0, -80, 0, 190),
	('2018-06', 25, 30, -10, 0, 0, 235),
	('2018-07', 0, 25, 0, 0, 0, 260),
	('2018-08', 0, 0, 0, 0, 0, 260),
	('2018-09', 30, 0, 0, 0, 50, 340),
	('2018-10', 0, 20, -25, 0, 0, 335),
	('2018-11', 240, 0, 0, 0, 0, 575),
	('2018-12', 25, 50, -65, 0, 0, 585),
	('2019-01', 25, 10, 0, 0, 0, 620),
	('2019-02', 30, 25, 0, -50, 0, 625),
	('2019-03', 60, 0, 0, -25, 0, 660),
	('2019-04', 120, 65, 0, 0, 50, 895),
	('2019-05', 155, 0, -85, 0, 0, 965),
	('2019-06', 50, 150, -30, 0, 0, 1135),
	('2019-07', 205, 0, -40, 0, 50, 1350),
	('2019-08', 105, 0, -55, -160, 0, 1240),
	('2019-09', 165, 80, -30, 0, 0, 1455),
	('2019-10', 220, 80, -75, 0, 0, 1680),
	('2019-11', 210, 60, -110, 0, 0, 1840),
	('2019-12', 100, 50, -30, -705, 0, 1255),
	('2020-01', 175, 0, 0, -1255, 0, 175),
	('2020-02', 0, 0, 0, -175, 0, 0);

CREATE TEMP TABLE s1 AS SELECT mrr_agg(customer_id, start_date, end_date, monthly_amount) AS s FROM subscription_periods;
-- S1, all 26 months: none differs, in any mode (the source's dates are first days of months)
SELECT m.mode, count(*) AS months, count(*) FILTER (WHERE w.* IS NOT DISTINCT FROM p.*) AS equal
FROM s1, mrr_modes() m, LATERAL pg_temp.waterfall(s, m.mode) w JOIN published p ON p.month = w.month
GROUP BY m.mode ORDER BY m.mode;
SELECT w.* FROM s1, pg_temp.waterfall(s) w WHERE month >= '2018-01';
-- S1, 2017: months that the source's calendar leaves out
SELECT w.* FROM s1, pg_temp.waterfall(s) w WHERE month < '2018-01';
-- S1 from instants and from text keys
SELECT count(*) FILTER (WHERE w.* IS NOT DISTINCT FROM p.*) AS equal
FROM (SELECT mrr_agg('customer ' || customer_id, start_date::timestamp, end_date::timestamp, monthly_amount) AS s FROM subscription_periods) x,
	LATERAL pg_temp.waterfall(s) w JOIN published p ON p.month = w.month;
-- S1, active customers: 12, 42, 28; churned customers: 17, 28
SELECT period, closing_customers, churned_customers FROM s1, mrr_waterfall(s) WHERE period IN ('2018-12-01', '2019-11-01', '2019-12-01', '2020-01-01');
-- S1, 12 months: opening 575, NRR 560 / 575, GRR 460 / 575, logos 10 / 11; opening 585, 410 / 585, 340 / 585, 7 / 12
SELECT a, (mrr_summary(s, a, b)).opening_mrr, round(net_revenue_retention(s, a, b), 6) AS nrr, round(gross_revenue_retention(s, a, b), 6) AS grr,
	(mrr_summary(s, a, b)).opening_customers AS opening, round(logo_retention(s, a, b) * (mrr_summary(s, a, b)).opening_customers, 6) AS kept
FROM s1, (VALUES (date '2018-12-01', date '2019-12-01'), ('2019-01-01', '2020-01-01')) v(a, b);
-- S1, 2019-12: gross MRR churn 735 / 1840, net 685 / 1840; 2019-11: quick ratio 270 / 110
SELECT round(gross_mrr_churn_rate(s, '2019-12-01', '2020-01-01'), 6) AS gross, round(net_mrr_churn_rate(s, '2019-12-01', '2020-01-01'), 6) AS net,
	round(quick_ratio(s, '2019-11-01', '2019-12-01'), 6) AS quick, round(270 / 110.0, 6) AS quick_by_hand FROM s1;

--
-- S2. the same, customer 1: gap, return, upgrade, leave
-- 2018-11 n 50; 2019-02 x -50; 2019-04 r 50; 2019-06 e 25; 2019-08 x -75
--
SELECT w.* FROM (SELECT mrr_agg(customer_id, start_date, end_date, monthly_amount) AS s FROM subscription_periods WHERE customer_id = 1) q, pg_temp.waterfall(s) w;

--
-- S3. the same, customer 10: churn, a gap of four months, zigzag
-- 18-04 n 80; 18-05 x -80; 18-09 r 50; 18-10 c -25; 19-04 e 25; 19-05 c -25; 19-06 e 25; 19-11 c -25; 19-12 e 10; 20-01 x -35
--
SELECT to_char(period, 'YY-MM') AS month, movement, amount
FROM (SELECT mrr_agg(customer_id, start_date, end_date, monthly_amount) AS s FROM subscription_periods WHERE customer_id = 10) q, mrr_movements(s) ORDER BY period;

--
-- S4. the same, customer 8: two rows at 65 back to back; 2019-04 n 65, 2019-12 x -65, nothing at the seam
--
SELECT to_char(period, 'YY-MM') AS month, movement, amount
FROM (SELECT mrr_agg(customer_id, start_date, end_date, monthly_amount) AS s FROM subscription_periods WHERE customer_id = 8) q, mrr_movements(s) ORDER BY period;
SELECT count(*) AS events FROM (SELECT mrr_agg(customer_id, start_date, end_date, monthly_amount) AS s FROM subscription_periods WHERE customer_id = 8) q, mrr_movements(s, mode => 'event');

--
-- S5. ChartMogul, customer life cycle: n 166.67, e 60, c -60, x -166.67, r 150
-- (4 Gold yearly at 500, two Silver monthly at 30, return with 3 Gold monthly at 50)
--
CREATE TEMP TABLE s5 AS SELECT mrr_agg(1, f, t, a) AS s FROM (VALUES
	(date '2022-01-01', date '2023-01-01', monthly_amount(500, 'year', 1, 4)),
	('2022-03-01', '2022-06-10', monthly_amount(30, 'month', 1, 2)),
	('2023-05-01', NULL, monthly_amount(50, 'month', 1, 3))) v(f, t, a);
SELECT to_char(period, 'YYYY-MM') AS month, movement, round(amount, 2) AS amount, round(mrr_after, 2) AS mrr FROM s5, mrr_movements(s) ORDER BY period;
-- added and cancelled within one month: a snapshot shows neither, events show both
SELECT mode, movement, amount FROM (VALUES ('snapshot'), ('event')) m(mode),
	LATERAL mrr_movements((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2022-01-01', NULL::date, 100.0), ('2022-03-03', '2022-03-20', 60)) v(f, t, a)), mode => m.mode)
ORDER BY mode DESC, at, period;

--
-- S6. ChartMogul, plan switch: 100 from 2019-01-01, 250 from 2019-02-01; e 150
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2019-01-01', date '2019-02-01', 100.0), ('2019-02-01', NULL, 250)) v(f, t, a))) w;
SELECT period, movement, cause, amount FROM mrr_causes((SELECT mrr_item_agg(1, 'subscription', f, t, plan, 1, a, 0, 'USD', 1, NULL)
	FROM (VALUES (date '2019-01-01', date '2019-02-01', 'small', 100.0), ('2019-02-01', NULL, 'large', 250)) v(f, t, plan, a)));

--
-- S7. ChartMogul, prorated switch on 2019-06-16: MRR 250 from that day, June e 150 (the invoice of +125 and -50 is not MRR)
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2019-05-01', date '2019-06-16', 100.0), ('2019-06-16', NULL, 250)) v(f, t, a))) w;
SELECT d, mrr_at(mrr_agg(1, f, t, a), d) FROM (VALUES (date '2019-05-01', date '2019-06-16', 100.0), ('2019-06-16', NULL, 250)) v(f, t, a), (VALUES (date '2019-06-15'), ('2019-06-16')) w(d) GROUP BY d ORDER BY d;

--
-- S8. ChartMogul, a second seat at 50 on 2016-03-16: March e 50, MRR 100 (day-scaling the invoice line would give 48.44)
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, monthly_amount(50, 'month', 1, q)) FROM (VALUES (date '2016-01-01', date '2016-03-16', 1), ('2016-03-16', NULL, 2)) v(f, t, q))) w;
SELECT period, movement, cause, amount FROM mrr_causes((SELECT mrr_item_agg(1, 'seat', f, t, 'team', q, 50, 0, 'USD', 1, NULL) FROM (VALUES (date '2016-01-01', date '2016-03-16', 1), ('2016-03-16', NULL, 2)) v(f, t, q)));

--
-- S9. Stripe, 10 to 20 monthly halfway through a period: MRR 20, e 10
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2024-01-01', date '2024-04-16', 10.0), ('2024-04-16', NULL, 20)) v(f, t, a))) w;

--
-- S10. ChartMogul: opening 100, churn 10, contraction 10, expansion 10: gross 20 %, net 10 %
--
SELECT round(gross_mrr_churn_rate(s, '2024-02-01', '2024-03-01'), 6) AS gross, round(net_mrr_churn_rate(s, '2024-02-01', '2024-03-01'), 6) AS net
FROM (SELECT mrr_agg(k, f, t, a) AS s FROM (VALUES (1, date '2024-01-01', date '2024-02-15', 10.0),
	(2, '2024-01-01', '2024-02-15', 40), (2, '2024-02-15', NULL, 30), (3, '2024-01-01', '2024-02-15', 50), (3, '2024-02-15', NULL, 60)) v(k, f, t, a)) q;
-- S10. 100 customers at the start, 11 cancel, one of them joined this month: 10 %
SELECT round(logo_churn_rate(s, '2024-02-01', '2024-03-01'), 6) AS logo_churn
FROM (SELECT mrr_agg(k, f, t, 5) AS s FROM (SELECT k, date '2024-01-01' AS f, CASE WHEN k <= 10 THEN date '2024-02-15' END AS t FROM generate_series(1, 100) k
	UNION ALL VALUES (101, date '2024-02-05', date '2024-02-20')) v) q;
-- S10. ARPA 100, churn 5 %: LTV 2000
SELECT round(ltv(100, 1, 0.05), 6) AS ltv;
-- S10. Chargebee: opening 5000, closing 6000 without new customers: GRR 100 %, NRR 120 %
SELECT round(gross_revenue_retention(s, '2024-02-01', '2024-03-01'), 6) AS grr, round(net_revenue_retention(s, '2024-02-01', '2024-03-01'), 6) AS nrr
FROM (SELECT mrr_agg(k, f, t, a) AS s FROM (VALUES (1, date '2024-01-01', date '2024-02-15', 3000.0), (1, '2024-02-15', NULL, 4000), (2, '2024-01-01', NULL, 2000)) v(k, f, t, a)) q;

--
-- S11. Stripe: 100 at 100 monthly and 50 at 600 yearly: 12,500; 1200 yearly is 100; a 50 % coupon for ever halves MRR
--
SELECT mrr_at(mrr_agg(k, date '2024-01-01', NULL::date, CASE WHEN k <= 100 THEN 100 ELSE monthly_amount(600, 'year') END), date '2024-01-31') FROM generate_series(1, 150) k;
SELECT round(monthly_amount(1200, 'year'), 6) AS a_month, mrr_at(mrr_agg(1, date '2024-01-01', NULL::date, monthly_amount(1200, 'year', 1, 0.5)), date '2024-01-31') AS halved;

--
-- S13. Polar: one customer, two subscriptions of 100 from 2024-01-01, one cancelled on 2024-02-15 for 2024-03-01.
-- MRR 200, 200, 100; by customer March c -100 and no logo churn, by subscription March x -100
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, 100) FROM (VALUES (date '2024-01-01', date '2024-03-01'), ('2024-01-01', NULL)) v(f, t))) w;
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg('subscription ' || k, f, t, 100) FROM (VALUES (1, date '2024-01-01', date '2024-03-01'), (2, '2024-01-01', NULL)) v(k, f, t))) w;
SELECT round(logo_churn_rate(mrr_agg(1, f, t, 100), '2024-03-01', '2024-04-01'), 6) AS customer_churn FROM (VALUES (date '2024-01-01', date '2024-03-01'), ('2024-01-01', NULL)) v(f, t);
SELECT d, customers_at(mrr_agg(k, f, t, 100), d) AS active FROM (VALUES (1, date '2024-01-01', date '2024-03-01'), (2, '2024-01-01', NULL)) v(k, f, t),
	(VALUES (date '2024-01-31'), ('2024-02-29'), ('2024-03-31')) w(d) GROUP BY d ORDER BY d;

--
-- S15. tidemill, life cycle: n 5000, e 4000, x -9000, r 5000; contraction of 9000 to 5000: c -4000
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2024-01-15', date '2024-02-15', 5000.0), ('2024-02-15', '2024-03-15', 9000), ('2024-04-15', NULL, 5000)) v(f, t, a))) w;
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2024-01-15', date '2024-02-15', 9000.0), ('2024-02-15', NULL, 5000)) v(f, t, a))) w;

--
-- S17. Kill Bill: yearly 18.29 is 1.5242 a month, 149.95 is 12.4958, 599.95 is 49.9958, 2299 is 191.5833, 5499 is 458.25; monthly 549 is 549
--
SELECT price, round(monthly_amount(price, unit), 4) AS mrr, mrr_at(s, date '2024-01-31') AS kept
FROM (VALUES (18.29, 'year'), (149.95, 'year'), (599.95, 'year'), (2299, 'year'), (5499, 'year'), (549, 'month')) v(price, unit),
	LATERAL (SELECT mrr_agg(k, date '2024-01-01', NULL::date, monthly_amount(price, unit)) AS s FROM (VALUES (1)) w(k)) x;

--
-- S18. Zuora: 50 a month with 10 % off until 2021-04-01: net n 45 in January, e 5 in April; gross n 50 and nothing else
--
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2021-01-01', date '2021-04-01', 45.0), ('2021-04-01', '2022-01-01', 50)) v(f, t, a))) w WHERE month < '2021-06';
SELECT w.* FROM pg_temp.waterfall((SELECT mrr_agg(1, date '2021-01-01', date '2022-01-01', 50))) w WHERE month < '2021-06';
SELECT period, movement, cause, amount FROM mrr_causes((SELECT mrr_item_agg(1, 'charge', f, t, 'standard', 1, 50, d, 'USD', 1, NULL)
	FROM (VALUES (date '2021-01-01', date '2021-04-01', 5), ('2021-04-01', '2022-01-01', 0)) v(f, t, d)));
SELECT valid_from::date, gross, discount, mrr FROM mrr_item_periods((SELECT mrr_item_agg(1, 'charge', f, t, 'standard', 1, 50, d, 'USD', 1, NULL)
	FROM (VALUES (date '2021-01-01', date '2021-04-01', 5), ('2021-04-01', '2022-01-01', 0)) v(f, t, d)));

--
-- S21. Targets of a plan: 150000 + 30000 - 5000 - 10000 = 165000
--
SELECT new_mrr, expansion_mrr, contraction_mrr, churn_mrr, net_new_mrr, new_mrr + expansion_mrr + contraction_mrr + churn_mrr AS sum, round(quick_ratio(s, '2024-02-01', '2024-03-01'), 6) AS quick
FROM (SELECT mrr_agg(k, f, t, a) AS s FROM (VALUES (1, date '2024-02-05', NULL::date, 150000.0), (2, '2024-01-01', '2024-02-05', 70000), (2, '2024-02-05', NULL, 100000),
	(3, '2024-01-01', '2024-02-05', 20000), (3, '2024-02-05', NULL, 15000), (4, '2024-01-01', '2024-02-05', 10000)) v(k, f, t, a)) q, mrr_summary(s, '2024-02-01', '2024-03-01');
