-- Roles: who may do what, and that nobody gets the rights of somebody else by a refresh.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
\pset null '(null)'
\set SHOW_CONTEXT never
CREATE ROLE regress_app;
CREATE ROLE regress_writer;

-- Made once; the second call finds nothing to do
SELECT role_name, done, statement FROM nudge.create_roles('regress_owner', 'regress_operator', 'regress_job', 'regress_analyst', 'regress_viewer') WHERE statement !~ '^(GRANT (EXECUTE|SELECT)|ALTER DEFAULT)';
SELECT * FROM nudge.create_roles('regress_owner', 'regress_operator', 'regress_job', 'regress_analyst', 'regress_viewer');
SELECT r.rolname, r.rolcanlogin, (SELECT d.setconfig FROM pg_db_role_setting d WHERE d.setrole = r.oid) AS settings FROM pg_roles r WHERE r.rolname ~ '^regress_(owner|operator|job|analyst|viewer)$' ORDER BY r.rolname COLLATE "C";
-- what is set otherwise stays
ALTER ROLE regress_job SET statement_timeout = '10min';
SELECT * FROM nudge.create_roles('regress_owner', 'regress_operator', 'regress_job', 'regress_analyst', 'regress_viewer');

-- The owner maps, tracks and adds; it may refresh nothing
GRANT regress_app TO regress_owner;
CREATE SCHEMA regress_shop AUTHORIZATION regress_app;
SET ROLE regress_app;
CREATE TABLE regress_shop.billing (id integer PRIMARY KEY, customer text, amount numeric, began timestamptz);
GRANT USAGE ON SCHEMA regress_shop TO regress_writer;
GRANT INSERT, UPDATE, SELECT ON regress_shop.billing TO regress_writer;
SET ROLE regress_owner;
SELECT nudge.map_source('subscriptions', 'regress_shop.billing', '{"item": "id", "plan": "''pro''", "valid_from": "began", "valid_to": null, "currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}');
SELECT nudge.track_source('subscriptions', '{customer}');
SELECT nudge.add_materialisation('mrr', 'SELECT s.customer, sum(s.amount) AS mrr FROM nudge_staging.subscriptions s GROUP BY s.customer', 'customer');
CALL nudge.refresh('mrr');

-- Who writes needs no right here
SET ROLE regress_writer;
INSERT INTO regress_shop.billing VALUES (1, 'ada', 10, '2024-01-01'), (2, 'bob', 20, '2024-01-01');

-- The operator refreshes and looks; it reads no materialisation
SET ROLE regress_operator;
CALL nudge.run_due();
CALL nudge.refresh('mrr');
CALL nudge.rebuild('mrr', 1, '1 millisecond');
SELECT * FROM nudge.verify('mrr');
SELECT materialisation, status, run_by = session_user AS me FROM nudge.runs ORDER BY run_id;
SELECT count(*) FROM nudge.pending;
SELECT nudge.retry_quarantined();
SELECT nudge.mark_everything('mrr', 'me');
SELECT * FROM nudge_analytics.mrr;
UPDATE nudge.materialisations SET enabled = false;
SELECT nudge.add_materialisation('mine', 'SELECT 1 AS k', 'k');
-- the job does what the operator does
SET ROLE regress_writer;
UPDATE regress_shop.billing SET amount = 11 WHERE id = 1;
RESET ROLE;
SET SESSION AUTHORIZATION regress_job;
CALL nudge.refresh('mrr');
SELECT status, run_by FROM nudge.run_history LIMIT 1;
RESET SESSION AUTHORIZATION;

-- The analyst reads, also what is made later
SET ROLE regress_owner;
SELECT nudge.add_materialisation('later', 'SELECT s.customer FROM nudge_staging.subscriptions s', 'customer');
SET ROLE regress_analyst;
SELECT * FROM nudge_analytics.mrr ORDER BY customer COLLATE "C";
SELECT customer, amount FROM nudge_staging.subscriptions ORDER BY customer COLLATE "C";
SELECT * FROM nudge_analytics.later;
SELECT * FROM nudge.verify('mrr');
SELECT name, status FROM nudge.freshness ORDER BY name COLLATE "C";
SELECT count(*) FROM nudge.pending;
CALL nudge.run_due();
CALL nudge.refresh('mrr');
DELETE FROM nudge_analytics.mrr;

