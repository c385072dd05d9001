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
