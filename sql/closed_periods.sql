-- Closed periods and restatements.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- April as reported: ann 100 all along, ben grows 50 -> 80, cat is new with 30, dan leaves with 40, eve has 20; opening 210, closing 230
CREATE TABLE subs (customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, recorded_at timestamptz);
INSERT INTO subs SELECT c, c || f, 'p', f::timestamptz, t::timestamptz, a, 'month', 1, 'EUR', 'active', '2024-05-01Z' FROM (VALUES
	('ann', '2024-01-01Z', NULL, 100), ('ben', '2024-01-01Z', '2024-04-10Z', 50), ('ben', '2024-04-10Z', NULL, 80), ('cat', '2024-04-05Z', NULL, 30), ('dan', '2024-01-01Z', '2024-04-20Z', 40),
	('eve', '2024-03-01Z', NULL, 20)) v(c, f, t, a);
CREATE VIEW company AS SELECT mrr_currency_agg(customer, valid_from, valid_to, amount, currency) AS state FROM subs;
SELECT close_period('2024-04-01', state) FROM company;
SELECT period, grain, zone, currency, version, opening_mrr, closing_mrr, customers, reopened_at, reason FROM closed_periods;
SELECT customer, opening_mrr, closing_mrr, movement FROM closed_period_rows ORDER BY customer;
-- which is what the waterfall says
SELECT w.opening_mrr, w.closing_mrr, w.closing_customers FROM company, mrr_waterfall(state) w WHERE w.period = '2024-04-01';
SELECT * FROM company, restatements('2024-04-01', state);

-- Since then: ann is corrected to 90, fay came late with 25, eve's row was deleted, cat began in March already, dan's end was moved on to May
UPDATE closed_periods SET closed_at = '2024-05-02Z';
UPDATE subs SET amount = 90, recorded_at = '2024-05-03Z' WHERE customer = 'ann';
INSERT INTO subs SELECT 'fay', 'fay', 'p', '2024-04-30 23:00Z', NULL, 25, 'month', 1, 'EUR', 'active', '2024-05-03Z';
DELETE FROM subs WHERE customer = 'eve';
UPDATE subs SET valid_from = '2024-03-05Z' WHERE customer = 'cat';
UPDATE subs SET valid_to = '2024-05-20Z', recorded_at = '2024-05-02 00:00:00.000001Z' WHERE customer = 'dan';
SELECT r.* FROM company, restatements('2024-04-01', state, 'subs') r;
SELECT cause, count(*) FROM company, restatements('2024-04-01', state) GROUP BY 1;
-- recorded at the close, and not after it
UPDATE subs SET recorded_at = '2024-05-02Z' WHERE customer = 'dan';
SELECT customer, cause FROM company, restatements('2024-04-01', state, 'subs') WHERE customer = 'dan';
-- a table that does not say when gives no cause
CREATE VIEW untimed AS SELECT customer, item, plan, valid_from, amount, interval_unit, interval_count, currency, status FROM subs;
SELECT cause, count(*) FROM company, restatements('2024-04-01', state, 'untimed') GROUP BY 1;
-- the differences are that of the totals: 230 were reported, 265 are there now
SELECT sum(r.difference) AS difference, sum(r.opening_now - r.reported_opening) AS of_opening, min(w.closing_mrr) - min(c.closing_mrr) AS of_totals, min(w.opening_mrr) - min(c.opening_mrr) AS of_opening_totals
FROM company, restatements('2024-04-01', state) r, mrr_waterfall(state) w, closed_periods c WHERE w.period = '2024-04-01';
-- A row of after the period is no cause of what changed in it, unless there is no other
BEGIN;
UPDATE subs SET amount = 81 WHERE customer = 'ben' AND valid_to IS NULL;
INSERT INTO subs SELECT 'ben', 'ben2', 'p', '2024-05-01Z', NULL, 5, 'month', 1, 'EUR', 'active', '2024-06-01Z';
UPDATE subs SET valid_from = '2024-05-01Z', recorded_at = '2024-05-03Z' WHERE customer = 'cat';
SELECT customer, change, cause FROM company, restatements('2024-04-01', state, 'subs') WHERE customer IN ('ben', 'cat') ORDER BY 1;
ROLLBACK;
-- cat had been a customer long ago: the same MRR, but it has come back
BEGIN;
INSERT INTO subs SELECT 'cat', 'cat0', 'p', '2022-01-01Z', '2022-03-01Z', 7, 'month', 1, 'EUR', 'active', '2024-05-03Z';
UPDATE subs SET valid_from = '2024-04-05Z' WHERE customer = 'cat' AND item <> 'cat0';
SELECT r.* FROM company, restatements('2024-04-01', state, 'subs') r WHERE customer = 'cat';
ROLLBACK;
-- ben was merged into dan, who was merged into dee, of whom nothing was reported, who was merged into ann: what they lose she has, and the sum of all is as before
BEGIN;
CREATE TABLE merges (customer text, merged_into text, at timestamptz);
INSERT INTO merges VALUES ('ben', 'dan', '2024-06-01Z'), ('dan', 'dee', '2024-06-02Z'), ('dee', 'ann', '2024-06-03Z'), ('old', 'cat', '2024-06-01Z'), ('ann', 'ben', '2020-01-01Z');
UPDATE subs SET customer = 'ann' WHERE customer IN ('ben', 'dan');
SELECT r.* FROM company, restatements('2024-04-01', state, 'subs', merges => 'merges') r WHERE customer IN ('ann', 'ben', 'dan', 'cat');
SELECT cause, sum(difference) AS difference, count(*) FROM company, restatements('2024-04-01', state, 'subs', merges => 'merges') GROUP BY 1 ORDER BY 1;
SELECT customer, cause FROM company, restatements('2024-04-01', state, merges => 'merges') WHERE difference <> 0 ORDER BY 1;
SELECT customer, cause FROM company, restatements('2024-04-01', state, 'subs') WHERE customer IN ('ann', 'ben') ORDER BY 1;
ROLLBACK;
-- Closed again, it keeps both
\set VERBOSITY terse
SELECT close_period('2024-04-01', state) FROM company;
-- however it is written
SELECT close_period('2024-04-01', state, 'utc', 'Month') FROM company;
\set VERBOSITY default
SELECT reopen_period('2024-04-01', 'ann was wrong', 'utc', 'MONTH', currency => 'EUR');
SELECT reopen_period('2024-04-01', 'again', currency => 'EUR');
-- reopened, the last report still is what others have seen
SELECT count(*) FROM company, restatements('2024-04-01', state);
SELECT count(*) FROM company, restatements('2024-04-01', state, zone => 'utc', grain => 'MONTH');
SELECT close_period('2024-04-01', state) FROM company;
SELECT version, opening_mrr, closing_mrr, customers, reopened_at IS NOT NULL AS reopened, reason FROM closed_periods ORDER BY version;
SELECT version, count(*) FROM closed_period_rows GROUP BY version ORDER BY version;
SELECT * FROM company, restatements('2024-04-01', state);
-- By zone and grain: on April 30 at 23:00 in UTC it is May in Berlin, where fay is not of April
SELECT close_period('2024-04-01', state, 'Europe/Berlin') AS rows FROM company;
SELECT close_period('2024-04-01', state, grain => 'quarter') AS rows FROM company;
SELECT close_period('2023-01-01', state, grain => 'year') AS rows FROM company;
SELECT period, grain, zone, version, opening_mrr, closing_mrr, customers FROM closed_periods WHERE reopened_at IS NULL ORDER BY period, grain COLLATE "C", zone COLLATE "C";
-- a period before everything, a state of nothing
SELECT close_period('1999-01-01', state) AS rows FROM company;
SELECT close_period('2024-04-01', mrr_agg(1, date '2030-01-01', NULL, 1)) AS rows;
SELECT r.* FROM restatements('2024-04-01', (SELECT mrr_agg(c, date '2024-04-30', NULL, 1) FROM unnest('{ben,zoe}'::text[]) c), 'subs') r;
SELECT reopen_period('2024-04-01', 'nothing') AS version;