-- The viewer reads views of nudge_reporting and nothing else
SET ROLE regress_owner;
CREATE VIEW nudge_reporting.total AS SELECT sum(mrr) AS mrr FROM nudge_analytics.mrr;
SELECT count(*) > 10 AS deployed FROM nudge.deploy();
RESET ROLE;
SELECT statement FROM nudge.grant_roles(viewer => 'regress_viewer');
SET ROLE regress_viewer;
SELECT * FROM nudge_reporting.total;
SELECT metric, value, null_reason FROM nudge_reporting.kpi_current WHERE metric = 'mrr';
SELECT mart, freshness_status FROM nudge_reporting.data_freshness WHERE mart = 'mrr';
SELECT count(*) > 6000 AS days FROM nudge_reporting.calendar_days;
SELECT setting, setting_value FROM nudge_reporting.reporting_settings WHERE setting = 'zone';
SELECT count(*) AS targets FROM nudge_reporting.metric_targets;
SELECT nudge.set_target('arr', 1, currency => 'EUR');
DELETE FROM nudge_reporting.chart_annotations;
SELECT * FROM nudge_analytics.mrr;
SELECT * FROM nudge_staging.subscriptions;
SELECT * FROM nudge.freshness;
CALL nudge.run_due();
SELECT * FROM nudge.verify('mrr');
SET ROLE regress_owner;
SELECT count(*) > 10 AS undeployed FROM nudge.undeploy();
RESET ROLE;

