--
-- presets.sql
--		Every preset on tables with all of its columns and with those that it needs
--		alone; random subscriptions of Stripe against plain SQL; who may do what.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed presets
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT plan(15);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- The tables of one variant of one source, made as the preset says: all columns, or what it needs
CREATE FUNCTION pg_temp.make_tables(tables jsonb, needed boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	one record;
BEGIN
	CREATE SCHEMA made;
	FOR one IN SELECT t.key, string_agg(format('%I %s', c.key, CASE rtrim(c.value, '!') WHEN 'epoch' THEN 'bigint' WHEN 'any' THEN 'text' ELSE rtrim(c.value, '!') END), ', ') AS columns
		FROM jsonb_each(tables) t, jsonb_each_text(t.value) c WHERE NOT needed OR c.value LIKE '%!' GROUP BY t.key LOOP
		EXECUTE format('CREATE TABLE made.%I (%s)', one.key, one.columns);
	END LOOP;
END
$$;
-- What goes wrong with them, of all shipped presets
CREATE FUNCTION pg_temp.broken(needed boolean) RETURNS TABLE (preset text, source text, variant integer, problem text) LANGUAGE plpgsql AS $$
DECLARE
	one nudge.presets_in_force;
	row_of record;
BEGIN
	FOR one IN SELECT p.* FROM nudge.presets_in_force p WHERE p.preset <> 'plain' LOOP
		BEGIN
			PERFORM pg_temp.make_tables(one.tables, needed);
			-- a variant alone, since another might be taken
			DELETE FROM nudge.presets;
			INSERT INTO nudge.presets SELECT 'alone', 'x', 1, one.input, one.tables, one.query, one.columns, one.filter, one.zone, one.amount_scale, one.words, one.end_rule, one.note;
			SELECT m.* INTO row_of FROM nudge.map_preset('alone', 'made', zone => 'UTC', currency => 'EUR') m;
			problem := coalesce(row_of.skipped_because, CASE WHEN NOT needed THEN row_of.left_out END);
			EXECUTE format('SELECT count(*) FROM %s', row_of.staging_view);
			RAISE EXCEPTION USING ERRCODE = 'NM000';
		EXCEPTION WHEN SQLSTATE 'NM000' THEN
			NULL;
		WHEN OTHERS THEN
			problem := SQLERRM;
		END;
		IF problem IS NOT NULL THEN
			preset := one.preset;
			source := one.source;
			variant := one.variant;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT * FROM pg_temp.broken(false)', 'every preset maps tables with all of its columns, and can be read');
SELECT is_empty('SELECT * FROM pg_temp.broken(true)', 'and with those that it needs alone');
SELECT is_empty($$ SELECT preset, source FROM nudge.shipped_presets p WHERE NOT nudge.valid_preset_tables(p.tables) OR p.note IS NULL OR NOT EXISTS (SELECT FROM nudge.inputs i WHERE i.input = p.input) $$, 'every one is valid, has a note and an input that there is');
SELECT is_empty($$ SELECT preset, source, t.key FROM nudge.shipped_presets p, jsonb_object_keys(p.tables) t(key) WHERE strpos(p.query, '{{' || t.key || '}}') = 0 $$, 'every table is read');
SELECT is_empty($$ SELECT preset, source FROM nudge.shipped_presets p WHERE (SELECT regexp_replace(p.query, '\{\{(' || string_agg(t.key, '|') || '|zone|currency)\}\}', '', 'g') FROM jsonb_object_keys(p.tables) t(key)) ~ '\{\{' $$, 'and no other');
SELECT is_empty($$ SELECT preset, source, c.key FROM nudge.shipped_presets p, jsonb_each(p.tables) t, jsonb_object_keys(t.value) c(key) WHERE c.key <> ALL (string_to_array(regexp_replace(p.query, '\W+', ' ', 'g'), ' ')) AND p.query !~ '\ms\.\*|\mk\.\*'
	AND p.preset NOT IN ('stripe_fivetran') $$, 'and every column');

-- Random subscriptions of Stripe, with one item each, against plain SQL
CREATE SCHEMA stripe;
CREATE TABLE stripe.prices AS SELECT 'p' || g AS id, (ARRAY['eur', 'jpy', 'kwd', 'isk'])[1 + g % 4] AS currency, 100 * g AS unit_amount, jsonb_build_object('interval', (ARRAY['month', 'year', 'week', 'day'])[1 + g % 4], 'interval_count', 1 + g % 3) AS recurring FROM generate_series(1, 24) g;
CREATE TABLE stripe.subscriptions AS
	SELECT 's' || g AS id, 'c' || g % 40 AS customer, (ARRAY['active', 'active', 'canceled', 'trialing', 'past_due', 'unpaid', 'incomplete', 'paused', 'incomplete_expired'])[1 + floor(random() * 9)::integer] AS status, begins AS created, begins + floor(random() * 86400 * 3)::integer AS start_date,
		CASE WHEN random() < 0.3 THEN begins + floor(random() * 86400 * 300)::integer END AS cancel_at, NULL::integer AS ended_at, CASE WHEN random() < 0.4 THEN begins + floor(random() * 86400 * 60)::integer END AS trial_end, random() < 0.9 AS livemode,
		CASE WHEN random() < 0.5 THEN jsonb_build_object('coupon', jsonb_build_object('percent_off', floor(random() * 101), 'duration', 'forever'), 'start', begins + floor(random() * 86400 * 90 - 86400 * 30)::integer, 'end', CASE WHEN random() < 0.5 THEN begins + floor(random() * 86400 * 300)::integer END) END AS discount
	FROM generate_series(1, 400) g, LATERAL (SELECT 1704067200 + floor(random() * 86400 * 300)::integer + g * 0 AS begins) b;
UPDATE stripe.subscriptions SET ended_at = start_date + floor(random() * 86400 * 200)::integer WHERE status = 'canceled';
CREATE TABLE stripe.subscription_items AS SELECT 'i' || g AS id, 's' || g AS subscription, 'p' || 1 + floor(random() * 24)::integer AS price, floor(random() * 5)::integer AS quantity, random() < 0.1 AS deleted FROM generate_series(1, 400) g;
SELECT is((SELECT count(*) FROM nudge.map_preset('stripe_sync', 'stripe') WHERE skipped_because IS NULL), 2::bigint, 'subscriptions and plans are mapped');
CREATE FUNCTION pg_temp.mapped(at timestamptz) RETURNS TABLE (customer text, mrr numeric) LANGUAGE sql AS $$
	SELECT s.customer, round(sum(nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity) * (1 - coalesce(s.discount, 0))), 6)
	FROM nudge_staging.subscriptions s WHERE s.status IN ('active', 'at_risk') AND s.valid_from <= at AND (s.valid_to IS NULL OR s.valid_to > at) GROUP BY 1
