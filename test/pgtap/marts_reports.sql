--
-- marts_reports.sql
--		Shipped marts that are reports over inputs, and attribution: after random changes
--		they are what the functions say of the tables themselves, they follow time, and
--		what has not changed is not written.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_reports
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
CREATE TABLE tickets (id bigint DEFAULT nextval('ids'), ticket text, customer text, opened_at timestamptz, first_response_at timestamptz, resolved_at timestamptz, reopened_at timestamptz, priority text, complexity text, category text, csat numeric,
	escalated boolean, contacts integer, agent text);
CREATE TABLE surveys (id bigint DEFAULT nextval('ids'), customer text, "user" text, kind text, score numeric, sent_at timestamptz, answered_at timestamptz);
CREATE TABLE deals (id bigint DEFAULT nextval('ids'), deal text, customer text, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, owner text, team text, competitor text, segment text, expected_close date);
CREATE TABLE deal_stages (id bigint DEFAULT nextval('ids'), deal text, stage text, at timestamptz);
CREATE TABLE activities (id bigint DEFAULT nextval('ids'), owner text, at timestamptz, kind text, deal text);
CREATE TABLE quotas (id bigint DEFAULT nextval('ids'), owner text, period date, amount numeric, currency text);
CREATE TABLE incidents (id bigint DEFAULT nextval('ids'), incident text, started_at timestamptz, ended_at timestamptz, severity text, outage boolean, detected_at timestamptz, service text);
CREATE TABLE maintenance (id bigint DEFAULT nextval('ids'), started_at timestamptz, ended_at timestamptz, service text);
CREATE TABLE requests (id bigint DEFAULT nextval('ids'), at timestamptz, duration_ms numeric, count bigint, endpoint text, error boolean);
CREATE TABLE deployments (id bigint DEFAULT nextval('ids'), at timestamptz, change_created_at timestamptz, failed boolean, restored_at timestamptz, service text);
CREATE TABLE bugs (id bigint DEFAULT nextval('ids'), bug text, opened_at timestamptz, closed_at timestamptz, severity text, escaped boolean);
CREATE TABLE coverage_samples (id bigint DEFAULT nextval('ids'), at timestamptz, coverage numeric, repository text);
CREATE TABLE touches (id bigint DEFAULT nextval('ids'), customer text, at timestamptz, channel text);
CREATE TABLE conversions (id bigint DEFAULT nextval('ids'), customer text, at timestamptz, revenue numeric, currency text);
CREATE TABLE spend (id bigint DEFAULT nextval('ids'), day date, channel text, amount numeric, currency text, impressions bigint, clicks bigint);
CREATE TABLE leads (id bigint DEFAULT nextval('ids'), lead text, customer text, stage text, at timestamptz, source text);
CREATE TABLE costs (id bigint DEFAULT nextval('ids'), period date, category text, amount numeric, currency text, variable boolean);
CREATE TABLE budgets (id bigint DEFAULT nextval('ids'), period date, category text, amount numeric, currency text);
CREATE TABLE cash (id bigint DEFAULT nextval('ids'), day date, balance numeric, currency text);
CREATE TABLE subscriptions (id bigint DEFAULT nextval('ids'), customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text);
CREATE TABLE competitor_facts (id bigint DEFAULT nextval('ids'), at timestamptz, competitor text, kind text, channel text, value numeric);

