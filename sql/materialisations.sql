-- Materialisations: the registry, what each is made of, and what it depends on.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA shop;
SET search_path = shop, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TABLE invoices (id integer PRIMARY KEY, account integer, cents integer, plan text);
CREATE TABLE accounts (id integer PRIMARY KEY, plan text, parent text, made timestamptz);
CREATE TABLE plan_list (plan text PRIMARY KEY, factor integer);
SELECT map_source('charges', 'invoices', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "plan", "amount": "r.cents / 100.0", "currency": "''EUR''"}');
SELECT map_source('customers', 'accounts', '{"customer": "id", "created_at": "made", "segment": "plan", "owner": "parent"}');
SELECT map_source('plans', 'plan_list', '{"plan": "plan", "list_price": "factor"}');

-- None yet
SELECT drop_materialisation('revenue');
SELECT * FROM materialisations;

-- What is recorded, and what is made (doc/materialisations.md)
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount) AS total FROM nudge_staging.charges GROUP BY customer', 'customer', description => 'It''s what "they" paid; -- in total');
SELECT name, layer, key_column, row_key, has_clock, cadence, batch_keys, enabled, definition_hash, clock_at, data_as_of, last_success_at, next_attempt_at, consecutive_failures, last_error, registered_by = current_user AS mine
FROM materialisations;
SELECT * FROM dependencies;
SELECT materialisation, key, reason FROM pending ORDER BY 1, 2, 3;
SELECT obj_description('nudge_staging.revenue__definition'::regclass), obj_description('nudge_analytics.revenue'::regclass);
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'nudge_analytics.revenue'::regclass AND attnum > 0 ORDER BY attnum;
SELECT indexdef FROM pg_indexes WHERE schemaname = 'nudge_analytics';
SELECT definition_view('revenue'), clock_view('revenue'), map_view('revenue', 'nudge_staging.plans'), mart_table('revenue'), mart_table('user'), mart_table(NULL);
SELECT l, layer_cadence(l) FROM unnest('{headline,staging,mart,metric,other,NULL}'::text[]) l;

