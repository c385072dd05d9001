--
-- account_shares.sql
--		Account shares against plain SQL on random facts.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed account_shares
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(12);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

CREATE TEMP TABLE subs AS
SELECT 'c' || c AS customer, date '2023-01-01' + floor(random() * 500)::integer AS valid_from, NULL::date AS valid_to, 10 * (1 + floor(random() * 9)::numeric) AS mrr FROM generate_series(1, 80) c, generate_series(1, 2);
UPDATE subs SET valid_to = valid_from + 1 + floor(random() * 300)::integer WHERE random() < 0.5;
CREATE TEMP TABLE company AS SELECT nudge.mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM subs;
CREATE TEMP TABLE accounts AS SELECT 'c' || c AS customer, timestamptz '2023-01-01Z' + c * interval '5 days' AS created_at, (ARRAY['SMB', 'Enterprise', NULL])[1 + c % 3] AS segment, c % 20 = 0 AS internal FROM generate_series(1, 75) c;
CREATE TEMP TABLE facts AS
SELECT 'c' || (1 + floor(random() * 85)::integer) AS customer, f.fact,
	CASE f.kind WHEN 'flag' THEN (random() < 0.6)::text WHEN 'number' THEN (floor(random() * 300) / 100)::text ELSE (ARRAY['none', 'weak', 'neutral', 'strong', 'champion'])[1 + floor(random() * 5)::integer] END AS value,
	CASE WHEN random() < 0.7 THEN timestamptz '2023-01-01Z' + floor(random() * 600) * interval '1 day' END AS agreed_at,
	timestamptz '2023-06-01Z' + floor(random() * 450 * 24) * interval '1 hour' AS valid_from, NULL::timestamptz AS valid_to
FROM generate_series(1, 60) g, (VALUES ('qbr_held', 'flag'), ('success_plan_on_track', 'flag'), ('upsell_identified', 'flag'), ('unmet_need', 'flag'), ('growth_plan', 'flag'), ('implementation_met', 'flag'),
	('requirement_met', 'flag'), ('referenceable', 'flag'), ('criterion_met', 'flag'), ('documented_roi', 'number'), ('category_spend', 'number'), ('solution_fit', 'number'), ('sponsor_status', 'level'), ('contact_level', 'level')) f(fact, kind);
UPDATE facts SET valid_to = valid_from + floor(random() * 300) * interval '1 day' WHERE random() < 0.4;
CREATE TEMP TABLE contracts AS
SELECT 'c' || (1 + floor(random() * 85)::integer) AS customer, 'k' || g AS contract, timestamptz '2023-01-01Z' + floor(random() * 600) * interval '1 day' AS signed_at, timestamptz '2023-01-01Z' + floor(random() * 400) * interval '1 day' AS starts_at,
	timestamptz '2030-01-01Z' AS ends_at, (ARRAY[12, 24, 36])[1 + floor(random() * 3)::integer] AS term_months, 1 AS amount, 'EUR' AS currency FROM generate_series(1, 120) g;

CREATE TEMP TABLE share AS SELECT r.* FROM company, nudge.account_shares(state, 'facts', '2024-06-30', 'accounts', 'contracts') r;
CREATE TEMP TABLE paying AS SELECT s.customer, sum(s.mrr) AS mrr FROM subs s WHERE s.valid_from <= '2024-06-30' AND (s.valid_to IS NULL OR s.valid_to > '2024-06-30')
	AND s.customer NOT IN (SELECT customer FROM accounts WHERE internal) GROUP BY s.customer;
CREATE TEMP TABLE known AS SELECT f.* FROM facts f JOIN paying USING (customer) WHERE f.valid_from < '2024-07-01Z' AND (f.valid_to IS NULL OR f.valid_to >= '2024-07-01Z');
CREATE TEMP VIEW latest AS SELECT DISTINCT ON (customer, fact) * FROM known ORDER BY customer, fact, valid_from DESC, value COLLATE "C";

SELECT set_eq($$ SELECT metric, numerator, denominator FROM share WHERE metric IN ('expansion_opportunity_coverage', 'solution_gap_identification_rate', 'strategic_account_planning_rate', 'reference_customer_rate') $$, $$
	SELECT m.metric, (SELECT count(*)::numeric FROM latest l WHERE l.fact = m.fact AND l.value = 'true') AS n, (SELECT count(*)::numeric FROM paying) AS d
	FROM (VALUES ('expansion_opportunity_coverage', 'upsell_identified'), ('solution_gap_identification_rate', 'unmet_need'), ('strategic_account_planning_rate', 'growth_plan'), ('reference_customer_rate', 'referenceable')) m(metric, fact) $$, 'flags');
