-- Marts of funnels and sessions, by hand; test/pgtap/marts_product.sql has the functions as oracle.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA shop;
SET search_path = shop, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand (doc/funnel_goals.md): five sign up in May, of whom two activate within a day, one with three campaigns, who pays. The event of next year and that of nobody count nowhere.
CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY, who text, at timestamptz, name text);
INSERT INTO event (who, at, name) VALUES
	('ada', '2024-05-01 09:00Z', 'signup'), ('ada', '2024-05-01 10:00Z', 'activate'), ('ada', '2024-05-03 10:00Z', 'campaign'), ('ada', '2024-05-04 10:00Z', 'campaign'), ('ada', '2024-05-05 10:00Z', 'campaign'), ('ada', '2024-05-10 10:00Z', 'paid'),
	('ben', '2024-05-01 09:00Z', 'signup'), ('ben', '2024-05-01 09:05Z', 'verify_failed'), ('ben', '2024-05-01 09:10Z', 'help'),
	('cyd', '2024-05-01 09:00Z', 'signup'), ('cyd', '2024-05-01 09:01Z', 'verify_failed'), ('cyd', '2024-05-01 12:00Z', 'activate'), ('cyd', '2024-05-05 09:00Z', 'campaign'),
	('dee', '2024-05-02 09:00Z', 'signup'), ('dee', '2024-05-04 09:00Z', 'activate'), ('eve', '2024-05-19 20:00Z', 'signup'), (NULL, '2024-05-02 09:00Z', 'signup'), ('eve', '2999-01-01 00:00Z', 'paid');
SELECT map_source('events', 'event', '{"user": "who"}');
SELECT action, object FROM deploy(zone => 'Europe/Berlin', buckets => 3) WHERE object ~ 'funnel|session' AND action <> 'leave out' AND object !~ 'reporting';
SELECT materialisation, upstream, key_column, has_map FROM dependencies WHERE materialisation ~ 'funnel|session' ORDER BY 1, 2;
-- no funnel is defined yet
DELETE FROM funnel_definitions;
CALL refresh('conversion_funnel');
SELECT count(*) FROM nudge_analytics.conversion_funnel;
INSERT INTO funnel_definitions (funnel, step_no, event, target_volume, target_rate, max_gap, min_count, friction) VALUES
	('app', 1, 'signup', 10, NULL, NULL, 1, '{verify_failed,help}'), ('app', 2, 'activate', 6, 0.6, '24 hours', 1, NULL), ('app', 3, 'campaign', 3, 0.5, '14 days', 3, NULL), ('app', 4, 'paid', 2, 0.5, NULL, 1, NULL);
SELECT materialisation, key, reason FROM pending WHERE materialisation ~ 'funnel' ORDER BY 1, 2;
CALL refresh('conversion_funnel');
SELECT period, step, last_step, event, people, previous_people AS previous, entered_people AS entered, round(step_rate, 4) AS step_rate, round(overall_rate, 4) AS overall_rate, dropped_people AS dropped, open_people AS open, median_seconds / 3600 AS median_hours,
	target_volume AS volume, target_rate, round(target_rate_gap, 2) AS gap, complete FROM nudge_analytics.conversion_funnel WHERE period < '2024-07-01' ORDER BY period, step;
-- months follow up to this one, which is not complete; the total is that of the function on all rows, and of the buckets
SELECT count(DISTINCT period) = 12 * (extract(year FROM now()) - 2024) + extract(month FROM now()) - 4 AS all_months, count(DISTINCT period) FILTER (WHERE NOT complete) AS open FROM nudge_analytics.conversion_funnel;
SELECT step, event, users, volume_attainment FROM funnel_report((SELECT rollup(state) FROM nudge_analytics.funnel_buckets WHERE funnel = 'app'), 'app', as_of => now());
SELECT step, friction, users FROM funnel_friction((SELECT rollup(state) FROM nudge_analytics.funnel_user_states WHERE funnel = 'app'), 'app', as_of => now());
SELECT count(*) AS differences FROM verify('conversion_funnel');
CALL refresh('conversion_funnel');
SELECT name, rows_written, rows_deleted FROM (SELECT DISTINCT ON (name) * FROM run_history ORDER BY name, run_id DESC) r WHERE name ~ 'funnel' ORDER BY name COLLATE "C";
-- who is behind a step: ada and cyd activated
SELECT user_id, step_number, step_event, is_completed, is_open, entered_at, step_at FROM nudge_reporting.funnel_people WHERE step_number >= 2 ORDER BY user_id;

