/*
 * marts_facts.sql
 *		Shipped materialisations that people drill down to: what happened, by day
 *		or one by one, what it happened with, and revenue by attributes then.
 *
 * Rules: doc/marts_facts.md.
 */

-- Dimensions, as those of marts_customers.sql.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, description, columns) VALUES
('dim_campaigns', 'acquisition', 153, 'mart', '{campaigns}', 'campaign', '{campaign}', $query$
SELECT c.campaign, CASE WHEN nudge.check_unique_key('campaigns', CASE WHEN c.n > 1 THEN c.campaign END) THEN nullif(btrim(c.channel), '') END AS channel, nullif(lower(btrim(c.kind)), '') AS kind, c.budget_share, c.started_at, c.ended_at,
	nudge.civil_date(c.started_at, {zone}) AS first_day, nudge.civil_date(c.ended_at - interval '1 microsecond', {zone}) AS last_day
FROM (SELECT a.*, count(*) OVER (PARTITION BY a.campaign) AS n FROM nudge_staging.campaigns a) c$query$,
	'Campaigns. Grain: campaign; days are those of the zone of deploy()',
	'{"campaign": "Campaign", "channel": "Channel on which it runs", "kind": "brand, competitor, generic, content or event", "budget_share": "Planned share of the budget, 0 to 1", "started_at": "When it began", "ended_at": "When it ended", "first_day": "Day on which it began", "last_day": "Last day on which it ran"}'),
('dim_features', 'usage', 154, 'mart', '{features}', 'feature', '{feature}', $query$
SELECT f.feature, CASE WHEN nudge.check_unique_key('features', CASE WHEN f.n > 1 THEN f.feature END) THEN nullif(btrim(f.tier), '') END AS tier, coalesce(f.default_on, false) AS default_on, f.released_at, nudge.civil_date(f.released_at, {zone}) AS released_day
FROM (SELECT a.*, count(*) OVER (PARTITION BY a.feature) AS n FROM nudge_staging.features a) f$query$,
	'Features. Grain: feature; days are those of the zone of deploy()',
	'{"feature": "Feature", "tier": "Plan tier that has it", "default_on": "On without anybody choosing it", "released_at": "When it came out", "released_day": "Day of it"}');

-- What happened, by day.  What is dated in the days to come is in them, with
-- its day: so no clock has to look at all rows.  A row that lacks what it needs
-- is an error of its key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, key_maps, description, columns) VALUES
('fact_sends', 'acquisition', 400, 'mart', '{sends}', 'campaign', '{campaign,day}', $query$
SELECT r.campaign, r.day, CASE WHEN r.bad = 0 OR nudge.check_input('sends', r.bad) THEN r.sent END AS sent, r.delivery_known, r.delivered, r.delivered::numeric / nullif(r.delivery_known, 0) AS delivery_rate, r.open_known, r.opened, r.opened::numeric / nullif(r.open_known, 0) AS open_rate,
	r.click_known, r.clicked, r.clicked::numeric / nullif(r.click_known, 0) AS click_rate
FROM (
	SELECT s.campaign, nudge.civil_date(s.at, {zone}) AS day,
		count(*) FILTER (WHERE NOT coalesce(isfinite(s.at) AND s.count >= 0, false)) AS bad, sum(s.count)::bigint AS sent,
		-- of messages whose arrival is not known, all may be opened
		coalesce(sum(s.count) FILTER (WHERE s.delivered IS NOT NULL), 0)::bigint AS delivery_known, sum(s.delivered)::bigint AS delivered,
		coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.opened IS NOT NULL), 0)::bigint AS open_known, sum(s.opened)::bigint AS opened,
		coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.clicked IS NOT NULL), 0)::bigint AS click_known, sum(s.clicked)::bigint AS clicked
	FROM nudge_staging.sends s
	GROUP BY s.campaign, nudge.civil_date(s.at, {zone})
) r$query$, NULL,
	'Messages sent, delivered, opened and clicked, by campaign and day. Grain: campaign and day of the zone of deploy()',
	'{"campaign": "Campaign", "day": "Day on which they were sent", "sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL if it is not known", "delivery_rate": "delivered over delivery_known",
	"open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened", "opened": "How many were opened; NULL if it is not known", "open_rate": "opened over open_known",
	"click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL if it is not known", "click_rate": "clicked over click_known"}'),

-- Events are known by user: what has changed of a user leads to days.
('user_event_days', 'usage', 410, 'mart', '{events}', 'user', '{user,day,name,feature}', $query$
SELECT r."user", r.day, r.name, r.feature, CASE WHEN r.bad = 0 OR nudge.check_input('events', r.bad) THEN r.events END AS events, r.succeeded, r.failed, r.value
FROM (
	SELECT e."user", nudge.civil_date(e.at, {zone}) AS day, e.name, e.feature, count(*) AS events, count(*) FILTER (WHERE e.success) AS succeeded, count(*) FILTER (WHERE NOT e.success) AS failed, sum(e.value) AS value,
		count(*) FILTER (WHERE NOT coalesce(isfinite(e.at) AND e.name IS NOT NULL AND coalesce(abs(e.value) < 'Infinity', true), false)) AS bad
	FROM nudge_staging.events e
	GROUP BY e."user", nudge.civil_date(e.at, {zone}), e.name, e.feature
) r$query$, NULL,
	'Events of each user by day. Grain: user, day of the zone of deploy(), name of the event and feature',
	'{"user": "User", "day": "Day", "name": "Name of the event", "feature": "Feature; NULL for events without one", "events": "Events", "succeeded": "Those that worked", "failed": "Those that did not", "value": "What they were worth"}'),
('fact_events', 'usage', 420, 'mart', '{events}', 'day', '{day,name,feature}', $query$
SELECT u.day, u.name, u.feature, sum(u.events)::bigint AS events, count(*) AS users, sum(u.succeeded)::bigint AS succeeded, sum(u.failed)::bigint AS failed,
	sum(u.succeeded) / nullif(sum(u.succeeded + u.failed), 0) AS success_rate, sum(u.value) AS value
FROM nudge_analytics.user_event_days u
GROUP BY u.day, u.name, u.feature$query$, NULL,
	'Events by day, and how many users they are of. Grain: day of the zone of deploy(), name of the event and feature',
	'{"day": "Day", "name": "Name of the event", "feature": "Feature; NULL for events without one", "events": "Events of users", "users": "Distinct users: do not add them over days, names or features", "succeeded": "Events that worked", "failed": "Events that did not",
	"success_rate": "succeeded over succeeded and failed", "value": "What they were worth"}'),

('fact_touches', 'acquisition', 430, 'mart', '{touches}', 'customer', '{customer,day,channel,campaign,partner}', $query$
SELECT r.customer, r.day, r.channel, r.campaign, r.partner, CASE WHEN r.bad = 0 OR nudge.check_input('touches', r.bad) THEN r.touches END AS touches
FROM (
	SELECT t.customer, nudge.civil_date(t.at, {zone}) AS day, btrim(t.channel) AS channel, t.campaign, t.partner, count(*) AS touches, count(*) FILTER (WHERE NOT coalesce(isfinite(t.at) AND t.channel IS NOT NULL, false)) AS bad
	FROM nudge_staging.touches t
	GROUP BY t.customer, nudge.civil_date(t.at, {zone}), btrim(t.channel), t.campaign, t.partner
) r$query$, NULL,
	'Contacts of marketing with each customer by day. Grain: customer, day of the zone of deploy(), channel, campaign and partner',
	'{"customer": "Customer: contacts of which it is not known are left out", "day": "Day", "channel": "Channel of the contact", "campaign": "Campaign; NULL if none", "partner": "Partner; NULL if none", "touches": "Contacts"}'),
