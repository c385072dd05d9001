-- Civil days of instants, periods of days, buckets of keys.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

--
-- civil_date: the same as the server's own conversion
--
SELECT civil_date('2024-01-31 23:30+00', z), z FROM (VALUES ('UTC'), ('Europe/Berlin'), ('America/New_York'), ('Asia/Kolkata'), ('Pacific/Kiritimati'), ('Pacific/Pago_Pago')) v(z);
-- zones with odd offsets, a day left out (Apia), clocks changed twice within a month (Casablanca), half an hour (Lord_Howe), two hours (Troll)
CREATE TEMP TABLE zones AS SELECT z FROM unnest('{UTC,Europe/Berlin,America/New_York,Asia/Kolkata,Asia/Kathmandu,America/St_Johns,Australia/Lord_Howe,Pacific/Apia,Pacific/Kiritimati,Africa/Casablanca,Africa/Monrovia,Antarctica/Troll,Europe/Dublin,EST5EDT,Etc/GMT+12}'::text[]) z;
SELECT count(*) > 1000000 AS many, count(*) FILTER (WHERE civil_date(at, z) <> (at AT TIME ZONE z)::date) AS different
FROM zones, generate_series(timestamptz '1960-01-01', '2045-01-01', '9 hours 13 minutes') at;
-- every quarter of an hour of years with changes
SELECT count(*) FILTER (WHERE civil_date(at, z) <> (at AT TIME ZONE z)::date) AS different
FROM zones, generate_series(timestamptz '2011-12-01', '2012-06-01', '15 minutes') at;
-- far away
SELECT count(*) FILTER (WHERE civil_date(at, z) <> (at AT TIME ZONE z)::date) AS different
FROM zones, (VALUES (timestamptz '4713-01-02 00:00+00 BC'), ('0001-01-01 00:00+00'), ('0001-12-31 23:59:59.999999+00 BC'), ('1582-10-15 12:00+00'), ('1883-11-18 12:03:57+00'),
	('1969-12-31 23:59:59.999999+00'), ('1999-12-31 23:59:59.999999+00'), ('2000-01-01 00:00+00'), ('9999-12-31 23:59:59+00'), ('294276-12-30 00:00+00')) v(at);
-- names that are abbreviations too are in zone_names.sql; UTC means the same both ways
SELECT z, civil_date('2024-07-01 22:30+00', z) = ('2024-07-01 22:30+00'::timestamptz AT TIME ZONE z)::date AS same FROM unnest('{UTC,gmt,EST5EDT,Etc/GMT+5,+03,CET-1CEST}'::text[]) z;
SELECT civil_date('infinity', 'Europe/Berlin'), civil_date('-infinity', 'Europe/Berlin'), civil_date(NULL, 'UTC'), civil_date('2024-01-01', NULL);
-- one call site, zones that change from row to row
SELECT count(*) FILTER (WHERE civil_date(at, z) <> (at AT TIME ZONE z)::date) AS different
FROM (SELECT at, (array['UTC', 'Asia/Tokyo', 'America/Los_Angeles'])[1 + n % 3] AS z FROM generate_series(timestamptz '2023-01-01', '2024-01-01', '1 hour 7 minutes') WITH ORDINALITY g(at, n)) x;

--
-- Periods
--
SELECT g AS grain, period_start(d, g), period_end(d, g) FROM (VALUES (date '2024-02-29')) v(d), unnest('{day,week,month,quarter,year,4-4-5,4-5-4,5-4-4}'::text[]) g;
SELECT s AS week_start, period_start('2024-02-29', 'week', s), period_end('2024-02-29', 'week', s) FROM unnest('{monday,tuesday,wednesday,thursday,friday,saturday,sunday}'::text[]) s;
SELECT m AS fiscal_year_start, period_start('2024-02-29', 'quarter', 'monday', m) AS quarter, period_start('2024-02-29', 'year', 'monday', m) AS year, period_end('2024-02-29', 'year', 'monday', m) AS year_end
FROM generate_series(1, 12) m;
-- the same as date_trunc
SELECT g AS grain, count(*) AS days, count(*) FILTER (WHERE period_start(d::date, g) <> date_trunc(g, d)::date) AS different
FROM unnest('{day,week,month,quarter,year}'::text[]) g, generate_series(timestamp '1890-01-01', '2110-12-31', '1 day') d GROUP BY g ORDER BY g;
SELECT g AS grain, period_start('0001-01-01', g), period_start('0001-12-31 BC', g), period_start('0004-02-29', g) FROM unnest('{day,week,month,quarter,year}'::text[]) g;
-- periods cover every day once: start <= day < end, and the end is the next start
SELECT g AS grain, count(*) AS days,
	count(*) FILTER (WHERE NOT (period_start(d, g, s, m) <= d AND d < period_end(d, g, s, m))) AS outside,
	count(*) FILTER (WHERE period_start(period_start(d, g, s, m), g, s, m) <> period_start(d, g, s, m)) AS start_elsewhere,
	count(*) FILTER (WHERE period_start(period_end(d, g, s, m), g, s, m) <> period_end(d, g, s, m)) AS gap,
	count(*) FILTER (WHERE period_end(period_end(d, g, s, m) - 1, g, s, m) <> period_end(d, g, s, m)) AS overlap
