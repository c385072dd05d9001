-- Marts of unit economics and health, by hand; test/pgtap/marts_product.sql has the functions as oracle.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA shop;
SET search_path = shop, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand. January: ada and ben pay 150, 75 each; ben's 50 are 35.48 of revenue in 22 days of 31. February: cyd comes with 150, 100 each.
-- March: ben leaves on the 20th, after 19 days of 31 and 30.65 of revenue. One of 5 customer months is lost: 0.2 a month.
CREATE TABLE item (id integer PRIMARY KEY, customer text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, currency text, status text);
INSERT INTO item VALUES (1, 'ada', 'pro', '2024-01-01Z', NULL, 100, 'EUR', 'active'), (2, 'ben', 'pro', '2024-01-10Z', '2024-03-20Z', 50, 'EUR', 'ended'), (3, 'cyd', 'pro', '2024-02-01Z', NULL, 150, 'EUR', 'active');
SELECT map_source('subscriptions', 'item', '{"item": "id", "interval_unit": "''month''", "interval_count": "1"}');
SELECT action, object FROM deploy() WHERE object ~ 'economics|health' AND action <> 'leave out';
-- without costs: what customers pay and how many leave is known
CALL refresh('unit_economics');
SELECT period, mrr, customers, round(arpa, 2) AS arpa, revenue, gross_profit, cac, cac_null_reason, churn_months AS months, customer_months, churned_customers AS churned, round(churn_rate, 4) AS churn_rate, round(lifetime_revenue, 2) AS lifetime, ltv, ltv_null_reason, complete
FROM nudge_analytics.unit_economics WHERE period < '2024-05-01' ORDER BY period;
-- with costs. January: 200 for events with 20% on top are 240 for two new customers, 120 each. February: 300 for sales are 360 for one; 100 of ARPA at a margin of (300 - 60) / 300 pay that back in 4.5 months.
-- March: 125 x 0.78621 / 0.2 are 491.38. April is not booked
CREATE TABLE costs (period date, category text, amount numeric, currency text, variable boolean);
INSERT INTO costs VALUES ('2024-01-01', 'customer_acquisition/marketing/events', 200, 'EUR', true), ('2024-01-01', 'product_delivery/infrastructure', 30, 'EUR', true), ('2024-02-01', 'customer_acquisition/sales/salaries', 300, 'EUR', false),
	('2024-02-01', 'product_delivery/infrastructure', 60, 'EUR', true), ('2024-03-01', 'product_delivery/infrastructure', 60, 'EUR', true);
SELECT map_source('costs', 'costs');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('unit_economics');
SELECT period, gross_profit, round(gross_margin_rate, 5) AS margin, contribution_margin, round(acquisition_cost, 2) AS acquisition, new_customers AS new, round(cac, 2) AS cac, cac_null_reason, round(ltv, 2) AS ltv, ltv_null_reason, round(ltv_to_cac_ratio, 2) AS ratio, round(cac_payback_months, 2) AS payback,
	round(revenue_payback_months, 2) AS revenue_payback, round(acquisition_cost_per_active_customer, 2) AS each FROM nudge_analytics.unit_economics WHERE period < '2024-05-01' ORDER BY period;
