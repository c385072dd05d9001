/*
 * conversion.sql
 *		Inputs with their amounts in the currency that deploy() is told, for
 *		what adds up amounts of several.
 *
 * Rules: doc/conversion.md.
 */

-- The day whose rate an amount has, as an expression of r, a row of the input;
-- NULL for inputs that are not converted.  A month has the rate of its last day,
-- as convert_periods has it, and what is open that of now.
CREATE FUNCTION nudge.conversion_day(input text, zone text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE d.column_name WHEN 'day' THEN 'r.day'
		WHEN 'period' THEN '(r.period + interval ''1 month'' - interval ''1 day'')::date'
		ELSE format('nudge.civil_date(CASE WHEN isfinite(r.%I) THEN r.%1$I ELSE nudge.as_of() END, %L)', d.column_name, zone) END
	FROM (SELECT CASE WHEN input IN ('spend', 'cash') THEN 'day' WHEN input IN ('costs', 'budgets', 'quotas') THEN 'period' WHEN input IN ('payments', 'charges', 'conversions') THEN 'at'
		WHEN input = 'contracts' THEN 'signed_at' WHEN input = 'deals' THEN 'closed_at' END AS column_name) d
	WHERE d.column_name IS NOT NULL;
END;
COMMENT ON FUNCTION nudge.conversion_day(text, text) IS 'Works for deploy: the day whose exchange rate an amount of an input has, as an expression; NULL for inputs that are not converted';

-- No input or source can be called so.
CREATE FUNCTION nudge.converted_view(input text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN format('nudge_staging.%I', input || '___converted');
COMMENT ON FUNCTION nudge.converted_view(text) IS 'Works for deploy: name of the view of an input with its amounts in one currency';

-- Rates to one currency, an array for each other one: a row then reads those of
-- its own alone.
CREATE FUNCTION nudge.rates_query(currency text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN currency IS NULL THEN 'SELECT NULL::text AS currency, NULL::nudge.exchange_rate[] AS rates WHERE false'
		ELSE format('SELECT upper(btrim(x.currency)) AS currency, array_agg(ROW(upper(btrim(x.currency)), x.day, x.rate)::nudge.exchange_rate) AS rates'
			' FROM nudge_staging.exchange_rates x WHERE x.base IS NULL OR upper(btrim(x.base)) = %L GROUP BY upper(btrim(x.currency))', currency) END;
COMMENT ON FUNCTION nudge.rates_query(text) IS 'Works for deploy: the query of exchange rates to a currency. Not STRICT: without one there are none';

CREATE FUNCTION nudge.rate_to(rates nudge.exchange_rate[], currency text, base_currency text, day date) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN currency = base_currency THEN 1 ELSE nudge.exchange_rate_at(rates, currency, day) END;
COMMENT ON FUNCTION nudge.rate_to(nudge.exchange_rate[], text, text, date) IS 'Works for marts: what one unit of a currency is worth in another on a day, 1 if they are the same. Not STRICT: the same currency needs no rates';

-- Without a currency to convert to, or without rates, it is the input itself.
CREATE FUNCTION nudge.converted_query(input text, currency text, zone text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN c.base IS NULL THEN format('SELECT %s FROM %s r', string_agg(format('r.%I', i.column_name), ', ' ORDER BY i.position), nudge.staging_name(i.input))
		ELSE format('SELECT %1$s FROM %2$s r LEFT JOIN (%3$s) f ON f.currency = upper(btrim(r.currency)), LATERAL (SELECT CASE WHEN r.currency IS NOT NULL AND (%4$s) THEN nudge.rate_to(f.rates, upper(btrim(r.currency)), %5$L, %6$s) END AS rate) k',
			string_agg(CASE WHEN i.column_name = 'currency' THEN format('CASE WHEN r.currency IS NOT NULL THEN %L::text END AS currency', c.base)
				WHEN i.column_name = ANY (nudge.input_money(i.input)) THEN format('CASE WHEN r.currency IS NULL OR k.rate = 1 THEN r.%1$I ELSE round(r.%1$I * k.rate, 6) END AS %1$I', i.column_name)
				ELSE format('r.%I', i.column_name) END, ', ' ORDER BY i.position),
			nudge.staging_name(i.input), nudge.rates_query(c.base),
			-- a row without an amount needs no rate
			string_agg(format('r.%I IS NOT NULL', i.column_name), ' OR ' ORDER BY i.position) FILTER (WHERE i.column_name = ANY (nudge.input_money(i.input))), c.base, nudge.conversion_day(i.input, converted_query.zone)) END
	FROM nudge.input_columns i, (SELECT CASE WHEN to_regclass(nudge.staging_name('exchange_rates')) IS NOT NULL THEN converted_query.currency END AS base) c
	WHERE i.input = converted_query.input
	GROUP BY i.input, c.base;
END;
COMMENT ON FUNCTION nudge.converted_query(text, text, text) IS 'Works for deploy: an input with its amounts in a currency, at the rates of exchange_rates. Not STRICT: without a currency it is the input itself';

CREATE FUNCTION nudge.make_converted_view(input text, currency text, zone text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.make_engine_view(nudge.converted_view(input), nudge.converted_query(input, currency, zone),
		(SELECT i.description FROM nudge.inputs i WHERE i.input = make_converted_view.input) || ', with amounts in one currency if deploy() was told one and exchange rates are mapped');
END
$$;
COMMENT ON FUNCTION nudge.make_converted_view(text, text, text) IS 'Works for deploy: makes or replaces the view of an input with its amounts in one currency. Not STRICT: there may be no currency';
