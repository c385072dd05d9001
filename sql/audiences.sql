-- Audiences: departments, people outside, customers who see their own rows.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
\pset null '(null)'
\set SHOW_CONTEXT never
-- its owner is nobody special
CREATE ROLE regress_aud_owner;
CREATE ROLE regress_acme;
CREATE ROLE regress_boxco;
SELECT count(*) > 0 AS granted FROM nudge.grant_roles(owner => 'regress_aud_owner');
CREATE SCHEMA regress_shop AUTHORIZATION regress_aud_owner;
SET ROLE regress_aud_owner;
CREATE TABLE regress_shop.billing (item integer PRIMARY KEY, customer text, plan text, starts timestamptz, ends timestamptz, amount numeric);
INSERT INTO regress_shop.billing VALUES (1, 'acme', 'pro', '2024-01-01', NULL, 100), (2, 'boxco', 'mini', '2024-01-15', '2024-03-10', 50), (3, 'boxco', 'pro', '2024-03-10', NULL, 80), (4, 'cat', 'mini', '2024-02-01', '2024-03-20', 30);
CREATE TABLE regress_shop.accounts (customer text, created_at timestamptz, name text, segment text);
INSERT INTO regress_shop.accounts VALUES ('acme', '2023-12-01', 'Acme', 'large'), ('boxco', '2024-01-10', 'Boxco', 'small'), ('cat', '2024-01-20', 'Cat', 'small');
SELECT nudge.map_source('subscriptions', 'regress_shop.billing', '{"valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}');
SELECT nudge.map_source('customers', 'regress_shop.accounts');

-- Roles are made by a superuser, or who may
SELECT * FROM nudge.create_audiences();
RESET ROLE;
GRANT EXECUTE ON FUNCTION nudge.create_audiences(text[], text[], text) TO regress_aud_owner;
SET ROLE regress_aud_owner;
SELECT * FROM nudge.create_audiences('{board}', prefix => 'regress_aud_');
RESET ROLE;
SELECT role_name, done, statement FROM nudge.create_audiences('{managers,board,customers}', '{sales,finance}', 'regress_aud_');
SELECT * FROM nudge.create_audiences('{managers,board,customers}', '{sales,finance}', 'regress_aud_');
SELECT role_name, audience, department, minimum_customers FROM nudge.audiences ORDER BY role_name;
SELECT pg_get_userbyid(nspowner) AS owner, obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE nspname = 'nudge_external';

-- What the owner deploys, and what is told of it
SET ROLE regress_aud_owner;
SELECT action, object, lock, estimate FROM nudge.deploy(dry_run => true) WHERE object ~ 'department|external' OR action = 'restrict rows';
SELECT action, object FROM nudge.deploy() WHERE object ~ 'department|external' OR action = 'restrict rows';
SELECT DISTINCT action FROM nudge.deploy() WHERE object ~ 'department|external' OR action = 'restrict rows';
RESET ROLE;
SELECT * FROM nudge.grant_audiences();
SELECT tablename, policyname, permissive, roles, cmd, qual FROM pg_policies WHERE schemaname = 'nudge_analytics' ORDER BY tablename COLLATE "C", policyname COLLATE "C";
CALL nudge.run_due();

-- Customers
GRANT regress_aud_customers TO regress_acme, regress_boxco;
SET ROLE regress_acme;
SELECT * FROM nudge_external.own_mrr_monthly;
RESET ROLE;
INSERT INTO nudge.external_customers (role_name, customer) VALUES ('regress_acme', 'acme'), ('regress_boxco', 'boxco');
SELECT * FROM nudge.check_audiences();
SET ROLE regress_acme;
SELECT customer, customer_name, account_status, first_revenue_day, current_mrr FROM nudge_external.own_account;
SELECT period_start, movement, opening_mrr, movement_mrr, closing_mrr FROM nudge_external.own_mrr_monthly WHERE period_start < '2024-04-01' ORDER BY period_start;
COPY (SELECT customer FROM nudge_external.own_account) TO STDOUT;
COPY nudge_external.own_account TO STDOUT;
COPY nudge_analytics.dim_customers TO STDOUT;
SELECT count(*) FROM nudge_analytics.dim_customers;
SET ROLE regress_boxco;
SELECT first_day, end_day, mrr, customer FROM nudge_external.own_mrr_periods ORDER BY first_day;
SELECT item, plan_key, amount, first_day, last_day, mrr FROM nudge_external.own_subscriptions ORDER BY started_at;
SELECT * FROM nudge_external.company_kpis;
SET row_security = off;
SELECT count(*) FROM nudge_external.own_account;
RESET row_security;
RESET ROLE;
-- with COPY of a table too, should it be open
GRANT USAGE ON SCHEMA nudge_analytics TO regress_aud_customers;
SET ROLE regress_acme;
COPY nudge_analytics.dim_customers (customer, name) TO STDOUT;
SELECT segment FROM nudge_analytics.dim_customers;
RESET ROLE;
SELECT * FROM nudge.check_audiences();
REVOKE USAGE ON SCHEMA nudge_analytics FROM regress_aud_customers;

