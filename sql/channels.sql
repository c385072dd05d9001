-- What channels, campaigns and content cost, bring and earn; leads by stage.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = public, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- a came by search and social, bought for 100, and later for 50; b came by search and bought for 200; c came by nothing
-- and bought for 30; d bought in April.
CREATE TEMP TABLE journeys AS
SELECT journey_agg(customer, at, channel, revenue) AS state
FROM (VALUES ('a', timestamptz '2024-03-01 10:00Z', 'search', NULL), ('a', '2024-03-03 10:00Z', 'social', NULL), ('a', '2024-03-05 10:00Z', NULL, 100), ('a', '2024-03-20 10:00Z', NULL, 50),
	('b', '2024-03-02 10:00Z', 'search', NULL), ('b', '2024-03-10 10:00Z', NULL, 200), ('c', '2024-03-12 10:00Z', NULL, 30),
	('d', '2024-03-31 10:00Z', 'email', NULL), ('d', '2024-04-02 10:00Z', NULL, 500)) v(customer, at, channel, revenue);
CREATE TEMP TABLE spend (day date, channel text, amount numeric, currency text, campaign text, impressions integer, clicks integer);
INSERT INTO spend VALUES
	('2024-03-01', 'search', 100, 'EUR', 'brand de', 1000, 50), ('2024-03-31', 'search', 50, 'EUR', 'rivals', NULL, 10), ('2024-04-01', 'search', 999, 'EUR', 'rivals', 9, 9),
	('2024-03-02', 'social', 60, 'EUR', NULL, 500, NULL), ('2024-03-10', 'display', 40, 'EUR', 'generic de', 500, 5);

-- Linear: half of a's first purchase each, and half of the second; b's all to search
SELECT c.* FROM journeys, unnest(channel_credits(state, 'linear', '2024-03-01', '2024-04-01')) c ORDER BY c.channel;
SELECT channel, cost, impressions, clicks, new_customers AS customers, revenue, round(click_through_rate, 4) AS ctr, round(cost_per_click, 4) AS cpc,
	round(click_to_customer_rate, 4) AS click_rate, round(cac, 4) AS cac, round(roas, 4) AS roas, round(roi, 4) AS roi, round(cost_share, 4) AS share, currency_code AS cur
FROM journeys, channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', gross_margin => 0.8);
-- Other models, those from data too
SELECT m.model, r.channel, r.cost, round(r.new_customers, 4) AS customers, r.revenue, round(r.cac, 2) AS cac
FROM journeys, unnest('{first_touch,last_touch,markov,shapley}'::text[]) WITH ORDINALITY m(model, n), LATERAL channel_performance(state, model, 'spend', '2024-03-01', '2024-04-01') r
ORDER BY m.n, r.cost DESC;
-- With a lookback of 2 days nothing but social is left of a's first, and nothing of the others
SELECT channel, new_customers, revenue FROM journeys, channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', lookback => '2 days 1 second') ORDER BY channel;
-- Cost of salaries and tools, 100, spread by customers, by spend (150 : 60 : 40 : 0), by revenue (275 : 75 : 0 : 30)
SELECT s.shared_by, r.channel, r.cost, r.loaded_cost, round(r.loaded_cac, 2) AS loaded_cac, round(r.cac, 2) AS cac, round(r.payback_months, 2) AS payback, round(r.revenue_payback_months, 2) AS revenue_payback
FROM journeys, unnest('{customers,spend,revenue}'::text[]) WITH ORDINALITY s(shared_by, n),
	LATERAL channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', shared_cost => 100, shared_by => s.shared_by, arpa => 20, gross_margin => 0.5) r
ORDER BY s.n, r.channel;

