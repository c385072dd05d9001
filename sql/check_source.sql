-- What is wrong with the rows of sources, and how old they are.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

SELECT * FROM check_source();
SELECT * FROM source_freshness();

-- Good rows: a change of plan at one instant, a renewal after a pause, an empty interval, a merged account, words in another case, NULL where it may be
CREATE TABLE customers (customer text, created_at timestamptz, currency text);
CREATE TABLE merges (customer text, merged_into text, at timestamptz);
CREATE TABLE rates (currency text, day date, rate numeric, base text);
CREATE TABLE subscriptions (customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, discount numeric);
INSERT INTO customers VALUES ('ann', '2023-01-01Z', 'EUR'), ('ben', '2023-01-01Z', NULL);
INSERT INTO merges VALUES ('old', 'ann', '2023-06-01Z');
INSERT INTO rates VALUES ('usd', '2024-01-01', 0.9, 'EUR'), ('USD', '2024-01-02', 0.9, 'EUR'), ('JPY', '2024-01-01', 0.006, NULL);
INSERT INTO subscriptions VALUES
	('ann', 'a', 'basic', '2024-01-01Z', '2024-02-01Z', 10, 'Month', 1, 'eur', 'Active', 0), ('ann', 'a', 'pro', '2024-02-01Z', '2024-03-01Z', 10, 'month', 1, 'USD', 'active', NULL),
	('ann', 'a', 'pro', '2024-03-04Z', NULL, 10, 'month', 1, 'USD', 'active', 1), ('ben', 'a', 'pro', '2024-02-01Z', NULL, 10, 'month', 1, 'JPY', 'trialing', 0.5),
	('old', 'b', 'pro', '2024-02-01Z', '2024-02-01Z', 10, 'month', 1, 'EUR', 'ended', 0), ('old', 'b', 'pro', '2024-01-01Z', '2024-03-01Z', 10, 'month', 1, 'EUR', 'ended', 0);
SELECT map_source('customers', 'customers'), map_source('customer_merges', 'merges'), map_source('exchange_rates', 'rates'), map_source('subscriptions', 'subscriptions');
SELECT * FROM check_source();

-- A bad row of each kind
INSERT INTO subscriptions VALUES
	-- overlaps the open one of ann; ends before it begins, which overlaps nothing; a day and 23 hours behind the pro of old
	('ann', 'a', 'pro', '2024-05-01Z', '2024-06-01Z', 10, 'month', 1, 'EUR', 'active', 0), ('ben', 'c', 'pro', '2024-05-01Z', '2024-04-01Z', 10, 'month', 1, 'EUR', 'active', 0),
	('old', 'b', 'pro', '2024-03-02 23:00Z', '2024-04-01Z', 10, 'month', 1, 'EUR', 'active', 0),
	-- nobody; no plan, no price; words, a currency, numbers and times that are none
	('eve', 'd', 'pro', '2024-05-01Z', NULL, 10, 'month', 1, 'EUR', 'active', 0), ('ann', 'e', NULL, '2024-05-01Z', NULL, NULL, 'month', 1, 'EUR', 'active', 0),
	('ann', 'f', 'pro', '2024-05-01Z', NULL, 10, 'monthly', 0, 'EURO', 'past_due', 25), ('ann', 'g', 'pro', '1970-01-20Z', 'infinity', 'NaN', 'month', -1, 'XYZ', 'active', -0.1),
	('ann', 'h', 'pro', '2024-05-01Z', NULL, '-Infinity', 'month', 1, 'CHF', 'active', 0);
INSERT INTO customers VALUES ('ben', '2024-01-01Z', 'GBP'), (NULL, '2024-01-01Z', NULL), (NULL, '2024-01-01Z', NULL);
INSERT INTO rates VALUES ('JPY', '2024-01-01', 0, NULL);
INSERT INTO merges VALUES ('older', 'nobody', '2024-01-01Z');
SELECT source_name, input, problem, severity, column_name, bad_rows, description FROM check_source();
SELECT problem, column_name, sample FROM check_source('subscriptions', samples => 1) WHERE problem IN ('overlap', 'short gap', 'negative span', 'not a number', 'orphan');
SELECT problem, bad_rows, jsonb_array_length(sample) AS samples FROM check_source('customers');
SELECT problem, bad_rows, sample FROM check_source('customers', 0);
SELECT gap_days, count(*) FILTER (WHERE problem = 'short gap') AS short_gaps FROM unnest('{0,1,2,NULL}'::integer[]) gap_days, LATERAL check_source('subscriptions', gap_days => gap_days) GROUP BY 1 ORDER BY 1;
SET timezone = 'Asia/Kathmandu';
SELECT sum(bad_rows) FROM check_source();
SET timezone = 'America/New_York';
-- The same account in two sources counts twice, in each
SELECT map_source('customers', query => 'SELECT ''ann'' AS customer, timestamptz ''2024-01-01Z'' AS created_at', source => 'crm');
SELECT source_name, problem, sample FROM check_source('crm');
SELECT bad_rows FROM check_source('customers') WHERE problem = 'duplicate';
-- A source that cannot be read hides no other
SELECT map_source('scores', 'customers', '{"entity": "r.customer", "at": "created_at", "score": "(r.customer)::numeric"}');
SELECT source_name, problem, severity, description FROM check_source() WHERE severity = 'error' AND problem IN ('not readable', 'overlap');
SELECT * FROM check_source('nobody');
SELECT * FROM check_source(samples => -1);
SELECT * FROM check_source(samples => 1001);
SELECT * FROM check_source(gap_days => 10001);
SELECT unmap_source('scores');

-- Freshness, by hand.  The newest customer came on 1 January 2024, 36 hours before; the newest rate is of 2 January in Berlin, which began 13 hours before.  What lies in the future is not new
CREATE TABLE plans (plan text);
CREATE TABLE nothing (customer text, at timestamptz, amount numeric, currency text, outcome text);
SELECT map_source('plans', 'plans', expected_every => '1 hour'), map_source('payments', 'nothing', expected_every => '1 month'), map_source('exchange_rates', 'rates', zone => 'Europe/Berlin', expected_every => '37 hours'),
	map_source('customers', 'customers', expected_every => '35 hours 59 minutes');
INSERT INTO rates VALUES ('JPY', '2024-01-05', 0.006, NULL), ('JPY', '-infinity', 0.006, NULL);
SELECT source_name, input, newest_at AT TIME ZONE 'UTC' AS newest_utc, age_hours, expected_every_hours, late, problem FROM source_freshness('2024-01-02 12:00Z');
SELECT source_name, newest_at, late FROM source_freshness(NULL);
SELECT source_name, age_hours, late FROM source_freshness('2024-01-03 12:01Z') WHERE source_name = 'exchange_rates';
DROP VIEW nudge_staging.payments;
SELECT source_name, newest_at, late, problem FROM source_freshness('2024-01-02 12:00Z') WHERE problem IS NOT NULL;

SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DROP SCHEMA nudge_staging;
DROP TABLE customers, merges, rates, subscriptions, plans, nothing;
