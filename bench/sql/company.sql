/*
 * company.sql
 *		The tables of a company whose reporting views are asked, as applications
 *		have them: logged, with keys, and with the present day as their last.
 *
 * psql variables: customers, users; made from subscriptions, events, touches and
 * conversions of the same schema.  A user belongs to the customer of twice its
 * number.  One customer in ten that goes on has given notice.
 */
\set ON_ERROR_STOP on

CREATE SCHEMA company;

CREATE FUNCTION pg_temp.chance(what bigint, seed int, n int) RETURNS int
	LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(what, seed) & 2147483647) % n;

CREATE TABLE company.billing AS
SELECT row_number() OVER () AS item, s.customer::text AS customer, s.valid_from + d.days AS valid_from,
	   CASE WHEN s.valid_to IS NOT NULL THEN s.valid_to + d.days
			WHEN pg_temp.chance(s.customer, 90, 10) = 0 THEN current_date + 1 + pg_temp.chance(s.customer, 91, 300) END AS valid_to,
	   s.mrr, (ARRAY['starter', 'team', 'scale'])[1 + pg_temp.chance(s.customer, 92, 3)] AS plan
FROM subscriptions s, (SELECT current_date - date '2025-12-31' AS days) d;
ALTER TABLE company.billing ADD PRIMARY KEY (item);
CREATE INDEX ON company.billing (customer);

CREATE TABLE company.accounts AS
SELECT s.customer, 'Customer ' || s.customer AS name, min(s.valid_from)::timestamptz AS created_at,
	   CASE WHEN c.h < 70 THEN 'SMB' WHEN c.h < 95 THEN 'Mid-market' ELSE 'Enterprise' END AS segment,
	   (ARRAY['software', 'retail', 'health', 'finance', 'education', 'media', 'manufacturing', 'other'])[1 + pg_temp.chance(s.customer::bigint, 94, 8)] AS industry,
	   (ARRAY['1-10', '11-50', '51-200', '201-1000', '1001+'])[1 + pg_temp.chance(s.customer::bigint, 95, 5)] AS company_size,
	   (ARRAY['Europe', 'North America', 'Asia', 'Latin America'])[1 + pg_temp.chance(s.customer::bigint, 96, 4)] AS region,
	   (ARRAY['low', 'medium', 'high'])[1 + pg_temp.chance(s.customer::bigint, 97, 3)] AS growth_tier,
	   (ARRAY['self-serve', 'sales', 'partner'])[1 + pg_temp.chance(s.customer::bigint, 98, 3)] AS sales_channel
FROM company.billing s, LATERAL (SELECT pg_temp.chance(s.customer::bigint, 93, 100) AS h) c
GROUP BY s.customer, c.h;
ALTER TABLE company.accounts ADD PRIMARY KEY (customer);

CREATE TABLE company.actions AS
SELECT e.user_id::text AS user_id, (2 * e.user_id)::text AS customer, e.at + make_interval(days => d.days) AS at, e.event,
	   CASE WHEN e.event IN ('export_run', 'template_used', 'integration_connected', 'api_key_made') THEN e.event END AS feature
FROM events e, (SELECT current_date - date '2025-06-30' AS days) d;
CREATE INDEX ON company.actions (user_id);

CREATE TABLE company.people AS
SELECT a.user_id, a.customer, min(a.at) - interval '1 hour' AS signed_up_at FROM company.actions a GROUP BY a.user_id, a.customer;
ALTER TABLE company.people ADD PRIMARY KEY (user_id);

CREATE TABLE company.visits AS
SELECT t.customer::text AS customer, t.at + make_interval(days => d.days) AS at, t.channel
FROM touches t, (SELECT current_date - date '2026-01-31' AS days) d;
CREATE INDEX ON company.visits (customer);

CREATE TABLE company.orders AS
SELECT c.conversion, c.customer::text AS customer, c.at + make_interval(days => d.days) AS at, c.revenue
FROM conversions c, (SELECT current_date - date '2026-01-31' AS days) d;
ALTER TABLE company.orders ADD PRIMARY KEY (conversion);
CREATE INDEX ON company.orders (customer);

VACUUM (ANALYZE) company.billing, company.accounts, company.actions, company.people, company.visits, company.orders;

SELECT nudge.map_source('subscriptions', 'company.billing', zone => 'UTC', columns => '{"amount": "mrr", "currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}');
SELECT nudge.map_source('customers', 'company.accounts');
SELECT nudge.map_source('events', 'company.actions', columns => '{"user": "user_id", "name": "event"}');
SELECT nudge.map_source('users', 'company.people', columns => '{"user": "user_id"}');
SELECT nudge.map_source('touches', 'company.visits');
SELECT nudge.map_source('conversions', 'company.orders', columns => '{"currency": "''EUR''"}');

/* prices as they are known now, by the names of by_month.sql */
CREATE VIEW company.subscriptions AS
SELECT b.item, b.customer, b.valid_from, CASE WHEN b.valid_to <= current_date THEN b.valid_to END AS valid_to, b.mrr FROM company.billing b;
