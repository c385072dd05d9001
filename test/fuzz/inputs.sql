--
-- inputs.sql
--		Small inputs and settings for the functions that the fuzzer calls: fuzz.sql
--		gives their names to arguments that are relations.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

-- a funnel as rows, for what reads one
INSERT INTO nudge.funnel_definitions VALUES
	('sign_up', 1, 'a', 100, NULL, NULL, 1, '{c,d}'), ('sign_up', 3, 'b', NULL, 0.5, '1 day', 1, NULL), ('sign_up', 7, 'c', 10, 0.2, NULL, 2, '{NULL,a}'),
	('trial', 1, 'b', 0, 0, NULL, 1, '{}'), ('trial', 2, 'ü', 1, 1, '0', 1, NULL);

-- small inputs, for what reads costs and money
CREATE TABLE fuzz.costs AS SELECT date '2024-01-01' + g * 37 % 500 AS period, (ARRAY['customer_acquisition/sales', 'product_delivery', NULL, '/a//ü/', ''])[1 + g % 5] AS category,
	(g * 7919 % 1000 - 100)::numeric / 8 AS amount, 'EUR' AS currency, g % 2 = 0 AS variable, (ARRAY['a', 'ü', NULL])[1 + g % 3] AS plan FROM generate_series(1, 40) g;
CREATE TABLE fuzz.charges AS SELECT g % 5 AS customer, timestamptz '2024-01-01 00:00 UTC' + g * 1000 % 12000 * interval '1 hour' AS at, (ARRAY['overage', 'service', 'setup', 'other'])[1 + g % 4] AS kind,
	(g % 7)::numeric AS units, 0.1 AS rate, g::numeric AS amount, 'EUR' AS currency FROM generate_series(1, 20) g;
CREATE TABLE fuzz.usage AS SELECT g % 5 AS customer, 'calls' AS meter, date '2024-01-01' + g * 41 % 500 AS period, g::numeric AS volume, 10::numeric AS plan_limit, 0.5 AS rate FROM generate_series(1, 20) g;
CREATE TABLE fuzz.payments AS SELECT at, customer, amount, currency, 'paid' AS outcome FROM fuzz.charges;
CREATE TABLE fuzz.cash AS SELECT date '2024-01-01' + g * 30 AS day, g::numeric AS balance, 'EUR' AS currency FROM generate_series(1, 16) g;
CREATE TABLE fuzz.plans AS SELECT 'ü' AS plan, 'addon' AS kind;
CREATE TABLE fuzz.spend AS
	SELECT date '2024-01-01' + n AS day, ('{a,b,"",NULL}'::text[])[1 + n % 4] AS channel, (n * 7919 % 1000)::numeric / 10 - 5 AS amount, 'EUR' AS currency,
		('{a,b,NULL}'::text[])[1 + n % 3] AS campaign, n % 90 AS impressions, nullif(n % 7, 3) AS clicks FROM generate_series(1, 300) n;
CREATE TABLE fuzz.leads AS
	SELECT n % 40 AS lead, ('{lead,qualified,customer,other}'::text[])[1 + n % 4] AS stage, timestamptz '2024-01-01' + make_interval(hours => n * 37) AS at, ('{a,b,guide,NULL}'::text[])[1 + n % 4] AS source,
		('{a,piece,NULL}'::text[])[1 + n % 3] AS campaign FROM generate_series(1, 200) n;
CREATE TABLE fuzz.touches AS SELECT n % 9 AS "user", l.at, ('{a,b,NULL}'::text[])[1 + n % 3] AS channel, l.campaign FROM fuzz.leads l, generate_series(1, 2) n;
CREATE TABLE fuzz.campaigns AS SELECT * FROM (VALUES ('a', 'brand', 0.2), ('b', NULL, NULL), (NULL, 'generic', 0.1)) v(campaign, kind, budget_share);
CREATE TABLE fuzz.content AS SELECT * FROM (VALUES ('piece', 'guide', timestamptz '2024-02-01'), ('other', 'webinar', '2024-03-01'), (NULL, NULL, NULL)) v(content, type, published_at);
CREATE TABLE fuzz.surveys AS
	SELECT n % 9 AS customer, n % 20 AS "user", ('{nps,csat,ces,nps}'::text[])[1 + n % 4] AS kind, CASE WHEN n % 3 > 0 THEN 1 + n % 5 END AS score, timestamptz '2024-01-01' + make_interval(hours => n * 29) AS sent_at,
		CASE WHEN n % 3 > 0 THEN timestamptz '2024-01-01' + make_interval(hours => n * 29 + n % 100) END AS answered_at FROM generate_series(1, 300) n;
