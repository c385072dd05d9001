/*
 * health.sql
 *		The customers in each band of health: see sql/health_usual.sql.
 */
SELECT multiIf(score >= 80, 'green', score >= 60, 'yellow', score >= 0, 'red', '') AS band,
	   count() AS customers, ifNull(toString(round(sum(score), 3)), '') AS total
FROM (
	SELECT (0.30 * coalesce(usage, 0) + 0.25 * coalesce(engagement, 0) + 0.20 * coalesce(satisfaction, 0)
			+ 0.15 * coalesce(growth, 0) + 0.10 * coalesce(advocacy, 0))
		   / nullIf(if(isNull(usage), 0, 0.30) + if(isNull(engagement), 0, 0.25) + if(isNull(satisfaction), 0, 0.20)
			+ if(isNull(growth), 0, 0.15) + if(isNull(advocacy), 0, 0.10), 0) AS score
	FROM accounts
)
GROUP BY band
ORDER BY band = '', band
