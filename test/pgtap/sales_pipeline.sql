--
-- sales_pipeline.sql
--		The pipeline against plain SQL on random deals.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed sales_pipeline
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(16);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

INSERT INTO nudge.sales_stages VALUES ('lead', 10, 0.05, false), ('demo', 20, 0.25, true), ('trial', 20, 0.3, true), ('proposal', 30, 0.5, true), ('contract', 40, 0.9, true);
CREATE TEMP TABLE deals AS
SELECT g AS deal, at AS created_at, CASE WHEN outcome IS NOT NULL OR g % 11 = 0 THEN at + length END AS closed_at, outcome, round((random() * 1000)::numeric, 2) AS amount, 'EUR' AS currency, 'lead' AS stage,
	(ARRAY['ann', 'bob', 'cid', NULL])[1 + g % 4] AS owner, (ARRAY['north', 'south', NULL])[1 + g % 3] AS team, (ARRAY['SMB', 'Enterprise'])[1 + g % 2] AS segment,
	CASE WHEN g % 9 > 0 THEN date '2024-01-15' + floor(random() * 120)::integer END AS expected_close
FROM (SELECT g, timestamptz '2023-11-01Z' + CASE WHEN g % 3 = 0 THEN floor(random() * 180) * interval '1 day' ELSE floor(random() * 180 * 86400) * interval '1 second' END AS at,
		floor(random() * 60) * interval '1 day' AS length, (ARRAY['won', 'lost', 'no_decision', 'won', NULL, NULL])[1 + floor(random() * 6)::integer] AS outcome
	FROM generate_series(1, 700) g) r;
CREATE TEMP TABLE moves AS
SELECT d.deal, s.stage, d.created_at + CASE WHEN d.deal % 3 = 0 THEN s.n * interval '7 days' ELSE s.n * interval '5 days' + floor(random() * 10) * interval '1 day' END AS at
FROM deals d, LATERAL (SELECT n - 1 AS n, (ARRAY['lead', 'demo', 'trial', 'proposal', 'contract', 'unlisted'])[1 + floor(random() * 6 + 0 * d.deal)::integer] AS stage FROM generate_series(1, 1 + d.deal % 6) n) s
WHERE d.deal % 7 > 0;
CREATE TEMP TABLE quotas AS
SELECT o AS owner, m::date AS period, round((random() * 20000)::numeric, 2) AS amount, 'EUR' AS currency
FROM unnest('{ann,bob,cid}'::text[]) o, generate_series(timestamp '2024-01-01', '2024-06-01', '1 month') m;
CREATE TEMP TABLE activities AS
SELECT 'ann' AS owner, timestamptz '2023-11-01Z' + floor(random() * 180 * 86400) * interval '1 second' AS at, 'call' AS kind, nullif(floor(random() * 800)::integer, 0) AS deal FROM generate_series(1, 2000) g;

-- What is open
CREATE TEMP TABLE open_then AS SELECT * FROM nudge.pipeline_deals('deals', 'moves', 'activities', 'America/New_York', '2024-03-05 03:00Z');
CREATE TEMP TABLE oracle AS
SELECT d.*, s.stage AS stage_then, s.at AS entered_at, c.position AS stage_position, c.win_probability, c.qualified, a.n, a.last_at
FROM deals d
LEFT JOIN LATERAL (SELECT m.stage, m.at FROM moves m LEFT JOIN nudge.sales_stages c USING (stage) WHERE m.deal = d.deal AND m.at < '2024-03-05 03:00Z' ORDER BY m.at DESC, c.position DESC NULLS LAST, m.stage DESC LIMIT 1) s ON true
LEFT JOIN nudge.sales_stages c ON c.stage = s.stage,
	LATERAL (SELECT count(*) AS n, max(a.at) AS last_at FROM activities a WHERE a.deal = d.deal AND a.at < '2024-03-05 03:00Z') a
