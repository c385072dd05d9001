-- Sales by period, rep, team and segment: the worked example of doc/sales.md, then the edges.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TEMP TABLE deals (deal integer, owner text, team text, segment text, created_at date, closed_at date, outcome text, amount numeric, currency text, stage text, expected_close date);
INSERT INTO deals VALUES
	(1, 'ann', 'north', 'SMB',        '2024-01-02', '2024-01-12', 'won',         100, 'EUR', 'negotiation', '2024-01-15'),
	(2, 'ann', 'north', 'Enterprise', '2024-01-05', '2024-02-04', 'lost',        900, 'EUR', 'proposal',    '2024-02-15'),
	(3, 'bob', 'south', 'Enterprise', '2024-01-10', '2024-01-30', 'won',         500, 'EUR', 'negotiation', '2024-01-31'),
	(4, 'bob', 'south', 'SMB',        '2024-01-15', '2024-02-14', 'no_decision', 200, 'EUR', 'lead',        '2024-02-29'),
	(5, 'ann', 'north', 'Enterprise', '2024-01-20', '2024-02-29', 'won',         400, 'EUR', 'negotiation', '2024-02-20'),
	(6, 'ann', 'north', 'SMB',        '2024-02-05', NULL,         NULL,          300, 'EUR', 'proposal',    '2024-03-15'),
	(7, 'bob', 'south', 'Enterprise', '2024-02-10', NULL,         NULL,          800, 'EUR', 'negotiation', '2024-03-31'),
	(8, 'bob', 'south', 'SMB',        '2024-02-20', NULL,         NULL,          600, 'EUR', 'lead',        '2024-04-20');
CREATE TEMP TABLE moves (deal integer, stage text, at date);
INSERT INTO moves VALUES
	(1, 'lead', '2024-01-02'), (1, 'proposal', '2024-01-04'), (1, 'negotiation', '2024-01-08'), (2, 'lead', '2024-01-05'), (2, 'proposal', '2024-01-15'),
	(3, 'lead', '2024-01-10'), (3, 'negotiation', '2024-01-20'), (4, 'lead', '2024-01-15'), (5, 'lead', '2024-01-20'), (5, 'proposal', '2024-02-01'),
	(5, 'negotiation', '2024-02-10'), (5, 'proposal', '2024-02-15'), (5, 'negotiation', '2024-02-20'), (6, 'lead', '2024-02-05'), (6, 'proposal', '2024-02-12'),
	(7, 'proposal', '2024-02-10'), (7, 'negotiation', '2024-02-25'), (8, 'lead', '2024-02-20');
INSERT INTO nudge.sales_stages VALUES ('lead', 1, 0.1, false), ('proposal', 2, 0.4, true), ('negotiation', 3, 0.75, true);
CREATE TEMP TABLE quotas AS SELECT o.owner, m::date AS period, o.amount, 'EUR' AS currency
	FROM (VALUES ('ann', 500), ('bob', 400), ('north', 600)) o(owner, amount), unnest('{2024-01-01,2024-02-01,2024-03-01}'::date[]) m;
CREATE TEMP TABLE activities (owner text, at date, kind text, deal integer);
INSERT INTO activities VALUES
	('ann', '2024-01-03', 'call', 1), ('ann', '2024-01-10', 'meeting', 1), ('ann', '2024-01-12', 'mail', 1), ('ann', '2024-01-20', 'mail', 1),
	('bob', '2024-01-11', 'call', 3), ('bob', '2024-01-31', 'call', NULL), ('ann', '2024-02-06', 'call', 6), ('bob', '2024-02-11', 'call', 7);
CREATE TEMP TABLE contracts (customer text, contract integer, signed_at date, starts_at date, ends_at date, term_months integer, amount numeric, currency text);
INSERT INTO contracts VALUES
	('acme', 1, '2024-01-01', '2024-01-01', '2025-01-01', 12, 1200, 'EUR'), ('acme', 2, '2024-02-10', '2024-02-15', '2025-02-15', 12, 600, 'EUR'),
	('bolt', 3, '2024-01-20', '2024-02-01', '2026-02-01', 24, 4800, 'EUR'), ('core', 4, '2023-02-01', '2023-02-01', '2024-02-01', 12, 1000, 'EUR'),
	('core', 5, '2024-01-31', '2024-02-01', '2025-02-01', 12, 1500, 'EUR');
