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
