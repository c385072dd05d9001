--
-- list.sql
--		The largest entities of each list and month, in all and by each attribute,
--		with the count and the sum of all of them.
--
-- Variables: entries and lists, see data.sql; attributes, the names of their
-- slices.  Values of attributes read as in metric_values: (none) for those without.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

WITH source AS MATERIALIZED (:entries), entry AS (
	SELECT s.list, s.period_start, s.entity, s.name, s.details, s.currency, s.amount, ARRAY(SELECT coalesce(nullif(btrim(a.value), ''), '(none)') FROM unnest(s.slices) WITH ORDINALITY a(value, n) ORDER BY a.n) AS slices FROM source s
), slice AS (
	SELECT e.*, 'all' AS dimension, 'all' AS dimension_value FROM entry e
	UNION ALL
	SELECT e.*, a.name, e.slices[a.n] FROM entry e, unnest(:'attributes'::text[]) WITH ORDINALITY a(name, n)
), placed AS (
	SELECT s.*, row_number() OVER (PARTITION BY s.list, s.period_start, s.currency, s.dimension, s.dimension_value ORDER BY abs(s.amount) DESC NULLS LAST, s.entity COLLATE "C") AS place FROM slice s
), shown AS (
	SELECT DISTINCT p.list, p.period_start, p.currency, p.entity, p.name, p.details, p.amount, p.slices FROM placed p WHERE p.place <= :top
), shown_json AS (
	SELECT s.list, s.period_start, json_agg(json_build_array(s.entity, s.name, s.details, s.slices, s.currency, trim_scale(s.amount)::text) ORDER BY s.currency, abs(s.amount) DESC NULLS LAST, s.entity COLLATE "C") AS rows
	FROM shown s GROUP BY s.list, s.period_start
), total AS (
	SELECT s.list, s.period_start, s.dimension, s.dimension_value, s.currency, count(*) AS entities, sum(s.amount) AS amount FROM slice s GROUP BY s.list, s.period_start, s.dimension, s.dimension_value, s.currency
), total_json AS (
	SELECT t.list, t.period_start, json_agg(json_build_array(t.dimension, t.dimension_value, t.currency, t.entities, trim_scale(t.amount)::text) ORDER BY t.dimension, t.dimension_value) AS totals FROM total t GROUP BY t.list, t.period_start
)
SELECT 'lists', json_build_object('name', l.list, 'metrics', l.metrics, 'entity', l.entity, 'entities', l.entities, 'amount', l.amount, 'unit', l.unit, 'note', l.note, 'attributes', :'attributes'::text[],
	'periods', coalesce((SELECT json_object_agg(r.period_start, json_build_object('totals', t.totals, 'rows', r.rows) ORDER BY r.period_start) FROM shown_json r JOIN total_json t ON t.list = r.list AND t.period_start = r.period_start WHERE r.list = l.list), '{}'))
FROM (:lists) l(list, metrics, entity, entities, amount, unit, note);
