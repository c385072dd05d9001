-- Marts that are reports over inputs, and attribution, by hand; test/pgtap/marts_reports.sql has the functions as oracle.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA shop;
SET search_path = shop, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- Support: 8 tickets of March, of which 5, 6 and 7 are open; 1, 2, 3, 4 and 8 are resolved in 60, 4350, 1440, 300 and 60 minutes
CREATE TABLE tickets (ticket text, customer text, opened_at timestamptz, first_response_at timestamptz, resolved_at timestamptz, reopened_at timestamptz, priority text, category text, csat integer, escalated boolean, contacts integer);
INSERT INTO tickets VALUES
	(1, 'a', '2024-03-01 10:00Z', '2024-03-01 10:20Z', '2024-03-01 11:00Z', NULL, 'critical', 'billing', 5, false, 1),
	(2, 'b', '2024-03-01 16:30Z', '2024-03-04 09:45Z', '2024-03-04 17:00Z', NULL, 'normal', 'technical', 4, false, 3),
	(3, 'b', '2024-03-02 12:00Z', '2024-03-02 13:00Z', '2024-03-03 12:00Z', NULL, 'high', 'technical', NULL, true, 2),
	(4, 'a', '2024-03-04 09:00Z', '2024-03-04 11:00Z', '2024-03-04 14:00Z', NULL, 'low', 'billing', 3, false, 1),
	(5, 'c', '2024-03-04 22:00Z', '2024-03-04 22:45Z', '2024-03-05 10:00Z', '2024-03-06 09:00Z', 'critical', 'technical', 1, true, 4),
	(6, 'c', '2024-03-05 10:00Z', NULL, NULL, NULL, 'normal', 'other', NULL, false, 1),
	(7, 'a', '2024-03-06 16:00Z', '2024-03-06 16:30Z', NULL, NULL, 'normal', 'other', NULL, false, 2),
	(8, 'd', '2024-03-06 12:00Z', '2024-03-06 12:30Z', '2024-03-06 13:00Z', NULL, 'high', 'billing', 5, false, 1);
SELECT map_source('tickets', 'tickets');
INSERT INTO sla_targets (measure, target_minutes) VALUES ('resolution', 1440);
SELECT action, object FROM deploy() WHERE object ~ 'tickets|support' AND object !~ '^nudge_reporting';
SELECT upstream, key_column FROM dependencies WHERE materialisation = 'support_performance';
CALL refresh('support_performance');
CALL refresh('support_backlog');
\x on
SELECT * FROM nudge_analytics.support_performance WHERE period = '2024-03-01' AND dimension = 'all';
\x off
SELECT dimension, value, tickets_total AS n, round(ticket_share, 3) AS share, tickets_resolved AS resolved, round(mean_csat, 2) AS csat, median_resolution_minutes AS median, resolution_sla_met AS met, resolution_sla_breached AS breached
FROM nudge_analytics.support_performance WHERE period = '2024-03-01' AND dimension IN ('all', 'category', 'segment') ORDER BY dimension, value;
SELECT period, value, opening_tickets AS opening, tickets_opened AS opened, tickets_reopened AS reopened, tickets_resolved AS resolved, closing_tickets AS closing, complete
FROM nudge_analytics.support_backlog WHERE period < '2024-05-01' AND dimension IN ('all', 'category') ORDER BY period, value;
-- every month up to this one is there, and this one is not complete
SELECT count(*) = 12 * (extract(year FROM now()) - 2024) + extract(month FROM now()) - 2 AS all_months, count(*) FILTER (WHERE NOT complete) AS open FROM nudge_analytics.support_performance WHERE dimension = 'all';
-- a change is one of the month in which the ticket was opened, and only what differs is written
UPDATE tickets SET resolved_at = '2024-03-06 17:00Z' WHERE ticket = '7';
CALL refresh('support_performance');
SELECT batches, keys, rows_written, rows_deleted FROM run_history LIMIT 1;
SELECT value, tickets_resolved AS resolved, resolution_sla_met AS met FROM nudge_analytics.support_performance WHERE period = '2024-03-01' AND dimension IN ('all', 'category') ORDER BY value;
CALL refresh('support_performance');
SELECT rows_written, rows_deleted FROM run_history LIMIT 1;
-- customers, and so segments and tickets per customer, once they are mapped: small has b, who wrote 2 of them, and large a and c, with 3 and 2; d is unknown
CREATE TABLE customers (customer text, created_at timestamptz, segment text);
INSERT INTO customers VALUES ('a', '2024-01-01Z', 'large'), ('b', '2024-01-01Z', 'small'), ('c', '2024-01-01Z', 'large'), ('e', '2024-01-01Z', 'small');
SELECT map_source('customers', 'customers');
SELECT action, object FROM deploy() WHERE object ~ 'customers|support' AND object !~ '^nudge_reporting';
CALL refresh('support_performance');
SELECT value, tickets_total AS n, customers_total AS customers, tickets_per_customer AS each FROM nudge_analytics.support_performance WHERE period = '2024-03-01' AND dimension IN ('all', 'segment') ORDER BY value;

