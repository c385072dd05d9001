-- Schemas of known systems and loaders mapped as canonical inputs.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
SET search_path = public, nudge;
\pset null ''
\set SHOW_CONTEXT never

-- What an input reads as a month, at an instant: what is active or owed, fixed, net of discounts
CREATE FUNCTION pg_temp.mrr(at timestamptz) RETURNS TABLE (customer text, currency text, mrr numeric) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'SELECT s.customer, s.currency, trim_scale(round(sum(nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, coalesce(s.quantity, 1)) * (1 - coalesce(s.discount, 0))), 4))
		FROM nudge_staging.subscriptions s WHERE s.status IN (''active'', ''at_risk'') AND NOT coalesce(s.usage, false) AND s.valid_from <= $1 AND (s.valid_to IS NULL OR s.valid_to > $1) GROUP BY 1, 2' USING at;
END
$$;
CREATE TABLE by_hand (customer text, currency text, day date, mrr numeric);
-- Where the two differ: nowhere.  NULL by hand is no MRR
CREATE FUNCTION pg_temp.differences() RETURNS TABLE (day date, customer text, by_hand numeric, mapped numeric) LANGUAGE plpgsql AS $$
BEGIN
	FOR day IN SELECT DISTINCT b.day FROM public.by_hand b ORDER BY 1 LOOP
		RETURN QUERY SELECT differences.day, coalesce(b.customer, m.customer), b.mrr, m.mrr
			FROM (SELECT * FROM public.by_hand h WHERE h.day = differences.day AND h.mrr IS NOT NULL) b
			FULL JOIN pg_temp.mrr(differences.day::timestamp AT TIME ZONE 'UTC') m ON m.customer = b.customer AND m.currency = b.currency
			WHERE b.mrr IS DISTINCT FROM m.mrr ORDER BY 2;
	END LOOP;
END
$$;
-- seconds since 1970 of a day in UTC
CREATE FUNCTION epoch(at timestamp) RETURNS integer LANGUAGE sql IMMUTABLE RETURN extract(epoch FROM at)::integer;

--
-- Stripe by the sync engine: its own migrations make the schema
--
\getenv abs_srcdir PG_ABS_SRCDIR
\if :{?abs_srcdir}
\cd :abs_srcdir
\endif
CREATE SCHEMA stripe;
SET search_path = stripe;
\o /dev/null
\set ECHO none
\i test/data/stripe_sync_engine.sql
\set ECHO all
\o
SET search_path = public, nudge;
INSERT INTO stripe.customers (id, created, currency, address, metadata, livemode, discount, deleted)
	SELECT 'c' || lpad(n::text, 2, '0'), epoch('2024-01-01'), 'eur', '{"country": "DE", "city": "Ulm"}', CASE n WHEN 1 THEN '{"tier": "gold"}' ELSE '{}' END::jsonb, true,
		CASE n WHEN 16 THEN jsonb_build_object('coupon', '{"percent_off": 10, "duration": "forever"}'::jsonb, 'start', epoch('2024-01-01'), 'end', NULL) END, n = 8
	FROM generate_series(1, 29) n;
INSERT INTO stripe.customers (id, deleted) VALUES ('gone', true);
INSERT INTO stripe.customers (id, created, livemode) VALUES ('test', epoch('2024-01-01'), false);
INSERT INTO stripe.products (id, name) VALUES ('pro', 'Pro');
INSERT INTO stripe.coupons (id, percent_off, duration, duration_in_months) VALUES ('quarter', 25, 'repeating', 3);
INSERT INTO stripe.prices (id, currency, unit_amount, unit_amount_decimal, recurring, product, livemode, transform_quantity, tiers_mode)
	SELECT v.id, v.currency, v.minor, v.exact, jsonb_build_object('interval', v.every, 'interval_count', v.times, 'usage_type', v.usage_type), CASE v.id WHEN 'seat' THEN 'pro' ELSE 'other' END, true,
		v.transform::jsonb, CASE WHEN v.minor IS NULL THEN 'graduated' END::stripe.pricing_tiers
	FROM (VALUES
		('seat', 'eur', 1999, '1999', 'month', 1, 'licensed', NULL), ('base', 'eur', 8000, NULL, 'month', 1, 'licensed', NULL), ('addon', 'eur', 2000, NULL, 'month', 1, 'licensed', NULL),
		('yen', 'jpy', 12000, NULL, 'year', 1, 'licensed', NULL), ('dinar', 'kwd', 90000, NULL, 'month', 3, 'licensed', NULL), ('krona', 'isk', 50000, NULL, 'month', 1, 'licensed', NULL),
		('annual', 'eur', 120000, NULL, 'year', 1, 'licensed', NULL), ('weekly', 'eur', 1000, NULL, 'week', 2, 'licensed', NULL), ('sub_cent', 'eur', NULL, '0.5', 'month', 1, 'licensed', NULL),
		('meter', 'eur', NULL, NULL, 'month', 1, 'metered', NULL), ('tiered', 'eur', NULL, NULL, 'month', 1, 'licensed', NULL), ('gross', 'eur', 11900, NULL, 'month', 1, 'licensed', NULL),
		('packs', 'eur', 500, NULL, 'month', 1, 'licensed', '{"divide_by": 10, "round": "up"}'), ('free', 'eur', 0, NULL, 'month', 1, 'licensed', NULL), ('half', 'eur', 60000, NULL, 'month', 6, 'licensed', NULL)
	) v(id, currency, minor, exact, every, times, usage_type, transform);
INSERT INTO stripe.prices (id, currency, unit_amount, recurring, livemode) VALUES ('setup', 'eur', 100, NULL, true);
INSERT INTO stripe.subscriptions (id, customer, status, created, start_date, livemode)
	SELECT replace(c.id, 'c', 's'), c.id, 'active', epoch('2024-01-01'), epoch('2024-01-01'), true FROM stripe.customers c WHERE c.id ~ '^c';
INSERT INTO stripe.subscription_items (id, subscription, price, quantity, created, deleted)
	SELECT v.item, v.sub, v.price, v.quantity, epoch(v.day::timestamp), v.deleted FROM (VALUES
		('i01', 's01', 'seat', 2, '2024-01-01', false), ('i02', 's02', 'yen', 1, '2024-01-01', false), ('i03', 's03', 'dinar', 1, '2024-01-01', false),
		('i04a', 's04', 'base', 1, '2024-01-01 00:00:02', false), ('i04b', 's04', 'addon', 1, '2024-02-10', false), ('i05', 's05', 'annual', 1, '2024-01-01', false),
		('i06', 's06', 'annual', 1, '2024-01-01', NULL), ('i07', 's07', 'annual', 1, '2024-01-01', false), ('i08', 's08', 'annual', 1, '2024-01-01', false),
		('i09', 's09', 'half', 1, '2024-01-01', false), ('i10', 's10', 'base', 1, '2024-01-01', false), ('i11', 's11', 'base', 1, '2024-01-01', false),
		('i12', 's12', 'base', 1, '2024-01-01', false), ('i13', 's13', 'base', 1, '2024-01-01', false), ('i14', 's14', 'base', 1, '2024-01-01', false),
		('i15a', 's15', 'base', 1, '2024-01-01', false), ('i15b', 's15', 'addon', 1, '2024-01-01', false), ('i16', 's16', 'base', 1, '2024-01-01', false),
		('i17a', 's17', 'base', 1, '2024-01-01', false), ('i17b', 's17', 'meter', NULL, '2024-01-01', false), ('i18', 's18', 'tiered', 5, '2024-01-01', false),
		('i19', 's19', 'gross', 1, '2024-01-01', false), ('i20', 's20', 'base', 1, '2024-01-01', false), ('i21', 's21', 'base', 1, '2024-01-01', false),
		('i22a', 's22', 'base', 1, '2024-01-01', false), ('i22b', 's22', 'addon', 1, '2024-01-01', true), ('i23', 's23', 'packs', 25, '2024-01-01', false),
		('i24', 's24', 'weekly', 1, '2024-01-01', false), ('i25', 's25', 'nothing', 1, '2024-01-01', false), ('i26a', 's26', 'free', 1, '2024-01-01', false),
		('i26b', 's26', 'base', 0, '2024-01-01', false), ('i27', 's27', 'krona', 1, '2024-01-01', false), ('i28', 's28', 'sub_cent', 1000, '2024-01-01', false), ('i29', 's29', 'base', 1, '2024-01-01', false)
	) v(item, sub, price, quantity, day, deleted);
-- 4: half off for ever.  5: a trial of two weeks.  6: still in its trial.  7: left within it.  8: an annual plan ended at once.  9: ends with a period that only the item knows
UPDATE stripe.subscriptions SET discount = jsonb_build_object('coupon', '{"percent_off": 50, "duration": "forever"}'::jsonb, 'start', epoch('2024-03-01'), 'end', NULL) WHERE id = 's04';
UPDATE stripe.subscriptions SET trial_start = to_jsonb(epoch('2024-01-01')), trial_end = to_jsonb(epoch('2024-01-15')) WHERE id = 's05';
UPDATE stripe.subscriptions SET status = 'trialing', trial_start = to_jsonb(epoch('2024-01-01')), trial_end = to_jsonb(epoch('2034-01-15')) WHERE id = 's06';
UPDATE stripe.subscriptions SET status = 'canceled', trial_start = to_jsonb(epoch('2024-01-01')), trial_end = to_jsonb(epoch('2024-01-15')), canceled_at = epoch('2024-01-05'), ended_at = epoch('2024-01-10') WHERE id = 's07';
UPDATE stripe.subscriptions SET status = 'canceled', canceled_at = epoch('2024-03-10'), ended_at = epoch('2024-03-15'), current_period_end = epoch('2025-01-01') WHERE id = 's08';
UPDATE stripe.subscriptions SET cancel_at_period_end = true WHERE id = 's09';
UPDATE stripe.subscription_items SET current_period_end = epoch('2024-07-01') WHERE subscription = 's09';
-- 10: owes since February, 11 too, and is given up; a paid invoice of before and one written off earlier do not count.  12: never begun.  13: collection is paused
UPDATE stripe.subscriptions SET status = 'past_due', current_period_end = epoch('2024-03-01') WHERE id = 's10';
UPDATE stripe.subscriptions SET status = 'unpaid' WHERE id = 's11';
INSERT INTO stripe.invoices (id, subscription, status, created) VALUES ('n0', 's11', 'uncollectible', epoch('2023-12-01')), ('n1', 's11', 'paid', epoch('2024-01-01')), ('n2', 's11', 'open', epoch('2024-02-01')),
	('n3', 's11', 'open', epoch('2024-03-01')), ('n5', 's11', 'uncollectible', epoch('2024-01-01')), ('n4', 's10', 'open', epoch('2024-02-01'));
