/*
 * marts_customers.sql
 *		Shipped materialisations about who there is: customers, users, plans.
 *
 * Rules: doc/marts.md.
 */

-- Every customer of fact_revenue is in dim_customers, even one that customers
-- does not have.  What is in force is what is just before as_of(), as in
-- mrr_waterfall, so that the sums are its closing MRR: hence the microsecond.
-- Two rows of a key are an error, as in the reports, and put that key aside: in
-- a column and not in WHERE, so that the other keys can still be listed.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('dim_customers', 'customers', 150, 'mart', '{customers,subscriptions}', 'customer', '{customer}', $query$
SELECT k.customer, c.name, c.created_at, c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.owner, c.initial_amount, coalesce(c.internal, false) AS internal,
	CASE WHEN r.first_at IS NULL THEN 'never_paid' WHEN r.currencies > 0 THEN 'active' ELSE 'churned' END AS status,
	nudge.civil_date(r.first_at, {zone}) AS first_revenue_day,
	CASE WHEN r.currencies = 0 THEN nudge.civil_date(r.last_at - interval '1 microsecond', {zone}) END AS last_revenue_day,
	CASE WHEN r.first_at IS NULL THEN upper(btrim(c.currency)) WHEN r.currencies <= 1 THEN r.currency END AS currency,
	CASE WHEN r.currencies > 1 THEN NULL ELSE coalesce(r.mrr, 0.00) END AS current_mrr,
	CASE WHEN nudge.check_unique_key('customers', CASE WHEN k.n > 1 THEN k.customer END) THEN nudge.bucket(k.customer, {buckets}) END AS bucket
FROM (SELECT u.customer, sum(u.n) AS n FROM (SELECT a.customer, 1 AS n FROM nudge_staging.customers a UNION ALL SELECT m.customer, 0 FROM nudge_analytics.customer_mrr m) u GROUP BY u.customer) k
LEFT JOIN nudge_staging.customers c ON c.customer = k.customer
LEFT JOIN LATERAL (
	SELECT min(m.first_at) AS first_at, max(m.last_at) AS last_at, count(m.mrr) AS currencies, sum(m.mrr) AS mrr,
		CASE WHEN count(m.mrr) = 1 THEN max(m.currency) FILTER (WHERE m.mrr IS NOT NULL) WHEN count(m.mrr) = 0 AND count(*) = 1 THEN max(m.currency) END AS currency
	FROM (
		SELECT s.currency, min(p.valid_from) AS first_at, max(p.valid_to) AS last_at,
			sum(p.mrr) FILTER (WHERE p.valid_to IS NULL OR p.valid_to >= nudge.as_of()) AS mrr
		FROM nudge_analytics.customer_mrr s, LATERAL nudge.mrr_periods(s.state) p
		WHERE s.customer = k.customer AND p.mrr > 0 AND p.valid_from < nudge.as_of()
		GROUP BY s.currency) m) r ON true$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s$clock$, NULL,
	'Customers, with what they pay now. Grain: customer of customers or subscriptions; days are those of the zone of deploy()',
	'{"customer": "Customer", "name": "What it is called", "created_at": "When it came to be", "segment": "Segment now", "industry": "Industry", "company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth",
	"sales_channel": "How it is sold to", "owner": "Who looks after it", "initial_amount": "First recurring amount agreed", "internal": "Own staff or a test account", "status": "active with MRR now, churned without but with some before, never_paid",
	"first_revenue_day": "First day with MRR; NULL if never", "last_revenue_day": "Last day with MRR; NULL if it has some now, or never had", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies: fact_revenue has each", "bucket": "Hash bucket of the customer"}'),
('dim_users', 'customers', 151, 'mart', '{users}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.signed_up_at, nudge.civil_date(u.signed_up_at, {zone}) AS signed_up_day, u.plan, u.role, coalesce(u.internal, false) AS internal,
	CASE WHEN nudge.check_unique_key('users', CASE WHEN u.n > 1 THEN u."user" END) THEN nudge.bucket(u."user", {buckets}) END AS bucket
FROM (SELECT a.*, count(*) OVER (PARTITION BY a."user") AS n FROM nudge_staging.users a) u$query$, NULL, NULL,
	'Users. Grain: user; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs, as in dim_customers", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it", "plan": "Plan of the user", "role": "Role in the account",
	"internal": "Own staff or a test user", "bucket": "Hash bucket of the user"}'),
('dim_plans', 'customers', 152, 'mart', '{plans}', 'plan', '{plan}', $query$
SELECT p.plan, CASE WHEN nudge.check_unique_key('plans', CASE WHEN p.n > 1 THEN p.plan END) THEN p.family END AS family, p.tier, p.kind, p.list_price, p.interval_unit FROM (SELECT a.*, count(*) OVER (PARTITION BY a.plan) AS n FROM nudge_staging.plans a) p$query$, NULL, NULL,
	'Plans and add-ons. Grain: plan',
	'{"plan": "Plan or add-on", "family": "Plans of which it is one", "tier": "Its rank among them", "kind": "plan or addon", "list_price": "Price without any discount; NULL if agreed one by one", "interval_unit": "What the price is for: day, week, month, quarter or year"}');