-- Random rows: some are dated in the days to come, and some a moment ago
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN CASE WHEN random() < 0.1 THEN now() + random() * interval '20 days' WHEN random() < 0.2 THEN now() - random() * random() * interval '6 hours' ELSE now() - random() * interval '130 days' END;
CREATE FUNCTION pg_temp.month() RETURNS date LANGUAGE sql VOLATILE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => pg_temp.below(6)))::date;
CREATE FUNCTION pg_temp.add(name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	later constant timestamptz := CASE WHEN random() < 0.7 THEN at + random() * interval '9 days' END;
	c constant text := 'c' || pg_temp.below(14);
BEGIN
	CASE name
		WHEN 'customers' THEN INSERT INTO customers (customer, created_at, segment, industry, company_size, region, internal) VALUES (c, at, pg_temp.one_of('{small,large,NULL}'), pg_temp.one_of('{arts,trade}'), '1-10', 'EU', random() < 0.1);
		WHEN 'tickets' THEN INSERT INTO tickets (ticket, customer, opened_at, first_response_at, resolved_at, reopened_at, priority, complexity, category, csat, escalated, contacts, agent)
			VALUES (nextval('ids'), c, at, at + random() * interval '2 hours', later, CASE WHEN random() < 0.2 THEN later + interval '1 hour' END, pg_temp.one_of('{high,low}'), pg_temp.one_of('{easy,hard,NULL}'), pg_temp.one_of('{billing,bug}'), 1 + pg_temp.below(5), random() < 0.2, 1 + pg_temp.below(3), pg_temp.one_of('{ann,ben}'));
		WHEN 'surveys' THEN INSERT INTO surveys (customer, "user", kind, score, sent_at, answered_at) VALUES (c, 'u' || pg_temp.below(20), pg_temp.one_of('{nps,NPS,csat}'), CASE WHEN later IS NOT NULL THEN pg_temp.below(11) END, at, later);
		WHEN 'deals' THEN INSERT INTO deals (deal, customer, created_at, amount, currency, stage, closed_at, outcome, owner, team, competitor, segment, expected_close)
			VALUES (nextval('ids'), c, at, pg_temp.below(900), 'EUR', pg_temp.one_of('{lead,offer}'), later, CASE WHEN later IS NOT NULL THEN pg_temp.one_of('{won,lost,no_decision}') END, pg_temp.one_of('{ann,ben}'), pg_temp.one_of('{east,west}'), pg_temp.one_of('{acme,NULL}'), pg_temp.one_of('{small,large}'), (at + interval '20 days')::date);
		WHEN 'deal_stages' THEN INSERT INTO deal_stages (deal, stage, at) SELECT d.deal, pg_temp.one_of('{lead,offer}'), d.created_at + random() * interval '5 days' FROM deals d ORDER BY random() LIMIT 1;
		WHEN 'activities' THEN INSERT INTO activities (owner, at, kind, deal) SELECT d.owner, at, 'call', d.deal FROM deals d ORDER BY random() LIMIT 1;
		WHEN 'quotas' THEN INSERT INTO quotas (owner, period, amount, currency) SELECT o, m, 1000, 'EUR' FROM pg_temp.month() m, pg_temp.one_of('{ann,ben}') o WHERE NOT EXISTS (SELECT FROM quotas q WHERE q.owner = o AND q.period = m);
		WHEN 'incidents' THEN INSERT INTO incidents (incident, started_at, ended_at, severity, outage, detected_at, service) VALUES (nextval('ids'), at, CASE WHEN random() < 0.8 THEN at + random() * interval '9 hours' END, pg_temp.one_of('{critical,major,minor}'), random() < 0.8, at + interval '1 minute', pg_temp.one_of('{api,web}'));
		WHEN 'maintenance' THEN INSERT INTO maintenance (started_at, ended_at, service) VALUES (at, at + interval '2 hours', pg_temp.one_of('{api,web}'));
		WHEN 'requests' THEN INSERT INTO requests (at, duration_ms, count, endpoint, error) SELECT at + make_interval(mins => i), 1 + pg_temp.below(900), 1 + pg_temp.below(3), pg_temp.one_of('{/a,/b,NULL}'), random() < 0.1 FROM generate_series(1, 5) i;
		WHEN 'deployments' THEN INSERT INTO deployments (at, change_created_at, failed, restored_at, service) VALUES (at, at - random() * interval '3 days', random() < 0.3, later, pg_temp.one_of('{api,web}'));
		WHEN 'bugs' THEN INSERT INTO bugs (bug, opened_at, closed_at, severity, escaped) VALUES (nextval('ids'), at, later, pg_temp.one_of('{major,minor}'), random() < 0.3);
		WHEN 'coverage_samples' THEN INSERT INTO coverage_samples (at, coverage, repository) VALUES (at, pg_temp.below(101) / 100.0, pg_temp.one_of('{app,lib}'));
		WHEN 'touches' THEN INSERT INTO touches (customer, at, channel) VALUES (CASE WHEN random() < 0.95 THEN c END, at, pg_temp.one_of('{email,search,direct,social}'));
		WHEN 'conversions' THEN INSERT INTO conversions (customer, at, revenue, currency) VALUES (c, at, pg_temp.below(9000) / 100.0, 'EUR');
		WHEN 'spend' THEN INSERT INTO spend (day, channel, amount, currency, impressions, clicks) VALUES (at::date, pg_temp.one_of('{email,search}'), pg_temp.below(90), 'EUR', pg_temp.below(900), pg_temp.below(9));
		WHEN 'leads' THEN INSERT INTO leads (lead, customer, stage, at, source) VALUES ('l' || pg_temp.below(30), CASE WHEN random() < 0.3 THEN c END, pg_temp.one_of('{lead,customer}'), at, pg_temp.one_of('{email,search}'));
		WHEN 'costs' THEN INSERT INTO costs (period, category, amount, currency, variable) VALUES (pg_temp.month(), pg_temp.one_of('{research/pay,infrastructure,customer_acquisition/marketing}'), pg_temp.below(500), 'EUR', random() < 0.5);
		WHEN 'budgets' THEN INSERT INTO budgets (period, category, amount, currency) VALUES (pg_temp.month(), pg_temp.one_of('{research,infrastructure,customer_acquisition/marketing/paid_advertising/email}'), pg_temp.below(500), 'EUR');
		WHEN 'cash' THEN INSERT INTO cash (day, balance, currency) VALUES (at::date, pg_temp.below(9000), 'EUR');
		WHEN 'subscriptions' THEN INSERT INTO subscriptions (customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status) VALUES (c, nextval('ids'), 'pro', at, later, pg_temp.below(90), 'month', 1, 'EUR', CASE WHEN later IS NULL THEN 'active' ELSE 'ended' END);
		WHEN 'competitor_facts' THEN INSERT INTO competitor_facts (at, competitor, kind, channel, value) VALUES (at, pg_temp.one_of('{us,acme,zeta}'), 'mention', pg_temp.one_of('{web,press,NULL}'), pg_temp.below(9));
	END CASE;
END
$$;

CREATE FUNCTION pg_temp.inputs() RETURNS SETOF text LANGUAGE sql STABLE
	AS $$ SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C" $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	name constant text := pg_temp.one_of(ARRAY(SELECT pg_temp.inputs()));
	pick constant integer := pg_temp.below(10);
	at_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = name::regclass AND a.attname IN ('at', 'day', 'period') LIMIT 1);
	customer_column constant text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = name::regclass AND a.attname = 'customer');
