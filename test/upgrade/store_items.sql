--
-- store_items.sql
--		States of price items, stored in a table.
--
-- since version 0.2.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_items (name text PRIMARY KEY, state nudge.mrr_item_state);

WITH period AS (
	SELECT (g * 7919) % 9 AS customer,
		(ARRAY['seats', 'abcdefghijklmnop', 'über'])[1 + g % 3] AS item,
		(ARRAY['basic', 'pro', 'abcdefghijklmnop'])[1 + g % 3] AS plan,
		date '2023-01-01' + (g * 37) % 500 AS valid_from,
		CASE WHEN g % 5 > 0 THEN date '2023-01-01' + (g * 37) % 500 + 1 + (g * 13) % 90 END AS valid_to,
		(1 + g % 4)::numeric AS quantity,
		((g * 104729) % 100000)::numeric / 100 AS unit_amount,
		(g % 3)::numeric / 100 AS discount,
		(ARRAY['EUR', 'USD'])[1 + g % 2] AS currency,
		1 + (g % 2)::numeric / 8 AS rate,
		CASE WHEN g % 5 > 0 THEN (ARRAY['voluntary', 'involuntary', NULL])[1 + g % 3] END AS end_reason
	FROM generate_series(1, 30) g
)
INSERT INTO stored_items
SELECT 'bigint, days', nudge.mrr_item_agg(customer, item, valid_from, valid_to, plan, quantity,
	unit_amount, discount, currency, rate, end_reason) FROM period
UNION ALL
SELECT 'uuid, days', nudge.mrr_item_agg(md5(customer::text)::uuid, item, valid_from, valid_to, plan, quantity,
	unit_amount, discount, currency, rate, end_reason) FROM period
UNION ALL
SELECT 'text, instants', nudge.mrr_item_agg('customer ' || customer, item, valid_from + interval '1 hour',
	valid_to + interval '1 hour', plan, quantity, unit_amount, discount, currency, rate, end_reason) FROM period;
