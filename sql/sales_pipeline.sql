-- The pipeline: the worked example of doc/sales_pipeline.md, then the edges.
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
INSERT INTO deals VALUES (9, 'bob', 'south', 'SMB', '2024-03-01', '2024-03-05', 'won', 350, 'EUR', 'proposal', '2024-03-31');

-- What is open: on March 20 deals 6 (300 x .4), 7 (800 x .75) and 8 (600 x .1)
SELECT deal, owner, stage, stage_position AS pos, stage_entered_at AS entered, qualified, amount, win_probability AS p, weighted_amount AS weighted, expected_close AS expected, overdue, round(age_days, 2) AS age, round(stage_days, 2) AS in_stage, activity_count AS n, last_activity_at AS last, round(idle_days, 2) AS idle, currency_code AS cur
FROM pipeline_deals('deals', 'moves', 'activities', as_of => '2024-03-20 12:00Z');
-- at another time: 5 is a proposal again from February 15 on, 2 is closed at February 4
SELECT deal, stage, amount FROM pipeline_deals('deals', 'moves', as_of => '2024-02-04 00:00Z');
SELECT deal, stage, amount FROM pipeline_deals('deals', 'moves', as_of => '2024-02-15 00:00:00.000001Z');
-- without as_of and history: the stage of today, and no ages
SELECT deal, stage, stage_entered_at, weighted_amount, overdue, age_days, stage_days, activity_count, last_activity_at, idle_days FROM pipeline_deals('deals');
SELECT deal, stage, activity_count, last_activity_at, idle_days FROM pipeline_deals('deals', 'moves', 'activities');
-- with as_of, but without history, the stage is not known
SELECT deal, stage, weighted_amount, overdue, activity_count FROM pipeline_deals('deals', as_of => '2024-03-15 00:00Z');
-- at the end of time all is known, and nothing has an age; at its beginning nothing is
SELECT deal, stage, overdue, age_days, idle_days FROM pipeline_deals('deals', 'moves', 'activities', as_of => 'infinity');
SELECT is_total, open_deals, overdue_deals, stale_deals FROM pipeline_value('deals', 'moves', 'activities', as_of => 'infinity', by => NULL);
SELECT is_total, open_deals, overdue_deals, stale_deals FROM pipeline_value('deals', 'moves', 'activities', as_of => '-infinity', by => NULL);
SELECT timing, open_deals FROM sales_forecast('deals', '2024-03-01', '2024-05-01', as_of => 'infinity') WHERE all_stages;
SELECT status, count(days) FROM stage_passages('deals', 'moves', 'infinity') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM stage_passages('deals', 'moves', '-infinity');
-- overdue from the day after, in the zone
SELECT deal, overdue FROM pipeline_deals('deals', as_of => '2024-03-16 00:00Z') WHERE deal = '6';
SELECT deal, overdue FROM pipeline_deals('deals', as_of => '2024-03-16 00:00Z', zone => 'America/New_York') WHERE deal = '6';
-- stages entered at one instant: the last in order; entered twice; none yet
CREATE TEMP TABLE same AS SELECT * FROM (VALUES (6, 'negotiation', timestamptz '2024-02-12Z'), (6, 'lead', '2024-02-12Z'), (6, 'proposal', '2024-02-12Z'), (6, 'unlisted', '2024-02-12Z'), (7, 'lead', '2024-02-12Z'), (7, 'lead', '2024-02-14Z'), (8, 'lead', '2024-09-01Z')) v(deal, stage, at);
SELECT deal, stage, stage_entered_at FROM pipeline_deals('deals', 'same', as_of => '2024-03-01Z');
SELECT deal, stage, entered_at, left_at, position FROM deal_stage_lines('same') ORDER BY deal, entered_at, left_at, position NULLS FIRST;

