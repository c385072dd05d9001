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
	((s.opening_mrr + s.expansion_mrr + s.contraction_mrr + s.churn_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS monthly_net_revenue_retention_rate, (s.closing_mrr / nullif(s.closing_customers, 0))::numeric(24,6) AS arpa
FROM nudge_analytics.mrr_summary s$query$,
	'MRR by month', 'One row per month and currency. The MRR waterfall: opening MRR, its movements and closing MRR; months are those of the zone of deploy().',
	'opening_, closing_ and all rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"mrr_growth_rate": "net_new_mrr over opening_mrr, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "gross_mrr_churn_rate": "Churned and contracted MRR over opening_mrr, as a fraction of 1",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "monthly_net_revenue_retention_rate": "Opening MRR with expansion, contraction and churn, over opening_mrr, as a fraction of 1; revenue_retention_monthly has that of 12 months", "arpa": "closing_mrr over closing_customers"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "arpa": "type/Currency", "mrr_growth_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage", "gross_mrr_churn_rate": "type/Percentage", "logo_churn_rate": "type/Percentage",
	"monthly_net_revenue_retention_rate": "type/Percentage"}',
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

-- Retention, slices, cohorts, and the customers behind each movement.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('revenue_retention_monthly', 'revenue', 1100, '{revenue_retention}', $query$
SELECT r.period AS period_start, r.currency, r.opening_mrr::numeric(24,6) AS opening_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, (r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS retained_mrr,
	(r.opening_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS gross_retained_mrr, r.opening_customers, r.churned_customers,
	r.opening_customers - r.churned_customers AS retained_customers, r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate,
	r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate, r.complete
FROM nudge_analytics.revenue_retention r$query$,
	'Revenue retention by month', 'One row per month that is over and currency. What became in 12 months of the MRR of the customers of 12 months before: net and gross revenue retention; months are those of the zone of deploy().',
	'Rates are not to be added over months or currencies. The 12 months of two rows overlap.',
	'{"period_start": "First day of the month that ends the 12", "currency": "Currency of the amounts", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more",
	"contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative",
	"retained_mrr": "MRR of these customers as the 12 months close: numerator of net retention", "gross_retained_mrr": "The same without what they have more: numerator of gross retention",
	"opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close", "retained_customers": "Customers that are left: numerator of customer retention",
	"net_revenue_retention_rate": "retained_mrr over opening_mrr, as a fraction of 1", "gross_revenue_retention_rate": "gross_retained_mrr over opening_mrr, as a fraction of 1",
	"logo_retention_rate": "retained_customers over opening_customers, as a fraction of 1", "complete": "True: the month is over"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "retained_mrr": "type/Currency",
	"gross_retained_mrr": "type/Currency", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage", "logo_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "retained_mrr": "Retained MRR",
	"gross_retained_mrr": "Gross retained MRR"}'),

('revenue_retention_monthly_by_dimension', 'revenue', 1110, '{revenue_retention_by_dimension}', $query$
SELECT r.period AS period_start, r.currency, r.dimension, r.value AS dimension_value, r.opening_mrr::numeric(24,6) AS opening_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr,
	r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	(r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS retained_mrr, (r.opening_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS gross_retained_mrr,
	r.opening_customers, r.churned_customers, r.opening_customers - r.churned_customers AS retained_customers, r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate,
	r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate, r.complete
FROM nudge_analytics.revenue_retention_by_dimension r$query$,
	'Revenue retention by dimension', 'One row per month that is over, currency and value of a dimension. As revenue_retention_monthly, by what is known of the customers now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. The 12 months of two rows overlap.',
	'{"period_start": "First day of the month that ends the 12", "currency": "Currency of the amounts",
	"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "dimension_value": "Value of the customers now; (none) for those without",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "retained_mrr": "MRR of these customers as the 12 months close: numerator of net retention",
	"gross_retained_mrr": "The same without what they have more: numerator of gross retention", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close", "retained_customers": "Customers that are left: numerator of customer retention",
	"net_revenue_retention_rate": "retained_mrr over opening_mrr, as a fraction of 1", "gross_revenue_retention_rate": "gross_retained_mrr over opening_mrr, as a fraction of 1",
	"logo_retention_rate": "retained_customers over opening_customers, as a fraction of 1", "complete": "True: the month is over"}',
	'{"currency": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "opening_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency",
	"churn_mrr": "type/Currency", "retained_mrr": "type/Currency", "gross_retained_mrr": "type/Currency", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage",
	"logo_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "retained_mrr": "Retained MRR",
	"gross_retained_mrr": "Gross retained MRR"}'),

('mrr_monthly_by_dimension', 'revenue', 1120, '{mrr_by_dimension,mrr_by_segment}', $query$
SELECT r.period AS period_start, r.currency, r.dimension, r.value AS dimension_value, r.opening_mrr::numeric(24,6) AS opening_mrr, r.new_mrr::numeric(24,6) AS new_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, r.fx_mrr::numeric(24,6) AS fx_mrr, r.net_new_mrr::numeric(24,6) AS net_new_mrr, r.closing_mrr::numeric(24,6) AS closing_mrr, r.opening_customers,
	r.new_customers, r.reactivated_customers, r.expanded_customers, r.contracted_customers, r.churned_customers, r.closing_customers,
	(-r.churn_mrr / nullif(r.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate, (r.churned_customers::numeric / nullif(r.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	(r.closing_mrr / nullif(r.closing_customers, 0))::numeric(24,6) AS arpa, r.complete
FROM (SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.period, s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, s.fx_mrr, s.net_new_mrr, s.closing_mrr, s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete
	FROM nudge_analytics.mrr_by_segment s WHERE s.segment <> 'all'
	UNION ALL SELECT d.dimension, d.value, d.currency, d.period, d.opening_mrr, d.new_mrr, d.reactivation_mrr, d.expansion_mrr, d.contraction_mrr, d.churn_mrr, d.fx_mrr, d.net_new_mrr, d.closing_mrr, d.opening_customers, d.new_customers, d.reactivated_customers, d.expanded_customers, d.contracted_customers, d.churned_customers, d.closing_customers, d.complete
	FROM nudge_analytics.mrr_by_dimension d) r$query$,
	'MRR by month and dimension', 'One row per month, currency and value of a dimension. As mrr_monthly, by what is known of the customers now: segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure, initial_contract_size; months are those of the zone of deploy().',
	'Amounts are in the currency that is paid, and not converted as those of metric_values. Each dimension has all customers: do not add dimensions. opening_, closing_ and rates are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them",
	"dimension_value": "Value of the customers now; (none) for those without", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1",
	"arpa": "closing_mrr over closing_customers", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency",
	"expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency",
	"churned_mrr_rate": "type/Percentage", "logo_churn_rate": "type/Percentage", "arpa": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR", "churned_mrr_rate": "Churned MRR rate", "arpa": "ARPA"}'),

('revenue_cohort_months', 'revenue', 1130, '{revenue_cohorts}', $query$
SELECT r.cohort AS cohort_start, r.age AS age_months, r.period AS period_start, r.currency, r.cohort_customers, r.cohort_mrr::numeric(24,6) AS cohort_mrr, r.customers, r.mrr::numeric(24,6) AS mrr,
	r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate,
	r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate, r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.complete
FROM nudge_analytics.revenue_cohorts r$query$,
	'Revenue cohorts', 'One row per currency, cohort and age in months. What became of the customers whose first revenue was in a month; months are those of the zone of deploy().',
	'Add customers and mrr of cohorts of the same age, and divide: rates are not to be added. An open month is not over: complete is false.',
	'{"cohort_start": "First day of the month of the first revenue", "age_months": "Months since", "period_start": "First day of the month that the row is about", "currency": "Currency of the amounts",
	"cohort_customers": "Customers in the cohort", "cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed",
	"expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative", "churn_mrr": "MRR of those who have none any more, negative",
	"reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, as a fraction of 1",
	"net_revenue_retention_rate": "mrr over cohort_mrr, as a fraction of 1", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, as a fraction of 1",
	"complete": "Whether the month is over"}',
	'{"currency": "type/Category", "cohort_mrr": "type/Currency", "mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency",
	"reactivation_mrr": "type/Currency", "logo_retention_rate": "type/Percentage", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Month", "age_months": "Age in months", "cohort_mrr": "Cohort MRR", "mrr": "MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "reactivation_mrr": "Reactivation MRR"}'),

('revenue_cohort_months_by_dimension', 'revenue', 2320, '{revenue_cohorts_by_dimension}', $query$
SELECT r.cohort AS cohort_start, r.age AS age_months, r.period AS period_start, r.dimension, r.value AS dimension_value, r.currency, r.cohort_customers, r.cohort_mrr::numeric(24,6) AS cohort_mrr, r.customers, r.mrr::numeric(24,6) AS mrr,
	r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate,
	r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate, r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.complete
FROM nudge_analytics.revenue_cohorts_by_dimension r$query$,
	'Revenue cohorts by dimension', 'One row per value of a dimension, currency, cohort and age in months. What became of the customers whose first revenue was in a month, by what they are now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. Add customers and mrr of cohorts of the same age, and divide: rates are not to be added. An open month is not over: complete is false.',
	'{"cohort_start": "First day of the month of the first revenue", "age_months": "Months since", "period_start": "First day of the month that the row is about", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "currency": "Currency of the amounts",
	"cohort_customers": "Customers in the cohort", "cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed",
	"expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative", "churn_mrr": "MRR of those who have none any more, negative",
	"reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, as a fraction of 1",
	"net_revenue_retention_rate": "mrr over cohort_mrr, as a fraction of 1", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, as a fraction of 1",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "cohort_mrr": "type/Currency", "mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency",
	"reactivation_mrr": "type/Currency", "logo_retention_rate": "type/Percentage", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Month", "age_months": "Age in months", "cohort_mrr": "Cohort MRR", "mrr": "MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "reactivation_mrr": "Reactivation MRR"}'),

('customer_revenue_monthly', 'revenue', 1140, '{fact_revenue}', $query$
SELECT r.period AS period_start, r.customer, r.currency, r.movement, r.opening_mrr::numeric(24,6) AS opening_mrr, r.new_mrr::numeric(24,6) AS new_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, r.net_new_mrr::numeric(24,6) AS net_new_mrr, r.closing_mrr::numeric(24,6) AS closing_mrr, r.complete
FROM nudge_analytics.fact_revenue r$query$,
	'Revenue of customers by month', 'One row per customer, currency and month that opens or closes with MRR, movements in columns of their own. For sums of opening, closing or movements over customers, and for months in which nothing moved; who moved is found faster in customer_mrr_movements. Months are those of the zone of deploy().',
	'opening_ and closing_ are not to be added over months; currencies are not to be added.',
	'{"period_start": "First day of the month", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction, churn or none",
	"opening_mrr": "MRR of the customer as the month opened", "new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened",
	"expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative", "churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}',
	'{"customer": "type/FK", "currency": "type/Category", "movement": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency",
	"expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR"}');
