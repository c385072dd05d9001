/*
 * state_type.sql
 *		What every state type has, @type@ here: its functions, comparison,
 *		combine and rollup.
 */

CREATE TYPE nudge.@type@;

CREATE FUNCTION nudge.@type@_in(cstring) RETURNS nudge.@type@
	AS 'MODULE_PATHNAME', 'nm_@prefix@_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.@type@_out(nudge.@type@) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_@prefix@_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.@type@_recv(internal) RETURNS nudge.@type@
	AS 'MODULE_PATHNAME', 'nm_@prefix@_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION nudge.@type@_send(nudge.@type@) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_@prefix@_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE nudge.@type@ (
	INTERNALLENGTH = VARIABLE,
	INPUT = nudge.@type@_in,
	OUTPUT = nudge.@type@_out,
	RECEIVE = nudge.@type@_recv,
	SEND = nudge.@type@_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON FUNCTION nudge.@type@_in(cstring) IS 'Text input of @type@';
COMMENT ON FUNCTION nudge.@type@_out(nudge.@type@) IS 'Text output of @type@';
COMMENT ON FUNCTION nudge.@type@_recv(internal) IS 'Binary input of @type@';
COMMENT ON FUNCTION nudge.@type@_send(nudge.@type@) IS 'Binary output of @type@';

-- Comparison of canonical bytes: for DISTINCT, EXCEPT, IS DISTINCT FROM ------

CREATE FUNCTION nudge.@type@_eq(nudge.@type@, nudge.@type@) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_eq(nudge.@type@, nudge.@type@) IS 'Implementation of the operator =';
CREATE FUNCTION nudge.@type@_ne(nudge.@type@, nudge.@type@) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_ne(nudge.@type@, nudge.@type@) IS 'Implementation of the operator <>';
CREATE FUNCTION nudge.@type@_lt(nudge.@type@, nudge.@type@) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_lt(nudge.@type@, nudge.@type@) IS 'Implementation of the operator <';
CREATE FUNCTION nudge.@type@_le(nudge.@type@, nudge.@type@) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_le(nudge.@type@, nudge.@type@) IS 'Implementation of the operator <=';
CREATE FUNCTION nudge.@type@_gt(nudge.@type@, nudge.@type@) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_gt(nudge.@type@, nudge.@type@) IS 'Implementation of the operator >';
CREATE FUNCTION nudge.@type@_ge(nudge.@type@, nudge.@type@) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_ge(nudge.@type@, nudge.@type@) IS 'Implementation of the operator >=';
CREATE FUNCTION nudge.@type@_cmp(nudge.@type@, nudge.@type@) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_cmp(nudge.@type@, nudge.@type@) IS 'Three-way comparison of bytes';
CREATE FUNCTION nudge.@type@_hash(nudge.@type@) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_state_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_hash(nudge.@type@) IS 'Hash of the bytes';
CREATE FUNCTION nudge.@type@_hash_extended(nudge.@type@, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nm_state_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_hash_extended(nudge.@type@, bigint) IS 'Seeded 64-bit hash of the bytes';

CREATE OPERATOR nudge.= (
	LEFTARG = nudge.@type@, RIGHTARG = nudge.@type@, FUNCTION = nudge.@type@_eq,
	COMMUTATOR = OPERATOR(nudge.=), NEGATOR = OPERATOR(nudge.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR nudge.= (nudge.@type@, nudge.@type@) IS 'equal';
CREATE OPERATOR nudge.<> (
	LEFTARG = nudge.@type@, RIGHTARG = nudge.@type@, FUNCTION = nudge.@type@_ne,
	COMMUTATOR = OPERATOR(nudge.<>), NEGATOR = OPERATOR(nudge.=), RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR nudge.<> (nudge.@type@, nudge.@type@) IS 'not equal';
CREATE OPERATOR nudge.< (
	LEFTARG = nudge.@type@, RIGHTARG = nudge.@type@, FUNCTION = nudge.@type@_lt,
	COMMUTATOR = OPERATOR(nudge.>), NEGATOR = OPERATOR(nudge.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR nudge.< (nudge.@type@, nudge.@type@) IS 'less than';
CREATE OPERATOR nudge.<= (
	LEFTARG = nudge.@type@, RIGHTARG = nudge.@type@, FUNCTION = nudge.@type@_le,
	COMMUTATOR = OPERATOR(nudge.>=), NEGATOR = OPERATOR(nudge.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR nudge.<= (nudge.@type@, nudge.@type@) IS 'less than or equal';
CREATE OPERATOR nudge.> (
	LEFTARG = nudge.@type@, RIGHTARG = nudge.@type@, FUNCTION = nudge.@type@_gt,
	COMMUTATOR = OPERATOR(nudge.<), NEGATOR = OPERATOR(nudge.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR nudge.> (nudge.@type@, nudge.@type@) IS 'greater than';
CREATE OPERATOR nudge.>= (
	LEFTARG = nudge.@type@, RIGHTARG = nudge.@type@, FUNCTION = nudge.@type@_ge,
	COMMUTATOR = OPERATOR(nudge.<=), NEGATOR = OPERATOR(nudge.<), RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR nudge.>= (nudge.@type@, nudge.@type@) IS 'greater than or equal';

CREATE OPERATOR CLASS nudge.@type@_ops DEFAULT FOR TYPE nudge.@type@ USING btree AS
	OPERATOR 1 nudge.<, OPERATOR 2 nudge.<=, OPERATOR 3 nudge.=, OPERATOR 4 nudge.>=, OPERATOR 5 nudge.>,
	FUNCTION 1 nudge.@type@_cmp(nudge.@type@, nudge.@type@);
COMMENT ON OPERATOR CLASS nudge.@type@_ops USING btree IS 'Order of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.@type@_ops USING btree IS 'Order of the bytes of a state';
CREATE OPERATOR CLASS nudge.@type@_hash_ops DEFAULT FOR TYPE nudge.@type@ USING hash AS
	OPERATOR 1 nudge.=,
	FUNCTION 1 nudge.@type@_hash(nudge.@type@),
	FUNCTION 2 nudge.@type@_hash_extended(nudge.@type@, bigint);
COMMENT ON OPERATOR CLASS nudge.@type@_hash_ops USING hash IS 'Hash of the bytes of a state';
COMMENT ON OPERATOR FAMILY nudge.@type@_hash_ops USING hash IS 'Hash of the bytes of a state';

-- Aggregates --------------------------------------------------------------

CREATE FUNCTION nudge.@type@_final(nudge.@type@) RETURNS nudge.@type@
	AS 'MODULE_PATHNAME', 'nm_@prefix@_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.@type@_final(nudge.@type@) IS 'Final function: the canonical form of a state; not STRICT, so that it sees no rows as NULL';

CREATE FUNCTION nudge.combine(a nudge.@type@, b nudge.@type@) RETURNS nudge.@type@
	AS 'MODULE_PATHNAME', 'nm_@prefix@_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.combine(nudge.@type@, nudge.@type@) IS
	'Both states as one; NULL is the empty state. Not STRICT';

CREATE AGGREGATE nudge.rollup(nudge.@type@) (
	SFUNC = nudge.combine, STYPE = nudge.@type@, FINALFUNC = nudge.@type@_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.rollup(nudge.@type@) IS 'All states of a group as one; NULL states are skipped';
