--
-- data.sql
--		What the overview page shows, from the views of nudge_reporting alone:
--		a line for each section, its name, a tab and JSON.
--
-- Numbers are texts, so that none goes through a float.  One snapshot gives
-- all of them.  Variables: title; top, so many entities and slices are in a
-- list; list_months, lists are of so many months.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\t'
SET client_min_messages = warning;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT to_regclass('nudge_reporting.kpi_current') IS NULL AS no_views \gset
\if :no_views
DO $$ BEGIN RAISE EXCEPTION 'there are no views of nudge_reporting here' USING ERRCODE = 'undefined_table', DETAIL = format('Database "%s" has no nudge_reporting.kpi_current.', current_database()),
	HINT = 'Call nudge.deploy() first, or connect to the database that has the views.'; END $$;
\endif

SELECT to_regclass('nudge_reporting.customer_mrr_periods') IS NOT NULL AS has_customer_mrr,
	to_regclass('nudge_reporting.customer_details') IS NOT NULL AS has_customers, to_regclass('nudge_reporting.support_tickets') IS NOT NULL AS has_tickets, to_regclass('nudge_reporting.platform_incidents') IS NOT NULL AS has_incidents,
	to_regclass('nudge_reporting.revenue_cohort_months') IS NOT NULL AS has_revenue_cohorts, to_regclass('nudge_reporting.user_retention_cohorts') IS NOT NULL AS has_user_cohorts, to_regclass('nudge_reporting.sales_pipeline_now') IS NOT NULL AS has_pipeline,
	to_regclass('nudge_reporting.funnel_steps_monthly') IS NOT NULL AS has_funnels, to_regclass('nudge_reporting.customer_health_history') IS NOT NULL AS has_health \gset

