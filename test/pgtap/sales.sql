--
-- sales.sql
--		Sales reports against plain SQL on random deals.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed sales
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(19);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

INSERT INTO nudge.sales_stages VALUES ('lead', 10, 0.05, false), ('demo', 20, 0.25, true), ('trial', 20, 0.3, true), ('proposal', 30, 0.5, true), ('contract', 40, 0.9, true);
-- days as instants now and then, so that edges are met
CREATE TEMP TABLE deals AS
SELECT g AS deal, at AS created_at,
	CASE WHEN outcome IS NOT NULL OR g % 11 = 0 THEN CASE WHEN g % 5 = 0 THEN date_trunc('day', at + length, 'UTC') + interval '1 day' ELSE at + length END END AS closed_at,
	outcome, round((random() * 1000)::numeric, 2) AS amount, 'EUR' AS currency, (ARRAY['lead', 'demo', 'proposal', 'odd', NULL])[1 + g % 5] AS stage,
	(ARRAY['ann', 'bob', 'cid', NULL])[1 + g % 4] AS owner, (ARRAY['north', 'south', NULL])[1 + g % 3] AS team, (ARRAY['SMB', 'Enterprise'])[1 + g % 2] AS segment, at::date + g % 80 AS expected_close
FROM (SELECT g, CASE WHEN g % 3 = 0 THEN timestamptz '2023-11-01Z' + floor(random() * 180) * interval '1 day' ELSE timestamptz '2023-11-01Z' + floor(random() * 180 * 86400) * interval '1 second' END AS at,
		floor(random() * 60 * 86400) * interval '1 second' AS length, (ARRAY['won', 'lost', 'no_decision', 'won', NULL])[1 + floor(random() * 5)::integer] AS outcome
	FROM generate_series(1, 700) g) r;
CREATE TEMP TABLE moves AS
SELECT d.deal, s.stage, CASE WHEN d.deal % 3 = 0 THEN d.created_at + s.n * interval '7 days' ELSE d.created_at + s.n * interval '5 days' + floor(random() * 86400) * interval '1 second' END
	-- some were in a stage before they began
	- CASE WHEN d.deal % 13 = 0 THEN interval '40 days' ELSE interval '0' END AS at
FROM deals d, LATERAL (SELECT n - 1 AS n, (ARRAY['lead', 'demo', 'trial', 'proposal', 'contract', 'unlisted'])[1 + floor(random() * 6 + 0 * d.deal)::integer] AS stage FROM generate_series(1, 1 + d.deal % 6) n) s
WHERE d.deal % 7 > 0;
CREATE TEMP TABLE quotas AS
SELECT o AS owner, m::date AS period, round((random() * 9000)::numeric, 2) AS amount, 'EUR' AS currency
FROM unnest('{ann,bob,cid,eve,north,south,company}'::text[]) o, generate_series(timestamp '2023-12-01', '2024-05-01', '1 month') m;
CREATE TEMP TABLE activities AS
SELECT (ARRAY['ann', 'bob', 'cid', NULL])[1 + floor(random() * 4)::integer] AS owner, timestamptz '2023-11-01Z' + floor(random() * 180 * 86400) * interval '1 second' AS at,
	(ARRAY['call', 'Mail', 'meeting'])[1 + g % 3] AS kind, nullif(floor(random() * 800)::integer, 0) AS deal
FROM generate_series(1, 3000) g;
CREATE TEMP TABLE spans AS SELECT m::date AS period, m AT TIME ZONE 'Europe/Berlin' AS from_at, (m + interval '1 month') AT TIME ZONE 'Europe/Berlin' AS to_at FROM generate_series(timestamp '2024-01-01', '2024-04-01', '1 month') m;

-- Deals, one by one
CREATE TEMP TABLE report AS SELECT * FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'moves', 'quotas', 'month', 'Europe/Berlin', by => 'owner', company => 'company');
CREATE TEMP VIEW stage_then AS
	SELECT s.period, d.deal, CASE WHEN EXISTS (SELECT FROM moves m WHERE m.deal = d.deal)
		THEN (SELECT m.stage FROM moves m LEFT JOIN nudge.sales_stages c USING (stage) WHERE m.deal = d.deal AND m.at < s.to_at ORDER BY m.at DESC, c.position DESC NULLS LAST LIMIT 1)
		WHEN d.closed_at IS NULL THEN d.stage END AS stage
	FROM spans s, deals d;