-- The board: three customers are too few
SET ROLE regress_aud_board;
SELECT metric, value, is_suppressed FROM nudge_external.company_kpis WHERE metric IN ('mrr', 'arpa', 'nps') ORDER BY sort_order;
SELECT period_start, opening_mrr, closing_mrr, is_suppressed FROM nudge_external.company_mrr_monthly WHERE period_start < '2024-04-01' ORDER BY period_start;
RESET ROLE;
SELECT nudge.set_audience('regress_aud_board', 'board', metrics => '{mrr,net_new_mrr,paying_customers}', dimensions => '{segment}', minimum_customers => 1);
SET ROLE regress_aud_board;
SELECT metric, value, is_suppressed FROM nudge_external.company_kpis ORDER BY sort_order;
SELECT period_start, opening_mrr, new_mrr, net_new_mrr, closing_mrr, closing_customers, is_suppressed FROM nudge_external.company_mrr_monthly WHERE period_start < '2024-04-01' ORDER BY period_start;
SELECT dimension_value, metric, value FROM nudge_external.company_metric_values WHERE period_start = '2024-02-01' ORDER BY dimension_value, metric;
SELECT metric, formula FROM nudge_external.company_metric_catalog ORDER BY sort_order;
RESET ROLE;

-- Managers
SET ROLE regress_aud_managers_finance;
SELECT department, metric, value FROM nudge_reporting.department_kpis WHERE metric IN ('mrr', 'win_rate', 'arpa', 'paying_customers') ORDER BY sort_order;
SELECT period_start, closing_mrr FROM nudge_reporting.mrr_monthly WHERE period_start < '2024-03-01' ORDER BY 1;
SELECT * FROM nudge_reporting.kpi_current;
SET ROLE regress_aud_managers_sales;
SELECT metric FROM nudge_reporting.department_metric_values WHERE period_start = '2024-02-01' AND dimension = 'all' ORDER BY metric;
SELECT * FROM nudge_reporting.mrr_monthly;
SELECT nudge.set_target('win_rate', 0.3);
-- targets of its own subjects, by a view
INSERT INTO nudge_reporting.own_targets (metric, value, period_start, note) VALUES ('win_rate', 0.3, '2024-02-01', 'sales meeting') RETURNING period_start, metric, target_kind, grain, value, set_by = session_user AS signed;
INSERT INTO nudge_reporting.own_targets (metric, value) VALUES ('mrr', 100);
SELECT period_start, department, metric, value, note FROM nudge_reporting.department_targets;
INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric) VALUES ('2024-02-03', 'launch', 'New stages', 'win_rate') RETURNING day, metric, annotated_by = session_user AS signed;
INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text) VALUES ('2024-02-03', 'launch', 'Of all');
RESET ROLE;
DELETE FROM nudge.targets;
TRUNCATE nudge.annotations RESTART IDENTITY;

-- Logins
SELECT * FROM nudge.make_read_only('regress_acme', '2 seconds');
SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'regress_acme'::regrole;
SET ROLE regress_aud_owner;
SELECT done, problem IS NOT NULL AS told FROM nudge.make_read_only('regress_acme');
RESET ROLE;

