--
-- marts_sales.sql
--		Marts of surveys, deals and activities: after random changes and pauses they are what
--		the reports say of the rows, and no month is read that nothing has touched.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_sales
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
CREATE SEQUENCE ids;
CREATE TABLE customers (id bigint DEFAULT nextval('ids'), customer text, created_at timestamptz, segment text, industry text, company_size text, region text, internal boolean);
CREATE TABLE surveys (id bigint DEFAULT nextval('ids'), customer text, "user" text, kind text, score numeric, sent_at timestamptz, answered_at timestamptz);
CREATE TABLE deals (id bigint DEFAULT nextval('ids'), deal text, customer text, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, owner text, team text, segment text, expected_close date);
CREATE TABLE deal_stages (id bigint DEFAULT nextval('ids'), deal text, stage text, at timestamptz);
CREATE TABLE activities (id bigint DEFAULT nextval('ids'), owner text, at timestamptz, kind text, deal text);
CREATE TABLE quotas (id bigint DEFAULT nextval('ids'), owner text, period date, amount numeric, currency text);
CREATE TABLE exchange_rates (id bigint DEFAULT nextval('ids'), currency text, day date, rate numeric);

-- the beginning of a month of the zone
CREATE FUNCTION pg_temp.month_start(back integer) RETURNS timestamptz LANGUAGE sql STABLE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => back)) AT TIME ZONE 'Europe/Berlin';
-- instants where something begins or ends are as likely as the others
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN CASE
	WHEN random() < 0.15 THEN pg_temp.month_start(pg_temp.below(6)) + pg_temp.one_of('{-1 microsecond,0,1 microsecond}')::interval
	WHEN random() < 0.1 THEN now() + pg_temp.one_of('{-14 days,-14 days -1 microsecond,-14 days 1 microsecond,-1 microsecond,0,1 microsecond}')::interval
	WHEN random() < 0.1 THEN now() + random() * interval '20 days' WHEN random() < 0.3 THEN now() - random() * interval '20 days' ELSE now() - random() * interval '200 days' END;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	later constant timestamptz := CASE WHEN random() < 0.6 THEN greatest(at, CASE WHEN random() < 0.2 THEN pg_temp.instant() ELSE at + random() * interval '40 days' END) END;
	one record;
BEGIN
	CASE name
		WHEN 'customers' THEN INSERT INTO customers (customer, created_at, segment, industry, company_size, region, internal)
			SELECT 'c' || n, at, pg_temp.one_of('{small,large,NULL}'), pg_temp.one_of('{arts,trade}'), '1-10', pg_temp.one_of('{EU,US,"",NULL}'), random() < 0.1 FROM (SELECT pg_temp.below(16) AS n OFFSET 0) c;
		WHEN 'surveys' THEN
			INSERT INTO surveys (customer, "user", kind, score, sent_at, answered_at) SELECT 'c' || pg_temp.below(18), CASE WHEN random() < 0.9 THEN 'u' || pg_temp.below(20) END, pg_temp.one_of('{nps,NPS ,nps,csat}'), CASE WHEN later IS NOT NULL THEN pg_temp.below(11) END, at, CASE WHEN random() < 0.9 THEN later END
			FROM generate_series(0, pg_temp.below(2));
		WHEN 'deals' THEN
			INSERT INTO deals (deal, customer, created_at, amount, currency, stage, closed_at, outcome, owner, team, segment, expected_close)
			VALUES ('d' || nextval('ids'), 'c' || pg_temp.below(16), at + CASE WHEN random() < 0.05 AND later < now() THEN interval '60 days' ELSE '0' END, pg_temp.below(90000) / 100.0, 'EUR', 'offer', later, CASE WHEN later IS NOT NULL THEN pg_temp.one_of('{won,Won,lost,no_decision,NULL}') END,
				pg_temp.one_of('{ann,ben,cleo,NULL}'), pg_temp.one_of('{east,west}'), pg_temp.one_of('{small,large,NULL}'), (at + interval '20 days')::date)
			RETURNING deal, created_at INTO one;
			-- most have a history
			INSERT INTO deal_stages (deal, stage, at) SELECT one.deal, s, one.created_at + n * random() * interval '20 days' FROM unnest('{lead,offer,talks}'::text[]) WITH ORDINALITY u(s, n) WHERE random() < 0.8;
		WHEN 'deal_stages' THEN INSERT INTO deal_stages (deal, stage, at) SELECT d.deal, pg_temp.one_of('{lead,offer,talks,other}'), coalesce(CASE WHEN random() < 0.3 THEN d.closed_at END, at) FROM deals d ORDER BY random() LIMIT 1;
		WHEN 'activities' THEN INSERT INTO activities (owner, at, kind, deal) SELECT coalesce(d.owner, 'zoe'), at, pg_temp.one_of('{call,Mail}'), CASE WHEN random() < 0.8 THEN d.deal WHEN random() < 0.3 THEN 'unknown' END FROM deals d ORDER BY random() LIMIT 2;
		WHEN 'quotas' THEN INSERT INTO quotas (owner, period, amount, currency) SELECT o, m, 1000, 'EUR' FROM (SELECT (pg_temp.month_start(pg_temp.below(7)) AT TIME ZONE 'Europe/Berlin')::date AS m OFFSET 0) p, pg_temp.one_of('{ann,ben,east,dora}') o WHERE NOT EXISTS (SELECT FROM quotas q WHERE q.owner = o AND q.period = m);
		WHEN 'exchange_rates' THEN INSERT INTO exchange_rates (currency, day, rate) SELECT 'USD', d, round((0.8 + random() / 5)::numeric, 4) FROM (SELECT at::date AS d) s WHERE NOT EXISTS (SELECT FROM exchange_rates x WHERE x.day = d);
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' AND (c.relname <> 'exchange_rates' OR EXISTS (SELECT FROM shop.exchange_rates)) ORDER BY c.relname COLLATE "C" $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()));
	pick constant integer := pg_temp.below(14);
	done text := name;
