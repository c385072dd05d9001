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

-- src/metrics/journey.sql

/*
 * journey.sql
 *		Journeys: touches and conversions of customers as journey_state.
 *
 * The definitions are in doc/journey.md.
 */

/*
 * state_type.sql
 *		What every state type has, journey_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.journey_state;

CREATE FUNCTION nudge.journey_state_in(cstring) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.journey_state_out(nudge.journey_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_journey_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.journey_state_recv(internal) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.journey_state_send(nudge.journey_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_journey_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.journey_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.journey_state_in,
	OUTPUT = nudge.journey_state_out,
	RECEIVE = nudge.journey_state_recv,
	SEND = nudge.journey_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.journey_state_in(cstring) IS 'Text input of journey_state';
COMMENT ON FUNCTION nudge.journey_state_out(nudge.journey_state) IS 'Text output of journey_state';
COMMENT ON FUNCTION nudge.journey_state_recv(internal) IS 'Binary input of journey_state';
COMMENT ON FUNCTION nudge.journey_state_send(nudge.journey_state) IS 'Binary output of journey_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.journey_state_eq(nudge.journey_state, nudge.journey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_eq(nudge.journey_state, nudge.journey_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.journey_state_ne(nudge.journey_state, nudge.journey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_ne(nudge.journey_state, nudge.journey_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.journey_state_lt(nudge.journey_state, nudge.journey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_lt(nudge.journey_state, nudge.journey_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.journey_state_le(nudge.journey_state, nudge.journey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_le(nudge.journey_state, nudge.journey_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.journey_state_gt(nudge.journey_state, nudge.journey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_gt(nudge.journey_state, nudge.journey_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.journey_state_ge(nudge.journey_state, nudge.journey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_ge(nudge.journey_state, nudge.journey_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.journey_state_cmp(nudge.journey_state, nudge.journey_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_cmp(nudge.journey_state, nudge.journey_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.journey_state_hash(nudge.journey_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_hash(nudge.journey_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.journey_state_hash_extended(nudge.journey_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_hash_extended(nudge.journey_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.journey_state, RIGHTARG = nudge.journey_state, FUNCTION = nudge.journey_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.journey_state, nudge.journey_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.journey_state, RIGHTARG = nudge.journey_state, FUNCTION = nudge.journey_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.journey_state, nudge.journey_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.journey_state, RIGHTARG = nudge.journey_state, FUNCTION = nudge.journey_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.journey_state, nudge.journey_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.journey_state, RIGHTARG = nudge.journey_state, FUNCTION = nudge.journey_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.journey_state, nudge.journey_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.journey_state, RIGHTARG = nudge.journey_state, FUNCTION = nudge.journey_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.journey_state, nudge.journey_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.journey_state, RIGHTARG = nudge.journey_state, FUNCTION = nudge.journey_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.journey_state, nudge.journey_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.journey_state_ops DEFAULT FOR TYPE nudge.journey_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.journey_state_cmp(nudge.journey_state, nudge.journey_state);
COMMENT ON OPERATOR CLASS nudge.journey_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.journey_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.journey_state_hash_ops DEFAULT FOR TYPE nudge.journey_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.journey_state_hash(nudge.journey_state),
	FUNCTION 2 nudge.journey_state_hash_extended(nudge.journey_state, bigint);
COMMENT ON OPERATOR CLASS nudge.journey_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.journey_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.journey_state_final(nudge.journey_state) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_state_final(nudge.journey_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.journey_state, b nudge.journey_state) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.journey_state, nudge.journey_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.journey_state) (
	SFUNC = nudge.combine, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.journey_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.journey_state IS
	'Touches and conversions of any number of customers in order, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer bigint, at timestamptz, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, bigint, timestamptz, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer bigint, at timestamptz, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(bigint, timestamptz, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer bigint, at timestamptz, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, bigint, timestamptz, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer bigint, at timestamptz, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(bigint, timestamptz, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer bigint, at timestamptz, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, bigint, timestamptz, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer bigint, at timestamptz, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(bigint, timestamptz, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer bigint, at timestamp, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, bigint, timestamp, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer bigint, at timestamp, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(bigint, timestamp, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer bigint, at timestamp, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, bigint, timestamp, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer bigint, at timestamp, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(bigint, timestamp, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer bigint, at timestamp, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_int8_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, bigint, timestamp, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer bigint, at timestamp, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(bigint, timestamp, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer bigint, at date, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, bigint, date, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer bigint, at date, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(bigint, date, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer bigint, at date, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, bigint, date, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer bigint, at date, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(bigint, date, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer bigint, at date, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_int8_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, bigint, date, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer bigint, at date, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(bigint, date, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer uuid, at timestamptz, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, uuid, timestamptz, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer uuid, at timestamptz, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(uuid, timestamptz, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer uuid, at timestamptz, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, uuid, timestamptz, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer uuid, at timestamptz, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(uuid, timestamptz, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer uuid, at timestamptz, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, uuid, timestamptz, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer uuid, at timestamptz, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(uuid, timestamptz, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer uuid, at timestamp, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, uuid, timestamp, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer uuid, at timestamp, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(uuid, timestamp, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer uuid, at timestamp, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, uuid, timestamp, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer uuid, at timestamp, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(uuid, timestamp, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer uuid, at timestamp, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_uuid_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, uuid, timestamp, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer uuid, at timestamp, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(uuid, timestamp, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer uuid, at date, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, uuid, date, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer uuid, at date, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(uuid, date, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer uuid, at date, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, uuid, date, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer uuid, at date, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(uuid, date, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer uuid, at date, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_uuid_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, uuid, date, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer uuid, at date, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(uuid, date, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer text, at timestamptz, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, text, timestamptz, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer text, at timestamptz, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(text, timestamptz, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer text, at timestamptz, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, text, timestamptz, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer text, at timestamptz, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(text, timestamptz, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer text, at timestamptz, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, text, timestamptz, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer text, at timestamptz, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(text, timestamptz, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer text, at timestamp, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, text, timestamp, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer text, at timestamp, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(text, timestamp, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer text, at timestamp, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, text, timestamp, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer text, at timestamp, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(text, timestamp, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer text, at timestamp, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_text_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, text, timestamp, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer text, at timestamp, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(text, timestamp, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer text, at date, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, text, date, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer text, at date, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(text, date, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer text, at date, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, text, date, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer text, at date, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(text, date, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer text, at date, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_text_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, text, date, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer text, at date, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(text, date, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';

CREATE FUNCTION nudge.journey_currency(state nudge.journey_state) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_journey_currency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency(nudge.journey_state) IS 'The currency of a state of journey_currency_agg, NULL of others';

CREATE FUNCTION nudge.journey_rows(state nudge.journey_state)
	RETURNS TABLE (customer text, at timestamptz, tie_break integer, channel text, revenue numeric)
	AS 'MODULE_PATHNAME', 'nm_journey_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.journey_rows(nudge.journey_state) IS 'The touches and conversions that a state holds, in order';

CREATE FUNCTION nudge.conversion_paths(
	state nudge.journey_state,
	top integer DEFAULT 20,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL
) RETURNS TABLE (
	path text[],
	touches integer,
	conversions bigint,
	revenue numeric,
	share numeric,
	unconverted bigint,
	conversion_rate numeric,
	average_seconds double precision,
	median_seconds double precision
)
	AS 'MODULE_PATHNAME', 'nm_conversion_paths' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 20000;
COMMENT ON FUNCTION nudge.conversion_paths(nudge.journey_state, integer, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer) IS
	'The paths with most conversions: how many there were and what they brought, how many the same path did not convert, and the time from its first touch to the conversion. Not STRICT: NULL options have a meaning';

-- src/metrics/attribution.sql

/*
 * attribution.sql
 *		What channels have earned, under models that follow rules.
 *
 * The definitions are in doc/attribution.md.
 */

CREATE FUNCTION nudge.attribution(
	state nudge.journey_state,
	model text,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL,
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	ties text DEFAULT 'order'
) RETURNS TABLE (
	channel text,
	conversions numeric,
	revenue numeric,
	share numeric,
	assisted_conversions bigint,
	assisted_revenue numeric
)
	AS 'MODULE_PATHNAME', 'nm_attribution' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 10000;
COMMENT ON FUNCTION nudge.attribution(nudge.journey_state, text, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer, interval, numeric[], text) IS
	'Credit of each channel under a model (first_touch, last_touch, last_non_direct, linear, time_decay, position_based, j_shaped, inverse_j, w_shaped, blended, participation, custom): credits of a conversion add up to it exactly, participation excepted; channel NULL has conversions without a touch. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.linear_attribution(state nudge.journey_state, lookback interval DEFAULT '30 days')
	RETURNS TABLE (
		channel text,
		conversions numeric,
		revenue numeric,
		share numeric,
		assisted_conversions bigint,
		assisted_revenue numeric
	)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20 COST 10000
BEGIN ATOMIC
	SELECT a.* FROM nudge.attribution(linear_attribution.state, 'linear', linear_attribution.lookback) a;
END;
COMMENT ON FUNCTION nudge.linear_attribution(nudge.journey_state, interval) IS
	'attribution() under the model linear: every touch within the lookback has the same share. Not STRICT: a NULL lookback is no bound';

CREATE FUNCTION nudge.attribution_models(
	state nudge.journey_state,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL,
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	ties text DEFAULT 'order'
) RETURNS TABLE (
	channel text,
	first_touch_conversions numeric,
	first_touch_revenue numeric,
	last_touch_conversions numeric,
	last_touch_revenue numeric,
	last_non_direct_conversions numeric,
	last_non_direct_revenue numeric,
	linear_conversions numeric,
	linear_revenue numeric,
	time_decay_conversions numeric,
	time_decay_revenue numeric,
	position_based_conversions numeric,
	position_based_revenue numeric,
	j_shaped_conversions numeric,
	j_shaped_revenue numeric,
	inverse_j_conversions numeric,
	inverse_j_revenue numeric,
	w_shaped_conversions numeric,
	w_shaped_revenue numeric,
	blended_conversions numeric,
	blended_revenue numeric,
	participation_conversions numeric,
	participation_revenue numeric,
	assisted_conversions bigint,
	assisted_revenue numeric
)
	AS 'MODULE_PATHNAME', 'nm_attribution_models' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 50000;
COMMENT ON FUNCTION nudge.attribution_models(nudge.journey_state, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer, interval, numeric[], text) IS
	'Credit of each channel under all models but custom, from one walk over the paths; see attribution(). Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.attribution_credits(
	state nudge.journey_state,
	model text,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL,
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	ties text DEFAULT 'order'
) RETURNS TABLE (
	customer text,
	conversion_at timestamptz,
	conversion integer,
	revenue numeric,
	touch_at timestamptz,
	channel text,
	touch integer,
	touches integer,
	weight numeric,
	credit numeric
)
	AS 'MODULE_PATHNAME', 'nm_attribution_credits' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 10000;
COMMENT ON FUNCTION nudge.attribution_credits(nudge.journey_state, text, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer, interval, numeric[], text) IS
	'The drill-down of attribution(): a row for each touch on the path of each conversion, with its share of the conversion and its credit in money. Not STRICT: NULL options have a meaning';

-- src/metrics/data_driven_attribution.sql

/*
 * data_driven_attribution.sql
 *		What channels have earned, as the paths themselves say: Markov chains
 *		and Shapley values.
 *
 * The definitions are in doc/data_driven_attribution.md.
 */

CREATE FUNCTION nudge.markov_attribution(
	state nudge.journey_state,
	chain_order integer DEFAULT 1,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL
) RETURNS TABLE (
	channel text,
	removal_effect double precision,
	conversions numeric,
	revenue numeric,
	share numeric
)
	AS 'MODULE_PATHNAME', 'nm_markov_attribution' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 20000;
COMMENT ON FUNCTION nudge.markov_attribution(nudge.journey_state, integer, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer) IS
	'Credit of each channel by its removal effect in a Markov chain of order 1 to 3 that is fitted to all paths, converting or not, and solved exactly; channel NULL has conversions without a touch. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.markov_transitions(
	state nudge.journey_state,
	chain_order integer DEFAULT 1,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL
) RETURNS TABLE (
	from_channels text[],
	to_channel text,
	outcome text,
	transitions bigint,
	probability double precision
)
	AS 'MODULE_PATHNAME', 'nm_markov_transitions' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 400 COST 20000;
COMMENT ON FUNCTION nudge.markov_transitions(nudge.journey_state, integer, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer) IS
	'The transition matrix of the Markov chain: from the last channels of a path ({} is its start) to a touch of a channel, to a conversion, or to its end without one (none). Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.markov_credits(
	state nudge.journey_state,
	chain_order integer DEFAULT 1,
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL
) RETURNS TABLE (
	customer text,
	conversion_at timestamptz,
	conversion integer,
	revenue numeric,
	touch_at timestamptz,
	channel text,
	touch integer,
	touches integer,
	weight numeric,
	credit numeric
)
	AS 'MODULE_PATHNAME', 'nm_markov_credits' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 COST 20000;
COMMENT ON FUNCTION nudge.markov_credits(nudge.journey_state, integer, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer) IS
	'Credit of each conversion by the removal effects of the channels on its path, given to the first touch of each. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.shapley_attribution(
	state nudge.journey_state,
	value text DEFAULT 'conversions',
	-- which touches count: journey_options.sql
	lookback interval DEFAULT '30 days',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	collapse text DEFAULT 'none',
	touch_reuse text DEFAULT 'all',
	counting text DEFAULT 'all',
	at_conversion boolean DEFAULT true,
	exclude_channels text[] DEFAULT NULL,
	direct text DEFAULT 'keep',
	direct_channel text DEFAULT 'direct',
	first_touches integer DEFAULT NULL,
	last_touches integer DEFAULT NULL,
	minor_unit integer DEFAULT NULL
) RETURNS TABLE (
	channel text,
	conversions numeric,
	revenue numeric,
	share numeric
)
	AS 'MODULE_PATHNAME', 'nm_shapley_attribution' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 COST 20000;
COMMENT ON FUNCTION nudge.shapley_attribution(nudge.journey_state, text, interval, date, date, text, text, text, text, boolean, text[], text, text, integer, integer, integer) IS
	'Credit of each channel by its exact Shapley value, where channels together are worth the conversions of paths that have no others, or (conversion_rate, up to 20 channels) the rate of those paths that convert. Not STRICT: NULL options have a meaning';

-- src/warehouse/inputs.sql

/*
 * inputs.sql
 *		The canonical inputs: which columns a table must have to be read as
 *		spend, costs, leads, ..., and the query that reads it so.
 *
 * Rules: doc/inputs.md.
 */

-- The inputs --------------------------------------------------------------

-- Shipped with the extension and not edited, so that pg_dump leaves them out.
CREATE TABLE nudge.inputs (
	input text PRIMARY KEY,
	description text NOT NULL
);
GRANT SELECT ON nudge.inputs TO PUBLIC;
COMMENT ON TABLE nudge.inputs IS 'The canonical inputs: what the functions over tables can read';
COMMENT ON COLUMN nudge.inputs.input IS 'Name of the input';
COMMENT ON COLUMN nudge.inputs.description IS 'What one row is';

CREATE TABLE nudge.input_columns (
	input text NOT NULL REFERENCES nudge.inputs,
	position integer NOT NULL CHECK (position >= 1),
	column_name text NOT NULL,
	data_type text NOT NULL,
	required boolean NOT NULL,
	description text NOT NULL,
	PRIMARY KEY (input, position),
	UNIQUE (input, column_name)
);
GRANT SELECT ON nudge.input_columns TO PUBLIC;
COMMENT ON TABLE nudge.input_columns IS 'The columns of the canonical inputs';
COMMENT ON COLUMN nudge.input_columns.input IS 'Name of the input';
COMMENT ON COLUMN nudge.input_columns.position IS 'Place of the column in it';
COMMENT ON COLUMN nudge.input_columns.column_name IS 'Name of the column';
COMMENT ON COLUMN nudge.input_columns.data_type IS 'Type as which it is read';
COMMENT ON COLUMN nudge.input_columns.required IS 'Whether a table must have it; without one that is not required it reads as NULL';
COMMENT ON COLUMN nudge.input_columns.description IS 'What it means';

INSERT INTO nudge.inputs (input, description) VALUES
	('customers', 'An account'),
	('users', 'A person in the product'),
	('identities', 'A link from a visitor to a user, and to its account, dated'),
	('customer_merges', 'A merge of two accounts'),
	('dimension_history', 'An attribute of an account over a time, for the segment then'),
	('plans', 'A plan or an add-on'),
	('features', 'A feature of the product'),
	('campaigns', 'A campaign of marketing or in the product'),
	('partners', 'A partner'),
	('competitors', 'A competitor'),
	('subscriptions', 'One recurring price in force'),
	('contracts', 'A signed term'),
	('charges', 'Money charged once, for use or for a service'),
	('payments', 'An attempt to collect'),
	('usage', 'Metered volume'),
	('exchange_rates', 'A rate'),
	('spend', 'Cost of acquisition on a day and channel'),
	('costs', 'Any cost of a period'),
	('budgets', 'A planned amount of a period'),
	('cash', 'A balance'),
	('events', 'Something a user did'),
	('touches', 'A contact of marketing'),
	('conversions', 'Something worth crediting'),
	('leads', 'A stage reached before being a customer'),
	('content', 'A published piece'),
	('sends', 'An outbound message'),
	('funnel_definitions', 'A step of a funnel'),
	('action_sets', 'An event that counts as an action'),
	('tickets', 'A support case'),
	('surveys', 'An answer, or a question not answered'),
	('scores', 'A dated score'),
	('account_facts', 'What people record about an account, over a time'),
	('interventions', 'An action on an account'),
	('deals', 'An opportunity'),
	('deal_stages', 'A stage of a deal entered'),
	('activities', 'What somebody in sales did'),
	('quotas', 'A sales target'),
	('incidents', 'An interval of trouble'),
	('maintenance', 'Planned downtime'),
	('requests', 'Samples of latency or page load, raw or counted'),
	('resource_samples', 'A sample of utilisation'),
	('deployments', 'A change in production'),
	('bugs', 'A defect'),
	('coverage_samples', 'Test coverage'),
	('competitor_facts', 'Something seen in the market');

