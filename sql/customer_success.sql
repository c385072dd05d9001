-- Customers at risk: revenue, risk-adjusted retention, interventions, lead time, stability, portfolios.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The table of the documentation, at the close of 2024-06-30.
-- MRR: ann 500 green 90, ben 300 yellow 70, cat 200 yellow 62 (at risk), dan 400 red 40 (at risk), eve 100 without a score, fay left in March
CREATE TEMP TABLE subs (customer text, valid_from date, valid_to date, mrr numeric);
INSERT INTO subs VALUES ('ann', '2023-01-01', NULL, 500), ('ben', '2023-01-01', NULL, 300), ('cat', '2023-02-01', NULL, 200), ('dan', '2023-05-01', NULL, 400),
	('eve', '2024-05-01', NULL, 100), ('fay', '2023-01-01', '2024-03-01', 250), ('gus', '2023-06-15', '2024-06-30', 150);
CREATE TEMP TABLE company AS SELECT mrr_currency_agg(customer, valid_from, valid_to, mrr, 'EUR') AS state FROM subs;
CREATE TEMP TABLE scores (entity text, at timestamptz, score numeric);
INSERT INTO scores VALUES
	-- 12 months before: ann, ben green; cat, dan yellow; fay red; gus without
	('ann', '2023-06-01Z', 80), ('ben', '2023-06-01Z', 85), ('cat', '2023-06-01Z', 79.5), ('dan', '2023-06-30 23:59Z', 60), ('fay', '2023-06-01Z', 59.9),
	('ann', '2024-06-01Z', 90), ('ben', '2024-06-01Z', 70), ('cat', '2024-06-01Z', 62), ('dan', '2024-06-30 23:59:59Z', 40), ('dan', '2024-06-01Z', 90),
	-- not known yet
	('ann', '2024-07-01Z', 10);
SELECT l.* FROM company, at_risk_revenue_lines(state, 'scores', '2024-06-30') l;
-- 500 + 300 + 200 + 400 + 100 = 1500; at risk 600, of which yellow 200
SELECT band, is_total, customers, mrr, round(mrr_share, 4) AS share, at_risk_customers AS at_risk, at_risk_mrr, round(at_risk_mrr_share, 4) AS at_risk_share, currency_code FROM company, at_risk_revenue(state, 'scores', '2024-06-30');
-- bands are half-open from below, the threshold is not at risk; other thresholds
SELECT customer, score, band, at_risk FROM company, at_risk_revenue_lines(state, 'scores', '2023-06-30', 80);
SELECT customer, score, band, at_risk FROM company, at_risk_revenue_lines(state, 'scores', '2024-06-30', 62, 70.5, 90);
-- the day before gus paid still; the reading of a day in New York, of a state of instants
SELECT is_total, customers, mrr FROM company, at_risk_revenue(state, 'scores', '2024-06-28') WHERE is_total;
CREATE TEMP TABLE instants AS SELECT mrr_agg(customer, valid_from::timestamp AT TIME ZONE 'UTC', valid_to::timestamp AT TIME ZONE 'UTC', mrr) AS state FROM subs;
SELECT customer, mrr, score FROM instants, at_risk_revenue_lines(state, 'scores', '2024-06-30', zone => 'America/New_York') WHERE customer = 'ann';
SELECT customer, mrr, score FROM instants, at_risk_revenue_lines(state, 'scores', '2024-06-29', zone => 'Pacific/Auckland') WHERE customer = 'gus' OR customer = 'dan';
-- two readings of one instant: the lower; no scores; no customers; no state
CREATE TEMP VIEW twice AS SELECT * FROM scores UNION ALL SELECT 'ann', '2024-06-01Z', 88;
SELECT customer, score FROM company, at_risk_revenue_lines(state, 'twice', '2024-06-30') WHERE customer = 'ann';
SELECT band, is_total, customers, mrr, at_risk_mrr, at_risk_mrr_share FROM company, at_risk_revenue(state, NULL, '2024-06-30');
SELECT band, is_total, customers, mrr, mrr_share, at_risk_mrr, at_risk_mrr_share FROM company, at_risk_revenue(state, 'scores', '2020-06-30');
SELECT band, is_total, customers, mrr, mrr_share, at_risk_mrr_share, currency_code FROM at_risk_revenue(NULL, 'scores', '2020-06-30');

