/*
 * funnel_goals.sql
 *		Funnels as rows, with their targets, and what their stages are worth.
 *
 * Definitions: doc/funnel_goals.md.
 */

-- Configuration -----------------------------------------------------------

CREATE TABLE nudge.funnel_definitions (
	funnel text NOT NULL,
	step_no integer NOT NULL CHECK (step_no >= 1),
	event text NOT NULL,
	target_volume bigint CHECK (target_volume >= 0),
	target_rate numeric CHECK (target_rate BETWEEN 0 AND 1),
	max_gap interval CHECK (max_gap >= interval '0'),
	min_count integer NOT NULL DEFAULT 1 CHECK (min_count >= 1),
	friction text[],
	PRIMARY KEY (funnel, step_no)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.funnel_definitions', '');
GRANT SELECT ON nudge.funnel_definitions TO PUBLIC;
COMMENT ON TABLE nudge.funnel_definitions IS 'Funnels: a row per step, with its targets and bounds';
COMMENT ON COLUMN nudge.funnel_definitions.funnel IS 'Name of the funnel';
COMMENT ON COLUMN nudge.funnel_definitions.step_no IS 'Place of the step in the funnel; numbers may be left out';
COMMENT ON COLUMN nudge.funnel_definitions.event IS 'Event, or name of a condition, that is the step';
COMMENT ON COLUMN nudge.funnel_definitions.target_volume IS 'How many users should reach the step';
COMMENT ON COLUMN nudge.funnel_definitions.target_rate IS 'Which share of the users of the step before should reach it';
COMMENT ON COLUMN nudge.funnel_definitions.max_gap IS 'Longest time from the step before; NULL is no bound';
COMMENT ON COLUMN nudge.funnel_definitions.min_count IS 'How often the event must happen for the step to be reached';
COMMENT ON COLUMN nudge.funnel_definitions.friction IS 'Events between the step and the next, at which users get stuck';

CREATE TABLE nudge.action_sets (
	name text NOT NULL,
	event text NOT NULL,
	PRIMARY KEY (name, event)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.action_sets', '');
GRANT SELECT ON nudge.action_sets TO PUBLIC;

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.funnel_definitions, nudge.action_sets TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.action_sets IS 'Sets of events that count as actions: a row per set and event';
COMMENT ON COLUMN nudge.action_sets.name IS 'Name of the set';
COMMENT ON COLUMN nudge.action_sets.event IS 'Event that belongs to it';

-- Funnels as defined ------------------------------------------------------

CREATE FUNCTION nudge.funnel_steps(funnel text) RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (
		SELECT array_agg(e.event ORDER BY e.kind, e.step_no, e.place)
		FROM (
			SELECT d.event, 1 AS kind, d.step_no, 0::bigint AS place
			FROM nudge.funnel_definitions d WHERE d.funnel = funnel_steps.funnel
			UNION ALL
			(SELECT DISTINCT ON (f.event) f.event, 2, d.step_no, f.place
			FROM nudge.funnel_definitions d, unnest(d.friction) WITH ORDINALITY f(event, place)
			WHERE d.funnel = funnel_steps.funnel AND f.event IS NOT NULL
				AND NOT EXISTS (SELECT FROM nudge.funnel_definitions s WHERE s.funnel = funnel_steps.funnel AND s.event = f.event)
			ORDER BY f.event, d.step_no, f.place)
		) e
	);
COMMENT ON FUNCTION nudge.funnel_steps(text) IS
	'The events of a defined funnel, as its state tracks them: the steps in order, then the friction events; NULL if there is no such funnel';

-- Rules are those of the functions that read it: they are asked, of one made-up user.
CREATE FUNCTION nudge.funnel_problem(funnel text, OUT problem text, OUT detail text, OUT hint text, OUT has_states boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	steps constant text[] := nudge.funnel_steps(funnel);
	state nudge.funnel_state;
BEGIN
	has_states := false;
	IF steps IS NOT NULL THEN
		SELECT nudge.funnel_agg(1::bigint, timestamptz '2000-01-01 00:00Z', e.event, steps) INTO state FROM unnest(steps[1:1]) e(event);
		has_states := true;
		PERFORM FROM (SELECT array_agg(d.event ORDER BY d.step_no) AS events, array_agg(d.max_gap ORDER BY d.step_no) AS gaps, array_agg(d.min_count ORDER BY d.step_no) AS counts
				FROM nudge.funnel_definitions d WHERE d.funnel = funnel_problem.funnel) d,
			LATERAL nudge.funnel_users(state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts) u;
	END IF;
EXCEPTION WHEN data_exception OR feature_not_supported OR program_limit_exceeded THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
COMMENT ON FUNCTION nudge.funnel_problem(text) IS
	'Why a defined funnel cannot be computed, NULL if it can; and whether states can, which is false too if there is none of that name';

CREATE FUNCTION nudge.check_funnel(funnel text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
BEGIN
	found := nudge.funnel_problem(funnel);
	IF found.problem IS NOT NULL THEN
		RAISE EXCEPTION 'funnel "%" cannot be computed: %', left(funnel, 70), found.problem USING ERRCODE = 'invalid_parameter_value',
			DETAIL = coalesce(nullif(found.detail, ''), 'So says a function that computes it.'),
			HINT = concat(found.hint || ' ', 'Its steps are rows of nudge.funnel_definitions: change them in one statement, or with SET CONSTRAINTS nudge.check_steps DEFERRED in one transaction.');
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_funnel(text) IS 'Works for nudge.funnel_definitions and marts of funnels: an error unless a defined funnel can be computed, otherwise true';

CREATE FUNCTION nudge.check_funnel_steps() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_funnel(f) FROM (SELECT OLD.funnel UNION SELECT NEW.funnel) u(f);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.check_funnel_steps() IS 'Trigger of nudge.funnel_definitions: a funnel that cannot be computed is not defined. Not STRICT: triggers take no arguments';

-- A dump may have one of a version before, and marts tell it apart: pg_restore says
-- by this setting that what it loads is not to be checked.
CREATE CONSTRAINT TRIGGER check_steps AFTER INSERT OR DELETE OR UPDATE ON nudge.funnel_definitions
	DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW WHEN (pg_catalog.current_setting('check_function_bodies')::boolean) EXECUTE FUNCTION nudge.check_funnel_steps();
COMMENT ON TRIGGER check_steps ON nudge.funnel_definitions IS 'A funnel that cannot be computed is an error of whoever defines it';

CREATE FUNCTION nudge.funnel_report(
	state nudge.funnel_state,
	funnel text,
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	step integer,
	event text,
	users bigint,
	target_volume bigint,
	volume_attainment numeric,
	step_rate numeric,
	target_rate numeric,
	rate_gap numeric,
	median_seconds double precision
)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 COST 10000
BEGIN ATOMIC
	SELECT f.step, f.event, f.users, d.volumes[f.step], f.users / nullif(d.volumes[f.step], 0)::numeric,
		f.step_rate, d.rates[f.step], f.step_rate - d.rates[f.step], f.median_seconds
	FROM (SELECT array_agg(s.event ORDER BY s.step_no) AS events, array_agg(s.target_volume ORDER BY s.step_no) AS volumes,
			array_agg(s.target_rate ORDER BY s.step_no) AS rates, array_agg(s.max_gap ORDER BY s.step_no) AS gaps,
			array_agg(s.min_count ORDER BY s.step_no) AS counts
		FROM nudge.funnel_definitions s WHERE s.funnel = funnel_report.funnel HAVING count(*) > 0) d,
		LATERAL nudge.funnel(state, within, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => as_of) f
	ORDER BY f.step;
END;
COMMENT ON FUNCTION nudge.funnel_report(nudge.funnel_state, text, interval, timestamptz) IS
	'A defined funnel beside its targets: users and step rates, and how far they are from what they should be. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.funnel_friction(
	state nudge.funnel_state,
	funnel text,
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (step integer, event text, friction text, users bigint, share numeric)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 COST 100000
BEGIN ATOMIC
	WITH step AS (
		SELECT row_number() OVER (ORDER BY s.step_no)::integer AS no, s.event, s.max_gap, s.min_count, s.friction
		FROM nudge.funnel_definitions s WHERE s.funnel = funnel_friction.funnel
	), stopped AS (
		-- who still has time for the next step has not stopped
		SELECT u.user_id, u.step
		FROM (SELECT array_agg(s.event ORDER BY s.no) AS events, array_agg(s.max_gap ORDER BY s.no) AS gaps,
				array_agg(s.min_count ORDER BY s.no) AS counts FROM step s HAVING count(*) > 0) d,
			LATERAL nudge.funnel_users(state, within, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => as_of) u
		WHERE NOT u.completed
			AND (as_of IS NULL OR coalesce(d.gaps[u.step + 1], within) IS NULL
				OR as_of - u.step_times[u.step] > d.gaps[u.step + 1] OR as_of - u.step_times[1] > within)
	)
	SELECT s.no, s.event, f.event, n.users, n.users::numeric / nullif((SELECT count(*) FROM stopped t WHERE t.step = s.no), 0)
	FROM step s, unnest(s.friction) WITH ORDINALITY f(event, place),
		LATERAL (SELECT count(*) AS users
			FROM nudge.funnel_users(state, within, steps => ARRAY[s.event, f.event], as_of => as_of) u
			JOIN stopped t ON t.user_id = u.user_id AND t.step = s.no
			WHERE u.completed) n
	WHERE f.event IS NOT NULL
	ORDER BY s.no, f.place;
END;
COMMENT ON FUNCTION nudge.funnel_friction(nudge.funnel_state, text, interval, timestamptz) IS
	'Where users get stuck: of those who stopped at a step of a defined funnel, how many did each of its friction events after it. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.funnel_conversion(
	state nudge.funnel_state,
	from_step integer,
	to_step integer,
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000
	RETURN (SELECT max(f.users) FILTER (WHERE f.step = to_step)::numeric / nullif(max(f.users) FILTER (WHERE f.step = from_step), 0)
			FROM nudge.funnel(state, within, as_of => as_of) f);
COMMENT ON FUNCTION nudge.funnel_conversion(nudge.funnel_state, integer, integer, interval, timestamptz) IS
	'Users of one step over those of any other, adjacent or not; NULL if either step is not there. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.funnel_interventions(
	state nudge.funnel_state,
	baseline nudge.funnel_state,
	within interval DEFAULT NULL,
	alpha double precision DEFAULT 0.05,
	threshold double precision DEFAULT 0.20
) RETURNS TABLE (
	step integer,
	event text,
	step_rate numeric,
	baseline_rate numeric,
	relative_change numeric,
	p_value double precision,
	significant boolean,
	intervene boolean
)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 COST 10000
BEGIN ATOMIC
	SELECT f.step, f.event, t.rate, t.baseline_rate, t.relative_change, t.p_value, t.significant, t.intervene
	FROM (SELECT a.step, a.event, a.users, lag(a.users) OVER (ORDER BY a.step) AS entered FROM nudge.funnel(state, within) a) f
	LEFT JOIN (SELECT a.step, a.event, a.users, lag(a.users) OVER (ORDER BY a.step) AS entered FROM nudge.funnel(baseline, within) a) b
		ON b.step = f.step AND b.event = f.event,
		LATERAL nudge.drop_off_test(f.users, f.entered, coalesce(b.users, 0), coalesce(b.entered, 0), alpha, threshold) t
	WHERE f.step > 1
	ORDER BY f.step;
END;
COMMENT ON FUNCTION nudge.funnel_interventions(nudge.funnel_state, nudge.funnel_state, interval, double precision, double precision) IS
	'drop_off_test for every step but the first, against a baseline: where the rate fell by the threshold and by more than chance, intervene. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.activation_summary(
	state nudge.funnel_state,
	within interval DEFAULT '24 hours',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	users bigint,
	activated bigint,
	activated_within bigint,
	eligible bigint,
	activation_rate numeric,
	median_seconds double precision
)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1 COST 20000
BEGIN ATOMIC
	-- the difference of two instants has days of 24 hours, whatever the time zone
	SELECT count(u.old), count(*) FILTER (WHERE u.done), count(*) FILTER (WHERE u.in_time), count(*) FILTER (WHERE u.old),
		count(*) FILTER (WHERE u.in_time)::numeric / nullif(count(*) FILTER (WHERE u.old), 0),
		percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM u.taken)::double precision) FILTER (WHERE u.done)
	FROM (SELECT array_agg(f.event ORDER BY f.step) AS events FROM nudge.funnel(state, within) f WHERE f.step <= 2 HAVING count(*) > 0) d
	LEFT JOIN LATERAL (
		SELECT t.done, t.old, t.taken, t.done AND t.old AND coalesce(t.taken <= within, true) AS in_time
		FROM (SELECT a.step = 2 AS done, a.step_times[2] - a.step_times[1] AS taken,
				coalesce(as_of - a.step_times[1] > within, true) AS old
			FROM nudge.funnel_users(state, steps => d.events, entry => 'first', as_of => as_of) a) t) u ON true
	GROUP BY d.events;
