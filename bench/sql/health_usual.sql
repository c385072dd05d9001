/*
 * health_usual.sql
 *		How many customers are in which band of health, and the sum of their
 *		scores: a weighted mean of the factors that are known, as an expression.
 */
SELECT CASE WHEN score >= 80 THEN 'green' WHEN score >= 60 THEN 'yellow' WHEN score >= 0 THEN 'red' END AS band,
	   count(*) AS customers, round(sum(score)::numeric, 3) AS total
FROM (
	SELECT (0.30::float8 * coalesce(usage, 0) + 0.25::float8 * coalesce(engagement, 0) + 0.20::float8 * coalesce(satisfaction, 0)
			+ 0.15::float8 * coalesce(growth, 0) + 0.10::float8 * coalesce(advocacy, 0))
		   / nullif(CASE WHEN usage IS NULL THEN 0 ELSE 0.30::float8 END + CASE WHEN engagement IS NULL THEN 0 ELSE 0.25::float8 END
			+ CASE WHEN satisfaction IS NULL THEN 0 ELSE 0.20::float8 END + CASE WHEN growth IS NULL THEN 0 ELSE 0.15::float8 END
			+ CASE WHEN advocacy IS NULL THEN 0 ELSE 0.10::float8 END, 0) AS score
	FROM accounts
) s
GROUP BY 1
ORDER BY 1;
