-- Journeys: the state, the rules of paths, the path report.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET search_path = nudge, public;
\pset null '(null)'

-- A state from 'customer:day channel, day channel, day $revenue': a row each, in days of May.
CREATE FUNCTION pg_temp.journeys(VARIADIC journeys text[]) RETURNS journey_state LANGUAGE sql STABLE AS $$
	SELECT nudge.journey_agg(split_part(j, ':', 1), timestamptz '2024-05-01 00:00Z' + split_part(r, ' ', 1)::numeric * interval '1 day',
		CASE WHEN split_part(r, ' ', 2) NOT LIKE '$%' THEN split_part(r, ' ', 2) END,
		substring(r FROM '\$([0-9.]+)')::numeric)
	FROM unnest(journeys) j, string_to_table(substring(j FROM ':(.*)'), ', ') r $$;
-- The path of each conversion, '' for none.
CREATE FUNCTION pg_temp.paths(state journey_state, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT customer || conversion || '': '' || coalesce(string_agg(channel, '' '' ORDER BY touch), ''-'')
		FROM nudge.attribution_credits($1, ''linear'' %s) GROUP BY customer, conversion ORDER BY 1', options) USING state;
END $$;

-- Rows are in order of customer, time, tie break and channel, whatever came first.
SELECT r.* FROM journey_rows((SELECT journey_ranked_agg(c, at, channel, revenue, tie) FROM (VALUES
	('b', timestamptz '2024-05-02 00:00Z', 'x', NULL, 0), ('b', '2024-05-01 00:00Z', 'z', 7.005, 0), ('a', '2024-05-05 00:00Z', 'n', NULL, 2),
	('a', '2024-05-05 00:00Z', 'm', NULL, 3), ('a', '2024-05-05 00:00Z', 'p', NULL, 2), ('a', '2024-05-05 00:00Z', NULL, 0, 9)) v(c, at, channel, revenue, tie))) r;
-- keys, times and their kinds
SELECT r.* FROM journey_rows((SELECT journey_agg(c, d, 'x', NULL) FROM (VALUES (-1::bigint, date '1969-12-31'), (3, '2024-02-29')) v(c, d))) r;
SELECT r.* FROM journey_rows((SELECT journey_agg(c, d, 'x', 1.5) FROM (VALUES (uuid '00000000-0000-0000-0000-000000000001', timestamp '2024-02-29 12:00:00.000001')) v(c, d))) r;
SET timezone = 'America/New_York';
SELECT journey_agg(1::bigint, timestamp '2024-01-01 12:00', 'x', 1) = journey_agg(1::bigint, timestamptz '2024-01-01 12:00+00', 'x', 1) AS same,
	journey_agg(1::bigint, date '2024-01-01', 'x', 1) = journey_agg(1::bigint, timestamptz '2024-01-01 00:00+00', 'x', 1) AS same_day;
SET timezone = 'UTC';
SELECT journey_agg('c'::text, date '2024-01-01', 'x', 1) = journey_ranked_agg('c'::text, date '2024-01-01', 'x', 1, 0) AS same;
SELECT journey_currency(journey_currency_agg('c'::text, date '2024-01-01', 'x', 1, 'eur')), journey_currency(journey_agg('c'::text, date '2024-01-01', 'x', 1));
-- any order of rows and any split give the same state
WITH r AS (SELECT (i * 37 % 11)::bigint AS c, date '2024-05-01' + i * 7919 % 101 AS at, CASE WHEN i % 4 > 0 THEN 'ch' || i % 5 END AS channel,
		CASE WHEN i % 4 = 0 OR i % 9 = 0 THEN i / 8.0 END AS revenue FROM generate_series(1, 300) i)
SELECT (SELECT journey_agg(c, at, channel, revenue ORDER BY at) FROM r) = (SELECT journey_agg(c, at, channel, revenue ORDER BY channel DESC, c) FROM r) AS order_free,
	(SELECT journey_agg(c, at, channel, revenue) FROM r) = (SELECT rollup(s) FROM (SELECT journey_agg(c, at, channel, revenue) AS s FROM r GROUP BY c % 3, channel) p) AS merged,
	(SELECT journey_agg(c, at, channel, revenue) FROM r) = (SELECT combine((SELECT journey_agg(c, at, channel, revenue) FROM r WHERE c < 5), (SELECT journey_agg(c, at, channel, revenue) FROM r WHERE c >= 5))) AS combined,
	(SELECT journey_agg(c, at, channel, revenue)::text::journey_state FROM r) = (SELECT journey_agg(c, at, channel, revenue) FROM r) AS text_form;
-- no rows, no state; no state, no rows
SELECT journey_agg(1::bigint, now(), 'x', 1) FILTER (WHERE false) IS NULL AS nothing;
SELECT count(*) FROM journey_rows(NULL);
SELECT count(*) FROM conversion_paths(NULL);
SELECT count(*) FROM attribution_credits(NULL, 'linear');

-- Which touches count --------------------------------------------------------

-- The lookback is half-open and exact; a touch after the conversion never counts, one at its instant does.
SELECT pg_temp.paths(pg_temp.journeys('a:0 old, 0.001 kept, 30 same, 30 $10, 30.0001 late'));
SELECT pg_temp.paths(pg_temp.journeys('a:0 old, 0.001 kept, 30 same, 30 $10, 30.0001 late'), ', lookback => NULL');
SELECT pg_temp.paths(pg_temp.journeys('a:0 old, 0.001 kept, 30 same, 30 $10, 30.0001 late'), ', lookback => ''0''');
SELECT pg_temp.paths(pg_temp.journeys('a:0 old, 0.001 kept, 30 same, 30 $10, 30.0001 late'), ', at_conversion => false');
-- a converting touch
SELECT c.channel, c.revenue, c.credit FROM attribution_credits((SELECT journey_agg(1::bigint, date '2024-05-01', 'shop', 10)), 'linear') c;
SELECT c.channel, c.revenue, c.credit FROM attribution_credits((SELECT journey_agg(1::bigint, date '2024-05-01', 'shop', 10)), 'linear', at_conversion => false) c;
-- several conversions: touches are used again, or not; conversions at one instant share them
CREATE TEMP TABLE twice AS SELECT pg_temp.journeys('a:1 x, 2 y, 3 $1, 4 z, 5 $2, 5 $3, 6 x', 'b:1 $4, 2 x, 3 $5', 'c:9 y') AS s;
SELECT pg_temp.paths(s) FROM twice;
SELECT pg_temp.paths(s, ', touch_reuse => ''since_last_conversion''') FROM twice;
SELECT pg_temp.paths(s, ', counting => ''first''') FROM twice;
SELECT pg_temp.paths(s, ', counting => ''last'', touch_reuse => ''since_last_conversion''') FROM twice;
-- without touches at the conversion they are left for the next
SELECT pg_temp.paths(pg_temp.journeys('a:1 x, 2 y, 2 $1, 3 $2'), ', touch_reuse => ''since_last_conversion'', at_conversion => false');
-- the window of conversions is half-open and in a zone
SELECT w.start_day, w.end_day, w.zone, array_agg(p ORDER BY p) FROM (VALUES (date '2024-05-04', date '2024-05-06', 'UTC'), ('2024-05-03', '2024-05-04', 'UTC'), ('2024-05-04', NULL, 'UTC'),
	(NULL, '2024-05-04', 'UTC'), ('2024-05-03', '2024-05-04', 'America/New_York'), ('2024-05-07', '2024-05-07', 'UTC')) w(start_day, end_day, zone),
	twice, pg_temp.paths(s, format(', start_day => %L, end_day => %L, zone => %L', w.start_day, w.end_day, w.zone)) p GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- the first conversion of a customer is the first ever
SELECT pg_temp.paths(s, ', counting => ''first'', start_day => ''2024-05-05''') FROM twice;

-- Published transformations of paths (Snowplow), a a a direct a direct direct and direct direct
CREATE TEMP TABLE snowplow AS SELECT pg_temp.journeys('p:1 a, 2 a, 3 a, 4 direct, 5 a, 6 direct, 7 direct, 8 $1', 'q:1 direct, 2 direct, 3 $1') AS s;
SELECT o AS options, array_agg(p ORDER BY p) AS paths FROM snowplow, unnest('{", last_touches => 1", ", last_touches => 2", ", collapse => ''consecutive''", ", collapse => ''distinct''",
	", direct => ''remove_unless_alone''", ", direct => ''remove_trailing''", ", first_touches => 2", ", first_touches => 1, last_touches => 1", ", first_touches => 9",
	", direct => ''remove_unless_alone'', direct_channel => ''a''", ", direct => ''remove_trailing'', direct_channel => NULL", ", exclude_channels => ''{direct}''", ", exclude_channels => ''{a,nothing}''",
	", direct => ''remove_unless_alone'', collapse => ''consecutive''", ", collapse => ''consecutive'', first_touches => 1, last_touches => 2"}'::text[]) WITH ORDINALITY x(o, n),
	LATERAL pg_temp.paths(s, o) p GROUP BY n, o ORDER BY n;

-- Paths that convert ------------------------------------------------------------

CREATE TEMP TABLE several AS SELECT pg_temp.journeys('a:1 x, 2 y, 3 $10', 'b:1 x, 2 y, 4 $20.50', 'c:1 x, 2 y', 'd:5 y, 5.5 $1', 'e:7 $2', 'f:9 z', 'g:1 y, 2 x, 3 $31', 'h:1 x, 2 y, 9 $0', 'i:1 x > y, 2 $1') AS s;
SELECT p.* FROM several, conversion_paths(s) p;
SELECT p.path, p.conversions FROM several, conversion_paths(s, top => 2) p;
SELECT p.path, p.conversions, p.unconverted FROM several, conversion_paths(s, top => NULL, collapse => 'distinct', first_touches => 1) p;
-- a window without conversions, and one of revenue 0
SELECT p.* FROM several, conversion_paths(s, start_day => '2025-01-01') p;
SELECT p.path, p.share, p.revenue FROM several, conversion_paths(s, start_day => '2024-05-09') p;
-- what a customer did after the last conversion, and touches that are too old
SELECT p.* FROM conversion_paths(pg_temp.journeys('a:1 x, 2 $1, 3 x', 'b:1 x, 50 x', 'c:1 x, 40 $1'), top => NULL) p;
SELECT p.path, p.unconverted FROM conversion_paths(pg_temp.journeys('a:1 x, 2 $1, 3 x', 'b:1 x, 50 x', 'c:1 x, 40 $1'), counting => 'first') p;

-- a touch at the last conversion is not behind it, on its path or not
SELECT p.path, p.conversions, p.unconverted FROM conversion_paths(pg_temp.journeys('a:1 x, 2 y, 2 $1'), at_conversion => false) p;
-- Large: one customer with many touches and conversions, many customers with few
SELECT p.touches, p.conversions, p.revenue FROM (SELECT journey_agg('c'::text, timestamptz '2024-05-01 00:00Z' + i * interval '1 second', 'ch' || i % 3, CASE WHEN i % 50000 = 0 THEN 1 END) AS s FROM generate_series(1, 100000) i) x,
	conversion_paths(s) p;
SELECT count(*), sum(conversions), sum(revenue) FROM (SELECT journey_agg(i % 30011::bigint, timestamptz '2024-05-01 00:00Z' + i * interval '1 second', 'ch' || i % 2000, CASE WHEN i % 7 = 0 THEN 1 END) AS s FROM generate_series(1, 100000) i) x,
	conversion_paths(s, top => NULL) p;

-- Errors ---------------------------------------------------------------------

SELECT journey_agg(NULL::bigint, now(), 'x', 1);
SELECT journey_agg(1::bigint, NULL::timestamptz, 'x', 1);
SELECT journey_agg(1::bigint, now(), NULL, NULL);
SELECT journey_agg(1::bigint, now(), '', 1);
SELECT journey_agg(1::bigint, now(), 'x', -0.01);
SELECT journey_agg(1::bigint, now(), 'x', -0.000001);
SELECT journey_agg(1::bigint, now(), 'x', 'NaN');
SELECT journey_agg(1::bigint, now(), 'x', 1e13);
SELECT journey_ranked_agg(1::bigint, now(), 'x', 1, NULL);
SELECT journey_currency_agg(1::bigint, now(), 'x', 1, NULL);
SELECT journey_currency_agg(1::bigint, now(), 'x', 1, 'euro');
SELECT journey_currency_agg(i, now(), 'x', 1, (ARRAY['EUR', 'USD'])[i]) FROM generate_series(1, 2) i;
SELECT combine(journey_currency_agg(1::bigint, now(), 'x', 1, 'EUR'), journey_agg(1::bigint, now(), 'x', 1));
SELECT journey_agg(1::bigint, timestamptz 'infinity', 'x', 1);
SELECT journey_agg(1::bigint, date '-infinity', 'x', 1);
SELECT journey_trans(NULL, 1::bigint, now(), 'x', 1);
SELECT combine(journey_agg(1::bigint, now(), 'x', 1), journey_agg('1'::text, now(), 'x', 1));
SELECT count(*) FROM twice, conversion_paths(s, top => 0) p;
SELECT count(*) FROM twice, conversion_paths(s, lookback => '1 month') p;
SELECT count(*) FROM twice, conversion_paths(s, lookback => '-1 day') p;
SELECT count(*) FROM twice, conversion_paths(s, zone => 'Mars') p;
SELECT count(*) FROM twice, conversion_paths(s, start_day => 'infinity') p;
SELECT count(*) FROM twice, conversion_paths(s, collapse => 'some') p;
SELECT count(*) FROM twice, conversion_paths(s, touch_reuse => 'none') p;
SELECT count(*) FROM twice, conversion_paths(s, counting => 'second') p;
SELECT count(*) FROM twice, conversion_paths(s, direct => 'ignore') p;
SELECT count(*) FROM twice, conversion_paths(s, exclude_channels => '{x,NULL}') p;
SELECT count(*) FROM twice, conversion_paths(s, exclude_channels => '{{x},{y}}') p;
SELECT count(*) FROM twice, conversion_paths(s, first_touches => 0) p;
SELECT count(*) FROM twice, conversion_paths(s, last_touches => -1) p;
SELECT count(*) FROM twice, conversion_paths(s, minor_unit => 7) p;
SET nudge.max_state_size = 1;
SELECT count(*) FROM (SELECT journey_agg(1::bigint, timestamptz '2024-05-01 00:00Z' + g * interval '1 minute', 'c' || (hashint4(g) & 31), 1) AS s FROM generate_series(1, 1000) g) x, conversion_paths(s, lookback => '500 minutes') p;
RESET nudge.max_state_size;