CREATE TEMP TABLE oracle AS
SELECT s.period, d.owner,
	count(*) FILTER (WHERE d.created_at < s.from_at AND coalesce(d.closed_at >= s.from_at, true)) AS opening,
	coalesce(sum(d.amount) FILTER (WHERE d.created_at < s.from_at AND coalesce(d.closed_at >= s.from_at, true)), 0) AS opening_amount,
	count(*) FILTER (WHERE d.created_at >= s.from_at AND d.created_at < s.to_at) AS created,
	coalesce(sum(d.amount) FILTER (WHERE d.created_at >= s.from_at AND d.created_at < s.to_at), 0) AS created_amount,
	count(*) FILTER (WHERE closed) AS closed, count(*) FILTER (WHERE closed AND outcome = 'won') AS won, count(*) FILTER (WHERE closed AND outcome = 'lost') AS lost,
	count(*) FILTER (WHERE closed AND outcome = 'no_decision') AS undecided, count(*) FILTER (WHERE closed AND outcome IS NULL) AS unknown,
	coalesce(sum(d.amount) FILTER (WHERE closed AND outcome = 'won'), 0) AS won_amount, coalesce(sum(d.amount) FILTER (WHERE closed AND outcome IN ('lost', 'no_decision')), 0) AS lost_amount,
	count(*) FILTER (WHERE open) AS open, coalesce(sum(d.amount) FILTER (WHERE open), 0) AS open_amount,
	count(*) FILTER (WHERE open AND c.win_probability IS NULL) AS unweighted, coalesce(sum(d.amount * c.win_probability) FILTER (WHERE open), 0) AS weighted, count(*) FILTER (WHERE open AND c.qualified) AS qualified,
	avg(extract(epoch FROM d.closed_at - d.created_at)) FILTER (WHERE closed AND outcome = 'won') / 86400 AS mean,
	percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.closed_at - d.created_at)::double precision / 86400) FILTER (WHERE closed AND outcome = 'won') AS median
FROM spans s CROSS JOIN deals d
CROSS JOIN LATERAL (SELECT coalesce(d.closed_at >= s.from_at AND d.closed_at < s.to_at, false) AS closed, d.created_at < s.to_at AND coalesce(d.closed_at >= s.to_at, true) AS open) o
LEFT JOIN stage_then t ON t.period = s.period AND t.deal = d.deal
LEFT JOIN nudge.sales_stages c ON c.stage = t.stage
GROUP BY 1, 2;
SELECT set_eq($$ SELECT period, value, opening_deals, opening_amount, deals_created, created_amount, deals_closed, won, lost, no_decision, not_recorded, won_amount, lost_amount, open_deals, open_amount FROM report WHERE NOT is_total AND value IS DISTINCT FROM 'eve' $$,
	$$ SELECT period, owner, opening, opening_amount, created, created_amount, closed, won, lost, undecided, unknown, won_amount, lost_amount, open, open_amount FROM oracle $$, 'counts and amounts by month and owner');
SELECT set_eq($$ SELECT period, value, unweighted_deals, weighted_amount, qualified_deals FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'moves', NULL, 'month', 'Europe/Berlin', by => 'owner') WHERE NOT is_total $$,
	$$ SELECT period, owner, unweighted, CASE WHEN unweighted = 0 THEN weighted END AS x1, NULL::bigint FROM oracle $$, 'stages then: some are unknown, which leaves sums unknown');
UPDATE deals SET stage = 'demo' WHERE stage IS NULL OR stage = 'odd';
INSERT INTO nudge.sales_stages VALUES ('unlisted', 50, 0.95, false);
CREATE TEMP VIEW known_moves AS SELECT * FROM moves UNION ALL SELECT deal, 'lead', created_at - interval '1 second' FROM deals;
CREATE TEMP VIEW known_then AS
	SELECT s.period, d.deal, (SELECT m.stage FROM known_moves m JOIN nudge.sales_stages c USING (stage) WHERE m.deal = d.deal AND m.at < s.to_at ORDER BY m.at DESC, c.position DESC LIMIT 1) AS stage FROM spans s, deals d;
