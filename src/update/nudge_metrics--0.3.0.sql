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

-- src/metrics/statistics.sql

/*
 * statistics.sql
 *		Tests and intervals for rates: which difference is more than chance.
 *
 * Definitions: doc/statistics.md.
 */

CREATE FUNCTION nudge.two_proportion_test(
	successes_a bigint,
	trials_a bigint,
	successes_b bigint,
	trials_b bigint,
	OUT rate_a numeric,
	OUT rate_b numeric,
	OUT difference numeric,
	OUT z double precision,
	OUT p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_two_proportion_test' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.two_proportion_test(bigint, bigint, bigint, bigint) IS
	'Whether two rates differ by more than chance: pooled two-sided z test, z and p_value NULL where a group is empty or both are all or none';

CREATE FUNCTION nudge.proportions_test(
	successes bigint[],
	trials bigint[],
	OUT chi_squared double precision,
	OUT degrees_of_freedom integer,
	OUT p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_proportions_test' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.proportions_test(bigint[], bigint[]) IS
	'Whether the rates of several groups differ by more than chance: Pearson''s chi-squared test, without the groups that have no trials';

CREATE FUNCTION nudge.wilson_interval(
	successes bigint,
	trials bigint,
	confidence double precision DEFAULT 0.95,
	OUT rate numeric,
	OUT rate_low double precision,
	OUT rate_high double precision
)
	AS 'MODULE_PATHNAME', 'nm_wilson_interval' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.wilson_interval(bigint, bigint, double precision) IS
	'A rate and its Wilson score interval; NULLs without trials';

CREATE FUNCTION nudge.drop_off_test(
	successes bigint,
	trials bigint,
	baseline_successes bigint,
	baseline_trials bigint,
	alpha double precision DEFAULT 0.05,
	threshold double precision DEFAULT 0.20,
	OUT rate numeric,
	OUT baseline_rate numeric,
	OUT relative_change numeric,
	OUT z double precision,
	OUT p_value double precision,
	OUT significant boolean,
	OUT intervene boolean
)
	AS 'MODULE_PATHNAME', 'nm_drop_off_test' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.drop_off_test(bigint, bigint, bigint, bigint, double precision, double precision) IS
	'Whether a rate fell below its baseline by at least the threshold, relative to the baseline, and by more than chance: then intervene';

-- src/metrics/activity.sql

/*
 * activity.sql
 *		Activity: activity_state, its aggregates, its users and their days.
 *
 * The numbers are defined in doc/activity.md.
 */

/*
 * state_type.sql
 *		What every state type has, activity_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.activity_state;

CREATE FUNCTION nudge.activity_state_in(cstring) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.activity_state_out(nudge.activity_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_activity_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.activity_state_recv(internal) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.activity_state_send(nudge.activity_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_activity_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.activity_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.activity_state_in,
	OUTPUT = nudge.activity_state_out,
	RECEIVE = nudge.activity_state_recv,
	SEND = nudge.activity_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.activity_state_in(cstring) IS 'Text input of activity_state';
COMMENT ON FUNCTION nudge.activity_state_out(nudge.activity_state) IS 'Text output of activity_state';
COMMENT ON FUNCTION nudge.activity_state_recv(internal) IS 'Binary input of activity_state';
COMMENT ON FUNCTION nudge.activity_state_send(nudge.activity_state) IS 'Binary output of activity_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.activity_state_eq(nudge.activity_state, nudge.activity_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_eq(nudge.activity_state, nudge.activity_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.activity_state_ne(nudge.activity_state, nudge.activity_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_ne(nudge.activity_state, nudge.activity_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.activity_state_lt(nudge.activity_state, nudge.activity_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_lt(nudge.activity_state, nudge.activity_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.activity_state_le(nudge.activity_state, nudge.activity_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_le(nudge.activity_state, nudge.activity_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.activity_state_gt(nudge.activity_state, nudge.activity_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_gt(nudge.activity_state, nudge.activity_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.activity_state_ge(nudge.activity_state, nudge.activity_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_ge(nudge.activity_state, nudge.activity_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.activity_state_cmp(nudge.activity_state, nudge.activity_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_cmp(nudge.activity_state, nudge.activity_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.activity_state_hash(nudge.activity_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_hash(nudge.activity_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.activity_state_hash_extended(nudge.activity_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_hash_extended(nudge.activity_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.activity_state, RIGHTARG = nudge.activity_state, FUNCTION = nudge.activity_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.activity_state, nudge.activity_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.activity_state, RIGHTARG = nudge.activity_state, FUNCTION = nudge.activity_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.activity_state, nudge.activity_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.activity_state, RIGHTARG = nudge.activity_state, FUNCTION = nudge.activity_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.activity_state, nudge.activity_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.activity_state, RIGHTARG = nudge.activity_state, FUNCTION = nudge.activity_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.activity_state, nudge.activity_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.activity_state, RIGHTARG = nudge.activity_state, FUNCTION = nudge.activity_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.activity_state, nudge.activity_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.activity_state, RIGHTARG = nudge.activity_state, FUNCTION = nudge.activity_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.activity_state, nudge.activity_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.activity_state_ops DEFAULT FOR TYPE nudge.activity_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.activity_state_cmp(nudge.activity_state, nudge.activity_state);
COMMENT ON OPERATOR CLASS nudge.activity_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.activity_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.activity_state_hash_ops DEFAULT FOR TYPE nudge.activity_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.activity_state_hash(nudge.activity_state),
	FUNCTION 2 nudge.activity_state_hash_extended(nudge.activity_state, bigint);
COMMENT ON OPERATOR CLASS nudge.activity_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.activity_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.activity_state_final(nudge.activity_state) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_state_final(nudge.activity_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.activity_state, b nudge.activity_state) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.activity_state, nudge.activity_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.activity_state) (
	SFUNC = nudge.combine, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.activity_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.activity_state IS
	'Which users were active on which civil days, and if asked for with how many actions: mergeable by rollup() and combine()';

CREATE FUNCTION nudge.activity_trans(state nudge.activity_state, user_id bigint, day date) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_trans_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_trans(nudge.activity_state, bigint, date) IS 'Transition function of activity_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_agg(user_id bigint, day date) (
	SFUNC = nudge.activity_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_agg(bigint, date) IS
	'State of activity from a row for each user and civil day; rows of one user and day count once';

CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id bigint, at timestamptz, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, bigint, timestamptz, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id bigint, at timestamptz, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(bigint, timestamptz, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as instants.';
CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id bigint, at timestamp, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, bigint, timestamp, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id bigint, at timestamp, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(bigint, timestamp, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as UTC.';

CREATE FUNCTION nudge.activity_count_trans(state nudge.activity_state, user_id bigint, day date, actions bigint) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_count_trans_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_count_trans(nudge.activity_state, bigint, date, bigint) IS 'Transition function of activity_count_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_count_agg(user_id bigint, day date, actions bigint) (
	SFUNC = nudge.activity_count_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_count_agg(bigint, date, bigint) IS
	'State of activity that counts actions by user and civil day: rows add up, 0 actions are no activity';

CREATE FUNCTION nudge.activity_trans(state nudge.activity_state, user_id uuid, day date) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_trans_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_trans(nudge.activity_state, uuid, date) IS 'Transition function of activity_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_agg(user_id uuid, day date) (
	SFUNC = nudge.activity_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_agg(uuid, date) IS
	'State of activity from a row for each user and civil day; rows of one user and day count once';

CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id uuid, at timestamptz, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, uuid, timestamptz, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id uuid, at timestamptz, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(uuid, timestamptz, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as instants.';
CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id uuid, at timestamp, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, uuid, timestamp, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id uuid, at timestamp, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(uuid, timestamp, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as UTC.';

CREATE FUNCTION nudge.activity_count_trans(state nudge.activity_state, user_id uuid, day date, actions bigint) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_count_trans_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_count_trans(nudge.activity_state, uuid, date, bigint) IS 'Transition function of activity_count_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_count_agg(user_id uuid, day date, actions bigint) (
	SFUNC = nudge.activity_count_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_count_agg(uuid, date, bigint) IS
	'State of activity that counts actions by user and civil day: rows add up, 0 actions are no activity';

CREATE FUNCTION nudge.activity_trans(state nudge.activity_state, user_id text, day date) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_trans_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_trans(nudge.activity_state, text, date) IS 'Transition function of activity_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_agg(user_id text, day date) (
	SFUNC = nudge.activity_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_agg(text, date) IS
	'State of activity from a row for each user and civil day; rows of one user and day count once';

CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id text, at timestamptz, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, text, timestamptz, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id text, at timestamptz, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(text, timestamptz, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as instants.';
CREATE FUNCTION nudge.activity_at_trans(state nudge.activity_state, user_id text, at timestamp, zone text) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_at_trans_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_at_trans(nudge.activity_state, text, timestamp, text) IS 'Transition function of activity_at_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_at_agg(user_id text, at timestamp, zone text) (
	SFUNC = nudge.activity_at_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_at_agg(text, timestamp, text) IS
	'State of activity from a row for each event; its day is that of a named zone, which may differ from row to row. Times are read as UTC.';

CREATE FUNCTION nudge.activity_count_trans(state nudge.activity_state, user_id text, day date, actions bigint) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_count_trans_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.activity_count_trans(nudge.activity_state, text, date, bigint) IS 'Transition function of activity_count_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.activity_count_agg(user_id text, day date, actions bigint) (
	SFUNC = nudge.activity_count_trans, STYPE = nudge.activity_state, FINALFUNC = nudge.activity_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.activity_count_agg(text, date, bigint) IS
	'State of activity that counts actions by user and civil day: rows add up, 0 actions are no activity';

CREATE FUNCTION nudge.activity_users(state nudge.activity_state, as_of date DEFAULT NULL)
	RETURNS TABLE (user_id text, first_day date, last_day date, active_days bigint, actions bigint)
	AS 'MODULE_PATHNAME', 'nm_activity_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10000 COST 10000;
COMMENT ON FUNCTION nudge.activity_users(nudge.activity_state, date) IS
	'A row per user active before as_of; actions is NULL in a state without counts. Not STRICT: a NULL as_of means all that is recorded';

CREATE FUNCTION nudge.activity_days(state nudge.activity_state)
	RETURNS TABLE (user_id text, day date, actions bigint)
	AS 'MODULE_PATHNAME', 'nm_activity_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100000 COST 10000;
COMMENT ON FUNCTION nudge.activity_days(nudge.activity_state) IS
	'A row per user and active day; actions is NULL in a state without counts';

CREATE FUNCTION nudge.activity_exclude(state nudge.activity_state, users text[]) RETURNS nudge.activity_state
	AS 'MODULE_PATHNAME', 'nm_activity_exclude_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION nudge.activity_exclude(nudge.activity_state, text[]) IS
	'The state without some users, given as text whatever the type of their keys; NULL if nobody is left. Not STRICT: NULL users exclude nobody';

CREATE FUNCTION nudge.activity_excluded(state nudge.activity_state, users text[])
	RETURNS TABLE (users bigint, active_days bigint, actions bigint)
	AS 'MODULE_PATHNAME', 'nm_activity_excluded' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 1000;
COMMENT ON FUNCTION nudge.activity_excluded(nudge.activity_state, text[]) IS
	'What activity_exclude takes away from a state: users of it, their active days and their actions. Not STRICT: NULL users exclude nobody';

-- src/metrics/retention.sql

/*
 * retention.sql
 *		Who came back: curves, cohorts, their trend, and survival.
 *
 * The numbers are defined in doc/retention.md.
 */

CREATE FUNCTION nudge.retention_curve(
	state nudge.activity_state,
	horizon integer DEFAULT 90,
	as_of date DEFAULT NULL,
	mode text DEFAULT 'on',
	edges integer[] DEFAULT NULL,
	min_actions integer DEFAULT 1,
	entry text DEFAULT 'first_ever',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	return_state nudge.activity_state DEFAULT NULL,
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	day integer,
	eligible bigint,
	retained bigint,
	churned bigint,
	rate numeric,
	rate_low double precision,
	rate_high double precision,
	last_day integer
)
	AS 'MODULE_PATHNAME', 'nm_retention_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 91 COST 10000;
COMMENT ON FUNCTION nudge.retention_curve(nudge.activity_state, integer, date, text, integer[], integer, text, date, date, nudge.activity_state, double precision) IS
	'A row per day after the first: users old enough by as_of, who of them came back, and the Wilson interval of the rate. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.retention_summary(
	state nudge.activity_state,
	as_of date DEFAULT NULL,
	mode text DEFAULT 'on',
	excluded text[] DEFAULT NULL
) RETURNS TABLE (
	users bigint,
	day_1 numeric,
	day_7 numeric,
	day_30 numeric,
	day_90 numeric,
	eligible_1 bigint,
	eligible_7 bigint,
	eligible_30 bigint,
	eligible_90 bigint,
	excluded_users bigint,
	excluded_days bigint
)
	AS 'MODULE_PATHNAME', 'nm_retention_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.retention_summary(nudge.activity_state, date, text, text[]) IS
	'Retention of days 1, 7, 30 and 90 in one row, without the users excluded, and what those did. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.retention_cohorts(
	state nudge.activity_state,
	grain text DEFAULT 'month',
	periods integer DEFAULT 12,
	as_of date DEFAULT NULL,
	entry text DEFAULT 'first_ever',
	mode text DEFAULT 'on',
	min_actions integer DEFAULT 1,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	return_state nudge.activity_state DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	cohort date,
	age integer,
	period date,
	cohort_users bigint,
	eligible bigint,
	retained bigint,
	rate numeric
)
	AS 'MODULE_PATHNAME', 'nm_retention_cohorts' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 500 COST 10000;
