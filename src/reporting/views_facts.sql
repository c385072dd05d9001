/*
 * views_facts.sql
 *		Shipped views that people drill down to: what is behind a number, by day,
 *		by customer or one by one.
 *
 * Rules: doc/reporting.md.
 */

-- What is dated in the days to come is not shown before its day.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('campaign_sends_daily', 'acquisition', 1900, '{fact_sends}', $query$
SELECT f.day, f.campaign, f.sent, f.delivery_known, f.delivered, f.delivery_rate::numeric(24,6) AS delivery_rate, f.open_known, f.opened, f.open_rate::numeric(24,6) AS open_rate, f.click_known, f.clicked, f.click_rate::numeric(24,6) AS click_rate
FROM nudge_analytics.fact_sends f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Messages by campaign and day', 'One row per campaign and day on which it sent messages. Messages sent, delivered, opened and clicked; days are those of the zone of deploy().', 'Rates are added by their numerators and denominators.',
	'{"day": "Day on which they were sent", "campaign": "Campaign", "sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL: not known", "delivery_rate": "delivered over delivery_known, as a fraction of 1",
	"open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened", "opened": "How many were opened; NULL: not known", "open_rate": "opened over open_known, as a fraction of 1",
	"click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL: not known", "click_rate": "clicked over click_known, as a fraction of 1"}',
	'{"campaign": "type/Category", "delivery_rate": "type/Percentage", "open_rate": "type/Percentage", "click_rate": "type/Percentage"}', '{}'),
('campaign_results', 'acquisition', 1905, '{dim_campaigns,fact_sends}', $query$
SELECT coalesce(d.campaign, s.campaign) AS campaign, d.channel, d.kind AS campaign_kind, CASE WHEN isfinite(d.first_day) THEN d.first_day END AS first_day, CASE WHEN isfinite(d.last_day) THEN d.last_day END AS last_day, s.first_send_day, s.last_send_day, coalesce(s.sent, 0) AS sent, coalesce(s.delivery_known, 0) AS delivery_known, s.delivered,
	(s.delivered::numeric / nullif(s.delivery_known, 0))::numeric(24,6) AS delivery_rate, coalesce(s.open_known, 0) AS open_known, s.opened, (s.opened::numeric / nullif(s.open_known, 0))::numeric(24,6) AS open_rate,
	coalesce(s.click_known, 0) AS click_known, s.clicked, (s.clicked::numeric / nullif(s.click_known, 0))::numeric(24,6) AS click_rate
FROM nudge_analytics.dim_campaigns d
FULL JOIN (
	SELECT f.campaign, min(f.day) AS first_send_day, max(f.day) AS last_send_day, sum(f.sent)::bigint AS sent, sum(f.delivery_known)::bigint AS delivery_known, sum(f.delivered)::bigint AS delivered, sum(f.open_known)::bigint AS open_known,
		sum(f.opened)::bigint AS opened, sum(f.click_known)::bigint AS click_known, sum(f.clicked)::bigint AS clicked
	FROM nudge_analytics.fact_sends f WHERE f.day <= nudge.civil_date(now(), {zone}) GROUP BY f.campaign
) s ON s.campaign = d.campaign$query$,
	'Campaigns', 'One row per campaign that is known or has sent messages. What it is, and what became of its messages so far.', 'Rates are added by their numerators and denominators.',
	'{"campaign": "Campaign", "channel": "Channel on which it runs; NULL: not known", "campaign_kind": "brand, competitor, generic, content or event; NULL: not known", "first_day": "Day on which it began", "last_day": "Last day on which it ran; NULL: it has no end yet", "first_send_day": "Day of its first message", "last_send_day": "Day of its last message",
	"sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL: not known", "delivery_rate": "delivered over delivery_known, as a fraction of 1", "open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened",
	"opened": "How many were opened; NULL: not known", "open_rate": "opened over open_known, as a fraction of 1", "click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL: not known", "click_rate": "clicked over click_known, as a fraction of 1"}',
	'{"channel": "type/Category", "campaign_kind": "type/Category", "delivery_rate": "type/Percentage", "open_rate": "type/Percentage", "click_rate": "type/Percentage"}', '{}'),
