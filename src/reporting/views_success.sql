/*
 * views_success.sql
 *		Shipped views about what becomes of customers.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_success.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('account_success_monthly', 'customers', 1700, '{account_success}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.metric AS success_measure, r.numerator::numeric(24,6) AS numerator, r.denominator::numeric(24,6) AS denominator,
	r.result::numeric(24,6) AS measure_value, r.complete
FROM nudge_analytics.account_success r$query$,
	'Account success by month', 'One row per month, dimension, value and measure. What is known of accounts as each month closes, of the present one and the 12 before: business reviews, success plans, sponsors, returns, opportunities, contracts, implementations; months are those of the zone of deploy().',
	'Measures have different units: choose one; metric_catalog says what each is. Rates are added by their numerators and denominators.',
	'{"period_start": "First day of the month", "dimension": "all or segment", "dimension_value": "Segment of the customers now; all for dimension all",
	"success_measure": "Which one: the metric of this name in metric_catalog", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"measure_value": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "success_measure": "type/Category"}',
	'{"period_start": "Month"}'),

('value_realization_monthly', 'customers', 1710, '{value_realization}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.all_customers, r.scored_customers, r.realized_customers, r.realization_rate::numeric(24,6) AS value_realization_rate,
	r.mean_score::numeric(24,6) AS value_realization_score, r.mean_index::numeric(24,6) AS value_realization_index, r.complete
FROM nudge_analytics.value_realization r$query$,
	'Value realization by month', 'One row per month, dimension and value. How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total.',
	'{"period_start": "First day of the month", "dimension": "all or segment", "dimension_value": "Segment of the customers now; all for dimension all", "all_customers": "Customers",
	"scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"value_realization_rate": "realized_customers over scored_customers, as a fraction of 1", "value_realization_score": "Mean share of criteria met, of those with criteria",
	"value_realization_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "value_realization_rate": "type/Percentage", "value_realization_score": "type/Percentage"}',
	'{"period_start": "Month"}'),

('risk_adjusted_retention_monthly', 'customers', 1720, '{risk_adjusted_retention}', $query$
SELECT r.period AS period_start, r.band AS health_band, r.currency, r.customers, r.mrr::numeric(24,6) AS mrr, r.known_mrr::numeric(24,6) AS known_mrr,
	r.retained_mrr::numeric(24,6) AS retained_mrr, r.risk_adjusted_retention_rate::numeric(24,6) AS risk_adjusted_retention_rate, r.coverage_rate::numeric(24,6) AS coverage_rate,
	r.basis AS retention_basis, r.complete
FROM nudge_analytics.risk_adjusted_retention r$query$,
	'Risk-adjusted retention by month', 'One row per month and band of health. How much of the MRR is to be expected in 12 months, as each month closes, of the present one and the 12 before; months are those of the zone of deploy().',
	'Choose all, or add the other bands. MRR is not to be added over months.',
	'{"period_start": "First day of the month", "health_band": "red, yellow or green, (none) without a score, all for all customers: do not add it to the others", "currency": "Currency of the amounts",
	"customers": "Customers with MRR", "mrr": "Their MRR", "known_mrr": "MRR of those for whom a retention is known: the denominator", "retained_mrr": "MRR times the retention to expect",
	"risk_adjusted_retention_rate": "retained_mrr over known_mrr, as a fraction of 1", "coverage_rate": "known_mrr over mrr, as a fraction of 1", "retention_basis": "What the retention to expect comes from",
	"complete": "Whether the month is over"}',
	'{"health_band": "type/Category", "currency": "type/Category", "mrr": "type/Currency", "known_mrr": "type/Currency", "retained_mrr": "type/Currency", "risk_adjusted_retention_rate": "type/Percentage",
	"coverage_rate": "type/Percentage", "retention_basis": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "known_mrr": "Known MRR", "retained_mrr": "Retained MRR"}'),

('interventions_monthly', 'customers', 1730, '{intervention_results}', $query$
SELECT r.period AS period_start, r.interventions_made, r.not_at_risk, r.not_scored, r.not_due, r.counted AS counted_interventions, r.succeeded AS succeeded_interventions,
	r.success_rate::numeric(24,6) AS intervention_success_rate, r.month_over AS is_month_over, r.complete
FROM nudge_analytics.intervention_results r$query$,
	'Interventions by month', 'One row per month. Interventions at customers at risk, and how many were healthy again within 90 days; months are those of the zone of deploy().',
	'The last months still change: complete is false until the 90 days of all are over.',
	'{"period_start": "First day of the month", "interventions_made": "Interventions", "not_at_risk": "Those at customers that were not at risk", "not_scored": "Those at customers without a score",
	"not_due": "Those whose 90 days are not over and that have not succeeded yet", "counted_interventions": "Those that are counted: the denominator",
	"succeeded_interventions": "Those of them after which the customer was healthy again", "intervention_success_rate": "succeeded_interventions over counted_interventions, as a fraction of 1",
	"is_month_over": "Whether the month is over", "complete": "Whether the month is over, and the 90 days of all"}',
	'{"intervention_success_rate": "type/Percentage"}',
	'{"period_start": "Month"}');
