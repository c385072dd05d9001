/*
 * marts_success.sql
 *		Shipped materialisations about what becomes of customers and what is spent
 *		on them: customer success, streams of revenue, costs by customer, and what
 *		campaigns, content, partners and sales activities bring.
 *
 * Rules: doc/marts_success.md.
 */

-- What is known of accounts is what is known as a month closes, or yesterday.  A
-- customer is in one bucket and one segment, so that months are sums: one in which
-- no sum has changed is not computed.  Where a bucket has no price at all, accounts
-- are customers that exist, which counts if no bucket has one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, scopes, description, columns) VALUES
('account_customers', 'customers', 985, 'mart', '{account_facts,customers,subscriptions}', '{}', 'customer', '{customer}', $query$
SELECT a.customer, nudge.bucket(a.customer, {buckets}) AS bucket, nudge.civil_date(min(a.valid_from) FILTER (WHERE isfinite(a.valid_from)), {zone}) AS first_day
FROM (SELECT c.customer, NULL::timestamptz AS valid_from FROM nudge_staging.customers c
	UNION ALL SELECT f.customer, NULL FROM nudge_staging.account_facts f
	UNION ALL SELECT s.customer, s.valid_from FROM nudge_staging.subscriptions s) a
GROUP BY a.customer$query$, NULL, NULL, NULL,
	'Who is named as a customer, in whatever input on accounts: where their sums are. Grain: customer',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "first_day": "Day of its first price, recurring or not, in the zone of deploy(); NULL without one"}'),
('account_share_buckets', 'customers', 986, 'mart', '{account_facts,customers,subscriptions}', '{contracts}', 'bucket', '{bucket,period,segment,metric}', $query$
SELECT r.bucket, nudge.period_start(r.as_of, 'month') AS period, r.segment, r.metric, r.numerator, r.denominator, r.recorded, c.currency, c.first_day, nudge.period_start(r.as_of + 1, 'month') > r.as_of AS complete
FROM (SELECT array_agg(nudge.as_mrr_state(b.state)) AS states, array_agg(b.bucket) AS buckets, array_agg(DISTINCT b.currency) AS currencies FROM nudge_analytics.mrr_item_buckets b WHERE b.bucket = ANY (nudge.batch_buckets({buckets})) OFFSET 0) s,
	(SELECT array_agg(b.state) AS states, array_agg(DISTINCT b.currency) AS currencies FROM nudge_analytics.mrr_buckets b WHERE b.bucket = ANY (nudge.batch_buckets({buckets})) OFFSET 0) p,
	LATERAL nudge.account_share_sums(s.states, s.buckets, CASE WHEN p.currencies <> s.currencies THEN p.states END, {account_facts@}, nudge.month_closes({zone}), {customers@}, {contracts@}, {zone}, {buckets}) r
	LEFT JOIN (SELECT a.bucket, min(a.first_day) AS first_day, min(m.currency) AS currency
		FROM nudge_analytics.account_customers a
		LEFT JOIN (SELECT b.bucket, nudge.single_currency(array_agg(b.currency)) AS currency FROM nudge_analytics.mrr_item_buckets b GROUP BY b.bucket) m ON m.bucket = a.bucket
		WHERE a.bucket = ANY (nudge.batch_buckets({buckets})) GROUP BY a.bucket) c ON c.bucket = r.bucket$query$,
	-- by key, so that a bucket that cannot be computed does not hold up the others
	'SELECT b, t FROM generate_series(0, {buckets} - 1) b, nudge.period_ticks(''day'', {zone}) t',
	(SELECT jsonb_object_agg(i, '{"column": "customer", "query": "SELECT a.customer, a.bucket FROM nudge_analytics.account_customers a"}'::jsonb) FROM unnest('{account_facts,customers,contracts}'::text[]) i),
	(SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT a.customer FROM nudge_analytics.account_customers a WHERE a.bucket = ANY ($1::integer[])''))', i)) FROM unnest('{account_facts,customers,contracts}'::text[]) i),
	'What customers add to account_success, by hash bucket and segment now. Grain: bucket, month of the zone of deploy(), segment and metric',
	'{"bucket": "Hash bucket of customers", "period": "First day of the month", "segment": "Segment of the customers now; NULL for those without", "metric": "Which share; NULL in a row that only says that there are the month and the segment", "numerator": "What is divided", "denominator": "By what it is divided, as if somebody had recorded the fact",
	"recorded": "Whether the fact behind it is recorded of anybody in the bucket; only where segment is NULL", "currency": "Currency of the MRR of the bucket; NULL if it has never had a recurring price: accounts are then customers that exist", "first_day": "Day of the first price in the bucket, recurring or not; NULL without one", "complete": "Whether the month is over"}'),
