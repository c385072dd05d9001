/* users active on each day, and those that never were before */
SELECT day, count(*) AS dau, count(*) FILTER (WHERE day = first_day) AS new_users
FROM (SELECT day, min(day) OVER (PARTITION BY user_id) AS first_day FROM (SELECT DISTINCT user_id, at::date AS day FROM actions WHERE at < current_date) a) d
GROUP BY day
ORDER BY day;
