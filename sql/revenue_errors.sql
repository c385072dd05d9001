-- Bad input of the revenue family: each with SQLSTATE, message, detail, hint.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.refused(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN NEXT 'ACCEPTED: ' || query;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT state || ': ' || message;
	IF detail <> '' THEN
		RETURN NEXT '  detail: ' || detail;
	END IF;
	IF hint <> '' THEN
		RETURN NEXT '  hint: ' || hint;
	END IF;
END
$$;
-- The same for an mrr_agg over the rows of a VALUES list
CREATE FUNCTION pg_temp.refused_rows(rows text) RETURNS SETOF text LANGUAGE sql
	AS $$ SELECT * FROM pg_temp.refused('SELECT nudge.mrr_agg(k, f, t, a) FROM (VALUES ' || rows || ') v(k, f, t, a)') $$;

--
-- Rows
--
\echo reversed interval
SELECT pg_temp.refused_rows($$ (1, date '2024-02-01', date '2024-01-01', 10) $$);
SELECT pg_temp.refused_rows($$ (1, timestamptz '2024-02-01 00:00', timestamptz '2024-01-31 23:59:59.999999', 10) $$);
SELECT pg_temp.refused_rows($$ (1, timestamp '2024-02-01 00:00', timestamp '2024-01-31 23:59:59.999999', 10) $$);
\echo empty interval
SELECT pg_temp.refused_rows($$ ('a', date '2024-02-01', date '2024-02-01', 10) $$);
SELECT pg_temp.refused_rows($$ ('a', timestamptz '2024-02-01', timestamptz '2024-02-01', 10) $$);
\echo infinite start, end before all time
SELECT pg_temp.refused_rows($$ (1, date '-infinity', date '2024-01-01', 10) $$);
SELECT pg_temp.refused_rows($$ (1, date 'infinity', NULL::date, 10) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', date '-infinity', 10) $$);
SELECT pg_temp.refused_rows($$ (1, timestamptz '-infinity', NULL::timestamptz, 10) $$);
SELECT pg_temp.refused_rows($$ (1, timestamptz 'infinity', NULL::timestamptz, 10) $$);
SELECT pg_temp.refused_rows($$ (1, timestamp '2024-01-01', timestamp '-infinity', 10) $$);
\echo NULL key, start, amount
SELECT pg_temp.refused_rows($$ (NULL::bigint, date '2024-01-01', NULL::date, 10) $$);
SELECT pg_temp.refused_rows($$ (NULL::text, date '2024-01-01', NULL::date, 10) $$);
SELECT pg_temp.refused_rows($$ (NULL::uuid, date '2024-01-01', NULL::date, 10) $$);
SELECT pg_temp.refused_rows($$ (1, NULL::date, NULL::date, 10) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, NULL::numeric) $$);
\echo amounts: NaN, infinity, negative, out of range
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, 'NaN'::numeric) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, 'Infinity'::numeric) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, '-Infinity'::numeric) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, -0.01) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, 9223372036854.775808) $$);
SELECT pg_temp.refused_rows($$ (1, date '2024-01-01', NULL::date, 1e30) $$);
\echo a customer whose periods add up to more than an amount can be
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(1, date '2024-01-01', NULL::date, 9000000000000) FROM generate_series(1, 2))) $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at((SELECT nudge.mrr_agg(1, date '2024-01-01', NULL::date, 9000000000000) FROM generate_series(1, 2)), date '2024-01-01') $$);
\echo the row at fault is not the first of its group
SELECT pg_temp.refused($$ SELECT g % 2, nudge.mrr_agg(g, date '2024-01-01', date '2024-01-01' + g % 99, 10) FROM generate_series(1, 1000) g GROUP BY 1 $$);

