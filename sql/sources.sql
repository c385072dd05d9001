-- Tables and queries read as canonical inputs.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand: a billing system with cents, German local time and words of its own.
-- 1999 cents are 19.99, 500 yen 500; the last day in force of 2 is 31 March, so
-- it ends at midnight of 1 April in Berlin, when it is 22:00 in UTC.  02:30 of 31
-- March does not exist there and is read as 03:30 summer time, 01:30 in UTC; the
-- second 02:30 of 27 October, in winter time, is also 01:30 in UTC.
CREATE TABLE billing (id integer, account integer, product text, "start" timestamp, last_day date, cents integer, cur text, per text, state text);
INSERT INTO billing VALUES
	(1, 7, 'pro', '2024-03-01 00:00', NULL, 1999, 'eur', 'MONTHLY', 'Past_due'),
	(2, 7, 'pro', '2024-02-01 00:00', '2024-03-31', 1000, 'EUR', 'yearly', 'active'),
	(3, 8, 'mini', '2024-03-31 02:30', '2024-10-27', 500, 'JPY', 'monthly', 'canceled'),
	(4, 8, 'mini', '2024-10-27 02:30', NULL, 5, NULL, 'monthly', 'new'),
	(5, 9, 'test', '2024-01-01 00:00', NULL, 9, 'EUR', 'monthly', 'active');
