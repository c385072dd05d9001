-- What partners bring.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- January.  ann: acme first, then search and bolt: 100 + 10 sourced by acme, influenced by bolt too.  ben: search first, acme later, but bolt in the deal:
-- 200 sourced by bolt, influenced by acme too.  cat: no partner: 300.  dan: acme 95 days before, out of the lookback, then bolt: 400 sourced by bolt.
-- eve: no touch: 50, but a deal of core.  Sourced acme 110, bolt 600, core 50; influenced acme 310, bolt 710, core 50; of 1060, each euro once: 760.
CREATE TEMP TABLE touches (customer text, at timestamptz, channel text, partner text);
INSERT INTO touches VALUES
	('ann', '2024-01-01 10:00Z', 'partner', 'acme'), ('ann', '2024-01-02 10:00Z', 'paid_search', NULL), ('ann', '2024-01-03 10:00Z', 'partner', ' bolt '),
	('ben', '2024-01-05Z', 'paid_search', NULL), ('ben', '2024-01-06Z', 'partner', 'acme'), ('cat', '2024-01-06Z', 'email', ''),
	('dan', '2023-10-17Z', 'partner', 'acme'), ('dan', '2024-01-19Z', 'partner', 'bolt'), (NULL, '2024-01-01Z', 'partner', 'acme'),
	('eve', '2024-02-02Z', 'partner', 'late');
CREATE TEMP TABLE conversions (customer text, at timestamptz, revenue numeric, currency text);
INSERT INTO conversions VALUES
	('ann', '2024-01-10Z', 100, 'EUR'), ('ben', '2024-01-15Z', 200, 'EUR'), ('cat', '2024-01-20Z', 300, 'eur'), ('dan', '2024-01-20Z', 400, 'EUR'), ('eve', '2024-01-31 23:00Z', 50, 'EUR'),
	-- not of January; ann again in it: no new customer
	('fay', '2024-02-01Z', 1000, 'EUR'), ('gus', '2023-12-31Z', 1000, 'USD'), ('ann', '2024-01-25Z', 10, 'EUR');
CREATE TEMP TABLE deals (deal integer, customer text, created_at timestamptz, closed_at timestamptz, outcome text, amount numeric, currency text, stage text, segment text, partner text);
INSERT INTO deals VALUES
	-- won: of ann, begun after the first touch of acme; of ben, brought by bolt as recorded though search came first; of hal, whom acme touched only after it had begun
	(1, 'ann', '2024-01-02Z', '2024-01-10Z', 'won', 1000, 'EUR', 'x', 'SMB', NULL), (2, 'ben', '2024-01-07Z', '2024-01-15Z', 'Won', 2000, 'EUR', 'x', 'SMB', 'bolt'),
	(3, 'hal', '2024-01-05Z', '2024-01-30Z', 'won', 500, 'EUR', 'x', 'Enterprise', NULL),
	-- of eve, still open at the end of January, won in February; open: of cat, without a partner; of dan, touched by bolt after it had begun
	(4, 'eve', '2024-01-03Z', '2024-02-03Z', 'won', 700, 'EUR', 'x', 'Enterprise', 'core'), (5, 'cat', '2024-01-15Z', NULL, NULL, 900, 'EUR', 'x', NULL, NULL),
	(6, 'dan', '2024-01-18Z', NULL, NULL, 600, 'EUR', 'x', 'SMB', NULL),
	-- lost, withdrawn without a day, and later ones do not count
	(7, 'cat', '2024-01-15Z', '2024-01-16Z', 'lost', 9000, 'EUR', 'x', 'SMB', 'acme'), (8, 'cat', '2024-02-01Z', NULL, NULL, 9000, 'EUR', 'x', 'SMB', 'acme'), (9, 'cat', '2024-01-02Z', NULL, 'lost', 9000, 'EUR', 'x', 'SMB', NULL);
INSERT INTO touches VALUES ('hal', '2024-01-10Z', 'partner', 'acme');
CREATE TEMP TABLE customers (customer text, created_at date, segment text);
INSERT INTO customers VALUES ('cat', '2024-01-01', 'Enterprise'), ('ann', '2024-01-01', NULL);

