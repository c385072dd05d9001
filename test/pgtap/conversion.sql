--
-- conversion.sql
--		Amounts of several currencies in one: after random changes of prices and
--		rates the marts are what plain SQL says of the tables, movements add up, and
--		what has not changed is not written.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed conversion
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
\ir refreshes.psql

-- Tables ------------------------------------------------------------------

CREATE SCHEMA shop;
SET search_path = shop, public;
CREATE TABLE subscriptions (id serial, customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, quantity numeric, currency text, discount numeric, discount_kind text, status text, end_reason text);
CREATE TABLE exchange_rates (id serial, currency text, day date, rate numeric, base text);
CREATE TABLE deals (id serial, deal text, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, owner text);
CREATE TABLE quotas (id serial, owner text, period date, amount numeric, currency text);
CREATE TABLE costs (id serial, period date, category text, amount numeric, currency text, variable boolean);
CREATE TABLE budgets (id serial, period date, category text, amount numeric, currency text);
CREATE TABLE cash (id serial, day date, balance numeric, currency text);
CREATE TABLE payments (id serial, customer text, at timestamptz, amount numeric, currency text, outcome text);
CREATE TABLE spend (id serial, day date, channel text, amount numeric, currency text);
CREATE TABLE touches (id serial, customer text, at timestamptz, channel text);
CREATE TABLE conversions (id serial, customer text, at timestamptz, revenue numeric, currency text);

CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN now() - interval '1 hour' - random() * interval '400 days';
CREATE FUNCTION pg_temp.money() RETURNS text LANGUAGE sql VOLATILE RETURN pg_temp.one_of('{EUR,EUR,USD,usd ,JPY}');
CREATE FUNCTION pg_temp.month() RETURNS date LANGUAGE sql VOLATILE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => pg_temp.below(9)))::date;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	c constant text := 'c' || pg_temp.below(40);
	m constant text := pg_temp.money();
BEGIN
	CASE name
		WHEN 'subscriptions' THEN INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, quantity, currency, discount, discount_kind, status, end_reason)
			VALUES (c, 'i' || pg_temp.below(3), pg_temp.one_of('{mini,pro}'), at, CASE WHEN random() < 0.5 THEN at + interval '1 hour' + random() * interval '300 days' WHEN random() < 0.1 THEN 'infinity' END, (1 + pg_temp.below(90000)) / 7.0, pg_temp.one_of('{month,year,week}'), 1 + pg_temp.below(3),
				CASE WHEN random() < 0.7 THEN 1 + pg_temp.below(9) END, m, CASE WHEN random() < 0.3 THEN random()::numeric(6, 5) END, pg_temp.one_of('{forever,once,NULL}'), pg_temp.one_of('{active,active,ended,trialing}'), pg_temp.one_of('{voluntary,Involuntary ,other,NULL}'));
		WHEN 'exchange_rates' THEN INSERT INTO exchange_rates (currency, day, rate, base) SELECT k, d, round((v * (0.9 + 0.2 * random()))::numeric, 6), pg_temp.one_of('{EUR,NULL}') FROM (VALUES ('USD', 0.9), ('JPY', 0.006)) r(k, v), LATERAL (SELECT (now() - random() * interval '420 days')::date + CASE WHEN random() < 0.05 THEN 430 ELSE 0 END AS d OFFSET 0) o
			WHERE NOT EXISTS (SELECT FROM exchange_rates x WHERE x.currency = k AND x.day = d);
		WHEN 'deals' THEN INSERT INTO deals (deal, created_at, amount, currency, stage, closed_at, outcome, owner) SELECT nextval('deals_id_seq'), at, pg_temp.below(900), m, 'offer', t, CASE WHEN t IS NOT NULL THEN pg_temp.one_of('{won,lost}') END, pg_temp.one_of('{ann,ben}')
			FROM (SELECT CASE WHEN random() < 0.7 THEN least(now() - interval '1 minute', at + random() * interval '30 days') END AS t OFFSET 0) s;
		WHEN 'quotas' THEN INSERT INTO quotas (owner, period, amount, currency) SELECT o, p, 1000, m FROM pg_temp.month() p, pg_temp.one_of('{ann,ben}') o WHERE NOT EXISTS (SELECT FROM quotas q WHERE q.owner = o AND q.period = p);
		WHEN 'costs' THEN INSERT INTO costs (period, category, amount, currency, variable) VALUES (pg_temp.month(), pg_temp.one_of('{research/pay,infrastructure}'), pg_temp.below(500), m, random() < 0.5);
		WHEN 'budgets' THEN INSERT INTO budgets (period, category, amount, currency) VALUES (pg_temp.month(), pg_temp.one_of('{research,infrastructure}'), pg_temp.below(500), m);
		WHEN 'cash' THEN INSERT INTO cash (day, balance, currency) SELECT d, pg_temp.below(9000), m FROM (SELECT at::date AS d) s WHERE NOT EXISTS (SELECT FROM cash k WHERE k.day = d);
		WHEN 'payments' THEN INSERT INTO payments (customer, at, amount, currency, outcome) VALUES (c, at, pg_temp.below(900), m, 'paid');
		WHEN 'spend' THEN INSERT INTO spend (day, channel, amount, currency) VALUES (at::date, pg_temp.one_of('{mail,search}'), pg_temp.below(90), m);
		WHEN 'touches' THEN INSERT INTO touches (customer, at, channel) VALUES (c, at, pg_temp.one_of('{mail,search}'));
		WHEN 'conversions' THEN INSERT INTO conversions (customer, at, revenue, currency) VALUES (c, at, pg_temp.below(90000) / 100.0, m);
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 40)) i \g /dev/null
SELECT pg_temp.add('subscriptions') FROM generate_series(1, 80) \g /dev/null
-- some have been there for more than a year
UPDATE subscriptions SET valid_from = valid_from - interval '300 days' WHERE id % 3 = 0;
-- the first rates are older than all rows, and stay
INSERT INTO exchange_rates (id, currency, day, rate) VALUES (-1, 'usd', '2019-01-01', 0.88), (-2, ' JPY', '2019-01-01', 0.0061);
-- rates to another currency are not asked for
INSERT INTO exchange_rates (currency, day, rate, base) VALUES ('USD', current_date - 30, 150, 'JPY');

