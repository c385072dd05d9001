/*
 * partners.sql
 *		What partners bring: revenue, deals, pipeline and customers that they
 *		have sourced or influenced, and what such a customer costs.
 *
 * Definitions: doc/partners.md.
 */

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
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
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
		WITH touch AS MATERIALIZED (
			SELECT t.customer, t.at, t.channel, nullif(btrim(t.partner), '') AS partner FROM (%s) t WHERE t.customer IS NOT NULL AND t.at < $2
		), converted AS MATERIALIZED (
			SELECT c.customer, c.at, c.revenue, c.currency, row_number() OVER (PARTITION BY c.customer ORDER BY c.at, c.revenue DESC) AS nth FROM (%s) c WHERE c.at < $2
		), deal AS MATERIALIZED (
			SELECT d.deal, d.customer, d.created_at, d.closed_at, lower(btrim(d.outcome)) AS outcome, d.amount, d.currency, d.segment,
				nullif(btrim(d.partner), '') AS partner
			FROM (%s) d WHERE d.created_at < $2
		), segment AS MATERIALIZED (
			-- as the list of customers has it, else as the latest deal
			SELECT DISTINCT ON (s.customer) s.customer, s.segment
			FROM (SELECT c.customer, c.segment, NULL::timestamptz AS at FROM (%s) c
				UNION ALL SELECT d.customer, d.segment, d.created_at FROM deal d) s
			WHERE s.segment IS NOT NULL
			ORDER BY s.customer, s.at DESC NULLS FIRST, s.segment COLLATE "C"
		), item AS MATERIALIZED (
			SELECT row_number() OVER () AS no, x.*
			FROM (
				SELECT 'revenue' AS measure, c.customer, NULL AS deal, c.at, c.revenue AS amount, c.currency, NULL AS segment, c.at AS began, c.at AS ended,
					NULL AS partner, c.nth = 1 AND c.customer IS NOT NULL AS is_first
				FROM converted c WHERE c.at >= $1
				UNION ALL
				SELECT 'won_deal', d.customer, d.deal, d.closed_at, d.amount, d.currency, d.segment, d.created_at, d.closed_at, d.partner, false
				FROM deal d WHERE d.outcome = 'won' AND d.closed_at >= $1 AND d.closed_at < $2
				UNION ALL
				SELECT 'open_deal', d.customer, d.deal, d.created_at, d.amount, d.currency, d.segment, d.created_at, 'infinity', d.partner, false
				FROM deal d WHERE d.closed_at IS NULL AND d.outcome IS NULL OR d.closed_at >= $2
			) x
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT i.currency), $5) AS currency FROM item i
		), path AS (
			SELECT i.no, array_agg(DISTINCT t.partner) FILTER (WHERE t.partner IS NOT NULL) AS partners,
				(array_agg(t.partner ORDER BY t.at, t.channel COLLATE "C", t.partner COLLATE "C") FILTER (WHERE t.at <= i.began))[1] AS first_partner
			FROM item i
			-- in UTC a day of the lookback has 24 hours, whatever the zone of the session
			JOIN touch t ON t.customer = i.customer AND t.at <= i.ended
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
			SELECT i.measure, i.customer, i.deal, i.at, i.amount, i.is_first, coalesce(i.segment, s.segment) AS segment,
				CASE $4 WHEN 'recorded' THEN k.recorded WHEN 'first_touch' THEN p.first_partner ELSE coalesce(k.recorded, p.first_partner) END AS sourced_by,
				ARRAY(SELECT DISTINCT a.partner COLLATE "C" FROM unnest(p.partners || k.recorded) a(partner) WHERE a.partner IS NOT NULL ORDER BY 1) AS influenced_by
			FROM item i
			LEFT JOIN path p ON p.no = i.no
			LEFT JOIN recorded r ON r.no = i.no
			LEFT JOIN segment s ON s.customer = i.customer,
				LATERAL (SELECT coalesce(i.partner, r.partner) AS recorded) k
		)
		SELECT a.measure, a.customer, a.deal, a.at, a.amount, a.currency, a.segment, a.sourced_by, a.influenced_by
		FROM (SELECT 1 AS place, f.measure, f.customer, f.deal, f.at, f.amount, k.currency, f.segment, f.sourced_by, f.influenced_by
				FROM found f, checked k
			UNION ALL
			SELECT 2, 'new_customer', f.customer, NULL, f.at, 1, NULL, f.segment, f.sourced_by, f.influenced_by FROM found f WHERE f.is_first) a
		ORDER BY a.place, array_position(ARRAY['revenue', 'won_deal', 'open_deal'], a.measure), a.at, a.customer COLLATE "C", a.deal COLLATE "C"
		$query$, nudge.input_query('touches', touches), nudge.input_query('conversions', conversions), nudge.input_query('deals', deals),
			nudge.input_query('customers', customers))
		USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, lookback, sourced, currency;
