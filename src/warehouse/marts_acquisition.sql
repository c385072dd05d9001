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
