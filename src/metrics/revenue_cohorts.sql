/*
 * revenue_cohorts.sql
 *		Cohorts by first paid period, and what became of their revenue.
 */

CREATE FUNCTION nudge.revenue_cohorts(
	state nudge.mrr_state,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	cohort date,
	age integer,
	period date,
	cohort_customers bigint,
	cohort_mrr numeric,
	customers bigint,
	mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	reactivation_mrr numeric,
	logo_retention numeric,
	net_revenue_retention numeric,
	gross_revenue_retention numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_revenue_cohorts' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 500 COST 10000;
COMMENT ON FUNCTION nudge.revenue_cohorts(nudge.mrr_state, text, text, timestamptz, text, integer) IS
	'A row per cohort (period of the first paid day) and age: customers and MRR at the close of the period, and what is retained. Not STRICT: a NULL as_of has a meaning';