COMMENT ON FUNCTION nudge.retention_cohorts(nudge.activity_state, text, integer, date, text, text, integer, date, date, nudge.activity_state, text, integer) IS
	'A row per cohort (period of entry) and age in periods, and last, with a NULL cohort, the mean of each age weighted by users. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.retention_trend(
	state nudge.activity_state,
	age integer,
	grain text DEFAULT 'month',
	as_of date DEFAULT NULL,
	entry text DEFAULT 'first_ever',
	mode text DEFAULT 'on',
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	cohort date,
	eligible bigint,
	retained bigint,
	rate numeric,
	change numeric
)
	AS 'MODULE_PATHNAME', 'nm_retention_trend' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 50 COST 10000;
COMMENT ON FUNCTION nudge.retention_trend(nudge.activity_state, integer, text, date, text, text, text, integer) IS
	'Retention at one age, cohort by cohort as far as that age has elapsed, and its change from the cohort before. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.activity_survival(
	state nudge.activity_state,
	inactive_days integer DEFAULT 30,
	as_of date DEFAULT NULL,
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	day integer,
	at_risk bigint,
	lapsed bigint,
	censored bigint,
	survival double precision,
	survival_low double precision,
	survival_high double precision
)
	AS 'MODULE_PATHNAME', 'nm_activity_survival' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.activity_survival(nudge.activity_state, integer, date, double precision) IS
	'Kaplan-Meier survival of activity: a user lapses where more than inactive_days pass until the next active day, and is censored on the last day for which that is known; who came after it is left out. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.median_lifetime(
	state nudge.activity_state,
	inactive_days integer DEFAULT 30,
	as_of date DEFAULT NULL
) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_median_lifetime' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.median_lifetime(nudge.activity_state, integer, date) IS
	'First day on which at most half of the users are still active by activity_survival; NULL if that is not known yet. Not STRICT: NULL arguments have a meaning';

