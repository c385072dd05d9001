/*
 * staging_views.sql
 *		Shipped views of nudge_staging: inputs as people read them, with words in
 *		one spelling and days in the zone of deploy().
 *
 * Rules: doc/marts_facts.md.
 */

-- What counts as MRR, and how much it is: customer_mrr, its items and whatever shows
-- prices one by one ask here.
CREATE FUNCTION nudge.is_recurring(interval_unit text, usage boolean, status text, valid_to timestamptz) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN usage IS NOT TRUE AND lower(btrim(interval_unit)) <> 'none' AND (lower(btrim(status)) IN ('active', 'at_risk') OR lower(btrim(status)) = 'ended' AND valid_to IS NOT NULL);
COMMENT ON FUNCTION nudge.is_recurring(text, boolean, text, timestamptz) IS
	'Whether a row of subscriptions is recurring revenue while it is in force: not use, trials and pauses, prices without an interval, nor what has ended without an end. Not STRICT: NULL valid_to is open';

CREATE FUNCTION nudge.net_monthly_amount(amount numeric, interval_unit text, interval_count integer, quantity numeric, discount numeric, discount_kind text) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN round(nudge.monthly_amount(amount, interval_unit, interval_count, coalesce(quantity, 1)) * (1 - CASE WHEN lower(btrim(discount_kind)) = 'once' THEN 0 ELSE coalesce(discount, 0) END), 6);
COMMENT ON FUNCTION nudge.net_monthly_amount(numeric, text, integer, numeric, numeric, text) IS
	'What a row of subscriptions is a month, less its discount unless that is once, to six decimals. Not STRICT: NULL quantity is 1, NULL discount none';

CREATE FUNCTION nudge.subscription_mrr(
	amount numeric,
	interval_unit text,
	interval_count integer,
	quantity numeric,
	discount numeric,
	discount_kind text,
	usage boolean,
	status text,
	valid_to timestamptz
) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN nudge.is_recurring(interval_unit, usage, status, valid_to) THEN nudge.net_monthly_amount(amount, interval_unit, interval_count, quantity, discount, discount_kind) END;
COMMENT ON FUNCTION nudge.subscription_mrr(numeric, text, integer, numeric, numeric, text, boolean, text, timestamptz) IS
	'MRR of a row of subscriptions while it is in force, to six decimals; NULL for what is no recurring revenue. Not STRICT: NULL quantity is 1, NULL discount none, NULL valid_to open';