BEGIN
	IF pick = 0 THEN
		EXECUTE format('DELETE FROM %I WHERE id %% 7 = %s', name, pg_temp.below(7));
	ELSIF pick = 1 AND customer_column IS NOT NULL THEN
		EXECUTE format('UPDATE %I SET customer = ''c%s'' WHERE id %% 5 = 0', name, pg_temp.below(14));
	ELSIF pick = 2 AND at_column IS NOT NULL AND name NOT IN ('quotas', 'deployments') THEN
		EXECUTE format('UPDATE %I SET %I = (%I - interval ''1 month'') WHERE id %% 4 = 0', name, at_column, at_column);
	ELSIF pick = 3 AND random() < 0.2 THEN
		EXECUTE format('TRUNCATE %I', name);
	ELSE
		PERFORM pg_temp.add(name) FROM generate_series(0, pg_temp.below(4));
	END IF;
	RETURN name;
END
$$;

SELECT pg_temp.add(i) FROM (SELECT i FROM pg_temp.inputs() i, generate_series(1, 40) ORDER BY i NOT IN ('customers', 'deals')) i \g /dev/null
-- who never buys is of no currency
INSERT INTO touches (customer, at, channel) SELECT 'nobody', now() - interval '40 days' * random(), pg_temp.one_of('{email,social}') FROM generate_series(1, 4);

-- rows of all marts, as text
CREATE FUNCTION pg_temp.contents() RETURNS TABLE (name text, row_text text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	FOR name IN SELECT m.name FROM nudge.materialisations m LOOP
		RETURN QUERY EXECUTE format('SELECT %L, t::text FROM nudge_analytics.%I t', name, name);
	END LOOP;
END
$$;

INSERT INTO nudge.sales_stages (stage, position, win_probability, qualified) VALUES ('lead', 1, 0.2, false), ('offer', 2, 0.5, true);

-- marts of other subjects have tests of their own
DELETE FROM nudge.shipped_marts m WHERE m.place > 120 AND m.place NOT BETWEEN 690 AND 879 AND m.name <> 'fact_tickets';
SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i WHERE i NOT IN ('customers', 'quotas', 'maintenance') \g /dev/null
SELECT nudge.deploy(zone => 'Europe/Berlin', buckets => 3) \g /dev/null
SELECT is_empty($$SELECT p.object FROM nudge.deploy(dry_run => true) p WHERE p.action = 'leave out'
	AND p.object IN (SELECT 'nudge_analytics.' || m.name FROM nudge.shipped_marts m WHERE m.place BETWEEN 700 AND 899)$$, 'optional inputs need not be mapped');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'all is computed at first');
SELECT is_empty($$SELECT FROM nudge_analytics.nps WHERE dimension <> 'all'$$, 'without customers there is no dimension of theirs');
SELECT is_empty('SELECT pg_temp.wrong()', 'marts without optional inputs are right');
-- now they are
SELECT nudge.map_source(i, i) FROM pg_temp.inputs() i WHERE i IN ('customers', 'quotas', 'maintenance') \g /dev/null
SELECT set_eq($$SELECT p.object FROM nudge.deploy() p WHERE p.action = 'track source'$$, '{customers,quotas,maintenance}'::text[], 'optional inputs that are mapped later are tracked');
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'and taken in');
SELECT isnt_empty($$SELECT FROM nudge_analytics.nps WHERE dimension = 'segment'$$, 'with customers there is');
SELECT is_empty($$SELECT m.name, a.attname FROM nudge.shipped_marts m JOIN pg_attribute a ON a.attrelid = to_regclass('nudge_analytics.' || m.name) AND a.attnum > 0 WHERE col_description(a.attrelid, a.attnum) IS NULL$$, 'every column has a comment');
SELECT is_empty($$SELECT m.name, k FROM nudge.shipped_marts m, jsonb_object_keys(m.columns) k WHERE to_regclass('nudge_analytics.' || m.name) IS NOT NULL
	AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('nudge_analytics.' || m.name) AND a.attname = k)$$, 'and every comment a column');
SELECT is_empty($$SELECT m.name, a.attname, format_type(a.atttypid, NULL) FROM nudge.shipped_marts m JOIN pg_attribute a ON a.attrelid = to_regclass('nudge_analytics.' || m.name) AND a.attnum > 0
	WHERE m.layer = 'metric' AND a.atttypid <> ALL ('{text,bool,int4,int8,numeric,float8,date,timestamptz}'::regtype[])$$, 'columns of metrics are of types that every client knows');

-- Random changes ----------------------------------------------------------

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	done text;
BEGIN
	FOR round IN 1 .. n LOOP
		done := NULL;
		FOR i IN 0 .. pg_temp.below(6) LOOP
			done := concat_ws(', ', done, pg_temp.change());
		END LOOP;
		PERFORM pg_temp.refresh_all();
		RETURN QUERY SELECT format('round %s (%s): %s', round, done, w) FROM pg_temp.wrong() w LIMIT 3;
		done := pg_temp.refresh_all();
		IF done <> 'nothing' THEN
			RETURN NEXT format('round %s: a second refresh writes %s', round, done);
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT pg_temp.rounds(6)', 'after random changes all is as its query says, and a second refresh writes nothing');
-- none is left empty
SELECT pg_temp.add(i) FROM pg_temp.inputs() i, generate_series(1, 10) \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'new rows are taken in');
SELECT is_empty('SELECT pg_temp.wrong()', 'and rightly');

-- The functions on the tables themselves ----------------------------------

\set zone '''Europe/Berlin'''
CREATE FUNCTION pg_temp.first_month(table_name text, column_name text, condition text DEFAULT 'true') RETURNS date LANGUAGE plpgsql STABLE AS $$
DECLARE
	found date;
