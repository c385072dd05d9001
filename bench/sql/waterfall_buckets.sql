/*
 * waterfall_buckets.sql
 *		waterfall.sql by hash bucket, for more customers than one state may hold:
 *		a state for every 16th of them, and the rows of the waterfalls summed.
 */
SELECT period AS month, sum(opening_mrr), sum(new_mrr), sum(reactivation_mrr), sum(expansion_mrr),
	   sum(contraction_mrr), sum(churn_mrr), sum(closing_mrr), sum(opening_customers), sum(new_customers),
	   sum(reactivated_customers), sum(expanded_customers), sum(contracted_customers),
	   sum(churned_customers), sum(closing_customers)
FROM (
	SELECT nudge.mrr_agg(customer, valid_from, valid_to, mrr) AS state
	FROM subscriptions
	GROUP BY nudge.bucket(customer, 16)
) b, nudge.mrr_waterfall(state, start_day => '2023-01-01', end_day => '2026-01-01')
GROUP BY period
ORDER BY period;
