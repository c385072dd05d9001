-- Schedule and roles: what is said where there is no pg_cron, or where it is elsewhere.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET jit = off;
SET client_min_messages = warning;
\pset null '(null)'
\set SHOW_CONTEXT never
CREATE ROLE regress_job LOGIN;
CREATE ROLE regress_nologin;

-- Nothing is scheduled: nobody is expected to call
SELECT * FROM nudge.heartbeats;
SELECT scheduler_alive FROM nudge.healthcheck();

-- How cron writes it (doc/schedule.md): minutes that divide an hour, hours that divide a day
SELECT every, nudge.cron_expression(every::interval) FROM unnest('{1 minute,5 minutes,30 minutes,60 minutes,1 hour,2 hours,12 hours,1 day,24 hours}'::text[]) every;
SELECT nudge.cron_expression('7 minutes');
SELECT nudge.cron_expression('90 minutes');
SELECT nudge.cron_expression('30 seconds');
SELECT nudge.cron_expression('0 minutes');
SELECT nudge.cron_expression('-5 minutes');
SELECT nudge.cron_expression('1 month');
SELECT nudge.cron_expression(NULL);
SELECT nudge.job_command(NULL), nudge.job_command('4 minutes'), nudge.job_command('1.5 seconds');
SELECT nudge.job_command('0 seconds');
SELECT nudge.job_command('-1 hour');
SELECT nudge.job_command('8 days');
-- every command of ours is one of the pattern, and nothing else is
SELECT command, command ~ nudge.job_pattern() AS ours FROM (VALUES (nudge.job_command(NULL)), (nudge.job_command('4 minutes')), ('CALL nudge.run_due(); DROP TABLE x'), ('call nudge.run_due()'), ('CALL nudge.run_due(''1 hour'')'),
	(E'SELECT 1;\nCALL nudge.run_due()'), (E'CALL nudge.run_due()\n')) c(command);
SELECT nudge.job_name('app'), length(nudge.job_name(repeat('x', 63))) AS longest;

-- Whose job it is
SELECT * FROM nudge.schedule(run_as => 'regress_nobody');
SELECT * FROM nudge.schedule(run_as => 'regress_nologin');
SELECT * FROM nudge.schedule(run_as => 'regress_job');
SELECT count(*) > 10 AS granted, bool_and(done) AS done, count(problem) AS problems FROM nudge.grant_roles(job => 'regress_job');
SELECT * FROM nudge.grant_roles(job => 'regress_job');

-- What it does here, where pg_cron is not: says how often, and what to call instead
SELECT action, done, in_database = current_database() AS here, statement, detail FROM nudge.schedule('10 minutes', '9 minutes', 'regress_job') WHERE action IN ('expect', 'call');
SELECT process, seen_at, expected_every, scheduled_at IS NOT NULL AS scheduled FROM nudge.heartbeats;
SELECT database_name = current_database() AS here, system_identifier = (SELECT system_identifier FROM pg_control_system()) AS this_server, recorded_by = session_user AS me FROM nudge.installation;
-- what is to be done elsewhere is one statement; where nothing is known, none
SELECT count(*) FROM nudge.schedule('10 minutes', '9 minutes', 'regress_job') WHERE NOT done AND action <> 'call';
SELECT bool_and(statement IS NULL OR statement ~ '^(CREATE EXTENSION pg_cron|SELECT cron\.)') FROM nudge.schedule('10 minutes', '9 minutes', 'regress_job') WHERE NOT done AND action <> 'call';
SELECT nudge.prune_job_runs() AS pruned, (SELECT count(*) FROM nudge.our_jobs(ARRAY[current_database()::text])) AS jobs;

-- By hand: the call is a sign of life, and three missed calls are none
SELECT scheduler_alive, message FROM nudge.healthcheck();
CALL nudge.run_due('9 minutes');
SELECT process, seen_at > now() - interval '1 minute' AS seen FROM nudge.heartbeats ORDER BY process COLLATE "C";
UPDATE nudge.heartbeats SET seen_at = now() - interval '31 minutes', scheduled_at = now() - interval '1 day' WHERE process = 'run_due';
SELECT status, message, scheduler_alive FROM nudge.healthcheck();
UPDATE nudge.heartbeats SET seen_at = now() - interval '29 minutes' WHERE process = 'run_due';
SELECT status, message, scheduler_alive FROM nudge.healthcheck();
-- never seen: it counts from when it was scheduled
UPDATE nudge.heartbeats SET seen_at = NULL, scheduled_at = now() WHERE process = 'run_due';
SELECT status, scheduler_alive FROM nudge.healthcheck();
-- scheduled anew as it is: silence does not begin anew
UPDATE nudge.heartbeats SET scheduled_at = '2024-01-01' WHERE process = 'run_due';
SELECT count(*) > 0 AS said FROM nudge.schedule('10 minutes', NULL, 'regress_job');
SELECT scheduled_at FROM nudge.heartbeats WHERE process = 'run_due';
SELECT action, done, detail FROM nudge.unschedule() WHERE action = 'expect';
SELECT expected_every FROM nudge.heartbeats WHERE process = 'run_due';
SELECT status, scheduler_alive FROM nudge.healthcheck();

