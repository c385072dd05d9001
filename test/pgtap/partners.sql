--
-- partners.sql
--		What partners bring against plain SQL on random journeys and deals.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed partners
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(11);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

CREATE TEMP TABLE touches AS
SELECT 'c' || floor(random() * 60) AS customer, timestamptz '2023-09-01Z' + floor(random() * 180 * 86400) * interval '1 second' AS at, 'ch' || g % 3 AS channel,
	(ARRAY['acme', 'bolt', 'core', NULL, NULL])[1 + floor(random() * 5)::integer] AS partner
FROM generate_series(1, 200) g;
CREATE TEMP TABLE conversions AS
SELECT 'c' || floor(random() * 60) AS customer, timestamptz '2023-11-01Z' + floor(random() * 120 * 86400) * interval '1 second' AS at, round((random() * 100)::numeric, 2) AS revenue, 'EUR' AS currency
FROM generate_series(1, 150) g;
CREATE TEMP TABLE deals AS
SELECT g AS deal, 'c' || floor(random() * 60) AS customer, c AS created_at, CASE WHEN o IS NOT NULL THEN c + floor(random() * 80 * 86400) * interval '1 second' END AS closed_at, o AS outcome,
	round((random() * 1000)::numeric, 2) AS amount, 'EUR' AS currency, 'x' AS stage, (ARRAY['SMB', 'Enterprise', NULL])[1 + g % 3] AS segment,
	(ARRAY['acme', 'bolt', NULL, NULL, NULL, NULL])[1 + floor(random() * 6)::integer] AS partner
FROM (SELECT g, timestamptz '2023-10-01Z' + floor(random() * 120 * 86400) * interval '1 second' AS c, (ARRAY['won', 'lost', 'no_decision', NULL])[1 + g % 4] AS o FROM generate_series(1, 120) g) d;
CREATE TEMP TABLE spend AS
SELECT date '2023-12-20' + g AS day, (ARRAY['partner', 'events'])[1 + g % 2] AS channel, g + 0.5 AS amount, 'EUR' AS currency, (ARRAY['acme', 'bolt', 'zeta', NULL])[1 + g % 4] AS partner FROM generate_series(1, 50) g;

CREATE TEMP TABLE item AS SELECT * FROM nudge.partner_items('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', lookback => '45 days');
CREATE TEMP TABLE performance AS SELECT * FROM nudge.partner_performance('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', by_segment => true, lookback => '45 days');

-- Conversions one by one
CREATE TEMP VIEW expected AS
	SELECT c.customer, c.at, c.revenue AS amount, coalesce(d.partner, first.partner) AS sourced_by,
		ARRAY(SELECT DISTINCT p FROM (SELECT t.partner AS p FROM touches t WHERE t.customer = c.customer AND t.at <= c.at AND t.at > c.at - interval '1080 hours'
			UNION ALL SELECT d.partner) x WHERE p IS NOT NULL ORDER BY p) AS influenced_by
	FROM conversions c
	LEFT JOIN LATERAL (SELECT t.partner FROM touches t WHERE t.customer = c.customer AND t.at <= c.at AND t.at > c.at - interval '1080 hours' ORDER BY t.at LIMIT 1) first ON true
	LEFT JOIN LATERAL (SELECT d.partner FROM deals d WHERE d.customer = c.customer AND d.partner IS NOT NULL AND d.created_at <= c.at AND d.outcome IS DISTINCT FROM 'lost'
		AND d.outcome IS DISTINCT FROM 'no_decision' AND (d.closed_at IS NULL OR d.closed_at > c.at - interval '1080 hours') ORDER BY d.created_at LIMIT 1) d ON true
	WHERE c.at >= '2024-01-01Z' AND c.at < '2024-02-01Z';
SELECT bag_eq($$ SELECT customer, at, amount, sourced_by, influenced_by FROM item WHERE measure = 'revenue' $$, 'SELECT * FROM expected', 'who sourced and influenced each conversion');
SELECT bag_eq($$ SELECT customer, at, sourced_by, influenced_by FROM item WHERE measure = 'new_customer' $$,
	$$ SELECT e.customer, e.at, e.sourced_by, e.influenced_by FROM expected e WHERE NOT EXISTS (SELECT FROM conversions c WHERE c.customer = e.customer AND c.at < e.at) $$, 'first conversions are new customers');
