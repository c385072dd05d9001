--
-- entities.sql
--		Random lists against plain SQL, rows against their counts, and a mart that
--		is kept by what the lists write to the change log; who may read them.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed entities
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SELECT plan(26);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Every input has the columns that are keys, and nothing else is one
SELECT results_eq($$ SELECT i.input || '.' || c.column_name FROM nudge.inputs i, LATERAL nudge.entity_columns(i.input) c ORDER BY 1 $$,
	$$ SELECT input || '.' || column_name FROM nudge.input_columns WHERE (column_name IN ('customer', 'user', 'anonymous_id', 'lead', 'deal') OR (input, column_name) = ('scores', 'entity')) AND input <> 'customer_merges' ORDER BY 1 $$,
	'columns that are keys of entities');
SELECT is_empty($$ SELECT i.input, c.entity FROM nudge.inputs i, LATERAL nudge.entity_columns(i.input) c GROUP BY 1, 2 HAVING count(*) > 1 $$, 'an input has one column of each');

CREATE SCHEMA shop;
CREATE FUNCTION pg_temp.some(VARIADIC words text[]) RETURNS text LANGUAGE sql VOLATILE RETURN words[1 + floor(random() * cardinality(words))::integer];
CREATE FUNCTION pg_temp.key(prefix text, n integer) RETURNS text LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.8 THEN prefix || floor(random() * n) END;
CREATE TABLE shop.customers AS SELECT 'c' || g AS customer, timestamptz '2023-01-01Z' AS created_at, g % 7 = 0 AS internal FROM generate_series(0, 39) g;
CREATE TABLE shop.users AS SELECT 'u' || g AS "user", pg_temp.key('c', 40) AS customer, timestamptz '2023-01-01Z' AS signed_up_at FROM generate_series(0, 79) g;
CREATE TABLE shop.identities AS SELECT 'v' || g AS anonymous_id, 'u' || floor(random() * 80) AS "user", pg_temp.key('c', 40) AS customer, timestamptz '2023-01-01Z' AS valid_from FROM generate_series(0, 49) g;
CREATE TABLE shop.events AS SELECT g AS tie_break, pg_temp.key('u', 90) AS "user", pg_temp.key('v', 60) AS anonymous_id, pg_temp.key('c', 45) AS customer, timestamptz '2024-01-01Z' AS at, pg_temp.some('a', 'b', 'c') AS name FROM generate_series(1, 1500) g;
CREATE TABLE shop.facts AS SELECT 'c' || floor(random() * 45) AS customer, 'f' AS fact, 'v' || g AS value, at AS valid_from, CASE WHEN random() < 0.7 THEN at + floor(random() * 300) * interval '1 day' END AS valid_to
	FROM generate_series(1, 300) g, LATERAL (SELECT timestamptz '2023-01-01Z' + g * interval '2 days' AS at) a;
CREATE TABLE shop.leads AS SELECT 'l' || floor(random() * 60) AS lead, CASE WHEN random() < 0.4 THEN pg_temp.key('c', 40) END AS customer, 's' AS stage, timestamptz '2024-01-01Z' AS at FROM generate_series(1, 150) g;
CREATE TABLE shop.prices AS SELECT g AS id, 'c' || floor(random() * 45) AS customer, floor(random() * 100)::integer AS amount FROM generate_series(1, 400) g;
CREATE TABLE shop.merges AS SELECT 'm' AS customer, 'n' AS merged_into, timestamptz '2024-01-01Z' AS at WHERE false;
SELECT lives_ok($$
	SELECT nudge.map_source(t, ('shop.' || t)::regclass) FROM unnest('{customers,users,identities,leads}'::text[]) t
	UNION ALL SELECT nudge.map_source('customer_merges', 'shop.merges')
	UNION ALL SELECT nudge.map_source('account_facts', 'shop.facts')
	UNION ALL SELECT nudge.map_source('events', 'shop.events', filter => 'r.tie_break % 2 = 0')
	UNION ALL SELECT nudge.map_source('events', 'shop.events', source => 'others', filter => 'r.tie_break % 2 = 1')
	UNION ALL SELECT nudge.map_source('subscriptions', 'shop.prices', '{"item": "id", "plan": "''p''", "valid_from": "''2024-01-01Z''::timestamptz", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}')
$$, 'sources are mapped');
SELECT count(nudge.track_source(source, CASE input WHEN 'events' THEN '{user,customer,name}' ELSE '{customer}' END::text[], 'none')) AS tracked FROM nudge.sources WHERE input IN ('events', 'subscriptions') \gset

