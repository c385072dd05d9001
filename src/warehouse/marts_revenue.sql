/*
 * marts_revenue.sql
 *		Shipped materialisations about revenue.
 *
 * Rules: doc/marts.md.
 */

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr', 'revenue', 100, 'mart', '{subscriptions}', 'customer', '{customer,currency}', $query$
SELECT s.customer, upper(btrim(s.currency)) AS currency, nudge.bucket(s.customer, {buckets}) AS bucket,
	nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, nudge.net_monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind)) AS state
FROM nudge_staging.subscriptions s
WHERE nudge.is_recurring(s.interval_unit, s.usage, s.status, s.valid_to)
GROUP BY s.customer, upper(btrim(s.currency))$query$, NULL,
	'MRR over time of each customer, by currency: a state for functions such as mrr_waterfall. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the prices", "bucket": "Hash bucket of the customer", "state": "MRR over time, as mrr_state"}'),
('mrr_buckets', 'revenue', 110, 'mart', '{subscriptions}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c
GROUP BY c.bucket, c.currency$query$, NULL,
	'MRR over time of customers by hash bucket, by currency: totals roll up a few states instead of one of each customer. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the prices", "customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_summary', 'revenue', 120, 'metric', '{subscriptions}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'MRR waterfall by month and currency: opening, movements, closing. Grain: currency and month of the zone of deploy()',
	'{"currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- What is behind mrr_summary, to the cent.  A month is one of a customer if it
-- opens or closes with MRR: what comes and goes within one is no movement.
-- Time adds a row as a month begins, and counts a start or an end once it is over.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_revenue', 'revenue', 130, 'mart', '{subscriptions}', 'customer', '{customer,currency,period}', $query$
SELECT c.customer, c.currency, w.period,
	CASE WHEN w.new_customers > 0 THEN 'new' WHEN w.reactivated_customers > 0 THEN 'reactivation' WHEN w.churned_customers > 0 THEN 'churn'
		WHEN w.expansion_mrr <> 0 THEN 'expansion' WHEN w.contraction_mrr <> 0 THEN 'contraction' ELSE 'none' END AS movement,
	w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.net_new_mrr, w.closing_mrr, w.complete
FROM nudge_analytics.customer_mrr c, LATERAL nudge.mrr_waterfall(c.state, 'month', {zone}, nudge.as_of()) w
WHERE w.opening_mrr <> 0 OR w.closing_mrr <> 0$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT c.customer, t FROM nudge_analytics.customer_mrr c, nudge.period_ticks('month', {zone}) t$clock$,
	'Revenue of each customer by month: opening MRR, its movement, closing MRR. Grain: customer, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"customer": "Customer", "currency": "Currency of the amounts", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened",
	"new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened", "expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative",
	"churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('revenue_cohorts', 'revenue', 140, 'metric', '{subscriptions}', 'currency', '{currency,cohort,age}', $query$
SELECT b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'What became of customers by the month of their first revenue. Grain: currency, cohort and age in months, in the zone of deploy()',
	'{"currency": "Currency of the amounts", "cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- The states as rows, for whoever asks who pays what at an instant.  Time alone
-- changes none of them: the instant is chosen by who reads, so that the sums are
-- the closing MRR of mrr_summary, by its clock.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr_timeline', 'revenue', 105, 'mart', '{subscriptions}', 'customer', '{customer,currency,started_at}', $query$
SELECT c.customer, c.currency, t.started_at, t.ended_at, t.mrr, nudge.civil_date(t.first_at, {zone}) AS customer_since, nudge.civil_date(t.last_at, {zone}) AS last_end_day
FROM nudge_analytics.customer_mrr c,
	LATERAL (
		SELECT b.at AS started_at, lead(b.at) OVER times AS ended_at, sum(b.mrr) OVER times AS mrr, sum(b.prices) OVER times AS prices,
			min(b.at) OVER () AS first_at, CASE WHEN sum(b.prices) OVER () = 0 THEN max(b.at) OVER () END AS last_at
		FROM (SELECT e.at, sum(e.mrr) AS mrr, sum(e.price) AS prices
			FROM nudge.mrr_periods(c.state) p, LATERAL (VALUES (p.valid_from, p.mrr, 1), (p.valid_to, -p.mrr, -1)) e(at, mrr, price)
			WHERE e.at IS NOT NULL GROUP BY e.at) b
		WINDOW times AS (ORDER BY b.at)) t
WHERE t.prices > 0$query$, NULL,
	'MRR of each customer over time: a row from each start or end of a price to the next, and none while there is no price. Grain: customer, currency and start',
	'{"customer": "Customer", "currency": "Currency of the prices", "started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "mrr": "Sum of the prices in force",
	"customer_since": "Day of the first price ever, in the zone of deploy()", "last_end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on"}');

