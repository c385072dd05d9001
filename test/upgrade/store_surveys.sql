--
-- store_surveys.sql
--		States of answers to surveys, stored in a table.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_surveys (name text PRIMARY KEY, state nudge.survey_state);

INSERT INTO stored_surveys
SELECT 'nps', nudge.nps_agg(CASE WHEN g % 5 > 0 THEN g % 11 END) FROM generate_series(1, 60) g
UNION ALL
SELECT 'csat', nudge.csat_agg(CASE WHEN g % 4 > 0 THEN 1 + (g * 7919) % 9 / 2.0 END, 1, 5) FROM generate_series(1, 60) g
UNION ALL
SELECT 'csat, negative', nudge.csat_agg(g * 0.750001, -1000, 1000) FROM generate_series(-900, 900, 150) g
UNION ALL
SELECT 'ces', nudge.ces_agg(1 + g % 7, 1, 7) FROM generate_series(1, 60) g
UNION ALL
SELECT 'not answered', nudge.nps_agg(NULL::integer)
UNION ALL
SELECT 'none', NULL;
