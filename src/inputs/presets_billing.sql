/*
 * presets_billing.sql
 *		The presets of other billing systems: Chargebee, Recurly, Kill Bill.
 *
 * Rules: doc/presets.md.
 */

-- Chargebee, whose loaders agree on the columns of the API: those that keep its
-- names have tables in the plural with lists as JSON, Fivetran in the singular.
-- Of the first product catalogue a subscription has one plan and no list.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, amount_scale, note, tables, query)
SELECT 'chargebee', v.source, n.variant, v.source, 'UTC', v.scale, v.note,
	(SELECT jsonb_object_agg(t.key || CASE n.variant WHEN 1 THEN 's' ELSE '' END, t.value) FROM jsonb_each(v.tables) t),
	CASE n.variant WHEN 1 THEN regexp_replace(v.query, '\{\{(\w+)\}\}', '{{\1s}}', 'g') ELSE v.query END
FROM (VALUES
('customers', NULL::jsonb, 'Chargebee, as the loaders that keep the names of its API write it. Names and addresses of e-mail are not read', jsonb '{
	"customer": {"id": "text!", "created_at": "epoch!", "preferred_currency_code": "text", "billing_address": "jsonb", "billing_address_country": "text"}
}', $query$
SELECT c.id AS customer, c.created_at, upper(c.preferred_currency_code) AS currency, coalesce(c.billing_address_country, c.billing_address ->> 'country') AS region
FROM {{customer}} AS c
$query$),
('plans', NULL, 'Item prices of Chargebee of plans and add-ons; of the first product catalogue there are none', '{
	"item_price": {"id": "text!", "item_id": "text", "item_type": "text!", "price": "numeric!", "currency_code": "text!", "period": "numeric!", "period_unit": "text!"}
}', $query$
SELECT p.id AS plan, p.item_id AS family, u.unit AS interval_unit, p.item_type AS kind, nullif(jsonb_strip_nulls(jsonb_build_object('currency', upper(p.currency_code))), '{}') AS attributes,
	trim_scale(p.price / u.units * CASE nudge.source_minor_unit(p.currency_code) WHEN 0 THEN 1 WHEN 3 THEN 0.001 WHEN 4 THEN 0.0001 ELSE 0.01 END) AS list_price
FROM {{item_price}} AS p
CROSS JOIN LATERAL (SELECT CASE WHEN p.period_unit = 'month' AND p.period = 3 THEN 'quarter' WHEN p.period_unit = 'month' AND p.period = 12 THEN 'year' ELSE p.period_unit END AS unit,
	CASE WHEN p.period_unit = 'month' AND p.period IN (3, 12) THEN 1 ELSE p.period END AS units) AS u
