--
-- audiences.sql
--		Who reads what: each audience times every relation, by lists of its own;
--		that customers see their own rows by whatever way they ask, and people
--		outside no small group.
--
-- All follows from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed audiences
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Every input is mapped -------------------------------------------------------

CREATE SCHEMA raw;
CREATE FUNCTION pg_temp.below(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN floor(random() * n)::integer;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.input, string_agg(format('%I %s', c.column_name, c.data_type), ', ' ORDER BY c.position) AS columns FROM nudge.input_columns c GROUP BY c.input LOOP
		EXECUTE format('CREATE TABLE raw.%I (%s)', 'raw_' || one.input, one.columns);
		PERFORM nudge.map_source(one.input, format('raw.%I', 'raw_' || one.input)::regclass, zone => 'UTC');
	END LOOP;
END
$$;
-- segments of very different sizes, one customer with a currency of its own
INSERT INTO raw.raw_customers (customer, created_at, name, industry, segment, region)
SELECT 'c' || n, CASE WHEN n = 2 THEN '-infinity' ELSE now() - interval '3 years' END, 'Name of c' || n, CASE WHEN n = 1 THEN 'rare' WHEN n <= 3 THEN 'few' WHEN n <= 20 THEN 'some' ELSE 'most' END, (ARRAY['large', 'large', 'large', 'large', 'large', 'small', 'small', 'tiny'])[1 + least(pg_temp.below(8), pg_temp.below(12))], (ARRAY['north', 'south', 'east'])[1 + pg_temp.below(3)] FROM generate_series(1, 60) n;
INSERT INTO raw.raw_subscriptions (item, customer, plan, valid_from, valid_to, amount, currency, interval_unit, interval_count, quantity, status)
SELECT n, 'c' || 1 + pg_temp.below(60), 'p', t, CASE WHEN random() < 0.4 THEN t + make_interval(days => 10 + pg_temp.below(300)) END, (10 + pg_temp.below(900)) / 7.0, CASE WHEN n = 1 THEN 'CHF' ELSE 'EUR' END, 'month', 1, 1, 'active'
FROM generate_series(1, 160) n, LATERAL (SELECT now() - make_interval(days => 20 + pg_temp.below(400)) + n * interval '0 s' AS t OFFSET 0) s;
-- three that count in CHF, so that all that is hidden of it would be too few
INSERT INTO raw.raw_subscriptions (item, customer, plan, valid_from, amount, currency, interval_unit, interval_count, status) SELECT 'f' || n, 'c' || 50 + n, 'p', now() - interval '300 days', 100 * n, 'CHF', 'month', 1, 'active' FROM generate_series(1, 2) n;
INSERT INTO raw.raw_exchange_rates (currency, day, rate, base) VALUES ('CHF', '2000-01-01', 1.1, 'EUR');
INSERT INTO raw.raw_subscriptions (item, customer, plan, valid_from, amount, currency, interval_unit, interval_count, status) SELECT 'a' || n, 'c' || n, 'p', now() - interval '500 days', 10, 'EUR', 'month', 1, 'active' FROM generate_series(1, 3) n;
INSERT INTO raw.raw_users ("user", customer, signed_up_at) SELECT 'u' || n, CASE WHEN n % 11 <> 0 THEN 'c' || 1 + n % 60 END, CASE WHEN n = 1 THEN 'infinity' ELSE now() - interval '300 days' END FROM generate_series(1, 150) n;
INSERT INTO raw.raw_events ("user", at, name) SELECT 'u' || 1 + pg_temp.below(150), now() - make_interval(hours => pg_temp.below(2000)), 'opened' FROM generate_series(1, 600) n;
INSERT INTO raw.raw_tickets (ticket, customer, opened_at, priority) SELECT 't' || n, 'c' || 1 + pg_temp.below(60), now() - make_interval(hours => 1 + pg_temp.below(2000)), 'high' FROM generate_series(1, 200) n;

SELECT is_empty($$ SELECT * FROM nudge.create_audiences(prefix => 'tap_') WHERE NOT done $$, 'the roles are made');
SELECT is_empty($$ SELECT * FROM nudge.create_audiences(prefix => 'tap_') $$, 'and nothing is left to do');
SELECT cmp_ok((SELECT count(*) FROM nudge.deploy(currency => 'EUR') WHERE object ~ '^nudge_external' OR action = 'restrict rows'), '>', 15::bigint, 'what they read is made');
SELECT is_empty($$ SELECT * FROM nudge.deploy() WHERE action NOT IN ('change view', 'change materialisation', 'convert input') $$, 'once');
SELECT is_empty($$ SELECT * FROM nudge.grant_audiences() $$, 'and given to them by deploy()');
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() $$, 'nothing is wrong');
CREATE FUNCTION pg_temp.refresh(wanted text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	run bigint;
BEGIN
	WHILE nudge.fan_out(1000) = 1000 LOOP
	END LOOP;
	run := nudge.begin_run(wanted, 'refresh');
	PERFORM nudge.mark_run(wanted);
	PERFORM nudge.refresh_batch(wanted, run, NULL);
	PERFORM nudge.end_run(wanted, run, 'ok', NULL, NULL);
END
$$;
CREATE TEMP VIEW needed AS
	WITH RECURSIVE n(name) AS (SELECT unnest('{mrr_summary,customer_mrr_timeline,mrr_consolidated,revenue_retention,fact_revenue,dim_customers,dim_users,mrr_by_segment,mrr_by_dimension,fact_subscriptions,fact_tickets,user_event_days,sales_pipeline,support_backlog}'::text[])
		UNION SELECT m.name FROM n JOIN nudge.dependencies d ON d.materialisation = n.name JOIN nudge.materialisations m ON nudge.mart_table(m.name) = d.upstream)
	SELECT o.name, o.depth FROM n JOIN nudge.refresh_order() o ON o.name = n.name;
SELECT pg_temp.refresh(name) FROM (SELECT name FROM needed ORDER BY depth, name OFFSET 0) o \g /dev/null

CREATE ROLE tap_acme LOGIN;
CREATE ROLE tap_boxco LOGIN;
CREATE ROLE tap_nobody LOGIN;
CREATE ROLE tap_jane LOGIN;
CREATE ROLE tap_pool LOGIN NOINHERIT;
GRANT tap_customers TO tap_acme, tap_boxco, tap_nobody;
GRANT tap_acme TO tap_jane;
GRANT tap_acme, tap_boxco TO tap_pool;
INSERT INTO nudge.external_customers (role_name, customer) VALUES ('tap_acme', 'c1'), ('tap_acme', 'c2'), ('tap_boxco', 'c3');
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() $$, 'nor with customers');

-- Each audience times every relation --------------------------------------------

CREATE TEMP TABLE reader AS SELECT r.name, r.audience, string_to_array(r.subjects, ' ') AS subjects FROM (VALUES
	('tap_executive', 'executive', ''), ('tap_analysts', 'analysts', ''), ('tap_managers_sales', 'managers', 'sales market'), ('tap_managers_marketing', 'managers', 'acquisition market'), ('tap_managers_product', 'managers', 'usage'),
	('tap_managers_customer_success', 'managers', 'customers support'), ('tap_managers_engineering', 'managers', 'engineering platform'), ('tap_managers_finance', 'managers', 'revenue finance'),
	('tap_investors', 'outside', ''), ('tap_board', 'outside', ''), ('tap_partners', 'outside', ''), ('tap_customers', 'customer', ''), ('tap_acme', 'customer', ''), ('tap_nobody', 'customer', ''), ('tap_pool', 'none', '')) r(name, audience, subjects);
SELECT set_eq('SELECT role_name::text FROM nudge.audiences', $$ SELECT name FROM reader WHERE name !~ '(acme|nobody|pool)$' $$, 'these are the audiences');
CREATE TEMP TABLE relation AS
	SELECT c.oid, n.nspname::text AS space, c.relname::text AS name, c.relkind, v.subject, EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0 AND a.privilege_type = 'SELECT') AS is_public
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN nudge.shipped_views v ON v.name = c.relname AND n.nspname = 'nudge_reporting'
	WHERE n.nspname IN ('nudge', 'nudge_staging', 'nudge_analytics', 'nudge_reporting', 'nudge_external', 'raw') AND c.relkind IN ('r', 'v', 'p', 'm', 'f');
CREATE FUNCTION pg_temp.expected(reader, relation) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE $1.audience
		WHEN 'executive' THEN $2.space = 'nudge_reporting'
		WHEN 'analysts' THEN $2.space IN ('nudge_staging', 'nudge_analytics', 'nudge_reporting') OR $2.space = 'nudge' AND $2.is_public
		WHEN 'managers' THEN $2.space = 'nudge_reporting' AND ($2.subject = ANY ($1.subjects)
			OR $2.name IN ('calendar_days', 'metric_catalog', 'chart_annotations', 'data_freshness', 'reporting_settings', '_metabase_metadata', 'department_kpis', 'department_metric_values', 'department_metric_progress', 'department_targets', 'own_targets', 'own_annotations'))
		WHEN 'outside' THEN $2.space = 'nudge_external' AND $2.name IN ('company_kpis', 'company_metric_values', 'company_mrr_monthly', 'company_metric_catalog')
		WHEN 'customer' THEN $2.space = 'nudge_external' AND $2.name IN ('own_account', 'own_users', 'own_mrr_periods', 'own_mrr_monthly', 'own_subscriptions', 'own_tickets', 'own_usage_daily')
		ELSE false END
