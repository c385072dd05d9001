-- What BI tools read: views of one catalogue, made by deploy(), and their rules.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA bi;
SET search_path = bi, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- nothing is mapped: what needs no mart is there, and says so
SELECT DISTINCT action FROM deploy() WHERE object ~ '^nudge_reporting';
SELECT action, estimate FROM deploy(dry_run => true) WHERE object = 'nudge_reporting.mrr_monthly';
SELECT action, lock FROM deploy(dry_run => true) WHERE object = 'nudge_reporting.kpi_current';
SELECT metric, value, as_of, null_reason FROM nudge_reporting.kpi_current WHERE metric IN ('mrr', 'quick_ratio') ORDER BY sort_order;
SELECT count(*) FROM nudge_reporting.metric_values;
SELECT count(*) > 0 AS told, count(*) FILTER (WHERE keypath ~ '^mrr_monthly') AS of_what_is_not_there FROM nudge_reporting._metabase_metadata;
SELECT * FROM check_reporting(true);
-- a view of somebody is not touched as long as it is not in the way
CREATE VIEW nudge_reporting.mrr_monthly AS SELECT 1 AS mine;
SELECT count(*) FROM deploy() WHERE object = 'nudge_reporting.mrr_monthly';
DROP VIEW nudge_reporting.mrr_monthly;

-- By hand (doc/reporting.md)
CREATE TABLE billing (id integer PRIMARY KEY, customer text, starts date, ends date, amount numeric, cur text DEFAULT 'EUR', plan text);
INSERT INTO billing VALUES (1, 'ann', '2024-01-01', NULL, 100), (2, 'ben', '2024-01-15', '2024-03-10', 50), (3, 'ben', '2024-03-10', NULL, 80), (4, 'cat', '2024-02-01', '2024-03-20', 30);
SELECT map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "cur", "status": "''active''"}');
SELECT action, object FROM deploy(dry_run => true) WHERE object IN ('nudge_reporting.mrr_monthly', 'nudge_reporting.kpi_current');
SELECT action, object FROM deploy(buckets => 4) WHERE object IN ('nudge_reporting.mrr_monthly', 'nudge_reporting.kpi_current');
SELECT metric, value, as_of, null_reason FROM nudge_reporting.kpi_current WHERE metric IN ('mrr', 'quick_ratio') ORDER BY sort_order;
CALL refresh('mrr_summary');
CALL refresh('customer_mrr_timeline');
CALL refresh('mrr_consolidated');
SELECT period_start, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr, closing_customers AS customers, complete, churned_mrr_rate, monthly_net_revenue_retention_rate, arpa FROM nudge_reporting.mrr_monthly WHERE period_start < '2024-05-01' ORDER BY 1;
SELECT metric, value, numerator, denominator, complete FROM nudge_reporting.metric_values WHERE period_start = '2024-03-01' AND grain = 'month' AND dimension = 'all' AND currency = 'EUR'
	AND metric IN (SELECT m.metric FROM shipped_metric_sources m WHERE m.mart = 'mrr_consolidated') ORDER BY metric COLLATE "C";
SELECT period_start = date_trunc('month', now()) - interval '1 month' AS last_month, currency, value, previous, change, change_rate, value_to_date, as_of IS NOT NULL AS has_as_of, null_reason
FROM nudge_reporting.kpi_current WHERE metric IN ('mrr', 'new_mrr', 'quick_ratio') ORDER BY sort_order;

-- the customers behind it
SELECT customer, currency, mrr, customer_since, end_day FROM nudge_reporting.customer_mrr_now ORDER BY customer;
SELECT sum(mrr), count(DISTINCT customer) FROM nudge_reporting.customer_mrr_periods WHERE started_at < '2024-03-01Z' AND (ended_at IS NULL OR ended_at >= '2024-03-01Z');
SELECT * FROM nudge_reporting.customer_mrr_periods WHERE customer = 'ben' ORDER BY started_at;

-- two currencies: none stands for all, until somebody says which
INSERT INTO billing VALUES (5, 'dan', '2024-02-01', NULL, 7, 'USD');
CALL refresh('mrr_summary');
CALL refresh('mrr_consolidated');
SELECT metric, currency, period_start, value, target, null_reason FROM nudge_reporting.kpi_current WHERE metric = 'mrr';
SELECT currency, value FROM nudge_reporting.metric_values WHERE dimension = 'all' AND metric = 'mrr' AND period_start = '2024-02-01' ORDER BY currency;
SELECT count(*) > 0 AS done FROM deploy(currency => ' usd ');
SELECT metric, currency, value, null_reason FROM nudge_reporting.kpi_current WHERE metric IN ('mrr', 'paying_customers') ORDER BY sort_order;
SELECT count(*) > 0 AS done FROM deploy(currency => 'CHF');
SELECT metric, currency, value, null_reason FROM nudge_reporting.kpi_current WHERE metric = 'mrr';
SELECT setting, setting_value FROM nudge_reporting.reporting_settings WHERE setting <> 'deployed_at' AND setting <> 'version';
SELECT count(*) > 0 AS done FROM deploy(currency => '');
SELECT setting_value FROM nudge_reporting.reporting_settings WHERE setting = 'currency';
SELECT count(*) > 0 AS done FROM deploy(currency => 'EUR');

