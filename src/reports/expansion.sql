/*
 * expansion.sql
 *		Who is about to buy more: use of plan limits, expansion triggers, and
 *		the expansion readiness score.
 *
 * Definitions: doc/expansion.md.
 */

-- Use of what the plan includes ---------------------------------------------

CREATE FUNCTION nudge.usage_ratio(
	usage regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	meter text DEFAULT NULL
) RETURNS TABLE (period date, customer text, usage_meter text, volume numeric, plan_limit numeric, usage_ratio numeric, complete boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.period_end(start_day, coalesce(grain, 'month'));
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT u.* FROM (%s) u
			WHERE (u.period IS NULL OR u.period >= $1 AND u.period < $2 AND coalesce(u.period::timestamp AT TIME ZONE $4 < $5, true)) AND ($6 IS NULL OR u.meter = $6)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('usage', count(*) FILTER (WHERE l.customer IS NULL OR l.meter IS NULL OR NOT coalesce(isfinite(l.period)
				AND abs(l.volume) < 'Infinity' AND coalesce(abs(l.plan_limit) < 'Infinity', true), false))) AS checked
			FROM line l
		), part AS (
			-- several rows of a customer, meter and period add up; one without a limit has none
			SELECT l.period, l.customer, l.meter, sum(l.volume) AS volume, CASE WHEN count(*) = count(l.plan_limit) THEN sum(l.plan_limit) END AS plan_limit
			FROM one, line l GROUP BY l.period, l.customer, l.meter
		)
		SELECT p.period, p.customer, p.meter, p.volume, p.plan_limit, CASE WHEN p.plan_limit > 0 THEN p.volume / p.plan_limit END,
			nudge.period_end(p.period, $3)::timestamp AT TIME ZONE $4 <= $5
		FROM part p
		ORDER BY p.period, p.customer COLLATE "C", p.meter COLLATE "C"
		$query$, nudge.input_query('usage', usage))
		USING start_day, end_day, coalesce(grain, 'month'), coalesce(zone, 'UTC'), as_of, meter;
END
$$;
COMMENT ON FUNCTION nudge.usage_ratio(regclass, date, date, text, text, timestamptz, text) IS
	'Volume over the limit of the plan, by period, customer and meter; NULL without a limit. Not STRICT: NULL usage is none, a NULL meter is all, a NULL as_of leaves complete NULL';

