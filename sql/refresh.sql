-- The refresh: keys that have changed are computed anew, exactly once.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA shop;
SET search_path = shop, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The last run of each, without its times
CREATE VIEW last_run AS SELECT DISTINCT ON (materialisation COLLATE "C") materialisation AS name, kind, status, batches, keys, rows_written AS written, rows_deleted AS deleted, quarantined AS aside, sqlstate, error
	FROM runs ORDER BY materialisation COLLATE "C", run_id DESC;

CREATE TABLE invoices (id integer PRIMARY KEY, account integer, cents integer, kind text DEFAULT 'setup');
CREATE INDEX ON invoices ((account::text));
SELECT map_source('charges', 'invoices', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "kind", "amount": "r.cents / 100.0", "currency": "''EUR''"}');
SELECT track_source('charges', '{customer}');
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount)::numeric(12,2) AS total, count(*) AS invoices FROM nudge_staging.charges GROUP BY customer', 'customer', batch_keys => 2, cadence => '1 day');

-- By hand (doc/refresh.md): 7 has paid 1 + 2, 8 has paid 5
INSERT INTO invoices VALUES (1, 7, 100), (2, 7, 200), (3, 8, 500);
CALL refresh('revenue');
SELECT * FROM nudge_analytics.revenue ORDER BY customer;
SELECT * FROM last_run;
-- 7 pays 3 more, 9 is new, 8 is gone; 2 keys, then 1
INSERT INTO invoices VALUES (4, 7, 300), (5, 9, 50);
DELETE FROM invoices WHERE account = 8;
SELECT source, key_column, key FROM change_log ORDER BY key;
CALL refresh('revenue');
SELECT * FROM nudge_analytics.revenue ORDER BY customer;
SELECT * FROM last_run;
SELECT count(*) FROM change_log;
-- nothing to do, and nothing done
CALL refresh('revenue');
SELECT * FROM last_run;
-- What is as it was is not written again, and readers of old rows are right: 9 moves to 10, 7 is touched without a change of its total
CREATE TABLE before AS SELECT customer, ctid AS place FROM nudge_analytics.revenue;
UPDATE invoices SET cents = cents WHERE account = 7;
UPDATE invoices SET cents = CASE id WHEN 1 THEN 200 ELSE 100 END WHERE id IN (1, 2);
UPDATE invoices SET account = 10 WHERE account = 9;
CALL refresh('revenue');
SELECT r.*, b.customer IS NOT NULL AS untouched FROM nudge_analytics.revenue r LEFT JOIN before b ON b.customer = r.customer AND b.place = r.ctid ORDER BY r.customer;
SELECT * FROM last_run;
SELECT * FROM verify('revenue');
-- A transaction that is undone leaves nothing to do
BEGIN;
INSERT INTO invoices VALUES (6, 7, 1000);
ROLLBACK;
CALL refresh('revenue');
SELECT * FROM last_run;
-- A row without a key is of nobody
INSERT INTO invoices VALUES (7, NULL, 1000);
CALL rebuild('revenue');
SELECT * FROM nudge_analytics.revenue ORDER BY customer;
-- TRUNCATE is everything
TRUNCATE invoices;
CALL refresh('revenue');
SELECT * FROM nudge_analytics.revenue;
SELECT * FROM last_run;
INSERT INTO invoices VALUES (1, 7, 100), (2, 7, 200), (3, 8, 500), (4, 9, 1), (5, 10, 2);
-- What somebody has done to the table is put right by a rebuild, in one transaction or in batches
CALL refresh('revenue');
UPDATE nudge_analytics.revenue SET total = 0 WHERE customer = '7';
DELETE FROM nudge_analytics.revenue WHERE customer = '8';
INSERT INTO nudge_analytics.revenue VALUES ('zoe', 1, 1);
SELECT * FROM verify('revenue');
CALL refresh('revenue');
SELECT count(*) FROM verify('revenue');
CALL rebuild('revenue');
SELECT * FROM last_run;
SELECT count(*) FROM verify('revenue');
UPDATE nudge_analytics.revenue SET total = 0 WHERE customer = '7';
CALL rebuild('revenue', 1, '1 millisecond');
SELECT * FROM last_run;
SELECT count(*) FROM verify('revenue');
-- The query replaced by hand
CREATE OR REPLACE VIEW nudge_staging.revenue__definition AS SELECT customer, sum(amount)::numeric(12,2) AS total, count(*) + 1 AS invoices FROM nudge_staging.charges GROUP BY customer;
SELECT status FROM freshness WHERE name = 'revenue';
CALL refresh('revenue');
SELECT * FROM nudge_analytics.revenue ORDER BY customer;
-- with a column more, which its table does not have before it is added anew
CREATE OR REPLACE VIEW nudge_staging.revenue__definition AS SELECT customer, sum(amount)::numeric(12,2) AS total, count(*) AS invoices, max(amount)::numeric(12,2) AS "The ""most""" FROM nudge_staging.charges GROUP BY customer;
CALL refresh('revenue');
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount)::numeric(12,2) AS total, count(*) AS invoices, max(amount)::numeric(12,2) AS "The ""most""" FROM nudge_staging.charges GROUP BY customer', 'customer', batch_keys => 2, cadence => '1 day');
CALL refresh('revenue');
SELECT * FROM nudge_analytics.revenue ORDER BY customer;
-- the same again is no work
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount)::numeric(12,2) AS total, count(*) AS invoices, max(amount)::numeric(12,2) AS "The ""most""" FROM nudge_staging.charges GROUP BY customer', 'customer', cadence => '1 day');
CALL refresh('revenue');
SELECT * FROM last_run;
-- a table that was dropped by hand is filled again
DROP TABLE nudge_analytics.revenue;
CALL refresh('revenue');
SELECT status FROM freshness WHERE name = 'revenue';
SELECT add_materialisation('revenue', 'SELECT customer, sum(amount)::numeric(12,2) AS total, count(*) AS invoices, max(amount)::numeric(12,2) AS "The ""most""" FROM nudge_staging.charges GROUP BY customer', 'customer', cadence => '1 day');
CALL refresh('revenue');
SELECT count(*) FROM nudge_analytics.revenue;
-- in a session that writes its settings in another way
SET default_transaction_isolation = 'serializable';
SET search_path = '';
SET nudge.as_of = '2020-01-01Z';
SET datestyle = 'German';
SET quote_all_identifiers = on;
UPDATE shop.invoices SET cents = 300 WHERE id = 1;
CALL nudge.refresh('revenue');
CALL nudge.rebuild('revenue', 1);
UPDATE nudge.materialisations SET next_due_at = now() - interval '1 second';
CALL nudge.run_due();
RESET quote_all_identifiers;
RESET datestyle;
RESET nudge.as_of;
SET search_path = shop, nudge;
RESET default_transaction_isolation;
SET datestyle = 'ISO, YMD';
SELECT * FROM nudge_analytics.revenue WHERE customer = '7';
SELECT * FROM last_run;