SELECT count(*) AS months, count(cac) AS cac, count(ltv) AS ltv, array_agg(DISTINCT cac_null_reason ORDER BY cac_null_reason) AS no_cac, array_agg(DISTINCT ltv_null_reason ORDER BY ltv_null_reason) AS no_ltv FROM nudge_analytics.unit_economics WHERE period > '2024-03-01' AND complete AND period < '2024-09-01';
SELECT cac_null_reason, ltv_null_reason FROM nudge_analytics.unit_economics WHERE NOT complete;
SELECT period_start, value, numerator, denominator FROM nudge_reporting.metric_values WHERE metric = 'fully_loaded_cac' AND period_start < '2024-04-01' ORDER BY 1;
-- spend has the ads of the books: those do not count twice
CREATE TABLE spend (day date, channel text, amount numeric, currency text);
INSERT INTO spend VALUES ('2024-03-05', 'search', 100, 'EUR');
INSERT INTO costs VALUES ('2024-03-01', 'customer_acquisition/marketing/paid_advertising', 110, 'EUR', true);
INSERT INTO item VALUES (4, 'dee', 'pro', '2024-03-25Z', '2024-03-28Z', 80, 'EUR', 'ended');
SELECT map_source('spend', 'spend');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('unit_economics');
SELECT period, customers, round(acquisition_cost, 2) AS acquisition, new_customers AS new, round(cac, 2) AS cac FROM nudge_analytics.unit_economics WHERE period = '2024-03-01';
-- by segment: ben alone is small, and one of his 2 customer months is lost
CREATE TABLE account (customer text PRIMARY KEY, created_at timestamptz, segment text, name text, owner text);
INSERT INTO account VALUES ('ada', '2024-01-01Z', 'large', 'Ada Inc', 'kim'), ('ben', '2024-01-01Z', 'small', 'Ben Ltd', 'kim'), ('cyd', '2024-01-01Z', 'large', 'Cyd plc', 'lee');
SELECT map_source('customers', 'account');
SELECT action, object FROM deploy() WHERE object ~ 'economics|health' AND action ~ 'add|make';
CALL refresh('unit_economics_by_segment');
SELECT segment, period, customers, round(arpa, 2) AS arpa, customer_months, churned_customers AS churned, round(churn_rate, 4) AS churn_rate, round(gross_margin_rate, 4) AS margin, round(ltv, 2) AS ltv, ltv_null_reason, round(company_cac, 2) AS cac FROM nudge_analytics.unit_economics_by_segment
WHERE period < '2024-05-01' ORDER BY segment COLLATE "C", period;
SELECT count(*) AS differences FROM verify('unit_economics') UNION ALL SELECT count(*) FROM verify('unit_economics_by_segment');
CALL refresh('unit_economics_by_segment');
SELECT name, rows_written, rows_deleted FROM (SELECT DISTINCT ON (name) * FROM run_history ORDER BY name, run_id DESC) r WHERE name ~ 'economics' ORDER BY 1;
-- a credit that makes the margin more than 1 is no margin
INSERT INTO costs VALUES ('2024-03-01', 'product_delivery/infrastructure', -100, 'EUR', true);
CALL refresh('unit_economics');
SELECT round(gross_margin_rate, 4) AS margin, ltv, ltv_null_reason FROM nudge_analytics.unit_economics WHERE period = '2024-03-01';
DELETE FROM costs WHERE amount = -100;
-- two currencies are not added: what costs are is not known then, of neither
INSERT INTO costs VALUES ('2024-03-01', 'product_delivery/infrastructure', 1, 'USD', true);
INSERT INTO item VALUES (5, 'eve', 'pro', '2024-03-01Z', NULL, 70, 'usd', 'active');
CALL refresh('unit_economics_by_segment');
SELECT period, currency, mrr, customers, new_customers AS new, revenue, acquisition_cost AS acquisition, cac_null_reason, round(lifetime_revenue, 2) AS lifetime, ltv_null_reason FROM nudge_analytics.unit_economics WHERE period = '2024-03-01' ORDER BY currency;
SELECT segment, currency, customers, churn_rate IS NOT NULL AS churn, ltv_null_reason FROM nudge_analytics.unit_economics_by_segment WHERE period = '2024-03-01' ORDER BY segment COLLATE "C", currency;
SELECT count(*) AS differences FROM verify('unit_economics') UNION ALL SELECT count(*) FROM verify('unit_economics_by_segment');
DELETE FROM costs WHERE currency = 'USD';
DELETE FROM item WHERE id = 5;
CALL refresh('unit_economics_by_segment');

