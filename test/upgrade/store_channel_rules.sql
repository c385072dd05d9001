--
-- store_channel_rules.sql
--		Rules of channels, as a user writes them.
--
-- since version 0.4.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

INSERT INTO nudge.channel_rules (rule, position, channel, utm_source, utm_medium, referrer, click_id, comment) VALUES
	('own_site', 100, 'direct', '{""}', '{""}', '{example.com}', '{""}', 'Our own pages'),
	('ai_assistant_referrer', 100, NULL, NULL, NULL, NULL, NULL, NULL),
	('display_click', 1410, 'programmatic', NULL, NULL, NULL, ARRAY['d\_lid', '%\\%'], NULL);
