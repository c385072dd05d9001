/*
 * presets_stripe.sql
 *		The presets of Stripe: by the sync engine, and by Fivetran.
 *
 * Rules: doc/presets.md.
 */

-- The decimals that amounts of the API are in.  They are not those of ISO 4217:
-- ISK and UGX have two there, MGA none.

INSERT INTO nudge.shipped_presets (preset, source, input, amount_scale, note, tables, query)
SELECT 'stripe_sync', v.source, v.source, v.scale, v.note, v.tables, v.query
FROM (SELECT jsonb '{"*": 2, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "MGA": 0, "PYG": 0, "RWF": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}' AS stripe) c, LATERAL (VALUES
('customers', NULL::jsonb, 'Stripe by the sync engine. Names and addresses of e-mail are not read', jsonb '{
	"customers": {"id": "text!", "created": "epoch!", "currency": "text", "address": "jsonb", "metadata": "jsonb", "livemode": "boolean"}
}', $query$
SELECT c.id AS customer, c.created AS created_at, upper(c.currency) AS currency, c.address ->> 'country' AS region,
	CASE jsonb_typeof(c.metadata) WHEN 'object' THEN nullif(c.metadata, '{}') END AS attributes
FROM {{customers}} AS c
-- what was deleted before it was copied has nothing but its key
WHERE coalesce(c.livemode, true) AND c.created IS NOT NULL
$query$),
('plans', NULL, 'Recurring prices of Stripe by the sync engine, with their products', '{
	"prices": {"id": "text!", "currency": "text!", "recurring": "jsonb!", "unit_amount": "numeric", "unit_amount_decimal": "text", "product": "text", "nickname": "text", "livemode": "boolean"},
	"products": {"id": "text", "name": "text"}
}', $query$
SELECT p.id AS plan, coalesce(g.name, p.product) AS family, u.unit AS interval_unit, 'plan' AS kind,
	trim_scale(coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount) / u.units *
--@ include src/inputs/stripe_major.sql currency=p.currency
	) AS list_price,
	nullif(jsonb_strip_nulls(jsonb_build_object('nickname', p.nickname, 'currency', upper(p.currency))), '{}') AS attributes
FROM {{prices}} AS p
CROSS JOIN LATERAL (SELECT p.recurring ->> 'interval' AS every, coalesce((p.recurring ->> 'interval_count')::integer, 1) AS times) AS r
CROSS JOIN LATERAL (SELECT CASE WHEN r.every = 'month' AND r.times = 3 THEN 'quarter' WHEN r.every = 'month' AND r.times = 12 THEN 'year' ELSE r.every END AS unit,
	CASE WHEN r.every = 'month' AND r.times IN (3, 12) THEN 1 ELSE r.times END AS units) AS u
