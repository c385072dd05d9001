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