('fact_conversions', 'acquisition', 440, 'mart', '{conversions}', 'customer', '{customer,day,kind,currency}', $query$
SELECT r.customer, r.day, r.kind, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('conversions', r.bad) THEN r.conversions END AS conversions, r.revenue
FROM (
	SELECT c.customer, nudge.civil_date(c.at, {zone}) AS day, nullif(lower(btrim(c.kind)), '') AS kind, upper(btrim(c.currency)) AS currency, count(*) AS conversions, sum(c.revenue) AS revenue,
		count(*) FILTER (WHERE NOT coalesce(isfinite(c.at) AND abs(c.revenue) < 'Infinity' AND c.currency IS NOT NULL, false)) AS bad
	FROM nudge_staging.conversions c
	GROUP BY c.customer, nudge.civil_date(c.at, {zone}), nullif(lower(btrim(c.kind)), ''), upper(btrim(c.currency))
) r$query$, NULL,
	'Conversions of each customer by day, and what they are worth. Grain: customer, day of the zone of deploy(), kind and currency',
	'{"customer": "Customer", "day": "Day", "kind": "Kind, such as signup or purchase, in small letters; NULL if it is not known", "currency": "Currency of the revenue", "conversions": "Conversions", "revenue": "What they are worth"}'),
-- Channels are no keys of the input: a change of it is one of everything, of which only what differs is written.
('fact_spend', 'acquisition', 450, 'mart', '{spend}', 'day', '{day,channel,campaign,partner,currency}', $query$
SELECT r.day, r.channel, r.campaign, r.partner, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('spend', r.bad) THEN r.amount END AS amount, r.impressions, r.clicks
FROM (
	SELECT s.day, btrim(s.channel) AS channel, s.campaign, s.partner, upper(btrim(s.currency)) AS currency, sum(s.amount) AS amount, sum(s.impressions)::bigint AS impressions, sum(s.clicks)::bigint AS clicks,
		count(*) FILTER (WHERE NOT coalesce(isfinite(s.day) AND s.channel IS NOT NULL AND abs(s.amount) < 'Infinity' AND s.currency IS NOT NULL, false)) AS bad
	FROM nudge_staging.spend s
	GROUP BY s.day, btrim(s.channel), s.campaign, s.partner, upper(btrim(s.currency))
) r$query$, NULL,
	'Cost of acquisition by day. Grain: day, channel, campaign, partner and currency',
	'{"day": "Day it was spent", "channel": "Channel it was spent on", "campaign": "Campaign; NULL if none", "partner": "Partner it was paid to; NULL if none", "currency": "Currency of the amount", "amount": "Amount spent", "impressions": "Times it was shown; NULL if it is not known", "clicks": "Clicks it brought; NULL if it is not known"}');

-- What happened, one by one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_subscriptions', 'revenue', 405, 'mart', '{subscriptions}', 'customer', '{customer,subscription,item,valid_from,sequence_no}', $query$
SELECT r.customer, r.subscription, r.item, r.valid_from,
	-- all columns: rows that tie are equal
	row_number() OVER (PARTITION BY r.customer, r.subscription, r.item, r.valid_from ORDER BY r.valid_to, r.plan, r.status, r.currency, r.amount, r.interval_unit, r.interval_count, r.quantity, r.discount, r.discount_kind, r.usage)::integer AS sequence_no,
	r.valid_to, nudge.civil_date(r.valid_from, {zone}) AS first_day, nudge.civil_date(r.valid_to - interval '1 microsecond', {zone}) AS last_day, r.plan, r.status, r.currency, r.amount, r.interval_unit, r.interval_count, r.quantity, r.discount, r.discount_kind, r.usage,
	CASE WHEN r.bad = 0 OR nudge.check_input('subscriptions', r.bad) THEN r.mrr END AS mrr
FROM (
	SELECT s.customer, s.subscription, s.item, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, s.plan, lower(btrim(s.status)) AS status, upper(btrim(s.currency)) AS currency, s.amount, lower(btrim(s.interval_unit)) AS interval_unit, s.interval_count,
		coalesce(s.quantity, 1) AS quantity, coalesce(s.discount, 0) AS discount, nullif(lower(btrim(s.discount_kind)), '') AS discount_kind, coalesce(s.usage, false) AS usage,
		nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr,
		(NOT coalesce(isfinite(s.valid_from) AND s.valid_to IS DISTINCT FROM '-infinity' AND s.item IS NOT NULL AND s.currency IS NOT NULL AND abs(s.amount) < 'Infinity', false))::integer AS bad
	FROM nudge_staging.subscriptions s
) r$query$, NULL,
	'Recurring prices with the time over which they are in force, and their MRR. Grain: customer, subscription, item and beginning; days are those of the zone of deploy()',
	'{"customer": "Who pays", "subscription": "Subscription of which it is an item; NULL if it is not known", "item": "Item", "valid_from": "First instant in force", "sequence_no": "1; rows of an item that begin at the same instant are counted on", "valid_to": "Instant at which it is in force no more; NULL: it has no end yet",
	"first_day": "Day of valid_from", "last_day": "Last day in force; NULL: it has no end yet", "plan": "Plan or add-on", "status": "Status, in small letters", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none", "interval_count": "Units between two bills",
	"quantity": "Units bought", "discount": "Share taken off, 0 to 1", "discount_kind": "once, repeating or forever", "usage": "Billed by use and not fixed", "mrr": "MRR while it is in force; NULL if it is no recurring revenue: use, trials, pauses"}'),