BEGIN
	CASE
		WHEN pick = 0 AND name <> 'exchange_rates' THEN EXECUTE format('DELETE FROM %I WHERE id %% 9 = %s', name, pg_temp.below(9));
		WHEN pick = 1 THEN UPDATE surveys SET customer = 'c' || pg_temp.below(16) WHERE id % 11 = pg_temp.below(11);
		WHEN pick = 2 THEN UPDATE surveys SET sent_at = sent_at - interval '1 month' WHERE id % 9 = pg_temp.below(9) AND (answered_at IS NULL OR answered_at > sent_at - interval '1 month');
		WHEN pick = 3 THEN UPDATE surveys SET score = pg_temp.below(11), answered_at = greatest(sent_at, now() - interval '1 minute') WHERE score IS NULL AND id % 5 = pg_temp.below(5) AND sent_at < now();
		WHEN pick = 4 THEN UPDATE customers SET segment = pg_temp.one_of('{small,large,huge,NULL}'), internal = random() < 0.2 WHERE id % 7 = pg_temp.below(7);
		WHEN pick = 5 THEN UPDATE deals SET owner = pg_temp.one_of('{ann,ben,dora}'), amount = amount + 1 WHERE id % 9 = pg_temp.below(9);
		WHEN pick = 6 THEN UPDATE deals SET closed_at = now() - random() * interval '30 days', outcome = 'won' WHERE closed_at IS NULL AND id % 5 = pg_temp.below(5);
		WHEN pick = 7 THEN UPDATE deals SET closed_at = NULL, outcome = NULL, segment = 'again' WHERE id % 13 = pg_temp.below(13);
		WHEN pick = 8 THEN UPDATE deals SET created_at = created_at - interval '1 month' WHERE id % 9 = pg_temp.below(9);
		WHEN pick = 9 THEN UPDATE activities SET at = at - interval '1 month', deal = CASE WHEN random() < 0.2 THEN NULL ELSE deal END WHERE id % 7 = pg_temp.below(7);
		WHEN pick = 10 AND random() < 0.5 THEN
			done := 'stages';
			UPDATE nudge.sales_stages SET win_probability = CASE WHEN random() < 0.8 THEN round(random()::numeric, 2) END, qualified = random() < 0.5, position = pg_temp.below(4) WHERE stage = pg_temp.one_of('{lead,offer,talks}');
		WHEN pick = 11 AND random() < 0.5 THEN
			done := 'entities';
			IF random() < 0.5 THEN
				PERFORM nudge.exclude('customer', ARRAY['c' || pg_temp.below(16)], 'test');
			ELSE
				PERFORM nudge.include('customer', ARRAY(SELECT x.key FROM nudge.exclusions x WHERE x.entity = 'customer' AND x.origin = 'hand'));
			END IF;
		WHEN pick = 12 AND random() < 0.1 THEN EXECUTE format('TRUNCATE %I', name);
		ELSE PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END CASE;
	RETURN done;
