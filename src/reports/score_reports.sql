/*
 * score_reports.sql
 *		Scores in a table: the state of each entity, and all of them side by side.
 *
 * Definitions: doc/score.md.
 */

CREATE FUNCTION nudge.score_states(scores regclass, as_of timestamptz DEFAULT NULL, model text DEFAULT NULL)
	RETURNS TABLE (entity text, state nudge.score_state)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- a row without a time is not left out but refused
	query constant text := format('SELECT s.entity, s.at, s.score, s.model FROM (%s) s WHERE ($1 IS NULL OR s.model = $1) AND ($2 IS NULL OR s.at <= $2 OR s.at IS NULL)',
		nudge.input_query('scores', scores));
	mixed text;
BEGIN
	IF model IS NULL THEN
		EXECUTE format($query$
			SELECT CASE WHEN min(q.model) <> max(q.model) THEN format('"%%s" and "%%s"', left(min(q.model), 40), left(max(q.model), 40))
				WHEN min(q.model) IS NOT NULL AND count(*) > count(q.model) THEN format('"%%s" and none', left(min(q.model), 40)) END
			FROM (%s) q $query$, query)
			INTO mixed USING model, as_of;
	END IF;
	IF mixed IS NOT NULL THEN
		RAISE EXCEPTION 'scores of several models are no series'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('There are scores of model %s.', mixed),
				HINT = 'Name one of them in the argument model, or pass a view that has one.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		SELECT q.entity, nudge.score_agg(q.at, q.score::double precision) FILTER (WHERE isfinite(q.at) AND q.score IS NOT NULL)
		FROM (%s) q
		GROUP BY q.entity
		HAVING nudge.check_input('scores', count(*) FILTER (WHERE NOT coalesce(q.entity IS NOT NULL AND isfinite(q.at) AND q.score IS NOT NULL, false)))
		ORDER BY q.entity COLLATE "C"
		$query$, query)
		USING model, as_of;
END
$$;
COMMENT ON FUNCTION nudge.score_states(regclass, timestamptz, text) IS
	'The state of each entity, of the scores at or before as_of. Not STRICT: a NULL as_of is all scores, a NULL model the only one there is, a NULL relation has no rows';

CREATE FUNCTION nudge.score_report(
	scores regclass,
	customers regclass DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL,
	max_age interval DEFAULT NULL
) RETURNS TABLE (
	entity text,
	segment text,
	score double precision,
	scored_at timestamptz,
	change_30_days double precision,
	change_90_days double precision,
	drop_14_days double precision,
	drop_30_days double precision,
	slope_per_30_days double precision,
	direction text,
	baseline double precision,
	change_from_baseline double precision,
	baseline_complete boolean,
	segment_entities bigint,
	segment_mean double precision,
	difference_from_segment double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_query constant text := nudge.input_query('customers', customers);
	known_at timestamptz := as_of;
	unnamed bigint;
	repeated text;
BEGIN
	EXECUTE format('SELECT count(*) FILTER (WHERE c.customer IS NULL), min(c.customer) FILTER (WHERE c.n > 1) FROM (SELECT c.customer, count(*) AS n FROM (%s) c GROUP BY c.customer) c',
		customer_query) INTO unnamed, repeated;
	PERFORM nudge.check_input('customers', unnamed);
	IF repeated IS NOT NULL THEN
		RAISE EXCEPTION 'customer "%" has more than one row', left(repeated, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It would be in more than one segment.',
				HINT = 'Pass a view with one row per customer.';
	END IF;
	IF known_at IS NULL THEN
		EXECUTE format('SELECT max(s.at) FROM (%s) s WHERE $1 IS NULL OR s.model = $1', nudge.input_query('scores', scores)) INTO known_at USING model;
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH entity AS (
			SELECT s.entity, c.segment, m.*, nudge.score_at(s.state, $1, $3) AS fresh
			FROM nudge.score_states($4, $1, $2) s
			LEFT JOIN (%s) c ON c.customer = s.entity,
				LATERAL nudge.score_summary(s.state, $1) m
			WHERE NOT coalesce(c.internal, false)
		), compared AS (
			-- as numeric, so that no order of the rows changes a mean
			SELECT e.*, count(e.fresh) OVER same AS n, round(avg(round(e.fresh::numeric, 6)) OVER same, 6) AS mean
			FROM entity e
			WINDOW same AS (PARTITION BY e.segment)
		)
		SELECT c.entity, c.segment, c.fresh, c.scored_at, c.change_30_days, c.change_90_days, c.drop_14_days, c.drop_30_days,
			c.slope_per_30_days, c.direction, c.baseline, c.change_from_baseline, c.baseline_complete,
			CASE WHEN c.segment IS NOT NULL THEN c.n END, CASE WHEN c.segment IS NOT NULL THEN c.mean::double precision END,
			CASE WHEN c.segment IS NOT NULL THEN (round(c.fresh::numeric, 6) - c.mean)::double precision END
		FROM compared c
		ORDER BY c.entity COLLATE "C"
		$query$, customer_query)
		USING known_at, model, max_age, scores;
END
$$;
COMMENT ON FUNCTION nudge.score_report(regclass, regclass, timestamptz, text, interval) IS
	'A row per entity: its score with changes, drops, trend and baseline, and the mean of the latest scores of its segment. Not STRICT: a NULL as_of is the latest score of all, a NULL model the only one, a NULL max_age no bound, a NULL relation has no rows';