('channel_overview', 'acquisition', 1908, '{dim_channels}', $query$
SELECT c.channel, c.is_paid, c.campaigns, CASE WHEN isfinite(c.first_touch_day) THEN c.first_touch_day END AS first_touch_day, CASE WHEN isfinite(c.last_touch_day) THEN c.last_touch_day END AS last_touch_day, CASE WHEN isfinite(c.first_spend_day) THEN c.first_spend_day END AS first_spend_day, CASE WHEN isfinite(c.last_spend_day) THEN c.last_spend_day END AS last_spend_day FROM nudge_analytics.dim_channels c$query$,
	'Channels', 'One row per channel. Channels that contacts of marketing, costs or campaigns name.', NULL,
	'{"channel": "Channel", "is_paid": "Whether anything was spent on it", "campaigns": "Campaigns that run on it", "first_touch_day": "Day of the first contact; NULL: none", "last_touch_day": "Day of the last contact; NULL: none", "first_spend_day": "First day with costs; NULL: none", "last_spend_day": "Last day with costs; NULL: none"}',
	'{"channel": "type/Category"}', '{}'),
('channel_spend_daily', 'acquisition', 1910, '{fact_spend}', $query$
SELECT f.day, f.channel, f.campaign, f.partner, f.currency, f.amount::numeric(24,6) AS amount, f.impressions, f.clicks, (f.clicks::numeric / nullif(f.impressions, 0))::numeric(24,6) AS click_through_rate, (f.amount / nullif(f.clicks, 0))::numeric(24,6) AS cost_per_click
FROM nudge_analytics.fact_spend f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Spend by day', 'One row per day, channel, campaign, partner and currency with costs. What was spent on acquisition, and the clicks that it brought.', 'Amounts of different currencies are not to be added; rates are added by their numerators and denominators.',
	'{"day": "Day it was spent", "channel": "Channel it was spent on", "campaign": "Campaign; NULL: none", "partner": "Partner it was paid to; NULL: none", "currency": "Currency of the amount", "amount": "Amount spent", "impressions": "Times it was shown; NULL: not known", "clicks": "Clicks it brought; NULL: not known",
	"click_through_rate": "clicks over impressions, as a fraction of 1", "cost_per_click": "amount over clicks"}',
	'{"channel": "type/Category", "campaign": "type/Category", "partner": "type/Category", "currency": "type/Category", "amount": "type/Currency", "cost_per_click": "type/Currency", "click_through_rate": "type/Percentage"}', '{}'),
('customer_touches_daily', 'acquisition', 1915, '{fact_touches}', $query$
SELECT f.day, f.customer, f.channel, f.campaign, f.partner, f.touches FROM nudge_analytics.fact_touches f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Contacts of customers by day', 'One row per customer, day, channel, campaign and partner with contacts. The contacts of marketing behind attribution.', 'Contacts of visitors that are no customers are not in it.',
	'{"day": "Day", "customer": "Customer", "channel": "Channel of the contact", "campaign": "Campaign; NULL: none", "partner": "Partner; NULL: none", "touches": "Contacts"}', '{"channel": "type/Category", "campaign": "type/Category", "partner": "type/Category"}', '{}'),
('customer_conversions_daily', 'acquisition', 1920, '{fact_conversions}', $query$
SELECT f.day, f.customer, f.kind AS conversion_kind, f.currency, f.conversions, f.revenue::numeric(24,6) AS revenue FROM nudge_analytics.fact_conversions f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Conversions of customers by day', 'One row per customer, day, kind and currency with conversions. The conversions behind attribution.', 'Revenue of different currencies is not to be added.',
	'{"day": "Day", "customer": "Customer", "conversion_kind": "Kind, such as signup or purchase; NULL: not known", "currency": "Currency of the revenue", "conversions": "Conversions", "revenue": "What they are worth"}',
	'{"conversion_kind": "type/Category", "currency": "type/Category", "revenue": "type/Currency"}', '{}'),

