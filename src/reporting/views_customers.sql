/*
 * views_customers.sql
 *		Shipped views about who there is: customers, users, plans.
 *
 * Rules: doc/reporting.md; definitions: doc/marts.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('customer_details', 'customers', 1200, '{dim_customers}', $query$
SELECT r.customer, r.name AS customer_name, CASE WHEN isfinite(r.created_at) THEN r.created_at END AS created_at, r.segment, r.industry, r.company_size, r.region, r.growth_tier, r.sales_channel,
	r.owner AS account_owner, nudge.finite(r.initial_amount)::numeric(24,6) AS initial_amount, r.internal AS is_internal, r.status AS customer_status, r.first_revenue_day, r.last_revenue_day,
	r.currency, r.current_mrr::numeric(24,6) AS current_mrr, k.data_as_of AS as_of
FROM nudge_analytics.dim_customers r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'dim_customers') k$query$,
	'Customers', 'One row per customer. Who they are, and what they pay now; days are those of the zone of deploy().',
	'Amounts of different currencies are not to be added.',
	'{"customer": "Customer: column customer of other views", "customer_name": "What it is called", "created_at": "When it came to be", "segment": "Segment now", "industry": "Industry",
	"company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth", "sales_channel": "How it is sold to", "account_owner": "Who looks after it",
	"initial_amount": "First recurring amount agreed", "is_internal": "Own staff or a test account", "customer_status": "active with MRR now, churned without but with some before, never_paid",
	"first_revenue_day": "First day with MRR; NULL if never", "last_revenue_day": "Last day with MRR; NULL if it has some now, or never had", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies: fact_revenue has each", "as_of": "All that was committed before this instant is in it"}',
	'{"customer": "type/PK", "segment": "type/Category", "industry": "type/Category", "company_size": "type/Category", "region": "type/Category", "growth_tier": "type/Category", "sales_channel": "type/Category",
	"account_owner": "type/Category", "initial_amount": "type/Currency", "customer_status": "type/Category", "currency": "type/Category", "current_mrr": "type/Currency"}',
	'{"current_mrr": "Current MRR"}'),

('user_details', 'customers', 1210, '{dim_users}', $query$
SELECT r."user" AS user_id, r.customer, CASE WHEN isfinite(r.signed_up_at) THEN r.signed_up_at END AS signed_up_at, CASE WHEN isfinite(r.signed_up_day) THEN r.signed_up_day END AS signed_up_day,
	r.plan, r.role AS user_role, r.internal AS is_internal, k.data_as_of AS as_of
FROM nudge_analytics.dim_users r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'dim_users') k$query$,
	'Users', 'One row per user. Who they are, and to whose account they belong; days are those of the zone of deploy().',
	NULL,
	'{"user_id": "User: as in the sources", "customer": "Account to which the user belongs: column customer of customer_details", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it",
	"plan": "Plan of the user", "user_role": "Role in the account", "is_internal": "Own staff or a test user", "as_of": "All that was committed before this instant is in it"}',
	'{"user_id": "type/PK", "customer": "type/FK", "plan": "type/Category", "user_role": "type/Category"}',
	'{}'),

('plan_details', 'customers', 1220, '{dim_plans}', $query$
SELECT r.plan, r.family AS plan_family, r.tier AS plan_tier, r.kind AS plan_kind, nudge.finite(r.list_price)::numeric(24,6) AS list_price, r.interval_unit, k.data_as_of AS as_of
FROM nudge_analytics.dim_plans r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'dim_plans') k$query$,
	'Plans', 'One row per plan or add-on. What can be bought, and its list price.',
	'List prices are not what customers pay.',
	'{"plan": "Plan or add-on", "plan_family": "Plans of which it is one", "plan_tier": "Its rank among them", "plan_kind": "plan or addon", "list_price": "Price without any discount; NULL if agreed one by one",
	"interval_unit": "What the price is for: day, week, month, quarter or year", "as_of": "All that was committed before this instant is in it"}',
	'{"plan": "type/PK", "plan_family": "type/Category", "plan_tier": "type/Category", "plan_kind": "type/Category", "list_price": "type/Currency", "interval_unit": "type/Category"}',
	'{}');
