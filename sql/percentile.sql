-- Percentiles.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
SET extra_float_digits = 1;
\pset null '(null)'

-- Eight samples.  To a relative error of 0.1 four bits are kept (1/16 = 0.0625).  In millionths 93, 95 and 100 are between
-- 2^26 and 2^27, where buckets have the width 2^23: all three lie in the eleventh, 92.274688 to 100.663295.  The others
-- are alone in theirs: 11.534336, 13.631488, 18.874368, 33.554432 and 469.762048 begin them.
CREATE TEMP TABLE sample (endpoint text, ms numeric);
INSERT INTO sample VALUES ('a', 12), ('a', 93), ('a', 20), ('b', 480), ('b', 95), ('b', 14), ('b', 100), ('b', 35);
CREATE TEMP TABLE st AS SELECT percentile_agg(ms, 0.1) AS s, percentile_agg(ms, 0) AS exact FROM sample;
-- sum 849, mean 849 / 8 = 106.125; ranks 4, 8, 8 and 8: 35 is alone in its bucket, 480 is the highest
SELECT p.* FROM st, percentile_summary(s) p;
SELECT p.* FROM st, percentile_summary(exact) p;
SELECT low, high, samples, sum, round(share, 3) AS share, round(cumulative_share, 3) AS cumulative_share FROM st, percentile_histogram(s);
SELECT low, high, samples, sum FROM st, percentile_histogram(exact);

-- Ranks 5 to 7 are 93, 95, 100, with the mean 96.  The smallest is at most 96 (the mean), at least 92.274688: the mean is
-- within half a width of both.  The largest may be 100.663295: the estimate is 100.663295 - 8.388607 / 2 = 96.4689915.
SELECT fraction, value FROM st, percentiles(s, '{0.5,0.625,0.75,0.875}');
SELECT fraction, value FROM st, percentiles(exact, '{0,0.125,0.126,0.5,0.625,0.75,0.875,1}');
-- interpolated as percentile_cont does: 0.5 lies between ranks 4 and 5, 0.9 at 1 + 6.3
SELECT fraction, value FROM st, percentiles(exact, '{0,0.5,0.9,1}', 'cont');
SELECT percentile_cont('{0,0.5,0.9,1}'::float8[]) WITHIN GROUP (ORDER BY ms::float8) FROM sample;
SELECT percentile(s, 0.5), percentile(s, 0.5, 'CONT'), percentile(exact, 0.75) FROM st;

-- How many are at most 95?  6, but the bucket tells only that three have 11.175936 beyond 92.274688: none or two of them
-- may be up to 2.725312: three would leave too much for none.  At most 100: two or three, as only one can be above 7.725312.
SELECT t, w.* FROM st, unnest('{11.999999,12,50,92,95,100,100.663295,101,479.999999,480,1000}'::float8[]) t, share_within(s, t) w;
SELECT t, w.* FROM st, unnest('{11.999999,12,50,95,100,480}'::float8[]) t, share_within(exact, t) w;
SELECT percentile_rank(s, 95), percentile_rank(exact, 95), percentile_rank(exact, 94.9999994), percentile_rank(exact, 94.9999996), percentile_rank(exact, -1) FROM st;

-- Merging
SELECT combine(a, b) = s AS combined, combine(b, a) = s AS turned, combine(NULL, s) = s AS alone
FROM st, (SELECT percentile_agg(ms, 0.1) FILTER (WHERE endpoint = 'a') AS a, percentile_agg(ms, 0.1) FILTER (WHERE endpoint = 'b') AS b FROM sample) p;
SELECT rollup(p.s) = st.s FROM st, (SELECT percentile_agg(ms, 0.1) AS s FROM sample GROUP BY endpoint) p GROUP BY st.s;
SELECT s = s::text::percentile_state FROM st;
SELECT percentile_count_agg(ms, n, 0.1) = (SELECT percentile_agg(ms, 0.1) FROM sample, generate_series(1, ms::integer)) FROM (SELECT ms, ms::bigint AS n FROM sample) x;