('product_events_daily', 'usage', 1930, '{fact_events}', $query$
SELECT f.day, f.name AS event_name, f.feature, f.events AS event_count, f.users AS user_count, f.succeeded, f.failed, f.success_rate::numeric(24,6) AS success_rate, f.value::numeric(24,6) AS event_value
FROM nudge_analytics.fact_events f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Events by day', 'One row per day, event and feature. How often it was done, and by how many users; days are those of the zone of deploy().', 'user_count is not to be added over days, events or features: a user counts in each. Today still changes.',
	'{"day": "Day", "event_name": "Name of the event", "feature": "Feature; NULL: none", "event_count": "Events of users", "user_count": "Distinct users", "succeeded": "Events that worked", "failed": "Events that did not", "success_rate": "succeeded over succeeded and failed, as a fraction of 1", "event_value": "What they were worth; NULL: not known"}',
	'{"event_name": "type/Category", "feature": "type/Category", "success_rate": "type/Percentage"}', '{}'),
('user_events_daily', 'usage', 1935, '{user_event_days,dim_users}', $query$
SELECT f.day, f."user" AS user_key, u.customer, f.name AS event_name, f.feature, f.events AS event_count, f.succeeded, f.failed, f.value::numeric(24,6) AS event_value
FROM nudge_analytics.user_event_days f LEFT JOIN nudge_analytics.dim_users u ON u."user" = f."user" WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Events of users by day', 'One row per user, day, event and feature. Who is behind the events of a day.', 'It is as large as usage is: filter by day, user or customer.',
	'{"day": "Day", "user_key": "User", "customer": "Account of the user; NULL: not known", "event_name": "Name of the event", "feature": "Feature; NULL: none", "event_count": "Events", "succeeded": "Those that worked", "failed": "Those that did not", "event_value": "What they were worth; NULL: not known"}',
	'{"event_name": "type/Category", "feature": "type/Category"}', '{"user_key": "User"}'),

('support_tickets', 'support', 1940, '{fact_tickets}', $query$
SELECT f.ticket, f.customer, f.opened_day, f.status AS ticket_status, f.priority, f.complexity, f.category, f.agent, f.opened_at, f.first_response_at, f.resolved_at, f.reopened_at, f.first_response_minutes::numeric(24,6) AS first_response_minutes, f.resolution_minutes::numeric(24,6) AS resolution_minutes,
	f.csat::numeric(24,6) AS csat, f.escalated AS is_escalated, f.contacts FROM nudge_analytics.fact_tickets f$query$,
	'Support tickets', 'One row per ticket. The tickets behind the numbers of support, with the times to answer and to resolve them.', 'Tickets of internal customers are here too: numbers of support leave them out, as is_internal of customer_details tells. Minutes are all minutes, not those of working hours.',
	'{"ticket": "Ticket", "customer": "Whose it is", "opened_day": "Day on which it was opened, in the zone of deploy()", "ticket_status": "open or resolved", "priority": "Priority", "complexity": "Class of complexity; NULL: not known", "category": "What it is about; NULL: not known", "agent": "Who worked on it; NULL: not known",
	"opened_at": "When it was opened", "first_response_at": "When it was first answered; NULL: not yet", "resolved_at": "When it was resolved; NULL: not yet", "reopened_at": "When it was opened again; NULL: never", "first_response_minutes": "Minutes from the opening to the first response",
	"resolution_minutes": "Minutes from the opening to the resolution, of what is resolved", "csat": "Score the customer gave; NULL: none", "is_escalated": "Whether it was escalated; NULL: not known", "contacts": "Times the customer wrote; NULL: not known"}',
	'{"ticket_status": "type/Category", "priority": "type/Category", "complexity": "type/Category", "category": "type/Category", "agent": "type/Category", "csat": "type/Score"}', '{"csat": "CSAT"}'),
('platform_incidents', 'platform', 1945, '{fact_incidents}', $query$
SELECT f.incident, f.started_day, f.service, f.severity, f.is_outage, f.is_open, f.started_at, f.detected_at, f.ended_at, f.detection_minutes::numeric(24,6) AS detection_minutes, f.duration_minutes::numeric(24,6) AS duration_minutes FROM nudge_analytics.fact_incidents f$query$,
	'Incidents', 'One row per incident. The incidents behind uptime and repair times.', 'Incidents overlap: downtime is not the sum of durations.',
	'{"incident": "Incident", "started_day": "Day on which it began, in the zone of deploy()", "service": "What was hit; NULL: everything", "severity": "Severity", "is_outage": "Whether the service was down", "is_open": "Whether it goes on", "started_at": "When it began", "detected_at": "When it was noticed; NULL: not yet",
	"ended_at": "When it was over; NULL: not yet", "detection_minutes": "Minutes from the beginning until it was noticed", "duration_minutes": "Minutes from the beginning to the end; NULL: it goes on"}',
	'{"service": "type/Category", "severity": "type/Category"}', '{}'),