('value_realization_buckets', 'customers', 987, 'mart', '{account_facts,customers,subscriptions}', '{usage}', 'bucket', '{bucket,period,segment}', $query$
SELECT r.bucket, nudge.period_start(r.as_of, 'month') AS period, r.segment, r.all_customers, r.scored_customers, r.realized_customers, r.total_score, r.indexed_customers, r.total_index, r.named, c.currency, c.first_day, nudge.period_start(r.as_of + 1, 'month') > r.as_of AS complete
FROM (SELECT array_agg(nudge.as_mrr_state(b.state)) AS states, array_agg(b.bucket) AS buckets FROM nudge_analytics.mrr_item_buckets b WHERE b.bucket = ANY (nudge.batch_buckets({buckets})) OFFSET 0) s,
	LATERAL nudge.value_realization_sums(s.states, s.buckets, {account_facts@}, nudge.month_closes({zone}), {customers@}, {usage@}, {zone}, {buckets}) r
	LEFT JOIN (SELECT a.bucket, min(a.first_day) AS first_day, min(m.currency) AS currency
		FROM nudge_analytics.account_customers a
		LEFT JOIN (SELECT b.bucket, nudge.single_currency(array_agg(b.currency)) AS currency FROM nudge_analytics.mrr_item_buckets b GROUP BY b.bucket) m ON m.bucket = a.bucket
		WHERE a.bucket = ANY (nudge.batch_buckets({buckets})) GROUP BY a.bucket) c ON c.bucket = r.bucket$query$,
	-- by key, so that a bucket that cannot be computed does not hold up the others
	'SELECT b, t FROM generate_series(0, {buckets} - 1) b, nudge.period_ticks(''day'', {zone}) t',
	(SELECT jsonb_object_agg(i, '{"column": "customer", "query": "SELECT a.customer, a.bucket FROM nudge_analytics.account_customers a"}'::jsonb) FROM unnest('{account_facts,customers,usage}'::text[]) i),
	(SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT a.customer FROM nudge_analytics.account_customers a WHERE a.bucket = ANY ($1::integer[])''))', i)) FROM unnest('{account_facts,customers,usage}'::text[]) i),
	'What customers add to value_realization, by hash bucket and segment now. Grain: bucket, month of the zone of deploy() and segment',
	'{"bucket": "Hash bucket of customers", "period": "First day of the month", "segment": "Segment of the customers now; NULL for those without", "all_customers": "Customers", "scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met", "total_score": "Sum of the shares of criteria met",
	"indexed_customers": "Those of them with usage", "total_index": "Sum of their scores joined with usage", "named": "Whether a customer has the segment, and not only one that is blank", "currency": "Currency of the MRR of the bucket; NULL if it has never had a recurring price: customers are then those that exist", "first_day": "Day of the first price in the bucket, recurring or not; NULL without one", "complete": "Whether the month is over"}'),
('account_success', 'customers', 1000, 'metric', '{account_facts,customers,subscriptions}', '{contracts}', 'period', '{period,dimension,value,metric}', $query$
SELECT p.period, CASE WHEN r.is_total THEN 'all' ELSE 'segment' END AS dimension, CASE WHEN r.is_total THEN 'all' ELSE r.segment END AS value, r.metric, r.numerator, r.denominator, r.numerator / nullif(r.denominator, 0) AS result, t.complete
FROM (SELECT DISTINCT b.period FROM nudge_analytics.account_share_buckets b) p,
	LATERAL (SELECT nudge.single_currency(array_agg(DISTINCT b.currency) FILTER (WHERE b.currency IS NOT NULL)) AS currency, min(b.first_day) AS first_day, bool_and(b.complete) AS complete FROM nudge_analytics.account_share_buckets b WHERE b.period = p.period AND b.metric IS NULL) t,
	LATERAL (
		WITH part AS MATERIALIZED (
			SELECT b.metric, b.segment, grouping(b.segment) = 1 AS is_total, sum(b.numerator) AS numerator, sum(b.denominator) AS denominator,
				sum(b.numerator) FILTER (WHERE b.currency IS NOT NULL) AS paid_numerator, sum(b.denominator) FILTER (WHERE b.currency IS NOT NULL) AS paid_denominator, bool_or(b.recorded) AS recorded
			FROM nudge_analytics.account_share_buckets b WHERE b.period = p.period GROUP BY b.metric, GROUPING SETS ((b.segment), ())
		)
		SELECT d.is_total, d.segment, m.metric, coalesce(CASE WHEN k.paid THEN v.paid_numerator ELSE v.numerator END, 0) AS numerator,
			-- a fact that nobody records says nothing about anybody, and of what there is to contribute to all have a part
			coalesce(CASE WHEN nudge.counts_all_accounts(m.counts) AND NOT a.recorded THEN 0 WHEN m.metric = 'revenue_contribution' THEN a.denominator WHEN k.paid THEN v.paid_denominator ELSE v.denominator END, 0) AS denominator
		FROM part d CROSS JOIN nudge.account_share_metrics() m CROSS JOIN LATERAL (SELECT t.currency IS NOT NULL AND m.counts <> 'contracts' AS paid) k
		LEFT JOIN part v ON v.metric = m.metric AND v.is_total = d.is_total AND v.segment IS NOT DISTINCT FROM d.segment
		LEFT JOIN part a ON a.metric = m.metric AND a.is_total
		WHERE d.metric IS NULL AND (d.is_total OR d.segment IS NOT NULL)
	) r
WHERE p.period >= nudge.period_start(t.first_day, 'month') OR NOT t.complete AND t.first_day IS NOT NULL$query$, NULL, NULL, NULL,
	'What is known of accounts as each month closes, of the present one and the 12 before, in all and by segment now: shares of customers, contracts and plans, with numerator and denominator. Grain: month of the zone of deploy(), dimension, value and metric',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "metric": "Which share: account_share_metrics() says what each is", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"result": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}'),
