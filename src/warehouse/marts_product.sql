/*
 * marts_product.sql
 *		Shipped materialisations about ways through the product: funnels as they
 *		are defined, and sessions.
 *
 * Rules: doc/marts_product.md.
 */

-- Tables of settings are no inputs: what is computed by them is computed anew
-- when they change.
CREATE FUNCTION nudge.note_settings() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	FOR n IN 0 .. TG_NARGS - 1 LOOP
		PERFORM nudge.mark_everything(TG_ARGV[n], format('%s.%s', TG_TABLE_SCHEMA, TG_TABLE_NAME));
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.note_settings() IS 'Trigger of tables of settings: lets the marts that are its arguments be computed anew. Not STRICT: triggers take no arguments';
REVOKE EXECUTE ON FUNCTION nudge.note_settings() FROM PUBLIC;

-- What was promised, and in which hours.
--@ for table=sla_targets,working_calendars,working_hours,holidays
CREATE TRIGGER note_promises AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nudge.@table@
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('support_ticket_months');
COMMENT ON TRIGGER note_promises ON nudge.@table@ IS 'Targets of tickets are looked at anew';
--@ end

CREATE TRIGGER note_stages AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON nudge.sales_stages
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('fact_deal_stages', 'sales_months', 'sales_pipeline');
COMMENT ON TRIGGER note_stages ON nudge.sales_stages IS 'What counts deals by stage is computed anew';

-- A funnel that cannot be computed (nudge.funnel_problem) is an error of its key in
-- conversion_funnel, where freshness shows it.  Others go on.
-- A target changes no state.
CREATE TRIGGER note_steps AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF funnel, step_no, event, friction ON nudge.funnel_definitions
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('funnel_user_states', 'conversion_funnel', 'conversion_funnel_by_dimension');
COMMENT ON TRIGGER note_steps ON nudge.funnel_definitions IS 'Marts of funnels are computed anew';
CREATE TRIGGER note_bounds AFTER UPDATE OF target_volume, target_rate, max_gap, min_count ON nudge.funnel_definitions
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('conversion_funnel', 'conversion_funnel_by_dimension');
COMMENT ON TRIGGER note_bounds ON nudge.funnel_definitions IS 'Reports of funnels are computed anew';

-- Each person counts once, as in funnel_report, in the month of the first entry:
-- a later entry that leads further does not move it, so that a month that has
-- begun keeps those who entered in it.
CREATE FUNCTION nudge.funnel_months(state nudge.funnel_state, funnel text, zone text) RETURNS TABLE (
	period date,
	step integer,
	last_step integer,
	event text,
	people bigint,
	previous_people bigint,
	entered_people bigint,
	open_people bigint,
	median_seconds double precision,
	target_volume bigint,
	target_rate numeric,
	complete boolean
)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100 COST 100000
BEGIN ATOMIC
	WITH definition AS MATERIALIZED (
		SELECT array_agg(s.event ORDER BY s.step_no) AS events, array_agg(s.max_gap ORDER BY s.step_no) AS gaps, array_agg(s.min_count ORDER BY s.step_no) AS counts,
			array_agg(s.target_volume ORDER BY s.step_no) AS volumes, array_agg(s.target_rate ORDER BY s.step_no) AS rates
		FROM nudge.funnel_definitions s WHERE s.funnel = funnel_months.funnel HAVING count(*) > 0
	), person AS MATERIALIZED (
		SELECT nudge.period_start(nudge.civil_date(e.step_times[1], zone), 'month') AS period, u.step, u.open_window AND NOT u.completed AS is_open, u.step_times
		FROM definition d,
			LATERAL nudge.funnel_users(state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => nudge.as_of()) u
			JOIN LATERAL nudge.funnel_users(state, steps => d.events[1:1], as_of => nudge.as_of()) e ON e.user_id = u.user_id
	), reached AS (
		SELECT p.period, s.step, count(*) AS people, count(*) FILTER (WHERE p.is_open AND p.step = s.step) AS open_people,
			round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM p.step_times[s.step] - p.step_times[s.step - 1])::double precision)::numeric, 6)::double precision AS median_seconds
		FROM person p, LATERAL generate_series(1, p.step) s(step)
		GROUP BY p.period, s.step
	), listed AS (
		SELECT m.period::date AS period, s.step, cardinality(d.events) AS last_step, d.events[s.step] AS event, coalesce(r.people, 0) AS people, coalesce(r.open_people, 0) AS open_people, r.median_seconds,
			d.volumes[s.step] AS target_volume, d.rates[s.step] AS target_rate
		FROM definition d
			CROSS JOIN LATERAL nudge.report_window((SELECT min(p.period) FROM person p), zone) w
			CROSS JOIN LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period)
			CROSS JOIN LATERAL generate_subscripts(d.events, 1) s(step)
			LEFT JOIN reached r ON r.period = m.period::date AND r.step = s.step
	)
	SELECT l.period, l.step, l.last_step, l.event, l.people, lag(l.people, 1, l.people) OVER one, first_value(l.people) OVER one, l.open_people, l.median_seconds, l.target_volume, l.target_rate,
		(l.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), zone)
	FROM listed l
	WINDOW one AS (PARTITION BY l.period ORDER BY l.step);