CREATE TEMP TABLE customers (customer text, created_at date, segment text);
INSERT INTO customers VALUES ('acme', '2023-12-01', 'SMB'), ('bolt', '2023-12-01', 'Enterprise'), ('core', '2023-01-01', 'Enterprise');

-- The worked example.  January: 5 created (2100), 1 and 3 won (600), 2, 4 and 5 open (1500; 900 x .4 + 200 x .1 + 400 x .1 = 420);
-- 600/2 = 300, cycles 10 and 20, velocity 1 x 300 x 1 / 15.  February: 3 created (1700), 5 won (400), 2 and 4 lost (1100), 6, 7, 8 open (1700; 120 + 600 + 60)
\x on
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', 'moves', 'quotas', 'month');
\x off
-- one period: won 3 of 5, 1000 of 2100, cycles 10, 20 and 40; median 20
SELECT period, opening_deals, deals_created, deals_closed, won, open_deals, round(win_rate, 4) AS win_rate, round(win_rate_by_amount, 4) AS by_amount, round(mean_cycle_days, 4) AS mean, round(median_cycle_days, 4) AS median, complete
FROM sales_report('deals', '2024-01-01', '2024-03-01');
-- groups
SELECT period, value, is_total AS total, deals_created AS created, won, lost, no_decision AS undecided, won_amount, open_deals AS open, open_amount, round(weighted_amount, 2) AS weighted, qualified_deals AS qualified, round(win_rate, 4) AS win_rate, round(sales_velocity, 4) AS velocity
FROM sales_report('deals', '2024-01-01', '2024-03-01', 'moves', NULL, 'month', by => 'segment');
SELECT value, is_total AS total, deals_created, won, won_amount FROM sales_report('deals', '2024-01-01', '2024-03-01', by => 'team');
-- the groups add up to the total, all movements to what is open, and the win rate is that of win_rates
SELECT b, p.period FROM unnest('{owner,team,segment}'::text[]) b, LATERAL (SELECT s.period, s.is_total,
	ARRAY[sum(opening_deals), sum(opening_amount), sum(deals_created), sum(created_amount), sum(deals_closed), sum(won), sum(lost), sum(no_decision), sum(won_amount), sum(lost_amount), sum(open_deals), sum(open_amount), sum(weighted_amount), sum(qualified_deals), sum(cycle_deals)] AS sums
	FROM sales_report('deals', '2024-01-01', '2024-04-01', 'moves', 'quotas', 'week', by => b) s GROUP BY s.period, s.is_total) p GROUP BY b, p.period HAVING min(p.sums) <> max(p.sums) OR count(*) <> 2;
SELECT count(*) FROM sales_report('deals', '2024-01-01', '2024-04-01', 'moves', by => 'owner', grain => 'week')
WHERE opening_amount + created_amount - won_amount - lost_amount - not_recorded_amount <> open_amount OR opening_deals + deals_created - deals_closed <> open_deals;
SELECT count(*) FROM (SELECT period, value, deals_closed, won, lost, no_decision, win_rate FROM sales_report('deals', '2024-01-01', '2024-03-01', by => 'owner', grain => 'month')
	EXCEPT SELECT period, value, deals_closed, won, lost, no_decision, win_rate FROM win_rates('deals', '2024-01-01', '2024-03-01', 'owner', 'month')) d;

