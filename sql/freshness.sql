-- How fresh materialisations are, what waits, what is wrong, and what a refresh would do.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA shop;
SET search_path = shop, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- Nothing yet
SELECT * FROM lag;
SELECT * FROM freshness;
SELECT * FROM run_history;
SELECT * FROM healthcheck();
SELECT * FROM explain_refresh();

CREATE TABLE invoices (id integer PRIMARY KEY, account integer, cents integer);
SELECT map_source('charges', 'invoices', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "''setup''", "amount": "r.cents / 100.0", "currency": "''EUR''"}');
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount)::numeric(12,2) AS total FROM nudge_staging.charges GROUP BY customer', 'customer', cadence => '1 day');
SELECT add_materialisation('top', 'SELECT true AS one, max(r.total) AS total FROM nudge_analytics.revenue r', 'one', layer => 'headline', cadence => '1 day');
CREATE VIEW shown AS SELECT name, layer, status, last_success_at IS NOT NULL AS refreshed, data_as_of IS NOT NULL AS has_data, oldest_unprocessed_at IS NOT NULL AS waits, pending_keys, everything_pending AS everything, quarantined,
	overdue_seconds > 0 AS overdue, next_attempt_at IS NOT NULL AS backs_off, consecutive_failures AS failures, last_error, scheduler_seen_at IS NOT NULL AS scheduled FROM freshness ORDER BY name COLLATE "C";

-- Not refreshed yet; its source is not tracked
SELECT * FROM shown;
SELECT * FROM explain_refresh();
SELECT status, message, materialisations, fresh, late, failed, quarantined_keys, late_sources, untracked_sources, oldest_unprocessed_at IS NOT NULL AS waits, scheduler_seen_at, scheduler_alive FROM healthcheck();
SELECT track_source('charges', '{customer}');
SELECT * FROM explain_refresh('top');
CALL refresh('top');
SELECT * FROM shown;
SELECT * FROM explain_refresh('revenue');
SELECT status, message, fresh, late FROM healthcheck();

-- What waits: rows of the log first, then keys
INSERT INTO invoices VALUES (1, 7, 100), (2, 7, 200), (3, 8, 500);
SELECT name, pending_keys, everything_pending, log_rows, oldest_unprocessed_at IS NOT NULL AS waits, lag_seconds BETWEEN 0 AND 600 AS not_long FROM lag;
SELECT * FROM explain_refresh();
SELECT fan_out();
SELECT name, pending_keys, everything_pending, log_rows FROM lag;
SELECT * FROM shown;
CALL refresh('revenue');
SELECT name, pending_keys, everything_pending, log_rows, oldest_unprocessed_at IS NOT NULL AS waits FROM lag;
CALL refresh('top');
SELECT name, pending_keys, everything_pending, log_rows, oldest_unprocessed_at, lag_seconds FROM lag;

-- Runs, the newest first
SELECT name, kind, status, ended_at >= started_at AS ended, duration_seconds >= 0 AS lasted, batches, keys, rows_written, rows_deleted, quarantined, sqlstate, error, run_by = session_user AS by_me FROM run_history;

-- Late: its time is over by a cadence, or a change older than two waits
UPDATE materialisations SET next_due_at = now() - interval '25 hours' WHERE name = 'revenue';
SELECT name, status, overdue FROM shown;
SELECT status, message, late FROM healthcheck();
UPDATE materialisations SET next_due_at = now() - interval '23 hours' WHERE name = 'revenue';
SELECT name, status, overdue FROM shown;
INSERT INTO pending (materialisation, key, at, reason) VALUES ('revenue', '7', now() - interval '49 hours', 'by hand');
SELECT name, status, overdue FROM shown;
UPDATE pending SET at = now() - interval '47 hours';
SELECT name, status, overdue FROM shown;
CALL refresh('revenue');

-- Another query
CREATE OR REPLACE VIEW nudge_staging.revenue__definition AS SELECT customer, sum(100 / nullif(amount, 5))::numeric(12,2) AS total FROM nudge_staging.charges GROUP BY customer;
SELECT name, status FROM shown;
SELECT place, materialisation, everything FROM explain_refresh('revenue');
SELECT status, message, late FROM healthcheck();
CALL refresh('revenue');
SELECT name, status FROM shown;
-- the same one, whatever a session calls things
SET search_path = nudge_staging, shop, nudge;
SET quote_all_identifiers = on;
SELECT name, status FROM shown;
RESET quote_all_identifiers;
SET search_path = shop, nudge;
-- Keys put aside
UPDATE invoices SET cents = 0 WHERE id = 3;
CALL refresh('revenue');
SELECT * FROM shown;
SELECT status, message, fresh, quarantined_keys FROM healthcheck();
-- Failed
CREATE OR REPLACE VIEW nudge_staging.revenue__definition AS SELECT customer, sum(amount)::numeric(12,2) AS total FROM nudge_staging.charges WHERE 1 / (amount * 0) > 0 GROUP BY customer;
CALL refresh('revenue');
SELECT * FROM shown;
SELECT status, message, failed FROM healthcheck();
-- Disabled: nobody is told
SELECT enable_materialisation('revenue', false);
SELECT name, status FROM shown;
SELECT status, message, fresh, late, failed FROM healthcheck();
SELECT enable_materialisation('revenue');
-- Broken
ALTER TABLE nudge_analytics.revenue RENAME TO moved;
SELECT name, status FROM shown;
SELECT status, message, failed FROM healthcheck();
ALTER TABLE nudge_analytics.moved RENAME TO revenue;
CREATE OR REPLACE VIEW nudge_staging.revenue__definition AS SELECT customer, sum(amount)::numeric(12,2) AS total FROM nudge_staging.charges GROUP BY customer;
CALL refresh('top');
SELECT name, status, failures, quarantined FROM shown;
SELECT count(*) FROM verify('top');

