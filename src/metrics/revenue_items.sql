/*
 * revenue_items.sql
 *		Recurring revenue by price item: mrr_item_state, why revenue moved, and
 *		what customers buy.
 *
 * The numbers are defined in doc/revenue_items.md.
 */

--@ include src/kernel/state_type.sql type=mrr_item_state prefix=item

COMMENT ON TYPE nudge.mrr_item_state IS
	'Recurring revenue of any number of customers by price item: all their periods with plan, quantity, price, discount, currency and rate, mergeable by rollup() and combine()';

--@ for key=bigint,uuid,text k=int8,uuid,text
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer @key@, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_@k@_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, @key@, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer @key@, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(@key@, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Days are civil dates.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer @key@, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_@k@_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, @key@, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer @key@, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(@key@, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times are instants.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer @key@, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_@k@_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, @key@, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer @key@, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(@key@, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times without zone are read as UTC.';
--@ end

-- Accessors ---------------------------------------------------------------

CREATE FUNCTION nudge.as_mrr_state(state nudge.mrr_item_state, base_currency text DEFAULT NULL) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_item_as_mrr_state' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.as_mrr_state(nudge.mrr_item_state, text) IS
	'The amounts in base currency as a state that every revenue accessor reads; changes of rates are expansion and contraction there. Not STRICT: a NULL base_currency is none';

CREATE FUNCTION nudge.mrr_waterfall(
	state nudge.mrr_item_state,
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
	AS 'MODULE_PATHNAME', 'nm_item_waterfall' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 36 COST 10000;
COMMENT ON FUNCTION nudge.mrr_waterfall(nudge.mrr_item_state, text, text, timestamptz, text, date, date, interval, interval, text, interval, text, integer) IS
	'A row per period in base currency, as of a state without items, but with what comes only from exchange rates in fx_mrr. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.mrr_causes(
	state nudge.mrr_item_state,
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
	movement text,
	cause text,
	amount numeric,
	customers bigint,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_mrr_causes' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 300 COST 10000;
COMMENT ON FUNCTION nudge.mrr_causes(nudge.mrr_item_state, text, text, timestamptz, text, date, date, interval, interval, text, interval, text, integer) IS
	'Why MRR moved: a row per period, movement and cause; the causes of a movement add up to it. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.mrr_cause_movements(
	state nudge.mrr_item_state,
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
	item text,
	plan text,
	currency text,
	movement text,
	cause text,
	amount numeric,
	mrr_before numeric,
	mrr_after numeric,
	at timestamptz
)
	AS 'MODULE_PATHNAME', 'nm_mrr_cause_movements' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.mrr_cause_movements(nudge.mrr_item_state, text, text, timestamptz, text, date, date, interval, interval, text, interval, text, integer) IS
	'The drill-down of mrr_causes: a row per customer, item, movement and cause, with the MRR of the item before and after. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.mrr_item_periods(state nudge.mrr_item_state)
	RETURNS TABLE (
		customer text,
		item text,
		valid_from timestamptz,
		valid_to timestamptz,
		plan text,
		quantity numeric,
		gross numeric,
		discount numeric,
		currency text,
		rate numeric,
		mrr numeric,
		end_reason text
	)
	AS 'MODULE_PATHNAME', 'nm_mrr_item_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.mrr_item_periods(nudge.mrr_item_state) IS
	'The periods that a state holds: gross and discount in their currency, mrr in the base currency; civil days are shown as their midnight in UTC';

CREATE FUNCTION nudge.product_attachment(state nudge.mrr_item_state, at date, zone text DEFAULT 'UTC', count_by text DEFAULT 'item')
	RETURNS TABLE (product text, customers bigint, share_of_customers numeric, mrr numeric)
	AS 'MODULE_PATHNAME', 'nm_product_attachment' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20 COST 10000;
COMMENT ON FUNCTION nudge.product_attachment(nudge.mrr_item_state, date, text, text) IS
	'How many customers pay for each item, or each plan, at the close of a day';

CREATE FUNCTION nudge.products_per_customer(state nudge.mrr_item_state, at date, zone text DEFAULT 'UTC', count_by text DEFAULT 'item')
	RETURNS TABLE (products bigint, customers bigint, share_of_customers numeric, mrr numeric)
	AS 'MODULE_PATHNAME', 'nm_products_per_customer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5 COST 10000;
COMMENT ON FUNCTION nudge.products_per_customer(nudge.mrr_item_state, date, text, text) IS
	'How many customers pay for one item, two, and so on at the close of a day; or for how many plans';

CREATE FUNCTION nudge.customer_products(state nudge.mrr_item_state, at date, zone text DEFAULT 'UTC', count_by text DEFAULT 'item')
	RETURNS TABLE (customer text, product text, mrr numeric)
	AS 'MODULE_PATHNAME', 'nm_customer_products' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.customer_products(nudge.mrr_item_state, date, text, text) IS
	'The drill-down of product_attachment and products_per_customer: what each customer pays for at the close of a day';

CREATE FUNCTION nudge.average_products(state nudge.mrr_item_state, at date, zone text DEFAULT 'UTC', count_by text DEFAULT 'item') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT sum(p.products * p.customers) / sum(p.customers)
	FROM nudge.products_per_customer(state, at, zone, count_by) p;
END;
COMMENT ON FUNCTION nudge.average_products(nudge.mrr_item_state, date, text, text) IS
	'Mean number of items, or of plans, that a customer pays for at the close of a day; NULL without customers';