END
$$;
INSERT INTO nudge.sales_stages (stage, position, win_probability, qualified) VALUES ('lead', 1, 0.2, false), ('offer', 2, 0.5, true), ('talks', 2, NULL, true);
SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 50) ORDER BY i NOT IN ('customers', 'deals')) i \g /dev/null

-- The reports on the rows ---------------------------------------------------

CREATE FUNCTION pg_temp.first_month(table_name text, column_name text, condition text DEFAULT 'true') RETURNS date LANGUAGE plpgsql STABLE AS $$
DECLARE
	found date;
BEGIN
	EXECUTE format('SELECT date_trunc(''month'', min(%I) AT TIME ZONE ''Europe/Berlin'')::date FROM nudge_staging.%I WHERE %I < now() AND %s', column_name, table_name, column_name, condition) INTO found;
	RETURN found;
END
$$;
CREATE FUNCTION pg_temp.next_month() RETURNS date LANGUAGE sql STABLE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') + interval '1 month')::date;
-- deals as sales_performance adds them up
CREATE FUNCTION pg_temp.deals() RETURNS regclass LANGUAGE sql STABLE RETURN coalesce(to_regclass('nudge_staging.deals___converted'), to_regclass('nudge_staging.deals'));
CREATE FUNCTION pg_temp.quotas() RETURNS regclass LANGUAGE sql STABLE RETURN coalesce(to_regclass('nudge_staging.quotas___converted'), to_regclass('nudge_staging.quotas'));
CREATE FUNCTION pg_temp.reports() RETURNS TABLE (name text, row_data jsonb) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT 'nps', to_jsonb(x) FROM (
		SELECT r.period, coalesce(d, 'all') AS dimension, CASE WHEN d IS NULL THEN 'all' ELSE r.value END AS value, r.asked, r.answered, r.response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors, r.score, r.score_low, r.score_high, r.band, r.action, r.score_change, r.p_value, r.complete
		FROM (SELECT pg_temp.first_month('surveys', 'sent_at', $c$lower(btrim(kind)) = 'nps'$c$) AS day) f, unnest('{NULL,segment,industry,company_size,region}'::text[]) d,
			nudge.nps_report('nudge_staging.surveys', f.day, pg_temp.next_month(), 'month', 'Europe/Berlin', now(), 'nudge_staging.customers', d) r WHERE f.day IS NOT NULL AND r.is_total = (d IS NULL)) x;
	RETURN QUERY SELECT 'sales_performance', to_jsonb(x) FROM (
		SELECT r.period, coalesce(d, 'all') AS dimension, CASE WHEN d IS NULL THEN 'all' ELSE r.value END AS value, r.opening_deals, r.opening_amount, r.deals_created, r.created_amount, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded, r.won_amount, r.lost_amount, r.not_recorded_amount,
			r.open_deals, r.open_amount, r.weighted_amount, r.average_deal_size, r.win_rate, r.win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days, r.qualified_deals, r.sales_velocity, r.quota, r.quota_attainment, r.quota_remaining, r.currency_code AS currency, r.complete
		FROM (SELECT date_trunc('month', min(i.created_at) AT TIME ZONE 'Europe/Berlin')::date AS day FROM nudge_staging.deals i WHERE least(i.created_at, i.closed_at) < now()) f, unnest('{NULL,owner,team,segment}'::text[]) d,
			nudge.sales_report(pg_temp.deals(), least(f.day, (pg_temp.next_month() - interval '1 month')::date), pg_temp.next_month(), 'nudge_staging.deal_stages', pg_temp.quotas(), 'month', 'Europe/Berlin', now(), d) r WHERE f.day IS NOT NULL AND r.is_total = (d IS NULL)) x;
	RETURN QUERY SELECT 'sales_activity', to_jsonb(x) FROM (
		SELECT r.period, coalesce(d, 'all') AS dimension, CASE WHEN d IS NULL THEN 'all' ELSE r.value END AS value, CASE WHEN r.all_kinds THEN 'all' ELSE r.kind END AS kind, r.activities_done, r.deals_won, r.activities_per_deal_won, r.complete
		FROM (SELECT pg_temp.first_month('activities', 'at') AS day) f, unnest('{NULL,owner,team,segment}'::text[]) d,
			nudge.sales_activities('nudge_staging.activities', 'nudge_staging.deals', f.day, pg_temp.next_month(), 'month', 'Europe/Berlin', now(), d) r WHERE f.day IS NOT NULL AND r.is_total = (d IS NULL)) x;
	RETURN QUERY SELECT 'sales_pipeline', to_jsonb(x) FROM (
		SELECT CASE WHEN r.is_total THEN 'all' ELSE d.by END AS dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
			round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
		FROM (VALUES ('stage', true), ('stage', false), ('owner', false), ('team', false), ('segment', false)) d(by, is_total), nudge.pipeline_value(pg_temp.deals(), 'nudge_staging.deal_stages', 'nudge_staging.activities', 'Europe/Berlin', now(), d.by) r WHERE r.is_total = d.is_total) x;
