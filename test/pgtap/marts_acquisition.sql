--
-- marts_acquisition.sql
--		Marts of channels, campaigns, content and partners: after random changes they are
--		what the reports say of the tables themselves, they follow time, and a change
--		computes no more months than it touches.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_acquisition
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
CREATE TABLE touches (id bigint DEFAULT nextval('ids'), customer text, "user" text, anonymous_id text, at timestamptz, channel text, campaign text, partner text);
CREATE TABLE conversions (id bigint DEFAULT nextval('ids'), customer text, at timestamptz, revenue numeric, currency text);
CREATE TABLE spend (id bigint DEFAULT nextval('ids'), day date, channel text, amount numeric, currency text, campaign text, impressions bigint, clicks bigint);
CREATE TABLE leads (id bigint DEFAULT nextval('ids'), lead text, customer text, stage text, at timestamptz, source text, campaign text);
CREATE TABLE budgets (id bigint DEFAULT nextval('ids'), period date, category text, amount numeric, currency text);
CREATE TABLE campaigns (id bigint DEFAULT nextval('ids'), campaign text, channel text, kind text, budget_share numeric, started_at timestamptz, ended_at timestamptz);
CREATE TABLE content (id bigint DEFAULT nextval('ids'), content text, type text, published_at timestamptz);
CREATE TABLE partners (id bigint DEFAULT nextval('ids'), partner text, kind text, joined_at timestamptz, left_at timestamptz);
CREATE TABLE deals (id bigint DEFAULT nextval('ids'), deal text, customer text, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, partner text);

-- Random rows: some are dated in the days to come, some a moment ago, some begin a day or a month
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() < 0.08 THEN now() + random() * interval '50 days' WHEN random() < 0.1 THEN now() - random() * random() * interval '6 hours'
		WHEN random() < 0.15 THEN ((now() AT TIME ZONE 'Europe/Berlin')::date - pg_temp.below(120))::timestamp AT TIME ZONE 'Europe/Berlin'
		WHEN random() < 0.1 THEN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => pg_temp.below(5))) AT TIME ZONE 'Europe/Berlin' ELSE now() - random() * interval '190 days' END;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	later constant timestamptz := CASE WHEN random() < 0.6 THEN at + random() * interval '60 days' END;
	c constant text := 'c' || pg_temp.below(14);
	k constant text := pg_temp.one_of('{alpha,beta,guide a,webinar b,NULL}');
BEGIN
	CASE name
		-- of customers who buy, of users and visitors, now and then with the same key, and of nobody
		WHEN 'touches' THEN INSERT INTO touches (customer, "user", anonymous_id, at, channel, campaign, partner)
			VALUES (CASE WHEN random() < 0.7 THEN c END, CASE WHEN random() < 0.3 THEN pg_temp.one_of('{u,c}') || pg_temp.below(9) END, CASE WHEN random() < 0.3 THEN pg_temp.one_of('{v,u,c}') || pg_temp.below(9) END, at,
				pg_temp.one_of('{email,search," social",direct}'), k, pg_temp.one_of('{acme,zeta," ",NULL,NULL}'));
		WHEN 'conversions' THEN INSERT INTO conversions (customer, at, revenue, currency) VALUES (c, at, pg_temp.below(9000) / 100.0, pg_temp.one_of('{EUR,eur}'));
		WHEN 'spend' THEN INSERT INTO spend (day, channel, amount, currency, campaign, impressions, clicks)
			VALUES (at::date, pg_temp.one_of('{email,search,"search ",radio}'), pg_temp.below(9000) / 100.0, 'EUR', k, CASE WHEN random() < 0.7 THEN pg_temp.below(900) END, CASE WHEN random() < 0.7 THEN pg_temp.below(9) END);
		WHEN 'leads' THEN INSERT INTO leads (lead, customer, stage, at, source, campaign) VALUES ('l' || pg_temp.below(30), CASE WHEN random() < 0.3 THEN c END, pg_temp.one_of('{lead,customer}'), at, pg_temp.one_of('{email,search,guide,NULL}'), k);
		WHEN 'budgets' THEN INSERT INTO budgets (period, category, amount, currency) VALUES (date_trunc('month', at AT TIME ZONE 'Europe/Berlin'), pg_temp.one_of('{research,customer_acquisition/marketing/paid_advertising/email,customer_acquisition/marketing/paid_advertising/tv/spots}'), pg_temp.below(500), 'EUR');
		WHEN 'campaigns' THEN INSERT INTO campaigns (campaign, channel, kind, budget_share, started_at, ended_at) VALUES (coalesce(k, 'gamma'), pg_temp.one_of('{email,search}'), pg_temp.one_of('{brand,generic}'), 0.1, at, later);
		WHEN 'content' THEN INSERT INTO content (content, type, published_at) VALUES (coalesce(k, 'guide c'), pg_temp.one_of('{guide,webinar,NULL}'), at);
		WHEN 'partners' THEN INSERT INTO partners (partner, kind, joined_at, left_at) VALUES (pg_temp.one_of('{acme,zeta,omega}'), 'agency', at, later);
		WHEN 'deals' THEN INSERT INTO deals (deal, customer, created_at, amount, currency, stage, closed_at, outcome, partner)
			VALUES (nextval('ids'), CASE WHEN random() < 0.9 THEN c END, at, pg_temp.below(900), 'EUR', 'offer', later, CASE WHEN later IS NOT NULL THEN pg_temp.one_of('{won,lost," Won"}') END, pg_temp.one_of('{acme,zeta,NULL,NULL}'));
	END CASE;