WHERE p.item_type IN ('plan', 'addon')
$query$),
('subscriptions', '"iso"', 'Chargebee: what each subscription is now. Earlier plans, quantities, pauses and trials are not there, and neither are taxes within prices', '{
	"subscription": {"id": "text!", "customer_id": "text!", "status": "text!", "currency_code": "text!", "billing_period": "numeric!", "billing_period_unit": "text!", "created_at": "epoch", "start_date": "epoch", "started_at": "epoch",
		"trial_start": "epoch", "trial_end": "epoch", "cancelled_at": "epoch", "cancel_reason": "text", "current_term_end": "epoch", "pause_date": "epoch", "resume_date": "epoch", "due_since": "epoch", "due_invoices_count": "numeric",
		"updated_at": "epoch", "deleted": "boolean", "_fivetran_deleted": "boolean", "subscription_items": "jsonb", "addons": "jsonb", "coupons": "jsonb", "plan_id": "text", "plan_quantity": "numeric", "plan_free_quantity": "numeric", "plan_unit_price": "numeric", "plan_amount": "numeric"},
	"coupon": {"id": "text", "discount_type": "text", "discount_percentage": "numeric", "discount_amount": "numeric", "duration_type": "text", "apply_on": "text"}
}', $query$
WITH subs AS NOT MATERIALIZED (
	SELECT s.*, coalesce(s.started_at, s.start_date, s.created_at) AS begins,
		-- when it is to be cancelled is there before it is; what was deleted ended at the latest with that
		coalesce(s.cancelled_at, CASE s.status WHEN 'non_renewing' THEN s.current_term_end END, CASE WHEN s.deleted OR s._fivetran_deleted THEN s.updated_at END) AS ends
	FROM {{subscription}} AS s
), lines AS MATERIALIZED (
	SELECT s.id AS subscription, e.line ->> 'item_price_id' AS plan, coalesce(e.line ->> 'item_type', 'plan') AS kind, (e.line ->> 'quantity')::numeric AS quantity, (e.line ->> 'free_quantity')::numeric AS free_quantity,
		(e.line ->> 'unit_price')::numeric AS unit_price, (e.line ->> 'amount')::numeric AS amount, e.line ->> 'trial_end' AS trial_end, e.line ->> 'metered_quantity' IS NOT NULL AS metered, (e.line ->> 'billing_period')::numeric AS period, e.line ->> 'billing_period_unit' AS unit
	FROM subs AS s, jsonb_array_elements(CASE jsonb_typeof(s.subscription_items) WHEN 'array' THEN s.subscription_items ELSE '[]' END) AS e(line)
	UNION ALL
	SELECT s.id, s.plan_id, 'plan', s.plan_quantity, s.plan_free_quantity, s.plan_unit_price, s.plan_amount, NULL, false, NULL, NULL
	FROM subs AS s WHERE s.plan_id IS NOT NULL AND (s.subscription_items IS NULL OR s.subscription_items IN ('[]', 'null'))
	UNION ALL
	SELECT s.id, e.line ->> 'id', 'addon', (e.line ->> 'quantity')::numeric, NULL, (e.line ->> 'unit_price')::numeric, (e.line ->> 'amount')::numeric, NULL, false, NULL, NULL
	FROM subs AS s, jsonb_array_elements(CASE jsonb_typeof(s.addons) WHEN 'array' THEN s.addons ELSE '[]' END) AS e(line)
), items AS MATERIALIZED (
	-- an amount that is not quantity times price, as of tiers, stands for all of the quantity
	SELECT s.customer_id AS customer, s.id AS subscription, s.id || ':' || CASE l.kind WHEN 'plan' THEN 'plan' ELSE l.plan END AS item, l.plan, s.begins, s.ends, s.trial_start AS trial_from,
		CASE WHEN s.status <> 'in_trial' THEN coalesce(s.trial_end, CASE WHEN l.trial_end ~ '^[0-9.]+$' THEN to_timestamp(l.trial_end::double precision) ELSE l.trial_end::timestamptz END) END AS trial_to,
		CASE WHEN l.metered THEN coalesce(l.unit_price, 0) WHEN l.amount IS NULL OR l.unit_price * u.units = l.amount THEN l.unit_price ELSE l.amount END AS amount,
		lower(coalesce(l.unit, s.billing_period_unit)) AS interval_unit, coalesce(l.period, s.billing_period, 1)::integer AS interval_count,
		CASE WHEN l.metered THEN NULL WHEN l.amount IS NULL OR l.unit_price * u.units = l.amount THEN u.units ELSE 1 END AS quantity,
		upper(s.currency_code) AS currency, l.metered AS usage, s.created_at AS booked_at,
		CASE WHEN s.cancelled_at IS NOT NULL THEN CASE WHEN s.cancel_reason <> '' THEN 'involuntary' ELSE 'voluntary' END END AS end_reason
	FROM subs AS s
	JOIN lines AS l ON l.subscription = s.id
	CROSS JOIN LATERAL (SELECT greatest(coalesce(l.quantity, 1) - coalesce(l.free_quantity, 0), 0) AS units) AS u
	WHERE l.kind <> 'charge'
), totals AS MATERIALIZED (
	SELECT i.subscription, max(i.interval_count * ('1 ' || i.interval_unit)::interval) AS period, sum(i.amount * coalesce(i.quantity, 1)) FILTER (WHERE NOT i.usage) AS amount
	FROM items AS i GROUP BY i.subscription
), discounts AS MATERIALIZED (
	SELECT s.id AS subscription, s.begins AS starts, coalesce(CASE WHEN e.line ->> 'apply_till' ~ '^[0-9.]+$' THEN to_timestamp((e.line ->> 'apply_till')::double precision) ELSE (e.line ->> 'apply_till')::timestamptz END,
			CASE k.duration_type WHEN 'one_time' THEN (s.begins AT TIME ZONE 'UTC' + s.billing_period::double precision * ('1 ' || s.billing_period_unit)::interval) AT TIME ZONE 'UTC' END) AS ends,
		CASE k.discount_type WHEN 'percentage' THEN k.discount_percentage / 100
			ELSE k.discount_amount / nullif(t.amount, 0) END AS share,
		CASE k.duration_type WHEN 'one_time' THEN 'once' WHEN 'forever' THEN 'forever' ELSE 'repeating' END AS kind
	FROM subs AS s
	LEFT JOIN totals AS t ON t.subscription = s.id
	CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(s.coupons) WHEN 'array' THEN s.coupons ELSE '[]' END) AS e(line)
	JOIN {{coupon}} AS k ON k.id = e.line ->> 'coupon_id'
	WHERE coalesce(k.apply_on, 'invoice_amount') = 'invoice_amount'
), statuses AS MATERIALIZED (
	SELECT s.id AS subscription, '-infinity'::timestamptz AS since, CASE WHEN s.status = 'in_trial' THEN 'trialing' WHEN s.status = 'paused' AND s.pause_date IS NULL THEN 'paused' WHEN s.status = 'transferred' THEN 'excluded'
		WHEN s.status IN ('future', 'active', 'non_renewing', 'cancelled', 'paused') THEN 'active' ELSE s.status END AS status
	FROM subs AS s
	UNION ALL
	SELECT s.id, s.pause_date, 'paused' FROM subs AS s WHERE s.pause_date IS NOT NULL AND s.status IN ('paused', 'active', 'non_renewing')
	UNION ALL
	SELECT s.id, s.resume_date, 'active' FROM subs AS s WHERE s.resume_date > s.pause_date AND s.status IN ('paused', 'active', 'non_renewing')
	UNION ALL
	SELECT s.id, s.due_since, 'at_risk' FROM subs AS s WHERE s.due_since IS NOT NULL AND coalesce(s.due_invoices_count, 1) > 0 AND s.status IN ('active', 'non_renewing')
)
--@ include src/inputs/subscription_intervals.sql
$query$),
('payments', '"iso"', 'Transactions of Chargebee: payments and refunds', '{
	"transaction": {"customer_id": "text!", "date": "epoch!", "amount": "numeric!", "currency_code": "text!", "type": "text!", "status": "text!", "payment_method": "text", "error_code": "text", "deleted": "boolean", "_fivetran_deleted": "boolean"}
}', $query$
SELECT t.customer_id AS customer, t.date AS at, t.amount, upper(t.currency_code) AS currency, CASE WHEN t.status <> 'success' THEN 'failed' WHEN t.type = 'refund' THEN 'refunded' ELSE 'paid' END AS outcome,
	t.payment_method AS method, CASE WHEN t.status <> 'success' THEN t.error_code END AS failure
