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
