-- Marts of customers and revenue: who pays, by segment, by month, by cohort.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA marts;
SET search_path = marts, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand (doc/marts.md): ann pays 100 from January and 120 from March on; ben 50 until March 10; cat 80 from the last evening of
-- February in UTC, which is March 1 in Berlin; dan tries and pays nothing; eve pays in two currencies; fay is no customer, only has a price
CREATE TABLE billing (id integer PRIMARY KEY, customer text, starts timestamptz, ends timestamptz, amount numeric, state text, cur text DEFAULT 'EUR', plan text DEFAULT 'pro');
CREATE TABLE account (id text PRIMARY KEY, made timestamptz DEFAULT '2023-12-01 00:00Z', segment text, test boolean, cur text, region text);
INSERT INTO account (id, segment, test, cur) VALUES ('ann', 'SMB', NULL, NULL), ('ben', 'SMB ', NULL, NULL), ('cat', 'all', NULL, NULL), ('dan', NULL, true, ' usd'), ('eve', '', NULL, NULL);
INSERT INTO billing (id, customer, starts, ends, amount, state) VALUES (1, 'ann', '2024-01-01 00:00Z', '2024-03-05 00:00Z', 100, 'ended'), (2, 'ann', '2024-03-05 00:00Z', NULL, 120, 'active'), (3, 'ben', '2024-01-10 00:00Z', '2024-03-10 12:00Z', 50, 'ended'),
	(4, 'cat', '2024-02-29 23:30Z', NULL, 80, 'active'), (5, 'dan', '2024-02-01 00:00Z', NULL, 30, 'trialing'), (6, 'eve', '2024-02-01 00:00Z', NULL, 10, 'active'),
	(7, 'eve', '2024-02-01 00:00Z', NULL, 20, 'active'), (8, 'fay', '2024-02-02 00:00Z', '2024-02-20 00:00Z', 70, 'ended');
UPDATE billing SET cur = 'USD' WHERE id = 7;
SELECT map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''",
	"interval_count": "1", "currency": "cur", "status": "state"}');
SELECT map_source('customers', 'account', columns => '{"customer": "id", "created_at": "made", "internal": "test", "currency": "cur"}');
SELECT count(*) > 0 AS deployed FROM deploy(buckets => 3, zone => 'Europe/Berlin');
CALL refresh('mrr_summary');
CALL refresh('mrr_by_segment');
CALL refresh('fact_revenue');
CALL refresh('revenue_cohorts');

SELECT customer, segment, internal, status, first_revenue_day, last_revenue_day, currency, current_mrr, bucket = bucket(customer, 3) AS in_its_bucket FROM nudge_analytics.dim_customers ORDER BY 1;
SELECT currency, sum(current_mrr) AS mrr FROM nudge_analytics.dim_customers GROUP BY 1 ORDER BY 1;
SELECT segment, currency, period, opening_mrr AS opening, new_mrr AS new, expansion_mrr AS more, churn_mrr AS churn, closing_mrr AS closing, closing_customers AS customers
FROM nudge_analytics.mrr_by_segment WHERE period < '2024-05-01' ORDER BY segment COLLATE "C", 2, 3;
SELECT customer, currency, period, movement, opening_mrr AS opening, new_mrr AS new, expansion_mrr AS more, churn_mrr AS churn, net_new_mrr AS net, closing_mrr AS closing, complete
FROM nudge_analytics.fact_revenue WHERE period < '2024-05-01' ORDER BY 1, 2, 3;
SELECT cohort, age, cohort_customers AS size, customers, mrr, round(logo_retention_rate, 4) AS logos, round(net_revenue_retention_rate, 4) AS nrr, round(gross_revenue_retention_rate, 4) AS grr, complete
FROM nudge_analytics.revenue_cohorts WHERE currency = 'EUR' AND period < '2024-04-01' ORDER BY 1, 2;