$$;
CREATE FUNCTION pg_temp.by_hand(at timestamptz) RETURNS TABLE (customer text, mrr numeric) LANGUAGE sql AS $$
	SELECT s.customer, round(sum(i.quantity * p.unit_amount * CASE p.currency WHEN 'jpy' THEN 1 WHEN 'kwd' THEN 0.001 ELSE 0.01 END
		* CASE p.recurring ->> 'interval' WHEN 'month' THEN 1 WHEN 'year' THEN 1 / 12.0 WHEN 'week' THEN 52 / 12.0 ELSE 365 / 12.0 END / (p.recurring ->> 'interval_count')::integer
		* CASE WHEN extract(epoch FROM at) >= (s.discount ->> 'start')::integer AND extract(epoch FROM at) < coalesce((s.discount ->> 'end')::integer, 1e12) THEN 1 - (s.discount #>> '{coupon,percent_off}')::numeric / 100 ELSE 1 END), 6)
	FROM stripe.subscriptions s JOIN stripe.subscription_items i ON i.subscription = s.id JOIN stripe.prices p ON p.id = i.price
	WHERE s.livemode AND NOT i.deleted AND s.status IN ('active', 'canceled', 'past_due') AND extract(epoch FROM at) >= s.start_date AND extract(epoch FROM at) < coalesce(s.ended_at, s.cancel_at, 1e12) AND extract(epoch FROM at) >= coalesce(s.trial_end, 0)
	GROUP BY 1
$$;
SELECT is_empty($$
	SELECT d.at, m.customer, m.mrr, h.mrr FROM (SELECT timestamptz '2024-01-01Z' + g * interval '17 days 3 hours' AS at FROM generate_series(0, 40) g) d, LATERAL (SELECT * FROM pg_temp.mapped(d.at)) m FULL JOIN LATERAL (SELECT 1) z ON true, LATERAL (SELECT * FROM pg_temp.by_hand(d.at)) h
	WHERE m.customer = h.customer AND abs(m.mrr - h.mrr) > 0.00001
$$, 'MRR of each customer at many times is that by hand');
SELECT is_empty($$
	SELECT d.at FROM (SELECT timestamptz '2024-01-01Z' + g * interval '17 days 3 hours' AS at FROM generate_series(0, 40) g) d
	WHERE (SELECT array_agg(m.customer ORDER BY 1) FROM pg_temp.mapped(d.at) m) IS DISTINCT FROM (SELECT array_agg(h.customer ORDER BY 1) FROM pg_temp.by_hand(d.at) h)
$$, 'and so are the customers');
SELECT is_empty($$ SELECT item, status FROM nudge_staging.subscriptions WHERE status <> ALL ('{active,trialing,at_risk,paused,excluded}') $$, 'all statuses are words of the input');
SELECT is_empty($$ SELECT problem, column_name FROM nudge.check_source(samples => 0) WHERE problem NOT IN ('negative span', 'short gap') $$, 'and check_source finds no more than ends before their beginning');
CREATE TABLE in_one AS SELECT * FROM nudge_staging.subscriptions;
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'German';
SELECT is_empty('(TABLE in_one EXCEPT ALL TABLE nudge_staging.subscriptions) UNION ALL (TABLE nudge_staging.subscriptions EXCEPT ALL TABLE in_one)', 'nothing depends on the session of the reader');

-- Who may do what
CREATE ROLE nudge_test_dora;
GRANT USAGE ON SCHEMA nudge TO nudge_test_dora;
SET ROLE nudge_test_dora;
SELECT throws_ok($$ INSERT INTO nudge.presets (preset, source, input, tables) VALUES ('p', 's', 'users', '{"t": {"c": "text"}}') $$, '42501', NULL, 'not everybody writes presets');
SELECT throws_ok($$ SELECT nudge.map_preset('stripe_sync', 'stripe', prefix => 'mine') $$, '42501', NULL, 'nor maps them');
SELECT is((SELECT count(*) FROM nudge.map_preset('stripe_sync', 'stripe', dry_run => true) WHERE statement IS NOT NULL), 2::bigint, 'a dry run needs no right');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
