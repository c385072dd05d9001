/* users active on each day, and on the 30 days that end with it */
WITH active AS (SELECT DISTINCT user_id, at::date AS day FROM actions WHERE at < current_date)
SELECT d::date AS day, count(*) FILTER (WHERE a.day = d::date) AS dau, count(DISTINCT a.user_id) AS mau
FROM generate_series((SELECT min(day) FROM active)::timestamp, (SELECT max(day) FROM active), interval '1 day') d
JOIN active a ON a.day BETWEEN d::date - 29 AND d::date
GROUP BY d
ORDER BY d;