LEFT JOIN {{products}} AS g ON g.id = p.product
WHERE coalesce(p.livemode, true) AND r.every IS NOT NULL
$query$),
('subscriptions', c.stripe, 'Stripe by the sync engine: what each subscription is now. Earlier prices, quantities and statuses are not there, but for phases of schedules', '{
	"subscriptions": {"id": "text!", "customer": "text!", "status": "text!", "created": "epoch!", "start_date": "epoch", "cancel_at": "epoch", "canceled_at": "epoch", "ended_at": "epoch",
		"cancel_at_period_end": "boolean", "current_period_end": "epoch", "trial_start": "epoch", "trial_end": "epoch", "discount": "jsonb", "pause_collection": "jsonb",
		"default_tax_rates": "jsonb", "livemode": "boolean"},
	"subscription_items": {"id": "text!", "subscription": "text!", "price": "text!", "quantity": "numeric", "created": "epoch", "deleted": "boolean", "current_period_end": "epoch", "tax_rates": "jsonb"},
	"prices": {"id": "text!", "currency": "text!", "recurring": "jsonb!", "unit_amount": "numeric", "unit_amount_decimal": "text", "transform_quantity": "jsonb"},
	"customers": {"id": "text", "discount": "jsonb"},
	"coupons": {"id": "text", "percent_off": "numeric", "amount_off": "numeric", "duration": "text", "duration_in_months": "numeric"},
	"invoices": {"subscription": "text", "status": "text", "created": "epoch"},
	"subscription_schedules": {"subscription": "text", "status": "text", "phases": "jsonb", "current_phase": "jsonb", "end_behavior": "text"}
}', $query$
WITH subs AS NOT MATERIALIZED (
	SELECT s.*, coalesce(s.start_date, s.created) AS begins,
		-- a period that ends is no end of what is renewed
		coalesce(s.ended_at, CASE s.status WHEN 'canceled' THEN s.canceled_at END, s.cancel_at, CASE WHEN s.cancel_at_period_end THEN coalesce(s.current_period_end, e.current_period_end) END) AS ends
	FROM {{subscriptions}} AS s
	LEFT JOIN (SELECT i.subscription, max(i.current_period_end) AS current_period_end FROM {{subscription_items}} AS i WHERE NOT coalesce(i.deleted, false) GROUP BY 1) AS e ON e.subscription = s.id
	WHERE coalesce(s.livemode, true)
), schedules AS NOT MATERIALIZED (
	SELECT h.subscription, h.end_behavior, f.phase, f.place, to_timestamp((f.phase ->> 'start_date')::double precision) AS starts, to_timestamp((f.phase ->> 'end_date')::double precision) AS stops,
		to_timestamp((h.current_phase ->> 'start_date')::double precision) AS present, f.place = jsonb_array_length(h.phases) AS is_last
	FROM {{subscription_schedules}} AS h, jsonb_array_elements(h.phases) WITH ORDINALITY AS f(phase, place)
	WHERE h.status = 'active'
), held AS NOT MATERIALIZED (
	-- what is held now, since the phase of its schedule began and until the next one does
	SELECT s.id AS subscription, i.id AS item, i.price, i.quantity, i.tax_rates,
		greatest(CASE WHEN i.created > s.created + interval '1 hour' THEN i.created ELSE s.begins END, h.begins) AS begins, least(s.ends, h.ends) AS ends,
		s.trial_start AS trial_from, CASE WHEN s.status <> 'trialing' THEN s.trial_end END AS trial_to, true AS present
	FROM subs AS s
	JOIN {{subscription_items}} AS i ON i.subscription = s.id
	LEFT JOIN (SELECT k.subscription, max(k.present) FILTER (WHERE k.starts < k.present) AS begins, min(k.starts) FILTER (WHERE k.starts > k.present) AS ends FROM schedules AS k GROUP BY 1) AS h ON h.subscription = s.id
	WHERE NOT coalesce(i.deleted, false)
	UNION ALL
	-- what was held and will be in the other phases
	SELECT s.id, coalesce(a.id, CASE WHEN b.items = 1 AND jsonb_array_length(h.phase -> 'items') = 1 THEN b.id END, s.id || ':' || x.price),
		x.price, (x.line ->> 'quantity')::numeric, x.line -> 'tax_rates',
		h.starts, least(s.ends, CASE WHEN NOT h.is_last OR h.end_behavior = 'cancel' THEN h.stops END),
		h.starts, to_timestamp((h.phase ->> 'trial_end')::double precision), false
	FROM subs AS s
	JOIN schedules AS h ON h.subscription = s.id
	CROSS JOIN LATERAL (SELECT e.line, CASE jsonb_typeof(e.line -> 'price') WHEN 'object' THEN e.line #>> '{price,id}' ELSE e.line ->> 'price' END AS price FROM jsonb_array_elements(h.phase -> 'items') AS e(line)) AS x
	LEFT JOIN (SELECT k.subscription, k.price, min(k.id) AS id FROM {{subscription_items}} AS k WHERE NOT coalesce(k.deleted, false) GROUP BY 1, 2) AS a ON a.subscription = s.id AND a.price = x.price
	LEFT JOIN (SELECT k.subscription, count(*) AS items, min(k.id) AS id FROM {{subscription_items}} AS k WHERE NOT coalesce(k.deleted, false) GROUP BY 1) AS b ON b.subscription = s.id
	WHERE h.starts <> h.present AND (s.ends IS NULL OR h.starts < s.ends)
), items AS MATERIALIZED (
	SELECT s.customer, h.subscription, h.item, h.price AS plan, h.begins, h.ends, h.trial_from, h.trial_to, h.present,
		CASE WHEN t.percent > 0 THEN a.amount / (1 + t.percent / 100) ELSE a.amount END AS amount,
		p.recurring ->> 'interval' AS interval_unit, coalesce((p.recurring ->> 'interval_count')::integer, 1) AS interval_count,
		CASE WHEN (p.transform_quantity ->> 'divide_by')::numeric > 0 THEN CASE p.transform_quantity ->> 'round'
			WHEN 'up' THEN ceil(h.quantity / (p.transform_quantity ->> 'divide_by')::numeric) ELSE floor(h.quantity / (p.transform_quantity ->> 'divide_by')::numeric) END
			ELSE h.quantity END AS quantity,
		upper(p.currency) AS currency, coalesce(p.recurring ->> 'usage_type' = 'metered', false) AS usage, s.created AS booked_at, NULL AS end_reason
	FROM held AS h
	JOIN subs AS s ON s.id = h.subscription
	LEFT JOIN {{prices}} AS p ON p.id = h.price
	-- what is metered has no amount of its own; another price without one is not known
	CROSS JOIN LATERAL (SELECT coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount, CASE p.recurring ->> 'usage_type' WHEN 'metered' THEN 0 END) AS amount) AS a
	-- tax within the price
	CROSS JOIN LATERAL (
		SELECT sum((e.rate ->> 'percentage')::numeric) AS percent
		FROM jsonb_array_elements(CASE WHEN jsonb_typeof(h.tax_rates) = 'array' AND h.tax_rates <> '[]' THEN h.tax_rates WHEN jsonb_typeof(s.default_tax_rates) = 'array' THEN s.default_tax_rates ELSE '[]' END) AS e(rate)
		WHERE e.rate ->> 'inclusive' = 'true'
	) AS t
), totals AS MATERIALIZED (
	SELECT i.subscription, max(i.interval_count * ('1 ' || i.interval_unit)::interval) AS period, sum(i.amount * coalesce(i.quantity, 1)) FILTER (WHERE NOT i.usage) AS amount
	FROM items AS i WHERE i.present GROUP BY i.subscription
), discounts AS MATERIALIZED (
	SELECT s.id AS subscription, f.starts, coalesce(f.ends, (f.starts AT TIME ZONE 'UTC' + CASE n.duration
			WHEN 'once' THEN t.period
			WHEN 'repeating' THEN n.months * interval '1 month' END) AT TIME ZONE 'UTC') AS ends,
		coalesce(n.percent_off / 100, n.amount_off / nullif(t.amount, 0)) AS share,
		n.duration AS kind
	FROM subs AS s
	LEFT JOIN totals AS t ON t.subscription = s.id
	LEFT JOIN {{customers}} AS c ON c.id = s.customer
	-- one of the subscription takes the place of that of the customer
	CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(s.discount) = 'object' THEN s.discount WHEN jsonb_typeof(c.discount) = 'object' THEN c.discount END AS body) AS b
	CROSS JOIN LATERAL (SELECT to_timestamp((b.body ->> 'start')::double precision) AS starts, to_timestamp((b.body ->> 'end')::double precision) AS ends,
		coalesce(b.body -> 'coupon', b.body #> '{source,coupon}') AS coupon) AS f
	LEFT JOIN {{coupons}} AS k ON k.id = f.coupon #>> '{}'
	CROSS JOIN LATERAL (SELECT coalesce((f.coupon ->> 'percent_off')::numeric, k.percent_off) AS percent_off, coalesce((f.coupon ->> 'amount_off')::numeric, k.amount_off) AS amount_off,
		coalesce(f.coupon ->> 'duration', k.duration) AS duration, coalesce((f.coupon ->> 'duration_in_months')::numeric, k.duration_in_months)::double precision AS months) AS n
	WHERE b.body IS NOT NULL
), statuses AS MATERIALIZED (
	SELECT s.id AS subscription,
		-- of what is owed, since the first invoice that is open after the last that was paid
		CASE WHEN s.status IN ('past_due', 'unpaid') THEN coalesce((SELECT min(o.created) FROM {{invoices}} AS o WHERE o.subscription = s.id AND o.status IN ('open', 'uncollectible')
			AND o.created > coalesce((SELECT max(l.created) FROM {{invoices}} AS l WHERE l.subscription = s.id AND l.status = 'paid'), '-infinity')), '-infinity') ELSE '-infinity' END AS since,
		CASE WHEN s.status IN ('incomplete', 'incomplete_expired', 'unpaid') THEN 'excluded' WHEN s.status = 'past_due' THEN 'at_risk'
			WHEN s.status = 'active' AND jsonb_typeof(s.pause_collection) = 'object' THEN 'paused' WHEN s.status = 'canceled' THEN 'active' ELSE s.status END AS status
	FROM subs AS s
)
--@ include src/inputs/subscription_intervals.sql
$query$),
('payments', c.stripe, 'Charges and refunds of Stripe by the sync engine. What belongs to no customer is not read', '{
	"charges": {"id": "text!", "customer": "text!", "created": "epoch!", "amount": "numeric!", "currency": "text!", "status": "text!", "captured": "boolean", "failure_code": "text",
		"payment_method_details": "jsonb", "livemode": "boolean"},
	"refunds": {"charge": "text", "amount": "numeric", "currency": "text", "created": "epoch", "status": "text"}
}', $query$
SELECT c.customer, c.created AS at, c.amount, upper(c.currency) AS currency, CASE c.status WHEN 'succeeded' THEN 'paid' ELSE 'failed' END AS outcome,
	c.payment_method_details ->> 'type' AS method, CASE c.status WHEN 'failed' THEN c.failure_code END AS failure
