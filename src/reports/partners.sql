/*
 * partners.sql
 *		What partners bring: revenue, deals, pipeline and customers that they
 *		have sourced or influenced, and what such a customer costs.
 *
 * Definitions: doc/partners.md.
 */

-- The items of several windows, from one pass over the rows: partner_items and the
-- mart of all months ask here.
CREATE FUNCTION nudge.partner_items_by_period(
	touches regclass,
	conversions regclass,
	deals regclass,
	start_days date[],
	end_days date[],
	customers regclass DEFAULT NULL,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	zone text DEFAULT 'UTC',
	with_segments boolean DEFAULT true
) RETURNS TABLE (
	period date,
	measure text,
	customer text,
	deal text,
	at timestamptz,
	amount numeric,
	currency_code text,
	segment text,
	sourced_by text,
	influenced_by text[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF lookback < interval '0' THEN
		RAISE EXCEPTION 'lookback must not be negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', lookback),
				HINT = 'Pass how long before a conversion or a deal a touch still counts, or null for no bound.';
	END IF;
	IF sourced IS NULL OR sourced NOT IN ('either', 'recorded', 'first_touch') THEN
		RAISE EXCEPTION 'unknown value "%" of "sourced"', sourced
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A partner has sourced what a deal records, what began with a touch of the partner, or either.',
				HINT = 'Pass either, recorded or first_touch.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT s.start_day AS period, s.start_day::timestamp AT TIME ZONE $5 AS start_at, s.end_day::timestamp AT TIME ZONE $5 AS end_at FROM unnest($1, $2) s(start_day, end_day)
		), touched AS MATERIALIZED (
			SELECT t.customer, t.at, t.channel, nullif(btrim(t.partner), '') AS partner FROM (%s) t WHERE t.customer IS NOT NULL AND t.at < (SELECT max(s.end_at) FROM span s)
		), touch AS MATERIALIZED (
			-- who was met by no partner has nothing to say
			SELECT t.* FROM touched t WHERE t.customer IN (SELECT k.customer FROM touched k WHERE k.partner IS NOT NULL)
		), converted AS MATERIALIZED (
			SELECT c.customer, c.at, c.revenue, c.currency, row_number() OVER (PARTITION BY c.customer ORDER BY c.at, c.revenue DESC) AS nth FROM (%s) c WHERE c.at < (SELECT max(s.end_at) FROM span s)
		), deal AS MATERIALIZED (
			SELECT d.deal, d.customer, d.created_at, d.closed_at, lower(btrim(d.outcome)) AS outcome, d.amount, d.currency, d.segment,
				nullif(btrim(d.partner), '') AS partner
			FROM (%s) d WHERE d.created_at < (SELECT max(s.end_at) FROM span s)
		), segment AS MATERIALIZED (
			-- as the list of customers has it, else as the latest deal
			SELECT DISTINCT ON (s.period, s.customer) s.period, s.customer, s.segment
			FROM (SELECT p.period, c.customer, c.segment, NULL::timestamptz AS at FROM span p, (%s) c
				UNION ALL SELECT p.period, d.customer, d.segment, d.created_at FROM span p JOIN deal d ON d.created_at < p.end_at) s
			WHERE $6 AND s.segment IS NOT NULL
			ORDER BY s.period, s.customer, s.at DESC NULLS FIRST, s.segment COLLATE "C"
		), item AS MATERIALIZED (
			SELECT row_number() OVER () AS no, x.*
			FROM (
				SELECT s.period, s.end_at, 'revenue' AS measure, c.customer, NULL AS deal, c.at, c.revenue AS amount, c.currency, NULL AS segment, c.at AS began, c.at AS ended,
					NULL AS partner, c.nth = 1 AND c.customer IS NOT NULL AS is_first
				FROM converted c JOIN span s ON c.at >= s.start_at AND c.at < s.end_at
				UNION ALL
				SELECT s.period, s.end_at, 'won_deal', d.customer, d.deal, d.closed_at, d.amount, d.currency, d.segment, d.created_at, d.closed_at, d.partner, false
				FROM deal d JOIN span s ON d.closed_at >= s.start_at AND d.closed_at < s.end_at AND d.created_at < s.end_at WHERE d.outcome = 'won'
				UNION ALL
				SELECT s.period, s.end_at, 'open_deal', d.customer, d.deal, d.created_at, d.amount, d.currency, d.segment, d.created_at, 'infinity', d.partner, false
				FROM deal d JOIN span s ON d.created_at < s.end_at AND (d.closed_at IS NULL AND d.outcome IS NULL OR d.closed_at >= s.end_at)
			) x
		), path AS (
			SELECT i.no, array_agg(DISTINCT t.partner) FILTER (WHERE t.partner IS NOT NULL) AS partners,
				(array_agg(t.partner ORDER BY t.at, t.channel COLLATE "C", t.partner COLLATE "C") FILTER (WHERE t.at <= i.began))[1] AS first_partner
			FROM item i
			-- in UTC a day of the lookback has 24 hours, whatever the zone of the session
			JOIN touch t ON t.customer = i.customer AND t.at <= i.ended AND t.at < i.end_at
				AND ($3 IS NULL OR t.at > (i.began AT TIME ZONE 'UTC' - $3) AT TIME ZONE 'UTC')
			GROUP BY i.no
		), recorded AS (
			-- the deal of a conversion: not lost, begun before it, and not over for longer than the lookback
			SELECT i.no, (array_agg(d.partner ORDER BY d.created_at, d.deal COLLATE "C"))[1] AS partner
			FROM item i
			JOIN deal d ON d.customer = i.customer AND d.partner IS NOT NULL AND d.created_at <= i.at AND coalesce(d.outcome = 'won', true)
				AND ($3 IS NULL OR d.closed_at IS NULL OR d.closed_at > (i.at AT TIME ZONE 'UTC' - $3) AT TIME ZONE 'UTC')
			WHERE i.deal IS NULL
			GROUP BY i.no
		), found AS MATERIALIZED (
			SELECT i.period, i.measure, i.customer, i.deal, i.at, i.amount, i.currency, i.is_first, coalesce(i.segment, s.segment) AS segment,
				CASE $4 WHEN 'recorded' THEN k.recorded WHEN 'first_touch' THEN p.first_partner ELSE coalesce(k.recorded, p.first_partner) END AS sourced_by,
				ARRAY(SELECT DISTINCT a.partner COLLATE "C" FROM unnest(p.partners || k.recorded) a(partner) WHERE a.partner IS NOT NULL ORDER BY 1) AS influenced_by
			FROM item i
			LEFT JOIN path p ON p.no = i.no
			LEFT JOIN recorded r ON r.no = i.no
			LEFT JOIN segment s ON s.period = i.period AND s.customer = i.customer,
				LATERAL (SELECT coalesce(i.partner, r.partner) AS recorded) k
		)
		SELECT f.period, f.measure, f.customer, f.deal, f.at, f.amount, f.currency, f.segment, f.sourced_by, f.influenced_by FROM found f
		UNION ALL
		SELECT f.period, 'new_customer', f.customer, NULL, f.at, 1, NULL, f.segment, f.sourced_by, f.influenced_by FROM found f WHERE f.is_first
		$query$, nudge.input_query('touches', touches), nudge.input_query('conversions', conversions), nudge.input_query('deals', deals),
			nudge.input_query('customers', customers))
		USING start_days, end_days, lookback, sourced, coalesce(zone, 'UTC'), with_segments;