SELECT set_eq($$ SELECT period, value, unweighted_deals, weighted_amount, qualified_deals FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'known_moves', NULL, 'month', 'Europe/Berlin', by => 'owner') WHERE NOT is_total $$,
	$$ SELECT s.period, d.owner, 0::bigint, sum(d.amount * c.win_probability) AS x1, count(*) FILTER (WHERE c.qualified) AS x2
		FROM spans s JOIN deals d ON d.created_at < s.to_at AND coalesce(d.closed_at >= s.to_at, true) JOIN known_then t ON t.period = s.period AND t.deal = d.deal JOIN nudge.sales_stages c ON c.stage = t.stage GROUP BY 1, 2 $$, 'weighted and qualified deals');
SELECT is_empty($$ SELECT r.* FROM report r JOIN oracle o ON o.period = r.period AND o.owner IS NOT DISTINCT FROM r.value
	WHERE NOT r.is_total AND (round(r.mean_cycle_days, 9) = round(o.mean, 9) AND abs(r.median_cycle_days - o.median::numeric) < 1e-9 AND r.cycle_deals = o.won
		AND round(r.average_deal_size, 9) = round(o.won_amount / o.won, 9) AND round(r.win_rate_by_amount, 9) = round(o.won_amount / (o.won_amount + o.lost_amount), 9)) IS NOT TRUE $$, 'cycles, sizes, shares of the amount');
SELECT is_empty($$ (SELECT period, value, is_total, deals_closed, won, lost, no_decision, not_recorded, win_rate FROM report WHERE value IS DISTINCT FROM 'eve')
	EXCEPT SELECT period, value, is_total, deals_closed, won, lost, no_decision, not_recorded, win_rate FROM nudge.win_rates('deals', '2024-01-01', '2024-05-01', 'owner', 'month', 'Europe/Berlin') $$, 'the win rate is that of win_rates');
SELECT is_empty($$ SELECT * FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'known_moves', NULL, 'month', by => 'team') r
	WHERE (round(r.sales_velocity, 9) = round(r.qualified_deals * r.average_deal_size * r.win_rate / r.mean_cycle_days, 9)) IS NOT TRUE $$, 'velocity is what its parts say');

-- Sums
SELECT is_empty(format($$ SELECT r.period FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'known_moves', NULL, 'week', by => %L) r GROUP BY r.period
	HAVING (sum(opening_amount) FILTER (WHERE is_total), sum(created_amount) FILTER (WHERE is_total), sum(won_amount) FILTER (WHERE is_total), sum(lost_amount) FILTER (WHERE is_total), sum(open_amount) FILTER (WHERE is_total), sum(weighted_amount) FILTER (WHERE is_total), sum(qualified_deals) FILTER (WHERE is_total), sum(deals_closed) FILTER (WHERE is_total), sum(cycle_deals) FILTER (WHERE is_total))
		<> (sum(opening_amount) FILTER (WHERE NOT is_total), sum(created_amount) FILTER (WHERE NOT is_total), sum(won_amount) FILTER (WHERE NOT is_total), sum(lost_amount) FILTER (WHERE NOT is_total), sum(open_amount) FILTER (WHERE NOT is_total), sum(weighted_amount) FILTER (WHERE NOT is_total), sum(qualified_deals) FILTER (WHERE NOT is_total), sum(deals_closed) FILTER (WHERE NOT is_total), sum(cycle_deals) FILTER (WHERE NOT is_total)) $$, g), g || ' adds up to the total')
	FROM unnest('{owner,team,segment}'::text[]) g;