-- Risk-adjusted retention.  Who paid at the close of 2023-06-30: ann, ben (green, both stay), cat, dan (yellow, both stay), fay (red, left), gus (no band, left):
-- green 2 of 2, yellow 2 of 2, red 0 of 1, overall 4 of 6.  With one customer a band: ann 1, ben 1, cat 1, dan (red now) 0, eve (no band) 4/6
SELECT customer, mrr, score, band, churn_probability AS p, cohort_customers AS cohort, cohort_retained AS kept, round(retention, 4) AS retention, basis
FROM company, risk_adjusted_retention_lines(state, 'scores', '2024-06-30', minimum_customers => 1);
-- (500 + 300 + 200 + 0 + 100 x 4/6) / 1500 = 1066.67 / 1500 = 0.7111
SELECT band, is_total, customers, mrr, known_mrr, round(retained_mrr, 2) AS retained, round(risk_adjusted_retention, 4) AS rarr, coverage, basis, currency_code
FROM company, risk_adjusted_retention(state, 'scores', '2024-06-30', minimum_customers => 1);
-- two customers a band: red has one only, so dan has 4/6 too: (1000 + 500 x 4/6) / 1500 = 0.8889; with 30 all have 4/6
SELECT customer, cohort_customers AS cohort, round(retention, 4) AS retention, basis FROM company, risk_adjusted_retention_lines(state, 'scores', '2024-06-30', minimum_customers => 2);
SELECT minimum, round(risk_adjusted_retention, 4) AS rarr, basis FROM company, (VALUES (2), (3), (30)) v(minimum), risk_adjusted_retention(state, 'scores', '2024-06-30', minimum_customers => minimum) WHERE is_total;
-- a model: ann .05, the latest of dan .7, of one instant the higher (the cautious one); the others as before
CREATE TEMP TABLE churn (entity text, at timestamptz, score numeric, model text);
INSERT INTO churn VALUES ('ann', '2024-06-01Z', 0.05, 'logit'), ('dan', '2024-05-01Z', 0.1, 'logit'), ('dan', '2024-06-01Z', 0.7, 'logit'), ('dan', '2024-06-01Z', 0.6, 'logit'), ('dan', '2024-07-01Z', 0, 'logit'), ('zoe', '2024-06-01Z', 1, 'logit');
SELECT customer, churn_probability AS p, retention, basis FROM company, risk_adjusted_retention_lines(state, 'scores', '2024-06-30', 'churn', 1) WHERE basis = 'churn_probability';
-- (475 + 300 + 200 + 120 + 66.67) / 1500
SELECT band, is_total, round(retained_mrr, 2) AS retained, round(risk_adjusted_retention, 4) AS rarr, basis FROM company, risk_adjusted_retention(state, 'scores', '2024-06-30', 'churn', 1);
-- nobody paid twelve months before: nothing is known, but for the model
SELECT band, is_total, mrr, known_mrr, retained_mrr, risk_adjusted_retention AS rarr, coverage, basis FROM company, risk_adjusted_retention(state, 'scores', '2023-06-30');
CREATE TEMP VIEW early AS SELECT entity, at - interval '1 year' AS at, score FROM churn WHERE entity = 'ann';
SELECT is_total, mrr, known_mrr, retained_mrr, risk_adjusted_retention AS rarr, round(coverage, 4) AS coverage, basis FROM company, risk_adjusted_retention(state, 'scores', '2023-06-30', 'early') WHERE is_total;
SELECT r.* FROM company, risk_adjusted_retention(state, 'scores', '2020-06-30') r;
-- months before a day: the last of a month of the last of another
SELECT d::date, months_before(d::date, 3), months_before(d::date, 12) FROM (VALUES ('2024-06-30'), ('2024-02-29'), ('2025-02-28'), ('2024-05-30'), ('2024-03-31'), ('2024-12-31')) v(d);

