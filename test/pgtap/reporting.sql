--
-- reporting.sql
--		What BI tools read: every shipped view keeps the rules, and says what the
--		marts and plain SQL over random subscriptions say.
--
-- All follows from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed reporting
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Every input is mapped but rates, so that everything is made, and nothing is converted ------------------------

CREATE SCHEMA raw;
CREATE FUNCTION pg_temp.below(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN floor(random() * n)::integer;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.input, string_agg(format('%I %s', c.column_name, c.data_type), ', ' ORDER BY c.position) AS columns FROM nudge.input_columns c WHERE c.input <> 'exchange_rates' GROUP BY c.input LOOP
		EXECUTE format('CREATE TABLE raw.%I (%s)', 'raw_' || one.input, one.columns);
		PERFORM nudge.map_source(one.input, format('raw.%I', 'raw_' || one.input)::regclass, zone => 'UTC');
	END LOOP;
END
$$;
-- prices of two currencies that begin, end, change and overlap, some with an end to come
INSERT INTO raw.raw_subscriptions (item, customer, plan, valid_from, valid_to, amount, currency, interval_unit, interval_count, quantity, status)
SELECT n, 'c' || pg_temp.below(25), 'p', t, CASE WHEN random() < 0.6 THEN t + make_interval(hours => 1 + pg_temp.below(24 * 300)) END, (10 + pg_temp.below(900)) / 7.0, (ARRAY['EUR', 'eur ', 'USD'])[1 + pg_temp.below(3)], (ARRAY['month', 'year'])[1 + pg_temp.below(2)], 1, 1, 'active'
FROM generate_series(1, 120) n, LATERAL (SELECT now() - make_interval(hours => 24 * 20 + pg_temp.below(24 * 700)) + n * interval '0 s' AS t OFFSET 0) s;
SELECT set_eq($$ SELECT DISTINCT action FROM nudge.deploy(zone => 'Asia/Kolkata', buckets => 8, fiscal_year_start => 7) $$, $$ VALUES ('track source'), ('convert input'), ('add materialisation'), ('make view') $$, 'everything is made');
SELECT is_empty($$ SELECT name FROM nudge.shipped_views WHERE to_regclass('nudge_reporting.' || name) IS NULL $$, 'every view is there');
SELECT is_empty($$ SELECT m.name, i FROM nudge.shipped_marts m, unnest(m.indexes) i WHERE NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = ('nudge_analytics.' || m.name)::regclass AND x.indexrelid = to_regclass('nudge_analytics.' || m.name || '_' || left(md5(i), 8))) $$, 'and so is every index');
SELECT set_eq($$ SELECT DISTINCT action FROM nudge.deploy() WHERE action ~ 'view' $$, $$ VALUES ('change view') $$, 'and made again when it is called again');

-- The rules -----------------------------------------------------------------

SELECT is_empty($$ SELECT * FROM nudge.check_reporting(true) $$, 'eight types, numbers with a scale, comments with the grain, names of its own');
-- the same by another way
SELECT is_empty($$ SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c WHERE c.table_schema = 'nudge_reporting'
		AND (c.data_type NOT IN ('date', 'timestamp with time zone', 'numeric', 'integer', 'bigint', 'double precision', 'text', 'boolean') OR c.data_type = 'numeric' AND c.numeric_scale IS NULL
			OR col_description(format('nudge_reporting.%I', c.table_name)::regclass, c.ordinal_position) IS NULL OR c.column_name !~ '^[a-z][a-z0-9_]*$') $$, 'as information_schema has it');
SELECT is_empty($$ SELECT v.name, a.name FROM nudge.shipped_views v, LATERAL (
		SELECT jsonb_object_keys(v.semantic_types) AS name UNION SELECT jsonb_object_keys(v.display_names) UNION SELECT jsonb_object_keys(v.columns)) a
	WHERE NOT EXISTS (SELECT FROM pg_attribute p WHERE p.attrelid = to_regclass('nudge_reporting.' || v.name) AND p.attname = a.name) $$, 'the catalogue describes columns that are there');