-- Totals by segment: a customer counts in its segment of now, also in the past.
-- What changes a segment is a row of dim_customers, whose bucket says where.
-- Each change is one of the segment and of all: hence no key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_segment_buckets', 'revenue', 160, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,segment,currency}', $query$
SELECT c.bucket, nudge.attribute_label('segment', d.segment) AS segment, c.currency,
	count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and segment of now, by currency. Grain: bucket, segment and currency',
	'{"bucket": "Hash bucket of customers", "segment": "Segment of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_segment', 'revenue', 170, 'metric', '{customers,subscriptions}', 'segment', '{segment,currency,period}', $query$
SELECT b.segment, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete,
	k.currency AS base_currency, x.opening_rate, x.closing_rate
FROM (SELECT m.segment, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT s.segment, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT 'all', s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s) m
		GROUP BY m.segment, m.currency) b
	LEFT JOIN {rates} f ON f.currency = b.currency,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL (SELECT coalesce({base}, b.currency) AS currency) k,
	-- the rates of mrr_consolidated: of the last days of the month before and of this one
	LATERAL (SELECT CASE WHEN w.opening_mrr <> 0 THEN nudge.rate_to(f.rates, b.currency, k.currency, w.period - 1) END AS opening_rate,
		nudge.rate_to(f.rates, b.currency, k.currency, least((w.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS closing_rate) x$query$,
	$clock$SELECT DISTINCT m.segment, nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION ALL SELECT 'all', nudge.as_of()$clock$, '{"mrr_segment_buckets": null}',
	'MRR waterfall by month, currency and segment of the customers now, with a segment all for all of them. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now, (none) for those without, all for all customers: do not add it to the others", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over", "base_currency": "Currency that mrr_consolidated converts to; the own one if nothing is converted",
	"opening_rate": "What one unit of currency is worth in it as the month opened; NULL if no MRR opened it", "closing_rate": "The same as the month closed, or now"}');

-- What a customer has and since when, of its prices: dimensions that nobody keeps.
-- In force is what is just before as_of(), as in dim_customers.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_products', 'revenue', 175, 'mart', '{subscriptions}', 'customer', '{customer}', $query$
SELECT c.customer, nudge.bucket(c.customer, {buckets}) AS bucket, c.plan, c.product_mix,
	nudge.tenure_class(t.first_day, t.until_day) AS tenure,
	CASE WHEN c.first_currencies > 1 THEN NULL WHEN c.first_mrr < 100 THEN 'under 100' WHEN c.first_mrr < 500 THEN '100 to 500' WHEN c.first_mrr < 2000 THEN '500 to 2,000' ELSE '2,000 or more' END AS initial_contract_size
FROM (
	SELECT i.customer, (array_agg(i.plan ORDER BY i.in_force DESC, CASE WHEN i.in_force THEN i.mrr END DESC, i.valid_from DESC, i.plan COLLATE "C"))[1] AS plan, (string_agg(DISTINCT i.plan COLLATE "C", ' + ' ORDER BY i.plan COLLATE "C") FILTER (WHERE i.in_force)) COLLATE "default" AS product_mix,
		min(i.valid_from) AS first_at, CASE WHEN NOT bool_or(i.in_force) THEN max(i.valid_to) END AS last_at,
		sum(i.mrr) FILTER (WHERE i.valid_from = i.first_at) AS first_mrr, count(DISTINCT i.currency) FILTER (WHERE i.valid_from = i.first_at) AS first_currencies
	FROM (
		SELECT s.customer, btrim(s.plan) AS plan, upper(btrim(s.currency)) AS currency, s.valid_from, s.valid_to, v.mrr, s.valid_to IS NULL OR s.valid_to >= nudge.as_of() AS in_force, min(s.valid_from) OVER (PARTITION BY s.customer) AS first_at
		FROM nudge_staging.subscriptions s,
			LATERAL (SELECT nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr OFFSET 0) v
		WHERE v.mrr > 0 AND s.valid_from < nudge.as_of()
	) i
	GROUP BY i.customer
) c,
	-- who left was one until then
	LATERAL (SELECT nudge.civil_date(CASE WHEN isfinite(c.first_at) THEN c.first_at END, {zone}) AS first_day, nudge.civil_date(coalesce(c.last_at, nudge.as_of()), {zone}) AS until_day) t$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, (nudge.civil_date(s.valid_from, {zone}) + make_interval(months => m))::date::timestamp AT TIME ZONE {zone} FROM nudge_staging.subscriptions s, unnest('{3,12,24}'::integer[]) m WHERE isfinite(s.valid_from)$clock$, NULL,
	'What each customer has by its prices, and for how long. Grain: customer that ever had MRR; days are those of the zone of deploy()',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "plan": "Plan of the largest price in force; of the latest one if none is", "product_mix": "Plans and add-ons in force, in the order of their names; NULL if none is", "tenure": "How long it has been, or was, a customer: under 3 months, 3 to 12 months, 1 to 2 years, 2 years or more",
	"initial_contract_size": "Class of its first MRR, in its own currency: under 100, 100 to 500, 500 to 2,000, 2,000 or more; NULL if that was of several currencies"}');

-- What customers are segmented by, once for all that reads it.  A customer whose price
-- changes is written anew in dim_customers, and here only if a value is another one:
-- what is below follows no more than that.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_dimensions', 'customers', 176, 'mart', '{customers,subscriptions}', 'customer', '{customer}', $query$
SELECT d.customer, d.bucket, nudge.attribute_label('segment', d.segment) AS segment, nudge.attribute_label('industry', d.industry) AS industry, nudge.attribute_label('company_size', d.company_size) AS company_size, nudge.attribute_label('region', d.region) AS region, nudge.attribute_label('growth_tier', d.growth_tier) AS growth_tier, nudge.attribute_label('sales_channel', d.sales_channel) AS sales_channel, nudge.attribute_label('plan', p.plan) AS plan, nudge.attribute_label('product_mix', p.product_mix) AS product_mix, nudge.attribute_label('tenure', p.tenure) AS tenure, nudge.attribute_label('initial_contract_size', p.initial_contract_size) AS initial_contract_size
FROM nudge_analytics.dim_customers d LEFT JOIN nudge_analytics.customer_products p ON p.customer = d.customer$query$, NULL,
	'What each customer is now, as totals call it. Grain: customer',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "segment": "Segment; (none) for those without, here as below", "industry": "Industry", "company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth", "sales_channel": "How it is sold to", "plan": "Plan, as customer_products has it", "product_mix": "Plans and add-ons", "tenure": "How long it has been a customer", "initial_contract_size": "Class of its first MRR"}');

