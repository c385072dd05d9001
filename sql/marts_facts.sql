-- Facts, dimensions, staging views, and revenue by attributes as they were then.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA facts;
SET search_path = facts, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- What a price is a month: as customer_mrr counts it
SELECT what, subscription_mrr(amount, unit, n, quantity, discount, kind, usage, status, ends) FROM (VALUES
	(1, 'a year', 1200, 'year', 1, NULL::numeric, NULL::numeric, NULL, NULL::boolean, 'active', NULL::timestamptz), (2, 'three at risk', 10, 'month', 1, 3, NULL, NULL, false, ' At_risk', NULL), (3, 'a third of a cent is rounded', 0.01, 'quarter', 1, NULL, NULL, NULL, NULL, 'active', NULL),
	(4, 'discount', 10, 'month', 1, 1, 0.25, 'forever', NULL, 'active', NULL), (5, 'discount once', 10, 'month', 1, 1, 0.25, ' Once', NULL, 'active', NULL), (6, 'trial', 10, 'month', 1, 1, NULL, NULL, NULL, 'trialing', NULL), (7, 'by use', 10, 'month', 1, 1, NULL, NULL, true, 'active', NULL),
	(8, 'no interval', 10, 'None ', 1, 1, NULL, NULL, NULL, 'active', NULL), (9, 'ended without an end', 10, 'month', 1, 1, NULL, NULL, NULL, 'ended', NULL), (10, 'ended', 10, 'month', 1, 1, NULL, NULL, NULL, 'Ended', '2024-02-01Z')
) v(place, what, amount, unit, n, quantity, discount, kind, usage, status, ends) ORDER BY place;
SELECT attribute_label('segment', ' All '), attribute_label('region', ' All '), attribute_label('segment', ' '), attribute_label('segment', NULL);

-- Nothing is mapped
SELECT action, object, estimate FROM deploy(dry_run => true) WHERE object ~ 'stg_|dim_channels|fact_sends' ORDER BY place;

-- By hand (doc/marts_facts.md): ann goes from small to large on 20 February, and to 150 on the 25th; ben leaves; dan was none until midnight of March
CREATE TABLE billing (id integer PRIMARY KEY, customer text, starts date, ends date, amount numeric, plan text DEFAULT 'pro');
INSERT INTO billing VALUES (1, 'ann', '2024-01-10', '2024-02-25', 100), (2, 'ann', '2024-02-25', NULL, 150), (3, 'ben', '2024-01-05', '2024-03-10', 50), (4, 'cat', '2024-01-20', NULL, 70), (5, 'dan', '2024-02-03', NULL, 5);
CREATE TABLE account (customer text PRIMARY KEY, size text, area text);
INSERT INTO account VALUES ('ann', 'large', 'EU'), ('ben', 'small', 'EU'), ('cat', 'large', 'US'), ('dan', 'small', 'US');
CREATE TABLE change (customer text, what text, value text, since timestamptz, until timestamptz);
INSERT INTO change VALUES ('ann', 'segment', 'small', '2024-01-01Z', '2024-02-20Z'), ('ann', 'segment', 'large', '2024-02-20Z', NULL), ('dan', 'segment', 'small', '2024-03-01Z', NULL), ('ann', 'owner', 'eve', '2024-01-01Z', '2024-02-01Z');
SELECT map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}'),
	map_source('customers', 'account', columns => '{"created_at": "timestamptz ''2024-01-01Z''", "segment": "size", "region": "area"}');
