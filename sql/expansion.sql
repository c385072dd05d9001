-- Who is about to buy more: use of limits, expansion triggers, readiness.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- The table of the documentation: ann 85 of 100 and 10 of 100; ben 79.9 of 100; cat has no limit; dan two rows, 30 + 60 of 50 + 50; eve's limit is 0
CREATE TEMP TABLE usage (customer text, meter text, period date, volume numeric, plan_limit numeric);
INSERT INTO usage VALUES ('ann', 'calls', '2024-05-01', 85, 100), ('ann', 'mails', '2024-05-01', 10, 100), ('ben', 'calls', '2024-05-01', 79.9, 100), ('cat', 'calls', '2024-05-01', 500, NULL),
	('dan', 'calls', '2024-05-01', 30, 50), ('dan', 'calls', '2024-05-01', 60, 50), ('eve', 'calls', '2024-05-01', 5, 0), ('ann', 'calls', '2024-06-01', 20, 100);
SELECT period, customer, usage_meter, volume, plan_limit, round(usage_ratio, 4) AS usage_ratio, complete FROM usage_ratio('usage', '2024-05-01', '2024-07-01', as_of => '2024-06-10Z');
-- one meter; a window; what begins later is not known; months end at midnight of the zone
SELECT period, customer, round(usage_ratio, 4) AS usage_ratio, complete FROM usage_ratio('usage', '2024-05-01', '2024-06-01', meter => 'mails');
SELECT count(*) FROM usage_ratio('usage', '2024-05-02', '2024-06-01');
SELECT as_of, zone, count(*), bool_or(complete) AS may_complete FROM (VALUES (timestamptz '2024-06-01 00:00Z', 'UTC'), ('2024-05-31 23:59Z', 'UTC'), ('2024-06-01 00:00Z', 'America/New_York'), ('2024-06-01 04:00Z', 'America/New_York'), ('2024-06-01 04:00:01Z', 'America/New_York')) v(as_of, zone),
	usage_ratio('usage', '2024-05-01', '2024-07-01', 'month', v.zone, v.as_of) GROUP BY 1, 2 ORDER BY 1, 2;
-- one of two rows without a limit: none; a volume below 0
CREATE TEMP VIEW unlimited AS SELECT * FROM usage UNION ALL SELECT 'dan', 'calls', '2024-05-01', 1, NULL UNION ALL SELECT 'fay', 'calls', '2024-05-01', -5, 10;
SELECT customer, volume, plan_limit, round(usage_ratio, 2) AS usage_ratio FROM usage_ratio('unlimited', '2024-05-01', '2024-06-01') WHERE customer IN ('dan', 'fay');
SELECT count(*) FROM usage_ratio(NULL, '2024-05-01', '2024-06-01');
-- the last complete period and the one that has begun, at the end of May and in June
SELECT as_of, period, count(*), bool_and(complete) AS complete FROM (VALUES (date '2024-05-31'), ('2024-06-10'), ('2024-06-30'), ('2024-07-01')) v(as_of), recent_usage_ratio('usage', v.as_of) GROUP BY 1, 2 ORDER BY 1, 2;

-- Seats and users: at the close of 2024-06-10 and 90 days before, 2024-03-12
CREATE TEMP TABLE subscriptions (customer text, item text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric, interval_unit text, interval_count integer, currency text, status text, seats numeric);
INSERT INTO subscriptions SELECT customer, 'i', plan, valid_from::timestamptz, valid_to::timestamptz, 1, 'month', 1, 'EUR', 'active', seats FROM (VALUES
	-- ann 10 to 12; ben 10 to 11.9; cat without seats; dan new; eve 4 to 2 in two items
	('ann', 'basic', '2024-01-01Z', '2024-06-11Z', 10), ('ann', 'extra', '2024-06-10 23:59Z', NULL, 2), ('ben', 'basic', '2024-01-01Z', '2024-04-01Z', 10), ('ben', 'pro', '2024-04-01Z', NULL, 11.9),
	('cat', 'basic', '2024-01-01Z', NULL, NULL), ('dan', 'pro', '2024-03-13 00:00Z', NULL, 5), ('eve', 'basic', '2024-01-01Z', '2024-06-10 12:00Z', 2), ('eve', 'basic', '2024-01-01Z', NULL, 2)) v(customer, plan, valid_from, valid_to, seats);
