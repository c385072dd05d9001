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