END
$$;
CREATE FUNCTION pg_temp.marts() RETURNS TABLE (name text, row_data jsonb) LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY SELECT 'nps', to_jsonb(m) FROM nudge_analytics.nps m UNION ALL SELECT 'sales_performance', to_jsonb(m) FROM nudge_analytics.sales_performance m
	UNION ALL SELECT 'sales_activity', to_jsonb(m) FROM nudge_analytics.sales_activity m UNION ALL SELECT 'sales_pipeline', to_jsonb(m) FROM nudge_analytics.sales_pipeline m;
END
$$;
CREATE FUNCTION pg_temp.problems(what text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	done constant text := pg_temp.refresh_all();
BEGIN
	RETURN QUERY SELECT format('%s: %s', what, w) FROM pg_temp.wrong() w LIMIT 3;
	RETURN QUERY SELECT format('%s: not in the report: %s', what, t::text) FROM (SELECT * FROM pg_temp.marts() EXCEPT ALL SELECT * FROM pg_temp.reports()) t LIMIT 3;
	RETURN QUERY SELECT format('%s: only in the report: %s', what, t::text) FROM (SELECT * FROM pg_temp.reports() EXCEPT ALL SELECT * FROM pg_temp.marts()) t LIMIT 3;
	RETURN QUERY SELECT format('%s: %s was put aside: %s', what, q.materialisation, q.error) FROM nudge.quarantine q LIMIT 3;
END
$$;

DELETE FROM nudge.shipped_marts m WHERE m.name NOT IN ('fact_surveys', 'nps_months', 'nps', 'fact_deals', 'fact_deal_stages', 'fact_activities', 'sales_months', 'sales_performance', 'sales_pipeline', 'sales_activity_months', 'sales_activity');
SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i \g /dev/null
SELECT nudge.deploy(zone => 'Europe/Berlin', buckets => 3) \g /dev/null
SELECT set_eq('SELECT name FROM nudge.materialisations', 'SELECT name FROM nudge.shipped_marts', 'all are there');
SELECT is_empty($$SELECT pg_temp.problems('at first')$$, 'all is what the reports say');
SELECT isnt_empty($$SELECT FROM nudge_analytics.sales_performance WHERE dimension = 'owner' AND weighted_amount > 0 AND qualified_deals > 0$$, 'the pipeline has a weight');
SELECT isnt_empty($$SELECT FROM nudge_analytics.nps WHERE open_surveys > 0$$, 'some surveys are waited for');

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	done text;
BEGIN
	FOR round IN 1 .. n LOOP
		done := NULL;
		FOR i IN 0 .. pg_temp.below(5) LOOP
			done := concat_ws(', ', done, pg_temp.change());
		END LOOP;
		RETURN QUERY SELECT pg_temp.problems(format('round %s (%s)', round, done));
		done := pg_temp.refresh_all();
		IF done <> 'nothing' THEN
			RETURN NEXT format('round %s: a second refresh writes %s', round, done);
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT pg_temp.rounds(10)', 'after random changes too, and a second refresh writes nothing');

-- Time ----------------------------------------------------------------------

-- As if the last refresh had been so long ago: time alone brings back all that is there now.
SELECT pg_temp.add(i) FROM pg_temp.inputs() i, generate_series(1, 10) \g /dev/null
CREATE FUNCTION pg_temp.after_a_pause(until timestamptz) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth, o.name LOOP
		UPDATE nudge.materialisations SET clock_at = until WHERE name = one AND has_clock;
		PERFORM nudge.refresh_batch(one, 0, NULL);
	END LOOP;
	RETURN QUERY SELECT format('%s, then: %s', until, w) FROM pg_temp.wrong() w LIMIT 3;
	-- what was written then is told to those that read it: time alone must do
	DELETE FROM nudge.change_log;
	DELETE FROM nudge.pending;
	RETURN QUERY SELECT pg_temp.problems(until::text);
END
$$;
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', u), 'after a pause time alone does it') FROM (
	SELECT now() - p AS u FROM unnest('{75 days,16 days,14 days,5 hours,1 second,1 microsecond}'::interval[]) p
	UNION ALL SELECT pg_temp.month_start(b) + p FROM generate_series(0, 1) b, unnest('{-1 microsecond,0,1 microsecond}'::interval[]) p WHERE pg_temp.month_start(b) + p < now()
	UNION ALL SELECT now() - random() * interval '60 days' FROM generate_series(1, 3)) t;