SELECT is_empty($$ SELECT v.name, t.value FROM nudge.shipped_views v, jsonb_each_text(v.semantic_types) t WHERE t.value !~ '^type/(Currency|Percentage|Category|PK|FK|Quantity|Score|Duration|CreationTimestamp|Country)$' $$, 'by words that Metabase knows');
SELECT is_empty($$ SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN nudge.shipped_views v ON v.name = c.table_name WHERE c.table_schema = 'nudge_reporting'
	AND c.column_name ~ '_(rate|share)$' AND coalesce(v.semantic_types ->> c.column_name, '') <> 'type/Percentage' $$, 'a fraction is a percentage');
SELECT is_empty($$ SELECT v.name, k FROM nudge.shipped_views v, unnest(v.row_key) k WHERE NOT v.columns ? k $$, 'row keys are of columns that are there');
SELECT set_eq($$ SELECT name FROM nudge.shipped_views WHERE row_key IS NULL $$, $$ VALUES ('chart_annotations'), ('customer_mrr_periods') $$, 'each view has one, unless its rows may be alike');
SELECT is_empty($$ SELECT v.name FROM nudge.shipped_views v, LATERAL (SELECT query_to_xml(format('SELECT %1$s FROM nudge_reporting.%2$I GROUP BY %1$s HAVING count(*) > 1 LIMIT 1',
	(SELECT string_agg(quote_ident(k), ', ') FROM unnest(v.row_key) k), v.name), false, true, '')::text AS alike) q WHERE v.row_key IS NOT NULL AND q.alike <> '' $$, 'by which no two rows are alike');
SELECT is_empty($$ SELECT v.name FROM nudge.shipped_views v JOIN nudge.shipped_marts m ON v.marts = ARRAY[m.name] WHERE 'currency' = ANY (m.row_key) AND v.columns ? 'currency' AND NOT 'currency' = ANY (v.row_key) $$, 'nor where there are several currencies');
SELECT is_empty($$ SELECT name FROM nudge.shipped_views WHERE name IN (SELECT name FROM nudge.shipped_marts UNION SELECT input FROM nudge.inputs) $$, 'no view is called like a mart or an input');
SELECT is_empty($$ SELECT name, w FROM nudge.shipped_views, unnest(marts) w WHERE w NOT IN (SELECT name FROM nudge.shipped_marts) $$, 'marts that views need are shipped');
SELECT is_empty($$ SELECT metric, mart FROM nudge.shipped_metric_sources WHERE mart NOT IN (SELECT name FROM nudge.shipped_marts) $$, 'and those that metrics are read from');
SELECT is_empty($$ SELECT metric FROM nudge.shipped_metrics m WHERE NOT EXISTS (SELECT FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric AND s.grain = m.grain) $$, 'each metric is read from somewhere, in its own grain');
SELECT is_empty($$ SELECT keypath FROM nudge_reporting._metabase_metadata GROUP BY keypath HAVING count(*) > 1 $$, 'nothing is told twice');

-- Numbers ---------------------------------------------------------------------

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
SELECT pg_temp.refresh(name) FROM (SELECT o.name FROM nudge.refresh_order() o WHERE o.name IN ('customer_mrr', 'customer_mrr_timeline', 'mrr_buckets', 'mrr_summary', 'customer_mrr_items', 'mrr_item_buckets', 'mrr_consolidated') ORDER BY o.depth) o \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM nudge_reporting.mrr_monthly), '>', 30::bigint, 'there are months');
SELECT set_eq($$ SELECT DISTINCT currency FROM nudge_reporting.mrr_monthly $$, $$ VALUES ('EUR'), ('USD') $$, 'of two currencies');
CREATE TEMP VIEW month_end AS
	SELECT m.period_start, m.currency, m.closing_mrr, m.closing_customers, least((m.period_start + interval '1 month') AT TIME ZONE 'Asia/Kolkata', (SELECT clock_at FROM nudge.materialisations WHERE name = 'mrr_summary')) AS at FROM nudge_reporting.mrr_monthly m;
