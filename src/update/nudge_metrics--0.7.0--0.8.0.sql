\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.8.0'" to load this file. \quit


-- Who may: the new one follows, with a function more.
-- replaces: DO $$

DELETE FROM nudge.shipped_marts;

-- Who may -----------------------------------------------------------------

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace AND p.proname OPERATOR(pg_catalog.=) ANY ('{run_as_owner,compute_as_owner,poll_sources,note_triggers,fan_out,mark_everything,next_keys,take_pending,refresh_batch,compute_batch,quarantine_key,enumerate_keys,begin_run,note_polls,mark_run,end_run,
			heartbeat,prune_runs,check_rebuild,retry_quarantined,follow_entities,run_refresh,refresh,rebuild,run_due,add_materialisation,drop_materialisation,enable_materialisation,note_mapping,track_appends,track_lookback}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	-- whose the extension is need not be whose this function is
	EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION nudge.run_as_owner(pg_catalog.regclass, text, text[], timestamptz, timestamptz), nudge.compute_as_owner(pg_catalog.regclass, text, text[]) FROM %s', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.materialisations, nudge.dependencies, nudge.pending, nudge.quarantine, nudge.runs, nudge.heartbeats, nudge.polls TO %s WITH GRANT OPTION', owner);
END
$$;

-- A report is asked for the months of a batch alone: those that follow each other as
-- one window, so that it reads its rows once.
CREATE FUNCTION nudge.report_windows(first_day date, zone text, months integer DEFAULT 120) RETURNS TABLE (start_day date, end_day date)
	LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 2
BEGIN ATOMIC
	SELECT w.start_day, w.end_day FROM nudge.report_window(first_day, zone, report_windows.months) w WHERE nudge.batch_keys() IS NULL
	UNION ALL
	SELECT min(r.month), (max(r.month) + interval '1 month')::date
	FROM (
		SELECT k.month, (k.month - make_interval(months => row_number() OVER (ORDER BY k.month)::integer))::date AS run
		FROM (SELECT DISTINCT b.key::date AS month FROM unnest(nudge.batch_keys()) b(key)) k JOIN nudge.report_window(first_day, zone, report_windows.months) w ON k.month >= w.start_day AND k.month < w.end_day
	) r
	GROUP BY r.run;
END;

COMMENT ON FUNCTION nudge.report_windows(date, text, integer) IS
	'The windows of a report that is a mart by month: report_window, or those of its months that a batch computes, a row for each run of months';

-- Its rows stay, found by another of the columns that tell them apart.
CREATE OR REPLACE FUNCTION nudge.change_shipped_key(mart nudge.shipped_marts) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_old_key regclass;
BEGIN
	SELECT i.indexrelid INTO of_old_key FROM nudge.materialisations m JOIN pg_index i ON i.indrelid = nudge.mart_table(m.name)::regclass AND i.indisunique
	WHERE m.name = mart.name AND m.row_key <> mart.row_key
		AND m.row_key = (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) LIMIT 1;
	UPDATE nudge.materialisations m SET key_column = mart.key_column, row_key = mart.row_key, definition_hash = NULL
	WHERE m.name = mart.name AND m.row_key <> mart.row_key AND m.row_key @> mart.row_key AND m.row_key <@ mart.row_key;
	IF FOUND THEN
		IF of_old_key IS NOT NULL THEN
			EXECUTE format('DROP INDEX %s', of_old_key);
		END IF;
		-- those that are pending are of the other key
		DELETE FROM nudge.pending p WHERE p.materialisation = mart.name;
		DELETE FROM nudge.quarantine q WHERE q.materialisation = mart.name;
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', nudge.mart_table(mart.name), mart.key_column);
		EXECUTE format('CREATE UNIQUE INDEX ON %s (%s) NULLS NOT DISTINCT', nudge.mart_table(mart.name), (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(mart.row_key) WITH ORDINALITY u(k, n)));
	END IF;
END
$$;

-- src/warehouse/marts_revenue.sql

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

-- src/warehouse/marts_consolidated.sql

/*
 * marts_consolidated.sql
 *		Shipped materialisations about revenue of all currencies in one, and the
 *		causes of its movements.
 *
 * Rules: doc/conversion.md.
 */

-- An item is what a customer pays for, in its own currency, with the rate of each
-- month: what the rate alone moves is then fx_mrr.  Without a currency of
-- deploy(), or without rates, each currency is the one of its own rows.  What
-- counts is what counts in customer_mrr, to the same millionth: if plan and
-- quantity do not give it, the amount stands for itself.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr_items', 'revenue', 102, 'mart', '{subscriptions}', '{exchange_rates}', 'customer', '{customer,currency}', $query$
SELECT p.customer, p.base AS currency, nudge.bucket(p.customer, {buckets}) AS bucket,
	nudge.mrr_item_agg(p.customer, p.item, p.valid_from, p.valid_to, p.plan, p.quantity, p.unit_amount, p.discount, p.currency, p.rate, p.end_reason) AS state
FROM (
	SELECT i.customer, i.item, i.plan, i.currency, i.base, i.end_reason, c.rate, c.valid_from, c.valid_to,
		CASE WHEN i.price_fits THEN i.quantity ELSE 1 END AS quantity, CASE WHEN i.price_fits THEN i.unit_amount ELSE i.net END AS unit_amount, CASE WHEN i.price_fits THEN i.gross - i.net ELSE 0 END AS discount
	FROM (
		SELECT o.*, o.gross >= o.net AND o.net >= 0 AS price_fits, f.rates
		FROM (
			SELECT s.*, round(s.quantity * s.unit_amount, 6) AS gross, coalesce({base}, s.currency) AS base
			FROM (
				SELECT s.customer, s.item, s.plan, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, upper(btrim(s.currency)) AS currency, coalesce(s.quantity, 1) AS quantity, v.unit_amount, v.net,
					CASE WHEN lower(btrim(s.end_reason)) IN ('voluntary', 'involuntary') THEN lower(btrim(s.end_reason)) END AS end_reason
				FROM nudge_staging.subscriptions s,
					-- computed once
					LATERAL (SELECT nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, 1) AS unit_amount, nudge.net_monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind) AS net OFFSET 0) v
				WHERE nudge.is_recurring(s.interval_unit, s.usage, s.status, s.valid_to)
			) s
		) o
		LEFT JOIN {rates} f ON f.currency = o.currency AND o.currency <> o.base
	) i,
	LATERAL (
		SELECT i.valid_from, i.valid_to, 1::numeric AS rate WHERE i.currency = i.base
		UNION ALL
		-- the months of a rate, within the period: the day after its last one is no end of it
		SELECT greatest(i.valid_from, m.valid_from::timestamp AT TIME ZONE {zone}), CASE WHEN m.valid_to IS NOT NULL AND (i.valid_to IS NULL OR m.valid_to < d.end_day) THEN m.valid_to::timestamp AT TIME ZONE {zone} ELSE i.valid_to END, m.rate
		FROM (SELECT CASE WHEN isfinite(i.valid_from) THEN nudge.civil_date(i.valid_from, {zone}) END AS start_day, CASE WHEN isfinite(i.valid_to) THEN nudge.civil_date(i.valid_to - interval '1 microsecond', {zone}) + 1 END AS end_day) d,
			LATERAL nudge.convert_periods(d.start_day, d.end_day, 1, i.currency, i.base, i.rates, 'month_end', nudge.civil_date(nudge.as_of(), {zone})) m
		WHERE i.currency <> i.base
	) c
) p
GROUP BY p.customer, p.base$query$,
	-- rates that are loaded before their day
	'SELECT x.day::timestamp AT TIME ZONE {zone} FROM {exchange_rates*} x WHERE isfinite(x.day)',
	'Price items over time of each customer, in their currency with exchange rates to one: a state for functions such as mrr_causes. Grain: customer and currency converted to',
	'{"customer": "Customer", "currency": "Currency converted to: that of deploy() if rates are mapped, otherwise the own one", "bucket": "Hash bucket of the customer", "state": "Price items over time, as mrr_item_state"}'),
('mrr_item_buckets', 'revenue', 104, 'mart', '{subscriptions}', '{exchange_rates}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr_items c
GROUP BY c.bucket, c.currency$query$, NULL,
	'Price items over time of customers by hash bucket, by the currency converted to. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency converted to", "customers": "Customers with a price", "state": "Price items over time, as mrr_item_state"}'),
-- Sums over buckets, since a customer is in one: a state of all would grow beyond what a state may be.
('mrr_consolidated', 'revenue', 106, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, sum(w.opening_mrr) AS opening_mrr, sum(w.new_mrr) AS new_mrr, sum(w.reactivation_mrr) AS reactivation_mrr, sum(w.expansion_mrr) AS expansion_mrr, sum(w.contraction_mrr) AS contraction_mrr,
	sum(w.churn_mrr) AS churn_mrr, sum(w.fx_mrr) AS fx_mrr, sum(w.net_new_mrr) AS net_new_mrr, sum(w.closing_mrr) AS closing_mrr, sum(w.opening_customers)::bigint AS opening_customers, sum(w.new_customers)::bigint AS new_customers,
	sum(w.reactivated_customers)::bigint AS reactivated_customers, sum(w.expanded_customers)::bigint AS expanded_customers, sum(w.contracted_customers)::bigint AS contracted_customers, sum(w.churned_customers)::bigint AS churned_customers,
	sum(w.closing_customers)::bigint AS closing_customers, bool_and(w.complete) AS complete
FROM nudge_analytics.mrr_item_buckets b, LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w
GROUP BY b.currency, w.period$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_item_buckets m',
	'MRR waterfall by month of customers of all currencies, in one currency, with what exchange rates alone have moved. Grain: currency converted to and month of the zone of deploy()',
	'{"currency": "Currency converted to: that of deploy() if rates are mapped, otherwise the own one", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates alone", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed, at the rates of its last day",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
('mrr_causes', 'revenue', 108, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period,movement,cause}', $query$
SELECT b.currency, w.period, w.movement, w.cause, sum(w.amount) AS amount, sum(w.customers)::bigint AS customers, bool_and(w.complete) AS complete
FROM nudge_analytics.mrr_item_buckets b, LATERAL nudge.mrr_causes(b.state, 'month', {zone}, nudge.as_of()) w
GROUP BY b.currency, w.period, w.movement, w.cause$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_item_buckets m',
	'Why MRR moved: movements by month and cause, such as quantity, price, plan, discount, add-on, exchange rate or kind of churn, in one currency. Grain: currency converted to, month of the zone of deploy(), movement and cause',
	'{"currency": "Currency converted to", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or fx", "cause": "What moved it", "amount": "MRR that it moved: over the causes of a movement the sum is that of mrr_consolidated",
	"customers": "Customers that it moved", "complete": "Whether the month is over"}');

-- src/warehouse/marts_customers.sql

/*
 * marts_customers.sql
 *		Shipped materialisations about who there is: customers, users, plans.
 *
 * Rules: doc/marts.md.
 */

-- Every customer of fact_revenue is in dim_customers, even one that customers
-- does not have.  What is in force is what is just before as_of(), as in
-- mrr_waterfall, so that the sums are its closing MRR: hence the microsecond.
-- Two rows of a key are an error, as in the reports, and put that key aside: in
-- a column and not in WHERE, so that the other keys can still be listed.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('dim_customers', 'customers', 150, 'mart', '{customers,subscriptions}', 'customer', '{customer}', $query$
SELECT k.customer, c.name, c.created_at, c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.owner, c.initial_amount, coalesce(c.internal, false) AS internal,
	CASE WHEN r.first_at IS NULL THEN 'never_paid' WHEN r.currencies > 0 THEN 'active' ELSE 'churned' END AS status,
	nudge.civil_date(r.first_at, {zone}) AS first_revenue_day,
	CASE WHEN r.currencies = 0 THEN nudge.civil_date(r.last_at - interval '1 microsecond', {zone}) END AS last_revenue_day,
	CASE WHEN r.first_at IS NULL THEN upper(btrim(c.currency)) WHEN r.currencies <= 1 THEN r.currency END AS currency,
	CASE WHEN r.currencies > 1 THEN NULL ELSE coalesce(r.mrr, 0.00) END AS current_mrr,
	CASE WHEN nudge.check_unique_key('customers', CASE WHEN k.n > 1 THEN k.customer END) THEN nudge.bucket(k.customer, {buckets}) END AS bucket
FROM (SELECT u.customer, sum(u.n) AS n FROM (SELECT a.customer, 1 AS n FROM nudge_staging.customers a UNION ALL SELECT m.customer, 0 FROM nudge_analytics.customer_mrr m) u GROUP BY u.customer) k
LEFT JOIN nudge_staging.customers c ON c.customer = k.customer
LEFT JOIN LATERAL (
	SELECT min(m.first_at) AS first_at, max(m.last_at) AS last_at, count(m.mrr) AS currencies, sum(m.mrr) AS mrr,
		CASE WHEN count(m.mrr) = 1 THEN max(m.currency) FILTER (WHERE m.mrr IS NOT NULL) WHEN count(m.mrr) = 0 AND count(*) = 1 THEN max(m.currency) END AS currency
	FROM (
		SELECT s.currency, min(p.valid_from) AS first_at, max(p.valid_to) AS last_at,
			sum(p.mrr) FILTER (WHERE p.valid_to IS NULL OR p.valid_to >= nudge.as_of()) AS mrr
		FROM nudge_analytics.customer_mrr s, LATERAL nudge.mrr_periods(s.state) p
		WHERE s.customer = k.customer AND p.mrr > 0 AND p.valid_from < nudge.as_of()
		GROUP BY s.currency) m) r ON true$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s$clock$, NULL,
	'Customers, with what they pay now. Grain: customer of customers or subscriptions; days are those of the zone of deploy()',
	'{"customer": "Customer", "name": "What it is called", "created_at": "When it came to be", "segment": "Segment now", "industry": "Industry", "company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth",
	"sales_channel": "How it is sold to", "owner": "Who looks after it", "initial_amount": "First recurring amount agreed", "internal": "Own staff or a test account", "status": "active with MRR now, churned without but with some before, never_paid",
	"first_revenue_day": "First day with MRR; NULL if never", "last_revenue_day": "Last day with MRR; NULL if it has some now, or never had", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies: fact_revenue has each", "bucket": "Hash bucket of the customer"}'),
('dim_users', 'customers', 151, 'mart', '{users}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.signed_up_at, nudge.civil_date(u.signed_up_at, {zone}) AS signed_up_day, u.plan, u.role, coalesce(u.internal, false) AS internal,
	CASE WHEN nudge.check_unique_key('users', CASE WHEN u.n > 1 THEN u."user" END) THEN nudge.bucket(u."user", {buckets}) END AS bucket
FROM (SELECT a.*, count(*) OVER (PARTITION BY a."user") AS n FROM nudge_staging.users a) u$query$, NULL, NULL,
	'Users. Grain: user; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs, as in dim_customers", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it", "plan": "Plan of the user", "role": "Role in the account",
	"internal": "Own staff or a test user", "bucket": "Hash bucket of the user"}'),
('dim_plans', 'customers', 152, 'mart', '{plans}', 'plan', '{plan}', $query$
SELECT p.plan, CASE WHEN nudge.check_unique_key('plans', CASE WHEN p.n > 1 THEN p.plan END) THEN p.family END AS family, p.tier, p.kind, p.list_price, p.interval_unit FROM (SELECT a.*, count(*) OVER (PARTITION BY a.plan) AS n FROM nudge_staging.plans a) p$query$, NULL, NULL,
	'Plans and add-ons. Grain: plan',
	'{"plan": "Plan or add-on", "family": "Plans of which it is one", "tier": "Its rank among them", "kind": "plan or addon", "list_price": "Price without any discount; NULL if agreed one by one", "interval_unit": "What the price is for: day, week, month, quarter or year"}');

-- src/warehouse/marts_usage.sql

/*
 * marts_usage.sql
 *		Shipped materialisations about what users do: activity, retention,
 *		features.
 *
 * Rules: doc/marts.md.
 */

-- Days are over once they are in a total: as_of is the present day.  Totals
-- are one key, scope or grain, since the log of changes knows users and no days.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activity_states', 'usage', 300, 'mart', '{events}', 'user', '{user}', $query$
SELECT e."user", nudge.bucket(e."user", {buckets}) AS bucket, nudge.activity_count_agg(e."user", nudge.civil_date(e.at, {zone}), 1) AS state
FROM nudge_staging.events e
WHERE e."user" IS NOT NULL
GROUP BY e."user"$query$, NULL, NULL,
	'Days on which each user was active, and events of each: a state for functions such as active_users. Grain: user',
	'{"user": "User", "bucket": "Hash bucket of the user", "state": "Active days in the zone of deploy(), as activity_state"}'),
