-- Weak points of other open implementations, each as a test that shows what
-- this one does instead.  Ends are exclusive, losses are negative.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- 1a. mrr-playbook: a customer whose periods all lack an end vanishes
SELECT period, new_mrr, closing_mrr, closing_customers FROM mrr_waterfall((SELECT mrr_agg(k, f, t, 10) FROM (VALUES (1, date '2024-01-01', NULL::date), (2, '2024-02-01', '2024-04-01')) v(k, f, t)));
SELECT period, new_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, date '2024-01-01', NULL::date, 10)), as_of => '2024-04-01');
-- 1b. and an open period after a closed one is cut at the closed end
SELECT period, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2024-01-01', date '2024-02-01', 10.0), ('2024-02-01', NULL, 20)) v(f, t, a)), as_of => '2024-06-01');

-- 2. mrr-playbook: a customer still active gets a churn row in the running month
SELECT period, churn_mrr, closing_mrr, complete FROM mrr_waterfall((SELECT mrr_agg(k, date '2024-01-01', NULL::date, 10) FROM generate_series(1, 3) k), as_of => '2024-03-15');
SELECT period, churn_mrr, closing_mrr, complete FROM mrr_waterfall((SELECT mrr_agg(k, date '2024-01-01', NULL::date, 10) FROM generate_series(1, 3) k), as_of => '2024-03-15', mode => 'mrr_playbook');

-- 3a. mrr-playbook: the calendar begins at a constant; ours begins with the data
SELECT min(period), max(period) FROM mrr_waterfall((SELECT mrr_agg(1, f, t, 10) FROM (VALUES (date '1999-12-31', date '2000-01-02'), ('2031-05-05', NULL)) v(f, t)));
-- 3b. dates need not be first days of months, subscriptions may overlap
SELECT period, new_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr, closing_customers
FROM mrr_waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2024-01-17', date '2024-04-05', 10.0), ('2024-02-28', '2024-03-30', 5)) v(f, t, a)));
-- 3c. currency is part of the input, and mixing is refused
SELECT mrr_currency(mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, 'USD'));
SELECT mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, c) FROM (VALUES ('USD'), ('EUR')) v(c);

-- 4. dbt_stripe: expansion is tested before reactivation, so a return is never one
SELECT period, movement, amount FROM mrr_movements((SELECT mrr_agg(1, f, t, 10) FROM (VALUES (date '2024-01-01', date '2024-02-01'), ('2024-03-01', NULL)) v(f, t))) ORDER BY period;

-- 5a. dbt_stripe: an immediate cancel of a yearly plan counts to the end of its term
SELECT period, churn_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, date '2024-01-01', date '2024-02-10', monthly_amount(1200, 'year'))));
-- 5b. and daily prices give 0
SELECT round(monthly_amount(1, 'day'), 6) AS daily, round(monthly_amount(7, 'week'), 6) AS weekly, round(monthly_amount(30, 'day', 30), 6) AS thirty_days;
-- 5c. and rows out of force are carried on: here FILTER says which statuses count
SELECT mrr_at(mrr_agg(k, date '2024-01-01', NULL::date, 10) FILTER (WHERE status IN ('active', 'past_due')), date '2024-01-31') AS counted
FROM (VALUES (1, 'active'), (2, 'trialing'), (3, 'incomplete'), (4, 'unpaid'), (5, 'paused'), (6, 'past_due')) v(k, status);

-- 6. dbt_stripe: today's quantity and price are applied to all past months, an upgrade restates history
WITH before AS (SELECT mrr_agg(1, date '2024-01-01', NULL::date, 10) AS s),
	after AS (SELECT mrr_agg(1, f, t, a) AS s FROM (VALUES (date '2024-01-01', date '2024-04-10', 10.0), ('2024-04-10', NULL, 30)) v(f, t, a))
SELECT b.period, b.closing_mrr AS before, a.closing_mrr AS after FROM before, after, mrr_waterfall(before.s, as_of => '2024-05-01') b, mrr_waterfall(after.s, as_of => '2024-05-01') a
WHERE a.period = b.period ORDER BY 1;

-- 7a. dbt_recurly, dbt_zuora: a fall to 0 is contraction, churn cannot be reached
SELECT period, movement, amount FROM mrr_movements((SELECT mrr_agg(1, date '2024-01-01', date '2024-03-01', 10))) ORDER BY period;
-- 7b. dbt_recurly: an empty month makes no row, and a return compares with the last paid month
SELECT period, opening_mrr, reactivation_mrr, expansion_mrr, churn_mrr, closing_mrr
FROM mrr_waterfall((SELECT mrr_agg(1, f, t, a) FROM (VALUES (date '2024-01-01', date '2024-02-01', 10.0), ('2024-05-01', NULL, 15)) v(f, t, a)));
-- 7c. dbt_recurly: a yearly charge is 12 times too much in one month
SELECT period, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, date '2024-01-01', date '2025-01-01', monthly_amount(1200, 'year')))) WHERE period IN ('2024-01-01', '2024-12-01', '2025-01-01');