('value_realization', 'customers', 1001, 'metric', '{account_facts,customers,subscriptions}', '{usage}', 'period', '{period,dimension,value}', $query$
SELECT p.period, CASE WHEN r.is_total THEN 'all' ELSE 'segment' END AS dimension, CASE WHEN r.is_total THEN 'all' ELSE r.segment END AS value, r.all_customers, r.scored_customers, r.realized_customers,
	r.realized_customers::numeric / nullif(r.scored_customers, 0) AS realization_rate, r.total_score / nullif(r.scored_customers, 0) AS mean_score, r.total_index / nullif(r.indexed_customers, 0) AS mean_index, t.complete
FROM (SELECT DISTINCT b.period FROM nudge_analytics.value_realization_buckets b) p,
	LATERAL (SELECT nudge.single_currency(array_agg(DISTINCT b.currency) FILTER (WHERE b.currency IS NOT NULL)) AS currency, min(b.first_day) AS first_day, bool_and(b.complete) AS complete FROM nudge_analytics.value_realization_buckets b WHERE b.period = p.period) t,
	LATERAL (
		SELECT b.segment, grouping(b.segment) = 1 AS is_total, coalesce(sum(b.all_customers) FILTER (WHERE k.counts), 0)::bigint AS all_customers, coalesce(sum(b.scored_customers) FILTER (WHERE k.counts), 0)::bigint AS scored_customers,
			coalesce(sum(b.realized_customers) FILTER (WHERE k.counts), 0)::bigint AS realized_customers, sum(b.total_score) FILTER (WHERE k.counts) AS total_score, coalesce(sum(b.indexed_customers) FILTER (WHERE k.counts), 0)::bigint AS indexed_customers, sum(b.total_index) FILTER (WHERE k.counts) AS total_index, bool_or(b.named) AS named
		FROM nudge_analytics.value_realization_buckets b, LATERAL (SELECT b.currency IS NOT NULL OR t.currency IS NULL AS counts) k
		WHERE b.period = p.period GROUP BY GROUPING SETS ((b.segment), ())
	) r
WHERE (r.is_total OR r.named) AND (p.period >= nudge.period_start(t.first_day, 'month') OR NOT t.complete AND t.first_day IS NOT NULL)$query$, NULL, NULL, NULL,
	'How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before, in all and by segment now. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "all_customers": "Customers", "scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"realization_rate": "realized_customers over scored_customers, a fraction", "mean_score": "Mean share of criteria met, of those with criteria", "mean_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}');

-- Reports over whole inputs: any change of an input is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('risk_adjusted_retention', 'customers', 1002, 'metric', '{scores,subscriptions}', '{}', 'period', '{period,band}', $query$
SELECT m.period::date AS period, CASE WHEN r.is_total THEN 'all' ELSE coalesce(r.band, '(none)') END AS band, r.customers, r.mrr, r.known_mrr, r.retained_mrr, r.risk_adjusted_retention AS risk_adjusted_retention_rate, r.coverage AS coverage_rate, r.basis, s.currency,
	k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.scores i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	LATERAL nudge.risk_adjusted_retention(s.state, 'nudge_staging.scores'::regclass, k.closes_on, zone => {zone}) r
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'How much of the MRR is to be expected in 12 months, by the band of health of customers, as each month closes, of the present one and the 12 before. Grain: month of the zone of deploy() and band',
	'{"period": "First day of the month", "band": "red, yellow or green, (none) without a score, all for all customers: do not add it to the others", "customers": "Customers with MRR", "mrr": "Their MRR", "known_mrr": "MRR of those for whom a retention is known: the denominator", "retained_mrr": "MRR times the retention to expect",
	"risk_adjusted_retention_rate": "retained_mrr over known_mrr, a fraction", "coverage_rate": "known_mrr over mrr, a fraction", "basis": "What the retention to expect comes from", "currency": "Currency of the amounts", "complete": "Whether the month is over"}'),