('activity_buckets', 'usage', 310, 'mart', '{events}', 'bucket', '{bucket}', $query$
SELECT u.bucket, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.user_activity_states u GROUP BY u.bucket$query$, NULL, NULL,
	'Active days of users by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket',
	'{"bucket": "Hash bucket of users", "users": "Users that were ever active", "state": "Active days, as activity_state"}'),
('active_users', 'usage', 320, 'metric', '{events}', 'scope', '{scope,day}', $query$
SELECT b.scope, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, s.dau_wau AS dau_wau_rate, s.dau_mau AS dau_mau_rate, s.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Active users by day, from the first day with any to yesterday. Grain: day of the zone of deploy()',
	'{"scope": "all: whose activity it is", "day": "Day", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data go back the 30 days"}'),
('lifecycle', 'usage', 330, 'metric', '{events}', 'grain', '{grain,period}', $query$
SELECT g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'Where active users come from and go, by week and by month, from the first with any, up to yesterday. Grain: grain and period of the zone of deploy()',
	'{"grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention', 'usage', 340, 'metric', '{events}', 'grain', '{grain,cohort,age}', $query$
SELECT g.grain, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, g.grain, 12, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'How many users of a cohort, by the period of their first active day, come back 1 to 12 weeks or months later. Grain: grain, cohort and age, in the zone of deploy()',
	'{"grain": "week or month: do not add both", "cohort": "First day of the period of the first active day", "age": "Periods since", "period": "First day of the period that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the period is over: the denominator", "retained_users": "Those active in the period; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the period is not over"}'),

-- Features, of users that are known and not internal.
('feature_user_states', 'usage', 350, 'mart', '{events,users}', 'user', '{user,feature}', $query$
SELECT r."user", r.feature, nudge.bucket(r."user", {buckets}) AS bucket, nudge.feature_agg(r."user", r.at, r.feature, r.action, r.success, r.duration, r.value) AS state
FROM (SELECT e."user", e.feature, e.at, CASE WHEN lower(btrim(e.name)) IN ('viewed', 'completed') THEN lower(btrim(e.name)) ELSE 'used' END AS action, e.success, e.duration, e.value
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL
		UNION ALL
		SELECT DISTINCT e."user", e.feature, u.signed_up_at, 'signed_up', NULL::boolean, NULL::interval, NULL::numeric
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL) r
GROUP BY r."user", r.feature$query$, NULL, NULL,
	'What each user did with each feature: a state for functions such as feature_users. Grain: user and feature',
	'{"user": "User", "feature": "Feature", "bucket": "Hash bucket of the user", "state": "Uses of the feature, and the sign-up, as feature_state"}'),
('feature_buckets', 'usage', 360, 'mart', '{events,users}', 'bucket', '{bucket,feature}', $query$
SELECT u.bucket, u.feature, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.feature_user_states u GROUP BY u.bucket, u.feature$query$, NULL, NULL,
	'What users did with each feature, by hash bucket. Grain: bucket and feature',
	'{"bucket": "Hash bucket of users", "feature": "Feature", "users": "Users with any event of the feature", "state": "Uses of the feature, as feature_state"}'),
('feature_adoption', 'usage', 370, 'metric', '{events,users}', 'feature', '{feature}', $query$
SELECT f.feature, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, a.usage_frequency, a.success_rate, a.completions, a.completion_rate,
	a.median_duration_seconds, a.median_seconds_to_first_use, a.median_seconds_to_adopt, a.value_created
FROM (SELECT m.feature, nudge.rollup(m.state) AS state FROM nudge_analytics.feature_buckets m GROUP BY m.feature) f
	CROSS JOIN (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < nudge.as_of()) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, nudge.as_of(), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users have come with each feature. Grain: feature',
	'{"feature": "Feature", "users": "Users that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users", "success_rate": "Successful uses over those whose outcome is known, a fraction",
	"completions": "Completions", "completion_rate": "completions over uses, a fraction", "median_duration_seconds": "Median duration of a use", "median_seconds_to_first_use": "Median time from signing up to the first use",
	"median_seconds_to_adopt": "Median time from signing up to the third use", "value_created": "Sum of the values of events"}');

-- What key figures and charts by month need.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_retention', 'usage', 992, 'metric', '{events}', 'age', '{age,period}', $query$
SELECT r.age, nudge.period_start(r.cohort, 'month') AS period, sum(r.cohort_users)::bigint AS cohort_users, sum(r.eligible)::bigint AS eligible_users, coalesce(sum(r.retained), 0)::bigint AS retained_users, sum(r.retained) / nullif(sum(r.eligible), 0) AS retention_rate,
	nudge.period_end(r.cohort, 'month') - 1 + r.age < nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'day', 90, nudge.civil_date(nudge.as_of(), {zone})) r
WHERE r.cohort IS NOT NULL AND r.age IN (1, 7, 30, 90)
GROUP BY r.age, nudge.period_start(r.cohort, 'month'), nudge.period_end(r.cohort, 'month')$query$,
	$clock$SELECT g.age, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES (1), (7), (30), (90)) g(age)$clock$, '{"activity_buckets": null}',
	'How many users are active 1, 7, 30 and 90 days after their first active day, by the month of that day. Grain: age and month of the zone of deploy()',
	'{"age": "Days since the first active day: 1, 7, 30 or 90; do not add them", "period": "First day of the month of the first active day", "cohort_users": "Users whose first active day is in the month", "eligible_users": "Those for whom the day is over: the denominator",
	"retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the day is over for none", "complete": "Whether the day is over for all of them"}'),
('user_classes', 'usage', 993, 'metric', '{events}', 'scope', '{scope,period}', $query$
SELECT b.scope, c.period, c.power_users, c.regular_users, c.low_users, t.total_users - c.active_users AS dormant_users, c.active_users, c.qualified_users, t.total_users, c.qualified_users::numeric / nullif(t.total_users, 0) AS qualified_rate, c.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.active_user_classes(b.state, 'week', nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}) c
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) t ON t.day = least(nudge.period_end(c.period, 'week', {week_start}), nudge.civil_date(nudge.as_of(), {zone})) - 1$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Users by their actions in a week: more than 10, 3 to 10, fewer, none. Grain: week of the zone of deploy()',
	'{"scope": "all: whose activity it is", "period": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions", "dormant_users": "Users that were active before, and not in the week",
	"active_users": "Users with an action", "qualified_users": "Users with 3 actions or more", "total_users": "Users first active in the week or before", "qualified_rate": "qualified_users over total_users, a fraction", "complete": "Whether the week is over"}'),
('feature_adoption_by_month', 'usage', 994, 'metric', '{events,users}', 'feature', '{feature,period}', $query$
SELECT f.feature, m.period::date AS period, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, o.until <= nudge.as_of() AS complete
FROM (SELECT b.feature, nudge.rollup(b.state) AS state FROM nudge_analytics.feature_buckets b GROUP BY b.feature OFFSET 0) f
	CROSS JOIN (SELECT nudge.civil_date(min(d.signed_up_at) FILTER (WHERE isfinite(d.signed_up_at)), {zone}) AS day FROM nudge_analytics.dim_users d) s
	CROSS JOIN LATERAL nudge.report_window(s.day, {zone}, 24) w
	CROSS JOIN LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period)
	CROSS JOIN LATERAL (SELECT (m.period + interval '1 month') AT TIME ZONE {zone} AS until) o
	CROSS JOIN LATERAL (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < least(o.until, nudge.as_of())) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, least(o.until, nudge.as_of()), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users had come with each feature by the end of a month, of the present one and the 23 before, from the first month with a user of it on. Grain: feature and month of the zone of deploy()',
	'{"feature": "Feature", "period": "First day of the month", "users": "Users that had signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that had used it", "adopted_users": "Users that had used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses so far", "complete": "Whether the month is over"}');

-- src/warehouse/marts_operations.sql

/*
 * marts_operations.sql
 *		Shipped materialisations about support, surveys, sales, platform and
 *		engineering: reports over whole inputs.
 *
 * Rules: doc/marts_operations.md.
 */

-- Any change of an input is one of everything: the key is no column of theirs.
-- What time alone changes is said by clocks without keys.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('support_performance', 'support', 700, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.tickets_total, r.ticket_share, r.customers_total, r.tickets_per_customer, r.tickets_resolved, r.resolution_rate,
	r.tickets_once_resolved, r.tickets_reopened, r.reopen_rate, r.escalation_known, r.tickets_escalated, r.escalation_rate, r.contacts_known, r.tickets_one_touch, r.one_touch_rate,
	r.csat_answers, r.mean_csat, r.tickets_with_problem,
	f.tickets_done AS tickets_answered, f.mean_minutes AS mean_first_response_minutes, f.median_minutes AS median_first_response_minutes, f.p90_minutes AS p90_first_response_minutes,
	f.sla_met AS first_response_sla_met, f.sla_breached AS first_response_sla_breached, f.sla_pending AS first_response_sla_pending, f.attainment_rate AS first_response_attainment_rate,
	t.mean_minutes AS mean_resolution_minutes, t.median_minutes AS median_resolution_minutes, t.p90_minutes AS p90_resolution_minutes,
	t.sla_met AS resolution_sla_met, t.sla_breached AS resolution_sla_breached, t.sla_pending AS resolution_sla_pending, t.attainment_rate AS resolution_attainment_rate, r.complete
FROM (SELECT nudge.civil_date(min(i.opened_at) FILTER (WHERE isfinite(i.opened_at)), {zone}) AS day FROM nudge_staging.tickets i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('priority', 'priority'), ('complexity', 'complexity'), ('category', 'category'), ('agent', 'agent'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.support_report('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) r
	LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) f
		ON f.measure = 'first_response' AND f.period = r.period AND f.is_total = r.is_total AND f.value IS NOT DISTINCT FROM r.value
	LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) t
		ON t.measure = 'resolution' AND t.period = r.period AND t.is_total = r.is_total AND t.value IS NOT DISTINCT FROM r.value
WHERE r.is_total = (d.by IS NULL) AND (d.dimension <> 'segment' OR {customers?} IS NOT NULL)$query$,
	'SELECT nudge.as_of()',
	'Tickets of support by the month in which they were opened, in all and by a dimension: volume, resolution, satisfaction, times and targets. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total",
	"tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met", "complete": "Whether the month is over"}'),
('support_backlog', 'support', 710, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening AS opening_tickets, r.opened AS tickets_opened, r.reopened AS tickets_reopened, r.resolved AS tickets_resolved, r.closing AS closing_tickets,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.oldest_age_days, 1) AS oldest_age_days, r.complete
FROM (SELECT nudge.civil_date(min(i.opened_at) FILTER (WHERE isfinite(i.opened_at)), {zone}) AS day FROM nudge_staging.tickets i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('priority', 'priority'), ('complexity', 'complexity'), ('category', 'category'), ('agent', 'agent')) d(dimension, by),
	LATERAL nudge.backlog('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Open tickets by month, in all and by a dimension: opening, opened, reopened, resolved, closing, and how old they are. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_tickets": "Open as the month began",
	"tickets_opened": "Opened in the month", "tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth", "oldest_age_days": "Age of the oldest, in days, to a tenth",
	"complete": "Whether the month is over"}'),
('nps', 'customers', 720, 'metric', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.asked, r.answered, r.response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors,
	r.score, r.score_low, r.score_high, r.band, r.action, r.score_change, r.p_value, r.complete
FROM (SELECT nudge.civil_date(min(i.sent_at) FILTER (WHERE isfinite(i.sent_at)), {zone}) AS day FROM nudge_staging.surveys i WHERE lower(btrim(i.kind)) = 'nps') b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('segment', 'segment'), ('industry', 'industry'), ('company_size', 'company_size'), ('region', 'region')) d(dimension, by),
	LATERAL nudge.nps_report('nudge_staging.surveys'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), {customers?}, d.by) r
WHERE r.is_total = (d.by IS NULL) AND (d.by IS NULL OR {customers?} IS NOT NULL)$query$, $clock$
SELECT t FROM nudge.period_ticks('month', {zone}) t
UNION ALL
-- what is dated in the future comes to be, and what was asked is waited for no more
SELECT v.at FROM nudge_staging.surveys i, LATERAL (VALUES (i.sent_at + interval '1 microsecond'), (i.answered_at + interval '1 microsecond'), (i.sent_at + make_interval(hours => 24 * 14))) v(at)
UNION ALL SELECT c.created_at + interval '1 microsecond' FROM {customers*} c$clock$,
	'Net promoter score by the month in which was asked, in all and by a dimension of customers. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "answered": "Surveys that were answered",
	"response_rate": "answered over asked", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered", "customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6",
	"score": "Net promoter score, -100 to 100", "score_low": "Lower end of its 95% interval", "score_high": "Upper end of its 95% interval", "band": "Band of the score", "action": "What the band asks for", "score_change": "Change against the month before", "p_value": "Probability of such a change by chance",
	"complete": "Whether the month is over"}'),