-- Its name
SELECT add_materialisation(n, 'SELECT 1 AS a', 'a') FROM unnest('{Revenue}'::text[]) n;
SELECT add_materialisation('', 'SELECT 1 AS a', 'a');
SELECT add_materialisation(NULL, 'SELECT 1 AS a', 'a');
SELECT add_materialisation('9lives', 'SELECT 1 AS a', 'a');
SELECT add_materialisation('a"; DROP TABLE shop.invoices; --', 'SELECT 1 AS a', 'a');
SELECT add_materialisation('a12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'SELECT 1 AS a', 'a');
SELECT add_materialisation('charges', 'SELECT 1 AS a', 'a');
-- which could be the view of a source
SELECT add_materialisation('charges__x', 'SELECT 1 AS a', 'a');
-- the longest, one like a source of a user, a reserved word, and underscores at the end
SELECT map_source('content', NULL, source => 'mine', query => 'SELECT ''c'' AS content, ''x'' AS type, timestamptz ''2024-01-01Z'' AS published_at');
SELECT add_materialisation(n, 'SELECT customer AS "user" FROM nudge_staging.charges', 'user') FROM unnest('{a234567890123456789012345678901234567890,mine,user,a__,a__definition,a__by_12345678}'::text[]) n;
SELECT relname FROM pg_class WHERE relnamespace = 'nudge_staging'::regnamespace AND relname ~ '__definition$' ORDER BY relname COLLATE "C";
SELECT drop_materialisation(name) FROM materialisations WHERE name <> 'revenue';
SELECT relname FROM pg_class WHERE relnamespace = 'nudge_staging'::regnamespace AND relname ~ '__definition$' ORDER BY relname COLLATE "C";
SELECT unmap_source('mine');

-- A table that is there
CREATE TABLE nudge_analytics.own AS SELECT 1 AS a;
SELECT add_materialisation('own', 'SELECT 1 AS a', 'a');
DROP TABLE nudge_analytics.own;

-- Arguments
SELECT add_materialisation('x', NULL, 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a', NULL);
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', layer => 'gold');
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', cadence => '0');
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', cadence => '-1 hour');
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', cadence => '1 month');
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', cadence => '1 year');
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', batch_keys => 0);
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a', batch_keys => 1000001);
SELECT add_materialisation('x', 'SELECT 1 AS a', 'b');
SELECT add_materialisation('x', 'SELECT 1 AS a, 2 AS b', 'a', row_key => '{b,a}');
SELECT add_materialisation('x', 'SELECT 1 AS a, 2 AS b', 'a', row_key => '{a,c}');
SELECT add_materialisation('x', 'SELECT 1 AS a, 2 AS b', 'a', row_key => '{a,NULL}');
SELECT add_materialisation('x', 'SELECT 1 AS a, 2 AS b', 'a', row_key => '{}');

-- Its query: one SELECT, with names that say their schema
SELECT add_materialisation('x', '', 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a; DROP TABLE shop.invoices', 'a');
SELECT add_materialisation('x', 'DELETE FROM shop.invoices RETURNING 1 AS a', 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a INTO shop.y', 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a) AS b; --', 'a');
SELECT add_materialisation('x', 'SELECT $1 AS a', 'a');
SELECT add_materialisation('x', 'SELECT customer FROM charges', 'customer');
SELECT add_materialisation('x', 'SELECT customer, nothing FROM nudge_staging.charges', 'customer');
SELECT add_materialisation('x', 'SELECT 1 / 0 AS a, ''b''::integer AS b', 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a, 2 AS a', 'a');
CREATE TEMP TABLE passing (a integer);
SELECT add_materialisation('x', 'SELECT a FROM pg_temp.passing', 'a');
-- and columns that can be compared, in whatever they are
SELECT add_materialisation('x', 'SELECT 1 AS a, ''1''::json AS b', 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a, ''{1}''::json[] AS b', 'a');
SELECT add_materialisation('x', 'SELECT 1 AS a, point(1, 2) AS b', 'a');
CREATE TYPE pair AS (x integer, y xml);
CREATE TYPE pair_of_int AS (x integer, y integer);
SELECT add_materialisation('x', 'SELECT 1 AS a, NULL::shop.pair AS b', 'a');
-- and a key that has one text
SELECT add_materialisation('x', format('SELECT NULL::%s AS a', t), 'a') FROM unnest('{numeric}'::text[]) t;
SELECT add_materialisation('x', 'SELECT now() AS a', 'a');
SELECT add_materialisation('x', 'SELECT 1.5::float8 AS a', 'a');
SELECT add_materialisation('x', 'SELECT ''{a}''::text[] AS a', 'a');
-- Nothing is left of what was refused
SELECT name FROM materialisations;
SELECT relname FROM pg_class WHERE relnamespace IN ('nudge_staging'::regnamespace, 'nudge_analytics'::regnamespace) AND relname ~ '^x' ORDER BY 1;

-- Each type of a key; queries with comments, WITH, UNION, VALUES and a semicolon
SELECT add_materialisation('k_' || replace(t, ' ', '_'), format('SELECT NULL::%s AS "The ""Key""" -- comment', t), 'The "Key"') FROM unnest('{text,smallint,integer,bigint,uuid,date,boolean}'::text[]) t;
SELECT add_materialisation('q_with', 'WITH c AS (SELECT customer FROM nudge_staging.charges) SELECT customer, count(*) AS n FROM c GROUP BY 1;', 'customer');
SELECT add_materialisation('q_union', 'SELECT customer FROM nudge_staging.charges UNION SELECT customer FROM nudge_staging.customers /* both */', 'customer');
SELECT add_materialisation('q_values', 'VALUES (1, ''a''), (2, ''b'')', 'column1');
SELECT add_materialisation('q_types', 'SELECT 1 AS a, ''{1}''::integer[] AS b, ''x''::varchar(5) AS c, ''{}''::jsonb AS d, int4range(1, 2) AS e, NULL::shop.pair_of_int AS f, ''n''::name AS g, 1.5::numeric(6,2) AS h FROM nudge_staging.charges', 'a');
SELECT d.materialisation, d.upstream, d.key_column, d.has_map FROM dependencies d WHERE d.materialisation ~ '^(k|q)_' ORDER BY d.materialisation COLLATE "C", d.upstream COLLATE "C";
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'nudge_analytics.q_types'::regclass AND attnum > 0 ORDER BY attnum;
SELECT drop_materialisation(name) FROM materialisations WHERE name ~ '^(k|q)_' AND name <> 'q_with';

-- Changed: more columns at the end, another layer; not others, and no other key
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount) AS total, count(*) AS "How many" FROM nudge_staging.charges GROUP BY customer', 'customer', layer => 'headline', batch_keys => NULL);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'nudge_analytics.revenue'::regclass AND attnum > 0 ORDER BY attnum;
SELECT layer, cadence, batch_keys, obj_description('nudge_analytics.revenue'::regclass) FROM materialisations WHERE name = 'revenue';
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount) AS total FROM nudge_staging.charges GROUP BY customer', 'customer');
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount)::text AS total, count(*) AS "How many" FROM nudge_staging.charges GROUP BY customer', 'customer');
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount) AS total, count(*) AS "How many" FROM nudge_staging.charges GROUP BY customer', 'customer', row_key => '{customer,total}');
SELECT layer, cadence FROM materialisations WHERE name = 'revenue';
-- A column that somebody has dropped comes again, and one that somebody has added stays
ALTER TABLE nudge_analytics.revenue DROP COLUMN total;
ALTER TABLE nudge_analytics.revenue ADD COLUMN remark text;
UPDATE materialisations SET definition_hash = 'as it is' WHERE name = 'revenue';
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount) AS total, count(*) AS "How many" FROM nudge_staging.charges GROUP BY customer', 'customer', cadence => '90 minutes');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'nudge_analytics.revenue'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
-- and is computed wholly
SELECT layer, cadence, definition_hash FROM materialisations WHERE name = 'revenue';