-- Names that mean other things in the engine, and a row key with NULLs
SELECT add_materialisation('odd', 'SELECT customer AS "keys", nullif(kind, ''setup'') AS a, count(*) AS b, 1 AS f, 2 AS "Fresh ""stored""", 3 AS m, 4 AS v, 5 AS row_data, 6 AS difference, 7 AS changed FROM nudge_staging.charges GROUP BY 1, 2',
	'keys', row_key => '{keys,a}', key_maps => '{"charges": "customer"}');
CALL refresh('odd');
SELECT * FROM nudge_analytics.odd WHERE "keys" = '7';
INSERT INTO invoices VALUES (6, 7, 1, 'seats'), (7, 7, 1, 'setup');
DELETE FROM invoices WHERE account = 10;
CALL refresh('odd');
SELECT * FROM last_run WHERE name = 'odd';
SELECT * FROM nudge_analytics.odd ORDER BY "keys", a;
UPDATE nudge_analytics.odd SET b = -1 WHERE "keys" = '7' AND a IS NULL;
SELECT * FROM verify('odd');
DELETE FROM invoices WHERE kind = 'seats';
CALL refresh('odd');
SELECT * FROM nudge_analytics.odd ORDER BY "keys", a;
SELECT drop_materialisation('odd');

-- Each type of a key
SELECT add_materialisation('k_' || t, format('SELECT %s AS k, count(*) AS n FROM nudge_staging.charges GROUP BY 1', e), 'k', key_maps => '{"charges": "customer"}')
FROM (VALUES ('text', 'customer'), ('smallint', 'customer::smallint'), ('integer', 'customer::integer'), ('bigint', 'customer::bigint')) v(t, e);
SELECT add_materialisation('k_' || t, format('SELECT %s AS k, count(*) AS n FROM nudge_staging.charges GROUP BY 1', e), 'k',
	key_maps => jsonb_build_object('charges', jsonb_build_object('column', 'customer', 'query', format('SELECT customer, %s FROM generate_series(1, 30) g, LATERAL (SELECT g::text) c(customer)', e))))
FROM (VALUES ('uuid', 'lpad(customer, 32, ''0'')::uuid'), ('date', 'date ''2024-01-01'' + customer::integer'), ('boolean', 'customer::integer % 2 = 0')) v(t, e);
SELECT (SELECT string_agg(m.name, ' ') FROM materialisations m WHERE m.name ~ '^k_') IS NOT NULL AS added;
CALL refresh('k_text');
CALL refresh('k_smallint');
CALL refresh('k_integer');
CALL refresh('k_bigint');
CALL refresh('k_uuid');
CALL refresh('k_date');
CALL refresh('k_boolean');
INSERT INTO invoices VALUES (20, 11, 1), (21, 12, 1);
UPDATE invoices SET account = 9 WHERE account = 8;
SET datestyle = 'German';
CALL refresh('k_date');
SET datestyle = 'ISO, YMD';
CALL refresh('k_text');
CALL refresh('k_smallint');
CALL refresh('k_integer');
CALL refresh('k_bigint');
CALL refresh('k_uuid');
CALL refresh('k_boolean');
SELECT name, status, keys, written, deleted FROM last_run WHERE name ~ '^k_';
-- The map leads from 8, which is no more, to its key as well
SELECT m.name, v.* FROM materialisations m, verify(m.name) v WHERE m.name ~ '^k_' ORDER BY m.name COLLATE "C", v.difference;
SELECT drop_materialisation(name) FROM materialisations WHERE name ~ '^k_';