-- Interventions: window of 90 days, at risk below 65, healthy from 80
CREATE TEMP TABLE interventions (customer text, at timestamptz, reason text, kind text, outcome text, outcome_at timestamptz);
INSERT INTO interventions VALUES
	('ann', '2024-01-10Z', 'usage', 'call', 'saved', '2024-02-10Z'), ('ben', '2024-01-10Z', 'usage', 'visit', NULL, NULL), ('cat', '2024-01-20Z', 'support', 'call', 'lost', '2024-06-01Z'),
	('dan', '2024-01-20Z', 'usage', NULL, NULL, NULL), ('eve', '2024-01-25Z', 'support', 'call', 'unknown', NULL), ('fay', '2024-03-20Z', 'usage', 'call', NULL, NULL),
	('gus', '2024-03-20Z', 'usage', 'call', NULL, NULL), ('ann', '2024-01-31 23:30Z', 'support', 'call', NULL, NULL), ('out', '2024-04-01Z', 'usage', 'call', NULL, NULL);
CREATE TEMP TABLE readings (entity text, at timestamptz, score numeric, model text);
INSERT INTO readings SELECT entity, at::timestamptz, score, 'health' FROM (VALUES
	-- ann 50, then 79.9, then 80 on the 90th day less a second: success; at the second 64.9, and at the same instant 81, of which the lower counts
	('ann', '2024-01-01Z', 50), ('ann', '2024-01-01Z', 95), ('ann', '2024-01-31 23:30Z', 64.9), ('ann', '2024-01-31 23:30Z', 81), ('ann', '2024-03-01Z', 79.9), ('ann', '2024-04-08 23:59:59Z', 80),
	-- ben 60, healthy at the end of the 90th day only: failed
	('ben', '2024-01-10Z', 60), ('ben', '2024-04-09Z', 95),
	-- cat is not at risk at 65; dan stays low; eve has no score before
	('cat', '2024-01-19Z', 65), ('dan', '2024-01-01Z', 0), ('dan', '2024-03-01Z', 70), ('eve', '2024-01-26Z', 90),
	-- fay healthy at once, but the 90 days run until 2024-06-18; gus not yet
	('fay', '2024-03-01Z', 30), ('fay', '2024-03-21Z', 85), ('gus', '2024-03-01Z', 30), ('out', '2024-03-01Z', 30)) v(entity, at, score);
SELECT customer, at, reason, score, status, counted, recovered_at, round(days_to_recovery, 4) AS days, due_at, outcome, outcome_at
FROM intervention_success_lines('interventions', 'readings', '2024-01-01', '2024-04-01', as_of => '2024-05-01Z');
-- counted: ann twice (both healthy on 04-08), ben, dan: 2 of 4; customers 1 of 3
SELECT * FROM intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', as_of => '2024-05-01Z');
SELECT value, is_total AS total, interventions_made AS made, not_at_risk, not_scored, not_due, counted, succeeded, round(success_rate, 4) AS rate, at_risk_customers AS customers, recovered_customers AS recovered, round(recovery_rate, 4) AS recovery
FROM (VALUES ('reason'), ('kind'), ('outcome')) v(d), intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', "by" => d, as_of => '2024-05-01Z');
-- later fay counts, gus has failed; the edge: due on 2024-06-18
SELECT as_of, not_due, counted, succeeded, round(success_rate, 4) AS rate FROM (VALUES (timestamptz '2024-06-17 23:59:59.999999Z'), ('2024-06-18Z'), (NULL)) v(as_of), LATERAL intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', as_of => v.as_of);
-- by month; in New York the second of ann is of January still, in Auckland of February
SELECT period, value, is_total, interventions_made AS made, counted, succeeded, complete FROM intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', 'month', as_of => '2024-05-01Z', "by" => 'reason');
SELECT period, interventions_made AS made FROM intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', 'month', zone => 'Pacific/Auckland');
-- leaving red is health enough; 51 days
SELECT customer, status, recovered_at FROM intervention_success_lines('interventions', 'readings', '2024-01-01', '2024-02-01', healthy_from => 65, within_days => 51) WHERE status NOT LIKE 'not%';
SELECT counted, success_rate, recovery_rate, complete FROM intervention_success(NULL, 'readings', '2024-01-01', '2024-04-01');
SELECT not_scored, counted, success_rate FROM intervention_success('interventions', NULL, '2024-01-01', '2024-04-01');