-- 8a. Kill Bill: amounts of four decimals, half up; ours keeps six, half away from zero
SELECT mrr_at(mrr_agg(1, date '2024-01-01', NULL::date, monthly_amount(149.95, 'year')), date '2024-01-31') AS six_decimals;
-- 8b. Kill Bill: daily, weekly, biweekly and 30-day plans give 0
SELECT round(monthly_amount(2, 'day'), 6) AS daily, round(monthly_amount(10, 'week'), 6) AS weekly, round(monthly_amount(20, 'week', 2), 6) AS biweekly, round(monthly_amount(60, 'day', 30), 6) AS thirty_days;

-- 9a. PostHog: whoever had nothing before is always new
SELECT period, new_mrr, reactivation_mrr FROM mrr_waterfall((SELECT mrr_agg(1, f, t, 10) FROM (VALUES (date '2024-01-01', date '2024-02-01'), ('2024-03-01', NULL)) v(f, t)));
-- 9b. PostHog: a subscription without a charge for 45 days is dropped; a period in force counts until it ends
SELECT count(*) FILTER (WHERE closing_mrr = 100) AS months_in_force FROM mrr_waterfall((SELECT mrr_agg(1, date '2024-01-01', date '2025-01-01', monthly_amount(1200, 'year'))));
-- 9c. PostHog: a leaver is counted a day too long or too short; a period is half-open
SELECT d, customers_at(mrr_agg(1, date '2024-01-01', date '2024-02-01', 10), d) AS customers FROM (VALUES (date '2023-12-31'), ('2024-01-01'), ('2024-01-31'), ('2024-02-01')) v(d) GROUP BY d ORDER BY d;

-- 10a. Polar: a year over 12 is rounded for each subscription; 1000 x 100 / 12 is 8333.333 here, 8330 there
SELECT mrr_at(mrr_agg(k, date '2024-01-01', NULL::date, monthly_amount(100, 'year')), date '2024-01-31') AS not_rounded, 1000 * round(100 / 12.0, 2) AS rounded_each FROM generate_series(1, 1000) k;
-- 10b. Polar: a week counts 4 times, a day 30 times; ours 52/12 and 365/12, changeable
SELECT round(monthly_amount(12, 'week'), 6) AS week, round(monthly_amount(12, 'day'), 6) AS day, round(monthly_amount(12, 'week', weeks_per_month => 4), 6) AS week_as_4, round(monthly_amount(12, 'day', days_per_month => 30), 6) AS day_as_30;
-- 10c. Polar: committed MRR used "now", so past buckets changed with the viewing time; here only as_of matters
SELECT as_of, closing_mrr FROM (VALUES (timestamptz '2024-03-01'), ('2024-06-01'), ('2034-06-01')) v(as_of),
	LATERAL mrr_waterfall((SELECT mrr_agg(1, date '2024-01-01', date '2024-05-15', 10)), as_of => v.as_of) WHERE period = '2024-02-01' ORDER BY as_of;
-- 10d. tidemill: months are those of UTC only
SELECT z, period, new_mrr FROM (VALUES ('UTC'), ('Asia/Tokyo')) v(z), LATERAL mrr_waterfall((SELECT mrr_agg(1, timestamptz '2024-01-31 20:00+00', NULL::timestamptz, 10)), zone => z) ORDER BY z DESC;
-- 10e. tidemill: one "new" per activated subscription; a second subscription of a customer is expansion
SELECT period, new_mrr, new_customers, expansion_mrr FROM mrr_waterfall((SELECT mrr_agg(1, f, NULL, 10) FROM (VALUES (date '2024-01-01'), ('2024-02-01')) v(f)));

-- 11a. fight-churn: NULL and not 0 when nobody churned
SELECT churn_mrr, churned_customers, round(logo_churn_rate(mrr_agg, '2024-02-01', '2024-03-01'), 6) AS logo_churn, round(churned_mrr_rate(mrr_agg, '2024-02-01', '2024-03-01'), 6) AS mrr_churn
FROM (SELECT mrr_agg(1, date '2024-01-01', NULL::date, 10)) q, mrr_summary(mrr_agg, '2024-02-01', '2024-03-01');
-- 11b. fight-churn: one window per run; here any number from one state
SELECT m::date AS month, round(net_revenue_retention(s, (m - interval '3 months')::date, m::date), 6) AS quarter_nrr, round(net_revenue_retention(s, (m - interval '1 month')::date, m::date), 6) AS month_nrr
FROM (SELECT mrr_agg(k, f, t, a) AS s FROM (VALUES (1, date '2024-01-01', date '2024-03-10', 10.0), (1, '2024-03-10', NULL, 12), (2, '2024-01-01', '2024-05-05', 10)) v(k, f, t, a)) q,
	generate_series(timestamp '2024-04-01', '2024-07-01', '1 month') m;