-- Leads, visitors and budgets by channel.  Days are those of Berlin: L5 comes on 1 April there.
CREATE TEMP TABLE leads (lead integer, stage text, at timestamptz, source text, campaign text, customer text);
INSERT INTO leads VALUES
	(1, 'lead', '2024-03-02 10:00Z', 'search', 'brand de', NULL), (1, 'qualified', '2024-03-04 10:00Z', 'social', NULL, NULL), (1, 'customer', '2024-03-05 10:00Z', NULL, NULL, 'a'),
	(2, 'lead', '2024-03-03 10:00Z', 'search', NULL, NULL), (2, 'customer', '2024-04-10 10:00Z', NULL, 'rivals', 'b'),
	(3, 'lead', '2024-02-20 10:00Z', 'social', NULL, NULL), (3, 'qualified', '2024-03-20 10:00Z', NULL, NULL, NULL),
	(4, 'lead', '2024-03-07 10:00Z', NULL, NULL, NULL), (4, 'newsletter', '2024-03-06 10:00Z', NULL, NULL, NULL),
	(5, 'lead', '2024-03-31 22:30Z', 'search', NULL, NULL);
CREATE TEMP TABLE touches (anonymous_id text, "user" bigint, at timestamptz, channel text, campaign text);
INSERT INTO touches VALUES ('x', NULL, '2024-03-02 10:00Z', 'search', 'brand de'), ('x', 7, '2024-03-03 10:00Z', 'search', 'brand de'), ('y', NULL, '2024-03-03 10:00Z', 'search', 'rivals'),
	('x', NULL, '2024-03-04 10:00Z', 'social', NULL), (NULL, 7, '2024-03-04 10:00Z', 'email', NULL), ('z', NULL, '2024-02-29 22:59Z', 'search', NULL), ('z', NULL, '2024-02-29 23:00Z', 'search', 'rivals');
CREATE TEMP TABLE budgets (period date, category text, amount numeric, currency text);
INSERT INTO budgets VALUES ('2024-03-01', 'customer_acquisition/marketing/paid_advertising/search', 140, 'EUR'), ('2024-03-01', 'customer_acquisition/marketing/paid_advertising/social/video', 30, 'EUR'),
	('2024-03-01', 'customer_acquisition/marketing/paid_advertising/radio', 30, 'EUR'), ('2024-04-01', 'customer_acquisition/marketing/paid_advertising/search', 1, 'USD'), ('2024-03-01', 'customer_acquisition/sales', 1, 'EUR');
SELECT channel, cost, visitors, new_leads AS leads, new_customers AS customers, cost_per_lead, round(visitor_to_lead_rate, 4) AS visitor_to_lead, round(lead_to_customer_rate, 4) AS lead_to_customer,
	round(cost_share, 4) AS share, planned_cost AS planned, round(planned_share, 4) AS planned_share
FROM journeys, channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', 'Europe/Berlin', leads => 'leads', touches => 'touches', budgets => 'budgets');
-- a stage that makes a lead one; without spend there is no cost
SELECT channel, cost, cac, new_leads FROM journeys, channel_performance(state, 'linear', NULL, '2024-03-01', '2024-04-01', leads => 'leads', lead_stage => 'qualified');

-- Campaigns, and their kinds.  The channels of this state are campaigns.
CREATE TEMP TABLE campaigns (campaign text, channel text, kind text, budget_share numeric, started_at timestamptz, ended_at timestamptz);
INSERT INTO campaigns VALUES ('brand de', 'search', 'brand', 0.2, '2024-01-01 00:00Z', NULL), ('rivals', 'search', 'competitor', 0.3, NULL, '2024-04-01 00:00Z'), ('generic de', 'display', 'generic', 0.25, NULL, NULL),
	('generic fr', 'display', 'generic', 0.25, '2024-03-31 23:00Z', NULL), ('brand old', 'search', 'brand', 1, NULL, '2024-02-29 20:00Z');
