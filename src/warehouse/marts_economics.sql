/*
 * marts_economics.sql
 *		Shipped materialisations about what a customer earns, costs and is worth,
 *		and how well it is.
 *
 * Rules: doc/marts_product.md.
 */

-- As at_risk_revenue_lines() has it, unless it is told otherwise.
CREATE FUNCTION nudge.is_at_risk(score numeric) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN score < 65;
COMMENT ON FUNCTION nudge.is_at_risk(numeric) IS 'Works for the marts of health: whether a customer with this score is at risk';

-- What cannot be known is NULL, and says why: months that are open, costs that
-- nobody has booked, nobody who left.  Churn is that of a month, over up to
-- twelve of them, for one quiet month would make customers live for ever.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('unit_economics', 'finance', 900, 'metric', '{subscriptions}', '{costs,spend,charges,usage}', 'period', '{period,currency}', $query$
SELECT m.period, m.closing_mrr AS mrr, m.closing_customers AS customers, m.arpa, CASE WHEN x.is_single THEN p.revenue END AS revenue, p.cost_of_revenue, p.gross_profit, p.gross_margin_rate, p.variable_acquisition_cost, p.contribution_margin, p.contribution_margin_rate,
	k.marketing_cost, k.sales_cost, k.tools_cost, k.other_cost, k.overhead_cost, k.acquisition_cost, a.new_customers, v.cac, m.churn_months, m.customer_months, m.churned_customers, m.churn_rate,
	nudge.ltv(m.arpa, 1, m.churn_rate) AS lifetime_revenue, v.ltv, nudge.ltv_to_cac(v.ltv, v.cac) AS ltv_to_cac_ratio,
	nudge.cac_payback_months(v.cac, m.arpa, v.margin) AS cac_payback_months, nudge.cac_payback_months(v.cac, m.arpa) AS revenue_payback_months,
	CASE WHEN a.complete AND k.acquisition_cost > 0 THEN nudge.acquisition_cost_per_active_customer(k.acquisition_cost, m.closing_customers) END AS acquisition_cost_per_active_customer,
	CASE WHEN v.cac IS NOT NULL THEN NULL WHEN NOT a.complete THEN 'month is not over' WHEN NOT x.has_acquisition THEN 'neither costs nor spend are mapped' WHEN NOT x.is_single THEN 'several currencies' WHEN k.acquisition_cost <= 0 THEN 'no cost of acquisition' ELSE 'no new customers' END AS cac_null_reason,
	CASE WHEN v.ltv IS NOT NULL THEN NULL WHEN NOT a.complete THEN 'month is not over' WHEN NOT x.has_costs THEN 'costs are not mapped' WHEN NOT x.is_single THEN 'several currencies' WHEN p.cost_of_revenue IS NULL THEN 'no costs are booked' WHEN p.gross_margin_rate IS NULL THEN 'no revenue'
		WHEN v.margin IS NULL THEN 'gross margin is above 1' WHEN m.arpa IS NULL THEN 'no customers' WHEN coalesce(m.customer_months, 0) = 0 THEN 'nobody could leave yet' ELSE 'nobody has left' END AS ltv_null_reason,
	m.currency, a.complete
FROM (SELECT b.currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b GROUP BY b.currency) j
	-- costs are of all customers: beside several currencies they are of none
	CROSS JOIN (
		SELECT count(DISTINCT upper(btrim(i.currency))) = 1 AS is_single, {costs$?} IS NOT NULL AS has_costs, coalesce({costs$?}, {spend$?}) IS NOT NULL AS has_acquisition
		FROM (SELECT b.currency FROM nudge_analytics.mrr_item_buckets b UNION SELECT c.currency FROM {costs$*} c UNION SELECT c.currency FROM {spend$*} c UNION SELECT c.currency FROM {charges$*} c) i
	) x
	CROSS JOIN (SELECT min(s.period) AS day FROM nudge_analytics.mrr_consolidated s) f
	CROSS JOIN LATERAL nudge.report_window(f.day, {zone}) w
	JOIN LATERAL (
		SELECT s.period, s.currency, s.closing_mrr, s.closing_customers, s.closing_mrr / nullif(s.closing_customers, 0) AS arpa, (count(*) OVER year)::integer AS churn_months,
			(sum(s.opening_customers) OVER year)::bigint AS customer_months, (sum(s.churned_customers) OVER year)::bigint AS churned_customers, sum(s.churned_customers) OVER year / nullif(sum(s.opening_customers) OVER year, 0) AS churn_rate
		FROM nudge_analytics.mrr_consolidated s
		WHERE s.currency = j.currency
		WINDOW year AS (ORDER BY s.period ROWS 11 PRECEDING)
	) m ON m.period >= w.start_day
	LEFT JOIN LATERAL nudge.pnl(CASE WHEN x.is_single THEN j.state END, CASE WHEN x.is_single THEN {costs$?} END, w.start_day, w.end_day, CASE WHEN x.is_single THEN {charges$?} END, CASE WHEN x.is_single THEN {usage?} END, NULL, 'month', {zone}, nudge.as_of(), j.currency) p
		ON p.period = m.period
	JOIN LATERAL nudge.customer_acquisition_cost(j.state, CASE WHEN x.is_single THEN {spend$?} END, CASE WHEN x.is_single THEN {costs$?} END, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), currency => j.currency) a ON a.period = m.period
	LEFT JOIN LATERAL (SELECT a.marketing_cost, a.sales_cost, a.tools_cost, a.other_cost, a.overhead_cost, a.total_cost AS acquisition_cost WHERE x.is_single AND x.has_acquisition) k ON true
	CROSS JOIN LATERAL (SELECT CASE WHEN p.gross_margin_rate <= 1 THEN p.gross_margin_rate END AS margin, CASE WHEN a.complete AND k.acquisition_cost > 0 THEN a.cac END AS cac) g
	CROSS JOIN LATERAL (SELECT g.margin, g.cac, CASE WHEN a.complete THEN nudge.ltv(m.arpa, g.margin, m.churn_rate) END AS ltv) v$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"mrr_consolidated": null}',
	'What a customer earns, costs to win and is worth, by month. Grain: month of the zone of deploy() and currency',
	'{"period": "First day of the month", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "revenue": "Revenue of the month, of all streams", "cost_of_revenue": "Cost of delivering the product", "gross_profit": "revenue less cost_of_revenue; NULL if the month is not over or not booked",
	"gross_margin_rate": "gross_profit over revenue, a fraction", "variable_acquisition_cost": "Sales and marketing that grow with volume", "contribution_margin": "gross_profit less variable_acquisition_cost", "contribution_margin_rate": "contribution_margin over revenue, a fraction",
	"marketing_cost": "Acquisition: spend, and costs of marketing", "sales_cost": "Acquisition: costs of sales", "tools_cost": "Acquisition: costs of tools", "other_cost": "Acquisition: other costs", "overhead_cost": "Acquisition: 20% added on", "acquisition_cost": "Sum of these five",
	"new_customers": "Customers whose first MRR ever began in the month", "cac": "acquisition_cost over new_customers of the same month; NULL: cac_null_reason says why", "churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up",
	"churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, a fraction: churn of one month", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "ltv_to_cac_ratio": "ltv over cac", "cac_payback_months": "cac over gross profit of a customer and month",
	"revenue_payback_months": "cac over arpa", "acquisition_cost_per_active_customer": "acquisition_cost over customers, old and new: not CAC", "cac_null_reason": "Why there is no CAC: month is not over, neither costs nor spend are mapped, no cost of acquisition, no new customers",
	"ltv_null_reason": "Why there is no LTV: month is not over, costs are not mapped, several currencies, no costs are booked, no revenue, gross margin is above 1, no customers, nobody could leave yet, nobody has left", "currency": "Currency of all amounts: those of several are never added", "complete": "Whether the month is over"}'),