-- As of January 31 in UTC, 14:00: 3 is closed, 2, 4 and 5 are open, nothing of February is known
SELECT period, opening_deals AS opening, deals_created AS created, won, lost, open_deals AS open, weighted_amount AS weighted, quota, round(quota_attainment, 4) AS attained, quota_remaining AS remaining, complete
FROM sales_report('deals', '2024-01-01', '2024-04-01', 'moves', 'quotas', 'month', as_of => '2024-01-31 14:00Z');
-- a deal closed at as_of is open
SELECT won, open_deals FROM sales_report('deals', '2024-01-01', '2024-02-01', as_of => '2024-01-30 00:00Z');
SELECT won, open_deals FROM sales_report('deals', '2024-01-01', '2024-02-01', as_of => '2024-01-30 00:00:00.000001Z');
-- without the history the stage of today is that of open deals only: 2, 4 and 5 are unknown in January
SELECT period, open_deals AS open, unweighted_deals AS unweighted, weighted_amount AS weighted, qualified_deals AS qualified, sales_velocity AS velocity FROM sales_report('deals', '2024-01-01', '2024-03-01', NULL, NULL, 'month');
SELECT period, open_deals AS open, unweighted_deals AS unweighted, weighted_amount AS weighted FROM sales_report('deals', '2024-02-01', '2024-03-01', as_of => '2024-03-01Z');
-- a deal with a history was in no known stage before it begins, whatever it is in today
CREATE TEMP VIEW from_february AS SELECT * FROM moves WHERE at >= '2024-02-25';
SELECT period, open_deals AS open, unweighted_deals AS unweighted, weighted_amount AS weighted FROM sales_report('deals', '2024-02-01', '2024-03-01', 'from_february', NULL, 'week') WHERE period >= '2024-02-12';
-- a stage without a probability, or that is not in the table, is unknown and not 0
UPDATE sales_stages SET win_probability = NULL WHERE stage = 'lead';
SELECT period, unweighted_deals AS unweighted, weighted_amount AS weighted, qualified_deals AS qualified FROM sales_report('deals', '2024-01-01', '2024-03-01', 'moves', NULL, 'month');
DELETE FROM sales_stages WHERE stage = 'lead';
SELECT period, unweighted_deals AS unweighted, weighted_amount AS weighted, qualified_deals AS qualified, sales_velocity FROM sales_report('deals', '2024-01-01', '2024-03-01', 'moves', NULL, 'month');
INSERT INTO sales_stages VALUES ('lead', 1, 0.1, false);

-- In New York, five hours behind, what is dated January 2 in UTC is of January 1, and February 1 begins at 5:00Z: deal 5 is a proposal then
SELECT period, deals_created, open_deals, weighted_amount, qualified_deals FROM sales_report('deals', '2024-01-01', '2024-02-01', 'moves', NULL, 'month', 'America/New_York');
SELECT deals_created, opening_deals FROM sales_report('deals', '2024-01-02', '2024-02-01', zone => 'America/New_York');
SELECT deals_created, opening_deals FROM sales_report('deals', '2024-01-02', '2024-02-01', zone => NULL);