INSERT INTO nudge.input_columns (input, position, column_name, data_type, required, description) VALUES
	('customers', 1, 'customer', 'text', true, 'Key of the account'),
	('customers', 2, 'created_at', 'timestamptz', true, 'When it came to be'),
	('customers', 3, 'name', 'text', false, 'What it is called'),
	('customers', 4, 'segment', 'text', false, 'Segment now; dimension_history has the segment then'),
	('customers', 5, 'industry', 'text', false, 'Industry'),
	('customers', 6, 'company_size', 'text', false, 'Class of size'),
	('customers', 7, 'region', 'text', false, 'Region'),
	('customers', 8, 'growth_tier', 'text', false, 'Class of growth'),
	('customers', 9, 'sales_channel', 'text', false, 'How it is sold to, such as self-service or direct'),
	('customers', 10, 'owner', 'text', false, 'Who looks after it'),
	('customers', 11, 'currency', 'text', false, 'Currency in which it pays'),
	('customers', 12, 'initial_amount', 'numeric', false, 'First recurring amount agreed'),
	('customers', 13, 'internal', 'boolean', false, 'Own staff or a test account'),
	('customers', 14, 'attributes', 'jsonb', false, 'Further dimensions'),
	('users', 1, 'user', 'text', true, 'Key of the person'),
	('users', 2, 'customer', 'text', false, 'Account to which the person belongs'),
	('users', 3, 'signed_up_at', 'timestamptz', true, 'When the person signed up'),
	('users', 4, 'plan', 'text', false, 'Plan the person is on'),
	('users', 5, 'role', 'text', false, 'Role in the account'),
	('users', 6, 'internal', 'boolean', false, 'Own staff or a test user'),
	('users', 7, 'attributes', 'jsonb', false, 'Further dimensions'),
	('identities', 1, 'anonymous_id', 'text', true, 'Key of the visitor before signing up'),
	('identities', 2, 'user', 'text', true, 'Key of the user the visitor became'),
	('identities', 3, 'customer', 'text', false, 'Account of that user'),
	('identities', 4, 'valid_from', 'timestamptz', true, 'First instant at which the link holds'),
	('identities', 5, 'valid_to', 'timestamptz', false, 'Instant at which it holds no more; NULL is open'),
	('customer_merges', 1, 'customer', 'text', true, 'Account that is no more'),
	('customer_merges', 2, 'merged_into', 'text', true, 'Account that took its place'),
	('customer_merges', 3, 'at', 'timestamptz', true, 'When they were merged'),
	('dimension_history', 1, 'customer', 'text', true, 'Key of the account'),
	('dimension_history', 2, 'dimension', 'text', true, 'Name of the attribute, such as segment'),
	('dimension_history', 3, 'value', 'text', true, 'Its value'),
	('dimension_history', 4, 'valid_from', 'timestamptz', true, 'First instant at which it holds'),
	('dimension_history', 5, 'valid_to', 'timestamptz', false, 'Instant at which it holds no more; NULL is open'),
	('plans', 1, 'plan', 'text', true, 'Key of the plan'),
	('plans', 2, 'family', 'text', false, 'Plans of which it is one'),
	('plans', 3, 'tier', 'text', false, 'Its rank among them'),
	('plans', 4, 'list_price', 'numeric', false, 'Price without any discount; NULL if agreed one by one'),
	('plans', 5, 'interval_unit', 'text', false, 'day, week, month, quarter, year or none'),
	('plans', 6, 'kind', 'text', false, 'plan or addon'),
	('plans', 7, 'limits', 'jsonb', false, 'Amount included of each meter'),
	('plans', 8, 'attributes', 'jsonb', false, 'Further dimensions'),
	('features', 1, 'feature', 'text', true, 'Key of the feature'),
	('features', 2, 'tier', 'text', false, 'Plan tier that has it'),
	('features', 3, 'default_on', 'boolean', false, 'On without anybody choosing it'),
	('features', 4, 'released_at', 'timestamptz', false, 'When it came out'),
	('features', 5, 'attributes', 'jsonb', false, 'Further dimensions'),
	('campaigns', 1, 'campaign', 'text', true, 'Key of the campaign'),
	('campaigns', 2, 'channel', 'text', false, 'Channel on which it runs'),
	('campaigns', 3, 'kind', 'text', false, 'brand, competitor, generic, content or event'),
	('campaigns', 4, 'budget_share', 'numeric', false, 'Planned share of the budget, 0 to 1'),
	('campaigns', 5, 'started_at', 'timestamptz', false, 'When it began'),
	('campaigns', 6, 'ended_at', 'timestamptz', false, 'When it ended'),
	('campaigns', 7, 'attributes', 'jsonb', false, 'Further dimensions'),
	('partners', 1, 'partner', 'text', true, 'Key of the partner'),
	('partners', 2, 'kind', 'text', false, 'Kind, such as agency or reseller'),
	('partners', 3, 'joined_at', 'timestamptz', true, 'When the partnership began'),
	('partners', 4, 'left_at', 'timestamptz', false, 'When it ended'),
	('partners', 5, 'attributes', 'jsonb', false, 'Further dimensions'),
	('competitors', 1, 'competitor', 'text', true, 'Key of the competitor'),
	('competitors', 2, 'starter_price', 'numeric', false, 'Price of its smallest plan a month'),
	('competitors', 3, 'attributes', 'jsonb', false, 'Further dimensions'),
	('subscriptions', 1, 'customer', 'text', true, 'Who pays'),
	('subscriptions', 2, 'subscription', 'text', false, 'Subscription of which it is an item'),
	('subscriptions', 3, 'item', 'text', true, 'Key of the item'),
	('subscriptions', 4, 'plan', 'text', true, 'Plan or add-on'),
	('subscriptions', 5, 'valid_from', 'timestamptz', true, 'First instant in force'),
	('subscriptions', 6, 'valid_to', 'timestamptz', false, 'Instant at which it is in force no more; NULL is open'),
	('subscriptions', 7, 'amount', 'numeric', true, 'Price a unit and interval'),
	('subscriptions', 8, 'interval_unit', 'text', true, 'day, week, month, quarter, year or none'),
	('subscriptions', 9, 'interval_count', 'integer', true, 'Units between two bills'),
	('subscriptions', 10, 'quantity', 'numeric', false, 'Units bought; 1 if NULL'),
	('subscriptions', 11, 'currency', 'text', true, 'Currency of the amount'),
	('subscriptions', 12, 'discount', 'numeric', false, 'Share taken off, 0 to 1'),
	('subscriptions', 13, 'discount_kind', 'text', false, 'once, repeating or forever'),
	('subscriptions', 14, 'status', 'text', true, 'Status in the billing system'),
	('subscriptions', 15, 'usage', 'boolean', false, 'Billed by use and not fixed'),
	('subscriptions', 16, 'booked_at', 'timestamptz', false, 'When it was agreed'),
	('subscriptions', 17, 'recorded_at', 'timestamptz', false, 'When the row was known'),
	('subscriptions', 18, 'end_reason', 'text', false, 'voluntary or involuntary'),
	('subscriptions', 19, 'seats', 'numeric', false, 'Seats included'),
	('contracts', 1, 'customer', 'text', true, 'Who signed'),
	('contracts', 2, 'contract', 'text', true, 'Key of the contract'),
	('contracts', 3, 'signed_at', 'timestamptz', true, 'When it was signed'),
	('contracts', 4, 'starts_at', 'timestamptz', true, 'When the term begins'),
	('contracts', 5, 'ends_at', 'timestamptz', true, 'When it ends'),
	('contracts', 6, 'term_months', 'numeric', true, 'Length of the term'),
	('contracts', 7, 'amount', 'numeric', true, 'Amount of the whole term'),
	('contracts', 8, 'currency', 'text', true, 'Currency of the amount'),
	('charges', 1, 'customer', 'text', true, 'Who is charged'),
	('charges', 2, 'at', 'timestamptz', true, 'When'),
	('charges', 3, 'kind', 'text', true, 'overage, service, setup or other'),
	('charges', 4, 'units', 'numeric', false, 'Volume charged'),
	('charges', 5, 'rate', 'numeric', false, 'Price a unit'),
	('charges', 6, 'amount', 'numeric', true, 'Amount charged'),
	('charges', 7, 'currency', 'text', true, 'Currency of the amount'),
	('payments', 1, 'customer', 'text', true, 'Who pays'),
	('payments', 2, 'at', 'timestamptz', true, 'When it was tried'),
	('payments', 3, 'amount', 'numeric', true, 'Amount'),
	('payments', 4, 'currency', 'text', true, 'Currency of the amount'),
	('payments', 5, 'outcome', 'text', true, 'paid, failed or refunded'),
	('payments', 6, 'method', 'text', false, 'Means of payment'),
	('payments', 7, 'failure', 'text', false, 'Why it failed'),
	('usage', 1, 'customer', 'text', true, 'Who used it'),
	('usage', 2, 'meter', 'text', true, 'What is metered'),
	('usage', 3, 'period', 'date', true, 'First day of the period'),
	('usage', 4, 'volume', 'numeric', true, 'Volume used in the period'),
	('usage', 5, 'plan_limit', 'numeric', false, 'Volume included in the plan'),
	('usage', 6, 'rate', 'numeric', false, 'Price of a unit above the limit'),
	('exchange_rates', 1, 'currency', 'text', true, 'Currency that is converted'),
	('exchange_rates', 2, 'day', 'date', true, 'First day on which the rate holds'),
	('exchange_rates', 3, 'rate', 'numeric', true, 'Units of the base for one unit of it'),
	('exchange_rates', 4, 'base', 'text', false, 'Currency it is converted to'),
	('spend', 1, 'day', 'date', true, 'Day it was spent'),
	('spend', 2, 'channel', 'text', true, 'Channel it was spent on'),
	('spend', 3, 'amount', 'numeric', true, 'Amount spent'),
	('spend', 4, 'currency', 'text', true, 'Currency of the amount'),
	('spend', 5, 'campaign', 'text', false, 'Campaign it was spent on'),
	('spend', 6, 'impressions', 'bigint', false, 'Times it was shown'),
	('spend', 7, 'clicks', 'bigint', false, 'Clicks it brought'),
	('spend', 8, 'partner', 'text', false, 'Partner it was paid to'),
	('costs', 1, 'period', 'date', true, 'First day of the period'),
	('costs', 2, 'category', 'text', true, 'Path of the category, such as customer_acquisition/marketing/events'),
	('costs', 3, 'amount', 'numeric', true, 'Amount'),
	('costs', 4, 'currency', 'text', true, 'Currency of the amount'),
	('costs', 5, 'variable', 'boolean', true, 'Grows with volume; false is fixed'),
	('costs', 6, 'plan', 'text', false, 'Plan that causes it'),
	('budgets', 1, 'period', 'date', true, 'First day of the period'),
	('budgets', 2, 'category', 'text', true, 'Path of the category, as in costs'),
	('budgets', 3, 'amount', 'numeric', true, 'Planned amount'),
	('budgets', 4, 'currency', 'text', true, 'Currency of the amount'),
	('cash', 1, 'day', 'date', true, 'Day at whose close it holds'),
	('cash', 2, 'balance', 'numeric', true, 'Cash held'),
	('cash', 3, 'currency', 'text', true, 'Currency of the balance'),
	('events', 1, 'user', 'text', false, 'Who did it; this or anonymous_id'),
	('events', 2, 'anonymous_id', 'text', false, 'Visitor who did it; this or user'),
	('events', 3, 'customer', 'text', false, 'Account'),
	('events', 4, 'at', 'timestamptz', true, 'When'),
	('events', 5, 'name', 'text', true, 'What was done'),
	('events', 6, 'feature', 'text', false, 'Feature it was done with'),
	('events', 7, 'success', 'boolean', false, 'Whether it worked'),
	('events', 8, 'duration', 'interval', false, 'How long it took'),
	('events', 9, 'value', 'numeric', false, 'What it was worth'),
	('events', 10, 'page', 'text', false, 'Page on which it was done'),
	('events', 11, 'session', 'text', false, 'Session'),
	('events', 12, 'properties', 'jsonb', false, 'Further properties'),
	('events', 13, 'tie_break', 'integer', false, 'Order among rows of one instant'),
	('touches', 1, 'user', 'text', false, 'Who was met; this, customer or anonymous_id'),
	('touches', 2, 'customer', 'text', false, 'Account that was met; this, user or anonymous_id'),
	('touches', 3, 'anonymous_id', 'text', false, 'Visitor who was met; this, user or customer'),
	('touches', 4, 'at', 'timestamptz', true, 'When'),
	('touches', 5, 'channel', 'text', true, 'Channel of the contact'),
	('touches', 6, 'campaign', 'text', false, 'Campaign'),
	('touches', 7, 'partner', 'text', false, 'Partner'),
	('touches', 8, 'utm_source', 'text', false, 'utm_source of the address'),
	('touches', 9, 'utm_medium', 'text', false, 'utm_medium of the address'),
	('touches', 10, 'utm_campaign', 'text', false, 'utm_campaign of the address'),
	('touches', 11, 'referrer', 'text', false, 'Page that led here'),
	('touches', 12, 'click_id', 'text', false, 'Click identifier of an ad network'),
	('touches', 13, 'touch', 'text', false, 'Key of the contact'),
	('conversions', 1, 'customer', 'text', true, 'Who converted'),
	('conversions', 2, 'at', 'timestamptz', true, 'When'),
	('conversions', 3, 'revenue', 'numeric', true, 'What it is worth'),
	('conversions', 4, 'currency', 'text', true, 'Currency of the revenue'),
	('conversions', 5, 'kind', 'text', false, 'Kind, such as signup or purchase'),
	('conversions', 6, 'conversion', 'text', false, 'Key of the conversion'),
	('leads', 1, 'lead', 'text', true, 'Key of the lead'),
	('leads', 2, 'customer', 'text', false, 'Customer the lead became'),
	('leads', 3, 'stage', 'text', true, 'Stage that was reached'),
	('leads', 4, 'at', 'timestamptz', true, 'When'),
	('leads', 5, 'source', 'text', false, 'Channel, or kind of content, it came from'),
	('leads', 6, 'campaign', 'text', false, 'Campaign, or piece of content, it came from'),
	('content', 1, 'content', 'text', true, 'Key of the piece'),
	('content', 2, 'type', 'text', true, 'Type, such as guide or webinar'),
	('content', 3, 'published_at', 'timestamptz', true, 'When it came out'),
	('content', 4, 'channel', 'text', false, 'Channel on which it came out'),
	('sends', 1, 'campaign', 'text', true, 'Campaign of the message'),
	('sends', 2, 'customer', 'text', false, 'Account it was sent to'),
	('sends', 3, 'at', 'timestamptz', true, 'When'),
	('sends', 4, 'count', 'bigint', true, 'Messages sent'),
	('sends', 5, 'delivered', 'bigint', false, 'How many arrived'),
	('sends', 6, 'opened', 'bigint', false, 'How many were opened'),
	('sends', 7, 'clicked', 'bigint', false, 'How many were clicked'),
	('funnel_definitions', 1, 'funnel', 'text', true, 'Name of the funnel'),
	('funnel_definitions', 2, 'step_no', 'integer', true, 'Place of the step'),
	('funnel_definitions', 3, 'event', 'text', false, 'Event that is the step; this or condition'),
	('funnel_definitions', 4, 'condition', 'text', false, 'Condition that is the step; this or event'),
	('funnel_definitions', 5, 'target_volume', 'bigint', false, 'How many should reach it'),
	('funnel_definitions', 6, 'target_rate', 'numeric', false, 'Which share of the step before should'),
	('funnel_definitions', 7, 'max_gap', 'interval', false, 'Longest time from the step before'),
	('funnel_definitions', 8, 'min_count', 'integer', false, 'How often it must happen'),
	('funnel_definitions', 9, 'friction', 'text[]', false, 'Events at which users get stuck'),
	('action_sets', 1, 'name', 'text', true, 'Name of the set'),
	('action_sets', 2, 'event', 'text', true, 'Event that belongs to it'),
	('tickets', 1, 'ticket', 'text', true, 'Key of the case'),
	('tickets', 2, 'customer', 'text', true, 'Whose case it is'),
	('tickets', 3, 'opened_at', 'timestamptz', true, 'When it was opened'),
	('tickets', 4, 'first_response_at', 'timestamptz', false, 'When it was first answered'),
	('tickets', 5, 'resolved_at', 'timestamptz', false, 'When it was resolved'),
	('tickets', 6, 'reopened_at', 'timestamptz', false, 'When it was opened again'),
	('tickets', 7, 'priority', 'text', true, 'Priority'),
	('tickets', 8, 'complexity', 'text', false, 'Class of complexity'),
	('tickets', 9, 'category', 'text', false, 'What it is about'),
	('tickets', 10, 'csat', 'numeric', false, 'Score the customer gave'),
	('tickets', 11, 'escalated', 'boolean', false, 'Whether it was escalated'),
	('tickets', 12, 'contacts', 'integer', false, 'Times the customer wrote'),
	('tickets', 13, 'agent', 'text', false, 'Who worked on it'),
	('surveys', 1, 'customer', 'text', true, 'Account that was asked'),
	('surveys', 2, 'user', 'text', false, 'Person who was asked'),
	('surveys', 3, 'kind', 'text', true, 'nps, csat or ces'),
	('surveys', 4, 'score', 'numeric', false, 'Answer; NULL is none'),
	('surveys', 5, 'sent_at', 'timestamptz', true, 'When it was asked'),
	('surveys', 6, 'answered_at', 'timestamptz', false, 'When it was answered'),
	('scores', 1, 'entity', 'text', true, 'What is scored'),
	('scores', 2, 'at', 'timestamptz', true, 'When'),
	('scores', 3, 'score', 'numeric', true, 'The score'),
	('scores', 4, 'factors', 'jsonb', false, 'Parts of the score'),
	('scores', 5, 'model', 'text', false, 'Model that gave it'),
	('account_facts', 1, 'customer', 'text', true, 'Key of the account'),
	('account_facts', 2, 'fact', 'text', true, 'What is recorded, such as sponsor_status or documented_roi'),
	('account_facts', 3, 'value', 'text', true, 'Its value'),
	('account_facts', 4, 'agreed_at', 'timestamptz', false, 'When it was agreed as a criterion'),
	('account_facts', 5, 'valid_from', 'timestamptz', true, 'First instant at which it holds'),
	('account_facts', 6, 'valid_to', 'timestamptz', false, 'Instant at which it holds no more; NULL is open'),
	('interventions', 1, 'customer', 'text', true, 'Key of the account'),
	('interventions', 2, 'at', 'timestamptz', true, 'When'),
	('interventions', 3, 'reason', 'text', true, 'Why'),
	('interventions', 4, 'kind', 'text', false, 'What was done'),
	('interventions', 5, 'outcome', 'text', false, 'What came of it'),
	('interventions', 6, 'outcome_at', 'timestamptz', false, 'When that was known'),
	('deals', 1, 'deal', 'text', true, 'Key of the deal'),
	('deals', 2, 'customer', 'text', false, 'Account it is about'),
	('deals', 3, 'created_at', 'timestamptz', true, 'When it came to be'),
	('deals', 4, 'amount', 'numeric', true, 'Amount'),
	('deals', 5, 'currency', 'text', true, 'Currency of the amount'),
	('deals', 6, 'stage', 'text', true, 'Stage it is in'),
	('deals', 7, 'closed_at', 'timestamptz', false, 'When it was closed'),
	('deals', 8, 'outcome', 'text', false, 'won, lost or no_decision'),
	('deals', 9, 'owner', 'text', false, 'Who works on it'),
	('deals', 10, 'team', 'text', false, 'Team of the owner'),
	('deals', 11, 'competitor', 'text', false, 'Competitor it was lost to or won against'),
	('deals', 12, 'reason', 'text', false, 'Why it was won or lost'),
	('deals', 13, 'segment', 'text', false, 'Segment of the account'),
	('deals', 14, 'partner', 'text', false, 'Partner who brought it or took part'),
	('deals', 15, 'expected_close', 'date', false, 'Day on which it should close'),
	('deal_stages', 1, 'deal', 'text', true, 'Key of the deal'),
	('deal_stages', 2, 'stage', 'text', true, 'Stage that was entered'),
	('deal_stages', 3, 'at', 'timestamptz', true, 'When'),
	('activities', 1, 'owner', 'text', true, 'Who did it'),
	('activities', 2, 'at', 'timestamptz', true, 'When'),
	('activities', 3, 'kind', 'text', true, 'Call, mail, meeting or other'),
	('activities', 4, 'deal', 'text', false, 'Deal it was for'),
	('quotas', 1, 'owner', 'text', true, 'Person or team whose target it is'),
	('quotas', 2, 'period', 'date', true, 'First day of the period'),
	('quotas', 3, 'amount', 'numeric', true, 'Amount to sell'),
	('quotas', 4, 'currency', 'text', true, 'Currency of the amount'),
	('incidents', 1, 'incident', 'text', true, 'Key of the incident'),
	('incidents', 2, 'started_at', 'timestamptz', true, 'When it began'),
	('incidents', 3, 'ended_at', 'timestamptz', false, 'When it was over; NULL is not yet'),
	('incidents', 4, 'severity', 'text', true, 'Severity'),
	('incidents', 5, 'outage', 'boolean', false, 'Whether the service was down'),
	('incidents', 6, 'detected_at', 'timestamptz', false, 'When it was noticed'),
	('incidents', 7, 'service', 'text', false, 'What was hit'),
	('maintenance', 1, 'started_at', 'timestamptz', true, 'When it began'),
	('maintenance', 2, 'ended_at', 'timestamptz', true, 'When it was over'),
	('maintenance', 3, 'service', 'text', false, 'What was down'),
	('requests', 1, 'at', 'timestamptz', true, 'When'),
	('requests', 2, 'duration_ms', 'numeric', true, 'How long it took, in milliseconds'),
	('requests', 3, 'count', 'bigint', false, 'Requests the row stands for; 1 if NULL'),
	('requests', 4, 'endpoint', 'text', false, 'What was asked for'),
	('requests', 5, 'error', 'boolean', false, 'Whether it failed'),
	('requests', 6, 'part', 'text', false, 'server, dom or render'),
	('resource_samples', 1, 'at', 'timestamptz', true, 'When'),
	('resource_samples', 2, 'resource', 'text', true, 'What is used, such as cpu'),
	('resource_samples', 3, 'utilisation', 'numeric', true, 'Share in use, 0 to 1'),
	('deployments', 1, 'at', 'timestamptz', true, 'When it was deployed'),
	('deployments', 2, 'change_created_at', 'timestamptz', false, 'When the change was made'),
	('deployments', 3, 'failed', 'boolean', false, 'Whether it did harm'),
	('deployments', 4, 'restored_at', 'timestamptz', false, 'When the harm was undone'),
	('deployments', 5, 'service', 'text', false, 'What was changed'),
	('bugs', 1, 'bug', 'text', true, 'Key of the defect'),
	('bugs', 2, 'opened_at', 'timestamptz', true, 'When it was reported'),
	('bugs', 3, 'closed_at', 'timestamptz', false, 'When it was closed'),
	('bugs', 4, 'severity', 'text', true, 'Severity'),
	('bugs', 5, 'escaped', 'boolean', false, 'Whether it had reached customers'),
	('coverage_samples', 1, 'at', 'timestamptz', true, 'When it was measured'),
	('coverage_samples', 2, 'coverage', 'numeric', true, 'Share covered, 0 to 1'),
	('coverage_samples', 3, 'repository', 'text', false, 'Where'),
	('competitor_facts', 1, 'at', 'timestamptz', true, 'When it was seen'),
	('competitor_facts', 2, 'competitor', 'text', true, 'Whom it is about'),
	('competitor_facts', 3, 'kind', 'text', true, 'mention, share_of_voice, market_size, price, contacts, feature, feature_count or switching_cost'),
	('competitor_facts', 4, 'channel', 'text', false, 'Where it was seen'),
	('competitor_facts', 5, 'value', 'numeric', true, 'A count, a price, an amount, a share; of a feature 1 if it is there and 0 if not'),
	('competitor_facts', 6, 'detail', 'text', false, 'Which theme, plan or feature');

-- How a table is read as an input -----------------------------------------