-- What opens and closes by an attribute is labelled as by mrr_segment_buckets and
-- mrr_dimension_buckets, where "all" stands for all segments.
CREATE FUNCTION nudge.attribute_label(dimension text, value text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN dimension = 'segment' AND lower(btrim(value)) = 'all' THEN 'all (segment)' ELSE coalesce(nullif(btrim(value), ''), '(none)') END;
COMMENT ON FUNCTION nudge.attribute_label(text, text) IS 'Works for customer_mrr_then: how totals call a value of a dimension. Not STRICT: NULL is (none)';

-- now, and then
CREATE FUNCTION nudge.tenure_class(first_day date, until_day date) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN until_day < (first_day + interval '3 months')::date THEN 'under 3 months' WHEN until_day < (first_day + interval '12 months')::date THEN '3 to 12 months'
		WHEN until_day < (first_day + interval '24 months')::date THEN '1 to 2 years' ELSE '2 years or more' END;
COMMENT ON FUNCTION nudge.tenure_class(date, date) IS 'Works for customer_products and customer_products_then: for how long it is until a day. Not STRICT: since NULL is for ever';

-- Queries are texts, as those of nudge.shipped_marts.
CREATE TABLE nudge.shipped_staging_views (
	name text PRIMARY KEY CHECK (name ~ '^stg_[a-z0-9_]{1,40}$'),
	place integer NOT NULL UNIQUE,
	inputs text[] NOT NULL,
	query text NOT NULL,
	description text NOT NULL,
	columns jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object')
);
GRANT SELECT ON nudge.shipped_staging_views TO PUBLIC;
COMMENT ON TABLE nudge.shipped_staging_views IS 'The views of nudge_staging that are shipped; deploy() makes those whose inputs are mapped';
COMMENT ON COLUMN nudge.shipped_staging_views.name IS 'Name of the view in nudge_staging';
COMMENT ON COLUMN nudge.shipped_staging_views.place IS 'Order in which they are made';
COMMENT ON COLUMN nudge.shipped_staging_views.inputs IS 'Inputs that must be mapped for it';
COMMENT ON COLUMN nudge.shipped_staging_views.query IS 'Its query, with {zone} for the setting of deploy()';
COMMENT ON COLUMN nudge.shipped_staging_views.description IS 'Comment on the view: what one row is';
COMMENT ON COLUMN nudge.shipped_staging_views.columns IS 'Comments on its columns, by name';

INSERT INTO nudge.shipped_staging_views (name, place, inputs, query, description, columns) VALUES
('stg_users', 10, '{users}', $query$
SELECT u."user", u.customer, u.signed_up_at, nudge.civil_date(u.signed_up_at, {zone}) AS signed_up_day, nullif(btrim(u.plan), '') AS plan, nullif(btrim(u.role), '') AS role, coalesce(u.internal, false) AS internal, u.attributes
FROM nudge_staging.users u$query$,
	'One row per person in the product, of all sources',
	'{"user": "Key of the person", "customer": "Account to which the person belongs", "signed_up_at": "When the person signed up", "signed_up_day": "Day of it, in the zone of deploy()", "plan": "Plan the person is on", "role": "Role in the account",
	"internal": "Own staff or a test user", "attributes": "Further dimensions"}'),
('stg_campaigns', 20, '{campaigns}', $query$
SELECT c.campaign, nullif(btrim(c.channel), '') AS channel, nullif(lower(btrim(c.kind)), '') AS kind, c.budget_share, c.started_at, c.ended_at,
	nudge.civil_date(c.started_at, {zone}) AS first_day, nudge.civil_date(c.ended_at - interval '1 microsecond', {zone}) AS last_day, c.attributes
FROM nudge_staging.campaigns c$query$,
	'One row per campaign, of all sources',
	'{"campaign": "Key of the campaign", "channel": "Channel on which it runs", "kind": "Kind, in small letters: brand, competitor, generic, content or event", "budget_share": "Planned share of the budget, 0 to 1", "started_at": "When it began", "ended_at": "When it ended",
	"first_day": "Day on which it began, in the zone of deploy()", "last_day": "Last day on which it ran, in the zone of deploy()", "attributes": "Further dimensions"}'),
('stg_revenue', 30, '{subscriptions}', $query$
SELECT s.customer, s.subscription, s.item, s.plan, s.valid_from, s.valid_to, nudge.civil_date(s.valid_from, {zone}) AS first_day, nudge.civil_date(s.valid_to - interval '1 microsecond', {zone}) AS last_day,
	lower(btrim(s.status)) AS status, upper(btrim(s.currency)) AS currency, s.amount, lower(btrim(s.interval_unit)) AS interval_unit, s.interval_count, coalesce(s.quantity, 1) AS quantity,
	coalesce(s.discount, 0) AS discount, nullif(lower(btrim(s.discount_kind)), '') AS discount_kind, coalesce(s.usage, false) AS usage,
	nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr, nullif(lower(btrim(s.end_reason)), '') AS end_reason, s.booked_at, s.recorded_at
FROM nudge_staging.subscriptions s$query$,
	'One row per recurring price in force, of all sources, with what it is a month',
	'{"customer": "Who pays", "subscription": "Subscription of which it is an item", "item": "Key of the item", "plan": "Plan or add-on", "valid_from": "First instant in force", "valid_to": "Instant at which it is in force no more; NULL is open", "first_day": "First day, in the zone of deploy()",
	"last_day": "Last day, in the zone of deploy(); NULL is open", "status": "Status, in small letters", "currency": "Currency, in capitals", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none", "interval_count": "Units between two bills",
	"quantity": "Units bought", "discount": "Share taken off, 0 to 1", "discount_kind": "once, repeating or forever", "usage": "Billed by use and not fixed", "mrr": "MRR while it is in force; NULL if it is no recurring revenue", "end_reason": "voluntary or involuntary", "booked_at": "When it was agreed", "recorded_at": "When the row was known"}'),
('stg_events', 40, '{events}', $query$
SELECT e."user", e.anonymous_id, e.customer, e.at, nudge.civil_date(e.at, {zone}) AS day, btrim(e.name) AS name, nullif(btrim(e.feature), '') AS feature, e.success, extract(epoch FROM e.duration) AS duration_seconds, e.value,
	nullif(btrim(e.page), '') AS page, e.session, e.properties
FROM nudge_staging.events e$query$,
	'One row per thing that a user or visitor did, of all sources',
	'{"user": "Who did it; this or anonymous_id", "anonymous_id": "Visitor who did it; this or user", "customer": "Account", "at": "When", "day": "Day of it, in the zone of deploy()", "name": "What was done", "feature": "Feature it was done with", "success": "Whether it worked",
	"duration_seconds": "How long it took", "value": "What it was worth", "page": "Page on which it was done", "session": "Session", "properties": "Further properties"}');

-- A view, made or replaced, with its comments.
CREATE FUNCTION nudge.make_shipped_view(view_name text, query text, description text, columns jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
	problem text;
BEGIN
	PERFORM nudge.check_view_owner(view_name);
	BEGIN
		EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, query);
	EXCEPTION WHEN invalid_table_definition OR wrong_object_type THEN
		GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
		RAISE EXCEPTION 'view % cannot be replaced', view_name USING ERRCODE = SQLSTATE,
			DETAIL = problem || '.',
			HINT = 'Something else has its name. Rename or drop that, and call deploy() again.';
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, description);
	FOR one IN SELECT c.key, c.value FROM jsonb_each_text(columns) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_name, one.key, one.value);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_shipped_view(text, text, text, jsonb) IS 'Works for deploy: makes or replaces a view that is shipped, with its comments';