BEGIN
	EXECUTE format('SELECT least(date_trunc(''month'', min(%I)::timestamptz AT TIME ZONE ''Europe/Berlin''), date_trunc(''month'', now() AT TIME ZONE ''Europe/Berlin''))::date FROM %I WHERE %s', column_name, table_name, condition) INTO found;
	RETURN found;
END
$$;
CREATE FUNCTION pg_temp.next_month() RETURNS date LANGUAGE sql STABLE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') + interval '1 month')::date;

SELECT set_eq('SELECT period, dimension, value, tickets_total, customers_total, tickets_resolved, reopen_rate, mean_csat, complete FROM nudge_analytics.support_performance',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.tickets_total, r.customers_total, r.tickets_resolved, r.reopen_rate, r.mean_csat, r.complete
	FROM unnest('{NULL,priority,complexity,category,agent,segment}'::text[]) d,
		nudge.support_report('shop.tickets', pg_temp.first_month('tickets', 'opened_at'), pg_temp.next_month(), 'month', 'Europe/Berlin', now(), d, 'shop.customers') r WHERE r.is_total = (d IS NULL)$$, 'support_performance is support_report');
SELECT set_eq('SELECT period, dimension, value, tickets_answered, median_first_response_minutes, median_resolution_minutes, p90_resolution_minutes, resolution_sla_met, first_response_sla_pending FROM nudge_analytics.support_performance',
	-- a segment without a ticket has customers, but no times
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, f.tickets_done, f.median_minutes AS first_median, t.median_minutes, t.p90_minutes, t.sla_met, f.sla_pending
	FROM unnest('{NULL,priority,complexity,category,agent,segment}'::text[]) d,
		LATERAL (SELECT pg_temp.first_month('tickets', 'opened_at') AS first, pg_temp.next_month() AS next) w,
		LATERAL nudge.support_report('shop.tickets', w.first, w.next, 'month', 'Europe/Berlin', now(), d, 'shop.customers') r
		LEFT JOIN LATERAL nudge.support_times('shop.tickets', w.first, w.next, 'month', 'Europe/Berlin', now(), d, 'shop.customers') f
			ON f.measure = 'first_response' AND f.is_total = r.is_total AND f.period = r.period AND f.value IS NOT DISTINCT FROM r.value
		LEFT JOIN LATERAL nudge.support_times('shop.tickets', w.first, w.next, 'month', 'Europe/Berlin', now(), d, 'shop.customers') t
			ON t.measure = 'resolution' AND t.is_total = r.is_total AND t.period = r.period AND t.value IS NOT DISTINCT FROM r.value
	WHERE r.is_total = (d IS NULL)$$, 'and support_times');
SELECT set_eq('SELECT period, dimension, value, opening_tickets, tickets_opened, tickets_reopened, tickets_resolved, closing_tickets, oldest_age_days FROM nudge_analytics.support_backlog',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.opening, r.opened, r.reopened, r.resolved, r.closing, round(r.oldest_age_days, 1)
	FROM unnest('{NULL,priority,complexity,category,agent}'::text[]) d,
		nudge.backlog('shop.tickets', pg_temp.first_month('tickets', 'opened_at'), pg_temp.next_month(), 'month', 'Europe/Berlin', now(), d, 'shop.customers') r WHERE r.is_total = (d IS NULL)$$, 'support_backlog is backlog');
SELECT set_eq('SELECT period, dimension, value, asked, answered, response_rate, open_surveys, respondents, customers_answered, promoters, passives, detractors, score, score_low, score_high, band, action, score_change, p_value, complete FROM nudge_analytics.nps',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.asked, r.answered, r.response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors, r.score, r.score_low, r.score_high, r.band, r.action, r.score_change, r.p_value, r.complete
	FROM unnest('{NULL,segment,industry,company_size,region}'::text[]) d,
		nudge.nps_report('shop.surveys', pg_temp.first_month('surveys', 'sent_at', $c$lower(kind) = 'nps'$c$), pg_temp.next_month(), 'month', 'Europe/Berlin', now(), 'shop.customers', d) r WHERE r.is_total = (d IS NULL)$$, 'nps is nps_report');
SELECT set_eq('SELECT dimension, value, open_deals, open_amount, weighted_amount, overdue_deals, mean_age_days, stale_amount, activity_count, currency FROM nudge_analytics.sales_pipeline',
	$$SELECT CASE WHEN r.is_total THEN 'all' ELSE d END, CASE WHEN r.is_total THEN 'all' ELSE r.value END, r.open_deals, r.open_amount, r.weighted_amount, r.overdue_deals, round(r.mean_age_days, 1), r.stale_amount, r.activity_count, r.currency_code
	FROM unnest('{stage,owner,team,segment}'::text[]) d, nudge.pipeline_value('shop.deals', 'shop.deal_stages', 'shop.activities', 'Europe/Berlin', now(), d) r$$, 'sales_pipeline is pipeline_value');
