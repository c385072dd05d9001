/*
 * account_health.sql
 *		The health of accounts from data to band: factors from events, tickets,
 *		surveys, recorded facts and subscriptions, and the score of each customer.
 *
 * Definitions: doc/account_health.md.
 */

CREATE FUNCTION nudge.scale_level(value text, levels text[], fact text DEFAULT 'level') RETURNS double precision
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_levels(fact, levels);
	RETURN 100 * (nudge.fact_level(fact, btrim(value), levels) - 1) / (cardinality(levels) - 1)::double precision;
END
$$;
COMMENT ON FUNCTION nudge.scale_level(text, text[], text) IS
	'A word as a factor: its place among levels, of which the first gives 0, the last 100 and those between equal steps. Not STRICT: a NULL value has no factor, NULL levels are an error';

-- Support -------------------------------------------------------------------

CREATE FUNCTION nudge.support_tickets(tickets regclass, as_of timestamptz, days integer DEFAULT 90, csat_low double precision DEFAULT 1, csat_high double precision DEFAULT 5)
	RETURNS TABLE (customer text, ticket text, opened_at timestamptz, status text, resolved_at timestamptz, resolution_minutes numeric, csat numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('days', days, 1, 3650);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		-- resolved at as_of, and not opened again since
		SELECT t.*, CASE t.status WHEN 'resolved' THEN t.resolved_at END AS done_at
		FROM nudge.ticket_rows(tickets, as_of - make_interval(hours => 24 * days), NULL, as_of) t
	), one AS MATERIALIZED (
		SELECT nudge.check_values('tickets', count(*) FILTER (WHERE NOT l.csat BETWEEN csat_low::numeric AND csat_high::numeric),
			format('csat is from %s to %s; another scale is passed as csat_low and csat_high.', csat_low, csat_high)) AS checked
		FROM line l
	)
	SELECT l.customer, l.ticket, l.opened_at, l.status, l.done_at, nudge.minutes_between(l.opened_at, l.done_at), l.csat
	FROM one JOIN line l ON one.checked
	ORDER BY l.customer COLLATE "C", l.opened_at, l.ticket COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.support_tickets(regclass, timestamptz, integer, double precision, double precision) IS
	'The tickets opened in the days before an instant, as they were known then: the drill-down of support_factor. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.support_factor(
	tickets regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	days integer DEFAULT 90,
	max_monthly_tickets double precision DEFAULT 10,
	fast_minutes double precision DEFAULT 240,
	slow_minutes double precision DEFAULT 4320,
	csat_low double precision DEFAULT 1,
	csat_high double precision DEFAULT 5,
	weights double precision[] DEFAULT '{0.3,0.4,0.3}',
	without_tickets double precision DEFAULT NULL
) RETURNS TABLE (
	customer text,
	opened_tickets bigint,
	tickets_per_month numeric,
	volume_factor double precision,
	resolved_tickets bigint,
	resolution_rate numeric,
	resolution_minutes numeric,
	resolution_factor double precision,
	rated_tickets bigint,
	csat numeric,
	csat_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT t.customer, count(*) AS tickets,
			-- a relation that does not say when tickets were resolved does not say that they were not
			CASE WHEN count(t.status) > 0 THEN count(t.resolved_at) END AS resolved, avg(t.resolution_minutes) AS minutes, count(t.csat) AS rated, avg(t.csat) AS csat
		FROM nudge.support_tickets(support_factor.tickets, as_of, days, csat_low, csat_high) t
		GROUP BY t.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), measured AS (
		SELECT a.customer, CASE WHEN support_factor.tickets IS NOT NULL THEN coalesce(l.tickets, 0) END AS tickets, coalesce(l.tickets, 0) > 0 AS has_tickets,
			l.resolved, l.minutes, l.rated, l.csat, l.tickets * 30.0 / days AS per_month, l.resolved::numeric / l.tickets AS rate
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	), scaled AS (
		SELECT m.*, nudge.scale_min_max(m.per_month::double precision, max_monthly_tickets, 0) AS volume_factor,
			nudge.health_score(ARRAY[100 * m.rate::double precision, nudge.scale_min_max(m.minutes::double precision, slow_minutes, fast_minutes)], '{0.5,0.5}') AS resolution_factor,
			nudge.scale_min_max(m.csat::double precision, csat_low, csat_high) AS csat_factor
		FROM measured m
	)
	SELECT s.customer, s.tickets, s.per_month, s.volume_factor, s.resolved, s.rate, s.minutes, s.resolution_factor, s.rated, s.csat, s.csat_factor,
		CASE WHEN s.has_tickets THEN nudge.health_score(ARRAY[s.volume_factor, s.resolution_factor, s.csat_factor], weights)
			-- checked as a factor is
			WHEN s.tickets = 0 THEN nudge.health_score(ARRAY[without_tickets], '{1}') END
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.support_factor(regclass, timestamptz, regclass, integer, double precision, double precision, double precision, double precision, double precision, double precision[], double precision) IS
	'Volume, resolution and satisfaction of the tickets of each customer in the days before an instant, and the factor of that. Not STRICT: a NULL relation is not known, and who has no tickets has the factor without_tickets';

