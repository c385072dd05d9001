--
-- store_working_time.sql
--		A calendar of working hours, as a user writes it.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

INSERT INTO nudge.working_calendars VALUES ('office', 'Europe/Berlin', 'German hours'), ('always', 'America/Sao_Paulo', NULL);
INSERT INTO nudge.working_hours VALUES ('office', 1, '09:00', '12:00'), ('office', 1, '13:00', '17:30'), ('office', 7, '22:00', '24:00'), ('always', 3, '00:00', '24:00');
INSERT INTO nudge.holidays VALUES ('office', '2024-04-01', 'Easter', NULL, NULL), ('office', '2024-12-24', NULL, '09:00', '13:00');