CREATE TEMP TABLE campaign_journeys AS
SELECT journey_currency_agg(customer, at, campaign, revenue, 'EUR') AS state
FROM (VALUES (1, timestamp '2024-03-01', 'brand de', NULL), (1, '2024-03-02', 'rivals', NULL), (1, '2024-03-03', NULL, 80), (2, '2024-03-04', 'brand de', 100), (3, '2024-03-05', NULL, 10)) v(customer, at, campaign, revenue);
SELECT campaign, channel, kind, cost, new_leads AS leads, visitors, new_customers AS customers, revenue, round(cac, 2) AS cac, round(roi, 4) AS roi, round(cost_share, 4) AS share, planned_share
FROM campaign_journeys, campaign_performance(state, 'linear', 'spend', 'campaigns', '2024-03-01', '2024-04-01', gross_margin => 0.7, leads => 'leads', touches => 'touches');
SELECT campaign, channel, kind, cost, clicks, new_leads AS leads, visitors, new_customers AS customers, revenue, round(roi, 4) AS roi, planned_share
FROM campaign_journeys, campaign_performance(state, 'linear', 'spend', 'campaigns', '2024-03-01', '2024-04-01', 'kind', gross_margin => 0.7, leads => 'leads', touches => 'touches');
-- in a zone in which generic fr has not begun
SELECT kind, planned_share FROM campaign_journeys, campaign_performance(state, 'linear', 'spend', 'campaigns', '2024-03-01', '2024-04-01', 'kind', 'Europe/Berlin') ORDER BY kind;

-- Credits from anywhere
SELECT channel, cost, new_customers, revenue, cac FROM channel_performance(ARRAY[('search', 3, 900), ('fair', 1, 10)]::channel_credit[], 'spend', '2024-03-01', '2024-04-01');
SELECT campaign, kind, new_customers, revenue FROM campaign_performance('{"(brand de,2,50)","(unknown,1,5)","(,1,1)"}'::channel_credit[], 'spend', 'campaigns', '2024-03-01', '2024-04-01');
SELECT kind, new_customers, revenue FROM campaign_performance('{"(brand de,2,50)","(unknown,1,5)","(,1,1)"}'::channel_credit[], 'spend', 'campaigns', '2024-03-01', '2024-04-01', 'kind');
-- a campaign that has ended goes on to earn, but has no plan
SELECT campaign, kind, new_customers, revenue, planned_share FROM campaign_performance('{"(brand old,1,70)"}'::channel_credit[], NULL, 'campaigns', '2024-03-01', '2024-04-01') WHERE campaign LIKE 'brand%';
SELECT kind, new_customers, revenue, planned_share FROM campaign_performance('{"(brand old,1,70)"}'::channel_credit[], NULL, 'campaigns', '2024-03-01', '2024-04-01', 'kind') WHERE kind = 'brand';
-- nothing at all
SELECT count(*) FROM channel_performance(NULL::journey_state, 'linear', NULL, '2024-03-01', '2024-04-01');
SELECT count(*) FROM channel_performance('{}'::channel_credit[], NULL, '2024-03-01', '2024-04-01');
SELECT channel, cost, loaded_cost FROM channel_performance('{}'::channel_credit[], 'spend', '2024-03-01', '2024-04-01', shared_cost => 10);

-- Leads by stage: 1, 2 and 4 came in March; 2 was never seen to be qualified, but must have been
SELECT source, step, stage, lead_count, round(step_rate, 4) AS step_rate, round(overall_rate, 4) AS overall_rate, cost, round(cost_per_lead, 4) AS cost_per_lead
FROM lead_stages('leads', '{lead,qualified,customer}', '2024-03-01', '2024-04-01', 'Europe/Berlin', spend => 'spend');
SELECT source, step, stage, lead_count, round(step_rate, 4) AS step_rate, round(overall_rate, 4) AS overall_rate, cost, round(cost_per_lead, 4) AS cost_per_lead
FROM lead_stages('leads', '{lead,qualified,customer}', '2024-03-01', '2024-04-01', 'Europe/Berlin', 'source', spend => 'spend');
-- what was known at the end of March; who reached what in March: 3 was qualified then
SELECT step, stage, lead_count, cost FROM lead_stages('leads', '{lead,qualified,customer}', '2024-03-01', '2024-04-01', as_of => '2024-04-01 00:00Z');
SELECT step, stage, lead_count, round(step_rate, 4) AS step_rate FROM lead_stages('leads', '{lead,qualified,customer}', '2024-03-01', '2024-04-01', 'Europe/Berlin', counting => 'period');
SELECT source, step, lead_count FROM lead_stages('leads', '{lead,customer}', '2024-03-01', '2024-04-01', by => 'campaign');
SELECT step, stage, lead_count FROM lead_stages('leads', '[0:1]={lead,customer}', '2024-03-01', '2024-04-01');
SELECT * FROM lead_stages(NULL, '{lead,customer}', '2024-03-01', '2024-04-01');
SELECT count(*) FROM lead_stages(NULL, '{lead,customer}', '2024-03-01', '2024-04-01', by => 'source');

