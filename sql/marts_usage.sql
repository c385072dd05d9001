-- Marts of usage: who is active, comes back and stays, and which features they take up.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA marts;
SET search_path = marts, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

-- By hand (doc/active_users.md): four users in three weeks from Monday, March 4, 2024, in days of Berlin; the first action of user 4 is
-- on March 13 in UTC and on March 14 in Berlin. A visitor and a row of next year count nowhere.
CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY, who text, visitor text, at timestamptz, name text DEFAULT 'clicked', feature text, worked boolean, took interval, worth numeric);
INSERT INTO event (who, at) SELECT u.who, u.at::timestamptz FROM (VALUES ('1', '2024-03-04 10:00Z', 5), ('1', '2024-03-06 10:00Z', 4), ('1', '2024-03-07 10:00Z', 3), ('1', '2024-03-12 10:00Z', 2), ('1', '2024-03-20 10:00Z', 1),
	('2', '2024-03-05 10:00Z', 3), ('2', '2024-03-19 10:00Z', 2), ('3', '2024-03-08 10:00Z', 1), ('3', '2024-03-13 10:00Z', 1),
	('4', '2024-03-13 23:30Z', 4), ('4', '2024-03-15 10:00Z', 8), ('4', '2024-03-18 10:00Z', 1)) u(who, at, n), generate_series(1, u.n);
INSERT INTO event (visitor, at) VALUES ('v1', '2024-03-04 11:00Z');
SELECT map_source('events', 'event', columns => '{"user": "who", "anonymous_id": "visitor", "success": "worked", "duration": "took", "value": "worth"}');
SELECT count(*) > 0 AS deployed FROM deploy(buckets => 5, zone => 'Europe/Berlin');
CALL refresh('active_users');
CALL refresh('lifecycle');
CALL refresh('cohort_retention');
SELECT scope, day, dau, wau, mau, new_users, total_users, round(dau_wau_rate, 4) AS dau_wau, round(dau_mau_rate, 4) AS dau_mau, complete FROM nudge_analytics.active_users
WHERE day BETWEEN '2024-03-08' AND '2024-03-20' ORDER BY day;
SELECT min(day) AS first, max(day) = civil_date(now(), 'Europe/Berlin') - 1 AS to_yesterday FROM nudge_analytics.active_users;
SELECT * FROM nudge_analytics.lifecycle WHERE period < '2024-04-08' ORDER BY grain, period;
SELECT grain, cohort, age, cohort_users, eligible_users, retained_users, round(retention_rate, 4) AS rate FROM nudge_analytics.cohort_retention WHERE age <= 3 ORDER BY grain, cohort, age;
SELECT count(DISTINCT bucket) AS buckets, sum(users) AS users FROM nudge_analytics.activity_buckets;
-- who is behind them
SELECT u.user_id, u.status FROM nudge.lifecycle_users((SELECT rollup(state) FROM nudge_analytics.user_activity_states), '2024-03-18', 'week', '2024-03-25') u;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;

-- user 2 is 3 in part; what is done later than now is not known
UPDATE event SET who = '3' WHERE who = '2' AND at < '2024-03-10';
INSERT INTO event (who, at) VALUES ('5', '2999-01-01 00:00Z');
CALL refresh('lifecycle');
CALL refresh('active_users');
SELECT * FROM nudge_analytics.lifecycle WHERE period < '2024-03-25' ORDER BY grain, period;
SELECT max(day) = civil_date(now(), 'Europe/Berlin') - 1 AS to_yesterday, max(total_users) AS users FROM nudge_analytics.active_users;
DELETE FROM event WHERE who = '5';
CALL refresh('lifecycle');
CALL refresh('cohort_retention');
CALL refresh('active_users');
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;