-- Net promoter score: 10, 9, 7 and 3, and one who has not answered; small 10 and 3, large 9, 7 and nothing
CREATE TABLE surveys (customer text, kind text, score integer, sent_at timestamptz, answered_at timestamptz);
INSERT INTO surveys VALUES ('b', 'nps', 10, '2024-05-02Z', '2024-05-03Z'), ('a', 'nps', 9, '2024-05-02Z', '2024-05-03Z'), ('c', 'NPS ', 7, '2024-05-02Z', '2024-06-03Z'), ('e', 'nps', 3, '2024-05-02Z', '2024-05-03Z'),
	('a', 'nps', NULL, '2024-05-09Z', NULL), ('a', 'csat', 1, '2024-04-09Z', '2024-04-09Z');
SELECT map_source('surveys', 'surveys');
SELECT action, object FROM deploy() WHERE object ~ 'surveys|nps' AND object !~ '^nudge_reporting';
CALL refresh('nps');
SELECT period, dimension, value, asked, answered, response_rate AS rate, open_surveys AS open, promoters AS pro, passives AS pas, detractors AS det, round(score, 2) AS score, band, complete FROM nudge_analytics.nps
WHERE period < '2024-06-01' AND dimension IN ('all', 'segment') ORDER BY period, dimension, value;
-- b answers again, the same person as far as is known, and e is of another segment
INSERT INTO surveys VALUES ('b', 'nps', 6, '2024-05-20Z', '2024-05-20Z');
UPDATE customers SET segment = 'medium' WHERE customer = 'e';
CALL refresh('nps');
SELECT customer, kind, sent_at, sequence_no AS n, period, answered_at, score, is_first_of_user AS of_user, is_first_of_customer AS of_customer, segment, internal FROM nudge_analytics.fact_surveys ORDER BY customer, kind, sent_at;
SELECT period, dimension, value, asked, open_surveys AS open, respondents, customers_answered AS customers, (nps(state)).score FROM nudge_analytics.nps_months WHERE dimension IN ('all', 'segment') ORDER BY period, dimension, value;
SELECT name, keys, rows_written FROM run_history WHERE name <> 'nps' ORDER BY run_id DESC LIMIT 2;

-- Sales: 100 won in 20 days, 300 lost in the next month, 200 open and overdue
CREATE TABLE deals (deal text, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, owner text, competitor text, expected_close date);
INSERT INTO deals VALUES (1, '2024-01-05Z', 100, 'EUR', 'offer', '2024-01-25Z', 'won', 'ann', NULL, '2024-01-31'), (2, '2024-01-10Z', 300, 'EUR', 'offer', '2024-02-10Z', 'lost', 'ben', 'acme', '2024-01-31'),
	(3, '2024-02-01Z', 200, 'EUR', 'offer', NULL, NULL, 'ann', NULL, '2024-03-31');