-- without a history there is what follows from prices, and no more
SELECT count(*) > 0 AS deployed FROM deploy(buckets => 2);
CALL refresh('mrr_by_dimension_then');
SELECT dimension, value, period, closing_mrr FROM nudge_analytics.mrr_by_dimension_then WHERE period IN ('2024-01-01', '2024-03-01') ORDER BY 1, 3, 2;
SELECT count(*) AS from_history FROM nudge_analytics.customer_mrr_then;
SELECT map_source('dimension_history', 'change', columns => '{"dimension": "what", "valid_from": "since", "valid_to": "until"}');
SELECT count(*) > 0 AS deployed FROM deploy(buckets => 2);
CALL refresh('mrr_by_dimension_then');
SELECT * FROM nudge_analytics.customer_mrr_then WHERE period < '2024-04-01' ORDER BY 1, 4;
SELECT period, value, opening_mrr AS opening, new_mrr AS new, expansion_mrr AS expansion, churn_mrr AS churn, transfer_in_mrr AS came, transfer_out_mrr AS went, net_new_mrr AS net_new, closing_mrr AS closing, opening_customers AS o, new_customers AS n, expanded_customers AS e, churned_customers AS l,
	transferred_in_customers AS i, transferred_out_customers AS u, closing_customers AS c FROM nudge_analytics.mrr_by_dimension_then WHERE dimension = 'segment' AND period < '2024-04-01' ORDER BY 1, 2;
-- now, and what has no history is then as now
SELECT segment, period, closing_mrr FROM nudge_analytics.mrr_by_segment WHERE period < '2024-04-01' AND segment <> 'all' ORDER BY 1, 2;
SELECT count(*) AS otherwise FROM (SELECT value, period, opening_mrr, net_new_mrr, closing_mrr, closing_customers FROM nudge_analytics.mrr_by_dimension_then WHERE dimension = 'region'
	EXCEPT SELECT value, period, opening_mrr, net_new_mrr, closing_mrr, closing_customers FROM nudge_analytics.mrr_by_dimension WHERE dimension = 'region') d;
-- a correction of the past computes that customer
UPDATE change SET value = 'tiny' WHERE value = 'small' AND customer = 'ann';
UPDATE account SET size = 'medium' WHERE customer = 'cat';
CALL refresh('mrr_by_dimension_then');
SELECT keys, rows_written, rows_deleted FROM run_history WHERE name = 'customer_mrr_then' LIMIT 1;
SELECT value, period, opening_mrr, transfer_in_mrr, transfer_out_mrr, closing_mrr FROM nudge_analytics.mrr_by_dimension_then WHERE dimension = 'segment' AND period < '2024-03-01' ORDER BY 1, 2;
SELECT period_start, customer, from_value, to_value, opening_mrr, closing_mrr FROM nudge_reporting.customer_transfers WHERE dimension = 'segment' ORDER BY 1, 2;
CALL refresh('mrr_by_dimension_then');
SELECT name, keys, rows_written FROM run_history WHERE name ~ 'by_dimension_then|customer_mrr_then' LIMIT 2;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;

-- A value that begins in time: no row changes
INSERT INTO change VALUES ('cat', 'segment', 'medium', '2024-01-01Z', now() + interval '1 hour'), ('cat', 'segment', 'huge', now() + interval '1 hour', NULL);
CALL refresh('mrr_by_dimension_then');
SELECT value, closing_mrr FROM nudge_analytics.mrr_by_dimension_then WHERE dimension = 'segment' AND NOT complete ORDER BY 1;
SELECT key, at - now() BETWEEN interval '59 minutes' AND interval '61 minutes' AS in_an_hour FROM nudge_staging.customer_attributes_then__clock WHERE at > now();
DELETE FROM change WHERE customer = 'cat';

