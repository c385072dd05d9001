-- Forgetting: nothing of the key is left anywhere, sums of closed periods stay, and a row proves it.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA erasing;
SET search_path = erasing, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TABLE billing (id integer PRIMARY KEY, customer text, plan text, starts date, ends date, amount numeric, per text DEFAULT 'month');
INSERT INTO billing VALUES (1, 'ann', 'pro', '2024-01-01', NULL, 100), (2, 'ben', 'pro', '2024-01-15', NULL, 50), (3, 'cat', 'pro', '2024-01-15', NULL, 25), (4, 'ann2', 'pro', '2024-02-15', NULL, 10);
SELECT track_history('billing', '{id}');
SELECT map_source('subscriptions', 'nudge_staging.billing_history', columns => '{"item": "id", "plan": "plan", "valid_from": "starts", "valid_to": "ends", "interval_unit": "per",
	"interval_count": "1", "currency": "''EUR''", "status": "''active''"}', zone => 'UTC');
CREATE TABLE sessions (person text, account text, at timestamptz, what text);
INSERT INTO sessions VALUES ('u1', 'ann', '2024-03-01Z', 'login'), ('u2', 'ben', '2024-03-01Z', 'login');
SELECT map_source('events', 'sessions', columns => '{"user": "person", "customer": "account", "name": "what"}');
SELECT count(*) > 0 AS deployed FROM deploy();
SELECT add_materialisation('last_event', 'SELECT e.customer, max(e.at) AS at, count(DISTINCT e."user") AS users FROM nudge_staging.events e GROUP BY e.customer', 'customer');
SELECT add_materialisation('event_users', 'SELECT e."user", e.customer, count(*) AS events FROM nudge_staging.events e GROUP BY e."user", e.customer', 'user', '{user,customer}');
SELECT merge_entity('customer', 'ann2', 'ann');
SELECT exclude('customer', '{cat}', 'test account');
CALL refresh('mrr_summary');
CALL refresh('last_event');
CALL refresh('event_users');
SELECT close_period('2024-02-01', (SELECT rollup(state) FROM nudge_analytics.customer_mrr)) AS customers;

-- where they are
SELECT * FROM find_entity('customer', 'ann');
SELECT * FROM find_entity('customer', 'cat');
SELECT * FROM find_entity('user', 'u1');
SELECT * FROM find_entity('visitor', 'u1');
SELECT * FROM find_entity('customer', 'nobody');
SELECT find_entity('persons', 'ann');
SELECT * FROM find_entity('customer', NULL);

-- the sources first
CALL forget('customer', 'ann');
SELECT count(*) AS erasures FROM erasures;
DELETE FROM billing WHERE customer IN ('ann', 'ann2');
SELECT count(*) AS intervals FROM nudge_staging.billing_history WHERE customer IN ('ann', 'ann2');
CALL forget('customer', 'ann');
DELETE FROM sessions WHERE account = 'ann';
CALL forget('customer', 'ann');
SELECT count(*) AS intervals FROM nudge_staging.billing_history WHERE customer IN ('ann', 'ann2');
SELECT * FROM find_entity('customer', 'ann') UNION ALL SELECT * FROM find_entity('customer', 'ann2');
SELECT customer, opening_mrr, closing_mrr, movement FROM closed_period_rows ORDER BY customer;
SELECT closing_mrr, customers FROM closed_periods;
SELECT period, closing_mrr, closing_customers FROM nudge_analytics.mrr_summary WHERE period = '2024-03-01';
SELECT position(encode('ann', 'hex') IN encode(mrr_state_send(state), 'hex')) > 0 AS in_a_state, bool_or(position(encode('ben', 'hex') IN encode(mrr_state_send(state), 'hex')) > 0) AS and_ben FROM nudge_analytics.mrr_buckets GROUP BY 1;
SELECT entity, key_hash = encode(sha256('customer:ann'), 'hex') AS it_was_ann, ended_at >= begun_at AS nothing_left, regexp_replace(objects::text, '(fact_revenue": )\d+', '\1one for each month', 'g') AS objects FROM erasures;
SELECT (SELECT count(*) FROM verify('customer_mrr')) + (SELECT count(*) FROM verify('mrr_buckets')) + (SELECT count(*) FROM verify('mrr_summary'))
	+ (SELECT count(*) FROM verify('last_event')) + (SELECT count(*) FROM verify('event_users')) AS differences;
-- twice is harmless, and so is who never was
CALL forget('customer', 'ann');
CALL forget('user', 'u1');
SELECT entity, regexp_replace(objects::text, '(fact_revenue": )\d+', '\1one for each month', 'g') AS objects FROM erasures ORDER BY erasure_id OFFSET 1;

-- what stands in the way is said: a materialisation that cannot be refreshed
DELETE FROM billing WHERE customer = 'ben';
DELETE FROM sessions WHERE account = 'ben';
ALTER TABLE nudge_analytics.last_event RENAME COLUMN users TO people;
CALL forget('customer', 'ben');
ALTER TABLE nudge_analytics.last_event RENAME COLUMN people TO users;
UPDATE materialisations SET next_attempt_at = NULL;
CALL forget('customer', 'ben');
SELECT * FROM find_entity('customer', 'ben');
SELECT entity, regexp_replace(objects::text, '(fact_revenue": )\d+', '\1one for each month', 'g') AS objects, ended_at IS NOT NULL AS ended FROM erasures ORDER BY erasure_id OFFSET 3;

-- what cannot be
CALL forget('customer', NULL);
CALL forget('persons', 'ann');
CALL forget(NULL, NULL);
BEGIN;
CALL forget('customer', 'ann');
ROLLBACK;

SELECT count(*) > 0 AS undeployed FROM undeploy();
SELECT drop_materialisation(o.name) FROM (SELECT * FROM refresh_order() ORDER BY depth DESC, name) o;
SELECT count(unmap_source(source)) FROM sources;
SELECT untrack_history('billing', drop_history => true);
DELETE FROM change_log;
DELETE FROM runs;
DELETE FROM erasures;
DELETE FROM exclusions;
DELETE FROM closed_period_rows;
DELETE FROM closed_periods;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA IF EXISTS nudge_reporting;
DROP SCHEMA erasing CASCADE;