DELETE FROM nudge.shipped_marts m WHERE m.name NOT IN ('customer_mrr', 'mrr_buckets', 'mrr_summary', 'customer_mrr_items', 'mrr_item_buckets', 'mrr_consolidated', 'mrr_causes', 'revenue_retention_buckets', 'revenue_retention', 'fact_deals', 'fact_deal_stages', 'sales_months', 'sales_performance', 'cost_structure', 'burn_and_runway', 'channel_performance',
	'customer_journeys', 'journey_buckets', 'attribution_buckets', 'attribution_paths', 'channel_attribution', 'acquisition_currencies', 'channel_costs', 'lead_origins', 'visitor_touches', 'channel_credit_buckets');

-- Each currency alone, as long as none is chosen ----------------------------

SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i WHERE i = 'subscriptions' \g /dev/null
SELECT nudge.deploy(zone => 'Europe/Berlin', buckets => 3) \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'all is computed at first');
SELECT set_eq('SELECT currency, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, fx_mrr, net_new_mrr, closing_mrr, opening_customers, new_customers, churned_customers, closing_customers, complete FROM nudge_analytics.mrr_consolidated',
	'SELECT currency, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, fx_mrr, net_new_mrr, closing_mrr, opening_customers, new_customers, churned_customers, closing_customers, complete FROM nudge_analytics.mrr_summary',
	'without a currency or rates each currency is as in mrr_summary, to the millionth');
SELECT isnt_empty('SELECT FROM nudge_analytics.mrr_summary WHERE currency = ''JPY''', 'of which there are several');
SELECT nudge.deploy(currency => 'eur') \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq('SELECT currency, period, closing_mrr FROM nudge_analytics.mrr_consolidated', 'SELECT currency, period, closing_mrr FROM nudge_analytics.mrr_summary', 'so it is with a currency, but without rates');

-- All in one -----------------------------------------------------------------

SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i WHERE i <> 'subscriptions' \g /dev/null
SELECT set_eq($$SELECT DISTINCT p.estimate FROM nudge.deploy() p WHERE p.action = 'convert input'$$, '{amounts in EUR}'::text[], 'deploy tells what it converts');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rates that are mapped later are taken in');
SELECT set_eq('SELECT DISTINCT currency FROM nudge_analytics.mrr_consolidated UNION SELECT DISTINCT currency FROM nudge_analytics.sales_performance UNION SELECT DISTINCT currency FROM nudge_analytics.burn_and_runway UNION SELECT DISTINCT currency FROM nudge_analytics.channel_attribution', '{EUR}'::text[], 'all is in one currency');

-- the rate of a currency on a day, known by now
CREATE FUNCTION pg_temp.rate(code text, on_day date) RETURNS numeric LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN upper(btrim(code)) = 'EUR' THEN 1 ELSE (SELECT x.rate FROM shop.exchange_rates x WHERE upper(btrim(x.currency)) = upper(btrim(code)) AND (x.base IS NULL OR x.base = 'EUR') AND x.day <= least(on_day, (now() AT TIME ZONE 'Europe/Berlin')::date) ORDER BY x.day DESC LIMIT 1) END
$$;
CREATE FUNCTION pg_temp.last_day(period date) RETURNS date LANGUAGE sql IMMUTABLE RETURN (period + interval '1 month' - interval '1 day')::date;

-- what each month closes with, by plain SQL: items in their currency, at the rate of its last day
CREATE FUNCTION pg_temp.closing() RETURNS TABLE (period date, closing_mrr numeric, closing_customers bigint) LANGUAGE sql STABLE AS $$
	SELECT m.period, coalesce(sum(i.mrr), 0), count(DISTINCT i.customer) FILTER (WHERE i.mrr > 0)
	FROM (SELECT c.period, least(now(), (c.period + interval '1 month') AT TIME ZONE 'Europe/Berlin') AS at FROM nudge_analytics.mrr_consolidated c) m
	LEFT JOIN LATERAL (
		-- periods of an item and currency that overlap are added before they are converted
		SELECT s.customer, round(sum(s.net) * pg_temp.rate(s.currency, pg_temp.last_day(m.period)), 6) AS mrr
		FROM (SELECT t.customer, t.item, upper(btrim(t.currency)) AS currency, round(nudge.monthly_amount(t.amount, t.interval_unit, t.interval_count, coalesce(t.quantity, 1)) * (1 - CASE WHEN t.discount_kind = 'once' THEN 0 ELSE coalesce(t.discount, 0) END), 6) AS net
			FROM shop.subscriptions t WHERE (t.status = 'active' OR t.status = 'ended' AND t.valid_to IS NOT NULL) AND t.valid_from < m.at AND (t.valid_to IS NULL OR t.valid_to >= m.at)) s
		GROUP BY s.customer, s.item, s.currency) i ON true
	GROUP BY m.period