-- as by segment, for the other dimensions of customers
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_dimension_buckets', 'revenue', 180, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency}', $query$
SELECT c.bucket, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer LEFT JOIN nudge_analytics.customer_products p ON p.customer = c.customer,
	LATERAL (VALUES ('industry'::text, d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', p.plan), ('product_mix', p.product_mix), ('tenure', p.tenure), ('initial_contract_size', p.initial_contract_size)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and value of a dimension now, by currency. Grain: bucket, dimension, value and currency',
	'{"bucket": "Hash bucket of customers", "dimension": "industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_dimension', 'revenue', 190, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete,
	k.currency AS base_currency, x.opening_rate, x.closing_rate
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_dimension_buckets m GROUP BY m.dimension, m.value, m.currency) b
	LEFT JOIN {rates} f ON f.currency = b.currency,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL (SELECT coalesce({base}, b.currency) AS currency) k,
	-- the rates of mrr_consolidated: of the last days of the month before and of this one
	LATERAL (SELECT CASE WHEN w.opening_mrr <> 0 THEN nudge.rate_to(f.rates, b.currency, k.currency, w.period - 1) END AS opening_rate,
		nudge.rate_to(f.rates, b.currency, k.currency, least((w.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS closing_rate) x$query$,
	'SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m', NULL,
	'MRR waterfall by month, currency and value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy()',
	'{"dimension": "industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over", "base_currency": "Currency that mrr_consolidated converts to; the own one if nothing is converted",
	"opening_rate": "What one unit of currency is worth in it as the month opened; NULL if no MRR opened it", "closing_rate": "The same as the month closed, or now"}');

-- Cohorts by what customers are now: a customer is in the cohort of its first
-- revenue whichever value it has.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_cohorts_by_dimension', 'revenue', 1220, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,cohort,age}', $query$
SELECT b.dimension, b.value, b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT d.dimension, d.value, d.currency, d.state FROM nudge_analytics.mrr_dimension_buckets d) m
		GROUP BY m.dimension, m.value, m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r
-- a cohort of which nobody has the value is none
WHERE r.cohort_customers > 0$query$,
	$clock$SELECT 'segment', nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m$clock$,
	'What became of customers by the month of their first revenue and value of a dimension of the customers now. Grain: dimension, value, currency, cohort and age in months, in the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts",
	"cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- Retention of 12 months as each month closes, by bucket: customers are compared
-- one by one, and what comes of it is added up.  Months that are over change by
-- their rows alone, so time only adds one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_retention_buckets', 'revenue', 121, 'mart', '{subscriptions}', 'bucket', '{bucket,currency,period}', $query$
SELECT b.bucket, b.currency, w.period, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
FROM nudge_analytics.mrr_buckets b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL nudge.mrr_summary(b.state, (w.period - interval '11 months')::date, (w.period + interval '1 month')::date, {zone}) r
WHERE w.complete AND w.period >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '10 years' AND r.opening_customers > 0$query$,
	'SELECT DISTINCT b.bucket, t FROM nudge_analytics.mrr_buckets b, nudge.period_ticks(''month'', {zone}) t',
	'What became in 12 months of the MRR of customers, as each month closes, by hash bucket: totals add up buckets. Grain: bucket, currency and month of the zone of deploy() that is over',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close"}');

-- In one currency if there are rates: each currency at that of the month that
-- ends, so that what a rate moves is no retention.  The currency of a rate is
-- not the one that rows are in.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('revenue_retention', 'revenue', 122, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period}', $query$
SELECT b.currency, b.period, sum(b.opening_mrr) AS opening_mrr, sum(b.expansion_mrr) AS expansion_mrr, sum(b.contraction_mrr) AS contraction_mrr, sum(b.churn_mrr) AS churn_mrr, sum(b.opening_customers)::bigint AS opening_customers, sum(b.churned_customers)::bigint AS churned_customers,
	sum(b.opening_mrr + b.expansion_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS net_revenue_retention_rate, sum(b.opening_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS gross_revenue_retention_rate,
	(sum(b.opening_customers) - sum(b.churned_customers)) / nullif(sum(b.opening_customers), 0) AS logo_retention_rate, true AS complete
FROM (
	SELECT c.currency, c.period, sum(c.opening_mrr) AS opening_mrr, sum(c.expansion_mrr) AS expansion_mrr, sum(c.contraction_mrr) AS contraction_mrr, sum(c.churn_mrr) AS churn_mrr, sum(c.opening_customers) AS opening_customers, sum(c.churned_customers) AS churned_customers
	FROM nudge_analytics.revenue_retention_buckets c GROUP BY c.currency, c.period
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x,
	LATERAL (SELECT k.currency, s.period, round(s.opening_mrr * x.rate, 6) AS opening_mrr, round(s.expansion_mrr * x.rate, 6) AS expansion_mrr, round(s.contraction_mrr * x.rate, 6) AS contraction_mrr, round(s.churn_mrr * x.rate, 6) AS churn_mrr, s.opening_customers, s.churned_customers) b
GROUP BY b.currency, b.period$query$, NULL, '{"revenue_retention_buckets": null, "exchange_rates": null}',
	'Net and gross revenue retention and customer retention over the 12 months that end with each month. Grain: currency and month of the zone of deploy() that is over',
	'{"currency": "Currency of the amounts", "period": "First day of the month that ends the 12", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close", "net_revenue_retention_rate": "MRR of these customers now over opening_mrr, a fraction",
	"gross_revenue_retention_rate": "The same without what they have more, a fraction", "logo_retention_rate": "Those of opening_customers that are left, a fraction", "complete": "True: the month is over"}');

-- as in all, for the dimensions of customers
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_retention_slices', 'revenue', 990, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency,period}', $query$
SELECT b.bucket, b.dimension, b.value, b.currency, w.period, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
FROM (SELECT s.bucket, 'segment'::text AS dimension, s.segment AS value, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
		UNION ALL SELECT d.bucket, d.dimension, d.value, d.currency, d.state FROM nudge_analytics.mrr_dimension_buckets d) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL nudge.mrr_summary(b.state, (w.period - interval '11 months')::date, (w.period + interval '1 month')::date, {zone}) r
WHERE w.complete AND w.period >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '10 years' AND r.opening_customers > 0$query$,
	'SELECT DISTINCT b.bucket, t FROM nudge_analytics.mrr_segment_buckets b, nudge.period_ticks(''month'', {zone}) t',
	'What became in 12 months of the MRR of customers, as each month closes, by hash bucket and value of a dimension now. Grain: bucket, dimension, value, currency and month of the zone of deploy() that is over',
	'{"bucket": "Hash bucket of customers", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('revenue_retention_by_dimension', 'revenue', 991, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, b.period, sum(b.opening_mrr) AS opening_mrr, sum(b.expansion_mrr) AS expansion_mrr, sum(b.contraction_mrr) AS contraction_mrr, sum(b.churn_mrr) AS churn_mrr, sum(b.opening_customers)::bigint AS opening_customers,
	sum(b.churned_customers)::bigint AS churned_customers, sum(b.opening_mrr + b.expansion_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS net_revenue_retention_rate,
	sum(b.opening_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS gross_revenue_retention_rate, (sum(b.opening_customers) - sum(b.churned_customers)) / nullif(sum(b.opening_customers), 0) AS logo_retention_rate, true AS complete
FROM (
	SELECT c.dimension, c.value, c.currency, c.period, sum(c.opening_mrr) AS opening_mrr, sum(c.expansion_mrr) AS expansion_mrr, sum(c.contraction_mrr) AS contraction_mrr, sum(c.churn_mrr) AS churn_mrr, sum(c.opening_customers) AS opening_customers, sum(c.churned_customers) AS churned_customers
	FROM nudge_analytics.revenue_retention_slices c GROUP BY c.dimension, c.value, c.currency, c.period
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x,
	LATERAL (SELECT k.currency, s.period, s.dimension, s.value, round(s.opening_mrr * x.rate, 6) AS opening_mrr, round(s.expansion_mrr * x.rate, 6) AS expansion_mrr, round(s.contraction_mrr * x.rate, 6) AS contraction_mrr, round(s.churn_mrr * x.rate, 6) AS churn_mrr, s.opening_customers, s.churned_customers) b
GROUP BY b.dimension, b.value, b.currency, b.period$query$, NULL, NULL,
	'Net and gross revenue retention and customer retention over the 12 months that end with each month, by value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy() that is over',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close", "net_revenue_retention_rate": "MRR of these customers now over opening_mrr, a fraction", "gross_revenue_retention_rate": "The same without what they have more, a fraction",
	"logo_retention_rate": "Those of opening_customers that are left, a fraction", "complete": "True: the month is over"}');