SELECT is_empty($$ SELECT * FROM month_end m, LATERAL (SELECT coalesce(sum(p.mrr), 0) AS mrr, count(DISTINCT p.customer) AS customers FROM nudge_reporting.customer_mrr_periods p
		WHERE p.currency = m.currency AND p.started_at < m.at AND (p.ended_at IS NULL OR p.ended_at >= m.at)) d
	WHERE (d.mrr, d.customers) <> (m.closing_mrr, m.closing_customers) $$, 'each closing MRR is the sum of the rows behind it, and so are its customers');
SELECT results_eq($$ SELECT currency, sum(mrr), count(*) FROM nudge_reporting.customer_mrr_now GROUP BY currency ORDER BY currency $$,
	$$ SELECT currency, closing_mrr, closing_customers FROM nudge_reporting.mrr_monthly WHERE NOT complete ORDER BY currency $$, 'customers with MRR now are those of the open month');
SELECT is_empty($$ SELECT * FROM nudge_reporting.mrr_monthly WHERE opening_mrr + new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr <> closing_mrr OR net_new_mrr <> closing_mrr - opening_mrr $$, 'the waterfall is exact in the view');
SELECT is_empty($$ SELECT * FROM nudge_reporting.metric_values v JOIN nudge_reporting.mrr_monthly m USING (period_start, currency) JOIN nudge_reporting.metric_catalog c USING (metric)
	WHERE c.marts ~ 'mrr_consolidated' AND v.grain = 'month' AND v.dimension = 'all' AND v.complete IS DISTINCT FROM m.complete OR v.metric = 'mrr' AND v.dimension = 'all' AND v.grain = 'month' AND v.value <> m.closing_mrr $$, 'the long view has the numbers of the wide one');
SELECT is_empty($$ SELECT * FROM nudge_reporting.metric_values WHERE metric ~ '_rate$' AND numerator IS NOT NULL AND denominator IS NOT NULL AND value IS DISTINCT FROM round(numerator / nullif(denominator, 0), 6) $$, 'rates are numerator over denominator');
SELECT is_empty($$ SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'nudge_reporting'::regnamespace AND a.attname = 'mrr' AND a.atttypmod = -1 $$, 'sums keep a scale');
SELECT results_eq($$ SELECT metric FROM nudge_reporting.kpi_current GROUP BY metric ORDER BY metric $$, $$ SELECT metric FROM nudge.shipped_metrics ORDER BY metric $$, 'one row for each metric');
SELECT is_empty($$ SELECT metric FROM nudge_reporting.kpi_current GROUP BY metric HAVING count(*) <> 1 $$, 'and not two');
SELECT is_empty($$ SELECT metric FROM nudge_reporting.kpi_current WHERE (value IS NULL) <> (null_reason IS NOT NULL) $$, 'a value or a reason');
SELECT set_eq($$ SELECT DISTINCT null_reason FROM nudge_reporting.kpi_current k JOIN nudge_reporting.metric_catalog c USING (metric) WHERE c.marts ~ 'mrr_consolidated' $$, $$ VALUES ('several currencies') $$, 'no currency stands for all');
SELECT count(*) FROM nudge.deploy(currency => 'USD') \g /dev/null
SELECT is_empty($$ SELECT k.metric, k.value, v.value FROM nudge_reporting.kpi_current k JOIN nudge_reporting.metric_catalog c USING (metric)
	LEFT JOIN nudge_reporting.metric_values v ON v.metric = k.metric AND v.dimension = 'all' AND v.grain = 'month' AND v.currency = 'USD' AND v.period_start = (date_trunc('month', now() AT TIME ZONE 'Asia/Kolkata') - interval '1 month')::date
	LEFT JOIN nudge_reporting.metric_values b ON b.metric = k.metric AND b.dimension = 'all' AND b.grain = 'month' AND b.currency = 'USD' AND b.period_start = (date_trunc('month', now() AT TIME ZONE 'Asia/Kolkata') - interval '2 months')::date
	LEFT JOIN nudge_reporting.metric_values o ON o.metric = k.metric AND o.dimension = 'all' AND o.grain = 'month' AND o.currency = 'USD' AND o.period_start = date_trunc('month', now() AT TIME ZONE 'Asia/Kolkata')::date
	WHERE c.marts ~ 'mrr_consolidated' AND (k.value, k.previous, k.change, k.value_to_date, k.period_start) IS DISTINCT FROM (v.value, b.value, v.value - b.value, o.value, v.period_start) $$, 'key figures are those of the last month, beside the one before and the one that is open');