-- Deals one by one
SELECT bag_eq($$ SELECT measure, deal, amount, segment IS NULL, sourced_by, influenced_by FROM item WHERE deal IS NOT NULL $$,
	$$ SELECT CASE WHEN d.outcome = 'won' AND d.closed_at < '2024-02-01Z' THEN 'won_deal' ELSE 'open_deal' END, d.deal::text, d.amount,
		NOT EXISTS (SELECT FROM deals s WHERE s.customer = d.customer AND s.segment IS NOT NULL AND s.created_at < '2024-02-01Z'),
		coalesce(d.partner, (SELECT t.partner FROM (SELECT t.* FROM touches t WHERE t.customer = d.customer AND t.at > d.created_at - interval '1080 hours' ORDER BY t.at LIMIT 1) t WHERE t.at <= d.created_at)),
		ARRAY(SELECT DISTINCT p FROM (SELECT t.partner AS p FROM touches t WHERE t.customer = d.customer AND t.at > d.created_at - interval '1080 hours' AND t.at < '2024-02-01Z'
			AND (d.closed_at IS NULL OR d.closed_at >= '2024-02-01Z' OR t.at <= d.closed_at) UNION ALL SELECT d.partner) x WHERE p IS NOT NULL ORDER BY p)
		FROM deals d WHERE d.created_at < '2024-02-01Z' AND (d.closed_at IS NULL OR d.closed_at >= '2024-02-01Z' OR d.outcome = 'won' AND d.closed_at >= '2024-01-01Z') $$, 'who sourced and influenced each deal');

-- Sums
SELECT is_empty($$ SELECT * FROM performance WHERE sourced_value + influenced_only_value <> influenced_value OR influenced_only_value < 0 OR influenced_value > total_value $$, 'sourced and influenced only are influenced');
SELECT is_empty($$ SELECT measure, segment FROM performance GROUP BY measure, all_segments, segment
	HAVING sum(sourced_value) FILTER (WHERE NOT all_partners) <> min(sourced_value) FILTER (WHERE all_partners)
		OR sum(influenced_value) FILTER (WHERE NOT all_partners) < min(influenced_value) FILTER (WHERE all_partners) $$, 'sourced adds up over partners, influenced to no less than all');
SELECT is_empty($$ SELECT measure, partner FROM performance GROUP BY measure, all_partners, partner
	HAVING sum(influenced_value) FILTER (WHERE all_segments) <> sum(influenced_value) FILTER (WHERE NOT all_segments) $$, 'segments add up');
SELECT results_eq($$ SELECT sourced_value, influenced_value, total_value FROM performance WHERE all_partners AND all_segments AND measure = 'revenue' $$,
	$$ SELECT sum(amount) FILTER (WHERE sourced_by IS NOT NULL), sum(amount) FILTER (WHERE influenced_by <> '{}'), sum(amount) FROM expected $$, 'each euro counts once in all');

-- Attribution to the first touch says the same
SELECT set_eq($$ SELECT partner, sourced_value FROM nudge.partner_performance('touches', 'conversions', NULL, '2024-01-01', '2024-02-01', lookback => '45 days', sourced => 'first_touch')
		WHERE measure = 'revenue' AND NOT all_partners AND sourced_value > 0 $$,
	$$ SELECT a.channel, a.revenue FROM nudge.attribution((SELECT nudge.journey_agg(customer, at, channel, revenue)
			FROM (SELECT customer, at, coalesce(partner, 'none') AS channel, NULL::numeric AS revenue FROM touches UNION ALL SELECT customer, at, NULL, revenue FROM conversions) j),
		'first_touch', '45 days', '2024-01-01', '2024-02-01') a WHERE a.channel <> 'none' AND a.revenue > 0 $$, 'first touch of attribution');

-- CAC
SELECT results_eq($$ SELECT amount_spent, new_customers, round(cac, 12) FROM nudge.partner_cac('touches', 'conversions', 'deals', 'spend', '2024-01-01', '2024-02-01', lookback => '45 days') WHERE is_total $$,
	$$ SELECT s.spent, n.n, round(s.spent / n.n, 12) FROM (SELECT sum(amount) AS spent FROM spend WHERE day >= '2024-01-01' AND day < '2024-02-01' AND (partner IS NOT NULL OR channel = 'partner')) s,
		(SELECT count(*) AS n FROM item WHERE measure = 'new_customer' AND sourced_by IS NOT NULL) n $$, 'CAC in all');
SELECT results_eq($$ SELECT sum(amount_spent) FILTER (WHERE is_total), sum(new_customers) FILTER (WHERE is_total) FROM nudge.partner_cac('touches', 'conversions', 'deals', 'spend', '2024-01-01', '2024-02-01') $$,
	$$ SELECT sum(amount_spent) FILTER (WHERE NOT is_total), sum(new_customers) FILTER (WHERE NOT is_total) FROM nudge.partner_cac('touches', 'conversions', 'deals', 'spend', '2024-01-01', '2024-02-01') $$, 'CAC adds up');

-- The session's zone, which puts its clocks forward within the lookback
SET timezone = 'America/Santiago';
SELECT is_empty($$ SELECT customer, measure, deal, at, sourced_by, influenced_by FROM nudge.partner_items('touches', 'conversions', 'deals', '2024-01-01', '2024-02-01', lookback => '45 days')
	EXCEPT SELECT customer, measure, deal, at, sourced_by, influenced_by FROM item $$, 'nothing depends on the time zone of the session');

SELECT * FROM finish();
ROLLBACK;
