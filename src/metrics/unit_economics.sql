/*
 * unit_economics.sql
 *		Monthly amounts of prices, lifetime value, payback, projected MRR.
 *
 * Formulas: doc/unit_economics.md.
 */

CREATE FUNCTION nudge.monthly_amount(
	amount numeric,
	interval_unit text,
	interval_count integer DEFAULT 1,
	quantity numeric DEFAULT 1,
	weeks_per_month numeric DEFAULT NULL,
	days_per_month numeric DEFAULT NULL
) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_monthly_amount' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.monthly_amount(numeric, text, integer, numeric, numeric, numeric) IS
	'What a price billed every interval_count days, weeks, months, quarters or years is a month, unrounded. Not STRICT: NULL weeks_per_month is 52/12 and NULL days_per_month 365/12';

CREATE FUNCTION nudge.ltv(arpa numeric, gross_margin numeric, churn_rate numeric) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_ltv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.ltv(numeric, numeric, numeric) IS
	'Lifetime value of a customer: ARPA times gross margin over the monthly customer churn rate; NULL without churn';

CREATE FUNCTION nudge.cac_payback_months(cac numeric, arpa numeric, gross_margin numeric DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_cac_payback_months' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.cac_payback_months(numeric, numeric, numeric) IS
	'Months until the gross margin of a customer has paid for its acquisition; NULL if it never does';

CREATE FUNCTION nudge.project_mrr(
	opening_mrr numeric,
	months integer,
	new_mrr numeric DEFAULT 0,
	new_growth_rate numeric DEFAULT 0,
	churn_rate numeric DEFAULT 0,
	contraction_rate numeric DEFAULT 0,
	expansion_rate numeric DEFAULT 0,
	minor_unit integer DEFAULT 2
) RETURNS TABLE (
	month integer,
	opening_mrr numeric,
	new_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	net_new_mrr numeric,
	closing_mrr numeric,
	cumulative_net_new_mrr numeric
)
	AS 'MODULE_PATHNAME', 'nm_project_mrr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION nudge.project_mrr(numeric, integer, numeric, numeric, numeric, numeric, numeric, integer) IS
	'MRR month by month under constant monthly rates: a row per month whose signed parts add up to closing less opening MRR';
