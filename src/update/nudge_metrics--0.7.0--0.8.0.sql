\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.8.0'" to load this file. \quit


-- Who may: the new one follows, with a function more.
-- replaces: DO $$

-- Tickets that were open since an instant are asked for by one more argument.
-- replaces: CREATE FUNCTION nudge.ticket_rows(
-- replaces: COMMENT ON FUNCTION nudge.ticket_rows(regclass, timestamptz, timestamptz, timestamptz, text) IS
DROP FUNCTION nudge.ticket_rows(regclass, timestamptz, timestamptz, timestamptz, text);

-- All dimensions are counted in one pass: support_slices takes its place.
-- replaces: CREATE FUNCTION nudge.support_lines(
-- replaces: COMMENT ON FUNCTION nudge.support_lines(regclass, date, date, text, text, timestamptz, text, regclass, text, text) IS
DROP FUNCTION nudge.support_lines(regclass, date, date, text, text, timestamptz, text, regclass, text, text);

DELETE FROM nudge.shipped_widget_metrics;
DELETE FROM nudge.shipped_widgets;
DELETE FROM nudge.shipped_views;
DELETE FROM nudge.shipped_marts;

CREATE FUNCTION nudge.channel_budget_lines(budgets regclass, start_day date, end_day date, budget_root text, expected_currency text DEFAULT NULL)
	RETURNS TABLE (period date, channel text, amount numeric, currency text)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	SELECT b.period, btrim(split_part(substr(b.category, length(channel_budget_lines.budget_root) + 2), '/', 1)), b.amount, b.currency
	FROM nudge.budget_lines(channel_budget_lines.budgets, channel_budget_lines.start_day, channel_budget_lines.end_day, expected_currency => channel_budget_lines.expected_currency) b
	WHERE starts_with(b.category, channel_budget_lines.budget_root || '/');
END;

COMMENT ON FUNCTION nudge.channel_budget_lines(regclass, date, date, text, text) IS
	'Works for channel_performance: the budgets of channels, which are the categories below a root, by month. Not STRICT: NULL budgets are none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.campaign_plans(campaigns regclass, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (campaign text, channel text, kind text, runs boolean, budget_share numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		-- one that has ended goes on to earn, but has no plan
		SELECT c.campaign, min(nullif(btrim(c.channel), '')), min(c.kind), bool_or(r.runs), sum(c.budget_share) FILTER (WHERE r.runs)
		FROM (%s) c, LATERAL (SELECT coalesce(nudge.civil_date(c.started_at, $3) < $2, true) AND coalesce(c.ended_at > $1::timestamp AT TIME ZONE $3, true) AS runs) r
		GROUP BY c.campaign
		$query$, nudge.input_query('campaigns', campaigns))
		USING start_day, end_day, coalesce(zone, 'UTC');
END
$$;

COMMENT ON FUNCTION nudge.campaign_plans(regclass, date, date, text) IS
	'Works for campaign_performance: campaigns with their channel and kind, whether they run in a window, and their planned share of the budget then. Not STRICT: NULL campaigns are none';

-- What is known of a channel or campaign in a period comes in parts, which are
-- added up: of spend, of credits, of leads, of touches and of plans.
CREATE TYPE nudge.acquisition_part AS (
	period date,
	name text,
	cost numeric,
	impressions bigint,
	clicks bigint,
	shown_clicks bigint,
	clicked_impressions bigint,
	clicked_cost numeric,
	visitors bigint,
	new_leads bigint,
	new_customers numeric,
	revenue numeric,
	planned_cost numeric,
	planned_share numeric
);

COMMENT ON TYPE nudge.acquisition_part IS 'Works for acquisition_totals: a part of what a channel, a campaign or a kind of campaign has cost and earned in a period; NULL is not known, and 0 if another part knows';

COMMENT ON COLUMN nudge.acquisition_part.period IS 'First day of the period';

COMMENT ON COLUMN nudge.acquisition_part.name IS 'Channel, campaign or kind';

COMMENT ON COLUMN nudge.acquisition_part.cost IS 'What was spent on it';

COMMENT ON COLUMN nudge.acquisition_part.impressions IS 'Times it was shown';

COMMENT ON COLUMN nudge.acquisition_part.clicks IS 'Clicks it brought';

COMMENT ON COLUMN nudge.acquisition_part.shown_clicks IS 'Those of which the impressions are known';

COMMENT ON COLUMN nudge.acquisition_part.clicked_impressions IS 'Impressions of which the clicks are known';

COMMENT ON COLUMN nudge.acquisition_part.clicked_cost IS 'Cost of which the clicks are known';

COMMENT ON COLUMN nudge.acquisition_part.visitors IS 'Distinct visitors among its touches';

COMMENT ON COLUMN nudge.acquisition_part.new_leads IS 'Leads that came from it';

COMMENT ON COLUMN nudge.acquisition_part.new_customers IS 'New customers credited to it';

COMMENT ON COLUMN nudge.acquisition_part.revenue IS 'Revenue credited to it';

COMMENT ON COLUMN nudge.acquisition_part.planned_cost IS 'Cost planned';

COMMENT ON COLUMN nudge.acquisition_part.planned_share IS 'Share in the cost planned';

CREATE FUNCTION nudge.acquisition_totals(
	parts nudge.acquisition_part[],
	currency text DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers'
) RETURNS TABLE (
	period date,
	name text,
	cost numeric,
	impressions bigint,
	clicks bigint,
	visitors bigint,
	new_leads bigint,
	new_customers numeric,
	revenue numeric,
	click_through_rate numeric,
	cost_per_click numeric,
	cost_per_lead numeric,
	visitor_to_lead_rate numeric,
	lead_to_customer_rate numeric,
	click_to_customer_rate numeric,
	cac numeric,
	loaded_cost numeric,
	loaded_cac numeric,
	payback_months numeric,
	revenue_payback_months numeric,
	roas numeric,
	roi numeric,
	cost_share numeric,
	planned_cost numeric,
	planned_share numeric
)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000
BEGIN ATOMIC
	WITH summed AS MATERIALIZED (
		SELECT p.period, p.name, sum(p.cost) AS cost, sum(p.impressions)::bigint AS impressions, sum(p.clicks)::bigint AS clicks, sum(p.visitors)::bigint AS visitors, sum(p.new_leads)::bigint AS leads,
			sum(p.new_customers) AS customers, sum(p.revenue) AS revenue, sum(p.shown_clicks) / nullif(sum(p.clicked_impressions), 0) AS click_through_rate,
			sum(p.clicked_cost) / nullif(sum(p.clicks), 0) AS cost_per_click, sum(p.planned_cost) AS planned, sum(p.planned_share) AS share
		FROM unnest(acquisition_totals.parts) p
		GROUP BY p.period, p.name
	), weighed AS (
		SELECT s.*, row_number() OVER (PARTITION BY s.period ORDER BY s.name COLLATE "C") AS place,
			greatest(CASE acquisition_totals.shared_by WHEN 'customers' THEN s.customers WHEN 'spend' THEN s.cost ELSE s.revenue END, 0) AS weight
		FROM summed s
	), shares AS (
		SELECT w.period, nudge.apportion(acquisition_totals.shared_cost, array_agg(w.weight ORDER BY w.place), coalesce(nudge.currency_minor_unit(acquisition_totals.currency), 2)) AS shares
		FROM weighed w WHERE acquisition_totals.shared_cost <> 0
		GROUP BY w.period
	), spread AS (
		SELECT w.*, CASE WHEN acquisition_totals.shared_cost = 0 THEN 0 ELSE h.shares[w.place] END AS shared FROM weighed w LEFT JOIN shares h ON h.period = w.period
	)
	SELECT s.period, s.name, s.cost, s.impressions, s.clicks, s.visitors, s.leads, s.customers, s.revenue,
		s.click_through_rate, s.cost_per_click, s.cost / nullif(s.leads, 0), s.leads::numeric / nullif(s.visitors, 0),
		s.customers / nullif(s.leads, 0), s.customers / nullif(s.clicks, 0),
		s.cost / nullif(s.customers, 0), s.cost + s.shared, c.loaded_cac,
		CASE WHEN c.loaded_cac >= 0 THEN nudge.cac_payback_months(c.loaded_cac, acquisition_totals.arpa, acquisition_totals.gross_margin) END,
		CASE WHEN c.loaded_cac >= 0 THEN nudge.cac_payback_months(c.loaded_cac, acquisition_totals.arpa) END,
		s.revenue / nullif(s.cost, 0), (s.revenue * acquisition_totals.gross_margin - s.cost) / nullif(s.cost, 0),
		s.cost / nullif(sum(s.cost) OVER one, 0), s.planned, coalesce(s.share, s.planned / nullif(sum(s.planned) OVER one, 0))
	FROM spread s, LATERAL (SELECT (s.cost + s.shared) / nullif(s.customers, 0) AS loaded_cac) c
	WINDOW one AS (PARTITION BY s.period);
END;

COMMENT ON FUNCTION nudge.acquisition_totals(nudge.acquisition_part[], text, numeric, numeric, numeric, text) IS
	'Works for channel_performance and campaign_performance, and for their marts: parts added up by period and name, with all rates; shared cost is that of each period. Not STRICT: NULL options have a meaning';

-- The core of both: by is channel, campaign or kind, which is what credits,
-- spend, leads and touches are grouped by.
CREATE OR REPLACE FUNCTION nudge.acquisition_results(
	by text,
	credits nudge.channel_credit[],
	credit_currency text,
	spend regclass,
	start_day date,
	end_day date,
	zone text,
	gross_margin numeric,
	arpa numeric,
	shared_cost numeric,
	shared_by text,
	leads regclass,
	lead_stage text,
	touches regclass,
	campaigns regclass,
	budgets regclass,
	budget_root text,
	currency text
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- what a row of spend and touches, and what a lead belongs to; channels are what they are without blanks around them
	of_spend constant text := CASE by WHEN 'channel' THEN 'btrim(x.channel)' WHEN 'campaign' THEN 'x.campaign'
		ELSE '(SELECT k.kind FROM campaign k WHERE k.campaign = x.campaign)' END;
	of_lead constant text := CASE by WHEN 'channel' THEN 'btrim(x.source)' WHEN 'campaign' THEN 'x.campaign'
		ELSE '(SELECT k.kind FROM campaign k WHERE k.campaign = x.campaign)' END;
	of_credit constant text := CASE by WHEN 'kind' THEN '(SELECT k.kind FROM campaign k WHERE k.campaign = x.channel)' WHEN 'channel' THEN 'btrim(x.channel)' ELSE 'x.channel' END;
	-- where the plan stands: budgets of channels, shares of campaigns
	plan constant text := CASE by
		WHEN 'channel' THEN 'SELECT b.channel, b.amount, NULL::numeric, b.currency FROM nudge.channel_budget_lines($18, $1, $2, $10, $9) b'
		WHEN 'campaign' THEN 'SELECT k.campaign, NULL::numeric, k.budget_share, NULL::text FROM campaign k WHERE k.runs'
		ELSE 'SELECT k.kind, NULL::numeric, k.budget_share, NULL::text FROM campaign k WHERE k.runs' END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF by IS NULL OR by NOT IN ('channel', 'campaign', 'kind') THEN
		RAISE EXCEPTION 'unknown value "%" of "by"', by
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Rows are those of campaigns or of their kinds.',
				HINT = 'Pass campaign or kind.';
	END IF;
	IF shared_by IS NULL OR shared_by NOT IN ('customers', 'spend', 'revenue') THEN
		RAISE EXCEPTION 'unknown value "%" of "shared_by"', shared_by
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Cost that is no channel''s own is spread by customers, spend or revenue.',
				HINT = 'Leave it out for customers.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH campaign AS MATERIALIZED (
			SELECT c.* FROM nudge.campaign_plans($20, $1, $2, $3) c
		), spent AS MATERIALIZED (
			SELECT %s AS name, x.amount, x.currency, x.impressions, x.clicks FROM nudge.spend_lines($19, $1, $2, $9) x
		), planned(name, amount, share, currency) AS MATERIALIZED (
			%s
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT c.currency), $9) AS currency
			FROM (SELECT s.currency FROM spent s UNION ALL SELECT p.currency FROM planned p WHERE p.amount IS NOT NULL
				UNION ALL SELECT $13 WHERE $13 IS NOT NULL) c
		), parts(name, cost, impressions, clicks, shown_clicks, clicked_impressions, clicked_cost, visitors, leads, customers, revenue, planned, share) AS (
			SELECT s.name, s.amount, s.impressions, s.clicks, CASE WHEN s.impressions IS NOT NULL THEN s.clicks END,
				CASE WHEN s.clicks IS NOT NULL THEN s.impressions END, CASE WHEN s.clicks IS NOT NULL THEN s.amount END, 0::bigint, 0::bigint, 0::numeric, 0::numeric, NULL::numeric, NULL::numeric
			FROM spent s
			UNION ALL
			SELECT %s, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, x.customers, x.revenue, NULL, NULL
			FROM unnest($4) x
			UNION ALL
			SELECT %s, 0, NULL, NULL, NULL, NULL, NULL, 0, 1, 0, 0, NULL, NULL
			FROM nudge.lead_origins($17, $8) x
			WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2
			UNION ALL
			SELECT v.name, 0, NULL, NULL, NULL, NULL, NULL, count(DISTINCT v.visitor), 0, 0, 0, NULL, NULL
			FROM (SELECT %s AS name, coalesce('a' || x.anonymous_id, 'u' || x."user", 'c' || x.customer) AS visitor
				FROM (%s) x WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2) v
			WHERE v.visitor IS NOT NULL
			GROUP BY v.name
			UNION ALL
			SELECT p.name, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, p.amount, p.share FROM planned p
		)
		SELECT CASE WHEN $7 = 'channel' THEN s.name ELSE g.channel END, CASE WHEN $7 = 'campaign' THEN s.name END, CASE WHEN $7 = 'kind' THEN s.name ELSE g.kind END,
			s.cost, s.impressions, s.clicks, s.visitors, s.new_leads, s.new_customers, s.revenue,
			s.click_through_rate, s.cost_per_click, s.cost_per_lead, s.visitor_to_lead_rate, s.lead_to_customer_rate, s.click_to_customer_rate,
			s.cac, s.loaded_cost, s.loaded_cac, s.payback_months, s.revenue_payback_months, s.roas, s.roi, s.cost_share, s.planned_cost, s.planned_share, k.currency
		FROM checked k,
			-- what is not given is not known
			LATERAL nudge.acquisition_totals((SELECT array_agg(($1, p.name, CASE WHEN $14 THEN p.cost END, p.impressions, p.clicks, p.shown_clicks, p.clicked_impressions, p.clicked_cost,
				CASE WHEN $16 THEN p.visitors END, CASE WHEN $15 THEN p.leads END, p.customers, p.revenue, p.planned, p.share)::nudge.acquisition_part) FROM parts p), k.currency, $5, $6, $11, $12) s
		LEFT JOIN campaign g ON $7 = 'campaign' AND g.campaign = s.name
		ORDER BY s.cost DESC NULLS LAST, s.revenue DESC, s.name COLLATE "C"
		$query$, of_spend, plan,
			of_credit, of_lead, of_spend, nudge.input_query('touches', touches))
		USING start_day, end_day, coalesce(zone, 'UTC'), credits, gross_margin, arpa, by, lead_stage, currency, budget_root, coalesce(shared_cost, 0), shared_by,
			credit_currency, spend IS NOT NULL, leads IS NOT NULL, touches IS NOT NULL, leads, budgets, spend, campaigns;
END
$$;

CREATE TYPE nudge.content_part AS (
	period date,
	type text,
	published bigint,
	visitors bigint,
	new_leads bigint,
	customers bigint
);

COMMENT ON TYPE nudge.content_part IS 'Works for content_totals: a part of what content of a type has brought in a period; NULL is not known';

COMMENT ON COLUMN nudge.content_part.period IS 'First day of the period';

COMMENT ON COLUMN nudge.content_part.type IS 'Type of content';

COMMENT ON COLUMN nudge.content_part.published IS 'Pieces published';

COMMENT ON COLUMN nudge.content_part.visitors IS 'Distinct visitors of its touches';

COMMENT ON COLUMN nudge.content_part.new_leads IS 'Leads that came from it';

COMMENT ON COLUMN nudge.content_part.customers IS 'Those of them that became customers';

CREATE FUNCTION nudge.content_totals(parts nudge.content_part[])
	RETURNS TABLE (period date, type text, published bigint, visitors bigint, new_leads bigint, customers bigint, content_to_lead_rate numeric, lead_to_customer_rate numeric)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 COST 10000
BEGIN ATOMIC
	SELECT s.period, s.type, s.published, s.visitors, s.new_leads, s.customers, s.new_leads::numeric / nullif(s.visitors, 0), s.customers::numeric / nullif(s.new_leads, 0)
	FROM (SELECT p.period, p.type, sum(p.published)::bigint AS published, sum(p.visitors)::bigint AS visitors, sum(p.new_leads)::bigint AS new_leads, sum(p.customers)::bigint AS customers
		FROM unnest(content_totals.parts) p GROUP BY p.period, p.type) s;
END;

COMMENT ON FUNCTION nudge.content_totals(nudge.content_part[]) IS 'Works for content_performance and its mart: parts added up by period and type, with rates';

CREATE OR REPLACE FUNCTION nudge.content_performance(
	content regclass,
	leads regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	types text[] DEFAULT NULL,
	cadences text[] DEFAULT NULL,
	touches regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	customer_stage text DEFAULT 'customer'
) RETURNS TABLE (
	type text,
	published bigint,
	planned numeric,
	attainment numeric,
	pieces_per_month numeric,
	median_days_between numeric,
	planned_days_between numeric,
	visitors bigint,
	new_leads bigint,
	customers bigint,
	content_to_lead_rate numeric,
	lead_to_customer_rate numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	word text;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	SELECT c INTO word FROM unnest(cadences) c WHERE c NOT IN ('daily', 'weekly', 'bi-weekly', 'monthly', 'quarterly') LIMIT 1;
	IF word IS NOT NULL THEN
		RAISE EXCEPTION 'unknown cadence "%"', word
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A cadence is how often a piece should come out; bi-weekly is every two weeks.',
				HINT = 'Use daily, weekly, bi-weekly, monthly or quarterly, or null where none is planned.';
	END IF;
	IF array_position(types, NULL) IS NOT NULL OR cardinality(types) > (SELECT count(DISTINCT t) FROM unnest(types) t) THEN
		RAISE EXCEPTION '"types" must name each type once'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A type has one cadence.',
				HINT = 'Leave out what stands there twice, and nulls.';
	END IF;
	IF coalesce(cardinality(cadences), 0) NOT IN (0, coalesce(cardinality(types), 0)) THEN
		RAISE EXCEPTION '"cadences" must have an element for each of "types"'
			USING ERRCODE = 'array_subscript_error',
				DETAIL = format('There are %s cadences and %s types.', cardinality(cadences), coalesce(cardinality(types), 0)),
				HINT = 'Write null where no cadence is planned.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH piece AS MATERIALIZED (
			SELECT c.content, c.type, nudge.civil_date(c.published_at, $3) AS day FROM (%s) c
		), span AS (
			-- a month is as long as it is
			SELECT $2 - $1 AS days, sum(d.sign * (12 * extract(year FROM d.day) + extract(month FROM d.day)
				+ (extract(day FROM d.day) - 1) / (nudge.period_end(d.day, 'month') - nudge.period_start(d.day, 'month')))) AS months
			FROM (VALUES ($2, 1), ($1, -1)) d(day, sign)
		), plan AS (
			SELECT u.type, CASE u.cadence WHEN 'daily' THEN s.days WHEN 'weekly' THEN s.days / 7.0 WHEN 'bi-weekly' THEN s.days / 14.0
					WHEN 'monthly' THEN s.months WHEN 'quarterly' THEN s.months / 3 END AS pieces,
				CASE u.cadence WHEN 'daily' THEN 1 WHEN 'weekly' THEN 7 WHEN 'bi-weekly' THEN 14 WHEN 'monthly' THEN 365 / 12.0 WHEN 'quarterly' THEN 365 / 4.0 END AS days_between
			FROM unnest($4, $5) u(type, cadence), span s
		), known AS MATERIALIZED (
			SELECT p.type FROM piece p UNION SELECT l.type FROM plan l
		), gap AS (
			SELECT p.type, (percentile_cont(0.5) WITHIN GROUP (ORDER BY p.days::double precision))::numeric AS days
			FROM (SELECT q.*, q.day - lag(q.day) OVER (PARTITION BY q.type ORDER BY q.day) AS days FROM piece q) p
			WHERE p.day >= $1 AND p.day < $2
			GROUP BY p.type
		), parts(type, published, visitors, leads, customers) AS (
			SELECT p.type, 1, 0::bigint, 0, 0
			FROM piece p
			WHERE p.day >= $1 AND p.day < $2
			UNION ALL
			SELECT v.type, 0, count(DISTINCT v.visitor), 0, 0
			FROM (SELECT p.type, coalesce('a' || x.anonymous_id, 'u' || x."user", 'c' || x.customer) AS visitor
				FROM (%s) x JOIN piece p ON p.content = x.campaign
				WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2) v
			WHERE v.visitor IS NOT NULL
			GROUP BY v.type
			UNION ALL
			SELECT coalesce(p.type, k.type), 0, 0, 1, c.converted::integer
			FROM nudge.lead_origins($10, $6, $7) c
			LEFT JOIN (SELECT q.content, min(q.type) AS type FROM piece q GROUP BY q.content) p ON p.content = c.campaign
			LEFT JOIN known k ON k.type = c.source
			WHERE coalesce(p.type, k.type) IS NOT NULL AND nudge.civil_date(c.at, $3) >= $1 AND nudge.civil_date(c.at, $3) < $2
			UNION ALL
			SELECT l.type, 0, 0, 0, 0 FROM plan l
		)
		SELECT s.type, s.published, l.pieces, s.published / nullif(l.pieces, 0), s.published / w.months, g.days, l.days_between,
			s.visitors, s.new_leads, s.customers, s.content_to_lead_rate, s.lead_to_customer_rate
		FROM nudge.content_totals((SELECT array_agg(($1, p.type, p.published, CASE WHEN $8 THEN p.visitors END, CASE WHEN $9 THEN p.leads END, CASE WHEN $9 THEN p.customers END)::nudge.content_part) FROM parts p)) s
		LEFT JOIN plan l ON l.type = s.type LEFT JOIN gap g ON g.type IS NOT DISTINCT FROM s.type, span w
		ORDER BY s.type COLLATE "C"
		$query$, nudge.input_query('content', content), nudge.input_query('touches', touches))
		USING start_day, end_day, coalesce(zone, 'UTC'), types, cadences, lead_stage, customer_stage, touches IS NOT NULL, leads IS NOT NULL, leads;
END
$$;

-- src/reports/partners.sql

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

CREATE OR REPLACE FUNCTION nudge.partner_items(
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

CREATE OR REPLACE FUNCTION nudge.partner_performance(
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

-- What they pay -------------------------------------------------------------

CREATE FUNCTION nudge.check_segment(segment text, customers regclass) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF segment IS NOT NULL AND customers IS NULL THEN
		RAISE EXCEPTION 'a segment needs customers'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Which segment an account is in, the input customers says.',
				HINT = 'Pass the relation as customers.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_segment(text, regclass) IS 'An error for a segment without customers to be in it. Not STRICT: NULL is all, and not known';

CREATE OR REPLACE FUNCTION nudge.account_rows(
	state nudge.mrr_state,
	customers regclass,
	as_of date,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, customer_segment text, created_at timestamptz, mrr numeric, quarter_mrr numeric, year_mrr numeric, active boolean, chosen boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	RETURN QUERY EXECUTE nudge.account_query(customers, NULL, NULL, zone => zone) || $query$
		SELECT a.customer, a.segment, a.created_at, a.mrr, a.quarter_mrr, a.year_mrr, a.active, $5 IS NULL OR coalesce(a.label = nudge.attribute_label('segment', $5), false)
		FROM account a
		ORDER BY a.customer COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment;
END
$$;

-- src/reports/account_lines.sql

/*
 * account_lines.sql
 *		What accounts are, and what is recorded of them, at the close of one day or
 *		of many, read once for all: the query behind account_rows, account_shares,
 *		implementation_velocity and value_realization, and of the marts of these.
 *
 * Definitions: doc/account_shares.md.
 */

-- A WITH clause, to which each report adds its SELECT: what that does not name is
-- not computed.  $1 are the days, which are numbered from 0; $2 states, each of
-- other customers, and $3 the hash buckets that have one: customers of others are
-- accounts if they exist.  $4 are states by the currency that is paid, or NULL
-- if these are the states.  Customers are sorted and joined by their bytes, whatever
-- the collation of the database.
CREATE FUNCTION nudge.account_query(
	customers regclass,
	account_facts regclass,
	facts text[],
	contracts regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	buckets integer DEFAULT 1,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12,
	usage regclass DEFAULT NULL,
	grain text DEFAULT 'month'
) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	healthy integer;
BEGIN
	PERFORM nudge.check_levels('sponsor_status', sponsor_levels);
	healthy := array_position(sponsor_levels, lower(healthy_sponsor));
	IF healthy IS NULL OR minimum_levels IS NULL OR minimum_levels < 1 OR NOT coalesce(category_spend_months > 0 AND category_spend_months < 'Infinity', false) THEN
		RAISE EXCEPTION 'an option of account_shares is out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('healthy_sponsor is %s, minimum_levels %s, category_spend_months %s.', coalesce(healthy_sponsor, 'null'),
					coalesce(minimum_levels::text, 'null'), coalesce(category_spend_months::text, 'null')),
				HINT = 'Pass a word of sponsor_levels, a number of levels from 1, and months above 0.';
	ELSIF NOT coalesce(contract_months BETWEEN 1 AND 1200 AND multi_year_months > 0, false) THEN
		RAISE EXCEPTION 'months of contracts are out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('contract_months is %s, multi_year_months %s.', coalesce(contract_months::text, 'null'), coalesce(multi_year_months::text, 'null')),
				HINT = 'Pass 1 to 1200 months in which contracts were signed, and a term above 0.';
	END IF;
	RETURN format($query$
		WITH day AS MATERIALIZED (
			SELECT (row_number() OVER (ORDER BY d.as_of))::integer - 1 AS no, d.as_of, nudge.day_close(d.as_of, %1$L) AS known_at FROM unnest($1) d(as_of)
		), closing AS MATERIALIZED (
			SELECT array_agg(d.known_at ORDER BY d.no) AS closes, max(d.known_at) AS known_at FROM day d
		), asked AS MATERIALIZED (
			SELECT d.no, a.ago, nudge.months_before(d.as_of, a.ago) AS at FROM day d, unnest('{0,3,12}'::integer[]) a(ago)
		), paid AS MATERIALIZED (
			SELECT q.no, m.customer, coalesce(sum(m.mrr) FILTER (WHERE q.ago = 0), 0) AS mrr, coalesce(sum(m.mrr) FILTER (WHERE q.ago = 3), 0) AS quarter_mrr,
				coalesce(sum(m.mrr) FILTER (WHERE q.ago = 12), 0) AS year_mrr
			FROM (SELECT t.at, r.customer COLLATE "C" AS customer, r.mrr FROM (SELECT DISTINCT a.at FROM asked a) t, unnest($2) s(state), LATERAL nudge.customer_mrr(s.state, t.at, coalesce(%1$L, 'UTC')) r) m
			JOIN asked q ON q.at = m.at
			GROUP BY q.no, m.customer
		), customer AS MATERIALIZED (
			SELECT c.customer COLLATE "C" AS customer, c.created_at, c.segment, c.internal, CASE WHEN c.segment IS NOT NULL THEN nudge.attribute_label('segment', c.segment) END AS label FROM nudge.customer_rows(%2$L) c
		), account AS MATERIALIZED (
			-- who pays, or where nothing is paid at all, who is there
			SELECT u.no, u.known_at, u.customer, u.segment, u.label, u.created_at, k.mrr, k.quarter_mrr, k.year_mrr, CASE WHEN u.in_state THEN k.mrr > 0 ELSE u.created_at < u.known_at END AS active
			FROM (
				SELECT coalesce(a.no, p.no) AS no, (SELECT c.closes FROM closing c)[coalesce(a.no, p.no) + 1] AS known_at, coalesce(a.customer, p.customer) AS customer, a.segment, a.label, a.created_at, p.mrr, p.quarter_mrr, p.year_mrr,
					nudge.bucket(coalesce(a.customer, p.customer), %6$L::integer) = ANY ($3) AS in_state
				FROM (SELECT b.no, c.* FROM customer c CROSS JOIN day b) a FULL JOIN paid p ON p.no = a.no AND p.customer = a.customer
				WHERE NOT coalesce(a.internal, false)
			) u,
				LATERAL (SELECT CASE WHEN u.in_state THEN coalesce(u.mrr, 0) END AS mrr, CASE WHEN u.in_state THEN coalesce(u.quarter_mrr, 0) END AS quarter_mrr, CASE WHEN u.in_state THEN coalesce(u.year_mrr, 0) END AS year_mrr) k
		), contract AS MATERIALIZED (
			SELECT k.customer COLLATE "C" AS customer, k.contract, k.signed_at, k.starts_at, k.term_months FROM closing c, LATERAL nudge.account_contract_rows(%5$L, c.known_at) k
		), found AS MATERIALIZED (
			-- a fact is known from the first day that closes after its start, and in force until the first that closes after its end
			SELECT f.customer COLLATE "C" AS customer, f.fact, f.value, f.agreed_at, f.valid_from, width_bucket(f.valid_from, c.closes) AS from_no, coalesce(width_bucket(f.valid_to, c.closes), cardinality(c.closes)) AS until_no
			FROM closing c, LATERAL nudge.account_fact_rows(%3$L, %4$L, c.known_at) f
		), latest AS MATERIALIZED (
			-- of several in force the latest counts: it hides the others on its days
			SELECT s.customer, s.fact, s.value, n.no
			FROM (
				SELECT f.customer, f.fact, f.value, int4multirange(int4range(f.from_no, f.until_no)) - coalesce(range_agg(int4range(f.from_no, f.until_no))
					OVER (PARTITION BY f.customer, f.fact ORDER BY f.valid_from, f.value COLLATE "C" DESC ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), '{}') AS nos
				FROM found f WHERE f.from_no < f.until_no AND f.fact IN (SELECT m.source FROM nudge.account_share_metrics() m WHERE m.counts IN ('flag', 'reached', 'spend', 'mean'))
			) s, unnest(s.nos) r, day n
			WHERE n.no >= lower(r) AND n.no < upper(r)
		), held AS (
			SELECT d.no, f.customer, bool_or(nudge.fact_flag(f.fact, f.value)) AS held
			FROM found f JOIN day d ON d.no >= f.from_no AND f.valid_from >= nudge.day_close(nudge.months_before(d.as_of, 3), %1$L)
			WHERE f.fact = 'qbr_held' GROUP BY d.no, f.customer
		), item AS (
			SELECT m.metric, f.fact, n.no, f.customer, a.label, f.value, f.agreed_at > f.valid_from AS too_late,
				row_number() OVER (PARTITION BY f.fact, n.no, f.customer ORDER BY f.valid_from, f.agreed_at, f.value COLLATE "C") AS item_no
			FROM found f JOIN nudge.account_share_metrics() m ON m.source = f.fact AND m.counts = 'items' CROSS JOIN LATERAL generate_series(f.from_no, f.until_no - 1) n(no)
			JOIN account a ON a.no = n.no AND a.customer = f.customer AND a.active
		), sponsor AS (
			-- the mean of all sponsors
			SELECT n.no, f.customer, avg(nudge.fact_level(f.fact, f.value, %7$L)) AS level, string_agg(f.value, ', ' ORDER BY f.valid_from, f.value COLLATE "C") AS words
			FROM found f JOIN day n ON n.no >= f.from_no AND n.no < f.until_no WHERE f.fact = 'sponsor_status' GROUP BY n.no, f.customer
		), contact AS (
			SELECT n.no, f.customer, count(DISTINCT lower(f.value)) AS levels, string_agg(DISTINCT lower(f.value) COLLATE "C", ', ' ORDER BY lower(f.value) COLLATE "C") AS words
			FROM found f JOIN day n ON n.no >= f.from_no AND n.no < f.until_no WHERE f.fact = 'contact_level' GROUP BY n.no, f.customer
		), spend AS MATERIALIZED (
			SELECT a.no, a.customer, a.label, a.mrr, l.value, nudge.fact_number(l.fact, l.value) AS number FROM account a JOIN latest l ON l.no = a.no AND l.customer = a.customer AND l.fact = 'category_spend' WHERE a.active
		), sound AS (
			SELECT nudge.check_values('account_facts', count(*) FILTER (WHERE s.number < 0), 'A category_spend is negative.') AS checked FROM spend s
		), growth AS (
			SELECT a.no, a.customer, a.label, a.mrr, a.quarter_mrr FROM account a WHERE $4 IS NULL AND a.quarter_mrr > 0
			UNION ALL
			-- a rate that moves is no expansion: who pays more is found in the currency that is paid
			SELECT g.no, g.customer, c.label, coalesce(g.mrr, 0), g.quarter_mrr
			FROM (SELECT q.no, m.state_no, m.customer, sum(m.mrr) FILTER (WHERE q.ago = 0) AS mrr, sum(m.mrr) FILTER (WHERE q.ago = 3) AS quarter_mrr
				FROM (SELECT t.at, s.state_no, r.customer COLLATE "C" AS customer, r.mrr FROM (SELECT DISTINCT b.at FROM asked b WHERE b.ago < 12) t, unnest($4) WITH ORDINALITY s(state, state_no), LATERAL nudge.customer_mrr(s.state, t.at, coalesce(%1$L, 'UTC')) r) m
				JOIN asked q ON q.at = m.at AND q.ago < 12 GROUP BY q.no, m.state_no, m.customer) g
			LEFT JOIN customer c ON c.customer = g.customer WHERE g.quarter_mrr > 0 AND NOT coalesce(c.internal, false)
		), begun AS MATERIALIZED (
			SELECT b.*
			FROM (SELECT a.no, a.known_at, a.customer, a.label, coalesce(c.starts_at, a.created_at) AS started_at
				FROM account a LEFT JOIN (SELECT d.no, k.customer, min(k.starts_at) AS starts_at FROM contract k JOIN day d ON k.signed_at < d.known_at GROUP BY d.no, k.customer) c ON c.no = a.no AND c.customer = a.customer
				WHERE a.active) b
			-- infinity is no time at which a customer came to be
			WHERE b.started_at < b.known_at AND isfinite(b.started_at)
		), met AS (
			SELECT b.no, b.customer, min(f.valid_from) AS met_at
			FROM begun b JOIN found f ON f.customer = b.customer AND f.valid_from >= b.started_at AND f.valid_from < b.known_at
			WHERE CASE WHEN f.fact = 'implementation_met' AND coalesce(f.agreed_at <= f.valid_from, true) THEN nudge.fact_flag(f.fact, f.value) END
			GROUP BY b.no, b.customer
		), implementation AS (
			SELECT b.no, b.customer, b.label, b.started_at, m.met_at, extract(epoch FROM coalesce(m.met_at, b.known_at) - b.started_at) / 86400 AS days, m.met_at IS NOT NULL AS reached
			FROM begun b LEFT JOIN met m ON m.no = b.no AND m.customer = b.customer
		), line AS (
			-- what each adds to the metrics of account_share_metrics
			SELECT v.metric, a.no, a.customer, a.label, NULL::text AS item, coalesce(v.met, false)::integer::numeric AS numerator, 1::numeric AS denominator, v.value AS detail
			FROM account a LEFT JOIN (
				SELECT l.no, l.customer, max(l.value) FILTER (WHERE l.fact = 'upsell_identified') AS upsell_identified, max(l.value) FILTER (WHERE l.fact = 'unmet_need') AS unmet_need,
					max(l.value) FILTER (WHERE l.fact = 'growth_plan') AS growth_plan, max(l.value) FILTER (WHERE l.fact = 'referenceable') AS referenceable, max(l.value) FILTER (WHERE l.fact = 'documented_roi') AS documented_roi
				FROM latest l GROUP BY l.no, l.customer
			) r ON r.no = a.no AND r.customer = a.customer,
				LATERAL (VALUES ('expansion_opportunity_coverage', nudge.fact_flag('upsell_identified', r.upsell_identified), r.upsell_identified), ('solution_gap_identification_rate', nudge.fact_flag('unmet_need', r.unmet_need), r.unmet_need),
					('strategic_account_planning_rate', nudge.fact_flag('growth_plan', r.growth_plan), r.growth_plan), ('reference_customer_rate', nudge.fact_flag('referenceable', r.referenceable), r.referenceable),
					('roi_realization_rate', nudge.fact_number('documented_roi', r.documented_roi) >= 1, r.documented_roi)) v(metric, met, value)
			WHERE a.active
			UNION ALL
			SELECT 'qbr_completion_rate', a.no, a.customer, a.label, NULL, coalesce(h.held, false)::integer::numeric, 1::numeric, h.held::text
			FROM account a LEFT JOIN held h ON h.no = a.no AND h.customer = a.customer WHERE a.active
			UNION ALL
			-- criteria that were agreed after their outcome do not count
			SELECT i.metric, i.no, i.customer, i.label, i.item_no::text, CASE WHEN i.too_late IS NOT TRUE THEN nudge.fact_flag(i.fact, i.value)::integer::numeric END,
				CASE WHEN i.too_late IS NOT TRUE THEN 1::numeric END, CASE WHEN i.too_late THEN 'agreed after its outcome' ELSE i.value END
			FROM item i
			UNION ALL
			SELECT v.metric, a.no, a.customer, a.label, NULL, v.numerator::numeric, 1::numeric, s.words
			FROM account a LEFT JOIN sponsor s ON s.no = a.no AND s.customer = a.customer,
				LATERAL (VALUES ('sponsor_health_rate', (s.level >= %8$s)::integer), ('sponsor_coverage_rate', (s.level IS NOT NULL)::integer)) v(metric, numerator)
			WHERE a.active AND (v.metric = 'sponsor_coverage_rate' OR s.level IS NOT NULL)
			UNION ALL
			SELECT 'executive_relationship_rate', a.no, a.customer, a.label, NULL, coalesce(c.levels >= %9$s, false)::integer::numeric, 1::numeric, c.words
			FROM account a LEFT JOIN contact c ON c.no = a.no AND c.customer = a.customer WHERE a.active
			UNION ALL
			SELECT 'wallet_share', s.no, s.customer, s.label, NULL, s.mrr * %10$L::numeric, CASE WHEN s.mrr IS NOT NULL THEN s.number END, s.value
			FROM sound JOIN spend s ON sound.checked AND s.number > 0
			UNION ALL
			SELECT 'solution_fit_score', a.no, a.customer, a.label, NULL, nudge.fact_number(l.fact, l.value), 1::numeric, l.value
			FROM account a JOIN latest l ON l.no = a.no AND l.customer = a.customer AND l.fact = 'solution_fit' WHERE a.active
			UNION ALL
			SELECT 'account_expansion_rate', g.no, g.customer, g.label, NULL, (g.mrr > g.quarter_mrr)::integer::numeric, 1::numeric, format('%%s to %%s', g.quarter_mrr, g.mrr) FROM growth g
			UNION ALL
			SELECT 'multi_year_contract_rate', k.no, k.customer, a.label, k.contract, (k.term_months >= %11$L::numeric)::integer::numeric, 1::numeric, format('%%s months', k.term_months)
			FROM (SELECT d.no, c.* FROM contract c JOIN day d ON c.signed_at < d.known_at AND c.signed_at >= nudge.day_close(nudge.months_before(d.as_of, %12$s), %1$L)) k
			LEFT JOIN account a ON a.no = k.no AND a.customer = k.customer
			WHERE a.customer IS NOT NULL OR %2$L::regclass IS NULL
			UNION ALL
			SELECT 'revenue_contribution', a.no, a.customer, a.label, NULL, a.mrr, a.mrr, a.segment FROM account a WHERE a.mrr > 0
			UNION ALL
			SELECT m.metric, a.no, a.customer, a.label, NULL, ((a.mrr > 0)::integer - CASE m.metric WHEN 'customer_count_growth' THEN (a.year_mrr > 0)::integer ELSE 0 END)::numeric,
				(a.year_mrr > 0)::integer::numeric, CASE WHEN a.year_mrr = 0 THEN 'new' WHEN a.mrr = 0 THEN 'lost' ELSE 'kept' END
			FROM (VALUES ('customer_growth_multiple'), ('customer_count_growth')) m(metric), account a
			WHERE a.mrr > 0 OR a.year_mrr > 0
			UNION ALL
			SELECT 'implementation_days', i.no, i.customer, i.label, NULL, CASE WHEN i.reached THEN i.days END, CASE WHEN i.reached THEN 1::numeric END, CASE WHEN i.reached THEN 'reached' ELSE 'open' END
			FROM implementation i
		), criterion AS (
			-- what was not agreed before its outcome is no agreed criterion
			SELECT n.no, f.customer, count(*) FILTER (WHERE f.agreed) AS agreed, count(*) FILTER (WHERE f.agreed AND f.met) AS met, count(*) FILTER (WHERE NOT f.agreed) AS other
			FROM (SELECT c.customer, c.from_no, c.until_no, coalesce(c.agreed_at <= c.valid_from, false) AS agreed, nudge.fact_flag(c.fact, c.value) AS met
				FROM found c WHERE c.fact = 'criterion_met' AND c.from_no < c.until_no) f JOIN day n ON n.no >= f.from_no AND n.no < f.until_no
			GROUP BY n.no, f.customer
		), used AS (
			SELECT d.no, u.customer COLLATE "C" AS customer, max(u.usage_ratio) AS ratio FROM day d, LATERAL nudge.recent_usage_ratio(%13$L, d.as_of, %14$L, %1$L) u WHERE u.complete GROUP BY 1, 2
		), outcome AS (
			SELECT a.no, a.customer, a.label, coalesce(c.agreed, 0) AS criteria, coalesce(c.met, 0) AS criteria_met, coalesce(c.other, 0) AS criteria_not_agreed, k.score, u.ratio AS usage_ratio,
				k.score * CASE WHEN u.ratio > 1 THEN 1 ELSE u.ratio END AS value_index
			FROM account a LEFT JOIN criterion c ON c.no = a.no AND c.customer = a.customer LEFT JOIN used u ON u.no = a.no AND u.customer = a.customer,
				LATERAL (SELECT c.met::numeric / nullif(c.agreed, 0) AS score) k
			WHERE a.active
		)$query$, zone, customers::oid, account_facts::oid, facts, contracts::oid, buckets, sponsor_levels, healthy, minimum_levels, category_spend_months, multi_year_months, contract_months, usage::oid, grain);
END
$$;

COMMENT ON FUNCTION nudge.account_query(regclass, regclass, text[], regclass, text, integer, text[], text, integer, numeric, numeric, integer, regclass, text) IS
	'Works for the reports on accounts: the WITH clause of what accounts are, and of what is recorded of them, at the close of some days. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.counts_all_accounts(counts text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN counts IN ('flag', 'held', 'recorded', 'reached', 'levels');

COMMENT ON FUNCTION nudge.counts_all_accounts(text) IS
	'Works for account_share_lines: whether a metric, by how it counts, is of all accounts once the fact is recorded of one';

CREATE OR REPLACE FUNCTION nudge.account_flag_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM nudge.account_share_lines(state, account_facts, as_of, customers, NULL, account_flag_lines.segment, zone) WITH ORDINALITY l(metric, customer, item, numerator, denominator, detail, place)
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric WHERE m.counts IN ('flag', 'held', 'items') ORDER BY l.place;
END
$$;

COMMENT ON FUNCTION nudge.account_flag_lines(nudge.mrr_state, regclass, date, regclass, text, text) IS
	'The lines of account_share_lines of facts that are true or false. Not STRICT: NULL inputs are not known';

CREATE OR REPLACE FUNCTION nudge.account_value_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM nudge.account_share_lines(state, account_facts, as_of, customers, NULL, account_value_lines.segment, zone, sponsor_levels, healthy_sponsor, minimum_levels, category_spend_months) WITH ORDINALITY l(metric, customer, item, numerator, denominator, detail, place)
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric WHERE m.counts IN ('level', 'recorded', 'reached', 'levels', 'spend', 'mean') ORDER BY l.place;
END
$$;

COMMENT ON FUNCTION nudge.account_value_lines(nudge.mrr_state, regclass, date, regclass, text, text, text[], text, integer, numeric) IS
	'The lines of account_share_lines of facts that are words or numbers. Not STRICT: NULL inputs are not known';

CREATE OR REPLACE FUNCTION nudge.implementation_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, started_at timestamptz, met_at timestamptz, days numeric, reached boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, '{implementation_met}', contracts, zone) || $query$
		SELECT i.customer, i.started_at, i.met_at, i.days, i.reached FROM implementation i
		WHERE $5 IS NULL OR i.label = nudge.attribute_label('segment', $5)
		ORDER BY i.customer COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment;
END
$$;

CREATE OR REPLACE FUNCTION nudge.account_revenue_lines(
	state nudge.mrr_state,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM nudge.account_share_lines(state, NULL, as_of, customers, contracts, account_revenue_lines.segment, zone, multi_year_months => multi_year_months, contract_months => contract_months) WITH ORDINALITY l(metric, customer, item, numerator, denominator, detail, place)
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric WHERE m.counts IN ('revenue', 'contracts') ORDER BY l.place;
END
$$;

COMMENT ON FUNCTION nudge.account_revenue_lines(nudge.mrr_state, date, regclass, regclass, text, text, numeric, integer) IS
	'The lines of account_share_lines of contracts and recurring revenue. Not STRICT: NULL inputs are not known';

CREATE OR REPLACE FUNCTION nudge.account_share_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5000 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	-- a fact that nobody records says nothing about anybody
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, ARRAY(SELECT DISTINCT m.source FROM nudge.account_share_metrics() m), contracts, zone, 1, sponsor_levels, healthy_sponsor, minimum_levels,
		category_spend_months, multi_year_months, contract_months) || $query$
		SELECT l.metric, l.customer, l.item, CASE WHEN k.chosen THEN l.numerator ELSE 0 END, l.denominator, l.detail
		FROM line l JOIN nudge.account_share_metrics() m ON m.metric = l.metric, LATERAL (SELECT $5 IS NULL OR coalesce(l.label = nudge.attribute_label('segment', $5), false) AS chosen) k
		WHERE (k.chosen OR l.metric = 'revenue_contribution') AND (NOT nudge.counts_all_accounts(m.counts) OR m.source IN (SELECT f.fact FROM found f))
		ORDER BY m.place, l.customer COLLATE "C", l.item COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment;
END
$$;

-- Customers are in one bucket and in one segment: all that is asked of buckets, days
-- and segments is a sum of these.
CREATE FUNCTION nudge.account_share_sums(
	states nudge.mrr_state[],
	state_buckets integer[],
	paid nudge.mrr_state[],
	account_facts regclass,
	days date[],
	customers regclass,
	contracts regclass,
	zone text,
	buckets integer
) RETURNS TABLE (bucket integer, as_of date, segment text, metric text, numerator numeric, denominator numeric, recorded boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 1000000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, ARRAY(SELECT DISTINCT m.source FROM nudge.account_share_metrics() m), contracts, zone, buckets) || $query$,
		part AS (
			SELECT nudge.bucket(l.customer, $5) AS bucket, l.no, l.label, l.metric, sum(l.numerator) AS numerator, sum(l.denominator) AS denominator, false AS recorded FROM line l GROUP BY 1, 2, 3, 4
			UNION ALL
			SELECT f.bucket, d.no, NULL, m.metric, NULL, NULL, true
			FROM (SELECT nudge.bucket(i.customer, $5) AS bucket, i.fact, min(i.from_no) AS from_no FROM found i GROUP BY 1, 2) f JOIN day d ON d.no >= f.from_no JOIN nudge.account_share_metrics() m ON m.source = f.fact
			UNION ALL
			SELECT b.bucket, d.no, b.label, NULL, NULL, NULL, false
			FROM (SELECT nudge.bucket(c.customer, $5) AS bucket, CASE WHEN btrim(c.segment) <> '' THEN c.label END AS label FROM customer c
				UNION SELECT nudge.bucket(c.customer, $5), NULL FROM customer c UNION SELECT nudge.bucket(f.customer, $5), NULL FROM found f UNION SELECT s, NULL FROM unnest($3) s) b CROSS JOIN day d
		)
		SELECT p.bucket, d.as_of, p.label, p.metric, coalesce(sum(p.numerator), 0), coalesce(sum(p.denominator), 0), bool_or(p.recorded)
		FROM part p JOIN day d ON d.no = p.no GROUP BY p.bucket, d.as_of, p.label, p.metric$query$ USING days, states, coalesce(state_buckets, '{}'), paid, buckets;
END
$$;

COMMENT ON FUNCTION nudge.account_share_sums(nudge.mrr_state[], integer[], nudge.mrr_state[], regclass, date[], regclass, regclass, text, integer) IS
	'Works for the mart account_share_buckets: account_share_lines of many days added up by hash bucket of customers and segment, with a row without a metric for each bucket, day and segment, and whether facts are recorded in the bucket. Not STRICT: NULL inputs are not known';

-- Value realised ------------------------------------------------------------

CREATE OR REPLACE FUNCTION nudge.value_realization_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	threshold numeric DEFAULT 0.8,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (
	customer text,
	criteria bigint,
	criteria_met bigint,
	criteria_not_agreed bigint,
	score numeric,
	is_realized boolean,
	usage_ratio numeric,
	value_index numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	IF NOT coalesce(threshold BETWEEN 0 AND 1, false) THEN
		RAISE EXCEPTION 'threshold must be a share from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(threshold::text, 'null')),
				HINT = 'Leave it out for its default.';
	END IF;
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, '{criterion_met}', zone => zone, usage => usage, grain => grain) || $query$
		SELECT o.customer, o.criteria, o.criteria_met, o.criteria_not_agreed, o.score, o.score > $6, o.usage_ratio, o.value_index FROM outcome o
		WHERE $5 IS NULL OR o.label = nudge.attribute_label('segment', $5)
		ORDER BY o.customer COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment, threshold;
END
$$;

CREATE FUNCTION nudge.value_realization_sums(
	states nudge.mrr_state[],
	state_buckets integer[],
	account_facts regclass,
	days date[],
	customers regclass,
	usage regclass,
	zone text,
	buckets integer
) RETURNS TABLE (bucket integer, as_of date, segment text, all_customers bigint, scored_customers bigint, realized_customers bigint, total_score numeric, indexed_customers bigint, total_index numeric, named boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 1000000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, '{criterion_met}', zone => zone, buckets => buckets, usage => usage) || $query$,
		part AS (
			SELECT nudge.bucket(o.customer, $5) AS bucket, o.no, o.label, count(*) AS customers, count(o.score) AS scored, count(*) FILTER (WHERE o.score > 0.8) AS realized, sum(o.score) AS score, count(o.value_index) AS indexed, sum(o.value_index) AS value_index, false AS named
			FROM outcome o GROUP BY 1, 2, 3
			UNION ALL
			SELECT b.bucket, d.no, b.label, 0, 0, 0, NULL, 0, NULL, b.label IS NOT NULL
			FROM (SELECT nudge.bucket(c.customer, $5) AS bucket, CASE WHEN btrim(c.segment) <> '' THEN c.label END AS label FROM customer c
				UNION SELECT nudge.bucket(c.customer, $5), NULL FROM customer c UNION SELECT s, NULL FROM unnest($3) s) b CROSS JOIN day d
		)
		SELECT p.bucket, d.as_of, p.label, sum(p.customers)::bigint, sum(p.scored)::bigint, sum(p.realized)::bigint, coalesce(sum(p.score), 0), sum(p.indexed)::bigint, coalesce(sum(p.value_index), 0), bool_or(p.named)
		FROM part p JOIN day d ON d.no = p.no GROUP BY p.bucket, d.as_of, p.label$query$ USING days, states, coalesce(state_buckets, '{}'), NULL::nudge.mrr_state[], buckets;
END
$$;

COMMENT ON FUNCTION nudge.value_realization_sums(nudge.mrr_state[], integer[], regclass, date[], regclass, regclass, text, integer) IS
	'Works for the mart value_realization_buckets: value_realization_lines of many days added up by hash bucket of customers and segment, with a row for each bucket, day and segment. Not STRICT: NULL inputs are not known';

-- In all, where the dimension is NULL, and by each dimension, in one pass over the deals.
CREATE FUNCTION nudge.pipeline_groups(
	deals regclass,
	deal_stages regclass,
	activities regclass,
	zone text,
	as_of timestamptz,
	dimensions text[],
	stale_days numeric DEFAULT 30,
	currency text DEFAULT NULL
) RETURNS TABLE (
	dimension text,
	value text,
	stage_position integer,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	qualified_deals bigint,
	overdue_deals bigint,
	overdue_amount numeric,
	mean_age_days numeric,
	mean_stage_days numeric,
	activity_count bigint,
	activities_per_open_deal numeric,
	stale_deals bigint,
	stale_amount numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	dated constant integer := CASE WHEN as_of < 'infinity' THEN 0 END;
BEGIN
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		SELECT d.* FROM nudge.pipeline_deals(deals, deal_stages, activities, zone, as_of, pipeline_groups.currency) d
	), n AS (
		SELECT g.dimension, v.value, CASE WHEN g.dimension = 'stage' THEN min(d.stage_position) END AS place,
			count(d.deal) AS deals, coalesce(sum(d.amount), 0) AS amount, count(d.deal) FILTER (WHERE d.win_probability IS NULL) AS unweighted, coalesce(sum(d.weighted_amount), 0) AS weighted,
			count(*) FILTER (WHERE d.qualified) AS qualified, count(d.deal) FILTER (WHERE d.qualified IS NULL) AS unknown,
			count(*) FILTER (WHERE d.overdue) + dated AS overdue, coalesce(sum(d.amount) FILTER (WHERE d.overdue), 0) + dated AS overdue_amount,
			avg(d.age_days) AS age, avg(d.stage_days) AS stage_age, sum(d.activity_count) AS done, count(*) FILTER (WHERE d.idle_days >= stale_days) AS stale,
			coalesce(sum(d.amount) FILTER (WHERE d.idle_days >= stale_days), 0) AS stale_amount, min(d.currency_code) AS currency
		-- the total is there without a deal
		FROM (SELECT NULL AS dimension UNION ALL SELECT u FROM unnest(dimensions) u) g LEFT JOIN deal d ON true,
			LATERAL (SELECT CASE g.dimension WHEN 'stage' THEN d.stage WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value) v
		WHERE g.dimension IS NULL OR d.deal IS NOT NULL
		GROUP BY g.dimension, v.value
	)
	SELECT n.dimension, n.value, n.place, n.deals, n.amount, n.unweighted, CASE WHEN n.unweighted = 0 THEN n.weighted END, CASE WHEN n.unknown = 0 THEN n.qualified END,
		n.overdue, n.overdue_amount, n.age, n.stage_age, v.done, v.done / nullif(n.deals, 0)::numeric,
		CASE WHEN v.timed THEN n.stale END, CASE WHEN v.timed THEN n.stale_amount END, coalesce(n.currency, upper(pipeline_groups.currency))
	FROM n, LATERAL (SELECT CASE WHEN activities IS NOT NULL THEN coalesce(n.done, 0)::bigint END AS done,
		activities IS NOT NULL AND dated = 0 AND stale_days IS NOT NULL AS timed) v;
END
$$;

COMMENT ON FUNCTION nudge.pipeline_groups(regclass, regclass, regclass, text, timestamptz, text[], numeric, text) IS
	'Works for pipeline_value and sales_pipeline: the open pipeline in all, of which the dimension is NULL, and by each of stage, owner, team and segment that is asked for. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE OR REPLACE FUNCTION nudge.pipeline_value(
	deals regclass,
	deal_stages regclass DEFAULT NULL,
	activities regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT 'stage',
	stale_days numeric DEFAULT 30,
	currency text DEFAULT NULL
) RETURNS TABLE (
	value text,
	is_total boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	qualified_deals bigint,
	overdue_deals bigint,
	overdue_amount numeric,
	mean_age_days numeric,
	mean_stage_days numeric,
	activity_count bigint,
	activities_per_open_deal numeric,
	stale_deals bigint,
	stale_amount numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_by(by, '{stage,owner,team,segment}');
	RETURN QUERY
	SELECT g.value, g.dimension IS NULL, g.open_deals, g.open_amount, g.unweighted_deals, g.weighted_amount, g.qualified_deals, g.overdue_deals, g.overdue_amount, g.mean_age_days, g.mean_stage_days,
		g.activity_count, g.activities_per_open_deal, g.stale_deals, g.stale_amount, g.currency_code
	FROM nudge.pipeline_groups(deals, deal_stages, activities, zone, as_of, array_remove(ARRAY[by], NULL), stale_days, pipeline_value.currency) g
	ORDER BY g.dimension IS NULL, g.stage_position, g.value COLLATE "C";
END
$$;

CREATE FUNCTION nudge.ticket_rows(
	tickets regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened',
	open_since timestamptz DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	customer text,
	opened_at timestamptz,
	first_response_at timestamptz,
	resolved_at timestamptz,
	reopened_at timestamptz,
	status text,
	problem text,
	priority text,
	complexity text,
	category text,
	agent text,
	csat numeric,
	escalated boolean,
	contacts integer
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	-- the mart of tickets has corrected times, and remembers what was wrong with them
	is_mart constant boolean := tickets = to_regclass('nudge_analytics.fact_tickets') AND nudge.relation_has_column(tickets, 'problem');
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			-- what came at or after as_of is not known
			SELECT i.ticket, i.customer, i.opened_at,
				CASE WHEN $3 IS NULL OR i.first_response_at < $3 THEN i.first_response_at END AS first_response_at,
				CASE WHEN $3 IS NULL OR i.resolved_at < $3 THEN i.resolved_at END AS resolved_at,
				CASE WHEN $3 IS NULL OR i.reopened_at < $3 THEN i.reopened_at END AS reopened_at,
				lower(btrim(i.priority)) AS priority, nullif(lower(btrim(i.complexity)), '') AS complexity,
				nullif(btrim(i.category), '') AS category, nullif(btrim(i.agent), '') AS agent,
				CASE WHEN $3 IS NULL OR coalesce(i.resolved_at < $3, true) THEN i.csat END AS csat, i.escalated, i.contacts, i.problem
			FROM (%1$s) i
			WHERE (i.opened_at IS NULL OR ($1 IS NULL OR %2$s >= $1) AND ($2 IS NULL OR %2$s < $2) AND ($3 IS NULL OR i.opened_at < $3))
				AND ($5 IS NULL OR i.resolved_at IS NULL OR i.resolved_at >= $5 OR i.reopened_at IS NOT NULL)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('tickets', count(*) FILTER (WHERE NOT coalesce(l.ticket IS NOT NULL AND l.customer IS NOT NULL
				AND l.priority <> '' AND isfinite(l.opened_at) AND coalesce(isfinite(l.first_response_at), true)
				AND coalesce(isfinite(l.resolved_at), true) AND coalesce(isfinite(l.reopened_at), true)
				AND coalesce(abs(l.csat) < 'Infinity', true), false))) AS checked
			FROM line l
		), single AS MATERIALIZED (
			SELECT nudge.check_unique_key('tickets', (SELECT l.ticket FROM line l GROUP BY l.ticket HAVING count(*) > 1 ORDER BY l.ticket COLLATE "C" LIMIT 1)) AS checked
		), sound AS (
			-- what was before the opening is no duration: an answer is not known then, a resolution was at once
			SELECT l.*, CASE WHEN l.first_response_at >= l.opened_at THEN l.first_response_at END AS answered_at,
				greatest(l.resolved_at, CASE WHEN l.resolved_at IS NOT NULL THEN l.opened_at END) AS done_at,
				CASE WHEN l.reopened_at >= l.opened_at THEN l.reopened_at END AS again_at
			FROM one, single, line l
		)
		SELECT s.ticket, s.customer, s.opened_at, s.answered_at, s.done_at, s.again_at,
			CASE WHEN NOT $4 THEN NULL WHEN s.done_at IS NULL OR s.again_at > s.done_at THEN 'open' ELSE 'resolved' END,
			nullif(concat_ws(', ', CASE WHEN s.first_response_at < s.opened_at THEN 'response_before_opening' END,
				CASE WHEN s.resolved_at < s.opened_at THEN 'resolution_before_opening' END,
				CASE WHEN s.reopened_at < s.opened_at THEN 'reopening_before_opening' END, s.problem), ''),
			s.priority, s.complexity, s.category, s.agent, s.csat, s.escalated, s.contacts
		FROM sound s
	$query$, CASE WHEN is_mart THEN 'SELECT t.* FROM nudge_analytics.fact_tickets t' ELSE format('SELECT t.*, NULL::text AS problem FROM (%s) t', nudge.input_query('tickets', tickets)) END,
		CASE counting WHEN 'resolved' THEN 'CASE WHEN i.resolved_at IS NOT NULL THEN greatest(i.resolved_at, i.opened_at) END' ELSE 'i.opened_at' END)
	USING start_at, end_at, as_of, nudge.relation_has_column(tickets, 'resolved_at'), open_since;
END
$$;

COMMENT ON FUNCTION nudge.ticket_rows(regclass, timestamptz, timestamptz, timestamptz, text, timestamptz) IS
	'Tickets as they were known by as_of, checked, with their status: what ticket_lines and backlog read; with open_since not those that were resolved before for good. Not STRICT: NULL bounds are none, a NULL as_of knows all, a NULL relation has no rows';

CREATE FUNCTION nudge.minutes_used(started_at timestamptz, ended_at timestamptz, calendar text) RETURNS numeric
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN CASE WHEN calendar IS NULL THEN nudge.minutes_between(started_at, ended_at) ELSE nudge.working_minutes(started_at, ended_at, calendar) END;

COMMENT ON FUNCTION nudge.minutes_used(timestamptz, timestamptz, text) IS
	'Minutes of a target that are used up: those of its calendar. Not STRICT: without a calendar all minutes count';

CREATE OR REPLACE FUNCTION nudge.ticket_lines(
	tickets regclass,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	customer text,
	counted_on date,
	status text,
	problem text,
	priority text,
	complexity text,
	category text,
	agent text,
	opened_at timestamptz,
	first_response_at timestamptz,
	resolved_at timestamptz,
	reopened_at timestamptz,
	csat numeric,
	escalated boolean,
	contacts integer,
	age_minutes numeric,
	first_response_minutes numeric,
	first_response_working_minutes numeric,
	first_response_target numeric,
	first_response_sla text,
	first_response_ratio numeric,
	resolution_minutes numeric,
	resolution_working_minutes numeric,
	resolution_target numeric,
	resolution_sla text,
	resolution_ratio numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	knows_responses constant boolean := nudge.relation_has_column(tickets, 'first_response_at');
BEGIN
	PERFORM nudge.check_support_options(counting);
	IF start_day IS NOT NULL AND end_day IS NOT NULL THEN
		PERFORM nudge.check_window(start_day, end_day);
	END IF;
	RETURN QUERY
		WITH r AS MATERIALIZED (
			-- no zone is two days from UTC
			SELECT t.*, nudge.civil_date(CASE counting WHEN 'resolved' THEN t.resolved_at ELSE t.opened_at END, named_zone) AS day
			FROM nudge.ticket_rows(tickets, (start_day - 2)::timestamp AT TIME ZONE 'UTC', (end_day + 2)::timestamp AT TIME ZONE 'UTC', as_of, counting) t
		), target AS MATERIALIZED (
			SELECT k.priority, k.complexity, f.target_minutes AS response_target, f.calendar AS response_calendar,
				s.target_minutes AS solution_target, s.calendar AS solution_calendar
			FROM (SELECT DISTINCT r.priority, coalesce(r.complexity, '') AS complexity FROM r) k
			LEFT JOIN LATERAL nudge.sla_target_of('first_response', k.priority, k.complexity) f ON true
			LEFT JOIN LATERAL nudge.sla_target_of('resolution', k.priority, k.complexity) s ON true
		), timed AS (
			SELECT r.*, t.response_target, t.solution_target, t.response_calendar, t.solution_calendar,
				r.first_response_at IS NULL AND r.status = 'open' AND knows_responses AND strpos(coalesce(r.problem, ''), 'response_before') = 0 AS waits_for_response,
				r.status = 'open' AND strpos(coalesce(r.problem, ''), 'resolution_before') = 0 AS waits_for_solution,
				CASE WHEN r.status = 'resolved' AND strpos(coalesce(r.problem, ''), 'resolution_before') = 0 THEN r.resolved_at END AS solved_at
			FROM r JOIN target t ON t.priority = r.priority AND t.complexity = coalesce(r.complexity, '')
			WHERE r.day IS NOT NULL AND (start_day IS NULL OR r.day >= start_day) AND (end_day IS NULL OR r.day < end_day)
		), used AS MATERIALIZED (
			SELECT t.*, nudge.minutes_between(t.opened_at, t.first_response_at) AS response_minutes, nudge.minutes_between(t.opened_at, t.solved_at) AS solution_minutes,
				-- of what still waits, up to as_of
				nudge.minutes_used(t.opened_at, response.until, t.response_calendar) AS response_used, nudge.minutes_used(t.opened_at, solution.until, t.solution_calendar) AS solution_used
			FROM timed t, LATERAL (SELECT coalesce(t.first_response_at, CASE WHEN t.waits_for_response THEN as_of END)) response(until),
				LATERAL (SELECT coalesce(t.solved_at, CASE WHEN t.waits_for_solution THEN as_of END)) solution(until)
		)
		SELECT u.ticket, u.customer, u.day, u.status, u.problem, u.priority, u.complexity, u.category, u.agent,
			u.opened_at, u.first_response_at, u.resolved_at, u.reopened_at, u.csat, u.escalated, u.contacts,
			CASE WHEN u.status = 'open' THEN nudge.minutes_between(u.opened_at, as_of) END,
			u.response_minutes, nudge.working_minutes(u.opened_at, u.first_response_at, coalesce(u.response_calendar, ticket_lines.calendar)),
			u.response_target, nudge.sla_state(u.response_used, u.response_target, u.waits_for_response), u.response_used / u.response_target,
			u.solution_minutes, nudge.working_minutes(u.opened_at, u.solved_at, coalesce(u.solution_calendar, ticket_lines.calendar)),
			u.solution_target, nudge.sla_state(u.solution_used, u.solution_target, u.waits_for_solution), u.solution_used / u.solution_target
		FROM used u
		ORDER BY u.opened_at, u.ticket COLLATE "C";
END
$$;

-- Reports -------------------------------------------------------------------

CREATE FUNCTION nudge.check_support_dimension("by" text, customers regclass) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_by("by", '{priority,complexity,category,agent,segment}');
	IF "by" = 'segment' AND customers IS NULL THEN
		RAISE EXCEPTION 'segments of tickets need the relation customers' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The segment is that of the customer whose ticket it is.',
			HINT = 'Pass customers.';
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_support_dimension(text, regclass) IS
	'An error unless reports on tickets can have rows by this. Not STRICT: NULL is the total alone';

-- By several dimensions at once, so that the tickets are read once.
CREATE FUNCTION nudge.support_slices(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	dimensions text[] DEFAULT '{}',
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL,
	tolerance numeric DEFAULT 0.25,
	with_times boolean DEFAULT true,
	with_working_times boolean DEFAULT true
) RETURNS TABLE (
	period date,
	dimension text,
	value text,
	tickets_total bigint,
	ticket_share numeric,
	tickets_resolved bigint,
	resolution_rate numeric,
	tickets_reopened bigint,
	tickets_once_resolved bigint,
	reopen_rate numeric,
	tickets_escalated bigint,
	escalation_rate numeric,
	escalation_known bigint,
	tickets_one_touch bigint,
	contacts_known bigint,
	one_touch_rate numeric,
	mean_csat numeric,
	csat_answers bigint,
	tickets_with_problem bigint,
	tickets_done bigint[],
	mean_minutes numeric[],
	median_minutes numeric[],
	p90_minutes numeric[],
	mean_working_minutes numeric[],
	median_working_minutes numeric[],
	p90_working_minutes numeric[],
	sla_met bigint[],
	sla_breached bigint[],
	sla_pending bigint[],
	attainment_rate numeric[],
	tickets_exceeding bigint[],
	exceeding_rate numeric[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
	names constant text[] := ARRAY(SELECT d FROM unnest(dimensions) d WHERE d IS NOT NULL);
	-- of the first response and of the resolution
	times text := '';
	m text;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_support_dimension(d, customers) FROM unnest(names) d;
	PERFORM nudge.check_support_options(counting, tolerance);
	FOREACH m IN ARRAY CASE WHEN with_times THEN '{first_response,resolution}' ELSE '{}'::text[] END LOOP
		times := times || format(', count(l.%1$s_minutes) AS %1$s_done, avg(l.%1$s_minutes) AS %1$s_mean, percentile_cont(''{0.5,0.9}''::double precision[]) WITHIN GROUP (ORDER BY l.%1$s_minutes::double precision) AS %1$s_percentiles,
			count(*) FILTER (WHERE l.%1$s_sla = ''met'') AS %1$s_met, count(*) FILTER (WHERE l.%1$s_sla = ''breached'') AS %1$s_breached, count(*) FILTER (WHERE l.%1$s_sla = ''pending'') AS %1$s_pending,
			count(*) FILTER (WHERE l.%1$s_ratio > 1 + $8) AS %1$s_exceeding, ', m)
			|| format(CASE WHEN with_working_times THEN 'avg(l.%1$s_working_minutes) AS %1$s_working_mean, percentile_cont(''{0.5,0.9}''::double precision[]) WITHIN GROUP (ORDER BY l.%1$s_working_minutes::double precision) AS %1$s_working_percentiles'
				ELSE 'NULL::numeric AS %1$s_working_mean, NULL::double precision[] AS %1$s_working_percentiles' END, m);
	END LOOP;
	RETURN QUERY EXECUTE format($query$
		WITH ticket AS MATERIALIZED (
			SELECT t.* FROM nudge.ticket_lines($1, $2, $3, $5, $6, $7, $9) t
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%1$s) c
			WHERE c.customer IN (SELECT t.customer FROM ticket t)
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		), line AS (
			SELECT CASE WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(t.counted_on, $4), $2) END AS period, t.*, c.segment,
				t.reopened_at IS NOT NULL AS was_reopened, t.resolved_at IS NOT NULL OR t.reopened_at IS NOT NULL AS was_resolved
			FROM ticket t LEFT JOIN customer c ON c.customer = t.customer
			WHERE c.internal IS NOT TRUE
		), n AS (
			SELECT l.period, %2$s AS dimension, %3$s AS value, count(*) AS total, count(*) FILTER (WHERE l.status = 'resolved') AS resolved,
				count(*) FILTER (WHERE l.was_reopened) AS reopened, count(*) FILTER (WHERE l.was_resolved) AS once_resolved,
				count(*) FILTER (WHERE l.escalated) AS escalated, count(l.escalated) AS escalation_known,
				count(*) FILTER (WHERE l.contacts = 1 AND l.status = 'resolved' AND NOT l.was_reopened) AS one_touch,
				count(l.contacts) FILTER (WHERE l.was_resolved) AS contacts_known, avg(l.csat) AS csat, count(l.csat) AS answers, count(l.problem) AS problems%4$s
			FROM line l
			GROUP BY GROUPING SETS (%5$s)
		)
		-- all tickets of a period are the largest of its groups
		SELECT n.period, n.dimension, n.value, n.total, n.total::numeric / max(n.total) OVER (PARTITION BY n.period),
			CASE WHEN $10 THEN n.resolved END, CASE WHEN $10 THEN n.resolved::numeric / n.total END,
			CASE WHEN $11 THEN n.reopened END, CASE WHEN $10 THEN n.once_resolved END, CASE WHEN $10 AND $11 THEN n.reopened::numeric / nullif(n.once_resolved, 0) END,
			CASE WHEN $12 THEN n.escalated END, n.escalated::numeric / nullif(n.escalation_known, 0), n.escalation_known,
			CASE WHEN $10 AND $13 THEN n.one_touch END, CASE WHEN $10 THEN n.contacts_known END, CASE WHEN $10 THEN n.one_touch::numeric / nullif(n.contacts_known, 0) END,
			n.csat, n.answers, n.problems, %6$s
		FROM n
		$query$, nudge.input_query('customers', customers),
			coalesce('CASE ' || (SELECT string_agg(format('WHEN grouping(l.%1$I) = 0 THEN %1$L', d), ' ') FROM unnest(names) d) || ' END', 'NULL::text'),
			-- of the others it is NULL
			coalesce('coalesce(' || (SELECT string_agg(format('l.%I', d), ', ') FROM unnest(names) d) || ')', 'NULL::text'),
			times, concat_ws(', ', '(l.period)', (SELECT string_agg(format('(l.period, l.%I)', d), ', ') FROM unnest(names) d)),
			CASE WHEN with_times THEN $times$ARRAY[n.first_response_done, n.resolution_done], ARRAY[n.first_response_mean, n.resolution_mean],
			ARRAY[n.first_response_percentiles[1], n.resolution_percentiles[1]]::numeric[], ARRAY[n.first_response_percentiles[2], n.resolution_percentiles[2]]::numeric[],
			ARRAY[n.first_response_working_mean, n.resolution_working_mean],
			ARRAY[n.first_response_working_percentiles[1], n.resolution_working_percentiles[1]]::numeric[], ARRAY[n.first_response_working_percentiles[2], n.resolution_working_percentiles[2]]::numeric[],
			ARRAY[n.first_response_met, n.resolution_met], ARRAY[n.first_response_breached, n.resolution_breached], ARRAY[n.first_response_pending, n.resolution_pending],
			ARRAY[n.first_response_met::numeric / nullif(n.first_response_met + n.first_response_breached, 0), n.resolution_met::numeric / nullif(n.resolution_met + n.resolution_breached, 0)],
			ARRAY[n.first_response_exceeding, n.resolution_exceeding],
			ARRAY[n.first_response_exceeding::numeric / nullif(n.first_response_met + n.first_response_breached, 0), n.resolution_exceeding::numeric / nullif(n.resolution_met + n.resolution_breached, 0)]$times$
			ELSE $times$NULL::bigint[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::numeric[], NULL::bigint[], NULL::bigint[], NULL::bigint[], NULL::numeric[], NULL::bigint[], NULL::numeric[]$times$ END)
		USING tickets, start_day, end_day, grain, zone, as_of, counting, tolerance, calendar, knows_resolution, nudge.relation_has_column(tickets, 'reopened_at'),
			nudge.relation_has_column(tickets, 'escalated'), nudge.relation_has_column(tickets, 'contacts');
END
$$;

COMMENT ON FUNCTION nudge.support_slices(regclass, date, date, text, text, timestamptz, text[], regclass, text, text, numeric, boolean, boolean) IS
	'Works for support_report, support_times and the mart of both: what there is of tickets by period, in all (dimension NULL) and by each of several dimensions, of first responses and resolutions as the first and second element. Not STRICT: NULL options have a meaning, a NULL relation has no rows';

CREATE OR REPLACE FUNCTION nudge.support_report(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened'
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	tickets_total bigint,
	ticket_share numeric,
	customers_total bigint,
	tickets_per_customer numeric,
	tickets_resolved bigint,
	resolution_rate numeric,
	tickets_reopened bigint,
	tickets_once_resolved bigint,
	reopen_rate numeric,
	tickets_escalated bigint,
	escalation_known bigint,
	escalation_rate numeric,
	tickets_one_touch bigint,
	contacts_known bigint,
	one_touch_rate numeric,
	mean_csat numeric,
	csat_answers bigint,
	tickets_with_problem bigint,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
	knows_reopening constant boolean := nudge.relation_has_column(tickets, 'reopened_at');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans($2, $3, $4, $5, $6)
		), n AS MATERIALIZED (
			SELECT l.*, l.dimension IS NULL AS is_total
			FROM nudge.support_slices($1, $2, $3, $4, $5, $6, array_remove(ARRAY[$7], NULL), $8, $9, with_times => false) l
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, c.created_at, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%s) c
			WHERE c.customer IS NOT NULL
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		), joined AS MATERIALIZED (
			SELECT width_bucket(c.created_at, b.bounds) AS no, c.segment, count(*) AS n
			FROM nudge.begun_bounds($2, $3, $4, $5, $6) b(bounds), customer c
			WHERE c.internal IS NOT TRUE AND b.bounds IS NOT NULL
			GROUP BY 1, 2
		), base AS MATERIALIZED (
			-- who is there at the end of each period: whoever has come so far
			SELECT s.period, g.segment, grouping(g.segment) = 1 AS is_total, sum(j.n)::bigint AS n
			FROM span s CROSS JOIN (SELECT DISTINCT j.segment FROM joined j) g
			JOIN joined j ON j.no <= s.no AND j.segment IS NOT DISTINCT FROM g.segment
			GROUP BY GROUPING SETS ((s.period, g.segment), (s.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total
			UNION SELECT n.value, n.is_total FROM n WHERE $7 IS NOT NULL
			UNION SELECT b.segment, b.is_total FROM base b WHERE $7 = 'segment'
		)
		SELECT s.period, g.value, g.is_total, coalesce(n.tickets_total, 0), n.ticket_share, b.n, coalesce(n.tickets_total, 0)::numeric / nullif(b.n, 0),
			CASE WHEN $10 THEN coalesce(n.tickets_resolved, 0) END, n.resolution_rate,
			CASE WHEN $11 THEN coalesce(n.tickets_reopened, 0) END, CASE WHEN $10 THEN coalesce(n.tickets_once_resolved, 0) END, n.reopen_rate,
			CASE WHEN $12 THEN coalesce(n.tickets_escalated, 0) END, coalesce(n.escalation_known, 0), n.escalation_rate,
			CASE WHEN $10 AND $13 THEN coalesce(n.tickets_one_touch, 0) END, CASE WHEN $10 THEN coalesce(n.contacts_known, 0) END, n.one_touch_rate,
			n.mean_csat, coalesce(n.csat_answers, 0), coalesce(n.tickets_with_problem, 0), s.complete
		FROM span s CROSS JOIN grouped g
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		LEFT JOIN LATERAL (
			SELECT coalesce(max(b.n), 0) AS n FROM base b
			WHERE b.period = s.period AND b.is_total = ($7 IS DISTINCT FROM 'segment' OR g.is_total) AND (b.is_total OR b.segment IS NOT DISTINCT FROM g.value)
		) b ON $8 IS NOT NULL
		ORDER BY s.period, g.is_total, coalesce(n.tickets_total, 0) DESC, g.value COLLATE "C"
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, zone, as_of, "by", customers, counting, knows_resolution, knows_reopening,
			nudge.relation_has_column(tickets, 'escalated'), nudge.relation_has_column(tickets, 'contacts');
END
$$;

CREATE OR REPLACE FUNCTION nudge.support_times(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL,
	tolerance numeric DEFAULT 0.25
) RETURNS TABLE (
	measure text,
	period date,
	value text,
	is_total boolean,
	tickets_done bigint,
	mean_minutes numeric,
	median_minutes numeric,
	p90_minutes numeric,
	mean_working_minutes numeric,
	median_working_minutes numeric,
	p90_working_minutes numeric,
	sla_met bigint,
	sla_breached bigint,
	sla_pending bigint,
	attainment_rate numeric,
	tickets_exceeding bigint,
	exceeding_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 40 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_support_options(counting, tolerance);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans(start_day, end_day, grain, zone, as_of)
		), n AS MATERIALIZED (
			SELECT l.*, l.dimension IS NULL AS is_total
			FROM nudge.support_slices(tickets, start_day, end_day, grain, zone, as_of, array_remove(ARRAY["by"], NULL), customers, counting, support_times.calendar, tolerance) l
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		)
		SELECT m.measure, s.period, g.value, g.is_total, CASE WHEN m.is_known THEN coalesce(n.tickets_done[m.no], 0) END, n.mean_minutes[m.no], n.median_minutes[m.no], n.p90_minutes[m.no],
			n.mean_working_minutes[m.no], n.median_working_minutes[m.no], n.p90_working_minutes[m.no], CASE WHEN m.is_known THEN coalesce(n.sla_met[m.no], 0) END, CASE WHEN m.is_known THEN coalesce(n.sla_breached[m.no], 0) END,
			CASE WHEN m.is_known THEN coalesce(n.sla_pending[m.no], 0) END, n.attainment_rate[m.no], CASE WHEN m.is_known THEN coalesce(n.tickets_exceeding[m.no], 0) END, n.exceeding_rate[m.no], s.complete
		FROM (VALUES (1, 'first_response', nudge.relation_has_column(tickets, 'first_response_at')),
			(2, 'resolution', nudge.relation_has_column(tickets, 'resolved_at'))) m(no, measure, is_known) CROSS JOIN span s CROSS JOIN grouped g
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		ORDER BY m.no, s.period, g.is_total, g.value COLLATE "C";
END
$$;

-- src/reports/support_backlog.sql

/*
 * support_backlog.sql
 *		Support: which tickets are open at the end of each period, and since when.
 *
 * Definitions: doc/support.md.
 */

-- A ticket comes into the backlog when it is opened, leaves it when it is
-- resolved, and comes back when it is reopened after that.
CREATE FUNCTION nudge.backlog_rows(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	only_open boolean DEFAULT false
) RETURNS TABLE (
	ticket text,
	priority text,
	complexity text,
	category text,
	agent text,
	opened_at timestamptz,
	opened_period date,
	resolved_period date,
	reopened_period date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH internal AS MATERIALIZED (
			SELECT DISTINCT k.customer FROM (SELECT DISTINCT ON (c.customer) c.customer, c.internal FROM (%s) c WHERE c.customer IS NOT NULL ORDER BY c.customer, c.created_at, nullif(btrim(c.segment), '') COLLATE "C") k WHERE k.internal
		)
		-- what comes after the window has no period, what was before it has -infinity
		SELECT d.ticket, d.priority, d.complexity, d.category, d.agent, d.opened_at,
			CASE WHEN d.opened IS NULL OR d.opened >= $3 THEN NULL WHEN d.opened < $2 THEN date '-infinity'
				WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(d.opened, $4), $2) END,
			CASE WHEN d.resolved IS NULL OR d.resolved >= $3 THEN NULL WHEN d.resolved < $2 THEN date '-infinity'
				WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(d.resolved, $4), $2) END,
			CASE WHEN d.reopened IS NULL OR d.reopened >= $3 THEN NULL WHEN d.reopened < $2 THEN date '-infinity'
				WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(d.reopened, $4), $2) END
		FROM (
			SELECT r.ticket, r.priority, r.complexity, r.category, r.agent, r.opened_at, nudge.civil_date(r.opened_at, $5) AS opened, nudge.civil_date(r.resolved_at, $5) AS resolved,
				CASE WHEN r.reopened_at > r.resolved_at THEN nudge.civil_date(r.reopened_at, $5) END AS reopened
			-- no zone is two days from UTC
			FROM nudge.ticket_rows($1, NULL, ($3 + 2)::timestamp AT TIME ZONE 'UTC', $6, open_since => CASE WHEN $7 THEN ($2 - 2)::timestamp AT TIME ZONE 'UTC' END) r
			WHERE r.customer IS NULL OR r.customer NOT IN (SELECT i.customer FROM internal i)
			OFFSET 0
		) d
		WHERE d.opened < $3
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, coalesce(zone, 'UTC'), as_of, only_open;
END
$$;

COMMENT ON FUNCTION nudge.backlog_rows(regclass, date, date, text, text, timestamptz, regclass, boolean) IS
	'Works for backlog_lines and backlog_slices: each ticket with what it is counted by and the periods in which it came into the backlog, left it and came back, -infinity for before the window; with only_open not those that left it for good before. Not STRICT: a NULL grain is one period, a NULL as_of knows all, and without customers none is internal';

CREATE OR REPLACE FUNCTION nudge.backlog_lines(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	value text,
	opened_at timestamptz,
	opened_period date,
	resolved_period date,
	reopened_period date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by("by", '{priority,complexity,category,agent}');
	RETURN QUERY
		SELECT r.ticket, CASE "by" WHEN 'priority' THEN r.priority WHEN 'complexity' THEN r.complexity WHEN 'category' THEN r.category WHEN 'agent' THEN r.agent END,
			r.opened_at, r.opened_period, r.resolved_period, r.reopened_period
		FROM nudge.backlog_rows(tickets, start_day, end_day, grain, zone, as_of, customers) r;
END
$$;

COMMENT ON FUNCTION nudge.backlog_stays(regclass, date, date, text, text, timestamptz, text, regclass) IS
	'Works for open_ticket_ages and backlog_ages: at the ends of which periods of begun_spans, by their numbers, each ticket is open. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

-- By several dimensions at once, so that the tickets are read once.
CREATE FUNCTION nudge.backlog_slices(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	dimensions text[] DEFAULT '{}',
	customers regclass DEFAULT NULL,
	only_open boolean DEFAULT false
) RETURNS TABLE (
	period date,
	dimension text,
	value text,
	opening bigint,
	opened bigint,
	reopened bigint,
	resolved bigint,
	closing bigint,
	mean_age_days numeric,
	oldest_age_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	names constant text[] := ARRAY(SELECT d FROM unnest(dimensions) d WHERE d IS NOT NULL);
BEGIN
	PERFORM nudge.check_by(d, '{priority,complexity,category,agent}') FROM unnest(names) d;
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT * FROM nudge.begun_spans($2, $3, $4, $5, $6)
		), line AS MATERIALIZED (
			-- before the window is 0
			SELECT l.*, coalesce(o.no, CASE WHEN l.opened_period = '-infinity' THEN 0 END) AS opened, coalesce(c.no, CASE WHEN l.resolved_period = '-infinity' THEN 0 END) AS resolved,
				coalesce(a.no, CASE WHEN l.reopened_period = '-infinity' THEN 0 END) AS reopened
			FROM nudge.backlog_rows($1, $2, $3, $4, $5, $6, $7, $8) l
			LEFT JOIN span o ON o.period = l.opened_period
			LEFT JOIN span c ON c.period = l.resolved_period
			LEFT JOIN span a ON a.period = l.reopened_period
		), n AS MATERIALIZED (
			-- and of those that are open the instants at which they were opened: their sum
			SELECT l.no, %1$s AS dimension, %2$s AS value, sum(l.opened) AS opened, sum(l.reopened) AS reopened, sum(l.resolved) AS resolved, sum((l.opened + l.reopened - l.resolved) * l.epoch) AS epochs
			FROM (SELECT e.*, i.priority, i.complexity, i.category, i.agent, extract(epoch FROM i.opened_at) AS epoch
				FROM line i, LATERAL (VALUES (i.opened, 1, 0, 0), (i.resolved, 0, 0, 1), (i.reopened, 0, 1, 0)) e(no, opened, reopened, resolved)
				WHERE e.no IS NOT NULL) l
			GROUP BY GROUPING SETS (%3$s)
		), stay AS MATERIALIZED (
			-- it is open at the ends of the periods from one event to before the next
			SELECT d.dimension, d.value, l.opened_at, k.is_return, k.from_no, k.to_no
			FROM (SELECT count(*)::integer AS no FROM span) z, line l,
				LATERAL (SELECT false AS is_return, greatest(l.opened, 1) AS from_no, coalesce(l.resolved - 1, z.no) AS to_no
					UNION ALL SELECT true, greatest(l.reopened, 1), z.no WHERE l.reopened IS NOT NULL) k,
				LATERAL (VALUES (NULL, NULL::text)%4$s) d(dimension, value)
			WHERE k.from_no <= k.to_no
		), oldest AS MATERIALIZED (
			-- who comes later was opened later: the oldest is who stays beyond all that came before
			SELECT k.no, o.dimension, o.value, o.opened_at
			FROM (SELECT l.*, coalesce(max(l.to_no) OVER (PARTITION BY l.dimension, l.value ORDER BY l.opened_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS covered
				FROM stay l WHERE NOT l.is_return) o,
				LATERAL generate_series(greatest(o.from_no, o.covered + 1), o.to_no) k(no)
		), returned AS MATERIALIZED (
			SELECT l.from_no AS no, l.dimension, l.value, min(l.opened_at) AS opened_at FROM stay l WHERE l.is_return GROUP BY l.from_no, l.dimension, l.value
		), summed AS (
			SELECT s.no, s.period, s.known_at, s.complete, g.dimension, g.value, coalesce(n.opened, 0) AS opened, coalesce(n.reopened, 0) AS reopened, coalesce(n.resolved, 0) AS resolved,
				sum(coalesce(n.opened + n.reopened - n.resolved, 0)) OVER upto AS closing, sum(n.epochs) OVER upto AS epochs,
				-- those that come back are open ever after
				min(r.opened_at) OVER upto AS returned_at
			FROM (SELECT s.no, s.period, s.known_at, s.complete FROM span s UNION ALL SELECT 0, NULL, NULL, NULL) s
			CROSS JOIN (SELECT NULL AS dimension, NULL AS value UNION SELECT n.dimension, n.value FROM n) g
			LEFT JOIN n ON n.no = s.no AND n.dimension IS NOT DISTINCT FROM g.dimension AND n.value IS NOT DISTINCT FROM g.value
			LEFT JOIN returned r ON r.no = s.no AND r.dimension IS NOT DISTINCT FROM g.dimension AND r.value IS NOT DISTINCT FROM g.value
			WINDOW upto AS (PARTITION BY g.dimension, g.value ORDER BY s.no)
		)
		SELECT m.period, m.dimension, m.value, (m.closing - m.opened - m.reopened + m.resolved)::bigint, m.opened::bigint, m.reopened::bigint, m.resolved::bigint, m.closing::bigint,
			(extract(epoch FROM m.known_at) - m.epochs / nullif(m.closing, 0)) / 86400, trim_scale(extract(epoch FROM m.known_at - least(o.opened_at, m.returned_at)) / 86400), m.complete
		FROM summed m
		LEFT JOIN oldest o ON o.no = m.no AND o.dimension IS NOT DISTINCT FROM m.dimension AND o.value IS NOT DISTINCT FROM m.value
		WHERE m.no > 0
		$query$,
			coalesce('CASE ' || (SELECT string_agg(format('WHEN grouping(l.%1$I) = 0 THEN %1$L', d), ' ') FROM unnest(names) d) || ' END', 'NULL::text'),
			-- of the others it is NULL
			coalesce('coalesce(' || (SELECT string_agg(format('l.%I', d), ', ') FROM unnest(names) d) || ')', 'NULL::text'),
			concat_ws(', ', '(l.no)', (SELECT string_agg(format('(l.no, l.%I)', d), ', ') FROM unnest(names) d)),
			(SELECT string_agg(format(', (%1$L, l.%1$I)', d), '') FROM unnest(names) d))
		USING tickets, start_day, end_day, grain, zone, as_of, customers, only_open;
END
$$;

COMMENT ON FUNCTION nudge.backlog_slices(regclass, date, date, text, text, timestamptz, text[], regclass, boolean) IS
	'Works for backlog and the mart of it: open tickets at the ends of periods, in all (dimension NULL) and by each of several dimensions; with only_open values of tickets that were all closed before the window are left out. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL';

CREATE OR REPLACE FUNCTION nudge.backlog(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	opening bigint,
	opened bigint,
	reopened bigint,
	resolved bigint,
	closing bigint,
	mean_age_days numeric,
	oldest_age_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
BEGIN
	RETURN QUERY
		SELECT m.period, m.value, m.dimension IS NULL, CASE WHEN knows_resolution THEN m.opening END, m.opened,
			CASE WHEN knows_resolution THEN m.reopened END, CASE WHEN knows_resolution THEN m.resolved END,
			CASE WHEN knows_resolution THEN m.closing END, CASE WHEN knows_resolution THEN m.mean_age_days END, CASE WHEN knows_resolution THEN m.oldest_age_days END, m.complete
		FROM nudge.backlog_slices(tickets, start_day, end_day, grain, zone, as_of, array_remove(ARRAY["by"], NULL), customers) m
		ORDER BY m.period, m.dimension IS NULL, m.value COLLATE "C";
END
$$;

-- Who may -----------------------------------------------------------------

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
	one text;
BEGIN
	FOR one IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'nudge'::pg_catalog.regnamespace AND p.proname OPERATOR(pg_catalog.=) ANY ('{run_as_owner,compute_as_owner,poll_sources,note_triggers,fan_out,mark_everything,next_keys,take_pending,refresh_batch,compute_batch,quarantine_key,enumerate_keys,begin_run,note_polls,mark_run,end_run,
			heartbeat,prune_runs,check_rebuild,retry_quarantined,follow_entities,run_refresh,refresh,rebuild,run_due,add_materialisation,drop_materialisation,enable_materialisation,note_mapping,track_appends,track_lookback}') LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s WITH GRANT OPTION', one, owner);
	END LOOP;
	-- whose the extension is need not be whose this function is
	EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION nudge.run_as_owner(pg_catalog.regclass, text, text[], timestamptz, timestamptz), nudge.compute_as_owner(pg_catalog.regclass, text, text[]) FROM %s', owner);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.materialisations, nudge.dependencies, nudge.pending, nudge.quarantine, nudge.runs, nudge.heartbeats, nudge.polls TO %s WITH GRANT OPTION', owner);
END
$$;

COMMENT ON COLUMN nudge.shipped_marts.query IS 'Its query, with {zone}, {buckets}, {week_start} and {fiscal_year_start} for settings of deploy(), {customers?} for an input that may be missing, {customers!} for whether it is mapped, {customers*} for its rows, {deals$} for an input in one currency, {budgets$?} for one that may be missing, {budgets$*} for its rows, {base} for that currency and {rates} for the rates to it, {nudge_analytics.lead_origins*} for the rows of a mart whose inputs may be missing';

COMMENT ON COLUMN nudge.shipped_marts.scopes IS 'For inputs that a report of the query is given as {customers@}, or {deals$@} in one currency: a query for the rows of some keys, those of nudge.batch_keys()';

CREATE OR REPLACE FUNCTION nudge.fill_in_inputs(query text, settings nudge.deployment) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	base constant text := CASE WHEN to_regclass(nudge.staging_name('exchange_rates')) IS NOT NULL THEN settings.currency END;
	filled text := replace(replace(query, '{base}', quote_nullable(base) || '::text'), '{rates}', format('(%s)', nudge.rates_query(base)));
	one text;
	mart nudge.shipped_marts;
BEGIN
	-- one that is not there has the columns of its query all the same
	FOR mart IN SELECT s.* FROM nudge.shipped_marts s WHERE strpos(fill_in_inputs.query, format('{nudge_analytics.%s*}', s.name)) > 0 LOOP
		filled := replace(filled, format('{nudge_analytics.%s*}', mart.name), CASE WHEN NOT EXISTS (SELECT FROM unnest(mart.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL) THEN nudge.mart_table(mart.name)
			ELSE format('(SELECT q.* FROM (%s) q WHERE false)', nudge.fill_in_scopes(nudge.fill_in_inputs(nudge.fill_in(mart.query, settings), settings), mart)) END);
	END LOOP;
	FOR one IN SELECT DISTINCT m.words[1] FROM regexp_matches(query, '[{]([a-z_]+)(?:[?*!$]|[$][?*])[}]', 'g') m(words) LOOP
		filled := replace(filled, '{' || one || '$}', nudge.converted_view(one));
		filled := replace(filled, '{' || one || '$*}', CASE WHEN to_regclass(nudge.converted_view(one)) IS NULL THEN '(' || nudge.input_query(one, NULL) || ')' ELSE nudge.converted_view(one) END);
		filled := replace(filled, '{' || one || '$?}', CASE WHEN to_regclass(nudge.converted_view(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.converted_view(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '?}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.staging_name(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '!}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'false' ELSE 'true' END);
		filled := replace(filled, '{' || one || '*}', '(' || nudge.input_query(one, to_regclass(nudge.staging_name(one))) || ')');
	END LOOP;
	RETURN filled;
END
$$;

-- A report is asked for the months of a batch alone: those that follow each other as
-- one window, so that it reads its rows once.
CREATE FUNCTION nudge.report_windows(first_day date, zone text, months integer DEFAULT 120) RETURNS TABLE (start_day date, end_day date)
	LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 2
BEGIN ATOMIC
	SELECT w.start_day, w.end_day FROM nudge.report_window(first_day, zone, report_windows.months) w WHERE nudge.batch_keys() IS NULL
	UNION ALL
	SELECT min(r.month), (max(r.month) + interval '1 month')::date
	FROM (
		SELECT k.month, (k.month - make_interval(months => row_number() OVER (ORDER BY k.month)::integer))::date AS run
		FROM (SELECT DISTINCT b.key::date AS month FROM unnest(nudge.batch_keys()) b(key)) k JOIN nudge.report_window(first_day, zone, report_windows.months) w ON k.month >= w.start_day AND k.month < w.end_day
	) r
	GROUP BY r.run;
END;

COMMENT ON FUNCTION nudge.report_windows(date, text, integer) IS
	'The windows of a report that is a mart by month: report_window, or those of its months that a batch computes, a row for each run of months';

-- A month of a report changes by time alone as it begins, with each day of it, as
-- it ends, and as it falls out of the window; months that were slept through too.
CREATE FUNCTION nudge.report_ticks(zone text, months integer DEFAULT 120) RETURNS TABLE (period date, at timestamptz)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 500
BEGIN ATOMIC
	SELECT (s.month - make_interval(months => k.ago))::date, s.month AT TIME ZONE zone
	FROM (SELECT nudge.civil_date(nudge.as_of(), zone) AS day) t,
		LATERAL (SELECT nudge.period_start(t.day, 'month') - make_interval(months => g) AS month FROM generate_series(0, 2 * least(report_ticks.months, 1200)) g) s,
		LATERAL (VALUES (0), (1), (report_ticks.months)) k(ago)
	UNION ALL
	SELECT nudge.period_start(t.day, 'month'), t.day::timestamp AT TIME ZONE zone FROM (SELECT nudge.civil_date(nudge.as_of(), zone) AS day) t;
END;

COMMENT ON FUNCTION nudge.report_ticks(text, integer) IS
	'When months of a report that is a mart change by time alone, for its clock query: as a month begins, with each day of the present one, as a month ends, and as it falls out of a window of so many months';

CREATE FUNCTION nudge.batch_buckets(buckets integer) RETURNS integer[]
	LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
	RETURN coalesce(nudge.batch_keys()::integer[], ARRAY(SELECT pg_catalog.generate_series(0, least(batch_buckets.buckets, 65536) - 1)));

COMMENT ON FUNCTION nudge.batch_buckets(integer) IS 'The hash buckets that a batch of a mart with this key computes, all if all are';

-- What is known as a month closes, and of the present one as yesterday did.
CREATE FUNCTION nudge.month_closes(zone text, months integer DEFAULT 13) RETURNS date[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT array_agg(c.day ORDER BY c.day)
		FROM (SELECT nudge.civil_date(nudge.as_of(), zone) AS day) t, generate_series(0, month_closes.months - 1) g(ago),
			LATERAL (SELECT (nudge.period_start(t.day, 'month') - make_interval(months => g.ago))::date AS month) m,
			LATERAL (SELECT least((m.month + interval '1 month')::date, t.day) - 1 AS day) c
		WHERE c.day >= m.month);

COMMENT ON FUNCTION nudge.month_closes(text, integer) IS 'The last days of the months before that of nudge.as_of(), and the day before it, if that is in its month';

-- A report reads whole relations.  One that is computed for some keys is given
-- views of theirs: no row of others, whatever it does with them.
CREATE OR REPLACE FUNCTION nudge.fill_in_scopes(query text, mart nudge.shipped_marts) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	filled text := query;
	input text;
BEGIN
	FOR input IN SELECT k FROM jsonb_object_keys(mart.scopes) k LOOP
		filled := replace(filled, format('{%s@}', input), CASE WHEN to_regclass(nudge.staging_name(input)) IS NULL THEN 'NULL::regclass'
			ELSE format('CASE WHEN nudge.batch_keys() IS NULL THEN %L::regclass ELSE %L::regclass END', nudge.staging_name(input), nudge.scope_view(mart.name, input)) END);
		filled := replace(filled, format('{%s$@}', input), CASE WHEN to_regclass(nudge.converted_view(input)) IS NULL THEN 'NULL::regclass'
			ELSE format('CASE WHEN nudge.batch_keys() IS NULL THEN %L::regclass ELSE %L::regclass END', nudge.converted_view(input), nudge.scope_view(mart.name, input)) END);
	END LOOP;
	RETURN filled;
END
$$;

-- Its rows stay, found by another of the columns that tell them apart.
CREATE OR REPLACE FUNCTION nudge.change_shipped_key(mart nudge.shipped_marts) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_old_key regclass;
BEGIN
	SELECT i.indexrelid INTO of_old_key FROM nudge.materialisations m JOIN pg_index i ON i.indrelid = nudge.mart_table(m.name)::regclass AND i.indisunique
	WHERE m.name = mart.name AND m.row_key <> mart.row_key
		AND m.row_key = (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) LIMIT 1;
	UPDATE nudge.materialisations m SET key_column = mart.key_column, row_key = mart.row_key, definition_hash = NULL
	WHERE m.name = mart.name AND m.row_key <> mart.row_key AND m.row_key @> mart.row_key AND m.row_key <@ mart.row_key;
	IF FOUND THEN
		IF of_old_key IS NOT NULL THEN
			EXECUTE format('DROP INDEX %s', of_old_key);
		END IF;
		-- those that are pending are of the other key
		DELETE FROM nudge.pending p WHERE p.materialisation = mart.name;
		DELETE FROM nudge.quarantine q WHERE q.materialisation = mart.name;
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', nudge.mart_table(mart.name), mart.key_column);
		EXECUTE format('CREATE UNIQUE INDEX ON %s (%s) NULLS NOT DISTINCT', nudge.mart_table(mart.name), (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(mart.row_key) WITH ORDINALITY u(k, n)));
	END IF;
END
$$;

-- src/warehouse/marts_revenue.sql

/*
 * marts_revenue.sql
 *		Shipped materialisations about revenue.
 *
 * Rules: doc/marts.md.
 */

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr', 'revenue', 100, 'mart', '{subscriptions}', 'customer', '{customer,currency}', $query$
SELECT s.customer, upper(btrim(s.currency)) AS currency, nudge.bucket(s.customer, {buckets}) AS bucket,
	nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, nudge.net_monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind)) AS state
FROM nudge_staging.subscriptions s
WHERE nudge.is_recurring(s.interval_unit, s.usage, s.status, s.valid_to)
GROUP BY s.customer, upper(btrim(s.currency))$query$, NULL,
	'MRR over time of each customer, by currency: a state for functions such as mrr_waterfall. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the prices", "bucket": "Hash bucket of the customer", "state": "MRR over time, as mrr_state"}'),
('mrr_buckets', 'revenue', 110, 'mart', '{subscriptions}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c
GROUP BY c.bucket, c.currency$query$, NULL,
	'MRR over time of customers by hash bucket, by currency: totals roll up a few states instead of one of each customer. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the prices", "customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_summary', 'revenue', 120, 'metric', '{subscriptions}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'MRR waterfall by month and currency: opening, movements, closing. Grain: currency and month of the zone of deploy()',
	'{"currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- What is behind mrr_summary, to the cent.  A month is one of a customer if it
-- opens or closes with MRR: what comes and goes within one is no movement.
-- Time adds a row as a month begins, and counts a start or an end once it is over.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_revenue', 'revenue', 130, 'mart', '{subscriptions}', 'customer', '{customer,currency,period}', $query$
SELECT c.customer, c.currency, w.period,
	CASE WHEN w.new_customers > 0 THEN 'new' WHEN w.reactivated_customers > 0 THEN 'reactivation' WHEN w.churned_customers > 0 THEN 'churn'
		WHEN w.expansion_mrr <> 0 THEN 'expansion' WHEN w.contraction_mrr <> 0 THEN 'contraction' ELSE 'none' END AS movement,
	w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.net_new_mrr, w.closing_mrr, w.complete
FROM nudge_analytics.customer_mrr c, LATERAL nudge.mrr_waterfall(c.state, 'month', {zone}, nudge.as_of()) w
WHERE w.opening_mrr <> 0 OR w.closing_mrr <> 0$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT c.customer, t FROM nudge_analytics.customer_mrr c, nudge.period_ticks('month', {zone}) t$clock$,
	'Revenue of each customer by month: opening MRR, its movement, closing MRR. Grain: customer, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"customer": "Customer", "currency": "Currency of the amounts", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened",
	"new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened", "expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative",
	"churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('revenue_cohorts', 'revenue', 140, 'metric', '{subscriptions}', 'currency', '{currency,cohort,age}', $query$
SELECT b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'What became of customers by the month of their first revenue. Grain: currency, cohort and age in months, in the zone of deploy()',
	'{"currency": "Currency of the amounts", "cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- The states as rows, for whoever asks who pays what at an instant.  Time alone
-- changes none of them: the instant is chosen by who reads, so that the sums are
-- the closing MRR of mrr_summary, by its clock.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr_timeline', 'revenue', 105, 'mart', '{subscriptions}', 'customer', '{customer,currency,started_at}', $query$
SELECT c.customer, c.currency, t.started_at, t.ended_at, t.mrr, nudge.civil_date(t.first_at, {zone}) AS customer_since, nudge.civil_date(t.last_at, {zone}) AS last_end_day
FROM nudge_analytics.customer_mrr c,
	LATERAL (
		SELECT b.at AS started_at, lead(b.at) OVER times AS ended_at, sum(b.mrr) OVER times AS mrr, sum(b.prices) OVER times AS prices,
			min(b.at) OVER () AS first_at, CASE WHEN sum(b.prices) OVER () = 0 THEN max(b.at) OVER () END AS last_at
		FROM (SELECT e.at, sum(e.mrr) AS mrr, sum(e.price) AS prices
			FROM nudge.mrr_periods(c.state) p, LATERAL (VALUES (p.valid_from, p.mrr, 1), (p.valid_to, -p.mrr, -1)) e(at, mrr, price)
			WHERE e.at IS NOT NULL GROUP BY e.at) b
		WINDOW times AS (ORDER BY b.at)) t
WHERE t.prices > 0$query$, NULL,
	'MRR of each customer over time: a row from each start or end of a price to the next, and none while there is no price. Grain: customer, currency and start',
	'{"customer": "Customer", "currency": "Currency of the prices", "started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "mrr": "Sum of the prices in force",
	"customer_since": "Day of the first price ever, in the zone of deploy()", "last_end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on"}');

-- Totals by segment: a customer counts in its segment of now, also in the past.
-- What changes a segment is a row of dim_customers, whose bucket says where.
-- Each change is one of the segment and of all: hence no key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_segment_buckets', 'revenue', 160, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,segment,currency}', $query$
SELECT c.bucket, nudge.attribute_label('segment', d.segment) AS segment, c.currency,
	count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and segment of now, by currency. Grain: bucket, segment and currency',
	'{"bucket": "Hash bucket of customers", "segment": "Segment of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_segment', 'revenue', 170, 'metric', '{customers,subscriptions}', 'segment', '{segment,currency,period}', $query$
SELECT b.segment, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete,
	k.currency AS base_currency, x.opening_rate, x.closing_rate
FROM (SELECT m.segment, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT s.segment, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT 'all', s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s) m
		GROUP BY m.segment, m.currency) b
	LEFT JOIN {rates} f ON f.currency = b.currency,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL (SELECT coalesce({base}, b.currency) AS currency) k,
	-- the rates of mrr_consolidated: of the last days of the month before and of this one
	LATERAL (SELECT CASE WHEN w.opening_mrr <> 0 THEN nudge.rate_to(f.rates, b.currency, k.currency, w.period - 1) END AS opening_rate,
		nudge.rate_to(f.rates, b.currency, k.currency, least((w.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS closing_rate) x$query$,
	$clock$SELECT DISTINCT m.segment, nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION ALL SELECT 'all', nudge.as_of()$clock$, '{"mrr_segment_buckets": null}',
	'MRR waterfall by month, currency and segment of the customers now, with a segment all for all of them. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now, (none) for those without, all for all customers: do not add it to the others", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over", "base_currency": "Currency that mrr_consolidated converts to; the own one if nothing is converted",
	"opening_rate": "What one unit of currency is worth in it as the month opened; NULL if no MRR opened it", "closing_rate": "The same as the month closed, or now"}');

-- What a customer has and since when, of its prices: dimensions that nobody keeps.
-- In force is what is just before as_of(), as in dim_customers.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_products', 'revenue', 175, 'mart', '{subscriptions}', 'customer', '{customer}', $query$
SELECT c.customer, nudge.bucket(c.customer, {buckets}) AS bucket, c.plan, c.product_mix,
	nudge.tenure_class(t.first_day, t.until_day) AS tenure,
	CASE WHEN c.first_currencies > 1 THEN NULL WHEN c.first_mrr < 100 THEN 'under 100' WHEN c.first_mrr < 500 THEN '100 to 500' WHEN c.first_mrr < 2000 THEN '500 to 2,000' ELSE '2,000 or more' END AS initial_contract_size
FROM (
	SELECT i.customer, (array_agg(i.plan ORDER BY i.in_force DESC, CASE WHEN i.in_force THEN i.mrr END DESC, i.valid_from DESC, i.plan COLLATE "C"))[1] AS plan, (string_agg(DISTINCT i.plan COLLATE "C", ' + ' ORDER BY i.plan COLLATE "C") FILTER (WHERE i.in_force)) COLLATE "default" AS product_mix,
		min(i.valid_from) AS first_at, CASE WHEN NOT bool_or(i.in_force) THEN max(i.valid_to) END AS last_at,
		sum(i.mrr) FILTER (WHERE i.valid_from = i.first_at) AS first_mrr, count(DISTINCT i.currency) FILTER (WHERE i.valid_from = i.first_at) AS first_currencies
	FROM (
		SELECT s.customer, btrim(s.plan) AS plan, upper(btrim(s.currency)) AS currency, s.valid_from, s.valid_to, v.mrr, s.valid_to IS NULL OR s.valid_to >= nudge.as_of() AS in_force, min(s.valid_from) OVER (PARTITION BY s.customer) AS first_at
		FROM nudge_staging.subscriptions s,
			LATERAL (SELECT nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr OFFSET 0) v
		WHERE v.mrr > 0 AND s.valid_from < nudge.as_of()
	) i
	GROUP BY i.customer
) c,
	-- who left was one until then
	LATERAL (SELECT nudge.civil_date(CASE WHEN isfinite(c.first_at) THEN c.first_at END, {zone}) AS first_day, nudge.civil_date(coalesce(c.last_at, nudge.as_of()), {zone}) AS until_day) t$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, (nudge.civil_date(s.valid_from, {zone}) + make_interval(months => m))::date::timestamp AT TIME ZONE {zone} FROM nudge_staging.subscriptions s, unnest('{3,12,24}'::integer[]) m WHERE isfinite(s.valid_from)$clock$, NULL,
	'What each customer has by its prices, and for how long. Grain: customer that ever had MRR; days are those of the zone of deploy()',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "plan": "Plan of the largest price in force; of the latest one if none is", "product_mix": "Plans and add-ons in force, in the order of their names; NULL if none is", "tenure": "How long it has been, or was, a customer: under 3 months, 3 to 12 months, 1 to 2 years, 2 years or more",
	"initial_contract_size": "Class of its first MRR, in its own currency: under 100, 100 to 500, 500 to 2,000, 2,000 or more; NULL if that was of several currencies"}');

-- What customers are segmented by, once for all that reads it.  A customer whose price
-- changes is written anew in dim_customers, and here only if a value is another one:
-- what is below follows no more than that.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_dimensions', 'customers', 176, 'mart', '{customers,subscriptions}', 'customer', '{customer}', $query$
SELECT d.customer, d.bucket, nudge.attribute_label('segment', d.segment) AS segment, nudge.attribute_label('industry', d.industry) AS industry, nudge.attribute_label('company_size', d.company_size) AS company_size, nudge.attribute_label('region', d.region) AS region, nudge.attribute_label('growth_tier', d.growth_tier) AS growth_tier, nudge.attribute_label('sales_channel', d.sales_channel) AS sales_channel, nudge.attribute_label('plan', p.plan) AS plan, nudge.attribute_label('product_mix', p.product_mix) AS product_mix, nudge.attribute_label('tenure', p.tenure) AS tenure, nudge.attribute_label('initial_contract_size', p.initial_contract_size) AS initial_contract_size
FROM nudge_analytics.dim_customers d LEFT JOIN nudge_analytics.customer_products p ON p.customer = d.customer$query$, NULL,
	'What each customer is now, as totals call it. Grain: customer',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "segment": "Segment; (none) for those without, here as below", "industry": "Industry", "company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth", "sales_channel": "How it is sold to", "plan": "Plan, as customer_products has it", "product_mix": "Plans and add-ons", "tenure": "How long it has been a customer", "initial_contract_size": "Class of its first MRR"}');

-- as by segment, for the other dimensions of customers
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_dimension_buckets', 'revenue', 180, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency}', $query$
SELECT c.bucket, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer LEFT JOIN nudge_analytics.customer_products p ON p.customer = c.customer,
	LATERAL (VALUES ('industry'::text, d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', p.plan), ('product_mix', p.product_mix), ('tenure', p.tenure), ('initial_contract_size', p.initial_contract_size)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and value of a dimension now, by currency. Grain: bucket, dimension, value and currency',
	'{"bucket": "Hash bucket of customers", "dimension": "industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_dimension', 'revenue', 190, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete,
	k.currency AS base_currency, x.opening_rate, x.closing_rate
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_dimension_buckets m GROUP BY m.dimension, m.value, m.currency) b
	LEFT JOIN {rates} f ON f.currency = b.currency,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL (SELECT coalesce({base}, b.currency) AS currency) k,
	-- the rates of mrr_consolidated: of the last days of the month before and of this one
	LATERAL (SELECT CASE WHEN w.opening_mrr <> 0 THEN nudge.rate_to(f.rates, b.currency, k.currency, w.period - 1) END AS opening_rate,
		nudge.rate_to(f.rates, b.currency, k.currency, least((w.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS closing_rate) x$query$,
	'SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m', NULL,
	'MRR waterfall by month, currency and value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy()',
	'{"dimension": "industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over", "base_currency": "Currency that mrr_consolidated converts to; the own one if nothing is converted",
	"opening_rate": "What one unit of currency is worth in it as the month opened; NULL if no MRR opened it", "closing_rate": "The same as the month closed, or now"}');

-- Cohorts by what customers are now: a customer is in the cohort of its first
-- revenue whichever value it has.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_cohorts_by_dimension', 'revenue', 1220, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,cohort,age}', $query$
SELECT b.dimension, b.value, b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT d.dimension, d.value, d.currency, d.state FROM nudge_analytics.mrr_dimension_buckets d) m
		GROUP BY m.dimension, m.value, m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r
-- a cohort of which nobody has the value is none
WHERE r.cohort_customers > 0$query$,
	$clock$SELECT 'segment', nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m$clock$,
	'What became of customers by the month of their first revenue and value of a dimension of the customers now. Grain: dimension, value, currency, cohort and age in months, in the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts",
	"cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- Retention of 12 months as each month closes, by bucket: customers are compared
-- one by one, and what comes of it is added up.  Months that are over change by
-- their rows alone, so time only adds one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_retention_buckets', 'revenue', 121, 'mart', '{subscriptions}', 'bucket', '{bucket,currency,period}', $query$
SELECT b.bucket, b.currency, w.period, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
FROM nudge_analytics.mrr_buckets b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL nudge.mrr_summary(b.state, (w.period - interval '11 months')::date, (w.period + interval '1 month')::date, {zone}) r
WHERE w.complete AND w.period >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '10 years' AND r.opening_customers > 0$query$,
	'SELECT DISTINCT b.bucket, t FROM nudge_analytics.mrr_buckets b, nudge.period_ticks(''month'', {zone}) t',
	'What became in 12 months of the MRR of customers, as each month closes, by hash bucket: totals add up buckets. Grain: bucket, currency and month of the zone of deploy() that is over',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close"}');

-- In one currency if there are rates: each currency at that of the month that
-- ends, so that what a rate moves is no retention.  The currency of a rate is
-- not the one that rows are in.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('revenue_retention', 'revenue', 122, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period}', $query$
SELECT b.currency, b.period, sum(b.opening_mrr) AS opening_mrr, sum(b.expansion_mrr) AS expansion_mrr, sum(b.contraction_mrr) AS contraction_mrr, sum(b.churn_mrr) AS churn_mrr, sum(b.opening_customers)::bigint AS opening_customers, sum(b.churned_customers)::bigint AS churned_customers,
	sum(b.opening_mrr + b.expansion_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS net_revenue_retention_rate, sum(b.opening_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS gross_revenue_retention_rate,
	(sum(b.opening_customers) - sum(b.churned_customers)) / nullif(sum(b.opening_customers), 0) AS logo_retention_rate, true AS complete
FROM (
	SELECT c.currency, c.period, sum(c.opening_mrr) AS opening_mrr, sum(c.expansion_mrr) AS expansion_mrr, sum(c.contraction_mrr) AS contraction_mrr, sum(c.churn_mrr) AS churn_mrr, sum(c.opening_customers) AS opening_customers, sum(c.churned_customers) AS churned_customers
	FROM nudge_analytics.revenue_retention_buckets c GROUP BY c.currency, c.period
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x,
	LATERAL (SELECT k.currency, s.period, round(s.opening_mrr * x.rate, 6) AS opening_mrr, round(s.expansion_mrr * x.rate, 6) AS expansion_mrr, round(s.contraction_mrr * x.rate, 6) AS contraction_mrr, round(s.churn_mrr * x.rate, 6) AS churn_mrr, s.opening_customers, s.churned_customers) b
GROUP BY b.currency, b.period$query$, NULL, '{"revenue_retention_buckets": null, "exchange_rates": null}',
	'Net and gross revenue retention and customer retention over the 12 months that end with each month. Grain: currency and month of the zone of deploy() that is over',
	'{"currency": "Currency of the amounts", "period": "First day of the month that ends the 12", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close", "net_revenue_retention_rate": "MRR of these customers now over opening_mrr, a fraction",
	"gross_revenue_retention_rate": "The same without what they have more, a fraction", "logo_retention_rate": "Those of opening_customers that are left, a fraction", "complete": "True: the month is over"}');

-- as in all, for the dimensions of customers
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_retention_slices', 'revenue', 990, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency,period}', $query$
SELECT b.bucket, b.dimension, b.value, b.currency, w.period, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
FROM (SELECT s.bucket, 'segment'::text AS dimension, s.segment AS value, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
		UNION ALL SELECT d.bucket, d.dimension, d.value, d.currency, d.state FROM nudge_analytics.mrr_dimension_buckets d) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL nudge.mrr_summary(b.state, (w.period - interval '11 months')::date, (w.period + interval '1 month')::date, {zone}) r
WHERE w.complete AND w.period >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '10 years' AND r.opening_customers > 0$query$,
	'SELECT DISTINCT b.bucket, t FROM nudge_analytics.mrr_segment_buckets b, nudge.period_ticks(''month'', {zone}) t',
	'What became in 12 months of the MRR of customers, as each month closes, by hash bucket and value of a dimension now. Grain: bucket, dimension, value, currency and month of the zone of deploy() that is over',
	'{"bucket": "Hash bucket of customers", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('revenue_retention_by_dimension', 'revenue', 991, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, b.period, sum(b.opening_mrr) AS opening_mrr, sum(b.expansion_mrr) AS expansion_mrr, sum(b.contraction_mrr) AS contraction_mrr, sum(b.churn_mrr) AS churn_mrr, sum(b.opening_customers)::bigint AS opening_customers,
	sum(b.churned_customers)::bigint AS churned_customers, sum(b.opening_mrr + b.expansion_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS net_revenue_retention_rate,
	sum(b.opening_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS gross_revenue_retention_rate, (sum(b.opening_customers) - sum(b.churned_customers)) / nullif(sum(b.opening_customers), 0) AS logo_retention_rate, true AS complete
FROM (
	SELECT c.dimension, c.value, c.currency, c.period, sum(c.opening_mrr) AS opening_mrr, sum(c.expansion_mrr) AS expansion_mrr, sum(c.contraction_mrr) AS contraction_mrr, sum(c.churn_mrr) AS churn_mrr, sum(c.opening_customers) AS opening_customers, sum(c.churned_customers) AS churned_customers
	FROM nudge_analytics.revenue_retention_slices c GROUP BY c.dimension, c.value, c.currency, c.period
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x,
	LATERAL (SELECT k.currency, s.period, s.dimension, s.value, round(s.opening_mrr * x.rate, 6) AS opening_mrr, round(s.expansion_mrr * x.rate, 6) AS expansion_mrr, round(s.contraction_mrr * x.rate, 6) AS contraction_mrr, round(s.churn_mrr * x.rate, 6) AS churn_mrr, s.opening_customers, s.churned_customers) b
GROUP BY b.dimension, b.value, b.currency, b.period$query$, NULL, NULL,
	'Net and gross revenue retention and customer retention over the 12 months that end with each month, by value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy() that is over',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close", "net_revenue_retention_rate": "MRR of these customers now over opening_mrr, a fraction", "gross_revenue_retention_rate": "The same without what they have more, a fraction",
	"logo_retention_rate": "Those of opening_customers that are left, a fraction", "complete": "True: the month is over"}');

-- src/warehouse/marts_consolidated.sql

/*
 * marts_consolidated.sql
 *		Shipped materialisations about revenue of all currencies in one, and the
 *		causes of its movements.
 *
 * Rules: doc/conversion.md.
 */

-- An item is what a customer pays for, in its own currency, with the rate of each
-- month: what the rate alone moves is then fx_mrr.  Without a currency of
-- deploy(), or without rates, each currency is the one of its own rows.  What
-- counts is what counts in customer_mrr, to the same millionth: if plan and
-- quantity do not give it, the amount stands for itself.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr_items', 'revenue', 102, 'mart', '{subscriptions}', '{exchange_rates}', 'customer', '{customer,currency}', $query$
SELECT p.customer, p.base AS currency, nudge.bucket(p.customer, {buckets}) AS bucket,
	nudge.mrr_item_agg(p.customer, p.item, p.valid_from, p.valid_to, p.plan, p.quantity, p.unit_amount, p.discount, p.currency, p.rate, p.end_reason) AS state
FROM (
	SELECT i.customer, i.item, i.plan, i.currency, i.base, i.end_reason, c.rate, c.valid_from, c.valid_to,
		CASE WHEN i.price_fits THEN i.quantity ELSE 1 END AS quantity, CASE WHEN i.price_fits THEN i.unit_amount ELSE i.net END AS unit_amount, CASE WHEN i.price_fits THEN i.gross - i.net ELSE 0 END AS discount
	FROM (
		SELECT o.*, o.gross >= o.net AND o.net >= 0 AS price_fits, f.rates
		FROM (
			SELECT s.*, round(s.quantity * s.unit_amount, 6) AS gross, coalesce({base}, s.currency) AS base
			FROM (
				SELECT s.customer, s.item, s.plan, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, upper(btrim(s.currency)) AS currency, coalesce(s.quantity, 1) AS quantity, v.unit_amount, v.net,
					CASE WHEN lower(btrim(s.end_reason)) IN ('voluntary', 'involuntary') THEN lower(btrim(s.end_reason)) END AS end_reason
				FROM nudge_staging.subscriptions s,
					-- computed once
					LATERAL (SELECT nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, 1) AS unit_amount, nudge.net_monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind) AS net OFFSET 0) v
				WHERE nudge.is_recurring(s.interval_unit, s.usage, s.status, s.valid_to)
			) s
		) o
		LEFT JOIN {rates} f ON f.currency = o.currency AND o.currency <> o.base
	) i,
	LATERAL (
		SELECT i.valid_from, i.valid_to, 1::numeric AS rate WHERE i.currency = i.base
		UNION ALL
		-- the months of a rate, within the period: the day after its last one is no end of it
		SELECT greatest(i.valid_from, m.valid_from::timestamp AT TIME ZONE {zone}), CASE WHEN m.valid_to IS NOT NULL AND (i.valid_to IS NULL OR m.valid_to < d.end_day) THEN m.valid_to::timestamp AT TIME ZONE {zone} ELSE i.valid_to END, m.rate
		FROM (SELECT CASE WHEN isfinite(i.valid_from) THEN nudge.civil_date(i.valid_from, {zone}) END AS start_day, CASE WHEN isfinite(i.valid_to) THEN nudge.civil_date(i.valid_to - interval '1 microsecond', {zone}) + 1 END AS end_day) d,
			LATERAL nudge.convert_periods(d.start_day, d.end_day, 1, i.currency, i.base, i.rates, 'month_end', nudge.civil_date(nudge.as_of(), {zone})) m
		WHERE i.currency <> i.base
	) c
) p
GROUP BY p.customer, p.base$query$,
	-- rates that are loaded before their day
	'SELECT x.day::timestamp AT TIME ZONE {zone} FROM {exchange_rates*} x WHERE isfinite(x.day)',
	'Price items over time of each customer, in their currency with exchange rates to one: a state for functions such as mrr_causes. Grain: customer and currency converted to',
	'{"customer": "Customer", "currency": "Currency converted to: that of deploy() if rates are mapped, otherwise the own one", "bucket": "Hash bucket of the customer", "state": "Price items over time, as mrr_item_state"}'),
('mrr_item_buckets', 'revenue', 104, 'mart', '{subscriptions}', '{exchange_rates}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr_items c
GROUP BY c.bucket, c.currency$query$, NULL,
	'Price items over time of customers by hash bucket, by the currency converted to. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency converted to", "customers": "Customers with a price", "state": "Price items over time, as mrr_item_state"}'),
-- Sums over buckets, since a customer is in one: a state of all would grow beyond what a state may be.
('mrr_consolidated', 'revenue', 106, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, sum(w.opening_mrr) AS opening_mrr, sum(w.new_mrr) AS new_mrr, sum(w.reactivation_mrr) AS reactivation_mrr, sum(w.expansion_mrr) AS expansion_mrr, sum(w.contraction_mrr) AS contraction_mrr,
	sum(w.churn_mrr) AS churn_mrr, sum(w.fx_mrr) AS fx_mrr, sum(w.net_new_mrr) AS net_new_mrr, sum(w.closing_mrr) AS closing_mrr, sum(w.opening_customers)::bigint AS opening_customers, sum(w.new_customers)::bigint AS new_customers,
	sum(w.reactivated_customers)::bigint AS reactivated_customers, sum(w.expanded_customers)::bigint AS expanded_customers, sum(w.contracted_customers)::bigint AS contracted_customers, sum(w.churned_customers)::bigint AS churned_customers,
	sum(w.closing_customers)::bigint AS closing_customers, bool_and(w.complete) AS complete
FROM nudge_analytics.mrr_item_buckets b, LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w
GROUP BY b.currency, w.period$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_item_buckets m',
	'MRR waterfall by month of customers of all currencies, in one currency, with what exchange rates alone have moved. Grain: currency converted to and month of the zone of deploy()',
	'{"currency": "Currency converted to: that of deploy() if rates are mapped, otherwise the own one", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates alone", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed, at the rates of its last day",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
('mrr_causes', 'revenue', 108, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period,movement,cause}', $query$
SELECT b.currency, w.period, w.movement, w.cause, sum(w.amount) AS amount, sum(w.customers)::bigint AS customers, bool_and(w.complete) AS complete
FROM nudge_analytics.mrr_item_buckets b, LATERAL nudge.mrr_causes(b.state, 'month', {zone}, nudge.as_of()) w
GROUP BY b.currency, w.period, w.movement, w.cause$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_item_buckets m',
	'Why MRR moved: movements by month and cause, such as quantity, price, plan, discount, add-on, exchange rate or kind of churn, in one currency. Grain: currency converted to, month of the zone of deploy(), movement and cause',
	'{"currency": "Currency converted to", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or fx", "cause": "What moved it", "amount": "MRR that it moved: over the causes of a movement the sum is that of mrr_consolidated",
	"customers": "Customers that it moved", "complete": "Whether the month is over"}');

-- src/warehouse/marts_customers.sql

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

-- src/warehouse/marts_usage.sql

/*
 * marts_usage.sql
 *		Shipped materialisations about what users do: activity, retention,
 *		features.
 *
 * Rules: doc/marts.md.
 */

-- Days are over once they are in a total: as_of is the present day.  Totals
-- are one key, scope or grain, since the log of changes knows users and no days.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activity_states', 'usage', 300, 'mart', '{events}', 'user', '{user}', $query$
SELECT e."user", nudge.bucket(e."user", {buckets}) AS bucket, nudge.activity_count_agg(e."user", nudge.civil_date(e.at, {zone}), 1) AS state
FROM nudge_staging.events e
WHERE e."user" IS NOT NULL
GROUP BY e."user"$query$, NULL, NULL,
	'Days on which each user was active, and events of each: a state for functions such as active_users. Grain: user',
	'{"user": "User", "bucket": "Hash bucket of the user", "state": "Active days in the zone of deploy(), as activity_state"}'),
('activity_buckets', 'usage', 310, 'mart', '{events}', 'bucket', '{bucket}', $query$
SELECT u.bucket, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.user_activity_states u GROUP BY u.bucket$query$, NULL, NULL,
	'Active days of users by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket',
	'{"bucket": "Hash bucket of users", "users": "Users that were ever active", "state": "Active days, as activity_state"}'),
('active_users', 'usage', 320, 'metric', '{events}', 'scope', '{scope,day}', $query$
SELECT b.scope, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, s.dau_wau AS dau_wau_rate, s.dau_mau AS dau_mau_rate, s.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Active users by day, from the first day with any to yesterday. Grain: day of the zone of deploy()',
	'{"scope": "all: whose activity it is", "day": "Day", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data go back the 30 days"}'),
('lifecycle', 'usage', 330, 'metric', '{events}', 'grain', '{grain,period}', $query$
SELECT g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'Where active users come from and go, by week and by month, from the first with any, up to yesterday. Grain: grain and period of the zone of deploy()',
	'{"grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention', 'usage', 340, 'metric', '{events}', 'grain', '{grain,cohort,age}', $query$
SELECT g.grain, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, g.grain, 12, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'How many users of a cohort, by the period of their first active day, come back 1 to 12 weeks or months later. Grain: grain, cohort and age, in the zone of deploy()',
	'{"grain": "week or month: do not add both", "cohort": "First day of the period of the first active day", "age": "Periods since", "period": "First day of the period that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the period is over: the denominator", "retained_users": "Those active in the period; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the period is not over"}'),

-- Features, of users that are known and not internal.
('feature_user_states', 'usage', 350, 'mart', '{events,users}', 'user', '{user,feature}', $query$
SELECT r."user", r.feature, nudge.bucket(r."user", {buckets}) AS bucket, nudge.feature_agg(r."user", r.at, r.feature, r.action, r.success, r.duration, r.value) AS state
FROM (SELECT e."user", e.feature, e.at, CASE WHEN lower(btrim(e.name)) IN ('viewed', 'completed') THEN lower(btrim(e.name)) ELSE 'used' END AS action, e.success, e.duration, e.value
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL
		UNION ALL
		SELECT DISTINCT e."user", e.feature, u.signed_up_at, 'signed_up', NULL::boolean, NULL::interval, NULL::numeric
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL) r
GROUP BY r."user", r.feature$query$, NULL, NULL,
	'What each user did with each feature: a state for functions such as feature_users. Grain: user and feature',
	'{"user": "User", "feature": "Feature", "bucket": "Hash bucket of the user", "state": "Uses of the feature, and the sign-up, as feature_state"}'),
('feature_buckets', 'usage', 360, 'mart', '{events,users}', 'bucket', '{bucket,feature}', $query$
SELECT u.bucket, u.feature, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.feature_user_states u GROUP BY u.bucket, u.feature$query$, NULL, NULL,
	'What users did with each feature, by hash bucket. Grain: bucket and feature',
	'{"bucket": "Hash bucket of users", "feature": "Feature", "users": "Users with any event of the feature", "state": "Uses of the feature, as feature_state"}'),
('feature_adoption', 'usage', 370, 'metric', '{events,users}', 'feature', '{feature}', $query$
SELECT f.feature, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, a.usage_frequency, a.success_rate, a.completions, a.completion_rate,
	a.median_duration_seconds, a.median_seconds_to_first_use, a.median_seconds_to_adopt, a.value_created
FROM (SELECT m.feature, nudge.rollup(m.state) AS state FROM nudge_analytics.feature_buckets m GROUP BY m.feature) f
	CROSS JOIN (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < nudge.as_of()) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, nudge.as_of(), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users have come with each feature. Grain: feature',
	'{"feature": "Feature", "users": "Users that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users", "success_rate": "Successful uses over those whose outcome is known, a fraction",
	"completions": "Completions", "completion_rate": "completions over uses, a fraction", "median_duration_seconds": "Median duration of a use", "median_seconds_to_first_use": "Median time from signing up to the first use",
	"median_seconds_to_adopt": "Median time from signing up to the third use", "value_created": "Sum of the values of events"}');

-- What key figures and charts by month need.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_retention', 'usage', 992, 'metric', '{events}', 'age', '{age,period}', $query$
SELECT r.age, nudge.period_start(r.cohort, 'month') AS period, sum(r.cohort_users)::bigint AS cohort_users, sum(r.eligible)::bigint AS eligible_users, coalesce(sum(r.retained), 0)::bigint AS retained_users, sum(r.retained) / nullif(sum(r.eligible), 0) AS retention_rate,
	nudge.period_end(r.cohort, 'month') - 1 + r.age < nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'day', 90, nudge.civil_date(nudge.as_of(), {zone})) r
WHERE r.cohort IS NOT NULL AND r.age IN (1, 7, 30, 90)
GROUP BY r.age, nudge.period_start(r.cohort, 'month'), nudge.period_end(r.cohort, 'month')$query$,
	$clock$SELECT g.age, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES (1), (7), (30), (90)) g(age)$clock$, '{"activity_buckets": null}',
	'How many users are active 1, 7, 30 and 90 days after their first active day, by the month of that day. Grain: age and month of the zone of deploy()',
	'{"age": "Days since the first active day: 1, 7, 30 or 90; do not add them", "period": "First day of the month of the first active day", "cohort_users": "Users whose first active day is in the month", "eligible_users": "Those for whom the day is over: the denominator",
	"retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the day is over for none", "complete": "Whether the day is over for all of them"}'),
('user_classes', 'usage', 993, 'metric', '{events}', 'scope', '{scope,period}', $query$
SELECT b.scope, c.period, c.power_users, c.regular_users, c.low_users, t.total_users - c.active_users AS dormant_users, c.active_users, c.qualified_users, t.total_users, c.qualified_users::numeric / nullif(t.total_users, 0) AS qualified_rate, c.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.active_user_classes(b.state, 'week', nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}) c
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) t ON t.day = least(nudge.period_end(c.period, 'week', {week_start}), nudge.civil_date(nudge.as_of(), {zone})) - 1$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Users by their actions in a week: more than 10, 3 to 10, fewer, none. Grain: week of the zone of deploy()',
	'{"scope": "all: whose activity it is", "period": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions", "dormant_users": "Users that were active before, and not in the week",
	"active_users": "Users with an action", "qualified_users": "Users with 3 actions or more", "total_users": "Users first active in the week or before", "qualified_rate": "qualified_users over total_users, a fraction", "complete": "Whether the week is over"}'),
('feature_adoption_by_month', 'usage', 994, 'metric', '{events,users}', 'feature', '{feature,period}', $query$
SELECT f.feature, m.period::date AS period, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, o.until <= nudge.as_of() AS complete
FROM (SELECT b.feature, nudge.rollup(b.state) AS state FROM nudge_analytics.feature_buckets b GROUP BY b.feature OFFSET 0) f
	CROSS JOIN (SELECT nudge.civil_date(min(d.signed_up_at) FILTER (WHERE isfinite(d.signed_up_at)), {zone}) AS day FROM nudge_analytics.dim_users d) s
	CROSS JOIN LATERAL nudge.report_window(s.day, {zone}, 24) w
	CROSS JOIN LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period)
	CROSS JOIN LATERAL (SELECT (m.period + interval '1 month') AT TIME ZONE {zone} AS until) o
	CROSS JOIN LATERAL (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < least(o.until, nudge.as_of())) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, least(o.until, nudge.as_of()), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users had come with each feature by the end of a month, of the present one and the 23 before, from the first month with a user of it on. Grain: feature and month of the zone of deploy()',
	'{"feature": "Feature", "period": "First day of the month", "users": "Users that had signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that had used it", "adopted_users": "Users that had used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses so far", "complete": "Whether the month is over"}');

-- src/warehouse/marts_operations.sql

/*
 * marts_operations.sql
 *		Shipped materialisations about support, surveys, sales, platform and
 *		engineering: reports by month, and the sums that some are added up from.
 *
 * Rules: doc/marts_operations.md.
 */

-- What is counted from a month on changes that month and all later ones; no zone is two
-- days from UTC.  Put into the query that asks for some months, so that it makes no others.
CREATE FUNCTION nudge.later_months() RETURNS TABLE (changed date, key date)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT p::date, k::date
	FROM (SELECT date_trunc('month', nudge.as_of() AT TIME ZONE 'UTC' + interval '2 days') AS last) w, generate_series(timestamp '0001-01-01', w.last, interval '1 month') p,
		generate_series(greatest(p, w.last - interval '121 months'), w.last, interval '1 month') k;
END;

COMMENT ON FUNCTION nudge.later_months() IS 'Works for key maps of marts by month: each month, and those from it on that a report of 120 months may have. Not STRICT: it has no arguments';

-- Support.  Customers are those of the input, the first of several rows of one; as
-- reports have it, a customer counts from its creation on.  The mart of tickets tells
-- in which months something has changed.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('support_customers', 'support', 690, 'mart', '{tickets}', '{customers}', 'customer', '{customer}', $query$
SELECT DISTINCT ON (c.customer) c.customer, CASE WHEN c.created_at < nudge.as_of() THEN c.created_at END AS created_at,
	CASE WHEN c.created_at < nudge.as_of() THEN CASE WHEN c.created_at >= '0001-01-01Z' THEN nudge.period_start(nudge.civil_date(c.created_at, {zone}), 'month') ELSE date '0001-01-01' END END AS period,
	nullif(btrim(c.segment), '') AS segment, coalesce(c.internal, false) AS internal
FROM {customers*} c
ORDER BY c.customer, c.created_at, c.segment COLLATE "C"$query$,
	$clock$SELECT c.customer, c.created_at + interval '1 microsecond' FROM {customers*} c$clock$, NULL,
	'Customers as reports on tickets count them. Grain: customer of customers',
	'{"customer": "Customer", "created_at": "When it was created; NULL: not yet", "period": "First day of the month, in the zone of deploy(), in which it was created; NULL: not yet", "segment": "Segment; NULL if it is not known", "internal": "Own staff or a test account, whose tickets do not count"}'),
('support_internal_customers', 'support', 691, 'mart', '{tickets}', '{customers}', 'customer', '{customer}', $query$
SELECT c.customer, c.created_at, c.internal FROM nudge_analytics.support_customers c WHERE c.internal$query$, NULL, NULL,
	'Customers whose tickets do not count: what is not by segment reads them alone. Grain: customer',
	'{"customer": "Customer", "created_at": "When it was created; NULL: not yet", "internal": "True: own staff or a test account"}'),
('support_customer_months', 'support', 692, 'mart', '{tickets}', '{customers}', 'period', '{period,segment}', $query$
SELECT c.period, c.segment, count(*) AS customers FROM nudge_analytics.support_customers c WHERE NOT c.internal GROUP BY c.period, c.segment$query$, NULL, NULL,
	'Customers by the month in which they were created and their segment now: those of a month are those created up to its end. Grain: month of the zone of deploy() and segment',
	'{"period": "First day of the month in which they were created", "segment": "Segment; NULL if it is not known", "customers": "Customers, without internal ones"}'),

-- Of a month alone: what compares months and what is known of customers is added in
-- support_performance.  Time changes whether a ticket that waits has breached its
-- target: those that had not when the month was computed, and have now.
('support_ticket_months', 'support', 693, 'mart', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT s.period, coalesce(s.dimension, 'all') AS dimension, CASE WHEN s.dimension IS NULL THEN 'all' ELSE s.value END AS value, s.tickets_total, s.ticket_share, s.tickets_resolved, s.resolution_rate, s.tickets_once_resolved, s.tickets_reopened, s.reopen_rate,
	s.escalation_known, s.tickets_escalated, s.escalation_rate, s.contacts_known, s.tickets_one_touch, s.one_touch_rate, s.csat_answers, s.mean_csat, s.tickets_with_problem,
	s.tickets_done[1] AS tickets_answered, s.mean_minutes[1] AS mean_first_response_minutes, s.median_minutes[1] AS median_first_response_minutes, s.p90_minutes[1] AS p90_first_response_minutes,
	s.sla_met[1] AS first_response_sla_met, s.sla_breached[1] AS first_response_sla_breached, s.sla_pending[1] AS first_response_sla_pending, s.attainment_rate[1] AS first_response_attainment_rate,
	s.mean_minutes[2] AS mean_resolution_minutes, s.median_minutes[2] AS median_resolution_minutes, s.p90_minutes[2] AS p90_resolution_minutes,
	s.sla_met[2] AS resolution_sla_met, s.sla_breached[2] AS resolution_sla_breached, s.sla_pending[2] AS resolution_sla_pending, s.attainment_rate[2] AS resolution_attainment_rate
FROM (SELECT min(f.period) AS day FROM nudge_analytics.fact_tickets f) b,
	LATERAL nudge.report_windows(b.day, {zone}, 30000) w,
	LATERAL nudge.support_slices('nudge_analytics.fact_tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), '{priority,complexity,category,agent,segment}', 'nudge_analytics.support_customers'::regclass, with_working_times => false) s$query$,
	$clock$SELECT t.period, nudge.as_of()
FROM nudge.materialisations m,
	nudge_analytics.fact_tickets t,
	LATERAL (VALUES ('first_response'), ('resolution')) v(measure),
	LATERAL nudge.sla_target_of(v.measure, t.priority, coalesce(t.complexity, '')) g
WHERE m.name = 'support_ticket_months' AND (t.resolved_at IS NULL OR t.reopened_at IS NOT NULL)
	AND nudge.minutes_used(t.opened_at, m.clock_at, g.calendar) <= g.target_minutes AND nudge.minutes_used(t.opened_at, nudge.as_of(), g.calendar) > g.target_minutes$clock$,
	'{"support_customers": {"column": "customer", "query": "SELECT f.customer, f.period FROM nudge_analytics.fact_tickets f"}}',
	'Tickets by the month in which they were opened, in all and by a dimension: values that have tickets in the month. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met"}'),
-- A month has a row for each value of any month: a new one, or one that has gone, is
-- one of all months, which is all that changes these rows.
('support_values', 'support', 694, 'mart', '{tickets}', '{customers}', 'dimension', '{dimension,value}', $query$
SELECT v.dimension, v.value, bool_or(v.has_tickets) AS has_tickets, bool_or(v.has_recent_tickets) AS has_recent_tickets, bool_or(v.has_customers) AS has_customers, min(v.first_period) AS first_period
FROM (
	SELECT m.dimension, m.value, true AS has_tickets, m.period >= w.start_day AS has_recent_tickets, false AS has_customers, NULL::date AS first_period
	FROM nudge_analytics.support_ticket_months m, nudge.report_window(date '0001-01-01', {zone}) w
	WHERE m.dimension <> 'all'
	UNION ALL
	SELECT 'segment', c.segment, false, false, true, NULL FROM nudge_analytics.support_customer_months c
	UNION ALL
	-- there are reports from the first ticket on, whoever it is of
	SELECT 'all', 'all', true, true, false, f.first_period FROM (SELECT min(t.period) AS first_period FROM nudge_analytics.fact_tickets t) f WHERE f.first_period IS NOT NULL
) v
GROUP BY v.dimension, v.value$query$,
	'SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), ''month'')::timestamp AT TIME ZONE {zone}', '{"support_ticket_months": "dimension", "support_customer_months": null, "fact_tickets": null}',
	'Values of dimensions by which tickets are counted, in whatever month. Grain: dimension and value',
	'{"dimension": "all, priority, complexity, category, agent or segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "has_tickets": "Whether there is a ticket with it", "has_recent_tickets": "Whether one was opened in the last 120 months", "has_customers": "Whether a customer is of this segment",
	"first_period": "First day of the first month with a ticket, of dimension all"}'),

-- Months begin and end; the last of 120 goes as one begins.  Customers of a month are
-- those of the months before too.
('support_performance', 'support', 700, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT s.period, v.dimension, v.value, coalesce(r.tickets_total, 0) AS tickets_total, r.ticket_share, c.customers_total, coalesce(r.tickets_total, 0)::numeric / nullif(c.customers_total, 0) AS tickets_per_customer, coalesce(r.tickets_resolved, 0) AS tickets_resolved, r.resolution_rate,
	coalesce(r.tickets_once_resolved, 0) AS tickets_once_resolved, coalesce(r.tickets_reopened, 0) AS tickets_reopened, r.reopen_rate, coalesce(r.escalation_known, 0) AS escalation_known, coalesce(r.tickets_escalated, 0) AS tickets_escalated, r.escalation_rate,
	coalesce(r.contacts_known, 0) AS contacts_known, coalesce(r.tickets_one_touch, 0) AS tickets_one_touch, r.one_touch_rate, coalesce(r.csat_answers, 0) AS csat_answers, r.mean_csat, coalesce(r.tickets_with_problem, 0) AS tickets_with_problem,
	coalesce(r.tickets_answered, n.n) AS tickets_answered, r.mean_first_response_minutes, r.median_first_response_minutes, r.p90_first_response_minutes,
	coalesce(r.first_response_sla_met, n.n) AS first_response_sla_met, coalesce(r.first_response_sla_breached, n.n) AS first_response_sla_breached, coalesce(r.first_response_sla_pending, n.n) AS first_response_sla_pending, r.first_response_attainment_rate,
	r.mean_resolution_minutes, r.median_resolution_minutes, r.p90_resolution_minutes,
	coalesce(r.resolution_sla_met, n.n) AS resolution_sla_met, coalesce(r.resolution_sla_breached, n.n) AS resolution_sla_breached, coalesce(r.resolution_sla_pending, n.n) AS resolution_sla_pending, r.resolution_attainment_rate, s.complete
FROM (SELECT min(f.first_period) AS day FROM nudge_analytics.support_values f) b,
	LATERAL nudge.report_windows(b.day, {zone}) w,
	LATERAL nudge.begun_spans(w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) s
	JOIN nudge_analytics.support_values v ON v.has_recent_tickets OR v.has_customers
	LEFT JOIN nudge_analytics.support_ticket_months r ON r.period = s.period AND r.dimension = v.dimension AND r.value IS NOT DISTINCT FROM v.value
	LEFT JOIN LATERAL (
		SELECT coalesce(sum(m.customers), 0)::bigint AS customers_total FROM nudge_analytics.support_customer_months m
		WHERE m.period <= s.period AND (v.dimension <> 'segment' OR m.segment IS NOT DISTINCT FROM v.value)
	) c ON {customers!},
	-- a segment that never had a ticket has no times
	LATERAL (SELECT CASE WHEN v.has_recent_tickets THEN 0 END AS n) n
WHERE v.dimension <> 'segment' OR {customers!}$query$,
	$clock$SELECT m.key, m.at
FROM nudge.report_window(date '0001-01-01', {zone}) w, generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p,
	LATERAL (SELECT p AT TIME ZONE {zone} AS start_at, (p + interval '1 month') AT TIME ZONE {zone} AS end_at) t,
	LATERAL (VALUES (p::date, t.start_at + interval '1 microsecond'), (p::date, t.end_at), ((p - interval '120 months')::date, t.start_at)) m(key, at)$clock$,
	'{"support_values": null, "support_customer_months": {"column": "period", "query": "SELECT m.changed, m.key FROM nudge.later_months() m"}}',
	'Tickets of support by the month in which they were opened, in all and by a dimension: volume, resolution, satisfaction, times and targets. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total",
	"tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met", "complete": "Whether the month is over"}'),
-- A ticket counts from the month in which it was opened on.  Read are those that were
-- open at some time since the first month that is computed.  The ages of those that
-- are open now grow.
('support_backlog', 'support', 710, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT s.period, v.dimension, v.value, coalesce(r.opening, 0) AS opening_tickets, coalesce(r.opened, 0) AS tickets_opened, coalesce(r.reopened, 0) AS tickets_reopened, coalesce(r.resolved, 0) AS tickets_resolved, coalesce(r.closing, 0) AS closing_tickets,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.oldest_age_days, 1) AS oldest_age_days, s.complete
FROM (SELECT min(f.first_period) AS day FROM nudge_analytics.support_values f) b,
	LATERAL nudge.report_windows(b.day, {zone}) w,
	LATERAL nudge.begun_spans(w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) s
	JOIN nudge_analytics.support_values v ON v.has_tickets AND v.dimension <> 'segment'
	LEFT JOIN LATERAL nudge.backlog_slices('nudge_analytics.fact_tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), '{priority,complexity,category,agent}', 'nudge_analytics.support_internal_customers'::regclass, true) r
		ON r.period = s.period AND coalesce(r.dimension, 'all') = v.dimension AND (r.value IS NOT DISTINCT FROM v.value OR r.dimension IS NULL)$query$,
	$clock$SELECT m.key, m.at
FROM nudge.report_window(date '0001-01-01', {zone}) w, generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p,
	LATERAL (SELECT p AT TIME ZONE {zone} AS start_at, (p + interval '1 month') AT TIME ZONE {zone} AS end_at) t,
	LATERAL (VALUES (p::date, least(t.end_at, nudge.as_of())), ((p - interval '120 months')::date, t.start_at)) m(key, at)$clock$,
	'{"support_values": null, "fact_tickets": {"column": "period", "query": "SELECT m.changed, m.key FROM nudge.later_months() m"},
		"support_internal_customers": {"column": "customer", "query": "SELECT f.customer, m.key FROM nudge_analytics.fact_tickets f JOIN nudge.later_months() m ON m.changed = f.period"}}',
	'Open tickets by month, in all and by a dimension: opening, opened, reopened, resolved, closing, and how old they are. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_tickets": "Open as the month began",
	"tickets_opened": "Opened in the month", "tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth", "oldest_age_days": "Age of the oldest, in days, to a tenth",
	"complete": "Whether the month is over"}');

-- Scores by month are merged from sums, which are computed for the months of surveys that
-- have changed.  Sums are made of what customers are in all dimensions at once first, which many share.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('nps_months', 'customers', 719, 'mart', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT m.period, v.dimension, v.value, sum(m.asked)::bigint AS asked, sum(m.open_surveys)::bigint AS open_surveys, sum(m.respondents)::bigint AS respondents, sum(m.customers_answered)::bigint AS customers_answered, nudge.rollup(m.state) AS state
FROM (
	SELECT f.period, f.segment, f.industry, f.company_size, f.region, count(*) FILTER (WHERE NOT f.internal) AS asked,
		count(*) FILTER (WHERE NOT f.internal AND f.score IS NULL AND f.sent_at + make_interval(hours => 24 * 14) > nudge.as_of()) AS open_surveys,
		count(*) FILTER (WHERE NOT f.internal AND f.is_first_of_user) AS respondents, count(*) FILTER (WHERE NOT f.internal AND f.is_first_of_customer) AS customers_answered,
		nudge.nps_agg(f.score) FILTER (WHERE NOT f.internal) AS state
	FROM nudge_analytics.fact_surveys f
	WHERE f.kind = 'nps'
	GROUP BY f.period, f.segment, f.industry, f.company_size, f.region
) m, LATERAL (VALUES ('all'::text, 'all'::text), ('segment', m.segment), ('industry', m.industry), ('company_size', m.company_size), ('region', m.region)) v(dimension, value)
WHERE v.dimension = 'all' OR {customers!} AND m.asked > 0
GROUP BY m.period, v.dimension, v.value$query$,
	$clock$SELECT f.period, f.sent_at + make_interval(hours => 24 * 14) FROM nudge_analytics.fact_surveys f WHERE f.kind = 'nps' AND f.score IS NULL$clock$, NULL,
	'Answers to surveys of NPS by the month in which was asked, in all and by a dimension of customers: what nps is merged from. Grain: month of the zone of deploy(), dimension and value that was asked',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "open_surveys": "Surveys sent within 14 days and not answered yet",
	"respondents": "Persons who answered", "customers_answered": "Customers who answered", "state": "Answers, as survey_state; NULL if nobody was asked but own staff"}'),
-- a value that is there in any month has a row in each: few rows, so all of them
('nps', 'customers', 720, 'metric', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT c.period, c.dimension, c.value, coalesce(n.asked, 0) AS asked, coalesce(n.answered, 0) AS answered, n.response_rate, c.open_surveys, c.respondents, c.customers_answered,
	coalesce(n.promoters, 0) AS promoters, coalesce(n.passives, 0) AS passives, coalesce(n.detractors, 0) AS detractors, n.score, n.score_low, n.score_high, n.band, n.action, d.difference AS score_change, d.p_value, c.complete
FROM (
	SELECT w.period, l.dimension, l.value, coalesce(m.open_surveys, 0) AS open_surveys, coalesce(m.respondents, 0) AS respondents, coalesce(m.customers_answered, 0) AS customers_answered,
		m.state, lag(m.state) OVER (PARTITION BY l.dimension, l.value ORDER BY w.period) AS state_before, w.complete
	FROM (SELECT min(s.period) AS day FROM nudge_analytics.nps_months s) b CROSS JOIN LATERAL nudge.report_window(b.day, {zone}) r
		CROSS JOIN LATERAL nudge.window_spans(r.start_day, r.end_day, 'month', {zone}, nudge.as_of()) w
		JOIN (SELECT s.dimension, s.value, max(s.period) AS last_period FROM nudge_analytics.nps_months s GROUP BY s.dimension, s.value) l ON l.last_period >= r.start_day OR l.dimension = 'all'
		LEFT JOIN nudge_analytics.nps_months m ON m.period = w.period AND m.dimension = l.dimension AND m.value IS NOT DISTINCT FROM l.value
) c, LATERAL nudge.nps(c.state) n, LATERAL nudge.survey_compare(c.state, c.state_before) d$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', '{"nps_months": null}',
	'Net promoter score by the month in which was asked, in all and by a dimension of customers. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "answered": "Surveys that were answered",
	"response_rate": "answered over asked", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered", "customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6",
	"score": "Net promoter score, -100 to 100", "score_low": "Lower end of its 95% interval", "score_high": "Upper end of its 95% interval", "band": "Band of the score", "action": "What the band asks for", "score_change": "Change against the month before", "p_value": "Probability of such a change by chance",
	"complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('sales_pipeline', 'sales', 730, 'metric', '{deals}', '{deal_stages,activities}', 'dimension', '{dimension,value}', $query$
SELECT coalesce(r.dimension, 'all') AS dimension, CASE WHEN r.dimension IS NULL THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
FROM nudge.pipeline_groups('{deals$}'::regclass, {deal_stages?}, {activities?}, {zone}, nudge.as_of(), '{stage,owner,team,segment}') r$query$,
	'SELECT nudge.as_of()',
	'Open deals now, in all and by a dimension: amount, weighted amount, age, activity. Grain: dimension and value',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "open_deals": "Open deals", "open_amount": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_amount": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth", "mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals",
	"activities_per_open_deal": "activity_count over open_deals", "stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "currency": "Currency of all amounts"}');

-- What has come and gone in a month, of deals and of stages: sums of months until one are
-- what was open as it ended.  The median is that of the month alone.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('sales_months', 'sales', 739, 'mart', '{deals}', '{deal_stages}', 'period', '{period,dimension,value,currency}', $query$
SELECT e.period, v.dimension, v.value, e.currency, sum(e.step)::bigint AS opened_deals, coalesce(sum(e.step * e.amount) FILTER (WHERE e.step <> 0), 0) AS opened_amount, count(*) FILTER (WHERE e.step > 0) AS deals_created, coalesce(sum(e.amount) FILTER (WHERE e.step > 0), 0) AS created_amount,
	count(*) FILTER (WHERE e.outcome = 'won') AS won, count(*) FILTER (WHERE e.outcome = 'lost') AS lost, count(*) FILTER (WHERE e.outcome = 'no_decision') AS no_decision, count(*) FILTER (WHERE e.outcome = '') AS not_recorded,
	coalesce(sum(e.amount) FILTER (WHERE e.outcome = 'won'), 0) AS won_amount, coalesce(sum(e.amount) FILTER (WHERE e.outcome IN ('lost', 'no_decision')), 0) AS lost_amount, coalesce(sum(e.amount) FILTER (WHERE e.outcome = ''), 0) AS not_recorded_amount,
	count(e.cycle_seconds) FILTER (WHERE e.outcome = 'won') AS cycle_deals, avg(e.cycle_seconds) FILTER (WHERE e.outcome = 'won') AS mean_cycle_seconds,
	-- of an even number the mean of the two in the middle
	(percentile_disc(0.5) WITHIN GROUP (ORDER BY e.cycle_seconds) FILTER (WHERE e.outcome = 'won') + percentile_disc(0.5) WITHIN GROUP (ORDER BY e.cycle_seconds DESC) FILTER (WHERE e.outcome = 'won')) / 2 AS median_cycle_seconds,
	sum(e.stage_step)::bigint AS known_deals, coalesce(sum(e.stage_step) FILTER (WHERE e.win_probability IS NOT NULL), 0)::bigint AS weighted_deals, coalesce(sum(e.stage_step * e.amount * e.win_probability), 0) AS weighted_amount,
	coalesce(sum(e.stage_step) FILTER (WHERE e.qualified), 0)::bigint AS qualified_deals, min(e.created_day) AS first_created_day
FROM (
	SELECT f.created_period AS period, f.owner, f.team, f.segment, f.currency, f.amount, 1 AS step, NULL::text AS outcome, NULL::numeric AS cycle_seconds, 0 AS stage_step, NULL::numeric AS win_probability, NULL::boolean AS qualified, nudge.civil_date(f.created_at, {zone}) AS created_day
	FROM nudge_analytics.fact_deals f
	UNION ALL
	SELECT f.closed_period, f.owner, f.team, f.segment, f.currency, f.amount, -1, coalesce(f.outcome, ''), f.cycle_seconds, 0, NULL, NULL, NULL
	FROM nudge_analytics.fact_deals f WHERE f.closed_period IS NOT NULL
	UNION ALL
	SELECT s.from_period, s.owner, s.team, s.segment, s.currency, s.amount, 0, NULL, NULL, 1, g.win_probability, g.qualified, NULL
	FROM nudge_analytics.fact_deal_stages s JOIN nudge.sales_stages g ON g.stage = s.stage WHERE s.from_period IS NOT NULL
	UNION ALL
	SELECT s.until_period, s.owner, s.team, s.segment, s.currency, s.amount, 0, NULL, NULL, -1, g.win_probability, g.qualified, NULL
	FROM nudge_analytics.fact_deal_stages s JOIN nudge.sales_stages g ON g.stage = s.stage WHERE s.until_period IS NOT NULL
) e, LATERAL (VALUES ('all'::text, 'all'::text), ('owner', e.owner), ('team', e.team), ('segment', e.segment)) v(dimension, value)
GROUP BY e.period, v.dimension, v.value, e.currency$query$, NULL, '{"fact_deals": ["created_period", "closed_period"], "fact_deal_stages": ["from_period", "until_period"]}',
	'Deals that came to be and were closed by month, and the stages that open ones entered and left, in all and by a dimension: what sales_performance adds up. Grain: month of the zone of deploy() with any, dimension, value and currency',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "currency": "Currency of all amounts", "opened_deals": "Deals created less deals closed", "opened_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost, or closed without a decision", "not_recorded_amount": "Amount closed without an outcome",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_seconds": "Mean seconds from creation to close", "median_cycle_seconds": "Median of these", "known_deals": "Open deals that are in a stage of sales_stages, less those that are no more", "weighted_deals": "The same of stages with a probability", "weighted_amount": "Their amount times that probability",
	"qualified_deals": "The same of qualified stages", "first_created_day": "First day on which one of the deals was created; NULL if none was"}'),
-- a value that is there in any month has a row in each, and what is open runs on: few rows, so all of them
('sales_performance', 'sales', 740, 'metric', '{deals}', '{deal_stages,quotas}', 'period', '{period,dimension,value}', $query$
WITH span AS MATERIALIZED (
	-- of a month that has not begun nothing is known
	SELECT w.period, w.period_end, w.complete, CASE WHEN nudge.as_of() > w.start_at THEN 0 END AS zero
	FROM (SELECT min(m.first_created_day) AS day FROM nudge_analytics.sales_months m) b, LATERAL nudge.report_window(b.day, {zone}) r, LATERAL nudge.window_spans(r.start_day, r.end_day, 'month', {zone}, nudge.as_of()) w
), bound AS MATERIALIZED (
	SELECT min(s.period) AS start_day, max(s.period_end) AS end_day FROM span s HAVING count(*) > 0
), flow AS MATERIALIZED (
	-- what is open as the window begins comes in on the day before
	SELECT greatest(m.period, b.start_day - 1) AS period, m.dimension, m.value, m.currency, sum(m.opened_deals)::bigint AS opened_deals, sum(m.opened_amount) AS opened_amount, sum(m.deals_created)::bigint AS deals_created, sum(m.created_amount) AS created_amount,
		sum(m.won)::bigint AS won, sum(m.lost)::bigint AS lost, sum(m.no_decision)::bigint AS no_decision, sum(m.not_recorded)::bigint AS not_recorded, sum(m.won_amount) AS won_amount, sum(m.lost_amount) AS lost_amount, sum(m.not_recorded_amount) AS not_recorded_amount,
		sum(m.cycle_deals)::bigint AS cycle_deals, max(m.mean_cycle_seconds) AS mean_cycle_seconds, max(m.median_cycle_seconds) AS median_cycle_seconds, sum(m.known_deals)::bigint AS known_deals, sum(m.weighted_deals)::bigint AS weighted_deals, sum(m.weighted_amount) AS weighted_amount, sum(m.qualified_deals)::bigint AS qualified_deals
	FROM bound b, nudge_analytics.sales_months m
	GROUP BY greatest(m.period, b.start_day - 1), m.dimension, m.value, m.currency, b.start_day
	HAVING greatest(m.period, b.start_day - 1) >= b.start_day OR sum(m.opened_deals) <> 0
), target AS MATERIALIZED (
	SELECT q.period, CASE WHEN q.is_total THEN 'all' ELSE d.by END AS dimension, CASE WHEN q.is_total THEN 'all' ELSE q.value END AS value, q.quota, q.currency
	FROM bound b, (VALUES ('owner'::text), ('team')) d(by), LATERAL nudge.quota_periods({quotas$?}, 'nudge_analytics.fact_deals'::regclass, b.start_day, b.end_day, 'month', nudge.as_of(), d.by) q
	WHERE NOT q.is_total OR d.by = 'owner'
), one AS MATERIALIZED (
	SELECT nudge.single_currency(array_agg(DISTINCT c.currency)) AS currency FROM (SELECT f.currency FROM flow f UNION SELECT t.currency FROM target t) c
), cell AS (
	SELECT s.*, l.dimension, l.value
	FROM (SELECT s.period, s.complete, s.zero FROM span s UNION ALL SELECT b.start_day - 1, NULL, NULL FROM bound b) s
	CROSS JOIN (SELECT 'all'::text AS dimension, 'all'::text AS value UNION SELECT f.dimension, f.value FROM flow f UNION SELECT t.dimension, t.value FROM target t) l
), running AS (
	SELECT c.*, coalesce(f.opened_deals, 0) AS opened_deals, coalesce(f.opened_amount, 0) AS opened_amount, coalesce(f.deals_created, 0) + c.zero AS deals_created, coalesce(f.created_amount, 0) + c.zero AS created_amount,
		coalesce(f.won, 0) + c.zero AS won, coalesce(f.lost, 0) + c.zero AS lost, coalesce(f.no_decision, 0) + c.zero AS no_decision, coalesce(f.not_recorded, 0) + c.zero AS not_recorded,
		coalesce(f.won_amount, 0) + c.zero AS won_amount, coalesce(f.lost_amount, 0) + c.zero AS lost_amount, coalesce(f.not_recorded_amount, 0) + c.zero AS not_recorded_amount,
		coalesce(f.cycle_deals, 0) + c.zero AS cycle_deals, f.mean_cycle_seconds / 86400 AS mean_cycle_days, f.median_cycle_seconds / 86400 AS median_cycle_days,
		coalesce(sum(f.opened_deals) OVER upto, 0)::bigint + c.zero AS open_deals, coalesce(sum(f.opened_amount) OVER upto, 0) + c.zero AS open_amount, coalesce(sum(f.known_deals) OVER upto, 0)::bigint AS known_deals, coalesce(sum(f.weighted_deals) OVER upto, 0)::bigint AS weighted_deals,
		coalesce(sum(f.weighted_amount) OVER upto, 0) + c.zero AS weighted_amount, coalesce(sum(f.qualified_deals) OVER upto, 0)::bigint + c.zero AS qualified_deals
	FROM cell c LEFT JOIN flow f ON f.period = c.period AND f.dimension = c.dimension AND f.value IS NOT DISTINCT FROM c.value
	WINDOW upto AS (PARTITION BY c.dimension, c.value ORDER BY c.period)
)
SELECT r.period, r.dimension, r.value, r.open_deals - r.opened_deals AS opening_deals, r.open_amount - r.opened_amount AS opening_amount, r.deals_created, r.created_amount, d.decided + r.not_recorded AS deals_closed, r.won, r.lost, r.no_decision, r.not_recorded,
	r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, CASE WHEN r.open_deals > r.weighted_deals THEN NULL ELSE r.weighted_amount END AS weighted_amount,
	r.won_amount / nullif(r.won, 0) AS average_deal_size, r.won::numeric / nullif(d.decided, 0) AS win_rate, r.won_amount / nullif(r.won_amount + r.lost_amount, 0) AS win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days,
	-- deals x (won amount / won) x (won / decided) / days
	d.qualified_deals, d.qualified_deals * r.won_amount / nullif(d.decided * r.mean_cycle_days, 0) AS sales_velocity,
	t.quota, r.won_amount / nullif(t.quota, 0) AS quota_attainment, t.quota - coalesce(r.won_amount, 0) AS quota_remaining, one.currency, r.complete
FROM one, running r JOIN span s ON s.period = r.period LEFT JOIN target t ON t.period = r.period AND t.dimension = r.dimension AND t.value IS NOT DISTINCT FROM r.value,
	LATERAL (SELECT r.won + r.lost + r.no_decision AS decided, CASE WHEN r.open_deals > r.known_deals THEN NULL ELSE r.qualified_deals END AS qualified_deals) d$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', '{"sales_months": null, "quotas": null}',
	'Deals by month, in all and by a dimension: created, won and lost, win rate, cycle, velocity and quota. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome",
	"open_deals": "Open as the month ended, or now", "open_amount": "Their amount", "weighted_amount": "Amount times probability of its stage", "average_deal_size": "won_amount over won", "win_rate": "Fraction of decided deals that were won", "win_rate_by_amount": "Fraction of their amount that was won",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages", "sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment": "won_amount over quota",
	"quota_remaining": "Quota that is left", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
-- Time goes on in what is not over: up to the last full hour, so that an hour is computed once.
('platform_uptime', 'platform', 750, 'metric', '{incidents}', '{maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.total_minutes, r.maintenance_minutes, r.considered_minutes, r.downtime_minutes, r.uptime_share, r.outages, r.longest_outage_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.uptime('nudge_staging.incidents'::regclass, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Uptime by month, in all and by service, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all", "total_minutes": "Minutes of the month so far", "maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes",
	"downtime_minutes": "Minutes down, outside maintenance", "uptime_share": "Fraction of considered_minutes that was not down", "outages": "Stretches of downtime", "longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}'),
('incident_summary', 'platform', 755, 'metric', '{incidents}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, CASE WHEN r.all_severities THEN 'all' ELSE 'severity' END AS dimension, CASE WHEN r.all_severities THEN 'all' ELSE r.severity END AS value, r.incidents_started, r.incident_share, r.open_incidents, r.mttr_minutes, r.median_ttr_minutes, r.detected_incidents, r.mttd_minutes, r.detection_to_end_minutes,
	r.longest_minutes, r.total_minutes, r.incident_minutes, r.failures, r.mtbf_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.incident_report('nudge_staging.incidents'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) r$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Incidents by month, in all and by severity: how many, time to detect, to repair and between failures, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or severity", "value": "Severity; all for dimension all", "incidents_started": "Incidents that began", "incident_share": "Share of the incidents of the month, 0 to 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end", "median_ttr_minutes": "Median of these",
	"detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection", "detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far", "incident_minutes": "Minutes with an incident",
	"failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}'),
('platform_performance', 'platform', 760, 'metric', '{requests}', '{incidents,maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.request_count, r.mean_ms, r.p50_ms, r.p95_ms, r.p99_ms, r.highest_ms, r.requests_with_outcome, r.errors, r.error_rate,
	r.requests_per_second, r.peak_requests_per_second, u.considered_minutes, u.downtime_minutes, u.uptime_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.requests i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('endpoint', 'endpoint')) d(dimension, by),
	LATERAL nudge.latency_report('nudge_staging.requests'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.uptime({incidents?}, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) f WHERE d.by IS NULL AND {incidents?} IS NOT NULL) u
		ON u.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Latency, throughput and errors of requests by month, in all and by endpoint, and uptime in all, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or endpoint", "value": "Endpoint; all for dimension all, NULL if it is not known", "request_count": "Requests", "mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%",
	"highest_ms": "The longest", "requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome", "requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute",
	"considered_minutes": "Minutes of the month so far without maintenance; of dimension all, if incidents are mapped", "downtime_minutes": "Minutes down of these", "uptime_share": "Fraction of considered_minutes that was not down", "complete": "Whether the month is over"}'),
('engineering_delivery', 'engineering', 770, 'metric', '{deployments}', '{bugs,coverage_samples}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deployment_count, r.elapsed_days, r.deployment_days, r.deployments_per_day, r.deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours, r.mean_lead_time_hours, r.p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate, r.restored_deployments, r.unrestored_deployments, r.median_recovery_hours, r.mean_recovery_hours,
	g.opened AS bugs_opened, g.closed AS bugs_closed, g.closing AS open_bugs, g.median_days_to_close AS median_days_to_close_bugs, g.escape_known AS bug_escape_known, g.escaped AS bugs_escaped, g.escape_rate AS bug_escape_rate,
	c.coverage AS coverage_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.deployments i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.delivery_performance('nudge_staging.deployments'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.bug_report({bugs?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_severities AND d.by IS NULL AND {bugs?} IS NOT NULL) g ON g.period = r.period
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.code_coverage({coverage_samples?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_repositories AND d.by IS NULL AND {coverage_samples?} IS NOT NULL) c ON c.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deployments by month, in all and by service: frequency, lead time, failures and recovery; and bugs and coverage of code in all. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all, NULL if it is not known", "deployment_count": "Deployments", "elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days",
	"deployments_per_week": "Seven times that", "lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these", "p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm",
	"failed_deployments": "Those that did", "change_failure_rate": "failed_deployments over outcome_count", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not", "median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these",
	"bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed", "open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known", "coverage_share": "Share of code that tests cover, of dimension all", "complete": "Whether the month is over"}');

-- src/warehouse/marts_acquisition.sql

/*
 * marts_acquisition.sql
 *		Shipped materialisations about channels, costs, cash and competition.
 *
 * Rules: doc/marts_acquisition.md.
 */

-- From journeys of customers to credits of buckets, which are added up: credits
-- of rules are each conversion's own.  What paths say together is computed from
-- all of them.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_journeys', 'acquisition', 800, 'mart', '{touches,conversions}', 'customer', '{customer,currency}', $query$
SELECT g.customer, g.currency, nudge.bucket(g.customer, {buckets}) AS bucket, g.first_conversion_at, g.last_conversion_at, CASE WHEN g.currency IS NULL THEN g.state ELSE nudge.combine(g.state, g.touches) END AS state
FROM (
	-- touches are of no currency: they lead to conversions of any
	SELECT a.*, nudge.rollup(a.state) FILTER (WHERE a.currency IS NULL) OVER one AS touches, count(a.currency) OVER one AS currencies
	FROM (
		SELECT r.customer, r.currency, min(r.at) FILTER (WHERE r.currency IS NOT NULL) AS first_conversion_at, max(r.at) FILTER (WHERE r.currency IS NOT NULL) AS last_conversion_at, nudge.journey_agg(r.customer, r.at, r.channel, r.revenue) AS state
		FROM (SELECT c.customer, coalesce(upper(btrim(c.currency)), 'XXX') AS currency, c.at, NULL AS channel, c.revenue FROM {conversions$} c
			UNION ALL SELECT t.customer, NULL, t.at, btrim(t.channel), NULL FROM nudge_staging.touches t) r
		GROUP BY r.customer, r.currency
	) a
	WINDOW one AS (PARTITION BY a.customer)
) g
WHERE g.currency IS NOT NULL OR g.currencies = 0$query$, NULL, NULL,
	'Touches and conversions of each customer, by currency of the conversions: a state for functions such as attribution. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the conversions; NULL for customers without any", "bucket": "Hash bucket of the customer", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('journey_buckets', 'acquisition', 810, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency}', $query$
SELECT j.bucket, j.currency, count(*) AS customers, min(j.first_conversion_at) AS first_conversion_at, max(j.last_conversion_at) AS last_conversion_at, nudge.rollup(j.state) AS state
FROM nudge_analytics.customer_journeys j
GROUP BY j.bucket, j.currency$query$, NULL, NULL,
	'Touches and conversions of customers by hash bucket, by currency of the conversions. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the conversions; NULL for customers without any", "customers": "Customers with a touch or a conversion", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('attribution_buckets', 'acquisition', 820, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency,period,channel}', $query$
SELECT b.bucket, b.currency, m.period::date AS period, a.*
FROM nudge_analytics.journey_buckets b,
	LATERAL nudge.report_window(nudge.civil_date(b.first_conversion_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	-- what is dated in the days to come is not known
	LATERAL nudge.attribution_models(b.state, start_day => m.period::date, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(b.currency)) a$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, nudge.civil_date(b.last_conversion_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.journey_buckets b WHERE isfinite(b.last_conversion_at) UNION ALL SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''month'', {zone}) t', NULL,
	'Credits of channels under each model that follows rules, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and channel',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}'),
('attribution_paths', 'acquisition', 825, 'mart', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT m.period::date AS period, c.currency, a.model, a.channel, a.conversions, a.revenue
FROM (
	-- paths that do not convert are of no currency
	SELECT k.currency, min(b.first_conversion_at) AS first_at, nudge.rollup(b.state) AS state
	FROM (SELECT DISTINCT d.currency FROM nudge_analytics.journey_buckets d WHERE d.currency IS NOT NULL) k JOIN nudge_analytics.journey_buckets b ON b.currency = k.currency OR b.currency IS NULL
	GROUP BY k.currency
) c,
	LATERAL nudge.report_window(nudge.civil_date(c.first_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day, nudge.currency_minor_unit(c.currency) AS minor_unit) o,
	LATERAL (
		SELECT 'markov' AS model, x.channel, x.conversions, x.revenue FROM nudge.markov_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
		UNION ALL
		SELECT 'shapley', x.channel, x.conversions, x.revenue FROM nudge.shapley_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
	) a$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"journey_buckets": null}',
	'Credits of channels under the models that are fitted to all paths of a month. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited", "revenue": "Revenue credited"}'),
('channel_attribution', 'acquisition', 830, 'metric', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT c.period, c.currency, c.model, c.channel, c.conversions, c.revenue, sum(c.revenue) OVER one AS total_revenue, c.revenue / nullif(sum(c.revenue) OVER one, 0) AS revenue_share, c.assisted_conversions, c.assisted_revenue,
	(c.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (
	SELECT s.currency, s.period, v.model, s.channel, v.conversions, v.revenue, s.assisted_conversions, s.assisted_revenue
	FROM (
		SELECT b.currency, b.period, b.channel, sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
			sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
			sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
			sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
			sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
		FROM nudge_analytics.attribution_buckets b
		GROUP BY b.currency, b.period, b.channel
	) s, LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
		('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) v(model, conversions, revenue)
	UNION ALL
	SELECT p.currency, p.period, p.model, p.channel, p.conversions, p.revenue, NULL, NULL
	FROM nudge_analytics.attribution_paths p
) c
WINDOW one AS (PARTITION BY c.currency, c.period, c.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', NULL,
	'Conversions and revenue credited to channels, under each model of attribution, by the month of the conversion. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution: that of a rule, markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch; NULL of markov and shapley", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- Who is behind the credits: a conversion's are those of its customer alone, under
-- all models but those that are fitted to all paths.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns, indexes) VALUES
('customer_attribution', 'acquisition', 1221, 'mart', '{touches,conversions}', 'customer', '{customer,currency,period,channel}', $query$
SELECT j.customer, j.currency, m.period, a.*
FROM nudge_analytics.customer_journeys j,
	LATERAL (SELECT DISTINCT nudge.period_start(nudge.civil_date(r.at, {zone}), 'month') AS period FROM nudge.journey_rows(j.state) r
		WHERE r.revenue IS NOT NULL AND isfinite(r.at) AND nudge.civil_date(r.at, {zone}) <= nudge.civil_date(nudge.as_of(), {zone})) m,
	LATERAL nudge.attribution_models(j.state, start_day => m.period, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(j.currency)) a
WHERE j.currency IS NOT NULL$query$,
	'SELECT c.customer, nudge.civil_date(c.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.conversions c WHERE isfinite(c.at)',
	'Credits of channels for the conversions of each customer under each model that follows rules. Grain: customer, currency, month of the conversion and channel',
	'{"customer": "Customer", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}', '{(period)}');

-- By what the customers are now: models that are fitted to all paths have no parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('channel_attribution_by_dimension', 'acquisition', 1222, 'metric', '{touches,conversions,customers,subscriptions}', 'period', '{period,dimension,value,currency,model,channel}', $query$
SELECT m.period, v.dimension, v.value, s.currency, c.model, s.channel, c.conversions, c.revenue, sum(c.revenue) OVER one AS total_revenue, c.revenue / nullif(sum(c.revenue) OVER one, 0) AS revenue_share, s.assisted_conversions, s.assisted_revenue,
	(m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
-- month by month, so that some are computed alone
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) n,
	LATERAL (SELECT g::date AS period FROM generate_series(n.month - interval '35 months', n.month, interval '1 month') g) m,
	LATERAL (
		SELECT b.currency, b.channel, b.segment, b.industry, b.company_size, b.region, b.growth_tier, b.sales_channel, b.plan, b.product_mix, b.tenure, b.initial_contract_size,
			sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
			sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
			sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
			sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
			sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
		FROM (
			SELECT a.*, coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size
			FROM nudge_analytics.customer_attribution a LEFT JOIN nudge_analytics.customer_dimensions d ON d.customer = a.customer
			WHERE a.period = m.period
			-- sums of neighbours stay in the cache: five times as fast
			ORDER BY a.currency, a.channel
		) b
		GROUP BY b.currency, b.channel, GROUPING SETS ((b.segment), (b.industry), (b.company_size), (b.region), (b.growth_tier), (b.sales_channel), (b.plan), (b.product_mix), (b.tenure), (b.initial_contract_size))
	) s,
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure, s.initial_contract_size]) v(dimension, value),
	LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
	('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) c(model, conversions, revenue)
-- labels are never NULL: one that is there is what is grouped by
WHERE v.value IS NOT NULL
WINDOW one AS (PARTITION BY m.period, v.dimension, v.value, s.currency, c.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'{"customer_dimensions": {"column": "customer", "query": "SELECT a.customer, a.period FROM nudge_analytics.customer_attribution a"}}',
	'Conversions and revenue credited to channels, under each model of attribution that follows rules, by the month of the conversion and value of a dimension of the customers now. Grain: month of the zone of deploy(), dimension, value, currency, model and channel',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution that follows rules", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- What channels cost and earn comes from marts with the month in which it counts:
-- a change leads to that alone.  Of what is dated in the days to come these have
-- the day, or a clock.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns, scopes) VALUES
('acquisition_currencies', 'acquisition', 831, 'mart', '{touches,conversions}', '{spend,deals}', 'source', '{source,currency}', $query$
SELECT k.source, k.currency, nudge.period_start(min(k.first_day) FILTER (WHERE isfinite(k.first_day)), 'month') AS first_period
FROM (
	SELECT 'conversions' AS source, b.currency, nudge.civil_date(b.first_conversion_at, {zone}) AS first_day FROM nudge_analytics.journey_buckets b WHERE b.currency IS NOT NULL
	UNION ALL
	SELECT 'spend', upper(btrim(i.currency)), i.day FROM {spend$*} i
	UNION ALL
	SELECT 'deals', upper(btrim(d.currency)), nudge.civil_date(d.created_at, {zone}) FROM {deals$*} d
) k
GROUP BY k.source, k.currency$query$, NULL, NULL,
	'Currencies of conversions, spend and deals, and their first month: reports that add up several channels, campaigns or partners are in one. Grain: source and currency',
	'{"source": "conversions, spend or deals", "currency": "Currency; NULL if rows have none", "first_period": "First day of the month of the first row"}', NULL),
('channel_costs', 'acquisition', 832, 'mart', '{spend,touches,conversions}', '{budgets}', 'period', '{period,channel,campaign,currency}', $query$
SELECT r.period, r.channel, r.campaign, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('spend', r.bad) THEN r.amount END AS amount, r.impressions, r.clicks, r.shown_clicks, r.clicked_impressions, r.clicked_amount, r.planned_amount
FROM (
	SELECT p.period, p.channel, p.campaign, p.currency, sum(p.amount) AS amount, sum(p.impressions)::bigint AS impressions, sum(p.clicks)::bigint AS clicks,
		sum(p.clicks) FILTER (WHERE p.impressions IS NOT NULL)::bigint AS shown_clicks, sum(p.impressions) FILTER (WHERE p.clicks IS NOT NULL)::bigint AS clicked_impressions, sum(p.amount) FILTER (WHERE p.clicks IS NOT NULL) AS clicked_amount,
		sum(p.planned_amount) AS planned_amount, sum(p.bad)::bigint AS bad
	FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
		-- a row of no day may be of any
		(SELECT count(*) AS rows FROM nudge_staging.spend u WHERE u.day IS NULL) u,
		LATERAL nudge.report_windows((n.today - interval '3 years')::date, {zone}, 36) w,
		LATERAL (SELECT least(w.end_day, n.today + 1) AS end_day) o,
		LATERAL (
			SELECT nudge.period_start(i.day, 'month') AS period, btrim(i.channel) AS channel, i.campaign, upper(btrim(i.currency)) AS currency, i.amount, i.impressions, i.clicks, NULL::numeric AS planned_amount,
				u.rows + (NOT coalesce(abs(i.amount) < 'Infinity', false))::integer AS bad
			FROM {spend$} i WHERE i.day >= w.start_day AND i.day < o.end_day
			UNION ALL
			SELECT b.period, b.channel, NULL, upper(btrim(b.currency)), NULL, NULL, NULL, b.amount, 0
			FROM nudge.channel_budget_lines({budgets$?}, w.start_day, o.end_day, 'customer_acquisition/marketing/paid_advertising') b
		) p
	GROUP BY p.period, p.channel, p.campaign, p.currency
) r$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t', NULL,
	'What was spent on channels and campaigns, what that has shown, and what was planned, of the present month and the 35 before. Grain: month of the zone of deploy(), channel, campaign and currency',
	'{"period": "First day of the month", "channel": "Channel", "campaign": "Campaign; NULL if none, and of plans", "currency": "Currency of the amounts", "amount": "What was spent; NULL if there is but a plan", "impressions": "Times it was shown", "clicks": "Clicks it brought", "shown_clicks": "Clicks of rows that have impressions",
	"clicked_impressions": "Impressions of rows that have clicks", "clicked_amount": "Amount of rows that have clicks", "planned_amount": "Budget of the channel; NULL if there is none"}', NULL),
('lead_origins', 'acquisition', 833, 'mart', '{leads}', '{}', 'lead', '{lead}', $query$
SELECT o.lead, nudge.period_start(d.day, 'month') AS period, d.day, o.source, o.campaign, o.converted
FROM nudge.lead_origins({leads@}) o, LATERAL (SELECT CASE WHEN isfinite(o.at) THEN nudge.civil_date(o.at, {zone}) END AS day) d$query$, NULL, NULL,
	'Where leads come from. Grain: lead; days are those of the zone of deploy()',
	'{"lead": "Lead", "period": "First day of the month in which it came", "day": "Day on which it came", "source": "First source it names", "campaign": "First campaign it names", "converted": "Whether it has become a customer"}',
	jsonb_build_object('leads', 'SELECT i.* FROM nudge_staging.leads i WHERE i.lead = ANY (nudge.batch_keys(''SELECT unnest($1)''))')),
-- Who was met is known by one of three columns, and each change by all of them.
('visitor_touches', 'acquisition', 834, 'mart', '{touches}', '{}', 'visitor', '{visitor,anonymous_id,user,period,channel,campaign}', $query$
SELECT v.visitor, v.anonymous_id, v."user", v.customer, v.period, v.channel, v.campaign, min(v.day) AS first_day
FROM (
	SELECT coalesce(t.anonymous_id, t."user", t.customer) AS visitor, t.anonymous_id, CASE WHEN t.anonymous_id IS NULL THEN t."user" END AS "user", CASE WHEN t.anonymous_id IS NULL AND t."user" IS NULL THEN t.customer END AS customer,
		nudge.period_start(d.day, 'month') AS period, btrim(t.channel) AS channel, t.campaign, d.day
	FROM nudge_staging.touches t, LATERAL (SELECT nudge.civil_date(t.at, {zone}) AS day) d
	WHERE isfinite(t.at)
) v
GROUP BY v.visitor, v.anonymous_id, v."user", v.customer, v.period, v.channel, v.campaign$query$, NULL, '{"touches": ["anonymous_id", "user", "customer"]}',
	'Who was met by month on which channel: distinct visitors are counted here. Grain: visitor, month of the zone of deploy(), channel and campaign',
	'{"visitor": "The anonymous_id if it is known, else the user, else the customer; contacts with nobody are left out", "anonymous_id": "Visitor, if that is who it is", "user": "User, if that is who it is", "customer": "Customer, if that is who it is", "period": "First day of the month", "channel": "Channel of the contacts", "campaign": "Campaign; NULL if none", "first_day": "Day of the first of them"}', NULL),
('channel_credit_buckets', 'acquisition', 835, 'mart', '{spend,touches,conversions}', '{}', 'bucket', '{bucket,currency,period,channel}', $query$
SELECT b.bucket, b.currency, nudge.period_start(nudge.civil_date(a.conversion_at, {zone}), 'month') AS period, a.channel,
	-- a customer is new once, but goes on to bring revenue
	coalesce(sum(a.weight) FILTER (WHERE a.conversion = 1), 0) AS new_customers, sum(a.credit) AS revenue
FROM nudge_analytics.journey_buckets b,
	LATERAL nudge.attribution_credits(b.state, 'linear', end_day => nudge.civil_date(nudge.as_of(), {zone}) + 1, zone => {zone}) a
WHERE b.currency IS NOT NULL
GROUP BY b.bucket, b.currency, nudge.period_start(nudge.civil_date(a.conversion_at, {zone}), 'month'), a.channel$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, nudge.civil_date(b.last_conversion_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.journey_buckets b WHERE isfinite(b.last_conversion_at)', NULL,
	'New customers and revenue credited to channels under the linear model, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and channel',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch", "new_customers": "First conversions credited to it", "revenue": "Revenue credited to it"}', NULL);

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('channel_performance', 'acquisition', 840, 'metric', '{spend,touches,conversions}', '{leads,budgets}', 'period', '{period,channel}', $query$
SELECT r.period, r.name AS channel, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.click_through_rate, r.cost_per_click, r.cost_per_lead, r.visitor_to_lead_rate, r.lead_to_customer_rate, r.click_to_customer_rate,
	r.cac, r.roas, r.roi, r.cost_share, r.planned_cost, r.planned_share, p.currency, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.first_period) AS first_period FROM nudge_analytics.acquisition_currencies k WHERE k.source IN ('conversions', 'spend')) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.first_period, {zone}, 36) w,
	LATERAL (
		SELECT nudge.single_currency(array_agg(DISTINCT p.currency) FILTER (WHERE p.is_amount), c.currency) AS currency,
			array_agg((p.period, p.name, p.cost, p.impressions, p.clicks, p.shown_clicks, p.clicked_impressions, p.clicked_cost, p.visitors, CASE WHEN {leads!} THEN p.new_leads END, p.new_customers, p.revenue, p.planned_cost, NULL)::nudge.acquisition_part) AS parts
		FROM (
			SELECT k.period, k.channel AS name, k.currency, true AS is_amount, coalesce(k.amount, 0) AS cost, k.impressions, k.clicks, k.shown_clicks, k.clicked_impressions, k.clicked_amount AS clicked_cost, 0::bigint AS visitors, 0::bigint AS new_leads, 0::numeric AS new_customers, 0::numeric AS revenue, k.planned_amount AS planned_cost
			FROM nudge_analytics.channel_costs k WHERE k.period >= w.start_day AND k.period < w.end_day
			UNION ALL
			SELECT v.period, v.channel, NULL, false, 0, NULL, NULL, NULL, NULL, NULL, count(*), 0, 0, 0, NULL
			FROM (SELECT DISTINCT t.period, t.channel, t.visitor, t.anonymous_id, t."user" FROM nudge_analytics.visitor_touches t WHERE t.period >= w.start_day AND t.period < w.end_day AND t.first_day <= n.today) v
			GROUP BY v.period, v.channel
			UNION ALL
			SELECT l.period, btrim(l.source), NULL, false, 0, NULL, NULL, NULL, NULL, NULL, 0, count(*), 0, 0, NULL
			FROM {nudge_analytics.lead_origins*} l WHERE l.period >= w.start_day AND l.period < w.end_day AND l.day <= n.today
			GROUP BY l.period, btrim(l.source)
			UNION ALL
			SELECT s.period, s.channel, NULL, false, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, round(s.new_customers, greatest(min_scale(s.new_customers), 2)), round(s.revenue, greatest(min_scale(s.revenue), 2)), NULL
			FROM (SELECT b.period, b.channel, sum(b.new_customers) AS new_customers, sum(b.revenue) AS revenue FROM nudge_analytics.channel_credit_buckets b WHERE b.period >= w.start_day AND b.period < w.end_day GROUP BY b.period, b.channel) s
		) p
	) p,
	LATERAL nudge.acquisition_totals(p.parts, p.currency) r$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What each channel cost, brought and earned by month, under the linear model of attribution. Grain: month of the zone of deploy() and channel',
	'{"period": "First day of the month", "channel": "Channel; NULL is what no channel has earned", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it",
	"new_customers": "First conversions credited to it", "revenue": "Revenue credited to it", "click_through_rate": "Clicks over impressions", "cost_per_click": "Cost over clicks", "cost_per_lead": "Cost over leads", "visitor_to_lead_rate": "Leads over visitors", "lead_to_customer_rate": "New customers over leads",
	"click_to_customer_rate": "New customers over clicks", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "cost_share": "Share in the cost of all channels", "planned_cost": "Cost planned", "planned_share": "Share in the cost planned",
	"currency": "Currency of all amounts", "complete": "Whether the month is over"}');

-- Reports over whole inputs: any change of an input is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('cost_structure', 'finance', 850, 'metric', '{costs}', '{budgets}', 'period', '{period,category}', $query$
SELECT r.period, r.category, r.depth, r.actual, r.fixed_actual, r.variable_actual, r.own_actual, r.actual / nullif(t.actual, 0) AS cost_share, r.budget, r.own_budget, r.variance, r.variance_rate, r.outcome, r.over_threshold, r.currency_code AS currency, r.complete
FROM (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM nudge_staging.costs i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL (SELECT v.*, max(v.actual) FILTER (WHERE v.depth = 0) OVER (PARTITION BY v.period) AS total FROM nudge.budget_variance('{costs$}'::regclass, {budgets$?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) v) r,
	LATERAL (SELECT r.total AS actual) t$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs by month and category, with all categories below it: fixed, variable, share, and against the budget. Grain: month and category; the category of all is empty',
	'{"period": "First day of the month", "category": "Path of the category; empty for all costs", "depth": "How deep the category is; 0 is all costs", "actual": "Costs of the category and those below it", "fixed_actual": "Those that are fixed", "variable_actual": "Those that grow with volume",
	"own_actual": "Costs of the category itself", "cost_share": "actual over all costs of the month", "budget": "Budget of the category and those below it", "own_budget": "Budget of the category itself", "variance": "actual less budget", "variance_rate": "variance over budget",
	"outcome": "Whether costs are over, under or at the budget", "over_threshold": "Whether they are away from it by more than 10%", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('burn_and_runway', 'finance', 860, 'metric', '{costs,cash,subscriptions}', '{payments,charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.receipts, r.gross_burn, r.net_burn, r.mean_net_burn, r.cash_day, r.cash_balance, r.runway_months, r.profitable, r.net_new_arr, r.burn_multiple, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT upper(btrim(i.currency)) AS currency, min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i GROUP BY upper(btrim(i.currency))
			UNION ALL SELECT DISTINCT b.currency, NULL::date FROM nudge_analytics.mrr_item_buckets b) k) c,
	(SELECT nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) m,
	LATERAL nudge.report_window(c.day, {zone}) w,
	LATERAL nudge.burn(m.state, '{costs$}'::regclass, w.start_day, w.end_day, '{cash$}'::regclass, {payments$?}, {charges$?}, {usage?}, {zone}, nudge.as_of(), c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Cash that is burnt by month, and for how many months it lasts. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "receipts": "Cash received: payments if they are mapped, else revenue", "gross_burn": "Costs", "net_burn": "Costs less receipts", "mean_net_burn": "Mean of the last three months that are over", "cash_day": "Last day with a balance", "cash_balance": "Cash on that day",
	"runway_months": "cash_balance over mean_net_burn; NULL if nothing is burnt", "profitable": "Whether nothing is burnt", "net_new_arr": "Growth of ARR in the month", "burn_multiple": "net_burn over net_new_arr; NULL if that is not above 0", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('competitive', 'market', 870, 'metric', '{competitor_facts}', '{}', 'period', '{period,channel,all_channels,competitor}', $query$
SELECT r.period, r.channel, r.all_channels, r.competitor, r.voice AS mentions, r.total_voice AS total_mentions, r.share AS mention_share, r.share_change AS mention_share_change, r.recorded_share, r.recorded_share_change,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.competitor_facts i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.share_of_voice('nudge_staging.competitor_facts'::regclass, w.start_day, w.end_day, 'month', {zone}) r$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Share of voice of competitors by month, in all and by channel. Grain: month of the zone of deploy(), channel and competitor',
	'{"period": "First day of the month", "channel": "Channel; NULL if it is not known, or of all", "all_channels": "Whether the row is of all channels together", "competitor": "Competitor, or oneself", "mentions": "Mentions", "total_mentions": "Mentions of all", "mention_share": "mentions over total_mentions",
	"mention_share_change": "Change against the month before", "recorded_share": "Share of voice as it was recorded", "recorded_share_change": "Change of that against the month before", "complete": "Whether the month is over"}'),
('competitive_wins', 'market', 875, 'metric', '{deals}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded, r.win_rate, r.rate_low, r.rate_high, r.win_rate_change, r.p_value,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.closed_at) FILTER (WHERE isfinite(i.closed_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('competitor', 'competitor')) d(dimension, by),
	LATERAL nudge.win_rates('nudge_staging.deals'::regclass, w.start_day, w.end_day, d.by, 'month', {zone}) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Deals won and lost by the month of their close, in all and by competitor. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month of the close", "dimension": "all or competitor", "value": "Competitor; all for dimension all, NULL if there was none", "deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome",
	"win_rate": "Fraction of closed deals with an outcome that were won", "rate_low": "Lower end of its 95% interval", "rate_high": "Upper end of its 95% interval", "win_rate_change": "Change against the month before", "p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}');

-- src/warehouse/marts_facts.sql

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

-- src/warehouse/marts_success.sql

/*
 * marts_success.sql
 *		Shipped materialisations about what becomes of customers and what is spent
 *		on them: customer success, streams of revenue, costs by customer, and what
 *		campaigns, content, partners and sales activities bring.
 *
 * Rules: doc/marts_success.md.
 */

-- What is known of accounts is what is known as a month closes, or yesterday.  A
-- customer is in one bucket and one segment, so that months are sums: one in which
-- no sum has changed is not computed.  Where a bucket has no price at all, accounts
-- are customers that exist, which counts if no bucket has one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, scopes, description, columns) VALUES
('account_customers', 'customers', 985, 'mart', '{account_facts,customers,subscriptions}', '{}', 'customer', '{customer}', $query$
SELECT a.customer, nudge.bucket(a.customer, {buckets}) AS bucket, nudge.civil_date(min(a.valid_from) FILTER (WHERE isfinite(a.valid_from)), {zone}) AS first_day
FROM (SELECT c.customer, NULL::timestamptz AS valid_from FROM nudge_staging.customers c
	UNION ALL SELECT f.customer, NULL FROM nudge_staging.account_facts f
	UNION ALL SELECT s.customer, s.valid_from FROM nudge_staging.subscriptions s) a
GROUP BY a.customer$query$, NULL, NULL, NULL,
	'Who is named as a customer, in whatever input on accounts: where their sums are. Grain: customer',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "first_day": "Day of its first price, recurring or not, in the zone of deploy(); NULL without one"}'),
('account_share_buckets', 'customers', 986, 'mart', '{account_facts,customers,subscriptions}', '{contracts}', 'bucket', '{bucket,period,segment,metric}', $query$
SELECT r.bucket, nudge.period_start(r.as_of, 'month') AS period, r.segment, r.metric, r.numerator, r.denominator, r.recorded, c.currency, c.first_day, nudge.period_start(r.as_of + 1, 'month') > r.as_of AS complete
FROM (SELECT array_agg(nudge.as_mrr_state(b.state)) AS states, array_agg(b.bucket) AS buckets, array_agg(DISTINCT b.currency) AS currencies FROM nudge_analytics.mrr_item_buckets b WHERE b.bucket = ANY (nudge.batch_buckets({buckets})) OFFSET 0) s,
	(SELECT array_agg(b.state) AS states, array_agg(DISTINCT b.currency) AS currencies FROM nudge_analytics.mrr_buckets b WHERE b.bucket = ANY (nudge.batch_buckets({buckets})) OFFSET 0) p,
	LATERAL nudge.account_share_sums(s.states, s.buckets, CASE WHEN p.currencies <> s.currencies THEN p.states END, {account_facts@}, nudge.month_closes({zone}), {customers@}, {contracts@}, {zone}, {buckets}) r
	LEFT JOIN (SELECT a.bucket, min(a.first_day) AS first_day, min(m.currency) AS currency
		FROM nudge_analytics.account_customers a
		LEFT JOIN (SELECT b.bucket, nudge.single_currency(array_agg(b.currency)) AS currency FROM nudge_analytics.mrr_item_buckets b GROUP BY b.bucket) m ON m.bucket = a.bucket
		WHERE a.bucket = ANY (nudge.batch_buckets({buckets})) GROUP BY a.bucket) c ON c.bucket = r.bucket$query$,
	-- by key, so that a bucket that cannot be computed does not hold up the others
	'SELECT b, t FROM generate_series(0, {buckets} - 1) b, nudge.period_ticks(''day'', {zone}) t',
	(SELECT jsonb_object_agg(i, '{"column": "customer", "query": "SELECT a.customer, a.bucket FROM nudge_analytics.account_customers a"}'::jsonb) FROM unnest('{account_facts,customers,contracts}'::text[]) i),
	(SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT a.customer FROM nudge_analytics.account_customers a WHERE a.bucket = ANY ($1::integer[])''))', i)) FROM unnest('{account_facts,customers,contracts}'::text[]) i),
	'What customers add to account_success, by hash bucket and segment now. Grain: bucket, month of the zone of deploy(), segment and metric',
	'{"bucket": "Hash bucket of customers", "period": "First day of the month", "segment": "Segment of the customers now; NULL for those without", "metric": "Which share; NULL in a row that only says that there are the month and the segment", "numerator": "What is divided", "denominator": "By what it is divided, as if somebody had recorded the fact",
	"recorded": "Whether the fact behind it is recorded of anybody in the bucket; only where segment is NULL", "currency": "Currency of the MRR of the bucket; NULL if it has never had a recurring price: accounts are then customers that exist", "first_day": "Day of the first price in the bucket, recurring or not; NULL without one", "complete": "Whether the month is over"}'),
('value_realization_buckets', 'customers', 987, 'mart', '{account_facts,customers,subscriptions}', '{usage}', 'bucket', '{bucket,period,segment}', $query$
SELECT r.bucket, nudge.period_start(r.as_of, 'month') AS period, r.segment, r.all_customers, r.scored_customers, r.realized_customers, r.total_score, r.indexed_customers, r.total_index, r.named, c.currency, c.first_day, nudge.period_start(r.as_of + 1, 'month') > r.as_of AS complete
FROM (SELECT array_agg(nudge.as_mrr_state(b.state)) AS states, array_agg(b.bucket) AS buckets FROM nudge_analytics.mrr_item_buckets b WHERE b.bucket = ANY (nudge.batch_buckets({buckets})) OFFSET 0) s,
	LATERAL nudge.value_realization_sums(s.states, s.buckets, {account_facts@}, nudge.month_closes({zone}), {customers@}, {usage@}, {zone}, {buckets}) r
	LEFT JOIN (SELECT a.bucket, min(a.first_day) AS first_day, min(m.currency) AS currency
		FROM nudge_analytics.account_customers a
		LEFT JOIN (SELECT b.bucket, nudge.single_currency(array_agg(b.currency)) AS currency FROM nudge_analytics.mrr_item_buckets b GROUP BY b.bucket) m ON m.bucket = a.bucket
		WHERE a.bucket = ANY (nudge.batch_buckets({buckets})) GROUP BY a.bucket) c ON c.bucket = r.bucket$query$,
	-- by key, so that a bucket that cannot be computed does not hold up the others
	'SELECT b, t FROM generate_series(0, {buckets} - 1) b, nudge.period_ticks(''day'', {zone}) t',
	(SELECT jsonb_object_agg(i, '{"column": "customer", "query": "SELECT a.customer, a.bucket FROM nudge_analytics.account_customers a"}'::jsonb) FROM unnest('{account_facts,customers,usage}'::text[]) i),
	(SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT a.customer FROM nudge_analytics.account_customers a WHERE a.bucket = ANY ($1::integer[])''))', i)) FROM unnest('{account_facts,customers,usage}'::text[]) i),
	'What customers add to value_realization, by hash bucket and segment now. Grain: bucket, month of the zone of deploy() and segment',
	'{"bucket": "Hash bucket of customers", "period": "First day of the month", "segment": "Segment of the customers now; NULL for those without", "all_customers": "Customers", "scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met", "total_score": "Sum of the shares of criteria met",
	"indexed_customers": "Those of them with usage", "total_index": "Sum of their scores joined with usage", "named": "Whether a customer has the segment, and not only one that is blank", "currency": "Currency of the MRR of the bucket; NULL if it has never had a recurring price: customers are then those that exist", "first_day": "Day of the first price in the bucket, recurring or not; NULL without one", "complete": "Whether the month is over"}'),
('account_success', 'customers', 1000, 'metric', '{account_facts,customers,subscriptions}', '{contracts}', 'period', '{period,dimension,value,metric}', $query$
SELECT p.period, CASE WHEN r.is_total THEN 'all' ELSE 'segment' END AS dimension, CASE WHEN r.is_total THEN 'all' ELSE r.segment END AS value, r.metric, r.numerator, r.denominator, r.numerator / nullif(r.denominator, 0) AS result, t.complete
FROM (SELECT DISTINCT b.period FROM nudge_analytics.account_share_buckets b) p,
	LATERAL (SELECT nudge.single_currency(array_agg(DISTINCT b.currency) FILTER (WHERE b.currency IS NOT NULL)) AS currency, min(b.first_day) AS first_day, bool_and(b.complete) AS complete FROM nudge_analytics.account_share_buckets b WHERE b.period = p.period AND b.metric IS NULL) t,
	LATERAL (
		WITH part AS MATERIALIZED (
			SELECT b.metric, b.segment, grouping(b.segment) = 1 AS is_total, sum(b.numerator) AS numerator, sum(b.denominator) AS denominator,
				sum(b.numerator) FILTER (WHERE b.currency IS NOT NULL) AS paid_numerator, sum(b.denominator) FILTER (WHERE b.currency IS NOT NULL) AS paid_denominator, bool_or(b.recorded) AS recorded
			FROM nudge_analytics.account_share_buckets b WHERE b.period = p.period GROUP BY b.metric, GROUPING SETS ((b.segment), ())
		)
		SELECT d.is_total, d.segment, m.metric, coalesce(CASE WHEN k.paid THEN v.paid_numerator ELSE v.numerator END, 0) AS numerator,
			-- a fact that nobody records says nothing about anybody, and of what there is to contribute to all have a part
			coalesce(CASE WHEN nudge.counts_all_accounts(m.counts) AND NOT a.recorded THEN 0 WHEN m.metric = 'revenue_contribution' THEN a.denominator WHEN k.paid THEN v.paid_denominator ELSE v.denominator END, 0) AS denominator
		FROM part d CROSS JOIN nudge.account_share_metrics() m CROSS JOIN LATERAL (SELECT t.currency IS NOT NULL AND m.counts <> 'contracts' AS paid) k
		LEFT JOIN part v ON v.metric = m.metric AND v.is_total = d.is_total AND v.segment IS NOT DISTINCT FROM d.segment
		LEFT JOIN part a ON a.metric = m.metric AND a.is_total
		WHERE d.metric IS NULL AND (d.is_total OR d.segment IS NOT NULL)
	) r
WHERE p.period >= nudge.period_start(t.first_day, 'month') OR NOT t.complete AND t.first_day IS NOT NULL$query$, NULL, NULL, NULL,
	'What is known of accounts as each month closes, of the present one and the 12 before, in all and by segment now: shares of customers, contracts and plans, with numerator and denominator. Grain: month of the zone of deploy(), dimension, value and metric',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "metric": "Which share: account_share_metrics() says what each is", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"result": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}'),
('value_realization', 'customers', 1001, 'metric', '{account_facts,customers,subscriptions}', '{usage}', 'period', '{period,dimension,value}', $query$
SELECT p.period, CASE WHEN r.is_total THEN 'all' ELSE 'segment' END AS dimension, CASE WHEN r.is_total THEN 'all' ELSE r.segment END AS value, r.all_customers, r.scored_customers, r.realized_customers,
	r.realized_customers::numeric / nullif(r.scored_customers, 0) AS realization_rate, r.total_score / nullif(r.scored_customers, 0) AS mean_score, r.total_index / nullif(r.indexed_customers, 0) AS mean_index, t.complete
FROM (SELECT DISTINCT b.period FROM nudge_analytics.value_realization_buckets b) p,
	LATERAL (SELECT nudge.single_currency(array_agg(DISTINCT b.currency) FILTER (WHERE b.currency IS NOT NULL)) AS currency, min(b.first_day) AS first_day, bool_and(b.complete) AS complete FROM nudge_analytics.value_realization_buckets b WHERE b.period = p.period) t,
	LATERAL (
		SELECT b.segment, grouping(b.segment) = 1 AS is_total, coalesce(sum(b.all_customers) FILTER (WHERE k.counts), 0)::bigint AS all_customers, coalesce(sum(b.scored_customers) FILTER (WHERE k.counts), 0)::bigint AS scored_customers,
			coalesce(sum(b.realized_customers) FILTER (WHERE k.counts), 0)::bigint AS realized_customers, sum(b.total_score) FILTER (WHERE k.counts) AS total_score, coalesce(sum(b.indexed_customers) FILTER (WHERE k.counts), 0)::bigint AS indexed_customers, sum(b.total_index) FILTER (WHERE k.counts) AS total_index, bool_or(b.named) AS named
		FROM nudge_analytics.value_realization_buckets b, LATERAL (SELECT b.currency IS NOT NULL OR t.currency IS NULL AS counts) k
		WHERE b.period = p.period GROUP BY GROUPING SETS ((b.segment), ())
	) r
WHERE (r.is_total OR r.named) AND (p.period >= nudge.period_start(t.first_day, 'month') OR NOT t.complete AND t.first_day IS NOT NULL)$query$, NULL, NULL, NULL,
	'How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before, in all and by segment now. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "all_customers": "Customers", "scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"realization_rate": "realized_customers over scored_customers, a fraction", "mean_score": "Mean share of criteria met, of those with criteria", "mean_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}');

-- Reports over whole inputs: any change of an input is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('risk_adjusted_retention', 'customers', 1002, 'metric', '{scores,subscriptions}', '{}', 'period', '{period,band}', $query$
SELECT m.period::date AS period, CASE WHEN r.is_total THEN 'all' ELSE coalesce(r.band, '(none)') END AS band, r.customers, r.mrr, r.known_mrr, r.retained_mrr, r.risk_adjusted_retention AS risk_adjusted_retention_rate, r.coverage AS coverage_rate, r.basis, s.currency,
	k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.scores i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	LATERAL nudge.risk_adjusted_retention(s.state, 'nudge_staging.scores'::regclass, k.closes_on, zone => {zone}) r
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'How much of the MRR is to be expected in 12 months, by the band of health of customers, as each month closes, of the present one and the 12 before. Grain: month of the zone of deploy() and band',
	'{"period": "First day of the month", "band": "red, yellow or green, (none) without a score, all for all customers: do not add it to the others", "customers": "Customers with MRR", "mrr": "Their MRR", "known_mrr": "MRR of those for whom a retention is known: the denominator", "retained_mrr": "MRR times the retention to expect",
	"risk_adjusted_retention_rate": "retained_mrr over known_mrr, a fraction", "coverage_rate": "known_mrr over mrr, a fraction", "basis": "What the retention to expect comes from", "currency": "Currency of the amounts", "complete": "Whether the month is over"}'),
('intervention_results', 'customers', 1003, 'metric', '{interventions,scores}', '{}', 'period', '{period}', $query$
SELECT r.period, r.interventions_made, r.not_at_risk, r.not_scored, r.not_due, r.counted, r.succeeded, r.success_rate, o.month_over, o.month_over AND coalesce(r.not_due, 0) = 0 AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.interventions i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.intervention_success('nudge_staging.interventions'::regclass, 'nudge_staging.scores'::regclass, w.start_day, w.end_day, 'month', zone => {zone}, as_of => nudge.as_of()) r,
	LATERAL (SELECT (r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS month_over) o
WHERE r.is_total$query$,
	'SELECT nudge.as_of()',
	'Interventions at customers at risk by the month in which they were made, and how many were healthy again within 90 days. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "interventions_made": "Interventions", "not_at_risk": "Those at customers that were not at risk", "not_scored": "Those at customers without a score", "not_due": "Those whose 90 days are not over and that have not succeeded yet", "counted": "Those that are counted: the denominator",
	"succeeded": "Those of them after which the customer was healthy again", "success_rate": "succeeded over counted, a fraction", "month_over": "Whether the month is over", "complete": "Whether the month is over, and the 90 days of all"}');

-- Streams of revenue and costs by customer, in one currency as burn_and_runway.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_by_stream', 'finance', 1010, 'metric', '{charges,subscriptions}', '{usage,plans}', 'period', '{period,stream}', $query$
SELECT r.period, r.stream, sum(r.amount) AS amount, min(r.currency_code) AS currency, bool_and(r.complete) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.revenue_streams(s.state, w.start_day, w.end_day, '{charges$}'::regclass, {usage?}, {plans?}, 'month', {zone}, nudge.as_of(), s.currency) r
GROUP BY r.period, r.stream$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Revenue by month and stream: of subscriptions, of usage, of services. Grain: month of the zone of deploy() and stream',
	'{"period": "First day of the month", "stream": "Stream of revenue", "amount": "Revenue of the month", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('costs_per_customer', 'finance', 1011, 'metric', '{costs,subscriptions}', '{charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.customers, r.revenue, r.total_cost, r.delivery_cost_per_customer, r.total_cost_per_customer, r.delivery_cost_ratio AS delivery_cost_rate, r.support_cost_ratio AS support_cost_rate, r.sales_and_marketing_ratio AS sales_and_marketing_rate, r.research_and_development_ratio AS research_and_development_rate,
	r.general_and_administrative_ratio AS general_and_administrative_rate, r.sales_efficiency, r.marketing_efficiency, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.unit_costs(s.state, '{costs$}'::regclass, w.start_day, w.end_day, {charges$?}, {usage?}, 'month', {zone}, nudge.as_of(), s.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs per customer and as shares of revenue, and revenue over what is spent on sales and marketing, by month. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "customers": "Customers as the month closes; NULL if it is not over, as all below", "revenue": "Revenue", "total_cost": "Costs", "delivery_cost_per_customer": "Cost of revenue over customers", "total_cost_per_customer": "total_cost over customers", "delivery_cost_rate": "Cost of revenue over revenue, a fraction",
	"support_cost_rate": "Cost of support over revenue, a fraction", "sales_and_marketing_rate": "Cost of sales and marketing over revenue, a fraction", "research_and_development_rate": "Cost of research and development over revenue, a fraction", "general_and_administrative_rate": "Cost of administration over revenue, a fraction",
	"sales_efficiency": "Revenue over the cost of sales", "marketing_efficiency": "Revenue over the cost of marketing", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('growth_efficiency', 'finance', 1012, 'metric', '{costs,subscriptions}', '{charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.revenue, r.previous_revenue, r.sales_and_marketing, r.previous_sales_and_marketing, r.magic_number, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.magic_number(s.state, '{costs$}'::regclass, w.start_day, w.end_day, {charges$?}, {usage?}, {zone}, nudge.as_of(), s.currency, {fiscal_year_start}) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Growth of revenue against what was spent on sales and marketing in the quarter before: the magic number. Grain: fiscal quarter of the zone of deploy()',
	'{"period": "First day of the quarter", "revenue": "Revenue", "previous_revenue": "Revenue of the quarter before", "sales_and_marketing": "Cost of sales and marketing", "previous_sales_and_marketing": "That of the quarter before", "magic_number": "Four times the growth of revenue over previous_sales_and_marketing; NULL if the quarter is not over",
	"currency": "Currency of all amounts", "complete": "Whether the quarter is over"}');

-- As channel_performance, from the same marts; the channels of the paths are campaigns.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('campaign_credit_buckets', 'acquisition', 1015, 'mart', '{campaigns,spend,touches,conversions}', 'bucket', '{bucket,currency,period,campaign}', $query$
SELECT b.bucket, b.currency, nudge.period_start(nudge.civil_date(a.conversion_at, {zone}), 'month') AS period, a.channel AS campaign, coalesce(sum(a.weight) FILTER (WHERE a.conversion = 1), 0) AS new_customers, sum(a.credit) AS revenue
FROM (
	SELECT p.bucket, p.currency, nudge.journey_agg(p.customer, p.at, p.campaign, p.revenue) AS state
	FROM (
		SELECT j.bucket, j.currency, j.customer, t.at, t.campaign, NULL::numeric AS revenue
		FROM nudge_analytics.customer_journeys j JOIN nudge_staging.touches t ON t.customer = j.customer WHERE j.currency IS NOT NULL AND t.campaign IS NOT NULL
		UNION ALL
		SELECT j.bucket, j.currency, j.customer, c.at, NULL, c.revenue
		FROM nudge_analytics.customer_journeys j JOIN {conversions$} c ON c.customer = j.customer AND coalesce(upper(btrim(c.currency)), 'XXX') = j.currency
	) p
	GROUP BY p.bucket, p.currency
) b
	-- whose last conversion the clock goes by
	JOIN nudge_analytics.journey_buckets k ON k.bucket = b.bucket AND k.currency = b.currency,
	LATERAL nudge.attribution_credits(b.state, 'linear', end_day => nudge.civil_date(nudge.as_of(), {zone}) + 1, zone => {zone}) a
GROUP BY b.bucket, b.currency, nudge.period_start(nudge.civil_date(a.conversion_at, {zone}), 'month'), a.channel$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, nudge.civil_date(b.last_conversion_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.journey_buckets b WHERE isfinite(b.last_conversion_at)',
	'{"touches": {"column": "customer", "query": "SELECT j.customer, j.bucket FROM nudge_analytics.customer_journeys j"}, "conversions": {"column": "customer", "query": "SELECT j.customer, j.bucket FROM nudge_analytics.customer_journeys j"}}',
	'New customers and revenue credited to campaigns under the linear model, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and campaign',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "campaign": "Campaign; NULL is conversions without a touch of one", "new_customers": "First conversions credited to it", "revenue": "Revenue credited to it"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('campaign_performance', 'acquisition', 1020, 'metric', '{campaigns,spend,touches,conversions}', '{leads}', 'period', '{period,campaign}', $query$
SELECT r.period, r.name AS campaign, g.channel, g.kind AS campaign_kind, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.cac, r.roas, r.roi, p.currency, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.first_period) AS first_period FROM nudge_analytics.acquisition_currencies k WHERE k.source IN ('conversions', 'spend')) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.first_period, {zone}, 36) w,
	LATERAL (
		SELECT nudge.single_currency(array_agg(DISTINCT p.currency) FILTER (WHERE p.is_amount), c.currency) AS currency,
			array_agg((p.period, p.name, p.cost, p.impressions, p.clicks, NULL, NULL, NULL, p.visitors, CASE WHEN {leads!} THEN p.new_leads END, p.new_customers, p.revenue, NULL, NULL)::nudge.acquisition_part) AS parts
		FROM (
			SELECT k.period, k.campaign AS name, k.currency, true AS is_amount, k.amount AS cost, k.impressions, k.clicks, 0::bigint AS visitors, 0::bigint AS new_leads, 0::numeric AS new_customers, 0::numeric AS revenue
			-- plans are those of channels
			FROM nudge_analytics.channel_costs k WHERE k.period >= w.start_day AND k.period < w.end_day AND k.amount IS NOT NULL
			UNION ALL
			SELECT m.month::date, g.campaign, NULL, false, 0, NULL, NULL, 0, 0, 0, 0
			FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month),
				LATERAL nudge.campaign_plans('nudge_staging.campaigns'::regclass, m.month::date, least((m.month + interval '1 month')::date, n.today + 1), {zone}) g
			WHERE g.runs
			UNION ALL
			SELECT v.period, v.campaign, NULL, false, 0, NULL, NULL, count(*), 0, 0, 0
			FROM (SELECT DISTINCT t.period, t.campaign, t.visitor, t.anonymous_id, t."user" FROM nudge_analytics.visitor_touches t WHERE t.period >= w.start_day AND t.period < w.end_day AND t.first_day <= n.today) v
			GROUP BY v.period, v.campaign
			UNION ALL
			SELECT l.period, l.campaign, NULL, false, 0, NULL, NULL, 0, count(*), 0, 0
			FROM {nudge_analytics.lead_origins*} l WHERE l.period >= w.start_day AND l.period < w.end_day AND l.day <= n.today
			GROUP BY l.period, l.campaign
			UNION ALL
			SELECT s.period, s.campaign, NULL, false, 0, NULL, NULL, 0, 0, round(s.new_customers, greatest(min_scale(s.new_customers), 2)), round(s.revenue, greatest(min_scale(s.revenue), 2))
			FROM (SELECT b.period, b.campaign, sum(b.new_customers) AS new_customers, sum(b.revenue) AS revenue FROM nudge_analytics.campaign_credit_buckets b WHERE b.period >= w.start_day AND b.period < w.end_day GROUP BY b.period, b.campaign) s
		) p
	) p,
	LATERAL nudge.acquisition_totals(p.parts, p.currency) r
	LEFT JOIN nudge.campaign_plans('nudge_staging.campaigns'::regclass, w.start_day, w.end_day, {zone}) g ON g.campaign = r.name$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What each campaign cost, brought and earned by month, under the linear model of attribution over touches of campaigns. Grain: month of the zone of deploy() and campaign',
	'{"period": "First day of the month", "campaign": "Campaign; NULL is what no campaign has earned", "channel": "Channel of the campaign", "campaign_kind": "Kind of the campaign", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it", "new_customers": "First conversions credited to it",
	"revenue": "Revenue credited to it", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

-- Content is a short list: any change of it is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('content_performance', 'acquisition', 1021, 'metric', '{content,leads}', '{touches}', 'period', '{period,type}', $query$
SELECT r.period, r.type, r.published, r.visitors, r.new_leads, r.customers, r.content_to_lead_rate, r.lead_to_customer_rate, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.civil_date(min(i.published_at) FILTER (WHERE isfinite(i.published_at)), {zone}) AS day, array_agg(DISTINCT i.type) FILTER (WHERE i.type IS NOT NULL) AS types FROM nudge_staging.content i) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.day, {zone}, 36) w,
	LATERAL (
		SELECT array_agg((p.period, p.type, p.published, CASE WHEN {touches!} THEN p.visitors END, p.new_leads, p.customers)::nudge.content_part) AS parts
		FROM (
			SELECT m.month::date AS period, k.type, 0 AS published, 0::bigint AS visitors, 0::bigint AS new_leads, 0::bigint AS customers
			FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month), unnest(c.types) k(type)
			UNION ALL
			SELECT nudge.period_start(d.day, 'month'), i.type, 1, 0, 0, 0
			FROM nudge_staging.content i, LATERAL (SELECT nudge.civil_date(i.published_at, {zone}) AS day) d
			WHERE d.day >= w.start_day AND d.day < w.end_day AND d.day <= n.today
			UNION ALL
			SELECT v.period, v.type, 0, count(*), 0, 0
			FROM (SELECT DISTINCT t.period, i.type, t.visitor, t.anonymous_id, t."user" FROM {nudge_analytics.visitor_touches*} t JOIN nudge_staging.content i ON i.content = t.campaign
				WHERE t.period >= w.start_day AND t.period < w.end_day AND t.first_day <= n.today) v
			GROUP BY v.period, v.type
			UNION ALL
			-- by the piece that a lead names, else by the type
			SELECT l.period, coalesce(i.type, k.type), 0, 0, count(*), count(*) FILTER (WHERE l.converted)
			FROM nudge_analytics.lead_origins l
			LEFT JOIN (SELECT q.content, min(q.type) AS type FROM nudge_staging.content q GROUP BY q.content) i ON i.content = l.campaign
			LEFT JOIN unnest(c.types) k(type) ON k.type = l.source
			WHERE l.period >= w.start_day AND l.period < w.end_day AND l.day <= n.today
			GROUP BY l.period, coalesce(i.type, k.type)
		) p
		WHERE p.type IS NOT NULL
	) p,
	LATERAL nudge.content_totals(p.parts) r$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What was published by month and type, and the visitors, leads and customers that it brought. Grain: month of the zone of deploy() and type',
	'{"period": "First day of the month", "type": "Type of content", "published": "Pieces published in the month", "visitors": "Distinct visitors of its touches; NULL if they are not mapped", "new_leads": "Leads that came from it", "customers": "Those of them that became customers", "content_to_lead_rate": "new_leads over visitors, a fraction",
	"lead_to_customer_rate": "customers over new_leads, a fraction", "complete": "Whether the month is over"}');

-- What partners bring is known of each customer alone, and of a deal of which the
-- customer is not known, and which may be called as a customer is.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns, scopes) VALUES
('partner_items', 'acquisition', 1016, 'mart', '{touches,conversions,deals}', 'entity', '{entity,customer,period,measure,currency,partner}', $query$
SELECT i.entity, i.customer, i.period, i.measure, i.currency, p.partner, count(*) FILTER (WHERE p.is_item) AS items, sum(i.amount) FILTER (WHERE p.is_item) AS amount,
	count(*) FILTER (WHERE p.is_sourced) AS sourced_items, coalesce(sum(i.amount) FILTER (WHERE p.is_sourced), 0) AS sourced_amount, count(*) FILTER (WHERE p.is_influenced) AS influenced_items, coalesce(sum(i.amount) FILTER (WHERE p.is_influenced), 0) AS influenced_amount
FROM (
	SELECT coalesce(x.customer, x.deal) AS entity, x.customer, x.period, x.measure, upper(btrim(x.currency_code)) AS currency, coalesce(x.amount, 0) AS amount, x.sourced_by, x.influenced_by
	FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
		LATERAL (
			SELECT array_agg(m.month::date) AS start_days, array_agg(least((m.month + interval '1 month')::date, n.today + 1)) AS end_days
			FROM nudge.report_window((n.today - interval '3 years')::date, {zone}, 36) w, generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month)
		) s,
		LATERAL nudge.partner_items_by_period({touches@}, {conversions$@}, {deals$@}, s.start_days, s.end_days, zone => {zone}, with_segments => false) x
) i,
	LATERAL (
		SELECT NULL::text AS partner, true AS is_item, i.sourced_by IS NOT NULL AS is_sourced, i.influenced_by <> '{}' AS is_influenced
		UNION ALL
		SELECT b.partner, false, b.partner = i.sourced_by, true FROM unnest(i.influenced_by) b(partner)
	) p
GROUP BY i.entity, i.customer, i.period, i.measure, i.currency, p.partner$query$,
	$clock$SELECT c.customer, nudge.civil_date(c.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.conversions c WHERE isfinite(c.at)
UNION ALL
SELECT coalesce(d.customer, d.deal), nudge.civil_date(d.created_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.deals d WHERE isfinite(d.created_at)
UNION ALL
SELECT coalesce(d.customer, d.deal), nudge.civil_date(d.closed_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.deals d WHERE isfinite(d.closed_at)
UNION ALL
SELECT t.customer, nudge.civil_date(t.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.touches t WHERE btrim(t.partner) <> '' AND isfinite(t.at)
UNION ALL
-- what is open has the rate of now
SELECT coalesce(d.customer, d.deal), x.day::timestamp AT TIME ZONE {zone} FROM {exchange_rates*} x JOIN nudge_staging.deals d ON upper(btrim(d.currency)) = upper(btrim(x.currency)) WHERE {base} IS NOT NULL AND isfinite(x.day) AND isfinite(d.closed_at) IS NOT TRUE
UNION ALL
-- as a month begins, deals that are open have it, and nothing has that which leaves the window
SELECT i.entity, s.at
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') AS month OFFSET 0) n,
	LATERAL (
		SELECT m.month AT TIME ZONE {zone} AS at, (m.month - interval '36 months') AT TIME ZONE {zone} AS leaves_from, (m.month - interval '35 months') AT TIME ZONE {zone} AS leaves_until
		FROM generate_series(n.month::timestamp - interval '72 months', n.month::timestamp, interval '1 month') m(month)
	) s
	JOIN (
		SELECT c.customer AS entity, c.at AS from_at, c.at AS until_at, false AS is_deal FROM nudge_staging.conversions c
		UNION ALL
		SELECT coalesce(d.customer, d.deal), d.created_at, coalesce(d.closed_at, 'infinity'), true FROM nudge_staging.deals d
	) i ON i.is_deal AND i.from_at < s.at AND i.until_at >= s.at OR i.from_at < s.leaves_until AND i.until_at >= s.leaves_from$clock$,
	'{"touches": "customer", "conversions": "customer", "deals": ["customer", "deal"]}',
	'What partners have sourced and influenced of each customer by month, of the present one and the 35 before. Grain: customer, or deal of which it is not known, month of the zone of deploy(), measure, currency and partner',
	'{"entity": "Customer, or the deal if its customer is not known", "customer": "Customer; NULL if it is not known", "period": "First day of the month: of the conversion, of the close of a deal that was won, or in which a deal was open at the end", "measure": "revenue, won_deal, open_deal or new_customer", "currency": "Currency of the amounts; NULL of new customers", "partner": "Partner; NULL for all there was, with partners or without",
	"items": "Conversions, deals or customers; 0 of a partner", "amount": "Their amount; NULL of a partner", "sourced_items": "Those that were sourced", "sourced_amount": "Their amount", "influenced_items": "Those that were influenced, what was sourced with it", "influenced_amount": "Their amount"}',
	jsonb_build_object('touches', 'SELECT i.* FROM nudge_staging.touches i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))',
		'conversions', 'SELECT i.* FROM {conversions$} i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))',
		'deals', 'SELECT i.* FROM {deals$} i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)'')) UNION ALL SELECT i.* FROM {deals$} i WHERE i.customer IS NULL AND i.deal = ANY (nudge.batch_keys(''SELECT unnest($1)''))'));

-- Partners are a short list: any change of it is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('partner_results', 'acquisition', 1022, 'metric', '{partners,touches,conversions,deals}', '{spend}', 'period', '{period,partner,measure}', $query$
SELECT r.period, CASE WHEN r.all_partners THEN 'all' ELSE r.partner END AS partner, r.measure, r.sourced_value, r.influenced_value, r.total_value, r.sourced_share AS sourced_rate, r.influenced_share AS influenced_rate, a.active_partners,
	CASE WHEN r.measure IN ('revenue', 'won_amount', 'pipeline') THEN p.currency END AS currency, (r.period + interval '1 month')::date <= n.today AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.first_period) AS first_period FROM nudge_analytics.acquisition_currencies k WHERE k.source IN ('conversions', 'deals')) c,
	(SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) n,
	LATERAL nudge.report_windows(c.first_period, {zone}, 36) w,
	LATERAL (SELECT array_agg(m.month::date) AS periods FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(month)) s,
	LATERAL (
		SELECT nudge.single_currency(array_agg(DISTINCT k.currency) FILTER (WHERE k.measure <> 'new_customer'), c.currency) AS currency,
			array_agg((k.period, k.partner, k.partner IS NULL, NULL, true, k.measure, k.items, k.amount, k.sourced_items, k.sourced_amount, k.influenced_items, k.influenced_amount)::nudge.partner_part) AS parts
		FROM (
			SELECT i.period, i.partner, i.measure, i.currency, sum(i.items)::bigint AS items, sum(i.amount) AS amount, sum(i.sourced_items)::bigint AS sourced_items, sum(i.sourced_amount) AS sourced_amount, sum(i.influenced_items)::bigint AS influenced_items, sum(i.influenced_amount) AS influenced_amount
			FROM nudge_analytics.partner_items i WHERE i.period >= w.start_day AND i.period < w.end_day
			GROUP BY i.period, i.partner, i.measure, i.currency
		) k
	) p,
	LATERAL nudge.partner_totals(p.parts, s.periods) r
	LEFT JOIN LATERAL (
		SELECT m.period, t.active_partners FROM unnest(s.periods) m(period), LATERAL nudge.partner_count('nudge_staging.partners'::regclass, least((m.period + interval '1 month')::date - 1, n.today), {zone}) t WHERE t.is_total
	) a ON r.all_partners AND a.period = r.period$query$,
	'SELECT t.period, t.at FROM nudge.report_ticks({zone}, 36) t',
	'What partners have sourced and influenced by month, in all and by partner. Grain: month of the zone of deploy(), partner and measure',
	'{"period": "First day of the month", "partner": "Partner; all for all of them: do not add it to the others", "measure": "revenue, won_deals, won_amount, open_deals, pipeline or new_customers", "sourced_value": "What partners brought", "influenced_value": "What they took part in, what they brought with it", "total_value": "All there was, with partners or without", "sourced_rate": "sourced_value over total_value, a fraction",
	"influenced_rate": "influenced_value over total_value, a fraction", "active_partners": "Partners as the month closes, or now; of partner all", "currency": "Currency of amounts; NULL for counts", "complete": "Whether the month is over"}');

-- What was done for deals is added up for the months in which that has changed; the rest is read
-- as it is.  A value and a kind that are there in any month have a row in each.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('sales_activity_months', 'sales', 728, 'mart', '{activities,deals}', 'period', '{period,dimension,value,kind}', $query$
SELECT a.period, v.dimension, v.value, a.kind, sum(a.activities)::bigint AS activities_done
FROM nudge_analytics.fact_activities a, LATERAL (VALUES ('all'::text, 'all'::text), ('owner', a.owner), ('team', a.team), ('segment', a.segment)) v(dimension, value)
GROUP BY a.period, v.dimension, v.value, a.kind$query$, NULL, NULL,
	'Activities for deals by month and kind, in all and by a dimension: what sales_activity adds up. Grain: month of the zone of deploy() with any, dimension, value and kind',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "kind": "Kind of activity", "activities_done": "Activities for deals"}'),
('sales_activity', 'sales', 1030, 'metric', '{activities,deals}', 'period', '{period,dimension,value,kind}', $query$
WITH loose AS MATERIALIZED (
	SELECT nudge.period_start(nudge.civil_date(i.at, {zone}), 'month') AS period, i.owner, lower(btrim(i.kind)) AS kind, count(*) AS activities, nudge.check_input('activities', count(*) FILTER (WHERE NOT coalesce(isfinite(i.at), false))) AS checked
	FROM nudge_staging.activities i
	WHERE i.deal IS NULL AND (i.at < nudge.as_of() OR i.at IS NULL)
	GROUP BY 1, 2, 3
), span AS MATERIALIZED (
	-- of a month that has not begun nothing is known
	SELECT w.period, w.complete, CASE WHEN nudge.as_of() > w.start_at THEN 0 END AS zero
	FROM (SELECT least((SELECT min(m.period) FROM nudge_analytics.sales_activity_months m), (SELECT min(l.period) FROM loose l)) AS day) b, LATERAL nudge.report_window(b.day, {zone}) r, LATERAL nudge.window_spans(r.start_day, r.end_day, 'month', {zone}, nudge.as_of()) w
), done AS MATERIALIZED (
	SELECT m.period, m.dimension, m.value, m.kind, grouping(m.kind) = 1 AS all_kinds, sum(m.activities_done)::bigint AS activities_done
	FROM span s JOIN (
		SELECT m.period, m.dimension, m.value, m.kind, m.activities_done FROM nudge_analytics.sales_activity_months m
		UNION ALL
		SELECT l.period, v.dimension, v.value, l.kind, l.activities FROM loose l, LATERAL (VALUES ('all'::text, 'all'::text), ('owner', l.owner), ('team', NULL), ('segment', NULL)) v(dimension, value) WHERE l.checked
	) m ON m.period = s.period
	GROUP BY GROUPING SETS ((m.period, m.dimension, m.value, m.kind), (m.period, m.dimension, m.value))
), closed AS MATERIALIZED (
	SELECT m.period, m.dimension, m.value, sum(m.won)::bigint AS won FROM span s JOIN nudge_analytics.sales_months m ON m.period = s.period WHERE m.won > 0 GROUP BY m.period, m.dimension, m.value
)
SELECT s.period, l.dimension, l.value, CASE WHEN k.all_kinds THEN 'all' ELSE k.kind END AS kind, v.activities_done, v.won AS deals_won, v.activities_done / nullif(v.won, 0)::numeric AS activities_per_deal_won, s.complete
FROM span s
CROSS JOIN (SELECT 'all'::text AS dimension, 'all'::text AS value UNION SELECT d.dimension, d.value FROM done d UNION SELECT c.dimension, c.value FROM closed c) l
CROSS JOIN (SELECT NULL AS kind, true AS all_kinds UNION SELECT d.kind, d.all_kinds FROM done d) k
LEFT JOIN done d ON d.period = s.period AND d.dimension = l.dimension AND d.all_kinds = k.all_kinds AND d.value IS NOT DISTINCT FROM l.value AND d.kind IS NOT DISTINCT FROM k.kind
LEFT JOIN closed c ON c.period = s.period AND c.dimension = l.dimension AND c.value IS NOT DISTINCT FROM l.value,
	LATERAL (SELECT coalesce(d.activities_done, 0) + s.zero AS activities_done, coalesce(c.won, 0) + s.zero AS won) v$query$,
	$clock$SELECT t FROM nudge.period_ticks('month', {zone}) t
UNION ALL SELECT i.at + interval '1 microsecond' FROM nudge_staging.activities i WHERE i.deal IS NULL$clock$, '{"sales_activity_months": null, "sales_months": null}',
	'Activities of sales by month and kind, in all and by a dimension, beside the deals won. Grain: month of the zone of deploy(), dimension, value and kind',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "kind": "Kind of activity; all for all kinds: do not add it to the others", "activities_done": "Activities", "deals_won": "Deals won in the month",
	"activities_per_deal_won": "activities_done over deals_won", "complete": "Whether the month is over"}');

-- What was promised, and in which hours.
CREATE TRIGGER note_promises AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nudge.sla_targets
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('support_ticket_months');

COMMENT ON TRIGGER note_promises ON nudge.sla_targets IS 'Targets of tickets are looked at anew';

CREATE TRIGGER note_promises AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nudge.working_calendars
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('support_ticket_months');

COMMENT ON TRIGGER note_promises ON nudge.working_calendars IS 'Targets of tickets are looked at anew';

CREATE TRIGGER note_promises AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nudge.working_hours
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('support_ticket_months');

COMMENT ON TRIGGER note_promises ON nudge.working_hours IS 'Targets of tickets are looked at anew';

CREATE TRIGGER note_promises AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nudge.holidays
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('support_ticket_months');

COMMENT ON TRIGGER note_promises ON nudge.holidays IS 'Targets of tickets are looked at anew';

CREATE TRIGGER note_stages AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON nudge.sales_stages
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('fact_deal_stages', 'sales_months', 'sales_pipeline');

COMMENT ON TRIGGER note_stages ON nudge.sales_stages IS 'What counts deals by stage is computed anew';

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('funnel_user_states', 'usage', 880, 'mart', '{events}', 'user', '{user,funnel}', $query$
SELECT e."user", d.funnel, nudge.bucket(e."user", {buckets}) AS bucket, nudge.funnel_agg(e."user", e.at, e.name, d.steps) AS state
FROM (SELECT f.funnel, nudge.funnel_steps(f.funnel) AS steps FROM (SELECT DISTINCT s.funnel FROM nudge.funnel_definitions s) f WHERE (nudge.funnel_problem(f.funnel)).has_states OFFSET 0) d
	JOIN nudge_staging.events e ON e.name = ANY (d.steps)
WHERE e."user" IS NOT NULL
GROUP BY e."user", d.funnel$query$, NULL, NULL,
	'What each user did of the steps of each funnel of nudge.funnel_definitions: a state for functions such as funnel_report. Grain: user and funnel',
	'{"user": "User", "funnel": "Funnel", "bucket": "Hash bucket of the user", "state": "Steps and friction events, as funnel_state"}'),
('funnel_buckets', 'usage', 881, 'mart', '{events}', 'bucket', '{bucket,funnel}', $query$
SELECT u.bucket, u.funnel, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.funnel_user_states u GROUP BY u.bucket, u.funnel$query$, NULL, NULL,
	'What users did of the steps of each funnel, by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket and funnel',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel', 'usage', 882, 'metric', '{events}', 'funnel', '{funnel,period,step}', $query$
SELECT f.funnel, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.target_volume, r.target_rate, r.people::numeric / nullif(r.previous_people, 0) - r.target_rate AS target_rate_gap, r.complete
FROM (SELECT b.funnel, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_buckets b GROUP BY b.funnel HAVING (nudge.funnel_problem(b.funnel)).problem IS NULL) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r
UNION ALL
-- one that was defined by a version that let it: an error of its key, once its columns are asked for
SELECT i.funnel, CASE WHEN nudge.check_funnel(i.funnel) THEN NULL::date END, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT d.funnel FROM nudge.funnel_definitions d GROUP BY d.funnel) i WHERE (nudge.funnel_problem(i.funnel)).problem IS NOT NULL$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_buckets b', NULL,
	'How many people came to each step of each funnel of nudge.funnel_definitions, by the month in which they first entered. Grain: funnel, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "period": "First day of the month in which people first entered: each counts in one month", "step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further",
	"previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered", "step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people",
	"open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here", "target_volume": "How many people should come to the step, as it is defined", "target_rate": "What step_rate should be, as it is defined",
	"target_rate_gap": "step_rate less target_rate", "complete": "Whether the month is over; people that entered in it may still come further"}'),

-- A user has the dimensions of now, those of the account included.  Buckets are
-- of users: those of dim_customers are of customers, and no keys.
('funnel_dimension_buckets', 'usage', 883, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,funnel,dimension,value}', $query$
SELECT s.bucket, s.funnel, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.funnel_user_states s
	LEFT JOIN nudge_analytics.dim_users u ON u."user" = s."user"
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = u.customer,
	LATERAL (VALUES ('plan'::text, u.plan), ('role', u.role), ('segment', c.segment), ('industry', c.industry), ('company_size', c.company_size), ('region', c.region), ('growth_tier', c.growth_tier), ('sales_channel', c.sales_channel)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, '{"dim_customers": {"column": "customer", "query": "SELECT u.customer, u.bucket FROM nudge_analytics.dim_users u"}}',
	'What users did of the steps of each funnel, by hash bucket and value of a dimension now. Grain: bucket, funnel, dimension and value',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account", "value": "Value now; (none) for those without", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel_by_dimension', 'usage', 884, 'metric', '{events,users,customers,subscriptions}', 'funnel', '{funnel,dimension,value,period,step}', $query$
SELECT f.funnel, f.dimension, f.value, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.complete
FROM (SELECT b.funnel, b.dimension, b.value, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_dimension_buckets b
		WHERE b.funnel = ANY (ARRAY(SELECT d.funnel FROM (SELECT DISTINCT d.funnel FROM nudge.funnel_definitions d) d WHERE (nudge.funnel_problem(d.funnel)).problem IS NULL)) GROUP BY b.funnel, b.dimension, b.value) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_dimension_buckets b', NULL,
	'How many people came to each step of each funnel, by the month in which they first entered and a dimension of theirs now. Grain: funnel, dimension, value, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account: each has all people, do not add them", "value": "Value now; (none) for those without", "period": "First day of the month in which people first entered: each counts in one month",
	"step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further", "previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered",
	"step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people", "open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here",
	"complete": "Whether the month is over; people that entered in it may still come further"}');

-- A late event may join two sessions: those of a user are found anew.  Totals
-- are of days that are over; a session is of the day on which it begins.  The
-- key is the month, of which days are a part.  Months without a session follow
-- the first one with any, so that a change is one of its month and those after it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('fact_sessions', 'usage', 890, 'mart', '{events}', 'user', '{user,started_at}', $query$
SELECT u."user", s.started_at, s.ended_at, d.day, nudge.period_start(d.day, 'month') AS month, s.events, extract(epoch FROM s.ended_at - s.started_at) AS duration_seconds, s.entry_event, s.exit_event, s.bounced
FROM (SELECT e."user", nudge.sequence_agg(e."user", e.at, e.name) AS state FROM nudge_staging.events e WHERE e."user" IS NOT NULL GROUP BY e."user") u,
	LATERAL nudge.sessions(u.state, '30 minutes') s,
	LATERAL (SELECT nudge.civil_date(s.started_at, {zone}) AS day) d$query$, NULL, NULL,
	'Sessions of users: events without a pause of more than 30 minutes. Grain: user and instant at which the session begins',
	'{"user": "User", "started_at": "First event", "ended_at": "Last event", "day": "Day of the first event, in the zone of deploy()", "month": "First day of its month", "events": "Events", "duration_seconds": "Time from the first event to the last", "entry_event": "Name of the first event",
	"exit_event": "Name of the last event", "bounced": "Whether it has one event only"}'),
('session_metrics', 'usage', 891, 'metric', '{events}', 'month', '{month,grain,period}', $query$
SELECT m.month, r.*
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	LATERAL (SELECT min(f.month) AS month FROM nudge_analytics.fact_sessions f WHERE f.month <= t.today) b,
	LATERAL nudge.report_window(b.month, {zone}) w,
	LATERAL (SELECT g::date AS month FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') g) m,
	LATERAL (
		SELECT p.grain, p.period, coalesce(a.sessions, 0) AS sessions, coalesce(a.users, 0) AS users, coalesce(a.events, 0) AS events, coalesce(a.bounces, 0) AS bounces, coalesce(a.returning_users, 0) AS returning_users, coalesce(a.seconds, 0) AS duration_seconds,
			a.sessions::numeric / a.users AS sessions_per_user, a.bounces::numeric / a.sessions AS bounce_rate, a.events::numeric / a.sessions AS events_per_session, a.returning_users::numeric / a.users AS return_rate,
			a.seconds / a.sessions AS mean_duration_seconds, q.median AS median_duration_seconds, p.grain = 'day' OR (m.month + interval '1 month')::date <= t.today AS complete
		FROM (
			SELECT 'day'::text AS grain, d::date AS period FROM generate_series(m.month::timestamp, m.month + interval '1 month - 1 day', interval '1 day') d
			UNION ALL SELECT 'month', m.month
		) p
		LEFT JOIN (
			SELECT n.grain, n.period, sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS seconds
			FROM (
				SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
				WHERE f.month = m.month AND f.day < t.today
				GROUP BY 1, 2, f."user"
			) n
			GROUP BY n.grain, n.period
		) a ON a.grain = p.grain AND a.period = p.period
		LEFT JOIN (
			SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, percentile_cont(0.5) WITHIN GROUP (ORDER BY f.duration_seconds::double precision) AS median
			FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
			WHERE f.month = m.month AND f.day < t.today
			GROUP BY 1, 2
		) q ON q.grain = p.grain AND q.period = p.period
		WHERE p.period < t.today
	) r$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"fact_sessions": {"column": "month", "query": "SELECT a::date, b::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') a, LATERAL generate_series(a, (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') b"}}',
	'Sessions by day and by month, of the days that are over. Grain: grain and period of the zone of deploy()',
	'{"month": "First day of the month that the period is in", "grain": "day or month: do not add both", "period": "First day of the period", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more",
	"duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction", "mean_duration_seconds": "duration_seconds over sessions",
	"median_duration_seconds": "Median duration of a session", "complete": "Whether the period is over"}');

-- src/warehouse/marts_usage_dimensions.sql

/*
 * marts_usage_dimensions.sql
 *		Shipped materialisations about what users do, by what they and their
 *		accounts are, or were; and how many of those who sign up are activated.
 *
 * Rules: doc/marts_usage.md.
 */

-- What users are segmented by, once for all that counts them.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_dimensions', 'usage', 1100, 'mart', '{users,customers,subscriptions}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.bucket, u.signed_up_at, CASE WHEN isfinite(u.signed_up_day) THEN nudge.period_start(u.signed_up_day, 'month') END AS signed_up_month, u.internal,
	coalesce(c.segment, '(none)') AS segment, coalesce(c.industry, '(none)') AS industry, coalesce(c.company_size, '(none)') AS company_size, coalesce(c.region, '(none)') AS region, coalesce(c.growth_tier, '(none)') AS growth_tier, coalesce(c.sales_channel, '(none)') AS sales_channel, coalesce(c.plan, '(none)') AS plan, coalesce(c.product_mix, '(none)') AS product_mix, coalesce(c.tenure, '(none)') AS tenure, coalesce(c.initial_contract_size, '(none)') AS initial_contract_size,
	nudge.attribute_label('user_plan', u.plan) AS user_plan,
	nudge.attribute_label('role', u.role) AS role
FROM nudge_analytics.dim_users u
	LEFT JOIN nudge_analytics.customer_dimensions c ON c.customer = u.customer$query$, NULL,
	'{"customer_dimensions": {"column": "customer", "query": "SELECT u.customer, u.\"user\" FROM nudge_analytics.dim_users u"}}',
	'What each user and its account are now, as totals call it. Grain: user',
	'{"user": "User", "customer": "Account to which the user belongs", "bucket": "Hash bucket of the user", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it, in the zone of deploy(); NULL if it is infinite", "internal": "Own staff or a test user",
	"segment": "Segment of the account; (none) for those without, here as below", "industry": "Industry of the account", "company_size": "Class of size of the account", "region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account is sold to",
	"plan": "Plan of the account by its prices, as customer_products has it", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account has been a customer", "initial_contract_size": "Class of the first MRR of the account", "user_plan": "Plan of the user, as dim_users has it", "role": "Role of the user"}');

-- Whoever was ever active is there, also users that no table knows.  Totals read
-- one value at a time, by the index: a rollup of all at once would hold as many
-- states of the whole company as there are dimensions.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns, indexes) VALUES
('activity_dimension_buckets', 'usage', 1101, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,dimension,value}', $query$
SELECT s.bucket, a.dimension, coalesce(a.value, '(none)') AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.user_activity_states s LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = s."user",
	LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'Active days of users by hash bucket and value of a dimension now. Grain: bucket, dimension and value',
	'{"bucket": "Hash bucket of users", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "value": "Value now; (none) for those without", "users": "Users that were ever active", "state": "Active days, as activity_state"}', '{"(dimension, value)"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
-- Days of 13 months, and before them the last of each week and month, which is what
-- WAU and MAU by period read: all days of all years would be most of the rows.
-- Whether the data go back 30 days is a matter of all users, not of those of a value.
('active_users_by_dimension', 'usage', 1110, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,day}', $query$
SELECT r.dimension, r.value, r.day, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau::numeric / nullif(r.wau, 0) AS dau_wau_rate, r.dau::numeric / nullif(r.mau, 0) AS dau_mau_rate, r.day >= r.first_day + 29 AS complete, r.every_day
FROM (SELECT k.dimension, k.value, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, min(s.day) OVER (PARTITION BY k.dimension) AS first_day, s.day >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '12 months' AS every_day
	FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
		CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
		CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
		JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day) r
WHERE r.every_day OR r.day = nudge.period_end(r.day, 'month') - 1 OR r.day = nudge.period_end(r.day, 'week', {week_start}) - 1$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Active users by day and value of a dimension of theirs now: all days of the present month and the 12 before it, before them the last ones of weeks and months, up to yesterday. Grain: dimension, value and day of the zone of deploy(), from the first day on which any of them was active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "day": "Day: each of the present month and the 12 before it, before them the last of each week and month", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data, of all users, go back the 30 days", "every_day": "Whether the days beside it are there too: of the present month and the 12 before it"}'),
('lifecycle_by_dimension', 'usage', 1111, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,grain,period}', $query$
SELECT k.dimension, k.value, g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Where active users come from and go, by week and by month, and by value of a dimension of theirs now. Grain: dimension, value, grain and period of the zone of deploy(), from the first with any of them active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention_by_dimension', 'usage', 1112, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,cohort,age}', $query$
SELECT k.dimension, k.value, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'month', 12, nudge.civil_date(nudge.as_of(), {zone}), fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'How many users of a cohort, by the month of their first active day and a dimension of theirs now, come back 1 to 12 months later. By month only: weeks are in cohort_retention, of all. Grain: dimension, value, cohort and age, in the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "cohort": "First day of the month of the first active day", "age": "Months since", "period": "First day of the month that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the month is over: the denominator", "retained_users": "Those active in the month; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the month is not over"}'),
('user_retention_by_dimension', 'usage', 1113, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,age,period}', $query$
SELECT k.dimension, k.value, r.age, nudge.period_start(r.cohort, 'month') AS period, sum(r.cohort_users)::bigint AS cohort_users, sum(r.eligible)::bigint AS eligible_users, coalesce(sum(r.retained), 0)::bigint AS retained_users,
	sum(r.retained) / nullif(sum(r.eligible), 0) AS retention_rate, nudge.period_end(r.cohort, 'month') - 1 + r.age < nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'day', 90, nudge.civil_date(nudge.as_of(), {zone})) r
WHERE r.cohort IS NOT NULL AND r.age IN (1, 7, 30, 90)
GROUP BY k.dimension, k.value, r.age, nudge.period_start(r.cohort, 'month'), nudge.period_end(r.cohort, 'month')$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'How many users are active 1, 7, 30 and 90 days after their first active day, by the month of that day and a dimension of theirs now. Grain: dimension, value, age and month of the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "age": "Days since the first active day: 1, 7, 30 or 90; do not add them", "period": "First day of the month of the first active day", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the day is over for none", "complete": "Whether the day is over for all of them"}'),
('user_classes_by_dimension', 'usage', 1114, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,period}', $query$
SELECT k.dimension, k.value, c.period, c.power_users, c.regular_users, c.low_users, t.total_users - c.active_users AS dormant_users, c.active_users, c.qualified_users, t.total_users, c.qualified_users::numeric / nullif(t.total_users, 0) AS qualified_rate, c.complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.active_user_classes(b.state, 'week', nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}) c
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) t ON t.day = least(nudge.period_end(c.period, 'week', {week_start}), nudge.civil_date(nudge.as_of(), {zone})) - 1$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Users by their actions in a week, and by value of a dimension of theirs now: more than 10, 3 to 10, fewer, none. Grain: dimension, value and week of the zone of deploy(), from the first with any of them active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "period": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions", "dormant_users": "Users that were active before, and not in the week",
	"active_users": "Users with an action", "qualified_users": "Users with 3 actions or more", "total_users": "Users first active in the week or before", "qualified_rate": "qualified_users over total_users, a fraction", "complete": "Whether the week is over"}'),

-- A state of a feature has every event of it: one for each dimension would be the
-- events again as often.  What users did is read from the states there are, and
-- counted.  Medians of times are in feature_adoption, of all.
('feature_adoption_by_dimension', 'usage', 1115, 'metric', '{events,users,customers,subscriptions}', 'feature', '{feature,dimension,value}', $query$
SELECT f.feature, t.dimension, t.value, t.users, coalesce(r.discovered_users, 0) AS discovered_users, coalesce(r.tried_users, 0) AS tried_users, coalesce(r.adopted_users, 0) AS adopted_users, coalesce(r.habitual_users, 0) AS habitual_users,
	coalesce(r.tried_users, 0)::numeric / nullif(t.users, 0) AS adoption_rate, coalesce(r.uses, 0) AS uses, r.uses::numeric / nullif(r.tried_users, 0) AS usage_frequency
FROM (SELECT DISTINCT b.feature FROM nudge_analytics.feature_buckets b) f
	CROSS JOIN (
		SELECT a.dimension, a.value, count(*) FILTER (WHERE d.signed_up_at < nudge.as_of()) AS users
		FROM nudge_analytics.user_dimensions d, LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
		WHERE NOT d.internal
		GROUP BY 1, 2
	) t
	LEFT JOIN (
		SELECT b.feature, a.dimension, a.value, count(*) AS discovered_users, count(u.first_used) AS tried_users, count(u.adopted_at) AS adopted_users, count(*) FILTER (WHERE u.stage = 'habitual') AS habitual_users, sum(u.uses)::bigint AS uses
		FROM nudge_analytics.feature_buckets b
			CROSS JOIN LATERAL nudge.feature_users(b.state, nudge.as_of(), {zone}, week_start => {week_start}) u
			JOIN nudge_analytics.user_dimensions d ON d."user" = u.user_id,
			LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
		GROUP BY 1, 2, 3
	) r ON r.feature = f.feature AND r.dimension = t.dimension AND r.value = t.value$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"user_dimensions": null}',
	'How far users have come with each feature, by value of a dimension of theirs now. Grain: feature, dimension and value that any user has',
	'{"feature": "Feature", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "users": "Users of the value that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users"}');

-- Months that are not there have no sessions; medians have no parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('session_metrics_by_dimension', 'usage', 1116, 'metric', '{events,users,customers,subscriptions}', 'month', '{month,dimension,value}', $query$
SELECT m.month, v.dimension, v.value, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds, s.sessions::numeric / s.users AS sessions_per_user, s.bounces::numeric / s.sessions AS bounce_rate, s.events::numeric / s.sessions AS events_per_session,
	s.returning_users::numeric / s.users AS return_rate, s.duration_seconds / s.sessions AS mean_duration_seconds, (m.month + interval '1 month')::date <= t.today AS complete
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	-- the window of session_metrics
	LATERAL (SELECT g::date AS month FROM generate_series(nudge.period_start(t.today, 'month')::timestamp - interval '119 months', nudge.period_start(t.today, 'month')::timestamp, interval '1 month') g) m,
	LATERAL (
		SELECT n.segment, n.industry, n.company_size, n.region, n.growth_tier, n.sales_channel, n.plan, n.product_mix, n.tenure, n.initial_contract_size, n.user_plan, n.role,
			sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS duration_seconds
		FROM (
			SELECT f.sessions, f.events, f.bounces, f.seconds, coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size, coalesce(d.user_plan, '(none)') AS user_plan, coalesce(d.role, '(none)') AS role
			FROM (
				SELECT f."user", count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f WHERE f.month = m.month AND f.day < t.today GROUP BY f."user"
			) f LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = f."user"
		) n
		GROUP BY GROUPING SETS ((n.segment), (n.industry), (n.company_size), (n.region), (n.growth_tier), (n.sales_channel), (n.plan), (n.product_mix), (n.tenure), (n.initial_contract_size), (n.user_plan), (n.role))
	) s,
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size,user_plan,role}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure, s.initial_contract_size, s.user_plan, s.role]) v(dimension, value)
-- labels are never NULL: one that is there is what is grouped by
WHERE v.value IS NOT NULL$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"user_dimensions": {"column": "user", "query": "SELECT f.\"user\", f.month FROM nudge_analytics.fact_sessions f"}}',
	'Sessions by month and value of a dimension of the users now, up to yesterday. Grain: month with sessions of the zone of deploy(), dimension and value',
	'{"month": "First day of the month", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all sessions, do not add them", "value": "Value now; (none) for those without", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event",
	"returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction",
	"mean_duration_seconds": "duration_seconds over sessions", "complete": "Whether the month is over"}');

-- Then ------------------------------------------------------------------------

-- What is computed together, so that late events compute the month they are of,
-- and those of a few users their bucket.
CREATE FUNCTION nudge.bucket_month(bucket integer, period date) RETURNS bigint
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (period - date '2000-01-01')::bigint * 65536 + bucket;

COMMENT ON FUNCTION nudge.bucket_month(integer, date) IS 'Works for activity_then_buckets: hash bucket and month as one number';

-- Whatever day it is, rows stay as they are: days to come have their month too, and
-- totals leave them out.  So no clock has to look at all users.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, key_maps, description, columns, indexes) VALUES
('user_activity_months', 'usage', 1280, 'mart', '{events,users,customers,subscriptions}', '{dimension_history}', 'user', '{user,period}', $query$
SELECT s."user", m.period, nudge.bucket_month(s.bucket, m.period) AS bucket_month, d.customer, m.day_bits, m.period_before,
	CASE WHEN {dimension_history!} THEN coalesce(h.segment, d.segment, '(none)') END AS segment, CASE WHEN {dimension_history!} THEN coalesce(h.industry, d.industry, '(none)') END AS industry, CASE WHEN {dimension_history!} THEN coalesce(h.company_size, d.company_size, '(none)') END AS company_size,
	CASE WHEN {dimension_history!} THEN coalesce(h.region, d.region, '(none)') END AS region, CASE WHEN {dimension_history!} THEN coalesce(h.growth_tier, d.growth_tier, '(none)') END AS growth_tier, CASE WHEN {dimension_history!} THEN coalesce(h.sales_channel, d.sales_channel, '(none)') END AS sales_channel,
	nudge.attribute_label('plan', p.plan) AS plan, nudge.attribute_label('product_mix', p.product_mix) AS product_mix, nudge.attribute_label('tenure', p.tenure) AS tenure
FROM nudge_analytics.user_activity_states s
	CROSS JOIN LATERAL (
		SELECT a.period, bit_or(1 << (a.day - a.period)) AS day_bits, lag(a.period) OVER (ORDER BY a.period) AS period_before
		FROM (SELECT y.day, nudge.period_start(y.day, 'month') AS period FROM nudge.activity_days(s.state) y) a
		GROUP BY a.period
	) m
	LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = s."user"
	LEFT JOIN nudge_analytics.customer_attributes_then h ON h.customer = d.customer AND coalesce(h.from_period <= m.period, true) AND coalesce(h.until_period > m.period, true)
	LEFT JOIN nudge_analytics.customer_products_then p ON p.customer = d.customer AND p.from_period <= m.period AND coalesce(p.until_period > m.period, true)$query$,
	'{"customer_attributes_then": {"column": "customer", "query": "SELECT u.customer, u.\"user\" FROM nudge_analytics.dim_users u"}, "customer_products_then": {"column": "customer", "query": "SELECT u.customer, u.\"user\" FROM nudge_analytics.dim_users u"}}',
	'Months in which each user was active, with what its account of now was as the month closed, or is so far. Grain: user and month of the zone of deploy()',
	'{"user": "User", "period": "First day of the month", "bucket_month": "Hash bucket of the user and month, as one number: what activity_then_buckets computes together", "customer": "Account of the user now; NULL if none is known", "day_bits": "Days on which the user was active, a bit for each: 1 the first of the month, 2 the second, 4 the third",
	"period_before": "First day of the month before in which the user was active; NULL: it is the first ever", "segment": "Segment of the account as the month closed, or so far, or now if it has no history; (none) for those without, NULL unless dimension_history is mapped; so below", "industry": "Industry of the account", "company_size": "Class of size of the account", "region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account was sold to",
	"plan": "Plan of the account as the month closed, by its prices; (none) if it had none, so below", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account had been a customer"}', '{(period)}');

-- Days that are over as the present one begins: of a month that is over, all.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('activity_then_buckets', 'usage', 1281, 'mart', '{events,users,customers,subscriptions}', '{dimension_history}', 'bucket_month', '{bucket_month,dimension,value}', $query$
SELECT k.bucket_month, v.dimension, v.value, k.period, s.active_users, s.new_users, s.returning_users, s.resurrecting_users, s.active_days
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today OFFSET 0) t
	JOIN (SELECT DISTINCT m.bucket_month, m.period FROM nudge_analytics.user_activity_months m) k ON k.period < t.today,
	LATERAL (
		SELECT m.segment, m.industry, m.company_size, m.region, m.growth_tier, m.sales_channel, m.plan, m.product_mix, m.tenure,
			count(*) AS active_users, count(*) FILTER (WHERE m.period_before IS NULL) AS new_users, count(*) FILTER (WHERE m.period_before = (k.period - interval '1 month')::date) AS returning_users, count(*) FILTER (WHERE m.period_before < (k.period - interval '1 month')::date) AS resurrecting_users, sum(bit_count(o.day_bits::bit(31)))::bigint AS active_days
		FROM nudge_analytics.user_activity_months m, LATERAL (SELECT m.day_bits & (1::bigint << least(t.today - k.period, 31)) - 1 AS day_bits) o
		WHERE m.bucket_month = k.bucket_month AND o.day_bits <> 0
		GROUP BY GROUPING SETS ((m.segment), (m.industry), (m.company_size), (m.region), (m.growth_tier), (m.sales_channel), (m.plan), (m.product_mix), (m.tenure))
	) s,
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure]) v(dimension, value)
-- labels are never NULL, but where there is no history: one that is there is what is grouped by
WHERE v.value IS NOT NULL$query$,
	-- a day is over; and so are months that a refresh may have missed
	$clock$SELECT nudge.bucket_month(b, m::date), least(m + interval '1 month', t.today) AT TIME ZONE {zone}
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone})::timestamp AS today) t, LATERAL generate_series(date_trunc('month', t.today) - interval '119 months', t.today, interval '1 month') m, generate_series(0, {buckets} - 1) b$clock$,
	'Active users by hash bucket, month and what their accounts were then, up to yesterday: totals add up buckets. Grain: bucket, month of the zone of deploy() with any, dimension and value',
	'{"bucket_month": "Hash bucket of users and month, as one number", "dimension": "plan, product_mix and tenure of the account; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too", "value": "Value as the month closed, or so far; (none) for those without", "period": "First day of the month", "active_users": "Users active in it", "new_users": "Those that never were before",
	"returning_users": "Those that were in the month before", "resurrecting_users": "Those that were earlier, but not in the month before", "active_days": "Sum of the days on which each was active"}'),
('active_users_by_dimension_then', 'usage', 1282, 'metric', '{events,users,customers,subscriptions}', '{dimension_history}', 'period', '{period,dimension,value}', $query$
SELECT b.period, b.dimension, b.value, sum(b.active_users)::bigint AS active_users, sum(b.new_users)::bigint AS new_users, sum(b.returning_users)::bigint AS returning_users, sum(b.resurrecting_users)::bigint AS resurrecting_users, sum(b.active_days)::bigint AS active_days,
	(b.period + interval '1 month') AT TIME ZONE {zone} <= nudge.as_of() AS complete
FROM nudge_analytics.activity_then_buckets b
GROUP BY b.period, b.dimension, b.value$query$,
	$clock$SELECT m::date, (m + interval '1 month') AT TIME ZONE {zone}
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone})::timestamp AS today) t, LATERAL generate_series(date_trunc('month', t.today) - interval '120 months', t.today, interval '1 month') m$clock$,
	'Active users by month and what their accounts were then, up to yesterday. Grain: month of the zone of deploy() with any, dimension and value',
	'{"period": "First day of the month", "dimension": "plan, product_mix and tenure of the account; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too: each has all users, do not add them", "value": "Value of the account of now as the month closed, or so far; (none) for those without", "active_users": "Users active in the month: do not add them over months", "new_users": "Those that never were before",
	"returning_users": "Those that were in the month before", "resurrecting_users": "Those that were earlier, but not in the month before", "active_days": "Sum of the days on which each was active", "complete": "Whether the month is over"}');

-- The first action has its day whether it has come or not: time changes no row.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activation', 'usage', 1120, 'mart', '{events,users,customers,subscriptions}', 'user', '{user}', $query$
SELECT d."user", d.customer, d.signed_up_at, d.signed_up_month, nudge.period_start(nudge.civil_date(d.signed_up_at, {zone}), 'week', {week_start}) AS signed_up_week, min(e.at) AS activated_at
FROM nudge_analytics.user_dimensions d
	LEFT JOIN nudge_staging.events e ON e."user" = d."user" AND e.at >= d.signed_up_at AND e.name IN (SELECT s.event FROM nudge.action_sets s WHERE s.name = 'activation')
WHERE NOT d.internal AND isfinite(d.signed_up_at)
GROUP BY d."user", d.customer, d.signed_up_at, d.signed_up_month$query$, NULL, NULL,
	'When each user first did something of the action set activation. Grain: user that is not internal; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it", "signed_up_week": "First day of the week of it",
	"activated_at": "First event of the action set activation of nudge.action_sets, from signing up on; NULL if there is none"}'),

-- The key is the month, of which weeks that begin in it are a part: a sign-up is one
-- of its month, and of a week that began in it or in the month before.  What counts
-- is what is over as the present day begins.  A median of an array sorts that one,
-- and not the rows of all groups by their names.
('activation', 'usage', 1121, 'metric', '{events,users,customers,subscriptions}', 'month', '{month,grain,period,dimension,value}', $query$
SELECT r.month, r.grain, r.period, r.dimension, r.value, r.sign_ups, r.eligible_users, CASE WHEN s.is_defined THEN r.activated_users END AS activated_users, CASE WHEN s.is_defined THEN r.activated_users::numeric / nullif(r.eligible_users, 0) END AS activation_rate,
	r.week_eligible_users, CASE WHEN s.is_defined THEN r.week_activated_users END AS week_activated_users, CASE WHEN s.is_defined THEN r.week_activated_users::numeric / nullif(r.week_eligible_users, 0) END AS week_activation_rate,
	(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY u.s) FROM unnest(r.seconds) u(s)) AS median_seconds_to_activate, r.until <= r.midnight AS period_complete, r.until + interval '24 hours' <= r.midnight AS complete, r.until + interval '168 hours' <= r.midnight AS week_complete, CASE WHEN NOT s.is_defined THEN 'no action set activation' END AS null_reason
FROM (
	SELECT p.month, p.grain, p.period, a.dimension, a.value, count(*) AS sign_ups, count(*) FILTER (WHERE w.day_over) AS eligible_users, count(*) FILTER (WHERE w.day_over AND w.took <= interval '24 hours') AS activated_users,
		count(*) FILTER (WHERE w.week_over) AS week_eligible_users, count(*) FILTER (WHERE w.week_over AND w.took <= interval '168 hours') AS week_activated_users,
		array_agg(extract(epoch FROM w.took)::double precision) FILTER (WHERE w.week_over AND w.took <= interval '168 hours') AS seconds,
		nudge.period_end(p.period, p.grain, {week_start})::timestamp AT TIME ZONE {zone} AS until, t.midnight
	FROM (SELECT nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} AS midnight) t
		JOIN nudge_analytics.user_activation u ON u.signed_up_at < t.midnight
		JOIN nudge_analytics.user_dimensions d ON d."user" = u."user",
		LATERAL (VALUES (u.signed_up_month, 'month'::text, u.signed_up_month), (nudge.period_start(u.signed_up_week, 'month'), 'week', u.signed_up_week)) p(month, grain, period),
		LATERAL (SELECT u.signed_up_at + interval '24 hours' < t.midnight AS day_over, u.signed_up_at + interval '168 hours' < t.midnight AS week_over, u.activated_at - u.signed_up_at AS took) w,
		LATERAL (VALUES ('all'::text, 'all'::text), ('segment', d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
	GROUP BY 1, 2, 3, 4, 5, t.midnight
) r,
	(SELECT EXISTS (SELECT FROM nudge.action_sets s WHERE s.name = 'activation') AS is_defined) s$query$,
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 45) d$clock$,
	'{"user_activation": {"column": "signed_up_month", "query": "SELECT m::date, k::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 month'', interval ''1 month'') m, LATERAL (VALUES (m), (m - interval ''1 month'')) v(k)"}, "user_dimensions": {"column": "signed_up_month", "query": "SELECT m::date, k::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 month'', interval ''1 month'') m, LATERAL (VALUES (m), (m - interval ''1 month'')) v(k)"}}',
	'How many of the users that sign up are activated: do something of the action set activation of nudge.action_sets within 24 hours, or 7 days; by week and by month of signing up, in all and by value of a dimension of theirs now. Grain: grain, period of the zone of deploy() with sign-ups, dimension and value',
	'{"month": "First day of the month that the period begins in", "grain": "week or month: do not add both", "period": "First day of the period of signing up", "dimension": "all, or segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them",
	"value": "Value now; (none) for those without, all for all", "sign_ups": "Users that signed up in the period, on days that are over, but internal ones", "eligible_users": "Those whose first 24 hours are over: the denominator of activation_rate", "activated_users": "Those of them that did an action within these; NULL without the action set",
	"activation_rate": "activated_users over eligible_users, a fraction", "week_eligible_users": "Users whose first 7 days are over: the denominator of week_activation_rate", "week_activated_users": "Those of them that did an action within these", "week_activation_rate": "week_activated_users over week_eligible_users, a fraction",
	"median_seconds_to_activate": "Median time from signing up to the first action, of week_activated_users", "period_complete": "Whether the period is over", "complete": "Whether the first 24 hours are over for all of them", "week_complete": "Whether the first 7 days are over for all of them", "null_reason": "no action set activation: nudge.action_sets has none, so nobody can be said to be activated; NULL otherwise"}');

-- What cannot be known is NULL, and says why: months that are open, costs that
-- nobody has booked, nobody who left.  Churn is that of a month, over up to
-- twelve of them, for one quiet month would make customers live for ever.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('unit_economics', 'finance', 900, 'metric', '{subscriptions}', '{costs,spend,charges,usage}', 'period', '{period,currency}', $query$
SELECT m.period, m.closing_mrr AS mrr, m.closing_customers AS customers, m.arpa, CASE WHEN x.is_single THEN p.revenue END AS revenue, p.cost_of_revenue, p.gross_profit, p.gross_margin_rate, p.variable_acquisition_cost, p.contribution_margin, p.contribution_margin_rate,
	k.marketing_cost, k.sales_cost, k.tools_cost, k.other_cost, k.overhead_cost, k.acquisition_cost, a.new_customers, v.cac, m.churn_months, m.customer_months, m.churned_customers, m.churn_rate,
	nudge.ltv(m.arpa, 1, m.churn_rate) AS lifetime_revenue, v.ltv, nudge.ltv_to_cac(v.ltv, v.cac) AS ltv_to_cac_ratio,
	nudge.cac_payback_months(v.cac, m.arpa, v.margin) AS cac_payback_months, nudge.cac_payback_months(v.cac, m.arpa) AS revenue_payback_months,
	CASE WHEN a.complete AND k.acquisition_cost > 0 THEN nudge.acquisition_cost_per_active_customer(k.acquisition_cost, m.closing_customers) END AS acquisition_cost_per_active_customer,
	CASE WHEN v.cac IS NOT NULL THEN NULL WHEN NOT a.complete THEN 'month is not over' WHEN NOT x.has_acquisition THEN 'neither costs nor spend are mapped' WHEN NOT x.is_single THEN 'several currencies' WHEN k.acquisition_cost <= 0 THEN 'no cost of acquisition' ELSE 'no new customers' END AS cac_null_reason,
	CASE WHEN v.ltv IS NOT NULL THEN NULL WHEN NOT a.complete THEN 'month is not over' WHEN NOT x.has_costs THEN 'costs are not mapped' WHEN NOT x.is_single THEN 'several currencies' WHEN p.cost_of_revenue IS NULL THEN 'no costs are booked' WHEN p.gross_margin_rate IS NULL THEN 'no revenue'
		WHEN v.margin IS NULL THEN 'gross margin is above 1' WHEN m.arpa IS NULL THEN 'no customers' WHEN coalesce(m.customer_months, 0) = 0 THEN 'nobody could leave yet' ELSE 'nobody has left' END AS ltv_null_reason,
	m.currency, a.complete
FROM (SELECT b.currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b GROUP BY b.currency) j
	-- costs are of all customers: beside several currencies they are of none
	CROSS JOIN (
		SELECT count(DISTINCT upper(btrim(i.currency))) = 1 AS is_single, {costs$?} IS NOT NULL AS has_costs, coalesce({costs$?}, {spend$?}) IS NOT NULL AS has_acquisition
		FROM (SELECT b.currency FROM nudge_analytics.mrr_item_buckets b UNION SELECT c.currency FROM {costs$*} c UNION SELECT c.currency FROM {spend$*} c UNION SELECT c.currency FROM {charges$*} c) i
	) x
	CROSS JOIN (SELECT min(s.period) AS day FROM nudge_analytics.mrr_consolidated s) f
	CROSS JOIN LATERAL nudge.report_window(f.day, {zone}) w
	JOIN LATERAL (
		SELECT s.period, s.currency, s.closing_mrr, s.closing_customers, s.closing_mrr / nullif(s.closing_customers, 0) AS arpa, (count(*) OVER year)::integer AS churn_months,
			(sum(s.opening_customers) OVER year)::bigint AS customer_months, (sum(s.churned_customers) OVER year)::bigint AS churned_customers, sum(s.churned_customers) OVER year / nullif(sum(s.opening_customers) OVER year, 0) AS churn_rate
		FROM nudge_analytics.mrr_consolidated s
		WHERE s.currency = j.currency
		WINDOW year AS (ORDER BY s.period ROWS 11 PRECEDING)
	) m ON m.period >= w.start_day
	LEFT JOIN LATERAL nudge.pnl(CASE WHEN x.is_single THEN j.state END, CASE WHEN x.is_single THEN {costs$?} END, w.start_day, w.end_day, CASE WHEN x.is_single THEN {charges$?} END, CASE WHEN x.is_single THEN {usage?} END, NULL, 'month', {zone}, nudge.as_of(), j.currency) p
		ON p.period = m.period
	JOIN LATERAL nudge.customer_acquisition_cost(j.state, CASE WHEN x.is_single THEN {spend$?} END, CASE WHEN x.is_single THEN {costs$?} END, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), currency => j.currency) a ON a.period = m.period
	LEFT JOIN LATERAL (SELECT a.marketing_cost, a.sales_cost, a.tools_cost, a.other_cost, a.overhead_cost, a.total_cost AS acquisition_cost WHERE x.is_single AND x.has_acquisition) k ON true
	CROSS JOIN LATERAL (SELECT CASE WHEN p.gross_margin_rate <= 1 THEN p.gross_margin_rate END AS margin, CASE WHEN a.complete AND k.acquisition_cost > 0 THEN a.cac END AS cac) g
	CROSS JOIN LATERAL (SELECT g.margin, g.cac, CASE WHEN a.complete THEN nudge.ltv(m.arpa, g.margin, m.churn_rate) END AS ltv) v$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"mrr_consolidated": null}',
	'What a customer earns, costs to win and is worth, by month. Grain: month of the zone of deploy() and currency',
	'{"period": "First day of the month", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "revenue": "Revenue of the month, of all streams", "cost_of_revenue": "Cost of delivering the product", "gross_profit": "revenue less cost_of_revenue; NULL if the month is not over or not booked",
	"gross_margin_rate": "gross_profit over revenue, a fraction", "variable_acquisition_cost": "Sales and marketing that grow with volume", "contribution_margin": "gross_profit less variable_acquisition_cost", "contribution_margin_rate": "contribution_margin over revenue, a fraction",
	"marketing_cost": "Acquisition: spend, and costs of marketing", "sales_cost": "Acquisition: costs of sales", "tools_cost": "Acquisition: costs of tools", "other_cost": "Acquisition: other costs", "overhead_cost": "Acquisition: 20% added on", "acquisition_cost": "Sum of these five",
	"new_customers": "Customers whose first MRR ever began in the month", "cac": "acquisition_cost over new_customers of the same month; NULL: cac_null_reason says why", "churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up",
	"churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, a fraction: churn of one month", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "ltv_to_cac_ratio": "ltv over cac", "cac_payback_months": "cac over gross profit of a customer and month",
	"revenue_payback_months": "cac over arpa", "acquisition_cost_per_active_customer": "acquisition_cost over customers, old and new: not CAC", "cac_null_reason": "Why there is no CAC: month is not over, neither costs nor spend are mapped, no cost of acquisition, no new customers",
	"ltv_null_reason": "Why there is no LTV: month is not over, costs are not mapped, several currencies, no costs are booked, no revenue, gross margin is above 1, no customers, nobody could leave yet, nobody has left", "currency": "Currency of all amounts: those of several are never added", "complete": "Whether the month is over"}'),
-- costs have no segment: margin and CAC are those of the company
('unit_economics_by_segment', 'finance', 901, 'metric', '{customers,subscriptions}', '{}', 'segment', '{segment,currency,period}', $query$
SELECT m.segment, m.period, m.closing_mrr AS mrr, m.closing_customers AS customers, m.arpa, m.new_customers, m.churn_months, m.customer_months, m.churned_customers, m.churn_rate, u.gross_margin_rate,
	nudge.ltv(m.arpa, 1, m.churn_rate) AS lifetime_revenue, v.ltv, u.cac AS company_cac, nudge.ltv_to_cac(v.ltv, u.cac) AS ltv_to_company_cac_ratio, nudge.cac_payback_months(u.cac, m.arpa, v.margin) AS company_cac_payback_months,
	CASE WHEN v.ltv IS NOT NULL THEN NULL WHEN u.gross_margin_rate IS NULL OR NOT u.complete THEN u.ltv_null_reason WHEN v.margin IS NULL THEN 'gross margin is above 1'
		WHEN m.arpa IS NULL THEN 'no customers' WHEN coalesce(m.customer_months, 0) = 0 THEN 'nobody could leave yet' ELSE 'nobody has left' END AS ltv_null_reason,
	u.currency, u.complete
FROM (
	SELECT s.segment, s.currency, s.period, s.closing_mrr, s.closing_customers, s.new_customers, s.closing_mrr / nullif(s.closing_customers, 0) AS arpa, (count(*) OVER year)::integer AS churn_months,
		(sum(s.opening_customers) OVER year)::bigint AS customer_months, (sum(s.churned_customers) OVER year)::bigint AS churned_customers, sum(s.churned_customers) OVER year / nullif(sum(s.opening_customers) OVER year, 0) AS churn_rate
	FROM (
		-- in the currency of unit_economics
		SELECT b.segment, b.base_currency AS currency, b.period, sum(round(b.closing_mrr * b.closing_rate, 6)) AS closing_mrr, sum(b.opening_customers)::bigint AS opening_customers, sum(b.closing_customers)::bigint AS closing_customers, sum(b.new_customers)::bigint AS new_customers,
			sum(b.churned_customers)::bigint AS churned_customers
		FROM nudge_analytics.mrr_by_segment b WHERE b.segment <> 'all' GROUP BY b.segment, b.base_currency, b.period
	) s
	WINDOW year AS (PARTITION BY s.segment, s.currency ORDER BY s.period ROWS 11 PRECEDING)
) m
	JOIN nudge_analytics.unit_economics u ON u.period = m.period AND u.currency = m.currency,
	LATERAL (SELECT CASE WHEN u.gross_margin_rate <= 1 THEN u.gross_margin_rate END AS margin) g,
	LATERAL (SELECT g.margin, CASE WHEN u.complete THEN nudge.ltv(m.arpa, g.margin, m.churn_rate) END AS ltv) v$query$, NULL, '{"unit_economics": null}',
	'What a customer earns and is worth by month and segment of the customers now, against the cost of acquisition of the company. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now; (none) for those without", "period": "First day of the month", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "new_customers": "Customers that had no MRR before, and have some as the month closes",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, a fraction: churn of one month",
	"gross_margin_rate": "Gross margin of the company, a fraction", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "company_cac": "CAC of the company: costs have no segment", "ltv_to_company_cac_ratio": "ltv over company_cac",
	"company_cac_payback_months": "company_cac over gross profit of a customer and month", "ltv_null_reason": "Why there is no LTV: as in unit_economics", "currency": "Currency of all amounts: those of several are never added", "complete": "Whether the month is over"}');

-- Health as it was scored.  All windows end with the present day: a score of
-- today counts at once, and within a day time alone changes nothing.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_score_states', 'customers', 910, 'mart', '{scores}', '{}', 'customer', '{customer}', $query$
SELECT s.entity AS customer,
	CASE WHEN nudge.check_input('scores', count(*) FILTER (WHERE NOT coalesce(isfinite(s.at) AND s.score IS NOT NULL, false))) AND nudge.check_values('scores', count(*) FILTER (WHERE NOT s.score BETWEEN 0 AND 100), 'A score of health is from 0 to 100.')
		AND nudge.check_one_model(min(s.model COLLATE "C"), max(s.model COLLATE "C"), count(*) - count(s.model)) THEN nudge.bucket(s.entity, {buckets}) END AS bucket,
	min(s.model COLLATE "C") AS model, min(s.at) AS first_at, max(s.at) AS last_at, nudge.score_agg(s.at, s.score::double precision) FILTER (WHERE isfinite(s.at) AND s.score IS NOT NULL) AS state
FROM nudge_staging.scores s
WHERE s.entity IS NOT NULL
GROUP BY s.entity$query$, NULL, '{"scores": "entity"}',
	'Scores of health of each customer over time: a state for functions such as score_summary. Grain: customer',
	'{"customer": "Customer that is scored", "bucket": "Hash bucket of the customer", "model": "Model of its scores; NULL if they do not say", "first_at": "First score", "last_at": "Last score", "state": "Scores over time, as score_state"}'),
('customer_health', 'customers', 911, 'metric', '{scores}', '{}', 'customer', '{customer}', $query$
-- scores are joined once and not looked up for each customer: they may have no index
SELECT DISTINCT ON (s.customer) s.customer, s.model, h.score, h.scored_at, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, h.direction AS trend, h.slope_per_30_days, h.change_30_days, h.change_90_days, h.drop_30_days, nudge.score_drop(s.state, '90 days', k.at) AS drop_90_days,
	h.lowest_365_days AS lowest_score_365_days, h.highest_365_days AS highest_score_365_days, h.mean_365_days AS mean_score_365_days, h.baseline AS baseline_score, h.change_from_baseline, l.factor AS lowest_factor, l.value AS lowest_factor_score, s.bucket
FROM nudge_analytics.customer_score_states s
	CROSS JOIN LATERAL (SELECT nudge.day_close(nudge.civil_date(nudge.as_of(), {zone}), {zone}) - interval '1 microsecond' AS at) k
	CROSS JOIN LATERAL nudge.score_summary(s.state, k.at) h
	LEFT JOIN nudge_staging.scores r ON r.entity = s.customer AND r.at = h.scored_at
	LEFT JOIN LATERAL (
		SELECT f.key AS factor, f.value::text::numeric AS value FROM jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f WHERE jsonb_typeof(f.value) = 'number' ORDER BY 2, f.key COLLATE "C" LIMIT 1
	) l ON true
WHERE h.score IS NOT NULL
ORDER BY s.customer, l.value, l.factor COLLATE "C"$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"scores": "entity"}',
	'Health of customers as it was scored last: band, trend, changes and drops. Grain: customer',
	'{"customer": "Customer", "model": "Model of its scores; NULL if they do not say", "score": "Last score, 0 to 100", "scored_at": "When", "band": "red below 60, yellow, green from 80", "at_risk": "Whether the score is below 65", "trend": "rising, falling or flat over 90 days", "slope_per_30_days": "Points that the score gains in 30 days by that trend",
	"change_30_days": "Score less that of 30 days before", "change_90_days": "Score less that of 90 days before", "drop_30_days": "How far the score is below the highest of the last 30 days", "drop_90_days": "How far it is below the highest of the last 90 days", "lowest_score_365_days": "Lowest of the last 365 days", "highest_score_365_days": "Highest of these",
	"mean_score_365_days": "Mean of these", "baseline_score": "Mean of the first 30 days with a score", "change_from_baseline": "Score less baseline_score", "lowest_factor": "Factor of the last score with the lowest value; NULL if scores have no factors", "lowest_factor_score": "Its value", "bucket": "Hash bucket of the customer"}'),
('customer_health_factors', 'customers', 912, 'mart', '{scores}', '{}', 'customer', '{customer,factor}', $query$
SELECT h.customer, f.key AS factor, avg(f.value::text::numeric) AS factor_score, h.scored_at
FROM nudge_analytics.customer_health h JOIN nudge_staging.scores r ON r.entity = h.customer AND r.at = h.scored_at, LATERAL jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f
WHERE jsonb_typeof(f.value) = 'number'
GROUP BY h.customer, f.key, h.scored_at$query$, NULL, '{"scores": "entity"}',
	'Factors of the last score of each customer. Grain: customer and factor',
	'{"customer": "Customer", "factor": "Factor", "factor_score": "Its value", "scored_at": "When it was scored"}'),
('customer_health_months', 'customers', 913, 'mart', '{scores}', '{}', 'customer', '{customer,period}', $query$
SELECT s.customer, m.period, h.score, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, m.complete
FROM nudge_analytics.customer_score_states s
	-- closes once, and not for each customer
	JOIN (
		SELECT p::date AS period, least((p + interval '1 month')::date, t.today + 1)::timestamp AT TIME ZONE {zone} - interval '1 microsecond' AS at, (p + interval '1 month')::date <= t.today AS complete
		FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t, LATERAL nudge.report_window(date '0001-01-01', {zone}) w, LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p
		OFFSET 0
	) m ON m.at >= s.first_at,
	LATERAL (SELECT nudge.score_at(s.state, m.at) AS score OFFSET 0) h$query$,
	-- a month begins for all, the day of a score that is dated ahead for its customer
	$clock$SELECT s.customer, t FROM nudge_analytics.customer_score_states s, nudge.period_ticks('month', {zone}) t
UNION ALL SELECT r.entity, nudge.civil_date(r.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.scores r WHERE isfinite(r.at)$clock$, NULL,
	'Health of each customer as months closed, from its first score on. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer", "period": "First day of the month", "score": "Last score as the month closed, or so far", "band": "red below 60, yellow, green from 80", "at_risk": "Whether the score is below 65", "complete": "Whether the month is over"}'),
('customer_health_by_band', 'customers', 914, 'metric', '{scores,subscriptions}', '{}', 'period', '{period,currency,band}', $query$
SELECT s.period, k.currency, s.band, sum(s.customers)::bigint AS customers, sum(round(s.mrr * x.rate, 6)) AS mrr, sum(s.scored_customers)::bigint AS scored_customers, sum(s.total_score) AS total_score, sum(s.total_score) / nullif(sum(s.scored_customers), 0) AS mean_score,
	sum(s.at_risk_customers)::bigint AS at_risk_customers, sum(round(s.at_risk_mrr * x.rate, 6)) AS at_risk_mrr, bool_and(s.complete) AS complete
FROM (
	SELECT r.period, r.currency, r.band, count(*) AS customers, sum(r.mrr) AS mrr, count(r.score) AS scored_customers, sum(round(r.score::numeric, 6)) AS total_score,
		CASE WHEN count(r.score) > 0 THEN count(*) FILTER (WHERE r.at_risk) END AS at_risk_customers, CASE WHEN count(r.score) > 0 THEN coalesce(sum(r.mrr) FILTER (WHERE r.at_risk), 0) END AS at_risk_mrr, bool_and(r.complete) AS complete
	FROM (
		SELECT v.period, v.currency, b.band, v.closing_mrr AS mrr, h.score, h.at_risk, v.complete
		FROM nudge_analytics.fact_revenue v LEFT JOIN nudge_analytics.customer_health_months h ON h.customer = v.customer AND h.period = v.period, LATERAL (VALUES (coalesce(h.band, '(none)')), ('all')) b(band)
		WHERE v.closing_mrr > 0
	) r
	GROUP BY r.period, r.currency, r.band
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x
GROUP BY s.period, k.currency, s.band$query$,
	-- the rate of the month that is open is that of the day
	'SELECT nudge.period_start(nudge.civil_date(t, {zone}), ''month''), t FROM nudge.period_ticks(''day'', {zone}) t', NULL,
	'Customers with MRR, and their MRR, by band of health as months closed, with a band all for all of them. Grain: month of the zone of deploy(), currency and band',
	'{"period": "First day of the month", "currency": "Currency converted to, as by mrr_consolidated", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers: do not add it to the others", "customers": "Customers with MRR as the month closed, or now", "mrr": "Their MRR", "scored_customers": "Those with a score",
	"total_score": "Sum of their scores", "mean_score": "total_score over scored_customers", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "complete": "Whether the month is over"}');

-- Health as a model of this extension has it, from what is mapped.  It is of the
-- beginning of the day, so that it is computed often and all of it once a day: then
-- windows move on for everybody.  Only how many features there are is the same for all
-- customers; whatever else changes is led to the customers that it is about: an
-- event to that of its own, else to that of its user, and whether a user is internal
-- to all that have events of it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, scopes, description, columns) VALUES
('account_health', 'customers', 920, 'metric', '{customers}', '{events,users,features,tickets,surveys,account_facts,subscriptions,usage}', 'customer', '{customer,model}', $query$
SELECT k.model, h.customer, h.usage_factor, h.engagement_factor, h.outcome_factor, h.relationship_factor, h.support_factor, h.satisfaction_factor, h.growth_factor, h.advocacy_factor, h.score, h.coverage AS coverage_share, h.band, h.weakest_factor, k.at AS scored_at
FROM (SELECT 'retention_health'::text AS model, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} AS at) k,
	LATERAL nudge.account_health({customers@}, k.at, {events@}, {users@}, {features?}, {tickets@}, {surveys@}, {account_facts@}, {subscriptions@}, {usage@}, k.model, {zone}) h$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'{"events": ["customer", {"column": "user", "query": "SELECT u.\"user\", u.customer FROM {users*} u"}], "users": ["customer", {"column": "user", "query": "SELECT e.\"user\", e.customer FROM {events*} e"}]}',
	jsonb_build_object('events', $scope$SELECT i.* FROM nudge_staging.events i WHERE i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))
UNION ALL
SELECT i.* FROM nudge_staging.events i WHERE i.customer IS NULL AND i."user" = ANY (nudge.batch_keys('SELECT u."user" FROM {users*} u WHERE u.customer = ANY ($1)'))$scope$,
		'users', $scope$SELECT i.* FROM nudge_staging.users i WHERE i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))
UNION ALL
SELECT i.* FROM nudge_staging.users i WHERE (i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))) IS NOT TRUE AND i."user" = ANY (nudge.batch_keys('SELECT e."user" FROM {events*} e WHERE e.customer = ANY ($1)'))$scope$)
	|| (SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))', i)) FROM unnest('{customers,tickets,surveys,account_facts,subscriptions,usage}'::text[]) i),
	'Health of customers by the model retention_health, of what was known as the present day began. Grain: model and customer',
	'{"model": "Model of the score", "customer": "Customer", "usage_factor": "Use of the product, 0 to 100", "engagement_factor": "How evenly, and by how many", "outcome_factor": "Whether it gets what was agreed", "relationship_factor": "Who is known there, and how they think", "support_factor": "Few tickets, solved soon and well", "satisfaction_factor": "Answers to surveys",
	"growth_factor": "Growth of seats and of metered use", "advocacy_factor": "Whether it speaks for us", "score": "Score by the model, 0 to 100; NULL if nothing is known", "coverage_share": "How much of the weights is known, a fraction", "band": "red, yellow or green; nobody is green of whom less than half is known", "weakest_factor": "Factor that costs the most points", "scored_at": "Beginning of the day: what was known then"}');

-- Health now by what customers are now: the open month of customer_health_by_band in parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_health_by_dimension', 'customers', 1230, 'metric', '{scores,customers,subscriptions}', 'dimension', '{dimension,value,currency,band}', $query$
SELECT v.dimension, v.value, k.currency, b.band, sum(s.customers)::bigint AS customers, sum(round(s.mrr * x.rate, 6)) AS mrr, sum(s.scored_customers)::bigint AS scored_customers, sum(s.total_score) AS total_score, sum(s.total_score) / nullif(sum(s.scored_customers), 0) AS mean_score,
	CASE WHEN sum(s.scored_customers) > 0 THEN sum(s.at_risk_customers)::bigint END AS at_risk_customers, CASE WHEN sum(s.scored_customers) > 0 THEN sum(round(s.at_risk_mrr * x.rate, 6)) END AS at_risk_mrr
FROM (
	SELECT c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.plan, c.product_mix, c.tenure, c.initial_contract_size,
		c.currency, c.band, count(*) AS customers, sum(c.mrr) AS mrr, count(c.score) AS scored_customers, sum(c.score) AS total_score, count(*) FILTER (WHERE c.at_risk) AS at_risk_customers, coalesce(sum(c.mrr) FILTER (WHERE c.at_risk), 0) AS at_risk_mrr
	FROM (
		SELECT t.currency, t.mrr, coalesce(h.band, '(none)') AS band, round(h.score::numeric, 6) AS score, h.at_risk,
			coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size
		FROM nudge_analytics.customer_mrr_timeline t LEFT JOIN nudge_analytics.customer_health h ON h.customer = t.customer
			LEFT JOIN nudge_analytics.customer_dimensions d ON d.customer = t.customer
		WHERE t.started_at < nudge.as_of() AND (t.ended_at >= nudge.as_of() OR t.ended_at IS NULL) AND t.mrr > 0
	) c
	GROUP BY c.currency, c.band, GROUPING SETS ((c.segment), (c.industry), (c.company_size), (c.region), (c.growth_tier), (c.sales_channel), (c.plan), (c.product_mix), (c.tenure), (c.initial_contract_size))
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, nudge.civil_date(nudge.as_of(), {zone})) AS rate) x,
	LATERAL (VALUES (s.band), ('all')) b(band),
	LATERAL unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[], ARRAY[s.segment, s.industry, s.company_size, s.region, s.growth_tier, s.sales_channel, s.plan, s.product_mix, s.tenure, s.initial_contract_size]) v(dimension, value)
-- labels are never NULL: one that is there is what is grouped by
WHERE v.value IS NOT NULL
GROUP BY v.dimension, v.value, k.currency, b.band$query$,
	$clock$SELECT d, nudge.as_of() FROM unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[]) d$clock$,
	'Customers with MRR now, and their MRR, by band of health and value of a dimension, both as they are now, with a band all for all of them. Grain: dimension, value, currency and band',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency converted to, as by mrr_consolidated", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers: do not add it to the others",
	"customers": "Customers with MRR now", "mrr": "Their MRR", "scored_customers": "Those with a score", "total_score": "Sum of their scores", "mean_score": "total_score over scored_customers", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those"}');

-- src/reporting/views_general.sql

/*
 * views_general.sql
 *		Shipped views about all metrics, the calendar and the marts themselves.
 *
 * Rules: doc/reporting.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('calendar_days', 'general', 10, $query$
SELECT d.day, nudge.period_start(d.day, 'week', {week_start}) AS week_start, nudge.period_start(d.day, 'month') AS month_start, nudge.period_start(d.day, 'quarter') AS quarter_start, nudge.period_start(d.day, 'year') AS year_start,
	extract(year FROM d.day)::integer AS calendar_year, extract(quarter FROM d.day)::integer AS calendar_quarter, extract(month FROM d.day)::integer AS calendar_month, extract(day FROM d.day)::integer AS day_of_month,
	(d.day - nudge.period_start(d.day, 'week', {week_start}) + 1)::integer AS day_of_week,
	(ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[extract(isodow FROM d.day)::integer]::text AS weekday,
	extract(isodow FROM d.day) >= 6 AS is_weekend,
	nudge.period_start(d.day, 'year', fiscal_year_start => {fiscal_year_start}) AS fiscal_year_start,
	nudge.period_start(d.day, 'quarter', fiscal_year_start => {fiscal_year_start}) AS fiscal_quarter_start,
	extract(year FROM nudge.period_end(d.day, 'year', fiscal_year_start => {fiscal_year_start}) - 1)::integer AS fiscal_year,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 / 3 + 1)::integer AS fiscal_quarter,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 + 1)::integer AS fiscal_month,
	d.day < t.today AS is_past, d.day = t.today AS is_today
FROM (SELECT nudge.civil_date(now(), {zone}) AS today) t,
	LATERAL (SELECT nudge.period_start(t.today, 'year') - make_interval(years => 15) + make_interval(days => n) AS at FROM generate_series(0, 18 * 366) n) s,
	LATERAL (SELECT s.at::date AS day) d
WHERE d.day < nudge.period_start(t.today, 'year') + make_interval(years => 3)$query$,
	'Calendar', 'One row per day. From 15 years before the present year to two after it, for axes without holes and for fiscal periods; today is that of the zone of deploy().', NULL,
	'{"day": "Day", "week_start": "First day of its week, by the week_start of deploy()", "month_start": "First day of its month", "quarter_start": "First day of its calendar quarter", "year_start": "First day of its calendar year",
	"calendar_year": "Calendar year", "calendar_quarter": "Calendar quarter, 1 to 4", "calendar_month": "Month, 1 to 12", "day_of_month": "Day of the month, 1 to 31", "day_of_week": "Day of the week, 1 is the first one by the week_start of deploy()",
	"weekday": "Name of the day of the week, in English", "is_weekend": "Whether it is a Saturday or Sunday", "fiscal_year_start": "First day of its fiscal year, by the fiscal_year_start of deploy()",
	"fiscal_quarter_start": "First day of its fiscal quarter", "fiscal_year": "Fiscal year, named by the calendar year in which it ends", "fiscal_quarter": "Fiscal quarter, 1 to 4", "fiscal_month": "Month of the fiscal year, 1 to 12",
	"is_past": "Whether the day is over", "is_today": "Whether it is today"}',
	'{"weekday": "type/Category", "calendar_year": "type/Category", "calendar_quarter": "type/Category", "calendar_month": "type/Category", "fiscal_year": "type/Category", "fiscal_quarter": "type/Category", "fiscal_month": "type/Category"}', '{}'),

('metric_values', 'general', 20, '{metric_values}',
	'Metric values', 'One row per metric, period, slice and currency. All metrics in one long table, for charts of any of them and for rules; periods begin at midnight in the zone of deploy().',
	'Do not add values of different metrics, currencies or dimensions, nor of one whose additivity in metric_catalog is balance over time; rates are added by their numerators and denominators.',
	'{"period_start": "First day of the period", "grain": "Length of the period: day, week, month, quarter or year", "metric": "Name of the metric: metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total",
	"dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric; rates are fractions of 1; NULL: not defined, as by a denominator of 0",
	"numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio", "complete": "Whether the period is over; an open one still changes"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category"}', '{}'),

('metric_catalog', 'general', 30, $query$
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.additivity, m.grain, m.formula, m.description,
	(SELECT string_agg(DISTINCT s.mart, ', ' ORDER BY s.mart) FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric) AS marts,
	EXISTS (SELECT FROM nudge.shipped_metric_sources s JOIN nudge.materialisations t ON t.name = s.mart WHERE s.metric = m.metric AND s.grain = m.grain) AS is_deployed,
	m.place AS sort_order, (SELECT string_agg(v.name, ', ' ORDER BY v.place) FROM nudge.shipped_views v WHERE v.marts && ARRAY(SELECT s.mart FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric)) AS related_views
FROM nudge.shipped_metrics m$query$,
	'Metric catalogue', 'One row per metric. What each metric means, and how it may be added.', NULL,
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"additivity": "additive: may be added over anything; balance: not over time; not additive: add numerators and denominators instead", "grain": "Length of the periods that kpi_current compares", "formula": "How it is computed",
	"description": "What it tells, and what it leaves out", "marts": "Marts that it is read from", "is_deployed": "Whether they are there", "sort_order": "Order in which metrics are listed", "related_views": "Views that read the same marts, for what is behind the metric"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "additivity": "type/Category", "grain": "type/Category"}', '{}'),

('kpi_current', 'general', 40, $query$
WITH listed AS MATERIALIZED (
	SELECT v.* FROM nudge_reporting.metric_values v JOIN nudge.shipped_metrics m ON m.metric = v.metric AND m.grain = v.grain WHERE v.dimension = 'all'
), chosen AS (
	-- one currency stands for all: the one of deploy(), or the only one
	SELECT l.metric, count(DISTINCT l.currency) > 1 AND {currency}::text IS NULL AS several, CASE WHEN count(l.currency) > 0 THEN coalesce({currency}::text, min(l.currency)) END AS currency
	FROM listed l GROUP BY l.metric
), ends AS (
	SELECT c.metric, c.currency, c.several, max(l.period_start) FILTER (WHERE l.complete) AS last_start, max(l.period_start) FILTER (WHERE NOT l.complete) AS open_start
	FROM chosen c LEFT JOIN listed l ON l.metric = c.metric AND l.currency IS NOT DISTINCT FROM c.currency AND NOT c.several GROUP BY c.metric, c.currency, c.several
), source AS (
	SELECT DISTINCT ON (s.metric) s.metric, t.name, t.last_success_at, t.data_as_of
	FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m ON m.metric = s.metric AND m.grain = s.grain JOIN nudge.materialisations t ON t.name = s.mart
	ORDER BY s.metric, s.dimension <> '''all''', t.data_as_of
)
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.grain, CASE WHEN NOT e.several THEN e.currency END AS currency, e.last_start AS period_start,
	v.value, p.value AS previous, (v.value - p.value)::numeric(24,6) AS change, ((v.value - p.value) / nullif(abs(p.value), 0))::numeric(24,6) AS change_rate,
	g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met,
	o.value AS value_to_date, v.numerator, v.denominator, s.data_as_of AS as_of,
	CASE WHEN v.value IS NOT NULL THEN NULL WHEN s.name IS NULL THEN 'not deployed' WHEN s.last_success_at IS NULL THEN 'never refreshed' WHEN e.metric IS NULL THEN 'no data' WHEN e.several THEN 'several currencies'
		WHEN e.last_start IS NULL AND e.open_start IS NULL THEN 'no data in this currency' WHEN e.last_start IS NULL THEN 'no complete period' WHEN v.denominator = 0 THEN 'denominator is 0' WHEN v.denominator < 0 THEN 'denominator is below 0' ELSE 'not known' END AS null_reason,
	m.place AS sort_order
FROM nudge.shipped_metrics m
LEFT JOIN source s ON s.metric = m.metric
LEFT JOIN ends e ON e.metric = m.metric
LEFT JOIN listed v ON v.metric = m.metric AND v.period_start = e.last_start AND v.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed p ON p.metric = m.metric AND p.period_start = nudge.period_start(e.last_start - 1, m.grain, {week_start}, {fiscal_year_start}) AND p.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed o ON o.metric = m.metric AND o.period_start = e.open_start AND o.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN LATERAL (
	SELECT max(k.value) FILTER (WHERE k.kind = 'target') AS target, max(k.value) FILTER (WHERE k.kind = 'minimum') AS minimum, max(k.value) FILTER (WHERE k.kind = 'benchmark') AS benchmark, max(k.value) FILTER (WHERE k.kind = 'plan') AS plan
	FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
		WHERE t.metric = m.metric AND t.grain = m.grain AND t.dimension = 'all' AND t.currency = CASE WHEN m.unit = 'currency' THEN coalesce(e.currency, '') ELSE '' END AND t.period_start <= e.last_start
		ORDER BY t.kind, t.period_start DESC) k
) g ON true$query$,
	'Key figures', 'One row per metric. Its value in the last period that is over, beside the one before and what it ought to be; a NULL value has its reason.',
	'Amounts are of one currency: the one of deploy(), or the only one there is. Metrics have different units: do not add them.',
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"grain": "Length of the period", "currency": "Currency of what is counted; NULL: the metric has none, or several do", "period_start": "First day of the last period that is over, in the zone of deploy()", "value": "Value in this period",
	"previous": "Value in the period before", "change": "Value less previous", "change_rate": "Change over previous, as a fraction of 1", "target": "What is aimed at, as nudge.targets has it for the period", "minimum": "The worst that is accepted; the highest value if less is better",
	"benchmark": "Value of others", "plan": "Value in the budget", "target_met": "Whether the value is the target or better; NULL without one", "minimum_met": "Whether the value is the minimum or better; NULL without one",
	"value_to_date": "Value in the period that is open, which still changes; of a balance, the value now", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio",
	"as_of": "All that was committed before this instant is in it", "null_reason": "Why there is no value: not deployed, never refreshed, no data, no data in this currency, several currencies, no complete period, denominator is 0, denominator is below 0, not known", "sort_order": "Order in which metrics are listed"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "grain": "type/Category", "currency": "type/Category", "change_rate": "type/Percentage", "null_reason": "type/Category"}', '{}'),

('metric_progress', 'general', 50, $query$
SELECT v.period_start, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, v.value, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	(v.value - g.target)::numeric(24,6) AS target_gap, CASE WHEN m.direction = 'up' AND g.target > 0 THEN v.value / g.target END::numeric(24,6) AS attainment_rate,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met, v.complete
-- what counts from each day on which a target begins, of whichever kind
FROM (
	SELECT k.metric, k.grain, k.dimension, k.dimension_value, k.currency, k.period_start, l.target, l.minimum, l.benchmark, l.plan,
		lead(k.period_start) OVER (PARTITION BY k.metric, k.grain, k.dimension, k.dimension_value, k.currency ORDER BY k.period_start) AS until_day
	FROM (SELECT DISTINCT t.metric, t.grain, t.dimension, t.dimension_value, t.currency, t.period_start FROM nudge.targets t) k
	CROSS JOIN LATERAL (
		SELECT max(n.value) FILTER (WHERE n.kind = 'target') AS target, max(n.value) FILTER (WHERE n.kind = 'minimum') AS minimum, max(n.value) FILTER (WHERE n.kind = 'benchmark') AS benchmark, max(n.value) FILTER (WHERE n.kind = 'plan') AS plan
		FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
			WHERE t.metric = k.metric AND t.grain = k.grain AND t.dimension = k.dimension AND t.dimension_value = k.dimension_value AND t.currency = k.currency AND t.period_start <= k.period_start
			ORDER BY t.kind, t.period_start DESC) n) l
) g
JOIN nudge.shipped_metrics m ON m.metric = g.metric
JOIN nudge_reporting.metric_values v ON v.metric = g.metric AND v.grain = g.grain AND v.dimension = g.dimension AND v.dimension_value = g.dimension_value AND CASE WHEN m.unit = 'currency' THEN coalesce(v.currency, '') ELSE '' END = g.currency
	AND v.period_start >= g.period_start AND (v.period_start < g.until_day OR g.until_day IS NULL)$query$,
	'Metrics and targets', 'One row per metric, period, slice and currency that has a target. Values beside their target, minimum, benchmark and plan, for charts of both.', 'An open period is compared with the target of a whole one.',
	'{"period_start": "First day of the period, in the zone of deploy()", "grain": "Length of the period", "metric": "Name of the metric", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric", "target": "What is aimed at", "minimum": "The worst that is accepted; the highest value if less is better", "benchmark": "Value of others", "plan": "Value in the budget",
	"target_gap": "Value less target", "attainment_rate": "Value over target, as a fraction of 1; NULL if less is better or the target is not above 0", "target_met": "Whether the value is the target or better", "minimum_met": "Whether the value is the minimum or better",
	"complete": "Whether the period is over"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "attainment_rate": "type/Percentage"}', '{}'),

('metric_targets', 'general', 60, $query$
SELECT t.period_start, t.metric, t.kind AS target_kind, t.grain, t.dimension, t.dimension_value, nullif(t.currency, '') AS currency, t.value,
	lead(t.period_start) OVER (PARTITION BY t.metric, t.kind, t.grain, t.dimension, t.dimension_value, t.currency ORDER BY t.period_start) AS next_period_start, t.provenance, t.note, t.set_by::text AS set_by, t.set_at
FROM nudge.targets t$query$,
	'Targets', 'One row per target. Each holds from its period on, until the next of the same metric, kind, grain, slice and currency.', 'Placeholders are examples, not to be acted on.',
	'{"period_start": "First day of the first period that it holds for", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan", "grain": "Length of the periods", "dimension": "Dimension of the slice; all: the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of an amount; NULL for other metrics", "value": "The target; NULL: none from this period on", "next_period_start": "First day of the first period that it does not hold for any more; NULL: it holds on", "provenance": "agreed, imported, derived or placeholder",
	"note": "Who agreed, where, and why", "set_by": "Who has set it", "set_at": "When"}',
	'{"metric": "type/Category", "target_kind": "type/Category", "grain": "type/Category", "dimension": "type/Category", "provenance": "type/Category", "currency": "type/Category"}', '{}'),

('chart_annotations', 'general', 70, $query$
SELECT a.day, a.kind AS annotation_kind, a.text AS annotation_text, a.metric, nudge.period_start(a.day, 'week', {week_start}) AS week_start, nudge.period_start(a.day, 'month') AS month_start, a.annotated_by::text AS annotated_by, a.annotated_at
FROM nudge.annotations a$query$,
	'Annotations', 'One row per annotation. What happened on a day, to be drawn on charts.', NULL,
	'{"day": "When it happened", "annotation_kind": "launch, price change, campaign, outage, policy, data, market or other", "annotation_text": "What happened", "metric": "Metric whose charts show it; NULL: all", "week_start": "First day of the week, by the week_start of deploy()",
	"month_start": "First day of the month", "annotated_by": "Who has written it", "annotated_at": "When it was written"}',
	'{"annotation_kind": "type/Category", "metric": "type/Category"}', '{}'),

('data_freshness', 'general', 80, $query$
SELECT f.name AS mart, f.layer, f.status AS freshness_status, f.data_as_of AS as_of, f.last_success_at, f.next_due_at, (extract(epoch FROM f.cadence) / 60)::numeric(12,2) AS cadence_minutes,
	greatest(extract(epoch FROM now() - f.data_as_of) / 60, 0)::numeric(18,2) AS age_minutes, f.quarantined AS quarantined_keys
FROM nudge.freshness f$query$,
	'Data freshness', 'One row per mart. How fresh the numbers are that are read from it.', NULL,
	'{"mart": "Name of the mart", "layer": "staging, mart, metric or headline", "freshness_status": "fresh, or why not: not adopted, broken, disabled, never, failed, stale definition, late, quarantined", "as_of": "All that was committed before this instant is in it",
	"last_success_at": "When it was refreshed last", "next_due_at": "When it is to be refreshed next", "cadence_minutes": "Minutes between two refreshes", "age_minutes": "Minutes since as_of", "quarantined_keys": "Keys that could not be computed: their rows are older"}',
	'{"layer": "type/Category", "freshness_status": "type/Category"}', '{}'),

('reporting_settings', 'general', 90, $query$
SELECT s.setting, s.value AS setting_value, s.meaning
FROM (SELECT d.zone, d.week_start, d.fiscal_year_start::text AS fiscal_year_start, d.currency, to_char(d.deployed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS deployed_at,
		(SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'nudge_metrics') AS version FROM nudge.deployment d) o,
	LATERAL (VALUES ('zone', o.zone, 'Time zone of days, weeks and months'), ('week_start', o.week_start, 'First day of a week'), ('fiscal_year_start', o.fiscal_year_start, 'First month of a fiscal year'),
		('currency', o.currency, 'Currency of amounts that stand for all, where there are several'), ('deployed_at', o.deployed_at, 'When deploy() was called last'), ('version', o.version, 'Version of nudge_metrics')) s(setting, value, meaning)$query$,
	'Settings', 'One row per setting. By what days, weeks, fiscal years and amounts are reported.', NULL,
	'{"setting": "Name of the setting", "setting_value": "Its value; NULL: not set", "meaning": "What it is for"}', '{}', '{}'),

('_metabase_metadata', 'general', 100, $query$
SELECT k.keypath, k.value
FROM nudge.shipped_views v, LATERAL (
	SELECT v.name || '.display_name' AS keypath, v.display_name AS value WHERE v.name <> '_metabase_metadata'
	UNION ALL SELECT v.name || '.caveats', v.caveats WHERE v.caveats IS NOT NULL
	UNION ALL SELECT format('%s.%s.semantic_type', v.name, t.key), t.value FROM jsonb_each_text(v.semantic_types) t
	UNION ALL SELECT format('%s.%s.display_name', v.name, d.key), d.value FROM jsonb_each_text(v.display_names) d
) k
WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relname::text = v.name AND c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge_reporting'))$query$,
	'Metadata for Metabase', 'One row per property of a view or column. Metabase takes display names, semantic types and caveats from it.', NULL,
	'{"keypath": "View or view.column, then the property: display_name, semantic_type or caveats", "value": "Value of the property"}', '{}', '{}');

-- src/reporting/views_revenue.sql

/*
 * views_revenue.sql
 *		Shipped views about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly', 'revenue', 1000, '{mrr_summary}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete,
	(s.net_new_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS mrr_growth_rate, (-s.churn_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate,
	(-(s.churn_mrr + s.contraction_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS gross_mrr_churn_rate, (s.churned_customers::numeric / nullif(s.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	((s.opening_mrr + s.expansion_mrr + s.contraction_mrr + s.churn_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS monthly_net_revenue_retention_rate, (s.closing_mrr / nullif(s.closing_customers, 0))::numeric(24,6) AS arpa
FROM nudge_analytics.mrr_summary s$query$,
	'MRR by month', 'One row per month and currency. The MRR waterfall: opening MRR, its movements and closing MRR; months are those of the zone of deploy().',
	'opening_, closing_ and all rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"mrr_growth_rate": "net_new_mrr over opening_mrr, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "gross_mrr_churn_rate": "Churned and contracted MRR over opening_mrr, as a fraction of 1",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "monthly_net_revenue_retention_rate": "Opening MRR with expansion, contraction and churn, over opening_mrr, as a fraction of 1; revenue_retention_monthly has that of 12 months", "arpa": "closing_mrr over closing_customers"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "arpa": "type/Currency", "mrr_growth_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage", "gross_mrr_churn_rate": "type/Percentage", "logo_churn_rate": "type/Percentage",
	"monthly_net_revenue_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR",
	"closing_mrr": "Closing MRR", "mrr_growth_rate": "MRR growth", "churned_mrr_rate": "Churned MRR rate", "gross_mrr_churn_rate": "Gross MRR churn rate", "arpa": "ARPA"}'),

('customer_mrr_periods', 'revenue', 1010, '{customer_mrr_timeline}', $query$
SELECT t.started_at, t.ended_at, t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, nudge.civil_date(t.started_at, {zone}) AS first_day, nudge.civil_date(t.ended_at, {zone}) AS end_day
FROM nudge_analytics.customer_mrr_timeline t$query$,
	'MRR of customers over time', 'One row per customer, currency and period of time in which no price starts or ends. The rows behind every MRR: that of an instant is the sum of the rows that began before it and have not ended before it.',
	'Rows of different times are not to be added: choose an instant.',
	'{"started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "customer": "Customer", "currency": "Currency of the prices", "mrr": "Sum of the prices in force",
	"first_day": "Day of started_at, in the zone of deploy()", "end_day": "Day of ended_at, in the zone of deploy(); NULL: it has no end yet"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('customer_mrr_now', 'revenue', 1020, '{customer_mrr_timeline,mrr_summary}', $query$
SELECT t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, t.customer_since, t.last_end_day AS end_day,
	(SELECT nudge.civil_date(m.clock_at, {zone}) FROM nudge.materialisations m WHERE m.name = 'mrr_summary') AS as_of_day
FROM nudge_analytics.customer_mrr_timeline t
-- sub-selects and no join: a scan that needs no other table
WHERE (t.ended_at IS NULL OR t.ended_at >= (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary')) AND t.started_at < (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary') AND t.mrr > 0$query$,
	'Customers with MRR now', 'One row per customer and currency with MRR now. The customers behind closing_mrr and closing_customers of the open month of mrr_monthly.', 'Amounts of different currencies are not to be added.',
	'{"customer": "Customer", "currency": "Currency of the MRR", "mrr": "MRR at the instant that mrr_monthly was computed for", "customer_since": "Day of the first price ever, in the zone of deploy()", "end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on",
	"as_of_day": "Day of this instant, in the zone of deploy()"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('metric_revisions', 'revenue', 1030, '{mrr_summary}', $query$
SELECT c.period AS period_start, coalesce(nullif(c.currency, ''), s.currency) AS currency, c.version AS report_version, c.closing_mrr::numeric(24,6) AS reported_mrr, s.closing_mrr::numeric(24,6) AS mrr_now, (s.closing_mrr - c.closing_mrr)::numeric(24,6) AS mrr_difference,
	c.customers AS reported_customers, s.closing_customers AS customers_now, c.closed_at AS reported_at, c.reopened_at, c.reason AS reopening_reason
FROM nudge.closed_periods c LEFT JOIN nudge_analytics.mrr_summary s ON s.period = c.period
	-- a state without currency is of the only one
	AND (s.currency = c.currency OR c.currency = '' AND NOT EXISTS (SELECT FROM nudge_analytics.mrr_summary o WHERE o.currency <> s.currency))
WHERE c.grain = 'month' AND lower(c.zone) = lower({zone})$query$,
	'MRR as it was reported', 'One row per month that was closed, currency and version. What was reported as closing MRR, what it would be now, and why it was opened again.', 'Months closed in another zone than that of deploy() are left out; one closed without a currency is compared only if there is one currency.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "report_version": "1, and one more each time that the month was closed again", "reported_mrr": "Closing MRR as it was reported", "mrr_now": "Closing MRR as it is computed now; NULL: there is none",
	"mrr_difference": "mrr_now less reported_mrr", "reported_customers": "Customers as they were reported", "customers_now": "Customers as they are counted now", "reported_at": "When the month was closed", "reopened_at": "When it was opened again; NULL: this is the version in force",
	"reopening_reason": "Why it was opened again"}',
	'{"currency": "type/Category", "reported_mrr": "type/Currency", "mrr_now": "type/Currency", "mrr_difference": "type/Currency"}', '{"reported_mrr": "Reported MRR", "mrr_now": "MRR now", "mrr_difference": "Difference of MRR"}');

-- Retention, slices, cohorts, and the customers behind each movement.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('revenue_retention_monthly', 'revenue', 1100, '{revenue_retention}', $query$
SELECT r.period AS period_start, r.currency, r.opening_mrr::numeric(24,6) AS opening_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, (r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS retained_mrr,
	(r.opening_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS gross_retained_mrr, r.opening_customers, r.churned_customers,
	r.opening_customers - r.churned_customers AS retained_customers, r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate,
	r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate, r.complete
FROM nudge_analytics.revenue_retention r$query$,
	'Revenue retention by month', 'One row per month that is over and currency. What became in 12 months of the MRR of the customers of 12 months before: net and gross revenue retention; months are those of the zone of deploy().',
	'Rates are not to be added over months or currencies. The 12 months of two rows overlap.',
	'{"period_start": "First day of the month that ends the 12", "currency": "Currency of the amounts", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more",
	"contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative",
	"retained_mrr": "MRR of these customers as the 12 months close: numerator of net retention", "gross_retained_mrr": "The same without what they have more: numerator of gross retention",
	"opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close", "retained_customers": "Customers that are left: numerator of customer retention",
	"net_revenue_retention_rate": "retained_mrr over opening_mrr, as a fraction of 1", "gross_revenue_retention_rate": "gross_retained_mrr over opening_mrr, as a fraction of 1",
	"logo_retention_rate": "retained_customers over opening_customers, as a fraction of 1", "complete": "True: the month is over"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "retained_mrr": "type/Currency",
	"gross_retained_mrr": "type/Currency", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage", "logo_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "retained_mrr": "Retained MRR",
	"gross_retained_mrr": "Gross retained MRR"}'),

('revenue_retention_monthly_by_dimension', 'revenue', 1110, '{revenue_retention_by_dimension}', $query$
SELECT r.period AS period_start, r.currency, r.dimension, r.value AS dimension_value, r.opening_mrr::numeric(24,6) AS opening_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr,
	r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	(r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS retained_mrr, (r.opening_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS gross_retained_mrr,
	r.opening_customers, r.churned_customers, r.opening_customers - r.churned_customers AS retained_customers, r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate,
	r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate, r.complete
FROM nudge_analytics.revenue_retention_by_dimension r$query$,
	'Revenue retention by dimension', 'One row per month that is over, currency and value of a dimension. As revenue_retention_monthly, by what is known of the customers now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. The 12 months of two rows overlap.',
	'{"period_start": "First day of the month that ends the 12", "currency": "Currency of the amounts",
	"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "dimension_value": "Value of the customers now; (none) for those without",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "retained_mrr": "MRR of these customers as the 12 months close: numerator of net retention",
	"gross_retained_mrr": "The same without what they have more: numerator of gross retention", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close", "retained_customers": "Customers that are left: numerator of customer retention",
	"net_revenue_retention_rate": "retained_mrr over opening_mrr, as a fraction of 1", "gross_revenue_retention_rate": "gross_retained_mrr over opening_mrr, as a fraction of 1",
	"logo_retention_rate": "retained_customers over opening_customers, as a fraction of 1", "complete": "True: the month is over"}',
	'{"currency": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "opening_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency",
	"churn_mrr": "type/Currency", "retained_mrr": "type/Currency", "gross_retained_mrr": "type/Currency", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage",
	"logo_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "retained_mrr": "Retained MRR",
	"gross_retained_mrr": "Gross retained MRR"}'),

('mrr_monthly_by_dimension', 'revenue', 1120, '{mrr_by_dimension,mrr_by_segment}', $query$
SELECT r.period AS period_start, r.currency, r.dimension, r.value AS dimension_value, r.opening_mrr::numeric(24,6) AS opening_mrr, r.new_mrr::numeric(24,6) AS new_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, r.fx_mrr::numeric(24,6) AS fx_mrr, r.net_new_mrr::numeric(24,6) AS net_new_mrr, r.closing_mrr::numeric(24,6) AS closing_mrr, r.opening_customers,
	r.new_customers, r.reactivated_customers, r.expanded_customers, r.contracted_customers, r.churned_customers, r.closing_customers,
	(-r.churn_mrr / nullif(r.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate, (r.churned_customers::numeric / nullif(r.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	(r.closing_mrr / nullif(r.closing_customers, 0))::numeric(24,6) AS arpa, r.complete
FROM (SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.period, s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, s.fx_mrr, s.net_new_mrr, s.closing_mrr, s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete
	FROM nudge_analytics.mrr_by_segment s WHERE s.segment <> 'all'
	UNION ALL SELECT d.dimension, d.value, d.currency, d.period, d.opening_mrr, d.new_mrr, d.reactivation_mrr, d.expansion_mrr, d.contraction_mrr, d.churn_mrr, d.fx_mrr, d.net_new_mrr, d.closing_mrr, d.opening_customers, d.new_customers, d.reactivated_customers, d.expanded_customers, d.contracted_customers, d.churned_customers, d.closing_customers, d.complete
	FROM nudge_analytics.mrr_by_dimension d) r$query$,
	'MRR by month and dimension', 'One row per month, currency and value of a dimension. As mrr_monthly, by what is known of the customers now: segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure, initial_contract_size; months are those of the zone of deploy().',
	'Amounts are in the currency that is paid, and not converted as those of metric_values. Each dimension has all customers: do not add dimensions. opening_, closing_ and rates are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them",
	"dimension_value": "Value of the customers now; (none) for those without", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1",
	"arpa": "closing_mrr over closing_customers", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency",
	"expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency",
	"churned_mrr_rate": "type/Percentage", "logo_churn_rate": "type/Percentage", "arpa": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR", "churned_mrr_rate": "Churned MRR rate", "arpa": "ARPA"}'),

('revenue_cohort_months', 'revenue', 1130, '{revenue_cohorts}', $query$
SELECT r.cohort AS cohort_start, r.age AS age_months, r.period AS period_start, r.currency, r.cohort_customers, r.cohort_mrr::numeric(24,6) AS cohort_mrr, r.customers, r.mrr::numeric(24,6) AS mrr,
	r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate,
	r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate, r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.complete
FROM nudge_analytics.revenue_cohorts r$query$,
	'Revenue cohorts', 'One row per currency, cohort and age in months. What became of the customers whose first revenue was in a month; months are those of the zone of deploy().',
	'Add customers and mrr of cohorts of the same age, and divide: rates are not to be added. An open month is not over: complete is false.',
	'{"cohort_start": "First day of the month of the first revenue", "age_months": "Months since", "period_start": "First day of the month that the row is about", "currency": "Currency of the amounts",
	"cohort_customers": "Customers in the cohort", "cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed",
	"expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative", "churn_mrr": "MRR of those who have none any more, negative",
	"reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, as a fraction of 1",
	"net_revenue_retention_rate": "mrr over cohort_mrr, as a fraction of 1", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, as a fraction of 1",
	"complete": "Whether the month is over"}',
	'{"currency": "type/Category", "cohort_mrr": "type/Currency", "mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency",
	"reactivation_mrr": "type/Currency", "logo_retention_rate": "type/Percentage", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Month", "age_months": "Age in months", "cohort_mrr": "Cohort MRR", "mrr": "MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "reactivation_mrr": "Reactivation MRR"}'),

('revenue_cohort_months_by_dimension', 'revenue', 2320, '{revenue_cohorts_by_dimension}', $query$
SELECT r.cohort AS cohort_start, r.age AS age_months, r.period AS period_start, r.dimension, r.value AS dimension_value, r.currency, r.cohort_customers, r.cohort_mrr::numeric(24,6) AS cohort_mrr, r.customers, r.mrr::numeric(24,6) AS mrr,
	r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate,
	r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate, r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.complete
FROM nudge_analytics.revenue_cohorts_by_dimension r$query$,
	'Revenue cohorts by dimension', 'One row per value of a dimension, currency, cohort and age in months. What became of the customers whose first revenue was in a month, by what they are now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. Add customers and mrr of cohorts of the same age, and divide: rates are not to be added. An open month is not over: complete is false.',
	'{"cohort_start": "First day of the month of the first revenue", "age_months": "Months since", "period_start": "First day of the month that the row is about", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "currency": "Currency of the amounts",
	"cohort_customers": "Customers in the cohort", "cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed",
	"expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative", "churn_mrr": "MRR of those who have none any more, negative",
	"reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, as a fraction of 1",
	"net_revenue_retention_rate": "mrr over cohort_mrr, as a fraction of 1", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, as a fraction of 1",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "cohort_mrr": "type/Currency", "mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency",
	"reactivation_mrr": "type/Currency", "logo_retention_rate": "type/Percentage", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Month", "age_months": "Age in months", "cohort_mrr": "Cohort MRR", "mrr": "MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "reactivation_mrr": "Reactivation MRR"}'),

('customer_revenue_monthly', 'revenue', 1140, '{fact_revenue}', $query$
SELECT r.period AS period_start, r.customer, r.currency, r.movement, r.opening_mrr::numeric(24,6) AS opening_mrr, r.new_mrr::numeric(24,6) AS new_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, r.net_new_mrr::numeric(24,6) AS net_new_mrr, r.closing_mrr::numeric(24,6) AS closing_mrr, r.complete
FROM nudge_analytics.fact_revenue r$query$,
	'Revenue of customers by month', 'One row per customer, currency and month that opens or closes with MRR, movements in columns of their own. For sums of opening, closing or movements over customers, and for months in which nothing moved; who moved is found faster in customer_mrr_movements. Months are those of the zone of deploy().',
	'opening_ and closing_ are not to be added over months; currencies are not to be added.',
	'{"period_start": "First day of the month", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction, churn or none",
	"opening_mrr": "MRR of the customer as the month opened", "new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened",
	"expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative", "churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}',
	'{"customer": "type/FK", "currency": "type/Category", "movement": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency",
	"expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR"}');

-- src/reporting/views_consolidated.sql

/*
 * views_consolidated.sql
 *		Shipped views about revenue of all currencies in one, and why it moved.
 *
 * Rules: doc/reporting.md; definitions: doc/conversion.md, doc/revenue_items.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly_consolidated', 'revenue', 1002, '{mrr_consolidated}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete
FROM nudge_analytics.mrr_consolidated s$query$,
	'MRR by month, all currencies', 'One row per month and currency converted to. The MRR waterfall of customers of all currencies in the one of deploy(), at the exchange rate of the last day of each month; without rates each currency is one of its own.',
	'opening_ and closing_ are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency that all amounts are in", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "What exchange rates alone have moved", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR"}'),

('mrr_causes_monthly', 'revenue', 1004, '{mrr_causes}', $query$
SELECT k.period AS period_start, k.currency, k.movement, k.cause, k.amount::numeric(24,6) AS mrr, k.customers, k.complete
FROM nudge_analytics.mrr_causes k$query$,
	'Why MRR moved', 'One row per month, currency, movement and cause. Quantity, price, plan, discount, add-on, kind of churn or exchange rate behind each movement of MRR: the causes of a movement add up to it.',
	'customers are not to be added over causes: one customer may have several.',
	'{"period_start": "First day of the month", "currency": "Currency that all amounts are in", "movement": "new, reactivation, expansion, contraction, churn or fx", "cause": "What moved it: quantity, price, plan, discount, discount_end, addon, currency, churn_voluntary, churn_involuntary and others",
	"mrr": "MRR that it moved, negative if it is less", "customers": "Customers that it moved", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "movement": "type/Category", "cause": "type/Category", "mrr": "type/Currency"}', '{"period_start": "Month", "mrr": "MRR"}');

-- src/reporting/views_facts.sql

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

-- src/reporting/views_customers.sql

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

-- src/reporting/views_usage.sql

/*
 * views_usage.sql
 *		Shipped views about what users do.
 *
 * Rules: doc/reporting.md; definitions: doc/active_users.md, doc/retention.md, doc/features.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('active_users_daily', 'usage', 1300, '{active_users}', $query$
SELECT r.day, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau_mau_rate::numeric(24,6) AS stickiness_rate, r.dau_wau_rate::numeric(24,6) AS dau_wau_rate,
	(r.dau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS daily_active_rate, (r.wau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS weekly_active_rate, r.complete AS has_30_days
FROM nudge_analytics.active_users r$query$,
	'Active users by day', 'One row per day. Users active on the day, on the 7 and on the 30 that end with it; days are those of the zone of deploy(), from the first with any activity to yesterday.',
	'Users are not to be added over days: who comes on two of them is one user.',
	'{"day": "Day", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "stickiness_rate": "dau over mau, as a fraction of 1", "dau_wau_rate": "dau over wau, as a fraction of 1",
	"daily_active_rate": "dau over total_users, as a fraction of 1", "weekly_active_rate": "wau over total_users, as a fraction of 1", "has_30_days": "Whether the data go back the 30 days"}',
	'{"stickiness_rate": "type/Percentage", "dau_wau_rate": "type/Percentage", "daily_active_rate": "type/Percentage", "weekly_active_rate": "type/Percentage"}',
	'{"has_30_days": "Has 30 days", "dau": "DAU", "wau": "WAU", "mau": "MAU", "dau_wau_rate": "DAU WAU rate"}'),

('user_lifecycle', 'usage', 1310, '{lifecycle}', $query$
SELECT r.period AS period_start, r.grain, r.active_users, r.new_users, r.returning_users, r.resurrecting_users AS resurrected_users, r.dormant_users,
	r.returning_users + r.dormant_users AS previous_users, (r.returning_users::numeric / nullif(r.returning_users + r.dormant_users, 0))::numeric(24,6) AS user_retention_rate,
	((r.new_users + r.resurrecting_users)::numeric / nullif(r.dormant_users, 0))::numeric(24,6) AS user_quick_ratio, r.complete
FROM nudge_analytics.lifecycle r$query$,
	'User lifecycle', 'One row per week or month. Where active users come from and go: new, returning, resurrected, dormant; periods are those of the zone of deploy().',
	'Weeks and months are not to be added: choose a grain. The last period is open: complete is false.',
	'{"period_start": "First day of the period", "grain": "week or month: do not add both", "active_users": "Users active in it", "new_users": "Those that never were before",
	"returning_users": "Those that were in the period before", "resurrected_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not",
	"previous_users": "Active users of the period before", "user_retention_rate": "returning_users over previous_users, as a fraction of 1",
	"user_quick_ratio": "new_users and resurrected_users over dormant_users", "complete": "Whether the period is over"}',
	'{"grain": "type/Category", "user_retention_rate": "type/Percentage"}',
	'{"period_start": "Period"}'),

('user_retention_cohorts', 'usage', 1320, '{cohort_retention}', $query$
SELECT r.cohort AS cohort_start, r.grain, r.age, r.period AS period_start, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate
FROM nudge_analytics.cohort_retention r
WHERE r.eligible_users > 0$query$,
	'User retention cohorts', 'One row per grain, cohort and age whose period is over. How many users of a cohort, by the week or month of their first active day, come back 1 to 12 periods later; periods are those of the zone of deploy().',
	'Choose a grain. Add retained_users and eligible_users of cohorts of the same age, and divide: rates are not to be added.',
	'{"cohort_start": "First day of the period of the first active day", "grain": "week or month: do not add both", "age": "Periods since", "period_start": "First day of the period that the row is about",
	"cohort_users": "Users in the cohort", "eligible_users": "Those for whom the period is over: the denominator", "retained_users": "Those active in the period; NULL if it is not over",
	"retention_rate": "retained_users over eligible_users, as a fraction of 1"}',
	'{"grain": "type/Category", "retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Period"}'),

('user_retention_by_day', 'usage', 1330, '{user_retention}', $query$
SELECT r.period AS period_start, r.age AS age_days, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate, r.complete
FROM nudge_analytics.user_retention r$query$,
	'Day-1, day-7, day-30 and day-90 retention', 'One row per month of first activity and age in days. How many users are active 1, 7, 30 and 90 days after their first active day; months are those of the zone of deploy().',
	'Choose an age. Add retained_users and eligible_users of months, and divide: rates are not to be added.',
	'{"period_start": "First day of the month of the first active day", "age_days": "Days since the first active day: 1, 7, 30 or 90; do not add them", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, as a fraction of 1",
	"complete": "Whether the day is over for all of them"}',
	'{"retention_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('user_classes_weekly', 'usage', 1340, '{user_classes}', $query$
SELECT r.period AS period_start, r.power_users, r.regular_users, r.low_users, r.dormant_users, r.active_users, r.qualified_users AS engaged_users, r.total_users,
	r.qualified_rate::numeric(24,6) AS engaged_user_rate, r.complete
FROM nudge_analytics.user_classes r$query$,
	'Users by intensity of use', 'One row per week. Users by their actions in it: power, regular, low and dormant; weeks are those of the zone and the week_start of deploy().',
	'Users are not to be added over weeks. The last week is open: complete is false.',
	'{"period_start": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions",
	"dormant_users": "Users that were active before, and not in the week", "active_users": "Users with an action", "engaged_users": "Users with 3 actions or more",
	"total_users": "Users first active in the week or before", "engaged_user_rate": "engaged_users over total_users, as a fraction of 1", "complete": "Whether the week is over"}',
	'{"engaged_user_rate": "type/Percentage"}',
	'{"period_start": "Week"}'),

('feature_adoption_monthly', 'usage', 1350, '{feature_adoption_by_month}', $query$
SELECT r.period AS period_start, r.feature, r.users, r.discovered_users, r.tried_users, r.adopted_users, r.habitual_users, r.uses,
	(r.discovered_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_discovery_rate, r.adoption_rate::numeric(24,6) AS feature_adoption_rate,
	(r.adopted_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_adopted_rate, (r.habitual_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_habit_rate, r.complete
FROM nudge_analytics.feature_adoption_by_month r$query$,
	'Feature adoption by month', 'One row per feature and month. How far users had come with each feature by the end of the month; months are those of the zone of deploy().',
	'Users are not to be added over features or months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "feature": "Feature", "users": "Users that had signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it",
	"tried_users": "Users that had used it", "adopted_users": "Users that had used it 3 times or more", "habitual_users": "Users that used it in each of the last 4 whole weeks", "uses": "Uses so far",
	"feature_discovery_rate": "discovered_users over users, as a fraction of 1", "feature_adoption_rate": "tried_users over users, as a fraction of 1",
	"feature_adopted_rate": "adopted_users over users, as a fraction of 1", "feature_habit_rate": "habitual_users over users, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"feature": "type/Category", "feature_discovery_rate": "type/Percentage", "feature_adoption_rate": "type/Percentage", "feature_adopted_rate": "type/Percentage", "feature_habit_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('feature_adoption_now', 'usage', 1360, '{feature_adoption}', $query$
SELECT r.feature, r.users, r.discovered_users, r.tried_users, r.adopted_users, r.habitual_users, r.adoption_rate::numeric(24,6) AS feature_adoption_rate, r.uses,
	r.usage_frequency::numeric(24,6) AS usage_frequency, r.success_rate::numeric(24,6) AS success_rate, r.completions, r.completion_rate::numeric(24,6) AS completion_rate,
	r.median_duration_seconds::numeric(24,6) AS median_duration_seconds, r.median_seconds_to_first_use::numeric(24,6) AS median_seconds_to_first_use,
	r.median_seconds_to_adopt::numeric(24,6) AS median_seconds_to_adopt, r.value_created::numeric(24,6) AS value_created, k.data_as_of AS as_of
FROM nudge_analytics.feature_adoption r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'feature_adoption') k$query$,
	'Feature adoption now', 'One row per feature. How far users have come with each feature, how often, how well and how soon they use it.',
	'Users are not to be added over features; medians and rates not at all.',
	'{"feature": "Feature", "users": "Users that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it",
	"adopted_users": "Users that used it 3 times or more", "habitual_users": "Users that used it in each of the last 4 whole weeks", "feature_adoption_rate": "tried_users over users, as a fraction of 1",
	"uses": "Uses", "usage_frequency": "uses over tried_users", "success_rate": "Successful uses over those whose outcome is known, as a fraction of 1", "completions": "Completions",
	"completion_rate": "completions over uses, as a fraction of 1", "median_duration_seconds": "Median duration of a use", "median_seconds_to_first_use": "Median time from signing up to the first use",
	"median_seconds_to_adopt": "Median time from signing up to the third use", "value_created": "Sum of the values of events", "as_of": "All that was committed before this instant is in it"}',
	'{"feature": "type/Category", "feature_adoption_rate": "type/Percentage", "success_rate": "type/Percentage", "completion_rate": "type/Percentage"}',
	'{}');

-- The same by what users and their accounts are now.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('active_users_daily_by_dimension', 'usage', 2200, '{active_users_by_dimension}', $query$
SELECT r.day, r.dimension, r.value AS dimension_value, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau_mau_rate::numeric(24,6) AS stickiness_rate, r.dau_wau_rate::numeric(24,6) AS dau_wau_rate,
	(r.dau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS daily_active_rate, (r.wau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS weekly_active_rate, r.complete AS has_30_days, r.every_day AS has_every_day
FROM nudge_analytics.active_users_by_dimension r$query$,
	'Active users by day and dimension', 'One row per day, dimension and value, from the first day on which any of the users was active. As active_users_daily, by what users and their accounts are now: each day of the present month and the 12 before it, before them the last of each week and month.',
	'Choose one dimension: each has all users. Users are not to be added over days. For a line of days take those with has_every_day.',
	'{"day": "Day", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "stickiness_rate": "dau over mau, as a fraction of 1", "dau_wau_rate": "dau over wau, as a fraction of 1", "daily_active_rate": "dau over total_users, as a fraction of 1",
	"weekly_active_rate": "wau over total_users, as a fraction of 1", "has_30_days": "Whether the data, of all users, go back the 30 days", "has_every_day": "Whether the days beside it are there too: of the present month and the 12 before it"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "stickiness_rate": "type/Percentage", "dau_wau_rate": "type/Percentage", "daily_active_rate": "type/Percentage", "weekly_active_rate": "type/Percentage"}',
	'{"has_30_days": "Has 30 days", "dau": "DAU", "wau": "WAU", "mau": "MAU", "dau_wau_rate": "DAU WAU rate"}'),

('user_lifecycle_by_dimension', 'usage', 2201, '{lifecycle_by_dimension}', $query$
SELECT r.period AS period_start, r.grain, r.dimension, r.value AS dimension_value, r.active_users, r.new_users, r.returning_users, r.resurrecting_users AS resurrected_users, r.dormant_users,
	r.returning_users + r.dormant_users AS previous_users, (r.returning_users::numeric / nullif(r.returning_users + r.dormant_users, 0))::numeric(24,6) AS user_retention_rate,
	((r.new_users + r.resurrecting_users)::numeric / nullif(r.dormant_users, 0))::numeric(24,6) AS user_quick_ratio, r.complete
FROM nudge_analytics.lifecycle_by_dimension r$query$,
	'User lifecycle by dimension', 'One row per week or month, dimension and value. As user_lifecycle, by what users and their accounts are now.',
	'Choose a grain and one dimension: each has all users. The last period is open: complete is false.',
	'{"period_start": "First day of the period, in the zone of deploy()", "grain": "week or month: do not add both", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "active_users": "Users active in it", "new_users": "Those that never were before",
	"returning_users": "Those that were in the period before", "resurrected_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not",
	"previous_users": "Active users of the period before", "user_retention_rate": "returning_users over previous_users, as a fraction of 1",
	"user_quick_ratio": "new_users and resurrected_users over dormant_users", "complete": "Whether the period is over"}',
	'{"grain": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "user_retention_rate": "type/Percentage"}',
	'{"period_start": "Period"}'),

('user_retention_cohorts_by_dimension', 'usage', 2202, '{cohort_retention_by_dimension}', $query$
SELECT r.cohort AS cohort_start, r.dimension, r.value AS dimension_value, r.age AS age_months, r.period AS period_start, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate
FROM nudge_analytics.cohort_retention_by_dimension r
WHERE r.eligible_users > 0$query$,
	'User retention cohorts by dimension', 'One row per cohort, age whose month is over, dimension and value. How many users of a cohort, by the month of their first active day and what they and their accounts are now, come back 1 to 12 months later.',
	'Choose one dimension: each has all users. Add retained_users and eligible_users of cohorts of the same age, and divide: rates are not to be added.',
	'{"cohort_start": "First day of the month of the first active day, in the zone of deploy()", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "age_months": "Months since", "period_start": "First day of the month that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the month is over: the denominator", "retained_users": "Those active in the month", "retention_rate": "retained_users over eligible_users, as a fraction of 1"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Period"}'),

('user_retention_days_by_dimension', 'usage', 2203, '{user_retention_by_dimension}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.age AS age_days, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate, r.complete
FROM nudge_analytics.user_retention_by_dimension r$query$,
	'Day-1, day-7, day-30 and day-90 retention by dimension', 'One row per month of first activity, dimension, value and age in days. As user_retention_by_day, by what users and their accounts are now.',
	'Choose an age and one dimension: each has all users. Add retained_users and eligible_users of months, and divide: rates are not to be added.',
	'{"period_start": "First day of the month of the first active day, in the zone of deploy()", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "age_days": "Days since the first active day: 1, 7, 30 or 90; do not add them", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, as a fraction of 1",
	"complete": "Whether the day is over for all of them"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "retention_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('user_classes_weekly_by_dimension', 'usage', 2204, '{user_classes_by_dimension}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.power_users, r.regular_users, r.low_users, r.dormant_users, r.active_users, r.qualified_users AS engaged_users, r.total_users,
	r.qualified_rate::numeric(24,6) AS engaged_user_rate, r.complete
FROM nudge_analytics.user_classes_by_dimension r$query$,
	'Users by intensity of use and dimension', 'One row per week, dimension and value. As user_classes_weekly, by what users and their accounts are now.',
	'Choose one dimension: each has all users. Users are not to be added over weeks. The last week is open: complete is false.',
	'{"period_start": "First day of the week, in the zone of deploy()", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions",
	"dormant_users": "Users that were active before, and not in the week", "active_users": "Users with an action", "engaged_users": "Users with 3 actions or more",
	"total_users": "Users first active in the week or before", "engaged_user_rate": "engaged_users over total_users, as a fraction of 1", "complete": "Whether the week is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "engaged_user_rate": "type/Percentage"}',
	'{"period_start": "Week"}'),

('feature_adoption_now_by_dimension', 'usage', 2205, '{feature_adoption_by_dimension}', $query$
SELECT r.feature, r.dimension, r.value AS dimension_value, r.users, r.discovered_users, r.tried_users, r.adopted_users, r.habitual_users, r.uses, (r.discovered_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_discovery_rate,
	r.adoption_rate::numeric(24,6) AS feature_adoption_rate, (r.adopted_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_adopted_rate, (r.habitual_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_habit_rate,
	r.usage_frequency::numeric(24,6) AS usage_frequency, k.data_as_of AS as_of
FROM nudge_analytics.feature_adoption_by_dimension r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'feature_adoption_by_dimension') k$query$,
	'Feature adoption now by dimension', 'One row per feature, dimension and value that any user has. How far users have come with each feature, by what they and their accounts are now.',
	'Choose one dimension: each has all users. Users are not to be added over features.',
	'{"feature": "Feature", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "users": "Users of the value that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "uses": "Uses", "feature_discovery_rate": "discovered_users over users, as a fraction of 1", "feature_adoption_rate": "tried_users over users, as a fraction of 1",
	"feature_adopted_rate": "adopted_users over users, as a fraction of 1", "feature_habit_rate": "habitual_users over users, as a fraction of 1", "usage_frequency": "uses over tried_users", "as_of": "All that was committed before this instant is in it"}',
	'{"feature": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "feature_discovery_rate": "type/Percentage", "feature_adoption_rate": "type/Percentage", "feature_adopted_rate": "type/Percentage", "feature_habit_rate": "type/Percentage"}',
	'{}'),

('activation_by_period', 'usage', 2206, '{activation}', $query$
SELECT r.period AS period_start, r.grain, r.dimension, r.value AS dimension_value, r.sign_ups, r.eligible_users, r.activated_users, r.activation_rate::numeric(24,6) AS activation_rate, r.week_eligible_users, r.week_activated_users,
	r.week_activation_rate::numeric(24,6) AS week_activation_rate, (r.median_seconds_to_activate / 3600)::numeric(24,6) AS median_hours_to_activate, r.period_complete, r.complete, r.week_complete, r.null_reason
FROM nudge_analytics.activation r$query$,
	'Activation', 'One row per week or month with sign-ups, dimension and value; all is the total. How many of the users that signed up did something of the action set activation of nudge.action_sets within 24 hours, or 7 days, in all and by what they and their accounts are now.',
	'Choose a grain and one dimension: each has all users. To add rates, add their numerators and denominators, and divide. Of days that are over.',
	'{"period_start": "First day of the period of signing up, in the zone of deploy()", "grain": "week or month: do not add both", "dimension": "all, or segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without, all for all", "sign_ups": "Users that signed up, but internal ones",
	"eligible_users": "Those whose first 24 hours are over: the denominator of activation_rate", "activated_users": "Those of them that did an action within these; NULL without the action set", "activation_rate": "activated_users over eligible_users, as a fraction of 1",
	"week_eligible_users": "Users whose first 7 days are over: the denominator of week_activation_rate", "week_activated_users": "Those of them that did an action within these", "week_activation_rate": "week_activated_users over week_eligible_users, as a fraction of 1",
	"median_hours_to_activate": "Median hours from signing up to the first action, of week_activated_users", "period_complete": "Whether the period is over", "complete": "Whether the first 24 hours are over for all of them", "week_complete": "Whether the first 7 days are over for all of them",
	"null_reason": "no action set activation: nothing says what activates a user; NULL otherwise"}',
	'{"grain": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "activation_rate": "type/Percentage", "week_activation_rate": "type/Percentage", "null_reason": "type/Category"}',
	'{"period_start": "Period"}'),

('activation_users', 'usage', 2207, '{user_activation,user_dimensions}', $query$
SELECT u."user" AS user_id, u.customer, u.signed_up_at, u.signed_up_month, u.signed_up_week, u.activated_at, (extract(epoch FROM u.activated_at - u.signed_up_at) / 3600)::numeric(24,6) AS hours_to_activate, (u.activated_at <= u.signed_up_at + interval '24 hours') IS TRUE AS is_activated_in_a_day,
	(u.activated_at <= u.signed_up_at + interval '168 hours') IS TRUE AS is_activated_in_a_week, d.segment, d.industry, d.company_size, d.region, d.growth_tier, d.sales_channel, d.plan, d.product_mix, d.tenure, d.initial_contract_size, d.user_plan, d.role AS user_role
FROM nudge_analytics.user_activation u JOIN nudge_analytics.user_dimensions d ON d."user" = u."user"$query$,
	'Users and their activation', 'One row per user that is not internal. The users behind activation_by_period: when each signed up and was activated, and what it and its account are now.',
	'Users that signed up today are in it, and in no total yet.',
	'{"user_id": "User", "customer": "Account to which the user belongs", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it, in the zone of deploy()", "signed_up_week": "First day of the week of it, in the zone of deploy()", "activated_at": "First event of the action set activation, from signing up on; NULL if there is none",
	"hours_to_activate": "Hours from signing up to it", "is_activated_in_a_day": "Whether it was within 24 hours", "is_activated_in_a_week": "Whether it was within 7 days", "segment": "Segment of the account now; (none) for those without, here as below", "industry": "Industry of the account", "company_size": "Class of size of the account",
	"region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account is sold to", "plan": "Plan of the account by its prices", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account has been a customer",
	"initial_contract_size": "Class of the first MRR of the account", "user_plan": "Plan of the user", "user_role": "Role of the user"}',
	'{"segment": "type/Category", "industry": "type/Category", "company_size": "type/Category", "region": "type/Category", "growth_tier": "type/Category", "sales_channel": "type/Category", "plan": "type/Category", "product_mix": "type/Category", "tenure": "type/Category", "initial_contract_size": "type/Category", "user_plan": "type/Category", "user_role": "type/Category"}',
	'{"user_id": "User"}'),

-- Those of now are active_users_daily_by_dimension; these are of calendar months, and of what accounts were in them.
('active_users_monthly_then', 'usage', 2324, '{active_users_by_dimension_then}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.active_users, r.new_users, r.returning_users, r.resurrecting_users AS resurrected_users, r.active_days, (r.active_days::numeric / nullif(r.active_users, 0))::numeric(24,6) AS active_days_per_user, r.complete
FROM nudge_analytics.active_users_by_dimension_then r$query$,
	'Active users by month and attribute then', 'One row per month with any active users, dimension and value. Active users of calendar months by what their accounts of now were as the month closed: as user_lifecycle by month, by the plan and segment then.',
	'Choose one dimension: each has all users. Users are not to be added over months. The last month is open: complete is false, and it has the days up to yesterday.',
	'{"period_start": "First day of the month, in the zone of deploy()", "dimension": "plan, product_mix and tenure of the account; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too", "dimension_value": "Value as the month closed, or so far; (none) for those without", "active_users": "Users active in the month", "new_users": "Those that never were before",
	"returning_users": "Those that were in the month before", "resurrected_users": "Those that were earlier, but not in the month before", "active_days": "Sum of the days on which each was active", "active_days_per_user": "active_days over active_users", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category"}',
	'{"period_start": "Month"}'),

('user_activity_monthly', 'usage', 2325, '{user_activity_months}', $query$
SELECT m.period AS period_start, m."user" AS user_id, m.customer, CASE WHEN m.period_before IS NULL THEN 'new' WHEN m.period_before < (m.period - interval '1 month')::date THEN 'resurrected' ELSE 'returning' END AS lifecycle_status, bit_count(o.day_bits::bit(31)) AS active_days,
	m.segment, m.industry, m.company_size, m.region, m.growth_tier, m.sales_channel, m.plan, m.product_mix, m.tenure
FROM nudge_analytics.user_activity_months m, LATERAL (SELECT m.day_bits & (1::bigint << greatest(least(nudge.civil_date(now(), {zone}) - m.period, 31), 0)) - 1 AS day_bits) o
WHERE o.day_bits <> 0 AND m.period < nudge.civil_date(now(), {zone})$query$,
	'Active users of months', 'One row per user and month in which it was active. The users behind active_users_monthly_then: on how many days each was active, and what its account of now was as the month closed.',
	'It is as large as usage is: filter by month, user or customer. The last month is open, and has the days up to yesterday.',
	'{"period_start": "First day of the month, in the zone of deploy()", "user_id": "User", "customer": "Account of the user now; NULL: not known", "lifecycle_status": "new: never active before; returning: in the month before too; resurrected: earlier, but not in the month before", "active_days": "Days on which the user was active",
	"segment": "Segment of the account as the month closed, or so far; NULL unless dimension_history is mapped, here as below", "industry": "Industry of the account", "company_size": "Class of size of the account", "region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account was sold to",
	"plan": "Plan of the account by its prices as the month closed, or so far; (none) if it had none, here as below", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account had been a customer"}',
	'{"lifecycle_status": "type/Category", "segment": "type/Category", "industry": "type/Category", "company_size": "type/Category", "region": "type/Category", "growth_tier": "type/Category", "sales_channel": "type/Category", "plan": "type/Category", "product_mix": "type/Category", "tenure": "type/Category"}',
	'{"period_start": "Month", "user_id": "User"}');

-- src/reporting/views_operations.sql

/*
 * views_operations.sql
 *		Shipped views about support, surveys, sales, platform and engineering.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_operations.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('support_monthly', 'support', 1400, '{support_performance}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.tickets_total, r.ticket_share::numeric(24,6) AS ticket_share, r.customers_total,
	r.tickets_per_customer::numeric(24,6) AS tickets_per_customer, r.tickets_resolved, r.resolution_rate::numeric(24,6) AS ticket_resolution_rate, r.tickets_once_resolved, r.tickets_reopened,
	r.reopen_rate::numeric(24,6) AS ticket_reopen_rate, r.escalation_known, r.tickets_escalated, r.escalation_rate::numeric(24,6) AS ticket_escalation_rate, r.contacts_known,
	r.tickets_one_touch, r.one_touch_rate::numeric(24,6) AS one_touch_resolution_rate, r.csat_answers, r.mean_csat::numeric(24,6) AS mean_csat, r.tickets_answered,
	r.mean_first_response_minutes::numeric(24,6) AS mean_first_response_minutes, r.median_first_response_minutes::numeric(24,6) AS median_first_response_minutes,
	r.p90_first_response_minutes::numeric(24,6) AS p90_first_response_minutes, r.first_response_sla_met, r.first_response_sla_breached, r.first_response_sla_pending,
	r.first_response_attainment_rate::numeric(24,6) AS first_response_sla_rate, r.mean_resolution_minutes::numeric(24,6) AS mean_resolution_minutes,
	r.median_resolution_minutes::numeric(24,6) AS median_resolution_minutes, r.p90_resolution_minutes::numeric(24,6) AS p90_resolution_minutes, r.resolution_sla_met, r.resolution_sla_breached,
	r.resolution_sla_pending, r.resolution_attainment_rate::numeric(24,6) AS resolution_sla_rate, r.tickets_with_problem, r.complete
FROM nudge_analytics.support_performance r$query$,
	'Support by month', 'One row per month, dimension and value. Tickets by the month in which they were opened, in all and by priority, complexity, category, agent and segment; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment",
	"dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known", "tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, as a fraction of 1",
	"customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total", "tickets_resolved": "Tickets that are resolved",
	"ticket_resolution_rate": "tickets_resolved over tickets_total, as a fraction of 1", "tickets_once_resolved": "Tickets that were resolved, be it for a while",
	"tickets_reopened": "Tickets that were opened again", "ticket_reopen_rate": "tickets_reopened over tickets_once_resolved, as a fraction of 1",
	"escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated",
	"ticket_escalation_rate": "tickets_escalated over escalation_known, as a fraction of 1", "contacts_known": "Resolved tickets with a number of contacts",
	"tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_resolution_rate": "tickets_one_touch over contacts_known, as a fraction of 1", "csat_answers": "Tickets with a score",
	"mean_csat": "Mean score, on its own scale", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response",
	"median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these", "first_response_sla_met": "First responses within their target",
	"first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target",
	"first_response_sla_rate": "first_response_sla_met over met and breached, as a fraction of 1", "mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these",
	"p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_sla_rate": "resolution_sla_met over met and breached, as a fraction of 1",
	"tickets_with_problem": "Tickets whose times contradict each other", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "ticket_share": "type/Percentage", "ticket_resolution_rate": "type/Percentage", "ticket_reopen_rate": "type/Percentage",
	"ticket_escalation_rate": "type/Percentage", "one_touch_resolution_rate": "type/Percentage", "first_response_sla_rate": "type/Percentage", "resolution_sla_rate": "type/Percentage"}',
	'{"period_start": "Month", "csat_answers": "CSAT answers", "mean_csat": "Mean CSAT", "p90_first_response_minutes": "p90 first response minutes", "first_response_sla_met": "First response SLA met",
	"first_response_sla_breached": "First response SLA breached", "first_response_sla_pending": "First response SLA pending", "first_response_sla_rate": "First response SLA rate",
	"p90_resolution_minutes": "p90 resolution minutes", "resolution_sla_met": "Resolution SLA met", "resolution_sla_breached": "Resolution SLA breached", "resolution_sla_pending": "Resolution SLA pending",
	"resolution_sla_rate": "Resolution SLA rate"}'),

('support_backlog_monthly', 'support', 1410, '{support_backlog}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.opening_tickets, r.tickets_opened, r.tickets_reopened, r.tickets_resolved, r.closing_tickets,
	r.mean_age_days::numeric(24,6) AS mean_age_days, r.oldest_age_days::numeric(24,6) AS oldest_age_days, r.complete
FROM nudge_analytics.support_backlog r$query$,
	'Ticket backlog by month', 'One row per month, dimension and value. Open tickets: opening, opened, reopened, resolved, closing, and how old they are, in all and by priority, complexity, category and agent; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Opening and closing are not to be added over months.',
	'{"period_start": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent",
	"dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known", "opening_tickets": "Open as the month began", "tickets_opened": "Opened in the month",
	"tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth",
	"oldest_age_days": "Age of the oldest, in days, to a tenth", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category"}',
	'{"period_start": "Month"}'),

('nps_monthly', 'customers', 1420, '{nps}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.asked AS surveys_asked, r.answered AS surveys_answered,
	r.response_rate::numeric(24,6) AS nps_response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors, r.score::numeric(24,6) AS nps,
	r.score_low::numeric(24,6) AS nps_low, r.score_high::numeric(24,6) AS nps_high, r.band AS nps_band, r.score_change::numeric(24,6) AS nps_change, r.p_value::numeric(24,6) AS p_value,
	r.complete
FROM nudge_analytics.nps r$query$,
	'NPS by month', 'One row per month, dimension and value. Net promoter score by the month in which was asked, in all and by segment, industry, company_size and region of the customers now; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. A score is not to be added: 100 * (promoters - detractors) / answered is. The last month is open: complete is false.',
	'{"period_start": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region",
	"dimension_value": "Value of the dimension now; all for dimension all, (none) if it is not known", "surveys_asked": "Surveys sent", "surveys_answered": "Surveys that were answered",
	"nps_response_rate": "surveys_answered over surveys_asked, as a fraction of 1", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered",
	"customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6", "nps": "Net promoter score, -100 to 100",
	"nps_low": "Lower end of its 95% interval", "nps_high": "Upper end of its 95% interval", "nps_band": "Band of the score", "nps_change": "Change against the month before",
	"p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "nps_response_rate": "type/Percentage", "nps_band": "type/Category"}',
	'{"period_start": "Month", "nps_response_rate": "NPS response rate", "nps": "NPS", "nps_low": "NPS low", "nps_high": "NPS high", "nps_band": "NPS band", "nps_change": "NPS change"}'),

('sales_monthly', 'sales', 1430, '{sales_performance}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.currency, r.opening_deals, r.opening_amount::numeric(24,6) AS opening_amount, r.deals_created,
	r.created_amount::numeric(24,6) AS created_amount, r.deals_closed, r.won AS deals_won, r.lost AS deals_lost, r.no_decision AS deals_without_decision,
	r.not_recorded AS deals_without_outcome, r.won_amount::numeric(24,6) AS closed_won_amount, r.lost_amount::numeric(24,6) AS lost_amount,
	r.not_recorded_amount::numeric(24,6) AS not_recorded_amount, r.open_deals, r.open_amount::numeric(24,6) AS pipeline_value, r.weighted_amount::numeric(24,6) AS weighted_pipeline_value,
	r.average_deal_size::numeric(24,6) AS average_deal_size, r.won + r.lost + r.no_decision AS decided_deals, r.win_rate::numeric(24,6) AS win_rate,
	r.win_rate_by_amount::numeric(24,6) AS win_rate_by_amount, r.cycle_deals, r.mean_cycle_days::numeric(24,6) AS mean_cycle_days, r.median_cycle_days::numeric(24,6) AS median_cycle_days,
	r.qualified_deals, r.sales_velocity::numeric(24,6) AS sales_velocity, r.quota::numeric(24,6) AS quota, r.quota_attainment::numeric(24,6) AS quota_attainment_rate,
	r.quota_remaining::numeric(24,6) AS quota_remaining, r.complete
FROM nudge_analytics.sales_performance r$query$,
	'Sales by month', 'One row per month, dimension and value. Deals created, won, lost and open, win rate, cycle, velocity and quota, in all and by owner, team and segment; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Rates are added by their numerators and denominators. Open and opening deals are not to be added over months.',
	'{"period_start": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known",
	"currency": "Currency of all amounts", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "deals_won": "Deals won", "deals_lost": "Deals lost", "deals_without_decision": "Deals closed without a decision", "deals_without_outcome": "Deals closed without an outcome",
	"closed_won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome", "open_deals": "Open as the month ended, or now", "pipeline_value": "Their amount",
	"weighted_pipeline_value": "Amount times probability of its stage", "average_deal_size": "closed_won_amount over deals_won", "decided_deals": "Deals closed with an outcome: denominator of win_rate",
	"win_rate": "deals_won over decided_deals, as a fraction of 1", "win_rate_by_amount": "closed_won_amount over closed_won_amount and lost_amount, as a fraction of 1",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages",
	"sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment_rate": "closed_won_amount over quota, as a fraction of 1", "quota_remaining": "Quota that is left",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "opening_amount": "type/Currency", "created_amount": "type/Currency", "closed_won_amount": "type/Currency",
	"lost_amount": "type/Currency", "not_recorded_amount": "type/Currency", "pipeline_value": "type/Currency", "weighted_pipeline_value": "type/Currency", "average_deal_size": "type/Currency",
	"win_rate": "type/Percentage", "win_rate_by_amount": "type/Percentage", "sales_velocity": "type/Currency", "quota": "type/Currency", "quota_attainment_rate": "type/Percentage",
	"quota_remaining": "type/Currency"}',
	'{"period_start": "Month"}'),

('sales_pipeline_now', 'sales', 1440, '{sales_pipeline}', $query$
SELECT r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.currency, r.open_deals, r.open_amount::numeric(24,6) AS pipeline_value, r.unweighted_deals,
	r.weighted_amount::numeric(24,6) AS weighted_pipeline_value, r.qualified_deals, r.overdue_deals, r.overdue_amount::numeric(24,6) AS overdue_amount,
	r.mean_age_days::numeric(24,6) AS mean_age_days, r.mean_stage_days::numeric(24,6) AS mean_stage_days, r.activity_count,
	r.activities_per_open_deal::numeric(24,6) AS activities_per_open_deal, r.stale_deals, r.stale_amount::numeric(24,6) AS stale_amount, k.data_as_of AS as_of
FROM nudge_analytics.sales_pipeline r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'sales_pipeline') k$query$,
	'Sales pipeline now', 'One row per dimension and value. Open deals now, in all and by stage, owner, team and segment: amount, weighted amount, age, activity.',
	'Rows of different dimensions are not to be added; all is the total.',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known", "currency": "Currency of all amounts",
	"open_deals": "Open deals", "pipeline_value": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_pipeline_value": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth",
	"mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals", "activities_per_open_deal": "activity_count over open_deals",
	"stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "as_of": "All that was committed before this instant is in it"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "pipeline_value": "type/Currency", "weighted_pipeline_value": "type/Currency", "overdue_amount": "type/Currency",
	"stale_amount": "type/Currency"}',
	'{}'),

('uptime_monthly', 'platform', 1450, '{platform_uptime}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.total_minutes::numeric(24,6) AS total_minutes,
	r.maintenance_minutes::numeric(24,6) AS maintenance_minutes, r.considered_minutes::numeric(24,6) AS considered_minutes, r.downtime_minutes::numeric(24,6) AS downtime_minutes,
	(r.considered_minutes - r.downtime_minutes)::numeric(24,6) AS uptime_minutes, r.uptime_share::numeric(24,6) AS uptime_rate, r.outages,
	r.longest_outage_minutes::numeric(24,6) AS longest_outage_minutes, r.complete
FROM nudge_analytics.platform_uptime r$query$,
	'Uptime by month', 'One row per month, dimension and value. Minutes up and down, in all and by service, up to the last full hour; months are those of the zone of deploy().',
	'Services are not to be added to all: one that is down may be down with another.',
	'{"period_start": "First day of the month", "dimension": "all or service", "dimension_value": "Service; all for dimension all, (none) if it is not known", "total_minutes": "Minutes of the month so far",
	"maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes", "downtime_minutes": "Minutes down, outside maintenance",
	"uptime_minutes": "considered_minutes less downtime_minutes: numerator of uptime_rate", "uptime_rate": "uptime_minutes over considered_minutes, as a fraction of 1", "outages": "Stretches of downtime",
	"longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "uptime_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('incidents_monthly', 'platform', 1460, '{incident_summary}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.incidents_started, r.incident_share::numeric(24,6) AS incident_share, r.open_incidents,
	r.mttr_minutes::numeric(24,6) AS mttr_minutes, r.median_ttr_minutes::numeric(24,6) AS median_ttr_minutes, r.detected_incidents, r.mttd_minutes::numeric(24,6) AS mttd_minutes,
	r.detection_to_end_minutes::numeric(24,6) AS detection_to_end_minutes, r.longest_minutes::numeric(24,6) AS longest_minutes, r.total_minutes::numeric(24,6) AS total_minutes,
	r.incident_minutes::numeric(24,6) AS incident_minutes, r.failures, r.mtbf_minutes::numeric(24,6) AS mtbf_minutes, r.complete
FROM nudge_analytics.incident_summary r$query$,
	'Incidents by month', 'One row per month, dimension and value. Incidents, in all and by severity, with the mean times to detect, to resolve and between failures, up to the last full hour; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; means are not to be added.',
	'{"period_start": "First day of the month", "dimension": "all or severity", "dimension_value": "Severity; all for dimension all, (none) if it is not known", "incidents_started": "Incidents that began",
	"incident_share": "Share of the incidents of the month, as a fraction of 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end",
	"median_ttr_minutes": "Median of these", "detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection",
	"detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far",
	"incident_minutes": "Minutes with an incident", "failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "incident_share": "type/Percentage"}',
	'{"median_ttr_minutes": "Median TTR minutes", "period_start": "Month", "mttr_minutes": "MTTR minutes", "mttd_minutes": "MTTD minutes", "mtbf_minutes": "MTBF minutes"}'),

('latency_monthly', 'platform', 1470, '{platform_performance}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.request_count, r.mean_ms::numeric(24,6) AS mean_ms, r.p50_ms::numeric(24,6) AS p50_ms,
	r.p95_ms::numeric(24,6) AS p95_ms, r.p99_ms::numeric(24,6) AS p99_ms, r.highest_ms::numeric(24,6) AS highest_ms, r.requests_with_outcome, r.errors,
	r.error_rate::numeric(24,6) AS error_rate, r.requests_per_second::numeric(24,6) AS requests_per_second, r.peak_requests_per_second::numeric(24,6) AS peak_requests_per_second, r.complete
FROM nudge_analytics.platform_performance r$query$,
	'Latency and errors by month', 'One row per month, dimension and value. Latency, throughput and errors of requests, in all and by endpoint, up to the last full hour; months are those of the zone of deploy().',
	'Percentiles are not to be added or averaged. Rows of different dimensions are not to be added.',
	'{"period_start": "First day of the month", "dimension": "all or endpoint", "dimension_value": "Endpoint; all for dimension all, (none) if it is not known", "request_count": "Requests",
	"mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%", "highest_ms": "The longest",
	"requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome, as a fraction of 1",
	"requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "error_rate": "type/Percentage"}',
	'{"period_start": "Month", "p50_ms": "p50 ms", "p95_ms": "p95 ms", "p99_ms": "p99 ms"}'),

('delivery_monthly', 'engineering', 1480, '{engineering_delivery}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.deployment_count, r.elapsed_days, r.deployment_days,
	r.deployments_per_day::numeric(24,6) AS deployments_per_day, r.deployments_per_week::numeric(24,6) AS deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours::numeric(24,6) AS median_lead_time_hours, r.mean_lead_time_hours::numeric(24,6) AS mean_lead_time_hours,
	r.p90_lead_time_hours::numeric(24,6) AS p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate::numeric(24,6) AS change_failure_rate, r.restored_deployments,
	r.unrestored_deployments, r.median_recovery_hours::numeric(24,6) AS median_recovery_hours, r.mean_recovery_hours::numeric(24,6) AS mean_recovery_hours, r.bugs_opened, r.bugs_closed,
	r.open_bugs, r.median_days_to_close_bugs::numeric(24,6) AS median_days_to_close_bugs, r.bug_escape_known, r.bugs_escaped, r.bug_escape_rate::numeric(24,6) AS bug_escape_rate,
	r.coverage_share::numeric(24,6) AS code_coverage_rate, r.complete
FROM nudge_analytics.engineering_delivery r$query$,
	'Delivery by month', 'One row per month, dimension and value. Deployments, lead time, change failures and recovery, in all and by service, and bugs and coverage of code in all; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Rates are added by their numerators and denominators. Bugs and coverage are of dimension all.',
	'{"period_start": "First day of the month", "dimension": "all or service", "dimension_value": "Service; all for dimension all, (none) if it is not known", "deployment_count": "Deployments",
	"elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days", "deployments_per_week": "Seven times that",
	"lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these",
	"p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm", "failed_deployments": "Those that did",
	"change_failure_rate": "failed_deployments over outcome_count, as a fraction of 1", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not",
	"median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these", "bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed",
	"open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known, as a fraction of 1", "code_coverage_rate": "Share of code that tests cover, as a fraction of 1; of dimension all",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "change_failure_rate": "type/Percentage", "bug_escape_rate": "type/Percentage", "code_coverage_rate": "type/Percentage"}',
	'{"period_start": "Month", "p90_lead_time_hours": "p90 lead time hours"}');

-- src/reporting/views_acquisition.sql

/*
 * views_acquisition.sql
 *		Shipped views about channels, costs, cash and the market.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_acquisition.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('channels_monthly', 'acquisition', 1500, '{channel_performance}', $query$
SELECT r.period AS period_start, coalesce(r.channel, '(none)') AS channel, r.currency, r.cost::numeric(24,6) AS cost, r.impressions, r.clicks, r.visitors, r.new_leads,
	r.new_customers::numeric(24,6) AS acquired_customers, r.revenue::numeric(24,6) AS attributed_revenue, r.click_through_rate::numeric(24,6) AS click_through_rate,
	r.cost_per_click::numeric(24,6) AS cost_per_click, r.cost_per_lead::numeric(24,6) AS cost_per_lead, r.visitor_to_lead_rate::numeric(24,6) AS visitor_to_lead_rate,
	r.lead_to_customer_rate::numeric(24,6) AS lead_to_customer_rate, r.click_to_customer_rate::numeric(24,6) AS click_to_customer_rate, r.cac::numeric(24,6) AS cac,
	r.roas::numeric(24,6) AS roas, r.roi::numeric(24,6) AS marketing_roi, r.cost_share::numeric(24,6) AS cost_share, r.planned_cost::numeric(24,6) AS planned_cost,
	r.planned_share::numeric(24,6) AS planned_share, r.complete
FROM nudge_analytics.channel_performance r$query$,
	'Channels by month', 'One row per month and channel. What each channel cost, brought and earned, under the linear model of attribution; months are those of the zone of deploy().',
	'Visitors of several channels are not to be added: one may come by two. Rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "channel": "Channel; (none): what no channel has earned", "currency": "Currency of all amounts", "cost": "What was spent on it", "impressions": "Times it was shown",
	"clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it", "acquired_customers": "First conversions credited to it",
	"attributed_revenue": "Revenue credited to it", "click_through_rate": "clicks over impressions, as a fraction of 1", "cost_per_click": "cost over clicks", "cost_per_lead": "cost over new_leads",
	"visitor_to_lead_rate": "new_leads over visitors, as a fraction of 1", "lead_to_customer_rate": "acquired_customers over new_leads, as a fraction of 1",
	"click_to_customer_rate": "acquired_customers over clicks, as a fraction of 1", "cac": "cost over acquired_customers", "roas": "attributed_revenue over cost",
	"marketing_roi": "attributed_revenue less cost, over cost", "cost_share": "cost over that of all channels, as a fraction of 1", "planned_cost": "Cost planned",
	"planned_share": "cost over that planned, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"channel": "type/Category", "currency": "type/Category", "cost": "type/Currency", "attributed_revenue": "type/Currency", "click_through_rate": "type/Percentage", "cost_per_click": "type/Currency",
	"cost_per_lead": "type/Currency", "visitor_to_lead_rate": "type/Percentage", "lead_to_customer_rate": "type/Percentage", "click_to_customer_rate": "type/Percentage", "cac": "type/Currency",
	"cost_share": "type/Percentage", "planned_cost": "type/Currency", "planned_share": "type/Percentage"}',
	'{"period_start": "Month", "cac": "CAC", "roas": "ROAS", "marketing_roi": "Marketing ROI"}'),

('channel_attribution_monthly', 'acquisition', 1510, '{channel_attribution}', $query$
SELECT r.period AS period_start, coalesce(r.channel, '(none)') AS channel, r.model AS attribution_model, r.currency, r.conversions::numeric(24,6) AS attributed_conversions,
	r.revenue::numeric(24,6) AS attributed_revenue, r.total_revenue::numeric(24,6) AS total_revenue, r.revenue_share::numeric(24,6) AS revenue_share, r.assisted_conversions,
	r.assisted_revenue::numeric(24,6) AS assisted_revenue, r.complete
FROM nudge_analytics.channel_attribution r$query$,
	'Attribution by month and model', 'One row per month, currency, model and channel. Conversions and revenue credited to channels under each model of attribution, by the month of the conversion; months are those of the zone of deploy().',
	'Choose a model: each credits the same revenue. Under participation credits add up to more than there was.',
	'{"period_start": "First day of the month of the conversion", "channel": "Channel; (none): conversions without a touch", "attribution_model": "Model: that of a rule, such as linear, or markov or shapley",
	"currency": "Currency of the revenue", "attributed_conversions": "Conversions credited; under participation those that the channel took part in", "attributed_revenue": "Revenue credited",
	"total_revenue": "Revenue credited to all channels under the model", "revenue_share": "attributed_revenue over total_revenue, as a fraction of 1",
	"assisted_conversions": "Conversions on whose path the channel stands before the last touch; NULL of markov and shapley", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}',
	'{"channel": "type/Category", "attribution_model": "type/Category", "currency": "type/Category", "attributed_revenue": "type/Currency", "total_revenue": "type/Currency", "revenue_share": "type/Percentage",
	"assisted_revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('channel_attribution_monthly_by_dimension', 'acquisition', 2321, '{channel_attribution_by_dimension}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, coalesce(r.channel, '(none)') AS channel, r.model AS attribution_model, r.currency, r.conversions::numeric(24,6) AS attributed_conversions,
	r.revenue::numeric(24,6) AS attributed_revenue, r.total_revenue::numeric(24,6) AS total_revenue, r.revenue_share::numeric(24,6) AS revenue_share, r.assisted_conversions,
	r.assisted_revenue::numeric(24,6) AS assisted_revenue, r.complete
FROM nudge_analytics.channel_attribution_by_dimension r$query$,
	'Attribution by month, model and dimension', 'One row per month, value of a dimension, currency, model and channel. Conversions and revenue credited to channels under each model of attribution that follows rules, by the month of the conversion and what the customers are now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. Choose a model: each credits the same revenue. Under participation credits add up to more than there was.',
	'{"period_start": "First day of the month of the conversion", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "channel": "Channel; (none): conversions without a touch", "attribution_model": "Model that follows rules, such as linear; those fitted to all paths, markov and shapley, have no parts",
	"currency": "Currency of the revenue", "attributed_conversions": "Conversions credited; under participation those that the channel took part in", "attributed_revenue": "Revenue credited",
	"total_revenue": "Revenue credited to all channels under the model", "revenue_share": "attributed_revenue over total_revenue, as a fraction of 1",
	"assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "channel": "type/Category", "attribution_model": "type/Category", "currency": "type/Category", "attributed_revenue": "type/Currency", "total_revenue": "type/Currency", "revenue_share": "type/Percentage",
	"assisted_revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('customer_attribution_monthly', 'acquisition', 2322, '{customer_attribution}', $query$
SELECT r.period AS period_start, r.customer, coalesce(r.channel, '(none)') AS channel, r.currency,
	r.first_touch_conversions::numeric(24,6) AS first_touch_conversions, r.first_touch_revenue::numeric(24,6) AS first_touch_revenue, r.last_touch_conversions::numeric(24,6) AS last_touch_conversions, r.last_touch_revenue::numeric(24,6) AS last_touch_revenue,
	r.last_non_direct_conversions::numeric(24,6) AS last_non_direct_conversions, r.last_non_direct_revenue::numeric(24,6) AS last_non_direct_revenue, r.linear_conversions::numeric(24,6) AS linear_conversions,
	r.linear_revenue::numeric(24,6) AS linear_revenue, r.time_decay_conversions::numeric(24,6) AS time_decay_conversions, r.time_decay_revenue::numeric(24,6) AS time_decay_revenue, r.position_based_conversions::numeric(24,6) AS position_based_conversions,
	r.position_based_revenue::numeric(24,6) AS position_based_revenue, r.j_shaped_conversions::numeric(24,6) AS j_shaped_conversions, r.j_shaped_revenue::numeric(24,6) AS j_shaped_revenue, r.inverse_j_conversions::numeric(24,6) AS inverse_j_conversions,
	r.inverse_j_revenue::numeric(24,6) AS inverse_j_revenue, r.w_shaped_conversions::numeric(24,6) AS w_shaped_conversions, r.w_shaped_revenue::numeric(24,6) AS w_shaped_revenue, r.blended_conversions::numeric(24,6) AS blended_conversions,
	r.blended_revenue::numeric(24,6) AS blended_revenue, r.participation_conversions::numeric(24,6) AS participation_conversions, r.participation_revenue::numeric(24,6) AS participation_revenue, r.assisted_conversions,
	r.assisted_revenue::numeric(24,6) AS assisted_revenue
FROM nudge_analytics.customer_attribution r$query$,
	'Attribution of customers', 'One row per month, customer, currency and channel. Who is behind the credits of channel_attribution_monthly, under each model of attribution that follows rules; months are those of the conversion, in the zone of deploy().',
	'Choose a model: each credits the same revenue. Under participation credits add up to more than there was.',
	'{"period_start": "First day of the month of the conversion", "customer": "Customer", "channel": "Channel; (none): conversions without a touch", "currency": "Currency of the revenue",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch",
	"assisted_revenue": "Their whole revenue"}',
	'{"channel": "type/Category", "currency": "type/Category", "first_touch_revenue": "type/Currency", "last_touch_revenue": "type/Currency", "last_non_direct_revenue": "type/Currency", "linear_revenue": "type/Currency", "time_decay_revenue": "type/Currency", "position_based_revenue": "type/Currency", "j_shaped_revenue": "type/Currency", "inverse_j_revenue": "type/Currency", "w_shaped_revenue": "type/Currency", "blended_revenue": "type/Currency", "participation_revenue": "type/Currency", "assisted_revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('costs_monthly', 'finance', 1600, '{cost_structure}', $query$
SELECT r.period AS period_start, CASE WHEN r.depth = 0 THEN 'all' ELSE r.category END AS category, r.depth AS category_depth, r.currency, r.actual::numeric(24,6) AS costs,
	r.fixed_actual::numeric(24,6) AS fixed_costs, r.variable_actual::numeric(24,6) AS variable_costs, r.own_actual::numeric(24,6) AS own_costs, r.cost_share::numeric(24,6) AS cost_share,
	r.budget::numeric(24,6) AS budget, r.own_budget::numeric(24,6) AS own_budget, r.variance::numeric(24,6) AS budget_variance, r.variance_rate::numeric(24,6) AS budget_variance_rate,
	r.outcome AS budget_outcome, r.over_threshold AS is_over_threshold, r.complete
FROM nudge_analytics.cost_structure r$query$,
	'Costs by month', 'One row per month and category. Costs of a category with all below it: fixed, variable, and against the budget; months are those of the zone of deploy().',
	'A category holds those below it: add rows of one category_depth only, or own_costs of all. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "category": "Path of the category; all: all costs", "category_depth": "How deep the category is; 0 is all costs", "currency": "Currency of all amounts",
	"costs": "Costs of the category and those below it", "fixed_costs": "Those that are fixed", "variable_costs": "Those that grow with volume", "own_costs": "Costs of the category itself",
	"cost_share": "costs over all costs of the month, as a fraction of 1", "budget": "Budget of the category and those below it", "own_budget": "Budget of the category itself",
	"budget_variance": "costs less budget", "budget_variance_rate": "budget_variance over budget, as a fraction of 1", "budget_outcome": "Whether costs are over, under or at the budget",
	"is_over_threshold": "Whether they are away from it by more than 10%", "complete": "Whether the month is over"}',
	'{"category": "type/Category", "currency": "type/Category", "costs": "type/Currency", "fixed_costs": "type/Currency", "variable_costs": "type/Currency", "own_costs": "type/Currency",
	"cost_share": "type/Percentage", "budget": "type/Currency", "own_budget": "type/Currency", "budget_variance": "type/Currency", "budget_variance_rate": "type/Percentage", "budget_outcome": "type/Category"}',
	'{"period_start": "Month"}'),

('burn_monthly', 'finance', 1610, '{burn_and_runway}', $query$
SELECT r.period AS period_start, r.currency, r.receipts::numeric(24,6) AS cash_receipts, r.gross_burn::numeric(24,6) AS gross_burn, r.net_burn::numeric(24,6) AS net_burn,
	r.mean_net_burn::numeric(24,6) AS mean_net_burn, r.cash_day, r.cash_balance::numeric(24,6) AS cash_balance, r.runway_months::numeric(24,6) AS runway_months, r.profitable AS is_profitable,
	r.net_new_arr::numeric(24,6) AS net_new_arr, r.burn_multiple::numeric(24,6) AS burn_multiple, r.complete
FROM nudge_analytics.burn_and_runway r$query$,
	'Burn and runway by month', 'One row per month. Cash received and burnt, what is left, and for how many months it lasts; months are those of the zone of deploy().',
	'Cash, runway and multiples are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of all amounts", "cash_receipts": "Cash received: payments if they are mapped, else revenue", "gross_burn": "Costs",
	"net_burn": "Costs less receipts", "mean_net_burn": "Mean of the last three months that are over", "cash_day": "Last day with a balance", "cash_balance": "Cash on that day",
	"runway_months": "cash_balance over mean_net_burn; NULL if nothing is burnt", "is_profitable": "Whether nothing is burnt", "net_new_arr": "Growth of ARR in the month",
	"burn_multiple": "net_burn over net_new_arr; NULL if that is not above 0", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "cash_receipts": "type/Currency", "gross_burn": "type/Currency", "net_burn": "type/Currency", "mean_net_burn": "type/Currency", "cash_balance": "type/Currency",
	"net_new_arr": "type/Currency"}',
	'{"period_start": "Month", "net_new_arr": "Net new ARR"}'),

('share_of_voice_monthly', 'market', 1620, '{competitive}', $query$
SELECT r.period AS period_start, CASE WHEN r.all_channels THEN 'all' ELSE coalesce(r.channel, '(none)') END AS channel, r.competitor, r.mentions::numeric(24,6) AS mentions,
	r.total_mentions::numeric(24,6) AS total_mentions, r.mention_share::numeric(24,6) AS mention_share, r.mention_share_change::numeric(24,6) AS mention_share_change,
	r.recorded_share::numeric(24,6) AS recorded_share, r.recorded_share_change::numeric(24,6) AS recorded_share_change, r.complete
FROM nudge_analytics.competitive r$query$,
	'Share of voice by month', 'One row per month, channel and competitor. Mentions of each competitor, and of oneself, over those of all, on each channel and on all; months are those of the zone of deploy().',
	'Choose channel all, or one channel: all holds the others.',
	'{"period_start": "First day of the month", "channel": "Channel; all: all channels together, (none): not known", "competitor": "Competitor, or oneself: us", "mentions": "Mentions",
	"total_mentions": "Mentions of all", "mention_share": "mentions over total_mentions, as a fraction of 1", "mention_share_change": "Change of mention_share against the month before",
	"recorded_share": "Share of voice as a tool recorded it, as a fraction of 1", "recorded_share_change": "Change of recorded_share against the month before", "complete": "Whether the month is over"}',
	'{"channel": "type/Category", "competitor": "type/Category", "mention_share": "type/Percentage", "mention_share_change": "type/Percentage", "recorded_share": "type/Percentage",
	"recorded_share_change": "type/Percentage"}',
	'{"period_start": "Month"}'),

('competitive_wins_monthly', 'market', 1630, '{competitive_wins}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.deals_closed, r.won AS deals_won, r.lost AS deals_lost, r.no_decision AS deals_without_decision,
	r.not_recorded AS deals_without_outcome, r.won + r.lost + r.no_decision AS decided_deals, r.win_rate::numeric(24,6) AS win_rate, r.rate_low::numeric(24,6) AS win_rate_low,
	r.rate_high::numeric(24,6) AS win_rate_high, r.win_rate_change::numeric(24,6) AS win_rate_change, r.p_value::numeric(24,6) AS p_value, r.complete
FROM nudge_analytics.competitive_wins r$query$,
	'Wins and losses by competitor', 'One row per month, dimension and value. Deals won and lost by the month of their close, in all and by competitor; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; rates are added by their numerators and denominators.',
	'{"period_start": "First day of the month of the close", "dimension": "all or competitor", "dimension_value": "Competitor; all for dimension all, (none) if there was none", "deals_closed": "Deals closed",
	"deals_won": "Deals won", "deals_lost": "Deals lost", "deals_without_decision": "Deals closed without a decision", "deals_without_outcome": "Deals closed without an outcome",
	"decided_deals": "Deals closed with an outcome: denominator of win_rate", "win_rate": "deals_won over decided_deals, as a fraction of 1", "win_rate_low": "Lower end of its 95% interval",
	"win_rate_high": "Upper end of its 95% interval", "win_rate_change": "Change against the month before", "p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "win_rate": "type/Percentage", "win_rate_low": "type/Percentage", "win_rate_high": "type/Percentage", "win_rate_change": "type/Percentage"}',
	'{"period_start": "Month"}'),

('campaigns_monthly', 'acquisition', 1520, '{campaign_performance}', $query$
SELECT r.period AS period_start, coalesce(r.campaign, '(none)') AS campaign, r.channel, r.campaign_kind, r.currency, r.cost::numeric(24,6) AS cost, r.impressions, r.clicks, r.visitors,
	r.new_leads, r.new_customers::numeric(24,6) AS acquired_customers, r.revenue::numeric(24,6) AS attributed_revenue, r.cac::numeric(24,6) AS cac, r.roas::numeric(24,6) AS roas,
	r.roi::numeric(24,6) AS campaign_roi, r.complete
FROM nudge_analytics.campaign_performance r$query$,
	'Campaigns by month', 'One row per month and campaign. What each campaign cost, brought and earned, under the linear model over touches of campaigns; months are those of the zone of deploy().',
	'Visitors of several campaigns are not to be added. Rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "campaign": "Campaign; (none): what no campaign has earned", "channel": "Channel of the campaign", "campaign_kind": "Kind of the campaign",
	"currency": "Currency of all amounts", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches",
	"new_leads": "Leads that came from it", "acquired_customers": "First conversions credited to it", "attributed_revenue": "Revenue credited to it", "cac": "cost over acquired_customers",
	"roas": "attributed_revenue over cost", "campaign_roi": "attributed_revenue less cost, over cost", "complete": "Whether the month is over"}',
	'{"campaign": "type/Category", "channel": "type/Category", "campaign_kind": "type/Category", "currency": "type/Category", "cost": "type/Currency", "attributed_revenue": "type/Currency", "cac": "type/Currency"}',
	'{"period_start": "Month", "cac": "CAC", "roas": "ROAS", "campaign_roi": "Campaign ROI"}'),

('content_monthly', 'acquisition', 1530, '{content_performance}', $query$
SELECT r.period AS period_start, r.type AS content_type, r.published, r.visitors, r.new_leads, r.customers AS new_customers, r.content_to_lead_rate::numeric(24,6) AS content_to_lead_rate,
	r.lead_to_customer_rate::numeric(24,6) AS lead_to_customer_rate, r.complete
FROM nudge_analytics.content_performance r$query$,
	'Content by month', 'One row per month and type of content. What was published, and the visitors, leads and customers that it brought; months are those of the zone of deploy().',
	'Visitors of several types are not to be added: one may come to two.',
	'{"period_start": "First day of the month", "content_type": "Type of content", "published": "Pieces published in the month", "visitors": "Distinct visitors of its touches; NULL if they are not mapped",
	"new_leads": "Leads that came from it", "new_customers": "Those of them that became customers", "content_to_lead_rate": "new_leads over visitors, as a fraction of 1",
	"lead_to_customer_rate": "new_customers over new_leads, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"content_type": "type/Category", "content_to_lead_rate": "type/Percentage", "lead_to_customer_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('partners_monthly', 'acquisition', 1540, '{partner_results}', $query$
SELECT r.period AS period_start, r.partner, r.measure AS partner_measure, r.currency, r.sourced_value::numeric(24,6) AS sourced_value, r.influenced_value::numeric(24,6) AS influenced_value,
	r.total_value::numeric(24,6) AS total_value, r.sourced_rate::numeric(24,6) AS sourced_rate, r.influenced_rate::numeric(24,6) AS influenced_rate, r.active_partners, r.complete
FROM nudge_analytics.partner_results r$query$,
	'Partners by month', 'One row per month, partner and measure. What partners have sourced and influenced: revenue, deals won and their amount, open deals and pipeline, new customers; months are those of the zone of deploy().',
	'Choose a measure, and all or one partner: several may have influenced the same.',
	'{"period_start": "First day of the month", "partner": "Partner; all for all of them: do not add it to the others", "partner_measure": "revenue, won_deals, won_amount, open_deals, pipeline or new_customers",
	"currency": "Currency of amounts; NULL for counts", "sourced_value": "What partners brought", "influenced_value": "What they took part in, what they brought with it",
	"total_value": "All there was, with partners or without", "sourced_rate": "sourced_value over total_value, as a fraction of 1", "influenced_rate": "influenced_value over total_value, as a fraction of 1",
	"active_partners": "Partners as the month closes, or now; of partner all", "complete": "Whether the month is over"}',
	'{"partner": "type/Category", "partner_measure": "type/Category", "currency": "type/Category", "sourced_rate": "type/Percentage", "influenced_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('sales_activities_monthly', 'sales', 1550, '{sales_activity}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, coalesce(r.kind, '(none)') AS activity_kind, r.activities_done, r.deals_won,
	r.activities_per_deal_won::numeric(24,6) AS activities_per_deal_won, r.complete
FROM nudge_analytics.sales_activity r$query$,
	'Sales activities by month', 'One row per month, dimension, value and kind. Activities of sales, in all and by owner, team and segment, beside the deals won; months are those of the zone of deploy().',
	'Choose a kind: all holds the others. Rows of different dimensions are not to be added.',
	'{"period_start": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known",
	"activity_kind": "Kind of activity; all: all kinds, (none): not known", "activities_done": "Activities", "deals_won": "Deals won in the month", "activities_per_deal_won": "activities_done over deals_won",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "activity_kind": "type/Category"}',
	'{"period_start": "Month"}'),

('revenue_streams_monthly', 'finance', 1640, '{revenue_by_stream}', $query$
SELECT r.period AS period_start, r.stream AS revenue_stream, r.currency, r.amount::numeric(24,6) AS revenue, r.complete
FROM nudge_analytics.revenue_by_stream r$query$,
	'Revenue by stream', 'One row per month and stream. Revenue of subscriptions, usage and services; months are those of the zone of deploy().',
	'Recurring revenue counts by the days of its prices: it is not MRR. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "revenue_stream": "Stream of revenue", "currency": "Currency of all amounts", "revenue": "Revenue of the month", "complete": "Whether the month is over"}',
	'{"revenue_stream": "type/Category", "currency": "type/Category", "revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('customer_costs_monthly', 'finance', 1650, '{costs_per_customer}', $query$
SELECT r.period AS period_start, r.currency, r.customers, r.revenue::numeric(24,6) AS revenue, r.total_cost::numeric(24,6) AS total_cost,
	r.delivery_cost_per_customer::numeric(24,6) AS delivery_cost_per_customer, r.total_cost_per_customer::numeric(24,6) AS total_cost_per_customer,
	r.delivery_cost_rate::numeric(24,6) AS delivery_cost_rate, r.support_cost_rate::numeric(24,6) AS support_cost_rate, r.sales_and_marketing_rate::numeric(24,6) AS sales_and_marketing_rate,
	r.research_and_development_rate::numeric(24,6) AS research_and_development_rate, r.general_and_administrative_rate::numeric(24,6) AS general_and_administrative_rate,
	r.sales_efficiency::numeric(24,6) AS sales_efficiency, r.marketing_efficiency::numeric(24,6) AS marketing_efficiency, r.complete
FROM nudge_analytics.costs_per_customer r$query$,
	'Costs per customer by month', 'One row per month. Costs per customer and as shares of revenue, and revenue over what is spent on sales and marketing; months are those of the zone of deploy().',
	'Only months that are over have customers and rates. Rates are not to be added.',
	'{"period_start": "First day of the month", "currency": "Currency of all amounts", "customers": "Customers as the month closes; NULL if it is not over, as all below", "revenue": "Revenue", "total_cost": "Costs",
	"delivery_cost_per_customer": "Cost of revenue over customers", "total_cost_per_customer": "total_cost over customers", "delivery_cost_rate": "Cost of revenue over revenue, a fraction",
	"support_cost_rate": "Cost of support over revenue, a fraction", "sales_and_marketing_rate": "Cost of sales and marketing over revenue, a fraction",
	"research_and_development_rate": "Cost of research and development over revenue, a fraction", "general_and_administrative_rate": "Cost of administration over revenue, a fraction",
	"sales_efficiency": "Revenue over the cost of sales", "marketing_efficiency": "Revenue over the cost of marketing", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "revenue": "type/Currency", "total_cost": "type/Currency", "delivery_cost_per_customer": "type/Currency", "total_cost_per_customer": "type/Currency",
	"delivery_cost_rate": "type/Percentage", "support_cost_rate": "type/Percentage", "sales_and_marketing_rate": "type/Percentage", "research_and_development_rate": "type/Percentage",
	"general_and_administrative_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('growth_efficiency_quarterly', 'finance', 1660, '{growth_efficiency}', $query$
SELECT r.period AS period_start, r.currency, r.revenue::numeric(24,6) AS revenue, r.previous_revenue::numeric(24,6) AS previous_revenue,
	r.sales_and_marketing::numeric(24,6) AS sales_and_marketing_cost, r.previous_sales_and_marketing::numeric(24,6) AS previous_sales_and_marketing_cost,
	r.magic_number::numeric(24,6) AS magic_number, r.complete
FROM nudge_analytics.growth_efficiency r$query$,
	'Magic number by quarter', 'One row per fiscal quarter. Growth of revenue against what was spent on sales and marketing in the quarter before.',
	'The last quarter is open: complete is false, and it has no magic number.',
	'{"period_start": "First day of the quarter", "currency": "Currency of all amounts", "revenue": "Revenue", "previous_revenue": "Revenue of the quarter before",
	"sales_and_marketing_cost": "Cost of sales and marketing", "previous_sales_and_marketing_cost": "That of the quarter before",
	"magic_number": "Four times the growth of revenue over previous_sales_and_marketing_cost; NULL if the quarter is not over", "complete": "Whether the quarter is over"}',
	'{"currency": "type/Category", "revenue": "type/Currency", "previous_revenue": "type/Currency", "sales_and_marketing_cost": "type/Currency", "previous_sales_and_marketing_cost": "type/Currency"}',
	'{"period_start": "Quarter"}');

-- src/reporting/views_success.sql

/*
 * views_success.sql
 *		Shipped views about what becomes of customers.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_success.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('account_success_monthly', 'customers', 1700, '{account_success}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.metric AS success_measure, r.numerator::numeric(24,6) AS numerator, r.denominator::numeric(24,6) AS denominator,
	r.result::numeric(24,6) AS measure_value, r.complete
FROM nudge_analytics.account_success r$query$,
	'Account success by month', 'One row per month, dimension, value and measure. What is known of accounts as each month closes, of the present one and the 12 before: business reviews, success plans, sponsors, returns, opportunities, contracts, implementations; months are those of the zone of deploy().',
	'Measures have different units: choose one; metric_catalog says what each is. Rates are added by their numerators and denominators.',
	'{"period_start": "First day of the month", "dimension": "all or segment", "dimension_value": "Segment of the customers now; all for dimension all",
	"success_measure": "Which one: the metric of this name in metric_catalog", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"measure_value": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "success_measure": "type/Category"}',
	'{"period_start": "Month"}'),

('value_realization_monthly', 'customers', 1710, '{value_realization}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.all_customers, r.scored_customers, r.realized_customers, r.realization_rate::numeric(24,6) AS value_realization_rate,
	r.mean_score::numeric(24,6) AS value_realization_score, r.mean_index::numeric(24,6) AS value_realization_index, r.complete
FROM nudge_analytics.value_realization r$query$,
	'Value realization by month', 'One row per month, dimension and value. How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total.',
	'{"period_start": "First day of the month", "dimension": "all or segment", "dimension_value": "Segment of the customers now; all for dimension all", "all_customers": "Customers",
	"scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"value_realization_rate": "realized_customers over scored_customers, as a fraction of 1", "value_realization_score": "Mean share of criteria met, of those with criteria",
	"value_realization_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "value_realization_rate": "type/Percentage", "value_realization_score": "type/Percentage"}',
	'{"period_start": "Month"}'),

('risk_adjusted_retention_monthly', 'customers', 1720, '{risk_adjusted_retention}', $query$
SELECT r.period AS period_start, r.band AS health_band, r.currency, r.customers, r.mrr::numeric(24,6) AS mrr, r.known_mrr::numeric(24,6) AS known_mrr,
	r.retained_mrr::numeric(24,6) AS retained_mrr, r.risk_adjusted_retention_rate::numeric(24,6) AS risk_adjusted_retention_rate, r.coverage_rate::numeric(24,6) AS coverage_rate,
	r.basis AS retention_basis, r.complete
FROM nudge_analytics.risk_adjusted_retention r$query$,
	'Risk-adjusted retention by month', 'One row per month and band of health. How much of the MRR is to be expected in 12 months, as each month closes, of the present one and the 12 before; months are those of the zone of deploy().',
	'Choose all, or add the other bands. MRR is not to be added over months.',
	'{"period_start": "First day of the month", "health_band": "red, yellow or green, (none) without a score, all for all customers: do not add it to the others", "currency": "Currency of the amounts",
	"customers": "Customers with MRR", "mrr": "Their MRR", "known_mrr": "MRR of those for whom a retention is known: the denominator", "retained_mrr": "MRR times the retention to expect",
	"risk_adjusted_retention_rate": "retained_mrr over known_mrr, as a fraction of 1", "coverage_rate": "known_mrr over mrr, as a fraction of 1", "retention_basis": "What the retention to expect comes from",
	"complete": "Whether the month is over"}',
	'{"health_band": "type/Category", "currency": "type/Category", "mrr": "type/Currency", "known_mrr": "type/Currency", "retained_mrr": "type/Currency", "risk_adjusted_retention_rate": "type/Percentage",
	"coverage_rate": "type/Percentage", "retention_basis": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "known_mrr": "Known MRR", "retained_mrr": "Retained MRR"}'),

('interventions_monthly', 'customers', 1730, '{intervention_results}', $query$
SELECT r.period AS period_start, r.interventions_made, r.not_at_risk, r.not_scored, r.not_due, r.counted AS counted_interventions, r.succeeded AS succeeded_interventions,
	r.success_rate::numeric(24,6) AS intervention_success_rate, r.month_over AS is_month_over, r.complete
FROM nudge_analytics.intervention_results r$query$,
	'Interventions by month', 'One row per month. Interventions at customers at risk, and how many were healthy again within 90 days; months are those of the zone of deploy().',
	'The last months still change: complete is false until the 90 days of all are over.',
	'{"period_start": "First day of the month", "interventions_made": "Interventions", "not_at_risk": "Those at customers that were not at risk", "not_scored": "Those at customers without a score",
	"not_due": "Those whose 90 days are not over and that have not succeeded yet", "counted_interventions": "Those that are counted: the denominator",
	"succeeded_interventions": "Those of them after which the customer was healthy again", "intervention_success_rate": "succeeded_interventions over counted_interventions, as a fraction of 1",
	"is_month_over": "Whether the month is over", "complete": "Whether the month is over, and the 90 days of all"}',
	'{"intervention_success_rate": "type/Percentage"}',
	'{"period_start": "Month"}');

-- src/reporting/views_product.sql

/*
 * views_product.sql
 *		Shipped views about funnels, sessions, unit economics and health.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_product.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('funnel_steps_monthly', 'usage', 1800, '{conversion_funnel}', $query$
SELECT f.period AS period_start, f.funnel, f.step AS step_number, f.event AS step_event, f.people, f.previous_people, f.entered_people, f.step_rate::numeric(24,6) AS step_rate, f.overall_rate::numeric(24,6) AS overall_rate, f.dropped_people, f.open_people,
	(f.median_seconds / 3600)::numeric(24,6) AS median_hours, f.target_volume, f.target_rate::numeric(24,6) AS target_rate, f.target_rate_gap::numeric(24,6) AS target_rate_gap, f.step = f.last_step AS is_last_step, f.complete
FROM nudge_analytics.conversion_funnel f$query$,
	'Funnels by month', 'One row per funnel, month of entry and step. How many of the people that first entered in the month came to each step; months are those of the zone of deploy().',
	'People of different steps are not to be added. Where open_people is not 0, more may still come to the next step.',
	'{"period_start": "First day of the month in which people first entered", "funnel": "Name of the funnel, as nudge.funnel_definitions has it", "step_number": "Place of the step, from 1", "step_event": "Event that is the step", "people": "People that came to the step or further; each counts in one month",
	"previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered", "step_rate": "people over previous_people, as a fraction of 1", "overall_rate": "people over entered_people, as a fraction of 1", "dropped_people": "previous_people less people",
	"open_people": "People that came to this step and no further, and still may", "median_hours": "Median hours from the step before, of those who came here", "target_volume": "How many people should come to the step", "target_rate": "What step_rate should be, as a fraction of 1", "target_rate_gap": "step_rate less target_rate",
	"is_last_step": "Whether it is the last step of the funnel", "complete": "Whether the month is over"}',
	'{"funnel": "type/Category", "step_number": "type/Category", "step_event": "type/Category", "step_rate": "type/Percentage", "overall_rate": "type/Percentage", "target_rate": "type/Percentage", "target_rate_gap": "type/Percentage"}',
	'{"period_start": "Month of entry", "step_number": "Step", "step_event": "Event"}'),

('funnel_steps_by_dimension', 'usage', 1801, '{conversion_funnel_by_dimension}', $query$
SELECT f.period AS period_start, f.funnel, f.dimension, f.value AS dimension_value, f.step AS step_number, f.event AS step_event, f.people, f.previous_people, f.entered_people, f.step_rate::numeric(24,6) AS step_rate, f.overall_rate::numeric(24,6) AS overall_rate,
	f.dropped_people, f.open_people, (f.median_seconds / 3600)::numeric(24,6) AS median_hours, f.step = f.last_step AS is_last_step, f.complete
FROM nudge_analytics.conversion_funnel_by_dimension f$query$,
	'Funnels by month and dimension', 'One row per funnel, dimension, value, month of entry and step. As funnel_steps_monthly, by what users and their accounts are now.',
	'Choose one dimension: each has all people. People of different steps are not to be added.',
	'{"period_start": "First day of the month in which people first entered, in the zone of deploy()", "funnel": "Name of the funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account", "dimension_value": "Value now; (none) for those without",
	"step_number": "Place of the step, from 1", "step_event": "Event that is the step", "people": "People that came to the step or further; each counts in one month", "previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered",
	"step_rate": "people over previous_people, as a fraction of 1", "overall_rate": "people over entered_people, as a fraction of 1", "dropped_people": "previous_people less people", "open_people": "People that came to this step and no further, and still may", "median_hours": "Median hours from the step before, of those who came here",
	"is_last_step": "Whether it is the last step of the funnel", "complete": "Whether the month is over"}',
	'{"funnel": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "step_number": "type/Category", "step_event": "type/Category", "step_rate": "type/Percentage", "overall_rate": "type/Percentage"}',
	'{"period_start": "Month of entry", "step_number": "Step", "step_event": "Event"}'),

('funnel_people', 'usage', 1802, '{funnel_user_states,conversion_funnel}', $query$
SELECT nudge.period_start(nudge.civil_date(e.step_times[1], {zone}), 'month') AS period_start, s.funnel, s."user" AS user_id, u.step AS step_number, u.event AS step_event, u.completed AS is_completed, u.open_window AND NOT u.completed AS is_open,
	e.step_times[1] AS entered_at, u.step_times[u.step] AS step_at
FROM (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'conversion_funnel') k, nudge_analytics.funnel_user_states s
	JOIN (SELECT f.funnel, array_agg(f.event ORDER BY f.step_no) AS events, array_agg(f.max_gap ORDER BY f.step_no) AS gaps, array_agg(f.min_count ORDER BY f.step_no) AS counts FROM nudge.funnel_definitions f
		-- one that cannot be computed would be an error of all
		WHERE NOT EXISTS (SELECT FROM nudge.quarantine q WHERE q.materialisation = 'conversion_funnel' AND q.key = f.funnel) GROUP BY f.funnel) d ON d.funnel = s.funnel,
	LATERAL nudge.funnel_users(s.state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => k.clock_at) u,
	LATERAL nudge.funnel_users(s.state, steps => d.events[1:1], as_of => k.clock_at) e$query$,
	'People in funnels', 'One row per funnel and user that entered. The people behind funnel_steps_monthly: those of a step are the rows with this step_number or a higher one.',
	'It reads a state of each user: filter by user_id where you can.',
	'{"period_start": "First day of the month in which the user first entered, in the zone of deploy()", "funnel": "Name of the funnel", "user_id": "User", "step_number": "The furthest step that the user came to, from 1", "step_event": "Event that is this step", "is_completed": "Whether it is the last one",
	"is_open": "Whether the user may still come further", "entered_at": "When the user first entered", "step_at": "When the user came to the furthest step"}',
	'{"funnel": "type/Category", "step_number": "type/Category", "step_event": "type/Category"}', '{"period_start": "Month of entry", "step_number": "Furthest step", "step_event": "Event"}'),

('sessions_daily', 'usage', 1810, '{session_metrics}', $query$
SELECT s.period AS period_start, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds::numeric(24,6) AS duration_seconds, s.sessions_per_user::numeric(24,6) AS sessions_per_user, s.bounce_rate::numeric(24,6) AS bounce_rate,
	s.events_per_session::numeric(24,6) AS events_per_session, s.return_rate::numeric(24,6) AS return_rate, s.mean_duration_seconds::numeric(24,6) AS mean_duration_seconds, s.median_duration_seconds::numeric(24,6) AS median_duration_seconds
FROM nudge_analytics.session_metrics s WHERE s.grain = 'day'$query$,
	'Sessions by day', 'One row per day of a month with sessions. Sessions that began on the day, of days that are over; days are those of the zone of deploy().',
	'users and returning_users are not to be added over days, medians not at all; rates are added by their numerators and denominators.',
	'{"period_start": "Day", "sessions": "Sessions that began on the day", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users",
	"bounce_rate": "bounces over sessions, as a fraction of 1", "events_per_session": "events over sessions", "return_rate": "returning_users over users, as a fraction of 1", "mean_duration_seconds": "duration_seconds over sessions", "median_duration_seconds": "Median duration of a session"}',
	'{"bounce_rate": "type/Percentage", "return_rate": "type/Percentage", "duration_seconds": "type/Duration", "mean_duration_seconds": "type/Duration", "median_duration_seconds": "type/Duration"}', '{"period_start": "Day"}'),

('sessions_monthly', 'usage', 1811, '{session_metrics}', $query$
SELECT s.period AS period_start, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds::numeric(24,6) AS duration_seconds, s.sessions_per_user::numeric(24,6) AS sessions_per_user, s.bounce_rate::numeric(24,6) AS bounce_rate,
	s.events_per_session::numeric(24,6) AS events_per_session, s.return_rate::numeric(24,6) AS return_rate, s.mean_duration_seconds::numeric(24,6) AS mean_duration_seconds, s.median_duration_seconds::numeric(24,6) AS median_duration_seconds, s.complete
FROM nudge_analytics.session_metrics s WHERE s.grain = 'month'$query$,
	'Sessions by month', 'One row per month with sessions. Sessions that began in the month, up to yesterday; months are those of the zone of deploy().',
	'users and returning_users are not to be added over months, medians not at all; rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "sessions": "Sessions that began in the month", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users",
	"bounce_rate": "bounces over sessions, as a fraction of 1", "events_per_session": "events over sessions", "return_rate": "returning_users over users, as a fraction of 1", "mean_duration_seconds": "duration_seconds over sessions", "median_duration_seconds": "Median duration of a session", "complete": "Whether the month is over"}',
	'{"bounce_rate": "type/Percentage", "return_rate": "type/Percentage", "duration_seconds": "type/Duration", "mean_duration_seconds": "type/Duration", "median_duration_seconds": "type/Duration"}', '{"period_start": "Month"}'),

('sessions_monthly_by_dimension', 'usage', 2323, '{session_metrics_by_dimension}', $query$
SELECT s.month AS period_start, s.dimension, s.value AS dimension_value, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds::numeric(24,6) AS duration_seconds, s.sessions_per_user::numeric(24,6) AS sessions_per_user, s.bounce_rate::numeric(24,6) AS bounce_rate,
	s.events_per_session::numeric(24,6) AS events_per_session, s.return_rate::numeric(24,6) AS return_rate, s.mean_duration_seconds::numeric(24,6) AS mean_duration_seconds, s.complete
FROM nudge_analytics.session_metrics_by_dimension s$query$,
	'Sessions by month and dimension', 'One row per month with sessions and value of a dimension. Sessions that began in the month, up to yesterday, by what their users and accounts are now; months are those of the zone of deploy().',
	'Each dimension has all sessions: do not add dimensions. users and returning_users are not to be added over months; rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none): not known", "sessions": "Sessions that began in the month", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more",
	"duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, as a fraction of 1", "events_per_session": "events over sessions", "return_rate": "returning_users over users, as a fraction of 1", "mean_duration_seconds": "duration_seconds over sessions",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "bounce_rate": "type/Percentage", "return_rate": "type/Percentage", "duration_seconds": "type/Duration", "mean_duration_seconds": "type/Duration"}', '{"period_start": "Month"}'),

('user_sessions', 'usage', 1812, '{fact_sessions}', $query$
SELECT s.day AS session_day, s.started_at, s.ended_at, s."user" AS user_id, s.events, s.duration_seconds::numeric(24,6) AS duration_seconds, s.entry_event, s.exit_event, s.bounced AS is_bounce
FROM nudge_analytics.fact_sessions s$query$,
	'Sessions of users', 'One row per session. The sessions behind sessions_daily and sessions_monthly, those of today included.', 'What is dated in the days to come is in it too.',
	'{"session_day": "Day on which it began, in the zone of deploy()", "started_at": "First event", "ended_at": "Last event", "user_id": "User", "events": "Events", "duration_seconds": "Time from the first event to the last", "entry_event": "Name of the first event", "exit_event": "Name of the last event", "is_bounce": "Whether it has one event only"}',
	'{"entry_event": "type/Category", "exit_event": "type/Category", "duration_seconds": "type/Duration"}', '{}'),

('unit_economics_monthly', 'finance', 1820, '{unit_economics}', $query$
SELECT u.period AS period_start, u.currency, u.mrr::numeric(24,6) AS mrr, u.customers, u.arpa::numeric(24,6) AS arpa, u.revenue::numeric(24,6) AS revenue, u.cost_of_revenue::numeric(24,6) AS cost_of_revenue, u.gross_profit::numeric(24,6) AS gross_profit, u.gross_margin_rate::numeric(24,6) AS gross_margin_rate,
	u.contribution_margin::numeric(24,6) AS contribution_margin, u.contribution_margin_rate::numeric(24,6) AS contribution_margin_rate, u.marketing_cost::numeric(24,6) AS marketing_cost, u.sales_cost::numeric(24,6) AS sales_cost, u.tools_cost::numeric(24,6) AS tools_cost,
	u.other_cost::numeric(24,6) AS other_cost, u.overhead_cost::numeric(24,6) AS overhead_cost, u.acquisition_cost::numeric(24,6) AS acquisition_cost, u.new_customers, u.cac::numeric(24,6) AS cac, u.churn_months, u.customer_months, u.churned_customers, u.churn_rate::numeric(24,6) AS churn_rate,
	u.lifetime_revenue::numeric(24,6) AS lifetime_revenue, u.ltv::numeric(24,6) AS ltv, u.ltv_to_cac_ratio::numeric(24,6) AS ltv_to_cac_ratio, u.cac_payback_months::numeric(24,6) AS cac_payback_months, u.revenue_payback_months::numeric(24,6) AS revenue_payback_months,
	u.acquisition_cost_per_active_customer::numeric(24,6) AS acquisition_cost_per_active_customer, u.cac_null_reason, u.ltv_null_reason, u.complete
FROM nudge_analytics.unit_economics u$query$,
	'Unit economics by month', 'One row per month and currency. What a customer earns, costs to win and is worth; months are those of the zone of deploy().',
	'Ratios are not to be added. The last month is open: complete is false, and what needs whole months is NULL.',
	'{"period_start": "First day of the month", "currency": "Currency of all amounts", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "revenue": "Revenue of the month, of all streams", "cost_of_revenue": "Cost of delivering the product", "gross_profit": "revenue less cost_of_revenue",
	"gross_margin_rate": "gross_profit over revenue, as a fraction of 1", "contribution_margin": "gross_profit less variable costs of acquisition", "contribution_margin_rate": "contribution_margin over revenue, as a fraction of 1", "marketing_cost": "Acquisition: spend, and costs of marketing", "sales_cost": "Acquisition: costs of sales",
	"tools_cost": "Acquisition: costs of tools", "other_cost": "Acquisition: other costs", "overhead_cost": "Acquisition: 20% added on", "acquisition_cost": "Sum of these five", "new_customers": "Customers whose first MRR ever began in the month", "cac": "acquisition_cost over new_customers; NULL: cac_null_reason says why",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, as a fraction of 1: churn of one month",
	"lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "ltv_to_cac_ratio": "ltv over cac", "cac_payback_months": "cac over gross profit of a customer and month", "revenue_payback_months": "cac over arpa",
	"acquisition_cost_per_active_customer": "acquisition_cost over customers, old and new: not CAC", "cac_null_reason": "Why there is no CAC", "ltv_null_reason": "Why there is no LTV", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "mrr": "type/Currency", "arpa": "type/Currency", "revenue": "type/Currency", "cost_of_revenue": "type/Currency", "gross_profit": "type/Currency", "gross_margin_rate": "type/Percentage", "contribution_margin": "type/Currency", "contribution_margin_rate": "type/Percentage", "marketing_cost": "type/Currency",
	"sales_cost": "type/Currency", "tools_cost": "type/Currency", "other_cost": "type/Currency", "overhead_cost": "type/Currency", "acquisition_cost": "type/Currency", "cac": "type/Currency", "churn_rate": "type/Percentage", "lifetime_revenue": "type/Currency", "ltv": "type/Currency", "acquisition_cost_per_active_customer": "type/Currency",
	"cac_null_reason": "type/Category", "ltv_null_reason": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "arpa": "ARPA", "cac": "CAC", "ltv": "LTV", "ltv_to_cac_ratio": "LTV to CAC", "cac_payback_months": "CAC payback, months", "cac_null_reason": "Why no CAC", "ltv_null_reason": "Why no LTV"}'),

('unit_economics_segments', 'finance', 1821, '{unit_economics_by_segment}', $query$
SELECT u.period AS period_start, u.segment, u.currency, u.mrr::numeric(24,6) AS mrr, u.customers, u.arpa::numeric(24,6) AS arpa, u.new_customers, u.churn_months, u.customer_months, u.churned_customers, u.churn_rate::numeric(24,6) AS churn_rate, u.gross_margin_rate::numeric(24,6) AS gross_margin_rate,
	u.lifetime_revenue::numeric(24,6) AS lifetime_revenue, u.ltv::numeric(24,6) AS ltv, u.company_cac::numeric(24,6) AS company_cac, u.ltv_to_company_cac_ratio::numeric(24,6) AS ltv_to_company_cac_ratio, u.company_cac_payback_months::numeric(24,6) AS company_cac_payback_months, u.ltv_null_reason, u.complete
FROM nudge_analytics.unit_economics_by_segment u$query$,
	'Unit economics by segment', 'One row per month, currency and segment. What a customer of the segment earns and is worth, against the cost of acquisition of the company; months are those of the zone of deploy().',
	'Segments are those of customers now. Costs have no segment: margin and CAC are those of the company.',
	'{"period_start": "First day of the month", "segment": "Segment of the customers now; (none) for those without", "currency": "Currency of all amounts", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "new_customers": "Customers that had no MRR before, and have some as the month closes",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, as a fraction of 1: churn of one month",
	"gross_margin_rate": "Gross margin of the company, as a fraction of 1", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "company_cac": "CAC of the company", "ltv_to_company_cac_ratio": "ltv over company_cac",
	"company_cac_payback_months": "company_cac over gross profit of a customer and month", "ltv_null_reason": "Why there is no LTV", "complete": "Whether the month is over"}',
	'{"segment": "type/Category", "currency": "type/Category", "mrr": "type/Currency", "arpa": "type/Currency", "churn_rate": "type/Percentage", "gross_margin_rate": "type/Percentage", "lifetime_revenue": "type/Currency", "ltv": "type/Currency", "company_cac": "type/Currency", "ltv_null_reason": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "arpa": "ARPA", "ltv": "LTV", "company_cac": "CAC of the company", "ltv_to_company_cac_ratio": "LTV to CAC of the company", "company_cac_payback_months": "CAC payback, months", "ltv_null_reason": "Why no LTV"}'),

('customer_health_now', 'customers', 1830, '{customer_health,dim_customers}', $query$
SELECT nudge.civil_date(h.scored_at, {zone}) AS scored_day, h.customer, d.name AS customer_name, d.segment, d.owner, h.score, h.band, h.at_risk AS is_at_risk, h.trend, h.slope_per_30_days, h.change_30_days, h.change_90_days, h.drop_30_days, h.drop_90_days,
	h.lowest_factor, h.lowest_factor_score, d.status, d.currency, d.current_mrr, h.model
FROM (SELECT c.customer, c.scored_at, c.score::numeric(24,6) AS score, c.band, c.at_risk, c.trend, c.slope_per_30_days::numeric(24,6) AS slope_per_30_days, c.change_30_days::numeric(24,6) AS change_30_days, c.change_90_days::numeric(24,6) AS change_90_days,
		c.drop_30_days::numeric(24,6) AS drop_30_days, c.drop_90_days::numeric(24,6) AS drop_90_days, c.lowest_factor, c.lowest_factor_score::numeric(24,6) AS lowest_factor_score, c.model FROM nudge_analytics.customer_health c) h
	LEFT JOIN (SELECT c.customer, c.name, c.segment, c.owner, c.status, c.currency, c.current_mrr::numeric(24,6) AS current_mrr FROM nudge_analytics.dim_customers c) d ON d.customer = h.customer$query$,
	'Health of customers', 'One row per customer with a score. Its health as it was scored last, with trend and drops, beside what it pays now.',
	'Scores are not to be added; a score stays until the next one, so look at scored_day.',
	'{"scored_day": "Day of the last score, in the zone of deploy()", "customer": "Customer", "customer_name": "What it is called", "segment": "Segment now", "owner": "Who looks after it", "score": "Last score, 0 to 100", "band": "red below 60, yellow, green from 80", "is_at_risk": "Whether the score is below 65",
	"trend": "rising, falling or flat over 90 days", "slope_per_30_days": "Points that the score gains in 30 days by that trend", "change_30_days": "Score less that of 30 days before", "change_90_days": "Score less that of 90 days before", "drop_30_days": "How far the score is below the highest of the last 30 days",
	"drop_90_days": "How far it is below the highest of the last 90 days", "lowest_factor": "Factor of the score with the lowest value", "lowest_factor_score": "Its value", "status": "active with MRR now, churned without but with some before, never_paid", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies", "model": "Model of the score; NULL if it does not say"}',
	'{"segment": "type/Category", "owner": "type/Category", "score": "type/Score", "band": "type/Category", "trend": "type/Category", "lowest_factor": "type/Category", "lowest_factor_score": "type/Score", "status": "type/Category", "currency": "type/Category", "current_mrr": "type/Currency", "model": "type/Category"}',
	'{"current_mrr": "MRR now"}'),

('customer_health_factor_scores', 'customers', 1831, '{customer_health_factors}', $query$
SELECT nudge.civil_date(f.scored_at, {zone}) AS scored_day, f.customer, f.factor, f.factor_score::numeric(24,6) AS factor_score
FROM nudge_analytics.customer_health_factors f$query$,
	'Factors of health', 'One row per customer and factor. What the last score of each customer is made of.', 'Factors are not to be added: their weights are those of the model.',
	'{"scored_day": "Day of the last score, in the zone of deploy()", "customer": "Customer", "factor": "Factor", "factor_score": "Its value"}', '{"factor": "type/Category", "factor_score": "type/Score"}', '{}'),

('customer_health_history', 'customers', 1832, '{customer_health_months}', $query$
SELECT m.period AS period_start, m.customer, m.score::numeric(24,6) AS score, m.band, m.at_risk AS is_at_risk, m.complete
FROM nudge_analytics.customer_health_months m$query$,
	'Health of customers by month', 'One row per customer and month from its first score on. Its last score as the month closed; months are those of the zone of deploy().', 'Scores are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "customer": "Customer", "score": "Last score as the month closed, or so far", "band": "red below 60, yellow, green from 80", "is_at_risk": "Whether the score is below 65", "complete": "Whether the month is over"}', '{"score": "type/Score", "band": "type/Category"}', '{"period_start": "Month"}'),

('customer_health_bands', 'customers', 1833, '{customer_health_by_band}', $query$
SELECT b.period AS period_start, b.currency, b.band, b.customers, b.mrr::numeric(24,6) AS mrr, b.scored_customers, b.mean_score::numeric(24,6) AS mean_score, b.at_risk_customers, b.at_risk_mrr::numeric(24,6) AS at_risk_mrr,
	(b.mrr / nullif(a.mrr, 0))::numeric(24,6) AS mrr_share, (b.at_risk_mrr / nullif(b.mrr, 0))::numeric(24,6) AS at_risk_mrr_rate, b.complete
FROM nudge_analytics.customer_health_by_band b JOIN nudge_analytics.customer_health_by_band a ON a.period = b.period AND a.currency = b.currency AND a.band = 'all'$query$,
	'Health by band and month', 'One row per month, currency and band. Customers with MRR and their MRR by band of health as the month closed, and for band all of them all; months are those of the zone of deploy().',
	'Do not add band all to the others, nor anything over months or currencies. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers", "customers": "Customers with MRR as the month closed, or now", "mrr": "Their MRR", "scored_customers": "Those with a score", "mean_score": "Mean of their scores",
	"at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "mrr_share": "mrr over that of band all, as a fraction of 1", "at_risk_mrr_rate": "at_risk_mrr over mrr, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "band": "type/Category", "mrr": "type/Currency", "mean_score": "type/Score", "at_risk_mrr": "type/Currency", "mrr_share": "type/Percentage", "at_risk_mrr_rate": "type/Percentage"}', '{"period_start": "Month", "mrr": "MRR", "at_risk_mrr": "MRR at risk", "mrr_share": "Share of MRR", "at_risk_mrr_rate": "Share of MRR at risk"}'),

('customer_health_now_by_dimension', 'customers', 2330, '{customer_health_by_dimension}', $query$
SELECT b.dimension, b.value AS dimension_value, b.currency, b.band, b.customers, b.mrr::numeric(24,6) AS mrr, b.scored_customers, b.mean_score::numeric(24,6) AS mean_score, b.at_risk_customers, b.at_risk_mrr::numeric(24,6) AS at_risk_mrr,
	(b.mrr / nullif(a.mrr, 0))::numeric(24,6) AS mrr_share, (b.at_risk_mrr / nullif(b.mrr, 0))::numeric(24,6) AS at_risk_mrr_rate
FROM nudge_analytics.customer_health_by_dimension b JOIN nudge_analytics.customer_health_by_dimension a ON a.dimension = b.dimension AND a.value = b.value AND a.currency = b.currency AND a.band = 'all'$query$,
	'Health by dimension now', 'One row per value of a dimension, currency and band. Customers with MRR and their MRR by band of health, now, by what the customers are now, and for band all of them all.',
	'Each dimension has all customers: do not add dimensions, nor band all to the others, nor anything over currencies.',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "currency": "Currency of the amounts", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers", "customers": "Customers with MRR now", "mrr": "Their MRR", "scored_customers": "Those with a score",
	"mean_score": "Mean of their scores", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "mrr_share": "mrr over that of band all, as a fraction of 1", "at_risk_mrr_rate": "at_risk_mrr over mrr, as a fraction of 1"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "band": "type/Category", "mrr": "type/Currency", "mean_score": "type/Score", "at_risk_mrr": "type/Currency", "mrr_share": "type/Percentage", "at_risk_mrr_rate": "type/Percentage"}', '{"mrr": "MRR", "at_risk_mrr": "MRR at risk", "mrr_share": "Share of MRR", "at_risk_mrr_rate": "Share of MRR at risk"}'),

('account_health_now', 'customers', 1834, '{account_health}', $query$
SELECT nudge.civil_date(h.scored_at, {zone}) AS scored_day, h.customer, h.score::numeric(24,6) AS score, h.coverage_share::numeric(24,6) AS coverage_share, h.band, h.weakest_factor, h.usage_factor::numeric(24,6) AS usage_factor, h.engagement_factor::numeric(24,6) AS engagement_factor,
	h.outcome_factor::numeric(24,6) AS outcome_factor, h.relationship_factor::numeric(24,6) AS relationship_factor, h.support_factor::numeric(24,6) AS support_factor, h.satisfaction_factor::numeric(24,6) AS satisfaction_factor, h.growth_factor::numeric(24,6) AS growth_factor,
	h.advocacy_factor::numeric(24,6) AS advocacy_factor, h.model
FROM nudge_analytics.account_health h$query$,
	'Health of accounts by the model', 'One row per customer and model. Health as it is computed from use, outcomes, relationships and support, of what was known as the day began.',
	'Scores are not to be added; where coverage_share is low, little is known.',
	'{"scored_day": "Day as which it is computed, in the zone of deploy()", "customer": "Customer", "score": "Score by the model, 0 to 100; NULL: nothing is known", "coverage_share": "How much of the weights is known, as a fraction of 1", "band": "red below 60, yellow, green from 80; NULL: too little is known for green", "weakest_factor": "Factor that costs the most points",
	"usage_factor": "Use of the product, 0 to 100", "engagement_factor": "How evenly, and by how many", "outcome_factor": "Whether it gets what was agreed", "relationship_factor": "Who is known there, and how they think", "support_factor": "Few tickets, solved soon and well", "satisfaction_factor": "Answers to surveys",
	"growth_factor": "Growth of seats and of metered use", "advocacy_factor": "Whether it speaks for us", "model": "Name of the model"}',
	'{"score": "type/Score", "coverage_share": "type/Percentage", "band": "type/Category", "weakest_factor": "type/Category", "usage_factor": "type/Score", "engagement_factor": "type/Score", "outcome_factor": "type/Score", "relationship_factor": "type/Score", "support_factor": "type/Score", "satisfaction_factor": "type/Score",
	"growth_factor": "type/Score", "advocacy_factor": "type/Score", "model": "type/Category"}', '{}');

-- Numbers of the last period that is over, with the periods before
INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, comparison, periods, detail_view, description) VALUES
('executive', 'mrr', 'MRR', 'number_with_trend', 1, 1, 'previous', 13, 'customer_mrr_now', 'Monthly recurring revenue as the month closed.'),
('executive', 'cac', 'CAC', 'gauge', 1, 2, 'target', 1, 'channels_monthly', 'Spend of channels for a customer, as a share of its target: above 1 is too much.'),
('executive', 'churn', 'Churn', 'percentage', 1, 3, 'benchmark', 13, 'customer_mrr_movements', 'Share of the opening customers that left in the month, beside that of others.'),
('executive', 'net_revenue_retention', 'Net revenue retention', 'percentage', 3, 1, 'year_before', 13, 'customer_mrr_movements', 'MRR of the customers of a year ago over what it was then.'),
('executive', 'cash', 'Cash', 'number_with_trend', 3, 2, 'previous', 13, 'burn_monthly', 'Cash as the month closed.'),
('executive', 'ltv_to_cac', 'LTV to CAC', 'number_with_trend', 3, 3, 'previous', 13, 'unit_economics_monthly', 'What a customer is worth over what it costs to win, sales and tools counted.'),
('sales', 'pipeline_value', 'Pipeline value', 'number_with_trend', 1, 1, 'previous', 13, 'sales_pipeline_now', 'Amount of the deals that were open as the month closed.'),
('sales', 'closed_won_amount', 'Closed-won amount', 'number_with_trend', 1, 2, 'year_before', 13, 'sales_monthly', 'Amount of the deals won in the month, beside that of a year before.'),
('sales', 'win_rate', 'Win rate', 'percentage', 1, 3, 'benchmark', 13, 'sales_monthly', 'Share of the decided deals that were won.'),
('sales', 'pipeline_coverage', 'Pipeline coverage', 'number_with_trend', 2, 3, 'previous', 13, 'sales_monthly', 'Pipeline value over the quota of the month.'),
('sales', 'average_deal_size', 'Average deal size', 'number_with_trend', 3, 1, 'previous', 13, 'sales_monthly', 'Amount of a deal won, on average.'),
('sales', 'sales_velocity', 'Sales velocity', 'number_with_trend', 3, 2, 'previous', 13, 'sales_monthly', 'Amount a day that the qualified open deals promise.'),
('sales', 'sales_cycle', 'Sales cycle', 'number_with_trend', 3, 3, 'previous', 13, 'sales_monthly', 'Days from creation to close of the deals won, the median.'),
('sales', 'activities', 'Activities', 'number_with_trend', 5, 3, 'previous', 13, 'sales_activities_monthly', 'Calls, meetings and mails of the month.'),
('marketing', 'leads', 'Leads', 'number_with_trend', 1, 1, 'previous', 13, 'customer_touches_daily', 'Leads of the month.'),
('marketing', 'cac', 'CAC', 'gauge', 1, 2, 'target', 1, 'channels_monthly', 'Spend of channels for a customer, as a share of its target: above 1 is too much.'),
('marketing', 'roi', 'Marketing ROI', 'number_with_trend', 1, 3, 'previous', 13, 'campaign_results', 'Attributed revenue less spend, over spend.'),
('marketing', 'click_through_rate', 'Click-through rate', 'percentage', 3, 3, 'previous', 13, 'channel_spend_daily', 'Clicks over impressions.'),
('marketing', 'lead_to_customer_rate', 'Lead-to-customer rate', 'percentage', 4, 3, 'previous', 13, 'channels_monthly', 'Acquired customers over leads.'),
('marketing', 'content_to_lead_rate', 'Content to lead', 'percentage', 5, 3, 'previous', 13, 'content_monthly', 'Leads over visitors that content brought.'),
('product', 'monthly_active_users', 'Monthly active users', 'number_with_trend', 1, 1, 'previous', 13, 'user_events_daily', 'Users that did something in the month.'),
('product', 'stickiness', 'Stickiness', 'percentage', 1, 2, 'benchmark', 60, 'active_users_daily', 'Daily over monthly active users, of each day.'),
('product', 'user_retention', 'User retention', 'percentage', 1, 3, 'previous', 13, 'user_lifecycle', 'Share of the users of the month before that came back.'),
('product', 'nps', 'NPS', 'number_with_trend', 5, 1, 'previous', 13, 'nps_monthly', 'Promoters less detractors, in points of 100.'),
('product', 'sessions', 'Sessions', 'number_with_trend', 5, 2, 'previous', 13, 'user_sessions', 'Sessions that began in the month.'),
('product', 'bounce_rate', 'Bounce rate', 'percentage', 5, 3, 'previous', 13, 'user_sessions', 'Share of the sessions of one event.'),
('product', 'open_bugs', 'Open bugs', 'number_with_trend', 4, 3, 'previous', 13, 'delivery_monthly', 'Bugs that were open as the month closed.'),
('customer_success', 'net_revenue_retention', 'Net revenue retention', 'percentage', 1, 1, 'target', 13, 'customer_mrr_movements', 'MRR of the customers of a year ago over what it was then.'),
('customer_success', 'gross_revenue_retention', 'Gross revenue retention', 'percentage', 1, 2, 'target', 13, 'customer_mrr_movements', 'The same without expansion.'),
('customer_success', 'csat', 'CSAT', 'number_with_trend', 1, 3, 'previous', 13, 'support_tickets', 'Mean score of the tickets with one, on its own scale.'),
('customer_success', 'ticket_backlog', 'Ticket backlog', 'number_with_trend', 2, 3, 'previous', 13, 'support_tickets', 'Tickets that were open as the month closed.'),
('customer_success', 'first_response_time', 'First response', 'number_with_trend', 4, 1, 'target', 13, 'support_tickets', 'Minutes until a ticket is first answered, the median.'),
('customer_success', 'resolution_time', 'Resolution', 'number_with_trend', 4, 2, 'target', 13, 'support_tickets', 'Minutes until a ticket is resolved, the median.'),
('customer_success', 'mrr_at_risk', 'MRR at risk', 'percentage', 4, 3, 'previous', 13, 'customer_health_now', 'Share of the MRR of customers whose health score is low.'),
('engineering', 'deployment_frequency', 'Deployment frequency', 'number_with_trend', 1, 1, 'previous', 13, 'delivery_monthly', 'Deployments a day.'),
('engineering', 'lead_time', 'Lead time for changes', 'number_with_trend', 1, 2, 'previous', 13, 'delivery_monthly', 'Hours from a change to its deployment, the median.'),
('engineering', 'change_failure_rate', 'Change failure rate', 'percentage', 1, 3, 'previous', 13, 'delivery_monthly', 'Share of the deployments that failed.'),
('engineering', 'mttr', 'MTTR', 'number_with_trend', 2, 3, 'previous', 13, 'platform_incidents', 'Minutes from the start of an incident to its end, on average.'),
('engineering', 'code_coverage', 'Code coverage', 'percentage', 3, 3, 'target', 13, 'delivery_monthly', 'Share of the code that tests run.');

-- Charts of metrics, over time or of the last period by a dimension
INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, span, dimension, periods, detail_view, description) VALUES
('executive', 'revenue_growth', 'Revenue growth', 'stacked_bar', 2, 1, 2, NULL, 12, 'customer_mrr_movements', 'Movements of MRR of each month.'),
('executive', 'mrr_by_segment', 'MRR by segment', 'bar', 4, 3, 1, 'segment', 1, 'customer_details', 'MRR as the month closed.'),
('sales', 'deals', 'Deals', 'line', 2, 1, 2, NULL, 12, 'sales_monthly', 'Deals created, closed and won in each month.'),
('sales', 'by_owner', 'By owner', 'table', 4, 1, 2, 'owner', 1, 'sales_monthly', 'Pipeline, deals and quota of each owner of deals.'),
('sales', 'won_by_segment', 'Closed-won by segment', 'bar', 4, 3, 1, 'segment', 1, 'sales_monthly', 'Amount of the deals won in the month.'),
('marketing', 'channels', 'Channels', 'table', 2, 1, 2, 'channel', 1, 'channels_monthly', 'What each channel cost in the month, and what it brought.'),
('marketing', 'acquisition_funnel', 'From impression to customer', 'funnel', 2, 3, 1, NULL, 1, 'channels_monthly', 'Counts of the month; a customer may have clicked in an earlier one.'),
('marketing', 'attributed_revenue', 'Attributed revenue', 'stacked_bar', 3, 1, 2, 'channel', 12, 'customer_conversions_daily', 'Revenue credited to each channel.'),
('marketing', 'unit_costs', 'Cost of leads and customers', 'line', 4, 1, 2, NULL, 12, 'channel_spend_daily', 'Spend per lead and per acquired customer.'),
('product', 'lifecycle', 'Users by lifecycle', 'stacked_bar', 2, 1, 2, NULL, 12, 'user_lifecycle', 'Users that are new, came back or were won back; dormant ones were active the month before.'),
('product', 'feature_adoption', 'Feature adoption', 'bar', 3, 3, 1, 'feature', 1, 'product_events_daily', 'Share of the users that used a feature three times or more.'),
('product', 'early_retention', 'Retention of new users', 'line', 4, 1, 2, NULL, 12, 'user_retention_by_day', 'Share of the users of each month that came back on a day after the first.'),
('customer_success', 'customers', 'Customers won and lost', 'bar', 2, 1, 2, NULL, 12, 'customer_mrr_movements', 'Customers with MRR that are new, and that left.'),
('customer_success', 'churn_by_segment', 'Churn by segment', 'bar', 3, 3, 1, 'segment', 1, 'customer_mrr_movements', 'Share of the opening customers that left in the month.'),
('engineering', 'deployments', 'Deployments', 'stacked_bar', 2, 1, 2, 'service', 12, 'delivery_monthly', 'Deployments of each service.'),
('engineering', 'uptime', 'Uptime', 'line', 3, 1, 2, 'service', 12, 'platform_incidents', 'Share of the time that each service ran, without maintenance.'),
('engineering', 'incidents', 'Incidents', 'stacked_bar', 4, 1, 2, 'severity', 12, 'platform_incidents', 'Incidents of each severity.'),
('engineering', 'bugs', 'Bugs opened and closed', 'bar', 4, 3, 1, NULL, 6, 'delivery_monthly', 'Bugs of each month.');

-- Queries of their own
INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, span, periods, view_name, unit, detail_view, description, query) VALUES
('executive', 'mrr_waterfall', 'MRR waterfall', 'waterfall', 4, 1, 2, 1, 'mrr_monthly_consolidated', 'currency', 'customer_mrr_movements', 'From opening to closing MRR of the last month that is over: the steps add up to the closing MRR.', $query$
SELECT s.step_order, s.step, s.value
FROM (SELECT m.* FROM nudge_reporting.mrr_monthly_consolidated m WHERE m.complete AND m.currency = {currency} AND m.period_start <= coalesce({until}, m.period_start) ORDER BY m.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Opening', m.opening_mrr), (2, 'New', m.new_mrr), (3, 'Reactivation', m.reactivation_mrr), (4, 'Expansion', m.expansion_mrr),
	(5, 'Contraction', m.contraction_mrr), (6, 'Churn', m.churn_mrr), (7, 'Exchange rates', m.fx_mrr)) s(step_order, step, value)
ORDER BY 1
$query$),
('executive', 'conversion_funnel', 'Conversion funnel', 'funnel', 2, 3, 1, 1, 'channels_monthly', 'count', 'channels_monthly', 'Visitors, leads and customers of the last month that is over, of all channels; a customer may have come in an earlier one.', $query$
SELECT s.step_order, s.step, s.value
FROM (SELECT sum(c.visitors) AS visitors, sum(c.new_leads) AS leads, sum(c.acquired_customers) AS customers FROM nudge_reporting.channels_monthly c WHERE c.complete AND c.currency = {currency}
	AND c.period_start <= coalesce({until}, c.period_start) GROUP BY c.period_start ORDER BY c.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Visitors', m.visitors), (2, 'Leads', m.leads), (3, 'Customers', m.customers)) s(step_order, step, value)
ORDER BY 1
$query$),
('marketing', 'campaigns', 'Campaigns', 'table', 5, 1, 2, 1, 'campaigns_monthly', NULL, 'campaign_results', 'What each campaign cost and brought in the last month that is over.', $query$
SELECT c.campaign, c.channel, c.cost, c.new_leads, c.acquired_customers, c.attributed_revenue, c.campaign_roi
FROM nudge_reporting.campaigns_monthly c
WHERE c.currency = {currency} AND c.period_start = (SELECT max(l.period_start) FROM nudge_reporting.campaigns_monthly l WHERE l.complete AND l.period_start <= coalesce({until}, l.period_start))
ORDER BY 6 DESC NULLS LAST, 1 LIMIT 20
$query$),
('product', 'funnel', 'Funnel', 'funnel', 2, 3, 1, 1, 'funnel_steps_monthly', 'count', 'funnel_people', 'How far the people came who entered in the last month that is over, of the first funnel by name.', $query$
SELECT f.step_number AS step_order, f.step_event AS step, f.people AS value
FROM nudge_reporting.funnel_steps_monthly f
WHERE (f.funnel, f.period_start) = (SELECT l.funnel, l.period_start FROM nudge_reporting.funnel_steps_monthly l WHERE l.complete AND l.period_start <= coalesce({until}, l.period_start) ORDER BY l.period_start DESC, l.funnel LIMIT 1)
ORDER BY 1
$query$),
('sales', 'pipeline_now', 'Pipeline now', 'table', 5, 1, 2, 1, 'sales_pipeline_now', NULL, 'sales_pipeline_now', 'Open deals of each owner, with what was done about them, and those that are late or rest.', $query$
SELECT p.dimension_value AS owner, p.open_deals, p.pipeline_value, p.activity_count, p.activities_per_open_deal, p.overdue_deals, p.stale_deals, p.mean_age_days
FROM nudge_reporting.sales_pipeline_now p
WHERE p.dimension = 'owner' AND p.currency = {currency}
ORDER BY 3 DESC NULLS LAST, 1 LIMIT 50
$query$),
('product', 'retention_cohorts', 'Retention by cohort', 'cohort', 3, 1, 2, 12, 'user_retention_cohorts', 'rate', 'user_retention_cohorts', 'Share of the users that came in a month who were active so many months later.', $query$
SELECT c.cohort_start AS cohort, c.age, c.retention_rate AS value
FROM nudge_reporting.user_retention_cohorts c
WHERE c.grain = 'month' AND c.retention_rate IS NOT NULL AND c.age <= 12 AND c.period_start <= coalesce({until}, c.period_start)
	AND c.cohort_start > least(date_trunc('month', current_date), {until}) - interval '1 month' * ({periods} + 1)
ORDER BY 1, 2
$query$),
('customer_success', 'revenue_cohorts', 'Revenue retention by cohort', 'cohort', 3, 1, 2, 12, 'revenue_cohort_months', 'rate', 'revenue_cohort_months', 'MRR of the customers that came in a month, so many months later, over what it was at first.', $query$
SELECT c.cohort_start AS cohort, c.age_months AS age, c.net_revenue_retention_rate AS value
FROM nudge_reporting.revenue_cohort_months c
WHERE c.complete AND c.currency = {currency} AND c.age_months <= 12 AND c.period_start <= coalesce({until}, c.period_start)
	AND c.cohort_start > least(date_trunc('month', current_date), {until}) - interval '1 month' * ({periods} + 1)
ORDER BY 1, 2
$query$),
('customer_success', 'at_risk', 'Customers at risk', 'table', 6, 1, 3, 1, 'customer_health_now', NULL, 'customer_health_now', 'Customers with a low health score, the largest first.', $query$
SELECT h.customer_name, h.segment, h.owner, h.score, h.band, h.trend, h.change_30_days, h.lowest_factor, h.current_mrr, h.currency
FROM nudge_reporting.customer_health_now h
WHERE h.is_at_risk AND h.current_mrr > 0
ORDER BY h.current_mrr DESC, h.customer LIMIT 20
$query$),
('customer_success', 'losses', 'Largest losses', 'table', 5, 1, 3, 3, 'customer_mrr_movements', NULL, 'customer_mrr_movements', 'Customers that left or pay less, in the last months that are over.', $query$
SELECT c.period_start, c.customer, c.movement, c.opening_mrr, c.movement_mrr, c.closing_mrr
FROM nudge_reporting.customer_mrr_movements c
WHERE c.complete AND c.movement_mrr < 0 AND c.currency = {currency} AND c.period_start <= coalesce({until}, c.period_start)
	AND c.period_start > least(date_trunc('month', current_date), {until}) - interval '1 month' * ({periods} + 1)
ORDER BY 5, 1, 2 LIMIT 20
$query$),
('engineering', 'freshness', 'Data freshness', 'table', 5, 1, 3, 1, 'data_freshness', NULL, 'data_freshness', 'The marts that are oldest, or are not as they should be.', $query$
SELECT f.mart, f.layer, f.freshness_status, f.as_of, f.age_minutes, f.quarantined_keys
FROM nudge_reporting.data_freshness f
ORDER BY f.freshness_status = 'fresh', f.age_minutes DESC NULLS FIRST, 1 LIMIT 20
$query$);

INSERT INTO nudge.shipped_widget_metrics (dashboard, widget, place, metric)
SELECT v.dashboard, v.widget, m.place, m.metric
FROM (VALUES
	('executive', 'mrr', '{mrr}'),
	('executive', 'cac', '{cac}'),
	('executive', 'churn', '{logo_churn_rate}'),
	('executive', 'revenue_growth', '{new_mrr,reactivation_mrr,expansion_mrr,contraction_mrr,churn_mrr}'),
	('executive', 'net_revenue_retention', '{net_revenue_retention_rate}'),
	('executive', 'cash', '{cash_balance}'),
	('executive', 'ltv_to_cac', '{ltv_to_cac_ratio}'),
	('executive', 'mrr_by_segment', '{mrr}'),
	('sales', 'pipeline_value', '{pipeline_value}'),
	('sales', 'closed_won_amount', '{closed_won_amount}'),
	('sales', 'win_rate', '{win_rate}'),
	('sales', 'deals', '{deals_created,deals_closed,deals_won}'),
	('sales', 'pipeline_coverage', '{pipeline_coverage}'),
	('sales', 'average_deal_size', '{average_deal_size}'),
	('sales', 'sales_velocity', '{sales_velocity}'),
	('sales', 'sales_cycle', '{median_sales_cycle_days}'),
	('sales', 'by_owner', '{closed_won_amount,deals_won,win_rate,quota_attainment_rate,pipeline_value,open_deals}'),
	('sales', 'won_by_segment', '{closed_won_amount}'),
	('sales', 'activities', '{sales_activities}'),
	('marketing', 'leads', '{leads}'),
	('marketing', 'cac', '{cac}'),
	('marketing', 'roi', '{marketing_roi}'),
	('marketing', 'channels', '{marketing_spend,leads,acquired_customers,cac,attributed_revenue,roas}'),
	('marketing', 'acquisition_funnel', '{impressions,clicks,leads,acquired_customers}'),
	('marketing', 'attributed_revenue', '{attributed_revenue}'),
	('marketing', 'click_through_rate', '{click_through_rate}'),
	('marketing', 'unit_costs', '{cost_per_lead,cac}'),
	('marketing', 'lead_to_customer_rate', '{lead_to_customer_rate}'),
	('marketing', 'content_to_lead_rate', '{content_to_lead_rate}'),
	('product', 'monthly_active_users', '{monthly_active_users}'),
	('product', 'stickiness', '{stickiness_rate}'),
	('product', 'user_retention', '{user_retention_rate}'),
	('product', 'lifecycle', '{new_users,returning_users,resurrected_users,dormant_users}'),
	('product', 'nps', '{nps}'),
	('product', 'sessions', '{sessions}'),
	('product', 'bounce_rate', '{bounce_rate}'),
	('product', 'feature_adoption', '{feature_adopted_rate}'),
	('product', 'early_retention', '{day_1_retention_rate,day_7_retention_rate,day_30_retention_rate}'),
	('product', 'open_bugs', '{open_bugs}'),
	('customer_success', 'net_revenue_retention', '{net_revenue_retention_rate}'),
	('customer_success', 'gross_revenue_retention', '{gross_revenue_retention_rate}'),
	('customer_success', 'csat', '{csat}'),
	('customer_success', 'customers', '{new_customers,churned_customers}'),
	('customer_success', 'ticket_backlog', '{ticket_backlog}'),
	('customer_success', 'churn_by_segment', '{logo_churn_rate}'),
	('customer_success', 'first_response_time', '{first_response_time}'),
	('customer_success', 'resolution_time', '{resolution_time}'),
	('customer_success', 'mrr_at_risk', '{at_risk_mrr_rate}'),
	('engineering', 'deployment_frequency', '{deployment_frequency}'),
	('engineering', 'lead_time', '{lead_time_for_changes}'),
	('engineering', 'change_failure_rate', '{change_failure_rate}'),
	('engineering', 'deployments', '{deployments}'),
	('engineering', 'mttr', '{mttr}'),
	('engineering', 'uptime', '{uptime_rate}'),
	('engineering', 'code_coverage', '{code_coverage_rate}'),
	('engineering', 'incidents', '{incidents}'),
	('engineering', 'bugs', '{bugs_opened,bugs_closed}')
) v(dashboard, widget, metrics), unnest(v.metrics::text[]) WITH ORDINALITY m(metric, place);

-- src/reporting/view_keys.sql

/*
 * view_keys.sql
 *		Columns that tell the rows of shipped views apart: tests and semantic
 *		layers want them, since views have no primary keys.
 *
 * Rules: doc/reporting.md.
 */

UPDATE nudge.shipped_views v SET row_key = k.row_key
FROM (VALUES
	('calendar_days', '{day}'::text[]),
	('metric_values', '{period_start,grain,metric,dimension,dimension_value,currency}'),
	('metric_catalog', '{metric}'),
	('kpi_current', '{metric}'),
	('metric_progress', '{period_start,grain,metric,dimension,dimension_value,currency}'),
	('metric_targets', '{period_start,metric,target_kind,grain,dimension,dimension_value,currency}'),
	('data_freshness', '{mart}'),
	('reporting_settings', '{setting}'),
	('_metabase_metadata', '{keypath}'),
	('mrr_monthly', '{period_start,currency}'),
	('customer_mrr_now', '{customer,currency}'),
	('metric_revisions', '{period_start,currency,report_version}'),
	('mrr_monthly_consolidated', '{period_start,currency}'),
	('mrr_causes_monthly', '{period_start,currency,movement,cause}'),
	('revenue_retention_monthly', '{period_start,currency}'),
	('revenue_retention_monthly_by_dimension', '{period_start,currency,dimension,dimension_value}'),
	('mrr_monthly_by_dimension', '{period_start,currency,dimension,dimension_value}'),
	('mrr_monthly_then', '{period_start,dimension,dimension_value,currency}'),
	('revenue_cohort_months', '{cohort_start,age_months,currency}'),
	('revenue_cohort_months_by_dimension', '{cohort_start,age_months,currency,dimension,dimension_value}'),
	('customer_revenue_monthly', '{period_start,customer,currency}'),
	('customer_mrr_movements', '{period_start,customer,currency}'),
	('customer_transfers', '{period_start,customer,dimension,currency}'),
	('customer_subscriptions', '{started_at,customer,subscription,item,sequence_no}'),
	('customer_details', '{customer}'),
	('user_details', '{user_id}'),
	('plan_details', '{plan}'),
	('active_users_daily', '{day}'),
	('user_lifecycle', '{period_start,grain}'),
	('user_retention_cohorts', '{cohort_start,grain,age}'),
	('user_retention_by_day', '{period_start,age_days}'),
	('user_classes_weekly', '{period_start}'),
	('feature_adoption_monthly', '{period_start,feature}'),
	('feature_adoption_now', '{feature}'),
	('active_users_daily_by_dimension', '{day,dimension,dimension_value}'),
	('user_lifecycle_by_dimension', '{period_start,grain,dimension,dimension_value}'),
	('user_retention_cohorts_by_dimension', '{cohort_start,dimension,dimension_value,age_months}'),
	('user_retention_days_by_dimension', '{period_start,dimension,dimension_value,age_days}'),
	('user_classes_weekly_by_dimension', '{period_start,dimension,dimension_value}'),
	('feature_adoption_now_by_dimension', '{feature,dimension,dimension_value}'),
	('activation_by_period', '{period_start,grain,dimension,dimension_value}'),
	('activation_users', '{user_id}'),
	('active_users_monthly_then', '{period_start,dimension,dimension_value}'),
	('user_activity_monthly', '{period_start,user_id}'),
	('product_events_daily', '{day,event_name,feature}'),
	('user_events_daily', '{day,user_key,event_name,feature}'),
	('support_monthly', '{period_start,dimension,dimension_value}'),
	('support_backlog_monthly', '{period_start,dimension,dimension_value}'),
	('support_tickets', '{ticket}'),
	('nps_monthly', '{period_start,dimension,dimension_value}'),
	('sales_monthly', '{period_start,dimension,dimension_value}'),
	('sales_pipeline_now', '{dimension,dimension_value}'),
	('uptime_monthly', '{period_start,dimension,dimension_value}'),
	('incidents_monthly', '{period_start,dimension,dimension_value}'),
	('platform_incidents', '{incident}'),
	('latency_monthly', '{period_start,dimension,dimension_value}'),
	('delivery_monthly', '{period_start,dimension,dimension_value}'),
	('channels_monthly', '{period_start,channel}'),
	('channel_attribution_monthly', '{period_start,channel,attribution_model,currency}'),
	('customer_attribution_monthly', '{period_start,customer,channel,currency}'),
	('channel_attribution_monthly_by_dimension', '{period_start,channel,attribution_model,currency,dimension,dimension_value}'),
	('channel_overview', '{channel}'),
	('channel_spend_daily', '{day,channel,campaign,partner,currency}'),
	('campaign_sends_daily', '{day,campaign}'),
	('campaign_results', '{campaign}'),
	('customer_touches_daily', '{day,customer,channel,campaign,partner}'),
	('customer_conversions_daily', '{day,customer,conversion_kind,currency}'),
	('costs_monthly', '{period_start,category}'),
	('burn_monthly', '{period_start}'),
	('share_of_voice_monthly', '{period_start,channel,competitor}'),
	('competitive_wins_monthly', '{period_start,dimension,dimension_value}'),
	('funnel_steps_monthly', '{period_start,funnel,step_number}'),
	('funnel_steps_by_dimension', '{period_start,funnel,dimension,dimension_value,step_number}'),
	('funnel_people', '{funnel,user_id}'),
	('sessions_daily', '{period_start}'),
	('sessions_monthly', '{period_start}'),
	('sessions_monthly_by_dimension', '{period_start,dimension,dimension_value}'),
	('user_sessions', '{started_at,user_id}'),
	('unit_economics_monthly', '{period_start,currency}'),
	('unit_economics_segments', '{period_start,segment,currency}'),
	('customer_health_now', '{customer}'),
	('customer_health_factor_scores', '{customer,factor}'),
	('customer_health_history', '{period_start,customer}'),
	('customer_health_bands', '{period_start,currency,band}'),
	('customer_health_now_by_dimension', '{dimension,dimension_value,currency,band}'),
	('account_health_now', '{customer,model}'),
	('account_success_monthly', '{period_start,dimension,dimension_value,success_measure}'),
	('value_realization_monthly', '{period_start,dimension,dimension_value}'),
	('risk_adjusted_retention_monthly', '{period_start,health_band}'),
	('interventions_monthly', '{period_start}'),
	('campaigns_monthly', '{period_start,campaign}'),
	('content_monthly', '{period_start,content_type}'),
	('partners_monthly', '{period_start,partner,partner_measure}'),
	('sales_activities_monthly', '{period_start,dimension,dimension_value,activity_kind}'),
	('revenue_streams_monthly', '{period_start,revenue_stream}'),
	('customer_costs_monthly', '{period_start}'),
	('growth_efficiency_quarterly', '{period_start}')
) k(name, row_key)
WHERE v.name = k.name;

-- src/reporting/deploy.sql

/*
 * deploy.sql
 *		All that is shipped, with one call: sources are tracked, marts added, views
 *		and what audiences may read made.
 *
 * Rules: doc/marts.md.
 */

-- What deploy would do, in its order.
CREATE OR REPLACE FUNCTION nudge.deploy_plan(settings nudge.deployment) RETURNS TABLE (place bigint, action text, name text, object text, lock text, estimate text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH shipped AS (
			SELECT m.*, (SELECT string_agg(i, ', ' ORDER BY i COLLATE "C") FROM unnest(m.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL) AS missing
			FROM nudge.shipped_marts m
		), steps AS (
			SELECT 1 AS part, s.source AS detail, 0 AS n, CASE WHEN p.problem IS NOT NULL THEN 'cannot track' ELSE 'track source' END AS action, s.source AS name, s.source AS object,
				CASE WHEN p.problem IS NULL THEN format('SHARE ROW EXCLUSIVE on %s until the end of the transaction: writers wait, readers do not', s.relation) END AS lock,
				coalesce(p.problem, CASE WHEN c.reltuples < 0 THEN 'rows not known: never analyzed' ELSE format('about %s rows', c.reltuples::bigint) END) AS estimate
			FROM nudge.sources s LEFT JOIN pg_class c ON c.oid = to_regclass(s.relation), LATERAL (SELECT nudge.tracking_problem(s.source) AS problem OFFSET 0) p
			WHERE s.input IN (SELECT unnest(m.inputs || m.optional_inputs || CASE WHEN m.query ~ '[{](rates|[a-z_]+[$][?*@]?)[}]' THEN '{exchange_rates}' ELSE '{}'::text[] END) FROM shipped m WHERE m.missing IS NULL)
				-- how it is tracked somebody has chosen, even if that is not at all
				AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source)
			UNION ALL
			SELECT 2, i.input, 0, 'convert input', i.input, nudge.converted_view(i.input), NULL,
				CASE WHEN settings.currency IS NULL THEN 'amounts as they are: no currency is chosen' WHEN to_regclass(nudge.staging_name('exchange_rates')) IS NULL THEN 'amounts as they are: exchange_rates is not mapped'
					ELSE format('amounts in %s', settings.currency) END
			FROM nudge.inputs i WHERE nudge.conversion_day(i.input, settings.zone) IS NOT NULL AND to_regclass(nudge.staging_name(i.input)) IS NOT NULL
				AND EXISTS (SELECT FROM shipped m WHERE m.missing IS NULL AND m.query ~ format('[{]%s[$]', i.input))
			UNION ALL
			SELECT 3, NULL, m.place, CASE WHEN m.missing IS NOT NULL THEN 'leave out' WHEN r.name IS NULL THEN 'add materialisation' ELSE 'change materialisation' END, m.name, nudge.mart_table(m.name),
				CASE WHEN m.missing IS NULL AND r.name IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, for moments', nudge.definition_view(m.name)) END,
				CASE WHEN m.missing IS NOT NULL THEN format('not mapped: %s', m.missing) WHEN r.name IS NULL THEN 'computed wholly by its next refresh' ELSE 'computed wholly by its next refresh if its query is another' END
			FROM shipped m LEFT JOIN nudge.materialisations r ON r.name = m.name
			UNION ALL
			SELECT 4, NULL, v.place, v.action, v.name, v.object, v.lock, v.estimate FROM nudge.staging_view_plan() v
			UNION ALL
			SELECT 5, NULL, v.place, v.action, v.name, v.object, v.lock, v.estimate FROM nudge.view_plan() v
			UNION ALL
			SELECT 5 + a.part, a.name, a.place, a.action, a.name, a.object, a.lock, a.estimate FROM nudge.audience_plan() a
		)
		SELECT row_number() OVER (ORDER BY s.part, s.n, s.detail COLLATE "C"), s.action, s.name, s.object, s.lock, s.estimate FROM steps s ORDER BY 1;
END
$$;
