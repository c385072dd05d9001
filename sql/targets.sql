-- What metrics ought to be, and what happened on a day.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA aims;
SET search_path = aims, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand (doc/targets.md): MRR of 100 from January 2024, 150 from March, 140 from April
CREATE TABLE billing (id integer PRIMARY KEY, customer text, starts date, ends date, amount numeric, plan text);
INSERT INTO billing VALUES (1, 'ann', '2024-01-01', NULL, 100), (2, 'ben', '2024-03-05', '2024-04-20', 50), (3, 'ben', '2024-04-20', NULL, 40);
SELECT map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}');
SELECT count(*) > 0 AS done FROM deploy(buckets => 2);
CALL refresh('mrr_summary');
CALL refresh('mrr_consolidated');

SELECT set_target('mrr', 120, period_start => '2024-02-01', currency => 'eur', note => 'board of January');
SELECT set_target('mrr', 130, period_start => '2024-04-01', currency => 'EUR');
SELECT set_target('mrr', NULL, period_start => '2024-06-01', currency => 'EUR');
SELECT set_target('mrr', 90, 'minimum', '2024-01-01', 'EUR', provenance => 'derived');
SELECT set_target('churned_mrr_rate', 0.05, 'Minimum', '2024-01-01');
SELECT set_target('churned_mrr_rate', 0, 'target', '2024-01-01');
SELECT set_target('contraction_mrr', -5, 'minimum', '2024-01-01', 'EUR');
SELECT period_start, metric, value, target, minimum, benchmark, plan, target_gap, attainment_rate, target_met, minimum_met FROM nudge_reporting.metric_progress
WHERE metric IN ('mrr', 'contraction_mrr') AND period_start < '2024-07-01' ORDER BY metric COLLATE "C", period_start;
SELECT period_start, value, target, minimum, target_gap, attainment_rate, target_met, minimum_met FROM nudge_reporting.metric_progress WHERE metric = 'churned_mrr_rate' AND period_start < '2024-03-01' ORDER BY 1;
-- of other grains, slices and currencies, and of what has none: not compared
SELECT set_target('mrr', 1, 'plan', '2024-01-01', 'USD'), set_target('mrr', 2, 'plan', '2024-01-01', 'EUR', grain => 'quarter'), set_target('mrr', 3, 'plan', '2024-01-01', 'EUR', dimension => 'segment', dimension_value => 'smb');
SELECT count(*) FROM nudge_reporting.metric_progress WHERE plan IS NOT NULL;
SELECT count(*) FROM nudge_reporting.metric_progress WHERE metric = 'arr';
-- in force in the last month that is over
SELECT metric, value, target, minimum, target_met, minimum_met FROM nudge_reporting.kpi_current WHERE metric IN ('mrr', 'churned_mrr_rate', 'arr') ORDER BY sort_order;
-- set again: the last one counts
SELECT set_target('mrr', 91, 'minimum', '2024-01-01', 'EUR');
SELECT period_start, metric, target_kind, grain, dimension_value, currency, value, next_period_start, provenance, note, set_by = session_user AS by_me FROM nudge_reporting.metric_targets ORDER BY metric COLLATE "C", target_kind COLLATE "C", currency, grain, dimension, period_start;
-- without a day it is the present period; without a currency the one of deploy()
SELECT count(*) > 0 AS done FROM deploy(currency => 'EUR');
SELECT set_target('arr', 1000) = date_trunc('month', now()) AS this_month;
SELECT currency, value FROM targets WHERE metric = 'arr';
SELECT target FROM nudge_reporting.kpi_current WHERE metric = 'arr';
-- from the last month that is over on, and exactly met
SELECT set_target('arr', 1680, period_start => (date_trunc('month', now()) - interval '1 month')::date) IS NOT NULL AS set;
SELECT value, target, target_met, minimum_met FROM nudge_reporting.kpi_current WHERE metric = 'arr';
SELECT set_target('arr', 1680.01, 'minimum', (date_trunc('month', now()) - interval '1 month')::date) IS NOT NULL AS set;
SELECT value, minimum, target_met, minimum_met FROM nudge_reporting.kpi_current WHERE metric = 'arr';
DELETE FROM targets WHERE metric = 'arr';

\set VERBOSITY terse
SELECT set_target('nonsense', 1);
SELECT set_target(NULL, 1);
\set VERBOSITY default
SELECT set_target('mrr', 1, 'wish', currency => 'EUR');
SELECT set_target('new_customers', 1, currency => 'EUR');
SELECT set_target('mrr', 1, period_start => '2024-01-02');
SELECT set_target('mrr', 1, period_start => '2024-01-02', grain => 'week');
SELECT set_target('mrr', 1, period_start => 'infinity');
SELECT set_target('mrr', 'NaN', period_start => '2024-01-01');
SELECT set_target('mrr', 1, provenance => 'dreamt');
SELECT set_target('mrr', 1, dimension => 'segment');
SELECT count(*) > 0 AS done FROM deploy(currency => '');
SELECT set_target('mrr', 1);

-- what is wrong with those that came in by COPY
SELECT * FROM check_targets();
INSERT INTO targets (metric, kind, currency, period_start, value, provenance) VALUES ('nonsense', 'target', '', '2024-01-01', 1, 'imported'), ('mrr', 'benchmark', '', '2024-01-01', 1, 'imported'),
	('new_customers', 'target', 'EUR', '2024-01-01', 1, 'imported'), ('paying_customers', 'plan', '', '2024-01-15', 1, 'imported'), ('mrr', 'target', 'EUR', '2024-07-01', 80, 'imported'), ('churned_mrr_rate', 'plan', '', '2024-07-01', 0.06, 'imported');
SELECT * FROM check_targets();

-- examples: only on request, only for what has none of its own, and marked
DELETE FROM targets WHERE metric <> 'contraction_mrr';
SELECT load_example_targets(currency => 'EUR') > 5 AS loaded;
SELECT load_example_targets(currency => 'EUR');
SELECT metric, kind, value, currency, provenance FROM targets WHERE metric IN ('contraction_mrr', 'new_mrr', 'expansion_rate') ORDER BY 1;
SELECT metric, target, target_met FROM nudge_reporting.kpi_current WHERE metric = 'new_mrr';
SELECT DISTINCT problem FROM check_targets();
SELECT metric FROM example_targets e JOIN shipped_metrics m USING (metric) WHERE m.unit = 'rate' AND e.value NOT BETWEEN -1 AND 2;

-- annotations
SELECT annotate('2024-03-01', 'Price change', 'Pro costs 80') AS first, annotate('2024-03-14', 'outage', 'Two hours', metric => 'mrr') AS second \gset
SELECT :second > :first AS numbered;
SELECT day, annotation_kind, annotation_text, metric, week_start, month_start, annotated_by = session_user AS by_me FROM nudge_reporting.chart_annotations ORDER BY day;
SELECT annotate('2024-03-01', 'party', 'x');
SELECT annotate('2024-03-01', NULL, 'x');
SELECT annotate('2024-03-01', 'launch', ' ');
SELECT annotate(NULL, 'launch', 'x');
SELECT annotate('infinity', 'launch', 'x');
\set VERBOSITY terse
SELECT annotate('2024-03-01', 'launch', 'x', 'nonsense');
\set VERBOSITY default

SELECT count(*) > 0 AS done FROM undeploy();
SELECT unmap_source('subscriptions');
DELETE FROM targets;
DELETE FROM annotations;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_reporting;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA aims CASCADE;