-- Quotas
SELECT period, value, is_total AS total, won_amount AS won, quota, round(quota_attainment, 4) AS attained, quota_remaining AS remaining, complete
FROM sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quotas', 'month', as_of => '2024-03-10Z', by => 'owner');
SELECT value, is_total AS total, won_amount AS won, quota, round(quota_attainment, 4) AS attained FROM sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quotas', 'quarter', by => 'team');
SELECT value, is_total AS total, won_amount AS won, quota FROM sales_report('deals', '2024-01-01', '2024-02-01', NULL, 'quotas', by => 'segment');
-- not cut: February 15 to March 31, weeks, and a quarter without its last month
SELECT period, quota, quota_attainment FROM sales_report('deals', '2024-02-15', '2024-04-01', NULL, 'quotas', 'month');
SELECT count(*), count(quota) FROM sales_report('deals', '2024-01-01', '2024-03-01', NULL, 'quotas', 'week');
SELECT quota FROM sales_report('deals', '2024-02-01', '2024-05-01', NULL, 'quotas');
CREATE TEMP VIEW mid_month AS SELECT owner, date '2024-01-15' AS period, amount, currency FROM quotas WHERE period = '2024-01-01';
SELECT quota FROM sales_report('deals', '2024-01-01', '2024-02-01', NULL, 'mid_month');
SELECT quota FROM sales_report('deals', '2024-01-15', '2024-02-15', NULL, 'mid_month');
-- by quarter and by year; a rep without deals; a quota of 0; twice the same one adds up
CREATE TEMP TABLE quarterly AS SELECT * FROM (VALUES ('ann', date '2024-01-01', 1000, 'EUR'), ('ann', '2024-01-01', 500, 'EUR'), ('eve', '2024-01-01', 700, 'EUR'), ('bob', '2024-01-01', 0, 'EUR'), ('all of us', '2024-01-01', 3000, 'EUR')) v(owner, period, amount, currency);
SELECT value, is_total AS total, won, won_amount, quota, quota_attainment AS attained, quota_remaining AS remaining FROM sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quarterly', 'quarter', by => 'owner', quota_grain => 'quarter', company => 'all of us');
SELECT is_total, quota FROM sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quarterly', quota_grain => 'quarter');
SELECT quota FROM sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quarterly', quota_grain => 'quarter', company => 'nobody');
SELECT period, quota FROM sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quarterly', 'month', quota_grain => 'quarter');
SELECT quota FROM sales_report('deals', '2024-01-01', '2025-01-01', NULL, 'quarterly', quota_grain => 'Year', company => 'all of us');
-- teams alone: the company's is their sum.  A name that is a team's and an owner's is an owner's
CREATE TEMP VIEW teams AS SELECT * FROM quotas WHERE owner = 'north' AND period = '2024-01-01' UNION ALL SELECT 'south', '2024-01-01', 100, 'EUR';
SELECT value, is_total AS total, quota FROM sales_report('deals', '2024-01-01', '2024-02-01', NULL, 'teams', by => 'team');
SELECT owner, kind, period, period_end, amount, currency FROM quota_lines('quarterly', 'deals', '2024-02-01', '2024-03-01', 'quarter', 'all of us') ORDER BY owner;
CREATE TEMP VIEW solo AS SELECT deal, 'north' AS owner, team, created_at, amount, currency, stage FROM deals;
SELECT owner, kind FROM quota_lines('teams', 'solo', '2024-01-01', '2024-02-01') ORDER BY owner;
-- what team there is is known from the deals before as_of
SELECT owner, kind FROM quota_lines('teams', 'deals', '2024-01-01', '2024-02-01', as_of => '2024-01-10Z') ORDER BY owner;
SELECT owner, kind FROM quota_lines('teams', NULL, '2024-01-01', '2024-02-01') ORDER BY owner;

-- Deals that touch, are reversed, have no outcome, or one of many names
CREATE TEMP TABLE odd (deal text, created_at timestamptz, closed_at timestamptz, outcome text, amount numeric, currency text, stage text, owner text);
INSERT INTO odd VALUES
	('begins as the window does', '2024-01-01 00:00Z', NULL, NULL, 1, 'eur', NULL, 'a'), ('begins as it ends', '2024-02-01 00:00Z', NULL, NULL, 2, 'EUR', NULL, 'a'),
	('closed as it begins', '2023-12-01 00:00Z', '2024-01-01 00:00Z', ' Won', 4, 'EUR', NULL, 'a'), ('closed as it ends', '2023-12-01 00:00Z', '2024-02-01 00:00Z', 'LOST', 8, 'EUR', NULL, NULL),
	('reversed', '2024-01-20 00:00Z', '2024-01-10 00:00Z', 'won', 16, 'EUR', NULL, 'b'), ('reversed over the edge', '2024-02-20 00:00Z', '2024-01-10 00:00Z', 'lost', 32, 'EUR', NULL, 'b'),
	('no outcome', '2024-01-20 00:00Z', '2024-01-22 00:00Z', NULL, 64, 'EUR', NULL, NULL), ('in no time', '2024-01-20 00:00Z', '2024-01-20 00:00Z', 'won', 128, 'EUR', NULL, 'b'),
	('closed at the end of time', '2024-01-20 00:00Z', 'infinity', NULL, 256, 'EUR', NULL, 'b'), ('another currency, too long ago', '2023-01-20 00:00Z', '2023-12-31 23:59Z', 'won', 512, 'USD', NULL, 'b');