SELECT is_empty($$ SELECT r.period FROM (SELECT *, lag(open_amount) OVER (PARTITION BY is_total, value ORDER BY period) AS before FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', grain => 'week', by => 'team')) r
	WHERE opening_amount + created_amount - won_amount - lost_amount - not_recorded_amount <> open_amount OR opening_amount <> before OR opening_deals + deals_created - deals_closed <> open_deals $$, 'opening and movements are closing, which is the next opening');

-- As of an instant: nothing later is known
CREATE TEMP VIEW deals_then AS SELECT deal, created_at, CASE WHEN closed_at < '2024-03-10 07:30Z' THEN closed_at END AS closed_at, CASE WHEN closed_at < '2024-03-10 07:30Z' THEN outcome END AS outcome, amount, currency, NULL::text AS stage, owner, team, segment FROM deals WHERE created_at < '2024-03-10 07:30Z';
CREATE TEMP VIEW moves_then AS SELECT * FROM known_moves WHERE at < '2024-03-10 07:30Z';
SELECT set_eq($$ SELECT period, value, is_total, opening_amount, created_amount, won_amount, lost_amount, open_deals, open_amount, weighted_amount, qualified_deals, win_rate, mean_cycle_days, median_cycle_days, sales_velocity, quota, quota_attainment FROM nudge.sales_report('deals', '2024-01-01', '2024-04-01', 'known_moves', 'quotas', 'month', 'Europe/Berlin', '2024-03-10 07:30Z', 'owner') $$,
	$$ SELECT period, value, is_total, opening_amount, created_amount, won_amount, lost_amount, open_deals, open_amount, weighted_amount, qualified_deals, win_rate, mean_cycle_days, median_cycle_days, sales_velocity, quota, quota_attainment FROM nudge.sales_report('deals_then', '2024-01-01', '2024-04-01', 'moves_then', 'quotas', 'month', 'Europe/Berlin', by => 'owner') $$, 'as_of is what later rows deleted say');

-- Any order of rows, any zone of the session
CREATE TEMP TABLE shuffled AS SELECT * FROM deals ORDER BY md5(deal::text);
SET timezone = 'Pacific/Auckland';
SELECT is_empty($$ (SELECT * FROM nudge.sales_report('shuffled', '2024-01-01', '2024-05-01', 'moves', 'quotas', 'month', 'Europe/Berlin', by => 'team')
	EXCEPT SELECT * FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'moves', 'quotas', 'month', 'Europe/Berlin', by => 'team')) $$, 'nothing depends on the order of the rows');
SELECT is_empty($$ (SELECT opening_deals, created_amount, won_amount, median_cycle_days, quota FROM report EXCEPT
	SELECT opening_deals, created_amount, won_amount, median_cycle_days, quota FROM nudge.sales_report('deals', '2024-01-01', '2024-05-01', 'moves', 'quotas', 'month', 'Europe/Berlin', by => 'owner', company => 'company')) $$, 'or on the time zone of the session');
SET timezone = 'UTC';

-- Quotas
SELECT set_eq($$ SELECT period, value, is_total, quota, round(quota_attainment, 12) AS x1 FROM report WHERE quota IS NOT NULL $$,
	$$ SELECT q.period, nullif(q.owner, 'company') AS x1, q.owner = 'company' AS x2, q.amount, round(coalesce((SELECT sum(o.won_amount) FROM oracle o WHERE o.period = q.period AND (o.owner = q.owner OR q.owner = 'company')), 0) / q.amount, 12) AS x3
		FROM quotas q WHERE q.owner IN ('ann', 'bob', 'cid', 'eve', 'company') AND q.period >= '2024-01-01' AND q.period < '2024-05-01' $$, 'quotas of owners and of the company');
SELECT set_eq($$ SELECT value, is_total, quota FROM nudge.sales_report('deals', '2024-01-01', '2024-04-01', NULL, 'quotas', 'quarter', by => 'team') WHERE quota IS NOT NULL $$,
	$$ SELECT owner, false, sum(amount) AS x1 FROM quotas WHERE owner IN ('north', 'south') AND period >= '2024-01-01' AND period < '2024-04-01' GROUP BY owner
		UNION ALL SELECT NULL, true, sum(amount) AS x2 FROM quotas WHERE owner NOT IN ('north', 'south') AND period >= '2024-01-01' AND period < '2024-04-01' $$, 'quotas of a quarter by team; without a name the company''s is all that is no team''s');

-- Activities
CREATE TEMP TABLE work AS SELECT * FROM nudge.sales_activities('activities', 'deals', '2024-01-01', '2024-05-01', 'month', 'Europe/Berlin', by => 'owner');
SELECT set_eq($$ SELECT period, value, kind, activities_done FROM work WHERE NOT is_total AND NOT all_kinds AND activities_done > 0 $$,
	$$ SELECT s.period, a.owner, lower(a.kind) AS x1, count(*) AS x2 FROM spans s JOIN activities a ON a.at >= s.from_at AND a.at < s.to_at GROUP BY 1, 2, 3 $$, 'activities by month, owner and kind');