WHERE d.created_at < '2024-03-05 03:00Z' AND coalesce(d.closed_at >= '2024-03-05 03:00Z', true);
SELECT set_eq($$ SELECT deal, owner, stage, stage_entered_at, qualified, amount, weighted_amount, overdue, round(age_days, 9) AS x1, round(stage_days, 9) AS x2, activity_count, last_activity_at, round(idle_days, 9) AS x3 FROM open_then $$,
	$$ SELECT deal::text, owner, stage_then, entered_at, qualified, amount, amount * win_probability AS x1, expected_close < '2024-03-04' AS x2, round(extract(epoch FROM timestamptz '2024-03-05 03:00Z' - created_at) / 86400, 9) AS x3,
		round(extract(epoch FROM timestamptz '2024-03-05 03:00Z' - entered_at) / 86400, 9) AS x4, n, last_at, round(extract(epoch FROM timestamptz '2024-03-05 03:00Z' - coalesce(last_at, created_at)) / 86400, 9) AS x5 FROM oracle $$, 'open deals as of an instant');
SELECT set_eq($$ SELECT value, open_deals, open_amount, unweighted_deals, weighted_amount, overdue_deals, stale_deals, stale_amount, activity_count FROM nudge.pipeline_value('deals', 'moves', 'activities', 'America/New_York', '2024-03-05 03:00Z', stale_days => 20) WHERE NOT is_total $$,
	$$ SELECT stage_then, count(*) AS x1, sum(amount) AS x2, count(*) FILTER (WHERE win_probability IS NULL) AS x3, CASE WHEN count(*) = count(win_probability) THEN sum(amount * win_probability) END AS x4, count(*) FILTER (WHERE expected_close < '2024-03-04') AS x5,
		count(*) FILTER (WHERE coalesce(last_at, created_at) <= timestamptz '2024-03-05 03:00Z' - interval '480 hours') AS x6, coalesce(sum(amount) FILTER (WHERE coalesce(last_at, created_at) <= timestamptz '2024-03-05 03:00Z' - interval '480 hours'), 0) AS x7, sum(n)::bigint AS x8 FROM oracle GROUP BY 1 $$, 'by stage');
SELECT is_empty(format($$ SELECT 1 FROM nudge.pipeline_value('deals', 'moves', 'activities', as_of => '2024-03-05 03:00Z', by => %L) HAVING sum(open_deals) FILTER (WHERE is_total) <> sum(open_deals) FILTER (WHERE NOT is_total)
	OR sum(open_amount) FILTER (WHERE is_total) <> sum(open_amount) FILTER (WHERE NOT is_total) OR sum(stale_deals) FILTER (WHERE is_total) <> sum(stale_deals) FILTER (WHERE NOT is_total) $$, b), 'pipeline by ' || b || ' adds up')
	FROM unnest('{stage,owner,team,segment}'::text[]) b;
SELECT results_eq($$ SELECT open_deals, open_amount FROM nudge.sales_report('deals', '2024-01-01', '2024-12-01', 'moves', as_of => '2024-03-05 03:00Z') $$,
	$$ SELECT open_deals, open_amount FROM nudge.pipeline_value('deals', 'moves', as_of => '2024-03-05 03:00Z', by => NULL) $$, 'the report and the pipeline see the same deals');

-- Coverage and forecast
SELECT set_eq($$ SELECT period, value, stage, all_stages, open_deals, open_amount, overdue_amount, won_amount, quota, round(coverage, 9) AS x1, round(coverage_of_quota, 9) AS x2 FROM nudge.pipeline_coverage('deals', 'quotas', '2024-03-01', '2024-05-01', 'moves', 'month', 'America/New_York', '2024-03-05 03:00Z', 'owner') WHERE NOT is_total $$,
	$$ WITH won AS (SELECT owner, sum(amount) AS amount FROM deals WHERE outcome = 'won' AND closed_at >= '2024-03-01 05:00Z' AND closed_at < '2024-03-05 03:00Z' GROUP BY 1),
		cell AS (SELECT p::date AS period, o.owner, q.amount AS quota, CASE WHEN p = '2024-03-01' THEN coalesce(w.amount, 0) END AS won
			FROM unnest('{2024-03-01,2024-04-01}'::date[]) p CROSS JOIN (SELECT DISTINCT owner FROM deals) o LEFT JOIN quotas q ON q.owner = o.owner AND q.period = p LEFT JOIN won w ON w.owner IS NOT DISTINCT FROM o.owner),
		n AS (SELECT date_trunc('month', expected_close)::date AS period, owner, stage_then, grouping(stage_then) = 1 AS al, count(*) AS n, sum(amount) AS amount, coalesce(sum(amount) FILTER (WHERE expected_close < '2024-03-04'), 0) AS overdue
			FROM oracle GROUP BY GROUPING SETS ((1, 2, 3), (1, 2)))
		SELECT c.period, c.owner, n.stage_then, coalesce(n.al, true) AS x1, coalesce(n.n, 0) AS x2, coalesce(n.amount, 0) AS x3, coalesce(n.overdue, 0) AS x4, c.won, c.quota,
			round(coalesce(n.amount, 0) / CASE WHEN c.quota > coalesce(c.won, 0) THEN c.quota - coalesce(c.won, 0) END, 9) AS x5, round(coalesce(n.amount, 0) / c.quota, 9) AS x6
		FROM cell c LEFT JOIN n ON n.period = c.period AND n.owner IS NOT DISTINCT FROM c.owner $$, 'coverage by owner and stage');
