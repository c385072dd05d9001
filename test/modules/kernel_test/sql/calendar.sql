-- The calendar: periods against date_trunc, zones against AT TIME ZONE.
\set VERBOSITY terse
SET datestyle = 'ISO';
SET timezone = 'UTC';

CREATE UNLOGGED TABLE days AS SELECT '1970-01-01'::date + n AS day FROM generate_series(0, 25567) n;

-- grains that PostgreSQL has too
SELECT grain, count(*) FILTER (WHERE period_start(day, grain) <> date_trunc(grain, day::timestamp)::date) AS wrong_start,
	count(*) FILTER (WHERE period_end(day, grain) <> (date_trunc(grain, day::timestamp)
		+ CASE grain WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || grain)::interval END)::date) AS wrong_end
FROM days, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) grain GROUP BY 1 ORDER BY 1;

-- weeks from any day of the week
SELECT start, count(*) FILTER (WHERE extract(isodow FROM period_start(day, 'week', start)) <> i
		OR day - period_start(day, 'week', start) NOT BETWEEN 0 AND 6
		OR period_end(day, 'week', start) <> period_start(day, 'week', start) + 7) AS wrong
FROM days, unnest(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) WITH ORDINALITY w (start, i)
GROUP BY 1, i ORDER BY i;

-- fiscal years from any month
SELECT grain, count(*) FILTER (WHERE period_start(day, grain, 'monday', f) <> (date_trunc(grain,
		date_trunc('month', day::timestamp) - make_interval(months => f - 1)) + make_interval(months => f - 1))::date) AS wrong
FROM days, generate_series(1, 12) f, unnest(ARRAY['month', 'quarter', 'year']) grain GROUP BY 1 ORDER BY 1;

-- The first days of the 4-5-4 years that the National Retail Federation
-- publishes; 2012, 2017 and 2023 have 53 weeks.
WITH nrf (year, first) AS (VALUES (2010, date '2010-01-31'), (2011, '2011-01-30'), (2012, '2012-01-29'), (2013, '2013-02-03'),
	(2014, '2014-02-02'), (2015, '2015-02-01'), (2016, '2016-01-31'), (2017, '2017-01-29'), (2018, '2018-02-04'), (2019, '2019-02-03'),
	(2020, '2020-02-02'), (2021, '2021-01-31'), (2022, '2022-01-30'), (2023, '2023-01-29'), (2024, '2024-02-04'), (2025, '2025-02-02'),
	(2026, '2026-02-01'))
SELECT count(*) AS years, bool_and(period_start(first, '4-5-4', 'sunday', 2) = first) AS first_period_begins,
	bool_and(period_end(first, '4-5-4', 'sunday', 2) = first + 28) AS four_weeks,
	bool_and(period_start(first - 1, '4-5-4', 'sunday', 2) < first - 27) AS last_period_ends,
	string_agg(year::text, ' ' ORDER BY year) FILTER (WHERE first - period_start(first - 1, '4-5-4', 'sunday', 2) = 35) AS after_53_weeks
FROM nrf;
SELECT p.first, period_end(p.first, '4-5-4', 'sunday', 2) - p.first AS days FROM (
	SELECT DISTINCT period_start('2023-01-29'::date + n, '4-5-4', 'sunday', 2) AS first FROM generate_series(0, 370) n) p ORDER BY 1;

-- every retail pattern: periods follow each other, years have 52 or 53 weeks
SELECT grain, w AS week_start, count(DISTINCT first) AS periods,
	count(*) FILTER (WHERE day < first OR day >= next OR period_start(next, grain, w, f) <> next
		OR period_start(next - 1, grain, w, f) <> first OR (next - first) NOT IN (28, 35, 42)
		OR extract(isodow FROM first) <> CASE w WHEN 'monday' THEN 1 WHEN 'thursday' THEN 4 ELSE 7 END) AS wrong
FROM (SELECT day, grain, w, f, period_start(day, grain, w, f) AS first, period_end(day, grain, w, f) AS next
	FROM days, unnest(ARRAY['4-4-5', '4-5-4', '5-4-4']) grain, unnest(ARRAY['monday', 'thursday', 'sunday']) w, (VALUES (1), (2), (10)) m (f)
	WHERE day BETWEEN '2015-01-01' AND '2030-12-31') s GROUP BY 1, 2 ORDER BY 1, 2;

-- far away
SELECT grain, period_start('0001-06-15', grain), period_end('0044-03-15 BC', grain), period_start('4713-12-31 BC', grain), period_end('200000-02-29', grain)
FROM unnest(ARRAY['week', 'quarter', 'year', '4-4-5']) grain;
SELECT period_end('5874897-12-31', 'day');
SELECT period_start('4713-11-24 BC', 'year');
SELECT period_start('2024-01-01', 'decade');
SELECT period_start('2024-01-01', 'week', 'someday');
SELECT period_start('2024-01-01', 'year', 'monday', 13);
SELECT period_start('infinity', 'year');

-- Zones: daylight saving at midnight and by half an hour, a day left out, odd
-- offsets, local mean time, and instants of three centuries.
CREATE UNLOGGED TABLE zones AS SELECT unnest(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Asia/Kolkata', 'Asia/Kathmandu',
	'Pacific/Apia', 'Pacific/Kiritimati', 'Pacific/Chatham', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Tehran', 'Europe/Dublin',
	'America/Santiago', 'Asia/Beirut', 'Etc/GMT+12', 'Antarctica/Troll']) AS zone;
CREATE UNLOGGED TABLE instants AS
SELECT timestamptz '1900-01-01' + (hashint8extended(n, 1) & 2147483647) * interval '3.3 s' AS at FROM generate_series(1, 5000) n
UNION ALL SELECT timestamptz '2011-12-20' + n * interval '29 min 59.999999 s' FROM generate_series(1, 1000) n
UNION ALL SELECT timestamptz '2018-01-01' + n * interval '3 h' - interval '1 us' FROM generate_series(1, 3000) n
UNION ALL SELECT timestamptz '2018-01-01' + n * interval '3 h' FROM generate_series(1, 3000) n;
SELECT count(*) AS lookups, count(*) FILTER (WHERE civil_date(at, zone) <> (at AT TIME ZONE zone)::date) AS wrong FROM instants, zones;
SELECT count(*) AS lookups, count(*) FILTER (WHERE day_start(day, zone) <> day::timestamp AT TIME ZONE zone) AS wrong
FROM days, zones WHERE day BETWEEN '2005-01-01' AND '2020-12-31';
SELECT civil_date('infinity', 'UTC'), civil_date('-infinity', 'Asia/Kolkata'), civil_date('294276-12-31 23:59:59.999999+00', 'UTC'),
	civil_date('4713-11-24 00:00:00+00 BC', 'UTC');
SELECT civil_date('2024-01-01 12:00+00', 'Mars/Olympus');

-- Periods of instants, looked up by index and by search, inside and beyond.
SELECT grain, sum(calendar_errors(grain, 'sunday', 4, zone, '2009-10-31 22:30+00', '2019-03-10 07:15+00', 3000)) AS errors
FROM zones, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year', '4-4-5', '4-5-4', '5-4-4']) grain GROUP BY 1 ORDER BY 1;
SELECT sum(calendar_errors('day', 'monday', 1, zone, '2011-12-29 00:00+00', '2012-01-02 00:00+00', 997)) AS errors FROM zones;
SELECT calendar_errors('day', 'monday', 1, 'UTC', '1800-01-01', '2024-01-01', 10);

DROP TABLE days, zones, instants;
