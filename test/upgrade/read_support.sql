--
-- read_support.sql
--		The service levels, and which holds.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.sla_targets ORDER BY measure COLLATE "C", priority COLLATE "C", complexity COLLATE "C";
SELECT * FROM nudge.sla_target_of('resolution', 'high', 'simple');
