--
-- read_channel_rules.sql
--		The rules of channels, and what they say.
--
-- since version 0.4.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.channel_rules ORDER BY rule COLLATE "C";
SELECT nudge.channel_of(referrer => 'https://www.example.com/x'), nudge.channel_of(referrer => 'https://chatgpt.com'),
	nudge.channel_of(click_id => 'd_lid=1'), nudge.channel_of('google', 'cpc');