-- Lead time.  First reading at risk while it pays, to churn or contraction
CREATE TEMP TABLE periods (customer text, valid_from timestamptz, valid_to timestamptz, mrr numeric);
INSERT INTO periods VALUES
	('a', '2023-01-01Z', '2024-03-01Z', 100),                                        -- at risk 01-10, churn 03-01: 51 days
	('b', '2023-01-01Z', '2024-02-01Z', 100), ('b', '2024-02-01Z', NULL, 60),        -- at risk 01-12, contraction 02-01: 20 days
	('c', '2023-01-01Z', NULL, 100),                                                 -- at risk 02-01, censored at 04-30 24:00: 90 days
	('d', '2023-01-01Z', '2024-02-10Z', 100),                                        -- churn without a reading: missed
	('e', '2023-01-01Z', NULL, 100),                                                 -- 65, never at risk
	('f', '2023-01-01Z', '2024-01-05Z', 100), ('f', '2024-04-01Z', NULL, 50),        -- at risk only when it did not pay: its churn is missed
	('g', '2023-01-01Z', '2024-01-15Z', 100),                                        -- at risk at the instant at which it leaves: too late, missed
	('h', '2023-01-01Z', '2024-03-15Z', 100), ('h', '2024-03-15Z', NULL, 60);        -- at risk at the instant of its contraction: missed, and censored after 47 days
CREATE TEMP TABLE paying AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM periods;
CREATE TEMP TABLE risk (entity text, at timestamptz, score numeric);
INSERT INTO risk VALUES ('a', '2024-01-10Z', 64.9), ('a', '2024-02-10Z', 10), ('b', '2024-01-12Z', 50), ('b', '2023-12-31Z', 20), ('c', '2024-02-01Z', 64), ('c', '2024-03-01Z', 99), ('e', '2024-02-01Z', 65),
	('f', '2024-02-01Z', 5), ('g', '2024-01-15Z', 5), ('c', '2024-05-01Z', 0), ('h', '2024-03-15Z', 5);
SELECT customer, at_risk_at, score, impact, impact_at, round(days, 4) AS days, status FROM paying, at_risk_lead_time_lines(state, 'risk', '2024-01-01', '2024-05-01');
-- events at 20 (of 4) and, after h at 47, at 51 (of 2): survival 3/4, 3/8: median 51; mean 35.5; 2 of 6 detected
SELECT r.* FROM paying, at_risk_lead_time(state, 'risk', '2024-01-01', '2024-05-01') r;
-- without contraction b is censored at 110 days, h at 47: one event at 51, of three: no median; 1 of 4 detected
SELECT r.* FROM paying, at_risk_lead_time(state, 'risk', '2024-01-01', '2024-05-01', include_contraction => false) r;
-- until February 15: b, d, f and g, of which b was seen; that a leaves in March makes no difference
SELECT impacts, impacts_in_window, missed, round(detection_rate, 4) AS detection_rate FROM paying, at_risk_lead_time(state, 'risk', '2024-01-01', '2024-02-15', as_of => '2024-05-01Z');
-- known before March 1 there is no churn of a yet; a window of February, in which b left whose reading was in January; another threshold
SELECT r.* FROM paying, at_risk_lead_time(state, 'risk', '2024-01-01', '2024-05-01', as_of => '2024-03-01Z') r;
SELECT customer, at_risk_at, impact, round(days, 4) AS days, status FROM paying, at_risk_lead_time_lines(state, 'risk', '2024-02-01', '2024-03-01', as_of => '2024-05-01Z');
SELECT customer, at_risk_at, status FROM paying, at_risk_lead_time_lines(state, 'risk', '2024-01-01', '2024-05-01', 64) ORDER BY 1;
SELECT r.* FROM paying, at_risk_lead_time(state, NULL, '2024-01-01', '2024-05-01') r;
-- an impact as the window ends is not in it; one at the instant of the only reading, or of a reading while nothing was paid, was not seen
SELECT impacts_in_window, missed FROM paying, at_risk_lead_time(state, 'risk', '2024-02-01', '2024-02-10', as_of => '2024-05-01Z');
SELECT impacts, impacts_in_window, missed FROM paying, at_risk_lead_time(state, 'risk', '2024-01-01', '2024-03-01', as_of => '2024-05-01Z');
SELECT customer, at_risk_at, impact_at, status FROM paying, at_risk_lead_time_lines(state, 'risk', '2024-01-15', '2024-01-16', as_of => '2024-05-01Z');
SELECT * FROM at_risk_lead_time(NULL, 'risk', '2024-01-01', '2024-05-01');