$$;
-- a millionth for each item, which may be converted in parts
CREATE FUNCTION pg_temp.checks(what text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN NEXT is_empty('SELECT pg_temp.wrong()', what || ': all is as its query says');
	RETURN NEXT is_empty('SELECT o.*, c.closing_mrr, c.closing_customers FROM nudge_analytics.mrr_consolidated c FULL JOIN pg_temp.closing() o USING (period) WHERE (abs(o.closing_mrr - c.closing_mrr) <= 0.0002 AND o.closing_customers = c.closing_customers) IS NOT TRUE', what || ': what months close with is what plain SQL says');
	RETURN NEXT is_empty('SELECT * FROM nudge_analytics.mrr_consolidated WHERE opening_mrr + new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr <> closing_mrr OR net_new_mrr <> closing_mrr - opening_mrr', what || ': movements add up');
	RETURN NEXT is_empty($e$SELECT c.period, v.* FROM nudge_analytics.mrr_consolidated c, LATERAL (VALUES ('new', c.new_mrr), ('reactivation', c.reactivation_mrr), ('expansion', c.expansion_mrr), ('contraction', c.contraction_mrr), ('churn', c.churn_mrr), ('fx', c.fx_mrr)) v(movement, mrr)
		WHERE v.mrr <> coalesce((SELECT sum(k.amount) FROM nudge_analytics.mrr_causes k WHERE k.currency = c.currency AND k.period = c.period AND k.movement = v.movement), 0)$e$, what || ': so do their causes');
	RETURN NEXT is_empty($e$SELECT m, s.owner, s.won_amount, o.won_amount FROM generate_series(0, 12) g, LATERAL (SELECT (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => g))::date AS m) d, unnest('{ann,ben}'::text[]) w(owner),
		LATERAL (SELECT w.owner, coalesce((SELECT p.won_amount FROM nudge_analytics.sales_performance p WHERE p.period = m AND p.dimension = 'owner' AND p.value = w.owner), 0) AS won_amount) s,
		LATERAL (SELECT coalesce(sum(round(t.amount * pg_temp.rate(t.currency, (t.closed_at AT TIME ZONE 'Europe/Berlin')::date), 6)), 0) AS won_amount FROM shop.deals t WHERE t.owner = w.owner AND t.outcome = 'won' AND date_trunc('month', t.closed_at AT TIME ZONE 'Europe/Berlin')::date = m) o
		WHERE s.won_amount <> o.won_amount$e$, what || ': deals count at the rate of their close');
	RETURN NEXT is_empty($e$SELECT k.period, k.actual, o.actual FROM nudge_analytics.cost_structure k LEFT JOIN LATERAL (SELECT coalesce(sum(round(t.amount * pg_temp.rate(t.currency, pg_temp.last_day(t.period)), 6)), 0) AS actual FROM shop.costs t WHERE t.period = k.period) o ON true WHERE k.depth = 0 AND k.actual <> o.actual$e$, what || ': costs at the rate of the end of their month');
	RETURN NEXT is_empty($e$SELECT k.period, k.receipts, o.receipts FROM nudge_analytics.burn_and_runway k LEFT JOIN LATERAL (SELECT coalesce(sum(round(t.amount * pg_temp.rate(t.currency, (t.at AT TIME ZONE 'Europe/Berlin')::date), 6)), 0) AS receipts FROM shop.payments t WHERE date_trunc('month', t.at AT TIME ZONE 'Europe/Berlin')::date = k.period) o ON true WHERE k.receipts <> o.receipts$e$, what || ': payments at the rate of their day');
	RETURN NEXT is_empty($e$SELECT m.period, m.cost, o.cost FROM (SELECT k.period, sum(k.cost) AS cost FROM nudge_analytics.channel_performance k GROUP BY k.period) m LEFT JOIN LATERAL (SELECT sum(round(t.amount * pg_temp.rate(t.currency, t.day), 6)) AS cost FROM shop.spend t WHERE date_trunc('month', t.day)::date = m.period AND t.day <= (now() AT TIME ZONE 'Europe/Berlin')::date) o ON true
		WHERE coalesce(m.cost, 0) <> coalesce(o.cost, 0)$e$, what || ': so is spend');
	RETURN NEXT is_empty($e$SELECT m.period, m.revenue, o.revenue FROM (SELECT k.period, sum(k.revenue) AS revenue FROM nudge_analytics.channel_attribution k WHERE k.model = 'linear' GROUP BY k.period) m LEFT JOIN LATERAL (SELECT sum(round(t.revenue * pg_temp.rate(t.currency, (t.at AT TIME ZONE 'Europe/Berlin')::date), 6)) AS revenue FROM shop.conversions t WHERE date_trunc('month', t.at AT TIME ZONE 'Europe/Berlin')::date = m.period) o ON true
		WHERE abs(coalesce(m.revenue, 0) - coalesce(o.revenue, 0)) > 0.005 * 60$e$, what || ': so are conversions, to the cent of each');
	RETURN NEXT is_empty($e$SELECT r.period, r.currency, r.opening_mrr, r.net_revenue_retention_rate, o.* FROM nudge_analytics.revenue_retention r LEFT JOIN LATERAL (
			SELECT sum(w.opening_mrr * k.rate) AS opening_mrr, sum((w.opening_mrr + w.expansion_mrr + w.contraction_mrr + w.churn_mrr) * k.rate) / nullif(sum(w.opening_mrr * k.rate), 0) AS rate
			FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.customer_mrr m GROUP BY m.currency) c, LATERAL (SELECT pg_temp.rate(c.currency, pg_temp.last_day(r.period)) AS rate) k,
				LATERAL nudge.mrr_summary(c.state, (r.period - interval '11 months')::date, (r.period + interval '1 month')::date, 'Europe/Berlin') w) o ON true
		WHERE (r.currency = 'EUR' AND abs(r.opening_mrr - o.opening_mrr) < 0.0001 AND abs(r.net_revenue_retention_rate - o.rate) < 0.000001) IS NOT TRUE$e$, what || ': retention is at one rate of then and now');
	RETURN NEXT is(pg_temp.refresh_all(), 'nothing', what || ': a second refresh writes nothing');