END;
COMMENT ON FUNCTION nudge.funnel_months(nudge.funnel_state, text, text) IS
	'Works for the marts of funnels: a defined funnel by the month in which people first entered, up to nudge.as_of(), with months in which nobody did';

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('funnel_user_states', 'usage', 880, 'mart', '{events}', 'user', '{user,funnel}', $query$
SELECT e."user", d.funnel, nudge.bucket(e."user", {buckets}) AS bucket, nudge.funnel_agg(e."user", e.at, e.name, d.steps) AS state
FROM (SELECT f.funnel, nudge.funnel_steps(f.funnel) AS steps FROM (SELECT DISTINCT s.funnel FROM nudge.funnel_definitions s) f WHERE (nudge.funnel_problem(f.funnel)).has_states OFFSET 0) d
	JOIN nudge_staging.events e ON e.name = ANY (d.steps)
WHERE e."user" IS NOT NULL
GROUP BY e."user", d.funnel$query$, NULL, NULL,
	'What each user did of the steps of each funnel of nudge.funnel_definitions: a state for functions such as funnel_report. Grain: user and funnel',
	'{"user": "User", "funnel": "Funnel", "bucket": "Hash bucket of the user", "state": "Steps and friction events, as funnel_state"}'),
('funnel_buckets', 'usage', 881, 'mart', '{events}', 'bucket', '{bucket,funnel}', $query$
SELECT u.bucket, u.funnel, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.funnel_user_states u GROUP BY u.bucket, u.funnel$query$, NULL, NULL,
	'What users did of the steps of each funnel, by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket and funnel',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel', 'usage', 882, 'metric', '{events}', 'funnel', '{funnel,period,step}', $query$
SELECT f.funnel, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.target_volume, r.target_rate, r.people::numeric / nullif(r.previous_people, 0) - r.target_rate AS target_rate_gap, r.complete
FROM (SELECT b.funnel, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_buckets b GROUP BY b.funnel HAVING (nudge.funnel_problem(b.funnel)).problem IS NULL) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r
UNION ALL
-- one that was defined by a version that let it: an error of its key, once its columns are asked for
SELECT i.funnel, CASE WHEN nudge.check_funnel(i.funnel) THEN NULL::date END, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT d.funnel FROM nudge.funnel_definitions d GROUP BY d.funnel) i WHERE (nudge.funnel_problem(i.funnel)).problem IS NOT NULL$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_buckets b', NULL,
	'How many people came to each step of each funnel of nudge.funnel_definitions, by the month in which they first entered. Grain: funnel, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "period": "First day of the month in which people first entered: each counts in one month", "step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further",
	"previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered", "step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people",
	"open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here", "target_volume": "How many people should come to the step, as it is defined", "target_rate": "What step_rate should be, as it is defined",
	"target_rate_gap": "step_rate less target_rate", "complete": "Whether the month is over; people that entered in it may still come further"}'),

-- A user has the dimensions of now, those of the account included.  Buckets are
-- of users: those of dim_customers are of customers, and no keys.
('funnel_dimension_buckets', 'usage', 883, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,funnel,dimension,value}', $query$
SELECT s.bucket, s.funnel, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.funnel_user_states s
	LEFT JOIN nudge_analytics.dim_users u ON u."user" = s."user"
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = u.customer,
	LATERAL (VALUES ('plan'::text, u.plan), ('role', u.role), ('segment', c.segment), ('industry', c.industry), ('company_size', c.company_size), ('region', c.region), ('growth_tier', c.growth_tier), ('sales_channel', c.sales_channel)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, '{"dim_customers": {"column": "customer", "query": "SELECT u.customer, u.bucket FROM nudge_analytics.dim_users u"}}',
	'What users did of the steps of each funnel, by hash bucket and value of a dimension now. Grain: bucket, funnel, dimension and value',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account", "value": "Value now; (none) for those without", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel_by_dimension', 'usage', 884, 'metric', '{events,users,customers,subscriptions}', 'funnel', '{funnel,dimension,value,period,step}', $query$
SELECT f.funnel, f.dimension, f.value, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.complete
FROM (SELECT b.funnel, b.dimension, b.value, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_dimension_buckets b
		WHERE b.funnel = ANY (ARRAY(SELECT d.funnel FROM (SELECT DISTINCT d.funnel FROM nudge.funnel_definitions d) d WHERE (nudge.funnel_problem(d.funnel)).problem IS NULL)) GROUP BY b.funnel, b.dimension, b.value) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_dimension_buckets b', NULL,
	'How many people came to each step of each funnel, by the month in which they first entered and a dimension of theirs now. Grain: funnel, dimension, value, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account: each has all people, do not add them", "value": "Value now; (none) for those without", "period": "First day of the month in which people first entered: each counts in one month",
	"step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further", "previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered",
	"step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people", "open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here",
	"complete": "Whether the month is over; people that entered in it may still come further"}');