FROM {{charges}} AS c
WHERE coalesce(c.livemode, true) AND c.customer IS NOT NULL AND (c.status = 'failed' OR c.status = 'succeeded' AND coalesce(c.captured, true))
UNION ALL
SELECT c.customer, f.created, f.amount, upper(f.currency), 'refunded', c.payment_method_details ->> 'type', NULL
FROM {{refunds}} AS f JOIN {{charges}} AS c ON c.id = f.charge
WHERE coalesce(c.livemode, true) AND c.customer IS NOT NULL AND coalesce(f.status, 'succeeded') = 'succeeded'
$query$)
) v(source, scale, note, tables, query);

-- A connection has subscriptions with their history or, of before 2022, without,
-- and prices or, of before prices, plans.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, amount_scale, note, tables, query)
SELECT 'stripe_fivetran', v.source, n.variant, v.source, 'UTC', v.scale, v.note,
	v.tables || CASE WHEN v.source NOT IN ('subscriptions', 'plans') THEN '{}' WHEN n.variant IN (1, 3) THEN n.price ELSE n.plan END
		|| CASE WHEN v.source <> 'subscriptions' THEN '{}' WHEN n.variant <= 2 THEN jsonb_build_object('subscription_history', n.subscription) ELSE jsonb_build_object('subscription', n.subscription) END,
	CASE WHEN n.variant <= 2 THEN v.query ELSE replace(v.query, '{{subscription_history}}', '{{subscription}}') END