-- Kaplan-Meier: Miller's data, as survival prints them: .909091 .818182 .715909 .613636 .490909 .368182 .184091, median 31; .8333 ... , median 23
SELECT day, at_risk, events, censored, round(survival, 6) AS survival
FROM kaplan_meier('{9,13,13,18,23,28,31,34,45,48,161}', '{t,t,f,t,t,f,t,t,f,t,f}');
SELECT median_survival('{9,13,13,18,23,28,31,34,45,48,161}', '{t,t,f,t,t,f,t,t,f,t,f}') AS maintained, median_survival('{5,5,8,8,12,16,23,27,30,33,43,45}', '{t,t,t,t,t,f,t,t,t,t,t,t}') AS not_maintained;
-- exactly one half: 6/8 x 2/3; nothing; all censored; ties of both; days of fractions
SELECT day, round(survival, 12) AS survival FROM kaplan_meier('{1,1,2,2,2,3,4,5}', '{t,t,f,f,f,t,f,f}');
SELECT median_survival('{1,1,2,2,2,3,4,5}', '{t,t,f,f,f,t,f,f}') AS half, median_survival('{}', '{}') AS nobody, median_survival('{3,4}', '{f,f}') AS censored, median_survival('{0,0.5}', '{t,f}') AS at_once, median_survival(NULL, '{t}');
SELECT * FROM kaplan_meier('{}', '{}');
SELECT day, at_risk, events, censored, round(survival, 12) AS survival FROM kaplan_meier('{0.5,0.5,0}', '{t,f,t}');
-- decimals that do not end are kept to 40: 5/6, and 5/6 x 1/2
SELECT day, survival FROM kaplan_meier('{1,2,2,2,3,4}', '{t,f,f,f,t,f}') WHERE events > 0;

-- Stability: 12 weeks from 2024-04-08 to 2024-06-30.  even: 2 days a week, 1; uneven: 5 and 3 by turns, mean 4, deviation 1, 0.75; rare: one day, mean 1/12, CV sqrt(11), 0;
-- young came in the second week; old had no day in them
CREATE TEMP TABLE events (customer text, at timestamptz, name text);
INSERT INTO events SELECT 'even', timestamptz '2024-04-08Z' + w * interval '7 days' + d * interval '1 day', 'login' FROM generate_series(0, 11) w, generate_series(0, 1) d;
INSERT INTO events SELECT 'even', at + interval '1 hour', 'login' FROM events;
INSERT INTO events SELECT 'uneven', timestamptz '2024-04-08Z' + w * interval '7 days' + d * interval '1 day', 'use' FROM generate_series(0, 11) w, generate_series(0, 4) d WHERE d < 3 OR w % 2 = 0;
INSERT INTO events SELECT c, '2024-04-01Z', 'use' FROM unnest('{even,uneven,rare}'::text[]) c;
INSERT INTO events VALUES ('rare', '2024-04-14 23:59Z', 'use'), ('young', '2024-04-15Z', 'use'), ('old', '2024-04-07 23:59Z', 'use'), (NULL, '2024-05-01Z', 'use'), ('late', '2024-07-01Z', 'use');
SELECT customer, known_weeks AS known, active_days AS days, active_weeks AS weeks, round(mean_active_days, 4) AS mean, round(coefficient_of_variation, 4) AS cv, round(stability, 4) AS stability FROM engagement_stability_lines('events', '2024-06-30');
-- (1 + 0.75 + 0) / 3
SELECT all_customers, known_customers, round(mean_stability, 4) AS mean, round(median_stability, 4) AS median FROM engagement_stability('events', '2024-06-30');
-- a week that is not over does not count: until July 6 the same, on July 7 a week later; New York is a day behind; Sunday; some events; fewer weeks
SELECT customer, round(mean_active_days, 4) AS mean FROM engagement_stability_lines('events', '2024-07-06') WHERE customer = 'uneven';
SELECT customer, active_weeks, round(mean_active_days, 4) AS mean, round(stability, 4) AS stability FROM engagement_stability_lines('events', '2024-07-07') WHERE customer IN ('uneven', 'young');
SELECT customer, known_weeks AS known, active_days AS days, round(stability, 4) AS stability FROM engagement_stability_lines('events', '2024-06-30', zone => 'America/New_York') WHERE customer IN ('even', 'old', 'young');
SELECT customer, active_days AS days FROM engagement_stability_lines('events', '2024-06-30', week_start => 'sunday') WHERE customer IN ('even', 'old');
SELECT customer, stability FROM engagement_stability_lines('events', '2024-06-30', login_events => '{login}');
SELECT customer, active_days AS days, round(stability, 4) AS stability FROM engagement_stability_lines('events', '2024-06-30', weeks => 1);
SELECT * FROM engagement_stability(NULL, '2024-06-30');

