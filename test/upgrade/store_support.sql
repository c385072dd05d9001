--
-- store_support.sql
--		Service levels, as a user writes them.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

INSERT INTO nudge.working_calendars VALUES ('support', 'Asia/Kathmandu', NULL);
INSERT INTO nudge.sla_targets VALUES ('first_response', 'high', '*', 60, 'support', 'agreed'), ('resolution', '*', 'simple', 240.5, NULL, 'imported');
