-- Exchange rates and periods converted by them.

SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';

-- Decimals of a currency ---------------------------------------------------

SELECT c AS currency, nudge.currency_minor_unit(c) AS decimals
FROM unnest(ARRAY['EUR', 'usd', 'JPY', 'Krw', 'KWD', 'TND', 'CLF', 'UYW', 'UYU', 'HRK']) WITH ORDINALITY t(c, n)
ORDER BY n;
SELECT nudge.currency_minor_unit(NULL) IS NULL AS unknown;
SELECT nudge.currency_minor_unit('XXX');
\echo :SQLSTATE
SELECT nudge.currency_minor_unit('EURO');
\echo :SQLSTATE
SELECT nudge.currency_minor_unit('E1R');
SELECT nudge.currency_minor_unit('');

-- Rates --------------------------------------------------------------------

CREATE TEMP TABLE fx (currency text, day date, rate numeric);
INSERT INTO fx VALUES
	('EUR', '2024-01-01', 1.10), ('EUR', '2024-01-31', 1.08), ('EUR', '2024-02-15', 1.07), ('EUR', '2024-02-29', 1.09),
	('EUR', '2024-03-28', 1.08), ('EUR', '2024-04-15', 1.06), ('gbp', '2024-01-31', 1.27);
SELECT array_agg(ROW(currency, day, rate)::nudge.exchange_rate ORDER BY md5(currency || day)) AS rates FROM fx \gset

-- the latest on or before the day, in any order of the array, any case
SELECT day, nudge.exchange_rate_at(:'rates', 'EUR', day) AS eur
FROM (VALUES (date '2024-01-01'), ('2024-01-30'), ('2024-01-31'), ('2024-02-14'), ('2024-02-15'), ('2024-12-31')) v(day);
SELECT nudge.exchange_rate_at(:'rates', 'eur', '2024-02-01') AS eur, nudge.exchange_rate_at(:'rates', 'GBP', '2024-02-01') AS gbp;
SELECT nudge.exchange_rate_at(:'rates', NULL, '2024-02-01') IS NULL AS no_currency, nudge.exchange_rate_at(:'rates', 'EUR', NULL) IS NULL AS no_day;

-- a missing rate is never guessed
SELECT nudge.exchange_rate_at(:'rates', 'EUR', '2023-12-31');
\echo :SQLSTATE
SELECT nudge.exchange_rate_at(:'rates', 'CHF', '2024-02-01');
SELECT nudge.exchange_rate_at('{}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at(NULL, 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at(:'rates', 'EUR', 'infinity');
\echo :SQLSTATE
SELECT nudge.exchange_rate_at(:'rates', 'EU', '2024-02-01');

-- bad rates; DateStyle does not change a message
SET datestyle = 'German';
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,1.1)","(EUR,2024-01-01,1.2)"}', 'EUR', '2024-02-01');
\echo :SQLSTATE
SET datestyle = 'ISO, MDY';
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,1.1)","(EUR,2024-01-01,1.10)","(EUR,2024-01-01,1.2)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,1.1)","(EUR,2024-01-01,1.2)","(EUR,2024-01-01,1.1)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,1.1)","(EUR,2024-01-01,1.10)"}', 'EUR', '2024-02-01') AS same_twice;
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,1.1)","(EUR,,1.2)"}', 'EUR', '2024-02-01');
\echo :SQLSTATE
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(,2024-01-01,1)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,1.1)",NULL}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(EURO,2024-01-01,1.1)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at(ARRAY[ROW(repeat('E', 200), '2024-01-01', 1)::nudge.exchange_rate], 'EUR', '2024-02-01') IS NULL;
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,0)"}', 'EUR', '2024-02-01');
\echo :SQLSTATE
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,-1.1)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,NaN)"}', 'EUR', '2024-02-01');
SELECT nudge.exchange_rate_at('{"(EUR,-infinity,1)"}', 'EUR', '2024-02-01');
\echo :SQLSTATE

-- very long and very short numbers
SELECT nudge.exchange_rate_at('{"(EUR,2024-01-01,0.00000000000000000000000000000012345)"}', 'EUR', '2024-02-01') AS small,
	nudge.exchange_rate_at(ARRAY[ROW('EUR', '2024-01-01', 3 ^ 2000::numeric)::nudge.exchange_rate], 'EUR', '2024-02-01') = 3 ^ 2000::numeric AS large;