FROM {{transaction}} AS t
WHERE t.customer_id IS NOT NULL AND NOT coalesce(t.deleted, false) AND NOT coalesce(t._fivetran_deleted, false)
	AND (t.type = 'payment' AND t.status IN ('success', 'failure', 'timeout') OR t.type = 'refund' AND t.status = 'success')
$query$)
) v(source, scale, note, tables, query), (VALUES (1), (2)) n(variant);

-- Recurly by Fivetran keeps a row for each change, dated by updated_at, so that
-- prices, quantities and states have a history since the connection began.
INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT 'recurly', v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('customers', 'Accounts of Recurly by Fivetran. Names and addresses of e-mail are not read', jsonb '{
	"account_history": {"id": "text!", "created_at": "timestamptz!", "updated_at": "timestamptz!", "account_country": "text"}
}', $query$
SELECT a.id AS customer, a.created_at, a.account_country AS region
FROM {{account_history}} AS a
WHERE NOT EXISTS (SELECT FROM {{account_history}} AS l WHERE l.id = a.id AND l.updated_at > a.updated_at)
$query$),
('plans', 'Plans of Recurly by Fivetran, with the price in their only currency; without one if they have several', '{
	"plan_history": {"id": "text!", "updated_at": "timestamptz!", "code": "text", "name": "text", "interval_unit": "text!", "interval_length": "numeric!"},
	"plan_currency_history": {"plan_id": "text", "plan_updated_at": "timestamptz", "unit_amount": "numeric"}
}', $query$
SELECT p.id AS plan, coalesce(p.name, p.code) AS family, u.unit AS interval_unit, 'plan' AS kind,
	(SELECT CASE WHEN count(*) = 1 THEN trim_scale(max(c.unit_amount) / u.units) END FROM {{plan_currency_history}} AS c WHERE c.plan_id = p.id AND c.plan_updated_at = p.updated_at) AS list_price,
	nullif(jsonb_strip_nulls(jsonb_build_object('code', p.code)), '{}') AS attributes