SELECT set_eq('SELECT period, dimension, value, opening_deals, opening_amount, deals_created, created_amount, deals_closed, won, lost, no_decision, not_recorded, won_amount, lost_amount, not_recorded_amount, open_deals, open_amount, weighted_amount, average_deal_size, win_rate, win_rate_by_amount, cycle_deals, mean_cycle_days, median_cycle_days, qualified_deals, sales_velocity, quota, quota_attainment, quota_remaining, currency, complete FROM nudge_analytics.sales_performance',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.opening_deals, r.opening_amount, r.deals_created, r.created_amount, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded, r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, r.weighted_amount, r.average_deal_size, r.win_rate, r.win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days, r.qualified_deals, r.sales_velocity, r.quota, r.quota_attainment, r.quota_remaining, r.currency_code, r.complete
	FROM unnest('{NULL,owner,team,segment}'::text[]) d,
		nudge.sales_report('shop.deals', pg_temp.first_month('deals', 'created_at'), pg_temp.next_month(), 'shop.deal_stages', 'shop.quotas', 'month', 'Europe/Berlin', now(), d) r WHERE r.is_total = (d IS NULL)$$, 'sales_performance is sales_report');
SELECT set_eq('SELECT period, dimension, value, considered_minutes, downtime_minutes, uptime_share, outages, complete FROM nudge_analytics.platform_uptime',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.considered_minutes, r.downtime_minutes, r.uptime_share, r.outages, r.complete FROM unnest('{NULL,service}'::text[]) d,
		nudge.uptime('shop.incidents', 'shop.maintenance', pg_temp.first_month('incidents', 'started_at'), pg_temp.next_month(), 'month', 'Europe/Berlin', date_trunc('hour', now()), d) r WHERE r.is_total = (d IS NULL)$$, 'platform_uptime is uptime');
SELECT set_eq('SELECT period, dimension, value, incidents_started, mttr_minutes, mttd_minutes, mtbf_minutes, open_incidents FROM nudge_analytics.incident_summary',
	$$SELECT r.period, CASE WHEN r.all_severities THEN 'all' ELSE 'severity' END, CASE WHEN r.all_severities THEN 'all' ELSE r.severity END, r.incidents_started, r.mttr_minutes, r.mttd_minutes, r.mtbf_minutes, r.open_incidents
	FROM nudge.incident_report('shop.incidents', pg_temp.first_month('incidents', 'started_at'), pg_temp.next_month(), 'month', 'Europe/Berlin', date_trunc('hour', now())) r$$, 'incident_summary is incident_report');
SELECT set_eq('SELECT period, dimension, value, request_count, p95_ms, errors, error_rate, peak_requests_per_second, uptime_share, complete FROM nudge_analytics.platform_performance',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.request_count, r.p95_ms, r.errors, r.error_rate, r.peak_requests_per_second, u.uptime_share, r.complete
	FROM unnest('{NULL,endpoint}'::text[]) d,
		nudge.latency_report('shop.requests', pg_temp.first_month('requests', 'at'), pg_temp.next_month(), 'month', 'Europe/Berlin', date_trunc('hour', now()), d) r
		LEFT JOIN nudge.uptime('shop.incidents', 'shop.maintenance', pg_temp.first_month('requests', 'at'), pg_temp.next_month(), 'month', 'Europe/Berlin', date_trunc('hour', now())) u ON u.period = r.period AND r.is_total
	WHERE r.is_total = (d IS NULL)$$, 'platform_performance is latency_report, and uptime');
SELECT set_eq('SELECT period, dimension, value, deployment_count, elapsed_days, median_lead_time_hours, change_failure_rate, median_recovery_hours, bugs_opened, open_bugs, bug_escape_rate, coverage_share, complete FROM nudge_analytics.engineering_delivery',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.deployment_count, r.elapsed_days, r.median_lead_time_hours, r.change_failure_rate, r.median_recovery_hours, g.opened, g.closing, g.escape_rate, c.coverage, r.complete
	FROM unnest('{NULL,service}'::text[]) d,
		nudge.delivery_performance('shop.deployments', pg_temp.first_month('deployments', 'at'), pg_temp.next_month(), 'month', 'Europe/Berlin', now(), d) r
		LEFT JOIN nudge.bug_report('shop.bugs', pg_temp.first_month('deployments', 'at'), pg_temp.next_month(), 'month', 'Europe/Berlin', now()) g ON g.period = r.period AND g.all_severities AND r.is_total
		LEFT JOIN nudge.code_coverage('shop.coverage_samples', pg_temp.first_month('deployments', 'at'), pg_temp.next_month(), 'month', 'Europe/Berlin', now()) c ON c.period = r.period AND c.all_repositories AND r.is_total
	WHERE r.is_total = (d IS NULL)$$, 'engineering_delivery is delivery_performance, bug_report and code_coverage');
SELECT set_eq('SELECT period, category, depth, actual, own_actual, budget, variance, outcome, complete FROM nudge_analytics.cost_structure',
	$$SELECT r.period, r.category, r.depth, r.actual, r.own_actual, r.budget, r.variance, r.outcome, r.complete
	FROM nudge.budget_variance('shop.costs', 'shop.budgets', pg_temp.first_month('costs', 'period'), pg_temp.next_month(), 'month', 'Europe/Berlin', now()) r$$, 'cost_structure is budget_variance');
SELECT is_empty($$SELECT period FROM nudge_analytics.cost_structure GROUP BY period HAVING max(cost_share) FILTER (WHERE depth = 0) <> 1 OR sum(own_actual) <> max(actual) FILTER (WHERE depth = 0)$$, 'costs of categories add up to all');
SELECT set_eq('SELECT period, receipts, gross_burn, net_burn, cash_balance, runway_months, net_new_arr, burn_multiple, complete FROM nudge_analytics.burn_and_runway',
	$$SELECT r.period, r.receipts, r.gross_burn, r.net_burn, r.cash_balance, r.runway_months, r.net_new_arr, r.burn_multiple, r.complete
	FROM (SELECT nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, s.amount) AS state FROM subscriptions s) m,
		nudge.burn(m.state, 'shop.costs', pg_temp.first_month('costs', 'period'), pg_temp.next_month(), 'shop.cash', zone => 'Europe/Berlin', as_of => now(), currency => 'EUR') r$$, 'burn_and_runway is burn');