-- One enters in April already, and is of April from then on, whatever way leads to the end; three days are allowed now, so that dee is in time
INSERT INTO event (who, at, name) VALUES ('ada', '2024-04-30 12:00Z', 'signup');
UPDATE funnel_definitions SET max_gap = '3 days' WHERE step_no = 2;
CALL refresh('conversion_funnel');
SELECT period, step, event, people, round(step_rate, 4) AS step_rate, median_seconds / 3600 AS median_hours FROM nudge_analytics.conversion_funnel WHERE period < '2024-06-01' AND step < 4 ORDER BY period, step;
-- at midnight of Berlin it is May
UPDATE event SET at = '2024-04-30 22:00Z' WHERE at = '2024-04-30 12:00Z';
CALL refresh('conversion_funnel');
SELECT min(period) AS first FROM nudge_analytics.conversion_funnel;
-- as it was on May 5: ada, cyd and dee have activated and still have time for a campaign; ben had three days
SET nudge.as_of = '2024-05-05 08:00Z';
SELECT step, people, open_people AS open FROM nudge_staging.conversion_funnel__definition ORDER BY step;
RESET nudge.as_of;
-- a definition that cannot be is refused; one that an earlier version let in is put aside, and no other
INSERT INTO funnel_definitions (funnel, step_no, event, min_count) VALUES ('wrong', 1, 'signup', 1), ('wrong', 2, 'paid', 20000);
ALTER TABLE nudge.funnel_definitions DISABLE TRIGGER check_steps;
INSERT INTO funnel_definitions (funnel, step_no, event, min_count) VALUES ('wrong', 1, 'signup', 1), ('wrong', 2, 'paid', 20000);
ALTER TABLE nudge.funnel_definitions ENABLE TRIGGER check_steps;
CALL refresh('conversion_funnel');
SELECT funnel, count(*) > 0 AS there FROM nudge_analytics.conversion_funnel GROUP BY funnel;
SELECT materialisation, key, sqlstate, error FROM nudge.quarantine;
SELECT name, status, quarantined FROM nudge.freshness WHERE name = 'conversion_funnel';
SELECT * FROM funnel_problem('wrong');
DELETE FROM funnel_definitions WHERE funnel = 'wrong';
CALL refresh('conversion_funnel');
SELECT dimension, dimension_value, metric, value FROM nudge_reporting.metric_values WHERE metric ~ 'funnel' AND period_start = '2024-05-01' ORDER BY 1, 3;
-- of several funnels none stands for all
INSERT INTO funnel_definitions (funnel, step_no, event) VALUES ('trial', 1, 'campaign'), ('trial', 2, 'campaign');
CALL refresh('conversion_funnel');
SELECT dimension, dimension_value, metric, value FROM nudge_reporting.metric_values WHERE metric ~ 'funnel' AND period_start = '2024-05-01' ORDER BY 1, 2, 3;

-- By what users and their accounts are: cyd is of large, ada and ben of small
CREATE TABLE person (id text PRIMARY KEY, account text, since timestamptz, plan text);
INSERT INTO person VALUES ('ada', 'b', '2024-04-01Z', 'pro'), ('ben', 'b', '2024-04-01Z', 'free'), ('cyd', 'a', '2024-04-01Z', ' pro'), ('dee', NULL, '2024-04-01Z', NULL);
CREATE TABLE account (customer text PRIMARY KEY, created_at timestamptz, segment text);
INSERT INTO account VALUES ('a', '2024-01-01Z', 'large'), ('b', '2024-01-01Z', 'small');
CREATE TABLE item (id integer PRIMARY KEY, customer text, plan text, valid_from timestamptz, valid_to timestamptz, amount numeric);
SELECT map_source('users', 'person', '{"user": "id", "customer": "account", "signed_up_at": "since"}');
SELECT map_source('customers', 'account');
SELECT map_source('subscriptions', 'item', '{"item": "id", "currency": "''EUR''", "status": "''active''", "interval_unit": "''month''", "interval_count": "1"}');
SELECT action, object FROM deploy() WHERE object ~ 'nudge_analytics.*funnel' AND action = 'add materialisation';
SELECT upstream, key_column, has_map FROM dependencies WHERE materialisation = 'funnel_dimension_buckets' ORDER BY 1;
CALL refresh('conversion_funnel_by_dimension');
SELECT dimension, value, step, people, round(overall_rate, 4) AS overall_rate FROM nudge_analytics.conversion_funnel_by_dimension WHERE funnel = 'app' AND period = '2024-05-01' AND dimension IN ('plan', 'segment') AND step <= 2 ORDER BY 1, 2, 3;
-- an account changes its segment, and a user the account: their buckets are computed, and no others
UPDATE account SET segment = 'huge' WHERE customer = 'a';
CALL refresh('conversion_funnel_by_dimension');
SELECT name, keys FROM (SELECT DISTINCT ON (name) * FROM run_history ORDER BY name, run_id DESC) r WHERE name = 'funnel_dimension_buckets';
UPDATE person SET account = 'b' WHERE id = 'cyd';
CALL refresh('conversion_funnel_by_dimension');
SELECT value, people FROM nudge_analytics.conversion_funnel_by_dimension WHERE funnel = 'app' AND period = '2024-05-01' AND dimension = 'segment' AND step = 1 ORDER BY 1;
SELECT count(*) AS differences FROM verify('conversion_funnel_by_dimension');