SELECT set_eq($$ SELECT metric, numerator, denominator FROM share WHERE metric IN ('success_plan_achievement_rate', 'implementation_success_rate', 'requirement_readiness_rate') $$, $$
	SELECT m.metric, count(*) FILTER (WHERE k.value = 'true')::numeric AS n, count(*)::numeric AS d
	FROM (VALUES ('success_plan_achievement_rate', 'success_plan_on_track'), ('implementation_success_rate', 'implementation_met'), ('requirement_readiness_rate', 'requirement_met')) m(metric, fact)
	JOIN known k USING (fact) WHERE coalesce(k.agreed_at <= k.valid_from, true) GROUP BY 1 $$, 'items');
SELECT set_eq($$ SELECT metric, numerator, denominator FROM share WHERE metric IN ('qbr_completion_rate', 'sponsor_health_rate', 'sponsor_coverage_rate', 'roi_realization_rate', 'executive_relationship_rate') $$, $$
	SELECT 'qbr_completion_rate', count(DISTINCT customer)::numeric AS n, (SELECT count(*)::numeric FROM paying) AS d FROM facts JOIN paying USING (customer) WHERE fact = 'qbr_held' AND value = 'true' AND valid_from >= '2024-04-01Z' AND valid_from < '2024-07-01Z'
	UNION ALL SELECT 'sponsor_health_rate', count(*) FILTER (WHERE level >= 4), count(*) FROM (SELECT avg(array_position('{none,weak,neutral,strong,champion}', value)) AS level FROM known WHERE fact = 'sponsor_status' GROUP BY customer) q
	UNION ALL SELECT 'sponsor_coverage_rate', count(*), (SELECT count(*) FROM paying) FROM latest WHERE fact = 'sponsor_status'
	UNION ALL SELECT 'roi_realization_rate', count(*), (SELECT count(*) FROM paying) FROM latest WHERE fact = 'documented_roi' AND value::numeric >= 1
	UNION ALL SELECT 'executive_relationship_rate', count(*), (SELECT count(*) FROM paying) FROM (SELECT FROM known WHERE fact = 'contact_level' GROUP BY customer HAVING count(DISTINCT value) > 1) q $$, 'reviews, sponsors, return, contacts');
SELECT set_eq($$ SELECT metric, numerator, denominator FROM share WHERE metric IN ('wallet_share', 'solution_fit_score') $$, $$
	SELECT 'wallet_share', sum(12 * p.mrr) AS n, sum(l.value::numeric) AS d FROM latest l JOIN paying p USING (customer) WHERE l.fact = 'category_spend' AND l.value::numeric > 0
	UNION ALL SELECT 'solution_fit_score', sum(value::numeric), count(*) FROM latest WHERE fact = 'solution_fit' $$, 'wallet and fit');
SELECT results_eq($$ SELECT numerator, denominator FROM share WHERE metric = 'multi_year_contract_rate' $$, $$
	SELECT count(*) FILTER (WHERE term_months >= 24)::numeric, count(*)::numeric FROM contracts c WHERE signed_at >= '2023-07-01Z' AND signed_at < '2024-07-01Z'
		AND customer NOT IN (SELECT customer FROM accounts WHERE internal)
		AND (customer IN (SELECT customer FROM accounts) OR EXISTS (SELECT FROM subs s, unnest('{2024-06-30,2024-03-31,2023-06-30}'::date[]) d WHERE s.customer = c.customer AND s.valid_from <= d AND (s.valid_to IS NULL OR s.valid_to > d))) $$, 'contracts');
SELECT results_eq($$ SELECT round(s.value, 12) FROM company, LATERAL (SELECT r.* FROM nudge.account_shares(state, NULL, '2024-06-30') r WHERE metric IN ('account_expansion_rate', 'customer_count_growth', 'customer_growth_multiple')) s $$, $$
	SELECT round(v, 12) FROM company, LATERAL (VALUES (1, nudge.account_expansion_rate(state, '2024-04-01', '2024-07-01')),
		(2, nudge.customers_at(state, '2024-06-30')::numeric / nudge.customers_at(state, '2023-06-30')), (3, nudge.customers_at(state, '2024-06-30')::numeric / nudge.customers_at(state, '2023-06-30') - 1)) x(n, v) ORDER BY n $$, 'expansion and growth are those of the state');
