-- Money: the fast reader of numerics against the public functions.
\set VERBOSITY terse

-- Numerics of every length and scale, of either sign, with and without
-- trailing zeros, in short and long header form, as computed and as stored.
CREATE UNLOGGED TABLE amounts AS
SELECT n, digits, scale, CASE n % 3
		WHEN 0 THEN trim_scale(amount)
		WHEN 1 THEN amount
		ELSE round(amount, least(scale + (hashint8extended(n, 4) & 255)::integer, 1000)) END AS amount
FROM (SELECT n, digits, scale, CASE WHEN hashint8extended(n, 3) & 1 = 0 THEN 1 ELSE -1 END
		* (hashint8extended(n, 1)::numeric + 9223372036854775808) % (10::numeric ^ digits)
		* ('1e-' || scale)::numeric AS amount
	FROM (SELECT n, n % 21 AS digits, ((hashint8extended(n, 2) & 65535) % 45)::integer AS scale FROM generate_series(1, 200000) n) s) t;

SELECT count(*) AS amounts, count(DISTINCT scale(amount)) > 200 AS many_scales,
	min(abs(amount)) < 1e-40 AS tiny, max(abs(amount)) > 9e12 AS large,
	count(*) FILTER (WHERE money_read(amount) <> round(amount, 6) * 1000000) AS wrong_stored,
	count(*) FILTER (WHERE money_read(amount + 0) <> round(amount, 6) * 1000000) AS wrong_computed
FROM amounts WHERE abs(round(amount, 6)) <= 9223372036854.775807 AND amount <> 0;

-- digits on each side of every place where the reader splits a number
SELECT count(*) AS amounts, count(*) FILTER (WHERE money_read(amount) <> round(amount, 6) * 1000000) AS wrong
FROM (SELECT sign * (whole + ('0.' || repeat('0', zeros) || tail)::numeric) AS amount
	FROM (VALUES (0), (1), (9999), (10000), (99999999), (100000000), (999999999999), (9223372036853)) w (whole),
		generate_series(0, 12) zeros, (VALUES ('1'), ('4'), ('49'), ('4999999999'), ('5'), ('50'), ('5000000001'), ('9'), ('99999999999')) t (tail),
		(VALUES (1), (-1)) s (sign)) a;

SELECT amount, money_read(amount::numeric) FROM (VALUES ('0'), ('-0.0'), ('0.0000005'), ('-0.0000005'), ('0.00000049999'),
	('166.666666666666666667'), ('9223372036854.775807'), ('-9223372036854.775807'), ('9223372036854.77580749'), ('1e-1000')) v (amount);
SELECT money_read(9223372036854.7758075);
SELECT money_read(-9223372036854.775808);
SELECT money_read(1e13);
SELECT money_read(1e16);
SELECT money_read('1e131071');
SELECT money_read('NaN');
SELECT money_read('Infinity');
SELECT money_read('-Infinity');

-- a numeric long enough to be compressed or moved out of line
CREATE TEMP TABLE long_amounts (amount numeric);
ALTER TABLE long_amounts ALTER amount SET STORAGE extended;
INSERT INTO long_amounts SELECT ('12.345678' || repeat('9', 12000))::numeric UNION ALL SELECT ('-0.1' || repeat('0', 16000) || '1')::numeric;
SELECT money_read(amount) FROM long_amounts;

-- Writing: two decimals, or six where they are needed; sums beyond bigint.
SELECT money_write(m, 1) FROM (VALUES (0), (1), (-1), (10000), (-10000), (9999), (1234567890000), (1234567890001),
	(9223372036854775807), (-9223372036854775807)) v (m);
SELECT money_write(9223372036854775807, 10000), money_write(-9223372036854775807, 10000), money_write(9223372036854775807, 9223372036854775807),
	money_write(9223372036854775807, 20000);
SELECT count(*) AS pairs, count(*) FILTER (WHERE money_write(a, b) <> a::numeric * b * 0.000001) AS wrong,
	count(*) FILTER (WHERE scale(money_write(a, b)) <> CASE WHEN (a::numeric * b) % 10000 = 0 THEN 2 ELSE 6 END) AS wrong_scale
FROM (SELECT hashint8extended(n, 1) >> (n % 64) AS a, (hashint8extended(n, 2) >> (n % 61)) * CASE n % 2 WHEN 0 THEN 1 ELSE 0 END
	+ CASE n % 2 WHEN 0 THEN 0 ELSE 10000 END AS b FROM generate_series(1, 20000) n) p;
SELECT money_write(money_read(amount), 1) = round(amount, 6) AS round_trip, count(*) FROM amounts
WHERE abs(round(amount, 6)) <= 9223372036854.775807 GROUP BY 1;

SELECT money_ratio(1, 3), money_ratio(-2000000, 3000000), money_ratio(0, 5), money_ratio(5, 0) IS NULL AS undefined;
DROP TABLE amounts;
