--
-- customer_success.sql
--		Customers at risk against plain SQL on random readings and periods.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed customer_success
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(21);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

-- 120 customers, each with up to three periods in a row, some with gaps; readings at odd times, some tied
CREATE TEMP TABLE subs AS
SELECT 'c' || c AS customer, date '2023-01-01' + s AS valid_from, CASE WHEN random() < 0.7 THEN date '2023-01-01' + s + 1 + floor(random() * 200)::integer END AS valid_to,
	10 * (1 + floor(random() * 20)::numeric) AS mrr
FROM generate_series(1, 120) c, LATERAL (SELECT p, p * 260 + floor(random() * 60)::integer AS s FROM generate_series(0, c % 3) p) k;
UPDATE subs s SET valid_to = n.valid_from FROM subs n WHERE n.customer = s.customer AND n.valid_from > s.valid_from
	AND (s.valid_to IS NULL OR s.valid_to > n.valid_from) AND NOT EXISTS (SELECT FROM subs m WHERE m.customer = s.customer AND m.valid_from > s.valid_from AND m.valid_from < n.valid_from);
CREATE TEMP TABLE company AS SELECT nudge.mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM subs;
CREATE TEMP TABLE scores AS
SELECT 'c' || (1 + floor(random() * 130)::integer) AS entity, timestamptz '2023-01-01Z' + floor(random() * 700) * interval '1 day' + floor(random() * 2) * interval '12 hours' AS at,
	least(100, floor(random() * 220) / 2)::numeric AS score, (ARRAY['a', 'b'])[1 + g % 2] AS model
FROM generate_series(1, 2500) g;
CREATE TEMP VIEW scores_a AS SELECT * FROM scores WHERE model = 'a';
CREATE TEMP TABLE interventions AS
SELECT 'c' || (1 + floor(random() * 130)::integer) AS customer, timestamptz '2023-06-01Z' + floor(random() * 400 * 4) * interval '6 hours' AS at, (ARRAY['usage', 'support', 'price'])[1 + floor(random() * 3)::integer] AS reason,
	(ARRAY['call', NULL])[1 + g % 2] AS kind, CASE WHEN random() < 0.5 THEN 'saved' END AS outcome, CASE WHEN random() < 0.7 THEN timestamptz '2024-01-01Z' + floor(random() * 300) * interval '1 day' END AS outcome_at
FROM generate_series(1, 300) g;
CREATE TEMP TABLE accounts AS SELECT 'c' || c AS customer, timestamptz '2023-01-01Z' AS created_at, (ARRAY['olga', 'pete', NULL])[1 + c % 3] AS owner FROM generate_series(1, 110) c;

-- At risk
CREATE TEMP TABLE line AS SELECT l.* FROM company, nudge.at_risk_revenue_lines(state, 'scores', '2024-06-30', model => 'a') l;
CREATE TEMP VIEW oracle AS
	SELECT s.customer, sum(s.mrr) AS mrr, (SELECT r.score FROM scores r WHERE r.model = 'a' AND r.entity = s.customer AND r.at < '2024-07-01Z' ORDER BY r.at DESC, r.score LIMIT 1) AS score
	FROM subs s WHERE s.valid_from <= '2024-06-30' AND (s.valid_to IS NULL OR s.valid_to > '2024-06-30') GROUP BY s.customer;
SELECT set_eq('SELECT customer, mrr, score FROM line', 'SELECT customer, mrr, score FROM oracle', 'MRR and latest scores');
SELECT is_empty($$ SELECT * FROM line WHERE band IS DISTINCT FROM CASE WHEN score < 60 THEN 'red' WHEN score < 80 THEN 'yellow' WHEN score IS NOT NULL THEN 'green' END OR at_risk IS DISTINCT FROM (score < 65) $$, 'bands and risk');
SELECT results_eq($$ SELECT r.customers, r.mrr, r.at_risk_mrr, round(r.at_risk_mrr_share, 12) FROM company, nudge.at_risk_revenue(state, 'scores', '2024-06-30', model => 'a') r WHERE is_total $$,
	$$ SELECT count(*), sum(mrr), sum(mrr) FILTER (WHERE score < 65), round(sum(mrr) FILTER (WHERE score < 65) / sum(mrr), 12) FROM oracle $$, 'at-risk revenue');