-- What is depended on: inputs, materialisations and other relations, views looked through
CREATE VIEW inner_view AS SELECT c.customer, c.segment FROM nudge_staging.customers c;
CREATE VIEW outer_view AS SELECT i.customer, i.segment, p.list_price FROM inner_view i JOIN nudge_staging.plans p ON p.plan = i.segment;
CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one;
CREATE TABLE "Odd ""table" (a integer);
SELECT add_materialisation('wide', 'SELECT o.customer, o.list_price, r.total, (SELECT count(*) FROM shop."Odd ""table"), (SELECT one FROM shop.kept) AS one FROM shop.outer_view o JOIN nudge_analytics.revenue r ON r.customer = o.customer', 'customer');
SELECT upstream, key_column, has_map FROM dependencies WHERE materialisation = 'wide' ORDER BY upstream COLLATE "C";
-- a relation that is passed to a function, the tables of the extension, and what is named by hand
SELECT add_materialisation('passed', 'SELECT i.input FROM nudge.inputs i, nudge.relation_name(''nudge_staging.charges'') c', 'input', depends_on => '{customers,revenue,shop.invoices,nudge.inputs}');
SELECT upstream, key_column, has_map FROM dependencies WHERE materialisation = 'passed' ORDER BY upstream COLLATE "C";
SELECT add_materialisation('passed', 'SELECT i.input FROM nudge.inputs i', 'input', depends_on => '{nothing}');
SELECT add_materialisation('passed', 'SELECT i.input FROM nudge.inputs i', 'input', depends_on => '{plans,NULL}');
SELECT add_materialisation('passed', 'SELECT i.input FROM nudge.inputs i', 'input', key_maps => '["plans"]');
-- tables of the extension are not found by themselves
SELECT add_materialisation('passed', 'SELECT i.input FROM nudge.inputs i', 'input');
SELECT count(*) FROM dependencies WHERE materialisation = 'passed';
SELECT drop_materialisation('passed');

-- Maps: from what changes in an upstream to keys
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer',
	key_maps => '{"plans": {"column": "plan", "query": "SELECT segment, customer FROM nudge_staging.customers -- whose plan it is"}}');
SELECT upstream, key_column, has_map FROM dependencies WHERE materialisation = 'mapped' ORDER BY upstream COLLATE "C";
SELECT obj_description(map_view('mapped', 'nudge_staging.plans')::regclass);
-- the column has the keys themselves, or any change is one of everything
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer',
	key_maps => '{"plans": "plan", "customers": null}');
SELECT upstream, key_column, has_map FROM dependencies WHERE materialisation = 'mapped' ORDER BY upstream COLLATE "C";
SELECT to_regclass(map_view('mapped', 'nudge_staging.plans'));
-- several columns of one lead to keys, each its own way
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer',
	key_maps => '{"plans": ["plan", {"column": "family", "query": "SELECT segment, customer FROM nudge_staging.customers"}]}');