('intervention_results', 'customers', 1003, 'metric', '{interventions,scores}', '{}', 'period', '{period}', $query$
SELECT r.period, r.interventions_made, r.not_at_risk, r.not_scored, r.not_due, r.counted, r.succeeded, r.success_rate, o.month_over, o.month_over AND coalesce(r.not_due, 0) = 0 AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.interventions i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.intervention_success('nudge_staging.interventions'::regclass, 'nudge_staging.scores'::regclass, w.start_day, w.end_day, 'month', zone => {zone}, as_of => nudge.as_of()) r,
	LATERAL (SELECT (r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS month_over) o
WHERE r.is_total$query$,
	'SELECT nudge.as_of()',
	'Interventions at customers at risk by the month in which they were made, and how many were healthy again within 90 days. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "interventions_made": "Interventions", "not_at_risk": "Those at customers that were not at risk", "not_scored": "Those at customers without a score", "not_due": "Those whose 90 days are not over and that have not succeeded yet", "counted": "Those that are counted: the denominator",
	"succeeded": "Those of them after which the customer was healthy again", "success_rate": "succeeded over counted, a fraction", "month_over": "Whether the month is over", "complete": "Whether the month is over, and the 90 days of all"}');

-- Streams of revenue and costs by customer, in one currency as burn_and_runway.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_by_stream', 'finance', 1010, 'metric', '{charges,subscriptions}', '{usage,plans}', 'period', '{period,stream}', $query$
SELECT r.period, r.stream, sum(r.amount) AS amount, min(r.currency_code) AS currency, bool_and(r.complete) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.revenue_streams(s.state, w.start_day, w.end_day, '{charges$}'::regclass, {usage?}, {plans?}, 'month', {zone}, nudge.as_of(), s.currency) r
GROUP BY r.period, r.stream$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Revenue by month and stream: of subscriptions, of usage, of services. Grain: month of the zone of deploy() and stream',
	'{"period": "First day of the month", "stream": "Stream of revenue", "amount": "Revenue of the month", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('costs_per_customer', 'finance', 1011, 'metric', '{costs,subscriptions}', '{charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.customers, r.revenue, r.total_cost, r.delivery_cost_per_customer, r.total_cost_per_customer, r.delivery_cost_ratio AS delivery_cost_rate, r.support_cost_ratio AS support_cost_rate, r.sales_and_marketing_ratio AS sales_and_marketing_rate, r.research_and_development_ratio AS research_and_development_rate,
	r.general_and_administrative_ratio AS general_and_administrative_rate, r.sales_efficiency, r.marketing_efficiency, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.unit_costs(s.state, '{costs$}'::regclass, w.start_day, w.end_day, {charges$?}, {usage?}, 'month', {zone}, nudge.as_of(), s.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs per customer and as shares of revenue, and revenue over what is spent on sales and marketing, by month. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "customers": "Customers as the month closes; NULL if it is not over, as all below", "revenue": "Revenue", "total_cost": "Costs", "delivery_cost_per_customer": "Cost of revenue over customers", "total_cost_per_customer": "total_cost over customers", "delivery_cost_rate": "Cost of revenue over revenue, a fraction",
	"support_cost_rate": "Cost of support over revenue, a fraction", "sales_and_marketing_rate": "Cost of sales and marketing over revenue, a fraction", "research_and_development_rate": "Cost of research and development over revenue, a fraction", "general_and_administrative_rate": "Cost of administration over revenue, a fraction",
	"sales_efficiency": "Revenue over the cost of sales", "marketing_efficiency": "Revenue over the cost of marketing", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('growth_efficiency', 'finance', 1012, 'metric', '{costs,subscriptions}', '{charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.revenue, r.previous_revenue, r.sales_and_marketing, r.previous_sales_and_marketing, r.magic_number, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.magic_number(s.state, '{costs$}'::regclass, w.start_day, w.end_day, {charges$?}, {usage?}, {zone}, nudge.as_of(), s.currency, {fiscal_year_start}) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Growth of revenue against what was spent on sales and marketing in the quarter before: the magic number. Grain: fiscal quarter of the zone of deploy()',
	'{"period": "First day of the quarter", "revenue": "Revenue", "previous_revenue": "Revenue of the quarter before", "sales_and_marketing": "Cost of sales and marketing", "previous_sales_and_marketing": "That of the quarter before", "magic_number": "Four times the growth of revenue over previous_sales_and_marketing; NULL if the quarter is not over",
	"currency": "Currency of all amounts", "complete": "Whether the quarter is over"}');

-- As channel_performance, from the same marts; the channels of the paths are campaigns.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('campaign_credit_buckets', 'acquisition', 1015, 'mart', '{campaigns,spend,touches,conversions}', 'bucket', '{bucket,currency,period,campaign}', $query$
SELECT b.bucket, b.currency, nudge.period_start(nudge.civil_date(a.conversion_at, {zone}), 'month') AS period, a.channel AS campaign, coalesce(sum(a.weight) FILTER (WHERE a.conversion = 1), 0) AS new_customers, sum(a.credit) AS revenue
FROM (
	SELECT p.bucket, p.currency, nudge.journey_agg(p.customer, p.at, p.campaign, p.revenue) AS state
	FROM (
		SELECT j.bucket, j.currency, j.customer, t.at, t.campaign, NULL::numeric AS revenue
		FROM nudge_analytics.customer_journeys j JOIN nudge_staging.touches t ON t.customer = j.customer WHERE j.currency IS NOT NULL AND t.campaign IS NOT NULL
		UNION ALL
		SELECT j.bucket, j.currency, j.customer, c.at, NULL, c.revenue
		FROM nudge_analytics.customer_journeys j JOIN {conversions$} c ON c.customer = j.customer AND coalesce(upper(btrim(c.currency)), 'XXX') = j.currency
	) p
	GROUP BY p.bucket, p.currency
) b
	-- whose last conversion the clock goes by
	JOIN nudge_analytics.journey_buckets k ON k.bucket = b.bucket AND k.currency = b.currency,
	LATERAL nudge.attribution_credits(b.state, 'linear', end_day => nudge.civil_date(nudge.as_of(), {zone}) + 1, zone => {zone}) a
GROUP BY b.bucket, b.currency, nudge.period_start(nudge.civil_date(a.conversion_at, {zone}), 'month'), a.channel$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, nudge.civil_date(b.last_conversion_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.journey_buckets b WHERE isfinite(b.last_conversion_at)',
	'{"touches": {"column": "customer", "query": "SELECT j.customer, j.bucket FROM nudge_analytics.customer_journeys j"}, "conversions": {"column": "customer", "query": "SELECT j.customer, j.bucket FROM nudge_analytics.customer_journeys j"}}',
	'New customers and revenue credited to campaigns under the linear model, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and campaign',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "campaign": "Campaign; NULL is conversions without a touch of one", "new_customers": "First conversions credited to it", "revenue": "Revenue credited to it"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('campaign_performance', 'acquisition', 1020, 'metric', '{campaigns,spend,touches,conversions}', '{leads}', 'period', '{period,campaign}', $query$
SELECT r.period, r.name AS campaign, g.channel, g.kind AS campaign_kind, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.cac, r.roas, r.roi, p.currency, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.first_period) AS first_period FROM nudge_analytics.acquisition_currencies k WHERE k.source IN ('conversions', 'spend')) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.first_period, {zone}, 36) w,
	LATERAL (
		SELECT nudge.single_currency(array_agg(DISTINCT p.currency) FILTER (WHERE p.is_amount), c.currency) AS currency,
			array_agg((p.period, p.name, p.cost, p.impressions, p.clicks, NULL, NULL, NULL, p.visitors, CASE WHEN {leads!} THEN p.new_leads END, p.new_customers, p.revenue, NULL, NULL)::nudge.acquisition_part) AS parts
		FROM (
			SELECT k.period, k.campaign AS name, k.currency, true AS is_amount, k.amount AS cost, k.impressions, k.clicks, 0::bigint AS visitors, 0::bigint AS new_leads, 0::numeric AS new_customers, 0::numeric AS revenue
			-- plans are those of channels
			FROM nudge_analytics.channel_costs k WHERE k.period >= w.start_day AND k.period < w.end_day AND k.amount IS NOT NULL
			UNION ALL
			SELECT m.month::date, g.campaign, NULL, false, 0, NULL, NULL, 0, 0, 0, 0
			FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month),
				LATERAL nudge.campaign_plans('nudge_staging.campaigns'::regclass, m.month::date, least((m.month + interval '1 month')::date, n.today + 1), {zone}) g
			WHERE g.runs
			UNION ALL
			SELECT v.period, v.campaign, NULL, false, 0, NULL, NULL, count(*), 0, 0, 0
			FROM (SELECT DISTINCT t.period, t.campaign, t.visitor, t.anonymous_id, t."user" FROM nudge_analytics.visitor_touches t WHERE t.period >= w.start_day AND t.period < w.end_day AND t.first_day <= n.today) v
			GROUP BY v.period, v.campaign
			UNION ALL
			SELECT l.period, l.campaign, NULL, false, 0, NULL, NULL, 0, count(*), 0, 0
			FROM {nudge_analytics.lead_origins*} l WHERE l.period >= w.start_day AND l.period < w.end_day AND l.day <= n.today
			GROUP BY l.period, l.campaign
			UNION ALL
			SELECT s.period, s.campaign, NULL, false, 0, NULL, NULL, 0, 0, round(s.new_customers, greatest(min_scale(s.new_customers), 2)), round(s.revenue, greatest(min_scale(s.revenue), 2))
			FROM (SELECT b.period, b.campaign, sum(b.new_customers) AS new_customers, sum(b.revenue) AS revenue FROM nudge_analytics.campaign_credit_buckets b WHERE b.period >= w.start_day AND b.period < w.end_day GROUP BY b.period, b.campaign) s
		) p
	) p,
	LATERAL nudge.acquisition_totals(p.parts, p.currency) r
	LEFT JOIN nudge.campaign_plans('nudge_staging.campaigns'::regclass, w.start_day, w.end_day, {zone}) g ON g.campaign = r.name$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What each campaign cost, brought and earned by month, under the linear model of attribution over touches of campaigns. Grain: month of the zone of deploy() and campaign',
	'{"period": "First day of the month", "campaign": "Campaign; NULL is what no campaign has earned", "channel": "Channel of the campaign", "campaign_kind": "Kind of the campaign", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it", "new_customers": "First conversions credited to it",
	"revenue": "Revenue credited to it", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

-- Content is a short list: any change of it is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('content_performance', 'acquisition', 1021, 'metric', '{content,leads}', '{touches}', 'period', '{period,type}', $query$
SELECT r.period, r.type, r.published, r.visitors, r.new_leads, r.customers, r.content_to_lead_rate, r.lead_to_customer_rate, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.civil_date(min(i.published_at) FILTER (WHERE isfinite(i.published_at)), {zone}) AS day, array_agg(DISTINCT i.type) FILTER (WHERE i.type IS NOT NULL) AS types FROM nudge_staging.content i) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.day, {zone}, 36) w,
	LATERAL (
		SELECT array_agg((p.period, p.type, p.published, CASE WHEN {touches!} THEN p.visitors END, p.new_leads, p.customers)::nudge.content_part) AS parts
		FROM (
			SELECT m.month::date AS period, k.type, 0 AS published, 0::bigint AS visitors, 0::bigint AS new_leads, 0::bigint AS customers
			FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month), unnest(c.types) k(type)
			UNION ALL
			SELECT nudge.period_start(d.day, 'month'), i.type, 1, 0, 0, 0
			FROM nudge_staging.content i, LATERAL (SELECT nudge.civil_date(i.published_at, {zone}) AS day) d
			WHERE d.day >= w.start_day AND d.day < w.end_day AND d.day <= n.today
			UNION ALL
			SELECT v.period, v.type, 0, count(*), 0, 0
			FROM (SELECT DISTINCT t.period, i.type, t.visitor, t.anonymous_id, t."user" FROM {nudge_analytics.visitor_touches*} t JOIN nudge_staging.content i ON i.content = t.campaign
				WHERE t.period >= w.start_day AND t.period < w.end_day AND t.first_day <= n.today) v
			GROUP BY v.period, v.type
			UNION ALL
			-- by the piece that a lead names, else by the type
			SELECT l.period, coalesce(i.type, k.type), 0, 0, count(*), count(*) FILTER (WHERE l.converted)
			FROM nudge_analytics.lead_origins l
			LEFT JOIN (SELECT q.content, min(q.type) AS type FROM nudge_staging.content q GROUP BY q.content) i ON i.content = l.campaign
			LEFT JOIN unnest(c.types) k(type) ON k.type = l.source
			WHERE l.period >= w.start_day AND l.period < w.end_day AND l.day <= n.today
			GROUP BY l.period, coalesce(i.type, k.type)
		) p
		WHERE p.type IS NOT NULL
	) p,
	LATERAL nudge.content_totals(p.parts) r$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What was published by month and type, and the visitors, leads and customers that it brought. Grain: month of the zone of deploy() and type',
	'{"period": "First day of the month", "type": "Type of content", "published": "Pieces published in the month", "visitors": "Distinct visitors of its touches; NULL if they are not mapped", "new_leads": "Leads that came from it", "customers": "Those of them that became customers", "content_to_lead_rate": "new_leads over visitors, a fraction",
	"lead_to_customer_rate": "customers over new_leads, a fraction", "complete": "Whether the month is over"}');