-- Keys that cannot be computed are put aside, and the others go on
SELECT add_materialisation('ratio', 'SELECT customer, 100 / sum(amount) AS ratio FROM nudge_staging.charges GROUP BY customer', 'customer', batch_keys => 3, cadence => '1 day');
UPDATE invoices SET cents = 0 WHERE account = 9;
INSERT INTO invoices VALUES (30, 20, 0), (31, 21, 100), (32, 22, 200), (33, 23, 400);
CALL refresh('ratio');
SELECT customer, round(ratio, 2) AS ratio FROM nudge_analytics.ratio ORDER BY customer COLLATE "C";
SELECT materialisation, key, attempts, sqlstate, error FROM quarantine ORDER BY key COLLATE "C";
SELECT name, kind, status, keys, written, deleted, aside, sqlstate, error FROM last_run WHERE name = 'ratio';
SELECT status, quarantined FROM freshness WHERE name = 'ratio';
SELECT * FROM verify('ratio');
-- tried again when they change, or when asked for
UPDATE invoices SET cents = 50 WHERE id = 30;
CALL refresh('ratio');
SELECT key, attempts FROM quarantine;
SELECT retry_quarantined('ratio');
SELECT materialisation, key, reason FROM pending;
CALL refresh('ratio');
SELECT key, attempts FROM quarantine;
DELETE FROM invoices WHERE account = 9;
SELECT retry_quarantined();
CALL refresh('ratio');
SELECT count(*) FROM quarantine;
SELECT retry_quarantined('nothing');
SELECT retry_quarantined();
-- a hundred of them are no accident
INSERT INTO invoices SELECT 1000 + g, 1000 + g, 0 FROM generate_series(1, 120) g;
CALL refresh('ratio');
SELECT name, kind, status, aside, sqlstate, error FROM last_run WHERE name = 'ratio';
SELECT status, consecutive_failures, last_error, next_attempt_at > now() AS later FROM freshness WHERE name = 'ratio';
SELECT count(*) FROM quarantine;
-- what is not due is not tried again by the scheduler before its time
UPDATE materialisations SET next_due_at = now() - interval '1 second';
SELECT due_materialisations();
UPDATE materialisations SET next_attempt_at = now() - interval '1 second' WHERE name = 'ratio';
SELECT due_materialisations();
DELETE FROM invoices WHERE account > 1000;
CALL run_due();
SELECT count(*) FROM quarantine;
SELECT status, consecutive_failures, last_error FROM freshness WHERE name = 'ratio';
-- Rows that share a row key
SELECT add_materialisation('twice', 'SELECT customer, cents FROM (SELECT customer, amount * 100 AS cents FROM nudge_staging.charges) c', 'customer');
CALL refresh('twice');
SELECT key, sqlstate, error FROM quarantine ORDER BY key COLLATE "C";
SELECT count(*) FROM nudge_analytics.twice;
-- also where there is nothing but the key
SELECT add_materialisation('twice_alone', 'SELECT customer FROM nudge_staging.charges', 'customer');
CALL refresh('twice_alone');
SELECT key, sqlstate, error FROM quarantine WHERE materialisation = 'twice_alone' ORDER BY key COLLATE "C";
SELECT count(*) FROM verify('twice_alone');
INSERT INTO invoices VALUES (40, 40, 1), (41, 40, 1);
CALL refresh('twice_alone');
SELECT key, sqlstate, error FROM quarantine WHERE materialisation = 'twice_alone' ORDER BY key COLLATE "C";
DELETE FROM invoices WHERE id IN (2, 7, 41);
CALL refresh('twice_alone');
SELECT key FROM quarantine WHERE materialisation = 'twice_alone';
SELECT * FROM nudge_analytics.twice_alone ORDER BY customer COLLATE "C";
-- also where one of the two is as stored, or both are
INSERT INTO invoices VALUES (45, 20, 7);
INSERT INTO invoices SELECT 46, account, cents FROM invoices WHERE account = 21 ORDER BY id LIMIT 1;
CALL refresh('twice');
SELECT key, sqlstate, error FROM quarantine WHERE materialisation = 'twice' ORDER BY key COLLATE "C";
SELECT customer, cents::integer FROM nudge_analytics.twice WHERE customer IN ('20', '21') ORDER BY customer COLLATE "C";
CALL rebuild('twice');
SELECT kind, status, sqlstate, error FROM last_run WHERE name = 'twice';
SELECT customer, cents::integer FROM nudge_analytics.twice WHERE customer IN ('20', '21') ORDER BY customer COLLATE "C";
DELETE FROM invoices WHERE id IN (45, 46);
CALL refresh('twice');
SELECT key FROM quarantine WHERE materialisation = 'twice';
SELECT count(*) FROM verify('twice');
SELECT drop_materialisation('twice'), drop_materialisation('twice_alone');