SELECT upstream, key_column, has_map, dependency_map(d) = map_view('mapped', 'nudge_staging.plans.family') AS has_own FROM dependencies d WHERE materialisation = 'mapped' ORDER BY upstream COLLATE "C", key_column COLLATE "C";
SELECT obj_description(map_view('mapped', 'nudge_staging.plans.family')::regclass);
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer', key_maps => '{"plans": "plan"}');
SELECT to_regclass(map_view('mapped', 'nudge_staging.plans.family'));
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer', key_maps => '{"plans": ["plan", "plan"]}');
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer', key_maps => '{"plans": []}');
-- only its own views go with it
SELECT add_materialisation('mapped__of_more', 'SELECT customer FROM nudge_staging.customers', 'customer');
SELECT drop_materialisation('mapped');
SELECT to_regclass(definition_view('mapped__of_more'));
SELECT drop_materialisation('mapped__of_more');
-- the keys of a batch: none outside of one
SELECT batch_keys(), batch_keys('SELECT unnest($1)'), batch_keys(NULL);
SELECT changed FROM compute_as_owner('pg_class', $$SELECT 0::bigint, 0::bigint, jsonb_build_array(nudge.batch_keys(), nudge.batch_keys('SELECT u || 1 FROM unnest($1) u'))$$, '{b,a}');
SELECT changed FROM compute_as_owner('pg_class', $$SELECT 0::bigint, 0::bigint, jsonb_build_array(nudge.batch_keys())$$, NULL);
SELECT compute_as_owner('pg_class', 'SELECT 1/0, 0::bigint, NULL::jsonb', '{a}');
SELECT compute_as_owner(NULL, 'SELECT 1', '{a}'), batch_keys();
SELECT batch_keys('DELETE FROM nudge.plans');
-- a query that no plan can ask for, and a condition without a plan
SELECT changed FROM compute_as_owner('pg_class', $$SELECT 0::bigint, 0::bigint, jsonb_agg(nudge.batch_keys(format('SELECT u || %L FROM unnest($1) u', n)) ORDER BY n) FROM generate_series(1, 2) n$$, '{b,a}');
CREATE TABLE public.of_batch (key text CHECK (key = ANY (nudge.batch_keys('SELECT unnest($1)'))));
SELECT rows_written FROM compute_as_owner('public.of_batch', $$WITH w AS (INSERT INTO public.of_batch VALUES ('a') RETURNING 1) SELECT count(*), 0::bigint, NULL::jsonb FROM w$$, '{b,a}');
SELECT rows_written FROM compute_as_owner('public.of_batch', $$WITH w AS (INSERT INTO public.of_batch VALUES ('a') RETURNING 1) SELECT count(*), 0::bigint, NULL::jsonb FROM w$$, '{c}');
DROP TABLE public.of_batch;
-- a plan that is kept is not of the batch before
CREATE VIEW public.of_batch AS SELECT k FROM unnest('{a,b,c}'::text[]) k WHERE k = ANY (nudge.batch_keys('SELECT unnest($1)'));
CREATE FUNCTION public.kept() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT string_agg(k, ' ' ORDER BY k) FROM public.of_batch); END $$;
SELECT k, (SELECT changed FROM compute_as_owner('public.of_batch', 'SELECT 0::bigint, 0::bigint, to_jsonb(public.kept())', string_to_array(k, NULL))) FROM unnest('{ab,c}'::text[]) k;
SELECT public.kept();
-- nor of the one around it
SELECT changed FROM compute_as_owner('public.of_batch', $$SELECT 0::bigint, 0::bigint, jsonb_build_array(public.kept(),
	(SELECT i.changed FROM nudge.compute_as_owner('public.of_batch', 'SELECT 0::bigint, 0::bigint, to_jsonb(public.kept())', '{b}') i), public.kept())$$, '{a,c}');
