/*
 * MRR as each month closed, or is now: each price joined to the months that it
 * is in force at the close of.
 */
SELECT m::date AS period_start, sum(s.mrr) AS mrr
FROM generate_series((SELECT date_trunc('month', min(valid_from)::timestamp) FROM subscriptions), now()::timestamp, interval '1 month') m
JOIN subscriptions s ON s.valid_from < m + interval '1 month' AND (s.valid_to IS NULL OR s.valid_to >= m + interval '1 month')
GROUP BY m
ORDER BY m;