END
$$;
COMMENT ON FUNCTION nudge.partner_items(regclass, regclass, regclass, date, date, regclass, interval, text, text, text) IS
	'What partner_performance adds up: every conversion, deal won, deal open and new customer of a window with the partner who sourced it and those who influenced it. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

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
	), unit (place, measure, kind, counts) AS (
		VALUES (1, 'revenue', 'revenue', false), (2, 'won_deals', 'won_deal', true), (3, 'won_amount', 'won_deal', false),
			(4, 'open_deals', 'open_deal', true), (5, 'pipeline', 'open_deal', false), (6, 'new_customers', 'new_customer', true)
	), valued AS (
		SELECT u.place, i.segment, i.sourced_by, i.influenced_by, CASE WHEN u.counts THEN 1 ELSE coalesce(i.amount, 0) END AS value
		FROM item i JOIN unit u ON u.kind = i.kind
	), whole AS MATERIALIZED (
		-- each item once, however many partners touched it
		SELECT v.place, v.segment, grouping(v.segment) = 1 AS all_segments, sum(v.value) AS total,
			coalesce(sum(v.value) FILTER (WHERE v.sourced_by IS NOT NULL), 0) AS sourced,
			coalesce(sum(v.value) FILTER (WHERE v.influenced_by <> '{}'::text[]), 0) AS influenced
		FROM valued v
		GROUP BY GROUPING SETS ((v.place, v.segment), (v.place))
	), one AS MATERIALIZED (
		SELECT v.place, p.partner, v.segment, grouping(v.segment) = 1 AS all_segments,
			coalesce(sum(v.value) FILTER (WHERE v.sourced_by = p.partner), 0) AS sourced, sum(v.value) AS influenced
		FROM valued v, unnest(v.influenced_by) p(partner)
		GROUP BY GROUPING SETS ((v.place, p.partner, v.segment), (v.place, p.partner))
	), shown AS (
		SELECT NULL AS partner, true AS all_partners, NULL AS segment, true AS all_segments
		UNION
		SELECT NULL, true, w.segment, w.all_segments FROM whole w
		UNION
		SELECT o.partner, false, o.segment, o.all_segments FROM one o
	), row AS (
		SELECT r.partner, r.all_partners, r.segment, r.all_segments, u.place, u.measure, coalesce(w.total, 0) AS total,
			coalesce(CASE WHEN r.all_partners THEN w.sourced ELSE o.sourced END, 0) AS sourced,
			coalesce(CASE WHEN r.all_partners THEN w.influenced ELSE o.influenced END, 0) AS influenced
		FROM shown r CROSS JOIN unit u
		LEFT JOIN whole w ON w.place = u.place AND w.all_segments = r.all_segments AND w.segment IS NOT DISTINCT FROM r.segment
		LEFT JOIN one o ON o.place = u.place AND o.partner = r.partner AND o.all_segments = r.all_segments AND o.segment IS NOT DISTINCT FROM r.segment
		WHERE r.all_segments OR partner_performance.by_segment
	)
	SELECT r.partner, r.all_partners, r.segment, r.all_segments, r.measure, r.sourced, r.influenced, r.influenced - r.sourced, r.total,
		r.sourced / nullif(r.total, 0), r.influenced / nullif(r.total, 0)
	FROM row r
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
