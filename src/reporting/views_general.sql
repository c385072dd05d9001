/*
 * views_general.sql
 *		Shipped views about all metrics, the calendar and the marts themselves.
 *
 * Rules: doc/reporting.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('calendar_days', 'general', 10, $query$
SELECT d.day, nudge.period_start(d.day, 'week', {week_start}) AS week_start, nudge.period_start(d.day, 'month') AS month_start, nudge.period_start(d.day, 'quarter') AS quarter_start, nudge.period_start(d.day, 'year') AS year_start,
	extract(year FROM d.day)::integer AS calendar_year, extract(quarter FROM d.day)::integer AS calendar_quarter, extract(month FROM d.day)::integer AS calendar_month, extract(day FROM d.day)::integer AS day_of_month,
	(d.day - nudge.period_start(d.day, 'week', {week_start}) + 1)::integer AS day_of_week,
	(ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[extract(isodow FROM d.day)::integer]::text AS weekday,
	extract(isodow FROM d.day) >= 6 AS is_weekend,
	nudge.period_start(d.day, 'year', fiscal_year_start => {fiscal_year_start}) AS fiscal_year_start,
	nudge.period_start(d.day, 'quarter', fiscal_year_start => {fiscal_year_start}) AS fiscal_quarter_start,
	extract(year FROM nudge.period_end(d.day, 'year', fiscal_year_start => {fiscal_year_start}) - 1)::integer AS fiscal_year,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 / 3 + 1)::integer AS fiscal_quarter,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 + 1)::integer AS fiscal_month,
	d.day < t.today AS is_past, d.day = t.today AS is_today
FROM (SELECT nudge.civil_date(now(), {zone}) AS today) t,
	LATERAL (SELECT nudge.period_start(t.today, 'year') - make_interval(years => 15) + make_interval(days => n) AS at FROM generate_series(0, 18 * 366) n) s,
	LATERAL (SELECT s.at::date AS day) d
WHERE d.day < nudge.period_start(t.today, 'year') + make_interval(years => 3)$query$,
	'Calendar', 'One row per day. From 15 years before the present year to two after it, for axes without holes and for fiscal periods; today is that of the zone of deploy().', NULL,
	'{"day": "Day", "week_start": "First day of its week, by the week_start of deploy()", "month_start": "First day of its month", "quarter_start": "First day of its calendar quarter", "year_start": "First day of its calendar year",
	"calendar_year": "Calendar year", "calendar_quarter": "Calendar quarter, 1 to 4", "calendar_month": "Month, 1 to 12", "day_of_month": "Day of the month, 1 to 31", "day_of_week": "Day of the week, 1 is the first one by the week_start of deploy()",
	"weekday": "Name of the day of the week, in English", "is_weekend": "Whether it is a Saturday or Sunday", "fiscal_year_start": "First day of its fiscal year, by the fiscal_year_start of deploy()",
	"fiscal_quarter_start": "First day of its fiscal quarter", "fiscal_year": "Fiscal year, named by the calendar year in which it ends", "fiscal_quarter": "Fiscal quarter, 1 to 4", "fiscal_month": "Month of the fiscal year, 1 to 12",
	"is_past": "Whether the day is over", "is_today": "Whether it is today"}',
	'{"weekday": "type/Category", "calendar_year": "type/Category", "calendar_quarter": "type/Category", "calendar_month": "type/Category", "fiscal_year": "type/Category", "fiscal_quarter": "type/Category", "fiscal_month": "type/Category"}', '{}'),

('metric_values', 'general', 20, '{metric_values}',
	'Metric values', 'One row per metric, period, slice and currency. All metrics in one long table, for charts of any of them and for rules; periods begin at midnight in the zone of deploy().',
	'Do not add values of different metrics, currencies or dimensions, nor of one whose additivity in metric_catalog is balance over time; rates are added by their numerators and denominators.',
	'{"period_start": "First day of the period", "grain": "Length of the period: day, week, month, quarter or year", "metric": "Name of the metric: metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total",
	"dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric; rates are fractions of 1; NULL: not defined, as by a denominator of 0",
	"numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio", "complete": "Whether the period is over; an open one still changes"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category"}', '{}'),

('metric_catalog', 'general', 30, $query$
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.additivity, m.grain, m.formula, m.description,
	(SELECT string_agg(DISTINCT s.mart, ', ' ORDER BY s.mart) FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric) AS marts,
	EXISTS (SELECT FROM nudge.shipped_metric_sources s JOIN nudge.materialisations t ON t.name = s.mart WHERE s.metric = m.metric AND s.grain = m.grain) AS is_deployed,
	m.place AS sort_order, (SELECT string_agg(v.name, ', ' ORDER BY v.place) FROM nudge.shipped_views v WHERE v.marts && ARRAY(SELECT s.mart FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric)) AS related_views
FROM nudge.shipped_metrics m$query$,
	'Metric catalogue', 'One row per metric. What each metric means, and how it may be added.', NULL,
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"additivity": "additive: may be added over anything; balance: not over time; not additive: add numerators and denominators instead", "grain": "Length of the periods that kpi_current compares", "formula": "How it is computed",
	"description": "What it tells, and what it leaves out", "marts": "Marts that it is read from", "is_deployed": "Whether they are there", "sort_order": "Order in which metrics are listed", "related_views": "Views that read the same marts, for what is behind the metric"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "additivity": "type/Category", "grain": "type/Category"}', '{}'),

('kpi_current', 'general', 40, $query$
WITH listed AS MATERIALIZED (
	SELECT v.* FROM nudge_reporting.metric_values v JOIN nudge.shipped_metrics m ON m.metric = v.metric AND m.grain = v.grain WHERE v.dimension = 'all'
), chosen AS (
	-- one currency stands for all: the one of deploy(), or the only one
	SELECT l.metric, count(DISTINCT l.currency) > 1 AND {currency}::text IS NULL AS several, CASE WHEN count(l.currency) > 0 THEN coalesce({currency}::text, min(l.currency)) END AS currency
	FROM listed l GROUP BY l.metric
), ends AS (
	SELECT c.metric, c.currency, c.several, max(l.period_start) FILTER (WHERE l.complete) AS last_start, max(l.period_start) FILTER (WHERE NOT l.complete) AS open_start
	FROM chosen c LEFT JOIN listed l ON l.metric = c.metric AND l.currency IS NOT DISTINCT FROM c.currency AND NOT c.several GROUP BY c.metric, c.currency, c.several
), source AS (
	SELECT DISTINCT ON (s.metric) s.metric, t.name, t.last_success_at, t.data_as_of
	FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m ON m.metric = s.metric AND m.grain = s.grain JOIN nudge.materialisations t ON t.name = s.mart
	ORDER BY s.metric, s.dimension <> '''all''', t.data_as_of
)
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.grain, CASE WHEN NOT e.several THEN e.currency END AS currency, e.last_start AS period_start,
	v.value, p.value AS previous, (v.value - p.value)::numeric(24,6) AS change, ((v.value - p.value) / nullif(abs(p.value), 0))::numeric(24,6) AS change_rate,
	g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met,
	o.value AS value_to_date, v.numerator, v.denominator, s.data_as_of AS as_of,
	CASE WHEN v.value IS NOT NULL THEN NULL WHEN s.name IS NULL THEN 'not deployed' WHEN s.last_success_at IS NULL THEN 'never refreshed' WHEN e.metric IS NULL THEN 'no data' WHEN e.several THEN 'several currencies'
		WHEN e.last_start IS NULL AND e.open_start IS NULL THEN 'no data in this currency' WHEN e.last_start IS NULL THEN 'no complete period' WHEN v.denominator = 0 THEN 'denominator is 0' WHEN v.denominator < 0 THEN 'denominator is below 0' ELSE 'not known' END AS null_reason,
	m.place AS sort_order
FROM nudge.shipped_metrics m
LEFT JOIN source s ON s.metric = m.metric
LEFT JOIN ends e ON e.metric = m.metric
LEFT JOIN listed v ON v.metric = m.metric AND v.period_start = e.last_start AND v.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed p ON p.metric = m.metric AND p.period_start = nudge.period_start(e.last_start - 1, m.grain, {week_start}, {fiscal_year_start}) AND p.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed o ON o.metric = m.metric AND o.period_start = e.open_start AND o.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN LATERAL (
	SELECT max(k.value) FILTER (WHERE k.kind = 'target') AS target, max(k.value) FILTER (WHERE k.kind = 'minimum') AS minimum, max(k.value) FILTER (WHERE k.kind = 'benchmark') AS benchmark, max(k.value) FILTER (WHERE k.kind = 'plan') AS plan
	FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
		WHERE t.metric = m.metric AND t.grain = m.grain AND t.dimension = 'all' AND t.currency = CASE WHEN m.unit = 'currency' THEN coalesce(e.currency, '') ELSE '' END AND t.period_start <= e.last_start
		ORDER BY t.kind, t.period_start DESC) k
) g ON true$query$,
	'Key figures', 'One row per metric. Its value in the last period that is over, beside the one before and what it ought to be; a NULL value has its reason.',
	'Amounts are of one currency: the one of deploy(), or the only one there is. Metrics have different units: do not add them.',
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"grain": "Length of the period", "currency": "Currency of what is counted; NULL: the metric has none, or several do", "period_start": "First day of the last period that is over, in the zone of deploy()", "value": "Value in this period",
	"previous": "Value in the period before", "change": "Value less previous", "change_rate": "Change over previous, as a fraction of 1", "target": "What is aimed at, as nudge.targets has it for the period", "minimum": "The worst that is accepted; the highest value if less is better",
	"benchmark": "Value of others", "plan": "Value in the budget", "target_met": "Whether the value is the target or better; NULL without one", "minimum_met": "Whether the value is the minimum or better; NULL without one",
	"value_to_date": "Value in the period that is open, which still changes; of a balance, the value now", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio",
	"as_of": "All that was committed before this instant is in it", "null_reason": "Why there is no value: not deployed, never refreshed, no data, no data in this currency, several currencies, no complete period, denominator is 0, denominator is below 0, not known", "sort_order": "Order in which metrics are listed"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "grain": "type/Category", "currency": "type/Category", "change_rate": "type/Percentage", "null_reason": "type/Category"}', '{}'),

('metric_progress', 'general', 50, $query$
SELECT v.period_start, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, v.value, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	(v.value - g.target)::numeric(24,6) AS target_gap, CASE WHEN m.direction = 'up' AND g.target > 0 THEN v.value / g.target END::numeric(24,6) AS attainment_rate,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met, v.complete
-- what counts from each day on which a target begins, of whichever kind
FROM (
	SELECT k.metric, k.grain, k.dimension, k.dimension_value, k.currency, k.period_start, l.target, l.minimum, l.benchmark, l.plan,
		lead(k.period_start) OVER (PARTITION BY k.metric, k.grain, k.dimension, k.dimension_value, k.currency ORDER BY k.period_start) AS until_day
	FROM (SELECT DISTINCT t.metric, t.grain, t.dimension, t.dimension_value, t.currency, t.period_start FROM nudge.targets t) k
	CROSS JOIN LATERAL (
		SELECT max(n.value) FILTER (WHERE n.kind = 'target') AS target, max(n.value) FILTER (WHERE n.kind = 'minimum') AS minimum, max(n.value) FILTER (WHERE n.kind = 'benchmark') AS benchmark, max(n.value) FILTER (WHERE n.kind = 'plan') AS plan
		FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
			WHERE t.metric = k.metric AND t.grain = k.grain AND t.dimension = k.dimension AND t.dimension_value = k.dimension_value AND t.currency = k.currency AND t.period_start <= k.period_start
			ORDER BY t.kind, t.period_start DESC) n) l
) g
JOIN nudge.shipped_metrics m ON m.metric = g.metric
JOIN nudge_reporting.metric_values v ON v.metric = g.metric AND v.grain = g.grain AND v.dimension = g.dimension AND v.dimension_value = g.dimension_value AND CASE WHEN m.unit = 'currency' THEN coalesce(v.currency, '') ELSE '' END = g.currency
	AND v.period_start >= g.period_start AND (v.period_start < g.until_day OR g.until_day IS NULL)$query$,
	'Metrics and targets', 'One row per metric, period, slice and currency that has a target. Values beside their target, minimum, benchmark and plan, for charts of both.', 'An open period is compared with the target of a whole one.',
	'{"period_start": "First day of the period, in the zone of deploy()", "grain": "Length of the period", "metric": "Name of the metric", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric", "target": "What is aimed at", "minimum": "The worst that is accepted; the highest value if less is better", "benchmark": "Value of others", "plan": "Value in the budget",
	"target_gap": "Value less target", "attainment_rate": "Value over target, as a fraction of 1; NULL if less is better or the target is not above 0", "target_met": "Whether the value is the target or better", "minimum_met": "Whether the value is the minimum or better",
	"complete": "Whether the period is over"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "attainment_rate": "type/Percentage"}', '{}'),

('metric_targets', 'general', 60, $query$
SELECT t.period_start, t.metric, t.kind AS target_kind, t.grain, t.dimension, t.dimension_value, nullif(t.currency, '') AS currency, t.value,
	lead(t.period_start) OVER (PARTITION BY t.metric, t.kind, t.grain, t.dimension, t.dimension_value, t.currency ORDER BY t.period_start) AS next_period_start, t.provenance, t.note, t.set_by::text AS set_by, t.set_at
FROM nudge.targets t$query$,
	'Targets', 'One row per target. Each holds from its period on, until the next of the same metric, kind, grain, slice and currency.', 'Placeholders are examples, not to be acted on.',
	'{"period_start": "First day of the first period that it holds for", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan", "grain": "Length of the periods", "dimension": "Dimension of the slice; all: the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of an amount; NULL for other metrics", "value": "The target; NULL: none from this period on", "next_period_start": "First day of the first period that it does not hold for any more; NULL: it holds on", "provenance": "agreed, imported, derived or placeholder",
	"note": "Who agreed, where, and why", "set_by": "Who has set it", "set_at": "When"}',
	'{"metric": "type/Category", "target_kind": "type/Category", "grain": "type/Category", "dimension": "type/Category", "provenance": "type/Category", "currency": "type/Category"}', '{}'),

('chart_annotations', 'general', 70, $query$
SELECT a.day, a.kind AS annotation_kind, a.text AS annotation_text, a.metric, nudge.period_start(a.day, 'week', {week_start}) AS week_start, nudge.period_start(a.day, 'month') AS month_start, a.annotated_by::text AS annotated_by, a.annotated_at
FROM nudge.annotations a$query$,
	'Annotations', 'One row per annotation. What happened on a day, to be drawn on charts.', NULL,
	'{"day": "When it happened", "annotation_kind": "launch, price change, campaign, outage, policy, data, market or other", "annotation_text": "What happened", "metric": "Metric whose charts show it; NULL: all", "week_start": "First day of the week, by the week_start of deploy()",
	"month_start": "First day of the month", "annotated_by": "Who has written it", "annotated_at": "When it was written"}',
	'{"annotation_kind": "type/Category", "metric": "type/Category"}', '{}'),

('data_freshness', 'general', 80, $query$
SELECT f.name AS mart, f.layer, f.status AS freshness_status, f.data_as_of AS as_of, f.last_success_at, f.next_due_at, (extract(epoch FROM f.cadence) / 60)::numeric(12,2) AS cadence_minutes,
	greatest(extract(epoch FROM now() - f.data_as_of) / 60, 0)::numeric(18,2) AS age_minutes, f.quarantined AS quarantined_keys
FROM nudge.freshness f$query$,
	'Data freshness', 'One row per mart. How fresh the numbers are that are read from it.', NULL,
	'{"mart": "Name of the mart", "layer": "staging, mart, metric or headline", "freshness_status": "fresh, or why not: not adopted, broken, disabled, never, failed, stale definition, late, quarantined", "as_of": "All that was committed before this instant is in it",
	"last_success_at": "When it was refreshed last", "next_due_at": "When it is to be refreshed next", "cadence_minutes": "Minutes between two refreshes", "age_minutes": "Minutes since as_of", "quarantined_keys": "Keys that could not be computed: their rows are older"}',
	'{"layer": "type/Category", "freshness_status": "type/Category"}', '{}'),

('reporting_settings', 'general', 90, $query$
SELECT s.setting, s.value AS setting_value, s.meaning
FROM (SELECT d.zone, d.week_start, d.fiscal_year_start::text AS fiscal_year_start, d.currency, to_char(d.deployed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS deployed_at,
		(SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'nudge_metrics') AS version FROM nudge.deployment d) o,
	LATERAL (VALUES ('zone', o.zone, 'Time zone of days, weeks and months'), ('week_start', o.week_start, 'First day of a week'), ('fiscal_year_start', o.fiscal_year_start, 'First month of a fiscal year'),
		('currency', o.currency, 'Currency of amounts that stand for all, where there are several'), ('deployed_at', o.deployed_at, 'When deploy() was called last'), ('version', o.version, 'Version of nudge_metrics')) s(setting, value, meaning)$query$,
	'Settings', 'One row per setting. By what days, weeks, fiscal years and amounts are reported.', NULL,
	'{"setting": "Name of the setting", "setting_value": "Its value; NULL: not set", "meaning": "What it is for"}', '{}', '{}'),

('_metabase_metadata', 'general', 100, $query$
SELECT k.keypath, k.value
FROM nudge.shipped_views v, LATERAL (
	SELECT v.name || '.display_name' AS keypath, v.display_name AS value WHERE v.name <> '_metabase_metadata'
	UNION ALL SELECT v.name || '.caveats', v.caveats WHERE v.caveats IS NOT NULL
	UNION ALL SELECT format('%s.%s.semantic_type', v.name, t.key), t.value FROM jsonb_each_text(v.semantic_types) t
	UNION ALL SELECT format('%s.%s.display_name', v.name, d.key), d.value FROM jsonb_each_text(v.display_names) d
) k
WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relname::text = v.name AND c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge_reporting'))$query$,
	'Metadata for Metabase', 'One row per property of a view or column. Metabase takes display names, semantic types and caveats from it.', NULL,
	'{"keypath": "View or view.column, then the property: display_name, semantic_type or caveats", "value": "Value of the property"}', '{}', '{}');