CREATE TABLE fuzz.customers AS SELECT n AS customer, timestamptz '2023-11-01 00:00Z' + make_interval(days => n * 20) AS created_at, ('{a,b,ü,NULL}'::text[])[1 + n % 4] AS segment, n = 3 AS internal FROM generate_series(0, 12) n;
CREATE TABLE fuzz.scores AS SELECT 'e' || n % 7 AS entity, timestamptz '2024-01-01 00:00 UTC' + make_interval(hours => n * 37) AS at, 50 + n * 7919 % 400 / 8.0 AS score, 'health' AS model FROM generate_series(1, 300) n;


-- small inputs, for what reads the health of accounts
CREATE TABLE fuzz.users AS SELECT g AS "user", g % 13 AS customer, timestamptz '2024-01-01 UTC' + g * interval '10 days' AS signed_up_at FROM generate_series(1, 30) g;
CREATE TABLE fuzz.features AS SELECT f AS feature, NULL::timestamptz AS released_at FROM unnest('{export,search,ü}'::text[]) f;
CREATE TABLE fuzz.events AS SELECT g % 31 AS "user", nullif(g % 3, 0) AS customer, timestamptz '2024-01-01 UTC' + g * interval '37 hours' AS at, (ARRAY['login', 'ü'])[1 + g % 2] AS name, (ARRAY['export', 'search', NULL])[1 + g % 3] AS feature FROM generate_series(1, 400) g;
CREATE TABLE fuzz.dimension_history AS SELECT g % 9 AS customer, (ARRAY['segment', 'region', 'size'])[1 + g % 3] AS dimension, 'v' || g % 4 AS value, timestamptz '2024-01-01 UTC' + g * interval '3 days' AS valid_from,
		CASE WHEN g % 4 > 0 THEN timestamptz '2024-01-20 UTC' + g * interval '3 days' END AS valid_to
	FROM generate_series(0, 60) g;
CREATE TABLE fuzz.account_facts AS SELECT g % 9 AS customer, f.fact, f.value, timestamptz '2024-01-01 UTC' + g * interval '4 days' AS agreed_at, timestamptz '2024-01-01 UTC' + g * interval '5 days' AS valid_from FROM generate_series(1, 100) g
	JOIN (VALUES (0, 'criterion_met', 'true'), (1, 'criterion_met', 'no'), (2, 'documented_roi', '1.5'), (3, 'contact_level', 'ü'), (4, 'sponsor_status', 'strong'), (5, 'sentiment', 'neutral'), (6, 'referenceable', 'true'), (7, 'review', 'x')) f(n, fact, value) ON f.n = g % 8;
CREATE TABLE fuzz.subscriptions AS SELECT g % 9 AS customer, g AS item, 'a' AS plan, timestamptz '2024-01-01 UTC' + g * interval '20 days' AS valid_from, NULL::timestamptz AS valid_to, 1 AS amount, 'month' AS interval_unit, 1 AS interval_count, 'EUR' AS currency, 'active' AS status, g AS seats FROM generate_series(1, 20) g;

-- and for what reads sales
INSERT INTO nudge.sales_stages VALUES ('x', 1, 0.1, false), ('y', 2, 0.5, true), ('z', 3, NULL, true);
CREATE TABLE fuzz.deals AS
	SELECT g AS deal, g % 7 AS customer, timestamptz '2024-01-01 UTC' + g * 997 % 10000 * interval '1 hour' AS created_at,
		CASE WHEN g % 4 > 0 THEN timestamptz '2024-01-01 UTC' + (g * 997 % 10000 + g * 31 % 2000) * interval '1 hour' END AS closed_at,
		CASE WHEN g % 4 > 0 THEN ('{won,lost,no_decision,NULL}'::text[])[1 + g % 5] END AS outcome, (g * 7919 % 1000)::numeric / 8 AS amount, 'EUR' AS currency,
		('{x,y,ü,NULL}'::text[])[1 + g % 4] AS stage, ('{a,b,NULL}'::text[])[1 + g % 3] AS owner, ('{north,ü}'::text[])[1 + g % 2] AS team,
		('{SMB,NULL}'::text[])[1 + g % 2] AS segment, date '2024-01-01' + g * 41 % 500 AS expected_close FROM generate_series(1, 80) g;