-- Portfolios: of ben nobody is known to look after
CREATE TEMP TABLE accounts (customer text, created_at date, owner text);
INSERT INTO accounts VALUES ('ann', '2023-01-01', 'olga'), ('cat', '2023-01-01', 'olga'), ('dan', '2023-01-01', 'pete'), ('eve', '2023-01-01', 'pete'), ('fay', '2023-01-01', 'olga');
CREATE TEMP VIEW done AS SELECT customer, at, reason, outcome, outcome_at FROM interventions WHERE customer <> 'out' UNION ALL SELECT 'dan', '2024-06-30Z', 'usage', 'saved', '2024-07-01Z' UNION ALL SELECT 'dan', '2024-07-01Z', 'usage', NULL, NULL UNION ALL SELECT 'dan', '2024-06-01Z', 'usage', NULL, '2024-06-02Z';
SELECT r.* FROM company, portfolio_lines(state, 'scores', 'accounts', '2024-06-30', 'done') r;
-- olga: 500 x 10 % + 200 x 38 % = 126; pete: 400 x 60 % = 240; ben 300 x 30 % = 90; all 456
SELECT owner, is_total AS total, customer_count AS n, mrr, round(mrr_share, 4) AS share, mean_score AS score, red_customers AS red, yellow_customers AS yellow, green_customers AS green, unscored_customers AS none,
	at_risk_customers AS risk, at_risk_mrr, round(at_risk_share, 4) AS risk_share, open_interventions AS open, risk_weighted_mrr AS weighted, round(risk_weighted_share, 4) AS weighted_share, currency_code
FROM company, portfolio(state, 'scores', 'accounts', '2024-06-30', 'done');
SELECT owner, is_total, customer_count AS n, mrr, mean_score, open_interventions, risk_weighted_mrr FROM company, portfolio(state, NULL, NULL, '2024-06-30');
-- own accounts are nobody's
CREATE TEMP VIEW with_own AS SELECT *, customer = 'dan' AS internal FROM accounts;
SELECT owner, is_total, customer_count AS n, mrr, at_risk_mrr FROM company, portfolio(state, 'scores', 'with_own', '2024-06-30');
SELECT owner, is_total, customer_count, mrr, at_risk_share, open_interventions FROM portfolio(NULL, NULL, NULL, '2024-06-30');

-- Keys that are uuid or bigint
CREATE TEMP TABLE by_uuid AS SELECT mrr_agg(md5(customer)::uuid, valid_from, valid_to, mrr) AS state, mrr_agg(ascii(customer)::bigint, valid_from, valid_to, mrr) AS numbered FROM subs;
CREATE TEMP VIEW uuid_scores AS SELECT md5(entity)::uuid AS entity, at, score FROM scores;
CREATE TEMP VIEW numbered_scores AS SELECT ascii(entity)::bigint AS entity, at, score FROM scores;
SELECT at_risk_mrr FROM by_uuid, at_risk_revenue(state, 'uuid_scores', '2024-06-30') WHERE is_total UNION ALL SELECT at_risk_mrr FROM by_uuid, at_risk_revenue(numbered, 'numbered_scores', '2024-06-30') WHERE is_total;

