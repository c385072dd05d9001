/*
 * retention_usual.sql
 *		../../sql/retention_usual.sql in the words of DuckDB.
 */
WITH first_seen AS (
	SELECT user_id, min(day) AS day0
	FROM events
	GROUP BY user_id
), active AS (
	SELECT DISTINCT user_id, day
	FROM events
), cohort AS (
	SELECT day0, count(*) AS users
	FROM first_seen
	GROUP BY day0
), returned AS (
	SELECT day - day0 AS age, count(*) AS users
	FROM active JOIN first_seen USING (user_id)
	GROUP BY age
), eligible AS (
	SELECT age, sum(users)::bigint AS users
	FROM cohort, range(0, 91) a(age)
	WHERE day0 + age::int <= (SELECT max(day) FROM events)
	GROUP BY age
)
SELECT age AS day, e.users AS eligible, coalesce(r.users, 0) AS retained,
	   e.users - coalesce(r.users, 0) AS churned
FROM eligible e LEFT JOIN returned r USING (age)
ORDER BY age;
