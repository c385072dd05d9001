--
-- demo.sql
--		What tools/demo shows.  :full, :gain and :loss are the bar's letters.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set QUIET on
\set ON_ERROR_STOP on
\pset footer off
\pset border 0
\pset null ''
SET jit = off;
SET max_parallel_workers_per_gather = 0;

-- One state holds all periods of all customers; every question below reads it.
CREATE TABLE company AS
	SELECT nudge.mrr_agg(customer_id, start_date, end_date, monthly_amount) AS mrr
	FROM subscription_periods;
CREATE VIEW mrr_by_month AS
	SELECT w.* FROM company, nudge.mrr_waterfall(mrr,
		start_day => '2018-01-01', end_day => '2020-03-01') w;

\qecho
\qecho 'MRR waterfall of 55 real customers (test/data/subscription_periods.csv)'
\qecho
SELECT to_char(period, 'YYYY-MM') AS month,
	opening_mrr::numeric(12, 0) AS opening,
	nullif(new_mrr, 0)::numeric(12, 0) AS new,
	nullif(reactivation_mrr, 0)::numeric(12, 0) AS react,
	nullif(expansion_mrr, 0)::numeric(12, 0) AS expand,
	nullif(contraction_mrr, 0)::numeric(12, 0) AS contract,
	nullif(churn_mrr, 0)::numeric(12, 0) AS churn,
	closing_mrr::numeric(12, 0) AS closing,
	closing_customers AS customers,
	repeat(:'full', round((closing_mrr - gained) / scale)::integer)
		|| repeat(:'gain', round(gained / scale)::integer)
		|| repeat(:'loss', round(lost / scale)::integer) AS bar
FROM (SELECT *,
		new_mrr + reactivation_mrr + expansion_mrr AS gained,
		-(contraction_mrr + churn_mrr) AS lost,
		(max(closing_mrr) OVER ()) / 36 AS scale
	  FROM mrr_by_month) w
ORDER BY period;
\qecho :full 'kept   ' :gain 'gained in the month   ' :loss 'lost in the month'
\qecho
\qecho 'Rates'
\qecho
SELECT measure, to_char(value, fmt) AS value, window_of AS "over"
FROM company, LATERAL (VALUES
	(1, 'net revenue retention', 100 * nudge.net_revenue_retention(mrr, '2018-12-01', '2019-12-01'), 'FM990.0 %', '2018-12 to 2019-11'),
	(2, 'gross revenue retention', 100 * nudge.gross_revenue_retention(mrr, '2018-12-01', '2019-12-01'), 'FM990.0 %', '2018-12 to 2019-11'),
	(3, 'logo retention', 100 * nudge.logo_retention(mrr, '2018-12-01', '2019-12-01'), 'FM990.0 %', '2018-12 to 2019-11'),
	(4, 'quick ratio', nudge.quick_ratio(mrr, '2019-11-01', '2019-12-01'), 'FM990.00', '2019-11'),
	(5, 'average revenue per account', nudge.arpa(mrr, '2019-11-30'), 'FM990.00', 'close of 2019-11-30'))
	v(n, measure, value, fmt, window_of)
ORDER BY n;
\qecho 'Behind the churn of 2019-12: the three largest of its customers'
\qecho
SELECT customer, mrr_before::numeric(12, 0) AS before, mrr_after::numeric(12, 0) AS after, amount::numeric(12, 0) AS amount
FROM company, nudge.mrr_movements(mrr, start_day => '2019-12-01', end_day => '2020-01-01')
WHERE movement = 'churn'
ORDER BY amount, customer::bigint
LIMIT 3;

\qecho 'Retention of 1,085 real people: who committed in a year, and again n years later'
\qecho '(test/data/commit_activity.csv; . is a year that is not over)'
\qecho
CREATE TABLE people AS
	SELECT nudge.activity_at_agg(person_id, at, 'UTC') AS activity FROM commits;
SELECT coalesce(to_char(cohort, 'YYYY'), 'all') AS joined, cohort_users AS people,
	max(share) FILTER (WHERE age = 1) AS "+1", max(share) FILTER (WHERE age = 2) AS "+2",
	max(share) FILTER (WHERE age = 3) AS "+3", max(share) FILTER (WHERE age = 4) AS "+4",
	max(share) FILTER (WHERE age = 5) AS "+5"
FROM (SELECT c.*, coalesce(round(100 * rate) || ' %', '.') AS share
	  FROM people, nudge.retention_cohorts(activity, 'year', 5, start_day => '2016-01-01') c) c
GROUP BY cohort, cohort_users
ORDER BY cohort NULLS LAST;

-- The best of three runs each, in one process
CREATE FUNCTION pg_temp.milliseconds(query text) RETURNS numeric
	LANGUAGE plpgsql
AS $$
DECLARE
	best numeric;
	started timestamptz;
	took numeric;
BEGIN
	FOR i IN 1 .. 3 LOOP
		started := clock_timestamp();
		EXECUTE query;
		took := 1000 * extract(epoch FROM clock_timestamp() - started);
		best := least(best, took);
	END LOOP;
	RETURN best;
END
$$;

-- large states are read fastest uncompressed
CREATE TABLE simulated (segment text, mrr nudge.mrr_state);
ALTER TABLE simulated ALTER mrr SET STORAGE EXTERNAL;
INSERT INTO simulated
	SELECT segment, nudge.mrr_agg(customer_id, valid_from, valid_to, mrr) AS mrr
	FROM subscriptions GROUP BY segment;

SELECT 'A simulated company: ' || to_char(count(DISTINCT customer_id), 'FM999,999,999') || ' customers, '
	|| to_char(count(*), 'FM999,999,999') || ' periods over 36 months' AS line
FROM subscriptions \gset
\qecho :line
\qecho
SELECT work, to_char(ms, 'FM999,990') || ' ms' AS time
FROM (VALUES
	(1, 'read the rows: count(*), sum(mrr)', pg_temp.milliseconds(
		'SELECT count(*), sum(mrr) FROM subscriptions')),
	(2, 'aggregate them: mrr_agg(...), one state of all customers', pg_temp.milliseconds(
		'SELECT nudge.mrr_agg(customer_id, valid_from, valid_to, mrr) FROM subscriptions')),
	(3, 'the same and its waterfall of 36 months', pg_temp.milliseconds(
		'SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(customer_id, valid_from, valid_to, mrr) FROM subscriptions))')),
	(4, 'the waterfall from three stored states, merged by rollup()', pg_temp.milliseconds(
		'SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.rollup(mrr) FROM simulated))')),
	(5, 'the waterfall of one segment from its stored state', pg_temp.milliseconds(
		'SELECT count(*) FROM nudge.mrr_waterfall((SELECT mrr FROM simulated WHERE segment = ''Mid-market''))')))
	v(n, work, ms)
ORDER BY n;
SELECT segment,
	to_char(nudge.mrr_at(mrr, date '2024-12-31'), 'FM999,999,990') AS "MRR 2024-12-31",
	to_char(nudge.customers_at(mrr, date '2024-12-31'), 'FM999,999,990') AS customers,
	to_char(100 * nudge.net_revenue_retention(mrr, '2024-01-01', '2025-01-01'), 'FM990.0 %') AS "NRR 2024",
	to_char(100 * nudge.gross_revenue_retention(mrr, '2024-01-01', '2025-01-01'), 'FM990.0 %') AS "GRR 2024"
FROM simulated
ORDER BY nudge.mrr_at(mrr, date '2024-12-31') DESC;
