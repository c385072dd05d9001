--
-- read_reporting.sql
--		What was set, and that another annotation gets another number.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT metric, kind, grain, dimension, dimension_value, currency, period_start, value, provenance, note, set_by = current_user FROM nudge.targets ORDER BY metric, kind, period_start;
SELECT day, kind, text, metric FROM nudge.annotations ORDER BY annotation_id;
BEGIN;
SELECT nudge.annotate('2024-04-01', 'launch', 'Reports') > (SELECT max(annotation_id) FROM nudge.annotations);
ROLLBACK;