-- What partners bring is known of each customer alone, and of a deal of which the
-- customer is not known, and which may be called as a customer is.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns, scopes) VALUES
('partner_items', 'acquisition', 1016, 'mart', '{touches,conversions,deals}', 'entity', '{entity,customer,period,measure,currency,partner}', $query$
SELECT i.entity, i.customer, i.period, i.measure, i.currency, p.partner, count(*) FILTER (WHERE p.is_item) AS items, sum(i.amount) FILTER (WHERE p.is_item) AS amount,
	count(*) FILTER (WHERE p.is_sourced) AS sourced_items, coalesce(sum(i.amount) FILTER (WHERE p.is_sourced), 0) AS sourced_amount, count(*) FILTER (WHERE p.is_influenced) AS influenced_items, coalesce(sum(i.amount) FILTER (WHERE p.is_influenced), 0) AS influenced_amount
FROM (
	SELECT coalesce(x.customer, x.deal) AS entity, x.customer, x.period, x.measure, upper(btrim(x.currency_code)) AS currency, coalesce(x.amount, 0) AS amount, x.sourced_by, x.influenced_by
	FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
		LATERAL (
			SELECT array_agg(m.month::date) AS start_days, array_agg(least((m.month + interval '1 month')::date, n.today + 1)) AS end_days
			FROM nudge.report_window((n.today - interval '3 years')::date, {zone}, 36) w, generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month)
		) s,
		LATERAL nudge.partner_items_by_period({touches@}, {conversions$@}, {deals$@}, s.start_days, s.end_days, zone => {zone}, with_segments => false) x
) i,
	LATERAL (
		SELECT NULL::text AS partner, true AS is_item, i.sourced_by IS NOT NULL AS is_sourced, i.influenced_by <> '{}' AS is_influenced
		UNION ALL
		SELECT b.partner, false, b.partner = i.sourced_by, true FROM unnest(i.influenced_by) b(partner)
	) p
