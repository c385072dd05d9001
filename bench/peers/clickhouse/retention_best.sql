/*
 * retention_best.sql
 *		The retention curve with a user's days as the bits of one wide integer:
 *		good for 256 days that are known beforehand.
 *
 * Tried as well: an array of the days of each user, the same in the order of the
 * table, distinct pairs and a second grouping.
 */
WITH (SELECT max(day) FROM events) AS last_day,
toUInt16(toDate('2025-01-01')) AS origin,
person AS (
	SELECT toUInt16(min(day)) - origin AS day0,
		   groupBitOr(bitShiftLeft(toUInt256(1), toUInt16(day) - origin)) AS mask
	FROM events
	GROUP BY user_id
), counted AS (
	SELECT day0, age, count() AS users
	FROM person
	ARRAY JOIN bitPositionsToArray(bitShiftRight(mask, day0)) AS age
	GROUP BY day0, age
)
SELECT number AS day,
	   sumIf(users, age = 0 AND day0 + day <= toUInt16(last_day) - origin) AS eligible,
	   sumIf(users, age = day) AS retained,
	   toInt64(eligible - retained) AS churned
FROM counted CROSS JOIN numbers(91) AS n
GROUP BY day
ORDER BY day