-- The expression for one column.  Nothing may depend on the time zone of the
-- session: a timestamp is UTC, a date its midnight, and what would need a zone
-- is refused.
CREATE FUNCTION nudge.input_expression(input text, relation regclass, column_name text, data_type text, required boolean, description text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source constant text := 'r.' || quote_ident(column_name);
	found_type oid := (SELECT coalesce(nullif(t.typbasetype, 0), t.oid)
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
	IF found_type IS NULL THEN
		IF required THEN
			RAISE EXCEPTION '% cannot be read as %: it has no column "%"', relation, input, column_name
				USING ERRCODE = 'undefined_column',
					DETAIL = format('The column means: %s.', description),
					HINT = 'Pass a view of the relation that names such a column.';
		END IF;
		RETURN 'NULL::' || data_type;
	END IF;
	IF data_type = 'timestamptz' AND found_type IN ('timestamp'::regtype, 'date'::regtype) THEN
		RETURN format('(%s)::timestamp AT TIME ZONE ''UTC''', source);
	END IF;
	IF data_type = 'timestamptz' AND found_type <> 'timestamptz'::regtype OR data_type = 'date' AND found_type = 'timestamptz'::regtype THEN
		RAISE EXCEPTION 'column "%" of % is of type %, which does not say the % by itself', column_name, relation,
				format_type(found_type, NULL), CASE data_type WHEN 'date' THEN 'day' ELSE 'instant' END
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is read as %s of %s. What it says depends on a time zone.', data_type, input),
				HINT = CASE data_type WHEN 'date' THEN 'Pass a view with nudge.civil_date(column, zone).' ELSE 'Pass a view that makes it timestamptz.' END;
	END IF;
	RETURN format('(%s)::%s', source, data_type);
END
$$;
COMMENT ON FUNCTION nudge.input_expression(text, regclass, text, text, boolean, text) IS
	'Works for input_query: how one column of a relation is read';

CREATE FUNCTION nudge.input_query(input text, relation regclass) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns text;
	kind "char";
	name text;
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.inputs i WHERE i.input = input_query.input) THEN
		RAISE EXCEPTION 'unknown input "%"', input
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = (SELECT 'The inputs are ' || string_agg(i.input, ', ' ORDER BY i.input) || '.' FROM nudge.inputs i),
				HINT = 'See the table nudge.input_columns.';
	END IF;
	IF relation IS NULL THEN
		RETURN (SELECT 'SELECT ' || string_agg(format('NULL::%s AS %I', c.data_type, c.column_name), ', ' ORDER BY c.position) || ' WHERE false'
			FROM nudge.input_columns c WHERE c.input = input_query.input);
	END IF;
	SELECT c.relkind, format('%I.%I', CASE c.relnamespace WHEN pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname END, c.relname)
	INTO kind, name
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
	IF kind IS NULL OR kind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
		RAISE EXCEPTION '% cannot be read as %', relation, input
			USING ERRCODE = 'wrong_object_type',
				DETAIL = 'An input is a table, a view, a materialized view or a foreign table.',
				HINT = 'Pass the name of one.';
	END IF;
	SELECT string_agg(format('%s AS %I', nudge.input_expression(c.input, relation, c.column_name, c.data_type, c.required, c.description), c.column_name),
		', ' ORDER BY c.position)
	INTO columns
	FROM nudge.input_columns c WHERE c.input = input_query.input;
	RETURN format('SELECT %s FROM %s AS r', columns, name);
END
$$;
COMMENT ON FUNCTION nudge.input_query(text, regclass) IS
	'The query that reads a table or view as a canonical input: its columns by name and cast, NULL for optional ones it lacks. Not STRICT: a NULL relation is an input without rows, a NULL input an error';

-- What functions over inputs share ----------------------------------------

CREATE FUNCTION nudge.single_currency(currencies text[], currency text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	expected constant text := upper(currency);
	seen constant text[] := ARRAY(SELECT DISTINCT upper(c) COLLATE "C" FROM unnest(currencies) c WHERE c IS NOT NULL ORDER BY 1);
BEGIN
	IF array_position(currencies, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'an amount has no currency'
			USING ERRCODE = 'null_value_not_allowed',
				DETAIL = 'Amounts are added only if all are known to be in one currency.',
				HINT = 'Pass a view that says the currency of every row.';
	END IF;
	IF cardinality(seen) > 1 OR seen[1] <> expected THEN
		RAISE EXCEPTION 'amounts in % cannot be added up%', array_to_string(seen, ', '), coalesce(' in ' || expected, '')
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Currencies are never mixed, and rows in another are never left out.',
				HINT = 'Pass a view that converts amounts with nudge.exchange_rate_at, or that has the rows of one currency.';
	END IF;
	RETURN coalesce(expected, seen[1]);
END
$$;
COMMENT ON FUNCTION nudge.single_currency(text[], text) IS
	'The one currency of amounts, which must be the given one; several, or one that is not known, are an error. Not STRICT: NULL currencies are no rows, a NULL currency is any';

CREATE FUNCTION nudge.check_window(start_day date, end_day date) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF start_day IS NULL OR end_day IS NULL THEN
		RAISE EXCEPTION 'start_day and end_day must not be null'
			USING ERRCODE = 'null_value_not_allowed',
				DETAIL = 'A window has a first day and a day after its last.',
				HINT = 'Pass both.';
	END IF;
	IF start_day >= end_day THEN
		RAISE EXCEPTION 'start_day must be before end_day'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A window is half-open: it holds start_day, and ends before end_day.',
				HINT = 'For one day pass that day and the next.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_window(date, date) IS
	'An error unless a window [start_day, end_day) has days. Not STRICT: NULLs are errors';

-- src/metrics/costs.sql

/*
 * costs.sql
 *		Costs by role, budgets against actual costs, exact shares of an amount.
 *
 * Definitions: doc/costs.md.
 */

-- Configuration -----------------------------------------------------------

CREATE TABLE nudge.cost_roles (
	category text PRIMARY KEY CHECK (category ~ '^[^/]+(/[^/]+)*$' AND category !~ '(^|/) | (/|$)'),
	role text NOT NULL CHECK (role IN ('cost_of_revenue', 'sales_and_marketing', 'research_and_development',
		'general_and_administrative', 'other')),
	part text CHECK (part IS NULL OR role = 'cost_of_revenue' AND part IN ('infrastructure', 'support')
		OR role = 'sales_and_marketing' AND part IN ('marketing', 'sales'))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.cost_roles', '');
GRANT SELECT ON nudge.cost_roles TO PUBLIC;

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.cost_roles TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.cost_roles IS 'What categories of cost are in the profit and loss: rows here come before the built-in ones of cost_role_rules()';
COMMENT ON COLUMN nudge.cost_roles.category IS 'Category, with all below it: a path such as customer_acquisition/marketing';
COMMENT ON COLUMN nudge.cost_roles.role IS 'cost_of_revenue, sales_and_marketing, research_and_development, general_and_administrative or other';
COMMENT ON COLUMN nudge.cost_roles.part IS 'Part of the role: infrastructure or support of cost_of_revenue, marketing or sales of sales_and_marketing; else NULL';

CREATE FUNCTION nudge.cost_role_rules() RETURNS TABLE (category text, role text, part text, built_in boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT r.category, r.role, r.part, false FROM nudge.cost_roles r
	UNION ALL
	SELECT d.category, d.role, d.part, true
	FROM (VALUES
		('customer_acquisition', 'sales_and_marketing', NULL),
		('customer_acquisition/marketing', 'sales_and_marketing', 'marketing'),
		('customer_acquisition/sales', 'sales_and_marketing', 'sales'),
		('product_delivery', 'cost_of_revenue', NULL),
		('product_delivery/infrastructure', 'cost_of_revenue', 'infrastructure'),
		('product_delivery/support', 'cost_of_revenue', 'support'),
		('product_development', 'research_and_development', NULL),
		('cost_of_revenue', 'cost_of_revenue', NULL),
		('cost_of_revenue/infrastructure', 'cost_of_revenue', 'infrastructure'),
		('cost_of_revenue/support', 'cost_of_revenue', 'support'),
		('sales_and_marketing', 'sales_and_marketing', NULL),
		('sales_and_marketing/marketing', 'sales_and_marketing', 'marketing'),
		('sales_and_marketing/sales', 'sales_and_marketing', 'sales'),
		('research_and_development', 'research_and_development', NULL),
		('general_and_administrative', 'general_and_administrative', NULL)
	) d(category, role, part)
	WHERE NOT EXISTS (SELECT FROM nudge.cost_roles r WHERE r.category = d.category)
	ORDER BY 1;
END;
COMMENT ON FUNCTION nudge.cost_role_rules() IS
	'Which categories of cost have which role: the rows of cost_roles, and the built-in ones that they do not replace. The longest category that holds a cost decides';

-- Periods and shares ------------------------------------------------------

CREATE FUNCTION nudge.check_report_window(start_day date, end_day date) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF NOT isfinite(start_day) OR NOT isfinite(end_day) OR end_day - start_day > 365300 THEN
		RAISE EXCEPTION 'a report spans at most 1000 years' USING ERRCODE = 'program_limit_exceeded',
			DETAIL = 'Each of its months is a row on the way.',
			HINT = 'Pass days of this age as start_day and end_day.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_report_window(date, date) IS
	'An error unless a window [start_day, end_day) has days, and not too many for a report by month. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.report_periods(
	start_day date,
	end_day date,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (period date, period_end date, known_end date, complete boolean)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 12
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	known date := end_day;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF unit NOT IN ('month', 'quarter', 'year') THEN
		RAISE EXCEPTION 'costs have no grain "%"', left(grain, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Costs and budgets are kept by month, or longer.',
			HINT = 'The grains are month, quarter and year.';
	END IF;
	IF as_of IS NOT NULL THEN
		-- the day that holds the last instant before as_of is the last
		known := nudge.civil_date(as_of - interval '1 microsecond', coalesce(zone, 'UTC')) + 1;
	END IF;
	period := nudge.period_start(start_day, unit, fiscal_year_start => first_month);
	WHILE period < least(end_day, known) LOOP
		period_end := nudge.period_end(period, unit, fiscal_year_start => first_month);
		known_end := period_end;
		IF as_of IS NOT NULL THEN
			known_end := least(period_end, known);
			complete := period_end <= nudge.civil_date(as_of, coalesce(zone, 'UTC'));
		END IF;
		RETURN NEXT;
		period := period_end;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.report_periods(date, date, text, text, timestamptz, integer) IS
	'The months, quarters or years that overlap [start_day, end_day), up to the one that holds the last instant before as_of; what is dated before known_end counts. Not STRICT: a NULL day is an error, NULL options have a meaning';

CREATE FUNCTION nudge.apportion(amount numeric, weights numeric[], minor_unit integer DEFAULT 2) RETURNS numeric[]
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	units numeric;
	unit numeric;
	total numeric;
BEGIN
	IF minor_unit NOT BETWEEN 0 AND 18 THEN
		RAISE EXCEPTION 'minor_unit must be between 0 and 18, not %', minor_unit USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Shares of an amount are multiples of a minor unit.',
			HINT = 'It is the number of decimals of the currency, see currency_minor_unit().';
	ELSIF NOT abs(amount) < 1e30 OR EXISTS (SELECT FROM unnest(weights) w(weight) WHERE NOT w.weight BETWEEN 0 AND 1e30) THEN
		RAISE EXCEPTION 'amount or weight is out of range' USING ERRCODE = 'numeric_value_out_of_range',
			DETAIL = 'An amount is apportioned in proportion to its weights, which must not be negative.',
			HINT = 'Give the weight 0 to what shall have no share.';
	END IF;
	total := (SELECT sum(w.weight) FROM unnest(weights) w(weight));
	IF total IS NULL OR total = 0 THEN
		RETURN NULL;
	END IF;
	unit := ('1e' || -minor_unit)::numeric;
	units := trunc(abs(amount) * ('1e' || minor_unit)::numeric);
	-- largest remainder: first the whole units, then one more for those who
	-- miss most; what is below a unit goes to who is next in line
	RETURN (
		SELECT array_agg(sign(amount) * ((s.share + (s.rank <= s.spare)::integer) * unit
			+ CASE s.rank WHEN s.spare + 1 THEN abs(amount) - units * unit ELSE 0 END) ORDER BY s.place)
		FROM (
			SELECT q.place, q.share, units - sum(q.share) OVER () AS spare,
				row_number() OVER (ORDER BY q.missing DESC, q.weight DESC, q.place) AS rank
			FROM (SELECT w.place, coalesce(w.weight, 0) AS weight, div(units * coalesce(w.weight, 0), total) AS share,
					mod(units * coalesce(w.weight, 0), total) AS missing
				FROM unnest(weights) WITH ORDINALITY w(weight, place)) q
		) s
	);
END
$$;
COMMENT ON FUNCTION nudge.apportion(numeric, numeric[], integer) IS
	'Shares of an amount in proportion to weights, in whole minor units, that sum to it exactly: by the largest remainder, ties to the larger weight and then to the first. NULL if no weight is above 0';

-- Reading costs and budgets -----------------------------------------------

CREATE FUNCTION nudge.check_input(input text, incomplete bigint, column_name text DEFAULT NULL, unknown text DEFAULT NULL, known text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF incomplete > 0 THEN
		RAISE EXCEPTION 'a row of % has no time, or no amount', input USING ERRCODE = 'null_value_not_allowed',
			DETAIL = format('Of %s rows a required column is NULL, or not a finite number.', incomplete),
			HINT = 'Pass a view that leaves them out knowingly.';
	ELSIF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'unknown % "%" of %', column_name, left(unknown, 40), input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is one of %s.', known),
			HINT = 'Pass a view that maps it to one of them.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_input(text, bigint, text, text, text) IS
	'An error if rows of an input lack what they need, or have a word that is not known. Not STRICT: a NULL word is none';

CREATE FUNCTION nudge.cost_category(category text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(btrim(regexp_replace(category, '[[:space:]]*/[/[:space:]]*', '/', 'g'), E'/ \t\n'), '');
COMMENT ON FUNCTION nudge.cost_category(text) IS
	'A category without blanks and slashes that say nothing. Not STRICT: NULL is the empty path, the root of all categories';

CREATE FUNCTION nudge.cost_lines(costs regclass, start_day date, end_day date, expected_currency text DEFAULT NULL) RETURNS TABLE (
	period date,
	category text,
	role text,
	part text,
	variable boolean,
	plan text,
	amount numeric,
	currency text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.period, nudge.cost_category(i.category) AS category, coalesce(i.variable, false) AS variable,
				nullif(i.plan, '') AS plan, i.amount, i.currency
			FROM (%s) i
			WHERE i.period IS NULL OR i.period >= $1 AND i.period < $2
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('costs', count(*) FILTER (WHERE NOT coalesce(isfinite(l.period) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		), rule AS MATERIALIZED (
			SELECT DISTINCT ON (l.category) l.category, r.role, r.part
			FROM (SELECT DISTINCT l.category FROM line l) l
			LEFT JOIN nudge.cost_role_rules() r ON l.category = r.category OR starts_with(l.category, r.category || '/')
			ORDER BY l.category, length(r.category) DESC NULLS LAST
		)
		SELECT l.period, l.category, coalesce(r.role, 'other'), r.part, l.variable, l.plan, l.amount, one.currency
		FROM one, line l JOIN rule r ON r.category = l.category
	$query$, nudge.input_query('costs', costs)) USING start_day, end_day, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.cost_lines(regclass, date, date, text) IS
	'The costs of [start_day, end_day), each with its category as a clean path and its role: the drill-down of pnl and budget_variance. Not STRICT: NULL costs are none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.budget_lines(
	budgets regclass,
	start_day date,
	end_day date,
	budget_grain text DEFAULT 'month',
	expected_currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (period date, category text, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unit constant text := lower(coalesce(budget_grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	months constant integer := CASE unit WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF months IS NULL THEN
		RAISE EXCEPTION 'budgets have no grain "%"', left(budget_grain, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is the length of the period of each row of the budget.',
			HINT = 'The grains are month, quarter and year.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.period, nudge.cost_category(i.category) AS category, i.amount, i.currency
			FROM (%s) i
			WHERE i.period IS NULL OR i.period >= nudge.period_start($1, $4, fiscal_year_start => $5)
				AND i.period < nudge.period_end($2 - 1, $4, fiscal_year_start => $5)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('budgets', count(*) FILTER (WHERE NOT coalesce(isfinite(l.period) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		), share AS (
			SELECT (nudge.period_start(l.period, $4, fiscal_year_start => $5) + (s.month - 1) * interval '1 month')::date AS period,
				l.category, s.amount
			FROM line l, one, LATERAL unnest(nudge.apportion(l.amount, array_fill(1::numeric, ARRAY[$6]),
				coalesce(nudge.currency_minor_unit(one.currency), 2))) WITH ORDINALITY s(amount, month)
		)
		SELECT s.period, s.category, s.amount, one.currency
		FROM one, share s
		WHERE s.period >= nudge.period_start($1, 'month') AND s.period < $2
	$query$, nudge.input_query('budgets', budgets))
	USING start_day, end_day, expected_currency, unit, first_month, months;
END
$$;
COMMENT ON FUNCTION nudge.budget_lines(regclass, date, date, text, text, integer) IS
	'The budgets of the months of [start_day, end_day); those of a quarter or a year are shared equally among its months and sum to it exactly. Not STRICT: NULL budgets are none, NULL options have a meaning';

-- Budget against actual ---------------------------------------------------

CREATE FUNCTION nudge.budget_variance(
	costs regclass,
	budgets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	threshold numeric DEFAULT 0.10,
	budget_grain text DEFAULT 'month',
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	category text,
	depth integer,
	budget numeric,
	actual numeric,
	fixed_actual numeric,
	variable_actual numeric,
	own_budget numeric,
	own_actual numeric,
	variance numeric,
	variance_rate numeric,
	outcome text,
	over_threshold boolean,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	first_day date;
	last_day date;
	known_day date;
	-- what was not given is unknown, and not 0
	unplanned constant numeric := CASE WHEN budgets IS NOT NULL THEN 0 END;
BEGIN
	SELECT min(p.period), max(p.period_end), max(p.known_end) INTO first_day, last_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, budget_variance.currency)
	), plan AS MATERIALIZED (
		SELECT * FROM nudge.budget_lines(budgets, first_day, last_day, budget_grain, budget_variance.currency, first_month)
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency), budget_variance.currency) AS currency
		FROM (SELECT c.currency FROM cost c UNION SELECT b.currency FROM plan b) l
	), line AS (
		SELECT nudge.period_start(l.period, unit, fiscal_year_start => first_month) AS period, string_to_array(l.category, '/') AS path,
			sum(l.budget) AS budget, sum(l.fixed) AS fixed, sum(l.variable) AS variable, bool_or(l.planned) AS planned
		FROM (
			SELECT period, category, false AS planned, 0 AS budget, CASE WHEN variable THEN 0 ELSE amount END AS fixed, CASE WHEN variable THEN amount ELSE 0 END AS variable FROM cost
			UNION ALL
			SELECT period, category, true, amount, 0, 0 FROM plan
		) l
		GROUP BY 1, 2
	), booked AS (
		-- a period without any cost has not been booked
		SELECT DISTINCT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, 0 AS zero FROM cost c
	), node AS MATERIALIZED (
		-- a line counts for its own category and for all above it, up to the root
		SELECT l.period, array_to_string(l.path[1:d.depth], '/') AS category, d.depth, sum(l.budget) AS budget,
			sum(l.fixed + l.variable) AS actual, sum(l.fixed) AS fixed, sum(l.variable) AS variable,
			coalesce(sum(l.budget) FILTER (WHERE d.depth = cardinality(l.path)), 0) AS own_budget,
			coalesce(sum(l.fixed + l.variable) FILTER (WHERE d.depth = cardinality(l.path)), 0) AS own_actual,
			bool_or(l.planned) AS planned, coalesce(bool_or(l.planned) FILTER (WHERE d.depth = cardinality(l.path)), false) AS own_planned
		FROM line l, LATERAL generate_series(0, cardinality(l.path)) d(depth)
		GROUP BY 1, 2, 3
	), covered AS (
		SELECT DISTINCT n.period, n.category
		FROM node n, LATERAL generate_series(0, n.depth - 1) d(depth), node o
		WHERE NOT n.planned AND o.own_planned AND o.period = n.period
			AND o.category = array_to_string((string_to_array(n.category, '/'))[1:d.depth], '/')
	)
	SELECT n.period, n.category, n.depth, n.budget + unplanned, n.actual + b.zero, n.fixed + b.zero, n.variable + b.zero, n.own_budget + unplanned, n.own_actual + b.zero,
		v.variance, v.variance / nullif(n.budget, 0),
		CASE WHEN a.category IS NOT NULL THEN 'budgeted_above' WHEN v.variance > 0 THEN 'unfavourable' WHEN v.variance < 0 THEN 'favourable'
			WHEN v.variance = 0 THEN 'on_budget' END,
		abs(v.variance) > coalesce(threshold, 0.10) * abs(n.budget), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN node n ON n.period = p.period
	LEFT JOIN booked b ON b.period = p.period
	LEFT JOIN covered a ON a.period = n.period AND a.category = n.category,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false AND a.category IS NULL THEN n.actual + b.zero - n.budget - unplanned END AS variance) v
	ORDER BY n.period, string_to_array(n.category COLLATE "C", '/');
END
$$;
COMMENT ON FUNCTION nudge.budget_variance(regclass, regclass, date, date, text, text, timestamptz, numeric, text, text, integer) IS
	'Budget and actual cost by period and category, of every level of the tree of categories from the root down; a level is its own amount and all below it. Not STRICT: a NULL relation is not known, NULL options have a meaning';

-- src/metrics/profitability.sql

/*
 * profitability.sql
 *		Revenue by stream, profit and loss, margins by plan, burn and runway,
 *		efficiency of what is spent.
 *
 * Definitions: doc/profitability.md.
 */

-- Reading revenue ---------------------------------------------------------

CREATE FUNCTION nudge.charge_lines(
	charges regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (day date, customer text, stream text, kind text, units numeric, rate numeric, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	-- the first condition lets an index be used: no zone is two days from UTC
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nudge.civil_date(i.at, $3) AS day, i.customer, lower(i.kind) AS kind, i.units, i.rate,
				coalesce(i.amount, i.units * i.rate) AS amount, i.currency
			FROM (%s) i
			WHERE i.at IS NULL
				OR i.at >= ($1 - 2)::timestamp AT TIME ZONE 'UTC' AND i.at < ($2 + 2)::timestamp AT TIME ZONE 'UTC'
				AND nudge.civil_date(i.at, $3) >= $1 AND nudge.civil_date(i.at, $3) < $2
				AND coalesce(i.at < $4, true)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $5) AS currency,
				nudge.check_input('charges', count(*) FILTER (WHERE NOT coalesce(l.day IS NOT NULL AND abs(l.amount) < 'Infinity', false)),
					'kind', min(coalesce(l.kind, '')) FILTER (WHERE coalesce(l.kind, '') NOT IN ('overage', 'service', 'setup', 'other')),
					'overage, service, setup and other')
			FROM line l
		)
		SELECT l.day, l.customer, CASE l.kind WHEN 'overage' THEN 'usage' WHEN 'service' THEN 'services' ELSE 'one_off' END,
			l.kind, l.units, l.rate, l.amount, one.currency
		FROM one, line l
	$query$, nudge.input_query('charges', charges))
	USING start_day, end_day, coalesce(zone, 'UTC'), as_of, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.charge_lines(regclass, date, date, text, timestamptz, text) IS
	'The charges of the days [start_day, end_day) of a zone before as_of, each with its stream of revenue: usage, services or one_off. Not STRICT: NULL charges are none, NULL options have a meaning';

CREATE FUNCTION nudge.usage_lines(usage regclass, start_day date, end_day date)
	RETURNS TABLE (period date, customer text, meter text, volume numeric, overage_volume numeric, rate numeric, amount numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.period IS NULL OR i.period >= $1 AND i.period < $2
		), one AS MATERIALIZED (
			SELECT nudge.check_input('usage', count(*) FILTER (WHERE NOT coalesce(isfinite(l.period) AND abs(l.volume) < 'Infinity'
				AND coalesce(abs(l.rate) < 'Infinity', true), false))) AS checked
			FROM line l
		)
		SELECT l.period, l.customer, l.meter, l.volume, o.volume, l.rate, o.volume * coalesce(l.rate, 0)
		FROM one, line l, LATERAL (SELECT coalesce(greatest(l.volume - l.plan_limit, 0), 0) AS volume) o
	$query$, nudge.input_query('usage', usage)) USING start_day, end_day;
END
$$;
COMMENT ON FUNCTION nudge.usage_lines(regclass, date, date) IS
	'Metered volume of the periods of [start_day, end_day), what of it is above the limit of the plan, and that times the rate: a NULL limit is no limit, a NULL rate is free. Not STRICT: NULL usage is none';

CREATE FUNCTION nudge.receipt_lines(
	payments regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (day date, customer text, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nudge.civil_date(i.at, $3) AS day, i.customer, lower(i.outcome) AS outcome, i.amount, i.currency
			FROM (%s) i
			WHERE i.at IS NULL
				OR i.at >= ($1 - 2)::timestamp AT TIME ZONE 'UTC' AND i.at < ($2 + 2)::timestamp AT TIME ZONE 'UTC'
				AND nudge.civil_date(i.at, $3) >= $1 AND nudge.civil_date(i.at, $3) < $2
				AND coalesce(i.at < $4, true)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $5) AS currency,
				nudge.check_input('payments', count(*) FILTER (WHERE NOT coalesce(l.day IS NOT NULL AND abs(l.amount) < 'Infinity', false)),
					'outcome', min(coalesce(l.outcome, '')) FILTER (WHERE coalesce(l.outcome, '') NOT IN ('paid', 'failed', 'refunded')),
					'paid, failed and refunded')
			FROM line l
		)
		SELECT l.day, l.customer, l.amount, one.currency FROM one, line l WHERE l.outcome = 'paid'
	$query$, nudge.input_query('payments', payments))
	USING start_day, end_day, coalesce(zone, 'UTC'), as_of, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.receipt_lines(regclass, date, date, text, timestamptz, text) IS
	'The payments of the days [start_day, end_day) of a zone before as_of that were collected and kept. Not STRICT: NULL payments are none, NULL options have a meaning';

CREATE FUNCTION nudge.cash_lines(cash regclass, start_day date, end_day date, expected_currency text DEFAULT NULL)
	RETURNS TABLE (day date, balance numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.day IS NULL OR i.day >= $1 AND i.day < $2
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('cash', count(*) FILTER (WHERE NOT coalesce(isfinite(l.day) AND abs(l.balance) < 'Infinity', false)))
			FROM line l
		)
		SELECT l.day, sum(l.balance), one.currency FROM one, line l GROUP BY l.day, one.currency
	$query$, nudge.input_query('cash', cash)) USING start_day, end_day, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.cash_lines(regclass, date, date, text) IS
	'Cash at the close of the days of [start_day, end_day) that have a balance, all accounts together. Not STRICT: NULL cash is none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.check_spread(spread text, usage regclass, meter text, start_day date, end_day date) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF spread NOT IN ('revenue', 'customers', 'usage', 'equal') THEN
		RAISE EXCEPTION 'unknown value "%" of spread', left(spread, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says how costs without a plan are spread over the plans.',
			HINT = 'It is one of revenue, customers, usage and equal.';
	ELSIF spread = 'usage' AND usage IS NULL THEN
		RAISE EXCEPTION 'spread by usage needs usage' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Costs are spread in proportion to the metered volume of the customers of a plan.',
			HINT = 'Pass the relation as usage.';
	ELSIF spread = 'usage' AND meter IS NULL AND (SELECT count(DISTINCT u.meter) FROM nudge.usage_lines(usage, start_day, end_day) u) > 1 THEN
		RAISE EXCEPTION 'volumes of different meters cannot be added up' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The usage of the window has more than one meter.',
			HINT = 'Name one as meter.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_spread(text, regclass, text, date, date) IS
	'An error unless costs can be spread over plans in this way. Not STRICT: NULLs have a meaning';

CREATE FUNCTION nudge.add_on_plans(plans regclass) RETURNS text[]
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT array_agg(i.plan) FROM (%s) i WHERE lower(i.kind) = ''addon''', nudge.input_query('plans', plans)) INTO found;
	RETURN coalesce(found, '{}');
END
$$;
COMMENT ON FUNCTION nudge.add_on_plans(regclass) IS 'The plans of kind addon. Not STRICT: NULL plans are none';

CREATE FUNCTION nudge.recurring_days(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (month date, customer text, plan text, mrr_days numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	-- which refuses a zone that the state does not take
	PERFORM nudge.mrr_at(state, start_day, zone);
	RETURN QUERY
	SELECT m.month::date, i.customer, i.plan,
		sum(i.mrr * (least(i.valid_to, (m.month + interval '1 month')::date) - greatest(i.valid_from, m.month::date)))
	FROM (
		-- a day counts if the amount is in force at its close
		SELECT i.customer, NULL::text AS plan, i.mrr, greatest(nudge.civil_date(i.valid_from, zone), start_day) AS valid_from,
			coalesce(least(nudge.civil_date(i.valid_to, zone), end_day), end_day) AS valid_to
		FROM nudge.mrr_periods(state) i
		WHERE i.mrr > 0
	) i, LATERAL generate_series(nudge.period_start(i.valid_from, 'month')::timestamp, (i.valid_to - 1)::timestamp, interval '1 month') m(month)
	WHERE i.valid_from < i.valid_to
	GROUP BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION nudge.recurring_days(nudge.mrr_state, date, date, text) IS
	'MRR times the days on which it was in force, by month, customer and plan, within [start_day, end_day): over the days of the month it is recurring revenue';

CREATE FUNCTION nudge.revenue_streams(
	state nudge.mrr_state,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	stream text,
	plan text,
	detail text,
	volume numeric,
	rate numeric,
	amount numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	base constant text := nudge.single_currency(array_remove(ARRAY[nudge.mrr_currency(state)], NULL), currency);
	first_day date;
	known_day date;
	closed_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	-- MRR of a day is that of its close
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	RETURN QUERY
	WITH charge AS MATERIALIZED (
		SELECT * FROM nudge.charge_lines(charges, first_day, known_day, zone, as_of, base)
	), one AS MATERIALIZED (
		SELECT coalesce(base, min(c.currency)) AS currency, coalesce(nudge.currency_minor_unit(coalesce(base, min(c.currency))), 2) AS minor_unit
		FROM charge c
	), recurring AS MATERIALIZED (
		SELECT * FROM nudge.recurring_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC'))
	), cell AS (
		SELECT r.month, r.plan, sum(r.mrr_days) AS mrr_days FROM recurring r GROUP BY r.month, r.plan
	), main AS (
		-- charges and usage belong to the plan that the customer pays most for in the month
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM recurring r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), billed AS (
		SELECT nudge.period_start(c.day, 'month') AS month, c.customer, c.stream, c.kind AS detail, c.units AS volume, c.rate, c.amount
		FROM charge c
		WHERE usage IS NULL OR c.stream <> 'usage'
		UNION ALL
		SELECT nudge.period_start(u.period, 'month'), u.customer, 'usage', u.meter, u.overage_volume, u.rate, u.amount
		FROM nudge.usage_lines(usage, first_day, known_day) u
		WHERE u.overage_volume > 0
	), line AS (
		-- the parts of a month sum to its rounded total
		SELECT t.month, CASE WHEN s.plan = ANY (add_ons) THEN 'add_ons' ELSE 'subscriptions' END AS stream, s.plan,
			NULL AS detail, NULL::numeric AS volume, NULL::numeric AS rate, s.amount
		FROM (SELECT c.month, array_agg(c.plan ORDER BY c.plan COLLATE "C") AS plans,
				nudge.apportion(round(sum(c.mrr_days) / (nudge.period_end(c.month, 'month') - c.month), one.minor_unit),
					array_agg(c.mrr_days ORDER BY c.plan COLLATE "C"), one.minor_unit) AS amounts
			FROM cell c, one GROUP BY c.month, one.minor_unit) t, LATERAL unnest(t.plans, t.amounts) s(plan, amount)
		UNION ALL
		SELECT b.month, b.stream, m.plan, b.detail, sum(b.volume), b.rate, sum(b.amount)
		FROM billed b LEFT JOIN main m ON m.month = b.month AND m.customer = b.customer
		GROUP BY b.month, b.stream, m.plan, b.detail, b.rate
	)
	SELECT p.period, l.stream, l.plan, l.detail, sum(l.volume), l.rate, sum(l.amount), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN line l ON l.month >= p.period AND l.month < p.period_end
	GROUP BY p.period, l.stream, l.plan, l.detail, l.rate, one.currency, p.complete
	ORDER BY p.period, array_position('{subscriptions,add_ons,usage,services,one_off}', l.stream), l.plan COLLATE "C", l.detail COLLATE "C", l.rate;
END
$$;
COMMENT ON FUNCTION nudge.revenue_streams(nudge.mrr_state, date, date, regclass, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Revenue by period, stream, plan, detail and rate: subscriptions and add_ons from MRR by day, usage, services and one_off as charged; with usage given, overage is computed from it and not read from charges. Not STRICT: NULL inputs are none, NULL options have a meaning';

CREATE FUNCTION nudge.pnl(
	state nudge.mrr_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	subscription_revenue numeric,
	add_on_revenue numeric,
	recurring_revenue numeric,
	usage_revenue numeric,
	services_revenue numeric,
	one_off_revenue numeric,
	revenue numeric,
	infrastructure_cost numeric,
	support_cost numeric,
	cost_of_revenue numeric,
	gross_profit numeric,
	gross_margin_rate numeric,
	variable_acquisition_cost numeric,
	contribution_margin numeric,
	contribution_margin_rate numeric,
	marketing_cost numeric,
	sales_cost numeric,
	sales_and_marketing numeric,
	research_and_development numeric,
	general_and_administrative numeric,
	other_cost numeric,
	total_cost numeric,
	fixed_cost numeric,
	variable_cost numeric,
	operating_result numeric,
	operating_margin_rate numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	first_day date;
	known_day date;
	-- what was not given is unknown, and not 0
	subscribed constant numeric := CASE WHEN state IS NOT NULL THEN 0 END;
	added constant numeric := CASE WHEN state IS NOT NULL AND plans IS NOT NULL AND false THEN 0 END;
	used constant numeric := CASE WHEN charges IS NOT NULL OR usage IS NOT NULL THEN 0 END;
	charged constant numeric := CASE WHEN charges IS NOT NULL THEN 0 END;
	earned constant numeric := coalesce(subscribed, used);
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, pnl.currency)
	), stream AS MATERIALIZED (
		SELECT s.* FROM (SELECT coalesce(pnl.currency, min(c.currency)) AS currency FROM cost c) k,
			LATERAL nudge.revenue_streams(state, start_day, end_day, charges, usage, plans, unit, zone, as_of, k.currency, first_month) s
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency) FILTER (WHERE l.currency IS NOT NULL), pnl.currency) AS currency
		FROM (SELECT s.currency_code AS currency FROM stream s UNION SELECT c.currency FROM cost c) l
	), earning AS (
		SELECT s.period, sum(s.amount) AS revenue,
			sum(s.amount) FILTER (WHERE s.stream IN ('subscriptions', 'add_ons')) AS recurring,
			sum(s.amount) FILTER (WHERE s.stream = 'subscriptions') AS subscriptions,
			sum(s.amount) FILTER (WHERE s.stream = 'add_ons') AS add_ons,
			sum(s.amount) FILTER (WHERE s.stream = 'usage') AS usage,
			sum(s.amount) FILTER (WHERE s.stream = 'services') AS services,
			sum(s.amount) FILTER (WHERE s.stream = 'one_off') AS one_off
		FROM stream s GROUP BY s.period
	), spending AS (
		SELECT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, sum(c.amount) AS cost,
			sum(c.amount) FILTER (WHERE c.part = 'infrastructure') AS infrastructure,
			sum(c.amount) FILTER (WHERE c.part = 'support') AS support,
			sum(c.amount) FILTER (WHERE c.role = 'cost_of_revenue') AS delivery,
			sum(c.amount) FILTER (WHERE c.role = 'sales_and_marketing' AND c.variable) AS variable_acquisition,
			sum(c.amount) FILTER (WHERE c.part = 'marketing') AS marketing,
			sum(c.amount) FILTER (WHERE c.part = 'sales') AS sales,
			sum(c.amount) FILTER (WHERE c.role = 'sales_and_marketing') AS acquisition,
			sum(c.amount) FILTER (WHERE c.role = 'research_and_development') AS development,
			sum(c.amount) FILTER (WHERE c.role = 'general_and_administrative') AS administration,
			sum(c.amount) FILTER (WHERE c.role = 'other') AS other,
			sum(c.amount) FILTER (WHERE NOT c.variable) AS fixed, sum(c.amount) FILTER (WHERE c.variable) AS variable
		FROM cost c GROUP BY 1
	)
	SELECT p.period, coalesce(e.subscriptions, subscribed), coalesce(e.add_ons, added), coalesce(e.recurring, subscribed),
		coalesce(e.usage, used), coalesce(e.services, charged), coalesce(e.one_off, charged), v.revenue,
		coalesce(c.infrastructure, v.spent), coalesce(c.support, v.spent), v.delivery,
		g.gross_profit, g.gross_profit / nullif(v.revenue, 0), v.variable_acquisition,
		g.gross_profit - v.variable_acquisition, (g.gross_profit - v.variable_acquisition) / nullif(v.revenue, 0),
		coalesce(c.marketing, v.spent), coalesce(c.sales, v.spent), coalesce(c.acquisition, v.spent), coalesce(c.development, v.spent),
		coalesce(c.administration, v.spent), coalesce(c.other, v.spent), v.cost,
		coalesce(c.fixed, v.spent), coalesce(c.variable, v.spent),
		g.operating_result, g.operating_result / nullif(v.revenue, 0), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	LEFT JOIN earning e ON e.period = p.period
	LEFT JOIN spending c ON c.period = p.period,
		-- a period without any cost has not been booked
		LATERAL (SELECT CASE WHEN c.period IS NOT NULL THEN 0 END AS spent) b,
		LATERAL (SELECT b.spent, coalesce(e.revenue, earned) AS revenue, coalesce(c.cost, b.spent) AS cost,
			coalesce(c.delivery, b.spent) AS delivery, coalesce(c.variable_acquisition, b.spent) AS variable_acquisition) v,
		-- revenue of some days less costs of the whole period would say nothing
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN v.revenue - v.delivery END AS gross_profit,
			CASE WHEN p.complete IS DISTINCT FROM false THEN v.revenue - v.cost END AS operating_result) g
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.pnl(nudge.mrr_state, regclass, date, date, regclass, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Management profit and loss by period: streams of revenue, roles of cost, gross profit, contribution margin and operating result; costs of a period that has none are NULL, as is the profit of one that is not complete. Not STRICT: a NULL input is not known, NULL options have a meaning';
CREATE FUNCTION nudge.burn(
	state nudge.mrr_state,
	costs regclass,
	start_day date,
	end_day date,
	cash regclass DEFAULT NULL,
	payments regclass DEFAULT NULL,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	receipts numeric,
	gross_burn numeric,
	net_burn numeric,
	mean_net_burn numeric,
	cash_day date,
	cash_balance numeric,
	runway_months numeric,
	profitable boolean,
	net_new_arr numeric,
	burn_multiple numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	first_day date;
	known_day date;
BEGIN
	-- the three months before the first one matter too
	SELECT (min(p.period) - interval '3 months')::date, max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, 'month', zone, as_of) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT nudge.period_start(c.period, 'month') AS month, sum(c.amount) AS amount, c.currency
		FROM nudge.cost_lines(costs, first_day, known_day, burn.currency) c GROUP BY 1, 3
	), payment AS MATERIALIZED (
		SELECT nudge.period_start(y.day, 'month') AS month, sum(y.amount) AS amount, y.currency
		FROM nudge.receipt_lines(payments, first_day, known_day, zone, as_of, burn.currency) y GROUP BY 1, 3
	), stream AS MATERIALIZED (
		SELECT s.period AS month, sum(s.amount) AS amount, s.currency_code AS currency
		FROM (SELECT coalesce(burn.currency, min(c.currency)) AS currency FROM cost c) k,
			LATERAL nudge.revenue_streams(CASE WHEN payments IS NULL THEN state END, first_day, end_day, CASE WHEN payments IS NULL THEN charges END,
				CASE WHEN payments IS NULL THEN usage END, NULL, 'month', zone, as_of, k.currency) s
		GROUP BY 1, 3
	), balance AS MATERIALIZED (
		SELECT * FROM nudge.cash_lines(cash, first_day, known_day, burn.currency)
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency) FILTER (WHERE l.currency IS NOT NULL), burn.currency) AS currency
		FROM (SELECT c.currency FROM cost c UNION SELECT y.currency FROM payment y UNION SELECT s.currency FROM stream s
			UNION SELECT b.currency FROM balance b UNION SELECT nudge.mrr_currency(state)) l
	), flow AS MATERIALIZED (
		SELECT p.period, p.period_end, p.known_end, p.complete, c.amount AS spent, r.received,
			CASE WHEN p.complete IS DISTINCT FROM false THEN c.amount - r.received END AS net
		FROM nudge.report_periods(first_day, end_day, 'month', zone, as_of) p
		LEFT JOIN cost c ON c.month = p.period
		LEFT JOIN payment y ON y.month = p.period
		LEFT JOIN stream s ON s.month = p.period,
			LATERAL (SELECT coalesce(y.amount, s.amount,
				CASE WHEN payments IS NOT NULL OR state IS NOT NULL OR charges IS NOT NULL OR usage IS NOT NULL THEN 0 END) AS received) r
	)
	SELECT f.period, f.received, f.spent, f.net, m.net, b.day, b.balance,
		CASE WHEN m.net > 0 THEN CASE WHEN b.balance < 0 THEN 0 ELSE b.balance / m.net END END, m.net <= 0,
		a.arr, f.net / nullif(greatest(a.arr, 0), 0), one.currency, f.complete
	FROM one, flow f
	LEFT JOIN LATERAL (
		SELECT l.day, sum(l.balance) AS balance FROM balance l
		WHERE l.day >= f.period AND l.day < f.known_end
		GROUP BY l.day ORDER BY l.day DESC LIMIT 1
	) b ON true
	LEFT JOIN LATERAL (
		-- the last three months that are complete: this one, or those before it
		SELECT sum(n.net) / 3 AS net FROM flow n
		WHERE n.period <= CASE WHEN f.complete IS DISTINCT FROM false THEN f.period ELSE (f.period - interval '1 month')::date END
			AND n.period > (f.period - CASE WHEN f.complete IS DISTINCT FROM false THEN interval '3 months' ELSE interval '4 months' END)::date
		HAVING count(n.net) = 3
	) m ON true,
		LATERAL (SELECT CASE WHEN f.complete IS DISTINCT FROM false
			THEN 12 * (nudge.mrr_at(state, f.period_end - 1, coalesce(zone, 'UTC')) - nudge.mrr_at(state, f.period - 1, coalesce(zone, 'UTC'))) END AS arr) a
	WHERE f.period >= nudge.period_start(start_day, 'month')
	ORDER BY f.period;
END
$$;
COMMENT ON FUNCTION nudge.burn(nudge.mrr_state, regclass, date, date, regclass, regclass, regclass, regclass, text, timestamptz, text) IS
	'Burn by month: costs, receipts from payments or else revenue, net burn, and how many months cash lasts at the mean net burn of the last three complete months. Not STRICT: a NULL input is not known, NULL options have a meaning';

CREATE FUNCTION nudge.magic_number(
	state nudge.mrr_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	revenue numeric,
	previous_revenue numeric,
	sales_and_marketing numeric,
	previous_sales_and_marketing numeric,
	magic_number numeric,
	revenue_growth_to_acquisition_cost numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	first_day constant date := nudge.period_start(start_day, 'quarter', fiscal_year_start => coalesce(fiscal_year_start, 1));
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	SELECT q.period, q.revenue, q.revenue_before, q.sales_and_marketing, q.cost_before,
		g.growth * 4 / nullif(q.cost_before, 0), g.growth / nullif(q.sales_and_marketing, 0), q.currency_code, q.complete
	FROM (SELECT p.period, p.revenue, p.sales_and_marketing, p.currency_code, p.complete,
			lag(p.revenue) OVER (ORDER BY p.period) AS revenue_before, lag(p.sales_and_marketing) OVER (ORDER BY p.period) AS cost_before
		FROM nudge.pnl(state, costs, (first_day - interval '3 months')::date, end_day, charges, usage, NULL, 'quarter', zone, as_of,
			magic_number.currency, coalesce(fiscal_year_start, 1)) p) q,
		LATERAL (SELECT CASE WHEN q.complete IS DISTINCT FROM false THEN q.revenue - q.revenue_before END AS growth) g
	WHERE q.period >= first_day
	ORDER BY q.period;
END
$$;
COMMENT ON FUNCTION nudge.magic_number(nudge.mrr_state, regclass, date, date, regclass, regclass, text, timestamptz, text, integer) IS
	'Magic number by quarter: four times the growth of revenue over the quarter before, to the sales and marketing cost of the quarter before; beside it growth to the cost of the same quarter, not annualised. Not STRICT: a NULL input is not known, NULL options have a meaning';

CREATE FUNCTION nudge.unit_costs(
	state nudge.mrr_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	customers bigint,
	revenue numeric,
	total_cost numeric,
	acquisition_cost_per_active_customer numeric,
	delivery_cost_per_customer numeric,
	total_cost_per_customer numeric,
	delivery_cost_ratio numeric,
	support_cost_ratio numeric,
	sales_and_marketing_ratio numeric,
	research_and_development_ratio numeric,
	general_and_administrative_ratio numeric,
	sales_efficiency numeric,
	marketing_efficiency numeric,
	sales_and_marketing_efficiency numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT p.period, n.customers, p.revenue, p.total_cost,
		d.whole * p.sales_and_marketing / nullif(n.customers, 0), d.whole * p.cost_of_revenue / nullif(n.customers, 0),
		d.whole * p.total_cost / nullif(n.customers, 0),
		p.cost_of_revenue / nullif(d.revenue, 0), p.support_cost / nullif(d.revenue, 0), p.sales_and_marketing / nullif(d.revenue, 0),
		p.research_and_development / nullif(d.revenue, 0), p.general_and_administrative / nullif(d.revenue, 0),
		d.revenue / nullif(p.sales_cost, 0), d.revenue / nullif(p.marketing_cost, 0), d.revenue / nullif(p.sales_and_marketing, 0),
		p.currency_code, p.complete
	FROM nudge.pnl(state, costs, start_day, end_day, charges, usage, NULL, grain, zone, as_of, unit_costs.currency, fiscal_year_start) p,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false
			THEN nudge.customers_at(state, nudge.period_end(p.period, lower(coalesce(grain, 'month')),
				fiscal_year_start => coalesce(fiscal_year_start, 1)) - 1, coalesce(zone, 'UTC')) END AS customers) n,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN 1 END AS whole,
			CASE WHEN p.complete IS DISTINCT FROM false THEN p.revenue END AS revenue) d
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.unit_costs(nudge.mrr_state, regclass, date, date, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Cost per customer, costs as shares of revenue, and revenue to what is spent on sales and marketing; NULL for a period that is not complete. Not STRICT: a NULL input is not known, NULL options have a meaning';
CREATE FUNCTION nudge.recurring_days(state nudge.mrr_item_state, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (month date, customer text, plan text, mrr_days numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	-- which refuses a zone that the state does not take
	PERFORM nudge.mrr_at(nudge.as_mrr_state(state), start_day, zone);
	RETURN QUERY
	SELECT m.month::date, i.customer, i.plan,
		sum(i.mrr * (least(i.valid_to, (m.month + interval '1 month')::date) - greatest(i.valid_from, m.month::date)))
	FROM (
		-- a day counts if the amount is in force at its close
		SELECT i.customer, i.plan AS plan, i.mrr, greatest(nudge.civil_date(i.valid_from, zone), start_day) AS valid_from,
			coalesce(least(nudge.civil_date(i.valid_to, zone), end_day), end_day) AS valid_to
		FROM nudge.mrr_item_periods(state) i
		WHERE i.mrr > 0
	) i, LATERAL generate_series(nudge.period_start(i.valid_from, 'month')::timestamp, (i.valid_to - 1)::timestamp, interval '1 month') m(month)
	WHERE i.valid_from < i.valid_to
	GROUP BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION nudge.recurring_days(nudge.mrr_item_state, date, date, text) IS
	'MRR times the days on which it was in force, by month, customer and plan, within [start_day, end_day): over the days of the month it is recurring revenue';

CREATE FUNCTION nudge.revenue_streams(
	state nudge.mrr_item_state,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	stream text,
	plan text,
	detail text,
	volume numeric,
	rate numeric,
	amount numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	base constant text := nudge.single_currency(array_remove(ARRAY[NULL::text], NULL), currency);
	first_day date;
	known_day date;
	closed_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	-- MRR of a day is that of its close
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	RETURN QUERY
	WITH charge AS MATERIALIZED (
		SELECT * FROM nudge.charge_lines(charges, first_day, known_day, zone, as_of, base)
	), one AS MATERIALIZED (
		SELECT coalesce(base, min(c.currency)) AS currency, coalesce(nudge.currency_minor_unit(coalesce(base, min(c.currency))), 2) AS minor_unit
		FROM charge c
	), recurring AS MATERIALIZED (
		SELECT * FROM nudge.recurring_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC'))
	), cell AS (
		SELECT r.month, r.plan, sum(r.mrr_days) AS mrr_days FROM recurring r GROUP BY r.month, r.plan
	), main AS (
		-- charges and usage belong to the plan that the customer pays most for in the month
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM recurring r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), billed AS (
		SELECT nudge.period_start(c.day, 'month') AS month, c.customer, c.stream, c.kind AS detail, c.units AS volume, c.rate, c.amount
		FROM charge c
		WHERE usage IS NULL OR c.stream <> 'usage'
		UNION ALL
		SELECT nudge.period_start(u.period, 'month'), u.customer, 'usage', u.meter, u.overage_volume, u.rate, u.amount
		FROM nudge.usage_lines(usage, first_day, known_day) u
		WHERE u.overage_volume > 0
	), line AS (
		-- the parts of a month sum to its rounded total
		SELECT t.month, CASE WHEN s.plan = ANY (add_ons) THEN 'add_ons' ELSE 'subscriptions' END AS stream, s.plan,
			NULL AS detail, NULL::numeric AS volume, NULL::numeric AS rate, s.amount
		FROM (SELECT c.month, array_agg(c.plan ORDER BY c.plan COLLATE "C") AS plans,
				nudge.apportion(round(sum(c.mrr_days) / (nudge.period_end(c.month, 'month') - c.month), one.minor_unit),
					array_agg(c.mrr_days ORDER BY c.plan COLLATE "C"), one.minor_unit) AS amounts
			FROM cell c, one GROUP BY c.month, one.minor_unit) t, LATERAL unnest(t.plans, t.amounts) s(plan, amount)
		UNION ALL
		SELECT b.month, b.stream, m.plan, b.detail, sum(b.volume), b.rate, sum(b.amount)
		FROM billed b LEFT JOIN main m ON m.month = b.month AND m.customer = b.customer
		GROUP BY b.month, b.stream, m.plan, b.detail, b.rate
	)
	SELECT p.period, l.stream, l.plan, l.detail, sum(l.volume), l.rate, sum(l.amount), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN line l ON l.month >= p.period AND l.month < p.period_end
	GROUP BY p.period, l.stream, l.plan, l.detail, l.rate, one.currency, p.complete
	ORDER BY p.period, array_position('{subscriptions,add_ons,usage,services,one_off}', l.stream), l.plan COLLATE "C", l.detail COLLATE "C", l.rate;
END
$$;
COMMENT ON FUNCTION nudge.revenue_streams(nudge.mrr_item_state, date, date, regclass, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Revenue by period, stream, plan, detail and rate: subscriptions and add_ons from MRR by day, usage, services and one_off as charged; with usage given, overage is computed from it and not read from charges. Not STRICT: NULL inputs are none, NULL options have a meaning';

CREATE FUNCTION nudge.pnl(
	state nudge.mrr_item_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	subscription_revenue numeric,
	add_on_revenue numeric,
	recurring_revenue numeric,
	usage_revenue numeric,
	services_revenue numeric,
	one_off_revenue numeric,
	revenue numeric,
	infrastructure_cost numeric,
	support_cost numeric,
	cost_of_revenue numeric,
	gross_profit numeric,
	gross_margin_rate numeric,
	variable_acquisition_cost numeric,
	contribution_margin numeric,
	contribution_margin_rate numeric,
	marketing_cost numeric,
	sales_cost numeric,
	sales_and_marketing numeric,
	research_and_development numeric,
	general_and_administrative numeric,
	other_cost numeric,
	total_cost numeric,
	fixed_cost numeric,
	variable_cost numeric,
	operating_result numeric,
	operating_margin_rate numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	first_day date;
	known_day date;
	-- what was not given is unknown, and not 0
	subscribed constant numeric := CASE WHEN state IS NOT NULL THEN 0 END;
	added constant numeric := CASE WHEN state IS NOT NULL AND plans IS NOT NULL AND true THEN 0 END;
	used constant numeric := CASE WHEN charges IS NOT NULL OR usage IS NOT NULL THEN 0 END;
	charged constant numeric := CASE WHEN charges IS NOT NULL THEN 0 END;
	earned constant numeric := coalesce(subscribed, used);
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, pnl.currency)
	), stream AS MATERIALIZED (
		SELECT s.* FROM (SELECT coalesce(pnl.currency, min(c.currency)) AS currency FROM cost c) k,
			LATERAL nudge.revenue_streams(state, start_day, end_day, charges, usage, plans, unit, zone, as_of, k.currency, first_month) s
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency) FILTER (WHERE l.currency IS NOT NULL), pnl.currency) AS currency
		FROM (SELECT s.currency_code AS currency FROM stream s UNION SELECT c.currency FROM cost c) l
	), earning AS (
		SELECT s.period, sum(s.amount) AS revenue,
			sum(s.amount) FILTER (WHERE s.stream IN ('subscriptions', 'add_ons')) AS recurring,
			sum(s.amount) FILTER (WHERE s.stream = 'subscriptions') AS subscriptions,
			sum(s.amount) FILTER (WHERE s.stream = 'add_ons') AS add_ons,
			sum(s.amount) FILTER (WHERE s.stream = 'usage') AS usage,
			sum(s.amount) FILTER (WHERE s.stream = 'services') AS services,
			sum(s.amount) FILTER (WHERE s.stream = 'one_off') AS one_off
		FROM stream s GROUP BY s.period
	), spending AS (
		SELECT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, sum(c.amount) AS cost,
			sum(c.amount) FILTER (WHERE c.part = 'infrastructure') AS infrastructure,
			sum(c.amount) FILTER (WHERE c.part = 'support') AS support,
			sum(c.amount) FILTER (WHERE c.role = 'cost_of_revenue') AS delivery,
			sum(c.amount) FILTER (WHERE c.role = 'sales_and_marketing' AND c.variable) AS variable_acquisition,
			sum(c.amount) FILTER (WHERE c.part = 'marketing') AS marketing,
			sum(c.amount) FILTER (WHERE c.part = 'sales') AS sales,
			sum(c.amount) FILTER (WHERE c.role = 'sales_and_marketing') AS acquisition,
			sum(c.amount) FILTER (WHERE c.role = 'research_and_development') AS development,
			sum(c.amount) FILTER (WHERE c.role = 'general_and_administrative') AS administration,
			sum(c.amount) FILTER (WHERE c.role = 'other') AS other,
			sum(c.amount) FILTER (WHERE NOT c.variable) AS fixed, sum(c.amount) FILTER (WHERE c.variable) AS variable
		FROM cost c GROUP BY 1
	)
	SELECT p.period, coalesce(e.subscriptions, subscribed), coalesce(e.add_ons, added), coalesce(e.recurring, subscribed),
		coalesce(e.usage, used), coalesce(e.services, charged), coalesce(e.one_off, charged), v.revenue,
		coalesce(c.infrastructure, v.spent), coalesce(c.support, v.spent), v.delivery,
		g.gross_profit, g.gross_profit / nullif(v.revenue, 0), v.variable_acquisition,
		g.gross_profit - v.variable_acquisition, (g.gross_profit - v.variable_acquisition) / nullif(v.revenue, 0),
		coalesce(c.marketing, v.spent), coalesce(c.sales, v.spent), coalesce(c.acquisition, v.spent), coalesce(c.development, v.spent),
		coalesce(c.administration, v.spent), coalesce(c.other, v.spent), v.cost,
		coalesce(c.fixed, v.spent), coalesce(c.variable, v.spent),
		g.operating_result, g.operating_result / nullif(v.revenue, 0), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	LEFT JOIN earning e ON e.period = p.period
	LEFT JOIN spending c ON c.period = p.period,
		-- a period without any cost has not been booked
		LATERAL (SELECT CASE WHEN c.period IS NOT NULL THEN 0 END AS spent) b,
		LATERAL (SELECT b.spent, coalesce(e.revenue, earned) AS revenue, coalesce(c.cost, b.spent) AS cost,
			coalesce(c.delivery, b.spent) AS delivery, coalesce(c.variable_acquisition, b.spent) AS variable_acquisition) v,
		-- revenue of some days less costs of the whole period would say nothing
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN v.revenue - v.delivery END AS gross_profit,
			CASE WHEN p.complete IS DISTINCT FROM false THEN v.revenue - v.cost END AS operating_result) g
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.pnl(nudge.mrr_item_state, regclass, date, date, regclass, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Management profit and loss by period: streams of revenue, roles of cost, gross profit, contribution margin and operating result; costs of a period that has none are NULL, as is the profit of one that is not complete. Not STRICT: a NULL input is not known, NULL options have a meaning';
CREATE FUNCTION nudge.burn(
	state nudge.mrr_item_state,
	costs regclass,
	start_day date,
	end_day date,
	cash regclass DEFAULT NULL,
	payments regclass DEFAULT NULL,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	receipts numeric,
	gross_burn numeric,
	net_burn numeric,
	mean_net_burn numeric,
	cash_day date,
	cash_balance numeric,
	runway_months numeric,
	profitable boolean,
	net_new_arr numeric,
	burn_multiple numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	first_day date;
	known_day date;
BEGIN
	-- the three months before the first one matter too
	SELECT (min(p.period) - interval '3 months')::date, max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, 'month', zone, as_of) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	WITH cost AS MATERIALIZED (
		SELECT nudge.period_start(c.period, 'month') AS month, sum(c.amount) AS amount, c.currency
		FROM nudge.cost_lines(costs, first_day, known_day, burn.currency) c GROUP BY 1, 3
	), payment AS MATERIALIZED (
		SELECT nudge.period_start(y.day, 'month') AS month, sum(y.amount) AS amount, y.currency
		FROM nudge.receipt_lines(payments, first_day, known_day, zone, as_of, burn.currency) y GROUP BY 1, 3
	), stream AS MATERIALIZED (
		SELECT s.period AS month, sum(s.amount) AS amount, s.currency_code AS currency
		FROM (SELECT coalesce(burn.currency, min(c.currency)) AS currency FROM cost c) k,
			LATERAL nudge.revenue_streams(CASE WHEN payments IS NULL THEN state END, first_day, end_day, CASE WHEN payments IS NULL THEN charges END,
				CASE WHEN payments IS NULL THEN usage END, NULL, 'month', zone, as_of, k.currency) s
		GROUP BY 1, 3
	), balance AS MATERIALIZED (
		SELECT * FROM nudge.cash_lines(cash, first_day, known_day, burn.currency)
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT l.currency) FILTER (WHERE l.currency IS NOT NULL), burn.currency) AS currency
		FROM (SELECT c.currency FROM cost c UNION SELECT y.currency FROM payment y UNION SELECT s.currency FROM stream s
			UNION SELECT b.currency FROM balance b UNION SELECT NULL::text) l
	), flow AS MATERIALIZED (
		SELECT p.period, p.period_end, p.known_end, p.complete, c.amount AS spent, r.received,
			CASE WHEN p.complete IS DISTINCT FROM false THEN c.amount - r.received END AS net
		FROM nudge.report_periods(first_day, end_day, 'month', zone, as_of) p
		LEFT JOIN cost c ON c.month = p.period
		LEFT JOIN payment y ON y.month = p.period
		LEFT JOIN stream s ON s.month = p.period,
			LATERAL (SELECT coalesce(y.amount, s.amount,
				CASE WHEN payments IS NOT NULL OR state IS NOT NULL OR charges IS NOT NULL OR usage IS NOT NULL THEN 0 END) AS received) r
	)
	SELECT f.period, f.received, f.spent, f.net, m.net, b.day, b.balance,
		CASE WHEN m.net > 0 THEN CASE WHEN b.balance < 0 THEN 0 ELSE b.balance / m.net END END, m.net <= 0,
		a.arr, f.net / nullif(greatest(a.arr, 0), 0), one.currency, f.complete
	FROM one, flow f
	LEFT JOIN LATERAL (
		SELECT l.day, sum(l.balance) AS balance FROM balance l
		WHERE l.day >= f.period AND l.day < f.known_end
		GROUP BY l.day ORDER BY l.day DESC LIMIT 1
	) b ON true
	LEFT JOIN LATERAL (
		-- the last three months that are complete: this one, or those before it
		SELECT sum(n.net) / 3 AS net FROM flow n
		WHERE n.period <= CASE WHEN f.complete IS DISTINCT FROM false THEN f.period ELSE (f.period - interval '1 month')::date END
			AND n.period > (f.period - CASE WHEN f.complete IS DISTINCT FROM false THEN interval '3 months' ELSE interval '4 months' END)::date
		HAVING count(n.net) = 3
	) m ON true,
		LATERAL (SELECT CASE WHEN f.complete IS DISTINCT FROM false
			THEN 12 * (nudge.mrr_at(nudge.as_mrr_state(state), f.period_end - 1, coalesce(zone, 'UTC')) - nudge.mrr_at(nudge.as_mrr_state(state), f.period - 1, coalesce(zone, 'UTC'))) END AS arr) a
	WHERE f.period >= nudge.period_start(start_day, 'month')
	ORDER BY f.period;
END
$$;
COMMENT ON FUNCTION nudge.burn(nudge.mrr_item_state, regclass, date, date, regclass, regclass, regclass, regclass, text, timestamptz, text) IS
	'Burn by month: costs, receipts from payments or else revenue, net burn, and how many months cash lasts at the mean net burn of the last three complete months. Not STRICT: a NULL input is not known, NULL options have a meaning';

CREATE FUNCTION nudge.magic_number(
	state nudge.mrr_item_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	revenue numeric,
	previous_revenue numeric,
	sales_and_marketing numeric,
	previous_sales_and_marketing numeric,
	magic_number numeric,
	revenue_growth_to_acquisition_cost numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	first_day constant date := nudge.period_start(start_day, 'quarter', fiscal_year_start => coalesce(fiscal_year_start, 1));
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	SELECT q.period, q.revenue, q.revenue_before, q.sales_and_marketing, q.cost_before,
		g.growth * 4 / nullif(q.cost_before, 0), g.growth / nullif(q.sales_and_marketing, 0), q.currency_code, q.complete
	FROM (SELECT p.period, p.revenue, p.sales_and_marketing, p.currency_code, p.complete,
			lag(p.revenue) OVER (ORDER BY p.period) AS revenue_before, lag(p.sales_and_marketing) OVER (ORDER BY p.period) AS cost_before
		FROM nudge.pnl(state, costs, (first_day - interval '3 months')::date, end_day, charges, usage, NULL, 'quarter', zone, as_of,
			magic_number.currency, coalesce(fiscal_year_start, 1)) p) q,
		LATERAL (SELECT CASE WHEN q.complete IS DISTINCT FROM false THEN q.revenue - q.revenue_before END AS growth) g
	WHERE q.period >= first_day
	ORDER BY q.period;
END
$$;
COMMENT ON FUNCTION nudge.magic_number(nudge.mrr_item_state, regclass, date, date, regclass, regclass, text, timestamptz, text, integer) IS
	'Magic number by quarter: four times the growth of revenue over the quarter before, to the sales and marketing cost of the quarter before; beside it growth to the cost of the same quarter, not annualised. Not STRICT: a NULL input is not known, NULL options have a meaning';

CREATE FUNCTION nudge.unit_costs(
	state nudge.mrr_item_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	customers bigint,
	revenue numeric,
	total_cost numeric,
	acquisition_cost_per_active_customer numeric,
	delivery_cost_per_customer numeric,
	total_cost_per_customer numeric,
	delivery_cost_ratio numeric,
	support_cost_ratio numeric,
	sales_and_marketing_ratio numeric,
	research_and_development_ratio numeric,
	general_and_administrative_ratio numeric,
	sales_efficiency numeric,
	marketing_efficiency numeric,
	sales_and_marketing_efficiency numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT p.period, n.customers, p.revenue, p.total_cost,
		d.whole * p.sales_and_marketing / nullif(n.customers, 0), d.whole * p.cost_of_revenue / nullif(n.customers, 0),
		d.whole * p.total_cost / nullif(n.customers, 0),
		p.cost_of_revenue / nullif(d.revenue, 0), p.support_cost / nullif(d.revenue, 0), p.sales_and_marketing / nullif(d.revenue, 0),
		p.research_and_development / nullif(d.revenue, 0), p.general_and_administrative / nullif(d.revenue, 0),
		d.revenue / nullif(p.sales_cost, 0), d.revenue / nullif(p.marketing_cost, 0), d.revenue / nullif(p.sales_and_marketing, 0),
		p.currency_code, p.complete
	FROM nudge.pnl(state, costs, start_day, end_day, charges, usage, NULL, grain, zone, as_of, unit_costs.currency, fiscal_year_start) p,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false
			THEN nudge.customers_at(nudge.as_mrr_state(state), nudge.period_end(p.period, lower(coalesce(grain, 'month')),
				fiscal_year_start => coalesce(fiscal_year_start, 1)) - 1, coalesce(zone, 'UTC')) END AS customers) n,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN 1 END AS whole,
			CASE WHEN p.complete IS DISTINCT FROM false THEN p.revenue END AS revenue) d
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.unit_costs(nudge.mrr_item_state, regclass, date, date, regclass, regclass, text, text, timestamptz, text, integer) IS
	'Cost per customer, costs as shares of revenue, and revenue to what is spent on sales and marketing; NULL for a period that is not complete. Not STRICT: a NULL input is not known, NULL options have a meaning';

-- By plan -----------------------------------------------------------------

CREATE FUNCTION nudge.plan_margins(
	state nudge.mrr_item_state,
	costs regclass,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	spread text DEFAULT 'revenue',
	meter text DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	plan text,
	customer_months bigint,
	revenue numeric,
	direct_cost_of_revenue numeric,
	shared_cost_of_revenue numeric,
	cost_of_revenue numeric,
	gross_profit numeric,
	gross_margin_rate numeric,
	direct_acquisition_cost numeric,
	shared_acquisition_cost numeric,
	variable_acquisition_cost numeric,
	contribution_margin numeric,
	contribution_margin_rate numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	by_what constant text := lower(coalesce(spread, 'revenue'));
	first_day date;
	known_day date;
	closed_day date;
	-- what was not given is unknown, and not 0
	earned constant numeric := CASE WHEN state IS NOT NULL OR charges IS NOT NULL OR usage IS NOT NULL THEN 0 END;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	PERFORM nudge.check_spread(by_what, usage, meter, first_day, known_day);
	RETURN QUERY
	WITH cost_line AS MATERIALIZED (
		SELECT * FROM nudge.cost_lines(costs, first_day, known_day, plan_margins.currency)
	), stream AS MATERIALIZED (
		SELECT s.* FROM (SELECT coalesce(plan_margins.currency, min(c.currency)) AS currency FROM cost_line c) k,
			LATERAL nudge.revenue_streams(state, start_day, end_day, charges, usage, plans, unit, zone, as_of, k.currency, first_month) s
	), booked AS (
		-- a period without any cost has not been booked
		SELECT DISTINCT nudge.period_start(c.period, unit, fiscal_year_start => first_month) AS period, 0 AS zero FROM cost_line c
	), cost AS (
		SELECT * FROM cost_line c
		WHERE c.role = 'cost_of_revenue' OR c.role = 'sales_and_marketing' AND c.variable
	), one AS MATERIALIZED (
		SELECT l.currency, coalesce(nudge.currency_minor_unit(l.currency), 2) AS minor_unit
		FROM (SELECT nudge.single_currency(array_agg(DISTINCT c.currency) FILTER (WHERE c.currency IS NOT NULL), plan_margins.currency) AS currency
			FROM (SELECT s.currency_code AS currency FROM stream s
				UNION SELECT c.currency FROM cost_line c) c) l
	), main AS MATERIALIZED (
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM nudge.recurring_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), metered AS (
		SELECT nudge.period_start(u.period, 'month') AS month, m.plan, sum(u.volume) AS volume
		FROM nudge.usage_lines(CASE by_what WHEN 'usage' THEN usage END, first_day, known_day) u
		LEFT JOIN main m ON m.month = nudge.period_start(u.period, 'month') AND m.customer = u.customer
		WHERE u.meter = plan_margins.meter OR plan_margins.meter IS NULL
		GROUP BY 1, 2
	), part AS (
		SELECT s.period AS month, s.plan, s.amount AS revenue, 0 AS delivery, 0 AS acquisition, 0 AS customers, 0 AS volume, false AS shared FROM stream s
		UNION ALL
		SELECT nudge.period_start(c.period, 'month'), c.plan, 0, coalesce(sum(c.amount) FILTER (WHERE c.role = 'cost_of_revenue'), 0),
			coalesce(sum(c.amount) FILTER (WHERE c.role <> 'cost_of_revenue'), 0), 0, 0, c.plan IS NULL
		FROM cost c GROUP BY 1, 2
		UNION ALL
		SELECT m.month, m.plan, 0, 0, 0, count(*), 0, false FROM main m GROUP BY 1, 2
		UNION ALL
		SELECT u.month, u.plan, 0, 0, 0, 0, u.volume, false FROM metered u
	), cell AS (
		SELECT p.period, a.plan, sum(a.revenue) AS revenue, sum(a.customers) AS customers, sum(a.volume) AS volume,
			coalesce(sum(a.delivery) FILTER (WHERE NOT a.shared), 0) AS delivery,
			coalesce(sum(a.acquisition) FILTER (WHERE NOT a.shared), 0) AS acquisition,
			bool_and(a.shared) AS only_shared
		FROM part a JOIN nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p ON a.month >= p.period AND a.month < p.period_end
		GROUP BY p.period, a.plan
	), pool AS (
		SELECT p.period, sum(a.delivery) AS delivery, sum(a.acquisition) AS acquisition
		FROM part a JOIN nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p ON a.month >= p.period AND a.month < p.period_end
		WHERE a.shared GROUP BY p.period
	), weighed AS (
		SELECT c.*, greatest(CASE by_what WHEN 'revenue' THEN c.revenue WHEN 'customers' THEN c.customers WHEN 'usage' THEN c.volume
			ELSE (c.plan IS NOT NULL)::integer END, 0) AS weight
		FROM cell c
	), spreading AS (
		SELECT w.period, array_agg(w.plan ORDER BY w.plan COLLATE "C") AS plans,
			nudge.apportion(l.delivery, array_agg(w.weight ORDER BY w.plan COLLATE "C"), one.minor_unit) AS delivery,
			nudge.apportion(l.acquisition, array_agg(w.weight ORDER BY w.plan COLLATE "C"), one.minor_unit) AS acquisition,
			sum(w.weight) AS weight
		FROM one, weighed w JOIN pool l ON l.period = w.period
		GROUP BY w.period, l.delivery, l.acquisition, one.minor_unit
	), share AS (
		SELECT s.period, t.plan, t.delivery, t.acquisition
		FROM spreading s, LATERAL unnest(s.plans, s.delivery, s.acquisition) t(plan, delivery, acquisition)
		WHERE s.weight > 0
		UNION ALL
		-- nothing to go by: it stays with no plan
		SELECT s.period, NULL, l.delivery, l.acquisition
		FROM spreading s JOIN pool l ON l.period = s.period WHERE s.weight = 0
	)
	SELECT w.period, w.plan, w.customers::bigint, w.revenue + earned, w.delivery + b.zero, v.shared_delivery, v.delivery,
		g.profit, g.profit / nullif(w.revenue, 0), w.acquisition + b.zero, v.shared_acquisition, v.acquisition,
		g.profit - v.acquisition, (g.profit - v.acquisition) / nullif(w.revenue, 0), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN weighed w ON w.period = p.period
	LEFT JOIN share h ON h.period = w.period AND h.plan IS NOT DISTINCT FROM w.plan
	LEFT JOIN booked b ON b.period = p.period,
		LATERAL (SELECT coalesce(h.delivery, b.zero) AS shared_delivery, coalesce(h.acquisition, b.zero) AS shared_acquisition) u,
		LATERAL (SELECT u.shared_delivery, w.delivery + u.shared_delivery AS delivery,
			u.shared_acquisition, w.acquisition + u.shared_acquisition AS acquisition) v,
		LATERAL (SELECT CASE WHEN p.complete IS DISTINCT FROM false THEN w.revenue + earned - v.delivery END AS profit) g
	WHERE NOT (w.only_shared AND v.shared_delivery = 0 AND v.shared_acquisition = 0)
	ORDER BY w.period, w.plan COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.plan_margins(nudge.mrr_item_state, regclass, date, date, regclass, regclass, regclass, text, text, text, text, timestamptz, text, integer) IS
	'Gross and contribution margin by period and plan: costs with a plan are its own, the others are spread by revenue, customers, usage or equally, and sum exactly. Not STRICT: a NULL input is not known, NULL options have a meaning';

-- src/metrics/acquisition.sql

/*
 * acquisition.sql
 *		What it costs to win a customer, and what a customer is worth.
 *
 * Definitions: doc/acquisition.md.
 */

-- What it costs -----------------------------------------------------------

CREATE FUNCTION nudge.spend_lines(spend regclass, start_day date, end_day date, expected_currency text DEFAULT NULL)
	RETURNS TABLE (day date, channel text, campaign text, amount numeric, currency text, impressions bigint, clicks bigint, partner text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.day IS NULL OR i.day >= $1 AND i.day < $2
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $3) AS currency,
				nudge.check_input('spend', count(*) FILTER (WHERE NOT coalesce(isfinite(l.day) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		)
		SELECT l.day, l.channel, l.campaign, l.amount, one.currency, l.impressions, l.clicks, l.partner FROM one, line l
	$query$, nudge.input_query('spend', spend)) USING start_day, end_day, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.spend_lines(regclass, date, date, text) IS
	'The spend of [start_day, end_day): the drill-down of cost by channel and campaign. Not STRICT: NULL spend is none, a NULL expected_currency is any one';

CREATE FUNCTION nudge.acquisition_lines(
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	expected_currency text DEFAULT NULL
) RETURNS TABLE (day date, component text, source text, category text, amount numeric, counted boolean, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counted_source constant text := coalesce(ad_spend, CASE WHEN spend IS NULL THEN 'costs' ELSE 'spend' END);
BEGIN
	IF counted_source NOT IN ('spend', 'costs', 'both') THEN
		RAISE EXCEPTION 'unknown value "%" of "ad_spend"', left(counted_source, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It says which relation has the money spent on ads: spend, costs, or both, each its own.',
				HINT = 'Leave it out for spend, or, without such a relation, for costs.';
	END IF;
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT s.day, 'marketing' AS component, 'spend' AS source, s.channel AS category, s.amount, counted_source <> 'costs' AS counted, s.currency
			FROM nudge.spend_lines(spend, start_day, end_day, expected_currency) s
			UNION ALL
			SELECT c.period, CASE WHEN '/' || c.category || '/' LIKE '%/tools/%' THEN 'tools' ELSE coalesce(c.part, 'other') END, 'costs', c.category, c.amount,
				counted_source <> 'spend' OR NOT EXISTS (SELECT FROM unnest(ad_categories) a WHERE c.category = a OR starts_with(c.category, a || '/')), c.currency
			FROM nudge.cost_lines(costs, start_day, end_day, expected_currency) c
			WHERE c.role = 'sales_and_marketing'
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), expected_currency) AS currency FROM line l
		)
		SELECT l.day, l.component, l.source, l.category, l.amount, l.counted, one.currency FROM one, line l;
END
$$;
COMMENT ON FUNCTION nudge.acquisition_lines(regclass, regclass, date, date, text, text[], text) IS
	'The spend and the costs of acquisition of [start_day, end_day), each with its component, and whether it counts or stands in the other relation too: the drill-down of acquisition_cost. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.acquisition_cost(
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	new_customers numeric DEFAULT NULL,
	overhead_rate numeric DEFAULT 0.20,
	overhead_pool numeric DEFAULT NULL,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	currency text DEFAULT NULL
) RETURNS TABLE (
	component text,
	amount numeric,
	share numeric,
	cost_per_customer numeric,
	not_counted numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 6 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_overhead(overhead_rate, overhead_pool);
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT l.component, sum(l.amount) FILTER (WHERE l.counted) AS amount, sum(l.amount) FILTER (WHERE NOT l.counted) AS not_counted, min(l.currency) AS currency
			FROM nudge.acquisition_lines(spend, costs, start_day, end_day, ad_spend, ad_categories, acquisition_cost.currency) l
			GROUP BY l.component
		), direct AS (
			SELECT o.place, o.component, coalesce(l.amount, 0) AS amount, coalesce(l.not_counted, 0) AS not_counted
			FROM unnest(ARRAY['marketing', 'sales', 'tools', 'other']) WITH ORDINALITY o(component, place)
			LEFT JOIN line l ON l.component = o.component
		), loaded AS (
			SELECT d.* FROM direct d
			UNION ALL
			SELECT 5, 'overhead', coalesce(overhead_rate, 0) * coalesce(overhead_pool, sum(d.amount)), 0 FROM direct d
		), total AS (
			SELECT sum(l.amount) AS amount, sum(l.not_counted) AS not_counted FROM loaded l
		)
		SELECT l.component, l.amount, l.amount / nullif(t.amount, 0), l.amount / nullif(new_customers, 0), l.not_counted,
			coalesce((SELECT min(k.currency) FROM line k), upper(acquisition_cost.currency))
		FROM (SELECT a.* FROM loaded a UNION ALL SELECT 6, 'total', b.amount, b.not_counted FROM total b) l, total t
		ORDER BY l.place;
END
$$;
COMMENT ON FUNCTION nudge.acquisition_cost(regclass, regclass, date, date, numeric, numeric, numeric, text, text[], text) IS
	'Fully loaded cost of acquisition in a window, a row per component (marketing, sales, tools, other, overhead, total), and per new customer if their number is given. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.check_overhead(overhead_rate numeric, overhead_pool numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (coalesce(overhead_rate, 0) >= 0 AND coalesce(overhead_rate, 0) < 'Infinity' AND coalesce(overhead_pool, 0) >= 0 AND coalesce(overhead_pool, 0) < 'Infinity') THEN
		RAISE EXCEPTION 'overhead must be a number that is not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('The rate is %s, the pool %s.', overhead_rate, coalesce(overhead_pool::text, 'not given')),
				HINT = 'Pass a rate of 0 to do without it.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_overhead(numeric, numeric) IS
	'An error if a rate or a pool of overhead is no amount. Not STRICT: NULL is none';

CREATE FUNCTION nudge.customer_acquisition_cost(
	state nudge.mrr_state,
	spend regclass,
	costs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	cost_lag interval DEFAULT '0',
	gross_margin numeric DEFAULT 1,
	overhead_rate numeric DEFAULT 0.20,
	overhead_pool numeric DEFAULT NULL,
	ad_spend text DEFAULT NULL,
	ad_categories text[] DEFAULT '{customer_acquisition/marketing/paid_advertising}',
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	marketing_cost numeric,
	sales_cost numeric,
	tools_cost numeric,
	other_cost numeric,
	overhead_cost numeric,
	total_cost numeric,
	new_customers bigint,
	new_mrr numeric,
	cac numeric,
	arpa numeric,
	payback_months numeric,
	revenue_payback_months numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	code constant text := nudge.single_currency(array_remove(ARRAY[nudge.mrr_currency(state)], NULL), currency);
	first_day date;
	last_day date;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day), nudge.check_overhead(overhead_rate, overhead_pool);
	IF NOT coalesce(start_day - cost_lag BETWEEN '4000-01-01 BC' AND start_day, false) THEN
		RAISE EXCEPTION 'cost_lag must not be negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is how long before its customers money is spent.',
				HINT = 'Leave it out to set the cost of a period against the customers of the same.';
	END IF;
	-- with a grain whole periods, without one the window as it is
	SELECT (min(p.period) - cost_lag)::date, (max(p.known_end) - cost_lag)::date INTO first_day, last_day
	FROM nudge.acquisition_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT l.day, l.component, sum(l.amount) AS amount, min(l.currency) AS currency
			FROM nudge.acquisition_lines(spend, costs, first_day, last_day, ad_spend, ad_categories, code) l
			WHERE l.counted GROUP BY l.day, l.component
		), cost AS (
			SELECT p.period, p.known_end, p.complete, coalesce(sum(l.amount) FILTER (WHERE l.component = 'marketing'), 0) AS marketing,
				coalesce(sum(l.amount) FILTER (WHERE l.component = 'sales'), 0) AS sales, coalesce(sum(l.amount) FILTER (WHERE l.component = 'tools'), 0) AS tools,
				coalesce(sum(l.amount) FILTER (WHERE l.component = 'other'), 0) AS other, coalesce(sum(l.amount), 0) AS direct
			FROM nudge.acquisition_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p
			LEFT JOIN line l ON l.day >= (p.period - cost_lag)::date AND l.day < (p.known_end - cost_lag)::date
			GROUP BY p.period, p.known_end, p.complete
		)
		SELECT c.period, c.marketing, c.sales, c.tools, c.other, o.overhead, c.direct + o.overhead, n.new_customers, n.new_mrr, u.cac, u.arpa,
			CASE WHEN u.cac >= 0 THEN nudge.cac_payback_months(u.cac, u.arpa, gross_margin) END,
			CASE WHEN u.cac >= 0 THEN nudge.cac_payback_months(u.cac, u.arpa) END,
			coalesce(code, (SELECT min(l.currency) FROM line l)), c.complete
		FROM cost c
		LEFT JOIN LATERAL nudge.mrr_summary(state, c.period, c.known_end, coalesce(zone, 'UTC'), 'event') n ON true,
			LATERAL (SELECT coalesce(overhead_rate, 0) * coalesce(overhead_pool, c.direct) AS overhead) o,
			LATERAL (SELECT (c.direct + o.overhead) / nullif(n.new_customers, 0) AS cac, n.closing_mrr / nullif(n.closing_customers, 0) AS arpa) u
		ORDER BY c.period;
END
$$;
COMMENT ON FUNCTION nudge.customer_acquisition_cost(nudge.mrr_state, regclass, regclass, date, date, text, text, timestamptz, interval, numeric, numeric, numeric, text, text[], text, integer) IS
	'Blended, fully loaded CAC of a window or of each period in it: cost of acquisition over the customers whose first MRR began, and the months until ARPA has paid it back. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.acquisition_periods(start_day date, end_day date, grain text, zone text, as_of timestamptz, fiscal_year_start integer)
	RETURNS TABLE (period date, known_end date, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT p.period, p.known_end, p.complete
	FROM nudge.report_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p
	WHERE grain IS NOT NULL
	UNION ALL
	SELECT start_day, least(end_day, k.known), end_day <= nudge.civil_date(as_of, coalesce(zone, 'UTC'))
	FROM (SELECT nudge.civil_date(as_of - interval '1 microsecond', coalesce(zone, 'UTC')) + 1 AS known) k
	WHERE grain IS NULL AND start_day < coalesce(k.known, end_day);
END;
COMMENT ON FUNCTION nudge.acquisition_periods(date, date, text, text, timestamptz, integer) IS
	'Works for customer_acquisition_cost: its periods, or the window itself. Not STRICT: a NULL grain is the window, NULL options have a meaning';

-- What it is worth --------------------------------------------------------

CREATE FUNCTION nudge.ltv_to_cac(ltv numeric, cac numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN ltv / nullif(cac, 0);
COMMENT ON FUNCTION nudge.ltv_to_cac(numeric, numeric) IS 'Lifetime value over the cost of acquisition of a customer';

CREATE FUNCTION nudge.cac_to_ltv(cac numeric, ltv numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN cac / nullif(ltv, 0);
COMMENT ON FUNCTION nudge.cac_to_ltv(numeric, numeric) IS 'Cost of acquisition over the lifetime value of a customer';

CREATE FUNCTION nudge.acquisition_cost_to_annual_revenue(acquisition_cost numeric, monthly_revenue numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN acquisition_cost / nullif(12 * monthly_revenue, 0);
COMMENT ON FUNCTION nudge.acquisition_cost_to_annual_revenue(numeric, numeric) IS
	'Cost of acquisition over twelve times the revenue of a month: a cost ratio, which is neither CAC nor LTV';

CREATE FUNCTION nudge.acquisition_cost_per_active_customer(acquisition_cost numeric, customers bigint) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN acquisition_cost / nullif(customers, 0);
COMMENT ON FUNCTION nudge.acquisition_cost_per_active_customer(numeric, bigint) IS
	'Cost of acquisition over all customers, old and new: a cost ratio, which is not CAC';

CREATE FUNCTION nudge.unit_economics(
	state nudge.mrr_state,
	start_day date,
	end_day date,
	cac numeric DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	months integer,
	customer_months bigint,
	churned_customers bigint,
	churn_rate numeric,
	customers bigint,
	arpa numeric,
	ltv numeric,
	ltv_to_cac numeric,
	cac_to_ltv numeric,
	payback_months numeric,
	revenue_payback_months numeric
)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 1 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	whole integer;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	whole := 12 * (extract(year FROM end_day) - extract(year FROM start_day)) + extract(month FROM end_day) - extract(month FROM start_day);
	IF (start_day + make_interval(months => whole))::date <> end_day THEN
		RAISE EXCEPTION 'the window is not one of whole months'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The churn rate is that of a month, over the months of the window.',
				HINT = 'Begin and end on the same day of a month, such as the first.';
	END IF;
	RETURN QUERY
		SELECT whole, c.at_risk, c.churned, r.rate, n.customers, n.arpa, v.ltv, nudge.ltv_to_cac(v.ltv, cac), nudge.cac_to_ltv(cac, v.ltv),
			nudge.cac_payback_months(cac, n.arpa, gross_margin), nudge.cac_payback_months(cac, n.arpa)
		FROM (SELECT sum(s.opening_customers)::bigint AS at_risk, sum(s.churned_customers)::bigint AS churned
				FROM generate_series(0, whole - 1) m,
					LATERAL nudge.mrr_summary(state, (start_day + make_interval(months => m))::date, (start_day + make_interval(months => m + 1))::date, coalesce(zone, 'UTC')) s) c,
			LATERAL (SELECT c.churned::numeric / nullif(c.at_risk, 0) AS rate) r,
			LATERAL (SELECT nudge.customers_at(state, end_day - 1, coalesce(zone, 'UTC')) AS customers, nudge.arpa(state, end_day - 1, coalesce(zone, 'UTC')) AS arpa) n,
			LATERAL (SELECT nudge.ltv(n.arpa, gross_margin, r.rate) AS ltv) v
		WHERE state IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.unit_economics(nudge.mrr_state, date, date, numeric, numeric, text) IS
	'Lifetime value from what customers really paid and how many really left in a window of months, against CAC. Not STRICT: a NULL cac is not known, and without a state there are no rows';

-- src/metrics/channels.sql

/*
 * channels.sql
 *		Spend of channels and campaigns beside what they have earned under any
 *		model of attribution; leads by stage; content by type.
 *
 * Definitions: doc/channels.md.
 */

CREATE TYPE nudge.channel_credit AS (
	channel text,
	customers numeric,
	revenue numeric
);
COMMENT ON TYPE nudge.channel_credit IS
	'What a channel, or a campaign, is credited with; channel NULL is what no channel has earned';
COMMENT ON COLUMN nudge.channel_credit.channel IS 'Channel or campaign';
COMMENT ON COLUMN nudge.channel_credit.customers IS 'New customers, or parts of them, credited to it';
COMMENT ON COLUMN nudge.channel_credit.revenue IS 'Revenue credited to it';

CREATE FUNCTION nudge.channel_credits(
	state nudge.journey_state,
	model text,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	lookback interval DEFAULT '30 days',
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL
) RETURNS nudge.channel_credit[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	call constant text := CASE model
		WHEN 'markov' THEN 'nudge.markov_attribution($1, 1, $3, $4, $5, $6, counting => %L)'
		WHEN 'shapley' THEN 'nudge.shapley_attribution($1, ''conversions'', $3, $4, $5, $6, counting => %L)'
		ELSE 'nudge.attribution($1, $2, $3, $4, $5, $6, counting => %L, half_life => $7, weights => $8)' END;
	credits nudge.channel_credit[];
BEGIN
	-- a customer is new once, but goes on to bring revenue
	EXECUTE format($query$
		SELECT array_agg((c.channel, c.customers, c.revenue)::nudge.channel_credit ORDER BY c.channel COLLATE "C")
		FROM (SELECT x.channel, sum(x.customers) AS customers, sum(x.revenue) AS revenue
			FROM (SELECT f.channel, f.conversions AS customers, 0 AS revenue FROM %s f
				UNION ALL SELECT a.channel, 0, a.revenue FROM %s a) x
			GROUP BY x.channel) c
		$query$, format(call, 'first'), format(call, 'all'))
		INTO credits USING state, model, lookback, start_day, end_day, coalesce(zone, 'UTC'), half_life, weights;
	RETURN coalesce(credits, '{}');
END
$$;
COMMENT ON FUNCTION nudge.channel_credits(nudge.journey_state, text, date, date, text, interval, interval, numeric[]) IS
	'Credits under a model of attribution(), or markov, or shapley: customers by their first conversions, revenue by all. Not STRICT: NULL options have a meaning';

-- Where leads come from: shared by what follows.
CREATE FUNCTION nudge.lead_origins(leads regclass, lead_stage text DEFAULT NULL, customer_stage text DEFAULT 'customer')
	RETURNS TABLE (lead text, at timestamptz, source text, campaign text, converted boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT l.lead, min(l.at) FILTER (WHERE $1 IS NULL OR l.stage = $1),
			(array_agg(l.source ORDER BY l.at, l.source COLLATE "C") FILTER (WHERE l.source IS NOT NULL))[1],
			(array_agg(l.campaign ORDER BY l.at, l.campaign COLLATE "C") FILTER (WHERE l.campaign IS NOT NULL))[1],
			coalesce(bool_or(l.customer IS NOT NULL OR l.stage = $2), false)
		FROM (%s) l GROUP BY l.lead
		$query$, nudge.input_query('leads', leads))
		USING lead_stage, customer_stage;
END
$$;
COMMENT ON FUNCTION nudge.lead_origins(regclass, text, text) IS
	'A row per lead: when it came to be one, the first source and campaign it names, and whether it became a customer. Not STRICT: NULL leads are none, a NULL lead_stage is any';

-- Channels and campaigns --------------------------------------------------

CREATE TYPE nudge.acquisition_result AS (
	channel text,
	campaign text,
	kind text,
	cost numeric,
	impressions bigint,
	clicks bigint,
	visitors bigint,
	new_leads bigint,
	new_customers numeric,
	revenue numeric,
	click_through_rate numeric,
	cost_per_click numeric,
	cost_per_lead numeric,
	visitor_to_lead_rate numeric,
	lead_to_customer_rate numeric,
	click_to_customer_rate numeric,
	cac numeric,
	loaded_cost numeric,
	loaded_cac numeric,
	payback_months numeric,
	revenue_payback_months numeric,
	roas numeric,
	roi numeric,
	cost_share numeric,
	planned_cost numeric,
	planned_share numeric,
	currency_code text
);
COMMENT ON TYPE nudge.acquisition_result IS 'What a channel, a campaign or a kind of campaign has cost and earned';
COMMENT ON COLUMN nudge.acquisition_result.channel IS 'Channel; of a campaign, the one on which it runs';
COMMENT ON COLUMN nudge.acquisition_result.campaign IS 'Campaign';
COMMENT ON COLUMN nudge.acquisition_result.kind IS 'Kind of campaign';
COMMENT ON COLUMN nudge.acquisition_result.cost IS 'What was spent on it';
COMMENT ON COLUMN nudge.acquisition_result.impressions IS 'Times it was shown';
COMMENT ON COLUMN nudge.acquisition_result.clicks IS 'Clicks it brought';
COMMENT ON COLUMN nudge.acquisition_result.visitors IS 'Distinct visitors among its touches';
COMMENT ON COLUMN nudge.acquisition_result.new_leads IS 'Leads that came from it';
COMMENT ON COLUMN nudge.acquisition_result.new_customers IS 'New customers credited to it';
COMMENT ON COLUMN nudge.acquisition_result.revenue IS 'Revenue credited to it';
COMMENT ON COLUMN nudge.acquisition_result.click_through_rate IS 'Clicks over impressions';
COMMENT ON COLUMN nudge.acquisition_result.cost_per_click IS 'Cost over clicks';
COMMENT ON COLUMN nudge.acquisition_result.cost_per_lead IS 'Cost over leads';
COMMENT ON COLUMN nudge.acquisition_result.visitor_to_lead_rate IS 'Leads over visitors';
COMMENT ON COLUMN nudge.acquisition_result.lead_to_customer_rate IS 'Customers over leads';
COMMENT ON COLUMN nudge.acquisition_result.click_to_customer_rate IS 'Customers over clicks';
COMMENT ON COLUMN nudge.acquisition_result.cac IS 'Cost over customers';
COMMENT ON COLUMN nudge.acquisition_result.loaded_cost IS 'Cost and its part of the shared cost';
COMMENT ON COLUMN nudge.acquisition_result.loaded_cac IS 'Loaded cost over customers';
COMMENT ON COLUMN nudge.acquisition_result.payback_months IS 'Months until the gross margin of a customer has paid back the loaded CAC';
COMMENT ON COLUMN nudge.acquisition_result.revenue_payback_months IS 'Months until the revenue of a customer has paid it back';
COMMENT ON COLUMN nudge.acquisition_result.roas IS 'Revenue over cost';
COMMENT ON COLUMN nudge.acquisition_result.roi IS 'Gross margin of the revenue less cost, over cost';
COMMENT ON COLUMN nudge.acquisition_result.cost_share IS 'Share in the cost of all';
COMMENT ON COLUMN nudge.acquisition_result.planned_cost IS 'Cost planned';
COMMENT ON COLUMN nudge.acquisition_result.planned_share IS 'Share in the cost planned';
COMMENT ON COLUMN nudge.acquisition_result.currency_code IS 'Currency of all amounts';

-- The core of both: by is channel, campaign or kind, which is what credits,
-- spend, leads and touches are grouped by.
CREATE FUNCTION nudge.acquisition_results(
	by text,
	credits nudge.channel_credit[],
	credit_currency text,
	spend regclass,
	start_day date,
	end_day date,
	zone text,
	gross_margin numeric,
	arpa numeric,
	shared_cost numeric,
	shared_by text,
	leads regclass,
	lead_stage text,
	touches regclass,
	campaigns regclass,
	budgets regclass,
	budget_root text,
	currency text
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- what a row of spend and touches, and what a lead belongs to
	of_spend constant text := CASE by WHEN 'channel' THEN 'x.channel' WHEN 'campaign' THEN 'x.campaign'
		ELSE '(SELECT k.kind FROM campaign k WHERE k.campaign = x.campaign)' END;
	of_lead constant text := CASE by WHEN 'channel' THEN 'x.source' WHEN 'campaign' THEN 'x.campaign'
		ELSE '(SELECT k.kind FROM campaign k WHERE k.campaign = x.campaign)' END;
	of_credit constant text := CASE by WHEN 'kind' THEN '(SELECT k.kind FROM campaign k WHERE k.campaign = x.channel)' ELSE 'x.channel' END;
	-- where the plan stands: budgets of channels, shares of campaigns
	plan constant text := CASE by
		WHEN 'channel' THEN 'SELECT split_part(substr(b.category, length($10) + 2), ''/'', 1), b.amount, NULL::numeric, b.currency
			FROM nudge.budget_lines($18, $1, $2, expected_currency => $9) b WHERE starts_with(b.category, $10 || ''/'')'
		WHEN 'campaign' THEN 'SELECT k.campaign, NULL::numeric, k.budget_share, NULL::text FROM campaign k WHERE k.runs'
		ELSE 'SELECT k.kind, NULL::numeric, k.budget_share, NULL::text FROM campaign k WHERE k.runs' END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF by IS NULL OR by NOT IN ('channel', 'campaign', 'kind') THEN
		RAISE EXCEPTION 'unknown value "%" of "by"', by
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Rows are those of campaigns or of their kinds.',
				HINT = 'Pass campaign or kind.';
	END IF;
	IF shared_by IS NULL OR shared_by NOT IN ('customers', 'spend', 'revenue') THEN
		RAISE EXCEPTION 'unknown value "%" of "shared_by"', shared_by
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Cost that is no channel''s own is spread by customers, spend or revenue.',
				HINT = 'Leave it out for customers.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH campaign AS MATERIALIZED (
			-- one that has ended goes on to earn, but has no plan
			SELECT c.campaign, min(c.channel) AS channel, min(c.kind) AS kind, bool_or(r.runs) AS runs, sum(c.budget_share) FILTER (WHERE r.runs) AS budget_share
			FROM (%s) c, LATERAL (SELECT coalesce(nudge.civil_date(c.started_at, $3) < $2, true) AND coalesce(c.ended_at > $1::timestamp AT TIME ZONE $3, true) AS runs) r
			GROUP BY c.campaign
		), spent AS MATERIALIZED (
			SELECT %s AS name, x.amount, x.currency, x.impressions, x.clicks FROM nudge.spend_lines($19, $1, $2, $9) x
		), planned(name, amount, share, currency) AS MATERIALIZED (
			%s
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT c.currency), $9) AS currency
			FROM (SELECT s.currency FROM spent s UNION ALL SELECT p.currency FROM planned p WHERE p.amount IS NOT NULL
				UNION ALL SELECT $13 WHERE $13 IS NOT NULL) c
		), parts AS (
			SELECT s.name, s.amount AS spend, s.impressions, s.clicks,
				CASE WHEN s.clicks IS NOT NULL AND s.impressions IS NOT NULL THEN s.clicks END AS shown_clicks,
				CASE WHEN s.clicks IS NOT NULL THEN s.impressions END AS clicked_impressions,
				CASE WHEN s.clicks IS NOT NULL THEN s.amount END AS clicked_spend,
				0::numeric AS customers, 0::numeric AS revenue, 0::bigint AS leads, 0::bigint AS visitors, NULL::numeric AS planned, NULL::numeric AS share
			FROM spent s
			UNION ALL
			SELECT %s, 0, NULL, NULL, NULL, NULL, NULL, x.customers, x.revenue, 0, 0, NULL, NULL
			FROM unnest($4) x
			UNION ALL
			SELECT %s, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 1, 0, NULL, NULL
			FROM nudge.lead_origins($17, $8) x
			WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2
			UNION ALL
			SELECT v.name, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, count(DISTINCT v.visitor), NULL, NULL
			FROM (SELECT %s AS name, coalesce('a' || x.anonymous_id, 'u' || x."user", 'c' || x.customer) AS visitor
				FROM (%s) x WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2) v
			GROUP BY v.name
			UNION ALL
			SELECT p.name, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, p.amount, p.share FROM planned p
		), summed AS (
			SELECT p.name, CASE WHEN $14 THEN sum(p.spend) END AS spend, sum(p.impressions)::bigint AS impressions, sum(p.clicks)::bigint AS clicks,
				CASE WHEN $16 THEN sum(p.visitors)::bigint END AS visitors, CASE WHEN $15 THEN sum(p.leads)::bigint END AS leads,
				sum(p.customers) AS customers, sum(p.revenue) AS revenue,
				sum(p.shown_clicks) / nullif(sum(p.clicked_impressions), 0) AS click_through_rate,
				sum(p.clicked_spend) / nullif(sum(p.clicks), 0) AS cost_per_click,
				sum(p.planned) AS planned, sum(p.share) AS share
			FROM parts p GROUP BY p.name
		), weighed AS (
			SELECT s.*, row_number() OVER (ORDER BY s.name COLLATE "C") AS place,
				greatest(CASE $12 WHEN 'customers' THEN s.customers WHEN 'spend' THEN s.spend ELSE s.revenue END, 0) AS weight
			FROM summed s
		), shares AS (
			SELECT nudge.apportion($11, array_agg(w.weight ORDER BY w.place), coalesce((SELECT nudge.currency_minor_unit(k.currency) FROM checked k), 2)) AS shares
			FROM weighed w
		), spread AS (
			SELECT w.*, CASE WHEN $11 = 0 THEN 0 ELSE h.shares[w.place] END AS shared FROM weighed w, shares h
		)
		SELECT CASE WHEN $7 = 'channel' THEN s.name ELSE g.channel END, CASE WHEN $7 = 'campaign' THEN s.name END, CASE WHEN $7 = 'kind' THEN s.name ELSE g.kind END,
			s.spend, s.impressions, s.clicks, s.visitors, s.leads, s.customers, s.revenue,
			s.click_through_rate, s.cost_per_click, s.spend / nullif(s.leads, 0), s.leads::numeric / nullif(s.visitors, 0),
			s.customers / nullif(s.leads, 0), s.customers / nullif(s.clicks, 0),
			s.spend / nullif(s.customers, 0), s.spend + s.shared, c.loaded_cac,
			CASE WHEN c.loaded_cac >= 0 THEN nudge.cac_payback_months(c.loaded_cac, $6, $5) END,
			CASE WHEN c.loaded_cac >= 0 THEN nudge.cac_payback_months(c.loaded_cac, $6) END,
			s.revenue / nullif(s.spend, 0), (s.revenue * $5 - s.spend) / nullif(s.spend, 0),
			s.spend / nullif(sum(s.spend) OVER (), 0), s.planned, coalesce(s.share, s.planned / nullif(sum(s.planned) OVER (), 0)), k.currency
		FROM spread s
		LEFT JOIN campaign g ON $7 = 'campaign' AND g.campaign = s.name,
			LATERAL (SELECT (s.spend + s.shared) / nullif(s.customers, 0) AS loaded_cac) c, checked k
		ORDER BY s.spend DESC NULLS LAST, s.revenue DESC, s.name COLLATE "C"
		$query$, nudge.input_query('campaigns', campaigns), of_spend, plan,
			of_credit, of_lead, of_spend, nudge.input_query('touches', touches))
		USING start_day, end_day, coalesce(zone, 'UTC'), credits, gross_margin, arpa, by, lead_stage, currency, budget_root, coalesce(shared_cost, 0), shared_by,
			credit_currency, spend IS NOT NULL, leads IS NOT NULL, touches IS NOT NULL, leads, budgets, spend;
END
$$;
COMMENT ON FUNCTION nudge.acquisition_results(text, nudge.channel_credit[], text, regclass, date, date, text, numeric, numeric, numeric, text, regclass, text, regclass, regclass, regclass, text, text) IS
	'Works for channel_performance and campaign_performance. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.channel_performance(
	state nudge.journey_state,
	model text,
	spend regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	lookback interval DEFAULT '30 days',
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	budgets regclass DEFAULT NULL,
	budget_root text DEFAULT 'customer_acquisition/marketing/paid_advertising',
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results('channel', nudge.channel_credits(state, model, start_day, end_day, zone, lookback, half_life, weights), nudge.journey_currency(state),
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, NULL, budgets, budget_root, currency) r;
END;
COMMENT ON FUNCTION nudge.channel_performance(nudge.journey_state, text, regclass, date, date, text, interval, interval, numeric[], numeric, numeric, numeric, text, regclass, text, regclass, regclass, text, text) IS
	'What each channel cost, brought and earned in a window under a model of attribution. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.channel_performance(
	credits nudge.channel_credit[],
	spend regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	budgets regclass DEFAULT NULL,
	budget_root text DEFAULT 'customer_acquisition/marketing/paid_advertising',
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results('channel', credits, NULL,
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, NULL, budgets, budget_root, currency) r;
END;
COMMENT ON FUNCTION nudge.channel_performance(nudge.channel_credit[], regclass, date, date, text, numeric, numeric, numeric, text, regclass, text, regclass, regclass, text, text) IS
	'The same for credits from anywhere. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.campaign_performance(
	state nudge.journey_state,
	model text,
	spend regclass,
	campaigns regclass,
	start_day date,
	end_day date,
	by text DEFAULT 'campaign',
	zone text DEFAULT 'UTC',
	lookback interval DEFAULT '30 days',
	half_life interval DEFAULT '7 days',
	weights numeric[] DEFAULT NULL,
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results(by, nudge.channel_credits(state, model, start_day, end_day, zone, lookback, half_life, weights), nudge.journey_currency(state),
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, campaigns, NULL, '', currency) r;
END;
COMMENT ON FUNCTION nudge.campaign_performance(nudge.journey_state, text, regclass, regclass, date, date, text, text, interval, interval, numeric[], numeric, numeric, numeric, text, regclass, text, regclass, text) IS
	'What each campaign, or kind of campaign, cost, brought and earned in a window; the channels of the state are campaigns. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.campaign_performance(
	credits nudge.channel_credit[],
	spend regclass,
	campaigns regclass,
	start_day date,
	end_day date,
	by text DEFAULT 'campaign',
	zone text DEFAULT 'UTC',
	gross_margin numeric DEFAULT 1,
	arpa numeric DEFAULT NULL,
	shared_cost numeric DEFAULT 0,
	shared_by text DEFAULT 'customers',
	leads regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	touches regclass DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000
BEGIN ATOMIC
	SELECT r.* FROM nudge.acquisition_results(by, credits, NULL,
		spend, start_day, end_day, zone, gross_margin, arpa, shared_cost, shared_by, leads, lead_stage, touches, campaigns, NULL, '', currency) r;
END;
COMMENT ON FUNCTION nudge.campaign_performance(nudge.channel_credit[], regclass, regclass, date, date, text, text, numeric, numeric, numeric, text, regclass, text, regclass, text) IS
	'The same for credits from anywhere; their channels are campaigns. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Leads and content -------------------------------------------------------

CREATE FUNCTION nudge.lead_stages(
	leads regclass,
	stages text[],
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	by text DEFAULT NULL,
	counting text DEFAULT 'cohort',
	as_of timestamptz DEFAULT NULL,
	spend regclass DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	source text,
	step integer,
	stage text,
	lead_count bigint,
	step_rate numeric,
	overall_rate numeric,
	cost numeric,
	cost_per_lead numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF coalesce(cardinality(stages), 0) = 0 OR array_position(stages, NULL) IS NOT NULL OR array_ndims(stages) > 1
		OR cardinality(stages) > (SELECT count(DISTINCT s) FROM unnest(stages) s) THEN
		RAISE EXCEPTION '"stages" must name each stage once, from first to last'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'What a lead has reached is known from the order of the stages.',
				HINT = 'Pass an array such as ARRAY[''lead'', ''qualified'', ''customer''].';
	END IF;
	IF by NOT IN ('source', 'campaign') OR counting IS NULL OR counting NOT IN ('cohort', 'period') THEN
		RAISE EXCEPTION 'unknown way to count leads: by "%", counting "%"', by, counting
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Leads are counted by source or campaign, and as a cohort or in a period.',
				HINT = 'Leave both out for the cohort of all leads.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH seen AS MATERIALIZED (
			SELECT l.lead, l.at, array_position($1, l.stage) AS step, CASE $6 WHEN 'source' THEN l.source WHEN 'campaign' THEN l.campaign END AS source
			FROM (%s) l WHERE $5 IS NULL OR l.at < $5
		), origin AS (
			SELECT s.lead, (array_agg(s.source ORDER BY s.at, s.source COLLATE "C"))[1] AS source
			FROM seen s WHERE s.source IS NOT NULL GROUP BY s.lead
		), reached AS (
			-- at a stage, or at one behind it, which it cannot have reached otherwise
			SELECT s.lead, n.step, nudge.civil_date(min(s.at), $4) AS day
			FROM seen s JOIN generate_series(1, cardinality($1)) n(step) ON n.step <= s.step
			GROUP BY s.lead, n.step
		), counts AS (
			SELECT o.source, r.step, count(*) AS leads
			FROM reached r JOIN reached e ON e.lead = r.lead AND e.step = 1
			LEFT JOIN origin o ON o.lead = r.lead
			WHERE CASE $7 WHEN 'cohort' THEN e.day ELSE r.day END >= $2 AND CASE $7 WHEN 'cohort' THEN e.day ELSE r.day END < $3
			GROUP BY o.source, r.step
		), spent AS MATERIALIZED (
			SELECT CASE $6 WHEN 'source' THEN x.channel WHEN 'campaign' THEN x.campaign END AS source, x.amount, x.currency
			FROM nudge.spend_lines($10, $2, $3, $8) x
		), sources AS (
			SELECT p.source, CASE WHEN $9 THEN sum(p.cost) END AS cost
			FROM (SELECT s.source, s.amount AS cost FROM spent s UNION ALL SELECT c.source, 0 FROM counts c UNION ALL SELECT NULL, 0 WHERE $6 IS NULL) p
			GROUP BY p.source
		), counted AS (
			SELECT g.source, g.cost, n.step, $1[n.step] AS stage, coalesce(c.leads, 0) AS leads
			FROM sources g CROSS JOIN generate_series(1, cardinality($1)) n(step)
			LEFT JOIN counts c ON c.source IS NOT DISTINCT FROM g.source AND c.step = n.step
		)
		SELECT c.source, c.step, c.stage, c.leads,
			c.leads::numeric / nullif(CASE c.step WHEN 1 THEN c.leads ELSE lag(c.leads) OVER up END, 0),
			c.leads::numeric / nullif(first_value(c.leads) OVER up, 0), c.cost, c.cost / nullif(c.leads, 0), coalesce((SELECT min(x.currency) FROM spent x), upper($8))
		FROM counted c
		WINDOW up AS (PARTITION BY c.source ORDER BY c.step)
		ORDER BY c.source COLLATE "C" NULLS LAST, c.step
		$query$, nudge.input_query('leads', leads))
		USING ARRAY(SELECT unnest(stages)), start_day, end_day, coalesce(zone, 'UTC'), as_of, by, counting, currency, spend IS NOT NULL, spend;
END
$$;
COMMENT ON FUNCTION nudge.lead_stages(regclass, text[], date, date, text, text, text, timestamptz, regclass, text) IS
	'Leads by stage, in all or by source or campaign: how many of those that came in a window got how far, or how many reached a stage in it, and what one has cost. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.content_performance(
	content regclass,
	leads regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	types text[] DEFAULT NULL,
	cadences text[] DEFAULT NULL,
	touches regclass DEFAULT NULL,
	lead_stage text DEFAULT NULL,
	customer_stage text DEFAULT 'customer'
) RETURNS TABLE (
	type text,
	published bigint,
	planned numeric,
	attainment numeric,
	pieces_per_month numeric,
	median_days_between numeric,
	planned_days_between numeric,
	visitors bigint,
	new_leads bigint,
	customers bigint,
	content_to_lead_rate numeric,
	lead_to_customer_rate numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	word text;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	SELECT c INTO word FROM unnest(cadences) c WHERE c NOT IN ('daily', 'weekly', 'bi-weekly', 'monthly', 'quarterly') LIMIT 1;
	IF word IS NOT NULL THEN
		RAISE EXCEPTION 'unknown cadence "%"', word
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A cadence is how often a piece should come out; bi-weekly is every two weeks.',
				HINT = 'Use daily, weekly, bi-weekly, monthly or quarterly, or null where none is planned.';
	END IF;
	IF array_position(types, NULL) IS NOT NULL OR cardinality(types) > (SELECT count(DISTINCT t) FROM unnest(types) t) THEN
		RAISE EXCEPTION '"types" must name each type once'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A type has one cadence.',
				HINT = 'Leave out what stands there twice, and nulls.';
	END IF;
	IF coalesce(cardinality(cadences), 0) NOT IN (0, coalesce(cardinality(types), 0)) THEN
		RAISE EXCEPTION '"cadences" must have an element for each of "types"'
			USING ERRCODE = 'array_subscript_error',
				DETAIL = format('There are %s cadences and %s types.', cardinality(cadences), coalesce(cardinality(types), 0)),
				HINT = 'Write null where no cadence is planned.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH piece AS MATERIALIZED (
			SELECT c.content, c.type, nudge.civil_date(c.published_at, $3) AS day FROM (%s) c
		), span AS (
			-- a month is as long as it is
			SELECT $2 - $1 AS days, sum(d.sign * (12 * extract(year FROM d.day) + extract(month FROM d.day)
				+ (extract(day FROM d.day) - 1) / (nudge.period_end(d.day, 'month') - nudge.period_start(d.day, 'month')))) AS months
			FROM (VALUES ($2, 1), ($1, -1)) d(day, sign)
		), plan AS (
			SELECT u.type, CASE u.cadence WHEN 'daily' THEN s.days WHEN 'weekly' THEN s.days / 7.0 WHEN 'bi-weekly' THEN s.days / 14.0
					WHEN 'monthly' THEN s.months WHEN 'quarterly' THEN s.months / 3 END AS pieces,
				CASE u.cadence WHEN 'daily' THEN 1 WHEN 'weekly' THEN 7 WHEN 'bi-weekly' THEN 14 WHEN 'monthly' THEN 365 / 12.0 WHEN 'quarterly' THEN 365 / 4.0 END AS days_between
			FROM unnest($4, $5) u(type, cadence), span s
		), known AS MATERIALIZED (
			SELECT p.type FROM piece p UNION SELECT l.type FROM plan l
		), parts AS (
			SELECT p.type, 1 AS published, p.gap, 0::bigint AS visitors, 0 AS leads, 0 AS customers
			FROM (SELECT q.*, q.day - lag(q.day) OVER (PARTITION BY q.type ORDER BY q.day) AS gap FROM piece q) p
			WHERE p.day >= $1 AND p.day < $2
			UNION ALL
			SELECT v.type, 0, NULL, count(DISTINCT v.visitor), 0, 0
			FROM (SELECT p.type, coalesce('a' || x.anonymous_id, 'u' || x."user", 'c' || x.customer) AS visitor
				FROM (%s) x JOIN piece p ON p.content = x.campaign
				WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2) v
			GROUP BY v.type
			UNION ALL
			SELECT t.type, 0, NULL, 0, 1, c.converted::integer
			FROM nudge.lead_origins($10, $6, $7) c, LATERAL (SELECT coalesce((SELECT min(p.type) FROM piece p WHERE p.content = c.campaign),
				(SELECT k.type FROM known k WHERE k.type = c.source)) AS type) t
			WHERE t.type IS NOT NULL AND nudge.civil_date(c.at, $3) >= $1 AND nudge.civil_date(c.at, $3) < $2
			UNION ALL
			SELECT l.type, 0, NULL, 0, 0, 0 FROM plan l
		), summed AS (
			SELECT p.type, sum(p.published) AS published, (percentile_cont(0.5) WITHIN GROUP (ORDER BY p.gap::double precision))::numeric AS gap,
				CASE WHEN $8 THEN sum(p.visitors)::bigint END AS visitors,
				CASE WHEN $9 THEN sum(p.leads) END AS leads, CASE WHEN $9 THEN sum(p.customers) END AS customers
			FROM parts p GROUP BY p.type
		)
		SELECT s.type, s.published, l.pieces, s.published / nullif(l.pieces, 0), s.published / w.months, s.gap, l.days_between,
			s.visitors, s.leads, s.customers, s.leads::numeric / nullif(s.visitors, 0), s.customers::numeric / nullif(s.leads, 0)
		FROM summed s LEFT JOIN plan l ON l.type = s.type, span w
		ORDER BY s.type COLLATE "C"
		$query$, nudge.input_query('content', content), nudge.input_query('touches', touches))
		USING start_day, end_day, coalesce(zone, 'UTC'), types, cadences, lead_stage, customer_stage, touches IS NOT NULL, leads IS NOT NULL, leads;
END
$$;
COMMENT ON FUNCTION nudge.content_performance(regclass, regclass, date, date, text, text[], text[], regclass, text, text) IS
	'Content by type: how much came out and how often, beside what was planned, and how many visitors became leads and leads customers. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- src/metrics/channel_rules.sql

/*
 * channel_rules.sql
 *		Which channel a visit came by, by rules in a table.
 *
 * Definitions: doc/channel_rules.md.
 */

-- Rules ---------------------------------------------------------------------

CREATE FUNCTION nudge.valid_channel_patterns(patterns text[]) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN patterns IS NULL
		-- a plain list, no NULL, and no backslash with nothing behind it
		OR coalesce(array_ndims(patterns) = 1, false) AND array_position(patterns, NULL) IS NULL
			AND NOT EXISTS (SELECT FROM unnest(patterns) p WHERE p ~ '^([^\\]|\\.)*\\$');
COMMENT ON FUNCTION nudge.valid_channel_patterns(text[]) IS
	'Whether a column of channel rules may hold these LIKE patterns. Not STRICT: NULL is no pattern, which is valid';

CREATE TABLE nudge.channel_rules (
	rule text PRIMARY KEY CHECK (rule <> ''),
	position integer NOT NULL DEFAULT 100,
	channel text CHECK (channel <> ''),
	utm_source text[] CHECK (nudge.valid_channel_patterns(utm_source)),
	utm_medium text[] CHECK (nudge.valid_channel_patterns(utm_medium)),
	utm_campaign text[] CHECK (nudge.valid_channel_patterns(utm_campaign)),
	referrer text[] CHECK (nudge.valid_channel_patterns(referrer)),
	click_id text[] CHECK (nudge.valid_channel_patterns(click_id)),
	comment text
);
SELECT pg_catalog.pg_extension_config_dump('nudge.channel_rules', '');
GRANT SELECT ON nudge.channel_rules TO PUBLIC;
COMMENT ON TABLE nudge.channel_rules IS 'Your own rules of channel_of; one named like a shipped rule takes its place';
COMMENT ON COLUMN nudge.channel_rules.rule IS 'Name of the rule';
COMMENT ON COLUMN nudge.channel_rules.position IS 'Rules are tried in this order; shipped ones begin at 1000';
COMMENT ON COLUMN nudge.channel_rules.channel IS 'Channel of what the rule matches; NULL switches a rule off';
COMMENT ON COLUMN nudge.channel_rules.utm_source IS 'LIKE patterns, one of which the source must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.utm_medium IS 'LIKE patterns, one of which the medium must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.utm_campaign IS 'LIKE patterns, one of which the campaign must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.referrer IS 'LIKE patterns, one of which the host of the referrer or a parent domain must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.click_id IS 'LIKE patterns, one of which the name of a click identifier must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.comment IS 'What the rule is for';

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.channel_rules TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- Shipped with the extension and not edited, so that pg_dump leaves them out:
-- an update may change them, and never meets a row of a user.
CREATE TABLE nudge.shipped_channel_rules (LIKE nudge.channel_rules INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING COMMENTS);
ALTER TABLE nudge.shipped_channel_rules ALTER COLUMN channel SET NOT NULL;
GRANT SELECT ON nudge.shipped_channel_rules TO PUBLIC;
COMMENT ON TABLE nudge.shipped_channel_rules IS 'The rules of channel_of that come with the extension';

CREATE VIEW nudge.channel_rules_in_force AS
	SELECT r.rule, r.position, r.channel, r.utm_source, r.utm_medium, r.utm_campaign, r.referrer, r.click_id, false AS shipped, r.comment
	FROM nudge.channel_rules r WHERE r.channel IS NOT NULL
	UNION ALL
	SELECT s.rule, s.position, s.channel, s.utm_source, s.utm_medium, s.utm_campaign, s.referrer, s.click_id, true, s.comment
	FROM nudge.shipped_channel_rules s
	WHERE NOT EXISTS (SELECT FROM nudge.channel_rules r WHERE r.rule = s.rule);
GRANT SELECT ON nudge.channel_rules_in_force TO PUBLIC;
COMMENT ON VIEW nudge.channel_rules_in_force IS 'The rules that channel_of applies: your own, and those shipped that none of yours replaces';
COMMENT ON COLUMN nudge.channel_rules_in_force.rule IS 'Name of the rule';
COMMENT ON COLUMN nudge.channel_rules_in_force.position IS 'Rules are tried in this order, of equal ones your own first, then by name';
COMMENT ON COLUMN nudge.channel_rules_in_force.channel IS 'Channel of what the rule matches';
COMMENT ON COLUMN nudge.channel_rules_in_force.utm_source IS 'LIKE patterns, one of which the source must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.utm_medium IS 'LIKE patterns, one of which the medium must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.utm_campaign IS 'LIKE patterns, one of which the campaign must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.referrer IS 'LIKE patterns, one of which the host of the referrer or a parent domain must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.click_id IS 'LIKE patterns, one of which the name of a click identifier must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.shipped IS 'Whether it came with the extension';
COMMENT ON COLUMN nudge.channel_rules_in_force.comment IS 'What the rule is for';

INSERT INTO nudge.shipped_channel_rules (rule, position, channel, utm_source, utm_medium, utm_campaign, referrer, click_id, comment)
WITH lists AS (
	SELECT
		ARRAY['cpc', 'cpa', 'cpp', 'cpe', 'cpl', 'cpv', 'ppc', 'paid%', '%-cpc', '%\_cpc', '%-ppc', '%\_ppc', 'retargeting', 'remarketing'] AS paid,
		ARRAY['shop%', '%shopping%', '%-shop%', '%\_shop%', '% shop%', '%eshop%', '%e-shop%'] AS shop_campaigns,
		ARRAY['google\_shopping', 'google shopping', 'googleshopping', 'merchant\_center', 'amazon', 'amazon.%', 'ebay', 'ebay.%', 'etsy', 'etsy.%', 'walmart',
			'walmart.%', 'aliexpress', 'aliexpress.%', 'alibaba', 'alibaba.%', 'shopify', 'shop.app', 'shopzilla', 'idealo', 'idealo.%', 'rakuten', 'rakuten.%',
			'mercadolibre', 'mercadolibre.%', 'igshopping'] AS shop_sources,
		ARRAY['shopping.google.%', 'shopping.yahoo.%', 'amazon.%', 'ebay.%', 'etsy.com', 'walmart.%', 'aliexpress.%', 'alibaba.com', 'shop.app', 'shopzilla.%',
			'idealo.%', 'rakuten.%', 'mercadolibre.%', 'mercadolivre.%', 'otto.de', 'zalando.%'] AS shop_hosts,
		ARRAY['google', 'google.%', 'www.google.%', 'googleads', 'google-ads', 'google\_ads', 'google ads', 'adwords', 'bing', 'bing.%', 'bingads', 'microsoft-ads',
			'microsoft ads', 'yahoo', 'yahoo.%', '%.yahoo.%', 'duckduckgo', 'duckduckgo.%', 'ecosia', 'ecosia.%', '%.ecosia.%', 'baidu', 'baidu.%', '%.baidu.%', 'yandex',
			'yandex.%', 'naver', 'naver.%', '%.naver.%', 'seznam', 'seznam.%', '%.seznam.%', 'sogou', 'qwant', 'qwant.%', 'startpage', 'startpage.%', 'brave',
			'search.brave.com', 'daum', 'daum.%', '%.daum.%', 'kagi', 'kagi.com', 'ask', 'ask.com', 'aol', 'aol.%', 'dogpile', 'swisscows'] AS search_sources,
		ARRAY['google.%', 'bing.com', 'search.yahoo.%', 'yahoo.%', 'duckduckgo.com', 'ecosia.org', 'baidu.com', 'yandex.%', 'ya.ru', 'search.naver.com', 'naver.com',
			'seznam.cz', 'sogou.com', 'so.com', 'qwant.com', 'startpage.com', 'search.brave.com', 'daum.net', 'kagi.com', 'ask.com', 'search.aol.%', 'aol.com',
			'dogpile.com', 'swisscows.com', 'mojeek.com', 'metager.org', 'metager.de', 'presearch.com', 'coccoc.com', 'search.lycos.com', 'excite.com', 'search.marginalia.nu',
			'com.google.android.googlequicksearchbox', 'search.google.com'] AS search_hosts,
		ARRAY['facebook', 'facebook.%', '%.facebook.%', 'fb', 'fb.com', 'meta', 'instagram', 'instagram.%', '%.instagram.%', 'ig', 'threads', 'threads.net', 'threads.com',
			'linkedin', 'linkedin.%', '%.linkedin.%', 'lnkd.in', 'twitter', 'twitter.%', 't.co', 'x', 'x.com', 'tiktok', 'tiktok.%', '%.tiktok.%', 'pinterest', 'pinterest.%',
			'%.pinterest.%', 'reddit', 'reddit.%', '%.reddit.%', 'snapchat', 'snapchat.%', 'quora', 'quora.%', 'xing', 'xing.%', 'vk', 'vk.com', 'mastodon', 'mastodon.%',
			'bluesky', 'bsky.app', 'tumblr', 'tumblr.%', 'discord', 'discord.%', 'telegram', 't.me', 'whatsapp', 'whatsapp.%', 'weibo', 'weibo.%', 'hackernews', 'producthunt'] AS social_sources,
		ARRAY['facebook.com', 'fb.com', 'fb.me', 'm.me', 'messenger.com', 'instagram.com', 'threads.net', 'threads.com', 'linkedin.com', 'lnkd.in', 'com.linkedin.android',
			'twitter.com', 't.co', 'x.com', 'tiktok.com', 'pinterest.%', 'pin.it', 'reddit.com', 'redd.it', 'snapchat.com', 'quora.com', 'xing.com', 'vk.com', 'ok.ru',
			'mastodon.%', 'bsky.app', 'tumblr.com', 'discord.com', 'discord.gg', 't.me', 'telegram.me', 'org.telegram.messenger', 'whatsapp.com', 'wa.me', 'weibo.com', 'weibo.cn',
			'douban.com', 'zhihu.com', 'xiaohongshu.com', 'line.me', 'news.ycombinator.com', 'producthunt.com', 'stackoverflow.com', 'stackexchange.com', 'meetup.com',
			'com.facebook.katana', 'com.instagram.android', 'com.twitter.android', 'com.reddit.frontpage'] AS social_hosts,
		ARRAY['youtube', 'youtube.%', '%.youtube.%', 'youtu.be', 'vimeo', 'vimeo.%', 'wistia', 'wistia.%', 'dailymotion', 'dailymotion.%', 'twitch', 'twitch.%', 'netflix',
			'hulu', 'disneyplus', 'bilibili', 'iqiyi', 'youku', 'rumble', 'loom'] AS video_sources,
		ARRAY['youtube.com', 'youtu.be', 'youtube-nocookie.com', 'vimeo.com', 'wistia.com', 'wistia.net', 'dailymotion.com', 'twitch.tv', 'netflix.com', 'hulu.com',
			'disneyplus.com', 'bilibili.com', 'iqiyi.com', 'youku.com', 'rumble.com', 'loom.com', 'ted.com', 'com.google.android.youtube'] AS video_hosts,
		ARRAY['mail.%', 'webmail.%', 'email.%', 'com.google.android.gm', 'outlook.live.com', 'outlook.office.com', 'outlook.office365.com', 'outlook.com', 'gmx.%', 'web.de',
			'proton.me', 'protonmail.com', 'tutanota.com', 'fastmail.com', 'navigator-bs.gmx.%', 'deref-%', 'com.microsoft.office.outlook', 'com.yahoo.mobile.client.android.mail',
			'hey.com', 'mailchi.mp', 'campaign-archive.com', 'list-manage.com', 'superhuman.com'] AS mail_hosts,
		ARRAY['email', 'e-mail', 'e\_mail', 'e mail'] AS email_words,
		ARRAY['chatgpt.com', 'chat.openai.com', 'openai.com', 'perplexity.ai', 'claude.ai', 'gemini.google.com', 'bard.google.com', 'copilot.microsoft.com', 'chat.mistral.ai',
			'chat.deepseek.com', 'you.com', 'poe.com', 'meta.ai', 'grok.com', 'phind.com'] AS assistant_hosts,
		ARRAY['chatgpt', 'chatgpt.com', 'openai', 'perplexity', 'perplexity.ai', 'claude', 'claude.ai', 'gemini', 'copilot', 'grok', 'deepseek'] AS assistant_sources,
		ARRAY['gclid', 'gbraid', 'wbraid', 'msclkid', 'yclid'] AS search_clicks,
		ARRAY['ttclid', 'twclid', 'li\_fat\_id', 'sccid', 'rdt\_cid', 'epik'] AS social_clicks,
		ARRAY[''] AS nothing
)
SELECT r.rule, r.position, r.channel, r.utm_source, r.utm_medium, r.utm_campaign, r.referrer, r.click_id, r.comment
FROM lists l, LATERAL (VALUES
	('direct_nothing', 1000, 'direct', nothing, nothing, nothing, nothing, nothing, 'Nothing is known'),
	('direct_source', 1010, 'direct', ARRAY['direct'], ARRAY['', 'none', 'direct'], NULL, NULL, nothing, 'Tagged as direct'),
	('cross_network_campaign', 1020, 'cross_network', NULL, NULL, ARRAY['%cross-network%', '%cross\_network%'], NULL, NULL, 'Campaigns that run on several networks'),
	('cross_network_medium', 1030, 'cross_network', NULL, ARRAY['cross-network', 'cross\_network'], NULL, NULL, NULL, NULL),
	-- paid, by medium and site
	('paid_shopping_source', 1100, 'paid_shopping', shop_sources, paid, NULL, NULL, NULL, 'Paid medium, shopping site'),
	('paid_shopping_campaign', 1110, 'paid_shopping', NULL, paid, shop_campaigns, NULL, NULL, 'Paid medium, campaign of a shop'),
	('paid_shopping_referrer', 1120, 'paid_shopping', nothing, paid, NULL, shop_hosts, NULL, NULL),
	('paid_search_medium', 1130, 'paid_search', NULL, ARRAY['paidsearch', 'paid-search', 'paid\_search', 'paid search', 'sem'], NULL, NULL, NULL, 'The medium says it'),
	('paid_social_medium', 1140, 'paid_social', NULL, ARRAY['paidsocial', 'paid-social', 'paid\_social', 'paid social'], NULL, NULL, NULL, 'The medium says it'),
	('paid_video_medium', 1150, 'paid_video', NULL, ARRAY['paidvideo', 'paid-video', 'paid\_video', 'paid video', 'cpv'], NULL, NULL, NULL, 'The medium says it'),
	('paid_search_source', 1160, 'paid_search', search_sources, paid, NULL, NULL, NULL, 'Paid medium, search engine'),
	('paid_search_referrer', 1170, 'paid_search', nothing, paid, NULL, search_hosts, NULL, NULL),
	('paid_social_source', 1180, 'paid_social', social_sources, paid || ARRAY['cpm'], NULL, NULL, NULL, 'Paid medium, social network'),
	('paid_social_referrer', 1190, 'paid_social', nothing, paid || ARRAY['cpm'], NULL, social_hosts, NULL, NULL),
	('paid_video_source', 1200, 'paid_video', video_sources, paid || ARRAY['cpm'], NULL, NULL, NULL, 'Paid medium, video site'),
	('paid_video_referrer', 1210, 'paid_video', nothing, paid || ARRAY['cpm'], NULL, video_hosts, NULL, NULL),
	('paid_search_medium_click', 1212, 'paid_search', NULL, paid, NULL, NULL, search_clicks, 'Paid medium, click of a search engine'),
	('paid_social_medium_click', 1214, 'paid_social', NULL, paid || ARRAY['cpm'], NULL, NULL, social_clicks || ARRAY['fbclid'], 'Paid medium, click of a social network'),
	('display_medium', 1220, 'display', NULL, ARRAY['display', 'banner', 'expandable', 'interstitial', 'cpm', 'native', 'programmatic', 'gdn'], NULL, NULL, NULL, NULL),
	('paid_other_medium', 1230, 'paid_other', NULL, paid, NULL, NULL, NULL, 'Paid, none of the above'),
	-- by words
	('email_source', 1300, 'email', email_words, NULL, NULL, NULL, NULL, NULL),
	('email_medium', 1310, 'email', NULL, email_words || ARRAY['newsletter', 'mailing'], NULL, NULL, NULL, NULL),
	('sms_source', 1320, 'sms', ARRAY['sms', 'mms'], NULL, NULL, NULL, NULL, NULL),
	('sms_medium', 1330, 'sms', NULL, ARRAY['sms', 'mms', 'text-message', 'text\_message', 'text message'], NULL, NULL, NULL, NULL),
	('push_medium', 1340, 'push', NULL, ARRAY['%push', '%mobile%', '%notification%'], NULL, NULL, NULL, 'Push messages to a phone or browser'),
	('push_source', 1350, 'push', ARRAY['firebase'], NULL, NULL, NULL, NULL, NULL),
	('audio_medium', 1360, 'audio', NULL, ARRAY['audio', 'podcast'], NULL, NULL, NULL, NULL),
	('affiliates_medium', 1370, 'affiliates', NULL, ARRAY['affiliate', 'affiliates'], NULL, NULL, NULL, NULL),
	('partner_medium', 1380, 'partner', NULL, ARRAY['partner', 'partners', 'partnership', 'reseller', 'partner-%', 'partner\_%'], NULL, NULL, NULL, NULL),
	-- by click identifier, where the medium has not said it
	('paid_search_click', 1400, 'paid_search', NULL, NULL, NULL, NULL, search_clicks, 'Google Ads, Microsoft Advertising, Yandex Direct'),
	('display_click', 1410, 'display', NULL, NULL, NULL, NULL, ARRAY['dclid'], 'Google Marketing Platform'),
	('paid_social_click', 1420, 'paid_social', NULL, NULL, NULL, NULL, social_clicks, 'TikTok, X, LinkedIn, Snapchat, Reddit, Pinterest'),
	('affiliates_click', 1430, 'affiliates', NULL, NULL, NULL, NULL, ARRAY['irclickid', 'cjevent', 'awc'], 'Impact, CJ, Awin'),
	('email_click', 1440, 'email', NULL, NULL, NULL, NULL, ARRAY['mc\_cid', 'mc\_eid', '\_hsenc', '\_hsmi', 'mkt\_tok'], 'Mailchimp, HubSpot, Marketo'),
	('organic_shopping_click', 1450, 'organic_shopping', NULL, NULL, NULL, NULL, ARRAY['srsltid'], 'Free listings of Google Merchant Center'),
	('organic_social_click', 1460, 'organic_social', NULL, ARRAY[''], NULL, NULL, ARRAY['fbclid', 'igshid', 'igsh'], 'Facebook and Instagram add them to links of all kinds, paid or not'),
	-- organic, by site or medium
	('ai_assistant_source', 1500, 'ai_assistant', assistant_sources, NULL, NULL, NULL, NULL, 'Answers of assistants'),
	('ai_assistant_referrer', 1510, 'ai_assistant', nothing, NULL, NULL, assistant_hosts, NULL, NULL),
	('organic_shopping_source', 1520, 'organic_shopping', shop_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_shopping_campaign', 1530, 'organic_shopping', NULL, NULL, shop_campaigns, NULL, NULL, NULL),
	('organic_shopping_referrer', 1540, 'organic_shopping', nothing, NULL, NULL, shop_hosts, NULL, NULL),
	('organic_social_source', 1550, 'organic_social', social_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_social_medium', 1560, 'organic_social', NULL, ARRAY['social', 'social-network', 'social\_network', 'social network', 'social-media', 'social\_media', 'social media', 'sm'], NULL, NULL, NULL, NULL),
	('organic_social_referrer', 1570, 'organic_social', nothing, NULL, NULL, social_hosts, NULL, NULL),
	('organic_video_source', 1580, 'organic_video', video_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_video_medium', 1590, 'organic_video', NULL, ARRAY['%video%'], NULL, NULL, NULL, NULL),
	('organic_video_referrer', 1600, 'organic_video', nothing, NULL, NULL, video_hosts, NULL, NULL),
	('email_referrer', 1610, 'email', nothing, NULL, NULL, mail_hosts, NULL, 'Mail read in a browser; before search, since mail.google.com is no search'),
	('referral_not_search', 1620, 'referral', nothing, ARRAY[''], NULL, ARRAY['docs.google.%', 'sites.google.%', 'drive.google.%', 'groups.google.%', 'calendar.google.%',
		'meet.google.%', 'classroom.google.%', 'accounts.google.%', 'play.google.%', 'news.google.%', 'cloud.google.%', 'support.google.%', 'finance.yahoo.%', 'news.yahoo.%'],
		NULL, 'Pages of search engines that are no search'),
	('organic_search_source', 1630, 'organic_search', search_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_search_medium', 1640, 'organic_search', NULL, ARRAY['organic'], NULL, NULL, NULL, NULL),
	('organic_search_referrer', 1650, 'organic_search', nothing, NULL, NULL, search_hosts, NULL, NULL),
	('referral_medium', 1700, 'referral', NULL, ARRAY['referral', 'app', 'link'], NULL, NULL, NULL, NULL),
	('referral_referrer', 1710, 'referral', nothing, ARRAY[''], NULL, ARRAY['_%'], NULL, 'A site that is none of the above')
) r(rule, position, channel, utm_source, utm_medium, utm_campaign, referrer, click_id, comment);

-- The channel ---------------------------------------------------------------

CREATE FUNCTION nudge.channel_of(
	utm_source text DEFAULT NULL,
	utm_medium text DEFAULT NULL,
	utm_campaign text DEFAULT NULL,
	referrer text DEFAULT NULL,
	click_id text DEFAULT NULL
) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_channel_of' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.channel_of(text, text, text, text, text) IS
	'The channel of a visit: that of the first rule in force that matches, other if none does. Not STRICT: NULL is the same as an empty text';

-- src/metrics/competition.sql

/*
 * competition.sql
 *		Competitors: who is heard, who is bought, what they charge and offer,
 *		and why deals are won and lost.
 *
 * Definitions: doc/competition.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.window_periods(start_day date, end_day date, grain text DEFAULT NULL) RETURNS TABLE (period date, period_end date)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 12 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	max_periods constant integer := 20000;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF grain IS NOT NULL AND NOT (isfinite(start_day) AND isfinite(end_day)) THEN
		RAISE EXCEPTION 'a window of periods must be finite'
			USING ERRCODE = 'datetime_field_overflow',
				DETAIL = format('It is from %s to %s.', start_day, end_day),
				HINT = 'Leave the grain out for one period, or pass a first and a last day.';
	END IF;
	period := start_day;
	FOR i IN 1..max_periods LOOP
		-- without a grain the period ends with the window
		period_end := least(nudge.period_end(period, grain), end_day);
		RETURN NEXT;
		period := period_end;
		EXIT WHEN period >= end_day;
	END LOOP;
	IF period < end_day THEN
		RAISE EXCEPTION 'result would have more than % periods', max_periods
			USING ERRCODE = 'program_limit_exceeded',
				DETAIL = format('The window is from %s to %s.', start_day, end_day),
				HINT = 'Pass a shorter window or a longer grain.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.window_periods(date, date, text) IS
	'The periods of a window, the first and the last cut off at its ends. Not STRICT: a NULL grain is one period, NULL days are errors';

CREATE FUNCTION nudge.competitor_fact_rows(
	competitor_facts regclass,
	kinds text[],
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (at timestamptz, competitor text, kind text, channel text, value numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	query constant text := format($query$
		SELECT f.at, f.competitor, lower(btrim(f.kind)) AS kind, f.channel, f.value, f.detail
		FROM (%s) f
		WHERE lower(btrim(f.kind)) = ANY ($1) AND ($2 IS NULL OR f.at >= $2) AND ($3 IS NULL OR f.at < $3)
		$query$, nudge.input_query('competitor_facts', competitor_facts));
	from_at constant timestamptz := start_day::timestamp AT TIME ZONE named_zone;
	to_at constant timestamptz := end_day::timestamp AT TIME ZONE named_zone;
	bad_kind text;
BEGIN
	EXECUTE 'SELECT min(q.kind) FROM (' || query || $query$) q
		WHERE q.competitor IS NULL OR q.value IS NULL OR q.value < 0 OR q.value IN ('NaN', 'Infinity')$query$
		INTO bad_kind USING kinds, from_at, to_at;
	IF bad_kind IS NOT NULL THEN
		RAISE EXCEPTION 'a fact of kind "%" must name a competitor and have a value that is not negative', bad_kind
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Counts, prices, sizes and shares are numbers from 0.',
				HINT = 'Correct such rows, or pass a view without them.';
	END IF;
	RETURN QUERY EXECUTE query USING kinds, from_at, to_at;
END
$$;
COMMENT ON FUNCTION nudge.competitor_fact_rows(regclass, text[], date, date, text) IS
	'The competitor_facts of some kinds in a window, checked. Not STRICT: NULL days are no bounds, a NULL relation has no rows';

CREATE FUNCTION nudge.closed_deals(
	deals regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	deal text,
	customer text,
	closed_on date,
	outcome text,
	competitor text,
	reason text,
	segment text,
	owner text,
	team text,
	partner text,
	amount numeric,
	currency text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	query constant text := format($query$
		SELECT d.deal, d.customer, nudge.civil_date(d.closed_at, $3) AS closed_on, lower(btrim(d.outcome)) AS outcome,
			d.competitor, d.reason, d.segment, d.owner, d.team, d.partner, d.amount, d.currency
		FROM (%s) d
		WHERE d.closed_at >= $1 AND d.closed_at < $2
		$query$, nudge.input_query('deals', deals));
	from_at constant timestamptz := start_day::timestamp AT TIME ZONE named_zone;
	to_at constant timestamptz := end_day::timestamp AT TIME ZONE named_zone;
	bad_outcome text;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	EXECUTE 'SELECT min(q.outcome) FROM (' || query || $query$) q WHERE q.outcome NOT IN ('won', 'lost', 'no_decision')$query$
		INTO bad_outcome USING from_at, to_at, named_zone;
	IF bad_outcome IS NOT NULL THEN
		RAISE EXCEPTION 'unknown outcome "%" of a deal', bad_outcome
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The outcomes are won, lost and no_decision.',
				HINT = 'Pass a view that translates yours.';
	END IF;
	RETURN QUERY EXECUTE query USING from_at, to_at, named_zone;
END
$$;
COMMENT ON FUNCTION nudge.closed_deals(regclass, date, date, text) IS
	'The deals closed in a window, checked: what win_rates, wins_and_losses and win_loss_reasons count. Not STRICT: a NULL relation has no rows';

-- Who is heard --------------------------------------------------------------

CREATE FUNCTION nudge.share_of_voice(
	competitor_facts regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	period date,
	channel text,
	all_channels boolean,
	competitor text,
	voice numeric,
	total_voice numeric,
	share numeric,
	share_change numeric,
	recorded_share numeric,
	recorded_share_change numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	WITH checked AS MATERIALIZED (
		SELECT nudge.check_window(share_of_voice.start_day, share_of_voice.end_day)
	), p AS (
		SELECT w.period, w.period_end FROM checked, nudge.window_periods(share_of_voice.start_day, share_of_voice.end_day, share_of_voice.grain) w
	), fact AS (
		SELECT p.period, f.channel, f.competitor, f.kind, f.value
		FROM checked, nudge.competitor_fact_rows(share_of_voice.competitor_facts, ARRAY['mention', 'share_of_voice'],
				share_of_voice.start_day, share_of_voice.end_day, share_of_voice.zone) f
		JOIN p ON nudge.civil_date(f.at, coalesce(share_of_voice.zone, 'UTC')) >= p.period
			AND nudge.civil_date(f.at, coalesce(share_of_voice.zone, 'UTC')) < p.period_end
	), heard AS MATERIALIZED (
		SELECT f.period, f.channel, grouping(f.channel) = 1 AS all_channels, f.competitor,
			sum(f.value) FILTER (WHERE f.kind = 'mention') AS voice,
			-- shares of different channels have no mean
			CASE WHEN grouping(f.channel) = 0 THEN avg(f.value) FILTER (WHERE f.kind = 'share_of_voice') END AS recorded
		FROM fact f
		GROUP BY GROUPING SETS ((f.period, f.competitor, f.channel), (f.period, f.competitor))
	), share AS (
		SELECT p.period, g.channel, g.all_channels, g.competitor, coalesce(h.voice, 0) AS voice,
			sum(h.voice) OVER same_channel AS total,
			coalesce(h.voice, 0) / nullif(sum(h.voice) OVER same_channel, 0) AS share, h.recorded
		FROM p CROSS JOIN (SELECT DISTINCT h.channel, h.all_channels, h.competitor FROM heard h) g
		LEFT JOIN heard h ON h.period = p.period AND h.competitor = g.competitor AND h.all_channels = g.all_channels
			AND h.channel IS NOT DISTINCT FROM g.channel
		WINDOW same_channel AS (PARTITION BY p.period, g.all_channels, g.channel)
	)
	SELECT s.period, s.channel, s.all_channels, s.competitor, s.voice, coalesce(s.total, 0), s.share, s.share - lag(s.share) OVER before,
		s.recorded, s.recorded - lag(s.recorded) OVER before
	FROM share s
	WINDOW before AS (PARTITION BY s.all_channels, s.channel, s.competitor ORDER BY s.period)
	ORDER BY s.period, s.all_channels, s.channel COLLATE "C", s.share DESC NULLS LAST, s.competitor COLLATE "C";
END;
COMMENT ON FUNCTION nudge.share_of_voice(regclass, date, date, text, text) IS
	'Mentions of each competitor over all, by channel and period, with the change from the period before, and shares as tools recorded them. Not STRICT: a NULL relation has no rows, a NULL grain is one period';

CREATE FUNCTION nudge.competitive_mentions(
	competitor_facts regclass,
	as_of date,
	days integer DEFAULT 30,
	threshold numeric DEFAULT 2,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (competitor text, mentions numeric, previous_mentions numeric, change numeric, is_multiple boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF as_of IS NULL OR days IS NULL OR days < 1 THEN
		RAISE EXCEPTION 'mentions are counted in at least one day that ends with a day as_of'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('as_of is %s, days is %s.', coalesce(as_of::text, 'null'), coalesce(days::text, 'null')),
				HINT = 'Pass a day, and leave days out for 30.';
	END IF;
	RETURN QUERY
		SELECT f.competitor,
			coalesce(sum(f.value) FILTER (WHERE f.is_recent), 0), coalesce(sum(f.value) FILTER (WHERE NOT f.is_recent), 0),
			coalesce(sum(f.value) FILTER (WHERE f.is_recent), 0) - coalesce(sum(f.value) FILTER (WHERE NOT f.is_recent), 0),
			coalesce(sum(f.value) FILTER (WHERE f.is_recent), 0) >= threshold
		FROM (SELECT r.competitor, r.value, nudge.civil_date(r.at, coalesce(zone, 'UTC')) > as_of - days AS is_recent
			FROM nudge.competitor_fact_rows(competitor_facts, ARRAY['mention'], as_of - 2 * days + 1, as_of + 1, zone) r
			WHERE r.competitor IS DISTINCT FROM own) f
		GROUP BY f.competitor
		ORDER BY 2 DESC, f.competitor COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.competitive_mentions(regclass, date, integer, numeric, text, text) IS
	'Mentions of competitors in the days that end with as_of, and whether they are multiple. Not STRICT: a NULL relation has no rows, a NULL own leaves nobody out';

-- Readings ------------------------------------------------------------------

CREATE FUNCTION nudge.competitor_readings(
	competitor_facts regclass,
	kind text,
	as_of date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	competitor text,
	channel text,
	detail text,
	value numeric,
	seen_at timestamptz,
	previous_value numeric,
	change numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	SELECT r.competitor, r.channel, r.detail, r.value, r.at, r.previous, r.value - r.previous
	FROM (SELECT f.competitor, f.channel, f.detail, f.value, f.at,
			row_number() OVER latest AS place, lead(f.value) OVER latest AS previous
		FROM nudge.competitor_fact_rows(competitor_readings.competitor_facts, ARRAY[lower(competitor_readings.kind)],
			NULL, competitor_readings.as_of + 1, competitor_readings.zone) f
		WHERE competitor_readings.as_of IS NOT NULL
		WINDOW latest AS (PARTITION BY f.competitor, f.channel, f.detail ORDER BY f.at DESC, f.value DESC)) r
	WHERE r.place = 1
	ORDER BY r.competitor COLLATE "C", r.channel COLLATE "C", r.value, r.detail COLLATE "C";
END;
COMMENT ON FUNCTION nudge.competitor_readings(regclass, text, date, text) IS
	'The latest reading of a kind of fact at the end of a day, for each competitor, channel and detail, and the one before it. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.market_share(
	competitor_facts regclass,
	as_of date,
	compare_day date DEFAULT NULL,
	market text DEFAULT 'market',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	channel text,
	measure text,
	competitor text,
	size numeric,
	market_size numeric,
	share numeric,
	share_change numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000
BEGIN ATOMIC
	WITH reading AS (
		SELECT d.place, r.channel, r.detail, r.competitor, r.value,
			coalesce(max(r.value) FILTER (WHERE r.competitor = market_share.market) OVER whole,
				sum(r.value) OVER whole) AS total
		FROM unnest(ARRAY[market_share.as_of, market_share.compare_day]) WITH ORDINALITY d(day, place),
			LATERAL nudge.competitor_readings(market_share.competitor_facts, 'market_size', d.day, market_share.zone) r
		WINDOW whole AS (PARTITION BY d.place, r.channel, r.detail)
	)
	SELECT n.channel, n.detail, n.competitor, n.value, n.total, n.value / nullif(n.total, 0),
		n.value / nullif(n.total, 0) - b.value / nullif(b.total, 0)
	FROM reading n
	LEFT JOIN reading b ON b.place = 2 AND b.competitor = n.competitor
		AND b.channel IS NOT DISTINCT FROM n.channel AND b.detail IS NOT DISTINCT FROM n.detail
	WHERE n.place = 1 AND n.competitor IS DISTINCT FROM market_share.market
	ORDER BY n.channel COLLATE "C", n.detail COLLATE "C", n.value DESC, n.competitor COLLATE "C";
END;
COMMENT ON FUNCTION nudge.market_share(regclass, date, date, text, text) IS
	'The size of each competitor over that of the market, or over all that are known, at the end of a day, and the change since another. Not STRICT: a NULL compare_day compares with nothing';

-- What they charge and offer ------------------------------------------------

CREATE FUNCTION nudge.price_comparison(
	competitor_facts regclass,
	as_of date,
	competitors regclass DEFAULT NULL,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	competitor text,
	tier text,
	tier_no integer,
	price numeric,
	contacts numeric,
	price_per_contact numeric,
	features numeric,
	features_per_price numeric,
	own_tier text,
	own_price numeric,
	price_ratio numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH reading AS MATERIALIZED (
			SELECT k.kind, r.competitor, r.detail, r.value
			FROM unnest(ARRAY['price', 'contacts', 'feature_count', 'feature']) k(kind),
				LATERAL nudge.competitor_readings($1, k.kind, $2, $4) r
		), priced AS (
			SELECT r.competitor, r.detail AS tier, r.value AS price FROM reading r WHERE r.kind = 'price'
			UNION ALL
			SELECT c.competitor, 'starter', c.starter_price FROM (%s) c
			WHERE c.starter_price IS NOT NULL AND NOT EXISTS (SELECT FROM reading r WHERE r.kind = 'price' AND r.competitor = c.competitor)
		), tier AS (
			SELECT p.competitor, p.tier, row_number() OVER (PARTITION BY p.competitor ORDER BY p.price, p.tier COLLATE "C")::integer AS tier_no, p.price,
				(SELECT max(r.value) FROM reading r WHERE r.kind = 'contacts' AND r.competitor = p.competitor AND r.detail IS NOT DISTINCT FROM p.tier) AS contacts,
				CASE WHEN EXISTS (SELECT FROM reading r WHERE r.kind = 'feature_count' AND r.competitor = p.competitor)
					THEN (SELECT max(r.value) FROM reading r WHERE r.kind = 'feature_count' AND r.competitor = p.competitor AND r.detail IS NOT DISTINCT FROM p.tier)
					-- features that are not said to be of a tier count for all
					ELSE (SELECT nullif(count(DISTINCT r.detail), 0) FROM reading r WHERE r.kind = 'feature' AND r.competitor = p.competitor AND r.value > 0) END AS features
			FROM priced p
		)
		SELECT t.competitor, t.tier, t.tier_no, t.price, t.contacts, t.price / nullif(t.contacts, 0), t.features, t.features / nullif(t.price, 0),
			o.tier, o.price, t.price / nullif(o.price, 0)
		FROM tier t
		LEFT JOIN tier o ON o.competitor = $3 AND o.tier_no = t.tier_no
		ORDER BY t.competitor IS DISTINCT FROM $3, t.competitor COLLATE "C", t.tier_no
		$query$, nudge.input_query('competitors', competitors))
		USING competitor_facts, as_of, own, zone;
END
$$;
COMMENT ON FUNCTION nudge.price_comparison(regclass, date, regclass, text, text) IS
	'Prices at the end of a day, a row per competitor and tier: per contact, features per unit of price, and beside the own tier of the same rank. Not STRICT: NULL relations have no rows';

CREATE FUNCTION nudge.feature_comparison(
	competitor_facts regclass,
	as_of date,
	features regclass DEFAULT NULL,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (feature text, is_own boolean, is_unique boolean, offered_by text[], not_known_of text[])
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH seen AS MATERIALIZED (
			-- seen on several channels: one that has found it is enough
			SELECT r.competitor, r.detail AS feature, bool_or(r.value > 0) AS offered
			FROM nudge.competitor_readings($1, 'feature', $2, $4) r
			WHERE r.detail IS NOT NULL
			GROUP BY r.competitor, r.detail
		), ours AS (
			SELECT f.feature FROM (%s) f WHERE f.released_at IS NULL OR f.released_at < ($2 + 1)::timestamp AT TIME ZONE coalesce($4, 'UTC')
			UNION
			SELECT s.feature FROM seen s WHERE s.competitor = $3 AND s.offered
		), rival AS (
			SELECT DISTINCT s.competitor FROM seen s WHERE s.competitor IS DISTINCT FROM $3
		), compared AS (
			SELECT a.feature, EXISTS (SELECT FROM ours o WHERE o.feature = a.feature) AS is_own,
				ARRAY(SELECT s.competitor FROM seen s WHERE s.feature = a.feature AND s.offered AND s.competitor IS DISTINCT FROM $3
					ORDER BY s.competitor COLLATE "C") AS offered_by,
				ARRAY(SELECT r.competitor FROM rival r WHERE NOT EXISTS (SELECT FROM seen s WHERE s.feature = a.feature AND s.competitor = r.competitor)
					ORDER BY r.competitor COLLATE "C") AS not_known_of
			FROM (SELECT o.feature FROM ours o UNION SELECT s.feature FROM seen s) a
		)
		SELECT c.feature, c.is_own, c.is_own AND c.offered_by = '{}', c.offered_by, c.not_known_of
		FROM compared c
		ORDER BY c.is_own DESC, c.feature COLLATE "C"
		$query$, nudge.input_query('features', features))
		USING competitor_facts, as_of, own, zone;
END
$$;
COMMENT ON FUNCTION nudge.feature_comparison(regclass, date, regclass, text, text) IS
	'Every feature known at the end of a day: whether we have it, alone, who else does, and of whom it is not known. Not STRICT: NULL relations have no rows';

CREATE FUNCTION nudge.differentiation_score(
	competitor_facts regclass,
	as_of date,
	features regclass DEFAULT NULL,
	own text DEFAULT 'us',
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	features_total bigint,
	unique_features bigint,
	score numeric,
	unverified_features bigint,
	missing_features bigint
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1 COST 10000
BEGIN ATOMIC
	SELECT count(*) FILTER (WHERE f.is_own), count(*) FILTER (WHERE f.is_unique),
		count(*) FILTER (WHERE f.is_unique)::numeric / nullif(count(*) FILTER (WHERE f.is_own), 0),
		count(*) FILTER (WHERE f.is_unique AND f.not_known_of <> '{}'::text[]),
		count(*) FILTER (WHERE NOT f.is_own AND f.offered_by <> '{}'::text[])
	FROM nudge.feature_comparison(differentiation_score.competitor_facts, differentiation_score.as_of, differentiation_score.features,
		differentiation_score.own, differentiation_score.zone) f;
END;
COMMENT ON FUNCTION nudge.differentiation_score(regclass, date, regclass, text, text) IS
	'Our features that no competitor is known to have over all of ours. Not STRICT: NULL relations have no rows';

-- Who is bought -------------------------------------------------------------

CREATE FUNCTION nudge.win_rates(
	deals regclass,
	start_day date,
	end_day date,
	dimension text DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	deals_closed bigint,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	win_rate numeric,
	rate_low double precision,
	rate_high double precision,
	win_rate_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF dimension NOT IN ('competitor', 'segment', 'owner', 'team', 'partner', 'currency') THEN
		RAISE EXCEPTION 'unknown dimension "%" of deals', dimension
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The dimensions are competitor, segment, owner, team, partner and currency.',
				HINT = 'Leave it out for the total alone, or pass a view that has yours as segment.';
	END IF;
	RETURN QUERY
		WITH p AS (
			SELECT w.period, w.period_end FROM nudge.window_periods(start_day, end_day, grain) w
		), deal AS (
			SELECT p.period, d.outcome,
				CASE dimension WHEN 'competitor' THEN d.competitor WHEN 'segment' THEN d.segment WHEN 'owner' THEN d.owner
					WHEN 'team' THEN d.team WHEN 'partner' THEN d.partner WHEN 'currency' THEN d.currency END AS value
			FROM nudge.closed_deals(deals, start_day, end_day, zone) d
			JOIN p ON d.closed_on >= p.period AND d.closed_on < p.period_end
		), n AS MATERIALIZED (
			SELECT d.period, d.value, grouping(d.value) = 1 AS is_total, count(*) AS closed, count(*) FILTER (WHERE d.outcome = 'won') AS won,
				count(*) FILTER (WHERE d.outcome = 'lost') AS lost, count(*) FILTER (WHERE d.outcome = 'no_decision') AS undecided,
				count(*) FILTER (WHERE d.outcome IS NULL) AS unknown
			FROM deal d
			GROUP BY GROUPING SETS ((d.period, d.value), (d.period))
		), filled AS (
			SELECT p.period, g.value, g.is_total, coalesce(n.closed, 0) AS closed, coalesce(n.won, 0) AS won, coalesce(n.lost, 0) AS lost,
				coalesce(n.undecided, 0) AS undecided, coalesce(n.unknown, 0) AS unknown, coalesce(n.closed - n.unknown, 0) AS decided
			FROM p CROSS JOIN (SELECT NULL AS value, true AS is_total UNION SELECT k.value, k.is_total FROM n k WHERE dimension IS NOT NULL) g
			LEFT JOIN n ON n.period = p.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		), b AS (
			SELECT f.*, lag(f.won) OVER before AS won_before, lag(f.decided) OVER before AS decided_before
			FROM filled f
			WINDOW before AS (PARTITION BY f.is_total, f.value ORDER BY f.period)
		)
		SELECT b.period, b.value, b.is_total, b.closed, b.won, b.lost, b.undecided, b.unknown,
			i.rate, i.rate_low, i.rate_high, t.difference, t.p_value
		FROM b, LATERAL nudge.wilson_interval(b.won, b.decided, confidence) i,
			LATERAL nudge.two_proportion_test(b.won, b.decided, b.won_before, b.decided_before) t
		ORDER BY b.period, b.is_total, b.closed DESC, b.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.win_rates(regclass, date, date, text, text, text, double precision) IS
	'Deals won over deals decided, where no decision is a loss, by close date: in all and by a dimension such as competitor, with Wilson interval and change from the period before. Not STRICT: a NULL dimension is the total alone, a NULL grain one period';

CREATE FUNCTION nudge.win_loss_reasons(
	deals regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	separator text DEFAULT NULL
) RETURNS TABLE (
	period date,
	outcome text,
	competitor text,
	all_competitors boolean,
	reason text,
	deals_closed bigint,
	outcome_deals bigint,
	share numeric,
	share_change numeric,
	rank bigint
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000
BEGIN ATOMIC
	WITH checked AS MATERIALIZED (
		SELECT nudge.check_window(win_loss_reasons.start_day, win_loss_reasons.end_day)
	), p AS (
		SELECT w.period, w.period_end FROM checked, nudge.window_periods(win_loss_reasons.start_day, win_loss_reasons.end_day, win_loss_reasons.grain) w
	), deal AS MATERIALIZED (
		SELECT p.period, d.outcome, d.competitor, nullif(btrim(d.reason), '') AS reason, row_number() OVER () AS no
		FROM nudge.closed_deals(win_loss_reasons.deals, win_loss_reasons.start_day, win_loss_reasons.end_day, win_loss_reasons.zone) d
		JOIN p ON d.closed_on >= p.period AND d.closed_on < p.period_end
		WHERE d.outcome IS NOT NULL
	), theme AS (
		-- a deal counts once for each theme, however often it is named
		SELECT DISTINCT d.no, d.period, d.outcome, d.competitor, btrim(CASE WHEN win_loss_reasons.separator <> '' THEN t.theme ELSE d.reason END) AS reason
		FROM deal d
		LEFT JOIN LATERAL unnest(string_to_array(d.reason, win_loss_reasons.separator)) t(theme) ON win_loss_reasons.separator <> '' AND btrim(t.theme) <> ''
	), whole AS MATERIALIZED (
		SELECT d.period, d.outcome, d.competitor, grouping(d.competitor) = 1 AS all_competitors, count(*) AS n
		FROM deal d
		GROUP BY GROUPING SETS ((d.period, d.outcome, d.competitor), (d.period, d.outcome))
	), named AS MATERIALIZED (
		SELECT t.period, t.outcome, t.competitor, grouping(t.competitor) = 1 AS all_competitors, t.reason, count(*) AS n
		FROM theme t
		GROUP BY GROUPING SETS ((t.period, t.outcome, t.reason, t.competitor), (t.period, t.outcome, t.reason))
	), share AS (
		SELECT p.period, g.outcome, g.competitor, g.all_competitors, g.reason, coalesce(n.n, 0) AS n, coalesce(w.n, 0) AS whole,
			coalesce(n.n, 0)::numeric / w.n AS share
		FROM p CROSS JOIN (SELECT DISTINCT n.outcome, n.competitor, n.all_competitors, n.reason FROM named n) g
		LEFT JOIN whole w ON w.period = p.period AND w.outcome = g.outcome AND w.all_competitors = g.all_competitors
			AND w.competitor IS NOT DISTINCT FROM g.competitor
		LEFT JOIN named n ON n.period = p.period AND n.outcome = g.outcome AND n.all_competitors = g.all_competitors
			AND n.competitor IS NOT DISTINCT FROM g.competitor AND n.reason IS NOT DISTINCT FROM g.reason
	)
	SELECT s.period, s.outcome, s.competitor, s.all_competitors, s.reason, s.n, s.whole, s.share,
		s.share - lag(s.share) OVER (PARTITION BY s.outcome, s.all_competitors, s.competitor, s.reason ORDER BY s.period),
		rank() OVER (PARTITION BY s.period, s.outcome, s.all_competitors, s.competitor ORDER BY s.n DESC)
	FROM share s
	ORDER BY s.period, array_position(ARRAY['won', 'lost', 'no_decision'], s.outcome), s.all_competitors, s.competitor COLLATE "C", s.n DESC, s.reason COLLATE "C";
END;
COMMENT ON FUNCTION nudge.win_loss_reasons(regclass, date, date, text, text, text) IS
	'Why deals were won, lost or not decided, by competitor and in all: deals of each reason, their share and its change from the period before. Not STRICT: a NULL grain is one period, a NULL separator keeps a reason whole';

CREATE FUNCTION nudge.wins_and_losses(
	deals regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (
	direction text,
	competitor text,
	deals_closed bigint,
	share numeric,
	reasons text[],
	reason_deals bigint[]
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000
BEGIN ATOMIC
	WITH side AS MATERIALIZED (
		SELECT CASE d.outcome WHEN 'won' THEN 'wins_from' ELSE 'losses_to' END AS direction,
			CASE d.outcome WHEN 'no_decision' THEN 'no_decision' ELSE d.competitor END AS competitor, nullif(btrim(d.reason), '') AS reason
		FROM nudge.closed_deals(wins_and_losses.deals, wins_and_losses.start_day, wins_and_losses.end_day, wins_and_losses.zone) d
		WHERE d.outcome IS NOT NULL
	), named AS (
		SELECT s.direction, s.competitor, s.reason, count(*) AS n
		FROM side s
		GROUP BY s.direction, s.competitor, s.reason
	)
	SELECT n.direction, n.competitor, sum(n.n)::bigint, sum(n.n) / sum(sum(n.n)) OVER (PARTITION BY n.direction),
		array_agg(n.reason ORDER BY n.n DESC, n.reason COLLATE "C") FILTER (WHERE n.reason IS NOT NULL),
		array_agg(n.n ORDER BY n.n DESC, n.reason COLLATE "C") FILTER (WHERE n.reason IS NOT NULL)
	FROM named n
	GROUP BY n.direction, n.competitor
	ORDER BY n.direction DESC, sum(n.n) DESC, n.competitor COLLATE "C";
END;
COMMENT ON FUNCTION nudge.wins_and_losses(regclass, date, date, text) IS
	'From whom deals were won and to whom they were lost, homegrown and no_decision among them, with the reasons, the most frequent first. Not STRICT: a NULL relation has no rows';

-- src/metrics/partners.sql

/*
 * partners.sql
 *		What partners bring: revenue, deals, pipeline and customers that they
 *		have sourced or influenced, and what such a customer costs.
 *
 * Definitions: doc/partners.md.
 */

CREATE FUNCTION nudge.partner_items(
	touches regclass,
	conversions regclass,
	deals regclass,
	start_day date,
	end_day date,
	customers regclass DEFAULT NULL,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	zone text DEFAULT 'UTC',
	currency text DEFAULT NULL
) RETURNS TABLE (
	measure text,
	customer text,
	deal text,
	at timestamptz,
	amount numeric,
	currency_code text,
	segment text,
	sourced_by text,
	influenced_by text[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF lookback < interval '0' THEN
		RAISE EXCEPTION 'lookback must not be negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', lookback),
				HINT = 'Pass how long before a conversion or a deal a touch still counts, or null for no bound.';
	END IF;
	IF sourced IS NULL OR sourced NOT IN ('either', 'recorded', 'first_touch') THEN
		RAISE EXCEPTION 'unknown value "%" of "sourced"', sourced
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A partner has sourced what a deal records, what began with a touch of the partner, or either.',
				HINT = 'Pass either, recorded or first_touch.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH touch AS MATERIALIZED (
			SELECT t.customer, t.at, t.channel, nullif(btrim(t.partner), '') AS partner FROM (%s) t WHERE t.customer IS NOT NULL AND t.at < $2
		), converted AS MATERIALIZED (
			SELECT c.customer, c.at, c.revenue, c.currency, row_number() OVER (PARTITION BY c.customer ORDER BY c.at, c.revenue DESC) AS nth FROM (%s) c WHERE c.at < $2
		), deal AS MATERIALIZED (
			SELECT d.deal, d.customer, d.created_at, d.closed_at, lower(btrim(d.outcome)) AS outcome, d.amount, d.currency, d.segment,
				nullif(btrim(d.partner), '') AS partner
			FROM (%s) d WHERE d.created_at < $2
		), segment AS MATERIALIZED (
			-- as the list of customers has it, else as the latest deal
			SELECT DISTINCT ON (s.customer) s.customer, s.segment
			FROM (SELECT c.customer, c.segment, NULL::timestamptz AS at FROM (%s) c
				UNION ALL SELECT d.customer, d.segment, d.created_at FROM deal d) s
			WHERE s.segment IS NOT NULL
			ORDER BY s.customer, s.at DESC NULLS FIRST, s.segment COLLATE "C"
		), item AS MATERIALIZED (
			SELECT row_number() OVER () AS no, x.*
			FROM (
				SELECT 'revenue' AS measure, c.customer, NULL AS deal, c.at, c.revenue AS amount, c.currency, NULL AS segment, c.at AS began, c.at AS ended,
					NULL AS partner, c.nth = 1 AND c.customer IS NOT NULL AS is_first
				FROM converted c WHERE c.at >= $1
				UNION ALL
				SELECT 'won_deal', d.customer, d.deal, d.closed_at, d.amount, d.currency, d.segment, d.created_at, d.closed_at, d.partner, false
				FROM deal d WHERE d.outcome = 'won' AND d.closed_at >= $1 AND d.closed_at < $2
				UNION ALL
				SELECT 'open_deal', d.customer, d.deal, d.created_at, d.amount, d.currency, d.segment, d.created_at, 'infinity', d.partner, false
				FROM deal d WHERE d.closed_at IS NULL AND d.outcome IS NULL OR d.closed_at >= $2
			) x
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT i.currency), $5) AS currency FROM item i
		), path AS (
			SELECT i.no, array_agg(DISTINCT t.partner) FILTER (WHERE t.partner IS NOT NULL) AS partners,
				(array_agg(t.partner ORDER BY t.at, t.channel COLLATE "C", t.partner COLLATE "C") FILTER (WHERE t.at <= i.began))[1] AS first_partner
			FROM item i
			-- in UTC a day of the lookback has 24 hours, whatever the zone of the session
			JOIN touch t ON t.customer = i.customer AND t.at <= i.ended
				AND ($3 IS NULL OR t.at > (i.began AT TIME ZONE 'UTC' - $3) AT TIME ZONE 'UTC')
			GROUP BY i.no
		), recorded AS (
			-- the deal of a conversion: not lost, begun before it, and not over for longer than the lookback
			SELECT i.no, (array_agg(d.partner ORDER BY d.created_at, d.deal COLLATE "C"))[1] AS partner
			FROM item i
			JOIN deal d ON d.customer = i.customer AND d.partner IS NOT NULL AND d.created_at <= i.at AND coalesce(d.outcome = 'won', true)
				AND ($3 IS NULL OR d.closed_at IS NULL OR d.closed_at > (i.at AT TIME ZONE 'UTC' - $3) AT TIME ZONE 'UTC')
			WHERE i.deal IS NULL
			GROUP BY i.no
		), found AS MATERIALIZED (
			SELECT i.measure, i.customer, i.deal, i.at, i.amount, i.is_first, coalesce(i.segment, s.segment) AS segment,
				CASE $4 WHEN 'recorded' THEN k.recorded WHEN 'first_touch' THEN p.first_partner ELSE coalesce(k.recorded, p.first_partner) END AS sourced_by,
				ARRAY(SELECT DISTINCT a.partner COLLATE "C" FROM unnest(p.partners || k.recorded) a(partner) WHERE a.partner IS NOT NULL ORDER BY 1) AS influenced_by
			FROM item i
			LEFT JOIN path p ON p.no = i.no
			LEFT JOIN recorded r ON r.no = i.no
			LEFT JOIN segment s ON s.customer = i.customer,
				LATERAL (SELECT coalesce(i.partner, r.partner) AS recorded) k
		)
		SELECT a.measure, a.customer, a.deal, a.at, a.amount, a.currency, a.segment, a.sourced_by, a.influenced_by
		FROM (SELECT 1 AS place, f.measure, f.customer, f.deal, f.at, f.amount, k.currency, f.segment, f.sourced_by, f.influenced_by
				FROM found f, checked k
			UNION ALL
			SELECT 2, 'new_customer', f.customer, NULL, f.at, 1, NULL, f.segment, f.sourced_by, f.influenced_by FROM found f WHERE f.is_first) a
		ORDER BY a.place, array_position(ARRAY['revenue', 'won_deal', 'open_deal'], a.measure), a.at, a.customer COLLATE "C", a.deal COLLATE "C"
		$query$, nudge.input_query('touches', touches), nudge.input_query('conversions', conversions), nudge.input_query('deals', deals),
			nudge.input_query('customers', customers))
		USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, lookback, sourced, currency;
END
$$;
COMMENT ON FUNCTION nudge.partner_items(regclass, regclass, regclass, date, date, regclass, interval, text, text, text) IS
	'What partner_performance adds up: every conversion, deal won, deal open and new customer of a window with the partner who sourced it and those who influenced it. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

CREATE FUNCTION nudge.partner_performance(
	touches regclass,
	conversions regclass,
	deals regclass,
	start_day date,
	end_day date,
	customers regclass DEFAULT NULL,
	by_segment boolean DEFAULT false,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	zone text DEFAULT 'UTC',
	currency text DEFAULT NULL
) RETURNS TABLE (
	partner text,
	all_partners boolean,
	segment text,
	all_segments boolean,
	measure text,
	sourced_value numeric,
	influenced_value numeric,
	influenced_only_value numeric,
	total_value numeric,
	sourced_share numeric,
	influenced_share numeric
)
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
BEGIN ATOMIC
	WITH item AS MATERIALIZED (
		SELECT i.measure AS kind, i.amount, i.segment, i.sourced_by, i.influenced_by
		FROM nudge.partner_items(partner_performance.touches, partner_performance.conversions, partner_performance.deals,
			partner_performance.start_day, partner_performance.end_day, partner_performance.customers, partner_performance.lookback,
			partner_performance.sourced, partner_performance.zone, partner_performance.currency) i
	), unit (place, measure, kind, counts) AS (
		VALUES (1, 'revenue', 'revenue', false), (2, 'won_deals', 'won_deal', true), (3, 'won_amount', 'won_deal', false),
			(4, 'open_deals', 'open_deal', true), (5, 'pipeline', 'open_deal', false), (6, 'new_customers', 'new_customer', true)
	), valued AS (
		SELECT u.place, i.segment, i.sourced_by, i.influenced_by, CASE WHEN u.counts THEN 1 ELSE coalesce(i.amount, 0) END AS value
		FROM item i JOIN unit u ON u.kind = i.kind
	), whole AS MATERIALIZED (
		-- each item once, however many partners touched it
		SELECT v.place, v.segment, grouping(v.segment) = 1 AS all_segments, sum(v.value) AS total,
			coalesce(sum(v.value) FILTER (WHERE v.sourced_by IS NOT NULL), 0) AS sourced,
			coalesce(sum(v.value) FILTER (WHERE v.influenced_by <> '{}'::text[]), 0) AS influenced
		FROM valued v
		GROUP BY GROUPING SETS ((v.place, v.segment), (v.place))
	), one AS MATERIALIZED (
		SELECT v.place, p.partner, v.segment, grouping(v.segment) = 1 AS all_segments,
			coalesce(sum(v.value) FILTER (WHERE v.sourced_by = p.partner), 0) AS sourced, sum(v.value) AS influenced
		FROM valued v, unnest(v.influenced_by) p(partner)
		GROUP BY GROUPING SETS ((v.place, p.partner, v.segment), (v.place, p.partner))
	), shown AS (
		SELECT NULL AS partner, true AS all_partners, NULL AS segment, true AS all_segments
		UNION
		SELECT NULL, true, w.segment, w.all_segments FROM whole w
		UNION
		SELECT o.partner, false, o.segment, o.all_segments FROM one o
	), row AS (
		SELECT r.partner, r.all_partners, r.segment, r.all_segments, u.place, u.measure, coalesce(w.total, 0) AS total,
			coalesce(CASE WHEN r.all_partners THEN w.sourced ELSE o.sourced END, 0) AS sourced,
			coalesce(CASE WHEN r.all_partners THEN w.influenced ELSE o.influenced END, 0) AS influenced
		FROM shown r CROSS JOIN unit u
		LEFT JOIN whole w ON w.place = u.place AND w.all_segments = r.all_segments AND w.segment IS NOT DISTINCT FROM r.segment
		LEFT JOIN one o ON o.place = u.place AND o.partner = r.partner AND o.all_segments = r.all_segments AND o.segment IS NOT DISTINCT FROM r.segment
		WHERE r.all_segments OR partner_performance.by_segment
	)
	SELECT r.partner, r.all_partners, r.segment, r.all_segments, r.measure, r.sourced, r.influenced, r.influenced - r.sourced, r.total,
		r.sourced / nullif(r.total, 0), r.influenced / nullif(r.total, 0)
	FROM row r
	ORDER BY r.place, r.all_partners, r.partner COLLATE "C", r.all_segments, r.segment COLLATE "C";
END;
COMMENT ON FUNCTION nudge.partner_performance(regclass, regclass, regclass, date, date, regclass, boolean, interval, text, text, text) IS
	'Revenue, deals won, pipeline and new customers that each partner sourced or influenced, and that all did, each item once. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

CREATE FUNCTION nudge.partner_cac(
	touches regclass,
	conversions regclass,
	deals regclass,
	spend regclass,
	start_day date,
	end_day date,
	lookback interval DEFAULT '90 days',
	sourced text DEFAULT 'either',
	partner_channels text[] DEFAULT '{partner}',
	zone text DEFAULT 'UTC',
	currency text DEFAULT NULL
) RETURNS TABLE (
	partner text,
	is_total boolean,
	amount_spent numeric,
	new_customers bigint,
	cac numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH spent AS MATERIALIZED (
			SELECT nullif(btrim(s.partner), '') AS partner, s.amount, s.currency
			FROM (%s) s
			WHERE s.day >= $4 AND s.day < $5 AND (nullif(btrim(s.partner), '') IS NOT NULL OR s.channel = ANY ($8))
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT s.currency), $10) AS currency FROM spent s
		), both_sides AS (
			SELECT s.partner, s.amount, 0 AS customers FROM spent s
			UNION ALL
			SELECT i.sourced_by, 0, 1
			FROM nudge.partner_items($1, $2, $3, $4, $5, NULL, $6, $7, $9) i
			WHERE i.measure = 'new_customer' AND i.sourced_by IS NOT NULL
		), added AS (
			SELECT b.partner, grouping(b.partner) = 1 AS is_total, coalesce(sum(b.amount), 0) AS amount, coalesce(sum(b.customers), 0) AS customers
			FROM both_sides b
			GROUP BY GROUPING SETS ((b.partner), ())
		)
		SELECT a.partner, a.is_total, a.amount, a.customers, a.amount / nullif(a.customers, 0), k.currency
		FROM added a, checked k
		ORDER BY a.is_total, a.partner COLLATE "C"
		$query$, nudge.input_query('spend', spend))
		USING touches, conversions, deals, start_day, end_day, lookback, sourced, partner_channels, zone, currency;
END
$$;
COMMENT ON FUNCTION nudge.partner_cac(regclass, regclass, regclass, regclass, date, date, interval, text, text[], text, text) IS
	'Spend on partners over the new customers whom they sourced, by partner and in all. Not STRICT: NULL relations are inputs without rows, a NULL lookback is no bound';

CREATE FUNCTION nudge.partner_count(
	partners regclass,
	as_of date,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (kind text, is_total boolean, active_partners bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT p.kind, grouping(p.kind) = 1, count(DISTINCT p.partner)
		FROM (%s) p
		WHERE p.joined_at < $1 AND (p.left_at IS NULL OR p.left_at >= $1)
		GROUP BY GROUPING SETS ((p.kind), ())
		ORDER BY 2, p.kind COLLATE "C"
		$query$, nudge.input_query('partners', partners))
		USING (as_of + 1)::timestamp AT TIME ZONE coalesce(zone, 'UTC');
END
$$;
COMMENT ON FUNCTION nudge.partner_count(regclass, date, text) IS
	'Partners at the end of a day, by kind and in all. Not STRICT: a NULL relation has no rows';