CREATE TEMP TABLE users ("user" text, customer text, signed_up_at timestamptz, internal boolean);
INSERT INTO users SELECT 'c' || n, 'cat', timestamptz '2024-01-01Z' + n * interval '20 days', n = 1 FROM generate_series(1, 9) n;
INSERT INTO users VALUES ('a1', 'ann', '2024-01-01Z', NULL), ('none', NULL, '2024-01-01Z', NULL);
-- cat: users 2, 3 by 03-12 (02-10, 03-01), 2 to 8 by 06-10 (06-09): 7 of 2
SELECT * FROM seat_rows('subscriptions', 'users', '2024-06-10');
SELECT customer, source, seats_before, seats, round(growth_rate, 4) AS growth_rate FROM seat_growth('subscriptions', 'users', '2024-06-10');
SELECT customer, source, seats_before, seats, round(growth_rate, 4) AS growth_rate FROM seat_growth(NULL, 'users', '2024-06-10', 30);
SELECT count(*) FROM seat_growth(NULL, NULL, '2024-06-10');

-- Attempts: basic < pro < top; ann has basic and an extra that is of no tier, and tried sso (pro) twice and audit (top); ben has pro; an attempt 91 days ago and one of tomorrow do not count
CREATE TEMP TABLE features (feature text, tier text);
INSERT INTO features VALUES ('sso', 'pro'), ('audit', 'top'), ('export', 'basic'), ('search', NULL);
CREATE TEMP TABLE plans (plan text, tier text);
INSERT INTO plans VALUES ('basic', 'basic'), ('pro', 'pro'), ('extra', NULL);
CREATE TEMP TABLE events (customer text, at timestamptz, name text, feature text);
INSERT INTO events SELECT customer, at::timestamptz, 'use', feature FROM (VALUES ('ann', '2024-06-10 23:59Z', 'sso'), ('ann', '2024-03-13Z', 'sso'), ('ann', '2024-06-01Z', 'audit'), ('ann', '2024-06-01Z', 'export'), ('ann', '2024-06-01Z', 'search'), ('ann', '2024-06-01Z', NULL),
	('ann', '2024-03-12 23:59Z', 'sso'), ('ann', '2024-06-11Z', 'sso'), ('ben', '2024-06-01Z', 'sso'), ('ben', '2024-06-01Z', 'audit'), ('zoe', '2024-06-01Z', 'audit'), ('cat', '2024-03-13Z', 'other'), (NULL, '2024-06-01Z', 'audit')) v(customer, at, feature);
SELECT * FROM feature_attempts('events', 'features', 'plans', 'subscriptions', '2024-06-10', '{basic,pro,top}');
SELECT customer, feature, attempts FROM feature_attempts('events', 'features', 'plans', 'subscriptions', '2024-06-10', '{basic,pro,top}', days => 5);
SELECT count(*) FROM feature_attempts(NULL, NULL, NULL, NULL, '2024-06-10', NULL);
-- events that name only the user belong to its account; those of internal users to none
CREATE TEMP TABLE user_events ("user" text, at timestamptz, name text, feature text);
INSERT INTO user_events VALUES ('a1', '2024-06-01Z', 'use', 'sso'), ('c1', '2024-06-01Z', 'use', 'sso'), ('c2', '2024-06-01Z', 'use', 'audit'), ('c2', '2024-02-01Z', 'use', 'export'), ('c9', '2024-06-01Z', 'use', 'audit'), ('nobody', '2024-06-01Z', 'use', 'audit');
SELECT customer, feature, attempts FROM feature_attempts('user_events', 'features', 'plans', 'subscriptions', '2024-06-10', '{basic,pro,top}', 'users');
SELECT * FROM feature_starts('user_events', '2024-06-10', 'users');
SELECT * FROM feature_event_rows('user_events', 'users', '2024-02-01Z', '2024-06-01Z');
SELECT count(*) FROM feature_event_rows('user_events');

