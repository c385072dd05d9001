--
-- read_working_time.sql
--		The calendars of working hours, and what they say.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.working_calendars ORDER BY calendar COLLATE "C";
SELECT * FROM nudge.working_hours ORDER BY calendar COLLATE "C", weekday, opens;
SELECT * FROM nudge.holidays ORDER BY calendar COLLATE "C", day;
SELECT nudge.working_minutes('2024-03-24Z', '2024-04-16Z', 'office'), nudge.working_minutes('2024-03-24Z', '2024-04-16Z', 'always');
