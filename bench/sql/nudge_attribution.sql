/*
 * nudge_attribution.sql
 *		The same in this extension, in the columns of attribution_usual.sql.
 */
SELECT coalesce(channel, '') AS channel, revenue
FROM (SELECT nudge.journey_agg(customer, at, channel, revenue) AS state FROM marketing) s,
	 nudge.linear_attribution(state)
ORDER BY 1;