END;
COMMENT ON FUNCTION nudge.activation_summary(nudge.funnel_state, interval, timestamptz) IS
	'The first two steps of a funnel as signing up and activation: who activated, and of those old enough, who did in time. Not STRICT: a NULL as_of has a meaning';

-- What stages are worth ---------------------------------------------------

CREATE FUNCTION nudge.stage_revenue_impact(
	stages text[],
	rates numeric[],
	average_revenue numeric,
	expansion_multiplier numeric DEFAULT NULL,
	include_expansion boolean DEFAULT false
) RETURNS TABLE (stage_no integer, stage text, revenue_impact numeric)
	AS 'MODULE_PATHNAME', 'nm_stage_revenue_impact' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 6;
COMMENT ON FUNCTION nudge.stage_revenue_impact(text[], numeric[], numeric, numeric, boolean) IS
	'What a user in each stage is worth: average revenue times the rates of the stages still to come; with a multiplier the last stage is the expansion. Not STRICT: a NULL multiplier has a meaning';

CREATE FUNCTION nudge.funnel_opportunities(stages text[], users bigint[], target_rates numeric[], average_revenue numeric)
	RETURNS TABLE (
		rank integer,
		stage text,
		users bigint,
		rate numeric,
		target_rate numeric,
		missed_users numeric,
		downstream_value numeric,
		opportunity numeric
	)
	AS 'MODULE_PATHNAME', 'nm_funnel_opportunities' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 6;
COMMENT ON FUNCTION nudge.funnel_opportunities(text[], bigint[], numeric[], numeric) IS
	'Stages by what they would earn at their target: users missed by the rate, times what one is worth in the next stage at the targets. Not STRICT: NULLs are errors';