SELECT is_empty($$ SELECT day FROM nudge_reporting.calendar_days WHERE (fiscal_year, fiscal_quarter, fiscal_month, fiscal_quarter_start, fiscal_year_start, week_start, quarter_start)
	IS DISTINCT FROM (extract(year FROM day + interval '6 months')::integer, extract(quarter FROM day + interval '6 months')::integer, extract(month FROM date_trunc('month', day) + interval '6 months')::integer,
		(date_trunc('quarter', date_trunc('month', day) + interval '6 months') - interval '6 months')::date, (date_trunc('year', date_trunc('month', day) + interval '6 months') - interval '6 months')::date,
		date_trunc('week', day)::date, date_trunc('quarter', day)::date) $$, 'fiscal periods that begin in July');
SELECT is((SELECT day FROM nudge_reporting.calendar_days WHERE is_today), (now() AT TIME ZONE 'Asia/Kolkata')::date, 'today is that of the zone');

-- Other grains, slices, holes and numbers that are none: a mart of our own ---------

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
	('probe_count', 'probe', -4, 'Probe', 'count', 'up', 'additive', 'week', 'n', 'x'), ('probe_rate', 'probe', -3, 'Probe', 'rate', 'down', 'not additive', 'week', 'n / d', 'x'),
	('probe_nan', 'probe', -2, 'Probe', 'score', 'neutral', 'not additive', 'week', 'f', 'x'), ('probe_open', 'probe', -1, 'Probe', 'count', 'up', 'additive', 'day', 'n', 'x'), ('probe_lost', 'probe', 0, 'Probe', 'count', 'up', 'additive', 'day', 'n', 'x');
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, dimension, dimension_value, value, numerator, denominator, period, complete, condition) VALUES
	('probe_count', 'week', 'probe', '''all''', '''all''', 'n', NULL, NULL, 'week', 'done', 'scope IS NULL'), ('probe_count', 'week', 'probe', '''segment''', 'scope', 'n', NULL, NULL, 'week', 'done', 'scope IS NOT NULL'),
	('probe_rate', 'week', 'probe', '''all''', '''all''', NULL, 'n', 'd', 'week', 'done', 'scope IS NULL'), ('probe_nan', 'week', 'probe', '''all''', '''all''', 'f', NULL, NULL, 'week', 'done', 'scope IS NULL'),
	('probe_open', 'day', 'probe', '''all''', '''all''', 'n', NULL, NULL, 'week', 'false', 'scope IS NULL'), ('probe_lost', 'day', 'probe', '''all''', '''all''', 'n', NULL, NULL, 'week', 'done', 'false');
SELECT nudge.add_materialisation('probe', 'SELECT NULL::text AS k, NULL::text AS scope, NULL::date AS week, NULL::boolean AS done, NULL::bigint AS n, NULL::integer AS d, NULL::double precision AS f, NULL::text AS metric_value', 'k', '{k}') \g /dev/null
SELECT count(*) FROM nudge.deploy(week_start => 'sunday') \g /dev/null
SELECT set_eq($$ SELECT null_reason FROM nudge_reporting.kpi_current WHERE subject = 'probe' $$, $$ VALUES ('never refreshed') $$, 'a mart that was never refreshed');
SELECT pg_temp.refresh('probe') \g /dev/null
SELECT set_eq($$ SELECT null_reason FROM nudge_reporting.kpi_current WHERE subject = 'probe' $$, $$ VALUES ('no data') $$, 'a mart without rows');
INSERT INTO nudge_analytics.probe (k, scope, week, done, n, d, f) VALUES ('a', NULL, '2024-02-25', true, 8, 4, 1), ('b', NULL, '2024-03-03', true, 6, 0, 'NaN'), ('c', NULL, '2024-03-10', false, 1, 4, 'Infinity'), ('d', 'smb', '2024-03-03', true, 2, 1, 1), ('e', 'smb', '2024-03-10', true, 2, 1, 1),
	('f', 'big', '2024-03-03', NULL, 4, 1, 1);
