-- How long what nudge_metrics has written down is kept.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA keeping;
SET search_path = keeping, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- what cannot be
SELECT set_data_retention('nudge.runs', '1 hour');
SELECT set_data_retention('keeping.mine', '10 days');
SELECT set_data_retention(NULL, NULL);

-- logs of runs are kept for a time even if nobody says so
SELECT object, default_keep, keep_of(object) FROM data_retention_objects() ORDER BY 1;
INSERT INTO runs (materialisation, kind, status, ended_at) SELECT 'm', 'due', 'ok', now() - d * interval '1 day' FROM generate_series(200, 0, -50) d;
SELECT * FROM purge_expired();
SELECT set_data_retention('nudge.runs', '20 days');
SELECT * FROM purge_expired();
SELECT object, keep, purged_at IS NOT NULL AS purged, purged_rows FROM data_retentions;
SELECT set_data_retention('nudge.runs', NULL);
SELECT count(*) FROM data_retentions;
-- the last run of each stays, however old
UPDATE runs SET ended_at = now() - interval '900 days';
SELECT * FROM purge_expired();
DELETE FROM runs;

-- a history: intervals that ended earlier; not those that have not, and not if it is a source
CREATE TABLE account (id integer PRIMARY KEY, owner text);
INSERT INTO account VALUES (1, 'ann'), (2, 'ben');
SELECT track_history('account');
UPDATE account SET owner = 'cat';
UPDATE account SET owner = 'dan' WHERE id = 2;
UPDATE nudge_staging.account_history SET valid_from = valid_from - interval '400 days', valid_to = valid_to - interval '400 days' WHERE owner IN ('ann', 'ben');
SELECT set_data_retention('nudge_staging.account_history', '365 days');
SELECT * FROM purge_expired() WHERE purged_object ~ 'history';
SELECT id, owner, valid_to IS NULL AS now FROM nudge_staging.account_history ORDER BY id, valid_from;
SELECT map_source('dimension_history', 'nudge_staging.account_history', '{"customer": "id", "dimension": "''owner''", "value": "owner"}', source => 'owners');
SELECT * FROM purge_expired() WHERE purged_object ~ 'history';
SELECT set_data_retention('nudge_staging.account_history', '300 days');
SELECT set_data_retention('nudge_staging.account_history', NULL);
SELECT unmap_source('owners');
-- a row of the registry alone is no way to somebody's table
CREATE TABLE prey (id integer, valid_to timestamptz);
INSERT INTO prey VALUES (1, '2000-01-01Z');
INSERT INTO histories (history, relation, key, columns, every_column) VALUES ('keeping.prey', 'keeping.account', '{id}', '{}', false);
SELECT set_data_retention('keeping.prey', '1 day');
SELECT * FROM purge_expired() WHERE purged_object ~ 'prey';
DELETE FROM histories WHERE history = 'keeping.prey';
SELECT count(*) FROM prey;
DELETE FROM data_retentions;
SELECT untrack_history('account', drop_history => true);

-- customers of closed periods: sums stay
SELECT close_period('2020-01-01', mrr_currency_agg(c, '2019-12-01Z'::timestamptz, NULL, 10, 'EUR')) FROM (VALUES ('ann'), ('ben')) v(c);
SELECT set_data_retention('nudge.closed_period_rows', '3 years');
SELECT * FROM purge_expired() WHERE purged_object ~ 'closed';
SELECT closing_mrr, customers, (SELECT count(*) FROM closed_period_rows) AS rows FROM closed_periods;

DELETE FROM closed_periods;
DELETE FROM data_retentions;
DROP SCHEMA nudge_staging;
DROP SCHEMA keeping CASCADE;