SELECT is_empty($$ SELECT 1 FROM company, nudge.at_risk_revenue(state, 'scores', '2024-06-30', model => 'a') r
	HAVING sum(r.mrr) FILTER (WHERE is_total) <> sum(r.mrr) FILTER (WHERE NOT is_total) OR sum(r.at_risk_mrr) FILTER (WHERE is_total) <> sum(r.at_risk_mrr) FILTER (WHERE NOT is_total) $$, 'bands add up to the total');

-- Risk-adjusted retention
CREATE TEMP VIEW before AS
	SELECT s.customer, (SELECT CASE WHEN r.score < 60 THEN 'red' WHEN r.score < 80 THEN 'yellow' ELSE 'green' END FROM scores_a r WHERE r.entity = s.customer AND r.at < '2023-07-01Z' ORDER BY r.at DESC, r.score LIMIT 1) AS band,
		s.customer IN (SELECT o.customer FROM oracle o) AS kept
	FROM subs s WHERE s.valid_from <= '2023-06-30' AND (s.valid_to IS NULL OR s.valid_to > '2023-06-30') GROUP BY s.customer;
SELECT results_eq($$ SELECT round(r.risk_adjusted_retention, 12), r.coverage::integer FROM company, nudge.risk_adjusted_retention(state, 'scores_a', '2024-06-30', minimum_customers => 10) r WHERE is_total $$,
	$$ SELECT round(sum(o.mrr * coalesce(b.rate, (SELECT avg(kept::integer) FROM before))) / sum(o.mrr), 12), 1 FROM oracle o
		LEFT JOIN (SELECT band, avg(kept::integer) AS rate FROM before WHERE band IS NOT NULL GROUP BY band HAVING count(*) >= 10) b
		ON b.band = CASE WHEN o.score < 60 THEN 'red' WHEN o.score < 80 THEN 'yellow' WHEN o.score IS NOT NULL THEN 'green' END $$, 'risk-adjusted retention by band');
SELECT ok((SELECT count(*) > 0 FROM company, nudge.risk_adjusted_retention_lines(state, 'scores_a', '2024-06-30', minimum_customers => 10) l WHERE l.basis = 'band'), 'some of it by band');
SELECT is((SELECT round(r.risk_adjusted_retention, 12) FROM company, nudge.risk_adjusted_retention(state, 'scores_a', '2024-06-30', minimum_customers => 36600) r WHERE is_total),
	(SELECT round(nudge.logo_retention(m.state, '2023-07-01', '2024-07-01'), 12) FROM company m), 'with no band it is logo retention');

-- Interventions
CREATE TEMP TABLE step AS SELECT l.*, row_number() OVER () AS no FROM nudge.intervention_success_lines('interventions', 'scores_a', '2023-07-01', '2024-05-01', as_of => '2024-05-15Z') l;
SELECT set_eq($$ SELECT customer, at, reason, score, status, counted FROM step $$, $$
	SELECT i.customer, i.at, i.reason, b.score, CASE WHEN b.score IS NULL THEN 'not_scored' WHEN b.score >= 65 THEN 'not_at_risk' WHEN a.found THEN 'succeeded' WHEN i.at + interval '90 days' > '2024-05-15Z' THEN 'open' ELSE 'failed' END,
		coalesce(b.score < 65, false) AND i.at + interval '90 days' <= '2024-05-15Z'
	FROM interventions i
	LEFT JOIN LATERAL (SELECT r.score FROM scores_a r WHERE r.entity = i.customer AND r.at <= i.at ORDER BY r.at DESC, r.score LIMIT 1) b ON true,
		LATERAL (SELECT EXISTS (SELECT FROM (SELECT entity, at, min(score) AS score FROM scores_a GROUP BY 1, 2) r WHERE r.entity = i.customer AND r.at > i.at AND r.at < i.at + interval '90 days' AND r.at < '2024-05-15Z' AND r.score >= 80) AS found) a
	WHERE i.at >= '2023-07-01Z' AND i.at < '2024-05-01Z' $$, 'what became of interventions');
SELECT set_eq($$ SELECT period, value, interventions_made, counted, succeeded, at_risk_customers, recovered_customers FROM nudge.intervention_success('interventions', 'scores_a', '2023-07-01', '2024-05-01', 'month', as_of => '2024-05-15Z', "by" => 'reason') WHERE NOT is_total AND interventions_made > 0 $$,
	$$ SELECT date_trunc('month', at)::date, reason, count(*) AS made, count(*) FILTER (WHERE counted) AS counted, count(*) FILTER (WHERE counted AND status = 'succeeded') AS ok, count(DISTINCT customer) FILTER (WHERE counted) AS n,
		count(DISTINCT customer) FILTER (WHERE counted AND status = 'succeeded') AS r FROM step GROUP BY 1, 2 $$, 'by month and reason');
