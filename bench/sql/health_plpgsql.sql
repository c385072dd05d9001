/*
 * health_plpgsql.sql
 *		health_usual.sql by a function, as it is usually put away.
 */
CREATE FUNCTION pg_temp.health_score(factors double precision[], weights double precision[]) RETURNS double precision
	LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	total double precision := 0;
	known double precision := 0;
BEGIN
	FOR i IN 1 .. array_length(weights, 1) LOOP
		IF factors[i] IS NOT NULL THEN
			total := total + factors[i] * weights[i];
			known := known + weights[i];
		END IF;
	END LOOP;
	RETURN total / nullif(known, 0);
END
$$;
SELECT CASE WHEN score >= 80 THEN 'green' WHEN score >= 60 THEN 'yellow' WHEN score >= 0 THEN 'red' END AS band,
	   count(*) AS customers, round(sum(score)::numeric, 3) AS total
FROM (
	SELECT pg_temp.health_score(ARRAY[usage, engagement, satisfaction, growth, advocacy], '{0.30,0.25,0.20,0.15,0.10}') AS score
	FROM accounts
) s
GROUP BY 1
ORDER BY 1;