GROUP BY i.entity, i.customer, i.period, i.measure, i.currency, p.partner$query$,
	$clock$SELECT c.customer, nudge.civil_date(c.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.conversions c WHERE isfinite(c.at)
UNION ALL
SELECT coalesce(d.customer, d.deal), nudge.civil_date(d.created_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.deals d WHERE isfinite(d.created_at)
UNION ALL
SELECT coalesce(d.customer, d.deal), nudge.civil_date(d.closed_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.deals d WHERE isfinite(d.closed_at)
UNION ALL
SELECT t.customer, nudge.civil_date(t.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.touches t WHERE btrim(t.partner) <> '' AND isfinite(t.at)
UNION ALL
-- what is open has the rate of now
SELECT coalesce(d.customer, d.deal), x.day::timestamp AT TIME ZONE {zone} FROM {exchange_rates*} x JOIN nudge_staging.deals d ON upper(btrim(d.currency)) = upper(btrim(x.currency)) WHERE {base} IS NOT NULL AND isfinite(x.day) AND isfinite(d.closed_at) IS NOT TRUE
UNION ALL
-- as a month begins, deals that are open have it, and nothing has that which leaves the window
SELECT i.entity, s.at
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') AS month OFFSET 0) n,
	LATERAL (
		SELECT m.month AT TIME ZONE {zone} AS at, (m.month - interval '36 months') AT TIME ZONE {zone} AS leaves_from, (m.month - interval '35 months') AT TIME ZONE {zone} AS leaves_until
		FROM generate_series(n.month::timestamp - interval '72 months', n.month::timestamp, interval '1 month') m(month)
	) s
	JOIN (
		SELECT c.customer AS entity, c.at AS from_at, c.at AS until_at, false AS is_deal FROM nudge_staging.conversions c
		UNION ALL
		SELECT coalesce(d.customer, d.deal), d.created_at, coalesce(d.closed_at, 'infinity'), true FROM nudge_staging.deals d
	) i ON i.is_deal AND i.from_at < s.at AND i.until_at >= s.at OR i.from_at < s.leaves_until AND i.until_at >= s.leaves_from$clock$,
	'{"touches": "customer", "conversions": "customer", "deals": ["customer", "deal"]}',
	'What partners have sourced and influenced of each customer by month, of the present one and the 35 before. Grain: customer, or deal of which it is not known, month of the zone of deploy(), measure, currency and partner',
	'{"entity": "Customer, or the deal if its customer is not known", "customer": "Customer; NULL if it is not known", "period": "First day of the month: of the conversion, of the close of a deal that was won, or in which a deal was open at the end", "measure": "revenue, won_deal, open_deal or new_customer", "currency": "Currency of the amounts; NULL of new customers", "partner": "Partner; NULL for all there was, with partners or without",
	"items": "Conversions, deals or customers; 0 of a partner", "amount": "Their amount; NULL of a partner", "sourced_items": "Those that were sourced", "sourced_amount": "Their amount", "influenced_items": "Those that were influenced, what was sourced with it", "influenced_amount": "Their amount"}',
	jsonb_build_object('touches', 'SELECT i.* FROM nudge_staging.touches i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))',
		'conversions', 'SELECT i.* FROM {conversions$} i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))',
		'deals', 'SELECT i.* FROM {deals$} i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)'')) UNION ALL SELECT i.* FROM {deals$} i WHERE i.customer IS NULL AND i.deal = ANY (nudge.batch_keys(''SELECT unnest($1)''))'));

-- Partners are a short list: any change of it is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('partner_results', 'acquisition', 1022, 'metric', '{partners,touches,conversions,deals}', '{spend}', 'period', '{period,partner,measure}', $query$
SELECT r.period, CASE WHEN r.all_partners THEN 'all' ELSE r.partner END AS partner, r.measure, r.sourced_value, r.influenced_value, r.total_value, r.sourced_share AS sourced_rate, r.influenced_share AS influenced_rate, a.active_partners,
	CASE WHEN r.measure IN ('revenue', 'won_amount', 'pipeline') THEN p.currency END AS currency, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.first_period) AS first_period FROM nudge_analytics.acquisition_currencies k WHERE k.source IN ('conversions', 'deals')) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.first_period, {zone}, 36) w,
	LATERAL (SELECT array_agg(m.month::date) AS periods FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month)) s,
	LATERAL (
		SELECT nudge.single_currency(array_agg(DISTINCT k.currency) FILTER (WHERE k.measure <> 'new_customer'), c.currency) AS currency,
			array_agg((k.period, k.partner, k.partner IS NULL, NULL, true, k.measure, k.items, k.amount, k.sourced_items, k.sourced_amount, k.influenced_items, k.influenced_amount)::nudge.partner_part) AS parts
		FROM (
			SELECT i.period, i.partner, i.measure, i.currency, sum(i.items)::bigint AS items, sum(i.amount) AS amount, sum(i.sourced_items)::bigint AS sourced_items, sum(i.sourced_amount) AS sourced_amount, sum(i.influenced_items)::bigint AS influenced_items, sum(i.influenced_amount) AS influenced_amount
			FROM nudge_analytics.partner_items i WHERE i.period >= w.start_day AND i.period < w.end_day
			GROUP BY i.period, i.partner, i.measure, i.currency
		) k
	) p,
	LATERAL nudge.partner_totals(p.parts, s.periods) r
	LEFT JOIN LATERAL (
		SELECT m.period, t.active_partners FROM unnest(s.periods) m(period), LATERAL nudge.partner_count('nudge_staging.partners'::regclass, least((m.period + interval '1 month')::date - 1, n.today), {zone}) t WHERE t.is_total
	) a ON r.all_partners AND a.period = r.period$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What partners have sourced and influenced by month, in all and by partner. Grain: month of the zone of deploy(), partner and measure',
	'{"period": "First day of the month", "partner": "Partner; all for all of them: do not add it to the others", "measure": "revenue, won_deals, won_amount, open_deals, pipeline or new_customers", "sourced_value": "What partners brought", "influenced_value": "What they took part in, what they brought with it", "total_value": "All there was, with partners or without", "sourced_rate": "sourced_value over total_value, a fraction",
	"influenced_rate": "influenced_value over total_value, a fraction", "active_partners": "Partners as the month closes, or now; of partner all", "currency": "Currency of amounts; NULL for counts", "complete": "Whether the month is over"}');

