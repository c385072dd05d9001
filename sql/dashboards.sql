-- Dashboards that are shipped, and the queries behind their widgets.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET client_min_messages = warning;
CREATE SCHEMA dash;
SET search_path = dash, nudge;
\pset null '(null)'
\set SHOW_CONTEXT never

SELECT d.dashboard, d.title, d.audience, d.refresh_seconds, count(*) > 8 AS has_widgets FROM shipped_dashboards d JOIN shipped_widgets w USING (dashboard) GROUP BY d.dashboard ORDER BY d.place;
-- all ways of drawing are there
SELECT type, count(*) > 0 AS used FROM shipped_widgets GROUP BY type ORDER BY type COLLATE "C";
-- the first rows of the executive dashboard
SELECT grid_row AS r, grid_column AS c, span, widget, type, comparison, periods FROM shipped_widgets WHERE dashboard = 'executive' AND grid_row < 3 ORDER BY 1, 2;

-- Rules: each of these gives no row.  Cells of the grid are filled once, and lie in it
SELECT w.dashboard, w.grid_row, c AS grid_column, count(*) FROM shipped_widgets w, generate_series(w.grid_column, w.grid_column + w.span - 1) c GROUP BY 1, 2, 3 HAVING count(*) > 1;
SELECT w.dashboard, w.widget FROM shipped_widgets w JOIN shipped_dashboards d USING (dashboard) WHERE w.grid_column + w.span - 1 > d.grid_columns;
-- a widget has metrics of one grain, one metric if it shows one number, or its own query
SELECT w.dashboard, w.widget, w.type, count(m.metric), count(DISTINCT c.grain) FROM shipped_widgets w LEFT JOIN shipped_widget_metrics m USING (dashboard, widget) LEFT JOIN shipped_metrics c USING (metric) GROUP BY 1, 2
HAVING (count(m.metric) = 0) <> (w.query IS NOT NULL) OR count(DISTINCT c.grain) > 1 OR count(m.metric) > 1 AND (w.type IN ('number_with_trend', 'percentage', 'gauge') OR w.dimension IS NOT NULL AND w.type <> 'table');
-- a percentage is one, and a chart of several metrics has one unit
SELECT w.dashboard, w.widget, w.type, string_agg(c.unit, ', ') FROM shipped_widgets w JOIN shipped_widget_metrics m USING (dashboard, widget) JOIN shipped_metrics c USING (metric) GROUP BY 1, 2
HAVING (w.type = 'percentage') AND bool_or(c.unit <> 'rate') OR w.type <> 'table' AND count(DISTINCT c.unit) > 1;
-- every metric has values of all, or of the dimension that its widget shows
SELECT w.dashboard, w.widget, m.metric FROM shipped_widgets w JOIN shipped_widget_metrics m USING (dashboard, widget) JOIN shipped_metrics c USING (metric)
WHERE NOT EXISTS (SELECT FROM shipped_metric_sources s WHERE s.metric = m.metric AND s.grain = c.grain AND (w.dimension IS NULL AND s.dimension IN ('''all''', 'dimension') OR w.dimension IS NOT NULL AND s.dimension IN (quote_literal(w.dimension), 'dimension')
	OR w.dimension IS NOT NULL AND s.dimension NOT LIKE '''%'));
-- a year before is within the periods that are read
SELECT dashboard, widget FROM shipped_widgets WHERE comparison = 'year_before' AND periods < 13 OR comparison = 'previous' AND periods < 2;
-- queries read what BI tools may read, and their own read the view that they name
SELECT w.dashboard, w.widget FROM shipped_widgets w WHERE widget_query(w.dashboard, w.widget) ~ 'nudge\.|nudge_analytics|nudge_staging|[{}]' OR widget_query(w.dashboard, w.widget) !~ 'nudge_reporting';
SELECT w.dashboard, w.widget, m.name[1] FROM shipped_widgets w, regexp_matches(w.query, 'nudge_reporting\.(\w+)', 'g') m(name) WHERE m.name[1] <> w.view_name;

-- Nothing is mapped: queries of metrics run, and give nothing
SELECT count(*) > 0 AS done FROM deploy();
CREATE FUNCTION run(query text) RETURNS TABLE (columns text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE TEMP VIEW it AS ' || query;
	SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute a WHERE a.attrelid = 'pg_temp.it'::regclass AND a.attnum > 0;
	SELECT count(*) INTO n FROM pg_temp.it;
	DROP VIEW pg_temp.it;
	RETURN NEXT;
END
$$;
SELECT w.type, w.dimension IS NOT NULL AS sliced, r.columns, sum(r.n) FROM shipped_widgets w, run(widget_query(w.dashboard, w.widget)) r WHERE w.query IS NULL AND w.type <> 'table' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE r.columns <> concat_ws(', ', w.dimension, (SELECT string_agg(m.metric, ', ' ORDER BY m.place) FROM shipped_widget_metrics m WHERE m.dashboard = w.dashboard AND m.widget = w.widget))) AS other_columns
FROM shipped_widgets w, run(widget_query(w.dashboard, w.widget)) r WHERE w.query IS NULL AND w.type = 'table' AND w.dimension IS NOT NULL;

-- By hand (doc/dashboards.md)
CREATE TABLE billing (id integer PRIMARY KEY, customer text, starts date, ends date, amount numeric, plan text, cur text DEFAULT 'EUR');
INSERT INTO billing VALUES (1, 'ann', '2024-01-01', NULL, 100), (2, 'ben', '2024-01-15', '2024-03-10', 50), (3, 'ben', '2024-03-10', NULL, 80), (4, 'cat', '2024-02-01', '2024-03-20', 30);
SELECT map_source('subscriptions', 'billing', zone => 'UTC', columns => '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "cur", "status": "''active''"}');
CREATE TABLE people (id text PRIMARY KEY, since date, size text);
INSERT INTO people VALUES ('ann', '2024-01-01', 'big'), ('ben', '2024-01-15', 'small'), ('cat', '2024-02-01', 'small');
SELECT map_source('customers', 'people', zone => 'UTC', columns => '{"customer": "id", "created_at": "since", "segment": "size"}');
SELECT count(*) > 0 AS done FROM deploy(buckets => 4);
SELECT set_target('new_mrr', 120, period_start => '2024-01-01', currency => 'EUR'), set_target('logo_churn_rate', 0.25, 'benchmark', '2024-02-01');
CALL run_due();

-- a query that somebody else asks
CREATE FUNCTION show(dashboard text, widget text, segment text DEFAULT NULL, until text DEFAULT '''2024-03-31''::date', periods text DEFAULT NULL) RETURNS SETOF json LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT row_to_json(q) FROM (%s) q', nudge.widget_query(dashboard, widget, segment, until, periods));
END
$$;
SELECT * FROM show('executive', 'mrr');
SELECT * FROM show('executive', 'mrr', segment => '''small''', periods => '2');
SELECT * FROM show('executive', 'mrr', segment => 'coalesce(''all'')', until => 'least(date ''2024-02-29'')', periods => 'coalesce(1)');
SELECT * FROM show('executive', 'churn');
SELECT * FROM show('executive', 'revenue_growth', periods => '1');
SELECT * FROM show('executive', 'mrr_by_segment');
SELECT * FROM show('executive', 'mrr_waterfall');
SELECT sum((j ->> 'value')::numeric) AS closing FROM show('executive', 'mrr_waterfall') j;
SELECT * FROM show('customer_success', 'revenue_cohorts', periods => '3');
SELECT * FROM show('customer_success', 'losses');
-- no target, no gauge; with one the share of it
SELECT * FROM show('executive', 'cac');
BEGIN;
UPDATE shipped_widgets SET type = 'gauge', comparison = 'target' WHERE dashboard = 'executive' AND widget = 'mrr';
UPDATE shipped_widget_metrics SET metric = 'new_mrr' WHERE dashboard = 'executive' AND widget = 'mrr';
SELECT * FROM show('executive', 'mrr', until => '''2024-01-31''::date');
SELECT * FROM show('executive', 'mrr');
ROLLBACK;
-- without filters it is the last period that is over
SELECT max(j ->> 'period_start') = (date_trunc('month', now()) - interval '1 month')::date::text AS last_month FROM show('executive', 'mrr', until => NULL) j;

-- several currencies: none stands for all, until somebody says which
INSERT INTO billing VALUES (5, 'dan', '2024-02-01', NULL, 7, NULL, 'USD');
CALL refresh('mrr_consolidated');
SELECT count(*) FROM show('executive', 'mrr');
SELECT count(*) FROM show('executive', 'mrr_waterfall');
SELECT count(*) > 0 AS done FROM deploy(currency => 'EUR');
CALL refresh('mrr_consolidated');
SELECT j ->> 'period_start' AS period_start, j ->> 'currency' AS currency, j ->> 'value' AS value FROM show('executive', 'mrr') j;
SELECT sum((j ->> 'value')::numeric) AS closing FROM show('executive', 'mrr_waterfall') j;
SELECT count(*) > 0 AS done FROM deploy(currency => 'USD');
CALL refresh('mrr_consolidated');
SELECT j ->> 'period_start' AS period_start, j ->> 'currency' AS currency, j ->> 'value' AS value FROM show('executive', 'mrr') j;
SELECT sum((j ->> 'value')::numeric) AS closing FROM show('executive', 'mrr_waterfall') j;
SELECT count(*) > 0 AS done FROM deploy(currency => '');

-- what is not there
SELECT widget_query('executive', 'weather');
SELECT widget_query('weather', 'mrr');
\set VERBOSITY terse
SELECT widget_query(NULL, NULL);
-- metrics and views that widgets show are there
INSERT INTO shipped_widget_metrics VALUES ('executive', 'mrr', 2, 'weather');
UPDATE shipped_widgets SET view_name = 'weather' WHERE widget = 'mrr_waterfall';

\set VERBOSITY default

DROP FUNCTION run, show;
DELETE FROM targets;
SELECT count(*) > 0 AS done FROM undeploy();
DO $$ BEGIN PERFORM unmap_source(source) FROM sources ORDER BY source; END $$;
DELETE FROM change_log;
DELETE FROM runs;
DROP SCHEMA nudge_reporting;
DROP SCHEMA nudge_staging;
DROP SCHEMA nudge_analytics;
DROP SCHEMA dash CASCADE;
