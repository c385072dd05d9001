/*
 * metrics.sql
 *		The metrics that are shipped, and where each is read from: files
 *		metrics_*.sql have the rows, each of a subject.
 *
 * Rules: doc/reporting.md.
 */

CREATE TABLE nudge.shipped_metrics (
	metric text PRIMARY KEY CHECK (metric ~ '^[a-z][a-z0-9_]{0,62}$'),
	subject text NOT NULL,
	place integer NOT NULL UNIQUE,
	title text NOT NULL,
	unit text NOT NULL CHECK (unit IN ('count', 'currency', 'rate', 'ratio', 'score', 'months', 'days', 'hours', 'minutes', 'seconds', 'milliseconds')),
	direction text NOT NULL CHECK (direction IN ('up', 'down', 'neutral')),
	additivity text NOT NULL CHECK (additivity IN ('additive', 'balance', 'not additive')),
	grain text NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year')),
	formula text NOT NULL,
	description text NOT NULL
);
GRANT SELECT ON nudge.shipped_metrics TO PUBLIC;
COMMENT ON TABLE nudge.shipped_metrics IS 'The metrics that are shipped';
COMMENT ON COLUMN nudge.shipped_metrics.metric IS 'Name of the metric';
COMMENT ON COLUMN nudge.shipped_metrics.subject IS 'What it is about: revenue, customers and others';
COMMENT ON COLUMN nudge.shipped_metrics.place IS 'Order in which they are listed';
COMMENT ON COLUMN nudge.shipped_metrics.title IS 'Name for people';
COMMENT ON COLUMN nudge.shipped_metrics.unit IS 'count, currency, rate (a fraction of 1), ratio, score, or a time';
COMMENT ON COLUMN nudge.shipped_metrics.direction IS 'up if more is better, down if less is, otherwise neutral';
COMMENT ON COLUMN nudge.shipped_metrics.additivity IS 'additive: may be added over anything; balance: not over time; not additive: add numerators and denominators instead';
COMMENT ON COLUMN nudge.shipped_metrics.grain IS 'Length of the periods that kpi_current compares';
COMMENT ON COLUMN nudge.shipped_metrics.formula IS 'How it is computed';
COMMENT ON COLUMN nudge.shipped_metrics.description IS 'What it tells, and what it leaves out';

-- Expressions are of columns of the mart, or aggregates of them over the rows of
-- a period, slice and currency; braces stand for settings of deploy(), as in
-- nudge.shipped_marts.
CREATE TABLE nudge.shipped_metric_sources (
	metric text NOT NULL REFERENCES nudge.shipped_metrics,
	grain text NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year')),
	dimension text NOT NULL DEFAULT '''all''',
	mart text NOT NULL,
	value text,
	numerator text,
	denominator text,
	period text NOT NULL DEFAULT 'period',
	currency text NOT NULL DEFAULT 'NULL',
	complete text NOT NULL DEFAULT 'complete',
	dimension_value text NOT NULL DEFAULT '''all''',
	condition text NOT NULL DEFAULT 'true',
	aggregated boolean NOT NULL DEFAULT false,
	PRIMARY KEY (metric, grain, dimension),
	CHECK (value IS NOT NULL OR numerator IS NOT NULL AND denominator IS NOT NULL),
	CHECK ((dimension = '''all''') = (dimension_value = '''all'''))
);
GRANT SELECT ON nudge.shipped_metric_sources TO PUBLIC;
COMMENT ON TABLE nudge.shipped_metric_sources IS 'Where values of the metrics that are shipped are read from: one row for each length of periods and dimension, one of all for what kpi_current shows';
COMMENT ON COLUMN nudge.shipped_metric_sources.metric IS 'Name of the metric';
COMMENT ON COLUMN nudge.shipped_metric_sources.grain IS 'Length of the periods';
COMMENT ON COLUMN nudge.shipped_metric_sources.dimension IS 'Name of the dimension, as an SQL expression: ''all'' in quotes, or ''segment'', or a column with the name';
COMMENT ON COLUMN nudge.shipped_metric_sources.mart IS 'Name of the mart';
COMMENT ON COLUMN nudge.shipped_metric_sources.value IS 'Expression of the value; NULL: numerator over denominator';
COMMENT ON COLUMN nudge.shipped_metric_sources.numerator IS 'Expression of the numerator; NULL if it has none';
COMMENT ON COLUMN nudge.shipped_metric_sources.denominator IS 'Expression of the denominator; NULL if it has none';
COMMENT ON COLUMN nudge.shipped_metric_sources.period IS 'Expression of the first day of the period';
COMMENT ON COLUMN nudge.shipped_metric_sources.currency IS 'Expression of the currency; NULL if the mart knows none';
COMMENT ON COLUMN nudge.shipped_metric_sources.complete IS 'Expression that says whether the period is over';
COMMENT ON COLUMN nudge.shipped_metric_sources.dimension_value IS 'Expression of the value of the dimension';
COMMENT ON COLUMN nudge.shipped_metric_sources.condition IS 'Which rows of the mart count';
COMMENT ON COLUMN nudge.shipped_metric_sources.aggregated IS 'Whether value, numerator and denominator are aggregates over the rows of a period, dimension value, currency and complete';