$$;
CREATE FUNCTION pg_temp.outcome(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text := 'done';
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	BEGIN
		EXECUTE statement;
	EXCEPTION WHEN OTHERS THEN
		answer := SQLSTATE || ' ' || SQLERRM;
	END;
	RESET ROLE;
	RETURN answer;
END
$$;
CREATE TEMP TABLE tried AS
	SELECT r.name AS reader, l.space, l.name, pg_temp.expected(r, l) AS expected, pg_temp.outcome(r.name, format('SELECT FROM %I.%I LIMIT 0', l.space, l.name)) AS answer FROM reader r, relation l;
SELECT cmp_ok((SELECT count(*) FROM tried WHERE expected), '>', 200::bigint, 'some may be read');
SELECT cmp_ok((SELECT count(*) FROM tried WHERE NOT expected), '>', 1000::bigint, 'and many may not');
SELECT is_empty($$ SELECT reader, space, name, answer FROM tried WHERE (answer = 'done') <> expected $$, 'nobody reads more, nor less');
SELECT is_empty($$ SELECT reader, space, name, answer FROM tried WHERE NOT expected AND answer !~ '^42501 permission denied for (schema|table|view)' $$, 'what is not theirs is refused');
SELECT is_empty($$ SELECT r.name, l.space, l.name FROM reader r, relation l WHERE l.name NOT IN ('own_targets', 'own_annotations') AND (has_table_privilege(r.name, l.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege(r.name, l.oid, 'INSERT, UPDATE, REFERENCES')) $$, 'nobody writes');
SELECT set_eq($$ SELECT r.name FROM reader r WHERE has_table_privilege(r.name, 'nudge_reporting.own_targets', 'INSERT') $$, $$ SELECT name FROM reader WHERE audience IN ('executive', 'managers') $$, 'but who sets targets');
SELECT set_eq($$ SELECT r.name FROM reader r WHERE has_table_privilege(r.name, 'nudge_reporting.own_annotations', 'INSERT') $$, $$ SELECT name FROM reader WHERE audience IN ('executive', 'managers') $$, 'and writes annotations');
SELECT is_empty($$ SELECT r.name FROM reader r WHERE has_table_privilege(r.name, 'nudge_reporting.own_targets', 'TRUNCATE, REFERENCES, TRIGGER') $$, 'and that only as rows');
SELECT is_empty($$ SELECT r.name, n.nspname FROM reader r, pg_namespace n WHERE n.nspname ~ '^nudge' AND has_schema_privilege(r.name, n.oid, 'CREATE') $$, 'nor makes objects');
SELECT is_empty($$ SELECT r.name, s.relname FROM reader r, pg_class s WHERE s.relkind = 'S' AND s.relnamespace::regnamespace::text ~ '^nudge' AND has_sequence_privilege(r.name, s.oid, 'USAGE, UPDATE') $$, 'nor draws numbers');
SELECT is_empty($$ SELECT r.name, n.nspname FROM reader r, pg_namespace n WHERE n.nspname ~ '^(nudge|raw)' AND has_schema_privilege(r.name, n.oid, 'USAGE')
	<> (n.nspname = CASE r.audience WHEN 'executive' THEN 'nudge_reporting' WHEN 'managers' THEN 'nudge_reporting' WHEN 'outside' THEN 'nudge_external' WHEN 'customer' THEN 'nudge_external' END OR r.audience = 'analysts' AND n.nspname NOT IN ('raw', 'nudge_external')) IS TRUE $$, 'each is in its schema only');
SELECT is_empty($$ SELECT r.name, p.oid::regprocedure FROM reader r, pg_proc p WHERE p.pronamespace = 'nudge'::regnamespace AND r.audience <> 'analysts' AND pg_temp.outcome(r.name, format('SELECT %s', p.oid::regprocedure::oid::regproc)) !~ '^42501|^42703|^42883|^42P01' AND p.proname IN ('set_audience', 'create_audiences', 'find_entity', 'verify', 'set_target') $$, 'nobody outside calls functions');
-- columns of marts: those of the views, and no others
SELECT set_eq($$ SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'nudge_analytics'::regnamespace AND c.relkind = 'r' AND has_column_privilege('tap_customers', c.oid, a.attnum, 'SELECT') $$,
	$$ SELECT t || '.' || u FROM (VALUES ('dim_customers', 'customer name created_at status first_revenue_day last_revenue_day currency current_mrr'), ('dim_users', 'user customer signed_up_at signed_up_day plan role'), ('customer_mrr_timeline', 'customer currency started_at ended_at mrr'),
		('fact_revenue', 'period customer currency movement opening_mrr net_new_mrr closing_mrr complete'), ('fact_subscriptions', 'valid_from valid_to first_day last_day customer subscription item sequence_no plan status currency amount interval_unit interval_count quantity mrr'),
		('fact_tickets', 'ticket customer opened_day status priority category opened_at first_response_at resolved_at first_response_minutes resolution_minutes csat'), ('user_event_days', 'day user name feature events succeeded failed')) c(t, columns), string_to_table(columns, ' ') u $$,
	'behind the views no column more can be read: neither segment nor owner, agent, growth tier, nor discount');

-- The rules of views for BI tools -----------------------------------------------

SELECT is_empty($$ SELECT v.name, p.* FROM nudge.shipped_audience_views v, LATERAL nudge.reporting_problems(nudge.audience_view(v.name, v.audience)::regclass) p $$, 'eight types, numbers with a scale, comments with the grain, names of its own');
SELECT is_empty($$ SELECT v.name, k FROM nudge.shipped_audience_views v, jsonb_object_keys(v.columns) k WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = nudge.audience_view(v.name, v.audience)::regclass AND a.attname = k) $$, 'only columns that are there are described');
SELECT is_empty($$ SELECT v.name FROM nudge.shipped_audience_views v JOIN pg_class c ON c.oid = nudge.audience_view(v.name, v.audience)::regclass
	WHERE NOT 'security_barrier=true' = ANY (c.reloptions) OR ('security_invoker=true' = ANY (c.reloptions)) <> (v.audience = 'customers') $$, 'all are barriers, and those of customers are read with the rights of the reader');
SELECT is_empty($$ SELECT d.department, s FROM nudge.shipped_departments d, unnest(d.subjects) s WHERE s NOT IN (SELECT subject FROM nudge.shipped_metrics) $$, 'departments have subjects that are there');
SELECT is_empty($$ SELECT m FROM (SELECT unnest(d.metrics) FROM nudge.shipped_departments d UNION ALL SELECT unnest(nudge.audience_metrics(a)) FROM unnest('{investors,board,partners}'::text[]) a) u(m) WHERE m NOT IN (SELECT metric FROM nudge.shipped_metrics) $$, 'and metrics that are there');
SELECT is_empty($$ SELECT DISTINCT m.subject FROM nudge.shipped_metrics m WHERE NOT EXISTS (SELECT FROM nudge.shipped_departments d WHERE m.subject = ANY (d.subjects)) $$, 'every subject has a department');

-- Customers see their own rows -----------------------------------------------------

CREATE TEMP TABLE own_view AS SELECT v.name, v.place FROM nudge.shipped_audience_views v WHERE v.audience = 'customers';
CREATE FUNCTION pg_temp.seen(role_name text, view_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	EXECUTE format('SELECT string_agg(DISTINCT v.customer, '' '' ORDER BY v.customer) || '' '' || count(*) FROM nudge_external.%I v', view_name) INTO answer;
	RESET ROLE;
	RETURN answer;
END
$$;
-- as plain SQL over the raw rows has it
CREATE TEMP TABLE truth AS
	SELECT s.role_name, s.view_name, string_agg(DISTINCT s.customer, ' ' ORDER BY s.customer) || ' ' || count(*) AS answer FROM (
		SELECT e.role_name, e.customer, r.view_name FROM nudge.external_customers e JOIN (
			SELECT customer, 'own_account' AS view_name FROM raw.raw_customers UNION ALL SELECT customer, 'own_users' FROM raw.raw_users UNION ALL SELECT customer, 'own_subscriptions' FROM raw.raw_subscriptions UNION ALL SELECT customer, 'own_tickets' FROM raw.raw_tickets
			UNION ALL (SELECT DISTINCT ON (u."user", (e.at AT TIME ZONE 'UTC')::date) u.customer, 'own_usage_daily' FROM raw.raw_events e JOIN raw.raw_users u USING ("user"))
			UNION ALL SELECT f.customer, 'own_mrr_monthly' FROM nudge_analytics.fact_revenue f UNION ALL SELECT m.customer, 'own_mrr_periods' FROM nudge_analytics.customer_mrr_timeline m) r ON r.customer = e.customer) s
	GROUP BY s.role_name, s.view_name;
SELECT is((SELECT count(*) FROM truth), 14::bigint, 'two customers have rows of every kind');
SELECT is_empty($$ SELECT v.name, t.role_name, pg_temp.seen(t.role_name, v.name), t.answer FROM own_view v JOIN truth t ON t.view_name = v.name WHERE pg_temp.seen(t.role_name, v.name) IS DISTINCT FROM t.answer $$, 'each sees its own rows, all of them and no others');
SELECT is_empty($$ SELECT v.name FROM own_view v WHERE pg_temp.seen('tap_jane', v.name) IS DISTINCT FROM (SELECT t.answer FROM truth t WHERE t.view_name = v.name AND t.role_name = 'tap_acme') $$, 'so does a member of its role');
SELECT is_empty($$ SELECT v.name, r FROM own_view v, unnest('{tap_nobody,tap_customers}'::text[]) r WHERE pg_temp.seen(r, v.name) IS NOT NULL $$, 'who is no customer sees nothing, nor does the group itself');
SELECT is(pg_temp.outcome('tap_acme', $$ DO $d$ BEGIN ASSERT (SELECT count(*) = 2 AND count(*) FILTER (WHERE created_at IS NULL) = 1 AND bool_and(isfinite(created_at)) FROM nudge_external.own_account);
	ASSERT (SELECT count(*) FILTER (WHERE signed_up_at IS NULL AND signed_up_day IS NULL) = 1 AND bool_and(isfinite(signed_up_at) AND isfinite(signed_up_day)) FROM nudge_external.own_users); END $d$ $$), 'done', 'days without end, on which clients fail, are not shown');
SELECT throws_ok($$ SELECT pg_temp.seen('tap_pool', 'own_account') $$, '42501', NULL, 'who must SET ROLE sees nothing before it');
RESET ROLE;

SELECT nudge.set_target('mrr', v, period_start => ('2020-01-01'::date + make_interval(months => v))::date, currency => 'EUR', note => 'secret'), nudge.annotate('2024-01-01', 'other', 'secret') FROM generate_series(1, 40) v \g /dev/null
ANALYZE nudge.targets, nudge.annotations, nudge.materialisations;
SELECT cmp_ok((SELECT count(*) FROM pg_stats WHERE schemaname = 'nudge' AND tablename = 'targets'), '>', 5::bigint, 'there are statistics of targets');
-- By session: what the superuser that runs this may is not theirs
CREATE TABLE raw.leak (n integer);
GRANT CREATE, TEMP ON DATABASE :DBNAME TO tap_acme;
SET SESSION AUTHORIZATION tap_acme;
SELECT results_eq('SELECT customer FROM nudge_external.own_account ORDER BY 1', $$ VALUES ('c1'), ('c2') $$, 'a session of a customer');
SELECT throws_ok('SET ROLE tap_boxco', '42501', NULL, 'it becomes no other');
SELECT throws_ok('SET LOCAL ROLE tap_executive', '42501', NULL, 'nor an executive');
SELECT throws_ok('GRANT tap_boxco TO tap_acme', '42501', NULL, 'it grants itself nothing');
SELECT throws_ok('ALTER VIEW nudge_external.own_account SET (security_invoker = false)', '42501', NULL, 'changes no view');
SELECT throws_ok('CREATE OR REPLACE VIEW nudge_external.own_account AS SELECT 1', '42501', NULL, 'replaces none');
SELECT throws_ok('SELECT customer FROM nudge_analytics.dim_customers', '42501', NULL, 'and reads no mart');
SELECT throws_ok('SELECT * FROM nudge.own_customers', '42501', NULL, 'nor who else there is');
SELECT throws_ok('SELECT * FROM nudge.external_customers', '42501', NULL, 'by no way either');
SELECT throws_ok($$ INSERT INTO nudge.external_customers VALUES ('tap_acme', 'c3') $$, '42501', NULL, 'nor says who it is');
SELECT throws_ok($$ UPDATE nudge_external.own_account SET customer = 'c3' $$, NULL, NULL, 'views are not written through');
SELECT is_empty($$ SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema ~ '^nudge_' AND table_name !~ '^(own_|dim_customers|dim_users|customer_mrr_timeline|fact_(revenue|subscriptions|tickets)|user_event_days)' $$, 'information_schema lists what is theirs, and tables behind it');
SELECT is_empty($$ SELECT * FROM pg_stats WHERE schemaname ~ '^nudge_' $$, 'statistics show no values');
-- what everybody may read has statistics for everybody
SELECT is_empty($$ SELECT tablename, attname, most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname = 'nudge' AND attname ~ '(value|note|text|reason|error|target|probability|mrr|query|filter)' AND tablename !~ '^(shipped_|input_)' AND coalesce(most_common_vals::text, histogram_bounds::text) IS NOT NULL $$, 'nor of targets, annotations and errors');
-- settings
SELECT set_config('row_security', 'off', true) \gset
SELECT throws_ok('SELECT count(*) FROM nudge_external.own_account', '42501', NULL, 'row_security = off is an error, and no way around');
SELECT set_config('row_security', 'on', true) \gset
CREATE FUNCTION pg_temp.still(name text, value text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	before constant text := current_setting(name, true);
BEGIN
	PERFORM set_config(name, value, true);
	SELECT count(*) FILTER (WHERE a.customer NOT IN ('c1', 'c2')) + abs(2 - count(*)) INTO n FROM nudge_external.own_account a;
	PERFORM set_config(name, coalesce(before, ''), true);
	RETURN n;
END
$$;
SELECT is((SELECT sum(abs(pg_temp.still(s.name, s.value))) FROM (VALUES ('app.customer', 'c3'), ('request.jwt.claims', '{"customer": "c3"}'), ('nudge.as_of', '2001-01-01'), ('app.current_tenant', 'c3'), ('search_path', 'pg_temp'), ('session_replication_role', NULL), ('enable_seqscan', 'off'), ('enable_indexscan', 'off'),
	('plan_cache_mode', 'force_generic_plan'), ('force_parallel_mode', NULL), ('application_name', 'tap_boxco'), ('default_transaction_read_only', 'off'), ('constraint_exclusion', 'on'), ('from_collapse_limit', '1')) s(name, value) WHERE s.value IS NOT NULL), 0::numeric, 'no setting shows other rows');
SELECT throws_ok($$ SET session_replication_role = replica $$, '42501', NULL, 'and triggers stay on');
-- names of its own
CREATE TEMP TABLE external_customers AS SELECT 'tap_acme'::name AS role_name, 'c3' AS customer;
CREATE TEMP TABLE own_customers AS SELECT 'c3' AS customer;
CREATE TEMP TABLE pg_roles AS SELECT 'tap_acme'::name AS rolname, 0::oid AS oid;
CREATE FUNCTION pg_temp.pg_has_role(oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SET LOCAL search_path = pg_temp, pg_catalog, public;
SELECT results_eq('SELECT customer FROM nudge_external.own_account ORDER BY 1', $$ VALUES ('c1'), ('c2') $$, 'tables and functions of its own with our names are not taken');
RESET search_path;
-- functions that tell what they are given
CREATE FUNCTION pg_temp.peek(customer text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF customer NOT IN ('c1', 'c2') THEN
		RAISE EXCEPTION 'seen: %', customer;
	END IF;
	RETURN true;
END
$$;
SELECT lives_ok(format('SELECT count(*) FROM nudge_external.%I WHERE pg_temp.peek(customer)', n), 'a cheap function of its own sees no other rows: ' || n) FROM unnest('{own_account,own_users,own_mrr_periods,own_mrr_monthly,own_subscriptions,own_tickets,own_usage_daily}'::text[]) n;
SELECT lives_ok($$ SELECT count(*) FROM nudge_external.own_account WHERE pg_temp.peek(customer) OR customer_name IS NULL $$, 'nor in a condition');
SELECT lives_ok($$ SELECT count(*) FROM nudge_external.own_account a JOIN nudge_external.own_users u ON pg_temp.peek(a.customer) AND pg_temp.peek(u.customer) $$, 'nor in a join');
SELECT lives_ok($$ SELECT count(*) FROM nudge_external.own_account GROUP BY customer HAVING pg_temp.peek(customer) $$, 'nor by groups');
-- plans that tell how many rows there were
CREATE FUNCTION pg_temp.told_by_plan(query text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query, value) LOOP
		plan := plan || replace(line, quote_literal(value), '?') || E'\n';
	END LOOP;
	RETURN plan;
END
$$;
SELECT is(pg_temp.told_by_plan(q, theirs), pg_temp.told_by_plan(q, 'nobody'), 'EXPLAIN ANALYZE does not tell whether others have a row: ' || q)
FROM (VALUES ('SELECT FROM nudge_external.own_account WHERE customer = %L', 'c3'), ('SELECT FROM nudge_external.own_account WHERE customer_name = %L', 'Name of c3'), ('SELECT FROM nudge_external.own_users WHERE user_key = %L', 'u2'), ('SELECT FROM nudge_external.own_tickets WHERE customer = %L', 'c3'),
	('SELECT FROM nudge_external.own_subscriptions WHERE customer = %L', 'c3'), ('SELECT FROM nudge_external.own_mrr_monthly WHERE customer = %L', 'c3')) v(q, theirs);
-- functions and views of its own
CREATE FUNCTION pg_temp.mine() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM nudge_external.own_account';
CREATE SCHEMA tap_acme_schema;
CREATE VIEW tap_acme_schema.on_top AS SELECT * FROM nudge_external.own_account;
CREATE FUNCTION tap_acme_schema.lent() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT customer FROM nudge_external.own_account';
GRANT USAGE ON SCHEMA tap_acme_schema TO PUBLIC;
GRANT SELECT ON tap_acme_schema.on_top TO PUBLIC;
SELECT is(pg_temp.mine(), 2::bigint, 'a function of its own with its rights has those');
SELECT results_eq('SELECT customer FROM tap_acme_schema.on_top ORDER BY 1', $$ VALUES ('c1'), ('c2') $$, 'so has a view on top');
RESET SESSION AUTHORIZATION;
SELECT ok(NOT EXISTS (SELECT FROM pg_temp.external_customers WHERE false), 'back');
SET SESSION AUTHORIZATION tap_boxco;
SELECT results_eq('SELECT customer FROM tap_acme_schema.on_top ORDER BY 1', $$ VALUES ('c3') $$, 'a view of one customer shows another its own rows');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION tap_nobody;
SELECT is_empty('SELECT customer FROM tap_acme_schema.on_top', 'and nobody none');
RESET SESSION AUTHORIZATION;
-- this test can fail: a view without a barrier tells
CREATE VIEW raw.no_barrier AS SELECT c.customer FROM nudge_analytics.dim_customers c WHERE c.customer = ANY (ARRAY(SELECT o.customer FROM nudge.own_customers o));
GRANT USAGE ON SCHEMA raw TO tap_acme;
GRANT SELECT ON raw.no_barrier TO tap_acme;
SET SESSION AUTHORIZATION tap_acme;
SELECT throws_like('SELECT * FROM raw.no_barrier WHERE pg_temp.peek(customer)', 'seen: %', 'which a view without a barrier would not keep from it');
RESET SESSION AUTHORIZATION;
-- views that others make on top show each reader its own rows
CREATE VIEW raw.of_superuser AS SELECT * FROM nudge_external.own_account;
GRANT SELECT ON raw.of_superuser TO tap_acme, tap_boxco;
GRANT USAGE ON SCHEMA raw TO tap_boxco;
SET ROLE tap_boxco;
SELECT results_eq('SELECT customer FROM raw.of_superuser', $$ VALUES ('c3') $$, 'also through a view of a superuser');
-- one plan, several roles
RESET ROLE;
SET LOCAL plan_cache_mode = force_generic_plan;
SET SESSION AUTHORIZATION tap_pool;
SET ROLE tap_acme;
PREPARE accounts AS SELECT string_agg(customer, ' ' ORDER BY customer) FROM nudge_external.own_account;
PREPARE again AS SELECT count(*) FROM nudge_external.own_tickets WHERE customer = 'c3';
CREATE FUNCTION pg_temp.run(statement text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE answer text; BEGIN EXECUTE statement INTO answer; RETURN answer; END $$;
SELECT is(pg_temp.run('EXECUTE accounts'), 'c1 c2', 'a prepared statement');
SELECT is(pg_temp.run('EXECUTE again'), '0', 'and one about another');
SET ROLE tap_boxco;
SELECT is(pg_temp.run('EXECUTE accounts'), 'c3', 'after SET ROLE is of the other');
SELECT cmp_ok(pg_temp.run('EXECUTE again')::integer, '>', 0, 'in both');
SET ROLE NONE;
SELECT throws_ok($$ SELECT pg_temp.run('EXECUTE accounts') $$, '42501', NULL, 'and of nobody without');
SET ROLE tap_acme;
SELECT is(pg_temp.run('EXECUTE accounts'), 'c1 c2', 'and is its own again');
RESET ROLE;
RESET SESSION AUTHORIZATION;
DEALLOCATE ALL;

-- What a mistake of an administrator does not open -----------------------------------

GRANT USAGE ON SCHEMA nudge_analytics TO tap_customers;
SELECT set_eq($$ SELECT DISTINCT problem FROM nudge.check_audiences() $$, $$ VALUES ('it is outside and may use schema nudge_analytics') $$, 'a schema that should be closed is told');
SELECT set_has($$ SELECT role_name::text FROM nudge.check_audiences() $$, $$ VALUES ('tap_customers'), ('tap_acme'), ('tap_jane') $$, 'for all whom it is open to');
SET SESSION AUTHORIZATION tap_acme;
SELECT results_eq('SELECT customer FROM nudge_analytics.dim_customers ORDER BY 1', $$ VALUES ('c1'), ('c2') $$, 'and shows own rows only');
SELECT is_empty($$ SELECT customer FROM nudge_analytics.fact_revenue WHERE customer NOT IN ('c1', 'c2') UNION ALL SELECT customer FROM nudge_analytics.fact_tickets WHERE customer NOT IN ('c1', 'c2') UNION ALL SELECT customer FROM nudge_analytics.customer_mrr_timeline WHERE customer NOT IN ('c1', 'c2')
	UNION ALL SELECT customer FROM nudge_analytics.fact_subscriptions WHERE customer NOT IN ('c1', 'c2') UNION ALL SELECT customer FROM nudge_analytics.dim_users WHERE customer IS DISTINCT FROM 'c1' AND customer IS DISTINCT FROM 'c2' $$, 'in all marts');
SELECT lives_ok('SELECT count(*) FROM nudge_analytics.dim_customers WHERE pg_temp.peek(customer)', 'also to functions');
SELECT is((SELECT count(DISTINCT "user") FROM nudge_analytics.user_event_days), (SELECT count(DISTINCT user_key) FROM nudge_external.own_usage_daily), 'and of users');
SELECT throws_ok('SELECT segment FROM nudge_analytics.dim_customers', '42501', NULL, 'and no other columns');
SELECT throws_ok('SELECT * FROM nudge_analytics.mrr_summary', '42501', NULL, 'and no other marts');
SELECT is_empty($$ SELECT tablename, attname FROM pg_stats WHERE schemaname = 'nudge_analytics' $$, 'and no statistics');
RESET SESSION AUTHORIZATION;
ANALYZE nudge_analytics.dim_customers;
SELECT cmp_ok((SELECT count(*) FROM pg_stats WHERE schemaname = 'nudge_analytics' AND tablename = 'dim_customers'), '>', 5::bigint, 'of which there are some');
SET SESSION AUTHORIZATION tap_acme;
SELECT is_empty($$ SELECT tablename, attname FROM pg_stats WHERE schemaname = 'nudge_analytics' $$, 'for others');
RESET SESSION AUTHORIZATION;
-- another policy opens nothing
CREATE POLICY open ON nudge_analytics.dim_customers FOR SELECT TO tap_acme USING (true);
SET SESSION AUTHORIZATION tap_acme;
SELECT results_eq('SELECT customer FROM nudge_analytics.dim_customers ORDER BY 1', $$ VALUES ('c1'), ('c2') $$, 'another policy opens nothing');
RESET SESSION AUTHORIZATION;
DROP POLICY open ON nudge_analytics.dim_customers;
REVOKE USAGE ON SCHEMA nudge_analytics FROM tap_customers;
-- a mart without its policy is told, and so is what is not granted for it
ALTER TABLE nudge_analytics.fact_tickets DISABLE ROW LEVEL SECURITY;
SELECT set_eq($$ SELECT DISTINCT problem FROM nudge.check_audiences() $$, $$ VALUES ('it is outside and may read nudge_analytics.fact_tickets, which has no policy') $$, 'a mart without its policy is told');
SET ROLE tap_acme;
SELECT is_empty($$ SELECT customer FROM nudge_external.own_tickets WHERE customer NOT IN ('c1', 'c2') $$, 'and the view shows own rows all the same');
RESET ROLE;
REVOKE SELECT ON nudge_external.own_tickets FROM tap_customers;
SELECT is_empty($$ SELECT * FROM nudge.grant_audiences() $$, 'nothing is granted on what is not restricted');
SELECT set_eq($$ SELECT object FROM nudge.deploy() WHERE action = 'restrict rows' $$, $$ VALUES ('nudge_analytics.fact_tickets') $$, 'deploy() restricts it');
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() $$, 'and then all is well');
SELECT is(pg_temp.seen('tap_acme', 'own_tickets'), (SELECT t.answer FROM truth t WHERE t.view_name = 'own_tickets' AND t.role_name = 'tap_acme'), 'and granted again');
-- roles that are not what they seem
ALTER ROLE tap_boxco BYPASSRLS;
GRANT tap_investors TO tap_boxco;
INSERT INTO nudge.external_customers (role_name, customer) VALUES ('tap_gone', 'c9'), ('tap_customers', 'c9'), ('tap_executive', 'c8');
CREATE ROLE tap_lost;
INSERT INTO nudge.external_customers (role_name, customer) VALUES ('tap_lost', 'c9');
SELECT set_eq($$ SELECT role_name::text, problem FROM nudge.check_audiences() $$, $$ VALUES ('tap_boxco', 'it is a customer, and one of investors'), ('tap_boxco', 'it is outside and sees everything: a superuser, or bound by no row policy'),
	('tap_customers', 'every member of this audience is customer "c9"'), ('tap_executive', 'every member of this audience is customer "c8"'), ('tap_executive', 'it is not in the group of customers: it sees nothing'),
	('tap_gone', 'there is no such role: nobody is customer "c9"'), ('tap_lost', 'it is not in the group of customers: it sees nothing'), ('tap_pool', 'it is a customer, and one of investors') $$, 'roles that are not what they seem');
SET ROLE tap_boxco;
SELECT results_eq('SELECT customer FROM nudge_external.own_account ORDER BY 1', $$ VALUES ('c3'), ('c9') $$, 'even who is bound by no policy sees own rows in the views');
RESET ROLE;
ALTER ROLE tap_boxco NOBYPASSRLS;
REVOKE tap_investors FROM tap_boxco;
DELETE FROM nudge.external_customers WHERE customer IN ('c8', 'c9');
DROP ROLE tap_lost;

-- a group that is replaced
CREATE ROLE tap_new_customers;
DELETE FROM nudge.audiences WHERE audience = 'customers';
SELECT nudge.set_audience('tap_new_customers', 'customers') \g /dev/null
SELECT nudge.deploy() \g /dev/null
SELECT is(pg_temp.seen('tap_acme', 'own_account'), (SELECT t.answer FROM truth t WHERE t.view_name = 'own_account' AND t.role_name = 'tap_acme'), 'members of a group that was replaced see what they saw');
SELECT set_eq($$ SELECT role_name::text, problem FROM nudge.check_audiences() $$, $$ VALUES ('tap_customers', 'it is no audience, and may read 7 views of nudge_external'),
	('tap_acme', 'it is not in the group of customers: it sees its own rows by what was granted to an earlier one, but not what is made from now on'),
	('tap_boxco', 'it is not in the group of customers: it sees its own rows by what was granted to an earlier one, but not what is made from now on') $$, 'which is told');
REVOKE tap_customers FROM tap_boxco;
SELECT throws_ok($$ SELECT pg_temp.seen('tap_boxco', 'own_account') $$, '42501', NULL, 'who leaves it sees nothing');
SELECT is(problem, 'it is not in the group of customers: it sees nothing', 'which is told too') FROM nudge.check_audiences() WHERE role_name = 'tap_boxco';
GRANT tap_new_customers TO tap_boxco;
SELECT is(pg_temp.seen('tap_boxco', 'own_account'), (SELECT t.answer FROM truth t WHERE t.view_name = 'own_account' AND t.role_name = 'tap_boxco'), 'who comes to the new one sees what is theirs');
SELECT is_empty($$ SELECT problem FROM nudge.check_audiences() WHERE role_name = 'tap_boxco' $$, 'and all is well');
DROP OWNED BY tap_new_customers;
REVOKE tap_new_customers FROM tap_boxco;
GRANT tap_customers TO tap_boxco;
DELETE FROM nudge.audiences WHERE audience = 'customers';
SELECT nudge.set_audience('tap_customers', 'customers') \g /dev/null
SELECT nudge.deploy() \g /dev/null
DROP ROLE tap_new_customers;
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() $$, 'and as it was before');
-- a role of the engine in place of an audience of people
CREATE ROLE tap_analyst;
COMMENT ON ROLE tap_analyst IS 'nudge_metrics: reads inputs, materialisations and views for BI tools';
GRANT tap_analyst TO tap_nobody;
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() WHERE problem ~ 'tap_analyst' $$, 'who is in an audience too is not told');
REVOKE tap_customers FROM tap_nobody;
SELECT set_eq($$ SELECT role_name::text, problem FROM nudge.check_audiences() $$, $$ SELECT 'tap_nobody'::text, format('it is a member of tap_analyst, a role of the engine, and may not read %s views of nudge_reporting: people are members of an audience, such as analysts', count(*))
	FROM pg_class c JOIN nudge.shipped_views v ON v.name = c.relname WHERE c.relnamespace = 'nudge_reporting'::regnamespace $$, 'who is in no audience, and reads no reports, is told');
SELECT nudge.grant_roles(analyst => 'tap_analyst') \g /dev/null
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() $$, 'but not who does read them');
DROP OWNED BY tap_analyst;
DROP ROLE tap_analyst;
GRANT tap_customers TO tap_nobody;

-- The others read marts as before -------------------------------------------------------

CREATE ROLE tap_old_reader;
GRANT USAGE ON SCHEMA nudge_analytics TO tap_old_reader;
GRANT SELECT, INSERT, DELETE ON nudge_analytics.dim_customers TO tap_old_reader;
SET ROLE tap_old_reader;
SELECT is((SELECT count(*) FROM nudge_analytics.dim_customers), 60::bigint, 'who may read a mart reads all of it');
SELECT lives_ok($$ INSERT INTO nudge_analytics.dim_customers (customer) VALUES ('x'); DELETE FROM nudge_analytics.dim_customers WHERE customer = 'x' $$, 'and writes it, if that is granted');
SET ROLE tap_analysts;
SELECT is((SELECT count(*) FROM nudge_analytics.dim_customers), 60::bigint, 'so do analysts');
RESET ROLE;
UPDATE raw.raw_customers SET name = 'Renamed' WHERE customer IN ('c1', 'c3');
INSERT INTO raw.raw_tickets (ticket, customer, opened_at, priority) SELECT 'new' || n, 'c' || n, now() - interval '1 hour', 'low' FROM generate_series(1, 3) n;
SELECT pg_temp.refresh('dim_customers'), pg_temp.refresh('fact_tickets') \g /dev/null
SELECT is_empty($$ SELECT * FROM nudge.verify('dim_customers') $$, 'refreshes go on');
SELECT is_empty($$ SELECT * FROM nudge.verify('fact_tickets') $$, 'of all');
SELECT is(pg_temp.outcome('tap_acme', $$ DO $d$ BEGIN ASSERT (SELECT count(*) FILTER (WHERE customer_name = 'Renamed') = 1 AND count(*) = 2 FROM nudge_external.own_account); ASSERT (SELECT count(*) = 2 FROM nudge_external.own_tickets WHERE ticket ~ '^new'); END $d$ $$), 'done', 'and customers see what is new, of theirs');
-- a mart that is made anew
CREATE FUNCTION pg_temp.policies() RETURNS SETOF text LANGUAGE sql AS $$ SELECT tablename || ' ' || policyname || ' ' || permissive || ' ' || array_to_string(roles, ',') FROM pg_policies WHERE schemaname = 'nudge_analytics' $$;
CREATE TEMP TABLE policy_before AS SELECT p FROM pg_temp.policies() p;
SELECT cmp_ok((SELECT count(*) FROM policy_before), '=', 14::bigint, 'seven marts have two policies');
SELECT throws_ok($$ SELECT nudge.drop_materialisation('fact_subscriptions') $$, '2BP01', NULL, 'a mart that a view reads is not dropped');
DROP VIEW nudge_external.own_subscriptions, nudge_reporting.customer_subscriptions;
SELECT lives_ok($$ SELECT nudge.drop_materialisation('fact_subscriptions') $$, 'without the views it is');
SELECT cmp_ok((SELECT count(*) FROM nudge.deploy() WHERE object IN ('nudge_analytics.fact_subscriptions', 'nudge_external.own_subscriptions')), '=', 3::bigint, 'deploy() makes it, its policy and its view');
SELECT set_eq('SELECT pg_temp.policies()', 'SELECT p FROM policy_before', 'with the policies');
SELECT pg_temp.refresh('fact_subscriptions') \g /dev/null
SELECT matches(pg_temp.seen('tap_acme', 'own_subscriptions'), '^c1 c2 ', 'and the rights');
SELECT is_empty($$ SELECT * FROM nudge.grant_audiences() UNION ALL SELECT c.role_name, NULL, NULL, c.problem FROM nudge.check_audiences() c $$, 'and nothing is missing');

-- Managers ------------------------------------------------------------------------------

SELECT is((SELECT count(*) FROM nudge_reporting.department_kpis), (SELECT count(*) FROM nudge.shipped_departments d JOIN nudge.shipped_metrics m ON m.subject = ANY (d.subjects) OR m.metric = ANY (d.metrics)), 'a superuser sees all departments');
GRANT tap_managers_sales, tap_managers_product TO tap_jane;
CREATE TEMP TABLE department_reader AS SELECT * FROM (VALUES ('tap_managers_sales', '{sales}'::text[]), ('tap_managers_customer_success', '{customer success}'), ('tap_jane', '{sales,product}'), ('tap_executive', '{sales,marketing,product,customer success,engineering,finance}'), ('tap_analysts', '{sales,marketing,product,customer success,engineering,finance}')) d(name, departments);
CREATE FUNCTION pg_temp.pairs(role_name text, view_name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	RETURN QUERY EXECUTE format('SELECT DISTINCT v.department || '' '' || v.metric FROM nudge_reporting.%I v', view_name);
	RESET ROLE;
END
$$;
SELECT nudge.set_target('mrr', 100, currency => 'EUR'), nudge.set_target('win_rate', 0.3), nudge.set_target('uptime_rate', 0.999) \g /dev/null
SELECT set_eq(format('SELECT pg_temp.pairs(%L, ''department_kpis'')', r.name), format('SELECT d.department || '' '' || m.metric FROM nudge.shipped_departments d JOIN nudge.shipped_metrics m ON m.subject = ANY (d.subjects) OR m.metric = ANY (d.metrics) WHERE d.department = ANY (%L)', r.departments), 'departments of ' || r.name) FROM department_reader r;
SELECT set_eq($$ SELECT pg_temp.pairs('tap_managers_finance', 'department_metric_values') $$, $$ SELECT DISTINCT 'finance ' || metric FROM nudge_reporting.metric_values WHERE metric IN (SELECT metric FROM nudge.own_department_metrics WHERE department = 'finance') $$, 'values of finance');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.pairs('tap_managers_finance', 'department_metric_values')), '>', 10::bigint, 'of which there are some');
DELETE FROM nudge.targets WHERE note = 'secret';
SELECT set_eq($$ SELECT pg_temp.pairs('tap_managers_sales', 'department_targets') $$, $$ VALUES ('sales win_rate') $$, 'targets of sales');
SELECT set_eq($$ SELECT pg_temp.pairs('tap_managers_finance', 'department_metric_progress') $$, $$ VALUES ('finance mrr') $$, 'and progress of finance');
SELECT is_empty($$ SELECT d.metric FROM nudge_reporting.department_kpis d JOIN nudge_reporting.kpi_current k USING (metric) WHERE (d.value, d.previous, d.target, d.period_start, d.currency, d.null_reason) IS DISTINCT FROM (k.value, k.previous, k.target, k.period_start, k.currency, k.null_reason) $$, 'with the numbers of all');
SELECT nudge.set_target('mrr', 100, currency => 'EUR', note => 'agreed in secret') \g /dev/null
SET ROLE tap_managers_sales;
SELECT is(pg_temp.told_by_plan(q, theirs), pg_temp.told_by_plan(q, 'nobody'), 'nor EXPLAIN ANALYZE a manager: ' || q) FROM (VALUES ('SELECT FROM nudge_reporting.department_targets WHERE note = %L', 'agreed in secret'), ('SELECT FROM nudge_reporting.department_kpis WHERE metric = ''mrr'' AND currency = %L', 'EUR')) v(q, theirs);
RESET ROLE;
SET ROLE tap_managers_product;
CREATE FUNCTION pg_temp.peek_metric(metric text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN IF metric ~ 'mrr|pipeline|burn' THEN RAISE EXCEPTION 'seen: %', metric; END IF; RETURN true; END $$;
SELECT lives_ok(format('SELECT count(*) FROM nudge_reporting.%I WHERE pg_temp.peek_metric(metric)', n), 'functions of a manager see no metric of others: ' || n) FROM unnest('{department_kpis,department_metric_values,department_metric_progress,department_targets,own_targets,own_annotations}'::text[]) n;
RESET ROLE;
REVOKE tap_managers_sales, tap_managers_product FROM tap_jane;

-- Targets of managers -----------------------------------------------------------------------

CREATE TEMP TABLE own_pairs AS SELECT r.name, m.metric FROM reader r JOIN nudge.shipped_metrics m ON r.audience = 'executive' OR r.audience = 'managers' AND m.subject = ANY (r.subjects);
-- each role times every metric: by INSERT of what is not there, UPDATE and DELETE of what is
CREATE FUNCTION pg_temp.set_by(role_name text) RETURNS TABLE (metric text, done text) LANGUAGE plpgsql AS $$
BEGIN
	FOR metric IN SELECT m.metric FROM nudge.shipped_metrics m LOOP
		done := pg_temp.outcome(role_name, format('INSERT INTO nudge_reporting.own_targets (metric, value) VALUES (%L, 1)', metric));
		DELETE FROM nudge.targets t WHERE t.metric = set_by.metric AND t.value = 1;
		RETURN NEXT;
	END LOOP;
END
$$;
CREATE TEMP TABLE targets_before AS SELECT * FROM nudge.targets;
DELETE FROM nudge.targets;
CREATE TEMP TABLE target_tried AS SELECT r.name, s.* FROM reader r, LATERAL pg_temp.set_by(r.name) s;
INSERT INTO nudge.targets SELECT * FROM targets_before;
SELECT set_eq($$ SELECT name, metric FROM target_tried WHERE done = 'done' $$, 'SELECT name, metric FROM own_pairs', 'who sets which targets');
SELECT is_empty($$ SELECT DISTINCT r.audience, t.done FROM target_tried t JOIN reader r USING (name) WHERE t.done <> 'done' AND t.done !~ CASE WHEN r.audience = 'managers' THEN '^42501 targets of ".*" are not yours to set' ELSE '^42501 permission denied for (schema|view)' END $$, 'others are refused');
SELECT is((SELECT count(*) FROM target_tried WHERE name = 'tap_managers_sales' AND metric = 'new_mrr' AND done <> 'done'), 1::bigint, 'a metric of another subject is to read only');
SET ROLE tap_managers_sales;
DELETE FROM nudge_reporting.own_targets;
INSERT INTO nudge_reporting.own_targets (metric, value, currency, note) VALUES ('win_rate', 0.25, NULL, 'mine'), ('pipeline_value', 5000, NULL, NULL);
RESET ROLE;
SELECT results_eq($$ SELECT t.metric, t.kind, t.grain, t.dimension, t.dimension_value, t.currency, t.period_start, t.value, t.provenance, t.note, t.set_by, t.set_at FROM nudge.targets t WHERE t.metric IN ('win_rate', 'pipeline_value') AND t.period_start > '2001-01-01' ORDER BY 1 DESC $$,
	$$ SELECT m.metric, 'target', m.grain, 'all', 'all', v.currency, nudge.period_start(nudge.civil_date(now(), d.zone), m.grain, d.week_start, d.fiscal_year_start), v.value::numeric(24,6), 'agreed', v.note, session_user::name, now()
	FROM (VALUES ('win_rate', '', 0.25, 'mine'), ('pipeline_value', 'EUR', 5000, NULL)) v(metric, currency, value, note) JOIN nudge.shipped_metrics m USING (metric), nudge.deployment d ORDER BY 1 DESC $$, 'what is left out is as set_target() has it, and who and when is written');
SELECT nudge.set_target('mrr', 77, currency => 'EUR', note => 'of finance') \g /dev/null
UPDATE nudge.targets SET set_by = 'tap_jane', set_at = '2001-01-01' WHERE metric = 'win_rate';
SET ROLE tap_managers_sales;
SELECT is_empty($$ SELECT metric FROM nudge_reporting.own_targets WHERE metric NOT IN ('win_rate', 'pipeline_value') $$, 'no others are seen');
UPDATE nudge_reporting.own_targets SET value = value * 2, set_at = '1999-01-01';
SELECT throws_ok(q, s, m, d) FROM (VALUES
	($$ UPDATE nudge_reporting.own_targets SET metric = 'mrr', currency = 'EUR' WHERE metric = 'win_rate' $$, '42501', 'targets of "mrr" are not yours to set', 'a row that is one''s own does not become another''s'),
	($$ INSERT INTO nudge_reporting.own_targets (metric, value, currency, period_start) VALUES ('mrr', 1, 'EUR', '2024-01-01') $$, '42501', 'targets of "mrr" are not yours to set', 'what is not one''s own is not set'),
	($$ INSERT INTO nudge_reporting.own_targets (metric, value, currency) VALUES ('mrr', 1, 'EUR') ON CONFLICT (metric, target_kind, grain, dimension, dimension_value, currency, period_start) DO UPDATE SET value = 0 $$, '42501', 'targets of "mrr" are not yours to set', 'nor by a conflict'),
	($$ INSERT INTO nudge_reporting.own_targets SELECT * FROM nudge_reporting.own_targets $$, '0A000', NULL, 'who has set it is not to be written'),
	($$ INSERT INTO nudge_reporting.own_targets (metric, value) VALUES (NULL, 1) $$, '42501', NULL, 'a metric that is none is nobody''s'),
	($$ INSERT INTO nudge_reporting.own_targets (metric, value, target_kind) VALUES ('win_rate', 1, 'wish') $$, '22023', 'unknown kind of target "wish"', 'what makes no sense is refused'),
	($$ INSERT INTO nudge_reporting.own_targets (metric, value, currency) VALUES ('win_rate', 1, 'EUR') $$, '22023', 'a target of "win_rate" must have no currency', 'as by set_target()'),
	($$ UPDATE nudge_reporting.own_targets SET period_start = '2024-01-02' WHERE metric = 'win_rate' $$, '22023', NULL, 'also by a change'),
	($$ INSERT INTO nudge.targets (metric, value, period_start) VALUES ('win_rate', 1, '2024-01-01') $$, '42501', NULL, 'the table itself is closed'),
	($$ DELETE FROM nudge.targets $$, '42501', NULL, 'to all of it'),
	($$ TRUNCATE nudge_reporting.own_targets $$, '42809', NULL, 'and the view is no table'),
	($$ ALTER VIEW nudge_reporting.own_targets RESET (check_option) $$, '42501', NULL, 'which is not theirs'),
	($$ SELECT nudge.set_target('win_rate', 1) $$, '42501', NULL, 'the function is of who may use the schema')) v(q, s, m, d);
-- a function of their own that is theirs to run, within the statement
CREATE FUNCTION pg_temp.has_table_privilege(oid, text) RETURNS boolean LANGUAGE sql RETURN true;
SET search_path = pg_temp, pg_catalog, public;
SELECT throws_ok($$ INSERT INTO nudge_reporting.own_targets (metric, value, currency) VALUES ('mrr', 1, 'EUR') $$, '42501', NULL, 'functions of theirs do not stand for those that are asked');
RESET search_path;
CREATE FUNCTION pg_temp.peek_target(metric text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN IF metric NOT IN ('win_rate', 'pipeline_value') THEN RAISE EXCEPTION 'seen: %', metric; END IF; RETURN true; END $$;
SELECT lives_ok($$ UPDATE nudge_reporting.own_targets SET note = 'seen' WHERE pg_temp.peek_target(metric) $$, 'functions of a manager see no target of others where one is written');
SELECT lives_ok($$ DELETE FROM nudge_reporting.own_targets WHERE pg_temp.peek_target(metric) AND metric = 'pipeline_value' $$, 'or taken away');
RESET ROLE;
SELECT results_eq($$ SELECT value, note, set_by, set_at FROM nudge.targets WHERE metric = 'win_rate' AND period_start > '2001-01-01' $$, $$ SELECT 0.5::numeric(24,6), 'seen', session_user::name, now() $$, 'who changed it last, and when, cannot be made up');
SELECT is_empty($$ SELECT FROM nudge.targets WHERE metric = 'pipeline_value' AND period_start > '2001-01-01' $$, 'what was deleted is gone');
SELECT results_eq($$ SELECT value, note FROM nudge.targets WHERE metric = 'mrr' AND period_start = (SELECT max(period_start) FROM nudge.targets WHERE metric = 'mrr') $$, $$ VALUES (77::numeric(24,6), 'of finance') $$, 'that of others is as it was');
-- who is in the audience of analysts too may use the function, for what is theirs
GRANT tap_analysts TO tap_jane;
SET ROLE tap_jane;
SELECT throws_ok($$ SELECT nudge.set_target('win_rate', 0.4) $$, '42501', 'targets of "win_rate" are not yours to set', 'analysts set no targets');
RESET ROLE;
GRANT tap_managers_sales TO tap_jane;
SET ROLE tap_jane;
SELECT lives_ok($$ SELECT nudge.set_target('win_rate', 0.4), nudge.set_target('win_rate', 0.45) $$, 'one who is a manager too sets its own by the function');
SELECT throws_ok($$ SELECT nudge.set_target('mrr', 1, currency => 'EUR') $$, '42501', 'targets of "mrr" are not yours to set', 'and no others');
RESET ROLE;
SELECT is(value, 0.45::numeric(24,6), 'twice: the second replaces the first') FROM nudge.targets WHERE metric = 'win_rate' AND period_start > '2001-01-01';
ALTER ROLE tap_jane NOINHERIT;
-- since PostgreSQL 16 that is settled by each grant
REVOKE tap_analysts, tap_managers_sales FROM tap_jane;
GRANT tap_analysts, tap_managers_sales TO tap_jane;
SET ROLE tap_jane;
SELECT throws_ok($$ INSERT INTO nudge_reporting.own_targets (metric, value) VALUES ('win_rate', 0.1) $$, '42501', NULL, 'who must SET ROLE first does');
RESET ROLE;
ALTER ROLE tap_jane INHERIT;
REVOKE tap_managers_sales, tap_analysts FROM tap_jane;
SELECT is_empty($$ SELECT * FROM nudge.check_audiences() UNION ALL SELECT role_name, problem FROM nudge.grant_audiences() $$, 'nothing is missing or too much');
DELETE FROM nudge.targets WHERE metric NOT IN ('mrr', 'win_rate', 'uptime_rate');
-- and what happened
DELETE FROM nudge.annotations;
SELECT nudge.annotate('2024-01-01', 'launch', 'of all'), nudge.annotate('2024-01-02', 'launch', 'of finance', 'mrr') \g /dev/null
SET ROLE tap_managers_sales;
INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric, annotated_at) VALUES ('2024-01-03', 'Launch', 'of sales', 'win_rate', '2001-01-01'), ('2024-01-04', 'other', 'gone', 'win_rate', NULL);
UPDATE nudge_reporting.own_annotations SET annotation_text = upper(annotation_text);
DELETE FROM nudge_reporting.own_annotations WHERE annotation_text = 'GONE';
SELECT throws_ok(q, s, m, d) FROM (VALUES
	($$ INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric) VALUES ('2024-01-03', 'launch', 'x', 'mrr') $$, '42501', 'annotations of "mrr" are not yours to write', 'of other metrics nothing is written'),
	($$ INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text) VALUES ('2024-01-03', 'launch', 'x') $$, '42501', 'annotations of all metrics are not yours to write', 'nor of all'),
	($$ UPDATE nudge_reporting.own_annotations SET metric = NULL $$, '42501', 'annotations of all metrics are not yours to write', 'also by a change'),
	($$ INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric) VALUES ('2024-01-03', 'party', 'x', 'win_rate') $$, '22023', 'unknown kind of annotation "party"', 'what makes no sense is refused'),
	($$ INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric, annotated_by) VALUES ('2024-01-03', 'launch', 'x', 'win_rate', 'me') $$, '0A000', NULL, 'who has written it is not made up'),
	($$ INSERT INTO nudge_reporting.own_annotations (annotation_id, day, annotation_kind, annotation_text, metric) OVERRIDING SYSTEM VALUE VALUES (1000000, '2024-01-03', 'launch', 'x', 'win_rate') $$, '0A000', NULL, 'nor its number, which could be another''s'),
	($$ DELETE FROM nudge.annotations $$, '42501', NULL, 'the table itself is closed')) v(q, s, m, d);
