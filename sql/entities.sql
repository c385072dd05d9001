-- Whose rows count, and as whose.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand: own is our own account, beta_old was sold again as beta.  Without own, 190 are paid, and beta pays 90 of
-- them.  u3 is a user of own, whose event does not say so; the agent of v9 says bot.
CREATE TABLE accounts (customer text, created_at timestamptz, internal boolean);
INSERT INTO accounts VALUES ('acme', '2023-01-01Z', false), ('beta', '2024-02-01Z', NULL), ('beta_old', '2023-03-01Z', false), ('own', '2022-01-01Z', true);
CREATE TABLE people (id text, account text, born timestamptz);
INSERT INTO people VALUES ('u1', 'acme', '2023-01-02Z'), ('u2', 'beta_old', '2023-03-02Z'), ('u3', 'own', '2022-01-02Z');
CREATE TABLE prices (customer text, item text, amount numeric);
INSERT INTO prices VALUES ('acme', 'i1', 100), ('beta', 'i2', 50), ('beta_old', 'i3', 40), ('own', 'i4', 10);
CREATE TABLE clicks (person text, visitor text, account text, at timestamptz, properties jsonb);
INSERT INTO clicks VALUES ('u1', NULL, 'acme', '2024-03-01Z', NULL), ('u2', 'v2', 'beta_old', '2024-03-02Z', NULL), ('u3', NULL, NULL, '2024-03-03Z', NULL),
	(NULL, 'v9', NULL, '2024-03-04Z', '{"agent": "GoodBot/2"}'), (NULL, 'v9', NULL, '2024-03-05Z', NULL), (NULL, NULL, 'acme', '2024-03-06Z', NULL);
SELECT map_source('customers', 'accounts'), map_source('users', 'people', '{"user": "id", "customer": "account", "signed_up_at": "born"}');
SELECT map_source('subscriptions', 'prices', '{"plan": "''p''", "valid_from": "''2024-01-01Z''::timestamptz", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}');
SELECT map_source('events', 'clicks', '{"user": "person", "anonymous_id": "visitor", "customer": "account", "name": "''click''"}');
TABLE exclusions;
TABLE entity_merges;
SELECT * FROM excluded_rows();
SELECT * FROM merged_rows();

SELECT exclude('customer', '{own}', 'own account'), merge_entity('customer', 'beta_old', 'beta', 'sold again', '2024-02-01Z'),
	exclude_where('bots', 'events', $$ r.properties ->> 'agent' ~* 'bot' $$, 'bot', 'visitor');