-- costs have no segment: margin and CAC are those of the company
('unit_economics_by_segment', 'finance', 901, 'metric', '{customers,subscriptions}', '{}', 'segment', '{segment,currency,period}', $query$
SELECT m.segment, m.period, m.closing_mrr AS mrr, m.closing_customers AS customers, m.arpa, m.new_customers, m.churn_months, m.customer_months, m.churned_customers, m.churn_rate, u.gross_margin_rate,
	nudge.ltv(m.arpa, 1, m.churn_rate) AS lifetime_revenue, v.ltv, u.cac AS company_cac, nudge.ltv_to_cac(v.ltv, u.cac) AS ltv_to_company_cac_ratio, nudge.cac_payback_months(u.cac, m.arpa, v.margin) AS company_cac_payback_months,
	CASE WHEN v.ltv IS NOT NULL THEN NULL WHEN u.gross_margin_rate IS NULL OR NOT u.complete THEN u.ltv_null_reason WHEN v.margin IS NULL THEN 'gross margin is above 1'
		WHEN m.arpa IS NULL THEN 'no customers' WHEN coalesce(m.customer_months, 0) = 0 THEN 'nobody could leave yet' ELSE 'nobody has left' END AS ltv_null_reason,
	u.currency, u.complete
FROM (
	SELECT s.segment, s.currency, s.period, s.closing_mrr, s.closing_customers, s.new_customers, s.closing_mrr / nullif(s.closing_customers, 0) AS arpa, (count(*) OVER year)::integer AS churn_months,
		(sum(s.opening_customers) OVER year)::bigint AS customer_months, (sum(s.churned_customers) OVER year)::bigint AS churned_customers, sum(s.churned_customers) OVER year / nullif(sum(s.opening_customers) OVER year, 0) AS churn_rate
	FROM (
		-- in the currency of unit_economics
		SELECT b.segment, b.base_currency AS currency, b.period, sum(round(b.closing_mrr * b.closing_rate, 6)) AS closing_mrr, sum(b.opening_customers)::bigint AS opening_customers, sum(b.closing_customers)::bigint AS closing_customers, sum(b.new_customers)::bigint AS new_customers,
			sum(b.churned_customers)::bigint AS churned_customers
		FROM nudge_analytics.mrr_by_segment b WHERE b.segment <> 'all' GROUP BY b.segment, b.base_currency, b.period
	) s
	WINDOW year AS (PARTITION BY s.segment, s.currency ORDER BY s.period ROWS 11 PRECEDING)
) m
	JOIN nudge_analytics.unit_economics u ON u.period = m.period AND u.currency = m.currency,
	LATERAL (SELECT CASE WHEN u.gross_margin_rate <= 1 THEN u.gross_margin_rate END AS margin) g,
	LATERAL (SELECT g.margin, CASE WHEN u.complete THEN nudge.ltv(m.arpa, g.margin, m.churn_rate) END AS ltv) v$query$, NULL, '{"unit_economics": null}',
	'What a customer earns and is worth by month and segment of the customers now, against the cost of acquisition of the company. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now; (none) for those without", "period": "First day of the month", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "new_customers": "Customers that had no MRR before, and have some as the month closes",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, a fraction: churn of one month",
	"gross_margin_rate": "Gross margin of the company, a fraction", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "company_cac": "CAC of the company: costs have no segment", "ltv_to_company_cac_ratio": "ltv over company_cac",
	"company_cac_payback_months": "company_cac over gross profit of a customer and month", "ltv_null_reason": "Why there is no LTV: as in unit_economics", "currency": "Currency of all amounts: those of several are never added", "complete": "Whether the month is over"}');