('sales_pipeline', 'sales', 730, 'metric', '{deals}', '{deal_stages,activities}', 'dimension', '{dimension,value}', $query$
SELECT d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
FROM (VALUES ('all', 'stage', true), ('stage', 'stage', false), ('owner', 'owner', false), ('team', 'team', false), ('segment', 'segment', false)) d(dimension, by, is_total),
	LATERAL nudge.pipeline_value('{deals$}'::regclass, {deal_stages?}, {activities?}, {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = d.is_total$query$,
	'SELECT nudge.as_of()',
	'Open deals now, in all and by a dimension: amount, weighted amount, age, activity. Grain: dimension and value',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "open_deals": "Open deals", "open_amount": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_amount": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth", "mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals",
	"activities_per_open_deal": "activity_count over open_deals", "stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "currency": "Currency of all amounts"}'),
('sales_performance', 'sales', 740, 'metric', '{deals}', '{deal_stages,quotas}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening_deals, r.opening_amount, r.deals_created, r.created_amount, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded,
	r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, r.weighted_amount, r.average_deal_size, r.win_rate, r.win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days,
	r.qualified_deals, r.sales_velocity, r.quota, r.quota_attainment, r.quota_remaining, r.currency_code AS currency, r.complete
FROM (SELECT nudge.civil_date(min(i.created_at) FILTER (WHERE isfinite(i.created_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('owner', 'owner'), ('team', 'team'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.sales_report('{deals$}'::regclass, w.start_day, w.end_day, {deal_stages?}, {quotas$?}, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deals by month, in all and by a dimension: created, won and lost, win rate, cycle, velocity and quota. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome",
	"open_deals": "Open as the month ended, or now", "open_amount": "Their amount", "weighted_amount": "Amount times probability of its stage", "average_deal_size": "won_amount over won", "win_rate": "Fraction of decided deals that were won", "win_rate_by_amount": "Fraction of their amount that was won",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages", "sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment": "won_amount over quota",
	"quota_remaining": "Quota that is left", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
-- Time goes on in what is not over: up to the last full hour, so that an hour is computed once.
('platform_uptime', 'platform', 750, 'metric', '{incidents}', '{maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.total_minutes, r.maintenance_minutes, r.considered_minutes, r.downtime_minutes, r.uptime_share, r.outages, r.longest_outage_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.uptime('nudge_staging.incidents'::regclass, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Uptime by month, in all and by service, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all", "total_minutes": "Minutes of the month so far", "maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes",
	"downtime_minutes": "Minutes down, outside maintenance", "uptime_share": "Fraction of considered_minutes that was not down", "outages": "Stretches of downtime", "longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}'),
('incident_summary', 'platform', 755, 'metric', '{incidents}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, CASE WHEN r.all_severities THEN 'all' ELSE 'severity' END AS dimension, CASE WHEN r.all_severities THEN 'all' ELSE r.severity END AS value, r.incidents_started, r.incident_share, r.open_incidents, r.mttr_minutes, r.median_ttr_minutes, r.detected_incidents, r.mttd_minutes, r.detection_to_end_minutes,
	r.longest_minutes, r.total_minutes, r.incident_minutes, r.failures, r.mtbf_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.incident_report('nudge_staging.incidents'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) r$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Incidents by month, in all and by severity: how many, time to detect, to repair and between failures, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or severity", "value": "Severity; all for dimension all", "incidents_started": "Incidents that began", "incident_share": "Share of the incidents of the month, 0 to 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end", "median_ttr_minutes": "Median of these",
	"detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection", "detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far", "incident_minutes": "Minutes with an incident",
	"failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}'),
('platform_performance', 'platform', 760, 'metric', '{requests}', '{incidents,maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.request_count, r.mean_ms, r.p50_ms, r.p95_ms, r.p99_ms, r.highest_ms, r.requests_with_outcome, r.errors, r.error_rate,
	r.requests_per_second, r.peak_requests_per_second, u.considered_minutes, u.downtime_minutes, u.uptime_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.requests i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('endpoint', 'endpoint')) d(dimension, by),
	LATERAL nudge.latency_report('nudge_staging.requests'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.uptime({incidents?}, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) f WHERE d.by IS NULL AND {incidents?} IS NOT NULL) u
		ON u.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Latency, throughput and errors of requests by month, in all and by endpoint, and uptime in all, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or endpoint", "value": "Endpoint; all for dimension all, NULL if it is not known", "request_count": "Requests", "mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%",
	"highest_ms": "The longest", "requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome", "requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute",
	"considered_minutes": "Minutes of the month so far without maintenance; of dimension all, if incidents are mapped", "downtime_minutes": "Minutes down of these", "uptime_share": "Fraction of considered_minutes that was not down", "complete": "Whether the month is over"}'),
('engineering_delivery', 'engineering', 770, 'metric', '{deployments}', '{bugs,coverage_samples}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deployment_count, r.elapsed_days, r.deployment_days, r.deployments_per_day, r.deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours, r.mean_lead_time_hours, r.p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate, r.restored_deployments, r.unrestored_deployments, r.median_recovery_hours, r.mean_recovery_hours,
	g.opened AS bugs_opened, g.closed AS bugs_closed, g.closing AS open_bugs, g.median_days_to_close AS median_days_to_close_bugs, g.escape_known AS bug_escape_known, g.escaped AS bugs_escaped, g.escape_rate AS bug_escape_rate,
	c.coverage AS coverage_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.deployments i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.delivery_performance('nudge_staging.deployments'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.bug_report({bugs?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_severities AND d.by IS NULL AND {bugs?} IS NOT NULL) g ON g.period = r.period
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.code_coverage({coverage_samples?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_repositories AND d.by IS NULL AND {coverage_samples?} IS NOT NULL) c ON c.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deployments by month, in all and by service: frequency, lead time, failures and recovery; and bugs and coverage of code in all. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all, NULL if it is not known", "deployment_count": "Deployments", "elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days",
	"deployments_per_week": "Seven times that", "lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these", "p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm",
	"failed_deployments": "Those that did", "change_failure_rate": "failed_deployments over outcome_count", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not", "median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these",
	"bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed", "open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known", "coverage_share": "Share of code that tests cover, of dimension all", "complete": "Whether the month is over"}');

-- src/warehouse/marts_acquisition.sql

/*
 * marts_acquisition.sql
 *		Shipped materialisations about channels, costs, cash and competition.
 *
 * Rules: doc/marts_acquisition.md.
 */

-- From journeys of customers to credits of buckets, which are added up: credits
-- of rules are each conversion's own.  What paths say together is computed from
-- all of them.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_journeys', 'acquisition', 800, 'mart', '{touches,conversions}', 'customer', '{customer,currency}', $query$
SELECT g.customer, g.currency, nudge.bucket(g.customer, {buckets}) AS bucket, g.first_conversion_at, g.last_conversion_at, CASE WHEN g.currency IS NULL THEN g.state ELSE nudge.combine(g.state, g.touches) END AS state
FROM (
	-- touches are of no currency: they lead to conversions of any
	SELECT a.*, nudge.rollup(a.state) FILTER (WHERE a.currency IS NULL) OVER one AS touches, count(a.currency) OVER one AS currencies
	FROM (
		SELECT r.customer, r.currency, min(r.at) FILTER (WHERE r.currency IS NOT NULL) AS first_conversion_at, max(r.at) FILTER (WHERE r.currency IS NOT NULL) AS last_conversion_at, nudge.journey_agg(r.customer, r.at, r.channel, r.revenue) AS state
		FROM (SELECT c.customer, coalesce(upper(btrim(c.currency)), 'XXX') AS currency, c.at, NULL AS channel, c.revenue FROM {conversions$} c
			UNION ALL SELECT t.customer, NULL, t.at, btrim(t.channel), NULL FROM nudge_staging.touches t) r
		GROUP BY r.customer, r.currency
	) a
	WINDOW one AS (PARTITION BY a.customer)
) g
WHERE g.currency IS NOT NULL OR g.currencies = 0$query$, NULL, NULL,
	'Touches and conversions of each customer, by currency of the conversions: a state for functions such as attribution. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the conversions; NULL for customers without any", "bucket": "Hash bucket of the customer", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('journey_buckets', 'acquisition', 810, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency}', $query$
SELECT j.bucket, j.currency, count(*) AS customers, min(j.first_conversion_at) AS first_conversion_at, max(j.last_conversion_at) AS last_conversion_at, nudge.rollup(j.state) AS state
FROM nudge_analytics.customer_journeys j
GROUP BY j.bucket, j.currency$query$, NULL, NULL,
	'Touches and conversions of customers by hash bucket, by currency of the conversions. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the conversions; NULL for customers without any", "customers": "Customers with a touch or a conversion", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('attribution_buckets', 'acquisition', 820, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency,period,channel}', $query$
SELECT b.bucket, b.currency, m.period::date AS period, a.*
FROM nudge_analytics.journey_buckets b,
	LATERAL nudge.report_window(nudge.civil_date(b.first_conversion_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	-- what is dated in the days to come is not known
	LATERAL nudge.attribution_models(b.state, start_day => m.period::date, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(b.currency)) a$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, nudge.civil_date(b.last_conversion_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.journey_buckets b WHERE isfinite(b.last_conversion_at) UNION ALL SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''month'', {zone}) t', NULL,
	'Credits of channels under each model that follows rules, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and channel',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}'),
('attribution_paths', 'acquisition', 825, 'mart', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT m.period::date AS period, c.currency, a.model, a.channel, a.conversions, a.revenue
FROM (
	-- paths that do not convert are of no currency
	SELECT k.currency, min(b.first_conversion_at) AS first_at, nudge.rollup(b.state) AS state
	FROM (SELECT DISTINCT d.currency FROM nudge_analytics.journey_buckets d WHERE d.currency IS NOT NULL) k JOIN nudge_analytics.journey_buckets b ON b.currency = k.currency OR b.currency IS NULL
	GROUP BY k.currency
) c,
	LATERAL nudge.report_window(nudge.civil_date(c.first_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day, nudge.currency_minor_unit(c.currency) AS minor_unit) o,
	LATERAL (
		SELECT 'markov' AS model, x.channel, x.conversions, x.revenue FROM nudge.markov_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
		UNION ALL
		SELECT 'shapley', x.channel, x.conversions, x.revenue FROM nudge.shapley_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
	) a$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"journey_buckets": null}',
	'Credits of channels under the models that are fitted to all paths of a month. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited", "revenue": "Revenue credited"}'),
('channel_attribution', 'acquisition', 830, 'metric', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT c.period, c.currency, c.model, c.channel, c.conversions, c.revenue, sum(c.revenue) OVER one AS total_revenue, c.revenue / nullif(sum(c.revenue) OVER one, 0) AS revenue_share, c.assisted_conversions, c.assisted_revenue,
	(c.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (
	SELECT s.currency, s.period, v.model, s.channel, v.conversions, v.revenue, s.assisted_conversions, s.assisted_revenue
	FROM (
		SELECT b.currency, b.period, b.channel, sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
			sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
			sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
			sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
			sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
		FROM nudge_analytics.attribution_buckets b
		GROUP BY b.currency, b.period, b.channel
	) s, LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
		('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) v(model, conversions, revenue)
	UNION ALL
	SELECT p.currency, p.period, p.model, p.channel, p.conversions, p.revenue, NULL, NULL
	FROM nudge_analytics.attribution_paths p
) c
WINDOW one AS (PARTITION BY c.currency, c.period, c.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', NULL,
	'Conversions and revenue credited to channels, under each model of attribution, by the month of the conversion. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution: that of a rule, markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch; NULL of markov and shapley", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- Who is behind the credits: a conversion's are those of its customer alone, under
-- all models but those that are fitted to all paths.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns, indexes) VALUES
('customer_attribution', 'acquisition', 1221, 'mart', '{touches,conversions}', 'customer', '{customer,currency,period,channel}', $query$
SELECT j.customer, j.currency, m.period, a.*
FROM nudge_analytics.customer_journeys j,
	LATERAL (SELECT DISTINCT nudge.period_start(nudge.civil_date(r.at, {zone}), 'month') AS period FROM nudge.journey_rows(j.state) r
		WHERE r.revenue IS NOT NULL AND isfinite(r.at) AND nudge.civil_date(r.at, {zone}) <= nudge.civil_date(nudge.as_of(), {zone})) m,
	LATERAL nudge.attribution_models(j.state, start_day => m.period, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(j.currency)) a
WHERE j.currency IS NOT NULL$query$,
	'SELECT c.customer, nudge.civil_date(c.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.conversions c WHERE isfinite(c.at)',
	'Credits of channels for the conversions of each customer under each model that follows rules. Grain: customer, currency, month of the conversion and channel',
	'{"customer": "Customer", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}', '{(period)}');

-- By what the customers are now: models that are fitted to all paths have no parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('channel_attribution_by_dimension', 'acquisition', 1222, 'metric', '{touches,conversions,customers,subscriptions}', 'period', '{period,dimension,value,currency,model,channel}', $query$
SELECT m.period, v.dimension, v.value, s.currency, c.model, s.channel, c.conversions, c.revenue, sum(c.revenue) OVER one AS total_revenue, c.revenue / nullif(sum(c.revenue) OVER one, 0) AS revenue_share, s.assisted_conversions, s.assisted_revenue,
	(m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
-- month by month, so that some are computed alone
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) n,
	LATERAL (SELECT g::date AS period FROM generate_series(n.month - interval '35 months', n.month, interval '1 month') g) m,
	LATERAL (
		SELECT b.currency, b.channel, b.segment, b.industry, b.company_size, b.region, b.growth_tier, b.sales_channel, b.plan, b.product_mix, b.tenure, b.initial_contract_size,
			sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
			sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
			sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
			sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
			sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
		FROM (
			SELECT a.*, coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size
			FROM nudge_analytics.customer_attribution a LEFT JOIN nudge_analytics.customer_dimensions d ON d.customer = a.customer
			WHERE a.period = m.period
			-- sums of neighbours stay in the cache: five times as fast
			ORDER BY a.currency, a.channel
		) b
		GROUP BY b.currency, b.channel, GROUPING SETS ((b.segment), (b.industry), (b.company_size), (b.region), (b.growth_tier), (b.sales_channel), (b.plan), (b.product_mix), (b.tenure), (b.initial_contract_size))
	) s,
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure, s.initial_contract_size]) v(dimension, value),
	LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
	('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) c(model, conversions, revenue)
-- labels are never NULL: one that is there is what is grouped by
WHERE v.value IS NOT NULL
WINDOW one AS (PARTITION BY m.period, v.dimension, v.value, s.currency, c.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'{"customer_dimensions": {"column": "customer", "query": "SELECT a.customer, a.period FROM nudge_analytics.customer_attribution a"}}',
	'Conversions and revenue credited to channels, under each model of attribution that follows rules, by the month of the conversion and value of a dimension of the customers now. Grain: month of the zone of deploy(), dimension, value, currency, model and channel',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution that follows rules", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- Reports over whole inputs: any change of an input is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('channel_performance', 'acquisition', 840, 'metric', '{spend,touches,conversions}', '{leads,budgets}', 'period', '{period,channel}', $query$
SELECT m.period::date AS period, r.channel, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.click_through_rate, r.cost_per_click, r.cost_per_lead, r.visitor_to_lead_rate, r.lead_to_customer_rate, r.click_to_customer_rate,
	r.cac, r.roas, r.roi, r.cost_share, r.planned_cost, r.planned_share, r.currency_code AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT b.currency, nudge.civil_date(min(b.first_conversion_at), {zone}) AS day FROM nudge_analytics.journey_buckets b WHERE b.currency IS NOT NULL GROUP BY b.currency
			UNION ALL SELECT upper(btrim(i.currency)), min(i.day) FILTER (WHERE isfinite(i.day)) FROM {spend$} i GROUP BY upper(btrim(i.currency))) k) c,
	-- once, and not for each month
	(SELECT nudge.rollup(b.state) AS state FROM nudge_analytics.journey_buckets b OFFSET 0) j,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.channel_performance(nudge.channel_credits(j.state, 'linear', o.start_day, o.end_day, {zone}), '{spend$}'::regclass, o.start_day, o.end_day, {zone},
		leads => {leads?}, touches => 'nudge_staging.touches'::regclass, budgets => {budgets$?}, currency => c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What each channel cost, brought and earned by month, under the linear model of attribution. Grain: month of the zone of deploy() and channel',
	'{"period": "First day of the month", "channel": "Channel; NULL is what no channel has earned", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it",
	"new_customers": "First conversions credited to it", "revenue": "Revenue credited to it", "click_through_rate": "Clicks over impressions", "cost_per_click": "Cost over clicks", "cost_per_lead": "Cost over leads", "visitor_to_lead_rate": "Leads over visitors", "lead_to_customer_rate": "New customers over leads",
	"click_to_customer_rate": "New customers over clicks", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "cost_share": "Share in the cost of all channels", "planned_cost": "Cost planned", "planned_share": "Share in the cost planned",
	"currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('cost_structure', 'finance', 850, 'metric', '{costs}', '{budgets}', 'period', '{period,category}', $query$
SELECT r.period, r.category, r.depth, r.actual, r.fixed_actual, r.variable_actual, r.own_actual, r.actual / nullif(t.actual, 0) AS cost_share, r.budget, r.own_budget, r.variance, r.variance_rate, r.outcome, r.over_threshold, r.currency_code AS currency, r.complete
FROM (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM nudge_staging.costs i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL (SELECT v.*, max(v.actual) FILTER (WHERE v.depth = 0) OVER (PARTITION BY v.period) AS total FROM nudge.budget_variance('{costs$}'::regclass, {budgets$?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) v) r,
	LATERAL (SELECT r.total AS actual) t$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs by month and category, with all categories below it: fixed, variable, share, and against the budget. Grain: month and category; the category of all is empty',
	'{"period": "First day of the month", "category": "Path of the category; empty for all costs", "depth": "How deep the category is; 0 is all costs", "actual": "Costs of the category and those below it", "fixed_actual": "Those that are fixed", "variable_actual": "Those that grow with volume",
	"own_actual": "Costs of the category itself", "cost_share": "actual over all costs of the month", "budget": "Budget of the category and those below it", "own_budget": "Budget of the category itself", "variance": "actual less budget", "variance_rate": "variance over budget",
	"outcome": "Whether costs are over, under or at the budget", "over_threshold": "Whether they are away from it by more than 10%", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('burn_and_runway', 'finance', 860, 'metric', '{costs,cash,subscriptions}', '{payments,charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.receipts, r.gross_burn, r.net_burn, r.mean_net_burn, r.cash_day, r.cash_balance, r.runway_months, r.profitable, r.net_new_arr, r.burn_multiple, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT upper(btrim(i.currency)) AS currency, min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i GROUP BY upper(btrim(i.currency))
			UNION ALL SELECT DISTINCT b.currency, NULL::date FROM nudge_analytics.mrr_item_buckets b) k) c,
	(SELECT nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) m,
	LATERAL nudge.report_window(c.day, {zone}) w,
	LATERAL nudge.burn(m.state, '{costs$}'::regclass, w.start_day, w.end_day, '{cash$}'::regclass, {payments$?}, {charges$?}, {usage?}, {zone}, nudge.as_of(), c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Cash that is burnt by month, and for how many months it lasts. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "receipts": "Cash received: payments if they are mapped, else revenue", "gross_burn": "Costs", "net_burn": "Costs less receipts", "mean_net_burn": "Mean of the last three months that are over", "cash_day": "Last day with a balance", "cash_balance": "Cash on that day",
	"runway_months": "cash_balance over mean_net_burn; NULL if nothing is burnt", "profitable": "Whether nothing is burnt", "net_new_arr": "Growth of ARR in the month", "burn_multiple": "net_burn over net_new_arr; NULL if that is not above 0", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('competitive', 'market', 870, 'metric', '{competitor_facts}', '{}', 'period', '{period,channel,all_channels,competitor}', $query$
SELECT r.period, r.channel, r.all_channels, r.competitor, r.voice AS mentions, r.total_voice AS total_mentions, r.share AS mention_share, r.share_change AS mention_share_change, r.recorded_share, r.recorded_share_change,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.competitor_facts i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.share_of_voice('nudge_staging.competitor_facts'::regclass, w.start_day, w.end_day, 'month', {zone}) r$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Share of voice of competitors by month, in all and by channel. Grain: month of the zone of deploy(), channel and competitor',
	'{"period": "First day of the month", "channel": "Channel; NULL if it is not known, or of all", "all_channels": "Whether the row is of all channels together", "competitor": "Competitor, or oneself", "mentions": "Mentions", "total_mentions": "Mentions of all", "mention_share": "mentions over total_mentions",
	"mention_share_change": "Change against the month before", "recorded_share": "Share of voice as it was recorded", "recorded_share_change": "Change of that against the month before", "complete": "Whether the month is over"}'),
('competitive_wins', 'market', 875, 'metric', '{deals}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded, r.win_rate, r.rate_low, r.rate_high, r.win_rate_change, r.p_value,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.closed_at) FILTER (WHERE isfinite(i.closed_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('competitor', 'competitor')) d(dimension, by),
	LATERAL nudge.win_rates('nudge_staging.deals'::regclass, w.start_day, w.end_day, d.by, 'month', {zone}) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Deals won and lost by the month of their close, in all and by competitor. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month of the close", "dimension": "all or competitor", "value": "Competitor; all for dimension all, NULL if there was none", "deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome",
	"win_rate": "Fraction of closed deals with an outcome that were won", "rate_low": "Lower end of its 95% interval", "rate_high": "Upper end of its 95% interval", "win_rate_change": "Change against the month before", "p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}');

-- src/warehouse/marts_facts.sql

/*
 * marts_facts.sql
 *		Shipped materialisations that people drill down to: what happened, by day
 *		or one by one, what it happened with, and revenue by attributes then.
 *
 * Rules: doc/marts_facts.md.
 */

-- Dimensions, as those of marts_customers.sql.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, description, columns) VALUES
('dim_campaigns', 'acquisition', 153, 'mart', '{campaigns}', 'campaign', '{campaign}', $query$
SELECT c.campaign, CASE WHEN nudge.check_unique_key('campaigns', CASE WHEN c.n > 1 THEN c.campaign END) THEN nullif(btrim(c.channel), '') END AS channel, nullif(lower(btrim(c.kind)), '') AS kind, c.budget_share, c.started_at, c.ended_at,
	nudge.civil_date(c.started_at, {zone}) AS first_day, nudge.civil_date(c.ended_at - interval '1 microsecond', {zone}) AS last_day
FROM (SELECT a.*, count(*) OVER (PARTITION BY a.campaign) AS n FROM nudge_staging.campaigns a) c$query$,
	'Campaigns. Grain: campaign; days are those of the zone of deploy()',
	'{"campaign": "Campaign", "channel": "Channel on which it runs", "kind": "brand, competitor, generic, content or event", "budget_share": "Planned share of the budget, 0 to 1", "started_at": "When it began", "ended_at": "When it ended", "first_day": "Day on which it began", "last_day": "Last day on which it ran"}'),
('dim_features', 'usage', 154, 'mart', '{features}', 'feature', '{feature}', $query$
SELECT f.feature, CASE WHEN nudge.check_unique_key('features', CASE WHEN f.n > 1 THEN f.feature END) THEN nullif(btrim(f.tier), '') END AS tier, coalesce(f.default_on, false) AS default_on, f.released_at, nudge.civil_date(f.released_at, {zone}) AS released_day
FROM (SELECT a.*, count(*) OVER (PARTITION BY a.feature) AS n FROM nudge_staging.features a) f$query$,
	'Features. Grain: feature; days are those of the zone of deploy()',
	'{"feature": "Feature", "tier": "Plan tier that has it", "default_on": "On without anybody choosing it", "released_at": "When it came out", "released_day": "Day of it"}');

-- What happened, by day.  What is dated in the days to come is in them, with
-- its day: so no clock has to look at all rows.  A row that lacks what it needs
-- is an error of its key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, key_maps, description, columns) VALUES
('fact_sends', 'acquisition', 400, 'mart', '{sends}', 'campaign', '{campaign,day}', $query$
SELECT r.campaign, r.day, CASE WHEN r.bad = 0 OR nudge.check_input('sends', r.bad) THEN r.sent END AS sent, r.delivery_known, r.delivered, r.delivered::numeric / nullif(r.delivery_known, 0) AS delivery_rate, r.open_known, r.opened, r.opened::numeric / nullif(r.open_known, 0) AS open_rate,
	r.click_known, r.clicked, r.clicked::numeric / nullif(r.click_known, 0) AS click_rate
FROM (
	SELECT s.campaign, nudge.civil_date(s.at, {zone}) AS day,
		count(*) FILTER (WHERE NOT coalesce(isfinite(s.at) AND s.count >= 0, false)) AS bad, sum(s.count)::bigint AS sent,
		-- of messages whose arrival is not known, all may be opened
		coalesce(sum(s.count) FILTER (WHERE s.delivered IS NOT NULL), 0)::bigint AS delivery_known, sum(s.delivered)::bigint AS delivered,
		coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.opened IS NOT NULL), 0)::bigint AS open_known, sum(s.opened)::bigint AS opened,
		coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.clicked IS NOT NULL), 0)::bigint AS click_known, sum(s.clicked)::bigint AS clicked
	FROM nudge_staging.sends s
	GROUP BY s.campaign, nudge.civil_date(s.at, {zone})
) r$query$, NULL,
	'Messages sent, delivered, opened and clicked, by campaign and day. Grain: campaign and day of the zone of deploy()',
	'{"campaign": "Campaign", "day": "Day on which they were sent", "sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL if it is not known", "delivery_rate": "delivered over delivery_known",
	"open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened", "opened": "How many were opened; NULL if it is not known", "open_rate": "opened over open_known",
	"click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL if it is not known", "click_rate": "clicked over click_known"}'),

-- Events are known by user: what has changed of a user leads to days.
('user_event_days', 'usage', 410, 'mart', '{events}', 'user', '{user,day,name,feature}', $query$
SELECT r."user", r.day, r.name, r.feature, CASE WHEN r.bad = 0 OR nudge.check_input('events', r.bad) THEN r.events END AS events, r.succeeded, r.failed, r.value
FROM (
	SELECT e."user", nudge.civil_date(e.at, {zone}) AS day, e.name, e.feature, count(*) AS events, count(*) FILTER (WHERE e.success) AS succeeded, count(*) FILTER (WHERE NOT e.success) AS failed, sum(e.value) AS value,
		count(*) FILTER (WHERE NOT coalesce(isfinite(e.at) AND e.name IS NOT NULL AND coalesce(abs(e.value) < 'Infinity', true), false)) AS bad
	FROM nudge_staging.events e
	GROUP BY e."user", nudge.civil_date(e.at, {zone}), e.name, e.feature
) r$query$, NULL,
	'Events of each user by day. Grain: user, day of the zone of deploy(), name of the event and feature',
	'{"user": "User", "day": "Day", "name": "Name of the event", "feature": "Feature; NULL for events without one", "events": "Events", "succeeded": "Those that worked", "failed": "Those that did not", "value": "What they were worth"}'),
('fact_events', 'usage', 420, 'mart', '{events}', 'day', '{day,name,feature}', $query$
SELECT u.day, u.name, u.feature, sum(u.events)::bigint AS events, count(*) AS users, sum(u.succeeded)::bigint AS succeeded, sum(u.failed)::bigint AS failed,
	sum(u.succeeded) / nullif(sum(u.succeeded + u.failed), 0) AS success_rate, sum(u.value) AS value
FROM nudge_analytics.user_event_days u
GROUP BY u.day, u.name, u.feature$query$, NULL,
	'Events by day, and how many users they are of. Grain: day of the zone of deploy(), name of the event and feature',
	'{"day": "Day", "name": "Name of the event", "feature": "Feature; NULL for events without one", "events": "Events of users", "users": "Distinct users: do not add them over days, names or features", "succeeded": "Events that worked", "failed": "Events that did not",
	"success_rate": "succeeded over succeeded and failed", "value": "What they were worth"}'),

('fact_touches', 'acquisition', 430, 'mart', '{touches}', 'customer', '{customer,day,channel,campaign,partner}', $query$
SELECT r.customer, r.day, r.channel, r.campaign, r.partner, CASE WHEN r.bad = 0 OR nudge.check_input('touches', r.bad) THEN r.touches END AS touches
FROM (
	SELECT t.customer, nudge.civil_date(t.at, {zone}) AS day, btrim(t.channel) AS channel, t.campaign, t.partner, count(*) AS touches, count(*) FILTER (WHERE NOT coalesce(isfinite(t.at) AND t.channel IS NOT NULL, false)) AS bad
	FROM nudge_staging.touches t
	GROUP BY t.customer, nudge.civil_date(t.at, {zone}), btrim(t.channel), t.campaign, t.partner
) r$query$, NULL,
	'Contacts of marketing with each customer by day. Grain: customer, day of the zone of deploy(), channel, campaign and partner',
	'{"customer": "Customer: contacts of which it is not known are left out", "day": "Day", "channel": "Channel of the contact", "campaign": "Campaign; NULL if none", "partner": "Partner; NULL if none", "touches": "Contacts"}'),
('fact_conversions', 'acquisition', 440, 'mart', '{conversions}', 'customer', '{customer,day,kind,currency}', $query$
SELECT r.customer, r.day, r.kind, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('conversions', r.bad) THEN r.conversions END AS conversions, r.revenue
FROM (
	SELECT c.customer, nudge.civil_date(c.at, {zone}) AS day, nullif(lower(btrim(c.kind)), '') AS kind, upper(btrim(c.currency)) AS currency, count(*) AS conversions, sum(c.revenue) AS revenue,
		count(*) FILTER (WHERE NOT coalesce(isfinite(c.at) AND abs(c.revenue) < 'Infinity' AND c.currency IS NOT NULL, false)) AS bad
	FROM nudge_staging.conversions c
	GROUP BY c.customer, nudge.civil_date(c.at, {zone}), nullif(lower(btrim(c.kind)), ''), upper(btrim(c.currency))
) r$query$, NULL,
	'Conversions of each customer by day, and what they are worth. Grain: customer, day of the zone of deploy(), kind and currency',
	'{"customer": "Customer", "day": "Day", "kind": "Kind, such as signup or purchase, in small letters; NULL if it is not known", "currency": "Currency of the revenue", "conversions": "Conversions", "revenue": "What they are worth"}'),
-- Channels are no keys of the input: a change of it is one of everything, of which only what differs is written.
('fact_spend', 'acquisition', 450, 'mart', '{spend}', 'day', '{day,channel,campaign,partner,currency}', $query$
SELECT r.day, r.channel, r.campaign, r.partner, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('spend', r.bad) THEN r.amount END AS amount, r.impressions, r.clicks
FROM (
	SELECT s.day, btrim(s.channel) AS channel, s.campaign, s.partner, upper(btrim(s.currency)) AS currency, sum(s.amount) AS amount, sum(s.impressions)::bigint AS impressions, sum(s.clicks)::bigint AS clicks,
		count(*) FILTER (WHERE NOT coalesce(isfinite(s.day) AND s.channel IS NOT NULL AND abs(s.amount) < 'Infinity' AND s.currency IS NOT NULL, false)) AS bad
	FROM nudge_staging.spend s
	GROUP BY s.day, btrim(s.channel), s.campaign, s.partner, upper(btrim(s.currency))
) r$query$, NULL,
	'Cost of acquisition by day. Grain: day, channel, campaign, partner and currency',
	'{"day": "Day it was spent", "channel": "Channel it was spent on", "campaign": "Campaign; NULL if none", "partner": "Partner it was paid to; NULL if none", "currency": "Currency of the amount", "amount": "Amount spent", "impressions": "Times it was shown; NULL if it is not known", "clicks": "Clicks it brought; NULL if it is not known"}');

-- What happened, one by one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_subscriptions', 'revenue', 405, 'mart', '{subscriptions}', 'customer', '{customer,subscription,item,valid_from,sequence_no}', $query$
SELECT r.customer, r.subscription, r.item, r.valid_from,
	-- all columns: rows that tie are equal
	row_number() OVER (PARTITION BY r.customer, r.subscription, r.item, r.valid_from ORDER BY r.valid_to, r.plan, r.status, r.currency, r.amount, r.interval_unit, r.interval_count, r.quantity, r.discount, r.discount_kind, r.usage)::integer AS sequence_no,
	r.valid_to, nudge.civil_date(r.valid_from, {zone}) AS first_day, nudge.civil_date(r.valid_to - interval '1 microsecond', {zone}) AS last_day, r.plan, r.status, r.currency, r.amount, r.interval_unit, r.interval_count, r.quantity, r.discount, r.discount_kind, r.usage,
	CASE WHEN r.bad = 0 OR nudge.check_input('subscriptions', r.bad) THEN r.mrr END AS mrr
FROM (
	SELECT s.customer, s.subscription, s.item, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, s.plan, lower(btrim(s.status)) AS status, upper(btrim(s.currency)) AS currency, s.amount, lower(btrim(s.interval_unit)) AS interval_unit, s.interval_count,
		coalesce(s.quantity, 1) AS quantity, coalesce(s.discount, 0) AS discount, nullif(lower(btrim(s.discount_kind)), '') AS discount_kind, coalesce(s.usage, false) AS usage,
		nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr,
		(NOT coalesce(isfinite(s.valid_from) AND s.valid_to IS DISTINCT FROM '-infinity' AND s.item IS NOT NULL AND s.currency IS NOT NULL AND abs(s.amount) < 'Infinity', false))::integer AS bad
	FROM nudge_staging.subscriptions s
) r$query$, NULL,
	'Recurring prices with the time over which they are in force, and their MRR. Grain: customer, subscription, item and beginning; days are those of the zone of deploy()',
	'{"customer": "Who pays", "subscription": "Subscription of which it is an item; NULL if it is not known", "item": "Item", "valid_from": "First instant in force", "sequence_no": "1; rows of an item that begin at the same instant are counted on", "valid_to": "Instant at which it is in force no more; NULL: it has no end yet",
	"first_day": "Day of valid_from", "last_day": "Last day in force; NULL: it has no end yet", "plan": "Plan or add-on", "status": "Status, in small letters", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none", "interval_count": "Units between two bills",
	"quantity": "Units bought", "discount": "Share taken off, 0 to 1", "discount_kind": "once, repeating or forever", "usage": "Billed by use and not fixed", "mrr": "MRR while it is in force; NULL if it is no recurring revenue: use, trials, pauses"}'),
-- as ticket_rows knows them
('fact_tickets', 'support', 460, 'mart', '{tickets}', 'ticket', '{ticket}', $query$
SELECT t.ticket, t.customer, t.opened_at, nudge.civil_date(t.opened_at, {zone}) AS opened_day, t.first_response_at, t.resolved_at, t.reopened_at,
	CASE WHEN t.resolved_at IS NULL OR t.reopened_at > t.resolved_at THEN 'open' ELSE 'resolved' END AS status, t.priority, t.complexity, t.category, t.agent, t.csat, t.escalated, t.contacts,
	nudge.minutes_between(t.opened_at, t.first_response_at) AS first_response_minutes,
	-- what was resolved before it was opened took no time that is known
	CASE WHEN NOT t.resolved_before AND NOT coalesce(t.reopened_at > t.resolved_at, false) THEN nudge.minutes_between(t.opened_at, t.resolved_at) END AS resolution_minutes
FROM (
	SELECT i.ticket, CASE WHEN (i.n = 1 OR nudge.check_unique_key('tickets', i.ticket)) AND (i.bad = 0 OR nudge.check_input('tickets', i.bad)) THEN i.customer END AS customer,
		i.opened_at, CASE WHEN i.first_response_at >= i.opened_at AND i.first_response_at < nudge.as_of() THEN i.first_response_at END AS first_response_at,
		CASE WHEN i.resolved_at < nudge.as_of() THEN greatest(i.resolved_at, i.opened_at) END AS resolved_at, coalesce(i.resolved_at < i.opened_at, false) AS resolved_before,
		CASE WHEN i.reopened_at >= i.opened_at AND i.reopened_at < nudge.as_of() THEN i.reopened_at END AS reopened_at,
		lower(btrim(i.priority)) AS priority, nullif(lower(btrim(i.complexity)), '') AS complexity, nullif(btrim(i.category), '') AS category, nullif(btrim(i.agent), '') AS agent,
		CASE WHEN coalesce(i.resolved_at < nudge.as_of(), true) THEN i.csat END AS csat, i.escalated, i.contacts
	FROM (
		SELECT a.*, count(*) OVER (PARTITION BY a.ticket) AS n, (NOT coalesce(a.customer IS NOT NULL AND btrim(a.priority) <> '' AND isfinite(a.opened_at) AND coalesce(isfinite(a.first_response_at), true) AND coalesce(isfinite(a.resolved_at), true)
			AND coalesce(isfinite(a.reopened_at), true) AND coalesce(abs(a.csat) < 'Infinity', true), false))::integer AS bad
		FROM nudge_staging.tickets a
	) i
	WHERE i.opened_at < nudge.as_of() OR i.opened_at IS NULL
) t$query$,
	$clock$SELECT t.ticket, c.at + interval '1 microsecond' FROM nudge_staging.tickets t, LATERAL (VALUES (t.opened_at), (t.first_response_at), (t.resolved_at), (t.reopened_at)) c(at)$clock$,
	'Tickets of support, with the times to answer and to resolve them. Grain: ticket; days are those of the zone of deploy()',
	'{"ticket": "Ticket", "customer": "Whose it is", "opened_at": "When it was opened", "opened_day": "Day of it", "first_response_at": "When it was first answered; NULL if not yet, or if that was before it was opened", "resolved_at": "When it was resolved; NULL if not yet", "reopened_at": "When it was opened again",
	"status": "open or resolved", "priority": "Priority, in small letters", "complexity": "Class of complexity, in small letters", "category": "What it is about", "agent": "Who worked on it", "csat": "Score the customer gave", "escalated": "Whether it was escalated", "contacts": "Times the customer wrote",
	"first_response_minutes": "Minutes from the opening to the first response", "resolution_minutes": "Minutes from the opening to the resolution, of what is resolved"}'),
-- as incident_lines knows them
('fact_incidents', 'platform', 465, 'mart', '{incidents}', 'incident', '{incident}', $query$
SELECT i.incident, CASE WHEN nudge.check_unique_key('incidents', CASE WHEN i.n > 1 THEN i.incident END)
		AND nudge.check_input('incidents', (NOT coalesce(isfinite(i.started_at) AND isfinite(coalesce(i.ended_at, i.started_at)) AND isfinite(coalesce(i.detected_at, i.started_at)) AND btrim(i.severity) <> '', false))::integer)
		AND nudge.check_intervals('incidents', (coalesce(i.ended_at < i.started_at, false) OR coalesce(i.detected_at < i.started_at, false))::integer) THEN nullif(btrim(i.service), '') END AS service,
	lower(btrim(i.severity)) AS severity, coalesce(i.outage, lower(btrim(i.severity)) IN ('critical', 'major'), false) AS is_outage, i.started_at, nudge.civil_date(i.started_at, {zone}) AS started_day, i.detected_at, i.ended_at, i.ended_at IS NULL AS is_open,
	nudge.minutes_between(i.started_at, i.detected_at) AS detection_minutes, nudge.minutes_between(i.started_at, i.ended_at) AS duration_minutes
FROM (
	SELECT a.incident, a.service, a.severity, a.outage, a.started_at, CASE WHEN a.detected_at < nudge.as_of() THEN a.detected_at END AS detected_at, CASE WHEN a.ended_at < nudge.as_of() THEN a.ended_at END AS ended_at, count(*) OVER (PARTITION BY a.incident) AS n
	FROM nudge_staging.incidents a
) i
WHERE i.started_at < nudge.as_of() OR i.started_at IS NULL$query$,
	$clock$SELECT i.incident, c.at + interval '1 microsecond' FROM nudge_staging.incidents i, LATERAL (VALUES (i.started_at), (i.detected_at), (i.ended_at)) c(at)$clock$,
	'Incidents, with the times to notice and to end them. Grain: incident; days are those of the zone of deploy()',
	'{"incident": "Incident", "service": "What was hit; NULL: everything", "severity": "Severity, in small letters", "is_outage": "Whether the service was down: as recorded, otherwise if it is critical or major", "started_at": "When it began", "started_day": "Day of it", "detected_at": "When it was noticed; NULL if not yet",
	"ended_at": "When it was over; NULL if not yet", "is_open": "Whether it goes on", "detection_minutes": "Minutes from the beginning until it was noticed", "duration_minutes": "Minutes from the beginning to the end; NULL while it goes on"}');

-- Revenue by attributes as they were then.  As in the waterfall, what opens and
-- closes a month is what was in force just before: that of an attribute too.
-- Kept are only those months in which it was another than now, since all others
-- are in mrr_by_segment and mrr_by_dimension; the totals put the one in place of the other.
-- Nobody keeps what follows from prices, and it changes more often: of that,
-- customers have the months of its changes, and buckets have all months.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_mrr_then', 'revenue', 470, 'mart', '{customers,subscriptions}', '{dimension_history}', 'customer', '{customer,currency,dimension,period}', $query$
SELECT m.customer, m.currency, m.dimension, m.period, m.opening_value, m.closing_value, m.value_now, m.movement, m.opening_mrr, m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, m.churn_mrr, m.closing_mrr, m.complete
FROM (
	SELECT h.customer, r.currency, r.period, r.movement, r.opening_mrr, r.new_mrr, r.reactivation_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.closing_mrr, r.complete, h.dimension, n.value_now,
		CASE WHEN r.opening_mrr <> 0 THEN nudge.attribute_label(h.dimension, (SELECT s.value FROM unnest(h.froms, h.untils, h.texts) s(valid_from, valid_to, value)
			WHERE s.valid_from < t.start_at AND coalesce(s.valid_to >= t.start_at, true) ORDER BY s.valid_from DESC, s.value COLLATE "C" LIMIT 1)) END AS opening_value,
		CASE WHEN r.closing_mrr <> 0 THEN nudge.attribute_label(h.dimension, (SELECT s.value FROM unnest(h.froms, h.untils, h.texts) s(valid_from, valid_to, value)
			WHERE s.valid_from < t.end_at AND coalesce(s.valid_to >= t.end_at, true) ORDER BY s.valid_from DESC, s.value COLLATE "C" LIMIT 1)) END AS closing_value
	FROM (
		SELECT d.customer, d.dimension, array_agg(d.valid_from) AS froms, array_agg(d.valid_to) AS untils, array_agg(d.value) AS texts,
			nudge.check_input('dimension_history', count(*) FILTER (WHERE d.value IS NULL OR d.valid_from IS NULL)) AND nudge.check_intervals('dimension_history', count(*) FILTER (WHERE d.valid_to < d.valid_from)) AS checked
		FROM {dimension_history*} d
		WHERE d.dimension IN ('segment', 'industry', 'company_size', 'region', 'growth_tier', 'sales_channel')
		GROUP BY d.customer, d.dimension
	) h
	JOIN nudge_analytics.fact_revenue r ON r.customer = h.customer
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = h.customer,
	LATERAL (SELECT nudge.attribute_label(h.dimension, CASE h.dimension WHEN 'segment' THEN c.segment WHEN 'industry' THEN c.industry WHEN 'company_size' THEN c.company_size WHEN 'region' THEN c.region WHEN 'growth_tier' THEN c.growth_tier ELSE c.sales_channel END) AS value_now) n,
	LATERAL (SELECT r.period::timestamp AT TIME ZONE {zone} AS start_at, least((r.period + interval '1 month') AT TIME ZONE {zone}, nudge.as_of()) AS end_at) t
	-- most have one value all the time, that of now
	WHERE h.checked AND NOT coalesce(cardinality(h.froms) = 1 AND h.froms[1] < t.start_at AND h.untils[1] IS NULL AND nudge.attribute_label(h.dimension, h.texts[1]) = n.value_now, false)
) m
WHERE m.opening_value <> m.value_now OR m.closing_value <> m.value_now$query$,
	$clock$SELECT d.customer, c.at + interval '1 microsecond' FROM {dimension_history*} d, LATERAL (VALUES (d.valid_from), (d.valid_to)) c(at)$clock$, NULL,
	'Months of customers in which an attribute was another than now, with their revenue; none unless dimension_history is mapped. Grain: customer, currency, dimension and month of the zone of deploy()',
	'{"customer": "Customer", "currency": "Currency of the amounts", "dimension": "segment, industry, company_size, region, growth_tier or sales_channel", "period": "First day of the month", "opening_value": "Value as the month opened; NULL without opening MRR", "closing_value": "Value as the month closed, or so far; NULL without closing MRR",
	"value_now": "Value now, by which mrr_by_segment and mrr_by_dimension count", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened", "new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened",
	"expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative", "churn_mrr": "MRR if it has none any more, negative", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('customer_products_then', 'revenue', 471, 'mart', '{customers,subscriptions}', '{}', 'customer', '{customer,from_period}', $query$
SELECT w.customer, w.period AS from_period, lead(w.period) OVER (PARTITION BY w.customer ORDER BY w.period) AS until_period, w.opening_plan, w.plan, w.opening_product_mix, w.product_mix, w.opening_tenure, w.tenure,
	o.had_price AND nudge.attribute_label('plan', w.opening_plan) <> nudge.attribute_label('plan', w.plan) AS plan_moves, o.had_price AND nudge.attribute_label('product_mix', w.opening_product_mix) <> nudge.attribute_label('product_mix', w.product_mix) AS product_mix_moves, o.had_price AND nudge.attribute_label('tenure', w.opening_tenure) <> nudge.attribute_label('tenure', w.tenure) AS tenure_moves
FROM (
	SELECT v.customer, v.period, lag(v.plan) OVER months AS opening_plan, v.plan, lag(v.product_mix) OVER months AS opening_product_mix, v.product_mix, lag(v.tenure) OVER months AS opening_tenure, v.tenure
	FROM (
		SELECT i.customer, k.period, o.plan, o.product_mix, CASE WHEN o.prices > 0 THEN nudge.tenure_class(f.first_day, nudge.civil_date(t.end_at - interval '1 microsecond', {zone})) END AS tenure
		FROM (
			SELECT s.customer, array_agg(s.valid_from) AS froms, array_agg(s.valid_to) AS untils, array_agg(btrim(s.plan)) AS plans, array_agg(m.mrr) AS mrrs, min(s.valid_from) AS first_at
			FROM nudge_staging.subscriptions s,
				LATERAL (SELECT nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr OFFSET 0) m
			WHERE m.mrr > 0 AND s.valid_from < nudge.as_of() AND isfinite(s.valid_from)
			GROUP BY s.customer
		) i,
			LATERAL (SELECT nudge.civil_date(i.first_at, {zone}) AS first_day) f,
			-- months in which a price starts or ends, or a tenure
			LATERAL (
				SELECT nudge.period_start(nudge.civil_date(b.at, {zone}), 'month') AS period FROM unnest(i.froms || i.untils) b(at) WHERE b.at < nudge.as_of() AND isfinite(b.at)
				UNION
				SELECT nudge.period_start(d.day, 'month') FROM unnest('{3,12,24}'::integer[]) n(months), LATERAL (SELECT (f.first_day + make_interval(months => n.months))::date AS day) d WHERE d.day <= nudge.civil_date(nudge.as_of() - interval '1 microsecond', {zone})
			) k,
			LATERAL (SELECT least((k.period + interval '1 month') AT TIME ZONE {zone}, nudge.as_of()) AS end_at) t,
			LATERAL (
				SELECT count(*) AS prices, (array_agg(p.plan ORDER BY p.mrr DESC, p.valid_from DESC, p.plan COLLATE "C"))[1] AS plan, string_agg(DISTINCT p.plan COLLATE "C", ' + ' ORDER BY p.plan COLLATE "C") COLLATE "default" AS product_mix
				FROM unnest(i.froms, i.untils, i.plans, i.mrrs) p(valid_from, valid_to, plan, mrr)
				WHERE p.valid_from < t.end_at AND coalesce(p.valid_to >= t.end_at, true)
			) o
	) v
	WINDOW months AS (PARTITION BY v.customer ORDER BY v.period)
) w, LATERAL (SELECT w.opening_tenure IS NOT NULL AND w.tenure IS NOT NULL AS had_price) o
WHERE (w.plan, w.product_mix, w.tenure) IS DISTINCT FROM (w.opening_plan, w.opening_product_mix, w.opening_tenure)$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, ((nudge.civil_date(s.valid_from, {zone}) + make_interval(months => m))::date::timestamp AT TIME ZONE {zone}) + interval '1 microsecond' FROM nudge_staging.subscriptions s, unnest('{3,12,24}'::integer[]) m WHERE isfinite(s.valid_from)$clock$, NULL,
	'What each customer had by its prices as months closed: a row from each month that closed otherwise than it opened to the next such one. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer", "from_period": "First day of the month in which it changed", "until_period": "First day of the month of the next change, which no longer closes so; NULL: there is none yet", "opening_plan": "Plan as that month opened", "plan": "Plan of the largest price in force as it closed, and those after it; NULL if none is in force",
	"opening_product_mix": "Plans and add-ons as that month opened", "product_mix": "Plans and add-ons in force as it closed, and those after it, in the order of their names; NULL if none is in force", "opening_tenure": "Tenure as that month opened", "tenure": "Time since its first price ever as it closed, and those after it: under 3 months, 3 to 12 months, 1 to 2 years, 2 years or more; NULL if none is in force",
	"plan_moves": "Whether it went from one plan to another, with a price in force before and after", "product_mix_moves": "The same of product_mix", "tenure_moves": "The same of tenure"}'),
('mrr_then_buckets', 'revenue', 472, 'mart', '{customers,subscriptions}', '{}', 'bucket', '{bucket,dimension,opening_value,closing_value,currency,period}', $query$
SELECT m.bucket, d.dimension, d.opening_value, d.closing_value, m.currency, m.period,
	sum(m.opening_mrr) AS opening_mrr, sum(m.new_mrr) AS new_mrr, sum(m.reactivation_mrr) AS reactivation_mrr, sum(m.expansion_mrr) AS expansion_mrr, sum(m.contraction_mrr) AS contraction_mrr, sum(m.churn_mrr) AS churn_mrr, sum(m.closing_mrr) AS closing_mrr,
	sum(m.opening_customers)::bigint AS opening_customers, sum(m.new_customers)::bigint AS new_customers, sum(m.reactivated_customers)::bigint AS reactivated_customers, sum(m.expanded_customers)::bigint AS expanded_customers, sum(m.contracted_customers)::bigint AS contracted_customers,
	sum(m.churned_customers)::bigint AS churned_customers, sum(m.closing_customers)::bigint AS closing_customers, bool_and(m.complete) AS complete
FROM (
	-- by all three at once first, which many customers share
	SELECT c.bucket, r.currency, r.period, r.opening_mrr <> 0 AS opens, r.closing_mrr <> 0 AS closes, o.plan AS opening_plan, p.plan, o.product_mix AS opening_product_mix, p.product_mix, o.tenure AS opening_tenure, p.tenure,
		sum(r.opening_mrr) AS opening_mrr, sum(r.new_mrr) AS new_mrr, sum(r.reactivation_mrr) AS reactivation_mrr, sum(r.expansion_mrr) AS expansion_mrr, sum(r.contraction_mrr) AS contraction_mrr, sum(r.churn_mrr) AS churn_mrr, sum(r.closing_mrr) AS closing_mrr,
		count(*) FILTER (WHERE r.opening_mrr <> 0) AS opening_customers, count(*) FILTER (WHERE r.movement = 'new') AS new_customers, count(*) FILTER (WHERE r.movement = 'reactivation') AS reactivated_customers, count(*) FILTER (WHERE r.movement = 'expansion') AS expanded_customers,
		count(*) FILTER (WHERE r.movement = 'contraction') AS contracted_customers, count(*) FILTER (WHERE r.movement = 'churn') AS churned_customers, count(*) FILTER (WHERE r.closing_mrr <> 0) AS closing_customers, bool_and(r.complete) AS complete
	FROM nudge_analytics.customer_mrr c
	JOIN nudge_analytics.fact_revenue r ON r.customer = c.customer AND r.currency = c.currency
	LEFT JOIN nudge_analytics.customer_products_then p ON p.customer = r.customer AND p.from_period <= r.period AND coalesce(p.until_period > r.period, true),
		LATERAL (SELECT CASE WHEN p.from_period = r.period THEN p.opening_plan ELSE p.plan END AS plan, CASE WHEN p.from_period = r.period THEN p.opening_product_mix ELSE p.product_mix END AS product_mix, CASE WHEN p.from_period = r.period THEN p.opening_tenure ELSE p.tenure END AS tenure) o
	GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
) m,
	LATERAL (
		SELECT v.dimension, CASE WHEN m.opens THEN nudge.attribute_label(v.dimension, v.opening_value) END AS opening_value, CASE WHEN m.closes THEN nudge.attribute_label(v.dimension, v.closing_value) END AS closing_value
		FROM (VALUES ('plan'::text, m.opening_plan, m.plan), ('product_mix', m.opening_product_mix, m.product_mix), ('tenure', m.opening_tenure, m.tenure)) v(dimension, opening_value, closing_value)
	) d
GROUP BY 1, 2, 3, 4, 5, 6$query$, NULL, '{"fact_revenue": {"column": "customer", "query": "SELECT c.customer, c.bucket FROM nudge_analytics.customer_mrr c"}, "customer_products_then": {"column": "customer", "query": "SELECT c.customer, c.bucket FROM nudge_analytics.customer_mrr c"}}',
	'MRR waterfall of customers by what they had by their prices as the month opened and as it closed: totals add up buckets. Grain: bucket, dimension, both values, currency and month of the zone of deploy()',
	'{"bucket": "Hash bucket of customers", "dimension": "plan, product_mix or tenure", "opening_value": "Value of the customers as the month opened; NULL for those without opening MRR", "closing_value": "Value as the month closed, or so far; NULL for those without closing MRR", "currency": "Currency of the amounts", "period": "First day of the month",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "closing_mrr": "MRR as the month closed", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
('mrr_by_dimension_then', 'revenue', 475, 'metric', '{customers,subscriptions}', '{dimension_history}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT x.dimension, x.value, x.currency, x.period, sum(x.opening_mrr) AS opening_mrr, sum(x.new_mrr) AS new_mrr, sum(x.reactivation_mrr) AS reactivation_mrr, sum(x.expansion_mrr) AS expansion_mrr, sum(x.contraction_mrr) AS contraction_mrr, sum(x.churn_mrr) AS churn_mrr,
	sum(x.transfer_in_mrr) AS transfer_in_mrr, sum(x.transfer_out_mrr) AS transfer_out_mrr, sum(x.net_new_mrr) + sum(x.transfer_in_mrr) + sum(x.transfer_out_mrr) AS net_new_mrr, sum(x.closing_mrr) AS closing_mrr,
	sum(x.opening_customers)::bigint AS opening_customers, sum(x.new_customers)::bigint AS new_customers, sum(x.reactivated_customers)::bigint AS reactivated_customers, sum(x.expanded_customers)::bigint AS expanded_customers, sum(x.contracted_customers)::bigint AS contracted_customers,
	sum(x.churned_customers)::bigint AS churned_customers, sum(x.transferred_in_customers)::bigint AS transferred_in_customers, sum(x.transferred_out_customers)::bigint AS transferred_out_customers, sum(x.closing_customers)::bigint AS closing_customers, bool_and(x.complete) AS complete
FROM (
	SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.period, s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, 0.00 AS transfer_in_mrr, 0.00 AS transfer_out_mrr, s.net_new_mrr, s.closing_mrr,
		s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, 0 AS transferred_in_customers, 0 AS transferred_out_customers, s.closing_customers, s.complete
	FROM nudge_analytics.mrr_by_segment s WHERE s.segment <> 'all' AND {dimension_history!}
	UNION ALL
	SELECT m.dimension, m.value, m.currency, m.period, m.opening_mrr, m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, m.churn_mrr, 0, 0, m.net_new_mrr, m.closing_mrr,
		m.opening_customers, m.new_customers, m.reactivated_customers, m.expanded_customers, m.contracted_customers, m.churned_customers, 0, 0, m.closing_customers, m.complete
	FROM nudge_analytics.mrr_by_dimension m
	-- what a customer began with is the same then
	WHERE m.dimension = 'initial_contract_size' OR m.dimension IN ('industry', 'company_size', 'region', 'growth_tier', 'sales_channel') AND {dimension_history!}
	UNION ALL
	-- out of the value now; what opens, and leaves, is of the value as the month opened, all else of that as it closed
	SELECT c.dimension, v.value, c.currency, c.period, v.opens * c.opening_mrr, v.closes * c.new_mrr, v.closes * c.reactivation_mrr, v.closes * c.expansion_mrr, v.closes * c.contraction_mrr, v.opens * c.churn_mrr,
		v.comes * c.opening_mrr, -v.goes * c.opening_mrr, v.closes * (c.new_mrr + c.reactivation_mrr + c.expansion_mrr + c.contraction_mrr) + v.opens * c.churn_mrr, v.closes * c.closing_mrr,
		v.opens * c.opening_customers, v.closes * c.new_customers, v.closes * c.reactivated_customers, v.closes * c.expanded_customers, v.closes * c.contracted_customers,
		v.opens * c.churned_customers, v.comes * c.opening_customers, v.goes * c.opening_customers, v.closes * c.closing_customers, c.complete
	FROM (
		SELECT t.dimension, t.currency, t.period, t.opening_value, t.closing_value, t.value_now, coalesce(t.opening_value <> t.closing_value, false)::integer AS moves, bool_and(t.complete) AS complete,
			sum(t.opening_mrr) AS opening_mrr, sum(t.new_mrr) AS new_mrr, sum(t.reactivation_mrr) AS reactivation_mrr, sum(t.expansion_mrr) AS expansion_mrr, sum(t.contraction_mrr) AS contraction_mrr, sum(t.churn_mrr) AS churn_mrr, sum(t.closing_mrr) AS closing_mrr,
			count(*) FILTER (WHERE t.opening_mrr <> 0) AS opening_customers, count(*) FILTER (WHERE t.movement = 'new') AS new_customers, count(*) FILTER (WHERE t.movement = 'reactivation') AS reactivated_customers,
			count(*) FILTER (WHERE t.movement = 'expansion') AS expanded_customers, count(*) FILTER (WHERE t.movement = 'contraction') AS contracted_customers, count(*) FILTER (WHERE t.movement = 'churn') AS churned_customers,
			count(*) FILTER (WHERE t.closing_mrr <> 0) AS closing_customers
		FROM nudge_analytics.customer_mrr_then t
		GROUP BY t.dimension, t.currency, t.period, t.opening_value, t.closing_value, t.value_now
		UNION ALL
		-- these are in no value of now, so out of none
		SELECT b.dimension, b.currency, b.period, b.opening_value, b.closing_value, NULL, coalesce(b.opening_value <> b.closing_value, false)::integer, bool_and(b.complete),
			sum(b.opening_mrr), sum(b.new_mrr), sum(b.reactivation_mrr), sum(b.expansion_mrr), sum(b.contraction_mrr), sum(b.churn_mrr), sum(b.closing_mrr),
			sum(b.opening_customers), sum(b.new_customers), sum(b.reactivated_customers), sum(b.expanded_customers), sum(b.contracted_customers), sum(b.churned_customers), sum(b.closing_customers)
		FROM nudge_analytics.mrr_then_buckets b
		GROUP BY b.dimension, b.currency, b.period, b.opening_value, b.closing_value
	) c, LATERAL (VALUES (c.value_now, -1, -1, 0, 0), (c.opening_value, 1, 0, 0, c.moves), (c.closing_value, 0, 1, c.moves, 0)) v(value, opens, closes, comes, goes)
	WHERE v.value IS NOT NULL
) x
GROUP BY x.dimension, x.value, x.currency, x.period
-- a value that nobody had then
HAVING sum(x.opening_customers) <> 0 OR sum(x.closing_customers) <> 0 OR sum(x.opening_mrr) <> 0 OR sum(x.closing_mrr) <> 0$query$, NULL, '{"mrr_by_segment": null}',
	'MRR waterfall by month, currency and value of a dimension as it was then. Grain: dimension, value, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"dimension": "plan, product_mix, tenure and initial_contract_size; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too: each has all customers, do not add them", "value": "Value of the customers in the month: what opens is of the value as the month opened, what closes of that as it closed; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "transfer_in_mrr": "Opening MRR of customers that came from another value", "transfer_out_mrr": "Opening MRR of customers that went to another value, negative", "net_new_mrr": "Sum of the movements, transfers included", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr",
	"churned_customers": "Customers behind churn_mrr", "transferred_in_customers": "Customers behind transfer_in_mrr", "transferred_out_customers": "Customers behind transfer_out_mrr", "closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- Channels are those that inputs name.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, description, columns) VALUES
('dim_channels', 'acquisition', 480, 'mart', '{touches}', '{spend,campaigns}', 'channel', '{channel}', $query$
SELECT c.channel, sum(c.campaigns)::bigint AS campaigns, bool_or(c.is_paid) AS is_paid, min(c.touch_day) AS first_touch_day, max(c.touch_day) AS last_touch_day, min(c.spend_day) AS first_spend_day, max(c.spend_day) AS last_spend_day
FROM (
	SELECT nullif(btrim(t.channel), '') AS channel, 0 AS campaigns, false AS is_paid, nudge.civil_date(f.at, {zone}) AS touch_day, NULL::date AS spend_day
	FROM (SELECT a.channel, min(a.at) AS first_at, max(a.at) AS last_at FROM nudge_staging.touches a GROUP BY a.channel) t, LATERAL (VALUES (t.first_at), (t.last_at)) f(at)
	UNION ALL
	SELECT nullif(btrim(s.channel), ''), 0, s.amount > 0, NULL, s.day FROM {spend*} s
	UNION ALL
	SELECT nullif(btrim(k.channel), ''), 1, false, NULL, NULL FROM {campaigns*} k
) c
GROUP BY c.channel$query$,
	'Channels that contacts, costs or campaigns name. Grain: channel; days are those of the zone of deploy()',
	'{"channel": "Channel", "campaigns": "Campaigns that run on it", "is_paid": "Whether anything was spent on it", "first_touch_day": "Day of the first contact", "last_touch_day": "Day of the last contact", "first_spend_day": "First day with costs", "last_spend_day": "Last day with costs"}');

-- People ask who it was in a month, on a day, of a customer; the key alone does
-- not find that.  A refresh writes these too, so they are of columns that do not
-- change in a row, but for who moved in a month, which is read from the index alone.
UPDATE nudge.shipped_marts m SET indexes = v.indexes
FROM (VALUES ('fact_revenue', ARRAY[$$(period, movement) INCLUDE (customer, currency, opening_mrr, net_new_mrr, closing_mrr, complete) WHERE movement <> 'none'$$]), ('customer_mrr_then', ARRAY['(period) WHERE opening_value <> closing_value']), ('customer_products_then', ARRAY['(from_period) WHERE plan_moves', '(from_period) WHERE product_mix_moves']), ('user_event_days', ARRAY['(day)']), ('fact_touches', ARRAY['(day)']), ('fact_conversions', ARRAY['(day)']),
	('fact_tickets', ARRAY['(opened_day)', '(customer)']), ('dim_users', ARRAY['(customer)'])) v(name, indexes)
WHERE m.name = v.name;

-- src/warehouse/marts_success.sql

/*
 * marts_success.sql
 *		Shipped materialisations about what becomes of customers and what is spent
 *		on them: customer success, streams of revenue, costs by customer, and what
 *		campaigns, content, partners and sales activities bring.
 *
 * Rules: doc/marts_success.md.
 */

-- Reports over whole inputs: any change of an input is one of everything.  What
-- is known of accounts is what is known as a month closes, or yesterday.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('account_success', 'customers', 1000, 'metric', '{account_facts,customers,subscriptions}', '{contracts}', 'period', '{period,dimension,value,metric}', $query$
SELECT m.period::date AS period, d.dimension, d.value, r.metric, coalesce(e.numerator, r.numerator) AS numerator, coalesce(e.denominator, r.denominator) AS denominator, CASE WHEN e.denominator > 0 THEN e.numerator / e.denominator ELSE r.value END AS result, k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	(SELECT array_agg(c.currency) AS currencies, array_agg(c.state) AS states FROM (SELECT b.currency, nudge.rollup(b.state) AS state FROM nudge_analytics.mrr_buckets b GROUP BY b.currency) c OFFSET 0) o,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	(SELECT 'all' AS dimension, 'all' AS value, NULL AS segment UNION ALL SELECT 'segment', nudge.attribute_label('segment', c.segment), min(c.segment) FROM nudge_staging.customers c WHERE btrim(c.segment) <> '' GROUP BY 2) d,
	LATERAL nudge.account_shares(s.state, 'nudge_staging.account_facts'::regclass, k.closes_on, 'nudge_staging.customers'::regclass, {contracts$?}, d.segment, {zone}) r
	-- a rate that moves is no expansion: who pays more is found in the currency that is paid
	LEFT JOIN LATERAL (
		SELECT sum(l.numerator) AS numerator, sum(l.denominator) AS denominator
		FROM unnest(o.states) p(state), LATERAL nudge.account_revenue_lines(p.state, k.closes_on, 'nudge_staging.customers'::regclass, NULL, d.segment, {zone}) l
		WHERE r.metric = 'account_expansion_rate' AND o.currencies <> ARRAY[s.currency] AND l.metric = 'account_expansion_rate'
	) e ON true
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What is known of accounts as each month closes, of the present one and the 12 before, in all and by segment now: shares of customers, contracts and plans, with numerator and denominator. Grain: month of the zone of deploy(), dimension, value and metric',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "metric": "Which share: account_share_metrics() says what each is", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"result": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}'),
('value_realization', 'customers', 1001, 'metric', '{account_facts,customers,subscriptions}', '{usage}', 'period', '{period,dimension,value}', $query$
SELECT m.period::date AS period, d.dimension, d.value, r.all_customers, r.scored_customers, r.realized_customers, r.realization_rate, r.mean_score, r.mean_index, k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	(SELECT 'all' AS dimension, 'all' AS value, NULL AS segment UNION ALL SELECT 'segment', nudge.attribute_label('segment', c.segment), min(c.segment) FROM nudge_staging.customers c WHERE btrim(c.segment) <> '' GROUP BY 2) d,
	LATERAL nudge.value_realization(s.state, 'nudge_staging.account_facts'::regclass, k.closes_on, 'nudge_staging.customers'::regclass, {usage?}, segment => d.segment, zone => {zone}) r
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before, in all and by segment now. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "all_customers": "Customers", "scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"realization_rate": "realized_customers over scored_customers, a fraction", "mean_score": "Mean share of criteria met, of those with criteria", "mean_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}'),
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
	"currency": "Currency of all amounts", "complete": "Whether the quarter is over"}'),
-- as channel_performance; the channels of the paths are campaigns
('campaign_performance', 'acquisition', 1020, 'metric', '{campaigns,spend,touches,conversions}', '{leads}', 'period', '{period,campaign}', $query$
SELECT m.period::date AS period, r.campaign, r.channel, r.kind AS campaign_kind, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.cac, r.roas, r.roi, r.currency_code AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT coalesce(upper(btrim(i.currency)), 'XXX') AS currency, nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM {conversions$} i GROUP BY 1
			UNION ALL SELECT upper(btrim(i.currency)), min(i.day) FILTER (WHERE isfinite(i.day)) FROM {spend$} i GROUP BY upper(btrim(i.currency))) k) c,
	(SELECT nudge.journey_agg(p.customer, p.at, p.campaign, p.revenue) AS state
		FROM (SELECT i.customer, i.at, NULL AS campaign, i.revenue FROM {conversions$} i UNION ALL SELECT t.customer, t.at, t.campaign, NULL FROM nudge_staging.touches t WHERE t.campaign IS NOT NULL) p OFFSET 0) j,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.campaign_performance(nudge.channel_credits(j.state, 'linear', o.start_day, o.end_day, {zone}), '{spend$}'::regclass, 'nudge_staging.campaigns'::regclass, o.start_day, o.end_day, zone => {zone},
		leads => {leads?}, touches => 'nudge_staging.touches'::regclass, currency => c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What each campaign cost, brought and earned by month, under the linear model of attribution over touches of campaigns. Grain: month of the zone of deploy() and campaign',
	'{"period": "First day of the month", "campaign": "Campaign; NULL is what no campaign has earned", "channel": "Channel of the campaign", "campaign_kind": "Kind of the campaign", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it", "new_customers": "First conversions credited to it",
	"revenue": "Revenue credited to it", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('content_performance', 'acquisition', 1021, 'metric', '{content,leads}', '{touches}', 'period', '{period,type}', $query$
SELECT m.period::date AS period, r.type, r.published, r.visitors, r.new_leads, r.customers, r.content_to_lead_rate, r.lead_to_customer_rate, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.published_at) FILTER (WHERE isfinite(i.published_at)), {zone}) AS day, array_agg(DISTINCT i.type) FILTER (WHERE i.type IS NOT NULL) AS types FROM nudge_staging.content i) c,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.content_performance('nudge_staging.content'::regclass, 'nudge_staging.leads'::regclass, o.start_day, o.end_day, {zone}, c.types, touches => {touches?}) r
WHERE r.type IS NOT NULL$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What was published by month and type, and the visitors, leads and customers that it brought. Grain: month of the zone of deploy() and type',
	'{"period": "First day of the month", "type": "Type of content", "published": "Pieces published in the month", "visitors": "Distinct visitors of its touches; NULL if they are not mapped", "new_leads": "Leads that came from it", "customers": "Those of them that became customers", "content_to_lead_rate": "new_leads over visitors, a fraction",
	"lead_to_customer_rate": "customers over new_leads, a fraction", "complete": "Whether the month is over"}'),
('partner_results', 'acquisition', 1022, 'metric', '{partners,touches,conversions,deals}', '{spend}', 'period', '{period,partner,measure}', $query$
SELECT m.period::date AS period, CASE WHEN r.all_partners THEN 'all' ELSE r.partner END AS partner, r.measure, r.sourced_value, r.influenced_value, r.total_value, r.sourced_share AS sourced_rate, r.influenced_share AS influenced_rate, n.active_partners,
	CASE WHEN r.measure IN ('revenue', 'won_amount', 'pipeline') THEN c.currency END AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT upper(btrim(i.currency)) AS currency, nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM {conversions$} i GROUP BY upper(btrim(i.currency))
			UNION ALL SELECT upper(btrim(i.currency)), nudge.civil_date(min(i.created_at) FILTER (WHERE isfinite(i.created_at)), {zone}) FROM {deals$} i GROUP BY upper(btrim(i.currency))) k) c,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.partner_performance('nudge_staging.touches'::regclass, '{conversions$}'::regclass, '{deals$}'::regclass, o.start_day, o.end_day, zone => {zone}, currency => c.currency) r
	LEFT JOIN LATERAL (SELECT p.active_partners FROM nudge.partner_count('nudge_staging.partners'::regclass, o.end_day - 1, {zone}) p WHERE p.is_total AND r.all_partners) n ON true
WHERE r.all_segments$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What partners have sourced and influenced by month, in all and by partner. Grain: month of the zone of deploy(), partner and measure',
	'{"period": "First day of the month", "partner": "Partner; all for all of them: do not add it to the others", "measure": "revenue, won_deals, won_amount, open_deals, pipeline or new_customers", "sourced_value": "What partners brought", "influenced_value": "What they took part in, what they brought with it", "total_value": "All there was, with partners or without", "sourced_rate": "sourced_value over total_value, a fraction",
	"influenced_rate": "influenced_value over total_value, a fraction", "active_partners": "Partners as the month closes, or now; of partner all", "currency": "Currency of amounts; NULL for counts", "complete": "Whether the month is over"}'),
('sales_activity', 'sales', 1030, 'metric', '{activities,deals}', '{}', 'period', '{period,dimension,value,kind}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, CASE WHEN r.all_kinds THEN 'all' ELSE r.kind END AS kind, r.activities_done, r.deals_won, r.activities_per_deal_won, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.activities i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('owner', 'owner'), ('team', 'team'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.sales_activities('nudge_staging.activities'::regclass, 'nudge_staging.deals'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Activities of sales by month and kind, in all and by a dimension, beside the deals won. Grain: month of the zone of deploy(), dimension, value and kind',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "kind": "Kind of activity; all for all kinds: do not add it to the others", "activities_done": "Activities", "deals_won": "Deals won in the month",
	"activities_per_deal_won": "activities_done over deals_won", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('funnel_user_states', 'usage', 880, 'mart', '{events}', 'user', '{user,funnel}', $query$
SELECT e."user", d.funnel, nudge.bucket(e."user", {buckets}) AS bucket, nudge.funnel_agg(e."user", e.at, e.name, d.steps) AS state
FROM (SELECT f.funnel, nudge.funnel_steps(f.funnel) AS steps FROM (SELECT DISTINCT s.funnel FROM nudge.funnel_definitions s) f WHERE (nudge.funnel_problem(f.funnel)).has_states OFFSET 0) d
	JOIN nudge_staging.events e ON e.name = ANY (d.steps)
WHERE e."user" IS NOT NULL
GROUP BY e."user", d.funnel$query$, NULL, NULL,
	'What each user did of the steps of each funnel of nudge.funnel_definitions: a state for functions such as funnel_report. Grain: user and funnel',
	'{"user": "User", "funnel": "Funnel", "bucket": "Hash bucket of the user", "state": "Steps and friction events, as funnel_state"}'),
('funnel_buckets', 'usage', 881, 'mart', '{events}', 'bucket', '{bucket,funnel}', $query$
SELECT u.bucket, u.funnel, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.funnel_user_states u GROUP BY u.bucket, u.funnel$query$, NULL, NULL,
	'What users did of the steps of each funnel, by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket and funnel',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel', 'usage', 882, 'metric', '{events}', 'funnel', '{funnel,period,step}', $query$
SELECT f.funnel, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.target_volume, r.target_rate, r.people::numeric / nullif(r.previous_people, 0) - r.target_rate AS target_rate_gap, r.complete
FROM (SELECT b.funnel, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_buckets b GROUP BY b.funnel HAVING (nudge.funnel_problem(b.funnel)).problem IS NULL) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r
UNION ALL
-- one that was defined by a version that let it: an error of its key, once its columns are asked for
SELECT i.funnel, CASE WHEN nudge.check_funnel(i.funnel) THEN NULL::date END, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT d.funnel FROM nudge.funnel_definitions d GROUP BY d.funnel) i WHERE (nudge.funnel_problem(i.funnel)).problem IS NOT NULL$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_buckets b', NULL,
	'How many people came to each step of each funnel of nudge.funnel_definitions, by the month in which they first entered. Grain: funnel, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "period": "First day of the month in which people first entered: each counts in one month", "step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further",
	"previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered", "step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people",
	"open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here", "target_volume": "How many people should come to the step, as it is defined", "target_rate": "What step_rate should be, as it is defined",
	"target_rate_gap": "step_rate less target_rate", "complete": "Whether the month is over; people that entered in it may still come further"}'),

-- A user has the dimensions of now, those of the account included.  Buckets are
-- of users: those of dim_customers are of customers, and no keys.
('funnel_dimension_buckets', 'usage', 883, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,funnel,dimension,value}', $query$
SELECT s.bucket, s.funnel, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.funnel_user_states s
	LEFT JOIN nudge_analytics.dim_users u ON u."user" = s."user"
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = u.customer,
	LATERAL (VALUES ('plan'::text, u.plan), ('role', u.role), ('segment', c.segment), ('industry', c.industry), ('company_size', c.company_size), ('region', c.region), ('growth_tier', c.growth_tier), ('sales_channel', c.sales_channel)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, '{"dim_customers": {"column": "customer", "query": "SELECT u.customer, u.bucket FROM nudge_analytics.dim_users u"}}',
	'What users did of the steps of each funnel, by hash bucket and value of a dimension now. Grain: bucket, funnel, dimension and value',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account", "value": "Value now; (none) for those without", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel_by_dimension', 'usage', 884, 'metric', '{events,users,customers,subscriptions}', 'funnel', '{funnel,dimension,value,period,step}', $query$
SELECT f.funnel, f.dimension, f.value, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.complete
FROM (SELECT b.funnel, b.dimension, b.value, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_dimension_buckets b
		WHERE b.funnel = ANY (ARRAY(SELECT d.funnel FROM (SELECT DISTINCT d.funnel FROM nudge.funnel_definitions d) d WHERE (nudge.funnel_problem(d.funnel)).problem IS NULL)) GROUP BY b.funnel, b.dimension, b.value) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_dimension_buckets b', NULL,
	'How many people came to each step of each funnel, by the month in which they first entered and a dimension of theirs now. Grain: funnel, dimension, value, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account: each has all people, do not add them", "value": "Value now; (none) for those without", "period": "First day of the month in which people first entered: each counts in one month",
	"step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further", "previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered",
	"step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people", "open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here",
	"complete": "Whether the month is over; people that entered in it may still come further"}');

-- A late event may join two sessions: those of a user are found anew.  Totals
-- are of days that are over; a session is of the day on which it begins.  The
-- key is the month, of which days are a part.  Months without a session follow
-- the first one with any, so that a change is one of its month and those after it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('fact_sessions', 'usage', 890, 'mart', '{events}', 'user', '{user,started_at}', $query$
SELECT u."user", s.started_at, s.ended_at, d.day, nudge.period_start(d.day, 'month') AS month, s.events, extract(epoch FROM s.ended_at - s.started_at) AS duration_seconds, s.entry_event, s.exit_event, s.bounced
FROM (SELECT e."user", nudge.sequence_agg(e."user", e.at, e.name) AS state FROM nudge_staging.events e WHERE e."user" IS NOT NULL GROUP BY e."user") u,
	LATERAL nudge.sessions(u.state, '30 minutes') s,
	LATERAL (SELECT nudge.civil_date(s.started_at, {zone}) AS day) d$query$, NULL, NULL,
	'Sessions of users: events without a pause of more than 30 minutes. Grain: user and instant at which the session begins',
	'{"user": "User", "started_at": "First event", "ended_at": "Last event", "day": "Day of the first event, in the zone of deploy()", "month": "First day of its month", "events": "Events", "duration_seconds": "Time from the first event to the last", "entry_event": "Name of the first event",
	"exit_event": "Name of the last event", "bounced": "Whether it has one event only"}'),
('session_metrics', 'usage', 891, 'metric', '{events}', 'month', '{month,grain,period}', $query$
SELECT m.month, r.*
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	LATERAL (SELECT min(f.month) AS month FROM nudge_analytics.fact_sessions f WHERE f.month <= t.today) b,
	LATERAL nudge.report_window(b.month, {zone}) w,
	LATERAL (SELECT g::date AS month FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') g) m,
	LATERAL (
		SELECT p.grain, p.period, coalesce(a.sessions, 0) AS sessions, coalesce(a.users, 0) AS users, coalesce(a.events, 0) AS events, coalesce(a.bounces, 0) AS bounces, coalesce(a.returning_users, 0) AS returning_users, coalesce(a.seconds, 0) AS duration_seconds,
			a.sessions::numeric / a.users AS sessions_per_user, a.bounces::numeric / a.sessions AS bounce_rate, a.events::numeric / a.sessions AS events_per_session, a.returning_users::numeric / a.users AS return_rate,
			a.seconds / a.sessions AS mean_duration_seconds, q.median AS median_duration_seconds, p.grain = 'day' OR (m.month + interval '1 month')::date <= t.today AS complete
		FROM (
			SELECT 'day'::text AS grain, d::date AS period FROM generate_series(m.month::timestamp, m.month + interval '1 month - 1 day', interval '1 day') d
			UNION ALL SELECT 'month', m.month
		) p
		LEFT JOIN (
			SELECT n.grain, n.period, sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS seconds
			FROM (
				SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
				WHERE f.month = m.month AND f.day < t.today
				GROUP BY 1, 2, f."user"
			) n
			GROUP BY n.grain, n.period
		) a ON a.grain = p.grain AND a.period = p.period
		LEFT JOIN (
			SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, percentile_cont(0.5) WITHIN GROUP (ORDER BY f.duration_seconds::double precision) AS median
			FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
			WHERE f.month = m.month AND f.day < t.today
			GROUP BY 1, 2
		) q ON q.grain = p.grain AND q.period = p.period
		WHERE p.period < t.today
	) r$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"fact_sessions": {"column": "month", "query": "SELECT a::date, b::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') a, LATERAL generate_series(a, (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') b"}}',
	'Sessions by day and by month, of the days that are over. Grain: grain and period of the zone of deploy()',
	'{"month": "First day of the month that the period is in", "grain": "day or month: do not add both", "period": "First day of the period", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more",
	"duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction", "mean_duration_seconds": "duration_seconds over sessions",
	"median_duration_seconds": "Median duration of a session", "complete": "Whether the period is over"}');

-- src/warehouse/marts_usage_dimensions.sql

/*
 * marts_usage_dimensions.sql
 *		Shipped materialisations about what users do, by what they and their
 *		accounts are; and how many of those who sign up are activated.
 *
 * Rules: doc/marts_usage.md.
 */

-- What users are segmented by, once for all that counts them.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_dimensions', 'usage', 1100, 'mart', '{users,customers,subscriptions}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.bucket, u.signed_up_at, CASE WHEN isfinite(u.signed_up_day) THEN nudge.period_start(u.signed_up_day, 'month') END AS signed_up_month, u.internal,
	coalesce(c.segment, '(none)') AS segment, coalesce(c.industry, '(none)') AS industry, coalesce(c.company_size, '(none)') AS company_size, coalesce(c.region, '(none)') AS region, coalesce(c.growth_tier, '(none)') AS growth_tier, coalesce(c.sales_channel, '(none)') AS sales_channel, coalesce(c.plan, '(none)') AS plan, coalesce(c.product_mix, '(none)') AS product_mix, coalesce(c.tenure, '(none)') AS tenure, coalesce(c.initial_contract_size, '(none)') AS initial_contract_size,
	nudge.attribute_label('user_plan', u.plan) AS user_plan,
	nudge.attribute_label('role', u.role) AS role
FROM nudge_analytics.dim_users u
	LEFT JOIN nudge_analytics.customer_dimensions c ON c.customer = u.customer$query$, NULL,
	'{"customer_dimensions": {"column": "customer", "query": "SELECT u.customer, u.\"user\" FROM nudge_analytics.dim_users u"}}',
	'What each user and its account are now, as totals call it. Grain: user',
	'{"user": "User", "customer": "Account to which the user belongs", "bucket": "Hash bucket of the user", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it, in the zone of deploy(); NULL if it is infinite", "internal": "Own staff or a test user",
	"segment": "Segment of the account; (none) for those without, here as below", "industry": "Industry of the account", "company_size": "Class of size of the account", "region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account is sold to",
	"plan": "Plan of the account by its prices, as customer_products has it", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account has been a customer", "initial_contract_size": "Class of the first MRR of the account", "user_plan": "Plan of the user, as dim_users has it", "role": "Role of the user"}');

-- Whoever was ever active is there, also users that no table knows.  Totals read
-- one value at a time, by the index: a rollup of all at once would hold as many
-- states of the whole company as there are dimensions.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns, indexes) VALUES
('activity_dimension_buckets', 'usage', 1101, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,dimension,value}', $query$
SELECT s.bucket, a.dimension, coalesce(a.value, '(none)') AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.user_activity_states s LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = s."user",
	LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'Active days of users by hash bucket and value of a dimension now. Grain: bucket, dimension and value',
	'{"bucket": "Hash bucket of users", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "value": "Value now; (none) for those without", "users": "Users that were ever active", "state": "Active days, as activity_state"}', '{"(dimension, value)"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
-- Days of 13 months, and before them the last of each week and month, which is what
-- WAU and MAU by period read: all days of all years would be most of the rows.
-- Whether the data go back 30 days is a matter of all users, not of those of a value.
('active_users_by_dimension', 'usage', 1110, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,day}', $query$
SELECT r.dimension, r.value, r.day, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau::numeric / nullif(r.wau, 0) AS dau_wau_rate, r.dau::numeric / nullif(r.mau, 0) AS dau_mau_rate, r.day >= r.first_day + 29 AS complete, r.every_day
FROM (SELECT k.dimension, k.value, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, min(s.day) OVER (PARTITION BY k.dimension) AS first_day, s.day >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '12 months' AS every_day
	FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
		CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
		CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
		JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day) r
WHERE r.every_day OR r.day = nudge.period_end(r.day, 'month') - 1 OR r.day = nudge.period_end(r.day, 'week', {week_start}) - 1$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Active users by day and value of a dimension of theirs now: all days of the present month and the 12 before it, before them the last ones of weeks and months, up to yesterday. Grain: dimension, value and day of the zone of deploy(), from the first day on which any of them was active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "day": "Day: each of the present month and the 12 before it, before them the last of each week and month", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data, of all users, go back the 30 days", "every_day": "Whether the days beside it are there too: of the present month and the 12 before it"}'),
('lifecycle_by_dimension', 'usage', 1111, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,grain,period}', $query$
SELECT k.dimension, k.value, g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Where active users come from and go, by week and by month, and by value of a dimension of theirs now. Grain: dimension, value, grain and period of the zone of deploy(), from the first with any of them active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention_by_dimension', 'usage', 1112, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,cohort,age}', $query$
SELECT k.dimension, k.value, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'month', 12, nudge.civil_date(nudge.as_of(), {zone}), fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'How many users of a cohort, by the month of their first active day and a dimension of theirs now, come back 1 to 12 months later. By month only: weeks are in cohort_retention, of all. Grain: dimension, value, cohort and age, in the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "cohort": "First day of the month of the first active day", "age": "Months since", "period": "First day of the month that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the month is over: the denominator", "retained_users": "Those active in the month; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the month is not over"}'),
('user_retention_by_dimension', 'usage', 1113, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,age,period}', $query$
SELECT k.dimension, k.value, r.age, nudge.period_start(r.cohort, 'month') AS period, sum(r.cohort_users)::bigint AS cohort_users, sum(r.eligible)::bigint AS eligible_users, coalesce(sum(r.retained), 0)::bigint AS retained_users,
	sum(r.retained) / nullif(sum(r.eligible), 0) AS retention_rate, nudge.period_end(r.cohort, 'month') - 1 + r.age < nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'day', 90, nudge.civil_date(nudge.as_of(), {zone})) r
WHERE r.cohort IS NOT NULL AND r.age IN (1, 7, 30, 90)
GROUP BY k.dimension, k.value, r.age, nudge.period_start(r.cohort, 'month'), nudge.period_end(r.cohort, 'month')$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'How many users are active 1, 7, 30 and 90 days after their first active day, by the month of that day and a dimension of theirs now. Grain: dimension, value, age and month of the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "age": "Days since the first active day: 1, 7, 30 or 90; do not add them", "period": "First day of the month of the first active day", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the day is over for none", "complete": "Whether the day is over for all of them"}'),
('user_classes_by_dimension', 'usage', 1114, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,period}', $query$
SELECT k.dimension, k.value, c.period, c.power_users, c.regular_users, c.low_users, t.total_users - c.active_users AS dormant_users, c.active_users, c.qualified_users, t.total_users, c.qualified_users::numeric / nullif(t.total_users, 0) AS qualified_rate, c.complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.active_user_classes(b.state, 'week', nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}) c
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) t ON t.day = least(nudge.period_end(c.period, 'week', {week_start}), nudge.civil_date(nudge.as_of(), {zone})) - 1$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Users by their actions in a week, and by value of a dimension of theirs now: more than 10, 3 to 10, fewer, none. Grain: dimension, value and week of the zone of deploy(), from the first with any of them active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "period": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions", "dormant_users": "Users that were active before, and not in the week",
	"active_users": "Users with an action", "qualified_users": "Users with 3 actions or more", "total_users": "Users first active in the week or before", "qualified_rate": "qualified_users over total_users, a fraction", "complete": "Whether the week is over"}'),

-- A state of a feature has every event of it: one for each dimension would be the
-- events again as often.  What users did is read from the states there are, and
-- counted.  Medians of times are in feature_adoption, of all.
('feature_adoption_by_dimension', 'usage', 1115, 'metric', '{events,users,customers,subscriptions}', 'feature', '{feature,dimension,value}', $query$
SELECT f.feature, t.dimension, t.value, t.users, coalesce(r.discovered_users, 0) AS discovered_users, coalesce(r.tried_users, 0) AS tried_users, coalesce(r.adopted_users, 0) AS adopted_users, coalesce(r.habitual_users, 0) AS habitual_users,
	coalesce(r.tried_users, 0)::numeric / nullif(t.users, 0) AS adoption_rate, coalesce(r.uses, 0) AS uses, r.uses::numeric / nullif(r.tried_users, 0) AS usage_frequency
FROM (SELECT DISTINCT b.feature FROM nudge_analytics.feature_buckets b) f
	CROSS JOIN (
		SELECT a.dimension, a.value, count(*) FILTER (WHERE d.signed_up_at < nudge.as_of()) AS users
		FROM nudge_analytics.user_dimensions d, LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
		WHERE NOT d.internal
		GROUP BY 1, 2
	) t
	LEFT JOIN (
		SELECT b.feature, a.dimension, a.value, count(*) AS discovered_users, count(u.first_used) AS tried_users, count(u.adopted_at) AS adopted_users, count(*) FILTER (WHERE u.stage = 'habitual') AS habitual_users, sum(u.uses)::bigint AS uses
		FROM nudge_analytics.feature_buckets b
			CROSS JOIN LATERAL nudge.feature_users(b.state, nudge.as_of(), {zone}, week_start => {week_start}) u
			JOIN nudge_analytics.user_dimensions d ON d."user" = u.user_id,
			LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
		GROUP BY 1, 2, 3
	) r ON r.feature = f.feature AND r.dimension = t.dimension AND r.value = t.value$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"user_dimensions": null}',
	'How far users have come with each feature, by value of a dimension of theirs now. Grain: feature, dimension and value that any user has',
	'{"feature": "Feature", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "users": "Users of the value that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users"}');

-- Months that are not there have no sessions; medians have no parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('session_metrics_by_dimension', 'usage', 1116, 'metric', '{events,users,customers,subscriptions}', 'month', '{month,dimension,value}', $query$
SELECT m.month, v.dimension, v.value, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds, s.sessions::numeric / s.users AS sessions_per_user, s.bounces::numeric / s.sessions AS bounce_rate, s.events::numeric / s.sessions AS events_per_session,
	s.returning_users::numeric / s.users AS return_rate, s.duration_seconds / s.sessions AS mean_duration_seconds, (m.month + interval '1 month')::date <= t.today AS complete
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	-- the window of session_metrics
	LATERAL (SELECT g::date AS month FROM generate_series(nudge.period_start(t.today, 'month')::timestamp - interval '119 months', nudge.period_start(t.today, 'month')::timestamp, interval '1 month') g) m,
	LATERAL (
		SELECT n.segment, n.industry, n.company_size, n.region, n.growth_tier, n.sales_channel, n.plan, n.product_mix, n.tenure, n.initial_contract_size, n.user_plan, n.role,
			sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS duration_seconds
		FROM (
			SELECT f.sessions, f.events, f.bounces, f.seconds, coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size, coalesce(d.user_plan, '(none)') AS user_plan, coalesce(d.role, '(none)') AS role
			FROM (
				SELECT f."user", count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f WHERE f.month = m.month AND f.day < t.today GROUP BY f."user"
			) f LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = f."user"
		) n
		GROUP BY GROUPING SETS ((n.segment), (n.industry), (n.company_size), (n.region), (n.growth_tier), (n.sales_channel), (n.plan), (n.product_mix), (n.tenure), (n.initial_contract_size), (n.user_plan), (n.role))
	) s,
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size,user_plan,role}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure, s.initial_contract_size, s.user_plan, s.role]) v(dimension, value)
-- labels are never NULL: one that is there is what is grouped by
WHERE v.value IS NOT NULL$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"user_dimensions": {"column": "user", "query": "SELECT f.\"user\", f.month FROM nudge_analytics.fact_sessions f"}}',
	'Sessions by month and value of a dimension of the users now, up to yesterday. Grain: month with sessions of the zone of deploy(), dimension and value',
	'{"month": "First day of the month", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all sessions, do not add them", "value": "Value now; (none) for those without", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event",
	"returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction",
	"mean_duration_seconds": "duration_seconds over sessions", "complete": "Whether the month is over"}');

