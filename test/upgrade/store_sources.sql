--
-- store_sources.sql
--		A source, its row and its views.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE mapped_billing (id integer, account integer, begins date, cents integer);
INSERT INTO mapped_billing VALUES (1, 7, '2024-03-31', 1999), (2, 8, '1999-12-31', 5);
SELECT nudge.map_source('charges', 'mapped_billing', '{"customer": "account", "at": "begins", "kind": "''setup''", "amount": "cents", "currency": "''EUR''"}',
	source => 'billing', zone => 'Europe/Berlin', amount_scale => '{"*": 2}', words => '{"kind": {"x": null}}', expected_every => '1 day');