SELECT map_source('deals', 'deals');
SELECT action, object FROM deploy() WHERE object ~ 'deals|sales|wins' AND object !~ '^nudge_reporting';
CALL refresh('sales_pipeline');
CALL refresh('sales_performance');
CALL refresh('competitive_wins');
SELECT dimension, value, open_deals, open_amount, overdue_deals, overdue_amount, stale_deals, activity_count, currency FROM nudge_analytics.sales_pipeline ORDER BY dimension, value;
SELECT period, dimension, value, opening_deals AS opening, deals_created AS created, won, lost, won_amount, open_deals AS open, open_amount, round(win_rate, 2) AS win_rate, round(mean_cycle_days, 1) AS days, quota, currency, complete
FROM nudge_analytics.sales_performance WHERE period < '2024-03-01' AND dimension IN ('all', 'owner') ORDER BY period, dimension, value;
SELECT period, dimension, value, deals_closed AS closed, won, lost, round(win_rate, 2) AS win_rate, complete FROM nudge_analytics.competitive_wins WHERE period < '2024-03-01' ORDER BY period, dimension, value;
-- stages: 1 is in lead and then offer as it is won, 3 is in lead as February ends and in offer from March on
CREATE TABLE deal_stages (deal text, stage text, at timestamptz);
INSERT INTO deal_stages VALUES (1, 'lead', '2024-01-05Z'), (1, 'offer', '2024-01-20Z'), (2, 'lead', '2024-01-10Z'), (3, 'lead', '2024-02-01Z'), (3, 'offer', '2024-03-02Z');
SELECT map_source('deal_stages', 'deal_stages');
SELECT count(*) > 0 AS deployed FROM deploy();
INSERT INTO sales_stages (stage, position, win_probability, qualified) VALUES ('lead', 1, 0.1, false), ('offer', 2, 0.5, true);
CALL refresh('sales_performance');
SELECT deal, created_period, closed_period, is_open, outcome, cycle_seconds, amount FROM nudge_analytics.fact_deals ORDER BY deal;
SELECT deal, stage_no, stage, entered_at, left_at, from_period, until_period FROM nudge_analytics.fact_deal_stages ORDER BY deal, stage_no;
SELECT period, opened_deals AS opened, opened_amount, deals_created AS created, won, lost, known_deals AS known, weighted_deals AS weighted, weighted_amount, qualified_deals AS qualified FROM nudge_analytics.sales_months WHERE dimension = 'all' ORDER BY period;
SELECT period, open_deals AS open, open_amount, weighted_amount, qualified_deals AS qualified FROM nudge_analytics.sales_performance WHERE period < '2024-05-01' AND dimension = 'all' ORDER BY period;
-- a probability is of all months, and of no deal
UPDATE sales_stages SET win_probability = 0.25 WHERE stage = 'lead';
CALL refresh('sales_performance');
SELECT period, weighted_amount FROM nudge_analytics.sales_performance WHERE period < '2024-05-01' AND dimension = 'all' ORDER BY period;
-- activities: two calls and a mail for deals, a call for none
CREATE TABLE activities (owner text, at timestamptz, kind text, deal text);
INSERT INTO activities VALUES ('ann', '2024-01-06Z', 'call', 1), ('ann', '2024-01-07Z', 'Call ', 1), ('ben', '2024-01-08Z', 'mail', 3), ('ben', '2024-01-09Z', 'call', NULL);
SELECT map_source('activities', 'activities');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('sales_activity');
SELECT deal, period, kind, owner, activities, last_at FROM nudge_analytics.fact_activities ORDER BY deal;
SELECT period, dimension, value, kind, activities_done AS done FROM nudge_analytics.sales_activity_months WHERE dimension IN ('all', 'owner') ORDER BY 1, 2, 3, 4;
SELECT dimension, value, kind, activities_done AS done, deals_won AS won, activities_per_deal_won AS each FROM nudge_analytics.sales_activity WHERE period = '2024-01-01' AND dimension IN ('all', 'owner') ORDER BY 1, 2, 3;
DELETE FROM sales_stages;