-- What was known when the statement began is what is closed
DO $$ BEGIN PERFORM pg_sleep(0.01); PERFORM close_period('2024-02-01', state) FROM company; IF (SELECT c.closed_at <> statement_timestamp() FROM closed_periods c WHERE c.period = '2024-02-01') THEN RAISE 'another time'; END IF; END $$;

-- Who may close need not be who may reopen, and neither can change what is closed
CREATE ROLE nudge_closer;
CREATE ROLE nudge_reopener;
GRANT USAGE ON SCHEMA nudge, public TO nudge_closer, nudge_reopener;
GRANT SELECT ON company, subs TO nudge_closer;
GRANT SELECT, INSERT ON nudge.closed_periods, nudge.closed_period_rows TO nudge_closer;
GRANT UPDATE (reopened_by, reopened_at, reason) ON nudge.closed_periods TO nudge_reopener;
SET ROLE nudge_reopener;
SELECT close_period('2024-03-01', mrr_agg(1, date '2024-01-01', NULL, 1));
SET ROLE nudge_closer;
SELECT close_period('2024-03-01', state) AS rows FROM company;
SELECT reopen_period('2024-03-01', 'x', currency => 'EUR');
UPDATE nudge.closed_period_rows SET closing_mrr = 0;
SET ROLE nudge_reopener;
SELECT reopen_period('2024-03-01', 'x', currency => 'EUR') AS version;
UPDATE nudge.closed_periods SET closing_mrr = 0;
DELETE FROM nudge.closed_periods;
SET ROLE nudge_closer;
SELECT close_period('2024-03-01', state) AS rows FROM company;
RESET ROLE;
SELECT version, closed_by, reopened_by FROM closed_periods WHERE period = '2024-03-01' ORDER BY version;
REVOKE ALL ON SCHEMA nudge, public FROM nudge_closer, nudge_reopener;
REVOKE ALL ON company, subs, nudge.closed_periods, nudge.closed_period_rows FROM nudge_closer, nudge_reopener;
DROP ROLE nudge_closer, nudge_reopener;

-- Wrong arguments
SELECT close_period(NULL, state) FROM company;
SELECT close_period('2024-04-01', NULL);
SELECT close_period('2024-04-01', state, NULL) FROM company;
SELECT close_period('2024-04-02', state) FROM company;
SELECT close_period('2024-04-01', state, grain => 'fortnight') FROM company;
SELECT close_period('2024-04-01', state, 'Mars/Base') FROM company;
SELECT close_period('2999-01-01', state) FROM company;
SELECT reopen_period('2024-04-01', ' ');
SELECT reopen_period('2024-05-01', 'x');
SELECT reopen_period('2024-04-01', 'x', 'Asia/Tokyo', currency => 'EUR');
SELECT restatements('2024-04-01', state, zone => 'Asia/Tokyo') FROM company;
SELECT reopen_period(NULL, 'x');
SELECT restatements('2024-05-01', state) FROM company;
SELECT restatements('2024-05-02', state) FROM company;
SELECT restatements('2024-04-01', mrr_currency_agg('x', date '2024-04-30', NULL, 1, 'EUR'), 'closed_periods_pkey');
DROP VIEW company, untimed;
DROP TABLE subs;
DELETE FROM closed_period_rows;
DELETE FROM closed_periods;
