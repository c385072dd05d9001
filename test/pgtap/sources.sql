--
-- sources.sql
--		Mapped views against hand-written queries, every input and every check of
--		it, and who may do what.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed sources
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SELECT plan(38);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Random rows, mapped and by hand
CREATE SCHEMA shop;
CREATE TABLE shop.deals AS
	SELECT g AS id, (ARRAY['a', 'b', NULL])[1 + floor(random() * 3)::integer] AS account, timestamp '2024-01-01' + random() * interval '400 days' AS born,
		floor(random() * 100000)::integer AS minor, (ARRAY['EUR', 'eur', 'JPY', 'KWD', 'USD'])[1 + floor(random() * 5)::integer] AS currency,
		(ARRAY['Closed Won', 'closed lost', ' OPEN ', 'Won', NULL])[1 + floor(random() * 5)::integer] AS state, date '2024-01-01' + floor(random() * 400)::integer AS day, random() < 0.1 AS test
	FROM generate_series(1, 2000) g;
SELECT is(nudge.map_source('deals', 'shop.deals', '{"deal": "id", "customer": "account", "created_at": "born", "amount": "minor", "stage": "state", "outcome": "state", "closed_at": "r.day + 1", "owner": "coalesce(r.account, ''-'')"}',
	filter => 'NOT r.test', zone => 'Europe/Berlin', amount_scale => '{"*": 2, "JPY": 0, "KWD": 3}', words => '{"outcome": {"closed won": "won", "closed lost": "lost", "open": null}}'), 'nudge_staging.deals', 'the view is named');
CREATE VIEW by_hand AS
	SELECT id::text AS deal, account AS customer, born AT TIME ZONE 'Europe/Berlin' AS created_at, CASE upper(currency) WHEN 'JPY' THEN minor WHEN 'KWD' THEN minor / 1000.0 ELSE minor / 100.0 END AS amount, currency, state AS stage,
		(day + 1)::timestamp AT TIME ZONE 'Europe/Berlin' AS closed_at, CASE lower(trim(state)) WHEN 'closed won' THEN 'won' WHEN 'closed lost' THEN 'lost' WHEN 'open' THEN NULL ELSE state END AS outcome, coalesce(account, '-') AS owner
	FROM shop.deals WHERE NOT test;
CREATE VIEW mapped AS SELECT deal, customer, created_at, amount, currency, stage, closed_at, outcome, owner FROM nudge_staging.deals;
SELECT is((SELECT count(*) FROM mapped), (SELECT count(*) FROM by_hand), 'as many rows as by hand');
SELECT is_empty('TABLE mapped EXCEPT ALL TABLE by_hand', 'a mapped view is the query by hand');
CREATE TABLE before AS TABLE mapped;
SELECT lives_ok('SELECT nudge.remap_sources()', 'sources can be mapped anew');
SELECT is_empty('TABLE mapped EXCEPT ALL TABLE before', 'which changes nothing');
-- A source in two halves is the whole
SELECT lives_ok($$
	SELECT nudge.map_source(s.input, s.relation::regclass, s.columns, v.name, NULL, v.filter, s.zone, s.amount_scale, s.words)
	FROM (SELECT * FROM nudge.sources WHERE source = 'deals') s, (VALUES ('deals', 'NOT r.test AND r.id % 3 = 0'), ('rest', 'NOT r.test AND r.id % 3 <> 0')) v(name, filter)
$$, 'one table can be two sources');
SELECT is_empty('TABLE mapped EXCEPT ALL TABLE before', 'two sources that share the rows are the whole');
SELECT is((SELECT count(*) FROM nudge_staging.deals), (SELECT count(*) FROM before), 'and no more');
-- Functions over inputs read the view as they read a table
SELECT results_eq($$ SELECT * FROM nudge.win_rates('nudge_staging.deals', '2024-01-01', '2025-01-01', 'owner', 'quarter', 'Europe/Berlin') $$,
	$$ SELECT * FROM nudge.win_rates('by_hand', '2024-01-01', '2025-01-01', 'owner', 'quarter', 'Europe/Berlin') $$, 'win_rates are those of the query by hand');
SELECT ok(nudge.unmap_source('rest'), 'a source is unmapped');
SELECT is_empty($$ SELECT deal FROM mapped EXCEPT SELECT id::text FROM shop.deals WHERE id % 3 = 0 $$, 'its rows are gone');
SELECT lives_ok('DROP VIEW mapped', 'nothing else holds it');
SELECT ok(nudge.unmap_source('deals'), 'the last source is unmapped');
SELECT is_empty($$ SELECT relname FROM pg_class WHERE relnamespace = 'nudge_staging'::regnamespace $$, 'no view is left');
SELECT is_empty('TABLE nudge.sources', 'no row is left');

