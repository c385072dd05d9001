/*
 * presets_accounts.sql
 *		The presets of sales and support: HubSpot, Salesforce, Intercom, Zendesk.
 *
 * Rules: doc/presets.md.
 */

INSERT INTO nudge.shipped_presets (preset, source, input, zone, words, note, tables, query)
SELECT v.preset, v.source, v.source, 'UTC', v.words, v.note, v.tables, v.query
FROM (VALUES
('hubspot', 'customers', NULL::jsonb, 'Companies of HubSpot by Fivetran whose stage of life is customer, or that have none', jsonb '{
	"company": {"id": "text!", "property_createdate": "timestamptz!", "property_name": "text", "property_industry": "text", "property_country": "text", "property_numberofemployees": "text", "property_lifecyclestage": "text",
		"property_hs_lifecyclestage_customer_date": "timestamptz", "property_hubspot_owner_id": "text", "is_deleted": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT c.id AS customer, coalesce(c.property_hs_lifecyclestage_customer_date, c.property_createdate) AS created_at, c.property_name AS name, c.property_industry AS industry, c.property_numberofemployees AS company_size, c.property_country AS region, c.property_hubspot_owner_id AS owner
FROM {{company}} AS c
WHERE NOT coalesce(c.is_deleted, false) AND NOT coalesce(c._fivetran_deleted, false) AND coalesce(lower(c.property_lifecyclestage), 'customer') IN ('customer', 'evangelist')
$query$),
('hubspot', 'deals', NULL, 'Deals of HubSpot by Fivetran. The currency is that of the deal, else the one passed', '{
	"deal": {"deal_id": "text!", "deal_pipeline_stage_id": "text!", "property_createdate": "timestamptz!", "property_amount": "numeric!", "property_closedate": "timestamptz", "property_deal_currency_code": "text", "owner_id": "text", "deal_pipeline_id": "text",
		"property_closed_lost_reason": "text", "property_closed_won_reason": "text", "is_deleted": "boolean", "_fivetran_deleted": "boolean"},
	"deal_pipeline_stage": {"stage_id": "text!", "label": "text", "is_closed": "boolean", "closed_won": "boolean!"},
	"deal_company": {"deal_id": "text", "company_id": "text", "type_id": "numeric"},
	"merged_deal": {"deal_id": "text", "merged_deal_id": "text"}
}', $query$
SELECT d.deal_id AS deal, (SELECT k.company_id FROM {{deal_company}} AS k WHERE k.deal_id = d.deal_id ORDER BY k.type_id IS DISTINCT FROM 5, k.company_id LIMIT 1) AS customer, d.property_createdate AS created_at, coalesce(d.property_amount, 0) AS amount,
	upper(coalesce(d.property_deal_currency_code, {{currency}})) AS currency, coalesce(s.label, d.deal_pipeline_stage_id) AS stage,
	-- the close date of an open deal is when it is expected to close
	CASE WHEN o.is_over THEN greatest(d.property_closedate, d.property_createdate) END AS closed_at, CASE WHEN s.closed_won THEN 'won' WHEN o.is_over THEN 'lost' END AS outcome, d.owner_id AS owner, d.deal_pipeline_id AS team,
	CASE WHEN s.closed_won THEN d.property_closed_won_reason WHEN o.is_over THEN d.property_closed_lost_reason END AS reason, CASE WHEN NOT o.is_over THEN (d.property_closedate AT TIME ZONE {{zone}})::date END AS expected_close
FROM {{deal}} AS d
LEFT JOIN {{deal_pipeline_stage}} AS s ON s.stage_id = d.deal_pipeline_stage_id
CROSS JOIN LATERAL (SELECT coalesce(s.is_closed OR s.closed_won, false) AS is_over) AS o
WHERE NOT coalesce(d.is_deleted, false) AND NOT coalesce(d._fivetran_deleted, false) AND NOT EXISTS (SELECT FROM {{merged_deal}} AS m WHERE m.merged_deal_id = d.deal_id AND m.deal_id <> d.deal_id)
$query$),
('hubspot', 'deal_stages', NULL, 'Stages that deals of HubSpot entered, by Fivetran', '{
	"deal_stage": {"deal_id": "text!", "value": "text!", "date_entered": "timestamptz!"},
	"deal_pipeline_stage": {"stage_id": "text!", "label": "text"}
}', $query$
SELECT DISTINCT h.deal_id AS deal, coalesce(s.label, h.value) AS stage, h.date_entered AS at
FROM {{deal_stage}} AS h LEFT JOIN {{deal_pipeline_stage}} AS s ON s.stage_id = h.value
WHERE h.date_entered IS NOT NULL
$query$),
('hubspot', 'activities', NULL, 'Engagements of HubSpot by Fivetran: calls, mails, meetings, notes and tasks; without an owner they are not read', '{
	"engagement": {"id": "text!", "type": "text!", "timestamp": "timestamptz!", "owner_id": "text!", "active": "boolean", "_fivetran_deleted": "boolean"},
	"engagement_deal": {"engagement_id": "text", "deal_id": "text"}
}', $query$
SELECT e.owner_id AS owner, e.timestamp AS at, lower(e.type) AS kind, (SELECT min(k.deal_id) FROM {{engagement_deal}} AS k WHERE k.engagement_id = e.id) AS deal
FROM {{engagement}} AS e WHERE coalesce(e.active, true) AND NOT coalesce(e._fivetran_deleted, false) AND e.owner_id IS NOT NULL
$query$),
('hubspot', 'leads', NULL, 'Stages of life that contacts of HubSpot entered, by Fivetran', '{
	"contact_property_history": {"contact_id": "text!", "name": "text!", "value": "text!", "timestamp": "timestamptz!"},
	"contact": {"id": "text", "property_hs_analytics_source": "text", "property_associatedcompanyid": "text", "_fivetran_deleted": "boolean"}
}', $query$
SELECT h.contact_id AS lead, CASE WHEN lower(h.value) IN ('customer', 'evangelist') THEN c.property_associatedcompanyid END AS customer, lower(h.value) AS stage, min(h.timestamp) AS at, lower(c.property_hs_analytics_source) AS source
FROM {{contact_property_history}} AS h LEFT JOIN {{contact}} AS c ON c.id = h.contact_id
WHERE h.name = 'lifecyclestage' AND h.value <> '' AND NOT coalesce(c._fivetran_deleted, false)
GROUP BY 1, 2, 3, 5
$query$),
('hubspot', 'tickets', NULL, 'Tickets of HubSpot by Fivetran that belong to a company', '{
	"ticket": {"id": "text!", "property_createdate": "timestamptz!", "property_first_agent_reply_date": "timestamptz", "property_closed_date": "timestamptz", "property_hs_ticket_priority": "text", "property_hs_ticket_category": "text", "property_hubspot_owner_id": "text",
		"is_deleted": "boolean", "_fivetran_deleted": "boolean"},
	"ticket_company": {"ticket_id": "text!", "company_id": "text!"}
}', $query$
SELECT t.id AS ticket, c.company_id AS customer, t.property_createdate AS opened_at, t.property_first_agent_reply_date AS first_response_at, t.property_closed_date AS resolved_at, lower(coalesce(nullif(t.property_hs_ticket_priority, ''), 'none')) AS priority,
	t.property_hs_ticket_category AS category, t.property_hubspot_owner_id AS agent
