--
-- read_capture.sql
--		What is tracked, whether by triggers that fit, and what waits.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT source, relation, keys, capture, tracked_by = current_user FROM nudge.trackings ORDER BY 1;
SELECT * FROM nudge.check_tracking('tracked');
BEGIN;
DELETE FROM stored_tracked WHERE who = 'ben';
INSERT INTO stored_tracked VALUES ('cat', '2024-01-04Z');
SELECT DISTINCT source, key_column, key FROM nudge.change_log WHERE source = 'tracked' ORDER BY 3;
ROLLBACK;
SELECT DISTINCT source, key_column, key FROM nudge.change_log WHERE source = 'tracked' ORDER BY 3;