--
-- Currency
--
\echo mixed currencies
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, c) FROM (VALUES ('USD'), ('EUR')) v(c) $$);
\echo NULL, malformed
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, NULL) $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, c) FROM (VALUES ('USD'), (NULL)) v(c) $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, '') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, 'EURO') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, 'E1R') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, '€') $$);
\echo states of two currencies, or of one and none
SELECT pg_temp.refused($$ SELECT nudge.combine(nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, 'USD'), nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, 'EUR')) $$);
SELECT pg_temp.refused($$ SELECT nudge.combine(nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, 'USD'), nudge.mrr_agg(1, date '2024-01-01', NULL::date, 10)) $$);
SELECT pg_temp.refused($$ SELECT nudge.rollup(s ORDER BY c) FROM (SELECT c, nudge.mrr_currency_agg(1, date '2024-01-01', NULL::date, 10, c) AS s FROM (VALUES ('USD'), ('EUR')) v(c) GROUP BY c) x $$);

--
-- States of two shapes
--
\echo keys of two types
SELECT pg_temp.refused($$ SELECT nudge.combine(nudge.mrr_agg(1, date '2024-01-01', NULL::date, 10), nudge.mrr_agg('1', date '2024-01-01', NULL::date, 10)) $$);
\echo days and instants
SELECT pg_temp.refused($$ SELECT nudge.combine(nudge.mrr_agg(1, date '2024-01-01', NULL::date, 10), nudge.mrr_agg(1, timestamptz '2024-01-01', NULL::timestamptz, 10)) $$);
\echo a transition function outside an aggregate
SELECT pg_temp.refused($$ SELECT nudge.mrr_trans(NULL, 1::bigint, date '2024-01-01', NULL::date, 10::numeric) $$);

--
-- Arguments of accessors
--
CREATE TABLE days AS SELECT nudge.mrr_agg(1, date '2024-01-01', date '2024-06-01', 10) AS s;
CREATE TABLE instants AS SELECT nudge.mrr_agg(1, timestamptz '2024-01-01', timestamptz '2024-06-01', 10) AS s;
\echo unknown grain
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, 'fortnight') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_movements(s, '') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.revenue_cohorts(s, 'months') $$);
SELECT pg_temp.refused($$ SELECT nudge.period_start('2024-01-01', 'decade') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_period_to_date(s, '2024-03-01', 'decade') $$);
\echo unknown zone
SELECT pg_temp.refused($$ SELECT count(*) FROM instants, nudge.mrr_waterfall(s, zone => 'Mars/Olympus') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at(s, date '2024-03-01', 'Mars/Olympus') FROM instants $$);
SELECT pg_temp.refused($$ SELECT nudge.net_revenue_retention(s, '2024-02-01', '2024-03-01', 'Mars/Olympus') FROM instants $$);
SELECT left(pg_temp.refused($$ SELECT nudge.mrr_at(s, date '2024-03-01', repeat('x', 1000)) FROM instants $$), 40);
\echo a zone for civil days
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, zone => 'Europe/Berlin') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at(s, date '2024-03-01', 'Europe/Berlin') FROM days $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.revenue_cohorts(s, zone => 'Europe/Berlin') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.customer_mrr(s, '2024-03-01', 'Europe/Berlin') $$);
\echo an instant for civil days
SELECT pg_temp.refused($$ SELECT nudge.mrr_at_instant(s, timestamptz '2024-03-01') FROM days $$);
SELECT pg_temp.refused($$ SELECT nudge.customers_at_instant(s, timestamptz '2024-03-01') FROM days $$);
SELECT pg_temp.refused($$ SELECT nudge.arr_at_instant(s, timestamptz '2024-03-01') FROM days $$);
\echo unknown mode
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, mode => 'baremetrics') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_compare(s, 'snapshot', 'snap') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_summary(s, '2024-01-01', '2024-02-01', mode => 'events') $$);
\echo unknown paid_to_free
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, paid_to_free => 'ignore') $$);
\echo unknown first day of the week, month of the year
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, 'week', week_start => 'someday') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, 'year', fiscal_year_start => 0) $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, 'year', fiscal_year_start => 13) $$);
\echo windows that are empty, reversed or infinite
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, start_day => '2024-02-01', end_day => '2024-02-01') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, start_day => '2024-03-01', end_day => '2024-02-01') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_summary(s, '2024-03-01', '2024-02-01') $$);
SELECT pg_temp.refused($$ SELECT nudge.net_revenue_retention(s, '2024-03-01', '2024-03-01') FROM days $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, start_day => '-infinity') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, end_day => 'infinity') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at(s, date 'infinity') FROM days $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at_instant(s, timestamptz '-infinity') FROM instants $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, as_of => 'infinity') $$);
SELECT pg_temp.refused($$ SELECT nudge.period_start('infinity', 'month') $$);
\echo days and periods beyond what can be represented
SELECT pg_temp.refused($$ SELECT nudge.period_end('5874897-12-31', 'year') $$);
SELECT pg_temp.refused($$ SELECT nudge.period_end('5874897-12-31', 'week') $$);
SELECT pg_temp.refused($$ SELECT nudge.period_start('4714-11-24 BC', 'year') $$);
SELECT pg_temp.refused($$ SELECT nudge.period_start('4714-11-24 BC', '4-4-5') $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at(s, date '294277-01-01') FROM instants $$);
SELECT pg_temp.refused($$ SELECT nudge.mrr_at(s, date '5874897-12-31') FROM instants $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(1, date '5874897-12-31', NULL::date, 10))) $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(1, timestamptz '294276-12-31 23:59:59+00', NULL::timestamptz, 10)), 'year') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_periods((SELECT nudge.mrr_agg(1, date '500000-01-01', NULL::date, 10))) $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_movements((SELECT nudge.mrr_agg(1, date '500000-01-01', NULL::date, 10))) $$);
\echo options that are no length of time
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, reactivation_max_gap => '-1 day') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, gap_tolerance => '-1 day') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM instants, nudge.mrr_waterfall(s, mode => 'event', event_window => '-1 minute') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM instants, nudge.mrr_waterfall(s, mode => 'event', event_window => '1 day') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM instants, nudge.mrr_waterfall(s, mode => 'event', event_window => '1 month') $$);
\echo concentration of no customers
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.revenue_concentration(s, '2024-03-01', 0) $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.revenue_concentration(s, '2024-03-01', -1) $$);
\echo retention of a window that ends before it begins
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.revenue_concentration(s, '2024-03-01', 10, '2024-03-02') $$);
\echo unknown component of growth
SELECT pg_temp.refused($$ SELECT nudge.mrr_growth_rate(s, '2024-02-01', '2024-03-01', 'UTC', 'upsell') FROM days $$);
\echo no buckets
SELECT pg_temp.refused($$ SELECT nudge.bucket(1, 0) $$);
SELECT pg_temp.refused($$ SELECT nudge.bucket('a', -5) $$);
\echo zone of civil_date
SELECT pg_temp.refused($$ SELECT nudge.civil_date('2024-01-01', 'Mars/Olympus') $$);