-- Health as it was scored.  All windows end with the present day: a score of
-- today counts at once, and within a day time alone changes nothing.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_score_states', 'customers', 910, 'mart', '{scores}', '{}', 'customer', '{customer}', $query$
SELECT s.entity AS customer,
	CASE WHEN nudge.check_input('scores', count(*) FILTER (WHERE NOT coalesce(isfinite(s.at) AND s.score IS NOT NULL, false))) AND nudge.check_values('scores', count(*) FILTER (WHERE NOT s.score BETWEEN 0 AND 100), 'A score of health is from 0 to 100.')
		AND nudge.check_one_model(min(s.model COLLATE "C"), max(s.model COLLATE "C"), count(*) - count(s.model)) THEN nudge.bucket(s.entity, {buckets}) END AS bucket,
	min(s.model COLLATE "C") AS model, min(s.at) AS first_at, max(s.at) AS last_at, nudge.score_agg(s.at, s.score::double precision) FILTER (WHERE isfinite(s.at) AND s.score IS NOT NULL) AS state
FROM nudge_staging.scores s
WHERE s.entity IS NOT NULL
GROUP BY s.entity$query$, NULL, '{"scores": "entity"}',
	'Scores of health of each customer over time: a state for functions such as score_summary. Grain: customer',
	'{"customer": "Customer that is scored", "bucket": "Hash bucket of the customer", "model": "Model of its scores; NULL if they do not say", "first_at": "First score", "last_at": "Last score", "state": "Scores over time, as score_state"}'),