CREATE TABLE fuzz.deal_stages AS SELECT d.deal, ('{x,y,z,ü}'::text[])[1 + (d.deal + n) % 4] AS stage, d.created_at + n * interval '5 days' AS at FROM fuzz.deals d, generate_series(0, 3) n WHERE d.deal % 5 > 0;
CREATE TABLE fuzz.activities AS SELECT d.owner, d.created_at + interval '3 days' AS at, ('{call,mail,NULL}'::text[])[1 + d.deal % 3] AS kind, nullif(d.deal, 7) AS deal FROM fuzz.deals d;
CREATE TABLE fuzz.quotas AS SELECT o AS owner, m::date AS period, 500 AS amount, 'EUR' AS currency FROM unnest('{a,b,north}'::text[]) o, generate_series(timestamp '2023-07-01', '2025-07-01', '1 year') m;
CREATE TABLE fuzz.contracts AS SELECT g % 7 AS customer, g AS contract, timestamptz '2024-01-01 UTC' + g * 20 * interval '1 day' AS signed_at, timestamptz '2024-01-05 UTC' + g * 20 * interval '1 day' AS starts_at,
	timestamptz '2024-06-01 UTC' + g * 30 * interval '1 day' AS ends_at, g % 4 * 6 AS term_months, g * 100 AS amount, 'EUR' AS currency FROM generate_series(1, 20) g;
CREATE TABLE fuzz.accounts AS SELECT g AS customer, timestamptz '2023-12-01' AS created_at, ('{SMB,ü,NULL}'::text[])[1 + g % 3] AS segment FROM generate_series(0, 5) g;
CREATE TABLE fuzz.incidents AS SELECT 'i' || g AS incident, s.at AS started_at, CASE WHEN g % 9 > 0 THEN s.at + make_interval(mins => g * 7 % 90) END AS ended_at, (ARRAY['critical', 'major', 'minor'])[1 + g % 3] AS severity,
	(ARRAY[true, false, NULL])[1 + g % 4] AS outage, s.at + make_interval(mins => g % 8) AS detected_at, (ARRAY['api', 'ü', NULL])[1 + g % 3] AS service
	FROM generate_series(1, 60) g, LATERAL (SELECT timestamptz '2024-01-01 00:00 UTC' + make_interval(hours => g * 1000 % 12000) AS at) s;
CREATE TABLE fuzz.maintenance AS SELECT started_at, started_at + interval '30 minutes' AS ended_at, service FROM fuzz.incidents WHERE outage;
CREATE TABLE fuzz.deployments AS SELECT started_at AS at, started_at - interval '3 hours' AS change_created_at, outage AS failed, ended_at AS restored_at, service FROM fuzz.incidents;
CREATE TABLE fuzz.bugs AS SELECT incident AS bug, started_at AS opened_at, ended_at AS closed_at, severity, outage AS escaped FROM fuzz.incidents;
CREATE TABLE fuzz.coverage_samples AS SELECT started_at AS at, 0.8 AS coverage, service AS repository FROM fuzz.incidents;

CREATE TABLE fuzz.requests AS
	SELECT timestamptz '2024-01-01' + make_interval(hours => g * 37) AS at, (g * 7919 % 1000)::numeric / 8 AS duration_ms, nullif(g % 4, 3)::bigint AS count, ('{/a,ü,NULL}'::text[])[1 + g % 3] AS endpoint,
		('{t,f,NULL}'::boolean[])[1 + g % 3] AS error, ('{server,dom,render,NULL,NULL,NULL}'::text[])[1 + g % 6] AS part,
		'a' AS campaign FROM generate_series(1, 200) g;
CREATE TABLE fuzz.resource_samples AS SELECT at, ('{cpu,memory,ü}'::text[])[1 + count % 3] AS resource, duration_ms / 125 AS utilisation FROM fuzz.requests WHERE count IS NOT NULL;
CREATE TABLE fuzz.sends AS SELECT at, endpoint AS campaign, coalesce(count, 1) AS count FROM fuzz.requests;

-- small inputs, for what reads customers at risk, facts of accounts and expansion; a customer is one of the states too
CREATE TABLE fuzz.book_customers AS SELECT g AS customer, timestamptz '2024-01-01 UTC' + g * interval '9 days' AS created_at, (ARRAY['a', 'ü', NULL])[1 + g % 3] AS segment, (ARRAY['a', NULL, 'b'])[1 + g % 3] AS owner FROM generate_series(-2, 9) g;
CREATE TABLE fuzz.book_scores AS SELECT g % 12 - 2 AS entity, timestamptz '2023-06-01 UTC' + g * interval '29 hours' AS at, g * 7919 % 101 AS score FROM generate_series(1, 600) g;
CREATE TABLE fuzz.book_probabilities AS SELECT g % 9 AS entity, timestamptz '2024-01-01 UTC' + g * interval '29 hours' AS at, (g * 7919 % 101) / 100.0 AS score FROM generate_series(1, 60) g;
CREATE TABLE fuzz.book_interventions AS SELECT g % 12 - 2 AS customer, timestamptz '2024-01-01 UTC' + g * interval '40 hours' AS at, (ARRAY['a', 'ü'])[1 + g % 2] AS reason, CASE WHEN g % 3 = 0 THEN 'saved' END AS outcome FROM generate_series(1, 200) g;
CREATE TABLE fuzz.book_facts AS SELECT g % 12 - 2 AS customer, f.fact, f.value, timestamptz '2024-01-01 UTC' + g * interval '50 hours' AS agreed_at, timestamptz '2024-01-01 UTC' + g * interval '49 hours' AS valid_from,
		CASE WHEN g % 4 = 0 THEN timestamptz '2024-05-01 UTC' + g * interval '50 hours' END AS valid_to
	FROM generate_series(1, 200) g JOIN (VALUES (0, 'criterion_met', 'true'), (1, 'criterion_met', 'no'), (2, 'documented_roi', '1.5'), (3, 'contact_level', 'ü'), (4, 'sponsor_status', 'strong'), (5, 'qbr_held', 'true'), (6, 'unmet_need', '0'),
		(7, 'implementation_met', 'on'), (8, 'category_spend', '1000'), (9, 'solution_fit', '80'), (10, 'sponsor_status', 'none')) f(n, fact, value) ON f.n = g * 7919 % 11;
