/*
 * marts_operations.sql
 *		Shipped materialisations about support, surveys, sales, platform and
 *		engineering: reports by month, and the sums that some are added up from.
 *
 * Rules: doc/marts_operations.md.
 */

-- What is counted from a month on changes that month and all later ones; no zone is two
-- days from UTC.  Put into the query that asks for some months, so that it makes no others.
CREATE FUNCTION nudge.later_months() RETURNS TABLE (changed date, key date)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT p::date, k::date
	FROM (SELECT date_trunc('month', nudge.as_of() AT TIME ZONE 'UTC' + interval '2 days') AS last) w, generate_series(timestamp '0001-01-01', w.last, interval '1 month') p,
		generate_series(greatest(p, w.last - interval '121 months'), w.last, interval '1 month') k;
END;
COMMENT ON FUNCTION nudge.later_months() IS 'Works for key maps of marts by month: each month, and those from it on that a report of 120 months may have. Not STRICT: it has no arguments';

-- Support.  Customers are those of the input, the first of several rows of one; as
-- reports have it, a customer counts from its creation on.  The mart of tickets tells
-- in which months something has changed.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('support_customers', 'support', 690, 'mart', '{tickets}', '{customers}', 'customer', '{customer}', $query$
SELECT DISTINCT ON (c.customer) c.customer, CASE WHEN c.created_at < nudge.as_of() THEN c.created_at END AS created_at,
	CASE WHEN c.created_at < nudge.as_of() THEN CASE WHEN c.created_at >= '0001-01-01Z' THEN nudge.period_start(nudge.civil_date(c.created_at, {zone}), 'month') ELSE date '0001-01-01' END END AS period,
	nullif(btrim(c.segment), '') AS segment, coalesce(c.internal, false) AS internal
FROM {customers*} c
ORDER BY c.customer, c.created_at, c.segment COLLATE "C"$query$,
	$clock$SELECT c.customer, c.created_at + interval '1 microsecond' FROM {customers*} c$clock$, NULL,
	'Customers as reports on tickets count them. Grain: customer of customers',
	'{"customer": "Customer", "created_at": "When it was created; NULL: not yet", "period": "First day of the month, in the zone of deploy(), in which it was created; NULL: not yet", "segment": "Segment; NULL if it is not known", "internal": "Own staff or a test account, whose tickets do not count"}'),
('support_internal_customers', 'support', 691, 'mart', '{tickets}', '{customers}', 'customer', '{customer}', $query$
SELECT c.customer, c.created_at, c.internal FROM nudge_analytics.support_customers c WHERE c.internal$query$, NULL, NULL,
	'Customers whose tickets do not count: what is not by segment reads them alone. Grain: customer',
	'{"customer": "Customer", "created_at": "When it was created; NULL: not yet", "internal": "True: own staff or a test account"}'),
('support_customer_months', 'support', 692, 'mart', '{tickets}', '{customers}', 'period', '{period,segment}', $query$
SELECT c.period, c.segment, count(*) AS customers FROM nudge_analytics.support_customers c WHERE NOT c.internal GROUP BY c.period, c.segment$query$, NULL, NULL,
	'Customers by the month in which they were created and their segment now: those of a month are those created up to its end. Grain: month of the zone of deploy() and segment',
	'{"period": "First day of the month in which they were created", "segment": "Segment; NULL if it is not known", "customers": "Customers, without internal ones"}'),