SELECT results_eq($$ SELECT metric, period_start, value, previous, change, change_rate, value_to_date, denominator, null_reason FROM nudge_reporting.kpi_current WHERE subject = 'probe' ORDER BY sort_order $$,
	$$ VALUES ('probe_count', date '2024-03-03', 6.000000, 8.000000, -2.000000, -0.250000, 1.000000, NULL::numeric, NULL), ('probe_rate', '2024-03-03', NULL, 2.000000, NULL, NULL, 0.250000, 0.000000, 'denominator is 0'),
		('probe_nan', '2024-03-03', NULL, 1.000000, NULL, NULL, NULL, NULL, 'not known'), ('probe_open', NULL, NULL, NULL, NULL, NULL, 1.000000, NULL, 'no complete period'), ('probe_lost', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'no data') $$,
	'weeks that begin on Sunday, a rate over 0, no number, and nothing but an open period');
DELETE FROM nudge_analytics.probe WHERE k = 'a';
SELECT is_empty($$ SELECT metric FROM nudge_reporting.kpi_current WHERE subject = 'probe' AND previous IS NOT NULL $$, 'a week that is missing is not the week before');
INSERT INTO nudge_analytics.probe (k, week, done, n) VALUES ('a', '2024-02-18', true, 8);
SELECT is_empty($$ SELECT metric FROM nudge_reporting.kpi_current WHERE subject = 'probe' AND previous IS NOT NULL $$, 'nor is the one before that');
SELECT results_eq($$ SELECT dimension, dimension_value, period_start, value, complete FROM nudge_reporting.metric_values WHERE metric = 'probe_count' AND dimension <> 'all' ORDER BY dimension_value COLLATE "C", period_start $$,
	$$ VALUES ('segment', 'big', date '2024-03-03', 4.000000, false), ('segment', 'smb', '2024-03-03', 2.000000, true), ('segment', 'smb', '2024-03-10', 2.000000, true) $$, 'slices; what is not known to be over is not');

SELECT nudge.set_target('probe_count', 3, period_start => '2024-02-18', dimension => 'segment', dimension_value => 'smb') \g /dev/null
SELECT nudge.set_target('probe_count', 9, period_start => '2024-02-18') \g /dev/null
SELECT results_eq($$ SELECT dimension_value, period_start, value, target, target_met FROM nudge_reporting.metric_progress WHERE metric = 'probe_count' ORDER BY dimension_value COLLATE "C", period_start $$,
	$$ VALUES ('all', date '2024-02-18', 8.000000, 9.000000, false), ('all', '2024-03-03', 6.000000, 9.000000, false), ('all', '2024-03-10', 1.000000, 9.000000, false), ('smb', '2024-03-03', 2.000000, 3.000000, false), ('smb', '2024-03-10', 2.000000, 3.000000, false) $$,
	'a slice has its own target, or none');
SELECT is((SELECT target FROM nudge_reporting.kpi_current WHERE metric = 'probe_count'), 9.000000, 'key figures have that of the total');

-- Targets: each step against a loop over all -------------------------------------

DELETE FROM nudge.targets;
SELECT nudge.set_target(m.metric, pg_temp.below(200), (ARRAY['target', 'minimum', 'benchmark', 'plan'])[1 + pg_temp.below(4)], (date '2024-01-01' + make_interval(months => pg_temp.below(30)))::date,
	CASE WHEN m.unit = 'currency' THEN (ARRAY['EUR', 'USD'])[1 + pg_temp.below(2)] END) FROM nudge.shipped_metrics m, generate_series(1, 8) n WHERE m.metric IN ('mrr', 'new_customers', 'churned_mrr_rate') AND n * 0 = 0 \g /dev/null