END
$$;
COMMENT ON FUNCTION nudge.partner_items_by_period(regclass, regclass, regclass, date[], date[], regclass, interval, text, text, boolean) IS
	'Works for partner_items and for the mart of partners: what partner_performance adds up, of several windows, each item in its currency. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

CREATE FUNCTION nudge.partner_items(
	touches regclass,
	conversions regclass,
	deals regclass,
	start_day date,
	end_day date,
	customers regclass DEFAULT NULL,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	zone text DEFAULT 'UTC',
	currency text DEFAULT NULL
) RETURNS TABLE (
	measure text,
	customer text,
	deal text,
	at timestamptz,
	amount numeric,
	currency_code text,
	segment text,
	sourced_by text,
	influenced_by text[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
		WITH item AS MATERIALIZED (
			SELECT i.*, array_position(ARRAY['revenue', 'won_deal', 'open_deal', 'new_customer'], i.measure) AS place
			FROM nudge.partner_items_by_period(touches, conversions, deals, ARRAY[start_day], ARRAY[end_day], customers, lookback, sourced, zone) i
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT i.currency_code) FILTER (WHERE i.place < 4), partner_items.currency) AS currency FROM item i
		)
		SELECT i.measure, i.customer, i.deal, i.at, i.amount, CASE WHEN i.place < 4 THEN k.currency END, i.segment, i.sourced_by, i.influenced_by
		FROM item i, checked k
		ORDER BY i.place, i.at, i.customer COLLATE "C", i.deal COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.partner_items(regclass, regclass, regclass, date, date, regclass, interval, text, text, text) IS
	'What partner_performance adds up: every conversion, deal won, deal open and new customer of a window with the partner who sourced it and those who influenced it. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