-- Of a month alone: what compares months and what is known of customers is added in
-- support_performance.  Time changes whether a ticket that waits has breached its
-- target: those that had not when the month was computed, and have now.
('support_ticket_months', 'support', 693, 'mart', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT s.period, coalesce(s.dimension, 'all') AS dimension, CASE WHEN s.dimension IS NULL THEN 'all' ELSE s.value END AS value, s.tickets_total, s.ticket_share, s.tickets_resolved, s.resolution_rate, s.tickets_once_resolved, s.tickets_reopened, s.reopen_rate,
	s.escalation_known, s.tickets_escalated, s.escalation_rate, s.contacts_known, s.tickets_one_touch, s.one_touch_rate, s.csat_answers, s.mean_csat, s.tickets_with_problem,
	s.tickets_done[1] AS tickets_answered, s.mean_minutes[1] AS mean_first_response_minutes, s.median_minutes[1] AS median_first_response_minutes, s.p90_minutes[1] AS p90_first_response_minutes,
	s.sla_met[1] AS first_response_sla_met, s.sla_breached[1] AS first_response_sla_breached, s.sla_pending[1] AS first_response_sla_pending, s.attainment_rate[1] AS first_response_attainment_rate,
	s.mean_minutes[2] AS mean_resolution_minutes, s.median_minutes[2] AS median_resolution_minutes, s.p90_minutes[2] AS p90_resolution_minutes,
	s.sla_met[2] AS resolution_sla_met, s.sla_breached[2] AS resolution_sla_breached, s.sla_pending[2] AS resolution_sla_pending, s.attainment_rate[2] AS resolution_attainment_rate
FROM (SELECT min(f.period) AS day FROM nudge_analytics.fact_tickets f) b,
	LATERAL nudge.report_windows(b.day, {zone}, 30000) w,
	LATERAL nudge.support_slices('nudge_analytics.fact_tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), '{priority,complexity,category,agent,segment}', 'nudge_analytics.support_customers'::regclass, with_working_times => false) s$query$,
	$clock$SELECT t.period, nudge.as_of()
FROM nudge.materialisations m,
	nudge_analytics.fact_tickets t,
	LATERAL (VALUES ('first_response'), ('resolution')) v(measure),
	LATERAL nudge.sla_target_of(v.measure, t.priority, coalesce(t.complexity, '')) g
WHERE m.name = 'support_ticket_months' AND (t.resolved_at IS NULL OR t.reopened_at IS NOT NULL)
	AND nudge.minutes_used(t.opened_at, m.clock_at, g.calendar) <= g.target_minutes AND nudge.minutes_used(t.opened_at, nudge.as_of(), g.calendar) > g.target_minutes$clock$,
	'{"support_customers": {"column": "customer", "query": "SELECT f.customer, f.period FROM nudge_analytics.fact_tickets f"}}',
	'Tickets by the month in which they were opened, in all and by a dimension: values that have tickets in the month. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met"}'),
-- A month has a row for each value of any month: a new one, or one that has gone, is
-- one of all months, which is all that changes these rows.
('support_values', 'support', 694, 'mart', '{tickets}', '{customers}', 'dimension', '{dimension,value}', $query$
SELECT v.dimension, v.value, bool_or(v.has_tickets) AS has_tickets, bool_or(v.has_recent_tickets) AS has_recent_tickets, bool_or(v.has_customers) AS has_customers, min(v.first_period) AS first_period
FROM (
	SELECT m.dimension, m.value, true AS has_tickets, m.period >= w.start_day AS has_recent_tickets, false AS has_customers, NULL::date AS first_period
	FROM nudge_analytics.support_ticket_months m, nudge.report_window(date '0001-01-01', {zone}) w
	WHERE m.dimension <> 'all'
	UNION ALL
	SELECT 'segment', c.segment, false, false, true, NULL FROM nudge_analytics.support_customer_months c
	UNION ALL
	-- there are reports from the first ticket on, whoever it is of
	SELECT 'all', 'all', true, true, false, f.first_period FROM (SELECT min(t.period) AS first_period FROM nudge_analytics.fact_tickets t) f WHERE f.first_period IS NOT NULL
) v
GROUP BY v.dimension, v.value$query$,
	'SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), ''month'')::timestamp AT TIME ZONE {zone}', '{"support_ticket_months": "dimension", "support_customer_months": null, "fact_tickets": null}',
	'Values of dimensions by which tickets are counted, in whatever month. Grain: dimension and value',
	'{"dimension": "all, priority, complexity, category, agent or segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "has_tickets": "Whether there is a ticket with it", "has_recent_tickets": "Whether one was opened in the last 120 months", "has_customers": "Whether a customer is of this segment",
	"first_period": "First day of the first month with a ticket, of dimension all"}'),

-- Months begin and end; the last of 120 goes as one begins.  Customers of a month are
-- those of the months before too.
('support_performance', 'support', 700, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT s.period, v.dimension, v.value, coalesce(r.tickets_total, 0) AS tickets_total, r.ticket_share, c.customers_total, coalesce(r.tickets_total, 0)::numeric / nullif(c.customers_total, 0) AS tickets_per_customer, coalesce(r.tickets_resolved, 0) AS tickets_resolved, r.resolution_rate,
	coalesce(r.tickets_once_resolved, 0) AS tickets_once_resolved, coalesce(r.tickets_reopened, 0) AS tickets_reopened, r.reopen_rate, coalesce(r.escalation_known, 0) AS escalation_known, coalesce(r.tickets_escalated, 0) AS tickets_escalated, r.escalation_rate,
	coalesce(r.contacts_known, 0) AS contacts_known, coalesce(r.tickets_one_touch, 0) AS tickets_one_touch, r.one_touch_rate, coalesce(r.csat_answers, 0) AS csat_answers, r.mean_csat, coalesce(r.tickets_with_problem, 0) AS tickets_with_problem,
	coalesce(r.tickets_answered, n.n) AS tickets_answered, r.mean_first_response_minutes, r.median_first_response_minutes, r.p90_first_response_minutes,
	coalesce(r.first_response_sla_met, n.n) AS first_response_sla_met, coalesce(r.first_response_sla_breached, n.n) AS first_response_sla_breached, coalesce(r.first_response_sla_pending, n.n) AS first_response_sla_pending, r.first_response_attainment_rate,
	r.mean_resolution_minutes, r.median_resolution_minutes, r.p90_resolution_minutes,
	coalesce(r.resolution_sla_met, n.n) AS resolution_sla_met, coalesce(r.resolution_sla_breached, n.n) AS resolution_sla_breached, coalesce(r.resolution_sla_pending, n.n) AS resolution_sla_pending, r.resolution_attainment_rate, s.complete
FROM (SELECT min(f.first_period) AS day FROM nudge_analytics.support_values f) b,
	LATERAL nudge.report_windows(b.day, {zone}) w,
	LATERAL nudge.begun_spans(w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) s
	JOIN nudge_analytics.support_values v ON v.has_recent_tickets OR v.has_customers
	LEFT JOIN nudge_analytics.support_ticket_months r ON r.period = s.period AND r.dimension = v.dimension AND r.value IS NOT DISTINCT FROM v.value
	LEFT JOIN LATERAL (
		SELECT coalesce(sum(m.customers), 0)::bigint AS customers_total FROM nudge_analytics.support_customer_months m
		WHERE m.period <= s.period AND (v.dimension <> 'segment' OR m.segment IS NOT DISTINCT FROM v.value)
	) c ON {customers!},
	-- a segment that never had a ticket has no times
	LATERAL (SELECT CASE WHEN v.has_recent_tickets THEN 0 END AS n) n
WHERE v.dimension <> 'segment' OR {customers!}$query$,
	$clock$SELECT m.key, m.at
FROM nudge.report_window(date '0001-01-01', {zone}) w, generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p,
	LATERAL (SELECT p AT TIME ZONE {zone} AS start_at, (p + interval '1 month') AT TIME ZONE {zone} AS end_at) t,
	LATERAL (VALUES (p::date, t.start_at + interval '1 microsecond'), (p::date, t.end_at), ((p - interval '120 months')::date, t.start_at)) m(key, at)$clock$,
	'{"support_values": null, "support_customer_months": {"column": "period", "query": "SELECT m.changed, m.key FROM nudge.later_months() m"}}',
	'Tickets of support by the month in which they were opened, in all and by a dimension: volume, resolution, satisfaction, times and targets. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total",
	"tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met", "complete": "Whether the month is over"}'),
-- A ticket counts from the month in which it was opened on.  Read are those that were
-- open at some time since the first month that is computed.  The ages of those that
-- are open now grow.
('support_backlog', 'support', 710, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT s.period, v.dimension, v.value, coalesce(r.opening, 0) AS opening_tickets, coalesce(r.opened, 0) AS tickets_opened, coalesce(r.reopened, 0) AS tickets_reopened, coalesce(r.resolved, 0) AS tickets_resolved, coalesce(r.closing, 0) AS closing_tickets,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.oldest_age_days, 1) AS oldest_age_days, s.complete
FROM (SELECT min(f.first_period) AS day FROM nudge_analytics.support_values f) b,
	LATERAL nudge.report_windows(b.day, {zone}) w,
	LATERAL nudge.begun_spans(w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) s
	JOIN nudge_analytics.support_values v ON v.has_tickets AND v.dimension <> 'segment'
	LEFT JOIN LATERAL nudge.backlog_slices('nudge_analytics.fact_tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), '{priority,complexity,category,agent}', 'nudge_analytics.support_internal_customers'::regclass, true) r
		ON r.period = s.period AND coalesce(r.dimension, 'all') = v.dimension AND (r.value IS NOT DISTINCT FROM v.value OR r.dimension IS NULL)$query$,
	$clock$SELECT m.key, m.at
FROM nudge.report_window(date '0001-01-01', {zone}) w, generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p,
	LATERAL (SELECT p AT TIME ZONE {zone} AS start_at, (p + interval '1 month') AT TIME ZONE {zone} AS end_at) t,
	LATERAL (VALUES (p::date, least(t.end_at, nudge.as_of())), ((p - interval '120 months')::date, t.start_at)) m(key, at)$clock$,
	'{"support_values": null, "fact_tickets": {"column": "period", "query": "SELECT m.changed, m.key FROM nudge.later_months() m"},
		"support_internal_customers": {"column": "customer", "query": "SELECT f.customer, m.key FROM nudge_analytics.fact_tickets f JOIN nudge.later_months() m ON m.changed = f.period"}}',
	'Open tickets by month, in all and by a dimension: opening, opened, reopened, resolved, closing, and how old they are. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_tickets": "Open as the month began",
	"tickets_opened": "Opened in the month", "tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth", "oldest_age_days": "Age of the oldest, in days, to a tenth",
	"complete": "Whether the month is over"}');