-- Months that are touched -----------------------------------------------------

CREATE FUNCTION pg_temp.keys_of(mart text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT r.keys FROM nudge.runs r WHERE r.materialisation = mart ORDER BY r.run_id DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.keys_by(what text) RETURNS TABLE (mart text, keys bigint) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	EXECUTE what;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT m, pg_temp.keys_of(m) FROM unnest('{fact_surveys,nps_months,fact_deals,fact_deal_stages,sales_months,fact_activities,sales_activity_months}'::text[]) m WHERE pg_temp.keys_of(m) > 0;
END
$$;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$SELECT * FROM pg_temp.keys_by('SELECT 1')$$, 'without a change no month is read');
-- of a customer, and a deal, that have nothing else
INSERT INTO deals (deal, customer, created_at, amount, currency, stage, owner, team, segment) VALUES ('mine', 'me', pg_temp.month_start(3) + interval '1 hour', 10, 'EUR', 'offer', 'ann', 'east', 'small');
INSERT INTO deal_stages (deal, stage, at) VALUES ('mine', 'lead', pg_temp.month_start(3) + interval '1 hour'), ('mine', 'offer', pg_temp.month_start(2) + interval '1 hour');
INSERT INTO activities (owner, at, kind, deal) VALUES ('ann', pg_temp.month_start(2) + interval '1 hour', 'call', 'mine');
INSERT INTO surveys (customer, kind, sent_at) VALUES ('me', 'nps', pg_temp.month_start(3) + interval '1 day');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE surveys SET score = 9 WHERE customer = ''me''')$$, $$VALUES ('fact_surveys', 1::bigint), ('nps_months', 1)$$, 'an answer is of its month');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE surveys SET sent_at = sent_at + interval ''1 month'' WHERE customer = ''me''')$$, $$VALUES ('fact_surveys', 1::bigint), ('nps_months', 2)$$, 'a survey that moves is of both');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('INSERT INTO customers (customer, created_at, segment) VALUES (''me'', now() - interval ''1 year'', ''small'')')$$, $$VALUES ('fact_surveys', 1::bigint), ('nps_months', 1)$$, 'what a customer is now is of its months');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE customers SET created_at = created_at - interval ''1 day'' WHERE customer = ''me''')$$, $$VALUES ('fact_surveys', 1::bigint)$$, 'what nobody counts by is of none');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE deals SET amount = 20 WHERE deal = ''mine''')$$, $$VALUES ('fact_deals', 1::bigint), ('fact_deal_stages', 1), ('sales_months', 2), ('fact_activities', 1)$$, 'an amount is of the months of the deal and its stages');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE deals SET owner = ''ben'' WHERE deal = ''mine''')$$, $$VALUES ('fact_deals', 1::bigint), ('fact_deal_stages', 1), ('sales_months', 2), ('fact_activities', 1)$$, 'so is an owner');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE deals SET team = ''west'' WHERE deal = ''mine''')$$, $$VALUES ('fact_deals', 1::bigint), ('fact_deal_stages', 1), ('sales_months', 2), ('fact_activities', 1), ('sales_activity_months', 1)$$, 'a team is of the months of activities too');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by(format('UPDATE deals SET closed_at = %L, outcome = ''won'' WHERE deal = ''mine''', pg_temp.month_start(1) + interval '1 hour'))$$, $$VALUES ('fact_deals', 1::bigint), ('fact_deal_stages', 1), ('sales_months', 3), ('fact_activities', 1)$$, 'a close is of its month too');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('UPDATE deal_stages SET at = at + interval ''1 month'' WHERE deal = ''mine'' AND stage = ''offer''')$$, $$VALUES ('fact_deal_stages', 1::bigint), ('sales_months', 3)$$, 'a stage is of the months in which it was entered and left, before and after');
SELECT set_eq($$SELECT * FROM pg_temp.keys_by('INSERT INTO activities (owner, at, kind) VALUES (''ann'', now() - interval ''1 day'', ''call'')')$$, $$SELECT ''::text, 0::bigint WHERE false$$, 'what is done for no deal is read as it is');
SELECT is_empty($$SELECT pg_temp.problems('after them')$$, 'all is what the reports say then');