-- Items added up, by partner and of all partners, each once however many touched it.
CREATE TYPE nudge.partner_part AS (
	period date,
	partner text,
	all_partners boolean,
	segment text,
	all_segments boolean,
	measure text,
	items bigint,
	amount numeric,
	sourced_items bigint,
	sourced_amount numeric,
	influenced_items bigint,
	influenced_amount numeric
);
COMMENT ON TYPE nudge.partner_part IS 'Works for partner_totals: items of a period added up';
COMMENT ON COLUMN nudge.partner_part.period IS 'First day of the period';
COMMENT ON COLUMN nudge.partner_part.partner IS 'Partner; NULL of all partners';
COMMENT ON COLUMN nudge.partner_part.all_partners IS 'Whether it is of all partners';
COMMENT ON COLUMN nudge.partner_part.segment IS 'Segment; NULL of all segments, or if it is not known';
COMMENT ON COLUMN nudge.partner_part.all_segments IS 'Whether it is of all segments';
COMMENT ON COLUMN nudge.partner_part.measure IS 'revenue, won_deal, open_deal or new_customer';
COMMENT ON COLUMN nudge.partner_part.items IS 'Items, with partners or without; of all partners';
COMMENT ON COLUMN nudge.partner_part.amount IS 'Their amount';
COMMENT ON COLUMN nudge.partner_part.sourced_items IS 'Those that were sourced';
COMMENT ON COLUMN nudge.partner_part.sourced_amount IS 'Their amount';
COMMENT ON COLUMN nudge.partner_part.influenced_items IS 'Those that were influenced, what was sourced with it';
COMMENT ON COLUMN nudge.partner_part.influenced_amount IS 'Their amount';