-- Every input: a table of its columns is mapped without another word
SELECT is_empty($$ SELECT input FROM nudge.input_columns WHERE column_name = 'source_name' $$, 'no input has a column of the name that views have');
SELECT is_empty($$
	SELECT input, column_name FROM nudge.inputs i, LATERAL unnest(nudge.input_money(i.input) || nudge.input_ends(i.input)) column_name
	EXCEPT SELECT input, column_name FROM nudge.input_columns WHERE data_type IN ('numeric', 'timestamptz')
$$, 'money and ends are columns');
SELECT is_empty($$
	SELECT r.input, column_name FROM nudge.input_rules() r, LATERAL unnest(r.columns) column_name
	EXCEPT SELECT input, column_name FROM nudge.input_columns
$$, 'rules are about columns that there are');
SELECT is_empty($$
	SELECT r.input, r.columns FROM nudge.input_rules() r WHERE r.rule = 'reference' AND NOT EXISTS (SELECT FROM nudge.input_rules() k WHERE k.rule = 'key' AND k.input = r.words[1] AND cardinality(k.columns) = 1)
$$, 'references are to keys');
CREATE SCHEMA good;
-- one row that keeps all rules: keys are k, intervals have a length, what ends is later
CREATE FUNCTION pg_temp.good_value(input text, column_name text, data_type text) RETURNS text LANGUAGE sql
	RETURN CASE
		WHEN column_name IN ('currency', 'base') THEN 'EUR'
		WHEN (input, column_name) = ('customer_merges', 'customer') THEN 'gone'
		WHEN data_type = 'text' THEN coalesce((SELECT r.words[1] FROM nudge.input_rules() r WHERE r.input = good_value.input AND r.rule = 'words' AND r.columns[1] = good_value.column_name), 'k')
		WHEN column_name ~ '(_to|ends_at|ended_at)$' THEN '2024-02-01 00:00+00'
		WHEN data_type IN ('timestamptz', 'date') THEN '2024-01-01 00:00+00'
		WHEN data_type IN ('jsonb', 'text[]') THEN '{}'
		WHEN data_type = 'interval' THEN '1 day'
		WHEN data_type = 'boolean' THEN 'true'
		ELSE '1' END;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.input, string_agg(format('%I %s', c.column_name, c.data_type), ', ' ORDER BY c.position) AS columns,
			string_agg(quote_literal(pg_temp.good_value(c.input, c.column_name, c.data_type)), ', ' ORDER BY c.position) AS row
		FROM nudge.input_columns c GROUP BY 1 ORDER BY 1 LOOP
		EXECUTE format('CREATE TABLE good.%I (%s)', one.input, one.columns);
		EXECUTE format('INSERT INTO good.%I VALUES (%s)', one.input, one.row);
		PERFORM nudge.map_source(one.input, format('good.%I', one.input)::regclass);
	END LOOP;
END
$$;
CREATE FUNCTION pg_temp.differing() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	one text;
	differs boolean;
BEGIN
	FOR one IN SELECT i.input FROM nudge.inputs i LOOP
		EXECUTE format('SELECT (SELECT to_jsonb(g) FROM good.%1$I g) IS DISTINCT FROM (SELECT to_jsonb(s) - ''source_name'' FROM (%2$s) s)
			OR (SELECT to_jsonb(g) FROM good.%1$I g) IS DISTINCT FROM (SELECT to_jsonb(s) - ''source_name'' FROM nudge_staging.%1$I s)',
			one, nudge.input_query(one, format('nudge_staging.%I', one)::regclass)) INTO differs;
		IF differs THEN
			RETURN NEXT one;
		END IF;
	END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM nudge.sources), (SELECT count(*) FROM nudge.inputs), 'every input can be mapped');
SELECT is_empty('SELECT pg_temp.differing()', 'and has the rows of its table, for functions too');
SELECT is_empty('SELECT source_name, problem, column_name FROM nudge.check_source()', 'nothing is wrong with a good row of each');

