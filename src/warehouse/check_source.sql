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
		-- from 0 to 1
		('subscriptions', 'share', '{discount}', NULL), ('campaigns', 'share', '{budget_share}', NULL), ('funnel_definitions', 'share', '{target_rate}', NULL),
		('resource_samples', 'share', '{utilisation}', NULL), ('coverage_samples', 'share', '{coverage}', NULL),
		-- from 0 on
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
		('identities', 'reference', '{user}', '{users}'), ('customer_merges', 'reference', '{merged_into}', '{customers}')
	) v(input, rule, columns, words);
END;
COMMENT ON FUNCTION nudge.input_rules() IS
	'What rows of the inputs keep: key (one row for each), span (the first is not after the second), overlap and gap (of intervals of one key), words (the only ones), share (0 to 1), positive, reference (a key of another input)';

-- A condition on v, a row of the view of a source, that bad rows meet, for
-- each check of an input.
CREATE FUNCTION nudge.source_checks(input text, view_name text, gap_days integer) RETURNS TABLE (place integer, problem text, severity text, column_name text, bad_rows text, description text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH checks AS (
			SELECT 1 AS place, 'missing' AS problem, 'error' AS severity, c.column_name, format('SELECT v.* FROM %s v WHERE v.%I IS NULL', view_name, c.column_name) AS bad_rows,
				format('a required value is NULL: %s', lower(left(c.description, 1)) || substr(c.description, 2)) AS description
			FROM nudge.input_columns c WHERE c.input = source_checks.input AND c.required
			UNION ALL
			SELECT 2, 'not a number', 'error', c.column_name, format('SELECT v.* FROM %s v WHERE v.%I IN (''NaN'', ''Infinity'', ''-Infinity'')', view_name, c.column_name),
				'a number is infinite, or none'
			FROM nudge.input_columns c WHERE c.input = source_checks.input AND c.data_type = 'numeric'
			UNION ALL
			SELECT 3, 'time out of range', 'warning', c.column_name, format('SELECT v.* FROM %1$s v WHERE v.%2$I < ''1990-01-01'' OR v.%2$I >= ''2100-01-01''', view_name, c.column_name),
				'a time is before 1990 or after 2099, as when a number was read in the wrong unit'
			FROM nudge.input_columns c WHERE c.input = source_checks.input AND c.data_type IN ('timestamptz', 'date')
			UNION ALL
			SELECT 4, 'unknown currency', 'error', c.column_name, format('SELECT v.* FROM %1$s v WHERE v.%2$I IS NOT NULL AND v.%2$I !~* ''^[a-z]{3}$''', view_name, c.column_name),
				'a currency is no code of three letters'
			FROM nudge.input_columns c WHERE c.input = source_checks.input AND c.column_name IN ('currency', 'base')
			UNION ALL
			SELECT 5, 'missing exchange rate', 'warning', 'currency',
				format('SELECT v.* FROM %1$s v WHERE v.currency IS NOT NULL AND NOT EXISTS (SELECT FROM nudge_staging.exchange_rates e WHERE upper(v.currency) IN (upper(e.currency), upper(e.base)))', view_name),
				'amounts are in a currency that exchange_rates does not have'
			FROM nudge.input_columns c
			WHERE c.input = source_checks.input AND c.input <> 'exchange_rates' AND c.column_name = 'currency' AND to_regclass('nudge_staging.exchange_rates') IS NOT NULL
			UNION ALL
			SELECT 6, CASE r.rule WHEN 'key' THEN 'duplicate' WHEN 'span' THEN 'negative span' WHEN 'overlap' THEN 'overlap' WHEN 'gap' THEN 'short gap' WHEN 'words' THEN 'unknown word'
					WHEN 'share' THEN 'not a share' WHEN 'positive' THEN 'not positive' WHEN 'reference' THEN 'orphan' END,
				CASE WHEN r.rule IN ('gap', 'reference') OR r.rule = 'words' AND r.columns IN ('{status}', '{kind}') AND source_checks.input IN ('subscriptions', 'campaigns') THEN 'warning' ELSE 'error' END,
				CASE WHEN r.rule IN ('overlap', 'gap') THEN r.columns[1] ELSE array_to_string(r.columns, ', ') END,
				CASE r.rule
					WHEN 'key' THEN (SELECT format('SELECT v.* FROM (SELECT w.*, count(*) OVER (PARTITION BY %s) AS rows_of_key FROM %s w WHERE %s) v WHERE v.rows_of_key > 1',
						string_agg(format('w.%I', k), ', '), view_name, string_agg(format('w.%I IS NOT NULL', k), ' OR ')) FROM unnest(r.columns) k)
					WHEN 'span' THEN format('SELECT v.* FROM %s v WHERE v.%I > v.%I', view_name, r.columns[1], r.columns[2])
					WHEN 'overlap' THEN (SELECT format('SELECT v.* FROM (SELECT w.*, max(coalesce(w.%2$I, ''infinity'')) OVER (PARTITION BY %3$s ORDER BY w.%1$I, w.%2$I ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended_before FROM %4$s w WHERE w.%1$I < coalesce(w.%2$I, ''infinity'')) v WHERE v.ended_before > v.%1$I',
						r.columns[1], r.columns[2], string_agg(format('w.%I', k), ', '), view_name) FROM unnest(r.columns[3:]) k)
					WHEN 'gap' THEN (SELECT format('SELECT v.* FROM (SELECT w.*, max(coalesce(w.%2$I, ''infinity'')) OVER (PARTITION BY %3$s ORDER BY w.%1$I, w.%2$I ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended_before FROM %4$s w) v WHERE v.ended_before < v.%1$I AND v.%1$I < v.ended_before + interval ''%5$s days''',
						r.columns[1], r.columns[2], string_agg(format('w.%I', k), ', '), view_name, gap_days) FROM unnest(r.columns[3:]) k)
					WHEN 'words' THEN format('SELECT v.* FROM %s v WHERE lower(btrim(v.%I)) <> ALL (%L)', view_name, r.columns[1], r.words)
					WHEN 'share' THEN format('SELECT v.* FROM %1$s v WHERE v.%2$I < 0 OR v.%2$I > 1', view_name, r.columns[1])
					WHEN 'positive' THEN format('SELECT v.* FROM %s v WHERE v.%I <= 0', view_name, r.columns[1])
					WHEN 'reference' THEN format('SELECT v.* FROM %1$s v WHERE v.%2$I IS NOT NULL AND NOT EXISTS (SELECT FROM nudge_staging.%3$I f WHERE f.%4$I = v.%2$I)', view_name, r.columns[1], r.words[1],
						(SELECT k.columns[1] FROM nudge.input_rules() k WHERE k.input = r.words[1] AND k.rule = 'key'))
				END,
				CASE r.rule WHEN 'key' THEN 'rows have the same key' WHEN 'span' THEN format('%s is after %s', r.columns[1], r.columns[2])
					WHEN 'overlap' THEN 'intervals of one ' || r.columns[cardinality(r.columns)] || ' overlap'
					WHEN 'gap' THEN format('less than %s days are missing between intervals of one %s', gap_days, r.columns[cardinality(r.columns)])
					WHEN 'words' THEN 'the words are ' || array_to_string(r.words, ', ') || '; map others with "words"' WHEN 'share' THEN 'it is not from 0 to 1' WHEN 'positive' THEN 'it is not above 0'
					WHEN 'reference' THEN format('the input %s does not have it', r.words[1]) END
			FROM nudge.input_rules() r
			WHERE r.input = source_checks.input AND (r.rule <> 'reference' OR to_regclass(format('nudge_staging.%I', r.words[1])) IS NOT NULL)
		)
		SELECT c.place, c.problem, c.severity, c.column_name, c.bad_rows, c.description FROM checks c;
END
$$;
COMMENT ON FUNCTION nudge.source_checks(text, text, integer) IS
	'Works for check_source: the checks of an input, each with the query of the rows that fail it. Not STRICT: a NULL number of days is no check of gaps';

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
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	IF source IS NOT NULL AND NOT EXISTS (SELECT FROM nudge.sources s WHERE s.source = check_source.source) THEN
		RAISE EXCEPTION 'there is no source "%"', left(source, 70) USING ERRCODE = 'undefined_object',
			DETAIL = coalesce((SELECT 'The sources are ' || string_agg(s.source, ', ' ORDER BY s.source) || '.' FROM nudge.sources s), 'No source is mapped.'),
			HINT = 'Map it with map_source(), or leave the name out to check all.';
	END IF;
	IF NOT coalesce(samples >= 0, false) OR gap_days < 0 THEN
		RAISE EXCEPTION 'samples and gap_days must not be negative' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('They are %s and %s.', coalesce(samples::text, 'NULL'), gap_days),
			HINT = 'Pass 0 for none.';
	END IF;
	FOR one IN
		SELECT s.source, s.input, c.* FROM nudge.sources s, nudge.source_checks(s.input, format('nudge_staging.%I', s.input || '__' || s.source), coalesce(gap_days, 0)) c
		WHERE check_source.source IS NULL OR s.source = check_source.source
		ORDER BY s.input COLLATE "C", s.source COLLATE "C", c.place, c.problem COLLATE "C", c.column_name COLLATE "C"
	LOOP
		EXECUTE format('WITH bad AS MATERIALIZED (%s) SELECT (SELECT count(*) FROM bad), (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(b))) FROM (SELECT * FROM bad LIMIT $1) b)', one.bad_rows)
			INTO bad_rows, sample USING samples;
		CONTINUE WHEN bad_rows = 0;
		source_name := one.source;
		input := one.input;
		problem := one.problem;
		severity := one.severity;
		column_name := one.column_name;
		description := one.description;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.check_source(text, integer, integer) IS
	'What is wrong with the rows of a source, or of all: missing values, negative and overlapping intervals, unknown words and currencies, missing rates, orphans, duplicates, with how many rows and samples of them. Not STRICT: a NULL source is all';

-- Freshness ---------------------------------------------------------------

CREATE FUNCTION nudge.source_freshness(as_of timestamptz DEFAULT now()) RETURNS TABLE (
	source text,
	input text,
	newest_at timestamptz,
	age_hours numeric,
	expected_every_hours numeric,
	late boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN
		SELECT s.source, s.input, s.expected_every, c.column_name
		FROM nudge.sources s
		LEFT JOIN LATERAL (SELECT k.column_name FROM nudge.input_columns k WHERE k.input = s.input AND k.required AND k.data_type IN ('timestamptz', 'date') ORDER BY k.position LIMIT 1) c ON true
		ORDER BY s.input COLLATE "C", s.source COLLATE "C"
	LOOP
		newest_at := NULL;
		IF one.column_name IS NOT NULL THEN
			EXECUTE format('SELECT max(v.at) FROM (SELECT v.%I%s AS at FROM nudge_staging.%I v) v WHERE v.at <= $1', one.column_name,
				CASE WHEN (SELECT k.data_type FROM nudge.input_columns k WHERE k.input = one.input AND k.column_name = one.column_name) = 'date' THEN '::timestamp AT TIME ZONE ''UTC''' ELSE '' END,
				one.input || '__' || one.source) INTO newest_at USING as_of;
		END IF;
		source := one.source;
		input := one.input;
		age_hours := round(extract(epoch FROM as_of - newest_at) / 3600, 2);
		expected_every_hours := round(extract(epoch FROM one.expected_every) / 3600, 2);
		late := as_of - newest_at > one.expected_every;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.source_freshness(timestamptz) IS
	'How old the newest row of each source is, by the first time that its input requires, and whether it is late by expected_every. Not STRICT: a NULL time leaves all NULL';