FROM {{ticket}} AS t CROSS JOIN LATERAL (SELECT min(k.company_id) AS company_id FROM {{ticket_company}} AS k WHERE k.ticket_id = t.id) AS c
WHERE NOT coalesce(t.is_deleted, false) AND NOT coalesce(t._fivetran_deleted, false) AND c.company_id IS NOT NULL
$query$),
('salesforce', 'customers', NULL, 'Accounts of Salesforce by Fivetran whose type says customer, or that have none', '{
	"account": {"id": "text!", "created_date": "timestamptz!", "name": "text", "industry": "text", "type": "text", "number_of_employees": "text", "billing_country": "text", "owner_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT a.id AS customer, a.created_date AS created_at, a.name, a.industry, a.number_of_employees AS company_size, a.billing_country AS region, a.owner_id AS owner
FROM {{account}} AS a
WHERE coalesce(a._fivetran_active, true) AND NOT coalesce(a.is_deleted, false) AND NOT coalesce(a._fivetran_deleted, false) AND coalesce(a.type, 'customer') ILIKE '%customer%'
$query$),
('salesforce', 'deals', NULL, 'Opportunities of Salesforce by Fivetran. The currency is that of the opportunity, else the one passed; one closes at the beginning of its close date', '{
	"opportunity": {"id": "text!", "account_id": "text", "created_date": "timestamptz!", "amount": "numeric!", "currency_iso_code": "text", "stage_name": "text!", "close_date": "date!", "is_closed": "boolean!", "is_won": "boolean!", "owner_id": "text",
		"is_deleted": "boolean", "_fivetran_active": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT o.id AS deal, o.account_id AS customer, o.created_date AS created_at, coalesce(o.amount, 0) AS amount, upper(coalesce(o.currency_iso_code, {{currency}})) AS currency, o.stage_name AS stage,
	CASE WHEN o.is_closed THEN greatest(o.close_date::timestamp AT TIME ZONE {{zone}}, o.created_date) END AS closed_at, CASE WHEN o.is_won THEN 'won' WHEN o.is_closed THEN 'lost' END AS outcome, o.owner_id AS owner,
	CASE WHEN NOT o.is_closed THEN o.close_date END AS expected_close
FROM {{opportunity}} AS o
WHERE coalesce(o._fivetran_active, true) AND NOT coalesce(o.is_deleted, false) AND NOT coalesce(o._fivetran_deleted, false)
$query$),
('salesforce', 'deal_stages', NULL, 'Stages that opportunities of Salesforce entered, by the history object', '{
	"opportunity_history": {"id": "text!", "opportunity_id": "text!", "stage_name": "text!", "created_date": "timestamptz!", "is_deleted": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
-- there is a row for a change of the amount or the close date too
SELECT h.opportunity_id AS deal, h.stage_name AS stage, h.created_date AS at
FROM (SELECT k.*, lag(k.stage_name) OVER (PARTITION BY k.opportunity_id ORDER BY k.created_date, k.id) AS before FROM {{opportunity_history}} AS k WHERE NOT coalesce(k.is_deleted, false) AND NOT coalesce(k._fivetran_deleted, false)) AS h
WHERE h.stage_name IS DISTINCT FROM h.before
$query$),
('salesforce', 'activities', NULL, 'Tasks that are done and events of Salesforce by Fivetran', '{
	"task": {"owner_id": "text!", "created_date": "timestamptz!", "completed_date_time": "timestamptz", "is_closed": "boolean!", "task_subtype": "text", "type": "text", "what_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean"},
	"event": {"owner_id": "text", "created_date": "timestamptz", "start_date_time": "timestamptz", "what_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean"}
}', $query$
SELECT t.owner_id AS owner, coalesce(t.completed_date_time, t.created_date) AS at, lower(coalesce(t.task_subtype, t.type, 'task')) AS kind, CASE WHEN t.what_id LIKE '006%' THEN t.what_id END AS deal
FROM {{task}} AS t WHERE t.is_closed AND coalesce(t._fivetran_active, true) AND NOT coalesce(t.is_deleted, false)
UNION ALL
SELECT e.owner_id, coalesce(e.start_date_time, e.created_date), 'meeting', CASE WHEN e.what_id LIKE '006%' THEN e.what_id END
FROM {{event}} AS e WHERE coalesce(e._fivetran_active, true) AND NOT coalesce(e.is_deleted, false)
$query$),
('salesforce', 'leads', NULL, 'Leads of Salesforce by Fivetran: when they were made and when they were converted; the stages between are not there', '{
	"lead": {"id": "text!", "created_date": "timestamptz!", "lead_source": "text", "is_converted": "boolean!", "converted_date": "timestamptz!", "converted_account_id": "text", "is_deleted": "boolean", "_fivetran_active": "boolean"}
}', $query$
SELECT l.id AS lead, CASE s.stage WHEN 'converted' THEN l.converted_account_id END AS customer, s.stage, s.at, l.lead_source AS source
FROM {{lead}} AS l
-- the day of a conversion is not before the lead was made
CROSS JOIN LATERAL (VALUES ('lead', l.created_date), ('converted', CASE WHEN l.is_converted THEN greatest(l.converted_date, l.created_date) END)) AS s(stage, at)
WHERE s.at IS NOT NULL AND coalesce(l._fivetran_active, true) AND NOT coalesce(l.is_deleted, false)
$query$),
('intercom', 'customers', NULL, 'Companies of Intercom by Fivetran, as they are now', '{
	"company_history": {"id": "text!", "created_at": "timestamptz!", "name": "text", "industry": "text", "plan_name": "text", "_fivetran_active": "boolean"}
}', $query$
SELECT c.id AS customer, c.created_at, c.name, c.plan_name AS segment, c.industry
FROM {{company_history}} AS c WHERE coalesce(c._fivetran_active, true)
$query$),
('intercom', 'users', NULL, 'Contacts of Intercom by Fivetran that are users, with one of their companies', '{
	"contact_history": {"id": "text!", "role": "text", "signed_up_at": "timestamptz", "created_at": "timestamptz!", "_fivetran_active": "boolean"},
	"contact_company_history": {"contact_id": "text", "company_id": "text", "_fivetran_active": "boolean"}
}', $query$
SELECT c.id AS "user", (SELECT min(k.company_id) FROM {{contact_company_history}} AS k WHERE k.contact_id = c.id AND coalesce(k._fivetran_active, true)) AS customer, coalesce(c.signed_up_at, c.created_at) AS signed_up_at
FROM {{contact_history}} AS c WHERE coalesce(c._fivetran_active, true) AND coalesce(c.role, 'user') = 'user'
$query$),
('intercom', 'tickets', NULL, 'Conversations of Intercom by Fivetran with contacts of a company. Answers by bots are no answers', '{
	"conversation_history": {"id": "text!", "created_at": "timestamptz!", "state": "text!", "updated_at": "timestamptz", "priority": "text", "source_type": "text", "assignee_id": "text", "conversation_rating_value": "numeric", "_fivetran_active": "boolean"},
	"conversation_contact_history": {"conversation_id": "text!", "contact_id": "text!", "_fivetran_active": "boolean"},
	"contact_company_history": {"contact_id": "text!", "company_id": "text!", "_fivetran_active": "boolean"},
	"conversation_part_history": {"conversation_id": "text!", "author_type": "text!", "part_type": "text!", "created_at": "timestamptz!", "body": "text", "_fivetran_active": "boolean"}
}', $query$
SELECT c.id AS ticket, k.company_id AS customer, c.created_at AS opened_at, p.first_answer AS first_response_at, CASE c.state WHEN 'closed' THEN coalesce(p.last_close, c.updated_at) END AS resolved_at,
	CASE WHEN p.last_open > p.first_close THEN p.last_open END AS reopened_at, lower(coalesce(nullif(c.priority, ''), 'none')) AS priority, c.source_type AS category, c.conversation_rating_value AS csat, (1 + coalesce(p.contacts, 0))::integer AS contacts, c.assignee_id AS agent
