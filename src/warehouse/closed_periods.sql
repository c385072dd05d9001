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
	closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	reopened_by name,
	reopened_at timestamptz,
	reason text,
	PRIMARY KEY (period, grain, zone, currency, version),
	CHECK ((reopened_at IS NULL) = (reopened_by IS NULL) AND (reopened_at IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX closed_periods_closed ON nudge.closed_periods (period, grain, zone, currency) WHERE reopened_at IS NULL;
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
COMMENT ON COLUMN nudge.closed_periods.closed_at IS 'When it was closed';
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
	over_at := nudge.period_end(period, grain)::timestamp AT TIME ZONE zone;
	IF over_at > now() THEN
		RAISE EXCEPTION 'the % of % is not over', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('It ends at %s in %s.', to_char(nudge.period_end(period, grain), 'YYYY-MM-DD 00:00'), zone),
			HINT = 'Close it then.';
	END IF;
	-- one at a time, so that versions follow each other
	LOCK TABLE nudge.closed_periods IN SHARE ROW EXCLUSIVE MODE;
	SELECT c.* INTO before FROM nudge.closed_periods c
	WHERE c.period = close_period.period AND c.grain = close_period.grain AND c.zone = close_period.zone AND c.currency = coalesce(nudge.mrr_currency(state), '') ORDER BY c.version DESC LIMIT 1;
	IF before.version IS NOT NULL AND before.reopened_at IS NULL THEN
		RAISE EXCEPTION 'the % of % is closed already', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('It was closed by %s with an MRR of %s.', before.closed_by, before.closing_mrr),
			HINT = 'Reopen it with reopen_period(), which keeps what was reported.';
	END IF;
	WITH kept AS (
		INSERT INTO nudge.closed_period_rows
		SELECT period, grain, zone, coalesce(nudge.mrr_currency(state), ''), coalesce(before.version, 0) + 1, c.* FROM nudge.period_customers(period, state, zone, grain) c
		RETURNING *
	)
	INSERT INTO nudge.closed_periods (period, grain, zone, currency, version, opening_mrr, closing_mrr, customers)
	SELECT close_period.period, close_period.grain, close_period.zone, coalesce(nudge.mrr_currency(state), ''), coalesce(before.version, 0) + 1,
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
	WHERE c.period = reopen_period.period AND c.zone = reopen_period.zone AND c.grain = reopen_period.grain AND c.currency = coalesce(reopen_period.currency, '') AND c.reopened_at IS NULL
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

CREATE FUNCTION nudge.recorded_since(subscriptions regclass, since timestamptz) RETURNS TABLE (customer text, has_later boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT s.customer, coalesce(bool_or(s.recorded_at > $1), false) FROM (%s) s GROUP BY s.customer
		$query$, nudge.input_query('subscriptions', subscriptions)) USING since;
END
$$;
COMMENT ON FUNCTION nudge.recorded_since(regclass, timestamptz) IS
	'Works for restatements: which customers have subscriptions, and whether one was recorded after a time. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.restatements(period date, state nudge.mrr_state, subscriptions regclass DEFAULT NULL, zone text DEFAULT 'UTC', grain text DEFAULT 'month') RETURNS TABLE (
	customer text,
	reported_opening numeric,
	opening_now numeric,
	reported_closing numeric,
	closing_now numeric,
	difference numeric,
	change text,
	cause text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	closed nudge.closed_periods;
	has_times constant boolean := coalesce(nudge.relation_has_column(subscriptions, 'recorded_at'), false);
BEGIN
	PERFORM nudge.check_period(period, state, zone, grain);
	SELECT c.* INTO closed FROM nudge.closed_periods c
	WHERE c.period = restatements.period AND c.grain = restatements.grain AND c.zone = restatements.zone AND c.currency = coalesce(nudge.mrr_currency(state), '')
	ORDER BY c.version DESC LIMIT 1;
	IF closed.version IS NULL THEN
		RAISE EXCEPTION 'the % of % is not closed', grain, to_char(period, 'YYYY-MM-DD') USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('In %s, for %s.', zone, coalesce(nudge.mrr_currency(state), 'a state without a currency')),
			HINT = 'See nudge.closed_periods.';
	END IF;
	RETURN QUERY
		SELECT coalesce(r.customer, n.customer), coalesce(r.opening_mrr, 0), coalesce(n.opening_mrr, 0), coalesce(r.closing_mrr, 0), coalesce(n.closing_mrr, 0),
			coalesce(n.closing_mrr, 0) - coalesce(r.closing_mrr, 0),
			CASE WHEN r.customer IS NULL THEN 'appeared' WHEN n.customer IS NULL THEN 'vanished' WHEN r.closing_mrr = n.closing_mrr THEN 'moved' ELSE 'changed' END,
			CASE WHEN NOT has_times THEN NULL WHEN s.has_later AND r.customer IS NULL THEN 'late row' WHEN s.has_later THEN 'correction' WHEN s.customer IS NOT NULL THEN 'overwritten' WHEN r.customer IS NOT NULL THEN 'deleted' END
		FROM (SELECT p.customer, p.opening_mrr, p.closing_mrr FROM nudge.closed_period_rows p
			WHERE p.period = closed.period AND p.grain = closed.grain AND p.zone = closed.zone AND p.currency = closed.currency AND p.version = closed.version) r
		FULL JOIN nudge.period_customers(restatements.period, restatements.state, restatements.zone, restatements.grain) n ON n.customer = r.customer
		LEFT JOIN nudge.recorded_since(subscriptions, closed.closed_at) s ON s.customer = coalesce(r.customer, n.customer)
		WHERE (r.opening_mrr, r.closing_mrr) IS DISTINCT FROM (n.opening_mrr, n.closing_mrr)
		ORDER BY abs(coalesce(n.closing_mrr, 0) - coalesce(r.closing_mrr, 0)) DESC, coalesce(r.customer, n.customer) COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.restatements(date, nudge.mrr_state, regclass, text, text) IS
	'What has moved since a period was closed, by customer: appeared, vanished, changed, or moved to another period; with subscriptions that say when they were recorded, the cause: late row, correction, overwritten, deleted. Not STRICT: without subscriptions the cause is NULL';