-- Content: guides every month, comparisons every week, a webinar that was not planned
CREATE TEMP TABLE content (content text, type text, published_at timestamptz);
INSERT INTO content VALUES ('g0', 'guide', '2024-02-10 10:00Z'), ('g1', 'guide', '2024-03-10 10:00Z'), ('g2', 'guide', '2024-04-09 10:00Z'),
	('c1', 'comparison', '2024-03-01 10:00Z'), ('c2', 'comparison', '2024-03-08 10:00Z'), ('c3', 'comparison', '2024-03-18 10:00Z'), ('c4', 'comparison', '2024-03-31 21:00Z'),
	('w1', 'webinar', '2024-03-05 10:00Z'), ('o1', 'old', '2023-01-01 10:00Z');
CREATE TEMP TABLE content_leads (lead text, stage text, at timestamptz, source text, campaign text);
INSERT INTO content_leads VALUES ('1', 'lead', '2024-03-11 10:00Z', 'blog', 'g1'), ('1', 'customer', '2024-05-01 10:00Z', NULL, NULL), ('2', 'lead', '2024-03-11 10:00Z', 'guide', NULL),
	('3', 'lead', '2024-03-12 10:00Z', NULL, 'c1'), ('4', 'lead', '2024-03-12 10:00Z', 'search', 'brand de'), ('5', 'lead', '2024-03-13 10:00Z', 'webinar', NULL), ('5', 'customer', '2024-03-14 10:00Z', NULL, NULL),
	('6', 'lead', '2024-02-13 10:00Z', 'webinar', NULL);
CREATE TEMP TABLE content_touches AS
	SELECT 'v' || n AS anonymous_id, timestamptz '2024-03-12 10:00Z' AS at, 'content' AS channel, CASE WHEN n <= 20 THEN 'g0' WHEN n <= 40 THEN 'g1' WHEN n <= 60 THEN 'c1' ELSE 'other' END AS campaign
	FROM generate_series(1, 70) n UNION ALL SELECT 'v1', '2024-03-13 10:00Z', 'content', 'g1';
SELECT type, published, round(planned, 4) AS planned, round(attainment, 4) AS attainment, round(pieces_per_month, 4) AS a_month, median_days_between AS median_days, round(planned_days_between, 4) AS planned_days,
	visitors, new_leads AS leads, customers, content_to_lead_rate AS to_lead, lead_to_customer_rate AS to_customer
FROM content_performance('content', 'content_leads', '2024-03-01', '2024-04-01', 'UTC', '{guide,comparison,tutorial}', '{monthly,weekly,bi-weekly}', 'content_touches');
-- two months and a half, at any cadence; without leads and touches
SELECT type, published, round(planned, 4) AS planned, round(pieces_per_month, 4) AS a_month, median_days_between AS median_days, planned_days_between AS planned_days, visitors, new_leads, customers
FROM content_performance('content', NULL, '2024-02-01', '2024-04-16', types => '{guide,comparison,webinar,old}', cadences => '{quarterly,daily,NULL,weekly}');
SELECT count(*) FROM content_performance(NULL, NULL, '2024-02-01', '2024-04-16');