RESET ROLE;
SELECT results_eq($$ INSERT INTO nudge_reporting.own_targets (metric, value, target_kind) VALUES ('win_rate', 0.5, 'plan') RETURNING grain, period_start $$, $$ SELECT 'month', date_trunc('month', now() AT TIME ZONE d.zone)::date FROM nudge.deployment d $$, 'who may write the table writes by the view, too');
SELECT results_eq('SELECT day, kind, text, metric, annotated_by, annotated_at FROM nudge.annotations ORDER BY day', $$ SELECT v.day::date, 'launch', v.text, v.metric, session_user::name, now() FROM (VALUES ('2024-01-01', 'of all', NULL), ('2024-01-02', 'of finance', 'mrr'), ('2024-01-03', 'OF SALES', 'win_rate')) v(day, text, metric) $$, 'annotations of a manager, signed, and those of others as they were');
GRANT tap_analysts, tap_managers_sales TO tap_jane;
SET ROLE tap_jane;
SELECT lives_ok($$ SELECT nudge.annotate('2024-01-05', 'launch', 'by the function', 'win_rate') $$, 'who may call functions writes by annotate() too');
SELECT throws_ok($$ SELECT nudge.annotate('2024-01-05', 'launch', 'by the function') $$, '42501', 'annotations of all metrics are not yours to write', 'what is theirs');
RESET ROLE;
REVOKE tap_managers_sales FROM tap_jane;
SET ROLE tap_jane;
SELECT throws_ok($$ SELECT nudge.annotate('2024-01-05', 'launch', 'by the function', 'win_rate') $$, '42501', 'annotations of "win_rate" are not yours to write', 'analysts write none');
RESET ROLE;
REVOKE tap_analysts FROM tap_jane;
DELETE FROM nudge.annotations;