SELECT set_eq('SELECT period, channel, all_channels, competitor, mentions, mention_share, mention_share_change FROM nudge_analytics.competitive',
	$$SELECT r.period, r.channel, r.all_channels, r.competitor, r.voice, r.share, r.share_change FROM nudge.share_of_voice('shop.competitor_facts', pg_temp.first_month('competitor_facts', 'at'), pg_temp.next_month(), 'month', 'Europe/Berlin') r$$, 'competitive is share_of_voice');
SELECT set_eq('SELECT period, dimension, value, won, lost, win_rate, rate_low, win_rate_change FROM nudge_analytics.competitive_wins',
	$$SELECT r.period, coalesce(d, 'all'), CASE WHEN d IS NULL THEN 'all' ELSE r.value END, r.won, r.lost, r.win_rate, r.rate_low, r.win_rate_change FROM unnest('{NULL,competitor}'::text[]) d,
		nudge.win_rates('shop.deals', pg_temp.first_month('deals', 'closed_at'), pg_temp.next_month(), d, 'month', 'Europe/Berlin') r WHERE r.is_total = (d IS NULL)$$, 'competitive_wins is win_rates');

-- Attribution: by a state of all rows, and not by buckets
UPDATE conversions SET currency = 'usd' WHERE id % 3 = 0;
SELECT isnt(pg_temp.refresh('customer_journeys'), NULL, 'another currency is taken in');
-- the one of both currencies is an error, and nothing else stays behind
SELECT throws_ok($$SELECT pg_temp.refresh('journey_buckets'), pg_temp.refresh('acquisition_currencies'), pg_temp.refresh('channel_performance')$$, '22023', NULL, 'channels are not compared in two currencies');
SELECT pg_temp.refresh(m) FROM unnest('{journey_buckets,attribution_buckets,attribution_paths,channel_attribution}'::text[]) m \g /dev/null
SELECT is_empty($$SELECT FROM nudge.verify('channel_attribution') UNION ALL SELECT FROM nudge.verify('attribution_paths') UNION ALL SELECT FROM nudge.verify('customer_journeys')$$, 'attribution of two currencies is right');
CREATE TEMP VIEW state_of AS
	SELECT k.currency, min(k.at) AS first_at, nudge.journey_agg(r.customer, r.at, r.channel, r.revenue) AS state
	FROM (SELECT upper(c.currency) AS currency, min(c.at) AS at FROM conversions c GROUP BY 1) k,
		LATERAL (SELECT c.customer, c.at, NULL::text AS channel, c.revenue FROM conversions c WHERE upper(c.currency) = k.currency
			UNION ALL SELECT t.customer, t.at, t.channel, NULL FROM touches t WHERE t.customer IS NOT NULL
				AND (EXISTS (SELECT FROM conversions c WHERE c.customer = t.customer AND upper(c.currency) = k.currency) OR NOT EXISTS (SELECT FROM conversions c WHERE c.customer = t.customer))) r
	GROUP BY k.currency;
CREATE TEMP VIEW months_of AS
	SELECT s.currency, s.state, m::date AS period, least((m + interval '1 month')::date, (now() AT TIME ZONE 'Europe/Berlin')::date + 1) AS end_day
	FROM state_of s, generate_series(date_trunc('month', s.first_at AT TIME ZONE 'Europe/Berlin'), date_trunc('month', now() AT TIME ZONE 'Europe/Berlin'), interval '1 month') m;
SELECT set_eq($$SELECT currency, period, model, channel, conversions, revenue, revenue_share, assisted_conversions, assisted_revenue FROM nudge_analytics.channel_attribution WHERE model NOT IN ('markov', 'shapley', 'participation')$$,
	$$SELECT o.currency, o.period, m, a.channel, a.conversions, a.revenue, a.share, a.assisted_conversions, a.assisted_revenue
	FROM months_of o, unnest('{first_touch,last_touch,last_non_direct,linear,time_decay,position_based,j_shaped,inverse_j,w_shaped,blended}'::text[]) m,
		nudge.attribution(o.state, m, start_day => o.period, end_day => o.end_day, zone => 'Europe/Berlin') a$$, 'channel_attribution is attribution, of all customers at once');
SELECT set_eq($$SELECT currency, period, channel, conversions, revenue FROM nudge_analytics.channel_attribution WHERE model = 'participation'$$,
	$$SELECT o.currency, o.period, a.channel, a.conversions, a.revenue FROM months_of o, nudge.attribution(o.state, 'participation', start_day => o.period, end_day => o.end_day, zone => 'Europe/Berlin') a$$, 'as it is under participation');
SELECT set_eq($$SELECT currency, period, model, channel, conversions, revenue FROM nudge_analytics.channel_attribution WHERE model IN ('markov', 'shapley')$$,
	$$SELECT o.currency, o.period, a.* FROM months_of o, LATERAL (
		SELECT 'markov', m.channel, m.conversions, m.revenue FROM nudge.markov_attribution(o.state, start_day => o.period, end_day => o.end_day, zone => 'Europe/Berlin') m
		UNION ALL SELECT 'shapley', s.channel, s.conversions, s.revenue FROM nudge.shapley_attribution(o.state, start_day => o.period, end_day => o.end_day, zone => 'Europe/Berlin') s) a$$, 'and by all paths under markov and shapley');