--
-- Results that would explode
--
\echo a day for every day of ten thousand years
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(1, date '0001-01-01', date '9999-12-31', 10)), 'day') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_movements((SELECT nudge.mrr_agg(1, timestamptz '0001-01-01', timestamptz '9999-12-31', 10)), 'day') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.revenue_cohorts((SELECT nudge.mrr_agg(1, date '0001-01-01', date '9999-12-31', 10)), 'day') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM days, nudge.mrr_waterfall(s, 'day', as_of => '9999-01-01') $$);
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_waterfall((SELECT nudge.mrr_agg(k, date '4713-01-01 BC', date '5874897-12-31', 10) FROM generate_series(1, 2) k), 'year') $$);
\echo cohorts of cohorts
SELECT pg_temp.refused($$ SELECT count(*) FROM nudge.revenue_cohorts((SELECT nudge.mrr_agg(k, date '1980-01-01' + k, NULL::date, 10) FROM generate_series(1, 15000) k), 'day') $$);

--
-- Bytes that no aggregate made
--
CREATE FUNCTION pg_temp.from_wire(wire bytea) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN rtrim(replace(encode(wire, 'base64'), E'\n', ''), '=');
CREATE TABLE good AS
SELECT nudge.mrr_state_send(nudge.mrr_agg(k, date '2024-01-01', date '2024-02-01' + k, 10)) AS w FROM generate_series(1, 2) k;
CREATE TABLE good_text AS
SELECT nudge.mrr_state_send(nudge.mrr_agg(k, date '2024-01-01', NULL::date, 10)) AS w FROM (VALUES ('ab'), ('cd')) v(k);
\echo the untouched bytes are read
SELECT pg_temp.from_wire(w)::nudge.mrr_state IS NOT NULL FROM good;
SELECT pg_temp.from_wire(w)::nudge.mrr_state IS NOT NULL FROM good_text;
\echo text that is no base64, or not the one form of it
SELECT pg_temp.refused($$ SELECT ''::nudge.mrr_state $$);
SELECT pg_temp.refused($$ SELECT 'A'::nudge.mrr_state $$);
SELECT pg_temp.refused($$ SELECT 'not a state'::nudge.mrr_state $$);
SELECT pg_temp.refused($$ SELECT 'TgEB====' ::nudge.mrr_state $$);
SELECT pg_temp.refused($$ SELECT (pg_temp.from_wire(w) || '=')::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT (pg_temp.from_wire(w) || ' ')::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT (' ' || pg_temp.from_wire(w))::nudge.mrr_state FROM good $$);
\echo truncated, lengthened
SELECT DISTINCT pg_temp.refused(format($$ SELECT pg_temp.from_wire(substr(w, 1, %s))::nudge.mrr_state FROM good $$, n)) FROM generate_series(0, 67) n ORDER BY 1;
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(w || '\x00')::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(w || w)::nudge.mrr_state FROM good $$);
\echo magic, kind, version, flags
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(w, 0, 0))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(w, 1, 2))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(w, 1, 200))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(w, 2, 0))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(w, 2, 99))::nudge.mrr_state FROM good $$);
SELECT n, pg_temp.refused(format($$ SELECT pg_temp.from_wire(set_byte(w, 3, %s))::nudge.mrr_state FROM good $$, n)) FROM (VALUES (1), (3), (4), (8), (64), (128), (255)) v(n);
\echo counts: none, too many, absurd
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(substr(w, 1, 20), 7, 0))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(set_byte(w, 7, 3))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\xffffffff' FROM 5))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\xffffffff' FROM 13))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\xffffffff' FROM 17))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x00000001' FROM 17))::nudge.mrr_state FROM good $$);
\echo a currency that is none
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\xdeadbeef' FROM 9))::nudge.mrr_state FROM good $$);
\echo records: out of order, reversed, empty, infinite, negative
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(substr(w, 1, 20) || substr(w, 45, 24) || substr(w, 21, 24))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x00000001' FROM 33))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING substr(w, 29, 4) FROM 33))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x80000000' FROM 29))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x7ffffffe' FROM 33))::nudge.mrr_state FROM good $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\xffffffffffffffff' FROM 37))::nudge.mrr_state FROM good $$);
\echo dictionary: unused, out of order, twice the same, out of bounds, not in the encoding
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x0000000000000000' FROM 45))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x7a' FROM 81))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x6364' FROM 81))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x00000005' FROM 73))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x0000000000000002' FROM 45))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\xff' FROM 84))::nudge.mrr_state FROM good_text $$);
SELECT pg_temp.refused($$ SELECT pg_temp.from_wire(overlay(w PLACING '\x00' FROM 84))::nudge.mrr_state FROM good_text $$);

--
-- The same through the binary door
--
\set SHOW_CONTEXT never
\getenv abs_builddir PG_ABS_BUILDDIR
\if :{?abs_builddir}
\cd :abs_builddir
\endif
CREATE TABLE landing (s nudge.mrr_state);
\copy (SELECT w FROM good) TO 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)
SELECT nudge.mrr_state_send(s) = w FROM landing, good;
\copy (SELECT substr(w, 1, 40) FROM good) TO 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy (SELECT substr(w, 1, 0) FROM good) TO 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy (SELECT set_byte(w, 2, 99) FROM good) TO 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy (SELECT overlay(w PLACING '\xffffffff' FROM 5) FROM good) TO 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy (SELECT overlay(w PLACING '\xff' FROM 84) FROM good_text) TO 'results/revenue_errors.bin' WITH (FORMAT binary)
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)
\set VERBOSITY sqlstate
\copy landing FROM 'results/revenue_errors.bin' WITH (FORMAT binary)

DROP TABLE days, instants, good, good_text, landing;