-- A query that works for no key fails, and the others are refreshed all the same
SELECT add_materialisation('a_bad', 'SELECT customer, count(*) AS n FROM nudge_staging.charges WHERE 1 / (amount * 0) > 0 GROUP BY customer', 'customer');
UPDATE materialisations SET next_due_at = now() - interval '1 second';
CALL run_due();
SELECT name, kind, status, sqlstate, error FROM last_run WHERE name IN ('a_bad', 'revenue');
CALL refresh('a_bad');
SELECT name, status, consecutive_failures FROM freshness WHERE name = 'a_bad';
-- so does one whose query is gone, or whose clock does not work
DROP VIEW nudge_staging.a_bad__definition;
UPDATE materialisations SET next_due_at = now() - interval '1 second', next_attempt_at = NULL;
CALL run_due();
SELECT name, kind, status, sqlstate, error FROM last_run WHERE name IN ('a_bad', 'revenue');
SELECT drop_materialisation('a_bad');
SELECT add_materialisation('a_bad', 'SELECT customer FROM nudge_staging.charges GROUP BY customer', 'customer', clock_query => 'SELECT customer, timestamptz ''2024-01-01Z'' + make_interval(days => (1 / (amount * 0))::integer) FROM nudge_staging.charges');
CALL refresh('a_bad');
UPDATE materialisations SET next_due_at = now() - interval '1 second', next_attempt_at = NULL;
CALL run_due();
SELECT name, kind, status, sqlstate, error FROM last_run WHERE name IN ('a_bad', 'revenue');
SELECT drop_materialisation('a_bad');
-- A map that does not work: whatever has changed may be of anybody
SELECT add_materialisation('a_bad', 'SELECT customer, count(*) AS n FROM nudge_staging.charges GROUP BY customer', 'customer', key_maps => '{"charges": {"column": "customer", "query": "SELECT customer, (1 / (amount * 0))::text FROM nudge_staging.charges"}}');
CALL refresh('a_bad');
INSERT INTO invoices VALUES (42, 42, 1);
SELECT fan_out();
SELECT key, reason FROM pending WHERE materialisation = 'a_bad';
CALL refresh('a_bad');
SELECT count(*) FROM verify('a_bad');
SELECT drop_materialisation('a_bad');

-- Sources of which it is not known what changes: everything, each time
CREATE TABLE rates (factor integer);
INSERT INTO rates VALUES (1);
SELECT add_materialisation('rated', 'SELECT customer, sum(amount * factor)::numeric(12,2) AS total FROM nudge_staging.charges, shop.rates GROUP BY customer', 'customer');
CALL refresh('rated');
UPDATE rates SET factor = 2;
CALL refresh('rated');
SELECT count(*) FROM verify('rated');
SELECT * FROM last_run WHERE name = 'rated';
SELECT drop_materialisation('rated');
SELECT untrack_source('charges');
UPDATE invoices SET cents = cents + 1;
CALL refresh('revenue');
SELECT count(*) FROM verify('revenue');
SELECT track_source('charges', '{customer}');
CALL refresh('revenue');
-- a trigger that is missing is noticed
DROP TRIGGER nudge_u_charges ON invoices;
UPDATE invoices SET cents = cents + 1;
CALL refresh('revenue');
SELECT count(*) FROM verify('revenue');
SELECT track_source('charges', '{customer}');
CALL refresh('revenue');
-- and so is a source that is mapped anew, comes or goes
SELECT map_source('charges', 'invoices', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "kind", "amount": "r.cents / 1000.0", "currency": "''EUR''"}');
CALL refresh('revenue');
SELECT count(*) FROM verify('revenue');
CREATE TABLE more AS SELECT * FROM invoices WHERE false;
SELECT map_source('charges', 'more', '{"customer": "account", "at": "timestamptz ''2024-01-01Z''", "kind": "kind", "amount": "cents", "currency": "''EUR''"}', source => 'more');
SELECT track_source('more', '{customer}');
INSERT INTO more VALUES (1, 7, 1000), (2, 50, 1);
CALL refresh('revenue');
SELECT total FROM nudge_analytics.revenue WHERE customer = '50';
SELECT unmap_source('more');
CALL refresh('revenue');
SELECT count(*) FROM verify('revenue');
-- a table of the schema of inputs that is none is not taken for one
CREATE TABLE nudge_staging.mine (k text, n integer);
SELECT add_materialisation('of_mine', 'SELECT k, n FROM nudge_staging.mine', 'k');
CALL refresh('of_mine');
INSERT INTO nudge_staging.mine VALUES ('a', 1);
CALL refresh('of_mine');
SELECT * FROM nudge_analytics.of_mine;
SELECT drop_materialisation('of_mine');
DROP TABLE nudge_staging.mine;