CREATE FUNCTION nudge.partner_totals(parts nudge.partner_part[], periods date[])
	RETURNS TABLE (
	period date,
	partner text,
	all_partners boolean,
	segment text,
	all_segments boolean,
	place integer,
	measure text,
	sourced_value numeric,
	influenced_value numeric,
	total_value numeric,
	sourced_share numeric,
	influenced_share numeric
)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000
BEGIN ATOMIC
	WITH part AS MATERIALIZED (
		SELECT p.* FROM unnest(partner_totals.parts) p
	), unit (place, measure, kind, counts) AS (
		VALUES (1, 'revenue', 'revenue', false), (2, 'won_deals', 'won_deal', true), (3, 'won_amount', 'won_deal', false),
			(4, 'open_deals', 'open_deal', true), (5, 'pipeline', 'open_deal', false), (6, 'new_customers', 'new_customer', true)
	), shown AS (
		SELECT p.period, NULL AS partner, true AS all_partners, NULL AS segment, true AS all_segments FROM unnest(partner_totals.periods) p(period)
		UNION
		SELECT p.period, p.partner, p.all_partners, p.segment, p.all_segments FROM part p
	), valued AS MATERIALIZED (
		SELECT p.period, p.partner, p.all_partners, p.segment, p.all_segments, u.measure, CASE WHEN u.counts THEN p.items ELSE p.amount END AS total,
			CASE WHEN u.counts THEN p.sourced_items ELSE p.sourced_amount END AS sourced, CASE WHEN u.counts THEN p.influenced_items ELSE p.influenced_amount END AS influenced
		FROM part p JOIN unit u ON u.kind = p.measure
	), row AS (
		SELECT r.period, r.partner, r.all_partners, r.segment, r.all_segments, u.place, u.measure, coalesce(w.total, 0) AS total, coalesce(o.sourced, 0) AS sourced, coalesce(o.influenced, 0) AS influenced
		FROM shown r CROSS JOIN unit u
		LEFT JOIN valued o ON o.period = r.period AND o.measure = u.measure AND o.all_partners = r.all_partners AND o.partner IS NOT DISTINCT FROM r.partner AND o.all_segments = r.all_segments AND o.segment IS NOT DISTINCT FROM r.segment
		LEFT JOIN valued w ON w.period = r.period AND w.measure = u.measure AND w.all_partners AND w.all_segments = r.all_segments AND w.segment IS NOT DISTINCT FROM r.segment
	)
	SELECT r.period, r.partner, r.all_partners, r.segment, r.all_segments, r.place, r.measure, r.sourced, r.influenced, r.total, r.sourced / nullif(r.total, 0), r.influenced / nullif(r.total, 0)
	FROM row r;
END;
COMMENT ON FUNCTION nudge.partner_totals(nudge.partner_part[], date[]) IS
	'Works for partner_performance and its mart: all measures of partners, and of all partners, from items added up. Not STRICT: without items all partners have rows of 0';