SELECT measure, customer, deal, (at AT TIME ZONE 'UTC')::date AS at, amount, currency_code AS cur, segment, sourced_by, influenced_by FROM partner_items('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', 'customers');
SELECT partner, measure, sourced_value AS sourced, influenced_value AS influenced, influenced_only_value AS only, total_value AS total, round(sourced_share, 4) AS s_share, round(influenced_share, 4) AS i_share
FROM partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', 'customers');
SELECT partner, segment, all_segments AS al, measure, sourced_value AS sourced, influenced_value AS influenced, total_value AS total
FROM partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', 'customers', by_segment => true) WHERE measure IN ('revenue', 'won_deals', 'pipeline');

-- Who sourced what, by another rule
SELECT sourced, partner, sourced_value, influenced_value FROM unnest('{recorded,first_touch,either}'::text[]) WITH ORDINALITY s(sourced, place),
	partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', sourced => s.sourced) WHERE measure = 'won_amount' ORDER BY place, partner;
-- The lookback is exact and open at its beginning: 95 days, and a moment more
SELECT customer, sourced_by, influenced_by FROM partner_items('touches', 'conversions', NULL, '2024-01-01', '2024-02-01', lookback => '95 days') WHERE measure = 'revenue' AND customer = 'dan';
SELECT customer, sourced_by, influenced_by FROM partner_items('touches', 'conversions', NULL, '2024-01-01', '2024-02-01', lookback => '95 days 00:00:00.000001') WHERE measure = 'revenue' AND customer = 'dan';
SELECT customer, sourced_by, influenced_by FROM partner_items('touches', 'conversions', NULL, '2024-01-01', '2024-02-01', lookback => NULL) WHERE measure = 'revenue' AND customer = 'dan';
-- A touch at the very instant counts, one after it does not; at one instant the name of the channel decides
CREATE TEMP TABLE edge AS SELECT * FROM (VALUES
	('a', timestamptz '2024-01-10Z', 'partner', 'acme'), ('b', '2024-01-10 00:00:00.000001Z', 'partner', 'acme'), ('c', '2024-01-09Z', 'partner', 'acme'), ('c', '2024-01-09Z', 'email', NULL),
	('d', '2024-01-09Z', 'partner', 'bolt'), ('d', '2024-01-09Z', 'partner', 'acme')) v(customer, at, channel, partner);
CREATE TEMP TABLE edge_conversions AS SELECT customer, timestamptz '2024-01-10Z' AS at, 1 AS revenue, 'EUR' AS currency FROM unnest('{a,b,c,d}'::text[]) customer;
SELECT customer, sourced_by, influenced_by FROM partner_items('edge', 'edge_conversions', NULL, '2024-01-01', '2024-02-01') WHERE measure = 'revenue';
-- What a deal records goes before the first touch, which is of acme on January 9, if the deal is older than the conversion of January 10 and was not closed
-- a lookback before: a, yes; b, begun later; c, closed 90 days before to the instant; d, a moment later; e, lost; f, the earlier of two; g, still open
CREATE TEMP TABLE recorded_deals AS
SELECT row_number() OVER () AS deal, customer, created_at, closed_at, outcome, 1 AS amount, 'EUR' AS currency, 'x' AS stage, partner FROM (VALUES
	('a', timestamptz '2024-01-10Z', timestamptz '2024-01-12Z', 'won', 'bolt'), ('b', '2024-01-10 00:00:00.000001Z', NULL, NULL, 'bolt'), ('c', '2023-10-01Z', '2023-10-12Z', 'won', 'bolt'),
	('d', '2023-10-01Z', '2023-10-12 00:00:00.000001Z', 'won', 'bolt'), ('e', '2024-01-01Z', '2024-01-05Z', 'lost', 'bolt'), ('f', '2024-01-02Z', NULL, NULL, 'core'), ('f', '2024-01-01Z', NULL, NULL, 'bolt'),
	('g', '2024-01-09Z', NULL, NULL, 'bolt')) v(customer, created_at, closed_at, outcome, partner);
