--
-- marts_facts.sql
--		Random rows and random changes: facts and dimensions are what plain SQL says
--		of the raw rows, with exclusions and merges; revenue by attributes then adds
--		up to that of all; a second refresh writes nothing.
--
-- CALL nudge.refresh() commits, which nothing here may: pg_temp.refresh() does what
-- it does in one transaction.  All follows from the seed and the day alone;
-- NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed facts
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Tables and marts --------------------------------------------------------

CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, customer text, plan text, amount numeric, starts timestamptz, ends timestamptz, currency text, status text, unit text, off numeric, off_kind text, n numeric, metered boolean);
CREATE TABLE shop.account (customer text PRIMARY KEY, segment text, region text, industry text);
CREATE TABLE shop.change (id integer PRIMARY KEY, customer text, dimension text, value text, valid_from timestamptz, valid_to timestamptz);
CREATE TABLE shop.person (person text PRIMARY KEY, account text, since timestamptz);
CREATE TABLE shop.event (id integer PRIMARY KEY, person text, visitor text, at timestamptz, name text, feature text, worked boolean, worth numeric);
CREATE TABLE shop.send (id integer PRIMARY KEY, campaign text, customer text, at timestamptz, count integer, delivered integer, opened integer, clicked integer);
CREATE TABLE shop.touch (id integer PRIMARY KEY, customer text, visitor text, at timestamptz, channel text, campaign text);
CREATE TABLE shop.sale (id integer PRIMARY KEY, customer text, at timestamptz, revenue numeric, currency text, kind text);
CREATE TABLE shop.cost (id integer PRIMARY KEY, day date, channel text, campaign text, amount numeric, currency text, impressions integer, clicks integer);
CREATE TABLE shop.ticket (id integer PRIMARY KEY, customer text, opened timestamptz, answered timestamptz, solved timestamptz, again timestamptz, priority text, score numeric);
CREATE TABLE shop.trouble (id integer PRIMARY KEY, started timestamptz, noticed timestamptz, ended timestamptz, severity text, down boolean, service text);
CREATE TABLE shop.campaign (campaign text PRIMARY KEY, channel text, kind text, started timestamptz, ended timestamptz);
CREATE TABLE shop.feature (feature text PRIMARY KEY, tier text, always boolean, released timestamptz);
CREATE TEMP SEQUENCE ids;
SELECT nudge.map_source('subscriptions', 'shop.item', '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "unit", "interval_count": "1", "discount": "off", "discount_kind": "off_kind", "quantity": "n", "usage": "metered"}') \gset
SELECT nudge.map_source('customers', 'shop.account', '{"created_at": "timestamptz ''2024-01-01 00:00:00Z''"}') \gset
SELECT nudge.map_source('dimension_history', 'shop.change') \gset
SELECT nudge.map_source('users', 'shop.person', '{"user": "person", "customer": "account", "signed_up_at": "since"}') \gset
SELECT nudge.map_source('events', 'shop.event', '{"user": "person", "anonymous_id": "visitor", "success": "worked", "value": "worth"}') \gset
SELECT nudge.map_source('sends', 'shop.send') \gset
SELECT nudge.map_source('touches', 'shop.touch', '{"anonymous_id": "visitor"}') \gset
SELECT nudge.map_source('conversions', 'shop.sale') \gset
SELECT nudge.map_source('spend', 'shop.cost') \gset
SELECT nudge.map_source('tickets', 'shop.ticket', '{"ticket": "id", "opened_at": "opened", "first_response_at": "answered", "resolved_at": "solved", "reopened_at": "again", "csat": "score"}') \gset
SELECT nudge.map_source('incidents', 'shop.trouble', '{"incident": "id", "started_at": "started", "detected_at": "noticed", "ended_at": "ended", "outage": "down"}') \gset
SELECT nudge.map_source('campaigns', 'shop.campaign', '{"started_at": "started", "ended_at": "ended"}') \gset
SELECT nudge.map_source('features', 'shop.feature', '{"default_on": "always", "released_at": "released"}') \gset
SELECT count(*) FROM nudge.deploy(zone => 'Europe/Berlin', buckets => 3) \gset
-- those of this file, and what they read
CREATE TABLE pg_temp.marts AS SELECT o.name, o.depth, s.place BETWEEN 153 AND 154 OR s.place BETWEEN 400 AND 499 AS is_mine FROM nudge.refresh_order() o JOIN nudge.shipped_marts s ON s.name = o.name
	WHERE s.place BETWEEN 153 AND 154 OR s.place BETWEEN 400 AND 499
		OR o.name IN ('customer_mrr', 'mrr_buckets', 'mrr_summary', 'fact_revenue', 'dim_customers', 'dim_users', 'mrr_segment_buckets', 'mrr_by_segment', 'customer_products', 'mrr_dimension_buckets', 'mrr_by_dimension');
SELECT set_eq('SELECT name FROM pg_temp.marts WHERE is_mine', '{dim_campaigns,dim_features,fact_sends,fact_subscriptions,user_event_days,fact_events,fact_touches,fact_conversions,fact_spend,fact_tickets,fact_incidents,customer_attributes_then,customer_mrr_then,customer_products_then,mrr_then_buckets,mrr_by_dimension_then,dim_channels}'::text[], 'all are there');
-- some keys at a time
UPDATE nudge.materialisations SET batch_keys = 2 WHERE name IN ('customer_mrr', 'fact_revenue', 'user_event_days', 'fact_events', 'fact_tickets', 'customer_attributes_then', 'customer_mrr_then', 'customer_products_then');

