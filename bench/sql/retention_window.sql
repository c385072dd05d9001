/*
 * retention_window.sql
 *		The retention curve by distinct pairs and a window: one scan.
 */
WITH active AS (
	SELECT DISTINCT user_id, day
	FROM events
), aged AS (
	SELECT day, min(day) OVER (PARTITION BY user_id) AS day0
	FROM active
), counted AS MATERIALIZED (
	SELECT day0, day - day0 AS age, count(*) AS users
	FROM aged
	GROUP BY 1, 2
), cohort AS (
	SELECT day0, users, (SELECT max(day0 + age) FROM counted) AS last_day
	FROM counted
	WHERE age = 0
), eligible AS (
	SELECT age, sum(users)::bigint AS users
	FROM cohort, generate_series(0, 90) age
	WHERE day0 + age <= last_day
	GROUP BY age
), returned AS (
	SELECT age, sum(users)::bigint AS users
	FROM counted
	GROUP BY age
)
SELECT age AS day, e.users AS eligible, coalesce(r.users, 0) AS retained,
	   e.users - coalesce(r.users, 0) AS churned
FROM eligible e LEFT JOIN returned r USING (age)
ORDER BY age;