-- days, with weeks that begin on Sunday and fiscal years that begin in April
SELECT count(*) > 0 AS done FROM deploy(week_start => 'sunday', fiscal_year_start => 4);
SELECT day, week_start, day_of_week AS dow, weekday, is_weekend AS weekend, quarter_start, calendar_quarter AS q, fiscal_year_start, fiscal_quarter_start, fiscal_year, fiscal_quarter AS fq, fiscal_month AS fm, is_past
FROM nudge_reporting.calendar_days WHERE day IN ('2024-01-01', '2024-02-29', '2024-03-31', '2024-04-01', '2024-12-31') ORDER BY day;
SELECT count(*) = max(day) - min(day) + 1 AS no_hole, count(DISTINCT day) = count(*) AS no_double, extract(month FROM min(day)) AS first_month, count(*) FILTER (WHERE is_today) AS today FROM nudge_reporting.calendar_days;
SELECT count(*) > 0 AS done FROM deploy(week_start => 'monday', fiscal_year_start => 1);
SELECT day, week_start, day_of_week, fiscal_year, fiscal_quarter, fiscal_month FROM nudge_reporting.calendar_days WHERE day IN ('2024-03-31', '2024-04-01') ORDER BY day;

-- fresh or not
SELECT mart, layer, freshness_status, cadence_minutes, age_minutes >= 0 AS has_age, quarantined_keys FROM nudge_reporting.data_freshness WHERE mart IN ('customer_mrr', 'mrr_summary') ORDER BY 1;

-- what was reported, and what it is since; a state without currency is of the only one
SELECT close_period('2024-02-01', (SELECT rollup(state) FROM nudge_analytics.mrr_buckets WHERE currency = 'EUR'));
UPDATE billing SET amount = 90 WHERE id = 1;
CALL refresh('mrr_summary');
CALL refresh('mrr_consolidated');
SELECT currency, reported_mrr, mrr_now FROM nudge_reporting.metric_revisions;
DELETE FROM billing WHERE cur = 'USD';
CALL refresh('mrr_summary');
CALL refresh('mrr_consolidated');
SELECT period_start, currency, report_version, reported_mrr, mrr_now, mrr_difference, reported_customers, customers_now, reopened_at, reopening_reason FROM nudge_reporting.metric_revisions;
SELECT reopen_period('2024-02-01', 'the price of ann');
SELECT close_period('2024-02-01', (SELECT rollup(state) FROM nudge_analytics.mrr_buckets WHERE currency = 'EUR'));
SELECT close_period('2024-03-01', mrr_currency_agg(customer, valid_from, valid_to, amount, currency)) FROM nudge_staging.subscriptions;
SELECT period_start, currency, report_version, reported_mrr, mrr_difference, reopened_at IS NOT NULL AS reopened, reopening_reason FROM nudge_reporting.metric_revisions ORDER BY 1, 3;

-- what Metabase takes from it
SELECT * FROM nudge_reporting._metabase_metadata WHERE keypath ~ '^mrr_monthly[.](display_name|caveats|arpa[.].*|churned_mrr_rate[.].*)$' ORDER BY keypath COLLATE "C";
SELECT metric, title, unit, direction, additivity, grain, formula, is_deployed FROM nudge_reporting.metric_catalog WHERE metric = 'churned_mrr_rate';
SELECT obj_description('nudge_reporting.mrr_monthly'::regclass), col_description('nudge_reporting.mrr_monthly'::regclass, 11);

-- all rules are kept; each that is not is told
SELECT * FROM check_reporting(true);
CREATE VIEW nudge_reporting."Bad" AS SELECT 1::numeric AS n, 'x'::name AS "Name", 1.5::numeric(4,2) AS price_cents, now()::timestamp AS at, ARRAY[1] AS list;
CREATE VIEW nudge_reporting.batch AS SELECT 'NaN'::numeric(4,2) AS n, 'Infinity'::double precision AS d, date '-infinity' AS day, timestamptz 'infinity' AS at, 1 AS ok;
COMMENT ON VIEW nudge_reporting.batch IS 'Some rows.';
CREATE TABLE nudge_reporting.billing AS SELECT 1 AS i;
COMMENT ON TABLE nudge_reporting.billing IS 'One row per thing.';
COMMENT ON COLUMN nudge_reporting.billing.i IS 'A number';
SELECT * FROM check_reporting();
SELECT * FROM check_reporting(true) WHERE problem ~ 'NaN';
DROP VIEW nudge_reporting."Bad", nudge_reporting.batch;
DROP TABLE nudge_reporting.billing;

-- in the way: another column, a table, a view that reads it
DROP VIEW nudge_reporting.chart_annotations;
CREATE VIEW nudge_reporting.chart_annotations AS SELECT 1 AS mine;
SELECT deploy();
DROP VIEW nudge_reporting.chart_annotations;
CREATE TABLE nudge_reporting.chart_annotations (mine integer);
SELECT deploy();
DROP TABLE nudge_reporting.chart_annotations;
SELECT count(*) > 0 AS done FROM deploy();
-- grants and views of others stay as they are when it is called again
CREATE ROLE regress_reader;
GRANT SELECT ON nudge_reporting.mrr_monthly TO regress_reader;
CREATE VIEW mine AS SELECT period_start, closing_mrr FROM nudge_reporting.mrr_monthly;
SELECT count(*) > 0 AS done FROM deploy();
SELECT has_table_privilege('regress_reader', 'nudge_reporting.mrr_monthly', 'SELECT'), (SELECT count(*) > 0 FROM mine) AS still_there;
SELECT undeploy();
DROP VIEW mine;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;

-- undone
SELECT action, object FROM undeploy(dry_run => true) WHERE object ~ 'kpi_current|mrr_monthly|mrr_summary';
SELECT count(*) > 0 AS done FROM undeploy();
SELECT count(*) FROM pg_class WHERE relnamespace = 'nudge_reporting'::regnamespace;

SELECT unmap_source('subscriptions');
DELETE FROM closed_period_rows;
DELETE FROM closed_periods;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_reporting;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA bi CASCADE;