CREATE FUNCTION nudge.partner_performance(
	touches regclass,
	conversions regclass,
	deals regclass,
	start_day date,
	end_day date,
	customers regclass DEFAULT NULL,
	by_segment boolean DEFAULT false,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	zone text DEFAULT 'UTC',
	currency text DEFAULT NULL
) RETURNS TABLE (
	partner text,
	all_partners boolean,
	segment text,
	all_segments boolean,
	measure text,
	sourced_value numeric,
	influenced_value numeric,
	influenced_only_value numeric,
	total_value numeric,
	sourced_share numeric,
	influenced_share numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
BEGIN ATOMIC
	WITH item AS MATERIALIZED (
		SELECT i.measure AS kind, i.amount, i.segment, i.sourced_by, i.influenced_by
		FROM nudge.partner_items(partner_performance.touches, partner_performance.conversions, partner_performance.deals,
			partner_performance.start_day, partner_performance.end_day, partner_performance.customers, partner_performance.lookback,
			partner_performance.sourced, partner_performance.zone, partner_performance.currency) i
	), part AS (
		-- each item once, however many partners touched it
		SELECT NULL AS partner, true AS all_partners, i.segment, grouping(i.segment) = 1 AS all_segments, i.kind, count(*) AS items, sum(coalesce(i.amount, 0)) AS amount,
			count(*) FILTER (WHERE i.sourced_by IS NOT NULL) AS sourced_items, coalesce(sum(i.amount) FILTER (WHERE i.sourced_by IS NOT NULL), 0) AS sourced_amount,
			count(*) FILTER (WHERE i.influenced_by <> '{}'::text[]) AS influenced_items, coalesce(sum(i.amount) FILTER (WHERE i.influenced_by <> '{}'::text[]), 0) AS influenced_amount
		FROM item i
		GROUP BY GROUPING SETS ((i.kind, i.segment), (i.kind))
		UNION ALL
		SELECT p.partner, false, i.segment, grouping(i.segment) = 1, i.kind, NULL, NULL,
			count(*) FILTER (WHERE i.sourced_by = p.partner), coalesce(sum(i.amount) FILTER (WHERE i.sourced_by = p.partner), 0), count(*), coalesce(sum(i.amount), 0)
		FROM item i, unnest(i.influenced_by) p(partner)
		GROUP BY GROUPING SETS ((i.kind, p.partner, i.segment), (i.kind, p.partner))
	)
	SELECT r.partner, r.all_partners, r.segment, r.all_segments, r.measure, r.sourced_value, r.influenced_value, r.influenced_value - r.sourced_value, r.total_value, r.sourced_share, r.influenced_share
	FROM nudge.partner_totals((SELECT array_agg((partner_performance.start_day, p.partner, p.all_partners, p.segment, p.all_segments, p.kind, p.items, p.amount, p.sourced_items, p.sourced_amount, p.influenced_items, p.influenced_amount)::nudge.partner_part) FROM part p), ARRAY[partner_performance.start_day]) r
	WHERE r.all_segments OR partner_performance.by_segment
	ORDER BY r.place, r.all_partners, r.partner COLLATE "C", r.all_segments, r.segment COLLATE "C";
END;
COMMENT ON FUNCTION nudge.partner_performance(regclass, regclass, regclass, date, date, regclass, boolean, interval, text, text, text) IS
	'Revenue, deals won, pipeline and new customers that each partner sourced or influenced, and that all did, each item once. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

CREATE FUNCTION nudge.partner_cac(
	touches regclass,
	conversions regclass,
	deals regclass,
	spend regclass,
	start_day date,
	end_day date,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	partner_channels text[] DEFAULT '{partner}',
	zone text DEFAULT 'UTC',
	currency text DEFAULT NULL
) RETURNS TABLE (
	partner text,
	is_total boolean,
	amount_spent numeric,
	new_customers bigint,
	cac numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH spent AS MATERIALIZED (
			SELECT nullif(btrim(s.partner), '') AS partner, s.amount, s.currency
			FROM (%s) s
			WHERE s.day >= $4 AND s.day < $5 AND (nullif(btrim(s.partner), '') IS NOT NULL OR s.channel = ANY ($8))
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT s.currency), $10) AS currency FROM spent s
		), both_sides AS (
			SELECT s.partner, s.amount, 0 AS customers FROM spent s
			UNION ALL
			SELECT i.sourced_by, 0, 1
			FROM nudge.partner_items($1, $2, $3, $4, $5, NULL, $6, $7, $9) i
			WHERE i.measure = 'new_customer' AND i.sourced_by IS NOT NULL
		), added AS (
			SELECT b.partner, grouping(b.partner) = 1 AS is_total, coalesce(sum(b.amount), 0) AS amount, coalesce(sum(b.customers), 0) AS customers
			FROM both_sides b
			GROUP BY GROUPING SETS ((b.partner), ())
		)
		SELECT a.partner, a.is_total, a.amount, a.customers, a.amount / nullif(a.customers, 0), k.currency
		FROM added a, checked k
		ORDER BY a.is_total, a.partner COLLATE "C"
		$query$, nudge.input_query('spend', spend))
		USING touches, conversions, deals, start_day, end_day, lookback, sourced, partner_channels, zone, currency;
END
$$;
COMMENT ON FUNCTION nudge.partner_cac(regclass, regclass, regclass, regclass, date, date, interval, text, text[], text, text) IS
	'Spend on partners over the new customers whom they sourced, by partner and in all. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

CREATE FUNCTION nudge.partner_count(
	partners regclass,
	as_of date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (kind text, is_total boolean, active_partners bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT p.kind, grouping(p.kind) = 1, count(DISTINCT p.partner)
		FROM (%s) p
		WHERE p.joined_at < $1 AND (p.left_at IS NULL OR p.left_at >= $1)
		GROUP BY GROUPING SETS ((p.kind), ())
		ORDER BY 2, p.kind COLLATE "C"
		$query$, nudge.input_query('partners', partners))
		USING (as_of + 1)::timestamp AT TIME ZONE coalesce(zone, 'UTC');
END
$$;
COMMENT ON FUNCTION nudge.partner_count(regclass, date, text) IS
	'Partners at the end of a day, by kind and in all. Not STRICT: a NULL relation has no rows';
