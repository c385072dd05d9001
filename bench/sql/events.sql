/*
 * events.sql
 *		The events that every contestant is asked about.
 *
 * psql variable: users.  The same number gives the same rows in the same order
 * on every machine: chance comes from a hash of (user, visit, event, what).
 *
 * 180 days, 2025-01-01 to 2025-06-29, 20 events a user on average.  A third of
 * the users come once or twice, a tenth up to 95 times.  A visit is one civil
 * day in Berlin, where the clock is put forward within the time, and has 1 to 6
 * events, 1.8 on average, with 20 seconds to 25 minutes between them on average,
 * so that some visits are several sessions.  Of 20 event names the most common
 * has a quarter of the rows, the rarest 3 in 1000; the steps of the funnel have
 * 39 %.
 *
 * Rows are in order of time, as events tables are.  No two events of a user are
 * in the same second, so that no answer depends on how ties are broken, and
 * whole seconds suffice for everybody.
 */
\set ON_ERROR_STOP on

CREATE FUNCTION pg_temp.chance(user_id bigint, what int, n int) RETURNS int
	LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(user_id, what) & 2147483647) % n;

CREATE UNLOGGED TABLE events AS
WITH names AS MATERIALIZED (
	/* per mille of all events, and the sum up to here */
	SELECT array_agg(name ORDER BY place) AS name, array_agg(before ORDER BY place) AS before
	FROM (
		SELECT name, place, (sum(share) OVER (ORDER BY place) - share)::int AS before
		FROM unnest(
			'{report_opened,page_viewed,search_run,report_edited,dashboard_opened,filter_applied,
			  comment_added,report_shared,file_uploaded,export_run,notification_clicked,
			  teammate_invited,settings_changed,tour_seen,template_used,integration_connected,
			  api_key_made,plan_viewed,support_asked,password_changed}'::text[],
			'{240,190,110,90,85,60,45,40,30,22,18,20,12,10,8,6,5,3,3,3}'::int[]
		) WITH ORDINALITY n (name, share, place)
	) s
), person AS (
	SELECT g AS user_id,
		   least(pg_temp.chance(g, 0, 180), pg_temp.chance(g, 1, 180)) AS first_day,
		   CASE WHEN pg_temp.chance(g, 2, 100) < 33 THEN 1 + pg_temp.chance(g, 3, 2)
				WHEN pg_temp.chance(g, 2, 100) < 70 THEN 2 + pg_temp.chance(g, 3, 9)
				WHEN pg_temp.chance(g, 2, 100) < 90 THEN 6 + pg_temp.chance(g, 3, 25)
				ELSE 22 + pg_temp.chance(g, 3, 74) END AS visits,
		   CASE WHEN pg_temp.chance(g, 2, 100) < 70 THEN 1 + pg_temp.chance(g, 4, 14)
				WHEN pg_temp.chance(g, 2, 100) < 90 THEN 1 + pg_temp.chance(g, 4, 7)
				ELSE 1 + pg_temp.chance(g, 4, 2) END AS pause
	FROM generate_series(1::bigint, :users) g
), visit AS (
	SELECT user_id, visit,
		   date '2025-01-01' + first_day + visit * pause
		   + CASE WHEN visit = 0 THEN 0 ELSE pg_temp.chance(user_id, visit * 64 + 5, pause) END AS day,
		   6 * 3600 + pg_temp.chance(user_id, visit * 64 + 6, 12 * 3600) AS starts,
		   ('{1,1,1,1,1,1,1,1,1,1,1,1,2,2,2,2,3,3,4,6}'::int[])[1 + pg_temp.chance(user_id, visit * 64 + 7, 20)] AS events,
		   ('{20,60,120,300,900,1500}'::int[])[1 + pg_temp.chance(user_id, visit * 64 + 10, 6)] AS gap
	FROM person, generate_series(0, visits - 1) visit
	WHERE first_day + visit * pause < 180
), event AS (
	SELECT user_id, day, pg_temp.chance(user_id, visit * 64 + 16 + number, 1000) AS draw,
		   (day + (starts + number * gap
				   + pg_temp.chance(user_id, visit * 64 + 32 + number, gap)) * interval '1 second')
		   AT TIME ZONE 'Europe/Berlin' AS at
	FROM visit, generate_series(0, events - 1) number
	WHERE day < date '2025-06-30'
)
SELECT user_id, at, day, name[width_bucket(draw, before)] AS event
FROM event, names
ORDER BY at, user_id;

VACUUM (ANALYZE) events;