SELECT map_source('subscriptions', 'billing', '{"customer": "account", "item": "id", "plan": "product", "valid_from": "start", "valid_to": "last_day", "amount": "cents",
	"interval_unit": "per", "interval_count": "1", "currency": "cur", "status": "state"}', filter => 'r.product <> ''test''', zone => 'Europe/Berlin', amount_scale => '{"*": 2, "JPY": 0}',
	words => '{"interval_unit": {"monthly": "month", "yearly": "year"}, "status": {"past_due": "active", "canceled": "ended", "new": null}}', end_rule => 'inclusive', expected_every => '1 day');
SELECT source_name, customer, item, plan, valid_from AT TIME ZONE 'UTC' AS from_utc, valid_to AT TIME ZONE 'UTC' AS to_utc, amount, interval_unit AS unit, interval_count AS count, currency AS cur, status, quantity
FROM nudge_staging.subscriptions ORDER BY item;
SELECT column_name, data_type, col_description('nudge_staging.subscriptions'::regclass, ordinal_position::integer) AS description
FROM information_schema.columns WHERE table_schema = 'nudge_staging' AND table_name = 'subscriptions' ORDER BY ordinal_position;
SELECT obj_description('nudge_staging.subscriptions'::regclass) AS of_input, obj_description('nudge_staging.subscriptions__subscriptions'::regclass) AS of_source, obj_description('nudge_staging'::regnamespace) AS of_schema;
SELECT source, input, relation, query, jsonb_pretty(columns) AS columns, filter, zone, amount_scale, end_rule, expected_every, mapped_by = current_user AS mine FROM sources;

-- The other ways to say decimals: ISO 4217, where what is no currency has no amount, and one for all
CREATE TABLE amounts (customer text, at timestamptz, kind text, amount numeric, currency text);
INSERT INTO amounts SELECT 'c', '2024-01-01Z', 'setup', 12345, c FROM unnest('{EUR,jpy," KWD ",CLF,XAU,E,NULL}'::text[]) c;
SELECT map_source('charges', 'amounts', amount_scale => '"iso"');
SELECT currency, amount FROM nudge_staging.charges;
SELECT map_source('charges', 'amounts', amount_scale => '{"*": 3}');
SELECT currency, amount FROM nudge_staging.charges;
SELECT map_source('charges', 'amounts', amount_scale => '{"jpy": 0, "KWD": "3"}');
SELECT currency, amount FROM nudge_staging.charges;

-- A query; an expression; a name that is a column and not SQL; odd names; a dropped column; a domain; a range; a column that is not wanted
CREATE SCHEMA "S p";
CREATE DOMAIN "S p".small AS integer CHECK (VALUE < 1000);
CREATE DOMAIN "S p".smaller AS "S p".small CHECK (VALUE < 100);
CREATE TABLE "S p"."Odd ""Name" (gone integer, "user" varchar(10), "Born on" date, name char(8), "%I" text, seats "S p".smaller);
ALTER TABLE "S p"."Odd ""Name" DROP COLUMN gone;
INSERT INTO "S p"."Odd ""Name" VALUES ('u1', '2024-05-01', 'ann', '$$ %s '' \', 7);
SELECT map_source('users', '"S p"."Odd ""Name"', '{"user": "user", "signed_up_at": "Born on", "role": "%I", "plan": null, "attributes": "jsonb_build_object(''name'', r.name, ''seats'', r.seats) -- the rest"}', zone => 'UTC');
SELECT "user", signed_up_at AT TIME ZONE 'UTC' AS signed_up_at, role, attributes FROM nudge_staging.users;
CREATE TABLE periods (item integer, during tstzrange);
INSERT INTO periods VALUES (1, '[2024-01-01Z,2024-02-01Z)'), (2, '[2024-02-01Z,)');
SELECT map_source('account_facts', columns => '{"customer": "r.item", "fact": "''f''", "value": "item", "valid_from": "lower(r.during)", "valid_to": "upper(r.during)"}',
	query => 'SELECT p.item, p.during, 1 AS twice, 2 AS twice FROM public.periods p -- all of them
	; ');
SELECT customer, value, valid_from AT TIME ZONE 'UTC' AS valid_from, valid_to AT TIME ZONE 'UTC' AS valid_to FROM nudge_staging.account_facts ORDER BY 1;
CREATE TABLE parts (day date, channel text, amount real, currency text, impressions smallint) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO parts VALUES ('2024-01-01', 'x', 0.5, 'EUR', 3);
CREATE MATERIALIZED VIEW kept AS SELECT timestamptz '2024-06-30 23:30Z' AS day, 'y'::name AS channel, 2::bigint AS amount, 'EUR'::"char" AS currency;
SELECT map_source('spend', 'parts');
-- Another source of the same input; a day needs a zone; a column of another collation fits
SELECT map_source('spend', 'kept', '{"currency": "''EUR'' COLLATE \"C\""}', source => 'kept', zone => 'Asia/Tokyo');
SELECT source_name, day, channel, amount, currency, impressions FROM nudge_staging.spend ORDER BY 1;
SELECT upper(currency) FROM nudge_staging.spend WHERE day = '2024-07-01';
-- An input that has a column source itself
SELECT map_source('leads', query => 'SELECT 1 AS lead, ''lead'' AS stage, timestamptz ''2024-01-01Z'' AS at, ''ads'' AS source');
SELECT source_name, lead, stage, source FROM nudge_staging.leads;

-- Mapping again replaces: views of users last, and so do their columns
CREATE VIEW mine AS SELECT * FROM nudge_staging.spend;
SELECT map_source('spend', 'parts', '{"channel": "r.impressions", "impressions": null}');
SELECT source_name, channel, impressions FROM mine ORDER BY 1;
SELECT unmap_source('spend'), unmap_source('spend'), unmap_source(NULL);
SELECT source_name, channel, impressions FROM mine ORDER BY 1;
SELECT unmap_source('kept');
DROP VIEW mine;
SELECT unmap_source('kept');
SELECT to_regclass('nudge_staging.spend') AS spend, to_regclass('nudge_staging.spend__kept') AS kept, array_agg(source ORDER BY source) FROM sources;
-- A table cannot go while a source reads it; made anew under its name it is mapped anew
DROP TABLE periods;
DROP TABLE periods CASCADE;
CREATE TABLE periods (item bigint, during tstzrange);
SELECT * FROM remap_sources('account_facts');
INSERT INTO periods VALUES (3, 'empty'), (4, '(,)');
SELECT customer, valid_from, valid_to FROM nudge_staging.account_facts ORDER BY 1;
-- As after an update: the input has a column more, which views of before lack
INSERT INTO input_columns VALUES ('account_facts', 99, 'extra', 'integer', false, 'Something new');
SELECT map_source('account_facts', columns => '{"customer": "''x''", "fact": "''f''", "value": "''v''", "valid_from": "r.at", "extra": "7"}', query => 'SELECT timestamptz ''2024-01-01Z'' AS at', source => 'newer');
SELECT source_name, customer, extra FROM nudge_staging.account_facts ORDER BY 1, 2;
SELECT * FROM remap_sources();
SELECT attname FROM pg_attribute WHERE attrelid = 'nudge_staging.account_facts'::regclass AND attnum > 0 ORDER BY attnum;
DELETE FROM input_columns WHERE column_name = 'extra';
SELECT map_source('account_facts', columns => '{"customer": "''x''", "fact": "''f''", "value": "''v''", "valid_from": "r.at"}', query => 'SELECT timestamptz ''2024-01-01Z'' AS at', source => 'newer');

SELECT source_name, customer, extra FROM nudge_staging.account_facts ORDER BY 1, 2;
SELECT unmap_source('account_facts');
-- A view that somebody put in the place of ours
DROP VIEW nudge_staging.account_facts;
DROP VIEW nudge_staging.account_facts__newer;
CREATE VIEW nudge_staging.account_facts__newer AS SELECT 1 AS fact;
SELECT remap_sources('newer');
DROP VIEW nudge_staging.account_facts__newer;
SELECT unmap_source('newer');

-- What is not understood
CREATE TABLE t (customer text, created_at timestamptz, j jsonb, m money, b bytea, f float8, n integer, ts timestamp, d date, tx text, arr integer[], iv interval, bo boolean);
SELECT map_source('customer', 't');
SELECT map_source(NULL, 't');
SELECT map_source('customers');
SELECT map_source('customers', 't', query => 'SELECT 1');
SELECT map_source('customers', 't', source => 'Two Words');
SELECT map_source('funnel_definitions', 't', source => repeat('x', 50));
SELECT map_source('customers', 't', '["customer"]');
SELECT map_source('customers', 't', '{"clients": "1"}');
SELECT map_source('customers', 't', '{"initial_amount": 5}');
SELECT map_source('customers', 't', '{"customer": null}');
SELECT map_source('tickets', 't');
SELECT map_source('customers', query => 'SELECT');
SELECT map_source('customers', 't', zone => 'Atlantis');
SELECT map_source('subscriptions', 't', end_rule => 'open');
SELECT map_source('customers', 't', end_rule => 'inclusive');
SELECT map_source('customers', 't', expected_every => '0');
SELECT map_source('customers', 't', amount_scale => '{"*": 7}');
SELECT map_source('customers', 't', amount_scale => '{"*": null}');
SELECT map_source('customers', 't', amount_scale => '{"eur": 2, "EUR": 3}');
SELECT map_source('customers', 't', amount_scale => '{"EURO": 2}');
SELECT map_source('customers', 't', amount_scale => '2');
SELECT map_source('customers', 't', amount_scale => 'null');
SELECT map_source('customers', 't', amount_scale => '{}');
SELECT map_source('users', 't', amount_scale => '"iso"');
SELECT map_source('customers', 't', '{"initial_amount": "n"}', amount_scale => '"iso"');
SELECT map_source('plans', 't', '{"plan": "customer", "list_price": "n"}', amount_scale => '{"EUR": 2}');
SELECT map_source('customers', 't', words => '{"segment": "x"}');
SELECT map_source('customers', 't', words => '{"created_at": {"a": "b"}}');
SELECT map_source('customers', 't', words => '{"segment": {"a": 1}}');
SELECT map_source('customers', 't', words => '{"segment": {"a": "b", " A": "c"}}');
SELECT map_source('customers', 't', words => '[]');
SELECT map_source('spend', 'parts', source => 'charges');
-- Expressions that are none, or not one, or of more than one row
SELECT map_source('customers', 't', '{"segment": ""}');
SELECT map_source('customers', 't', '{"segment": "1) AS x, (2"}');
SELECT map_source('customers', 't', '{"segment": "r.tx, r.tx"}');
SELECT map_source('customers', 't', '{"segment": "r.tx AS x"}');
SELECT map_source('customers', 't', '{"segment": "r.tx FROM public.t"}');
SELECT map_source('customers', 't', '{"segment": "''x''; DROP TABLE public.t"}');
SELECT map_source('customers', 't', '{"segment": "''x"}');
SELECT map_source('customers', 't', '{"segment": "''x'' /* "}');
SELECT map_source('customers', 't', '{"segment": "$1"}');
SELECT map_source('customers', 't', '{"segment": "r.nothing"}');
SELECT map_source('customers', 't', '{"segment": "nothing(r.tx)"}');
SELECT map_source('customers', 't', '{"segment": "r.tx + 1"}');
SELECT map_source('customers', 't', '{"internal": "''maybe''::boolean"}');
SELECT map_source('customers', 't', '{"segment": "max(r.tx)"}');
SELECT map_source('customers', 't', '{"segment": "first_value(r.tx) OVER ()"}');
SELECT map_source('customers', 't', '{"segment": "regexp_split_to_table(r.tx, '' '')"}');
SELECT map_source('customers', 't', '{"segment": "gen_random_uuid()"}');
SELECT map_source('customers', 't', '{"segment": "user"}');
SELECT map_source('customers', 't', '{"created_at": "r.ts::timestamptz"}');
SELECT map_source('customers', 't', '{"created_at": "date_trunc(''day'', r.created_at)"}');
SELECT map_source('customers', 't', '{"segment": "(SELECT max(t.created_at::date)::text FROM public.t)"}');
SELECT map_source('customers', 't', filter => 'true) OR (true');
SELECT map_source('customers', 't', filter => 'r.n');
SELECT map_source('customers', 't', filter => 'random() < 0.5');
SELECT map_source('customers', 't', filter => 'r.nothing = 1');
SELECT map_source('customers', query => 'SELECT 1 AS customer; DROP TABLE public.t');
SELECT map_source('customers', query => 'SELECT 1) r; DROP TABLE public.t; SELECT * FROM (SELECT 1');
SELECT map_source('customers', query => 'DELETE FROM public.t RETURNING *');
SELECT map_source('customers', query => 'SELECT * FROM public.t FOR UPDATE');
SELECT map_source('customers', query => 'SELECT * INTO public.u FROM public.t');
SELECT map_source('customers', query => 'WITH gone AS (DELETE FROM public.t RETURNING *) SELECT * FROM gone');
SELECT map_source('customers', query => 'SELECT * FROM t');
SELECT map_source('customers', query => '');
SELECT map_source('customers', query => 'SELECT customer, customer, created_at FROM public.t');
-- Types that say it in more than one way
SELECT map_source('customers', 't', '{"created_at": "ts"}');
SELECT map_source('customers', 't', '{"created_at": "n"}');
SELECT map_source('customers', 't', '{"created_at": "tx"}');
SELECT map_source('customers', 't', '{"segment": "j"}');
SELECT map_source('customers', 't', '{"segment": "m"}');
SELECT map_source('customers', 't', '{"segment": "b"}');
SELECT map_source('customers', 't', '{"customer": "f"}');
SELECT map_source('customers', 't', '{"customer": "r"}');
SELECT map_source('customers', 't', '{"initial_amount": "m"}');
SELECT map_source('customers', 't', '{"attributes": "tx"}');
SELECT map_source('customers', 't', '{"internal": "n"}');
SELECT map_source('usage', 't', '{"meter": "tx", "period": "created_at", "volume": "n"}');
SELECT map_source('funnel_definitions', 't', '{"funnel": "tx", "step_no": "f"}');
SELECT map_source('funnel_definitions', 't', '{"funnel": "tx", "step_no": "n", "friction": "arr"}');
SELECT map_source('account_facts', 't', '{"fact": "tx", "value": "tx", "valid_from": "created_at", "valid_to": "created_at"}', source => 'x', end_rule => 'inclusive', zone => 'UTC');
-- Relations that are none, or go with the session, or read themselves
CREATE INDEX t_index ON t (customer);
CREATE SEQUENCE s;
CREATE TEMP TABLE temporary (customer text, created_at timestamptz);
SELECT map_source('customers', 't_index');
SELECT map_source('customers', 's');
SELECT map_source('customers', 4294967295::oid::regclass);
SELECT map_source('customers', 'temporary');
SELECT map_source('customers', query => 'SELECT * FROM pg_temp.temporary');
SELECT map_source('customers', 't');
SELECT map_source('customers', 'nudge_staging.customers', source => 'again');
SELECT map_source('customers', 'nudge_staging.customers');
SELECT remap_sources('nothing');
-- Nothing is left of what was refused
SELECT s.source, to_regclass(source_view(s.input, s.source)) FROM sources s ORDER BY 1;
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'nudge_staging'::regnamespace ORDER BY relname COLLATE "C";
SELECT count(*) FROM t;

SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DROP SCHEMA nudge_staging;
DROP SCHEMA "S p" CASCADE;
DROP TABLE t, billing, amounts, periods, parts CASCADE;
DROP MATERIALIZED VIEW kept;
DROP SEQUENCE s;