UPDATE nudge.targets SET value = NULL WHERE random() < 0.2;
SELECT is_empty($$
	WITH grid AS (
		SELECT v.metric, v.currency, v.period_start, k.kind,
			(SELECT t.value FROM nudge.targets t WHERE t.metric = v.metric AND t.kind = k.kind AND t.currency IN ('', v.currency) AND t.period_start = (SELECT max(o.period_start) FROM nudge.targets o WHERE o.metric = v.metric AND o.kind = k.kind AND o.currency IN ('', v.currency) AND o.period_start <= v.period_start)) AS value
		FROM nudge_reporting.metric_values v, (VALUES ('target'), ('minimum'), ('benchmark'), ('plan')) k(kind) WHERE v.metric IN ('mrr', 'new_customers', 'churned_mrr_rate') AND v.dimension = 'all' AND v.grain = 'month'
	), shown AS (
		SELECT p.metric, p.currency, p.period_start, k.kind, k.value FROM nudge_reporting.metric_progress p, LATERAL (VALUES ('target', p.target), ('minimum', p.minimum), ('benchmark', p.benchmark), ('plan', p.plan)) k(kind, value) WHERE p.dimension = 'all' AND p.grain = 'month'
	)
	(SELECT * FROM grid WHERE value IS NOT NULL EXCEPT SELECT * FROM shown) UNION ALL (SELECT * FROM shown WHERE value IS NOT NULL EXCEPT SELECT * FROM grid)
	$$, 'the target of a period is the last that was set for it or before');
SELECT cmp_ok((SELECT count(*) FROM nudge_reporting.metric_progress WHERE target IS NOT NULL), '>', 0::bigint, 'there are some');
SELECT is_empty($$ SELECT metric FROM nudge_reporting.metric_progress p JOIN nudge_reporting.kpi_current k USING (metric, period_start, currency) WHERE p.dimension = 'all' AND (p.target, p.minimum, p.benchmark, p.plan, p.target_met, p.minimum_met)
	IS DISTINCT FROM (k.target, k.minimum, k.benchmark, k.plan, k.target_met, k.minimum_met) $$, 'key figures have the same');
SELECT is_empty($$ SELECT * FROM nudge_reporting.metric_progress WHERE metric = 'churned_mrr_rate' AND target_met <> (value <= target) OR metric = 'mrr' AND minimum_met <> (value >= minimum) $$, 'met is exactly on it, too');
SELECT is_empty($$ SELECT * FROM nudge_reporting.metric_targets t WHERE next_period_start <= period_start OR EXISTS (SELECT FROM nudge.targets o WHERE (o.metric, o.kind, o.grain, o.currency) = (t.metric, t.target_kind, t.grain, coalesce(t.currency, ''))
	AND o.period_start > t.period_start AND o.period_start < coalesce(t.next_period_start, 'infinity')) $$, 'a target holds until the next');

-- Whose rights ----------------------------------------------------------------

CREATE ROLE tap_reader;
GRANT USAGE ON SCHEMA nudge_reporting TO tap_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA nudge_reporting TO tap_reader;
CREATE FUNCTION pg_temp.read_all() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	one text;
BEGIN
	FOR one IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'nudge_reporting'::regnamespace LOOP
		BEGIN
			EXECUTE format('SELECT count(*) FROM (SELECT v.*, v::text FROM nudge_reporting.%I v) w', one);
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT one || ': ' || SQLERRM;
		END;
	END LOOP;
END
$$;
SET ROLE tap_reader;
SELECT is_empty('SELECT pg_temp.read_all()', 'who may read the views needs no right to anything behind them');
SET search_path = nudge_reporting, public;
SELECT is_empty('SELECT pg_temp.read_all()', 'nor a search path');
SET search_path = public;
SELECT throws_ok($$ SELECT * FROM nudge_analytics.mrr_summary $$, '42501');
SELECT throws_ok($$ SELECT * FROM nudge.targets $$, '42501');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
