/*
 * dashboards_shipped.sql
 *		The dashboards that are shipped, with their widgets, on grids of 3 columns.
 *
 * Rules: doc/dashboards.md.
 */

INSERT INTO nudge.shipped_dashboards (dashboard, place, title, audience, description) VALUES
('executive', 10, 'Executive', 'executive', 'How is the company doing, and where does growth come from?'),
('sales', 20, 'Sales', 'sales', 'Will we make the quarter, and who needs help?'),
('marketing', 30, 'Marketing', 'marketing', 'Which channels bring customers, and at what cost?'),
('product', 40, 'Product', 'product', 'Do people come back, and what do they use?'),
('customer_success', 50, 'Customer success', 'customer success', 'Who stays, who grows, and are they content?'),
('engineering', 60, 'Engineering', 'engineering', 'How often do we deliver, how well, and does it run?');

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
