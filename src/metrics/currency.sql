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