END
$$;
CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()));
	pick constant integer := pg_temp.below(10);
	time_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = name::regclass AND a.attname IN ('at', 'day', 'created_at', 'published_at', 'started_at', 'joined_at') LIMIT 1);
	text_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = name::regclass AND a.attname IN ('customer', 'user', 'anonymous_id', 'channel', 'campaign', 'source', 'partner', 'type', 'lead') ORDER BY random() LIMIT 1);
BEGIN
	IF pick = 0 THEN
		EXECUTE format('DELETE FROM %I WHERE id %% 7 = %s', name, pg_temp.below(7));
	ELSIF pick < 3 AND text_column IS NOT NULL THEN
		-- as somebody else, or what another row has
		EXECUTE format('UPDATE %I t SET %I = (SELECT o.%2$I FROM %1$I o ORDER BY random() LIMIT 1) WHERE id %% 9 = %3$s', name, text_column, pg_temp.below(9));
	ELSIF pick < 5 AND time_column IS NOT NULL THEN
		EXECUTE format('UPDATE %I SET %I = (%2$I - interval ''1 month'') WHERE id %% 8 = %s', name, time_column, pg_temp.below(8));
	ELSIF pick = 5 AND random() < 0.2 THEN
		EXECUTE format('TRUNCATE %I', name);
	ELSE
		PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END IF;
	RETURN name;
END
$$;
SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 40)) i \g /dev/null

\set marts '''{channel_performance,campaign_performance,content_performance,partner_results}'''
-- these and what they read
DELETE FROM nudge.shipped_marts m WHERE m.name NOT IN ('customer_journeys', 'journey_buckets', 'acquisition_currencies', 'channel_costs', 'lead_origins', 'visitor_touches', 'channel_credit_buckets', 'campaign_credit_buckets', 'partner_items') AND m.name <> ALL (:marts::text[]);
SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i WHERE i NOT IN ('leads', 'budgets') \g /dev/null
SELECT nudge.deploy(zone => 'Europe/Berlin', buckets => 3) \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'all is computed at first');
SELECT is_empty('SELECT pg_temp.wrong()', 'rightly');
SELECT is_empty($$SELECT FROM nudge_analytics.channel_performance WHERE new_leads IS NOT NULL OR planned_cost IS NOT NULL UNION ALL SELECT FROM nudge_analytics.campaign_performance WHERE new_leads IS NOT NULL$$, 'leads and budgets that are not mapped are not known');
SELECT is(to_regclass('nudge_analytics.lead_origins'), NULL, 'nor is there a mart of them');
SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i WHERE i IN ('leads', 'budgets') \g /dev/null
SELECT nudge.deploy() \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'once they are, they are taken in');
SELECT isnt_empty('SELECT FROM nudge_analytics.channel_performance WHERE new_leads > 0', 'leads');
SELECT isnt_empty('SELECT FROM nudge_analytics.channel_performance WHERE planned_cost > 0', 'and budgets');
SELECT is_empty('SELECT pg_temp.wrong()', 'rightly too');