-- as ticket_rows knows them
('fact_tickets', 'support', 460, 'mart', '{tickets}', 'ticket', '{ticket}', $query$
SELECT t.ticket, t.customer, t.opened_at, nudge.civil_date(t.opened_at, {zone}) AS opened_day, t.first_response_at, t.resolved_at, t.reopened_at,
	CASE WHEN t.resolved_at IS NULL OR t.reopened_at > t.resolved_at THEN 'open' ELSE 'resolved' END AS status, t.priority, t.complexity, t.category, t.agent, t.csat, t.escalated, t.contacts,
	nudge.minutes_between(t.opened_at, t.first_response_at) AS first_response_minutes,
	-- what was resolved before it was opened took no time that is known
	CASE WHEN NOT t.resolved_before AND NOT coalesce(t.reopened_at > t.resolved_at, false) THEN nudge.minutes_between(t.opened_at, t.resolved_at) END AS resolution_minutes,
	CASE WHEN t.opened_at >= '0001-01-01Z' THEN nudge.period_start(nudge.civil_date(t.opened_at, {zone}), 'month') ELSE date '0001-01-01' END AS period, t.problem
FROM (
	SELECT i.ticket, CASE WHEN (i.n = 1 OR nudge.check_unique_key('tickets', i.ticket)) AND (i.bad = 0 OR nudge.check_input('tickets', i.bad)) THEN i.customer END AS customer,
		i.opened_at, CASE WHEN i.first_response_at >= i.opened_at AND i.first_response_at < nudge.as_of() THEN i.first_response_at END AS first_response_at,
		CASE WHEN i.resolved_at < nudge.as_of() THEN greatest(i.resolved_at, i.opened_at) END AS resolved_at, coalesce(i.resolved_at < i.opened_at, false) AS resolved_before,
		CASE WHEN i.reopened_at >= i.opened_at AND i.reopened_at < nudge.as_of() THEN i.reopened_at END AS reopened_at,
		lower(btrim(i.priority)) AS priority, nullif(lower(btrim(i.complexity)), '') AS complexity, nullif(btrim(i.category), '') AS category, nullif(btrim(i.agent), '') AS agent,
		CASE WHEN coalesce(i.resolved_at < nudge.as_of(), true) THEN i.csat END AS csat, i.escalated, i.contacts,
		nullif(concat_ws(', ', CASE WHEN i.first_response_at < i.opened_at THEN 'response_before_opening' END, CASE WHEN i.resolved_at < i.opened_at THEN 'resolution_before_opening' END, CASE WHEN i.reopened_at < i.opened_at THEN 'reopening_before_opening' END), '') AS problem
	FROM (
		SELECT a.*, count(*) OVER (PARTITION BY a.ticket) AS n, (NOT coalesce(a.customer IS NOT NULL AND btrim(a.priority) <> '' AND isfinite(a.opened_at) AND coalesce(isfinite(a.first_response_at), true) AND coalesce(isfinite(a.resolved_at), true)
			AND coalesce(isfinite(a.reopened_at), true) AND coalesce(abs(a.csat) < 'Infinity', true), false))::integer AS bad
		FROM nudge_staging.tickets a
	) i
	WHERE i.opened_at < nudge.as_of() OR i.opened_at IS NULL
) t$query$,
	$clock$SELECT t.ticket, c.at + interval '1 microsecond' FROM nudge_staging.tickets t, LATERAL (VALUES (t.opened_at), (t.first_response_at), (t.resolved_at), (t.reopened_at)) c(at)$clock$,
	'Tickets of support, with the times to answer and to resolve them. Grain: ticket; days are those of the zone of deploy()',
	'{"ticket": "Ticket", "customer": "Whose it is", "opened_at": "When it was opened", "opened_day": "Day of it", "first_response_at": "When it was first answered; NULL if not yet, or if that was before it was opened", "resolved_at": "When it was resolved; NULL if not yet", "reopened_at": "When it was opened again",
	"status": "open or resolved", "priority": "Priority, in small letters", "complexity": "Class of complexity, in small letters", "category": "What it is about", "agent": "Who worked on it", "csat": "Score the customer gave", "escalated": "Whether it was escalated", "contacts": "Times the customer wrote",
	"first_response_minutes": "Minutes from the opening to the first response", "resolution_minutes": "Minutes from the opening to the resolution, of what is resolved", "period": "First day of the month of opened_day", "problem": "Times that contradict each other: response_before_opening, resolution_before_opening, reopening_before_opening; NULL if none do"}'),
-- as incident_lines knows them
('fact_incidents', 'platform', 465, 'mart', '{incidents}', 'incident', '{incident}', $query$
SELECT i.incident, CASE WHEN nudge.check_unique_key('incidents', CASE WHEN i.n > 1 THEN i.incident END)
		AND nudge.check_input('incidents', (NOT coalesce(isfinite(i.started_at) AND isfinite(coalesce(i.ended_at, i.started_at)) AND isfinite(coalesce(i.detected_at, i.started_at)) AND btrim(i.severity) <> '', false))::integer)
		AND nudge.check_intervals('incidents', (coalesce(i.ended_at < i.started_at, false) OR coalesce(i.detected_at < i.started_at, false))::integer) THEN nullif(btrim(i.service), '') END AS service,
	lower(btrim(i.severity)) AS severity, coalesce(i.outage, lower(btrim(i.severity)) IN ('critical', 'major'), false) AS is_outage, i.started_at, nudge.civil_date(i.started_at, {zone}) AS started_day, i.detected_at, i.ended_at, i.ended_at IS NULL AS is_open,
	nudge.minutes_between(i.started_at, i.detected_at) AS detection_minutes, nudge.minutes_between(i.started_at, i.ended_at) AS duration_minutes
FROM (
	SELECT a.incident, a.service, a.severity, a.outage, a.started_at, CASE WHEN a.detected_at < nudge.as_of() THEN a.detected_at END AS detected_at, CASE WHEN a.ended_at < nudge.as_of() THEN a.ended_at END AS ended_at, count(*) OVER (PARTITION BY a.incident) AS n
	FROM nudge_staging.incidents a
) i
WHERE i.started_at < nudge.as_of() OR i.started_at IS NULL$query$,
	$clock$SELECT i.incident, c.at + interval '1 microsecond' FROM nudge_staging.incidents i, LATERAL (VALUES (i.started_at), (i.detected_at), (i.ended_at)) c(at)$clock$,
	'Incidents, with the times to notice and to end them. Grain: incident; days are those of the zone of deploy()',
	'{"incident": "Incident", "service": "What was hit; NULL: everything", "severity": "Severity, in small letters", "is_outage": "Whether the service was down: as recorded, otherwise if it is critical or major", "started_at": "When it began", "started_day": "Day of it", "detected_at": "When it was noticed; NULL if not yet",
	"ended_at": "When it was over; NULL if not yet", "is_open": "Whether it goes on", "detection_minutes": "Minutes from the beginning until it was noticed", "duration_minutes": "Minutes from the beginning to the end; NULL while it goes on"}');

-- As survey_rows knows them, with what their customers are now.  Who answers more than
-- once in a month is marked at the first time: so persons and customers are counted
-- by any slice of months without a sort.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_surveys', 'customers', 716, 'mart', '{surveys}', '{customers}', 'customer', '{customer,kind,sent_at,user,sequence_no}', $query$
SELECT DISTINCT ON (s.customer, s.kind, s.period, s."user", s.sent_at, s.sequence_no) s.customer, s.kind, s.sent_at, s."user", s.sequence_no::integer AS sequence_no, s.period, s.answered_at,
	CASE WHEN s.is_right OR nudge.check_input('surveys', (NOT s.is_complete)::integer, 'kind', CASE WHEN NOT s.is_known_kind THEN s.kind END, 'nps, csat and ces')
		AND nudge.check_survey_answers((s.answered_at < s.sent_at)::integer, CASE WHEN s.is_off_scale THEN s.score::text END, 0, 10) THEN s.score END AS score,
	s.score IS NOT NULL AND s.answers_of_user = 1 AS is_first_of_user, s.score IS NOT NULL AND s.answers_of_customer = 1 AS is_first_of_customer,
	c.segment, c.industry, c.company_size, c.region, coalesce(c.internal, false) AS internal
