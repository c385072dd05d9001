, numbered AS MATERIALIZED (
	SELECT row_number() OVER () AS n, i.* FROM items AS i
), pieces AS MATERIALIZED (
	-- an interval for each time at which a trial, a discount or a status begins or ends
	SELECT c.n, c.at AS valid_from, lead(c.at) OVER (PARTITION BY c.n ORDER BY c.at) AS next_at
	FROM (
		SELECT i.n, i.begins AS at FROM numbered AS i
		UNION
		SELECT i.n, i.trial_from FROM numbered AS i WHERE i.trial_from > i.begins AND (i.ends IS NULL OR i.trial_from < i.ends)
		UNION
		SELECT i.n, i.trial_to FROM numbered AS i WHERE i.trial_to > i.begins AND (i.ends IS NULL OR i.trial_to < i.ends)
		UNION
		SELECT i.n, k.at
		FROM numbered AS i
		JOIN (SELECT x.subscription, x.starts AS at FROM discounts AS x UNION SELECT x.subscription, x.ends FROM discounts AS x UNION SELECT x.subscription, x.since FROM statuses AS x) AS k ON k.subscription = i.subscription
		WHERE k.at > i.begins AND (i.ends IS NULL OR k.at < i.ends)
	) AS c
)
SELECT i.customer, i.subscription, i.item, i.plan, p.valid_from, coalesce(p.next_at, i.ends) AS valid_to, i.amount, i.interval_unit, i.interval_count, i.quantity, i.currency,
	d.discount, d.discount_kind,
	CASE WHEN st.status = 'excluded' THEN 'excluded'
		WHEN p.valid_from < i.trial_to AND p.valid_from >= coalesce(i.trial_from, i.begins) THEN 'trialing'
		ELSE coalesce(st.status, 'active') END AS status,
	i.usage, i.booked_at, CASE WHEN p.next_at IS NULL THEN i.end_reason END AS end_reason
FROM numbered AS i
JOIN pieces AS p ON p.n = i.n
-- discounts at one time apply one after the other; the first to end says which kind
LEFT JOIN (
	SELECT x.n, x.valid_from, CASE WHEN bool_or(k.share >= 1) THEN 1 ELSE trim_scale(round(1 - exp(sum(ln(CASE WHEN k.share < 1 THEN 1 - k.share END))), 10)) END AS discount,
		CASE WHEN bool_or(k.kind = 'once') THEN 'once' WHEN bool_or(k.kind = 'repeating') THEN 'repeating' ELSE max(k.kind) END AS discount_kind
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN discounts AS k ON k.subscription = y.subscription
	WHERE x.valid_from >= k.starts AND (k.ends IS NULL OR x.valid_from < k.ends)
	GROUP BY x.n, x.valid_from
) AS d ON d.n = p.n AND d.valid_from = p.valid_from
LEFT JOIN (
	SELECT DISTINCT ON (x.n, x.valid_from) x.n, x.valid_from, k.status
	FROM pieces AS x
	JOIN numbered AS y ON y.n = x.n
	JOIN statuses AS k ON k.subscription = y.subscription AND k.since <= x.valid_from
	ORDER BY x.n, x.valid_from, k.since DESC
) AS st ON st.n = p.n AND st.valid_from = p.valid_from