FROM {{plan_history}} AS p
CROSS JOIN LATERAL (SELECT CASE WHEN p.interval_unit LIKE 'month%' AND p.interval_length = 3 THEN 'quarter' WHEN p.interval_unit LIKE 'month%' AND p.interval_length = 12 THEN 'year' ELSE rtrim(lower(p.interval_unit), 's') END AS unit,
	CASE WHEN p.interval_unit LIKE 'month%' AND p.interval_length IN (3, 12) THEN 1 ELSE p.interval_length END AS units) AS u
WHERE NOT EXISTS (SELECT FROM {{plan_history}} AS l WHERE l.id = p.id AND l.updated_at > p.updated_at)
$query$),
('subscriptions', 'Recurly by Fivetran: plans, quantities, prices and states over time, since the connection began. Taxes within prices and usage are not there', '{
	"subscription_history": {"id": "text!", "account_id": "text!", "plan_id": "text!", "state": "text!", "created_at": "timestamptz!", "updated_at": "timestamptz!", "activated_at": "timestamptz", "canceled_at": "timestamptz", "expires_at": "timestamptz",
		"trial_started_at": "timestamptz", "trial_ends_at": "timestamptz", "currency": "text!", "unit_amount": "numeric!", "quantity": "numeric", "expiration_reason": "text"},
	"subscription_add_on_history": {"id": "text", "subscription_id": "text", "plan_add_on_id": "text", "quantity": "numeric", "unit_amount": "numeric", "created_at": "timestamptz", "updated_at": "timestamptz", "expired_at": "timestamptz"},
	"plan_history": {"id": "text!", "updated_at": "timestamptz!", "interval_unit": "text!", "interval_length": "numeric!"},
	"coupon_redemption_history": {"id": "text", "account_id": "text", "coupon_id": "text", "created_at": "timestamptz", "updated_at": "timestamptz", "removed_at": "timestamptz"},
	"coupon_discount": {"coupon_id": "text", "type": "text", "percentage": "text", "currency": "text", "amount": "numeric"}
}', $query$
WITH versions AS MATERIALIZED (
	-- what is first known stands for the time before
	SELECT h.*, lag(h.updated_at) OVER w IS NULL AS is_first, lead(h.updated_at) OVER w AS until
	FROM {{subscription_history}} AS h WINDOW w AS (PARTITION BY h.id ORDER BY h.updated_at)
), subs AS MATERIALIZED (
	SELECT v.*, coalesce(v.activated_at, v.created_at) AS begins, v.expires_at AS ends FROM versions AS v WHERE v.until IS NULL
), plans AS MATERIALIZED (
	SELECT p.id, rtrim(lower(p.interval_unit), 's') AS interval_unit, p.interval_length::integer AS interval_count
	FROM {{plan_history}} AS p WHERE NOT EXISTS (SELECT FROM {{plan_history}} AS l WHERE l.id = p.id AND l.updated_at > p.updated_at)
), parts AS MATERIALIZED (
	SELECT v.id AS subscription, v.id AS item, v.plan_id AS plan, v.plan_id AS billed_as, CASE WHEN NOT v.is_first THEN v.updated_at END AS since, v.until, v.unit_amount, v.quantity
	FROM versions AS v
	UNION ALL
	SELECT a.subscription_id, a.id, coalesce(a.plan_add_on_id, a.id), s.plan_id, CASE WHEN lag(a.updated_at) OVER w IS NULL THEN a.created_at ELSE a.updated_at END, least(lead(a.updated_at) OVER w, a.expired_at), a.unit_amount, a.quantity
	FROM {{subscription_add_on_history}} AS a JOIN subs AS s ON s.id = a.subscription_id WINDOW w AS (PARTITION BY a.id ORDER BY a.updated_at)
), items AS MATERIALIZED (
	SELECT s.account_id AS customer, k.subscription, k.item, k.plan, greatest(s.begins, k.since) AS begins, least(s.ends, k.until) AS ends, s.trial_started_at AS trial_from, s.trial_ends_at AS trial_to,
		k.unit_amount AS amount, p.interval_unit, p.interval_count, k.quantity, upper(s.currency) AS currency, false AS usage, s.created_at AS booked_at, k.until IS NULL AS is_last,
		CASE WHEN k.until IS NULL OR k.until >= s.ends THEN CASE WHEN s.expiration_reason LIKE 'nonpayment%' THEN 'involuntary' WHEN s.canceled_at IS NOT NULL OR s.expiration_reason = 'canceled' THEN 'voluntary' END END AS end_reason
	FROM subs AS s
	JOIN parts AS k ON k.subscription = s.id
	LEFT JOIN plans AS p ON p.id = k.billed_as
	WHERE (s.ends IS NULL OR greatest(s.begins, k.since) < s.ends) AND (k.until IS NULL OR k.until > s.begins)
), discounts AS MATERIALIZED (
	SELECT s.id AS subscription, r.created_at AS starts, r.removed_at AS ends,
		CASE d.type WHEN 'percent' THEN nullif(d.percentage, '')::numeric / 100
			ELSE d.amount / nullif(t.amount, 0) END AS share,
		CASE WHEN r.removed_at IS NULL THEN 'forever' ELSE 'repeating' END AS kind
	FROM subs AS s
	LEFT JOIN (SELECT i.customer, i.currency, sum(i.amount * coalesce(i.quantity, 1)) AS amount FROM items AS i WHERE i.is_last GROUP BY 1, 2) AS t ON t.customer = s.account_id AND t.currency = upper(s.currency)
	JOIN {{coupon_redemption_history}} AS r ON r.account_id = s.account_id
	JOIN {{coupon_discount}} AS d ON d.coupon_id = r.coupon_id AND d.type IN ('percent', 'fixed') AND (d.type = 'percent' OR upper(d.currency) = upper(s.currency))
	WHERE NOT EXISTS (SELECT FROM {{coupon_redemption_history}} AS l WHERE l.id = r.id AND l.updated_at > r.updated_at)
), statuses AS MATERIALIZED (
	SELECT v.id AS subscription, CASE WHEN v.is_first THEN '-infinity' ELSE v.updated_at END AS since,
		CASE WHEN v.state IN ('failed', 'pending') THEN 'excluded' WHEN v.state IN ('active', 'canceled', 'expired', 'future') THEN 'active' ELSE v.state END AS status
	FROM versions AS v
)
--@ include src/inputs/subscription_intervals.sql
$query$),
('payments', 'Transactions of Recurly by Fivetran', '{
	"transaction": {"account_id": "text!", "created_at": "timestamptz!", "amount": "numeric!", "currency": "text!", "type": "text!", "success": "boolean!", "voided_at": "timestamptz", "payment_method_object": "text", "status_code": "text"}
}', $query$
SELECT t.account_id AS customer, t.created_at AS at, abs(t.amount) AS amount, upper(t.currency) AS currency, CASE WHEN NOT t.success THEN 'failed' WHEN t.type = 'refund' THEN 'refunded' ELSE 'paid' END AS outcome,
	t.payment_method_object AS method, CASE WHEN NOT t.success THEN t.status_code END AS failure