-- What was done for deals is added up for the months in which that has changed; the rest is read
-- as it is.  A value and a kind that are there in any month have a row in each.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('sales_activity_months', 'sales', 728, 'mart', '{activities,deals}', 'period', '{period,dimension,value,kind}', $query$
SELECT a.period, v.dimension, v.value, a.kind, sum(a.activities)::bigint AS activities_done
FROM nudge_analytics.fact_activities a, LATERAL (VALUES ('all'::text, 'all'::text), ('owner', a.owner), ('team', a.team), ('segment', a.segment)) v(dimension, value)
GROUP BY a.period, v.dimension, v.value, a.kind$query$, NULL, NULL,
	'Activities for deals by month and kind, in all and by a dimension: what sales_activity adds up. Grain: month of the zone of deploy() with any, dimension, value and kind',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "kind": "Kind of activity", "activities_done": "Activities for deals"}'),
('sales_activity', 'sales', 1030, 'metric', '{activities,deals}', 'period', '{period,dimension,value,kind}', $query$
WITH loose AS MATERIALIZED (
	SELECT nudge.period_start(nudge.civil_date(i.at, {zone}), 'month') AS period, i.owner, lower(btrim(i.kind)) AS kind, count(*) AS activities, nudge.check_input('activities', count(*) FILTER (WHERE NOT coalesce(isfinite(i.at), false))) AS checked
	FROM nudge_staging.activities i
	WHERE i.deal IS NULL AND (i.at < nudge.as_of() OR i.at IS NULL)
	GROUP BY 1, 2, 3
), span AS MATERIALIZED (
	-- of a month that has not begun nothing is known
	SELECT w.period, w.complete, CASE WHEN nudge.as_of() > w.start_at THEN 0 END AS zero
	FROM (SELECT least((SELECT min(m.period) FROM nudge_analytics.sales_activity_months m), (SELECT min(l.period) FROM loose l)) AS day) b, LATERAL nudge.report_window(b.day, {zone}) r, LATERAL nudge.window_spans(r.start_day, r.end_day, 'month', {zone}, nudge.as_of()) w
), done AS MATERIALIZED (
	SELECT m.period, m.dimension, m.value, m.kind, grouping(m.kind) = 1 AS all_kinds, sum(m.activities_done)::bigint AS activities_done
	FROM span s JOIN (
		SELECT m.period, m.dimension, m.value, m.kind, m.activities_done FROM nudge_analytics.sales_activity_months m
		UNION ALL
		SELECT l.period, v.dimension, v.value, l.kind, l.activities FROM loose l, LATERAL (VALUES ('all'::text, 'all'::text), ('owner', l.owner), ('team', NULL), ('segment', NULL)) v(dimension, value) WHERE l.checked
	) m ON m.period = s.period
	GROUP BY GROUPING SETS ((m.period, m.dimension, m.value, m.kind), (m.period, m.dimension, m.value))
), closed AS MATERIALIZED (
	SELECT m.period, m.dimension, m.value, sum(m.won)::bigint AS won FROM span s JOIN nudge_analytics.sales_months m ON m.period = s.period WHERE m.won > 0 GROUP BY m.period, m.dimension, m.value
)
SELECT s.period, l.dimension, l.value, CASE WHEN k.all_kinds THEN 'all' ELSE k.kind END AS kind, v.activities_done, v.won AS deals_won, v.activities_done / nullif(v.won, 0)::numeric AS activities_per_deal_won, s.complete
FROM span s
CROSS JOIN (SELECT 'all'::text AS dimension, 'all'::text AS value UNION SELECT d.dimension, d.value FROM done d UNION SELECT c.dimension, c.value FROM closed c) l
CROSS JOIN (SELECT NULL AS kind, true AS all_kinds UNION SELECT d.kind, d.all_kinds FROM done d) k
LEFT JOIN done d ON d.period = s.period AND d.dimension = l.dimension AND d.all_kinds = k.all_kinds AND d.value IS NOT DISTINCT FROM l.value AND d.kind IS NOT DISTINCT FROM k.kind
LEFT JOIN closed c ON c.period = s.period AND c.dimension = l.dimension AND c.value IS NOT DISTINCT FROM l.value,
	LATERAL (SELECT coalesce(d.activities_done, 0) + s.zero AS activities_done, coalesce(c.won, 0) + s.zero AS won) v$query$,
	$clock$SELECT t FROM nudge.period_ticks('month', {zone}) t
UNION ALL SELECT i.at + interval '1 microsecond' FROM nudge_staging.activities i WHERE i.deal IS NULL$clock$, '{"sales_activity_months": null, "sales_months": null}',
	'Activities of sales by month and kind, in all and by a dimension, beside the deals won. Grain: month of the zone of deploy(), dimension, value and kind',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "kind": "Kind of activity; all for all kinds: do not add it to the others", "activities_done": "Activities", "deals_won": "Deals won in the month",
	"activities_per_deal_won": "activities_done over deals_won", "complete": "Whether the month is over"}');
