/*
 * marketing.sql
 *		The touches and conversions that every contestant is asked about.
 *
 * psql variable: users, the number of customers.  The same number gives the same rows in the same
 * order on every machine: chance comes from a hash of (customer, episode, touch,
 * what).
 *
 * A year, in which a customer goes through one to four episodes, 2.1 on average.
 * An episode has 1 to 12 touches, 4.75 on average, within up to two months, and
 * 47 % end with a conversion up to two days later; 3 % of the customers convert
 * without a touch.  So there are ten touches and one conversion to a customer,
 * and a conversion has four touches in its 30 days on average.  Of 20 channels
 * the most common has a fifth of the touches, the rarest 1 in 100.
 *
 * Rows are in order of time.  No two rows of a customer are in the same second,
 * so that no answer depends on how ties are broken, and whole seconds suffice for
 * everybody: touches of an episode are at its own remainder of 16 seconds.
 */
\set ON_ERROR_STOP on

CREATE FUNCTION pg_temp.chance(customer bigint, what int, n int) RETURNS int
	LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(customer, what) & 2147483647) % n;

CREATE UNLOGGED TABLE episodes AS
SELECT g AS customer, episode,
	   1735689600 + pg_temp.chance(g, episode * 64, 330) * 86400 + pg_temp.chance(g, episode * 64 + 1, 5400) * 16 + episode AS starts,
	   ('{1,1,2,2,3,3,4,5,6,8,10,12}'::int[])[1 + pg_temp.chance(g, episode * 64 + 2, 12)] AS touches,
	   ('{200,1000,5400,10000,20000,27000}'::int[])[1 + pg_temp.chance(g, episode * 64 + 3, 6)] AS gap, /* in 16 seconds */
	   pg_temp.chance(g, episode * 64 + 4, 100) < 47 AS converts
FROM generate_series(1::bigint, :users) g,
	 generate_series(0, ('{1,1,1,2,2,3,3,4}'::int[])[1 + pg_temp.chance(g, 7, 8)] - 1) episode;

CREATE UNLOGGED TABLE touches AS
WITH channels AS MATERIALIZED (
	/* per mille of all touches, and the sum up to here */
	SELECT array_agg(name ORDER BY place) AS name, array_agg(before ORDER BY place) AS before
	FROM (
		SELECT name, place, (sum(share) OVER (ORDER BY place) - share)::int AS before
		FROM unnest(
			'{organic_search,direct,paid_search,email,referral,organic_social,paid_social,display,
			  organic_video,paid_video,affiliates,retargeting,webinar,content,partner,
			  review_site,event,podcast,sms,app_store}'::text[],
			'{200,160,120,100,70,60,50,40,30,25,25,20,20,15,15,10,10,10,10,10}'::int[]
		) WITH ORDINALITY c (name, share, place)
	) s
)
SELECT customer,
	   to_timestamp(starts + 16::bigint * (touch * gap + pg_temp.chance(customer, episode * 64 + 8 + touch, gap))) AS at,
	   name[width_bucket(pg_temp.chance(customer, episode * 64 + 24 + touch, 1000), before)] AS channel
FROM episodes, generate_series(0, touches - 1) touch, channels
ORDER BY 2, 1;

CREATE UNLOGGED TABLE conversions AS
SELECT row_number() OVER (ORDER BY at, customer) AS conversion, customer, at, revenue
FROM (
	SELECT customer,
		   to_timestamp(starts + 8 + 16::bigint * (touches * gap + pg_temp.chance(customer, episode * 64 + 5, 10800))) AS at,
		   ((1000 + pg_temp.chance(customer, episode * 64 + 6, 50000)) / 100.0)::numeric(12, 2) AS revenue
	FROM episodes
	WHERE converts
	UNION ALL
	SELECT g, to_timestamp(1735689608 + 4 + 16::bigint * pg_temp.chance(g, 20, 1900000)),
		   ((1000 + pg_temp.chance(g, 21, 50000)) / 100.0)::numeric(12, 2)
	FROM generate_series(:users + 1::bigint, :users + :users * 3 / 100) g
) c
ORDER BY at, customer;

DROP TABLE episodes;

/* both as rows of journeys */
CREATE VIEW marketing AS
SELECT customer, at, channel, NULL::numeric AS revenue FROM touches
UNION ALL
SELECT customer, at, NULL, revenue FROM conversions;
VACUUM (ANALYZE) touches;
VACUUM (ANALYZE) conversions;
