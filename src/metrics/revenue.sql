/*
 * revenue.sql
 *		Recurring revenue: mrr_state, its aggregates and its accessors.
 *
 * The numbers are defined in doc/revenue.md.
 */

--@ include src/kernel/state_type.sql type=mrr_state prefix=mrr

COMMENT ON TYPE nudge.mrr_state IS
	'Recurring revenue of any number of customers: all their periods, mergeable by rollup() and combine()';

--@ for key=bigint,uuid,text k=int8,uuid,text
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer @key@, valid_from date, valid_to date, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_@k@_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, @key@, date, date, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer @key@, valid_from date, valid_to date, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(@key@, date, date, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer @key@, valid_from timestamptz, valid_to timestamptz, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_@k@_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, @key@, timestamptz, timestamptz, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer @key@, valid_from timestamptz, valid_to timestamptz, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(@key@, timestamptz, timestamptz, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer @key@, valid_from timestamp, valid_to timestamp, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_@k@_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, @key@, timestamp, timestamp, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer @key@, valid_from timestamp, valid_to timestamp, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(@key@, timestamp, timestamp, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer @key@, valid_from date, valid_to date, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_@k@_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, @key@, date, date, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer @key@, valid_from date, valid_to date, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(@key@, date, date, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer @key@, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_@k@_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, @key@, timestamptz, timestamptz, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer @key@, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(@key@, timestamptz, timestamptz, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer @key@, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_@k@_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, @key@, timestamp, timestamp, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer @key@, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(@key@, timestamp, timestamp, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC. The currency must be the same in every row.';
--@ end

-- Accessors ---------------------------------------------------------------

CREATE FUNCTION nudge.mrr_waterfall(
	state nudge.mrr_state,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	mode text DEFAULT 'snapshot',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	reactivation_max_gap interval DEFAULT NULL,
	gap_tolerance interval DEFAULT NULL,
	paid_to_free text DEFAULT NULL,
	event_window interval DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	opening_mrr numeric,
	new_mrr numeric,
	reactivation_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	fx_mrr numeric,
	net_new_mrr numeric,
	closing_mrr numeric,
	opening_customers bigint,
	new_customers bigint,
	reactivated_customers bigint,
	expanded_customers bigint,
	contracted_customers bigint,
	churned_customers bigint,
	closing_customers bigint,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_mrr_waterfall' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 36 COST 10000;
COMMENT ON FUNCTION nudge.mrr_waterfall(nudge.mrr_state, text, text, timestamptz, text, date, date, interval, interval, text, interval, text, integer) IS
	'A row per period: opening MRR, signed movements, closing MRR, and the customers behind each. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.mrr_movements(
	state nudge.mrr_state,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	mode text DEFAULT 'snapshot',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	reactivation_max_gap interval DEFAULT NULL,
	gap_tolerance interval DEFAULT NULL,
	paid_to_free text DEFAULT NULL,
	event_window interval DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	customer text,
	movement text,
	mrr_before numeric,
	mrr_after numeric,
	amount numeric,
	at timestamptz
)
	AS 'MODULE_PATHNAME', 'nm_mrr_movements' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.mrr_movements(nudge.mrr_state, text, text, timestamptz, text, date, date, interval, interval, text, interval, text, integer) IS
	'The drill-down of mrr_waterfall: a row per customer, period and movement. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.mrr_summary(
	state nudge.mrr_state,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	mode text DEFAULT 'snapshot',
	reactivation_max_gap interval DEFAULT NULL,
	gap_tolerance interval DEFAULT NULL,
	paid_to_free text DEFAULT NULL,
	event_window interval DEFAULT NULL
) RETURNS TABLE (
	opening_mrr numeric,
	new_mrr numeric,
	reactivation_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	fx_mrr numeric,
	net_new_mrr numeric,
	closing_mrr numeric,
	opening_customers bigint,
	new_customers bigint,
	reactivated_customers bigint,
	expanded_customers bigint,
	contracted_customers bigint,
	churned_customers bigint,
	closing_customers bigint
)
	AS 'MODULE_PATHNAME', 'nm_mrr_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.mrr_summary(nudge.mrr_state, date, date, text, text, interval, interval, text, interval) IS
	'One row as of mrr_waterfall, for the window [start_day, end_day) compared at its two ends. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.mrr_modes() RETURNS TABLE (
	mode text, counts_at text, paid_to_free text, event_window interval, description text
)
	AS 'MODULE_PATHNAME', 'nm_mrr_modes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 7;
COMMENT ON FUNCTION nudge.mrr_modes() IS 'The counting modes that mrr_waterfall and its kin accept, vendor presets included';

CREATE FUNCTION nudge.mrr_compare(
	state nudge.mrr_state,
	mode_a text,
	mode_b text,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, customer text, movement text, amount_a numeric, amount_b numeric, difference numeric)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT coalesce(a.period, b.period), coalesce(a.customer, b.customer), coalesce(a.movement, b.movement),
		coalesce(a.amount, 0), coalesce(b.amount, 0), coalesce(b.amount, 0) - coalesce(a.amount, 0)
	FROM (SELECT m.period, m.customer, m.movement, sum(m.amount) AS amount
		  FROM nudge.mrr_movements(state, grain, zone, as_of, mode_a) m
		  GROUP BY m.period, m.customer, m.movement) a
	FULL JOIN (SELECT m.period, m.customer, m.movement, sum(m.amount) AS amount
		  FROM nudge.mrr_movements(state, grain, zone, as_of, mode_b) m
		  GROUP BY m.period, m.customer, m.movement) b
		ON a.period = b.period AND a.customer = b.customer AND a.movement = b.movement
	WHERE a.amount IS DISTINCT FROM b.amount
	ORDER BY 1, 2, 3;
END;
COMMENT ON FUNCTION nudge.mrr_compare(nudge.mrr_state, text, text, text, text, timestamptz) IS
	'What two counting modes say differently, by period, customer and movement. Not STRICT: a NULL as_of has a meaning';

CREATE FUNCTION nudge.mrr_at(state nudge.mrr_state, at date, zone text DEFAULT 'UTC') RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_mrr_at_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.mrr_at(nudge.mrr_state, date, text) IS 'MRR at the close of a day in a zone';
CREATE FUNCTION nudge.mrr_at_instant(state nudge.mrr_state, at timestamptz) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_mrr_at_instant' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.mrr_at_instant(nudge.mrr_state, timestamptz) IS 'MRR in force at an instant; a state of civil days is an error';
CREATE FUNCTION nudge.customers_at(state nudge.mrr_state, at date, zone text DEFAULT 'UTC') RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_customers_at_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.customers_at(nudge.mrr_state, date, text) IS 'Customers with MRR above 0 at the close of a day in a zone';
CREATE FUNCTION nudge.customers_at_instant(state nudge.mrr_state, at timestamptz) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_customers_at_instant' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.customers_at_instant(nudge.mrr_state, timestamptz) IS 'Customers with MRR above 0 at an instant; a state of civil days is an error';

CREATE FUNCTION nudge.arr_at(state nudge.mrr_state, at date, zone text DEFAULT 'UTC', minor_unit integer DEFAULT 2) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN round(12 * nudge.mrr_at(state, at, zone), minor_unit);
COMMENT ON FUNCTION nudge.arr_at(nudge.mrr_state, date, text, integer) IS 'ARR at the close of a day: 12 times MRR, rounded to the decimals of the currency';
CREATE FUNCTION nudge.arr_at_instant(state nudge.mrr_state, at timestamptz, minor_unit integer DEFAULT 2) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN round(12 * nudge.mrr_at_instant(state, at), minor_unit);
COMMENT ON FUNCTION nudge.arr_at_instant(nudge.mrr_state, timestamptz, integer) IS 'ARR at an instant: 12 times MRR, rounded to the decimals of the currency';

CREATE FUNCTION nudge.customer_mrr(state nudge.mrr_state, at date, zone text DEFAULT 'UTC')
	RETURNS TABLE (customer text, mrr numeric)
	AS 'MODULE_PATHNAME', 'nm_customer_mrr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.customer_mrr(nudge.mrr_state, date, text) IS 'The drill-down of mrr_at: each customer with MRR above 0 at the close of a day';

CREATE FUNCTION nudge.mrr_currency(state nudge.mrr_state) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_mrr_currency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency(nudge.mrr_state) IS 'Currency of a state, or NULL if it was built without one';

CREATE FUNCTION nudge.mrr_periods(state nudge.mrr_state)
	RETURNS TABLE (customer text, valid_from timestamptz, valid_to timestamptz, mrr numeric)
	AS 'MODULE_PATHNAME', 'nm_mrr_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.mrr_periods(nudge.mrr_state) IS 'The periods that a state holds; civil days are shown as their midnight in UTC';

CREATE FUNCTION nudge.revenue_concentration(
	state nudge.mrr_state,
	at date,
	top integer DEFAULT 10,
	start_day date DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	customers bigint,
	mrr numeric,
	top_customers bigint,
	top_mrr numeric,
	top_share numeric,
	herfindahl_index numeric,
	net_revenue_retention numeric,
	net_revenue_retention_without_top numeric
)
	AS 'MODULE_PATHNAME', 'nm_revenue_concentration' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.revenue_concentration(nudge.mrr_state, date, integer, date, text) IS
	'How much MRR the largest customers hold at the close of a day, and net revenue retention over [start_day, at] (default: 12 months) with and without them. Not STRICT: a NULL start_day has a meaning';