-- The same by hand.  Whom a key counts as, by walking the merges
CREATE FUNCTION pg_temp.end_of(of_entity text, of_key text) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE w(key, n) AS (SELECT of_key, 0 UNION ALL SELECT m.merged_into, w.n + 1 FROM w JOIN nudge.entity_merges m ON m.entity = of_entity AND m.key = w.key)
	SELECT w.key FROM w ORDER BY w.n DESC LIMIT 1;
END;
CREATE VIEW gone AS
	WITH hand AS (SELECT x.entity, x.key FROM nudge.exclusions x WHERE x.origin = 'hand'),
	customer AS (SELECT key FROM hand WHERE entity = 'customer' UNION SELECT c.customer FROM shop.customers c JOIN nudge.exclusion_rules r ON r.rule = 'internal' WHERE c.internal),
	c AS (SELECT key FROM customer UNION SELECT m.key FROM nudge.entity_merges m WHERE m.entity = 'customer' AND pg_temp.end_of('customer', m.key) IN (SELECT key FROM customer)),
	u AS (SELECT key FROM hand WHERE entity = 'user' UNION SELECT "user" FROM shop.users WHERE customer IN (SELECT key FROM c) UNION SELECT "user" FROM shop.identities WHERE customer IN (SELECT key FROM c)),
	u2 AS (SELECT key FROM u UNION SELECT m.key FROM nudge.entity_merges m WHERE m.entity = 'user' AND pg_temp.end_of('user', m.key) IN (SELECT key FROM u)),
	v AS (SELECT key FROM hand WHERE entity = 'visitor' UNION SELECT anonymous_id FROM shop.identities WHERE customer IN (SELECT key FROM c) OR "user" IN (SELECT key FROM u2)),
	l AS (SELECT key FROM hand WHERE entity = 'lead' UNION SELECT lead FROM shop.leads WHERE customer IN (SELECT key FROM c))
	SELECT 'customer' AS entity, key FROM c UNION ALL SELECT 'user', key FROM u2 UNION ALL SELECT 'visitor', key FROM v UNION ALL SELECT 'lead', key FROM l;
CREATE TABLE gone_now AS TABLE gone;
CREATE TABLE ends_now AS SELECT m.entity, m.key, m.merged_at, pg_temp.end_of(m.entity, m.key) AS counted_as FROM nudge.entity_merges m;
CREATE VIEW events_by_hand AS SELECT tie_break, coalesce(u.counted_as, "user") AS "user", anonymous_id, coalesce(c.counted_as, customer) AS customer, name
	FROM shop.events e LEFT JOIN ends_now u ON u.entity = 'user' AND u.key = e."user" LEFT JOIN ends_now c ON c.entity = 'customer' AND c.key = e.customer
	WHERE NOT EXISTS (SELECT FROM gone_now g WHERE (g.entity, g.key) IN (('user', "user"), ('customer', customer), ('visitor', anonymous_id)));
CREATE VIEW facts_by_hand AS SELECT coalesce(m.counted_as, f.customer) AS customer, value, valid_from, least(valid_to, m.merged_at) AS valid_to FROM shop.facts f LEFT JOIN ends_now m ON m.entity = 'customer' AND m.key = f.customer
	WHERE NOT EXISTS (SELECT FROM gone_now g WHERE (g.entity, g.key) = ('customer', f.customer)) AND coalesce(valid_from < m.merged_at, true);
CREATE VIEW users_by_hand AS SELECT "user", coalesce(m.counted_as, u.customer) AS customer FROM shop.users u LEFT JOIN ends_now m ON m.entity = 'customer' AND m.key = u.customer
	WHERE NOT EXISTS (SELECT FROM gone_now g WHERE (g.entity, g.key) IN (('user', "user"), ('customer', customer))) AND NOT EXISTS (SELECT FROM ends_now o WHERE (o.entity, o.key) = ('user', u."user"));