-- Clients fail on NaN and infinity, and numeric(24,6) on what is larger.  Inlined,
-- so not STRICT, and naming its argument once: NaN, and NULL, are the greater.
CREATE FUNCTION nudge.finite(value numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN nullif(nullif(greatest(-999999999999999999, least(value, 999999999999999999)), 999999999999999999), -999999999999999999);
COMMENT ON FUNCTION nudge.finite(numeric) IS 'Works for nudge_reporting: a number, or NULL if it is NaN, infinite or too large for numeric(24,6). Not STRICT: NULL is NULL';

-- One scan of a mart gives all its metrics.  Their names come first: who asks for
-- one of another mart does not scan this, and of this computes no other.
CREATE FUNCTION nudge.metric_values_query() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH source AS (
		SELECT s.*, m.place, coalesce(s.value, format('(%s)::numeric / nullif((%s)::numeric, 0)', s.numerator, s.denominator)) AS expression,
			row_number() OVER (PARTITION BY s.mart, s.grain, s.dimension, s.dimension_value, s.period, s.currency, s.complete, s.condition, s.aggregated ORDER BY m.place) AS n
		FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m ON m.metric = s.metric JOIN nudge.materialisations t ON t.name = s.mart
	), scan AS (
		SELECT min(s.place) AS place, min(s.dimension COLLATE "C") AS dimension, min(s.grain COLLATE "C") AS grain,
			format(CASE WHEN s.aggregated THEN
				'SELECT r.period_start, %2$L::text AS grain, wanted.metric_name AS metric, r.slice_dimension AS dimension, r.slice_value AS dimension_value, r.slice_currency AS currency,'
				' nudge.finite(r.cells[3 * wanted.metric_number - 2])::numeric(24,6) AS value, nudge.finite(r.cells[3 * wanted.metric_number - 1])::numeric(24,6) AS numerator, nudge.finite(r.cells[3 * wanted.metric_number])::numeric(24,6) AS denominator, r.is_complete AS complete'
				' FROM (VALUES %9$s) wanted(metric_name, metric_number)'
				' CROSS JOIN (SELECT (%1$s)::date AS period_start, (%3$s)::text AS slice_dimension, (%4$s)::text AS slice_value, (%5$s)::text AS slice_currency, (%6$s) IS TRUE AS is_complete, ARRAY[%10$s] AS cells FROM %7$s r WHERE %8$s GROUP BY 1, 2, 3, 4, 5) r'
			ELSE
				'SELECT (%1$s)::date AS period_start, %2$L::text AS grain, wanted.metric_name AS metric, (%3$s)::text AS dimension, (%4$s)::text AS dimension_value, (%5$s)::text AS currency,'
				' nudge.finite(CASE wanted.metric_number %11$s END)::numeric(24,6) AS value, nudge.finite(%12$s)::numeric(24,6) AS numerator, nudge.finite(%13$s)::numeric(24,6) AS denominator, (%6$s) IS TRUE AS complete'
				' FROM (VALUES %9$s) wanted(metric_name, metric_number) CROSS JOIN %7$s r WHERE %8$s'
			END, s.period, s.grain, s.dimension, s.dimension_value, s.currency, s.complete, nudge.mart_table(s.mart), s.condition,
				string_agg(format('(%L::text, %s)', s.metric, s.n), ', ' ORDER BY s.n),
				string_agg(format('(%s)::numeric, (%s)::numeric, (%s)::numeric', s.expression, coalesce(s.numerator, 'NULL'), coalesce(s.denominator, 'NULL')), ', ' ORDER BY s.n),
				string_agg(format('WHEN %s THEN (%s)::numeric', s.n, s.expression), ' ' ORDER BY s.n),
				coalesce('CASE wanted.metric_number ' || string_agg(format('WHEN %s THEN (%s)::numeric', s.n, s.numerator), ' ' ORDER BY s.n) FILTER (WHERE s.numerator IS NOT NULL) || ' END', 'NULL'),
				coalesce('CASE wanted.metric_number ' || string_agg(format('WHEN %s THEN (%s)::numeric', s.n, s.denominator), ' ' ORDER BY s.n) FILTER (WHERE s.denominator IS NOT NULL) || ' END', 'NULL')) AS query
		FROM source s
		GROUP BY s.mart, s.grain, s.dimension, s.dimension_value, s.period, s.currency, s.complete, s.condition, s.aggregated
	)
	SELECT coalesce(string_agg(s.query, E'\nUNION ALL\n' ORDER BY s.place, s.grain, s.dimension),
		'SELECT NULL::date AS period_start, NULL::text AS grain, NULL::text AS metric, NULL::text AS dimension, NULL::text AS dimension_value, NULL::text AS currency, NULL::numeric(24,6) AS value, NULL::numeric(24,6) AS numerator, NULL::numeric(24,6) AS denominator, NULL::boolean AS complete WHERE false')
	FROM scan s;
END;
COMMENT ON FUNCTION nudge.metric_values_query() IS 'Works for deploy: the query of nudge_reporting.metric_values, of the marts that are there. Not STRICT: it has no arguments';
