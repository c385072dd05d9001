/*
 * audiences.sql
 *		Who reads what: executives, managers, analysts, and people outside, of
 *		whom customers see their own rows and others a few totals.
 *
 * Rules: doc/audiences.md.
 */

CREATE TABLE nudge.audiences (
	role_name name PRIMARY KEY,
	audience text NOT NULL CHECK (audience IN ('executive', 'analysts', 'managers', 'investors', 'board', 'partners', 'customers')),
	department text,
	subjects text[],
	metrics text[],
	dimensions text[],
	minimum_customers integer NOT NULL DEFAULT 5 CHECK (minimum_customers BETWEEN 1 AND 1000000),
	set_by name NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	CHECK ((audience = 'managers') = (department IS NOT NULL)),
	CHECK (subjects IS NULL OR audience = 'managers'),
	CHECK (metrics IS NULL OR audience IN ('managers', 'investors', 'board', 'partners')),
	CHECK (dimensions IS NULL OR audience IN ('investors', 'board', 'partners'))
);
-- a row policy is for one group
CREATE UNIQUE INDEX audiences_customers ON nudge.audiences (audience) WHERE audience = 'customers';
SELECT pg_catalog.pg_extension_config_dump('nudge.audiences', '');
COMMENT ON INDEX nudge.audiences_customers IS 'One group of customers: policies of marts are for it';
COMMENT ON TABLE nudge.audiences IS 'Groups of people who read reports: roles that set_audience() knows. deploy() and grant_audiences() give them what they read';
COMMENT ON COLUMN nudge.audiences.role_name IS 'Role whose members they are';
COMMENT ON COLUMN nudge.audiences.audience IS 'executive and analysts: everything; managers: of a department; investors, board and partners: totals of some metrics; customers: their own rows';
COMMENT ON COLUMN nudge.audiences.department IS 'Department of managers; NULL for others';
COMMENT ON COLUMN nudge.audiences.subjects IS 'Subjects of views and metrics that managers read; NULL: those of nudge.shipped_departments';
COMMENT ON COLUMN nudge.audiences.metrics IS 'Further metrics that managers read, or all that investors, board or partners do; NULL: those that are shipped';
COMMENT ON COLUMN nudge.audiences.dimensions IS 'Dimensions by which investors, board or partners see balances, such as segment; NULL: totals only';
COMMENT ON COLUMN nudge.audiences.minimum_customers IS 'Amounts of fewer customers are not shown to investors, board or partners';
COMMENT ON COLUMN nudge.audiences.set_by IS 'Who has set it last';
COMMENT ON COLUMN nudge.audiences.set_at IS 'When';

