/*
 * health.sql
 *		The customers in each band of health: see sql/health_usual.sql.
 */
SELECT coalesce(CASE WHEN score >= 80 THEN 'green' WHEN score >= 60 THEN 'yellow' WHEN score >= 0 THEN 'red' END, '') AS band,
	   count(*) AS customers, coalesce(CAST(sum(score) AS DECIMAL(18, 3))::VARCHAR, '') AS total
FROM (
	SELECT (0.30::DOUBLE * coalesce(usage, 0) + 0.25::DOUBLE * coalesce(engagement, 0) + 0.20::DOUBLE * coalesce(satisfaction, 0)
			+ 0.15::DOUBLE * coalesce(growth, 0) + 0.10::DOUBLE * coalesce(advocacy, 0))
		   / nullif(CASE WHEN usage IS NULL THEN 0 ELSE 0.30::DOUBLE END + CASE WHEN engagement IS NULL THEN 0 ELSE 0.25::DOUBLE END
			+ CASE WHEN satisfaction IS NULL THEN 0 ELSE 0.20::DOUBLE END + CASE WHEN growth IS NULL THEN 0 ELSE 0.15::DOUBLE END
			+ CASE WHEN advocacy IS NULL THEN 0 ELSE 0.10::DOUBLE END, 0) AS score
	FROM accounts
) s
GROUP BY 1
ORDER BY nullif(band, '') NULLS LAST