DROP FUNCTION public.kept();
DROP VIEW public.of_batch;
SELECT add_materialisation('mapped', 'SELECT customer FROM nudge_staging.customers', 'customer', key_maps => '{"customers": "nothing"}');
SELECT add_materialisation('mapped', 'SELECT customer FROM nudge_staging.customers', 'customer', key_maps => '{"customers": "created_at"}');
SELECT add_materialisation('mapped', 'SELECT customer FROM nudge_staging.customers', 'customer', key_maps => '{"customers": 5}');
SELECT add_materialisation('mapped', 'SELECT customer FROM nudge_staging.customers', 'customer', key_maps => '{"customers": {"column": "customer"}}');
SELECT add_materialisation('mapped', 'SELECT customer FROM nudge_staging.customers', 'customer', key_maps => '{"customers": {"column": "customer", "query": "SELECT 1, 2", "where": ""}}');
SELECT add_materialisation('mapped', 'SELECT customer FROM nudge_staging.customers', 'customer', key_maps => '{"customers": {"column": "customer", "query": "SELECT 1 AS a"}}');
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c, nudge_staging.plans p', 'customer', key_maps => '{"plans": {"column": "plan", "query": "SELECT plan FROM nowhere"}}');
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c, nudge_staging.plans p', 'customer', key_maps => '{"charges": "customer"}');
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c, nudge_staging.plans p', 'customer', key_maps => '{"nowhere": "customer"}');
-- of another relation nobody knows what changes
SELECT add_materialisation('other', 'SELECT account FROM shop.invoices', 'account', key_maps => '{"shop.invoices": "account"}');
SELECT add_materialisation('other', 'SELECT account FROM shop.invoices', 'account', key_maps => '{"shop.invoices": null}');
SELECT add_materialisation('mapped', 'SELECT c.customer, p.list_price FROM nudge_staging.customers c, nudge_staging.plans p', 'customer');

-- The clock: when rows change by time alone
SELECT add_materialisation('timed', 'SELECT c.customer, c.created_at > nudge.as_of() AS coming FROM nudge_staging.customers c', 'customer', clock_query => 'SELECT customer, created_at FROM nudge_staging.customers;');
SELECT has_clock, clock_at FROM materialisations WHERE name = 'timed';
SELECT obj_description('nudge_staging.timed__clock'::regclass);
SELECT add_materialisation('timed', 'SELECT c.customer, c.created_at > nudge.as_of() AS coming FROM nudge_staging.customers c', 'customer', clock_query => 'SELECT customer FROM nudge_staging.customers');
SELECT add_materialisation('timed', 'SELECT c.customer, c.created_at > nudge.as_of() AS coming FROM nudge_staging.customers c', 'customer', clock_query => 'SELECT customer, created_at::date FROM nudge_staging.customers');
SELECT add_materialisation('timed', 'SELECT c.customer, c.created_at > nudge.as_of() AS coming FROM nudge_staging.customers c', 'customer', clock_query => 'SELECT customer, nothing FROM nudge_staging.customers');
SELECT add_materialisation('timed', 'SELECT c.customer, c.created_at > nudge.as_of() AS coming FROM nudge_staging.customers c', 'customer');
SELECT has_clock, to_regclass('nudge_staging.timed__clock') FROM materialisations WHERE name = 'timed';
-- as_of() is now, but where it is set
SELECT as_of() = now();
SET nudge.as_of = '2024-05-01 12:00Z';
SELECT as_of();
SET nudge.as_of = 'then';
SELECT as_of();
RESET nudge.as_of;