SELECT customer, sum(amount) FROM nudge_staging.subscriptions GROUP BY 1 ORDER BY 1;
SELECT "user", anonymous_id, customer, at FROM nudge_staging.events ORDER BY at;
SELECT customer FROM nudge_staging.customers ORDER BY 1;
SELECT "user", customer FROM nudge_staging.users ORDER BY 1;
SELECT entity, key, reason, origin, through, added_by = current_user AS mine FROM exclusions ORDER BY 1, 2;
SELECT entity, key, merged_into, counted_as, merged_at, reason, origin FROM entity_merges;
SELECT * FROM excluded_rows();
SELECT * FROM merged_rows();
SELECT * FROM excluded_rows('events');
SELECT * FROM merged_rows('users');
SELECT is_excluded('customer', 'own'), is_excluded('customer', 'acme'), is_excluded('customer', NULL), counted_as('customer', 'beta_old'), counted_as('customer', 'acme'), counted_as('customer', NULL);
-- The rule finds what comes later, and lets go what it does not find any more
INSERT INTO clicks VALUES (NULL, 'v8', NULL, '2024-03-07Z', '{"agent": "bot"}');
UPDATE clicks SET properties = NULL WHERE visitor = 'v9';
SELECT * FROM refresh_entities();
SELECT key, through FROM exclusions WHERE entity = 'visitor';
SELECT * FROM refresh_entities();
-- The rule anew, with another condition; what the hand says is not the rule's
SELECT exclude('visitor', '{v2,v2}', 'tester'), exclude_where('bots', 'events', 'r.anonymous_id IS NOT NULL', 'all bots', 'visitor');
SELECT key, reason, origin, through FROM exclusions WHERE entity = 'visitor' ORDER BY 1;
SELECT include('visitor', '{v2}');
SELECT include('visitor', '{v8}');
SELECT drop_exclusion_rule('bots'), drop_exclusion_rule('bots'), drop_exclusion_rule(NULL);
SELECT key, reason, origin, through FROM exclusions WHERE entity = 'visitor' ORDER BY 1;
SELECT include('visitor', '{v2,v8}');
-- A user whom the hand leaves out stays so without its customer
SELECT exclude('user', '{u3}', 'tester');
SELECT include('customer', '{own}'), include('customer', '{own}');
SELECT entity, key, reason, origin FROM exclusions;
SELECT include('user', '{u3}');
-- Who is linked: users by customer, visitors by both, leads and deals
SELECT map_source('identities', query => $$ SELECT 'v7' AS anonymous_id, 'u1' AS "user", NULL AS customer, timestamptz '2024-01-01Z' AS valid_from UNION ALL SELECT 'v6', 'u9', 'acme', '2024-01-01Z' $$);
SELECT map_source('leads', query => $$ SELECT l AS lead, c AS customer, s AS stage, timestamptz '2024-01-01Z' AS at FROM (VALUES ('l1', NULL, 'new'), ('l1', 'acme', 'won'), ('l2', 'beta', 'won'), ('l3', NULL, 'new')) v(l, c, s) $$);
SELECT map_source('deals', query => $$ SELECT 'd1' AS deal, 'acme' AS customer, timestamptz '2024-01-01Z' AS created_at, 1 AS amount, 'EUR' AS currency, 'won' AS stage $$);
SELECT map_source('deal_stages', query => $$ SELECT 'd1' AS deal, 'new' AS stage, timestamptz '2024-01-01Z' AS at $$);
SELECT map_source('scores', query => $$ SELECT e AS entity, timestamptz '2024-01-01Z' AS at, 50 AS score FROM unnest('{acme,beta_old}'::text[]) e $$);
SELECT exclude('customer', '{acme}', 'a test');
SELECT entity, key, reason, origin, through FROM exclusions ORDER BY 1, 2;
SELECT lead, stage FROM nudge_staging.leads ORDER BY 1;
SELECT (SELECT count(*) FROM nudge_staging.deals) AS deals, (SELECT count(*) FROM nudge_staging.deal_stages) AS deal_stages, (SELECT count(*) FROM nudge_staging.identities) AS identities, (SELECT string_agg(entity, ',') FROM nudge_staging.scores) AS scored;
SELECT * FROM excluded_rows();
SELECT include('lead', '{l1}');
SELECT include('customer', '{acme}');

-- Merges: of users too, in chains, in any order; who is merged into one who is left out is left out
SELECT merge_entity('user', 'u2', 'u1'), merge_entity('customer', 'beta', 'acme');
SELECT "user", customer, at FROM nudge_staging.events ORDER BY at;
SELECT "user", customer FROM nudge_staging.users ORDER BY 1;
SELECT * FROM merged_rows();
SELECT entity, key, merged_into, counted_as FROM entity_merges ORDER BY 1, 2;
SELECT exclude('user', '{u1}', 'tester');
SELECT "user", customer, at FROM nudge_staging.events WHERE customer IS NOT NULL ORDER BY at;
SELECT * FROM excluded_rows('events');
SELECT include('user', '{u1}');
SELECT exclude('customer', '{acme}', 'a test');
SELECT count(*) FROM nudge_staging.subscriptions;
SELECT * FROM excluded_rows('subscriptions');
SELECT * FROM merged_rows('subscriptions');
SELECT include('customer', '{acme}'), exclude('customer', '{beta_old}', 'only that');
SELECT customer, sum(amount) FROM nudge_staging.subscriptions GROUP BY 1 ORDER BY 1;
SELECT include('customer', '{beta_old}'), unmerge_entity('customer', 'beta'), unmerge_entity('customer', 'beta'), unmerge_entity('user', 'u2');
SELECT entity, key, merged_into, counted_as FROM entity_merges;
-- Attributes of who is merged end then
SELECT map_source('account_facts', query => $$ SELECT c AS customer, 'sponsor_status' AS fact, v AS value, f::timestamptz AS valid_from, t::timestamptz AS valid_to
	FROM (VALUES ('beta_old', 'strong', '2023-05-01Z', NULL), ('beta_old', 'weak', '2023-04-01Z', '2023-05-01Z'), ('beta_old', 'late', '2024-02-01Z', NULL), ('beta', 'new', '2024-03-01Z', NULL)) x(c, v, f, t) $$);
