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