('customer_health', 'customers', 911, 'metric', '{scores}', '{}', 'customer', '{customer}', $query$
-- scores are joined once and not looked up for each customer: they may have no index
SELECT DISTINCT ON (s.customer) s.customer, s.model, h.score, h.scored_at, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, h.direction AS trend, h.slope_per_30_days, h.change_30_days, h.change_90_days, h.drop_30_days, nudge.score_drop(s.state, '90 days', k.at) AS drop_90_days,
	h.lowest_365_days AS lowest_score_365_days, h.highest_365_days AS highest_score_365_days, h.mean_365_days AS mean_score_365_days, h.baseline AS baseline_score, h.change_from_baseline, l.factor AS lowest_factor, l.value AS lowest_factor_score, s.bucket
FROM nudge_analytics.customer_score_states s
	CROSS JOIN LATERAL (SELECT nudge.day_close(nudge.civil_date(nudge.as_of(), {zone}), {zone}) - interval '1 microsecond' AS at) k
	CROSS JOIN LATERAL nudge.score_summary(s.state, k.at) h
	LEFT JOIN nudge_staging.scores r ON r.entity = s.customer AND r.at = h.scored_at
	LEFT JOIN LATERAL (
		SELECT f.key AS factor, f.value::text::numeric AS value FROM jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f WHERE jsonb_typeof(f.value) = 'number' ORDER BY 2, f.key COLLATE "C" LIMIT 1
	) l ON true
WHERE h.score IS NOT NULL
ORDER BY s.customer, l.value, l.factor COLLATE "C"$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"scores": "entity"}',
	'Health of customers as it was scored last: band, trend, changes and drops. Grain: customer',
	'{"customer": "Customer", "model": "Model of its scores; NULL if they do not say", "score": "Last score, 0 to 100", "scored_at": "When", "band": "red below 60, yellow, green from 80", "at_risk": "Whether the score is below 65", "trend": "rising, falling or flat over 90 days", "slope_per_30_days": "Points that the score gains in 30 days by that trend",
	"change_30_days": "Score less that of 30 days before", "change_90_days": "Score less that of 90 days before", "drop_30_days": "How far the score is below the highest of the last 30 days", "drop_90_days": "How far it is below the highest of the last 90 days", "lowest_score_365_days": "Lowest of the last 365 days", "highest_score_365_days": "Highest of these",
	"mean_score_365_days": "Mean of these", "baseline_score": "Mean of the first 30 days with a score", "change_from_baseline": "Score less baseline_score", "lowest_factor": "Factor of the last score with the lowest value; NULL if scores have no factors", "lowest_factor_score": "Its value", "bucket": "Hash bucket of the customer"}'),
('customer_health_factors', 'customers', 912, 'mart', '{scores}', '{}', 'customer', '{customer,factor}', $query$
SELECT h.customer, f.key AS factor, avg(f.value::text::numeric) AS factor_score, h.scored_at
FROM nudge_analytics.customer_health h JOIN nudge_staging.scores r ON r.entity = h.customer AND r.at = h.scored_at, LATERAL jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f
WHERE jsonb_typeof(f.value) = 'number'
GROUP BY h.customer, f.key, h.scored_at$query$, NULL, '{"scores": "entity"}',
	'Factors of the last score of each customer. Grain: customer and factor',
	'{"customer": "Customer", "factor": "Factor", "factor_score": "Its value", "scored_at": "When it was scored"}'),