-- The first action has its day whether it has come or not: time changes no row.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activation', 'usage', 1120, 'mart', '{events,users,customers,subscriptions}', 'user', '{user}', $query$
SELECT d."user", d.customer, d.signed_up_at, d.signed_up_month, nudge.period_start(nudge.civil_date(d.signed_up_at, {zone}), 'week', {week_start}) AS signed_up_week, min(e.at) AS activated_at
FROM nudge_analytics.user_dimensions d
	LEFT JOIN nudge_staging.events e ON e."user" = d."user" AND e.at >= d.signed_up_at AND e.name IN (SELECT s.event FROM nudge.action_sets s WHERE s.name = 'activation')
WHERE NOT d.internal AND isfinite(d.signed_up_at)
GROUP BY d."user", d.customer, d.signed_up_at, d.signed_up_month$query$, NULL, NULL,
	'When each user first did something of the action set activation. Grain: user that is not internal; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it", "signed_up_week": "First day of the week of it",
	"activated_at": "First event of the action set activation of nudge.action_sets, from signing up on; NULL if there is none"}'),

-- The key is the month, of which weeks that begin in it are a part: a sign-up is one
-- of its month, and of a week that began in it or in the month before.  What counts
-- is what is over as the present day begins.  A median of an array sorts that one,
-- and not the rows of all groups by their names.
('activation', 'usage', 1121, 'metric', '{events,users,customers,subscriptions}', 'month', '{month,grain,period,dimension,value}', $query$
SELECT r.month, r.grain, r.period, r.dimension, r.value, r.sign_ups, r.eligible_users, CASE WHEN s.is_defined THEN r.activated_users END AS activated_users, CASE WHEN s.is_defined THEN r.activated_users::numeric / nullif(r.eligible_users, 0) END AS activation_rate,
	r.week_eligible_users, CASE WHEN s.is_defined THEN r.week_activated_users END AS week_activated_users, CASE WHEN s.is_defined THEN r.week_activated_users::numeric / nullif(r.week_eligible_users, 0) END AS week_activation_rate,
	(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY u.s) FROM unnest(r.seconds) u(s)) AS median_seconds_to_activate, r.until <= r.midnight AS period_complete, r.until + interval '24 hours' <= r.midnight AS complete, r.until + interval '168 hours' <= r.midnight AS week_complete, CASE WHEN NOT s.is_defined THEN 'no action set activation' END AS null_reason