CREATE VIEW leads_by_hand AS SELECT lead, coalesce(m.counted_as, l.customer) AS customer FROM shop.leads l LEFT JOIN ends_now m ON m.entity = 'customer' AND m.key = l.customer
	WHERE NOT EXISTS (SELECT FROM gone_now g WHERE (g.entity, g.key) IN (('lead', lead), ('customer', customer)));
CREATE VIEW customers_by_hand AS SELECT customer FROM shop.customers c
	WHERE NOT EXISTS (SELECT FROM gone_now g WHERE (g.entity, g.key) = ('customer', customer)) AND NOT EXISTS (SELECT FROM ends_now o WHERE (o.entity, o.key) = ('customer', c.customer));
CREATE FUNCTION pg_temp.differences() RETURNS SETOF text LANGUAGE sql AS $$
	DELETE FROM gone_now;
	INSERT INTO gone_now TABLE gone;
	DELETE FROM ends_now;
	INSERT INTO ends_now SELECT m.entity, m.key, m.merged_at, pg_temp.end_of(m.entity, m.key) FROM nudge.entity_merges m;
	SELECT 'events' WHERE EXISTS (SELECT tie_break, "user", anonymous_id, customer, name FROM nudge_staging.events EXCEPT ALL SELECT * FROM events_by_hand) OR (SELECT count(*) FROM nudge_staging.events) <> (SELECT count(*) FROM events_by_hand)
	UNION ALL SELECT 'facts' WHERE EXISTS (SELECT customer, value, valid_from, valid_to FROM nudge_staging.account_facts EXCEPT ALL SELECT * FROM facts_by_hand) OR (SELECT count(*) FROM nudge_staging.account_facts) <> (SELECT count(*) FROM facts_by_hand)
	UNION ALL SELECT 'users' WHERE EXISTS (SELECT "user", customer FROM nudge_staging.users EXCEPT ALL SELECT * FROM users_by_hand) OR (SELECT count(*) FROM nudge_staging.users) <> (SELECT count(*) FROM users_by_hand)
	UNION ALL SELECT 'leads' WHERE EXISTS (SELECT lead, customer FROM nudge_staging.leads EXCEPT ALL SELECT * FROM leads_by_hand) OR (SELECT count(*) FROM nudge_staging.leads) <> (SELECT count(*) FROM leads_by_hand)
	UNION ALL SELECT 'customers' WHERE EXISTS (SELECT customer FROM nudge_staging.customers EXCEPT ALL SELECT * FROM customers_by_hand) OR (SELECT count(*) FROM nudge_staging.customers) <> (SELECT count(*) FROM customers_by_hand)
$$;

-- A mart by customer, one by user, one by name, kept by what is written down
CREATE TABLE mart (kind text, key text, n bigint, total bigint, PRIMARY KEY (kind, key));
CREATE VIEW mart_now AS
	SELECT 'customer' AS kind, customer AS key, count(*) AS n, sum(amount)::bigint AS total FROM nudge_staging.subscriptions GROUP BY customer
	UNION ALL SELECT 'clicks of customer', customer, count(*), sum(tie_break) FROM nudge_staging.events WHERE customer IS NOT NULL GROUP BY customer
	UNION ALL SELECT 'user', "user", count(*), sum(tie_break) FROM nudge_staging.events WHERE "user" IS NOT NULL GROUP BY "user"
	UNION ALL SELECT 'name', name, count(*), sum(tie_break) FROM nudge_staging.events GROUP BY name;
CREATE FUNCTION pg_temp.refresh() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE pending ON COMMIT DROP AS
		SELECT DISTINCT CASE WHEN s.input = 'subscriptions' THEN l.key_column WHEN l.key_column = 'customer' THEN 'clicks of customer' ELSE l.key_column END AS kind, nudge.counted_as(l.key_column, l.key) AS key
		FROM nudge.change_log l JOIN nudge.sources s ON s.source = l.source WHERE s.input IN ('subscriptions', 'events');
	DELETE FROM nudge.change_log;
	-- what is merged has no rows of its own any more
	DELETE FROM mart m USING pending p WHERE p.kind = m.kind AND (p.key = m.key OR nudge.counted_as(CASE m.kind WHEN 'user' THEN 'user' ELSE 'customer' END, m.key) = p.key);
	INSERT INTO mart SELECT n.* FROM mart_now n JOIN pending p ON p.kind = n.kind AND p.key = n.key ON CONFLICT DO NOTHING;
	DROP TABLE pending;
