--
-- store_capture.sql
--		A tracked source: its row, its triggers and what they have written.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_tracked (who text, since timestamptz, note text);
SELECT nudge.map_source('customers', 'stored_tracked', '{"customer": "who", "created_at": "since"}', source => 'tracked');
SELECT nudge.track_source('tracked');
INSERT INTO stored_tracked VALUES ('ann', '2024-01-01Z', 'x'), ('ben', '2024-01-02Z', 'y'), (NULL, '2024-01-03Z', 'z');
UPDATE stored_tracked SET note = 'nobody reads it';