SELECT customer, value, valid_from AT TIME ZONE 'UTC' AS valid_from, valid_to AT TIME ZONE 'UTC' AS valid_to FROM nudge_staging.account_facts ORDER BY valid_from;
SELECT * FROM merged_rows('account_facts');
-- What is no merge
SELECT merge_entity('customer', 'beta', 'beta_old');
SELECT merge_entity('customer', 'beta', 'beta');
SELECT merge_entity('visitor', 'v1', 'v2');
SELECT merge_entity('customer', NULL, 'beta');
SELECT merge_entity('customer', 'beta', 'acme', merged_at => 'infinity');
SELECT merge_entity('customer', 'beta', 'acme', merged_at => NULL);
INSERT INTO entity_merges (entity, key, merged_into) VALUES ('customer', 'x', 'y'), ('customer', 'y', 'z'), ('customer', 'z', 'x');
INSERT INTO entity_merges (entity, key, merged_into) VALUES ('customer', 'x', 'y'), ('customer', 'y', 'z'), ('user', 'z', 'x');
SELECT entity, key, merged_into, counted_as FROM entity_merges ORDER BY 1, 2;
DELETE FROM entity_merges WHERE key IN ('x', 'z');
SELECT entity, key, merged_into, counted_as FROM entity_merges ORDER BY 1, 2;
-- Merges that an input tells: the last says it, the hand before all; a circle is no merge
CREATE TABLE moves (customer text, merged_into text, at timestamptz);
INSERT INTO moves VALUES ('a', 'b', '2024-01-01Z'), ('a', 'c', '2024-01-02Z'), ('c', 'd', '2024-01-03Z'), ('p', 'q', '2024-01-04Z'), ('q', 'p', '2024-01-05Z'), ('r', 'r', '2024-01-06Z'), ('beta_old', 'acme', '2024-01-07Z'), ('s', 'p', '2024-01-08Z');
INSERT INTO moves VALUES (NULL, 'acme', '2024-01-09Z'), ('n', NULL, '2024-01-09Z'), ('n', 'acme', NULL), ('n', 'acme', 'infinity'), ('o', 'd', '2024-01-01Z'), ('o', NULL, '2024-01-09Z');
SELECT map_source('customer_merges', 'moves');
SELECT * FROM refresh_entities();
SELECT key, merged_into, counted_as, CASE origin WHEN 'input' THEN merged_at END AS merged_at, origin FROM entity_merges ORDER BY 1;
CREATE TABLE kept AS SELECT key, xmin::text AS x FROM entity_merges;
SELECT count(*) FROM refresh_entities();
SELECT count(*) AS written FROM entity_merges m JOIN kept k USING (key) WHERE m.xmin::text <> k.x;
DROP TABLE kept;
SELECT problem, bad_rows, (SELECT string_agg(s ->> 'customer', ',') FROM jsonb_array_elements(sample) s) AS customers FROM check_source('customer_merges', 9) WHERE problem = 'merged in a circle';
SELECT * FROM refresh_entities();
SELECT unmerge_entity('customer', 'a');
SELECT merge_entity('customer', 'a', 'acme');
SELECT key, counted_as, origin FROM entity_merges ORDER BY 1;
DELETE FROM moves WHERE customer = 'c';
UPDATE moves SET merged_into = 't' WHERE customer = 'p';
SELECT * FROM refresh_entities();
SELECT key, counted_as, origin FROM entity_merges ORDER BY 1;
SELECT unmerge_entity('customer', 'a');
SELECT key, counted_as, origin FROM entity_merges ORDER BY 1;
SELECT unmap_source('customer_merges');
SELECT * FROM refresh_entities();

-- What is no exclusion
SELECT exclude('account', '{x}', 'y');
SELECT exclude(NULL, '{x}', 'y');
SELECT exclude('customer', NULL, 'y');
SELECT exclude('customer', '{x,NULL}', 'y');
SELECT exclude('customer', '{x}', ' ');
SELECT exclude('customer', '{x}', NULL);
SELECT exclude('customer', '{}', 'nobody'), include('customer', '{}'), include('customer', '{nobody}');
SELECT include('account', '{x}');
SELECT exclude_where('r', 'customers', 'r.internal', NULL);
SELECT exclude_where(NULL, 'customers', 'r.internal', 'own');
SELECT exclude_where('r', 'customers', NULL, 'own');
SELECT exclude_where('r', 'spend', 'true', 'own');
SELECT exclude_where('r', NULL, 'true', 'own');
SELECT exclude_where('r', 'customers', 'true', 'own', 'user');
SELECT exclude_where('r', 'tickets', 'true', 'own');
SELECT exclude_where('r', 'customers', 'r.nothing', 'own');
SELECT exclude_where('r', 'customers', 'r.name', 'own');
SELECT exclude_where('r', 'customers', 'random() < 1', 'own');
SELECT excluded_rows('nothing');
SELECT merged_rows('nothing');
-- A rule that fails on a row, or whose input is gone
SELECT exclude_where('late', 'events', '(r.properties ->> ''n'')::integer > 0', 'own', 'user');
INSERT INTO clicks VALUES ('u1', NULL, NULL, '2024-03-08Z', '{"n": "one"}');
SELECT refresh_entities();
DELETE FROM clicks WHERE properties ? 'n';
SELECT exclude_where('own', 'customers', 'r.internal', 'own account');
SELECT customer FROM nudge_staging.customers ORDER BY 1;
SELECT unmap_source('customers');
SELECT * FROM refresh_entities();
SELECT count(*) FROM exclusions;
SELECT drop_exclusion_rule('own'), drop_exclusion_rule('late');
SELECT map_source('customers', 'accounts');

