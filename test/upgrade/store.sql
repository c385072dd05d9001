--
-- store.sql
--		States of every shape, stored in a table, and a view that reads them.
--
-- Uses nothing that version 0.1.0 does not have: it runs on every frozen one.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored (name text PRIMARY KEY, state nudge.mrr_state);

WITH period AS (
	SELECT (g * 7919) % 9 AS customer,
		date '2023-01-01' + (g * 37) % 500 AS valid_from,
		CASE WHEN g % 5 > 0 THEN date '2023-01-01' + (g * 37) % 500 + 1 + (g * 13) % 90 END AS valid_to,
		((g * 104729) % 100000)::numeric / 100 + (g % 3)::numeric / 1000000 AS mrr
	FROM generate_series(1, 30) g
)
INSERT INTO stored
SELECT 'bigint, days', nudge.mrr_agg(customer, valid_from, valid_to, mrr) FROM period
UNION ALL
SELECT 'bigint, instants', nudge.mrr_agg(customer, valid_from + time '13:14:15.161718',
	valid_to + time '13:14:15.161718', mrr) FROM period
UNION ALL
SELECT 'uuid, days', nudge.mrr_agg(md5(customer::text)::uuid, valid_from, valid_to, mrr) FROM period
UNION ALL
SELECT 'uuid, instants', nudge.mrr_agg(md5(customer::text)::uuid,
	valid_from + interval '1 hour', valid_to + interval '1 hour', mrr) FROM period
UNION ALL
SELECT 'text, days', nudge.mrr_agg('customer ' || customer, valid_from, valid_to, mrr) FROM period
UNION ALL
SELECT 'text, instants', nudge.mrr_agg('customer ' || customer,
	valid_from + interval '1 hour', valid_to + interval '1 hour', mrr) FROM period
UNION ALL
SELECT 'bigint, days, currency', nudge.mrr_currency_agg(customer, valid_from, valid_to, mrr, 'EUR') FROM period
UNION ALL
SELECT 'text, instants, currency', nudge.mrr_currency_agg('customer ' || customer,
	valid_from + interval '1 hour', valid_to + interval '1 hour', mrr, 'JPY') FROM period
UNION ALL
SELECT 'one customer', nudge.mrr_agg(1::bigint, date '2024-01-01', NULL, 9.99)
UNION ALL
SELECT 'none', NULL;

-- an object of the user that depends on the extension
CREATE VIEW stored_waterfall AS
	SELECT s.name, w.* FROM stored s, nudge.mrr_waterfall(s.state) w;
