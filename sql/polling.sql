-- Changes that are looked for: appended rows by transaction, and recent rows.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA polling;
SET search_path = polling, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TABLE clicks (person text, account integer, at timestamptz, what text, added_by xid8 DEFAULT pg_current_xact_id(), gone integer);
ALTER TABLE clicks DROP COLUMN gone;
SELECT map_source('events', 'clicks', columns => '{"user": "person", "customer": "account", "name": "what"}');
SELECT add_materialisation('clicks_by_user', 'SELECT e."user", count(*) AS clicks FROM nudge_staging.events e GROUP BY e."user"', 'user');

SELECT add_materialisation('clicks_by_name', 'SELECT e.name, count(*) AS clicks FROM nudge_staging.events e GROUP BY e.name', 'name', key_maps => '{"events": null}');
-- what cannot be
SELECT track_appends('nothing', 'added_by');
SELECT track_appends(NULL, NULL);
SELECT track_appends('events', 'at');
SELECT track_appends('events', NULL);
SELECT track_appends('events', 'gone');
SELECT track_appends('events', 'added_by', '{nothing}');
SELECT track_lookback('events', '0');
SELECT track_lookback('events', NULL);
SELECT track_lookback('events', '1 day', '-1 day');
SELECT track_lookback('events', '1 day', keys => '{at}');
SELECT track_lookback('nothing', '1 day');
CREATE VIEW some_clicks AS SELECT * FROM clicks;
SELECT map_source('touches', 'some_clicks', columns => '{"customer": "account", "channel": "what"}');
SELECT track_appends('touches', 'added_by');
CREATE TABLE tariff (name text);
SELECT map_source('plans', 'tariff', columns => '{"plan": "name"}');
SELECT track_lookback('plans', '1 day');

-- appended rows: the keys of new rows and no others
SELECT track_appends('events', 'added_by', '{user}');
SELECT source, relation, keys, capture FROM trackings;
SELECT source, xid_column, horizon IS NOT NULL AS has_horizon, lookback FROM polls;
INSERT INTO clicks VALUES ('ann', 1, '2024-03-01Z', 'login'), ('ben', 1, '2024-03-01Z', 'login'), (NULL, 2, '2024-03-01Z', 'login');
CALL refresh('clicks_by_user');
CALL refresh('clicks_by_name');
INSERT INTO clicks VALUES (NULL, NULL, '2024-03-02Z', 'a row without a key');
CALL refresh('clicks_by_name');
TABLE nudge_analytics.clicks_by_name ORDER BY 1;
INSERT INTO clicks VALUES ('ben', 1, '2024-03-02Z', 'login'), (NULL, 2, '2024-03-01Z', 'login');
CALL refresh('clicks_by_user');
SELECT keys, rows_written FROM run_history LIMIT 1;
CALL refresh('clicks_by_user');
SELECT keys, rows_written FROM run_history LIMIT 1;
TABLE nudge_analytics.clicks_by_user ORDER BY 1;
SELECT count(*) FROM verify('clicks_by_user');
SELECT materialisation, changes_known, advice FROM explain_refresh();
SELECT * FROM check_tracking('events');
-- an update is not seen, as the page says; once all count as changed it is
UPDATE clicks SET person = 'cat' WHERE person = 'ann';
CALL refresh('clicks_by_user');
SELECT difference, key FROM verify('clicks_by_user');
UPDATE polls SET system_identifier = 7;
CALL refresh('clicks_by_user');
SELECT count(*) FROM verify('clicks_by_user');
-- mapped anew it stays as it is
SELECT map_source('events', 'clicks', columns => '{"user": "upper(r.person)", "customer": "account", "name": "what"}');
SELECT map_source('events', 'clicks', columns => '{"user": "person", "customer": "account", "name": "what"}', zone => 'UTC');
SELECT source, keys, capture FROM trackings;
-- a column that is gone: everything, and no error
SELECT unmap_source('touches');
DROP VIEW some_clicks;
ALTER TABLE clicks DROP COLUMN added_by;
INSERT INTO clicks VALUES ('dan', 1, '2024-03-02Z', 'login');
CALL refresh('clicks_by_user');
SELECT count(*) FROM verify('clicks_by_user');

-- recent rows
SELECT track_lookback('events', '3 days', keys => '{user}');
SELECT source, keys, capture FROM trackings;
SELECT source, xid_column, horizon, lookback, everything_every FROM polls;
INSERT INTO clicks VALUES ('eve', 1, now(), 'login');
CALL refresh('clicks_by_user');
INSERT INTO clicks VALUES ('eve', 1, now(), 'login'), ('ann', 1, '2024-01-01Z', 'login');
CALL refresh('clicks_by_user');
SELECT keys, rows_written FROM run_history LIMIT 1;
SELECT difference, key FROM verify('clicks_by_user');
UPDATE polls SET everything_at = now() - interval '2 days';
CALL refresh('clicks_by_user');
SELECT count(*) FROM verify('clicks_by_user');
SELECT input_time('subscriptions'), input_time('plans'), input_time('nothing');
-- triggers end it, and so does untracking
SELECT track_source('events', '{user}');
INSERT INTO clicks VALUES ('fay', 1, now(), 'login');
CALL refresh('clicks_by_user');
SELECT keys, rows_written FROM run_history LIMIT 1;
CALL refresh('clicks_by_user');
INSERT INTO clicks VALUES ('fay', 1, now(), 'login');
CALL refresh('clicks_by_user');
SELECT keys, rows_written FROM run_history LIMIT 1;
SELECT track_lookback('events', '3 days', keys => '{user}');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'clicks'::regclass;
SELECT untrack_source('events');
SELECT count(*) AS polls FROM polls;

SELECT drop_materialisation(name) FROM materialisations ORDER BY name;
SELECT count(unmap_source(source)) FROM sources;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA polling CASCADE;