-- Scores by month are merged from sums, which are computed for the months of surveys that
-- have changed.  Sums are made of what customers are in all dimensions at once first, which many share.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('nps_months', 'customers', 719, 'mart', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT m.period, v.dimension, v.value, sum(m.asked)::bigint AS asked, sum(m.open_surveys)::bigint AS open_surveys, sum(m.respondents)::bigint AS respondents, sum(m.customers_answered)::bigint AS customers_answered, nudge.rollup(m.state) AS state
FROM (
	SELECT f.period, f.segment, f.industry, f.company_size, f.region, count(*) FILTER (WHERE NOT f.internal) AS asked,
		count(*) FILTER (WHERE NOT f.internal AND f.score IS NULL AND f.sent_at + make_interval(hours => 24 * 14) > nudge.as_of()) AS open_surveys,
		count(*) FILTER (WHERE NOT f.internal AND f.is_first_of_user) AS respondents, count(*) FILTER (WHERE NOT f.internal AND f.is_first_of_customer) AS customers_answered,
		nudge.nps_agg(f.score) FILTER (WHERE NOT f.internal) AS state
	FROM nudge_analytics.fact_surveys f
	WHERE f.kind = 'nps'
	GROUP BY f.period, f.segment, f.industry, f.company_size, f.region
) m, LATERAL (VALUES ('all'::text, 'all'::text), ('segment', m.segment), ('industry', m.industry), ('company_size', m.company_size), ('region', m.region)) v(dimension, value)
WHERE v.dimension = 'all' OR {customers!} AND m.asked > 0
GROUP BY m.period, v.dimension, v.value$query$,
	$clock$SELECT f.period, f.sent_at + make_interval(hours => 24 * 14) FROM nudge_analytics.fact_surveys f WHERE f.kind = 'nps' AND f.score IS NULL$clock$, NULL,
	'Answers to surveys of NPS by the month in which was asked, in all and by a dimension of customers: what nps is merged from. Grain: month of the zone of deploy(), dimension and value that was asked',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "open_surveys": "Surveys sent within 14 days and not answered yet",
	"respondents": "Persons who answered", "customers_answered": "Customers who answered", "state": "Answers, as survey_state; NULL if nobody was asked but own staff"}'),
