/*
 * nudge_attribution_markov.sql
 *		A Markov chain of the same paths, solved exactly.
 */
SELECT coalesce(channel, '') AS channel, revenue
FROM (SELECT nudge.journey_agg(customer, at, channel, revenue) AS state FROM marketing) s,
	 nudge.markov_attribution(state)
ORDER BY 1;