SELECT value, is_total AS total, open_deals AS open, open_amount AS amount, unweighted_deals AS unweighted, weighted_amount AS weighted, qualified_deals AS qualified, overdue_deals AS overdue, overdue_amount AS o_amount, round(mean_age_days, 2) AS age, round(mean_stage_days, 2) AS in_stage,
	activity_count AS n, round(activities_per_open_deal, 4) AS per_deal, stale_deals AS stale, stale_amount AS s_amount, currency_code AS cur
FROM pipeline_value('deals', 'moves', 'activities', as_of => '2024-03-20Z');
-- stale from the day on: deal 7 is idle for 38 days
SELECT value, stale_deals AS stale, stale_amount FROM pipeline_value('deals', 'moves', 'activities', as_of => '2024-03-20Z', by => 'owner', stale_days => 38);
SELECT value, stale_deals AS stale, stale_amount FROM pipeline_value('deals', 'moves', 'activities', as_of => '2024-03-20Z', by => 'owner', stale_days => 38.01);
SELECT value, is_total AS total, open_deals, weighted_amount, overdue_deals, mean_age_days, activity_count, stale_deals FROM pipeline_value('deals', by => 'segment');
SELECT is_total, open_deals, activity_count, stale_deals FROM pipeline_value('deals', 'moves', 'activities', as_of => '2024-03-20Z', by => NULL, stale_days => NULL);
SELECT * FROM pipeline_value(NULL, activities => 'activities', as_of => '2024-03-20Z', currency => 'eur') \gx
SELECT value, is_total AS total, open_deals, unweighted_deals, weighted_amount, qualified_deals FROM pipeline_value('deals', 'same', as_of => '2024-03-01Z');

-- Coverage in March: 300 and 800 should close, quotas 500 and 400, of which bob has sold 350
SELECT period, value, is_total AS total, stage, all_stages AS al, open_deals AS open, open_amount AS amount, unweighted_deals AS unweighted, weighted_amount AS weighted, overdue_amount AS overdue, won_amount AS won, quota, quota_remaining AS remaining, round(coverage, 4) AS coverage, round(coverage_of_quota, 4) AS of_quota, round(weighted_coverage, 4) AS weighted_cov, complete
FROM pipeline_coverage('deals', 'quotas', '2024-03-01', '2024-05-01', 'moves', 'month', as_of => '2024-03-20Z', by => 'owner');
-- a quota that is met, no quota, and no quotas
SELECT period, value, open_amount AS amount, quota_remaining AS remaining, coverage, coverage_of_quota FROM pipeline_coverage('deals', 'quotas', '2024-01-01', '2024-02-01', as_of => '2024-01-31Z', by => 'owner');
SELECT value, is_total AS total, stage, open_amount AS amount, overdue_amount AS overdue, quota, coverage, weighted_amount AS weighted FROM pipeline_coverage('deals', 'quotas', '2024-03-01', '2024-04-01', by => 'team');
SELECT is_total, stage, open_amount AS amount, quota, coverage FROM pipeline_coverage('deals', NULL, '2024-03-01', '2024-04-01', 'moves');
SELECT open_amount, won_amount, quota FROM pipeline_coverage(NULL, NULL, '2024-03-01', '2024-04-01');
-- quotas by quarter, for the company
CREATE TEMP VIEW plan AS SELECT 'company' AS owner, date '2024-01-01' AS period, 5000 AS amount, 'EUR' AS currency;
SELECT open_amount, won_amount, quota, quota_remaining, round(coverage, 4) AS coverage FROM pipeline_coverage('deals', 'plan', '2024-01-01', '2024-04-01', as_of => '2024-03-20Z', quota_grain => 'quarter', company => 'company') WHERE all_stages;

