-- acquisition_properties.sql
--		Inputs, acquisition cost, channels, leads and content over random
--		relations, against their definitions in plain SQL.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nudge_metrics;
CREATE EXTENSION IF NOT EXISTS pgtap;

BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL jit = off;

\set seed acquisition
\getenv seed NM_SEED
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

CREATE TABLE settings AS SELECT :'seed'::text AS seed;

-- A number 0 .. n-1 that depends on the seed and on what it is for.
CREATE FUNCTION pick(what text, n integer) RETURNS integer
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT (('x' || substr(md5(s.seed || '/' || what), 1, 8))::bit(32)::bigint % n)::integer FROM settings s);

-- Every input is read from a table that has all its columns, from one that has
-- the required ones alone, and from none.
CREATE FUNCTION reads(input text, only_required boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text;
BEGIN
	EXECUTE format('CREATE TEMP TABLE "an input" (%s)', (SELECT string_agg(format('%I %s', c.column_name, c.data_type), ', ' ORDER BY c.position DESC)
		FROM input_columns c WHERE c.input = reads.input AND (c.required OR NOT only_required)));
	INSERT INTO "an input" DEFAULT VALUES;
	EXECUTE format('CREATE TEMP TABLE got AS %s', input_query(input, '"an input"'));
	got := (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, NULL), ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = 'got'::regclass AND a.attnum > 0)
		|| ' ' || (SELECT count(*) FROM got);
	DROP TABLE got, "an input";
	RETURN got;
END
$$;
SELECT is(reads(i.input, r.required), (SELECT string_agg(c.column_name || ' ' || c.data_type::regtype, ', ' ORDER BY c.position) FROM input_columns c WHERE c.input = i.input) || ' 1',
	format('%s is read%s', i.input, CASE WHEN r.required THEN ' without its optional columns' ELSE '' END))
FROM inputs i, (VALUES (false), (true)) r(required)
WHERE i.input IN (SELECT c.input FROM input_columns c WHERE c.required OR NOT r.required) ORDER BY i.input, r.required;

-- Rows --------------------------------------------------------------------

-- January to June 2024, with many rows on the first and last days of months
CREATE FUNCTION a_day(what text) RETURNS date LANGUAGE sql STABLE
	RETURN CASE pick(what || 'edge', 4) WHEN 0 THEN date '2024-01-01' + make_interval(months => pick(what, 6)) WHEN 1 THEN date '2024-02-01' + make_interval(months => pick(what, 6), days => -1)
		ELSE date '2024-01-01' + make_interval(days => pick(what, 182)) END;
CREATE FUNCTION an_instant(what text) RETURNS timestamptz LANGUAGE sql STABLE
	RETURN a_day(what)::timestamp AT TIME ZONE 'UTC' + make_interval(secs => CASE pick(what || 'midnight', 5) WHEN 0 THEN 0 WHEN 1 THEN 22 * 3600 WHEN 2 THEN 23 * 3600 ELSE pick(what || 'time', 86400) END);

CREATE TABLE spend AS
SELECT a_day('spend' || n) AS day, ('{search,social,video,"","ü",NULL}'::text[])[1 + pick('spend channel' || n, 6)] AS channel,
	(pick('spend amount' || n, 100000) - 1000)::numeric / 100 AS amount, CASE pick('case' || n, 2) WHEN 0 THEN 'EUR' ELSE 'eur' END AS currency,
	('{brand,rivals,generic,NULL}'::text[])[1 + pick('spend campaign' || n, 4)] AS campaign,
	CASE WHEN pick('impressions' || n, 3) > 0 THEN pick('shown' || n, 5000) END AS impressions, CASE WHEN pick('clicks' || n, 3) > 0 THEN pick('clicked' || n, 90) END AS clicks
FROM generate_series(1, 300) n;
CREATE TABLE costs AS
SELECT (date '2024-01-01' + make_interval(months => pick('period' || n, 6)))::date AS period,
	('{customer_acquisition/marketing/paid_advertising,customer_acquisition/marketing/paid_advertising/search,customer_acquisition/marketing/paid_advertising_agency,customer_acquisition/marketing/tools,'
	|| 'customer_acquisition/marketing,customer_acquisition/sales/salaries,customer_acquisition/sales/tools,customer_acquisition/tools/crm,customer_acquisition,customer_acquisition/legal/tools,'
	|| 'customer_acquisition/legal,customer_acquisitions/sales,product_delivery/support,sales}')::text[] AS categories,
	pick('category' || n, 14) + 1 AS place, pick('cost' || n, 900000)::numeric / 100 AS amount, 'EUR' AS currency, true AS variable