('customer_subscriptions', 'revenue', 1950, '{fact_subscriptions}', $query$
SELECT f.valid_from AS started_at, f.valid_to AS ended_at, f.first_day, f.last_day, f.customer, f.subscription, f.item, f.sequence_no, f.plan AS plan_key, f.status AS subscription_status, f.currency, f.amount::numeric(24,6) AS amount, f.interval_unit, f.interval_count, f.quantity::numeric(24,6) AS quantity,
	f.discount::numeric(24,6) AS discount_share, f.discount_kind, f.usage AS is_usage_based, f.mrr::numeric(24,6) AS mrr FROM nudge_analytics.fact_subscriptions f$query$,
	'Subscriptions of customers', 'One row per customer, subscription, item and beginning of a price. What customers pay for, from when to when, and what it is a month.', 'Rows of different times, and amounts of different currencies or intervals, are not to be added: choose an instant, and add mrr.',
	'{"started_at": "Instant from which the price counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "first_day": "Day of started_at, in the zone of deploy()", "last_day": "Last day on which it counts; NULL: it has no end yet", "customer": "Customer", "subscription": "Subscription of which it is an item; NULL: not known", "item": "Item",
	"sequence_no": "1; further rows of an item that begin at the same instant are counted on", "plan_key": "Plan or add-on", "subscription_status": "Status", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none", "interval_count": "Units between two bills", "quantity": "Units bought",
	"discount_share": "Share taken off, as a fraction of 1", "discount_kind": "once, repeating or forever; NULL: none", "is_usage_based": "Whether it is billed by use and not fixed", "mrr": "MRR while it counts; NULL: it is no recurring revenue"}',
	'{"plan_key": "type/Category", "subscription_status": "type/Category", "currency": "type/Category", "interval_unit": "type/Category", "discount_kind": "type/Category", "amount": "type/Currency", "mrr": "type/Currency", "discount_share": "type/Percentage"}', '{"plan_key": "Plan", "mrr": "MRR"}'),