-- a day that goes by: nothing changed, and there is a row more
DELETE FROM nudge_analytics.active_users WHERE day >= '2024-03-21';
DELETE FROM nudge_analytics.lifecycle WHERE period > '2024-03-18' OR grain = 'month' AND period > '2024-03-01';
UPDATE materialisations SET clock_at = '2024-03-20 23:00Z' WHERE name IN ('active_users', 'lifecycle');
UPDATE nudge_analytics.lifecycle l SET complete = v.complete FROM (VALUES ('week', date '2024-03-18', false), ('month', '2024-03-01', false)) v(grain, period, complete) WHERE (l.grain, l.period) = (v.grain, v.period);
SELECT count(*) AS differences FROM verify('active_users');
CALL refresh('active_users');
CALL refresh('lifecycle');
SELECT max(day) = civil_date(now(), 'Europe/Berlin') - 1 AS to_yesterday FROM nudge_analytics.active_users;
SELECT grain, count(*) FILTER (WHERE NOT complete) <= 1 AS one_open FROM nudge_analytics.lifecycle GROUP BY grain ORDER BY grain;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;
-- a day begins in Berlin
SET nudge.as_of = '2024-03-20 22:59:59Z';
SELECT at FROM nudge_staging.active_users__clock;
SET nudge.as_of = '2024-03-20 23:00Z';
SELECT at FROM nudge_staging.active_users__clock UNION SELECT at FROM nudge_staging.lifecycle__clock UNION SELECT at FROM nudge_staging.cohort_retention__clock;
SELECT max(day) AS last_day FROM nudge_staging.active_users__definition;
RESET nudge.as_of;
-- within a day nothing is computed
CALL refresh('active_users');
CALL refresh('lifecycle');
CALL refresh('cohort_retention');
SELECT name, keys, rows_written, rows_deleted FROM (SELECT DISTINCT ON (name) * FROM run_history ORDER BY name, run_id DESC) r ORDER BY name COLLATE "C";

-- By hand (doc/features.md): ada, ben, cyd and dee signed up; eve is staff, and one user is nowhere
CREATE TABLE person (id text PRIMARY KEY, account text, since timestamptz, staff boolean);
INSERT INTO person VALUES ('ada', 'a', '2024-04-01 08:00Z', NULL), ('ben', 'b', '2024-04-02 08:00Z', NULL), ('cyd', 'a', '2024-04-02 22:30Z', NULL), ('dee', NULL, '2024-04-04 08:00Z', false), ('eve', NULL, '2024-04-04 08:00Z', true),
	('fay', 'b', '2999-01-01 00:00Z', NULL);
INSERT INTO event (who, at, feature, name, worked, took, worth) VALUES
	('ada', '2024-04-01 09:00Z', 'export', 'Viewed ', NULL, NULL, NULL), ('ada', '2024-04-02 08:00Z', 'export', 'run', true, '10 s', 5), ('ada', '2024-04-02 09:00Z', 'export', 'completed', NULL, NULL, NULL),
	('ada', '2024-04-10 09:00Z', 'export', 'run', true, '20 s', 5), ('ada', '2024-04-17 09:00Z', 'export', 'run', false, '60 s', 0), ('ada', '2024-04-24 09:00Z', 'export', 'run', true, '30 s', 5),
	('ben', '2024-04-03 08:00Z', 'export', 'run', NULL, NULL, NULL), ('ben', '2024-04-03 09:00Z', 'export', 'run', true, '40 s', NULL), ('ben', '2024-04-06 08:00Z', 'export', 'run', true, '50 s', NULL),
	('cyd', '2024-04-05 08:00Z', 'export', 'viewed', NULL, NULL, NULL), ('dee', '2024-04-05 08:00Z', 'search', 'run', NULL, NULL, NULL),
	('eve', '2024-04-05 08:00Z', 'search', 'run', true, NULL, NULL), ('who', '2024-04-05 08:00Z', 'search', 'run', true, NULL, NULL), ('dee', '2999-04-05 08:00Z', 'search', 'run', true, NULL, NULL);