-- The reports on the rows themselves ----------------------------------------

CREATE FUNCTION pg_temp.months(first_day date) RETURNS TABLE (period date, end_day date) LANGUAGE sql STABLE AS $$
	SELECT m::date, least((m + interval '1 month')::date, (now() AT TIME ZONE 'Europe/Berlin')::date + 1)
	FROM generate_series(greatest(date_trunc('month', least(first_day, (now() AT TIME ZONE 'Europe/Berlin')::date))::timestamp, date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '35 months'), date_trunc('month', now() AT TIME ZONE 'Europe/Berlin'), interval '1 month') m
$$;
CREATE FUNCTION pg_temp.day_of(at timestamptz) RETURNS date LANGUAGE sql STABLE RETURN (at AT TIME ZONE 'Europe/Berlin')::date;
CREATE FUNCTION pg_temp.oracle(mart text, s text) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY EXECUTE replace(CASE mart WHEN 'channel_performance' THEN $q$
		SELECT (m.period, r.channel, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.click_through_rate, r.cost_per_click, r.cost_per_lead, r.visitor_to_lead_rate, r.lead_to_customer_rate, r.click_to_customer_rate,
			r.cac, r.roas, r.roi, r.cost_share, r.planned_cost, r.planned_share, r.currency_code, (m.period + interval '1 month')::date <= pg_temp.day_of(now()))::text
		FROM pg_temp.months((SELECT least(min(pg_temp.day_of(c.at)), (SELECT min(k.day) FROM {}.spend k)) FROM {}.conversions c)) m,
			(SELECT nudge.journey_agg(r.customer, r.at, btrim(r.channel), r.revenue) AS state FROM (SELECT customer, at, NULL::text AS channel, revenue FROM {}.conversions UNION ALL SELECT customer, at, channel, NULL FROM {}.touches WHERE customer IS NOT NULL) r) j,
			nudge.channel_performance(j.state, 'linear', '{}.spend', m.period, m.end_day, 'Europe/Berlin', leads => '{}.leads', touches => '{}.touches', budgets => '{}.budgets', currency => 'EUR') r $q$
	WHEN 'campaign_performance' THEN $q$
		SELECT (m.period, r.campaign, r.channel, r.kind, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.cac, r.roas, r.roi, r.currency_code, (m.period + interval '1 month')::date <= pg_temp.day_of(now()))::text
		FROM pg_temp.months((SELECT least(min(pg_temp.day_of(c.at)), (SELECT min(k.day) FROM {}.spend k)) FROM {}.conversions c)) m,
			(SELECT nudge.journey_agg(r.customer, r.at, r.campaign, r.revenue) AS state FROM (SELECT customer, at, NULL::text AS campaign, revenue FROM {}.conversions UNION ALL SELECT customer, at, campaign, NULL FROM {}.touches WHERE customer IS NOT NULL AND campaign IS NOT NULL) r) j,
			nudge.campaign_performance(j.state, 'linear', '{}.spend', '{}.campaigns', m.period, m.end_day, zone => 'Europe/Berlin', leads => '{}.leads', touches => '{}.touches', currency => 'EUR') r $q$
	WHEN 'content_performance' THEN $q$
		SELECT (m.period, r.type, r.published, r.visitors, r.new_leads, r.customers, r.content_to_lead_rate, r.lead_to_customer_rate, (m.period + interval '1 month')::date <= pg_temp.day_of(now()))::text
		FROM pg_temp.months((SELECT min(pg_temp.day_of(published_at)) FROM {}.content)) m, nudge.content_performance('{}.content', '{}.leads', m.period, m.end_day, 'Europe/Berlin', (SELECT array_agg(DISTINCT type) FILTER (WHERE type IS NOT NULL) FROM {}.content), touches => '{}.touches') r
		WHERE r.type IS NOT NULL $q$
	ELSE $q$
		SELECT (m.period, CASE WHEN r.all_partners THEN 'all' ELSE r.partner END, r.measure, r.sourced_value, r.influenced_value, r.total_value, r.sourced_share, r.influenced_share, CASE WHEN r.all_partners THEN (SELECT p.active_partners FROM nudge.partner_count('{}.partners', m.end_day - 1, 'Europe/Berlin') p WHERE p.is_total) END,
			CASE WHEN r.measure IN ('revenue', 'won_amount', 'pipeline') THEN 'EUR' END, (m.period + interval '1 month')::date <= pg_temp.day_of(now()))::text
		FROM pg_temp.months((SELECT least(min(pg_temp.day_of(c.at)), (SELECT min(pg_temp.day_of(d.created_at)) FROM {}.deals d)) FROM {}.conversions c)) m, nudge.partner_performance('{}.touches', '{}.upper_conversions', '{}.deals', m.period, m.end_day, zone => 'Europe/Berlin', currency => 'EUR') r
		WHERE r.all_segments $q$
	END, '{}', s);