-- Forecast: 6 is overdue on March 20, 7 in March, 8 in April; a deal without a day
INSERT INTO deals VALUES (10, 'eve', NULL, NULL, '2024-03-01', NULL, NULL, 50, 'EUR', 'unlisted', NULL);
SELECT * FROM sales_forecast('deals', '2024-03-01', '2024-04-01', 'moves', 'month', as_of => '2024-03-20Z', by => 'owner');
SELECT period, timing, stage, open_amount, commit_amount, best_case_amount FROM sales_forecast('deals', '2024-03-01', '2024-05-01', 'moves', 'month', as_of => '2024-03-15 12:00Z', commit_probability => 0.75, best_case_probability => 0.4) WHERE NOT all_stages;
-- without as_of overdue is what is before the window
SELECT period, timing, open_deals FROM sales_forecast('deals', '2024-03-31', '2024-05-01') WHERE all_stages;
SELECT period, timing, open_deals FROM sales_forecast('deals', '2024-03-01', '2024-03-31') WHERE all_stages;
-- all is somewhere
SELECT sum(open_deals) FILTER (WHERE all_stages AND is_total) AS total, sum(open_deals) FILTER (WHERE NOT all_stages AND is_total) AS by_stage, sum(open_deals) FILTER (WHERE all_stages AND NOT is_total) AS by_owner, sum(open_amount) FILTER (WHERE all_stages AND is_total) AS amount
FROM sales_forecast('deals', '2024-03-01', '2024-04-01', 'moves', 'week', as_of => '2024-03-20Z', by => 'owner');
SELECT count(*) FROM sales_forecast(NULL, '2024-03-01', '2024-04-01');
DELETE FROM deals WHERE deal = 10;

-- What a stage is worth: of five closed deals all were leads; three had a proposal, three a negotiation
SELECT stage, stage_position AS pos, deals_closed AS closed, won, lost, no_decision AS undecided, not_recorded AS unknown, round(win_rate, 4) AS win_rate, round(rate_low::numeric, 4) AS low, round(rate_high::numeric, 4) AS high
FROM stage_win_rates('deals', 'moves', '2024-01-01', '2024-03-01');
-- closed at the end of the window, or at as_of, is not closed in it
SELECT stage, deals_closed AS closed, won FROM stage_win_rates('deals', 'moves', '2024-01-12', '2024-01-30');
SELECT stage, deals_closed AS closed, won FROM stage_win_rates('deals', 'moves', '2024-01-01', '2024-03-01', as_of => '2024-01-30Z');
CREATE TEMP VIEW solo AS SELECT deal, created_at, closed_at, NULL AS outcome, 1 AS amount, 'EUR' AS currency, stage FROM deals WHERE deal = 1;
CREATE TEMP VIEW solo_moves AS SELECT deal, 'unlisted' AS stage, at FROM moves WHERE deal = 1;
SELECT stage, stage_position AS pos, deals_closed AS closed, not_recorded AS unknown, win_rate FROM stage_win_rates('solo', 'solo_moves', '2024-01-01', '2024-03-01');
SELECT count(*) FROM stage_win_rates(NULL, NULL, '2024-01-01', '2024-03-01');

