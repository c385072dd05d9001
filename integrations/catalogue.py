"""The catalogue of dashboards, as generators of files for BI tools read it.

It is read with psql from a database that has the extension, deployed on
example data: PGHOST and its like say which.

Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
"""

import json
import subprocess

# A widget can be filtered by segment if each of its metrics has values of segments.
CATALOGUE = """
SELECT json_agg(json_build_object('dashboard', d.dashboard, 'title', d.title, 'description', d.description,
	'grid_columns', d.grid_columns, 'refresh_seconds', d.refresh_seconds, 'widgets', w.widgets) ORDER BY d.place)
FROM nudge.shipped_dashboards d,
LATERAL (
	SELECT json_agg(json_build_object('widget', w.widget, 'title', w.title, 'type', w.type, 'row', w.grid_row, 'column', w.grid_column,
		'span', w.span, 'comparison', w.comparison, 'dimension', w.dimension, 'periods', w.periods, 'description', w.description,
		'detail_view', w.detail_view, 'unit', coalesce(w.unit, m.unit), 'direction', m.direction, 'grain', m.grain,
		'units', coalesce(m.units, '{}'::json), 'metrics', coalesce(m.metrics, '{}'::text[]), 'has_segments', s.has_segments,
		'query', nudge.widget_query(w.dashboard, w.widget, CASE WHEN s.has_segments THEN nullif(:'segment', '') END, nullif(:'until', ''),
			nullif(replace(:'periods', '{}', w.periods::text), ''))) ORDER BY w.grid_row, w.grid_column) AS widgets
	FROM nudge.shipped_widgets w,
	LATERAL (
		SELECT array_agg(c.metric ORDER BY i.place) AS metrics, json_object_agg(c.metric, c.unit) AS units,
			CASE WHEN count(DISTINCT c.unit) = 1 THEN min(c.unit) END AS unit, min(c.direction) AS direction, min(c.grain) AS grain
		FROM nudge.shipped_widget_metrics i JOIN nudge.shipped_metrics c ON c.metric = i.metric WHERE i.dashboard = w.dashboard AND i.widget = w.widget
	) m,
	LATERAL (
		SELECT w.query IS NULL AND w.dimension IS NULL AND NOT EXISTS (
			SELECT FROM unnest(m.metrics) n(metric)
			WHERE NOT EXISTS (SELECT FROM nudge_reporting.metric_values v WHERE v.metric = n.metric AND v.dimension = 'segment')) AS has_segments
	) s
	WHERE w.dashboard = d.dashboard
) w
WHERE w.widgets IS NOT NULL
"""

VIEWS = "SELECT json_object_agg(v.name, v.display_name) FROM nudge.shipped_views v"

# How numbers of a unit are shown: decimals, and what follows them
UNITS = {
    "count": (0, ""), "currency": (0, ""), "rate": (1, "%"), "ratio": (2, ""), "score": (1, ""), "months": (1, " months"), "days": (1, " days"),
    "hours": (1, " h"), "minutes": (1, " min"), "seconds": (1, " s"), "milliseconds": (0, " ms"),
}


def read(sql, **variables):
    """What a query that gives one JSON value gives; :'name' stands for a variable."""
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
    for name, value in variables.items():
        command += ["-v", f"{name}={value}"]
    made = subprocess.run(command, input=sql, capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"psql: {made.stderr}")
    return json.loads(made.stdout)


def dashboards(segment="", until="", periods=""):
    """All dashboards with their widgets. The arguments are SQL expressions for
    the filters of the tool; {} in periods is the number that the widget has."""
    return read(CATALOGUE, segment=segment, until=until, periods=periods)


def views():
    """Names of the reporting views for people."""
    return read(VIEWS)


def columns(query):
    """Names and types of the columns of a query, in their order."""
    made = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"], input=query + "\n\\gdesc\n", capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"psql: {made.stderr}")
    return [tuple(line.split("\t")) for line in made.stdout.splitlines()]
