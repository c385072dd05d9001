/* the same of the customers of one segment */
SELECT m::date AS period_start, sum(s.mrr) AS mrr, count(DISTINCT s.customer) FILTER (WHERE s.mrr > 0) AS customers
FROM generate_series((SELECT date_trunc('month', min(s.valid_from)::timestamp) FROM subscriptions s JOIN accounts a ON a.customer = s.customer WHERE a.segment = 'Mid-market'), now()::timestamp, interval '1 month') m
JOIN subscriptions s ON s.valid_from < m + interval '1 month' AND (s.valid_to IS NULL OR s.valid_to >= m + interval '1 month')
JOIN accounts a ON a.customer = s.customer AND a.segment = 'Mid-market'
GROUP BY m
ORDER BY m;