UPDATE stripe.subscriptions SET status = 'incomplete_expired' WHERE id = 's12';
UPDATE stripe.subscriptions SET pause_collection = '{"behavior": "void"}' WHERE id = 's13';
-- 14: a quarter off for three months, by a coupon of its own table.  15: 10.00 off of 100.00, once.  19: 19 percent of tax within the price.  20: phases.  21: test mode
UPDATE stripe.subscriptions SET discount = jsonb_build_object('coupon', 'quarter', 'start', epoch('2024-01-01'), 'end', NULL) WHERE id = 's14';
UPDATE stripe.subscriptions SET discount = jsonb_build_object('source', '{"coupon": {"amount_off": 1000, "currency": "eur", "duration": "once"}}'::jsonb, 'start', epoch('2024-01-31')) WHERE id = 's15';
UPDATE stripe.subscriptions SET default_tax_rates = '[{"percentage": 19, "inclusive": true}, {"percentage": 5, "inclusive": false}]' WHERE id = 's19';
INSERT INTO stripe.subscription_schedules (id, object, created, customer, livemode, metadata, phases, current_phase, end_behavior, status, subscription)
	SELECT 'sched', 'subscription_schedule', epoch('2024-01-01'), 'c20', true, '{}', jsonb_build_array(
		jsonb_build_object('start_date', epoch('2024-01-01'), 'end_date', epoch('2024-02-01'), 'items', '[{"price": "addon", "quantity": 1}]'::jsonb),
		jsonb_build_object('start_date', epoch('2024-02-01'), 'end_date', epoch('2024-06-01'), 'items', '[{"price": "base", "quantity": 1}]'::jsonb),
		jsonb_build_object('start_date', epoch('2024-06-01'), 'end_date', epoch('2025-01-01'), 'items', '[{"price": {"id": "base"}, "quantity": 3}, {"price": "addon", "quantity": 1}]'::jsonb)),
		jsonb_build_object('start_date', epoch('2024-02-01'), 'end_date', epoch('2024-06-01')), 'cancel', 'active', 's20';
UPDATE stripe.subscriptions SET livemode = false WHERE id = 's21';
-- 20: 20.00 off of the 80.00 that are held now, a quarter.  29: cancelled, and no word of an end
UPDATE stripe.subscriptions SET discount = jsonb_build_object('coupon', '{"amount_off": 2000, "duration": "forever"}'::jsonb, 'start', epoch('2024-02-01')) WHERE id = 's20';
UPDATE stripe.subscriptions SET status = 'canceled', canceled_at = epoch('2024-03-01'), cancel_at = epoch('2024-12-01') WHERE id = 's29';

SELECT source_name, input, staging_view, skipped_because, left_out FROM map_preset('stripe_sync', 'stripe');
SELECT customer, item, plan, valid_from AT TIME ZONE 'UTC' AS from_utc, valid_to AT TIME ZONE 'UTC' AS to_utc, amount, interval_unit AS unit, interval_count AS n, quantity AS qty, currency AS cur, discount, discount_kind AS kind, status, usage
FROM nudge_staging.subscriptions ORDER BY customer COLLATE "C", item COLLATE "C", valid_from;
-- By hand, at the close of months.  1: 2 x 19.99.  2: 12000 yen a year, 1000 a month.  3: 90.000 dinars in three months.  4: 80, then with the add-on 100, then half of it.
-- 5: 1200 a year after the trial.  8: nothing after it ended.  9: 600 in six months.  10: at risk is in force.  11: not what is given up.  14: 80 less a quarter.
-- 15: 100 less a tenth for the month from 31 January, which ends on 29 February.  16: 80 less the tenth of the customer.  17: without the meter.  19: 119 / 1.19.
-- 20: 20, then 80, then 3 x 80 + 20, less a quarter since February.  22: not what was deleted.  23: 25 are 3 packs of 5.  24: 10 in two weeks are 5 a week, 52 / 12 weeks a month.  26: free is in force.
-- 27: Stripe has two decimals for ISK.  28: 1000 x 0.005.  18 and 25 have no amount, so that their sum is none
INSERT INTO by_hand SELECT v.customer, v.currency, d.day, d.mrr FROM (VALUES
	('c01', 'EUR', 39.98, 39.98, 39.98, 39.98), ('c02', 'JPY', 1000, 1000, 1000, 1000), ('c03', 'KWD', 30, 30, 30, 30), ('c04', 'EUR', 80, 100, 50, 50), ('c05', 'EUR', NULL, 100, 100, 100),
	('c08', 'EUR', 100, 100, NULL, NULL), ('c09', 'EUR', 100, 100, 100, NULL), ('c10', 'EUR', 80, 80, 80, 80), ('c11', 'EUR', 80, NULL, NULL, NULL), ('c14', 'EUR', 60, 60, 80, 80),
	('c15', 'EUR', 100, 90, 100, 100), ('c16', 'EUR', 72, 72, 72, 72), ('c17', 'EUR', 80, 80, 80, 80), ('c19', 'EUR', 100, 100, 100, 100), ('c20', 'EUR', 20, 60, 60, 195),
	('c22', 'EUR', 80, 80, 80, 80), ('c23', 'EUR', 15, 15, 15, 15), ('c24', 'EUR', 21.6667, 21.6667, 21.6667, 21.6667), ('c26', 'EUR', 0, 0, 0, 0), ('c27', 'ISK', 500, 500, 500, 500), ('c28', 'EUR', 5, 5, 5, 5), ('c29', 'EUR', 80, 80, NULL, NULL)
) v(customer, currency, january, february, april, july), LATERAL (VALUES ('2024-01-14'::date, january), ('2024-02-28', february), ('2024-04-30', april), ('2024-07-31', july)) d(day, mrr);
SELECT * FROM pg_temp.differences();
SELECT customer, created_at AT TIME ZONE 'UTC' AS created_utc, currency, region, attributes, name FROM nudge_staging.customers ORDER BY 1 LIMIT 2;
SELECT count(*) FROM nudge_staging.customers;
-- 90.000 dinars in a quarter, 600.00 in six months are 100.00 a month, 10.00 in two weeks 5.00; what is charged once is no plan
SELECT plan, family, list_price, interval_unit, kind, attributes FROM nudge_staging.plans ORDER BY 1;
-- Payments: a refund is a row of its own; nothing of test mode, of what is not captured, of nobody, of a refund that failed
INSERT INTO stripe.charges (id, customer, created, amount, currency, status, captured, failure_code, payment_method_details, livemode) VALUES
	('ch1', 'c01', epoch('2024-01-01'), 3998, 'eur', 'succeeded', true, NULL, '{"type": "card"}', true), ('ch2', 'c02', epoch('2024-01-02'), 12000, 'jpy', 'failed', false, 'card_declined', '{"type": "card"}', true),
	('ch3', 'c03', epoch('2024-01-03'), 100, 'eur', 'succeeded', false, NULL, NULL, true), ('ch4', NULL, epoch('2024-01-03'), 100, 'eur', 'succeeded', true, NULL, NULL, true),
	('ch5', 'c03', epoch('2024-01-03'), 100, 'eur', 'succeeded', true, NULL, NULL, false), ('ch6', 'c03', epoch('2024-01-03'), 100, 'eur', 'pending', true, NULL, NULL, true);
INSERT INTO stripe.refunds (id, charge, created, amount, currency, status) VALUES ('r1', 'ch1', epoch('2024-02-01'), 1999, 'eur', 'succeeded'), ('r2', 'ch1', epoch('2024-02-02'), 1999, 'eur', 'failed'), ('r3', 'ch5', epoch('2024-02-02'), 1, 'eur', NULL);
SELECT customer, at AT TIME ZONE 'UTC' AS at_utc, amount, currency, outcome, method, failure FROM nudge_staging.payments ORDER BY at;
-- What the presets leave for check_source to find: prices without an amount, and one that is not there
SELECT source_name, problem, severity, column_name, bad_rows FROM check_source(samples => 0);

-- Another schema of the same layout beside it, under a prefix of its own; an older schema without some columns and tables
CREATE SCHEMA "Old stripe";
CREATE TABLE "Old stripe".subscriptions AS SELECT id, customer, status, created, ended_at FROM stripe.subscriptions WHERE id IN ('s01', 's05', 's08', 's16', 's21');
CREATE TABLE "Old stripe".subscription_items AS SELECT id, subscription, price, quantity, created FROM stripe.subscription_items;
CREATE TABLE "Old stripe".prices AS SELECT id, currency, recurring, unit_amount FROM stripe.prices;
SELECT source_name, input, skipped_because, left_out FROM map_preset('stripe_sync', 'Old stripe', prefix => 'old');
-- it knows of no trial, no discount and no test mode
SELECT customer, item, valid_to AT TIME ZONE 'UTC' AS to_utc, amount, discount, status FROM nudge_staging.subscriptions WHERE source_name = 'old_subscriptions' ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
TRUNCATE by_hand;

