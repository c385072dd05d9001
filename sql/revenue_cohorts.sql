-- Cohorts by first paid period.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- January: a stays at 100 and grows to 130 in March; b leaves in February and
-- returns in April with 70.  February: c shrinks from 60 to 40 in March, d stays
-- at 20.  e is free in January and pays from March on: cohort March.
-- f pays for ten days of February only: a customer of that cohort with no MRR.
CREATE TEMP TABLE book (customer text, valid_from date, valid_to date, mrr numeric);
INSERT INTO book VALUES
	('a', '2024-01-10', '2024-03-10', 100), ('a', '2024-03-10', NULL, 130),
	('b', '2024-01-01', '2024-02-15', 50), ('b', '2024-04-02', NULL, 70),
	('c', '2024-02-03', '2024-03-03', 60), ('c', '2024-03-03', NULL, 40),
	('d', '2024-02-01', '2024-04-30', 20),
	('e', '2024-01-01', '2024-03-20', 0), ('e', '2024-03-20', NULL, 15),
	('f', '2024-02-10', '2024-02-20', 30);
CREATE TEMP TABLE st AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS s FROM book;

SELECT cohort, age, period, cohort_customers, cohort_mrr, customers, mrr FROM st, revenue_cohorts(s) ORDER BY cohort, age;
SELECT cohort, age, expansion_mrr, contraction_mrr, churn_mrr, reactivation_mrr FROM st, revenue_cohorts(s) ORDER BY cohort, age;
SELECT cohort, age, round(logo_retention, 4) AS logos, round(net_revenue_retention, 4) AS nrr, round(gross_revenue_retention, 4) AS grr, complete
FROM st, revenue_cohorts(s) ORDER BY cohort, age;
-- each period's cohorts add up to the waterfall
SELECT c.period, sum(c.mrr) AS cohorts, w.closing_mrr, sum(c.customers) AS customers, w.closing_customers
FROM st, revenue_cohorts(s) c JOIN LATERAL (SELECT 1) one ON true, LATERAL mrr_waterfall(s) w
WHERE w.period = c.period GROUP BY c.period, w.closing_mrr, w.closing_customers ORDER BY 1;

-- as of an instant the last period is not complete
SELECT cohort, age, period, customers, mrr, complete FROM st, revenue_cohorts(s, as_of => '2024-03-05') ORDER BY cohort, age;
-- grains
SELECT cohort, age, period, cohort_customers, customers, mrr FROM st, revenue_cohorts(s, 'quarter') ORDER BY cohort, age;
SELECT cohort, age, period, cohort_customers, customers, mrr FROM st, revenue_cohorts(s, 'quarter', fiscal_year_start => 2) ORDER BY cohort, age;
SELECT cohort, age, period, cohort_customers, customers, mrr FROM st, revenue_cohorts(s, 'year') ORDER BY cohort, age;
SELECT cohort, age, period, cohort_customers, customers, mrr FROM st, revenue_cohorts(s, '4-4-5') ORDER BY cohort, age;
SELECT cohort, cohort_customers, count(*) AS ages, max(period) AS last FROM st, revenue_cohorts(s, 'week') GROUP BY 1, 2 ORDER BY 1;
SELECT cohort, cohort_customers, count(*) AS ages, max(period) AS last FROM st, revenue_cohorts(s, 'week', week_start => 'sunday') GROUP BY 1, 2 ORDER BY 1;
SELECT cohort, cohort_customers, count(*) AS ages, max(period) AS last FROM st, revenue_cohorts(s, 'day') GROUP BY 1, 2 ORDER BY 1;
-- the zone decides in which month a customer begins
SELECT z, cohort, age, period, customers, mrr
FROM (SELECT mrr_agg(1, timestamptz '2024-01-31 23:30+00', timestamptz '2024-02-10 00:00+00', 10) AS s) x, (VALUES ('UTC'), ('Europe/Berlin')) v(z), LATERAL revenue_cohorts(s, zone => z)
ORDER BY z DESC, cohort, age;
-- nobody ever paid; no state
SELECT count(*) FROM revenue_cohorts((SELECT mrr_agg(1, date '2024-01-01', NULL::date, 0)));
SELECT count(*) FROM revenue_cohorts(NULL::mrr_state);
