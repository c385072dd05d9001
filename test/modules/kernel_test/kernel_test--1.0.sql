\echo Use "CREATE EXTENSION kernel_test" to load this file. \quit

-- the keyed store -----------------------------------------------------------

CREATE TYPE keyed_state;
CREATE FUNCTION keyed_state_in(cstring) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'nm_keyed_test_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION keyed_state_out(keyed_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_keyed_test_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION keyed_state_recv(internal) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'nm_keyed_test_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION keyed_state_send(keyed_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nm_keyed_test_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE keyed_state (
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended,
	INPUT = keyed_state_in, OUTPUT = keyed_state_out,
	RECEIVE = keyed_state_recv, SEND = keyed_state_send
);
CREATE FUNCTION keyed_state_eq(keyed_state, keyed_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR = (LEFTARG = keyed_state, RIGHTARG = keyed_state, FUNCTION = keyed_state_eq, COMMUTATOR = =);

CREATE FUNCTION keyed_state_final(keyed_state) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'nm_keyed_test_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION combine(keyed_state, keyed_state) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'nm_keyed_test_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION keyed_trans(keyed_state, bigint, integer, bigint) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'kernel_test_keyed_trans_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION keyed_trans(keyed_state, text, integer, bigint) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'kernel_test_keyed_trans_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION keyed_trans(keyed_state, uuid, integer, bigint) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'kernel_test_keyed_trans_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE keyed_agg(key uuid, block integer, mask bigint) (
	SFUNC = keyed_trans, STYPE = keyed_state, FINALFUNC = keyed_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE FUNCTION colliding_uuid(integer) RETURNS uuid
	AS 'MODULE_PATHNAME', 'kernel_test_colliding_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE AGGREGATE keyed_agg(key bigint, block integer, mask bigint) (
	SFUNC = keyed_trans, STYPE = keyed_state, FINALFUNC = keyed_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE AGGREGATE keyed_agg(key text, block integer, mask bigint) (
	SFUNC = keyed_trans, STYPE = keyed_state, FINALFUNC = keyed_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE AGGREGATE rollup(keyed_state) (
	SFUNC = combine, STYPE = keyed_state, FINALFUNC = keyed_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE FUNCTION keyed_rows(keyed_state, OUT key text, OUT block integer, OUT mask bigint, OUT rows bigint) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'kernel_test_keyed_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION keyed_totals(keyed_state) RETURNS text
	AS 'MODULE_PATHNAME', 'kernel_test_keyed_totals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION keyed_double(keyed_state) RETURNS keyed_state
	AS 'MODULE_PATHNAME', 'kernel_test_keyed_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE count_state;
CREATE FUNCTION count_state_in(cstring) RETURNS count_state
	AS 'MODULE_PATHNAME', 'nm_count_test_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION count_state_out(count_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_count_test_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE count_state (
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended,
	INPUT = count_state_in, OUTPUT = count_state_out
);
CREATE FUNCTION count_state_eq(count_state, count_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR = (LEFTARG = count_state, RIGHTARG = count_state, FUNCTION = count_state_eq, COMMUTATOR = =);
CREATE FUNCTION count_state_final(count_state) RETURNS count_state
	AS 'MODULE_PATHNAME', 'nm_count_test_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION combine(count_state, count_state) RETURNS count_state
	AS 'MODULE_PATHNAME', 'nm_count_test_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION count_trans(count_state, text, text) RETURNS count_state
	AS 'MODULE_PATHNAME', 'kernel_test_count_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE count_agg(key text, channel text) (
	SFUNC = count_trans, STYPE = count_state, FINALFUNC = count_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE AGGREGATE rollup(count_state) (
	SFUNC = combine, STYPE = count_state, FINALFUNC = count_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE FUNCTION count_rows(count_state, OUT key text, OUT channel text, OUT rows integer) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'kernel_test_count_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- the log -------------------------------------------------------------------

CREATE TYPE log_state;
CREATE FUNCTION log_state_in(cstring) RETURNS log_state
	AS 'MODULE_PATHNAME', 'nm_log_test_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION log_state_out(log_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'nm_log_test_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE log_state (
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended,
	INPUT = log_state_in, OUTPUT = log_state_out
);
CREATE FUNCTION log_state_eq(log_state, log_state) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nm_state_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR = (LEFTARG = log_state, RIGHTARG = log_state, FUNCTION = log_state_eq, COMMUTATOR = =);
CREATE FUNCTION log_state_final(log_state) RETURNS log_state
	AS 'MODULE_PATHNAME', 'nm_log_test_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION combine(log_state, log_state) RETURNS log_state
	AS 'MODULE_PATHNAME', 'nm_log_test_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION log_trans(log_state, bigint, date, date, bigint, text, integer) RETURNS log_state
	AS 'MODULE_PATHNAME', 'kernel_test_log_trans_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION log_trans(log_state, text, timestamptz, timestamptz, bigint, text, integer) RETURNS log_state
	AS 'MODULE_PATHNAME', 'kernel_test_log_trans_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE log_agg(key bigint, t1 date, t2 date, number bigint, word text, small integer) (
	SFUNC = log_trans, STYPE = log_state, FINALFUNC = log_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE AGGREGATE log_agg(key text, t1 timestamptz, t2 timestamptz, number bigint, word text, small integer) (
	SFUNC = log_trans, STYPE = log_state, FINALFUNC = log_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE AGGREGATE rollup(log_state) (
	SFUNC = combine, STYPE = log_state, FINALFUNC = log_state_final,
	COMBINEFUNC = combine, SSPACE = 128, PARALLEL = SAFE
);
CREATE FUNCTION log_rows(log_state, OUT key text, OUT t1 bigint, OUT t2 bigint, OUT number bigint, OUT word text, OUT small integer)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'kernel_test_log_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- money and calendar --------------------------------------------------------

CREATE FUNCTION money_read(numeric) RETURNS bigint
	AS 'MODULE_PATHNAME', 'kernel_test_money_read' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION money_write(bigint, bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'kernel_test_money_write' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION money_ratio(bigint, bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'kernel_test_money_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION civil_date(timestamptz, text) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_civil_date' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION day_start(date, text) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'kernel_test_day_start' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION period_start(day date, grain text, week_start text DEFAULT 'monday', fiscal_month integer DEFAULT 1) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_period_start_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION period_end(day date, grain text, week_start text DEFAULT 'monday', fiscal_month integer DEFAULT 1) RETURNS date
	AS 'MODULE_PATHNAME', 'nm_period_end_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION calendar_errors(grain text, week_start text, fiscal_month integer, zone text, first timestamptz, last timestamptz, steps integer)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'kernel_test_calendar_errors' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