-- Sessions by hand (doc/sessions.md): a pause of exactly 30 minutes ends none, one second more does
TRUNCATE event;
INSERT INTO event (who, at, name) VALUES
	('ada', '2024-05-01 09:00:00Z', 'home'), ('ada', '2024-05-01 09:10:00Z', 'prices'), ('ada', '2024-05-01 09:40:00Z', 'signup'), ('ada', '2024-05-01 10:10:01Z', 'home'),
	('ben', '2024-05-01 09:05:00Z', 'home'), ('ben', '2024-05-02 09:00:00Z', 'home'), ('ben', '2024-05-02 09:20:00Z', 'save'), ('ben', '2024-05-02 09:45:00Z', 'home'), ('cyd', '2024-05-01 09:10:00Z', 'prices'), (NULL, '2024-05-01 09:10:00Z', 'home');
CALL refresh('session_metrics');
SELECT "user", started_at, ended_at, day, events, duration_seconds, entry_event, exit_event, bounced FROM nudge_analytics.fact_sessions ORDER BY 1, 2;
SELECT grain, period, sessions AS n, users, events, bounces, returning_users AS back, round(sessions_per_user, 4) AS per_user, round(bounce_rate, 4) AS bounce_rate, round(events_per_session, 2) AS events_each, round(return_rate, 4) AS return_rate, round(mean_duration_seconds, 2) AS mean,
	median_duration_seconds AS median, complete FROM nudge_analytics.session_metrics WHERE sessions > 0 OR period = '2024-05-03' OR grain = 'month' AND period = '2024-06-01' ORDER BY grain, period;
SELECT count(*) FILTER (WHERE grain = 'month') = 12 * (extract(year FROM now() - interval '1 day') - 2024) + extract(month FROM now() - interval '1 day') - 4 AS all_months,
	max(period) FILTER (WHERE grain = 'day') = civil_date(now(), 'Europe/Berlin') - 1 AS to_yesterday FROM nudge_analytics.session_metrics;
-- a late event joins two sessions of ada, and computes her and the months from then on
INSERT INTO event (who, at, name) VALUES ('ada', '2024-05-01 09:50:00Z', 'save');
CALL refresh('session_metrics');
SELECT started_at, ended_at, events FROM nudge_analytics.fact_sessions WHERE "user" = 'ada';
SELECT sessions, bounces, returning_users AS back FROM nudge_analytics.session_metrics WHERE grain = 'month' AND period = '2024-05-01';
SELECT name, keys, rows_written, rows_deleted FROM (SELECT DISTINCT ON (name) * FROM run_history ORDER BY name, run_id DESC) r WHERE name = 'fact_sessions';
-- what is dated in the days to come is a session, and in no total
INSERT INTO event (who, at, name) VALUES ('fay', now() + interval '40 days', 'home');
CALL refresh('session_metrics');
SELECT count(*) FROM nudge_analytics.fact_sessions WHERE "user" = 'fay';
SELECT sum(sessions) FROM nudge_analytics.session_metrics WHERE grain = 'day';
SELECT count(*) AS differences FROM verify('session_metrics');
-- without any but that one there is no total
DELETE FROM event WHERE who <> 'fay';
CALL refresh('session_metrics');
SELECT count(*) FROM nudge_analytics.session_metrics;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.name ~ 'session';
CALL refresh('session_metrics');
SELECT rows_written, rows_deleted FROM run_history LIMIT 1;

SELECT count(*) > 0 AS undeployed FROM undeploy();
SELECT unmap_source(source) FROM sources ORDER BY source COLLATE "C";
DELETE FROM funnel_definitions;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_reporting, nudge_staging, nudge_analytics;
DROP SCHEMA shop CASCADE;
