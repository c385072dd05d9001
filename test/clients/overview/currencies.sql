--
-- currencies.sql
--		Four customers of two currencies, and nothing else mapped.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET client_min_messages = warning;
CREATE TABLE billing (id integer PRIMARY KEY, customer text, plan text, starts date, ends date, amount numeric, currency text);
INSERT INTO billing VALUES (1, 'ann', 'pro', now() - interval '14 months', NULL, 100.005, 'EUR'), (2, 'ben', 'mini', now() - interval '13 months', now() - interval '5 months', 50, 'EUR'),
	(3, 'cat', 'pro', now() - interval '12 months', NULL, 123456789.01, 'JPY'), (4, 'dan', 'pro', now() - interval '3 months', NULL, 80, 'JPY');
SELECT nudge.map_source('subscriptions', 'billing', zone => 'Europe/Berlin', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''",
	"interval_count": "1", "status": "''active''"}') \gset
SELECT count(*) AS steps FROM nudge.deploy(zone => 'Europe/Berlin', fiscal_year_start => 4) \gset
CALL nudge.refresh('mrr_summary');
CALL nudge.refresh('mrr_consolidated');
SELECT count(*) AS roles FROM nudge.create_roles() \gset