-- Keys of other inputs, by a map: a new price of a plan is one of who is on it
CREATE TABLE members (id text PRIMARY KEY, plan text, parent text, until timestamptz);
CREATE TABLE plan_list (plan text PRIMARY KEY, price integer);
SELECT map_source('customers', 'members', '{"customer": "id", "created_at": "timestamptz ''2024-01-01Z''", "segment": "plan", "owner": "parent"}');
SELECT map_source('plans', 'plan_list', '{"plan": "plan", "list_price": "price"}');
SELECT track_source('customers', '{customer}'), track_source('plans');
INSERT INTO members VALUES ('ann', 'pro'), ('ben', 'pro'), ('cat', 'mini'), ('dan', NULL);
INSERT INTO plan_list VALUES ('pro', 10), ('mini', 1);
SELECT add_materialisation('priced', 'SELECT c.customer, c.segment, p.list_price FROM nudge_staging.customers c LEFT JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer',
	key_maps => '{"plans": {"column": "plan", "query": "SELECT segment, customer FROM nudge_staging.customers"}}');
CALL refresh('priced');
UPDATE plan_list SET price = 12 WHERE plan = 'pro';
UPDATE members SET plan = 'mini' WHERE id = 'dan';
CALL refresh('priced');
SELECT * FROM nudge_analytics.priced ORDER BY customer;
SELECT * FROM last_run WHERE name = 'priced';
-- without a map it is everything
SELECT add_materialisation('priced', 'SELECT c.customer, c.segment, p.list_price FROM nudge_staging.customers c LEFT JOIN nudge_staging.plans p ON p.plan = c.segment', 'customer', cadence => '1 day');
CALL refresh('priced');
UPDATE plan_list SET price = 13 WHERE plan = 'pro';
SELECT fan_out();
SELECT key, reason FROM pending WHERE materialisation = 'priced';
CALL refresh('priced');
SELECT * FROM nudge_analytics.priced ORDER BY customer;

-- Marts of marts: by segment, the old one and the new one
SELECT add_materialisation('by_segment', 'SELECT p.segment, count(*) AS customers, sum(p.list_price) AS price FROM nudge_analytics.priced p WHERE p.segment IS NOT NULL GROUP BY p.segment', 'segment');
SELECT add_materialisation('overall', 'SELECT true AS one, sum(s.price) AS price FROM nudge_analytics.by_segment s', 'one');
CALL refresh('overall');
SELECT * FROM nudge_analytics.by_segment ORDER BY segment;
SELECT * FROM nudge_analytics.overall;
UPDATE members SET plan = 'max' WHERE id = 'ann';
UPDATE members SET plan = NULL WHERE id IN ('cat', 'dan');
-- alone it sees nothing of that
CALL refresh('by_segment', false);
SELECT * FROM nudge_analytics.by_segment ORDER BY segment;
CALL refresh('overall');
SELECT * FROM nudge_analytics.by_segment ORDER BY segment;
SELECT name, status, keys, written, deleted FROM last_run WHERE name IN ('priced', 'by_segment', 'overall');
SELECT m.name, count(v.*) FROM materialisations m LEFT JOIN LATERAL verify(m.name) v ON true WHERE m.name IN ('priced', 'by_segment', 'overall') GROUP BY 1 ORDER BY m.name COLLATE "C";
-- data of a mart are no fresher than what it reads, and of no time before that is there
SELECT a.data_as_of = b.data_as_of AS same FROM materialisations a, materialisations b WHERE a.name = 'priced' AND b.name = 'overall';
UPDATE materialisations SET data_as_of = NULL WHERE name IN ('priced', 'by_segment');
CALL refresh('by_segment', false);
SELECT data_as_of FROM materialisations WHERE name = 'by_segment';
CALL refresh('overall');
SELECT count(data_as_of) FROM materialisations WHERE name IN ('priced', 'by_segment', 'overall');
SELECT drop_materialisation('overall'), drop_materialisation('by_segment');

-- Two keys of a source: to each mart the one that it is kept by; a mart kept by one that is not written down is computed wholly
SELECT track_source('customers', '{customer,owner}');
UPDATE members SET parent = 'mum' WHERE id IN ('ann', 'ben');
SELECT add_materialisation('by_owner', 'SELECT c.owner, count(*) AS customers FROM nudge_staging.customers c WHERE c.owner IS NOT NULL GROUP BY c.owner', 'owner', cadence => '1 day');
CALL refresh('priced');
CALL refresh('by_owner');
UPDATE members SET parent = 'dad' WHERE id = 'ben';
SELECT name, pending_keys, everything_pending, log_rows FROM lag WHERE name IN ('by_owner', 'priced');
SELECT fan_out();
SELECT materialisation, key, reason FROM pending WHERE materialisation IN ('by_owner', 'priced') ORDER BY materialisation COLLATE "C", key;
CALL refresh('by_owner');
SELECT * FROM nudge_analytics.by_owner ORDER BY owner;
SELECT track_source('customers', '{customer}');
CALL refresh('by_owner');
UPDATE members SET parent = 'mum' WHERE id = 'ben';
SELECT name, log_rows FROM lag WHERE name = 'by_owner';
SELECT fan_out();
SELECT materialisation, key, reason FROM pending WHERE materialisation IN ('by_owner', 'priced') AND reason = 'customers' ORDER BY materialisation COLLATE "C", key;
CALL refresh('by_owner');
SELECT * FROM nudge_analytics.by_owner ORDER BY owner;
CALL refresh('priced');
SELECT drop_materialisation('by_owner');

