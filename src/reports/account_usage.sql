/*
 * account_usage.sql
 *		How accounts use the product: by week, by feature, how steadily, and what
 *		that says of their health.
 *
 * Definitions: doc/account_health.md, and of stability doc/customer_success.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.usage_weeks(
	events regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	week_start text DEFAULT 'monday'
) RETURNS TABLE (customer text, week date, uses bigint, active_days bigint, active_users bigint, account_users bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	first_weekday constant text := coalesce(week_start, 'monday');
	end_day date;
	start_day date;
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('weeks', weeks, 1, 520);
	end_day := nudge.period_start(nudge.civil_date(as_of, named_zone), 'week', first_weekday);
	start_day := end_day - 7 * weeks;
	RETURN QUERY EXECUTE format($query$
		WITH person AS MATERIALIZED (
			SELECT u."user", u.customer, u.signed_up_at, coalesce(u.internal, false) AS internal
			FROM (%2$s) u
			WHERE u.signed_up_at IS NULL OR u.signed_up_at < $1
		), done AS MATERIALIZED (
			-- by day within the weeks, all that was before as one
			SELECT coalesce(e.customer, p.customer) AS customer, d.day, CASE WHEN d.day IS NOT NULL THEN coalesce(e."user", e.anonymous_id) END AS person,
				count(*) AS uses, bool_or($5 IS NULL OR e.name = ANY ($5)) AS is_login, min(e.at) AS first_at,
				count(*) FILTER (WHERE e.name IS NULL OR NOT coalesce(isfinite(e.at), false)) AS incomplete
			FROM (%1$s) e
			LEFT JOIN person p ON p."user" = e."user",
				LATERAL (SELECT CASE WHEN e.at >= $2::timestamp AT TIME ZONE $4 AND e.at < $3::timestamp AT TIME ZONE $4 THEN nudge.civil_date(e.at, $4) END AS day) d
			WHERE (e.at IS NULL OR e.at < $1) AND NOT coalesce(p.internal, false)
			GROUP BY 1, 2, 3
		), one AS MATERIALIZED (
			SELECT nudge.check_input('events', (SELECT sum(d.incomplete)::bigint FROM done d)) AND nudge.check_input('users', count(*) FILTER (WHERE p."user" IS NULL OR p.signed_up_at IS NULL))
				AND nudge.check_unique_key('users', (SELECT min(d."user" COLLATE "C") FROM (SELECT q."user" FROM person q GROUP BY q."user" HAVING count(*) > 1) d)) AS checked
			FROM person p
		), account AS MATERIALIZED (
			SELECT c.customer, c.created_at FROM nudge.customer_rows($6, $1) c WHERE NOT c.internal
			UNION ALL
			SELECT DISTINCT d.customer, NULL::timestamptz FROM done d WHERE $6 IS NULL AND d.customer IS NOT NULL
		), seen AS (
			-- who is in neither input is not known to be idle
			SELECT s.customer, min(s.at) AS first_at, sum(s.users)::bigint AS users
			FROM (SELECT d.customer, min(d.first_at) AS at, NULL::bigint AS users FROM done d GROUP BY d.customer
				UNION ALL
				SELECT p.customer, min(p.signed_up_at), count(*) FROM person p WHERE NOT p.internal GROUP BY p.customer) s
			GROUP BY s.customer
		), daily AS (
			SELECT d.customer, d.day, sum(d.uses) AS uses, bool_or(d.is_login) AS is_login FROM done d WHERE d.day IS NOT NULL GROUP BY d.customer, d.day
		), weekly AS (
			SELECT d.customer, $2 + 7 * ((d.day - $2) / 7) AS week, sum(d.uses)::bigint AS uses, count(*) FILTER (WHERE d.is_login) AS active_days
			FROM daily d GROUP BY 1, 2
		), people AS (
			SELECT d.customer, $2 + 7 * ((d.day - $2) / 7) AS week, count(DISTINCT d.person) AS active_users FROM done d WHERE d.day IS NOT NULL GROUP BY 1, 2
		)
		SELECT a.customer, w.week, CASE WHEN k.known THEN coalesce(u.uses, 0) END, CASE WHEN k.known THEN coalesce(u.active_days, 0) END,
			CASE WHEN k.known THEN coalesce(p.active_users, 0) END, CASE WHEN s.first_at IS NOT NULL AND $7 THEN coalesce(s.users, 0) END
		FROM one JOIN account a ON one.checked
		CROSS JOIN (SELECT $2 + 7 * g AS week FROM generate_series(0, ($3 - $2) / 7 - 1) g) w
		LEFT JOIN seen s ON s.customer = a.customer
		LEFT JOIN weekly u ON u.customer = a.customer AND u.week = w.week
		LEFT JOIN people p ON p.customer = a.customer AND p.week = w.week,
			LATERAL (SELECT w.week >= nudge.civil_date(least(a.created_at, s.first_at), $4) AND s.first_at IS NOT NULL AS known) k
		ORDER BY a.customer COLLATE "C", w.week
		$query$, nudge.input_query('events', events), nudge.input_query('users', users))
	USING as_of, start_day, end_day, named_zone, login_events, customers, users IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.usage_weeks(regclass, timestamptz, regclass, regclass, text, integer, text[], text) IS
	'Uses, active days and active users of each customer in each of the last complete weeks, NULL for weeks that began before the customer was known: the drill-down of usage_factor. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.feature_event_rows(
	events regclass,
	users regclass DEFAULT NULL,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (customer text, feature text, at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH person AS MATERIALIZED (
			SELECT u."user", u.customer, coalesce(u.internal, false) AS internal FROM (%2$s) u WHERE u.signed_up_at IS NULL OR coalesce(u.signed_up_at < $3, true)
		), line AS MATERIALIZED (
			SELECT coalesce(e.customer, p.customer) AS customer, e.feature, e.at
			FROM (%1$s) e
			LEFT JOIN person p ON p."user" = e."user"
			WHERE e.feature IS NOT NULL AND (e.at IS NULL OR coalesce(e.at >= $1, true) AND coalesce(e.at < $2, true)) AND NOT coalesce(p.internal, false)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('events', (SELECT count(*) FROM line l WHERE l.at IS NULL)) AND nudge.check_input('users', count(*) FILTER (WHERE p."user" IS NULL))
				AND nudge.check_unique_key('users', (SELECT min(d."user" COLLATE "C") FROM (SELECT q."user" FROM person q GROUP BY q."user" HAVING count(*) > 1) d)) AS checked
			FROM person p
		)
		SELECT l.customer, l.feature, l.at FROM one JOIN line l ON one.checked WHERE l.customer IS NOT NULL
		$query$, nudge.input_query('events', events), nudge.input_query('users', users)) USING start_at, end_at, coalesce(as_of, end_at);
END
$$;
COMMENT ON FUNCTION nudge.feature_event_rows(regclass, regclass, timestamptz, timestamptz, timestamptz) IS
	'The events with a feature between two instants, each with its account, or with that of its user, without internal users. Not STRICT: a NULL relation has no rows, NULL bounds are none, a NULL as_of, before which users are known, is end_at';

CREATE FUNCTION nudge.usage_features(
	events regclass,
	features regclass,
	as_of timestamptz,
	users regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	weeks integer DEFAULT 12
) RETURNS TABLE (customer text, feature text, uses bigint, last_used_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	end_day date;
	start_day date;
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('weeks', weeks, 1, 520);
	end_day := nudge.period_start(nudge.civil_date(as_of, named_zone), 'week');
	start_day := end_day - 7 * weeks;
	RETURN QUERY EXECUTE format($query$
		SELECT e.customer, e.feature, count(*), max(e.at)
		FROM nudge.feature_event_rows($1, $2, $4::timestamp AT TIME ZONE $6, $5::timestamp AT TIME ZONE $6, $3) e
		WHERE e.feature IN (SELECT f.feature FROM (%s) f WHERE f.released_at IS NULL OR f.released_at < $3)
		GROUP BY e.customer, e.feature
		ORDER BY e.customer COLLATE "C", e.feature COLLATE "C"
		$query$, nudge.input_query('features', features))
	USING events, users, as_of, start_day, end_day, named_zone;
END
$$;
COMMENT ON FUNCTION nudge.usage_features(regclass, regclass, timestamptz, regclass, text, integer) IS
	'The released features that each customer used in the last complete weeks: the drill-down of the breadth in usage_factor. Not STRICT: a NULL relation has no rows';

-- The factor ----------------------------------------------------------------

CREATE FUNCTION nudge.usage_factor(
	events regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	features regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	target_active_days double precision DEFAULT 5,
	full_growth_rate double precision DEFAULT 0.05,
	weights double precision[] DEFAULT '{0.4,0.3,0.3,0}',
	engagement_weights double precision[] DEFAULT '{0.5,0.5}'
) RETURNS TABLE (
	customer text,
	known_weeks bigint,
	uses bigint,
	active_days_per_week numeric,
	login_direction text,
	login_growth_rate double precision,
	login_factor double precision,
	features_used bigint,
	features_available bigint,
	adoption_breadth numeric,
	breadth_factor double precision,
	usage_direction text,
	usage_growth_rate double precision,
	usage_p_value double precision,
	trend_factor double precision,
	engagement_consistency double precision,
	consistency_factor double precision,
	account_users bigint,
	weekly_active_users numeric,
	active_user_share numeric,
	engagement_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	available bigint;
BEGIN
	PERFORM nudge.check_count('weeks', weeks, 2, 520);
	IF features IS NOT NULL THEN
		EXECUTE format('SELECT count(DISTINCT f.feature) FROM (%s) f WHERE f.released_at IS NULL OR f.released_at < $1', nudge.input_query('features', features))
			INTO available USING as_of;
	END IF;
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT w.customer, count(w.uses) AS weeks, sum(w.uses)::bigint AS uses, avg(w.active_days) AS active_days, max(w.account_users) AS users,
			array_agg(w.uses::double precision ORDER BY w.week) AS weekly_uses, array_agg(w.active_days::double precision ORDER BY w.week) AS weekly_days,
			avg(w.active_users) FILTER (WHERE w.place <= 4) AS active_users
		FROM (SELECT u.*, row_number() OVER (PARTITION BY u.customer ORDER BY u.week DESC) AS place
			FROM nudge.usage_weeks(events, as_of, customers, usage_factor.users, zone, usage_factor.weeks, login_events) u) w
		GROUP BY w.customer
	), used AS MATERIALIZED (
		SELECT f.customer, count(*) AS features FROM nudge.usage_features(events, features, as_of, usage_factor.users, zone, usage_factor.weeks) f GROUP BY f.customer
	), measured AS (
		SELECT l.customer, l.weeks, l.uses, l.active_days, l.users, l.active_users, CASE WHEN l.active_users > l.users AND l.users > 0 THEN 1 ELSE l.active_users / nullif(l.users, 0) END AS user_share,
			d.direction AS login_direction, d.weekly_growth_rate AS login_growth, nudge.scale_target(l.active_days::double precision, target_active_days) AS login_factor,
			b.used, nudge.adoption_breadth(b.used, available) AS breadth,
			t.direction, t.weekly_growth_rate, t.p_value,
			-- who uses nothing has no trend, and no evenness
			CASE WHEN l.uses > 0 THEN t.factor END AS trend_factor, nudge.engagement_consistency(l.weekly_days) AS consistency
		FROM line l
		LEFT JOIN used f ON f.customer = l.customer,
			LATERAL nudge.usage_trend(l.weekly_days, full_growth_rate) d, LATERAL nudge.usage_trend(l.weekly_uses, full_growth_rate) t,
			LATERAL (SELECT CASE WHEN l.weeks > 0 AND available IS NOT NULL THEN coalesce(f.features, 0) END AS used) b
	), scaled AS (
		SELECT m.*, nudge.scale_target(m.breadth::double precision, 1) AS breadth_factor,
			CASE WHEN m.uses = 0 THEN 0 ELSE nudge.scale_target(m.consistency, 1) END AS consistency_factor
		FROM measured m
	)
	SELECT s.customer, s.weeks, s.uses, s.active_days, s.login_direction, s.login_growth, s.login_factor, s.used, available, s.breadth, s.breadth_factor,
		s.direction, s.weekly_growth_rate, s.p_value, s.trend_factor, s.consistency, s.consistency_factor, s.users, s.active_users, s.user_share,
		nudge.health_score(ARRAY[s.consistency_factor, 100 * s.user_share::double precision], engagement_weights),
		nudge.health_score(ARRAY[s.login_factor, s.breadth_factor, s.trend_factor, s.consistency_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.usage_factor(regclass, timestamptz, regclass, regclass, regclass, text, integer, text[], double precision, double precision, double precision[], double precision[]) IS
	'How much, how broadly, with which trend and how evenly each customer used the product in the last complete weeks, and the factors usage and engagement of that. Not STRICT: a NULL relation is not known, NULL login_events are all events';

-- Stability -----------------------------------------------------------------

CREATE FUNCTION nudge.engagement_stability_lines(
	events regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	zone text DEFAULT 'UTC',
	week_start text DEFAULT 'monday'
) RETURNS TABLE (
	customer text,
	known_weeks bigint,
	active_days bigint,
	active_weeks bigint,
	mean_active_days numeric,
	coefficient_of_variation numeric,
	stability numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH spread AS (
		SELECT u.customer, count(u.active_days) AS known, sum(u.active_days)::bigint AS days, count(*) FILTER (WHERE u.active_days > 0) AS active, avg(u.active_days) AS mean,
			stddev_pop(u.active_days) AS deviation
		FROM nudge.usage_weeks(events, nudge.day_close(as_of, zone), customers, engagement_stability_lines.users, zone, engagement_stability_lines.weeks, login_events, week_start) u
		GROUP BY u.customer
	)
	-- who came within the weeks has not had all of them
	SELECT s.customer, s.known, s.days, s.active, s.mean, v.cv, CASE WHEN v.cv < 1 THEN 1 - v.cv WHEN v.cv >= 1 THEN 0 END
	FROM spread s, LATERAL (SELECT CASE WHEN s.known = engagement_stability_lines.weeks THEN s.deviation / nullif(s.mean, 0) END AS cv) v
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.engagement_stability_lines(regclass, date, regclass, regclass, integer, text[], text, text) IS
	'Engagement stability of every customer: 1 less the coefficient of variation of the active_days of usage_weeks, at least 0; NULL of customers that came later or had no day. Not STRICT: a NULL relation is not known, NULL login_events are all events';

CREATE FUNCTION nudge.engagement_stability(
	events regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	zone text DEFAULT 'UTC',
	week_start text DEFAULT 'monday'
) RETURNS TABLE (all_customers bigint, known_customers bigint, mean_stability numeric, median_stability numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT count(*), count(l.stability), avg(l.stability), percentile_disc(0.5) WITHIN GROUP (ORDER BY l.stability)
	FROM nudge.engagement_stability_lines(events, as_of, customers, users, weeks, login_events, zone, week_start) l;
END
$$;
COMMENT ON FUNCTION nudge.engagement_stability(regclass, date, regclass, regclass, integer, text[], text, text) IS
	'Mean and median engagement stability of the customers for which it is known. Not STRICT: a NULL relation is not known, NULL login_events are all events';