SELECT is_empty($$ SELECT period FROM nudge.intervention_success('interventions', 'scores_a', '2023-07-01', '2024-05-01', 'month', as_of => '2024-05-15Z', "by" => 'reason') GROUP BY period
	HAVING sum(interventions_made) FILTER (WHERE is_total) <> sum(interventions_made) FILTER (WHERE NOT is_total) OR sum(succeeded) FILTER (WHERE is_total) <> sum(succeeded) FILTER (WHERE NOT is_total)
		OR bool_or(interventions_made <> not_at_risk + not_scored + not_due + counted) $$, 'reasons add up to the total, parts to all');
-- as_of is what deleting later rows gives
CREATE TEMP VIEW known_scores AS SELECT * FROM scores_a WHERE at < '2024-05-15Z';
CREATE TEMP VIEW known_steps AS SELECT customer, at, reason, kind, CASE WHEN outcome_at < '2024-05-15Z' OR outcome_at IS NULL THEN outcome END AS outcome, CASE WHEN outcome_at < '2024-05-15Z' THEN outcome_at END AS outcome_at FROM interventions WHERE at < '2024-05-15Z';
SELECT is_empty($$ (SELECT * FROM nudge.intervention_success_lines('interventions', 'scores_a', '2023-07-01', '2024-05-01', as_of => '2024-05-15Z')
	EXCEPT SELECT * FROM nudge.intervention_success_lines('known_steps', 'known_scores', '2023-07-01', '2024-05-01', as_of => '2024-05-15Z')) $$, 'as_of is as if later rows were not there');

-- Lead time: the state of each customer by day
CREATE TEMP TABLE days AS
	SELECT c.customer, d::date AS day, coalesce((SELECT sum(s.mrr) FROM subs s WHERE s.customer = c.customer AND s.valid_from <= d AND (s.valid_to IS NULL OR s.valid_to > d)), 0) AS mrr
	FROM (SELECT DISTINCT customer FROM subs) c, generate_series(date '2022-12-31', '2024-06-30', '1 day') d;
CREATE TEMP TABLE fallen AS SELECT customer, day, mrr FROM (SELECT d.*, lag(mrr) OVER (PARTITION BY customer ORDER BY day) AS mrr_before FROM days d) f WHERE mrr < mrr_before;
CREATE TEMP TABLE lead_time AS SELECT l.* FROM company, nudge.at_risk_lead_time_lines(state, 'scores_a', '2023-03-01', '2024-01-01', as_of => '2024-07-01Z') l;
SELECT set_eq($$ SELECT customer, at_risk_at, impact_at, days FROM lead_time WHERE status IN ('impact', 'censored') $$, $$
	SELECT r.entity, r.at, f.day::timestamp AT TIME ZONE 'UTC', extract(epoch FROM coalesce(f.day::timestamp AT TIME ZONE 'UTC', '2024-07-01Z') - r.at) / 86400
	FROM (SELECT s.entity, min(s.at) AS at FROM scores_a s JOIN days d ON d.customer = s.entity AND d.day = s.at::date AND d.mrr > 0 WHERE s.score < 65 AND s.at >= '2023-03-01Z' AND s.at < '2024-01-01Z' GROUP BY s.entity) r
	LEFT JOIN LATERAL (SELECT min(f.day) AS day FROM fallen f WHERE f.customer = r.entity AND f.day::timestamp AT TIME ZONE 'UTC' > r.at) f ON true $$, 'lead times');
SELECT set_eq($$ SELECT customer, impact_at FROM lead_time WHERE status = 'missed' $$, $$
	SELECT f.customer, min(f.day)::timestamp AT TIME ZONE 'UTC' FROM fallen f WHERE f.day >= '2023-03-01' AND f.day < '2024-01-01' GROUP BY f.customer
	EXCEPT SELECT f.customer, f.at FROM (SELECT customer, min(day)::timestamp AT TIME ZONE 'UTC' AS at FROM fallen WHERE day >= '2023-03-01' AND day < '2024-01-01' GROUP BY customer) f
	JOIN (SELECT s.entity, s.at FROM scores_a s JOIN days d ON d.customer = s.entity AND d.day = s.at::date AND d.mrr > 0 WHERE s.score < 65) r ON r.entity = f.customer AND r.at < f.at $$, 'missed impacts');