-- Triggers
CREATE TEMP TABLE subs (customer text, valid_from date, valid_to date, mrr numeric);
INSERT INTO subs VALUES ('ann', '2024-01-01', NULL, 100), ('ben', '2024-01-01', NULL, 100), ('cat', '2024-01-01', NULL, 100), ('dan', '2024-01-01', NULL, 100);
CREATE TEMP TABLE company AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM subs;
CREATE TEMP TABLE facts (customer text, fact text, value text, valid_from timestamptz, valid_to timestamptz);
INSERT INTO facts VALUES ('ben', 'unmet_need', 'true', '2024-01-01Z', NULL), ('cat', 'unmet_need', 'true', '2024-01-01Z', NULL), ('cat', 'unmet_need', 'false', '2024-05-01Z', NULL), ('dan', 'unmet_need', 'true', '2024-01-01Z', '2024-06-10Z'),
	('ann', 'sponsor_status', 'champion', '2024-01-01Z', NULL), ('ben', 'sponsor_status', 'Neutral', '2024-01-01Z', NULL), ('cat', 'sponsor_status', 'none', '2024-05-20Z', NULL), ('cat', 'sponsor_status', 'weak', '2024-05-19Z', NULL);
SELECT t.customer, trigger_kind, detail, round(value, 4) AS value, threshold, fired
FROM company, expansion_triggers(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'facts', 'events', 'features', 'plans', '{basic,pro,top}') t;
-- the running month counts too, as far as it is known; other thresholds; without a state all customers, eve too
SELECT t.customer, detail, round(value, 4) AS value, threshold, fired FROM company, expansion_triggers(state, '2024-06-10', 'usage', usage_threshold => 0.799) t;
SELECT t.customer, detail, round(value, 4) AS value, threshold, fired FROM company, expansion_triggers(state, '2024-07-10', 'usage') t;
SELECT t.customer, detail, round(value, 4) AS value, threshold, fired FROM expansion_triggers(NULL, '2024-06-10', NULL, 'subscriptions', growth_threshold => 0.19) t;
SELECT t.customer, detail, value, threshold, fired FROM company, expansion_triggers(state, '2024-06-10', subscriptions => 'subscriptions', events => 'events', features => 'features', plans => 'plans', tiers => '{basic,pro,top}', attempts_threshold => 2) t WHERE trigger_kind = 'feature_need';
SELECT count(*) FROM company, expansion_triggers(state, '2024-06-10');