SELECT map_source('users', 'person', columns => '{"user": "id", "customer": "account", "signed_up_at": "since", "internal": "staff"}');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('feature_adoption');
CALL refresh('lifecycle');
CALL refresh('cohort_retention');
CALL refresh('active_users');
SELECT "user", customer, signed_up_at, signed_up_day, plan, internal, bucket = bucket("user", 5) AS in_its_bucket FROM nudge_analytics.dim_users ORDER BY 1;
SELECT feature, users, discovered_users AS discovered, tried_users AS tried, adopted_users AS adopted, habitual_users AS habitual, round(adoption_rate, 2) AS adoption, uses,
	round(usage_frequency, 2) AS frequency, round(success_rate, 4) AS success FROM nudge_analytics.feature_adoption ORDER BY 1;
SELECT feature, completions, round(completion_rate, 4) AS completion, median_duration_seconds AS duration, median_seconds_to_first_use / 86400 AS days_to_first_use,
	round(median_seconds_to_adopt::numeric / 86400, 4) AS days_to_adopt, value_created FROM nudge_analytics.feature_adoption ORDER BY 1;
SELECT s."user", u.feature, u.stage, u.uses FROM nudge_analytics.feature_user_states s, nudge.feature_users(s.state, as_of => '2024-04-29 00:00Z', zone => 'Europe/Berlin') u ORDER BY 1, 2;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;
-- eve is staff no more, dee is; the denominator stays, what they did moves
UPDATE person SET staff = id = 'dee' WHERE id IN ('dee', 'eve');
UPDATE event SET feature = 'find' WHERE who = 'ben' AND at = '2024-04-06 08:00Z';
CALL refresh('feature_adoption');
SELECT feature, users, tried_users AS tried, adopted_users AS adopted, uses, round(success_rate, 4) AS success FROM nudge_analytics.feature_adoption ORDER BY 1;
-- one more signs up: the share of each feature falls
INSERT INTO person VALUES ('gil', NULL, '2024-05-01 00:00Z', NULL);
DELETE FROM event WHERE feature = 'find';
CALL refresh('feature_adoption');
CALL refresh('lifecycle');
CALL refresh('cohort_retention');
CALL refresh('active_users');
SELECT feature, users, tried_users AS tried, adoption_rate::numeric(6, 4) AS adoption FROM nudge_analytics.feature_adoption ORDER BY 1;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;
CALL refresh('feature_adoption');
SELECT name, rows_written, rows_deleted FROM (SELECT DISTINCT ON (name) * FROM run_history WHERE name ~ 'feature|dim' ORDER BY name, run_id DESC) r ORDER BY name COLLATE "C";

-- two rows of a user are an error of that user
CREATE TABLE person_2 AS SELECT * FROM person WHERE id = 'ada';
SELECT map_source('users', 'person_2', source => 'more', columns => '{"user": "id", "customer": "account", "signed_up_at": "since", "internal": "staff"}');
SELECT count(*) > 0 AS deployed FROM deploy();
CALL refresh('feature_adoption');
SELECT materialisation, key, error FROM quarantine;
SELECT feature, users FROM nudge_analytics.feature_adoption ORDER BY 1;
DELETE FROM person_2;
CALL refresh('feature_adoption');
SELECT count(*) AS put_aside FROM quarantine;

-- where a user is: erasing finds it by the name of the column
SELECT kind, object, row_count FROM find_entity('user', 'ada') WHERE kind = 'materialisation' ORDER BY object COLLATE "C";

-- nobody did anything
TRUNCATE event;
CALL refresh('feature_adoption');
CALL refresh('active_users');
CALL refresh('lifecycle');
CALL refresh('cohort_retention');
SELECT (SELECT count(*) FROM nudge_analytics.feature_adoption) AS features, (SELECT count(*) FROM nudge_analytics.active_users) AS days, (SELECT count(*) FROM nudge_analytics.lifecycle) AS periods,
	(SELECT count(*) FROM nudge_analytics.cohort_retention) AS cohorts;
SELECT count(*) AS differences FROM materialisations m, LATERAL verify(m.name) WHERE m.last_success_at IS NOT NULL;

SELECT count(*) > 0 AS undone FROM undeploy();
SELECT unmap_source('events'), unmap_source('users'), unmap_source('more');
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA marts CASCADE;