FROM (
	SELECT k.*, k.is_complete AND k.is_known_kind AND NOT k.is_off_scale AND coalesce(k.answered_at >= k.sent_at, true) AS is_right,
		row_number() OVER (PARTITION BY k.customer, k.kind, k.period, k."user", k.sent_at ORDER BY k.answered_at, k.score) AS sequence_no,
		count(k.score) OVER (PARTITION BY k.customer, k.kind, k.period, k."user" ORDER BY k.sent_at, k.answered_at, k.score ROWS UNBOUNDED PRECEDING) AS answers_of_user,
		count(k.score) OVER (PARTITION BY k.customer, k.kind, k.period ORDER BY k."user", k.sent_at, k.answered_at, k.score ROWS UNBOUNDED PRECEDING) AS answers_of_customer
	FROM (
		SELECT l.*, nudge.period_start(nudge.civil_date(l.sent_at, {zone}), 'month') AS period, l.kind IN ('nps', 'csat', 'ces') AS is_known_kind, l.kind = 'nps' AND NOT coalesce(l.score BETWEEN 0 AND 10 AND l.score = trunc(l.score), true) AS is_off_scale,
			coalesce(isfinite(l.sent_at) AND coalesce(isfinite(l.answered_at), true) AND coalesce(abs(l.score) < 'Infinity', true), false) AS is_complete
		FROM (
			-- what is answered later is not known yet
			SELECT i.customer, i."user", coalesce(lower(btrim(i.kind)), '') AS kind, i.sent_at, CASE WHEN n.is_known THEN i.answered_at END AS answered_at, CASE WHEN n.is_known THEN i.score END AS score
			FROM nudge_staging.surveys i, LATERAL (SELECT i.score IS NOT NULL AND coalesce(i.answered_at < nudge.as_of(), true) AS is_known) n
			WHERE i.sent_at < nudge.as_of() OR i.sent_at IS NULL
		) l
	) k
) s
LEFT JOIN {customers*} c ON c.customer = s.customer AND coalesce(c.created_at < nudge.as_of(), true)
ORDER BY s.customer, s.kind, s.period, s."user", s.sent_at, s.sequence_no, c.created_at DESC NULLS LAST, c.segment COLLATE "C", c.industry COLLATE "C", c.company_size COLLATE "C", c.region COLLATE "C", c.internal$query$,
	$clock$SELECT i.customer, i.sent_at + interval '1 microsecond' FROM nudge_staging.surveys i
UNION ALL SELECT i.customer, i.answered_at + interval '1 microsecond' FROM nudge_staging.surveys i
UNION ALL SELECT c.customer, c.created_at + interval '1 microsecond' FROM {customers*} c$clock$,
	'Surveys that were sent, with their answers, and what their customers are now. Grain: customer, kind, instant, user and number; months are those of the zone of deploy()',
	'{"customer": "Account that was asked: surveys of which it is not known are left out", "kind": "nps, csat or ces", "sent_at": "When it was asked", "user": "Person who was asked; NULL if it is not known", "sequence_no": "1; surveys of the same kind, instant and person are counted on", "period": "First day of the month in which it was asked",
	"answered_at": "When it was answered; NULL if not yet, or if it is not known", "score": "Answer; NULL if there is none yet", "is_first_of_user": "Whether it is the first answer of the person among those of its kind and month: to count persons of a month", "is_first_of_customer": "Whether it is the first one of the customer: to count customers of a month",
	"segment": "Segment of the customer now", "industry": "Industry now", "company_size": "Class of size now", "region": "Region now", "internal": "Own staff or a test account, which scores leave out"}');

-- As deal_lines and deal_stage_lines know them: what is closed later is open, and began when
-- it was closed if that was before.  Months are those in which a deal, or a stage, is counted
-- in and out, so that what was open as a month ended is a sum of those before.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_deals', 'sales', 725, 'mart', '{deals}', '{}', 'deal', '{deal}', $query$
SELECT d.deal, CASE WHEN d.is_right OR nudge.check_unique_key('deals', CASE WHEN d.n > 1 THEN d.deal END) AND nudge.check_outcome(CASE WHEN NOT d.is_known_outcome THEN d.outcome END) AND nudge.check_input('deals', (NOT d.is_right)::integer) THEN d.customer END AS customer,
	d.created_at, d.closed_at, d.closed_at IS NULL AS is_open, CASE WHEN d.closed_at IS NOT NULL THEN d.outcome END AS outcome, d.stage, d.owner, d.team, d.segment, d.competitor, d.partner, d.reason, d.amount, d.currency, d.expected_close,
	CASE WHEN d.closed_at >= d.created_at THEN extract(epoch FROM d.closed_at - d.created_at) END AS cycle_seconds,
	nudge.period_start(nudge.civil_date(d.began_at, {zone}), 'month') AS created_period, nudge.period_start(nudge.civil_date(d.closed_at, {zone}), 'month') AS closed_period
FROM (
	SELECT i.*, i.n = 1 AND i.is_known_outcome AND coalesce(isfinite(i.created_at) AND isfinite(i.began_at) AND abs(i.amount) < 'Infinity' AND i.currency IS NOT NULL AND (i.ever_closed_at IS NOT NULL OR i.outcome IS NULL), false) AS is_right
	FROM (
		SELECT a.deal, a.customer, a.created_at, least(a.created_at, a.closed_at) AS began_at, CASE WHEN a.closed_at < nudge.as_of() THEN a.closed_at END AS closed_at, a.closed_at AS ever_closed_at, lower(btrim(a.outcome)) AS outcome,
			coalesce(lower(btrim(a.outcome)) IN ('won', 'lost', 'no_decision'), true) AS is_known_outcome, a.stage, a.owner, a.team, a.segment, a.competitor, a.partner, a.reason, a.amount, upper(btrim(a.currency)) AS currency, a.expected_close, count(*) OVER (PARTITION BY a.deal) AS n
		FROM {deals$} a
	) i
	WHERE i.began_at < nudge.as_of() OR i.created_at IS NULL
) d$query$,
	-- what is open has the exchange rate of the day
	$clock$SELECT i.deal, i.created_at + interval '1 microsecond' FROM nudge_staging.deals i
UNION ALL SELECT i.deal, i.closed_at + interval '1 microsecond' FROM nudge_staging.deals i
UNION ALL SELECT i.deal, t FROM nudge.period_ticks('day', {zone}) t, nudge_staging.deals i WHERE upper(btrim(i.currency)) <> {base} AND coalesce(NOT isfinite(i.closed_at), true)$clock$,
	'Deals, with the months in which they came to be and were closed. Grain: deal; months are those of the zone of deploy()',
	'{"deal": "Deal", "customer": "Account it is about", "created_at": "When it came to be", "closed_at": "When it was closed; NULL if it is open", "is_open": "Whether it is open", "outcome": "won, lost or no_decision; NULL if it is open, or if nobody has recorded it", "stage": "Stage it is in, as deals has it", "owner": "Who works on it", "team": "Team of the owner", "segment": "Segment of the account", "competitor": "Competitor it was lost to or won against", "partner": "Partner who brought it or took part", "reason": "Why it was won or lost",
	"amount": "Amount, in the currency of deploy() if that is told and exchange rates are mapped: at the rate of the day on which it was closed, or of today", "currency": "Currency of the amount", "expected_close": "Day on which it should close", "cycle_seconds": "Seconds from creation to close; NULL if it is open, or was closed before",
	"created_period": "First day of the month in which it came to be, or was closed if that was before", "closed_period": "First day of the month in which it was closed; NULL if it is open"}'),
