--
-- marts_accounts.sql
--		What is known of accounts month by month: after random changes, and as months
--		end, sums by bucket and segment are what the reports say of the tables
--		themselves, and months in which nothing has changed are not computed.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_accounts
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

CREATE SCHEMA book;
SET search_path = book, public;
CREATE TABLE customers (customer text, created_at timestamptz, segment text, internal boolean);
CREATE TABLE account_facts (customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz);
CREATE TABLE subscriptions (customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, usage boolean);
CREATE TABLE contracts (customer text, contract text, signed_at timestamptz, starts_at timestamptz, ends_at timestamptz, term_months numeric, amount numeric, currency text);
CREATE TABLE usage (customer text, meter text, period date, volume numeric, plan_limit numeric);
CREATE TABLE exchange_rates (currency text, day date, rate numeric);
INSERT INTO exchange_rates SELECT c.currency, m::date, c.rate * (0.9 + 0.2 * random()) FROM (VALUES ('USD', 0.9), ('GBP', 1.1)) c(currency, rate), generate_series(now() - interval '40 months', now(), interval '1 month') m;

-- Random rows: within 15 months, at the edges of months of Berlin, and some in the days to come
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(5) WHEN 0 THEN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => pg_temp.below(15))) AT TIME ZONE 'Europe/Berlin' - make_interval(secs => pg_temp.below(3) - 1)
		WHEN 1 THEN (date_trunc('day', now() AT TIME ZONE 'Europe/Berlin') - make_interval(days => pg_temp.below(60))) AT TIME ZONE 'Europe/Berlin'
		ELSE now() - make_interval(hours => pg_temp.below(450 * 24) - 240) END;
CREATE FUNCTION pg_temp.words() RETURNS text[] LANGUAGE sql IMMUTABLE
	RETURN '{qbr_held,qbr_held,success_plan_on_track,sponsor_status,documented_roi,upsell_identified,unmet_need,contact_level,growth_plan,category_spend,implementation_met,implementation_met,requirement_met,feature_delivered,referenceable,solution_fit,use_case_implemented,criterion_met,criterion_met,sentiment}'::text[];
-- of customers up to n, a few of which are not in customers
CREATE FUNCTION pg_temp.add(what text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	later constant timestamptz := CASE WHEN random() < 0.4 THEN at + random() * interval '200 days' END;
	c constant text := 'c' || pg_temp.below(30);
	f constant text := pg_temp.one_of(pg_temp.words());
BEGIN
	CASE what
		WHEN 'customers' THEN INSERT INTO customers SELECT n, at, pg_temp.one_of('{small,large,Large,ALL," ",NULL}'), random() < 0.1 FROM (SELECT 'c' || pg_temp.below(26)) k(n) WHERE NOT EXISTS (SELECT FROM customers o WHERE o.customer = k.n);
		WHEN 'account_facts' THEN INSERT INTO account_facts VALUES (c, CASE WHEN random() < 0.1 THEN ' ' || upper(f) ELSE f END, CASE WHEN f = 'sponsor_status' THEN pg_temp.one_of('{none,weak,neutral,strong,champion}') WHEN f = 'contact_level' THEN pg_temp.one_of('{user,User,director}')
			WHEN f IN ('documented_roi', 'category_spend', 'solution_fit') THEN pg_temp.below(3) || '.' || pg_temp.below(10) WHEN f = 'sentiment' THEN 'sour' ELSE pg_temp.one_of('{yes,no,TRUE,f}') END, CASE WHEN random() < 0.7 THEN at + (random() - 0.7) * interval '20 days' END, at, later);
		WHEN 'subscriptions' THEN INSERT INTO subscriptions VALUES (c, md5(random()::text), 'pro', at, later, pg_temp.below(90), 'month', 1, CASE WHEN current_setting('book.currencies') = 'many' THEN pg_temp.one_of('{EUR,USD,GBP}') ELSE 'EUR' END, 'active', current_setting('book.currencies') = 'none' OR random() < 0.1);
		WHEN 'contracts' THEN INSERT INTO contracts VALUES (c, md5(random()::text), at, at + random() * interval '9 days', at + interval '2 years', 12 * (1 + pg_temp.below(3)), 10, 'EUR');
		WHEN 'usage' THEN INSERT INTO usage VALUES (c, pg_temp.one_of('{calls,mails}'), (date_trunc('month', at AT TIME ZONE 'UTC'))::date, pg_temp.below(200), CASE WHEN random() < 0.8 THEN 100 END);
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of('{customers,account_facts,account_facts,account_facts,subscriptions,subscriptions,contracts,usage}');
	few constant text := format('ctid IN (SELECT ctid FROM %I ORDER BY random() LIMIT 2)', name);
	at_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = name::regclass AND a.attname IN ('created_at', 'valid_from', 'signed_at'));