FROM (
	SELECT p.month, p.grain, p.period, a.dimension, a.value, count(*) AS sign_ups, count(*) FILTER (WHERE w.day_over) AS eligible_users, count(*) FILTER (WHERE w.day_over AND w.took <= interval '24 hours') AS activated_users,
		count(*) FILTER (WHERE w.week_over) AS week_eligible_users, count(*) FILTER (WHERE w.week_over AND w.took <= interval '168 hours') AS week_activated_users,
		array_agg(extract(epoch FROM w.took)::double precision) FILTER (WHERE w.week_over AND w.took <= interval '168 hours') AS seconds,
		nudge.period_end(p.period, p.grain, {week_start})::timestamp AT TIME ZONE {zone} AS until, t.midnight
	FROM (SELECT nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} AS midnight) t
		JOIN nudge_analytics.user_activation u ON u.signed_up_at < t.midnight
		JOIN nudge_analytics.user_dimensions d ON d."user" = u."user",
		LATERAL (VALUES (u.signed_up_month, 'month'::text, u.signed_up_month), (nudge.period_start(u.signed_up_week, 'month'), 'week', u.signed_up_week)) p(month, grain, period),
		LATERAL (SELECT u.signed_up_at + interval '24 hours' < t.midnight AS day_over, u.signed_up_at + interval '168 hours' < t.midnight AS week_over, u.activated_at - u.signed_up_at AS took) w,
		LATERAL (VALUES ('all'::text, 'all'::text), ('segment', d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
	GROUP BY 1, 2, 3, 4, 5, t.midnight
) r,
	(SELECT EXISTS (SELECT FROM nudge.action_sets s WHERE s.name = 'activation') AS is_defined) s$query$,
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 45) d$clock$,
	'{"user_activation": {"column": "signed_up_month", "query": "SELECT m::date, k::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 month'', interval ''1 month'') m, LATERAL (VALUES (m), (m - interval ''1 month'')) v(k)"}, "user_dimensions": {"column": "signed_up_month", "query": "SELECT m::date, k::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 month'', interval ''1 month'') m, LATERAL (VALUES (m), (m - interval ''1 month'')) v(k)"}}',
	'How many of the users that sign up are activated: do something of the action set activation of nudge.action_sets within 24 hours, or 7 days; by week and by month of signing up, in all and by value of a dimension of theirs now. Grain: grain, period of the zone of deploy() with sign-ups, dimension and value',
	'{"month": "First day of the month that the period begins in", "grain": "week or month: do not add both", "period": "First day of the period of signing up", "dimension": "all, or segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them",
	"value": "Value now; (none) for those without, all for all", "sign_ups": "Users that signed up in the period, on days that are over, but internal ones", "eligible_users": "Those whose first 24 hours are over: the denominator of activation_rate", "activated_users": "Those of them that did an action within these; NULL without the action set",
	"activation_rate": "activated_users over eligible_users, a fraction", "week_eligible_users": "Users whose first 7 days are over: the denominator of week_activation_rate", "week_activated_users": "Those of them that did an action within these", "week_activation_rate": "week_activated_users over week_eligible_users, a fraction",
	"median_seconds_to_activate": "Median time from signing up to the first action, of week_activated_users", "period_complete": "Whether the period is over", "complete": "Whether the first 24 hours are over for all of them", "week_complete": "Whether the first 7 days are over for all of them", "null_reason": "no action set activation: nudge.action_sets has none, so nobody can be said to be activated; NULL otherwise"}');

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
SELECT s.customer, s.model, h.score, h.scored_at, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, h.direction AS trend, h.slope_per_30_days, h.change_30_days, h.change_90_days, h.drop_30_days, nudge.score_drop(s.state, '90 days', k.at) AS drop_90_days,
	h.lowest_365_days AS lowest_score_365_days, h.highest_365_days AS highest_score_365_days, h.mean_365_days AS mean_score_365_days, h.baseline AS baseline_score, h.change_from_baseline, l.factor AS lowest_factor, l.value AS lowest_factor_score, s.bucket
FROM nudge_analytics.customer_score_states s,
	LATERAL (SELECT nudge.day_close(nudge.civil_date(nudge.as_of(), {zone}), {zone}) - interval '1 microsecond' AS at) k,
	LATERAL nudge.score_summary(s.state, k.at) h
	LEFT JOIN LATERAL (
		SELECT f.key AS factor, f.value::text::numeric AS value FROM nudge_staging.scores r, LATERAL jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f
		WHERE r.entity = s.customer AND r.at = h.scored_at AND jsonb_typeof(f.value) = 'number' ORDER BY 2, f.key COLLATE "C" LIMIT 1
	) l ON true
WHERE h.score IS NOT NULL$query$,
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