-- What cannot be right --------------------------------------------------------

INSERT INTO surveys (customer, kind, score, sent_at, answered_at) VALUES ('early', 'nps', 9, now() - interval '2 days', now() - interval '3 days'), ('odd', 'nps', 11, now() - interval '2 days', NULL), ('what', 'mood', 1, now() - interval '2 days', NULL), ('never', 'csat', 1, NULL, NULL);
INSERT INTO deals (deal, created_at, amount, currency, stage, closed_at, outcome) VALUES ('twice', now() - interval '2 days', 1, 'EUR', 'offer', NULL, NULL), ('twice', now() - interval '2 days', 1, 'EUR', 'offer', NULL, NULL),
	('free', now() - interval '2 days', NULL, 'EUR', 'offer', NULL, NULL), ('maybe', now() - interval '2 days', 1, 'EUR', 'offer', now() - interval '1 day', 'maybe'), ('open', now() - interval '2 days', 1, 'EUR', 'offer', NULL, 'won');
INSERT INTO activities (owner, at, kind, deal) VALUES ('ann', NULL, 'call', 'mine');
CREATE FUNCTION pg_temp.refresh_keys(wanted text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	PERFORM nudge.fan_out(1000000), nudge.mark_run(wanted);
	FOR one IN SELECT DISTINCT p.key FROM nudge.pending p WHERE p.materialisation = wanted AND p.key IS NOT NULL LOOP
		PERFORM nudge.refresh_batch(wanted, nudge.begin_run(wanted, 'refresh'), ARRAY[one]);
	END LOOP;
END
$$;
SELECT pg_temp.refresh_keys(m) FROM unnest('{fact_surveys,fact_deals,fact_activities}'::text[]) m \g /dev/null
SELECT set_eq('SELECT materialisation, key, error FROM nudge.quarantine', $$VALUES ('fact_surveys', 'early', 'a survey was answered before it was sent'), ('fact_surveys', 'odd', 'a score of surveys, 11, is not on the scale from 0 to 10'), ('fact_surveys', 'what', 'unknown kind "mood" of surveys'), ('fact_surveys', 'never', 'a row of surveys lacks a value that it needs'),
	('fact_deals', 'twice', 'deals has more than one row of "twice"'), ('fact_deals', 'free', 'a row of deals lacks a value that it needs'), ('fact_deals', 'maybe', 'unknown outcome "maybe" of a deal'), ('fact_deals', 'open', 'a row of deals lacks a value that it needs'), ('fact_activities', 'mine', 'a row of activities lacks a value that it needs')$$,
	'rows that cannot be right are put aside, and the others go on');
DELETE FROM surveys WHERE customer IN ('early', 'odd', 'what', 'never');
DELETE FROM deals WHERE deal IN ('twice', 'free', 'maybe', 'open');
DELETE FROM activities WHERE at IS NULL;
SELECT is_empty($$SELECT pg_temp.problems('without them')$$, 'until they are gone');

-- Amounts of several currencies -------------------------------------------------

INSERT INTO exchange_rates (currency, day, rate) VALUES ('usd', current_date - 400, 0.9), ('USD', current_date - 20, 0.8), ('USD', current_date, 0.85);
SELECT nudge.map_source('exchange_rates', 'exchange_rates'), nudge.deploy(currency => 'EUR') \g /dev/null
UPDATE deals SET currency = 'usd' WHERE id % 3 = 0;
UPDATE quotas SET currency = 'USD' WHERE id % 2 = 0;
SELECT is_empty($$SELECT pg_temp.problems('converted')$$, 'converted too all is what the reports say');
SELECT is_empty('SELECT pg_temp.rounds(4)', 'after random changes too, converted');
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', now() - p), 'after a pause of ' || p || ' what is open has the rate of today') FROM unnest('{25 days,30 hours,1 second}'::interval[]) p;
SELECT isnt_empty($$SELECT FROM nudge_analytics.fact_deals f JOIN deals d ON d.deal = f.deal WHERE f.is_open AND upper(d.currency) = 'USD' AND f.amount = round(d.amount * (SELECT x.rate FROM exchange_rates x WHERE x.day <= (now() AT TIME ZONE 'Europe/Berlin')::date ORDER BY x.day DESC LIMIT 1), 6)$$, 'which is that');

-- Clocks --------------------------------------------------------------------------

TRUNCATE surveys, deal_stages, activities;
INSERT INTO customers (customer, created_at, segment) VALUES ('last', now() - interval '1 year', 'small');
INSERT INTO surveys (customer, kind, sent_at) VALUES ('last', 'nps', now() - interval '20 days'), ('last', 'csat', now() - interval '19 days');
INSERT INTO surveys (customer, kind, score, sent_at) VALUES ('last', 'nps', 9, now() - interval '18 days');
INSERT INTO deals (deal, created_at, amount, currency, stage) VALUES ('last', now() - interval '1 year', 10, 'EUR', 'offer');
-- not before the month, which comes for all
SELECT greatest(now() - interval '1 hour', pg_temp.month_start(0) + interval '2 microseconds') AS lately \gset
INSERT INTO deal_stages (deal, stage, at) VALUES ('last', 'lead', :'lately');
INSERT INTO activities (owner, at, kind) VALUES ('ann', :'lately', 'call');
SELECT pg_temp.refresh_all() \g /dev/null
CREATE FUNCTION pg_temp.due(mart text, since timestamptz) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	DELETE FROM nudge.pending;
	UPDATE nudge.materialisations SET clock_at = since WHERE name = mart;
	PERFORM nudge.mark_run(mart);
	RETURN QUERY SELECT DISTINCT coalesce(p.key, 'all') FROM nudge.pending p WHERE p.materialisation = mart;
	DELETE FROM nudge.pending;
END
$$;
SELECT set_eq($$SELECT pg_temp.due('nps_months', now() - interval '6 days 1 microsecond')$$, $$SELECT (date_trunc('month', (now() - interval '20 days') AT TIME ZONE 'Europe/Berlin'))::date::text$$, 'a survey of NPS that is not answered is waited for in its month, until 14 days are over');
SELECT is_empty($$SELECT pg_temp.due('nps_months', now() - interval '6 days')$$, 'and no longer');
SELECT set_eq(format($$SELECT pg_temp.due('fact_deal_stages', %L)$$, :'lately'), '{last}'::text[], 'a stage comes just after its instant');
SELECT is_empty(format($$SELECT pg_temp.due('fact_deal_stages', %L::timestamptz + interval '1 microsecond')$$, :'lately'), 'and then it is there');
SELECT set_eq(format($$SELECT pg_temp.due('sales_activity', %L)$$, :'lately'), '{all}'::text[], 'so does what is done for no deal');
SELECT is_empty(format($$SELECT pg_temp.due('sales_activity', %L::timestamptz + interval '1 microsecond')$$, :'lately'), 'and then it is there');
SELECT set_eq(format($$SELECT pg_temp.due(%L, pg_temp.month_start(0) + %L::interval)$$, m, p), '{all}'::text[], 'a month that begins is of all rows of ' || m) FROM unnest('{nps,sales_performance,sales_activity}'::text[]) m, unnest('{-1 microsecond,0}'::text[]) p;
SELECT is_empty(format($$SELECT pg_temp.due(%L, pg_temp.month_start(0) + interval '1 microsecond')$$, m), 'a day that begins of none of ' || m) FROM unnest('{nps,sales_performance}'::text[]) m;

-- No rows -----------------------------------------------------------------------

SELECT format('TRUNCATE %I', i) FROM pg_temp.inputs() i \gexec
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$SELECT FROM pg_temp.marts() m WHERE m.name <> 'sales_pipeline'$$, 'without rows nothing is left');
SELECT is_empty('SELECT pg_temp.wrong()', 'which is what the queries say');

SELECT * FROM finish();
ROLLBACK;