-- A copy: what is scheduled elsewhere is not refreshed here before it is adopted
SELECT nudge.add_materialisation('scheduled', 'SELECT 1 AS k, 2 AS v', 'k');
CALL nudge.run_due();
SELECT count(*) > 0 AS said FROM nudge.schedule('5 minutes', '1 minute', 'regress_job');
SELECT nudge.is_adopted(), name, status FROM nudge.freshness;
UPDATE nudge.installation SET system_identifier = 1;
INSERT INTO nudge.runs (materialisation, kind, pid, backend_start) VALUES ('scheduled', 'due', 1, '2024-01-01');
CALL nudge.run_due();
SELECT * FROM nudge.schedule('5 minutes', NULL, 'regress_job');
SELECT nudge.is_adopted(), name, status FROM nudge.freshness;
SELECT status, message FROM nudge.healthcheck();
-- by hand it works all the same
CALL nudge.refresh('scheduled');
UPDATE nudge.installation SET database_name = 'original', system_identifier = (SELECT c.system_identifier FROM pg_control_system() c);
CALL nudge.run_due();
INSERT INTO nudge.runs (materialisation, kind, pid, backend_start) VALUES ('scheduled', 'due', 1, '2024-01-01');
UPDATE nudge.heartbeats SET expected_every = NULL;
SELECT action, done, detail FROM nudge.adopt() WHERE action = 'adopt';
SELECT nudge.is_adopted(), (SELECT status FROM nudge.run_history WHERE run_id = (SELECT max(run_id) FROM nudge.runs)), (SELECT everything_pending FROM nudge.lag), (SELECT seen_at FROM nudge.heartbeats WHERE process = 'run_due');
CALL nudge.refresh('scheduled');
SELECT action, done, detail FROM nudge.adopt(recompute => false) WHERE action = 'adopt';
SELECT everything_pending FROM nudge.lag;
SELECT * FROM nudge.verify('scheduled');

-- Cadences: of one, of a layer, of the layer's default
SELECT nudge.add_materialisation('hourly', 'SELECT 1 AS k', 'k', layer => 'mart'), nudge.add_materialisation('slowly', 'SELECT 1 AS k', 'k', layer => 'metric');
SELECT name, layer, cadence FROM nudge.materialisations ORDER BY name COLLATE "C";
SELECT materialisation, cadence_now FROM nudge.set_cadence('slowly', '1 day');
SELECT materialisation, cadence_now FROM nudge.set_cadence('mart', '30 minutes');
UPDATE nudge.materialisations SET last_success_at = '2024-01-01 10:07Z';
SELECT * FROM nudge.set_cadence('mart', '15 minutes');
SELECT * FROM nudge.set_cadence('slowly', NULL);
SELECT * FROM nudge.set_cadence('headline', '10 minutes');
SELECT * FROM nudge.set_cadence('none', '1 hour');
SELECT * FROM nudge.set_cadence(NULL, '1 hour');
SELECT * FROM nudge.set_cadence('slowly', '30 seconds');
SELECT * FROM nudge.set_cadence('slowly', '1 month');

-- Old runs go, but for the last of each
INSERT INTO nudge.runs (materialisation, kind, status, started_at, ended_at) SELECT 'hourly', 'due', 'ok', timestamptz '2024-01-01' + i * interval '1 day', timestamptz '2024-01-01' + i * interval '1 day' FROM generate_series(1, 5) i;
SELECT nudge.prune_runs('1 hour');
SELECT count(*) FROM nudge.runs WHERE materialisation = 'hourly';

-- Roles
SELECT * FROM nudge.grant_roles();
SELECT * FROM nudge.grant_roles(viewer => 'regress_nobody');
SET ROLE regress_job;
SELECT * FROM nudge.create_roles('regress_owner');
RESET ROLE;
GRANT EXECUTE ON FUNCTION nudge.create_roles(name, name, name, name, name), nudge.grant_roles(name, name, name, name, name) TO regress_job;
SET ROLE regress_job;
SELECT * FROM nudge.create_roles('regress_owner');
-- what is not one's own to grant is said
SELECT role_name, done, statement, problem IS NOT NULL AS refused FROM nudge.grant_roles(analyst => 'regress_nologin');
RESET ROLE;
DROP SCHEMA nudge_analytics, nudge_staging CASCADE;
DELETE FROM nudge.materialisations;
TRUNCATE nudge.change_log, nudge.pending, nudge.runs, nudge.heartbeats, nudge.installation;
DROP OWNED BY regress_job, regress_nologin;
DROP ROLE regress_job, regress_nologin;
