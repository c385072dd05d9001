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

-- src/metrics/satisfaction.sql

/*
 * satisfaction.sql
 *		Satisfaction: survey_state, its aggregates and what they say.  NPS,
 *		CSAT and CES.
 *
 * The numbers are defined in doc/satisfaction.md.
 */

/*
 * state_type.sql
 *		What every state type has, survey_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.survey_state;

CREATE FUNCTION nudge.survey_state_in(cstring) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_survey_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.survey_state_out(nudge.survey_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_survey_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.survey_state_recv(internal) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_survey_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.survey_state_send(nudge.survey_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_survey_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.survey_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.survey_state_in,
	OUTPUT = nudge.survey_state_out,
	RECEIVE = nudge.survey_state_recv,
	SEND = nudge.survey_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.survey_state_in(cstring) IS 'Text input of survey_state';
COMMENT ON FUNCTION nudge.survey_state_out(nudge.survey_state) IS 'Text output of survey_state';
COMMENT ON FUNCTION nudge.survey_state_recv(internal) IS 'Binary input of survey_state';
COMMENT ON FUNCTION nudge.survey_state_send(nudge.survey_state) IS 'Binary output of survey_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.survey_state_eq(nudge.survey_state, nudge.survey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_eq(nudge.survey_state, nudge.survey_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.survey_state_ne(nudge.survey_state, nudge.survey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_ne(nudge.survey_state, nudge.survey_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.survey_state_lt(nudge.survey_state, nudge.survey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_lt(nudge.survey_state, nudge.survey_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.survey_state_le(nudge.survey_state, nudge.survey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_le(nudge.survey_state, nudge.survey_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.survey_state_gt(nudge.survey_state, nudge.survey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_gt(nudge.survey_state, nudge.survey_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.survey_state_ge(nudge.survey_state, nudge.survey_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_ge(nudge.survey_state, nudge.survey_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.survey_state_cmp(nudge.survey_state, nudge.survey_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_cmp(nudge.survey_state, nudge.survey_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.survey_state_hash(nudge.survey_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_hash(nudge.survey_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.survey_state_hash_extended(nudge.survey_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_hash_extended(nudge.survey_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.survey_state, RIGHTARG = nudge.survey_state, FUNCTION = nudge.survey_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.survey_state, nudge.survey_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.survey_state, RIGHTARG = nudge.survey_state, FUNCTION = nudge.survey_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.survey_state, nudge.survey_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.survey_state, RIGHTARG = nudge.survey_state, FUNCTION = nudge.survey_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.survey_state, nudge.survey_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.survey_state, RIGHTARG = nudge.survey_state, FUNCTION = nudge.survey_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.survey_state, nudge.survey_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.survey_state, RIGHTARG = nudge.survey_state, FUNCTION = nudge.survey_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.survey_state, nudge.survey_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.survey_state, RIGHTARG = nudge.survey_state, FUNCTION = nudge.survey_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.survey_state, nudge.survey_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.survey_state_ops DEFAULT FOR TYPE nudge.survey_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.survey_state_cmp(nudge.survey_state, nudge.survey_state);
COMMENT ON OPERATOR CLASS nudge.survey_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.survey_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.survey_state_hash_ops DEFAULT FOR TYPE nudge.survey_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.survey_state_hash(nudge.survey_state),
	FUNCTION 2 nudge.survey_state_hash_extended(nudge.survey_state, bigint);
COMMENT ON OPERATOR CLASS nudge.survey_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.survey_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.survey_state_final(nudge.survey_state) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_survey_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_state_final(nudge.survey_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.survey_state, b nudge.survey_state) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_survey_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.survey_state, nudge.survey_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.survey_state) (
	SFUNC = nudge.combine, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.survey_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.survey_state IS
	'How often each answer to a question was given, and how many gave none, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.nps_trans(state nudge.survey_state, score smallint) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_nps_trans_int2' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps_trans(nudge.survey_state, smallint) IS
	'Transition function of nps_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.nps_agg(score smallint) (
	SFUNC = nudge.nps_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.nps_agg(smallint) IS
	'State of the answers to "how likely are you to recommend us": a whole number from 0 to 10, NULL if not answered';
CREATE FUNCTION nudge.nps_trans(state nudge.survey_state, score integer) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_nps_trans_int4' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps_trans(nudge.survey_state, integer) IS
	'Transition function of nps_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.nps_agg(score integer) (
	SFUNC = nudge.nps_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.nps_agg(integer) IS
	'State of the answers to "how likely are you to recommend us": a whole number from 0 to 10, NULL if not answered';
CREATE FUNCTION nudge.nps_trans(state nudge.survey_state, score numeric) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_nps_trans_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps_trans(nudge.survey_state, numeric) IS
	'Transition function of nps_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.nps_agg(score numeric) (
	SFUNC = nudge.nps_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.nps_agg(numeric) IS
	'State of the answers to "how likely are you to recommend us": a whole number from 0 to 10, NULL if not answered';

CREATE FUNCTION nudge.csat_trans(state nudge.survey_state, score numeric, scale_low integer, scale_high integer) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_csat_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.csat_trans(nudge.survey_state, numeric, integer, integer) IS
	'Transition function of csat_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.csat_agg(score numeric, scale_low integer, scale_high integer) (
	SFUNC = nudge.csat_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.csat_agg(numeric, integer, integer) IS
	'State of the answers to "how satisfied are you", on a scale from the worst to the best, such as 1 to 5; NULL if not answered';

CREATE FUNCTION nudge.ces_trans(state nudge.survey_state, score numeric, scale_low integer, scale_high integer) RETURNS nudge.survey_state
	AS 'MODULE_PATHNAME', 'nm_ces_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.ces_trans(nudge.survey_state, numeric, integer, integer) IS
	'Transition function of ces_agg; not STRICT, since a NULL score is a question not answered';
CREATE AGGREGATE nudge.ces_agg(score numeric, scale_low integer, scale_high integer) (
	SFUNC = nudge.ces_trans, STYPE = nudge.survey_state, FINALFUNC = nudge.survey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.ces_agg(numeric, integer, integer) IS
	'State of the answers to "they made it easy for me", on a scale from strong disagreement to strong agreement, such as 1 to 7; NULL if not answered';

CREATE FUNCTION nudge.nps(
	state nudge.survey_state,
	confidence double precision DEFAULT 0.95,
	minimum_answers integer DEFAULT 1,
	OUT asked bigint,
	OUT answered bigint,
	OUT response_rate numeric,
	OUT promoters bigint,
	OUT passives bigint,
	OUT detractors bigint,
	OUT promoter_share numeric,
	OUT passive_share numeric,
	OUT detractor_share numeric,
	OUT score numeric,
	OUT margin_of_error double precision,
	OUT score_low double precision,
	OUT score_high double precision,
	OUT band text,
	OUT action text
)
	AS 'MODULE_PATHNAME', 'nm_nps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps(nudge.survey_state, double precision, integer) IS
	'Net promoter score, -100 to 100: the share of promoters less that of detractors, its interval, and its band unless too few answered';

CREATE FUNCTION nudge.nps_band(score numeric) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_nps_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.nps_band(numeric) IS
	'The band of a net promoter score: crisis, from 20 concern, from 40 watch, from 50 healthy, from 70 exceptional';

CREATE FUNCTION nudge.csat(
	state nudge.survey_state,
	confidence double precision DEFAULT 0.95,
	OUT asked bigint,
	OUT answered bigint,
	OUT response_rate numeric,
	OUT mean_score numeric,
	OUT mean_low double precision,
	OUT mean_high double precision,
	OUT top_two_box bigint,
	OUT top_two_box_share numeric,
	OUT share_low double precision,
	OUT share_high double precision,
	OUT scaled_score numeric,
	OUT scale_low integer,
	OUT scale_high integer
)
	AS 'MODULE_PATHNAME', 'nm_csat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.csat(nudge.survey_state, double precision) IS
	'Customer satisfaction: the mean score, the share of the top two answers of the scale, both with their intervals, and the mean as 0 to 100';

CREATE FUNCTION nudge.ces(
	state nudge.survey_state,
	confidence double precision DEFAULT 0.95,
	OUT asked bigint,
	OUT answered bigint,
	OUT response_rate numeric,
	OUT mean_score numeric,
	OUT mean_low double precision,
	OUT mean_high double precision,
	OUT agreeing bigint,
	OUT agreeing_share numeric,
	OUT share_low double precision,
	OUT share_high double precision,
	OUT scaled_score numeric,
	OUT scale_low integer,
	OUT scale_high integer
)
	AS 'MODULE_PATHNAME', 'nm_ces' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.ces(nudge.survey_state, double precision) IS
	'Customer effort score: the mean score, the share of those above the middle of the scale, both with their intervals, and the mean as 0 to 100';

CREATE FUNCTION nudge.survey_question(
	state nudge.survey_state,
	OUT kind text,
	OUT scale_low integer,
	OUT scale_high integer
)
	AS 'MODULE_PATHNAME', 'nm_survey_question_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_question(nudge.survey_state) IS
	'What a state has answers to: nps, csat or ces, and the ends of the scale';

CREATE FUNCTION nudge.survey_distribution(state nudge.survey_state)
	RETURNS TABLE (score numeric, answers bigint, share numeric)
	AS 'MODULE_PATHNAME', 'nm_survey_distribution' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 11;
COMMENT ON FUNCTION nudge.survey_distribution(nudge.survey_state) IS
	'How often each score was given: a row for every whole number of the scale, and for every answer between them';

CREATE FUNCTION nudge.survey_compare(
	a nudge.survey_state,
	b nudge.survey_state,
	OUT answered_a bigint,
	OUT answered_b bigint,
	OUT score_a numeric,
	OUT score_b numeric,
	OUT difference numeric,
	OUT z double precision,
	OUT t double precision,
	OUT degrees_of_freedom double precision,
	OUT p_value double precision
)
	AS 'MODULE_PATHNAME', 'nm_survey_compare' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.survey_compare(nudge.survey_state, nudge.survey_state) IS
	'Whether two groups differ by more than chance: the difference of their NPS with its z test, or of their mean scores with Welch''s t test';

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

-- src/metrics/score.sql

/*
 * score.sql
 *		Dated scores of an entity: score_state, drops, trends, runs, triggers.
 *
 * The definitions are in doc/score.md.
 */

/*
 * state_type.sql
 *		What every state type has, score_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.score_state;

CREATE FUNCTION nudge.score_state_in(cstring) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.score_state_out(nudge.score_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_score_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.score_state_recv(internal) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.score_state_send(nudge.score_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_score_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.score_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.score_state_in,
	OUTPUT = nudge.score_state_out,
	RECEIVE = nudge.score_state_recv,
	SEND = nudge.score_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.score_state_in(cstring) IS 'Text input of score_state';
COMMENT ON FUNCTION nudge.score_state_out(nudge.score_state) IS 'Text output of score_state';
COMMENT ON FUNCTION nudge.score_state_recv(internal) IS 'Binary input of score_state';
COMMENT ON FUNCTION nudge.score_state_send(nudge.score_state) IS 'Binary output of score_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.score_state_eq(nudge.score_state, nudge.score_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_eq(nudge.score_state, nudge.score_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.score_state_ne(nudge.score_state, nudge.score_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_ne(nudge.score_state, nudge.score_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.score_state_lt(nudge.score_state, nudge.score_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_lt(nudge.score_state, nudge.score_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.score_state_le(nudge.score_state, nudge.score_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_le(nudge.score_state, nudge.score_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.score_state_gt(nudge.score_state, nudge.score_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_gt(nudge.score_state, nudge.score_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.score_state_ge(nudge.score_state, nudge.score_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_ge(nudge.score_state, nudge.score_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.score_state_cmp(nudge.score_state, nudge.score_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_cmp(nudge.score_state, nudge.score_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.score_state_hash(nudge.score_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_hash(nudge.score_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.score_state_hash_extended(nudge.score_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_hash_extended(nudge.score_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.score_state, RIGHTARG = nudge.score_state, FUNCTION = nudge.score_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.score_state, nudge.score_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.score_state, RIGHTARG = nudge.score_state, FUNCTION = nudge.score_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.score_state, nudge.score_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.score_state, RIGHTARG = nudge.score_state, FUNCTION = nudge.score_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.score_state, nudge.score_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.score_state, RIGHTARG = nudge.score_state, FUNCTION = nudge.score_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.score_state, nudge.score_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.score_state, RIGHTARG = nudge.score_state, FUNCTION = nudge.score_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.score_state, nudge.score_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.score_state, RIGHTARG = nudge.score_state, FUNCTION = nudge.score_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.score_state, nudge.score_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.score_state_ops DEFAULT FOR TYPE nudge.score_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.score_state_cmp(nudge.score_state, nudge.score_state);
COMMENT ON OPERATOR CLASS nudge.score_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.score_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.score_state_hash_ops DEFAULT FOR TYPE nudge.score_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.score_state_hash(nudge.score_state),
	FUNCTION 2 nudge.score_state_hash_extended(nudge.score_state, bigint);
COMMENT ON OPERATOR CLASS nudge.score_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.score_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.score_state_final(nudge.score_state) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_state_final(nudge.score_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.score_state, b nudge.score_state) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.score_state, nudge.score_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.score_state) (
	SFUNC = nudge.combine, STYPE = nudge.score_state, FINALFUNC = nudge.score_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.score_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.score_state IS
	'Dated scores of one entity, or after rollup of several, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.score_trans(state nudge.score_state, at timestamptz, score double precision) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_trans_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_trans(nudge.score_state, timestamptz, double precision) IS
	'Transition function of score_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.score_agg(at timestamptz, score double precision) (
	SFUNC = nudge.score_trans, STYPE = nudge.score_state, FINALFUNC = nudge.score_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.score_agg(timestamptz, double precision) IS
	'State of the dated scores of one entity, to six decimals; group by the entity. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.score_trans(state nudge.score_state, at timestamp, score double precision) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_trans_instant' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_trans(nudge.score_state, timestamp, double precision) IS
	'Transition function of score_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.score_agg(at timestamp, score double precision) (
	SFUNC = nudge.score_trans, STYPE = nudge.score_state, FINALFUNC = nudge.score_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.score_agg(timestamp, double precision) IS
	'State of the dated scores of one entity, to six decimals; group by the entity. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.score_trans(state nudge.score_state, at date, score double precision) RETURNS nudge.score_state
	AS 'MODULE_PATHNAME', 'nm_score_trans_day' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.score_trans(nudge.score_state, date, double precision) IS
	'Transition function of score_agg; not STRICT, since NULLs are errors';
CREATE AGGREGATE nudge.score_agg(at date, score double precision) (
	SFUNC = nudge.score_trans, STYPE = nudge.score_state, FINALFUNC = nudge.score_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.score_agg(date, double precision) IS
	'State of the dated scores of one entity, to six decimals; group by the entity. A timestamp is read as UTC, a date as its midnight in UTC.';

-- What a state holds --------------------------------------------------------

CREATE FUNCTION nudge.score_rows(state nudge.score_state) RETURNS TABLE (at timestamptz, score double precision)
	AS 'MODULE_PATHNAME', 'nm_score_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 365 COST 1000;
COMMENT ON FUNCTION nudge.score_rows(nudge.score_state) IS
	'The scores that a state holds, in order of time';

CREATE FUNCTION nudge.score_readings(state nudge.score_state) RETURNS TABLE (at timestamptz, score double precision, scores bigint)
	AS 'MODULE_PATHNAME', 'nm_score_readings' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 365 COST 1000;
COMMENT ON FUNCTION nudge.score_readings(nudge.score_state) IS
	'The readings of a state: for each instant the mean of its scores, and how many there are';

-- The score, and how far below its peak it is -------------------------------

CREATE FUNCTION nudge.score_at(state nudge.score_state, as_of timestamptz DEFAULT NULL, max_age interval DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_score_at' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.score_at(nudge.score_state, timestamptz, interval) IS
	'The latest reading at or before as_of, NULL if there is none or it is older than max_age. Not STRICT: a NULL as_of is the last reading, a NULL max_age no bound';

CREATE FUNCTION nudge.score_drop(state nudge.score_state, within interval, as_of timestamptz DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_score_drop' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.score_drop(nudge.score_state, interval, timestamptz) IS
	'How far the score is below its highest reading in (as_of - within, as_of], NULL without a reading there. Not STRICT: a NULL as_of is the last reading, a NULL within an error';

CREATE FUNCTION nudge.score_drops(
	state nudge.score_state,
	within interval,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL
) RETURNS TABLE (at timestamptz, score double precision, peak double precision, peak_at timestamptz, score_drop double precision)
	AS 'MODULE_PATHNAME', 'nm_score_drops' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365 COST 1000;
COMMENT ON FUNCTION nudge.score_drops(nudge.score_state, interval, timestamptz, timestamptz) IS
	'What score_drop is at each reading of [start_at, end_at), with the peak and when it was last reached. Not STRICT: NULL bounds are none, a NULL within is an error';

CREATE FUNCTION nudge.score_max_fall(
	state nudge.score_state,
	within interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	OUT fall double precision,
	OUT peak double precision,
	OUT peak_at timestamptz,
	OUT trough double precision,
	OUT trough_at timestamptz
)
	AS 'MODULE_PATHNAME', 'nm_score_max_fall' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_max_fall(nudge.score_state, interval, timestamptz) IS
	'The largest fall up to as_of from a reading to a later one less than within after it, the first of equals; a fall of 0 has no dates. Not STRICT: a NULL within is any span, a NULL as_of the last reading';

CREATE FUNCTION nudge.score_compare(
	state nudge.score_state,
	peers nudge.score_state,
	within interval DEFAULT '1 day',
	as_of timestamptz DEFAULT NULL,
	OUT score double precision,
	OUT scored_at timestamptz,
	OUT peer_mean double precision,
	OUT difference double precision,
	OUT peer_scores bigint
)
	AS 'MODULE_PATHNAME', 'nm_score_compare' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_compare(nudge.score_state, nudge.score_state, interval, timestamptz) IS
	'The latest reading of (as_of - within, as_of] beside the mean of all scores of the peers, a rollup, in the same window. Not STRICT: NULL peers have no scores, a NULL as_of is the last reading of state';

-- How long, and where to ----------------------------------------------------

CREATE FUNCTION nudge.score_sustained(
	state nudge.score_state,
	threshold double precision,
	direction text DEFAULT 'above',
	max_gap interval DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	OUT started_at timestamptz,
	OUT ended_at timestamptz,
	OUT days double precision,
	OUT readings bigint,
	OUT is_current boolean,
	OUT current_since timestamptz,
	OUT current_days double precision
)
	AS 'MODULE_PATHNAME', 'nm_score_sustained' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_sustained(nudge.score_state, double precision, text, interval, timestamptz) IS
	'The longest run of readings above, at_least, below or at_most a threshold, whose end is NULL while it goes on, and the run that goes on at as_of. Not STRICT: a NULL max_gap is no bound, a NULL as_of the last reading';

CREATE FUNCTION nudge.score_trend(
	state nudge.score_state,
	within interval DEFAULT '90 days',
	as_of timestamptz DEFAULT NULL,
	alpha double precision DEFAULT 0.05,
	OUT readings bigint,
	OUT first_at timestamptz,
	OUT last_at timestamptz,
	OUT slope_per_day double precision,
	OUT slope_per_30_days double precision,
	OUT fitted_start double precision,
	OUT fitted_end double precision,
	OUT change double precision,
	OUT r_squared double precision,
	OUT standard_error double precision,
	OUT p_value double precision,
	OUT significant boolean,
	OUT direction text
)
	AS 'MODULE_PATHNAME', 'nm_score_trend_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_trend(nudge.score_state, interval, timestamptz, double precision) IS
	'The least-squares line through the readings of (as_of - within, as_of]: rising or falling if its slope is significant, else flat; NULL of fewer than three readings. Not STRICT: a NULL within is all readings, a NULL as_of the last';

CREATE FUNCTION nudge.score_baseline(
	state nudge.score_state,
	within interval DEFAULT '30 days',
	as_of timestamptz DEFAULT NULL,
	OUT baseline double precision,
	OUT readings bigint,
	OUT since timestamptz,
	OUT until timestamptz,
	OUT complete boolean,
	OUT score double precision,
	OUT change double precision
)
	AS 'MODULE_PATHNAME', 'nm_score_baseline_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.score_baseline(nudge.score_state, interval, timestamptz) IS
	'The mean of the readings from the first one on for a time, whether that is over, and the change since. Not STRICT: a NULL as_of is the last reading, a NULL within an error';

CREATE FUNCTION nudge.score_history(
	state nudge.score_state,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	period_end date,
	opening double precision,
	closing double precision,
	mean double precision,
	lowest double precision,
	highest double precision,
	readings bigint,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_score_history' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 12 COST 1000;
COMMENT ON FUNCTION nudge.score_history(nudge.score_state, date, date, text, text, timestamptz, text, integer) IS
	'A row per period that a window overlaps: the score in force when it begins and when it ends, and its readings. Not STRICT: NULL days are the first reading and as_of, a NULL as_of the last reading';

CREATE FUNCTION nudge.score_triggers(
	state nudge.score_state,
	as_of timestamptz DEFAULT NULL,
	critical_drop double precision DEFAULT 20,
	critical_within interval DEFAULT '14 days',
	high_drop double precision DEFAULT 15,
	high_within interval DEFAULT '30 days',
	medium_drop double precision DEFAULT 10,
	medium_within interval DEFAULT '30 days',
	below double precision DEFAULT 65,
	above double precision DEFAULT 85,
	above_for interval DEFAULT '90 days',
	max_gap interval DEFAULT NULL
) RETURNS TABLE (
	trigger text,
	severity text,
	fired boolean,
	value double precision,
	threshold double precision,
	since timestamptz
)
	AS 'MODULE_PATHNAME', 'nm_score_triggers' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 COST 1000;
COMMENT ON FUNCTION nudge.score_triggers(nudge.score_state, timestamptz, double precision, interval, double precision, interval, double precision, interval, double precision, double precision, interval, interval) IS
	'A row per rule: drops of more than critical_drop, of at least high_drop and medium_drop, a score below a bound, and one above a bound for some time; whether it holds at as_of and since when. Not STRICT: a rule whose threshold is NULL has no row, a NULL as_of is the last reading';

CREATE FUNCTION nudge.score_summary(
	state nudge.score_state,
	as_of timestamptz DEFAULT NULL,
	OUT score double precision,
	OUT scored_at timestamptz,
	OUT change_30_days double precision,
	OUT change_90_days double precision,
	OUT drop_14_days double precision,
	OUT drop_30_days double precision,
	OUT max_fall_365_days double precision,
	OUT lowest_365_days double precision,
	OUT highest_365_days double precision,
	OUT mean_365_days double precision,
	OUT slope_per_30_days double precision,
	OUT direction text,
	OUT baseline double precision,
	OUT change_from_baseline double precision,
	OUT baseline_complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_score_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION nudge.score_summary(nudge.score_state, timestamptz) IS
	'One row for the page of a customer: score, changes, drops, the range of a year, trend of 90 days and baseline of the first 30. Not STRICT: a NULL as_of is the last reading';

-- src/metrics/health.sql

/*
 * health.sql
 *		Health scores, their models, and factors from 0 to 100.
 *
 * Definitions: doc/health.md.
 */

-- The score of factors and weights ------------------------------------------

CREATE FUNCTION nudge.health_score(factors double precision[], weights double precision[], missing text DEFAULT 'reweight') RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.health_score(double precision[], double precision[], text) IS
	'The weighted mean of factors from 0 to 100, to 9 decimals; of a NULL factor the weight goes to the others, or the score is NULL with missing => null. Not STRICT: NULL factors have no score, NULL weights are an error, a NULL missing is the default';

CREATE FUNCTION nudge.health_coverage(factors double precision[], weights double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_coverage' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.health_coverage(double precision[], double precision[]) IS
	'The share of the weight of a health score whose factors are known';

CREATE FUNCTION nudge.health_factors(
	factors double precision[],
	weights double precision[],
	names text[] DEFAULT NULL,
	missing text DEFAULT 'reweight'
) RETURNS TABLE (
	"position" integer,
	factor text,
	value double precision,
	weight double precision,
	effective_weight double precision,
	contribution double precision,
	points_lost double precision
)
	AS 'MODULE_PATHNAME', 'nm_health_factors' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 COST 10;
COMMENT ON FUNCTION nudge.health_factors(double precision[], double precision[], text[], text) IS
	'What each factor adds to a health score, and what it keeps the score from 100: the drill-down of health_score. Not STRICT: NULL factors have no rows, NULL weights are an error, NULL names are none, a NULL missing is the default';

CREATE FUNCTION nudge.health_band(
	score double precision,
	yellow_from double precision DEFAULT 60,
	green_from double precision DEFAULT 80
) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_health_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.health_band(double precision, double precision, double precision) IS
	'The band of a score: red below yellow_from, yellow from there, green from green_from';

-- Models by name ------------------------------------------------------------

CREATE TABLE nudge.health_models (
	model text NOT NULL CHECK (model <> ''),
	factor text NOT NULL CHECK (factor <> ''),
	position integer NOT NULL DEFAULT 100,
	weight numeric NOT NULL CHECK (weight >= 0 AND weight <= 1),
	PRIMARY KEY (model, factor)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.health_models', '');
GRANT SELECT ON nudge.health_models TO PUBLIC;

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.health_models TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.health_models IS 'Your own models of health_score, a row per factor; one named like a shipped model takes its place as a whole';
COMMENT ON COLUMN nudge.health_models.model IS 'Name of the model';
COMMENT ON COLUMN nudge.health_models.factor IS 'Name of the factor';
COMMENT ON COLUMN nudge.health_models.position IS 'Order in which factors are shown, of equal ones by name';
COMMENT ON COLUMN nudge.health_models.weight IS 'Share of the factor in the score; those of a model sum to 1';

CREATE FUNCTION nudge.health_model_factors(model text DEFAULT NULL)
	RETURNS TABLE (model text, "position" integer, factor text, weight numeric, shipped boolean)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	WITH factor AS (
		SELECT m.model, m.position, m.factor, m.weight, false AS shipped FROM nudge.health_models m
		UNION ALL
		SELECT d.model, d.position, d.factor, d.weight, true
		FROM (VALUES
			('customer_health', 1, 'usage', 0.30),
			('customer_health', 2, 'engagement', 0.25),
			('customer_health', 3, 'satisfaction', 0.20),
			('customer_health', 4, 'growth', 0.15),
			('customer_health', 5, 'advocacy', 0.10),
			('retention_health', 1, 'usage', 0.30),
			('retention_health', 2, 'outcome', 0.25),
			('retention_health', 3, 'relationship', 0.25),
			('retention_health', 4, 'support', 0.20)
		) d(model, position, factor, weight)
		WHERE NOT EXISTS (SELECT FROM nudge.health_models m WHERE m.model = d.model)
	)
	SELECT f.model, row_number() OVER (PARTITION BY f.model ORDER BY f.position, f.factor COLLATE "C")::integer, f.factor, f.weight, f.shipped
	FROM factor f
	WHERE f.model = health_model_factors.model OR health_model_factors.model IS NULL
	ORDER BY f.model COLLATE "C", 2;
END;
COMMENT ON FUNCTION nudge.health_model_factors(text) IS
	'The factors of a health model with their weights: the rows of health_models, or those shipped. Not STRICT: NULL is all models';

CREATE FUNCTION nudge.health_model(model text, OUT names text[], OUT weights double precision[])
	LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	total numeric;
BEGIN
	SELECT array_agg(f.factor ORDER BY f.position), array_agg(f.weight::double precision ORDER BY f.position), sum(f.weight)
	INTO names, weights, total
	FROM nudge.health_model_factors(health_model.model) f
	WHERE health_model.model IS NOT NULL;
	IF total IS NULL THEN
		RAISE EXCEPTION 'unknown health model "%"', left(model, 64) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = (SELECT format('The models are %s.', string_agg(DISTINCT f.model, ', ' ORDER BY f.model)) FROM nudge.health_model_factors() f),
			HINT = 'Name one of them, or insert the factors of yours into nudge.health_models.';
	ELSIF abs(total - 1) > 1e-9 THEN
		RAISE EXCEPTION 'weights of health model "%" must sum to 1', left(model, 64) USING ERRCODE = 'check_violation',
			DETAIL = format('They sum to %s.', total),
			HINT = 'Correct its rows in nudge.health_models; all rows of a model are yours or all are shipped.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.health_model(text) IS
	'The names and weights of the factors of a health model, checked, as arrays for health_score. Not STRICT: a NULL model is an error';

CREATE FUNCTION nudge.health_score(factors jsonb, model text, missing text DEFAULT 'reweight') RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_score_model' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.health_score(jsonb, text, text) IS
	'The score of a health model, of factors by name: one that is absent or null is missing. Not STRICT: NULL factors have no score, a NULL model is an error, a NULL missing is the default';

CREATE FUNCTION nudge.health_coverage(factors jsonb, model text) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_health_coverage_model' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.health_coverage(jsonb, text) IS
	'The share of the weight of a health model whose factors are known';

CREATE FUNCTION nudge.health_factors(factors jsonb, model text, missing text DEFAULT 'reweight') RETURNS TABLE (
	"position" integer,
	factor text,
	value double precision,
	weight double precision,
	effective_weight double precision,
	contribution double precision,
	points_lost double precision
)
	AS 'MODULE_PATHNAME', 'nm_health_factors_model' LANGUAGE C STABLE PARALLEL SAFE ROWS 5 COST 10;
COMMENT ON FUNCTION nudge.health_factors(jsonb, text, text) IS
	'What each factor of a health model adds to the score: the drill-down of health_score. Not STRICT: NULL factors have no rows, a NULL model is an error, a NULL missing is the default';

-- Raw numbers as factors ----------------------------------------------------

CREATE FUNCTION nudge.scale_min_max(value double precision, low double precision, high double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_min_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.scale_min_max(double precision, double precision, double precision) IS
	'A value as a factor: low gives 0, high gives 100, what is between them in proportion, what is beyond them no more; low is the larger one where less is better';

CREATE FUNCTION nudge.scale_target(value double precision, target double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_target' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.scale_target(double precision, double precision) IS
	'A value as a factor: its share of a target, at most 100';

CREATE FUNCTION nudge.scale_log(value double precision, target double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_log' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.scale_log(double precision, double precision) IS
	'A value as a factor on a logarithmic scale: 100 ln(1 + value) / ln(1 + target), at most 100';

CREATE FUNCTION nudge.scale_percentile(value double precision, peers double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_scale_percentile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.scale_percentile(double precision, double precision[]) IS
	'A value as a factor: the share of its peers that are below it, equal ones counted half';

-- Trends over weeks ---------------------------------------------------------

CREATE FUNCTION nudge.usage_trend(
	weekly double precision[],
	full_growth_rate double precision DEFAULT 0.05,
	alpha double precision DEFAULT 0.05,
	OUT weeks integer,
	OUT slope double precision,
	OUT weekly_growth_rate double precision,
	OUT p_value double precision,
	OUT direction text,
	OUT factor double precision
)
	AS 'MODULE_PATHNAME', 'nm_usage_trend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.usage_trend(double precision[], double precision, double precision) IS
	'Direction and velocity of use over weeks, oldest first: the slope of ln(1 + uses) a week, whether it is more than chance, and as a factor, 50 where nothing changes';

CREATE FUNCTION nudge.engagement_consistency(weekly double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_engagement_consistency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.engagement_consistency(double precision[]) IS
	'How even use is over weeks: 1 less the coefficient of variation (population standard deviation over mean), at least 0; NULL of fewer than two known weeks or without any use';

CREATE FUNCTION nudge.adoption_breadth(used bigint, available bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_adoption_breadth' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.adoption_breadth(bigint, bigint) IS
	'The share of what is available that is used, such as features; NULL if nothing is available';

-- src/metrics/working_time.sql

/*
 * working_time.sql
 *		Time within working hours: calendars of hours and holidays in a zone.
 *
 * Definitions: doc/working_time.md.
 */

-- Calendars -----------------------------------------------------------------

CREATE TABLE nudge.working_calendars (
	calendar text PRIMARY KEY CHECK (calendar <> ''),
	-- civil_date knows what a zone is, and says so
	zone text NOT NULL CHECK (nudge.civil_date(timestamptz '2000-01-01 00:00:00Z', zone) IS NOT NULL),
	comment text
);
SELECT pg_catalog.pg_extension_config_dump('nudge.working_calendars', '');
GRANT SELECT ON nudge.working_calendars TO PUBLIC;
COMMENT ON TABLE nudge.working_calendars IS 'Calendars of working hours';
COMMENT ON COLUMN nudge.working_calendars.calendar IS 'Name of the calendar';
COMMENT ON COLUMN nudge.working_calendars.zone IS 'Time zone whose clocks its hours and days are of';
COMMENT ON COLUMN nudge.working_calendars.comment IS 'Whose hours they are';

CREATE TABLE nudge.working_hours (
	calendar text NOT NULL REFERENCES nudge.working_calendars ON UPDATE CASCADE ON DELETE CASCADE,
	weekday integer NOT NULL CHECK (weekday BETWEEN 1 AND 7),
	opens time NOT NULL,
	closes time NOT NULL,
	PRIMARY KEY (calendar, weekday, opens),
	CONSTRAINT working_hours_order CHECK (opens < closes)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.working_hours', '');
GRANT SELECT ON nudge.working_hours TO PUBLIC;
COMMENT ON TABLE nudge.working_hours IS 'Working hours of the week: a row per span, several a day';
COMMENT ON COLUMN nudge.working_hours.calendar IS 'Name of the calendar';
COMMENT ON COLUMN nudge.working_hours.weekday IS '1 is Monday, 7 is Sunday';
COMMENT ON COLUMN nudge.working_hours.opens IS 'Time at which work begins';
COMMENT ON COLUMN nudge.working_hours.closes IS 'Time at which it ends; 24:00 is the end of the day';

CREATE TABLE nudge.holidays (
	calendar text NOT NULL REFERENCES nudge.working_calendars ON UPDATE CASCADE ON DELETE CASCADE,
	day date NOT NULL CHECK (isfinite(day)),
	name text,
	opens time,
	closes time,
	PRIMARY KEY (calendar, day),
	CONSTRAINT holidays_order CHECK ((opens IS NULL) = (closes IS NULL) AND coalesce(opens < closes, true))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.holidays', '');
GRANT SELECT ON nudge.holidays TO PUBLIC;
COMMENT ON TABLE nudge.holidays IS 'Days on which nobody works, or other hours than on the weekday';
COMMENT ON COLUMN nudge.holidays.calendar IS 'Name of the calendar';
COMMENT ON COLUMN nudge.holidays.day IS 'The whole civil day in the zone of the calendar';
COMMENT ON COLUMN nudge.holidays.name IS 'What it is called';
COMMENT ON COLUMN nudge.holidays.opens IS 'Time at which work begins on that day; NULL is no work';
COMMENT ON COLUMN nudge.holidays.closes IS 'Time at which it ends';

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.working_calendars, nudge.working_hours, nudge.holidays TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- Working time --------------------------------------------------------------

CREATE FUNCTION nudge.working_seconds(started_at timestamptz, ended_at timestamptz, calendar text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_working_seconds' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.working_seconds(timestamptz, timestamptz, text) IS
	'Seconds of [started_at, ended_at) within the working hours of a calendar; negative if it ends before it starts';

CREATE FUNCTION nudge.working_minutes(started_at timestamptz, ended_at timestamptz, calendar text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nm_working_minutes' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.working_minutes(timestamptz, timestamptz, text) IS
	'Minutes of [started_at, ended_at) within the working hours of a calendar; negative if it ends before it starts';

CREATE FUNCTION nudge.working_time_add(started_at timestamptz, minutes numeric, calendar text) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'nm_working_time_add' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.working_time_add(timestamptz, numeric, text) IS
	'The first instant by which so many minutes within the working hours of a calendar have passed: when something is due';

CREATE FUNCTION nudge.is_working_time(at timestamptz, calendar text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_is_working_time' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.is_working_time(timestamptz, text) IS
	'Whether an instant is within the working hours of a calendar';

CREATE FUNCTION nudge.working_spans(calendar text, start_day date, end_day date)
	RETURNS TABLE (day date, opens_at timestamptz, closes_at timestamptz, working_minutes numeric)
	AS 'MODULE_PATHNAME', 'nm_working_spans' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100 COST 1000;
COMMENT ON FUNCTION nudge.working_spans(text, date, date) IS
	'The spans of work of the days [start_day, end_day) of a calendar, with the instants at which they begin and end';

-- src/metrics/scaling.sql

/*
 * scaling.sql
 *		How costs grow with volume.
 *
 * Definitions: doc/performance.md.
 */

CREATE FUNCTION nudge.scaling_coefficient(
	volumes double precision[],
	costs double precision[],
	OUT points bigint,
	OUT left_out bigint,
	OUT coefficient double precision,
	OUT cost_at_one double precision,
	OUT standard_error double precision,
	OUT r_squared double precision,
	OUT p_value double precision,
	OUT p_value_linear double precision,
	OUT scaling text
)
	AS 'MODULE_PATHNAME', 'nm_scaling_coefficient' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.scaling_coefficient(double precision[], double precision[]) IS
	'The exponent b of cost = a * volume^b by least squares of the logarithms: below 1 costs grow less than volume; points without a logarithm are left out and counted';

-- src/metrics/percentile.sql

/*
 * percentile.sql
 *		Percentiles with a guaranteed error: percentile_state, its aggregates
 *		and its accessors.
 *
 * The numbers are defined in doc/percentile.md.
 */

/*
 * state_type.sql
 *		What every state type has, percentile_state here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.percentile_state;

CREATE FUNCTION nudge.percentile_state_in(cstring) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.percentile_state_out(nudge.percentile_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_percentile_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.percentile_state_recv(internal) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.percentile_state_send(nudge.percentile_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_percentile_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.percentile_state (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.percentile_state_in,
	OUTPUT = nudge.percentile_state_out,
	RECEIVE = nudge.percentile_state_recv,
	SEND = nudge.percentile_state_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.percentile_state_in(cstring) IS 'Text input of percentile_state';
COMMENT ON FUNCTION nudge.percentile_state_out(nudge.percentile_state) IS 'Text output of percentile_state';
COMMENT ON FUNCTION nudge.percentile_state_recv(internal) IS 'Binary input of percentile_state';
COMMENT ON FUNCTION nudge.percentile_state_send(nudge.percentile_state) IS 'Binary output of percentile_state';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.percentile_state_eq(nudge.percentile_state, nudge.percentile_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_eq(nudge.percentile_state, nudge.percentile_state) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.percentile_state_ne(nudge.percentile_state, nudge.percentile_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_ne(nudge.percentile_state, nudge.percentile_state) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.percentile_state_lt(nudge.percentile_state, nudge.percentile_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_lt(nudge.percentile_state, nudge.percentile_state) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.percentile_state_le(nudge.percentile_state, nudge.percentile_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_le(nudge.percentile_state, nudge.percentile_state) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.percentile_state_gt(nudge.percentile_state, nudge.percentile_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_gt(nudge.percentile_state, nudge.percentile_state) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.percentile_state_ge(nudge.percentile_state, nudge.percentile_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_ge(nudge.percentile_state, nudge.percentile_state) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.percentile_state_cmp(nudge.percentile_state, nudge.percentile_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_cmp(nudge.percentile_state, nudge.percentile_state) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.percentile_state_hash(nudge.percentile_state) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_hash(nudge.percentile_state) IS 'Hash of the bytes';
CREATE FUNCTION nudge.percentile_state_hash_extended(nudge.percentile_state, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_hash_extended(nudge.percentile_state, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.percentile_state, RIGHTARG = nudge.percentile_state, FUNCTION = nudge.percentile_state_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.percentile_state, nudge.percentile_state) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.percentile_state, RIGHTARG = nudge.percentile_state, FUNCTION = nudge.percentile_state_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.percentile_state, nudge.percentile_state) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.percentile_state, RIGHTARG = nudge.percentile_state, FUNCTION = nudge.percentile_state_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.percentile_state, nudge.percentile_state) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.percentile_state, RIGHTARG = nudge.percentile_state, FUNCTION = nudge.percentile_state_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.percentile_state, nudge.percentile_state) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.percentile_state, RIGHTARG = nudge.percentile_state, FUNCTION = nudge.percentile_state_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.percentile_state, nudge.percentile_state) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.percentile_state, RIGHTARG = nudge.percentile_state, FUNCTION = nudge.percentile_state_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.percentile_state, nudge.percentile_state) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.percentile_state_ops DEFAULT FOR TYPE nudge.percentile_state USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.percentile_state_cmp(nudge.percentile_state, nudge.percentile_state);
COMMENT ON OPERATOR CLASS nudge.percentile_state_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.percentile_state_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.percentile_state_hash_ops DEFAULT FOR TYPE nudge.percentile_state USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.percentile_state_hash(nudge.percentile_state),
	FUNCTION 2 nudge.percentile_state_hash_extended(nudge.percentile_state, bigint);
COMMENT ON OPERATOR CLASS nudge.percentile_state_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.percentile_state_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.percentile_state_final(nudge.percentile_state) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_state_final(nudge.percentile_state) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.percentile_state, b nudge.percentile_state) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.percentile_state, nudge.percentile_state) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.percentile_state) (
	SFUNC = nudge.combine, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.percentile_state) IS 'All states of a group as one; NULL states are skipped';

COMMENT ON TYPE nudge.percentile_state IS
	'The distribution of any number of samples, to a given relative error or exactly, mergeable by rollup() and combine()';

CREATE FUNCTION nudge.percentile_trans(state nudge.percentile_state, value float8, relative_error double precision) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_trans_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_trans(nudge.percentile_state, float8, double precision) IS
	'Transition function of percentile_agg; not STRICT: a NULL value is no sample';
CREATE AGGREGATE nudge.percentile_agg(value float8, relative_error double precision) (
	SFUNC = nudge.percentile_trans, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.percentile_agg(float8, double precision) IS
	'State of the distribution of values: percentiles are off by at most relative_error of themselves, and not at all if it is 0; NULL values are skipped';

CREATE FUNCTION nudge.percentile_count_trans(state nudge.percentile_state, value float8, count bigint, relative_error double precision) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_count_trans_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_count_trans(nudge.percentile_state, float8, bigint, double precision) IS
	'Transition function of percentile_count_agg; not STRICT: a NULL value is no sample';
CREATE AGGREGATE nudge.percentile_count_agg(value float8, count bigint, relative_error double precision) (
	SFUNC = nudge.percentile_count_trans, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.percentile_count_agg(float8, bigint, double precision) IS
	'The same, of rows that stand for count samples each';
CREATE FUNCTION nudge.percentile_trans(state nudge.percentile_state, value numeric, relative_error double precision) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_trans_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_trans(nudge.percentile_state, numeric, double precision) IS
	'Transition function of percentile_agg; not STRICT: a NULL value is no sample';
CREATE AGGREGATE nudge.percentile_agg(value numeric, relative_error double precision) (
	SFUNC = nudge.percentile_trans, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.percentile_agg(numeric, double precision) IS
	'State of the distribution of values: percentiles are off by at most relative_error of themselves, and not at all if it is 0; NULL values are skipped';

CREATE FUNCTION nudge.percentile_count_trans(state nudge.percentile_state, value numeric, count bigint, relative_error double precision) RETURNS nudge.percentile_state
	AS 'MODULE_PATHNAME', 'nm_percentile_count_trans_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.percentile_count_trans(nudge.percentile_state, numeric, bigint, double precision) IS
	'Transition function of percentile_count_agg; not STRICT: a NULL value is no sample';
CREATE AGGREGATE nudge.percentile_count_agg(value numeric, count bigint, relative_error double precision) (
	SFUNC = nudge.percentile_count_trans, STYPE = nudge.percentile_state, FINALFUNC = nudge.percentile_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.percentile_count_agg(numeric, bigint, double precision) IS
	'The same, of rows that stand for count samples each';

CREATE FUNCTION nudge.percentile(state nudge.percentile_state, fraction double precision, method text DEFAULT 'disc') RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_percentile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.percentile(nudge.percentile_state, double precision, text) IS
	'The value that a fraction of the samples does not exceed, to the relative error of the state: by nearest rank (disc), or interpolated between two ranks (cont)';

CREATE FUNCTION nudge.percentiles(state nudge.percentile_state, fractions double precision[], method text DEFAULT 'disc')
	RETURNS TABLE (fraction double precision, value double precision)
	AS 'MODULE_PATHNAME', 'nm_percentiles' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5 COST 100;
COMMENT ON FUNCTION nudge.percentiles(nudge.percentile_state, double precision[], text) IS
	'A row per fraction with its percentile';

CREATE FUNCTION nudge.percentile_rank(state nudge.percentile_state, value double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'nm_percentile_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.percentile_rank(nudge.percentile_state, double precision) IS
	'The share of samples up to a value: the middle between the bounds of share_within';

CREATE FUNCTION nudge.share_within(
	state nudge.percentile_state,
	threshold double precision,
	OUT samples bigint,
	OUT samples_within_low bigint,
	OUT samples_within_high bigint,
	OUT share_low numeric,
	OUT share_high numeric
)
	AS 'MODULE_PATHNAME', 'nm_share_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.share_within(nudge.percentile_state, double precision) IS
	'How many samples, and which share of them, are at most a threshold: bounds, equal where the state tells it exactly';

CREATE FUNCTION nudge.percentile_summary(
	state nudge.percentile_state,
	OUT samples bigint,
	OUT sum numeric,
	OUT mean numeric,
	OUT lowest double precision,
	OUT highest double precision,
	OUT p50 double precision,
	OUT p90 double precision,
	OUT p95 double precision,
	OUT p99 double precision,
	OUT relative_error double precision
)
	AS 'MODULE_PATHNAME', 'nm_percentile_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nudge.percentile_summary(nudge.percentile_state) IS
	'Number, sum, mean, lowest and highest of the samples, all exact, the usual percentiles, and the relative error that these may have';

CREATE FUNCTION nudge.percentile_histogram(state nudge.percentile_state)
	RETURNS TABLE (low double precision, high double precision, samples bigint, sum numeric, share numeric, cumulative_share numeric)
	AS 'MODULE_PATHNAME', 'nm_percentile_histogram' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 500 COST 1000;
COMMENT ON FUNCTION nudge.percentile_histogram(nudge.percentile_state) IS
	'A row per bucket of values: the lowest and highest that it may have, how many there are, their exact sum, their share and that of all up to it';

-- src/inputs/inputs.sql

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

CREATE FUNCTION nudge.check_input(input text, incomplete bigint, column_name text DEFAULT NULL, unknown text DEFAULT NULL, known text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF incomplete > 0 THEN
		RAISE EXCEPTION 'a row of % lacks a value that it needs', input USING ERRCODE = 'null_value_not_allowed',
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

CREATE FUNCTION nudge.check_unique_key(input text, key text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF key IS NOT NULL THEN
		RAISE EXCEPTION '% has more than one row of "%"', input, left(key, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Each row would be counted again.',
				HINT = 'Pass a view with one row per key.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_unique_key(text, text) IS
	'An error if an input has a key that is there more than once. Not STRICT: NULL is no such key';

CREATE FUNCTION nudge.check_intervals(input text, reversed bigint) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF reversed > 0 THEN
		RAISE EXCEPTION '% rows of % are reversed in time', reversed, input
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'What ends, or is noticed, does so at its beginning or later.',
				HINT = 'Correct them, or pass a view that leaves them out knowingly.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_intervals(text, bigint) IS
	'An error that says how many, if intervals of an input end before they begin';

CREATE FUNCTION nudge.check_values(input text, wrong bigint, what text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF wrong > 0 THEN
		RAISE EXCEPTION 'a row of % has a number that it cannot have', input USING ERRCODE = 'numeric_value_out_of_range',
			DETAIL = what,
			HINT = 'Pass a view that corrects such rows, or leaves them out knowingly.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_values(text, bigint, text) IS
	'An error that says what is wrong if rows of an input have numbers out of their range. Not STRICT: a NULL count is none';

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

CREATE FUNCTION nudge.window_spans(
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, period_end date, start_at timestamptz, end_at timestamptz, complete boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT p.period, p.period_end, b.start_at, b.end_at, b.end_at <= as_of
	FROM nudge.window_periods(start_day, end_day, grain) p,
		LATERAL (SELECT p.period::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS start_at, p.period_end::timestamp AT TIME ZONE coalesce(zone, 'UTC') AS end_at) b
	ORDER BY p.period;
END;
COMMENT ON FUNCTION nudge.window_spans(date, date, text, text, timestamptz) IS
	'The periods of a window with the instants at which they begin and end in a zone, and whether they are over by as_of. Not STRICT: a NULL grain is one period, a NULL as_of leaves complete NULL, NULL days are errors';

-- src/inputs/sources.sql

/*
 * sources.sql
 *		Sources: which table or query of the user is which canonical input, and
 *		the staging view that reads it so.
 *
 * Rules: doc/sources.md.
 */

-- The registry ------------------------------------------------------------

CREATE TABLE nudge.sources (
	source text PRIMARY KEY CHECK (source ~ '^[a-z][a-z0-9_]*$'),
	input text NOT NULL,
	relation text,
	query text,
	columns jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(columns) = 'object'),
	filter text,
	zone text,
	amount_scale jsonb,
	words jsonb,
	end_rule text NOT NULL DEFAULT 'exclusive' CHECK (end_rule IN ('exclusive', 'inclusive')),
	expected_every interval CHECK (expected_every > interval '0'),
	mapped_by name NOT NULL DEFAULT current_user,
	mapped_at timestamptz NOT NULL DEFAULT now(),
	CHECK ((relation IS NULL) <> (query IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('nudge.sources', '');
GRANT SELECT ON nudge.sources TO PUBLIC;
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sources TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.sources IS 'Which tables and queries are read as which canonical input; map_source() and unmap_source() keep it';
COMMENT ON COLUMN nudge.sources.source IS 'Name of the source';
COMMENT ON COLUMN nudge.sources.input IS 'Canonical input that it is read as';
COMMENT ON COLUMN nudge.sources.relation IS 'Table or view, with its schema; NULL where a query stands in its place';
COMMENT ON COLUMN nudge.sources.query IS 'Query; NULL where a relation stands in its place';
COMMENT ON COLUMN nudge.sources.columns IS 'Expression over r, a row of the relation, for each column of the input that is not simply one of the same name; null for one that the source does not have';
COMMENT ON COLUMN nudge.sources.filter IS 'Condition on r that the rows meet; NULL is all of them';
COMMENT ON COLUMN nudge.sources.zone IS 'Time zone in which days and timestamps without a zone are read';
COMMENT ON COLUMN nudge.sources.amount_scale IS 'Decimals that amounts are in, by currency with * for all others, or "iso" for those of each currency; NULL is major units';
COMMENT ON COLUMN nudge.sources.words IS 'For columns of text: which word of the source is which of the input';
COMMENT ON COLUMN nudge.sources.end_rule IS 'exclusive: an end is the first time no longer in force; inclusive: it is the last day in force';
COMMENT ON COLUMN nudge.sources.expected_every IS 'How often at least a new row should come; NULL if that is not known';
COMMENT ON COLUMN nudge.sources.mapped_by IS 'Owner of its view, with whose rights it is read';
COMMENT ON COLUMN nudge.sources.mapped_at IS 'When it was mapped last';

-- What inputs mean --------------------------------------------------------

CREATE FUNCTION nudge.input_money(input text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE input
		WHEN 'customers' THEN '{initial_amount}' WHEN 'plans' THEN '{list_price}' WHEN 'competitors' THEN '{starter_price}'
		WHEN 'subscriptions' THEN '{amount}' WHEN 'contracts' THEN '{amount}' WHEN 'charges' THEN '{amount,rate}'
		WHEN 'payments' THEN '{amount}' WHEN 'usage' THEN '{rate}' WHEN 'spend' THEN '{amount}' WHEN 'costs' THEN '{amount}'
		WHEN 'budgets' THEN '{amount}' WHEN 'cash' THEN '{balance}' WHEN 'conversions' THEN '{revenue}' WHEN 'deals' THEN '{amount}'
		WHEN 'quotas' THEN '{amount}' ELSE '{}' END::text[];
COMMENT ON FUNCTION nudge.input_money(text) IS 'The columns of an input that are money';

CREATE FUNCTION nudge.input_ends(input text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE input
		WHEN 'identities' THEN '{valid_to}' WHEN 'dimension_history' THEN '{valid_to}' WHEN 'subscriptions' THEN '{valid_to}'
		WHEN 'account_facts' THEN '{valid_to}' WHEN 'contracts' THEN '{ends_at}' WHEN 'campaigns' THEN '{ended_at}'
		WHEN 'partners' THEN '{left_at}' ELSE '{}' END::text[];
COMMENT ON FUNCTION nudge.input_ends(text) IS 'The columns of an input that end an interval';

-- What a user has written -------------------------------------------------

CREATE FUNCTION nudge.single_select(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_single_select' LANGUAGE C STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nudge.single_select(text) IS 'Works for map_source: a query without the semicolon at its end, or an error if it is not one SELECT';

CREATE FUNCTION nudge.query_columns(query text) RETURNS TABLE (column_name text, type_id oid)
	AS 'MODULE_PATHNAME', 'nm_query_columns' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nudge.query_columns(text) IS 'Works for map_source: names and types of the columns of a query, which is not run';

CREATE FUNCTION nudge.expression_type(expression text, source_from text, OUT type_id oid, OUT collation_id oid)
	AS 'MODULE_PATHNAME', 'nm_expression_type' LANGUAGE C STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nudge.expression_type(text, text) IS
	'Works for map_source: the type and collation of an expression, which is not run; an error if it is not one value of one row, the same at each reading';

-- Views depend on it.
CREATE FUNCTION nudge.source_minor_unit(currency text) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_source_minor_unit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.source_minor_unit(text) IS 'Works for the views of map_source: as currency_minor_unit, but NULL for what is no currency';

-- Building a view ---------------------------------------------------------

CREATE FUNCTION nudge.source_view(input text, source text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', input || '__' || source);
COMMENT ON FUNCTION nudge.source_view(text, text) IS 'Name of the view of a source';

CREATE FUNCTION nudge.check_source_name(source text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.sources s WHERE s.source = check_source_name.source) THEN
		RAISE EXCEPTION 'there is no source "%"', left(source, 70) USING ERRCODE = 'undefined_object',
			DETAIL = coalesce((SELECT 'The sources are ' || string_agg(s.source, ', ' ORDER BY s.source COLLATE "C") || '.' FROM nudge.sources s), 'No source is mapped.'),
			HINT = 'Map it with map_source(), or leave the name out for all.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_source_name(text) IS 'An error unless there is a source of that name';

-- The FROM item of a source, with r as the name of a row.
CREATE FUNCTION nudge.source_from(input text, relation regclass, query text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind "char";
	persistence "char";
	name text;
	problem text;
	advice text;
BEGIN
	IF relation IS NULL THEN
		RETURN '(' || nudge.single_select(query) || E'\n) AS r';
	END IF;
	SELECT c.relkind, c.relpersistence, format('%I.%I', n.nspname, c.relname) INTO kind, persistence, name
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
	IF kind IS NULL OR kind NOT IN ('r', 'p', 'v', 'm', 'f') OR persistence = 't' THEN
		RAISE EXCEPTION '% cannot be a source of %', relation, input USING ERRCODE = 'wrong_object_type',
			DETAIL = 'A source is a table, a view, a materialized view or a foreign table, and not a temporary one.',
			HINT = 'Pass the name of one.';
	END IF;
	RETURN name || ' AS r';
EXCEPTION WHEN syntax_error THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the query of the source does not work' USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = coalesce(nullif(advice, ''), 'Write one SELECT, without INTO or FOR UPDATE.');
END
$$;
COMMENT ON FUNCTION nudge.source_from(text, regclass, text) IS
	'Works for map_source: the FROM item of a source. Not STRICT: one of relation and query is NULL';

CREATE FUNCTION nudge.source_has(source_from text) RETURNS text[]
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	RETURN ARRAY(SELECT q.column_name FROM nudge.query_columns('SELECT * FROM ' || source_from) q);
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the query of the source does not work' USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = coalesce(nullif(advice, ''), 'Names of tables, functions and operators of yours need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.source_has(text) IS 'Works for map_source: the columns of a source';

-- An expression of each column of the input, NULL for those that the source
-- lacks.
CREATE FUNCTION nudge.source_columns(input text, columns jsonb, available text[])
	RETURNS TABLE (place integer, column_name text, data_type text, expression text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
	meaning text;
BEGIN
	SELECT k.key INTO wrong FROM jsonb_object_keys(columns) k(key)
	WHERE NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = source_columns.input AND c.column_name = k.key) ORDER BY k.key COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'input "%" has no column "%"', input, wrong
			USING ERRCODE = 'undefined_column',
				DETAIL = (SELECT 'Its columns are ' || string_agg(c.column_name, ', ' ORDER BY c.position) || '.' FROM nudge.input_columns c WHERE c.input = source_columns.input),
				HINT = 'The keys of "columns" are names of columns of the input, the values expressions over r.';
	END IF;
	SELECT k.key INTO wrong FROM jsonb_each(columns) k WHERE jsonb_typeof(k.value) NOT IN ('string', 'null') ORDER BY k.key COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'the expression of column "%" must be a string or null', wrong
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', left((columns -> wrong)::text, 60)),
				HINT = 'Write a constant as an expression too, such as "1" or "''month''".';
	END IF;
	SELECT c.column_name, lower(left(c.description, 1)) || substr(c.description, 2) INTO wrong, meaning FROM nudge.input_columns c
	WHERE c.input = source_columns.input AND c.required AND columns ->> c.column_name IS NULL
		AND (columns ? c.column_name OR c.column_name <> ALL (available)) ORDER BY c.position LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'a source of "%" must have column "%"', input, wrong
			USING ERRCODE = 'undefined_column',
				DETAIL = format('The column means: %s. The source has %s.', meaning, coalesce(nullif(array_to_string(available, ', '), ''), 'no columns')),
				HINT = format('Say how to make it: columns => ''{"%s": "an expression over r"}''.', wrong);
	END IF;
	RETURN QUERY
		SELECT c.position, c.column_name, c.data_type,
			-- a name of a column is just that: user is not who asks
			CASE WHEN columns ->> c.column_name = ANY (available) THEN 'r.' || quote_ident(columns ->> c.column_name)
				WHEN columns ? c.column_name THEN columns ->> c.column_name WHEN c.column_name = ANY (available) THEN 'r.' || quote_ident(c.column_name) END
		FROM nudge.input_columns c WHERE c.input = source_columns.input ORDER BY c.position;
END
$$;
COMMENT ON FUNCTION nudge.source_columns(text, jsonb, text[]) IS 'Works for map_source: the expression of each column of an input, checked for what is missing and what is too much';

CREATE FUNCTION nudge.expression_types(names text[], expressions text[], source_from text) RETURNS TABLE (column_name text, expression text, type_id oid, collation_id oid)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	FOR i IN 1 .. cardinality(names) LOOP
		column_name := names[i];
		expression := expressions[i];
		SELECT t.type_id, t.collation_id INTO type_id, collation_id FROM nudge.expression_type(expression, source_from) t;
		RETURN NEXT;
	END LOOP;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the expression of column "%" does not work', column_name
		USING ERRCODE = SQLSTATE,
			DETAIL = format('%s: %s.', left(expression, 200), problem),
			HINT = coalesce(nullif(advice, ''), 'It is an SQL expression over r, a row of the source. Names of functions, operators and tables of yours need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.expression_types(text[], text[], text) IS 'Works for map_source: the types of expressions, or an error that names the column of the first that does not work';

CREATE FUNCTION nudge.check_filter(filter text, source_from text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
	advice text;
BEGIN
	IF (SELECT t.type_id FROM nudge.expression_type(filter, source_from) t) <> 'boolean'::regtype THEN
		RAISE EXCEPTION 'it is not a condition' USING ERRCODE = 'datatype_mismatch';
	END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported OR invalid_parameter_value OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'the filter of the source does not work'
		USING ERRCODE = SQLSTATE,
			DETAIL = format('%s: %s.', left(filter, 200), problem),
			HINT = coalesce(nullif(advice, ''), 'It is a condition on r, a row of the source. Names of functions, operators and tables of yours need their schema.');
END
$$;
COMMENT ON FUNCTION nudge.check_filter(text, text) IS 'Works for map_source: an error unless a filter is a condition on a row of the source';

-- What somebody who is refused can do about it.
CREATE FUNCTION nudge.cast_advice(data_type text, type_id oid) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN data_type IN ('timestamptz', 'date') AND type_id IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float8'::regtype)
			THEN 'Seconds since 1970 become an instant by to_timestamp(r.column), milliseconds by to_timestamp(r.column / 1000.0).'
		WHEN data_type = 'timestamptz' AND type_id IN ('text'::regtype, 'varchar'::regtype)
			THEN 'Where each text says its zone write r.column::timestamptz, otherwise r.column::timestamp, and pass "zone".'
		WHEN data_type = 'text' AND type_id IN ('json'::regtype, 'jsonb'::regtype)
			THEN 'Take the text out of it, as by r.column ->> ''key'', or by r.column #>> ''{}'' if all of it is one.'
		WHEN data_type = 'text' AND type_id = 'bytea'::regtype THEN 'Write encode(r.column, ''hex'').'
		WHEN data_type = 'text' AND type_id IN ('float4'::regtype, 'float8'::regtype) THEN 'Write r.column::numeric.'
		WHEN data_type = 'jsonb' THEN 'Write to_jsonb(r.column), or r.column::jsonb if it is a text of JSON.'
		ELSE format('Write a cast in its expression, such as r.column::%s.', data_type) END;
COMMENT ON FUNCTION nudge.cast_advice(text, oid) IS 'Works for map_source: how a column of a type can be made one of another';

-- How a column s.NAME of some type is read as a type of the inputs.  What
-- depends on a setting, or can be read in several ways, is refused.
CREATE FUNCTION nudge.source_cast(column_name text, data_type text, type_id oid, collation_id oid, zone text, inclusive_end boolean) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	value constant text := 's.' || quote_ident(column_name);
	category constant "char" := (SELECT t.typcategory FROM pg_type t WHERE t.oid = type_id);
	whole constant boolean := type_id IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype);
	civil constant boolean := type_id IN ('timestamp'::regtype, 'date'::regtype);
	is_day constant boolean := data_type = 'date';
BEGIN
	IF zone IS NULL AND (data_type = 'timestamptz' AND civil OR is_day AND type_id = 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'column "%" needs a time zone', column_name
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is of type %s, and read as %s.', format_type(type_id, NULL), CASE WHEN is_day THEN 'a day' ELSE 'an instant' END),
				HINT = 'Pass the zone in which it is meant: zone => ''Europe/Berlin'', or ''UTC''.';
	END IF;
	IF inclusive_end AND NOT civil THEN
		RAISE EXCEPTION 'column "%" cannot be an inclusive end', column_name
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = format('It is of type %s. The last day in force is a day.', format_type(type_id, NULL)),
				HINT = 'Make it a date in its expression, or leave out end_rule.';
	END IF;
	IF data_type = 'timestamptz' AND civil THEN
		RETURN format(CASE WHEN inclusive_end THEN '(%s::date + 1)::timestamp AT TIME ZONE %L' ELSE '%s::timestamp AT TIME ZONE %L' END, value, zone);
	ELSIF is_day AND type_id = 'timestamptz'::regtype THEN
		RETURN format('nudge.civil_date(%s, %L)', value, zone);
	ELSIF data_type = 'text' AND (category IN ('S', 'E') OR whole OR type_id IN ('numeric'::regtype, 'bool'::regtype, 'uuid'::regtype)) THEN
		-- sources of different collations must fit together
		RETURN format(CASE WHEN collation_id IN (0, 'pg_catalog."default"'::regcollation) THEN '%s::text' ELSE '%s::text COLLATE pg_catalog."default"' END, value);
	ELSIF type_id = data_type::regtype OR is_day AND civil
		OR data_type = 'numeric' AND (whole OR type_id IN ('float4'::regtype, 'float8'::regtype))
		OR data_type IN ('integer', 'bigint') AND whole
		OR data_type = 'jsonb' AND type_id = 'json'::regtype THEN
		RETURN format('%s::%s', value, data_type);
	END IF;
	RAISE EXCEPTION 'column "%" is of type %, and not %', column_name, format_type(type_id, NULL), data_type
		USING ERRCODE = 'datatype_mismatch',
			DETAIL = 'It cannot be read as that without a choice which only you can make.',
			HINT = nudge.cast_advice(data_type, type_id);
END
$$;
COMMENT ON FUNCTION nudge.source_cast(text, text, oid, oid, text, boolean) IS
	'Works for map_source: how a column is read as a type, or an error if that depends on what nobody has said. Not STRICT: a NULL zone is none';

-- A column of text by the words of the input.
CREATE FUNCTION nudge.source_words(expression text, words jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((SELECT format('CASE lower(btrim(%1$s)) %2$s ELSE %1$s END', source_words.expression,
			string_agg(format('WHEN %L THEN %L', lower(btrim(w.key)), w.value), ' ' ORDER BY w.key COLLATE "C"))
		FROM jsonb_each_text(source_words.words) w HAVING count(*) > 0), source_words.expression);
END;
COMMENT ON FUNCTION nudge.source_words(text, jsonb) IS
	'Works for map_source: an expression with the words of a source replaced by those of the input. Not STRICT: without words it stays as it is';

CREATE FUNCTION nudge.scale_by_currency(amount_scale jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN amount_scale <> jsonb_build_object('*', amount_scale -> '*');
COMMENT ON FUNCTION nudge.scale_by_currency(jsonb) IS 'Works for map_source: whether a scale differs by currency. Not STRICT: NULL for no scale';

-- A column of money in major units.
CREATE FUNCTION nudge.source_money(expression text, currency text, amount_scale jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN source_money.amount_scale IS NULL THEN source_money.expression
		WHEN source_money.amount_scale = '"iso"' THEN format('%s * CASE nudge.source_minor_unit(btrim(%s)) WHEN 0 THEN 1 WHEN 2 THEN 0.01 WHEN 3 THEN 0.001 WHEN 4 THEN 0.0001 END', source_money.expression, source_money.currency)
		WHEN NOT nudge.scale_by_currency(source_money.amount_scale)
			THEN format('%s * %s', source_money.expression, trim_scale(10::numeric ^ -(source_money.amount_scale ->> '*')::integer))
		ELSE (SELECT format('%s * CASE upper(btrim(%s)) %s%s END', source_money.expression, source_money.currency,
				string_agg(format('WHEN %L THEN %s', upper(btrim(k.key)), trim_scale(10::numeric ^ -k.value::integer)), ' ' ORDER BY k.key COLLATE "C") FILTER (WHERE k.key <> '*'),
				coalesce(' ELSE ' || trim_scale(10::numeric ^ -(source_money.amount_scale ->> '*')::integer), ''))
			FROM jsonb_each_text(source_money.amount_scale) k) END;
END;
COMMENT ON FUNCTION nudge.source_money(text, text, jsonb) IS
	'Works for map_source: an amount in major units; that of a currency without a scale is NULL. Not STRICT: without a scale it is in major units, an input may have no currency';

-- Checking what is asked for ----------------------------------------------

CREATE FUNCTION nudge.check_amount_scale(input text, amount_scale jsonb) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF amount_scale <> '"iso"' AND (jsonb_typeof(amount_scale) <> 'object' OR amount_scale = '{}'
		OR EXISTS (SELECT FROM jsonb_each_text(CASE jsonb_typeof(amount_scale) WHEN 'object' THEN amount_scale ELSE '{}' END) k
			GROUP BY upper(btrim(k.key)) HAVING count(*) > 1 OR bool_or(k.value IS NULL OR k.value !~ '^[0-6]$' OR k.key <> '*' AND k.key !~* '^[a-z]{3}$'))) THEN
		RAISE EXCEPTION 'amount_scale is not understood' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', left(amount_scale::text, 60)),
			HINT = 'It is "iso", or how many decimals (0 to 6) amounts are in by currency, such as {"*": 2, "JPY": 0, "KWD": 3}.';
	END IF;
	IF nudge.input_money(input) = '{}' THEN
		RAISE EXCEPTION 'input "%" has no amounts', input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'There is nothing that amount_scale could scale.',
			HINT = 'Leave it out.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_amount_scale(text, jsonb) IS 'Works for map_source: an error unless a scale makes sense for an input';

CREATE FUNCTION nudge.check_words(input text, words jsonb) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong text;
BEGIN
	SELECT k.key INTO wrong FROM jsonb_each(CASE jsonb_typeof(words) WHEN 'object' THEN words ELSE '{"?": 0}' END) k
	WHERE jsonb_typeof(k.value) <> 'object'
		OR NOT EXISTS (SELECT FROM nudge.input_columns c WHERE c.input = check_words.input AND c.column_name = k.key AND c.data_type = 'text')
		OR EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(k.value) WHEN 'object' THEN k.value ELSE '{}' END) w
			GROUP BY lower(btrim(w.key)) HAVING count(*) > 1 OR bool_or(jsonb_typeof(w.value) NOT IN ('string', 'null')))
	ORDER BY k.key COLLATE "C" LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'words of "%" are not understood', wrong USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It must be a column of text of the input "%s", with an object of words, each once whatever its case.', input),
			HINT = 'Write {"status": {"past_due": "active", "incomplete": "excluded"}}.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_words(text, jsonb) IS 'Works for map_source: an error unless words make sense for an input';

CREATE FUNCTION nudge.check_mapping(input text, source text, relation regclass, columns jsonb, query text, end_rule text, expected_every interval) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM nudge.inputs i WHERE i.input = check_mapping.input) THEN
		-- it says which there are
		PERFORM nudge.input_query(input, relation);
	END IF;
	IF source !~ '^[a-z][a-z0-9_]*$' OR octet_length(input || '__' || source) > 63 THEN
		RAISE EXCEPTION 'a source cannot be called "%"', left(source, 70) USING ERRCODE = 'invalid_name',
			DETAIL = 'Its view is called by the input and by its name.',
			HINT = format('Take small letters, digits and underscores, at most %s.', 61 - octet_length(input));
	END IF;
	IF (relation IS NULL) = (query IS NULL) THEN
		RAISE EXCEPTION 'a source is either a relation or a query' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = CASE WHEN query IS NULL THEN 'Neither is given.' ELSE 'Both are given.' END,
			HINT = 'Pass the name of a table or view, or query => ''SELECT ...''.';
	END IF;
	IF jsonb_typeof(columns) <> 'object' THEN
		RAISE EXCEPTION 'columns must be an object' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', left(columns::text, 60)),
			HINT = 'Write {"customer": "r.account_id", "segment": null}.';
	END IF;
	IF coalesce(end_rule, 'exclusive') NOT IN ('exclusive', 'inclusive') THEN
		RAISE EXCEPTION 'unknown end_rule "%"', left(end_rule, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what the end of an interval is.',
			HINT = 'It is exclusive, the first time no longer in force, or inclusive, the last day in force.';
	END IF;
	IF end_rule = 'inclusive' AND nudge.input_ends(input) = '{}' THEN
		RAISE EXCEPTION 'input "%" has no ends', input USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Its rows are no intervals that end_rule could be about.',
			HINT = 'Leave it out.';
	END IF;
	IF expected_every <= interval '0' THEN
		RAISE EXCEPTION 'expected_every must be longer than 0' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is the longest time between two new rows.',
			HINT = 'Pass an interval such as 1 day.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_mapping(text, text, regclass, jsonb, text, text, interval) IS
	'Works for map_source: an error unless its arguments make sense. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.check_view_owner(view_name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner constant oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass(view_name));
BEGIN
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION 'view % belongs to role "%"', view_name, pg_get_userbyid(owner) USING ERRCODE = 'insufficient_privilege',
			DETAIL = 'It would have to be made anew, which only its owner can do.',
			HINT = 'Map as a member of that role. Who shares inputs needs a role in common, and SET ROLE before mapping.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_view_owner(text) IS 'Works for map_source: an error if a view is there that somebody else must replace';

-- Making views ------------------------------------------------------------

-- The columns of an input in the order of a view that is there, for a view is
-- replaced only by one that has them all and maybe more; columns that the input
-- has since come last, and one that it has no more stays, without values.
CREATE FUNCTION nudge.view_columns(input text, view_name text) RETURNS TABLE (place bigint, column_name text, data_type text, description text, in_view boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT row_number() OVER (ORDER BY a.attnum, c.position), coalesce(c.column_name, a.attname::text), coalesce(c.data_type, format_type(a.atttypid, a.atttypmod)),
		coalesce(c.description, 'The input has it no more'), a.attnum IS NOT NULL
	FROM (SELECT i.* FROM nudge.input_columns i WHERE i.input = view_columns.input) c
	FULL JOIN (SELECT v.* FROM pg_attribute v WHERE v.attrelid = to_regclass(view_columns.view_name) AND v.attnum > 0 AND NOT v.attisdropped AND v.attname <> 'source_name') a
		ON a.attname::text = c.column_name
	ORDER BY 1;
END;
COMMENT ON FUNCTION nudge.view_columns(text, text) IS 'Works for map_source: the columns of an input in the order in which a view must have them, and which of them it has';

-- The query of a source, in the columns of its input.
CREATE FUNCTION nudge.source_query(source text, input text, source_from text, columns jsonb, filter text, zone text, amount_scale jsonb, words jsonb, end_rule text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	expressions text[];
	inner_columns text;
	outer_columns text;
BEGIN
	SELECT array_agg(c.column_name ORDER BY c.place), array_agg(c.expression ORDER BY c.place) INTO names, expressions
	FROM nudge.source_columns(input, columns, nudge.source_has(source_from)) c WHERE c.expression IS NOT NULL;
	IF nudge.scale_by_currency(amount_scale) AND 'currency' <> ALL (names) THEN
		RAISE EXCEPTION 'source "%" has no currency', source USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The scale of its amounts cannot go by currency.',
			HINT = 'Say its currency in "columns", or pass one scale for all: {"*": 2}.';
	END IF;
	WITH typed AS MATERIALIZED (
		SELECT c.place, c.column_name, t.expression AS given,
			CASE WHEN t.column_name IS NULL THEN 'NULL::' || c.data_type ELSE nudge.source_words(
				nudge.source_cast(c.column_name, c.data_type, t.type_id, t.collation_id, zone, coalesce(end_rule = 'inclusive', false) AND c.column_name = ANY (nudge.input_ends(source_query.input))),
				words -> c.column_name) END AS expression
		FROM nudge.view_columns(source_query.input, nudge.source_view(source_query.input, source)) c
		LEFT JOIN nudge.expression_types(names, expressions, source_from) t ON t.column_name = c.column_name
	)
	SELECT string_agg(CASE WHEN t.column_name = ANY (nudge.input_money(source_query.input))
			THEN nudge.source_money(t.expression, (SELECT m.expression FROM typed m WHERE m.column_name = 'currency'), amount_scale)
			ELSE t.expression END || ' AS ' || quote_ident(t.column_name), E',\n\t' ORDER BY t.place),
		string_agg(format(E'(%s\n) AS %I', t.given, t.column_name), ', ' ORDER BY t.place) FILTER (WHERE t.given IS NOT NULL)
	INTO outer_columns, inner_columns FROM typed t;
	PERFORM nudge.check_filter(filter, source_from);
	RETURN format(E'SELECT %L::text AS source_name,\n\t%s\nFROM (SELECT %s FROM %s%s) AS s', source, outer_columns, inner_columns,
		source_from, coalesce(E' WHERE (' || filter || E'\n)', ''));
END
$$;
COMMENT ON FUNCTION nudge.source_query(text, text, text, jsonb, text, text, jsonb, jsonb, text) IS
	'Works for map_source: the query of a staging view. Not STRICT: NULL arguments have a meaning';

-- The view of an input: all its sources, one after the other.  A source that
-- was mapped before its input had some column has none there.
CREATE FUNCTION nudge.make_input_view(input text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := format('nudge_staging.%I', input);
	union_all text;
	one record;
BEGIN
	PERFORM nudge.check_view_owner(view_name);
	SELECT string_agg(format('SELECT source_name, %s FROM %s', (
			SELECT string_agg(CASE WHEN h.in_view THEN quote_ident(c.column_name) ELSE format('NULL::%s AS %I', c.data_type, c.column_name) END, ', ' ORDER BY c.place)
			FROM nudge.view_columns(s.input, view_name) c LEFT JOIN nudge.view_columns(s.input, v.name) h ON h.column_name = c.column_name), v.name),
		E'\nUNION ALL\n' ORDER BY s.source COLLATE "C")
	INTO union_all FROM nudge.sources s, nudge.source_view(s.input, s.source) v(name)
	WHERE s.input = make_input_view.input AND to_regclass(v.name) IS NOT NULL;
	IF union_all IS NULL THEN
		EXECUTE format('DROP VIEW IF EXISTS %s', view_name);
		RETURN;
	END IF;
	EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, union_all);
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, (SELECT i.description || ', of all sources that are mapped to it' FROM nudge.inputs i WHERE i.input = make_input_view.input));
	EXECUTE format('COMMENT ON COLUMN %s.source_name IS %L', view_name, 'Source of the row');
	FOR one IN SELECT c.column_name, c.description FROM nudge.view_columns(input, view_name) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_name, one.column_name, one.description);
	END LOOP;
	-- its owner reads what members of that role have mapped
	FOR one IN SELECT v.name, pg_get_userbyid(u.relowner) AS owner
		FROM nudge.sources s, nudge.source_view(s.input, s.source) v(name), pg_class c, pg_class u
		WHERE s.input = make_input_view.input AND c.oid = to_regclass(v.name) AND u.oid = to_regclass(view_name) AND u.relowner <> c.relowner AND pg_has_role(c.relowner, 'USAGE') LOOP
		EXECUTE format('GRANT SELECT ON %s TO %I', one.name, one.owner);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.make_input_view(text) IS 'Works for map_source: makes the view of an input anew, or drops it with its last source';

-- Nothing is read, but what is needed to read is looked for.
CREATE FUNCTION nudge.check_readable(source text, view_name text) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	EXECUTE format('SELECT FROM %s LIMIT 0', view_name);
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'source "%" cannot be read', source USING ERRCODE = SQLSTATE,
		DETAIL = problem || '.',
		HINT = format('It is read with the rights of role "%s", to whom its view belongs.', (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = to_regclass(view_name)));
END
$$;
COMMENT ON FUNCTION nudge.check_readable(text, text) IS 'Works for map_source: an error if the owner of a view may not read what it is made of';

CREATE FUNCTION nudge.make_source_view(input text, source text, statement text) RETURNS name
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := nudge.source_view(input, source);
	problem text;
BEGIN
	IF to_regnamespace('nudge_staging') IS NULL THEN
		CREATE SCHEMA nudge_staging;
		COMMENT ON SCHEMA nudge_staging IS 'The sources of nudge_metrics as canonical inputs: views that map_source() makes';
	END IF;
	PERFORM nudge.check_view_owner(view_name);
	BEGIN
		EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view_name, statement);
	EXCEPTION WHEN invalid_table_definition OR wrong_object_type THEN
		GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
		RAISE EXCEPTION 'the view of source "%" cannot be made', source USING ERRCODE = SQLSTATE,
			DETAIL = problem || '.',
			HINT = 'A source reads no temporary tables, and its view is replaced only by one of the same columns.';
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, format('Source "%s" as %s, made by map_source()', source, input));
	PERFORM nudge.check_readable(source, view_name);
	RETURN (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = view_name::regclass);
END
$$;
COMMENT ON FUNCTION nudge.make_source_view(text, text, text) IS 'Works for map_source: makes the view of a source of a query, and tells its owner';

-- What users call ---------------------------------------------------------

CREATE FUNCTION nudge.map_source(
	input text,
	relation regclass DEFAULT NULL,
	columns jsonb DEFAULT '{}',
	source text DEFAULT NULL,
	query text DEFAULT NULL,
	filter text DEFAULT NULL,
	zone text DEFAULT NULL,
	amount_scale jsonb DEFAULT NULL,
	words jsonb DEFAULT NULL,
	end_rule text DEFAULT NULL,
	expected_every interval DEFAULT NULL
) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named constant text := coalesce(source, input);
	given_columns constant jsonb := coalesce(columns, '{}');
	found_from text;
	owner name;
BEGIN
	PERFORM nudge.check_mapping(input, named, relation, given_columns, query, end_rule, expected_every);
	PERFORM nudge.check_amount_scale(input, amount_scale);
	PERFORM nudge.check_words(input, words);
	-- an error unless it is one
	PERFORM nudge.civil_date(now(), zone);
	-- one at a time: the view of the input has the sources of all
	LOCK TABLE nudge.sources IN SHARE ROW EXCLUSIVE MODE;
	IF EXISTS (SELECT FROM nudge.sources s WHERE s.source = named AND s.input <> map_source.input) THEN
		RAISE EXCEPTION 'source "%" is mapped already, to another input', named USING ERRCODE = 'duplicate_object',
			DETAIL = (SELECT format('It is read as %s.', s.input) FROM nudge.sources s WHERE s.source = named),
			HINT = 'Call this one by another name: source => ''...''; or unmap the other one first.';
	END IF;
	found_from := nudge.source_from(input, relation, query);
	owner := nudge.make_source_view(input, named, nudge.source_query(named, input, found_from, given_columns, filter, zone, amount_scale, words, end_rule));
	INSERT INTO nudge.sources AS s (source, input, relation, query, columns, filter, zone, amount_scale, words, end_rule, expected_every, mapped_by)
	VALUES (named, map_source.input, CASE WHEN map_source.query IS NULL THEN left(found_from, -length(' AS r')) END, map_source.query, given_columns, map_source.filter, map_source.zone,
		map_source.amount_scale, map_source.words, coalesce(map_source.end_rule, 'exclusive'), map_source.expected_every, owner)
	ON CONFLICT ON CONSTRAINT sources_pkey DO UPDATE SET relation = excluded.relation, query = excluded.query, columns = excluded.columns, filter = excluded.filter,
		zone = excluded.zone, amount_scale = excluded.amount_scale, words = excluded.words, end_rule = excluded.end_rule, expected_every = excluded.expected_every,
		mapped_by = excluded.mapped_by, mapped_at = now();
	PERFORM nudge.make_input_view(input);
	PERFORM nudge.check_readable(named, format('nudge_staging.%I', input));
	RETURN format('nudge_staging.%I', input);
END
$$;
COMMENT ON FUNCTION nudge.map_source(text, regclass, jsonb, text, text, text, text, jsonb, jsonb, text, interval) IS
	'Reads a table, a view or a query as a canonical input: checks the expression and type of every column and makes the view nudge_staging.INPUT of all sources of the input, whose name is returned. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.unmap_source(source text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unmapped text;
	view_name text;
BEGIN
	LOCK TABLE nudge.sources IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.sources s WHERE s.source = unmap_source.source RETURNING s.input INTO unmapped;
	IF unmapped IS NULL THEN
		RETURN false;
	END IF;
	view_name := nudge.source_view(unmapped, source);
	PERFORM nudge.check_view_owner(view_name);
	PERFORM nudge.make_input_view(unmapped);
	EXECUTE format('DROP VIEW IF EXISTS %s', view_name);
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.unmap_source(text) IS
	'Takes a source out of its input: false if there is none of that name. What the user has built on the view of an input must go before its last source does';

CREATE FUNCTION nudge.remap_sources(source text DEFAULT NULL) RETURNS TABLE (source_name text, input text, staging_view text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one nudge.sources;
BEGIN
	PERFORM nudge.check_source_name(source);
	FOR one IN SELECT s.* FROM nudge.sources s WHERE remap_sources.source IS NULL OR s.source = remap_sources.source ORDER BY s.input COLLATE "C", s.source COLLATE "C" LOOP
		source_name := one.source;
		input := one.input;
		staging_view := nudge.map_source(one.input, one.relation::regclass, one.columns, one.source, one.query, one.filter, one.zone, one.amount_scale, one.words, one.end_rule, one.expected_every);
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.remap_sources(text) IS
	'Maps a source, or all, once more as nudge.sources has them: after an update that brought columns, or after a table was made anew under its name. Not STRICT: a NULL source is all';

-- src/inputs/check_source.sql

/*
 * check_source.sql
 *		What is wrong with the rows of a source, with samples of them.
 *
 * Rules: doc/check_source.md.
 */

-- What rows of an input keep, beside the types of their columns.
CREATE FUNCTION nudge.input_rules() RETURNS TABLE (input text, rule text, columns text[], words text[])
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 90
BEGIN ATOMIC
	SELECT v.input, v.rule, v.columns::text[], v.words::text[]
	FROM (VALUES
		-- one row for each value of the columns
		('customers', 'key', '{customer}', NULL), ('users', 'key', '{user}', NULL), ('customer_merges', 'key', '{customer}', NULL),
		('plans', 'key', '{plan}', NULL), ('features', 'key', '{feature}', NULL), ('campaigns', 'key', '{campaign}', NULL),
		('partners', 'key', '{partner}', NULL), ('competitors', 'key', '{competitor}', NULL), ('contracts', 'key', '{contract}', NULL),
		('exchange_rates', 'key', '{currency,day,base}', NULL), ('touches', 'key', '{touch}', NULL), ('conversions', 'key', '{conversion}', NULL),
		('content', 'key', '{content}', NULL), ('funnel_definitions', 'key', '{funnel,step_no}', NULL), ('action_sets', 'key', '{name,event}', NULL),
		('usage', 'key', '{customer,meter,period}', NULL), ('tickets', 'key', '{ticket}', NULL), ('deals', 'key', '{deal}', NULL),
		('scores', 'key', '{entity,at,model}', NULL), ('quotas', 'key', '{owner,period}', NULL), ('incidents', 'key', '{incident}', NULL), ('bugs', 'key', '{bug}', NULL),
		-- the first column is not after the second
		('identities', 'span', '{valid_from,valid_to}', NULL), ('dimension_history', 'span', '{valid_from,valid_to}', NULL),
		('subscriptions', 'span', '{valid_from,valid_to}', NULL), ('account_facts', 'span', '{valid_from,valid_to}', NULL), ('contracts', 'span', '{starts_at,ends_at}', NULL),
		('campaigns', 'span', '{started_at,ended_at}', NULL), ('partners', 'span', '{joined_at,left_at}', NULL), ('tickets', 'span', '{opened_at,first_response_at}', NULL),
		('tickets', 'span', '{opened_at,resolved_at}', NULL), ('tickets', 'span', '{opened_at,reopened_at}', NULL), ('surveys', 'span', '{sent_at,answered_at}', NULL),
		('interventions', 'span', '{at,outcome_at}', NULL), ('deals', 'span', '{created_at,closed_at}', NULL), ('incidents', 'span', '{started_at,ended_at}', NULL),
		('incidents', 'span', '{started_at,detected_at}', NULL), ('maintenance', 'span', '{started_at,ended_at}', NULL),
		('deployments', 'span', '{change_created_at,at}', NULL), ('deployments', 'span', '{at,restored_at}', NULL), ('bugs', 'span', '{opened_at,closed_at}', NULL),
		-- intervals, by the first two columns, of one value of the others
		('identities', 'overlap', '{valid_from,valid_to,anonymous_id}', NULL), ('dimension_history', 'overlap', '{valid_from,valid_to,customer,dimension}', NULL),
		('subscriptions', 'overlap', '{valid_from,valid_to,customer,subscription,item}', NULL),
		('subscriptions', 'gap', '{valid_from,valid_to,customer,subscription,item}', NULL),
		-- words that the functions know
		('subscriptions', 'words', '{interval_unit}', '{day,week,month,quarter,year,none}'), ('subscriptions', 'words', '{discount_kind}', '{once,repeating,forever}'),
		('subscriptions', 'words', '{end_reason}', '{voluntary,involuntary}'), ('subscriptions', 'words', '{status}', '{active,trialing,at_risk,paused,excluded,ended}'),
		('plans', 'words', '{interval_unit}', '{day,week,month,quarter,year,none}'), ('plans', 'words', '{kind}', '{plan,addon}'),
		('charges', 'words', '{kind}', '{overage,service,setup,other}'), ('payments', 'words', '{outcome}', '{paid,failed,refunded}'),
		('surveys', 'words', '{kind}', '{nps,csat,ces}'), ('deals', 'words', '{outcome}', '{won,lost,no_decision}'), ('requests', 'words', '{part}', '{server,dom,render}'),
		('campaigns', 'words', '{kind}', '{brand,competitor,generic,content,event}'),
		('competitor_facts', 'words', '{kind}', '{mention,share_of_voice,market_size,price,contacts,feature,feature_count,switching_cost}'),
		-- at least one of the columns
		('events', 'some', '{user,anonymous_id}', NULL), ('touches', 'some', '{user,customer,anonymous_id}', NULL), ('funnel_definitions', 'some', '{event,condition}', NULL),
		-- from 0 to 1
		('subscriptions', 'share', '{discount}', NULL), ('campaigns', 'share', '{budget_share}', NULL), ('funnel_definitions', 'share', '{target_rate}', NULL),
		('resource_samples', 'share', '{utilisation}', NULL), ('coverage_samples', 'share', '{coverage}', NULL),
		-- above 0
		('subscriptions', 'positive', '{interval_count}', NULL), ('exchange_rates', 'positive', '{rate}', NULL), ('contracts', 'positive', '{term_months}', NULL),
		-- the first column is a key of the input that is the word
		('users', 'reference', '{customer}', '{customers}'), ('subscriptions', 'reference', '{customer}', '{customers}'), ('subscriptions', 'reference', '{plan}', '{plans}'),
		('contracts', 'reference', '{customer}', '{customers}'), ('charges', 'reference', '{customer}', '{customers}'), ('payments', 'reference', '{customer}', '{customers}'),
		('usage', 'reference', '{customer}', '{customers}'), ('spend', 'reference', '{campaign}', '{campaigns}'), ('spend', 'reference', '{partner}', '{partners}'),
		('events', 'reference', '{user}', '{users}'), ('events', 'reference', '{customer}', '{customers}'), ('events', 'reference', '{feature}', '{features}'),
		('touches', 'reference', '{customer}', '{customers}'), ('conversions', 'reference', '{customer}', '{customers}'), ('leads', 'reference', '{customer}', '{customers}'),
		('tickets', 'reference', '{customer}', '{customers}'), ('surveys', 'reference', '{customer}', '{customers}'), ('account_facts', 'reference', '{customer}', '{customers}'),
		('interventions', 'reference', '{customer}', '{customers}'), ('deals', 'reference', '{customer}', '{customers}'), ('deals', 'reference', '{partner}', '{partners}'),
		('deal_stages', 'reference', '{deal}', '{deals}'), ('activities', 'reference', '{deal}', '{deals}'), ('dimension_history', 'reference', '{customer}', '{customers}'),
		('identities', 'reference', '{user}', '{users}'), ('customer_merges', 'reference', '{merged_into}', '{customers}'), ('users', 'reference', '{plan}', '{plans}'),
		('touches', 'reference', '{user}', '{users}'), ('touches', 'reference', '{campaign}', '{campaigns}'), ('touches', 'reference', '{partner}', '{partners}'),
		('sends', 'reference', '{campaign}', '{campaigns}'), ('sends', 'reference', '{customer}', '{customers}'), ('surveys', 'reference', '{user}', '{users}'),
		('costs', 'reference', '{plan}', '{plans}'), ('deals', 'reference', '{competitor}', '{competitors}'), ('competitor_facts', 'reference', '{competitor}', '{competitors}')
	) v(input, rule, columns, words);
END;
COMMENT ON FUNCTION nudge.input_rules() IS
	'What rows of the inputs keep: key (one row for each), span (the first is not after the second), overlap and gap (of intervals of one key), words (the only ones), some (not all NULL), share (0 to 1), positive, reference (a key of another input)';

-- A condition on rows v that bad ones meet, for each check of the values of a
-- row: all are tried in one scan.
CREATE FUNCTION nudge.value_checks(input text) RETURNS TABLE (place integer, problem text, severity text, column_name text, condition text, description text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 30
BEGIN ATOMIC
	SELECT 1, 'missing', 'error', c.column_name, format('v.%I IS NULL', c.column_name),
		'a required value is NULL: ' || lower(left(c.description, 1)) || substr(c.description, 2)
	FROM nudge.input_columns c WHERE c.input = value_checks.input AND c.required
	UNION ALL
	SELECT 2, 'not a number', 'error', c.column_name, format('v.%I IN (''NaN'', ''Infinity'', ''-Infinity'')', c.column_name), 'a number is infinite, or none'
	FROM nudge.input_columns c WHERE c.input = value_checks.input AND c.data_type = 'numeric'
	UNION ALL
	SELECT 3, 'time out of range', 'warning', c.column_name, format('(v.%1$I < ''1990-01-01 00:00+00'' OR v.%1$I >= ''2100-01-01 00:00+00'')', c.column_name),
		'a time is before 1990 or after 2099, as when a number was read in the wrong unit; what has no end has NULL'
	FROM nudge.input_columns c WHERE c.input = value_checks.input AND c.data_type IN ('timestamptz', 'date')
	UNION ALL
	SELECT 4, 'unknown currency', v.severity, c.column_name, format(v.condition, c.column_name), v.description
	FROM nudge.input_columns c, (VALUES
		('error', 'v.%1$I !~* ''^[a-z]{3}$''', 'a currency is no code of three letters'),
		('warning', '(v.%1$I ~* ''^[a-z]{3}$'' AND nudge.source_minor_unit(v.%1$I) IS NULL)', 'ISO 4217 does not have the currency')) v(severity, condition, description)
	WHERE c.input = value_checks.input AND c.column_name IN ('currency', 'base')
	UNION ALL
	SELECT 6, CASE r.rule WHEN 'span' THEN 'negative span' WHEN 'words' THEN 'unknown word' WHEN 'some' THEN 'missing' WHEN 'share' THEN 'not a share' ELSE 'not positive' END,
		-- words that the functions take as they are
		CASE WHEN r.input || '.' || r.columns[1] IN ('subscriptions.status', 'campaigns.kind') THEN 'warning' ELSE 'error' END,
		array_to_string(r.columns, ', '),
		CASE r.rule
			WHEN 'span' THEN format('v.%I > v.%I', r.columns[1], r.columns[2])
			WHEN 'words' THEN format('lower(btrim(v.%I)) <> ALL (%L)', r.columns[1], r.words)
			WHEN 'some' THEN (SELECT string_agg(format('v.%I IS NULL', k), ' AND ') FROM unnest(r.columns) k)
			WHEN 'share' THEN format('(v.%1$I < 0 OR v.%1$I > 1)', r.columns[1])
			ELSE format('v.%I <= 0', r.columns[1]) END,
		CASE r.rule
			WHEN 'span' THEN format('%s is after %s', r.columns[1], r.columns[2])
			WHEN 'words' THEN 'the words are ' || array_to_string(r.words, ', ') || '; map others with "words"'
			WHEN 'some' THEN 'a row needs one of them'
			WHEN 'share' THEN 'it is not from 0 to 1'
			ELSE 'it is not above 0' END
	FROM nudge.input_rules() r WHERE r.input = value_checks.input AND r.rule IN ('span', 'words', 'some', 'share', 'positive');
END;
COMMENT ON FUNCTION nudge.value_checks(text) IS 'Works for check_source: the checks of the values of one row, each with the condition on v that bad rows meet';

-- Rows v and a condition on them that bad ones meet, for each check that looks
-- at more than one row, of all sources of the input.
CREATE FUNCTION nudge.set_checks(input text, gap_days integer) RETURNS TABLE (place integer, problem text, severity text, column_name text, checked_rows text, condition text, description text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT 7, CASE r.rule WHEN 'key' THEN 'duplicate' WHEN 'overlap' THEN 'overlap' WHEN 'gap' THEN 'short gap' ELSE 'orphan' END,
		CASE WHEN r.rule IN ('key', 'overlap') THEN 'error' ELSE 'warning' END,
		CASE WHEN r.rule IN ('overlap', 'gap') THEN r.columns[1] ELSE array_to_string(r.columns, ', ') END,
		CASE r.rule
			WHEN 'key' THEN format('(SELECT w.*, count(*) OVER (PARTITION BY %s) AS rows_of_key FROM %s w WHERE %s)', k.names, n.view_name, k.given)
			WHEN 'reference' THEN n.view_name
			ELSE format('(SELECT w.*, max(coalesce(w.%2$I, ''infinity'')) OVER (PARTITION BY %3$s ORDER BY w.%1$I, w.%2$I ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended_before FROM %4$s w WHERE w.%1$I < coalesce(w.%2$I, ''infinity''))',
				r.columns[1], r.columns[2], k.others, n.view_name) END,
		CASE r.rule
			WHEN 'key' THEN 'v.rows_of_key > 1'
			WHEN 'overlap' THEN format('v.ended_before > v.%I', r.columns[1])
			-- in hours: days would be those of the session's zone
			WHEN 'gap' THEN format('v.ended_before < v.%1$I AND v.%1$I < v.ended_before + interval ''%2$s hours''', r.columns[1], gap_days * 24)
			ELSE format('v.%1$I IS NOT NULL AND NOT EXISTS (SELECT FROM nudge_staging.%2$I f WHERE f.%3$I = v.%1$I)', r.columns[1], r.words[1], f.columns[1])
				-- an account that was merged into another is no more
				|| CASE WHEN r.words[1] = 'customers' AND to_regclass('nudge_staging.customer_merges') IS NOT NULL
					THEN format(' AND NOT EXISTS (SELECT FROM nudge_staging.customer_merges m WHERE m.customer = v.%I)', r.columns[1]) ELSE '' END END,
		CASE r.rule
			WHEN 'key' THEN 'rows have the same key'
			WHEN 'overlap' THEN format('intervals of one %s overlap', r.columns[cardinality(r.columns)])
			WHEN 'gap' THEN format('less than %s days are missing between intervals of one %s', gap_days, r.columns[cardinality(r.columns)])
			ELSE format('the input %s does not have it', r.words[1]) END
	FROM (SELECT format('nudge_staging.%I', set_checks.input) AS view_name) n, nudge.input_rules() r
		LEFT JOIN nudge.input_rules() f ON f.rule = 'key' AND f.input = r.words[1],
		LATERAL (SELECT string_agg(format('w.%I', c.name), ', ') AS names, string_agg(format('w.%I', c.name), ', ') FILTER (WHERE c.place > 2) AS others,
			string_agg(format('w.%I IS NOT NULL', c.name), ' OR ') AS given FROM unnest(r.columns) WITH ORDINALITY c(name, place)) k
	WHERE r.input = set_checks.input AND (r.rule IN ('key', 'overlap') OR r.rule = 'gap' AND gap_days > 0
		OR r.rule = 'reference' AND to_regclass(format('nudge_staging.%I', r.words[1])) IS NOT NULL)
	UNION ALL
	SELECT 5, 'missing exchange rate', 'warning', 'currency', format('nudge_staging.%I', set_checks.input),
		'upper(v.currency) <> ALL (ARRAY(SELECT upper(e.currency) FROM nudge_staging.exchange_rates e UNION SELECT upper(e.base) FROM nudge_staging.exchange_rates e WHERE e.base IS NOT NULL))',
		'amounts are in a currency that exchange_rates does not have'
	FROM nudge.input_columns c
	WHERE c.input = set_checks.input AND c.input <> 'exchange_rates' AND c.column_name = 'currency' AND to_regclass('nudge_staging.exchange_rates') IS NOT NULL;
END;
COMMENT ON FUNCTION nudge.set_checks(text, integer) IS
	'Works for check_source: the checks of rows among each other, each with rows v and the condition on v that bad rows meet';

-- Finding what is wrong ---------------------------------------------------

CREATE FUNCTION nudge.source_problems(source text, input text, samples integer, gap_days integer)
	RETURNS TABLE (place integer, problem text, severity text, column_name text, bad_rows bigint, sample jsonb, description text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := format('nudge_staging.%I', input);
	of_source constant text := format('v.source_name = %L', source);
	counts bigint[];
	one record;
BEGIN
	EXECUTE (SELECT format('SELECT ARRAY[%s]::bigint[] FROM %s v WHERE %s',
			string_agg(format('count(*) FILTER (WHERE %s)', c.condition), ', ' ORDER BY c.place, c.problem COLLATE "C", c.column_name COLLATE "C", c.severity COLLATE "C"), view_name, of_source)
		FROM nudge.value_checks(source_problems.input) c) INTO counts;
	FOR one IN
		SELECT c.place, c.problem, c.severity, c.column_name, view_name AS checked_rows, c.condition, c.description,
			counts[row_number() OVER (ORDER BY c.place, c.problem COLLATE "C", c.column_name COLLATE "C", c.severity COLLATE "C")] AS found
		FROM nudge.value_checks(source_problems.input) c
		UNION ALL
		SELECT c.place, c.problem, c.severity, c.column_name, c.checked_rows, c.condition, c.description, NULL FROM nudge.set_checks(source_problems.input, gap_days) c
	LOOP
		place := one.place;
		problem := one.problem;
		severity := one.severity;
		column_name := one.column_name;
		description := one.description;
		bad_rows := one.found;
		IF bad_rows IS NULL THEN
			EXECUTE format('SELECT count(*) FROM %s v WHERE %s AND %s', one.checked_rows, of_source, one.condition) INTO bad_rows;
		END IF;
		CONTINUE WHEN bad_rows = 0;
		EXECUTE format('SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(b) - ''source_name'')) FROM (SELECT v.* FROM %s v WHERE %s AND %s LIMIT $1) b', one.checked_rows, of_source, one.condition)
			INTO sample USING samples;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.source_problems(text, text, integer, integer) IS 'Works for check_source: what is wrong with the rows of one source';

CREATE FUNCTION nudge.check_source(source text DEFAULT NULL, samples integer DEFAULT 5, gap_days integer DEFAULT 3) RETURNS TABLE (
	source_name text,
	input text,
	problem text,
	severity text,
	column_name text,
	bad_rows bigint,
	sample jsonb,
	description text
)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	most_samples constant integer := 1000;
BEGIN
	PERFORM nudge.check_source_name(source);
	IF NOT coalesce(samples BETWEEN 0 AND most_samples, false) OR NOT coalesce(gap_days BETWEEN 0 AND 10000, true) THEN
		RAISE EXCEPTION 'samples or gap_days is out of range' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('They are %s and %s.', coalesce(samples::text, 'NULL'), coalesce(gap_days::text, 'NULL')),
			HINT = format('Pass at most %s samples, and days from 0 to 10000; 0 is none.', most_samples);
	END IF;
	FOR source_name, input IN
		SELECT s.source, s.input FROM nudge.sources s WHERE check_source.source IS NULL OR s.source = check_source.source
		ORDER BY s.input COLLATE "C", s.source COLLATE "C"
	LOOP
		-- what one source has wrong must not hide the others
		BEGIN
			RETURN QUERY SELECT source_name, check_source.input, p.problem, p.severity, p.column_name, p.bad_rows, p.sample, p.description
				FROM nudge.source_problems(source_name, check_source.input, samples, coalesce(gap_days, 0)) p
				ORDER BY p.place, p.problem COLLATE "C", p.column_name COLLATE "C", p.severity COLLATE "C";
		EXCEPTION WHEN OTHERS THEN
			problem := 'not readable';
			severity := 'error';
			column_name := NULL;
			bad_rows := NULL;
			sample := NULL;
			description := SQLERRM;
			RETURN NEXT;
		END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.check_source(text, integer, integer) IS
	'What is wrong with the rows of a source, or of all: missing values, negative and overlapping intervals, unknown words and currencies, missing rates, orphans, duplicates, with how many rows and samples of them. Not STRICT: a NULL source is all, NULL days are no check of gaps';

-- Freshness ---------------------------------------------------------------

CREATE FUNCTION nudge.newest_row(source text, input text, as_of timestamptz, zone text) RETURNS timestamptz
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	newest timestamptz;
	newest_day date;
	timed record;
BEGIN
	SELECT k.column_name, k.data_type INTO timed FROM nudge.input_columns k
	WHERE k.input = newest_row.input AND k.required AND k.data_type IN ('timestamptz', 'date') ORDER BY k.position LIMIT 1;
	IF timed.data_type = 'date' THEN
		EXECUTE format('SELECT max(v.%1$I) FROM nudge_staging.%2$I v WHERE v.source_name = %3$L AND v.%1$I <= $1 AND v.%1$I > ''-infinity''', timed.column_name, input, source)
			INTO newest_day USING nudge.civil_date(as_of, coalesce(zone, 'UTC'));
		newest := newest_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	ELSIF timed.data_type = 'timestamptz' THEN
		EXECUTE format('SELECT max(v.%1$I) FROM nudge_staging.%2$I v WHERE v.source_name = %3$L AND v.%1$I <= $1 AND v.%1$I > ''-infinity''', timed.column_name, input, source)
			INTO newest USING as_of;
	END IF;
	RETURN newest;
END
$$;
COMMENT ON FUNCTION nudge.newest_row(text, text, timestamptz, text) IS
	'Works for source_freshness: the time of the newest row of a source, by the first time that its input requires. Not STRICT: a NULL zone is UTC';

CREATE FUNCTION nudge.source_freshness(as_of timestamptz DEFAULT now()) RETURNS TABLE (
	source_name text,
	input text,
	newest_at timestamptz,
	age_hours numeric,
	expected_every_hours numeric,
	late boolean,
	problem text
)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one nudge.sources;
BEGIN
	FOR one IN SELECT s.* FROM nudge.sources s ORDER BY s.input COLLATE "C", s.source COLLATE "C" LOOP
		source_name := one.source;
		input := one.input;
		newest_at := NULL;
		problem := NULL;
		BEGIN
			newest_at := nudge.newest_row(one.source, one.input, as_of, one.zone);
		EXCEPTION WHEN OTHERS THEN
			problem := SQLERRM;
		END;
		age_hours := round(extract(epoch FROM as_of - newest_at) / 3600, 2);
		expected_every_hours := round(extract(epoch FROM one.expected_every) / 3600, 2);
		late := CASE WHEN problem IS NULL AND as_of IS NOT NULL AND EXISTS (SELECT FROM nudge.input_columns k WHERE k.input = one.input AND k.required AND k.data_type IN ('timestamptz', 'date'))
			THEN coalesce(extract(epoch FROM as_of - newest_at), 'infinity') > extract(epoch FROM one.expected_every) END;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.source_freshness(timestamptz) IS
	'How old the newest row of each source is, by the first time that its input requires, and whether it is late by expected_every. Not STRICT: a NULL time leaves all NULL';

-- src/reports/costs.sql

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

-- src/reports/profitability.sql

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

-- src/reports/acquisition.sql

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

-- src/reports/channels.sql

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

-- src/reports/competition.sql

/*
 * competition.sql
 *		Competitors: who is heard, who is bought, what they charge and offer,
 *		and why deals are won and lost.
 *
 * Definitions: doc/competition.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.check_competitor_facts(bad_kind text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF bad_kind IS NOT NULL THEN
		RAISE EXCEPTION 'a fact of kind "%" must name a competitor and have a value that is not negative', bad_kind
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Counts, prices, sizes and shares are numbers from 0.',
				HINT = 'Correct such rows, or pass a view without them.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_competitor_facts(text) IS
	'An error if there is a kind of facts that are not as they must be. Not STRICT: NULL is no such kind';

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
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH fact AS MATERIALIZED (
			SELECT f.at, f.competitor, lower(btrim(f.kind)) AS kind, f.channel, f.value, f.detail
			FROM (%s) f
			WHERE lower(btrim(f.kind)) = ANY ($1) AND ($2 IS NULL OR f.at >= $2) AND ($3 IS NULL OR f.at < $3)
		), one AS MATERIALIZED (
			SELECT nudge.check_competitor_facts(min(f.kind)
				FILTER (WHERE f.competitor IS NULL OR f.value IS NULL OR f.value < 0 OR f.value IN ('NaN', 'Infinity'))) AS checked
			FROM fact f
		)
		SELECT f.* FROM one, fact f
		$query$, nudge.input_query('competitor_facts', competitor_facts))
		USING kinds, start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone;
END
$$;
COMMENT ON FUNCTION nudge.competitor_fact_rows(regclass, text[], date, date, text) IS
	'The competitor_facts of some kinds in a window, checked. Not STRICT: NULL days are no bounds, a NULL relation has no rows';

CREATE FUNCTION nudge.check_outcome(unknown text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'unknown outcome "%" of a deal', unknown
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The outcomes are won, lost and no_decision.',
				HINT = 'Pass a view that translates yours.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_outcome(text) IS
	'An error if there is an outcome of deals that is not known. Not STRICT: NULL is no such outcome';

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
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH closed AS MATERIALIZED (
			SELECT d.deal, d.customer, nudge.civil_date(d.closed_at, $3) AS closed_on, lower(btrim(d.outcome)) AS outcome,
				d.competitor, d.reason, d.segment, d.owner, d.team, d.partner, d.amount, d.currency
			FROM (%s) d
			WHERE d.closed_at >= $1 AND d.closed_at < $2
		), one AS MATERIALIZED (
			SELECT nudge.check_outcome(min(d.outcome) FILTER (WHERE d.outcome NOT IN ('won', 'lost', 'no_decision'))) AS checked
			FROM closed d
		)
		SELECT d.* FROM one, closed d
		$query$, nudge.input_query('deals', deals))
		USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone;
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

-- src/reports/partners.sql

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

-- src/reports/surveys.sql

/*
 * surveys.sql
 *		Surveys as they are sent and answered: NPS, CSAT and CES by period
 *		and segment, and how many answer how soon.
 *
 * The numbers are defined in doc/satisfaction.md.
 */

-- Rows, each checked once ---------------------------------------------------

-- The arguments that all functions below share; the scale that holds.
CREATE FUNCTION nudge.survey_scale(
	kind text,
	"by" text,
	counting text,
	keep text,
	INOUT scale_low integer DEFAULT NULL,
	INOUT scale_high integer DEFAULT NULL
)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong constant text := CASE
		WHEN kind IS NULL OR kind NOT IN ('nps', 'csat', 'ces') THEN 'kind'
		WHEN "by" NOT IN ('name', 'segment', 'industry', 'company_size', 'region', 'growth_tier', 'sales_channel', 'owner') THEN 'by'
		WHEN counting IS NULL OR counting NOT IN ('sent', 'answered') THEN 'counting'
		WHEN keep IS NULL OR keep NOT IN ('all', 'latest_per_user', 'latest_per_customer') THEN 'keep' END;
BEGIN
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'unknown value "%" of "%"', left(CASE wrong WHEN 'kind' THEN kind WHEN 'by' THEN "by" WHEN 'counting' THEN counting ELSE keep END, 40), wrong
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = CASE wrong WHEN 'kind' THEN 'Surveys ask for nps, csat or ces.'
					WHEN 'by' THEN 'It is a column of customers: name, segment, industry, company_size, region, growth_tier, sales_channel or owner.'
					WHEN 'counting' THEN 'A survey counts when it was sent, or when it was answered.'
					ELSE 'Of the answers of a period count all, the latest_per_user or the latest_per_customer.' END,
				HINT = CASE wrong WHEN 'by' THEN 'Leave it out for all together, or pass a view of customers that has yours as segment.'
					ELSE 'Write one of these words.' END;
	END IF;
	scale_low := coalesce(scale_low, CASE kind WHEN 'nps' THEN 0 ELSE 1 END);
	scale_high := coalesce(scale_high, CASE kind WHEN 'nps' THEN 10 WHEN 'csat' THEN 5 ELSE 7 END);
	IF kind = 'nps' AND (scale_low <> 0 OR scale_high <> 10) THEN
		RAISE EXCEPTION 'the scale of nps is from 0 to 10'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It was given as %s to %s.', scale_low, scale_high),
				HINT = 'Leave the scale out.';
	ELSIF scale_low >= scale_high THEN
		RAISE EXCEPTION 'a scale must end above its beginning'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is from %s to %s.', scale_low, scale_high),
				HINT = 'Pass the worst and the best possible answer, such as 1 and 5.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.survey_scale(text, text, text, text, integer, integer) IS
	'Works for survey_rows: an error for unknown options, else the scale of a kind of survey. Not STRICT: NULL ends of the scale are its usual ones';

CREATE FUNCTION nudge.check_survey_answers(too_early bigint, off_scale text, scale_low integer, scale_high integer) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF too_early > 0 THEN
		RAISE EXCEPTION 'a survey was answered before it was sent'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('That is so in %s rows.', too_early),
				HINT = 'Pass a view that corrects them, or leaves answered_at open where it is not known.';
	ELSIF off_scale IS NOT NULL THEN
		RAISE EXCEPTION 'a score of surveys, %, is not on the scale from % to %', left(off_scale, 40), scale_low, scale_high
			USING ERRCODE = 'numeric_value_out_of_range',
				DETAIL = 'An answer off the scale is a mistake, or one to another question. Those of nps are whole numbers.',
				HINT = 'Pass scale_low and scale_high, or a view with scores of one scale.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_survey_answers(bigint, text, integer, integer) IS
	'An error if answers of surveys came too early or are off the scale. Not STRICT: a NULL score is none';

CREATE FUNCTION nudge.survey_rows(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	customer text,
	user_id text,
	sent_at timestamptz,
	answered_at timestamptz,
	score numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	asked constant text := lower(btrim(kind));
	scale record;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	SELECT s.scale_low, s.scale_high INTO scale
	FROM nudge.survey_scale(asked, "by", counting, keep, survey_rows.scale_low, survey_rows.scale_high) s;
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			SELECT w.period, w.start_at, w.end_at FROM nudge.window_spans($2, $3, $4, $5) w
		), line AS MATERIALIZED (
			SELECT i.customer, i."user" AS user_id, lower(btrim(i.kind)) AS kind, i.sent_at, a.answered_at, a.score,
				CASE $7 WHEN 'sent' THEN i.sent_at ELSE coalesce(a.answered_at, i.sent_at) END AS counted_at
			FROM (%s) i,
				LATERAL (SELECT i.score IS NOT NULL AND coalesce(i.answered_at < $6, true) AS is_known) k,
				LATERAL (SELECT CASE WHEN k.is_known THEN i.score END AS score, CASE WHEN k.is_known THEN i.answered_at END AS answered_at) a
			WHERE coalesce(lower(btrim(i.kind)), '') <> ALL (array_remove(ARRAY['nps', 'csat', 'ces'], $1))
				AND (i.sent_at IS NULL
					OR coalesce(i.sent_at < $6, true)
					AND CASE $7 WHEN 'sent' THEN i.sent_at ELSE coalesce(a.answered_at, i.sent_at) END >= (SELECT min(s.start_at) FROM span s)
					AND CASE $7 WHEN 'sent' THEN i.sent_at ELSE coalesce(a.answered_at, i.sent_at) END < (SELECT max(s.end_at) FROM span s))
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('surveys', count(*) FILTER (WHERE NOT coalesce(l.customer IS NOT NULL AND isfinite(l.sent_at)
						AND coalesce(isfinite(l.answered_at), true) AND coalesce(abs(l.score) < 'Infinity', true), false)),
					'kind', min(coalesce(l.kind, '')) FILTER (WHERE coalesce(l.kind, '') NOT IN ('nps', 'csat', 'ces')), 'nps, csat and ces')
				AND nudge.check_survey_answers(count(*) FILTER (WHERE l.answered_at < l.sent_at),
					min(l.score::text) FILTER (WHERE l.score NOT BETWEEN $9 AND $10 OR $1 = 'nps' AND l.score <> trunc(l.score)), $9, $10) AS fine
			FROM line l
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, CASE WHEN $11 THEN c.%I END AS value, c.internal
			FROM (%s) c
			WHERE coalesce(c.created_at < $6, true)
			ORDER BY c.customer, c.created_at DESC NULLS LAST, c.%2$I COLLATE "C", c.internal
		), told AS (
			SELECT s.period, c.value, l.*
			FROM checked k, line l
			JOIN span s ON l.counted_at >= s.start_at AND l.counted_at < s.end_at
			LEFT JOIN customer c ON c.customer = l.customer
			WHERE k.fine AND ($7 = 'sent' OR l.score IS NOT NULL) AND c.internal IS NOT TRUE
		), kept AS (
			SELECT t.*, row_number() OVER (PARTITION BY t.period, t.customer, CASE $8 WHEN 'latest_per_user' THEN t.user_id END
				ORDER BY t.score IS NULL, coalesce(t.answered_at, t.sent_at) DESC, t.sent_at DESC, t.score, t.user_id COLLATE "C") AS place
			FROM told t
		)
		SELECT t.period, t.value, t.customer, t.user_id, t.sent_at, t.answered_at, t.score
		FROM kept t
		WHERE $8 = 'all' OR t.place = 1
		ORDER BY t.period, t.counted_at, t.customer COLLATE "C", t.user_id COLLATE "C", t.score
	$query$, nudge.input_query('surveys', surveys), coalesce("by", 'segment'), nudge.input_query('customers', customers))
	USING asked, start_day, end_day, grain, zone, as_of, counting, keep, scale.scale_low, scale.scale_high, "by" IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.survey_rows(regclass, text, date, date, text, text, timestamptz, regclass, text, text, text, integer, integer) IS
	'The surveys of one kind that count in a window, checked, with period and value of "by": what all reports on surveys add up. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Groups, and the periods in which nothing was asked ------------------------

CREATE FUNCTION nudge.survey_groups(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text,
	zone text,
	as_of timestamptz,
	customers regclass,
	"by" text,
	counting text,
	keep text,
	answer_days integer,
	scale_low integer,
	scale_high integer
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	customers_answered bigint,
	respondents bigint,
	open_surveys bigint,
	state nudge.survey_state,
	state_before nudge.survey_state
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	question constant text := lower(btrim(kind));
	scale record;
BEGIN
	SELECT s.scale_low, s.scale_high INTO scale
	FROM nudge.survey_scale(question, "by", counting, keep, survey_groups.scale_low, survey_groups.scale_high) s;
	PERFORM nudge.check_count('answer_days', answer_days, 1, 3660);
	RETURN QUERY
		WITH found AS MATERIALIZED (
			SELECT r.period, r.value, grouping(r.value) = 1 AS is_total,
				count(DISTINCT r.customer) FILTER (WHERE r.score IS NOT NULL) AS customers_answered,
				count(DISTINCT ROW(r.customer, r.user_id)) FILTER (WHERE r.score IS NOT NULL) AS respondents,
				count(*) FILTER (WHERE r.score IS NULL AND r.sent_at + make_interval(hours => 24 * answer_days) > as_of) AS open_surveys,
				CASE question WHEN 'nps' THEN nudge.nps_agg(r.score) FILTER (WHERE question = 'nps')
					WHEN 'csat' THEN nudge.csat_agg(r.score, scale.scale_low, scale.scale_high) FILTER (WHERE question = 'csat')
					ELSE nudge.ces_agg(r.score, scale.scale_low, scale.scale_high) FILTER (WHERE question = 'ces') END AS state
			FROM nudge.survey_rows(surveys, question, start_day, end_day, grain, zone, as_of, customers, "by", counting, keep,
				scale.scale_low, scale.scale_high) r
			GROUP BY GROUPING SETS ((r.period, r.value), (r.period))
		), line AS (
			SELECT NULL AS value, true AS is_total
			UNION
			SELECT f.value, f.is_total FROM found f WHERE "by" IS NOT NULL
		)
		SELECT w.period, w.period_end, w.complete, l.value, l.is_total, coalesce(f.customers_answered, 0),
			coalesce(f.respondents, 0), CASE WHEN as_of IS NOT NULL AND counting = 'sent' THEN coalesce(f.open_surveys, 0) END,
			f.state, lag(f.state) OVER (PARTITION BY l.is_total, l.value ORDER BY w.period)
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		CROSS JOIN line l
		LEFT JOIN found f ON f.period = w.period AND f.is_total = l.is_total AND f.value IS NOT DISTINCT FROM l.value
		ORDER BY w.period, l.is_total, l.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.survey_groups(regclass, text, date, date, text, text, timestamptz, regclass, text, text, text, integer, integer, integer) IS
	'Works for the reports on surveys: every period of a window, in all and by value of "by", with its state and that of the period before. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.survey_states(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (period date, value text, state nudge.survey_state)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.value, g.state
		FROM nudge.survey_groups(surveys, kind, start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, 14, scale_low, scale_high) g
		WHERE g.is_total = ("by" IS NULL) AND g.state IS NOT NULL
		ORDER BY g.period, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.survey_states(regclass, text, date, date, text, text, timestamptz, regclass, text, text, text, integer, integer) IS
	'The answers of each period and value of "by" as a state, to be stored and merged: a row for each that was asked. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Reports -------------------------------------------------------------------

CREATE FUNCTION nudge.nps_report(
	surveys regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	confidence double precision DEFAULT 0.95,
	minimum_answers integer DEFAULT 1,
	answer_days integer DEFAULT 14
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	asked bigint,
	answered bigint,
	response_rate numeric,
	open_surveys bigint,
	respondents bigint,
	customers_answered bigint,
	promoters bigint,
	passives bigint,
	detractors bigint,
	score numeric,
	score_low double precision,
	score_high double precision,
	band text,
	action text,
	score_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.period_end, g.complete, g.value, g.is_total,
			-- of those who answered it is not known how many were asked
			CASE counting WHEN 'sent' THEN coalesce(n.asked, 0) END, coalesce(n.answered, 0), CASE counting WHEN 'sent' THEN n.response_rate END,
			g.open_surveys, g.respondents, g.customers_answered, coalesce(n.promoters, 0), coalesce(n.passives, 0), coalesce(n.detractors, 0),
			n.score, n.score_low, n.score_high, n.band, n.action, d.difference, d.p_value
		FROM nudge.survey_groups(surveys, 'nps', start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, answer_days, 0, 10) g,
			LATERAL nudge.nps(g.state, coalesce(confidence, 0.95), coalesce(minimum_answers, 1)) n,
			LATERAL nudge.survey_compare(g.state, g.state_before) d;
END
$$;
COMMENT ON FUNCTION nudge.nps_report(regclass, date, date, text, text, timestamptz, regclass, text, text, text, double precision, integer, integer) IS
	'Net promoter score by period, in all and by a column of customers, with interval, band and the change from the period before. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

CREATE FUNCTION nudge.csat_report(
	surveys regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	confidence double precision DEFAULT 0.95,
	answer_days integer DEFAULT 14,
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	asked bigint,
	answered bigint,
	response_rate numeric,
	open_surveys bigint,
	respondents bigint,
	customers_answered bigint,
	mean_score numeric,
	mean_low double precision,
	mean_high double precision,
	top_two_box bigint,
	top_two_box_share numeric,
	share_low double precision,
	share_high double precision,
	scaled_score numeric,
	mean_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.period_end, g.complete, g.value, g.is_total,
			-- of those who answered it is not known how many were asked
			CASE counting WHEN 'sent' THEN coalesce(n.asked, 0) END, coalesce(n.answered, 0), CASE counting WHEN 'sent' THEN n.response_rate END,
			g.open_surveys, g.respondents, g.customers_answered, n.mean_score, n.mean_low, n.mean_high,
			CASE WHEN g.state IS NULL THEN 0 ELSE n.top_two_box END, n.top_two_box_share, n.share_low, n.share_high, n.scaled_score,
			d.difference, d.p_value
		FROM nudge.survey_groups(surveys, 'csat', start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, answer_days,
				scale_low, scale_high) g,
			LATERAL nudge.csat(g.state, coalesce(confidence, 0.95)) n,
			LATERAL nudge.survey_compare(g.state, g.state_before) d;
END
$$;
CREATE FUNCTION nudge.ces_report(
	surveys regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	counting text DEFAULT 'sent',
	keep text DEFAULT 'all',
	confidence double precision DEFAULT 0.95,
	answer_days integer DEFAULT 14,
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	asked bigint,
	answered bigint,
	response_rate numeric,
	open_surveys bigint,
	respondents bigint,
	customers_answered bigint,
	mean_score numeric,
	mean_low double precision,
	mean_high double precision,
	agreeing bigint,
	agreeing_share numeric,
	share_low double precision,
	share_high double precision,
	scaled_score numeric,
	mean_change numeric,
	p_value double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT g.period, g.period_end, g.complete, g.value, g.is_total,
			-- of those who answered it is not known how many were asked
			CASE counting WHEN 'sent' THEN coalesce(n.asked, 0) END, coalesce(n.answered, 0), CASE counting WHEN 'sent' THEN n.response_rate END,
			g.open_surveys, g.respondents, g.customers_answered, n.mean_score, n.mean_low, n.mean_high,
			CASE WHEN g.state IS NULL THEN 0 ELSE n.agreeing END, n.agreeing_share, n.share_low, n.share_high, n.scaled_score,
			d.difference, d.p_value
		FROM nudge.survey_groups(surveys, 'ces', start_day, end_day, grain, zone, as_of, customers, "by", counting, keep, answer_days,
				scale_low, scale_high) g,
			LATERAL nudge.ces(g.state, coalesce(confidence, 0.95)) n,
			LATERAL nudge.survey_compare(g.state, g.state_before) d;
END
$$;
COMMENT ON FUNCTION nudge.csat_report(regclass, date, date, text, text, timestamptz, regclass, text, text, text, double precision, integer, integer, integer) IS
	'Customer satisfaction by period, in all and by a column of customers, with intervals and the change from the period before. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';
COMMENT ON FUNCTION nudge.ces_report(regclass, date, date, text, text, timestamptz, regclass, text, text, text, double precision, integer, integer, integer) IS
	'Customer effort score by period, in all and by a column of customers, with intervals and the change from the period before. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- Who answers, and how soon -------------------------------------------------

CREATE FUNCTION nudge.survey_response(
	surveys regclass,
	kind text,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	customers regclass DEFAULT NULL,
	"by" text DEFAULT NULL,
	answer_days integer DEFAULT 14,
	scale_low integer DEFAULT NULL,
	scale_high integer DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	complete boolean,
	value text,
	is_total boolean,
	sent bigint,
	answered bigint,
	open_surveys bigint,
	response_rate numeric,
	settled bigint,
	settled_answered bigint,
	settled_response_rate numeric,
	settled_rate_change numeric,
	p_value double precision,
	customers_asked bigint,
	customers_answered bigint,
	respondents bigint,
	timed_answers bigint,
	median_hours_to_answer numeric,
	p90_hours_to_answer numeric,
	within_24_hours_share numeric,
	within_72_hours_share numeric,
	days_sent bigint,
	busiest_day_share numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	window_hours interval;
BEGIN
	PERFORM nudge.check_count('answer_days', answer_days, 1, 3660);
	window_hours := make_interval(hours => 24 * answer_days);
	RETURN QUERY
		WITH survey AS MATERIALIZED (
			SELECT r.period, r.value, r.customer, r.user_id, r.score IS NOT NULL AS is_answered, r.answered_at - r.sent_at AS took,
				nudge.civil_date(r.sent_at, coalesce(zone, 'UTC')) AS sent_on,
				coalesce(r.sent_at + window_hours <= as_of, true) AS is_settled
			FROM nudge.survey_rows(surveys, kind, start_day, end_day, grain, zone, as_of, customers, "by", 'sent', 'all', scale_low, scale_high) r
		), found AS MATERIALIZED (
			SELECT s.period, s.value, grouping(s.value) = 1 AS is_total, count(*) AS sent, count(*) FILTER (WHERE s.is_answered) AS answered,
				count(*) FILTER (WHERE NOT s.is_answered AND NOT s.is_settled) AS open_surveys, count(*) FILTER (WHERE s.is_settled) AS settled,
				count(*) FILTER (WHERE s.is_settled AND s.is_answered AND coalesce(s.took <= window_hours, true)) AS settled_answered,
				count(DISTINCT s.customer) AS customers_asked, count(DISTINCT s.customer) FILTER (WHERE s.is_answered) AS customers_answered,
				count(DISTINCT ROW(s.customer, s.user_id)) FILTER (WHERE s.is_answered) AS respondents, count(s.took) AS timed,
				extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY s.took)) AS median_seconds,
				extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY s.took)) AS p90_seconds,
				count(*) FILTER (WHERE s.took <= interval '24 hours') AS within_24, count(*) FILTER (WHERE s.took <= interval '72 hours') AS within_72,
				count(DISTINCT s.sent_on) AS days_sent
			FROM survey s
			GROUP BY GROUPING SETS ((s.period, s.value), (s.period))
		), busiest AS MATERIALIZED (
			SELECT d.period, d.value, d.is_total, max(d.sent) AS sent
			FROM (SELECT s.period, s.value, grouping(s.value) = 1 AS is_total, count(*) AS sent
				FROM survey s GROUP BY GROUPING SETS ((s.period, s.value, s.sent_on), (s.period, s.sent_on))) d
			GROUP BY d.period, d.value, d.is_total
		), line AS (
			SELECT NULL AS value, true AS is_total
			UNION
			SELECT f.value, f.is_total FROM found f WHERE "by" IS NOT NULL
		), filled AS (
			SELECT w.period, w.period_end, w.complete, l.value, l.is_total, coalesce(f.sent, 0) AS sent, coalesce(f.answered, 0) AS answered,
				CASE WHEN as_of IS NOT NULL THEN coalesce(f.open_surveys, 0) END AS open_surveys, coalesce(f.settled, 0) AS settled,
				coalesce(f.settled_answered, 0) AS settled_answered, coalesce(f.customers_asked, 0) AS customers_asked,
				coalesce(f.customers_answered, 0) AS customers_answered, coalesce(f.respondents, 0) AS respondents, coalesce(f.timed, 0) AS timed,
				f.median_seconds, f.p90_seconds, f.within_24, f.within_72, coalesce(f.days_sent, 0) AS days_sent, b.sent AS sent_on_busiest
			FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
			CROSS JOIN line l
			LEFT JOIN found f ON f.period = w.period AND f.is_total = l.is_total AND f.value IS NOT DISTINCT FROM l.value
			LEFT JOIN busiest b ON b.period = w.period AND b.is_total = l.is_total AND b.value IS NOT DISTINCT FROM l.value
		), before AS (
			SELECT f.*, lag(f.settled) OVER same AS settled_before, lag(f.settled_answered) OVER same AS answered_before
			FROM filled f
			WINDOW same AS (PARTITION BY f.is_total, f.value ORDER BY f.period)
		)
		SELECT b.period, b.period_end, b.complete, b.value, b.is_total, b.sent, b.answered, b.open_surveys, b.answered::numeric / nullif(b.sent, 0),
			b.settled, b.settled_answered, t.rate_a, t.difference, t.p_value, b.customers_asked, b.customers_answered, b.respondents, b.timed,
			b.median_seconds / 3600, b.p90_seconds / 3600, b.within_24::numeric / nullif(b.timed, 0), b.within_72::numeric / nullif(b.timed, 0),
			b.days_sent, b.sent_on_busiest::numeric / nullif(b.sent, 0)
		FROM before b,
			LATERAL nudge.two_proportion_test(b.settled_answered, b.settled, coalesce(b.answered_before, 0), coalesce(b.settled_before, 0)) t
		ORDER BY b.period, b.is_total, b.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.survey_response(regclass, text, date, date, text, text, timestamptz, regclass, text, integer, integer, integer) IS
	'Surveys sent in a period: how many are answered, are open or were not answered in time, how soon, and whether they were sent evenly. Not STRICT: NULL relations are inputs without rows, NULL options have a meaning';

-- src/reports/score_reports.sql

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

-- src/reports/accounts.sql

/*
 * accounts.sql
 *		Accounts and what is recorded about them, read and checked once for all
 *		reports on customers: who they are, facts, contracts, what they pay.
 *
 * Definitions: doc/account_shares.md.
 */

-- Days and arguments --------------------------------------------------------

CREATE FUNCTION nudge.day_close(day date, zone text DEFAULT 'UTC') RETURNS timestamptz
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF day IS NULL OR NOT isfinite(day) THEN
		RAISE EXCEPTION 'as_of must be a finite day'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'What is known is what was known at the close of that day.',
				HINT = 'Pass the day, such as the last of a month.';
	END IF;
	RETURN (day + 1)::timestamp AT TIME ZONE coalesce(zone, 'UTC');
END
$$;
COMMENT ON FUNCTION nudge.day_close(date, text) IS
	'The instant at which a day ends in a zone. Not STRICT: a NULL day is an error, a NULL zone UTC';

CREATE FUNCTION nudge.months_before(day date, months integer) RETURNS date
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (day + 1 - make_interval(months => months))::date - 1;
COMMENT ON FUNCTION nudge.months_before(date, integer) IS
	'The day so many months before, where the last day of a month gives the last day of another';

CREATE FUNCTION nudge.check_instant(as_of timestamptz) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'as_of must be a finite instant'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A factor looks back from it: what is dated at or after it is not known.',
				HINT = 'Pass now() for the health of today.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_instant(timestamptz) IS 'An error unless as_of is an instant. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.check_count(name text, value integer, lowest integer DEFAULT 1, highest integer DEFAULT 36600) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(value BETWEEN lowest AND highest, false) THEN
		RAISE EXCEPTION '% must be between % and %', name, lowest, highest
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(value::text, 'null')),
				HINT = 'Leave it out for its default.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_count(text, integer, integer, integer) IS
	'An error unless a number of days, weeks, months or customers is within bounds. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.check_bands(threshold numeric, yellow_from numeric, green_from numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(threshold BETWEEN 0 AND 100 AND 0 < yellow_from AND yellow_from < green_from AND green_from <= 100, false) THEN
		RAISE EXCEPTION 'thresholds of scores must rise from 0 to 100'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('The threshold is %s, yellow from %s, green from %s.', coalesce(threshold::text, 'null'),
					coalesce(yellow_from::text, 'null'), coalesce(green_from::text, 'null')),
				HINT = 'The defaults are 65, 60 and 80.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_bands(numeric, numeric, numeric) IS
	'An error unless the threshold and the bands of a score make sense. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.check_levels(fact text, levels text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF array_ndims(levels) IS DISTINCT FROM 1 OR cardinality(levels) < 2 OR array_lower(levels, 1) <> 1
		OR (SELECT count(DISTINCT l) FROM unnest(levels) l WHERE l = lower(l)) <> cardinality(levels) THEN
		RAISE EXCEPTION 'levels must be two or more different words in lower case'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('They are the values that %s may have, the worst first.', fact),
				HINT = 'Pass for example {none,weak,neutral,strong,champion}.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_levels(text, text[]) IS
	'An error unless levels, of which fact_level gives the place, are words. Not STRICT: NULL levels are an error';

-- Who they are --------------------------------------------------------------

CREATE FUNCTION nudge.customer_rows(customers regclass, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, created_at timestamptz, name text, segment text, owner text, internal boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT c.customer, c.created_at, c.name, c.segment, c.owner, coalesce(c.internal, false) AS internal
			FROM (%s) c
			WHERE c.created_at IS NULL OR coalesce(c.created_at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('customers', count(*) FILTER (WHERE l.customer IS NULL OR l.created_at IS NULL)),
				nudge.check_unique_key('customers', (SELECT min(d.customer COLLATE "C") FROM (SELECT l.customer FROM line l GROUP BY l.customer HAVING count(*) > 1) d)) AS checked
			FROM line l
		)
		SELECT l.* FROM one, line l ORDER BY l.customer COLLATE "C"
		$query$, nudge.input_query('customers', customers)) USING as_of;
END
$$;
COMMENT ON FUNCTION nudge.customer_rows(regclass, timestamptz) IS
	'The customers created before an instant, one row each. Not STRICT: a NULL relation has no rows, a NULL as_of is no bound';

-- What is recorded about them -----------------------------------------------

CREATE FUNCTION nudge.account_fact_rows(account_facts regclass, facts text[], as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz, in_force boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT f.customer, lower(btrim(f.fact)) AS fact, nullif(btrim(f.value), '') AS value, f.agreed_at, f.valid_from, f.valid_to
			FROM (%s) f
			WHERE (f.fact IS NULL OR lower(btrim(f.fact)) = ANY ($1)) AND (f.valid_from IS NULL OR coalesce(f.valid_from < $2, true))
		), one AS MATERIALIZED (
			SELECT nudge.check_input('account_facts', count(*) FILTER (WHERE l.customer IS NULL OR l.fact IS NULL OR l.value IS NULL OR l.valid_from IS NULL)),
				nudge.check_intervals('account_facts', count(*) FILTER (WHERE l.valid_to < l.valid_from)) AS checked
			FROM line l
		)
		-- an end that is not before as_of is not known then
		SELECT l.customer, l.fact, l.value, l.agreed_at, l.valid_from, CASE WHEN k.is_over THEN l.valid_to END, NOT k.is_over
		FROM one, line l, LATERAL (SELECT coalesce(l.valid_to < coalesce($2, 'infinity'), false) AS is_over) k
		ORDER BY l.customer COLLATE "C", l.fact COLLATE "C", l.valid_from, l.value COLLATE "C"
		$query$, nudge.input_query('account_facts', account_facts)) USING facts, as_of;
END
$$;
COMMENT ON FUNCTION nudge.account_fact_rows(regclass, text[], timestamptz) IS
	'The account_facts of some names known before an instant, and whether they are in force just before it: the rows behind all reports on facts. Not STRICT: a NULL relation has no rows, a NULL as_of is no bound';

CREATE FUNCTION nudge.refuse_fact(fact text, value text, words text[]) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'value "%" of the fact "%" cannot be read', left(value, 40), fact
		USING ERRCODE = 'invalid_parameter_value',
			DETAIL = CASE WHEN words = '{}' THEN 'It is a number of up to 15 digits, with or without a sign and a decimal point.'
				ELSE format('It is one of %s, in any case.', array_to_string(words, ', ')) END,
			HINT = 'Pass a view that maps what is recorded to that.';
END
$$;
COMMENT ON FUNCTION nudge.refuse_fact(text, text, text[]) IS 'Works for fact_flag, fact_number and fact_level: the error for a value that is none of some words, or without words no number';

-- Not STRICT, and without SET, so that the planner puts these in place of each call
CREATE FUNCTION nudge.fact_flag(fact text, value text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN lower(value) IN ('true', 't', 'yes', 'y', 'on', '1') THEN true WHEN lower(value) IN ('false', 'f', 'no', 'n', 'off', '0') THEN false
		ELSE nudge.refuse_fact(fact, value, '{true,t,yes,y,on,1,false,f,no,n,off,0}') END;
COMMENT ON FUNCTION nudge.fact_flag(text, text) IS
	'The value of a fact that is true or false; another is an error. Not STRICT, so that it costs no call: a NULL value is NULL';

CREATE FUNCTION nudge.fact_number(fact text, value text) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN value ~ '^-?[0-9]{1,15}([.][0-9]{0,15})?$' THEN value::numeric
		ELSE nudge.refuse_fact(fact, value, '{}')::integer::numeric END;
COMMENT ON FUNCTION nudge.fact_number(text, text) IS
	'The value of a fact that is a number; another is an error. Not STRICT, so that it costs no call: a NULL value is NULL';

CREATE FUNCTION nudge.fact_level(fact text, value text, levels text[]) RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(array_position(levels, lower(value)), nudge.refuse_fact(fact, value, levels)::integer);
COMMENT ON FUNCTION nudge.fact_level(text, text, text[]) IS
	'The place of a value among levels, the worst first; a value that is none of them is an error. Not STRICT, so that it costs no call: a NULL value has no place';

CREATE FUNCTION nudge.account_contract_rows(contracts regclass, as_of timestamptz)
	RETURNS TABLE (customer text, contract text, signed_at timestamptz, starts_at timestamptz, term_months numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT c.customer, c.contract, c.signed_at, c.starts_at, c.term_months FROM (%s) c WHERE c.signed_at IS NULL OR c.signed_at < $1
		), one AS MATERIALIZED (
			SELECT nudge.check_input('contracts', count(*) FILTER (WHERE l.customer IS NULL OR l.contract IS NULL OR l.signed_at IS NULL OR l.starts_at IS NULL
				OR NOT coalesce(l.term_months < 'Infinity', false))) AS checked
			FROM line l
		)
		SELECT l.* FROM one, line l
		ORDER BY l.signed_at, l.customer COLLATE "C", l.contract COLLATE "C"
		$query$, nudge.input_query('contracts', contracts)) USING as_of;
END
$$;
COMMENT ON FUNCTION nudge.account_contract_rows(regclass, timestamptz) IS
	'The contracts signed before an instant. Not STRICT: NULL contracts are none';

-- What they pay -------------------------------------------------------------

CREATE FUNCTION nudge.account_rows(
	state nudge.mrr_state,
	customers regclass,
	as_of date,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, customer_segment text, created_at timestamptz, mrr numeric, quarter_mrr numeric, year_mrr numeric, active boolean, chosen boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	IF segment IS NOT NULL AND customers IS NULL THEN
		RAISE EXCEPTION 'a segment needs customers'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Which segment an account is in, the input customers says.',
				HINT = 'Pass the relation as customers.';
	END IF;
	RETURN QUERY
	WITH paid AS MATERIALIZED (
		SELECT m.customer, coalesce(sum(m.mrr) FILTER (WHERE d.ago = 0), 0) AS mrr, coalesce(sum(m.mrr) FILTER (WHERE d.ago = 3), 0) AS quarter_mrr,
			coalesce(sum(m.mrr) FILTER (WHERE d.ago = 12), 0) AS year_mrr
		FROM (VALUES (0), (3), (12)) d(ago), LATERAL nudge.customer_mrr(state, nudge.months_before(as_of, d.ago), coalesce(zone, 'UTC')) m
		GROUP BY m.customer
	)
	SELECT coalesce(a.customer, p.customer), a.segment, a.created_at, k.mrr, k.quarter_mrr, k.year_mrr,
		CASE WHEN state IS NULL THEN a.created_at < known_at ELSE k.mrr > 0 END,
		account_rows.segment IS NULL OR coalesce(a.segment = account_rows.segment, false)
	FROM nudge.customer_rows(customers) a FULL JOIN paid p ON p.customer = a.customer,
		LATERAL (SELECT CASE WHEN state IS NOT NULL THEN coalesce(p.mrr, 0) END AS mrr, CASE WHEN state IS NOT NULL THEN coalesce(p.quarter_mrr, 0) END AS quarter_mrr,
			CASE WHEN state IS NOT NULL THEN coalesce(p.year_mrr, 0) END AS year_mrr) k
	WHERE NOT coalesce(a.internal, false)
	ORDER BY coalesce(a.customer, p.customer) COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.account_rows(nudge.mrr_state, regclass, date, text, text) IS
	'Every account that is not internal: its MRR at the close of a day, 3 and 12 months before, whether it is active (pays, or without a state exists) and in the segment. Not STRICT: NULL inputs are not known, a NULL segment is all';

-- src/reports/account_usage.sql

/*
 * account_usage.sql
 *		How accounts use the product: by week, by feature, how steadily, and what
 *		that says of their health.
 *
 * Definitions: doc/account_health.md, and of stability doc/customer_success.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.usage_weeks(
	events regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	week_start text DEFAULT 'monday'
) RETURNS TABLE (customer text, week date, uses bigint, active_days bigint, active_users bigint, account_users bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	first_weekday constant text := coalesce(week_start, 'monday');
	end_day date;
	start_day date;
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('weeks', weeks, 1, 520);
	end_day := nudge.period_start(nudge.civil_date(as_of, named_zone), 'week', first_weekday);
	start_day := end_day - 7 * weeks;
	RETURN QUERY EXECUTE format($query$
		WITH person AS MATERIALIZED (
			SELECT u."user", u.customer, u.signed_up_at, coalesce(u.internal, false) AS internal
			FROM (%2$s) u
			WHERE u.signed_up_at IS NULL OR u.signed_up_at < $1
		), done AS MATERIALIZED (
			-- by day within the weeks, all that was before as one
			SELECT coalesce(e.customer, p.customer) AS customer, d.day, CASE WHEN d.day IS NOT NULL THEN coalesce(e."user", e.anonymous_id) END AS person,
				count(*) AS uses, bool_or($5 IS NULL OR e.name = ANY ($5)) AS is_login, min(e.at) AS first_at,
				count(*) FILTER (WHERE e.name IS NULL OR NOT coalesce(isfinite(e.at), false)) AS incomplete
			FROM (%1$s) e
			LEFT JOIN person p ON p."user" = e."user",
				LATERAL (SELECT CASE WHEN e.at >= $2::timestamp AT TIME ZONE $4 AND e.at < $3::timestamp AT TIME ZONE $4 THEN nudge.civil_date(e.at, $4) END AS day) d
			WHERE (e.at IS NULL OR e.at < $1) AND NOT coalesce(p.internal, false)
			GROUP BY 1, 2, 3
		), one AS MATERIALIZED (
			SELECT nudge.check_input('events', (SELECT sum(d.incomplete)::bigint FROM done d)) AND nudge.check_input('users', count(*) FILTER (WHERE p."user" IS NULL OR p.signed_up_at IS NULL))
				AND nudge.check_unique_key('users', (SELECT min(d."user" COLLATE "C") FROM (SELECT q."user" FROM person q GROUP BY q."user" HAVING count(*) > 1) d)) AS checked
			FROM person p
		), account AS MATERIALIZED (
			SELECT c.customer, c.created_at FROM nudge.customer_rows($6, $1) c WHERE NOT c.internal
			UNION ALL
			SELECT DISTINCT d.customer, NULL::timestamptz FROM done d WHERE $6 IS NULL AND d.customer IS NOT NULL
		), seen AS (
			-- who is in neither input is not known to be idle
			SELECT s.customer, min(s.at) AS first_at, sum(s.users)::bigint AS users
			FROM (SELECT d.customer, min(d.first_at) AS at, NULL::bigint AS users FROM done d GROUP BY d.customer
				UNION ALL
				SELECT p.customer, min(p.signed_up_at), count(*) FROM person p WHERE NOT p.internal GROUP BY p.customer) s
			GROUP BY s.customer
		), daily AS (
			SELECT d.customer, d.day, sum(d.uses) AS uses, bool_or(d.is_login) AS is_login FROM done d WHERE d.day IS NOT NULL GROUP BY d.customer, d.day
		), weekly AS (
			SELECT d.customer, $2 + 7 * ((d.day - $2) / 7) AS week, sum(d.uses)::bigint AS uses, count(*) FILTER (WHERE d.is_login) AS active_days
			FROM daily d GROUP BY 1, 2
		), people AS (
			SELECT d.customer, $2 + 7 * ((d.day - $2) / 7) AS week, count(DISTINCT d.person) AS active_users FROM done d WHERE d.day IS NOT NULL GROUP BY 1, 2
		)
		SELECT a.customer, w.week, CASE WHEN k.known THEN coalesce(u.uses, 0) END, CASE WHEN k.known THEN coalesce(u.active_days, 0) END,
			CASE WHEN k.known THEN coalesce(p.active_users, 0) END, CASE WHEN s.first_at IS NOT NULL AND $7 THEN coalesce(s.users, 0) END
		FROM one JOIN account a ON one.checked
		CROSS JOIN (SELECT $2 + 7 * g AS week FROM generate_series(0, ($3 - $2) / 7 - 1) g) w
		LEFT JOIN seen s ON s.customer = a.customer
		LEFT JOIN weekly u ON u.customer = a.customer AND u.week = w.week
		LEFT JOIN people p ON p.customer = a.customer AND p.week = w.week,
			LATERAL (SELECT w.week >= nudge.civil_date(least(a.created_at, s.first_at), $4) AND s.first_at IS NOT NULL AS known) k
		ORDER BY a.customer COLLATE "C", w.week
		$query$, nudge.input_query('events', events), nudge.input_query('users', users))
	USING as_of, start_day, end_day, named_zone, login_events, customers, users IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.usage_weeks(regclass, timestamptz, regclass, regclass, text, integer, text[], text) IS
	'Uses, active days and active users of each customer in each of the last complete weeks, NULL for weeks that began before the customer was known: the drill-down of usage_factor. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.feature_event_rows(
	events regclass,
	users regclass DEFAULT NULL,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (customer text, feature text, at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH person AS MATERIALIZED (
			SELECT u."user", u.customer, coalesce(u.internal, false) AS internal FROM (%2$s) u WHERE u.signed_up_at IS NULL OR coalesce(u.signed_up_at < $3, true)
		), line AS MATERIALIZED (
			SELECT coalesce(e.customer, p.customer) AS customer, e.feature, e.at
			FROM (%1$s) e
			LEFT JOIN person p ON p."user" = e."user"
			WHERE e.feature IS NOT NULL AND (e.at IS NULL OR coalesce(e.at >= $1, true) AND coalesce(e.at < $2, true)) AND NOT coalesce(p.internal, false)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('events', (SELECT count(*) FROM line l WHERE l.at IS NULL)) AND nudge.check_input('users', count(*) FILTER (WHERE p."user" IS NULL))
				AND nudge.check_unique_key('users', (SELECT min(d."user" COLLATE "C") FROM (SELECT q."user" FROM person q GROUP BY q."user" HAVING count(*) > 1) d)) AS checked
			FROM person p
		)
		SELECT l.customer, l.feature, l.at FROM one JOIN line l ON one.checked WHERE l.customer IS NOT NULL
		$query$, nudge.input_query('events', events), nudge.input_query('users', users)) USING start_at, end_at, coalesce(as_of, end_at);
END
$$;
COMMENT ON FUNCTION nudge.feature_event_rows(regclass, regclass, timestamptz, timestamptz, timestamptz) IS
	'The events with a feature between two instants, each with its account, or with that of its user, without internal users. Not STRICT: a NULL relation has no rows, NULL bounds are none, a NULL as_of, before which users are known, is end_at';

CREATE FUNCTION nudge.usage_features(
	events regclass,
	features regclass,
	as_of timestamptz,
	users regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	weeks integer DEFAULT 12
) RETURNS TABLE (customer text, feature text, uses bigint, last_used_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	end_day date;
	start_day date;
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('weeks', weeks, 1, 520);
	end_day := nudge.period_start(nudge.civil_date(as_of, named_zone), 'week');
	start_day := end_day - 7 * weeks;
	RETURN QUERY EXECUTE format($query$
		SELECT e.customer, e.feature, count(*), max(e.at)
		FROM nudge.feature_event_rows($1, $2, $4::timestamp AT TIME ZONE $6, $5::timestamp AT TIME ZONE $6, $3) e
		WHERE e.feature IN (SELECT f.feature FROM (%s) f WHERE f.released_at IS NULL OR f.released_at < $3)
		GROUP BY e.customer, e.feature
		ORDER BY e.customer COLLATE "C", e.feature COLLATE "C"
		$query$, nudge.input_query('features', features))
	USING events, users, as_of, start_day, end_day, named_zone;
END
$$;
COMMENT ON FUNCTION nudge.usage_features(regclass, regclass, timestamptz, regclass, text, integer) IS
	'The released features that each customer used in the last complete weeks: the drill-down of the breadth in usage_factor. Not STRICT: a NULL relation has no rows';

-- The factor ----------------------------------------------------------------

CREATE FUNCTION nudge.usage_factor(
	events regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	features regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	target_active_days double precision DEFAULT 5,
	full_growth_rate double precision DEFAULT 0.05,
	weights double precision[] DEFAULT '{0.4,0.3,0.3,0}',
	engagement_weights double precision[] DEFAULT '{0.5,0.5}'
) RETURNS TABLE (
	customer text,
	known_weeks bigint,
	uses bigint,
	active_days_per_week numeric,
	login_direction text,
	login_growth_rate double precision,
	login_factor double precision,
	features_used bigint,
	features_available bigint,
	adoption_breadth numeric,
	breadth_factor double precision,
	usage_direction text,
	usage_growth_rate double precision,
	usage_p_value double precision,
	trend_factor double precision,
	engagement_consistency double precision,
	consistency_factor double precision,
	account_users bigint,
	weekly_active_users numeric,
	active_user_share numeric,
	engagement_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	available bigint;
BEGIN
	PERFORM nudge.check_count('weeks', weeks, 2, 520);
	IF features IS NOT NULL THEN
		EXECUTE format('SELECT count(DISTINCT f.feature) FROM (%s) f WHERE f.released_at IS NULL OR f.released_at < $1', nudge.input_query('features', features))
			INTO available USING as_of;
	END IF;
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT w.customer, count(w.uses) AS weeks, sum(w.uses)::bigint AS uses, avg(w.active_days) AS active_days, max(w.account_users) AS users,
			array_agg(w.uses::double precision ORDER BY w.week) AS weekly_uses, array_agg(w.active_days::double precision ORDER BY w.week) AS weekly_days,
			avg(w.active_users) FILTER (WHERE w.place <= 4) AS active_users
		FROM (SELECT u.*, row_number() OVER (PARTITION BY u.customer ORDER BY u.week DESC) AS place
			FROM nudge.usage_weeks(events, as_of, customers, usage_factor.users, zone, usage_factor.weeks, login_events) u) w
		GROUP BY w.customer
	), used AS MATERIALIZED (
		SELECT f.customer, count(*) AS features FROM nudge.usage_features(events, features, as_of, usage_factor.users, zone, usage_factor.weeks) f GROUP BY f.customer
	), measured AS (
		SELECT l.customer, l.weeks, l.uses, l.active_days, l.users, l.active_users, CASE WHEN l.active_users > l.users AND l.users > 0 THEN 1 ELSE l.active_users / nullif(l.users, 0) END AS user_share,
			d.direction AS login_direction, d.weekly_growth_rate AS login_growth, nudge.scale_target(l.active_days::double precision, target_active_days) AS login_factor,
			b.used, nudge.adoption_breadth(b.used, available) AS breadth,
			t.direction, t.weekly_growth_rate, t.p_value,
			-- who uses nothing has no trend, and no evenness
			CASE WHEN l.uses > 0 THEN t.factor END AS trend_factor, nudge.engagement_consistency(l.weekly_days) AS consistency
		FROM line l
		LEFT JOIN used f ON f.customer = l.customer,
			LATERAL nudge.usage_trend(l.weekly_days, full_growth_rate) d, LATERAL nudge.usage_trend(l.weekly_uses, full_growth_rate) t,
			LATERAL (SELECT CASE WHEN l.weeks > 0 AND available IS NOT NULL THEN coalesce(f.features, 0) END AS used) b
	), scaled AS (
		SELECT m.*, nudge.scale_target(m.breadth::double precision, 1) AS breadth_factor,
			CASE WHEN m.uses = 0 THEN 0 ELSE nudge.scale_target(m.consistency, 1) END AS consistency_factor
		FROM measured m
	)
	SELECT s.customer, s.weeks, s.uses, s.active_days, s.login_direction, s.login_growth, s.login_factor, s.used, available, s.breadth, s.breadth_factor,
		s.direction, s.weekly_growth_rate, s.p_value, s.trend_factor, s.consistency, s.consistency_factor, s.users, s.active_users, s.user_share,
		nudge.health_score(ARRAY[s.consistency_factor, 100 * s.user_share::double precision], engagement_weights),
		nudge.health_score(ARRAY[s.login_factor, s.breadth_factor, s.trend_factor, s.consistency_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.usage_factor(regclass, timestamptz, regclass, regclass, regclass, text, integer, text[], double precision, double precision, double precision[], double precision[]) IS
	'How much, how broadly, with which trend and how evenly each customer used the product in the last complete weeks, and the factors usage and engagement of that. Not STRICT: a NULL relation is not known, NULL login_events are all events';

-- Stability -----------------------------------------------------------------

CREATE FUNCTION nudge.engagement_stability_lines(
	events regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	zone text DEFAULT 'UTC',
	week_start text DEFAULT 'monday'
) RETURNS TABLE (
	customer text,
	known_weeks bigint,
	active_days bigint,
	active_weeks bigint,
	mean_active_days numeric,
	coefficient_of_variation numeric,
	stability numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH spread AS (
		SELECT u.customer, count(u.active_days) AS known, sum(u.active_days)::bigint AS days, count(*) FILTER (WHERE u.active_days > 0) AS active, avg(u.active_days) AS mean,
			stddev_pop(u.active_days) AS deviation
		FROM nudge.usage_weeks(events, nudge.day_close(as_of, zone), customers, engagement_stability_lines.users, zone, engagement_stability_lines.weeks, login_events, week_start) u
		GROUP BY u.customer
	)
	-- who came within the weeks has not had all of them
	SELECT s.customer, s.known, s.days, s.active, s.mean, v.cv, CASE WHEN v.cv < 1 THEN 1 - v.cv WHEN v.cv >= 1 THEN 0 END
	FROM spread s, LATERAL (SELECT CASE WHEN s.known = engagement_stability_lines.weeks THEN s.deviation / nullif(s.mean, 0) END AS cv) v
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.engagement_stability_lines(regclass, date, regclass, regclass, integer, text[], text, text) IS
	'Engagement stability of every customer: 1 less the coefficient of variation of the active_days of usage_weeks, at least 0; NULL of customers that came later or had no day. Not STRICT: a NULL relation is not known, NULL login_events are all events';

CREATE FUNCTION nudge.engagement_stability(
	events regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	weeks integer DEFAULT 12,
	login_events text[] DEFAULT NULL,
	zone text DEFAULT 'UTC',
	week_start text DEFAULT 'monday'
) RETURNS TABLE (all_customers bigint, known_customers bigint, mean_stability numeric, median_stability numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT count(*), count(l.stability), avg(l.stability), percentile_disc(0.5) WITHIN GROUP (ORDER BY l.stability)
	FROM nudge.engagement_stability_lines(events, as_of, customers, users, weeks, login_events, zone, week_start) l;
END
$$;
COMMENT ON FUNCTION nudge.engagement_stability(regclass, date, regclass, regclass, integer, text[], text, text) IS
	'Mean and median engagement stability of the customers for which it is known. Not STRICT: a NULL relation is not known, NULL login_events are all events';

-- src/reports/account_health.sql

/*
 * account_health.sql
 *		The health of accounts from data to band: factors from events, tickets,
 *		surveys, recorded facts and subscriptions, and the score of each customer.
 *
 * Definitions: doc/account_health.md.
 */

CREATE FUNCTION nudge.scale_level(value text, levels text[], fact text DEFAULT 'level') RETURNS double precision
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_levels(fact, levels);
	RETURN 100 * (nudge.fact_level(fact, btrim(value), levels) - 1) / (cardinality(levels) - 1)::double precision;
END
$$;
COMMENT ON FUNCTION nudge.scale_level(text, text[], text) IS
	'A word as a factor: its place among levels, of which the first gives 0, the last 100 and those between equal steps. Not STRICT: a NULL value has no factor, NULL levels are an error';

-- Support -------------------------------------------------------------------

CREATE FUNCTION nudge.support_tickets(tickets regclass, as_of timestamptz, days integer DEFAULT 90, csat_low double precision DEFAULT 1, csat_high double precision DEFAULT 5)
	RETURNS TABLE (customer text, ticket text, opened_at timestamptz, status text, resolved_at timestamptz, resolution_minutes numeric, csat numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('days', days, 1, 3650);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		-- resolved at as_of, and not opened again since
		SELECT t.*, CASE t.status WHEN 'resolved' THEN t.resolved_at END AS done_at
		FROM nudge.ticket_rows(tickets, as_of - make_interval(hours => 24 * days), NULL, as_of) t
	), one AS MATERIALIZED (
		SELECT nudge.check_values('tickets', count(*) FILTER (WHERE NOT l.csat BETWEEN csat_low::numeric AND csat_high::numeric),
			format('csat is from %s to %s; another scale is passed as csat_low and csat_high.', csat_low, csat_high)) AS checked
		FROM line l
	)
	SELECT l.customer, l.ticket, l.opened_at, l.status, l.done_at, nudge.minutes_between(l.opened_at, l.done_at), l.csat
	FROM one JOIN line l ON one.checked
	ORDER BY l.customer COLLATE "C", l.opened_at, l.ticket COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.support_tickets(regclass, timestamptz, integer, double precision, double precision) IS
	'The tickets opened in the days before an instant, as they were known then: the drill-down of support_factor. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.support_factor(
	tickets regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	days integer DEFAULT 90,
	max_monthly_tickets double precision DEFAULT 10,
	fast_minutes double precision DEFAULT 240,
	slow_minutes double precision DEFAULT 4320,
	csat_low double precision DEFAULT 1,
	csat_high double precision DEFAULT 5,
	weights double precision[] DEFAULT '{0.3,0.4,0.3}',
	without_tickets double precision DEFAULT NULL
) RETURNS TABLE (
	customer text,
	opened_tickets bigint,
	tickets_per_month numeric,
	volume_factor double precision,
	resolved_tickets bigint,
	resolution_rate numeric,
	resolution_minutes numeric,
	resolution_factor double precision,
	rated_tickets bigint,
	csat numeric,
	csat_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT t.customer, count(*) AS tickets,
			-- a relation that does not say when tickets were resolved does not say that they were not
			CASE WHEN count(t.status) > 0 THEN count(t.resolved_at) END AS resolved, avg(t.resolution_minutes) AS minutes, count(t.csat) AS rated, avg(t.csat) AS csat
		FROM nudge.support_tickets(support_factor.tickets, as_of, days, csat_low, csat_high) t
		GROUP BY t.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), measured AS (
		SELECT a.customer, CASE WHEN support_factor.tickets IS NOT NULL THEN coalesce(l.tickets, 0) END AS tickets, coalesce(l.tickets, 0) > 0 AS has_tickets,
			l.resolved, l.minutes, l.rated, l.csat, l.tickets * 30.0 / days AS per_month, l.resolved::numeric / l.tickets AS rate
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	), scaled AS (
		SELECT m.*, nudge.scale_min_max(m.per_month::double precision, max_monthly_tickets, 0) AS volume_factor,
			nudge.health_score(ARRAY[100 * m.rate::double precision, nudge.scale_min_max(m.minutes::double precision, slow_minutes, fast_minutes)], '{0.5,0.5}') AS resolution_factor,
			nudge.scale_min_max(m.csat::double precision, csat_low, csat_high) AS csat_factor
		FROM measured m
	)
	SELECT s.customer, s.tickets, s.per_month, s.volume_factor, s.resolved, s.rate, s.minutes, s.resolution_factor, s.rated, s.csat, s.csat_factor,
		CASE WHEN s.has_tickets THEN nudge.health_score(ARRAY[s.volume_factor, s.resolution_factor, s.csat_factor], weights)
			-- checked as a factor is
			WHEN s.tickets = 0 THEN nudge.health_score(ARRAY[without_tickets], '{1}') END
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.support_factor(regclass, timestamptz, regclass, integer, double precision, double precision, double precision, double precision, double precision, double precision[], double precision) IS
	'Volume, resolution and satisfaction of the tickets of each customer in the days before an instant, and the factor of that. Not STRICT: a NULL relation is not known, and who has no tickets has the factor without_tickets';

-- Outcome and relationship --------------------------------------------------

CREATE FUNCTION nudge.outcome_factor(
	account_facts regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	target_roi double precision DEFAULT 1,
	weights double precision[] DEFAULT '{0.7,0.3}'
) RETURNS TABLE (
	customer text,
	criteria bigint,
	criteria_met bigint,
	criteria_not_agreed bigint,
	criteria_met_share numeric,
	criteria_factor double precision,
	documented_roi numeric,
	roi_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_instant(as_of);
	RETURN QUERY
	WITH fact AS MATERIALIZED (
		-- what was not agreed before its outcome is no agreed criterion
		SELECT f.customer, f.fact, f.value, f.valid_from, f.fact = 'criterion_met' AND coalesce(f.agreed_at <= f.valid_from, false) AS is_agreed,
			CASE f.fact WHEN 'criterion_met' THEN nudge.fact_flag(f.fact, f.value) END AS is_met,
			CASE f.fact WHEN 'documented_roi' THEN nudge.fact_number(f.fact, f.value) END AS roi
		FROM nudge.account_fact_rows(account_facts, '{criterion_met,documented_roi}', as_of) f WHERE f.in_force
	), line AS (
		SELECT f.customer, count(*) FILTER (WHERE f.is_agreed) AS agreed, count(*) FILTER (WHERE f.is_agreed AND f.is_met) AS met,
			count(*) FILTER (WHERE f.fact = 'criterion_met' AND NOT f.is_agreed) AS other,
			-- as in account_shares
			(array_agg(f.roi ORDER BY f.valid_from DESC, f.value COLLATE "C") FILTER (WHERE f.fact = 'documented_roi'))[1] AS roi
		FROM fact f GROUP BY f.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, l.agreed, l.met, l.other, l.met::numeric / nullif(l.agreed, 0) AS share, l.roi, nudge.scale_target(l.met / nullif(l.agreed, 0)::double precision, 1) AS criteria_factor,
			nudge.scale_target(l.roi::double precision, target_roi) AS roi_factor
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	)
	SELECT s.customer, s.agreed, s.met, s.other, s.share, s.criteria_factor, s.roi, s.roi_factor, nudge.health_score(ARRAY[s.criteria_factor, s.roi_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.outcome_factor(regclass, timestamptz, regclass, double precision, double precision[]) IS
	'The share of its agreed success criteria that each customer meets, its documented return, and the factor of that. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.relationship_factor(
	account_facts regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	target_levels double precision DEFAULT 3,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	sentiment_levels text[] DEFAULT '{negative,neutral,positive}',
	weights double precision[] DEFAULT '{0.4,0.3,0.3}'
) RETURNS TABLE (
	customer text,
	contact_levels bigint,
	breadth_factor double precision,
	sponsors bigint,
	strength_factor double precision,
	sentiments bigint,
	sentiment_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_levels('sponsor_status', sponsor_levels), nudge.check_levels('sentiment', sentiment_levels);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT f.customer, nullif(count(DISTINCT lower(f.value)) FILTER (WHERE f.fact = 'contact_level'), 0) AS contacts,
			count(*) FILTER (WHERE f.fact = 'sponsor_status') AS sponsors, count(*) FILTER (WHERE f.fact = 'sentiment') AS sentiments,
			avg(CASE f.fact WHEN 'sponsor_status' THEN nudge.fact_level(f.fact, f.value, sponsor_levels) END) AS strength,
			avg(CASE f.fact WHEN 'sentiment' THEN nudge.fact_level(f.fact, f.value, sentiment_levels) END) AS sentiment
		FROM nudge.account_fact_rows(account_facts, '{contact_level,sponsor_status,sentiment}', as_of) f WHERE f.in_force
		GROUP BY f.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, l.contacts, nudge.scale_target(l.contacts, target_levels) AS breadth, l.sponsors,
			nudge.scale_min_max(l.strength::double precision, 1, cardinality(sponsor_levels)) AS strength, l.sentiments, nudge.scale_min_max(l.sentiment::double precision, 1, cardinality(sentiment_levels)) AS sentiment
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	)
	SELECT s.customer, s.contacts, s.breadth, s.sponsors, s.strength, s.sentiments, s.sentiment, nudge.health_score(ARRAY[s.breadth, s.strength, s.sentiment], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.relationship_factor(regclass, timestamptz, regclass, double precision, text[], text[], double precision[]) IS
	'Breadth of the contacts of each customer, strength of its sponsors and sentiment as recorded, and the factor of that. Not STRICT: a NULL relation is not known, NULL levels are an error';

-- Satisfaction, growth, advocacy --------------------------------------------

CREATE FUNCTION nudge.satisfaction_answers(surveys regclass, as_of timestamptz, days integer DEFAULT 180, csat_low double precision DEFAULT 1, csat_high double precision DEFAULT 5)
	RETURNS TABLE (customer text, user_id text, kind text, score numeric, answered_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('days', days, 1, 3650);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT s.customer, s."user", lower(btrim(s.kind)) AS kind, s.score, coalesce(s.answered_at, s.sent_at) AS at
			FROM (%s) s
			WHERE s.score IS NOT NULL AND (s.kind IS NULL OR lower(btrim(s.kind)) IN ('nps', 'csat'))
		), answer AS MATERIALIZED (
			SELECT l.* FROM line l WHERE l.at IS NULL OR l.at >= $1 - make_interval(hours => 24 * $2) AND l.at < $1
		), one AS MATERIALIZED (
			SELECT nudge.check_input('surveys', count(*) FILTER (WHERE a.customer IS NULL OR a.kind IS NULL OR a.at IS NULL))
				AND nudge.check_values('surveys', count(*) FILTER (WHERE a.kind = 'nps' AND NOT (a.score BETWEEN 0 AND 10 AND a.score = trunc(a.score))), 'An answer of nps is a whole number from 0 to 10.')
				AND nudge.check_values('surveys', count(*) FILTER (WHERE a.kind = 'csat' AND NOT a.score BETWEEN $3 AND $4), format('csat is from %%s to %%s; another scale is passed as csat_low and csat_high.', $3, $4)) AS checked
			FROM answer a
		)
		SELECT a.* FROM one JOIN answer a ON one.checked
		ORDER BY a.customer COLLATE "C", a.kind COLLATE "C", a.at, a."user" COLLATE "C", a.score
		$query$, nudge.input_query('surveys', surveys)) USING as_of, days, csat_low::numeric, csat_high::numeric;
END
$$;
COMMENT ON FUNCTION nudge.satisfaction_answers(regclass, timestamptz, integer, double precision, double precision) IS
	'The answers of nps and csat given in the days before an instant: the drill-down of satisfaction_factor. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.satisfaction_factor(
	surveys regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	days integer DEFAULT 180,
	csat_low double precision DEFAULT 1,
	csat_high double precision DEFAULT 5,
	weights double precision[] DEFAULT '{0.5,0.5}'
) RETURNS TABLE (
	customer text,
	nps_answers bigint,
	promoters bigint,
	detractors bigint,
	nps numeric,
	nps_factor double precision,
	csat_answers bigint,
	csat numeric,
	csat_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT a.customer, count(*) FILTER (WHERE a.kind = 'nps') AS asked, count(*) FILTER (WHERE a.kind = 'nps' AND a.score >= 9) AS promoters,
			count(*) FILTER (WHERE a.kind = 'nps' AND a.score <= 6) AS detractors, count(*) FILTER (WHERE a.kind = 'csat') AS rated, avg(a.score) FILTER (WHERE a.kind = 'csat') AS csat
		FROM nudge.satisfaction_answers(surveys, as_of, days, csat_low, csat_high) a
		GROUP BY a.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), measured AS (
		SELECT a.customer, l.asked, l.promoters, l.detractors, 100.0 * (l.promoters - l.detractors) / nullif(l.asked, 0) AS nps, l.rated, l.csat
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	), scaled AS (
		SELECT m.*, nudge.scale_min_max(m.nps::double precision, -100, 100) AS nps_factor, nudge.scale_min_max(m.csat::double precision, csat_low, csat_high) AS csat_factor FROM measured m
	)
	SELECT s.customer, s.asked, s.promoters, s.detractors, s.nps, s.nps_factor, s.rated, s.csat, s.csat_factor, nudge.health_score(ARRAY[s.nps_factor, s.csat_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.satisfaction_factor(regclass, timestamptz, regclass, integer, double precision, double precision, double precision[]) IS
	'Net promoter score and mean satisfaction of each customer in the days before an instant, and the factor of that. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.growth_lines(
	subscriptions regclass,
	as_of timestamptz,
	usage regclass DEFAULT NULL,
	months integer DEFAULT 3,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, measure text, meter text, amount_before numeric, amount numeric, growth_rate numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	before timestamptz;
	end_day date;
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('months', months, 1, 120);
	before := (as_of AT TIME ZONE named_zone - make_interval(months => months)) AT TIME ZONE named_zone;
	end_day := nudge.period_start(nudge.civil_date(as_of, named_zone), 'month');
	RETURN QUERY EXECUTE format($query$
		WITH item AS MATERIALIZED (
			SELECT s.customer, s.seats, s.valid_from, s.valid_to FROM (%1$s) s WHERE s.valid_from IS NULL OR s.valid_from < $1
		), volume AS MATERIALIZED (
			SELECT u.customer, u.meter, u.period, u.volume FROM (%2$s) u WHERE u.period IS NULL OR u.period < $3
		), one AS MATERIALIZED (
			SELECT nudge.check_input('subscriptions', count(*) FILTER (WHERE i.customer IS NULL OR i.valid_from IS NULL OR NOT coalesce(i.seats BETWEEN 0 AND 1e15, true)))
				AND (SELECT nudge.check_input('usage', count(*) FILTER (WHERE v.customer IS NULL OR v.meter IS NULL OR v.period IS NULL OR NOT coalesce(v.volume BETWEEN 0 AND 1e30, false))) FROM volume v) AS checked
			FROM item i
		), line AS (
			SELECT i.customer, 'seats' AS measure, NULL::text AS meter,
				sum(i.seats) FILTER (WHERE i.valid_from < $2 AND (i.valid_to IS NULL OR i.valid_to >= $2)) AS before,
				-- of what has ended there are none, but of what has no seats nothing is known
				CASE WHEN bool_or(i.valid_to IS NULL OR i.valid_to >= $1) THEN sum(i.seats) FILTER (WHERE i.valid_to IS NULL OR i.valid_to >= $1) ELSE 0 END AS now
			FROM item i GROUP BY i.customer
			UNION ALL
			SELECT v.customer, 'usage', v.meter,
				CASE WHEN min(v.period) <= $3 - make_interval(months => 2 * $4) THEN sum(v.volume) FILTER (WHERE v.period < $3 - make_interval(months => $4) AND v.period >= $3 - make_interval(months => 2 * $4)) END,
				sum(v.volume) FILTER (WHERE v.period >= $3 - make_interval(months => $4))
			FROM volume v GROUP BY v.customer, v.meter
		)
		SELECT l.customer, l.measure, l.meter, l.before, l.now, (l.now - l.before) / nullif(l.before, 0)
		FROM one JOIN line l ON one.checked AND l.before IS NOT NULL
		ORDER BY l.customer COLLATE "C", l.measure COLLATE "C", l.meter COLLATE "C"
		$query$, nudge.input_query('subscriptions', subscriptions), nudge.input_query('usage', usage)) USING as_of, before, end_day, months;
END
$$;
COMMENT ON FUNCTION nudge.growth_lines(regclass, timestamptz, regclass, integer, text) IS
	'Seats in force just before an instant and so many months before, and volumes of the last complete months and of as many before: the drill-down of growth_factor. Not STRICT: a NULL relation has no rows';

CREATE FUNCTION nudge.growth_factor(
	subscriptions regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	months integer DEFAULT 3,
	zone text DEFAULT 'UTC',
	full_growth_rate double precision DEFAULT 0.25,
	weights double precision[] DEFAULT '{0.5,0.5}'
) RETURNS TABLE (
	customer text,
	seats_before numeric,
	seats numeric,
	seat_growth_rate numeric,
	seat_factor double precision,
	meters bigint,
	usage_growth_rate numeric,
	usage_factor double precision,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT g.customer, sum(g.amount_before) FILTER (WHERE g.measure = 'seats') AS seats_before, sum(g.amount) FILTER (WHERE g.measure = 'seats') AS seats,
			avg(g.growth_rate) FILTER (WHERE g.measure = 'seats') AS seat_growth, count(g.growth_rate) FILTER (WHERE g.measure = 'usage') AS meters,
			avg(g.growth_rate) FILTER (WHERE g.measure = 'usage') AS usage_growth
		FROM nudge.growth_lines(subscriptions, as_of, usage, months, zone) g
		GROUP BY g.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT l.customer FROM line l WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, l.seats_before, l.seats, l.seat_growth, l.meters, l.usage_growth, nudge.scale_min_max(l.seat_growth::double precision, -full_growth_rate, full_growth_rate) AS seat_factor,
			nudge.scale_min_max(l.usage_growth::double precision, -full_growth_rate, full_growth_rate) AS usage_factor
		FROM account a LEFT JOIN line l ON l.customer = a.customer
	)
	SELECT s.customer, s.seats_before, s.seats, s.seat_growth, s.seat_factor, s.meters, s.usage_growth, s.usage_factor, nudge.health_score(ARRAY[s.seat_factor, s.usage_factor], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.growth_factor(regclass, timestamptz, regclass, regclass, integer, text, double precision, double precision[]) IS
	'Growth of the seats and of the metered use of each customer over some months, and the factor of that, 50 where nothing grows. Not STRICT: a NULL relation is not known';

CREATE FUNCTION nudge.advocacy_factor(
	account_facts regclass,
	as_of timestamptz,
	customers regclass DEFAULT NULL,
	surveys regclass DEFAULT NULL,
	days integer DEFAULT 365,
	act_facts text[] DEFAULT '{reference,case_study,review,referral}',
	target_acts double precision DEFAULT 2,
	weights double precision[] DEFAULT '{0.4,0.3,0.3}'
) RETURNS TABLE (
	customer text,
	referenceable boolean,
	acts bigint,
	act_factor double precision,
	nps_answers bigint,
	promoters bigint,
	promoter_share numeric,
	factor double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 200000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_instant(as_of), nudge.check_count('days', days, 1, 3650);
	RETURN QUERY
	WITH fact AS MATERIALIZED (
		SELECT f.customer,
			-- as in account_shares
			(array_agg(nudge.fact_flag(f.fact, f.value) ORDER BY f.valid_from DESC, f.value COLLATE "C") FILTER (WHERE f.fact = 'referenceable' AND f.in_force))[1] AS referenceable,
			count(*) FILTER (WHERE f.fact = ANY (act_facts) AND lower(f.value) NOT IN ('false', 'f', 'no', 'n', 'off', '0') AND f.valid_from >= as_of - make_interval(hours => 24 * days)) AS acts
		FROM nudge.account_fact_rows(account_facts, ARRAY['referenceable'] || act_facts, as_of) f
		GROUP BY f.customer
	), answer AS MATERIALIZED (
		SELECT a.customer, count(*) AS answers, count(*) FILTER (WHERE a.score >= 9) AS promoters
		FROM nudge.satisfaction_answers(surveys, as_of, days, '-Infinity', 'Infinity') a WHERE a.kind = 'nps'
		GROUP BY a.customer
	), account AS (
		SELECT c.customer FROM nudge.customer_rows(customers, as_of) c WHERE NOT c.internal
		UNION ALL
		SELECT coalesce(f.customer, a.customer) FROM fact f FULL JOIN answer a ON a.customer = f.customer WHERE customers IS NULL
	), scaled AS (
		SELECT a.customer, f.referenceable, f.acts, n.answers, n.promoters, n.promoters::numeric / n.answers AS promoter_share,
			-- that nobody has recorded an act says something only of those asked
			CASE WHEN f.acts > 0 OR f.referenceable IS NOT NULL THEN nudge.scale_target(f.acts, target_acts) END AS act_factor
		FROM account a LEFT JOIN fact f ON f.customer = a.customer LEFT JOIN answer n ON n.customer = a.customer
	)
	SELECT s.customer, s.referenceable, s.acts, s.act_factor, s.answers, s.promoters, s.promoter_share,
		nudge.health_score(ARRAY[CASE s.referenceable WHEN true THEN 100 WHEN false THEN 0 END, s.act_factor, 100 * s.promoter_share::double precision], weights)
	FROM scaled s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.advocacy_factor(regclass, timestamptz, regclass, regclass, integer, text[], double precision, double precision[]) IS
	'Whether each customer is referenceable, how often it spoke for us, and how many of its people are promoters, and the factor of that. Not STRICT: a NULL relation is not known';

-- From data to band ---------------------------------------------------------

CREATE FUNCTION nudge.account_health(
	customers regclass,
	as_of timestamptz,
	events regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	features regclass DEFAULT NULL,
	tickets regclass DEFAULT NULL,
	surveys regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	model text DEFAULT 'retention_health',
	zone text DEFAULT 'UTC',
	missing text DEFAULT 'reweight',
	min_coverage double precision DEFAULT 0.5,
	yellow_from double precision DEFAULT 60,
	green_from double precision DEFAULT 80
) RETURNS TABLE (
	customer text,
	name text,
	segment text,
	owner text,
	usage_factor double precision,
	engagement_factor double precision,
	outcome_factor double precision,
	relationship_factor double precision,
	support_factor double precision,
	satisfaction_factor double precision,
	growth_factor double precision,
	advocacy_factor double precision,
	score double precision,
	coverage double precision,
	band text,
	weakest_factor text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 1000000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	built constant text[] := '{usage,engagement,outcome,relationship,support,satisfaction,growth,advocacy}';
	names text[];
	weights double precision[];
	places integer[];
BEGIN
	PERFORM nudge.check_instant(as_of);
	IF NOT coalesce(min_coverage, 0) BETWEEN 0 AND 1 THEN
		RAISE EXCEPTION 'min_coverage must be between 0 and 1, not %', min_coverage USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is a share of the weight of the factors.',
			HINT = 'Half of it is 0.5.';
	END IF;
	SELECT m.names, m.weights INTO names, weights FROM nudge.health_model(account_health.model) m;
	IF NOT names <@ built THEN
		RAISE EXCEPTION 'health model "%" has a factor that is not built from inputs', left(account_health.model, 64) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('Its factors are %s; built are %s.', array_to_string(names, ', '), array_to_string(built, ', ')),
			HINT = 'Add yours to the factors of the functions that build them, and score them with health_score(factors, model).';
	END IF;
	places := ARRAY(SELECT array_position(built, n.name) FROM unnest(names) WITH ORDINALITY n(name, place) ORDER BY n.place);
	RETURN QUERY
	WITH built AS MATERIALIZED (
		SELECT c.customer, c.name, c.segment, c.owner,
			ARRAY[u.factor, u.engagement_factor, o.factor, r.factor, t.factor, s.factor, g.factor, a.factor] AS factors
		FROM nudge.customer_rows(customers, as_of) c
		LEFT JOIN nudge.usage_factor(events, as_of, customers, users, features, zone) u ON u.customer = c.customer
		LEFT JOIN nudge.outcome_factor(account_facts, as_of, customers) o ON o.customer = c.customer
		LEFT JOIN nudge.relationship_factor(account_facts, as_of, customers) r ON r.customer = c.customer
		LEFT JOIN nudge.support_factor(tickets, as_of, customers) t ON t.customer = c.customer
		LEFT JOIN nudge.satisfaction_factor(surveys, as_of, customers) s ON s.customer = c.customer
		LEFT JOIN nudge.growth_factor(subscriptions, as_of, customers, usage, zone => zone) g ON g.customer = c.customer
		LEFT JOIN nudge.advocacy_factor(account_facts, as_of, customers, surveys) a ON a.customer = c.customer
		WHERE NOT c.internal
	), scored AS (
		SELECT b.*, nudge.health_score(v.chosen, weights, missing) AS score, nudge.health_coverage(v.chosen, weights) AS coverage,
			(SELECT f.factor FROM nudge.health_factors(v.chosen, weights, names, missing) f WHERE f.points_lost > 0 ORDER BY f.points_lost DESC, f.position LIMIT 1) AS weakest
		FROM built b, LATERAL (SELECT ARRAY(SELECT b.factors[p.place] FROM unnest(places) WITH ORDINALITY p(place, n) ORDER BY p.n) AS chosen) v
	)
	SELECT s.customer, s.name, s.segment, s.owner, s.factors[1], s.factors[2], s.factors[3], s.factors[4], s.factors[5], s.factors[6], s.factors[7], s.factors[8],
		s.score, s.coverage,
		-- a warning needs less proof than an all-clear
		CASE WHEN s.coverage >= coalesce(min_coverage, 0) OR s.score < coalesce(green_from, 80) THEN nudge.health_band(s.score, coalesce(yellow_from, 60), coalesce(green_from, 80)) END, s.weakest
	FROM scored s
	ORDER BY s.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.account_health(regclass, timestamptz, regclass, regclass, regclass, regclass, regclass, regclass, regclass, regclass, text, text, text, double precision, double precision, double precision) IS
	'The health of each customer before an instant: its factors, its score by a model, how much of it is known, its band, which is not green if that is too little, and the factor that costs it most. Not STRICT: a NULL relation leaves its factors NULL, a NULL min_coverage is 0, a NULL bound of a band its default';

-- src/reports/account_shares.sql

/*
 * account_shares.sql
 *		What people record about accounts, as shares: reviews, success plans,
 *		sponsors, relationships, requirements, spend, value realised; and shares
 *		of contracts and recurring revenue by segment.
 *
 * Definitions: doc/account_shares.md.
 */

-- The shares ----------------------------------------------------------------

CREATE FUNCTION nudge.account_share_metrics()
	RETURNS TABLE (place integer, metric text, source text, counts text, unit text, description text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT v.place, v.metric, v.source, v.counts, v.unit, v.description
	FROM (VALUES
		(1, 'qbr_completion_rate', 'qbr_held', 'held', 'share', 'Customers with a business review held in the three months to as_of, of all customers'),
		(2, 'success_plan_achievement_rate', 'success_plan_on_track', 'items', 'share', 'Success plans that are on track, of all success plans'),
		(3, 'sponsor_health_rate', 'sponsor_status', 'level', 'share', 'Customers whose sponsors are at the healthy level or above on the mean, of those whose sponsor status is recorded'),
		(4, 'sponsor_coverage_rate', 'sponsor_status', 'recorded', 'share', 'Customers whose sponsor status is recorded, of all customers'),
		(5, 'roi_realization_rate', 'documented_roi', 'reached', 'share', 'Customers with a documented return on investment of 1 or more, of all customers'),
		(6, 'expansion_opportunity_coverage', 'upsell_identified', 'flag', 'share', 'Customers with an identified upsell opportunity, of all customers'),
		(7, 'solution_gap_identification_rate', 'unmet_need', 'flag', 'share', 'Customers with a documented unmet need, of all customers'),
		(8, 'executive_relationship_rate', 'contact_level', 'levels', 'share', 'Customers with contacts on several levels, of all customers'),
		(9, 'strategic_account_planning_rate', 'growth_plan', 'flag', 'share', 'Customers with a documented growth plan, of all customers'),
		(10, 'wallet_share', 'category_spend', 'spend', 'share', 'Recurring revenue over what the customers spend on the category, where that is recorded'),
		(11, 'account_expansion_rate', 'state', 'revenue', 'share', 'Customers whose MRR is higher than three months before, of those that paid then'),
		(12, 'multi_year_contract_rate', 'contracts', 'contracts', 'share', 'Contracts with a term of 24 months or more, of those signed in the twelve months to as_of'),
		(13, 'implementation_success_rate', 'implementation_met', 'items', 'share', 'Implementations that met their criteria, of all with an outcome'),
		(14, 'implementation_days', 'implementation_met', 'days', 'days', 'Mean days from the start to the first implementation that met its criteria, of customers that have one'),
		(15, 'requirement_readiness_rate', 'requirement_met', 'items', 'share', 'Security, compliance and other requirements of customers that are met, of all that are recorded'),
		(16, 'feature_completion_rate', 'feature_delivered', 'items', 'share', 'Roadmap features of customers that are delivered, of all that are recorded'),
		(17, 'reference_customer_rate', 'referenceable', 'flag', 'share', 'Customers that can be named as a reference, of all customers; the numerator is their number'),
		(18, 'solution_fit_score', 'solution_fit', 'mean', 'score', 'Mean of the fit of the product as it was assessed, of customers that have one'),
		(19, 'revenue_contribution', 'state', 'revenue', 'share', 'MRR of the segment, of all MRR'),
		(20, 'customer_growth_multiple', 'state', 'revenue', 'multiple', 'Customers of the segment over those of twelve months before'),
		(21, 'customer_count_growth', 'state', 'revenue', 'share', 'The multiple less 1'),
		(22, 'use_case_implementation_rate', 'use_case_implemented', 'items', 'share', 'Use cases of customers that are implemented, of all that are recorded')
	) v(place, metric, source, counts, unit, description)
	ORDER BY v.place;
END;
COMMENT ON FUNCTION nudge.account_share_metrics() IS
	'The metrics of account_shares: from which fact or input each comes, how it counts, its unit and what it means';

CREATE FUNCTION nudge.account_flag_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	quarter_at constant timestamptz := nudge.day_close(nudge.months_before(as_of, 3), zone);
	wanted constant text[] := ARRAY(SELECT DISTINCT m.source FROM nudge.account_share_metrics() m WHERE m.counts IN ('flag', 'held', 'items'));
BEGIN
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT a.customer FROM nudge.account_rows(state, customers, as_of, account_flag_lines.segment, zone) a WHERE a.active AND a.chosen
	), found AS MATERIALIZED (
		SELECT f.customer, f.fact, f.value, f.agreed_at, f.valid_from, f.in_force FROM nudge.account_fact_rows(account_facts, wanted, known_at) f
	), tracked AS MATERIALIZED (
		-- a fact that nobody records says nothing about anybody
		SELECT m.metric, m.source, m.counts FROM nudge.account_share_metrics() m
		WHERE m.counts IN ('flag', 'held', 'items') AND EXISTS (SELECT FROM found f WHERE f.fact = m.source)
	), latest AS MATERIALIZED (
		SELECT DISTINCT ON (f.customer, f.fact) f.customer, f.fact, f.value FROM found f WHERE f.in_force
		ORDER BY f.customer, f.fact, f.valid_from DESC, f.value COLLATE "C"
	), held AS MATERIALIZED (
		SELECT f.customer, bool_or(nudge.fact_flag(f.fact, f.value)) AS held FROM found f
		WHERE f.fact = 'qbr_held' AND f.valid_from >= quarter_at GROUP BY f.customer
	), item AS MATERIALIZED (
		SELECT t.metric, f.customer, f.fact, f.value, f.agreed_at > f.valid_from AS too_late,
			row_number() OVER (PARTITION BY t.metric, f.customer ORDER BY f.valid_from, f.agreed_at, f.value COLLATE "C") AS no
		FROM found f JOIN tracked t ON t.source = f.fact AND t.counts = 'items' JOIN account a ON a.customer = f.customer
		WHERE f.in_force
	)
	SELECT t.metric, a.customer, NULL::text, coalesce(nudge.fact_flag(l.fact, l.value), false)::integer::numeric, 1::numeric, l.value
	FROM tracked t CROSS JOIN account a LEFT JOIN latest l ON l.customer = a.customer AND l.fact = t.source
	WHERE t.counts = 'flag'
	UNION ALL
	SELECT t.metric, a.customer, NULL, coalesce(h.held, false)::integer, 1, h.held::text
	FROM tracked t CROSS JOIN account a LEFT JOIN held h ON h.customer = a.customer
	WHERE t.counts = 'held'
	UNION ALL
	-- criteria that were agreed after their outcome do not count
	SELECT i.metric, i.customer, i.no::text, CASE WHEN i.too_late IS NOT TRUE THEN nudge.fact_flag(i.fact, i.value)::integer END,
		CASE WHEN i.too_late IS NOT TRUE THEN 1 END, CASE WHEN i.too_late THEN 'agreed after its outcome' ELSE i.value END
	FROM item i;
END
$$;
COMMENT ON FUNCTION nudge.account_flag_lines(nudge.mrr_state, regclass, date, regclass, text, text) IS
	'Works for account_share_lines: the metrics whose facts are true or false. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_value_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	healthy integer;
BEGIN
	PERFORM nudge.check_levels('sponsor_status', sponsor_levels);
	healthy := array_position(sponsor_levels, lower(healthy_sponsor));
	IF healthy IS NULL OR minimum_levels IS NULL OR minimum_levels < 1 OR NOT coalesce(category_spend_months > 0 AND category_spend_months < 'Infinity', false) THEN
		RAISE EXCEPTION 'an option of account_shares is out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('healthy_sponsor is %s, minimum_levels %s, category_spend_months %s.', coalesce(healthy_sponsor, 'null'),
					coalesce(minimum_levels::text, 'null'), coalesce(category_spend_months::text, 'null')),
				HINT = 'Pass a word of sponsor_levels, a number of levels from 1, and months above 0.';
	END IF;
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT a.customer, a.mrr FROM nudge.account_rows(state, customers, as_of, account_value_lines.segment, zone) a WHERE a.active AND a.chosen
	), found AS MATERIALIZED (
		SELECT f.customer, f.fact, f.value, f.valid_from, f.in_force
		FROM nudge.account_fact_rows(account_facts, '{sponsor_status,documented_roi,contact_level,category_spend,solution_fit}', known_at) f
	), tracked AS MATERIALIZED (
		SELECT DISTINCT f.fact FROM found f
	), latest AS MATERIALIZED (
		SELECT DISTINCT ON (f.customer, f.fact) f.customer, f.fact, f.value FROM found f WHERE f.in_force
		ORDER BY f.customer, f.fact, f.valid_from DESC, f.value COLLATE "C"
	), valued AS MATERIALIZED (
		-- every account with every fact that is recorded for some account
		SELECT a.customer, a.mrr, t.fact, l.value,
			CASE WHEN t.fact IN ('documented_roi', 'category_spend', 'solution_fit') THEN nudge.fact_number(t.fact, l.value) END AS number
		FROM account a CROSS JOIN tracked t LEFT JOIN latest l ON l.customer = a.customer AND l.fact = t.fact
	), sound AS MATERIALIZED (
		SELECT nudge.check_values('account_facts', count(*) FILTER (WHERE v.fact = 'category_spend' AND v.number < 0), 'A category_spend is negative.') AS checked FROM valued v
	), sponsor AS MATERIALIZED (
		-- the mean of all sponsors
		SELECT f.customer, avg(nudge.fact_level(f.fact, f.value, sponsor_levels)) AS level, string_agg(f.value, ', ' ORDER BY f.valid_from, f.value COLLATE "C") AS words
		FROM found f WHERE f.fact = 'sponsor_status' AND f.in_force GROUP BY f.customer
	), contact AS MATERIALIZED (
		SELECT f.customer, count(DISTINCT lower(f.value)) AS levels, string_agg(DISTINCT lower(f.value) COLLATE "C", ', ' ORDER BY lower(f.value) COLLATE "C") AS words
		FROM found f WHERE f.fact = 'contact_level' AND f.in_force GROUP BY f.customer
	)
	SELECT 'sponsor_health_rate', a.customer, NULL::text, (s.level >= healthy)::integer::numeric, 1::numeric, s.words
	FROM account a JOIN sponsor s ON s.customer = a.customer
	UNION ALL
	SELECT 'sponsor_coverage_rate', v.customer, NULL, (s.level IS NOT NULL)::integer, 1, s.words
	FROM valued v LEFT JOIN sponsor s ON s.customer = v.customer WHERE v.fact = 'sponsor_status'
	UNION ALL
	SELECT 'roi_realization_rate', v.customer, NULL, coalesce(v.number >= 1, false)::integer, 1, v.value FROM valued v WHERE v.fact = 'documented_roi'
	UNION ALL
	SELECT 'executive_relationship_rate', v.customer, NULL, coalesce(c.levels >= minimum_levels, false)::integer, 1, c.words
	FROM valued v LEFT JOIN contact c ON c.customer = v.customer WHERE v.fact = 'contact_level'
	UNION ALL
	SELECT 'wallet_share', v.customer, NULL, v.mrr * category_spend_months, CASE WHEN v.mrr IS NOT NULL THEN v.number END, v.value
	FROM sound JOIN valued v ON sound.checked AND v.fact = 'category_spend' AND v.number > 0
	UNION ALL
	SELECT 'solution_fit_score', v.customer, NULL, v.number, 1, v.value FROM valued v WHERE v.fact = 'solution_fit' AND v.number IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.account_value_lines(nudge.mrr_state, regclass, date, regclass, text, text, text[], text, integer, numeric) IS
	'Works for account_share_lines: the metrics whose facts are words or numbers. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.implementation_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, started_at timestamptz, met_at timestamptz, days numeric, reached boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY
	WITH begun AS MATERIALIZED (
		SELECT a.customer, coalesce(c.starts_at, a.created_at) AS started_at
		FROM nudge.account_rows(state, customers, as_of, implementation_lines.segment, zone) a
		LEFT JOIN (SELECT k.customer, min(k.starts_at) AS starts_at FROM nudge.account_contract_rows(contracts, known_at) k GROUP BY k.customer) c ON c.customer = a.customer
		WHERE a.active AND a.chosen
	), met AS MATERIALIZED (
		SELECT f.customer, f.valid_from FROM nudge.account_fact_rows(account_facts, '{implementation_met}', known_at) f
		WHERE CASE WHEN coalesce(f.agreed_at <= f.valid_from, true) THEN nudge.fact_flag(f.fact, f.value) END
	)
	SELECT b.customer, b.started_at, m.met_at, extract(epoch FROM coalesce(m.met_at, known_at) - b.started_at) / 86400, m.met_at IS NOT NULL
	FROM begun b
	LEFT JOIN (SELECT k.customer, min(m.valid_from) AS met_at FROM begun k JOIN met m ON m.customer = k.customer AND m.valid_from >= k.started_at GROUP BY k.customer) m ON m.customer = b.customer
	WHERE b.started_at < known_at
	ORDER BY b.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.implementation_lines(nudge.mrr_state, regclass, date, regclass, regclass, text, text) IS
	'Days from the start of each customer (its first contract, or else when it came to be) to its first implementation_met, or, where that is not reached, to the close of as_of. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.implementation_velocity(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customers_started bigint, customers_reached bigint, customers_open bigint, mean_days numeric, median_days numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 60000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT count(*), count(*) FILTER (WHERE l.reached), count(*) FILTER (WHERE NOT l.reached), avg(l.days) FILTER (WHERE l.reached),
		nudge.median_survival(array_agg(l.days), array_agg(l.reached))
	FROM nudge.implementation_lines(state, account_facts, as_of, customers, contracts, segment, zone) l;
END
$$;
COMMENT ON FUNCTION nudge.implementation_velocity(nudge.mrr_state, regclass, date, regclass, regclass, text, text) IS
	'Time to value: mean days of the implementations that met their criteria, and the Kaplan-Meier median, in which those that have not yet are censored. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_revenue_lines(
	state nudge.mrr_state,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	signed_from timestamptz;
BEGIN
	IF NOT coalesce(contract_months BETWEEN 1 AND 1200 AND multi_year_months > 0, false) THEN
		RAISE EXCEPTION 'months of contracts are out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('contract_months is %s, multi_year_months %s.', coalesce(contract_months::text, 'null'), coalesce(multi_year_months::text, 'null')),
				HINT = 'Pass 1 to 1200 months in which contracts were signed, and a term above 0.';
	END IF;
	signed_from := nudge.day_close(nudge.months_before(as_of, contract_months), zone);
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT a.customer, a.mrr, a.quarter_mrr, a.year_mrr, a.chosen, a.customer_segment FROM nudge.account_rows(state, customers, as_of, account_revenue_lines.segment, zone) a
	)
	SELECT 'account_expansion_rate', a.customer, NULL::text, (a.mrr > a.quarter_mrr)::integer::numeric, 1::numeric, format('%s to %s', a.quarter_mrr, a.mrr)
	FROM account a WHERE a.chosen AND a.quarter_mrr > 0
	UNION ALL
	SELECT 'multi_year_contract_rate', c.customer, c.contract, (c.term_months >= multi_year_months)::integer, 1, format('%s months', c.term_months)
	FROM nudge.account_contract_rows(contracts, known_at) c
	LEFT JOIN account a ON a.customer = c.customer
	WHERE c.signed_at >= signed_from AND (a.chosen OR customers IS NULL AND a.customer IS NULL)
	UNION ALL
	SELECT 'revenue_contribution', a.customer, NULL, CASE WHEN a.chosen THEN a.mrr ELSE 0 END, a.mrr, a.customer_segment FROM account a WHERE a.mrr > 0
	UNION ALL
	SELECT m.metric, a.customer, NULL, (a.mrr > 0)::integer - CASE m.metric WHEN 'customer_count_growth' THEN (a.year_mrr > 0)::integer ELSE 0 END,
		(a.year_mrr > 0)::integer, CASE WHEN a.year_mrr = 0 THEN 'new' WHEN a.mrr = 0 THEN 'lost' ELSE 'kept' END
	FROM (VALUES ('customer_growth_multiple'), ('customer_count_growth')) m(metric), account a
	WHERE a.chosen AND (a.mrr > 0 OR a.year_mrr > 0);
END
$$;
COMMENT ON FUNCTION nudge.account_revenue_lines(nudge.mrr_state, date, regclass, regclass, text, text, numeric, integer) IS
	'Works for account_share_lines: the metrics of contracts and recurring revenue. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_share_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5000 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM (SELECT f.* FROM nudge.account_flag_lines(state, account_facts, as_of, customers, account_share_lines.segment, zone) f
		UNION ALL
		SELECT v.* FROM nudge.account_value_lines(state, account_facts, as_of, customers, account_share_lines.segment, zone,
			sponsor_levels, healthy_sponsor, minimum_levels, category_spend_months) v
		UNION ALL
		SELECT r.* FROM nudge.account_revenue_lines(state, as_of, customers, contracts, account_share_lines.segment, zone, multi_year_months, contract_months) r
		UNION ALL
		SELECT 'implementation_days', i.customer, NULL, CASE WHEN i.reached THEN i.days END, CASE WHEN i.reached THEN 1 END, CASE WHEN i.reached THEN 'reached' ELSE 'open' END
		FROM nudge.implementation_lines(state, account_facts, as_of, customers, contracts, account_share_lines.segment, zone) i) l
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric
	ORDER BY m.place, l.customer COLLATE "C", l.item COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.account_share_lines(nudge.mrr_state, regclass, date, regclass, regclass, text, text, text[], text, integer, numeric, numeric, integer) IS
	'The drill-down of account_shares: a row per metric and customer, plan, requirement or contract, with what it adds to numerator and denominator. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_shares(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, numerator numeric, denominator numeric, value numeric, unit text, description text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 22 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT m.metric, coalesce(l.numerator, 0), coalesce(l.denominator, 0), l.numerator / nullif(l.denominator, 0), m.unit, m.description
	FROM nudge.account_share_metrics() m
	LEFT JOIN (SELECT s.metric, sum(s.numerator) AS numerator, sum(s.denominator) AS denominator
		FROM nudge.account_share_lines(state, account_facts, as_of, customers, contracts, account_shares.segment, zone,
			sponsor_levels, healthy_sponsor, minimum_levels, category_spend_months, multi_year_months, contract_months) s
		GROUP BY s.metric) l ON l.metric = m.metric
	ORDER BY m.place;
END
$$;
COMMENT ON FUNCTION nudge.account_shares(nudge.mrr_state, regclass, date, regclass, regclass, text, text, text[], text, integer, numeric, numeric, integer) IS
	'The customer success and enterprise shares at the close of a day, a row per metric with numerator, denominator and value; NULL where the fact or the input is not recorded. Not STRICT: NULL inputs are not known, a NULL segment is all customers';

-- Value realised ------------------------------------------------------------

CREATE FUNCTION nudge.value_realization_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	threshold numeric DEFAULT 0.8,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (
	customer text,
	criteria bigint,
	criteria_met bigint,
	criteria_not_agreed bigint,
	score numeric,
	is_realized boolean,
	usage_ratio numeric,
	value_index numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	IF NOT coalesce(threshold BETWEEN 0 AND 1, false) THEN
		RAISE EXCEPTION 'threshold must be a share from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(threshold::text, 'null')),
				HINT = 'Leave it out for its default.';
	END IF;
	RETURN QUERY
	WITH fact AS (
		-- what was not agreed before its outcome is no agreed criterion
		SELECT f.customer, coalesce(f.agreed_at <= f.valid_from, false) AS agreed, nudge.fact_flag(f.fact, f.value) AS met
		FROM nudge.account_fact_rows(account_facts, '{criterion_met}', known_at) f WHERE f.in_force
	), criterion AS MATERIALIZED (
		SELECT f.customer, count(*) FILTER (WHERE f.agreed) AS agreed, count(*) FILTER (WHERE f.agreed AND f.met) AS met, count(*) FILTER (WHERE NOT f.agreed) AS other
		FROM fact f GROUP BY f.customer
	), used AS MATERIALIZED (
		SELECT u.customer, max(u.usage_ratio) AS ratio FROM nudge.recent_usage_ratio(usage, as_of, grain, zone) u WHERE u.complete GROUP BY u.customer
	)
	SELECT a.customer, coalesce(c.agreed, 0), coalesce(c.met, 0), coalesce(c.other, 0), k.score, k.score > threshold, u.ratio, k.score * CASE WHEN u.ratio > 1 THEN 1 ELSE u.ratio END
	FROM nudge.account_rows(state, customers, as_of, value_realization_lines.segment, zone) a
	LEFT JOIN criterion c ON c.customer = a.customer
	LEFT JOIN used u ON u.customer = a.customer,
		LATERAL (SELECT c.met::numeric / nullif(c.agreed, 0) AS score) k
	WHERE a.active AND a.chosen
	ORDER BY a.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.value_realization_lines(nudge.mrr_state, regclass, date, regclass, regclass, numeric, text, text, text) IS
	'Value realization score of every customer: its agreed criteria that are met, over those agreed before their outcome, and times the usage of its limits, up to 1, the index: the drill-down of value_realization. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.value_realization(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	threshold numeric DEFAULT 0.8,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (
	all_customers bigint,
	scored_customers bigint,
	realized_customers bigint,
	realization_rate numeric,
	coverage numeric,
	mean_score numeric,
	mean_index numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT count(*), count(l.score), count(*) FILTER (WHERE l.is_realized), count(*) FILTER (WHERE l.is_realized)::numeric / nullif(count(l.score), 0),
		count(l.score)::numeric / nullif(count(*), 0), avg(l.score), avg(l.value_index)
	FROM nudge.value_realization_lines(state, account_facts, as_of, customers, usage, threshold, segment, zone, grain) l;
END
$$;
COMMENT ON FUNCTION nudge.value_realization(nudge.mrr_state, regclass, date, regclass, regclass, numeric, text, text, text) IS
	'Value realization rate: customers with more than the threshold of their agreed criteria met, over those that have agreed criteria; coverage is the share of customers that have. Not STRICT: NULL inputs are not known';

-- src/reports/customer_success.sql

/*
 * customer_success.sql
 *		Customers at risk and what is done about it: revenue at risk,
 *		risk-adjusted retention, interventions, lead time, stability, portfolios.
 *
 * Definitions: doc/customer_success.md.
 */

-- Survival with censoring ---------------------------------------------------

CREATE FUNCTION nudge.kaplan_meier(days numeric[], occurred boolean[])
	RETURNS TABLE (day numeric, at_risk bigint, events bigint, censored bigint, survival numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 COST 1000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	-- between censorings the estimate is a plain share, which keeps rounding out of it
	base numeric := 1;
	base_at_risk numeric := cardinality(days);
	line record;
BEGIN
	IF cardinality(days) <> cardinality(occurred) OR coalesce(array_ndims(days), 1) > 1 OR coalesce(array_ndims(occurred), 1) > 1
		OR array_position(days, NULL) IS NOT NULL OR array_position(occurred, NULL) IS NOT NULL OR 'NaN' = ANY (days) OR NOT 0 <= ALL (days) OR 'Infinity' = ANY (days) THEN
		RAISE EXCEPTION 'days and occurred must be as many, and days finite and not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('There are %s days and %s that say whether it occurred.', cardinality(days), cardinality(occurred)),
				HINT = 'Pass for each subject the days until it happened, or until nothing more is known.';
	END IF;
	at_risk := cardinality(days);
	FOR line IN
		SELECT t.day, count(*) FILTER (WHERE t.occurred) AS events, count(*) FILTER (WHERE NOT t.occurred) AS censored
		FROM unnest(days, occurred) t(day, occurred) GROUP BY t.day ORDER BY t.day
	LOOP
		day := line.day;
		events := line.events;
		censored := line.censored;
		survival := round(round(base * (at_risk - events), 40) / base_at_risk, 40);
		RETURN NEXT;
		at_risk := at_risk - events - censored;
		IF censored > 0 THEN
			base := survival;
			base_at_risk := at_risk;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.kaplan_meier(numeric[], boolean[]) IS
	'Kaplan-Meier survival: for each day on which it occurred to a subject or one was censored, how many were at risk and the share to whom it has not occurred';

CREATE FUNCTION nudge.median_survival(days numeric[], occurred boolean[]) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
BEGIN ATOMIC
	SELECT min(k.day) FROM nudge.kaplan_meier(days, occurred) k WHERE k.survival <= 0.5 + 1e-30;
END;
COMMENT ON FUNCTION nudge.median_survival(numeric[], boolean[]) IS
	'First day on which Kaplan-Meier survival is one half or less; NULL if it stays above';

-- Readings, each checked once -----------------------------------------------

CREATE FUNCTION nudge.customer_score_rows(scores regclass, as_of timestamptz DEFAULT NULL, model text DEFAULT NULL, most numeric DEFAULT 100)
	RETURNS TABLE (customer text, at timestamptz, score numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT s.entity, s.at, s.score, s.model FROM (%s) s
			WHERE (s.at IS NULL OR coalesce(s.at < $1, true)) AND ($2 IS NULL OR s.model = $2)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('scores', count(*) FILTER (WHERE l.entity IS NULL OR NOT coalesce(isfinite(l.at) AND abs(l.score) < 'Infinity', false))),
				nudge.check_values('scores', count(*) FILTER (WHERE NOT l.score BETWEEN 0 AND $3), format('A score is from 0 to %%s here.', $3)),
				nudge.check_one_model(min(l.model COLLATE "C"), max(l.model COLLATE "C"), count(*) - count(l.model)) AS checked
			FROM line l
		)
		SELECT l.entity, l.at, l.score FROM one, line l
		$query$, nudge.input_query('scores', scores)) USING as_of, model, most;
END
$$;
COMMENT ON FUNCTION nudge.customer_score_rows(regclass, timestamptz, text, numeric) IS
	'The scores of customers before an instant, of one model, from 0 to most. Not STRICT: NULL scores are none, a NULL as_of is no bound, a NULL model is the only one';

CREATE FUNCTION nudge.intervention_rows(interventions regclass, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, at timestamptz, reason text, kind text, outcome text, outcome_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.* FROM (%s) i WHERE i.at IS NULL OR coalesce(i.at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('interventions', count(*) FILTER (WHERE l.customer IS NULL OR l.reason IS NULL OR NOT coalesce(isfinite(l.at), false))) AS checked
			FROM line l
		)
		-- an outcome of later is not known yet
		SELECT l.customer, l.at, l.reason, l.kind, k.outcome, k.outcome_at
		FROM one, line l, LATERAL (SELECT CASE WHEN coalesce(l.outcome_at < $1, true) THEN l.outcome END AS outcome,
			CASE WHEN coalesce(l.outcome_at < $1, true) THEN l.outcome_at END AS outcome_at) k
		$query$, nudge.input_query('interventions', interventions)) USING as_of;
END
$$;
COMMENT ON FUNCTION nudge.intervention_rows(regclass, timestamptz) IS
	'The interventions before an instant, with the outcomes known then. Not STRICT: NULL interventions are none, a NULL as_of is no bound';

-- Revenue at risk -----------------------------------------------------------

CREATE FUNCTION nudge.at_risk_revenue_lines(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (customer text, mrr numeric, score numeric, scored_at timestamptz, band text, at_risk boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_bands(threshold, yellow_from, green_from);
	RETURN QUERY
	WITH latest AS MATERIALIZED (
		-- of readings of one instant the lowest
		SELECT DISTINCT ON (s.customer) s.customer, s.at, s.score FROM nudge.customer_score_rows(scores, known_at, model) s
		ORDER BY s.customer, s.at DESC, s.score
	)
	SELECT m.customer, m.mrr, l.score, l.at, nudge.health_band(l.score::double precision, yellow_from::double precision, green_from::double precision),
		l.score < threshold
	FROM nudge.customer_mrr(state, as_of, coalesce(zone, 'UTC')) m
	LEFT JOIN latest l ON l.customer = m.customer
	ORDER BY m.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.at_risk_revenue_lines(nudge.mrr_state, regclass, date, numeric, numeric, numeric, text, text) IS
	'Every customer that pays at the close of a day with its latest score, the band and whether it is at risk: the drill-down of at_risk_revenue. Not STRICT: NULL scores are none, a NULL model is the only one';

CREATE FUNCTION nudge.at_risk_revenue(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	band text,
	is_total boolean,
	customers bigint,
	mrr numeric,
	mrr_share numeric,
	at_risk_customers bigint,
	at_risk_mrr numeric,
	at_risk_mrr_share numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.* FROM nudge.at_risk_revenue_lines(state, scores, as_of, threshold, yellow_from, green_from, zone, model) l
	), total AS (
		SELECT sum(l.mrr) AS mrr FROM line l
	), part AS (
		SELECT l.band, grouping(l.band) = 1 AS is_total, count(*) AS customers, coalesce(sum(l.mrr), 0) AS mrr,
			-- without any score it is not known who is at risk
			CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN count(*) FILTER (WHERE l.at_risk) END AS at_risk_customers,
			CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN coalesce(sum(l.mrr) FILTER (WHERE l.at_risk), 0) END AS at_risk_mrr
		FROM line l GROUP BY GROUPING SETS ((l.band), ())
	)
	SELECT p.band, p.is_total, p.customers, p.mrr, p.mrr / nullif(t.mrr, 0), p.at_risk_customers, p.at_risk_mrr, p.at_risk_mrr / nullif(t.mrr, 0), nudge.mrr_currency(state)
	FROM part p, total t
	ORDER BY p.is_total, array_position('{red,yellow,green}', p.band);
END
$$;
COMMENT ON FUNCTION nudge.at_risk_revenue(nudge.mrr_state, regclass, date, numeric, numeric, numeric, text, text) IS
	'MRR at the close of a day by band of health, without a band if there is no score, and of customers below the threshold; shares are of all MRR. Not STRICT: NULL scores are none, a NULL model is the only one';

-- Risk-adjusted retention ---------------------------------------------------

CREATE FUNCTION nudge.risk_adjusted_retention_lines(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	churn_probabilities regclass DEFAULT NULL,
	minimum_customers integer DEFAULT 30,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	mrr numeric,
	score numeric,
	band text,
	churn_probability numeric,
	cohort_customers bigint,
	cohort_retained bigint,
	retention numeric,
	basis text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_count('minimum_customers', minimum_customers);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.* FROM nudge.at_risk_revenue_lines(state, scores, as_of, yellow_from, yellow_from, green_from, zone, model) l
	), probability AS MATERIALIZED (
		SELECT DISTINCT ON (p.customer) p.customer, p.score FROM nudge.customer_score_rows(churn_probabilities, known_at, NULL, 1) p
		ORDER BY p.customer, p.at DESC, p.score DESC
	), cohort AS MATERIALIZED (
		-- who paid twelve months before, by the band of then, and still pays
		SELECT b.band, grouping(b.band) = 1 AS is_overall, count(*) AS customers, count(l.customer) AS retained
		FROM nudge.at_risk_revenue_lines(state, scores, nudge.months_before(as_of, 12), yellow_from, yellow_from, green_from, zone, model) b
		LEFT JOIN line l ON l.customer = b.customer
		GROUP BY GROUPING SETS ((b.band), ())
	)
	SELECT l.customer, l.mrr, l.score, l.band, p.score, r.customers, r.retained, r.retention, r.basis
	FROM line l
	LEFT JOIN probability p ON p.customer = l.customer
	LEFT JOIN cohort c ON c.band = l.band AND NOT c.is_overall AND c.customers >= minimum_customers
	LEFT JOIN cohort o ON o.is_overall AND o.customers > 0,
		LATERAL (SELECT v.* FROM (VALUES (1, NULL::bigint, NULL::bigint, 1 - p.score, 'churn_probability'),
				(2, c.customers, c.retained, c.retained::numeric / c.customers, 'band'),
				(3, o.customers, o.retained, o.retained::numeric / o.customers, 'overall'), (4, NULL, NULL, NULL, NULL)) v(place, customers, retained, retention, basis)
			WHERE v.retention IS NOT NULL OR v.place = 4 ORDER BY v.place LIMIT 1) r
	ORDER BY l.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.risk_adjusted_retention_lines(nudge.mrr_state, regclass, date, regclass, integer, numeric, numeric, text, text) IS
	'Every customer that pays at the close of a day with the retention to expect, and whether that is from its churn_probability, from its band or from all: the drill-down of risk_adjusted_retention. Not STRICT: NULL inputs have no rows, a NULL model is the only one';

CREATE FUNCTION nudge.risk_adjusted_retention(
	state nudge.mrr_state,
	scores regclass,
	as_of date,
	churn_probabilities regclass DEFAULT NULL,
	minimum_customers integer DEFAULT 30,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	band text,
	is_total boolean,
	customers bigint,
	mrr numeric,
	known_mrr numeric,
	retained_mrr numeric,
	risk_adjusted_retention numeric,
	coverage numeric,
	basis text,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5 COST 60000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH part AS (
		SELECT l.band, grouping(l.band) = 1 AS is_total, count(*) AS customers, coalesce(sum(l.mrr), 0) AS mrr,
			coalesce(sum(l.mrr) FILTER (WHERE l.retention IS NOT NULL), 0) AS known, coalesce(sum(l.mrr * l.retention), 0) AS retained,
			CASE WHEN count(DISTINCT l.basis) > 1 THEN 'mixed' ELSE min(l.basis) END AS basis
		FROM nudge.risk_adjusted_retention_lines(state, scores, as_of, churn_probabilities, minimum_customers, yellow_from, green_from, zone, model) l
		GROUP BY GROUPING SETS ((l.band), ())
	)
	SELECT p.band, p.is_total, p.customers, p.mrr, p.known, p.retained, p.retained / nullif(p.known, 0), p.known / nullif(p.mrr, 0), p.basis, nudge.mrr_currency(state)
	FROM part p
	ORDER BY p.is_total, array_position('{red,yellow,green}', p.band);
END
$$;
COMMENT ON FUNCTION nudge.risk_adjusted_retention(nudge.mrr_state, regclass, date, regclass, integer, numeric, numeric, text, text) IS
	'Risk-adjusted retention rate at the close of a day, by band and in all: MRR times the retention to expect over MRR; coverage is the share of MRR for which one is known. Not STRICT: NULL inputs have no rows, a NULL model is the only one';

-- Interventions -------------------------------------------------------------

CREATE FUNCTION nudge.intervention_success_lines(
	interventions regclass,
	scores regclass,
	start_day date,
	end_day date,
	threshold numeric DEFAULT 65,
	healthy_from numeric DEFAULT 80,
	within_days integer DEFAULT 90,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	at timestamptz,
	reason text,
	kind text,
	score numeric,
	status text,
	counted boolean,
	recovered_at timestamptz,
	days_to_recovery numeric,
	due_at timestamptz,
	outcome text,
	outcome_at timestamptz
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	start_at constant timestamptz := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	end_at constant timestamptz := end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_count('within_days', within_days);
	IF NOT coalesce(0 <= threshold AND threshold <= healthy_from AND healthy_from <= 100, false) THEN
		RAISE EXCEPTION 'healthy_from must not be below the threshold'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('A customer is at risk below %s and healthy from %s, of 0 to 100.', coalesce(threshold::text, 'null'), coalesce(healthy_from::text, 'null')),
				HINT = 'The defaults are 65 and 80.';
	END IF;
	RETURN QUERY
	WITH reading AS MATERIALIZED (
		-- of readings of one instant the lowest
		SELECT s.customer, s.at, min(s.score) AS score FROM nudge.customer_score_rows(scores, as_of, model) s GROUP BY s.customer, s.at
	), step AS MATERIALIZED (
		SELECT row_number() OVER () AS no, i.*, (i.at AT TIME ZONE 'UTC' + make_interval(days => within_days)) AT TIME ZONE 'UTC' AS due_at
		FROM nudge.intervention_rows(interventions, as_of) i WHERE i.at >= start_at AND i.at < end_at
	), before AS (
		SELECT DISTINCT ON (i.no) i.no, r.score FROM step i JOIN reading r ON r.customer = i.customer AND r.at <= i.at
		ORDER BY i.no, r.at DESC
	), after AS (
		SELECT i.no, min(r.at) AS at FROM step i JOIN reading r ON r.customer = i.customer AND r.at > i.at AND r.at < i.due_at AND r.score >= healthy_from
		GROUP BY i.no
	)
	SELECT i.customer, i.at, i.reason, i.kind, b.score, k.status,
		b.score < threshold AND coalesce(i.due_at <= as_of, true) AND b.score IS NOT NULL,
		CASE WHEN k.status = 'succeeded' THEN a.at END, CASE WHEN k.status = 'succeeded' THEN extract(epoch FROM a.at - i.at) / 86400 END,
		i.due_at, i.outcome, i.outcome_at
	FROM step i
	LEFT JOIN before b ON b.no = i.no
	LEFT JOIN after a ON a.no = i.no,
		LATERAL (SELECT CASE WHEN b.score IS NULL THEN 'not_scored' WHEN b.score >= threshold THEN 'not_at_risk' WHEN a.at IS NOT NULL THEN 'succeeded'
			WHEN i.due_at > as_of THEN 'open' ELSE 'failed' END AS status) k
	ORDER BY i.at, i.customer COLLATE "C", i.reason COLLATE "C", i.kind COLLATE "C", i.outcome_at, i.outcome COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.intervention_success_lines(regclass, regclass, date, date, numeric, numeric, integer, text, timestamptz, text) IS
	'Every intervention of a window: the score then, whether the customer was at risk, and when it was healthy again: the drill-down of intervention_success. Not STRICT: NULL inputs have no rows, a NULL as_of is no bound';

CREATE FUNCTION nudge.intervention_success(
	interventions regclass,
	scores regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	threshold numeric DEFAULT 65,
	healthy_from numeric DEFAULT 80,
	within_days integer DEFAULT 90,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	interventions_made bigint,
	not_at_risk bigint,
	not_scored bigint,
	not_due bigint,
	counted bigint,
	succeeded bigint,
	success_rate numeric,
	at_risk_customers bigint,
	recovered_customers bigint,
	recovery_rate numeric,
	mean_days_to_recovery numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF "by" NOT IN ('reason', 'kind', 'outcome') THEN
		RAISE EXCEPTION 'interventions have no rows by "%"', left("by", 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'They are grouped by reason, kind or outcome.',
				HINT = 'Leave "by" out for the total alone.';
	END IF;
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.*, CASE "by" WHEN 'reason' THEN l.reason WHEN 'kind' THEN l.kind WHEN 'outcome' THEN l.outcome END AS value
		FROM nudge.intervention_success_lines(interventions, scores, start_day, end_day, threshold, healthy_from, within_days, zone, as_of, model) l
	), span AS MATERIALIZED (
		SELECT w.period, w.start_at, w.end_at FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), n AS MATERIALIZED (
		SELECT s.period, l.value, grouping(l.value) = 1 AS is_total, count(*) AS made, count(*) FILTER (WHERE l.status = 'not_at_risk') AS not_at_risk,
			count(*) FILTER (WHERE l.status = 'not_scored') AS not_scored,
			count(*) FILTER (WHERE NOT l.counted AND l.status IN ('open', 'succeeded')) AS not_due, count(*) FILTER (WHERE l.counted) AS counted,
			count(*) FILTER (WHERE l.counted AND l.status = 'succeeded') AS succeeded, count(DISTINCT l.customer) FILTER (WHERE l.counted) AS customers,
			count(DISTINCT l.customer) FILTER (WHERE l.counted AND l.status = 'succeeded') AS recovered,
			avg(l.days_to_recovery) FILTER (WHERE l.counted AND l.status = 'succeeded') AS days
		FROM span s JOIN line l ON l.at >= s.start_at AND l.at < s.end_at
		GROUP BY GROUPING SETS ((s.period, l.value), (s.period))
	), shown AS (
		SELECT NULL AS value, true AS is_total UNION ALL SELECT DISTINCT l.value, false FROM line l WHERE "by" IS NOT NULL
	)
	SELECT s.period, g.value, g.is_total, coalesce(n.made, 0), coalesce(n.not_at_risk, 0), coalesce(n.not_scored, 0), coalesce(n.not_due, 0),
		coalesce(n.counted, 0), coalesce(n.succeeded, 0), n.succeeded::numeric / nullif(n.counted, 0), coalesce(n.customers, 0), coalesce(n.recovered, 0),
		n.recovered::numeric / nullif(n.customers, 0), n.days, (s.end_at AT TIME ZONE 'UTC' + make_interval(days => within_days)) AT TIME ZONE 'UTC' <= as_of
	FROM span s CROSS JOIN shown g
	LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
	ORDER BY s.period, g.is_total, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.intervention_success(regclass, regclass, date, date, text, numeric, numeric, integer, text, timestamptz, text, text) IS
	'Interventions on customers at risk, and customers, that were followed by health within the days, over those whose days are over; in all and by reason, kind or outcome. Not STRICT: NULL inputs have no rows, a NULL by is the total alone, a NULL grain one period';

-- Lead time -----------------------------------------------------------------

CREATE FUNCTION nudge.at_risk_lead_time_lines(
	state nudge.mrr_state,
	scores regclass,
	start_day date,
	end_day date,
	threshold numeric DEFAULT 65,
	include_contraction boolean DEFAULT true,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (customer text, at_risk_at timestamptz, score numeric, impact text, impact_at timestamptz, days numeric, status text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	start_at constant timestamptz := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	end_at constant timestamptz := end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	known_at constant timestamptz := coalesce(as_of, end_at);
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_bands(threshold, 60, 80);
	RETURN QUERY
	WITH movement AS MATERIALIZED (
		SELECT m.customer, m.movement, m.at, m.mrr_after, lead(m.at) OVER (PARTITION BY m.customer ORDER BY m.at) AS next_at
		FROM nudge.mrr_movements(state, 'year', coalesce(zone, 'UTC'), NULL, 'event') m
	), risk AS MATERIALIZED (
		-- below the threshold while the customer pays
		SELECT s.customer, s.at, s.score
		FROM nudge.customer_score_rows(scores, least(known_at, end_at), model) s
		JOIN movement m ON m.customer = s.customer AND m.at <= s.at AND coalesce(m.next_at > s.at, true) AND m.mrr_after > 0
		WHERE s.score < threshold
	), reading AS MATERIALIZED (
		SELECT DISTINCT ON (r.customer) r.customer, r.at, r.score FROM risk r WHERE r.at >= start_at ORDER BY r.customer, r.at, r.score
	), ever AS MATERIALIZED (
		SELECT r.customer, min(r.at) AS at FROM risk r GROUP BY r.customer
	), impact AS MATERIALIZED (
		SELECT m.customer, m.movement, m.at FROM movement m
		WHERE (m.movement = 'churn' OR m.movement = 'contraction' AND include_contraction) AND m.at < known_at
	)
	SELECT l.*
	FROM (SELECT r.customer, r.at, r.score, i.movement, i.at, extract(epoch FROM coalesce(i.at, known_at) - r.at) / 86400,
			CASE WHEN i.at IS NULL THEN 'censored' ELSE 'impact' END
		FROM reading r
		LEFT JOIN (SELECT DISTINCT ON (k.customer) k.customer, p.movement, p.at FROM reading k JOIN impact p ON p.customer = k.customer AND p.at > k.at
			ORDER BY k.customer, p.at) i ON i.customer = r.customer
		UNION ALL
		-- first impacts of the window that no reading of the window has announced: one of before, or none
		SELECT i.customer, e.at, NULL, i.movement, i.at, NULL, CASE WHEN e.at IS NULL THEN 'missed' ELSE 'seen_before' END
		FROM (SELECT DISTINCT ON (p.customer) p.* FROM impact p WHERE p.at >= start_at AND p.at < end_at ORDER BY p.customer, p.at) i
		LEFT JOIN ever e ON e.customer = i.customer AND e.at < i.at
		WHERE scores IS NOT NULL AND NOT EXISTS (SELECT FROM reading r WHERE r.customer = i.customer AND r.at < i.at)) l(customer, at, score, movement, impact_at, days, status)
	ORDER BY l.customer COLLATE "C", l.impact_at, l.status;
END
$$;
COMMENT ON FUNCTION nudge.at_risk_lead_time_lines(nudge.mrr_state, regclass, date, date, numeric, boolean, text, timestamptz, text) IS
	'Every paying customer with a reading below the threshold in a window, from the first of them to churn or contraction or, censored, to as_of, and impacts in the window without such a reading, seen before it or missed: the drill-down of at_risk_lead_time. Not STRICT: NULL scores are none, a NULL as_of is the end of the window';

CREATE FUNCTION nudge.at_risk_lead_time(
	state nudge.mrr_state,
	scores regclass,
	start_day date,
	end_day date,
	threshold numeric DEFAULT 65,
	include_contraction boolean DEFAULT true,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	model text DEFAULT NULL
) RETURNS TABLE (
	at_risk_customers bigint,
	impacts bigint,
	censored bigint,
	impacts_in_window bigint,
	missed bigint,
	detection_rate numeric,
	median_days numeric,
	mean_days numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	start_at constant timestamptz := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	end_at constant timestamptz := end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
BEGIN
	RETURN QUERY
	SELECT n.at_risk, n.come, n.at_risk - n.come, n.in_window, n.unseen, (n.in_window - n.unseen)::numeric / nullif(n.in_window, 0), nudge.median_survival(n.days, n.occurred), n.mean
	FROM (SELECT count(*) FILTER (WHERE k.is_followed) AS at_risk, count(*) FILTER (WHERE l.status = 'impact') AS come,
			-- of customers: the first impact of each
			count(DISTINCT l.customer) FILTER (WHERE l.impact_at >= start_at AND l.impact_at < end_at) AS in_window, count(*) FILTER (WHERE l.status = 'missed') AS unseen,
			array_agg(l.days) FILTER (WHERE k.is_followed) AS days, array_agg(l.status = 'impact') FILTER (WHERE k.is_followed) AS occurred, avg(l.days) FILTER (WHERE l.status = 'impact') AS mean
		FROM nudge.at_risk_lead_time_lines(state, scores, start_day, end_day, threshold, include_contraction, zone, as_of, model) l,
			LATERAL (SELECT l.status IN ('impact', 'censored') AS is_followed) k) n;
END
$$;
COMMENT ON FUNCTION nudge.at_risk_lead_time(nudge.mrr_state, regclass, date, date, numeric, boolean, text, timestamptz, text) IS
	'Days from the first reading at risk to churn or contraction: Kaplan-Meier median, in which customers without either are censored, the mean of those that came, and the share of the customers with an impact in the window that had been at risk before it. Not STRICT: NULL scores are none, a NULL as_of is the end of the window';

-- Portfolios ----------------------------------------------------------------

CREATE FUNCTION nudge.portfolio_lines(
	state nudge.mrr_state,
	scores regclass,
	customers regclass,
	as_of date,
	interventions regclass DEFAULT NULL,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	owner text,
	customer text,
	mrr numeric,
	score numeric,
	band text,
	at_risk boolean,
	open_interventions bigint,
	risk_weighted_mrr numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT c.customer, c.owner, c.internal FROM nudge.customer_rows(customers) c
	), open AS MATERIALIZED (
		SELECT i.customer, count(*) AS n FROM nudge.intervention_rows(interventions, known_at) i WHERE i.outcome IS NULL AND i.outcome_at IS NULL GROUP BY i.customer
	)
	SELECT a.owner, l.customer, l.mrr, l.score, l.band, l.at_risk, CASE WHEN interventions IS NOT NULL THEN coalesce(o.n, 0) END, l.mrr * (100 - l.score) / 100
	FROM nudge.at_risk_revenue_lines(state, scores, as_of, threshold, yellow_from, green_from, zone, model) l
	LEFT JOIN account a ON a.customer = l.customer
	LEFT JOIN open o ON o.customer = l.customer
	WHERE NOT coalesce(a.internal, false)
	ORDER BY a.owner COLLATE "C", l.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.portfolio_lines(nudge.mrr_state, regclass, regclass, date, regclass, numeric, numeric, numeric, text, text) IS
	'Every customer that pays at the close of a day with its owner, health and open interventions: the drill-down of portfolio. Not STRICT: NULL inputs are not known, a NULL model is the only one';

CREATE FUNCTION nudge.portfolio(
	state nudge.mrr_state,
	scores regclass,
	customers regclass,
	as_of date,
	interventions regclass DEFAULT NULL,
	threshold numeric DEFAULT 65,
	yellow_from numeric DEFAULT 60,
	green_from numeric DEFAULT 80,
	zone text DEFAULT 'UTC',
	model text DEFAULT NULL
) RETURNS TABLE (
	owner text,
	is_total boolean,
	customer_count bigint,
	mrr numeric,
	mrr_share numeric,
	mean_score numeric,
	red_customers bigint,
	yellow_customers bigint,
	green_customers bigint,
	unscored_customers bigint,
	at_risk_customers bigint,
	at_risk_mrr numeric,
	at_risk_share numeric,
	open_interventions bigint,
	risk_weighted_mrr numeric,
	risk_weighted_share numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT l.* FROM nudge.portfolio_lines(state, scores, customers, as_of, interventions, threshold, yellow_from, green_from, zone, model) l
	), total AS (
		SELECT sum(l.mrr) AS mrr, sum(l.risk_weighted_mrr) AS weighted FROM line l
	), part AS (
		SELECT l.owner, grouping(l.owner) = 1 AS is_total, count(*) AS n, coalesce(sum(l.mrr), 0) AS mrr, avg(l.score) AS score,
			count(*) FILTER (WHERE l.band = 'red') AS red, count(*) FILTER (WHERE l.band = 'yellow') AS yellow, count(*) FILTER (WHERE l.band = 'green') AS green,
			count(*) FILTER (WHERE l.band IS NULL) AS unscored, CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN count(*) FILTER (WHERE l.at_risk) END AS at_risk,
			CASE WHEN count(l.score) > 0 OR count(*) = 0 THEN coalesce(sum(l.mrr) FILTER (WHERE l.at_risk), 0) END AS at_risk_mrr, sum(l.open_interventions)::bigint AS open, sum(l.risk_weighted_mrr) AS weighted
		FROM line l GROUP BY GROUPING SETS ((l.owner), ())
	)
	SELECT p.owner, p.is_total, p.n, p.mrr, p.mrr / nullif(t.mrr, 0), p.score, p.red, p.yellow, p.green, p.unscored, p.at_risk, p.at_risk_mrr,
		p.at_risk_mrr / nullif(p.mrr, 0), p.open, p.weighted, p.weighted / nullif(t.weighted, 0), nudge.mrr_currency(state)
	FROM part p, total t
	ORDER BY p.is_total, p.owner COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.portfolio(nudge.mrr_state, regclass, regclass, date, regclass, numeric, numeric, numeric, text, text) IS
	'The book of each owner and of all at the close of a day: customers, MRR, bands of health, MRR at risk, open interventions, and MRR weighted by how far each score is from 100. Not STRICT: NULL inputs are not known, a NULL model is the only one';

-- src/reports/expansion.sql

/*
 * expansion.sql
 *		Who is about to buy more: use of plan limits, expansion triggers, and
 *		the expansion readiness score.
 *
 * Definitions: doc/expansion.md.
 */

-- Use of what the plan includes ---------------------------------------------

CREATE FUNCTION nudge.usage_ratio(
	usage regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	meter text DEFAULT NULL
) RETURNS TABLE (period date, customer text, usage_meter text, volume numeric, plan_limit numeric, usage_ratio numeric, complete boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.period_end(start_day, coalesce(grain, 'month'));
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT u.* FROM (%s) u
			WHERE (u.period IS NULL OR u.period >= $1 AND u.period < $2 AND coalesce(u.period::timestamp AT TIME ZONE $4 < $5, true)) AND ($6 IS NULL OR u.meter = $6)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('usage', count(*) FILTER (WHERE l.customer IS NULL OR l.meter IS NULL OR NOT coalesce(isfinite(l.period)
				AND abs(l.volume) < 'Infinity' AND coalesce(abs(l.plan_limit) < 'Infinity', true), false))) AS checked
			FROM line l
		), part AS (
			-- several rows of a customer, meter and period add up; one without a limit has none
			SELECT l.period, l.customer, l.meter, sum(l.volume) AS volume, CASE WHEN count(*) = count(l.plan_limit) THEN sum(l.plan_limit) END AS plan_limit
			FROM one, line l GROUP BY l.period, l.customer, l.meter
		)
		SELECT p.period, p.customer, p.meter, p.volume, p.plan_limit, CASE WHEN p.plan_limit > 0 THEN p.volume / p.plan_limit END,
			nudge.period_end(p.period, $3)::timestamp AT TIME ZONE $4 <= $5
		FROM part p
		ORDER BY p.period, p.customer COLLATE "C", p.meter COLLATE "C"
		$query$, nudge.input_query('usage', usage))
		USING start_day, end_day, coalesce(grain, 'month'), coalesce(zone, 'UTC'), as_of, meter;
END
$$;
COMMENT ON FUNCTION nudge.usage_ratio(regclass, date, date, text, text, timestamptz, text) IS
	'Volume over the limit of the plan, by period, customer and meter; NULL without a limit. Not STRICT: NULL usage is none, a NULL meter is all, a NULL as_of leaves complete NULL';

CREATE FUNCTION nudge.recent_usage_ratio(usage regclass, as_of date, grain text DEFAULT 'month', zone text DEFAULT 'UTC')
	RETURNS TABLE (period date, customer text, usage_meter text, volume numeric, plan_limit numeric, usage_ratio numeric, complete boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	unit constant text := coalesce(grain, 'month');
BEGIN
	RETURN QUERY
	SELECT u.* FROM nudge.usage_ratio(usage, nudge.period_start(nudge.period_start(as_of + 1, unit) - 1, unit), as_of + 1, unit, zone, known_at) u;
END
$$;
COMMENT ON FUNCTION nudge.recent_usage_ratio(regclass, date, text, text) IS
	'The usage_ratio of the last period that is complete at the close of a day, and of the one that has begun. Not STRICT: NULL usage is none, NULL options have a meaning';

-- Growth of the team --------------------------------------------------------

CREATE FUNCTION nudge.seat_rows(subscriptions regclass, users regclass, as_of date, zone text DEFAULT 'UTC')
	RETURNS TABLE (customer text, seats numeric, source text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH item AS MATERIALIZED (
			SELECT s.customer, s.valid_from, s.valid_to, s.seats FROM (%1$s) s WHERE s.valid_from IS NULL OR s.valid_from < $1
		), person AS MATERIALIZED (
			SELECT u.customer, u.signed_up_at, coalesce(u.internal, false) AS internal, u.user FROM (%2$s) u WHERE u.signed_up_at IS NULL OR u.signed_up_at < $1
		), one AS MATERIALIZED (
			SELECT nudge.check_input('subscriptions', count(*) FILTER (WHERE i.customer IS NULL OR i.valid_from IS NULL OR NOT coalesce(i.seats >= 0 AND i.seats < 'Infinity', true))) AS checked
			FROM item i
		), two AS MATERIALIZED (
			SELECT nudge.check_input('users', count(*) FILTER (WHERE p.user IS NULL OR p.signed_up_at IS NULL)) AS checked FROM person p
		)
		SELECT r.customer, r.seats, r.source
		FROM (SELECT i.customer, sum(i.seats) AS seats, 'seats' AS source FROM one, item i
				WHERE i.valid_to IS NULL OR i.valid_to >= $1 GROUP BY i.customer HAVING count(i.seats) > 0
			UNION ALL
			SELECT p.customer, count(DISTINCT p.user), 'users' FROM two, person p
				WHERE p.customer IS NOT NULL AND NOT p.internal GROUP BY p.customer) r
		ORDER BY r.customer COLLATE "C", r.source
		$query$, nudge.input_query('subscriptions', subscriptions), nudge.input_query('users', users)) USING known_at;
END
$$;
COMMENT ON FUNCTION nudge.seat_rows(regclass, regclass, date, text) IS
	'Seats of each customer in force at the close of a day, and its users who have signed up by then. Not STRICT: NULL relations have no rows';

CREATE FUNCTION nudge.seat_growth(
	subscriptions regclass,
	users regclass,
	as_of date,
	days integer DEFAULT 90,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, source text, seats_before numeric, seats numeric, growth_rate numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_count('days', days);
	RETURN QUERY
	-- seats where they are known, users of the others
	SELECT DISTINCT ON (n.customer COLLATE "C") n.customer, n.source, b.seats, n.seats, n.seats / nullif(b.seats, 0) - 1
	FROM nudge.seat_rows(subscriptions, users, as_of, zone) n
	LEFT JOIN nudge.seat_rows(subscriptions, users, as_of - days, zone) b ON b.customer = n.customer AND b.source = n.source
	ORDER BY n.customer COLLATE "C", n.source;
END
$$;
COMMENT ON FUNCTION nudge.seat_growth(regclass, regclass, date, integer, text) IS
	'Growth of the seats of each customer over so many days, or, where seats are not known, of its users; NULL without any before. Not STRICT: NULL relations have no rows';

-- Need of a feature ---------------------------------------------------------

CREATE FUNCTION nudge.feature_attempts(
	events regclass,
	features regclass,
	plans regclass,
	subscriptions regclass,
	as_of date,
	tiers text[],
	users regclass DEFAULT NULL,
	days integer DEFAULT 90,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, feature text, feature_tier text, own_tier text, attempts bigint, last_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_count('days', days);
	IF array_ndims(tiers) > 1 THEN
		RAISE EXCEPTION 'tiers must be a list of words'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'They are the tiers of features and plans, the lowest first.',
				HINT = 'Pass for example {basic,pro,top}.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH feature AS MATERIALIZED (
			SELECT f.feature, f.tier, array_position($3, f.tier) AS place FROM (%1$s) f WHERE f.tier IS NOT NULL
		), plan AS MATERIALIZED (
			SELECT p.plan, p.tier, array_position($3, p.tier) AS place FROM (%2$s) p WHERE p.tier IS NOT NULL
		), one AS MATERIALIZED (
			SELECT nudge.check_input('features', 0, 'tier', (SELECT min(f.tier COLLATE "C") FROM feature f WHERE f.place IS NULL), coalesce(array_to_string($3, ', '), 'none')),
				-- without features nothing is above a plan
				nudge.check_input('plans', 0, 'tier', (SELECT min(p.tier COLLATE "C") FROM plan p WHERE p.place IS NULL AND EXISTS (SELECT FROM feature f)), coalesce(array_to_string($3, ', '), 'none')) AS checked
		), own AS MATERIALIZED (
			SELECT s.customer, max(p.place) AS place FROM (%3$s) s JOIN plan p ON p.plan = s.plan
			WHERE s.valid_from < $2 AND (s.valid_to IS NULL OR s.valid_to >= $2) GROUP BY s.customer
		)
		SELECT e.customer, e.feature, min(f.tier), min($3[o.place]), count(*), max(e.at)
		FROM one, nudge.feature_event_rows($4, $5, $1, $2) e JOIN feature f ON f.feature = e.feature JOIN own o ON o.customer = e.customer
		WHERE f.place > o.place
		GROUP BY e.customer, e.feature
		ORDER BY e.customer COLLATE "C", e.feature COLLATE "C"
		$query$, nudge.input_query('features', features), nudge.input_query('plans', plans), nudge.input_query('subscriptions', subscriptions))
		USING nudge.day_close(as_of - days, zone), known_at, tiers, events, users;
END
$$;
COMMENT ON FUNCTION nudge.feature_attempts(regclass, regclass, regclass, regclass, date, text[], regclass, integer, text) IS
	'Events with features of a tier above every plan that the customer has at the close of a day: tiers are the words of features and plans, the lowest first. Not STRICT: NULL relations have no rows';

-- Triggers ------------------------------------------------------------------

CREATE FUNCTION nudge.expansion_triggers(
	state nudge.mrr_state,
	as_of date,
	usage regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	events regclass DEFAULT NULL,
	features regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	tiers text[] DEFAULT NULL,
	usage_threshold numeric DEFAULT 0.8,
	growth_threshold numeric DEFAULT 0.2,
	attempts_threshold integer DEFAULT 1,
	days integer DEFAULT 90,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (customer text, trigger_kind text, detail text, value numeric, threshold numeric, fired boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 60000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY
	WITH paying AS MATERIALIZED (
		SELECT m.customer FROM nudge.customer_mrr(state, as_of, coalesce(zone, 'UTC')) m
	), used AS (
		SELECT DISTINCT ON (u.customer, u.usage_meter) u.customer, u.usage_meter, u.usage_ratio FROM nudge.recent_usage_ratio(usage, as_of, grain, zone) u
		ORDER BY u.customer, u.usage_meter, u.usage_ratio DESC NULLS LAST
	), need AS (
		SELECT DISTINCT ON (f.customer) f.customer, f.fact, f.value FROM nudge.account_fact_rows(account_facts, '{unmet_need}', known_at) f WHERE f.in_force
		ORDER BY f.customer, f.valid_from DESC, f.value COLLATE "C"
	), found (customer, place, kind, detail, value, threshold) AS (
		SELECT u.customer, 1, 'limit_hit', u.usage_meter, u.usage_ratio, usage_threshold FROM used u
		UNION ALL
		SELECT g.customer, 2, 'team_growth', g.source, g.growth_rate, growth_threshold FROM nudge.seat_growth(subscriptions, users, as_of, days, zone) g
		UNION ALL
		SELECT n.customer, 3, 'feature_need', 'unmet_need', nudge.fact_flag(n.fact, n.value)::integer, 1 FROM need n
		UNION ALL
		SELECT a.customer, 4, 'feature_need', a.feature, a.attempts, attempts_threshold
		FROM nudge.feature_attempts(events, features, plans, subscriptions, as_of, tiers, users, days, zone) a
	)
	SELECT f.customer, f.kind, f.detail, f.value, f.threshold, f.value >= f.threshold
	FROM found f
	WHERE state IS NULL OR EXISTS (SELECT FROM paying p WHERE p.customer = f.customer)
	ORDER BY f.customer COLLATE "C", f.place, f.detail COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.expansion_triggers(nudge.mrr_state, date, regclass, regclass, regclass, regclass, regclass, regclass, regclass, text[], numeric, numeric, integer, integer, text, text) IS
	'What speaks for an expansion of each customer at the close of a day: limit_hit by meter, team_growth, feature_need; fired from the threshold on. Not STRICT: NULL inputs are not known, a NULL state is any customer';

-- Readiness -----------------------------------------------------------------

CREATE FUNCTION nudge.check_readiness(weights numeric[], target_growth numeric, target_features integer) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(array_ndims(weights) = 1 AND cardinality(weights) = 5 AND array_lower(weights, 1) = 1 AND array_position(weights, NULL) IS NULL
		AND 0 <= ALL (weights) AND 1 >= ALL (weights) AND (SELECT abs(sum(w) - 1) <= 1e-9 FROM unnest(weights) w), false) THEN
		RAISE EXCEPTION 'weights of readiness must be five numbers from 0 that sum to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'They are for usage, seats, adoption, health and sponsor, in this order.',
				HINT = 'Leave them out for 0.2 each.';
	ELSIF NOT coalesce(target_growth > 0 AND target_growth < 'Infinity' AND target_features > 0, false) THEN
		RAISE EXCEPTION 'targets of readiness must be above 0'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('target_growth is %s, target_features %s.', coalesce(target_growth::text, 'null'), coalesce(target_features::text, 'null')),
				HINT = 'Leave them out for 0.2 and 3.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_readiness(numeric[], numeric, integer) IS
	'An error unless weights and targets of expansion_readiness make sense. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.feature_starts(events regclass, as_of date, users regclass DEFAULT NULL, days integer DEFAULT 90, zone text DEFAULT 'UTC')
	RETURNS TABLE (customer text, features_used bigint, features_started bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	start_at timestamptz;
BEGIN
	PERFORM nudge.check_count('days', days);
	start_at := nudge.day_close(as_of - days, zone);
	RETURN QUERY
	WITH first AS (
		SELECT e.customer, e.feature, min(e.at) AS at FROM nudge.feature_event_rows(events, users, NULL, known_at) e GROUP BY e.customer, e.feature
	)
	SELECT f.customer, count(*), count(*) FILTER (WHERE f.at >= start_at) FROM first f GROUP BY f.customer ORDER BY f.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.feature_starts(regclass, date, regclass, integer, text) IS
	'Features that each customer has ever used by the close of a day, and those it used for the first time in the days before. Not STRICT: NULL events are none';

CREATE FUNCTION nudge.expansion_factors(
	state nudge.mrr_state,
	as_of date,
	usage regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	events regclass DEFAULT NULL,
	scores regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	weights numeric[] DEFAULT '{0.2,0.2,0.2,0.2,0.2}',
	target_growth numeric DEFAULT 0.2,
	target_features integer DEFAULT 3,
	days integer DEFAULT 90,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month',
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	usage_factor numeric,
	seat_factor numeric,
	adoption_factor numeric,
	health_factor numeric,
	sponsor_factor numeric,
	readiness numeric,
	coverage numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 80000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	PERFORM nudge.check_readiness(weights, target_growth, target_features), nudge.check_levels('sponsor_status', sponsor_levels);
	RETURN QUERY
	WITH used AS (
		SELECT u.customer, CASE WHEN max(u.usage_ratio) >= 1 THEN 100 ELSE 100 * greatest(max(u.usage_ratio), 0) END AS factor FROM nudge.recent_usage_ratio(usage, as_of, grain, zone) u
		WHERE u.complete AND u.usage_ratio IS NOT NULL GROUP BY u.customer
	), grown AS (
		SELECT g.customer, CASE WHEN g.growth_rate >= target_growth THEN 100 WHEN g.growth_rate <= 0 THEN 0 ELSE 100 * g.growth_rate / target_growth END AS factor FROM nudge.seat_growth(subscriptions, users, as_of, days, zone) g
	), started AS (
		SELECT s.customer, 100 * least(s.features_started::numeric / target_features, 1) AS factor FROM nudge.feature_starts(events, as_of, users, days, zone) s
	), sponsor AS (
		-- the mean of all sponsors
		SELECT f.customer, avg(nudge.fact_level(f.fact, f.value, sponsor_levels)) AS place
		FROM nudge.account_fact_rows(account_facts, '{sponsor_status}', known_at) f WHERE f.in_force GROUP BY f.customer
	), factor AS MATERIALIZED (
		-- the customers that pay, and their latest score
		SELECT h.customer, u.factor AS usage, g.factor AS seats, s.factor AS adoption, h.score AS health,
			100 * (p.place - 1) / (cardinality(sponsor_levels) - 1) AS sponsor
		FROM nudge.at_risk_revenue_lines(state, scores, as_of, 65, 60, 80, zone, model) h
		LEFT JOIN used u ON u.customer = h.customer
		LEFT JOIN grown g ON g.customer = h.customer
		LEFT JOIN started s ON s.customer = h.customer
		LEFT JOIN sponsor p ON p.customer = h.customer
	)
	SELECT f.customer, f.usage, f.seats, f.adoption, f.health, f.sponsor, r.weighted / nullif(r.weight, 0), r.weight
	FROM factor f,
		LATERAL (SELECT sum(v.factor * v.weight) AS weighted, coalesce(sum(v.weight) FILTER (WHERE v.factor IS NOT NULL), 0) AS weight
			FROM unnest(ARRAY[f.usage, f.seats, f.adoption, f.health, f.sponsor], weights) v(factor, weight)) r
	ORDER BY f.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.expansion_factors(nudge.mrr_state, date, regclass, regclass, regclass, regclass, regclass, regclass, numeric[], numeric, integer, integer, text[], text, text, text) IS
	'The five factors of expansion readiness, each from 0 to 100, of every customer that pays at the close of a day, their weighted mean, and the weight of those known. Not STRICT: NULL inputs are not known, a NULL model is the only one';

CREATE FUNCTION nudge.expansion_readiness(
	state nudge.mrr_state,
	as_of date,
	usage regclass DEFAULT NULL,
	subscriptions regclass DEFAULT NULL,
	users regclass DEFAULT NULL,
	events regclass DEFAULT NULL,
	scores regclass DEFAULT NULL,
	account_facts regclass DEFAULT NULL,
	weights numeric[] DEFAULT '{0.2,0.2,0.2,0.2,0.2}',
	threshold numeric DEFAULT 80,
	compare_days integer DEFAULT 30,
	target_growth numeric DEFAULT 0.2,
	target_features integer DEFAULT 3,
	days integer DEFAULT 90,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month',
	model text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	readiness numeric,
	coverage numeric,
	previous_readiness numeric,
	previous_coverage numeric,
	change numeric,
	is_ready boolean,
	has_crossed boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 160000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_count('compare_days', compare_days), nudge.check_bands(threshold, 60, 80);
	RETURN QUERY
	SELECT n.customer, n.readiness, n.coverage, b.readiness, b.coverage, n.readiness - b.readiness, n.readiness >= threshold,
		n.readiness >= threshold AND b.readiness < threshold
	FROM nudge.expansion_factors(state, as_of, usage, subscriptions, users, events, scores, account_facts, weights,
		target_growth, target_features, days, sponsor_levels, zone, grain, model) n
	LEFT JOIN nudge.expansion_factors(state, as_of - compare_days, usage, subscriptions, users, events, scores, account_facts, weights,
		target_growth, target_features, days, sponsor_levels, zone, grain, model) b ON b.customer = n.customer
	ORDER BY n.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.expansion_readiness(nudge.mrr_state, date, regclass, regclass, regclass, regclass, regclass, regclass, numeric[], numeric, integer, numeric, integer, integer, text[], text, text, text) IS
	'Expansion readiness of every customer that pays at the close of a day, 0 to 100, that of some days before, and whether it has crossed the threshold since. Not STRICT: NULL inputs are not known, a NULL model is the only one';

-- src/reports/sales.sql

/*
 * sales.sql
 *		Sales by period, rep, team and segment: deals created, won and lost,
 *		win rate, deal size, cycle, velocity, quotas, activities, contracts.
 *
 * Definitions: doc/sales.md.
 */

-- Configuration -----------------------------------------------------------

CREATE TABLE nudge.sales_stages (
	stage text PRIMARY KEY CHECK (stage <> ''),
	position integer NOT NULL,
	win_probability numeric CHECK (win_probability BETWEEN 0 AND 1),
	qualified boolean NOT NULL DEFAULT true
);
SELECT pg_catalog.pg_extension_config_dump('nudge.sales_stages', '');
GRANT SELECT ON nudge.sales_stages TO PUBLIC;

-- as cost_roles: whoever created the extension fills the table, and restores it
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sales_stages TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;
COMMENT ON TABLE nudge.sales_stages IS 'The stages of the pipeline, in order, with the probability of winning a deal that is in one: filled by the user';
COMMENT ON COLUMN nudge.sales_stages.stage IS 'Stage, as the input deal_stages or deals writes it';
COMMENT ON COLUMN nudge.sales_stages.position IS 'Place in the order: a stage with a higher one is later; stages with the same one are alternatives, as of two pipelines';
COMMENT ON COLUMN nudge.sales_stages.win_probability IS 'Share of the amount of a deal in the stage that counts in the weighted pipeline, 0 to 1; NULL if it is not known';
COMMENT ON COLUMN nudge.sales_stages.qualified IS 'Whether a deal in the stage is a qualified one, which counts in the sales velocity';

-- Reading deals -----------------------------------------------------------

CREATE FUNCTION nudge.check_sales_by(by text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF by NOT IN ('owner', 'team', 'segment') THEN
		RAISE EXCEPTION 'sales have no rows by "%"', left(by, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Deals are grouped by owner, team or segment.',
				HINT = 'Leave "by" out for the total alone, or pass a view that has yours as segment.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_sales_by(text) IS
	'An error unless deals can be grouped by this. Not STRICT: NULL is the total alone';

CREATE FUNCTION nudge.deal_lines(
	deals regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	with_amounts boolean DEFAULT true,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (
	deal text,
	customer text,
	created_at timestamptz,
	closed_at timestamptz,
	outcome text,
	cycle_seconds numeric,
	stage text,
	owner text,
	team text,
	segment text,
	amount numeric,
	currency text,
	expected_close date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.deal, i.customer, least(i.created_at, i.closed_at) AS created_at, i.created_at AS recorded_at,
				CASE WHEN i.closed_at < coalesce($3, 'infinity') THEN i.closed_at END AS closed_at, i.closed_at AS ever_closed_at,
				lower(btrim(i.outcome)) AS outcome, i.stage, i.owner, i.team, i.segment, i.amount, i.currency, i.expected_close
			FROM (%s) i
			WHERE i.created_at IS NULL
				OR least(i.created_at, i.closed_at) < least($2, coalesce($3, 'infinity'))
				AND (i.closed_at IS NULL OR $1 IS NULL OR i.closed_at >= least($1, $3))
		), one AS MATERIALIZED (
			SELECT CASE WHEN $4 THEN nudge.single_currency(array_agg(DISTINCT l.currency), $5) END AS currency,
				nudge.check_input('deals', count(*) FILTER (WHERE NOT coalesce(l.deal IS NOT NULL AND isfinite(l.created_at) AND isfinite(l.recorded_at)
					AND (NOT $4 OR abs(l.amount) < 'Infinity') AND (l.ever_closed_at IS NOT NULL OR l.outcome IS NULL), false))),
				nudge.check_outcome(min(l.outcome) FILTER (WHERE l.outcome NOT IN ('won', 'lost', 'no_decision')))
			FROM line l
		), again AS MATERIALIZED (
			SELECT nudge.check_unique_key('deals', min(k.deal)) AS checked
			FROM (SELECT l.deal FROM line l GROUP BY l.deal HAVING count(*) > 1) k
		)
		SELECT l.deal, l.customer, l.created_at, l.closed_at, CASE WHEN l.closed_at IS NOT NULL THEN l.outcome END,
			CASE WHEN l.closed_at >= l.recorded_at THEN extract(epoch FROM l.closed_at - l.recorded_at) END,
			-- the stage of today says nothing about another day
			CASE WHEN $3 IS NULL AND l.closed_at IS NULL THEN l.stage END,
			l.owner, l.team, l.segment, CASE WHEN $4 THEN l.amount END, one.currency, l.expected_close
		FROM one, again, line l
		$query$, nudge.input_query('deals', deals))
		USING start_at, end_at, as_of, coalesce(with_amounts, true), expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.deal_lines(regclass, timestamptz, timestamptz, timestamptz, boolean, text) IS
	'The deals that began before end_at and were not closed before start_at, as known before as_of: one closed later is open. Without amounts, currencies may be mixed. Not STRICT: NULL deals are none, NULL instants no bounds, a NULL expected_currency is any one';

CREATE FUNCTION nudge.deal_stage_lines(deal_stages regclass, as_of timestamptz DEFAULT NULL) RETURNS TABLE (
	deal text,
	stage text,
	entered_at timestamptz,
	left_at timestamptz,
	"position" integer
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.deal, i.stage, i.at FROM (%s) i WHERE i.at IS NULL OR coalesce(i.at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('deal_stages', count(*) FILTER (WHERE NOT coalesce(l.deal IS NOT NULL AND l.stage IS NOT NULL AND isfinite(l.at), false))) AS checked
			FROM line l
		)
		SELECT l.deal, l.stage, l.at,
			-- of stages entered at one instant the last in order is the one it is in
			lead(l.at) OVER (PARTITION BY l.deal ORDER BY l.at, s.position NULLS FIRST, l.stage COLLATE "C"), s.position
		FROM one, line l LEFT JOIN nudge.sales_stages s ON s.stage = l.stage
		$query$, nudge.input_query('deal_stages', deal_stages)) USING as_of;
END
$$;
COMMENT ON FUNCTION nudge.deal_stage_lines(regclass, timestamptz) IS
	'The stages that deals entered before as_of, when each was left for the next, and its position in sales_stages. Not STRICT: NULL deal_stages are none, a NULL as_of is no bound';

-- Quotas ------------------------------------------------------------------

CREATE FUNCTION nudge.check_quotas(overlapping text, quota_grain text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF quota_grain IS NULL OR quota_grain NOT IN ('month', 'quarter', 'year') THEN
		RAISE EXCEPTION 'quotas have no grain "%"', left(quota_grain, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is the length of the period of each quota.',
				HINT = 'The grains are month, quarter and year.';
	ELSIF overlapping IS NOT NULL THEN
		RAISE EXCEPTION 'quotas of "%" overlap', left(overlapping, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('Each is taken to last a %s, and the next one begins before it is over.', quota_grain),
				HINT = 'Pass their length as quota_grain, or a view with quotas of one length.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_quotas(text, text) IS
	'An error unless quotas have a known length and do not overlap. Not STRICT: a NULL name is nobody, a NULL grain an error';

CREATE FUNCTION nudge.quota_lines(
	quotas regclass,
	deals regclass,
	start_day date,
	end_day date,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (owner text, kind text, period date, period_end date, amount numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unit constant text := lower(coalesce(quota_grain, 'month'));
	length constant interval := CASE unit WHEN 'month' THEN '1 month' WHEN 'quarter' THEN '3 months' WHEN 'year' THEN '1 year' END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_quotas(NULL, unit);
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.owner, i.period, CASE WHEN isfinite(i.period) THEN (i.period + $3)::date END AS period_end, i.amount, i.currency
			FROM (%s) i
			WHERE i.period IS NULL OR NOT isfinite(i.period) OR i.period < $2 AND (i.period + $3)::date > $1
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $6) AS currency,
				nudge.check_input('quotas', count(*) FILTER (WHERE NOT coalesce(l.owner IS NOT NULL AND isfinite(l.period) AND abs(l.amount) < 'Infinity', false)))
			FROM line l
		), apart AS MATERIALIZED (
			SELECT nudge.check_quotas(min(k.owner) FILTER (WHERE k.next_period < k.period_end), $7) AS checked
			FROM (SELECT l.owner, l.period_end, lead(l.period) OVER (PARTITION BY l.owner ORDER BY l.period) AS next_period
				FROM line l GROUP BY l.owner, l.period, l.period_end) k
		), name AS MATERIALIZED (
			SELECT DISTINCT d.owner, d.team FROM (%s) d WHERE coalesce(d.created_at < $5, true)
		)
		SELECT l.owner, CASE WHEN l.owner = $4 THEN 'company'
				WHEN EXISTS (SELECT FROM name n WHERE n.team = l.owner) AND NOT EXISTS (SELECT FROM name n WHERE n.owner = l.owner) THEN 'team'
				ELSE 'owner' END,
			l.period, l.period_end, sum(l.amount), one.currency
		FROM one, apart, line l
		GROUP BY l.owner, l.period, l.period_end, one.currency
		$query$, nudge.input_query('quotas', quotas), nudge.input_query('deals', deals))
		USING start_day, end_day, length, company, as_of, expected_currency, unit;
END
$$;
COMMENT ON FUNCTION nudge.quota_lines(regclass, regclass, date, date, text, text, timestamptz, text) IS
	'The quotas whose periods overlap [start_day, end_day), and whether each is that of an owner, of a team or of the company. Not STRICT: NULL relations have no rows, a NULL company has no quota of its own, NULL options have a meaning';

CREATE FUNCTION nudge.quota_periods(
	quotas regclass,
	deals regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (period date, value text, is_total boolean, quota numeric, currency text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_sales_by(by);
	RETURN QUERY
	WITH line AS MATERIALIZED (
		SELECT w.period AS span, w.period_end AS span_end, q.*,
			CASE WHEN company IS NOT NULL THEN 'company' WHEN bool_or(q.kind = 'owner') OVER (PARTITION BY w.period) THEN 'owner' ELSE 'team' END AS total_kind
		FROM nudge.window_periods(start_day, end_day, grain) w
		JOIN nudge.quota_lines(quotas, deals, start_day, end_day, quota_grain, company, as_of, expected_currency) q
			ON q.period < w.period_end AND q.period_end > w.period
	), part AS (
		SELECT l.span, l.span_end, l.owner AS value, false AS is_total, l.period, l.period_end, l.amount, l.currency
		FROM line l WHERE l.kind = by
		UNION ALL
		SELECT l.span, l.span_end, NULL, true, l.period, l.period_end, sum(l.amount), l.currency
		FROM line l WHERE l.kind = l.total_kind
		GROUP BY l.span, l.span_end, l.period, l.period_end, l.currency
	)
	-- quotas are not cut: they must fill the period, or it has none
	SELECT a.span, a.value, a.is_total,
		CASE WHEN isfinite(a.span) AND isfinite(a.span_end) THEN
			CASE WHEN bool_and(a.period >= a.span AND a.period_end <= a.span_end) AND sum(a.period_end - a.period) = a.span_end - a.span THEN sum(a.amount) END END, a.currency
	FROM part a
	GROUP BY a.span, a.span_end, a.value, a.is_total, a.currency;
END
$$;
COMMENT ON FUNCTION nudge.quota_periods(regclass, regclass, date, date, text, timestamptz, text, text, text, text) IS
	'The quota of each period, in all and by owner or team: the sum of the quotas that fill it, else NULL. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- The report --------------------------------------------------------------

CREATE FUNCTION nudge.sales_flows(
	deals regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	opening_deals bigint,
	opening_amount numeric,
	deals_created bigint,
	created_amount numeric,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	won_amount numeric,
	lost_amount numeric,
	not_recorded_amount numeric,
	open_deals bigint,
	open_amount numeric,
	unknown_stage_deals bigint,
	unweighted_deals bigint,
	weighted_amount numeric,
	qualified_deals bigint,
	cycle_deals bigint,
	mean_cycle_seconds numeric,
	median_cycle_seconds numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_sales_by(by);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT w.period, w.start_at, least(w.end_at, as_of) AS known_at FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), line AS MATERIALIZED (
		SELECT * FROM nudge.deal_stage_lines(deal_stages, as_of)
	), deal AS MATERIALIZED (
		-- the stage of today stands in where there is no history
		SELECT d.*, CASE WHEN h.deal IS NULL THEN d.stage END AS only_stage,
			CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value
		FROM (SELECT min(s.start_at) AS start_at, max(s.known_at) AS end_at FROM span s) w,
			LATERAL nudge.deal_lines(deals, w.start_at, w.end_at, as_of, true, sales_flows.currency) d
		LEFT JOIN (SELECT DISTINCT l.deal FROM line l) h ON h.deal = d.deal
	), fact AS (
		SELECT s.period, d.value, d.outcome, d.amount, d.cycle_seconds, d.currency,
			d.created_at < s.start_at AS is_opening, coalesce(d.closed_at < s.known_at, false) AS is_closed,
			g.stage IS NOT NULL AS is_known, g.win_probability, g.qualified
		FROM span s
		JOIN deal d ON d.created_at < s.known_at AND (d.closed_at IS NULL OR d.closed_at >= s.start_at) AND s.known_at > s.start_at
		LEFT JOIN line a ON a.deal = d.deal AND a.entered_at < s.known_at AND (a.left_at IS NULL OR a.left_at >= s.known_at)
		LEFT JOIN nudge.sales_stages g ON g.stage = coalesce(a.stage, d.only_stage)
	)
	SELECT f.period, f.value, grouping(f.value) = 1,
		count(*) FILTER (WHERE f.is_opening), coalesce(sum(f.amount) FILTER (WHERE f.is_opening), 0),
		count(*) FILTER (WHERE NOT f.is_opening), coalesce(sum(f.amount) FILTER (WHERE NOT f.is_opening), 0),
		count(*) FILTER (WHERE f.is_closed AND f.outcome = 'won'), count(*) FILTER (WHERE f.is_closed AND f.outcome = 'lost'),
		count(*) FILTER (WHERE f.is_closed AND f.outcome = 'no_decision'), count(*) FILTER (WHERE f.is_closed AND f.outcome IS NULL),
		coalesce(sum(f.amount) FILTER (WHERE f.is_closed AND f.outcome = 'won'), 0),
		coalesce(sum(f.amount) FILTER (WHERE f.is_closed AND f.outcome IN ('lost', 'no_decision')), 0),
		coalesce(sum(f.amount) FILTER (WHERE f.is_closed AND f.outcome IS NULL), 0),
		count(*) FILTER (WHERE NOT f.is_closed), coalesce(sum(f.amount) FILTER (WHERE NOT f.is_closed), 0),
		count(*) FILTER (WHERE NOT f.is_closed AND NOT f.is_known), count(*) FILTER (WHERE NOT f.is_closed AND f.win_probability IS NULL),
		coalesce(sum(f.amount * f.win_probability) FILTER (WHERE NOT f.is_closed), 0), count(*) FILTER (WHERE NOT f.is_closed AND f.qualified),
		count(f.cycle_seconds) FILTER (WHERE f.is_closed AND f.outcome = 'won'), avg(f.cycle_seconds) FILTER (WHERE f.is_closed AND f.outcome = 'won'),
		-- of an even number the mean of the two in the middle
		(percentile_disc(0.5) WITHIN GROUP (ORDER BY f.cycle_seconds) FILTER (WHERE f.is_closed AND f.outcome = 'won')
			+ percentile_disc(0.5) WITHIN GROUP (ORDER BY f.cycle_seconds DESC) FILTER (WHERE f.is_closed AND f.outcome = 'won')) / 2,
		min(f.currency)
	FROM fact f
	GROUP BY GROUPING SETS ((f.period, f.value), (f.period));
END
$$;
COMMENT ON FUNCTION nudge.sales_flows(regclass, date, date, regclass, text, text, timestamptz, text, text) IS
	'Works for sales_report: counts and sums of the periods and groups that have deals. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE FUNCTION nudge.sales_report(
	deals regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	quotas regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	opening_deals bigint,
	opening_amount numeric,
	deals_created bigint,
	created_amount numeric,
	deals_closed bigint,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	won_amount numeric,
	lost_amount numeric,
	not_recorded_amount numeric,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	average_deal_size numeric,
	win_rate numeric,
	win_rate_by_amount numeric,
	cycle_deals bigint,
	mean_cycle_days numeric,
	median_cycle_days numeric,
	qualified_deals bigint,
	sales_velocity numeric,
	quota numeric,
	quota_attainment numeric,
	quota_remaining numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_sales_by(by);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		-- of a period that has not begun nothing is known
		SELECT w.period, w.complete, CASE WHEN as_of <= w.start_at THEN NULL ELSE 0 END AS zero
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), flow AS MATERIALIZED (
		SELECT * FROM nudge.sales_flows(deals, start_day, end_day, deal_stages, grain, zone, as_of, by, sales_report.currency)
	), target AS MATERIALIZED (
		SELECT q.* FROM nudge.quota_periods(quotas, deals, start_day, end_day, grain, as_of, by, quota_grain, company, sales_report.currency) q
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT c.currency) FILTER (WHERE c.currency IS NOT NULL), sales_report.currency) AS currency
		FROM (SELECT f.currency_code AS currency FROM flow f UNION SELECT t.currency FROM target t) c
	), cell AS (
		SELECT s.*, g.value, g.is_total
		FROM span s CROSS JOIN (SELECT NULL AS value, true AS is_total UNION SELECT f.value, f.is_total FROM flow f WHERE by IS NOT NULL
			UNION SELECT t.value, t.is_total FROM target t) g
	), filled AS (
		SELECT c.period, c.value, c.is_total, c.complete, coalesce(f.opening_deals, c.zero) AS opening_deals, coalesce(f.opening_amount, c.zero) AS opening_amount,
			coalesce(f.deals_created, c.zero) AS created, coalesce(f.created_amount, c.zero) AS created_amount, coalesce(f.won, c.zero) AS won,
			coalesce(f.lost, c.zero) AS lost, coalesce(f.no_decision, c.zero) AS no_decision, coalesce(f.not_recorded, c.zero) AS not_recorded,
			coalesce(f.won_amount, c.zero) AS won_amount, coalesce(f.lost_amount, c.zero) AS lost_amount, coalesce(f.not_recorded_amount, c.zero) AS not_recorded_amount,
			coalesce(f.open_deals, c.zero) AS open_deals, coalesce(f.open_amount, c.zero) AS open_amount, coalesce(f.unweighted_deals, c.zero) AS unweighted,
			CASE WHEN f.unweighted_deals > 0 THEN NULL ELSE coalesce(f.weighted_amount, c.zero) END AS weighted_amount,
			CASE WHEN f.unknown_stage_deals > 0 THEN NULL ELSE coalesce(f.qualified_deals, c.zero) END AS qualified,
			coalesce(f.cycle_deals, c.zero) AS cycle_deals, f.mean_cycle_seconds / 86400 AS mean_cycle, f.median_cycle_seconds / 86400 AS median_cycle, t.quota
		FROM cell c
		LEFT JOIN flow f ON f.period = c.period AND f.is_total = c.is_total AND f.value IS NOT DISTINCT FROM c.value
		LEFT JOIN target t ON t.period = c.period AND t.is_total = c.is_total AND t.value IS NOT DISTINCT FROM c.value
	)
	SELECT f.period, f.value, f.is_total, f.opening_deals, f.opening_amount, f.created, f.created_amount,
		f.won + f.lost + f.no_decision + f.not_recorded, f.won, f.lost, f.no_decision, f.not_recorded, f.won_amount, f.lost_amount, f.not_recorded_amount,
		f.open_deals, f.open_amount, f.unweighted, f.weighted_amount, f.won_amount / nullif(f.won, 0), f.won::numeric / nullif(r.decided, 0),
		f.won_amount / nullif(f.won_amount + f.lost_amount, 0),
		f.cycle_deals, f.mean_cycle, f.median_cycle, f.qualified,
		-- deals x (won amount / won) x (won / decided) / days
		f.qualified * f.won_amount / nullif(r.decided * f.mean_cycle, 0),
		f.quota, f.won_amount / nullif(f.quota, 0), f.quota - coalesce(f.won_amount, 0), one.currency, f.complete
	FROM one, filled f, LATERAL (SELECT f.won + f.lost + f.no_decision AS decided) r
	ORDER BY f.period, f.is_total, f.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.sales_report(regclass, date, date, regclass, regclass, text, text, timestamptz, text, text, text, text) IS
	'Deals created, closed and open, win rate, deal size, cycle, velocity and quota attainment by period, in all and by owner, team or segment. Not STRICT: NULL relations have no rows, a NULL grain is one period, a NULL "by" the total alone, a NULL as_of all that is known';

-- Activities --------------------------------------------------------------

CREATE FUNCTION nudge.activity_lines(
	activities regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL
) RETURNS TABLE (owner text, at timestamptz, kind text, deal text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.owner, i.at, lower(btrim(i.kind)) AS kind, i.deal FROM (%s) i
			WHERE i.at IS NULL OR coalesce(i.at >= $1, true) AND coalesce(i.at < $2, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('activities', count(*) FILTER (WHERE NOT coalesce(isfinite(l.at), false))) AS checked FROM line l
		)
		SELECT l.owner, l.at, l.kind, l.deal FROM one, line l
		$query$, nudge.input_query('activities', activities)) USING start_at, end_at;
END
$$;
COMMENT ON FUNCTION nudge.activity_lines(regclass, timestamptz, timestamptz) IS
	'The activities of [start_at, end_at), checked. Not STRICT: NULL activities are none, NULL instants no bounds';

CREATE FUNCTION nudge.sales_activities(
	activities regclass,
	deals regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	kind text,
	all_kinds boolean,
	activities_done bigint,
	deals_won bigint,
	activities_per_deal_won numeric,
	direct_activities bigint,
	direct_activities_per_deal_won numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_sales_by(by);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT w.*, least(w.end_at, as_of) AS known_at FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), activity AS MATERIALIZED (
		SELECT a.* FROM (SELECT max(s.known_at) AS end_at FROM span s) w, LATERAL nudge.activity_lines(activities, NULL, w.end_at) a
	), deal AS MATERIALIZED (
		SELECT d.deal, d.closed_at, d.outcome, CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value
		FROM nudge.deal_lines(deals, NULL, NULL, as_of, false) d
	), fact AS (
		-- what somebody did, for whatever deal
		SELECT s.period, CASE by WHEN 'owner' THEN a.owner ELSE d.value END AS value, a.kind, 1 AS done, 0 AS direct
		FROM span s
		JOIN activity a ON a.at >= s.start_at AND a.at < s.known_at
		LEFT JOIN deal d ON d.deal = a.deal
		UNION ALL
		-- what was done for a deal that was won, until the day of that
		SELECT s.period, d.value, a.kind, 0, 1
		FROM span s
		JOIN deal d ON d.outcome = 'won' AND d.closed_at >= s.start_at AND d.closed_at < s.known_at
		JOIN activity a ON a.deal = d.deal AND nudge.civil_date(a.at, named_zone) <= nudge.civil_date(d.closed_at, named_zone)
	), n AS MATERIALIZED (
		SELECT f.period, f.value, grouping(f.value) = 1 AS is_total, f.kind, grouping(f.kind) = 1 AS all_kinds, sum(f.done) AS done, sum(f.direct) AS direct
		FROM fact f
		GROUP BY GROUPING SETS ((f.period, f.value, f.kind), (f.period, f.value), (f.period, f.kind), (f.period))
	), w AS MATERIALIZED (
		SELECT s.period, d.value, grouping(d.value) = 1 AS is_total, count(*) AS won
		FROM span s JOIN deal d ON d.outcome = 'won' AND d.closed_at >= s.start_at AND d.closed_at < s.known_at
		GROUP BY GROUPING SETS ((s.period, d.value), (s.period))
	), known AS MATERIALIZED (
		SELECT bool_or(a.deal IS NOT NULL) AS has_deals FROM activity a
	), cell AS (
		SELECT s.period, s.complete, CASE WHEN as_of <= s.start_at THEN NULL ELSE 0 END AS zero, g.value, g.is_total, k.kind, k.all_kinds
		FROM span s
		CROSS JOIN (SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE by IS NOT NULL
			UNION SELECT w.value, w.is_total FROM w WHERE by IS NOT NULL) g
		CROSS JOIN (SELECT NULL AS kind, true AS all_kinds UNION SELECT n.kind, n.all_kinds FROM n) k
	)
	SELECT c.period, c.value, c.is_total, c.kind, c.all_kinds, v.done, v.won, v.done / nullif(v.won, 0)::numeric, v.direct, v.direct / nullif(v.won, 0)::numeric, c.complete
	FROM known, cell c
	LEFT JOIN n ON n.period = c.period AND n.is_total = c.is_total AND n.all_kinds = c.all_kinds AND n.value IS NOT DISTINCT FROM c.value AND n.kind IS NOT DISTINCT FROM c.kind
	LEFT JOIN w ON w.period = c.period AND w.is_total = c.is_total AND w.value IS NOT DISTINCT FROM c.value,
		LATERAL (SELECT coalesce(n.done, c.zero) AS done, coalesce(w.won, c.zero) AS won, CASE WHEN known.has_deals THEN coalesce(n.direct, c.zero) END AS direct) v
	ORDER BY c.period, c.is_total, c.value COLLATE "C", c.all_kinds, c.kind COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.sales_activities(regclass, regclass, date, date, text, text, timestamptz, text) IS
	'Activities by period and kind, in all and by owner, team or segment, over the deals won in the period, and those that were for these very deals. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- Contracts ---------------------------------------------------------------

CREATE FUNCTION nudge.contract_lines(
	contracts regclass,
	customers regclass DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	expected_currency text DEFAULT NULL
) RETURNS TABLE (
	customer text,
	contract text,
	number bigint,
	segment text,
	signed_at timestamptz,
	starts_at timestamptz,
	ends_at timestamptz,
	amount numeric,
	annual_amount numeric,
	first_annual_amount numeric,
	currency text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.customer, i.contract, i.signed_at, coalesce(i.starts_at, i.signed_at) AS starts_at, i.ends_at, i.term_months, i.amount, i.currency,
				i.amount * 12 / nullif(i.term_months, 0) AS annual_amount
			FROM (%s) i
			WHERE i.signed_at IS NULL OR coalesce(i.signed_at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT l.currency), $2) AS currency,
				nudge.check_input('contracts', count(*) FILTER (WHERE NOT coalesce(l.customer IS NOT NULL AND isfinite(l.signed_at) AND abs(l.amount) < 'Infinity'
					AND coalesce(l.term_months >= 0 AND l.term_months < 'Infinity', true), false)))
			FROM line l
		), segment AS MATERIALIZED (
			SELECT c.customer, min(c.segment COLLATE "C") AS segment FROM (%s) c GROUP BY c.customer
		)
		SELECT l.customer, l.contract, row_number() OVER first, s.segment, l.signed_at, l.starts_at, l.ends_at, l.amount, l.annual_amount,
			first_value(l.annual_amount) OVER first, one.currency
		FROM one, line l LEFT JOIN segment s ON s.customer = l.customer
		WINDOW first AS (PARTITION BY l.customer ORDER BY l.signed_at, l.starts_at, l.contract COLLATE "C", l.amount)
		$query$, nudge.input_query('contracts', contracts), nudge.input_query('customers', customers))
		USING as_of, expected_currency;
END
$$;
COMMENT ON FUNCTION nudge.contract_lines(regclass, regclass, timestamptz, text) IS
	'The contracts signed before as_of, each with its number among those of its customer, the amount of a year of it and that of the first. Not STRICT: NULL relations have no rows, a NULL as_of is no bound, a NULL expected_currency any one';

CREATE FUNCTION nudge.contract_values(
	contracts regclass,
	start_day date,
	end_day date,
	customers regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	segment text,
	is_total boolean,
	initial_contracts bigint,
	initial_amount numeric,
	average_initial_value numeric,
	later_contracts bigint,
	later_amount numeric,
	average_later_value numeric,
	customers_in_force bigint,
	initial_annual_amount numeric,
	annual_amount numeric,
	average_initial_annual_value numeric,
	average_annual_value numeric,
	expansion_ratio numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT w.*, least(w.end_at, as_of) AS known_at, CASE WHEN as_of <= w.start_at THEN NULL ELSE 0 END AS zero
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
	), line AS MATERIALIZED (
		SELECT * FROM nudge.contract_lines(contracts, customers, as_of, contract_values.currency)
	), signed AS (
		SELECT s.period, l.segment, grouping(l.segment) = 1 AS is_total,
			count(*) FILTER (WHERE l.number = 1) AS initials, coalesce(sum(l.amount) FILTER (WHERE l.number = 1), 0) AS initial_amount,
			count(*) FILTER (WHERE l.number > 1) AS laters, coalesce(sum(l.amount) FILTER (WHERE l.number > 1), 0) AS later_amount
		FROM span s JOIN line l ON l.signed_at >= s.start_at AND l.signed_at < s.known_at
		GROUP BY GROUPING SETS ((s.period, l.segment), (s.period))
	), account AS (
		SELECT s.period, l.segment, l.customer, min(l.first_annual_amount) AS initial,
			CASE WHEN count(*) = count(l.annual_amount) THEN sum(l.annual_amount) END AS annual
		FROM span s JOIN line l ON l.signed_at < s.known_at AND l.starts_at < s.known_at AND (l.ends_at IS NULL OR l.ends_at >= s.known_at)
		WHERE s.zero = 0
		GROUP BY s.period, l.segment, l.customer
	), held AS (
		SELECT a.period, a.segment, grouping(a.segment) = 1 AS is_total, count(*) AS n,
			CASE WHEN count(*) = count(a.initial) THEN sum(a.initial) END AS initial, CASE WHEN count(*) = count(a.annual) THEN sum(a.annual) END AS annual
		FROM account a
		GROUP BY GROUPING SETS ((a.period, a.segment), (a.period))
	)
	SELECT s.period, g.segment, g.is_total, coalesce(n.initials, s.zero), coalesce(n.initial_amount, s.zero), n.initial_amount / nullif(n.initials, 0),
		coalesce(n.laters, s.zero), coalesce(n.later_amount, s.zero), n.later_amount / nullif(n.laters, 0), coalesce(h.n, s.zero),
		CASE WHEN h.n > 0 THEN h.initial ELSE s.zero END, CASE WHEN h.n > 0 THEN h.annual ELSE s.zero END,
		h.initial / h.n, h.annual / h.n, h.annual / nullif(h.initial, 0), nudge.single_currency(ARRAY(SELECT DISTINCT l.currency FROM line l), contract_values.currency), s.complete
	FROM span s
	CROSS JOIN (SELECT NULL AS segment, true AS is_total UNION SELECT l.segment, false FROM line l WHERE customers IS NOT NULL) g
	LEFT JOIN signed n ON n.period = s.period AND n.is_total = g.is_total AND n.segment IS NOT DISTINCT FROM g.segment
	LEFT JOIN held h ON h.period = s.period AND h.is_total = g.is_total AND h.segment IS NOT DISTINCT FROM g.segment
	ORDER BY s.period, g.is_total, g.segment COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.contract_values(regclass, date, date, regclass, text, text, timestamptz, text) IS
	'First and later contracts signed by period, and what the customers in force at its end pay for a year against their first contract, in all and, with customers, by segment. Not STRICT: NULL customers give the total alone, NULL options have a meaning';

-- src/reports/sales_pipeline.sql

/*
 * sales_pipeline.sql
 *		The open pipeline: what is in it, whether it covers the quota, when it
 *		should close, and how deals move from stage to stage.
 *
 * Definitions: doc/sales_pipeline.md.
 */

-- What is open ------------------------------------------------------------

CREATE FUNCTION nudge.pipeline_deals(
	deals regclass,
	deal_stages regclass DEFAULT NULL,
	activities regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	deal text,
	customer text,
	owner text,
	team text,
	segment text,
	created_at timestamptz,
	stage text,
	stage_position integer,
	stage_entered_at timestamptz,
	qualified boolean,
	amount numeric,
	win_probability numeric,
	weighted_amount numeric,
	expected_close date,
	overdue boolean,
	age_days numeric,
	stage_days numeric,
	activity_count bigint,
	last_activity_at timestamptz,
	idle_days numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	-- nothing is infinitely old: at the end of time all is known
	known_at constant timestamptz := nullif(as_of, 'infinity');
BEGIN
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		-- not closed before known_at, which is to say open then
		SELECT d.*, CASE WHEN l.deal IS NULL THEN d.stage ELSE l.stage END AS stage_then, l.entered_at
		FROM nudge.deal_lines(deals, coalesce(known_at, 'infinity'), NULL, known_at, true, pipeline_deals.currency) d
		LEFT JOIN (SELECT i.deal, i.stage, i.entered_at FROM nudge.deal_stage_lines(deal_stages, known_at) i WHERE i.left_at IS NULL) l ON l.deal = d.deal
	), touched AS MATERIALIZED (
		SELECT a.deal, count(*) AS n, max(a.at) AS last_at FROM nudge.activity_lines(activities, NULL, known_at) a WHERE a.deal IS NOT NULL GROUP BY a.deal
	)
	SELECT d.deal, d.customer, d.owner, d.team, d.segment, d.created_at, d.stage_then, g.position, d.entered_at, g.qualified, d.amount, g.win_probability,
		d.amount * g.win_probability, d.expected_close, d.expected_close < nudge.civil_date(known_at, coalesce(zone, 'UTC')),
		extract(epoch FROM known_at - d.created_at) / 86400, extract(epoch FROM known_at - d.entered_at) / 86400,
		CASE WHEN activities IS NOT NULL THEN coalesce(t.n, 0) END, t.last_at,
		CASE WHEN activities IS NOT NULL THEN extract(epoch FROM known_at - coalesce(t.last_at, d.created_at)) / 86400 END, d.currency
	FROM deal d
	LEFT JOIN nudge.sales_stages g ON g.stage = d.stage_then
	LEFT JOIN touched t ON t.deal = d.deal
	ORDER BY d.deal COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.pipeline_deals(regclass, regclass, regclass, text, timestamptz, text) IS
	'The deals that are open at as_of, with stage, weighted amount, age and activity: what the functions of the pipeline add up. Not STRICT: NULL relations have no rows, a NULL as_of is all that is known, and leaves ages NULL';

CREATE FUNCTION nudge.pipeline_value(
	deals regclass,
	deal_stages regclass DEFAULT NULL,
	activities regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT 'stage',
	stale_days numeric DEFAULT 30,
	currency text DEFAULT NULL
) RETURNS TABLE (
	value text,
	is_total boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	qualified_deals bigint,
	overdue_deals bigint,
	overdue_amount numeric,
	mean_age_days numeric,
	mean_stage_days numeric,
	activity_count bigint,
	activities_per_open_deal numeric,
	stale_deals bigint,
	stale_amount numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	dated constant integer := CASE WHEN as_of < 'infinity' THEN 0 END;
BEGIN
	PERFORM nudge.check_sales_by(nullif(by, 'stage'));
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		SELECT d.*, CASE by WHEN 'stage' THEN d.stage WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value
		FROM nudge.pipeline_deals(deals, deal_stages, activities, zone, as_of, pipeline_value.currency) d
	), n AS (
		SELECT d.value, grouping(d.value) = 1 AS is_total, CASE WHEN by = 'stage' AND grouping(d.value) = 0 THEN min(d.stage_position) END AS place,
			count(*) AS deals, coalesce(sum(d.amount), 0) AS amount, count(*) FILTER (WHERE d.win_probability IS NULL) AS unweighted, coalesce(sum(d.weighted_amount), 0) AS weighted,
			count(*) FILTER (WHERE d.qualified) AS qualified, count(*) FILTER (WHERE d.qualified IS NULL) AS unknown,
			count(*) FILTER (WHERE d.overdue) + dated AS overdue, coalesce(sum(d.amount) FILTER (WHERE d.overdue), 0) + dated AS overdue_amount,
			avg(d.age_days) AS age, avg(d.stage_days) AS stage_age, sum(d.activity_count) AS done, count(*) FILTER (WHERE d.idle_days >= stale_days) AS stale,
			coalesce(sum(d.amount) FILTER (WHERE d.idle_days >= stale_days), 0) AS stale_amount, count(d.idle_days) AS timed, min(d.currency_code) AS currency
		FROM deal d
		GROUP BY GROUPING SETS ((d.value), ())
	)
	SELECT n.value, n.is_total, n.deals, n.amount, n.unweighted, CASE WHEN n.unweighted = 0 THEN n.weighted END, CASE WHEN n.unknown = 0 THEN n.qualified END,
		n.overdue, n.overdue_amount, n.age, n.stage_age, v.done, v.done / nullif(n.deals, 0)::numeric,
		CASE WHEN v.timed THEN n.stale END, CASE WHEN v.timed THEN n.stale_amount END, coalesce(n.currency, upper(pipeline_value.currency))
	FROM n, LATERAL (SELECT CASE WHEN activities IS NOT NULL THEN coalesce(n.done, 0)::bigint END AS done,
		activities IS NOT NULL AND dated = 0 AND stale_days IS NOT NULL AS timed) v
	WHERE n.is_total OR by IS NOT NULL
	ORDER BY n.is_total, n.place, n.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.pipeline_value(regclass, regclass, regclass, text, timestamptz, text, numeric, text) IS
	'The open pipeline at as_of: deals, amount, weighted amount, age, activities and stale deals, in all and by stage, owner, team or segment. Not STRICT: NULL relations have no rows, a NULL "by" is the total alone, a NULL as_of leaves ages NULL';

-- Does it cover the quota? ------------------------------------------------

CREATE FUNCTION nudge.pipeline_coverage(
	deals regclass,
	quotas regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	quota_grain text DEFAULT 'month',
	company text DEFAULT NULL,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	stage text,
	all_stages boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	overdue_amount numeric,
	won_amount numeric,
	quota numeric,
	quota_remaining numeric,
	coverage numeric,
	coverage_of_quota numeric,
	weighted_coverage numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	dated constant integer := CASE WHEN as_of < 'infinity' THEN 0 END;
BEGIN
	RETURN QUERY
	WITH report AS MATERIALIZED (
		SELECT r.* FROM nudge.sales_report(deals, start_day, end_day, NULL, quotas, grain, zone, as_of, by, quota_grain, company, pipeline_coverage.currency) r
	), due AS MATERIALIZED (
		SELECT p.period, CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value,
			d.stage, d.stage_position, d.amount, d.win_probability, d.weighted_amount, d.overdue, d.currency_code
		FROM nudge.pipeline_deals(deals, deal_stages, NULL, zone, as_of, pipeline_coverage.currency) d
		JOIN nudge.window_periods(start_day, end_day, grain) p ON d.expected_close >= p.period AND d.expected_close < p.period_end
	), n AS MATERIALIZED (
		SELECT d.period, d.value, grouping(d.value) = 1 AS is_total, d.stage, grouping(d.stage) = 1 AS all_stages, min(d.stage_position) AS place, count(*) AS deals,
			sum(d.amount) AS amount, count(*) FILTER (WHERE d.win_probability IS NULL) AS unweighted, coalesce(sum(d.weighted_amount), 0) AS weighted,
			coalesce(sum(d.amount) FILTER (WHERE d.overdue), 0) AS overdue, min(d.currency_code) AS currency
		FROM due d
		GROUP BY GROUPING SETS ((d.period, d.value, d.stage), (d.period, d.value), (d.period, d.stage), (d.period))
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT c.currency) FILTER (WHERE c.currency IS NOT NULL), pipeline_coverage.currency) AS currency
		FROM (SELECT r.currency_code AS currency FROM report r UNION SELECT n.currency FROM n) c
	), cell AS (
		SELECT p.period, g.value, g.is_total, NULL AS stage, true AS all_stages, NULL::integer AS place
		FROM (SELECT DISTINCT r.period FROM report r) p,
			(SELECT r.value, r.is_total FROM report r UNION SELECT n.value, n.is_total FROM n WHERE n.is_total OR by IS NOT NULL) g
		UNION ALL
		SELECT n.period, n.value, n.is_total, n.stage, false, n.place FROM n WHERE NOT n.all_stages AND (n.is_total OR by IS NOT NULL)
	)
	SELECT c.period, c.value, c.is_total, c.stage, c.all_stages, v.deals, v.amount, coalesce(n.unweighted, 0), v.weighted, coalesce(n.overdue, 0) + dated,
		r.won_amount, r.quota, r.quota_remaining, v.amount / v.gap, v.amount / nullif(r.quota, 0), v.weighted / v.gap, one.currency,
		bool_or(r.complete) OVER (PARTITION BY c.period)
	FROM one, cell c
	LEFT JOIN report r ON r.period = c.period AND r.is_total = c.is_total AND r.value IS NOT DISTINCT FROM c.value
	LEFT JOIN n ON n.period = c.period AND n.is_total = c.is_total AND n.all_stages = c.all_stages AND n.value IS NOT DISTINCT FROM c.value AND n.stage IS NOT DISTINCT FROM c.stage,
		LATERAL (SELECT coalesce(n.deals, 0) AS deals, coalesce(n.amount, 0) AS amount,
			CASE WHEN n.unweighted > 0 THEN NULL ELSE coalesce(n.weighted, 0) END AS weighted,
			-- a quota that is met needs no cover
			CASE WHEN r.quota_remaining > 0 THEN r.quota_remaining END AS gap) v
	ORDER BY c.period, c.is_total, c.value COLLATE "C", c.all_stages, c.place, c.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.pipeline_coverage(regclass, regclass, date, date, regclass, text, text, timestamptz, text, text, text, text) IS
	'The open deals that should close in each period over what is left of its quota, and over all of it, by stage and in all, in all and by owner or team. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- When should it close? ---------------------------------------------------

CREATE FUNCTION nudge.check_forecast_levels(commit_probability numeric, best_case_probability numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(commit_probability <= 1 AND best_case_probability >= 0 AND best_case_probability <= commit_probability, false) THEN
		RAISE EXCEPTION 'commit_probability and best_case_probability must be shares from 0 to 1, the second not above the first'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('They are %s and %s.', coalesce(commit_probability::text, 'null'), coalesce(best_case_probability::text, 'null')),
				HINT = 'Leave them out for 0.8 and 0.5.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_forecast_levels(numeric, numeric) IS
	'An error unless the levels of a forecast are shares in order. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.sales_forecast(
	deals regclass,
	start_day date,
	end_day date,
	deal_stages regclass DEFAULT NULL,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	commit_probability numeric DEFAULT 0.8,
	best_case_probability numeric DEFAULT 0.5,
	currency text DEFAULT NULL
) RETURNS TABLE (
	period date,
	timing text,
	value text,
	is_total boolean,
	stage text,
	all_stages boolean,
	open_deals bigint,
	open_amount numeric,
	unweighted_deals bigint,
	weighted_amount numeric,
	commit_amount numeric,
	best_case_amount numeric,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_sales_by(by), nudge.check_forecast_levels(commit_probability, best_case_probability);
	RETURN QUERY
	WITH deal AS MATERIALIZED (
		SELECT p.period, CASE WHEN d.expected_close IS NULL THEN 'no_date' WHEN d.expected_close < b.today THEN 'overdue'
				WHEN d.expected_close < end_day THEN 'expected' ELSE 'later' END AS timing,
			CASE by WHEN 'owner' THEN d.owner WHEN 'team' THEN d.team WHEN 'segment' THEN d.segment END AS value,
			d.stage, d.stage_position, d.amount, d.win_probability, d.weighted_amount, d.currency_code
		FROM nudge.pipeline_deals(deals, deal_stages, NULL, zone, as_of, sales_forecast.currency) d
		CROSS JOIN (SELECT coalesce(nudge.civil_date(nullif(as_of, 'infinity'), coalesce(zone, 'UTC')), start_day) AS today) b
		LEFT JOIN nudge.window_periods(start_day, end_day, grain) p ON d.expected_close >= p.period AND d.expected_close < p.period_end
	), n AS (
		SELECT d.period, d.timing, d.value, grouping(d.value) = 1 AS is_total, d.stage, grouping(d.stage) = 1 AS all_stages, min(d.stage_position) AS place,
			count(*) AS deals, sum(d.amount) AS amount, count(*) FILTER (WHERE d.win_probability IS NULL) AS unweighted, sum(d.weighted_amount) AS weighted,
			coalesce(sum(d.amount) FILTER (WHERE d.win_probability >= commit_probability), 0) AS commit,
			coalesce(sum(d.amount) FILTER (WHERE d.win_probability >= best_case_probability), 0) AS best_case, min(d.currency_code) AS currency
		FROM deal d
		GROUP BY GROUPING SETS ((d.period, d.timing, d.value, d.stage), (d.period, d.timing, d.value), (d.period, d.timing, d.stage), (d.period, d.timing))
	)
	SELECT n.period, n.timing, n.value, n.is_total, n.stage, n.all_stages, n.deals, n.amount, n.unweighted,
		CASE WHEN n.unweighted = 0 THEN n.weighted END, CASE WHEN n.unweighted = 0 THEN n.commit END, CASE WHEN n.unweighted = 0 THEN n.best_case END, n.currency
	FROM n
	WHERE n.is_total OR by IS NOT NULL
	ORDER BY array_position(ARRAY['overdue', 'expected', 'later', 'no_date'], n.timing), n.period, n.is_total, n.value COLLATE "C", n.all_stages, n.place, n.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.sales_forecast(regclass, date, date, regclass, text, text, timestamptz, text, numeric, numeric, text) IS
	'The open pipeline by the period in which it should close and by stage: amount, weighted amount, and what is probable enough for commit and best case. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- From stage to stage -----------------------------------------------------

CREATE FUNCTION nudge.stage_win_rates(
	deals regclass,
	deal_stages regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	stage text,
	stage_position integer,
	deals_closed bigint,
	won bigint,
	lost bigint,
	no_decision bigint,
	not_recorded bigint,
	win_rate numeric,
	rate_low double precision,
	rate_high double precision
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT * FROM nudge.window_spans(start_day, end_day, NULL, zone, as_of)
	), entry AS (
		SELECT DISTINCT l.deal, l.stage, l.position FROM nudge.deal_stage_lines(deal_stages, as_of) l
	), n AS (
		SELECT e.stage, e.position AS place, count(*) AS closed, count(*) FILTER (WHERE d.outcome = 'won') AS won, count(*) FILTER (WHERE d.outcome = 'lost') AS lost,
			count(*) FILTER (WHERE d.outcome = 'no_decision') AS undecided, count(*) FILTER (WHERE d.outcome IS NULL) AS unknown
		FROM span s, LATERAL nudge.deal_lines(deals, s.start_at, s.end_at, as_of, false) d
		JOIN entry e ON e.deal = d.deal
		WHERE d.closed_at >= s.start_at AND d.closed_at < s.end_at
		GROUP BY e.stage, e.position
	)
	SELECT n.stage, n.place, n.closed, n.won, n.lost, n.undecided, n.unknown, i.rate, i.rate_low, i.rate_high
	FROM n, LATERAL nudge.wilson_interval(n.won, n.won + n.lost + n.undecided, confidence) i
	ORDER BY n.place, n.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.stage_win_rates(regclass, regclass, date, date, text, timestamptz, double precision) IS
	'Of the deals closed in a window that ever entered a stage, those won over those decided, with Wilson interval: what a win_probability can be set to. Not STRICT: NULL relations have no rows, NULL options have a meaning';

CREATE FUNCTION nudge.stage_passages(
	deals regclass,
	deal_stages regclass,
	as_of timestamptz DEFAULT NULL,
	stages text[] DEFAULT NULL
) RETURNS TABLE (
	deal text,
	stage text,
	stage_position integer,
	is_last boolean,
	entered_at timestamptz,
	next_stage_at timestamptz,
	advanced_at timestamptz,
	advanced_to text,
	returned_at timestamptz,
	closed_at timestamptz,
	outcome text,
	status text,
	days numeric,
	owner text,
	team text,
	segment text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nullif(as_of, 'infinity');
BEGIN
	IF array_ndims(stages) > 1 OR array_position(stages, NULL) IS NOT NULL OR cardinality(stages) = 0
		OR cardinality(stages) > (SELECT count(DISTINCT s) FROM unnest(stages) s) THEN
		RAISE EXCEPTION '"stages" must name each stage of the pipeline once, in order'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Whether a deal has gone on or back is known from the order of the stages.',
				HINT = 'Leave it out for the order of the table nudge.sales_stages.';
	END IF;
	RETURN QUERY
	WITH ordered AS MATERIALIZED (
		SELECT g.stage, g.position, min(g.position) OVER (ORDER BY g.position GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next_position
		FROM (SELECT s.stage, s.no::integer AS position FROM unnest(stages) WITH ORDINALITY s(stage, no)
			UNION ALL SELECT c.stage, c.position FROM nudge.sales_stages c WHERE stages IS NULL) g
	), line AS MATERIALIZED (
		SELECT l.deal, l.stage, l.entered_at AS at, o.position, o.next_position FROM nudge.deal_stage_lines(deal_stages, known_at) l LEFT JOIN ordered o ON o.stage = l.stage
	), entry AS MATERIALIZED (
		-- a stage is entered once: when it was for the first time
		SELECT DISTINCT ON (l.deal, l.stage) l.* FROM line l ORDER BY l.deal, l.stage, l.at
	), onward AS (
		SELECT e.deal, e.stage, min(l.at) FILTER (WHERE l.position = e.next_position) AS next_at,
			min(l.at) FILTER (WHERE l.position > e.position) AS later_at,
			(array_agg(l.stage ORDER BY l.at, l.position, l.stage COLLATE "C") FILTER (WHERE l.position > e.position))[1] AS later_stage,
			min(l.at) FILTER (WHERE l.position < e.position AND l.at > e.at) AS back_at
		FROM entry e JOIN line l ON l.deal = e.deal AND l.at >= e.at
		GROUP BY e.deal, e.stage
	)
	SELECT e.deal, e.stage, e.position, e.position IS NOT NULL AND e.next_position IS NULL, e.at, n.next_at, v.at, CASE WHEN n.later_at IS NOT NULL THEN n.later_stage WHEN d.outcome = 'won' THEN 'won' END, n.back_at,
		d.closed_at, d.outcome,
		CASE WHEN e.position IS NULL THEN NULL WHEN n.later_at IS NOT NULL OR d.outcome = 'won' THEN 'advanced' WHEN d.closed_at IS NULL THEN 'waiting' ELSE 'dropped' END,
		CASE WHEN v.at >= e.at THEN extract(epoch FROM v.at - e.at) / 86400 WHEN n.later_at IS NULL AND d.closed_at IS NULL THEN extract(epoch FROM known_at - e.at) / 86400 END,
		d.owner, d.team, d.segment
	FROM entry e
	JOIN nudge.deal_lines(deals, NULL, NULL, known_at, false) d ON d.deal = e.deal
	JOIN onward n ON n.deal = e.deal AND n.stage = e.stage,
		-- a deal that was won has passed whatever stages it left out
		LATERAL (SELECT coalesce(n.later_at, CASE WHEN d.outcome = 'won' AND e.position IS NOT NULL THEN d.closed_at END) AS at) v
	ORDER BY e.deal COLLATE "C", e.at, e.position, e.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.stage_passages(regclass, regclass, timestamptz, text[]) IS
	'Each stage that each deal entered, when first, and whether and when it went on from there: what stage_conversion counts. Not STRICT: NULL relations have no rows, a NULL as_of is all that is known, NULL stages are those of sales_stages';

CREATE FUNCTION nudge.stage_conversion(
	deals regclass,
	deal_stages regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	stages text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	stage text,
	stage_position integer,
	entered bigint,
	reached_next bigint,
	advanced bigint,
	dropped bigint,
	waiting bigint,
	returned bigint,
	won bigint,
	next_rate numeric,
	advance_rate numeric,
	decided_advance_rate numeric,
	win_rate numeric,
	mean_days numeric,
	median_days numeric,
	mean_waiting_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_window(start_day, end_day), nudge.check_sales_by(by);
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT * FROM nudge.window_spans(start_day, end_day, grain, zone, as_of)
	), fact AS (
		SELECT s.period, s.complete, p.*, CASE by WHEN 'owner' THEN p.owner WHEN 'team' THEN p.team WHEN 'segment' THEN p.segment END AS value
		FROM span s JOIN nudge.stage_passages(deals, deal_stages, as_of, stages) p ON p.entered_at >= s.start_at AND p.entered_at < s.end_at
	), n AS (
		SELECT f.period, f.complete, f.value, grouping(f.value) = 1 AS is_total, f.stage, f.stage_position, count(*) AS entered, CASE WHEN NOT bool_or(f.is_last) THEN count(f.next_stage_at) END AS reached_next,
			count(*) FILTER (WHERE f.status = 'advanced') AS advanced, count(*) FILTER (WHERE f.status = 'dropped') AS dropped,
			count(*) FILTER (WHERE f.status = 'waiting') AS waiting, count(f.returned_at) AS returned, count(*) FILTER (WHERE f.outcome = 'won') AS won,
			count(*) FILTER (WHERE f.outcome IS NOT NULL) AS decided, avg(f.days) FILTER (WHERE f.status = 'advanced') AS mean_days,
			(percentile_disc(0.5) WITHIN GROUP (ORDER BY f.days) FILTER (WHERE f.status = 'advanced')
				+ percentile_disc(0.5) WITHIN GROUP (ORDER BY f.days DESC) FILTER (WHERE f.status = 'advanced')) / 2 AS median_days,
			avg(f.days) FILTER (WHERE f.status = 'waiting') AS waiting_days, CASE WHEN f.stage_position IS NOT NULL THEN 1 END AS ordered
		FROM fact f
		GROUP BY GROUPING SETS ((f.period, f.complete, f.stage, f.stage_position, f.value), (f.period, f.complete, f.stage, f.stage_position))
	)
	SELECT n.period, n.value, n.is_total, n.stage, n.stage_position, n.entered, n.reached_next * n.ordered, n.advanced * n.ordered, n.dropped * n.ordered, n.waiting * n.ordered,
		n.returned * n.ordered, n.won, n.reached_next * n.ordered / n.entered::numeric, n.advanced * n.ordered / n.entered::numeric,
		n.advanced * n.ordered / nullif(n.advanced + n.dropped, 0)::numeric, n.won / nullif(n.decided, 0)::numeric,
		n.mean_days, n.median_days, n.waiting_days, n.complete
	FROM n
	WHERE n.is_total OR by IS NOT NULL
	ORDER BY n.period, n.is_total, n.value COLLATE "C", n.stage_position, n.stage COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.stage_conversion(regclass, regclass, date, date, text, text, timestamptz, text, text[]) IS
	'The deals that entered each stage in a period, how many have gone on, dropped out or are still there, and how long it took. Not STRICT: NULL relations have no rows, NULL options have a meaning';

-- src/reports/support.sql

/*
 * support.sql
 *		Support: how many tickets, how fast they are answered and resolved, and
 *		whether that was promised.
 *
 * Definitions: doc/support.md.
 */

-- What was promised ---------------------------------------------------------

CREATE TABLE nudge.sla_targets (
	measure text NOT NULL CHECK (measure IN ('first_response', 'resolution')),
	priority text NOT NULL DEFAULT '*' CHECK (priority <> '' AND priority = lower(btrim(priority))),
	complexity text NOT NULL DEFAULT '*' CHECK (complexity <> '' AND complexity = lower(btrim(complexity))),
	target_minutes numeric NOT NULL CHECK (target_minutes > 0 AND target_minutes < 'Infinity'),
	calendar text REFERENCES nudge.working_calendars ON UPDATE CASCADE,
	provenance text NOT NULL DEFAULT 'agreed' CHECK (provenance IN ('agreed', 'imported', 'derived', 'placeholder')),
	PRIMARY KEY (measure, priority, complexity)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.sla_targets', '');
GRANT SELECT ON nudge.sla_targets TO PUBLIC;
COMMENT ON TABLE nudge.sla_targets IS 'Service levels: within how many minutes tickets are answered and resolved';
COMMENT ON COLUMN nudge.sla_targets.measure IS 'first_response or resolution';
COMMENT ON COLUMN nudge.sla_targets.priority IS 'Priority of the tickets, in lower case; * is any';
COMMENT ON COLUMN nudge.sla_targets.complexity IS 'Complexity of the tickets, in lower case; * is any';
COMMENT ON COLUMN nudge.sla_targets.target_minutes IS 'Minutes within which it is done';
COMMENT ON COLUMN nudge.sla_targets.calendar IS 'Calendar of working hours in which the minutes are counted; NULL counts all minutes';
COMMENT ON COLUMN nudge.sla_targets.provenance IS 'Where the number is from: agreed, imported, derived or placeholder';

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.sla_targets TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

CREATE FUNCTION nudge.load_example_sla_targets() RETURNS bigint
	LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	WITH loaded AS (
		INSERT INTO nudge.sla_targets (measure, priority, complexity, target_minutes, provenance) VALUES
			('first_response', '*', '*', 120, 'placeholder'), ('first_response', 'critical', '*', 30, 'placeholder'),
			('first_response', 'high', '*', 60, 'placeholder'), ('first_response', 'normal', '*', 120, 'placeholder'),
			('first_response', 'low', '*', 480, 'placeholder'), ('resolution', '*', '*', 1440, 'placeholder'),
			('resolution', '*', 'simple', 120, 'placeholder'), ('resolution', '*', 'moderate', 480, 'placeholder'),
			('resolution', '*', 'complex', 1440, 'placeholder')
		ON CONFLICT DO NOTHING
		RETURNING 1
	)
	SELECT count(*) FROM loaded;
END;
COMMENT ON FUNCTION nudge.load_example_sla_targets() IS
	'Writes example targets into sla_targets, marked placeholder; those that are there stay. Returns how many it wrote';

-- Tickets, each checked once ------------------------------------------------

CREATE FUNCTION nudge.relation_has_column(relation regclass, column_name text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN relation IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped);
COMMENT ON FUNCTION nudge.relation_has_column(regclass, text) IS
	'Whether an input has an optional column, so that what it lacks is not taken for what did not happen. Not STRICT: a NULL relation is an input without rows, which lacks nothing';

CREATE FUNCTION nudge.check_support_options("by" text, counting text, tolerance numeric DEFAULT 0.25) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF "by" NOT IN ('priority', 'complexity', 'category', 'agent', 'segment') THEN
		RAISE EXCEPTION 'tickets cannot be grouped by "%"', left("by", 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'They can by priority, complexity, category, agent, and segment of the customer.',
			HINT = 'Leave it out for the total alone, or pass a view that has yours as category.';
	ELSIF NOT coalesce(counting IN ('opened', 'resolved'), false) THEN
		RAISE EXCEPTION 'tickets cannot be counted as "%"', left(counting, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A ticket counts in the period in which it was opened, or in that in which it was resolved.',
			HINT = 'Pass opened or resolved.';
	ELSIF NOT coalesce(tolerance >= 0 AND tolerance < 'Infinity', false) THEN
		RAISE EXCEPTION 'tolerance must be a number from 0 on' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It is how far above its target a ticket may be, as a fraction of it.',
			HINT = 'Pass 0.25 for tickets that exceed it by 25 %.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_support_options(text, text, numeric) IS
	'An error for options that reports on tickets do not know. Not STRICT: a NULL by is the total alone, other NULLs are errors';

CREATE FUNCTION nudge.ticket_rows(
	tickets regclass,
	start_at timestamptz DEFAULT NULL,
	end_at timestamptz DEFAULT NULL,
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened'
) RETURNS TABLE (
	ticket text,
	customer text,
	opened_at timestamptz,
	first_response_at timestamptz,
	resolved_at timestamptz,
	reopened_at timestamptz,
	status text,
	problem text,
	priority text,
	complexity text,
	category text,
	agent text,
	csat numeric,
	escalated boolean,
	contacts integer
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			-- what came at or after as_of is not known
			SELECT i.ticket, i.customer, i.opened_at,
				CASE WHEN $3 IS NULL OR i.first_response_at < $3 THEN i.first_response_at END AS first_response_at,
				CASE WHEN $3 IS NULL OR i.resolved_at < $3 THEN i.resolved_at END AS resolved_at,
				CASE WHEN $3 IS NULL OR i.reopened_at < $3 THEN i.reopened_at END AS reopened_at,
				lower(btrim(i.priority)) AS priority, nullif(lower(btrim(i.complexity)), '') AS complexity,
				nullif(btrim(i.category), '') AS category, nullif(btrim(i.agent), '') AS agent,
				CASE WHEN $3 IS NULL OR coalesce(i.resolved_at < $3, true) THEN i.csat END AS csat, i.escalated, i.contacts
			FROM (%1$s) i
			WHERE i.opened_at IS NULL OR ($1 IS NULL OR %2$s >= $1) AND ($2 IS NULL OR %2$s < $2) AND ($3 IS NULL OR i.opened_at < $3)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('tickets', count(*) FILTER (WHERE NOT coalesce(l.ticket IS NOT NULL AND l.customer IS NOT NULL
				AND l.priority <> '' AND isfinite(l.opened_at) AND coalesce(isfinite(l.first_response_at), true)
				AND coalesce(isfinite(l.resolved_at), true) AND coalesce(isfinite(l.reopened_at), true)
				AND coalesce(abs(l.csat) < 'Infinity', true), false))) AS checked
			FROM line l
		), single AS MATERIALIZED (
			SELECT nudge.check_unique_key('tickets', (SELECT l.ticket FROM line l GROUP BY l.ticket HAVING count(*) > 1 ORDER BY l.ticket COLLATE "C" LIMIT 1)) AS checked
		), sound AS (
			-- what was before the opening is no duration: an answer is not known then, a resolution was at once
			SELECT l.*, CASE WHEN l.first_response_at >= l.opened_at THEN l.first_response_at END AS answered_at,
				greatest(l.resolved_at, CASE WHEN l.resolved_at IS NOT NULL THEN l.opened_at END) AS done_at,
				CASE WHEN l.reopened_at >= l.opened_at THEN l.reopened_at END AS again_at
			FROM one, single, line l
		)
		SELECT s.ticket, s.customer, s.opened_at, s.answered_at, s.done_at, s.again_at,
			CASE WHEN NOT $4 THEN NULL WHEN s.done_at IS NULL OR s.again_at > s.done_at THEN 'open' ELSE 'resolved' END,
			nullif(concat_ws(', ', CASE WHEN s.first_response_at < s.opened_at THEN 'response_before_opening' END,
				CASE WHEN s.resolved_at < s.opened_at THEN 'resolution_before_opening' END,
				CASE WHEN s.reopened_at < s.opened_at THEN 'reopening_before_opening' END), ''),
			s.priority, s.complexity, s.category, s.agent, s.csat, s.escalated, s.contacts
		FROM sound s
	$query$, nudge.input_query('tickets', tickets), CASE counting WHEN 'resolved' THEN 'CASE WHEN i.resolved_at IS NOT NULL THEN greatest(i.resolved_at, i.opened_at) END' ELSE 'i.opened_at' END)
	USING start_at, end_at, as_of, nudge.relation_has_column(tickets, 'resolved_at');
END
$$;
COMMENT ON FUNCTION nudge.ticket_rows(regclass, timestamptz, timestamptz, timestamptz, text) IS
	'Tickets as they were known by as_of, checked, with their status: what ticket_lines and backlog read. Not STRICT: NULL bounds are none, a NULL as_of knows all, a NULL relation has no rows';

-- Times and what was promised, ticket by ticket -----------------------------

CREATE FUNCTION nudge.minutes_between(started_at timestamptz, ended_at timestamptz) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN trim_scale(extract(epoch FROM ended_at - started_at) / 60);
COMMENT ON FUNCTION nudge.minutes_between(timestamptz, timestamptz) IS
	'All minutes between two instants; working_minutes has those within working hours';

CREATE FUNCTION nudge.sla_state(minutes numeric, target_minutes numeric, is_waiting boolean) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN target_minutes IS NULL THEN NULL WHEN minutes > target_minutes THEN 'breached' WHEN is_waiting THEN 'pending'
		WHEN minutes <= target_minutes THEN 'met' END;
COMMENT ON FUNCTION nudge.sla_state(numeric, numeric, boolean) IS
	'met, breached, or pending for what still waits within its target. Not STRICT: without a target, or without minutes, nothing is promised or known';

CREATE FUNCTION nudge.sla_target_of(measure text, priority text, complexity text) RETURNS TABLE (target_minutes numeric, calendar text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT t.target_minutes, t.calendar
	FROM nudge.sla_targets t
	WHERE t.measure = sla_target_of.measure AND t.priority IN (sla_target_of.priority, '*') AND t.complexity IN (sla_target_of.complexity, '*')
	ORDER BY t.priority = '*', t.complexity = '*'
	LIMIT 1;
END;
COMMENT ON FUNCTION nudge.sla_target_of(text, text, text) IS
	'The target of a measure for a priority and complexity: the most specific of sla_targets, where the priority goes before the complexity. Not STRICT: a NULL complexity has targets for any';

CREATE FUNCTION nudge.ticket_lines(
	tickets regclass,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	customer text,
	counted_on date,
	status text,
	problem text,
	priority text,
	complexity text,
	category text,
	agent text,
	opened_at timestamptz,
	first_response_at timestamptz,
	resolved_at timestamptz,
	reopened_at timestamptz,
	csat numeric,
	escalated boolean,
	contacts integer,
	age_minutes numeric,
	first_response_minutes numeric,
	first_response_working_minutes numeric,
	first_response_target numeric,
	first_response_sla text,
	first_response_ratio numeric,
	resolution_minutes numeric,
	resolution_working_minutes numeric,
	resolution_target numeric,
	resolution_sla text,
	resolution_ratio numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	knows_responses constant boolean := nudge.relation_has_column(tickets, 'first_response_at');
BEGIN
	PERFORM nudge.check_support_options(NULL, counting);
	IF start_day IS NOT NULL AND end_day IS NOT NULL THEN
		PERFORM nudge.check_window(start_day, end_day);
	END IF;
	RETURN QUERY
		WITH r AS MATERIALIZED (
			-- no zone is two days from UTC
			SELECT t.*, nudge.civil_date(CASE counting WHEN 'resolved' THEN t.resolved_at ELSE t.opened_at END, named_zone) AS day
			FROM nudge.ticket_rows(tickets, (start_day - 2)::timestamp AT TIME ZONE 'UTC', (end_day + 2)::timestamp AT TIME ZONE 'UTC', as_of, counting) t
		), target AS MATERIALIZED (
			SELECT k.priority, k.complexity, f.target_minutes AS response_target, f.calendar AS response_calendar,
				s.target_minutes AS solution_target, s.calendar AS solution_calendar
			FROM (SELECT DISTINCT r.priority, coalesce(r.complexity, '') AS complexity FROM r) k
			LEFT JOIN LATERAL nudge.sla_target_of('first_response', k.priority, k.complexity) f ON true
			LEFT JOIN LATERAL nudge.sla_target_of('resolution', k.priority, k.complexity) s ON true
		), timed AS (
			SELECT r.*, t.response_target, t.solution_target, t.response_calendar, t.solution_calendar,
				r.first_response_at IS NULL AND r.status = 'open' AND knows_responses AND strpos(coalesce(r.problem, ''), 'response_before') = 0 AS waits_for_response,
				r.status = 'open' AND strpos(coalesce(r.problem, ''), 'resolution_before') = 0 AS waits_for_solution,
				CASE WHEN r.status = 'resolved' AND strpos(coalesce(r.problem, ''), 'resolution_before') = 0 THEN r.resolved_at END AS solved_at
			FROM r JOIN target t ON t.priority = r.priority AND t.complexity = coalesce(r.complexity, '')
			WHERE r.day IS NOT NULL AND (start_day IS NULL OR r.day >= start_day) AND (end_day IS NULL OR r.day < end_day)
		), used AS MATERIALIZED (
			SELECT t.*, nudge.minutes_between(t.opened_at, t.first_response_at) AS response_minutes, nudge.minutes_between(t.opened_at, t.solved_at) AS solution_minutes,
				-- of what still waits, up to as_of
				CASE WHEN t.response_calendar IS NULL THEN nudge.minutes_between(t.opened_at, response.until)
					ELSE nudge.working_minutes(t.opened_at, response.until, t.response_calendar) END AS response_used,
				CASE WHEN t.solution_calendar IS NULL THEN nudge.minutes_between(t.opened_at, solution.until)
					ELSE nudge.working_minutes(t.opened_at, solution.until, t.solution_calendar) END AS solution_used
			FROM timed t, LATERAL (SELECT coalesce(t.first_response_at, CASE WHEN t.waits_for_response THEN as_of END)) response(until),
				LATERAL (SELECT coalesce(t.solved_at, CASE WHEN t.waits_for_solution THEN as_of END)) solution(until)
		)
		SELECT u.ticket, u.customer, u.day, u.status, u.problem, u.priority, u.complexity, u.category, u.agent,
			u.opened_at, u.first_response_at, u.resolved_at, u.reopened_at, u.csat, u.escalated, u.contacts,
			CASE WHEN u.status = 'open' THEN nudge.minutes_between(u.opened_at, as_of) END,
			u.response_minutes, nudge.working_minutes(u.opened_at, u.first_response_at, coalesce(u.response_calendar, ticket_lines.calendar)),
			u.response_target, nudge.sla_state(u.response_used, u.response_target, u.waits_for_response), u.response_used / u.response_target,
			u.solution_minutes, nudge.working_minutes(u.opened_at, u.solved_at, coalesce(u.solution_calendar, ticket_lines.calendar)),
			u.solution_target, nudge.sla_state(u.solution_used, u.solution_target, u.waits_for_solution), u.solution_used / u.solution_target
		FROM used u
		ORDER BY u.opened_at, u.ticket COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.ticket_lines(regclass, date, date, text, timestamptz, text, text) IS
	'Each ticket with its times in all and in working minutes, its targets, and whether they were met by as_of: the drill-down of support_report and support_times. Not STRICT: NULL days are no bounds, a NULL as_of leaves what still waits undecided, a NULL calendar leaves working minutes to those of the targets';

-- Reports -------------------------------------------------------------------

CREATE FUNCTION nudge.support_lines(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	ticket text,
	status text,
	was_reopened boolean,
	was_resolved boolean,
	csat numeric,
	escalated boolean,
	contacts integer,
	problem text,
	minutes numeric[],
	working_minutes numeric[],
	sla text[],
	ratio numeric[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_support_options("by", counting);
	IF "by" = 'segment' AND customers IS NULL THEN
		RAISE EXCEPTION 'segments of tickets need the relation customers' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'The segment is that of the customer whose ticket it is.',
			HINT = 'Pass customers.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%s) c
			WHERE c.customer IS NOT NULL
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		)
		SELECT CASE WHEN $4 IS NULL THEN $2 ELSE greatest(nudge.period_start(l.counted_on, $4), $2) END,
			CASE $7 WHEN 'priority' THEN l.priority WHEN 'complexity' THEN l.complexity WHEN 'category' THEN l.category WHEN 'agent' THEN l.agent WHEN 'segment' THEN c.segment END,
			l.ticket, l.status, l.reopened_at IS NOT NULL, l.resolved_at IS NOT NULL OR l.reopened_at IS NOT NULL, l.csat, l.escalated, l.contacts, l.problem,
			ARRAY[l.first_response_minutes, l.resolution_minutes], ARRAY[l.first_response_working_minutes, l.resolution_working_minutes],
			ARRAY[l.first_response_sla, l.resolution_sla], ARRAY[l.first_response_ratio, l.resolution_ratio]
		FROM nudge.ticket_lines($1, $2, $3, $5, $6, $8, $9) l
		LEFT JOIN customer c ON c.customer = l.customer
		WHERE c.internal IS NOT TRUE
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, zone, as_of, "by", counting, calendar;
END
$$;
COMMENT ON FUNCTION nudge.support_lines(regclass, date, date, text, text, timestamptz, text, regclass, text, text) IS
	'Works for support_report and support_times: the tickets of ticket_lines by period and group, first response and resolution as the first and second element. Not STRICT: NULL options have a meaning, a NULL relation has no rows';

CREATE FUNCTION nudge.support_report(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened'
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	complete boolean,
	tickets_total bigint,
	ticket_share numeric,
	customers_total bigint,
	tickets_per_customer numeric,
	tickets_resolved bigint,
	resolution_rate numeric,
	tickets_reopened bigint,
	tickets_once_resolved bigint,
	reopen_rate numeric,
	tickets_escalated bigint,
	escalation_known bigint,
	escalation_rate numeric,
	tickets_one_touch bigint,
	contacts_known bigint,
	one_touch_rate numeric,
	mean_csat numeric,
	csat_answers bigint,
	tickets_with_problem bigint
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
	knows_reopening constant boolean := nudge.relation_has_column(tickets, 'reopened_at');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	RETURN QUERY EXECUTE format($query$
		WITH span AS MATERIALIZED (
			-- periods of which nothing can be known are left out
			SELECT s.* FROM nudge.window_spans($2, $3, $4, $5, $6) s WHERE $6 IS NULL OR s.start_at < $6
		), line AS MATERIALIZED (
			SELECT l.* FROM nudge.support_lines($1, $2, $3, $4, $5, $6, $7, $8, $9) l
		), n AS MATERIALIZED (
			SELECT l.period, l.value, grouping(l.value) = 1 AS is_total, count(*) AS total, count(*) FILTER (WHERE l.status = 'resolved') AS resolved,
				count(*) FILTER (WHERE l.was_reopened) AS reopened, count(*) FILTER (WHERE l.was_resolved) AS once_resolved,
				count(*) FILTER (WHERE l.escalated) AS escalated, count(l.escalated) AS escalation_known,
				count(*) FILTER (WHERE l.contacts = 1 AND l.status = 'resolved' AND NOT l.was_reopened) AS one_touch,
				count(l.contacts) FILTER (WHERE l.was_resolved) AS contacts_known, avg(l.csat) AS csat, count(l.csat) AS answers, count(l.problem) AS problems
			FROM line l
			GROUP BY GROUPING SETS ((l.period, l.value), (l.period))
		), customer AS MATERIALIZED (
			SELECT DISTINCT ON (c.customer) c.customer, c.created_at, nullif(btrim(c.segment), '') AS segment, c.internal
			FROM (%s) c
			WHERE c.customer IS NOT NULL
			ORDER BY c.customer, c.created_at, c.segment COLLATE "C"
		), base AS MATERIALIZED (
			SELECT s.period, c.segment, grouping(c.segment) = 1 AS is_total, count(*) AS n
			FROM span s JOIN customer c ON c.created_at < least(s.end_at, $6) AND c.internal IS NOT TRUE
			GROUP BY GROUPING SETS ((s.period, c.segment), (s.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total
			UNION SELECT n.value, n.is_total FROM n WHERE $7 IS NOT NULL
			UNION SELECT b.segment, b.is_total FROM base b WHERE $7 = 'segment'
		)
		SELECT s.period, g.value, g.is_total, s.complete, coalesce(n.total, 0), n.total::numeric / w.total, b.n, coalesce(n.total, 0)::numeric / nullif(b.n, 0),
			CASE WHEN $10 THEN coalesce(n.resolved, 0) END, CASE WHEN $10 THEN n.resolved::numeric / n.total END,
			CASE WHEN $11 THEN coalesce(n.reopened, 0) END, CASE WHEN $10 THEN coalesce(n.once_resolved, 0) END,
			CASE WHEN $10 AND $11 THEN n.reopened::numeric / nullif(n.once_resolved, 0) END,
			CASE WHEN $12 THEN coalesce(n.escalated, 0) END, coalesce(n.escalation_known, 0), n.escalated::numeric / nullif(n.escalation_known, 0),
			CASE WHEN $10 AND $13 THEN coalesce(n.one_touch, 0) END, CASE WHEN $10 THEN coalesce(n.contacts_known, 0) END,
			CASE WHEN $10 THEN n.one_touch::numeric / nullif(n.contacts_known, 0) END,
			n.csat, coalesce(n.answers, 0), coalesce(n.problems, 0)
		FROM span s CROSS JOIN grouped g
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		LEFT JOIN n w ON w.period = s.period AND w.is_total
		LEFT JOIN LATERAL (
			SELECT coalesce(max(b.n), 0) AS n FROM base b
			WHERE b.period = s.period AND b.is_total = ($7 IS DISTINCT FROM 'segment' OR g.is_total) AND (b.is_total OR b.segment IS NOT DISTINCT FROM g.value)
		) b ON $8 IS NOT NULL
		ORDER BY s.period, g.is_total, coalesce(n.total, 0) DESC, g.value COLLATE "C"
		$query$, nudge.input_query('customers', customers))
		USING tickets, start_day, end_day, grain, zone, as_of, "by", customers, counting, knows_resolution, knows_reopening,
			nudge.relation_has_column(tickets, 'escalated'), nudge.relation_has_column(tickets, 'contacts');
END
$$;
COMMENT ON FUNCTION nudge.support_report(regclass, date, date, text, text, timestamptz, text, regclass, text) IS
	'Tickets by period, in all and by a group: how many, per customer, resolved, reopened, escalated, done with one contact, and satisfaction. Not STRICT: a NULL grain is one period, a NULL as_of leaves complete NULL, a NULL by is the total alone, without customers there is no number per customer';

CREATE FUNCTION nudge.support_times(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	customers regclass DEFAULT NULL,
	counting text DEFAULT 'opened',
	calendar text DEFAULT NULL,
	tolerance numeric DEFAULT 0.25
) RETURNS TABLE (
	measure text,
	period date,
	value text,
	is_total boolean,
	complete boolean,
	tickets_done bigint,
	mean_minutes numeric,
	median_minutes numeric,
	p90_minutes numeric,
	mean_working_minutes numeric,
	median_working_minutes numeric,
	p90_working_minutes numeric,
	sla_met bigint,
	sla_breached bigint,
	sla_pending bigint,
	attainment_rate numeric,
	tickets_exceeding bigint,
	exceeding_rate numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 40 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	PERFORM nudge.check_support_options("by", counting, tolerance);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.* FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s WHERE as_of IS NULL OR s.start_at < as_of
		), line AS MATERIALIZED (
			SELECT m.no, l.period, l.value, l.minutes[m.no] AS minutes, l.working_minutes[m.no] AS working_minutes, l.sla[m.no] AS sla, l.ratio[m.no] AS ratio
			FROM nudge.support_lines(tickets, start_day, end_day, grain, zone, as_of, "by", customers, counting, support_times.calendar) l, (VALUES (1), (2)) m(no)
		), n AS MATERIALIZED (
			SELECT l.no, l.period, l.value, grouping(l.value) = 1 AS is_total, count(l.minutes) AS done,
				avg(l.minutes) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.minutes::double precision) AS median,
				percentile_cont(0.9) WITHIN GROUP (ORDER BY l.minutes::double precision) AS p90,
				avg(l.working_minutes) AS working_mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.working_minutes::double precision) AS working_median,
				percentile_cont(0.9) WITHIN GROUP (ORDER BY l.working_minutes::double precision) AS working_p90,
				count(*) FILTER (WHERE l.sla = 'met') AS met, count(*) FILTER (WHERE l.sla = 'breached') AS breached, count(*) FILTER (WHERE l.sla = 'pending') AS pending,
				count(*) FILTER (WHERE l.ratio > 1 + tolerance) AS exceeding
			FROM line l
			GROUP BY GROUPING SETS ((l.no, l.period, l.value), (l.no, l.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		)
		SELECT m.measure, s.period, g.value, g.is_total, s.complete, CASE WHEN m.is_known THEN coalesce(n.done, 0) END, n.mean, n.median::numeric, n.p90::numeric,
			n.working_mean, n.working_median::numeric, n.working_p90::numeric, CASE WHEN m.is_known THEN coalesce(n.met, 0) END, CASE WHEN m.is_known THEN coalesce(n.breached, 0) END,
			CASE WHEN m.is_known THEN coalesce(n.pending, 0) END, n.met::numeric / nullif(n.met + n.breached, 0), CASE WHEN m.is_known THEN coalesce(n.exceeding, 0) END, n.exceeding::numeric / nullif(n.met + n.breached, 0)
		FROM (VALUES (1, 'first_response', nudge.relation_has_column(tickets, 'first_response_at')),
			(2, 'resolution', nudge.relation_has_column(tickets, 'resolved_at'))) m(no, measure, is_known) CROSS JOIN span s CROSS JOIN grouped g
		LEFT JOIN n ON n.no = m.no AND n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		ORDER BY m.no, s.period, g.is_total, g.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.support_times(regclass, date, date, text, text, timestamptz, text, regclass, text, text, numeric) IS
	'How long first responses and resolutions took, in all and in working minutes, and how many met their targets, by period, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of leaves what still waits undecided, a NULL by is the total alone';

-- src/reports/support_backlog.sql

/*
 * support_backlog.sql
 *		Support: which tickets are open at the end of each period, and since when.
 *
 * Definitions: doc/support.md.
 */

-- A ticket comes into the backlog when it is opened, leaves it when it is
-- resolved, and comes back when it is reopened after that.
CREATE FUNCTION nudge.backlog_lines(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	ticket text,
	value text,
	opened_at timestamptz,
	opened_period date,
	resolved_period date,
	reopened_period date
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF "by" = 'segment' THEN
		RAISE EXCEPTION 'the backlog has no segments' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It can be grouped by priority, complexity, category and agent.',
			HINT = 'Pass a view of the tickets that has the segment as category.';
	END IF;
	PERFORM nudge.check_support_options("by", 'opened');
	RETURN QUERY
		-- what comes after the window has no period, what was before it has -infinity
		SELECT d.ticket, d.value, d.opened_at,
			CASE WHEN d.opened IS NULL OR d.opened >= end_day THEN NULL WHEN d.opened < start_day THEN date '-infinity'
				WHEN grain IS NULL THEN start_day ELSE greatest(nudge.period_start(d.opened, grain), start_day) END,
			CASE WHEN d.resolved IS NULL OR d.resolved >= end_day THEN NULL WHEN d.resolved < start_day THEN date '-infinity'
				WHEN grain IS NULL THEN start_day ELSE greatest(nudge.period_start(d.resolved, grain), start_day) END,
			CASE WHEN d.reopened IS NULL OR d.reopened >= end_day THEN NULL WHEN d.reopened < start_day THEN date '-infinity'
				WHEN grain IS NULL THEN start_day ELSE greatest(nudge.period_start(d.reopened, grain), start_day) END
		FROM (
			SELECT r.ticket, r.opened_at, nudge.civil_date(r.opened_at, named_zone) AS opened, nudge.civil_date(r.resolved_at, named_zone) AS resolved,
				CASE WHEN r.reopened_at > r.resolved_at THEN nudge.civil_date(r.reopened_at, named_zone) END AS reopened,
				CASE "by" WHEN 'priority' THEN r.priority WHEN 'complexity' THEN r.complexity WHEN 'category' THEN r.category WHEN 'agent' THEN r.agent END AS value
			FROM nudge.ticket_rows(tickets, NULL, (end_day + 2)::timestamp AT TIME ZONE 'UTC', as_of) r
			OFFSET 0
		) d
		WHERE d.opened < end_day;
END
$$;
COMMENT ON FUNCTION nudge.backlog_lines(regclass, date, date, text, text, timestamptz, text) IS
	'Each ticket with the periods in which it came into the backlog, left it and came back, -infinity for before the window: the drill-down of backlog and backlog_ages. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

CREATE FUNCTION nudge.open_ticket_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (period date, ticket text, value text, opened_at timestamptz, age_seconds numeric, age_days numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.period, least(s.end_at, as_of) AS at, row_number() OVER (ORDER BY s.period)::integer AS no
			FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s
			WHERE as_of IS NULL OR s.start_at < as_of
		), numbered AS (
			-- 0 is before the window; a ticket is open at the ends of the periods from one event to before the next
			SELECT l.ticket, l.value, l.opened_at, coalesce(o.no, 0) AS opened, CASE WHEN l.resolved_period IS NOT NULL THEN coalesce(c.no, 0) END AS resolved,
				CASE WHEN l.reopened_period IS NOT NULL THEN coalesce(a.no, 0) END AS reopened
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by") l
			LEFT JOIN span o ON o.period = l.opened_period
			LEFT JOIN span c ON c.period = l.resolved_period
			LEFT JOIN span a ON a.period = l.reopened_period
		)
		SELECT s.period, n.ticket, n.value, n.opened_at, g.age_seconds, trim_scale(g.age_seconds / 86400)
		FROM numbered n, (SELECT count(*)::integer AS last FROM span) z,
			LATERAL (SELECT generate_series(greatest(n.opened, 1), coalesce(n.resolved - 1, z.last)) UNION ALL
				SELECT generate_series(greatest(n.reopened, 1), z.last) WHERE n.reopened IS NOT NULL) k(no)
		JOIN span s ON s.no = k.no, LATERAL (SELECT trim_scale(extract(epoch FROM s.at - n.opened_at)) AS age_seconds) g;
END
$$;
COMMENT ON FUNCTION nudge.open_ticket_ages(regclass, date, date, text, text, timestamptz, text) IS
	'Each ticket that is open at the end of a period, with its age in days since it was opened: the drill-down of backlog_ages. Not STRICT: a NULL grain is one period, a NULL as_of knows all, a NULL by has no groups';

CREATE FUNCTION nudge.backlog(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	complete boolean,
	opening bigint,
	opened bigint,
	reopened bigint,
	resolved bigint,
	closing bigint,
	mean_age_days numeric,
	oldest_age_days numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
BEGIN
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.* FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s WHERE as_of IS NULL OR s.start_at < as_of
		), n AS MATERIALIZED (
			SELECT e.period, l.value, grouping(l.value) = 1 AS is_total, sum(e.opened) AS opened, sum(e.resolved) AS resolved, sum(e.reopened) AS reopened
			FROM nudge.backlog_lines(tickets, start_day, end_day, grain, zone, as_of, "by") l,
				LATERAL (VALUES (l.opened_period, 1, 0, 0), (l.resolved_period, 0, 1, 0), (l.reopened_period, 0, 0, 1)) e(period, opened, resolved, reopened)
			WHERE e.period IS NOT NULL
			GROUP BY GROUPING SETS ((e.period, l.value), (e.period))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		), age AS MATERIALIZED (
			SELECT a.period, a.value, grouping(a.value) = 1 AS is_total, avg(a.age_seconds) / 86400 AS mean, max(a.age_days) AS oldest
			FROM nudge.open_ticket_ages(tickets, start_day, end_day, grain, zone, as_of, "by") a
			GROUP BY GROUPING SETS ((a.period, a.value), (a.period))
		), moved AS (
			SELECT s.period, s.complete, g.value, g.is_total, coalesce(n.opened, 0) AS opened, coalesce(n.resolved, 0) AS resolved, coalesce(n.reopened, 0) AS reopened
			FROM (SELECT s.period, s.complete FROM span s UNION ALL SELECT '-infinity', NULL) s CROSS JOIN grouped g
			LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value
		), summed AS (
			SELECT m.*, sum(m.opened + m.reopened - m.resolved) OVER (PARTITION BY m.is_total, m.value ORDER BY m.period) AS closing
			FROM moved m
		)
		SELECT m.period, m.value, m.is_total, m.complete,
			CASE WHEN knows_resolution THEN (m.closing - m.opened - m.reopened + m.resolved)::bigint END, m.opened::bigint,
			CASE WHEN knows_resolution THEN m.reopened::bigint END, CASE WHEN knows_resolution THEN m.resolved::bigint END,
			CASE WHEN knows_resolution THEN m.closing::bigint END, CASE WHEN knows_resolution THEN a.mean END, CASE WHEN knows_resolution THEN a.oldest END
		FROM summed m
		LEFT JOIN age a ON a.period = m.period AND a.is_total = m.is_total AND a.value IS NOT DISTINCT FROM m.value
		WHERE isfinite(m.period)
		ORDER BY m.period, m.is_total, m.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.backlog(regclass, date, date, text, text, timestamptz, text) IS
	'Open tickets at the ends of periods, or at as_of: opening + opened + reopened - resolved = closing, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';

CREATE FUNCTION nudge.backlog_ages(
	tickets regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	edges numeric[] DEFAULT '{1,3,7,30}'
) RETURNS TABLE (
	period date,
	value text,
	is_total boolean,
	complete boolean,
	from_days numeric,
	to_days numeric,
	open_tickets bigint,
	open_share numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	knows_resolution constant boolean := nudge.relation_has_column(tickets, 'resolved_at');
BEGIN
	IF NOT coalesce(array_ndims(edges) = 1 AND array_position(edges, NULL) IS NULL
		AND edges = ARRAY(SELECT DISTINCT e.edge FROM unnest(edges) e(edge) WHERE e.edge > 0 AND e.edge < 'Infinity' ORDER BY e.edge), false) THEN
		RAISE EXCEPTION 'edges of ages must be days above 0 that ascend' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A class of ages is from one edge to before the next; the first begins at 0, the last has no end.',
			HINT = 'Pass an array such as {1,3,7,30}.';
	END IF;
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT s.* FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) s WHERE as_of IS NULL OR s.start_at < as_of
		), n AS MATERIALIZED (
			SELECT a.period, a.value, grouping(a.value) = 1 AS is_total, width_bucket(a.age_days, edges) AS class, count(*) AS n
			FROM nudge.open_ticket_ages(tickets, start_day, end_day, grain, zone, as_of, "by") a
			GROUP BY GROUPING SETS ((a.period, a.value, width_bucket(a.age_days, edges)), (a.period, width_bucket(a.age_days, edges)))
		), grouped AS (
			SELECT NULL AS value, true AS is_total UNION SELECT n.value, n.is_total FROM n WHERE "by" IS NOT NULL
		)
		SELECT s.period, g.value, g.is_total, s.complete, coalesce(edges[array_lower(edges, 1) + k.class - 1], 0), edges[array_lower(edges, 1) + k.class],
			CASE WHEN knows_resolution THEN coalesce(n.n, 0) END,
			CASE WHEN knows_resolution THEN coalesce(n.n, 0) / sum(n.n) OVER (PARTITION BY s.period, g.is_total, g.value) END
		FROM span s CROSS JOIN grouped g CROSS JOIN generate_series(0, cardinality(edges)) k(class)
		LEFT JOIN n ON n.period = s.period AND n.is_total = g.is_total AND n.value IS NOT DISTINCT FROM g.value AND n.class = k.class
		ORDER BY s.period, g.is_total, g.value COLLATE "C", k.class;
END
$$;
COMMENT ON FUNCTION nudge.backlog_ages(regclass, date, date, text, text, timestamptz, text, numeric[]) IS
	'Open tickets at the ends of periods, or at as_of, by how long ago they were opened, in all and by a group. Not STRICT: a NULL grain is one period, a NULL as_of knows all and leaves complete NULL, a NULL by is the total alone';

-- src/reports/reliability.sql

/*
 * reliability.sql
 *		Uptime, downtime and incidents: time to notice, to repair and between
 *		failures.
 *
 * Definitions: doc/reliability.md.
 */

-- What is shared ------------------------------------------------------------

CREATE FUNCTION nudge.check_by(by text, allowed text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF by <> allowed THEN
		RAISE EXCEPTION 'unknown value "%" of "by"', left(by, 40)
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('Rows can be for each %s.', allowed),
				HINT = format('Pass %s, or null for the total alone.', allowed);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_by(text, text) IS
	'An error unless a report can have rows by this. Not STRICT: NULL is the total alone';

CREATE FUNCTION nudge.clean_words(words text[], argument text) RETURNS text[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cleaned constant text[] := ARRAY(SELECT DISTINCT nullif(btrim(w), '') COLLATE "C" FROM unnest(words) w ORDER BY 1);
BEGIN
	IF words IS NULL THEN
		RETURN NULL;
	END IF;
	IF cleaned = '{}' OR array_position(cleaned, NULL) IS NOT NULL THEN
		RAISE EXCEPTION '"%" must have elements, and none that is null or blank', argument
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It has %s.', cardinality(words)),
				HINT = 'Pass null for all.';
	END IF;
	RETURN cleaned;
END
$$;
COMMENT ON FUNCTION nudge.clean_words(text[], text) IS
	'The distinct elements of an argument in order, trimmed; none, or one that is NULL or blank, is an error. Not STRICT: NULL is all';

CREATE FUNCTION nudge.severity_rank(severity text) RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(array_position('{critical,major,minor,cosmetic}'::text[], severity), 5);
COMMENT ON FUNCTION nudge.severity_rank(text) IS
	'The order in which severities are shown: critical, major, minor, cosmetic, others. Not STRICT: NULL is after them';

CREATE FUNCTION nudge.known_window(start_day date, end_day date, zone text DEFAULT 'UTC', as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (from_at timestamptz, until_at timestamptz)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	from_at := start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	until_at := greatest(from_at, least(end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC'), as_of));
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION nudge.known_window(date, date, text, timestamptz) IS
	'The instants at which a window begins, and ends or as_of cuts it off. Not STRICT: a NULL as_of cuts nothing off, NULL days are errors';

-- Not the intersection with each period, which would read all of the intervals
-- once for each.
CREATE FUNCTION nudge.spans_by_period(spans tstzmultirange, bounds timestamptz[]) RETURNS TABLE (no bigint, spans tstzmultirange, seconds numeric)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	SELECT n.no, range_agg(p.piece), sum(extract(epoch FROM upper(p.piece) - lower(p.piece)))
	FROM unnest(spans_by_period.spans) u(span),
		LATERAL generate_series(greatest(width_bucket(lower(u.span), bounds), 1)::bigint, least(width_bucket(upper(u.span), bounds), cardinality(bounds) - 1)::bigint) n(no),
		LATERAL (SELECT u.span * tstzrange(bounds[n.no], bounds[n.no + 1]) AS piece) p
	WHERE NOT isempty(p.piece)
	GROUP BY n.no;
END;
COMMENT ON FUNCTION nudge.spans_by_period(tstzmultirange, timestamptz[]) IS
	'Intervals cut up by periods, of which bounds has the beginnings and the last end: what each that has some has of them, and for how long';

CREATE FUNCTION nudge.exact_percentile(sorted numeric[], fraction numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
	SELECT CASE WHEN p.place = floor(p.place) THEN sorted[floor(p.place)::integer]
		ELSE sorted[floor(p.place)::integer] + (p.place - floor(p.place)) * (sorted[ceil(p.place)::integer] - sorted[floor(p.place)::integer]) END
	FROM (SELECT 1 + fraction * (cardinality(sorted) - 1) AS place) p);
COMMENT ON FUNCTION nudge.exact_percentile(numeric[], numeric) IS
	'The percentile of values in ascending order, exactly: between two values in proportion, as percentile_cont has it; 0.5 is the median';

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.incident_lines(
	incidents regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	incident text,
	service text,
	severity text,
	is_outage boolean,
	started_at timestamptz,
	detected_at timestamptz,
	ended_at timestamptz,
	is_open boolean,
	minutes numeric,
	minutes_in_window numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.incident, nullif(btrim(i.service), '') AS service, lower(btrim(i.severity)) AS severity, i.outage,
				i.started_at, i.detected_at, nullif(i.ended_at, 'infinity') AS ended_at,
				-- an end that is not known yet is none
				CASE WHEN i.ended_at < coalesce($3, 'infinity') THEN i.ended_at END AS known_end
			FROM (%s) i
			WHERE i.started_at IS NULL OR i.started_at < $2 AND i.started_at < coalesce($3, 'infinity')
		), mine AS MATERIALIZED (
			-- those that end as the window begins are in it, so that what follows them at once is seen to
			SELECT l.* FROM line l
			WHERE ($4 IS NULL OR l.service IS NULL OR l.service = ANY ($4))
				AND coalesce(l.known_end >= $1 OR l.ended_at < l.started_at OR l.started_at IS NULL, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('incidents', count(*) FILTER (WHERE NOT coalesce(isfinite(m.started_at) AND isfinite(coalesce(m.ended_at, m.started_at))
					AND isfinite(coalesce(m.detected_at, m.started_at)) AND m.severity <> '', false)))
				AND nudge.check_intervals('incidents', count(*) FILTER (WHERE m.ended_at < m.started_at OR m.detected_at < m.started_at)) AS checked
			FROM mine m
		)
		SELECT m.incident, m.service, m.severity, coalesce(m.outage, m.severity = ANY ($5), false), m.started_at,
			CASE WHEN m.detected_at < coalesce($3, 'infinity') THEN m.detected_at END, m.known_end, m.known_end IS NULL,
			trim_scale(extract(epoch FROM m.known_end - m.started_at) / 60),
			trim_scale(greatest(extract(epoch FROM least(coalesce(m.known_end, $2), $2) - greatest(m.started_at, $1)), 0) / 60)
		FROM one, mine m
		WHERE one.checked
		ORDER BY m.started_at, m.known_end, m.incident COLLATE "C", m.service COLLATE "C"
	$query$, nudge.input_query('incidents', incidents))
	USING from_at, until_at, as_of, nudge.clean_words(services, 'services'), ARRAY(SELECT lower(btrim(s)) FROM unnest(outage_severities) s);
END
$$;
COMMENT ON FUNCTION nudge.incident_lines(regclass, date, date, text, timestamptz, text[], text[]) IS
	'The incidents that were running in a window, as known at as_of, and whether each was an outage: flagged, or else of a severity in outage_severities. Not STRICT: NULL incidents are none, NULL services all, NULL outage_severities none';

CREATE FUNCTION nudge.maintenance_lines(
	maintenance regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL
) RETURNS TABLE (service text, started_at timestamptz, ended_at timestamptz, minutes numeric, minutes_in_window numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nullif(btrim(i.service), '') AS service, i.started_at, i.ended_at
			FROM (%s) i
			WHERE i.started_at IS NULL OR i.started_at < $2 AND coalesce(i.ended_at > $1 OR i.ended_at < i.started_at, true)
		), mine AS MATERIALIZED (
			SELECT l.* FROM line l WHERE $3 IS NULL OR l.service IS NULL OR l.service = ANY ($3)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('maintenance', count(*) FILTER (WHERE NOT coalesce(isfinite(m.started_at) AND isfinite(m.ended_at), false)))
				AND nudge.check_intervals('maintenance', count(*) FILTER (WHERE m.ended_at < m.started_at)) AS checked
			FROM mine m
		)
		SELECT m.service, m.started_at, m.ended_at, trim_scale(extract(epoch FROM m.ended_at - m.started_at) / 60),
			trim_scale(greatest(extract(epoch FROM least(m.ended_at, $2) - greatest(m.started_at, $1)), 0) / 60)
		FROM one, mine m
		WHERE one.checked
		ORDER BY m.started_at, m.ended_at, m.service COLLATE "C"
	$query$, nudge.input_query('maintenance', maintenance))
	USING from_at, until_at, nudge.clean_words(services, 'services');
END
$$;
COMMENT ON FUNCTION nudge.maintenance_lines(regclass, date, date, text, timestamptz, text[]) IS
	'The maintenance that had begun by as_of and fell into a window. Not STRICT: NULL maintenance is none, NULL services are all';

CREATE FUNCTION nudge.service_names(incidents regclass, maintenance regclass, until_at timestamptz) RETURNS TABLE (service text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		SELECT DISTINCT btrim(n.service)
		FROM (SELECT i.service, i.started_at FROM (%s) i UNION ALL SELECT m.service, m.started_at FROM (%s) m) n
		WHERE btrim(n.service) <> '' AND n.started_at < $1
	$query$, nudge.input_query('incidents', incidents), nudge.input_query('maintenance', maintenance)) USING until_at;
END
$$;
COMMENT ON FUNCTION nudge.service_names(regclass, regclass, timestamptz) IS
	'The services that incidents or maintenance before an instant name. Not STRICT: NULL relations are inputs without rows';

-- Uptime --------------------------------------------------------------------

-- A service is down, or maintained, also while everything is (service NULL).
-- All together are down if one is, and maintained if all are.
CREATE FUNCTION nudge.service_downtime(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (service text, all_services boolean, maintained tstzmultirange, down tstzmultirange)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY
		WITH hit AS MATERIALIZED (
			-- what is open lasts until the end of what is known
			SELECT i.service, range_agg(tstzrange(greatest(i.started_at, from_at), least(i.ended_at, until_at))) AS spans
			FROM nudge.incident_lines(incidents, start_day, end_day, zone, as_of, services, outage_severities) i
			WHERE i.is_outage AND i.started_at < until_at
			GROUP BY i.service
		), pause AS MATERIALIZED (
			SELECT m.service, range_agg(tstzrange(greatest(m.started_at, from_at), least(m.ended_at, until_at))) AS spans
			FROM nudge.maintenance_lines(maintenance, start_day, end_day, zone, as_of, services) m
			GROUP BY m.service
		), named AS MATERIALIZED (
			SELECT n.service FROM unnest(nudge.clean_words(services, 'services')) n(service)
			UNION ALL
			SELECT n.service FROM nudge.service_names(incidents, maintenance, until_at) n WHERE services IS NULL
		), one AS MATERIALIZED (
			SELECT n.service, p.maintained, coalesce(mine.spans, '{}') + coalesce(every.spans, '{}') - p.maintained AS down
			-- without any names there is one service, which has none
			FROM (SELECT n.service FROM named n UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT FROM named)) n
			LEFT JOIN hit mine ON mine.service = n.service
			LEFT JOIN hit every ON every.service IS NULL
			LEFT JOIN pause paused ON paused.service = n.service
			LEFT JOIN pause all_paused ON all_paused.service IS NULL,
				LATERAL (SELECT coalesce(paused.spans, '{}') + coalesce(all_paused.spans, '{}') AS maintained) p
		)
		SELECT o.service, false, o.maintained, o.down FROM one o WHERE o.service IS NOT NULL
		UNION ALL
		SELECT NULL, true, range_intersect_agg(o.maintained), range_agg(o.down) FROM one o;
END
$$;
COMMENT ON FUNCTION nudge.service_downtime(regclass, regclass, date, date, text, timestamptz, text[], text[]) IS
	'Works for uptime: when each service, and when all of them, were maintained and were down. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.downtime_by_period(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	grain text,
	zone text,
	as_of timestamptz,
	by text,
	services text[],
	outage_severities text[]
) RETURNS TABLE (
	period date,
	period_end date,
	start_at timestamptz,
	end_at timestamptz,
	service text,
	all_services boolean,
	total_seconds numeric,
	maintenance_seconds numeric,
	down_seconds numeric,
	down tstzmultirange,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by(by, 'service');
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT w.*, row_number() OVER (ORDER BY w.period) AS no FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		), cell AS MATERIALIZED (
			SELECT d.service, d.all_services, x.is_down, c.no, c.spans, c.seconds
			FROM nudge.service_downtime(incidents, maintenance, start_day, end_day, zone, as_of, services, outage_severities) d
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) || max(w.end_at) AS bounds FROM span w) b,
				LATERAL (VALUES (d.maintained, false), (d.down, true)) x(spans, is_down),
				LATERAL (SELECT NULL::bigint AS no, NULL::tstzmultirange AS spans, NULL::numeric AS seconds
					UNION ALL SELECT p.no, p.spans, p.seconds FROM nudge.spans_by_period(x.spans, b.bounds) p) c
			WHERE d.all_services OR by IS NOT NULL
		)
		SELECT w.period, w.period_end, w.start_at, w.end_at, g.service, g.all_services, extract(epoch FROM greatest(w.start_at, least(w.end_at, as_of)) - w.start_at),
			coalesce(m.seconds, 0), coalesce(c.seconds, 0), coalesce(c.spans, '{}'), w.complete
		FROM span w
		-- the rows without a period
		CROSS JOIN (SELECT DISTINCT c.service, c.all_services FROM cell c) g
		LEFT JOIN cell m ON m.no = w.no AND NOT m.is_down AND m.all_services = g.all_services AND m.service IS NOT DISTINCT FROM g.service
		LEFT JOIN cell c ON c.no = w.no AND c.is_down AND c.all_services = g.all_services AND c.service IS NOT DISTINCT FROM g.service;
END
$$;
COMMENT ON FUNCTION nudge.downtime_by_period(regclass, regclass, date, date, text, text, timestamptz, text, text[], text[]) IS
	'Works for uptime and uptime_error_budget: the time, the maintenance and the downtime of each period, of each service and of all. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.uptime(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	period date,
	period_end date,
	service text,
	all_services boolean,
	total_minutes numeric,
	maintenance_minutes numeric,
	considered_minutes numeric,
	downtime_minutes numeric,
	uptime_share numeric,
	outages bigint,
	longest_outage_minutes numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT t.period, t.period_end, t.service, t.all_services, trim_scale(t.total_seconds / 60), trim_scale(t.maintenance_seconds / 60),
			trim_scale((t.total_seconds - t.maintenance_seconds) / 60), trim_scale(t.down_seconds / 60),
			(t.total_seconds - t.maintenance_seconds - t.down_seconds) / nullif(t.total_seconds - t.maintenance_seconds, 0), o.stretches, trim_scale(o.longest / 60), t.complete
		FROM nudge.downtime_by_period(incidents, maintenance, start_day, end_day, grain, zone, as_of, by, services, outage_severities) t,
			LATERAL (SELECT count(*) AS stretches, max(extract(epoch FROM upper(u.span) - lower(u.span))) AS longest FROM unnest(t.down) u(span)) o
		ORDER BY t.period, t.all_services, t.service COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.uptime(regclass, regclass, date, date, text, text, timestamptz, text, text[], text[]) IS
	'The share of time without an outage, maintenance left out, by period: of all services together, which are down if one is, and with by service of each. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.downtime_intervals(
	incidents regclass,
	maintenance regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	service text,
	all_services boolean,
	started_at timestamptz,
	ended_at timestamptz,
	minutes numeric,
	is_open boolean,
	incident_keys text[]
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	until_at timestamptz;
BEGIN
	SELECT w.until_at INTO until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	PERFORM nudge.check_by(by, 'service');
	RETURN QUERY
		WITH d AS MATERIALIZED (
			SELECT * FROM nudge.service_downtime(incidents, maintenance, start_day, end_day, zone, as_of, services, outage_severities)
		), stretch AS MATERIALIZED (
			SELECT d.service, d.all_services, u.span, row_number() OVER (PARTITION BY d.all_services, d.service ORDER BY lower(u.span)) AS no
			FROM d, unnest(d.down) u(span)
		), edge AS MATERIALIZED (
			SELECT s.service, s.all_services, array_agg(lower(s.span) ORDER BY s.no) AS lowers, array_agg(upper(s.span) ORDER BY s.no) AS uppers
			FROM stretch s
			GROUP BY s.service, s.all_services
		), line AS MATERIALIZED (
			SELECT i.incident, i.service, i.is_open, i.started_at, least(i.ended_at, until_at) AS ended_at
			FROM nudge.incident_lines(incidents, start_day, end_day, zone, as_of, services, outage_severities) i
			WHERE i.is_outage
		), piece AS MATERIALIZED (
			-- the stretches of a service, and of all for what hit all, with which an incident overlaps
			SELECT e.service, e.all_services, n.no, e.lowers[n.no] AS began_at, l.incident, l.is_open AND e.uppers[n.no] = until_at AS is_open
			FROM edge e
			-- OFFSET 0 has the few long arrays outside of the loop, where they are not copied for each row
			CROSS JOIN LATERAL (SELECT * FROM line l WHERE (l.service IS NULL OR l.service = e.service) AND l.started_at < l.ended_at OFFSET 0) l,
				LATERAL generate_series(width_bucket(l.started_at, e.uppers)::bigint + 1, width_bucket(l.ended_at, e.lowers)::bigint) n(no)
			WHERE e.lowers[n.no] < l.ended_at
		), mine AS (
			SELECT p.service, p.all_services, p.no, p.incident, p.is_open FROM piece p
			UNION ALL
			-- each stretch of a service lies in one of all
			SELECT NULL, true, width_bucket(p.began_at, e.lowers), p.incident, p.is_open
			FROM edge e CROSS JOIN LATERAL (SELECT * FROM piece p WHERE NOT p.all_services AND e.all_services OFFSET 0) p
		), behind AS (
			SELECT p.service, p.all_services, p.no, bool_or(p.is_open) AS is_open,
				array_agg(DISTINCT p.incident COLLATE "C" ORDER BY p.incident COLLATE "C") FILTER (WHERE p.incident IS NOT NULL) AS incident_keys
			FROM mine p
			GROUP BY p.service, p.all_services, p.no
		)
		SELECT s.service, s.all_services, lower(s.span), upper(s.span), trim_scale(extract(epoch FROM upper(s.span) - lower(s.span)) / 60), b.is_open, b.incident_keys
		FROM stretch s
		JOIN behind b ON b.all_services = s.all_services AND b.service IS NOT DISTINCT FROM s.service AND b.no = s.no
		WHERE s.all_services OR by IS NOT NULL
		ORDER BY s.all_services, s.service COLLATE "C", lower(s.span);
END
$$;
COMMENT ON FUNCTION nudge.downtime_intervals(regclass, regclass, date, date, text, timestamptz, text, text[], text[]) IS
	'The stretches of downtime that uptime adds up, each with the incidents behind it. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.availability(mtbf_minutes numeric, mttr_minutes numeric) RETURNS numeric
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (mtbf_minutes >= 0 AND mtbf_minutes < 'Infinity' AND mttr_minutes >= 0 AND mttr_minutes < 'Infinity') THEN
		RAISE EXCEPTION 'times between failures and to repair must be numbers that are not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('They are %s and %s.', mtbf_minutes, mttr_minutes),
				HINT = 'Pass both in one unit.';
	END IF;
	RETURN mtbf_minutes / nullif(mtbf_minutes + mttr_minutes, 0);
END
$$;
COMMENT ON FUNCTION nudge.availability(numeric, numeric) IS
	'The uptime that a mean time between failures and a mean time to repair amount to: MTBF / (MTBF + MTTR)';

-- Incidents -----------------------------------------------------------------

CREATE FUNCTION nudge.incident_report(
	incidents regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	services text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	severity text,
	all_severities boolean,
	incidents_started bigint,
	incident_share numeric,
	open_incidents bigint,
	mttr_minutes numeric,
	median_ttr_minutes numeric,
	detected_incidents bigint,
	mttd_minutes numeric,
	detection_to_end_minutes numeric,
	longest_minutes numeric,
	total_minutes numeric,
	incident_minutes numeric,
	failures bigint,
	mtbf_minutes numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	until_at timestamptz;
BEGIN
	SELECT w.until_at INTO until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT w.*, row_number() OVER (ORDER BY w.period) AS no FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		), line AS MATERIALIZED (
			SELECT g.severity, g.all_severities, i.started_at, i.ended_at, width_bucket(i.started_at, s.starts) AS no,
				extract(epoch FROM i.ended_at - i.started_at) AS repair, extract(epoch FROM i.detected_at - i.started_at) AS detection,
				CASE WHEN i.detected_at <= i.ended_at THEN extract(epoch FROM i.ended_at - i.detected_at) END AS reaction,
				extract(epoch FROM coalesce(i.ended_at, until_at) - i.started_at) AS so_far,
				-- an incident is a failure unless another of the group is running, or ends, as it begins
				coalesce(i.started_at > max(coalesce(i.ended_at, 'infinity')) OVER (PARTITION BY g.all_severities, g.severity ORDER BY i.started_at
					ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS is_failure
			FROM nudge.incident_lines(incidents, start_day, end_day, zone, as_of, services) i
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) AS starts FROM span w) s,
				LATERAL (VALUES (i.severity, false), (NULL, true)) g(severity, all_severities)
		), running AS MATERIALIZED (
			SELECT r.severity, r.all_severities, p.no, p.seconds
			FROM (SELECT l.severity, l.all_severities, range_agg(tstzrange(l.started_at, least(l.ended_at, until_at))) AS spans
				FROM line l
				WHERE l.started_at < until_at
				GROUP BY l.severity, l.all_severities) r
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) || max(w.end_at) AS bounds FROM span w) b,
				LATERAL nudge.spans_by_period(r.spans, b.bounds) p
		), begun AS MATERIALIZED (
			SELECT l.no, l.severity, l.all_severities, count(*) AS started, count(*) FILTER (WHERE l.ended_at IS NULL) AS still_open,
				count(l.detection) AS detected, count(*) FILTER (WHERE l.is_failure) AS failures, max(l.so_far) AS longest,
				avg(l.repair) AS mean_repair, avg(l.detection) AS mean_detection, avg(l.reaction) AS mean_reaction,
				nudge.exact_percentile(array_agg(l.repair ORDER BY l.repair) FILTER (WHERE l.repair IS NOT NULL), 0.5) AS median_repair
			FROM line l
			GROUP BY l.no, l.severity, l.all_severities
		), counted AS (
			SELECT w.period, w.period_end, w.complete, g.severity, g.all_severities, coalesce(b.started, 0) AS started, coalesce(b.still_open, 0) AS still_open,
				coalesce(b.detected, 0) AS detected, coalesce(b.failures, 0) AS failures, b.longest, b.mean_repair, b.mean_detection, b.mean_reaction, b.median_repair,
				extract(epoch FROM greatest(w.start_at, least(w.end_at, as_of)) - w.start_at) AS total, coalesce(r.seconds, 0) AS running
			FROM span w
			CROSS JOIN (SELECT l.severity, l.all_severities FROM line l UNION SELECT NULL, true) g
			LEFT JOIN running r ON r.no = w.no AND r.all_severities = g.all_severities AND r.severity IS NOT DISTINCT FROM g.severity
			LEFT JOIN begun b ON b.no = w.no AND b.all_severities = g.all_severities AND b.severity IS NOT DISTINCT FROM g.severity
		)
		SELECT c.period, c.period_end, c.severity, c.all_severities, c.started,
			c.started::numeric / nullif(max(c.started) FILTER (WHERE c.all_severities) OVER (PARTITION BY c.period), 0), c.still_open,
			trim_scale(c.mean_repair / 60), trim_scale(c.median_repair / 60), c.detected, trim_scale(c.mean_detection / 60), trim_scale(c.mean_reaction / 60),
			trim_scale(c.longest / 60), trim_scale(c.total / 60), trim_scale(c.running / 60), c.failures,
			trim_scale((c.total - c.running) / nullif(c.failures, 0) / 60), c.complete
		FROM counted c
		ORDER BY c.period, c.all_severities, nudge.severity_rank(c.severity), c.severity COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.incident_report(regclass, date, date, text, text, timestamptz, text[]) IS
	'The incidents that began in each period, by severity and in all: how many, how long to notice and to repair them, and the time between failures. Not STRICT: NULL options have a meaning';

-- src/reports/error_budgets.sql

/*
 * error_budgets.sql
 *		Error rates of requests, error budgets of uptime and of requests, and
 *		how fast they are spent.
 *
 * Definitions: doc/error_budgets.md.
 */

-- Requests ------------------------------------------------------------------

CREATE FUNCTION nudge.check_requests(latency_threshold_ms numeric, incomplete bigint, negative bigint) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (latency_threshold_ms >= 0 AND latency_threshold_ms < 'Infinity') THEN
		RAISE EXCEPTION 'latency_threshold_ms must be a number that is not negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', latency_threshold_ms),
				HINT = 'Requests that take longer are bad; pass null to count errors alone.';
	END IF;
	PERFORM nudge.check_input('requests', incomplete);
	IF negative > 0 THEN
		RAISE EXCEPTION 'a duration or a count of requests is negative'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('So it is in %s rows.', negative),
				HINT = 'Correct them, or pass a view that leaves them out knowingly.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_requests(numeric, bigint, bigint) IS
	'An error if a threshold of latency is impossible, or rows of requests lack what they need or are negative. Not STRICT: a NULL threshold is none';

-- The query of both functions below: $1 and $2 are the window, $3 the threshold
-- of latency, $4 the endpoints.
CREATE FUNCTION nudge.request_query(requests regclass) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format($query$
		SELECT i.at, i.endpoint, i.duration_ms, coalesce(i.count, 1) AS count, i.error,
			CASE WHEN i.error THEN true WHEN $3 IS NOT NULL THEN i.duration_ms > $3 ELSE i.error END AS is_bad,
			NOT coalesce(isfinite(i.at) AND abs(i.duration_ms) < 'Infinity', false) AS is_incomplete,
			coalesce(i.duration_ms < 0 OR i.count < 0, false) AS is_negative
		FROM (%s) i
		-- what the browser does with an answer is not a request of its own
		WHERE (i.at IS NULL OR i.at >= $1 AND i.at < $2) AND ($4 IS NULL OR i.endpoint = ANY ($4))
			AND coalesce(lower(i.part) NOT IN ('dom', 'render'), true)
	$query$, nudge.input_query('requests', requests));
END
$$;
COMMENT ON FUNCTION nudge.request_query(regclass) IS
	'Works for request_lines and request_counts: the query over requests. Not STRICT: NULL requests are none';

CREATE FUNCTION nudge.request_lines(
	requests regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (at timestamptz, endpoint text, duration_ms numeric, count bigint, error boolean, is_bad boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (%s), one AS MATERIALIZED (
			SELECT nudge.check_requests($3, count(*) FILTER (WHERE l.is_incomplete), count(*) FILTER (WHERE l.is_negative)) AS checked FROM line l
		)
		SELECT l.at, l.endpoint, l.duration_ms, l.count, l.error, l.is_bad FROM one, line l WHERE one.checked
		ORDER BY l.at, l.endpoint COLLATE "C", l.duration_ms, l.count
	$query$, nudge.request_query(requests))
	USING from_at, until_at, latency_threshold_ms, nudge.clean_words(endpoints, 'endpoints');
END
$$;
COMMENT ON FUNCTION nudge.request_lines(regclass, date, date, text, timestamptz, numeric, text[]) IS
	'The requests of a window before as_of, each with whether it was bad: an error, or slower than the threshold. Not STRICT: NULL requests are none, a NULL threshold counts errors alone, NULL endpoints are all';

CREATE FUNCTION nudge.request_counts(
	requests regclass,
	starts timestamptz[],
	until_at timestamptz,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (no integer, endpoint text, events numeric, bad_events numeric, unknown_events numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH cell AS MATERIALIZED (
			SELECT width_bucket(l.at, $5) AS no, l.endpoint, coalesce(sum(l.count) FILTER (WHERE l.is_bad IS NOT NULL), 0) AS events,
				coalesce(sum(l.count) FILTER (WHERE l.is_bad), 0) AS bad, coalesce(sum(l.count) FILTER (WHERE l.is_bad IS NULL), 0) AS unknown,
				count(*) FILTER (WHERE l.is_incomplete) AS incomplete, count(*) FILTER (WHERE l.is_negative) AS negative
			FROM (%s) l
			GROUP BY 1, 2
		), one AS MATERIALIZED (
			SELECT nudge.check_requests($3, coalesce(sum(c.incomplete), 0)::bigint, coalesce(sum(c.negative), 0)::bigint) AS checked FROM cell c
		)
		SELECT c.no, c.endpoint, c.events, c.bad, c.unknown FROM one, cell c WHERE one.checked
	$query$, nudge.request_query(requests))
	USING starts[1], until_at, latency_threshold_ms, nudge.clean_words(endpoints, 'endpoints'), starts;
END
$$;
COMMENT ON FUNCTION nudge.request_counts(regclass, timestamptz[], timestamptz, numeric, text[]) IS
	'Works for error_rates and burn_rates: requests counted between instants in ascending order, by the place of the one before them. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.error_rates(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	endpoint text,
	all_endpoints boolean,
	events numeric,
	bad_events numeric,
	unknown_events numeric,
	error_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	until_at timestamptz;
BEGIN
	SELECT w.until_at INTO until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	PERFORM nudge.check_by(by, 'endpoint');
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT w.*, row_number() OVER (ORDER BY w.period) AS no FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		), cell AS MATERIALIZED (
			SELECT c.no, c.endpoint, grouping(c.endpoint) = 1 AS all_endpoints, sum(c.events) AS events, sum(c.bad_events) AS bad, sum(c.unknown_events) AS unknown
			FROM nudge.request_counts(requests, (SELECT array_agg(w.start_at ORDER BY w.no) FROM span w), until_at, latency_threshold_ms, endpoints) c
			GROUP BY GROUPING SETS ((c.no, c.endpoint), (c.no))
		)
		SELECT w.period, w.period_end, g.endpoint, g.all_endpoints, coalesce(c.events, 0),
			-- of what is not known there is no number
			CASE WHEN c.events > 0 OR coalesce(c.unknown, 0) = 0 THEN coalesce(c.bad, 0) END,
			coalesce(c.unknown, 0), c.bad / nullif(c.events, 0), w.complete
		FROM span w
		CROSS JOIN (SELECT NULL AS endpoint, true AS all_endpoints UNION SELECT c.endpoint, c.all_endpoints FROM cell c WHERE by IS NOT NULL) g
		LEFT JOIN cell c ON c.no = w.no AND c.all_endpoints = g.all_endpoints AND c.endpoint IS NOT DISTINCT FROM g.endpoint
		ORDER BY w.period, g.all_endpoints, g.endpoint COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.error_rates(regclass, date, date, text, text, timestamptz, text, numeric, text[]) IS
	'Bad requests over those of which it is known, by period: errors, and with a threshold of latency what is slower; with by endpoint for each. Not STRICT: NULL options have a meaning';

-- Error budgets -------------------------------------------------------------

CREATE FUNCTION nudge.check_objective(objective numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(objective BETWEEN 0 AND 1, false) THEN
		RAISE EXCEPTION 'objective must be from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(objective::text, 'null')),
				HINT = 'Pass 99.9 % as 0.999.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_objective(numeric) IS 'An error unless an objective is a share. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.uptime_error_budget(
	incidents regclass,
	maintenance regclass,
	objective numeric,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	services text[] DEFAULT NULL,
	outage_severities text[] DEFAULT '{critical,major}'
) RETURNS TABLE (
	period date,
	period_end date,
	service text,
	all_services boolean,
	budget_minutes numeric,
	spent_minutes numeric,
	remaining_minutes numeric,
	spent_share numeric,
	burn_rate numeric,
	exhausted_at timestamptz,
	forecast_exhausted_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_objective(objective);
	RETURN QUERY
		SELECT t.period, t.period_end, t.service, t.all_services, trim_scale(b.budget / 60), trim_scale(t.down_seconds / 60), trim_scale((b.budget - t.down_seconds) / 60),
			t.down_seconds / nullif(b.budget, 0), t.down_seconds / nullif(b.considered * (1 - objective), 0),
			-- within the stretch that has used up the last of it
			(SELECT min(upper(u.span) - make_interval(secs => (u.so_far - b.budget)::double precision))
				FROM (SELECT u.span, sum(extract(epoch FROM upper(u.span) - lower(u.span))) OVER (ORDER BY lower(u.span)) AS so_far FROM unnest(t.down) u(span)) u
				WHERE u.so_far >= b.budget),
			CASE WHEN f.seconds IS NULL THEN NULL WHEN f.seconds < extract(epoch FROM t.end_at - as_of) THEN as_of + make_interval(secs => f.seconds::double precision) END, t.complete
		FROM nudge.downtime_by_period(incidents, maintenance, start_day, end_day, grain, zone, as_of, by, services, outage_severities) t,
			-- the budget is that of the whole period, over or not
			LATERAL (SELECT t.total_seconds - t.maintenance_seconds AS considered,
				(extract(epoch FROM t.end_at - t.start_at) - t.maintenance_seconds) * (1 - objective) AS budget) b,
			-- how long it lasts at the rate so far, if anything is left and the period goes on
			LATERAL (SELECT CASE WHEN t.down_seconds < b.budget AND as_of < t.end_at
				THEN (b.budget - t.down_seconds) * b.considered / nullif(t.down_seconds, 0) END AS seconds) f
		ORDER BY t.period, t.all_services, t.service COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.uptime_error_budget(regclass, regclass, numeric, date, date, text, text, timestamptz, text, text[], text[]) IS
	'The downtime that an objective for uptime allows in each period, what of it is spent, how fast, and when it is used up. Not STRICT: NULL options have a meaning, a NULL objective is an error';

CREATE FUNCTION nudge.request_error_budget(
	requests regclass,
	objective numeric,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	endpoint text,
	all_endpoints boolean,
	events numeric,
	bad_events numeric,
	error_rate numeric,
	elapsed_share numeric,
	budget_events numeric,
	remaining_events numeric,
	spent_share numeric,
	burn_rate numeric,
	forecast_exhausted_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_objective(objective);
	RETURN QUERY
		SELECT r.period, r.period_end, r.endpoint, r.all_endpoints, r.events, r.bad_events, r.error_rate, t.elapsed / nullif(t.whole, 0), trim_scale(b.budget),
			trim_scale(b.budget - r.bad_events), r.bad_events * t.elapsed / nullif(r.events * (1 - objective) * t.whole, 0), r.bad_events / nullif(r.events * (1 - objective), 0),
			-- both only before the period is over
			CASE WHEN r.bad_events < b.budget AND r.error_rate > 1 - objective
				THEN w.start_at + make_interval(secs => (t.whole * r.events * (1 - objective) / r.bad_events)::double precision) END,
			r.complete
		FROM nudge.error_rates(requests, start_day, end_day, grain, zone, as_of, by, latency_threshold_ms, endpoints) r
		JOIN nudge.window_spans(start_day, end_day, grain, zone, as_of) w ON w.period = r.period,
			LATERAL (SELECT extract(epoch FROM w.end_at - w.start_at) AS whole, extract(epoch FROM greatest(w.start_at, least(w.end_at, as_of)) - w.start_at) AS elapsed) t,
			-- of the requests of the whole period, if they come on as so far
			LATERAL (SELECT r.events * (1 - objective) * t.whole / nullif(t.elapsed, 0) AS budget) b
		ORDER BY r.period, r.all_endpoints, r.endpoint COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.request_error_budget(regclass, numeric, date, date, text, text, timestamptz, text, numeric, text[]) IS
	'The bad requests that an objective allows in each period, what of it is spent, how fast, and when it will be used up. Not STRICT: NULL options have a meaning, a NULL objective is an error';

CREATE FUNCTION nudge.check_burn_windows(as_of timestamptz, hours integer[], budget_shares numeric[], period_days integer) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(isfinite(as_of), false) THEN
		RAISE EXCEPTION 'as_of must be an instant'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is the end of all windows.',
				HINT = 'Pass now() for the present.';
	END IF;
	IF hours IS NULL OR cardinality(hours) NOT BETWEEN 1 AND 100 OR array_ndims(hours) > 1 OR EXISTS (SELECT FROM unnest(hours) h WHERE coalesce(h NOT BETWEEN 1 AND 87840, true)) THEN
		RAISE EXCEPTION '"hours" must have 1 to 100 lengths of 1 to 87840 hours'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Each is the length of a window.',
				HINT = 'Leave it out for 1, 6, 24 and 72 hours.';
	END IF;
	IF cardinality(budget_shares) <> cardinality(hours) OR EXISTS (SELECT FROM unnest(budget_shares) s WHERE NOT (s > 0 AND s <= 1)) THEN
		RAISE EXCEPTION '"budget_shares" must have a share above 0 for each of "hours"'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A window that spends more than its share of the budget of the period is an alert.',
				HINT = 'Pass null elements for windows without an alert, or leave it out.';
	END IF;
	IF coalesce(period_days NOT BETWEEN 1 AND 3660, true) THEN
		RAISE EXCEPTION 'period_days must be from 1 to 3660'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'It is the length of the period that the objective is for.',
				HINT = 'Leave it out for 30 days.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_burn_windows(timestamptz, integer[], numeric[], integer) IS
	'An error unless the options of burn_rates make sense. Not STRICT: NULLs are errors, but for budget_shares';

CREATE FUNCTION nudge.burn_rates(
	requests regclass,
	objective numeric,
	as_of timestamptz,
	hours integer[] DEFAULT '{1,6,24,72}',
	budget_shares numeric[] DEFAULT NULL,
	period_days integer DEFAULT 30,
	latency_threshold_ms numeric DEFAULT NULL,
	endpoints text[] DEFAULT NULL
) RETURNS TABLE (
	window_hours integer,
	start_at timestamptz,
	events numeric,
	bad_events numeric,
	error_rate numeric,
	burn_rate numeric,
	spent_share numeric,
	short_start_at timestamptz,
	short_events numeric,
	short_burn_rate numeric,
	alert_burn_rate numeric,
	is_alert boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_objective(objective), nudge.check_burn_windows(as_of, hours, budget_shares, period_days);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT h.hours, h.place, as_of - make_interval(hours => h.hours) AS start_at, as_of - make_interval(mins => 5 * h.hours) AS short_start_at,
				-- without shares those of the Site Reliability Workbook
				trim_scale(CASE WHEN budget_shares IS NOT NULL THEN budget_shares[h.place]
					ELSE CASE h.hours WHEN 1 THEN 0.02 WHEN 6 THEN 0.05 WHEN 24 THEN 0.10 WHEN 72 THEN 0.10 END END * period_days * 24 / h.hours) AS threshold
			FROM unnest(hours) WITH ORDINALITY h(hours, place)
		), bound AS MATERIALIZED (
			SELECT b.at, row_number() OVER (ORDER BY b.at) AS no
			FROM (SELECT s.start_at AS at FROM span s UNION SELECT s.short_start_at FROM span s) b
		), cell AS MATERIALIZED (
			SELECT b.at, c.events, c.bad_events
			FROM nudge.request_counts(requests, (SELECT array_agg(b.at ORDER BY b.at) FROM bound b), as_of, latency_threshold_ms, endpoints) c
			JOIN bound b ON b.no = c.no
		)
		SELECT s.hours, s.start_at, coalesce(l.events, 0), coalesce(l.bad, 0), l.bad / nullif(l.events, 0), l.rate,
			l.bad * s.hours / nullif(l.events * (1 - objective) * 24 * period_days, 0), s.short_start_at, coalesce(b.events, 0), b.rate,
			s.threshold, l.rate > s.threshold AND b.rate > s.threshold
		FROM span s,
			LATERAL (SELECT sum(c.events) AS events, sum(c.bad_events) AS bad, sum(c.bad_events) / nullif(sum(c.events) * (1 - objective), 0) AS rate FROM cell c WHERE c.at >= s.start_at) l,
			LATERAL (SELECT sum(c.events) AS events, sum(c.bad_events) / nullif(sum(c.events) * (1 - objective), 0) AS rate FROM cell c WHERE c.at >= s.short_start_at) b
		ORDER BY s.place;
END
$$;
COMMENT ON FUNCTION nudge.burn_rates(regclass, numeric, timestamptz, integer[], numeric[], integer, numeric, text[]) IS
	'How fast requests spend an error budget in windows that end with as_of, each beside one of a twelfth of its length, and whether both are fast enough for an alert. Not STRICT: NULL requests are none, NULL budget_shares the usual ones, a NULL objective or as_of is an error';

-- src/reports/delivery.sql

/*
 * delivery.sql
 *		Deployments, bugs and test coverage: how often, how fast and how safely
 *		software is changed.
 *
 * Definitions: doc/delivery.md.
 */

-- Rows, each checked once ---------------------------------------------------

CREATE FUNCTION nudge.deployment_lines(
	deployments regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	at timestamptz,
	service text,
	change_created_at timestamptz,
	lead_time_hours numeric,
	failed boolean,
	restored_at timestamptz,
	recovery_hours numeric,
	is_unrestored boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.at, nullif(btrim(i.service), '') AS service, i.change_created_at, i.failed, nullif(i.restored_at, 'infinity') AS restored_at,
				-- a repair that is not known yet is none
				CASE WHEN i.failed AND i.restored_at < coalesce($3, 'infinity') THEN i.restored_at END AS known_restored_at
			FROM (%s) i
			WHERE i.at IS NULL OR i.at >= $1 AND i.at < $2
		), one AS MATERIALIZED (
			SELECT nudge.check_input('deployments', count(*) FILTER (WHERE NOT coalesce(isfinite(l.at) AND isfinite(coalesce(l.change_created_at, l.at))
					AND isfinite(coalesce(l.restored_at, l.at)), false)))
				AND nudge.check_intervals('deployments', count(*) FILTER (WHERE l.change_created_at > l.at OR l.restored_at < l.at)) AS checked
			FROM line l
		)
		SELECT l.at, l.service, l.change_created_at, trim_scale(extract(epoch FROM l.at - l.change_created_at) / 3600), l.failed, l.known_restored_at,
			trim_scale(extract(epoch FROM l.known_restored_at - l.at) / 3600), coalesce(l.failed, false) AND l.known_restored_at IS NULL
		FROM one, line l
		WHERE one.checked
		ORDER BY l.at, l.service COLLATE "C", l.change_created_at, l.known_restored_at
	$query$, nudge.input_query('deployments', deployments))
	USING from_at, until_at, as_of;
END
$$;
COMMENT ON FUNCTION nudge.deployment_lines(regclass, date, date, text, timestamptz) IS
	'The deployments of a window, as known at as_of, each with how old its change was and how long its harm lasted. Not STRICT: NULL deployments are none';

CREATE FUNCTION nudge.bug_lines(
	bugs regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	bug text,
	severity text,
	opened_at timestamptz,
	closed_at timestamptz,
	escaped boolean,
	days_to_close numeric,
	age_days numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at timestamptz;
	until_at timestamptz;
BEGIN
	SELECT w.from_at, w.until_at INTO from_at, until_at FROM nudge.known_window(start_day, end_day, zone, as_of) w;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT i.bug, lower(btrim(i.severity)) AS severity, i.opened_at, nullif(i.closed_at, 'infinity') AS closed_at,
				CASE WHEN i.closed_at < coalesce($3, 'infinity') THEN i.closed_at END AS known_closed_at, i.escaped
			FROM (%s) i
			WHERE i.opened_at IS NULL OR i.opened_at < $2 AND i.opened_at < coalesce($3, 'infinity')
		), mine AS MATERIALIZED (
			SELECT l.* FROM line l WHERE coalesce(l.known_closed_at >= $1 OR l.closed_at < l.opened_at OR l.opened_at IS NULL, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('bugs', count(*) FILTER (WHERE NOT coalesce(isfinite(m.opened_at) AND isfinite(coalesce(m.closed_at, m.opened_at)) AND m.severity <> '', false)))
				AND nudge.check_intervals('bugs', count(*) FILTER (WHERE m.closed_at < m.opened_at)) AS checked
			FROM mine m
		)
		SELECT m.bug, m.severity, m.opened_at, m.known_closed_at, m.escaped, trim_scale(extract(epoch FROM m.known_closed_at - m.opened_at) / 86400),
			-- of what is open at the end of what is known
			CASE WHEN m.opened_at < $2 AND coalesce(m.known_closed_at >= $2, true) THEN trim_scale(extract(epoch FROM $2 - m.opened_at) / 86400) END
		FROM one, mine m
		WHERE one.checked
		ORDER BY m.opened_at, m.known_closed_at, m.bug COLLATE "C"
	$query$, nudge.input_query('bugs', bugs))
	USING from_at, until_at, as_of;
END
$$;
COMMENT ON FUNCTION nudge.bug_lines(regclass, date, date, text, timestamptz) IS
	'The bugs that were open in a window, as known at as_of, with the age of those still open at its end. Not STRICT: NULL bugs are none';

CREATE FUNCTION nudge.coverage_lines(
	coverage_samples regclass,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (repository text, at timestamptz, coverage numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT nullif(btrim(i.repository), '') AS repository, i.at, i.coverage
			FROM (%s) i
			WHERE coalesce(i.at < $1, true)
		), one AS MATERIALIZED (
			SELECT nudge.check_input('coverage_samples', count(*) FILTER (WHERE NOT coalesce(isfinite(l.at) AND abs(l.coverage) < 'Infinity', false)))
				AND nudge.check_coverage(count(*) FILTER (WHERE l.coverage < 0 OR l.coverage > 1)) AS checked
			FROM line l
		)
		SELECT l.repository, l.at, l.coverage FROM one, line l WHERE one.checked
		ORDER BY l.repository COLLATE "C", l.at, l.coverage
	$query$, nudge.input_query('coverage_samples', coverage_samples))
	USING least(end_day::timestamp AT TIME ZONE coalesce(zone, 'UTC'), as_of);
END
$$;
COMMENT ON FUNCTION nudge.coverage_lines(regclass, date, text, timestamptz) IS
	'The samples of test coverage before a day, and before as_of. Not STRICT: NULL coverage_samples are none';

CREATE FUNCTION nudge.check_coverage(outside bigint) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF outside > 0 THEN
		RAISE EXCEPTION 'coverage must be from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('In %s rows of coverage_samples it is not.', outside),
				HINT = 'Pass a view that has 85 % as 0.85.';
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION nudge.check_coverage(bigint) IS 'An error if there are samples of coverage that are no share';

-- Deployments ---------------------------------------------------------------

CREATE FUNCTION nudge.delivery_performance(
	deployments regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by text DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	service text,
	all_services boolean,
	deployment_count bigint,
	elapsed_days integer,
	deployment_days bigint,
	deployments_per_day numeric,
	deployments_per_week numeric,
	lead_time_count bigint,
	median_lead_time_hours numeric,
	mean_lead_time_hours numeric,
	p90_lead_time_hours numeric,
	outcome_count bigint,
	failed_deployments bigint,
	change_failure_rate numeric,
	restored_deployments bigint,
	unrestored_deployments bigint,
	median_recovery_hours numeric,
	mean_recovery_hours numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.check_by(by, 'service');
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT w.*, row_number() OVER (ORDER BY w.period) AS no,
				-- days that have begun
				CASE WHEN as_of <= w.start_at THEN 0 WHEN as_of < w.end_at THEN nudge.civil_date(as_of - interval '1 microsecond', coalesce(zone, 'UTC')) + 1 - w.period
					ELSE w.period_end - w.period END AS days
			FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		), line AS MATERIALIZED (
			SELECT l.*, width_bucket(l.at, s.starts) AS no, nudge.civil_date(l.at, coalesce(zone, 'UTC')) AS day
			FROM nudge.deployment_lines(deployments, start_day, end_day, zone, as_of) l
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) AS starts FROM span w) s
		), cell AS MATERIALIZED (
			SELECT l.no, l.service, grouping(l.service) = 1 AS all_services, count(*) AS n, count(DISTINCT l.day) AS days,
				array_agg(l.lead_time_hours ORDER BY l.lead_time_hours) FILTER (WHERE l.lead_time_hours IS NOT NULL) AS leads, avg(l.lead_time_hours) AS mean_lead,
				count(l.failed) AS known, count(*) FILTER (WHERE l.failed) AS failed, count(*) FILTER (WHERE l.is_unrestored) AS unrestored,
				array_agg(l.recovery_hours ORDER BY l.recovery_hours) FILTER (WHERE l.recovery_hours IS NOT NULL) AS recoveries, avg(l.recovery_hours) AS mean_recovery
			FROM line l
			GROUP BY GROUPING SETS ((l.no, l.service), (l.no))
		)
		SELECT w.period, w.period_end, g.service, g.all_services, coalesce(c.n, 0), w.days, coalesce(c.days, 0),
			coalesce(c.n, 0)::numeric / nullif(w.days, 0), 7 * coalesce(c.n, 0)::numeric / nullif(w.days, 0),
			coalesce(cardinality(c.leads), 0)::bigint, trim_scale(nudge.exact_percentile(c.leads, 0.5)), trim_scale(c.mean_lead), trim_scale(nudge.exact_percentile(c.leads, 0.9)),
			coalesce(c.known, 0),
			-- of what is not known there is no number
			CASE WHEN c.known > 0 OR c.n IS NULL THEN coalesce(c.failed, 0) END, c.failed::numeric / nullif(c.known, 0),
			CASE WHEN c.known > 0 OR c.n IS NULL THEN coalesce(cardinality(c.recoveries), 0)::bigint END, CASE WHEN c.known > 0 OR c.n IS NULL THEN coalesce(c.unrestored, 0) END,
			trim_scale(nudge.exact_percentile(c.recoveries, 0.5)), trim_scale(c.mean_recovery), w.complete
		FROM span w
		CROSS JOIN (SELECT NULL AS service, true AS all_services UNION SELECT c.service, c.all_services FROM cell c WHERE by IS NOT NULL) g
		LEFT JOIN cell c ON c.no = w.no AND c.all_services = g.all_services AND c.service IS NOT DISTINCT FROM g.service
		ORDER BY w.period, g.all_services, g.service COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.delivery_performance(regclass, date, date, text, text, timestamptz, text) IS
	'The four DORA metrics by period: how often is deployed, how old changes are then, how many deployments fail, and how soon they are restored; with by service for each. Not STRICT: NULL options have a meaning';

-- Bugs ----------------------------------------------------------------------

CREATE FUNCTION nudge.bug_report(
	bugs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	severity text,
	all_severities boolean,
	opening_bugs bigint,
	opened bigint,
	closed bigint,
	closing_bugs bigint,
	median_days_to_close numeric,
	mean_days_to_close numeric,
	escape_known bigint,
	escaped bigint,
	escape_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	RETURN QUERY
		WITH span AS MATERIALIZED (
			SELECT w.*, row_number() OVER (ORDER BY w.period) AS no FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		), line AS MATERIALIZED (
			-- periods by their place: 0 is before the window, and one place more is after it
			SELECT g.severity, g.all_severities, l.escaped, l.days_to_close, width_bucket(l.opened_at, s.starts) AS opened_no, width_bucket(l.closed_at, s.bounds) AS closed_no
			FROM nudge.bug_lines(bugs, start_day, end_day, zone, as_of) l
			CROSS JOIN (SELECT array_agg(w.start_at ORDER BY w.no) AS starts, array_agg(w.start_at ORDER BY w.no) || max(w.end_at) AS bounds FROM span w) s,
				LATERAL (VALUES (l.severity, false), (NULL, true)) g(severity, all_severities)
		), born AS MATERIALIZED (
			SELECT l.opened_no AS no, l.severity, l.all_severities, count(*) AS n, count(l.escaped) AS known, count(*) FILTER (WHERE l.escaped) AS escaped
			FROM line l
			GROUP BY 1, 2, 3
		), gone AS MATERIALIZED (
			SELECT l.closed_no AS no, l.severity, l.all_severities, count(*) AS n, avg(l.days_to_close) AS mean_days,
				nudge.exact_percentile(array_agg(l.days_to_close ORDER BY l.days_to_close), 0.5) AS median_days
			FROM line l
			WHERE l.closed_no <= (SELECT count(*) FROM span)
			GROUP BY 1, 2, 3
		), counted AS (
			SELECT w.period, w.period_end, w.complete, g.severity, g.all_severities, coalesce(g.opening, 0) AS opening, coalesce(b.n, 0) AS opened, coalesce(e.n, 0) AS closed,
				e.median_days, e.mean_days, coalesce(b.known, 0) AS known, b.n AS born, b.escaped
			FROM span w
			CROSS JOIN (SELECT l.severity, l.all_severities, count(*) FILTER (WHERE l.opened_no = 0) AS opening FROM line l GROUP BY 1, 2
				UNION ALL SELECT NULL, true, 0 WHERE NOT EXISTS (SELECT FROM line)) g
			LEFT JOIN born b ON b.no = w.no AND b.all_severities = g.all_severities AND b.severity IS NOT DISTINCT FROM g.severity
			LEFT JOIN gone e ON e.no = w.no AND e.all_severities = g.all_severities AND e.severity IS NOT DISTINCT FROM g.severity
		), running AS (
			SELECT c.*, c.opening + (sum(c.opened - c.closed) OVER (PARTITION BY c.all_severities, c.severity ORDER BY c.period))::bigint AS closing FROM counted c
		)
		SELECT r.period, r.period_end, r.severity, r.all_severities, r.closing - r.opened + r.closed, r.opened, r.closed, r.closing,
			trim_scale(r.median_days), trim_scale(r.mean_days), r.known, CASE WHEN r.known > 0 OR r.born IS NULL THEN coalesce(r.escaped, 0) END,
			r.escaped::numeric / nullif(r.known, 0), r.complete
		FROM running r
		ORDER BY r.period, r.all_severities, nudge.severity_rank(r.severity), r.severity COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.bug_report(regclass, date, date, text, text, timestamptz) IS
	'Bugs by period, by severity and in all: open before, opened, closed, open after, how long closing took, and how many had reached customers. Not STRICT: NULL options have a meaning';

CREATE FUNCTION nudge.bug_ages(
	bugs regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	age_days integer[] DEFAULT '{7,30,90}'
) RETURNS TABLE (
	period date,
	period_end date,
	severity text,
	all_severities boolean,
	from_days integer,
	to_days integer,
	open_bugs bigint,
	open_share numeric,
	oldest_days numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 50 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bounds constant integer[] := 0 || age_days;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF age_days IS NULL OR array_ndims(age_days) > 1 OR EXISTS (SELECT FROM unnest(bounds) WITH ORDINALITY b(day, place)
			WHERE b.place > 1 AND coalesce(b.day <= bounds[b.place - 1], true)) THEN
		RAISE EXCEPTION '"age_days" must ascend from above 0'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Each element is the age at which one class ends and the next begins.',
				HINT = 'Leave it out for classes of up to 7, 30 and 90 days, and beyond.';
	END IF;
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT g.severity, g.all_severities, l.opened_at, l.closed_at
			FROM nudge.bug_lines(bugs, start_day, end_day, zone, as_of) l,
				LATERAL (VALUES (l.severity, false), (NULL, true)) g(severity, all_severities)
		), aged AS MATERIALIZED (
			SELECT w.period, l.severity, l.all_severities, width_bucket(a.days, bounds::numeric[]) AS class, count(*) AS n, max(a.days) AS oldest
			FROM (SELECT w.period, least(w.end_at, as_of) AS at FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w) w
			JOIN line l ON l.opened_at < w.at AND coalesce(l.closed_at >= w.at, true),
				LATERAL (SELECT extract(epoch FROM w.at - l.opened_at) / 86400 AS days) a
			GROUP BY 1, 2, 3, 4
		)
		SELECT w.period, w.period_end, g.severity, g.all_severities, b.day, bounds[b.place + 1], coalesce(a.n, 0),
			coalesce(a.n, 0) / nullif(sum(a.n) OVER (PARTITION BY w.period, g.all_severities, g.severity), 0), trim_scale(a.oldest), w.complete
		FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w
		CROSS JOIN (SELECT NULL AS severity, true AS all_severities UNION SELECT l.severity, l.all_severities FROM line l) g
		CROSS JOIN unnest(bounds) WITH ORDINALITY b(day, place)
		LEFT JOIN aged a ON a.period = w.period AND a.class = b.place AND a.all_severities = g.all_severities AND a.severity IS NOT DISTINCT FROM g.severity
		ORDER BY w.period, g.all_severities, nudge.severity_rank(g.severity), g.severity COLLATE "C", b.place;
END
$$;
COMMENT ON FUNCTION nudge.bug_ages(regclass, date, date, text, text, timestamptz, integer[]) IS
	'The bugs open at the end of each period by classes of age, by severity and in all. Not STRICT: NULL options have a meaning, NULL age_days are an error';

-- Test coverage -------------------------------------------------------------

CREATE FUNCTION nudge.code_coverage(
	coverage_samples regclass,
	start_day date,
	end_day date,
	grain text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	period date,
	period_end date,
	repository text,
	all_repositories boolean,
	repositories bigint,
	coverage numeric,
	coverage_change numeric,
	measured_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	RETURN QUERY
		WITH line AS MATERIALIZED (
			-- in force until the next of its repository; of several at one instant the highest
			SELECT l.repository, l.coverage, l.at, lead(l.at) OVER (PARTITION BY l.repository ORDER BY l.at, l.coverage) AS replaced_at
			FROM nudge.coverage_lines(coverage_samples, end_day, zone, as_of) l
		), span AS MATERIALIZED (
			SELECT w.period, w.period_end, w.complete, b.at, b.is_end
			FROM nudge.window_spans(start_day, end_day, grain, zone, as_of) w,
				LATERAL (VALUES (w.start_at, false), (least(w.end_at, as_of), true)) b(at, is_end)
		), held AS MATERIALIZED (
			SELECT w.period, w.is_end, l.repository, l.coverage, l.at
			FROM span w JOIN line l ON l.at < w.at AND coalesce(l.replaced_at >= w.at, true)
		), reading AS MATERIALIZED (
			SELECT w.period, w.period_end, w.complete, n.repository, later.coverage, later.at, earlier.coverage AS previous
			FROM span w
			CROSS JOIN (SELECT DISTINCT l.repository FROM line l) n
			LEFT JOIN held later ON later.is_end AND later.period = w.period AND later.repository IS NOT DISTINCT FROM n.repository
			LEFT JOIN held earlier ON NOT earlier.is_end AND earlier.period = w.period AND earlier.repository IS NOT DISTINCT FROM n.repository
			WHERE w.is_end
		), mean AS (
			SELECT r.period, count(r.coverage) AS n, avg(r.coverage) AS coverage, avg(r.previous) AS previous, max(r.at) AS at FROM reading r GROUP BY r.period
		)
		SELECT a.period, a.period_end, a.repository, a.all_repositories, a.n, a.coverage, a.coverage - a.previous, a.at, a.complete
		FROM (SELECT r.period, r.period_end, r.repository, false AS all_repositories, count(r.coverage) OVER (PARTITION BY r.period, r.repository) AS n,
				r.coverage, r.previous, r.at, r.complete FROM reading r
			UNION ALL
			SELECT w.period, w.period_end, NULL, true, coalesce(m.n, 0), m.coverage, m.previous, m.at, w.complete
			FROM span w LEFT JOIN mean m ON m.period = w.period WHERE w.is_end) a
		ORDER BY a.period, a.all_repositories, a.repository COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.code_coverage(regclass, date, date, text, text, timestamptz) IS
	'Test coverage at the end of each period, of each repository as last measured, and the plain mean of them, with the change since its start. Not STRICT: NULL options have a meaning';

-- src/reports/performance.sql

/*
 * performance.sql
 *		Latency, throughput, errors, page loads, utilisation, and how costs
 *		grow with volume.
 *
 * Definitions: doc/performance.md.
 */

-- Periods -------------------------------------------------------------------

CREATE FUNCTION nudge.performance_spans(
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (period date, period_end date, start_at timestamptz, end_at timestamptz, seconds numeric, complete boolean)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 24 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	by_hour constant boolean := lower(grain) IS NOT DISTINCT FROM 'hour';
	max_days constant integer := 366;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF by_hour AND end_day - start_day > max_days THEN
		RAISE EXCEPTION 'a report by hour spans at most % days', max_days USING ERRCODE = 'program_limit_exceeded',
			DETAIL = format('The window is from %s to %s.', start_day, end_day),
			HINT = 'Pass a shorter window or a longer grain.';
	END IF;
	RETURN QUERY
	SELECT w.period, w.period_end, h.start_at, h.end_at, extract(epoch FROM least(h.end_at, as_of) - h.start_at), h.end_at <= as_of
	FROM nudge.window_spans(start_day, end_day, CASE WHEN by_hour THEN 'day' ELSE grain END, zone) w,
		LATERAL (
			SELECT w.start_at, w.end_at WHERE NOT by_hour
			UNION ALL
			-- counted from midnight
			SELECT g.at, least(g.at + interval '1 hour', w.end_at)
			FROM generate_series(w.start_at, w.end_at - interval '1 microsecond', interval '1 hour') g(at)
			WHERE by_hour
		) h
	-- what has not begun has no numbers yet
	WHERE as_of IS NULL OR h.start_at < as_of
	ORDER BY h.start_at;
END
$$;
COMMENT ON FUNCTION nudge.performance_spans(date, date, text, text, timestamptz) IS
	'The periods of a window, which may be hours, that have begun before as_of, and how many seconds of them are over by then. Not STRICT: a NULL grain is one period, a NULL as_of no limit, NULL days are errors';

CREATE FUNCTION nudge.performance_days(
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (day date, start_at timestamptz, end_at timestamptz)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT (p.period + g.n), p.start_at, p.end_at
	FROM nudge.performance_spans(start_day, end_day, grain, zone, as_of) p, LATERAL generate_series(0, p.period_end - p.period - 1) g(n);
END;
COMMENT ON FUNCTION nudge.performance_days(date, date, text, text, timestamptz) IS
	'The days of the periods of performance_spans: one row each, or one for each hour. Not STRICT: NULLs have a meaning there';

-- Rows, each read and checked once ------------------------------------------

-- There are few groups, but the planner cannot know: without enable_sort = off it
-- sorts all rows by hour or minute.

CREATE FUNCTION nudge.hour_expression(start_day date, end_day date, zone text DEFAULT 'UTC') RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	-- one origin does for all days, unless a clock is put forward by half an hour
	IF NOT EXISTS (SELECT FROM nudge.window_spans(start_day, end_day, 'day', zone) w
		WHERE date_bin('1 hour', w.start_at, start_day::timestamp AT TIME ZONE coalesce(zone, 'UTC')) <> w.start_at)
	THEN
		RETURN 'date_bin(''1 hour'', i.at, $1)';
	END IF;
	RETURN 'date_bin(''1 hour'', i.at, nudge.civil_date(i.at, $3)::timestamp AT TIME ZONE $3)';
END
$$;
COMMENT ON FUNCTION nudge.hour_expression(date, date, text) IS
	'Works for what reads samples: the hour of i.at, counted from the midnight that begins its day in the zone $3, in a window from $1. Not STRICT: a NULL zone is UTC, NULL days are errors';

CREATE FUNCTION nudge.request_group("by" text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF lower("by") NOT IN ('endpoint', 'part') THEN
		RAISE EXCEPTION 'requests have no group "%"', left("by", 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'They are grouped by endpoint, and page loads by part.',
			HINT = 'Leave by out for all requests together.';
	END IF;
	RETURN lower("by");
END
$$;
COMMENT ON FUNCTION nudge.request_group(text) IS
	'What requests are grouped by: endpoint, part, or NULL for nothing. Not STRICT: any other word is an error';

CREATE FUNCTION nudge.request_query(requests regclass, "by" text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grouping_column constant text := nudge.request_group("by");
	source text := nudge.input_query('requests', requests);
BEGIN
	IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = requests AND a.attname = 'duration_ms' AND a.atttypid IN ('float8'::regtype, 'float4'::regtype)) THEN
		-- as numeric it would take three times as long
		source := replace(source, '(r.duration_ms)::numeric AS duration_ms', '(r.duration_ms)::double precision AS duration_ms');
	END IF;
	RETURN format($query$
		SELECT i.at, i.duration_ms, coalesce(i.count, 1) AS count, i.error, %s AS value
		FROM (%s) i
		WHERE %s AND (i.at IS NULL OR i.at >= $1 AND i.at < $2 AND coalesce(i.at < $4, true))
	$query$, CASE grouping_column WHEN 'endpoint' THEN 'i.endpoint' WHEN 'part' THEN 'lower(i.part)' ELSE 'NULL::text' END, source,
		-- parts of page loads are no requests
		CASE grouping_column WHEN 'part' THEN 'i.part IS NOT NULL' ELSE 'i.part IS NULL' END);
END
$$;
COMMENT ON FUNCTION nudge.request_query(regclass, text) IS
	'Works for what reads requests: the query for those from $1 to $2 and before $4. Not STRICT: NULL requests are none, a NULL by is no group';

CREATE FUNCTION nudge.unknown_part(value text, "by" text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN lower("by") = 'part' AND value NOT IN ('server', 'dom', 'render') THEN value END;
COMMENT ON FUNCTION nudge.unknown_part(text, text) IS
	'A part of page loads that is none, if requests are grouped by part. Not STRICT: NULLs are known';

CREATE FUNCTION nudge.latency_states(
	requests regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	day date,
	start_at timestamptz,
	value text,
	request_count bigint,
	requests_with_outcome bigint,
	errors bigint,
	state nudge.percentile_state
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT %s AS start_at, i.value, nudge.percentile_count_agg(i.duration_ms, i.count, $5) AS state,
				coalesce(sum(i.count) FILTER (WHERE i.error IS NOT NULL), 0)::bigint AS requests_with_outcome,
				coalesce(sum(i.count) FILTER (WHERE i.error), 0)::bigint AS errors,
				count(*) FILTER (WHERE i.at IS NULL OR i.duration_ms IS NULL) AS missing
			FROM (%s) i
			GROUP BY 1, i.value
		), hour AS MATERIALIZED (
			SELECT l.*, s.samples, s.lowest FROM line l LEFT JOIN LATERAL nudge.percentile_summary(l.state) s ON true
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('requests', sum(h.missing)::bigint, 'part', min(nudge.unknown_part(h.value, $6)), 'server, dom and render') AND
				nudge.check_values('requests', count(*) FILTER (WHERE h.lowest < 0), 'A duration is negative.') AS is_fine
			FROM hour h
		)
		SELECT nudge.civil_date(h.start_at, $3), h.start_at, h.value, h.samples, h.requests_with_outcome, h.errors, h.state
		FROM checked, hour h
		WHERE h.samples > 0
		ORDER BY h.start_at, h.value COLLATE "C"
	$query$, nudge.hour_expression(start_day, end_day, named_zone), nudge.request_query(requests, "by"))
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of,
		coalesce(relative_error, 0.01), "by";
END
$$;
COMMENT ON FUNCTION nudge.latency_states(regclass, date, date, text, timestamptz, text, double precision) IS
	'The distribution of the durations of requests in each hour, in all or by endpoint, or of page loads by part: to be stored, and merged by rollup(). Not STRICT: NULL requests are none, NULL options have a meaning';

CREATE FUNCTION nudge.minute_counts(
	input text,
	relation regclass,
	start_day date,
	end_day date,
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (day date, minute_at timestamptz, value text, count bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	source text;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF lower(input) = 'requests' THEN
		source := nudge.request_query(relation, "by");
	ELSIF lower(input) = 'sends' THEN
		source := format($query$SELECT i.at, i.count, %s AS value
			FROM (%s) i WHERE i.at IS NULL OR i.at >= $1 AND i.at < $2 AND coalesce(i.at < $4, true)$query$,
			CASE WHEN "by" IS NULL THEN 'NULL::text' ELSE 'i.campaign' END, nudge.input_query('sends', relation));
	ELSE
		RAISE EXCEPTION 'input "%" has no throughput', left(input, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Requests and sends are counted by minute.',
			HINT = 'Pass requests or sends.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT date_bin('1 minute', i.at, 'epoch') AS minute_at, i.value, sum(i.count)::bigint AS count,
				count(*) FILTER (WHERE i.at IS NULL OR i.count IS NULL) AS missing, count(*) FILTER (WHERE i.count < 0) AS wrong
			FROM (%s) i
			GROUP BY 1, i.value
		), checked AS MATERIALIZED (
			SELECT nudge.check_input($5, sum(l.missing)::bigint) AND nudge.check_values($5, sum(l.wrong)::bigint, 'A count is negative.') AS is_fine FROM line l
		)
		SELECT nudge.civil_date(greatest(l.minute_at, $1), $3), l.minute_at, l.value, l.count
		FROM checked, line l
		WHERE l.count > 0
		ORDER BY l.minute_at, l.value COLLATE "C"
	$query$, source)
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of, lower(input);
END
$$;
COMMENT ON FUNCTION nudge.minute_counts(text, regclass, date, date, text, timestamptz, text) IS
	'How many requests or sends there were in each minute that had any: the drill-down of throughput. Not STRICT: a NULL relation has none, a NULL input is an error, NULL options have a meaning';

-- How many ------------------------------------------------------------------

CREATE FUNCTION nudge.throughput_lines(
	input text,
	relation regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	total bigint,
	seconds numeric,
	per_second numeric,
	peak_per_minute bigint,
	peak_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	is_grouped constant boolean := "by" IS NOT NULL;
BEGIN
	RETURN QUERY
	WITH p AS MATERIALIZED (
		SELECT * FROM nudge.performance_spans(start_day, end_day, grain, zone, as_of)
	), m AS MATERIALIZED (
		SELECT d.start_at, c.value, grouping(c.value) = 1 AS is_total, c.minute_at, sum(c.count)::bigint AS count
		FROM nudge.minute_counts(input, relation, start_day, end_day, zone, as_of, "by") c
		JOIN nudge.performance_days(start_day, end_day, grain, zone, as_of) d
			ON d.day = c.day AND greatest(c.minute_at, d.start_at) < d.end_at AND c.minute_at > d.start_at - interval '1 minute'
		GROUP BY GROUPING SETS ((d.start_at, c.minute_at), (d.start_at, c.minute_at, c.value))
	), t AS (
		SELECT DISTINCT ON (m.start_at, m.is_total, m.value) m.start_at, m.is_total, m.value, m.count AS peak, m.minute_at AS peak_at,
			sum(m.count) OVER (PARTITION BY m.start_at, m.is_total, m.value)::bigint AS total
		FROM m
		WHERE m.is_total OR is_grouped
		ORDER BY m.start_at, m.is_total, m.value, m.count DESC, m.minute_at
	)
	SELECT p.period, p.start_at, t.value, coalesce(t.is_total, true), coalesce(t.total, 0), p.seconds, coalesce(t.total, 0) / p.seconds,
		coalesce(t.peak, 0), coalesce(t.peak, 0) / 60.0, t.peak_at, p.complete
	FROM p LEFT JOIN t ON t.start_at = p.start_at
	ORDER BY p.start_at, coalesce(t.is_total, true) DESC, t.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.throughput_lines(text, regclass, date, date, text, text, timestamptz, text) IS
	'Works for throughput and send_throughput. Not STRICT: a NULL relation has no rows, NULL options have a meaning';

CREATE FUNCTION nudge.throughput(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by_endpoint boolean DEFAULT false
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	endpoint text,
	is_total boolean,
	request_count bigint,
	seconds numeric,
	requests_per_second numeric,
	peak_requests_per_minute bigint,
	peak_requests_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT * FROM nudge.throughput_lines('requests', throughput.requests, start_day, end_day, grain, zone, as_of, CASE WHEN by_endpoint THEN 'endpoint' END);
END
$$;
COMMENT ON FUNCTION nudge.throughput(regclass, date, date, text, text, timestamptz, boolean) IS
	'How many requests there were in each period, a second on average and in the busiest minute, in all and by endpoint if asked. Not STRICT: NULL requests are none, NULL options have a meaning';
CREATE FUNCTION nudge.send_throughput(
	sends regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	by_campaign boolean DEFAULT false
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	campaign text,
	is_total boolean,
	send_count bigint,
	seconds numeric,
	sends_per_second numeric,
	peak_sends_per_minute bigint,
	peak_sends_per_second numeric,
	peak_at timestamptz,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT * FROM nudge.throughput_lines('sends', send_throughput.sends, start_day, end_day, grain, zone, as_of, CASE WHEN by_campaign THEN 'campaign' END);
END
$$;
COMMENT ON FUNCTION nudge.send_throughput(regclass, date, date, text, text, timestamptz, boolean) IS
	'How many sends there were in each period, a second on average and in the busiest minute, in all and by campaign if asked. Not STRICT: NULL sends are none, NULL options have a meaning';

-- How fast ------------------------------------------------------------------

CREATE FUNCTION nudge.latency_report(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	request_count bigint,
	mean_ms numeric,
	p50_ms double precision,
	p95_ms double precision,
	p99_ms double precision,
	highest_ms double precision,
	requests_with_outcome bigint,
	errors bigint,
	error_rate numeric,
	requests_per_second numeric,
	peak_requests_per_second numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	is_grouped constant boolean := "by" IS NOT NULL;
BEGIN
	RETURN QUERY
	WITH t AS MATERIALIZED (
		SELECT d.start_at, l.value, grouping(l.value) = 1 AS is_total, nudge.rollup(l.state) AS state,
			sum(l.requests_with_outcome)::bigint AS requests_with_outcome, sum(l.errors)::bigint AS errors
		FROM nudge.latency_states(latency_report.requests, start_day, end_day, zone, as_of, "by", relative_error) l
		JOIN nudge.performance_days(start_day, end_day, grain, zone, as_of) d ON d.day = l.day AND l.start_at >= d.start_at AND l.start_at < d.end_at
		GROUP BY GROUPING SETS ((d.start_at), (d.start_at, l.value))
	)
	SELECT c.period, c.start_at, c.value, c.is_total, c.total, s.mean, s.p50, s.p95, s.p99, s.highest,
		coalesce(t.requests_with_outcome, 0), CASE WHEN t.requests_with_outcome > 0 THEN t.errors END, t.errors::numeric / nullif(t.requests_with_outcome, 0),
		c.per_second, c.peak_per_second, c.complete
	FROM nudge.throughput_lines('requests', latency_report.requests, start_day, end_day, grain, zone, as_of, "by") c
	LEFT JOIN t ON t.start_at = c.start_at AND t.is_total = c.is_total AND t.value IS NOT DISTINCT FROM c.value AND (t.is_total OR is_grouped)
	LEFT JOIN LATERAL nudge.percentile_summary(t.state) s ON true
	ORDER BY c.start_at, c.is_total DESC, c.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.latency_report(regclass, date, date, text, text, timestamptz, text, double precision) IS
	'Mean, percentiles and highest of the durations of requests by period, in all and by endpoint if asked, with errors and throughput. Not STRICT: NULL requests are none, NULL options have a meaning';

CREATE FUNCTION nudge.apdex(
	requests regclass,
	start_day date,
	end_day date,
	threshold_ms numeric,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	"by" text DEFAULT NULL
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	value text,
	is_total boolean,
	request_count bigint,
	satisfied bigint,
	tolerating bigint,
	frustrated bigint,
	apdex numeric,
	satisfied_share numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
	is_grouped constant boolean := "by" IS NOT NULL;
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF threshold_ms IS NULL OR threshold_ms <= 0 OR threshold_ms >= 9e12 THEN
		RAISE EXCEPTION 'threshold_ms must be a number of milliseconds above 0' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s. Whom a request up to it serves is satisfied.', coalesce(threshold_ms::text, 'null')),
			HINT = 'Pass what you promise, such as 500.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT %s AS start_at, i.value, sum(i.count) AS requests,
				sum(i.count) FILTER (WHERE i.error IS NOT TRUE AND i.duration_ms <= $5) AS satisfied,
				sum(i.count) FILTER (WHERE i.error IS NOT TRUE AND i.duration_ms > $5 AND i.duration_ms <= 4 * $5) AS tolerating,
				count(*) FILTER (WHERE i.at IS NULL OR i.duration_ms IS NULL) AS missing,
				count(*) FILTER (WHERE i.count < 0 OR NOT (i.duration_ms >= 0 AND i.duration_ms < 9e12)) AS wrong
			FROM (%s) i
			GROUP BY 1, i.value
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('requests', sum(l.missing)::bigint, 'part', min(nudge.unknown_part(l.value, $10)), 'server, dom and render') AND
				nudge.check_values('requests', sum(l.wrong)::bigint, 'A duration or a count is negative, or a duration is no number below 9e12.') AS is_fine
			FROM line l
		), t AS (
			SELECT d.start_at, l.value, grouping(l.value) = 1 AS is_total, sum(l.requests)::bigint AS requests,
				coalesce(sum(l.satisfied), 0)::bigint AS satisfied, coalesce(sum(l.tolerating), 0)::bigint AS tolerating
			FROM checked, line l
			JOIN nudge.performance_days($6, $7, $8, $3, $4) d ON d.day = nudge.civil_date(l.start_at, $3)
				AND l.start_at >= d.start_at AND l.start_at < d.end_at
			WHERE l.requests > 0
			GROUP BY GROUPING SETS ((d.start_at), (d.start_at, l.value))
		)
		SELECT p.period, p.start_at, t.value, coalesce(t.is_total, true), n.requests, n.satisfied, n.tolerating, n.requests - n.satisfied - n.tolerating,
			(n.satisfied + n.tolerating / 2.0) / nullif(n.requests, 0), n.satisfied::numeric / nullif(n.requests, 0), p.complete
		FROM checked, nudge.performance_spans($6, $7, $8, $3, $4) p
		LEFT JOIN t ON t.start_at = p.start_at AND (t.is_total OR $9),
			LATERAL (SELECT coalesce(t.requests, 0) AS requests, coalesce(t.satisfied, 0) AS satisfied, coalesce(t.tolerating, 0) AS tolerating) n
		ORDER BY p.start_at, coalesce(t.is_total, true) DESC, t.value COLLATE "C"
	$query$, nudge.hour_expression(start_day, end_day, named_zone), nudge.request_query(apdex.requests, "by"))
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of,
		threshold_ms, start_day, end_day, grain, is_grouped, "by";
END
$$;
COMMENT ON FUNCTION nudge.apdex(regclass, date, date, numeric, text, text, timestamptz, text) IS
	'Requests within a threshold, within four times of it, and beyond it or failed, and the Apdex score of them. Not STRICT: NULL requests are none, a NULL threshold is an error, NULL options have a meaning';

CREATE FUNCTION nudge.page_load(
	requests regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	part text,
	is_total boolean,
	page_loads bigint,
	mean_ms numeric,
	share numeric,
	p50_ms double precision,
	p95_ms double precision,
	p99_ms double precision,
	highest_ms double precision,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH s AS MATERIALIZED (
		SELECT r.start_at, r.value AS part, s.*
		FROM (
			SELECT d.start_at, l.value, nudge.rollup(l.state) AS state
			FROM nudge.latency_states(page_load.requests, start_day, end_day, zone, as_of, 'part', relative_error) l
			JOIN nudge.performance_days(start_day, end_day, grain, zone, as_of) d ON d.day = l.day AND l.start_at >= d.start_at AND l.start_at < d.end_at
			GROUP BY d.start_at, l.value
		) r, LATERAL nudge.percentile_summary(r.state) s
	), t AS (
		-- parts that are not measured equally often are not those of the same loads
		SELECT s.start_at, sum(s.mean) AS mean, CASE WHEN min(s.samples) = max(s.samples) THEN min(s.samples) END AS page_loads
		FROM s GROUP BY s.start_at
	), row AS (
		SELECT t.start_at, NULL AS part, true AS is_total, t.page_loads, t.mean, t.mean / nullif(t.mean, 0) AS share,
			NULL::double precision AS p50, NULL::double precision AS p95, NULL::double precision AS p99, NULL::double precision AS highest FROM t
		UNION ALL
		SELECT s.start_at, s.part, false, s.samples, s.mean, s.mean / nullif(t.mean, 0), s.p50, s.p95, s.p99, s.highest FROM s JOIN t ON t.start_at = s.start_at
	)
	SELECT p.period, p.start_at, r.part, coalesce(r.is_total, true), CASE WHEN r.start_at IS NULL THEN 0 ELSE r.page_loads END, r.mean, r.share,
		r.p50, r.p95, r.p99, r.highest, p.complete
	FROM nudge.performance_spans(start_day, end_day, grain, zone, as_of) p
	LEFT JOIN row r ON r.start_at = p.start_at
	ORDER BY p.start_at, coalesce(r.is_total, true) DESC, array_position('{server,dom,render}', r.part);
END
$$;
COMMENT ON FUNCTION nudge.page_load(regclass, date, date, text, text, timestamptz, double precision) IS
	'How long pages take to load: mean, percentiles and share of each part, and the total, which is the sum of the means. Not STRICT: NULL requests are none, NULL options have a meaning';

-- How full ------------------------------------------------------------------

CREATE FUNCTION nudge.utilisation(
	resource_samples regclass,
	start_day date,
	end_day date,
	grain text DEFAULT 'day',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	resources text[] DEFAULT NULL,
	limits numeric[] DEFAULT NULL,
	relative_error double precision DEFAULT 0.01
) RETURNS TABLE (
	period date,
	start_at timestamptz,
	resource text,
	samples bigint,
	mean_utilisation numeric,
	p95_utilisation double precision,
	highest_utilisation double precision,
	utilisation_limit numeric,
	samples_above bigint,
	above_rate numeric,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	named_zone constant text := coalesce(zone, 'UTC');
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	IF coalesce(cardinality(resources), 0) <> coalesce(cardinality(limits), 0) THEN
		RAISE EXCEPTION '"resources" and "limits" must have the same length' USING ERRCODE = 'array_subscript_error',
			DETAIL = format('They have %s and %s elements.', coalesce(cardinality(resources), 0), coalesce(cardinality(limits), 0)),
			HINT = 'Pass a limit for each resource that has one, in the same order.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT %s AS start_at, i.resource,
				nudge.percentile_agg(i.utilisation, $5) FILTER (WHERE i.utilisation BETWEEN 0 AND 1) AS state,
				count(*) FILTER (WHERE i.utilisation > l.utilisation_limit) AS above, l.utilisation_limit,
				count(*) FILTER (WHERE i.at IS NULL OR i.resource IS NULL OR i.utilisation IS NULL OR i.utilisation = 'NaN') AS missing,
				count(*) FILTER (WHERE NOT i.utilisation BETWEEN 0 AND 1) AS wrong
			FROM (%s) i
			LEFT JOIN (SELECT u.resource, min(u.utilisation_limit) AS utilisation_limit FROM unnest($9, $10) u(resource, utilisation_limit) GROUP BY 1) l ON l.resource = i.resource
			WHERE i.at IS NULL OR i.at >= $1 AND i.at < $2 AND coalesce(i.at < $4, true)
			GROUP BY 1, i.resource, l.utilisation_limit
		), checked AS MATERIALIZED (
			SELECT nudge.check_input('resource_samples', sum(l.missing)::bigint) AND
				nudge.check_values('resource_samples', sum(l.wrong)::bigint, 'A utilisation is no share from 0 to 1: divide percents by 100.') AS is_fine
			FROM line l
		), t AS MATERIALIZED (
			SELECT d.start_at, l.resource, l.utilisation_limit, nudge.rollup(l.state) AS state, sum(l.above)::bigint AS above
			FROM checked, line l
			JOIN nudge.performance_days($6, $7, $8, $3, $4) d ON d.day = nudge.civil_date(l.start_at, $3)
				AND l.start_at >= d.start_at AND l.start_at < d.end_at
			GROUP BY d.start_at, l.resource, l.utilisation_limit
		)
		SELECT p.period, p.start_at, t.resource, s.samples, s.mean, s.p95, s.highest, t.utilisation_limit, a.above, a.above::numeric / s.samples, p.complete
		FROM nudge.performance_spans($6, $7, $8, $3, $4) p
		JOIN t ON t.start_at = p.start_at, LATERAL nudge.percentile_summary(t.state) s,
			LATERAL (SELECT CASE WHEN t.utilisation_limit IS NOT NULL THEN t.above END AS above) a
		ORDER BY p.start_at, t.resource COLLATE "C"
	$query$, nudge.hour_expression(start_day, end_day, named_zone), nudge.input_query('resource_samples', resource_samples))
	USING start_day::timestamp AT TIME ZONE named_zone, end_day::timestamp AT TIME ZONE named_zone, named_zone, as_of,
		coalesce(relative_error, 0.01), start_day, end_day, grain, resources, limits;
END
$$;
COMMENT ON FUNCTION nudge.utilisation(regclass, date, date, text, text, timestamptz, text[], numeric[], double precision) IS
	'Mean, 95th percentile and highest utilisation of each resource by period, and how many samples are above its limit. Not STRICT: NULL samples are none, NULL options have a meaning';

-- What it costs as it grows -------------------------------------------------

CREATE FUNCTION nudge.cost_per_unit(
	costs regclass,
	usage regclass,
	start_day date,
	end_day date,
	meter text DEFAULT NULL,
	category text DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (period date, cost numeric, volume numeric, cost_per_unit numeric, currency_code text, complete boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	path constant text := nudge.cost_category(category);
	first_day date;
	known_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	IF usage IS NOT NULL THEN
		PERFORM nudge.check_spread('usage', usage, meter, first_day, known_day);
	END IF;
	RETURN QUERY
	WITH c AS MATERIALIZED (
		SELECT l.* FROM nudge.cost_lines(costs, first_day, known_day, cost_per_unit.currency) l
	), u AS MATERIALIZED (
		SELECT l.* FROM nudge.usage_lines(usage, first_day, known_day) l WHERE cost_per_unit.meter IS NULL OR l.meter = cost_per_unit.meter
	), one AS MATERIALIZED (
		SELECT nudge.single_currency(array_agg(DISTINCT c.currency), cost_per_unit.currency) AS currency FROM c
	)
	SELECT p.period, n.cost, n.volume, CASE WHEN p.complete IS DISTINCT FROM false THEN n.cost / nullif(n.volume, 0) END, one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, grain, zone, as_of, fiscal_year_start) p,
		LATERAL (
			SELECT
				-- a period without any cost has not been booked; one without this category had none
				(SELECT coalesce(sum(c.amount) FILTER (WHERE path = '' OR c.category = path OR starts_with(c.category, path || '/')), 0)
					FROM c WHERE c.period >= p.period AND c.period < p.known_end HAVING count(*) > 0) AS cost,
				(SELECT sum(u.volume) FROM u WHERE u.period >= p.period AND u.period < p.known_end) AS volume
		) n
	ORDER BY p.period;
END
$$;
COMMENT ON FUNCTION nudge.cost_per_unit(regclass, regclass, date, date, text, text, text, text, timestamptz, text, integer) IS
	'The costs of a category, with all below it, over the volume of a meter by period; NULL for a period that is not complete. Not STRICT: a NULL category is all costs, a NULL meter the only one, a NULL input is not known';

CREATE FUNCTION nudge.scaling_report(
	costs regclass,
	usage regclass,
	start_day date,
	end_day date,
	meter text DEFAULT NULL,
	category text DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	first_period date,
	last_period date,
	points bigint,
	left_out bigint,
	coefficient double precision,
	cost_at_one double precision,
	standard_error double precision,
	r_squared double precision,
	p_value double precision,
	p_value_linear double precision,
	scaling text,
	currency_code text
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.first_period, l.last_period, s.points, s.left_out, s.coefficient, s.cost_at_one, s.standard_error, s.r_squared, s.p_value,
		s.p_value_linear, s.scaling, l.currency_code
	FROM (
		SELECT min(c.period) AS first_period, max(c.period) AS last_period, max(c.currency_code) AS currency_code,
			coalesce(array_agg(c.volume::double precision ORDER BY c.period), '{}') AS volumes,
			coalesce(array_agg(c.cost::double precision ORDER BY c.period), '{}') AS costs
		FROM nudge.cost_per_unit(scaling_report.costs, usage, start_day, end_day, meter, category, grain, zone, as_of, scaling_report.currency, fiscal_year_start) c
		WHERE c.complete IS DISTINCT FROM false
	) l, nudge.scaling_coefficient(l.volumes, l.costs) s;
END
$$;
COMMENT ON FUNCTION nudge.scaling_report(regclass, regclass, date, date, text, text, text, text, timestamptz, text, integer) IS
	'How the costs of a category grow with the volume of a meter: scaling_coefficient of the complete periods of cost_per_unit. Not STRICT, as that is not';
