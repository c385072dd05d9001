--
-- amounts.sql
--		Absurd amounts: a row of any input with a number that no reporting view can
--		show is an error of its key, with the row named; other keys, and all views, go on.
--
-- The company is tools/company.sql.  Nothing here depends on chance.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
BEGIN;
SET client_min_messages = warning;
\set customers 12
\set in_transaction on
\ir ../../tools/company.sql
SET client_min_messages = warning;
SET jit = off;
SELECT no_plan();

-- As nudge.run_refresh(), without COMMIT: all at once, and if that is an error key by key
CREATE FUNCTION pg_temp.refresh_all(wanted text DEFAULT '.') RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	k text;
	run bigint;
	next record;
	problem text;
BEGIN
	FOR one IN SELECT o.name FROM nudge.refresh_order() o WHERE o.name ~ wanted ORDER BY o.depth, o.name LOOP
		WHILE nudge.fan_out(100000) = 100000 LOOP
		END LOOP;
		run := nudge.begin_run(one, 'refresh');
		PERFORM nudge.mark_run(one);
		next := nudge.next_keys(one, NULL, 100000);
		problem := NULL;
		BEGIN
			IF next.everything OR next.keys <> '{}' THEN
				PERFORM nudge.refresh_batch(one, run, CASE WHEN NOT next.everything THEN next.keys END);
			END IF;
		EXCEPTION WHEN data_exception OR cardinality_violation OR integrity_constraint_violation THEN
			BEGIN
				IF next.everything THEN
					PERFORM nudge.enumerate_keys(one);
					next := nudge.next_keys(one, NULL, 100000);
				END IF;
				FOREACH k IN ARRAY next.keys LOOP
					PERFORM nudge.refresh_batch(one, run, ARRAY[k]);
				END LOOP;
			EXCEPTION WHEN data_exception OR cardinality_violation OR integrity_constraint_violation THEN
				problem := SQLERRM;
			END;
		END;
		PERFORM nudge.end_run(one, run, CASE WHEN problem IS NULL THEN 'ok' ELSE 'failed' END, NULL, problem);
	END LOOP;
END
$$;
-- every value of every view is computed and sent
CREATE FUNCTION pg_temp.broken_views() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'nudge_reporting'::regnamespace ORDER BY 1 LOOP
		BEGIN
			EXECUTE format('SELECT count(length(v::text)) FROM %s v', one);
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT one || ': ' || SQLERRM;
		END;
	END LOOP;
END
$$;
CREATE FUNCTION pg_temp.number_columns() RETURNS TABLE (input text, column_name text) LANGUAGE sql STABLE AS $$
	SELECT c.input, c.column_name FROM nudge.input_columns c JOIN pg_attribute a ON a.attrelid = to_regclass(format('company.%I', c.input)) AND a.attname = c.column_name
	JOIN pg_class r ON r.oid = a.attrelid AND r.reltuples > 0
	WHERE c.data_type = 'numeric' AND a.atttypid = 'numeric'::regtype