FROM (SELECT s.amount_scale AS stripe FROM nudge.shipped_presets s WHERE s.preset = 'stripe_sync' AND s.source = 'subscriptions') c, LATERAL (VALUES
('customers', 1, NULL::jsonb, 'Stripe by Fivetran. Names and addresses of e-mail are not read', jsonb '{
	"customer": {"id": "text!", "created": "timestamptz!", "currency": "text", "address_country": "text", "metadata": "jsonb", "livemode": "boolean"}
}', $query$
SELECT c.id AS customer, c.created AS created_at, upper(c.currency) AS currency, c.address_country AS region, CASE jsonb_typeof(c.metadata) WHEN 'object' THEN nullif(c.metadata, '{}') END AS attributes
FROM {{customer}} AS c
WHERE coalesce(c.livemode, true) AND c.created IS NOT NULL
$query$),
('plans', 2, NULL, 'Recurring prices or plans of Stripe by Fivetran, with their products', '{
	"product": {"id": "text", "name": "text"}
}', $query$
SELECT p.id AS plan, coalesce(g.name, p.product_id) AS family, u.unit AS interval_unit, 'plan' AS kind, trim_scale(p.amount / u.units *
--@ include src/inputs/stripe_major.sql currency=p.currency
	) AS list_price,
	nullif(jsonb_strip_nulls(jsonb_build_object('nickname', p.nickname, 'currency', upper(p.currency))), '{}') AS attributes
