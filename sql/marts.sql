-- Tables of metrics with one call: what deploy() does, tells and undoes.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA marts;
SET search_path = marts, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never
-- these three of what is shipped, whatever else is
\set three '''{customer_mrr,mrr_buckets,mrr_summary}''::text[]'
\set objects '''{nudge_analytics.customer_mrr,nudge_analytics.mrr_buckets,nudge_analytics.mrr_summary,subscriptions}''::text[]'

-- nothing is mapped
SELECT action, object, lock, estimate FROM deploy() WHERE object = ANY (:objects) ORDER BY place;
SELECT * FROM undeploy() WHERE action <> 'drop view';
SELECT deploy(buckets => 0);
SELECT deploy(zone => 'Mars/Olympus');
SELECT deploy(zone => '<{currency}>3', currency => 'EUR');
SELECT deploy(currency => 'EUR''s');
SELECT deploy(week_start => 'someday');
SELECT deploy(fiscal_year_start => 13);

-- By hand (doc/marts.md), and what does not count: trials, ended ones without an end, use, no interval, a discount once, another currency
CREATE TABLE billing (id integer PRIMARY KEY, customer text, plan text, starts date, ends date, amount numeric, per text, state text, cur text DEFAULT 'eur', off numeric, off_kind text, metered boolean);
INSERT INTO billing VALUES (1, 'ann', 'pro', '2024-01-01', NULL, 1200, 'year', 'active'), (2, 'ben', 'mini', '2024-01-15', '2024-03-10', 50, 'month', 'Ended '),
	(3, 'ben', 'pro', '2024-03-10', NULL, 80, 'month', 'at_risk'), (4, 'cat', 'mini', '2024-02-01', NULL, 30, 'month', 'trialing'),
	(5, 'cat', 'mini', '2024-02-01', NULL, 30, 'month', 'ended'), (6, 'dan', 'mini', '2024-02-01', NULL, 30, 'none', 'active');
INSERT INTO billing VALUES (7, 'dan', 'mini', '2024-02-01', NULL, 30, 'month', 'active', 'EUR', NULL, NULL, true), (8, 'eve', 'mini', '2024-02-01', NULL, 10, 'month', 'active', 'USD', 0.5, 'repeating', false),
	(9, 'eve', 'mini', '2024-02-01', NULL, 10, 'month', 'active', ' usd', 0.5, 'Once', false);
SELECT map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "per",
	"interval_count": "1", "currency": "cur", "status": "state", "discount": "off", "discount_kind": "off_kind", "usage": "metered"}');
SELECT action, object, lock, estimate FROM deploy(dry_run => true, buckets => 4) WHERE object = ANY (:objects) ORDER BY place;
SELECT count(*) AS registered FROM materialisations;
SELECT action, object FROM deploy(buckets => 4) WHERE object = ANY (:objects) ORDER BY place;
SELECT name, layer, key_column, row_key, has_clock, cadence FROM materialisations WHERE name = ANY (:three) ORDER BY 1;
SELECT * FROM dependencies WHERE materialisation = ANY (:three) ORDER BY 1, 2;
CALL refresh('mrr_summary');
SELECT currency, period, opening_mrr, new_mrr, expansion_mrr, net_new_mrr, closing_mrr, closing_customers, complete FROM nudge_analytics.mrr_summary WHERE period < '2024-05-01' ORDER BY 1, 2;
SELECT currency, count(*) AS buckets, sum(customers) AS customers FROM nudge_analytics.mrr_buckets GROUP BY 1 ORDER BY 1;
SELECT customer, currency, bucket = bucket(customer, 4) AS in_its_bucket FROM nudge_analytics.customer_mrr ORDER BY 1, 2;
SELECT (SELECT count(*) FROM verify('customer_mrr')) + (SELECT count(*) FROM verify('mrr_buckets')) + (SELECT count(*) FROM verify('mrr_summary')) AS differences;

SELECT zone, buckets, week_start, fiscal_year_start FROM deployment;
SELECT obj_description('nudge_analytics.mrr_summary'::regclass), col_description('nudge_analytics.mrr_summary'::regclass, 2);
SELECT m.name, a.attname FROM shipped_marts m JOIN pg_attribute a ON a.attrelid = to_regclass('nudge_analytics.' || m.name) AND a.attnum > 0 WHERE col_description(a.attrelid, a.attnum) IS NULL;

-- again: nothing is computed anew, until the number of buckets is another
SELECT action, object FROM deploy() WHERE object = ANY (:objects) ORDER BY place;
CALL refresh('customer_mrr');
SELECT keys, rows_written, batches FROM run_history LIMIT 1;
SELECT count(*) > 0 AS deployed FROM deploy(buckets => 2);
CALL refresh('mrr_summary');
SELECT count(DISTINCT bucket) <= 2 AS fewer FROM nudge_analytics.mrr_buckets;
SELECT (SELECT count(*) FROM verify('customer_mrr')) + (SELECT count(*) FROM verify('mrr_buckets')) + (SELECT count(*) FROM verify('mrr_summary')) AS differences;

-- another source of the input, which no trigger can watch
CREATE VIEW partner_billing AS SELECT * FROM billing WHERE false;
SELECT map_source('subscriptions', 'partner_billing', source => 'partners', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "per",
	"interval_count": "1", "currency": "cur", "status": "state"}');
SELECT place, action, object, lock, estimate FROM deploy(dry_run => true, buckets => 2) WHERE object = 'partners';
SELECT unmap_source('partners');

-- undone: a view of the user is in the way, then it is not
CREATE VIEW mine AS SELECT currency, period, closing_mrr FROM nudge_analytics.mrr_summary;
SELECT undeploy();
DROP VIEW mine;
-- what cannot be tracked is told, and does not stop the rest; what somebody has chosen stays
CREATE TABLE one_plan AS SELECT id, customer, starts, ends, amount FROM billing;
SELECT map_source('subscriptions', 'one_plan', source => 'one_plan', zone => 'UTC', columns => '{"item": "id", "plan": "''p''", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''",
	"interval_count": "1", "currency": "''EUR''", "status": "''active''"}');
SELECT action, object, lock, estimate FROM deploy(dry_run => true) WHERE object = 'one_plan';
SELECT action, object FROM deploy() WHERE object = 'one_plan';
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'one_plan'::regclass;
SELECT track_source('one_plan', capture => 'none');
SELECT action, object FROM deploy() WHERE object = 'one_plan';
CREATE ROLE regress_deployer;
GRANT USAGE ON SCHEMA marts, nudge, nudge_staging TO regress_deployer;
GRANT SELECT ON sources, trackings TO regress_deployer;
DELETE FROM trackings WHERE source = 'one_plan';
SET ROLE regress_deployer;
SELECT tracking_problem('one_plan');
RESET ROLE;
DROP OWNED BY regress_deployer;
DROP ROLE regress_deployer;
SELECT unmap_source('one_plan');
DROP TABLE one_plan;
SELECT action, object FROM undeploy(dry_run => true) WHERE object = ANY (:objects) ORDER BY place;
SELECT action, object FROM undeploy() WHERE object = ANY (:objects) ORDER BY place;
SELECT (SELECT count(*) FROM materialisations) AS materialisations, (SELECT count(*) FROM trackings) AS trackings, (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'billing'::regclass) AS triggers, (SELECT count(*) FROM billing) AS rows;

SELECT unmap_source('subscriptions');
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_reporting;
DROP SCHEMA nudge_analytics;
DROP SCHEMA marts CASCADE;