-- WITH, UNION, and a window over all keys, which no key can be pushed into: with a map of everything it is right
SELECT add_materialisation('united', 'WITH c AS (SELECT customer, amount FROM nudge_staging.charges UNION ALL SELECT customer, 0 FROM nudge_staging.customers) SELECT customer, sum(amount) AS total FROM c GROUP BY 1 HAVING count(*) > 0', 'customer');
SELECT add_materialisation('ranked', 'SELECT customer, rank() OVER (ORDER BY sum(amount) DESC, customer COLLATE "C") AS place FROM nudge_staging.charges GROUP BY customer', 'customer', key_maps => '{"charges": null}');
CALL refresh('united');
CALL refresh('ranked');
INSERT INTO invoices VALUES (60, 60, 100000);
INSERT INTO members VALUES ('eve');
CALL refresh('united');
CALL refresh('ranked');
SELECT customer, place FROM nudge_analytics.ranked WHERE place <= 2 ORDER BY place;
SELECT customer FROM nudge_analytics.united WHERE customer IN ('60', 'eve') ORDER BY 1;
SELECT (SELECT count(*) FROM verify('united')) AS united, (SELECT count(*) FROM verify('ranked')) AS ranked;
-- what is volatile is never the same
SELECT add_materialisation('dice', 'SELECT customer, random() AS n FROM nudge_staging.charges GROUP BY customer', 'customer');
CALL refresh('dice');
SELECT count(*) > 0 AS differs FROM verify('dice');
SELECT drop_materialisation('united'), drop_materialisation('ranked'), drop_materialisation('dice');

-- Rows that change by time alone: ann's ends in a moment, ben's is over, cat's is far off
UPDATE members SET until = v.until FROM (VALUES ('ann', clock_timestamp() + interval '0.3 seconds'), ('ben', timestamptz '2024-01-01Z'), ('cat', '2124-01-01Z')) v(id, until) WHERE members.id = v.id;
CREATE VIEW untils AS SELECT id, until FROM members;
SELECT add_materialisation('current', 'SELECT c.customer, coalesce(u.until > nudge.as_of(), true) AS is_current FROM nudge_staging.customers c JOIN shop.untils u ON u.id = c.customer', 'customer',
	clock_query => 'SELECT id, until FROM shop.members');
CALL refresh('current');
SELECT * FROM nudge_analytics.current WHERE customer <> 'ann' ORDER BY customer;
-- it reads a table that is no source, so that everything would be computed each time: without that, by the clock alone
DELETE FROM dependencies WHERE materialisation = 'current' AND upstream = 'shop.members';
CALL refresh('current');
SELECT pg_sleep(0.4);
SELECT is_current FROM nudge_analytics.current WHERE customer = 'ben';
CALL refresh('current');
SELECT * FROM nudge_analytics.current ORDER BY customer;
SELECT status, keys BETWEEN 0 AND 1 AS few FROM last_run WHERE name = 'current';
SELECT count(*) FROM verify('current');
SELECT clock_at <= now() AS moved FROM materialisations WHERE name = 'current';
SELECT drop_materialisation('current');

-- each key at each refresh
SELECT add_materialisation('now', 'SELECT c.customer, nudge.as_of() AS at FROM nudge_staging.customers c', 'customer', clock_query => 'SELECT customer, nudge.as_of() FROM nudge_staging.customers');
CALL refresh('now');
CALL refresh('now');
SELECT status, keys, written FROM last_run WHERE name = 'now';
SELECT count(*) AS customers, count(DISTINCT n.at) AS instants, bool_and(n.at = m.clock_at) AS of_the_clock FROM nudge_analytics.now n, materialisations m WHERE m.name = 'now';
SELECT drop_materialisation('now');

-- instants alone: everything, for a new month is a key that nobody knew
SELECT add_materialisation('months', $$SELECT m::date AS month, (SELECT count(*) FROM nudge_staging.customers) AS customers FROM generate_series(timestamp '2024-01-01', nudge.as_of() AT TIME ZONE 'UTC', '1 month') m$$, 'month',
	clock_query => $$SELECT date_trunc('month', nudge.as_of(), 'UTC') UNION ALL SELECT NULL$$);
CALL refresh('months');
UPDATE materialisations SET clock_at = date_trunc('month', now(), 'UTC') - interval '1 second' WHERE name = 'months';
SELECT refresh_batch('months', 0, NULL);
SELECT max(month) = date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month' AS last_month FROM nudge_analytics.months;
CALL refresh('months');
SELECT status, keys, written FROM last_run WHERE name = 'months';
SELECT max(month) = date_trunc('month', now() AT TIME ZONE 'UTC') AS this_month FROM nudge_analytics.months;
SELECT count(*) AS differences FROM verify('months');
-- within the month there is nothing to do
CALL refresh('months');
SELECT status, batches FROM run_history WHERE name = 'months' LIMIT 1;
SELECT drop_materialisation('months');