('customer_mrr_movements', 'revenue', 1960, '{fact_revenue}', $query$
SELECT f.period AS period_start, f.customer, f.currency, f.movement, f.opening_mrr::numeric(24,6) AS opening_mrr, f.net_new_mrr::numeric(24,6) AS movement_mrr, f.closing_mrr::numeric(24,6) AS closing_mrr, f.complete
FROM nudge_analytics.fact_revenue f WHERE f.movement <> 'none'$query$,
	'MRR movements of customers', 'One row per customer, currency and month in which its MRR moved. Who is behind new, reactivation, expansion, contraction and churn of mrr_monthly, by how much in one column: for lists of a movement. All months, those in which nothing moved too, are in customer_revenue_monthly.', 'Amounts of different currencies are not to be added.',
	'{"period_start": "First day of the month, in the zone of deploy()", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction or churn", "opening_mrr": "MRR of the customer as the month opened", "movement_mrr": "By how much it moved: negative for contraction and churn",
	"closing_mrr": "MRR of the customer as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "movement": "type/Category", "opening_mrr": "type/Currency", "movement_mrr": "type/Currency", "closing_mrr": "type/Currency"}', '{"opening_mrr": "Opening MRR", "movement_mrr": "Movement of MRR", "closing_mrr": "Closing MRR"}'),
('mrr_monthly_then', 'revenue', 1970, '{mrr_by_dimension_then}', $query$
SELECT s.period AS period_start, s.dimension, s.value AS dimension_value, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr, s.contraction_mrr::numeric(24,6) AS contraction_mrr,
	s.churn_mrr::numeric(24,6) AS churn_mrr, s.transfer_in_mrr::numeric(24,6) AS transfer_in_mrr, s.transfer_out_mrr::numeric(24,6) AS transfer_out_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.transferred_in_customers, s.transferred_out_customers, s.closing_customers, s.complete,
	(s.churned_customers::numeric / nullif(s.opening_customers, 0))::numeric(24,6) AS logo_churn_rate, (-s.churn_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate
FROM nudge_analytics.mrr_by_dimension_then s$query$,
	'MRR by month and attribute then', 'One row per month, dimension, value and currency. The MRR waterfall by what customers were and had in the month, with what came from and went to other values.',
	'Each dimension has all customers: do not add dimensions. opening_, closing_ and rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month, in the zone of deploy()", "dimension": "plan, product_mix, tenure and initial_contract_size; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too", "dimension_value": "Value in the month: what opens is of the value as the month opened, what closes of that as it closed; (none): not known", "currency": "Currency of the amounts",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative",
	"transfer_in_mrr": "Opening MRR of customers that came from another value", "transfer_out_mrr": "Opening MRR of customers that went to another value, 0 or negative", "net_new_mrr": "Sum of the movements, transfers included", "closing_mrr": "MRR as the month closed, or so far",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"transferred_in_customers": "Customers behind transfer_in_mrr", "transferred_out_customers": "Customers behind transfer_out_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "transfer_in_mrr": "type/Currency",
	"transfer_out_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "logo_churn_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "transfer_in_mrr": "MRR from other values", "transfer_out_mrr": "MRR to other values", "net_new_mrr": "Net new MRR",
	"closing_mrr": "Closing MRR", "churned_mrr_rate": "Churned MRR rate"}'),
('customer_transfers', 'revenue', 1980, '{customer_mrr_then,customer_products_then,fact_revenue}', $query$
SELECT c.period AS period_start, c.customer, c.dimension, c.opening_value AS from_value, c.closing_value AS to_value, c.currency, c.opening_mrr::numeric(24,6) AS opening_mrr, c.closing_mrr::numeric(24,6) AS closing_mrr, c.complete
FROM nudge_analytics.customer_mrr_then c WHERE c.opening_value <> c.closing_value
UNION ALL
-- few of those that changed, with a price in force before and after, which an index finds: their months are looked up one by one
SELECT p.from_period, p.customer, 'plan', nudge.attribute_label('plan', p.opening_plan), nudge.attribute_label('plan', p.plan), f.currency, f.opening_mrr::numeric(24,6), f.closing_mrr::numeric(24,6), f.complete
FROM nudge_analytics.customer_products_then p, LATERAL (SELECT r.* FROM nudge_analytics.fact_revenue r WHERE r.customer = p.customer AND r.period = p.from_period AND r.opening_mrr <> 0 AND r.closing_mrr <> 0 OFFSET 0) f WHERE p.plan_moves
UNION ALL
SELECT p.from_period, p.customer, 'product_mix', nudge.attribute_label('product_mix', p.opening_product_mix), nudge.attribute_label('product_mix', p.product_mix), f.currency, f.opening_mrr::numeric(24,6), f.closing_mrr::numeric(24,6), f.complete
FROM nudge_analytics.customer_products_then p, LATERAL (SELECT r.* FROM nudge_analytics.fact_revenue r WHERE r.customer = p.customer AND r.period = p.from_period AND r.opening_mrr <> 0 AND r.closing_mrr <> 0 OFFSET 0) f WHERE p.product_mix_moves$query$,
	'Customers that moved', 'One row per customer, dimension, currency and month in which it closed with another value than it opened. Who is behind the transfers of mrr_monthly_then, but for those of tenure, which time alone makes.', 'Each dimension has all customers: do not add dimensions; currencies are not to be added.',
	'{"period_start": "First day of the month, in the zone of deploy()", "customer": "Customer", "dimension": "plan or product_mix; if dimension_history is mapped, segment, industry, company_size, region, growth_tier or sales_channel too", "from_value": "Value as the month opened", "to_value": "Value as the month closed, or so far", "currency": "Currency of the amounts",
	"opening_mrr": "MRR of the customer as the month opened: what is transferred", "closing_mrr": "MRR of the customer as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "from_value": "type/Category", "to_value": "type/Category", "currency": "type/Category", "opening_mrr": "type/Currency", "closing_mrr": "type/Currency"}', '{"opening_mrr": "Opening MRR", "closing_mrr": "Closing MRR"}');