-- A late event may join two sessions: those of a user are found anew.  Totals
-- are of days that are over; a session is of the day on which it begins.  The
-- key is the month, of which days are a part.  Months without a session follow
-- the first one with any, so that a change is one of its month and those after it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('fact_sessions', 'usage', 890, 'mart', '{events}', 'user', '{user,started_at}', $query$
SELECT u."user", s.started_at, s.ended_at, d.day, nudge.period_start(d.day, 'month') AS month, s.events, extract(epoch FROM s.ended_at - s.started_at) AS duration_seconds, s.entry_event, s.exit_event, s.bounced
FROM (SELECT e."user", nudge.sequence_agg(e."user", e.at, e.name) AS state FROM nudge_staging.events e WHERE e."user" IS NOT NULL GROUP BY e."user") u,
	LATERAL nudge.sessions(u.state, '30 minutes') s,
	LATERAL (SELECT nudge.civil_date(s.started_at, {zone}) AS day) d$query$, NULL, NULL,
	'Sessions of users: events without a pause of more than 30 minutes. Grain: user and instant at which the session begins',
	'{"user": "User", "started_at": "First event", "ended_at": "Last event", "day": "Day of the first event, in the zone of deploy()", "month": "First day of its month", "events": "Events", "duration_seconds": "Time from the first event to the last", "entry_event": "Name of the first event",
	"exit_event": "Name of the last event", "bounced": "Whether it has one event only"}'),
('session_metrics', 'usage', 891, 'metric', '{events}', 'month', '{month,grain,period}', $query$
SELECT m.month, r.*
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	LATERAL (SELECT min(f.month) AS month FROM nudge_analytics.fact_sessions f WHERE f.month <= t.today) b,
	LATERAL nudge.report_window(b.month, {zone}) w,
	LATERAL (SELECT g::date AS month FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') g) m,
	LATERAL (
		SELECT p.grain, p.period, coalesce(a.sessions, 0) AS sessions, coalesce(a.users, 0) AS users, coalesce(a.events, 0) AS events, coalesce(a.bounces, 0) AS bounces, coalesce(a.returning_users, 0) AS returning_users, coalesce(a.seconds, 0) AS duration_seconds,
			a.sessions::numeric / a.users AS sessions_per_user, a.bounces::numeric / a.sessions AS bounce_rate, a.events::numeric / a.sessions AS events_per_session, a.returning_users::numeric / a.users AS return_rate,
			a.seconds / a.sessions AS mean_duration_seconds, q.median AS median_duration_seconds, p.grain = 'day' OR (m.month + interval '1 month')::date <= t.today AS complete
		FROM (
			SELECT 'day'::text AS grain, d::date AS period FROM generate_series(m.month::timestamp, m.month + interval '1 month - 1 day', interval '1 day') d
			UNION ALL SELECT 'month', m.month
		) p
		LEFT JOIN (
			SELECT n.grain, n.period, sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS seconds
			FROM (
				SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
				WHERE f.month = m.month AND f.day < t.today
				GROUP BY 1, 2, f."user"
			) n
			GROUP BY n.grain, n.period
		) a ON a.grain = p.grain AND a.period = p.period
		LEFT JOIN (
			SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, percentile_cont(0.5) WITHIN GROUP (ORDER BY f.duration_seconds::double precision) AS median
			FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
			WHERE f.month = m.month AND f.day < t.today
			GROUP BY 1, 2
		) q ON q.grain = p.grain AND q.period = p.period
		WHERE p.period < t.today
	) r$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"fact_sessions": {"column": "month", "query": "SELECT a::date, b::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') a, LATERAL generate_series(a, (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') b"}}',
	'Sessions by day and by month, of the days that are over. Grain: grain and period of the zone of deploy()',
	'{"month": "First day of the month that the period is in", "grain": "day or month: do not add both", "period": "First day of the period", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more",
	"duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction", "mean_duration_seconds": "duration_seconds over sessions",
	"median_duration_seconds": "Median duration of a session", "complete": "Whether the period is over"}');
