/*
 * waterfall.sql
 *		The same in this extension, in the columns of by_month.sql.
 */
SELECT period AS month, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr,
	   closing_mrr, opening_customers, new_customers, reactivated_customers, expanded_customers,
	   contracted_customers, churned_customers, closing_customers
FROM (SELECT nudge.mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM subscriptions) s,
	 nudge.mrr_waterfall(state)
ORDER BY 1;
