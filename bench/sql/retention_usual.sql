/*
 * retention_usual.sql
 *		The retention curve of 90 days in plain SQL, as it is usually written:
 *		each user's first day joined to the days on which the user came.
 *
 * The truth that every contestant must equal.  Only users old enough at the end
 * of the last day of the data are counted.
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
	FROM cohort, generate_series(0, 90) age
	WHERE day0 + age <= (SELECT max(day) FROM events)
	GROUP BY age
)
SELECT age AS day, e.users AS eligible, coalesce(r.users, 0) AS retained,
	   e.users - coalesce(r.users, 0) AS churned
FROM eligible e LEFT JOIN returned r USING (age)
ORDER BY age;