CREATE TEMP TABLE forecast AS SELECT * FROM nudge.sales_forecast('deals', '2024-03-01', '2024-04-15', 'moves', 'month', 'America/New_York', '2024-03-05 03:00Z', 'team', 0.5, 0.25);
SELECT set_eq($$ SELECT period, timing, value, stage, open_deals, open_amount, commit_amount, best_case_amount FROM forecast WHERE NOT is_total AND NOT all_stages $$,
	$$ SELECT CASE WHEN expected_close >= '2024-03-01' AND expected_close < '2024-04-15' THEN date_trunc('month', expected_close)::date END AS x1, CASE WHEN expected_close < '2024-03-04' THEN 'overdue' WHEN expected_close < '2024-04-15' THEN 'expected' WHEN expected_close IS NOT NULL THEN 'later' ELSE 'no_date' END AS x2,
		team, stage_then, count(*) AS x3, sum(amount) AS x4, CASE WHEN count(*) = count(win_probability) THEN coalesce(sum(amount) FILTER (WHERE win_probability >= 0.5), 0) END AS x5, CASE WHEN count(*) = count(win_probability) THEN coalesce(sum(amount) FILTER (WHERE win_probability >= 0.25), 0) END AS x6
		FROM oracle GROUP BY 1, 2, 3, 4 $$, 'forecast by period, team and stage');
SELECT is_empty($$ SELECT is_total, all_stages FROM forecast GROUP BY 1, 2 HAVING sum(open_deals) <> (SELECT count(*) FROM oracle) OR sum(open_amount) <> (SELECT sum(amount) FROM oracle) $$, 'every open deal is in the forecast once');

-- From stage to stage
SELECT set_eq($$ SELECT stage, deals_closed, won, lost, no_decision, not_recorded, round(win_rate, 9) AS x1 FROM nudge.stage_win_rates('deals', 'moves', '2024-01-01', '2024-04-01', as_of => '2024-03-05 03:00Z') $$,
	$$ SELECT s.stage, count(*) AS x1, count(*) FILTER (WHERE outcome = 'won') AS won, count(*) FILTER (WHERE outcome = 'lost') AS lost, count(*) FILTER (WHERE outcome = 'no_decision') AS undecided, count(*) FILTER (WHERE outcome IS NULL) AS unknown, round(count(*) FILTER (WHERE outcome = 'won')::numeric / nullif(count(outcome), 0), 9) AS x2
		FROM (SELECT DISTINCT stage FROM moves) s JOIN deals d ON EXISTS (SELECT FROM moves m WHERE m.deal = d.deal AND m.stage = s.stage AND m.at < '2024-03-05 03:00Z')
		WHERE d.closed_at >= '2024-01-01Z' AND d.closed_at < '2024-03-05 03:00Z' GROUP BY 1 $$, 'win rates of stages');
CREATE TEMP VIEW m AS SELECT m.*, c.position FROM moves m LEFT JOIN nudge.sales_stages c USING (stage) WHERE m.at < '2024-03-05 03:00Z';
CREATE TEMP TABLE passage AS
SELECT d.deal, e.stage, e.position, e.at, d.owner, CASE WHEN d.closed_at < '2024-03-05 03:00Z' THEN d.outcome END AS outcome, coalesce(d.closed_at < '2024-03-05 03:00Z', false) AS closed, d.closed_at,
	(SELECT min(m.at) FROM m WHERE m.deal = e.deal AND m.at >= e.at AND m.position = (SELECT min(c.position) FROM nudge.sales_stages c WHERE c.position > e.position)) AS next_at,
	(SELECT min(m.at) FROM m WHERE m.deal = e.deal AND m.at >= e.at AND m.position > e.position) AS later_at,
	(SELECT min(m.at) FROM m WHERE m.deal = e.deal AND m.at > e.at AND m.position < e.position) AS back_at
