-- The canonical inputs: what a table must have to be read as one.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

\pset format unaligned
-- The contract: a change of any line here changes what users' tables must have.
SELECT i.input, i.description,
	(SELECT string_agg(CASE WHEN c.required THEN '' ELSE '[' END || c.column_name || ' ' || c.data_type || CASE WHEN c.required THEN '' ELSE ']' END, ', ' ORDER BY c.position)
	 FROM input_columns c WHERE c.input = i.input) AS columns
FROM inputs i ORDER BY i.input COLLATE "C";
\pset format aligned
-- positions run from 1, every type is one, every column is explained
SELECT input FROM input_columns GROUP BY input HAVING max(position) <> count(*);
SELECT data_type, data_type::regtype AS is FROM input_columns GROUP BY data_type ORDER BY data_type COLLATE "C";
SELECT input, column_name FROM input_columns WHERE description !~ '^[A-Z1a-z].*[^.]$';

-- As named; an optional column that is there, and some that are not; another type is cast
CREATE TABLE spend (amount double precision, day text, currency char(3), channel varchar(20), clicks integer, note text);
INSERT INTO spend VALUES (12.5, '2024-03-01', 'EUR', 'paid_search', 7, 'x'), (0.1, '2024-03-02', 'EUR', 'paid_social', NULL, NULL);
SELECT input_query('spend', 'spend');
SELECT input_query('spend', 'spend') AS query \gset
SELECT * FROM (:query) q ORDER BY day;
SELECT pg_typeof(day) AS day, pg_typeof(amount) AS amount, pg_typeof(impressions) AS impressions FROM (:query) q LIMIT 1;

-- An odd schema, relation and column names, a reserved word
CREATE SCHEMA "My ""Data""";
CREATE TABLE "My ""Data"""."a.b; DROP TABLE spend" ("user" bigint, at timestamptz, name text, "Name" text);
SELECT input_query('events', '"My ""Data"""."a.b; DROP TABLE spend"');
SELECT input_query('events', '"My ""Data"""."a.b; DROP TABLE spend"') AS query \gset
SELECT count(*) FROM (:query) q;