CREATE FUNCTION nudge.make_staging_view(name text, settings nudge.deployment) RETURNS void
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT nudge.make_shipped_view(nudge.staging_name(v.name), nudge.fill_in(v.query, make_staging_view.settings), v.description, v.columns)
	FROM nudge.shipped_staging_views v WHERE v.name = make_staging_view.name;
END;
COMMENT ON FUNCTION nudge.make_staging_view(text, nudge.deployment) IS 'Works for deploy: makes or replaces a view of nudge_staging that is shipped, with its comments';

CREATE FUNCTION nudge.staging_view_plan() RETURNS TABLE (place integer, action text, name text, object text, lock text, estimate text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 4
BEGIN ATOMIC
	SELECT v.place, CASE WHEN m.missing IS NOT NULL THEN 'leave out' WHEN m.is_there THEN 'change view' ELSE 'make view' END, v.name, nudge.staging_name(v.name),
		CASE WHEN m.missing IS NULL AND m.is_there THEN format('ACCESS EXCLUSIVE on %s, until the end of the transaction', nudge.staging_name(v.name)) END,
		CASE WHEN m.missing IS NOT NULL THEN format('not mapped: %s', m.missing) ELSE 'a view: nothing is computed' END
	FROM nudge.shipped_staging_views v, LATERAL (
		SELECT string_agg(i, ', ' ORDER BY i COLLATE "C") FILTER (WHERE to_regclass(nudge.staging_name(i)) IS NULL) AS missing, to_regclass(nudge.staging_name(v.name)) IS NOT NULL AS is_there
		FROM unnest(v.inputs) i) m
	ORDER BY v.place;
END;
COMMENT ON FUNCTION nudge.staging_view_plan() IS 'Works for deploy: which shipped views of nudge_staging it would make. Not STRICT: it has no arguments';
