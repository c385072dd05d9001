/*
 * marts_revenue.sql
 *		Shipped materialisations about revenue.
 *
 * Rules: doc/marts.md.
 */

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr', 'revenue', 100, 'mart', '{subscriptions}', 'customer', '{customer,currency}', $query$
SELECT s.customer, upper(btrim(s.currency)) AS currency, nudge.bucket(s.customer, {buckets}) AS bucket,
	nudge.mrr_agg(s.customer, s.valid_from, s.valid_to,
		nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, coalesce(s.quantity, 1))
			* (1 - CASE WHEN lower(btrim(s.discount_kind)) = 'once' THEN 0 ELSE coalesce(s.discount, 0) END)) AS state
FROM nudge_staging.subscriptions s
WHERE s.usage IS NOT TRUE AND lower(btrim(s.interval_unit)) <> 'none'
	AND (lower(btrim(s.status)) IN ('active', 'at_risk') OR lower(btrim(s.status)) = 'ended' AND s.valid_to IS NOT NULL)
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
