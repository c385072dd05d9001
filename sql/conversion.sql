--
-- conversion.sql
--		What deploy() converts to one currency, and what it tells of it.  The
--		amounts are in test/pgtap/conversion.sql.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SET datestyle = 'ISO';
SET client_min_messages = warning;
SET search_path = public, nudge;
\set SHOW_CONTEXT never

CREATE TABLE offers (deal text PRIMARY KEY, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text);
CREATE TABLE rates (currency text, day date, rate numeric);
INSERT INTO offers VALUES ('a', '2024-01-03', 100, 'EUR', 'won', '2024-01-20', 'won'), ('b', '2024-01-03', 100, 'usd ', 'won', '2024-01-20', 'won'), ('c', '2024-01-03', 100, 'USD', 'won', 'infinity', 'won'),
	('d', '2024-01-03', 100, NULL, 'won', '2024-01-20', 'won'), ('e', '2024-01-03', NULL, 'GBP', 'won', '2024-01-20', 'won');
INSERT INTO rates VALUES ('USD', '2024-01-01', 0.9), ('Usd', '2024-01-21', 0.7777777);
SELECT map_source('deals', 'offers');

-- three states
SELECT action, object, lock, estimate FROM deploy(dry_run => true) WHERE action = 'convert input';
SELECT action, object, lock, estimate FROM deploy(dry_run => true, currency => 'eur') WHERE action = 'convert input';
SELECT map_source('exchange_rates', 'rates');
SELECT action, object, lock, estimate FROM deploy(currency => 'eur') WHERE action = 'convert input' OR action = 'track source' AND object = 'exchange_rates';
SELECT deal, amount, currency, closed_at FROM nudge_staging.deals___converted ORDER BY deal;
-- a row without a currency, or an amount, is an error of its deal, with or without conversion
CALL refresh('sales_performance');
SELECT materialisation, key, sqlstate, error FROM quarantine ORDER BY key;
DELETE FROM offers WHERE deal IN ('d', 'e');
UPDATE offers SET closed_at = '2024-01-31' WHERE deal = 'c';
CALL refresh('sales_performance');
SELECT period, won, won_amount, currency FROM nudge_analytics.sales_performance WHERE dimension = 'all' AND period = '2024-01-01';
-- a rate that is missing is never 1: the deal is as it was
UPDATE offers SET currency = 'GBP' WHERE deal = 'b';
CALL refresh('sales_performance');
SELECT materialisation, key, sqlstate, error FROM quarantine ORDER BY key;
SELECT won, won_amount FROM nudge_analytics.sales_performance WHERE dimension = 'all' AND period = '2024-01-01';
-- the names are taken by no source
SELECT map_source('deals', 'offers', source => '_converted');
-- without a currency all is as it was
SELECT action, object, estimate FROM deploy(currency => '') WHERE action = 'convert input';
SELECT deal, amount, currency FROM nudge_staging.deals___converted ORDER BY deal;
SELECT action, object FROM undeploy() WHERE action = 'drop converted input';
SELECT unmap_source('deals'), unmap_source('exchange_rates');
DROP TABLE offers, rates;
DELETE FROM runs;