FROM (
	SELECT p.id, p.product_id, p.nickname, p.currency, coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount) AS amount, p.recurring_interval AS every, coalesce(p.recurring_interval_count, 1) AS times
	FROM {{price}} AS p WHERE coalesce(p.livemode, true)
	UNION ALL
	SELECT p.id, p.product_id, p.nickname, p.currency, p.amount, p.interval, coalesce(p.interval_count, 1)
	FROM {{plan}} AS p WHERE coalesce(p.livemode, true) AND NOT EXISTS (SELECT FROM {{price}} AS k WHERE k.id = p.id)
) AS p
CROSS JOIN LATERAL (SELECT CASE WHEN p.every = 'month' AND p.times = 3 THEN 'quarter' WHEN p.every = 'month' AND p.times = 12 THEN 'year' ELSE p.every END AS unit,
	CASE WHEN p.every = 'month' AND p.times IN (3, 12) THEN 1 ELSE p.times END AS units) AS u
LEFT JOIN {{product}} AS g ON g.id = p.product_id
WHERE p.every IS NOT NULL
$query$),
('subscriptions', 4, c.stripe, 'Stripe by Fivetran: statuses over time where there is subscription_history, since the connection began; items, prices and quantities as they are now', '{
	"subscription_item": {"id": "text!", "subscription_id": "text!", "plan_id": "text!", "quantity": "numeric", "created": "timestamptz", "current_period_end": "timestamptz", "_fivetran_deleted": "boolean"},
	"coupon": {"id": "text", "percent_off": "numeric", "amount_off": "numeric", "duration": "text", "duration_in_months": "numeric"},
	"discount": {"subscription_id": "text", "coupon_id": "text", "start": "timestamptz", "end": "timestamptz"},
	"subscription_discount": {"subscription_id": "text", "coupon_id": "text", "start": "timestamptz", "end": "timestamptz"},
	"invoice_line_item": {"subscription_item_id": "text", "price_id": "text", "period_start": "timestamptz", "proration": "boolean", "unit_amount_excluding_tax": "text"}
}', $query$
WITH subs AS NOT MATERIALIZED (
	-- the last version; what the system does not have any more ended with it
	SELECT s.*, coalesce(s.start_date, s.created) AS begins,
		coalesce(s.ended_at, CASE s.status WHEN 'canceled' THEN s.canceled_at END, s.cancel_at, CASE WHEN s.cancel_at_period_end THEN coalesce(s.current_period_end, e.current_period_end) END,
			CASE WHEN NOT s._fivetran_active THEN s._fivetran_end + interval '1 millisecond' END) AS ends
	FROM {{subscription_history}} AS s
	LEFT JOIN (SELECT i.subscription_id, max(i.current_period_end) AS current_period_end FROM {{subscription_item}} AS i WHERE NOT coalesce(i._fivetran_deleted, false) GROUP BY 1) AS e ON e.subscription_id = s.id
	WHERE coalesce(s.livemode, true) AND (s._fivetran_start IS NOT NULL OR coalesce(s._fivetran_active, true))
		AND NOT EXISTS (SELECT FROM {{subscription_history}} AS l WHERE l.id = s.id AND l._fivetran_start > s._fivetran_start)
), prices AS NOT MATERIALIZED (
	SELECT p.id, upper(p.currency) AS currency, coalesce(nullif(p.unit_amount_decimal, '')::numeric, p.unit_amount) AS amount, p.recurring_interval AS interval_unit, coalesce(p.recurring_interval_count, 1)::integer AS interval_count,
		p.recurring_usage_type AS usage_type, p.tax_behavior, p.transform_quantity_divide_by AS divide_by, p.transform_quantity_round AS rounds
	FROM {{price}} AS p
	UNION ALL
	SELECT p.id, upper(p.currency), p.amount, p.interval, coalesce(p.interval_count, 1)::integer, p.usage_type, NULL, p.transform_usage_divide_by, p.transform_usage_round
	FROM {{plan}} AS p WHERE NOT EXISTS (SELECT FROM {{price}} AS k WHERE k.id = p.id)
), items AS MATERIALIZED (
	SELECT s.customer_id AS customer, s.id AS subscription, i.id AS item, i.plan_id AS plan, CASE WHEN i.created > s.created + interval '1 hour' THEN i.created ELSE s.begins END AS begins, s.ends,
		s.trial_start AS trial_from, CASE WHEN s.status <> 'trialing' THEN s.trial_end END AS trial_to,
		-- the tax within a price is known from its invoices only; what is metered has no amount of its own
		CASE WHEN p.tax_behavior = 'inclusive' THEN l.net ELSE coalesce(p.amount, CASE p.usage_type WHEN 'metered' THEN 0 END) END AS amount,
		p.interval_unit, p.interval_count,
		CASE WHEN p.divide_by > 0 THEN CASE p.rounds WHEN 'up' THEN ceil(i.quantity / p.divide_by) ELSE floor(i.quantity / p.divide_by) END ELSE i.quantity END AS quantity,
		p.currency, coalesce(p.usage_type = 'metered', false) AS usage, s.created AS booked_at, NULL AS end_reason
	FROM subs AS s
	JOIN {{subscription_item}} AS i ON i.subscription_id = s.id
	LEFT JOIN prices AS p ON p.id = i.plan_id
	LEFT JOIN (
		SELECT DISTINCT ON (k.subscription_item_id, k.price_id) k.subscription_item_id, k.price_id, k.unit_amount_excluding_tax::numeric AS net
		FROM {{invoice_line_item}} AS k WHERE NOT coalesce(k.proration, false) AND k.unit_amount_excluding_tax <> ''
		ORDER BY k.subscription_item_id, k.price_id, k.period_start DESC, k.unit_amount_excluding_tax
	) AS l ON l.subscription_item_id = i.id AND l.price_id = i.plan_id
	WHERE NOT coalesce(i._fivetran_deleted, false)
), totals AS MATERIALIZED (
	SELECT i.subscription, max(i.interval_count * ('1 ' || i.interval_unit)::interval) AS period, sum(i.amount * coalesce(i.quantity, 1)) FILTER (WHERE NOT i.usage) AS amount
	FROM items AS i GROUP BY i.subscription
), discounts AS MATERIALIZED (
	-- one may stand there for each invoice that it is on, and in the older table too
	SELECT d.subscription_id AS subscription, d.start AS starts, coalesce(d.end_at, (d.start AT TIME ZONE 'UTC' + CASE k.duration
			WHEN 'once' THEN t.period
			WHEN 'repeating' THEN k.duration_in_months::double precision * interval '1 month' END) AT TIME ZONE 'UTC') AS ends,
		coalesce(k.percent_off / 100, k.amount_off / nullif(t.amount, 0)) AS share,
		k.duration AS kind
	FROM (
		SELECT u.subscription_id, u.coupon_id, u.start, max(u."end") AS end_at
		FROM (SELECT a.subscription_id, a.coupon_id, a.start, a."end" FROM {{discount}} AS a UNION ALL SELECT b.subscription_id, b.coupon_id, b.start, b."end" FROM {{subscription_discount}} AS b) AS u
		WHERE u.subscription_id IS NOT NULL AND u.start IS NOT NULL GROUP BY 1, 2, 3
	) AS d
	JOIN {{coupon}} AS k ON k.id = d.coupon_id
	LEFT JOIN totals AS t ON t.subscription = d.subscription_id
), statuses AS MATERIALIZED (
	-- what is first known of a subscription stands for all of its time before
	SELECT v.subscription, CASE WHEN v.before IS NULL THEN '-infinity' ELSE v.since END AS since, v.status
	FROM (
		SELECT m.subscription, m.since, m.status, lag(m.status) OVER (PARTITION BY m.subscription ORDER BY m.since) AS before
		FROM (
			SELECT h.id AS subscription, coalesce(h._fivetran_start, '-infinity') AS since,
				CASE WHEN h.status IN ('incomplete', 'incomplete_expired', 'unpaid') THEN 'excluded' WHEN h.status = 'past_due' THEN 'at_risk'
					WHEN h.status = 'active' AND h.pause_collection_behavior <> '' THEN 'paused' WHEN h.status = 'canceled' THEN 'active' ELSE h.status END AS status
			FROM {{subscription_history}} AS h WHERE h._fivetran_start IS NOT NULL OR coalesce(h._fivetran_active, true)
		) AS m
	) AS v
	WHERE v.status IS DISTINCT FROM v.before
)
--@ include src/inputs/subscription_intervals.sql
$query$),
('payments', 1, c.stripe, 'Charges and refunds of Stripe by Fivetran. What belongs to no customer is not read', '{
	"charge": {"id": "text!", "customer_id": "text!", "created": "timestamptz!", "amount": "numeric!", "currency": "text!", "status": "text!", "captured": "boolean", "failure_code": "text", "payment_method_id": "text", "livemode": "boolean"},
	"payment_method": {"id": "text", "type": "text"},
	"refund": {"charge_id": "text", "amount": "numeric", "currency": "text", "created": "timestamptz", "status": "text"}
}', $query$
SELECT c.customer_id AS customer, c.created AS at, c.amount, upper(c.currency) AS currency, CASE c.status WHEN 'succeeded' THEN 'paid' ELSE 'failed' END AS outcome,
	m.type AS method, CASE c.status WHEN 'failed' THEN c.failure_code END AS failure