('fact_deal_stages', 'sales', 726, 'mart', '{deals}', '{deal_stages}', 'deal', '{deal,stage_no}', $query$
SELECT l.deal, l.stage_no::integer AS stage_no, CASE WHEN l.is_right OR nudge.check_input('deal_stages', (NOT l.is_right)::integer) THEN l.stage END AS stage, l.at AS entered_at, l.left_at, d.owner, d.team, d.segment, d.amount, d.currency,
	CASE WHEN m.is_counted THEN m.from_period END AS from_period, CASE WHEN m.is_counted THEN m.until_period END AS until_period
FROM (
	-- of stages entered at one instant the last in order is the one it is in
	SELECT i.deal, i.stage, i.at, i.stage IS NOT NULL AND coalesce(isfinite(i.at), false) AS is_right, row_number() OVER stages AS stage_no, lead(i.at) OVER stages AS left_at
	FROM {deal_stages*} i LEFT JOIN nudge.sales_stages g ON g.stage = i.stage
	WHERE i.at < nudge.as_of() OR i.at IS NULL
	WINDOW stages AS (PARTITION BY i.deal ORDER BY i.at, g.position NULLS FIRST, i.stage COLLATE "C")
) l
JOIN nudge_analytics.fact_deals d ON d.deal = l.deal,
	LATERAL (SELECT greatest(nudge.period_start(nudge.civil_date(l.at, {zone}), 'month'), d.created_period) AS from_period, least(nudge.period_start(nudge.civil_date(l.left_at, {zone}), 'month'), d.closed_period) AS until_period OFFSET 0) p,
	LATERAL (SELECT p.from_period, p.until_period, coalesce(p.from_period < p.until_period, true) AS is_counted) m$query$,
	'SELECT i.deal, i.at + interval ''1 microsecond'' FROM {deal_stages*} i',
	'Stages that deals have entered; none unless deal_stages is mapped. Grain: deal and number of the stage; months are those of the zone of deploy()',
	'{"deal": "Deal", "stage_no": "1 for the first stage that it entered, and so on", "stage": "Stage", "entered_at": "When it entered the stage", "left_at": "When it entered the next one; NULL if there is none yet", "owner": "Who works on the deal", "team": "Team of the owner", "segment": "Segment of the account", "amount": "Amount of the deal, as in fact_deals", "currency": "Currency of the amount",
	"from_period": "First day of the first month at whose end it was open in the stage; NULL if at none", "until_period": "First day of the next month at whose end it was not; NULL if it is still, or if from_period is NULL"}'),
-- as activity_lines knows them, but for those that are for no deal, which no change of a deal leads to
('fact_activities', 'sales', 727, 'mart', '{activities,deals}', '{}', 'deal', '{deal,period,kind,owner}', $query$
SELECT a.deal, a.period, a.kind, a.owner, d.team, d.segment, CASE WHEN a.bad = 0 OR nudge.check_input('activities', a.bad) THEN a.activities END AS activities, a.last_at
FROM (
	SELECT i.deal, nudge.period_start(nudge.civil_date(i.at, {zone}), 'month') AS period, lower(btrim(i.kind)) AS kind, i.owner, count(*) AS activities, max(i.at) AS last_at, count(*) FILTER (WHERE NOT coalesce(isfinite(i.at), false)) AS bad
	FROM nudge_staging.activities i
	WHERE i.at < nudge.as_of() OR i.at IS NULL
	GROUP BY i.deal, nudge.period_start(nudge.civil_date(i.at, {zone}), 'month'), lower(btrim(i.kind)), i.owner
) a LEFT JOIN nudge_analytics.fact_deals d ON d.deal = a.deal$query$,
	'SELECT i.deal, i.at + interval ''1 microsecond'' FROM nudge_staging.activities i',
	'What was done for each deal by month. Grain: deal, month of the zone of deploy(), kind and who did it',
	'{"deal": "Deal: activities that are for none are left out", "period": "First day of the month", "kind": "Kind of activity, in small letters", "owner": "Who did it", "team": "Team of the owner of the deal; NULL if the deal is not known", "segment": "Segment of the account of the deal", "activities": "Activities", "last_at": "When the last of them was"}');

-- Attributes as they were then.  As in the waterfall, what opens and closes a month
-- is what was in force just before: of revenue and of usage alike, so that these
-- spans of months are the one place that knows it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_attributes_then', 'customers', 469, 'mart', '{customers,subscriptions}', '{dimension_history}', 'customer', '{customer,from_period}', $query$
SELECT w.customer, w.period AS from_period, lead(w.period) OVER (PARTITION BY w.customer ORDER BY w.period NULLS FIRST) AS until_period, w.segment, w.industry, w.company_size, w.region, w.growth_tier, w.sales_channel
FROM (
	SELECT v.*, lag(ROW(v.segment, v.industry, v.company_size, v.region, v.growth_tier, v.sales_channel)) OVER (PARTITION BY v.customer ORDER BY v.period NULLS FIRST) AS before
	FROM (
		SELECT h.customer, k.period, max(o.value) FILTER (WHERE o.dimension = 'segment') AS segment, max(o.value) FILTER (WHERE o.dimension = 'industry') AS industry, max(o.value) FILTER (WHERE o.dimension = 'company_size') AS company_size,
			max(o.value) FILTER (WHERE o.dimension = 'region') AS region, max(o.value) FILTER (WHERE o.dimension = 'growth_tier') AS growth_tier, max(o.value) FILTER (WHERE o.dimension = 'sales_channel') AS sales_channel
		FROM (
			SELECT d.customer, array_agg(d.dimension) AS dimensions, array_agg(d.valid_from) AS froms, array_agg(d.valid_to) AS untils, array_agg(d.value) AS texts,
				nudge.check_input('dimension_history', count(*) FILTER (WHERE d.value IS NULL OR d.valid_from IS NULL)) AND nudge.check_intervals('dimension_history', count(*) FILTER (WHERE d.valid_to < d.valid_from)) AS checked
			FROM {dimension_history*} d
			WHERE d.dimension IN ('segment', 'industry', 'company_size', 'region', 'growth_tier', 'sales_channel')
			GROUP BY d.customer
		) h,
			-- months in which a value begins or ends, and what was before all of them
			LATERAL (
				SELECT p.period, least((p.period + interval '1 month') AT TIME ZONE {zone}, nudge.as_of()) AS end_at
				FROM (SELECT DISTINCT nudge.period_start(nudge.civil_date(b.at, {zone}), 'month') AS period FROM unnest(h.froms || h.untils) b(at) WHERE b.at < nudge.as_of() AND isfinite(b.at)) p
				UNION ALL
				SELECT NULL, coalesce(min(b.at), nudge.as_of()) FROM unnest(h.froms || h.untils) b(at) WHERE b.at < nudge.as_of() AND isfinite(b.at)
			) k,
			LATERAL (
				SELECT DISTINCT ON (s.dimension) s.dimension, nudge.attribute_label(s.dimension, CASE WHEN f.in_force THEN s.value END) AS value
				FROM unnest(h.dimensions, h.froms, h.untils, h.texts) s(dimension, valid_from, valid_to, value), LATERAL (SELECT s.valid_from < k.end_at AND coalesce(s.valid_to >= k.end_at, true) AS in_force) f
				ORDER BY s.dimension, f.in_force DESC, s.valid_from DESC, s.value COLLATE "C"
			) o
		WHERE h.checked
		GROUP BY h.customer, k.period
	) v
) w
WHERE w.period IS NULL OR ROW(w.segment, w.industry, w.company_size, w.region, w.growth_tier, w.sales_channel) IS DISTINCT FROM w.before$query$,
	$clock$SELECT d.customer, c.at + interval '1 microsecond' FROM {dimension_history*} d, LATERAL (VALUES (d.valid_from), (d.valid_to)) c(at)$clock$,
	'What each customer was as months closed, by dimension_history: a row for what was before all changes, and from each month that closed otherwise than it opened to the next such one; none unless dimension_history is mapped. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer with a history", "from_period": "First day of the month in which it changed; NULL: what was before all changes", "until_period": "First day of the month of the next change, which no longer closes so; NULL: there is none yet", "segment": "Segment as that month closed, or so far, and those after it; (none) if none was in force, NULL without a history of it: then it is as now; so below", "industry": "Industry",
	"company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth", "sales_channel": "How it was sold to"}');