FROM generate_series(1, 120) n;
ALTER TABLE costs ADD category text;
UPDATE costs SET category = categories[place];

CREATE TABLE windows AS
SELECT w.n, w.start_day, w.start_day + make_interval(months => w.months) AS end_at, (w.start_day + make_interval(months => w.months))::date AS end_day
FROM (SELECT n, (date '2023-12-01' + make_interval(months => pick('start' || n, 7)))::date AS start_day, 1 + pick('months' || n, 4) AS months FROM generate_series(1, 12) n) w;

-- Cost of acquisition -----------------------------------------------------

CREATE FUNCTION expected_cost(first_day date, last_day date, ad_spend text, rate numeric) RETURNS TABLE (component text, amount numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH part AS (
		SELECT 'marketing' AS component, coalesce(sum(s.amount), 0) AS amount FROM spend s WHERE s.day BETWEEN first_day AND last_day AND ad_spend <> 'costs'
		UNION ALL
		SELECT o.component, coalesce((SELECT sum(c.amount) FROM costs c
			WHERE c.period BETWEEN first_day AND last_day AND (c.category LIKE 'customer\_acquisition/%' OR c.category = 'customer_acquisition')
				AND NOT (ad_spend = 'spend' AND (c.category || '/') LIKE 'customer\_acquisition/marketing/paid\_advertising/%')
				AND o.component = CASE WHEN c.category ~ '/tools$|^customer_acquisition/tools/' THEN 'tools' WHEN c.category ~ '^customer_acquisition/marketing(/|$)' THEN 'marketing'
					WHEN c.category ~ '^customer_acquisition/sales(/|$)' THEN 'sales' ELSE 'other' END), 0)
		FROM unnest('{marketing,sales,tools,other}'::text[]) o(component)
	)
	SELECT p.component, sum(p.amount) FROM part p GROUP BY 1
	UNION ALL SELECT 'overhead', rate * sum(p.amount) FROM part p
	UNION ALL SELECT 'total', (1 + rate) * sum(p.amount) FROM part p;
END;
SELECT is_empty(format($$
	SELECT a.component, a.amount FROM acquisition_cost('spend', 'costs', %L, %L, ad_spend => %L, overhead_rate => %s) a EXCEPT SELECT component, amount FROM expected_cost(%L, %L, %L, %s)
	UNION ALL (SELECT component, amount FROM expected_cost(%L, %L, %L, %s) EXCEPT SELECT a.component, a.amount FROM acquisition_cost('spend', 'costs', %L, %L, ad_spend => %L, overhead_rate => %s) a)
	$$, start_day, end_day, ad, rate, start_day, end_day - 1, ad, rate, start_day, end_day - 1, ad, rate, start_day, end_day, ad, rate),
	format('cost of acquisition, %s to %s, ads of %s, overhead %s', start_day, end_day, ad, rate))
FROM windows, unnest('{spend,costs,both}'::text[]) ad, unnest('{0,0.2}'::numeric[]) rate ORDER BY n, ad, rate;
-- what is not counted is the difference to counting all
SELECT is(b.amount - a.amount, a.not_counted, format('%s and not counted is both, %s to %s', ad, start_day, end_day))
FROM windows, unnest('{spend,costs}'::text[]) ad, LATERAL acquisition_cost('spend', 'costs', start_day, end_day, ad_spend => ad, overhead_rate => 0) a,
	LATERAL acquisition_cost('spend', 'costs', start_day, end_day, ad_spend => 'both', overhead_rate => 0) b
WHERE a.component = 'total' AND b.component = 'total' ORDER BY n, ad;

-- Customers ---------------------------------------------------------------

CREATE TABLE periods AS
SELECT c AS customer, p.valid_from, p.valid_from + 1 + pick('length' || c || '/' || k, 90) AS valid_to, 10 + pick('mrr' || c || '/' || k, 200) AS mrr
FROM generate_series(1, 150) c, generate_series(1, 1 + pick('periods' || c, 3)) k, LATERAL (SELECT a_day('begins' || c || '/' || k) - 60 * pick('early' || c, 3) AS valid_from) p;
UPDATE periods SET valid_to = NULL WHERE customer % 3 = 0;
CREATE TABLE company AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM periods;

-- who pays at the close of the day before, and how much
CREATE FUNCTION pays(before date) RETURNS TABLE (customer integer, mrr bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT p.customer, sum(p.mrr) FROM periods p WHERE p.valid_from < before AND (p.valid_to >= before OR p.valid_to IS NULL) GROUP BY 1;
END;
SELECT is(a.new_customers, (SELECT count(*) FROM (SELECT min(p.valid_from) AS day FROM periods p GROUP BY p.customer) f WHERE f.day >= w.start_day AND f.day < w.end_day),
	format('new customers, %s to %s', w.start_day, w.end_day))
FROM company, windows w, LATERAL customer_acquisition_cost(state, 'spend', 'costs', w.start_day, w.end_day) a ORDER BY w.n;
SELECT is(row(sum(m.total_cost), sum(m.new_customers), sum(m.new_mrr), count(*)), row(a.total_cost, a.new_customers::numeric, a.new_mrr, extract(month FROM age(w.end_day::timestamp, w.start_day))::bigint),
	format('months add up to the window, %s to %s', w.start_day, w.end_day))
FROM company, windows w, LATERAL customer_acquisition_cost(state, 'spend', 'costs', w.start_day, w.end_day) a, LATERAL customer_acquisition_cost(state, 'spend', 'costs', w.start_day, w.end_day, 'month') m
GROUP BY w.n, w.start_day, w.end_day, a.total_cost, a.new_customers, a.new_mrr ORDER BY w.n;
SELECT is(row(round(u.churn_rate, 10), u.customers, round(u.arpa, 10), round(u.ltv, 6), round(u.ltv_to_cac, 6)), row(round(r.rate, 10), e.customers, round(e.arpa, 10), round(e.arpa * 0.8 / r.rate, 6), round(e.arpa * 0.8 / r.rate / 77, 6)),
	format('unit economics, %s to %s', w.start_day, w.end_day))
FROM company, windows w, LATERAL unit_economics(state, w.start_day, w.end_day, 77, 0.8) u,
	LATERAL (SELECT nullif(count(*) FILTER (WHERE l.customer IS NULL), 0)::numeric / count(*) AS rate
		FROM generate_series(w.start_day::timestamp, w.end_at - interval '1 day', '1 month') m, LATERAL pays(m::date) p LEFT JOIN LATERAL (SELECT q.customer FROM pays((m + interval '1 month')::date) q WHERE q.customer = p.customer) l ON true) r,
	LATERAL (SELECT count(*) AS customers, avg(p.mrr) AS arpa FROM pays(w.end_day) p) e
ORDER BY w.n;

-- Channels ----------------------------------------------------------------

CREATE TABLE touched AS
SELECT c AS customer, an_instant('touch' || c || '/' || k) AS at, ('{search,social,mail,"ü"}'::text[])[1 + pick('touched by' || c || '/' || k, 4)] AS channel, row_number() OVER () AS id
FROM generate_series(1, 90) c, generate_series(1, pick('touches' || c, 6)) k;
CREATE TABLE converted AS
SELECT c AS customer, an_instant('convert' || c || '/' || k) AS at, pick('revenue' || c || '/' || k, 100000)::numeric / 100 AS revenue
FROM generate_series(1, 90) c, generate_series(1, 1 + pick('conversions' || c, 3)) k;
-- two at one instant are one too many for an oracle
DELETE FROM converted a USING converted b WHERE a.customer = b.customer AND a.at = b.at AND a.ctid > b.ctid;
CREATE TABLE journeys AS SELECT journey_agg(customer, at, channel, revenue) AS state
FROM (SELECT customer, at, channel, NULL::numeric AS revenue FROM touched UNION ALL SELECT customer, at, NULL, revenue FROM converted) r;

CREATE FUNCTION expected_linear(first_day date, last_day date, zone text) RETURNS TABLE (channel text, customers numeric, revenue numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH c AS (
		SELECT c.*, row_number() OVER (PARTITION BY c.customer ORDER BY c.at) AS no FROM converted c
	), credit AS (
		SELECT t.channel, CASE c.no WHEN 1 THEN 1.0 ELSE 0 END / greatest(t.n, 1) AS customers, c.revenue / greatest(t.n, 1) AS revenue
		FROM c LEFT JOIN LATERAL (SELECT t.channel, count(*) OVER () AS n FROM touched t WHERE t.customer = c.customer AND t.at <= c.at AND t.at > c.at - interval '20 days') t ON true
		WHERE (c.at AT TIME ZONE zone)::date BETWEEN first_day AND last_day
	)
	SELECT t.channel, sum(t.customers), sum(t.revenue) FROM credit t GROUP BY 1;
END;
CREATE FUNCTION expected_spend(first_day date, last_day date) RETURNS TABLE (channel text, cost numeric, impressions bigint, clicks bigint, ctr numeric, cpc numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT s.channel, sum(s.amount), sum(s.impressions), sum(s.clicks),
		(SELECT sum(x.clicks)::numeric / nullif(sum(x.impressions), 0) FROM spend x WHERE x.channel IS NOT DISTINCT FROM s.channel AND x.day BETWEEN first_day AND last_day AND x.clicks + x.impressions IS NOT NULL),
		(SELECT sum(x.amount) / nullif(sum(x.clicks), 0) FROM spend x WHERE x.channel IS NOT DISTINCT FROM s.channel AND x.day BETWEEN first_day AND last_day AND x.clicks IS NOT NULL)
	FROM spend s WHERE s.day BETWEEN first_day AND last_day GROUP BY 1;
END;
-- conversions are apportioned to nine decimals, revenue to cents: a cent or a billionth for each conversion
SELECT is_empty(format($$
	SELECT r.* FROM journeys, channel_performance(state, 'linear', 'spend', %L, %L, %L, '20 days') r
	LEFT JOIN expected_linear(%L, %L, %L) e ON e.channel IS NOT DISTINCT FROM r.channel
	LEFT JOIN expected_spend(%L, %L) s ON s.channel IS NOT DISTINCT FROM r.channel
	WHERE abs(r.new_customers - coalesce(e.customers, 0)) > 0.000001 OR abs(r.revenue - coalesce(e.revenue, 0)) > 3 OR r.cost <> coalesce(s.cost, 0)
		OR row(r.impressions, r.clicks, round(r.click_through_rate, 9), round(r.cost_per_click, 9)) IS DISTINCT FROM row(s.impressions, s.clicks, round(s.ctr, 9), round(s.cpc, 9))
		OR round(r.cac, 6) IS DISTINCT FROM round(r.cost / nullif(r.new_customers, 0), 6) OR round(r.roas, 6) IS DISTINCT FROM round(r.revenue / nullif(r.cost, 0), 6)
		OR e IS NULL AND s IS NULL
	$$, start_day, end_day, zone, start_day, end_day - 1, zone, start_day, end_day - 1), format('channels, linear, %s to %s in %s', start_day, end_day, zone))
FROM windows, (VALUES ('UTC'), ('Europe/Berlin')) z(zone) ORDER BY n, zone;
SELECT is(row(count(*), sum(r.cost), round(sum(r.new_customers), 6), sum(r.revenue), round(sum(r.cost_share), 9), sum(r.loaded_cost)),
	row((SELECT count(DISTINCT coalesce(x.channel, '(none)')) FROM (SELECT s.channel FROM expected_spend(start_day, end_day - 1) s UNION ALL SELECT a.channel FROM attribution(state, model, '20 days', start_day, end_day) a) x),
		(SELECT sum(s.amount) FROM spend s WHERE s.day >= start_day AND s.day < end_day),
		round((SELECT count(*) FROM (SELECT min(c.at) AS at FROM converted c GROUP BY c.customer) f WHERE f.at >= start_day::timestamp AT TIME ZONE 'UTC' AND f.at < end_at AT TIME ZONE 'UTC'), 6),
		(SELECT sum(c.revenue) FROM converted c WHERE c.at >= start_day::timestamp AT TIME ZONE 'UTC' AND c.at < end_at AT TIME ZONE 'UTC'), 1.000000000,
		(SELECT sum(s.amount) FROM spend s WHERE s.day >= start_day AND s.day < end_day) + 1234.57),
	format('the channels of %s add up, %s to %s', model, start_day, end_day))
FROM journeys, windows, unnest('{first_touch,last_touch,last_non_direct,linear,time_decay,position_based,j_shaped,inverse_j,w_shaped,blended}'::text[]) model,
	LATERAL channel_performance(state, model, 'spend', start_day, end_day, lookback => '20 days', shared_cost => 1234.57) r
WHERE EXISTS (SELECT FROM spend s WHERE s.day >= start_day AND s.day < end_day)
	AND EXISTS (SELECT FROM (SELECT min(c.at) AS at FROM converted c GROUP BY c.customer) f WHERE f.at >= start_day::timestamp AT TIME ZONE 'UTC' AND f.at < end_at AT TIME ZONE 'UTC')
GROUP BY n, model, start_day, end_day, end_at, state ORDER BY n, model;
-- those from data too
SELECT is(row(round(sum(r.new_customers), 6), sum(r.revenue)), (SELECT row(round(sum(l.new_customers), 6), sum(l.revenue)) FROM channel_performance(state, 'linear', 'spend', '2024-01-01', '2024-07-01') l), 'the channels of ' || model || ' add up')
FROM journeys, unnest('{markov,shapley}'::text[]) model, LATERAL channel_performance(state, model, 'spend', '2024-01-01', '2024-07-01') r GROUP BY model, state ORDER BY model;

-- Leads -------------------------------------------------------------------

CREATE TABLE leads AS
SELECT l AS lead, ('{visit,lead,qualified,customer,lost}'::text[])[1 + pick('stage' || l || '/' || k, 5)] AS stage, an_instant('reached' || l || '/' || k) AS at,
	('{search,social,video,guide,NULL}'::text[])[1 + pick('source' || l || '/' || k, 5)] AS source, ('{g1,w1,brand,NULL}'::text[])[1 + pick('campaign' || l || '/' || k, 4)] AS campaign
FROM generate_series(1, 200) l, generate_series(1, 1 + pick('stages' || l, 4)) k;
CREATE TABLE content AS SELECT * FROM (VALUES ('g1', 'guide', timestamptz '2023-01-01'), ('w1', 'webinar', '2023-02-01')) v(content, type, published_at);

CREATE FUNCTION source_of(l integer) RETURNS text LANGUAGE sql STABLE
	RETURN (SELECT x.source FROM leads x WHERE x.lead = l AND x.source IS NOT NULL ORDER BY x.at, x.source COLLATE "C" LIMIT 1);
CREATE FUNCTION expected_stages(first_day date, last_day date, zone text, how text) RETURNS TABLE (source text, stage text, leads bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH reached AS (
		SELECT l.lead, o.stage, o.no, min((l.at AT TIME ZONE zone)::date) AS day
		FROM leads l JOIN unnest('{lead,qualified,customer}'::text[]) WITH ORDINALITY o(stage, no) ON o.no <= CASE l.stage WHEN 'lead' THEN 1 WHEN 'qualified' THEN 2 WHEN 'customer' THEN 3 END
		GROUP BY 1, 2, 3
	)
	SELECT source_of(r.lead), r.stage, count(*) FROM reached r
	WHERE CASE how WHEN 'period' THEN r.day ELSE (SELECT f.day FROM reached f WHERE f.lead = r.lead AND f.no = 1) END BETWEEN first_day AND last_day
	GROUP BY 1, 2;
END;
SELECT set_eq(format($$ SELECT source, stage, lead_count FROM lead_stages('leads', '{lead,qualified,customer}', %L, %L, %L, 'source', %L) WHERE lead_count > 0 $$, start_day, end_day, zone, how),
	format('SELECT * FROM expected_stages(%L, %L, %L, %L)', start_day, end_day - 1, zone, how), format('leads by stage, %s to %s in %s, %s', start_day, end_day, zone, how))
FROM windows, (VALUES ('UTC'), ('America/Los_Angeles')) z(zone), (VALUES ('cohort'), ('period')) h(how) ORDER BY n, zone, how;
SELECT set_eq(format($$ SELECT stage, lead_count FROM lead_stages('leads', '{lead,qualified,customer}', %L, %L) $$, start_day, end_day),
	format($$ SELECT stage, coalesce(sum(leads), 0) FROM unnest('{lead,qualified,customer}'::text[]) stage LEFT JOIN expected_stages(%L, %L, 'UTC', 'cohort') USING (stage) GROUP BY stage $$, start_day, end_day - 1),
	format('sources add up to all leads, %s to %s', start_day, end_day))
FROM windows ORDER BY n;
SELECT is(sum(r.new_leads), (SELECT count(*)::numeric FROM (SELECT min(l.at) AS at FROM leads l GROUP BY l.lead) f WHERE f.at >= start_day::timestamp AT TIME ZONE 'UTC' AND f.at < end_at AT TIME ZONE 'UTC'),
	format('leads of all channels, %s to %s', start_day, end_day))
FROM windows, LATERAL channel_performance('{}'::channel_credit[], 'spend', start_day, end_day, leads => 'leads') r
WHERE EXISTS (SELECT FROM leads l WHERE l.at >= start_day::timestamp AT TIME ZONE 'UTC' AND l.at < end_at AT TIME ZONE 'UTC')
GROUP BY n, start_day, end_day, end_at ORDER BY n;
SELECT set_eq(format($$ SELECT coalesce(channel, '(none)'), new_leads FROM channel_performance('{}'::channel_credit[], 'spend', %L, %L, 'Europe/Berlin', leads => 'leads') WHERE new_leads > 0 $$, start_day, end_day),
	format($$ SELECT coalesce(source_of(f.lead), '(none)'), count(*) FROM (SELECT l.lead, (min(l.at) AT TIME ZONE 'Europe/Berlin')::date AS day FROM leads l GROUP BY l.lead) f WHERE f.day >= %L AND f.day < %L GROUP BY 1 $$, start_day, end_day),
	format('leads by channel, %s to %s', start_day, end_day))
FROM windows ORDER BY n;
SELECT set_eq(format($$ SELECT type, new_leads, customers FROM content_performance('content', 'leads', %L, %L, lead_stage => 'lead', types => '{guide,webinar}') $$, start_day, end_day),
	format($$ SELECT t.type, count(x.lead) AS leads, count(*) FILTER (WHERE x.won) AS customers FROM (VALUES ('guide', 'g1'), ('webinar', 'w1')) t(type, content)
		LEFT JOIN (SELECT l.lead, (min(l.at) FILTER (WHERE l.stage = 'lead') AT TIME ZONE 'UTC')::date AS day, bool_or(l.stage = 'customer') AS won, source_of(l.lead) AS source,
				(SELECT c.campaign FROM leads c WHERE c.lead = l.lead AND c.campaign IS NOT NULL ORDER BY c.at, c.campaign COLLATE "C" LIMIT 1) AS campaign FROM leads l GROUP BY l.lead) x
			ON x.day >= %L AND x.day < %L AND CASE WHEN x.campaign IN ('g1', 'w1') THEN x.campaign = t.content ELSE x.source = t.type END
		GROUP BY t.type $$, start_day, end_day), format('leads of content, %s to %s', start_day, end_day))
FROM windows ORDER BY n;

-- The order of rows does not matter
CREATE VIEW shuffled_spend AS SELECT * FROM spend ORDER BY md5(spend::text);
CREATE VIEW shuffled_leads AS SELECT * FROM leads ORDER BY md5(leads::text);
SELECT set_eq($$ SELECT r.* FROM journeys, channel_performance(state, 'linear', 'spend', '2024-02-01', '2024-05-01', leads => 'leads', touches => 'touched', shared_cost => 99.99) r $$,
	$$ SELECT r.* FROM (SELECT rollup(s.state ORDER BY s.n DESC) AS state FROM (SELECT bucket(customer, 5) AS n, journey_agg(customer, at, channel, revenue ORDER BY at DESC) AS state
		FROM (SELECT customer, at, channel, NULL::numeric AS revenue FROM touched UNION ALL SELECT customer, at, NULL, revenue FROM converted) x GROUP BY 1) s) j,
		channel_performance(state, 'linear', 'shuffled_spend', '2024-02-01', '2024-05-01', leads => 'shuffled_leads', touches => 'touched', shared_cost => 99.99) r $$, 'another order of rows, split and merged');

SELECT * FROM finish();
ROLLBACK;