--
-- Stripe by Fivetran: timestamps without a zone are UTC, whatever zone the days of others are in
--
CREATE SCHEMA fivetran_stripe;
CREATE TABLE fivetran_stripe.customer (id varchar(256), created timestamp, currency varchar(256), address_country varchar(256), metadata varchar(256), livemode boolean, is_deleted boolean);
INSERT INTO fivetran_stripe.customer VALUES ('c1', '2024-01-01', 'eur', 'FR', '{"tier": "gold"}', true, false), ('c2', '2024-01-01', 'eur', NULL, '', true, true), ('c3', '2024-01-01', 'eur', NULL, NULL, false, false);
CREATE TABLE fivetran_stripe.subscription_history (id varchar(256), customer_id varchar(256), status varchar(256), created timestamp, start_date timestamp, cancel_at timestamp, canceled_at timestamp, ended_at timestamp,
	cancel_at_period_end boolean, trial_start timestamp, trial_end timestamp, pause_collection_behavior varchar(256), livemode boolean, _fivetran_active boolean, _fivetran_start timestamp, _fivetran_end timestamp);
INSERT INTO fivetran_stripe.subscription_history (id, customer_id, status, created, ended_at, trial_end, pause_collection_behavior, livemode, _fivetran_active, _fivetran_start, _fivetran_end) VALUES
	-- not paid at first, then active, a renewal that changes nothing, paused, active, given up
	('s1', 'c1', 'incomplete', '2024-01-01', NULL, NULL, NULL, true, false, '2024-01-01 00:00:10', '2024-01-02 23:59:59.999'),
	('s1', 'c1', 'active', '2024-01-01', NULL, NULL, NULL, true, false, '2024-01-03', '2024-01-31 23:59:59.999'),
	('s1', 'c1', 'active', '2024-01-01', NULL, NULL, NULL, true, false, '2024-02-01', '2024-02-29 23:59:59.999'),
	('s1', 'c1', 'active', '2024-01-01', NULL, NULL, 'void', true, false, '2024-03-01', '2024-03-31 23:59:59.999'),
	('s1', 'c1', 'active', '2024-01-01', NULL, NULL, NULL, true, false, '2024-04-01', '2024-05-31 23:59:59.999'),
	('s1', 'c1', 'unpaid', '2024-01-01', NULL, NULL, NULL, true, true, '2024-06-01', '9999-12-31 23:59:59.999'),
	-- the connection is younger than the subscription, which had ended before
	('s2', 'c2', 'canceled', '2023-06-01', '2024-03-15', '2023-06-15', NULL, true, true, '2024-05-01', '9999-12-31 23:59:59.999'),
	-- test mode; and one that the system does not have any more
	('s3', 'c3', 'active', '2024-01-01', NULL, NULL, NULL, false, true, '2024-01-01', '9999-12-31 23:59:59.999'),
	('s4', 'c4', 'active', '2024-01-01', NULL, NULL, NULL, true, false, '2024-01-01', '2024-04-30 23:59:59.999'),
	('s5', 'c5', 'past_due', '2024-01-01', NULL, NULL, NULL, NULL, true, '2024-01-01', '9999-12-31 23:59:59.999');
CREATE TABLE fivetran_stripe.subscription_item (id varchar(256), subscription_id varchar(256), plan_id varchar(256), quantity integer, created timestamp, _fivetran_deleted boolean);
INSERT INTO fivetran_stripe.subscription_item VALUES ('i1', 's1', 'p_month', 2, '2024-01-01', false), ('i1x', 's1', 'p_month', 9, '2024-01-01', true), ('i2', 's2', 'p_year', 1, '2023-06-01', NULL), ('i3', 's3', 'p_month', 1, '2024-01-01', false),
	('i4', 's4', 'p_yen', 3, '2024-01-01', false), ('i5a', 's5', 'p_gross', 1, '2024-01-01', false), ('i5b', 's5', 'old_plan', 1, '2024-02-15', false), ('i5c', 's5', 'p_meter', NULL, '2024-01-01', false);
CREATE TABLE fivetran_stripe.price (id varchar(256), currency varchar(256), unit_amount bigint, unit_amount_decimal varchar(256), recurring_interval varchar(256), recurring_interval_count integer, recurring_usage_type varchar(256), tax_behavior varchar(256), livemode boolean);
INSERT INTO fivetran_stripe.price VALUES ('p_month', 'eur', 5000, '5000', 'month', 1, 'licensed', 'exclusive', true), ('p_year', 'eur', 120000, NULL, 'year', 1, 'licensed', NULL, true), ('p_yen', 'jpy', 1000, '1000', 'month', 1, 'licensed', NULL, true),
	('p_gross', 'eur', 11900, '11900', 'month', 1, 'licensed', 'inclusive', true), ('p_meter', 'eur', NULL, NULL, 'month', 1, 'metered', NULL, true);
CREATE TABLE fivetran_stripe.plan (id varchar(256), currency varchar(256), amount bigint, interval varchar(256), interval_count integer, nickname varchar(256));
INSERT INTO fivetran_stripe.plan VALUES ('p_month', 'eur', 1, 'month', 1, 'not read: there is a price'), ('old_plan', 'eur', 9000, 'month', 3, 'Old');
CREATE TABLE fivetran_stripe.coupon (id varchar(256), percent_off double precision, amount_off bigint, duration varchar(256), duration_in_months integer);
INSERT INTO fivetran_stripe.coupon VALUES ('half', 50, NULL, 'forever', NULL), ('fifth', 20, NULL, 'repeating', 2), ('all', 100, NULL, 'once', NULL);
CREATE TABLE fivetran_stripe.discount (id varchar(256), type varchar(256), subscription_id varchar(256), customer_id varchar(256), invoice_id varchar(256), coupon_id varchar(256), start timestamp, "end" timestamp);
INSERT INTO fivetran_stripe.discount VALUES ('d1', 's', 's4', 'c4', 'in1', 'half', '2024-01-01', NULL), ('d2', 's', 's4', 'c4', 'in2', 'half', '2024-01-01', NULL), ('d3', 's', 's4', 'c4', NULL, 'fifth', '2024-02-01', '2024-04-01'), ('d4', 'i', NULL, 'c5', 'in9', 'all', '2024-01-01', NULL);
CREATE TABLE fivetran_stripe.subscription_discount (id varchar(256), subscription_id varchar(256), coupon_id varchar(256), start timestamp, "end" timestamp);
INSERT INTO fivetran_stripe.subscription_discount VALUES ('d1', 's4', 'half', '2024-01-01', NULL), ('d5', 's1', 'all', '2024-02-01', NULL);
CREATE TABLE fivetran_stripe.invoice_line_item (id varchar(256), subscription_item_id varchar(256), price_id varchar(256), period_start timestamp, proration boolean, unit_amount_excluding_tax varchar(256));
INSERT INTO fivetran_stripe.invoice_line_item VALUES ('l1', 'i5a', 'p_gross', '2024-01-01', false, '9900'), ('l2', 'i5a', 'p_gross', '2024-02-01', false, '10000'), ('l3', 'i5a', 'p_gross', '2024-02-10', true, '1'), ('l4', 'i5a', 'other', '2024-03-01', false, '2'), ('l5', 'i5a', 'p_gross', '2024-03-01', false, '');
CREATE TABLE fivetran_stripe.charge (id varchar(256), customer_id varchar(256), created timestamp, amount bigint, currency varchar(256), status varchar(256), captured boolean, failure_code varchar(256), livemode boolean);
INSERT INTO fivetran_stripe.charge VALUES ('ch1', 'c1', '2024-01-03', 10000, 'eur', 'succeeded', true, NULL, true), ('ch2', 'c1', '2024-06-01', 10000, 'eur', 'failed', false, 'expired_card', true);
SELECT source_name, input, staging_view, skipped_because, left_out FROM map_preset('stripe_fivetran', 'fivetran_stripe', zone => 'Asia/Tokyo');
SELECT customer, item, plan, valid_from AT TIME ZONE 'UTC' AS from_utc, valid_to AT TIME ZONE 'UTC' AS to_utc, amount, interval_unit AS unit, interval_count AS n, quantity AS qty, currency AS cur, discount, discount_kind AS kind, status, usage
FROM nudge_staging.subscriptions ORDER BY customer COLLATE "C", item COLLATE "C", valid_from;
-- By hand.  1: 2 x 50 since it was paid, nothing in February (100 percent off once), in March (paused) and since June.  2: 1200 a year after the trial, until March 15.
-- 4: 3 x 1000 yen, half off, with a fifth off that 1200; ends with its last version.  5: the net of the last invoice, 100, and 90 in three months since February 15
INSERT INTO by_hand SELECT v.customer, v.currency, d.day, d.mrr FROM (VALUES
	('c1', 'EUR', 100, 0, NULL, 100, NULL), ('c2', 'EUR', 100, 100, NULL, NULL, NULL), ('c4', 'JPY', 1500, 1200, 1200, 1500, NULL), ('c5', 'EUR', 100, 130, 130, 130, 130)
) v(customer, currency, january, february, march, april, june), LATERAL (VALUES ('2024-01-31'::date, january), ('2024-02-28', february), ('2024-03-31', march), ('2024-04-30', april), ('2024-06-30', june)) d(day, mrr);
INSERT INTO by_hand VALUES ('c2', 'EUR', '2023-06-14', NULL), ('c2', 'EUR', '2023-06-15', 100);
SELECT * FROM pg_temp.differences();
SELECT plan, list_price, interval_unit, attributes FROM nudge_staging.plans ORDER BY 1;
SELECT customer, created_at AT TIME ZONE 'UTC' AS created_utc, region, attributes FROM nudge_staging.customers ORDER BY 1;
SELECT customer, at AT TIME ZONE 'UTC' AS at_utc, amount, outcome, method, failure FROM nudge_staging.payments ORDER BY at;
-- A connection of before 2022: subscriptions without history, plans without prices
ALTER TABLE fivetran_stripe.subscription_history RENAME TO subscription;
ALTER TABLE fivetran_stripe.price RENAME TO nothing;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DELETE FROM fivetran_stripe.subscription WHERE NOT _fivetran_active;
ALTER TABLE fivetran_stripe.subscription DROP COLUMN _fivetran_active, DROP COLUMN _fivetran_start, DROP COLUMN _fivetran_end;
SELECT source_name, skipped_because, left_out FROM map_preset('stripe_fivetran', 'fivetran_stripe', inputs => '{subscriptions,plans}');
SELECT customer, item, amount, interval_unit AS unit, interval_count AS n, status FROM nudge_staging.subscriptions ORDER BY customer COLLATE "C", item COLLATE "C", valid_from;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
TRUNCATE by_hand;

