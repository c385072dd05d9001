SELECT m::date AS period_start, sum(s.mrr) AS mrr
FROM subscriptions s, LATERAL generate_series(date_trunc('month', s.valid_from::timestamp), coalesce(date_trunc('month', s.valid_to::timestamp) - interval '1 month', now()::timestamp), interval '1 month') m
WHERE s.customer = '42'
GROUP BY m
HAVING sum(s.mrr) > 0
ORDER BY m;