END
$$;
CREATE VIEW upper_conversions AS SELECT * FROM conversions;
CREATE FUNCTION pg_temp.digits(row_text text) RETURNS text LANGUAGE sql IMMUTABLE RETURN regexp_replace(row_text, '[.]0+(?=[,)])|([.][0-9]*[1-9])0+(?=[,)])', '\1', 'g');
-- rows of the report that the mart lacks, and of the mart that it does not have
CREATE FUNCTION pg_temp.unlike(s text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	mart text;
BEGIN
	FOREACH mart IN ARRAY '{channel_performance,campaign_performance,content_performance,partner_results}'::text[] LOOP
		-- 0 is 0.00
		RETURN QUERY EXECUTE format('WITH o AS MATERIALIZED (SELECT pg_temp.digits(o) AS o FROM pg_temp.oracle(%1$L, %2$L) o), m AS MATERIALIZED (SELECT pg_temp.digits(t::text) AS o FROM nudge_analytics.%1$I t)
			SELECT %1$L || '' lacks '' || l.o FROM (SELECT o FROM o EXCEPT ALL SELECT o FROM m) l UNION ALL SELECT %1$L || '' has '' || h.o FROM (SELECT o FROM m EXCEPT ALL SELECT o FROM o) h', mart, s);
	END LOOP;
END
$$;
SELECT is_empty($$SELECT pg_temp.unlike('shop')$$, 'marts are the reports of the tables, to the last digit');
SELECT isnt_empty(format('SELECT FROM nudge_analytics.%I', m), m || ' has rows') FROM unnest(:marts::text[]) m;

-- Random changes --------------------------------------------------------------

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	done text;
BEGIN
	FOR round IN 1 .. n LOOP
		done := NULL;
		FOR i IN 0 .. pg_temp.below(4) LOOP
			done := concat_ws(', ', done, pg_temp.change());
		END LOOP;
		PERFORM pg_temp.refresh_all();
		RETURN QUERY SELECT format('round %s (%s): %s', round, done, w) FROM pg_temp.wrong() w LIMIT 3;
		RETURN QUERY SELECT format('round %s (%s): %s', round, done, w) FROM pg_temp.unlike('shop') w LIMIT 3;
		done := pg_temp.refresh_all();
		IF done <> 'nothing' THEN
			RETURN NEXT format('round %s: a second refresh writes %s', round, done);
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT pg_temp.rounds(14)', 'after random changes all is as its query and the reports say, and a second refresh writes nothing');
SELECT pg_temp.add(i) FROM pg_temp.inputs() i, generate_series(1, 15) \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'new rows are taken in');

-- Months ------------------------------------------------------------------------

-- the months that a change leaves to be computed; NULL is all
CREATE FUNCTION pg_temp.touched(mart text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	found text;
BEGIN
	FOR one IN SELECT o.name FROM nudge.refresh_order() o WHERE o.name = ANY (nudge.with_upstreams(mart)) AND o.name <> mart ORDER BY o.depth, o.name LOOP
		PERFORM pg_temp.refresh(one);
	END LOOP;
	PERFORM nudge.fan_out(1000000);
	SELECT string_agg(DISTINCT coalesce(to_char(p.key::date, 'YYYY-MM'), 'all'), ',') INTO found FROM nudge.pending p WHERE p.materialisation = mart;
	PERFORM pg_temp.refresh(mart);
	RETURN coalesce(found, 'none') || CASE WHEN (SELECT r.keys FROM nudge.runs r WHERE r.materialisation = mart ORDER BY r.run_id DESC LIMIT 1) = cardinality(string_to_array(found, ',')) OR found IS NULL OR found = 'all' THEN '' ELSE ' and more' END;
END
$$;
CREATE FUNCTION pg_temp.ago(months integer, days integer DEFAULT 9) RETURNS timestamptz LANGUAGE sql STABLE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => months) + make_interval(days => days)) AT TIME ZONE 'Europe/Berlin';
CREATE FUNCTION pg_temp.month(months integer) RETURNS text LANGUAGE sql STABLE RETURN to_char(date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => months), 'YYYY-MM');
-- the first of each
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('old', pg_temp.ago(9), 1, 'EUR'), ('x', pg_temp.ago(3), 10, 'EUR');
INSERT INTO spend (day, channel, amount, currency, campaign) VALUES (pg_temp.day_of(pg_temp.ago(9)), 'email', 1, 'EUR', NULL);
INSERT INTO content (content, type, published_at) VALUES ('guide a', 'guide', pg_temp.ago(9));
INSERT INTO campaigns (campaign, channel, kind, started_at) VALUES ('alpha', 'email', 'brand', pg_temp.ago(9));
INSERT INTO deals (deal, customer, created_at, amount, currency, stage) VALUES ('d0', 'old', pg_temp.ago(9), 1, 'EUR', 'offer');
INSERT INTO leads (lead, stage, at, source) VALUES ('lx', 'lead', pg_temp.ago(2), 'email');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.refresh_all(), 'nothing', 'nothing is left to be done');
INSERT INTO touches (customer, at, channel) VALUES ('x', pg_temp.ago(3, 2), 'email');
SELECT is(pg_temp.touched('channel_performance'), pg_temp.month(3), 'a touch is of its month, and of those whose conversions it leads to');
SELECT is(pg_temp.touched('campaign_performance'), pg_temp.month(3), 'and of one that no campaign has earned');
SELECT is(pg_temp.touched('content_performance'), pg_temp.month(3), 'of content only if it is of a piece, which the month tells');
SELECT is(pg_temp.touched('partner_results'), 'none', 'one of no partner is of none');
INSERT INTO touches (customer, at, channel, campaign) VALUES ('x', pg_temp.ago(4, 27), 'search', 'alpha');
SELECT is(pg_temp.touched('channel_performance'), pg_temp.month(4) || ',' || pg_temp.month(3), 'one at the end of a month is on a path to the next');
SELECT is(pg_temp.touched('campaign_performance'), pg_temp.month(4) || ',' || pg_temp.month(3), 'of a campaign too');
SELECT is(pg_temp.touched('content_performance'), pg_temp.month(4), 'and of content in its month alone');
UPDATE spend SET amount = amount + 1 WHERE day = pg_temp.day_of(pg_temp.ago(9));
SELECT is(pg_temp.touched('channel_performance'), pg_temp.month(9), 'spend is of its month');
SELECT is(pg_temp.touched('campaign_performance'), pg_temp.month(9), 'for campaigns too');
UPDATE leads SET at = at - interval '1 month' WHERE lead = 'lx';
SELECT is(pg_temp.touched('channel_performance'), pg_temp.month(3) || ',' || pg_temp.month(2), 'a lead that came earlier is of two months');
SELECT is(pg_temp.touched('campaign_performance'), pg_temp.month(3) || ',' || pg_temp.month(2), 'for campaigns too');
SELECT is(pg_temp.touched('content_performance'), pg_temp.month(3) || ',' || pg_temp.month(2), 'and for content');
INSERT INTO budgets (period, category, amount, currency) VALUES (pg_temp.day_of(pg_temp.ago(1, 0)), 'customer_acquisition/marketing/paid_advertising/email', 7, 'EUR');
SELECT is(pg_temp.touched('channel_performance'), pg_temp.month(1), 'a budget is of its month');
SELECT pg_temp.refresh_all() \g /dev/null
UPDATE conversions SET revenue = 11 WHERE customer = 'x';
SELECT is(pg_temp.touched('channel_performance'), pg_temp.month(3), 'a conversion is of its month');
SELECT is(pg_temp.touched('campaign_performance'), pg_temp.month(3), 'for campaigns too');
SELECT is(pg_temp.touched('partner_results'), pg_temp.month(3), 'and for partners');
INSERT INTO touches (customer, at, channel, partner) VALUES ('x', pg_temp.ago(4, 20), 'search', 'acme');
SELECT is(pg_temp.touched('partner_results'), pg_temp.month(3), 'a touch of a partner is of the month of the conversion');
UPDATE deals SET amount = 2 WHERE deal = 'd0';
SELECT is(pg_temp.touched('partner_results'), (SELECT string_agg(pg_temp.month(m), ',' ORDER BY m DESC) FROM generate_series(0, 9) m), 'a deal is of all months in which it is open');
UPDATE deals SET closed_at = pg_temp.ago(6), outcome = 'won' WHERE deal = 'd0';
SELECT is(pg_temp.touched('partner_results'), (SELECT string_agg(pg_temp.month(m), ',' ORDER BY m DESC) FROM generate_series(0, 6) m), 'one that is closed is of none from then on');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.unlike('shop')$$, 'all is right');
-- before all others
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('y', pg_temp.ago(14), 10, 'EUR');
SELECT matches(pg_temp.touched('channel_performance'), 'all', 'an earlier first month brings months without a row of their own');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.unlike('shop')$$, 'which are there');

