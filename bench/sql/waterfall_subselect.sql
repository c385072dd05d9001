/*
 * waterfall_subselect.sql
 *		waterfall.sql with the aggregate in a scalar sub-select, which copies the
 *		state on its way to the accessor.
 */
SELECT period AS month, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr,
	   closing_mrr, opening_customers, new_customers, reactivated_customers, expanded_customers,
	   contracted_customers, churned_customers, closing_customers
FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(customer, valid_from, valid_to, mrr) FROM subscriptions))
ORDER BY 1;
