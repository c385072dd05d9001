/*
 * attribution_usual.sql
 *		Linear attribution, as usually written: see sql/attribution_usual.sql.
 */
WITH pair AS (
	SELECT c.conversion, CAST(c.revenue * 100 AS BIGINT) AS cents, t.channel,
		   row_number() OVER (PARTITION BY c.conversion ORDER BY t."at") AS place,
		   count(*) OVER (PARTITION BY c.conversion) AS n
	FROM conversions c
	LEFT JOIN touches t ON t.customer = c.customer AND t."at" <= c."at" AND t."at" > c."at" - INTERVAL 30 DAY
)
SELECT coalesce(channel, '') AS channel, sum(cents // n + CAST(place <= cents % n AS BIGINT))::DECIMAL(18, 2) / 100 AS revenue
FROM pair
GROUP BY 1
ORDER BY 1