-- What follows from prices needs no history; months of Berlin. fay goes from mini to pro within March, gus on the first instant of April, hal on the one before; ida leaves, and comes back to another plan; jon has
-- two plans of one price, of which the later one counts, and then the first by name; kim pays in two currencies; leo comes and goes within a month
CREATE TABLE plan_item (id integer PRIMARY KEY, customer text, plan text, starts timestamptz, ends timestamptz, amount numeric, currency text DEFAULT 'EUR');
INSERT INTO plan_item VALUES (101, 'fay', 'mini', '2024-01-31 23:00Z', '2024-03-15 12:00Z', 20), (102, 'fay', ' pro ', '2024-03-15 12:00Z', NULL, 50), (103, 'gus', 'mini', '2024-01-10Z', '2024-03-31 22:00Z', 20), (104, 'gus', 'pro', '2024-03-31 22:00Z', NULL, 50),
	(105, 'hal', 'mini', '2024-01-10Z', '2024-03-31 21:59:59.999999Z', 20), (106, 'hal', 'pro', '2024-03-31 21:59:59.999999Z', NULL, 50), (107, 'ida', 'mini', '2024-01-10Z', '2024-02-10Z', 20), (108, 'ida', 'pro', '2024-06-10Z', NULL, 50),
	(109, 'jon', 'mini', '2024-01-10Z', NULL, 30), (110, 'jon', 'pro', '2024-02-10Z', NULL, 30), (111, 'jon', 'base', '2024-02-10Z', NULL, 30), (112, 'kim', 'mini', '2024-01-10Z', NULL, 20), (113, 'leo', 'mini', '2024-05-05Z', '2024-05-06Z', 20);
INSERT INTO plan_item VALUES (114, 'kim', 'seat', '2024-02-10Z', '2024-03-10Z', 25, 'USD');
SELECT map_source('subscriptions', 'plan_item', source => 'plan_items', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}');
SELECT count(*) > 0 AS deployed FROM deploy(zone => 'Europe/Berlin');
CALL refresh('mrr_by_dimension_then');
SELECT customer, from_period, until_period, opening_plan, plan, opening_product_mix, product_mix, opening_tenure, tenure FROM nudge_analytics.customer_products_then WHERE customer >= 'e' AND from_period < '2024-07-01' ORDER BY 1, 2;
SELECT period, value, currency, opening_mrr AS opening, new_mrr AS new, reactivation_mrr AS react, expansion_mrr AS expansion, contraction_mrr AS less, churn_mrr AS churn, transfer_in_mrr AS came, transfer_out_mrr AS went, closing_mrr AS closing, opening_customers AS o, transferred_in_customers AS i, transferred_out_customers AS u,
	closing_customers AS c FROM nudge_analytics.mrr_by_dimension_then WHERE dimension = 'plan' AND period BETWEEN '2024-02-01' AND '2024-04-01' ORDER BY 1, 2, 3;
SELECT period_start, customer, dimension, from_value, to_value, currency, opening_mrr, closing_mrr FROM nudge_reporting.customer_transfers WHERE customer >= 'e' AND period_start < '2024-05-01' ORDER BY 1, 2, 3, 6;
SELECT dimension, value, currency, closing_mrr FROM nudge_analytics.mrr_by_dimension_then WHERE dimension IN ('tenure', 'initial_contract_size', 'product_mix') AND period = '2024-06-01' AND closing_mrr <> 0 ORDER BY 1, 2, 3;
-- over all values it is the month, to the cent
SELECT dimension, count(*) AS otherwise FROM (SELECT dimension, currency, period, sum(opening_mrr) AS a, sum(new_mrr) AS b, sum(reactivation_mrr) AS c, sum(expansion_mrr) AS d, sum(contraction_mrr) AS e, sum(churn_mrr) AS f, sum(closing_mrr) AS g, sum(closing_customers) AS h, sum(transfer_in_mrr + transfer_out_mrr) AS t
		FROM nudge_analytics.mrr_by_dimension_then GROUP BY 1, 2, 3) x JOIN nudge_analytics.mrr_summary s USING (currency, period)
