\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.4.0'" to load this file. \quit

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