END
$$;
INSERT INTO mart SELECT * FROM mart_now;
DELETE FROM nudge.change_log;

-- Random steps: each leaves the views, the counts and the mart right
CREATE FUNCTION pg_temp.step() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	what constant integer := floor(random() * 11);
	c constant text := 'c' || floor(random() * 42);
	d constant text := 'c' || floor(random() * 42);
	u constant text := 'u' || floor(random() * 85);
	w constant text := 'u' || floor(random() * 85);
BEGIN
	CASE what
		WHEN 0 THEN PERFORM nudge.exclude('customer', ARRAY[c, d], 'test');
		WHEN 1 THEN PERFORM nudge.include('customer', ARRAY(SELECT key FROM nudge.exclusions WHERE entity = 'customer' AND origin = 'hand' ORDER BY random() LIMIT 2));
		WHEN 2 THEN PERFORM nudge.exclude('user', ARRAY[u], 'tester');
		WHEN 3 THEN PERFORM nudge.include('user', ARRAY[u]);
		WHEN 4 THEN PERFORM nudge.exclude('visitor', ARRAY['v' || floor(random() * 60)], 'bot');
		WHEN 5 THEN PERFORM nudge.merge_entity('customer', c, d, merged_at => timestamptz '2023-01-01Z' + random() * interval '700 days');
		WHEN 6 THEN PERFORM nudge.unmerge_entity('customer', (SELECT key FROM nudge.entity_merges WHERE entity = 'customer' ORDER BY random() LIMIT 1));
		WHEN 7 THEN PERFORM nudge.merge_entity('user', u, w);
		WHEN 8 THEN PERFORM nudge.unmerge_entity('user', coalesce((SELECT key FROM nudge.entity_merges WHERE entity = 'user' ORDER BY random() LIMIT 1), 'u'));
		WHEN 9 THEN
			IF random() < 0.5 THEN PERFORM nudge.exclude_where('internal', 'customers', 'r.internal', 'own');
			ELSE PERFORM nudge.drop_exclusion_rule('internal'); END IF;
		ELSE
			INSERT INTO shop.merges VALUES (c, d, timestamptz '2023-01-01Z' + random() * interval '700 days');
			DELETE FROM shop.merges WHERE random() < 0.3;
			PERFORM nudge.refresh_entities();
	END CASE;
	RETURN what;
EXCEPTION WHEN invalid_parameter_value OR object_in_use OR null_value_not_allowed THEN
	-- in a circle, or still found by a rule
	RETURN NULL;