-- Currencies
INSERT INTO spend (day, channel, amount, currency) VALUES (current_date - 40, 'email', 1, 'USD');
SELECT throws_ok($$SELECT pg_temp.refresh('channel_costs'), pg_temp.refresh('acquisition_currencies'), pg_temp.refresh('channel_performance')$$, '22023', 'amounts in EUR, USD cannot be added up', 'two currencies are not added up');
DELETE FROM spend WHERE currency = 'USD';
INSERT INTO spend (day, channel, amount, currency) VALUES (pg_temp.day_of(pg_temp.ago(2)), 'email', NULL, 'EUR');
SELECT throws_ok($$SELECT pg_temp.refresh('channel_costs')$$, '22004', 'a row of spend lacks a value that it needs', 'spend of no amount is an error');
DELETE FROM spend WHERE amount IS NULL;
INSERT INTO spend (day, channel, amount, currency) VALUES (NULL, 'email', 1, 'EUR');
SELECT throws_ok($$SELECT pg_temp.refresh('channel_costs')$$, '22004', 'a row of spend lacks a value that it needs', 'so is spend of no day');
DELETE FROM spend WHERE day IS NULL;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.unlike('shop')$$, 'without them all is as before');

-- Time --------------------------------------------------------------------------

-- As if the last refresh had been so long ago: time alone brings back all that is there now.
SELECT pg_temp.add(i) FROM pg_temp.inputs() i, generate_series(1, 15) \g /dev/null
-- before the window of now, but not before that of the month before
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('c1', pg_temp.ago(36), 5, 'EUR');
INSERT INTO spend (day, channel, amount, currency) VALUES (pg_temp.day_of(pg_temp.ago(37)), 'email', 1, 'EUR');
INSERT INTO touches (customer, at, channel) VALUES ('c1', now() + interval '12 days', 'email'), ('c2', now(), 'email');
SELECT pg_temp.refresh_all() \g /dev/null
CREATE FUNCTION pg_temp.contents() RETURNS TABLE (name text, row_text text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	FOR name IN SELECT m.name FROM nudge.materialisations m LOOP
		RETURN QUERY EXECUTE format('SELECT %L, t::text FROM nudge_analytics.%I t', name, name);
	END LOOP;
END
$$;
CREATE TEMP TABLE now_there AS SELECT * FROM pg_temp.contents();
CREATE FUNCTION pg_temp.after_a_pause(pause interval) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT o.name FROM nudge.refresh_order() o JOIN nudge.materialisations m ON m.name = o.name AND m.has_clock ORDER BY o.depth, o.name LOOP
		UPDATE nudge.materialisations SET clock_at = now() - pause WHERE name = one;
		PERFORM nudge.refresh_batch(one, 0, NULL);
	END LOOP;
	RETURN QUERY SELECT 'then: ' || w FROM pg_temp.wrong() w;
	-- what was written then is told to those that read it: time alone must do
	DELETE FROM nudge.change_log;
	DELETE FROM nudge.pending;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT 'now: ' || w FROM pg_temp.wrong() w;
	RETURN QUERY SELECT 'not there: ' || t::text FROM (SELECT * FROM now_there EXCEPT ALL SELECT * FROM pg_temp.contents()) t;
	RETURN QUERY SELECT 'still there: ' || t::text FROM (SELECT * FROM pg_temp.contents() EXCEPT ALL SELECT * FROM now_there) t;
END
$$;
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', p), 'after ' || p || ' without a change time brings what it should')
FROM unnest('{14 months,70 days,32 days,1 day,5 hours,1 second,1 microsecond}'::interval[]) p;
-- the moment at which a day, or a month, begins
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', now() - (date_trunc(g, now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin') + d), format('since a %s began, %s', g, d))
FROM unnest('{day,month}'::text[]) g, unnest('{0,1 microsecond,-1 microsecond}'::interval[]) d;
UPDATE nudge.materialisations SET clock_at = now() - interval '1 microsecond' WHERE has_clock;
SELECT nudge.mark_run(m.name) FROM nudge.materialisations m \g /dev/null
SELECT is_empty($$SELECT p.materialisation FROM nudge.pending p$$, 'within a day time alone computes nothing');
UPDATE nudge.materialisations SET clock_at = now() - interval '1 day' WHERE has_clock;
SELECT nudge.mark_run(m.name) FROM nudge.materialisations m \g /dev/null
SELECT set_eq($$SELECT DISTINCT to_char(p.key::date, 'YYYY-MM') FROM nudge.pending p WHERE p.materialisation = 'channel_performance' AND p.key::date > now() - interval '35 months'$$,
	CASE WHEN extract(day FROM pg_temp.day_of(now())) = 1 THEN ARRAY[pg_temp.month(0), pg_temp.month(1)] ELSE ARRAY[pg_temp.month(0)] END, 'a day that begins is of the present month alone');