BEGIN
	CASE pg_temp.below(6)
		WHEN 0 THEN EXECUTE format('DELETE FROM %I WHERE %s', name, few);
		WHEN 1 THEN
			IF name = 'customers' THEN
				EXECUTE format('UPDATE customers SET segment = %L WHERE %s', pg_temp.one_of('{small,large,new,NULL}'), few);
			ELSE
				EXECUTE format('UPDATE %I SET customer = ''c%s'' WHERE %s', name, pg_temp.below(34), few);
			END IF;
		WHEN 2 THEN
			IF at_column IS NOT NULL THEN
				EXECUTE format('UPDATE %I SET %I = %2$I - interval ''%s'' WHERE %s', name, at_column, pg_temp.one_of('{1 day,40 days}'), few);
			END IF;
		WHEN 3 THEN
			IF name = 'customers' THEN
				EXECUTE format('UPDATE customers SET internal = NOT internal WHERE %s', few);
			END IF;
		ELSE PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END CASE;
	RETURN name;
END
$$;
SET book.currencies = 'none';
SELECT pg_temp.add(i) FROM unnest('{customers,account_facts,account_facts,account_facts,subscriptions,contracts,usage}'::text[]) i, generate_series(1, 60) \g /dev/null

-- What the reports say ------------------------------------------------------

-- of marts that are made below
SET check_function_bodies = off;
CREATE FUNCTION pg_temp.months(OUT period date, OUT closes_on date) RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT m::date, k.closes_on
	FROM (SELECT nudge.civil_date(min(i.valid_from), 'Europe/Berlin') AS day FROM book.subscriptions i) f, LATERAL nudge.report_window(f.day, 'Europe/Berlin', 13) w,
		LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m,
		LATERAL (SELECT least((m + interval '1 month')::date, nudge.civil_date(nudge.as_of(), 'Europe/Berlin')) - 1 AS closes_on) k
	WHERE k.closes_on >= m::date
$$;
CREATE FUNCTION pg_temp.state() RETURNS nudge.mrr_state LANGUAGE sql STABLE AS $$ SELECT nudge.rollup(nudge.as_mrr_state(b.state)) FROM nudge_analytics.mrr_item_buckets b $$;
CREATE FUNCTION pg_temp.segments(OUT dimension text, OUT value text, OUT segment text) RETURNS SETOF record LANGUAGE sql STABLE
	AS $$ SELECT 'all', 'all', NULL UNION ALL SELECT 'segment', nudge.attribute_label('segment', c.segment), min(c.segment) FROM book.customers c WHERE btrim(c.segment) <> '' GROUP BY 2 $$;
CREATE FUNCTION pg_temp.success() RETURNS TABLE (period date, dimension text, value text, metric text, numerator numeric, denominator numeric, result numeric, complete boolean) LANGUAGE sql STABLE AS $$
	SELECT m.period, d.dimension, d.value, r.metric, coalesce(e.numerator, r.numerator), coalesce(e.denominator, r.denominator), CASE WHEN e.denominator > 0 THEN e.numerator / e.denominator ELSE r.value END, m.closes_on = (m.period + interval '1 month')::date - 1
	FROM pg_temp.months() m, pg_temp.segments() d, (SELECT pg_temp.state() AS state OFFSET 0) s, (SELECT array_agg(c.state) AS states FROM (SELECT nudge.rollup(b.state) AS state FROM nudge_analytics.mrr_buckets b GROUP BY b.currency) c OFFSET 0) o,
		LATERAL nudge.account_shares(s.state, 'book.account_facts', m.closes_on, 'book.customers', to_regclass(CASE WHEN current_setting('book.contracts') = 'mapped' THEN 'book.contracts' END), d.segment, 'Europe/Berlin') r
		LEFT JOIN LATERAL (SELECT sum(l.numerator) AS numerator, sum(l.denominator) AS denominator FROM unnest(o.states) p(state), LATERAL nudge.account_revenue_lines(p.state, m.closes_on, 'book.customers', NULL, d.segment, 'Europe/Berlin') l
			WHERE r.metric = 'account_expansion_rate' AND l.metric = 'account_expansion_rate') e ON true
