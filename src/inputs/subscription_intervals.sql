SELECT i.customer, i.subscription, i.item, i.plan, p.valid_from, p.valid_to, i.amount, i.interval_unit, i.interval_count, i.quantity, i.currency,
	d.discount, d.discount_kind,
	CASE WHEN st.status = 'excluded' THEN 'excluded'
		WHEN p.valid_from < i.trial_to AND p.valid_from >= coalesce(i.trial_from, i.begins) THEN 'trialing'
		ELSE coalesce(st.status, 'active') END AS status,
	i.usage, i.booked_at, CASE WHEN p.valid_to = i.ends THEN i.end_reason END AS end_reason
FROM items AS i
-- an interval for each time at which a trial, a discount or a status begins or ends
CROSS JOIN LATERAL (
	SELECT c.at AS valid_from, coalesce(lead(c.at) OVER (ORDER BY c.at), i.ends) AS valid_to
	FROM (
		SELECT i.begins AS at
		UNION
		SELECT x.at
		FROM (
			SELECT i.trial_from AS at
			UNION ALL SELECT i.trial_to
			UNION ALL SELECT k.starts FROM discounts AS k WHERE k.subscription = i.subscription
			UNION ALL SELECT k.ends FROM discounts AS k WHERE k.subscription = i.subscription
			UNION ALL SELECT k.since FROM statuses AS k WHERE k.subscription = i.subscription
		) AS x
		WHERE x.at > i.begins AND (i.ends IS NULL OR x.at < i.ends)
	) AS c
) AS p
-- discounts at one time apply one after the other; the first to end says which kind
LEFT JOIN LATERAL (
	SELECT CASE WHEN bool_or(k.share >= 1) THEN 1 ELSE trim_scale(round(1 - exp(sum(ln(CASE WHEN k.share < 1 THEN 1 - k.share END))), 10)) END AS discount,
		CASE WHEN bool_or(k.kind = 'once') THEN 'once' WHEN bool_or(k.kind = 'repeating') THEN 'repeating' ELSE max(k.kind) END AS discount_kind
	FROM discounts AS k
	WHERE k.subscription = i.subscription AND p.valid_from >= k.starts AND (k.ends IS NULL OR p.valid_from < k.ends)
) AS d ON true
LEFT JOIN LATERAL (
	SELECT k.status FROM statuses AS k WHERE k.subscription = i.subscription AND k.since <= p.valid_from ORDER BY k.since DESC LIMIT 1
) AS st ON true