SELECT results_eq($$ SELECT impacts_in_window, impacts_in_window - missed FROM company, nudge.at_risk_lead_time(state, 'scores_a', '2023-03-01', '2024-01-01', as_of => '2024-07-01Z') $$, $$
	SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM scores_a s JOIN days d ON d.customer = s.entity AND d.day = s.at::date AND d.mrr > 0 WHERE s.score < 65 AND s.entity = f.customer AND s.at < f.at))
	FROM (SELECT customer, min(day)::timestamp AT TIME ZONE 'UTC' AS at FROM fallen WHERE day >= '2023-03-01' AND day < '2024-01-01' GROUP BY customer) f $$, 'impacts of the window, and those that were seen');
SELECT is((SELECT r.impacts + r.censored FROM company, nudge.at_risk_lead_time(state, 'scores_a', '2023-03-01', '2024-01-01', as_of => '2024-07-01Z') r), (SELECT count(*) FROM lead_time WHERE status IN ('impact', 'censored')), 'impacts and censored are all at risk');
-- Kaplan-Meier as a product
CREATE TEMP TABLE subject AS SELECT floor(random() * 40)::numeric / 2 AS day, random() < 0.6 AS occurred FROM generate_series(1, 200);
SELECT is_empty($$ SELECT k.day, k.survival, p.survival FROM nudge.kaplan_meier((SELECT array_agg(day) FROM subject), (SELECT array_agg(occurred) FROM subject)) k
	JOIN (SELECT day, exp(sum(ln(1 - n::float8 / at_risk)) OVER (ORDER BY day)) AS survival FROM (SELECT day, count(*) FILTER (WHERE occurred) AS n, (SELECT count(*) FROM subject o WHERE o.day >= s.day) AS at_risk FROM subject s GROUP BY day) q WHERE n < at_risk) p
	ON p.day = k.day WHERE abs(p.survival - k.survival::float8) > 1e-12 $$, 'survival is the product of what survives each day');
SELECT is((SELECT nudge.median_survival(array_agg(day ORDER BY random()), array_agg(true)) FROM subject), (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY day) FROM subject), 'without censoring the median is the lower median');

-- Stability
CREATE TEMP TABLE events AS SELECT 'c' || (g % 30) AS customer, timestamptz '2024-02-01Z' + floor(random() * 200 * 24) * interval '1 hour' AS at, 'x' AS name FROM generate_series(1, 1500) g;
SELECT set_eq($$ SELECT customer, round(stability, 10) FROM nudge.engagement_stability_lines('events', '2024-06-30') WHERE stability IS NOT NULL $$, $$
	SELECT customer, round(greatest(1 - stddev_pop(days) / avg(days), 0), 10) FROM (SELECT c.customer, w, (SELECT count(DISTINCT e.at::date) FROM events e WHERE e.customer = c.customer AND e.at >= w AND e.at < w + interval '7 days') AS days
		FROM (SELECT customer FROM events GROUP BY customer HAVING min(at) < '2024-04-09Z') c, generate_series(timestamptz '2024-04-08Z', '2024-06-24Z', '7 days') w) q GROUP BY customer HAVING avg(days) > 0 $$, 'stability of twelve weeks');

-- Portfolios
SELECT set_eq($$ SELECT r.owner, r.customer_count, r.mrr, r.at_risk_mrr, round(r.risk_weighted_mrr, 6) FROM company, nudge.portfolio(state, 'scores_a', 'accounts', '2024-06-30') r WHERE NOT is_total $$,
	$$ SELECT a.owner, count(*) AS n, sum(o.mrr) AS mrr, coalesce(sum(o.mrr) FILTER (WHERE o.score < 65), 0) AS risk, round(sum(o.mrr * (100 - o.score) / 100), 6) AS weighted FROM oracle o LEFT JOIN accounts a USING (customer) GROUP BY a.owner $$, 'portfolios');

-- The session's zone
SET timezone = 'Pacific/Auckland';
SELECT is_empty($$ SELECT l.* FROM company, nudge.at_risk_lead_time_lines(state, 'scores_a', '2023-03-01', '2024-01-01', as_of => '2024-07-01Z') l EXCEPT SELECT * FROM lead_time $$, 'lead times do not depend on the time zone of the session');
SELECT is_empty($$ SELECT l.customer, l.at, l.status, l.due_at, l.score FROM nudge.intervention_success_lines('interventions', 'scores_a', '2023-07-01', '2024-05-01', as_of => '2024-05-15Z') l
	EXCEPT SELECT customer, at, status, due_at, score FROM step $$, 'nor do interventions');

SELECT * FROM finish();
ROLLBACK;
