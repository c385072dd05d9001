/*
 * marts_operations.sql
 *		Shipped materialisations about support, surveys, sales, platform and
 *		engineering: reports over whole inputs.
 *
 * Rules: doc/marts_operations.md.
 */

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
	(SELECT jsonb_build_object('support_values', NULL, 'support_customer_months', jsonb_build_object('column', 'period', 'query', later.months))
	FROM (SELECT 'SELECT p::date AS changed, k::date AS key FROM (SELECT date_trunc(''month'', nudge.as_of() AT TIME ZONE ''UTC'' + interval ''2 days'') AS last) w, generate_series(timestamp ''0001-01-01'', w.last, interval ''1 month'') p, generate_series(greatest(p, w.last - interval ''121 months''), w.last, interval ''1 month'') k' AS months) later),
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
	(SELECT jsonb_build_object('support_values', NULL, 'fact_tickets', jsonb_build_object('column', 'period', 'query', later.months),
		'support_internal_customers', jsonb_build_object('column', 'customer', 'query', format('SELECT f.customer AS changed, m.key FROM nudge_analytics.fact_tickets f JOIN (%s) m ON m.changed = f.period', later.months)))
	FROM (SELECT 'SELECT p::date AS changed, k::date AS key FROM (SELECT date_trunc(''month'', nudge.as_of() AT TIME ZONE ''UTC'' + interval ''2 days'') AS last) w, generate_series(timestamp ''0001-01-01'', w.last, interval ''1 month'') p, generate_series(greatest(p, w.last - interval ''121 months''), w.last, interval ''1 month'') k' AS months) later),
	'Open tickets by month, in all and by a dimension: opening, opened, reopened, resolved, closing, and how old they are. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_tickets": "Open as the month began",
	"tickets_opened": "Opened in the month", "tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth", "oldest_age_days": "Age of the oldest, in days, to a tenth",
	"complete": "Whether the month is over"}');

-- Any change of an input is one of everything: the key is no column of theirs.
-- What time alone changes is said by clocks without keys.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('nps', 'customers', 720, 'metric', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.asked, r.answered, r.response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors,
	r.score, r.score_low, r.score_high, r.band, r.action, r.score_change, r.p_value, r.complete
FROM (SELECT nudge.civil_date(min(i.sent_at) FILTER (WHERE isfinite(i.sent_at)), {zone}) AS day FROM nudge_staging.surveys i WHERE lower(btrim(i.kind)) = 'nps') b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('segment', 'segment'), ('industry', 'industry'), ('company_size', 'company_size'), ('region', 'region')) d(dimension, by),
	LATERAL nudge.nps_report('nudge_staging.surveys'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), {customers?}, d.by) r
WHERE r.is_total = (d.by IS NULL) AND (d.by IS NULL OR {customers?} IS NOT NULL)$query$, $clock$
SELECT t FROM nudge.period_ticks('month', {zone}) t
UNION ALL
-- what is dated in the future comes to be, and what was asked is waited for no more
SELECT v.at FROM nudge_staging.surveys i, LATERAL (VALUES (i.sent_at + interval '1 microsecond'), (i.answered_at + interval '1 microsecond'), (i.sent_at + make_interval(hours => 24 * 14))) v(at)
UNION ALL SELECT c.created_at + interval '1 microsecond' FROM {customers*} c$clock$,
	'Net promoter score by the month in which was asked, in all and by a dimension of customers. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "answered": "Surveys that were answered",
	"response_rate": "answered over asked", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered", "customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6",
	"score": "Net promoter score, -100 to 100", "score_low": "Lower end of its 95% interval", "score_high": "Upper end of its 95% interval", "band": "Band of the score", "action": "What the band asks for", "score_change": "Change against the month before", "p_value": "Probability of such a change by chance",
	"complete": "Whether the month is over"}'),
('sales_pipeline', 'sales', 730, 'metric', '{deals}', '{deal_stages,activities}', 'dimension', '{dimension,value}', $query$
SELECT d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
FROM (VALUES ('all', 'stage', true), ('stage', 'stage', false), ('owner', 'owner', false), ('team', 'team', false), ('segment', 'segment', false)) d(dimension, by, is_total),
	LATERAL nudge.pipeline_value('{deals$}'::regclass, {deal_stages?}, {activities?}, {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = d.is_total$query$,
	'SELECT nudge.as_of()',
	'Open deals now, in all and by a dimension: amount, weighted amount, age, activity. Grain: dimension and value',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "open_deals": "Open deals", "open_amount": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_amount": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth", "mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals",
	"activities_per_open_deal": "activity_count over open_deals", "stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "currency": "Currency of all amounts"}'),
('sales_performance', 'sales', 740, 'metric', '{deals}', '{deal_stages,quotas}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening_deals, r.opening_amount, r.deals_created, r.created_amount, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded,
	r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, r.weighted_amount, r.average_deal_size, r.win_rate, r.win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days,
	r.qualified_deals, r.sales_velocity, r.quota, r.quota_attainment, r.quota_remaining, r.currency_code AS currency, r.complete
FROM (SELECT nudge.civil_date(min(i.created_at) FILTER (WHERE isfinite(i.created_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('owner', 'owner'), ('team', 'team'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.sales_report('{deals$}'::regclass, w.start_day, w.end_day, {deal_stages?}, {quotas$?}, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
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