CREATE TABLE nudge.external_customers (
	role_name name NOT NULL,
	customer text NOT NULL,
	set_by name NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (role_name, customer)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.external_customers', '');
COMMENT ON TABLE nudge.external_customers IS 'Which customers the roles outside are: members of the role see the rows of these customers, if they are members of the group of customers too';
COMMENT ON COLUMN nudge.external_customers.role_name IS 'Role whose members they are';
COMMENT ON COLUMN nudge.external_customers.customer IS 'Key of the customer, as the inputs have it; of one that was merged, the key that it counts as';
COMMENT ON COLUMN nudge.external_customers.set_by IS 'Who has set it';
COMMENT ON COLUMN nudge.external_customers.set_at IS 'When';

CREATE TABLE nudge.shipped_departments (
	department text PRIMARY KEY,
	place integer NOT NULL UNIQUE,
	subjects text[] NOT NULL,
	metrics text[] NOT NULL
);
GRANT SELECT ON nudge.shipped_departments TO PUBLIC;
COMMENT ON TABLE nudge.shipped_departments IS 'The departments that are shipped, and what their managers read unless nudge.audiences says otherwise';
COMMENT ON COLUMN nudge.shipped_departments.department IS 'Name of the department';
COMMENT ON COLUMN nudge.shipped_departments.place IS 'Order in which they are listed';
COMMENT ON COLUMN nudge.shipped_departments.subjects IS 'Subjects of metrics and views that its managers read';
COMMENT ON COLUMN nudge.shipped_departments.metrics IS 'Metrics of other subjects that they read too';
INSERT INTO nudge.shipped_departments (department, place, subjects, metrics) VALUES
('sales', 10, '{sales,market}', '{new_mrr,expansion_mrr,new_customers}'),
('marketing', 20, '{acquisition,market}', '{new_mrr,new_customers}'),
('product', 30, '{usage}', '{nps,logo_churn_rate}'),
('customer success', 40, '{customers,support}', '{expansion_mrr,contraction_mrr,churn_mrr,net_revenue_retention_rate,gross_revenue_retention_rate,weekly_active_rate,feature_adoption_rate}'),
('engineering', 50, '{engineering,platform}', '{}'),
('finance', 60, '{revenue,finance}', '{paying_customers,new_customers,churned_customers,logo_churn_rate,marketing_spend,cac}');

-- Who may see what ------------------------------------------------------------

-- Views of the extension, so that their tables need not be readable, and who
-- asks is who reads the view: no argument or setting says who that is.
CREATE VIEW nudge.own_customers WITH (security_barrier = true) AS
	SELECT DISTINCT e.customer
	FROM nudge.external_customers e JOIN pg_catalog.pg_roles r ON r.rolname = e.role_name
	WHERE pg_catalog.pg_has_role(r.oid, 'USAGE');
GRANT SELECT ON nudge.own_customers TO PUBLIC;
COMMENT ON VIEW nudge.own_customers IS 'Customers whose rows the present role may see from outside, by nudge.external_customers';
COMMENT ON COLUMN nudge.own_customers.customer IS 'Key of the customer';

-- Who may read all key figures sees all departments.
CREATE VIEW nudge.own_department_metrics WITH (security_barrier = true) AS
	SELECT DISTINCT a.department, m.metric
	FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name LEFT JOIN nudge.shipped_departments d ON d.department = a.department
	JOIN nudge.shipped_metrics m ON m.subject = ANY (coalesce(a.subjects, d.subjects)) OR m.metric = ANY (coalesce(a.metrics, d.metrics))
	WHERE a.audience = 'managers' AND (pg_catalog.pg_has_role(r.oid, 'USAGE') OR pg_catalog.has_table_privilege(pg_catalog.to_regclass('nudge_reporting.kpi_current'), 'SELECT'));
GRANT SELECT ON nudge.own_department_metrics TO PUBLIC;
COMMENT ON VIEW nudge.own_department_metrics IS 'Metrics of the departments whose managers the present role is one of';
COMMENT ON COLUMN nudge.own_department_metrics.department IS 'Department';
COMMENT ON COLUMN nudge.own_department_metrics.metric IS 'Name of the metric';

CREATE FUNCTION nudge.audience_metrics(audience text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE audience
		WHEN 'investors' THEN '{mrr,arr,net_new_mrr,mrr_growth_rate,net_revenue_retention_rate,gross_revenue_retention_rate,logo_churn_rate,paying_customers}'
		WHEN 'board' THEN '{mrr,arr,new_mrr,reactivation_mrr,expansion_mrr,contraction_mrr,churn_mrr,net_new_mrr,mrr_growth_rate,churned_mrr_rate,gross_mrr_churn_rate,net_revenue_retention_rate,gross_revenue_retention_rate,logo_churn_rate,quick_ratio,arpa,paying_customers,new_customers,churned_customers,nps,cac,net_burn,burn_multiple,cash_balance,runway_months}'
		WHEN 'partners' THEN '{paying_customers,new_customers}'
		ELSE '{}' END::text[];
COMMENT ON FUNCTION nudge.audience_metrics(text) IS 'Works for nudge_external: the metrics that investors, board or partners see unless nudge.audiences says otherwise';

CREATE VIEW nudge.own_metrics WITH (security_barrier = true) AS
	SELECT m.metric, d.dimension, min(a.minimum_customers) AS minimum_customers
	FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
	JOIN nudge.shipped_metrics m ON m.metric = ANY (coalesce(a.metrics, nudge.audience_metrics(a.audience))),
		LATERAL (SELECT 'all' AS dimension UNION ALL SELECT u FROM unnest(a.dimensions) u WHERE m.additivity = 'balance') d
	WHERE a.audience IN ('investors', 'board', 'partners') AND pg_catalog.pg_has_role(r.oid, 'USAGE')
	GROUP BY m.metric, d.dimension;
GRANT SELECT ON nudge.own_metrics TO PUBLIC;
COMMENT ON VIEW nudge.own_metrics IS 'Metrics that the present role may see from outside, by nudge.audiences';
COMMENT ON COLUMN nudge.own_metrics.metric IS 'Name of the metric';
COMMENT ON COLUMN nudge.own_metrics.dimension IS 'Dimension by which it may be sliced; all: the total';
COMMENT ON COLUMN nudge.own_metrics.minimum_customers IS 'Amounts of fewer customers are not shown';

-- Months whose customers a number tells of: the one that ends its period and, since
-- closing MRR less net new MRR is opening MRR, for what is no balance the one before.
CREATE FUNCTION nudge.months_behind(metric text, additivity text, grain text, period_start date) RETURNS date[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN additivity = 'balance' THEN ARRAY[e.last_month]
		WHEN metric IN ('net_revenue_retention_rate', 'gross_revenue_retention_rate', 'logo_retention_rate') THEN ARRAY[e.last_month, (e.last_month - interval '12 months')::date]
		ELSE ARRAY[e.last_month, nudge.period_start(months_behind.period_start - 1, 'month')] END
	FROM (SELECT nudge.period_start((months_behind.period_start + CASE grain WHEN 'week' THEN interval '6 days' WHEN 'quarter' THEN interval '2 months' WHEN 'year' THEN interval '11 months' ELSE interval '0' END)::date, 'month') AS last_month) e;
END;
COMMENT ON FUNCTION nudge.months_behind(text, text, text, date) IS 'Works for nudge_external: the months whose customers a value tells of, the last of its period first';

-- Views -----------------------------------------------------------------------

CREATE TABLE nudge.shipped_audience_views (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
	audience text NOT NULL CHECK (audience IN ('managers', 'aggregate', 'customers')),
	place integer NOT NULL UNIQUE,
	marts text[] NOT NULL DEFAULT '{}',
	query text NOT NULL,
	display_name text NOT NULL,
	description text NOT NULL CHECK (description ~ '^One row per [^.]+[.]'),
	columns jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object')
);
GRANT SELECT ON nudge.shipped_audience_views TO PUBLIC;
COMMENT ON TABLE nudge.shipped_audience_views IS 'The views that show each reader other rows; deploy() makes those of the audiences that nudge.audiences has';
COMMENT ON COLUMN nudge.shipped_audience_views.name IS 'Name of the view: of managers in nudge_reporting, of others in nudge_external';
COMMENT ON COLUMN nudge.shipped_audience_views.audience IS 'managers; aggregate: investors, board and partners; customers';
COMMENT ON COLUMN nudge.shipped_audience_views.place IS 'Order in which they are made';
COMMENT ON COLUMN nudge.shipped_audience_views.marts IS 'Marts that must be there for it; of customers, those that it reads';
COMMENT ON COLUMN nudge.shipped_audience_views.query IS 'Its query, with the settings of deploy() as in nudge.shipped_views, and {own_customers} for the customers that the reader is';
COMMENT ON COLUMN nudge.shipped_audience_views.display_name IS 'Name for people';
COMMENT ON COLUMN nudge.shipped_audience_views.description IS 'Comment on the view: what one row is, then what it tells';
COMMENT ON COLUMN nudge.shipped_audience_views.columns IS 'Comments on its columns, by name';

INSERT INTO nudge.shipped_audience_views (name, audience, place, marts, query, display_name, description, columns) VALUES
('department_kpis', 'managers', 2000, '{}', $query$
SELECT o.department, k.metric, k.title, k.subject, k.unit, k.direction, k.grain, k.currency, k.period_start, k.value, k.previous, k.change, k.change_rate, k.target, k.minimum, k.benchmark, k.plan, k.target_met, k.minimum_met,
	k.value_to_date, k.numerator, k.denominator, k.as_of, k.null_reason, k.sort_order
FROM nudge_reporting.kpi_current k JOIN nudge.own_department_metrics o ON o.metric = k.metric$query$,
	'Key figures of departments', 'One row per department and metric. The key figures of the departments whose manager the reader is; as kpi_current, where each column is explained.',
	'{"department": "Department", "metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral", "grain": "Length of the period",
	"currency": "Currency of what is counted; NULL: the metric has none, or several do", "period_start": "First day of the last period that is over, in the zone of deploy()", "value": "Value in this period", "previous": "Value in the period before", "change": "Value less previous",
	"change_rate": "Change over previous, as a fraction of 1", "target": "What is aimed at", "minimum": "The worst that is accepted", "benchmark": "Value of others", "plan": "Value in the budget", "target_met": "Whether the value is the target or better; NULL without one",
	"minimum_met": "Whether the value is the minimum or better; NULL without one", "value_to_date": "Value in the period that is open, which still changes", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio",
	"as_of": "All that was committed before this instant is in it", "null_reason": "Why there is no value", "sort_order": "Order in which metrics are listed"}'),
('department_metric_values', 'managers', 2010, '{}', $query$
SELECT v.period_start, o.department, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, v.value, v.numerator, v.denominator, v.complete
FROM nudge_reporting.metric_values v JOIN nudge.own_department_metrics o ON o.metric = v.metric$query$,
	'Metric values of departments', 'One row per department, metric, period, slice and currency. The metric_values of the departments whose manager the reader is.',
	'{"period_start": "First day of the period", "department": "Department", "grain": "Length of the period: day, week, month, quarter or year", "metric": "Name of the metric: metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric; NULL: not defined", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio", "complete": "Whether the period is over; an open one still changes"}'),
('department_metric_progress', 'managers', 2020, '{}', $query$
SELECT p.period_start, o.department, p.grain, p.metric, p.dimension, p.dimension_value, p.currency, p.value, p.target, p.minimum, p.benchmark, p.plan, p.target_gap, p.attainment_rate, p.target_met, p.minimum_met, p.complete
FROM nudge_reporting.metric_progress p JOIN nudge.own_department_metrics o ON o.metric = p.metric$query$,
	'Metrics and targets of departments', 'One row per department, metric, period, slice and currency with a target. The metric_progress of the departments whose manager the reader is.',
	'{"period_start": "First day of the period", "department": "Department", "grain": "Length of the period", "metric": "Name of the metric", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none",
	"value": "Value in the period", "target": "What is aimed at", "minimum": "The worst that is accepted", "benchmark": "Value of others", "plan": "Value in the budget", "target_gap": "Value less target", "attainment_rate": "Value over target, as a fraction of 1; NULL if less is better or the target is not above 0",
	"target_met": "Whether the value is the target or better", "minimum_met": "Whether the value is the minimum or better", "complete": "Whether the period is over"}'),
('department_targets', 'managers', 2030, '{}', $query$
SELECT t.period_start, o.department, t.metric, t.target_kind, t.grain, t.dimension, t.dimension_value, t.currency, t.value, t.next_period_start, t.provenance, t.note
FROM nudge_reporting.metric_targets t JOIN nudge.own_department_metrics o ON o.metric = t.metric$query$,
	'Targets of departments', 'One row per department and target. The targets of the departments whose manager the reader is; each holds until the next.',
	'{"period_start": "First day of the first period that it holds for", "department": "Department", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan", "grain": "Length of the periods", "dimension": "Dimension of the slice; all: the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of an amount; NULL for other metrics", "value": "The target; NULL: none from this period on", "next_period_start": "First day of the first period that it does not hold for any more; NULL: it holds on", "provenance": "agreed, imported, derived or placeholder", "note": "Who agreed, where, and why"}'),
-- A view of one table without more is written like the table, by the rights of its
-- owner: with the option to check, only rows that it shows.  What is computed of a
-- column is not written: who wrote it, and the number of an annotation, which could
-- be that of another's, or of the next.
('own_targets', 'managers', 2035, '{}', $query$
SELECT t.period_start, t.metric, t.kind AS target_kind, t.grain, t.dimension, t.dimension_value, t.currency, t.value, t.provenance, t.note, t.set_by::text AS set_by, t.set_at
FROM nudge.targets t WHERE t.metric IN (SELECT o.metric FROM nudge.own_target_metrics o)$query$,
	'Targets to set', 'One row per target that the reader may set. INSERT, UPDATE and DELETE set, change and delete targets: of a manager those of the subjects of the department, of an executive all.',
	'{"period_start": "First day of the first period that it holds for; left out, the present one", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan; left out, target", "grain": "Length of the periods; left out, that of the metric", "dimension": "Dimension of the slice; left out, all: the total", "dimension_value": "Which slice; left out, all",
	"currency": "Currency of an amount, empty for other metrics; left out, that of deploy()", "value": "The target, with the sign of the metric; NULL: none from this period on", "provenance": "agreed, imported, derived or placeholder; left out, agreed", "note": "Who agreed, where, and why", "set_by": "Who has set it; not to be written", "set_at": "When; what is written is the time of writing"}'),
('own_annotations', 'managers', 2036, '{}', $query$
SELECT a.annotation_id + 0 AS annotation_id, a.day, a.kind AS annotation_kind, a.text AS annotation_text, a.metric, a.annotated_by::text AS annotated_by, a.annotated_at
FROM nudge.annotations a WHERE a.metric IN (SELECT o.metric FROM nudge.own_target_metrics o)$query$,
	'Annotations to write', 'One row per annotation that the reader may write. INSERT, UPDATE and DELETE write, change and delete annotations of one metric: of a manager those of the subjects of the department, of an executive all.',
	'{"annotation_id": "Number; not to be written", "day": "When it happened", "annotation_kind": "launch, price change, campaign, outage, policy, data, market or other", "annotation_text": "What happened", "metric": "Metric whose charts show it", "annotated_by": "Who has written it; not to be written", "annotated_at": "When; what is written is the time of writing"}'),

-- Those outside see no numerators: they are other metrics.  How many customers
-- are behind a total is what mrr_monthly_consolidated says; without it nothing
-- is shown.
('company_kpis', 'aggregate', 2040, '{mrr_consolidated}', $query$
WITH groups AS MATERIALIZED (
	SELECT c.period_start, c.currency, c.closing_customers AS customers FROM nudge_reporting.mrr_monthly_consolidated c
)
SELECT k.metric, k.title, k.unit, k.direction, k.grain, k.currency, k.period_start, CASE WHEN g.now THEN k.value END::numeric(24,6) AS value, CASE WHEN g.before THEN k.previous END::numeric(24,6) AS previous,
	CASE WHEN g.now AND g.before THEN k.change END::numeric(24,6) AS change, CASE WHEN g.now AND g.before THEN k.change_rate END::numeric(24,6) AS change_rate, NOT (g.now AND (g.before OR k.previous IS NULL)) AS is_suppressed, k.as_of, k.sort_order
FROM nudge_reporting.kpi_current k JOIN nudge.own_metrics o ON o.metric = k.metric AND o.dimension = 'all' JOIN nudge.shipped_metrics m ON m.metric = k.metric,
	LATERAL (
		SELECT bool_and(s.is_shown) FILTER (WHERE p.n = 1) AS now, bool_and(s.is_shown) FILTER (WHERE p.n = 2) AS before
		FROM (VALUES (1, k.period_start), (2, nudge.period_start(k.period_start - 1, k.grain, {week_start}, {fiscal_year_start}))) p(n, period_start),
			LATERAL (SELECT nudge.months_behind(k.metric, m.additivity, k.grain, p.period_start) AS months) b,
			LATERAL (
				SELECT coalesce(bool_and(c.customers NOT BETWEEN 1 AND o.minimum_customers - 1), true)
					AND (k.currency IS NULL OR m.subject NOT IN ('revenue', 'customers') OR count(*) FILTER (WHERE c.period_start = b.months[1]) > 0) AS is_shown
				FROM groups c WHERE c.period_start = ANY (b.months) AND c.currency = k.currency
			) s
	) g$query$,
	'Key figures of the company', 'One row per metric. Its value in the last period that is over, and in the one before.',
	'{"metric": "Name of the metric", "title": "Name for people", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral", "grain": "Length of the period", "currency": "Currency of what is counted; NULL: the metric has none",
	"period_start": "First day of the last period that is over", "value": "Value in this period; NULL: not known, or suppressed", "previous": "Value in the period before", "change": "Value less previous", "change_rate": "Change over previous, as a fraction of 1",
	"is_suppressed": "Whether too few customers are behind it", "as_of": "All that was committed before this instant is in it", "sort_order": "Order in which metrics are listed"}'),
-- A slice is shown if enough customers are behind it.  If only one of a currency
-- is not, or those that are not have too few together, the total would tell: then
-- the smallest of the others is not shown either: enough are then hidden together,
-- which one group alone never is.  The same again for all currencies, since the
-- total may be of all.
('company_metric_values', 'aggregate', 2050, '{mrr_consolidated}', $query$
WITH own AS MATERIALIZED (
	SELECT o.metric, o.dimension, o.minimum_customers FROM nudge.own_metrics o
), least_group AS (
	SELECT unnest(array_agg(DISTINCT o.minimum_customers)) AS customers FROM own o
), counted AS (
	SELECT c.period_start, 'all' AS dimension, 'all' AS dimension_value, c.currency, c.closing_customers AS customers FROM nudge_reporting.mrr_monthly_consolidated c WHERE c.complete
	UNION ALL
	SELECT c.period_start, c.dimension, c.dimension_value, c.currency, c.value FROM nudge_reporting.metric_values c
	WHERE c.metric = 'paying_customers' AND c.grain = 'month' AND c.complete AND c.dimension IN (SELECT o.dimension FROM own o WHERE o.dimension <> 'all') AND EXISTS (SELECT FROM own o WHERE o.dimension <> 'all')
), groups AS (
	SELECT c.*, min(c.customers) OVER (PARTITION BY c.period_start, c.dimension, c.currency, c.customers > 0) AS smallest, coalesce(sum(c.customers) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
	FROM counted c
	WINDOW w AS (PARTITION BY c.period_start, c.dimension, c.currency, c.customers > 0 ORDER BY c.customers, c.dimension_value COLLATE "C")
), first_look AS (
	SELECT g.*, l.customers AS least, g.customers = 0 OR g.customers >= l.customers AND (g.dimension IN ('all', 'currency') OR g.smallest >= l.customers OR g.before >= l.customers) AS is_shown
	FROM groups g, least_group l
), second_look AS (
	SELECT f.*, sum(f.customers) FILTER (WHERE NOT f.is_shown) OVER a AS hidden_customers,
		row_number() OVER (PARTITION BY f.least, f.period_start, f.dimension, f.is_shown AND f.customers > 0 ORDER BY f.customers, f.dimension_value COLLATE "C", f.currency COLLATE "C") AS place_among_shown
	FROM first_look f WINDOW a AS (PARTITION BY f.least, f.period_start, f.dimension)
), judged AS MATERIALIZED (
	SELECT k.period_start, k.dimension, k.dimension_value, k.currency, k.least,
		k.is_shown AND (k.dimension = 'all' OR k.customers = 0 OR k.hidden_customers IS NULL OR k.place_among_shown > 1 OR k.hidden_customers >= k.least) AS is_shown
	FROM second_look k
)
SELECT v.period_start, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, CASE WHEN s.is_shown THEN v.value END::numeric(24,6) AS value, NOT s.is_shown AS is_suppressed
FROM nudge_reporting.metric_values v JOIN own o ON o.metric = v.metric AND o.dimension = v.dimension JOIN nudge.shipped_metrics m ON m.metric = v.metric
	CROSS JOIN LATERAL (SELECT nudge.months_behind(v.metric, m.additivity, v.grain, v.period_start) AS months) b
	LEFT JOIN judged j ON j.period_start = b.months[1] AND j.dimension = v.dimension AND j.dimension_value = v.dimension_value AND j.currency = v.currency AND j.least = o.minimum_customers
	LEFT JOIN judged e ON e.period_start = b.months[2] AND e.dimension = 'all' AND v.dimension = 'all' AND e.currency = v.currency AND e.least = o.minimum_customers,
	LATERAL (SELECT coalesce(j.is_shown, v.dimension = 'all' AND (v.currency IS NULL OR m.subject NOT IN ('revenue', 'customers'))) AND coalesce(e.is_shown, true) AS is_shown) s
WHERE v.complete$query$,
	'Metrics of the company', 'One row per metric, period that is over, slice and currency. Metrics over time; slices are of balances, and only of groups of customers that are large enough.',
	'{"period_start": "First day of the period", "grain": "Length of the period", "metric": "Name of the metric: company_metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none",
	"value": "Value, in the unit of the metric; NULL: not defined, or suppressed", "is_suppressed": "Whether it is not shown, since too few customers are behind it, or one could compute that of others from it"}'),
('company_mrr_monthly', 'aggregate', 2060, '{mrr_consolidated}', $query$
SELECT s.period_start, s.currency, CASE WHEN o.is_shown THEN s.opening_mrr END::numeric(24,6) AS opening_mrr, CASE WHEN o.is_shown AND 'new_mrr' = ANY (o.metrics) THEN s.new_mrr END::numeric(24,6) AS new_mrr, CASE WHEN o.is_shown AND 'reactivation_mrr' = ANY (o.metrics) THEN s.reactivation_mrr END::numeric(24,6) AS reactivation_mrr,
	CASE WHEN o.is_shown AND 'expansion_mrr' = ANY (o.metrics) THEN s.expansion_mrr END::numeric(24,6) AS expansion_mrr, CASE WHEN o.is_shown AND 'contraction_mrr' = ANY (o.metrics) THEN s.contraction_mrr END::numeric(24,6) AS contraction_mrr, CASE WHEN o.is_shown AND 'churn_mrr' = ANY (o.metrics) THEN s.churn_mrr END::numeric(24,6) AS churn_mrr,
	CASE WHEN o.is_shown AND 'net_new_mrr' = ANY (o.metrics) THEN s.fx_mrr END::numeric(24,6) AS fx_mrr, CASE WHEN o.is_shown AND 'net_new_mrr' = ANY (o.metrics) THEN s.net_new_mrr END::numeric(24,6) AS net_new_mrr, CASE WHEN o.is_shown THEN s.closing_mrr END::numeric(24,6) AS closing_mrr,
	CASE WHEN o.is_shown AND 'paying_customers' = ANY (o.metrics) THEN s.closing_customers END AS closing_customers, NOT o.is_shown AS is_suppressed
FROM nudge_reporting.mrr_monthly_consolidated s, LATERAL (
	SELECT array_agg(m.metric) AS metrics, NOT bool_or(s.opening_customers > 0 AND s.opening_customers < m.minimum_customers OR s.closing_customers > 0 AND s.closing_customers < m.minimum_customers) AS is_shown
	FROM nudge.own_metrics m WHERE m.dimension = 'all') o
WHERE s.complete AND 'mrr' = ANY (o.metrics)$query$,
	'MRR by month', 'One row per month that is over and currency. Opening MRR, its movements and closing MRR, as far as the reader may see these metrics.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more",
	"contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed", "closing_customers": "Customers as the month closed",
	"is_suppressed": "Whether too few customers are behind it"}'),
('company_metric_catalog', 'aggregate', 2070, '{}', $query$
SELECT m.metric, m.title, m.unit, m.direction, m.additivity, m.grain, m.formula, m.description, m.place AS sort_order
FROM nudge.shipped_metrics m JOIN nudge.own_metrics o ON o.metric = m.metric AND o.dimension = 'all'$query$,
	'Metric catalogue of the company', 'One row per metric. What each metric that the reader sees means.',
	'{"metric": "Name of the metric", "title": "Name for people", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral", "additivity": "additive: may be added over anything; balance: not over time; not additive: not at all",
	"grain": "Length of the periods that company_kpis compares", "formula": "How it is computed", "description": "What it tells, and what it leaves out", "sort_order": "Order in which metrics are listed"}'),

-- Read with the rights of the reader: marts have a policy for these.
('own_account', 'customers', 2080, '{dim_customers}', $query$
SELECT c.customer, c.name AS customer_name, CASE WHEN isfinite(c.created_at) THEN c.created_at END AS created_at, c.status AS account_status, c.first_revenue_day, c.last_revenue_day, c.currency, c.current_mrr::numeric(24,6) AS current_mrr
FROM nudge_analytics.dim_customers c WHERE c.customer = ANY ({own_customers})$query$,
	'Own account', 'One row per customer that the reader is. What it pays now, and since when.',
	'{"customer": "Customer", "customer_name": "What it is called", "created_at": "When it came to be", "account_status": "active with MRR now, churned without but with some before, never_paid", "first_revenue_day": "First day with MRR; NULL: never", "last_revenue_day": "Last day with MRR; NULL: it has some now, or never had",
	"currency": "Currency of current_mrr; NULL: several", "current_mrr": "MRR now; NULL: in several currencies"}'),
('own_users', 'customers', 2082, '{dim_users}', $query$
SELECT u."user" AS user_key, u.customer, CASE WHEN isfinite(u.signed_up_at) THEN u.signed_up_at END AS signed_up_at, CASE WHEN isfinite(u.signed_up_day) THEN u.signed_up_day END AS signed_up_day, u.plan AS user_plan, u.role AS user_role
FROM nudge_analytics.dim_users u WHERE u.customer = ANY ({own_customers})$query$,
	'Own users', 'One row per user of a customer that the reader is.',
	'{"user_key": "User", "customer": "Customer", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it, in the zone of deploy()", "user_plan": "Plan of the user", "user_role": "Role in the account"}'),
('own_mrr_periods', 'customers', 2084, '{customer_mrr_timeline}', $query$
SELECT t.started_at, t.ended_at, t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, nudge.civil_date(t.started_at, {zone}) AS first_day, nudge.civil_date(t.ended_at, {zone}) AS end_day
FROM nudge_analytics.customer_mrr_timeline t WHERE t.customer = ANY ({own_customers})$query$,
	'Own MRR over time', 'One row per customer that the reader is, currency and period of time in which no price starts or ends.',
	'{"started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "customer": "Customer", "currency": "Currency of the prices", "mrr": "Sum of the prices in force", "first_day": "Day of started_at, in the zone of deploy()",
	"end_day": "Day of ended_at, in the zone of deploy(); NULL: it has no end yet"}'),
('own_mrr_monthly', 'customers', 2086, '{fact_revenue}', $query$
SELECT f.period AS period_start, f.customer, f.currency, f.movement, f.opening_mrr::numeric(24,6) AS opening_mrr, f.net_new_mrr::numeric(24,6) AS movement_mrr, f.closing_mrr::numeric(24,6) AS closing_mrr, f.complete
FROM nudge_analytics.fact_revenue f WHERE f.customer = ANY ({own_customers})$query$,
	'Own MRR by month', 'One row per month, customer that the reader is and currency. MRR as the month opened and closed.',
	'{"period_start": "First day of the month", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR as the month opened", "movement_mrr": "Change of MRR in the month", "closing_mrr": "MRR as the month closed, or so far",
	"complete": "Whether the month is over"}'),
('own_subscriptions', 'customers', 2088, '{fact_subscriptions}', $query$
SELECT f.valid_from AS started_at, f.valid_to AS ended_at, f.first_day, f.last_day, f.customer, f.subscription, f.item, f.sequence_no, f.plan AS plan_key, f.status AS subscription_status, f.currency, f.amount::numeric(24,6) AS amount, f.interval_unit, f.interval_count, f.quantity::numeric(24,6) AS quantity, f.mrr::numeric(24,6) AS mrr
FROM nudge_analytics.fact_subscriptions f WHERE f.customer = ANY ({own_customers})$query$,
	'Own subscriptions', 'One row per subscription, item and beginning of a price, of the customers that the reader is.',
	'{"started_at": "Instant from which the price counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "first_day": "Day of started_at, in the zone of deploy()", "last_day": "Last day on which it counts; NULL: it has no end yet", "customer": "Customer", "subscription": "Subscription of which it is an item; NULL: not known",
	"item": "Item", "sequence_no": "1; further rows of an item that begin at the same instant are counted on", "plan_key": "Plan or add-on", "subscription_status": "Status", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none",
	"interval_count": "Units between two bills", "quantity": "Units bought", "mrr": "MRR while it counts; NULL: it is no recurring revenue"}'),
('own_tickets', 'customers', 2090, '{fact_tickets}', $query$
SELECT f.ticket, f.customer, f.opened_day, f.status AS ticket_status, f.priority, f.category, f.opened_at, f.first_response_at, f.resolved_at, f.first_response_minutes::numeric(24,6) AS first_response_minutes, f.resolution_minutes::numeric(24,6) AS resolution_minutes, f.csat::numeric(24,6) AS csat
FROM nudge_analytics.fact_tickets f WHERE f.customer = ANY ({own_customers})$query$,
	'Own tickets', 'One row per ticket of a customer that the reader is. With the times to answer and to resolve it.',
	'{"ticket": "Ticket", "customer": "Customer", "opened_day": "Day on which it was opened, in the zone of deploy()", "ticket_status": "open or resolved", "priority": "Priority", "category": "What it is about; NULL: not known", "opened_at": "When it was opened", "first_response_at": "When it was first answered; NULL: not yet",
	"resolved_at": "When it was resolved; NULL: not yet", "first_response_minutes": "Minutes from the opening to the first response", "resolution_minutes": "Minutes from the opening to the resolution, of what is resolved", "csat": "Score that was given; NULL: none"}'),
('own_usage_daily', 'customers', 2092, '{user_event_days,dim_users}', $query$
SELECT f.day, f."user" AS user_key, u.customer, f.name AS event_name, f.feature, f.events AS event_count, f.succeeded, f.failed
FROM nudge_analytics.user_event_days f JOIN nudge_analytics.dim_users u ON u."user" = f."user" WHERE u.customer = ANY ({own_customers})$query$,
	'Own usage by day', 'One row per day, user of a customer that the reader is, event and feature.',
	'{"day": "Day, in the zone of deploy()", "user_key": "User", "customer": "Customer", "event_name": "Name of the event", "feature": "Feature; NULL: none", "event_count": "Events", "succeeded": "Those that worked", "failed": "Those that did not"}');

CREATE FUNCTION nudge.audience_view(name text, audience text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN format('%s.%I', CASE audience WHEN 'managers' THEN 'nudge_reporting' ELSE 'nudge_external' END, name);
COMMENT ON FUNCTION nudge.audience_view(text, text) IS 'Works for deploy: name of a view of an audience, with its schema';

-- What is made for them ---------------------------------------------------------

-- Marts say which rows are of which customer.
CREATE FUNCTION nudge.own_rows(mart text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = to_regclass(nudge.mart_table(mart)) AND a.attname = 'customer' AND a.attnum > 0 AND NOT a.attisdropped)
		THEN 'customer = ANY (ARRAY(SELECT o.customer FROM nudge.own_customers o))'
		ELSE '"user" = ANY (ARRAY(SELECT u."user" FROM nudge_analytics.dim_users u WHERE u.customer = ANY (ARRAY(SELECT o.customer FROM nudge.own_customers o))))' END;
COMMENT ON FUNCTION nudge.own_rows(text) IS 'Works for deploy: which rows of a mart are those of the customers that the reader is';

CREATE FUNCTION nudge.rows_are_restricted(mart text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
		WHERE c.oid = to_regclass(nudge.mart_table(mart)) AND c.relrowsecurity AND p.polname = 'nudge_own_rows' AND NOT p.polpermissive AND p.polcmd = '*'
			AND p.polroles @> ARRAY(SELECT r.oid FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name WHERE a.audience = 'customers'));
COMMENT ON FUNCTION nudge.rows_are_restricted(text) IS 'Works for deploy: whether the group of customers sees only own rows of a mart';

-- Whoever may read the mart reads it as before, but for the group of customers,
-- whatever other policies say.  Its owner is not bound: refreshes go on.  A group
-- that was the one before still has what it was granted, so it stays bound.
CREATE FUNCTION nudge.restrict_rows(mart text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mart_table constant text := nudge.mart_table(mart);
	bound constant text := (SELECT string_agg(format('%I', r.rolname), ', ' ORDER BY r.rolname::text COLLATE "C") FROM pg_roles r LEFT JOIN nudge.audiences a ON a.role_name = r.rolname
		WHERE a.audience = 'customers' OR a.audience IS NULL AND r.oid IN (SELECT unnest(p.polroles) FROM pg_policy p WHERE p.polrelid = to_regclass(mart_table) AND p.polname = 'nudge_own_rows'));
	one name;
BEGIN
	FOR one IN SELECT p.polname FROM pg_policy p WHERE p.polrelid = to_regclass(mart_table) AND p.polname IN ('nudge_readers', 'nudge_own_rows') LOOP
		EXECUTE format('DROP POLICY %I ON %s', one, mart_table);
	END LOOP;
	EXECUTE format('CREATE POLICY nudge_readers ON %s USING (true)', mart_table);
	EXECUTE format('COMMENT ON POLICY nudge_readers ON %s IS %L', mart_table, 'Who may read the table reads all of it, unless another policy says otherwise');
	EXECUTE format('CREATE POLICY nudge_own_rows ON %s AS RESTRICTIVE TO %s USING (%s)', mart_table, bound, nudge.own_rows(mart));
	EXECUTE format('COMMENT ON POLICY nudge_own_rows ON %s IS %L', mart_table, 'Customers read their own rows');
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', mart_table);
	IF nudge.own_rows(mart) ~ '^customer ' THEN
		PERFORM nudge.index_upstream(mart_table, 'customer');
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.restrict_rows(text) IS 'Works for deploy: lets the group of customers see only own rows of a mart, and everybody else what they saw before';

CREATE FUNCTION nudge.written_views() RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN '{own_targets,own_annotations}'::text[];
COMMENT ON FUNCTION nudge.written_views() IS 'Works for deploy: views of nudge_reporting that executives and managers write';

CREATE FUNCTION nudge.make_audience_view(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v nudge.shipped_audience_views;
BEGIN
	SELECT s.* INTO v FROM nudge.shipped_audience_views s WHERE s.name = make_audience_view.name;
	PERFORM nudge.make_external_schema();
	-- conditions of the reader wait for the rows that are left: a leakproof one would
	-- go first, and EXPLAIN ANALYZE tell whether others have such a row.  One that is
	-- written cannot have it: it tells that of targets.
	PERFORM nudge.make_shipped_view(nudge.audience_view(v.name, v.audience), replace(nudge.fill_in(v.query, settings), '{own_customers}', 'ARRAY(SELECT o.customer FROM nudge.own_customers o)')
		|| CASE WHEN v.name = ANY (nudge.written_views()) THEN '' ELSE E'\nOFFSET 0' END, v.description, v.columns);
	-- a view that is replaced loses them
	EXECUTE format('ALTER VIEW %s SET (security_barrier = true, security_invoker = %s)', nudge.audience_view(v.name, v.audience), CASE v.audience WHEN 'customers' THEN 'true' ELSE 'false' END);
	IF v.name = ANY (nudge.written_views()) THEN
		EXECUTE format('ALTER VIEW %s SET (check_option = cascaded)', nudge.audience_view(v.name, v.audience));
	END IF;
	IF v.name = 'own_targets' THEN
		-- the table would say month: the trigger knows the metric
		EXECUTE format('ALTER VIEW %s ALTER COLUMN grain SET DEFAULT %L', nudge.audience_view(v.name, v.audience), '');
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.make_audience_view(text, nudge.deployment) IS 'Works for deploy: makes or replaces a view that shows each reader other rows, with its comments';

-- It belongs to whom the marts belong.
CREATE FUNCTION nudge.make_external_schema() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF to_regnamespace('nudge_external') IS NULL AND EXISTS (SELECT FROM nudge.audiences a WHERE a.audience IN ('investors', 'board', 'partners', 'customers')) THEN
		EXECUTE format('CREATE SCHEMA nudge_external AUTHORIZATION %I', coalesce((SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE n.nspname = 'nudge_analytics'), current_user));
		COMMENT ON SCHEMA nudge_external IS 'Views of nudge_metrics for people outside';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.make_external_schema() IS 'Works for deploy: makes the schema of people outside if there are any. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.audience_plan() RETURNS TABLE (part integer, place integer, action text, name text, object text, lock text, estimate text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 20
BEGIN ATOMIC
	WITH wanted AS (
		SELECT v.name, v.audience, v.place, v.marts, nudge.audience_view(v.name, v.audience) AS object, (
			SELECT string_agg(w, ', ' ORDER BY w COLLATE "C") FROM unnest(v.marts) w
			WHERE NOT EXISTS (SELECT FROM nudge.materialisations t WHERE t.name = w)
				AND NOT EXISTS (SELECT FROM nudge.shipped_marts s WHERE s.name = w AND NOT EXISTS (SELECT FROM unnest(s.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL))) AS missing
		FROM nudge.shipped_audience_views v
		WHERE EXISTS (SELECT FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
			WHERE a.audience = v.audience OR v.audience = 'aggregate' AND a.audience IN ('investors', 'board', 'partners') OR v.name = ANY (nudge.written_views()) AND a.audience = 'executive')
	)
	SELECT p.part, p.place, p.action, p.name, p.object, p.lock, p.estimate FROM (
		SELECT 1 AS part, min(w.place) AS place, 'restrict rows' AS action, m AS name, nudge.mart_table(m) AS object, format('ACCESS EXCLUSIVE on %s, until the end of the transaction', nudge.mart_table(m)) AS lock, 'a policy: nothing is computed' AS estimate
		FROM wanted w, unnest(w.marts) m WHERE w.audience = 'customers' AND w.missing IS NULL AND NOT nudge.rows_are_restricted(m) GROUP BY m
		UNION ALL
		SELECT 2, w.place, CASE WHEN to_regclass(w.object) IS NOT NULL THEN 'change view' WHEN w.missing IS NOT NULL THEN 'leave out' ELSE 'make view' END, w.name, w.object,
			CASE WHEN w.missing IS NULL AND to_regclass(w.object) IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, until the end of the transaction', w.object) END,
			CASE WHEN w.missing IS NOT NULL THEN format('not there: %s', w.missing) ELSE 'a view: nothing is computed' END
		FROM wanted w WHERE w.missing IS NULL OR to_regclass(w.object) IS NULL
	) p ORDER BY p.part, p.place, p.name COLLATE "C";
END;
COMMENT ON FUNCTION nudge.audience_plan() IS 'Works for deploy: which marts it would restrict, and which views of audiences it would make. Not STRICT: it has no arguments';

-- Granting ------------------------------------------------------------------------

-- Views about all metrics, that managers of every department read: no numbers of
-- one alone.  What is not named here, and has no subject of theirs, is not theirs.
CREATE FUNCTION nudge.manager_views() RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN '{calendar_days,metric_catalog,chart_annotations,data_freshness,reporting_settings,_metabase_metadata}'::text[];
COMMENT ON FUNCTION nudge.manager_views() IS 'Works for grant_audiences: views without a subject that managers of every department read';

-- Views that audiences read, but for those who read everything.
CREATE FUNCTION nudge.audience_views() RETURNS TABLE (role_id oid, role_name name, audience text, view_name text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 50
BEGIN ATOMIC
	SELECT r.oid, a.role_name, a.audience, nudge.reporting_view(v.name)
	FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name LEFT JOIN nudge.shipped_departments d ON d.department = a.department JOIN nudge.shipped_views v ON v.name = ANY (nudge.manager_views()) OR v.subject = ANY (coalesce(a.subjects, d.subjects))
	WHERE a.audience = 'managers' AND to_regclass(nudge.reporting_view(v.name)) IS NOT NULL
	UNION ALL
	SELECT r.oid, a.role_name, a.audience, nudge.audience_view(v.name, v.audience)
	FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name JOIN nudge.shipped_audience_views v ON v.audience = a.audience OR v.audience = 'aggregate' AND a.audience IN ('investors', 'board', 'partners')
	WHERE to_regclass(nudge.audience_view(v.name, v.audience)) IS NOT NULL
		AND (v.audience <> 'customers' OR NOT EXISTS (SELECT FROM unnest(v.marts) m WHERE NOT nudge.rows_are_restricted(m)));
END;
COMMENT ON FUNCTION nudge.audience_views() IS 'Works for grant_audiences: the views that are there, and that managers, people outside and customers read. Not STRICT: it has no arguments';

-- Views of customers are read with their rights: they need the columns behind.
CREATE FUNCTION nudge.audience_columns() RETURNS TABLE (role_id oid, role_name name, relation_id oid, object text, column_names text[])
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	SELECT w.role_id, w.role_name, c.oid, format('%I.%I', n.nspname, c.relname), array_agg(DISTINCT a.attname::text)
	FROM nudge.audience_views() w
	JOIN pg_catalog.pg_rewrite q ON q.ev_class = to_regclass(w.view_name)
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = q.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
	JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'r'
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'nudge_analytics'
	JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
	WHERE w.audience = 'customers'
	GROUP BY w.role_id, w.role_name, c.oid, n.nspname, c.relname;
END;
COMMENT ON FUNCTION nudge.audience_columns() IS 'Works for grant_audiences: columns of marts that views of customers read. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.audience_grants() RETURNS TABLE (role_name name, statement text, is_there boolean)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	-- roles that are there, before anything is asked of them
	WITH given AS MATERIALIZED (
		SELECT r.oid AS role_id, r.rolname AS role_name, CASE a.audience WHEN 'executive' THEN 'viewer' WHEN 'analysts' THEN 'analyst' END AS kind, CASE a.audience WHEN 'managers' THEN 'nudge_reporting' ELSE 'nudge_external' END AS space
		FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
	)
	SELECT s.role_name, s.statement, s.is_there FROM (
		SELECT 1 AS part, g.role_name, e.statement, e.is_there FROM given g, nudge.engine_grants(g.kind, g.role_name) e WHERE g.kind IS NOT NULL
		UNION ALL
		SELECT 2, g.role_name, w.statement, w.is_there FROM given g, nudge.warehouse_grants(g.kind, g.role_name, ARRAY[current_user]) w WHERE g.kind IS NOT NULL
		UNION ALL
		SELECT 3, g.role_name, format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, g.role_name), has_schema_privilege(g.role_id, n.oid, 'USAGE') FROM given g JOIN pg_catalog.pg_namespace n ON n.nspname = g.space WHERE g.kind IS NULL
		UNION ALL
		SELECT 4, c.role_name, format('GRANT SELECT (%s) ON %s TO %I', (SELECT string_agg(quote_ident(n), ', ' ORDER BY n COLLATE "C") FROM unnest(c.column_names) n), c.object, c.role_name),
			(SELECT bool_and(has_column_privilege(c.role_id, c.relation_id, n, 'SELECT')) FROM unnest(c.column_names) n)
		FROM nudge.audience_columns() c
		UNION ALL
		SELECT 5, v.role_name, format('GRANT SELECT ON %s TO %I', v.view_name, v.role_name), has_table_privilege(v.role_id, to_regclass(v.view_name), 'SELECT') FROM nudge.audience_views() v
		UNION ALL
		SELECT 6, g.role_name, format('GRANT INSERT, UPDATE, DELETE ON %s TO %I', nudge.reporting_view(n), g.role_name),
			(SELECT bool_and(has_table_privilege(g.role_id, to_regclass(nudge.reporting_view(n)), w)) FROM unnest('{INSERT,UPDATE,DELETE}'::text[]) w)
		FROM given g, unnest(nudge.written_views()) n WHERE (g.space = 'nudge_reporting' OR g.kind = 'viewer') AND to_regclass(nudge.reporting_view(n)) IS NOT NULL
	) s ORDER BY s.role_name::text COLLATE "C", s.part, s.statement COLLATE "C";
END;
COMMENT ON FUNCTION nudge.audience_grants() IS 'Works for grant_audiences: the statements that give audiences what they read, and whether they have it. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.grant_audiences() RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plan record;
	tried record;
	refused text[] := '{}';
BEGIN
	FOR plan IN SELECT g.* FROM nudge.audience_grants() g WHERE NOT g.is_there LOOP
		SELECT t.done, t.problem INTO tried FROM nudge.try_statement(plan.statement) t;
		refused := refused || CASE WHEN NOT tried.done THEN plan.statement END;
		RETURN QUERY SELECT plan.role_name, tried.done, plan.statement, tried.problem;
	END LOOP;
	-- a GRANT of what is not one's own to grant is a warning only
	RETURN QUERY SELECT g.role_name, false, g.statement, 'it is not yours to grant: its owner or a superuser runs this' FROM nudge.audience_grants() g WHERE NOT g.is_there AND g.statement <> ALL (array_remove(refused, NULL));
	RETURN QUERY SELECT a.role_name, false, NULL::text, format('there is no such role: %s have no rights', a.audience) FROM nudge.audiences a WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = a.role_name) ORDER BY a.role_name::text COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.grant_audiences() IS
	'Gives the audiences of nudge.audiences what they read, of what deploy() has made, and tells what was missing and is done. Not STRICT: it has no arguments';

-- What users call -----------------------------------------------------------------

CREATE FUNCTION nudge.check_audience(wanted nudge.audiences) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
BEGIN
	IF (wanted).audience IS NULL OR (wanted).audience NOT IN ('executive', 'analysts', 'managers', 'investors', 'board', 'partners', 'customers') THEN
		RAISE EXCEPTION 'unknown audience "%"', left(coalesce((wanted).audience, ''), 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what its members read.',
			HINT = 'It is executive, analysts, managers, investors, board, partners or customers.';
	ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = (wanted).role_name) THEN
		RAISE EXCEPTION 'role "%" does not exist', (wanted).role_name USING ERRCODE = 'undefined_object',
			DETAIL = 'An audience is the members of a role.',
			HINT = 'Make it, or call nudge.create_audiences(), which makes those that are missing.';
	ELSIF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = (wanted).role_name AND (r.rolsuper OR r.rolbypassrls)) THEN
		RAISE EXCEPTION 'role "%" sees everything', (wanted).role_name USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is a superuser, or no row policy binds it.',
			HINT = 'Take a role that is neither.';
	ELSIF ((wanted).audience = 'managers') <> ((wanted).department IS NOT NULL) THEN
		RAISE EXCEPTION 'managers, and no others, have a department' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('The audience is %s, the department %s.', (wanted).audience, coalesce('"' || (wanted).department || '"', 'not given')),
			HINT = 'Write set_audience(''emea_sales'', ''managers'', department => ''sales'').';
	ELSIF (wanted).audience = 'managers' AND (wanted).subjects IS NULL AND NOT EXISTS (SELECT FROM nudge.shipped_departments d WHERE d.department = (wanted).department) THEN
		RAISE EXCEPTION 'it is not known what department "%" reads', left((wanted).department, 40) USING ERRCODE = 'undefined_object',
			DETAIL = (SELECT format('Known are %s.', string_agg(d.department, ', ' ORDER BY d.place)) FROM nudge.shipped_departments d),
			HINT = 'Pass subjects, as nudge_reporting.metric_catalog has them.';
	ELSIF (wanted).subjects IS NOT NULL AND (wanted).audience <> 'managers' OR (wanted).metrics IS NOT NULL AND (wanted).audience IN ('executive', 'analysts', 'customers')
			OR (wanted).dimensions IS NOT NULL AND (wanted).audience NOT IN ('investors', 'board', 'partners') THEN
		RAISE EXCEPTION 'audience "%" cannot be narrowed so', (wanted).audience USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Subjects are for managers, metrics for managers and people outside, dimensions for people outside.',
			HINT = 'Leave the others out.';
	ELSIF (wanted).minimum_customers NOT BETWEEN 1 AND 1000000 THEN
		RAISE EXCEPTION 'minimum_customers must be between 1 and 1000000' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', (wanted).minimum_customers),
			HINT = 'It is how many customers must be behind a number that people outside see; 5 unless given.';
	END IF;
	SELECT s INTO wrong FROM unnest((wanted).subjects) s WHERE s IS NULL OR NOT EXISTS (SELECT FROM nudge.shipped_metrics m WHERE m.subject = s) AND NOT EXISTS (SELECT FROM nudge.shipped_views v WHERE v.subject = s) OR s = 'general' LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'there is no subject "%"', left(coalesce(wrong, ''), 40) USING ERRCODE = 'undefined_object',
			DETAIL = (SELECT format('They are %s.', string_agg(DISTINCT m.subject, ', ' ORDER BY m.subject)) FROM nudge.shipped_metrics m),
			HINT = 'See nudge_reporting.metric_catalog.';
	END IF;
	PERFORM nudge.check_metric(m) FROM unnest((wanted).metrics) m;
END
$$;
COMMENT ON FUNCTION nudge.check_audience(nudge.audiences) IS 'Works for set_audience: an error unless an audience makes sense';

CREATE FUNCTION nudge.set_audience(role_name name, audience text, department text DEFAULT NULL, subjects text[] DEFAULT NULL, metrics text[] DEFAULT NULL, dimensions text[] DEFAULT NULL, minimum_customers integer DEFAULT 5) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wanted nudge.audiences;
BEGIN
	wanted.role_name := role_name;
	wanted.audience := lower(audience);
	wanted.department := lower(department);
	wanted.subjects := subjects;
	wanted.metrics := metrics;
	wanted.dimensions := dimensions;
	wanted.minimum_customers := coalesce(minimum_customers, 5);
	PERFORM nudge.check_audience(wanted);
	IF wanted.audience = 'customers' AND EXISTS (SELECT FROM nudge.audiences a WHERE a.audience = 'customers' AND a.role_name <> wanted.role_name) THEN
		RAISE EXCEPTION 'there is a group of customers already' USING ERRCODE = 'unique_violation',
			DETAIL = (SELECT format('It is role "%s".', a.role_name) FROM nudge.audiences a WHERE a.audience = 'customers'),
			HINT = 'Make roles of customers members of it, and say in nudge.external_customers who they are.';
	END IF;
	INSERT INTO nudge.audiences AS a (role_name, audience, department, subjects, metrics, dimensions, minimum_customers)
	VALUES (wanted.role_name, wanted.audience, wanted.department, wanted.subjects, wanted.metrics, wanted.dimensions, wanted.minimum_customers)
	ON CONFLICT ON CONSTRAINT audiences_pkey DO UPDATE SET audience = excluded.audience, department = excluded.department, subjects = excluded.subjects, metrics = excluded.metrics, dimensions = excluded.dimensions,
		minimum_customers = excluded.minimum_customers, set_by = session_user, set_at = now();
END
$$;
COMMENT ON FUNCTION nudge.set_audience(name, text, text, text[], text[], text[], integer) IS
	'Says what members of a role read; deploy() and grant_audiences() give it to them. Not STRICT: NULL is what is shipped';

CREATE FUNCTION nudge.create_audiences(audiences text[] DEFAULT '{executive,analysts,managers,investors,board,partners,customers}', departments text[] DEFAULT NULL, prefix text DEFAULT 'nudge_')
	RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT (prefix || a.audience || coalesce('_' || translate(d.department, ' -', '__'), ''))::name AS name, lower(a.audience) AS audience, d.department
		FROM unnest(audiences) WITH ORDINALITY a(audience, n) LEFT JOIN LATERAL (
			SELECT lower(w.department) AS department, w.n FROM unnest(departments) WITH ORDINALITY w(department, n) UNION ALL SELECT s.department, s.place FROM nudge.shipped_departments s WHERE departments IS NULL) d ON lower(a.audience) = 'managers'
		ORDER BY a.n, d.n LOOP
		IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = one.name) THEN
			IF NOT (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles r WHERE r.rolname = current_user) THEN
				RAISE EXCEPTION 'role "%" cannot be made', one.name USING ERRCODE = 'insufficient_privilege',
					DETAIL = format('Role "%s" may make no roles.', current_user),
					HINT = 'Let somebody with CREATEROLE call it, or pass roles that are there to nudge.set_audience().';
			END IF;
			role_name := one.name;
			statement := format('CREATE ROLE %I NOLOGIN', one.name);
			EXECUTE statement;
			EXECUTE format('COMMENT ON ROLE %I IS %L', one.name, 'nudge_metrics: audience ' || one.audience || coalesce(' of ' || one.department, '') || CASE one.audience WHEN 'analysts' THEN ', of people; not the role analyst of create_roles(), of the engine' ELSE '' END);
			done := true;
			RETURN NEXT;
		END IF;
		-- what was set for it stays
		IF NOT EXISTS (SELECT FROM nudge.audiences a WHERE a.role_name = one.name AND a.audience = one.audience AND a.department IS NOT DISTINCT FROM one.department) THEN
			PERFORM nudge.set_audience(one.name, one.audience, one.department);
		END IF;
	END LOOP;
	PERFORM nudge.make_external_schema();
	RETURN QUERY SELECT g.* FROM nudge.grant_audiences() g;
END
$$;
COMMENT ON FUNCTION nudge.create_audiences(text[], text[], text) IS
	'Makes the roles of audiences that are missing, none of which logs in, and gives them what they read, of what deploy() has made; tells what it has done. The audience nudge_analysts is of people; nudge_analyst is a role of create_roles(). Not STRICT: NULL departments are those that are shipped';
REVOKE EXECUTE ON FUNCTION nudge.create_audiences(text[], text[], text) FROM PUBLIC;

-- Settings are of the role that logs in: members do not inherit them.
CREATE FUNCTION nudge.make_read_only(login name, statement_timeout interval DEFAULT '1 minute') RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login) THEN
		RAISE EXCEPTION 'role "%" does not exist', login USING ERRCODE = 'undefined_object',
			DETAIL = 'Settings are of a role that logs in.',
			HINT = 'Make it first.';
	ELSIF statement_timeout < interval '1 millisecond' OR statement_timeout > interval '20 days' THEN
		RAISE EXCEPTION 'statement_timeout must be between 1 millisecond and 20 days' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', statement_timeout),
			HINT = 'Dashboards do well with 1 minute.';
	END IF;
	FOR statement IN SELECT format('ALTER ROLE %I SET %s = %L', login, s.name, s.value)
		FROM (VALUES (1, 'default_transaction_read_only', 'on'), (2, 'statement_timeout', (extract(epoch FROM statement_timeout) * 1000)::bigint || 'ms'), (3, 'idle_in_transaction_session_timeout', '5min')) s(place, name, value)
		ORDER BY s.place LOOP
		role_name := login;
		SELECT t.done, t.problem INTO done, problem FROM nudge.try_statement(statement) t;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_read_only(name, interval) IS
	'Sets what a role that logs in for reports begins its sessions with: read-only transactions, and an end to long statements. Sessions may change it: what protects is what is not granted';

-- What would let somebody see more, or less, than is meant.
CREATE FUNCTION nudge.check_audiences() RETURNS TABLE (role_name name, problem text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	WITH outside AS (
		-- members, by whatever way: they can SET ROLE
		SELECT DISTINCT r.oid, r.rolname, r.rolsuper, r.rolbypassrls, a.audience FROM nudge.audiences a JOIN pg_catalog.pg_roles g ON g.rolname = a.role_name
		JOIN pg_catalog.pg_roles r ON pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER') AND (NOT r.rolsuper OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid AND m.roleid = g.oid))
		WHERE a.audience IN ('investors', 'board', 'partners', 'customers')
	), former AS (
		SELECT r.oid, r.rolname, count(DISTINCT c.oid) AS views
		FROM nudge.shipped_audience_views v JOIN pg_catalog.pg_class c ON c.oid = to_regclass(nudge.audience_view(v.name, v.audience)) CROSS JOIN LATERAL aclexplode(c.relacl) l JOIN pg_catalog.pg_roles r ON r.oid = l.grantee
		WHERE v.audience <> 'managers' AND l.privilege_type = 'SELECT' AND l.grantee <> c.relowner AND NOT EXISTS (SELECT FROM nudge.audiences a WHERE a.role_name = r.rolname)
		GROUP BY r.oid, r.rolname
	)
	SELECT p.role_name, p.problem FROM (
		SELECT a.role_name, format('there is no such role: %s have no rights', a.audience) AS problem FROM nudge.audiences a WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = a.role_name)
		UNION ALL
		SELECT o.rolname, 'it is outside and sees everything: a superuser, or bound by no row policy' FROM outside o WHERE o.rolsuper OR o.rolbypassrls
		UNION ALL
		SELECT DISTINCT o.rolname, format('it is outside and may use schema %s', n.nspname) FROM outside o, pg_catalog.pg_namespace n
		WHERE n.nspname IN ('nudge', 'nudge_staging', 'nudge_analytics', 'nudge_reporting') AND NOT o.rolsuper AND has_schema_privilege(o.oid, n.oid, 'USAGE')
		UNION ALL
		SELECT o.rolname, format('it is outside and may read %s, which has no policy', nudge.mart_table(m.name)) FROM outside o, nudge.materialisations m
		WHERE NOT o.rolsuper AND to_regclass(nudge.mart_table(m.name)) IS NOT NULL AND NOT nudge.rows_are_restricted(m.name) AND has_any_column_privilege(o.oid, to_regclass(nudge.mart_table(m.name)), 'SELECT')
		UNION ALL
		SELECT DISTINCT o.rolname, 'it is a customer, and one of ' || i.audience FROM outside o JOIN outside i ON i.oid = o.oid WHERE o.audience = 'customers' AND i.audience <> 'customers' AND NOT o.rolsuper
		UNION ALL
		SELECT e.role_name, format('there is no such role: nobody is customer "%s"', e.customer) FROM nudge.external_customers e WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = e.role_name)
		UNION ALL
		SELECT e.role_name, format('every member of this audience is customer "%s"', e.customer) FROM nudge.external_customers e JOIN nudge.audiences a ON a.role_name = e.role_name
		UNION ALL
		-- a group that was replaced keeps what it was granted, and its members what they see
		SELECT DISTINCT e.role_name, 'it is not in the group of customers: ' || CASE WHEN EXISTS (SELECT FROM former f WHERE pg_catalog.pg_has_role(r.oid, f.oid, 'USAGE'))
			THEN 'it sees its own rows by what was granted to an earlier one, but not what is made from now on' ELSE 'it sees nothing' END
		FROM nudge.external_customers e JOIN pg_catalog.pg_roles r ON r.rolname = e.role_name
		WHERE NOT EXISTS (SELECT FROM outside o WHERE o.oid = r.oid AND o.audience = 'customers') AND NOT r.rolsuper
		UNION ALL
		SELECT f.rolname, format('it is no audience, and may read %s views of nudge_external', f.views) FROM former f
		UNION ALL
		-- roles of the engine are not those of people
		SELECT m.rolname, format('it is a member of %s, a role of the engine, and may not read %s views of nudge_reporting: people are members of an audience, such as analysts', c.rolname, x.views)
		FROM pg_catalog.pg_roles c JOIN pg_catalog.pg_roles m ON m.oid <> c.oid AND m.rolcanlogin AND NOT m.rolsuper AND pg_catalog.pg_has_role(m.oid, c.oid, 'MEMBER'),
			LATERAL (SELECT count(*) AS views FROM nudge.shipped_views v JOIN pg_catalog.pg_class w ON w.oid = to_regclass(nudge.reporting_view(v.name))
				WHERE NOT (has_schema_privilege(m.oid, w.relnamespace, 'USAGE') AND has_table_privilege(m.oid, w.oid, 'SELECT'))) x
		WHERE (c.rolname = 'nudge_analyst' OR pg_catalog.shobj_description(c.oid, 'pg_authid') = 'nudge_metrics: reads inputs, materialisations and views for BI tools') AND x.views > 0
			AND NOT EXISTS (SELECT FROM nudge.audiences a JOIN pg_catalog.pg_roles g ON g.rolname = a.role_name WHERE pg_catalog.pg_has_role(m.oid, g.oid, 'MEMBER'))
		UNION ALL
		-- one was granted it, or it was theirs before
		SELECT a.role_name, format('managers of %s may read nudge_reporting.%s, which is not theirs', a.department, c.relname)
		FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name JOIN pg_catalog.pg_class c ON c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge_reporting') AND c.relkind = 'v'
		WHERE a.audience = 'managers' AND has_table_privilege(r.oid, c.oid, 'SELECT') AND NOT EXISTS (SELECT FROM nudge.audience_views() v WHERE v.role_name = a.role_name AND to_regclass(v.view_name) = c.oid)
	) p ORDER BY p.role_name::text COLLATE "C", p.problem COLLATE "C";
END;
COMMENT ON FUNCTION nudge.check_audiences() IS
	'What lets somebody see more, or less, than their audience should: roles that are not there, people outside who may read inside, marts without a policy, customers in no group, groups that were replaced, people in the role nudge_analyst in place of the audience nudge_analysts. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.create_audiences(text[], text[], text) TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.audiences, nudge.external_customers TO %s WITH GRANT OPTION', owner);
END
$$;

-- pg_stats shows values of a table to whoever may read it, without USAGE on its
-- schema: and everybody may read these.
ALTER TABLE nudge.targets ALTER COLUMN value SET STATISTICS 0, ALTER COLUMN dimension_value SET STATISTICS 0, ALTER COLUMN note SET STATISTICS 0;
ALTER TABLE nudge.annotations ALTER COLUMN text SET STATISTICS 0;
ALTER TABLE nudge.closed_periods ALTER COLUMN opening_mrr SET STATISTICS 0, ALTER COLUMN closing_mrr SET STATISTICS 0, ALTER COLUMN customers SET STATISTICS 0, ALTER COLUMN reason SET STATISTICS 0;
ALTER TABLE nudge.materialisations ALTER COLUMN last_error SET STATISTICS 0;
ALTER TABLE nudge.funnel_definitions ALTER COLUMN target_volume SET STATISTICS 0, ALTER COLUMN target_rate SET STATISTICS 0;
ALTER TABLE nudge.sales_stages ALTER COLUMN win_probability SET STATISTICS 0;
ALTER TABLE nudge.sla_targets ALTER COLUMN target_minutes SET STATISTICS 0;
ALTER TABLE nudge.sources ALTER COLUMN query SET STATISTICS 0, ALTER COLUMN filter SET STATISTICS 0;