-- NULL is no sample, and neither is a count of 0
SELECT percentile_agg(NULL, 0.01) IS NULL, percentile_count_agg(1, 0, 0.01) IS NULL, percentile_count_agg(NULL, NULL, 0.01) IS NULL;
SELECT percentile_agg(v, 0.01) IS NULL FROM (VALUES (1::float8)) t(v) WHERE false;
SELECT samples, sum, lowest FROM (SELECT percentile_agg(v, 0.01) AS s FROM (VALUES (NULL), (2), (NULL)) t(v)) x, percentile_summary(s);
SELECT samples, sum, highest FROM (SELECT percentile_count_agg(v, n, 0.01) AS s FROM (VALUES (NULL, 5), (2, 3), (9, 0)) t(v, n)) x, percentile_summary(s);
SELECT percentile(NULL, 0.5), percentile_rank(NULL, 1), percentile_summary(NULL), share_within(NULL, 1);
SELECT count(*) FROM percentiles(NULL, '{0.5}');
SELECT count(*) FROM percentile_histogram(NULL);
SELECT count(*) FROM st, percentiles(s, '{}');
SELECT percentile(s, NULL), percentile_rank(s, NULL) FROM st;

-- Zero, both signs, millionths, ties of rounding to even
SELECT h.low, h.high, h.samples, h.sum FROM (SELECT percentile_agg(v, 0.1) AS s FROM unnest('{-1000,-1.5,-1.49,-1.48,-0.000001,0,-0.0,0.0000004,0.00001,1e6}'::float8[]) v) x, percentile_histogram(s) h;
SELECT p.* FROM (SELECT percentile_agg(v, 0.1) AS s FROM unnest('{-1000,-1.5,-1.49,-1.48,-0.000001,0,-0.0,0.0000004,0.00001,1e6}'::float8[]) v) x, percentile_summary(s) p;
-- Below 0: -1.572863 to -1.441792 is a bucket, which has 0.144624 beyond three times -1.441792.  -1.5 is the largest of
-- its magnitudes: it may be 1.572863, and is put at that less half of 0.131071.  Up to -1.49 are -1000, -1.5 and -1.49:
-- of the bucket one has to be above, and at most two can be, so that these are 2 to 4.
SELECT fraction, value FROM (SELECT percentile_agg(v, 0.1) AS s FROM unnest('{-1000,-1.5,-1.49,-1.48,5}'::float8[]) v) x, percentiles(s, '{0.2,0.4,0.6,0.8,1}');
SELECT t, w.samples_within_low AS low, w.samples_within_high AS high FROM (SELECT percentile_agg(v, 0.1) AS s FROM unnest('{-1000,-1.5,-1.49,-1.48,5}'::float8[]) v) x,
	unnest('{-1000.1,-1000,-1.6,-1.5,-1.49,-1.48,-1.441793,-1.441792,-1,5}'::float8[]) t, share_within(s, t) w;
