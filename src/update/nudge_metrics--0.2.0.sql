\echo Use "CREATE EXTENSION nudge_metrics" to load this file. \quit

-- src/kernel/calendar.sql

/*
 * calendar.sql
 *		Civil days of instants, periods of days, buckets of keys.
 */

CREATE FUNCTION nudge.civil_date(at timestamptz, zone text) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_civil_date' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.civil_date(timestamptz, text) IS 'The civil day of an instant in a named zone';

CREATE FUNCTION nudge.period_start(day date, grain text, week_start text DEFAULT 'monday', fiscal_year_start integer DEFAULT 1) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_period_start_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.period_start(date, text, text, integer) IS
	'First day of the period that holds a day; grain is day, week, month, quarter, year, 4-4-5, 4-5-4 or 5-4-4';
CREATE FUNCTION nudge.period_end(day date, grain text, week_start text DEFAULT 'monday', fiscal_year_start integer DEFAULT 1) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_period_end_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.period_end(date, text, text, integer) IS
	'The day after the last of the period that holds a day; grains as in period_start';

CREATE FUNCTION nudge.bucket(key bigint, n integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_bucket_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.bucket(bigint, integer) IS 'Hash bucket 0 .. n-1 of a key, the same on every machine and version';
CREATE FUNCTION nudge.bucket(key uuid, n integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_bucket_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.bucket(uuid, integer) IS 'Hash bucket 0 .. n-1 of a key, the same on every machine and version';
CREATE FUNCTION nudge.bucket(key text, n integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_bucket_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.bucket(text, integer) IS 'Hash bucket 0 .. n-1 of a key, the same on every machine and version';

-- src/metrics/revenue.sql

/*
 * revenue.sql
 *		Recurring revenue: mrr_state, its aggregates and its accessors.
 *
 * The numbers are defined in doc/revenue.md.
 */

/*
 * state_type.sql
 *		What every state type has, mrr_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.mrr_state;

CREATE FUNCTION nudge.mrr_state_in(cstring) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.mrr_state_out(nudge.mrr_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_mrr_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.mrr_state_recv(internal) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.mrr_state_send(nudge.mrr_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_mrr_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.mrr_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.mrr_state_in,
	OUTPUT = nudge.mrr_state_out,
	RECEIVE = nudge.mrr_state_recv,
	SEND = nudge.mrr_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.mrr_state_in(cstring) IS 'Text input of mrr_state';
COMMENT ON FUNCTION nudge.mrr_state_out(nudge.mrr_state) IS 'Text output of mrr_state';
COMMENT ON FUNCTION nudge.mrr_state_recv(internal) IS 'Binary input of mrr_state';
COMMENT ON FUNCTION nudge.mrr_state_send(nudge.mrr_state) IS 'Binary output of mrr_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.mrr_state_eq(nudge.mrr_state, nudge.mrr_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_eq(nudge.mrr_state, nudge.mrr_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.mrr_state_ne(nudge.mrr_state, nudge.mrr_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_ne(nudge.mrr_state, nudge.mrr_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.mrr_state_lt(nudge.mrr_state, nudge.mrr_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_lt(nudge.mrr_state, nudge.mrr_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.mrr_state_le(nudge.mrr_state, nudge.mrr_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_le(nudge.mrr_state, nudge.mrr_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.mrr_state_gt(nudge.mrr_state, nudge.mrr_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_gt(nudge.mrr_state, nudge.mrr_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.mrr_state_ge(nudge.mrr_state, nudge.mrr_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_ge(nudge.mrr_state, nudge.mrr_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.mrr_state_cmp(nudge.mrr_state, nudge.mrr_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_cmp(nudge.mrr_state, nudge.mrr_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.mrr_state_hash(nudge.mrr_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_hash(nudge.mrr_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.mrr_state_hash_extended(nudge.mrr_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_hash_extended(nudge.mrr_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.mrr_state, RIGHTARG = nudge.mrr_state, FUNCTION = nudge.mrr_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.mrr_state, nudge.mrr_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.mrr_state, RIGHTARG = nudge.mrr_state, FUNCTION = nudge.mrr_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.mrr_state, nudge.mrr_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.mrr_state, RIGHTARG = nudge.mrr_state, FUNCTION = nudge.mrr_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.mrr_state, nudge.mrr_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.mrr_state, RIGHTARG = nudge.mrr_state, FUNCTION = nudge.mrr_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.mrr_state, nudge.mrr_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.mrr_state, RIGHTARG = nudge.mrr_state, FUNCTION = nudge.mrr_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.mrr_state, nudge.mrr_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.mrr_state, RIGHTARG = nudge.mrr_state, FUNCTION = nudge.mrr_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.mrr_state, nudge.mrr_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.mrr_state_ops DEFAULT FOR TYPE nudge.mrr_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.mrr_state_cmp(nudge.mrr_state, nudge.mrr_state);
COMMENT ON OPERATOR CLASS nudge.mrr_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.mrr_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.mrr_state_hash_ops DEFAULT FOR TYPE nudge.mrr_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.mrr_state_hash(nudge.mrr_state),
	FUNCTION 2 nudge.mrr_state_hash_extended(nudge.mrr_state, bigint);
COMMENT ON OPERATOR CLASS nudge.mrr_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.mrr_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.mrr_state_final(nudge.mrr_state) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_state_final(nudge.mrr_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.mrr_state, b nudge.mrr_state) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.mrr_state, nudge.mrr_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.mrr_state) (
	SFUNC = nudge.combine, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.mrr_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.mrr_state IS
	'Recurring revenue of any number of customers: all their periods, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer bigint, valid_from date, valid_to date, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, bigint, date, date, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer bigint, valid_from date, valid_to date, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(bigint, date, date, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer bigint, valid_from timestamptz, valid_to timestamptz, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, bigint, timestamptz, timestamptz, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer bigint, valid_from timestamptz, valid_to timestamptz, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(bigint, timestamptz, timestamptz, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer bigint, valid_from timestamp, valid_to timestamp, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, bigint, timestamp, timestamp, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer bigint, valid_from timestamp, valid_to timestamp, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(bigint, timestamp, timestamp, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer uuid, valid_from date, valid_to date, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, uuid, date, date, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer uuid, valid_from date, valid_to date, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(uuid, date, date, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer uuid, valid_from timestamptz, valid_to timestamptz, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, uuid, timestamptz, timestamptz, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer uuid, valid_from timestamptz, valid_to timestamptz, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(uuid, timestamptz, timestamptz, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer uuid, valid_from timestamp, valid_to timestamp, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, uuid, timestamp, timestamp, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer uuid, valid_from timestamp, valid_to timestamp, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(uuid, timestamp, timestamp, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer text, valid_from date, valid_to date, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, text, date, date, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer text, valid_from date, valid_to date, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(text, date, date, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer text, valid_from timestamptz, valid_to timestamptz, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, text, timestamptz, timestamptz, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer text, valid_from timestamptz, valid_to timestamptz, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(text, timestamptz, timestamptz, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants.';
CREATE FUNCTION nudge.mrr_trans(state nudge.mrr_state, customer text, valid_from timestamp, valid_to timestamp, mrr numeric) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_trans(nudge.mrr_state, text, timestamp, timestamp, numeric) IS 'Transition function of mrr_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_agg(customer text, valid_from timestamp, valid_to timestamp, mrr numeric) (
	SFUNC = nudge.mrr_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_agg(text, timestamp, timestamp, numeric) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer bigint, valid_from date, valid_to date, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, bigint, date, date, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer bigint, valid_from date, valid_to date, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(bigint, date, date, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer bigint, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, bigint, timestamptz, timestamptz, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer bigint, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(bigint, timestamptz, timestamptz, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer bigint, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, bigint, timestamp, timestamp, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer bigint, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(bigint, timestamp, timestamp, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer uuid, valid_from date, valid_to date, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, uuid, date, date, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer uuid, valid_from date, valid_to date, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(uuid, date, date, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer uuid, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, uuid, timestamptz, timestamptz, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer uuid, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(uuid, timestamptz, timestamptz, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer uuid, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, uuid, timestamp, timestamp, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer uuid, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(uuid, timestamp, timestamp, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer text, valid_from date, valid_to date, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, text, date, date, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer text, valid_from date, valid_to date, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(text, date, date, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Days are civil dates. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer text, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, text, timestamptz, timestamptz, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer text, valid_from timestamptz, valid_to timestamptz, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(text, timestamptz, timestamptz, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times are instants. The currency must be the same in every row.';
CREATE FUNCTION nudge.mrr_currency_trans(state nudge.mrr_state, customer text, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) RETURNS nudge.mrr_state
	AS 'MODULE_PATHNAME', 'nm_mrr_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_currency_trans(nudge.mrr_state, text, timestamp, timestamp, numeric, text) IS 'Transition function of mrr_currency_agg; not STRICT, since a NULL end means open and other NULLs are errors';
CREATE AGGREGATE nudge.mrr_currency_agg(customer text, valid_from timestamp, valid_to timestamp, mrr numeric, currency text) (
	SFUNC = nudge.mrr_currency_trans, STYPE = nudge.mrr_state, FINALFUNC = nudge.mrr_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_currency_agg(text, timestamp, timestamp, numeric, text) IS
	'State of recurring revenue from periods [valid_from, valid_to) at a monthly amount; a NULL end is open. Times without zone are read as UTC. The currency must be the same in every row.';

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

-- src/metrics/revenue_rates.sql

/*
 * revenue_rates.sql
 *		Rates over a window [start_day, end_day): one line each over mrr_summary.
 *
 * Every rate is NULL where its denominator is 0.  Definitions: doc/revenue_rates.md.
 */

CREATE FUNCTION nudge.net_revenue_retention(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.net_revenue_retention(nudge.mrr_state, date, date, text) IS
	'Closing MRR of the customers that had MRR when the window opened, over what they had then';

CREATE FUNCTION nudge.gross_revenue_retention(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.opening_mrr + r.contraction_mrr + r.churn_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.gross_revenue_retention(nudge.mrr_state, date, date, text) IS
	'The same with each customer counted at no more than its opening MRR: never above 1';

CREATE FUNCTION nudge.logo_retention(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.opening_customers - r.churned_customers)::numeric / nullif(r.opening_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.logo_retention(nudge.mrr_state, date, date, text) IS
	'Share of the opening customers that still have MRR when the window closes';

CREATE FUNCTION nudge.gross_mrr_churn_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -(r.churn_mrr + r.contraction_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.gross_mrr_churn_rate(nudge.mrr_state, date, date, text) IS
	'Churned and contracted MRR over opening MRR';

CREATE FUNCTION nudge.net_mrr_churn_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -(r.churn_mrr + r.contraction_mrr + r.expansion_mrr + r.reactivation_mrr) / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.net_mrr_churn_rate(nudge.mrr_state, date, date, text) IS
	'Churned and contracted less expanded and reactivated MRR over opening MRR; below 0 when the base grows';

CREATE FUNCTION nudge.expansion_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.expansion_mrr / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.expansion_rate(nudge.mrr_state, date, date, text) IS
	'Expansion MRR over opening MRR';

CREATE FUNCTION nudge.contraction_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -r.contraction_mrr / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.contraction_rate(nudge.mrr_state, date, date, text) IS
	'Contraction MRR over opening MRR, as a positive rate';

CREATE FUNCTION nudge.churned_mrr_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT -r.churn_mrr / nullif(r.opening_mrr, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.churned_mrr_rate(nudge.mrr_state, date, date, text) IS
	'Churned MRR over opening MRR, without contraction, as a positive rate';

CREATE FUNCTION nudge.account_expansion_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.expanded_customers::numeric / nullif(r.opening_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.account_expansion_rate(nudge.mrr_state, date, date, text) IS
	'Share of the opening customers whose MRR is higher when the window closes';

CREATE FUNCTION nudge.average_expansion(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.expansion_mrr / nullif(r.expanded_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.average_expansion(nudge.mrr_state, date, date, text) IS
	'Expansion MRR per expanded customer';

CREATE FUNCTION nudge.average_sale_price(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT r.new_mrr / nullif(r.new_customers, 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.average_sale_price(nudge.mrr_state, date, date, text) IS
	'New MRR per new customer';

CREATE FUNCTION nudge.logo_churn_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC', include_joiners boolean DEFAULT false) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN include_joiners
		THEN (SELECT r.churned_customers::numeric / nullif(r.opening_customers + r.new_customers + r.reactivated_customers, 0)
			  FROM nudge.mrr_summary(state, start_day, end_day, zone, 'event') r)
		ELSE (SELECT r.churned_customers::numeric / nullif(r.opening_customers, 0)
			  FROM nudge.mrr_summary(state, start_day, end_day, zone) r)
		END;
COMMENT ON FUNCTION nudge.logo_churn_rate(nudge.mrr_state, date, date, text, boolean) IS
	'Share of the opening customers that have no MRR when the window closes; include_joiners counts every churn in the window over opening, new and reactivated customers';

CREATE FUNCTION nudge.quick_ratio(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC', include_reactivation boolean DEFAULT false) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT (r.new_mrr + r.expansion_mrr + CASE WHEN include_reactivation THEN r.reactivation_mrr ELSE 0 END)
				/ nullif(-(r.contraction_mrr + r.churn_mrr), 0)
			FROM nudge.mrr_summary(state, start_day, end_day, zone) r);
COMMENT ON FUNCTION nudge.quick_ratio(nudge.mrr_state, date, date, text, boolean) IS
	'New and expansion MRR (and reactivation, if asked for) over contracted and churned MRR';

CREATE FUNCTION nudge.arpa(state nudge.mrr_state, at date, zone text DEFAULT 'UTC') RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN nudge.mrr_at(state, at, zone) / nullif(nudge.customers_at(state, at, zone), 0);
COMMENT ON FUNCTION nudge.arpa(nudge.mrr_state, date, text) IS
	'Average revenue per account: MRR per customer with MRR above 0, at the close of a day';

CREATE FUNCTION nudge.mrr_growth_rate(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC', component text DEFAULT 'total') RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_mrr_growth_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.mrr_growth_rate(nudge.mrr_state, date, date, text, text) IS
	'Growth of MRR over a window, or of one component against the window of the same length before it';

CREATE FUNCTION nudge.mrr_period_to_date(
	state nudge.mrr_state,
	as_of date,
	grain text DEFAULT 'month',
	periods_back integer DEFAULT 1,
	zone text DEFAULT 'UTC',
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	elapsed_days integer,
	opening_mrr numeric,
	new_mrr numeric,
	reactivation_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	fx_mrr numeric,
	net_new_mrr numeric,
	closing_mrr numeric
)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	WITH RECURSIVE starts(n, first_day) AS (
		SELECT 0, nudge.period_start(as_of, grain, week_start, fiscal_year_start)
		UNION ALL
		SELECT s.n + 1, nudge.period_start(s.first_day - 1, grain, week_start, fiscal_year_start)
		FROM starts s WHERE s.n < periods_back
	), windows AS (
		SELECT s.n, s.first_day, least(s.first_day + (as_of - c.first_day) + 1,
			nudge.period_end(s.first_day, grain, week_start, fiscal_year_start)) AS end_day
		FROM starts s, starts c WHERE c.n = 0
	)
	SELECT w.first_day, w.end_day - w.first_day, r.opening_mrr, r.new_mrr, r.reactivation_mrr, r.expansion_mrr,
		r.contraction_mrr, r.churn_mrr, r.fx_mrr, r.net_new_mrr, r.closing_mrr
	FROM windows w, LATERAL nudge.mrr_summary(state, w.first_day, w.end_day, zone) r
	WHERE w.n IN (0, periods_back)
	ORDER BY w.first_day DESC;
END;
COMMENT ON FUNCTION nudge.mrr_period_to_date(nudge.mrr_state, date, text, integer, text, text, integer) IS
	'The running period through the close of as_of, and the same number of days of an earlier period';

-- src/metrics/revenue_cohorts.sql

/*
 * revenue_cohorts.sql
 *		Cohorts by first paid period, and what became of their revenue.
 */

CREATE FUNCTION nudge.revenue_cohorts(
	state nudge.mrr_state,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	cohort date,
	age integer,
	period date,
	cohort_customers bigint,
	cohort_mrr numeric,
	customers bigint,
	mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	reactivation_mrr numeric,
	logo_retention numeric,
	net_revenue_retention numeric,
	gross_revenue_retention numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_revenue_cohorts' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 500 COST 10000;
COMMENT ON FUNCTION nudge.revenue_cohorts(nudge.mrr_state, text, text, timestamptz, text, integer) IS
	'A row per cohort (period of the first paid day) and age: customers and MRR at the close of the period, and what is retained. Not STRICT: a NULL as_of has a meaning';

-- src/metrics/revenue_items.sql

/*
 * revenue_items.sql
 *		Recurring revenue by price item: mrr_item_state, why revenue moved, and
 *		what customers buy.
 *
 * The numbers are defined in doc/revenue_items.md.
 */

/*
 * state_type.sql
 *		What every state type has, mrr_item_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.mrr_item_state;

CREATE FUNCTION nudge.mrr_item_state_in(cstring) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.mrr_item_state_out(nudge.mrr_item_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_item_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.mrr_item_state_recv(internal) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.mrr_item_state_send(nudge.mrr_item_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_item_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.mrr_item_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.mrr_item_state_in,
	OUTPUT = nudge.mrr_item_state_out,
	RECEIVE = nudge.mrr_item_state_recv,
	SEND = nudge.mrr_item_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.mrr_item_state_in(cstring) IS 'Text input of mrr_item_state';
COMMENT ON FUNCTION nudge.mrr_item_state_out(nudge.mrr_item_state) IS 'Text output of mrr_item_state';
COMMENT ON FUNCTION nudge.mrr_item_state_recv(internal) IS 'Binary input of mrr_item_state';
COMMENT ON FUNCTION nudge.mrr_item_state_send(nudge.mrr_item_state) IS 'Binary output of mrr_item_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.mrr_item_state_eq(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_eq(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.mrr_item_state_ne(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_ne(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.mrr_item_state_lt(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_lt(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.mrr_item_state_le(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_le(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.mrr_item_state_gt(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_gt(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.mrr_item_state_ge(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_ge(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.mrr_item_state_cmp(nudge.mrr_item_state, nudge.mrr_item_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_cmp(nudge.mrr_item_state, nudge.mrr_item_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.mrr_item_state_hash(nudge.mrr_item_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_hash(nudge.mrr_item_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.mrr_item_state_hash_extended(nudge.mrr_item_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_hash_extended(nudge.mrr_item_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.mrr_item_state, RIGHTARG = nudge.mrr_item_state, FUNCTION = nudge.mrr_item_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.mrr_item_state, nudge.mrr_item_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.mrr_item_state, RIGHTARG = nudge.mrr_item_state, FUNCTION = nudge.mrr_item_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.mrr_item_state, nudge.mrr_item_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.mrr_item_state, RIGHTARG = nudge.mrr_item_state, FUNCTION = nudge.mrr_item_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.mrr_item_state, nudge.mrr_item_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.mrr_item_state, RIGHTARG = nudge.mrr_item_state, FUNCTION = nudge.mrr_item_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.mrr_item_state, nudge.mrr_item_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.mrr_item_state, RIGHTARG = nudge.mrr_item_state, FUNCTION = nudge.mrr_item_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.mrr_item_state, nudge.mrr_item_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.mrr_item_state, RIGHTARG = nudge.mrr_item_state, FUNCTION = nudge.mrr_item_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.mrr_item_state, nudge.mrr_item_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.mrr_item_state_ops DEFAULT FOR TYPE nudge.mrr_item_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.mrr_item_state_cmp(nudge.mrr_item_state, nudge.mrr_item_state);
COMMENT ON OPERATOR CLASS nudge.mrr_item_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.mrr_item_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.mrr_item_state_hash_ops DEFAULT FOR TYPE nudge.mrr_item_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.mrr_item_state_hash(nudge.mrr_item_state),
	FUNCTION 2 nudge.mrr_item_state_hash_extended(nudge.mrr_item_state, bigint);
COMMENT ON OPERATOR CLASS nudge.mrr_item_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.mrr_item_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.mrr_item_state_final(nudge.mrr_item_state) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_state_final(nudge.mrr_item_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.mrr_item_state, b nudge.mrr_item_state) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.mrr_item_state, nudge.mrr_item_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.mrr_item_state) (
	SFUNC = nudge.combine, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.mrr_item_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.mrr_item_state IS
	'Recurring revenue of any number of customers by price item: all their periods with plan, quantity, price, discount, currency and rate, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer bigint, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, bigint, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer bigint, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(bigint, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Days are civil dates.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer bigint, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, bigint, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer bigint, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(bigint, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times are instants.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer bigint, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, bigint, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer bigint, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(bigint, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times without zone are read as UTC.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer uuid, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, uuid, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer uuid, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(uuid, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Days are civil dates.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer uuid, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, uuid, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer uuid, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(uuid, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times are instants.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer uuid, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, uuid, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer uuid, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(uuid, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times without zone are read as UTC.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer text, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, text, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer text, item text, valid_from date, valid_to date, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(text, text, date, date, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Days are civil dates.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer text, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, text, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer text, item text, valid_from timestamptz, valid_to timestamptz, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(text, text, timestamptz, timestamptz, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times are instants.';
CREATE FUNCTION nudge.mrr_item_trans(state nudge.mrr_item_state, customer text, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) RETURNS nudge.mrr_item_state
	AS 'MODULE_PATHNAME', 'nm_item_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.mrr_item_trans(nudge.mrr_item_state, text, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS 'Transition function of mrr_item_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.mrr_item_agg(customer text, item text, valid_from timestamp, valid_to timestamp, plan text, quantity numeric, unit_amount numeric, discount numeric, currency text, rate numeric, end_reason text) (
	SFUNC = nudge.mrr_item_trans, STYPE = nudge.mrr_item_state, FINALFUNC = nudge.mrr_item_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.mrr_item_agg(text, text, timestamp, timestamp, text, numeric, numeric, numeric, text, numeric, text) IS
	'State of recurring revenue by item from periods [valid_from, valid_to): quantity times monthly unit_amount less discount in a currency, rate base units each; end_reason is voluntary, involuntary or NULL. Times without zone are read as UTC.';

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

-- src/metrics/currency.sql

/*
 * currency.sql
 *		Exchange rates, and periods converted by them.
 *
 * Rules: doc/currency.md.
 */

CREATE TYPE nudge.exchange_rate AS (
	currency text,
	day date,
	rate numeric
);
COMMENT ON TYPE nudge.exchange_rate IS
	'What one unit of a currency was worth in the base currency at the close of a day; it holds until the next';
COMMENT ON COLUMN nudge.exchange_rate.currency IS 'Three letters, such as EUR';
COMMENT ON COLUMN nudge.exchange_rate.day IS 'First day on which the rate holds';
COMMENT ON COLUMN nudge.exchange_rate.rate IS 'Units of the base currency for one unit of this one';

CREATE FUNCTION nudge.currency_minor_unit(currency text) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_currency_minor_unit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.currency_minor_unit(text) IS
	'Number of decimals of a currency as in ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD';

CREATE FUNCTION nudge.exchange_rate_at(rates nudge.exchange_rate[], currency text, day date) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_exchange_rate_at' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.exchange_rate_at(nudge.exchange_rate[], text, date) IS
	'The latest rate of a currency on or before a day; none is an error. Not STRICT: NULL rates are no rates';

CREATE FUNCTION nudge.convert_periods(
	valid_from date,
	valid_to date,
	amount numeric,
	currency text,
	base_currency text,
	rates nudge.exchange_rate[],
	policy text DEFAULT 'month_end',
	as_of date DEFAULT NULL
) RETURNS TABLE (
	valid_from date,
	valid_to date,
	amount_base numeric,
	rate numeric
)
	AS 'MODULE_PATHNAME', 'nm_convert_periods' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION nudge.convert_periods(date, date, numeric, text, text, nudge.exchange_rate[], text, date) IS
	'A period in the base currency, as one period for each rate that applies. Not STRICT: a NULL valid_to is open, NULL rates are no rates, a NULL as_of is no limit';

-- src/metrics/unit_economics.sql

/*
 * unit_economics.sql
 *		Monthly amounts of prices, lifetime value, payback, projected MRR.
 *
 * Formulas: doc/unit_economics.md.
 */

CREATE FUNCTION nudge.monthly_amount(
	amount numeric,
	interval_unit text,
	interval_count integer DEFAULT 1,
	quantity numeric DEFAULT 1,
	weeks_per_month numeric DEFAULT NULL,
	days_per_month numeric DEFAULT NULL
) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_monthly_amount' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.monthly_amount(numeric, text, integer, numeric, numeric, numeric) IS
	'What a price billed every interval_count days, weeks, months, quarters or years is a month, unrounded. Not STRICT: NULL weeks_per_month is 52/12 and NULL days_per_month 365/12';

CREATE FUNCTION nudge.ltv(arpa numeric, gross_margin numeric, churn_rate numeric) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_ltv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.ltv(numeric, numeric, numeric) IS
	'Lifetime value of a customer: ARPA times gross margin over the monthly customer churn rate; NULL without churn';

CREATE FUNCTION nudge.cac_payback_months(cac numeric, arpa numeric, gross_margin numeric DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_cac_payback_months' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.cac_payback_months(numeric, numeric, numeric) IS
	'Months until the gross margin of a customer has paid for its acquisition; NULL if it never does';

CREATE FUNCTION nudge.project_mrr(
	opening_mrr numeric,
	months integer,
	new_mrr numeric DEFAULT 0,
	new_growth_rate numeric DEFAULT 0,
	churn_rate numeric DEFAULT 0,
	contraction_rate numeric DEFAULT 0,
	expansion_rate numeric DEFAULT 0,
	minor_unit integer DEFAULT 2
) RETURNS TABLE (
	month integer,
	opening_mrr numeric,
	new_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churn_mrr numeric,
	net_new_mrr numeric,
	closing_mrr numeric,
	cumulative_net_new_mrr numeric
)
	AS 'MODULE_PATHNAME', 'nm_project_mrr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION nudge.project_mrr(numeric, integer, numeric, numeric, numeric, numeric, numeric, integer) IS
	'MRR month by month under constant monthly rates: a row per month whose signed parts add up to closing less opening MRR';