-- Tables, views, materialized views, partitioned and foreign tables, temporary ones; a temporary one hides none of the same name
CREATE VIEW spend_view AS SELECT date '2024-01-01' AS day, 'a'::text AS channel, 1 AS amount, 'EUR'::text AS currency;
CREATE MATERIALIZED VIEW spend_matview AS SELECT * FROM spend_view;
CREATE TABLE spend_parts (day date, channel text, amount numeric, currency text) PARTITION BY RANGE (day);
CREATE TABLE spend_2024 PARTITION OF spend_parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO spend_parts VALUES ('2024-02-02', 'b', 2, 'EUR');
CREATE TEMP TABLE spend AS SELECT date '2024-05-05' AS day, 'temporary'::text AS channel, 5 AS amount, 'EUR'::text AS currency;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE spend_foreign (day date, channel text, amount numeric, currency text) SERVER nowhere;
CREATE FUNCTION rows_of(input text, relation regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT to_jsonb(q)::text FROM (%s) q', nudge.input_query(input, relation));
END
$$;
SELECT rows_of('spend', 'spend_view');
SELECT rows_of('spend', 'spend_matview');
SELECT rows_of('spend', 'spend_parts');
SELECT rows_of('spend', 'spend_2024');
SELECT rows_of('spend', 'spend');
SELECT rows_of('spend', 'public.spend');
SELECT input_query('spend', 'spend_foreign') = input_query('spend', 'spend_view') AS same,
	replace(input_query('spend', 'spend_foreign'), '_foreign', '_view') = input_query('spend', 'spend_view') AS but_for_the_name;

-- No relation is an input without rows
SELECT input_query('cash', NULL);
SELECT rows_of('cash', NULL);

-- Times do not depend on the session: a timestamp is UTC, a date its midnight
CREATE TEMP TABLE conversions_at (customer integer, at timestamp, revenue numeric, currency text);
INSERT INTO conversions_at VALUES (1, '2024-03-01 12:00', 9, 'EUR');
SELECT rows_of('conversions', 'conversions_at');
CREATE DOMAIN instant AS timestamptz;
CREATE TEMP VIEW conversions_on AS SELECT customer, date '2024-03-01' AS at, revenue, currency FROM conversions_at;
SELECT rows_of('conversions', 'conversions_on');
CREATE TEMP VIEW conversions_domain AS SELECT customer, instant '2024-03-01 12:00Z' AS at, revenue, currency FROM conversions_at;
SELECT rows_of('conversions', 'conversions_domain');

-- Errors
DO $$ BEGIN PERFORM nudge.input_query('spendings', 'spend'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; END $$;
SELECT input_query('spendings', 'spend');
SELECT input_query(NULL, 'spend');
SELECT input_query('spend', 'spendings');
CREATE TEMP VIEW lacks AS SELECT day, amount, currency FROM spend;
SELECT input_query('spend', 'lacks');
SELECT input_query('costs', 'spend');
ALTER TABLE public.spend DROP COLUMN channel;
SELECT input_query('spend', 'public.spend');
CREATE TEMP VIEW instants AS SELECT timestamptz '2024-03-01 00:00Z' AS day, amount, currency, channel FROM spend;
SELECT input_query('spend', 'instants');
CREATE TEMP VIEW text_times AS SELECT customer, '2024-03-01'::text AS at, revenue, currency FROM conversions_at;
SELECT input_query('conversions', 'text_times');
CREATE SEQUENCE spend_numbers;
SELECT input_query('spend', 'spend_numbers');
CREATE INDEX spend_day ON public.spend (day);
SELECT input_query('spend', 'spend_day');
SELECT input_query('spend', 4294967295::oid::regclass);
CREATE TEMP VIEW bad_amount AS SELECT day, 'ten'::text AS amount, currency, channel FROM spend;
SELECT rows_of('spend', 'bad_amount');

-- Currencies
SELECT single_currency('{EUR,EUR,eur}'), single_currency('{EUR}', 'eur'), single_currency('{}', 'eur'), single_currency('{}'), single_currency(NULL);
SELECT single_currency('{EUR,USD,GBP,USD}');
SELECT single_currency('{EUR,USD}', 'EUR');
SELECT single_currency('{USD}', 'EUR');
SELECT single_currency('{EUR,NULL}');

-- Windows
SELECT check_window('2024-01-01', '2024-01-02');
SELECT check_window('2024-01-02', '2024-01-02');
SELECT check_window(NULL, '2024-01-02');

SET client_min_messages = warning;
DROP SCHEMA "My ""Data""" CASCADE;
DROP TABLE public.spend, spend_parts CASCADE;
DROP VIEW public.spend_view CASCADE;
DROP SEQUENCE spend_numbers;
DROP FOREIGN DATA WRAPPER nothing CASCADE;
DROP FUNCTION rows_of(text, regclass);
DROP DOMAIN instant CASCADE;

-- periods of a window, with the instants of a zone
SELECT * FROM nudge.window_spans('2024-03-15', '2024-05-01', 'month', 'Europe/Berlin', '2024-04-01 00:00 Europe/Berlin');
SELECT * FROM nudge.window_spans('2024-03-30', '2024-04-01', NULL, NULL);
SELECT * FROM nudge.window_spans('2024-03-30', '2024-03-30');
-- those that have begun: one that begins with as_of has not; a day that a zone left out has no length
SELECT no, period, known_at, complete FROM nudge.begun_spans('2024-03-15', '2024-06-01', 'month', 'Europe/Berlin', '2024-04-30 22:00Z');
SELECT no, period, known_at, complete FROM nudge.begun_spans('2024-03-15', '2024-06-01', 'month', 'Europe/Berlin', '2024-04-30 22:00:00.000001Z');
SELECT count(*), count(complete), max(no) FROM nudge.begun_spans('2024-03-15', '2024-06-01', 'month');
SELECT as_of, nudge.begun_bounds('2011-12-29', '2012-01-01', 'day', 'Pacific/Apia', as_of) FROM unnest(ARRAY[NULL, '2011-12-31 00:00Z', '2011-12-29 10:00Z', '-infinity']::timestamptz[]) as_of;
