--
-- store_entities.sql
--		Who is left out by hand, by a rule and with a customer, who is merged, and
--		a view that reads both lists.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_people (who text, account text, since timestamptz);
INSERT INTO stored_people VALUES ('p1', 'stored_a', '2024-01-01Z'), ('p2', 'stored_b', '2024-01-02Z'), ('p3', 'stored_x', '2024-01-03Z'), ('test p4', NULL, '2024-01-04Z');
SELECT nudge.map_source('users', 'stored_people', '{"user": "who", "customer": "account", "signed_up_at": "since"}', source => 'stored_people');
SELECT nudge.exclude('customer', '{stored_x}', 'test account');
SELECT nudge.exclude_where('stored testers', 'users', $$ r."user" LIKE 'test %' $$, 'tester', 'user');
SELECT nudge.merge_entity('customer', 'stored_a', 'stored_b', 'sold again', '2024-02-01Z');
