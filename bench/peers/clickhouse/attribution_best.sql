/*
 * attribution_best.sql
 *		Linear attribution in ClickHouse, the fastest form found: arrays of the
 *		touches of each customer, of which a conversion takes its part.
 *
 * Tried as well: windows over the pairs, arrays of each conversion.
 */
WITH path AS (
	SELECT toInt64(c.revenue * 100) AS cents,
		   arrayFilter((channel, at) -> at <= c.at AND at > c.at - 2592000, t.channels, t.ats) AS channels,
		   length(channels) AS n
	FROM conversions AS c
	LEFT JOIN (
		SELECT customer, groupArray(channel) AS channels, groupArray(at) AS ats
		FROM (SELECT customer, at, channel FROM touches ORDER BY customer, at)
		GROUP BY customer
	) AS t ON t.customer = c.customer
)
SELECT channel,
	   toDecimal64(sum(intDiv(cents, greatest(n, 1)) + (n > 0 AND place <= cents % greatest(n, 1))), 2) / 100 AS revenue
FROM path
LEFT ARRAY JOIN channels AS channel, arrayEnumerate(channels) AS place
GROUP BY channel
ORDER BY channel