WHERE (a, b, c, d, e, f, g, h, t) IS DISTINCT FROM (s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, s.closing_mrr, s.closing_customers, 0::numeric) GROUP BY 1 ORDER BY 1;
-- nothing has changed; and a correction of the past computes a customer, and its bucket
CALL refresh('mrr_by_dimension_then');
SELECT name, keys, rows_written FROM run_history WHERE name ~ 'then' LIMIT 4;
UPDATE plan_item SET plan = 'midi' WHERE id = 103;
CALL refresh('mrr_by_dimension_then');
SELECT name, keys, rows_written, rows_deleted FROM run_history WHERE name IN ('customer_products_then', 'mrr_then_buckets') LIMIT 2;
SELECT value, closing_mrr FROM nudge_analytics.mrr_by_dimension_then WHERE dimension = 'plan' AND period = '2024-02-01' AND currency = 'EUR' ORDER BY 1;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;
DELETE FROM plan_item;

-- Messages, in Berlin: half past eleven at night of UTC is tomorrow. Of an SMS nobody knows more than that it was sent
CREATE TABLE message (campaign text, at timestamptz, count integer, delivered integer, opened integer, clicked integer);
INSERT INTO message VALUES ('spring', '2024-03-01 10:00Z', 100, 90, 45, 9), ('spring', '2024-03-01 23:30Z', 10, NULL, 5, NULL), ('spring', '2024-03-02 09:00Z', 20, 20, 5, 0), ('sms', '2024-03-01 10:00Z', 7, NULL, NULL, NULL);
CREATE TABLE campaign (campaign text, channel text, kind text, started date, ended date);
INSERT INTO campaign VALUES ('spring', ' email', 'Brand', '2024-03-01', '2024-04-01'), ('autumn', 'email', NULL, '2024-09-01', NULL);
CREATE TABLE spending AS SELECT date '2024-03-01' AS day, c AS channel, 'spring' AS campaign, a::numeric AS amount, 'eur' AS currency, 1000 AS impressions, 10 AS clicks FROM (VALUES ('email', 0), ('ads', 12.5)) v(c, a);
CREATE TABLE touch (customer text, anonymous_id text, at timestamptz, channel text);
INSERT INTO touch VALUES ('ann', NULL, '2024-03-01 10:00Z', 'email'), ('ann', 'v1', '2024-03-01 11:00Z', 'email'), (NULL, 'v2', '2024-03-02 10:00Z', 'web');
SELECT map_source('sends', 'message'), map_source('campaigns', 'campaign', zone => 'Europe/Berlin', columns => '{"started_at": "started", "ended_at": "ended"}'), map_source('spend', 'spending'), map_source('touches', 'touch');
SELECT action, object FROM deploy(zone => 'Europe/Berlin') WHERE object ~ 'sends|campaign|channel|touches|spend' AND action <> 'leave out' ORDER BY place;
CALL refresh('fact_sends');
CALL refresh('dim_campaigns');
CALL refresh('dim_channels');
CALL refresh('fact_touches');
CALL refresh('fact_spend');
SELECT campaign, day, sent, delivery_known, delivered, round(delivery_rate, 4) AS delivery, open_known, opened, round(open_rate, 4) AS open, click_known, clicked, round(click_rate, 4) AS click FROM nudge_analytics.fact_sends ORDER BY 1, 2;
SELECT campaign, channel, campaign_kind, first_day, last_day, first_send_day, sent, delivery_known, delivered, delivery_rate, open_rate FROM nudge_reporting.campaign_results ORDER BY 1;
SELECT * FROM nudge_analytics.dim_channels ORDER BY 1;
SELECT customer, day, channel, touches FROM nudge_analytics.fact_touches ORDER BY 1, 2;
SELECT day, channel, currency, amount, click_through_rate, cost_per_click FROM nudge_reporting.channel_spend_daily ORDER BY 2;