$$;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT materialisation, key, error FROM nudge.quarantine', 'no key is put aside');
SELECT is_empty('SELECT pg_temp.broken_views()', 'every view can be read');
CREATE FUNCTION pg_temp.contents() RETURNS TABLE (name text, row_text text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	FOR name IN SELECT m.name FROM nudge.materialisations m LOOP
		RETURN QUERY EXECUTE format('SELECT %L, t::text FROM nudge_analytics.%I t', name, name);
	END LOOP;
END
$$;
CREATE TABLE pg_temp.before AS SELECT * FROM pg_temp.contents();

-- One cost, one ad, one deal --------------------------------------------------

CREATE TABLE pg_temp.absurd AS SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date - interval '2 months' AS month;
INSERT INTO company.costs (period, category, amount, currency, variable) SELECT month, 'product_delivery/infrastructure', 1e18, 'USD', false FROM pg_temp.absurd;
INSERT INTO company.spend (day, channel, amount, currency) SELECT month + interval '3 days', 'Paid Search', -2e18, 'USD' FROM pg_temp.absurd;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT results_eq($$SELECT q.key::date, q.sqlstate, q.error FROM nudge.quarantine q WHERE q.materialisation = 'fact_spend'$$,
	$$SELECT (month + interval '3 days')::date, '22003', format('"amount" of (%s, Paid Search, USD) in nudge_analytics.fact_spend is -2000000000000000000', (month + interval '3 days')::date) FROM pg_temp.absurd$$, 'the row is named');
SELECT is_empty($$SELECT q.materialisation, q.key FROM nudge.quarantine q, pg_temp.absurd WHERE q.materialisation IN ('cost_structure', 'channel_costs', 'burn_and_runway', 'costs_per_customer') AND q.key::date < month$$, 'months before it are computed');
SELECT set_has($$SELECT q.materialisation, q.key::date FROM nudge.quarantine q$$, $$SELECT m, month::date FROM pg_temp.absurd, unnest('{cost_structure,channel_costs,burn_and_runway}'::text[]) m$$, 'its own is put aside');
SELECT is(f.status, 'quarantined', 'which freshness shows') FROM nudge.freshness f WHERE f.name = 'fact_spend';
SELECT is_empty('SELECT pg_temp.broken_views()', 'no view is broken by it');
SELECT results_eq($$SELECT source_name, problem, column_name, bad_rows FROM nudge.check_source() WHERE problem = 'too large' ORDER BY 1$$, $$VALUES ('costs', 'too large', 'amount', 1::bigint), ('spend', 'too large', 'amount', 1)$$, 'check_source finds the rows');
DELETE FROM company.costs WHERE amount = 1e18;
DELETE FROM company.spend WHERE amount = -2e18;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT materialisation, key, error FROM nudge.quarantine', 'without them nothing is put aside');
SELECT is_empty($$SELECT * FROM pg_temp.contents() c WHERE c.name IN ('fact_spend', 'cost_structure', 'channel_costs', 'channel_performance', 'burn_and_runway', 'costs_per_customer') EXCEPT ALL SELECT * FROM pg_temp.before$$, 'and all is as it was');

-- Some in every number of every input -----------------------------------------

-- a row of each that is too large, and two that are too large together
SELECT format('UPDATE company.%I t SET %s FROM (SELECT r.ctid AS id, row_number() OVER (ORDER BY md5(r::text)) AS n FROM company.%1$I r) r WHERE t.ctid = r.id AND r.n <= 3',
	input, string_agg(format('%I = CASE r.n WHEN 1 THEN 3e18 ELSE 6e17 END', column_name), ', ')) FROM pg_temp.number_columns() GROUP BY input \gexec
SELECT cmp_ok((SELECT count(*) FROM pg_temp.number_columns()), '>', 20::bigint, 'there are many');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT isnt_empty($$SELECT FROM nudge.quarantine$$, 'keys are put aside');
SELECT is_empty($$SELECT materialisation, key, error FROM nudge.quarantine WHERE sqlstate !~ '^(22|23|21)' OR key IS NULL$$, 'for what is in their rows');
SELECT is_empty('SELECT pg_temp.broken_views()', 'every view can still be read');
SELECT set_has($$SELECT source_name, column_name FROM nudge.check_source() WHERE problem = 'too large'$$, $$SELECT * FROM pg_temp.number_columns()$$, 'check_source finds each');

-- Other marts may hold what they like.
SELECT nudge.add_materialisation('large', 'SELECT c.period, sum(c.amount) AS amount FROM nudge_staging.costs c GROUP BY c.period', 'period') \g /dev/null
SELECT pg_temp.refresh_all('^large$') \g /dev/null
SELECT isnt_empty('SELECT FROM nudge_analytics.large WHERE amount > 1e18', 'a mart of one''s own has no such bound');

SELECT * FROM finish();
ROLLBACK;