-- Conversion ---------------------------------------------------------------

-- month_end: each month at the rate of its last day
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-01-10', '2024-03-10', 100, 'EUR', 'USD', :'rates');
-- a period inside one month, and one that ends with a month
SELECT * FROM nudge.convert_periods('2024-02-01', '2024-02-10', 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-01-10', '2024-02-01', 100, 'EUR', 'USD', :'rates');
-- as of a day: rates after it are not known; the open month has the newest
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', :'rates', as_of => '2024-02-20');
SELECT * FROM nudge.convert_periods('2024-01-10', '2024-06-01', 100, 'EUR', 'USD', :'rates', as_of => '2024-02-29');
-- a period that starts later than that, and an infinite end
SELECT * FROM nudge.convert_periods('2024-05-01', 'infinity', 100, 'EUR', 'USD', :'rates', as_of => '2024-02-20');
-- the other policies
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', :'rates', 'interval_start');
SELECT * FROM nudge.convert_periods('2024-02-20', '2024-03-10', 100, 'EUR', 'USD', :'rates', 'interval_start');
SELECT * FROM nudge.convert_periods('2024-05-01', NULL, 100, 'EUR', 'USD', :'rates', 'interval_start', '2024-02-20');
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', :'rates', 'fixed');
SELECT * FROM nudge.convert_periods('2024-01-10', '2024-02-01', 100, 'EUR', 'USD', :'rates', 'FIXED', '2024-03-15');
-- the base currency needs no rate
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 99.99, 'usd', 'USD', NULL);
-- a month in which the rate does not change makes no row: March is as January
SELECT * FROM nudge.convert_periods('2024-03-01', '2024-04-01', 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-01-01', NULL, 100, 'EUR', 'USD', '{"(EUR,2024-01-01,1.1)","(EUR,2024-02-10,1.10)","(EUR,2024-03-10,1.100)"}');
-- nothing and less than nothing
SELECT * FROM nudge.convert_periods('2024-03-01', '2024-04-01', 0, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-03-01', '2024-04-01', -5, 'EUR', 'USD', :'rates');

-- errors
SELECT * FROM nudge.convert_periods('2023-12-10', NULL, 100, 'EUR', 'USD', :'rates');
\echo :SQLSTATE
SELECT * FROM nudge.convert_periods('2023-12-10', NULL, 100, 'EUR', 'USD', :'rates', 'interval_start');
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'CHF', 'USD', :'rates', 'fixed');
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', NULL);
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', :'rates', as_of => '2023-12-31');
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', '{"(EUR,2024-01-01,1.1)","(EUR,2024-02-10,1.1)","(EUR,2024-02-10,1.2)"}');
SELECT * FROM nudge.convert_periods('2024-01-10', NULL, 100, 'EUR', 'USD', '{"(EUR,2024-01-01,1.1)","(EUR,2024-02-10,-1)"}');
SELECT * FROM nudge.convert_periods('2024-02-10', '2024-02-10', 100, 'EUR', 'USD', :'rates');
\echo :SQLSTATE
SELECT * FROM nudge.convert_periods('2024-02-10', '2024-02-09', 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods(NULL, '2024-02-10', 100, 'EUR', 'USD', :'rates');
\echo :SQLSTATE
SELECT * FROM nudge.convert_periods('-infinity', '2024-02-10', 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('infinity', NULL, 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', '-infinity', 100, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, NULL, 'EUR', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 'NaN', 'EUR', 'USD', :'rates');
\echo :SQLSTATE
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, NULL, 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, 'EUR', NULL, :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, 'EURO', 'USD', :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, 'EUR', '$', :'rates');
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, 'EUR', 'USD', :'rates', 'daily');
\echo :SQLSTATE
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, 'EUR', 'USD', :'rates', NULL);
SELECT * FROM nudge.convert_periods('2024-02-10', NULL, 100, 'EUR', 'USD', :'rates', as_of => 'infinity');
SELECT * FROM nudge.convert_periods('5874897-12-30', NULL, 100, 'EUR', 'USD', :'rates');
\echo :SQLSTATE

-- Against plain SQL --------------------------------------------------------

CREATE TEMP TABLE daily AS
SELECT c.currency, date '2022-01-01' + d AS day, 1 + (d * 379 + n * 1009) % 4096 / 10000.0 AS rate
FROM (VALUES ('EUR', 1), ('GBP', 2), ('JPY', 3)) c(currency, n), generate_series(0, 800) d
WHERE (d * 13 + d / 7 * n) % 8 = 0;
CREATE TEMP TABLE period AS
SELECT i AS customer, date '2022-01-01' + i * 199 % 512 AS valid_from,
	CASE WHEN i % 5 > 0 THEN date '2022-01-01' + i * 199 % 512 + 1 + i * 71 % 256 END AS valid_to,
	i * 3571 % 65536 / 100.0 AS amount, (ARRAY['EUR', 'GBP', 'JPY', 'USD'])[1 + i % 4] AS currency
FROM generate_series(1, 300) i;
CREATE TEMP TABLE converted AS
SELECT a.as_of, p.customer, p.currency, p.amount, p.valid_from AS was_from, p.valid_to AS was_to, c.*
FROM (VALUES (date '2023-02-14'), (NULL)) a(as_of), period p
	LEFT JOIN (SELECT currency, array_agg(ROW(currency, day, rate)::nudge.exchange_rate ORDER BY md5(day::text)) AS rates
			   FROM daily GROUP BY currency) r USING (currency)
	CROSS JOIN LATERAL nudge.convert_periods(p.valid_from, p.valid_to, p.amount, p.currency, 'USD', r.rates, as_of => a.as_of) c;

-- the parts of a period are its whole, without gap or overlap, and no more than needed
SELECT count(*) AS periods,
	count(*) FILTER (WHERE whole IS DISTINCT FROM datemultirange(daterange(was_from, was_to))) AS not_the_whole,
	count(*) FILTER (WHERE days <> coalesce(was_to, '2030-01-01') - was_from) AS overlapping
FROM (SELECT was_from, was_to, range_agg(daterange(valid_from, valid_to)) AS whole,
		sum(coalesce(valid_to, '2030-01-01') - valid_from) AS days
	  FROM converted GROUP BY as_of, customer, was_from, was_to) x;
SELECT count(*) AS rows, count(*) FILTER (WHERE rate = before) AS unneeded
FROM (SELECT rate, lag(rate) OVER (PARTITION BY as_of, customer ORDER BY valid_from) AS before FROM converted) x;

-- MRR at the close of each month is worth that month's closing rate
SELECT count(*) AS closings,
	count(*) FILTER (WHERE c.amount_base IS DISTINCT FROM c.amount * coalesce(e.rate, 1)) AS wrong
FROM converted c
	JOIN (SELECT (date '2022-01-01' + make_interval(months => m) - interval '1 day')::date AS closing FROM generate_series(1, 27) m) m
		ON m.closing >= c.valid_from AND (c.valid_to IS NULL OR m.closing < c.valid_to)
	LEFT JOIN LATERAL (SELECT d.rate FROM daily d
					   WHERE d.currency = c.currency AND d.day <= least(m.closing, c.as_of)
					   ORDER BY d.day DESC LIMIT 1) e ON c.currency <> 'USD';

-- the same from one array of all rates, in a custom and in a generic plan
SELECT array_agg(ROW(currency, day, rate)::nudge.exchange_rate) AS rates FROM daily \gset
PREPARE totals(nudge.exchange_rate[]) AS
SELECT count(*), round(sum(c.amount_base), 6) AS total
FROM period p, LATERAL nudge.convert_periods(p.valid_from, p.valid_to, p.amount, p.currency, 'USD', $1) c;
SELECT count(*), round(sum(amount_base), 6) AS total FROM converted WHERE as_of IS NULL;
EXECUTE totals(:'rates');
SET plan_cache_mode = force_generic_plan;
EXECUTE totals(:'rates');
RESET plan_cache_mode;
SELECT sum(nudge.exchange_rate_at(:'rates', currency, day)) = sum(rate) AS every_rate_found FROM daily;

-- rates that change between the rows of a query
SELECT f, nudge.exchange_rate_at(ARRAY[ROW('EUR', '2024-01-01', f)::nudge.exchange_rate], 'EUR', '2024-02-01') AS eur
FROM generate_series(1, 3) f;