SELECT is_empty($$SELECT a.currency, a.period, a.model FROM nudge_analytics.channel_attribution a WHERE a.model <> 'participation' GROUP BY a.currency, a.period, a.model
	HAVING sum(a.revenue) <> (SELECT sum(c.revenue) FROM conversions c WHERE upper(c.currency) = a.currency AND date_trunc('month', c.at AT TIME ZONE 'Europe/Berlin')::date = a.period
		AND (c.at AT TIME ZONE 'Europe/Berlin')::date <= (now() AT TIME ZONE 'Europe/Berlin')::date)$$, 'credits add up to the revenue, under each model');
UPDATE conversions SET currency = 'EUR';
SELECT pg_temp.refresh_all() \g /dev/null
SELECT set_eq('SELECT period, channel, cost, visitors, new_leads, new_customers, revenue, cac, roas, planned_cost, currency FROM nudge_analytics.channel_performance',
	$$SELECT m::date, r.channel, r.cost, r.visitors, r.new_leads, r.new_customers, r.revenue, r.cac, r.roas, r.planned_cost, r.currency_code
	FROM generate_series(least(pg_temp.first_month('conversions', 'at', 'customer IS NOT NULL'), date_trunc('month', (SELECT min(day) FROM spend))), pg_temp.next_month() - interval '1 month', interval '1 month') m,
		LATERAL (SELECT m::date AS first, least((m + interval '1 month')::date, (now() AT TIME ZONE 'Europe/Berlin')::date + 1) AS next) w,
		(SELECT nudge.journey_agg(r.customer, r.at, r.channel, r.revenue) AS state FROM (SELECT customer, at, NULL::text AS channel, revenue FROM conversions UNION ALL SELECT customer, at, channel, NULL FROM touches WHERE customer IS NOT NULL) r) j,
		nudge.channel_performance(j.state, 'linear', 'shop.spend', w.first, w.next, 'Europe/Berlin', leads => 'shop.leads', touches => 'shop.touches', budgets => 'shop.budgets', currency => 'EUR') r$$, 'channel_performance is channel_performance');

-- Time --------------------------------------------------------------------

-- As if the last refresh had been so long ago: the query is that of then, and
-- time alone brings back all that is there now.
-- asked 14 days ago, and not answered: waited for until a moment ago
INSERT INTO surveys (customer, kind, sent_at) VALUES ('c1', 'nps', now() - interval '14 days 30 minutes'), ('c2', 'nps', now() - interval '14 days');
-- before the window of now, but not before that of the month before
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('c1', date_trunc('month', now()) - interval '36 months' + interval '5 days', 5, 'EUR');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.refresh_all(), 'nothing', 'nothing is left to be done');
CREATE TEMP TABLE now_there AS SELECT * FROM pg_temp.contents();
CREATE FUNCTION pg_temp.after_a_pause(pause interval) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth, o.name LOOP
		UPDATE nudge.materialisations SET clock_at = now() - pause WHERE name = one AND has_clock;
		PERFORM nudge.refresh_batch(one, 0, NULL);
	END LOOP;
	RETURN QUERY SELECT 'then: ' || w FROM pg_temp.wrong() w;
	-- what was written then is told to those that read it: time alone must do
	DELETE FROM nudge.change_log;
	DELETE FROM nudge.pending;
	IF pause > interval '31 days' THEN
		RETURN QUERY SELECT format('%s has this month already', m.name) FROM nudge.materialisations m JOIN pg_attribute a ON a.attrelid = to_regclass('nudge_analytics.' || m.name) AND a.attname = 'period'
			WHERE m.has_clock AND EXISTS (SELECT FROM pg_temp.contents() c WHERE c.name = m.name AND c.row_text ~ (pg_temp.next_month() - interval '1 month')::date::text);
	END IF;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT 'now: ' || w FROM pg_temp.wrong() w;
	RETURN QUERY SELECT 'not there: ' || t::text FROM (SELECT * FROM now_there EXCEPT ALL SELECT * FROM pg_temp.contents()) t;
END
$$;
SELECT is_empty(format('SELECT pg_temp.after_a_pause(%L)', p), 'after ' || p || ' without a change time brings what it should')
FROM unnest('{45 days,1 day,5 hours,61 minutes,1 second,1 microsecond}'::interval[]) p;

-- Within a day what does not depend on it is left alone
UPDATE nudge.materialisations SET clock_at = now() - interval '1 microsecond' WHERE has_clock;
SELECT nudge.mark_run(m.name) FROM nudge.materialisations m \g /dev/null
SELECT is_empty($$SELECT p.materialisation FROM nudge.pending p WHERE p.materialisation IN ('cost_structure', 'burn_and_runway', 'channel_performance', 'competitive', 'competitive_wins', 'attribution_paths', 'channel_attribution', 'platform_uptime', 'platform_performance')$$,
	'within a day, or an hour, time alone computes nothing');

-- Edges -------------------------------------------------------------------