-- so many periods of each grain are kept
\set kept '''{"day": 400, "week": 106, "month": 37, "quarter": 16, "year": 10}''::jsonb'
SELECT 'made', json_build_object('at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'title', coalesce(nullif(:'title', ''), initcap(replace(current_database(), '_', ' '))), 'top', :top, 'kept', :kept);

SELECT 'settings', json_object_agg(setting, setting_value) FROM nudge_reporting.reporting_settings;

SELECT 'months', json_agg(json_build_array(m.month_start, m.fiscal_quarter_start, m.fiscal_year_start, m.fiscal_quarter, m.fiscal_year) ORDER BY m.month_start)
FROM (SELECT DISTINCT c.month_start, c.fiscal_quarter_start, c.fiscal_year_start, c.fiscal_quarter, c.fiscal_year FROM nudge_reporting.calendar_days c WHERE c.is_past OR c.is_today) m;

SELECT 'metrics', json_agg(json_build_object('metric', c.metric, 'title', c.title, 'subject', c.subject, 'unit', c.unit, 'direction', c.direction, 'additivity', c.additivity, 'grain', c.grain,
	'formula', c.formula, 'description', c.description, 'marts', c.marts, 'is_deployed', c.is_deployed) ORDER BY c.sort_order)
FROM nudge_reporting.metric_catalog c;

SELECT 'kpis', json_agg(json_build_object('metric', k.metric, 'currency', k.currency, 'period_start', k.period_start, 'value', trim_scale(k.value)::text, 'previous', trim_scale(k.previous)::text,
	'change', trim_scale(k.change)::text, 'change_rate', trim_scale(k.change_rate)::text, 'target', trim_scale(k.target)::text, 'minimum', trim_scale(k.minimum)::text,
	'benchmark', trim_scale(k.benchmark)::text, 'plan', trim_scale(k.plan)::text, 'target_met', k.target_met, 'minimum_met', k.minimum_met, 'value_to_date', trim_scale(k.value_to_date)::text,
	'numerator', trim_scale(k.numerator)::text, 'denominator', trim_scale(k.denominator)::text, 'as_of', to_char(k.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'null_reason', k.null_reason) ORDER BY k.sort_order)
FROM nudge_reporting.kpi_current k;

-- Slices that are large in the latest periods come first; the rest is counted.
WITH v AS MATERIALIZED (
	SELECT m.*, c.sort_order, dense_rank() OVER (PARTITION BY m.metric, m.grain ORDER BY m.period_start DESC) AS age
	FROM nudge_reporting.metric_values m JOIN nudge_reporting.metric_catalog c ON c.metric = m.metric
), weight AS (
	SELECT v.dimension, v.dimension_value, v.metric, sum(abs(coalesce(v.denominator, v.value))) AS size
	FROM v WHERE v.dimension <> 'all' AND v.age <= 3 GROUP BY v.dimension, v.dimension_value, v.metric
), place AS (
	SELECT w.dimension, w.dimension_value, min(w.place) AS place
	FROM (SELECT weight.*, row_number() OVER (PARTITION BY dimension, metric ORDER BY size DESC NULLS LAST, dimension_value COLLATE "C") AS place FROM weight) w
	GROUP BY w.dimension, w.dimension_value
), slice AS (
	SELECT p.dimension, p.dimension_value, row_number() OVER (PARTITION BY p.dimension ORDER BY p.place, p.dimension_value COLLATE "C") AS place FROM place p
), series AS (
	SELECT v.metric, v.sort_order, v.grain, v.dimension, v.dimension_value, v.currency, s.place,
		json_agg(json_build_array(v.period_start, trim_scale(v.value)::text, trim_scale(v.numerator)::text, trim_scale(v.denominator)::text, v.complete::integer) ORDER BY v.period_start) AS points
	FROM v LEFT JOIN slice s ON s.dimension = v.dimension AND s.dimension_value = v.dimension_value
	WHERE v.age <= (:kept ->> v.grain)::integer AND (v.dimension = 'all' OR s.place <= :top)
	GROUP BY v.metric, v.sort_order, v.grain, v.dimension, v.dimension_value, v.currency, s.place
)
SELECT 'series', json_agg(json_build_array(s.metric, s.grain, s.dimension, s.dimension_value, s.currency, s.points) ORDER BY s.sort_order, s.grain, s.dimension, s.place, s.currency) FROM series s
UNION ALL
SELECT 'slices', json_agg(json_build_array(d.dimension, d.shown, d.hidden) ORDER BY d.dimension)
FROM (SELECT s.dimension, coalesce(json_agg(s.dimension_value ORDER BY s.place) FILTER (WHERE s.place <= :top), '[]') AS shown, count(*) FILTER (WHERE s.place > :top) AS hidden FROM slice s GROUP BY s.dimension) d;

SELECT 'targets', json_agg(json_build_array(t.metric, t.target_kind, t.grain, t.dimension, t.dimension_value, t.currency, t.period_start, t.next_period_start, trim_scale(t.value)::text, t.provenance, t.note) ORDER BY t.metric, t.target_kind, t.period_start)
FROM nudge_reporting.metric_targets t;

SELECT 'annotations', json_agg(json_build_array(a.day, a.annotation_kind, a.annotation_text, a.metric, a.week_start, a.month_start) ORDER BY a.day) FROM nudge_reporting.chart_annotations a;

SELECT 'freshness', json_agg(json_build_object('mart', f.mart, 'layer', f.layer, 'status', f.freshness_status, 'as_of', to_char(f.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	'next_due_at', to_char(f.next_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'cadence_minutes', trim_scale(f.cadence_minutes)::text, 'quarantined_keys', f.quarantined_keys) ORDER BY f.mart)
FROM nudge_reporting.data_freshness f;

-- Cohorts, by age
\if :has_revenue_cohorts
SELECT 'revenue_cohorts', json_agg(json_build_array(c.cohort_start, c.currency, c.age_months, c.period_start, c.cohort_customers, c.customers, trim_scale(c.cohort_mrr)::text, trim_scale(c.mrr)::text,
	trim_scale(c.net_revenue_retention_rate)::text, trim_scale(c.logo_retention_rate)::text, c.complete::integer) ORDER BY c.cohort_start, c.currency, c.age_months)
FROM nudge_reporting.revenue_cohort_months c WHERE c.cohort_start >= (SELECT max(cohort_start) FROM nudge_reporting.revenue_cohort_months) - interval '24 months';
\endif
\if :has_user_cohorts
SELECT 'user_cohorts', json_agg(json_build_array(c.cohort_start, c.age, c.period_start, c.cohort_users, c.eligible_users, c.retained_users, trim_scale(c.retention_rate)::text) ORDER BY c.cohort_start, c.age)
FROM nudge_reporting.user_retention_cohorts c WHERE c.grain = 'month' AND c.cohort_start >= (SELECT max(cohort_start) FROM nudge_reporting.user_retention_cohorts WHERE grain = 'month') - interval '24 months';
\endif

-- Funnels, by the month of entry
\if :has_funnels
SELECT 'funnels', json_agg(json_build_array(f.funnel, f.period_start, f.step_number, f.step_event, f.people, f.previous_people, f.entered_people, f.open_people, f.complete::integer) ORDER BY f.funnel, f.period_start, f.step_number)
FROM nudge_reporting.funnel_steps_monthly f WHERE f.period_start > (SELECT max(period_start) FROM nudge_reporting.funnel_steps_monthly) - make_interval(months => (:kept ->> 'month')::integer);
\endif

-- Deals that are open, by stage
\if :has_pipeline
SELECT 'pipeline', json_agg(json_build_array(p.dimension, p.dimension_value, p.currency, p.open_deals, trim_scale(p.pipeline_value)::text, p.stale_deals) ORDER BY p.pipeline_value DESC NULLS LAST, p.dimension_value)
FROM nudge_reporting.sales_pipeline_now p;
\endif

-- Lists of entities.  entries: the query of one entity of a list and period,
-- (list, period_start, entity, name, details, slices, currency, amount); lists
-- says which metrics they are behind.
SELECT $$SELECT DISTINCT period_start FROM nudge_reporting.mrr_monthly WHERE complete ORDER BY period_start DESC LIMIT $$ || :list_months AS list_periods \gset
\if :has_customers
\set customer 'LEFT JOIN nudge_reporting.customer_details d ON d.customer = e.customer'
\set customer_name d.customer_name
\set customer_counts 'd.is_internal IS NOT TRUE'
\set customer_slices 'ARRAY[d.segment, d.industry, d.company_size, d.region, d.growth_tier, d.sales_channel]'
\set attributes {segment,industry,company_size,region,growth_tier,sales_channel}
\else
\set customer ''
\set customer_name NULL::text
\set customer_counts true
\set customer_slices '''{}''::text[]'
\set attributes {}
\endif