SELECT pg_temp.refresh_all() \g /dev/null

-- Who is left out, or somebody else -------------------------------------------------

DROP VIEW upper_conversions;
SELECT nudge.exclude('customer', '{c1,c2}', 'test'), nudge.exclude('visitor', '{v1,u2}', 'bot'), nudge.merge_entity('customer', 'c3', 'c4'), nudge.merge_entity('user', 'u1', 'u3') \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'who is excluded or merged changes marts');
SELECT is_empty('SELECT pg_temp.wrong()', 'as their queries say');
CREATE VIEW nudge_staging.upper_conversions AS SELECT * FROM nudge_staging.conversions;
SELECT is_empty($$SELECT pg_temp.unlike('nudge_staging')$$, 'and the reports on what is left');
SELECT nudge.unmerge_entity('customer', 'c3') \g /dev/null
SELECT pg_temp.change() FROM generate_series(1, 5) \g /dev/null
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty($$SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.unlike('nudge_staging')$$, 'who is taken back too');

-- A deal without a customer may be called as a customer is
INSERT INTO deals (deal, customer, created_at, amount, currency, stage) VALUES ('c6', NULL, pg_temp.ago(2), 7, 'EUR', 'offer'), ('of c6', 'c6', pg_temp.ago(2), 8, 'EUR', 'offer');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'both are computed');
SELECT is_empty($$SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.unlike('nudge_staging')$$, 'as reports have them');
SELECT set_has($$SELECT customer, amount > 0 FROM nudge_analytics.partner_items WHERE entity = 'c6' AND measure = 'open_deal' AND partner IS NULL AND period = date_trunc('month', pg_temp.day_of(now()))$$, $$VALUES (NULL, true), ('c6', true)$$, 'a row for each of the two');
SELECT is_empty('SELECT key, error FROM nudge.quarantine', 'and none is put aside');

