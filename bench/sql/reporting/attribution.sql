/* revenue credited to the last channel before a conversion, by month: the one of the 30 days before it */
SELECT date_trunc('month', o.at)::date AS period_start, coalesce(t.channel, '') AS channel, sum(o.revenue) AS revenue
FROM orders o
LEFT JOIN LATERAL (SELECT v.channel FROM visits v WHERE v.customer = o.customer AND v.at <= o.at AND v.at > o.at - interval '30 days' ORDER BY v.at DESC LIMIT 1) t ON true
WHERE o.at < now()
GROUP BY 1, coalesce(t.channel, '')
ORDER BY 1, coalesce(t.channel, '') COLLATE "C";