-- What changed is to be computed anew: the keys of both, and those in the same rows
CREATE FUNCTION logged() RETURNS TABLE (source text, key_column text, keys text) LANGUAGE sql AS
	$$ WITH gone AS (DELETE FROM nudge.change_log RETURNING source, key_column, key) SELECT source, key_column, string_agg(DISTINCT key, ',' ORDER BY key) FROM gone GROUP BY 1, 2 ORDER BY 1, 2 $$;
SELECT unmap_source(s) FROM unnest('{identities,leads,deals,deal_stages,scores,account_facts,users}'::text[]) s;
SELECT count(*) >= 0 AS emptied FROM logged();
SELECT track_source('events', '{customer,name}', 'none'), track_source('subscriptions', '{customer}', 'none');
SELECT * FROM logged();
SELECT exclude('customer', '{acme}', 'a test');
SELECT * FROM logged();
SELECT exclude('customer', '{acme}', 'still a test');
SELECT * FROM logged();
SELECT merge_entity('customer', 'acme', 'beta');
SELECT * FROM logged();
SELECT merge_entity('customer', 'acme', 'beta', 'because');
SELECT count(*) FROM logged();
SELECT merge_entity('customer', 'beta', 'own');
SELECT * FROM logged();
SELECT include('customer', '{acme}');
SELECT * FROM logged();
SELECT unmerge_entity('customer', 'beta');
SELECT * FROM logged();
SELECT exclude('visitor', '{v9}', 'bot');
SELECT * FROM logged();
-- with who is left out go the keys beside rows of who is merged into it; the end of a chain; where a merge led before
SELECT track_source('events', '{customer,user}', 'none'), count(*) >= 0 AS emptied FROM logged();
SELECT unmerge_entity('customer', 'acme'), merge_entity('customer', 'beta', 'acme'), count(*) >= 0 AS emptied FROM logged();
SELECT count(*) >= 0 AS emptied FROM logged();
SELECT exclude('customer', '{acme}', 'a test');
SELECT * FROM logged() WHERE source = 'events';
SELECT unmerge_entity('customer', 'beta_old');
SELECT * FROM logged() WHERE source = 'events';
SELECT merge_entity('customer', 'beta_old', 'beta'), count(*) >= 0 AS emptied FROM logged();
SELECT count(*) >= 0 AS emptied FROM logged();
SELECT merge_entity('customer', 'beta', 'own');
SELECT * FROM logged() WHERE source = 'events';
-- what stays as it is is not written again
CREATE TABLE kept AS SELECT key, xmin::text AS x FROM exclusions UNION ALL SELECT key, xmin::text FROM entity_merges;
SELECT count(*) FROM refresh_entities();
SELECT count(*) FILTER (WHERE x NOT IN (SELECT xmin::text FROM exclusions UNION ALL SELECT xmin::text FROM entity_merges)) AS written, count(*) > 2 AS some FROM kept;
SELECT count(*) FROM logged();
DROP TABLE kept;
SELECT include('customer', '{acme}'), unmerge_entity('customer', 'beta');
TRUNCATE exclusions;
SELECT * FROM logged();
-- of a source that cannot be read everything
CREATE OR REPLACE VIEW nudge_staging.events__events AS
	SELECT source_name, "user", anonymous_id, customer, at, (1 / (at - at IS NULL)::integer)::text AS name, feature, success, duration, value, page, session, properties, tie_break FROM nudge_staging.events__events;
SELECT exclude('customer', '{acme}', 'a test');
SELECT * FROM logged();
SELECT include('customer', '{acme}'), unmerge_entity('customer', 'acme'), unmerge_entity('customer', 'beta_old');
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
SELECT untrack_source(source) FROM trackings;
TRUNCATE change_log;
DELETE FROM entity_merges;
DROP FUNCTION logged();
DROP SCHEMA nudge_staging;
DROP TABLE accounts, people, prices, clicks, moves;
