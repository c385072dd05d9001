/*
 * retention_usual.sql
 *		../../sql/retention_usual.sql in the words of ClickHouse.
 */
WITH (SELECT max(day) FROM events) AS last_day,
first_seen AS (
	SELECT user_id, min(day) AS day0
	FROM events
	GROUP BY user_id
), active AS (
	SELECT DISTINCT user_id, day
	FROM events
), cohort AS (
	SELECT day0, count() AS users
	FROM first_seen
	GROUP BY day0
), returned AS (
	SELECT day - day0 AS age, count() AS users
	FROM active INNER JOIN first_seen USING (user_id)
	GROUP BY age
), eligible AS (
	SELECT age, sum(users) AS users
	FROM cohort
	ARRAY JOIN range(0, 91) AS age
	WHERE day0 + age <= last_day
	GROUP BY age
)
SELECT e.age AS day, e.users AS eligible, r.users AS retained, toInt64(e.users - r.users) AS churned
FROM eligible e LEFT JOIN returned r ON e.age = r.age
ORDER BY day
