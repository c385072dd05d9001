/*
 * score_reports.sql
 *		Scores in a table: the state of each entity, and all of them side by side.
 *
 * Definitions: doc/score.md.
 */

CREATE FUNCTION nudge.check_one_model(lowest text, highest text, without bigint) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF lowest <> highest OR lowest IS NOT NULL AND without > 0 THEN
		RAISE EXCEPTION 'scores of several models are no series'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('There are scores of model "%s" and %s.', left(lowest, 40), CASE WHEN lowest <> highest THEN format('"%s"', left(highest, 40)) ELSE 'none' END),
				HINT = 'Name one of them in the argument model, or pass a view that has one.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_one_model(text, text, bigint) IS
	'An error if scores are of more than one model, or only some say of which. Not STRICT: NULL names are of none';

CREATE FUNCTION nudge.score_states(scores regclass, as_of timestamptz DEFAULT NULL, model text DEFAULT NULL)
	RETURNS TABLE (entity text, state nudge.score_state)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- a row without a time is not left out but refused
	query constant text := format('SELECT s.entity, s.at, s.score, s.model FROM (%s) s WHERE ($1 IS NULL OR s.model = $1) AND ($2 IS NULL OR s.at <= $2 OR s.at IS NULL)',
		nudge.input_query('scores', scores));
BEGIN
	IF model IS NULL THEN
		EXECUTE format('SELECT nudge.check_one_model(min(q.model COLLATE "C"), max(q.model COLLATE "C"), count(*) - count(q.model)) FROM (%s) q', query) USING model, as_of;
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
#variable_conflict use_column
DECLARE
	known_at timestamptz := as_of;
BEGIN
	IF known_at IS NULL THEN
		EXECUTE format('SELECT max(s.at) FROM (%s) s WHERE $1 IS NULL OR s.model = $1', nudge.input_query('scores', scores)) INTO known_at USING model;
	END IF;
	RETURN QUERY
		WITH entity AS (
			SELECT s.entity, c.segment, m.*, nudge.score_at(s.state, known_at, max_age) AS fresh
			FROM nudge.score_states(scores, known_at, score_report.model) s
			LEFT JOIN nudge.customer_rows(customers) c ON c.customer = s.entity,
				LATERAL nudge.score_summary(s.state, known_at) m
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
		ORDER BY c.entity COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.score_report(regclass, regclass, timestamptz, text, interval) IS
	'A row per entity: its score with changes, drops, trend and baseline, and the mean of the latest scores of its segment. Not STRICT: a NULL as_of is the latest score of all, a NULL model the only one, a NULL max_age no bound, a NULL relation has no rows';