SELECT value, is_total AS total, opening_deals AS opening, opening_amount AS o_amount, deals_created AS created, created_amount AS c_amount, won, lost, not_recorded AS unknown, won_amount, lost_amount, not_recorded_amount AS u_amount, open_deals AS open, open_amount AS amount, cycle_deals AS cycles, mean_cycle_days AS mean
FROM sales_report('odd', '2024-01-01', '2024-02-01', by => 'owner');
-- keys of other types
CREATE TEMP VIEW uuids AS SELECT md5(deal::text)::uuid AS deal, created_at::timestamp AS created_at, closed_at, outcome, amount::real AS amount, currency, stage FROM deals;
CREATE TEMP VIEW uuid_moves AS SELECT md5(deal::text)::uuid AS deal, stage::varchar AS stage, at::timestamp AS at FROM moves;
SELECT won, open_deals, weighted_amount FROM sales_report('uuids', '2024-01-01', '2024-03-01', 'uuid_moves');
-- a night of 23 hours: the cycle has hours, not nights
CREATE TEMP VIEW night AS SELECT 1 AS deal, timestamptz '2024-03-30 12:00 Europe/Berlin' AS created_at, timestamptz '2024-03-31 12:00 Europe/Berlin' AS closed_at, 'won' AS outcome, 1 AS amount, 'EUR' AS currency, 'x' AS stage;
SELECT deals_closed, round(mean_cycle_days * 24, 4) AS hours FROM sales_report('night', '2024-03-31', '2024-04-01', zone => 'Europe/Berlin');
-- nothing
SELECT * FROM sales_report(NULL, '2024-01-01', '2024-02-01', currency => 'eur') \gx
SELECT count(*) FROM sales_report(NULL, '2024-01-01', '2025-01-01', grain => 'month', by => 'owner');
SELECT deals_created, won, open_deals, quota FROM sales_report('deals', '-infinity', 'infinity', 'moves', 'quotas');

-- Activities
SELECT period, value, kind, all_kinds AS al, activities_done AS done, deals_won AS won, round(activities_per_deal_won, 2) AS per_won, direct_activities AS direct, round(direct_activities_per_deal_won, 2) AS direct_per_won, complete
FROM sales_activities('activities', 'deals', '2024-01-01', '2024-03-01', 'month', as_of => '2024-02-11Z', by => 'owner');
SELECT value, is_total AS total, kind, activities_done AS done, deals_won AS won, direct_activities AS direct FROM sales_activities('activities', 'deals', '2024-01-01', '2024-02-01', by => 'team') WHERE all_kinds;
-- on the day of the close it counts, after it not; in a zone where that is another day
SELECT kind, direct_activities AS direct FROM sales_activities('activities', 'deals', '2024-01-01', '2024-02-01');
CREATE TEMP VIEW late AS SELECT owner, '2024-01-12 05:01Z'::timestamptz AS at, 'call' AS kind, 1 AS deal FROM activities LIMIT 1;
SELECT direct_activities FROM sales_activities('late', 'deals', '2024-01-01', '2024-02-01', zone => 'America/New_York') WHERE all_kinds;
SELECT direct_activities FROM sales_activities('late', 'deals', '2024-01-01', '2024-02-01') WHERE all_kinds;
CREATE TEMP VIEW undirected AS SELECT owner, at, upper(kind) || ' ' AS kind FROM activities;
SELECT kind, activities_done AS done, deals_won AS won, direct_activities AS direct, direct_activities_per_deal_won FROM sales_activities('undirected', 'deals', '2024-01-01', '2024-02-01');
SELECT * FROM sales_activities(NULL, NULL, '2024-01-01', '2024-03-01', 'month', as_of => '2024-02-01Z');

-- Contracts
SELECT period, segment, all_segments AS total, initial_contracts AS initial, average_initial_value::numeric(10,2) AS initial_value, later_contracts AS later, average_later_value::numeric(10,2) AS later_value, customers_in_force AS n,
	initial_annual_amount::numeric(10,2) AS initial_annual, annual_amount::numeric(10,2) AS annual, average_initial_annual_value::numeric(10,2) AS average_initial, average_annual_value::numeric(10,2) AS average, round(expansion_ratio, 4) AS ratio, currency_code AS cur, complete