-- a deal in another currency: what cannot be added up fails, and what was there stays
INSERT INTO deals VALUES (4, '2024-02-02Z', 1, 'USD', 'offer');
CALL refresh('sales_performance');
SELECT status, sqlstate, error FROM run_history LIMIT 1;
SELECT count(*) AS rows FROM nudge_analytics.sales_performance WHERE period = '2024-02-01' AND dimension = 'all';
DELETE FROM deals WHERE deal = '4';
CALL refresh('sales_performance');

-- Platform: 2 hours down of 744, and requests of 100, 200, 300 and 400 ms, of which one failed
CREATE TABLE incidents (incident text, started_at timestamptz, ended_at timestamptz, severity text, outage boolean, service text);
INSERT INTO incidents VALUES (1, '2024-03-05 10:00Z', '2024-03-05 12:00Z', 'critical', true, 'api'), (2, '2024-03-06 10:00Z', '2024-03-06 10:30Z', 'minor', false, 'web');
CREATE TABLE requests (at timestamptz, duration_ms numeric, endpoint text, error boolean);
INSERT INTO requests VALUES ('2024-03-05 10:00Z', 100, '/a', false), ('2024-03-05 10:00Z', 200, '/a', true), ('2024-03-05 10:00Z', 300, '/b', false), ('2024-03-31 23:59Z', 400, '/b', NULL);
SELECT map_source('incidents', 'incidents'), map_source('requests', 'requests');
SELECT action, object FROM deploy() WHERE object ~ 'incident|requests|platform' AND object !~ '^nudge_reporting';
CALL refresh('platform_uptime');
CALL refresh('incident_summary');
CALL refresh('platform_performance');
SELECT dimension, value, total_minutes, downtime_minutes AS down, round(uptime_share, 5) AS uptime, outages, complete FROM nudge_analytics.platform_uptime WHERE period = '2024-03-01' ORDER BY dimension, value;
SELECT dimension, value, incidents_started AS n, mttr_minutes AS mttr, complete FROM nudge_analytics.incident_summary WHERE period = '2024-03-01' ORDER BY dimension, value;
SELECT dimension, value, request_count AS n, mean_ms, requests_with_outcome AS known, errors, round(error_rate, 3) AS error_rate, downtime_minutes AS down, round(uptime_share, 5) AS uptime, complete FROM nudge_analytics.platform_performance WHERE period = '2024-03-01' ORDER BY dimension, value;

-- Engineering: changes of 24 and 48 hours, of which one did harm for an hour; one bug
CREATE TABLE deployments (at timestamptz, change_created_at timestamptz, failed boolean, restored_at timestamptz, service text);
INSERT INTO deployments VALUES ('2024-03-05Z', '2024-03-04Z', false, NULL, 'api'), ('2024-03-08Z', '2024-03-06Z', true, '2024-03-08 01:00Z', 'web');
CREATE TABLE bugs (bug text, opened_at timestamptz, closed_at timestamptz, severity text, escaped boolean);
INSERT INTO bugs VALUES (1, '2024-03-09Z', NULL, 'major', true);
SELECT map_source('deployments', 'deployments'), map_source('bugs', 'bugs');
SELECT action, object FROM deploy() WHERE object ~ 'deployments|bugs|delivery' AND object !~ '^nudge_reporting';
CALL refresh('engineering_delivery');
SELECT dimension, value, deployment_count AS n, elapsed_days AS days, median_lead_time_hours AS lead, change_failure_rate AS failure_rate, mean_recovery_hours AS recovery, bugs_opened, open_bugs, bug_escape_rate, coverage_share, complete
FROM nudge_analytics.engineering_delivery WHERE period = '2024-03-01' ORDER BY dimension, value;