-- Marts of marts: the column by which one is read has an index; no cycle; what is read cannot be dropped
SELECT add_materialisation('by_price', 'SELECT w.list_price::text AS list_price, count(*) AS customers FROM nudge_analytics.wide w GROUP BY 1', 'list_price', key_maps => '{"wide": "list_price"}');
SELECT indexdef FROM pg_indexes WHERE schemaname = 'nudge_analytics' AND tablename = 'wide' ORDER BY indexname COLLATE "C";
SELECT upstream, key_column, has_map FROM dependencies WHERE materialisation = 'by_price';
SELECT * FROM refresh_order() WHERE name IN ('revenue', 'wide', 'by_price');
SELECT with_upstreams('by_price'), with_upstreams('revenue'), with_upstreams('nothing'), with_upstreams(NULL);
SELECT add_materialisation('revenue', 'SELECT r.customer, r.total, r."How many" FROM nudge_analytics.revenue r', 'customer');
SELECT add_materialisation('revenue', 'SELECT b.list_price AS customer, 1::numeric AS total, b.customers AS "How many" FROM nudge_analytics.by_price b', 'customer');
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount) AS total, count(*) AS "How many" FROM nudge_staging.charges GROUP BY customer', 'customer', depends_on => '{by_price}');
SELECT drop_materialisation('revenue');
SELECT drop_materialisation('wide');
SELECT drop_materialisation(NULL);
-- A view of yours on it keeps it
CREATE VIEW mine AS SELECT * FROM nudge_analytics.by_price;
SELECT drop_materialisation('by_price');
DROP VIEW mine;
SELECT drop_materialisation('by_price');
SELECT to_regclass('nudge_analytics.by_price'), to_regclass('nudge_staging.by_price__definition'), (SELECT count(*) FROM dependencies WHERE materialisation = 'by_price');
-- One whose table or query is gone
DROP TABLE nudge_analytics.wide;
SELECT name, status FROM freshness WHERE name = 'wide';
SELECT drop_materialisation('wide');
DROP VIEW nudge_staging.timed__definition;
SELECT name, status FROM freshness WHERE name = 'timed';
SELECT drop_materialisation('timed');

SELECT enable_materialisation('mapped', false), enable_materialisation('nothing', NULL);
SELECT name, enabled FROM materialisations WHERE name = 'mapped';
SELECT enable_materialisation('mapped');
SELECT enable_materialisation('nothing');
SELECT name, enabled FROM materialisations WHERE name = 'mapped';

-- Rights: those of who adds it, and nobody's who may not
CREATE ROLE nudge_adder;
CREATE ROLE nudge_stranger;
GRANT USAGE ON SCHEMA shop, nudge, nudge_staging, nudge_analytics TO nudge_adder, nudge_stranger;
SET ROLE nudge_stranger;
SELECT add_materialisation('x', 'SELECT 1 AS a', 'a');
SELECT drop_materialisation('mapped');
SELECT enable_materialisation('mapped');
SELECT name FROM materialisations ORDER BY name COLLATE "C";
SELECT count(*) FROM pending;
RESET ROLE;
GRANT EXECUTE ON FUNCTION add_materialisation, drop_materialisation TO nudge_adder;
GRANT INSERT, UPDATE, DELETE ON materialisations, dependencies, pending TO nudge_adder;
GRANT SELECT ON pending TO nudge_adder;
GRANT CREATE ON SCHEMA nudge_staging, nudge_analytics TO nudge_adder;
CREATE TABLE secret AS SELECT 'a'::text AS k;
SET ROLE nudge_adder;
SELECT add_materialisation('hers', 'SELECT k FROM shop.secret', 'k');
SELECT add_materialisation('hers', 'SELECT ''a''::text AS k', 'k');
SELECT registered_by FROM materialisations WHERE name = 'hers';
-- what belongs to somebody else
RESET ROLE;
ALTER VIEW nudge_staging.revenue__definition OWNER TO nudge_stranger;
SET ROLE nudge_adder;
SELECT add_materialisation('revenue', 'SELECT ''a''::text AS customer', 'customer');
SELECT drop_materialisation('revenue');
RESET ROLE;
-- by whose rights it is computed, whoever changes it
SELECT add_materialisation('hers', 'SELECT k FROM shop.secret', 'k');
-- Of a table of somebody else she makes no index, and needs none
GRANT SELECT ON nudge_analytics.mapped TO nudge_adder;
SET ROLE nudge_adder;
SELECT add_materialisation('prices', 'SELECT list_price::integer AS list_price FROM nudge_analytics.mapped', 'list_price', key_maps => '{"mapped": "list_price"}');
SELECT drop_materialisation('prices');
SELECT drop_materialisation('hers');
RESET ROLE;

SELECT drop_materialisation(o.name) FROM (SELECT name FROM refresh_order() ORDER BY depth DESC, name COLLATE "C") o;
SELECT count(*) FROM materialisations;
SELECT count(*) FROM dependencies;
SELECT count(*) FROM pending;
DROP VIEW outer_view, inner_view;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DELETE FROM change_log;
DROP SCHEMA nudge_staging, nudge_analytics;
DROP SCHEMA shop CASCADE;
DROP OWNED BY nudge_adder, nudge_stranger;
DROP ROLE nudge_adder, nudge_stranger;
