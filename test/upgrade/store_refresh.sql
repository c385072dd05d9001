--
-- store_refresh.sql
--		Materialisations: their registry, what waits to be computed, and a key
--		put aside. What waited before in the log stays as it was.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_waiting AS SELECT * FROM nudge.change_log;
CREATE TABLE stored_invoices (id integer PRIMARY KEY, account integer, cents integer, due timestamptz);
SELECT nudge.map_source('charges', 'stored_invoices', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "''setup''", "amount": "r.cents / 100.0", "currency": "''EUR''"}', source => 'refreshed');
SELECT nudge.track_source('refreshed', '{customer}');
INSERT INTO stored_invoices VALUES (1, 7, 100, '2024-02-01Z'), (2, 7, 200, '2124-02-01Z'), (3, 8, 500, '2024-02-01Z'), (4, 9, 0, NULL);
SELECT nudge.add_materialisation('stored_ratio', 'SELECT customer, (100 / sum(amount))::numeric(12,2) AS ratio, nudge.as_of() > ''2024-02-01Z'' AS over FROM nudge_staging.charges GROUP BY customer', 'customer',
	clock_query => 'SELECT account, due FROM public.stored_invoices', description => 'It''s stored');
SELECT nudge.add_materialisation('stored_top', 'SELECT true AS one, max(r.ratio) AS ratio FROM nudge_analytics.stored_ratio r', 'one', layer => 'headline',
	key_maps => '{"stored_ratio": {"column": "customer", "query": "SELECT customer, true FROM nudge_analytics.stored_ratio"}}');
CALL nudge.refresh('stored_top');
UPDATE stored_invoices SET cents = 250 WHERE id = 2;
SELECT nudge.fan_out();
UPDATE stored_invoices SET cents = 1000 WHERE id = 3;
INSERT INTO nudge.change_log SELECT * FROM stored_waiting;
DROP TABLE stored_waiting;