-- Revenue by them.  Kept are only those months in which an attribute was another
-- than now, since all others are in mrr_by_segment and mrr_by_dimension; the totals
-- put the one in place of the other.  Nobody keeps what follows from prices, and it
-- changes more often: of that, customers have the months of its changes, and buckets
-- have all months.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_mrr_then', 'revenue', 470, 'mart', '{customers,subscriptions}', '{dimension_history}', 'customer', '{customer,currency,dimension,period}', $query$
SELECT r.customer, r.currency, a.dimension, r.period, v.opening_value, v.closing_value, n.value_now, r.movement, r.opening_mrr, r.new_mrr, r.reactivation_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.closing_mrr, r.complete
FROM (SELECT t.*, lag(t.segment) OVER spans AS segment_before, lag(t.industry) OVER spans AS industry_before, lag(t.company_size) OVER spans AS company_size_before, lag(t.region) OVER spans AS region_before, lag(t.growth_tier) OVER spans AS growth_tier_before, lag(t.sales_channel) OVER spans AS sales_channel_before
		FROM nudge_analytics.customer_attributes_then t WINDOW spans AS (PARTITION BY t.customer ORDER BY t.from_period NULLS FIRST)) h
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = h.customer
	CROSS JOIN LATERAL (VALUES ('segment'::text, h.segment_before, h.segment, c.segment), ('industry', h.industry_before, h.industry, c.industry), ('company_size', h.company_size_before, h.company_size, c.company_size), ('region', h.region_before, h.region, c.region),
		('growth_tier', h.growth_tier_before, h.growth_tier, c.growth_tier), ('sales_channel', h.sales_channel_before, h.sales_channel, c.sales_channel)) a(dimension, value_before, value, value_now)
	JOIN LATERAL (SELECT nudge.attribute_label(a.dimension, a.value_now) AS value_now) n ON a.value <> n.value_now OR a.value_before <> n.value_now
	JOIN nudge_analytics.fact_revenue r ON r.customer = h.customer AND coalesce(r.period >= h.from_period, true) AND coalesce(r.period < h.until_period, true)
	CROSS JOIN LATERAL (SELECT CASE WHEN r.opening_mrr <> 0 THEN CASE WHEN r.period = h.from_period THEN a.value_before ELSE a.value END END AS opening_value, CASE WHEN r.closing_mrr <> 0 THEN a.value END AS closing_value) v
WHERE v.opening_value <> n.value_now OR v.closing_value <> n.value_now$query$, NULL, NULL,
	'Months of customers in which an attribute was another than now, with their revenue; none unless dimension_history is mapped. Grain: customer, currency, dimension and month of the zone of deploy()',
	'{"customer": "Customer", "currency": "Currency of the amounts", "dimension": "segment, industry, company_size, region, growth_tier or sales_channel", "period": "First day of the month", "opening_value": "Value as the month opened; NULL without opening MRR", "closing_value": "Value as the month closed, or so far; NULL without closing MRR",
	"value_now": "Value now, by which mrr_by_segment and mrr_by_dimension count", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened", "new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened",
	"expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative", "churn_mrr": "MRR if it has none any more, negative", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('customer_products_then', 'revenue', 471, 'mart', '{customers,subscriptions}', '{}', 'customer', '{customer,from_period}', $query$
SELECT w.customer, w.period AS from_period, lead(w.period) OVER (PARTITION BY w.customer ORDER BY w.period) AS until_period, w.opening_plan, w.plan, w.opening_product_mix, w.product_mix, w.opening_tenure, w.tenure,
	o.had_price AND nudge.attribute_label('plan', w.opening_plan) <> nudge.attribute_label('plan', w.plan) AS plan_moves, o.had_price AND nudge.attribute_label('product_mix', w.opening_product_mix) <> nudge.attribute_label('product_mix', w.product_mix) AS product_mix_moves, o.had_price AND nudge.attribute_label('tenure', w.opening_tenure) <> nudge.attribute_label('tenure', w.tenure) AS tenure_moves
FROM (
	SELECT v.customer, v.period, lag(v.plan) OVER months AS opening_plan, v.plan, lag(v.product_mix) OVER months AS opening_product_mix, v.product_mix, lag(v.tenure) OVER months AS opening_tenure, v.tenure
	FROM (
		SELECT i.customer, k.period, o.plan, o.product_mix, CASE WHEN o.prices > 0 THEN nudge.tenure_class(f.first_day, nudge.civil_date(t.end_at - interval '1 microsecond', {zone})) END AS tenure
		FROM (
			SELECT s.customer, array_agg(s.valid_from) AS froms, array_agg(s.valid_to) AS untils, array_agg(btrim(s.plan)) AS plans, array_agg(m.mrr) AS mrrs, min(s.valid_from) AS first_at
			FROM nudge_staging.subscriptions s,
				LATERAL (SELECT nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr OFFSET 0) m
			WHERE m.mrr > 0 AND s.valid_from < nudge.as_of() AND isfinite(s.valid_from)
			GROUP BY s.customer
		) i,
			LATERAL (SELECT nudge.civil_date(i.first_at, {zone}) AS first_day) f,
			-- months in which a price starts or ends, or a tenure
			LATERAL (
				SELECT nudge.period_start(nudge.civil_date(b.at, {zone}), 'month') AS period FROM unnest(i.froms || i.untils) b(at) WHERE b.at < nudge.as_of() AND isfinite(b.at)
				UNION
				SELECT nudge.period_start(d.day, 'month') FROM unnest('{3,12,24}'::integer[]) n(months), LATERAL (SELECT (f.first_day + make_interval(months => n.months))::date AS day) d WHERE d.day <= nudge.civil_date(nudge.as_of() - interval '1 microsecond', {zone})
			) k,
			LATERAL (SELECT least((k.period + interval '1 month') AT TIME ZONE {zone}, nudge.as_of()) AS end_at) t,
			LATERAL (
				SELECT count(*) AS prices, (array_agg(p.plan ORDER BY p.mrr DESC, p.valid_from DESC, p.plan COLLATE "C"))[1] AS plan, string_agg(DISTINCT p.plan COLLATE "C", ' + ' ORDER BY p.plan COLLATE "C") COLLATE "default" AS product_mix
				FROM unnest(i.froms, i.untils, i.plans, i.mrrs) p(valid_from, valid_to, plan, mrr)
				WHERE p.valid_from < t.end_at AND coalesce(p.valid_to >= t.end_at, true)
			) o
	) v
	WINDOW months AS (PARTITION BY v.customer ORDER BY v.period)
) w, LATERAL (SELECT w.opening_tenure IS NOT NULL AND w.tenure IS NOT NULL AS had_price) o
WHERE (w.plan, w.product_mix, w.tenure) IS DISTINCT FROM (w.opening_plan, w.opening_product_mix, w.opening_tenure)$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, ((nudge.civil_date(s.valid_from, {zone}) + make_interval(months => m))::date::timestamp AT TIME ZONE {zone}) + interval '1 microsecond' FROM nudge_staging.subscriptions s, unnest('{3,12,24}'::integer[]) m WHERE isfinite(s.valid_from)$clock$, NULL,
	'What each customer had by its prices as months closed: a row from each month that closed otherwise than it opened to the next such one. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer", "from_period": "First day of the month in which it changed", "until_period": "First day of the month of the next change, which no longer closes so; NULL: there is none yet", "opening_plan": "Plan as that month opened", "plan": "Plan of the largest price in force as it closed, and those after it; NULL if none is in force",
	"opening_product_mix": "Plans and add-ons as that month opened", "product_mix": "Plans and add-ons in force as it closed, and those after it, in the order of their names; NULL if none is in force", "opening_tenure": "Tenure as that month opened", "tenure": "Time since its first price ever as it closed, and those after it: under 3 months, 3 to 12 months, 1 to 2 years, 2 years or more; NULL if none is in force",
	"plan_moves": "Whether it went from one plan to another, with a price in force before and after", "product_mix_moves": "The same of product_mix", "tenure_moves": "The same of tenure"}'),