-- Errors
SELECT nudge.set_audience('regress_aud_board', 'bored');
SELECT nudge.set_audience('regress_aud_board', NULL);
SELECT nudge.set_audience('regress_missing', 'board');
CREATE ROLE regress_super SUPERUSER;
SELECT nudge.set_audience('regress_super', 'board');
DROP ROLE regress_super;
SELECT nudge.set_audience('regress_acme', 'managers');
SELECT nudge.set_audience('regress_acme', 'board', 'sales');
SELECT nudge.set_audience('regress_acme', 'managers', 'legal');
SELECT nudge.set_audience('regress_acme', 'managers', 'legal', subjects => '{contracts}');
SELECT nudge.set_audience('regress_acme', 'managers', 'legal', subjects => '{general}');
-- which names all there are
\set VERBOSITY terse
SELECT nudge.set_audience('regress_acme', 'managers', 'sales', metrics => '{happiness}');
\set VERBOSITY default
SELECT nudge.set_audience('regress_acme', 'customers', metrics => '{mrr}');
SELECT nudge.set_audience('regress_acme', 'executive', dimensions => '{segment}');
SELECT nudge.set_audience('regress_acme', 'board', minimum_customers => 0);
SELECT nudge.set_audience('regress_acme', 'customers');
SELECT nudge.make_read_only('regress_missing');
SELECT nudge.make_read_only('regress_acme', '0');
SELECT * FROM nudge.create_audiences('{bored}', prefix => 'regress_aud_');
-- as somebody else
SET ROLE regress_acme;
SELECT nudge.set_audience('regress_acme', 'executive');
RESET ROLE;

-- A role that is gone has no rights, and is told; who is forgotten is no customer of anybody
DELETE FROM regress_shop.accounts WHERE customer = 'boxco';
DELETE FROM regress_shop.billing WHERE customer = 'boxco';
SELECT kind, object, row_count FROM nudge.find_entity('customer', 'boxco') WHERE object = 'nudge.external_customers';
CALL nudge.forget('customer', 'boxco');
SELECT role_name, customer FROM nudge.external_customers;
DROP OWNED BY regress_aud_managers_sales;
DROP ROLE regress_aud_managers_sales;
SELECT * FROM nudge.grant_audiences();
SELECT * FROM nudge.check_audiences();

-- What is mapped later
SET ROLE regress_aud_owner;
CREATE TABLE regress_shop.people ("user" text, customer text, signed_up_at timestamptz);
CREATE TABLE regress_shop.did ("user" text, at timestamptz, name text);
CREATE TABLE regress_shop.cases (ticket text, customer text, opened_at timestamptz, priority text);
SELECT nudge.map_source('users', 'regress_shop.people'), nudge.map_source('events', 'regress_shop.did'), nudge.map_source('tickets', 'regress_shop.cases');
SELECT action, object FROM nudge.deploy() WHERE object ~ 'nudge_external.own_(users|tickets|usage)' OR action = 'restrict rows';
RESET ROLE;
SELECT * FROM nudge.check_audiences();

-- The columns of the views, frozen: they only grow, at the end
\pset tuples_only on
\pset format unaligned
SELECT E'\n' || v.name || E'\n' || string_agg(format('  %s %s', a.attname, format_type(a.atttypid, a.atttypmod)), E'\n' ORDER BY a.attnum)
FROM nudge.shipped_audience_views v JOIN pg_attribute a ON a.attrelid = to_regclass(nudge.audience_view(v.name, v.audience)) AND a.attnum > 0 GROUP BY v.place, v.name ORDER BY v.place;
\pset tuples_only off
\pset format aligned

SET ROLE regress_aud_owner;
SELECT action, object FROM nudge.undeploy(true) WHERE action = 'drop policy' OR object ~ 'external';
SELECT count(*) > 10 AS undeployed FROM nudge.undeploy();
RESET ROLE;
DROP SCHEMA nudge_external, nudge_reporting, nudge_analytics, nudge_staging, regress_shop CASCADE;
DELETE FROM nudge.sources;
DELETE FROM nudge.audiences;
DELETE FROM nudge.external_customers;
TRUNCATE nudge.change_log, nudge.pending, nudge.runs, nudge.heartbeats, nudge.installation;
TRUNCATE nudge.erasures RESTART IDENTITY;
DROP OWNED BY regress_aud_owner, regress_acme, regress_boxco, regress_aud_board, regress_aud_customers, regress_aud_managers_finance;
DROP ROLE regress_aud_owner, regress_acme, regress_boxco, regress_aud_board, regress_aud_customers, regress_aud_managers_finance;
