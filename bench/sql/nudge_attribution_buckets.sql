/*
 * nudge_attribution_buckets.sql
 *		nudge_attribution.sql by hash bucket: no customer is in two, so that the
 *		rows may be summed.
 */
SELECT coalesce(channel, '') AS channel, sum(revenue)
FROM (
	SELECT nudge.journey_agg(customer, at, channel, revenue) AS state
	FROM marketing
	GROUP BY nudge.bucket(customer, 16)
) b, nudge.linear_attribution(state)
GROUP BY 1
ORDER BY 1;