CREATE TEMP VIEW recorded_touches AS SELECT customer, timestamptz '2024-01-09Z' AS at, 'partner' AS channel, 'acme' AS partner FROM unnest('{a,b,c,d,e,f,g}'::text[]) customer;
CREATE TEMP VIEW recorded_conversions AS SELECT customer, timestamptz '2024-01-10Z' AS at, 1 AS revenue, 'EUR' AS currency FROM unnest('{a,b,c,d,e,f,g}'::text[]) customer;
SELECT customer, sourced_by, influenced_by FROM partner_items('recorded_touches', 'recorded_conversions', 'recorded_deals', '2024-01-01', '2024-02-01') WHERE measure = 'revenue';
-- A zone moves the window: fay's conversion at 2024-02-01Z is of January in New York
SELECT total_value FROM partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', zone => 'America/New_York', currency => 'EUR') WHERE measure = 'revenue' AND all_partners;

-- Nothing
SELECT measure, sourced_value, influenced_value, total_value, sourced_share FROM partner_performance(NULL, NULL, NULL, '2024-01-01', '2024-02-01');
SELECT count(*) FROM partner_performance(NULL, 'conversions', 'deals', '2024-01-01', '2024-02-01') WHERE NOT all_partners;
SELECT count(*) FROM partner_items('touches', NULL, NULL, '2024-01-01', '2024-02-01');

-- CAC: 150 for acme, who sourced ann; 90 for core, who sourced eve; 60 for nobody in particular; bolt, who sourced ben and dan, cost nothing.  300 for 4
CREATE TEMP TABLE spend (day date, channel text, amount numeric, currency text, partner text);
INSERT INTO spend VALUES ('2024-01-01', 'partner', 100, 'EUR', 'acme'), ('2024-01-31', 'events', 50, 'EUR', 'acme'), ('2024-01-10', 'partner', 90, 'EUR', 'core'), ('2024-01-10', 'partner', 60, 'EUR', NULL),
	('2024-01-10', 'paid_search', 5000, 'USD', NULL), ('2024-02-01', 'partner', 700, 'USD', 'acme'), ('2023-12-31', 'partner', 700, 'EUR', 'acme');
SELECT partner, is_total, amount_spent, new_customers, round(cac, 2) AS cac, currency_code FROM partner_cac('touches', 'conversions', 'deals', 'spend', '2024-01-01', '2024-02-01');
SELECT partner, is_total, amount_spent, new_customers, cac FROM partner_cac('touches', 'conversions', 'deals', 'spend', '2024-01-01', '2024-02-01', sourced => 'first_touch', partner_channels => NULL);
SELECT * FROM partner_cac(NULL, NULL, NULL, NULL, '2024-01-01', '2024-02-01');

-- Partners at the end of a day: one joins on it, one leaves within it, one on the next; one comes back
CREATE TEMP TABLE partners (partner text, kind text, joined_at timestamptz, left_at timestamptz);
INSERT INTO partners VALUES ('acme', 'agency', '2023-01-01Z', NULL), ('bolt', 'reseller', '2024-01-31 23:59Z', NULL), ('core', 'agency', '2023-01-01Z', '2024-01-31 12:00Z'), ('dust', 'agency', '2023-01-01Z', '2024-02-01Z'),
	('east', NULL, '2023-01-01Z', '2023-06-01Z'), ('east', NULL, '2023-12-01Z', NULL), ('fern', 'agency', '2024-02-01Z', NULL), ('gate', 'agency', '2024-02-01 03:00Z', NULL), ('acme', 'agency', '2023-05-01Z', NULL);
SELECT * FROM partner_count('partners', '2024-01-31');
SELECT * FROM partner_count('partners', '2024-01-31', 'America/New_York') WHERE is_total;
SELECT * FROM partner_count('partners', '2022-01-31');
SELECT * FROM partner_count(NULL, '2022-01-31');

-- Refused
SELECT * FROM partner_items('touches', 'conversions', 'deals', '2023-12-01', '2024-02-01');
SELECT * FROM partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', currency => 'USD');
SELECT * FROM partner_performance('touches', 'conversions', 'deals', '2024-02-01', '2024-01-01');
SELECT * FROM partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', lookback => '-1 day');
SELECT * FROM partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', sourced => 'both');
SELECT * FROM partner_items('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', sourced => NULL);
SELECT * FROM partner_cac('touches', 'conversions', 'deals', 'spend', '2024-01-01', '2024-03-01');
SELECT * FROM partner_cac('touches', 'conversions', 'deals', 'spend', NULL, '2024-03-01');
SELECT * FROM partner_count('spend', '2024-01-01');
