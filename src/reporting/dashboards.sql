/*
 * dashboards.sql
 *		Dashboards that are shipped, and the query behind each of their widgets:
 *		files for BI tools are made of these.  dashboards_shipped.sql has the
 *		rows.
 *
 * Rules: doc/dashboards.md.
 */

CREATE TABLE nudge.shipped_dashboards (
	dashboard text PRIMARY KEY CHECK (dashboard ~ '^[a-z][a-z0-9_]{0,39}$'),
	place integer NOT NULL UNIQUE,
	title text NOT NULL,
	audience text NOT NULL,
	description text NOT NULL,
	grid_columns integer NOT NULL DEFAULT 3 CHECK (grid_columns IN (1, 2, 3, 4, 6)),
	refresh_seconds integer NOT NULL DEFAULT 300 CHECK (refresh_seconds > 0)
);
GRANT SELECT ON nudge.shipped_dashboards TO PUBLIC;
COMMENT ON TABLE nudge.shipped_dashboards IS 'The dashboards that are shipped';
COMMENT ON COLUMN nudge.shipped_dashboards.dashboard IS 'Name of the dashboard';
COMMENT ON COLUMN nudge.shipped_dashboards.place IS 'Order in which they are listed';
COMMENT ON COLUMN nudge.shipped_dashboards.title IS 'Name for people';
COMMENT ON COLUMN nudge.shipped_dashboards.audience IS 'For whom it is: executive, or a department';
COMMENT ON COLUMN nudge.shipped_dashboards.description IS 'What question it answers';
COMMENT ON COLUMN nudge.shipped_dashboards.grid_columns IS 'Columns of its grid';
COMMENT ON COLUMN nudge.shipped_dashboards.refresh_seconds IS 'How often a screen that shows it should ask again';

-- A widget shows metrics, or has a query of its own on one view.
CREATE TABLE nudge.shipped_widgets (
	dashboard text NOT NULL REFERENCES nudge.shipped_dashboards,
	widget text NOT NULL CHECK (widget ~ '^[a-z][a-z0-9_]{0,39}$'),
	title text NOT NULL,
	type text NOT NULL CHECK (type IN ('number_with_trend', 'percentage', 'gauge', 'line', 'bar', 'stacked_bar', 'waterfall', 'funnel', 'cohort', 'table')),
	grid_row integer NOT NULL CHECK (grid_row > 0),
	grid_column integer NOT NULL CHECK (grid_column > 0),
	span integer NOT NULL DEFAULT 1 CHECK (span > 0),
	comparison text CHECK (comparison IN ('previous', 'year_before', 'target', 'minimum', 'benchmark', 'plan')),
	dimension text,
	periods integer NOT NULL DEFAULT 12 CHECK (periods > 0),
	view_name text REFERENCES nudge.shipped_views,
	query text,
	unit text CHECK (unit IN ('count', 'currency', 'rate', 'ratio', 'score', 'months', 'days', 'hours', 'minutes', 'seconds', 'milliseconds')),
	detail_view text REFERENCES nudge.shipped_views,
	description text NOT NULL,
	PRIMARY KEY (dashboard, widget),
	UNIQUE (dashboard, grid_row, grid_column),
	CHECK ((query IS NULL) = (view_name IS NULL)),
	CHECK (comparison IS NULL OR type IN ('number_with_trend', 'percentage', 'gauge')),
	CHECK (query IS NOT NULL OR type NOT IN ('waterfall', 'cohort')),
	CHECK (query IS NULL OR type NOT IN ('number_with_trend', 'percentage', 'gauge'))
);
GRANT SELECT ON nudge.shipped_widgets TO PUBLIC;
COMMENT ON TABLE nudge.shipped_widgets IS 'The widgets of the dashboards that are shipped; widget_query() gives the query of each';
COMMENT ON COLUMN nudge.shipped_widgets.dashboard IS 'Dashboard that it is on';
COMMENT ON COLUMN nudge.shipped_widgets.widget IS 'Name of the widget';
COMMENT ON COLUMN nudge.shipped_widgets.title IS 'Name for people';
COMMENT ON COLUMN nudge.shipped_widgets.type IS 'How it is drawn, which says what columns its query has';
COMMENT ON COLUMN nudge.shipped_widgets.grid_row IS 'Row of the grid, from 1';
COMMENT ON COLUMN nudge.shipped_widgets.grid_column IS 'Column of the grid in which it begins, from 1';
COMMENT ON COLUMN nudge.shipped_widgets.span IS 'How many columns of the grid it fills';
COMMENT ON COLUMN nudge.shipped_widgets.comparison IS 'What its number is compared with: previous or year_before, the value of an earlier period, or a target of a kind; NULL: nothing';
COMMENT ON COLUMN nudge.shipped_widgets.dimension IS 'Dimension of metric_values that it is sliced by; NULL: the total';
COMMENT ON COLUMN nudge.shipped_widgets.periods IS 'How many periods it shows, up to the last one that is over';
COMMENT ON COLUMN nudge.shipped_widgets.view_name IS 'View of nudge_reporting that its own query reads; NULL: it shows metrics';
COMMENT ON COLUMN nudge.shipped_widgets.query IS 'Its own query, with {currency} for the currency that stands for all, {until} for the last day to be shown and {periods}; NULL: it shows metrics';
COMMENT ON COLUMN nudge.shipped_widgets.unit IS 'Unit of the values of its own query; NULL: that of its metrics, or several';
COMMENT ON COLUMN nudge.shipped_widgets.detail_view IS 'View of nudge_reporting that lists what is behind the number; NULL: there is none';
COMMENT ON COLUMN nudge.shipped_widgets.description IS 'What it tells';