('customer_health_months', 'customers', 913, 'mart', '{scores}', '{}', 'customer', '{customer,period}', $query$
SELECT s.customer, m.period, h.score, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, m.complete
FROM nudge_analytics.customer_score_states s
	-- closes once, and not for each customer
	JOIN (
		SELECT p::date AS period, least((p + interval '1 month')::date, t.today + 1)::timestamp AT TIME ZONE {zone} - interval '1 microsecond' AS at, (p + interval '1 month')::date <= t.today AS complete
		FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t, LATERAL nudge.report_window(date '0001-01-01', {zone}) w, LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p
		OFFSET 0
	) m ON m.at >= s.first_at,
	LATERAL (SELECT nudge.score_at(s.state, m.at) AS score OFFSET 0) h$query$,
	-- a month begins for all, the day of a score that is dated ahead for its customer
	$clock$SELECT s.customer, t FROM nudge_analytics.customer_score_states s, nudge.period_ticks('month', {zone}) t
UNION ALL SELECT r.entity, nudge.civil_date(r.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.scores r WHERE isfinite(r.at)$clock$, NULL,
	'Health of each customer as months closed, from its first score on. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer", "period": "First day of the month", "score": "Last score as the month closed, or so far", "band": "red below 60, yellow, green from 80", "at_risk": "Whether the score is below 65", "complete": "Whether the month is over"}'),
('customer_health_by_band', 'customers', 914, 'metric', '{scores,subscriptions}', '{}', 'period', '{period,currency,band}', $query$
SELECT s.period, k.currency, s.band, sum(s.customers)::bigint AS customers, sum(round(s.mrr * x.rate, 6)) AS mrr, sum(s.scored_customers)::bigint AS scored_customers, sum(s.total_score) AS total_score, sum(s.total_score) / nullif(sum(s.scored_customers), 0) AS mean_score,
	sum(s.at_risk_customers)::bigint AS at_risk_customers, sum(round(s.at_risk_mrr * x.rate, 6)) AS at_risk_mrr, bool_and(s.complete) AS complete
FROM (
	SELECT r.period, r.currency, r.band, count(*) AS customers, sum(r.mrr) AS mrr, count(r.score) AS scored_customers, sum(round(r.score::numeric, 6)) AS total_score,
		CASE WHEN count(r.score) > 0 THEN count(*) FILTER (WHERE r.at_risk) END AS at_risk_customers, CASE WHEN count(r.score) > 0 THEN coalesce(sum(r.mrr) FILTER (WHERE r.at_risk), 0) END AS at_risk_mrr, bool_and(r.complete) AS complete
	FROM (
		SELECT v.period, v.currency, b.band, v.closing_mrr AS mrr, h.score, h.at_risk, v.complete
		FROM nudge_analytics.fact_revenue v LEFT JOIN nudge_analytics.customer_health_months h ON h.customer = v.customer AND h.period = v.period, LATERAL (VALUES (coalesce(h.band, '(none)')), ('all')) b(band)
		WHERE v.closing_mrr > 0
	) r
	GROUP BY r.period, r.currency, r.band
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x
GROUP BY s.period, k.currency, s.band$query$,
	-- the rate of the month that is open is that of the day
	'SELECT nudge.period_start(nudge.civil_date(t, {zone}), ''month''), t FROM nudge.period_ticks(''day'', {zone}) t', NULL,
	'Customers with MRR, and their MRR, by band of health as months closed, with a band all for all of them. Grain: month of the zone of deploy(), currency and band',
	'{"period": "First day of the month", "currency": "Currency converted to, as by mrr_consolidated", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers: do not add it to the others", "customers": "Customers with MRR as the month closed, or now", "mrr": "Their MRR", "scored_customers": "Those with a score",
	"total_score": "Sum of their scores", "mean_score": "total_score over scored_customers", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "complete": "Whether the month is over"}');

-- Health as a model of this extension has it, from what is mapped.  It is of the
-- beginning of the day, so that it is computed often and all of it once a day: then
-- windows move on for everybody.  Only how many features there are is the same for all
-- customers; whatever else changes is led to the customers that it is about: an
-- event to that of its own, else to that of its user, and whether a user is internal
-- to all that have events of it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, scopes, description, columns) VALUES
('account_health', 'customers', 920, 'metric', '{customers}', '{events,users,features,tickets,surveys,account_facts,subscriptions,usage}', 'customer', '{customer,model}', $query$
SELECT k.model, h.customer, h.usage_factor, h.engagement_factor, h.outcome_factor, h.relationship_factor, h.support_factor, h.satisfaction_factor, h.growth_factor, h.advocacy_factor, h.score, h.coverage AS coverage_share, h.band, h.weakest_factor, k.at AS scored_at
FROM (SELECT 'retention_health'::text AS model, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} AS at) k,
	LATERAL nudge.account_health({customers@}, k.at, {events@}, {users@}, {features?}, {tickets@}, {surveys@}, {account_facts@}, {subscriptions@}, {usage@}, k.model, {zone}) h$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'{"events": ["customer", {"column": "user", "query": "SELECT u.\"user\", u.customer FROM {users*} u"}], "users": ["customer", {"column": "user", "query": "SELECT e.\"user\", e.customer FROM {events*} e"}]}',
	jsonb_build_object('events', $scope$SELECT i.* FROM nudge_staging.events i WHERE i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))
UNION ALL
SELECT i.* FROM nudge_staging.events i WHERE i.customer IS NULL AND i."user" = ANY (nudge.batch_keys('SELECT u."user" FROM {users*} u WHERE u.customer = ANY ($1)'))$scope$,
		'users', $scope$SELECT i.* FROM nudge_staging.users i WHERE i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))