$$;
CREATE FUNCTION pg_temp.realization() RETURNS TABLE (period date, dimension text, value text, all_customers bigint, scored_customers bigint, realized_customers bigint, realization_rate numeric, mean_score numeric, mean_index numeric, complete boolean) LANGUAGE sql STABLE AS $$
	SELECT m.period, d.dimension, d.value, r.all_customers, r.scored_customers, r.realized_customers, r.realization_rate, r.mean_score, r.mean_index, m.closes_on = (m.period + interval '1 month')::date - 1
	FROM pg_temp.months() m, pg_temp.segments() d, (SELECT pg_temp.state() AS state OFFSET 0) s,
		LATERAL nudge.value_realization(s.state, 'book.account_facts', m.closes_on, 'book.customers', 'book.usage', segment => d.segment, zone => 'Europe/Berlin') r
$$;
CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE sql STABLE AS $$
	WITH said AS MATERIALIZED (
		SELECT 'success ' || s::text AS line FROM pg_temp.success() s UNION ALL SELECT 'realization ' || s::text FROM pg_temp.realization() s
	), kept AS MATERIALIZED (
		SELECT 'success ' || s::text AS line FROM (SELECT period, dimension, value, metric, numerator, denominator, result, complete FROM nudge_analytics.account_success) s UNION ALL SELECT 'realization ' || s::text FROM nudge_analytics.value_realization s
	)
	(SELECT 'missing ' || line FROM (SELECT line FROM said EXCEPT ALL SELECT line FROM kept) m) UNION ALL (SELECT 'wrong ' || line FROM (SELECT line FROM kept EXCEPT ALL SELECT line FROM said) w)
$$;

-- marts of other subjects have tests of their own
DELETE FROM nudge.shipped_marts m WHERE m.name NOT IN ('customer_mrr', 'mrr_buckets', 'customer_mrr_items', 'mrr_item_buckets', 'account_customers', 'account_share_buckets', 'value_realization_buckets', 'account_success', 'value_realization');
SET book.contracts = 'not mapped';
SELECT nudge.map_source(i, i) FROM unnest('{customers,account_facts,subscriptions,usage,exchange_rates}'::text[]) i \g /dev/null
SELECT nudge.deploy(zone => 'Europe/Berlin', buckets => 4, currency => 'EUR') \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'all is computed at first');
SELECT is((SELECT count(*)::integer FROM nudge_analytics.mrr_item_buckets), 0, 'nobody has a recurring price');
SELECT isnt_empty('SELECT FROM nudge_analytics.account_success WHERE result > 0', 'yet there are accounts');
SELECT is_empty('SELECT pg_temp.otherwise()', 'those that exist, as the reports say');
SELECT set_eq($$ SELECT d.upstream FROM nudge.dependencies d WHERE d.materialisation IN ('account_success', 'value_realization') AND d.key_column = 'period' $$, '{nudge_analytics.account_share_buckets,nudge_analytics.value_realization_buckets}'::text[], 'months depend on months');
SELECT is_empty($$ SELECT d.materialisation, d.upstream FROM nudge.dependencies d WHERE d.materialisation IN ('account_customers', 'account_share_buckets', 'value_realization_buckets', 'account_success', 'value_realization') AND d.key_column IS NULL $$, 'no change is one of everything');

-- Rounds --------------------------------------------------------------------

CREATE FUNCTION pg_temp.rounds(what text, n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	changed text[];
BEGIN
	PERFORM set_config('book.currencies', what, true);
	FOR i IN 1 .. n LOOP
		changed := ARRAY(SELECT pg_temp.change() FROM generate_series(0, pg_temp.below(6)));
		PERFORM pg_temp.refresh_all();
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('%s currencies, round %s: as the reports say after changes of %s', what, i, changed));
		RETURN NEXT is_empty('SELECT pg_temp.wrong()', format('round %s: verify', i));
		RETURN NEXT is(pg_temp.refresh_all(), 'nothing', format('round %s: a second refresh writes nothing', i));
	END LOOP;
