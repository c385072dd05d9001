--
-- competition.sql
--		Competition against plain SQL on random facts and deals.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed competition
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(15);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

CREATE TEMP TABLE facts AS
SELECT timestamptz '2023-11-15 00:00Z' + floor(random() * 200 * 86400) * interval '1 second' AS at,
	(ARRAY['us', 'alpha', 'beta', 'gamma'])[1 + floor(random() * 4)::integer] AS competitor,
	(ARRAY['mention', 'mention', 'share_of_voice', 'feature', 'market_size', 'price'])[1 + g % 6] AS kind,
	(ARRAY['search', 'social', NULL])[1 + floor(random() * 3)::integer] AS channel,
	CASE g % 6 WHEN 2 THEN round(random()::numeric, 3) WHEN 3 THEN floor(random() * 2)::numeric ELSE floor(random() * 5)::numeric END AS value,
	CASE WHEN g % 6 = 3 THEN 'f' || floor(random() * 6) WHEN g % 6 = 5 THEN 't' || floor(random() * 3) END AS detail
FROM generate_series(1, 1500) g;
CREATE TEMP TABLE deals AS
SELECT g AS deal, timestamptz '2023-11-01Z' AS created_at, 1 AS amount, 'EUR' AS currency, 'x' AS stage,
	CASE WHEN random() < 0.9 THEN timestamptz '2023-12-01Z' + floor(random() * 150 * 86400) * interval '1 second' END AS closed_at,
	(ARRAY['won', 'lost', 'no_decision', 'lost', NULL])[1 + floor(random() * 5)::integer] AS outcome,
	(ARRAY['alpha', 'beta', 'homegrown', NULL])[1 + floor(random() * 4)::integer] AS competitor,
	(ARRAY['price', 'brand', 'support', 'price;brand', NULL])[1 + floor(random() * 5)::integer] AS reason
FROM generate_series(1, 600) g;

-- Share of voice
CREATE TEMP TABLE voice AS SELECT * FROM nudge.share_of_voice('facts', '2024-01-01', '2024-04-01', 'month');
SELECT set_eq($$ SELECT period, channel, competitor, voice FROM voice WHERE NOT all_channels AND voice > 0 $$,
	$$ SELECT date_trunc('month', at)::date, channel, competitor, sum(value) FROM facts
		WHERE kind = 'mention' AND at >= '2024-01-01Z' AND at < '2024-04-01Z' GROUP BY 1, 2, 3 HAVING sum(value) > 0 $$, 'voice by month and channel');
SELECT set_eq($$ SELECT period, competitor, voice, round(share, 12) FROM voice WHERE all_channels $$,
	$$ SELECT date_trunc('month', at)::date, competitor, sum(value), round(sum(value) / sum(sum(value)) OVER (PARTITION BY date_trunc('month', at)), 12) FROM facts
		WHERE kind = 'mention' AND at >= '2024-01-01Z' AND at < '2024-04-01Z' GROUP BY date_trunc('month', at), competitor $$, 'share of voice on all channels');
SELECT is_empty($$ SELECT period, channel FROM voice GROUP BY period, channel, all_channels HAVING round(sum(share), 12) <> 1 OR sum(voice) <> min(total_voice) $$, 'shares add up to 1, voice to the total');
SELECT is_empty($$ SELECT a.period FROM voice a JOIN voice b ON b.period = a.period - interval '1 month' AND b.competitor = a.competitor AND b.all_channels = a.all_channels AND b.channel IS NOT DISTINCT FROM a.channel
	WHERE a.share_change IS DISTINCT FROM a.share - b.share OR a.recorded_share_change IS DISTINCT FROM a.recorded_share - b.recorded_share $$, 'changes are from the month before');
SELECT set_eq($$ SELECT period, channel, competitor, round(recorded_share, 12) FROM voice WHERE recorded_share IS NOT NULL $$,
	$$ SELECT date_trunc('month', at)::date, channel, competitor, round(avg(value), 12) FROM facts
		WHERE kind = 'share_of_voice' AND at >= '2024-01-01Z' AND at < '2024-04-01Z' GROUP BY 1, 2, 3 $$, 'recorded shares');
SELECT set_eq($$ SELECT competitor, mentions, previous_mentions FROM nudge.competitive_mentions('facts', '2024-03-15', 14) $$,
	$$ SELECT competitor, coalesce(sum(value) FILTER (WHERE at >= '2024-03-02Z'), 0) AS now, coalesce(sum(value) FILTER (WHERE at < '2024-03-02Z'), 0) AS before FROM facts
		WHERE kind = 'mention' AND competitor <> 'us' AND at >= '2024-02-17Z' AND at < '2024-03-16Z' GROUP BY 1 $$, 'mentions of 14 days and the 14 before');