-- Readiness at the close of 2024-06-10.
-- ann: usage 85, seats 12 / 10 is the target of 20 %: 100, adoption: audit, export, search of 3 in 90 days (sso came before): 100, health 90, champion 100: 475 / 5 = 95
-- ben: 79.9, 19 % of 20 %: 95, sso and audit: 66.67, health 50, neutral 50: 341.57 / 5 = 68.31
-- cat: no limit, users 100, one feature begun as the 90 days do: 33.33, no score, sponsors none and weak: 12.5: 145.83 / 3 = 48.61 with coverage 0.6;  dan: usage 90, new, so without growth; coverage 0.2: 90
CREATE TEMP TABLE scores (entity text, at timestamptz, score numeric);
INSERT INTO scores VALUES ('ann', '2024-06-01Z', 90), ('ann', '2024-04-01Z', 60), ('ben', '2024-04-01Z', 50);
SELECT r.customer, usage_factor AS usage, round(seat_factor, 4) AS seats, round(adoption_factor, 4) AS adoption, health_factor AS health, round(sponsor_factor, 4) AS sponsor, round(readiness, 4) AS readiness, coverage
FROM company, expansion_factors(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts') r;
-- 30 days before, at the close of 2024-05-11, there is no usage of April; ann has 10 seats as on 02-11, sso only, health 60, champion: (0 + 33.33 + 60 + 100) / 4 = 48.33
SELECT r.customer, usage_factor AS usage, round(seat_factor, 4) AS seats, round(adoption_factor, 4) AS adoption, health_factor AS health, round(sponsor_factor, 4) AS sponsor, round(readiness, 4) AS readiness, coverage
FROM company, expansion_factors(state, '2024-05-11', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts') r;
SELECT r.customer, round(readiness, 4) AS readiness, coverage, round(previous_readiness, 4) AS previous, previous_coverage AS previous_cov, round(change, 4) AS change, is_ready, has_crossed
FROM company, expansion_readiness(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts') r;
-- dan crosses nothing, since nothing was known of him; weights; the threshold is reached, not passed
SELECT r.customer, round(readiness, 4) AS readiness, coverage FROM company, expansion_readiness(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts', weights => '{0.5,0,0,0.5,0}') r;
SELECT r.customer, is_ready, has_crossed FROM company, expansion_readiness(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts', threshold => 95) r WHERE customer = 'ann';
SELECT r.customer, is_ready, has_crossed FROM company, expansion_readiness(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts', threshold => 68, compare_days => 1) r;
SELECT r.customer, is_ready, has_crossed FROM company, expansion_readiness(state, '2024-06-10', 'usage', 'subscriptions', 'users', 'events', 'scores', 'facts', threshold => 65) r WHERE customer = 'ben';
-- targets: 40 % growth, six features; a year of days
SELECT r.customer, round(seat_factor, 4) AS seats, round(adoption_factor, 4) AS adoption FROM company, expansion_factors(state, '2024-06-10', NULL, 'subscriptions', 'users', 'events', target_growth => 0.4, target_features => 6) r;
-- nothing is known
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10') r;
SELECT count(*) FROM expansion_readiness(NULL, '2024-06-10', 'usage');
SELECT * FROM feature_starts('events', '2024-06-10');

-- Refused
SELECT * FROM usage_ratio('usage', '2024-06-01', '2024-05-01');
SELECT * FROM usage_ratio('usage', '2024-05-01', '2024-06-01', 'fortnight');
CREATE TEMP VIEW no_volume AS SELECT customer, meter, period, NULL::numeric AS volume FROM usage;
SELECT * FROM usage_ratio('no_volume', '2024-05-01', '2024-06-01');
CREATE TEMP VIEW odd_limit AS SELECT customer, meter, period, volume, 'NaN'::numeric AS plan_limit FROM usage;
SELECT * FROM usage_ratio('odd_limit', '2024-05-01', '2024-06-01');
CREATE TEMP VIEW odd_seats AS SELECT customer, item, plan, valid_from, valid_to, amount, interval_unit, interval_count, currency, status, -1 AS seats FROM subscriptions;
SELECT * FROM seat_growth('odd_seats', NULL, '2024-06-10');
SELECT * FROM seat_growth('subscriptions', NULL, '2024-06-10', 0);
SELECT * FROM seat_growth('subscriptions', NULL, NULL);
CREATE TEMP VIEW odd_users AS SELECT NULL::text AS "user", customer, signed_up_at FROM users;
SELECT * FROM seat_growth(NULL, 'odd_users', '2024-06-10');
SELECT * FROM feature_attempts('events', 'features', 'plans', 'subscriptions', '2024-06-10', '{basic,pro}');
SELECT * FROM feature_attempts('events', 'features', 'plans', 'subscriptions', '2024-06-10', '{{basic,pro},{top,more}}');
SELECT * FROM feature_attempts('events', NULL, 'plans', 'subscriptions', '2024-06-10', NULL);
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', weights => '{0.5,0.5}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', weights => '{0.2,0.2,0.2,0.2,0.1}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', weights => '{0.2,0.2,0.2,0.2,NULL}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', weights => '{-0.2,0.6,0.2,0.2,0.2}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', target_growth => 0) r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', target_features => NULL) r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', compare_days => 0) r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', threshold => 101) r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', sponsor_levels => '{weak,NULL}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', sponsor_levels => '{{weak,strong}}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', weights => '{{0.2,0.2,0.2,0.2,0.2}}') r;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', account_facts => 'facts', sponsor_levels => '{neutral,champion}') r;
CREATE TEMP VIEW timeless AS SELECT customer, NULL::timestamptz AS at, name, feature FROM events;
SELECT r.* FROM company, expansion_readiness(state, '2024-06-10', events => 'timeless') r;
SELECT * FROM feature_attempts('timeless', 'features', 'plans', 'subscriptions', '2024-06-10', '{basic,pro,top}');