SELECT is((SELECT array_agg(w) FROM nudge.report_window('2024-03-31', 'UTC', 2) w)::text, (SELECT array_agg(w) FROM nudge.report_window('1980-01-01', 'UTC', 2) w)::text, 'a window has so many months at most');
SELECT is_empty($$SELECT FROM nudge.report_window(NULL, 'UTC') UNION ALL SELECT FROM nudge.report_window('infinity', 'UTC')$$, 'none has no day of data');
SET nudge.as_of = '2024-03-31 22:30Z';
SELECT is((SELECT w::text FROM nudge.report_window('2024-02-29', 'Europe/Berlin') w), '(2024-02-01,2024-05-01)', 'the month is that of the zone');
SELECT is((SELECT w::text FROM nudge.report_window('2024-02-29', 'UTC') w), '(2024-02-01,2024-04-01)', 'which in another is the one before');
SELECT is((SELECT w::text FROM nudge.report_window('2030-02-01', 'UTC') w), '(2024-03-01,2024-04-01)', 'data of days to come are no reason for a month');
SELECT results_eq($$SELECT start_day, end_day FROM nudge.report_windows('2023-11-03', 'UTC')$$, $$VALUES (date '2023-11-01', date '2024-04-01')$$, 'a report of all keys has one window');
SELECT is((SELECT changed FROM nudge.compute_as_owner('pg_class', $$SELECT 0::bigint, 0::bigint, (SELECT jsonb_agg(concat_ws('/', w.start_day, w.end_day) ORDER BY w.start_day) FROM nudge.report_windows('2023-11-03', 'UTC') w)$$,
	'{2024-01-01,2023-12-01,2024-03-01,2024-04-01,2023-10-01}')), '["2023-12-01/2024-02-01", "2024-03-01/2024-04-01"]', 'one of a batch has a window for each run of its months that there are');
SELECT set_eq($$SELECT nudge.period_ticks('month', 'Europe/Berlin')$$, '{2024-03-31 22:00Z,2024-03-31 22:00:00.000001Z}'::timestamptz[], 'a month begins in its zone');
SELECT set_eq($$SELECT nudge.period_ticks('day', 'UTC')$$, '{2024-03-31 00:00Z,2024-03-31 00:00:00.000001Z}'::timestamptz[], 'and so does a day');
RESET nudge.as_of;
-- no rows
SELECT format('TRUNCATE %I', i) FROM pg_temp.inputs() i \gexec
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'rows that are gone');
SELECT is_empty($$SELECT c.name FROM pg_temp.contents() c WHERE c.name NOT IN ('sales_pipeline')$$, 'leave nothing behind');
SELECT is_empty('SELECT pg_temp.wrong()', 'which is what the queries say');

-- Who has not bought is a path for those of any currency.  By hand: x y and y convert, without x half of them would, without y none;
-- after y x, which does not, 2/3 of paths convert, without x 4/9, without y none
CREATE FUNCTION pg_temp.day(n integer) RETURNS timestamptz LANGUAGE sql STABLE RETURN date_trunc('month', now()) - interval '1 month' + make_interval(days => n);
INSERT INTO touches (customer, at, channel) VALUES ('a', pg_temp.day(2), 'x'), ('a', pg_temp.day(3), 'y'), ('b', pg_temp.day(2), 'y');
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('a', pg_temp.day(5), 50, 'EUR'), ('b', pg_temp.day(5), 50, 'EUR');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT results_eq($$SELECT channel, round(revenue, 2) FROM nudge_analytics.attribution_paths WHERE model = 'markov' ORDER BY channel$$, $$VALUES ('x', 33.33), ('y', 66.67)$$, 'two paths that convert');
INSERT INTO touches (customer, at, channel) VALUES ('nobody', pg_temp.day(2), 'y'), ('nobody', pg_temp.day(3), 'x');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT results_eq($$SELECT channel, round(revenue, 2) FROM nudge_analytics.attribution_paths WHERE model = 'markov' ORDER BY channel$$, $$VALUES ('x', 25.00), ('y', 75.00)$$, 'and one that does not');
SELECT is_empty('SELECT pg_temp.wrong()', 'rightly too');
-- nothing is dated in the days to come: a bucket changes as a month leaves the window, and not before
UPDATE nudge.materialisations SET clock_at = date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' WHERE name = 'attribution_buckets';
SELECT nudge.mark_run('attribution_buckets') \g /dev/null
SELECT set_eq($$SELECT key FROM nudge.pending WHERE materialisation = 'attribution_buckets'$$, 'SELECT DISTINCT bucket::text FROM nudge_analytics.journey_buckets', 'a month that begins is of all buckets');
DELETE FROM nudge.pending;
UPDATE nudge.materialisations SET clock_at = date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' + interval '1 microsecond' WHERE name = 'attribution_buckets';
SELECT nudge.mark_run('attribution_buckets') \g /dev/null
SELECT is_empty($$SELECT FROM nudge.pending WHERE materialisation = 'attribution_buckets'$$, 'a day that begins of none');
INSERT INTO conversions (customer, at, revenue, currency) VALUES ('a', (date_trunc('day', now() AT TIME ZONE 'Europe/Berlin') - interval '12 hours') AT TIME ZONE 'Europe/Berlin', 50, 'EUR');
SELECT pg_temp.refresh_all() \g /dev/null
UPDATE nudge.materialisations SET clock_at = (SELECT date_trunc('day', max(b.last_conversion_at) AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' - interval '1 second' FROM nudge_analytics.journey_buckets b) WHERE name = 'attribution_buckets';
SELECT nudge.mark_run('attribution_buckets') \g /dev/null
SELECT is_empty($$SELECT b.bucket FROM nudge_analytics.journey_buckets b WHERE b.last_conversion_at = (SELECT max(last_conversion_at) FROM nudge_analytics.journey_buckets) AND b.bucket::text NOT IN (SELECT key FROM nudge.pending WHERE materialisation = 'attribution_buckets')$$,
	'a conversion that was dated ahead is of its bucket, be its day over by then');

SELECT * FROM finish();
ROLLBACK;