-- the drill-down adds up to the summary, and so do segments
SELECT count(*) AS months, count(*) FILTER (WHERE (s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, s.net_new_mrr, s.closing_mrr)
	IS DISTINCT FROM (f.opening_mrr, f.new_mrr, f.reactivation_mrr, f.expansion_mrr, f.contraction_mrr, f.churn_mrr, f.net_new_mrr, f.closing_mrr)) AS wrong
FROM nudge_analytics.mrr_summary s LEFT JOIN (SELECT currency, period, sum(opening_mrr) AS opening_mrr, sum(new_mrr) AS new_mrr, sum(reactivation_mrr) AS reactivation_mrr, sum(expansion_mrr) AS expansion_mrr,
	sum(contraction_mrr) AS contraction_mrr, sum(churn_mrr) AS churn_mrr, sum(net_new_mrr) AS net_new_mrr, sum(closing_mrr) AS closing_mrr FROM nudge_analytics.fact_revenue GROUP BY 1, 2) f USING (currency, period)
WHERE s.period BETWEEN '2024-01-01' AND '2024-05-01';
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;

-- ben goes to another segment: both move, now and in the past
UPDATE account SET segment = 'Enterprise' WHERE id = 'ben';
CALL refresh('mrr_by_segment');
SELECT segment, period, opening_mrr AS opening, new_mrr AS new, churn_mrr AS churn, closing_mrr AS closing FROM nudge_analytics.mrr_by_segment
WHERE period < '2024-04-01' AND segment IN ('SMB', 'Enterprise') ORDER BY segment COLLATE "C", 2;
-- other dimensions: ann and cat in Europe, ben in the north, the others nowhere
UPDATE account SET region = CASE id WHEN 'ann' THEN 'Europe' WHEN 'cat' THEN ' Europe' WHEN 'ben' THEN 'North' END;
CALL refresh('mrr_by_dimension');
SELECT value, currency, period, opening_mrr AS opening, new_mrr AS new, expansion_mrr AS more, churn_mrr AS churn, closing_mrr AS closing, closing_customers AS customers FROM nudge_analytics.mrr_by_dimension
WHERE dimension = 'region' AND period BETWEEN '2024-02-01' AND '2024-03-01' ORDER BY value COLLATE "C", 2, 3;
SELECT dimension, currency, sum(closing_mrr) AS march FROM nudge_analytics.mrr_by_dimension WHERE period = '2024-03-01' GROUP BY 1, 2 ORDER BY 1, 2;
-- a segment that nobody is in is no more
UPDATE account SET segment = 'SMB' WHERE segment = 'all';
DELETE FROM account WHERE id = 'ben';
CALL refresh('mrr_by_segment');
CALL refresh('mrr_by_dimension');
SELECT segment, currency, count(*) > 0 AS there, sum(closing_mrr) FILTER (WHERE period = '2024-03-01') AS march FROM nudge_analytics.mrr_by_segment GROUP BY 1, 2 ORDER BY segment COLLATE "C", 2;
SELECT customer, segment, created_at, status FROM nudge_analytics.dim_customers WHERE customer IN ('ben', 'cat', 'fay') ORDER BY 1;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;

-- time alone: what was scheduled comes, and months begin. The clock is set back to before they were
CREATE PROCEDURE at(instant timestamptz) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('nudge.as_of', instant::text, false);
	UPDATE nudge.materialisations SET clock_at = instant;
	UPDATE nudge_analytics.dim_customers d SET (status, last_revenue_day, currency, current_mrr) = (SELECT v.status, v.last_revenue_day, v.currency, v.current_mrr FROM nudge_staging.dim_customers__definition v WHERE v.customer = d.customer);
	DELETE FROM nudge_analytics.fact_revenue;
	INSERT INTO nudge_analytics.fact_revenue SELECT * FROM nudge_staging.fact_revenue__definition;
	PERFORM set_config('nudge.as_of', '', false);