-- other subjects than those that are shipped
SELECT nudge.set_audience('tap_managers_product', 'managers', 'product', subjects => '{platform}', metrics => '{nps}') \g /dev/null
SELECT set_eq($$ SELECT pg_temp.pairs('tap_managers_product', 'department_kpis') $$, $$ SELECT 'product ' || metric FROM nudge.shipped_metrics WHERE subject = 'platform' OR metric = 'nps' $$, 'a department reads what it is told to');
SELECT cmp_ok((SELECT count(*) FROM nudge.check_audiences() WHERE role_name = 'tap_managers_product' AND problem ~ 'which is not theirs$'), '=', (SELECT count(*) FROM nudge.shipped_views WHERE subject = 'usage'), 'and views that it read before are told');
SELECT cmp_ok((SELECT count(*) FROM nudge.grant_audiences()), '=', (SELECT count(*) FROM nudge.shipped_views WHERE subject = 'platform'), 'those that it reads now are granted');
SELECT nudge.set_audience('tap_managers_product', 'managers', 'product') \g /dev/null

-- People outside ---------------------------------------------------------------------------

CREATE FUNCTION pg_temp.metrics(role_name text, view_name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	RETURN QUERY EXECUTE format('SELECT DISTINCT v.metric FROM nudge_external.%I v', view_name);
	RESET ROLE;
END
$$;
SELECT set_eq($$ SELECT pg_temp.metrics('tap_partners', 'company_kpis') $$, $$ VALUES ('paying_customers'), ('new_customers') $$, 'partners see two metrics');
SELECT set_eq($$ SELECT pg_temp.metrics('tap_investors', 'company_kpis') $$, $$ VALUES ('mrr'), ('arr'), ('net_new_mrr'), ('mrr_growth_rate'), ('net_revenue_retention_rate'), ('gross_revenue_retention_rate'), ('logo_churn_rate'), ('paying_customers') $$, 'investors eight');
SELECT set_eq($$ SELECT pg_temp.metrics('tap_board', 'company_metric_catalog') $$, $$ SELECT pg_temp.metrics('tap_board', 'company_kpis') $$, 'each is explained');
SELECT is_empty($$ SELECT pg_temp.metrics('tap_partners', 'company_metric_values') EXCEPT VALUES ('paying_customers'), ('new_customers') $$, 'over time no others');
SELECT is(pg_temp.outcome('tap_partners', $$ DO $d$ BEGIN ASSERT NOT EXISTS (SELECT FROM nudge_external.company_mrr_monthly); END $d$ $$), 'done', 'without the metric mrr there is no MRR by month');
SET ROLE tap_investors;
CREATE TEMP TABLE seen AS SELECT * FROM nudge_external.company_metric_values;
CREATE TEMP TABLE seen_months AS SELECT * FROM nudge_external.company_mrr_monthly;
CREATE TEMP TABLE seen_kpis AS SELECT * FROM nudge_external.company_kpis;
CREATE FUNCTION pg_temp.peek_outside(metric text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN IF metric IN ('new_mrr', 'cac', 'win_rate', 'nps') THEN RAISE EXCEPTION 'seen: %', metric; END IF; RETURN true; END $$;
SELECT lives_ok(format('SELECT count(*) FROM nudge_external.%I WHERE pg_temp.peek_outside(metric)', n), 'functions of people outside see no other metric: ' || n) FROM unnest('{company_kpis,company_metric_values,company_metric_catalog}'::text[]) n;
RESET ROLE;
SELECT is_empty('SELECT DISTINCT dimension FROM seen WHERE dimension <> ''all''', 'totals only, unless slices are allowed');
SELECT set_eq('SELECT DISTINCT currency FROM seen WHERE currency IS NOT NULL', $$ VALUES ('EUR') $$, 'totals are of all currencies');
-- months in which few pay: what is no balance tells of the month before too, retention of that a year before
CREATE TEMP TABLE few AS SELECT period AS month FROM nudge_analytics.mrr_consolidated WHERE currency = 'EUR' AND closing_customers BETWEEN 1 AND 4;
SELECT is_empty($$ SELECT s.metric, s.period_start, s.grain FROM seen s, LATERAL (SELECT (s.period_start + CASE s.grain WHEN 'quarter' THEN interval '2 months' ELSE interval '0' END)::date AS month) e
	WHERE s.currency IS NOT NULL AND s.is_suppressed <> EXISTS (SELECT FROM few f WHERE f.month = e.month OR f.month = CASE WHEN s.metric ~ 'revenue_retention' THEN e.month - interval '12 months' WHEN s.metric !~ '^(mrr|arr|paying_customers)$' THEN e.month - interval '1 month' END) $$, 'a total of few customers is not shown');
SELECT cmp_ok((SELECT count(*) FROM seen WHERE metric = 'net_revenue_retention_rate' AND grain = 'month' AND is_suppressed), '>', 0::bigint, 'nor the retention of few');
SELECT is_empty($$ SELECT h.period_start FROM seen h JOIN seen n ON n.period_start = h.period_start + interval '1 month' AND n.grain = h.grain JOIN seen b ON b.period_start = n.period_start AND b.grain = h.grain
	WHERE h.metric = 'mrr' AND h.is_suppressed AND n.metric IN ('net_new_mrr', 'mrr_growth_rate') AND n.value IS NOT NULL AND b.metric = 'mrr' AND b.value IS NOT NULL $$, 'and no MRR less its growth is one that is hidden');
SELECT cmp_ok((SELECT count(*) FROM seen WHERE is_suppressed), '>', 2::bigint, 'of which there are some');
SELECT is_empty($$ SELECT s.metric FROM seen s JOIN nudge_reporting.metric_values v USING (metric, period_start, grain, dimension, dimension_value) WHERE s.currency IS NOT DISTINCT FROM v.currency AND s.value IS DISTINCT FROM CASE WHEN NOT s.is_suppressed THEN v.value END $$, 'what is shown is what is so');
SELECT is_empty($$ SELECT s.period_start FROM seen_months s JOIN nudge_reporting.mrr_monthly_consolidated m USING (period_start, currency) WHERE s.is_suppressed IS DISTINCT FROM (m.opening_customers BETWEEN 1 AND 4 OR m.closing_customers BETWEEN 1 AND 4)
	OR (s.opening_mrr, s.net_new_mrr, s.closing_mrr, s.closing_customers) IS DISTINCT FROM (CASE WHEN NOT s.is_suppressed THEN m.opening_mrr END, CASE WHEN NOT s.is_suppressed THEN m.net_new_mrr END, CASE WHEN NOT s.is_suppressed THEN m.closing_mrr END, CASE WHEN NOT s.is_suppressed THEN m.closing_customers END)
	OR s.new_mrr IS NOT NULL OR s.churn_mrr IS NOT NULL $$, 'MRR by month has the columns of its metrics, and no month of few customers');
SELECT is_empty('SELECT period_start FROM nudge_reporting.mrr_monthly_consolidated m WHERE complete AND NOT EXISTS (SELECT FROM seen_months s WHERE s.period_start = m.period_start AND s.currency = m.currency) UNION ALL SELECT s.period_start FROM seen_months s JOIN nudge_reporting.mrr_monthly_consolidated m USING (period_start, currency) WHERE NOT m.complete', 'every month that is over, and no other');
SELECT is_empty($$ SELECT s.metric FROM seen_kpis s JOIN nudge_reporting.kpi_current k USING (metric) WHERE s.is_suppressed AND (s.metric !~ 'revenue_retention' OR s.value IS NOT NULL AND s.previous IS NOT NULL) OR NOT s.is_suppressed AND (s.value, s.previous, s.change) IS DISTINCT FROM (k.value, k.previous, k.change) $$, 'key figures are those of all, but for the retention of few');
-- a month that mrr_consolidated does not have yet
CREATE TEMP TABLE last_month AS SELECT * FROM nudge_analytics.mrr_consolidated WHERE period = (SELECT max(period) FROM nudge_analytics.mrr_consolidated WHERE complete);
DELETE FROM nudge_analytics.mrr_consolidated WHERE period = (SELECT max(period) FROM last_month);
SELECT is(pg_temp.outcome('tap_investors', format($$ DO $d$ BEGIN ASSERT (SELECT count(*) > 0 AND bool_and(is_suppressed AND value IS NULL) FROM nudge_external.company_metric_values WHERE period_start = %1$L AND metric ~ 'revenue_retention');
	ASSERT (SELECT count(*) > 0 AND bool_and(is_suppressed AND value IS NULL) FROM nudge_external.company_kpis WHERE period_start = %1$L AND metric ~ 'revenue_retention'); END $d$ $$, (SELECT max(period) FROM last_month))), 'done', 'in a month of which nobody knows who paid nothing is shown');
INSERT INTO nudge_analytics.mrr_consolidated SELECT * FROM last_month;
UPDATE nudge.audiences SET minimum_customers = 1000 WHERE role_name = 'tap_investors';
SELECT is(pg_temp.outcome('tap_investors', $$ DO $d$ BEGIN ASSERT (SELECT bool_and(is_suppressed AND value IS NULL AND previous IS NULL AND change IS NULL AND change_rate IS NULL) FROM nudge_external.company_kpis WHERE currency = 'EUR'); END $d$ $$), 'done', 'and nothing of fewer customers than must be');

-- slices: by a loop instead of windows
SELECT nudge.set_audience('tap_investors', 'investors', dimensions => '{segment,region,industry,currency}', minimum_customers => 6) \g /dev/null
SET ROLE tap_investors;
CREATE TEMP TABLE sliced AS SELECT * FROM nudge_external.company_metric_values WHERE dimension <> 'all';
RESET ROLE;
CREATE TEMP TABLE size AS SELECT period_start, dimension, dimension_value, currency, value::integer AS n FROM nudge_reporting.metric_values WHERE metric = 'paying_customers' AND dimension IN ('segment', 'region', 'industry', 'currency') AND complete;
-- 'value currency' of what must be hidden of a period and dimension
CREATE FUNCTION pg_temp.hidden(wanted_period date, wanted_dimension text, least_n integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	money text;
	one record;
	hidden text[] := '{}';
	of_money integer;
	together integer;
BEGIN
	FOR money IN SELECT DISTINCT s.currency FROM size s WHERE (s.period_start, s.dimension) = (wanted_period, wanted_dimension) LOOP
		of_money := 0;
		together := 0;
		FOR one IN SELECT s.dimension_value, s.n FROM size s WHERE (s.period_start, s.dimension, s.currency) = (wanted_period, wanted_dimension, money) AND s.n > 0 ORDER BY s.n, s.dimension_value COLLATE "C" LOOP
			EXIT WHEN one.n >= least_n AND (of_money = 0 OR wanted_dimension = 'currency' OR of_money >= 2 AND together >= least_n);
			hidden := hidden || (one.dimension_value || ' ' || money);
			of_money := of_money + 1;
			together := together + one.n;
		END LOOP;
	END LOOP;
	SELECT sum(s.n) INTO together FROM size s WHERE (s.period_start, s.dimension) = (wanted_period, wanted_dimension) AND s.dimension_value || ' ' || s.currency = ANY (hidden);
	IF cardinality(hidden) = 1 OR together < least_n THEN
		hidden := hidden || (SELECT s.dimension_value || ' ' || s.currency FROM size s WHERE (s.period_start, s.dimension) = (wanted_period, wanted_dimension) AND s.n > 0 AND s.dimension_value || ' ' || s.currency <> ALL (hidden)
			ORDER BY s.n, s.dimension_value COLLATE "C", s.currency COLLATE "C" LIMIT 1);
	END IF;
	RETURN hidden;
END
$$;
SELECT set_eq('SELECT DISTINCT metric FROM sliced', $$ VALUES ('mrr'), ('arr'), ('paying_customers') $$, 'slices are of balances');
SELECT cmp_ok((SELECT count(*) FROM sliced WHERE is_suppressed), '>', 20::bigint, 'some slices are not shown');
SELECT cmp_ok((SELECT count(*) FROM sliced WHERE NOT is_suppressed AND value > 0), '>', 20::bigint, 'and some are');
SELECT is_empty($$ SELECT s.* FROM sliced s WHERE s.is_suppressed <> (s.dimension_value || ' ' || s.currency = ANY (pg_temp.hidden(s.period_start, s.dimension, 6))) $$, 'the right ones');
SELECT cmp_ok((SELECT count(*) FROM sliced WHERE dimension = 'currency' AND currency = 'EUR' AND is_suppressed), '>', 0::bigint, 'a currency hides the other');
SELECT is_empty($$ SELECT s.period_start, s.dimension, s.dimension_value, z.n FROM sliced s JOIN size z USING (period_start, dimension, dimension_value, currency) WHERE NOT s.is_suppressed AND z.n BETWEEN 1 AND 5 $$, 'no group of fewer than six');
-- what is hidden of a currency or of all, unless that is everything, is never one group nor few customers
SELECT is_empty($$ SELECT s.period_start, s.dimension, g.currency FROM sliced s JOIN size z USING (period_start, dimension, dimension_value, currency), LATERAL (VALUES (s.currency), (NULL)) g(currency) WHERE s.metric = 'mrr' AND z.n > 0 GROUP BY 1, 2, 3
	HAVING count(*) FILTER (WHERE s.is_suppressed) > 0 AND count(*) FILTER (WHERE NOT s.is_suppressed) > 0 AND (g.currency IS NULL AND count(*) FILTER (WHERE s.is_suppressed) < 2 OR sum(z.n) FILTER (WHERE s.is_suppressed) < 6) $$, 'nor can one be computed from the total');
SELECT is_empty($$ SELECT s.metric FROM sliced s JOIN nudge_reporting.metric_values v USING (metric, period_start, grain, dimension, dimension_value, currency) WHERE s.value IS DISTINCT FROM CASE WHEN NOT s.is_suppressed THEN v.value END $$, 'what is shown is what is so');

-- a role of two audiences: each metric has the number of its own
CREATE ROLE tap_both;
GRANT tap_investors, tap_partners TO tap_both;
SELECT nudge.set_audience('tap_partners', 'partners', metrics => '{new_customers}', minimum_customers => 1) \g /dev/null
SET ROLE tap_both;
CREATE TEMP TABLE seen_by_both AS SELECT * FROM nudge_external.company_metric_values WHERE metric <> 'new_customers' AND dimension <> 'all';
RESET ROLE;
SELECT set_eq('SELECT * FROM seen_by_both', 'SELECT * FROM sliced', 'who is of two audiences sees no smaller groups of what only one may see');
-- of slices of which nobody knows how many customers are behind them, none
SELECT nudge.set_audience('tap_partners', 'partners', metrics => '{ticket_backlog}', dimensions => '{priority}', minimum_customers => 1) \g /dev/null
SELECT is(pg_temp.outcome('tap_partners', $$ DO $d$ BEGIN ASSERT (SELECT count(*) > 0 AND bool_and(is_suppressed AND value IS NULL) FROM nudge_external.company_metric_values WHERE dimension = 'priority');
	ASSERT (SELECT count(*) > 0 AND bool_and(NOT is_suppressed AND value IS NOT NULL) FROM nudge_external.company_metric_values WHERE dimension = 'all'); END $d$ $$), 'done', 'slices without known customers are not shown, totals are');

-- A version with another column ---------------------------------------------------------------

CREATE ROLE tap_tool;
GRANT USAGE ON SCHEMA nudge_reporting, nudge_external TO tap_tool;
GRANT SELECT ON nudge_reporting.mrr_monthly TO tap_tool WITH GRANT OPTION;
GRANT SELECT (period_start, arpa) ON nudge_reporting.mrr_monthly TO PUBLIC;
CREATE VIEW nudge_reporting.on_top AS SELECT period_start, currency, arpa FROM nudge_reporting.mrr_monthly;
COMMENT ON VIEW nudge_reporting.on_top IS 'One row per month and currency. Ours';
GRANT SELECT ON nudge_reporting.on_top TO tap_tool;
CREATE FUNCTION pg_temp.told() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', c.oid::regclass, c.relacl, c.reloptions, obj_description(c.oid)) FROM pg_class c WHERE c.relnamespace IN ('nudge_reporting'::regnamespace, 'nudge_external'::regnamespace) AND c.relkind = 'v'
	UNION ALL SELECT concat_ws(' ', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attacl, col_description(a.attrelid, a.attnum)) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace IN ('nudge_reporting'::regnamespace, 'nudge_external'::regnamespace) AND c.relkind = 'v' AND a.attname <> 'one_more'
$$;
CREATE TEMP TABLE told_before AS SELECT t FROM pg_temp.told() t;
CREATE TEMP TABLE top_before AS SELECT * FROM nudge_reporting.on_top;
UPDATE nudge.shipped_views SET query = replace(query, E'\nFROM nudge_analytics.mrr_summary', ', 1::integer AS one_more FROM nudge_analytics.mrr_summary'), columns = columns || '{"one_more": "One more"}' WHERE name = 'mrr_monthly';
UPDATE nudge.shipped_audience_views SET query = replace(query, E'k.sort_order\nFROM', 'k.sort_order, 1::integer AS one_more FROM'), columns = columns || '{"one_more": "One more"}' WHERE name = 'company_kpis';
UPDATE nudge.shipped_audience_views SET query = replace(query, E'AS current_mrr\nFROM', 'AS current_mrr, c.industry AS one_more FROM'), columns = columns || '{"one_more": "One more"}' WHERE name = 'own_account';
SELECT lives_ok('SELECT count(*) FROM nudge.deploy()', 'views get another column');
SELECT is((SELECT count(*) FROM pg_attribute WHERE attname = 'one_more' AND attrelid IN ('nudge_reporting.mrr_monthly'::regclass, 'nudge_external.company_kpis'::regclass, 'nudge_external.own_account'::regclass)), 3::bigint, 'which is there');
SELECT set_eq('SELECT pg_temp.told()', 'SELECT t FROM told_before', 'and grants, options, comments and the other columns stay');
SELECT set_eq('SELECT * FROM nudge_reporting.on_top', 'SELECT * FROM top_before', 'a view on top answers');
SELECT is(pg_temp.outcome('tap_tool', 'SELECT count(one_more) FROM nudge_reporting.mrr_monthly'), 'done', 'and who may read the view reads the column');
SELECT is(pg_temp.outcome('tap_acme', 'SELECT count(one_more) FROM nudge_external.own_account'), 'done', 'also of a customer');
SELECT throws_ok($$ UPDATE nudge.shipped_views SET query = 'SELECT 1 AS period_start' WHERE name = 'mrr_monthly'; SELECT count(*) FROM nudge.deploy() $$, '42P16', NULL, 'a column that is gone is an error');
DROP VIEW nudge_reporting.on_top;

-- Another group of customers ------------------------------------------------------------------

CREATE ROLE tap_customers_now;
DELETE FROM nudge.audiences WHERE audience = 'customers';
SELECT nudge.set_audience('tap_customers_now', 'customers') \g /dev/null
SELECT lives_ok('SELECT count(*) FROM nudge.deploy()', 'customers are another group');
GRANT USAGE ON SCHEMA nudge_analytics TO tap_customers, tap_customers_now;
GRANT tap_customers_now TO tap_boxco;
SET SESSION AUTHORIZATION tap_acme;
SELECT results_eq('SELECT customer FROM nudge_analytics.dim_customers ORDER BY 1', $$ VALUES ('c1'), ('c2') $$, 'members of the one before see no more than they did');
SET SESSION AUTHORIZATION tap_boxco;
SELECT results_eq('SELECT customer FROM nudge_analytics.dim_customers ORDER BY 1', $$ VALUES ('c3') $$, 'nor do those of the present one');
RESET SESSION AUTHORIZATION;
REVOKE USAGE ON SCHEMA nudge_analytics FROM tap_customers, tap_customers_now;
DELETE FROM nudge.audiences WHERE audience = 'customers';
SELECT nudge.set_audience('tap_customers', 'customers') \g /dev/null
DROP OWNED BY tap_customers_now;
DROP ROLE tap_customers_now;

-- Undeployed and deployed again ----------------------------------------------------------------

SELECT is_empty($$ SELECT 1 WHERE NOT EXISTS (SELECT FROM nudge.undeploy(true) WHERE action = 'drop policy') $$, 'undeploy tells of policies');
SELECT throws_ok('SELECT count(*) FROM nudge.undeploy()', '2BP01', NULL, 'but a view on top is in the way');
DROP VIEW tap_acme_schema.on_top, raw.of_superuser, raw.no_barrier;
SELECT lives_ok('SELECT count(*) FROM nudge.undeploy()', 'all is dropped');
SELECT is_empty($$ SELECT relname FROM pg_class WHERE relnamespace IN ('nudge_external'::regnamespace, 'nudge_analytics'::regnamespace) $$, 'views and marts');
SELECT lives_ok('SELECT count(*) FROM nudge.deploy()', 'and made again');
SELECT set_eq('SELECT pg_temp.policies()', 'SELECT p FROM policy_before', 'with their policies');
SELECT is_empty($$ SELECT * FROM nudge.grant_audiences() UNION ALL SELECT c.role_name, NULL, NULL, c.problem FROM nudge.check_audiences() c $$, 'and rights');
SELECT is_empty($$ SELECT r.name, l.space, l.name FROM reader r, relation l WHERE to_regclass(format('%I.%I', l.space, l.name)) IS NULL OR (pg_temp.outcome(r.name, format('SELECT FROM %I.%I LIMIT 0', l.space, l.name)) = 'done') <> pg_temp.expected(r, l) $$, 'as before');
-- logins
SELECT is_empty($$ SELECT * FROM nudge.make_read_only('tap_jane', '30 seconds') WHERE NOT done $$, 'a login is made read-only');
SELECT set_eq($$ SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = 'tap_jane'::regrole $$, $$ VALUES ('default_transaction_read_only=on'), ('statement_timeout=30000ms'), ('idle_in_transaction_session_timeout=5min') $$, 'from its next session on');

SELECT * FROM finish();
ROLLBACK;
