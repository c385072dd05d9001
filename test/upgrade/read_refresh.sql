--
-- read_refresh.sql
--		Materialisations as they were stored, and what a refresh makes of what waits.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT name, layer, key_column, row_key, has_clock, cadence, batch_keys, enabled, definition_hash = nudge.definition_hash(name), clock_at, data_as_of, last_success_at, next_due_at, consecutive_failures, last_error, registered_at
FROM nudge.materialisations ORDER BY name COLLATE "C";
SELECT materialisation, upstream, key_column, has_map FROM nudge.dependencies ORDER BY materialisation COLLATE "C", upstream COLLATE "C";
SELECT * FROM nudge.pending ORDER BY materialisation COLLATE "C", key COLLATE "C";
SELECT * FROM nudge.quarantine ORDER BY materialisation COLLATE "C", key COLLATE "C";
SELECT run_id, materialisation, kind, status, started_at, ended_at, batches, keys, rows_written, rows_deleted, quarantined, sqlstate, error, run_by, pid, backend_start FROM nudge.runs ORDER BY run_id;
SELECT nextval('nudge.runs_run_id_seq') > (SELECT max(run_id) FROM nudge.runs);
SELECT source, key_column, key FROM nudge.change_log WHERE source = 'refreshed' AND key IS NOT NULL;
SELECT * FROM nudge_analytics.stored_ratio ORDER BY customer COLLATE "C";
SELECT * FROM nudge_analytics.stored_top;
SELECT obj_description('nudge_analytics.stored_ratio'::regclass);
SELECT f.name, f.status, f.pending_keys, f.quarantined FROM nudge.freshness f ORDER BY f.name COLLATE "C";
