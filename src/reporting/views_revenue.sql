/*
 * views_revenue.sql
 *		Shipped views about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly', 'revenue', 1000, '{mrr_summary}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete,
	(s.net_new_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS mrr_growth_rate, (-s.churn_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate,
	(-(s.churn_mrr + s.contraction_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS gross_mrr_churn_rate, (s.churned_customers::numeric / nullif(s.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	((s.opening_mrr + s.expansion_mrr + s.contraction_mrr + s.churn_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS net_revenue_retention_rate, (s.closing_mrr / nullif(s.closing_customers, 0))::numeric(24,6) AS arpa
FROM nudge_analytics.mrr_summary s$query$,
	'MRR by month', 'One row per month and currency. The MRR waterfall: opening MRR, its movements and closing MRR; months are those of the zone of deploy().',
	'opening_, closing_ and all rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"mrr_growth_rate": "net_new_mrr over opening_mrr, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "gross_mrr_churn_rate": "Churned and contracted MRR over opening_mrr, as a fraction of 1",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "net_revenue_retention_rate": "Opening MRR with expansion, contraction and churn, over opening_mrr, as a fraction of 1; of one month", "arpa": "closing_mrr over closing_customers"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "arpa": "type/Currency", "mrr_growth_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage", "gross_mrr_churn_rate": "type/Percentage", "logo_churn_rate": "type/Percentage",
	"net_revenue_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR",
	"closing_mrr": "Closing MRR", "mrr_growth_rate": "MRR growth", "churned_mrr_rate": "Churned MRR rate", "gross_mrr_churn_rate": "Gross MRR churn rate", "arpa": "ARPA"}'),

('customer_mrr_periods', 'revenue', 1010, '{customer_mrr_timeline}', $query$
SELECT t.started_at, t.ended_at, t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, nudge.civil_date(t.started_at, {zone}) AS first_day, nudge.civil_date(t.ended_at, {zone}) AS end_day
FROM nudge_analytics.customer_mrr_timeline t$query$,
	'MRR of customers over time', 'One row per customer, currency and period of time in which no price starts or ends. The rows behind every MRR: that of an instant is the sum of the rows that began before it and have not ended before it.',
	'Rows of different times are not to be added: choose an instant.',
	'{"started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "customer": "Customer", "currency": "Currency of the prices", "mrr": "Sum of the prices in force",
	"first_day": "Day of started_at, in the zone of deploy()", "end_day": "Day of ended_at, in the zone of deploy(); NULL: it has no end yet"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('customer_mrr_now', 'revenue', 1020, '{customer_mrr_timeline,mrr_summary}', $query$
SELECT t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, t.customer_since, t.last_end_day AS end_day,
	(SELECT nudge.civil_date(m.clock_at, {zone}) FROM nudge.materialisations m WHERE m.name = 'mrr_summary') AS as_of_day
FROM nudge_analytics.customer_mrr_timeline t
-- sub-selects and no join: a scan that needs no other table
WHERE (t.ended_at IS NULL OR t.ended_at >= (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary')) AND t.started_at < (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary') AND t.mrr > 0$query$,
	'Customers with MRR now', 'One row per customer and currency with MRR now. The customers behind closing_mrr and closing_customers of the open month of mrr_monthly.', 'Amounts of different currencies are not to be added.',
	'{"customer": "Customer", "currency": "Currency of the MRR", "mrr": "MRR at the instant that mrr_monthly was computed for", "customer_since": "Day of the first price ever, in the zone of deploy()", "end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on",
	"as_of_day": "Day of this instant, in the zone of deploy()"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('metric_revisions', 'revenue', 1030, '{mrr_summary}', $query$
SELECT c.period AS period_start, coalesce(nullif(c.currency, ''), s.currency) AS currency, c.version AS report_version, c.closing_mrr::numeric(24,6) AS reported_mrr, s.closing_mrr::numeric(24,6) AS mrr_now, (s.closing_mrr - c.closing_mrr)::numeric(24,6) AS mrr_difference,
	c.customers AS reported_customers, s.closing_customers AS customers_now, c.closed_at AS reported_at, c.reopened_at, c.reason AS reopening_reason
FROM nudge.closed_periods c LEFT JOIN nudge_analytics.mrr_summary s ON s.period = c.period
	-- a state without currency is of the only one
	AND (s.currency = c.currency OR c.currency = '' AND NOT EXISTS (SELECT FROM nudge_analytics.mrr_summary o WHERE o.currency <> s.currency))
WHERE c.grain = 'month' AND lower(c.zone) = lower({zone})$query$,
	'MRR as it was reported', 'One row per month that was closed, currency and version. What was reported as closing MRR, what it would be now, and why it was opened again.', 'Months closed in another zone than that of deploy() are left out; one closed without a currency is compared only if there is one currency.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "report_version": "1, and one more each time that the month was closed again", "reported_mrr": "Closing MRR as it was reported", "mrr_now": "Closing MRR as it is computed now; NULL: there is none",
	"mrr_difference": "mrr_now less reported_mrr", "reported_customers": "Customers as they were reported", "customers_now": "Customers as they are counted now", "reported_at": "When the month was closed", "reopened_at": "When it was opened again; NULL: this is the version in force",
	"reopening_reason": "Why it was opened again"}',
	'{"currency": "type/Category", "reported_mrr": "type/Currency", "mrr_now": "type/Currency", "mrr_difference": "type/Currency"}', '{"reported_mrr": "Reported MRR", "mrr_now": "MRR now", "mrr_difference": "Difference of MRR"}');