-- Attribution, in the month before the last: ada by organic and email, ben by paid, dan by nothing, eve in dollars; fay does not convert
CREATE FUNCTION day(n integer) RETURNS timestamptz LANGUAGE sql STABLE RETURN date_trunc('month', now()) - interval '2 months' + make_interval(days => n);
CREATE TABLE touches (customer text, at timestamptz, channel text);
CREATE TABLE conversions (customer text, at timestamptz, revenue numeric, currency text);
INSERT INTO touches VALUES ('ada', day(1), 'organic'), ('ada', day(5), 'email'), ('ben', day(2), 'paid'), ('eve', day(3), 'email'), ('fay', day(4), 'paid');
INSERT INTO conversions VALUES ('ada', day(9), 100, 'EUR'), ('ben', day(9), 50, 'eur '), ('dan', day(9), 40, 'EUR'), ('eve', day(9), 10, 'USD');
SELECT map_source('touches', 'touches'), map_source('conversions', 'conversions');
SELECT action, object FROM deploy(buckets => 2) WHERE object ~ 'touches|conversions|journey|attribution' AND object !~ '^nudge_reporting';
CALL refresh('channel_attribution');
SELECT j.customer, j.currency, j.bucket = bucket(j.customer, 2) AS in_bucket, j.first_conversion_at = day(9) AS first, (SELECT string_agg(coalesce(r.channel, r.revenue::text), ', ' ORDER BY r.at) FROM journey_rows(j.state) r) AS rows FROM nudge_analytics.customer_journeys j ORDER BY 1, 2;
SELECT currency, model, channel, conversions, revenue, total_revenue AS total, round(revenue_share, 3) AS share, assisted_conversions AS assisted, complete FROM nudge_analytics.channel_attribution
WHERE period = day(0)::date AND model IN ('first_touch', 'last_touch', 'linear', 'markov', 'shapley') ORDER BY 1, 2, 3;
-- eve comes to pay in euros as well: her touch has led to both
INSERT INTO conversions VALUES ('eve', day(10), 30, 'EUR');
CALL refresh('channel_attribution');
SELECT name, keys, rows_written > 0 AS writes FROM run_history WHERE run_id > (SELECT max(run_id) - 5 FROM run_history) AND name <> 'attribution_paths' ORDER BY run_id;
SELECT customer, currency, (SELECT string_agg(coalesce(r.channel, r.revenue::text), ', ' ORDER BY r.at) FROM journey_rows(state) r) AS rows FROM nudge_analytics.customer_journeys WHERE customer = 'eve' ORDER BY 2;
SELECT currency, model, channel, conversions, revenue FROM nudge_analytics.channel_attribution WHERE period = day(0)::date AND model = 'linear' ORDER BY 1, 2, 3;
-- fay comes to convert: she was of no currency
INSERT INTO conversions VALUES ('fay', day(40), 7, 'USD');
CALL refresh('channel_attribution');
SELECT customer, currency FROM nudge_analytics.customer_journeys WHERE customer = 'fay';
CALL refresh('customer_attribution');
SELECT customer, channel, linear_revenue, assisted_conversions FROM nudge_analytics.customer_attribution WHERE currency = 'EUR' ORDER BY 1, 2;
SELECT m.name, v.* FROM materialisations m, verify(m.name) v WHERE m.name ~ 'journey|attribution';

-- Channels: 20 for email and 90 for paid; ada is half email's, and eve wholly
CREATE TABLE spend (day date, channel text, amount numeric, currency text);
INSERT INTO spend VALUES (day(1), 'email', 20, 'EUR'), (day(1), 'paid', 90, 'EUR');
SELECT map_source('spend', 'spend');
SELECT action, object FROM deploy(buckets => 2) WHERE object ~ 'spend|channel_perf';
CALL refresh('channel_performance');
SELECT status, error FROM run_history WHERE name = 'channel_performance' LIMIT 1;
UPDATE conversions SET currency = 'EUR';
CALL refresh('channel_performance');
SELECT channel, cost, visitors, new_leads, new_customers, revenue, round(cac, 2) AS cac, round(roas, 3) AS roas, planned_cost, currency, complete FROM nudge_analytics.channel_performance WHERE period = day(0)::date ORDER BY channel;

