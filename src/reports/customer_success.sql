/*
 * customer_success.sql
 *		Customers at risk and what is done about it: revenue at risk,
 *		risk-adjusted retention, interventions, lead time, stability, portfolios.
 *
 * Definitions: doc/customer_success.md.
 */

-- Survival with censoring ---------------------------------------------------

CREATE FUNCTION nudge.kaplan_meier(days numeric[], occurred boolean[])
	RETURNS TABLE (day numeric, at_risk bigint, events bigint, censored bigint, survival numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 COST 1000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	-- between censorings the estimate is a plain share, which keeps rounding out of it
	base numeric := 1;
	base_at_risk numeric := cardinality(days);
	line record;
BEGIN
	IF cardinality(days) <> cardinality(occurred) OR coalesce(array_ndims(days), 1) > 1 OR coalesce(array_ndims(occurred), 1) > 1
		OR array_position(days, NULL) IS NOT NULL OR array_position(occurred, NULL) IS NOT NULL OR 'NaN' = ANY (days) OR NOT 0 <= ALL (days) OR 'Infinity' = ANY (days) THEN
		RAISE EXCEPTION 'days and occurred must be as many, and days finite and not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('There are %s days and %s that say whether it occurred.', cardinality(days), cardinality(occurred)),
				HINT = 'Pass for each subject the days until it happened, or until nothing more is known.';
	END IF;
	at_risk := cardinality(days);
	FOR line IN
		SELECT t.day, count(*) FILTER (WHERE t.occurred) AS events, count(*) FILTER (WHERE NOT t.occurred) AS censored
		FROM unnest(days, occurred) t(day, occurred) GROUP BY t.day ORDER BY t.day
	LOOP
		day := line.day;
		events := line.events;
		censored := line.censored;
		survival := round(round(base * (at_risk - events), 40) / base_at_risk, 40);
		RETURN NEXT;
		at_risk := at_risk - events - censored;
		IF censored > 0 THEN
			base := survival;
			base_at_risk := at_risk;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.kaplan_meier(numeric[], boolean[]) IS
	'Kaplan-Meier survival: for each day on which it occurred to a subject or one was censored, how many were at risk and the share to whom it has not occurred';

CREATE FUNCTION nudge.median_survival(days numeric[], occurred boolean[]) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
BEGIN ATOMIC
	SELECT min(k.day) FROM nudge.kaplan_meier(days, occurred) k WHERE k.survival <= 0.5 + 1e-30;
END;
COMMENT ON FUNCTION nudge.median_survival(numeric[], boolean[]) IS
	'First day on which Kaplan-Meier survival is one half or less; NULL if it stays above';

-- Readings, each checked once -----------------------------------------------

CREATE FUNCTION nudge.customer_score_rows(scores regclass, as_of timestamptz DEFAULT NULL, model text DEFAULT NULL, most numeric DEFAULT 100)
	RETURNS TABLE (customer text, at timestamptz, score numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT s.entity, s.at, s.score, s.model FROM (%s) s
			WHERE (s.at IS NULL OR coalesce(s.at < $1, true)) AND ($2 IS NULL OR s.model = $2)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('scores', count(*) FILTER (WHERE l.entity IS NULL OR NOT coalesce(isfinite(l.at) AND abs(l.score) < 'Infinity', false))),
				nudge.check_values('scores', count(*) FILTER (WHERE NOT l.score BETWEEN 0 AND $3), format('A score is from 0 to %%s here.', $3)),
				nudge.check_one_model(min(l.model COLLATE "C"), max(l.model COLLATE "C"), count(*) - count(l.model)) AS checked
			FROM line l
		)
		SELECT l.entity, l.at, l.score FROM one, line l
		$query$, nudge.input_query('scores', scores)) USING as_of, model, most;
END
$$;
COMMENT ON FUNCTION nudge.customer_score_rows(regclass, timestamptz, text, numeric) IS
	'The scores of customers before an instant, of one model, from 0 to most. Not STRICT: NULL scores are none, a NULL as_of is no bound, a NULL model is the only one';