-- Currencies: of spend, of the state, of budgets
SELECT channel FROM campaign_journeys, channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', currency => 'USD');
CREATE TEMP VIEW dollars AS SELECT day, channel, amount, 'USD' AS currency FROM spend;
SELECT channel FROM campaign_journeys, channel_performance(state, 'linear', 'dollars', '2024-03-01', '2024-04-01');
SELECT channel FROM journeys, channel_performance(state, 'linear', 'dollars', '2024-03-01', '2024-04-01', budgets => 'budgets');
SELECT channel FROM journeys, channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-05-01', budgets => 'budgets');
SELECT step FROM lead_stages('leads', '{lead}', '2024-03-01', '2024-04-01', spend => 'dollars', currency => 'EUR');
-- a negative cost has no share of what is spread by spend
CREATE TEMP VIEW refunds AS SELECT day, channel, CASE channel WHEN 'social' THEN -amount ELSE amount END AS amount, currency FROM spend;
SELECT channel, cost, loaded_cost, cac, payback_months FROM journeys, channel_performance(state, 'linear', 'refunds', '2024-03-01', '2024-04-01', shared_cost => 19, shared_by => 'spend', arpa => 10);
-- yen have no decimals: 100 over three customers
CREATE TEMP VIEW yen AS SELECT day, channel, amount, 'JPY' AS currency FROM spend;
SELECT channel, cost, loaded_cost FROM journeys, channel_performance(state, 'linear', 'yen', '2024-03-01', '2024-04-01', shared_cost => 100);
-- A NULL zone is UTC, and what happens at as_of is not known yet
SELECT (SELECT array_agg(c) FROM unnest(channel_credits(state, 'linear', '2024-03-01', '2024-04-01', NULL)) c) = channel_credits(state, 'linear', '2024-03-01', '2024-04-01') AS credits,
	(SELECT array_agg(p) FROM channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', NULL, leads => 'leads') p)
		= (SELECT array_agg(p) FROM channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', leads => 'leads') p) AS performance,
	(SELECT array_agg(l) FROM lead_stages('leads', '{lead,customer}', '2024-03-01', '2024-04-01', NULL) l)
		= (SELECT array_agg(l) FROM lead_stages('leads', '{lead,customer}', '2024-03-01', '2024-04-01') l) AS stages,
	(SELECT array_agg(c) FROM content_performance('content', 'leads', '2024-02-01', '2024-04-16', NULL) c)
		= (SELECT array_agg(c) FROM content_performance('content', 'leads', '2024-02-01', '2024-04-16') c) AS content
FROM journeys;
SELECT a.later, l.lead_count FROM (VALUES (interval '0'), (interval '1 microsecond')) a(later),
	LATERAL lead_stages('leads', '{lead}', '2024-03-01', '2024-04-01', as_of => (SELECT min(at) FROM leads WHERE stage = 'lead' AND at >= '2024-03-02') + a.later) l;

-- wrong arguments
SELECT * FROM journeys, channel_performance(state, 'no model', 'spend', '2024-03-01', '2024-04-01');
SELECT * FROM journeys, channel_performance(state, 'linear', 'spend', '2024-04-01', '2024-03-01');
SELECT * FROM journeys, channel_performance(state, 'linear', 'spend', '2024-03-01', '2024-04-01', shared_by => 'luck');
SELECT * FROM journeys, channel_performance(state, 'linear', 'leads', '2024-03-01', '2024-04-01');
SELECT * FROM journeys, campaign_performance(state, 'linear', 'spend', 'campaigns', '2024-03-01', '2024-04-01', 'color');
SELECT * FROM lead_stages('leads', '{lead,lead}', '2024-03-01', '2024-04-01');
SELECT * FROM lead_stages('leads', '{}', '2024-03-01', '2024-04-01');
SELECT * FROM lead_stages('leads', '{lead}', '2024-03-01', '2024-04-01', by => 'color');
SELECT * FROM lead_stages('leads', '{lead}', '2024-03-01', '2024-04-01', counting => 'all');
SELECT * FROM content_performance('content', NULL, '2024-02-01', '2024-04-16', types => '{guide}', cadences => '{yearly}');
SELECT * FROM content_performance('content', NULL, '2024-02-01', '2024-04-16', types => '{guide}', cadences => '{weekly,weekly}');
SELECT * FROM content_performance('content', NULL, '2024-02-01', '2024-04-16', types => '{guide,guide}');
