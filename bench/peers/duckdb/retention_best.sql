/*
 * retention_best.sql
 *		../../sql/retention_masks.sql in the words of DuckDB: a user's days as the
 *		bits of two wide integers, five ages counted at once.
 *
 * Good only for 252 days that are known beforehand and for fewer than 2,097,152
 * users.  Tried as well: distinct pairs and a join, lists of distinct days.
 */
WITH days AS (
	SELECT user_id, (day - date '2025-01-01')::int AS d
	FROM events
), mask AS (
	SELECT min(d) AS day0,
		   bit_or(CASE WHEN d < 126 THEN 1::hugeint << d ELSE 0 END) AS low,
		   bit_or(CASE WHEN d > 125 THEN 1::hugeint << (d - 126) ELSE 0 END) AS high
	FROM days
	GROUP BY user_id
), aged AS MATERIALIZED (
	SELECT day0,
		   CASE WHEN day0 < 126 THEN (low >> day0) | ((high & ((1::hugeint << day0) - 1)) << (126 - day0))
				ELSE high >> (day0 - 126) END AS mask
	FROM mask
), size AS (
	SELECT day0, count(*) AS users
	FROM aged
	GROUP BY day0
), fifth AS (
	SELECT [
			sum((mask >> 0) & 19342822337210501698682881), sum((mask >> 1) & 19342822337210501698682881),
			sum((mask >> 2) & 19342822337210501698682881), sum((mask >> 3) & 19342822337210501698682881),
			sum((mask >> 4) & 19342822337210501698682881), sum((mask >> 5) & 19342822337210501698682881),
			sum((mask >> 6) & 19342822337210501698682881), sum((mask >> 7) & 19342822337210501698682881),
			sum((mask >> 8) & 19342822337210501698682881), sum((mask >> 9) & 19342822337210501698682881),
			sum((mask >> 10) & 19342822337210501698682881), sum((mask >> 11) & 19342822337210501698682881),
			sum((mask >> 12) & 19342822337210501698682881), sum((mask >> 13) & 19342822337210501698682881),
			sum((mask >> 14) & 19342822337210501698682881), sum((mask >> 15) & 19342822337210501698682881),
			sum((mask >> 16) & 19342822337210501698682881), sum((mask >> 17) & 19342822337210501698682881),
			sum((mask >> 18) & 19342822337210501698682881), sum((mask >> 19) & 19342822337210501698682881),
			sum((mask >> 20) & 19342822337210501698682881)
		] AS users
	FROM aged
), returned AS (
	SELECT age, ((users[1 + age % 21] >> (age // 21 * 21)::int) & 2097151)::bigint AS users
	FROM fifth, range(0, 91) a(age)
), eligible AS (
	SELECT age, sum(users)::bigint AS users
	FROM size, range(0, 91) a(age)
	WHERE day0 + age <= (SELECT max(day) - date '2025-01-01' FROM events)
	GROUP BY age
)
SELECT age AS day, e.users AS eligible, r.users AS retained, e.users - r.users AS churned
FROM returned r JOIN eligible e USING (age)
ORDER BY age;