-- Segments: what they add up to
CREATE TEMP VIEW segmented AS SELECT r.* FROM company, (VALUES ('SMB'), ('Enterprise')) v(segment), nudge.account_shares(state, 'facts', '2024-06-30', 'accounts', 'contracts', v.segment) r;
CREATE TEMP VIEW named AS SELECT * FROM accounts WHERE segment IS NOT NULL;
CREATE TEMP TABLE named_company AS SELECT nudge.mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM subs WHERE customer IN (SELECT customer FROM named);
SELECT set_eq($$ SELECT metric, sum(numerator) AS n, sum(denominator) AS d FROM segmented WHERE metric <> 'revenue_contribution' GROUP BY 1 $$,
	$$ SELECT metric, numerator, denominator FROM named_company, nudge.account_shares(state, 'facts', '2024-06-30', 'named', 'contracts') WHERE metric <> 'revenue_contribution' $$, 'segments add up to those of both');
SELECT is((SELECT sum(numerator) FROM segmented WHERE metric = 'revenue_contribution'), (SELECT sum(p.mrr) FROM paying p JOIN named USING (customer)), 'revenue of the segments');
-- Drill-down and as_of
SELECT is_empty($$ SELECT s.metric FROM share s FULL JOIN (SELECT l.metric, sum(l.numerator) AS n, sum(l.denominator) AS d FROM company, nudge.account_share_lines(state, 'facts', '2024-06-30', 'accounts', 'contracts') l GROUP BY 1) l USING (metric)
	WHERE s.numerator IS DISTINCT FROM coalesce(l.n, 0) OR s.denominator IS DISTINCT FROM coalesce(l.d, 0) $$, 'lines add up to the shares');
CREATE TEMP VIEW early AS SELECT customer, fact, value, agreed_at, valid_from, CASE WHEN valid_to < '2024-03-01Z' THEN valid_to END AS valid_to FROM facts WHERE valid_from < '2024-03-01Z';
SELECT is_empty($$ SELECT r.* FROM company, nudge.account_share_lines(state, 'facts', '2024-02-29', 'accounts', 'contracts') r EXCEPT SELECT r.* FROM company, nudge.account_share_lines(state, 'early', '2024-02-29', 'accounts', 'contracts') r $$, 'as_of is as if later facts were not there');

-- Value realised
SELECT set_eq($$ SELECT l.customer, l.criteria, l.criteria_met, l.criteria_not_agreed, l.is_realized FROM company, nudge.value_realization_lines(state, 'facts', '2024-06-30', 'accounts') l WHERE l.criteria + l.criteria_not_agreed > 0 $$, $$
	SELECT customer, count(*) FILTER (WHERE agreed_at <= valid_from) AS n, count(*) FILTER (WHERE agreed_at <= valid_from AND value = 'true') AS m, count(*) FILTER (WHERE NOT coalesce(agreed_at <= valid_from, false)) AS o,
		count(*) FILTER (WHERE agreed_at <= valid_from AND value = 'true') > 0.8 * nullif(count(*) FILTER (WHERE agreed_at <= valid_from), 0) AS r
	FROM known WHERE fact = 'criterion_met' GROUP BY customer $$, 'criteria that were agreed before');
-- Time to value
SELECT set_eq($$ SELECT l.customer, l.started_at, l.met_at FROM company, nudge.implementation_lines(state, 'facts', '2024-06-30', 'accounts', 'contracts') l $$, $$
	SELECT p.customer, s.at, (SELECT min(f.valid_from) FROM facts f WHERE f.customer = p.customer AND f.fact = 'implementation_met' AND f.value = 'true' AND coalesce(f.agreed_at <= f.valid_from, true) AND f.valid_from < '2024-07-01Z' AND f.valid_from >= s.at)
	FROM paying p, LATERAL (SELECT coalesce((SELECT min(c.starts_at) FROM contracts c WHERE c.customer = p.customer AND c.signed_at < '2024-07-01Z'), (SELECT a.created_at FROM accounts a WHERE a.customer = p.customer)) AS at) s
	WHERE s.at < '2024-07-01Z' $$, 'starts and first successes');

SELECT * FROM finish();
ROLLBACK;