-- Every check: a value that breaks it is found, in that column and as that problem.  What else it breaks does not matter
CREATE FUNCTION pg_temp.bad_value(input text, problem text, column_name text, description text) RETURNS text LANGUAGE sql
	RETURN CASE problem
		WHEN 'missing' THEN (SELECT string_agg(format('%I = NULL', c), ', ') FROM unnest(string_to_array(column_name, ', ')) c)
		WHEN 'not a number' THEN format('%I = ''%s''', column_name, (ARRAY['NaN', 'Infinity', '-Infinity'])[1 + floor(random() * 3)::integer])
		WHEN 'too large' THEN format('%I = %s', column_name, (ARRAY['', '-'])[1 + floor(random() * 2)::integer] || CASE WHEN description ~ '^an amount' THEN '9.2e12' ELSE '1e18' END)
		WHEN 'time out of range' THEN format('%I = ''%s''', column_name, (ARRAY['1989-12-31', '2100-01-02', '-infinity', 'infinity', '1970-01-20'])[1 + floor(random() * 5)::integer])
		WHEN 'unknown currency' THEN format('%I = ''%s''', column_name, CASE WHEN description ~ 'ISO' THEN 'zzz' ELSE 'EURO' END)
		WHEN 'merged in a circle' THEN 'customer = merged_into'
		WHEN 'missing exchange rate' THEN 'currency = ''usd'''
		WHEN 'negative span' THEN format('%I = %I - interval ''1 microsecond''', split_part(column_name, ', ', 2), split_part(column_name, ', ', 1))
		WHEN 'not a share' THEN format('%I = %s', column_name, (ARRAY['-0.001', '1.001'])[1 + floor(random() * 2)::integer])
		WHEN 'not positive' THEN format('%I = %s', column_name, (ARRAY['0', '-1'])[1 + floor(random() * 2)::integer])
		ELSE format('%I = ''unheard of''', column_name) END;
CREATE FUNCTION pg_temp.missed() RETURNS TABLE (input text, problem text, column_name text, seen bigint) LANGUAGE plpgsql AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT i.input, v.problem, v.column_name, v.severity, v.description FROM nudge.inputs i, LATERAL nudge.value_checks(i.input) v
		UNION ALL SELECT i.input, v.problem, v.column_name, v.severity, v.description FROM nudge.inputs i, LATERAL nudge.set_checks(i.input, 3) v LOOP
		BEGIN
			IF one.problem IN ('duplicate', 'overlap') THEN
				EXECUTE format('INSERT INTO good.%I SELECT * FROM good.%1$I', one.input);
			ELSIF one.problem = 'short gap' THEN
				EXECUTE format('INSERT INTO good.%I SELECT (jsonb_populate_record(g, ''{"valid_from": "2024-02-03 23:59+00", "valid_to": null}'')).* FROM good.%1$I g', one.input);
			ELSE
				EXECUTE format('UPDATE good.%I SET %s', one.input, pg_temp.bad_value(one.input, one.problem, one.column_name, one.description));
			END IF;
			SELECT sum(p.bad_rows) INTO seen FROM nudge.check_source(one.input) p
			WHERE p.problem = one.problem AND p.column_name = one.column_name AND p.severity = one.severity AND jsonb_array_length(p.sample) = p.bad_rows;
			RAISE EXCEPTION USING ERRCODE = 'NM000';
		EXCEPTION WHEN SQLSTATE 'NM000' THEN
			NULL;
		END;
		IF seen IS DISTINCT FROM (CASE one.problem WHEN 'duplicate' THEN 2 ELSE 1 END) THEN
			input := one.input;
			problem := one.problem;
			column_name := one.column_name;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT * FROM pg_temp.missed()', 'each check finds what breaks it');
SELECT is_empty('SELECT source_name, problem FROM nudge.check_source()', 'and all is well again');

-- Overlaps against a join of all pairs
INSERT INTO good.subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status)
	SELECT 'k', 'i' || floor(random() * 60), 'k', at, CASE WHEN random() < 0.9 THEN at + floor(random() * 40) * interval '1 day' END, 1, 'month', 1, 'EUR', 'active'
	FROM generate_series(1, 300), LATERAL (SELECT timestamptz '2024-01-01Z' + floor(random() * 1000) * interval '1 day' AS at) a;