CREATE TABLE fuzz.book_contracts AS SELECT g % 12 - 2 AS customer, g AS contract, timestamptz '2024-01-01 UTC' + g * interval '9 days' AS signed_at, timestamptz '2024-01-01 UTC' + g * interval '10 days' AS starts_at, timestamptz '2026-01-01 UTC' AS ends_at, 12 * (1 + g % 3) AS term_months, g AS amount, 'EUR' AS currency FROM generate_series(1, 60) g;
CREATE TABLE fuzz.book_subscriptions AS SELECT g % 12 - 2 AS customer, g AS item, (ARRAY['a', 'b', 'ü'])[1 + g % 3] AS plan, timestamptz '2023-10-01 UTC' + g * interval '9 days' AS valid_from, CASE WHEN g % 3 = 0 THEN timestamptz '2024-05-01 UTC' + g * interval '9 days' END AS valid_to,
	1 AS amount, 'month' AS interval_unit, 1 AS interval_count, 'EUR' AS currency, 'active' AS status, nullif(g % 5, 0) AS seats FROM generate_series(1, 60) g;
CREATE TABLE fuzz.book_users AS SELECT g AS "user", g % 12 - 2 AS customer, timestamptz '2023-10-01 UTC' + g * interval '5 days' AS signed_up_at FROM generate_series(1, 100) g;
CREATE TABLE fuzz.book_features AS SELECT * FROM (VALUES ('export', 'a'), ('search', 'b'), ('ü', 'ü')) v(feature, tier);
CREATE TABLE fuzz.book_plans AS SELECT * FROM (VALUES ('a', 'a'), ('b', 'b'), ('ü', NULL)) v(plan, tier);
CREATE TABLE fuzz.book_events AS SELECT g % 12 - 2 AS customer, timestamptz '2024-01-01 UTC' + g * interval '37 hours' AS at, (ARRAY['login', 'ü'])[1 + g % 2] AS name, (ARRAY['export', 'search', NULL, 'ü'])[1 + g % 4] AS feature FROM generate_series(1, 300) g;

-- working hours, of which one calendar has none
INSERT INTO nudge.working_calendars VALUES ('office', 'Europe/Berlin'), ('always', 'America/Sao_Paulo'), ('never', 'UTC');
INSERT INTO nudge.working_hours SELECT 'office', d, time '09:00', time '17:00' FROM generate_series(1, 5) d UNION ALL SELECT 'always', d, time '00:00', time '24:00' FROM generate_series(1, 7) d;
INSERT INTO nudge.holidays VALUES ('office', '2024-05-01', NULL, '10:00', '11:00');

-- tickets, and what was promised
INSERT INTO nudge.sla_targets VALUES ('first_response', 'high', '*', 60, 'office'), ('resolution', '*', '*', 1440, NULL);
CREATE TABLE fuzz.tickets AS SELECT g AS ticket, g % 9 AS customer, at AS opened_at, CASE WHEN g % 5 > 0 THEN at + (g % 7 - 1) * interval '1 hour' END AS first_response_at,
	CASE WHEN g % 4 > 0 THEN at + (g % 11 - 1) * interval '7 hours' END AS resolved_at, CASE WHEN g % 6 = 0 THEN at + (g % 13 - 1) * interval '9 hours' END AS reopened_at, (ARRAY['high', 'Low'])[1 + g % 2] AS priority,
	(ARRAY['a', 'ü', NULL])[1 + g % 3] AS category, g % 6 AS csat, g % 8 = 0 AS escalated, g % 4 AS contacts, (ARRAY['a', NULL])[1 + g % 2] AS agent FROM generate_series(1, 80) g, LATERAL (SELECT timestamptz '2024-01-01 00:00Z' + g * 7919 % 12000 * interval '1 hour') a(at);