CREATE FUNCTION nudge.recent_usage_ratio(usage regclass, as_of date, grain text DEFAULT 'month', zone text DEFAULT 'UTC')
	RETURNS TABLE (period date, customer text, usage_meter text, volume numeric, plan_limit numeric, usage_ratio numeric, complete boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	unit constant text := coalesce(grain, 'month');
BEGIN
	RETURN QUERY
	SELECT u.* FROM nudge.usage_ratio(usage, nudge.period_start(nudge.period_start(as_of + 1, unit) - 1, unit), as_of + 1, unit, zone, known_at) u;
END
$$;
COMMENT ON FUNCTION nudge.recent_usage_ratio(regclass, date, text, text) IS
	'The usage_ratio of the last period that is complete at the close of a day, and of the one that has begun. Not STRICT: NULL usage is none, NULL options have a meaning';

-- Growth of the team --------------------------------------------------------

CREATE FUNCTION nudge.seat_rows(subscriptions regclass, users regclass, as_of date, zone text DEFAULT 'UTC')
	RETURNS TABLE (customer text, seats numeric, source text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH item AS MATERIALIZED (
			SELECT s.customer, s.valid_from, s.valid_to, s.seats FROM (%1$s) s WHERE s.valid_from IS NULL OR s.valid_from < $1
		), person AS MATERIALIZED (
			SELECT u.customer, u.signed_up_at, coalesce(u.internal, false) AS internal, u.user FROM (%2$s) u WHERE u.signed_up_at IS NULL OR u.signed_up_at < $1
		), one AS MATERIALIZED (
			SELECT nudge.check_input('subscriptions', count(*) FILTER (WHERE i.customer IS NULL OR i.valid_from IS NULL OR NOT coalesce(i.seats >= 0 AND i.seats < 'Infinity', true))) AS checked
			FROM item i
		), two AS MATERIALIZED (
			SELECT nudge.check_input('users', count(*) FILTER (WHERE p.user IS NULL OR p.signed_up_at IS NULL)) AS checked FROM person p
		)
		SELECT r.customer, r.seats, r.source
		FROM (SELECT i.customer, sum(i.seats) AS seats, 'seats' AS source FROM one, item i
				WHERE i.valid_to IS NULL OR i.valid_to >= $1 GROUP BY i.customer HAVING count(i.seats) > 0
			UNION ALL
			SELECT p.customer, count(DISTINCT p.user), 'users' FROM two, person p
				WHERE p.customer IS NOT NULL AND NOT p.internal GROUP BY p.customer) r
		ORDER BY r.customer COLLATE "C", r.source
		$query$, nudge.input_query('subscriptions', subscriptions), nudge.input_query('users', users)) USING known_at;
END
$$;
COMMENT ON FUNCTION nudge.seat_rows(regclass, regclass, date, text) IS
	'Seats of each customer in force at the close of a day, and its users who have signed up by then. Not STRICT: NULL relations have no rows';

CREATE FUNCTION nudge.seat_growth(
	subscriptions regclass,
	users regclass,
	as_of date,
	days integer DEFAULT 90,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, source text, seats_before numeric, seats numeric, growth_rate numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_count('days', days);
	RETURN QUERY
	-- seats where they are known, users of the others
	SELECT DISTINCT ON (n.customer COLLATE "C") n.customer, n.source, b.seats, n.seats, n.seats / nullif(b.seats, 0) - 1
	FROM nudge.seat_rows(subscriptions, users, as_of, zone) n
	LEFT JOIN nudge.seat_rows(subscriptions, users, as_of - days, zone) b ON b.customer = n.customer AND b.source = n.source
	ORDER BY n.customer COLLATE "C", n.source;
END
$$;
COMMENT ON FUNCTION nudge.seat_growth(regclass, regclass, date, integer, text) IS
	'Growth of the seats of each customer over so many days, or, where seats are not known, of its users; NULL without any before. Not STRICT: NULL relations have no rows';

-- Need of a feature ---------------------------------------------------------

CREATE FUNCTION nudge.feature_attempts(
	events regclass,
	features regclass,
	plans regclass,
	subscriptions regclass,
	as_of date,
	tiers text[],
	users regclass DEFAULT NULL,
	days integer DEFAULT 90,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, feature text, feature_tier text, own_tier text, attempts bigint, last_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_count('days', days);
	IF array_ndims(tiers) > 1 THEN
		RAISE EXCEPTION 'tiers must be a list of words'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'They are the tiers of features and plans, the lowest first.',
				HINT = 'Pass for example {basic,pro,top}.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH feature AS MATERIALIZED (
			SELECT f.feature, f.tier, array_position($3, f.tier) AS place FROM (%1$s) f WHERE f.tier IS NOT NULL
		), plan AS MATERIALIZED (
			SELECT p.plan, p.tier, array_position($3, p.tier) AS place FROM (%2$s) p WHERE p.tier IS NOT NULL
		), one AS MATERIALIZED (
			SELECT nudge.check_input('features', 0, 'tier', (SELECT min(f.tier COLLATE "C") FROM feature f WHERE f.place IS NULL), coalesce(array_to_string($3, ', '), 'none')),
				-- without features nothing is above a plan
				nudge.check_input('plans', 0, 'tier', (SELECT min(p.tier COLLATE "C") FROM plan p WHERE p.place IS NULL AND EXISTS (SELECT FROM feature f)), coalesce(array_to_string($3, ', '), 'none')) AS checked
		), own AS MATERIALIZED (
			SELECT s.customer, max(p.place) AS place FROM (%3$s) s JOIN plan p ON p.plan = s.plan
			WHERE s.valid_from < $2 AND (s.valid_to IS NULL OR s.valid_to >= $2) GROUP BY s.customer
		)
		SELECT e.customer, e.feature, min(f.tier), min($3[o.place]), count(*), max(e.at)
		FROM one, nudge.feature_event_rows($4, $5, $1, $2) e JOIN feature f ON f.feature = e.feature JOIN own o ON o.customer = e.customer
		WHERE f.place > o.place
		GROUP BY e.customer, e.feature
		ORDER BY e.customer COLLATE "C", e.feature COLLATE "C"
		$query$, nudge.input_query('features', features), nudge.input_query('plans', plans), nudge.input_query('subscriptions', subscriptions))
		USING nudge.day_close(as_of - days, zone), known_at, tiers, events, users;
END
$$;
COMMENT ON FUNCTION nudge.feature_attempts(regclass, regclass, regclass, regclass, date, text[], regclass, integer, text) IS
	'Events with features of a tier above every plan that the customer has at the close of a day: tiers are the words of features and plans, the lowest first. Not STRICT: NULL relations have no rows';

-- Triggers ------------------------------------------------------------------

CREATE FUNCTION nudge.expansion_triggers(
	state nudge.mrr_state,
	as_of date,
	usage regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	events regclass DEFAULT NULL,
	features regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	tiers text[] DEFAULT NULL,
	usage_threshold numeric DEFAULT 0.8,
	growth_threshold numeric DEFAULT 0.2,
	attempts_threshold integer DEFAULT 1,
	days integer DEFAULT 90,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (customer text, trigger_kind text, detail text, value numeric, threshold numeric, fired boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 60000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY
	WITH paying AS MATERIALIZED (
		SELECT m.customer FROM nudge.customer_mrr(state, as_of, coalesce(zone, 'UTC')) m
	), used AS (
		SELECT DISTINCT ON (u.customer, u.usage_meter) u.customer, u.usage_meter, u.usage_ratio FROM nudge.recent_usage_ratio(usage, as_of, grain, zone) u
		ORDER BY u.customer, u.usage_meter, u.usage_ratio DESC NULLS LAST
	), need AS (
		SELECT DISTINCT ON (f.customer) f.customer, f.fact, f.value FROM nudge.account_fact_rows(account_facts, '{unmet_need}', known_at) f WHERE f.in_force
		ORDER BY f.customer, f.valid_from DESC, f.value COLLATE "C"
	), found (customer, place, kind, detail, value, threshold) AS (
		SELECT u.customer, 1, 'limit_hit', u.usage_meter, u.usage_ratio, usage_threshold FROM used u
		UNION ALL
		SELECT g.customer, 2, 'team_growth', g.source, g.growth_rate, growth_threshold FROM nudge.seat_growth(subscriptions, users, as_of, days, zone) g
		UNION ALL
		SELECT n.customer, 3, 'feature_need', 'unmet_need', nudge.fact_flag(n.fact, n.value)::integer, 1 FROM need n
		UNION ALL
		SELECT a.customer, 4, 'feature_need', a.feature, a.attempts, attempts_threshold
		FROM nudge.feature_attempts(events, features, plans, subscriptions, as_of, tiers, users, days, zone) a
	)
	SELECT f.customer, f.kind, f.detail, f.value, f.threshold, f.value >= f.threshold
	FROM found f
	WHERE state IS NULL OR EXISTS (SELECT FROM paying p WHERE p.customer = f.customer)
	ORDER BY f.customer COLLATE "C", f.place, f.detail COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.expansion_triggers(nudge.mrr_state, date, regclass, regclass, regclass, regclass, regclass, regclass, regclass, text[], numeric, numeric, integer, integer, text, text) IS
	'What speaks for an expansion of each customer at the close of a day: limit_hit by meter, team_growth, feature_need; fired from the threshold on. Not STRICT: NULL inputs are not known, a NULL state is any customer';

-- Readiness -----------------------------------------------------------------

CREATE FUNCTION nudge.check_readiness(weights numeric[], target_growth numeric, target_features integer) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(array_ndims(weights) = 1 AND cardinality(weights) = 5 AND array_lower(weights, 1) = 1 AND array_position(weights, NULL) IS NULL
		AND 0 <= ALL (weights) AND 1 >= ALL (weights) AND (SELECT abs(sum(w) - 1) <= 1e-9 FROM unnest(weights) w), false) THEN
		RAISE EXCEPTION 'weights of readiness must be five numbers from 0 that sum to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'They are for usage, seats, adoption, health and sponsor, in this order.',
				HINT = 'Leave them out for 0.2 each.';
	ELSIF NOT coalesce(target_growth > 0 AND target_growth < 'Infinity' AND target_features > 0, false) THEN
		RAISE EXCEPTION 'targets of readiness must be above 0'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('target_growth is %s, target_features %s.', coalesce(target_growth::text, 'null'), coalesce(target_features::text, 'null')),
				HINT = 'Leave them out for 0.2 and 3.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_readiness(numeric[], numeric, integer) IS
	'An error unless weights and targets of expansion_readiness make sense. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.feature_starts(events regclass, as_of date, users regclass DEFAULT NULL, days integer DEFAULT 90, zone text DEFAULT 'UTC')
	RETURNS TABLE (customer text, features_used bigint, features_started bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	start_at timestamptz;
BEGIN
	PERFORM nudge.check_count('days', days);
	start_at := nudge.day_close(as_of - days, zone);
	RETURN QUERY
	WITH first AS (
		SELECT e.customer, e.feature, min(e.at) AS at FROM nudge.feature_event_rows(events, users, NULL, known_at) e GROUP BY e.customer, e.feature
	)
	SELECT f.customer, count(*), count(*) FILTER (WHERE f.at >= start_at) FROM first f GROUP BY f.customer ORDER BY f.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.feature_starts(regclass, date, regclass, integer, text) IS
	'Features that each customer has ever used by the close of a day, and those it used for the first time in the days before. Not STRICT: NULL events are none';

CREATE FUNCTION nudge.expansion_factors(
	state nudge.mrr_state,
	as_of date,
	usage regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	events regclass DEFAULT NULL,
	scores regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	weights numeric[] DEFAULT '{0.2,0.2,0.2,0.2,0.2}',
	target_growth numeric DEFAULT 0.2,
	target_features integer DEFAULT 3,
	days integer DEFAULT 90,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month',
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	usage_factor numeric,
	seat_factor numeric,
	adoption_factor numeric,
	health_factor numeric,
	sponsor_factor numeric,
	readiness numeric,
	coverage numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 80000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_readiness(weights, target_growth, target_features), nudge.check_levels('sponsor_status', sponsor_levels);
	RETURN QUERY
	WITH used AS (
		SELECT u.customer, CASE WHEN max(u.usage_ratio) >= 1 THEN 100 ELSE 100 * greatest(max(u.usage_ratio), 0) END AS factor FROM nudge.recent_usage_ratio(usage, as_of, grain, zone) u
		WHERE u.complete AND u.usage_ratio IS NOT NULL GROUP BY u.customer
	), grown AS (
		SELECT g.customer, CASE WHEN g.growth_rate >= target_growth THEN 100 WHEN g.growth_rate <= 0 THEN 0 ELSE 100 * g.growth_rate / target_growth END AS factor FROM nudge.seat_growth(subscriptions, users, as_of, days, zone) g
	), started AS (
		SELECT s.customer, 100 * least(s.features_started::numeric / target_features, 1) AS factor FROM nudge.feature_starts(events, as_of, users, days, zone) s
	), sponsor AS (
		-- the mean of all sponsors
		SELECT f.customer, avg(nudge.fact_level(f.fact, f.value, sponsor_levels)) AS place
		FROM nudge.account_fact_rows(account_facts, '{sponsor_status}', known_at) f WHERE f.in_force GROUP BY f.customer
	), factor AS MATERIALIZED (
		-- the customers that pay, and their latest score
		SELECT h.customer, u.factor AS usage, g.factor AS seats, s.factor AS adoption, h.score AS health,
			100 * (p.place - 1) / (cardinality(sponsor_levels) - 1) AS sponsor
		FROM nudge.at_risk_revenue_lines(state, scores, as_of, 65, 60, 80, zone, model) h
		LEFT JOIN used u ON u.customer = h.customer
		LEFT JOIN grown g ON g.customer = h.customer
		LEFT JOIN started s ON s.customer = h.customer
		LEFT JOIN sponsor p ON p.customer = h.customer
	)
	SELECT f.customer, f.usage, f.seats, f.adoption, f.health, f.sponsor, r.weighted / nullif(r.weight, 0), r.weight
	FROM factor f,
		LATERAL (SELECT sum(v.factor * v.weight) AS weighted, coalesce(sum(v.weight) FILTER (WHERE v.factor IS NOT NULL), 0) AS weight
			FROM unnest(ARRAY[f.usage, f.seats, f.adoption, f.health, f.sponsor], weights) v(factor, weight)) r
	ORDER BY f.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.expansion_factors(nudge.mrr_state, date, regclass, regclass, regclass, regclass, regclass, regclass, numeric[], numeric, integer, integer, text[], text, text, text) IS
	'The five factors of expansion readiness, each from 0 to 100, of every customer that pays at the close of a day, their weighted mean, and the weight of those known. Not STRICT: NULL inputs are not known, a NULL model is the only one';

CREATE FUNCTION nudge.expansion_readiness(
	state nudge.mrr_state,
	as_of date,
	usage regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	events regclass DEFAULT NULL,
	scores regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	weights numeric[] DEFAULT '{0.2,0.2,0.2,0.2,0.2}',
	threshold numeric DEFAULT 80,
	compare_days integer DEFAULT 30,
	target_growth numeric DEFAULT 0.2,
	target_features integer DEFAULT 3,
	days integer DEFAULT 90,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month',
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	readiness numeric,
	coverage numeric,
	previous_readiness numeric,
	previous_coverage numeric,
	change numeric,
	is_ready boolean,
	has_crossed boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 160000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_count('compare_days', compare_days), nudge.check_bands(threshold, 60, 80);
	RETURN QUERY
	SELECT n.customer, n.readiness, n.coverage, b.readiness, b.coverage, n.readiness - b.readiness, n.readiness >= threshold,
		n.readiness >= threshold AND b.readiness < threshold
	FROM nudge.expansion_factors(state, as_of, usage, subscriptions, users, events, scores, account_facts, weights,
		target_growth, target_features, days, sponsor_levels, zone, grain, model) n
	LEFT JOIN nudge.expansion_factors(state, as_of - compare_days, usage, subscriptions, users, events, scores, account_facts, weights,
		target_growth, target_features, days, sponsor_levels, zone, grain, model) b ON b.customer = n.customer
	ORDER BY n.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.expansion_readiness(nudge.mrr_state, date, regclass, regclass, regclass, regclass, regclass, regclass, numeric[], numeric, integer, numeric, integer, integer, text[], text, text, text) IS
	'Expansion readiness of every customer that pays at the close of a day, 0 to 100, that of some days before, and whether it has crossed the threshold since. Not STRICT: NULL inputs are not known, a NULL model is the only one';
