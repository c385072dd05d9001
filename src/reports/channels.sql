/*
 * channels.sql
 *		Spend of channels and campaigns beside what they have earned under any
 *		model of attribution; leads by stage; content by type.
 *
 * Definitions: doc/channels.md.
 */

CREATE TYPE nudge.channel_credit AS (
	channel text,
	customers numeric,
	revenue numeric
);
COMMENT ON TYPE nudge.channel_credit IS
	'What a channel, or a campaign, is credited with; channel NULL is what no channel has earned';
COMMENT ON COLUMN nudge.channel_credit.channel IS 'Channel or campaign';
COMMENT ON COLUMN nudge.channel_credit.customers IS 'New customers, or parts of them, credited to it';
COMMENT ON COLUMN nudge.channel_credit.revenue IS 'Revenue credited to it';

CREATE FUNCTION nudge.channel_credits(
	state nudge.journey_state,
	model text,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	lookback interval DEFAULT '30 days',
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL
) RETURNS nudge.channel_credit[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	call constant text := CASE model
		WHEN 'markov' THEN 'nudge.markov_attribution($1, 1, $3, $4, $5, $6, counting => %L)'
		WHEN 'shapley' THEN 'nudge.shapley_attribution($1, ''conversions'', $3, $4, $5, $6, counting => %L)'
		ELSE 'nudge.attribution($1, $2, $3, $4, $5, $6, counting => %L, half_life => $7, weights => $8)' END;
	credits nudge.channel_credit[];
BEGIN
	-- a customer is new once, but goes on to bring revenue
	EXECUTE format($query$
		SELECT array_agg((c.channel, c.customers, c.revenue)::nudge.channel_credit ORDER BY c.channel COLLATE "C")
		FROM (SELECT x.channel, sum(x.customers) AS customers, sum(x.revenue) AS revenue
			FROM (SELECT f.channel, f.conversions AS customers, 0 AS revenue FROM %s f
				UNION ALL SELECT a.channel, 0, a.revenue FROM %s a) x
			GROUP BY x.channel) c
		$query$, format(call, 'first'), format(call, 'all'))
		INTO credits USING state, model, lookback, start_day, end_day, coalesce(zone, 'UTC'), half_life, weights;
	RETURN coalesce(credits, '{}');
END
$$;
COMMENT ON FUNCTION nudge.channel_credits(nudge.journey_state, text, date, date, text, interval, interval, numeric[]) IS
	'Credits under a model of attribution(), or markov, or shapley: customers by their first conversions, revenue by all. Not STRICT: NULL options have a meaning';

-- Where leads come from: shared by what follows.
CREATE FUNCTION nudge.lead_origins(leads regclass, lead_stage text DEFAULT NULL, customer_stage text DEFAULT 'customer')
	RETURNS TABLE (lead text, at timestamptz, source text, campaign text, converted boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT l.lead, min(l.at) FILTER (WHERE $1 IS NULL OR l.stage = $1),
			(array_agg(l.source ORDER BY l.at, l.source COLLATE "C") FILTER (WHERE l.source IS NOT NULL))[1],
			(array_agg(l.campaign ORDER BY l.at, l.campaign COLLATE "C") FILTER (WHERE l.campaign IS NOT NULL))[1],
			coalesce(bool_or(l.customer IS NOT NULL OR l.stage = $2), false)
		FROM (%s) l GROUP BY l.lead
		$query$, nudge.input_query('leads', leads))
		USING lead_stage, customer_stage;
END
$$;
COMMENT ON FUNCTION nudge.lead_origins(regclass, text, text) IS
	'A row per lead: when it came to be one, the first source and campaign it names, and whether it became a customer. Not STRICT: NULL leads are none, a NULL lead_stage is any';

-- Channels and campaigns --------------------------------------------------

CREATE TYPE nudge.acquisition_result AS (
	channel text,
	campaign text,
	kind text,
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
	planned_share numeric,
	currency_code text
);
COMMENT ON TYPE nudge.acquisition_result IS 'What a channel, a campaign or a kind of campaign has cost and earned';
COMMENT ON COLUMN nudge.acquisition_result.channel IS 'Channel; of a campaign, the one on which it runs';
COMMENT ON COLUMN nudge.acquisition_result.campaign IS 'Campaign';
COMMENT ON COLUMN nudge.acquisition_result.kind IS 'Kind of campaign';
COMMENT ON COLUMN nudge.acquisition_result.cost IS 'What was spent on it';
COMMENT ON COLUMN nudge.acquisition_result.impressions IS 'Times it was shown';
COMMENT ON COLUMN nudge.acquisition_result.clicks IS 'Clicks it brought';
COMMENT ON COLUMN nudge.acquisition_result.visitors IS 'Distinct visitors among its touches';
COMMENT ON COLUMN nudge.acquisition_result.new_leads IS 'Leads that came from it';
COMMENT ON COLUMN nudge.acquisition_result.new_customers IS 'New customers credited to it';
COMMENT ON COLUMN nudge.acquisition_result.revenue IS 'Revenue credited to it';
COMMENT ON COLUMN nudge.acquisition_result.click_through_rate IS 'Clicks over impressions';
COMMENT ON COLUMN nudge.acquisition_result.cost_per_click IS 'Cost over clicks';
COMMENT ON COLUMN nudge.acquisition_result.cost_per_lead IS 'Cost over leads';
COMMENT ON COLUMN nudge.acquisition_result.visitor_to_lead_rate IS 'Leads over visitors';
COMMENT ON COLUMN nudge.acquisition_result.lead_to_customer_rate IS 'Customers over leads';
COMMENT ON COLUMN nudge.acquisition_result.click_to_customer_rate IS 'Customers over clicks';
COMMENT ON COLUMN nudge.acquisition_result.cac IS 'Cost over customers';
COMMENT ON COLUMN nudge.acquisition_result.loaded_cost IS 'Cost and its part of the shared cost';
COMMENT ON COLUMN nudge.acquisition_result.loaded_cac IS 'Loaded cost over customers';
COMMENT ON COLUMN nudge.acquisition_result.payback_months IS 'Months until the gross margin of a customer has paid back the loaded CAC';
COMMENT ON COLUMN nudge.acquisition_result.revenue_payback_months IS 'Months until the revenue of a customer has paid it back';
COMMENT ON COLUMN nudge.acquisition_result.roas IS 'Revenue over cost';
COMMENT ON COLUMN nudge.acquisition_result.roi IS 'Gross margin of the revenue less cost, over cost';
COMMENT ON COLUMN nudge.acquisition_result.cost_share IS 'Share in the cost of all';
COMMENT ON COLUMN nudge.acquisition_result.planned_cost IS 'Cost planned';
COMMENT ON COLUMN nudge.acquisition_result.planned_share IS 'Share in the cost planned';
COMMENT ON COLUMN nudge.acquisition_result.currency_code IS 'Currency of all amounts';

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
CREATE FUNCTION nudge.acquisition_results(
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
COMMENT ON FUNCTION nudge.acquisition_results(text, nudge.channel_credit[], text, regclass, date, date, text, numeric, numeric, numeric, text, regclass, text, regclass, regclass, regclass, text, text) IS
	'Works for channel_performance and campaign_performance. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.channel_performance(
	state nudge.journey_state,
	model text,
	spend regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	lookback interval DEFAULT '30 days',
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	budgets regclass DEFAULT NULL,
	budget_root text DEFAULT 'customer_acquisition/marketing/paid_advertising',
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results('channel', nudge.channel_credits(state, model, start_day, end_day, zone, lookback, half_life, weights), nudge.journey_currency(state),
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, NULL, budgets, budget_root, currency) r;
END;
COMMENT ON FUNCTION nudge.channel_performance(nudge.journey_state, text, regclass, date, date, text, interval, interval, numeric[], numeric, numeric, numeric, text, regclass, text, regclass, regclass, text, text) IS
	'What each channel cost, brought and earned in a window under a model of attribution. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.channel_performance(
	credits nudge.channel_credit[],
	spend regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	budgets regclass DEFAULT NULL,
	budget_root text DEFAULT 'customer_acquisition/marketing/paid_advertising',
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results('channel', credits, NULL,
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, NULL, budgets, budget_root, currency) r;
END;
COMMENT ON FUNCTION nudge.channel_performance(nudge.channel_credit[], regclass, date, date, text, numeric, numeric, numeric, text, regclass, text, regclass, regclass, text, text) IS
	'The same for credits from anywhere. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.campaign_performance(
	state nudge.journey_state,
	model text,
	spend regclass,
	campaigns regclass,
	start_day date,
	end_day date,
	by text DEFAULT 'campaign',
	zone text DEFAULT 'UTC',
	lookback interval DEFAULT '30 days',
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results(by, nudge.channel_credits(state, model, start_day, end_day, zone, lookback, half_life, weights), nudge.journey_currency(state),
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, campaigns, NULL, '', currency) r;
END;
COMMENT ON FUNCTION nudge.campaign_performance(nudge.journey_state, text, regclass, regclass, date, date, text, text, interval, interval, numeric[], numeric, numeric, numeric, text, regclass, text, regclass, text) IS
	'What each campaign, or kind of campaign, cost, brought and earned in a window; the channels of the state are campaigns. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.campaign_performance(
	credits nudge.channel_credit[],
	spend regclass,
	campaigns regclass,
	start_day date,
	end_day date,
	by text DEFAULT 'campaign',
	zone text DEFAULT 'UTC',
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results(by, credits, NULL,
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, campaigns, NULL, '', currency) r;
END;
COMMENT ON FUNCTION nudge.campaign_performance(nudge.channel_credit[], regclass, regclass, date, date, text, text, numeric, numeric, numeric, text, regclass, text, regclass, text) IS
	'The same for credits from anywhere; their channels are campaigns. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Leads and content -------------------------------------------------------

CREATE FUNCTION nudge.lead_stages(
	leads regclass,
	stages text[],
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	by text DEFAULT NULL,
	counting text DEFAULT 'cohort',
	as_of timestamptz DEFAULT NULL,
	spend regclass DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	source text,
	step integer,
	stage text,
	lead_count bigint,
	step_rate numeric,
	overall_rate numeric,
	cost numeric,
	cost_per_lead numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF coalesce(cardinality(stages), 0) = 0 OR array_position(stages, NULL) IS NOT NULL OR array_ndims(stages) > 1
		OR cardinality(stages) > (SELECT count(DISTINCT s) FROM unnest(stages) s) THEN
		RAISE EXCEPTION '"stages" must name each stage once, from first to last'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'What a lead has reached is known from the order of the stages.',
				HINT = 'Pass an array such as ARRAY[''lead'', ''qualified'', ''customer''].';
	END IF;
	IF by NOT IN ('source', 'campaign') OR counting IS NULL OR counting NOT IN ('cohort', 'period') THEN
		RAISE EXCEPTION 'unknown way to count leads: by "%", counting "%"', by, counting
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Leads are counted by source or campaign, and as a cohort or in a period.',
				HINT = 'Leave both out for the cohort of all leads.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH seen AS MATERIALIZED (
			SELECT l.lead, l.at, array_position($1, l.stage) AS step, CASE $6 WHEN 'source' THEN l.source WHEN 'campaign' THEN l.campaign END AS source
			FROM (%s) l WHERE $5 IS NULL OR l.at < $5
		), origin AS (
			SELECT s.lead, (array_agg(s.source ORDER BY s.at, s.source COLLATE "C"))[1] AS source
			FROM seen s WHERE s.source IS NOT NULL GROUP BY s.lead
		), reached AS (
			-- at a stage, or at one behind it, which it cannot have reached otherwise
			SELECT s.lead, n.step, nudge.civil_date(min(s.at), $4) AS day
			FROM seen s JOIN generate_series(1, cardinality($1)) n(step) ON n.step <= s.step
			GROUP BY s.lead, n.step
		), counts AS (
			SELECT o.source, r.step, count(*) AS leads
			FROM reached r JOIN reached e ON e.lead = r.lead AND e.step = 1
			LEFT JOIN origin o ON o.lead = r.lead
			WHERE CASE $7 WHEN 'cohort' THEN e.day ELSE r.day END >= $2 AND CASE $7 WHEN 'cohort' THEN e.day ELSE r.day END < $3
			GROUP BY o.source, r.step
		), spent AS MATERIALIZED (
			SELECT CASE $6 WHEN 'source' THEN x.channel WHEN 'campaign' THEN x.campaign END AS source, x.amount, x.currency
			FROM nudge.spend_lines($10, $2, $3, $8) x
		), sources AS (
			SELECT p.source, CASE WHEN $9 THEN sum(p.cost) END AS cost
			FROM (SELECT s.source, s.amount AS cost FROM spent s UNION ALL SELECT c.source, 0 FROM counts c UNION ALL SELECT NULL, 0 WHERE $6 IS NULL) p
			GROUP BY p.source
		), counted AS (
			SELECT g.source, g.cost, n.step, $1[n.step] AS stage, coalesce(c.leads, 0) AS leads
			FROM sources g CROSS JOIN generate_series(1, cardinality($1)) n(step)
			LEFT JOIN counts c ON c.source IS NOT DISTINCT FROM g.source AND c.step = n.step
		)
		SELECT c.source, c.step, c.stage, c.leads,
			c.leads::numeric / nullif(CASE c.step WHEN 1 THEN c.leads ELSE lag(c.leads) OVER up END, 0),
			c.leads::numeric / nullif(first_value(c.leads) OVER up, 0), c.cost, c.cost / nullif(c.leads, 0), coalesce((SELECT min(x.currency) FROM spent x), upper($8))
		FROM counted c
		WINDOW up AS (PARTITION BY c.source ORDER BY c.step)
		ORDER BY c.source COLLATE "C" NULLS LAST, c.step
		$query$, nudge.input_query('leads', leads))
		USING ARRAY(SELECT unnest(stages)), start_day, end_day, coalesce(zone, 'UTC'), as_of, by, counting, currency, spend IS NOT NULL, spend;
END
$$;
COMMENT ON FUNCTION nudge.lead_stages(regclass, text[], date, date, text, text, text, timestamptz, regclass, text) IS
	'Leads by stage, in all or by source or campaign: how many of those that came in a window got how far, or how many reached a stage in it, and what one has cost. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

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

CREATE FUNCTION nudge.content_performance(
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
COMMENT ON FUNCTION nudge.content_performance(regclass, regclass, date, date, text, text[], text[], regclass, text, text) IS
	'Content by type: how much came out and how often, beside what was planned, and how many visitors became leads and leads customers. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';