--
-- Plain: tables of the names and columns of the inputs
--
CREATE SCHEMA mine;
CREATE TABLE mine.customers (customer integer, created_at timestamptz, segment text, remark text);
CREATE TABLE mine.spend (day date, channel text, amount numeric, currency text);
CREATE TABLE mine.events (id integer, happened timestamptz);
CREATE VIEW mine.users AS SELECT 1 AS "user", timestamp '2024-01-01' AS signed_up_at;
INSERT INTO mine.customers VALUES (1, '2024-01-01Z', 'a', 'x');
SELECT source_name, input, staging_view, left_out FROM map_preset('plain', 'mine', zone => 'Asia/Tokyo', prefix => 'own') WHERE skipped_because IS NULL;
SELECT source, relation, query, columns, zone FROM sources ORDER BY 1;
SELECT source_name, customer, segment FROM nudge_staging.customers;
SELECT source_name, "user", signed_up_at AT TIME ZONE 'UTC' AS at_utc FROM nudge_staging.users;
SELECT source_name, skipped_because FROM map_preset('plain', 'mine', inputs => '{events,bugs,spend}', dry_run => true);
-- A day needs a zone, as for map_source
SELECT source_name FROM map_preset('plain', 'mine', inputs => '{users}');
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- Chargebee: by a loader that keeps the names of the API, seconds and lists; and in the singular, with the plan in the subscription
--
CREATE SCHEMA chargebee;
CREATE TABLE chargebee.subscriptions (id text, customer_id text, status text, currency_code text, billing_period integer, billing_period_unit text, started_at bigint, created_at bigint, trial_start bigint, trial_end bigint, cancelled_at bigint, cancel_reason text,
	current_term_end bigint, pause_date bigint, resume_date bigint, due_since bigint, due_invoices_count integer, updated_at bigint, deleted boolean, subscription_items jsonb, coupons jsonb);
INSERT INTO chargebee.subscriptions (id, customer_id, status, currency_code, billing_period, billing_period_unit, started_at, created_at, subscription_items)
	SELECT 's' || n, 'c' || n, 'active', CASE n WHEN 2 THEN 'JPY' ELSE 'USD' END, CASE n WHEN 2 THEN 1 WHEN 3 THEN 3 ELSE 1 END, CASE n WHEN 2 THEN 'year' ELSE 'month' END, epoch('2024-01-01'), epoch('2024-01-01'), items::jsonb
	FROM (VALUES (1, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 5, "free_quantity": 1, "unit_price": 2000, "amount": 8000}, {"item_price_id": "api", "item_type": "addon", "quantity": 1, "unit_price": 1000, "amount": 1000}, {"item_price_id": "setup", "item_type": "charge", "amount": 9900}]'),
		(2, '[{"item_price_id": "yen", "item_type": "plan", "quantity": 1, "unit_price": 12000, "amount": 12000}]'), (3, '[{"item_price_id": "tiers", "item_type": "plan", "quantity": 12, "unit_price": null, "amount": 30000}]'),
		(4, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 1, "unit_price": 2000, "amount": 2000}]'), (5, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 1, "unit_price": 2000, "amount": 2000}, {"item_price_id": "calls", "item_type": "addon", "metered_quantity": "7", "unit_price": 5}]'),
		(6, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 1, "unit_price": 2000, "amount": 2000}]'), (7, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 1, "unit_price": 2000, "amount": 2000}]'),
		(8, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 1, "unit_price": 2000, "amount": 2000}]'), (9, '[{"item_price_id": "pro", "item_type": "plan", "quantity": 1, "unit_price": 2000, "amount": 2000}]')) v(n, items);
UPDATE chargebee.subscriptions SET status = 'non_renewing', cancelled_at = epoch('2024-04-01'), current_term_end = epoch('2024-04-01') WHERE id = 's4';
UPDATE chargebee.subscriptions SET coupons = jsonb_build_array(jsonb_build_object('coupon_id', 'tenth', 'apply_till', epoch('2024-03-01')), '{"coupon_id": "item"}'::jsonb) WHERE id = 's5';
UPDATE chargebee.subscriptions SET status = 'paused', pause_date = epoch('2024-02-01'), resume_date = epoch('2024-04-01') WHERE id = 's6';
UPDATE chargebee.subscriptions SET status = 'cancelled', trial_start = epoch('2024-01-01'), trial_end = epoch('2024-01-15'), cancelled_at = epoch('2024-03-01'), cancel_reason = 'not_paid' WHERE id = 's7';
UPDATE chargebee.subscriptions SET deleted = true, updated_at = epoch('2024-03-15') WHERE id = 's8';
UPDATE chargebee.subscriptions SET due_since = epoch('2024-02-10'), due_invoices_count = 2 WHERE id = 's9';
CREATE TABLE chargebee.coupons (id text, discount_type text, discount_percentage numeric, discount_amount bigint, duration_type text, apply_on text);
INSERT INTO chargebee.coupons VALUES ('tenth', 'percentage', 10, NULL, 'limited_period', 'invoice_amount'), ('item', 'percentage', 50, NULL, 'forever', 'each_specified_item');
CREATE TABLE chargebee.item_prices (id text, item_id text, item_type text, price bigint, currency_code text, period integer, period_unit text);
INSERT INTO chargebee.item_prices VALUES ('pro', 'p', 'plan', 2000, 'USD', 1, 'month'), ('yen', 'p', 'plan', 12000, 'JPY', 1, 'year'), ('tiers', 'p', 'plan', 30000, 'USD', 3, 'month'), ('two', 'a', 'addon', 3000, 'USD', 2, 'month'), ('setup', 'x', 'charge', 9900, 'USD', NULL, NULL);
SELECT source_name, skipped_because FROM map_preset('chargebee', 'chargebee');
SELECT plan, family, kind, list_price, interval_unit FROM nudge_staging.plans ORDER BY 1;
SELECT customer, item, plan, valid_from AT TIME ZONE 'UTC' AS from_utc, valid_to AT TIME ZONE 'UTC' AS to_utc, amount, interval_unit AS unit, interval_count AS n, quantity AS qty, currency AS cur, discount, discount_kind AS kind, status, usage, end_reason
FROM nudge_staging.subscriptions ORDER BY customer, item COLLATE "C", valid_from;
-- By hand.  1: 4 paid of 5, 80, and 10 of the add-on; what is charged once is not MRR.  2: 12000 yen a year.  3: tiers, 300 in three months.  4: ends in April.  5: a tenth off until March, without the meter and the coupon on an item.
-- 6: paused until April.  7: left in March.  8: deleted in March.  9: owes, at risk
INSERT INTO by_hand SELECT v.customer, v.currency, d.day, d.mrr FROM (VALUES ('c1', 'USD', 90, 90, 90), ('c2', 'JPY', 1000, 1000, 1000), ('c3', 'USD', 100, 100, 100), ('c4', 'USD', 20, 20, NULL), ('c5', 'USD', 18, 20, 20),
	('c6', 'USD', 20, NULL, 20), ('c7', 'USD', 20, NULL, NULL), ('c8', 'USD', 20, 20, NULL), ('c9', 'USD', 20, 20, 20)) v(customer, currency, january, march, april), LATERAL (VALUES ('2024-01-31'::date, january), ('2024-03-10', march), ('2024-04-30', april)) d(day, mrr);