END
$$;
SELECT pg_temp.rounds('none', 3);
-- the first recurring price of all: whoever does not pay is no account any more, in all buckets and months
INSERT INTO subscriptions VALUES ('c1', 's', 'pro', now() - interval '70 days', NULL, 30, 'month', 1, 'EUR', 'active', false);
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is((SELECT count(DISTINCT bucket)::integer FROM nudge_analytics.mrr_item_buckets), 1, 'one bucket has MRR');
SELECT is_empty('SELECT pg_temp.otherwise()', 'and accounts are those that pay');
SET book.currencies = 'one';
SELECT pg_temp.add('subscriptions') FROM generate_series(1, 60) \g /dev/null
SET book.contracts = 'mapped';
SELECT nudge.map_source('contracts', 'contracts') \g /dev/null
SELECT nudge.deploy() \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.otherwise()', 'contracts that are mapped later are taken in');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.account_success WHERE metric = 'multi_year_contract_rate' AND result > 0 $$, 'of which there are some');
SELECT pg_temp.rounds('one', 5);
SET book.currencies = 'many';
SELECT pg_temp.add('subscriptions') FROM generate_series(1, 40) \g /dev/null
SELECT pg_temp.rounds('many', 6);
SELECT is((SELECT count(DISTINCT currency)::integer FROM nudge_analytics.mrr_buckets), 3, 'three currencies are paid');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.account_success a, pg_temp.months() m, nudge.account_shares(pg_temp.state(), 'account_facts', m.closes_on, 'customers', zone => 'Europe/Berlin') r WHERE m.period = a.period AND a.dimension = 'all' AND a.metric = 'account_expansion_rate' AND r.metric = a.metric AND r.numerator <> a.numerator $$, 'of which a rate would make an expansion');
SELECT is((SELECT count(DISTINCT metric)::integer FROM nudge_analytics.account_success WHERE result IS NOT NULL), 22, 'all metrics have a value');
SELECT cmp_ok((SELECT count(DISTINCT result) FROM nudge_analytics.account_success WHERE dimension = 'segment'), '>', 50::bigint, 'and many');
INSERT INTO usage SELECT 'c' || n, 'calls', m::date, 10 + n, 100 FROM generate_series(0, 29) n, generate_series(date_trunc('month', now()) - interval '6 months', now(), interval '1 month') m;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.otherwise()', 'usage of many is taken in');
SELECT isnt_empty('SELECT FROM nudge_analytics.value_realization WHERE mean_index > 0', 'and there is value realised');
SELECT cmp_ok((SELECT count(*) FROM nudge.runs WHERE materialisation = 'account_share_buckets' AND keys BETWEEN 1 AND 3), '>', 3::bigint, 'some buckets were computed, not all');
SELECT cmp_ok((SELECT count(*) FROM nudge.runs WHERE materialisation = 'account_success' AND keys BETWEEN 1 AND 12), '>', 3::bigint, 'and some months');

-- What is touched -----------------------------------------------------------

CREATE FUNCTION pg_temp.months_of(mart text) RETURNS bigint LANGUAGE sql VOLATILE RETURN (SELECT r.keys FROM nudge.runs r WHERE r.materialisation = mart ORDER BY r.run_id DESC LIMIT 1);
INSERT INTO customers VALUES ('d1', now() - interval '2 years', 'small', false);
INSERT INTO subscriptions VALUES ('d1', 'd', 'pro', now() - interval '2 years', NULL, 30, 'month', 1, 'EUR', 'active', false);
-- plans have always been recorded in its bucket
INSERT INTO account_facts VALUES ('d1', 'growth_plan', 'false', NULL, now() - interval '3 years', now() - interval '2 years');
SELECT pg_temp.refresh_all() \g /dev/null
-- a plan that somebody had for two months: it is in force as the first of them closes, and the second
INSERT INTO account_facts SELECT 'd1', 'growth_plan', 'true', NULL, m - interval '5 months', m - interval '3 months' FROM (SELECT date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' AS m) t;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is((pg_temp.months_of('account_share_buckets'), pg_temp.months_of('account_success'), pg_temp.months_of('value_realization')), (1::bigint, 2::bigint, 0::bigint), 'a plan that held for two months is one of a bucket and two months');
SELECT is_empty('SELECT pg_temp.otherwise()', 'which are right');
-- what no report reads, and what is dated ahead
INSERT INTO account_facts VALUES ('d1', 'sentiment', 'sour', NULL, now() - interval '1 year', NULL), ('d1', 'growth_plan', 'false', NULL, now() + interval '1 year', NULL);
SELECT is(pg_temp.refresh_all(), 'nothing', 'a fact that is not read, or not known yet, writes nothing');
SELECT is((pg_temp.months_of('account_share_buckets'), pg_temp.months_of('account_success')), (1::bigint, 0::bigint), 'but the bucket was looked at');
UPDATE customers SET segment = 'huge' WHERE customer = 'd1';
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.months_of('account_success'), (SELECT count(DISTINCT period) FROM nudge_analytics.account_success), 'another segment is one of all months');
SELECT is_empty('SELECT pg_temp.otherwise()', 'which are right, too');
-- somebody who is no customer at all has a fact: it is recorded now
DELETE FROM account_facts WHERE lower(btrim(fact)) = 'referenceable';
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$ SELECT FROM nudge_analytics.account_success WHERE metric = 'reference_customer_rate' AND result IS NOT NULL $$, 'what nobody records is not known');
INSERT INTO account_facts VALUES ('stranger', 'referenceable', 'true', NULL, now() - interval '40 days', NULL);
SELECT pg_temp.refresh_all() \g /dev/null
SELECT isnt_empty($$ SELECT FROM nudge_analytics.account_success WHERE metric = 'reference_customer_rate' AND numerator = 0 AND result = 0 $$, 'once it is recorded of a stranger it is of nobody');
SELECT is_empty('SELECT pg_temp.otherwise()', 'as the report says');
-- one customer counts as another
SELECT nudge.merge_entity('customer', 'd1', 'c2') \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.wrong()', 'a customer that counts as another has left its bucket');
SELECT nudge.unmerge_entity('customer', 'd1') \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.otherwise()', 'and comes back');