CREATE FUNCTION nudge.intervention_rows(interventions regclass, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, at timestamptz, reason text, kind text, outcome text, outcome_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.at IS NULL OR coalesce(i.at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('interventions', count(*) FILTER (WHERE l.customer IS NULL OR l.reason IS NULL OR NOT coalesce(isfinite(l.at), false))) AS checked
			FROM line l
		)
		-- an outcome of later is not known yet
		SELECT l.customer, l.at, l.reason, l.kind, k.outcome, k.outcome_at
		FROM one, line l, LATERAL (SELECT CASE WHEN coalesce(l.outcome_at < $1, true) THEN l.outcome END AS outcome,
			CASE WHEN coalesce(l.outcome_at < $1, true) THEN l.outcome_at END AS outcome_at) k
		$query$, nudge.input_query('interventions', interventions)) USING as_of;
END
$$;
COMMENT ON FUNCTION nudge.intervention_rows(regclass, timestamptz) IS
	'The interventions before an instant, with the outcomes known then. Not STRICT: NULL interventions are none, a NULL as_of is no bound';

-- Revenue at risk -----------------------------------------------------------

CREATE FUNCTION nudge.at_risk_revenue_lines(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (customer text, mrr numeric, score numeric, scored_at timestamptz, band text, at_risk boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_bands(threshold, yellow_from, green_from);
	RETURN QUERY
	WITH latest AS MATERIALIZED (
		-- of readings of one instant the lowest
		SELECT DISTINCT ON (s.customer) s.customer, s.at, s.score FROM nudge.customer_score_rows(scores, known_at, model) s
		ORDER BY s.customer, s.at DESC, s.score
	)
	SELECT m.customer, m.mrr, l.score, l.at, nudge.health_band(l.score::double precision, yellow_from::double precision, green_from::double precision),
		l.score < threshold
	FROM nudge.customer_mrr(state, as_of, coalesce(zone, 'UTC')) m
	LEFT JOIN latest l ON l.customer = m.customer
	ORDER BY m.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.at_risk_revenue_lines(nudge.mrr_state, regclass, date, numeric, numeric, numeric, text, text) IS
	'Every customer that pays at the close of a day with its latest score, the band and whether it is at risk: the drill-down of at_risk_revenue. Not STRICT: NULL scores are none, a NULL model is the only one';

CREATE FUNCTION nudge.at_risk_revenue(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	band text,
	is_total boolean,
	customers bigint,
	mrr numeric,
	mrr_share numeric,
	at_risk_customers bigint,
	at_risk_mrr numeric,
	at_risk_mrr_share numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.* FROM nudge.at_risk_revenue_lines(state, scores, as_of, threshold, yellow_from, green_from, zone, model) l
	), total AS (
		SELECT sum(l.mrr) AS mrr FROM line l
	), part AS (
		SELECT l.band, grouping(l.band) = 1 AS is_total, count(*) AS customers, coalesce(sum(l.mrr), 0) AS mrr,
			-- without any score it is not known who is at risk
			CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN count(*) FILTER (WHERE l.at_risk) END AS at_risk_customers,
			CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN coalesce(sum(l.mrr) FILTER (WHERE l.at_risk), 0) END AS at_risk_mrr
		FROM line l GROUP BY GROUPING SETS ((l.band), ())
	)
	SELECT p.band, p.is_total, p.customers, p.mrr, p.mrr / nullif(t.mrr, 0), p.at_risk_customers, p.at_risk_mrr, p.at_risk_mrr / nullif(t.mrr, 0), nudge.mrr_currency(state)
	FROM part p, total t
	ORDER BY p.is_total, array_position('{red,yellow,green}', p.band);
END
$$;
COMMENT ON FUNCTION nudge.at_risk_revenue(nudge.mrr_state, regclass, date, numeric, numeric, numeric, text, text) IS
	'MRR at the close of a day by band of health, without a band if there is no score, and of customers below the threshold; shares are of all MRR. Not STRICT: NULL scores are none, a NULL model is the only one';

-- Risk-adjusted retention ---------------------------------------------------

CREATE FUNCTION nudge.risk_adjusted_retention_lines(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	churn_probabilities regclass DEFAULT NULL,
	minimum_customers integer DEFAULT 30,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	mrr numeric,
	score numeric,
	band text,
	churn_probability numeric,
	cohort_customers bigint,
	cohort_retained bigint,
	retention numeric,
	basis text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_count('minimum_customers', minimum_customers);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.* FROM nudge.at_risk_revenue_lines(state, scores, as_of, yellow_from, yellow_from, green_from, zone, model) l
	), probability AS MATERIALIZED (
		SELECT DISTINCT ON (p.customer) p.customer, p.score FROM nudge.customer_score_rows(churn_probabilities, known_at, NULL, 1) p
		ORDER BY p.customer, p.at DESC, p.score DESC
	), cohort AS MATERIALIZED (
		-- who paid twelve months before, by the band of then, and still pays
		SELECT b.band, grouping(b.band) = 1 AS is_overall, count(*) AS customers, count(l.customer) AS retained
		FROM nudge.at_risk_revenue_lines(state, scores, nudge.months_before(as_of, 12), yellow_from, yellow_from, green_from, zone, model) b
		LEFT JOIN line l ON l.customer = b.customer
		GROUP BY GROUPING SETS ((b.band), ())
	)
	SELECT l.customer, l.mrr, l.score, l.band, p.score, r.customers, r.retained, r.retention, r.basis
	FROM line l
	LEFT JOIN probability p ON p.customer = l.customer
	LEFT JOIN cohort c ON c.band = l.band AND NOT c.is_overall AND c.customers >= minimum_customers
	LEFT JOIN cohort o ON o.is_overall AND o.customers > 0,
		LATERAL (SELECT v.* FROM (VALUES (1, NULL::bigint, NULL::bigint, 1 - p.score, 'churn_probability'),
				(2, c.customers, c.retained, c.retained::numeric / c.customers, 'band'),
				(3, o.customers, o.retained, o.retained::numeric / o.customers, 'overall'), (4, NULL, NULL, NULL, NULL)) v(place, customers, retained, retention, basis)
			WHERE v.retention IS NOT NULL OR v.place = 4 ORDER BY v.place LIMIT 1) r
	ORDER BY l.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.risk_adjusted_retention_lines(nudge.mrr_state, regclass, date, regclass, integer, numeric, numeric, text, text) IS
	'Every customer that pays at the close of a day with the retention to expect, and whether that is from its churn_probability, from its band or from all: the drill-down of risk_adjusted_retention. Not STRICT: NULL inputs have no rows, a NULL model is the only one';

CREATE FUNCTION nudge.risk_adjusted_retention(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	churn_probabilities regclass DEFAULT NULL,
	minimum_customers integer DEFAULT 30,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	band text,
	is_total boolean,
	customers bigint,
	mrr numeric,
	known_mrr numeric,
	retained_mrr numeric,
	risk_adjusted_retention numeric,
	coverage numeric,
	basis text,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5 COST 60000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH part AS (
		SELECT l.band, grouping(l.band) = 1 AS is_total, count(*) AS customers, coalesce(sum(l.mrr), 0) AS mrr,
			coalesce(sum(l.mrr) FILTER (WHERE l.retention IS NOT NULL), 0) AS known, coalesce(sum(l.mrr * l.retention), 0) AS retained,
			CASE WHEN count(DISTINCT l.basis) > 1 THEN 'mixed' ELSE min(l.basis) END AS basis
		FROM nudge.risk_adjusted_retention_lines(state, scores, as_of, churn_probabilities, minimum_customers, yellow_from, green_from, zone, model) l
		GROUP BY GROUPING SETS ((l.band), ())
	)
	SELECT p.band, p.is_total, p.customers, p.mrr, p.known, p.retained, p.retained / nullif(p.known, 0), p.known / nullif(p.mrr, 0), p.basis, nudge.mrr_currency(state)
	FROM part p
	ORDER BY p.is_total, array_position('{red,yellow,green}', p.band);
END
$$;
COMMENT ON FUNCTION nudge.risk_adjusted_retention(nudge.mrr_state, regclass, date, regclass, integer, numeric, numeric, text, text) IS
	'Risk-adjusted retention rate at the close of a day, by band and in all: MRR times the retention to expect over MRR; coverage is the share of MRR for which one is known. Not STRICT: NULL inputs have no rows, a NULL model is the only one';

-- Interventions -------------------------------------------------------------

CREATE FUNCTION nudge.intervention_success_lines(
	interventions regclass,
	scores regclass,
	start_day date,
	end_day date,
	threshold numeric DEFAULT 65,
	healthy_from numeric DEFAULT 80,
	within_days integer DEFAULT 90,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	at timestamptz,
	reason text,
	kind text,
	score numeric,
	status text,
	counted boolean,
	recovered_at timestamptz,
	days_to_recovery numeric,
	due_at timestamptz,
	outcome text,
	outcome_at timestamptz
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	start_at constant timestamptz := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	end_at constant timestamptz := end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_count('within_days', within_days);
	IF NOT coalesce(0 <= threshold AND threshold <= healthy_from AND healthy_from <= 100, false) THEN
		RAISE EXCEPTION 'healthy_from must not be below the threshold'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('A customer is at risk below %s and healthy from %s, of 0 to 100.', coalesce(threshold::text, 'null'), coalesce(healthy_from::text, 'null')),
				HINT = 'The defaults are 65 and 80.';
	END IF;
	RETURN QUERY
	WITH reading AS MATERIALIZED (
		-- of readings of one instant the lowest
		SELECT s.customer, s.at, min(s.score) AS score FROM nudge.customer_score_rows(scores, as_of, model) s GROUP BY s.customer, s.at
	), step AS MATERIALIZED (
		SELECT row_number() OVER () AS no, i.*, (i.at AT TIME ZONE 'UTC' + make_interval(days => within_days)) AT TIME ZONE 'UTC' AS due_at
		FROM nudge.intervention_rows(interventions, as_of) i WHERE i.at >= start_at AND i.at < end_at
	), before AS (
		SELECT DISTINCT ON (i.no) i.no, r.score FROM step i JOIN reading r ON r.customer = i.customer AND r.at <= i.at
		ORDER BY i.no, r.at DESC
	), after AS (
		SELECT i.no, min(r.at) AS at FROM step i JOIN reading r ON r.customer = i.customer AND r.at > i.at AND r.at < i.due_at AND r.score >= healthy_from
		GROUP BY i.no
	)
	SELECT i.customer, i.at, i.reason, i.kind, b.score, k.status,
		b.score < threshold AND coalesce(i.due_at <= as_of, true) AND b.score IS NOT NULL,
		CASE WHEN k.status = 'succeeded' THEN a.at END, CASE WHEN k.status = 'succeeded' THEN extract(epoch FROM a.at - i.at) / 86400 END,
		i.due_at, i.outcome, i.outcome_at
	FROM step i
	LEFT JOIN before b ON b.no = i.no
	LEFT JOIN after a ON a.no = i.no,
		LATERAL (SELECT CASE WHEN b.score IS NULL THEN 'not_scored' WHEN b.score >= threshold THEN 'not_at_risk' WHEN a.at IS NOT NULL THEN 'succeeded'
			WHEN i.due_at > as_of THEN 'open' ELSE 'failed' END AS status) k
	ORDER BY i.at, i.customer COLLATE "C", i.reason COLLATE "C", i.kind COLLATE "C", i.outcome_at, i.outcome COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.intervention_success_lines(regclass, regclass, date, date, numeric, numeric, integer, text, timestamptz, text) IS
	'Every intervention of a window: the score then, whether the customer was at risk, and when it was healthy again: the drill-down of intervention_success. Not STRICT: NULL inputs have no rows, a NULL as_of is no bound';

CREATE FUNCTION nudge.intervention_success(
	interventions regclass,
	scores regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	threshold numeric DEFAULT 65,
	healthy_from numeric DEFAULT 80,
	within_days integer DEFAULT 90,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	interventions_made bigint,
	not_at_risk bigint,
	not_scored bigint,
	not_due bigint,
	counted bigint,
	succeeded bigint,
	success_rate numeric,
	at_risk_customers bigint,
	recovered_customers bigint,
	recovery_rate numeric,
	mean_days_to_recovery numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF "by" NOT IN ('reason', 'kind', 'outcome') THEN
		RAISE EXCEPTION 'interventions have no rows by "%"', left("by", 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'They are grouped by reason, kind or outcome.',
				HINT = 'Leave "by" out for the total alone.';
	END IF;
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.*, CASE "by" WHEN 'reason' THEN l.reason WHEN 'kind' THEN l.kind WHEN 'outcome' THEN l.outcome END AS value
		FROM nudge.intervention_success_lines(interventions, scores, start_day, end_day, threshold, healthy_from, within_days, zone, as_of, model) l
	), span AS MATERIALIZED (
		SELECT w.period, w.start_at, w.end_at FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), n AS MATERIALIZED (
		SELECT s.period, l.value, grouping(l.value) = 1 AS is_total, count(*) AS made, count(*) FILTER (WHERE l.status = 'not_at_risk') AS not_at_risk,
			count(*) FILTER (WHERE l.status = 'not_scored') AS not_scored,
			count(*) FILTER (WHERE NOT l.counted AND l.status IN ('open', 'succeeded')) AS not_due, count(*) FILTER (WHERE l.counted) AS counted,
			count(*) FILTER (WHERE l.counted AND l.status = 'succeeded') AS succeeded, count(DISTINCT l.customer) FILTER (WHERE l.counted) AS customers,
			count(DISTINCT l.customer) FILTER (WHERE l.counted AND l.status = 'succeeded') AS recovered,
			avg(l.days_to_recovery) FILTER (WHERE l.counted AND l.status = 'succeeded') AS days
		FROM span s JOIN line l ON l.at >= s.start_at AND l.at < s.end_at
		GROUP BY GROUPING SETS ((s.period, l.value), (s.period))
	), shown AS (
		SELECT NULL AS value, true AS is_total UNION ALL SELECT DISTINCT l.value, false FROM line l WHERE "by" IS NOT NULL
	)
	SELECT s.period, g.value, g.is_total, coalesce(n.made, 0), coalesce(n.not_at_risk, 0), coalesce(n.not_scored, 0), coalesce(n.not_due, 0),
		coalesce(n.counted, 0), coalesce(n.succeeded, 0), n.succeeded::numeric / nullif(n.counted, 0), coalesce(n.customers, 0), coalesce(n.recovered, 0),
		n.recovered::numeric / nullif(n.customers, 0), n.days, (s.end_at AT TIME ZONE 'UTC' + make_interval(days => within_days)) AT TIME ZONE 'UTC' <= as_of
	FROM span s CROSS JOIN shown g
	LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
	ORDER BY s.period, g.is_total, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.intervention_success(regclass, regclass, date, date, text, numeric, numeric, integer, text, timestamptz, text, text) IS
	'Interventions on customers at risk, and customers, that were followed by health within the days, over those whose days are over; in all and by reason, kind or outcome. Not STRICT: NULL inputs have no rows, a NULL by is the total alone, a NULL grain one period';

-- Lead time -----------------------------------------------------------------

CREATE FUNCTION nudge.at_risk_lead_time_lines(
	state nudge.mrr_state,
	scores regclass,
	start_day date,
	end_day date,
	threshold numeric DEFAULT 65,
	include_contraction boolean DEFAULT true,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (customer text, at_risk_at timestamptz, score numeric, impact text, impact_at timestamptz, days numeric, status text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	start_at constant timestamptz := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	end_at constant timestamptz := end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	known_at constant timestamptz := coalesce(as_of, end_at);
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_bands(threshold, 60, 80);
	RETURN QUERY
	WITH movement AS MATERIALIZED (
		SELECT m.customer, m.movement, m.at, m.mrr_after, lead(m.at) OVER (PARTITION BY m.customer ORDER BY m.at) AS next_at
		FROM nudge.mrr_movements(state, 'year', coalesce(zone, 'UTC'), NULL, 'event') m
	), risk AS MATERIALIZED (
		-- below the threshold while the customer pays
		SELECT s.customer, s.at, s.score
		FROM nudge.customer_score_rows(scores, least(known_at, end_at), model) s
		JOIN movement m ON m.customer = s.customer AND m.at <= s.at AND coalesce(m.next_at > s.at, true) AND m.mrr_after > 0
		WHERE s.score < threshold
	), reading AS MATERIALIZED (
		SELECT DISTINCT ON (r.customer) r.customer, r.at, r.score FROM risk r WHERE r.at >= start_at ORDER BY r.customer, r.at, r.score
	), ever AS MATERIALIZED (
		SELECT r.customer, min(r.at) AS at FROM risk r GROUP BY r.customer
	), impact AS MATERIALIZED (
		SELECT m.customer, m.movement, m.at FROM movement m
		WHERE (m.movement = 'churn' OR m.movement = 'contraction' AND include_contraction) AND m.at < known_at
	)
	SELECT l.*
	FROM (SELECT r.customer, r.at, r.score, i.movement, i.at, extract(epoch FROM coalesce(i.at, known_at) - r.at) / 86400,
			CASE WHEN i.at IS NULL THEN 'censored' ELSE 'impact' END
		FROM reading r
		LEFT JOIN (SELECT DISTINCT ON (k.customer) k.customer, p.movement, p.at FROM reading k JOIN impact p ON p.customer = k.customer AND p.at > k.at
			ORDER BY k.customer, p.at) i ON i.customer = r.customer
		UNION ALL
		-- first impacts of the window that no reading of the window has announced: one of before, or none
		SELECT i.customer, e.at, NULL, i.movement, i.at, NULL, CASE WHEN e.at IS NULL THEN 'missed' ELSE 'seen_before' END
		FROM (SELECT DISTINCT ON (p.customer) p.* FROM impact p WHERE p.at >= start_at AND p.at < end_at ORDER BY p.customer, p.at) i
		LEFT JOIN ever e ON e.customer = i.customer AND e.at < i.at
		WHERE scores IS NOT NULL AND NOT EXISTS (SELECT FROM reading r WHERE r.customer = i.customer AND r.at < i.at)) l(customer, at, score, movement, impact_at, days, status)
	ORDER BY l.customer COLLATE "C", l.impact_at, l.status;
END
$$;
COMMENT ON FUNCTION nudge.at_risk_lead_time_lines(nudge.mrr_state, regclass, date, date, numeric, boolean, text, timestamptz, text) IS
	'Every paying customer with a reading below the threshold in a window, from the first of them to churn or contraction or, censored, to as_of, and impacts in the window without such a reading, seen before it or missed: the drill-down of at_risk_lead_time. Not STRICT: NULL scores are none, a NULL as_of is the end of the window';

CREATE FUNCTION nudge.at_risk_lead_time(
	state nudge.mrr_state,
	scores regclass,
	start_day date,
	end_day date,
	threshold numeric DEFAULT 65,
	include_contraction boolean DEFAULT true,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (
	at_risk_customers bigint,
	impacts bigint,
	censored bigint,
	impacts_in_window bigint,
	missed bigint,
	detection_rate numeric,
	median_days numeric,
	mean_days numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	start_at constant timestamptz := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	end_at constant timestamptz := end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
BEGIN
	RETURN QUERY
	SELECT n.at_risk, n.come, n.at_risk - n.come, n.in_window, n.unseen, (n.in_window - n.unseen)::numeric / nullif(n.in_window, 0), nudge.median_survival(n.days, n.occurred), n.mean
	FROM (SELECT count(*) FILTER (WHERE k.is_followed) AS at_risk, count(*) FILTER (WHERE l.status = 'impact') AS come,
			-- of customers: the first impact of each
			count(DISTINCT l.customer) FILTER (WHERE l.impact_at >= start_at AND l.impact_at < end_at) AS in_window, count(*) FILTER (WHERE l.status = 'missed') AS unseen,
			array_agg(l.days) FILTER (WHERE k.is_followed) AS days, array_agg(l.status = 'impact') FILTER (WHERE k.is_followed) AS occurred, avg(l.days) FILTER (WHERE l.status = 'impact') AS mean
		FROM nudge.at_risk_lead_time_lines(state, scores, start_day, end_day, threshold, include_contraction, zone, as_of, model) l,
			LATERAL (SELECT l.status IN ('impact', 'censored') AS is_followed) k) n;
END
$$;
COMMENT ON FUNCTION nudge.at_risk_lead_time(nudge.mrr_state, regclass, date, date, numeric, boolean, text, timestamptz, text) IS
	'Days from the first reading at risk to churn or contraction: Kaplan-Meier median, in which customers without either are censored, the mean of those that came, and the share of the customers with an impact in the window that had been at risk before it. Not STRICT: NULL scores are none, a NULL as_of is the end of the window';

-- Portfolios ----------------------------------------------------------------

CREATE FUNCTION nudge.portfolio_lines(
	state nudge.mrr_state,
	scores regclass,
	customers regclass,
	as_of date,
	interventions regclass DEFAULT NULL,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	owner text,
	customer text,
	mrr numeric,
	score numeric,
	band text,
	at_risk boolean,
	open_interventions bigint,
	risk_weighted_mrr numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT c.customer, c.owner, c.internal FROM nudge.customer_rows(customers) c
	), open AS MATERIALIZED (
		SELECT i.customer, count(*) AS n FROM nudge.intervention_rows(interventions, known_at) i WHERE i.outcome IS NULL AND i.outcome_at IS NULL GROUP BY i.customer
	)
	SELECT a.owner, l.customer, l.mrr, l.score, l.band, l.at_risk, CASE WHEN interventions IS NOT NULL THEN coalesce(o.n, 0) END, l.mrr * (100 - l.score) / 100
	FROM nudge.at_risk_revenue_lines(state, scores, as_of, threshold, yellow_from, green_from, zone, model) l
	LEFT JOIN account a ON a.customer = l.customer
	LEFT JOIN open o ON o.customer = l.customer
	WHERE NOT coalesce(a.internal, false)
	ORDER BY a.owner COLLATE "C", l.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.portfolio_lines(nudge.mrr_state, regclass, regclass, date, regclass, numeric, numeric, numeric, text, text) IS
	'Every customer that pays at the close of a day with its owner, health and open interventions: the drill-down of portfolio. Not STRICT: NULL inputs are not known, a NULL model is the only one';

CREATE FUNCTION nudge.portfolio(
	state nudge.mrr_state,
	scores regclass,
	customers regclass,
	as_of date,
	interventions regclass DEFAULT NULL,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	owner text,
	is_total boolean,
	customer_count bigint,
	mrr numeric,
	mrr_share numeric,
	mean_score numeric,
	red_customers bigint,
	yellow_customers bigint,
	green_customers bigint,
	unscored_customers bigint,
	at_risk_customers bigint,
	at_risk_mrr numeric,
	at_risk_share numeric,
	open_interventions bigint,
	risk_weighted_mrr numeric,
	risk_weighted_share numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.* FROM nudge.portfolio_lines(state, scores, customers, as_of, interventions, threshold, yellow_from, green_from, zone, model) l
	), total AS (
		SELECT sum(l.mrr) AS mrr, sum(l.risk_weighted_mrr) AS weighted FROM line l
	), part AS (
		SELECT l.owner, grouping(l.owner) = 1 AS is_total, count(*) AS n, coalesce(sum(l.mrr), 0) AS mrr, avg(l.score) AS score,
			count(*) FILTER (WHERE l.band = 'red') AS red, count(*) FILTER (WHERE l.band = 'yellow') AS yellow, count(*) FILTER (WHERE l.band = 'green') AS green,
			count(*) FILTER (WHERE l.band IS NULL) AS unscored, CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN count(*) FILTER (WHERE l.at_risk) END AS at_risk,
			CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN coalesce(sum(l.mrr) FILTER (WHERE l.at_risk), 0) END AS at_risk_mrr, sum(l.open_interventions)::bigint AS open, sum(l.risk_weighted_mrr) AS weighted
		FROM line l GROUP BY GROUPING SETS ((l.owner), ())
	)
	SELECT p.owner, p.is_total, p.n, p.mrr, p.mrr / nullif(t.mrr, 0), p.score, p.red, p.yellow, p.green, p.unscored, p.at_risk, p.at_risk_mrr,
		p.at_risk_mrr / nullif(p.mrr, 0), p.open, p.weighted, p.weighted / nullif(t.weighted, 0), nudge.mrr_currency(state)
	FROM part p, total t
	ORDER BY p.is_total, p.owner COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.portfolio(nudge.mrr_state, regclass, regclass, date, regclass, numeric, numeric, numeric, text, text) IS
	'The book of each owner and of all at the close of a day: customers, MRR, bands of health, MRR at risk, open interventions, and MRR weighted by how far each score is from 100. Not STRICT: NULL inputs are not known, a NULL model is the only one';