FROM {{charge}} AS c LEFT JOIN {{payment_method}} AS m ON m.id = c.payment_method_id
WHERE coalesce(c.livemode, true) AND c.customer_id IS NOT NULL AND (c.status = 'failed' OR c.status = 'succeeded' AND coalesce(c.captured, true))
UNION ALL
SELECT c.customer_id, f.created, f.amount, upper(f.currency), 'refunded', m.type, NULL
FROM {{refund}} AS f JOIN {{charge}} AS c ON c.id = f.charge_id LEFT JOIN {{payment_method}} AS m ON m.id = c.payment_method_id
WHERE coalesce(c.livemode, true) AND c.customer_id IS NOT NULL AND coalesce(f.status, 'succeeded') = 'succeeded'
$query$)
) v(source, variants, scale, note, tables, query)
JOIN (SELECT g AS variant, jsonb '{
		"price": {"id": "text!", "currency": "text!", "recurring_interval": "text!", "recurring_interval_count": "numeric", "recurring_usage_type": "text", "unit_amount": "numeric!", "unit_amount_decimal": "text",
			"tax_behavior": "text", "transform_quantity_divide_by": "numeric", "transform_quantity_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"},
		"plan": {"id": "text", "currency": "text", "interval": "text", "interval_count": "numeric", "usage_type": "text", "amount": "numeric",
			"transform_usage_divide_by": "numeric", "transform_usage_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"}
	}' AS price, jsonb '{
		"price": {"id": "text", "currency": "text", "recurring_interval": "text", "recurring_interval_count": "numeric", "recurring_usage_type": "text", "unit_amount": "numeric", "unit_amount_decimal": "text",
			"tax_behavior": "text", "transform_quantity_divide_by": "numeric", "transform_quantity_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"},
		"plan": {"id": "text!", "currency": "text!", "interval": "text!", "interval_count": "numeric", "usage_type": "text", "amount": "numeric!",
			"transform_usage_divide_by": "numeric", "transform_usage_round": "text", "product_id": "text", "nickname": "text", "livemode": "boolean"}
	}' AS plan, jsonb '{"id": "text!", "customer_id": "text!", "status": "text!", "created": "timestamptz!", "start_date": "timestamptz", "cancel_at": "timestamptz", "canceled_at": "timestamptz", "ended_at": "timestamptz",
		"cancel_at_period_end": "boolean", "current_period_end": "timestamptz", "trial_start": "timestamptz", "trial_end": "timestamptz", "pause_collection_behavior": "text", "livemode": "boolean",
		"_fivetran_active": "boolean", "_fivetran_start": "timestamptz", "_fivetran_end": "timestamptz"}' AS subscription
	FROM generate_series(1, 4) g) n ON n.variant <= v.variants;