-- As nudge.run_refresh(), without COMMIT; tells what it has written, if anything
CREATE FUNCTION pg_temp.refresh(wanted text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	run bigint;
	size integer := (SELECT batch_keys FROM nudge.materialisations WHERE name = wanted);
	step record;
	after text;
BEGIN
	PERFORM nudge.fan_out(100000);
	run := nudge.begin_run(wanted, 'refresh');
	PERFORM nudge.mark_run(wanted);
	LOOP
		step := nudge.next_keys(wanted, after, size);
		EXIT WHEN NOT step.everything AND step.keys = '{}';
		PERFORM nudge.refresh_batch(wanted, run, CASE WHEN NOT step.everything THEN step.keys END);
		after := CASE WHEN step.everything THEN after ELSE step.keys[cardinality(step.keys)] END;
	END LOOP;
	PERFORM nudge.end_run(wanted, run, 'ok', NULL, NULL);
	RETURN (SELECT format('%s: %s written, %s deleted', wanted, rows_written, rows_deleted) FROM nudge.runs WHERE run_id = run AND rows_written + rows_deleted > 0);
END
$$;
CREATE FUNCTION pg_temp.refresh_all() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	told text;
BEGIN
	FOR one IN SELECT o.name FROM pg_temp.marts o ORDER BY o.depth, random() LOOP
		told := pg_temp.refresh(one);
		IF told IS NOT NULL THEN
			RETURN NEXT told;
		END IF;
	END LOOP;
END
$$;
-- as they were refreshed then: everything, for that instant
CREATE FUNCTION pg_temp.back_to(instant timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	run bigint;
BEGIN
	UPDATE nudge.materialisations SET clock_at = instant WHERE has_clock;
	FOR one IN SELECT o.name FROM pg_temp.marts o ORDER BY o.depth LOOP
		run := nudge.begin_run(one, 'rebuild');
		PERFORM nudge.refresh_batch(one, run, NULL);
		PERFORM nudge.end_run(one, run, 'ok', NULL, NULL);
	END LOOP;
	DELETE FROM nudge.pending;
	DELETE FROM nudge.change_log;
END
$$;
CREATE FUNCTION pg_temp.wrong() RETURNS SETOF text LANGUAGE sql VOLATILE
	AS $$ SELECT m.name || ' ' || v.difference || ' ' || v.row_data FROM pg_temp.marts m, nudge.verify(m.name) v $$;

-- Random rows: most instants within three months before now, a few after, some at midnight of Berlin
CREATE FUNCTION pg_temp.below(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN floor(random() * n)::integer;
CREATE FUNCTION pg_temp.customer() RETURNS text LANGUAGE sql VOLATILE RETURN 'c' || pg_temp.below(12);
CREATE FUNCTION pg_temp.one_of(words text[]) RETURNS text LANGUAGE sql VOLATILE RETURN words[1 + pg_temp.below(cardinality(words))];
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(4) WHEN 0 THEN (date_trunc('day', now() AT TIME ZONE 'Europe/Berlin') - make_interval(days => pg_temp.below(90))) AT TIME ZONE 'Europe/Berlin'
		WHEN 1 THEN date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' - make_interval(secs => pg_temp.below(3) - 1)
		ELSE now() - make_interval(mins => pg_temp.below(130000) - 6000) END;
CREATE FUNCTION pg_temp.later(at timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.7 THEN at + make_interval(mins => pg_temp.below(20000)) END;
CREATE FUNCTION pg_temp.about(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.8 THEN pg_temp.below(n + 1) END;
CREATE FUNCTION pg_temp.add(what text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	id constant integer := nextval('pg_temp.ids');
	n constant integer := 1 + pg_temp.below(50);
BEGIN
	CASE what
		WHEN 'item' THEN INSERT INTO shop.item SELECT id, pg_temp.customer(), 'p' || pg_temp.below(3), CASE WHEN random() < 0.1 THEN 0 WHEN random() < 0.5 THEN 100 ELSE pg_temp.below(4) * 100 + pg_temp.below(100) / 100.0 END, s.at,
			CASE WHEN random() < 0.5 THEN s.at + make_interval(mins => 1 + pg_temp.below(60000)) END, pg_temp.one_of('{EUR,EUR,EUR," usd"}'), pg_temp.one_of('{active,Active,ended,at_risk,trialing}'), pg_temp.one_of('{month,month,year,none}'),
			CASE WHEN random() < 0.3 THEN 0.25 END, pg_temp.one_of('{once,forever,NULL}'), CASE WHEN random() < 0.3 THEN pg_temp.below(4) END, random() < 0.1
			FROM (SELECT CASE WHEN random() < 0.1 THEN at - make_interval(months => 3 * pg_temp.below(9)) ELSE at END AS at) s;
		WHEN 'change' THEN INSERT INTO shop.change VALUES (id, pg_temp.customer(), pg_temp.one_of('{segment,segment,region,industry,owner}'), pg_temp.one_of('{s1,s2," s1",all,""}'), at, pg_temp.later(at));
		WHEN 'event' THEN INSERT INTO shop.event VALUES (id, CASE WHEN random() < 0.9 THEN 'p' || pg_temp.below(9) END, 'v' || pg_temp.below(5), at, pg_temp.one_of('{open,run,run}'), pg_temp.one_of('{f1,f2,NULL}'), CASE pg_temp.below(3) WHEN 0 THEN true WHEN 1 THEN false END, CASE WHEN random() < 0.3 THEN n / 10.0 END);
		WHEN 'send' THEN INSERT INTO shop.send VALUES (id, 'k' || pg_temp.below(4), CASE WHEN random() < 0.7 THEN pg_temp.customer() END, at, n, pg_temp.about(n), pg_temp.about(n), pg_temp.about(n));
		WHEN 'touch' THEN INSERT INTO shop.touch VALUES (id, CASE WHEN random() < 0.8 THEN pg_temp.customer() END, 'v' || pg_temp.below(5), at, pg_temp.one_of('{email,ads,web}'), pg_temp.one_of('{k1,k2,NULL}'));
		WHEN 'sale' THEN INSERT INTO shop.sale VALUES (id, pg_temp.customer(), at, n / 4.0, pg_temp.one_of('{EUR,"usd "}'), pg_temp.one_of('{signup," Signup",NULL}'));
		WHEN 'cost' THEN INSERT INTO shop.cost VALUES (id, (at AT TIME ZONE 'UTC')::date, pg_temp.one_of('{ads,web,print}'), pg_temp.one_of('{k1,k2,NULL}'), n / 4.0, pg_temp.one_of('{EUR,usd}'), pg_temp.about(100), pg_temp.about(10));
		WHEN 'ticket' THEN INSERT INTO shop.ticket VALUES (id, pg_temp.customer(), at, pg_temp.later(at) - interval '10 minutes', pg_temp.later(at) - interval '10 minutes', pg_temp.later(at) - interval '10 minutes', pg_temp.one_of('{High,low}'), CASE WHEN random() < 0.5 THEN pg_temp.below(6) END);
		WHEN 'trouble' THEN INSERT INTO shop.trouble VALUES (id, at, pg_temp.later(at), pg_temp.later(at), pg_temp.one_of('{critical,minor}'), CASE pg_temp.below(3) WHEN 0 THEN true WHEN 1 THEN false END, pg_temp.one_of('{app,api,NULL}'));
	END CASE;
END
$$;
\set whats '''{item,item,change,event,event,send,touch,sale,cost,ticket,trouble}''::text[]'
CREATE FUNCTION pg_temp.some() RETURNS text LANGUAGE sql VOLATILE RETURN format('id %% %s = %s', 3 + pg_temp.below(9), pg_temp.below(3));
CREATE FUNCTION pg_temp.statement() RETURNS text LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(22)
		WHEN 0 THEN format('UPDATE shop.item SET amount = amount + %s WHERE %s', pg_temp.below(3), pg_temp.some())
		WHEN 1 THEN format('UPDATE shop.%s SET customer = %L WHERE %s', pg_temp.one_of('{item,change,send,touch,sale,ticket}'), pg_temp.customer(), pg_temp.some())
		WHEN 2 THEN format('UPDATE shop.item SET ends = starts + interval ''%s days'', status = ''ended'' WHERE %s', 1 + pg_temp.below(60), pg_temp.some())
		WHEN 3 THEN format('UPDATE shop.%s SET currency = %L WHERE %s', pg_temp.one_of('{item,sale,cost}'), pg_temp.one_of('{EUR,usd}'), pg_temp.some())
		WHEN 4 THEN format('DELETE FROM shop.%s WHERE %s', pg_temp.one_of(ARRAY['item', 'change', 'event', 'send', 'touch', 'sale', 'cost', 'ticket', 'trouble']), pg_temp.some())
		WHEN 5 THEN format('UPDATE shop.account SET segment = %L WHERE customer = %L', pg_temp.one_of('{s1,s2,s3,all,NULL}'), pg_temp.customer())
		WHEN 6 THEN format('INSERT INTO shop.account VALUES (%L, ''s2'') ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment', pg_temp.customer())
		WHEN 7 THEN format('UPDATE shop.account SET region = %L WHERE customer >= %L', pg_temp.one_of('{s1,s2,NULL}'), pg_temp.customer())
		WHEN 8 THEN format('UPDATE shop.change SET value = %L WHERE %s', pg_temp.one_of('{s1,s3}'), pg_temp.some())
		WHEN 9 THEN format('UPDATE shop.change SET valid_to = valid_from + interval ''%s days'' WHERE %s', pg_temp.below(40), pg_temp.some())
		WHEN 10 THEN format('UPDATE shop.event SET person = %L, name = ''run'' WHERE %s', 'p' || pg_temp.below(9), pg_temp.some())
		WHEN 11 THEN format('UPDATE shop.event SET at = at - interval ''%s hours'' WHERE %s', pg_temp.below(200), pg_temp.some())
		WHEN 12 THEN format('UPDATE shop.send SET campaign = %L, opened = NULL WHERE %s', 'k' || pg_temp.below(4), pg_temp.some())
		WHEN 13 THEN format('UPDATE shop.ticket SET solved = opened + interval ''%s hours'' WHERE %s', pg_temp.below(900) - 20, pg_temp.some())
		WHEN 14 THEN format('UPDATE shop.trouble SET ended = started + interval ''%s hours'' WHERE %s', pg_temp.below(90), pg_temp.some())
		WHEN 15 THEN CASE pg_temp.below(4) WHEN 0 THEN format('SELECT nudge.exclude(''customer'', %L, ''own'')', ARRAY[pg_temp.customer()]) WHEN 1 THEN 'SELECT nudge.include(''customer'', ARRAY(SELECT key FROM nudge.exclusions WHERE entity = ''customer''))'
			WHEN 2 THEN 'SELECT nudge.merge_entity(''customer'', ''c10'', ''c1''), nudge.merge_entity(''user'', ''p8'', ''p1'')' ELSE 'SELECT nudge.unmerge_entity(''customer'', ''c10''), nudge.unmerge_entity(''user'', ''p8'')' END
		WHEN 16 THEN format('INSERT INTO shop.campaign VALUES (%L, '' ads'', ''Brand'', now(), now() + interval ''1 day'') ON CONFLICT (campaign) DO UPDATE SET channel = ''social''', 'k' || pg_temp.below(4))
		WHEN 17 THEN format('DELETE FROM shop.campaign WHERE campaign = %L', 'k' || pg_temp.below(4))
		WHEN 18 THEN 'INSERT INTO shop.feature VALUES (''f1'', ''pro'', NULL, now()) ON CONFLICT (feature) DO UPDATE SET always = true'
		WHEN 19 THEN CASE WHEN random() < 0.1 THEN 'TRUNCATE shop.item, shop.event, shop.send' ELSE 'UPDATE shop.send SET opened = opened' END
		WHEN 20 THEN 'SELECT pg_temp.add(w) FROM unnest(''{item,change,event,send,touch,sale,cost,ticket,trouble}''::text[]) w'
		ELSE format('SELECT pg_temp.add(%L) FROM generate_series(1, 4)', pg_temp.one_of('{item,change,change,event,send,ticket}')) END;

-- What plain SQL says of the raw rows, at the instant of the refresh ---------

-- as whom a key counts; NULL if it is left out
CREATE FUNCTION pg_temp.counted(what text, k text) RETURNS text LANGUAGE sql STABLE
	RETURN CASE WHEN NOT EXISTS (SELECT FROM nudge.exclusions e WHERE e.entity = what AND e.key = k) THEN coalesce((SELECT m.counted_as FROM nudge.entity_merges m WHERE m.entity = what AND m.key = k), k) END;
CREATE FUNCTION pg_temp.out_of(what text, k text) RETURNS boolean LANGUAGE sql STABLE
	RETURN k IS NOT NULL AND (pg_temp.counted(what, k) IS NULL OR EXISTS (SELECT FROM nudge.exclusions e WHERE e.entity = what AND e.key = pg_temp.counted(what, k)));
CREATE FUNCTION pg_temp.day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE RETURN (at AT TIME ZONE 'Europe/Berlin')::date;
CREATE VIEW pg_temp.priced AS
	SELECT pg_temp.counted('customer', i.customer) AS customer, i.id::text AS item, i.plan, i.starts, i.ends, lower(i.status) AS status, upper(btrim(i.currency)) AS currency, i.amount, i.unit,
		CASE WHEN i.metered IS NOT TRUE AND i.unit <> 'none' AND (lower(i.status) IN ('active', 'at_risk') OR lower(i.status) = 'ended' AND i.ends IS NOT NULL)
			THEN round(i.amount / CASE i.unit WHEN 'year' THEN 12 ELSE 1 END * coalesce(i.n, 1) * CASE WHEN i.off_kind = 'once' THEN 1 ELSE 1 - coalesce(i.off, 0) END, 6) END AS mrr
	FROM shop.item i WHERE NOT pg_temp.out_of('customer', i.customer);
CREATE TEMP TABLE prices AS SELECT p.* FROM pg_temp.priced p WITH NO DATA;
CREATE INDEX ON pg_temp.prices (customer);
-- what the prices in force just before an instant say
CREATE FUNCTION pg_temp.had(who text, dimension text, t timestamptz) RETURNS text LANGUAGE sql STABLE
	RETURN CASE dimension
		WHEN 'plan' THEN (SELECT p.plan FROM pg_temp.prices p WHERE p.customer = who AND p.starts < t AND (p.ends IS NULL OR p.ends >= t) ORDER BY p.mrr DESC, p.starts DESC, p.plan LIMIT 1)
		WHEN 'product_mix' THEN (SELECT string_agg(b.plan, ' + ' ORDER BY b.plan) FROM (SELECT DISTINCT p.plan FROM pg_temp.prices p WHERE p.customer = who AND p.starts < t AND (p.ends IS NULL OR p.ends >= t)) b)
		WHEN 'tenure' THEN (SELECT CASE (SELECT count(*) FROM unnest('{3 months,1 year,2 years}'::interval[]) i WHERE pg_temp.day(t - interval '1 microsecond') >= (pg_temp.day(min(p.starts)) + i)::date)
			WHEN 0 THEN 'under 3 months' WHEN 1 THEN '3 to 12 months' WHEN 2 THEN '1 to 2 years' ELSE '2 years or more' END FROM pg_temp.prices p WHERE p.customer = who HAVING count(*) > 0)
		ELSE (SELECT CASE WHEN count(DISTINCT p.currency) > 1 THEN NULL WHEN sum(p.mrr) >= 2000 THEN '2,000 or more' WHEN sum(p.mrr) >= 500 THEN '500 to 2,000' WHEN sum(p.mrr) >= 100 THEN '100 to 500' ELSE 'under 100' END
			FROM pg_temp.prices p WHERE p.customer = who AND p.starts = (SELECT min(e.starts) FROM pg_temp.prices e WHERE e.customer = who) HAVING count(*) > 0) END;
-- the movement is that of fact_revenue, which test/pgtap/marts.sql compares with mrr_movements
CREATE VIEW pg_temp.moved AS
	SELECT f.*, d.dimension, o.value AS opening_value, c.value AS closing_value, f.opening_mrr <> 0 AND f.closing_mrr <> 0 AND o.value <> c.value AS moves
	FROM nudge_analytics.fact_revenue f CROSS JOIN unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[]) WITH ORDINALITY d(dimension, place),
		LATERAL (SELECT CASE d.dimension WHEN 'segment' THEN a.segment WHEN 'region' THEN a.region WHEN 'industry' THEN a.industry END AS value FROM (VALUES (1)) one(x) LEFT JOIN nudge_staging.customers a ON a.customer = f.customer) n,
		LATERAL (SELECT EXISTS (SELECT FROM nudge_staging.dimension_history h WHERE h.customer = f.customer AND h.dimension = d.dimension) AS has) h,
		LATERAL (SELECT f.period::timestamp AT TIME ZONE 'Europe/Berlin' AS start_at, least((f.period + interval '1 month') AT TIME ZONE 'Europe/Berlin', now()) AS end_at) t,
		LATERAL (SELECT nudge.attribute_label(d.dimension, CASE WHEN d.place > 6 THEN pg_temp.had(f.customer, d.dimension, t.start_at) WHEN h.has THEN (SELECT x.value FROM nudge.dimension_at('nudge_staging.dimension_history', t.start_at - interval '1 microsecond', d.dimension) x WHERE x.customer = f.customer) ELSE n.value END) AS value) o,
		LATERAL (SELECT nudge.attribute_label(d.dimension, CASE WHEN d.place > 6 THEN pg_temp.had(f.customer, d.dimension, t.end_at) WHEN h.has THEN (SELECT x.value FROM nudge.dimension_at('nudge_staging.dimension_history', t.end_at - interval '1 microsecond', d.dimension) x WHERE x.customer = f.customer) ELSE n.value END) AS value) c;
CREATE TEMP TABLE moves AS SELECT m.* FROM pg_temp.moved m WITH NO DATA;

CREATE TABLE pg_temp.oracles (mart text PRIMARY KEY, actual text, expected text);
INSERT INTO pg_temp.oracles VALUES
	('dim_campaigns', 'SELECT * FROM nudge_analytics.dim_campaigns', $$SELECT campaign, btrim(channel), lower(kind), NULL::numeric, started, ended, pg_temp.day(started), pg_temp.day(ended - interval '1 microsecond') FROM shop.campaign$$),
	('dim_features', 'SELECT * FROM nudge_analytics.dim_features', 'SELECT feature, btrim(tier), coalesce(always, false), released, pg_temp.day(released) FROM shop.feature'),
	('fact_sends', 'SELECT * FROM nudge_analytics.fact_sends', $$SELECT s.campaign, pg_temp.day(s.at), sum(s.count), coalesce(sum(s.count) FILTER (WHERE s.delivered >= 0), 0), sum(s.delivered), sum(s.delivered)::numeric / nullif(sum(s.count) FILTER (WHERE s.delivered >= 0), 0),
			coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.opened >= 0), 0), sum(s.opened), sum(s.opened)::numeric / nullif(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.opened >= 0), 0),
			coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.clicked >= 0), 0), sum(s.clicked), sum(s.clicked)::numeric / nullif(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.clicked >= 0), 0)
		FROM shop.send s WHERE NOT pg_temp.out_of('customer', s.customer) GROUP BY 1, 2$$),
	('fact_subscriptions', 'SELECT customer, item, valid_from, sequence_no, valid_to, first_day, plan, status, currency, amount, mrr FROM nudge_analytics.fact_subscriptions',
		'SELECT customer, item, starts, 1, ends, pg_temp.day(starts), plan, status, currency, amount, mrr FROM pg_temp.priced'),
	-- what is in force just before is the MRR of the customers
	('fact_subscriptions and the total', 'SELECT currency, sum(mrr)::numeric(20,4) FROM nudge_analytics.fact_subscriptions WHERE mrr IS NOT NULL AND valid_from < now() AND (valid_to IS NULL OR valid_to >= now()) GROUP BY 1 HAVING sum(mrr) <> 0',
		$$SELECT currency, closing_mrr::numeric(20,4) FROM nudge_analytics.mrr_summary WHERE NOT complete AND closing_mrr <> 0$$),
	('user_event_days', 'SELECT * FROM nudge_analytics.user_event_days', $$SELECT pg_temp.counted('user', e.person), pg_temp.day(e.at), e.name, e.feature, count(*), count(*) FILTER (WHERE e.worked), count(*) FILTER (WHERE NOT e.worked), sum(e.worth)
		FROM shop.event e WHERE e.person IS NOT NULL AND NOT pg_temp.out_of('user', e.person) AND NOT pg_temp.out_of('visitor', e.visitor) GROUP BY 1, 2, 3, 4$$),
	('fact_events', 'SELECT day, name, feature, events, users, succeeded, failed, round(success_rate, 8), value FROM nudge_analytics.fact_events', $$SELECT pg_temp.day(e.at), e.name, e.feature, count(*), count(DISTINCT pg_temp.counted('user', e.person)), count(*) FILTER (WHERE e.worked), count(*) FILTER (WHERE NOT e.worked), round(avg(e.worked::integer), 8), sum(e.worth)
		FROM shop.event e WHERE e.person IS NOT NULL AND NOT pg_temp.out_of('user', e.person) AND NOT pg_temp.out_of('visitor', e.visitor) GROUP BY 1, 2, 3$$),
	('fact_touches', 'SELECT customer, day, channel, campaign, touches FROM nudge_analytics.fact_touches', $$SELECT pg_temp.counted('customer', t.customer), pg_temp.day(t.at), t.channel, t.campaign, count(*) FROM shop.touch t
		WHERE t.customer IS NOT NULL AND NOT pg_temp.out_of('customer', t.customer) AND NOT pg_temp.out_of('visitor', t.visitor) GROUP BY 1, 2, 3, 4$$),
	('fact_conversions', 'SELECT * FROM nudge_analytics.fact_conversions', $$SELECT pg_temp.counted('customer', s.customer), pg_temp.day(s.at), lower(btrim(s.kind)), upper(btrim(s.currency)), count(*), sum(s.revenue) FROM shop.sale s WHERE NOT pg_temp.out_of('customer', s.customer) GROUP BY 1, 2, 3, 4$$),
	('fact_spend', 'SELECT day, channel, campaign, partner, currency, amount, impressions, clicks FROM nudge_analytics.fact_spend', $$SELECT day, channel, campaign, NULL, upper(currency), sum(amount), sum(impressions), sum(clicks) FROM shop.cost GROUP BY 1, 2, 3, 5$$),
	('fact_tickets', 'SELECT ticket, customer, opened_at, first_response_at, resolved_at, reopened_at, status, priority, csat, first_response_minutes, resolution_minutes FROM nudge_analytics.fact_tickets',
		$$SELECT t.ticket, t.customer, t.opened_at, t.first_response_at, t.resolved_at, t.reopened_at, t.status, t.priority, t.csat, t.first_response_minutes, t.resolution_minutes
		FROM nudge.ticket_lines('nudge_staging.tickets', '2020-01-01', '2100-01-01', 'Europe/Berlin', now()) t$$),
	('fact_tickets and raw rows', 'SELECT customer, count(*), count(*) FILTER (WHERE status = ''resolved'') FROM nudge_analytics.fact_tickets GROUP BY 1', $$SELECT pg_temp.counted('customer', t.customer), count(*), count(*) FILTER (WHERE t.solved < now() AND NOT coalesce(t.again >= t.opened AND t.again < now() AND t.again > greatest(t.solved, t.opened), false))
		FROM shop.ticket t WHERE t.opened < now() AND NOT pg_temp.out_of('customer', t.customer) GROUP BY 1$$),
	('fact_incidents', 'SELECT incident, service, severity, is_outage, started_at, detected_at, ended_at, is_open, duration_minutes FROM nudge_analytics.fact_incidents',
		$$SELECT i.incident, i.service, i.severity, i.is_outage, i.started_at, i.detected_at, i.ended_at, i.is_open, i.minutes FROM nudge.incident_lines('nudge_staging.incidents', '2020-01-01', '2100-01-01', 'Europe/Berlin', now()) i$$),
	('dim_channels', 'SELECT * FROM nudge_analytics.dim_channels', $$SELECT c.channel, sum(c.n), bool_or(c.paid), min(c.touched), max(c.touched), min(c.paid_on), max(c.paid_on) FROM (
			SELECT t.channel, 0 AS n, false AS paid, pg_temp.day(t.at) AS touched, NULL::date AS paid_on FROM shop.touch t WHERE NOT pg_temp.out_of('customer', t.customer) AND NOT pg_temp.out_of('visitor', t.visitor)
			UNION ALL SELECT channel, 0, amount > 0, NULL, day FROM shop.cost UNION ALL SELECT btrim(channel), 1, false, NULL, NULL FROM shop.campaign) c WHERE c.channel IS NOT NULL GROUP BY 1$$),
	('mrr_by_dimension_then', 'SELECT dimension, value, currency, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, transfer_in_mrr, transfer_out_mrr, net_new_mrr, closing_mrr, opening_customers, new_customers, reactivated_customers, expanded_customers, contracted_customers,
			churned_customers, transferred_in_customers, transferred_out_customers, closing_customers, complete FROM nudge_analytics.mrr_by_dimension_then',
		$$SELECT x.dimension, x.value, x.currency, x.period, sum(x.o), sum(x.n), sum(x.r), sum(x.e), sum(x.c), sum(x.l), sum(x.i), sum(x.u), sum(x.n + x.r + x.e + x.c + x.l + x.i + x.u), sum(x.z), count(*) FILTER (WHERE x.o > 0), count(*) FILTER (WHERE x.n > 0), count(*) FILTER (WHERE x.r > 0), count(*) FILTER (WHERE x.e > 0),
			count(*) FILTER (WHERE x.c < 0), count(*) FILTER (WHERE x.l < 0), count(*) FILTER (WHERE x.i > 0), count(*) FILTER (WHERE x.u < 0), count(*) FILTER (WHERE x.z > 0), bool_and(x.complete)
		FROM (
			SELECT m.dimension, m.opening_value AS value, m.currency, m.period, m.opening_mrr AS o, 0 AS n, 0 AS r, 0 AS e, 0 AS c, m.churn_mrr AS l, 0 AS i, CASE WHEN m.moves THEN -m.opening_mrr ELSE 0 END AS u, 0 AS z, m.complete FROM pg_temp.moves m WHERE m.opening_mrr <> 0
			UNION ALL SELECT m.dimension, m.closing_value, m.currency, m.period, 0, m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, 0, CASE WHEN m.moves THEN m.opening_mrr ELSE 0 END, 0, m.closing_mrr, m.complete FROM pg_temp.moves m WHERE m.closing_mrr <> 0
		) x GROUP BY 1, 2, 3, 4$$),
	-- as many as there are, once in each dimension
	('all then is all', 'SELECT dimension, currency, period, sum(opening_mrr), sum(new_mrr), sum(expansion_mrr), sum(churn_mrr), sum(closing_mrr), sum(opening_customers), sum(churned_customers), sum(closing_customers), sum(transfer_in_mrr + transfer_out_mrr), sum(transferred_in_customers - transferred_out_customers) FROM nudge_analytics.mrr_by_dimension_then GROUP BY 1, 2, 3',
		$$SELECT d, currency, period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr, opening_customers, churned_customers, closing_customers, 0, 0 FROM nudge_analytics.mrr_summary, unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[]) d WHERE opening_mrr <> 0 OR closing_mrr <> 0$$),
	-- what closes the open month is as now
	('then so far is now', $$SELECT dimension, value, currency, closing_mrr, closing_customers FROM nudge_analytics.mrr_by_dimension_then WHERE NOT complete AND closing_customers > 0 AND dimension IN ('plan', 'product_mix', 'tenure', 'initial_contract_size')$$,
		$$SELECT dimension, value, currency, closing_mrr, closing_customers FROM nudge_analytics.mrr_by_dimension WHERE NOT complete AND closing_customers > 0 AND dimension IN ('plan', 'product_mix', 'tenure', 'initial_contract_size')$$),
	('buckets are customers', 'SELECT dimension, opening_value, closing_value, currency, period, sum(opening_mrr), sum(net), sum(closing_mrr), sum(opening_customers), sum(closing_customers) FROM (SELECT *, new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr AS net FROM nudge_analytics.mrr_then_buckets) b GROUP BY 1, 2, 3, 4, 5',
		$$SELECT dimension, CASE WHEN opening_mrr <> 0 THEN opening_value END, CASE WHEN closing_mrr <> 0 THEN closing_value END, currency, period, sum(opening_mrr), sum(net_new_mrr), sum(closing_mrr), count(*) FILTER (WHERE opening_mrr <> 0), count(*) FILTER (WHERE closing_mrr <> 0)
		FROM pg_temp.moves WHERE dimension IN ('plan', 'product_mix', 'tenure') GROUP BY 1, 2, 3, 4, 5$$),
	('movements give closing', 'SELECT dimension, value, currency, period FROM nudge_analytics.mrr_by_dimension_then WHERE opening_mrr + new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + transfer_in_mrr + transfer_out_mrr <> closing_mrr OR opening_customers + new_customers + reactivated_customers - churned_customers + transferred_in_customers - transferred_out_customers <> closing_customers',
		'SELECT NULL::text, NULL::text, NULL::text, NULL::date WHERE false'),
	('a month opens as the one before closed', 'SELECT dimension, value, currency, period, opening_mrr, opening_customers FROM nudge_analytics.mrr_by_dimension_then WHERE opening_mrr <> 0',
		$$SELECT dimension, value, currency, (period + interval '1 month')::date, closing_mrr, closing_customers FROM nudge_analytics.mrr_by_dimension_then WHERE complete AND closing_mrr <> 0$$);

CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	o record;
BEGIN
	-- once for all
	TRUNCATE pg_temp.prices, pg_temp.moves;
	INSERT INTO pg_temp.prices SELECT p.* FROM pg_temp.priced p WHERE p.mrr > 0;
	INSERT INTO pg_temp.moves SELECT m.* FROM pg_temp.moved m;
	FOR o IN SELECT * FROM pg_temp.oracles ORDER BY mart LOOP
		RETURN QUERY EXECUTE format('SELECT %L || d::text FROM ((SELECT ''has '' AS side, x::text FROM (%s EXCEPT ALL %s) x) UNION ALL (SELECT ''lacks '', x::text FROM (%3$s EXCEPT ALL %2$s) x)) d', o.mart || ' ', o.actual, o.expected);
	END LOOP;
END
$$;

-- Rounds ------------------------------------------------------------------

SELECT count(pg_temp.add(w)) FROM generate_series(1, 25) i, unnest(:whats) w \gset
INSERT INTO shop.account SELECT 'c' || i, pg_temp.one_of('{s1,s2,s3,NULL}'), pg_temp.one_of('{s1,NULL}') FROM generate_series(0, 9) i;
INSERT INTO shop.person SELECT 'p' || i, pg_temp.customer(), pg_temp.instant() FROM generate_series(0, 8) i;
INSERT INTO shop.campaign VALUES ('k1', 'email ', NULL, now() - interval '9 days', NULL), ('k9', NULL, 'Event', NULL, NULL);
INSERT INTO shop.feature VALUES ('f9', ' pro', true, NULL);
-- one who pays, and goes from small to large
INSERT INTO shop.item VALUES (0, 'c11', 'p', 50, now() - interval '75 days', NULL, 'EUR', 'active', 'month');
INSERT INTO shop.change VALUES (0, 'c11', 'company_size', 'small', now() - interval '80 days', now() - interval '35 days'), (-2, 'c11', 'company_size', 'large', now() - interval '35 days', NULL);
-- at the instant at which a month begins: no value of the month before
INSERT INTO shop.change SELECT v.id, 'c11', 'growth_tier', v.value, CASE v.id WHEN -3 THEN now() - interval '90 days' ELSE m.at END, CASE v.id WHEN -3 THEN m.at END
FROM (VALUES (-3, 'slow'), (-4, 'fast')) v(id, value), (SELECT date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' AS at) m;
-- who has been there for long: since a first instant of a month, with more in the month before three are over; since the last day of one; and one who left for half a year
INSERT INTO shop.item SELECT nextval('pg_temp.ids'), v.customer, v.plan, v.amount, (v.starts)::timestamp AT TIME ZONE 'Europe/Berlin', v.ends::timestamp AT TIME ZONE 'Europe/Berlin', v.currency, 'ended', 'month'
FROM (SELECT date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AS month) m, LATERAL (VALUES ('c9', 'p1', 70, m.month - interval '25 months', m.month, 'EUR'), ('c9', 'p2', 75, m.month - interval '22 months 10 days', m.month - interval '20 months', 'EUR'), ('c8', 'p1', 60, m.month - interval '13 months 1 second', m.month + interval '100 years', 'usd'),
	('c7', 'p0', 80, m.month - interval '14 months', m.month - interval '11 months 1 hour', 'EUR'), ('c7', 'p2', 80, m.month - interval '5 months', m.month + interval '100 years', 'EUR')) v(customer, plan, amount, starts, ends, currency);
-- one whose first three months were over in this month, by time alone; no statement finds it
INSERT INTO shop.item VALUES (-1, 'c12', 'p1', 10, (pg_temp.day(now()) - interval '3 months') AT TIME ZONE 'Europe/Berlin', NULL, 'EUR', 'active', 'month');
SELECT isnt_empty('SELECT pg_temp.refresh_all()', 'the first refresh writes');
SELECT is_empty('SELECT pg_temp.wrong()', 'and verify finds nothing');
SELECT is_empty('SELECT pg_temp.otherwise()', 'all is as plain SQL says');
SELECT is_empty('SELECT name FROM pg_temp.marts m WHERE NOT (xpath(''/row/n/text()'', query_to_xml(format(''SELECT count(*) AS n FROM nudge_analytics.%I'', m.name), false, true, '''')))[1]::text::integer > 0', 'none is empty');
SELECT cmp_ok((SELECT count(*) FROM nudge_analytics.customer_mrr_then WHERE opening_value <> closing_value), '>', 0::bigint, 'some customers move');
SELECT is_empty($$ SELECT w FROM unnest('{plan,product_mix,tenure}'::text[]) w WHERE NOT EXISTS (SELECT FROM nudge_analytics.mrr_then_buckets b WHERE b.dimension = w AND b.opening_value <> b.closing_value) $$, 'of one plan, mix and tenure to others too');
SELECT results_eq($$ SELECT opening_value, closing_value, complete FROM nudge_analytics.customer_mrr_then WHERE customer = 'c11' AND currency = 'EUR' AND dimension = 'growth_tier' ORDER BY period DESC LIMIT 2 $$, $$ VALUES ('slow', 'fast', false), ('slow', 'slow', true) $$, 'one moves in the month that begins with the change');

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	statements text[];
	one text;
	instant timestamptz;
BEGIN
	FOR i IN 1 .. n LOOP
		statements := '{}';
		FOR j IN 1 .. 1 + pg_temp.below(5) LOOP
			one := pg_temp.statement();
			statements := statements || one;
			EXECUTE one;
		END LOOP;
		IF i % 3 = 0 THEN
			-- nothing has changed but the time
			instant := CASE (i / 3) % 3 WHEN 0 THEN pg_temp.instant() WHEN 1 THEN date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' ELSE now() - make_interval(mins => pg_temp.below(3000)) END;
			PERFORM nudge.fan_out(100000);
			PERFORM pg_temp.back_to(least(instant, now()));
			statements := statements || format('-- back to %s', instant);
			RETURN NEXT is_empty('SELECT pg_temp.wrong()', format('round %s: what was then is right', i));
		END IF;
		PERFORM pg_temp.refresh_all();
		RETURN NEXT is_empty('SELECT pg_temp.wrong()', format('round %s: verify after %s', i, statements));
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('round %s: as plain SQL says after %s', i, statements));
		RETURN NEXT is_empty('SELECT pg_temp.refresh_all()', format('round %s: a second refresh writes nothing', i));
	END LOOP;
END
$$;
SELECT pg_temp.rounds(24);
SELECT is((SELECT count(*) FROM nudge.quarantine), 0::bigint, 'nothing was put aside');

-- Only what has changed is computed ----------------------------------------

CREATE FUNCTION pg_temp.keys_of(mart text) RETURNS bigint LANGUAGE sql VOLATILE RETURN (SELECT r.keys FROM nudge.runs r WHERE r.materialisation = mart ORDER BY r.run_id DESC LIMIT 1);
SELECT pg_temp.add('send'), pg_temp.add('event'), pg_temp.add('touch'), pg_temp.add('sale'), pg_temp.add('ticket'), pg_temp.add('trouble') \gset
UPDATE shop.send SET campaign = 'k1' WHERE id = (SELECT max(id) FROM shop.send);
SELECT count(*) FROM pg_temp.refresh_all() \gset
UPDATE shop.send SET count = count + 1 WHERE id = (SELECT max(id) FROM shop.send);
UPDATE shop.event SET worth = 5, person = 'p2' WHERE id = (SELECT max(id) FROM shop.event);
UPDATE shop.ticket SET score = 9 WHERE id = (SELECT max(id) FROM shop.ticket);
SELECT count(*) FROM pg_temp.refresh_all() \gset
SELECT results_eq($$ SELECT m, pg_temp.keys_of(m) FROM unnest('{fact_incidents,fact_sends,fact_tickets,fact_touches}'::text[]) m ORDER BY m $$, $$ VALUES ('fact_incidents', 0::bigint), ('fact_sends', 1::bigint), ('fact_tickets', 1::bigint), ('fact_touches', 0::bigint) $$, 'keys that have changed are computed, and no others');
SELECT cmp_ok(pg_temp.keys_of('user_event_days'), '<=', 2::bigint, 'of events, users that have changed');
SELECT cmp_ok(pg_temp.keys_of('fact_events'), '<=', 1::bigint, 'and days');
SELECT is_empty('SELECT pg_temp.otherwise()', 'and all is as plain SQL says');

-- A row that lacks what it needs is an error of its key; so are two rows of one key
UPDATE nudge.materialisations SET batch_keys = 1 WHERE name IN ('fact_sends', 'fact_incidents', 'customer_attributes_then');
SELECT nudge.include('customer', ARRAY(SELECT key FROM nudge.exclusions WHERE entity = 'customer')) \gset
INSERT INTO shop.send VALUES (-1, 'k7', NULL, NULL, 5), (-2, 'k8', NULL, now(), 5);
INSERT INTO shop.trouble VALUES (-1, now() - interval '1 hour', NULL, now() - interval '2 hours', 'minor');
INSERT INTO shop.change VALUES (-1, 'c1', 'segment', NULL, now() - interval '9 days');
SELECT count(pg_temp.add('item')) FROM generate_series(1, 3) \gset
UPDATE shop.item SET customer = 'c1', amount = 10, starts = now() - interval '70 days', ends = NULL, status = 'active', unit = 'month', metered = false WHERE id = (SELECT max(id) FROM shop.item);
SELECT count(*) FROM pg_temp.refresh_all() \gset
SELECT results_eq('SELECT materialisation, key, sqlstate FROM nudge.quarantine ORDER BY 1', $$ VALUES ('customer_attributes_then', 'c1', '22004'), ('fact_incidents', '-1', '22023'), ('fact_sends', 'k7', '22004') $$, 'what cannot be right is put aside');
SELECT isnt_empty($$ SELECT FROM nudge_analytics.fact_sends WHERE campaign = 'k8' $$, 'and stops no others');
DELETE FROM shop.send WHERE id < 0;
DELETE FROM shop.trouble WHERE id < 0;
DELETE FROM shop.change WHERE id = -1;
SELECT count(*) FROM pg_temp.refresh_all() \gset
SELECT is((SELECT count(*) FROM nudge.quarantine), 0::bigint, 'until it is put right');
SELECT is_empty('SELECT pg_temp.otherwise()', 'then all is right');

-- Rows of an item that begin at the same instant are counted on
CREATE TABLE shop.more AS SELECT 'x'::text AS customer, 'i' AS item, 'p' AS plan, timestamptz '2024-01-01Z' AS starts, a AS amount FROM unnest('{3,1,1}'::numeric[]) a;
SELECT nudge.map_source('subscriptions', 'shop.more', source => 'more', columns => '{"valid_from": "starts", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}') \gset
SELECT count(*) FROM pg_temp.refresh_all() \gset
SELECT results_eq($$ SELECT sequence_no, amount FROM nudge_analytics.fact_subscriptions WHERE customer = 'x' ORDER BY 1 $$, 'VALUES (1, 1::numeric), (2, 1), (3, 3)', 'none is lost');

-- What BI tools read --------------------------------------------------------

SELECT count(*) FROM nudge.deploy() \gset
SELECT is_empty('SELECT * FROM nudge.check_reporting(true)', 'views keep the rules');
SELECT results_eq('SELECT campaign COLLATE "C", sent, opened FROM nudge_reporting.campaign_results ORDER BY 1',
	$$ SELECT k.campaign COLLATE "C", coalesce(sum(s.count), 0), sum(s.opened) FROM (SELECT campaign FROM shop.campaign UNION SELECT campaign FROM shop.send WHERE NOT pg_temp.out_of('customer', customer) AND pg_temp.day(at) <= pg_temp.day(now())) k
		LEFT JOIN shop.send s ON s.campaign = k.campaign AND NOT pg_temp.out_of('customer', s.customer) AND pg_temp.day(s.at) <= pg_temp.day(now()) GROUP BY 1 ORDER BY 1 $$, 'each campaign has its messages so far');
SELECT set_eq('SELECT period_start, currency, movement, sum(movement_mrr) FROM nudge_reporting.customer_mrr_movements GROUP BY 1, 2, 3',
	$$ SELECT s.period, s.currency, v.movement, v.amount FROM nudge_analytics.mrr_summary s, LATERAL (VALUES ('new', s.new_mrr), ('reactivation', s.reactivation_mrr), ('expansion', s.expansion_mrr), ('contraction', s.contraction_mrr), ('churn', s.churn_mrr)) v(movement, amount) WHERE v.amount <> 0 $$, 'movements of customers add up to those of the month');
SELECT set_eq('SELECT period_start, dimension, from_value, currency, sum(-opening_mrr) FROM nudge_reporting.customer_transfers GROUP BY 1, 2, 3, 4', 'SELECT period_start, dimension, dimension_value, currency, transfer_out_mrr FROM nudge_reporting.mrr_monthly_then WHERE transfer_out_mrr <> 0 AND dimension <> ''tenure''', 'who moved is behind the transfers');
SELECT set_eq($$ SELECT p.from_period, p.opening_tenure, r.currency, sum(-r.opening_mrr) FROM nudge_analytics.customer_products_then p JOIN nudge_analytics.fact_revenue r ON r.customer = p.customer AND r.period = p.from_period WHERE p.tenure_moves AND r.opening_mrr <> 0 AND r.closing_mrr <> 0 GROUP BY 1, 2, 3 $$,
	$$ SELECT period_start, dimension_value, currency, transfer_out_mrr FROM nudge_reporting.mrr_monthly_then WHERE transfer_out_mrr <> 0 AND dimension = 'tenure' $$, 'and whose tenure did, in the mart');
SELECT set_eq('SELECT day, event_name, feature, count(DISTINCT user_key), sum(event_count) FROM nudge_reporting.user_events_daily GROUP BY 1, 2, 3', 'SELECT day, event_name, feature, user_count, event_count FROM nudge_reporting.product_events_daily', 'users are behind events');

-- Staging views: the rows of the input, no more and no less
SELECT results_eq($$ SELECT (SELECT count(*) FROM nudge_staging.stg_users), (SELECT count(*) FROM nudge_staging.stg_campaigns), (SELECT count(*) FROM nudge_staging.stg_revenue), (SELECT count(*) FROM nudge_staging.stg_events) $$,
	$$ SELECT (SELECT count(*) FROM nudge_staging.users), (SELECT count(*) FROM nudge_staging.campaigns), (SELECT count(*) FROM nudge_staging.subscriptions), (SELECT count(*) FROM nudge_staging.events) $$, 'rows of inputs');
SELECT set_eq('SELECT customer, item, valid_from, currency, mrr FROM nudge_staging.stg_revenue', 'SELECT customer, item, valid_from, currency, mrr FROM nudge_analytics.fact_subscriptions', 'revenue is that of the fact');
SELECT is_empty($$ SELECT v.name, a.attname FROM nudge.shipped_staging_views v JOIN pg_attribute a ON a.attrelid = ('nudge_staging.' || v.name)::regclass AND a.attnum > 0 WHERE col_description(a.attrelid, a.attnum) IS NULL OR obj_description(a.attrelid) !~ '^One row per ' $$, 'all is described');
SELECT is_empty($$ SELECT d.* FROM nudge.dependencies d JOIN nudge.shipped_staging_views v ON d.upstream = 'nudge_staging.' || v.name $$, 'nothing is refreshed by them');

-- Days without end
CREATE TABLE shop.endless AS SELECT 'endless'::text AS name, 'endless channel'::text AS channel, timestamptz '-infinity' AS starts, timestamptz 'infinity' AS ends, date 'infinity' AS day, 1::numeric AS amount;
SELECT nudge.map_source('campaigns', 'shop.endless', source => 'endless_campaigns', columns => '{"campaign": "name", "started_at": "starts", "ended_at": "ends"}'),
	nudge.map_source('spend', 'shop.endless', source => 'endless_spend', columns => '{"currency": "''EUR''"}') \gset
SELECT pg_temp.refresh('dim_campaigns'), pg_temp.refresh('dim_channels') \gset
SELECT results_eq($$ SELECT first_day, last_day FROM nudge_analytics.dim_campaigns WHERE campaign = 'endless' UNION ALL SELECT first_spend_day, last_spend_day FROM nudge_analytics.dim_channels WHERE channel = 'endless channel' $$, $$ VALUES (date '-infinity', date 'infinity'), ('infinity', 'infinity') $$, 'marts have days without end');
SELECT is_empty('SELECT * FROM nudge.check_reporting(true)', 'which BI tools do not see');
CREATE TABLE shop.ended AS SELECT 'y'::text AS customer, 'y'::text AS item, 'p'::text AS plan, timestamptz '2024-01-01Z' AS starts, timestamptz '-infinity' AS ends, 1::numeric AS amount;
SELECT nudge.map_source('subscriptions', 'shop.ended', source => 'ended', columns => '{"valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}') \gset
SELECT throws_ok($$ SELECT pg_temp.refresh('fact_subscriptions') $$, '22004', 'a row of subscriptions lacks a value that it needs', 'a price that ended before all time is none');

-- A comment on each mart with its grain, and on each column; types that BI tools read
SELECT is_empty($$SELECT m.name, a.attname FROM pg_temp.marts m JOIN pg_attribute a ON a.attrelid = ('nudge_analytics.' || m.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped WHERE m.is_mine
	AND (col_description(a.attrelid, a.attnum) IS NULL OR obj_description(a.attrelid) !~ '\. Grain: ' OR format_type(a.atttypid, NULL) NOT IN ('text', 'boolean', 'integer', 'bigint', 'numeric', 'date', 'timestamp with time zone'))$$, 'marts are described');

SELECT finish();
ROLLBACK;