CREATE TABLE nudge.shipped_widget_metrics (
	dashboard text NOT NULL,
	widget text NOT NULL,
	place integer NOT NULL,
	metric text NOT NULL REFERENCES nudge.shipped_metrics,
	PRIMARY KEY (dashboard, widget, place),
	UNIQUE (dashboard, widget, metric),
	FOREIGN KEY (dashboard, widget) REFERENCES nudge.shipped_widgets
);
GRANT SELECT ON nudge.shipped_widget_metrics TO PUBLIC;
COMMENT ON TABLE nudge.shipped_widget_metrics IS 'The metrics that widgets show';
COMMENT ON COLUMN nudge.shipped_widget_metrics.dashboard IS 'Dashboard of the widget';
COMMENT ON COLUMN nudge.shipped_widget_metrics.widget IS 'Name of the widget';
COMMENT ON COLUMN nudge.shipped_widget_metrics.place IS 'Order in which it shows them';
COMMENT ON COLUMN nudge.shipped_widget_metrics.metric IS 'Name of the metric';

-- The arguments are SQL expressions, so that a BI tool can put its filters
-- there: no data goes through this function.
CREATE FUNCTION nudge.widget_query(dashboard text, widget text, segment text DEFAULT NULL, until text DEFAULT NULL, periods text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	w nudge.shipped_widgets;
	listed text;
	columns text;
	grain text;
	step text;
	slice text;
	one_currency constant text := '(SELECT s.setting_value FROM nudge_reporting.reporting_settings s WHERE s.setting = ''currency'')';
	source text;
	targets text;
	last_period text;
BEGIN
	SELECT s.* INTO w FROM nudge.shipped_widgets s WHERE s.dashboard = widget_query.dashboard AND s.widget = widget_query.widget;
	IF w.widget IS NULL THEN
		RAISE EXCEPTION 'there is no widget "%" on dashboard "%"', left(coalesce(widget, ''), 70), left(coalesce(dashboard, ''), 70) USING ERRCODE = 'undefined_object',
			DETAIL = coalesce((SELECT 'Its widgets are ' || string_agg(s.widget, ', ' ORDER BY s.grid_row, s.grid_column) || '.' FROM nudge.shipped_widgets s WHERE s.dashboard = widget_query.dashboard),
				(SELECT 'The dashboards are ' || string_agg(d.dashboard, ', ' ORDER BY d.place) || '.' FROM nudge.shipped_dashboards d)),
			HINT = 'nudge.shipped_widgets has what each of them shows.';
	END IF;
	periods := coalesce(periods, w.periods::text);
	IF w.query IS NOT NULL THEN
		RETURN replace(replace(replace(btrim(w.query, E'\n'), '{until}', coalesce(until, 'NULL::date')), '{periods}', periods), '{currency}',
			format('coalesce(%s, (SELECT min(o.currency) FROM nudge_reporting.%I o HAVING min(o.currency) = max(o.currency)))', one_currency, w.view_name));
	END IF;

	SELECT string_agg(quote_literal(m.metric), ', ' ORDER BY m.place), string_agg(format('max(v.value) FILTER (WHERE v.metric = %1$L) AS %1$I', m.metric), ', ' ORDER BY m.place), min(c.grain)
	INTO listed, columns, grain
	FROM nudge.shipped_widget_metrics m JOIN nudge.shipped_metrics c ON c.metric = m.metric WHERE m.dashboard = w.dashboard AND m.widget = w.widget;
	step := CASE grain WHEN 'quarter' THEN '3 months' ELSE '1 ' || grain END;
	slice := CASE WHEN w.dimension IS NOT NULL THEN format('v.dimension = %L', w.dimension)
		WHEN segment IS NULL THEN 'v.dimension = ''all'''
		ELSE format('v.dimension = CASE %1$s WHEN ''all'' THEN ''all'' ELSE ''segment'' END AND v.dimension_value = %1$s', segment) END;
	-- of the currency that stands for all, as in kpi_current: the one of deploy(), or the only one
	source := format(E'\nFROM (\n\tSELECT v.*, c.title, c.unit, max(v.period_start) FILTER (WHERE v.complete) OVER of_metric AS last_start, min(v.currency) OVER of_metric AS first_currency, max(v.currency) OVER of_metric AS last_currency'
		|| E'\n\tFROM nudge_reporting.metric_values v JOIN nudge_reporting.metric_catalog c ON c.metric = v.metric'
		|| E'\n\tWHERE v.metric IN (%s) AND v.grain = %L AND %s%s AND (v.currency IS NULL OR v.currency = coalesce(%s, v.currency))\n\tWINDOW of_metric AS (PARTITION BY v.metric)\n) v',
		listed, grain, slice, coalesce(' AND v.period_start <= coalesce(' || until || ', v.period_start)', ''), one_currency);
	targets := E'\nLEFT JOIN LATERAL (SELECT max(t.value) FILTER (WHERE t.target_kind = ''target'') AS target, max(t.value) FILTER (WHERE t.target_kind = ''minimum'') AS minimum,'
		' max(t.value) FILTER (WHERE t.target_kind = ''benchmark'') AS benchmark, max(t.value) FILTER (WHERE t.target_kind = ''plan'') AS plan'
		|| E'\n\tFROM nudge_reporting.metric_targets t WHERE t.metric = v.metric AND t.grain = v.grain AND t.dimension = v.dimension AND t.dimension_value = v.dimension_value'
		' AND t.currency IS NOT DISTINCT FROM CASE v.unit WHEN ''currency'' THEN v.currency END'
		' AND t.period_start <= v.period_start AND (t.next_period_start > v.period_start OR t.next_period_start IS NULL)) g ON true';
	last_period := format(E'\nWHERE v.complete AND v.first_currency IS NOT DISTINCT FROM v.last_currency AND v.period_start > v.last_start - interval %L', step);

	RETURN CASE
	WHEN w.type IN ('number_with_trend', 'percentage') THEN
		'SELECT v.period_start, v.value, max(v.value) OVER earlier AS previous, ((v.value - max(v.value) OVER earlier) / nullif(abs(max(v.value) OVER earlier), 0))::numeric(24,6) AS change_rate,'
		|| ' g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan, v.currency' || source || targets || last_period || ' * ' || periods
		|| format(E'\nWINDOW earlier AS (ORDER BY v.period_start RANGE BETWEEN interval %1$L PRECEDING AND interval %1$L PRECEDING)\nORDER BY v.period_start', CASE w.comparison WHEN 'year_before' THEN '1 year' ELSE step END)
	WHEN w.type = 'gauge' THEN
		'SELECT (v.value / nullif(g.target, 0))::numeric(24,6) AS target_rate, v.value, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark,'
		|| ' g.plan::numeric(24,6) AS plan, v.currency, v.period_start' || source || targets || last_period
	WHEN w.type = 'funnel' THEN
		format('SELECT array_position(ARRAY[%s], v.metric) AS step_order, v.title AS step, v.value', listed) || source || last_period || E'\nORDER BY 1'
	WHEN w.type = 'bar' AND w.dimension IS NOT NULL THEN
		'SELECT v.dimension_value AS series, v.value' || source || last_period || E'\nORDER BY 2 DESC NULLS LAST, 1 LIMIT 20'
	WHEN w.type <> 'table' AND w.dimension IS NOT NULL THEN
		'SELECT v.period_start, v.dimension_value AS series, v.value' || source || last_period || ' * ' || periods || E'\nORDER BY 1, 2'
	WHEN w.type <> 'table' THEN
		'SELECT v.period_start, v.title AS series, v.value' || source || last_period || ' * ' || periods || format(E'\nORDER BY 1, array_position(ARRAY[%s], v.metric)', listed)
	WHEN w.dimension IS NOT NULL THEN
		format('SELECT v.dimension_value AS %I, %s', w.dimension, columns) || source || last_period || E'\nGROUP BY 1\nORDER BY 2 DESC NULLS LAST, 1 LIMIT 50'
	ELSE
		'SELECT v.title AS metric_title, v.value, v.unit, v.currency, v.period_start' || source || last_period || format(E'\nORDER BY array_position(ARRAY[%s], v.metric)', listed)
	END;
END
$$;
COMMENT ON FUNCTION nudge.widget_query(text, text, text, text, text) IS
	'The query behind a widget of a dashboard, of views of nudge_reporting only; segment, until and periods are SQL expressions for filters of a BI tool. Not STRICT: without them it is the total, up to the last period that is over';
