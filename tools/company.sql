--
-- company.sql
--		A made-up company that sells e-mail automation: three years of customers,
--		prices, users, events, marketing, sales, support, platform and money until
--		today, mapped as sources, deployed and refreshed.
--
-- psql -v customers=N changes its size from 300 customers, and with in_transaction
-- set nothing is refreshed.  Everything follows from hashes of numbers and from
-- the present day, nothing from chance.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\if :{?customers}
\else
\set customers 300
\endif
SET client_min_messages = warning;
SET timezone = 'UTC';

CREATE SCHEMA company;
COMMENT ON SCHEMA company IS 'A made-up company';
SET search_path = company, pg_catalog;

-- A number from 0 to 1, and one of several words, by a hash
CREATE FUNCTION company.u(key text) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (hashtextextended(key, 42) & 2147483647) / 2147483648.0;
CREATE FUNCTION company.one_of(key text, words text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN words[1 + floor(company.u(key) * cardinality(words))::integer];
-- months of the last three years, and the first instant of today
CREATE FUNCTION company.today() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE RETURN date_trunc('day', now(), 'UTC');
CREATE FUNCTION company.months() RETURNS SETOF date LANGUAGE sql STABLE PARALLEL SAFE
	RETURN generate_series(date_trunc('month', company.today(), 'UTC') - interval '35 months', company.today(), interval '1 month')::date;

-- Entities ------------------------------------------------------------------

CREATE TABLE plans (plan text PRIMARY KEY, family text, tier text, list_price numeric, interval_unit text, kind text, limits jsonb);
INSERT INTO plans VALUES ('Starter', 'Campaigns', 'starter', 29, 'month', 'plan', '{"e-mails": 5000}'), ('Growth', 'Campaigns', 'growth', 99, 'month', 'plan', '{"e-mails": 50000}'),
	('Scale', 'Campaigns', 'scale', 299, 'month', 'plan', '{"e-mails": 250000}'), ('Enterprise', 'Campaigns', 'enterprise', NULL, 'year', 'plan', '{"e-mails": 2000000}'),
	('Dedicated IP', 'Add-ons', NULL, 49, 'month', 'addon', NULL);

CREATE TABLE customers (customer text PRIMARY KEY, created_at timestamptz NOT NULL, name text, segment text, industry text, company_size text, region text, growth_tier text, sales_channel text, owner text, currency text,
	initial_amount numeric, internal boolean);
INSERT INTO customers (customer, created_at, segment, industry, region, growth_tier, sales_channel, owner, currency, internal)
SELECT c, company.today() - make_interval(hours => floor(26280 * (1 - sqrt(company.u(c || 'joined'))))::integer + 7),
	CASE WHEN s < 0.68 THEN 'SMB' WHEN s < 0.92 THEN 'Mid-Market' ELSE 'Enterprise' END,
	company.one_of(c || 'industry', '{Retail,Software,Media,Education,Travel}'), company.one_of(c || 'region', '{Europe,North America,Asia Pacific}'), company.one_of(c || 'tier', '{Rapid,Steady,Flat}'),
	CASE WHEN s < 0.68 THEN company.one_of(c || 'sold', '{Self-service,Self-service,Partner}') ELSE company.one_of(c || 'sold', '{Direct,Direct,Partner}') END,
	company.one_of(c || 'owner', '{Ada Lind,Bo Okafor,Cleo Marsh}'), 'USD', n % 97 = 0
FROM generate_series(1, :customers) n, LATERAL (SELECT 'c' || lpad(n::text, 5, '0')) k(c), LATERAL (SELECT company.u(c || 'segment')) t(s);
UPDATE customers SET name = company.one_of(customer || 'a', '{Alder,Birch,Cedar,Delta,Ember,Fjord,Grove,Harbor,Iris,Juniper,Kestrel,Lumen,Maple,North,Opal,Prairie,Quill,River,Summit,Tidal}') || ' '
		|| company.one_of(customer || 'b', '{Books,Foods,Labs,Media,Outfitters,Partners,Schools,Studio,Systems,Travel}') || ' ' || ltrim(substr(customer, 2), '0'),
	company_size = CASE segment WHEN 'SMB' THEN '1-50' WHEN 'Mid-Market' THEN '51-500' ELSE '501+' END;

CREATE TABLE users ("user" text PRIMARY KEY, customer text, signed_up_at timestamptz NOT NULL, plan text, role text, internal boolean);
INSERT INTO users ("user", customer, signed_up_at, role, internal)
SELECT c.customer || '-' || k, c.customer, least(c.created_at + make_interval(hours => floor(company.u(c.customer || k || 'signed') * 2000)::integer * (k - 1)), now() - interval '1 hour'),
	CASE WHEN k = 1 THEN 'admin' ELSE company.one_of(c.customer || k || 'role', '{marketer,analyst,designer}') END, c.internal
FROM customers c, generate_series(1, CASE c.segment WHEN 'SMB' THEN 2 WHEN 'Mid-Market' THEN 4 ELSE 8 END) k;
CREATE INDEX ON users (customer);

-- Money ---------------------------------------------------------------------

CREATE TABLE subscriptions (customer text NOT NULL, subscription text, item text NOT NULL, plan text NOT NULL, valid_from timestamptz NOT NULL, valid_to timestamptz, amount numeric NOT NULL, interval_unit text, interval_count integer, quantity numeric,
	currency text, status text, booked_at timestamptz, end_reason text, seats numeric);
-- a customer has up to five prices, one after another; some pause, some leave
INSERT INTO subscriptions
SELECT c.customer, c.customer || '-s', c.customer || '-plan', p.plan, t.starts, t.ends, p.amount, p.unit, 1, 1, 'USD', CASE WHEN t.ends IS NULL THEN 'active' ELSE 'ended' END, t.starts,
	CASE WHEN t.leaves THEN company.one_of(c.customer || 'why', '{voluntary,voluntary,involuntary}') END, p.seats
FROM customers c, LATERAL (SELECT floor(company.u(c.customer || 'changes') * 5)::integer AS changes) n, generate_series(0, n.changes) k,
	LATERAL (SELECT c.created_at + make_interval(days => 14 + k * (60 + floor(company.u(c.customer || 'pace') * 150)::integer)) AS starts,
		k = n.changes AND company.u(c.customer || 'leaves') < CASE c.segment WHEN 'SMB' THEN 0.4 WHEN 'Mid-Market' THEN 0.25 ELSE 0.08 END AS leaves,
		company.u(c.customer || k || 'pauses') < 0.05 AS pauses) s,
	LATERAL (SELECT s.starts, s.leaves, CASE WHEN k = n.changes AND NOT s.leaves THEN NULL ELSE s.starts + make_interval(days => CASE WHEN s.leaves THEN 45 + floor(company.u(c.customer || 'stays') * 300)::integer
		ELSE 60 + floor(company.u(c.customer || 'pace') * 150)::integer - CASE WHEN s.pauses THEN 35 ELSE 0 END END) END AS ends) t,
	LATERAL (SELECT CASE c.segment WHEN 'SMB' THEN 1 WHEN 'Mid-Market' THEN 2 ELSE 4 END + least(k, 1) * floor(company.u(c.customer || k || 'up') * 2)::integer AS rank,
		greatest(1, floor(company.u(c.customer || 'seats') * CASE c.segment WHEN 'SMB' THEN 4 WHEN 'Mid-Market' THEN 12 ELSE 60 END * (1 + k * (company.u(c.customer || k || 'seats') - 0.25))))::numeric AS seats) r,
	LATERAL (SELECT (ARRAY['Starter', 'Growth', 'Scale', 'Enterprise'])[least(r.rank, 4)] AS plan, r.seats,
		CASE least(r.rank, 4) WHEN 1 THEN 29 + 5 * r.seats WHEN 2 THEN 99 + 9 * r.seats WHEN 3 THEN 299 + 9 * r.seats ELSE 12 * (900 + 8 * r.seats) END AS amount, CASE WHEN r.rank >= 4 THEN 'year' ELSE 'month' END AS unit) p
WHERE t.starts < now();
-- prices end in the future only if that is agreed
UPDATE subscriptions SET valid_to = NULL, status = 'active', end_reason = NULL WHERE valid_to > now() + interval '30 days';
UPDATE subscriptions SET status = 'active' WHERE valid_to > now();
INSERT INTO subscriptions SELECT s.customer, s.subscription, s.customer || '-ip', 'Dedicated IP', s.valid_from + interval '20 days', NULL, 49, 'month', 1, 1, 'USD', 'active', s.valid_from, NULL, NULL
FROM subscriptions s WHERE s.valid_to IS NULL AND s.valid_from < now() - interval '60 days' AND s.plan <> 'Starter' AND company.u(s.customer || 'ip') < 0.3;
CREATE INDEX ON subscriptions (customer);
UPDATE customers c SET initial_amount = (SELECT round(s.amount / CASE s.interval_unit WHEN 'year' THEN 12 ELSE 1 END, 2) FROM subscriptions s WHERE s.customer = c.customer ORDER BY s.valid_from LIMIT 1);
UPDATE users u SET plan = (SELECT s.plan FROM subscriptions s WHERE s.customer = u.customer AND s.plan <> 'Dedicated IP' ORDER BY s.valid_from DESC LIMIT 1);

CREATE TABLE contracts (customer text, contract text, signed_at timestamptz, starts_at timestamptz, ends_at timestamptz, term_months numeric, amount numeric, currency text);
INSERT INTO contracts SELECT s.customer, s.item || s.valid_from::date, s.valid_from - interval '9 days', s.valid_from, s.valid_from + make_interval(months => m), m, s.amount * m / 12, 'USD'
FROM subscriptions s, LATERAL (SELECT CASE WHEN company.u(s.item || s.valid_from::date || 'term') < 0.3 THEN 24 ELSE 12 END) t(m) WHERE s.interval_unit = 'year';
CREATE TABLE charges (customer text, at timestamptz, kind text, units numeric, rate numeric, amount numeric, currency text);
INSERT INTO charges SELECT c.customer, m + interval '3 days', CASE WHEN company.u(c.customer || m || 'kind') < 0.8 THEN 'overage' ELSE 'service' END, 1000, 0.04, 40, 'USD'
FROM customers c, company.months() m WHERE c.created_at < m AND company.u(c.customer || m || 'charge') < 0.06;
CREATE TABLE payments (customer text, at timestamptz, amount numeric, currency text, outcome text, method text, failure text);
INSERT INTO payments SELECT s.customer, p.at, s.amount, 'USD', CASE WHEN p.fails THEN 'failed' ELSE 'paid' END, 'card', CASE WHEN p.fails THEN 'insufficient funds' END
FROM subscriptions s, LATERAL generate_series(s.valid_from, least(coalesce(s.valid_to, now()), now()), CASE s.interval_unit WHEN 'year' THEN interval '1 year' ELSE interval '1 month' END) g(at),
	LATERAL (SELECT g.at, company.u(s.item || g.at::date || 'fails') < 0.03 AS fails) p;
CREATE TABLE usage (customer text, meter text, period date, volume numeric, plan_limit numeric, rate numeric);
INSERT INTO usage SELECT c.customer, 'e-mails', m, floor(company.u(c.customer || m || 'volume') * l.most * 1.2), l.most, 0.0004
FROM customers c, company.months() m, LATERAL (SELECT CASE c.segment WHEN 'SMB' THEN 5000 WHEN 'Mid-Market' THEN 50000 ELSE 2000000 END) l(most) WHERE c.created_at < m;
CREATE TABLE exchange_rates (currency text, day date, rate numeric, base text);
INSERT INTO exchange_rates SELECT 'EUR', m, round((1.05 + 0.1 * company.u(m || 'rate'))::numeric, 4), 'USD' FROM company.months() m;

-- Behaviour -----------------------------------------------------------------

CREATE TABLE features (feature text PRIMARY KEY, tier text, default_on boolean, released_at timestamptz);
INSERT INTO features SELECT f, t, d, company.today() - make_interval(days => n) FROM (VALUES ('campaigns', 'starter', true, 1200), ('automations', 'growth', false, 900), ('segments', 'starter', false, 800), ('a/b tests', 'growth', false, 500), ('api', 'scale', false, 300)) v(f, t, d, n);
CREATE TABLE events ("user" text, anonymous_id text, customer text, at timestamptz NOT NULL, name text NOT NULL, feature text, success boolean, duration interval, value numeric, page text);
-- what a user does first, as far as it gets
INSERT INTO events ("user", customer, at, name, page)
SELECT u."user", u.customer, u.signed_up_at + e.after * (0.2 + company.u(u."user" || e.name)), e.name, '/' || e.name
FROM users u, (VALUES ('signup', interval '0', 1.0), ('import_contacts', interval '3 hours', 0.85), ('create_campaign', interval '9 hours', 0.75), ('send_campaign', interval '20 hours', 0.6), ('invite_colleague', interval '5 days', 0.25)) e(name, after, share)
WHERE company.u(u."user" || 'gets') < e.share;
-- and later, on some days of some weeks, in sessions
INSERT INTO events ("user", customer, at, name, feature, success, duration, page)
SELECT u."user", u.customer, d.at + make_interval(mins => i * 7), CASE f.feature WHEN 'campaigns' THEN 'send_campaign' WHEN 'segments' THEN 'edit_segment' WHEN 'automations' THEN 'run_automation' WHEN 'api' THEN 'api_call' ELSE 'start_test' END, f.feature,
	company.u(d.key || i || 'ok') < 0.96, make_interval(secs => 5 + 300 * company.u(d.key || i || 'took')), '/' || replace(f.feature, '/', '-')
FROM users u JOIN customers c USING (customer),
	LATERAL (SELECT coalesce((SELECT CASE WHEN bool_and(s.valid_to IS NOT NULL) THEN max(s.valid_to) END FROM subscriptions s WHERE s.customer = u.customer), now()) AS until) l,
	LATERAL generate_series(u.signed_up_at + interval '1 day', least(l.until, now() - interval '1 hour'), interval '9 days') g(at),
	LATERAL (SELECT u."user" || g.at::date AS key, g.at + make_interval(hours => floor(company.u(u."user" || g.at::date || 'hour') * 190)::integer) AS at) d,
	LATERAL (SELECT 1 + floor(company.u(d.key || 'actions') * 4)::integer AS actions) n, generate_series(1, n.actions) i,
	LATERAL (SELECT company.one_of(d.key || i || 'feature', '{campaigns,campaigns,campaigns,segments,automations,a/b tests,api}') AS feature) f
WHERE company.u(d.key || 'comes') < 0.15 + 0.55 * company.u(u."user" || 'keen') AND d.at < now();
-- visitors, of whom some sign up
INSERT INTO events (anonymous_id, at, name, page)
SELECT 'v' || n, company.today() - make_interval(mins => floor(company.u('v' || n) * 1576800)::integer), 'visit', company.one_of('v' || n || 'page', '{/,/pricing,/blog}') FROM generate_series(1, :customers * 6) n;
CREATE TABLE identities (anonymous_id text, "user" text, customer text, valid_from timestamptz);
INSERT INTO identities SELECT 'v' || row_number() OVER (ORDER BY u."user"), u."user", u.customer, u.signed_up_at - interval '10 days' FROM users u WHERE u.role = 'admin';
CREATE TABLE action_sets (name text, event text);
INSERT INTO action_sets VALUES ('core', 'send_campaign'), ('core', 'run_automation'), ('core', 'start_test');
INSERT INTO nudge.action_sets VALUES ('activation', 'send_campaign');
INSERT INTO nudge.funnel_definitions (funnel, step_no, event, target_volume, target_rate, max_gap) VALUES ('activation', 1, 'signup', 20, NULL, NULL), ('activation', 2, 'import_contacts', NULL, 0.8, '24 hours'),
	('activation', 3, 'create_campaign', NULL, 0.8, '24 hours'), ('activation', 4, 'send_campaign', NULL, 0.7, '7 days'), ('activation', 5, 'invite_colleague', NULL, 0.3, NULL);

-- Acquisition ---------------------------------------------------------------

CREATE TABLE campaigns (campaign text PRIMARY KEY, channel text, kind text, budget_share numeric, started_at timestamptz, ended_at timestamptz);
INSERT INTO campaigns SELECT c, h, k, b, company.today() - make_interval(days => d), CASE WHEN d > 800 THEN company.today() - interval '200 days' END
FROM (VALUES ('Search brand', 'Paid search', 'brand', 0.2, 1000), ('Search generic', 'Paid search', 'generic', 0.3, 700), ('Social launch', 'Paid social', 'generic', 0.2, 500), ('Deliverability guide', 'Content', 'content', 0.1, 600),
	('Spring webinar', 'Events', 'event', 0.1, 300), ('Onboarding series', 'E-mail', 'content', 0.1, 1000)) v(c, h, k, b, d);
CREATE TABLE partners (partner text PRIMARY KEY, kind text, joined_at timestamptz, left_at timestamptz);
INSERT INTO partners SELECT p, k, company.today() - make_interval(days => d), NULL FROM (VALUES ('Bright Agency', 'agency', 900), ('Shop Connect', 'technology', 400)) v(p, k, d);
CREATE TABLE touches (customer text, at timestamptz, channel text, campaign text, partner text);
INSERT INTO touches SELECT c.customer, c.created_at - make_interval(hours => floor(company.u(c.customer || k || 'before') * 900)::integer), t.channel, (SELECT min(g.campaign) FROM campaigns g WHERE g.channel = t.channel),
	CASE WHEN t.channel = 'Partner' THEN 'Bright Agency' END
FROM customers c, generate_series(1, 1 + floor(company.u(c.customer || 'touches') * 4)::integer) k,
	LATERAL (SELECT company.one_of(c.customer || k || 'channel', CASE WHEN c.sales_channel = 'Partner' THEN '{Partner,Content,E-mail}'::text[] ELSE '{Paid search,Paid social,Content,Organic search,Organic search,Direct,E-mail,Events}' END) AS channel) t;
INSERT INTO touches SELECT 'p' || n, company.today() - make_interval(hours => floor(company.u('p' || n || 'at') * 26000)::integer), t.channel, NULL, NULL FROM generate_series(1, :customers) n, LATERAL (SELECT company.one_of('p' || n, '{Paid search,Paid social,Content,Organic search}') AS channel) t;
CREATE INDEX ON touches (customer);
CREATE TABLE conversions (customer text, at timestamptz, revenue numeric, currency text, kind text, conversion text);
INSERT INTO conversions SELECT c.customer, s.at, round(12 * c.initial_amount, 2), 'USD', 'purchase', c.customer FROM customers c, LATERAL (SELECT min(s.valid_from) AS at FROM subscriptions s WHERE s.customer = c.customer) s WHERE s.at IS NOT NULL;
CREATE TABLE leads (lead text, customer text, stage text, at timestamptz, source text, campaign text);
INSERT INTO leads SELECT 'l-' || c.customer, c.customer, s.stage, c.created_at - s.before, t.channel, t.campaign
FROM customers c, (VALUES ('lead', interval '12 days'), ('qualified', interval '6 days'), ('customer', interval '-14 days')) s(stage, before), LATERAL (SELECT t.channel, t.campaign FROM touches t WHERE t.customer = c.customer ORDER BY t.at, t.channel LIMIT 1) t
WHERE c.created_at - s.before < now();
INSERT INTO leads SELECT 'l-' || t.customer, NULL, 'lead', t.at, t.channel, NULL FROM touches t WHERE t.customer LIKE 'p%';
CREATE TABLE content (content text PRIMARY KEY, type text, published_at timestamptz, channel text);
INSERT INTO content VALUES ('Deliverability guide', 'guide', company.today() - interval '600 days', 'Content'), ('Spring webinar', 'webinar', company.today() - interval '300 days', 'Events');
CREATE TABLE spend (day date, channel text, amount numeric, currency text, campaign text, impressions bigint, clicks bigint, partner text);
INSERT INTO spend SELECT d::date, v.channel, round((v.a * (0.6 + 0.8 * company.u(d || v.campaign)) * :customers / 300)::numeric, 2), 'USD', v.campaign, floor(v.a * 90 * (0.5 + company.u(d || v.campaign || 'i')))::bigint, floor(v.a * 0.6 * (0.5 + company.u(d || v.campaign || 'c')))::bigint, NULL
FROM generate_series(company.today() - interval '1090 days', company.today() - interval '1 day', interval '7 days') d, (VALUES ('Paid search', 'Search brand', 160.0), ('Paid search', 'Search generic', 260), ('Paid social', 'Social launch', 140), ('Content', 'Deliverability guide', 80),
	('Events', 'Spring webinar', 60)) v(channel, campaign, a);
CREATE TABLE sends (campaign text, customer text, at timestamptz, count bigint, delivered bigint, opened bigint, clicked bigint);
INSERT INTO sends SELECT 'Onboarding series', c.customer, c.created_at + make_interval(days => 2 * k), n, n - floor(n * 0.03)::bigint, floor(n * (0.25 + 0.3 * company.u(c.customer || k || 'opened')))::bigint, floor(n * 0.12 * company.u(c.customer || k || 'clicked'))::bigint
FROM customers c, generate_series(1, 3) k, LATERAL (SELECT (SELECT count(*) FROM users u WHERE u.customer = c.customer)::bigint * 10 AS n) t WHERE c.created_at + make_interval(days => 2 * k) < now();

-- Sales ---------------------------------------------------------------------

CREATE TABLE deals (deal text PRIMARY KEY, customer text, created_at timestamptz, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, owner text, team text, competitor text, reason text, segment text, partner text, expected_close date);
INSERT INTO deals
SELECT 'd' || n, NULL, d.created, round((500 + 9000 * power(company.u('d' || n || 'size'), 3))::numeric, -1) * 12, 'USD',
	CASE WHEN d.closed <= now() THEN CASE WHEN d.won THEN 'won' ELSE 'lost' END ELSE company.one_of('d' || n || 'stage', '{qualified,demo,proposal}') END, CASE WHEN d.closed <= now() THEN d.closed END,
	CASE WHEN d.closed > now() THEN NULL WHEN d.won THEN 'won' WHEN company.u('d' || n || 'no') < 0.25 THEN 'no_decision' ELSE 'lost' END, company.one_of('d' || n || 'owner', '{Dana Ruiz,Eli Novak,Fay Chen}'),
	CASE WHEN company.one_of('d' || n || 'owner', '{Dana Ruiz,Eli Novak,Fay Chen}') = 'Fay Chen' THEN 'East' ELSE 'West' END, CASE WHEN company.u('d' || n || 'rival') < 0.5 THEN company.one_of('d' || n || 'rival', '{MailForge,SendPilot}') END,
	CASE WHEN d.closed <= now() THEN company.one_of('d' || n || 'reason', '{price,features,timing,support}') END, company.one_of('d' || n || 'segment', '{Mid-Market,Mid-Market,Enterprise}'), NULL, (d.created + interval '50 days')::date
FROM generate_series(1, :customers) n,
	LATERAL (SELECT company.today() - make_interval(hours => 8 + floor(company.u('d' || n || 'created') * 26000)::integer) AS created) c,
	LATERAL (SELECT c.created, c.created + make_interval(hours => 200 + floor(company.u('d' || n || 'cycle') * 1800)::integer) AS closed, company.u('d' || n || 'won') < 0.31 AS won) d;
CREATE TABLE deal_stages (deal text, stage text, at timestamptz);
INSERT INTO deal_stages SELECT d.deal, s.stage, d.created_at + s.share * (coalesce(d.closed_at, now()) - d.created_at) FROM deals d, (VALUES ('qualified', 0.0), ('demo', 0.3), ('proposal', 0.7)) s(stage, share) WHERE d.outcome IS NOT NULL OR s.share <= (CASE d.stage WHEN 'qualified' THEN 0.0 WHEN 'demo' THEN 0.3 ELSE 0.7 END);
CREATE INDEX ON deal_stages (deal);
CREATE TABLE activities (owner text, at timestamptz, kind text, deal text);
INSERT INTO activities SELECT d.owner, d.created_at + k * interval '5 days', company.one_of(d.deal || k, '{call,mail,meeting}'), d.deal FROM deals d, generate_series(1, 4) k WHERE d.created_at + k * interval '5 days' < coalesce(d.closed_at, now());
CREATE INDEX ON activities (deal);
CREATE TABLE quotas (owner text, period date, amount numeric, currency text);
INSERT INTO quotas SELECT o, m, 12000 * :customers / 300, 'USD' FROM company.months() m, unnest('{Dana Ruiz,Eli Novak,Fay Chen}'::text[]) o;

-- Customer success and support ----------------------------------------------

CREATE TABLE tickets (ticket text PRIMARY KEY, customer text, opened_at timestamptz, first_response_at timestamptz, resolved_at timestamptz, reopened_at timestamptz, priority text, complexity text, category text, csat numeric, escalated boolean, contacts integer, agent text);
INSERT INTO tickets
SELECT 't' || n, t.customer, t.opened, CASE WHEN t.opened + t.first < now() THEN t.opened + t.first END, CASE WHEN t.opened + t.whole < now() AND company.u('t' || n || 'open') > 0.02 THEN t.opened + t.whole END, NULL, company.one_of('t' || n || 'priority', '{low,normal,normal,high,urgent}'),
	company.one_of('t' || n || 'complexity', '{simple,simple,complex}'), company.one_of('t' || n || 'category', '{deliverability,billing,import,automation,other}'), CASE WHEN company.u('t' || n || 'csat') < 0.4 THEN 3 + floor(company.u('t' || n || 'score') * 3) END,
	company.u('t' || n || 'escalated') < 0.08, 1 + floor(company.u('t' || n || 'contacts') * 3)::integer, company.one_of('t' || n || 'agent', '{Gil,Hana,Ivo}')
FROM generate_series(1, :customers * 8) n,
	LATERAL (SELECT 'c' || lpad((1 + floor(company.u('t' || n || 'who') * :customers))::text, 5, '0') AS customer) w JOIN customers c USING (customer),
	LATERAL (SELECT w.customer, c.created_at + (company.today() - c.created_at) * company.u('t' || n || 'when') AS opened, make_interval(mins => 4 + floor(300 * power(company.u('t' || n || 'first'), 2))::integer) AS first,
		make_interval(mins => 40 + floor(4000 * power(company.u('t' || n || 'whole'), 3))::integer) AS whole) t;
CREATE TABLE surveys (customer text, "user" text, kind text, score numeric, sent_at timestamptz, answered_at timestamptz);
INSERT INTO surveys SELECT u.customer, u."user", 'nps', CASE WHEN s.answers THEN floor(3 + 8 * sqrt(company.u(s.key || 'score'))) END, s.at, CASE WHEN s.answers THEN s.at + interval '20 hours' END
FROM users u, LATERAL generate_series(u.signed_up_at + interval '60 days', now() - interval '2 days', interval '182 days') g(at), LATERAL (SELECT g.at, u."user" || g.at::date AS key, company.u(u."user" || g.at::date || 'answers') < 0.45 AS answers) s;
CREATE INDEX ON surveys (customer);
CREATE TABLE scores (entity text, at timestamptz, score numeric, factors jsonb, model text);
INSERT INTO scores SELECT c.customer, g.at, round((45 + 45 * company.u(c.customer || 'health') + 10 * company.u(c.customer || g.at::date || 'health') - CASE WHEN l.leaves AND g.at > l.until - interval '60 days' THEN 25 ELSE 0 END)::numeric, 1),
	jsonb_build_object('usage', round((100 * company.u(c.customer || g.at::date || 'usage'))::numeric, 1), 'support', round((60 + 40 * company.u(c.customer || g.at::date || 'support'))::numeric, 1), 'billing', 100), 'rules'
FROM customers c, LATERAL (SELECT bool_and(s.valid_to IS NOT NULL) AS leaves, max(s.valid_to) AS until FROM subscriptions s WHERE s.customer = c.customer) l,
	LATERAL generate_series(date_trunc('month', c.created_at) + interval '1 month', CASE WHEN l.leaves THEN least(l.until, now()) ELSE now() END, interval '1 month') g(at);
CREATE TABLE account_facts (customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz);
INSERT INTO account_facts SELECT c.customer, f, v, c.created_at, c.created_at + interval '30 days', NULL FROM customers c, (VALUES ('sponsor_status', 'strong'), ('criterion_met', 'true'), ('documented_roi', '2.5')) w(f, v)
WHERE c.segment <> 'SMB' AND company.u(c.customer || f) < 0.6 AND c.created_at < now() - interval '40 days';
INSERT INTO account_facts SELECT c.customer, f.fact, f.value, c.created_at, c.created_at + make_interval(days => 20 + floor(company.u(c.customer || f.fact || 'when') * 90)::integer), NULL
FROM customers c, (VALUES ('success_plan_on_track', 0.5, NULL), ('upsell_identified', 0.4, NULL), ('unmet_need', 0.3, NULL), ('growth_plan', 0.35, NULL), ('implementation_met', 0.8, NULL), ('requirement_met', 0.6, NULL), ('feature_delivered', 0.5, NULL), ('referenceable', 0.5, NULL),
		('use_case_implemented', 0.7, NULL), ('contact_level', 0.7, 'executive'), ('contact_level', 0.9, 'user'), ('category_spend', 0.5, '24000'), ('solution_fit', 0.6, '75')) w(fact, share, fixed),
	LATERAL (SELECT w.fact, coalesce(w.fixed, (company.u(c.customer || w.fact || 'is') < 0.8)::text) AS value) f
WHERE c.segment <> 'SMB' AND company.u(c.customer || w.fact || coalesce(w.fixed, '')) < w.share AND c.created_at < now() - interval '120 days';
INSERT INTO account_facts SELECT c.customer, 'qbr_held', 'true', NULL, g.at, g.at FROM customers c, LATERAL generate_series(c.created_at + interval '80 days', now(), interval '91 days') g(at) WHERE c.segment <> 'SMB' AND company.u(c.customer || g.at::date || 'qbr') < 0.6;
CREATE TABLE interventions (customer text, at timestamptz, reason text, kind text, outcome text, outcome_at timestamptz);
INSERT INTO interventions SELECT s.entity, s.at + interval '2 days', 'health below 60', 'call', company.one_of(s.entity || s.at::date, '{saved,saved,churned}'), s.at + interval '30 days' FROM scores s WHERE s.score < 60 AND company.u(s.entity || s.at::date || 'act') < 0.3 AND s.at + interval '30 days' < now();
CREATE TABLE dimension_history (customer text, dimension text, value text, valid_from timestamptz, valid_to timestamptz);
INSERT INTO dimension_history SELECT c.customer, 'segment', v.value, CASE WHEN v.first THEN '-infinity' ELSE m.at END, CASE WHEN v.first THEN m.at END
FROM customers c, LATERAL (SELECT c.created_at + (now() - c.created_at) * 0.5 AS at) m, LATERAL (VALUES (true, 'SMB'), (false, c.segment)) v(first, value) WHERE c.segment = 'Mid-Market' AND company.u(c.customer || 'grew') < 0.3;

-- Costs, platform, market ---------------------------------------------------

CREATE TABLE costs (period date, category text, amount numeric, currency text, variable boolean, plan text);
INSERT INTO costs SELECT m.period, v.category, round((v.a * :customers / 300 * (0.6 + 0.4 * m.n / 36.0) * (0.92 + 0.16 * company.u(m.period || v.category)))::numeric, 2), 'USD', v.variable, NULL
FROM (SELECT m AS period, row_number() OVER (ORDER BY m) AS n FROM company.months() m) m, (VALUES ('product_delivery/infrastructure', 5200.0, true), ('product_delivery/support', 6100, true), ('customer_acquisition/marketing/paid_advertising', 2900, true),
	('customer_acquisition/marketing/content', 900, false), ('customer_acquisition/sales', 9500, false), ('product_development/pay', 19000, false), ('administration', 6000, false)) v(category, a, variable);
CREATE TABLE budgets (period date, category text, amount numeric, currency text);
INSERT INTO budgets SELECT c.period, c.category, round(c.amount * (0.95 + 0.1 * company.u(c.period || c.category || 'budget')::numeric), -2), 'USD' FROM costs c;
CREATE TABLE cash (day date, balance numeric, currency text);
INSERT INTO cash SELECT m.period, 2000000::bigint * :customers / 300 - m.n * 14000 * :customers / 300, 'USD' FROM (SELECT m AS period, row_number() OVER (ORDER BY m) AS n FROM company.months() m) m;
CREATE TABLE incidents (incident text PRIMARY KEY, started_at timestamptz, ended_at timestamptz, severity text, outage boolean, detected_at timestamptz, service text);
INSERT INTO incidents SELECT 'i' || n, i.at, i.at + make_interval(mins => 6 + floor(power(company.u('i' || n || 'long'), 3) * 200)::integer), v.severity, v.severity IN ('critical', 'major'), i.at + interval '4 minutes', company.one_of('i' || n || 'service', '{delivery,editor,api}')
FROM generate_series(1, 60) n, LATERAL (SELECT company.today() - make_interval(mins => 60 + floor(company.u('i' || n || 'at') * 1570000)::integer) AS at) i, LATERAL (SELECT company.one_of('i' || n || 'severity', '{critical,major,minor,minor,minor}') AS severity) v;
CREATE TABLE maintenance (started_at timestamptz, ended_at timestamptz, service text);
INSERT INTO maintenance SELECT m + interval '9 days 2 hours', m + interval '9 days 4 hours', 'delivery' FROM company.months() m WHERE m + interval '10 days' < now();
CREATE TABLE requests (at timestamptz, duration_ms numeric, count bigint, endpoint text, error boolean, part text);
INSERT INTO requests SELECT d + make_interval(hours => k), round((60 + 900 * power(company.u(d || e || k), 4))::numeric, 1), 1 + floor(company.u(d || e || k || 'n') * 90)::bigint, e, company.u(d || e || k || 'error') < 0.012, NULL
FROM generate_series(company.today() - interval '400 days', company.today() - interval '1 day', interval '2 days') d, unnest('{/send,/segments,/reports}'::text[]) e, generate_series(1, 20, 4) k;
CREATE TABLE resource_samples (at timestamptz, resource text, utilisation numeric);
INSERT INTO resource_samples SELECT d, r, round((0.3 + 0.5 * company.u(d || r))::numeric, 3) FROM generate_series(company.today() - interval '120 days', company.today(), interval '1 day') d, unnest('{cpu,memory,disk}'::text[]) r;
CREATE TABLE deployments (at timestamptz, change_created_at timestamptz, failed boolean, restored_at timestamptz, service text);
INSERT INTO deployments SELECT d.at, d.at - make_interval(hours => 3 + floor(company.u(n || 'lead') * 70)::integer), d.failed, CASE WHEN d.failed THEN d.at + make_interval(mins => 15 + floor(company.u(n || 'back') * 90)::integer) END, company.one_of(n || 'service', '{delivery,editor,api}')
FROM generate_series(1, 700) n, LATERAL (SELECT company.today() - make_interval(hours => 2 + floor(company.u(n || 'deploy') * 26000)::integer, secs => n) AS at, company.u(n || 'fails') < 0.09 AS failed) d;
CREATE TABLE bugs (bug text PRIMARY KEY, opened_at timestamptz, closed_at timestamptz, severity text, escaped boolean);
INSERT INTO bugs SELECT 'b' || n, b.at, CASE WHEN company.u('b' || n || 'open') > 0.06 THEN least(b.at + make_interval(hours => 5 + floor(company.u('b' || n || 'fix') * 400)::integer), now()) END, company.one_of('b' || n || 'severity', '{critical,major,minor,minor}'), company.u('b' || n || 'escaped') < 0.3
FROM generate_series(1, 300) n, LATERAL (SELECT company.today() - make_interval(hours => 9 + floor(company.u('b' || n || 'at') * 26000)::integer) AS at) b;
CREATE TABLE coverage_samples (at timestamptz, coverage numeric, repository text);
INSERT INTO coverage_samples SELECT m + interval '5 days', round((0.7 + 0.2 * company.u(m || r || 'cover'))::numeric, 4), r FROM company.months() m, unnest('{app,delivery}'::text[]) r WHERE m + interval '5 days' < now();
CREATE TABLE competitors (competitor text PRIMARY KEY, starter_price numeric);
INSERT INTO competitors VALUES ('MailForge', 25), ('SendPilot', 39);
CREATE TABLE competitor_facts (at timestamptz, competitor text, kind text, channel text, value numeric, detail text);
INSERT INTO competitor_facts SELECT m + interval '4 days', w, 'mention', h, floor(10 + 90 * company.u(m || w || h)), NULL FROM company.months() m, unnest('{us,MailForge,SendPilot}'::text[]) w, unnest('{web,press,social}'::text[]) h WHERE m + interval '4 days' < now();

-- The warehouse -------------------------------------------------------------

SET search_path = pg_catalog;
ANALYZE;
SELECT nudge.map_source(i.input, format('company.%I', i.input)::regclass, zone => 'UTC') FROM nudge.inputs i WHERE to_regclass(format('company.%I', i.input)) IS NOT NULL ORDER BY i.input \g /dev/null
SELECT count(*) FROM nudge.deploy(zone => 'UTC', buckets => greatest(4, :customers / 4000), currency => 'USD') \g /dev/null
SELECT nudge.annotate((company.today() - interval '200 days')::date, 'launch', 'API for everybody'), nudge.annotate((company.today() - interval '330 days')::date, 'price change', 'Growth from 89 to 99 USD') \g /dev/null
SELECT nudge.load_example_targets(currency => 'USD') \g /dev/null
INSERT INTO nudge.sales_stages (stage, position, win_probability, qualified) VALUES ('qualified', 1, 0.15, false), ('demo', 2, 0.35, true), ('proposal', 3, 0.6, true);
SELECT nudge.load_example_sla_targets() \g /dev/null
\if :{?in_transaction}
\else
CALL nudge.run_due();
\endif
RESET search_path;
RESET timezone;
RESET client_min_messages;