SELECT lowest, highest, p50 FROM (SELECT percentile_agg(v, 0) AS s FROM unnest('{0.0000005,0.0000015,-0.0000025}'::float8[]) v) x, percentile_summary(s);
-- all the same: exact, however coarse
SELECT p.* FROM (SELECT percentile_agg(100.1, 0.1) AS s FROM generate_series(1, 1000)) x, percentile_summary(s) p;
-- the far ends
SELECT p.samples, p.sum, p.lowest, p.highest, p.p50 FROM (SELECT percentile_agg(v, 0) AS s FROM unnest('{-9223372036853.9,9223372036853.9,1}'::float8[]) v) x, percentile_summary(s) p;
SELECT p.samples, p.sum, p.lowest FROM (SELECT percentile_count_agg(1, 9223372036854775807, 0) AS s) x, percentile_summary(s) p;
-- the error of a state is the power of two that is not above the one asked for
SELECT e, p.relative_error FROM (SELECT e, percentile_agg(1, e) AS s FROM unnest('{0,0.1,0.0626,0.0625,0.06249,0.01,0.0078125,0.005,0.001,0.000001}'::float8[]) e GROUP BY e) x, percentile_summary(s) p ORDER BY e;
SELECT percentile_agg(v, 0.008) = percentile_agg(v, 0.01) FROM (VALUES (1), (2)) t(v);
-- many buckets, which wait for their places
SELECT p.samples, p.sum, p.p50, p.p99 FROM (SELECT percentile_agg(g, 0) AS s FROM generate_series(1, 20000) g) x, percentile_summary(s) p;
SELECT rollup(s) = (SELECT percentile_agg(g, 0) FROM generate_series(20000, 1, -1) g) FROM (SELECT percentile_agg(g, 0) AS s FROM generate_series(1, 20000) g GROUP BY g % 3) x;
-- numeric is read as it is, to the millionth, half away from 0; other types by their casts
SELECT p.lowest, p.highest, p.sum FROM (SELECT percentile_agg(v, 0) AS s FROM unnest('{9223372036854.775807,-9223372036854.775807,0.0000005,-0.0000015}'::numeric[]) v) x, percentile_summary(s) p;
SELECT percentile_agg(1::integer, 0) = percentile_agg(1::numeric, 0), percentile_agg(1::real, 0) = percentile_agg(1::bigint, 0.0);
SELECT s < combine(s, s), s <> combine(s, s) FROM st;

-- Errors
\set VERBOSITY default
SELECT percentile_agg('NaN', 0.01);
SELECT percentile_agg('infinity', 0.01);
SELECT percentile_agg(-9223372036855, 0.01);
SELECT percentile_agg(9223372036854::float8, 0.01);
SELECT percentile_agg('NaN'::numeric, 0.01);
SELECT percentile_agg('-Infinity'::numeric, 0.01);
SELECT percentile_agg(1, NULL);
SELECT percentile_agg(1, 0.2);
SELECT percentile_agg(1, -0.01);
SELECT percentile_agg(1, 'NaN');
SELECT percentile_agg(NULL, 0.0000001);
SELECT percentile_agg(v, e) FROM (VALUES (1, 0.1), (1, 0.01)) t(v, e);
SELECT percentile_agg(v, e) FROM (VALUES (1, 0.1), (NULL, 0)) t(v, e);
SELECT combine(percentile_agg(1, 0.1), percentile_agg(1, 0)) FROM sample;
SELECT percentile_count_agg(1, -1, 0.1);
SELECT percentile_count_agg(1, NULL, 0.1);
SELECT percentile_count_agg(1000.1, 9223372036854775807, 0.1);
SELECT percentile_count_agg(v, 9223372036854775807, 0.1) FROM (VALUES (0.000001), (0.000001)) t(v);
SELECT percentile_agg(9e12, 0.1) IS NULL FROM generate_series(1, 1000);
SELECT percentile_summary(percentile_count_agg(v, 9223372036854775807, 0.1)) FROM (VALUES (0.000001), (0.000002)) t(v);
SELECT percentile(s, 1.01) FROM st;
SELECT percentile(s, 'NaN') FROM st;
SELECT percentile(s, 0.5, 'mean') FROM st;
SELECT percentiles(s, '{0.5,NULL}') FROM st;
SELECT percentiles(s, '{{0.5},{0.6}}') FROM st;
SELECT percentile_rank(s, 'infinity') FROM st;
SELECT share_within(s, 1e13) FROM st;

-- States that no aggregate makes.  The wire form has a header of 20 bytes, then 24 for each record: 12 and 14 in two
-- buckets are the records of the bounds, of 11.534336 and of 13.631488.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.broken(s percentile_state, at integer, piece bytea) RETURNS percentile_state LANGUAGE sql
	RETURN rtrim(translate(encode(overlay(percentile_state_send(s) PLACING piece FROM at + 1), 'base64'), E'\n', ''), '=')::percentile_state;