-- Refused
SELECT r.* FROM company, at_risk_revenue(state, 'scores', NULL) r;
SELECT r.* FROM company, at_risk_revenue(state, 'scores', 'infinity') r;
SELECT r.* FROM company, at_risk_revenue(state, 'scores', '2024-06-30', 101) r;
SELECT r.* FROM company, at_risk_revenue(state, 'scores', '2024-06-30', yellow_from => 80) r;
SELECT r.* FROM company, at_risk_revenue(state, 'scores', '2024-06-30', green_from => NULL) r;
SELECT r.* FROM company, at_risk_revenue(state, 'subs', '2024-06-30') r;
SELECT r.* FROM company, at_risk_revenue(state, 'scores', '2024-06-30', zone => 'Nowhere') r;
SELECT r.* FROM company, at_risk_revenue(state, 'scores', '2024-06-30', zone => 'Asia/Tokyo') r;
CREATE TEMP TABLE odd (entity text, at timestamptz, score numeric, model text);
INSERT INTO odd VALUES ('ann', '2024-01-01Z', 101, 'a'), ('ann', '2024-01-02Z', 50, 'b'), ('ann', '2024-01-03Z', -0.1, 'c'), ('ann', NULL, 5, 'd'), (NULL, '2024-01-01Z', 5, 'd'), ('ann', '2024-01-01Z', 'NaN', 'd'), ('ben', '2024-01-01Z', 7, NULL);
SELECT r.* FROM company, at_risk_revenue(state, 'odd', '2024-06-30', model => 'd') r;
SELECT r.* FROM company, at_risk_revenue(state, 'odd', '2024-06-30', model => 'a') r;
SELECT r.* FROM company, at_risk_revenue(state, 'odd', '2024-06-30', model => 'c') r;
SELECT customer, score FROM company, at_risk_revenue_lines(state, 'odd', '2024-06-30', model => 'b') WHERE customer < 'c';
CREATE TEMP VIEW mixed AS SELECT * FROM odd WHERE at IS NOT NULL AND score BETWEEN 0 AND 100 AND entity IS NOT NULL;
SELECT r.* FROM company, at_risk_revenue(state, 'mixed', '2024-06-30') r;
SELECT r.* FROM company, risk_adjusted_retention(state, 'scores', '2024-06-30', 'scores') r;
SELECT r.* FROM company, risk_adjusted_retention(state, 'scores', '2024-06-30', minimum_customers => 0) r;
SELECT * FROM intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', "by" => 'owner');
SELECT * FROM intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', healthy_from => 64);
SELECT * FROM intervention_success('interventions', 'readings', '2024-01-01', '2024-04-01', within_days => NULL);
SELECT * FROM intervention_success('interventions', 'readings', '2024-04-01', '2024-04-01');
CREATE TEMP VIEW no_reason AS SELECT customer, at, NULL::text AS reason FROM interventions;
SELECT * FROM intervention_success('no_reason', 'readings', '2024-01-01', '2024-04-01');
SELECT r.* FROM paying, at_risk_lead_time(state, 'risk', '2024-05-01', '2024-01-01') r;
SELECT r.* FROM paying, at_risk_lead_time(state, 'risk', '2024-01-01', '2024-05-01', -1) r;
SELECT * FROM kaplan_meier('{1,2}', '{t}');
SELECT * FROM kaplan_meier('{1,NULL}', '{t,t}');
SELECT * FROM kaplan_meier('{1,-1}', '{t,t}');
SELECT * FROM kaplan_meier('{1,NaN}', '{t,t}');
SELECT * FROM kaplan_meier('{{1,2}}', '{{t,t}}');
SELECT * FROM engagement_stability('events', '2024-06-30', weeks => 0);
CREATE TEMP VIEW timeless AS SELECT 'a' AS customer, NULL::timestamptz AS at, 'x' AS name;
SELECT * FROM engagement_stability('timeless', '2024-06-30');
CREATE TEMP VIEW listed_twice AS SELECT * FROM accounts UNION ALL SELECT 'ann', '2023-01-01', 'quin';
SELECT r.* FROM company, portfolio(state, 'scores', 'listed_twice', '2024-06-30') r;