-- Costs and cash: 600 and 200 a month, of which 500 of the first are planned; 100 come in, and 3000 are left
CREATE TABLE costs (period date, category text, amount numeric, currency text, variable boolean);
INSERT INTO costs SELECT m, c, a, 'EUR', v FROM generate_series(timestamp '2024-01-01', '2024-03-01', '1 month') m, (VALUES ('research/pay', 600, false), ('infrastructure', 200, true)) k(c, a, v);
CREATE TABLE budgets (period date, category text, amount numeric, currency text);
INSERT INTO budgets VALUES ('2024-03-01', 'research', 500, 'EUR');
CREATE TABLE cash (day date, balance numeric, currency text);
INSERT INTO cash VALUES ('2024-03-31', 3000, 'EUR');
CREATE TABLE subscriptions (customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text);
INSERT INTO subscriptions VALUES ('a', 'i', 'pro', '2024-01-01Z', NULL, 100, 'month', 1, 'EUR', 'active');
SELECT map_source('costs', 'costs'), map_source('budgets', 'budgets'), map_source('cash', 'cash'), map_source('subscriptions', 'subscriptions');
SELECT action, object FROM deploy() WHERE object ~ 'cost|budgets|cash|burn' AND object !~ '^nudge_reporting';
CALL refresh('cost_structure');
CALL refresh('burn_and_runway');
SELECT category, depth, actual, fixed_actual AS fixed, variable_actual AS variable, own_actual AS own, cost_share AS share, budget, variance, round(variance_rate, 2) AS rate, outcome, over_threshold AS over, complete FROM nudge_analytics.cost_structure WHERE period = '2024-03-01' ORDER BY category COLLATE "C";
SELECT period, round(receipts, 2) AS receipts, gross_burn, round(net_burn, 2) AS net_burn, round(mean_net_burn, 2) AS mean, cash_day, cash_balance AS cash, round(runway_months, 3) AS months, net_new_arr, round(burn_multiple, 2) AS multiple, currency, complete FROM nudge_analytics.burn_and_runway WHERE period <= '2024-03-01' ORDER BY period;

-- Competition: 3 of 4 mentions are ours
CREATE TABLE facts (at timestamptz, competitor text, kind text, channel text, value numeric);
INSERT INTO facts VALUES ('2024-03-05Z', 'us', 'mention', 'web', 3), ('2024-03-05Z', 'acme', 'mention', 'press', 1);
SELECT map_source('competitor_facts', 'facts');
SELECT action, object FROM deploy() WHERE object ~ 'facts|competitive$' AND object !~ '^nudge_reporting';
CALL refresh('competitive');
SELECT period, channel, all_channels AS "all", competitor, mentions AS n, total_mentions AS total, mention_share AS share, complete FROM nudge_analytics.competitive WHERE period = '2024-03-01' ORDER BY all_channels DESC, channel, competitor;

-- all of them are as their queries say
UPDATE materialisations SET next_due_at = now();
CALL run_due();
SELECT m.name, v.* FROM materialisations m, verify(m.name) v;
SELECT m.name, a.attname FROM shipped_marts m JOIN pg_attribute a ON a.attrelid = to_regclass('nudge_analytics.' || m.name) AND a.attnum > 0 WHERE col_description(a.attrelid, a.attnum) IS NULL;
SELECT count(*) > 20 AS undone FROM undeploy();
SELECT unmap_source(source) FROM sources ORDER BY source COLLATE "C" \g /dev/null
DELETE FROM change_log;
DELETE FROM runs;
DELETE FROM sla_targets;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA shop CASCADE;
