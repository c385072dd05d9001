/* users of each week's new users that came back in each of the 12 weeks after it */
WITH active AS (SELECT DISTINCT user_id, date_trunc('week', at)::date AS week FROM actions WHERE at < current_date),
first AS (SELECT user_id, min(week) AS cohort FROM active GROUP BY user_id)
SELECT f.cohort, (a.week - f.cohort) / 7 AS age, count(*) AS retained
FROM active a JOIN first f USING (user_id)
WHERE (a.week - f.cohort) / 7 BETWEEN 1 AND 12 AND a.week + 7 <= current_date
GROUP BY 1, 2
ORDER BY 1, 2;