UNION ALL
SELECT i.* FROM nudge_staging.users i WHERE (i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))) IS NOT TRUE AND i."user" = ANY (nudge.batch_keys('SELECT e."user" FROM {events*} e WHERE e.customer = ANY ($1)'))$scope$)
	|| (SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))', i)) FROM unnest('{customers,tickets,surveys,account_facts,subscriptions,usage}'::text[]) i),
	'Health of customers by the model retention_health, of what was known as the present day began. Grain: model and customer',
	'{"model": "Model of the score", "customer": "Customer", "usage_factor": "Use of the product, 0 to 100", "engagement_factor": "How evenly, and by how many", "outcome_factor": "Whether it gets what was agreed", "relationship_factor": "Who is known there, and how they think", "support_factor": "Few tickets, solved soon and well", "satisfaction_factor": "Answers to surveys",
	"growth_factor": "Growth of seats and of metered use", "advocacy_factor": "Whether it speaks for us", "score": "Score by the model, 0 to 100; NULL if nothing is known", "coverage_share": "How much of the weights is known, a fraction", "band": "red, yellow or green; nobody is green of whom less than half is known", "weakest_factor": "Factor that costs the most points", "scored_at": "Beginning of the day: what was known then"}');

CREATE TRIGGER note_models AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nudge.health_models FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('account_health');
COMMENT ON TRIGGER note_models ON nudge.health_models IS 'Health by a model is computed anew';

-- Health now by what customers are now: the open month of customer_health_by_band in parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_health_by_dimension', 'customers', 1230, 'metric', '{scores,customers,subscriptions}', 'dimension', '{dimension,value,currency,band}', $query$
SELECT v.dimension, v.value, k.currency, b.band, sum(s.customers)::bigint AS customers, sum(round(s.mrr * x.rate, 6)) AS mrr, sum(s.scored_customers)::bigint AS scored_customers, sum(s.total_score) AS total_score, sum(s.total_score) / nullif(sum(s.scored_customers), 0) AS mean_score,
	CASE WHEN sum(s.scored_customers) > 0 THEN sum(s.at_risk_customers)::bigint END AS at_risk_customers, CASE WHEN sum(s.scored_customers) > 0 THEN sum(round(s.at_risk_mrr * x.rate, 6)) END AS at_risk_mrr
FROM (
	SELECT c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.plan, c.product_mix, c.tenure, c.initial_contract_size,
		c.currency, c.band, count(*) AS customers, sum(c.mrr) AS mrr, count(c.score) AS scored_customers, sum(c.score) AS total_score, count(*) FILTER (WHERE c.at_risk) AS at_risk_customers, coalesce(sum(c.mrr) FILTER (WHERE c.at_risk), 0) AS at_risk_mrr
	FROM (
		SELECT t.currency, t.mrr, coalesce(h.band, '(none)') AS band, round(h.score::numeric, 6) AS score, h.at_risk,
			coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size
		FROM nudge_analytics.customer_mrr_timeline t LEFT JOIN nudge_analytics.customer_health h ON h.customer = t.customer
			LEFT JOIN nudge_analytics.customer_dimensions d ON d.customer = t.customer
		WHERE t.started_at < nudge.as_of() AND (t.ended_at >= nudge.as_of() OR t.ended_at IS NULL) AND t.mrr > 0
	) c
	GROUP BY c.currency, c.band, GROUPING SETS ((c.segment), (c.industry), (c.company_size), (c.region), (c.growth_tier), (c.sales_channel), (c.plan), (c.product_mix), (c.tenure), (c.initial_contract_size))
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, nudge.civil_date(nudge.as_of(), {zone})) AS rate) x,
	LATERAL (VALUES (s.band), ('all')) b(band),
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure, s.initial_contract_size]) v(dimension, value)
-- labels are never NULL: one that is there is what is grouped by
WHERE v.value IS NOT NULL
GROUP BY v.dimension, v.value, k.currency, b.band$query$,
	$clock$SELECT d, nudge.as_of() FROM unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[]) d$clock$,
	'Customers with MRR now, and their MRR, by band of health and value of a dimension, both as they are now, with a band all for all of them. Grain: dimension, value, currency and band',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency converted to, as by mrr_consolidated", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers: do not add it to the others",
	"customers": "Customers with MRR now", "mrr": "Their MRR", "scored_customers": "Those with a score", "total_score": "Sum of their scores", "mean_score": "total_score over scored_customers", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those"}');