FROM unnest('{week,month,quarter,year,4-4-5,4-5-4,5-4-4}'::text[]) g, unnest('{monday,thursday,sunday}'::text[]) s, unnest('{1,2,7,12}'::integer[]) m,
	LATERAL (SELECT date '1999-12-01' + n AS d FROM generate_series(0, 9000, 2) n) x
GROUP BY g ORDER BY g;
-- weeks begin on their day
SELECT s AS week_start, count(*) FILTER (WHERE trim(to_char(period_start(d, 'week', s), 'day')) <> s) AS wrong
FROM unnest('{monday,tuesday,wednesday,thursday,friday,saturday,sunday}'::text[]) s, LATERAL (SELECT date '1999-12-01' + n AS d FROM generate_series(0, 800) n) x GROUP BY s ORDER BY s;
-- retail years begin on the first day of a week that is nearest to the first of the fiscal month, and have 52 or 53 weeks;
-- the 53rd belongs to the last period
WITH RECURSIVE p(g, s, m, start_day, n) AS (
	SELECT g, s, m, period_start(make_date(2000, m, 10), g, s, m), 0 FROM unnest('{4-4-5,4-5-4,5-4-4}'::text[]) g, unnest('{monday,saturday,sunday}'::text[]) s, unnest('{1,2,7,10}'::integer[]) m
	UNION ALL
	SELECT g, s, m, period_end(start_day, g, s, m), n + 1 FROM p WHERE n < 12 * 40
)
SELECT g AS grain, n % 12 + 1 AS number, string_agg(DISTINCT ((period_end(start_day, g, s, m) - start_day) / 7)::text, ' or ') AS weeks,
	count(*) FILTER (WHERE n % 12 = 0 AND abs(start_day - make_date(2000 + n / 12, m, 1)) > 3) AS far_from_the_first,
	count(*) FILTER (WHERE n % 12 = 0 AND trim(to_char(start_day, 'day')) <> s) AS wrong_weekday
FROM p GROUP BY 1, 2 ORDER BY 1, 2;

--
-- Buckets: numbers that no machine, version or setting changes
--
SELECT k, bucket(k, 16), bucket(k, 1000), bucket(k, 2147483647) FROM (VALUES (0::bigint), (1), (2), (-1), (42), (9223372036854775807), (-9223372036854775808)) v(k);
SELECT k, bucket(k, 16), bucket(k, 1000) FROM (VALUES (''), ('a'), ('b'), ('customer 1'), ('Ålesund')) v(k);
SELECT k, bucket(k, 16), bucket(k, 1000) FROM (VALUES ('00000000-0000-0000-0000-000000000000'::uuid), ('11111111-2222-3333-4444-555555555555')) v(k);
SELECT bucket(7, 1) AS one, bucket(NULL::bigint, 4) IS NULL AS no_key, bucket(7, NULL) IS NULL AS no_n;
-- even: 160,000 keys of each type over 16 buckets, 10,000 expected in each
SELECT what, count(*) AS buckets, min(n) > 9600 AND max(n) < 10400 AS even, min(b) = 0 AND max(b) = 15 AS range
FROM (SELECT what, b, count(*) AS n FROM generate_series(1, 160000) k,
		LATERAL (VALUES ('bigint', bucket(k, 16)), ('text', bucket('customer ' || k, 16)), ('uuid', bucket(md5(k::text)::uuid, 16)), ('multiples of 16', bucket(k * 16, 16))) v(what, b) GROUP BY 1, 2) x
GROUP BY what ORDER BY what;