-- Customers behind MRR and its movements: what each had as a month opened and
-- as it closed.
\if :has_customer_mrr
\set at_risk ''
\if :has_health
\set at_risk 'UNION ALL SELECT b.period_start, ''at_risk'', b.customer, b.currency, b.closing FROM balance b JOIN nudge_reporting.customer_health_history h ON h.customer = b.customer AND h.period_start = b.period_start WHERE b.closing > 0 AND h.is_at_risk'
\endif
SELECT $$
	WITH month AS (
		SELECT m.period_start, (m.period_start::timestamp AT TIME ZONE z.setting_value) AS opens_at, ((m.period_start + interval '1 month')::timestamp AT TIME ZONE z.setting_value) AS closes_at
		FROM ($$ || :'list_periods' || $$) m, nudge_reporting.reporting_settings z WHERE z.setting = 'zone'
	), balance AS (
		SELECT m.period_start, p.customer, p.currency,
			coalesce(sum(p.mrr) FILTER (WHERE p.started_at < m.opens_at AND (p.ended_at IS NULL OR p.ended_at >= m.opens_at)), 0) AS opening,
			coalesce(sum(p.mrr) FILTER (WHERE p.ended_at IS NULL OR p.ended_at >= m.closes_at), 0) AS closing, min(p.started_at) < m.opens_at AS is_old
		FROM month m JOIN nudge_reporting.customer_mrr_periods p ON p.started_at < m.closes_at
		GROUP BY m.period_start, m.opens_at, p.customer, p.currency
	), entry AS (
		SELECT b.period_start, 'mrr' AS list, b.customer, b.currency, b.closing AS amount FROM balance b WHERE b.closing > 0
		UNION ALL
		SELECT b.period_start, CASE WHEN b.closing = 0 THEN 'churn' WHEN b.opening = 0 THEN CASE WHEN b.is_old THEN 'reactivation' ELSE 'new' END WHEN b.closing > b.opening THEN 'expansion' ELSE 'contraction' END,
			b.customer, b.currency, b.closing - b.opening
		FROM balance b WHERE b.closing <> b.opening
		$$ || :'at_risk' || $$
	)
	SELECT e.list, e.period_start, e.customer AS entity, $$ || :'customer_name' || $$ AS name, NULL::text AS details, $$ || :'customer_slices' || $$ AS slices, e.currency, e.amount FROM entry e $$ || :'customer' AS entries,
	$$VALUES ('mrr', '{mrr,arr,arpa,paying_customers}'::text[], 'Customer', 'customers', 'MRR', 'currency', 'What each pays as the month closes'),
		('new', '{new_mrr,new_customers}', 'Customer', 'new customers', 'New MRR', 'currency', NULL), ('reactivation', '{reactivation_mrr}', 'Customer', 'customers that came back', 'Reactivation MRR', 'currency', NULL),
		('expansion', '{expansion_mrr,expansion_rate}', 'Customer', 'customers that grew', 'Expansion MRR', 'currency', NULL), ('contraction', '{contraction_mrr,contraction_rate}', 'Customer', 'customers that shrank', 'Contraction MRR', 'currency', NULL),
		('churn', '{churn_mrr,churned_mrr_rate,churned_customers,logo_churn_rate}', 'Customer', 'customers that left', 'Churned MRR', 'currency', NULL),
		('at_risk', '{at_risk_mrr,at_risk_mrr_rate,at_risk_customers}', 'Customer', 'customers at risk', 'MRR', 'currency', 'Those whose score is low as the month closes')$$ AS lists \gset