SELECT set_eq($$ SELECT period, value, kind, deals_won, direct_activities FROM work WHERE direct_activities > 0 $$,
	$$ SELECT s.period, d.owner, lower(a.kind) AS x1, (SELECT count(*) FROM deals w WHERE w.outcome = 'won' AND w.closed_at >= s.from_at AND w.closed_at < s.to_at AND (grouping(d.owner) = 1 OR w.owner IS NOT DISTINCT FROM d.owner)) AS x2, count(*) AS x3
		FROM spans s JOIN deals d ON d.outcome = 'won' AND d.closed_at >= s.from_at AND d.closed_at < s.to_at
		JOIN activities a ON a.deal = d.deal AND (a.at AT TIME ZONE 'Europe/Berlin')::date <= (d.closed_at AT TIME ZONE 'Europe/Berlin')::date
		GROUP BY s.period, s.from_at, s.to_at, CUBE (d.owner, lower(a.kind)) $$, 'activities for the deals won');

-- Contracts
CREATE TEMP TABLE contracts AS
SELECT g AS contract, floor(random() * 60)::integer AS customer, day AS signed_at, CASE WHEN g % 4 > 0 THEN day + g % 50 - 5 END AS starts_at,
	CASE WHEN g % 6 > 0 THEN (CASE WHEN g % 2 > 0 THEN date_trunc('month', day + g % 50 + 31 + floor(random() * 150) * interval '1 day') ELSE day + g % 50 + 1 + floor(random() * 150) * interval '1 day' END) AT TIME ZONE 'Europe/Berlin' END AS ends_at, CASE WHEN g % 40 > 0 THEN 1 + g % 24 END AS term_months, round((random() * 1000)::numeric, 2) AS amount, 'EUR' AS currency
FROM (SELECT g, date '2023-10-01' + floor(random() * 210)::integer AS day FROM generate_series(1, 150) g) r;
CREATE TEMP TABLE accounts AS SELECT g AS customer, date '2023-01-01' AS created_at, (ARRAY['SMB', 'Enterprise', NULL])[1 + g % 3] AS segment FROM generate_series(0, 50) g;
CREATE TEMP VIEW held AS
SELECT s.period, c.segment, l.customer::text, min(l.first_annual_amount) AS initial, CASE WHEN count(*) = count(l.annual_amount) THEN sum(l.annual_amount) END AS annual
FROM (SELECT period, least(to_at, '2024-04-12 00:00Z') AS at FROM spans) s
JOIN nudge.contract_lines('contracts') l ON l.signed_at < s.at AND l.starts_at < s.at AND coalesce(l.ends_at >= s.at, true)
LEFT JOIN accounts c ON c.customer::text = l.customer
GROUP BY 1, 2, 3;
CREATE TEMP TABLE value AS SELECT * FROM nudge.contract_values('contracts', '2024-01-01', '2024-05-01', 'accounts', 'month', 'Europe/Berlin', '2024-04-12 00:00Z');
SELECT set_eq($$ SELECT period, segment, all_segments, customers_in_force, round(initial_annual_amount, 9) AS x1, round(annual_amount, 9) AS x2 FROM value WHERE customers_in_force > 0 $$,
	$$ SELECT h.period, h.segment, grouping(h.segment) = 1 AS x1, count(*) AS x2, round(CASE WHEN count(*) = count(h.initial) THEN sum(h.initial) END, 9) AS x3, round(CASE WHEN count(*) = count(h.annual) THEN sum(h.annual) END, 9) AS x4
		FROM held h GROUP BY GROUPING SETS ((h.period, h.segment), (h.period)) $$, 'contracts in force');
SELECT set_eq($$ SELECT period, segment, initial_contracts, initial_amount, later_contracts, later_amount FROM value WHERE NOT all_segments AND initial_contracts + later_contracts > 0 $$,
	$$ SELECT s.period, c.segment, count(*) FILTER (WHERE l.number = 1) AS x1, coalesce(sum(l.amount) FILTER (WHERE l.number = 1), 0) AS x2, count(*) FILTER (WHERE l.number > 1) AS x3, coalesce(sum(l.amount) FILTER (WHERE l.number > 1), 0) AS x4
		FROM spans s JOIN nudge.contract_lines('contracts') l ON l.signed_at >= s.from_at AND l.signed_at < least(s.to_at, '2024-04-12 00:00Z') LEFT JOIN accounts c ON c.customer::text = l.customer GROUP BY 1, 2 $$, 'contracts signed');

SELECT * FROM finish();
ROLLBACK;