-- src/metrics/active_users.sql

/*
 * active_users.sql
 *		Active users: rolling windows, stickiness, lifecycle, classes of use.
 *
 * The numbers are defined in doc/active_users.md.
 */

CREATE FUNCTION nudge.active_users(
	state nudge.activity_state,
	window_days integer DEFAULT 1,
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	population bigint DEFAULT NULL
) RETURNS TABLE (
	day date,
	active_users bigint,
	new_users bigint,
	total_users bigint,
	share numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_active_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365 COST 10000;
COMMENT ON FUNCTION nudge.active_users(nudge.activity_state, integer, date, date, date, bigint) IS
	'A row per day: users active within the window_days days that end on it, users first seen on it, and the share of the population or of all users seen so far. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.stickiness(
	state nudge.activity_state,
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL
) RETURNS TABLE (
	day date,
	dau bigint,
	wau bigint,
	mau bigint,
	dau_wau numeric,
	dau_mau numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_stickiness' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365 COST 10000;
COMMENT ON FUNCTION nudge.stickiness(nudge.activity_state, date, date, date) IS
	'A row per day: users active on it, within 7 and within 30 days, and their ratios. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.stickiness_histogram(
	state nudge.activity_state,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	grain text DEFAULT 'day',
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	active_periods integer,
	users bigint,
	users_at_least bigint,
	share numeric
)
	AS 'MODULE_PATHNAME', 'nm_stickiness_histogram' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 30 COST 10000;
COMMENT ON FUNCTION nudge.stickiness_histogram(nudge.activity_state, date, date, text, text, integer) IS
	'A row for each number of periods of a range in which users can be active, none left out: users active in just so many, in so many or more, and their share of all active users. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.lifecycle(
	state nudge.activity_state,
	grain text DEFAULT 'week',
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	active_users bigint,
	new_users bigint,
	returning_users bigint,
	resurrecting_users bigint,
	dormant_users bigint,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_lifecycle' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.lifecycle(nudge.activity_state, text, date, date, date, text, integer) IS
	'A row per period: users active for the first time, in the period before too, and again after a break, and users active in the period before only. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.lifecycle_users(
	state nudge.activity_state,
	period date,
	grain text DEFAULT 'week',
	as_of date DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (user_id text, status text)
	AS 'MODULE_PATHNAME', 'nm_lifecycle_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10000 COST 10000;