-- In one currency -------------------------------------------------------------------

CREATE TABLE exchange_rates (currency text, day date, rate numeric);
-- what is open has the rate of now, which is another today
INSERT INTO exchange_rates VALUES ('USD', current_date - 200, 0.5), ('USD', pg_temp.day_of(now()) - 3, 0.6), ('USD', pg_temp.day_of(now()), 0.7);
INSERT INTO deals (deal, customer, created_at, amount, currency, stage, partner) VALUES ('usd', 'abroad', pg_temp.ago(2), 100, 'usd', 'offer', 'acme');
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('c6', pg_temp.ago(2), 100, 'USD');
INSERT INTO spend (day, channel, amount, currency) VALUES (pg_temp.day_of(pg_temp.ago(2)), 'email', 100, 'USD');
SELECT nudge.map_source('exchange_rates', 'exchange_rates') \g /dev/null
SELECT nudge.deploy(currency => 'EUR') \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'amounts are converted');
SELECT is_empty('SELECT pg_temp.wrong()', 'rightly');
SELECT results_eq($$SELECT DISTINCT amount, currency FROM nudge_analytics.partner_items WHERE customer = 'abroad' AND measure = 'open_deal' AND partner IS NULL AND period = date_trunc('month', pg_temp.day_of(now()))$$, $$VALUES (70.000000, 'EUR')$$, 'a deal that is open at the rate of now');
TRUNCATE now_there;
INSERT INTO now_there SELECT * FROM pg_temp.contents();
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', p), 'after ' || p || ' it is that of now again') FROM unnest('{5 days,1 day}'::interval[]) p;

