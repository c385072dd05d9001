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