FROM {{conversation_history}} AS c
LEFT JOIN (
	SELECT x.conversation_id, min(y.company_id) AS company_id FROM {{conversation_contact_history}} AS x JOIN {{contact_company_history}} AS y ON y.contact_id = x.contact_id
	WHERE coalesce(x._fivetran_active, true) AND coalesce(y._fivetran_active, true) GROUP BY x.conversation_id
) AS k ON k.conversation_id = c.id
LEFT JOIN (
	SELECT h.conversation_id, min(h.created_at) FILTER (WHERE h.author_type = 'admin' AND h.part_type IN ('comment', 'close', 'open') AND coalesce(h.body, '-') <> '') AS first_answer, min(h.created_at) FILTER (WHERE h.part_type = 'close') AS first_close,
		max(h.created_at) FILTER (WHERE h.part_type = 'close') AS last_close, max(h.created_at) FILTER (WHERE h.part_type = 'open') AS last_open,
		count(*) FILTER (WHERE h.author_type IN ('user', 'lead', 'contact') AND h.part_type IN ('comment', 'open')) AS contacts
	FROM {{conversation_part_history}} AS h WHERE coalesce(h._fivetran_active, true) GROUP BY h.conversation_id
) AS p ON p.conversation_id = c.id
WHERE coalesce(c._fivetran_active, true) AND k.company_id IS NOT NULL
$query$),
('zendesk', 'customers', NULL, 'Organizations of Zendesk by Fivetran', '{
	"organization": {"id": "text!", "created_at": "timestamptz!", "name": "text", "_fivetran_deleted": "boolean"}
}', $query$
SELECT o.id AS customer, o.created_at, o.name FROM {{organization}} AS o WHERE NOT coalesce(o._fivetran_deleted, false)
$query$),
('zendesk', 'tickets', NULL, 'Tickets of Zendesk by Fivetran that belong to an organization, of its own or by who asked. The first answer is the first public comment of an agent', '{
	"ticket": {"id": "text!", "requester_id": "text!", "organization_id": "text", "created_at": "timestamptz!", "status": "text!", "priority": "text", "type": "text", "assignee_id": "text", "_fivetran_deleted": "boolean"},
	"user": {"id": "text!", "role": "text!", "organization_id": "text"},
	"ticket_comment": {"ticket_id": "text", "user_id": "text", "created": "timestamptz", "public": "boolean", "_fivetran_deleted": "boolean"},
	"ticket_field_history": {"ticket_id": "text", "field_name": "text", "value": "text", "updated": "timestamptz"}
}', $query$
SELECT t.id AS ticket, coalesce(t.organization_id, r.organization_id) AS customer, t.created_at AS opened_at, c.first_answer AS first_response_at,
	CASE WHEN t.status IN ('solved', 'closed') THEN h.last_solved END AS resolved_at, h.reopened_at, lower(coalesce(nullif(t.priority, ''), 'none')) AS priority, t.type AS category, coalesce(c.contacts, 0)::integer AS contacts, t.assignee_id AS agent