END
$$;
CREATE TABLE wrong (step integer, what text, problem text);
CREATE FUNCTION pg_temp.walk(steps integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	done integer := 0;
	what text;
BEGIN
	FOR i IN 1 .. steps LOOP
		what := pg_temp.step();
		CONTINUE WHEN what IS NULL;
		done := done + 1;
		PERFORM pg_temp.refresh();
		INSERT INTO wrong SELECT i, what, 'view of ' || d FROM pg_temp.differences() d;
		INSERT INTO wrong SELECT i, what, format('mart %s %s', kind, key) FROM ((TABLE mart EXCEPT TABLE mart_now) UNION (TABLE mart_now EXCEPT TABLE mart)) x;
		INSERT INTO wrong SELECT i, what, 'counted_as' FROM nudge.entity_merges m WHERE m.counted_as <> pg_temp.end_of(m.entity, m.key);
		INSERT INTO wrong SELECT i, what, 'exclusion of ' || g.entity FROM gone_now g WHERE NOT nudge.is_excluded(g.entity, nudge.counted_as(g.entity, g.key)) AND NOT nudge.is_excluded(g.entity, g.key);
		-- all rows are counted, left out, or dropped with who is merged
		INSERT INTO wrong SELECT i, what, 'rows of events' WHERE (SELECT count(*) FROM shop.events) <> (SELECT count(*) FROM nudge_staging.events) + (SELECT coalesce(sum(excluded_rows), 0) FROM nudge.excluded_rows('events'));
		INSERT INTO wrong SELECT i, what, 'rows of users' WHERE (SELECT count(*) FROM shop.users) <> (SELECT count(*) FROM nudge_staging.users) + (SELECT coalesce(sum(excluded_rows), 0) FROM nudge.excluded_rows('users'))
			+ (SELECT coalesce(sum(dropped_rows), 0) FROM nudge.merged_rows('users') WHERE entity = 'user');
		INSERT INTO wrong SELECT i, what, 'rows of facts' WHERE (SELECT count(*) FROM shop.facts) <> (SELECT count(*) FROM nudge_staging.account_facts) + (SELECT coalesce(sum(excluded_rows), 0) FROM nudge.excluded_rows('account_facts'))
			+ (SELECT coalesce(sum(dropped_rows), 0) FROM nudge.merged_rows('account_facts'));
	END LOOP;
	RETURN done;
END
$$;
SELECT is_empty('SELECT * FROM pg_temp.differences()', 'with empty lists the views are all rows');
SELECT cmp_ok(pg_temp.walk(60), '>', 20, 'random changes are made');
SELECT is_empty('SELECT * FROM wrong', 'after each of them views, counts and a mart kept by the change log are right');
SELECT isnt_empty($$ SELECT FROM nudge.exclusions WHERE origin = 'linked' $$, 'somebody was linked');
SELECT results_eq('SELECT list, added, removed FROM nudge.refresh_entities()', $$ VALUES ('entity_merges', 0::bigint, 0::bigint), ('exclusions', 0, 0) $$, 'a refresh changes nothing');
SELECT is_empty('SELECT * FROM nudge.change_log', 'and writes nothing down');
-- Sources mapped anew read the lists
CREATE TABLE before AS SELECT * FROM nudge_staging.events;
SELECT lives_ok('SELECT nudge.remap_sources()', 'sources can be mapped anew');
SELECT is_empty('TABLE before EXCEPT ALL SELECT * FROM nudge_staging.events', 'which changes nothing');
-- Undone, all is as it was
SELECT lives_ok($$ DELETE FROM nudge.exclusion_rules; DELETE FROM shop.merges; DELETE FROM nudge.exclusions; DELETE FROM nudge.entity_merges $$, 'lists are emptied');
SELECT lives_ok('SELECT pg_temp.refresh()', 'what that changes is refreshed');
SELECT is_empty('(TABLE mart EXCEPT TABLE mart_now) UNION (TABLE mart_now EXCEPT TABLE mart)', 'the mart is right');
SELECT is((SELECT count(*) FROM nudge_staging.events), (SELECT count(*) FROM shop.events), 'all rows are counted again');
SELECT is_empty('SELECT * FROM pg_temp.differences()', 'as they are');
-- Keys of any type are theirs
SELECT is(nudge.exclude('customer', (SELECT array_agg('c' || g) FROM generate_series(0, 44) g), 'all'), 45::bigint, 'all can be left out');
SELECT is_empty($$ SELECT FROM nudge_staging.subscriptions $$, 'then nothing is left');
SELECT is((SELECT sum(excluded_rows) FROM nudge.excluded_rows('subscriptions')), 400::numeric, 'and all of it is counted');

-- Who may do what
CREATE ROLE nudge_test_lists;
GRANT USAGE ON SCHEMA nudge, nudge_staging TO nudge_test_lists;
GRANT SELECT ON nudge_staging.events TO nudge_test_lists;
SET ROLE nudge_test_lists;
SELECT throws_ok('SELECT * FROM nudge.exclusions', '42501', NULL, 'the list is not for everybody to read');
SELECT throws_ok('SELECT * FROM nudge.entity_merges', '42501', NULL, 'nor is who is merged');
SELECT throws_ok('SELECT * FROM nudge.entity_keys', '42501', NULL, 'nor both together');
SELECT throws_ok($$ SELECT nudge.exclude('customer', '{x}', 'y') $$, '42501', NULL, 'nor to change');
SELECT throws_ok($$ SELECT nudge.merge_entity('customer', 'x', 'y') $$, '42501', NULL, 'nor are merges');
SELECT throws_ok($$ SELECT nudge.exclude_where('x', 'customers', 'true', 'y') $$, '42501', NULL, 'nor rules');
SELECT lives_ok('SELECT count(*) FROM nudge_staging.events', 'who may read the view needs no right to the lists');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
