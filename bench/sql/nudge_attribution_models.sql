/*
 * nudge_attribution_models.sql
 *		All models of one walk, of which one is compared.
 */
SELECT coalesce(channel, '') AS channel, linear_revenue
FROM (SELECT nudge.journey_agg(customer, at, channel, revenue) AS state FROM marketing) s,
	 nudge.attribution_models(state)
ORDER BY 1;