FROM {{transaction}} AS t
WHERE t.account_id IS NOT NULL AND (t.type IN ('purchase', 'capture') OR t.type = 'refund' AND t.success) AND (t.voided_at IS NULL OR NOT t.success)
$query$)
) v(source, note, tables, query);

-- Kill Bill writes intervals itself.  Its MRR is 0 for what is billed by days or
-- weeks, and rounded to four decimals: the price and the period say it exactly.
INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT 'killbill', v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('customers', 'Accounts of the analytics plugin of Kill Bill; those of the report group test are internal', jsonb '{
	"analytics_accounts": {"account_id": "text!", "created_date": "timestamptz!", "currency": "text", "country": "text", "report_group": "text"}
}', $query$
SELECT a.account_id AS customer, a.created_date AS created_at, upper(a.currency) AS currency, a.country AS region, a.report_group = 'test' AS internal
FROM {{analytics_accounts}} AS a
$query$),
('subscriptions', 'Transitions of the analytics plugin of Kill Bill: plans, phases and prices over time. Discounts are in the price of their phase, what is overdue is not there', '{
	"analytics_subscription_transitions": {"subscription_id": "text!", "account_id": "text!", "bundle_id": "text", "event": "text!", "next_service": "text!", "next_start_date": "timestamptz!", "next_end_date": "timestamptz", "next_slug": "text", "next_product_name": "text!",
		"next_phase": "text", "next_billing_period": "text!", "next_price": "numeric!", "next_currency": "text!", "next_state": "text", "requested_timestamp": "timestamptz", "report_group": "text"}
}', $query$
SELECT t.account_id AS customer, coalesce(t.bundle_id, t.subscription_id) AS subscription, t.subscription_id AS item, coalesce(regexp_replace(t.next_slug, '-(trial|discount|fixedterm|evergreen)$', '', 'i'), t.next_product_name) AS plan,
	t.next_start_date AS valid_from, t.next_end_date AS valid_to, coalesce(t.next_price, 0) AS amount,
	CASE WHEN b.period IN ('DAILY', 'THIRTY_DAYS', 'THIRTY_ONE_DAYS', 'SIXTY_DAYS', 'NINETY_DAYS') THEN 'day' WHEN b.period IN ('WEEKLY', 'BIWEEKLY') THEN 'week'
		WHEN b.period IN ('MONTHLY', 'BIMESTRIAL', 'QUARTERLY', 'TRIANNUAL', 'BIANNUAL', 'SESQUIENNIAL') THEN 'month' WHEN b.period IN ('ANNUAL', 'BIENNIAL', 'TRIENNIAL') THEN 'year'
		WHEN b.period IN ('', 'NO_BILLING_PERIOD') THEN 'none' ELSE lower(b.period) END AS interval_unit,
	CASE b.period WHEN 'THIRTY_DAYS' THEN 30 WHEN 'THIRTY_ONE_DAYS' THEN 31 WHEN 'SIXTY_DAYS' THEN 60 WHEN 'NINETY_DAYS' THEN 90 WHEN 'BIWEEKLY' THEN 2 WHEN 'BIMESTRIAL' THEN 2 WHEN 'QUARTERLY' THEN 3
		WHEN 'TRIANNUAL' THEN 4 WHEN 'BIANNUAL' THEN 6 WHEN 'SESQUIENNIAL' THEN 18 WHEN 'BIENNIAL' THEN 2 WHEN 'TRIENNIAL' THEN 3 ELSE 1 END AS interval_count,
	upper(t.next_currency) AS currency, CASE WHEN t.next_phase = 'TRIAL' THEN 'trialing' WHEN t.next_state = 'BLOCKED' THEN 'excluded' ELSE 'active' END AS status, t.requested_timestamp AS booked_at
