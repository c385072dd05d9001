SELECT h.customer_name, h.segment, h.owner, h.score, h.band, h.trend, h.change_30_days, h.lowest_factor, h.current_mrr, h.currency
FROM nudge_reporting.customer_health_now h
WHERE h.is_at_risk AND h.current_mrr > 0
ORDER BY h.current_mrr DESC, h.customer LIMIT 20