COMMENT ON FUNCTION nudge.lifecycle_users(nudge.activity_state, date, text, date, text, integer) IS
	'The users behind the row of lifecycle whose period holds a day: new, returning, resurrecting or dormant. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.active_user_classes(
	state nudge.activity_state,
	grain text DEFAULT 'week',
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	population bigint DEFAULT NULL,
	power_above integer DEFAULT 10,
	regular_from integer DEFAULT NULL,
	week_start text DEFAULT 'monday'
) RETURNS TABLE (
	period date,
	power_users bigint,
	regular_users bigint,
	low_users bigint,
	dormant_users bigint,
	active_users bigint,
	qualified_users bigint,
	qualified_rate numeric,
	active_rate numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_active_user_classes' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.active_user_classes(nudge.activity_state, text, date, date, date, bigint, integer, integer, text) IS
	'Users by their actions in a calendar week, or in the seven days that end on a day: power, regular, low and, given a population, dormant. Not STRICT: NULL arguments have a meaning, NULL regular_from is 3, or power_above if that is less';

-- src/metrics/sequence.sql

/*
 * sequence.sql
 *		Events in order: sequence_state, patterns, transitions and paths.
 *
 * The definitions are in doc/sequence.md.
 */

/*
 * state_type.sql
 *		What every state type has, sequence_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.sequence_state;

CREATE FUNCTION nudge.sequence_state_in(cstring) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.sequence_state_out(nudge.sequence_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_sequence_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.sequence_state_recv(internal) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.sequence_state_send(nudge.sequence_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_sequence_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.sequence_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.sequence_state_in,
	OUTPUT = nudge.sequence_state_out,
	RECEIVE = nudge.sequence_state_recv,
	SEND = nudge.sequence_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.sequence_state_in(cstring) IS 'Text input of sequence_state';
COMMENT ON FUNCTION nudge.sequence_state_out(nudge.sequence_state) IS 'Text output of sequence_state';
COMMENT ON FUNCTION nudge.sequence_state_recv(internal) IS 'Binary input of sequence_state';
COMMENT ON FUNCTION nudge.sequence_state_send(nudge.sequence_state) IS 'Binary output of sequence_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.sequence_state_eq(nudge.sequence_state, nudge.sequence_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_eq(nudge.sequence_state, nudge.sequence_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.sequence_state_ne(nudge.sequence_state, nudge.sequence_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_ne(nudge.sequence_state, nudge.sequence_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.sequence_state_lt(nudge.sequence_state, nudge.sequence_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_lt(nudge.sequence_state, nudge.sequence_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.sequence_state_le(nudge.sequence_state, nudge.sequence_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_le(nudge.sequence_state, nudge.sequence_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.sequence_state_gt(nudge.sequence_state, nudge.sequence_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_gt(nudge.sequence_state, nudge.sequence_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.sequence_state_ge(nudge.sequence_state, nudge.sequence_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_ge(nudge.sequence_state, nudge.sequence_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.sequence_state_cmp(nudge.sequence_state, nudge.sequence_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_cmp(nudge.sequence_state, nudge.sequence_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.sequence_state_hash(nudge.sequence_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_hash(nudge.sequence_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.sequence_state_hash_extended(nudge.sequence_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_hash_extended(nudge.sequence_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.sequence_state, RIGHTARG = nudge.sequence_state, FUNCTION = nudge.sequence_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.sequence_state, nudge.sequence_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.sequence_state, RIGHTARG = nudge.sequence_state, FUNCTION = nudge.sequence_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.sequence_state, nudge.sequence_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.sequence_state, RIGHTARG = nudge.sequence_state, FUNCTION = nudge.sequence_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.sequence_state, nudge.sequence_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.sequence_state, RIGHTARG = nudge.sequence_state, FUNCTION = nudge.sequence_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.sequence_state, nudge.sequence_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.sequence_state, RIGHTARG = nudge.sequence_state, FUNCTION = nudge.sequence_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.sequence_state, nudge.sequence_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.sequence_state, RIGHTARG = nudge.sequence_state, FUNCTION = nudge.sequence_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.sequence_state, nudge.sequence_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.sequence_state_ops DEFAULT FOR TYPE nudge.sequence_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.sequence_state_cmp(nudge.sequence_state, nudge.sequence_state);
COMMENT ON OPERATOR CLASS nudge.sequence_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.sequence_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.sequence_state_hash_ops DEFAULT FOR TYPE nudge.sequence_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.sequence_state_hash(nudge.sequence_state),
	FUNCTION 2 nudge.sequence_state_hash_extended(nudge.sequence_state, bigint);
COMMENT ON OPERATOR CLASS nudge.sequence_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.sequence_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.sequence_state_final(nudge.sequence_state) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_state_final(nudge.sequence_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.sequence_state, b nudge.sequence_state) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.sequence_state, nudge.sequence_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.sequence_state) (
	SFUNC = nudge.combine, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.sequence_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.sequence_state IS
	'Events of any number of users in order, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id bigint, at timestamptz, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, bigint, timestamptz, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id bigint, at timestamptz, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(bigint, timestamptz, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id bigint, at timestamptz, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, bigint, timestamptz, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id bigint, at timestamptz, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(bigint, timestamptz, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id bigint, at timestamp, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, bigint, timestamp, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id bigint, at timestamp, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(bigint, timestamp, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id bigint, at timestamp, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, bigint, timestamp, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id bigint, at timestamp, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(bigint, timestamp, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id bigint, at date, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, bigint, date, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id bigint, at date, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(bigint, date, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id bigint, at date, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, bigint, date, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id bigint, at date, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(bigint, date, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id uuid, at timestamptz, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, uuid, timestamptz, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id uuid, at timestamptz, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(uuid, timestamptz, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id uuid, at timestamptz, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, uuid, timestamptz, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id uuid, at timestamptz, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(uuid, timestamptz, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id uuid, at timestamp, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, uuid, timestamp, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id uuid, at timestamp, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(uuid, timestamp, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id uuid, at timestamp, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, uuid, timestamp, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id uuid, at timestamp, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(uuid, timestamp, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id uuid, at date, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, uuid, date, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id uuid, at date, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(uuid, date, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id uuid, at date, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, uuid, date, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id uuid, at date, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(uuid, date, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id text, at timestamptz, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, text, timestamptz, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id text, at timestamptz, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(text, timestamptz, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id text, at timestamptz, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, text, timestamptz, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id text, at timestamptz, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(text, timestamptz, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id text, at timestamp, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, text, timestamp, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id text, at timestamp, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(text, timestamp, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id text, at timestamp, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, text, timestamp, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id text, at timestamp, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(text, timestamp, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';
CREATE FUNCTION nudge.sequence_trans(state nudge.sequence_state, user_id text, at date, event text) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_trans(nudge.sequence_state, text, date, text) IS
	'Transition function of sequence_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_agg(user_id text, at date, event text) (
	SFUNC = nudge.sequence_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_agg(text, date, text) IS
	'State of events in order of time; events of a user at the same time are in order of their names. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.sequence_ranked_trans(state nudge.sequence_state, user_id text, at date, event text, tie_break integer) RETURNS nudge.sequence_state
	AS 'MODULE_PATHNAME', 'nm_sequence_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sequence_ranked_trans(nudge.sequence_state, text, date, text, integer) IS
	'Transition function of sequence_ranked_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.sequence_ranked_agg(user_id text, at date, event text, tie_break integer) (
	SFUNC = nudge.sequence_ranked_trans, STYPE = nudge.sequence_state, FINALFUNC = nudge.sequence_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.sequence_ranked_agg(text, date, text, integer) IS
	'State of events in order of time; events of a user at the same time are in order of tie_break, then of their names';

CREATE FUNCTION nudge.sequence_rows(state nudge.sequence_state)
	RETURNS TABLE (user_id text, at timestamptz, tie_break integer, event text)
	AS 'MODULE_PATHNAME', 'nm_sequence_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_rows(nudge.sequence_state) IS 'The events that a state holds, in order';

CREATE FUNCTION nudge.sequence_next(
	state nudge.sequence_state,
	chain text[],
	direction text DEFAULT 'forward',
	base text DEFAULT 'first_match'
) RETURNS TABLE (user_id text, event text)
	AS 'MODULE_PATHNAME', 'nm_sequence_next' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_next(nudge.sequence_state, text[], text, text) IS
	'For each user the event beside a chain of adjacent events that begins at the base (head, tail, first_match or last_match of its first event), NULL if there is none; an empty chain gives the event at the head or tail itself. Not STRICT: a NULL argument is an error';

-- Patterns ----------------------------------------------------------------

CREATE FUNCTION nudge.sequence_match(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sequence_match' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.sequence_match(nudge.sequence_state, text, text[], interval) IS
	'Users whose events match a pattern: (?N) the Nth condition, . any row, .* any rows, (?t<=60) seconds, (?!N) not the Nth, (?!N)* rows without it; within bounds the whole chain. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.sequence_count(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sequence_count' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.sequence_count(nudge.sequence_state, text, text[], interval) IS
	'Matches of a pattern of all users, found from the first event on and without overlap; see sequence_match. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.sequence_users(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL)
	RETURNS TABLE (user_id text, matched boolean, matches bigint, times timestamptz[])
	AS 'MODULE_PATHNAME', 'nm_sequence_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_users(nudge.sequence_state, text, text[], interval) IS
	'For each user whether and how often a pattern matches, and the times of the (?N) of the first match or of the longest part of the pattern from its beginning; see sequence_match. Not STRICT: a NULL within has a meaning';

CREATE FUNCTION nudge.sequence_events(state nudge.sequence_state, pattern text, conditions text[], within interval DEFAULT NULL)
	RETURNS TABLE (user_id text, match integer, times timestamptz[])
	AS 'MODULE_PATHNAME', 'nm_sequence_events' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sequence_events(nudge.sequence_state, text, text[], interval) IS
	'Each match of a pattern with the times of its (?N); see sequence_match. Not STRICT: a NULL within has a meaning';

-- Transitions and paths ---------------------------------------------------

CREATE FUNCTION nudge.event_transitions(state nudge.sequence_state, session_gap interval DEFAULT NULL)
	RETURNS TABLE (event text, next_event text, transitions bigint, users bigint, share numeric, median_seconds double precision)
	AS 'MODULE_PATHNAME', 'nm_event_transitions' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.event_transitions(nudge.sequence_state, interval) IS
	'How often which event follows which in a user''s events, by how many users, and the share of all that follows the first; a pair more than session_gap apart is none. Not STRICT: a NULL session_gap has a meaning';

CREATE FUNCTION nudge.paths(
	state nudge.sequence_state,
	max_length integer DEFAULT 5,
	start_event text DEFAULT NULL,
	end_event text DEFAULT NULL,
	session_gap interval DEFAULT NULL,
	collapse_repeats boolean DEFAULT true,
	top integer DEFAULT 20
) RETURNS TABLE (path text[], occurrences bigint, users bigint, share numeric)
	AS 'MODULE_PATHNAME', 'nm_paths' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 10000;
COMMENT ON FUNCTION nudge.paths(nudge.sequence_state, integer, text, text, interval, boolean, integer) IS
	'The most frequent paths: one for each user, or session if session_gap is given, from its first event or first start_event over max_length events, or up to the first end_event behind that. From a start to an end longer paths are counted in the share only. Not STRICT: NULL bounds have a meaning';

-- src/metrics/sessions.sql

/*
 * sessions.sql
 *		Sessions: the window function sessionize, and what users do in them.
 *
 * The definitions are in doc/sessions.md.
 */

CREATE FUNCTION nudge.sessionize(at timestamptz, gap interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sessionize(timestamptz, interval) IS
	'Number of the session of a row in its partition, in order of time: a new one begins after more than gap; NULL where the time is. Not STRICT: a NULL time must not end a session';
CREATE FUNCTION nudge.sessionize(at timestamptz, gap interval, max_length interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sessionize(timestamptz, interval, interval) IS
	'Number of the session of a row in its partition, in order of time: a new one begins after more than gap, or more than max_length after the first row of the session; NULL where the time is. Not STRICT: a NULL time must not end a session';
CREATE FUNCTION nudge.sessionize(at timestamp, gap interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sessionize(timestamp, interval) IS
	'Number of the session of a row in its partition, in order of time: a new one begins after more than gap; NULL where the time is. Not STRICT: a NULL time must not end a session';
CREATE FUNCTION nudge.sessionize(at timestamp, gap interval, max_length interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.sessionize(timestamp, interval, interval) IS
	'Number of the session of a row in its partition, in order of time: a new one begins after more than gap, or more than max_length after the first row of the session; NULL where the time is. Not STRICT: a NULL time must not end a session';

CREATE FUNCTION nudge.sessions(
	state nudge.sequence_state,
	gap interval DEFAULT '30 minutes',
	max_length interval DEFAULT NULL,
	page_events text[] DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	user_id text,
	session integer,
	started_at timestamptz,
	ended_at timestamptz,
	events bigint,
	pages bigint,
	duration_seconds double precision,
	entry_event text,
	exit_event text,
	bounced boolean,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_sessions' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.sessions(nudge.sequence_state, interval, interval, text[], timestamptz) IS
	'Sessions of each user: it ends when the next event comes after more than gap, or more than max_length after its first; pages are the page_events (default: all); bounced is a session of one event; complete tells whether nothing at or after as_of can belong to it. Not STRICT: NULL bounds have a meaning';

CREATE FUNCTION nudge.session_metrics(
	state nudge.sequence_state,
	gap interval DEFAULT '30 minutes',
	max_length interval DEFAULT NULL,
	page_events text[] DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	sessions bigint,
	users bigint,
	average_duration_seconds double precision,
	median_duration_seconds double precision,
	pages_per_session numeric,
	bounces bigint,
	bounce_rate numeric,
	returning_users bigint,
	return_rate numeric,
	sessions_per_user numeric
)
	AS 'MODULE_PATHNAME', 'nm_session_metrics' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.session_metrics(nudge.sequence_state, interval, interval, text[], timestamptz) IS
	'Totals of sessions(): duration, pages, bounces (sessions of one event) and returning users (two sessions or more), with their rates. Not STRICT: NULL bounds have a meaning';

CREATE FUNCTION nudge.concurrent_users(
	state nudge.sequence_state,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	gap interval DEFAULT '30 minutes',
	max_length interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, peak_users bigint, peak_at timestamptz, average_users double precision)
	AS 'MODULE_PATHNAME', 'nm_concurrent_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.concurrent_users(nudge.sequence_state, text, text, interval, interval, timestamptz) IS
	'Users in a session at once, from its first event to its last, both included: the peak of each period, its first instant, and the mean over the time of the period, or of what of it lies before as_of. Not STRICT: NULL bounds have a meaning';

-- src/metrics/funnel.sql

/*
 * funnel.sql
 *		Funnels: funnel_state, its aggregates and its accessors.
 *
 * The numbers are defined in doc/funnel.md.
 */

/*
 * state_type.sql
 *		What every state type has, funnel_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.funnel_state;

CREATE FUNCTION nudge.funnel_state_in(cstring) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.funnel_state_out(nudge.funnel_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_funnel_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.funnel_state_recv(internal) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.funnel_state_send(nudge.funnel_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_funnel_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.funnel_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.funnel_state_in,
	OUTPUT = nudge.funnel_state_out,
	RECEIVE = nudge.funnel_state_recv,
	SEND = nudge.funnel_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.funnel_state_in(cstring) IS 'Text input of funnel_state';
COMMENT ON FUNCTION nudge.funnel_state_out(nudge.funnel_state) IS 'Text output of funnel_state';
COMMENT ON FUNCTION nudge.funnel_state_recv(internal) IS 'Binary input of funnel_state';
COMMENT ON FUNCTION nudge.funnel_state_send(nudge.funnel_state) IS 'Binary output of funnel_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.funnel_state_eq(nudge.funnel_state, nudge.funnel_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_eq(nudge.funnel_state, nudge.funnel_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.funnel_state_ne(nudge.funnel_state, nudge.funnel_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_ne(nudge.funnel_state, nudge.funnel_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.funnel_state_lt(nudge.funnel_state, nudge.funnel_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_lt(nudge.funnel_state, nudge.funnel_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.funnel_state_le(nudge.funnel_state, nudge.funnel_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_le(nudge.funnel_state, nudge.funnel_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.funnel_state_gt(nudge.funnel_state, nudge.funnel_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_gt(nudge.funnel_state, nudge.funnel_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.funnel_state_ge(nudge.funnel_state, nudge.funnel_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_ge(nudge.funnel_state, nudge.funnel_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.funnel_state_cmp(nudge.funnel_state, nudge.funnel_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_cmp(nudge.funnel_state, nudge.funnel_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.funnel_state_hash(nudge.funnel_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_hash(nudge.funnel_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.funnel_state_hash_extended(nudge.funnel_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_hash_extended(nudge.funnel_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.funnel_state, RIGHTARG = nudge.funnel_state, FUNCTION = nudge.funnel_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.funnel_state, nudge.funnel_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.funnel_state, RIGHTARG = nudge.funnel_state, FUNCTION = nudge.funnel_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.funnel_state, nudge.funnel_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.funnel_state, RIGHTARG = nudge.funnel_state, FUNCTION = nudge.funnel_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.funnel_state, nudge.funnel_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.funnel_state, RIGHTARG = nudge.funnel_state, FUNCTION = nudge.funnel_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.funnel_state, nudge.funnel_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.funnel_state, RIGHTARG = nudge.funnel_state, FUNCTION = nudge.funnel_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.funnel_state, nudge.funnel_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.funnel_state, RIGHTARG = nudge.funnel_state, FUNCTION = nudge.funnel_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.funnel_state, nudge.funnel_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.funnel_state_ops DEFAULT FOR TYPE nudge.funnel_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.funnel_state_cmp(nudge.funnel_state, nudge.funnel_state);
COMMENT ON OPERATOR CLASS nudge.funnel_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.funnel_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.funnel_state_hash_ops DEFAULT FOR TYPE nudge.funnel_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.funnel_state_hash(nudge.funnel_state),
	FUNCTION 2 nudge.funnel_state_hash_extended(nudge.funnel_state, bigint);
COMMENT ON OPERATOR CLASS nudge.funnel_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.funnel_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.funnel_state_final(nudge.funnel_state) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_state_final(nudge.funnel_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.funnel_state, b nudge.funnel_state) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.funnel_state, nudge.funnel_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.funnel_state) (
	SFUNC = nudge.combine, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.funnel_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.funnel_state IS
	'What users did of the steps of a funnel, and when; mergeable by rollup() and combine()';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id bigint, at timestamptz, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, bigint, timestamptz, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id bigint, at timestamptz, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(bigint, timestamptz, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id bigint, at timestamptz, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, bigint, timestamptz, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id bigint, at timestamptz, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(bigint, timestamptz, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id bigint, at timestamptz, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, bigint, timestamptz, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id bigint, at timestamptz, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(bigint, timestamptz, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id bigint, at timestamp, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, bigint, timestamp, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id bigint, at timestamp, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(bigint, timestamp, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id bigint, at timestamp, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, bigint, timestamp, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id bigint, at timestamp, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(bigint, timestamp, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id bigint, at timestamp, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, bigint, timestamp, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id bigint, at timestamp, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(bigint, timestamp, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id bigint, at date, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, bigint, date, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id bigint, at date, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(bigint, date, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id bigint, at date, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, bigint, date, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id bigint, at date, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(bigint, date, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id bigint, at date, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, bigint, date, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id bigint, at date, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(bigint, date, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id uuid, at timestamptz, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, uuid, timestamptz, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id uuid, at timestamptz, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(uuid, timestamptz, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id uuid, at timestamptz, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, uuid, timestamptz, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id uuid, at timestamptz, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(uuid, timestamptz, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id uuid, at timestamptz, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, uuid, timestamptz, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id uuid, at timestamptz, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(uuid, timestamptz, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id uuid, at timestamp, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, uuid, timestamp, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id uuid, at timestamp, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(uuid, timestamp, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id uuid, at timestamp, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, uuid, timestamp, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id uuid, at timestamp, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(uuid, timestamp, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id uuid, at timestamp, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, uuid, timestamp, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id uuid, at timestamp, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(uuid, timestamp, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id uuid, at date, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, uuid, date, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id uuid, at date, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(uuid, date, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id uuid, at date, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, uuid, date, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id uuid, at date, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(uuid, date, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id uuid, at date, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, uuid, date, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id uuid, at date, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(uuid, date, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id text, at timestamptz, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, text, timestamptz, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id text, at timestamptz, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(text, timestamptz, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id text, at timestamptz, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, text, timestamptz, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id text, at timestamptz, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(text, timestamptz, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id text, at timestamptz, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, text, timestamptz, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id text, at timestamptz, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(text, timestamptz, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id text, at timestamp, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, text, timestamp, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id text, at timestamp, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(text, timestamp, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id text, at timestamp, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, text, timestamp, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id text, at timestamp, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(text, timestamp, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id text, at timestamp, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, text, timestamp, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id text, at timestamp, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(text, timestamp, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';
CREATE FUNCTION nudge.funnel_trans(state nudge.funnel_state, user_id text, at date, event text, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_trans(nudge.funnel_state, text, date, text, text[]) IS
	'Transition function of funnel_agg; not STRICT, since a NULL event is no step and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_agg(user_id text, at date, event text, steps text[]) (
	SFUNC = nudge.funnel_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_agg(text, date, text, text[]) IS
	'State of a funnel from events; steps are the names that it tracks, ''*'' every other';
CREATE FUNCTION nudge.funnel_match_trans(state nudge.funnel_state, user_id text, at date, matches boolean[], steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_match_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_match_trans(nudge.funnel_state, text, date, boolean[], text[]) IS
	'Transition function of funnel_match_agg; not STRICT, since a NULL condition is false and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_match_agg(user_id text, at date, matches boolean[], steps text[]) (
	SFUNC = nudge.funnel_match_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_match_agg(text, date, boolean[], text[]) IS
	'State of a funnel from rows of any kind; matches says which step a row meets, steps how they are called';
CREATE FUNCTION nudge.funnel_property_trans(state nudge.funnel_state, user_id text, at date, event text, steps text[], property text) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_funnel_property_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.funnel_property_trans(nudge.funnel_state, text, date, text, text[], text) IS
	'Transition function of funnel_property_agg; not STRICT, since a NULL property is the empty one and other NULLs are errors';
CREATE AGGREGATE nudge.funnel_property_agg(user_id text, at date, event text, steps text[], property text) (
	SFUNC = nudge.funnel_property_trans, STYPE = nudge.funnel_state, FINALFUNC = nudge.funnel_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.funnel_property_agg(text, date, text, text[], text) IS
	'State of a funnel from events with a property that a way through it can be asked to keep';

CREATE FUNCTION nudge.as_funnel_state(state nudge.sequence_state, steps text[]) RETURNS nudge.funnel_state
	AS 'MODULE_PATHNAME', 'nm_as_funnel_state' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.as_funnel_state(nudge.sequence_state, text[]) IS
	'The funnel state that funnel_agg would make of the events of a sequence state. Not STRICT: NULL steps are an error';

-- Accessors ---------------------------------------------------------------

CREATE FUNCTION nudge.funnel(
	state nudge.funnel_state,
	within interval DEFAULT NULL,
	steps text[] DEFAULT NULL,
	entry text DEFAULT 'any',
	step_order text DEFAULT 'ordered',
	counting text DEFAULT 'uniques',
	exclusions text[] DEFAULT NULL,
	exclusion text DEFAULT 'drop_off',
	optional text[] DEFAULT NULL,
	max_gaps interval[] DEFAULT NULL,
	min_gaps interval[] DEFAULT NULL,
	min_counts integer[] DEFAULT NULL,
	grace interval DEFAULT NULL,
	hold_constant boolean DEFAULT false,
	session_gap interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	clickhouse_modes text[] DEFAULT NULL,
	baseline nudge.funnel_state DEFAULT NULL,
	alpha double precision DEFAULT 0.05
) RETURNS TABLE (
	step integer,
	event text,
	users bigint,
	step_rate numeric,
	overall_rate numeric,
	drop_off bigint,
	median_seconds double precision,
	average_seconds double precision,
	p_value double precision,
	significant boolean,
	open_window_users bigint,
	excluded_users bigint
)
	AS 'MODULE_PATHNAME', 'nm_funnel' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10 COST 10000;
COMMENT ON FUNCTION nudge.funnel(nudge.funnel_state, interval, text[], text, text, text, text[], text, text[], interval[], interval[], integer[], interval, boolean, interval, timestamptz, text[], nudge.funnel_state, double precision) IS
	'A row per step: users who reached it, rates, drop-off, time from the step before, and a test against a baseline. Not STRICT: most arguments may be NULL';

CREATE FUNCTION nudge.funnel_users(
	state nudge.funnel_state,
	within interval DEFAULT NULL,
	steps text[] DEFAULT NULL,
	entry text DEFAULT 'any',
	step_order text DEFAULT 'ordered',
	counting text DEFAULT 'uniques',
	exclusions text[] DEFAULT NULL,
	exclusion text DEFAULT 'drop_off',
	optional text[] DEFAULT NULL,
	max_gaps interval[] DEFAULT NULL,
	min_gaps interval[] DEFAULT NULL,
	min_counts integer[] DEFAULT NULL,
	grace interval DEFAULT NULL,
	hold_constant boolean DEFAULT false,
	session_gap interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	clickhouse_modes text[] DEFAULT NULL
) RETURNS TABLE (
	user_id text,
	property text,
	step integer,
	event text,
	completed boolean,
	step_times timestamptz[],
	open_window boolean
)
	AS 'MODULE_PATHNAME', 'nm_funnel_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.funnel_users(nudge.funnel_state, interval, text[], text, text, text, text[], text, text[], interval[], interval[], integer[], interval, boolean, interval, timestamptz, text[]) IS
	'A row per user (attempt, session) that entered: the furthest step and the time of each. Not STRICT: most arguments may be NULL';

-- src/metrics/critical_path.sql

/*
 * critical_path.sql
 *		How far users come on a path that they should take.
 */

CREATE FUNCTION nudge.critical_path(
	state nudge.sequence_state,
	path text[],
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	step integer,
	event text,
	users bigint,
	drop_off bigint,
	drop_off_rate numeric,
	overall_rate numeric
)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT f.step, f.event, f.users, f.drop_off, 1 - f.step_rate, f.overall_rate
	FROM nudge.funnel(nudge.as_funnel_state(critical_path.state, critical_path.path), within => critical_path.within, as_of => critical_path.as_of) f;
END;
COMMENT ON FUNCTION nudge.critical_path(nudge.sequence_state, text[], interval, timestamptz) IS
	'The funnel of a path: users who reach each step in order, others allowed in between, and the share of those before who do not. Not STRICT: a NULL within or as_of has a meaning';

-- src/metrics/funnel_goals.sql

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

-- src/metrics/features.sql

/*
 * features.sql
 *		Feature adoption: feature_state, its aggregate and its accessors.
 *
 * The numbers are defined in doc/features.md.
 */

/*
 * state_type.sql
 *		What every state type has, feature_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.feature_state;

CREATE FUNCTION nudge.feature_state_in(cstring) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.feature_state_out(nudge.feature_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_feature_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.feature_state_recv(internal) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.feature_state_send(nudge.feature_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_feature_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.feature_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.feature_state_in,
	OUTPUT = nudge.feature_state_out,
	RECEIVE = nudge.feature_state_recv,
	SEND = nudge.feature_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.feature_state_in(cstring) IS 'Text input of feature_state';
COMMENT ON FUNCTION nudge.feature_state_out(nudge.feature_state) IS 'Text output of feature_state';
COMMENT ON FUNCTION nudge.feature_state_recv(internal) IS 'Binary input of feature_state';
COMMENT ON FUNCTION nudge.feature_state_send(nudge.feature_state) IS 'Binary output of feature_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.feature_state_eq(nudge.feature_state, nudge.feature_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_eq(nudge.feature_state, nudge.feature_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.feature_state_ne(nudge.feature_state, nudge.feature_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_ne(nudge.feature_state, nudge.feature_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.feature_state_lt(nudge.feature_state, nudge.feature_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_lt(nudge.feature_state, nudge.feature_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.feature_state_le(nudge.feature_state, nudge.feature_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_le(nudge.feature_state, nudge.feature_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.feature_state_gt(nudge.feature_state, nudge.feature_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_gt(nudge.feature_state, nudge.feature_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.feature_state_ge(nudge.feature_state, nudge.feature_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_ge(nudge.feature_state, nudge.feature_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.feature_state_cmp(nudge.feature_state, nudge.feature_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_cmp(nudge.feature_state, nudge.feature_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.feature_state_hash(nudge.feature_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_hash(nudge.feature_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.feature_state_hash_extended(nudge.feature_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_hash_extended(nudge.feature_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.feature_state, RIGHTARG = nudge.feature_state, FUNCTION = nudge.feature_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.feature_state, nudge.feature_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.feature_state, RIGHTARG = nudge.feature_state, FUNCTION = nudge.feature_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.feature_state, nudge.feature_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.feature_state, RIGHTARG = nudge.feature_state, FUNCTION = nudge.feature_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.feature_state, nudge.feature_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.feature_state, RIGHTARG = nudge.feature_state, FUNCTION = nudge.feature_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.feature_state, nudge.feature_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.feature_state, RIGHTARG = nudge.feature_state, FUNCTION = nudge.feature_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.feature_state, nudge.feature_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.feature_state, RIGHTARG = nudge.feature_state, FUNCTION = nudge.feature_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.feature_state, nudge.feature_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.feature_state_ops DEFAULT FOR TYPE nudge.feature_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.feature_state_cmp(nudge.feature_state, nudge.feature_state);
COMMENT ON OPERATOR CLASS nudge.feature_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.feature_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.feature_state_hash_ops DEFAULT FOR TYPE nudge.feature_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.feature_state_hash(nudge.feature_state),
	FUNCTION 2 nudge.feature_state_hash_extended(nudge.feature_state, bigint);
COMMENT ON OPERATOR CLASS nudge.feature_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.feature_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.feature_state_final(nudge.feature_state) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_state_final(nudge.feature_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.feature_state, b nudge.feature_state) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.feature_state, nudge.feature_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.feature_state) (
	SFUNC = nudge.combine, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.feature_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.feature_state IS
	'What any number of users did with features, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id bigint, at timestamptz, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, bigint, timestamptz, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id bigint, at timestamptz, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(bigint, timestamptz, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a timestamptz (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id bigint, at timestamp, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, bigint, timestamp, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id bigint, at timestamp, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(bigint, timestamp, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a timestamp (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id bigint, at date, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, bigint, date, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id bigint, at date, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(bigint, date, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a date (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id uuid, at timestamptz, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, uuid, timestamptz, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id uuid, at timestamptz, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(uuid, timestamptz, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a timestamptz (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id uuid, at timestamp, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, uuid, timestamp, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id uuid, at timestamp, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(uuid, timestamp, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a timestamp (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id uuid, at date, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, uuid, date, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id uuid, at date, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(uuid, date, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a date (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id text, at timestamptz, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, text, timestamptz, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id text, at timestamptz, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(text, timestamptz, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a timestamptz (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id text, at timestamp, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, text, timestamp, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id text, at timestamp, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(text, timestamp, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a timestamp (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';
CREATE FUNCTION nudge.feature_trans(state nudge.feature_state, user_id text, at date, feature text, action text, success boolean, duration interval, value numeric) RETURNS nudge.feature_state
	AS 'MODULE_PATHNAME', 'nm_feature_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_trans(nudge.feature_state, text, date, text, text, boolean, interval, numeric) IS
	'Transition function of feature_agg; not STRICT, since some NULLs have a meaning and others are errors';
CREATE AGGREGATE nudge.feature_agg(user_id text, at date, feature text, action text, success boolean, duration interval, value numeric) (
	SFUNC = nudge.feature_trans, STYPE = nudge.feature_state, FINALFUNC = nudge.feature_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.feature_agg(text, date, text, text, boolean, interval, numeric) IS
	'State of what users did with features, at a date (without zone it is UTC, a date its midnight): action is signed_up, viewed, used or completed, and success, duration and value may be NULL';

CREATE FUNCTION nudge.feature_users(
	state nudge.feature_state,
	as_of timestamptz DEFAULT NULL,
	zone text DEFAULT 'UTC',
	adopted_uses integer DEFAULT 3,
	habit_weeks integer DEFAULT 4,
	week_start text DEFAULT 'monday'
) RETURNS TABLE (
	user_id text,
	feature text,
	stage text,
	first_viewed timestamptz,
	first_used timestamptz,
	adopted_at timestamptz,
	last_used timestamptz,
	uses bigint,
	successes bigint,
	completions bigint,
	seconds_to_first_use double precision,
	seconds_to_adopt double precision
)
	AS 'MODULE_PATHNAME', 'nm_feature_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.feature_users(nudge.feature_state, timestamptz, text, integer, integer, text) IS
	'A row per user and feature: how far it was adopted (discovered, tried, adopted or habitual), when, and how often it was used. Not STRICT: a NULL as_of has a meaning';

CREATE FUNCTION nudge.feature_adoption(
	state nudge.feature_state,
	total_users bigint DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	zone text DEFAULT 'UTC',
	adopted_uses integer DEFAULT 3,
	habit_weeks integer DEFAULT 4,
	week_start text DEFAULT 'monday',
	premium text[] DEFAULT NULL,
	default_on text[] DEFAULT NULL
) RETURNS TABLE (
	feature text,
	premium boolean,
	default_on boolean,
	users bigint,
	discovered_users bigint,
	tried_users bigint,
	adopted_users bigint,
	habitual_users bigint,
	adoption_rate numeric,
	uses bigint,
	usage_frequency numeric,
	success_rate numeric,
	completions bigint,
	completion_rate numeric,
	median_duration_seconds double precision,
	median_seconds_to_first_use double precision,
	median_seconds_to_adopt double precision,
	value_created numeric
)
	AS 'MODULE_PATHNAME', 'nm_feature_adoption' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 50 COST 10000;
COMMENT ON FUNCTION nudge.feature_adoption(nudge.feature_state, bigint, timestamptz, text, integer, integer, text, text[], text[]) IS
	'A row per feature: how many users discovered, tried and adopted it, how often, how long, with what success and value. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.feature_value_score(
	adoption numeric,
	uses_per_user numeric,
	target_uses numeric,
	success numeric,
	retention_lift numeric,
	weights numeric[] DEFAULT '{0.25,0.25,0.25,0.25}',
	bands numeric[] DEFAULT '{0.25,0.5,0.75}',
	OUT frequency numeric,
	OUT raw_score numeric,
	OUT weighted_score numeric,
	OUT category text
)
	AS 'MODULE_PATHNAME', 'nm_feature_value_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.feature_value_score(numeric, numeric, numeric, numeric, numeric, numeric[], numeric[]) IS
	'The value of a feature from adoption, frequency (uses per user over the target, at most 1), success and retention lift: their product, their weighted sum, and the band of the latter';

CREATE FUNCTION nudge.feature_retention(
	state nudge.feature_state,
	activity nudge.activity_state,
	feature text,
	day integer DEFAULT 30,
	adoption_days integer DEFAULT 7,
	as_of date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	users_with bigint,
	retained_with bigint,
	rate_with numeric,
	users_without bigint,
	retained_without bigint,
	rate_without numeric,
	lift numeric,
	lift_low double precision,
	lift_high double precision,
	p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_feature_retention' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.feature_retention(nudge.feature_state, nudge.activity_state, text, integer, integer, date, text, double precision) IS
	'Whether users of a feature stay longer: of the users old enough, those active on or after a day, by whether they used the feature in their first adoption_days days. Not STRICT: a NULL as_of has a meaning';
