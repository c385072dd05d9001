-- Attributes of customers then and now.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand: ann was smb until March and is mid since, ben was smb for January and is nothing since, cat has no history
-- and is smb as far as anybody knows, dan is new in April.  At the end of February smb has 100 + 40, at the end of
-- April mid has 100, and smb 40; the total is 240 at any time.
CREATE TABLE accounts (customer text, created_at timestamptz, segment text, region text, attributes jsonb, mrr numeric);
INSERT INTO accounts VALUES ('ann', '2024-01-01Z', 'mid', 'emea', '{"vip": "no", "size": 7}', 100), ('ben', '2024-01-01Z', 'smb', 'emea', NULL, 70), ('cat', '2024-01-01Z', 'smb', NULL, NULL, 40), ('dan', '2024-04-01Z', 'ent', 'apac', '{}', 30);
CREATE TABLE changes (customer text, dimension text, value text, valid_from timestamptz, valid_to timestamptz);
INSERT INTO changes VALUES ('ann', 'segment', 'smb', '2024-01-01Z', '2024-03-01Z'), ('ann', 'segment', 'mid', '2024-03-01Z', NULL), ('ben', 'segment', 'smb', '2024-01-01Z', '2024-02-01Z'),
	('dan', 'segment', 'ent', '2024-04-01Z', NULL), ('ann', 'vip', 'yes', '2024-02-01Z', '2024-03-01Z'), ('dan', 'region', 'emea', '2024-01-01Z', '2024-04-15Z');
SELECT d, a.* FROM unnest('{2024-01-15Z,2024-02-29Z,2024-03-01Z,2024-04-30Z,2023-12-31Z}'::timestamptz[]) WITH ORDINALITY u(d, n), dimension_at('changes', d) a ORDER BY n, customer;
SELECT customer, segment, region, attributes FROM customers_then('accounts', 'changes', '2024-02-29Z');
SELECT customer, segment, region, attributes FROM customers_then('accounts', 'changes', '2024-04-30Z');
SELECT customer, segment, region, attributes FROM customers_then('accounts', 'changes');
SELECT d, c.segment, sum(mrr) FROM unnest('{2024-01-15Z,2024-02-29Z,2024-04-30Z,NULL}'::timestamptz[]) WITH ORDINALITY u(d, n), LATERAL customers_then('accounts', 'changes', d) c JOIN accounts a USING (customer)
GROUP BY n, d, ROLLUP (c.segment) ORDER BY n, grouping(c.segment), c.segment;
SELECT * FROM dimension_spans('changes') ORDER BY 1, 2, 4;
SELECT * FROM dimension_spans('changes', 'segment', '2024-02-15Z');
SELECT * FROM dimension_rows('changes', 'segment', '2024-03-01Z');
-- What happened is joined to the segment then: one at most
CREATE TABLE sales (customer text, at timestamptz, amount numeric);
INSERT INTO sales VALUES ('ann', '2024-02-29 23:59:59.999999Z', 1), ('ann', '2024-03-01Z', 2), ('ben', '2024-05-01Z', 4), ('cat', '2024-01-05Z', 8);
SELECT s.value AS segment_then, sum(amount) FROM sales a LEFT JOIN dimension_spans('changes', 'segment') s ON s.customer = a.customer AND a.at >= s.valid_from AND (s.valid_to IS NULL OR a.at < s.valid_to) GROUP BY 1 ORDER BY 1;
SELECT c.segment AS segment_now, sum(amount) FROM sales a LEFT JOIN customers_then('accounts', 'changes') c USING (customer) GROUP BY 1 ORDER BY 1;
-- A view of customers then is what a report takes
CREATE VIEW accounts_then AS SELECT * FROM customers_then('accounts', 'changes', '2024-02-29Z');
SELECT customer, customer_segment, chosen FROM account_rows(NULL, 'accounts_then', '2024-04-30', 'smb');
SELECT customer, customer_segment, chosen FROM account_rows(NULL, 'accounts', '2024-04-30', 'smb');
SELECT count(*) AS missing FROM input_columns c WHERE c.input = 'customers' AND c.column_name NOT IN (SELECT attname FROM pg_attribute WHERE attrelid = 'accounts_then'::regclass);

-- Overlaps: what began last holds; equal beginnings go by the word; spans that touch are one; without a length none
CREATE TABLE odd (customer bigint, dimension text, value text, valid_from timestamptz, valid_to timestamptz);
INSERT INTO odd VALUES (1, 's', 'a', '2024-01-01Z', NULL), (1, 's', 'b', '2024-02-01Z', '2024-03-01Z'), (2, 's', 'a', '2024-01-01Z', '2024-02-01Z'), (2, 's', 'a', '2024-02-01Z', NULL),
	(3, 's', 'z', '2024-01-01Z', NULL), (3, 's', 'A', '2024-01-01Z', NULL), (4, 's', 'x', '2024-01-01Z', '2024-01-01Z'), (5, 's', 'x', '-infinity', '2024-01-01Z'), (5, 's', 'x', '2024-02-01Z', 'infinity'), (6, 't', 'x', '2024-01-01Z', NULL);
SELECT * FROM dimension_spans('odd', 's');
SELECT * FROM dimension_at('odd', '2024-02-15Z', 's');
SELECT * FROM dimension_at('odd', '-infinity', 's');
SELECT count(*) FROM dimension_spans(NULL);
SELECT count(*) FROM dimension_at(NULL, now());
SELECT customer, segment FROM customers_then('accounts', NULL, '2024-01-01Z');
SELECT count(*) FROM customers_then(NULL, 'changes', '2024-01-01Z');
-- What is refused
SELECT * FROM dimension_at('odd', NULL);
SELECT * FROM dimension_at('odd', now(), NULL);
INSERT INTO odd VALUES (7, 's', NULL, '2024-01-01Z', NULL);
SELECT * FROM dimension_spans('odd', 's');
SELECT count(*) FROM dimension_spans('odd', 't');
DELETE FROM odd WHERE customer = 7;
INSERT INTO odd VALUES (7, 's', 'x', '2024-01-02Z', '2024-01-01Z');
SELECT * FROM dimension_at('odd', now(), 's');
SELECT * FROM dimension_at('accounts', now());
DROP VIEW accounts_then;
DROP TABLE accounts, changes, sales, odd;