FROM {{analytics_subscription_transitions}} AS t
CROSS JOIN LATERAL (SELECT upper(coalesce(t.next_billing_period, '')) AS period) AS b
-- each transition stands there for billing and for blocking too, and reports of its account may be apart
WHERE t.next_service = 'entitlement-service' AND coalesce(t.report_group, 'default') = 'default' AND t.event NOT LIKE 'STOP%' AND t.next_product_name IS NOT NULL AND t.next_start_date IS NOT NULL
$query$),
('payments', 'Purchases and refunds of the analytics plugin of Kill Bill', '{
	"analytics_payment_purchases": {"account_id": "text!", "created_date": "timestamptz!", "amount": "numeric!", "currency": "text!", "payment_transaction_status": "text!", "plugin_pm_type": "text", "plugin_gateway_error_code": "text", "report_group": "text"},
	"analytics_payment_refunds": {"account_id": "text", "created_date": "timestamptz", "amount": "numeric", "currency": "text", "payment_transaction_status": "text", "plugin_pm_type": "text", "report_group": "text"}
}', $query$
SELECT p.account_id AS customer, p.created_date AS at, p.amount, upper(p.currency) AS currency, CASE p.payment_transaction_status WHEN 'SUCCESS' THEN 'paid' ELSE 'failed' END AS outcome, p.plugin_pm_type AS method,
	CASE WHEN p.payment_transaction_status <> 'SUCCESS' THEN p.plugin_gateway_error_code END AS failure
FROM {{analytics_payment_purchases}} AS p
WHERE coalesce(p.report_group, 'default') = 'default' AND p.payment_transaction_status IN ('SUCCESS', 'PAYMENT_FAILURE')
UNION ALL
SELECT r.account_id, r.created_date, r.amount, upper(r.currency), 'refunded', r.plugin_pm_type, NULL
FROM {{analytics_payment_refunds}} AS r
WHERE coalesce(r.report_group, 'default') = 'default' AND r.payment_transaction_status = 'SUCCESS'
$query$)
) v(source, note, tables, query);