-- From stage to stage
SELECT deal, stage, stage_position AS pos, is_last AS last, entered_at::date AS entered, next_stage_at::date AS next, advanced_at::date AS advanced, advanced_to AS "to", returned_at::date AS returned, outcome, status, round(days, 2) AS days
FROM stage_passages('deals', 'moves', '2024-03-02Z');
SELECT period, stage, entered, reached_next AS next, advanced, dropped, waiting, returned, won, round(next_rate, 4) AS next_rate, round(advance_rate, 4) AS rate, round(decided_advance_rate, 4) AS decided, round(win_rate, 4) AS win_rate, round(mean_days, 2) AS mean, round(median_days, 2) AS median, round(mean_waiting_days, 2) AS waiting_days, complete
FROM stage_conversion('deals', 'moves', '2024-01-01', '2024-03-01', as_of => '2024-03-01Z');
SELECT period, value, is_total AS total, stage, entered, advanced, dropped, waiting, round(median_days, 2) AS median, complete FROM stage_conversion('deals', 'moves', '2024-01-01', '2024-03-01', 'month', as_of => '2024-02-20Z', by => 'team');
-- another order: lead and negotiation alone; what is not in it has no fate
SELECT stage, stage_position AS pos, entered, reached_next AS next, advanced, dropped, waiting, returned, won, advance_rate, round(mean_days, 2) AS mean FROM stage_conversion('deals', 'moves', '2024-01-01', '2024-03-01', stages => '{lead,negotiation}');
SELECT deal, stage, advanced_to AS "to", returned_at::date AS returned, status FROM stage_passages('deals', 'moves', stages => '{negotiation,proposal,lead}') WHERE deal IN ('1', '8');
-- at one instant; won before it was entered; of no deal; alternatives of one rank
CREATE TEMP TABLE tied AS SELECT * FROM (VALUES (6, 'proposal', timestamptz '2024-02-12Z'), (6, 'lead', '2024-02-12Z'), (3, 'proposal', '2024-02-12Z'), (99, 'lead', '2024-02-12Z'), (7, 'pilot', '2024-02-12Z'), (7, 'proposal', '2024-02-13Z'), (7, 'negotiation', '2024-02-15Z')) v(deal, stage, at);
INSERT INTO sales_stages VALUES ('pilot', 2, 0.4, true);
SELECT deal, stage, next_stage_at IS NOT NULL AS next, advanced_to AS "to", returned_at IS NOT NULL AS returned, status, days FROM stage_passages('deals', 'tied');
DELETE FROM sales_stages WHERE stage = 'pilot';
SELECT count(*) FROM stage_conversion(NULL, NULL, '2024-01-01', '2024-03-01');
-- a zone: February 1 in UTC is still January in New York
SELECT period, stage, entered FROM stage_conversion('deals', 'moves', '2024-01-01', '2024-03-01', 'month', 'America/New_York') WHERE stage = 'proposal';

-- Refused
SELECT * FROM pipeline_value('deals', by => 'colour');
SELECT * FROM pipeline_coverage('deals', 'quotas', '2024-01-01', '2024-03-01', by => 'stage');
SELECT * FROM pipeline_coverage('deals', 'quotas', '2024-01-01', NULL);
SELECT * FROM sales_forecast('deals', '2024-03-01', '2024-03-01');
SELECT * FROM sales_forecast('deals', '2024-01-01', '2024-03-01', by => 'stage');
SELECT * FROM sales_forecast('deals', '2024-01-01', '2024-03-01', commit_probability => 0.4);
SELECT * FROM sales_forecast('deals', '2024-01-01', '2024-03-01', commit_probability => 1.1);
SELECT * FROM sales_forecast('deals', '2024-01-01', '2024-03-01', best_case_probability => -0.1);
SELECT * FROM sales_forecast('deals', '2024-01-01', '2024-03-01', best_case_probability => NULL);
SELECT * FROM stage_conversion('deals', 'moves', '2024-03-01', '2024-01-01');
SELECT * FROM stage_conversion('deals', 'moves', '2024-01-01', '2024-03-01', by => 'colour');
SELECT * FROM stage_conversion('deals', 'moves', '2024-01-01', '2024-03-01', stages => '{lead,lead}');
SELECT * FROM stage_passages('deals', 'moves', stages => '{}');
SELECT * FROM stage_passages('deals', 'moves', stages => '{lead,NULL}');
SELECT * FROM stage_passages('deals', 'moves', stages => '{{lead,proposal}}');
SELECT * FROM stage_win_rates('deals', 'moves', '2024-01-01', '2024-03-01', confidence => 1);
SELECT * FROM pipeline_deals('deals', currency => 'USD');
SELECT * FROM pipeline_deals('deals', 'deals');
CREATE TEMP VIEW mixed AS SELECT deal, created_at, closed_at, outcome, amount, (ARRAY['EUR', 'USD'])[1 + deal % 2] AS currency, stage FROM deals;
SELECT * FROM pipeline_deals('mixed');
-- what adds no amounts takes any
SELECT stage, deals_closed FROM stage_win_rates('mixed', 'moves', '2024-01-01', '2024-03-01');
DELETE FROM sales_stages;
