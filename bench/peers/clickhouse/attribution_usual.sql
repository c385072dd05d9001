/*
 * attribution_usual.sql
 *		Linear attribution, as usually written: see sql/attribution_usual.sql.
 */
WITH pair AS (
	SELECT c.conversion AS conversion, toInt64(c.revenue * 100) AS cents, t.channel AS channel,
		   row_number() OVER (PARTITION BY c.conversion ORDER BY t.at) AS place,
		   count() OVER (PARTITION BY c.conversion) AS n
	FROM conversions AS c
	LEFT JOIN touches AS t ON t.customer = c.customer AND t.at <= c.at AND t.at > c.at - INTERVAL 30 DAY
)
SELECT channel, toDecimal64(sum(intDiv(cents, n) + (place <= cents % n)), 2) / 100 AS revenue
FROM pair
GROUP BY channel
ORDER BY channel