FROM {{ticket}} AS t
LEFT JOIN {{user}} AS r ON r.id = t.requester_id
LEFT JOIN (
	SELECT k.ticket_id, min(k.created) FILTER (WHERE a.role IN ('agent', 'admin') AND k.user_id <> o.requester_id) AS first_answer, count(*) FILTER (WHERE a.role NOT IN ('agent', 'admin')) AS contacts
	FROM {{ticket_comment}} AS k JOIN {{ticket}} AS o ON o.id = k.ticket_id LEFT JOIN {{user}} AS a ON a.id = k.user_id WHERE coalesce(k.public, true) AND NOT coalesce(k._fivetran_deleted, false) GROUP BY k.ticket_id
) AS c ON c.ticket_id = t.id
CROSS JOIN LATERAL (
	-- since it was last not solved: that it is closed after some days is not when it was solved
	SELECT min(s.updated) FILTER (WHERE s.value IN ('solved', 'closed') AND s.updated > coalesce(s.last_other, '-infinity')) AS last_solved, max(s.updated) FILTER (WHERE s.before IN ('solved', 'closed') AND s.value NOT IN ('solved', 'closed', 'deleted')) AS reopened_at
	FROM (SELECT f.value, f.updated, lag(f.value) OVER (ORDER BY f.updated) AS before, max(f.updated) FILTER (WHERE f.value NOT IN ('solved', 'closed')) OVER () AS last_other
		FROM {{ticket_field_history}} AS f WHERE f.ticket_id = t.id AND f.field_name = 'status') AS s
) AS h
WHERE NOT coalesce(t._fivetran_deleted, false) AND t.status <> 'deleted' AND coalesce(t.organization_id, r.organization_id) IS NOT NULL
$query$)
) v(preset, source, words, note, tables, query);