('mrr_then_buckets', 'revenue', 472, 'mart', '{customers,subscriptions}', '{}', 'bucket', '{bucket,dimension,opening_value,closing_value,currency,period}', $query$
SELECT m.bucket, d.dimension, d.opening_value, d.closing_value, m.currency, m.period,
	sum(m.opening_mrr) AS opening_mrr, sum(m.new_mrr) AS new_mrr, sum(m.reactivation_mrr) AS reactivation_mrr, sum(m.expansion_mrr) AS expansion_mrr, sum(m.contraction_mrr) AS contraction_mrr, sum(m.churn_mrr) AS churn_mrr, sum(m.closing_mrr) AS closing_mrr,
	sum(m.opening_customers)::bigint AS opening_customers, sum(m.new_customers)::bigint AS new_customers, sum(m.reactivated_customers)::bigint AS reactivated_customers, sum(m.expanded_customers)::bigint AS expanded_customers, sum(m.contracted_customers)::bigint AS contracted_customers,
	sum(m.churned_customers)::bigint AS churned_customers, sum(m.closing_customers)::bigint AS closing_customers, bool_and(m.complete) AS complete
FROM (
	-- by all three at once first, which many customers share
	SELECT c.bucket, r.currency, r.period, r.opening_mrr <> 0 AS opens, r.closing_mrr <> 0 AS closes, o.plan AS opening_plan, p.plan, o.product_mix AS opening_product_mix, p.product_mix, o.tenure AS opening_tenure, p.tenure,
		sum(r.opening_mrr) AS opening_mrr, sum(r.new_mrr) AS new_mrr, sum(r.reactivation_mrr) AS reactivation_mrr, sum(r.expansion_mrr) AS expansion_mrr, sum(r.contraction_mrr) AS contraction_mrr, sum(r.churn_mrr) AS churn_mrr, sum(r.closing_mrr) AS closing_mrr,
		count(*) FILTER (WHERE r.opening_mrr <> 0) AS opening_customers, count(*) FILTER (WHERE r.movement = 'new') AS new_customers, count(*) FILTER (WHERE r.movement = 'reactivation') AS reactivated_customers, count(*) FILTER (WHERE r.movement = 'expansion') AS expanded_customers,
		count(*) FILTER (WHERE r.movement = 'contraction') AS contracted_customers, count(*) FILTER (WHERE r.movement = 'churn') AS churned_customers, count(*) FILTER (WHERE r.closing_mrr <> 0) AS closing_customers, bool_and(r.complete) AS complete
	FROM nudge_analytics.customer_mrr c
	JOIN nudge_analytics.fact_revenue r ON r.customer = c.customer AND r.currency = c.currency
	LEFT JOIN nudge_analytics.customer_products_then p ON p.customer = r.customer AND p.from_period <= r.period AND coalesce(p.until_period > r.period, true),
		LATERAL (SELECT CASE WHEN p.from_period = r.period THEN p.opening_plan ELSE p.plan END AS plan, CASE WHEN p.from_period = r.period THEN p.opening_product_mix ELSE p.product_mix END AS product_mix, CASE WHEN p.from_period = r.period THEN p.opening_tenure ELSE p.tenure END AS tenure) o
	GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
) m,
	LATERAL (
		SELECT v.dimension, CASE WHEN m.opens THEN nudge.attribute_label(v.dimension, v.opening_value) END AS opening_value, CASE WHEN m.closes THEN nudge.attribute_label(v.dimension, v.closing_value) END AS closing_value
		FROM (VALUES ('plan'::text, m.opening_plan, m.plan), ('product_mix', m.opening_product_mix, m.product_mix), ('tenure', m.opening_tenure, m.tenure)) v(dimension, opening_value, closing_value)
	) d
GROUP BY 1, 2, 3, 4, 5, 6$query$, NULL, '{"fact_revenue": {"column": "customer", "query": "SELECT c.customer, c.bucket FROM nudge_analytics.customer_mrr c"}, "customer_products_then": {"column": "customer", "query": "SELECT c.customer, c.bucket FROM nudge_analytics.customer_mrr c"}}',
	'MRR waterfall of customers by what they had by their prices as the month opened and as it closed: totals add up buckets. Grain: bucket, dimension, both values, currency and month of the zone of deploy()',
	'{"bucket": "Hash bucket of customers", "dimension": "plan, product_mix or tenure", "opening_value": "Value of the customers as the month opened; NULL for those without opening MRR", "closing_value": "Value as the month closed, or so far; NULL for those without closing MRR", "currency": "Currency of the amounts", "period": "First day of the month",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "closing_mrr": "MRR as the month closed", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
('mrr_by_dimension_then', 'revenue', 475, 'metric', '{customers,subscriptions}', '{dimension_history}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT x.dimension, x.value, x.currency, x.period, sum(x.opening_mrr) AS opening_mrr, sum(x.new_mrr) AS new_mrr, sum(x.reactivation_mrr) AS reactivation_mrr, sum(x.expansion_mrr) AS expansion_mrr, sum(x.contraction_mrr) AS contraction_mrr, sum(x.churn_mrr) AS churn_mrr,
	sum(x.transfer_in_mrr) AS transfer_in_mrr, sum(x.transfer_out_mrr) AS transfer_out_mrr, sum(x.net_new_mrr) + sum(x.transfer_in_mrr) + sum(x.transfer_out_mrr) AS net_new_mrr, sum(x.closing_mrr) AS closing_mrr,
	sum(x.opening_customers)::bigint AS opening_customers, sum(x.new_customers)::bigint AS new_customers, sum(x.reactivated_customers)::bigint AS reactivated_customers, sum(x.expanded_customers)::bigint AS expanded_customers, sum(x.contracted_customers)::bigint AS contracted_customers,
	sum(x.churned_customers)::bigint AS churned_customers, sum(x.transferred_in_customers)::bigint AS transferred_in_customers, sum(x.transferred_out_customers)::bigint AS transferred_out_customers, sum(x.closing_customers)::bigint AS closing_customers, bool_and(x.complete) AS complete
FROM (
	SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.period, s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, 0.00 AS transfer_in_mrr, 0.00 AS transfer_out_mrr, s.net_new_mrr, s.closing_mrr,
		s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, 0 AS transferred_in_customers, 0 AS transferred_out_customers, s.closing_customers, s.complete
	FROM nudge_analytics.mrr_by_segment s WHERE s.segment <> 'all' AND {dimension_history!}
	UNION ALL
	SELECT m.dimension, m.value, m.currency, m.period, m.opening_mrr, m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, m.churn_mrr, 0, 0, m.net_new_mrr, m.closing_mrr,
		m.opening_customers, m.new_customers, m.reactivated_customers, m.expanded_customers, m.contracted_customers, m.churned_customers, 0, 0, m.closing_customers, m.complete
	FROM nudge_analytics.mrr_by_dimension m
	-- what a customer began with is the same then
	WHERE m.dimension = 'initial_contract_size' OR m.dimension IN ('industry', 'company_size', 'region', 'growth_tier', 'sales_channel') AND {dimension_history!}
	UNION ALL
	-- out of the value now; what opens, and leaves, is of the value as the month opened, all else of that as it closed
	SELECT c.dimension, v.value, c.currency, c.period, v.opens * c.opening_mrr, v.closes * c.new_mrr, v.closes * c.reactivation_mrr, v.closes * c.expansion_mrr, v.closes * c.contraction_mrr, v.opens * c.churn_mrr,
		v.comes * c.opening_mrr, -v.goes * c.opening_mrr, v.closes * (c.new_mrr + c.reactivation_mrr + c.expansion_mrr + c.contraction_mrr) + v.opens * c.churn_mrr, v.closes * c.closing_mrr,
		v.opens * c.opening_customers, v.closes * c.new_customers, v.closes * c.reactivated_customers, v.closes * c.expanded_customers, v.closes * c.contracted_customers,
		v.opens * c.churned_customers, v.comes * c.opening_customers, v.goes * c.opening_customers, v.closes * c.closing_customers, c.complete
	FROM (
		SELECT t.dimension, t.currency, t.period, t.opening_value, t.closing_value, t.value_now, coalesce(t.opening_value <> t.closing_value, false)::integer AS moves, bool_and(t.complete) AS complete,
			sum(t.opening_mrr) AS opening_mrr, sum(t.new_mrr) AS new_mrr, sum(t.reactivation_mrr) AS reactivation_mrr, sum(t.expansion_mrr) AS expansion_mrr, sum(t.contraction_mrr) AS contraction_mrr, sum(t.churn_mrr) AS churn_mrr, sum(t.closing_mrr) AS closing_mrr,
			count(*) FILTER (WHERE t.opening_mrr <> 0) AS opening_customers, count(*) FILTER (WHERE t.movement = 'new') AS new_customers, count(*) FILTER (WHERE t.movement = 'reactivation') AS reactivated_customers,
			count(*) FILTER (WHERE t.movement = 'expansion') AS expanded_customers, count(*) FILTER (WHERE t.movement = 'contraction') AS contracted_customers, count(*) FILTER (WHERE t.movement = 'churn') AS churned_customers,
			count(*) FILTER (WHERE t.closing_mrr <> 0) AS closing_customers
		FROM nudge_analytics.customer_mrr_then t
		GROUP BY t.dimension, t.currency, t.period, t.opening_value, t.closing_value, t.value_now
		UNION ALL
		-- these are in no value of now, so out of none
		SELECT b.dimension, b.currency, b.period, b.opening_value, b.closing_value, NULL, coalesce(b.opening_value <> b.closing_value, false)::integer, bool_and(b.complete),
			sum(b.opening_mrr), sum(b.new_mrr), sum(b.reactivation_mrr), sum(b.expansion_mrr), sum(b.contraction_mrr), sum(b.churn_mrr), sum(b.closing_mrr),
			sum(b.opening_customers), sum(b.new_customers), sum(b.reactivated_customers), sum(b.expanded_customers), sum(b.contracted_customers), sum(b.churned_customers), sum(b.closing_customers)
		FROM nudge_analytics.mrr_then_buckets b
		GROUP BY b.dimension, b.currency, b.period, b.opening_value, b.closing_value
	) c, LATERAL (VALUES (c.value_now, -1, -1, 0, 0), (c.opening_value, 1, 0, 0, c.moves), (c.closing_value, 0, 1, c.moves, 0)) v(value, opens, closes, comes, goes)
	WHERE v.value IS NOT NULL
) x
GROUP BY x.dimension, x.value, x.currency, x.period
-- a value that nobody had then
HAVING sum(x.opening_customers) <> 0 OR sum(x.closing_customers) <> 0 OR sum(x.opening_mrr) <> 0 OR sum(x.closing_mrr) <> 0$query$, NULL, '{"mrr_by_segment": null}',
	'MRR waterfall by month, currency and value of a dimension as it was then. Grain: dimension, value, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"dimension": "plan, product_mix, tenure and initial_contract_size; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too: each has all customers, do not add them", "value": "Value of the customers in the month: what opens is of the value as the month opened, what closes of that as it closed; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "transfer_in_mrr": "Opening MRR of customers that came from another value", "transfer_out_mrr": "Opening MRR of customers that went to another value, negative", "net_new_mrr": "Sum of the movements, transfers included", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr",
	"churned_customers": "Customers behind churn_mrr", "transferred_in_customers": "Customers behind transfer_in_mrr", "transferred_out_customers": "Customers behind transfer_out_mrr", "closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- Channels are those that inputs name.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, description, columns) VALUES
('dim_channels', 'acquisition', 480, 'mart', '{touches}', '{spend,campaigns}', 'channel', '{channel}', $query$
SELECT c.channel, sum(c.campaigns)::bigint AS campaigns, bool_or(c.is_paid) AS is_paid, min(c.touch_day) AS first_touch_day, max(c.touch_day) AS last_touch_day, min(c.spend_day) AS first_spend_day, max(c.spend_day) AS last_spend_day
FROM (
	SELECT nullif(btrim(t.channel), '') AS channel, 0 AS campaigns, false AS is_paid, nudge.civil_date(f.at, {zone}) AS touch_day, NULL::date AS spend_day
	FROM (SELECT a.channel, min(a.at) AS first_at, max(a.at) AS last_at FROM nudge_staging.touches a GROUP BY a.channel) t, LATERAL (VALUES (t.first_at), (t.last_at)) f(at)
	UNION ALL
	SELECT nullif(btrim(s.channel), ''), 0, s.amount > 0, NULL, s.day FROM {spend*} s
	UNION ALL
	SELECT nullif(btrim(k.channel), ''), 1, false, NULL, NULL FROM {campaigns*} k
) c
GROUP BY c.channel$query$,
	'Channels that contacts, costs or campaigns name. Grain: channel; days are those of the zone of deploy()',
	'{"channel": "Channel", "campaigns": "Campaigns that run on it", "is_paid": "Whether anything was spent on it", "first_touch_day": "Day of the first contact", "last_touch_day": "Day of the last contact", "first_spend_day": "First day with costs", "last_spend_day": "Last day with costs"}');

-- People ask who it was in a month, on a day, of a customer; the key alone does
-- not find that.  A refresh writes these too, so they are of columns that do not
-- change in a row, but for who moved in a month, which is read from the index alone.
UPDATE nudge.shipped_marts m SET indexes = v.indexes
FROM (VALUES ('fact_revenue', ARRAY[$$(period, movement) INCLUDE (customer, currency, opening_mrr, net_new_mrr, closing_mrr, complete) WHERE movement <> 'none'$$]), ('customer_mrr_then', ARRAY['(period) WHERE opening_value <> closing_value']), ('customer_products_then', ARRAY['(from_period) WHERE plan_moves', '(from_period) WHERE product_mix_moves']), ('user_event_days', ARRAY['(day)']), ('fact_touches', ARRAY['(day)']), ('fact_conversions', ARRAY['(day)']),
	('fact_tickets', ARRAY['(opened_day)', '(customer)', '(opened_at)', '(resolved_at)', '(reopened_at) WHERE reopened_at IS NOT NULL']), ('dim_users', ARRAY['(customer)'])) v(name, indexes)
WHERE m.name = v.name;