-- Edges ---------------------------------------------------------------------------

SET nudge.as_of = '2024-03-31 22:30Z';
SELECT set_eq($$SELECT period, at FROM nudge.report_ticks('Europe/Berlin', 1)$$, $$VALUES
	(date '2024-04-01', timestamptz '2024-03-31 22:00Z'), ('2024-03-01', '2024-03-31 22:00Z'), ('2024-03-01', '2024-02-29 23:00Z'), ('2024-02-01', '2024-02-29 23:00Z'), ('2024-02-01', '2024-01-31 23:00Z'), ('2024-01-01', '2024-01-31 23:00Z')$$, 'a month changes as it begins and ends, in its zone');
SET nudge.as_of = '2024-03-15 12:00Z';
SELECT set_has($$SELECT period, at FROM nudge.report_ticks('UTC', 36)$$, $$VALUES (date '2024-03-01', timestamptz '2024-03-15 00:00Z'), ('2021-03-01', '2024-03-01 00:00Z')$$, 'the present one each day, and one that leaves the window');
RESET nudge.as_of;
SELECT format('TRUNCATE %I', i) FROM pg_temp.inputs() i \gexec
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rows that are gone');
SELECT is_empty('SELECT c.name FROM pg_temp.contents() c', 'leave nothing behind');

SELECT * FROM finish();
ROLLBACK;
