--
-- store_presets.sql
--		A preset of a user's own, and what is mapped by it and by a shipped one.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE SCHEMA preset_store;
CREATE TABLE preset_store.ledger (booked_on date, cents bigint);
INSERT INTO preset_store.ledger VALUES ('2024-01-31', 1999);
CREATE TABLE preset_store.cash (day date, balance numeric, currency text);
INSERT INTO preset_store.cash VALUES ('2024-01-31', 5, 'EUR');
INSERT INTO nudge.presets (preset, source, input, tables, query, note) VALUES ('erp', 'costs', 'costs', '{"ledger": {"booked_on": "date!", "cents": "numeric!", "fixed": "boolean"}}',
	'SELECT l.booked_on AS period, ''all'' AS category, l.cents / 100 AS amount, {{currency}} AS currency, NOT coalesce(l.fixed, false) AS variable FROM {{ledger}} AS l', 'Ours');
SELECT source_name FROM nudge.map_preset('erp', 'preset_store', currency => 'EUR');
SELECT source_name FROM nudge.map_preset('plain', 'preset_store', inputs => '{cash}');
