--
-- stripe.sql
--		Tables as the sync engine of Stripe writes them, for models of dbt: 400
--		subscriptions with trials, ends of all kinds, items added later, currencies
--		without and with three decimals, metered prices and rows of test mode.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE SCHEMA stripe;
CREATE FUNCTION pg_temp.u(key text, n integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN ((hashtextextended(key, 7) & 2147483647) % n)::integer;
CREATE TABLE stripe.customers (id text PRIMARY KEY, created integer, currency text, address jsonb, metadata jsonb, livemode boolean);
CREATE TABLE stripe.products (id text PRIMARY KEY, name text);
CREATE TABLE stripe.prices (id text PRIMARY KEY, currency text, recurring jsonb, unit_amount bigint, product text, livemode boolean);
CREATE TABLE stripe.subscriptions (id text PRIMARY KEY, customer text, status text, created integer, start_date integer, cancel_at integer, canceled_at integer, ended_at integer, cancel_at_period_end boolean,
	current_period_end integer, trial_start integer, trial_end integer, pause_collection jsonb, livemode boolean);
CREATE TABLE stripe.subscription_items (id text PRIMARY KEY, subscription text, price text, quantity integer, created integer);
CREATE TABLE stripe.charges (id text PRIMARY KEY, customer text, created integer, amount bigint, currency text, status text, captured boolean, failure_code text, payment_method_details jsonb, livemode boolean);
CREATE TABLE stripe.refunds (id text PRIMARY KEY, charge text, amount bigint, currency text, created integer, status text);

INSERT INTO stripe.products VALUES ('prod_mail', 'Mail'), ('prod_sms', 'SMS');
INSERT INTO stripe.prices VALUES ('month', 'usd', '{"interval": "month", "interval_count": 1}', 4900, 'prod_mail', true), ('year', 'usd', '{"interval": "year", "interval_count": 1}', 49900, 'prod_mail', true),
	('yen', 'jpy', '{"interval": "month", "interval_count": 1}', 5000, 'prod_mail', true), ('dinar', 'kwd', '{"interval": "month", "interval_count": 1}', 12345, 'prod_mail', true),
	('fortnight', 'eur', '{"interval": "week", "interval_count": 2}', 999, 'prod_mail', true), ('sms', 'usd', '{"interval": "month", "interval_count": 1, "usage_type": "metered"}', NULL, 'prod_sms', true),
	('once', 'usd', NULL, 10000, 'prod_sms', true), ('half', 'usd', '{"interval": "month", "interval_count": 6}', 25000, 'prod_gone', true);
INSERT INTO stripe.customers SELECT 'cus_' || n, 1640995200 + n * 86400, 'usd', CASE WHEN n % 3 > 0 THEN jsonb_build_object('country', (ARRAY['DE', 'JP'])[n % 3]) END, '{}', n % 20 > 0 FROM generate_series(1, 300) n;
INSERT INTO stripe.subscriptions
SELECT s.id, 'cus_' || 1 + n % 300, s.status, s.created, CASE WHEN pg_temp.u(s.id || 'start', 3) = 0 THEN s.created + 86400 END,
	CASE WHEN s.status = 'active' AND pg_temp.u(s.id || 'at', 6) = 0 THEN s.created + 400 * 86400 END,
	CASE WHEN s.status = 'canceled' OR pg_temp.u(s.id || 'at', 6) = 0 THEN s.created + 100 * 86400 END,
	CASE WHEN s.status = 'canceled' AND pg_temp.u(s.id || 'ended', 2) = 0 THEN s.created + (10 + pg_temp.u(s.id || 'days', 300)) * 86400 END,
	pg_temp.u(s.id || 'end', 5) = 0, s.created + 500 * 86400,
	t.begins, t.begins + 14 * 86400, CASE WHEN s.status = 'active' AND pg_temp.u(s.id || 'pause', 9) = 0 THEN '{"behavior": "void"}'::jsonb END, (1 + n % 300) % 20 > 0
FROM generate_series(1, 400) n, LATERAL (SELECT 'sub_' || n AS id, 1641081600 + pg_temp.u('sub' || n, 900) * 86400 + n AS created, (ARRAY['active', 'active', 'active', 'canceled', 'past_due', 'unpaid', 'incomplete', 'trialing'])[1 + pg_temp.u('status' || n, 8)] AS status) s,
	LATERAL (SELECT CASE WHEN s.status = 'trialing' OR pg_temp.u(s.id || 'trial', 3) = 0 THEN s.created + CASE WHEN pg_temp.u(s.id || 'start', 3) = 0 THEN 86400 ELSE 0 END END AS begins) t;
INSERT INTO stripe.subscription_items
SELECT s.id || '_' || k, s.id, (ARRAY['month', 'month', 'year', 'yen', 'dinar', 'fortnight', 'sms', 'half'])[1 + pg_temp.u(s.id || k, 8)], 1 + pg_temp.u(s.id || k || 'quantity', 5), CASE WHEN pg_temp.u(s.id || k || 'later', 4) = 0 THEN s.created + 30 * 86400 ELSE s.created + 5 END
FROM stripe.subscriptions s, generate_series(1, 2) k WHERE k = 1 OR pg_temp.u(s.id || 'items', 3) = 0;
INSERT INTO stripe.charges SELECT 'ch_' || n, CASE WHEN n % 30 > 0 THEN 'cus_' || 1 + n % 300 END, 1641081600 + n * 7200, 100 + n, (ARRAY['usd', 'jpy', 'kwd'])[1 + n % 3], (ARRAY['succeeded', 'succeeded', 'succeeded', 'failed', 'pending'])[1 + pg_temp.u('charge' || n, 5)],
	n % 11 > 0, CASE WHEN pg_temp.u('charge' || n, 5) = 3 THEN 'card_declined' END, '{"type": "card"}', (1 + n % 300) % 20 > 0 FROM generate_series(1, 2000) n;
INSERT INTO stripe.refunds SELECT 're_' || c.id, c.id, c.amount / 2, c.currency, c.created + 86400, (ARRAY['succeeded', 'failed'])[1 + pg_temp.u('refund' || c.id, 2)] FROM stripe.charges c WHERE c.status = 'succeeded' AND pg_temp.u(c.id, 10) = 0;