END
$$;
SELECT pg_temp.checks('at first');

-- Random changes --------------------------------------------------------------

CREATE FUNCTION pg_temp.change() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()));
BEGIN
	CASE pg_temp.below(5)
		WHEN 0 THEN EXECUTE format('DELETE FROM %I WHERE id %% 7 = %s AND id > 40', name, pg_temp.below(7));
		WHEN 1 THEN UPDATE subscriptions SET currency = pg_temp.money() WHERE id % 5 = pg_temp.below(5);
		WHEN 2 THEN UPDATE exchange_rates SET rate = round(rate * 1.01, 6) WHERE id % 3 = pg_temp.below(3);
		ELSE PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(6));
	END CASE;
END
$$;
DO $$
BEGIN
	FOR i IN 1 .. 12 LOOP
		PERFORM pg_temp.change();
	END LOOP;
	PERFORM pg_temp.refresh_all();
END
$$;
SELECT pg_temp.checks('after changes');

-- Rates that are tracked by their currency are of rows of the one converted to
SELECT nudge.track_source('exchange_rates', keys => '{currency}'), pg_temp.refresh_all() \g /dev/null
SELECT isnt_empty($$SELECT FROM nudge_analytics.revenue_retention WHERE currency = 'EUR'$$, 'there is retention');
UPDATE exchange_rates SET rate = round(rate * 1.02, 6) WHERE upper(btrim(currency)) = 'USD';
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rates of a currency change what is in another');
SELECT pg_temp.checks('with rates by currency');

-- A rate that is missing --------------------------------------------------------

CREATE TABLE kept AS SELECT * FROM exchange_rates WHERE upper(btrim(currency)) = 'USD';
DELETE FROM exchange_rates WHERE upper(btrim(currency)) = 'USD';
CREATE FUNCTION pg_temp.failure(wanted text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM pg_temp.refresh(wanted);
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT matches(pg_temp.failure('customer_mrr_items'), '^22000 no exchange rate of USD on ', 'it is an error that names the currency: never 1');
SELECT matches(pg_temp.failure('fact_deals'), '^22000 no exchange rate of USD on ', 'in what is converted likewise');
INSERT INTO exchange_rates SELECT * FROM kept;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT pg_temp.checks('with the rate again');

-- No currency any more -----------------------------------------------------------

SELECT nudge.deploy(currency => '') \g /dev/null
SELECT pg_temp.refresh('customer_mrr_items'), pg_temp.refresh('mrr_item_buckets'), pg_temp.refresh('customer_mrr'), pg_temp.refresh('mrr_buckets'), pg_temp.refresh('mrr_summary'), pg_temp.refresh('mrr_consolidated') \g /dev/null
SELECT set_eq('SELECT currency, period, closing_mrr FROM nudge_analytics.mrr_consolidated', 'SELECT currency, period, closing_mrr FROM nudge_analytics.mrr_summary', 'a currency that is taken back leaves each alone');
SELECT pg_temp.refresh('fact_deals'), pg_temp.refresh('fact_deal_stages'), pg_temp.refresh('sales_months') \g /dev/null
SELECT matches(pg_temp.failure('sales_performance'), 'amounts in .* cannot be added up', 'and amounts of several are not added');
SELECT is((SELECT count(*) FROM nudge.undeploy() u WHERE u.action = 'drop converted input'), 8::bigint, 'undeploy drops the views');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relname ~ '___converted$'$$, 'all of them');
SELECT * FROM finish();
ROLLBACK;