-- What a query calls runs as its owner, whoever refreshes, and can leave nothing behind
SET ROLE regress_owner;
CREATE TABLE nudge_analytics.seen (who name, what text);
CREATE FUNCTION nudge_analytics.spy(x integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	INSERT INTO nudge_analytics.seen VALUES (current_user, 'spy');
	BEGIN
		SET ROLE NONE;
		INSERT INTO nudge_analytics.seen VALUES (current_user, 'SET ROLE worked');
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO nudge_analytics.seen VALUES (current_user, SQLERRM);
	END;
	BEGIN
		CREATE TEMP TABLE trap (x integer);
		INSERT INTO nudge_analytics.seen VALUES (current_user, 'CREATE TEMP TABLE worked');
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO nudge_analytics.seen VALUES (current_user, SQLERRM);
	END;
	PERFORM set_config('search_path', 'hijack', false), set_config('nudge.as_of', '1999-01-01', false);
	RETURN x;
END
$$;
SELECT nudge.add_materialisation('spied', 'SELECT nudge_analytics.spy(1) AS k, 1 AS v', 'k', clock_query => 'SELECT nudge_analytics.spy(1), now()', key_maps => '{"subscriptions": {"column": "customer", "query": "SELECT v.customer, nudge_analytics.spy(1) FROM (VALUES (''ada'')) v(customer)"}}', depends_on => '{subscriptions}');
RESET ROLE;
CALL nudge.refresh('spied');
SET ROLE regress_writer;
UPDATE regress_shop.billing SET amount = 12 WHERE id = 1;
RESET ROLE;
CALL nudge.refresh('spied');
SELECT * FROM nudge.verify('spied');
SELECT who, what FROM nudge_analytics.seen GROUP BY who, what ORDER BY what COLLATE "C";
SHOW search_path;
SELECT current_setting('nudge.as_of') AS as_of;
-- so does what hangs on its table
SET ROLE regress_owner;
TRUNCATE nudge_analytics.seen;
CREATE FUNCTION nudge_analytics.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO nudge_analytics.seen VALUES (current_user, TG_NAME); RETURN NEW; END $$;
CREATE TRIGGER at_once BEFORE INSERT ON nudge_analytics.mrr FOR EACH ROW EXECUTE FUNCTION nudge_analytics.note();
RESET ROLE;
UPDATE regress_shop.billing SET amount = 13 WHERE id = 1;
CALL nudge.refresh('mrr');
SELECT who, what FROM nudge_analytics.seen GROUP BY who, what ORDER BY what COLLATE "C";
-- what is put off until the end of the transaction would run as somebody else
CREATE CONSTRAINT TRIGGER put_off AFTER INSERT OR UPDATE ON nudge_analytics.mrr DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nudge_analytics.note();
UPDATE regress_shop.billing SET amount = 14 WHERE id = 1;
CALL nudge.refresh('mrr');
SELECT who, what FROM nudge_analytics.seen GROUP BY who, what ORDER BY what COLLATE "C";
DROP TRIGGER put_off ON nudge_analytics.mrr;
CALL nudge.refresh('mrr');
-- a view in place of the table is not looked into
SET ROLE regress_owner;
DROP TABLE nudge_analytics.later;
TRUNCATE nudge_analytics.seen;
CREATE VIEW nudge_analytics.later AS SELECT 'a'::text AS customer, nudge_analytics.spy(1);
RESET ROLE;
CALL nudge.rebuild('later');
SELECT * FROM nudge.verify('later');
SELECT * FROM nudge_analytics.seen;
SET ROLE regress_owner;
DROP VIEW nudge_analytics.later;
CREATE TABLE nudge_analytics.later (customer text PRIMARY KEY);
SELECT nudge.drop_materialisation('later');

-- Rows of the registry that nobody made by add_materialisation
INSERT INTO nudge.materialisations (name, layer, key_column, row_key, cadence, batch_keys) VALUES ('pg_authid', 'mart', 'rolname', '{rolname}', '1 hour', 1);
INSERT INTO nudge.pending (materialisation, reason) VALUES ('pg_authid', 'evil');
RESET ROLE;
CALL nudge.refresh('pg_authid');
SELECT * FROM nudge.verify('pg_authid');
DELETE FROM nudge.materialisations WHERE name = 'pg_authid';
SET ROLE regress_owner;
UPDATE nudge.materialisations SET key_column = 'customer" IS NULL OR nudge_analytics.spy(1) = 1 --', row_key = ARRAY['customer" IS NULL OR nudge_analytics.spy(1) = 1 --'] WHERE name = 'mrr';
RESET ROLE;
CALL nudge.rebuild('mrr');
UPDATE nudge.materialisations SET key_column = 'customer', row_key = '{customer}' WHERE name = 'mrr';
CALL nudge.rebuild('mrr');
SELECT * FROM nudge_analytics.seen;

-- Rules are text: they run as the owner of the inputs, not as who refreshes
SET ROLE regress_owner;
TRUNCATE nudge_analytics.seen;
INSERT INTO nudge.exclusion_rules (rule, entity, input, condition, reason) VALUES ('spying', 'customer', 'subscriptions', 'nudge_analytics.spy(1) = 2', 'spied on');
RESET ROLE;
CALL nudge.refresh('mrr');
SELECT who, what FROM nudge_analytics.seen GROUP BY who, what ORDER BY what COLLATE "C";
-- nor as who brings the lists up to date, if others may write them
GRANT USAGE ON SCHEMA nudge TO regress_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges, nudge.entity_keys TO regress_writer;
SET ROLE regress_writer;
SELECT * FROM nudge.refresh_entities();
RESET ROLE;
CALL nudge.refresh('mrr');
REVOKE INSERT, UPDATE ON nudge.exclusion_rules FROM regress_writer;
CALL nudge.refresh('mrr');
SET ROLE regress_owner;
SELECT nudge.drop_exclusion_rule('spying');
-- what is polled is what its view reads: another table, or other columns, are not looked at
TRUNCATE nudge_analytics.seen;
CREATE VIEW nudge_analytics.bait AS SELECT pg_current_xact_id() AS x, nudge_analytics.spy(1)::text AS customer;
CREATE TABLE nudge_analytics.polled (x xid8 DEFAULT pg_current_xact_id(), customer text, secret text, at timestamptz);
SELECT nudge.map_source('users', 'nudge_analytics.polled', '{"user": "customer", "customer": "customer", "signed_up_at": "at"}');
SELECT nudge.track_appends('users', 'x', '{customer}');
INSERT INTO nudge_analytics.polled (customer, secret) VALUES ('eve', 'secret');
RESET ROLE;
GRANT USAGE ON SCHEMA nudge_analytics TO regress_app;
GRANT SELECT ON nudge_analytics.polled, nudge_analytics.bait TO regress_app;
ALTER VIEW nudge_staging.users__users OWNER TO regress_app;
DELETE FROM nudge.change_log;
SELECT nudge.poll_sources();
SELECT key_column, key FROM nudge.change_log WHERE source = 'users';
SET ROLE regress_owner;
DELETE FROM nudge.change_log;
INSERT INTO nudge_analytics.polled (customer, secret) VALUES ('eve', 'secret');
RESET ROLE;
SELECT nudge.poll_sources();
SELECT key_column, key FROM nudge.change_log WHERE source = 'users';
SET ROLE regress_owner;
DELETE FROM nudge.change_log;
UPDATE nudge.trackings SET keys = '{"customer": "secret"}' WHERE source = 'users';
INSERT INTO nudge_analytics.polled (customer, secret) VALUES ('eve', 'secret');
RESET ROLE;
SELECT nudge.poll_sources();
SELECT key_column, key FROM nudge.change_log WHERE source = 'users';
SET ROLE regress_owner;
DELETE FROM nudge.change_log;
DELETE FROM nudge.trackings WHERE source = 'users';
UPDATE nudge.sources SET relation = 'nudge_analytics.bait' WHERE source = 'users';
INSERT INTO nudge.trackings (source, relation, keys, capture) VALUES ('users', 'nudge_analytics.bait', '{"customer": "customer"}', 'append_only');
INSERT INTO nudge.polls (source, xid_column, horizon, system_identifier) SELECT 'users', 'x', '3', c.system_identifier FROM pg_control_system() c;
DELETE FROM nudge.change_log;
RESET ROLE;
SELECT nudge.poll_sources();
SELECT key_column, key FROM nudge.change_log WHERE source = 'users';
SELECT * FROM nudge_analytics.seen;
DELETE FROM nudge.trackings WHERE source = 'users';
DELETE FROM nudge.sources WHERE source = 'users';
DELETE FROM nudge.change_log;

-- Views of inputs that lend the rights of who reads them
CREATE ROLE regress_mapper;
CREATE ROLE regress_maker;
GRANT USAGE, CREATE ON SCHEMA nudge_staging, nudge_analytics TO regress_mapper, regress_maker;
SELECT count(*) > 0 AS granted FROM nudge.grant_roles(owner => 'regress_maker');
SET ROLE regress_mapper;
CREATE TABLE nudge_staging.closed AS SELECT 1 AS k;
CREATE VIEW nudge_staging.theirs AS SELECT k FROM nudge_staging.closed;
GRANT SELECT ON nudge_staging.theirs TO regress_maker;
SET ROLE regress_maker;
SELECT nudge.add_materialisation('lent', 'SELECT k FROM nudge_staging.theirs', 'k');
RESET ROLE;
GRANT regress_maker TO regress_mapper;
SET ROLE regress_maker;
SELECT nudge.add_materialisation('lent', 'SELECT k FROM nudge_staging.theirs', 'k');
-- tables are read with the rights of who mapped them
SELECT * FROM nudge_staging.closed;
RESET ROLE;
CALL nudge.refresh('lent');
SELECT * FROM nudge.verify('lent');
REVOKE regress_maker FROM regress_mapper;
CALL nudge.rebuild('lent');
GRANT regress_maker TO regress_mapper;
ALTER TABLE nudge_analytics.lent OWNER TO regress_mapper;
CALL nudge.rebuild('lent');
SELECT * FROM nudge.verify('lent');
SELECT nudge.drop_materialisation('lent');
-- what one role makes is readable, what another makes is not yet
SELECT statement FROM nudge.grant_roles(owner => 'regress_maker', analyst => 'regress_analyst') WHERE statement ~ 'DEFAULT';

-- What a superuser maps or counts: functions of others run as others, or not at all
CREATE ROLE regress_super SUPERUSER;
CREATE SCHEMA regress_loose AUTHORIZATION regress_app;
CREATE TABLE regress_loose.ran (as_whom name);
GRANT INSERT ON regress_loose.ran TO PUBLIC;
SET ROLE regress_app;
GRANT USAGE ON SCHEMA regress_loose TO PUBLIC;
CREATE FUNCTION regress_loose.spy(k text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO regress_loose.ran VALUES (current_user); RETURN k; END $$;
CREATE TABLE regress_loose.merges AS SELECT 'x'::text AS customer, 'y'::text AS merged_into, timestamptz '2024-01-01Z' AS at;
CREATE VIEW regress_loose.spied AS SELECT regress_loose.spy(customer) AS customer, merged_into, at FROM regress_loose.merges;
SET ROLE regress_super;
SELECT nudge.map_source('customer_merges', 'regress_loose.spied');
SELECT nudge.exclude('customer', '{zoe}', 'test');
SELECT nudge.track_lookback('customer_merges', '100 years');
SELECT nudge.map_source('users', source => 'spied', query => 'SELECT customer, customer AS "user", at AS signed_up_at FROM regress_loose.spied');
SELECT count(*) FROM nudge.find_entity('customer', 'zoe');
RESET ROLE;
SET client_min_messages = error;
CALL nudge.refresh('mrr');
SET client_min_messages = warning;
SELECT DISTINCT as_whom FROM regress_loose.ran;
SELECT nudge.unmap_source('customer_merges'), nudge.unmap_source('spied');
DELETE FROM nudge.change_log;
-- as who mapped it, whoever asks
GRANT SELECT ON regress_loose.spied TO regress_owner;
SET ROLE regress_owner;
SELECT nudge.map_source('users', source => 'spied', query => 'SELECT customer, customer AS "user", at AS signed_up_at FROM regress_loose.spied');
SET ROLE regress_super;
SELECT * FROM nudge.find_entity('customer', 'x');
RESET ROLE;
SELECT DISTINCT as_whom FROM regress_loose.ran;
SET ROLE regress_owner;
SELECT nudge.unmap_source('spied');
RESET ROLE;
DROP SCHEMA regress_loose CASCADE;

-- Objects first in the search path that are called as what is meant: none is taken
CREATE SCHEMA regress_hijack;
CREATE FUNCTION regress_hijack.boom() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result, o.oid FROM pg_operator o
		WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft = ANY ('{text,name,int2,int4,int8,numeric,float8,bool,timestamptz,timestamp,date,interval,oid,"char",jsonb,text[]}'::regtype[])
			AND o.oprright = ANY ('{text,name,int2,int4,int8,numeric,float8,bool,timestamptz,timestamp,date,interval,oid,"char",jsonb,text[]}'::regtype[]) LOOP
		EXECUTE format('CREATE FUNCTION regress_hijack.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''hijacked''; END $f$', 'boom' || one.oid, one.l, one.r, one.result);
		EXECUTE format('CREATE OPERATOR regress_hijack.%s (FUNCTION = regress_hijack.%I, LEFTARG = %s, RIGHTARG = %s)', one.oprname, 'boom' || one.oid, one.l, one.r);
	END LOOP;
	FOR one IN SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND l.lanname IN ('internal', 'sql') AND p.provariadic = 0
			AND NOT EXISTS (SELECT FROM unnest(p.proargtypes || p.prorettype) a JOIN pg_type t ON t.oid = a WHERE t.typtype = 'p') AND p.proallargtypes IS NULL LOOP
		EXECUTE format('CREATE FUNCTION regress_hijack.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''hijacked''; END $f$', one.proname, one.arguments, one.result);
	END LOOP;
	FOR one IN SELECT c.relname FROM pg_class c WHERE c.relnamespace IN ('nudge'::regnamespace, 'pg_catalog'::regnamespace) AND c.relkind IN ('r', 'v') LOOP
		EXECUTE format('CREATE TABLE regress_hijack.%I (trap integer)', one.relname);
	END LOOP;
	FOR one IN SELECT t FROM unnest('{text,int4,int8,bool,name,timestamptz,interval,numeric,jsonb,regclass,oid}'::text[]) t WHERE to_regtype('regress_hijack.' || quote_ident(t)) IS NULL LOOP
		EXECUTE format('CREATE DOMAIN regress_hijack.%I AS pg_catalog.%I CHECK (regress_hijack.boom() IS NULL)', one.t, one.t);
	END LOOP;
END
$$;
GRANT USAGE ON SCHEMA regress_hijack TO PUBLIC;
-- as the one who set it: it is what it says
SET search_path = regress_hijack, pg_catalog;
SELECT 1 + 1;
\c -
SET timezone = 'UTC';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
UPDATE nudge.materialisations SET next_due_at = now();
SET search_path = regress_hijack, pg_catalog;
CALL nudge.run_due();
CALL nudge.run_due('1 minute');
CALL nudge.refresh('mrr');
CALL nudge.rebuild('mrr');
CALL nudge.rebuild('mrr', 1, '1 millisecond');
SELECT * FROM nudge.verify('mrr');
SELECT name, status FROM nudge.freshness;
SELECT name, pending_keys FROM nudge.lag;
SELECT name, status FROM nudge.run_history LIMIT 1;
SELECT status FROM nudge.healthcheck();
SELECT materialisation, upstream, changes_known FROM nudge.explain_refresh();
SELECT action, done FROM nudge.schedule(run_as => 'regress_job') LIMIT 1;
SELECT action, done FROM nudge.unschedule() LIMIT 1;
SELECT action, done FROM nudge.adopt(false) LIMIT 1;
SELECT materialisation, cadence_now FROM nudge.set_cadence('mrr', '1 hour');
SELECT nudge.retry_quarantined(), nudge.prune_runs(), nudge.prune_job_runs(), nudge.fan_out(), nudge.refresh_order();
SELECT materialisation, pending_keys, everything, log_rows, quarantined FROM nudge.waiting();
SELECT bool_or(r.is_running) AS running FROM nudge.last_runs() r;
REVOKE SELECT ON nudge_reporting.total FROM regress_viewer;
SELECT * FROM nudge.grant_roles(viewer => 'regress_viewer');
SELECT nudge.enable_materialisation('mrr');
SELECT nudge.add_materialisation('mrr2', 'SELECT 1 AS k', 'k');
SELECT nudge.drop_materialisation('mrr2');
SELECT nudge.untrack_source('subscriptions'), nudge.track_source('subscriptions', '{customer}');
UPDATE regress_shop.billing SET customer = 'hijacked';
INSERT INTO regress_shop.billing SELECT 3, 'hijacked';
SET search_path = public;

DROP SCHEMA nudge_reporting, nudge_analytics, nudge_staging, regress_hijack, regress_shop CASCADE;
DELETE FROM nudge.sources;
DELETE FROM nudge.materialisations;
TRUNCATE nudge.change_log, nudge.pending, nudge.runs, nudge.heartbeats, nudge.installation;
DELETE FROM nudge.exclusion_rules;
DROP OWNED BY regress_owner, regress_operator, regress_job, regress_analyst, regress_viewer, regress_mapper, regress_maker, regress_app, regress_writer, regress_super;
DROP ROLE regress_owner, regress_operator, regress_job, regress_analyst, regress_viewer, regress_mapper, regress_maker, regress_app, regress_writer, regress_super;
