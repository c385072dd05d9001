/*
 * journey.sql
 *		Journeys: touches and conversions of customers as journey_state.
 *
 * The definitions are in doc/journey.md.
 */

--@ include src/kernel/state_type.sql type=journey_state prefix=journey

COMMENT ON TYPE nudge.journey_state IS
	'Touches and conversions of any number of customers in order, mergeable by rollup() and combine()';

--@ for key=bigint,uuid,text k=int8,uuid,text
--@ for time=timestamptz,timestamp,date t=instant,instant,day
CREATE FUNCTION nudge.journey_trans(state nudge.journey_state, customer @key@, at @time@, channel text, revenue numeric) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_trans_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_trans(nudge.journey_state, @key@, @time@, text, numeric) IS
	'Transition function of journey_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_agg(customer @key@, at @time@, channel text, revenue numeric) (
	SFUNC = nudge.journey_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_agg(@key@, @time@, text, numeric) IS
	'State of touches and conversions: a row with a channel is a touch, with revenue a conversion, with both both. Touches at the same time are in order of their channels. A timestamp is read as UTC, a date as its midnight in UTC.';
CREATE FUNCTION nudge.journey_ranked_trans(state nudge.journey_state, customer @key@, at @time@, channel text, revenue numeric, tie_break integer) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_ranked_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_ranked_trans(nudge.journey_state, @key@, @time@, text, numeric, integer) IS
	'Transition function of journey_ranked_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_ranked_agg(customer @key@, at @time@, channel text, revenue numeric, tie_break integer) (
	SFUNC = nudge.journey_ranked_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_ranked_agg(@key@, @time@, text, numeric, integer) IS
	'As journey_agg, but touches at the same time are in order of tie_break, then of their channels';
CREATE FUNCTION nudge.journey_currency_trans(state nudge.journey_state, customer @key@, at @time@, channel text, revenue numeric, currency text) RETURNS nudge.journey_state
	AS 'MODULE_PATHNAME', 'nm_journey_currency_@k@_@t@' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nudge.journey_currency_trans(nudge.journey_state, @key@, @time@, text, numeric, text) IS
	'Transition function of journey_currency_agg; not STRICT, since a row lacks either channel or revenue';
CREATE AGGREGATE nudge.journey_currency_agg(customer @key@, at @time@, channel text, revenue numeric, currency text) (
	SFUNC = nudge.journey_currency_trans, STYPE = nudge.journey_state, FINALFUNC = nudge.journey_state_final,
	COMBINEFUNC = nudge.combine, SSPACE = 128, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nudge.journey_currency_agg(@key@, @time@, text, numeric, text) IS
	'As journey_agg, with revenue in one currency, which every row of a group must have; its minor unit is that of the credits';
--@ end
--@ end

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