-- Health. ada falls from 90 to 55, cyd has no score, ben's is below 65. Windows end with the present day
CREATE TABLE scores (entity text, at timestamptz, score numeric, factors jsonb, model text);
INSERT INTO scores VALUES ('ada', '2024-01-15Z', 90, NULL, NULL), ('ada', '2024-03-10Z', 55, '{"usage": 40, "support": 70, "note": "renewal"}', NULL), ('ben', '2024-01-31 23:30Z', 60, '{"usage": 60}', NULL);
SELECT map_source('scores', 'scores');
SELECT action, object FROM deploy() WHERE object ~ 'economics|health|score' AND action ~ 'add|make';
CALL refresh('customer_health_by_band');
CALL refresh('customer_health_factors');
SELECT customer, score, scored_at, band, at_risk, change_30_days, drop_30_days, drop_90_days, lowest_factor, lowest_factor_score FROM nudge_analytics.customer_health ORDER BY customer;
SELECT customer, factor, round(factor_score, 2) AS score FROM nudge_analytics.customer_health_factors ORDER BY 1, 2;
SELECT customer, period, score, band, at_risk FROM nudge_analytics.customer_health_months WHERE period < '2024-05-01' ORDER BY 1, 2;
SELECT period, band, customers AS n, mrr, scored_customers AS scored, round(mean_score, 2) AS mean, at_risk_customers AS risk, at_risk_mrr AS risk_mrr FROM nudge_analytics.customer_health_by_band WHERE period < '2024-04-01' ORDER BY 1, 2;
-- as the function has it
CALL refresh('mrr_buckets');
SELECT band, is_total, customers, mrr, at_risk_customers, at_risk_mrr FROM at_risk_revenue((SELECT rollup(state) FROM nudge_analytics.mrr_buckets), 'scores', '2024-03-31');
-- lately: 70, then 62 and 58 of today
INSERT INTO scores VALUES ('cyd', now() - interval '40 days', 70, NULL, NULL), ('cyd', now() - interval '10 days', 62, NULL, NULL), ('cyd', now(), 58, NULL, NULL), ('cyd', now() + interval '40 days', 1, NULL, NULL);
CALL refresh('customer_health_by_band');
CALL refresh('customer_health');
SELECT score, band, at_risk, change_30_days, drop_30_days, drop_90_days, trend FROM nudge_analytics.customer_health WHERE customer = 'cyd';
SELECT customer, customer_name, segment, owner, score, is_at_risk, drop_90_days, current_mrr FROM nudge_reporting.customer_health_now ORDER BY score;
SELECT metric, value, numerator, denominator FROM nudge_reporting.metric_values v WHERE metric ~ 'risk|health' AND NOT complete ORDER BY 1;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.name ~ 'health|score' AND m.last_success_at IS NOT NULL;
SELECT count(*) AS wrong FROM check_reporting(true);
-- one key is put aside: off the scale, or of two models
INSERT INTO scores VALUES ('ada', '2024-03-11Z', 101, NULL, NULL), ('ben', '2024-03-11Z', 50, NULL, 'other');
CALL refresh('customer_health');
SELECT materialisation, key, sqlstate, error FROM quarantine ORDER BY key;
DELETE FROM scores WHERE score = 101 OR model = 'other';
CALL refresh('customer_health');
SELECT count(*) AS aside FROM quarantine;

-- Health by the model: nothing is known of anybody's use, and a model of ours changes it
CALL refresh('account_health');
SELECT customer, usage_factor, growth_factor, score, coverage_share, band, weakest_factor, civil_date(scored_at, 'UTC') = civil_date(now(), 'UTC') AS of_today FROM nudge_analytics.account_health ORDER BY customer;
CREATE TABLE account_facts (customer text, fact text, value text, valid_from timestamptz);
INSERT INTO account_facts VALUES ('ada', 'sentiment', 'positive', '2024-01-01Z'), ('ben', 'sentiment', 'negative', '2024-01-01Z');
SELECT map_source('account_facts', 'account_facts');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('account_health');
SELECT customer, relationship_factor, score, coverage_share, band, weakest_factor FROM nudge_analytics.account_health ORDER BY customer;
INSERT INTO health_models (model, factor, weight) VALUES ('retention_health', 'relationship', 0.6), ('retention_health', 'usage', 0.4);
SELECT materialisation, key, reason FROM pending WHERE materialisation = 'account_health';
CALL refresh('account_health');
SELECT customer, score, coverage_share, band FROM nudge_analytics.account_health ORDER BY customer;
SELECT count(*) AS differences FROM verify('account_health');

DELETE FROM health_models;
SELECT count(*) > 0 AS undeployed FROM undeploy();
SELECT unmap_source(source) FROM sources ORDER BY source COLLATE "C";
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_reporting, nudge_staging, nudge_analytics;
DROP SCHEMA shop CASCADE;
