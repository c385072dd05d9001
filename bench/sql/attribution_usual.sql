/*
 * attribution_usual.sql
 *		Linear attribution with a lookback of 30 days, as usually written: touches
 *		joined to conversions, and windows over the pairs.
 *
 * Credits are exact: cents are divided, and those that are left go to the
 * earliest touches.  This is the truth for everybody.
 */
WITH pair AS (
	SELECT c.conversion, (c.revenue * 100)::bigint AS cents, t.channel,
		   row_number() OVER (PARTITION BY c.conversion ORDER BY t.at) AS place,
		   count(*) OVER (PARTITION BY c.conversion) AS n
	FROM conversions c
	LEFT JOIN touches t ON t.customer = c.customer AND t.at <= c.at AND t.at > c.at - interval '30 days'
)
SELECT coalesce(channel, '') AS channel, sum(cents / n + (place <= cents % n)::int) / 100.0 AS revenue
FROM pair
GROUP BY 1
ORDER BY 1;