-- a value that is there in any month has a row in each: few rows, so all of them
('nps', 'customers', 720, 'metric', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT c.period, c.dimension, c.value, coalesce(n.asked, 0) AS asked, coalesce(n.answered, 0) AS answered, n.response_rate, c.open_surveys, c.respondents, c.customers_answered,
	coalesce(n.promoters, 0) AS promoters, coalesce(n.passives, 0) AS passives, coalesce(n.detractors, 0) AS detractors, n.score, n.score_low, n.score_high, n.band, n.action, d.difference AS score_change, d.p_value, c.complete
FROM (
	SELECT w.period, l.dimension, l.value, coalesce(m.open_surveys, 0) AS open_surveys, coalesce(m.respondents, 0) AS respondents, coalesce(m.customers_answered, 0) AS customers_answered,
		m.state, lag(m.state) OVER (PARTITION BY l.dimension, l.value ORDER BY w.period) AS state_before, w.complete
	FROM (SELECT min(s.period) AS day FROM nudge_analytics.nps_months s) b CROSS JOIN LATERAL nudge.report_window(b.day, {zone}) r
		CROSS JOIN LATERAL nudge.window_spans(r.start_day, r.end_day, 'month', {zone}, nudge.as_of()) w
		JOIN (SELECT s.dimension, s.value, max(s.period) AS last_period FROM nudge_analytics.nps_months s GROUP BY s.dimension, s.value) l ON l.last_period >= r.start_day OR l.dimension = 'all'
		LEFT JOIN nudge_analytics.nps_months m ON m.period = w.period AND m.dimension = l.dimension AND m.value IS NOT DISTINCT FROM l.value
) c, LATERAL nudge.nps(c.state) n, LATERAL nudge.survey_compare(c.state, c.state_before) d$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', '{"nps_months": null}',
	'Net promoter score by the month in which was asked, in all and by a dimension of customers. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "answered": "Surveys that were answered",
	"response_rate": "answered over asked", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered", "customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6",
	"score": "Net promoter score, -100 to 100", "score_low": "Lower end of its 95% interval", "score_high": "Upper end of its 95% interval", "band": "Band of the score", "action": "What the band asks for", "score_change": "Change against the month before", "p_value": "Probability of such a change by chance",
	"complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('sales_pipeline', 'sales', 730, 'metric', '{deals}', '{deal_stages,activities}', 'dimension', '{dimension,value}', $query$
SELECT coalesce(r.dimension, 'all') AS dimension, CASE WHEN r.dimension IS NULL THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
FROM nudge.pipeline_groups('{deals$}'::regclass, {deal_stages?}, {activities?}, {zone}, nudge.as_of(), '{stage,owner,team,segment}') r$query$,
	'SELECT nudge.as_of()',
	'Open deals now, in all and by a dimension: amount, weighted amount, age, activity. Grain: dimension and value',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "open_deals": "Open deals", "open_amount": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_amount": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth", "mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals",
	"activities_per_open_deal": "activity_count over open_deals", "stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "currency": "Currency of all amounts"}');

-- What has come and gone in a month, of deals and of stages: sums of months until one are
-- what was open as it ended.  The median is that of the month alone.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('sales_months', 'sales', 739, 'mart', '{deals}', '{deal_stages}', 'period', '{period,dimension,value,currency}', $query$
SELECT e.period, v.dimension, v.value, e.currency, sum(e.step)::bigint AS opened_deals, coalesce(sum(e.step * e.amount) FILTER (WHERE e.step <> 0), 0) AS opened_amount, count(*) FILTER (WHERE e.step > 0) AS deals_created, coalesce(sum(e.amount) FILTER (WHERE e.step > 0), 0) AS created_amount,
	count(*) FILTER (WHERE e.outcome = 'won') AS won, count(*) FILTER (WHERE e.outcome = 'lost') AS lost, count(*) FILTER (WHERE e.outcome = 'no_decision') AS no_decision, count(*) FILTER (WHERE e.outcome = '') AS not_recorded,
	coalesce(sum(e.amount) FILTER (WHERE e.outcome = 'won'), 0) AS won_amount, coalesce(sum(e.amount) FILTER (WHERE e.outcome IN ('lost', 'no_decision')), 0) AS lost_amount, coalesce(sum(e.amount) FILTER (WHERE e.outcome = ''), 0) AS not_recorded_amount,
	count(e.cycle_seconds) FILTER (WHERE e.outcome = 'won') AS cycle_deals, avg(e.cycle_seconds) FILTER (WHERE e.outcome = 'won') AS mean_cycle_seconds,
	-- of an even number the mean of the two in the middle
	(percentile_disc(0.5) WITHIN GROUP (ORDER BY e.cycle_seconds) FILTER (WHERE e.outcome = 'won') + percentile_disc(0.5) WITHIN GROUP (ORDER BY e.cycle_seconds DESC) FILTER (WHERE e.outcome = 'won')) / 2 AS median_cycle_seconds,
	sum(e.stage_step)::bigint AS known_deals, coalesce(sum(e.stage_step) FILTER (WHERE e.win_probability IS NOT NULL), 0)::bigint AS weighted_deals, coalesce(sum(e.stage_step * e.amount * e.win_probability), 0) AS weighted_amount,
	coalesce(sum(e.stage_step) FILTER (WHERE e.qualified), 0)::bigint AS qualified_deals, min(e.created_day) AS first_created_day
FROM (
	SELECT f.created_period AS period, f.owner, f.team, f.segment, f.currency, f.amount, 1 AS step, NULL::text AS outcome, NULL::numeric AS cycle_seconds, 0 AS stage_step, NULL::numeric AS win_probability, NULL::boolean AS qualified, nudge.civil_date(f.created_at, {zone}) AS created_day
	FROM nudge_analytics.fact_deals f
	UNION ALL
	SELECT f.closed_period, f.owner, f.team, f.segment, f.currency, f.amount, -1, coalesce(f.outcome, ''), f.cycle_seconds, 0, NULL, NULL, NULL
	FROM nudge_analytics.fact_deals f WHERE f.closed_period IS NOT NULL
	UNION ALL
	SELECT s.from_period, s.owner, s.team, s.segment, s.currency, s.amount, 0, NULL, NULL, 1, g.win_probability, g.qualified, NULL
	FROM nudge_analytics.fact_deal_stages s JOIN nudge.sales_stages g ON g.stage = s.stage WHERE s.from_period IS NOT NULL
	UNION ALL
	SELECT s.until_period, s.owner, s.team, s.segment, s.currency, s.amount, 0, NULL, NULL, -1, g.win_probability, g.qualified, NULL
	FROM nudge_analytics.fact_deal_stages s JOIN nudge.sales_stages g ON g.stage = s.stage WHERE s.until_period IS NOT NULL
) e, LATERAL (VALUES ('all'::text, 'all'::text), ('owner', e.owner), ('team', e.team), ('segment', e.segment)) v(dimension, value)
GROUP BY e.period, v.dimension, v.value, e.currency$query$, NULL, '{"fact_deals": ["created_period", "closed_period"], "fact_deal_stages": ["from_period", "until_period"]}',
	'Deals that came to be and were closed by month, and the stages that open ones entered and left, in all and by a dimension: what sales_performance adds up. Grain: month of the zone of deploy() with any, dimension, value and currency',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "currency": "Currency of all amounts", "opened_deals": "Deals created less deals closed", "opened_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost, or closed without a decision", "not_recorded_amount": "Amount closed without an outcome",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_seconds": "Mean seconds from creation to close", "median_cycle_seconds": "Median of these", "known_deals": "Open deals that are in a stage of sales_stages, less those that are no more", "weighted_deals": "The same of stages with a probability", "weighted_amount": "Their amount times that probability",
	"qualified_deals": "The same of qualified stages", "first_created_day": "First day on which one of the deals was created; NULL if none was"}'),
-- a value that is there in any month has a row in each, and what is open runs on: few rows, so all of them
('sales_performance', 'sales', 740, 'metric', '{deals}', '{deal_stages,quotas}', 'period', '{period,dimension,value}', $query$
WITH span AS MATERIALIZED (
	-- of a month that has not begun nothing is known
	SELECT w.period, w.period_end, w.complete, CASE WHEN nudge.as_of() > w.start_at THEN 0 END AS zero
	FROM (SELECT min(m.first_created_day) AS day FROM nudge_analytics.sales_months m) b, LATERAL nudge.report_window(b.day, {zone}) r, LATERAL nudge.window_spans(r.start_day, r.end_day, 'month', {zone}, nudge.as_of()) w
), bound AS MATERIALIZED (
	SELECT min(s.period) AS start_day, max(s.period_end) AS end_day FROM span s HAVING count(*) > 0
), flow AS MATERIALIZED (
	-- what is open as the window begins comes in on the day before
	SELECT greatest(m.period, b.start_day - 1) AS period, m.dimension, m.value, m.currency, sum(m.opened_deals)::bigint AS opened_deals, sum(m.opened_amount) AS opened_amount, sum(m.deals_created)::bigint AS deals_created, sum(m.created_amount) AS created_amount,
		sum(m.won)::bigint AS won, sum(m.lost)::bigint AS lost, sum(m.no_decision)::bigint AS no_decision, sum(m.not_recorded)::bigint AS not_recorded, sum(m.won_amount) AS won_amount, sum(m.lost_amount) AS lost_amount, sum(m.not_recorded_amount) AS not_recorded_amount,
		sum(m.cycle_deals)::bigint AS cycle_deals, max(m.mean_cycle_seconds) AS mean_cycle_seconds, max(m.median_cycle_seconds) AS median_cycle_seconds, sum(m.known_deals)::bigint AS known_deals, sum(m.weighted_deals)::bigint AS weighted_deals, sum(m.weighted_amount) AS weighted_amount, sum(m.qualified_deals)::bigint AS qualified_deals
	FROM bound b, nudge_analytics.sales_months m
	GROUP BY greatest(m.period, b.start_day - 1), m.dimension, m.value, m.currency, b.start_day
	HAVING greatest(m.period, b.start_day - 1) >= b.start_day OR sum(m.opened_deals) <> 0
), target AS MATERIALIZED (
	SELECT q.period, CASE WHEN q.is_total THEN 'all' ELSE d.by END AS dimension, CASE WHEN q.is_total THEN 'all' ELSE q.value END AS value, q.quota, q.currency
	FROM bound b, (VALUES ('owner'::text), ('team')) d(by), LATERAL nudge.quota_periods({quotas$?}, 'nudge_analytics.fact_deals'::regclass, b.start_day, b.end_day, 'month', nudge.as_of(), d.by) q
	WHERE NOT q.is_total OR d.by = 'owner'
), one AS MATERIALIZED (
	SELECT nudge.single_currency(array_agg(DISTINCT c.currency)) AS currency FROM (SELECT f.currency FROM flow f UNION SELECT t.currency FROM target t) c
), cell AS (
	SELECT s.*, l.dimension, l.value
	FROM (SELECT s.period, s.complete, s.zero FROM span s UNION ALL SELECT b.start_day - 1, NULL, NULL FROM bound b) s
	CROSS JOIN (SELECT 'all'::text AS dimension, 'all'::text AS value UNION SELECT f.dimension, f.value FROM flow f UNION SELECT t.dimension, t.value FROM target t) l
), running AS (
	SELECT c.*, coalesce(f.opened_deals, 0) AS opened_deals, coalesce(f.opened_amount, 0) AS opened_amount, coalesce(f.deals_created, 0) + c.zero AS deals_created, coalesce(f.created_amount, 0) + c.zero AS created_amount,
		coalesce(f.won, 0) + c.zero AS won, coalesce(f.lost, 0) + c.zero AS lost, coalesce(f.no_decision, 0) + c.zero AS no_decision, coalesce(f.not_recorded, 0) + c.zero AS not_recorded,
		coalesce(f.won_amount, 0) + c.zero AS won_amount, coalesce(f.lost_amount, 0) + c.zero AS lost_amount, coalesce(f.not_recorded_amount, 0) + c.zero AS not_recorded_amount,
		coalesce(f.cycle_deals, 0) + c.zero AS cycle_deals, f.mean_cycle_seconds / 86400 AS mean_cycle_days, f.median_cycle_seconds / 86400 AS median_cycle_days,
		coalesce(sum(f.opened_deals) OVER upto, 0)::bigint + c.zero AS open_deals, coalesce(sum(f.opened_amount) OVER upto, 0) + c.zero AS open_amount, coalesce(sum(f.known_deals) OVER upto, 0)::bigint AS known_deals, coalesce(sum(f.weighted_deals) OVER upto, 0)::bigint AS weighted_deals,
		coalesce(sum(f.weighted_amount) OVER upto, 0) + c.zero AS weighted_amount, coalesce(sum(f.qualified_deals) OVER upto, 0)::bigint + c.zero AS qualified_deals
	FROM cell c LEFT JOIN flow f ON f.period = c.period AND f.dimension = c.dimension AND f.value IS NOT DISTINCT FROM c.value
	WINDOW upto AS (PARTITION BY c.dimension, c.value ORDER BY c.period)
)
SELECT r.period, r.dimension, r.value, r.open_deals - r.opened_deals AS opening_deals, r.open_amount - r.opened_amount AS opening_amount, r.deals_created, r.created_amount, d.decided + r.not_recorded AS deals_closed, r.won, r.lost, r.no_decision, r.not_recorded,
	r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, CASE WHEN r.open_deals > r.weighted_deals THEN NULL ELSE r.weighted_amount END AS weighted_amount,
	r.won_amount / nullif(r.won, 0) AS average_deal_size, r.won::numeric / nullif(d.decided, 0) AS win_rate, r.won_amount / nullif(r.won_amount + r.lost_amount, 0) AS win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days,
	-- deals x (won amount / won) x (won / decided) / days
	d.qualified_deals, d.qualified_deals * r.won_amount / nullif(d.decided * r.mean_cycle_days, 0) AS sales_velocity,
	t.quota, r.won_amount / nullif(t.quota, 0) AS quota_attainment, t.quota - coalesce(r.won_amount, 0) AS quota_remaining, one.currency, r.complete
FROM one, running r JOIN span s ON s.period = r.period LEFT JOIN target t ON t.period = r.period AND t.dimension = r.dimension AND t.value IS NOT DISTINCT FROM r.value,
	LATERAL (SELECT r.won + r.lost + r.no_decision AS decided, CASE WHEN r.open_deals > r.known_deals THEN NULL ELSE r.qualified_deals END AS qualified_deals) d$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', '{"sales_months": null, "quotas": null}',
	'Deals by month, in all and by a dimension: created, won and lost, win rate, cycle, velocity and quota. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome",
	"open_deals": "Open as the month ended, or now", "open_amount": "Their amount", "weighted_amount": "Amount times probability of its stage", "average_deal_size": "won_amount over won", "win_rate": "Fraction of decided deals that were won", "win_rate_by_amount": "Fraction of their amount that was won",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages", "sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment": "won_amount over quota",
	"quota_remaining": "Quota that is left", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
-- Time goes on in what is not over: up to the last full hour, so that an hour is computed once.
('platform_uptime', 'platform', 750, 'metric', '{incidents}', '{maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.total_minutes, r.maintenance_minutes, r.considered_minutes, r.downtime_minutes, r.uptime_share, r.outages, r.longest_outage_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.uptime('nudge_staging.incidents'::regclass, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Uptime by month, in all and by service, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all", "total_minutes": "Minutes of the month so far", "maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes",
	"downtime_minutes": "Minutes down, outside maintenance", "uptime_share": "Fraction of considered_minutes that was not down", "outages": "Stretches of downtime", "longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}'),
('incident_summary', 'platform', 755, 'metric', '{incidents}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, CASE WHEN r.all_severities THEN 'all' ELSE 'severity' END AS dimension, CASE WHEN r.all_severities THEN 'all' ELSE r.severity END AS value, r.incidents_started, r.incident_share, r.open_incidents, r.mttr_minutes, r.median_ttr_minutes, r.detected_incidents, r.mttd_minutes, r.detection_to_end_minutes,
	r.longest_minutes, r.total_minutes, r.incident_minutes, r.failures, r.mtbf_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.incident_report('nudge_staging.incidents'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) r$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Incidents by month, in all and by severity: how many, time to detect, to repair and between failures, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or severity", "value": "Severity; all for dimension all", "incidents_started": "Incidents that began", "incident_share": "Share of the incidents of the month, 0 to 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end", "median_ttr_minutes": "Median of these",
	"detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection", "detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far", "incident_minutes": "Minutes with an incident",
	"failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}'),
('platform_performance', 'platform', 760, 'metric', '{requests}', '{incidents,maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.request_count, r.mean_ms, r.p50_ms, r.p95_ms, r.p99_ms, r.highest_ms, r.requests_with_outcome, r.errors, r.error_rate,
	r.requests_per_second, r.peak_requests_per_second, u.considered_minutes, u.downtime_minutes, u.uptime_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.requests i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('endpoint', 'endpoint')) d(dimension, by),
	LATERAL nudge.latency_report('nudge_staging.requests'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.uptime({incidents?}, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) f WHERE d.by IS NULL AND {incidents?} IS NOT NULL) u
		ON u.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Latency, throughput and errors of requests by month, in all and by endpoint, and uptime in all, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or endpoint", "value": "Endpoint; all for dimension all, NULL if it is not known", "request_count": "Requests", "mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%",
	"highest_ms": "The longest", "requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome", "requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute",
	"considered_minutes": "Minutes of the month so far without maintenance; of dimension all, if incidents are mapped", "downtime_minutes": "Minutes down of these", "uptime_share": "Fraction of considered_minutes that was not down", "complete": "Whether the month is over"}'),
('engineering_delivery', 'engineering', 770, 'metric', '{deployments}', '{bugs,coverage_samples}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deployment_count, r.elapsed_days, r.deployment_days, r.deployments_per_day, r.deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours, r.mean_lead_time_hours, r.p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate, r.restored_deployments, r.unrestored_deployments, r.median_recovery_hours, r.mean_recovery_hours,
	g.opened AS bugs_opened, g.closed AS bugs_closed, g.closing AS open_bugs, g.median_days_to_close AS median_days_to_close_bugs, g.escape_known AS bug_escape_known, g.escaped AS bugs_escaped, g.escape_rate AS bug_escape_rate,
	c.coverage AS coverage_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.deployments i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.delivery_performance('nudge_staging.deployments'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.bug_report({bugs?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_severities AND d.by IS NULL AND {bugs?} IS NOT NULL) g ON g.period = r.period
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.code_coverage({coverage_samples?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_repositories AND d.by IS NULL AND {coverage_samples?} IS NOT NULL) c ON c.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deployments by month, in all and by service: frequency, lead time, failures and recovery; and bugs and coverage of code in all. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all, NULL if it is not known", "deployment_count": "Deployments", "elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days",
	"deployments_per_week": "Seven times that", "lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these", "p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm",
	"failed_deployments": "Those that did", "change_failure_rate": "failed_deployments over outcome_count", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not", "median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these",
	"bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed", "open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known", "coverage_share": "Share of code that tests cover, of dimension all", "complete": "Whether the month is over"}');
