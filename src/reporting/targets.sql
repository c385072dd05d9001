/*
 * targets.sql
 *		What metrics ought to be, and what happened on a day: shown beside the
 *		values in nudge_reporting.
 *
 * Rules: doc/targets.md.
 */

-- A row holds from its period on, until the next of the same metric, kind,
-- grain, slice and currency: two can never hold at once.
CREATE TABLE nudge.targets (
	metric text NOT NULL,
	kind text NOT NULL DEFAULT 'target' CHECK (kind IN ('target', 'minimum', 'benchmark', 'plan')),
	grain text NOT NULL DEFAULT 'month' CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year')),
	dimension text NOT NULL DEFAULT 'all',
	dimension_value text NOT NULL DEFAULT 'all',
	currency text NOT NULL DEFAULT '' CHECK (currency = upper(btrim(currency))),
	period_start date NOT NULL CHECK (isfinite(period_start)),
	value numeric(24,6) CHECK (value <> 'NaN'),
	provenance text NOT NULL DEFAULT 'agreed' CHECK (provenance IN ('agreed', 'imported', 'derived', 'placeholder')),
	note text,
	set_by name NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (metric, kind, grain, dimension, dimension_value, currency, period_start),
	CHECK ((dimension = 'all') = (dimension_value = 'all'))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.targets', '');
GRANT SELECT ON nudge.targets TO PUBLIC;
COMMENT ON TABLE nudge.targets IS 'Targets of metrics: each holds from its period on, until the next row of the same metric, kind, grain, slice and currency';
COMMENT ON COLUMN nudge.targets.metric IS 'Name of the metric';
COMMENT ON COLUMN nudge.targets.kind IS 'target: what is aimed at; minimum: the worst that is accepted, which is the highest value if less is better; benchmark: of others; plan: of the budget';
COMMENT ON COLUMN nudge.targets.grain IS 'Length of the periods whose values it is for';
COMMENT ON COLUMN nudge.targets.dimension IS 'Dimension of the slice that it is for; all: the total';
COMMENT ON COLUMN nudge.targets.dimension_value IS 'Value of this dimension; all: the total';
COMMENT ON COLUMN nudge.targets.currency IS 'Currency of an amount; empty for other metrics';
COMMENT ON COLUMN nudge.targets.period_start IS 'First day of the first period that it holds for';
COMMENT ON COLUMN nudge.targets.value IS 'The target, with the sign of the metric; NULL: none from this period on';
COMMENT ON COLUMN nudge.targets.provenance IS 'agreed, imported, derived (computed from others), or placeholder (an example, not to be acted on)';
COMMENT ON COLUMN nudge.targets.note IS 'Who agreed, where, and why';
COMMENT ON COLUMN nudge.targets.set_by IS 'Who has set it';
COMMENT ON COLUMN nudge.targets.set_at IS 'When';

CREATE TABLE nudge.annotations (
	annotation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	day date NOT NULL CHECK (isfinite(day)),
	kind text NOT NULL CHECK (kind IN ('launch', 'price change', 'campaign', 'outage', 'policy', 'data', 'market', 'other')),
	text text NOT NULL CHECK (btrim(text) <> ''),
	metric text,
	annotated_by name NOT NULL DEFAULT session_user,
	annotated_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('nudge.annotations', '');
SELECT pg_catalog.pg_extension_config_dump('nudge.annotations_annotation_id_seq', '');
GRANT SELECT ON nudge.annotations TO PUBLIC;
COMMENT ON SEQUENCE nudge.annotations_annotation_id_seq IS 'Numbers of annotations';
COMMENT ON TABLE nudge.annotations IS 'What happened on a day, for charts';
COMMENT ON COLUMN nudge.annotations.annotation_id IS 'Number';
COMMENT ON COLUMN nudge.annotations.day IS 'When it happened';
COMMENT ON COLUMN nudge.annotations.kind IS 'launch, price change, campaign, outage, policy, data (of what is measured, not of the business), market or other';
COMMENT ON COLUMN nudge.annotations.text IS 'What happened';
COMMENT ON COLUMN nudge.annotations.metric IS 'Metric whose charts show it; NULL: all';
COMMENT ON COLUMN nudge.annotations.annotated_by IS 'Who has written it';
COMMENT ON COLUMN nudge.annotations.annotated_at IS 'When';

-- Shipped, and loaded only on request.
CREATE TABLE nudge.example_targets (
	metric text NOT NULL REFERENCES nudge.shipped_metrics,
	kind text NOT NULL CHECK (kind IN ('target', 'minimum', 'benchmark', 'plan')),
	value numeric(24,6) NOT NULL,
	PRIMARY KEY (metric, kind)
);
GRANT SELECT ON nudge.example_targets TO PUBLIC;
COMMENT ON TABLE nudge.example_targets IS 'Targets of an example company, which load_example_targets() loads';
COMMENT ON COLUMN nudge.example_targets.metric IS 'Name of the metric';
COMMENT ON COLUMN nudge.example_targets.kind IS 'target, minimum, benchmark or plan';
COMMENT ON COLUMN nudge.example_targets.value IS 'Its value for one period of the grain of the metric';

CREATE FUNCTION nudge.check_metric(metric text) RETURNS nudge.shipped_metrics
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found nudge.shipped_metrics;
BEGIN
	SELECT m.* INTO found FROM nudge.shipped_metrics m WHERE m.metric = check_metric.metric;
	IF found.metric IS NULL THEN
		RAISE EXCEPTION 'there is no metric "%"', left(coalesce(metric, ''), 70) USING ERRCODE = 'undefined_object',
			DETAIL = (SELECT format('They are %s.', string_agg(m.metric, ', ' ORDER BY m.metric COLLATE "C")) FROM nudge.shipped_metrics m),
			HINT = 'See nudge_reporting.metric_catalog for what each is.';
	END IF;
	RETURN found;
END
$$;
COMMENT ON FUNCTION nudge.check_metric(text) IS 'Works for set_target: what is known of a metric, or an error if there is none of that name. Not STRICT: NULL is the name of none';

-- What set_target() lets in, with what was left out.
CREATE FUNCTION nudge.checked_target(wanted nudge.targets) RETURNS nudge.targets
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant nudge.shipped_metrics := nudge.check_metric((wanted).metric);
	settings constant nudge.deployment := nudge.deploy_settings(NULL, NULL, NULL, NULL, NULL);
	made nudge.targets := wanted;
BEGIN
	made.grain := coalesce(nullif(lower(made.grain), ''), known.grain);
	made.currency := coalesce(nullif(upper(btrim(made.currency)), ''), CASE WHEN known.unit = 'currency' THEN (settings).currency END, '');
	made.kind := coalesce(lower(made.kind), 'target');
	made.provenance := coalesce(lower(made.provenance), 'agreed');
	made.dimension := coalesce(made.dimension, 'all');
	made.dimension_value := coalesce(made.dimension_value, 'all');
	made.period_start := coalesce(made.period_start, nudge.period_start(nudge.civil_date(now(), (settings).zone), made.grain, (settings).week_start, (settings).fiscal_year_start));
	IF made.kind NOT IN ('target', 'minimum', 'benchmark', 'plan') THEN
		RAISE EXCEPTION 'unknown kind of target "%"', left((wanted).kind, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what the value is for.',
			HINT = 'It is target, minimum, benchmark or plan.';
	ELSIF made.provenance NOT IN ('agreed', 'imported', 'derived', 'placeholder') THEN
		RAISE EXCEPTION 'unknown provenance "%"', left((wanted).provenance, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says where a target comes from.',
			HINT = 'It is agreed, imported, derived or placeholder.';
	ELSIF made.value = 'NaN' THEN
		RAISE EXCEPTION 'a target of "%" must be a number', made.metric USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'NaN and infinity are none.',
			HINT = 'Pass NULL to end the one before.';
	ELSIF (made.dimension = 'all') <> (made.dimension_value = 'all') THEN
		RAISE EXCEPTION 'a target of a slice must have a dimension and its value' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('They are "%s" and "%s".', made.dimension, made.dimension_value),
			HINT = 'Pass both, as dimension => ''segment'', dimension_value => ''smb'', or neither for the total.';
	ELSIF (made.currency <> '') <> (known.unit = 'currency') THEN
		RAISE EXCEPTION 'a target of "%" must have % currency', made.metric, CASE WHEN known.unit = 'currency' THEN 'a' ELSE 'no' END USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('Its unit is %s.', known.unit),
			HINT = CASE WHEN known.unit = 'currency' THEN 'Pass currency, or let deploy(currency => ...) say which one stands for all.' ELSE 'Leave currency out.' END;
	ELSIF nudge.period_start(made.period_start, made.grain, (settings).week_start, (settings).fiscal_year_start) <> made.period_start THEN
		RAISE EXCEPTION '% begins no % of the targets', to_char(made.period_start, 'YYYY-MM-DD'), made.grain USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A target holds from the first day of a period on.',
			HINT = format('Pass %s.', to_char(nudge.period_start(made.period_start, made.grain, (settings).week_start, (settings).fiscal_year_start), 'YYYY-MM-DD'));
	END IF;
	RETURN made;
END
$$;
COMMENT ON FUNCTION nudge.checked_target(nudge.targets) IS 'Works for set_target: a target with what was left out, or an error if it makes no sense';

CREATE FUNCTION nudge.refuse_target(metric text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'targets of "%" are not yours to set', left(coalesce(metric, ''), 70) USING ERRCODE = 'insufficient_privilege',
		DETAIL = 'They are set by nudge_owner, by executives, and by managers of a department that has the subject of the metric.',
		HINT = 'Ask one of them, or for membership in an audience: see nudge.create_audiences(). nudge_reporting.own_targets has those that are yours.';
END
$$;
COMMENT ON FUNCTION nudge.refuse_target(text) IS 'Works for set_target: the error of who may not set targets of a metric. Not STRICT: NULL is a metric of nobody';

CREATE FUNCTION nudge.set_target(metric text, value numeric, kind text DEFAULT 'target', period_start date DEFAULT NULL, currency text DEFAULT NULL, grain text DEFAULT NULL,
		dimension text DEFAULT 'all', dimension_value text DEFAULT 'all', provenance text DEFAULT 'agreed', note text DEFAULT NULL) RETURNS date
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made nudge.targets;
BEGIN
	-- the column holds no infinity
	made := nudge.checked_target(ROW(metric, kind, grain, dimension, dimension_value, currency, period_start, CASE WHEN abs(value) = 'Infinity' THEN 'NaN' ELSE value END, provenance, note, NULL, NULL)::nudge.targets);
	IF has_table_privilege('nudge.targets', 'INSERT') THEN
		INSERT INTO nudge.targets AS t (metric, kind, grain, dimension, dimension_value, currency, period_start, value, provenance, note)
		VALUES (made.metric, made.kind, made.grain, made.dimension, made.dimension_value, made.currency, made.period_start, made.value, made.provenance, made.note)
		ON CONFLICT ON CONSTRAINT targets_pkey DO UPDATE SET value = excluded.value, provenance = excluded.provenance, note = excluded.note, set_by = session_user, set_at = now();
	ELSIF coalesce(has_table_privilege(to_regclass('nudge_reporting.own_targets'), 'INSERT'), false) THEN
		-- executives and managers: a view of their own
		EXECUTE 'INSERT INTO nudge_reporting.own_targets AS t (metric, target_kind, grain, dimension, dimension_value, currency, period_start, value, provenance, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)'
			' ON CONFLICT (metric, target_kind, grain, dimension, dimension_value, currency, period_start) DO UPDATE SET value = excluded.value, provenance = excluded.provenance, note = excluded.note'
		USING made.metric, made.kind, made.grain, made.dimension, made.dimension_value, made.currency, made.period_start, made.value, made.provenance, made.note;
	ELSE
		PERFORM nudge.refuse_target(made.metric);
	END IF;
	RETURN made.period_start;
END
$$;
COMMENT ON FUNCTION nudge.set_target(text, numeric, text, date, text, text, text, text, text, text) IS
	'Sets a target, minimum, benchmark or plan of a metric from a period on, the present one if none is given; returns the first day of it. Not STRICT: a NULL value ends it, other NULLs are defaults';

CREATE FUNCTION nudge.check_annotation(wanted nudge.annotations) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF (wanted).kind IS NULL OR lower((wanted).kind) NOT IN ('launch', 'price change', 'campaign', 'outage', 'policy', 'data', 'market', 'other') THEN
		RAISE EXCEPTION 'unknown kind of annotation "%"', left(coalesce((wanted).kind, ''), 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Charts tell kinds apart by colour.',
			HINT = 'It is launch, price change, campaign, outage, policy, data, market or other.';
	ELSIF NOT coalesce(isfinite((wanted).day), false) OR coalesce(btrim((wanted).text), '') = '' THEN
		RAISE EXCEPTION 'an annotation needs a day and a text' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A chart shows the text at the day.',
			HINT = 'Pass both.';
	END IF;
	IF (wanted).metric IS NOT NULL THEN
		PERFORM nudge.check_metric((wanted).metric);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_annotation(nudge.annotations) IS 'Works for annotate: an error if an annotation makes no sense';

CREATE FUNCTION nudge.refuse_annotation(metric text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'annotations of % are not yours to write', coalesce('"' || left(metric, 70) || '"', 'all metrics') USING ERRCODE = 'insufficient_privilege',
		DETAIL = 'They are written by nudge_owner; those of one metric by executives too, and by managers of a department that has its subject.',
		HINT = 'Name a metric that is yours: nudge_reporting.own_annotations has its annotations.';
END
$$;
COMMENT ON FUNCTION nudge.refuse_annotation(text) IS 'Works for annotate: the error of who may not write annotations of a metric. Not STRICT: NULL is all metrics';

CREATE FUNCTION nudge.annotate(day date, kind text, text text, metric text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made bigint;
BEGIN
	PERFORM nudge.check_annotation(ROW(0, day, kind, text, metric, NULL, NULL)::nudge.annotations);
	IF has_table_privilege('nudge.annotations', 'INSERT') THEN
		INSERT INTO nudge.annotations (day, kind, text, metric) VALUES (annotate.day, lower(annotate.kind), annotate.text, annotate.metric) RETURNING annotation_id INTO made;
	ELSIF coalesce(has_table_privilege(to_regclass('nudge_reporting.own_annotations'), 'INSERT'), false) THEN
		EXECUTE 'INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric) VALUES ($1, $2, $3, $4) RETURNING annotation_id' INTO made USING day, lower(kind), text, metric;
	ELSE
		PERFORM nudge.refuse_annotation(metric);
	END IF;
	RETURN made;
END
$$;
COMMENT ON FUNCTION nudge.annotate(date, text, text, text) IS 'Writes down what happened on a day, for charts of a metric or of all; returns its number. Not STRICT: without a metric it is all';

CREATE FUNCTION nudge.load_example_targets(currency text DEFAULT 'USD') RETURNS bigint
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	loaded bigint;
BEGIN
	INSERT INTO nudge.targets (metric, kind, grain, currency, period_start, value, provenance, note)
	SELECT e.metric, e.kind, m.grain, CASE WHEN m.unit = 'currency' THEN upper(btrim(load_example_targets.currency)) ELSE '' END, date '2000-01-01', e.value, 'placeholder', 'an example, of a company that does not exist'
	FROM nudge.example_targets e JOIN nudge.shipped_metrics m ON m.metric = e.metric
	-- what is agreed stays, for all periods
	WHERE NOT EXISTS (SELECT FROM nudge.targets t WHERE t.metric = e.metric AND t.kind = e.kind AND t.provenance <> 'placeholder')
	ON CONFLICT ON CONSTRAINT targets_pkey DO NOTHING;
	GET DIAGNOSTICS loaded = ROW_COUNT;
	RETURN loaded;
END
$$;
COMMENT ON FUNCTION nudge.load_example_targets(text) IS 'Loads targets of an example company, marked as placeholders, for metrics that have none of their own; returns how many';

-- Targets in force, each of its periods: until the day before the next begins.
CREATE FUNCTION nudge.check_targets() RETURNS TABLE (metric text, kind text, period_start date, problem text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT p.metric, p.kind, p.period_start, p.problem FROM (
		SELECT t.metric, t.kind, t.period_start, 'there is no such metric' AS problem FROM nudge.targets t WHERE NOT EXISTS (SELECT FROM nudge.shipped_metrics m WHERE m.metric = t.metric)
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, 'it is a placeholder' FROM nudge.targets t WHERE t.provenance = 'placeholder' AND t.value IS NOT NULL
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, CASE WHEN m.unit = 'currency' THEN 'it has no currency' ELSE format('it has a currency, and the unit is %s', m.unit) END
		FROM nudge.targets t JOIN nudge.shipped_metrics m ON m.metric = t.metric WHERE (t.currency <> '') <> (m.unit = 'currency')
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, format('it begins no %s', t.grain)
		FROM nudge.targets t, nudge.deploy_settings(NULL, NULL, NULL, NULL, NULL) s WHERE nudge.period_start(t.period_start, t.grain, s.week_start, s.fiscal_year_start) <> t.period_start AND t.period_start <> '2000-01-01'
		UNION ALL
		SELECT t.metric, t.kind, t.period_start, format('it is worse than the minimum, %s', n.value)
		FROM nudge.targets t JOIN nudge.shipped_metrics m ON m.metric = t.metric
		CROSS JOIN LATERAL (SELECT o.value FROM nudge.targets o WHERE o.metric = t.metric AND o.kind = 'minimum' AND o.grain = t.grain AND o.dimension = t.dimension AND o.dimension_value = t.dimension_value
			AND o.currency = t.currency AND o.period_start <= t.period_start ORDER BY o.period_start DESC LIMIT 1) n
		WHERE t.kind IN ('target', 'plan') AND (m.direction = 'up' AND t.value < n.value OR m.direction = 'down' AND t.value > n.value)
	) p ORDER BY p.metric COLLATE "C", p.kind COLLATE "C", p.period_start, p.problem COLLATE "C";
END;
COMMENT ON FUNCTION nudge.check_targets() IS
	'What is wrong with targets: of metrics that are not there, placeholders, without the currency or with one, from a day that begins no period, worse than the minimum. Not STRICT: it has no arguments';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.targets, nudge.annotations TO %s WITH GRANT OPTION', owner);
END
$$;