-- Errors --------------------------------------------------------------------

INSERT INTO account_facts VALUES ('d1', 'growth_plan', 'perhaps', NULL, now() - interval '40 days', NULL);
SELECT nudge.fan_out() \g /dev/null
SELECT nudge.begin_run('account_share_buckets', 'refresh') AS run \gset
SELECT results_eq(format($$ SELECT nudge.refresh_batch('account_share_buckets', %s, ARRAY[k.key]) FROM unnest((nudge.next_keys('account_share_buckets', NULL, 100)).keys) k(key) $$, :run), ARRAY['put aside'], 'a bucket with a value that is no word is put aside');
SELECT results_eq('SELECT q.key::integer, q.error FROM nudge.quarantine q', $$ SELECT nudge.bucket('d1', 4), 'value "perhaps" of the fact "growth_plan" cannot be read' $$, 'with the reason');
SELECT nudge.end_run('account_share_buckets', :run, 'ok', NULL, NULL) \g /dev/null
DELETE FROM account_facts WHERE value = 'perhaps';
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.otherwise()', 'once it is gone all is well');

-- Time ----------------------------------------------------------------------

-- as all was refreshed then: everything, for that instant
CREATE FUNCTION pg_temp.back_to(instant timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	run bigint;
BEGIN
	UPDATE nudge.materialisations SET clock_at = instant WHERE has_clock;
	FOR one IN SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth LOOP
		run := nudge.begin_run(one, 'rebuild');
		PERFORM nudge.refresh_batch(one, run, NULL);
		PERFORM nudge.end_run(one, run, 'ok', NULL, NULL);
	END LOOP;
	DELETE FROM nudge.pending;
	DELETE FROM nudge.change_log;
END
$$;
CREATE FUNCTION pg_temp.times() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	month_at constant timestamptz := date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin';
	day_at constant timestamptz := date_trunc('day', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin';
	instant timestamptz;
BEGIN
	FOREACH instant IN ARRAY ARRAY[month_at, month_at - interval '1 microsecond', month_at + interval '1 microsecond', day_at - interval '1 microsecond', day_at, month_at - interval '1 day', month_at + interval '1 day', now() - interval '33 days', now() - interval '5 months'] LOOP
		PERFORM pg_temp.back_to(instant);
		PERFORM set_config('nudge.as_of', instant::text, true);
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('at %s all was as the reports say', instant));
		PERFORM set_config('nudge.as_of', '', true);
		PERFORM pg_temp.refresh_all();
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('and since %s time alone has led to what is now', instant));
		RETURN NEXT is_empty('SELECT pg_temp.wrong()', 'as verify says');
	END LOOP;
END
$$;
SELECT pg_temp.times();
SELECT pg_temp.back_to(greatest(now() - interval '1 day', date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin')) \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT cmp_ok(pg_temp.months_of('account_success'), '<=', 1::bigint, 'a day that begins is one of the present month');
SELECT is_empty('SELECT pg_temp.otherwise()', 'which is right');

-- several currencies that nothing converts are not added
SELECT nudge.deploy(currency => '') \g /dev/null
SELECT throws_like('SELECT pg_temp.refresh_all()', '%cannot be added up', 'several currencies are an error');

SELECT finish();
ROLLBACK;
