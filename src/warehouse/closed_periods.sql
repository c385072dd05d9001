/*
 * closed_periods.sql
 *		Reported months that stay as they were reported, and what has moved since.
 *
 * Rules: doc/closed_periods.md.
 */

CREATE TABLE nudge.closed_periods (
	period date NOT NULL,
	grain text NOT NULL,
	zone text NOT NULL,
	currency text NOT NULL,
	version integer NOT NULL CHECK (version > 0),
	opening_mrr numeric NOT NULL,
	closing_mrr numeric NOT NULL,
	customers bigint NOT NULL,
	closed_by name NOT NULL DEFAULT current_user,
	closed_at timestamptz NOT NULL DEFAULT statement_timestamp(),
	reopened_by name,
	reopened_at timestamptz,
	reason text,
	PRIMARY KEY (period, grain, zone, currency, version),
	CHECK ((reopened_at IS NULL) = (reopened_by IS NULL) AND (reopened_at IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX closed_periods_closed ON nudge.closed_periods (period, grain, lower(zone), currency) WHERE reopened_at IS NULL;
CREATE TABLE nudge.closed_period_rows (
	period date NOT NULL,
	grain text NOT NULL,
	zone text NOT NULL,
	currency text NOT NULL,
	version integer NOT NULL,
	customer text NOT NULL,
	opening_mrr numeric NOT NULL,
	closing_mrr numeric NOT NULL,
	movement text,
	PRIMARY KEY (period, grain, zone, currency, version, customer)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.closed_periods', '');
SELECT pg_catalog.pg_extension_config_dump('nudge.closed_period_rows', '');
GRANT SELECT ON nudge.closed_periods TO PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.closed_periods, nudge.closed_period_rows TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.closed_periods IS 'Periods as they were reported; close_period() and reopen_period() keep it';
COMMENT ON COLUMN nudge.closed_periods.period IS 'First day';
COMMENT ON COLUMN nudge.closed_periods.grain IS 'How long it is';
COMMENT ON COLUMN nudge.closed_periods.zone IS 'Time zone of its days';
COMMENT ON COLUMN nudge.closed_periods.currency IS 'Currency of the state; empty if it has none';
COMMENT ON COLUMN nudge.closed_periods.version IS '1, and one more each time that it is closed again';
COMMENT ON COLUMN nudge.closed_periods.opening_mrr IS 'MRR as it opened';
COMMENT ON COLUMN nudge.closed_periods.closing_mrr IS 'MRR as it closed';
COMMENT ON COLUMN nudge.closed_periods.customers IS 'Customers at its close';
COMMENT ON COLUMN nudge.closed_periods.closed_by IS 'Who closed it';
COMMENT ON COLUMN nudge.closed_periods.closed_at IS 'When it was closed: when the statement began, whose rows are what was known';
COMMENT ON COLUMN nudge.closed_periods.reopened_by IS 'Who reopened it; NULL if it is closed';
COMMENT ON COLUMN nudge.closed_periods.reopened_at IS 'When it was reopened; NULL if it is closed';
COMMENT ON COLUMN nudge.closed_periods.reason IS 'Why it was reopened';
COMMENT ON TABLE nudge.closed_period_rows IS 'Customers of closed periods, as they were reported';
COMMENT ON COLUMN nudge.closed_period_rows.period IS 'First day';
COMMENT ON COLUMN nudge.closed_period_rows.grain IS 'How long the period is';
COMMENT ON COLUMN nudge.closed_period_rows.zone IS 'Time zone of its days';
COMMENT ON COLUMN nudge.closed_period_rows.currency IS 'Currency of the state; empty if it has none';
COMMENT ON COLUMN nudge.closed_period_rows.version IS 'Which time that it was closed';
COMMENT ON COLUMN nudge.closed_period_rows.customer IS 'Customer';
COMMENT ON COLUMN nudge.closed_period_rows.opening_mrr IS 'MRR as the period opened';
COMMENT ON COLUMN nudge.closed_period_rows.closing_mrr IS 'MRR as it closed';
COMMENT ON COLUMN nudge.closed_period_rows.movement IS 'new, reactivation, expansion, contraction, churn; NULL if nothing moved';

-- A customer of a period, by the same functions as every report.
CREATE FUNCTION nudge.period_customers(period date, state nudge.mrr_state, zone text, grain text) RETURNS TABLE (customer text, opening_mrr numeric, closing_mrr numeric, movement text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 30000
BEGIN ATOMIC
	SELECT coalesce(o.customer, c.customer), coalesce(o.mrr, 0), coalesce(c.mrr, 0), m.movement
	FROM nudge.customer_mrr(state, period - 1, zone) o
	FULL JOIN nudge.customer_mrr(state, nudge.period_end(period, grain) - 1, zone) c ON c.customer = o.customer
	LEFT JOIN (
		SELECT m.customer, string_agg(m.movement, ', ' ORDER BY m.movement COLLATE "C") AS movement
		FROM nudge.mrr_movements(state, grain, zone, start_day => period, end_day => nudge.period_end(period, grain)) m GROUP BY m.customer
	) m ON m.customer = coalesce(o.customer, c.customer);
END;
COMMENT ON FUNCTION nudge.period_customers(date, nudge.mrr_state, text, text) IS 'MRR of each customer as a period opens and as it closes, and what moved';

CREATE FUNCTION nudge.check_period(period date, state nudge.mrr_state, zone text, grain text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF period IS NULL OR state IS NULL OR zone IS NULL OR grain IS NULL THEN
		RAISE EXCEPTION 'period, state, zone and grain must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A closed period is of one state, in one zone.',
			HINT = 'Pass all.';
	END IF;
	IF nudge.period_start(period, grain) <> period THEN
		RAISE EXCEPTION '% does not begin a %', to_char(period, 'YYYY-MM-DD'), grain USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A period is named by its first day.',
			HINT = format('Pass %s.', to_char(nudge.period_start(period, grain), 'YYYY-MM-DD'));
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_period(date, nudge.mrr_state, text, text) IS 'Works for close_period: an error unless a day begins a period. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.close_period(period date, state nudge.mrr_state, zone text DEFAULT 'UTC', grain text DEFAULT 'month') RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	over_at timestamptz;
	before nudge.closed_periods;
	made nudge.closed_periods;
BEGIN
	PERFORM nudge.check_period(period, state, zone, grain);
	grain := lower(grain);
	over_at := nudge.period_end(period, grain)::timestamp AT TIME ZONE zone;
	IF over_at > now() THEN
		RAISE EXCEPTION 'the % of % is not over', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('It ends at %s in %s.', to_char(nudge.period_end(period, grain), 'YYYY-MM-DD 00:00'), zone),
			HINT = 'Close it then.';
	END IF;
	-- one at a time, so that versions follow each other; a lock of the table would
	-- need the right to change what is closed
	PERFORM pg_advisory_xact_lock(hashtextextended('nudge.closed_periods', 0));
	SELECT c.* INTO before FROM nudge.closed_periods c
	WHERE c.period = close_period.period AND c.grain = close_period.grain AND lower(c.zone) = lower(close_period.zone) AND c.currency = coalesce(nudge.mrr_currency(state), '') ORDER BY c.version DESC LIMIT 1;
	IF before.version IS NOT NULL AND before.reopened_at IS NULL THEN
		RAISE EXCEPTION 'the % of % is closed already', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('It was closed by %s with an MRR of %s.', before.closed_by, before.closing_mrr),
			HINT = 'Reopen it with reopen_period(), which keeps what was reported.';
	END IF;
	WITH kept AS (
		INSERT INTO nudge.closed_period_rows
		SELECT close_period.period, close_period.grain, coalesce(before.zone, close_period.zone), coalesce(nudge.mrr_currency(state), ''), coalesce(before.version, 0) + 1, c.* FROM nudge.period_customers(close_period.period, close_period.state, close_period.zone, close_period.grain) c
		RETURNING *
	)
	INSERT INTO nudge.closed_periods (period, grain, zone, currency, version, opening_mrr, closing_mrr, customers)
	SELECT close_period.period, close_period.grain, coalesce(before.zone, close_period.zone), coalesce(nudge.mrr_currency(state), ''), coalesce(before.version, 0) + 1,
		coalesce(sum(k.opening_mrr), 0), coalesce(sum(k.closing_mrr), 0), count(*) FILTER (WHERE k.closing_mrr > 0)
	FROM kept k
	RETURNING * INTO made;
	RETURN (SELECT count(*) FROM nudge.closed_period_rows r WHERE r.period = made.period AND r.grain = made.grain AND r.zone = made.zone AND r.currency = made.currency AND r.version = made.version);
END
$$;
COMMENT ON FUNCTION nudge.close_period(date, nudge.mrr_state, text, text) IS
	'Keeps what is reported for a period: MRR of each customer as it opens and closes, and the movements; returns how many customers. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.reopen_period(period date, reason text, zone text DEFAULT 'UTC', grain text DEFAULT 'month', currency text DEFAULT '') RETURNS integer
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reopened integer;
BEGIN
	IF coalesce(btrim(reason), '') = '' THEN
		RAISE EXCEPTION 'a reason must be given' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Whoever finds another number in a report will ask for it.',
			HINT = 'Pass it as the second argument.';
	END IF;
	UPDATE nudge.closed_periods c SET reopened_by = current_user, reopened_at = clock_timestamp(), reason = reopen_period.reason
	WHERE c.period = reopen_period.period AND lower(c.zone) = lower(reopen_period.zone) AND c.grain = lower(reopen_period.grain) AND c.currency = coalesce(reopen_period.currency, '') AND c.reopened_at IS NULL
	RETURNING c.version INTO reopened;
	IF reopened IS NULL THEN
		RAISE EXCEPTION 'the % of % is not closed', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('In %s, for %s.', zone, coalesce(nullif(currency, ''), 'a state without a currency')),
			HINT = 'See nudge.closed_periods.';
	END IF;
	RETURN reopened;
END
$$;
COMMENT ON FUNCTION nudge.reopen_period(date, text, text, text, text) IS
	'Lets a closed period be closed again; what was reported stays, with the reason. Returns the version that was reopened. Not STRICT: NULL is an error';

-- A row that begins after the period has not changed it, unless its customer has
-- no other.
CREATE FUNCTION nudge.recorded_since(subscriptions regclass, since timestamptz, over_at timestamptz) RETURNS TABLE (customer text, has_later boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT s.customer, coalesce(bool_or(s.recorded_at > $1) FILTER (WHERE s.valid_from < $2), bool_or(s.recorded_at > $1), false) FROM (%s) s GROUP BY s.customer
		$query$, nudge.input_query('subscriptions', subscriptions)) USING since, over_at;
END
$$;
COMMENT ON FUNCTION nudge.recorded_since(regclass, timestamptz, timestamptz) IS
	'Works for restatements: which customers have subscriptions, and whether one of a period was recorded after a time. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.merged_customers(merges regclass, vanished text[]) RETURNS TABLE (customer text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH RECURSIVE m AS MATERIALIZED (SELECT s.customer, s.merged_into FROM (%s) s), chain AS (
			SELECT m.customer, m.merged_into FROM m WHERE m.customer = ANY ($1)
			UNION SELECT m.customer, m.merged_into FROM chain c JOIN m ON m.customer = c.merged_into
		)
		SELECT c.customer FROM chain c UNION SELECT c.merged_into FROM chain c
		$query$, nudge.input_query('customer_merges', merges)) USING vanished;
END
$$;
COMMENT ON FUNCTION nudge.merged_customers(regclass, text[]) IS
	'Works for restatements: which of the given customers were merged into others, and into which, also over several merges. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.restatements(period date, state nudge.mrr_state, subscriptions regclass DEFAULT NULL, zone text DEFAULT 'UTC', grain text DEFAULT 'month', merges regclass DEFAULT NULL) RETURNS TABLE (
	customer text,
	reported_opening numeric,
	opening_now numeric,
	reported_closing numeric,
	closing_now numeric,
	difference numeric,
	reported_movement text,
	movement_now text,
	change text,
	cause text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	closed nudge.closed_periods;
	over_at timestamptz;
	has_times constant boolean := subscriptions IS NOT NULL AND nudge.relation_has_column(subscriptions, 'recorded_at');
BEGIN
	PERFORM nudge.check_period(restatements.period, state, restatements.zone, restatements.grain);
	SELECT c.* INTO closed FROM nudge.closed_periods c
	WHERE c.period = restatements.period AND c.grain = lower(restatements.grain) AND lower(c.zone) = lower(restatements.zone) AND c.currency = coalesce(nudge.mrr_currency(state), '')
	ORDER BY c.version DESC LIMIT 1;
	IF closed.version IS NULL THEN
		RAISE EXCEPTION 'the % of % is not closed', restatements.grain, to_char(restatements.period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('In %s, for %s.', restatements.zone, coalesce(nudge.mrr_currency(state), 'a state without a currency')),
			HINT = 'See nudge.closed_periods.';
	END IF;
	over_at := nudge.period_end(closed.period, closed.grain)::timestamp AT TIME ZONE closed.zone;
	RETURN QUERY
		WITH moved AS MATERIALIZED (
			SELECT coalesce(r.customer, n.customer) AS customer, r.customer IS NOT NULL AS reported, n.customer IS NOT NULL AS there,
				coalesce(r.opening_mrr, 0) AS old_opening, coalesce(n.opening_mrr, 0) AS new_opening, coalesce(r.closing_mrr, 0) AS old_closing, coalesce(n.closing_mrr, 0) AS new_closing,
				r.movement AS old_movement, n.movement AS new_movement
			FROM (SELECT p.* FROM nudge.closed_period_rows p
				WHERE p.period = closed.period AND p.grain = closed.grain AND p.zone = closed.zone AND p.currency = closed.currency AND p.version = closed.version) r
			FULL JOIN nudge.period_customers(closed.period, restatements.state, closed.zone, closed.grain) n ON n.customer = r.customer
			WHERE (r.opening_mrr, r.closing_mrr, r.movement) IS DISTINCT FROM (n.opening_mrr, n.closing_mrr, n.movement)
		), merged AS MATERIALIZED (
			SELECT g.customer FROM nudge.merged_customers(merges, (SELECT array_agg(m.customer) FROM moved m WHERE m.reported AND NOT m.there)) g
		)
		SELECT m.customer, m.old_opening, m.new_opening, m.old_closing, m.new_closing, m.new_closing - m.old_closing, m.old_movement, m.new_movement,
			CASE WHEN NOT m.reported THEN 'appeared' WHEN NOT m.there THEN 'vanished' WHEN m.old_closing <> m.new_closing THEN 'changed' WHEN m.old_opening <> m.new_opening THEN 'moved' ELSE 'reclassified' END,
			CASE WHEN m.customer IN (SELECT g.customer FROM merged g) THEN 'merge'
				WHEN NOT has_times THEN NULL
				WHEN s.has_later THEN CASE WHEN m.reported THEN 'correction' ELSE 'late row' END
				WHEN s.customer IS NOT NULL THEN 'unrecorded'
				WHEN m.reported THEN 'deleted' END
		FROM moved m LEFT JOIN nudge.recorded_since(subscriptions, closed.closed_at, over_at) s ON s.customer = m.customer
		ORDER BY abs(m.new_closing - m.old_closing) DESC, m.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.restatements(date, nudge.mrr_state, regclass, text, text, regclass) IS
	'What has moved since a period was closed, by customer: appeared, vanished, changed, moved to another period, or reclassified, and by what cause: merge, late row, correction, unrecorded, deleted. Not STRICT: without subscriptions that say when they were recorded only merges are a cause';