-- The scheduler: alive while it was seen within three of its ticks, if anything is scheduled
INSERT INTO heartbeats VALUES ('run_due', now() - interval '14 minutes', NULL);
SELECT status, scheduler_seen_at IS NOT NULL AS seen, scheduler_alive FROM healthcheck();
UPDATE heartbeats SET expected_every = '5 minutes';
SELECT status, message, scheduler_alive FROM healthcheck();
UPDATE heartbeats SET seen_at = now() - interval '16 minutes';
SELECT status, message, scheduler_alive FROM healthcheck();
DELETE FROM heartbeats;
-- Sources that bring nothing new, or of which nobody sees what changes
SELECT map_source('charges', 'invoices', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "''setup''", "amount": "r.cents / 100.0", "currency": "''EUR''"}', expected_every => '1 day');
SELECT status, message, late_sources, untracked_sources FROM healthcheck();
SELECT untrack_source('charges');
SELECT status, message, late_sources, untracked_sources FROM healthcheck();
SELECT upstream, changes_known, advice, everything FROM explain_refresh('revenue');
SELECT track_source('charges', capture => 'none');
SELECT untracked_sources FROM healthcheck();
SELECT upstream, changes_known, advice, everything FROM explain_refresh('revenue');
SELECT track_source('charges', '{customer}');
DROP TRIGGER nudge_u_charges ON invoices;
SELECT upstream, changes_known, advice, everything FROM explain_refresh('revenue');
SELECT track_source('charges', '{customer}');
CALL refresh('top');
-- Other upstreams
CREATE TABLE plan_list (plan text, price integer);
SELECT map_source('plans', 'plan_list', '{"plan": "plan", "list_price": "price"}');
SELECT track_source('plans');
SELECT add_materialisation('wide', 'SELECT c.customer, p.plan, o.n FROM nudge_staging.charges c, nudge_staging.plans p, (SELECT count(*) AS n FROM shop.plan_list) o', 'customer', row_key => '{customer,plan}');
SELECT place, materialisation, due, pending_keys, everything, upstream, changes_known, advice FROM explain_refresh('wide');
SELECT add_materialisation('wide', 'SELECT c.customer, p.plan, 1::bigint AS n FROM nudge_staging.charges c, nudge_staging.plans p', 'customer', row_key => '{customer,plan}', key_maps => '{"plans": {"column": "plan", "query": "SELECT ''pro'', customer FROM nudge_staging.charges"}}');
SELECT upstream, changes_known, advice FROM explain_refresh('wide');
SELECT add_materialisation('constant', 'SELECT 1 AS k', 'k');
-- a key that is not written down
SELECT track_source('charges', '{}');
SELECT upstream, changes_known, advice FROM explain_refresh('revenue');
SELECT track_source('charges', '{customer}');
SELECT * FROM explain_refresh('constant');
CALL refresh('constant');
CALL refresh('constant');
SELECT batches, keys, rows_written FROM run_history WHERE name = 'constant';
SELECT * FROM explain_refresh('nothing');

-- verify: both ways, each row as often as it is there
UPDATE nudge_analytics.revenue SET total = 1 WHERE customer = '7';
INSERT INTO nudge_analytics.revenue VALUES ('z', 0), ('a''b', NULL);
DELETE FROM nudge_analytics.revenue WHERE customer = '8';
SELECT * FROM verify('revenue');
-- at the instant for which it is computed
SELECT add_materialisation('timed', 'SELECT 1 AS k, nudge.as_of() AS at', 'k', clock_query => 'SELECT 1, timestamptz ''2024-01-01Z''');
CALL refresh('timed');
SELECT count(*) FROM verify('timed');
-- by a caller who has set another
SET nudge.as_of = '2024-01-01Z';
SELECT count(*) FROM verify('timed');
RESET nudge.as_of;
SELECT * FROM verify('nothing');
SELECT * FROM verify(NULL);
SELECT drop_materialisation('constant'), drop_materialisation('timed'), drop_materialisation('wide');

-- Anybody may see how it is, and no keys
CREATE ROLE nudge_looker;
GRANT USAGE ON SCHEMA nudge TO nudge_looker;
SET ROLE nudge_looker;
SELECT count(*) FROM nudge.freshness;
SELECT count(*) FROM nudge.lag;
SELECT count(*) > 5 AS many FROM nudge.run_history;
SELECT count(*) FROM nudge.explain_refresh();
SELECT status, message, fresh, late_sources, untracked_sources FROM nudge.healthcheck();
SELECT count(*) FROM nudge.quarantine;
SELECT count(*) FROM nudge.pending;
SELECT count(*) FROM nudge.runs;
SELECT count(*) FROM nudge.change_log;
SELECT * FROM nudge.verify('revenue');
RESET ROLE;

SELECT drop_materialisation('top'), drop_materialisation('revenue');
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_staging, nudge_analytics;
DROP SCHEMA shop CASCADE;
DROP OWNED BY nudge_looker;
DROP ROLE nudge_looker;