END
$$;
UPDATE billing SET ends = '2024-06-10 00:00Z', state = 'ended' WHERE id = 4;
CALL refresh('fact_revenue');
CALL refresh('dim_customers');
-- cat: 80 until June 10, on which nothing is known before it is over
CALL at('2024-06-10 00:00Z');
SELECT (SELECT count(*) FROM verify('dim_customers')) + (SELECT count(*) FROM verify('fact_revenue')) AS differences;
SELECT status, current_mrr FROM nudge_analytics.dim_customers WHERE customer = 'cat';
SELECT period, movement, closing_mrr, complete FROM nudge_analytics.fact_revenue WHERE customer = 'cat' AND period > '2024-04-01' ORDER BY 1;
CALL refresh('fact_revenue');
CALL refresh('dim_customers');
SELECT status, current_mrr, last_revenue_day FROM nudge_analytics.dim_customers WHERE customer = 'cat';
SELECT period, movement, closing_mrr, complete FROM nudge_analytics.fact_revenue WHERE customer = 'cat' AND period > '2024-04-01' ORDER BY 1;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.name IN ('dim_customers', 'fact_revenue');
-- a month that ends at this instant is complete; the next has no row before its first microsecond
CALL at('2024-05-31 22:00Z');
SELECT max(period) AS last, bool_and(complete) AS complete FROM nudge_analytics.fact_revenue WHERE customer = 'ann';
CALL at('2024-05-31 21:59:59.999999Z');
SELECT max(period) AS last, bool_and(complete) AS complete FROM nudge_analytics.fact_revenue WHERE customer = 'ann';
CALL at('2024-05-31 22:00:00.000001Z');
SELECT max(period) AS last, bool_and(complete) AS complete FROM nudge_analytics.fact_revenue WHERE customer = 'ann';
CALL refresh('fact_revenue');
SELECT count(*) AS differences FROM verify('fact_revenue');
-- and from the very instant at which this month began
SELECT period_start(civil_date(now(), 'Europe/Berlin'), 'month')::timestamp AT TIME ZONE 'Europe/Berlin' AS instant \gset
CALL at(:'instant');
CALL refresh('fact_revenue');
SELECT count(*) AS differences FROM verify('fact_revenue');
SELECT count(*) FILTER (WHERE NOT complete) AS open, max(period) = period_start(civil_date(now(), 'Europe/Berlin'), 'month') AS is_this_month FROM nudge_analytics.fact_revenue WHERE customer = 'ann';
-- nothing changes, nothing is written
CALL refresh('mrr_by_dimension');
CALL refresh('mrr_by_dimension');
CALL refresh('mrr_by_segment');
CALL refresh('fact_revenue');
CALL refresh('mrr_by_segment');
CALL refresh('fact_revenue');
CALL refresh('revenue_cohorts');
CALL refresh('revenue_cohorts');
CALL refresh('mrr_summary');
CALL refresh('mrr_summary');
SELECT name, rows_written, rows_deleted FROM (SELECT DISTINCT ON (name) * FROM run_history ORDER BY name, run_id DESC) r ORDER BY name COLLATE "C";

-- two rows of a customer are an error, which is that customer's alone
CREATE TABLE account_2 AS SELECT id, made, 'Enterprise' AS segment, test, cur, region FROM account WHERE id = 'ann';
SELECT map_source('customers', 'account_2', source => 'more', columns => '{"customer": "id", "created_at": "made", "internal": "test", "currency": "cur"}');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('dim_customers');
SELECT materialisation, key, sqlstate, error FROM quarantine;
SELECT customer, segment FROM nudge_analytics.dim_customers WHERE customer = 'ann';
SELECT unmap_source('more');
CALL refresh('dim_customers');
SELECT count(*) AS put_aside FROM quarantine;

-- plans
CREATE TABLE price (plan text PRIMARY KEY, price numeric);
INSERT INTO price VALUES ('pro', 99), ('custom', NULL);
SELECT map_source('plans', 'price', '{"list_price": "price", "kind": "''plan''"}');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('dim_plans');
INSERT INTO price VALUES ('free', 0);
CALL refresh('dim_plans');
SELECT * FROM nudge_analytics.dim_plans ORDER BY plan;

SELECT count(*) > 0 AS undone FROM undeploy();
SELECT unmap_source('subscriptions'), unmap_source('customers'), unmap_source('plans');
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA marts CASCADE;