-- Readings and features
SELECT set_eq($$ SELECT competitor, channel, detail, value, seen_at FROM nudge.competitor_readings('facts', 'price', '2024-02-29') $$,
	$$ SELECT DISTINCT ON (competitor, channel, detail) competitor, channel, detail, value, at FROM facts WHERE kind = 'price' AND at < '2024-03-01Z'
		ORDER BY competitor, channel, detail, at DESC, value DESC $$, 'the latest readings');
CREATE TEMP VIEW has AS
	SELECT competitor, detail AS feature FROM (SELECT DISTINCT ON (competitor, channel, detail) * FROM facts WHERE kind = 'feature' AND at < '2024-03-01Z'
		ORDER BY competitor, channel, detail, at DESC, value DESC) r GROUP BY 1, 2 HAVING max(value) > 0;
SELECT set_eq($$ SELECT o, s.features_total, s.unique_features FROM unnest('{us,alpha,beta,gamma}'::text[]) o, nudge.differentiation_score('facts', '2024-02-29', own => o) s $$,
	$$ SELECT o, count(h.feature) AS features, count(h.feature) FILTER (WHERE NOT EXISTS (SELECT FROM has r WHERE r.feature = h.feature AND r.competitor <> o))
		FROM unnest('{us,alpha,beta,gamma}'::text[]) o LEFT JOIN has h ON h.competitor = o GROUP BY o $$, 'unique features');

-- Deals
CREATE TEMP TABLE rates AS SELECT * FROM nudge.win_rates('deals', '2024-01-01', '2024-04-01', 'competitor', 'month');
SELECT set_eq($$ SELECT period, value, won, lost, no_decision, not_recorded, round(win_rate, 12) FROM rates WHERE NOT is_total AND deals_closed > 0 $$,
	$$ SELECT date_trunc('month', closed_at)::date, competitor, count(*) FILTER (WHERE outcome = 'won') AS won, count(*) FILTER (WHERE outcome = 'lost') AS lost,
		count(*) FILTER (WHERE outcome = 'no_decision') AS undecided, count(*) FILTER (WHERE outcome IS NULL) AS unknown, round(count(*) FILTER (WHERE outcome = 'won')::numeric / nullif(count(outcome), 0), 12)
		FROM deals WHERE closed_at >= '2024-01-01Z' AND closed_at < '2024-04-01Z' GROUP BY 1, 2 $$, 'win rates by month and competitor');
SELECT is_empty($$ SELECT period FROM rates GROUP BY period
	HAVING sum(won) FILTER (WHERE is_total) <> sum(won) FILTER (WHERE NOT is_total) OR sum(deals_closed) FILTER (WHERE is_total) <> sum(deals_closed) FILTER (WHERE NOT is_total) $$, 'competitors add up to the total');
SELECT is_empty($$ SELECT * FROM rates WHERE NOT win_rate BETWEEN rate_low::numeric - 1e-12 AND rate_high::numeric + 1e-12 OR deals_closed <> won + lost + no_decision + not_recorded $$, 'rates are within their intervals, outcomes add up');
SELECT set_eq($$ SELECT direction, competitor, deals_closed FROM nudge.wins_and_losses('deals', '2024-01-01', '2024-04-01') $$,
	$$ SELECT CASE outcome WHEN 'won' THEN 'wins_from' ELSE 'losses_to' END AS direction, CASE outcome WHEN 'no_decision' THEN outcome ELSE competitor END AS competitor, count(*)
		FROM deals WHERE closed_at >= '2024-01-01Z' AND closed_at < '2024-04-01Z' AND outcome IS NOT NULL GROUP BY 1, 2 $$, 'wins and losses');
CREATE TEMP TABLE reasons AS SELECT * FROM nudge.win_loss_reasons('deals', '2024-01-01', '2024-04-01', 'month');
SELECT is_empty($$ SELECT period, outcome, competitor FROM reasons GROUP BY period, outcome, all_competitors, competitor
	HAVING round(sum(share), 12) <> 1 OR sum(deals_closed) <> min(outcome_deals) $$, 'shares of reasons add up to 1');
SELECT set_eq($$ SELECT outcome, competitor, reason, deals_closed FROM nudge.win_loss_reasons('deals', '2024-01-01', '2024-04-01', separator => ';') WHERE NOT all_competitors $$,
	$$ SELECT outcome, competitor, reason, count(*) FROM (SELECT d.outcome, d.competitor, r AS reason FROM deals d LEFT JOIN unnest(string_to_array(d.reason, ';')) r ON true
			WHERE closed_at >= '2024-01-01Z' AND closed_at < '2024-04-01Z' AND outcome IS NOT NULL) t GROUP BY 1, 2, 3 $$, 'themes');

-- The session's zone
SET timezone = 'Pacific/Auckland';
SELECT is_empty($$ (SELECT * FROM nudge.share_of_voice('facts', '2024-01-01', '2024-04-01', 'month') EXCEPT SELECT * FROM voice) $$, 'nothing depends on the time zone of the session');

SELECT * FROM finish();
ROLLBACK;