\ir list.sql
\endif

\if :has_tickets
SELECT $$
	SELECT 'tickets' AS list, date_trunc('month', e.opened_day)::date AS period_start, e.ticket AS entity, $$ || :'customer_name' || $$ AS name, concat_ws(', ', e.priority, e.ticket_status) AS details, $$ || :'customer_slices' || $$ AS slices,
		NULL::text AS currency, e.resolution_minutes AS amount
	FROM nudge_reporting.support_tickets e $$ || :'customer' || $$ WHERE $$ || :'customer_counts' || $$ AND date_trunc('month', e.opened_day)::date IN ($$ || :'list_periods' || $$)$$ AS entries,
	$$VALUES ('tickets', '{tickets_opened}'::text[], 'Ticket', 'tickets', 'Minutes to resolve', 'minutes', 'Those that took longest')$$ AS lists \gset
\ir list.sql
\endif

\if :has_incidents
\set attributes {}
SELECT $$
	SELECT l.list, date_trunc('month', e.started_day)::date AS period_start, e.incident AS entity, e.service AS name, e.severity AS details, '{}'::text[] AS slices, NULL::text AS currency, e.duration_minutes AS amount
	FROM nudge_reporting.platform_incidents e, (VALUES ('incidents'), ('outages')) l(list) WHERE (l.list = 'incidents' OR e.is_outage) AND date_trunc('month', e.started_day)::date IN ($$ || :'list_periods' || $$)$$ AS entries,
	$$VALUES ('incidents', '{incidents}'::text[], 'Incident', 'incidents', 'Minutes', 'minutes', NULL), ('outages', '{outages}', 'Incident', 'outages', 'Minutes', 'minutes', NULL)$$ AS lists \gset
\ir list.sql
\endif

COMMIT;