-- Events, tickets, incidents, features
CREATE TABLE event (who text, visitor text, at timestamptz, name text, feature text, worked boolean, worth numeric);
INSERT INTO event VALUES ('u1', NULL, '2024-03-01 10:00Z', 'run', 'export', true, 2), ('u1', NULL, '2024-03-01 12:00Z', 'run', 'export', false, NULL), ('u2', NULL, '2024-03-01 12:00Z', 'run', 'export', NULL, 3), ('u2', NULL, '2024-03-01 23:30Z', 'open', NULL, NULL, NULL), (NULL, 'v1', '2024-03-01 12:00Z', 'open', NULL, NULL, NULL);
CREATE TABLE person AS SELECT 'u1' AS "user", 'ann' AS customer, timestamptz '2024-02-29 23:30Z' AS signed_up_at, ' pro ' AS plan;
CREATE TABLE ticket (id text, customer text, opened timestamptz, answered timestamptz, solved timestamptz, again timestamptz, priority text);
INSERT INTO ticket VALUES ('t1', 'ann', '2024-03-01 10:00Z', '2024-03-01 10:30Z', '2024-03-01 12:00Z', NULL, 'High'), ('t2', 'ann', '2024-03-01 10:00Z', '2024-03-01 09:00Z', '2024-03-01 09:30Z', NULL, 'low'),
	('t3', 'ben', '2024-03-01 10:00Z', NULL, '2024-03-02 10:00Z', '2024-03-03 10:00Z', 'low'), ('t4', 'ben', '2024-03-01 10:00Z', '2999-01-01Z', '2999-01-01Z', NULL, 'low'), ('t5', 'ben', '2999-01-01Z', NULL, NULL, NULL, 'low');
CREATE TABLE trouble (id text, started timestamptz, noticed timestamptz, ended timestamptz, severity text, service text);
INSERT INTO trouble VALUES ('i1', '2024-03-01 10:00Z', '2024-03-01 10:05Z', '2024-03-01 11:00Z', 'Critical', 'api'), ('i2', '2024-03-01 10:00Z', NULL, NULL, 'minor', ' ');
CREATE TABLE feature AS SELECT 'export' AS feature, 'pro' AS tier, timestamptz '2024-02-29 23:30Z' AS released_at;
SELECT map_source('events', 'event', columns => '{"user": "who", "anonymous_id": "visitor", "success": "worked", "value": "worth"}'), map_source('users', 'person'), map_source('features', 'feature'),
	map_source('tickets', 'ticket', columns => '{"ticket": "id", "opened_at": "opened", "first_response_at": "answered", "resolved_at": "solved", "reopened_at": "again"}'),
	map_source('incidents', 'trouble', columns => '{"incident": "id", "started_at": "started", "detected_at": "noticed", "ended_at": "ended"}');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('fact_events');
CALL refresh('fact_tickets');
CALL refresh('fact_incidents');
CALL refresh('dim_features');
CALL refresh('fact_subscriptions');
CALL refresh('dim_users');
SELECT day, name, feature, events, users, succeeded, failed, success_rate, value FROM nudge_analytics.fact_events ORDER BY 1, 2;
SELECT * FROM nudge_reporting.user_events_daily ORDER BY day, user_key;
SELECT ticket, opened_day, status, priority, first_response_at, resolved_at, first_response_minutes, resolution_minutes FROM nudge_analytics.fact_tickets ORDER BY 1;
SELECT incident, service, severity, is_outage, started_day, is_open, detection_minutes, duration_minutes FROM nudge_analytics.fact_incidents ORDER BY 1;
SELECT * FROM nudge_analytics.dim_features;
SELECT customer, item, sequence_no, first_day, last_day, mrr FROM nudge_analytics.fact_subscriptions ORDER BY 1, 2;
SELECT sum(mrr) AS mrr_as_march_closes FROM nudge_analytics.fact_subscriptions WHERE valid_from < '2024-03-31 22:00Z' AND (valid_to IS NULL OR valid_to >= '2024-03-31 22:00Z');
SELECT upstream, key_column FROM dependencies WHERE materialisation = 'fact_events';
-- who it was in a month is found by an index
SELECT c.relname AS mart, substring(pg_get_indexdef(i.indexrelid) FROM '[(].*') AS index FROM shipped_marts m JOIN pg_class c ON c.oid = to_regclass('nudge_analytics.' || m.name) JOIN pg_index i ON i.indrelid = c.oid
WHERE cardinality(m.indexes) > 0 AND pg_get_indexdef(i.indexrelid) ~ '_[0-9a-f]{8} ON ' ORDER BY c.relname::text COLLATE "C", 2;
-- one event of u2 goes to the next day: a user and two days
UPDATE event SET at = at + interval '1 day' WHERE who = 'u2' AND name = 'run';
CALL refresh('fact_events');
SELECT name, keys, rows_written, rows_deleted FROM run_history WHERE name ~ 'event' LIMIT 2;
SELECT day, name, events, users FROM nudge_analytics.fact_events ORDER BY 1, 2;
-- two rows of one ticket, and an incident that ends before it begins
INSERT INTO ticket VALUES ('t1', 'cat', '2024-03-01 10:00Z', NULL, NULL, NULL, 'low');
UPDATE trouble SET ended = '2024-03-01 09:00Z' WHERE id = 'i1';
CALL refresh('fact_tickets');
CALL refresh('fact_incidents');
SELECT materialisation, key, sqlstate, error FROM quarantine ORDER BY 1;
SELECT count(*) AS kept FROM nudge_analytics.fact_tickets;