FROM contract_values('contracts', '2024-01-01', '2024-04-01', 'customers', 'month', as_of => '2024-03-01Z');
-- as of the last instant of contract 4, and the first after it; before contract 2 was signed
SELECT customers_in_force AS n, annual_amount::numeric(10,2) AS annual FROM unnest('{2024-01-31 00:00Z,2024-02-01 00:00Z,2024-02-01 00:00:00.000001Z,2024-02-15 00:00Z,2024-02-15 00:00:00.000001Z}'::timestamptz[]) t, LATERAL contract_values('contracts', '2024-01-01', '2024-03-01', as_of => t);
SELECT customer, contract, number, segment, annual_amount::numeric(10,2) AS annual, first_annual_amount::numeric(10,2) AS first_annual FROM contract_lines('contracts', 'customers') ORDER BY customer, number;
-- a term that is not known leaves the amount of a year unknown; no end, no begin
CREATE TEMP VIEW unknown_term AS SELECT 'x' AS customer, n AS contract, date '2024-01-01' + n AS signed_at, NULL::date AS starts_at, NULL::date AS ends_at, nullif(n, 2) * 12 - 12 AS term_months, 100 AS amount, 'EUR' AS currency FROM generate_series(2, 3) n;
SELECT initial_contracts, later_contracts, customers_in_force, initial_annual_amount, annual_amount, expansion_ratio FROM contract_values('unknown_term', '2024-01-01', '2024-02-01');
SELECT * FROM contract_values(NULL, '2024-01-01', '2024-02-01') \gx

-- Refused
SELECT * FROM sales_report('deals', '2024-03-01', '2024-03-01');
SELECT * FROM sales_report('deals', NULL, '2024-03-01');
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', by => 'colour');
SELECT * FROM sales_activities('activities', 'deals', '2024-01-01', '2024-03-01', by => 'stage');
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', grain => 'fortnight');
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', currency => 'USD');
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', NULL, 'quotas', quota_grain => 'week');
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', NULL, 'quotas', quota_grain => 'quarter');
CREATE TEMP VIEW dollars AS SELECT owner, period, amount, 'USD' AS currency FROM quotas;
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', NULL, 'dollars');
CREATE TEMP VIEW twice AS SELECT * FROM deals UNION ALL SELECT * FROM deals WHERE deal = 3;
SELECT * FROM sales_report('twice', '2024-01-01', '2024-03-01');
CREATE TEMP VIEW bad_quota AS SELECT owner, NULLIF(period, '2024-02-01') AS period, amount, currency FROM quotas;
SELECT * FROM sales_report('deals', '2024-01-01', '2024-03-01', NULL, 'bad_quota');
CREATE TEMP TABLE bad AS SELECT deal::text, created_at::timestamptz, closed_at::timestamptz, outcome, amount, currency, stage FROM deals LIMIT 1;
UPDATE bad SET outcome = 'open';
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
UPDATE bad SET outcome = 'won', closed_at = NULL;
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
UPDATE bad SET outcome = NULL, amount = 'NaN';
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
UPDATE bad SET amount = NULL;
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
-- what adds no amounts needs none
SELECT deals_won FROM sales_activities(NULL, 'bad', '2024-01-01', '2024-03-01');
UPDATE bad SET amount = 1, created_at = NULL;
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
UPDATE bad SET created_at = '-infinity';
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
UPDATE bad SET created_at = '2024-01-01Z', deal = NULL;
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
UPDATE bad SET deal = 1, currency = NULL;
SELECT won FROM sales_report('bad', '2024-01-01', '2024-03-01');
CREATE TEMP VIEW bad_moves AS SELECT deal, nullif(stage, 'lead') AS stage, at FROM moves;
SELECT won FROM sales_report('deals', '2024-01-01', '2024-03-01', 'bad_moves');
CREATE TEMP VIEW bad_activity AS SELECT owner, NULL::date AS at, kind FROM activities;
SELECT * FROM sales_activities('bad_activity', 'deals', '2024-01-01', '2024-03-01');
CREATE TEMP VIEW bad_contract AS SELECT customer, contract, signed_at, starts_at, ends_at, -1 AS term_months, amount, currency FROM contracts;
SELECT * FROM contract_values('bad_contract', '2024-01-01', '2024-03-01');
INSERT INTO sales_stages VALUES ('sure', 4, 1.5);
INSERT INTO sales_stages VALUES ('', 4, 0.5);
DELETE FROM sales_stages;