-- run_due: what is enabled and due, until its time is over
UPDATE materialisations SET next_due_at = now() + interval '1 day';
SELECT due_materialisations();
CALL run_due();
UPDATE materialisations SET next_due_at = now() - interval '1 day';
SELECT enable_materialisation('ratio', false);
SELECT due_materialisations();
SELECT enable_materialisation('ratio');
SELECT mark_everything('priced', 'by hand'), mark_everything('nothing', 'by hand');
CALL run_due('0');
SELECT name, kind, status, error FROM last_run WHERE kind = 'due' AND status = 'stopped';
SELECT due_materialisations();
-- a batch that takes longer than the budget, of what is not tracked: were it the
-- same each time, it would never end
SELECT add_materialisation('slow', 'SELECT 1 AS k, (SELECT count(*) FROM pg_catalog.pg_sleep(2.2)) AS n, (SELECT count(*) FROM shop.invoices) AS invoices', 'k');
UPDATE materialisations SET next_due_at = now() + interval '1 day' WHERE name <> 'slow';
CALL run_due('2 seconds');
SELECT status, keys, rows_written FROM run_history WHERE name = 'slow';
SELECT drop_materialisation('slow');
-- where all tables are published, rows are taken, written and deleted all the same
SELECT add_materialisation('twice', 'SELECT c.customer, n, n + length(c.customer) AS sum FROM nudge_staging.customers c, pg_catalog.generate_series(1, nullif(pg_catalog.current_setting(''shop.rows'', true), '''')::integer) n', 'customer', '{customer,n}');
SET shop.rows = 2;
SET client_min_messages = error;
CREATE PUBLICATION published_all FOR ALL TABLES;
SET client_min_messages = warning;
CALL refresh('twice');
SET shop.rows = 1;
CALL rebuild('twice');
SELECT mark_everything('revenue', 'by hand');
DELETE FROM nudge_analytics.revenue;
CALL refresh('revenue');
SELECT count(DISTINCT n) FROM nudge_analytics.twice;
SELECT (SELECT count(*) FROM verify('twice')) + (SELECT count(*) FROM verify('revenue')) AS differences;
DROP PUBLICATION published_all;
SELECT drop_materialisation('twice');
-- a view between query and input is replaced
CREATE VIEW between AS SELECT customer, 1 AS n FROM nudge_staging.customers;
SELECT add_materialisation('looked', 'SELECT customer, n FROM shop.between', 'customer');
CALL refresh('looked');
CREATE OR REPLACE VIEW between AS SELECT customer, 2 AS n FROM nudge_staging.customers;
SELECT status FROM freshness WHERE name = 'looked';
CALL refresh('looked');
SELECT DISTINCT n FROM nudge_analytics.looked;
SELECT status FROM freshness WHERE name = 'looked';
SELECT drop_materialisation('looked');
DROP VIEW between;
UPDATE materialisations SET next_due_at = now();
CALL run_due('1 hour');
SELECT due_materialisations();
SELECT count(*), bool_and(next_due_at > now() AND next_due_at <= now() + cadence) FROM materialisations;
SELECT next_slot('1 hour', '2024-05-01 12:00Z'), next_slot('15 minutes', '2024-05-01 12:07:30Z'), next_slot('1 day', '1999-12-31 23:00Z'), next_slot('90 minutes', '2000-01-01 01:30Z');
SELECT process, seen_at > now() - interval '1 minute' AS seen, expected_every FROM heartbeats;

-- Where it cannot run
BEGIN;
CALL refresh('revenue');
ROLLBACK;
BEGIN;
CALL rebuild('revenue');
ROLLBACK;
BEGIN;
CALL run_due();
ROLLBACK;
DO $$ BEGIN BEGIN CALL nudge.refresh('revenue'); EXCEPTION WHEN division_by_zero THEN NULL; END; END $$;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT fan_out();
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT refresh_batch('revenue', 0, NULL);
ROLLBACK;
CALL refresh('nothing');
CALL refresh(NULL);
CALL rebuild('nothing');
CALL rebuild(NULL);
CALL rebuild('revenue', 0);
CALL rebuild('revenue', 1000001);
-- cancelled: what was not done is done by the next
SELECT add_materialisation('slow', 'SELECT customer, pg_sleep(CASE current_setting(''statement_timeout'') WHEN ''0'' THEN 0 ELSE 60 END)::text AS slept FROM nudge_staging.charges WHERE customer = ''7'' GROUP BY customer', 'customer');
SET statement_timeout = '1s';
CALL refresh('slow');
RESET statement_timeout;
SELECT name, status, sqlstate, error FROM last_run WHERE name = 'slow';
SELECT status, everything_pending FROM freshness WHERE name = 'slow';
CALL refresh('slow');
SELECT count(*) FROM nudge_analytics.slow;
SELECT drop_materialisation('slow');
-- somebody else is at it
SELECT report_outcome('revenue', 'skipped'), report_outcome('revenue', 'stopped'), report_outcome('revenue', 'ok');
-- a run whose session is gone
INSERT INTO runs (materialisation, kind, pid, backend_start) VALUES ('revenue', 'due', 1, '2024-01-01Z');
SELECT DISTINCT status FROM run_history WHERE run_id = (SELECT max(run_id) FROM runs);
CALL refresh('revenue');
SELECT status, error, ended_at IS NOT NULL AS ended FROM runs WHERE pid = 1;

-- Old runs go, but for the last of each
UPDATE runs SET ended_at = ended_at - interval '100 days';
SELECT prune_runs('1000 days'), prune_runs() > 20 AS many, prune_runs('0');
SELECT count(*) = count(DISTINCT materialisation) AND count(*) > 5 AS the_last_of_each FROM runs;

-- Rights: with no more than those of the owner of the query, whoever calls
CREATE ROLE nudge_owner;
CREATE ROLE nudge_operator;
GRANT USAGE ON SCHEMA shop, nudge TO nudge_owner, nudge_operator;
GRANT USAGE, CREATE ON SCHEMA nudge_staging, nudge_analytics TO nudge_owner;
GRANT CREATE ON SCHEMA shop TO nudge_owner;
GRANT EXECUTE ON FUNCTION add_materialisation, drop_materialisation TO nudge_owner;
GRANT INSERT, UPDATE, DELETE, SELECT ON materialisations, dependencies, pending TO nudge_owner;
SET ROLE nudge_operator;
CALL refresh('revenue');
CALL rebuild('revenue');
CALL run_due();
SELECT fan_out();
SELECT verify('revenue');
SELECT retry_quarantined();
SELECT prune_runs();
SELECT run_as_owner('shop.invoices', 'SELECT 1::bigint, 1::bigint, NULL::jsonb', NULL, NULL, NULL);
RESET ROLE;
SET ROLE nudge_owner;
CREATE TABLE hers (k text);
INSERT INTO hers VALUES ('a');
CREATE TABLE seen (who text);
CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO shop.seen VALUES (current_user); RETURN current_user; END $$;
SELECT add_materialisation('hers', 'SELECT k, shop.who() AS who FROM shop.hers', 'k', clock_query => 'SELECT shop.who(), now() FROM shop.hers');
CREATE FUNCTION climb() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'RESET ROLE'; RETURN current_user; END $$;
RESET ROLE;
CALL refresh('hers');
SELECT * FROM nudge_analytics.hers;
CALL refresh('hers');
SELECT * FROM verify('hers');
SELECT DISTINCT who FROM seen;
DELETE FROM seen;
-- nor by what she puts in the place of the table
SET ROLE nudge_owner;
DROP TABLE nudge_analytics.hers;
CREATE VIEW nudge_analytics.hers AS SELECT k, ''::text AS who FROM shop.hers WHERE shop.who() IS NOT NULL;
RESET ROLE;
\set VERBOSITY terse
CALL rebuild('hers');
\set VERBOSITY default
SELECT DISTINCT who FROM seen;
SET ROLE nudge_owner;
DROP VIEW nudge_analytics.hers;
SELECT drop_materialisation('hers');
SELECT add_materialisation('hers', 'SELECT k, shop.climb() AS who FROM shop.hers', 'k');
RESET ROLE;
CALL refresh('hers');
SELECT name, status, sqlstate, error FROM last_run WHERE name = 'hers';
-- what an operator needs
DO $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'nudge'::regnamespace
		AND p.proname IN ('refresh', 'rebuild', 'run_due', 'run_refresh', 'fan_out_all', 'fan_out', 'poll_sources', 'begin_run', 'note_polls', 'mark_run', 'next_keys', 'refresh_batch', 'enumerate_keys', 'after_error', 'end_run', 'heartbeat', 'prune_daily', 'prune_runs', 'prune_job_runs', 'follow_entities', 'check_rebuild') LOOP
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO nudge_operator', one);
	END LOOP;
END
$$;
UPDATE invoices SET cents = 700 WHERE id = 1;
UPDATE materialisations SET next_due_at = now() - interval '1 second', next_attempt_at = NULL;
SET ROLE nudge_operator;
CALL refresh('revenue');
CALL run_due();
CALL rebuild('revenue');
SELECT total FROM nudge_analytics.revenue;
RESET ROLE;
SELECT total FROM nudge_analytics.revenue WHERE customer = '7';
SELECT run_as_owner(0::oid, 'SELECT 1', NULL, NULL, NULL);
SELECT run_as_owner('nudge_analytics.revenue', 'SELECT 1', NULL, NULL, NULL);
SELECT run_as_owner('nudge_analytics.revenue', NULL, NULL, NULL, NULL);
SELECT * FROM run_as_owner('nudge_analytics.revenue', 'SELECT cardinality($1)::bigint, 2::bigint, to_jsonb($3 - $2)', '{a,b}', '2024-01-01Z', '2024-01-02Z');

SELECT is_error_of_key(s), outcome_of(s) FROM unnest('{22012,23505,21000,54000,54001,57014,40P01,55P03,42P01,P0001,XX000}'::text[]) s;

SELECT drop_materialisation(o.name) FROM (SELECT name FROM refresh_order() ORDER BY depth DESC, name COLLATE "C") o;
SELECT count(*) FROM pending;
SELECT count(*) FROM quarantine;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DELETE FROM change_log;
DELETE FROM runs;
DELETE FROM heartbeats;
DROP SCHEMA nudge_staging, nudge_analytics;
DROP SCHEMA shop CASCADE;
DROP OWNED BY nudge_owner, nudge_operator;
DROP ROLE nudge_owner, nudge_operator;