-- Staging views: words in one spelling, days of the zone
SELECT "user", customer, signed_up_day, plan, internal FROM nudge_staging.stg_users;
SELECT campaign, channel, kind, first_day, last_day FROM nudge_staging.stg_campaigns ORDER BY 1;
SELECT customer, item, first_day, last_day, currency, quantity, mrr FROM nudge_staging.stg_revenue ORDER BY 2;
SELECT day, "user", anonymous_id, name, feature FROM nudge_staging.stg_events ORDER BY at, 2;
-- frozen: columns only grow, at the end
SELECT v.name, string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) AS columns FROM shipped_staging_views v JOIN pg_attribute a ON a.attrelid = ('nudge_staging.' || v.name)::regclass AND a.attnum > 0 GROUP BY v.place, v.name ORDER BY v.place;
SELECT obj_description('nudge_staging.stg_revenue'::regclass), col_description('nudge_staging.stg_revenue'::regclass, 18);
SELECT action, lock FROM deploy(dry_run => true) WHERE object = 'nudge_staging.stg_users';
-- a materialisation of yours may read one: it depends on the input
SELECT add_materialisation('spenders', 'SELECT customer, sum(mrr) AS mrr FROM nudge_staging.stg_revenue GROUP BY customer', 'customer');
SELECT upstream, key_column FROM dependencies WHERE materialisation = 'spenders';
-- what a view cannot show is an error of its key; no number, and other marts, are not
\set VERBOSITY default
SELECT refuse_number('fact_spend', '2024-01-01, email, EUR', '{"amount": 1e18, "clicks": 3}');
SELECT refuse_number('fact_spend', '2024-01-01, email, EUR', '{"amount": -1e18}');
SELECT refuse_number('fact_spend', '2024-01-01, email, EUR', '{"amount": 999999999999999999, "rate": "NaN", "clicks": null}');
SELECT number_check('stg_users'), number_check('spenders');
SELECT undeploy();
SELECT drop_materialisation('spenders');
-- an input that one reads stays until it is dropped
\set VERBOSITY terse
SELECT unmap_source('users');
\set VERBOSITY default
SELECT object FROM undeploy(dry_run => true) WHERE object ~ 'stg_';
SELECT count(*) > 0 AS undone FROM undeploy();
SELECT count(*) FROM pg_class WHERE relnamespace = 'nudge_staging'::regnamespace AND relname ~ '^stg_';
-- something else has the name
CREATE TABLE nudge_staging.stg_users (mine integer);
SELECT deploy();
DROP TABLE nudge_staging.stg_users;

SELECT count(*) > 0 AS undone FROM undeploy();
SELECT count(unmap_source(source)) AS unmapped FROM sources;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA nudge_reporting;
DROP SCHEMA facts CASCADE;
