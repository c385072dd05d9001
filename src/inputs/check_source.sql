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
	-- the range of money in states, and of numbers in reporting views
	SELECT 2, 'too large', 'error', c.column_name, format('(abs(v.%1$I) >= %2$s AND abs(v.%1$I) < ''Infinity'')', c.column_name, CASE WHEN m.is_money THEN '9.2e12' ELSE '1e18' END),
		CASE WHEN m.is_money THEN 'an amount is 9.2e12 or more' ELSE 'a number is 1e18 or more' END
	FROM nudge.input_columns c, LATERAL (SELECT c.column_name IN ('amount', 'revenue', 'balance', 'list_price', 'initial_amount') AS is_money) m
	WHERE c.input = value_checks.input AND c.data_type = 'numeric'
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
	SELECT 8, 'merged in a circle', 'error', 'customer, merged_into',
		format('(SELECT w.*, e.counted_as FROM %1$s w LEFT JOIN nudge.merge_ends((SELECT array_agg(''customer''::text) FROM %1$s a), (SELECT array_agg(a.customer) FROM %1$s a), (SELECT array_agg(a.merged_into) FROM %1$s a)) e ON e.key = w.customer)', format('nudge_staging.%I', set_checks.input)),
		'v.customer IS NOT NULL AND v.merged_into IS NOT NULL AND v.counted_as IS NULL',
		'nobody is left as whom the rows count, so they are not merged'
	WHERE set_checks.input = 'customer_merges'
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
	-- by an index if there is one, also of those whose rows do not count
	of_source constant text := nudge.source_view(input, source);
	view_name constant text := CASE WHEN to_regclass(format('nudge_staging.%I', input)) IS NOT NULL AND has_table_privilege(of_source, 'SELECT') THEN of_source ELSE format('nudge_staging.%I', input) END;
BEGIN
	SELECT k.column_name, k.data_type INTO timed FROM nudge.input_columns k
	WHERE k.input = newest_row.input AND k.required AND k.data_type IN ('timestamptz', 'date') ORDER BY k.position LIMIT 1;
	IF timed.data_type = 'date' THEN
		EXECUTE format('SELECT max(v.%1$I) FROM %2$s v WHERE v.source_name = %3$L AND v.%1$I <= $1 AND v.%1$I > ''-infinity''', timed.column_name, view_name, source)
			INTO newest_day USING nudge.civil_date(as_of, coalesce(zone, 'UTC'));
		newest := newest_day::timestamp AT TIME ZONE coalesce(zone, 'UTC');
	ELSIF timed.data_type = 'timestamptz' THEN
		EXECUTE format('SELECT max(v.%1$I) FROM %2$s v WHERE v.source_name = %3$L AND v.%1$I <= $1 AND v.%1$I > ''-infinity''', timed.column_name, view_name, source)
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