SELECT is((SELECT bad_rows FROM nudge.check_source('subscriptions') WHERE problem = 'overlap'),
	(SELECT count(*) FROM (SELECT s.*, row_number() OVER (ORDER BY s.item, s.valid_from, s.valid_to, s.ctid) AS n FROM (SELECT g.*, g.ctid FROM good.subscriptions g WHERE valid_from < coalesce(valid_to, 'infinity')) s) late
		WHERE EXISTS (SELECT FROM (SELECT s.*, row_number() OVER (ORDER BY s.item, s.valid_from, s.valid_to, s.ctid) AS n FROM (SELECT g.*, g.ctid FROM good.subscriptions g WHERE valid_from < coalesce(valid_to, 'infinity')) s) early
			WHERE early.item = late.item AND early.n < late.n AND early.valid_from < coalesce(late.valid_to, 'infinity') AND late.valid_from < coalesce(early.valid_to, 'infinity'))),
	'overlaps are those of a join of all pairs');

-- Who may do what.  ann and ben map, cat reads
CREATE ROLE nudge_test_ann;
CREATE ROLE nudge_test_ben;
CREATE ROLE nudge_test_cat;
CREATE ROLE nudge_test_team;
GRANT USAGE ON SCHEMA nudge, shop TO nudge_test_ann, nudge_test_ben, nudge_test_cat;
GRANT CREATE, USAGE ON SCHEMA nudge_staging TO nudge_test_team;
GRANT nudge_test_team TO nudge_test_ann, nudge_test_ben;
CREATE TABLE shop.users ("user" integer, signed_up_at timestamptz);
CREATE TABLE shop.secret ("user" integer, signed_up_at timestamptz);
INSERT INTO shop.users VALUES (1, '2024-01-01Z');
INSERT INTO shop.secret VALUES (2, '2024-01-01Z');
GRANT SELECT ON shop.users TO nudge_test_team;
GRANT SELECT ON shop.secret TO nudge_test_ben;
SELECT ok(nudge.unmap_source('users'), 'room for others');
SET ROLE nudge_test_cat;
SELECT throws_ok($$ SELECT nudge.map_source('users', 'shop.users') $$, '42501', NULL, 'who may not write the registry maps nothing');
SELECT throws_ok($$ SELECT nudge.unmap_source('plans') $$, '42501', NULL, 'and unmaps nothing');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sources TO nudge_test_ann, nudge_test_ben, nudge_test_team;
GRANT SELECT ON nudge.entity_keys, nudge.exclusions, nudge.entity_merges TO nudge_test_team;
SET ROLE nudge_test_ann;
SELECT throws_ok($$ SELECT nudge.map_source('users', 'shop.secret') $$, '42501', 'source "users" cannot be read', 'a mapper reads what the mapper may read');
SELECT lives_ok($$ SELECT nudge.map_source('users', 'shop.users') $$, 'which needs no right to make temporary objects');
RESET ROLE;
SET ROLE nudge_test_ben;
SELECT throws_ok($$ SELECT nudge.map_source('users', 'shop.secret', source => 'hidden') $$, '42501', 'view nudge_staging.users belongs to role "nudge_test_ann"', 'another mapper does not replace the view of the input');
SELECT throws_ok($$ SELECT nudge.unmap_source('users') $$, '42501', NULL, 'nor unmap it');
RESET ROLE;
GRANT nudge_test_ann TO nudge_test_ben;
SET ROLE nudge_test_ben;
SELECT lives_ok($$ SELECT nudge.map_source('users', 'shop.secret', source => 'hidden') $$, 'a member of the role does');
RESET ROLE;
GRANT USAGE ON SCHEMA nudge_staging TO nudge_test_cat;
GRANT SELECT ON nudge_staging.users TO nudge_test_cat;
SELECT results_eq($$ SELECT source, mapped_by::text COLLATE "default" FROM nudge.sources WHERE input = 'users' ORDER BY 1 $$, $$ VALUES ('hidden', 'nudge_test_ben'), ('users', 'nudge_test_ann') $$, 'each source is read with the rights of its mapper');
SET ROLE nudge_test_cat;
SELECT results_eq('SELECT source_name, "user" FROM nudge_staging.users ORDER BY 2', $$ VALUES ('users', '1'), ('hidden', '2') $$, 'a reader of the view needs no right to what is behind it');
SELECT throws_ok('SELECT * FROM shop.users', '42501', NULL, 'and has none');
SELECT results_eq($$ SELECT DISTINCT problem FROM nudge.check_source() WHERE input = 'users' $$, $$ VALUES ('not readable') $$, 'check_source says which sources it may not read');
SELECT is_empty($$ SELECT source_name FROM nudge.check_source() WHERE problem <> 'not readable' $$, 'and checks the others');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