-- Outcome and relationship --------------------------------------------------

CREATE FUNCTION nudge.outcome_factor(
	account_facts regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	target_roi double precision DEFAULT 1,
	weights double precision[] DEFAULT '{0.7,0.3}'
) RETURNS TABLE (
	customer text,
	criteria bigint,
	criteria_met bigint,
	criteria_not_agreed bigint,
	criteria_met_share numeric,
	criteria_factor double precision,
	documented_roi numeric,
	roi_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_instant(as_of);
	RETURN QUERY
	WITH fact AS MATERIALIZED (
		-- what was not agreed before its outcome is no agreed criterion
		SELECT f.customer, f.fact, f.value, f.valid_from, f.fact = 'criterion_met' AND coalesce(f.agreed_at <= f.valid_from, false) AS is_agreed,
			CASE f.fact WHEN 'criterion_met' THEN nudge.fact_flag(f.fact, f.value) END AS is_met,
			CASE f.fact WHEN 'documented_roi' THEN nudge.fact_number(f.fact, f.value) END AS roi
		FROM nudge.account_fact_rows(account_facts, '{criterion_met,documented_roi}', as_of) f WHERE f.in_force
	), line AS (
		SELECT f.customer, count(*) FILTER (WHERE f.is_agreed) AS agreed, count(*) FILTER (WHERE f.is_agreed AND f.is_met) AS met,
			count(*) FILTER (WHERE f.fact = 'criterion_met' AND NOT f.is_agreed) AS other,
			-- as in account_shares
			(array_agg(f.roi ORDER BY f.valid_from DESC, f.value COLLATE "C") FILTER (WHERE f.fact = 'documented_roi'))[1] AS roi
		FROM fact f GROUP BY f.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, l.agreed, l.met, l.other, l.met::numeric / nullif(l.agreed, 0) AS share, l.roi, nudge.scale_target(l.met / nullif(l.agreed, 0)::double precision, 1) AS criteria_factor,
			nudge.scale_target(l.roi::double precision, target_roi) AS roi_factor
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	)
	SELECT s.customer, s.agreed, s.met, s.other, s.share, s.criteria_factor, s.roi, s.roi_factor, nudge.health_score(ARRAY[s.criteria_factor, s.roi_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.outcome_factor(regclass, timestamptz, regclass, double precision, double precision[]) IS
	'The share of its agreed success criteria that each customer meets, its documented return, and the factor of that. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.relationship_factor(
	account_facts regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	target_levels double precision DEFAULT 3,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	sentiment_levels text[] DEFAULT '{negative,neutral,positive}',
	weights double precision[] DEFAULT '{0.4,0.3,0.3}'
) RETURNS TABLE (
	customer text,
	contact_levels bigint,
	breadth_factor double precision,
	sponsors bigint,
	strength_factor double precision,
	sentiments bigint,
	sentiment_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_levels('sponsor_status', sponsor_levels), nudge.check_levels('sentiment', sentiment_levels);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT f.customer, nullif(count(DISTINCT lower(f.value)) FILTER (WHERE f.fact = 'contact_level'), 0) AS contacts,
			count(*) FILTER (WHERE f.fact = 'sponsor_status') AS sponsors, count(*) FILTER (WHERE f.fact = 'sentiment') AS sentiments,
			avg(CASE f.fact WHEN 'sponsor_status' THEN nudge.fact_level(f.fact, f.value, sponsor_levels) END) AS strength,
			avg(CASE f.fact WHEN 'sentiment' THEN nudge.fact_level(f.fact, f.value, sentiment_levels) END) AS sentiment
		FROM nudge.account_fact_rows(account_facts, '{contact_level,sponsor_status,sentiment}', as_of) f WHERE f.in_force
		GROUP BY f.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, l.contacts, nudge.scale_target(l.contacts, target_levels) AS breadth, l.sponsors,
			nudge.scale_min_max(l.strength::double precision, 1, cardinality(sponsor_levels)) AS strength, l.sentiments, nudge.scale_min_max(l.sentiment::double precision, 1, cardinality(sentiment_levels)) AS sentiment
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	)
	SELECT s.customer, s.contacts, s.breadth, s.sponsors, s.strength, s.sentiments, s.sentiment, nudge.health_score(ARRAY[s.breadth, s.strength, s.sentiment], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.relationship_factor(regclass, timestamptz, regclass, double precision, text[], text[], double precision[]) IS
	'Breadth of the contacts of each customer, strength of its sponsors and sentiment as recorded, and the factor of that. Not STRICT: a NULL relation is not known, NULL levels are an error';

-- Satisfaction, growth, advocacy --------------------------------------------

CREATE FUNCTION nudge.satisfaction_answers(surveys regclass, as_of timestamptz, days integer DEFAULT 180, csat_low double precision DEFAULT 1, csat_high double precision DEFAULT 5)
	RETURNS TABLE (customer text, user_id text, kind text, score numeric, answered_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('days', days, 1, 3650);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT s.customer, s."user", lower(btrim(s.kind)) AS kind, s.score, coalesce(s.answered_at, s.sent_at) AS at
			FROM (%s) s
			WHERE s.score IS NOT NULL AND (s.kind IS NULL OR lower(btrim(s.kind)) IN ('nps', 'csat'))
		), answer AS MATERIALIZED (
			SELECT l.* FROM line l WHERE l.at IS NULL OR l.at >= $1 - make_interval(hours => 24 * $2) AND l.at < $1
		), one AS MATERIALIZED (
			SELECT nudge.check_input('surveys', count(*) FILTER (WHERE a.customer IS NULL OR a.kind IS NULL OR a.at IS NULL))
				AND nudge.check_values('surveys', count(*) FILTER (WHERE a.kind = 'nps' AND NOT (a.score BETWEEN 0 AND 10 AND a.score = trunc(a.score))), 'An answer of nps is a whole number from 0 to 10.')
				AND nudge.check_values('surveys', count(*) FILTER (WHERE a.kind = 'csat' AND NOT a.score BETWEEN $3 AND $4), format('csat is from %%s to %%s; another scale is passed as csat_low and csat_high.', $3, $4)) AS checked
			FROM answer a
		)
		SELECT a.* FROM one JOIN answer a ON one.checked
		ORDER BY a.customer COLLATE "C", a.kind COLLATE "C", a.at, a."user" COLLATE "C", a.score
		$query$, nudge.input_query('surveys', surveys)) USING as_of, days, csat_low::numeric, csat_high::numeric;
END
$$;
COMMENT ON FUNCTION nudge.satisfaction_answers(regclass, timestamptz, integer, double precision, double precision) IS
	'The answers of nps and csat given in the days before an instant: the drill-down of satisfaction_factor. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.satisfaction_factor(
	surveys regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	days integer DEFAULT 180,
	csat_low double precision DEFAULT 1,
	csat_high double precision DEFAULT 5,
	weights double precision[] DEFAULT '{0.5,0.5}'
) RETURNS TABLE (
	customer text,
	nps_answers bigint,
	promoters bigint,
	detractors bigint,
	nps numeric,
	nps_factor double precision,
	csat_answers bigint,
	csat numeric,
	csat_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT a.customer, count(*) FILTER (WHERE a.kind = 'nps') AS asked, count(*) FILTER (WHERE a.kind = 'nps' AND a.score >= 9) AS promoters,
			count(*) FILTER (WHERE a.kind = 'nps' AND a.score <= 6) AS detractors, count(*) FILTER (WHERE a.kind = 'csat') AS rated, avg(a.score) FILTER (WHERE a.kind = 'csat') AS csat
		FROM nudge.satisfaction_answers(surveys, as_of, days, csat_low, csat_high) a
		GROUP BY a.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), measured AS (
		SELECT a.customer, l.asked, l.promoters, l.detractors, 100.0 * (l.promoters - l.detractors) / nullif(l.asked, 0) AS nps, l.rated, l.csat
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	), scaled AS (
		SELECT m.*, nudge.scale_min_max(m.nps::double precision, -100, 100) AS nps_factor, nudge.scale_min_max(m.csat::double precision, csat_low, csat_high) AS csat_factor FROM measured m
	)
	SELECT s.customer, s.asked, s.promoters, s.detractors, s.nps, s.nps_factor, s.rated, s.csat, s.csat_factor, nudge.health_score(ARRAY[s.nps_factor, s.csat_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.satisfaction_factor(regclass, timestamptz, regclass, integer, double precision, double precision, double precision[]) IS
	'Net promoter score and mean satisfaction of each customer in the days before an instant, and the factor of that. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.growth_lines(
	subscriptions regclass,
	as_of timestamptz,
	usage regclass DEFAULT NULL,
	months integer DEFAULT 3,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, measure text, meter text, amount_before numeric, amount numeric, growth_rate numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	before timestamptz;
	end_day date;
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('months', months, 1, 120);
	before := (as_of AT TIME ZONE named_zone - make_interval(months => months)) AT TIME ZONE named_zone;
	end_day := nudge.period_start(nudge.civil_date(as_of, named_zone), 'month');
	RETURN QUERY EXECUTE format($query$
		WITH item AS MATERIALIZED (
			SELECT s.customer, s.seats, s.valid_from, s.valid_to FROM (%1$s) s WHERE s.valid_from IS NULL OR s.valid_from < $1
		), volume AS MATERIALIZED (
			SELECT u.customer, u.meter, u.period, u.volume FROM (%2$s) u WHERE u.period IS NULL OR u.period < $3
		), one AS MATERIALIZED (
			SELECT nudge.check_input('subscriptions', count(*) FILTER (WHERE i.customer IS NULL OR i.valid_from IS NULL OR NOT coalesce(i.seats BETWEEN 0 AND 1e15, true)))
				AND (SELECT nudge.check_input('usage', count(*) FILTER (WHERE v.customer IS NULL OR v.meter IS NULL OR v.period IS NULL OR NOT coalesce(v.volume BETWEEN 0 AND 1e30, false))) FROM volume v) AS checked
			FROM item i
		), line AS (
			SELECT i.customer, 'seats' AS measure, NULL::text AS meter,
				sum(i.seats) FILTER (WHERE i.valid_from < $2 AND (i.valid_to IS NULL OR i.valid_to >= $2)) AS before,
				-- of what has ended there are none, but of what has no seats nothing is known
				CASE WHEN bool_or(i.valid_to IS NULL OR i.valid_to >= $1) THEN sum(i.seats) FILTER (WHERE i.valid_to IS NULL OR i.valid_to >= $1) ELSE 0 END AS now
			FROM item i GROUP BY i.customer
			UNION ALL
			SELECT v.customer, 'usage', v.meter,
				CASE WHEN min(v.period) <= $3 - make_interval(months => 2 * $4) THEN sum(v.volume) FILTER (WHERE v.period < $3 - make_interval(months => $4) AND v.period >= $3 - make_interval(months => 2 * $4)) END,
				sum(v.volume) FILTER (WHERE v.period >= $3 - make_interval(months => $4))
			FROM volume v GROUP BY v.customer, v.meter
		)
		SELECT l.customer, l.measure, l.meter, l.before, l.now, (l.now - l.before) / nullif(l.before, 0)
		FROM one JOIN line l ON one.checked AND l.before IS NOT NULL
		ORDER BY l.customer COLLATE "C", l.measure COLLATE "C", l.meter COLLATE "C"
		$query$, nudge.input_query('subscriptions', subscriptions), nudge.input_query('usage', usage)) USING as_of, before, end_day, months;
END
$$;
COMMENT ON FUNCTION nudge.growth_lines(regclass, timestamptz, regclass, integer, text) IS
	'Seats in force just before an instant and so many months before, and volumes of the last complete months and of as many before: the drill-down of growth_factor. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.growth_factor(
	subscriptions regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	months integer DEFAULT 3,
	zone text DEFAULT 'UTC',
	full_growth_rate double precision DEFAULT 0.25,
	weights double precision[] DEFAULT '{0.5,0.5}'
) RETURNS TABLE (
	customer text,
	seats_before numeric,
	seats numeric,
	seat_growth_rate numeric,
	seat_factor double precision,
	meters bigint,
	usage_growth_rate numeric,
	usage_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT g.customer, sum(g.amount_before) FILTER (WHERE g.measure = 'seats') AS seats_before, sum(g.amount) FILTER (WHERE g.measure = 'seats') AS seats,
			avg(g.growth_rate) FILTER (WHERE g.measure = 'seats') AS seat_growth, count(g.growth_rate) FILTER (WHERE g.measure = 'usage') AS meters,
			avg(g.growth_rate) FILTER (WHERE g.measure = 'usage') AS usage_growth
		FROM nudge.growth_lines(subscriptions, as_of, usage, months, zone) g
		GROUP BY g.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, l.seats_before, l.seats, l.seat_growth, l.meters, l.usage_growth, nudge.scale_min_max(l.seat_growth::double precision, -full_growth_rate, full_growth_rate) AS seat_factor,
			nudge.scale_min_max(l.usage_growth::double precision, -full_growth_rate, full_growth_rate) AS usage_factor
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	)
	SELECT s.customer, s.seats_before, s.seats, s.seat_growth, s.seat_factor, s.meters, s.usage_growth, s.usage_factor, nudge.health_score(ARRAY[s.seat_factor, s.usage_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.growth_factor(regclass, timestamptz, regclass, regclass, integer, text, double precision, double precision[]) IS
	'Growth of the seats and of the metered use of each customer over some months, and the factor of that, 50 where nothing grows. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.advocacy_factor(
	account_facts regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	surveys regclass DEFAULT NULL,
	days integer DEFAULT 365,
	act_facts text[] DEFAULT '{reference,case_study,review,referral}',
	target_acts double precision DEFAULT 2,
	weights double precision[] DEFAULT '{0.4,0.3,0.3}'
) RETURNS TABLE (
	customer text,
	referenceable boolean,
	acts bigint,
	act_factor double precision,
	nps_answers bigint,
	promoters bigint,
	promoter_share numeric,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('days', days, 1, 3650);
	RETURN QUERY
	WITH fact AS MATERIALIZED (
		SELECT f.customer,
			-- as in account_shares
			(array_agg(nudge.fact_flag(f.fact, f.value) ORDER BY f.valid_from DESC, f.value COLLATE "C") FILTER (WHERE f.fact = 'referenceable' AND f.in_force))[1] AS referenceable,
			count(*) FILTER (WHERE f.fact = ANY (act_facts) AND lower(f.value) NOT IN ('false', 'f', 'no', 'n', 'off', '0') AND f.valid_from >= as_of - make_interval(hours => 24 * days)) AS acts
		FROM nudge.account_fact_rows(account_facts, ARRAY['referenceable'] || act_facts, as_of) f
		GROUP BY f.customer
	), answer AS MATERIALIZED (
		SELECT a.customer, count(*) AS answers, count(*) FILTER (WHERE a.score >= 9) AS promoters
		FROM nudge.satisfaction_answers(surveys, as_of, days, '-Infinity', 'Infinity') a WHERE a.kind = 'nps'
		GROUP BY a.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT coalesce(f.customer, a.customer) FROM fact f FULL JOIN answer a ON a.customer = f.customer WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, f.referenceable, f.acts, n.answers, n.promoters, n.promoters::numeric / n.answers AS promoter_share,
			-- that nobody has recorded an act says something only of those asked
			CASE WHEN f.acts > 0 OR f.referenceable IS NOT NULL THEN nudge.scale_target(f.acts, target_acts) END AS act_factor
		FROM account a LEFT JOIN fact f ON f.customer = a.customer LEFT JOIN answer n ON n.customer = a.customer
	)
	SELECT s.customer, s.referenceable, s.acts, s.act_factor, s.answers, s.promoters, s.promoter_share,
		nudge.health_score(ARRAY[CASE s.referenceable WHEN true THEN 100 WHEN false THEN 0 END, s.act_factor, 100 * s.promoter_share::double precision], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.advocacy_factor(regclass, timestamptz, regclass, regclass, integer, text[], double precision, double precision[]) IS
	'Whether each customer is referenceable, how often it spoke for us, and how many of its people are promoters, and the factor of that. Not STRICT: a NULL relation is not known';

-- From data to band ---------------------------------------------------------

CREATE FUNCTION nudge.account_health(
	customers regclass,
	as_of timestamptz,
	events regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	features regclass DEFAULT NULL,
	tickets regclass DEFAULT NULL,
	surveys regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	model text DEFAULT 'retention_health',
	zone text DEFAULT 'UTC',
	missing text DEFAULT 'reweight',
	min_coverage double precision DEFAULT 0.5,
	yellow_from double precision DEFAULT 60,
	green_from double precision DEFAULT 80
) RETURNS TABLE (
	customer text,
	name text,
	segment text,
	owner text,
	usage_factor double precision,
	engagement_factor double precision,
	outcome_factor double precision,
	relationship_factor double precision,
	support_factor double precision,
	satisfaction_factor double precision,
	growth_factor double precision,
	advocacy_factor double precision,
	score double precision,
	coverage double precision,
	band text,
	weakest_factor text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 1000000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	built constant text[] := '{usage,engagement,outcome,relationship,support,satisfaction,growth,advocacy}';
	names text[];
	weights double precision[];
	places integer[];
BEGIN
	PERFORM nudge.check_instant(as_of);
	IF NOT coalesce(min_coverage, 0) BETWEEN 0 AND 1 THEN
		RAISE EXCEPTION 'min_coverage must be between 0 and 1, not %', min_coverage USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is a share of the weight of the factors.',
			HINT = 'Half of it is 0.5.';
	END IF;
	SELECT m.names, m.weights INTO names, weights FROM nudge.health_model(account_health.model) m;
	IF NOT names <@ built THEN
		RAISE EXCEPTION 'health model "%" has a factor that is not built from inputs', left(account_health.model, 64) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('Its factors are %s; built are %s.', array_to_string(names, ', '), array_to_string(built, ', ')),
			HINT = 'Add yours to the factors of the functions that build them, and score them with health_score(factors, model).';
	END IF;
	places := ARRAY(SELECT array_position(built, n.name) FROM unnest(names) WITH ORDINALITY n(name, place) ORDER BY n.place);
	RETURN QUERY
	WITH built AS MATERIALIZED (
		SELECT c.customer, c.name, c.segment, c.owner,
			ARRAY[u.factor, u.engagement_factor, o.factor, r.factor, t.factor, s.factor, g.factor, a.factor] AS factors
		FROM nudge.customer_rows(customers, as_of) c
		LEFT JOIN nudge.usage_factor(events, as_of, customers, users, features, zone) u ON u.customer = c.customer
		LEFT JOIN nudge.outcome_factor(account_facts, as_of, customers) o ON o.customer = c.customer
		LEFT JOIN nudge.relationship_factor(account_facts, as_of, customers) r ON r.customer = c.customer
		LEFT JOIN nudge.support_factor(tickets, as_of, customers) t ON t.customer = c.customer
		LEFT JOIN nudge.satisfaction_factor(surveys, as_of, customers) s ON s.customer = c.customer
		LEFT JOIN nudge.growth_factor(subscriptions, as_of, customers, usage, zone => zone) g ON g.customer = c.customer
		LEFT JOIN nudge.advocacy_factor(account_facts, as_of, customers, surveys) a ON a.customer = c.customer
		WHERE NOT c.internal
	), scored AS (
		SELECT b.*, nudge.health_score(v.chosen, weights, missing) AS score, nudge.health_coverage(v.chosen, weights) AS coverage,
			(SELECT f.factor FROM nudge.health_factors(v.chosen, weights, names, missing) f WHERE f.points_lost > 0 ORDER BY f.points_lost DESC, f.position LIMIT 1) AS weakest
		FROM built b, LATERAL (SELECT ARRAY(SELECT b.factors[p.place] FROM unnest(places) WITH ORDINALITY p(place, n) ORDER BY p.n) AS chosen) v
	)
	SELECT s.customer, s.name, s.segment, s.owner, s.factors[1], s.factors[2], s.factors[3], s.factors[4], s.factors[5], s.factors[6], s.factors[7], s.factors[8],
		s.score, s.coverage,
		-- a warning needs less proof than an all-clear
		CASE WHEN s.coverage >= coalesce(min_coverage, 0) OR s.score < coalesce(green_from, 80) THEN nudge.health_band(s.score, coalesce(yellow_from, 60), coalesce(green_from, 80)) END, s.weakest
	FROM scored s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.account_health(regclass, timestamptz, regclass, regclass, regclass, regclass, regclass, regclass, regclass, regclass, text, text, text, double precision, double precision, double precision) IS
	'The health of each customer before an instant: its factors, its score by a model, how much of it is known, its band, which is not green if that is too little, and the factor that costs it most. Not STRICT: a NULL relation leaves its factors NULL, a NULL min_coverage is 0, a NULL bound of a band its default';
