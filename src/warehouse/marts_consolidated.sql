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
