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

-- Activation ----------------------------------------------------------------

CREATE TRIGGER note_actions AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON nudge.action_sets
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('user_activation', 'activation');
COMMENT ON TRIGGER note_actions ON nudge.action_sets IS 'Marts of activation are computed anew';

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