CREATE FUNCTION pg_temp.complaint(s percentile_state, at integer, piece bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	PERFORM pg_temp.broken(s, at, piece);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	RETURN said;
END
$$;
SELECT length(percentile_state_send(s)), encode(percentile_state_send(s), 'hex') FROM (SELECT percentile_agg(v, 0.1) AS s FROM (VALUES (12), (14)) t(v)) x;
SELECT place, what, pg_temp.complaint(s, place, piece) FROM (SELECT percentile_agg(v, 0.1) AS s FROM (VALUES (12), (14)) t(v)) x,
	(VALUES (1, 20, 'the bounds are no bounds', int8send(1)), (2, 28, 'a lowest in another bucket', int8send(11534335)), (3, 28, 'a lowest in the next bucket', int8send(13631488)), (4, 28, 'another lowest in its bucket', int8send(12000001)),
		(5, 36, 'a highest in another bucket', int8send(14680064)), (6, 36, 'another highest in its bucket', int8send(14680063)), (7, 44, 'a key with bits that are masked off', int8send(11534337)),
		(8, 52, 'no samples', int8send(0)), (9, 52, 'more samples than the rest allows', int8send(2)), (10, 60, 'a negative rest', int8send(-1)), (11, 60, 'too small a rest', int8send(465663)),
		(12, 60, 'too large a rest', int8send(465665)), (13, 68, 'two of a key', int8send(11534336)), (14, 28, 'what it was', int8send(12000000)),
		(15, 68, 'a second record of bounds', int8send(-9223372036854775808))) c(n, place, what, piece) ORDER BY n;
-- the same for one value, for many in one bucket, below 0, and exact
SELECT n, pg_temp.complaint(s, place, piece) FROM (VALUES
	(1, (SELECT percentile_agg(12, 0.1)), 52, int8send(2)), (2, (SELECT percentile_agg(12, 0.1)), 60, int8send(465665)),
	(3, (SELECT percentile_agg(v, 0.1) FROM (VALUES (12), (12.5), (12.1)) t(v)), 52, int8send(1)), (4, (SELECT percentile_agg(v, 0.1) FROM (VALUES (12), (12.5), (12.1)) t(v)), 60, int8send(465664 * 2 + 965663)),
	(5, (SELECT percentile_agg(v, 0.1) FROM (VALUES (12), (12.5), (12.1)) t(v)), 60, int8send(465664 * 2 + 965664)), (6, (SELECT percentile_agg(v, 0.1) FROM (VALUES (12), (12.5), (12.1)) t(v)), 60, int8send(465664 + 965664 * 2)),
	(7, (SELECT percentile_agg(v, 0.1) FROM (VALUES (12), (12.5), (12.1)) t(v)), 60, int8send(465664 + 965664 * 2 + 1)),
	(8, (SELECT percentile_agg(v, 0.1) FROM (VALUES (-12), (-12.5), (-12.1)) t(v)), 60, int8send(465664 + 965664 * 2 + 1)), (9, (SELECT percentile_agg(v, 0.1) FROM (VALUES (-12), (-12.5), (-12.1)) t(v)), 60, int8send(465664 + 965664 * 2)),
	(10, (SELECT percentile_agg(12, 0)), 60, int8send(1)), (11, (SELECT percentile_agg(12, 0)), 28, int8send(11999999)), (12, (SELECT percentile_agg(12, 0)), 28, int8send(-9223372036854775808)),
	(13, (SELECT percentile_count_agg(12, 5, 0)), 52, int8send(9))) c(n, s, place, piece) ORDER BY n;
-- the param: 3 and 21 bits are none
SELECT n, pg_temp.complaint(s, place, piece) FROM (SELECT percentile_agg(0.000001, 0.1) AS s) x, (VALUES (1, 8, int4send(3)), (2, 8, int4send(21)), (3, 8, int4send(20)), (4, 8, int4send(0))) c(n, place, piece) ORDER BY n;