SELECT * FROM pg_temp.differences();
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
TRUNCATE by_hand;
CREATE SCHEMA chargebee_1;
CREATE TABLE chargebee_1.subscription (id text, customer_id text, status text, currency_code text, billing_period integer, billing_period_unit text, started_at timestamp, plan_id text, plan_quantity integer, plan_unit_price bigint, _fivetran_deleted boolean);
INSERT INTO chargebee_1.subscription VALUES ('s1', 'c1', 'active', 'KWD', 1, 'year', '2024-01-01', 'gold', 3, 40000, false);
SELECT source_name, skipped_because FROM map_preset('chargebee', 'chargebee_1', inputs => '{subscriptions}');
-- three times 40.000 dinars a year are 10 a month
SELECT * FROM pg_temp.mrr('2024-06-01Z');
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- Recurly by Fivetran: a row for each change
--
CREATE SCHEMA recurly;
CREATE TABLE recurly.subscription_history (id text, updated_at timestamp, account_id text, plan_id text, state text, created_at timestamp, activated_at timestamp, canceled_at timestamp, expires_at timestamp, trial_started_at timestamp, trial_ends_at timestamp, currency text, unit_amount double precision, quantity integer, expiration_reason text);
INSERT INTO recurly.subscription_history (id, updated_at, account_id, plan_id, state, created_at, activated_at, canceled_at, expires_at, trial_ends_at, currency, unit_amount, quantity, expiration_reason) VALUES
	-- the connection begins in February: 2 at 10, 3 in March, another plan in April, nonpayment in June
	('s1', '2024-02-01', 'c1', 'month', 'active', '2024-01-01', '2024-01-01', NULL, NULL, NULL, 'USD', 10.5, 2, NULL), ('s1', '2024-03-10', 'c1', 'month', 'active', '2024-01-01', '2024-01-01', NULL, NULL, NULL, 'USD', 10.5, 3, NULL),
	('s1', '2024-04-10', 'c1', 'year', 'active', '2024-01-01', '2024-01-01', NULL, NULL, NULL, 'USD', 1200, 1, NULL), ('s1', '2024-06-01', 'c1', 'year', 'expired', '2024-01-01', '2024-01-01', NULL, '2024-06-01', NULL, 'USD', 1200, 1, 'nonpayment'),
	-- a trial, then cancelled with the end of its term; paused; never begun
	('s2', '2024-01-01', 'c2', 'month', 'active', '2024-01-01', '2024-01-01', NULL, NULL, '2024-01-15', 'USD', 20, 1, NULL), ('s2', '2024-03-20', 'c2', 'month', 'canceled', '2024-01-01', '2024-01-01', '2024-03-20', '2024-04-15', '2024-01-15', 'USD', 20, 1, NULL),
	('s3', '2024-01-01', 'c3', 'month', 'active', '2024-01-01', '2024-01-01', NULL, NULL, NULL, 'USD', 40, 1, NULL), ('s3', '2024-03-01', 'c3', 'month', 'paused', '2024-01-01', '2024-01-01', NULL, NULL, NULL, 'USD', 40, 1, NULL),
	('s4', '2024-01-01', 'c4', 'month', 'failed', '2024-01-01', NULL, NULL, NULL, NULL, 'USD', 40, 1, NULL);
CREATE TABLE recurly.plan_history (id text, updated_at timestamp, code text, name text, interval_unit text, interval_length integer);
INSERT INTO recurly.plan_history VALUES ('month', '2023-01-01', 'm', 'Old name', 'days', 7), ('month', '2023-06-01', 'm', 'Monthly', 'months', 1), ('year', '2023-01-01', 'y', 'Yearly', 'months', 12);
CREATE TABLE recurly.plan_currency_history (plan_id text, plan_updated_at timestamp, currency text, unit_amount double precision);
INSERT INTO recurly.plan_currency_history VALUES ('month', '2023-01-01', 'USD', 1), ('month', '2023-06-01', 'USD', 10.5), ('year', '2023-01-01', 'USD', 1200), ('year', '2023-01-01', 'EUR', 1100);
CREATE TABLE recurly.subscription_add_on_history (id text, subscription_id text, plan_add_on_id text, quantity integer, unit_amount double precision, created_at timestamp, updated_at timestamp, expired_at timestamp);
INSERT INTO recurly.subscription_add_on_history VALUES ('a1', 's3', 'sla', 1, 5, '2024-01-20', '2024-01-20', NULL), ('a1', 's3', 'sla', 2, 5, '2024-01-20', '2024-02-10', '2024-02-20');
CREATE TABLE recurly.coupon_redemption_history (id text, account_id text, coupon_id text, created_at timestamp, updated_at timestamp, removed_at timestamp);
INSERT INTO recurly.coupon_redemption_history VALUES ('r1', 'c2', 'half', '2024-02-01', '2024-02-01', NULL), ('r1', 'c2', 'half', '2024-02-01', '2024-03-01', '2024-03-01'), ('r2', 'c3', 'four', '2024-02-01', '2024-02-01', NULL);
CREATE TABLE recurly.coupon_discount (coupon_id text, type text, percentage text, currency text, amount double precision);
INSERT INTO recurly.coupon_discount VALUES ('half', 'percent', '50', NULL, NULL), ('four', 'fixed', NULL, 'EUR', 40), ('four', 'fixed', NULL, 'USD', 5);
SELECT source_name, skipped_because FROM map_preset('recurly', 'recurly');
SELECT customer, item, plan, valid_from AT TIME ZONE 'UTC' AS from_utc, valid_to AT TIME ZONE 'UTC' AS to_utc, amount, interval_unit AS unit, interval_count AS n, quantity AS qty, discount, discount_kind AS kind, status, end_reason
FROM nudge_staging.subscriptions ORDER BY customer, item COLLATE "C", valid_from;
-- By hand.  1: 2 x 10.50, 3 x 10.50, 1200 a year, nothing since June.  2: 20 after the trial, half in February, until the middle of April.  3: 40 and an add-on of 5, of 10 for ten days, 5.00 off of the 40 that it holds last,
-- an eighth since February; paused in March.  4: failed
INSERT INTO by_hand SELECT v.customer, 'USD', d.day, d.mrr FROM (VALUES ('c1', 21, 21, 31.5, 100, NULL), ('c2', 20, 10, 20, NULL, NULL), ('c3', 45, 43.75, NULL, NULL, NULL::numeric)) v(customer, january, february, march, april, june),
	LATERAL (VALUES ('2024-01-31'::date, january), ('2024-02-15', february), ('2024-03-31', march), ('2024-04-30', april), ('2024-06-01', june)) d(day, mrr);
SELECT * FROM pg_temp.differences();
SELECT plan, family, list_price, interval_unit FROM nudge_staging.plans ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
TRUNCATE by_hand;

--
-- Kill Bill
--
CREATE SCHEMA killbill;
CREATE TABLE killbill.analytics_subscription_transitions (subscription_id varchar(36), bundle_id varchar(36), account_id varchar(36), event varchar(50), next_service varchar(50), next_start_date date, next_end_date date, next_slug varchar(255), next_product_name varchar(255), next_phase varchar(255),
	next_billing_period varchar(50), next_price numeric(10, 4), next_mrr numeric(10, 4), next_currency varchar(50), next_state varchar(50), report_group varchar(50));