FROM (SELECT deal, stage, position, min(at) AS at FROM m GROUP BY 1, 2, 3) e JOIN deals d USING (deal) WHERE d.created_at < '2024-03-05 03:00Z';
SELECT set_eq($$ SELECT deal, stage, entered_at, next_stage_at, returned_at, advanced_at, status, round(days, 9) AS x1 FROM nudge.stage_passages('deals', 'moves', '2024-03-05 03:00Z') $$,
	$$ SELECT deal::text, stage, at, next_at, back_at, a.advanced_at, CASE WHEN position IS NULL THEN NULL WHEN later_at IS NOT NULL OR outcome = 'won' THEN 'advanced' WHEN closed THEN 'dropped' ELSE 'waiting' END AS x1,
		round(extract(epoch FROM CASE WHEN a.advanced_at >= at THEN a.advanced_at - at WHEN later_at IS NULL AND NOT closed THEN '2024-03-05 03:00Z' - at END) / 86400, 9) AS x2
		FROM passage, LATERAL (SELECT coalesce(later_at, CASE WHEN outcome = 'won' AND position IS NOT NULL THEN closed_at END) AS advanced_at) a $$, 'passages from stage to stage');
CREATE TEMP TABLE conversion AS SELECT * FROM nudge.stage_conversion('deals', 'moves', '2024-01-01', '2024-04-01', 'month', as_of => '2024-03-05 03:00Z', by => 'owner');
SELECT set_eq($$ SELECT period, value, stage, entered, coalesce(reached_next, 0) AS x1, advanced, dropped, waiting, returned, won FROM conversion WHERE NOT is_total AND stage <> 'unlisted' $$,
	$$ SELECT date_trunc('month', at)::date AS x1, owner, stage, count(*) AS x2, count(next_at) AS x3, count(*) FILTER (WHERE later_at IS NOT NULL OR outcome = 'won') AS advanced, count(*) FILTER (WHERE later_at IS NULL AND closed AND outcome IS DISTINCT FROM 'won') AS dropped,
		count(*) FILTER (WHERE later_at IS NULL AND NOT closed) AS waiting, count(back_at) AS x4, count(*) FILTER (WHERE outcome = 'won') AS won
		FROM passage WHERE at >= '2024-01-01Z' AND stage <> 'unlisted' GROUP BY 1, 2, 3 $$, 'cohorts of stages');
SELECT is_empty($$ SELECT * FROM conversion WHERE entered <> advanced + dropped + waiting OR reached_next > advanced OR won > advanced
	OR advance_rate <> advanced::numeric / entered OR (reached_next IS NULL) <> (stage IN ('contract', 'unlisted')) $$, 'what entered went on, out, or is there');
SELECT is_empty($$ SELECT period, stage FROM conversion GROUP BY 1, 2 HAVING sum(entered) FILTER (WHERE is_total) <> sum(entered) FILTER (WHERE NOT is_total) OR sum(advanced) FILTER (WHERE is_total) <> sum(advanced) FILTER (WHERE NOT is_total) $$, 'owners add up');

-- Later rows do not matter
CREATE TEMP VIEW deals_then AS SELECT deal, created_at, CASE WHEN closed_at < '2024-03-05 03:00Z' THEN closed_at END AS closed_at, CASE WHEN closed_at < '2024-03-05 03:00Z' THEN outcome END AS outcome, amount, currency, NULL::text AS stage, owner, team, segment, expected_close FROM deals WHERE created_at < '2024-03-05 03:00Z';
CREATE TEMP VIEW moves_then AS SELECT * FROM moves WHERE at < '2024-03-05 03:00Z';
SET timezone = 'Pacific/Auckland';
SELECT is_empty($$ (SELECT deal, stage, advanced_at, status FROM nudge.stage_passages('deals', 'moves', '2024-03-05 03:00Z') EXCEPT SELECT deal, stage, advanced_at, status FROM nudge.stage_passages('deals_then', 'moves_then'))
	UNION ALL (SELECT deal, stage, NULL::timestamptz, weighted_amount::text FROM open_then EXCEPT SELECT deal, stage, NULL::timestamptz, weighted_amount::text FROM nudge.pipeline_deals('deals_then', 'moves_then')) $$, 'as_of is what later rows deleted say, in any zone of the session');

SELECT * FROM finish();
ROLLBACK;
