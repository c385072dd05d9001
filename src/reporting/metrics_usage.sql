/*
 * metrics_usage.sql
 *		Shipped metrics about what users do.
 *
 * Rules: doc/reporting.md; definitions: doc/active_users.md, doc/retention.md, doc/features.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('daily_active_users', 'usage', 200, 'Daily active users', 'count', 'up', 'balance', 'day', 'dau', 'Users active on the day (DAU).'),
('weekly_active_users', 'usage', 201, 'Weekly active users', 'count', 'up', 'balance', 'week', 'wau', 'Users active on the 7 days that end with the period (WAU).'),
('monthly_active_users', 'usage', 202, 'Monthly active users', 'count', 'up', 'balance', 'month', 'mau', 'Users active on the 30 days that end with the period (MAU).'),
('stickiness_rate', 'usage', 203, 'Stickiness (DAU/MAU)', 'rate', 'up', 'not additive', 'day', 'dau / mau', 'Share of the monthly active users that are active on the day.'),
('weekly_active_rate', 'usage', 204, 'Weekly active rate', 'rate', 'up', 'not additive', 'week', 'wau / total_users', 'Share of all users that were ever active who are active on the 7 days that end with the period.'),
('daily_active_rate', 'usage', 208, 'Daily active rate', 'rate', 'up', 'not additive', 'day', 'dau / total_users', 'Share of all users that were ever active who are active on the day.'),
('engaged_users', 'usage', 205, 'Engaged users', 'count', 'up', 'balance', 'week', 'qualified_users', 'Users with 3 actions or more in the week.'),
('engaged_user_rate', 'usage', 206, 'Engaged user rate', 'rate', 'up', 'not additive', 'week', 'qualified_users / total_users', 'Share of all users that were ever active who had 3 actions or more in the week.'),
('power_users', 'usage', 207, 'Power users', 'count', 'up', 'balance', 'week', 'power_users', 'Users with more than 10 actions in the week.'),
('active_users', 'usage', 210, 'Active users', 'count', 'up', 'balance', 'month', 'active_users', 'Users active in the calendar week or month.'),
('new_users', 'usage', 211, 'New users', 'count', 'up', 'additive', 'month', 'new_users', 'Users active in the period that never were before.'),
('returning_users', 'usage', 212, 'Returning users', 'count', 'up', 'balance', 'month', 'returning_users', 'Users active in the period and in the one before.'),
('resurrected_users', 'usage', 213, 'Resurrected users', 'count', 'up', 'balance', 'month', 'resurrecting_users', 'Users active in the period and earlier, but not in the one before.'),
('dormant_users', 'usage', 214, 'Dormant users', 'count', 'down', 'balance', 'month', 'dormant_users', 'Users of the period before that were not active in this one.'),
('user_retention_rate', 'usage', 215, 'User retention', 'rate', 'up', 'not additive', 'month', 'returning_users / (returning_users + dormant_users)', 'Share of the active users of the period before that are active in this one.'),
('user_quick_ratio', 'usage', 216, 'User quick ratio', 'ratio', 'up', 'not additive', 'month', '(new_users + resurrected_users) / dormant_users', 'Users won over users lost; none if nobody was lost.'),
('day_1_retention_rate', 'usage', 220, 'Day-1 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 1 after it; the month is over once that day is over for all of them.'),
('day_7_retention_rate', 'usage', 221, 'Day-7 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 7 after it; the month is over once that day is over for all of them.'),
('day_30_retention_rate', 'usage', 222, 'Day-30 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 30 after it; the month is over once that day is over for all of them.'),
('day_90_retention_rate', 'usage', 223, 'Day-90 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 90 after it; the month is over once that day is over for all of them.'),
('feature_discovery_rate', 'usage', 230, 'Feature discovery', 'rate', 'up', 'not additive', 'month', 'discovered_users / users', 'Share of users with any event of the feature by the end of the month; over all features their mean.'),
('feature_adoption_rate', 'usage', 231, 'Feature adoption', 'rate', 'up', 'not additive', 'month', 'tried_users / users', 'Share of users that have used the feature by the end of the month; over all features their mean.'),
('feature_adopted_rate', 'usage', 232, 'Feature adopted (3 uses)', 'rate', 'up', 'not additive', 'month', 'adopted_users / users', 'Share of users that have used the feature 3 times or more by the end of the month; over all features their mean.'),
('feature_habit_rate', 'usage', 233, 'Feature in weekly use', 'rate', 'up', 'not additive', 'month', 'habitual_users / users', 'Share of users that used the feature in each of the last 4 whole weeks; over all features their mean.'),
('feature_usage_frequency', 'usage', 234, 'Uses per user of a feature', 'ratio', 'up', 'not additive', 'month', 'uses / tried_users', 'Uses of the feature so far per user that has used it.');

-- Days of active_users are over; a week or month is its last day, the present one
-- its last day so far.  Rows whose 30 days the data do not go back to are left out.
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, period, complete, condition)
SELECT m.metric, g.grain, 'active_users', m.value, m.numerator, m.denominator, g.period, g.complete, concat_ws(' AND ', m.condition, g.condition)
FROM (VALUES ('daily_active_users', 'dau', NULL, NULL, NULL), ('weekly_active_users', 'wau', NULL, NULL, NULL), ('monthly_active_users', 'mau', NULL, NULL, 'complete'), ('stickiness_rate', NULL, 'dau', 'mau', 'complete'),
		('daily_active_rate', NULL, 'dau', 'total_users', NULL), ('weekly_active_rate', NULL, 'wau', 'total_users', NULL)) m(metric, value, numerator, denominator, condition),
	(VALUES ('day', 'day', 'true', 'true'),
		('week', 'nudge.period_start(day, ''week'', {week_start})', 'day = nudge.period_end(day, ''week'', {week_start}) - 1', '(day = nudge.period_end(day, ''week'', {week_start}) - 1 OR day = (SELECT max(l.day) FROM nudge_analytics.active_users l))'),
		('month', 'nudge.period_start(day, ''month'')', 'day = nudge.period_end(day, ''month'') - 1', '(day = nudge.period_end(day, ''month'') - 1 OR day = (SELECT max(l.day) FROM nudge_analytics.active_users l))')) g(grain, period, complete, condition)
WHERE g.grain = 'day' OR (m.metric, g.grain) IN (('weekly_active_users', 'week'), ('weekly_active_rate', 'week'), ('monthly_active_users', 'month'));
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, condition)
SELECT m.metric, g.grain, 'lifecycle', m.value, m.numerator, m.denominator, format('grain = %L', g.grain)
FROM (VALUES ('active_users', 'active_users', NULL, NULL), ('new_users', 'new_users', NULL, NULL), ('returning_users', 'returning_users', NULL, NULL), ('resurrected_users', 'resurrecting_users', NULL, NULL), ('dormant_users', 'dormant_users', NULL, NULL),
		('user_retention_rate', NULL, 'returning_users', 'returning_users + dormant_users'), ('user_quick_ratio', NULL, 'new_users + resurrecting_users', 'dormant_users')) m(metric, value, numerator, denominator),
	(VALUES ('week'), ('month')) g(grain);
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator) VALUES
('engaged_users', 'week', 'user_classes', 'qualified_users', NULL, NULL),
('engaged_user_rate', 'week', 'user_classes', NULL, 'qualified_users', 'total_users'),
('power_users', 'week', 'user_classes', 'power_users', NULL, NULL);
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, numerator, denominator, condition)
SELECT format('day_%s_retention_rate', a.age), 'month', 'user_retention', 'retained_users', 'eligible_users', format('age = %s', a.age) FROM (VALUES (1), (7), (30), (90)) a(age);
-- of all features: the sums, whose ratio is the mean
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, numerator, denominator, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'feature_adoption_by_month', replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), d.dimension = '''all'''
FROM (VALUES ('feature_discovery_rate', 'discovered_users', 'users'), ('feature_adoption_rate', 'tried_users', 'users'), ('feature_adopted_rate', 'adopted_users', 'users'), ('feature_habit_rate', 'habitual_users', 'users'),
		('feature_usage_frequency', 'uses', 'tried_users')) m(metric, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''feature''', 'feature', '%s')) d(dimension, dimension_value, form);

-- The same by what users and their accounts are now: of days those that the mart
-- has one after the other, and what is of a day alone, or most values would be days.
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, period, complete, condition)
SELECT s.metric, s.grain, 'dimension', 'value', s.mart || '_by_dimension', s.value, s.numerator, s.denominator, s.period, s.complete,
	CASE WHEN s.grain = 'day' THEN s.condition || ' AND every_day' ELSE replace(s.condition, 'nudge_analytics.active_users l', 'nudge_analytics.active_users_by_dimension l') END
FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m USING (metric) WHERE s.mart IN ('active_users', 'lifecycle', 'user_classes', 'user_retention') AND (s.grain <> 'day' OR m.grain = 'day');

-- Activation, by a definition of yours.
INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('sign_ups', 'usage', 900, 'Sign-ups', 'count', 'up', 'additive', 'month', 'sign_ups', 'Users that signed up in the period, but internal ones. Of days that are over.'),
('activation_rate', 'usage', 901, 'Activation', 'rate', 'up', 'not additive', 'month', 'activated_users / eligible_users', 'Share of the users that signed up in the period who did something of the action set activation within 24 hours; the period is over once these are for all. Not known without rows of this name in nudge.action_sets.'),
('week_activation_rate', 'usage', 902, 'Activation within 7 days', 'rate', 'up', 'not additive', 'month', 'week_activated_users / week_eligible_users', 'Share of the users that signed up in the period who did something of the action set activation within 7 days; the period is over once these are for all.'),
('time_to_activate', 'usage', 903, 'Time to activate, median', 'hours', 'down', 'not additive', 'month', 'median of activated_at - signed_up_at', 'Median time from signing up to the first action of the set activation, of the users that did one within 7 days.');
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, complete, condition)
SELECT m.metric, g.grain, d.dimension, d.dimension_value, 'activation', m.value, m.numerator, m.denominator, m.complete, format('grain = %L AND dimension %s ''all''', g.grain, d.operator)
FROM (VALUES ('sign_ups', 'sign_ups', NULL, NULL, 'period_complete'), ('activation_rate', NULL, 'activated_users', 'eligible_users', 'complete'), ('week_activation_rate', NULL, 'week_activated_users', 'week_eligible_users', 'week_complete'),
		('time_to_activate', 'median_seconds_to_activate / 3600', NULL, NULL, 'week_complete')) m(metric, value, numerator, denominator, complete),
	(VALUES ('week'), ('month')) g(grain), (VALUES ($$'all'$$, $$'all'$$, '='), ('dimension', 'value', '<>')) d(dimension, dimension_value, operator);