INSERT INTO killbill.analytics_subscription_transitions VALUES
	('s1', 'b1', 'a1', 'START_ENTITLEMENT_BASE', 'entitlement-service', '2024-01-01', '2024-01-31', 'gold-monthly-trial', 'Gold', 'TRIAL', 'NO_BILLING_PERIOD', 0, 0, 'USD', 'ACTIVE', 'default'),
	('s1', 'b1', 'a1', 'START_BILLING_BASE', 'billing-service', '2024-01-01', '2024-01-31', 'gold-monthly-trial', 'Gold', 'TRIAL', 'NO_BILLING_PERIOD', 0, 0, 'USD', 'ACTIVE', 'default'),
	('s1', 'b1', 'a1', 'SYSTEM_CHANGE_BASE', 'entitlement-service', '2024-01-31', '2024-03-15', 'gold-monthly-evergreen', 'Gold', 'EVERGREEN', 'MONTHLY', 30, 30, 'USD', 'ACTIVE', 'default'),
	('s1', 'b1', 'a1', 'CHANGE_BASE', 'entitlement-service', '2024-03-15', '2024-05-01', 'gold-annual-evergreen', 'Gold', 'EVERGREEN', 'ANNUAL', 18.29, 1.5242, 'USD', 'ACTIVE', 'default'),
	('s1', 'b1', 'a1', 'STOP_ENTITLEMENT_BASE', 'entitlement-service', '2024-05-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'USD', 'CANCELLED', 'default'),
	('s2', 'b2', 'a2', 'START_ENTITLEMENT_BASE', 'entitlement-service', '2024-01-01', NULL, 'day-evergreen', 'Day', 'EVERGREEN', 'THIRTY_DAYS', 30, 0, 'USD', 'ACTIVE', 'default'),
	('s3', 'b3', 'a3', 'START_ENTITLEMENT_BASE', 'entitlement-service', '2024-01-01', NULL, 'once-evergreen', 'Once', 'EVERGREEN', 'NO_BILLING_PERIOD', 999.95, 0, 'USD', 'ACTIVE', 'default'),
	('s4', 'b4', 'a4', 'START_ENTITLEMENT_BASE', 'entitlement-service', '2024-01-01', NULL, 'gold-monthly-evergreen', 'Gold', 'EVERGREEN', 'MONTHLY', 30, 30, 'USD', 'ACTIVE', 'test');
SELECT source_name, skipped_because FROM map_preset('killbill', 'killbill', zone => 'Europe/Berlin');
SELECT customer, item, plan, valid_from AT TIME ZONE 'Europe/Berlin' AS from_local, valid_to AT TIME ZONE 'Europe/Berlin' AS to_local, amount, interval_unit AS unit, interval_count AS n, status FROM nudge_staging.subscriptions ORDER BY customer, valid_from;
-- 18.29 a year are 1.5242 a month; 30 in thirty days are 365 / 12; what has no period has no MRR; a test account is not there
INSERT INTO by_hand VALUES ('a1', 'USD', '2024-02-01', 30), ('a1', 'USD', '2024-04-01', 1.5242), ('a1', 'USD', '2024-06-01', NULL), ('a2', 'USD', '2024-02-01', 30.4167), ('a2', 'USD', '2024-04-01', 30.4167), ('a2', 'USD', '2024-06-01', 30.4167),
	('a3', 'USD', '2024-02-01', 0), ('a3', 'USD', '2024-04-01', 0), ('a3', 'USD', '2024-06-01', 0);
SELECT * FROM pg_temp.differences();
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
TRUNCATE by_hand;

--
-- Google Analytics: the export to BigQuery, and its connector, which must read the same
--
CREATE SCHEMA ga;
CREATE TABLE ga.events (event_timestamp bigint, event_name text, user_pseudo_id text, user_id text, event_params jsonb, collected_traffic_source jsonb, event_value_in_usd double precision, batch_event_index integer);
INSERT INTO ga.events VALUES
	(1704067200123456, 'session_start', 'v1', NULL, '[{"key": "ga_session_id", "value": {"int_value": 7}}, {"key": "page_location", "value": {"string_value": "https://us.example/?utm_source=google"}}, {"key": "page_referrer", "value": {"string_value": "https://www.google.com/"}}]', NULL, NULL, 1),
	(1704067200123456, 'page_view', 'v1', NULL, '[{"key": "ga_session_id", "value": {"int_value": 7}}, {"key": "page_location", "value": {"string_value": "https://us.example/?utm_source=google"}}]', '{"manual_source": "google", "manual_medium": "cpc", "manual_campaign_name": "spring", "gclid": "abc"}', NULL, 2),
	(1704067260000000, 'sign_up', 'v1', 'u1', '[{"key": "ga_session_id", "value": {"int_value": 7}}, {"key": "engagement_time_msec", "value": {"int_value": 1500}}]', '{"manual_source": "later", "manual_medium": "email"}', 2.5, 1),
	(1704153600000000, 'session_start', 'v1', 'u1', '[{"key": "ga_session_id", "value": {"int_value": 8}}]', NULL, NULL, 1);
SELECT source_name, skipped_because, left_out FROM map_preset('google_analytics', 'ga');
SELECT "user", anonymous_id, at AT TIME ZONE 'UTC' AS at_utc, name, duration, value, page, session, properties, tie_break FROM nudge_staging.events ORDER BY at, tie_break;
-- one touch a session: the first source of it, all of one hit; a session without any is direct
SELECT "user", anonymous_id, at AT TIME ZONE 'UTC' AS at_utc, channel, utm_source, utm_medium, campaign, click_id, referrer, touch FROM nudge_staging.touches ORDER BY at;
SELECT anonymous_id, "user", valid_from AT TIME ZONE 'UTC' AS from_utc FROM nudge_staging.identities;
CREATE TABLE before_touches AS SELECT * FROM nudge_staging.touches;
CREATE TABLE before_events AS SELECT "user", anonymous_id, at, name, duration, value, page, session, tie_break FROM nudge_staging.events;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
CREATE SCHEMA ga_flat;
CREATE TABLE ga_flat.event AS
	SELECT (timestamptz '1970-01-01Z' + e.event_timestamp * interval '1 microsecond') AT TIME ZONE 'UTC' AS timestamp, event_name AS name, user_pseudo_id, user_id, event_value_in_usd AS value_in_usd, batch_event_index,
		jsonb_path_query_first(event_params, '$[*] ? (@.key == "ga_session_id").value.int_value')::bigint AS param_ga_session_id, jsonb_path_query_first(event_params, '$[*] ? (@.key == "page_location").value.string_value') #>> '{}' AS param_page_location,
		jsonb_path_query_first(event_params, '$[*] ? (@.key == "page_referrer").value.string_value') #>> '{}' AS param_page_referrer, jsonb_path_query_first(event_params, '$[*] ? (@.key == "engagement_time_msec").value.int_value')::double precision AS param_engagement_time_msec,
		collected_traffic_source ->> 'manual_source' AS collected_traffic_source_manual_source, collected_traffic_source ->> 'manual_medium' AS collected_traffic_source_manual_medium, collected_traffic_source ->> 'manual_campaign_name' AS param_campaign, collected_traffic_source ->> 'gclid' AS param_gclid
	FROM ga.events e;
SELECT source_name, skipped_because FROM map_preset('google_analytics', 'ga_flat');
(TABLE before_touches EXCEPT ALL TABLE nudge_staging.touches) UNION ALL (TABLE nudge_staging.touches EXCEPT ALL TABLE before_touches);
TABLE before_events EXCEPT ALL SELECT "user", anonymous_id, at, name, duration, value, page, session, tie_break FROM nudge_staging.events;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- Ads by Fivetran: history tables that must not multiply spend, millionths, rows by device
--
CREATE SCHEMA ads;
CREATE TABLE ads.campaign_stats (customer_id bigint, id bigint, date date, device text, cost_micros bigint, impressions bigint, clicks bigint);
CREATE TABLE ads.campaign_history (id bigint, account_id bigint, name text, advertising_channel_type text, start_date text, updated_at timestamp, updated_time timestamp, last_modified_time timestamp, _fivetran_active boolean);
CREATE TABLE ads.account_history (id bigint, currency_code text, currency text, updated_at timestamp, _fivetran_synced timestamp, last_modified_time timestamp);
INSERT INTO ads.campaign_stats VALUES (1, 11, '2024-01-01', 'DESKTOP', 1500000, 100, 5), (1, 11, '2024-01-01', 'MOBILE', 500000, 50, 1), (1, 12, '2024-01-01', 'MOBILE', 250000, NULL, NULL), (2, 13, '2024-01-01', 'MOBILE', 1, 1, 0);
INSERT INTO ads.campaign_history VALUES (11, 1, 'Old name', 'SEARCH', '2023-01-01', '2023-01-01', '2023-01-01', '2023-01-01', false), (11, 1, 'Brand', 'SEARCH', '2023-01-01', '2023-06-01', '2023-06-01', '2023-06-01', true), (12, 1, 'Clips', 'VIDEO', '2023-02-01', '2023-02-01', '2023-02-01', '2023-02-01', true);
INSERT INTO ads.account_history VALUES (1, 'USD', 'USD', '2023-01-01', '2023-01-01', '2023-01-01'), (1, 'EUR', 'EUR', '2023-06-01', '2023-06-01', '2023-06-01');
CREATE TABLE ads.basic_ad (ad_id bigint, date date, account_id bigint, spend double precision, impressions bigint, inline_link_clicks bigint);
CREATE TABLE ads.ad_history (id bigint, campaign_id bigint, updated_time timestamp);
INSERT INTO ads.basic_ad VALUES (5, '2024-01-02', 1, 12.34, 10, 1);
INSERT INTO ads.ad_history VALUES (5, 12, '2023-01-01'), (5, 11, '2023-02-01');
CREATE TABLE ads.ad_analytics_by_campaign (campaign_id bigint, day timestamp, cost_in_local_currency numeric, cost_in_usd numeric, impressions bigint, clicks bigint);
INSERT INTO ads.ad_analytics_by_campaign VALUES (11, '2024-01-03 00:00', 8, 9, 10, 1);
SELECT source_name, skipped_because FROM unnest('{google_ads,facebook_ads,linkedin_ads}'::text[]) p, map_preset(p, 'ads', currency => 'gbp', inputs => '{spend}');
-- by hand: 1.50 + 0.50 of Brand in euros, the account's last currency; 0.25 of video; an account that is not there is in the currency passed
SELECT source_name, day, channel, campaign, amount, currency, impressions, clicks FROM nudge_staging.spend ORDER BY day, campaign, amount;
SELECT source_name FROM map_preset('google_ads', 'ads', zone => 'Europe/Berlin', inputs => '{campaigns}');
SELECT campaign, channel, started_at AT TIME ZONE 'UTC' AS started_utc FROM nudge_staging.campaigns ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- HubSpot and Salesforce
--
CREATE SCHEMA hubspot;
CREATE TABLE hubspot.deal (deal_id bigint, deal_pipeline_stage_id text, property_createdate timestamp, property_amount double precision, property_closedate timestamp, property_deal_currency_code text, owner_id bigint, is_deleted boolean);
CREATE TABLE hubspot.deal_pipeline_stage (stage_id text, label text, closed_won boolean, is_closed boolean);
CREATE TABLE hubspot.deal_company (deal_id bigint, company_id bigint, type_id integer);
CREATE TABLE hubspot.merged_deal (deal_id bigint, merged_deal_id bigint);
CREATE TABLE hubspot.company (id bigint, property_createdate timestamp, property_name text, property_lifecyclestage text, is_deleted boolean);
CREATE TABLE hubspot.deal_stage (deal_id bigint, value text, date_entered timestamp, _fivetran_active boolean);
INSERT INTO hubspot.deal_pipeline_stage VALUES ('w', 'Won', true, true), ('l', 'Lost', false, true), ('o', 'Talks', false, false);
INSERT INTO hubspot.deal VALUES (1, 'w', '2024-01-01 10:00', 100, '2024-02-01', 'eur', 7, false), (2, 'l', '2024-01-02', 50, '2024-01-01', NULL, 7, false), (3, 'o', '2024-01-03', NULL, '2024-06-30 23:30', NULL, 7, false), (4, 'w', '2024-01-04', 1, '2024-02-01', NULL, 7, true), (5, 'w', '2024-01-04', 100, '2024-02-01', NULL, 7, false);
INSERT INTO hubspot.deal_company VALUES (1, 20, 341), (1, 21, 5), (1, 22, 341), (2, 20, 341);
INSERT INTO hubspot.merged_deal VALUES (1, 5);
INSERT INTO hubspot.company VALUES (20, '2024-01-01', 'A', 'customer', false), (21, '2024-01-01', 'B', 'lead', false), (22, '2024-01-01', 'C', NULL, false), (23, '2024-01-01', 'D', 'customer', true);
INSERT INTO hubspot.deal_stage VALUES (1, 'o', '2024-01-01', false), (1, 'o', '2024-01-01', true), (1, 'w', '2024-02-01', true);
SELECT source_name FROM map_preset('hubspot', 'hubspot', currency => 'USD', zone => 'Europe/Berlin') WHERE skipped_because IS NULL;
-- 2 was closed before it was made; 3 is open, and should close on the first of July in Berlin; 4 is deleted, 5 merged into 1
SELECT deal, customer, created_at AT TIME ZONE 'UTC' AS created_utc, amount, currency, stage, closed_at AT TIME ZONE 'UTC' AS closed_utc, outcome, owner, expected_close FROM nudge_staging.deals ORDER BY 1;
SELECT deal, stage, at AT TIME ZONE 'UTC' AS at_utc FROM nudge_staging.deal_stages ORDER BY at;
SELECT customer, name FROM nudge_staging.customers ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
CREATE SCHEMA salesforce;
CREATE TABLE salesforce.opportunity (id text, account_id text, created_date timestamptz, amount double precision, stage_name text, close_date date, is_closed boolean, is_won boolean, owner_id text, is_deleted boolean, _fivetran_active boolean);
INSERT INTO salesforce.opportunity VALUES ('006a', 'a1', '2024-01-10 10:00Z', 100, 'Closed Won', '2024-02-01', true, true, 'o', false, true), ('006a', 'a1', '2024-01-10 10:00Z', 90, 'Talks', '2024-03-01', false, false, 'o', false, false),
	('006b', 'a1', '2024-01-10 10:00Z', 50, 'Closed Lost', '2024-01-10', true, false, 'o', false, true), ('006c', 'a2', '2024-01-10 10:00Z', NULL, 'Talks', '2024-06-01', false, false, 'o', false, true), ('006d', 'a2', '2024-01-10 10:00Z', 5, 'Talks', '2024-06-01', false, false, 'o', true, true);
CREATE TABLE salesforce.opportunity_history (id text, opportunity_id text, stage_name text, created_date timestamptz);
INSERT INTO salesforce.opportunity_history VALUES ('1', '006a', 'Talks', '2024-01-10Z'), ('2', '006a', 'Talks', '2024-01-11Z'), ('3', '006a', 'Closed Won', '2024-02-01Z');
CREATE TABLE salesforce.task (id text, owner_id text, created_date timestamptz, completed_date_time timestamptz, is_closed boolean, task_subtype text, what_id text, is_deleted boolean);
INSERT INTO salesforce.task VALUES ('t1', 'o', '2024-01-11Z', '2024-01-12Z', true, 'Call', '006a', false), ('t2', 'o', '2024-01-11Z', NULL, false, 'Email', '006a', false), ('t3', 'o', '2024-01-11Z', NULL, true, 'Email', '001x', false);
CREATE TABLE salesforce.lead (id text, created_date timestamptz, lead_source text, is_converted boolean, converted_date date, converted_account_id text, is_deleted boolean);
INSERT INTO salesforce.lead VALUES ('l1', '2024-01-05 12:00Z', 'Web', true, '2024-01-05', 'a1', false), ('l2', '2024-01-06 12:00Z', 'Event', false, NULL, NULL, false);
SELECT source_name FROM map_preset('salesforce', 'salesforce', currency => 'USD', zone => 'America/New_York') WHERE skipped_because IS NULL;
-- a close date is a day of the zone; one lost on the day it was made is not closed before that
SELECT deal, customer, amount, currency, stage, closed_at AT TIME ZONE 'UTC' AS closed_utc, outcome, expected_close FROM nudge_staging.deals ORDER BY 1;
SELECT deal, stage, at AT TIME ZONE 'UTC' AS at_utc FROM nudge_staging.deal_stages ORDER BY at;
SELECT owner, at AT TIME ZONE 'UTC' AS at_utc, kind, deal FROM nudge_staging.activities ORDER BY at;
SELECT lead, customer, stage, at AT TIME ZONE 'UTC' AS at_utc, source FROM nudge_staging.leads ORDER BY lead, at, stage DESC;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- Intercom and Zendesk
--
CREATE SCHEMA intercom;
CREATE TABLE intercom.conversation_history (id bigint, created_at timestamp, updated_at timestamp, state text, priority text, source_type text, assignee_id bigint, conversation_rating_value integer, _fivetran_active boolean);
CREATE TABLE intercom.conversation_contact_history (conversation_id bigint, contact_id text, _fivetran_active boolean);
CREATE TABLE intercom.contact_company_history (contact_id text, company_id text, _fivetran_active boolean);
CREATE TABLE intercom.conversation_part_history (conversation_id bigint, author_type text, part_type text, created_at timestamp, body text, _fivetran_active boolean);
INSERT INTO intercom.conversation_history VALUES (1, '2024-01-01', '2024-01-05', 'closed', 'priority', 'email', 9, 4, true), (1, '2024-01-01', '2024-01-02', 'open', NULL, 'email', NULL, NULL, false), (2, '2024-01-02', '2024-01-02', 'open', NULL, 'conversation', NULL, NULL, true);
INSERT INTO intercom.conversation_contact_history VALUES (1, 'p1', true), (2, 'p2', true);
INSERT INTO intercom.contact_company_history VALUES ('p1', 'co1', true), ('p1', 'co0', false);
INSERT INTO intercom.conversation_part_history VALUES (1, 'bot', 'comment', '2024-01-01 00:01', 'Hello', true), (1, 'admin', 'assignment', '2024-01-01 00:30', NULL, true), (1, 'admin', 'comment', '2024-01-01 01:00', 'Hi', true), (1, 'user', 'comment', '2024-01-01 02:00', 'x', true),
	(1, 'admin', 'close', '2024-01-02', NULL, true), (1, 'user', 'open', '2024-01-03', 'again', true), (1, 'admin', 'close', '2024-01-04', NULL, true);
SELECT source_name FROM map_preset('intercom', 'intercom') WHERE skipped_because IS NULL;
SELECT ticket, customer, opened_at AT TIME ZONE 'UTC' AS opened, first_response_at AT TIME ZONE 'UTC' AS answered, resolved_at AT TIME ZONE 'UTC' AS resolved, reopened_at AT TIME ZONE 'UTC' AS reopened, priority, category, csat, contacts, agent FROM nudge_staging.tickets;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
CREATE SCHEMA zendesk;
CREATE TABLE zendesk.ticket (id bigint, requester_id bigint, organization_id bigint, created_at timestamp, status text, priority text, type text, assignee_id bigint, _fivetran_deleted boolean);
CREATE TABLE zendesk."user" (id bigint, role text, organization_id bigint);
CREATE TABLE zendesk.ticket_comment (ticket_id bigint, user_id bigint, created timestamp, public boolean);
CREATE TABLE zendesk.ticket_field_history (ticket_id bigint, field_name text, value text, updated timestamp);
INSERT INTO zendesk."user" VALUES (1, 'end-user', 50), (2, 'agent', NULL);
INSERT INTO zendesk.ticket VALUES (10, 1, NULL, '2024-01-01', 'closed', 'High', 'problem', 2, false), (11, 1, 51, '2024-01-02', 'open', NULL, NULL, NULL, false), (12, 1, 51, '2024-01-02', 'deleted', NULL, NULL, NULL, false), (13, 2, NULL, '2024-01-02', 'open', NULL, NULL, NULL, false);
INSERT INTO zendesk.ticket_comment VALUES (10, 1, '2024-01-01', true), (10, 2, '2024-01-01 00:30', false), (10, 2, '2024-01-01 01:00', true), (10, 1, '2024-01-03', true);
INSERT INTO zendesk.ticket_field_history VALUES (10, 'status', 'new', '2024-01-01'), (10, 'status', 'solved', '2024-01-02'), (10, 'status', 'open', '2024-01-03'), (10, 'status', 'solved', '2024-01-04'), (10, 'status', 'closed', '2024-01-08'), (10, 'priority', 'high', '2024-01-09');
SELECT source_name FROM map_preset('zendesk', 'zendesk') WHERE skipped_because IS NULL;
-- solved on the fourth, closed by itself four days later; an answer that is not public is none
SELECT ticket, customer, opened_at AT TIME ZONE 'UTC' AS opened, first_response_at AT TIME ZONE 'UTC' AS answered, resolved_at AT TIME ZONE 'UTC' AS resolved, reopened_at AT TIME ZONE 'UTC' AS reopened, priority, category, contacts, agent FROM nudge_staging.tickets ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- Segment and Amplitude
--
CREATE SCHEMA segment;
CREATE TABLE segment.tracks (id text, event text, event_text text, "timestamp" timestamptz, received_at timestamptz, user_id text, anonymous_id text, context_page_path text);
CREATE TABLE segment.pages (id text, "timestamp" timestamptz, anonymous_id text, user_id text, url text, referrer text, context_campaign_source text, context_campaign_medium text, context_campaign_name text);
CREATE TABLE segment.identifies (id text, user_id text, anonymous_id text, "timestamp" timestamptz);
CREATE TABLE segment.groups (user_id text, group_id text, "timestamp" timestamptz);
INSERT INTO segment.tracks VALUES ('1', 'signed_up', 'Signed Up', '2024-01-01 10:00Z', '2024-01-02Z', 'u1', 'a1', '/join'), ('2', 'signed_up', 'Signed Up', '2024-01-01 11:00Z', '2024-01-02Z', '', 'a2', '/join');
INSERT INTO segment.pages VALUES ('p1', '2024-01-01Z', 'a1', NULL, 'https://us.example/x?gclid=abc', 'https://www.google.com/', 'google', 'cpc', 'spring'), ('p2', '2024-01-01 01:00Z', 'a1', 'u1', 'https://us.example/y', 'https://us.example/x', NULL, NULL, NULL), ('p3', '2024-01-02Z', 'a2', NULL, 'https://us.example/', 'https://duckduckgo.com/', NULL, NULL, NULL), ('p4', '2024-01-03Z', 'a2', NULL, 'https://us.example/', NULL, NULL, NULL, NULL);
INSERT INTO segment.identifies VALUES ('i1', 'u1', 'a1', '2024-01-01 09:00Z'), ('i2', 'u1', 'a1', '2024-02-01Z'), ('i3', 'u1', 'a9', '2024-02-01Z');
INSERT INTO segment.groups VALUES ('u1', 'acme', '2024-01-01Z'), ('u1', 'umbrella', '2024-03-01Z');
SELECT source_name FROM map_preset('segment', 'segment');
SELECT "user", anonymous_id, at AT TIME ZONE 'UTC' AS at_utc, name, page FROM nudge_staging.events ORDER BY at;
SELECT "user", anonymous_id, at AT TIME ZONE 'UTC' AS at_utc, channel, campaign, click_id, touch FROM nudge_staging.touches ORDER BY at;
SELECT "user", customer, signed_up_at AT TIME ZONE 'UTC' AS at_utc FROM nudge_staging.users;
SELECT anonymous_id, "user", valid_from AT TIME ZONE 'UTC' AS from_utc FROM nudge_staging.identities ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
CREATE SCHEMA amplitude;
CREATE TABLE amplitude.event (event_type text, event_time timestamp, user_id text, amplitude_id bigint, session_id bigint, event_properties text, _insert_id text, server_upload_time timestamp);
INSERT INTO amplitude.event VALUES ('Export', '2024-01-01 10:00', 'u1', 5, 1704103200000, '{"rows": 3}', 'x', '2024-01-01 10:01'), ('Export', '2024-01-01 10:00', 'u1', 5, 1704103200000, '{"rows": 3}', 'x', '2024-01-01 10:05'), ('Export', '2024-01-01 11:00', NULL, 6, -1, '', NULL, NULL), ('Export', '2024-01-01 11:00', NULL, 6, -1, NULL, NULL, NULL);
SELECT source_name FROM map_preset('amplitude', 'amplitude');
SELECT "user", anonymous_id, at AT TIME ZONE 'UTC' AS at_utc, name, session, properties FROM nudge_staging.events ORDER BY at;
SELECT anonymous_id, "user", valid_from AT TIME ZONE 'UTC' AS from_utc FROM nudge_staging.identities;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- GitHub and PagerDuty
--
CREATE SCHEMA github;
CREATE TABLE github.issue (id bigint, created_at timestamp, closed_at timestamp, repository_id bigint, pull_request boolean);
CREATE TABLE github.issue_label (issue_id bigint, label_id bigint);
CREATE TABLE github.label (id bigint, name text);
CREATE TABLE github.issue_merged (issue_id bigint, merged_at timestamp);
CREATE TABLE github.pull_request (id bigint, issue_id bigint, base_ref text);
CREATE TABLE github.repository (id bigint, full_name text, default_branch text);
INSERT INTO github.label VALUES (1, 'bug'), (2, 'severity: High'), (3, 'kind/debug'), (4, 'P2'), (5, 'type: bug');
INSERT INTO github.issue VALUES (1, '2024-01-01', '2024-01-03', 7, false), (2, '2024-01-02', NULL, 7, false), (3, '2024-01-03', NULL, 7, NULL), (4, '2024-01-04', '2024-01-05', 7, true), (5, '2024-01-04', '2024-01-06', 7, true);
INSERT INTO github.issue_label VALUES (1, 1), (1, 2), (2, 3), (3, 5), (3, 4), (4, 1);
INSERT INTO github.issue_merged VALUES (4, '2024-01-05'), (5, '2024-01-06');
INSERT INTO github.pull_request VALUES (40, 4, 'main'), (50, 5, 'release-1');
INSERT INTO github.repository VALUES (7, 'us/app', 'main');
SELECT source_name FROM map_preset('github', 'github');
SELECT bug, opened_at AT TIME ZONE 'UTC' AS opened, closed_at AT TIME ZONE 'UTC' AS closed, severity FROM nudge_staging.bugs ORDER BY 1;
SELECT at AT TIME ZONE 'UTC' AS at_utc, change_created_at AT TIME ZONE 'UTC' AS made, service FROM nudge_staging.deployments;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
CREATE SCHEMA pagerduty;
CREATE TABLE pagerduty.pagerduty_incidents (id text, created_at timestamptz, status text, urgency text, resolved_at timestamptz, last_status_change_at timestamptz, priority json, service jsonb);
INSERT INTO pagerduty.pagerduty_incidents VALUES ('q1', '2024-01-01 10:00Z', 'resolved', 'high', '2024-01-01 10:30Z', '2024-01-01 10:30Z', '{"summary": "P1"}', '{"summary": "API"}'), ('q2', '2024-01-02Z', 'resolved', 'low', NULL, '2024-01-02 01:00Z', NULL, '{"summary": "Web"}'), ('q3', '2024-01-03Z', 'triggered', 'high', NULL, '2024-01-03Z', NULL, NULL);
SELECT source_name, skipped_because FROM map_preset('pagerduty', 'pagerduty');
SELECT incident, started_at AT TIME ZONE 'UTC' AS started, ended_at AT TIME ZONE 'UTC' AS ended, severity, service FROM nudge_staging.incidents ORDER BY 1;
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;

--
-- Presets of one's own
--
INSERT INTO presets (preset, source, input, tables, columns, filter, zone, words, note) VALUES
	('crm', 'customers', 'customers', '{"accounts": {"account_id": "any!", "since": "any!", "tier": "any", "country": "any"}}', '{"customer": "account_id", "created_at": "since", "segment": "tier", "region": "country"}', 'r.account_id > 0', 'UTC', '{"segment": {"g": "gold"}}', 'Our own');
INSERT INTO presets (preset, source, input, tables, query) VALUES
	('crm', 'spend', 'spend', '{"expenses": {"day": "date!", "cents": "numeric!", "why": "text"}}', 'SELECT e.day, coalesce(e.why, ''other'') AS channel, e.cents / 100 AS amount, {{currency}} AS currency FROM {{expenses}} AS e');
CREATE SCHEMA crm;
CREATE TABLE crm.accounts (account_id integer, since date, tier text, segment text);
CREATE TABLE crm.expenses (day timestamptz, cents integer, why integer[]);
INSERT INTO crm.accounts VALUES (1, '2024-01-01', 'G', 'not this'), (0, '2024-01-01', 'G', 'x');
INSERT INTO crm.expenses VALUES ('2024-01-01 23:30Z', 1250, '{1}');
-- what is NULL: a column that is not there, and one that is of a type that cannot be meant
SELECT source_name, staging_view, skipped_because, left_out FROM map_preset('crm', 'crm', zone => 'Europe/Berlin', currency => 'eur');
SELECT customer, created_at AT TIME ZONE 'UTC' AS created_utc, segment, region FROM nudge_staging.customers;
SELECT day, channel, amount, currency FROM nudge_staging.spend;
-- the statement is the call itself
SELECT statement FROM map_preset('crm', 'crm', prefix => 'mine', expected_every => '1 day', dry_run => true);
SELECT statement FROM map_preset('crm', 'crm', inputs => '{customers}', prefix => 'mine') \gset
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
:statement
SELECT source, filter, words, columns FROM sources;
SELECT preset, input, source, needs, uses, note, shipped FROM preset_list WHERE preset = 'crm' ORDER BY 2;
-- one's own in place of a shipped one
INSERT INTO presets (preset, source, input, tables, query) VALUES ('killbill', 'customers', 'customers', '{"t": {"id": "text!"}}', 'SELECT 1');
SELECT source, shipped FROM preset_list WHERE preset = 'killbill' ORDER BY 1;
SELECT preset, count(*) AS sources, string_agg(DISTINCT input, ', ' ORDER BY input) AS inputs FROM preset_list WHERE shipped AND preset <> 'plain' GROUP BY 1 ORDER BY 1;
DELETE FROM presets;
-- Rows that are no presets
INSERT INTO presets (preset, source, input, tables) VALUES ('p', 's', 'users', '{}');
INSERT INTO presets (preset, source, input, tables) VALUES ('p', 's', 'users', '{"t": {"c": "money"}}');
INSERT INTO presets (preset, source, input, tables) VALUES ('P q', 's', 'users', '{"t": {"c": "text"}}');
SELECT tables, valid_preset_tables(tables::jsonb) FROM unnest('{"{\"t\": 1}","{\"t\": []}","[]","1","{\"t\": {\"c\": 1}}","{\"\": {\"c\": \"text\"}}","{\"t\": {\"c\": \"any!\"}}",NULL}'::text[]) tables;
-- What is not understood
SELECT map_preset('strype', 'crm');
SELECT map_preset(NULL, 'crm');
SELECT map_preset('plain', 'nowhere');
SELECT map_preset('plain', NULL);
SELECT map_preset('stripe_sync', 'crm');
SELECT skipped_because FROM map_preset('stripe_sync', 'crm', dry_run => true);
SELECT map_preset('stripe_sync', 'stripe', inputs => '{customers,events}');
SELECT map_preset('stripe_sync', 'stripe', zone => 'Atlantis');
SELECT map_preset('stripe_sync', 'stripe', currency => 'Euro');
SELECT map_preset('stripe_sync', 'stripe', prefix => 'Two Words');
SELECT map_preset('stripe_sync', 'stripe', expected_every => '-1 day');
SELECT map_preset('stripe_sync', 'stripe', inputs => '{}', dry_run => true);
SELECT count(*) FILTER (WHERE unmap_source(source)) FROM sources;
DROP SCHEMA nudge_staging;
DROP SCHEMA stripe, "Old stripe", fivetran_stripe, mine, chargebee, chargebee_1, recurly, killbill, ga, ga_flat, ads, hubspot, salesforce, intercom, zendesk, segment, amplitude, github, pagerduty, crm CASCADE;
DROP TABLE by_hand, before_touches, before_events;
DROP FUNCTION epoch(timestamp);
