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
	-- an error for a name that civil_date and AT TIME ZONE do not read alike
	RETURN CASE WHEN nudge.civil_date('epoch', coalesce(zone, 'UTC')) IS NOT NULL THEN (day + 1)::timestamp AT TIME ZONE coalesce(zone, 'UTC') END;
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
			SELECT nudge.check_input('contracts', count(*) FILTER (WHERE l.customer IS NULL OR l.contract IS NULL OR NOT coalesce(isfinite(l.signed_at) AND isfinite(l.starts_at), false)
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

CREATE FUNCTION nudge.check_segment(segment text, customers regclass) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF segment IS NOT NULL AND customers IS NULL THEN
		RAISE EXCEPTION 'a segment needs customers'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Which segment an account is in, the input customers says.',
				HINT = 'Pass the relation as customers.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_segment(text, regclass) IS 'An error for a segment without customers to be in it. Not STRICT: NULL is all, and not known';

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
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	RETURN QUERY EXECUTE nudge.account_query(customers, NULL, NULL, zone => zone) || $query$
		SELECT a.customer, a.segment, a.created_at, a.mrr, a.quarter_mrr, a.year_mrr, a.active, $5 IS NULL OR coalesce(a.label = nudge.attribute_label('segment', $5), false)
		FROM account a
		ORDER BY a.customer COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment;
END
$$;
COMMENT ON FUNCTION nudge.account_rows(nudge.mrr_state, regclass, date, text, text) IS
	'Every account that is not internal: its MRR at the close of a day, 3 and 12 months before, whether it is active (pays, or without a state exists) and in the segment. Not STRICT: NULL inputs are not known, a NULL segment is all';
